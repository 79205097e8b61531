//! Starts a replica: opens its stores, joins them with openraft, and forms the cluster if
//! nothing is there yet.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::BoxFuture;
use openraft::{
    async_runtime::watch::WatchReceiver as _,
    errors::{Fatal, RaftError},
    impls::BasicNode,
};
use tokio::sync::mpsc;

use super::{
    admission::Admission,
    clock::Clock,
    log_store::{Durable, LogStore},
    network::Network,
    pins::Pins,
    queue::Queue,
    replica::{Member, Replica},
    room::Room,
    settings::Settings,
    state_store::StateStore,
    types::{Raft, TypeConfig},
};
use crate::{
    kv::{KvEngine, StorageFault},
    types::ServerId,
};

/// A replica that runs, and the work that must be driven for it.
pub struct Started {
    /// The replica.
    pub replica: Replica,
    /// Syncs the log. Ends after openraft has.
    pub log_syncing: BoxFuture<'static, ()>,
    /// What was reported by [`Replica::report`].
    pub faults: mpsc::Receiver<String>,
}

/// Why a replica does not start or run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its storage cannot be trusted.
    #[error("storage: {0}")]
    Storage(#[from] StorageFault),
    /// Its times do not fit together.
    #[error("raft settings: {0}")]
    Settings(String),
    /// openraft stopped.
    #[error("raft: {}", why_stopped(.0))]
    Raft(Fatal<TypeConfig>),
}

impl From<Fatal<TypeConfig>> for StartError {
    fn from(fatal: Fatal<TypeConfig>) -> Self {
        StartError::Raft(fatal)
    }
}

/// What happened, and what to do.
fn why_stopped(fatal: &Fatal<TypeConfig>) -> String {
    match fatal {
        Fatal::StorageError(error) => format!(
            "{error}. Look after the disk: make room on it, or mend it; then start this node again"
        ),
        Fatal::Panicked | Fatal::Stopped => format!(
            "{fatal}: what this node holds contradicts what the others say, or it has a bug. \
             Keep its data folder until you know: it may have what the others have lost"
        ),
    }
}

/// Starts a replica.
pub async fn start(
    member: Member,
    settings: &Settings,
    log: Arc<dyn KvEngine>,
    state: Arc<dyn KvEngine>,
    clock: Arc<dyn Clock>,
) -> Result<Started, StartError> {
    let admission = Admission::load(log.clone(), member.group)?;
    let config = settings.to_openraft(&member.cluster, admission.may_vote());
    let config = config.map_err(StartError::Settings)?;
    let durable = Arc::new(Durable::default());
    let pins = Arc::new(Pins::default());
    let (state_store, reader) =
        StateStore::open(state, member.group, durable.clone(), pins.clone()).await?;
    let (log_store, log_syncing) =
        LogStore::open(log, member.group, durable, settings.format).await?;
    let network = Network::new(member.clone(), settings);
    let raft = Raft::new(member.server.0, config, network, log_store, state_store).await?;
    let bounds = (Queue::new(settings.queue_bytes_max), Room::new(settings.disk_reserve_bytes));
    let (replica, faults) = Replica::new(member, raft, admission, (reader, pins), clock, bounds);
    Ok(Started { replica, log_syncing: Box::pin(log_syncing), faults })
}

/// Forms the cluster of these members, if this replica has nothing yet. Every member does
/// so with the same members, which makes the same first entry everywhere.
pub(super) async fn form_cluster(
    replica: &Replica,
    members: &BTreeMap<ServerId, String>,
) -> Result<(), StartError> {
    let node = |(id, address): (&ServerId, &String)| (id.0, BasicNode { addr: address.clone() });
    let members = members.iter().map(node).collect::<BTreeMap<_, _>>();
    match replica.raft().initialize(members).await {
        Ok(()) => Ok(()),
        // It has a log or has seen a vote: there is a cluster.
        Err(RaftError::APIError(error)) => {
            tracing::debug!(%error, "the cluster is formed already");
            Ok(())
        }
        Err(RaftError::Fatal(fatal)) => Err(fatal.into()),
    }
}

/// Waits until openraft stops by itself, and says why.
pub async fn stopped(replica: &Replica) -> StartError {
    let mut metrics = replica.raft().metrics();
    loop {
        if let Err(fatal) = &metrics.borrow_and_update().running_state {
            return fatal.clone().into();
        }
        if metrics.changed().await.is_err() {
            return Fatal::Stopped.into();
        }
    }
}

#[cfg(test)]
mod tests {
    use openraft::{StorageError, errors::ErrorSource as _, impls::BoxedErrorSource};

    use super::*;

    /// A full disk is no contradiction: the others are fine, and so is this node once it has room.
    #[test]
    fn a_full_disk_is_told_from_a_contradiction() {
        let full = BoxedErrorSource::from_string("No space left on device");
        let fatal = Fatal::StorageError(StorageError::write_snapshot(None, full));
        let said = StartError::from(fatal).to_string();
        assert!(said.contains("No space left") && said.contains("make room"), "{said}");
        assert!(!said.contains("contradicts"), "{said}");
        assert!(StartError::from(Fatal::Panicked).to_string().contains("contradicts"));
    }
}
