//! Sealed resources: what a notice or the list of certificates carries, readable with the APIv3 key only.

use super::{Error, NONCE_BYTES, json::Reader};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// The merchant's APIv3 key: 32 bytes that the merchant chose in the console. Its `Debug` shows nothing of them.
#[derive(Clone)]
pub struct ApiV3Key([u8; 32]);

impl fmt::Debug for ApiV3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiV3Key")
    }
}

/// A text sealed by `AEAD_AES_256_GCM`, as JSON carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Ciphertext and tag, in base64.
    pub ciphertext: String,
    /// 12 bytes of text, different for every resource.
    pub nonce: String,
    /// What is authenticated along with it; possibly empty.
    pub associated_data: String,
}

impl ApiV3Key {
    /// A key of exactly 32 bytes.
    ///
    /// # Errors
    /// [`Error::ApiKeyLength`].
    pub fn new(text: &str) -> Result<Self, Error> {
        let bytes = text.as_bytes();
        bytes.try_into().map(Self).map_err(|_| Error::ApiKeyLength { actual_bytes: bytes.len() })
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        Ok(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &self.0).map_err(|_| crate::Error::Crypto)?))
    }

    /// Opens `sealed`. That it opens proves that somebody with the key sealed it.
    ///
    /// # Errors
    /// [`Error::ResourceNonce`]; [`crate::Error::BadField`] for a ciphertext that is not base64; [`Error::Sealed`];
    /// [`crate::Error::NotUtf8`]; [`crate::Error::Crypto`].
    pub fn open(&self, sealed: &Sealed) -> Result<String, Error> {
        let nonce = gcm_nonce(&sealed.nonce)?;
        let mut bytes =
            STANDARD.decode(&sealed.ciphertext).map_err(|_| crate::Error::BadField { name: "resource.ciphertext" })?;
        let plain = self
            .cipher()?
            .open_in_place(nonce, Aad::from(sealed.associated_data.as_bytes()), &mut bytes)
            .map_err(|_| Error::Sealed)?;
        Ok(std::str::from_utf8(plain).map_err(|_| crate::Error::NotUtf8)?.to_owned())
    }

    /// Seals `plain`, as the gateway does. A `nonce` must never be used twice with one key.
    ///
    /// # Errors
    /// [`Error::ResourceNonce`], [`crate::Error::Crypto`].
    pub fn seal(&self, plain: &str, nonce: &str, associated_data: &str) -> Result<Sealed, Error> {
        let mut bytes = plain.as_bytes().to_vec();
        self.cipher()?
            .seal_in_place_append_tag(gcm_nonce(nonce)?, Aad::from(associated_data.as_bytes()), &mut bytes)
            .map_err(|_| crate::Error::Crypto)?;
        Ok(Sealed {
            ciphertext: STANDARD.encode(bytes),
            nonce: nonce.to_owned(),
            associated_data: associated_data.to_owned(),
        })
    }
}

fn gcm_nonce(text: &str) -> Result<Nonce, Error> {
    let bytes: [u8; NONCE_BYTES] =
        text.as_bytes().try_into().map_err(|_| Error::ResourceNonce { actual_bytes: text.len() })?;
    Ok(Nonce::assume_unique_for_key(bytes))
}

impl Sealed {
    /// Reads the members of a resource; `names` are where they are: algorithm, ciphertext, nonce, associated data.
    pub(super) fn read(reader: &Reader, names: [&'static str; 4]) -> Result<Self, Error> {
        let [algorithm, ciphertext, nonce, associated_data] = names;
        let found = reader.text(algorithm)?;
        if found != ALGORITHM {
            return Err(Error::Algorithm { found });
        }
        Ok(Self {
            ciphertext: reader.text(ciphertext)?,
            nonce: reader.text(nonce)?,
            associated_data: reader.optional_text(associated_data)?.unwrap_or_default(),
        })
    }

    /// The members of a resource, in the order in which the gateway writes them.
    pub(super) fn members(&self) -> [(&'static str, &str); 4] {
        [
            ("algorithm", ALGORITHM),
            ("ciphertext", &self.ciphertext),
            ("associated_data", &self.associated_data),
            ("nonce", &self.nonce),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ApiV3Key {
        ApiV3Key::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    #[test]
    fn what_was_sealed_opens_and_nothing_else_does() {
        for (plain, associated_data) in [("{\"a\":\"流量\"}", "transaction"), ("", ""), ("x", "")] {
            let sealed = key().seal(plain, "61f9c719728a", associated_data).unwrap();
            assert_eq!(key().open(&sealed).unwrap(), plain);
            let other = ApiV3Key::new("0123456789abcdef0123456789abcdeF").unwrap();
            assert_eq!(other.open(&sealed), Err(Error::Sealed));
            let changed = Sealed { associated_data: format!("{associated_data} "), ..sealed.clone() };
            assert_eq!(key().open(&changed), Err(Error::Sealed));
            let changed = Sealed { nonce: "61f9c719728b".into(), ..sealed.clone() };
            assert_eq!(key().open(&changed), Err(Error::Sealed));
            let mut bytes = STANDARD.decode(&sealed.ciphertext).unwrap();
            for at in 0..bytes.len() {
                bytes[at] ^= 1;
                let changed = Sealed { ciphertext: STANDARD.encode(&bytes), ..sealed.clone() };
                assert_eq!(key().open(&changed), Err(Error::Sealed), "byte {at}");
                bytes[at] ^= 1;
            }
        }
    }

    #[test]
    fn refusals_have_names() {
        for (text, actual_bytes) in [("", 0), ("0123456789abcdef0123456789abcde", 31), ("流流流流流流流流流流流", 33)]
        {
            assert_eq!(ApiV3Key::new(text).unwrap_err(), Error::ApiKeyLength { actual_bytes });
        }
        let sealed = |ciphertext: &str, nonce: &str| Sealed {
            ciphertext: ciphertext.into(),
            nonce: nonce.into(),
            associated_data: String::new(),
        };
        assert_eq!(key().open(&sealed("", "short")), Err(Error::ResourceNonce { actual_bytes: 5 }));
        assert_eq!(key().seal("", "61f9c719728a1", ""), Err(Error::ResourceNonce { actual_bytes: 13 }));
        let bad = crate::Error::BadField { name: "resource.ciphertext" };
        assert_eq!(key().open(&sealed("!", "61f9c719728a")), Err(bad.into()));
        // Shorter than a tag.
        assert_eq!(key().open(&sealed("AAAA", "61f9c719728a")), Err(Error::Sealed));
        assert_eq!(key().open(&sealed("", "61f9c719728a")), Err(Error::Sealed));
    }

    #[test]
    fn debug_shows_no_key_material() {
        assert_eq!(format!("{:?}", key()), "ApiV3Key");
    }
}
