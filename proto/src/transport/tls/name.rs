//! What a certificate says: whose it is, and until when. Must not verify it.

use rustls::pki_types::CertificateDer;
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _};

use crate::transport::PeerIdentity;

/// See [`PeerIdentity`].
pub fn of(certificate: &CertificateDer<'_>) -> Option<PeerIdentity> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let alternatives = alternatives.iter().flat_map(|names| &names.value.general_names);
    let name = alternatives.filter_map(|name| match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => Some(*name),
        _ => None,
    });
    let common = || certificate.subject().iter_common_name().next()?.as_str().ok();
    let name = name.into_iter().next().or_else(common)?;
    Some(PeerIdentity(name.to_owned()))
}

/// The end of its validity, in seconds since 1970.
pub fn expires_seconds(certificate: &CertificateDer<'_>) -> Option<u64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_after.timestamp().try_into().unwrap_or(0))
}
