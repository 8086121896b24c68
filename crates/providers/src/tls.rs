//! TLS towards who is not called by HTTP, with the same library.

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::ConfigVerifierExt;
use std::sync::Arc;

/// Roots that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The text holds no certificate.
    #[error("no certificate in PEM")]
    NoCertificate,
    /// The library will not have it.
    #[error("TLS: {0}")]
    Library(String),
}

/// A client that believes the roots in a text of PEM, or those of the machine.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn client(roots: Option<&str>) -> Result<Arc<ClientConfig>, TlsError> {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let library = |error: rustls::Error| TlsError::Library(error.to_string());
    let Some(pem) = roots else {
        return ClientConfig::with_platform_verifier().map(Arc::new).map_err(library);
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        store.add(certificate.map_err(|_| TlsError::NoCertificate)?).map_err(library)?;
    }
    if store.is_empty() {
        return Err(TlsError::NoCertificate);
    }
    Ok(Arc::new(ClientConfig::builder().with_root_certificates(store).with_no_client_auth()))
}
