//! Whose certificates are believed.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;

/// What to do where the system has no certificates.
pub(crate) const NO_ROOTS: &str =
    "install the system's CA certificates (package `ca-certificates`) or name a CA file in the configuration";

/// Why TLS cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The CA file holds no certificate or a broken one.
    #[error("CA certificates: {0}")]
    Certificates(String),
    /// TLS cannot be set up.
    #[error("setting up TLS: {0}")]
    Setup(String),
}

/// TLS by rustls with ring, and why no certificate can be checked, if none can.
pub(crate) struct Trust {
    pub(crate) tls: ClientConfig,
    pub(crate) no_roots: Option<String>,
}

impl Trust {
    /// Certificates are checked against the system's own, or, with `ca_pem`, against these CA
    /// certificates (PEM) and no others.
    pub(crate) fn new(ca_pem: Option<&[u8]>) -> Result<Self, TrustError> {
        let setup = |error: rustls::Error| TrustError::Setup(error.to_string());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
        };
        if let Some(pem) = ca_pem {
            let roots = only(pem)?;
            let tls = builder().map_err(setup)?.with_root_certificates(roots).with_no_client_auth();
            return Ok(Self { tls, no_roots: None });
        }
        match builder().map_err(setup)?.with_platform_verifier() {
            Ok(tls) => Ok(Self { tls: tls.with_no_client_auth(), no_roots: None }),
            Err(error) => {
                let none = RootCertStore::empty();
                let tls = builder().map_err(setup)?.with_root_certificates(none).with_no_client_auth();
                Ok(Self { tls, no_roots: Some(format!("no certificate can be checked: {error}")) })
            }
        }
    }
}

fn only(pem: &[u8]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| TrustError::Certificates(error.to_string()))?;
        roots.add(certificate).map_err(|error| TrustError::Certificates(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(TrustError::Certificates("the file holds none in PEM form".to_owned()));
    }
    Ok(roots)
}
