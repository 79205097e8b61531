//! The simulated world has no TLS: credentials can be named, and nothing takes them.

use crate::transport::{ClientFiles, Reloads, ServerFiles, TlsError};

/// What a server would show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerTls(ServerFiles);

/// What a client would trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientTls(ClientFiles);

impl ServerTls {
    /// Of these files, which nobody reads.
    pub fn new(files: ServerFiles) -> ServerTls {
        ServerTls(files)
    }

    /// They are of no use here.
    ///
    /// # Errors
    /// Always.
    pub fn check(&self) -> Result<(), TlsError> {
        Err(TlsError::NotHere)
    }

    /// Never.
    pub fn reloads(&self) -> Reloads {
        Reloads::default()
    }

    /// None is loaded.
    pub fn expires_seconds(&self) -> u64 {
        0
    }

    /// None.
    pub fn refused(&self) -> u64 {
        0
    }
}

impl ClientTls {
    /// Of these files, which nobody reads.
    pub fn new(files: ClientFiles) -> ClientTls {
        ClientTls(files)
    }

    /// They are of no use here.
    ///
    /// # Errors
    /// Always.
    pub fn check(&self) -> Result<(), TlsError> {
        Err(TlsError::NotHere)
    }

    /// Never.
    pub fn reloads(&self) -> Reloads {
        Reloads::default()
    }
}
