//! A whole run against a node that says yes to all it answers, and now and then does not
//! answer: the history it leaves must be one that checkers can read.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::{Stream, stream};
use metad_client::{
    Client, Options,
    errors::{Info, Reason},
};
use metad_proto::{
    transport::{self, Listener},
    v1::{
        files_server::{Files, FilesServer},
        *,
    },
};
use metad_workload::{Config, Report, Run};
use serde_json::Value;
use tonic::{Request, Response, Status, Streaming, service::Routes};

const UNANSWERED_EVERY: u64 = 40;

/// Agrees with everything; every so many mutations it says nothing.
#[derive(Default)]
struct Agreeable {
    revision: AtomicU64,
    client_id: AtomicU64,
    silent: Mutex<BTreeSet<(u64, u64)>>,
    namespaces: Mutex<Vec<Namespace>>,
}

type Entries = Pin<Box<dyn Stream<Item = Result<ListReply, Status>> + Send>>;
type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Differences = Replies<DiffReply>;
type Changes = Pin<Box<dyn Stream<Item = Result<SubscribeReply, Status>> + Send>>;

impl Agreeable {
    fn agree(&self, revision: u64, mutation: mutate_request::Mutation) -> mutate_reply::Result {
        use mutate_request::Mutation;
        match mutation {
            Mutation::CreateNamespace(create) => {
                let (id, root) = (revision, revision);
                let namespace = Namespace { id, name: create.name, root, policy: create.policy };
                self.namespaces.lock().expect("nobody panicked").push(namespace.clone());
                mutate_reply::Result::Namespace(namespace)
            }
            Mutation::UpdateNamespace(UpdateNamespace { ns, .. })
            | Mutation::DeleteNamespace(DeleteNamespace { ns, .. }) => {
                let namespace = Namespace { id: ns, ..Namespace::default() };
                mutate_reply::Result::Namespace(namespace)
            }
            Mutation::CreateSnapshot(CreateSnapshot { name, .. })
            | Mutation::DeleteSnapshot(DeleteSnapshot { name, .. }) => {
                mutate_reply::Result::Snapshot(Snapshot { name, revision, time_ms: 0 })
            }
            Mutation::AcquireLock(_) | Mutation::RenewLock(_) | Mutation::ReleaseLock(_) => {
                mutate_reply::Result::Lock(Lock { token: revision, ..Lock::default() })
            }
            Mutation::Steps(steps) => {
                let result = |n| StepResult {
                    id: revision * 1_000 + n,
                    rev: revision,
                    renamed: String::new(),
                };
                let results = (0..steps.steps.len() as u64).map(result).collect();
                mutate_reply::Result::Steps(StepResults { results })
            }
        }
    }
}

#[tonic::async_trait]
impl Files for Agreeable {
    type ListStream = Entries;
    type SubscribeStream = Changes;
    type SessionStream = Replies<SessionReply>;

    async fn session(
        &self,
        _: Request<Streaming<SessionRequest>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        Err(Status::unimplemented("each call on its own"))
    }

    async fn list_snapshots(
        &self,
        _: Request<ListSnapshotsRequest>,
    ) -> Result<Response<ListSnapshotsReply>, Status> {
        Ok(Response::new(ListSnapshotsReply::default()))
    }

    async fn list_revisions(
        &self,
        _: Request<ListRevisionsRequest>,
    ) -> Result<Response<ListRevisionsReply>, Status> {
        Err(Info::new(Reason::NotFound).status("nothing is there"))
    }

    async fn get_namespace(
        &self,
        request: Request<GetNamespaceRequest>,
    ) -> Result<Response<GetNamespaceReply>, Status> {
        let namespace = Some(Namespace { id: request.into_inner().ns, ..Namespace::default() });
        Ok(Response::new(GetNamespaceReply { namespace, ..GetNamespaceReply::default() }))
    }

    async fn batch_stat(
        &self,
        request: Request<BatchStatRequest>,
    ) -> Result<Response<BatchStatReply>, Status> {
        let rejected = StatResult { rejected: "NOT_FOUND".to_owned(), ..StatResult::default() };
        let results = vec![rejected; request.into_inner().targets.len()];
        Ok(Response::new(BatchStatReply { results, ..BatchStatReply::default() }))
    }

    type DiffStream = Differences;

    async fn diff(&self, _: Request<DiffRequest>) -> Result<Response<Differences>, Status> {
        let whole = DiffReply { done: true, ..DiffReply::default() };
        Ok(Response::new(Box::pin(stream::iter([Ok(whole)]))))
    }

    async fn get_lock(&self, _: Request<GetLockRequest>) -> Result<Response<GetLockReply>, Status> {
        Ok(Response::new(GetLockReply::default()))
    }

    type ListLocksStream = Replies<ListLocksReply>;

    async fn list_locks(
        &self,
        _: Request<ListLocksRequest>,
    ) -> Result<Response<Replies<ListLocksReply>>, Status> {
        let whole = ListLocksReply { done: true, ..ListLocksReply::default() };
        Ok(Response::new(Box::pin(stream::iter([Ok(whole)]))))
    }

    async fn get_cursor(
        &self,
        _: Request<GetCursorRequest>,
    ) -> Result<Response<GetCursorReply>, Status> {
        Ok(Response::new(GetCursorReply::default()))
    }

    async fn wait_for_change(
        &self,
        _: Request<WaitForChangeRequest>,
    ) -> Result<Response<WaitForChangeReply>, Status> {
        Ok(Response::new(WaitForChangeReply::default()))
    }

    async fn open_session(
        &self,
        _: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionReply>, Status> {
        let client_id = self.client_id.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Response::new(OpenSessionReply { client_id, ..OpenSessionReply::default() }))
    }

    async fn close_session(
        &self,
        _: Request<CloseSessionRequest>,
    ) -> Result<Response<CloseSessionReply>, Status> {
        Ok(Response::new(CloseSessionReply::default()))
    }

    async fn mutate(
        &self,
        request: Request<MutateRequest>,
    ) -> Result<Response<MutateReply>, Status> {
        let request = request.into_inner();
        let id = request.request.expect("mutations have an id");
        let revision = self.revision.fetch_add(1, Ordering::Relaxed) + 1;
        let is_silent = {
            let mut silent = self.silent.lock().expect("nobody panicked");
            if revision.is_multiple_of(UNANSWERED_EVERY) {
                silent.insert((id.client_id, id.sequence));
            }
            silent.contains(&(id.client_id, id.sequence))
        };
        if is_silent {
            std::future::pending::<()>().await;
        }
        let result = self.agree(revision, request.mutation.expect("it says what to do"));
        Ok(Response::new(MutateReply { revision, node: 1, result: Some(result) }))
    }

    type ListNamespacesStream = Replies<ListNamespacesReply>;

    async fn list_namespaces(
        &self,
        _: Request<ListNamespacesRequest>,
    ) -> Result<Response<Replies<ListNamespacesReply>>, Status> {
        let namespaces = self.namespaces.lock().expect("nobody panicked").clone();
        let whole = ListNamespacesReply { namespaces, done: true, ..Default::default() };
        Ok(Response::new(Box::pin(stream::iter([Ok(whole)]))))
    }

    async fn stat(&self, _: Request<StatRequest>) -> Result<Response<StatReply>, Status> {
        Err(Info::new(Reason::NotFound).status("nothing is there"))
    }

    async fn lookup(&self, _: Request<LookupRequest>) -> Result<Response<LookupReply>, Status> {
        Err(Info::new(Reason::NotFound).status("nothing is there"))
    }

    async fn list(&self, _: Request<ListRequest>) -> Result<Response<Entries>, Status> {
        let whole = ListReply { done: true, ..ListReply::default() };
        Ok(Response::new(Box::pin(stream::iter([Ok(whole)]))))
    }

    async fn read_journal(
        &self,
        _: Request<ReadJournalRequest>,
    ) -> Result<Response<ReadJournalReply>, Status> {
        Ok(Response::new(ReadJournalReply { end: true, ..ReadJournalReply::default() }))
    }

    async fn subscribe(&self, _: Request<SubscribeRequest>) -> Result<Response<Changes>, Status> {
        Err(Info::new(Reason::NotFound).status("nothing is there"))
    }
}

#[derive(Clone, Default)]
struct History(Arc<Mutex<Vec<u8>>>);

impl Write for History {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn run(config: Config) -> (Report, Vec<Value>) {
    let free = "127.0.0.1:0".parse().expect("well formed");
    let listener = Listener::bind(free).await.expect("loopback has a free port");
    let address = listener.local_address().expect("it is bound").to_string();
    let routes = Routes::new(FilesServer::new(Agreeable::default()));
    let serving = tokio::spawn(transport::serve(listener, routes, std::future::pending()));
    let client = || {
        let options = Options {
            deadline: Duration::from_millis(100),
            attempt_timeout: Duration::from_millis(50),
            ..Options::new([address.clone()])
        };
        Client::new(options).expect("the options are valid")
    };
    let history = History::default();
    let clients: Vec<_> = (0..config.processes).map(|_| client()).collect();
    let run = Run::start(config, &clients[0], Box::new(history.clone())).await.expect("it starts");
    run.drive(&clients).await.expect("the clients work to the end");
    let report = run.finish(&clients[0]).await.expect("the final reads are answered");
    serving.abort();
    let text = history.0.lock().expect("nobody panicked").clone();
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    (report, lines.map(|line| serde_json::from_slice(line).expect("a line of JSON")).collect())
}

#[tokio::test]
async fn a_run_leaves_a_well_formed_history() {
    let config = Config { operations: Some(1_000), ..Config::team(3, 6) };
    let (report, lines) = run(config).await;
    let (header, events) = lines.split_first().expect("there is a header");
    assert_eq!(header["history"], "metad/1");
    assert_eq!(events[0]["f"], "create_namespace");
    let mut open = BTreeMap::new();
    let mut given_up = BTreeSet::new();
    let mut requests = BTreeSet::new();
    let mut last_time = 0;
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["index"], index);
        let time = event["time"].as_u64().expect("a time");
        assert!(time >= last_time, "time runs backwards at {event}");
        last_time = time;
        if event["process"] == "nemesis" {
            let is_last = index + 1 == events.len();
            assert!(is_last && event["f"] == "end", "no fault was made: {event}");
            continue;
        }
        let process = event["process"].as_u64().expect("a process");
        assert!(!given_up.contains(&process), "a process goes on after an unknown outcome");
        if event["type"] == "invoke" {
            assert_eq!(open.insert(process, event["f"].clone()), None, "one at a time");
            if let Some(request) = event.get("request") {
                assert!(requests.insert(request.to_string()), "a request is used once");
            }
            continue;
        }
        assert_eq!(open.remove(&process).as_ref(), Some(&event["f"]), "{event}");
        if event["type"] == "info" {
            given_up.insert(process);
        }
        assert_eq!(
            event["type"] == "ok" && event["value"].get("rejected").is_none(),
            event.get("revision").is_some(),
            "{event}"
        );
    }
    assert!(open.is_empty(), "each invocation has an end");
    assert!(report.unknown > 0 && report.unknown == given_up.len() as u64);
    assert_eq!(report.operations, 1_000);
    for f in ["get_cursor", "list_locks", "list_namespaces"] {
        assert!(events.iter().any(|event| event["f"] == f), "nobody has asked for {f}");
    }
    let replicas = events.iter().filter(|event| event["f"] == "replica" && event["type"] == "ok");
    assert_eq!(replicas.count(), 1, "of six clients one keeps a replica");
    let read_at_the_end = |f: &str| {
        let asked = events[events.len() - 60..].iter().filter(|event| event["type"] == "invoke");
        let of_kind = asked.filter(|event| event["f"] == f);
        of_kind.map(|event| event["value"]["ns"].to_string()).collect::<BTreeSet<_>>()
    };
    assert!(read_at_the_end("journal").len() > 3, "all namespaces are read");
    let [.., last, end] = events else { panic!("there are events") };
    assert_eq!((&last["f"], &end["f"]), (&"journal".into(), &"end".into()));
}

/// The simulator and the demo spawn these.
#[test]
fn runs_can_be_spawned() {
    fn is_send<T: Send>(_: impl FnOnce(&'static Run, &'static Client) -> T) {}
    is_send(|run, client| run.process(client.clone(), 0));
    is_send(|run, client| run.drive(std::slice::from_ref(client)));
    is_send(|run, client| run.finish(client));
    is_send(|_, client| Run::start(Config::team(1, 1), client, Box::new(io::sink())));
}
