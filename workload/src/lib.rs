//! Workloads for metad: what clients do, run against real clients and recorded as a history
//! that the checkers read.
//!
//! - [`profile`]: what a client of each kind does next
//! - [`world`]: what the clients together believe to be there
//! - [`sync`]: clients that keep a replica, also offline, and merge
//! - [`operation`], [`execute`]: one operation, and how it ended
//! - [`record`]: the history
//! - [`run`]: clients at work, and the final reads
//!
//! The same code runs in the simulator, the fault tests and the benchmarks: no threads, no
//! clock but tokio's, no output but the history, all randomness from one seed.

mod answer;
pub mod execute;
mod finale;
mod learn;
pub mod names;
pub mod operation;
mod process;
pub mod profile;
pub mod record;
pub mod run;
mod setup;
pub mod stats;
pub mod step;
pub mod sync;
pub mod world;
pub mod zipf;

pub use run::{Config, Error, Run};
pub use stats::Report;
