//! One node of the cluster: the real server on simulated disks and network, and somebody
//! who tells the oracles what its Raft says of itself.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, AtomicU32, Ordering},
    },
};

use metad::{
    config::Config,
    kv::View,
    raft::{
        self,
        queue::ENTRY_BYTES,
        runtime::local_time,
        types::{LogId as RaftLogId, Raft},
    },
    server::{self, Deps, Handle},
    tree::query::Retention,
    types::ServerId,
};
use metad_proto::transport::Listener;
use openraft::{ServerState, async_runtime::watch::WatchReceiver as _};
use tokio::sync::Notify;

use super::{disk::Disks, observed, watcher::Watcher};
use crate::{
    oracle::{Ballot, LogId, Node, Sample},
    plan,
    report::Violation,
};

/// Simulated time starts here: the first of January 2026, in milliseconds.
const EPOCH_MS: u64 = 1_767_225_600_000;
/// Entries in one message at most: few, so that followers catch up in several.
const PAYLOAD_ENTRIES_MAX: u64 = 64;
/// How often nodes compare their states: it must not matter, and never stop one that is right.
const COMPARE_EVERY_MS: u64 = 3_000;

/// What a node is made of. Each start takes a clone.
#[derive(Clone)]
pub struct Server {
    /// Its number.
    pub node: Node,
    /// All nodes.
    pub peers: Vec<(Node, SocketAddr)>,
    /// Timings and bounds.
    pub raft: plan::Raft,
    /// How much of the past is kept.
    pub retention: plan::Retention,
    /// Where it believes its data to be.
    pub folder: PathBuf,
    /// Where its data is.
    pub disks: Arc<Disks>,
    /// Its clock.
    pub clock: Clock,
    /// The stored format that it writes from its next start on.
    pub format: Arc<AtomicU32>,
    /// Who is told.
    pub watcher: Watcher,
    /// A look into the running server.
    pub live: Live,
}

/// A look into a running server, if it runs. Clones are the same.
#[derive(Clone, Default)]
pub struct Live(Arc<Mutex<Option<Handle>>>, Arc<Notify>);

impl Live {
    /// The replicated state as it is on this node.
    pub fn state_view(&self) -> Option<View> {
        self.life().as_ref()?.replica.state().view().ok()
    }

    /// The node runs, and is a full member of its group.
    pub fn is_member(&self) -> bool {
        self.life().as_ref().is_some_and(|handle| handle.replica.admission().may_vote())
    }

    /// Tells the server to stop, as a signal would.
    pub fn stop(&self) {
        self.1.notify_one();
    }

    /// It runs.
    pub fn is_up(&self) -> bool {
        self.life().is_some()
    }

    /// It is down.
    pub fn clear(&self) {
        *self.life() = None;
    }

    fn set(&self, handle: Handle) {
        *self.life() = Some(handle);
    }

    fn life(&self) -> MutexGuard<'_, Option<Handle>> {
        self.0.lock().expect("a panic ends the run")
    }
}

impl Server {
    /// Runs until the machine dies, or it is told to stop. That it ends by itself must not be
    /// seen, unless its disks fail.
    pub async fn run(self) {
        let (node, watcher) = (self.node, self.watcher.clone());
        let (live, failing) = (self.live.clone(), self.disks.failing.clone());
        tracing::info!(node, "server starts");
        let seen = match self.serve().await {
            Ok(()) => {
                tracing::info!(node, "server stopped");
                live.clear();
                return;
            }
            Err(error) => format!("node {node} stopped: {error:#}"),
        };
        if failing.has_struck() {
            // Not what is seen: RocksDB tells checksums, which differ from run to run.
            tracing::info!(node, "its disks fail");
            watcher.count("stopped by its disks");
            live.clear();
            return;
        }
        watcher.report(Violation::new("server", seen));
    }

    async fn serve(self) -> anyhow::Result<()> {
        let stores = self.disks.open()?;
        // The oracles are told what is there, not what the server is told.
        let observed = || observed::observe(self.node, stores, &self.watcher);
        let stores = self.disks.failing.truthfully(observed)?;
        let config = self.config();
        let listener = Listener::bind(config.listen).await?;
        let waiting_max = self.raft.queue_bytes / ENTRY_BYTES;
        let (node, watcher, live) = (self.node, self.watcher, self.live);
        let stop = live.1.clone();
        let deps = Deps {
            log: stores.log,
            state: stores.state,
            clock: Arc::new(self.clock),
            listener,
            on_ready: Some(Box::new(move |handle| {
                let raft = handle.replica.raft().clone();
                live.set(handle);
                // Dies with the machine.
                tokio::spawn(observe(node, raft, waiting_max, watcher));
            })),
        };
        Ok(server::run(config, deps, stop.notified()).await?)
    }

    fn config(&self) -> Config {
        let peers: BTreeMap<ServerId, String> = self
            .peers
            .iter()
            .map(|(node, address)| (ServerId(*node), address.to_string()))
            .collect();
        let listen = self.peers.iter().find(|(node, _)| *node == self.node);
        Config {
            cluster: "simulated".to_owned(),
            server: ServerId(self.node),
            data_dir: self.folder.clone(),
            listen: listen.expect("a node is among the peers").1,
            peers,
            raft: raft::Settings {
                heartbeat_ms: self.raft.heartbeat_ms,
                election_min_ms: self.raft.election_ms.start,
                election_max_ms: self.raft.election_ms.end,
                snapshot_every: self.raft.snapshot_entries,
                keep_entries: self.raft.keep_entries,
                compare_every_ms: COMPARE_EVERY_MS,
                disk_reserve_bytes: raft::Settings::default().disk_reserve_bytes,
                queue_bytes_max: self.raft.queue_bytes,
                payload_entries_max: PAYLOAD_ENTRIES_MAX,
                format: self.format.load(Ordering::Relaxed),
                peer_token: None,
                peer_tls: None,
            },
            retention: Retention { age_ms: self.retention.age_ms, changes: self.retention.changes },
            auth: None,
            tls: None,
            insecure: false,
        }
    }
}

/// Tells the oracles whatever Raft says of itself, until it stops.
async fn observe(node: Node, raft: Raft, waiting_max: u64, watcher: Watcher) {
    let mut metrics = raft.metrics();
    let progress = raft.watch_log_progress();
    loop {
        let mut sample = {
            let metrics = metrics.borrow_and_update();
            Sample {
                term: metrics.current_term,
                is_leader: metrics.state == ServerState::Leader,
                committed: metrics.local_committed.as_ref().map(log_id),
                applied: metrics.last_applied.as_ref().map(log_id),
                last_index: metrics.last_log_index,
                waiting_max,
                ..Sample::default()
            }
        };
        if let Some(flushed) = progress.get() {
            let vote = &flushed.vote;
            sample.vote = Ballot {
                term: vote.leader_id.term,
                node: vote.leader_id.voted_for,
                is_leader: vote.committed,
            };
            sample.flushed = flushed.last_log_id.as_ref().map(log_id);
        }
        watcher.sample(node, sample);
        if metrics.changed().await.is_err() {
            return;
        }
    }
}

fn log_id(id: &RaftLogId) -> LogId {
    LogId { term: *id.leader_id, index: id.index }
}

/// A node's wall clock: as far from the right time as its rate and its jumps have brought
/// it. Clones are the same.
#[derive(Clone)]
pub struct Clock {
    /// How fast it runs when nothing is wrong.
    pub usual_rate: f64,
    jumped_ms: Arc<AtomicI64>,
}

impl Clock {
    /// A clock that has not jumped.
    pub fn new(usual_rate: f64) -> Clock {
        Clock { usual_rate, jumped_ms: Arc::default() }
    }

    /// Jumps, forwards or back.
    pub fn jump(&self, by_ms: i64) {
        self.jumped_ms.fetch_add(by_ms, Ordering::Relaxed);
    }
}

impl raft::Clock for Clock {
    fn now_ms(&self) -> u64 {
        let shown = u64::try_from(local_time().as_millis()).expect("a run is short");
        (EPOCH_MS + shown).saturating_add_signed(self.jumped_ms.load(Ordering::Relaxed))
    }
}
