//! RSA keys, in the forms that people paste into a configuration.

use crate::{Error, pem};
use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize, PublicKey as RsaPublicKey},
    signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

/// A private RSA key of 2048 to 8192 bits. Its `Debug` shows the size only.
#[derive(Clone)]
pub struct PrivateKey(KeyPair);

/// A public RSA key of 2048 to 8192 bits. Its `Debug` shows the size only.
#[derive(Clone)]
pub struct PublicKey {
    parsed: ParsedPublicKey,
    bits: usize,
}

impl PrivateKey {
    /// Reads PKCS#8 or PKCS#1, as PEM or as the bare base64 that Alipay's key tool hands out. White space is ignored.
    ///
    /// # Errors
    /// [`Error::KeyEncoding`] if the text is neither, [`Error::KeyRejected`] if the bytes are no such key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let der = decode(text, &["PRIVATE KEY", "RSA PRIVATE KEY"], "private key")?;
        KeyPair::from_pkcs8(&der).or_else(|_| KeyPair::from_der(&der)).map(Self).map_err(|_| Error::KeyRejected)
    }

    /// A new key of 2048 bits, for stand-ins and tests.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the system has no randomness.
    pub fn generate() -> Result<Self, Error> {
        KeyPair::generate(KeySize::Rsa2048).map(Self).map_err(|_| Error::Crypto)
    }

    /// The key as PKCS#8 in base64 on one line, as Alipay's key tool writes it. A secret.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library cannot write it.
    pub fn to_base64(&self) -> Result<String, Error> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| Error::Crypto)?;
        Ok(STANDARD.encode(der.as_ref()))
    }

    /// The key as PKCS#8 in PEM. A secret.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library cannot write it.
    pub fn to_pem(&self) -> Result<String, Error> {
        Ok(pem::armor("PRIVATE KEY", &self.to_base64()?))
    }

    /// The public half.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library cannot write it.
    pub fn public_key(&self) -> Result<PublicKey, Error> {
        PublicKey::from_rsa(self.0.public_key()).map_err(|_| Error::Crypto)
    }

    /// SHA256withRSA (PKCS#1 v1.5) over `message`, in base64. Deterministic. Takes some 0.2 ms or more: sign on a
    /// thread that may block.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library refuses.
    pub fn sign(&self, message: &[u8]) -> Result<String, Error> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).map_err(|_| Error::Crypto)?;
        Ok(STANDARD.encode(signature))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bits)", self.0.public_modulus_len() * 8)
    }
}

impl PublicKey {
    /// Reads SubjectPublicKeyInfo (or PKCS#1), as PEM or as bare base64. White space is ignored.
    ///
    /// # Errors
    /// [`Error::KeyEncoding`] if the text is neither, [`Error::KeyRejected`] if the bytes are no such key.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::from_der(&decode(text, &["PUBLIC KEY", "RSA PUBLIC KEY"], "public key")?)
    }

    /// Reads SubjectPublicKeyInfo (or PKCS#1) in DER.
    ///
    /// # Errors
    /// [`Error::KeyRejected`] if the bytes are no such key.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        Self::from_rsa(&RsaPublicKey::from_der(der).map_err(|_| Error::KeyRejected)?)
    }

    fn from_rsa(key: &RsaPublicKey) -> Result<Self, Error> {
        let bits = key.modulus_len() * 8;
        if !(2048..=8192).contains(&bits) {
            return Err(Error::KeyRejected);
        }
        let spki: PublicKeyX509Der<'_> = key.as_der().map_err(|_| Error::KeyRejected)?;
        let parsed =
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki.as_ref()).map_err(|_| Error::KeyRejected)?;
        Ok(Self { parsed, bits })
    }

    /// The key as SubjectPublicKeyInfo in base64 on one line, the form that is pasted into Alipay's console.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library cannot write it.
    pub fn to_base64(&self) -> Result<String, Error> {
        let der: PublicKeyX509Der<'_> = self.parsed.as_der().map_err(|_| Error::Crypto)?;
        Ok(STANDARD.encode(der.as_ref()))
    }

    /// The key as SubjectPublicKeyInfo in PEM.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library cannot write it.
    pub fn to_pem(&self) -> Result<String, Error> {
        Ok(pem::armor("PUBLIC KEY", &self.to_base64()?))
    }

    /// Checks a SHA256withRSA (PKCS#1 v1.5) signature given in base64.
    ///
    /// # Errors
    /// [`Error::BadSignature`] if it is not base64 or not the signature of `message`.
    pub fn verify(&self, message: &[u8], signature_base64: &str) -> Result<(), Error> {
        let signature = STANDARD.decode(signature_base64).map_err(|_| Error::BadSignature)?;
        self.parsed.verify_sig(message, &signature).map_err(|_| Error::BadSignature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.parsed.as_ref() == other.parsed.as_ref()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits)", self.bits)
    }
}

/// DER out of PEM with one of `labels`, or out of bare base64.
fn decode(text: &str, labels: &[&str], expected: &'static str) -> Result<Vec<u8>, Error> {
    let refused = Error::KeyEncoding { expected };
    let mut body = text.trim();
    if body.starts_with("-----") {
        let label = labels.iter().find(|label| body.starts_with(&format!("-----BEGIN {label}-----")));
        body = label
            .and_then(|label| {
                body.strip_prefix(&format!("-----BEGIN {label}-----"))?.strip_suffix(&format!("-----END {label}-----"))
            })
            .ok_or_else(|| refused.clone())?;
    }
    pem::unwrapped(body).ok_or(refused)
}
