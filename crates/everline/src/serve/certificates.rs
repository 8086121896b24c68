//! TLS certificates, loaded again when their files change.

use crate::config::Tls;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(60);

/// The certificate in use.
pub(super) struct Certificates {
    files: Tls,
    current: RwLock<(Arc<ServerConfig>, Stamp)>,
}

/// When the files were changed last.
type Stamp = [Option<SystemTime>; 2];

impl Certificates {
    pub(super) fn load(files: &Tls) -> Result<Arc<Self>, String> {
        let current = RwLock::new((load(files)?, stamp(files)));
        Ok(Arc::new(Self { files: files.clone(), current }))
    }

    /// What the next connection is served with.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Loads the files again if they changed. What cannot be used is not: the old certificate stays.
    fn refresh(&self) {
        let now = stamp(&self.files);
        if self.current.read().unwrap_or_else(PoisonError::into_inner).1 == now {
            return;
        }
        match load(&self.files) {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = (config, now);
                tracing::info!("the certificate was loaded again");
            }
            Err(what) => tracing::error!(what, "the changed certificate cannot be used; the old one stays"),
        }
    }
}

/// Looks at the files every minute, and on SIGHUP.
pub(super) async fn keep_fresh(certificates: Arc<Certificates>) {
    let mut times = tokio::time::interval(EVERY);
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    loop {
        tokio::select! {
            _ = times.tick() => {}
            _ = hangup.recv() => {}
        }
        certificates.refresh();
    }
}

fn stamp(files: &Tls) -> Stamp {
    [&files.certificate, &files.key].map(|file| std::fs::metadata(file).and_then(|known| known.modified()).ok())
}

fn load(files: &Tls) -> Result<Arc<ServerConfig>, String> {
    let wrong = |file: &Path, what: &dyn std::fmt::Display| format!("{}: {what}", file.display());
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| wrong(&files.certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong(&files.certificate, &"no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_no_client_auth();
    let mut config = builder.with_single_cert(chain, key).map_err(|error| wrong(&files.key, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
