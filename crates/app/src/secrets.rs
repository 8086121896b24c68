//! Keys of our own, and the keyed hashes made with them.

use aws_lc_rs::hmac;
use std::fmt::Write as _;

/// Keys that never leave the process.
pub struct Secrets {
    codes: hmac::Key,
    tokens: hmac::Key,
}

impl Secrets {
    /// From 32 secret bytes; each use gets a key of its own.
    #[must_use]
    pub fn new(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derive =
            |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&master, purpose.as_bytes()).as_ref());
        Self { codes: derive("one-time codes"), tokens: derive("session tokens") }
    }
    /// The hash under which a one-time code of a request is kept.
    #[must_use]
    pub fn code_hash(&self, request: &[u8], code: &str) -> Vec<u8> {
        hmac::sign(&self.codes, &[request, code.as_bytes()].concat()).as_ref().to_vec()
    }
    /// Whether a code matches its hash; takes the same time whether it does or not.
    #[must_use]
    pub fn code_matches(&self, request: &[u8], code: &str, hash: &[u8]) -> bool {
        hmac::verify(&self.codes, &[request, code.as_bytes()].concat(), hash).is_ok()
    }
    /// The hash under which a session token is kept.
    #[must_use]
    pub fn token_hash(&self, token: &str) -> Vec<u8> {
        hmac::sign(&self.tokens, token.as_bytes()).as_ref().to_vec()
    }
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a string cannot fail
        text
    })
}
