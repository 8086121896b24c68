//! The keys that the gateway signs with: one public key, and platform certificates that are made when they are wanted.
//!
//! A gateway that changes its key signs with the new one, and answers requests that name an older one with that.

use super::certificate::certificate;
use crate::{net::lock, random};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Mutex;
use wire_pay::{
    alipay::PrivateKey,
    wechat::{ApiV3Key, Error, NONCE_BYTES, PlatformSigner, seal_certificates},
};

const DAY_S: i64 = 86_400;

/// What to sign with from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signing {
    /// The public key.
    PublicKey,
    /// The newest certificate.
    Certificate,
    /// A certificate that nobody has seen yet. The older ones stay in the list.
    NewCertificate,
}

/// All keys of the gateway.
pub(crate) struct Keys {
    pub(crate) api_key: ApiV3Key,
    public_id: String,
    public: PlatformSigner,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Oldest first.
    certificates: Vec<Held>,
    /// Whether notices, and answers to requests that name no key, are signed with the newest certificate.
    with_certificate: bool,
}

#[derive(Clone)]
struct Held {
    serial: String,
    pem: String,
    signer: PlatformSigner,
}

impl Keys {
    /// Signs with the public key called `public_id` until it is told otherwise.
    ///
    /// # Errors
    /// [`wire_pay::Error::BadField`].
    pub(crate) fn new(api_key: ApiV3Key, public_id: &str, public: PrivateKey) -> Result<Self, Error> {
        let public_id = public_id.to_owned();
        Ok(Self { api_key, public: PlatformSigner::new(&public_id, public)?, public_id, kept: Mutex::default() })
    }

    /// The key that is used when nothing else is asked for.
    pub(super) fn now(&self) -> PlatformSigner {
        let kept = lock(&self.kept);
        match kept.certificates.last().filter(|_| kept.with_certificate) {
            Some(held) => held.signer.clone(),
            None => self.public.clone(),
        }
    }

    /// The key for an answer to a request that names one.
    pub(super) fn named(&self, serial: Option<&str>) -> PlatformSigner {
        match serial {
            Some(id) if id == self.public_id => self.public.clone(),
            Some(serial) => {
                let held = lock(&self.kept).certificates.iter().find(|held| held.serial == serial).cloned();
                held.map_or_else(|| self.now(), |held| held.signer)
            }
            None => self.now(),
        }
    }

    /// Changes the key that is used.
    ///
    /// # Errors
    /// [`wire_pay::Error::Crypto`].
    pub(crate) async fn sign_with(&self, signing: Signing, now_us: i64) -> Result<(), Error> {
        let none = lock(&self.kept).certificates.is_empty();
        if signing == Signing::NewCertificate || (signing == Signing::Certificate && none) {
            self.add(now_us).await?;
        }
        lock(&self.kept).with_certificate = signing != Signing::PublicKey;
        Ok(())
    }

    /// The list of certificates, sealed. The first one is made when it is first asked for.
    ///
    /// # Errors
    /// [`wire_pay::Error::Crypto`].
    pub(super) async fn list(&self, now_us: i64) -> Result<String, Error> {
        if lock(&self.kept).certificates.is_empty() {
            self.add(now_us).await?;
        }
        let held = lock(&self.kept).certificates.clone();
        let nonces = held.iter().map(|_| nonce()).collect::<Result<Vec<_>, _>>()?;
        let list: Vec<_> = held.iter().zip(&nonces).map(|(held, nonce)| (held.pem.as_str(), nonce.as_str())).collect();
        seal_certificates(&list, &self.api_key)
    }

    async fn add(&self, now_us: i64) -> Result<(), Error> {
        let now_s = now_us / 1_000_000;
        // Finding primes takes a while.
        let made = tokio::task::spawn_blocking(move || {
            let mut number = random(20)?;
            if let Some(first) = number.first_mut() {
                // Positive, and of full length.
                *first = 0x40 | (*first & 0x3f);
            }
            let key = PrivateKey::generate()?;
            let pem = certificate(&key, &number, now_s - DAY_S, now_s + 5 * 365 * DAY_S)?;
            let serial: String = number.iter().map(|byte| format!("{byte:02X}")).collect();
            Ok::<_, Error>(Held { signer: PlatformSigner::new(&serial, key)?, pem, serial })
        });
        let held = made.await.map_err(|_| wire_pay::Error::Crypto)??;
        lock(&self.kept).certificates.push(held);
        Ok(())
    }

    /// What the control interface shows.
    pub(crate) fn view(&self) -> Value {
        let kept = lock(&self.kept);
        let certificates: Vec<&str> = kept.certificates.iter().map(|held| held.serial.as_str()).collect();
        let newest = certificates.last().copied().filter(|_| kept.with_certificate);
        json!({
            "public_key": self.public_id,
            "certificates": certificates,
            "signs_with": newest.unwrap_or(&self.public_id),
        })
    }
}

/// A nonce to seal with.
pub(super) fn nonce() -> Result<String, wire_pay::Error> {
    crate::random_hex(NONCE_BYTES / 2)
}
