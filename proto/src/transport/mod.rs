//! Carries gRPC between processes: real tonic over kernel sockets, and, in the simulated
//! world, the same tonic services and generated clients over hyper's HTTP/2 on madsim's
//! TCP. The rest of the code sees [`Channel`], [`connect`], [`Listener`] and [`serve`]; over kernel
//! sockets both ends may speak TLS.
//!
//! This module must not know any service. It is one of the few places where
//! `cfg(madsim)` is allowed: only the bytes' carrier differs.

mod channel;
mod credentials;
#[cfg(not(madsim))]
mod kernel;
#[cfg(not(madsim))]
use kernel as face;
#[cfg(not(madsim))]
mod tls;
#[cfg(not(madsim))]
pub use kernel::{Listener, serve};
#[cfg(not(madsim))]
pub use tls::{ClientTls, ServerTls};

#[cfg(madsim)]
pub mod simulated;
#[cfg(madsim)]
use simulated as face;
#[cfg(madsim)]
pub use simulated::{ClientTls, Listener, ServerTls, serve};

pub use channel::{Channel, connect, connect_over};
pub use credentials::{ClientFiles, Identity, PeerIdentity, Reloads, ServerFiles, Tls, TlsError};

use std::time::Duration;

/// How long a connection attempt may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// How often an idle or waiting connection is probed, and how long a probe may take.
pub const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Streams that one connection may carry at a time.
pub const STREAMS_MAX: u32 = 4_096;

/// An address that is not `host:port`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an address: expected host:port, such as 127.0.0.1:7100")]
pub struct InvalidAddress(pub String);

/// Did the call fail before a byte of it was sent, because no connection could be made?
/// Then it certainly had no effect. Both faces report this as a [`tonic::ConnectError`]
/// among the status' sources; whatever else went wrong may have reached the peer.
pub fn never_sent(status: &tonic::Status) -> bool {
    let mut source = std::error::Error::source(status);
    while let Some(error) = source {
        if error.is::<tonic::ConnectError>() {
            return true;
        }
        source = error.source();
    }
    false
}
