//! TLS over kernel sockets, by rustls: which certificates are shown and trusted.
//!
//! Owns the credentials of servers and clients. Invariants: what cannot be loaded is never used
//! in part; each handshake is made with what the files say then, or what they said last when
//! they were of use. Must not know any service.

mod accept;
#[cfg(test)]
mod authority;
mod dial;
mod load;
mod name;
mod reloading;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub(super) use self::{
    accept::{admit, incoming},
    dial::Dial,
};
use self::{load::Server, reloading::Reloading};
use super::{ClientFiles, Reloads, ServerFiles, TlsError};

/// What a server shows and whom it serves, as files say. Clones share what is loaded.
#[derive(Clone)]
pub struct ServerTls {
    loaded: Arc<Reloading<ServerFiles, Server>>,
    refused: Arc<AtomicU64>,
}

/// Whom a client trusts and what it shows, as files say. Clones share what is loaded.
#[derive(Clone)]
pub struct ClientTls(Arc<Reloading<ClientFiles, rustls::ClientConfig>>);

impl ServerTls {
    /// Of these files, which are not read yet.
    pub fn new(files: ServerFiles) -> ServerTls {
        ServerTls { loaded: Arc::new(Reloading::new(files)), refused: Arc::default() }
    }

    /// Reads the files if they have changed.
    ///
    /// # Errors
    /// If they never were of use.
    pub fn check(&self) -> Result<(), TlsError> {
        self.loaded.current().map(drop)
    }

    /// How often they were read again.
    pub fn reloads(&self) -> Reloads {
        self.loaded.reloads()
    }

    /// Until when the certificate is valid, in seconds since 1970; 0 if none is loaded.
    pub fn expires_seconds(&self) -> u64 {
        self.loaded.current().map_or(0, |server| server.expires_seconds)
    }

    /// Connections that came without TLS, or whose handshake failed.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl ClientTls {
    /// Of these files, which are not read yet.
    pub fn new(files: ClientFiles) -> ClientTls {
        ClientTls(Arc::new(Reloading::new(files)))
    }

    /// Reads the files if they have changed.
    ///
    /// # Errors
    /// If they never were of use.
    pub fn check(&self) -> Result<(), TlsError> {
        self.0.current().map(drop)
    }

    /// How often they were read again.
    pub fn reloads(&self) -> Reloads {
        self.0.reloads()
    }
}

impl PartialEq for ServerTls {
    fn eq(&self, other: &ServerTls) -> bool {
        self.loaded.files() == other.loaded.files()
    }
}

impl Eq for ServerTls {}

impl PartialEq for ClientTls {
    fn eq(&self, other: &ClientTls) -> bool {
        self.0.files() == other.0.files()
    }
}

impl Eq for ClientTls {}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.loaded.files().fmt(f)
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.files().fmt(f)
    }
}
