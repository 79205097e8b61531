//! Where certificates and keys are, and what is told of those that show one. In both worlds:
//! a configuration names files, whatever carries the bytes.
//!
//! Must not read the files: the face of the transport that has TLS does.

use std::{io, path::PathBuf};

use super::{ClientTls, ServerTls};

/// A certificate, with those that lead to its authority, and its key; both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The certificate first.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What a server shows, and whom it serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerFiles {
    /// What it shows.
    pub identity: Identity,
    /// The authorities of those that it serves. None: whoever comes.
    pub client_ca: Option<PathBuf>,
}

/// Which servers a client trusts, and what it shows to those that ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// The authorities of the servers.
    pub ca: PathBuf,
    /// What it shows.
    pub identity: Option<Identity>,
}

/// The credentials of a node, towards clients and the other nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// What it shows to whoever connects, and whom it serves.
    pub server: ServerTls,
    /// Which nodes it trusts, and what it shows to them.
    pub peers: ClientTls,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// If one of them is of no use.
    pub fn check(&self) -> Result<(), TlsError> {
        self.server.check()?;
        self.peers.check()
    }
}

/// Files that give no credentials.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One cannot be read.
    #[error("{}: {why}", .file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// One has something else in it.
    #[error("{}: {why}", .file.display())]
    Unusable {
        /// Which.
        file: PathBuf,
        /// What is wrong, and what to put there.
        why: String,
    },
    /// The simulated world has no TLS.
    #[error("the simulated world has no TLS")]
    NotHere,
}

/// How often files were read again, since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloads {
    /// They had changed, and what is in them holds from then on.
    pub done: u64,
    /// They had changed, and are of no use: what was read before still holds.
    pub failed: u64,
}

/// The verified name of the certificate that a client showed, on its requests: the first DNS
/// name or URI of its alternative names, or else the common name of its subject. Requests have
/// it as an extension where the server verifies certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerIdentity(pub String);
