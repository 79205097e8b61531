//! The simulated face of the transport: the same tonic services and generated clients, real
//! HTTP/2 frames and real protobuf bytes, over madsim's TCP.
//!
//! What madsim's TCP gets wrong is put right here, in [`io`]: an established connection
//! across a cut link goes silent instead of being refused or closed, and only keep-alive
//! finds out. The simulator says which links are cut with [`set_black_hole`], what becomes of
//! single calls with [`set_fate`], and how slow single links are with [`set_lag`].
//!
//! Nothing here may start a thread, read a wall clock or outlive its simulated node.

mod client;
mod fate;
mod io;
mod server;
mod time;
mod tls;

pub use client::{Channel, connect};
pub use fate::{Fate, set_fate, set_lag};
pub use io::set_black_hole;
pub use server::{Listener, serve};
pub use time::{Sleep, Timeout, sleep, sleep_until, timeout};
pub use tls::{ClientTls, ServerTls};

use std::time::Duration;

use http::HeaderMap;

/// Runs hyper's background work as tasks of the simulated node.
#[derive(Clone, Copy)]
struct Executor;

impl<F> hyper::rt::Executor<F> for Executor
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    fn execute(&self, future: F) {
        tokio::spawn(future);
    }
}

/// The deadline that a gRPC request carries in its header. Malformed ones are ignored, as
/// tonic does.
fn grpc_timeout(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (value, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    // The specification allows 8 digits, so that no unit overflows.
    if value.len() > 8 {
        return None;
    }
    let value: u64 = value.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3_600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
