//! What the gateway signs: responses and notices, and the keys that check them.

use super::{
    Error, SCHEME,
    authorization::{header_safe, unix_s},
    check_skew, header,
};
use crate::{
    Certificate, Error as Shared,
    rsa::{PrivateKey, PublicKey},
};
use std::{collections::BTreeMap, fmt};

/// Longest value of a header read, in bytes. With a key of 8192 bits a signature has 1368.
const VALUE_BYTES_MAX: usize = 2048;
/// What the signature of a probe begins with.
const PROBE: &str = "WECHATPAY/SIGNTEST/";
/// What the ids of public keys begin with. Any other serial number is a certificate's.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";

/// The headers that sign a response or a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    timestamp: String,
    nonce: String,
    signature: String,
    serial: String,
}

impl Signature {
    /// Finds the headers among all headers of a message. Names are compared without regard to case; values are taken
    /// as they are.
    ///
    /// # Errors
    /// [`Error::MissingHeader`], also for an empty one; [`Error::BadHeader`] for a very long one;
    /// [`crate::Error::Duplicate`]; [`Error::SignatureProbe`]; [`Error::SignatureType`].
    pub fn read<'a>(headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, Error> {
        let mut values: [Option<&str>; 5] = [None; 5];
        for (name, value) in headers {
            let slot = header::SIGNED.iter().zip(&mut values).find(|(known, _)| known.eq_ignore_ascii_case(name));
            let Some((known, slot)) = slot else { continue };
            if value.len() > VALUE_BYTES_MAX {
                return Err(Error::BadHeader { name: known });
            }
            if slot.replace(value).is_some() {
                return Err(Shared::Duplicate { name: (*known).to_owned() }.into());
            }
        }
        let [timestamp, nonce, signature, serial, signature_type] = values;
        let required = |name: &'static str, value: Option<&str>| {
            value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or(Error::MissingHeader { name })
        };
        let read = Self {
            timestamp: required(header::TIMESTAMP, timestamp)?,
            nonce: required(header::NONCE, nonce)?,
            signature: required(header::SIGNATURE, signature)?,
            serial: required(header::SERIAL, serial)?,
        };
        if read.signature.starts_with(PROBE) {
            return Err(Error::SignatureProbe);
        }
        // Messages of older layers have no such header.
        match signature_type {
            None | Some(SCHEME) => Ok(read),
            Some(other) => Err(Error::SignatureType { found: other.to_owned() }),
        }
    }

    /// Names and values, as a stand-in of the gateway sends them.
    #[must_use]
    pub fn headers(&self) -> [(&'static str, &str); 5] {
        [
            (header::TIMESTAMP, &self.timestamp),
            (header::NONCE, &self.nonce),
            (header::SIGNATURE, &self.signature),
            (header::SERIAL, &self.serial),
            (header::SIGNATURE_TYPE, SCHEME),
        ]
    }

    /// Which key shall have signed: the id of a public key or the serial number of a certificate.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    fn signed_text(&self, body: &[u8]) -> Vec<u8> {
        let mut message = format!("{}\n{}\n", self.timestamp, self.nonce).into_bytes();
        message.extend_from_slice(body);
        message.push(b'\n');
        message
    }
}

/// One key of the gateway.
#[derive(Debug, Clone)]
struct Key {
    /// Its name as the gateway writes it.
    serial: String,
    public: PublicKey,
    /// The first and the last second in which it counts; a public key always does.
    valid_unix_s: Option<(i64, i64)>,
}

/// The gateway's keys: platform certificates by serial number and public keys by id, side by side.
///
/// A gateway that changes its key, or from certificates to public keys, signs with the old and the new one for days, a
/// response this way and the next one that way. So a set holds any number of both.
#[derive(Debug, Clone, Default)]
pub struct PlatformKeys(BTreeMap<String, Key>);

impl PlatformKeys {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The names of all keys, each with the last unix second in which it counts; a public key has none.
    pub fn validities(&self) -> impl Iterator<Item = (&str, Option<i64>)> {
        self.0.values().map(|key| (key.serial.as_str(), key.valid_unix_s.map(|(_, last)| last)))
    }

    /// Adds the public key `id` (`PUB_KEY_ID_...`) as the merchant's console shows both.
    ///
    /// # Errors
    /// [`Error::PublicKeyId`].
    pub fn add_public_key(&mut self, id: &str, public: PublicKey) -> Result<(), Error> {
        if !id.starts_with(PUBLIC_KEY_ID) || header_safe("id", id).is_err() {
            return Err(Error::PublicKeyId { id: id.to_owned() });
        }
        self.0.insert(canonical(id), Key { serial: id.to_owned(), public, valid_unix_s: None });
        Ok(())
    }

    /// Adds a platform certificate. It counts from its first to its last second.
    ///
    /// # Errors
    /// [`crate::Error::CertificateKey`].
    pub fn add_certificate(&mut self, certificate: &Certificate) -> Result<(), Error> {
        let serial = certificate.serial_hex();
        let valid_unix_s = Some((certificate.not_before_unix_s(), certificate.not_after_unix_s()));
        let key = Key { public: certificate.public_key()?.clone(), valid_unix_s, serial };
        self.0.insert(canonical(&key.serial), key);
        Ok(())
    }

    /// Serial numbers and ids of the keys, in no order that means anything.
    pub fn serials(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(|key| key.serial.as_str())
    }

    /// The key to name in `Wechatpay-Serial` of a request, so that the gateway answers with it: a public key if there
    /// is one, else the certificate that is valid longest.
    #[must_use]
    pub fn wanted_serial(&self) -> Option<&str> {
        let until = |key: &Key| key.valid_unix_s.map_or(i64::MAX, |(_, until)| until);
        self.0.values().max_by_key(|key| until(key)).map(|key| key.serial.as_str())
    }

    /// Checks that the gateway signed `body`, byte for byte as it arrived, not long ago.
    ///
    /// # Errors
    /// [`Error::BadHeader`] for a timestamp that is no number, [`Error::Skew`], [`Error::UnknownSerial`],
    /// [`Error::CertificateNotValidNow`], [`crate::Error::BadSignature`].
    pub fn verify(&self, signature: &Signature, body: &[u8], now_unix_s: i64) -> Result<(), Error> {
        let timestamp_unix_s = unix_s(&signature.timestamp).ok_or(Error::BadHeader { name: header::TIMESTAMP })?;
        check_skew(timestamp_unix_s, now_unix_s)?;
        let serial = &signature.serial;
        let key = self.0.get(&canonical(serial)).ok_or_else(|| Error::UnknownSerial { serial: serial.clone() })?;
        if key.valid_unix_s.is_some_and(|(from, until)| !(from..=until).contains(&now_unix_s)) {
            return Err(Error::CertificateNotValidNow { serial: key.serial.clone() });
        }
        Ok(key.public.verify(&signature.signed_text(body), &signature.signature)?)
    }
}

/// A serial number as a number: neither case nor leading zeros count. An id stays as it is.
pub(super) fn canonical(serial: &str) -> String {
    match serial.starts_with(PUBLIC_KEY_ID) {
        true => serial.to_owned(),
        false => serial.trim_start_matches('0').to_ascii_uppercase(),
    }
}

/// A key with which a stand-in of the gateway signs. Its `Debug` shows no key material.
#[derive(Clone)]
pub struct PlatformSigner {
    serial: String,
    key: PrivateKey,
}

impl fmt::Debug for PlatformSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformSigner").field("serial", &self.serial).finish_non_exhaustive()
    }
}

impl PlatformSigner {
    /// The private key of the certificate or public key called `serial`.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a name that cannot stand in a header.
    pub fn new(serial: &str, key: PrivateKey) -> Result<Self, Error> {
        header_safe("serial", serial)?;
        Ok(Self { serial: serial.to_owned(), key })
    }

    /// Signs a response or a notice with this body.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a nonce that cannot stand in a header; [`crate::Error::Crypto`].
    pub fn sign(&self, body: &[u8], timestamp_unix_s: i64, nonce: &str) -> Result<Signature, Error> {
        header_safe("nonce", nonce)?;
        let mut signature = Signature {
            timestamp: timestamp_unix_s.to_string(),
            nonce: nonce.to_owned(),
            signature: String::new(),
            serial: self.serial.clone(),
        };
        signature.signature = self.key.sign(&signature.signed_text(body))?;
        Ok(signature)
    }

    /// A probe: headers like those of [`PlatformSigner::sign`] around a signature that is none. Whoever accepts it
    /// checks no signatures.
    ///
    /// # Errors
    /// As [`PlatformSigner::sign`].
    pub fn probe(&self, body: &[u8], timestamp_unix_s: i64, nonce: &str) -> Result<[(&'static str, String); 5], Error> {
        let signature = self.sign(body, timestamp_unix_s, nonce)?;
        Ok(signature.headers().map(|(name, value)| match name {
            header::SIGNATURE => (name, format!("{PROBE}{value}")),
            _ => (name, value.to_owned()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_327_107;
    const ID: &str = "PUB_KEY_ID_0119000000012026030100000000000001";

    fn rig() -> (PlatformSigner, PlatformKeys) {
        let key = PrivateKey::generate().unwrap();
        let mut keys = PlatformKeys::new();
        keys.add_public_key(ID, key.public_key().unwrap()).unwrap();
        (PlatformSigner::new(ID, key).unwrap(), keys)
    }

    #[test]
    fn what_the_gateway_signs_verifies() {
        let (signer, keys) = rig();
        for body in [&b"{\"a\": 1}"[..], b"", b"\xff\n"] {
            let signed = signer.sign(body, NOW, "n0").unwrap();
            let read = Signature::read(signed.headers()).unwrap();
            assert_eq!(read, signed);
            assert_eq!(keys.verify(&read, body, NOW), Ok(()));
            assert_eq!(keys.verify(&read, body, NOW + 300), Ok(()));
            assert_eq!(keys.verify(&read, body, NOW + 301), Err(Error::Skew { skew_s: 301 }));
            assert_eq!(keys.verify(&read, body, NOW - 301), Err(Error::Skew { skew_s: -301 }));
            let changed = [body, b" "].concat();
            assert_eq!(keys.verify(&read, &changed, NOW), Err(Shared::BadSignature.into()));
        }
    }

    #[test]
    fn each_changed_header_is_refused_by_name() {
        let (signer, keys) = rig();
        let signed = signer.sign(b"{}", NOW, "n0").unwrap();
        let verdict = |name: &str, value: &str| {
            let headers = signed.headers().map(|(known, old)| (known, if known == name { value } else { old }));
            Signature::read(headers).and_then(|read| keys.verify(&read, b"{}", NOW))
        };
        let bad_signature = Err(Shared::BadSignature.into());
        assert_eq!(verdict(header::TIMESTAMP, "1772327108"), bad_signature);
        assert_eq!(verdict(header::TIMESTAMP, "01772327107"), bad_signature);
        assert_eq!(verdict(header::TIMESTAMP, "-5"), Err(Error::BadHeader { name: header::TIMESTAMP }));
        assert_eq!(
            verdict(header::TIMESTAMP, "99999999999999999999"),
            Err(Error::BadHeader { name: header::TIMESTAMP })
        );
        assert_eq!(verdict(header::TIMESTAMP, "0"), Err(Error::Skew { skew_s: NOW }));
        assert_eq!(verdict(header::NONCE, "n1"), bad_signature);
        assert_eq!(verdict(header::SIGNATURE, "AAAA"), bad_signature);
        assert_eq!(verdict(header::SIGNATURE, "no base64"), bad_signature);
        assert_eq!(verdict(header::SIGNATURE, "WECHATPAY/SIGNTEST/AAAA"), Err(Error::SignatureProbe));
        for serial in ["PUB_KEY_ID_0", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"] {
            let unknown = Error::UnknownSerial { serial: serial.into() };
            assert_eq!(verdict(header::SERIAL, serial), Err(unknown));
        }
        let other = Error::SignatureType { found: "WECHATPAY2-SM2-WITH-SM3".into() };
        assert_eq!(verdict(header::SIGNATURE_TYPE, "WECHATPAY2-SM2-WITH-SM3"), Err(other));
        for name in [header::TIMESTAMP, header::NONCE, header::SIGNATURE, header::SERIAL] {
            assert_eq!(verdict(name, ""), Err(Error::MissingHeader { name }));
            assert_eq!(verdict(name, &"A".repeat(2049)), Err(Error::BadHeader { name }));
        }
    }

    #[test]
    fn headers_are_found_whatever_their_case_and_once() {
        let (signer, keys) = rig();
        let signed = signer.sign(b"{}", NOW, "n0").unwrap();
        let lower: Vec<_> = signed.headers().iter().map(|(name, value)| (name.to_lowercase(), *value)).collect();
        let all = lower.iter().map(|(name, value)| (name.as_str(), *value)).chain([("Host", "x")]);
        assert_eq!(keys.verify(&Signature::read(all).unwrap(), b"{}", NOW), Ok(()));
        let without_type = signed.headers().into_iter().take(4);
        assert_eq!(Signature::read(without_type).as_ref(), Ok(&signed));
        for missing in 0..4 {
            let (name, _) = signed.headers()[missing];
            let others = signed.headers().into_iter().filter(|(other, _)| *other != name);
            assert_eq!(Signature::read(others), Err(Error::MissingHeader { name }));
        }
        let twice = signed.headers().into_iter().chain([("wechatpay-nonce", "n0")]);
        let duplicate = Shared::Duplicate { name: header::NONCE.into() };
        assert_eq!(Signature::read(twice), Err(duplicate.into()));
    }

    #[test]
    fn a_probe_has_a_name_of_its_own() {
        let (signer, _) = rig();
        let probe = signer.probe(b"{}", NOW, "n0").unwrap();
        let headers = probe.iter().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(Signature::read(headers), Err(Error::SignatureProbe));
    }

    #[test]
    fn several_public_keys_count_at_once() {
        let (old, mut keys) = rig();
        let key = PrivateKey::generate().unwrap();
        keys.add_public_key("PUB_KEY_ID_2", key.public_key().unwrap()).unwrap();
        let new = PlatformSigner::new("PUB_KEY_ID_2", key).unwrap();
        for signer in [&old, &new] {
            assert_eq!(keys.verify(&signer.sign(b"{}", NOW, "n").unwrap(), b"{}", NOW), Ok(()));
        }
        assert_eq!(keys.serials().collect::<Vec<_>>(), [ID, "PUB_KEY_ID_2"]);
        for id in ["", "5157F09E", "pub_key_id_1", "PUB_KEY_ID_ 1"] {
            let public = old.key.public_key().unwrap();
            assert_eq!(keys.add_public_key(id, public), Err(Error::PublicKeyId { id: id.into() }));
        }
    }

    #[test]
    fn debug_shows_no_key_material() {
        let (signer, keys) = rig();
        assert_eq!(format!("{signer:?}"), format!("PlatformSigner {{ serial: {ID:?}, .. }}"));
        assert!(format!("{keys:?}").contains("PublicKey(2048 bits)"));
    }
}
