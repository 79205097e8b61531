//! An authority for tests, and files of what it certifies. Other crates' tests include this
//! file by its path: nothing of it is shipped.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

/// Where nodes of tests listen.
const HOST: &str = "127.0.0.1";

/// See the module.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its own certificate.
    pub file: PathBuf,
}

impl Authority {
    /// A new one, whose certificate is a file in the folder.
    pub fn new(folder: &Path, name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let file = folder.join(format!("{name}.pem"));
        fs::write(&file, certificate.pem()).expect("write");
        Authority { issuer: Issuer::new(params, key), file }
    }

    /// Certifies one of this common name, with alternative names; gives the files of the
    /// certificate and its key, which are named after it.
    pub fn certify(&self, folder: &Path, name: &str, others: Vec<SanType>) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = others;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let (file, key_file) =
            (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        fs::write(&file, certificate.pem()).expect("write");
        fs::write(&key_file, key.serialize_pem()).expect("write");
        (file, key_file)
    }

    /// Certifies a node on loopback.
    pub fn node(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let host = SanType::IpAddress(HOST.parse().expect("an address"));
        self.certify(folder, name, vec![host])
    }
}
