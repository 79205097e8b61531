//! The deterministic state machine: [`apply`] changes the replicated state, [`query`]
//! reads it, [`check`] proves its invariants. One file an operation, under `op/`.
//!
//! Invariants: apply is a function of the state and the command alone. No clock, no
//! randomness, no I/O but through the transaction, nothing asynchronous; a rejection is an
//! outcome and leaves the tree as it was, an error is a fault that stops the replica.
//! Must not: touch tokio, tonic, openraft, rocksdb or the environment.

mod apply;
pub mod check;
mod edit;
mod mounts;
mod op;
mod past;
pub mod query;
mod reader;
mod reclaim;
mod retention;
mod session;
#[cfg(test)]
mod tests;

pub use apply::{ANSWERS, apply};

use crate::{kv::StorageFault, types::Rejection};

/// Why an operation stops: it is refused, or the storage is broken. Never mixed.
#[derive(Debug)]
enum Stop {
    Rejected(Rejection),
    Fault(StorageFault),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Stop::Rejected(rejection)
    }
}

impl From<StorageFault> for Stop {
    fn from(fault: StorageFault) -> Self {
        Stop::Fault(fault)
    }
}

/// What an operation gives inside this module.
type Tried<T> = Result<T, Stop>;

/// What it gives outside: a fault is an error, a rejection is an answer.
pub type Answer<T> = crate::kv::Result<Result<T, Rejection>>;

fn answer<T>(tried: Tried<T>) -> Answer<T> {
    match tried {
        Ok(value) => Ok(Ok(value)),
        Err(Stop::Rejected(rejection)) => Ok(Err(rejection)),
        Err(Stop::Fault(fault)) => Err(fault),
    }
}
