//! Keys of our own, and what is made with them: keyed hashes, and secrets sealed for the store.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use std::fmt::Write as _;

/// Keys that never leave the process.
pub struct Secrets {
    codes: hmac::Key,
    tokens: hmac::Key,
    seal: Option<LessSafeKey>,
    nonces: hmac::Key,
    names: hmac::Key,
}

/// The key cannot be used, or the bytes were not sealed under it for this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: it was sealed with another key, or for another row")]
pub struct NotSealedHere;

/// The first byte of every sealed value.
const SEAL_VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;

impl Secrets {
    /// From 32 secret bytes; each use gets a key of its own.
    #[must_use]
    pub fn new(master: &[u8; 32]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derive =
            |purpose: &str| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&master, purpose.as_bytes()).as_ref());
        let bytes = hmac::sign(&master, b"sealed values");
        let seal = UnboundKey::new(&AES_256_GCM_SIV, bytes.as_ref()).ok().map(LessSafeKey::new);
        Self {
            codes: derive("one-time codes"),
            tokens: derive("session tokens"),
            seal,
            nonces: derive("nonces of sealed values"),
            names: derive("names of secrets"),
        }
    }
    /// Seals a secret for one place, for example `898…/puk1`: it opens for no other.
    ///
    /// AES-256-GCM-SIV (RFC 8452). The nonce follows from place and secret, so that the same secret in the same place is
    /// sealed to the same bytes: a Work that runs again writes the same row, and that is all that an equal value tells.
    ///
    /// # Errors
    /// [`NotSealedHere`] if the key cannot be used.
    pub fn seal(&self, place: &str, secret: &str) -> Result<Vec<u8>, NotSealedHere> {
        let key = self.seal.as_ref().ok_or(NotSealedHere)?;
        let mut nonces = hmac::Context::with_key(&self.nonces);
        for part in [place.as_bytes(), &[0], secret.as_bytes()] {
            nonces.update(part);
        }
        let mut nonce = [0; NONCE_BYTES];
        nonce.iter_mut().zip(nonces.sign().as_ref()).for_each(|(to, from)| *to = *from);
        let mut sealed = secret.as_bytes().to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| NotSealedHere)?;
        Ok([&[SEAL_VERSION], nonce.as_slice(), sealed.as_slice()].concat())
    }
    /// Opens what was sealed for a place.
    ///
    /// # Errors
    /// [`NotSealedHere`] if it was sealed for another place or with another key, or was changed.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<String, NotSealedHere> {
        let key = self.seal.as_ref().ok_or(NotSealedHere)?;
        let (version, rest) = sealed.split_first().ok_or(NotSealedHere)?;
        let (nonce, body) = rest.split_at_checked(NONCE_BYTES).ok_or(NotSealedHere)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealedHere)?;
        if *version != SEAL_VERSION {
            return Err(NotSealedHere);
        }
        let mut body = body.to_vec();
        let secret = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body).map_err(|_| NotSealedHere)?;
        String::from_utf8(secret.to_vec()).map_err(|_| NotSealedHere)
    }
    /// The keyed hash by which a secret is found again; `purpose` keeps hashes of different kinds apart.
    #[must_use]
    pub fn name(&self, purpose: &str, parts: &[&str]) -> [u8; 16] {
        let mut hash = hmac::Context::with_key(&self.names);
        for part in std::iter::once(&purpose).chain(parts) {
            hash.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut name = [0; 16];
        name.iter_mut().zip(hash.sign().as_ref()).for_each(|(to, from)| *to = *from);
        name
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place_and_with_its_key() {
        let secrets = Secrets::new(&[1; 32]);
        let sealed = secrets.seal("89860000000000000001/puk1", "12345678").unwrap();
        assert_eq!(secrets.open("89860000000000000001/puk1", &sealed).as_deref(), Ok("12345678"));
        assert_eq!(secrets.seal("89860000000000000001/puk1", "12345678"), Ok(sealed.clone()));
        assert!(!sealed.windows(8).any(|part| part == b"12345678"));
        for place in ["89860000000000000001/puk2", "89860000000000000002/puk1", ""] {
            assert_eq!(secrets.open(place, &sealed), Err(NotSealedHere), "{place}");
        }
        assert_eq!(Secrets::new(&[2; 32]).open("89860000000000000001/puk1", &sealed), Err(NotSealedHere));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(secrets.open("89860000000000000001/puk1", &changed), Err(NotSealedHere), "byte {at}");
            assert_eq!(secrets.open("89860000000000000001/puk1", &sealed[..at]), Err(NotSealedHere), "cut at {at}");
        }
    }

    #[test]
    fn names_differ_by_key_purpose_and_parts() {
        let secrets = Secrets::new(&[1; 32]);
        let name = secrets.name("puk", &["a", "bc"]);
        assert_eq!(name, secrets.name("puk", &["a", "bc"]));
        for other in [secrets.name("puk", &["ab", "c"]), secrets.name("registration", &["a", "bc"])] {
            assert_ne!(name, other);
        }
        assert_ne!(name, Secrets::new(&[2; 32]).name("puk", &["a", "bc"]));
    }
}
