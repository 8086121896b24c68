//! The gateway's keys: public keys that the configuration names, and platform certificates that the gateway hands out.
//!
//! Keeps them in memory only. Believes a list of certificates when a key that is known already signed it, and else as far
//! as the protocol goes: every certificate was sealed with the APIv3 key, which the gateway and the merchant alone hold,
//! and the list is signed by one of them.

use everline_core::time::{MINUTE_US, SystemTime};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{PoisonError, RwLock};
use tokio::sync::{Mutex, MutexGuard};
use wire_pay::wechat::{ApiV3Key, Error, PlatformKeys, Signature, open_certificates};

/// How long a message with an unknown certificate fetches no list, after another one did: anybody can send such messages.
const BETWEEN_LISTS_US: i64 = 3 * MINUTE_US;

/// The keys that are known now.
pub(super) struct Keyring {
    api_key: ApiV3Key,
    /// From the configuration; stay whatever the gateway says.
    pinned: PlatformKeys,
    known: RwLock<PlatformKeys>,
    /// When the list was last asked for; locked as long as somebody asks.
    asked: Mutex<Option<SystemTime>>,
    /// A notice was signed with a certificate that is not known.
    wanted: AtomicBool,
}

impl Keyring {
    pub(super) fn new(pinned: PlatformKeys, api_key: ApiV3Key) -> Self {
        let known = RwLock::new(pinned.clone());
        Self { api_key, pinned, known, asked: Mutex::new(None), wanted: AtomicBool::new(false) }
    }

    pub(super) const fn api_key(&self) -> &ApiV3Key {
        &self.api_key
    }

    /// All keys, as they are now.
    pub(super) fn known(&self) -> PlatformKeys {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nothing can be checked yet.
    pub(super) fn is_empty(&self) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).serials().next().is_none()
    }

    /// Notes that a message named a key that is not known. A public key is in no list: people configure it.
    pub(super) fn miss(&self, serial: &str) {
        if serial.starts_with("PUB_KEY_ID_") {
            tracing::warn!(serial, "wechat signs with a public key that the configuration does not name");
        } else {
            self.wanted.store(true, Ordering::Release);
        }
    }

    /// The turn to ask for the list, if one is wanted and the last one is not too young. Without any key it always is.
    pub(super) async fn turn(&self, now: SystemTime) -> Option<MutexGuard<'_, Option<SystemTime>>> {
        if !self.wanted.load(Ordering::Acquire) && !self.is_empty() {
            return None;
        }
        let mut asked = self.asked.lock().await;
        // Somebody else may have got it meanwhile.
        let wanted = self.is_empty() || self.wanted.load(Ordering::Acquire);
        let young = asked.is_some_and(|at| now.since_us(at).abs() < BETWEEN_LISTS_US);
        if !wanted || (young && !self.is_empty()) {
            return None;
        }
        *asked = Some(now);
        Some(asked)
    }

    /// Takes a list of certificates; those of an earlier list that are not in it are forgotten.
    ///
    /// # Errors
    /// As [`PlatformKeys::verify`], [`PlatformKeys::from_list`] and [`open_certificates`]; nothing changes then.
    pub(super) fn take(&self, signature: &Signature, body: &[u8], now_unix_s: i64) -> Result<(), Error> {
        match self.known().verify(signature, body, now_unix_s) {
            Err(Error::UnknownSerial { .. }) => {
                PlatformKeys::from_list(signature, body, &self.api_key, now_unix_s)?;
            }
            other => other?,
        }
        let mut keys = self.pinned.clone();
        for certificate in open_certificates(body, &self.api_key)? {
            keys.add_certificate(&certificate)?;
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = keys;
        self.wanted.store(false, Ordering::Release);
        Ok(())
    }
}
