//! What a node shows to be known by, and whom it trusts: the table `[tls]`. It names files;
//! the transport reads them, and reads them again.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use metad_proto::transport::{ClientFiles, ClientTls, Identity, ServerFiles, ServerTls, Tls};
use serde::Deserialize;

use super::{ConfigError, error};

/// The table as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    certificate: PathBuf,
    key: PathBuf,
    ca: PathBuf,
    client_ca: Option<PathBuf>,
}

pub(super) fn of(raw: &Raw, folder: &Path) -> Tls {
    let Raw { certificate, key, ca, client_ca } = raw;
    let identity = Identity { certificate: folder.join(certificate), key: folder.join(key) };
    let client_ca = client_ca.as_ref().map(|file| folder.join(file));
    let server = ServerTls::new(ServerFiles { identity: identity.clone(), client_ca });
    let peers = ClientTls::new(ClientFiles { ca: folder.join(ca), identity: Some(identity) });
    Tls { server, peers }
}

/// Refuses to listen where other machines reach it, unless it speaks TLS or is told to.
pub(super) fn check_exposure(
    listen: SocketAddr,
    has_tls: bool,
    insecure: bool,
) -> Result<(), ConfigError> {
    if has_tls || insecure || listen.ip().to_canonical().is_loopback() {
        return Ok(());
    }
    error(format!(
        "listen: other machines reach {listen}, and without TLS whoever is on the way can read \
         and change everything: add a [tls] table (docs/OPERATIONS.md, \"Secure\"), or accept \
         that with insecure = true or --insecure"
    ))
}
