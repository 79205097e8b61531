//! A node that does as a test's script says.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
};

use futures::{Stream, StreamExt, stream};
use metad_client::{Client, Options};
use metad_proto::{
    errors::{self, Info, Reason},
    transport::{self, Listener},
    v1::{
        files_server::{Files, FilesServer},
        *,
    },
};
use tokio::sync::oneshot;
use tonic::{Request, Response, Status, Streaming, service::Routes};

/// How a scripted call goes.
#[derive(Clone, Debug)]
pub enum Script<T> {
    Answer(T),
    Refuse(Status),
    /// Takes the call and never answers.
    Hang,
}

/// The messages of a stream, then how it ends.
pub type Messages<T> = (Vec<T>, End);

#[derive(Clone, Debug)]
pub enum End {
    /// As if all had been said.
    Clean,
    Broken(Status),
    /// Stays open.
    Open,
}

/// What a node is to do with each call, in turn, and what it was asked. Without a script,
/// mutations succeed and the rest is not found.
#[derive(Default)]
pub struct Plot {
    pub mutate: VecDeque<Script<MutateReply>>,
    pub stat: VecDeque<Script<StatReply>>,
    /// Without a script, every namespace is there.
    pub namespace: VecDeque<Script<GetNamespaceReply>>,
    pub lookup: VecDeque<Script<LookupReply>>,
    pub cursor: VecDeque<Script<GetCursorReply>>,
    pub list: VecDeque<Script<Messages<ListReply>>>,
    pub diff: VecDeque<Script<Messages<DiffReply>>>,
    pub namespaces: VecDeque<Script<Messages<ListNamespacesReply>>>,
    pub subscribe: VecDeque<Script<Messages<SubscribeReply>>>,
    pub mutations: Vec<MutateRequest>,
    pub stats: Vec<StatRequest>,
    pub lookups: Vec<LookupRequest>,
    pub waits: Vec<WaitForChangeRequest>,
    pub lists: Vec<ListRequest>,
    pub subscriptions: Vec<SubscribeRequest>,
    pub sessions: u64,
    /// Sessions that were closed.
    pub closed: u64,
    /// How session streams go; each call on one is played as the unary one of its name.
    pub streams: Streams,
    /// How many session streams there were.
    pub streams_count: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Streams {
    #[default]
    Open,
    /// Of a version that knows none.
    Unknown,
    /// Breaks when the first call comes.
    Breaks,
}

#[derive(Clone)]
pub struct Node {
    pub id: u64,
    pub address: SocketAddr,
    plot: Arc<Mutex<Plot>>,
    _stop: Arc<oneshot::Sender<()>>,
}

impl Node {
    /// Starts a node. It stops when the last clone is dropped.
    pub async fn start(id: u64, plot: Plot) -> Node {
        let free = "127.0.0.1:0".parse().expect("well formed");
        let listener = Listener::bind(free).await.expect("loopback has a free port");
        let address = listener.local_address().expect("it is bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let plot = Arc::new(Mutex::new(plot));
        let service = FilesServer::new(Service { id, plot: plot.clone() });
        tokio::spawn(transport::serve(listener, Routes::new(service), async {
            let _ = stopped.await;
        }));
        Node { id, address, plot, _stop: Arc::new(stop) }
    }

    pub fn plot<T>(&self, work: impl FnOnce(&mut Plot) -> T) -> T {
        work(&mut self.plot.lock().expect("no test panicked"))
    }

    /// A refusal that names this node as the leader.
    pub fn leads(&self) -> Status {
        Info::new(Reason::NotLeader)
            .with(errors::MAYBE_APPLIED, false)
            .with(errors::LEADER, self.id)
            .with(errors::LEADER_ADDRESS, self.address)
            .status("another node leads")
    }
}

/// A client with short waits that knows these nodes.
pub fn client(nodes: &[&Node]) -> Client {
    client_of(nodes.iter().map(|node| node.address.to_string()))
}

pub fn client_of(addresses: impl IntoIterator<Item = String>) -> Client {
    let options = Options {
        deadline: std::time::Duration::from_millis(400),
        attempt_timeout: std::time::Duration::from_millis(100),
        ..Options::new(addresses)
    };
    Client::new(options).expect("the options are valid")
}

/// The reply to one step.
pub fn mutated(revision: u64) -> MutateReply {
    let results = vec![StepResult { id: 10 + revision, rev: revision, ..StepResult::default() }];
    let result = Some(mutate_reply::Result::Steps(StepResults { results }));
    MutateReply { revision, node: 1, result }
}

#[derive(Clone)]
struct Service {
    id: u64,
    plot: Arc<Mutex<Plot>>,
}

impl Service {
    fn plot<T>(&self, work: impl FnOnce(&mut Plot) -> T) -> T {
        work(&mut self.plot.lock().expect("no test panicked"))
    }
}

impl Service {
    async fn answer(self, call: SessionCall, streams: Streams) -> Result<SessionReply, Status> {
        use session_answer::Answer;
        use session_call::Call;
        if streams == Streams::Breaks {
            return Err(Status::unavailable("the line is cut"));
        }
        let answer = match call.call.expect("a call") {
            Call::Mutate(request) => {
                self.mutate(Request::new(request)).await.map(|it| Answer::Mutate(it.into_inner()))
            }
            Call::Stat(request) => {
                self.stat(Request::new(request)).await.map(|it| Answer::Stat(it.into_inner()))
            }
            Call::Lookup(request) => {
                self.lookup(Request::new(request)).await.map(|it| Answer::Lookup(it.into_inner()))
            }
        };
        let answer = answer.unwrap_or_else(|status| Answer::Failure(errors::encode(&status)));
        Ok(SessionReply { answers: vec![SessionAnswer { id: call.id, answer: Some(answer) }] })
    }
}

async fn play<T>(script: Option<Script<T>>) -> Result<Response<T>, Status> {
    match script {
        Some(Script::Answer(answer)) => Ok(Response::new(answer)),
        Some(Script::Refuse(status)) => Err(status),
        Some(Script::Hang) => std::future::pending().await,
        None => Err(Info::new(Reason::NotFound).status("not in the script")),
    }
}

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

async fn play_stream<T: Send + 'static>(
    script: Option<Script<Messages<T>>>,
) -> Result<Response<Replies<T>>, Status> {
    let (messages, end) = play(script).await?.into_inner();
    let messages = stream::iter(messages.into_iter().map(Ok));
    let end: Replies<T> = match end {
        End::Clean => Box::pin(stream::empty()),
        End::Broken(status) => Box::pin(stream::iter([Err(status)])),
        End::Open => Box::pin(stream::pending()),
    };
    Ok(Response::new(Box::pin(messages.chain(end))))
}

#[tonic::async_trait]
impl Files for Service {
    async fn list_snapshots(
        &self,
        _: Request<ListSnapshotsRequest>,
    ) -> Result<Response<ListSnapshotsReply>, Status> {
        play(None).await
    }

    async fn list_revisions(
        &self,
        _: Request<ListRevisionsRequest>,
    ) -> Result<Response<ListRevisionsReply>, Status> {
        play(None).await
    }

    async fn get_namespace(
        &self,
        request: Request<GetNamespaceRequest>,
    ) -> Result<Response<GetNamespaceReply>, Status> {
        let GetNamespaceRequest { ns, name, .. } = request.into_inner();
        if let Some(script) = self.plot(|plot| plot.namespace.pop_front()) {
            return play(Some(script)).await;
        }
        let namespace = Some(Namespace { id: ns, name, ..Namespace::default() });
        Ok(Response::new(GetNamespaceReply { namespace, ..GetNamespaceReply::default() }))
    }

    async fn batch_stat(
        &self,
        request: Request<BatchStatRequest>,
    ) -> Result<Response<BatchStatReply>, Status> {
        let results = vec![StatResult::default(); request.into_inner().targets.len()];
        Ok(Response::new(BatchStatReply { results, ..BatchStatReply::default() }))
    }

    type DiffStream = Replies<DiffReply>;

    async fn diff(&self, _: Request<DiffRequest>) -> Result<Response<Replies<DiffReply>>, Status> {
        play_stream(self.plot(|plot| plot.diff.pop_front())).await
    }

    async fn get_lock(&self, _: Request<GetLockRequest>) -> Result<Response<GetLockReply>, Status> {
        Ok(Response::new(GetLockReply::default()))
    }

    type ListLocksStream = Replies<ListLocksReply>;

    async fn list_locks(
        &self,
        _: Request<ListLocksRequest>,
    ) -> Result<Response<Replies<ListLocksReply>>, Status> {
        play_stream(None).await
    }

    async fn get_cursor(
        &self,
        _: Request<GetCursorRequest>,
    ) -> Result<Response<GetCursorReply>, Status> {
        play(self.plot(|plot| plot.cursor.pop_front())).await
    }

    async fn wait_for_change(
        &self,
        request: Request<WaitForChangeRequest>,
    ) -> Result<Response<WaitForChangeReply>, Status> {
        self.plot(|plot| plot.waits.push(request.into_inner()));
        Ok(Response::new(WaitForChangeReply { changed: true, ..WaitForChangeReply::default() }))
    }

    type ListStream = Replies<ListReply>;
    type SubscribeStream = Replies<SubscribeReply>;

    type SessionStream = Replies<SessionReply>;

    async fn session(
        &self,
        request: Request<Streaming<SessionRequest>>,
    ) -> Result<Response<Replies<SessionReply>>, Status> {
        let streams = self.plot(|plot| {
            plot.streams_count += 1;
            plot.streams
        });
        if streams == Streams::Unknown {
            return Err(Status::unimplemented("what is that?"));
        }
        let service = self.clone();
        let calls = request.into_inner().flat_map(|request| {
            stream::iter(request.map(|request| request.calls).unwrap_or_default())
        });
        let answers = calls.map(move |call| service.clone().answer(call, streams));
        Ok(Response::new(Box::pin(answers.buffer_unordered(100))))
    }

    async fn open_session(
        &self,
        _: Request<OpenSessionRequest>,
    ) -> Result<Response<OpenSessionReply>, Status> {
        let client_id = self.plot(|plot| {
            plot.sessions += 1;
            plot.sessions
        });
        let reply = OpenSessionReply { revision: 1, client_id, ttl_ms: 60_000, node: self.id };
        Ok(Response::new(reply))
    }

    async fn close_session(
        &self,
        _: Request<CloseSessionRequest>,
    ) -> Result<Response<CloseSessionReply>, Status> {
        self.plot(|plot| plot.closed += 1);
        Ok(Response::new(CloseSessionReply { revision: 1, node: self.id }))
    }

    async fn mutate(
        &self,
        request: Request<MutateRequest>,
    ) -> Result<Response<MutateReply>, Status> {
        let script = self.plot(|plot| {
            let request = request.into_inner();
            let count = match &request.mutation {
                Some(mutate_request::Mutation::Steps(steps)) => steps.steps.len(),
                _ => 1,
            };
            plot.mutations.push(request);
            plot.mutate.pop_front().unwrap_or_else(|| {
                let results = vec![StepResult { id: 1, rev: 1, ..StepResult::default() }; count];
                let result = Some(mutate_reply::Result::Steps(StepResults { results }));
                Script::Answer(MutateReply { revision: 1, node: self.id, result })
            })
        });
        play(Some(script)).await
    }

    type ListNamespacesStream = Replies<ListNamespacesReply>;

    async fn list_namespaces(
        &self,
        _: Request<ListNamespacesRequest>,
    ) -> Result<Response<Replies<ListNamespacesReply>>, Status> {
        play_stream(self.plot(|plot| plot.namespaces.pop_front())).await
    }

    async fn stat(&self, request: Request<StatRequest>) -> Result<Response<StatReply>, Status> {
        let script = self.plot(|plot| {
            plot.stats.push(request.into_inner());
            plot.stat.pop_front()
        });
        play(script).await
    }

    async fn lookup(
        &self,
        request: Request<LookupRequest>,
    ) -> Result<Response<LookupReply>, Status> {
        let script = self.plot(|plot| {
            plot.lookups.push(request.into_inner());
            plot.lookup.pop_front()
        });
        play(script).await
    }

    async fn list(
        &self,
        request: Request<ListRequest>,
    ) -> Result<Response<Replies<ListReply>>, Status> {
        let script = self.plot(|plot| {
            plot.lists.push(request.into_inner());
            plot.list.pop_front()
        });
        play_stream(script).await
    }

    async fn read_journal(
        &self,
        _: Request<ReadJournalRequest>,
    ) -> Result<Response<ReadJournalReply>, Status> {
        play(None).await
    }

    async fn subscribe(
        &self,
        request: Request<SubscribeRequest>,
    ) -> Result<Response<Replies<SubscribeReply>>, Status> {
        let script = self.plot(|plot| {
            plot.subscriptions.push(request.into_inner());
            plot.subscribe.pop_front()
        });
        play_stream(script).await
    }
}
