//! Which keys and certificates are in use, for the staff to see: what each is for, what it is called, and until when it is
//! valid. Never a key itself.

use crate::config::Config;
use everline_app::ports::{KeyFor, KnownKey};
use everline_core::time::{SECOND_US, SystemTime};
use everline_providers::alipay::Certificate;
use everline_providers::push::PushKey;

/// A certificate as it is shown: by the beginning of its serial number.
pub(crate) fn certificate(key_for: KeyFor, certificate: &Certificate) -> KnownKey {
    let last = certificate.not_after_unix_s().saturating_mul(SECOND_US);
    KnownKey {
        key_for,
        name: certificate.serial_hex().chars().take(NAME_CHARS).collect(),
        valid_until: Some(SystemTime::from_us(last)),
    }
}

const NAME_CHARS: usize = 16;

/// The keys that a configuration names. Files that change while the process runs are read anew.
pub(crate) fn known(config: &Config) -> Vec<KnownKey> {
    let mut keys = Vec::new();
    if let Some(tls) = &config.listen.tls {
        let text = std::fs::read_to_string(&tls.certificate).unwrap_or_default();
        let unreadable = || KnownKey { key_for: KeyFor::Tls, name: String::new(), valid_until: None };
        // What follows the first is its chain.
        let shown = Certificate::parse(&text).map(|leaf| certificate(KeyFor::Tls, &leaf));
        keys.push(shown.unwrap_or_else(|_| unreadable()));
    }
    keys.extend(config.alipay.certificates.iter().cloned());
    if let Some(wechat) = &config.wechat {
        // The certificate itself is at WeChat Pay; we have its key and its number.
        let name = wechat.merchant_serial.chars().take(NAME_CHARS).collect();
        keys.push(KnownKey { key_for: KeyFor::WechatOurs, name, valid_until: None });
    }
    if let Some(push) = &config.messages.push
        && let Ok(key) = PushKey::parse(push.private_key.reveal())
    {
        let name = key.public_key().chars().take(NAME_CHARS).collect();
        keys.push(KnownKey { key_for: KeyFor::Push, name, valid_until: None });
    }
    keys
}
