//! Keys of our own, and what is made with them: keyed hashes, secrets sealed for the store, and the signatures of receipts.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use everline_core::receipt::{KeyId, SIGNATURE_BYTES};
use std::fmt::Write as _;

/// Keys that never leave the process.
pub struct Secrets {
    codes: hmac::Key,
    tokens: hmac::Key,
    seal: Option<LessSafeKey>,
    nonces: hmac::Key,
    names: hmac::Key,
    receipts: Option<Ed25519KeyPair>,
    /// The public keys under which receipts were or are signed.
    receipt_keys: Vec<ReceiptKey>,
}

/// A public key under which receipts are believed (Ed25519, RFC 8032).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptKey(pub [u8; 32]);

impl ReceiptKey {
    /// What names it on receipts.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(digest(&SHA256, &self.0).as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// The key cannot be used: a mistake of the cryptographic library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key that signs receipts cannot be used")]
pub struct NoReceiptKey;

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
        let seed = hmac::sign(&master, b"receipt signatures");
        let receipts = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).ok();
        let public = receipts.as_ref().and_then(|pair| pair.public_key().as_ref().try_into().ok()).map(ReceiptKey);
        Self {
            receipts,
            receipt_keys: public.into_iter().collect(),
            codes: derive("one-time codes"),
            tokens: derive("session tokens"),
            seal,
            nonces: derive("nonces of sealed values"),
            names: derive("names of secrets"),
        }
    }
    /// These keys, and public keys under which receipts were signed before the master key was another one.
    #[must_use]
    pub fn knowing(mut self, former: impl IntoIterator<Item = ReceiptKey>) -> Self {
        self.receipt_keys.extend(former);
        self
    }
    /// The key under which receipts are signed now.
    #[must_use]
    pub fn receipt_key(&self) -> Option<ReceiptKey> {
        self.receipt_keys.first().copied().filter(|_| self.receipts.is_some())
    }
    /// Signs the text of a receipt. The same text gets the same signature.
    ///
    /// # Errors
    /// [`NoReceiptKey`]
    pub fn sign_receipt(&self, text: &str) -> Result<(ReceiptKey, [u8; SIGNATURE_BYTES]), NoReceiptKey> {
        let (pair, key) = self.receipts.as_ref().zip(self.receipt_key()).ok_or(NoReceiptKey)?;
        let signature = pair.sign(text.as_bytes()).as_ref().try_into().map_err(|_| NoReceiptKey)?;
        Ok((key, signature))
    }
    /// The key of this name under which we signed this text; `None` if there is no such key or it did not.
    #[must_use]
    pub fn receipt_signed(&self, id: KeyId, text: &str, signature: &[u8; SIGNATURE_BYTES]) -> Option<ReceiptKey> {
        let mut named = self.receipt_keys.iter().filter(|key| key.id() == id);
        let signed = |key: &ReceiptKey| UnparsedPublicKey::new(&ED25519, key.0).verify(text.as_bytes(), signature);
        named.find(|key| signed(key).is_ok()).copied()
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
    /// The hash of a card, by what its provider calls a fingerprint: the same for the same card, whoever uses it.
    #[must_use]
    pub fn card_hash(&self, provider: &str, fingerprint: &str) -> Vec<u8> {
        self.token_hash(&format!("card:{provider}:{fingerprint}"))
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
    fn receipts_are_signed_under_a_key_that_has_a_name() {
        let (one, other) = (Secrets::new(&[1; 32]), Secrets::new(&[2; 32]));
        let (key, signature) = one.sign_receipt("number 1").unwrap();
        assert_eq!(one.receipt_key(), Some(key));
        assert_eq!(one.sign_receipt("number 1"), Ok((key, signature)), "the same text, the same signature");
        assert_eq!(one.receipt_signed(key.id(), "number 1", &signature), Some(key));
        assert_eq!(one.receipt_signed(key.id(), "number 2", &signature), None, "another text");
        for at in 0..SIGNATURE_BYTES {
            let mut changed = signature;
            changed[at] ^= 1;
            assert_eq!(one.receipt_signed(key.id(), "number 1", &changed), None, "byte {at}");
        }
        assert_ne!(other.receipt_key(), Some(key));
        assert_eq!(other.receipt_signed(key.id(), "number 1", &signature), None, "a key that is not known");
        let own = other.receipt_key().unwrap();
        assert_eq!(other.receipt_signed(own.id(), "number 1", &signature), None, "a key that did not sign it");
        let heir = Secrets::new(&[2; 32]).knowing([key]);
        assert_eq!(heir.receipt_signed(key.id(), "number 1", &signature), Some(key), "a former key");
        assert_eq!(heir.receipt_key(), Some(own), "new receipts are signed under the new one");
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
