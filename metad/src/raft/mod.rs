//! Consensus: openraft over our log, state, network and runtime.
//!
//! Owns: what must be on disk before what is answered (see [`log_store`] and
//! [`state_store`]), who may promise what ([`admission`]), the read [`barrier`], and the wire between the servers
//! ([`network`]). Invariants: those of Raft (Ongaro and Ousterhout 2014, figure 3). Must
//! not: know what a command means, or anything of the public services.

pub mod admission;
pub mod barrier;
pub mod clock;
mod compare;
mod convert;
mod join;
pub mod log_store;
mod members;
pub mod network;
mod pins;
pub mod queue;
mod replay;
pub mod replica;
mod room;
pub mod runtime;
pub mod settings;
mod start;
pub mod state_reader;
pub mod state_store;
pub mod time;
pub mod types;
pub mod unavailable;

pub use admission::Admission;
pub use clock::{Clock, SystemClock};
pub use compare::{Compared, compare};
pub use join::{Promised, join};
pub use members::ChangeError;
pub use replay::replay;
pub use replica::{Member, Replica};
pub use settings::Settings;
pub use start::{StartError, Started, start, stopped};
pub use state_reader::{Progress, StateReader};
pub use unavailable::{Cause, Unavailable};
