//! The asynchronous runtime that openraft runs on: tokio's in production, madsim's in the
//! simulator.
//!
//! Owns nothing but the choice. This is one of the few places where `cfg(madsim)` is
//! allowed; the rest of the server names [`Runtime`].

#[cfg(madsim)]
mod clock;
#[cfg(madsim)]
mod simulated;
#[cfg(madsim)]
mod watch;

#[cfg(madsim)]
pub use clock::{local_time, set_clock_rate};
#[cfg(madsim)]
pub use simulated::Madsim;

/// The runtime of this build.
#[cfg(madsim)]
pub type Runtime = Madsim;
/// The runtime of this build.
#[cfg(not(madsim))]
pub type Runtime = openraft_rt_tokio::TokioRuntime;
