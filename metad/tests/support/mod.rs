//! A cluster over loopback: each node on a runtime of its own, which can be killed.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, mpsc},
    time::Duration,
};

use metad::{
    config::{Auth, Config, Tls, default_retention},
    kv::{
        KvEngine,
        mem::MemDisk,
        rocks::{RocksEngine, Settings},
    },
    raft::{self, SystemClock},
    server::{self, Deps, Handle, ServerError},
    types::ServerId,
};
use metad_proto::{
    auth::Token,
    errors::{Class, Info},
    transport::{self, Channel, ClientTls, Listener},
    v1::{self, cluster_client::ClusterClient, files_client::FilesClient},
};
use tonic::Status;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where a node's data is.
#[derive(Clone)]
pub enum Disk {
    /// The log's and the state's.
    Mem(MemDisk, MemDisk),
    /// A folder.
    Rocks(PathBuf),
}

impl Disk {
    fn open(&self) -> (Arc<dyn KvEngine>, Arc<dyn KvEngine>) {
        match self {
            Disk::Mem(log, state) => (Arc::new(log.open()), Arc::new(state.open())),
            Disk::Rocks(folder) => {
                let open = |part: &str| -> Arc<dyn KvEngine> {
                    let settings = Settings {
                        memtable_size: 256 << 10,
                        cache_size: 1 << 20,
                        ..Settings::default()
                    };
                    let folder = folder.join(part);
                    Arc::new(RocksEngine::open(&folder, settings).expect("open"))
                };
                (open("log"), open("state"))
            }
        }
    }
}

struct Node {
    // None only while it is dropped.
    runtime: Option<tokio::runtime::Runtime>,
    running: tokio::task::JoinHandle<Result<(), ServerError>>,
    handle: Handle,
}

impl Node {
    /// Ends all of its tasks where they are. RocksDB's lock goes with the last of them.
    #[expect(clippy::disallowed_methods, reason = "a runtime cannot end inside another one")]
    fn kill(mut self) {
        let runtime = self.runtime.take().expect("not dropped yet");
        let ended = std::thread::spawn(move || runtime.shutdown_timeout(PATIENCE));
        ended.join().expect("it ends");
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// What nodes and clients show and trust.
pub struct Secure {
    /// Of each node.
    pub nodes: BTreeMap<ServerId, Tls>,
    /// Of the clients.
    pub clients: ClientTls,
}

/// See the module.
pub struct Cluster {
    settings: raft::Settings,
    auth: Option<Auth>,
    secure: Option<Secure>,
    addresses: BTreeMap<ServerId, SocketAddr>,
    disks: BTreeMap<ServerId, Disk>,
    nodes: BTreeMap<ServerId, Node>,
}

impl Cluster {
    /// Starts a node on each of the disks.
    pub fn start(disks: Vec<Disk>, settings: raft::Settings) -> Cluster {
        Cluster::guarded(disks, settings, None)
    }

    /// Starts nodes that speak TLS.
    pub fn secure(disks: Vec<Disk>, secure: Secure) -> Cluster {
        Cluster::with(disks, raft::Settings::default(), None, Some(secure))
    }

    /// Starts nodes that ask who calls. The clients that it gives are an admin's.
    pub fn guarded(disks: Vec<Disk>, settings: raft::Settings, auth: Option<Auth>) -> Cluster {
        Cluster::with(disks, settings, auth, None)
    }

    fn with(
        disks: Vec<Disk>,
        mut settings: raft::Settings,
        auth: Option<Auth>,
        secure: Option<Secure>,
    ) -> Cluster {
        settings.peer_token = auth.as_ref().and_then(|auth| auth.peer.first().cloned());
        let ids = (1..).map(ServerId);
        let disks: BTreeMap<_, _> = ids.zip(disks).collect();
        let free = |_| {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
            socket.local_addr().expect("its address")
        };
        let addresses = disks.keys().map(|id| (*id, free(id))).collect();
        let nodes = BTreeMap::new();
        let mut cluster = Cluster { settings, auth, secure, addresses, disks, nodes };
        for id in cluster.disks.keys().copied().collect::<Vec<_>>() {
            cluster.start_node(id);
        }
        cluster
    }

    /// Nodes that start from now on show this token to the others.
    pub fn show(&mut self, token: Option<Token>) {
        self.settings.peer_token = token;
    }

    /// Starts a node that is not running.
    pub fn start_node(&mut self, id: ServerId) {
        let listen = self.addresses[&id];
        let peers = self.addresses.iter().map(|(id, address)| (*id, address.to_string()));
        let tls = self.secure.as_ref().map(|secure| secure.nodes[&id].clone());
        let peer_tls = tls.as_ref().map(|tls| tls.peers.clone());
        let server_tls = tls.as_ref().map(|tls| tls.server.clone());
        let config = Config {
            cluster: "test".to_owned(),
            server: id,
            data_dir: PathBuf::new(),
            listen,
            peers: peers.collect(),
            raft: raft::Settings { peer_tls, ..self.settings.clone() },
            retention: default_retention(),
            auth: self.auth.clone(),
            tls,
            insecure: false,
        };
        let (log, state) = self.disks[&id].open();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("runtime");
        let (ready, is_ready) = mpsc::channel();
        let running = runtime.spawn(async move {
            let listener = Listener::bind(listen).await.expect("bind").over(server_tls);
            let on_ready: Box<dyn FnOnce(Handle) + Send> =
                Box::new(move |handle| ready.send(handle).expect("somebody waits"));
            let clock = Arc::new(SystemClock);
            let deps = Deps { log, state, clock, listener, on_ready: Some(on_ready) };
            server::run(config, deps, std::future::pending()).await
        });
        let handle = is_ready.recv_timeout(PATIENCE).expect("the node starts");
        self.nodes.insert(id, Node { runtime: Some(runtime), running, handle });
    }

    /// Kills a node: it does nothing more, not even say goodbye.
    pub fn kill(&mut self, id: ServerId) {
        self.nodes.remove(&id).expect("it is running").kill();
        if let Disk::Mem(log, state) = &self.disks[&id] {
            log.process_crash();
            state.process_crash();
        }
    }

    /// A node that is not running has an empty disk from now on.
    pub fn wipe(&mut self, id: ServerId) {
        assert!(!self.nodes.contains_key(&id), "killed before its disk is wiped");
        self.disks.insert(id, Disk::Mem(MemDisk::new(), MemDisk::new()));
    }

    /// All nodes lose power at once, and all that was not synced.
    pub fn power_loss(&mut self) {
        for id in self.disks.keys().copied().collect::<Vec<_>>() {
            if let Disk::Mem(log, state) = &self.disks[&id] {
                log.power_loss(|_| 0);
                state.power_loss(|_| 0);
            }
            if let Some(node) = self.nodes.remove(&id) {
                node.kill();
            }
        }
    }

    /// The nodes that are running.
    pub fn running(&self) -> Vec<ServerId> {
        self.nodes.keys().copied().collect()
    }

    /// Whether a node has ended by itself.
    pub fn has_ended(&self, id: ServerId) -> bool {
        self.nodes[&id].running.is_finished()
    }

    /// A look into a running node.
    pub fn handle(&self, id: ServerId) -> &Handle {
        &self.nodes[&id].handle
    }

    /// Where a node serves.
    pub fn address(&self, id: ServerId) -> SocketAddr {
        self.addresses[&id]
    }

    /// A connection to a node.
    pub fn channel(&self, id: ServerId) -> Channel {
        let tls = self.secure.as_ref().map(|secure| &secure.clients);
        let channel = transport::connect_over(&self.addresses[&id].to_string(), tls);
        let channel = channel.expect("address");
        channel.bearing(self.auth.as_ref().and_then(|auth| auth.admin.first()))
    }

    /// A client of one node.
    pub fn files(&self, id: ServerId) -> FilesClient<Channel> {
        FilesClient::new(self.channel(id))
    }

    /// A client of one node.
    pub fn admin(&self, id: ServerId) -> ClusterClient<Channel> {
        ClusterClient::new(self.channel(id))
    }

    /// Calls nodes in turn until one gives a reply or a rejection.
    pub async fn ask<T>(
        &self,
        call: impl AsyncFn(FilesClient<Channel>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        eventually("an answer", async || {
            for id in self.running() {
                let asked = tokio::time::timeout(Duration::from_secs(3), call(self.files(id)));
                match asked.await {
                    Ok(Ok(reply)) => return Some(Ok(reply)),
                    Ok(Err(status)) => {
                        let class = Info::of(&status).map(|info| info.reason.class());
                        if class == Some(Class::Rejected) {
                            return Some(Err(status));
                        }
                    }
                    Err(_) => {}
                }
            }
            None
        })
        .await
    }

    /// The node that leads.
    pub async fn leader(&self) -> ServerId {
        eventually("a leader", async || {
            self.running().into_iter().find(|id| self.handle(*id).replica.raft().is_leader())
        })
        .await
    }

    /// Waits until all running nodes have the same state, and gives its hash.
    pub async fn converged(&self) -> Vec<u8> {
        eventually("equal states", async || {
            let mut replies = Vec::new();
            for id in self.running() {
                let reply = self.admin(id).state_hash(v1::StateHashRequest {}).await.ok()?;
                let v1::StateHashReply { applied_index, hash, digest, .. } = reply.into_inner();
                replies.push((applied_index, hash, digest));
            }
            if replies.iter().any(|reply| reply.0 != replies[0].0) {
                return None;
            }
            assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
            Some(replies[0].1.to_vec())
        })
        .await
    }
}

/// Waits for a condition.
pub async fn eventually<T>(what: &str, condition: impl AsyncFn() -> Option<T>) -> T {
    let tried = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, tried).await.unwrap_or_else(|_| panic!("no {what} in time"))
}

/// A client session with its namespace.
pub struct Session {
    client_id: u64,
    next: u64,
    ns: u64,
}

impl Session {
    /// Opens a session and makes a namespace.
    pub async fn open(cluster: &Cluster, namespace: &str) -> Session {
        let open =
            async |mut files: FilesClient<_>| files.open_session(v1::OpenSessionRequest {}).await;
        let client_id = cluster.ask(open).await.expect("session").into_inner().client_id;
        let mut session = Session { client_id, next: 1, ns: 0 };
        let create = v1::CreateNamespace { name: namespace.to_owned(), ..Default::default() };
        let request = session.request(v1::mutate_request::Mutation::CreateNamespace(create));
        let made = mutate(cluster, &request).await.expect("namespace");
        let Some(v1::mutate_reply::Result::Namespace(made)) = made.result else {
            panic!("no namespace: {made:?}")
        };
        session.ns = made.id;
        session
    }

    /// The namespace.
    pub fn ns(&self) -> u64 {
        self.ns
    }

    /// The next request.
    pub fn request(&mut self, mutation: v1::mutate_request::Mutation) -> v1::MutateRequest {
        let sequence = self.next;
        self.next += 1;
        v1::MutateRequest {
            fences: Vec::new(),
            request: Some(v1::RequestId { client_id: self.client_id, sequence }),
            first_pending: sequence,
            mutation: Some(mutation),
        }
    }

    /// A request to make directories.
    pub fn mkdirs(&mut self, paths: &[String]) -> v1::MutateRequest {
        let step = |path: &String| v1::Step {
            op: Some(v1::step::Op::Mkdir(v1::Mkdir {
                target: Some(v1::NodeRef { id: 0, path: path.clone() }),
                parents: false,
            })),
        };
        let steps = v1::Steps { ns: self.ns, steps: paths.iter().map(step).collect() };
        self.request(v1::mutate_request::Mutation::Steps(steps))
    }

    /// Makes a directory.
    pub async fn mkdir(&mut self, cluster: &Cluster, path: &str) -> v1::MutateReply {
        let request = self.mkdirs(&[path.to_owned()]);
        mutate(cluster, &request).await.expect("mkdir")
    }

    /// The names in the root, and the revisions that the messages say.
    pub async fn list(&self, cluster: &Cluster) -> (Vec<String>, Vec<u64>) {
        let list = async |mut files: FilesClient<_>| {
            let request = v1::ListRequest { ns: self.ns, ..v1::ListRequest::default() };
            let mut stream = files.list(request).await?.into_inner();
            let (mut names, mut revisions, mut done) = (Vec::new(), Vec::new(), false);
            while let Some(message) = stream.message().await? {
                assert!(!done, "nothing comes after the end");
                names.extend(message.entries.into_iter().map(|entry| entry.name));
                revisions.push(message.revision);
                done = message.done;
            }
            assert!(done, "the stream says that it is complete");
            Ok((names, revisions))
        };
        cluster.ask(list).await.expect("list")
    }

    /// The names that the journal says were made.
    pub async fn journal(&self, cluster: &Cluster) -> Vec<String> {
        let read = async |mut files: FilesClient<_>| {
            let request =
                v1::ReadJournalRequest { ns: self.ns, ..v1::ReadJournalRequest::default() };
            files.read_journal(request).await
        };
        let reply = cluster.ask(read).await.expect("journal").into_inner();
        reply.changes.into_iter().map(created).collect()
    }
}

/// The name of a node that was made.
pub fn created(change: v1::Change) -> String {
    match change.change {
        Some(v1::change::Change::Created(node)) => node.name,
        other => panic!("{other:?} is not a creation"),
    }
}

/// Sends a mutation until it is answered, under one request id.
pub async fn mutate(
    cluster: &Cluster,
    request: &v1::MutateRequest,
) -> Result<v1::MutateReply, Status> {
    let send = async |mut files: FilesClient<_>| files.mutate(request.clone()).await;
    cluster.ask(send).await.map(|reply| reply.into_inner())
}
