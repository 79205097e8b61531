//! The read barrier: after it, a view of the local state shows every change that was
//! acknowledged before it was asked for.
//!
//! ReadIndex (Raft dissertation §6.4): the leader notes its commit index, proves to itself
//! by a round of heartbeats that it still leads, and waits until it has applied that far.
//! One round serves all readers that wait for it.

use std::time::Duration;

use openraft::{
    ReadPolicy,
    errors::{LinearizableReadError, RaftError},
};

use super::{time, types::Raft, unavailable::Unavailable};
use crate::coalesce::Coalesce;

/// How long a round may take: for the heartbeats, and again for the state to catch up.
const ROUND_MAX: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Default)]
pub struct Barrier {
    index: Coalesce<Result<(), Unavailable>>,
    lease: Coalesce<Result<(), Unavailable>>,
}

impl Barrier {
    /// Waits until reading the local state is linearizable.
    pub async fn wait(&self, raft: &Raft) -> Result<(), Unavailable> {
        self.index.run(|| round(raft, ReadPolicy::ReadIndex)).await
    }

    /// The same without a round of heartbeats: the leader relies on its lease, and so on
    /// clocks that run at about the same rate (Raft dissertation §6.4.1).
    pub async fn wait_with_lease(&self, raft: &Raft) -> Result<(), Unavailable> {
        self.lease.run(|| round(raft, ReadPolicy::LeaseRead)).await
    }
}

async fn round(raft: &Raft, policy: ReadPolicy) -> Result<(), Unavailable> {
    let asked = time::timeout(ROUND_MAX, raft.get_read_linearizer(policy));
    let linearizer = match asked.await {
        Some(Ok(linearizer)) => linearizer,
        Some(Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(leader)))) => {
            return Err(Unavailable::forward(leader));
        }
        Some(Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_)))) | None => {
            return Err(Unavailable::no_leader());
        }
        Some(Err(RaftError::Fatal(fatal))) => return Err(Unavailable::stopped(&fatal)),
    };
    match linearizer.try_await_ready(raft, Some(ROUND_MAX)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(_)) => Err(Unavailable::overloaded()),
        Err(fatal) => Err(Unavailable::stopped(&fatal)),
    }
}
