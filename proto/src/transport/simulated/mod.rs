//! The simulated face of the transport: the same tonic services and generated clients, real
//! HTTP/2 frames and real protobuf bytes, over madsim's TCP.
//!
//! What madsim's TCP gets wrong is put right here, in [`io`]: an established connection
//! across a cut link goes silent instead of being refused or closed, and only keep-alive
//! finds out. The simulator says which links are cut with [`set_black_hole`].
//!
//! Nothing here may start a thread, read a wall clock or outlive its simulated node.

mod client;
mod io;
mod server;
mod time;

pub use client::{Channel, connect};
pub use io::set_black_hole;
pub use server::{Listener, serve};
pub use time::{Sleep, Timeout, sleep, sleep_until, timeout};

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
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().expect("a header value"));
        grpc_timeout(&headers)
    }

    #[test]
    fn reads_deadlines() {
        assert_eq!(parsed("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parsed("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parsed("99999999H"), Some(Duration::from_secs(99_999_999 * 3_600)));
        for malformed in ["", "S", "1", "1x", "123456789S", "-1S"] {
            assert_eq!(parsed(malformed), None, "{malformed:?}");
        }
    }
}
