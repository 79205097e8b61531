//! Why a request was not answered, and whether it may have had its effect all the same.

use openraft::errors::{Fatal, ForwardToLeader};

use super::types::TypeConfig;
use crate::types::{Revision, ServerId};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// Why.
    pub cause: Cause,
    /// False: it had no effect, and never will have.
    pub maybe_applied: bool,
}

/// Why a request was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Another server leads.
    NotLeader {
        /// Which.
        leader: ServerId,
        /// Where it is.
        address: String,
    },
    /// No leader is known, or it has no majority.
    NoLeader,
    /// Too much to do.
    Overloaded,
    /// This server has no room on its disk.
    DiskFull,
    /// This server has not come as far as was asked for.
    Behind {
        /// What was asked for.
        wanted: Revision,
        /// How far it has come.
        revision: Revision,
    },
    /// This server is going away.
    ShuttingDown,
    /// This server's storage failed.
    Fault(String),
}

impl Unavailable {
    fn before(cause: Cause) -> Unavailable {
        Unavailable { cause, maybe_applied: false }
    }

    /// No leader is known, or it has no majority.
    pub fn no_leader() -> Unavailable {
        Unavailable::before(Cause::NoLeader)
    }

    /// Too much to do.
    pub fn overloaded() -> Unavailable {
        Unavailable::before(Cause::Overloaded)
    }

    /// No room on the disk.
    pub fn disk_full() -> Unavailable {
        Unavailable::before(Cause::DiskFull)
    }

    /// This server has not come as far as was asked for.
    pub fn behind(wanted: Revision, revision: Revision) -> Unavailable {
        Unavailable::before(Cause::Behind { wanted, revision })
    }

    /// This server is going away.
    pub fn shutting_down() -> Unavailable {
        Unavailable::before(Cause::ShuttingDown)
    }

    /// This server's storage failed.
    pub fn fault(fault: &crate::kv::StorageFault) -> Unavailable {
        Unavailable::before(Cause::Fault(fault.to_string()))
    }

    /// The leader is elsewhere.
    pub(super) fn forward(to: ForwardToLeader<TypeConfig>) -> Unavailable {
        Unavailable::before(match (to.leader_id, to.leader_node) {
            (Some(leader), Some(node)) => {
                Cause::NotLeader { leader: ServerId(leader), address: node.addr }
            }
            _ => Cause::NoLeader,
        })
    }

    /// Raft has stopped.
    pub(super) fn stopped(fatal: &Fatal<TypeConfig>) -> Unavailable {
        Unavailable::before(match fatal {
            Fatal::Stopped => Cause::ShuttingDown,
            Fatal::StorageError(_) | Fatal::Panicked => Cause::Fault(fatal.to_string()),
        })
    }

    /// The request may have had its effect, or may still have it.
    #[must_use]
    pub(super) fn maybe_applied(self) -> Unavailable {
        Unavailable { maybe_applied: true, ..self }
    }
}
