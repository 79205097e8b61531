//! The deterministic simulator: the real server, client and workload on one thread, in
//! simulated time, over a simulated network and disks, under faults drawn from a seed.
//!
//! A seed and a commit replay a run byte for byte. [`plan`] draws what a seed does;
//! [`oracle`] says what must never be seen; both are plain code that knows no simulator.
//! The rest exists only in the simulated world (`--cfg madsim`, see `cargo sim`).

pub mod fault;
pub mod oracle;
pub mod plan;
pub mod report;
pub mod seeds;

#[cfg(madsim)]
mod child;
#[cfg(madsim)]
pub mod cli;
#[cfg(madsim)]
mod forks;
#[cfg(madsim)]
mod mutants;
#[cfg(madsim)]
mod regressions;
#[cfg(madsim)]
mod shrink;
#[cfg(madsim)]
mod story;
#[cfg(madsim)]
mod sweep;
#[cfg(madsim)]
mod verify;
#[cfg(madsim)]
mod world;
