//! Reads certificates and keys, and makes of them what rustls wants.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};

use super::{name, reloading::Load};
use crate::transport::{ClientFiles, ServerFiles, TlsError, credentials::Identity};

const HTTP2: &[u8] = b"h2";
/// Whoever collects metrics speaks it.
const HTTP1: &[u8] = b"http/1.1";

/// What a server's files say.
pub struct Server {
    pub config: Arc<ServerConfig>,
    /// Until when its certificate is valid, in seconds since 1970.
    pub expires_seconds: u64,
}

impl Load<Server> for ServerFiles {
    fn paths(&self) -> Vec<&Path> {
        let Identity { certificate, key } = &self.identity;
        [certificate, key].into_iter().chain(&self.client_ca).map(PathBuf::as_path).collect()
    }

    fn load(&self) -> Result<Server, TlsError> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring has them");
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let roots = Arc::new(roots(ca)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
                let verifier = verifier.build().map_err(|why| unusable(ca, why.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let (chain, key) = identity(&self.identity)?;
        let certificate = &self.identity.certificate;
        let expires_seconds = name::expires_seconds(&chain[0])
            .ok_or_else(|| unusable(certificate, "the certificate cannot be read".to_owned()))?;
        let config = builder.with_single_cert(chain, key);
        let mut config = config.map_err(|why| mismatch(&self.identity, &why))?;
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        Ok(Server { config: Arc::new(config), expires_seconds })
    }
}

impl Load<ClientConfig> for ClientFiles {
    fn paths(&self) -> Vec<&Path> {
        let own = self.identity.iter().flat_map(|own| [&own.certificate, &own.key]);
        [&self.ca].into_iter().chain(own).map(PathBuf::as_path).collect()
    }

    fn load(&self) -> Result<ClientConfig, TlsError> {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots(&self.ca)?);
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let (chain, key) = identity(own)?;
                builder.with_client_auth_cert(chain, key).map_err(|why| mismatch(own, &why))?
            }
        };
        config.alpn_protocols = vec![HTTP2.to_vec()];
        Ok(config)
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn unusable(file: &Path, why: String) -> TlsError {
    TlsError::Unusable { file: file.to_owned(), why }
}

fn mismatch(identity: &Identity, why: &rustls::Error) -> TlsError {
    let certificate = identity.certificate.display();
    unusable(&identity.key, format!("not a key for the certificate in {certificate}: {why}"))
}

fn read(file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|why| TlsError::Unreadable { file: file.to_owned(), why })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unusable(file, "no certificate is in it: put one there, as PEM".to_owned())),
        Err(why) => Err(unusable(file, format!("it is not PEM: {why}"))),
    }
}

fn roots(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        let added = roots.add(certificate);
        added.map_err(|why| unusable(file, format!("not an authority's certificate: {why}")))?;
    }
    Ok(roots)
}

type Shown = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(identity: &Identity) -> Result<Shown, TlsError> {
    let chain = certificates(&identity.certificate)?;
    let text = read(&identity.key)?;
    let key = PrivateKeyDer::from_pem_slice(&text)
        .map_err(|why| unusable(&identity.key, format!("no private key as PEM is in it: {why}")))?;
    Ok((chain, key))
}
