//! Puts a server together and runs it until it is told to stop, or must.
//!
//! Owns the order of things: identity before anything is read, Raft before it is served,
//! and at the end no task left behind. Invariants: storage that cannot be trusted, or
//! Raft stopping by itself, ends the server with an error. The simulator calls the same
//! [`run`]; what differs between the worlds comes in through [`Deps`].

mod housekeeping;
mod identity;
mod room;

use std::{collections::BTreeMap, io, pin::pin, sync::Arc, time::Duration};

use futures::{
    FutureExt as _,
    future::{self, BoxFuture, Fuse, FusedFuture as _},
};
use metad_proto::transport::{self, Listener};
use tokio::sync::mpsc;

pub use self::identity::{Foreign, known};
use crate::{
    config::Config,
    kv::{KvEngine, StorageFault},
    raft::{self, Clock, Member, Replica},
    service::{self, Closer},
    tree::query::Retention,
    types::{GroupId, ServerId},
};

/// The one Raft group that there is for now.
pub const GROUP: GroupId = GroupId(1);

/// How long calls under way may take when the server stops.
const GRACE_MAX: Duration = Duration::from_secs(5);

/// What a server needs from the world.
pub struct Deps {
    /// Holds the Raft log, the vote and the identity.
    pub log: Arc<dyn KvEngine>,
    /// Holds the replicated state.
    pub state: Arc<dyn KvEngine>,
    /// Stamps proposals.
    pub clock: Arc<dyn Clock>,
    /// Where it listens.
    pub listener: Listener,
    /// Called once Raft runs, before anything is served.
    pub on_ready: Option<Box<dyn FnOnce(Handle) + Send>>,
}

/// A look into a running server, for tests and the simulator.
#[derive(Clone)]
pub struct Handle {
    /// Its part in the Raft group: metrics, and the state as it is here.
    pub replica: Replica,
}

/// Why a server does not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The data folder is another server's.
    #[error(transparent)]
    Foreign(#[from] Foreign),
    /// The storage cannot be trusted.
    #[error("storage fault: {0}")]
    Storage(#[from] StorageFault),
    /// The storage failed while it was read.
    #[error("storage fault: {0}")]
    Reported(String),
    /// Raft does not start, or stopped.
    #[error(transparent)]
    Raft(#[from] raft::StartError),
    /// The socket failed.
    #[error("serve: {0}")]
    Serve(io::Error),
}

/// Runs a server until `shutdown`.
///
/// # Errors
/// If it does not start, or must stop by itself.
pub async fn run(
    config: Config,
    deps: Deps,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServerError> {
    let Deps { log, state, clock, listener, on_ready } = deps;
    let member = Member { cluster: config.cluster, group: GROUP, server: config.server };
    identity::claim(&*log, &*state, &member, config.raft.format).await?;
    let started = raft::start(member, &config.raft, log.clone(), state.clone(), clock).await?;
    let raft::Started { replica, log_syncing, faults } = started;
    if let Some(on_ready) = on_ready {
        on_ready(Handle { replica: replica.clone() });
    }

    let (closer, closing) = service::closing();
    let stores = (log.clone(), state.clone());
    let guard = service::Guard { auth: config.auth.as_ref(), tls: config.tls.clone() };
    let routes = service::routes(replica.clone(), (log, state), closing.clone(), guard);
    let serving = transport::serve(listener, routes, closing.wait()).boxed().fuse();
    let mut work = Work { replica, stores, log_syncing: log_syncing.fuse(), serving, faults };
    let ended = work.until(&config.raft, config.retention, &config.peers, shutdown).await;
    if ended.is_ok() {
        work.step_down().await;
    }
    work.stop(closer).await;
    ended
}

/// All that a running server does, driven by one task.
struct Work {
    replica: Replica,
    stores: (Arc<dyn KvEngine>, Arc<dyn KvEngine>),
    log_syncing: Fuse<BoxFuture<'static, ()>>,
    serving: Fuse<BoxFuture<'static, io::Result<()>>>,
    faults: mpsc::Receiver<String>,
}

impl Work {
    async fn until(
        &mut self,
        settings: &raft::Settings,
        retention: Retention,
        peers: &BTreeMap<ServerId, String>,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), ServerError> {
        tokio::select! {
            biased;
            () = shutdown => Ok(()),
            Some(fault) = self.faults.recv() => Err(ServerError::Reported(fault)),
            error = raft::stopped(&self.replica) => Err(error.into()),
            // It ends when Raft is gone: the branch above says why.
            () = &mut self.log_syncing => Err(raft::stopped(&self.replica).await.into()),
            served = &mut self.serving => Err(ServerError::Serve(
                served.err().unwrap_or_else(|| io::ErrorKind::BrokenPipe.into()),
            )),
            error = upkeep(&self.replica, settings, retention, peers) => Err(error),
            fault = raft::compare(&self.replica, settings) => Err(fault.into()),
            fault = room::watch(&self.replica, &*self.stores.0, &*self.stores.1) => {
                Err(fault.into())
            }
        }
    }

    /// Lets another node lead, while all else goes on: so clients miss a leader for a moment,
    /// and not until an election.
    async fn step_down(&mut self) {
        tokio::select! {
            biased;
            () = &mut self.log_syncing => {}
            _ = &mut self.serving => {}
            () = self.replica.step_down() => {}
        }
    }

    /// Stops Raft and lets calls under way end, within the grace.
    async fn stop(self, closer: Closer) {
        closer.close();
        let stopped = async {
            // Proposals under way fail now, and their calls end.
            if self.replica.raft().shutdown().await.is_err() {
                tracing::warn!("raft did not stop cleanly");
            }
        };
        let served = async {
            if !self.serving.is_terminated()
                && raft::time::timeout(GRACE_MAX, self.serving).await.is_none()
            {
                tracing::warn!("calls under way were cut");
            }
        };
        // Raft may wait for a sync while it stops.
        let all = pin!(future::join(stopped, served));
        future::select(all, future::join(self.log_syncing, future::pending::<()>())).await;
    }
}

async fn upkeep(
    replica: &Replica,
    settings: &raft::Settings,
    retention: Retention,
    peers: &BTreeMap<ServerId, String>,
) -> ServerError {
    match raft::join(replica, settings, peers).await {
        Ok(()) => housekeeping::run(replica, retention).await.into(),
        Err(error) => error.into(),
    }
}
