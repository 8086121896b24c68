//! `Authorization`: how a merchant signs a request and the gateway checks it.

use super::{Error, SCHEME, check_skew};
use crate::{
    Error as Shared,
    rsa::{PrivateKey, PublicKey},
};
use std::fmt;

/// Longest `Authorization` read, in bytes. With a key of 8192 bits a real one is below 2 KiB.
const AUTHORIZATION_BYTES_MAX: usize = 4096;
/// Longest nonce, merchant or serial number written or read. Real ones have 32, 10 and 40 characters.
const TEXT_BYTES_MAX: usize = 128;

/// A request as it travels: what is signed is exactly this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// Path and query as in the request line, percent-encoded.
    pub target: String,
    /// The body; empty for a GET.
    pub body: String,
}

/// Who signs requests. Its `Debug` shows no key material.
#[derive(Clone)]
pub struct Merchant {
    mchid: String,
    serial_no: String,
    key: PrivateKey,
}

impl fmt::Debug for Merchant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merchant")
            .field("mchid", &self.mchid)
            .field("serial_no", &self.serial_no)
            .finish_non_exhaustive()
    }
}

impl Merchant {
    /// The merchant `mchid` with the private key that belongs to its API certificate `serial_no`.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a number that cannot stand in a header.
    pub fn new(mchid: &str, serial_no: &str, key: PrivateKey) -> Result<Self, Error> {
        header_safe("mchid", mchid)?;
        header_safe("serial_no", serial_no)?;
        Ok(Self { mchid: mchid.to_owned(), serial_no: serial_no.to_owned(), key })
    }

    /// The merchant's number.
    #[must_use]
    pub fn mchid(&self) -> &str {
        &self.mchid
    }

    /// The key, which also signs what a payer's client is given.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The value of `Authorization` for `request`. `nonce` must not repeat within minutes; the gateway refuses a
    /// `timestamp_unix_s` more than 300 s off, so it is system time.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a nonce that cannot stand in a header; [`crate::Error::Crypto`].
    pub fn authorize(&self, request: &Request, timestamp_unix_s: i64, nonce: &str) -> Result<String, Error> {
        header_safe("nonce_str", nonce)?;
        let timestamp = timestamp_unix_s.to_string();
        let message = signed_text(request.method, &request.target, &timestamp, nonce, request.body.as_bytes());
        let signature = self.key.sign(&message)?;
        let (mchid, serial_no) = (&self.mchid, &self.serial_no);
        Ok(format!(
            "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp}\",serial_no=\"{serial_no}\",\
             signature=\"{signature}\""
        ))
    }
}

/// An `Authorization` as the gateway received it, its signature not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Who claims to ask.
    pub mchid: String,
    /// The merchant's certificate whose key shall have signed.
    pub serial_no: String,
    timestamp: String,
    nonce: String,
    signature: String,
}

impl Authorization {
    /// Reads the value of the header. The attributes may come in any order.
    ///
    /// # Errors
    /// [`crate::Error::TooLarge`], [`Error::Scheme`], [`Error::Authorization`], [`crate::Error::Duplicate`],
    /// [`crate::Error::MissingField`], [`crate::Error::BadField`].
    pub fn parse(header: &str) -> Result<Self, Error> {
        if header.len() > AUTHORIZATION_BYTES_MAX {
            let (limit_bytes, actual_bytes) = (AUTHORIZATION_BYTES_MAX, header.len());
            return Err(Shared::TooLarge { limit_bytes, actual_bytes }.into());
        }
        let attributes = header.strip_prefix(SCHEME).and_then(|rest| rest.strip_prefix(' ')).ok_or(Error::Scheme)?;
        const NAMES: [&str; 5] = ["mchid", "nonce_str", "timestamp", "serial_no", "signature"];
        let mut values: [Option<&str>; 5] = [None; 5];
        for attribute in attributes.split(',') {
            let (name, value) = attribute.trim().split_once('=').ok_or(Error::Authorization)?;
            let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).ok_or(Error::Authorization)?;
            let (_, slot) =
                NAMES.iter().zip(&mut values).find(|(known, _)| **known == name).ok_or(Error::Authorization)?;
            if slot.replace(value).is_some() {
                return Err(Shared::Duplicate { name: name.to_owned() }.into());
            }
        }
        let [mchid, nonce, timestamp, serial_no, signature] = values;
        let required = |name: &'static str, value: Option<&str>| -> Result<String, Error> {
            let value = value.filter(|value| !value.is_empty()).ok_or(Shared::MissingField { name })?;
            // A signature is base64, which a header can carry; it is longer than the others.
            if name != "signature" {
                header_safe(name, value)?;
            }
            Ok(value.to_owned())
        };
        Ok(Self {
            mchid: required("mchid", mchid)?,
            nonce: required("nonce_str", nonce)?,
            timestamp: required("timestamp", timestamp)?,
            serial_no: required("serial_no", serial_no)?,
            signature: required("signature", signature)?,
        })
    }

    /// The nonce; a gateway may refuse one that repeats.
    #[must_use]
    pub fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Checks that the holder of `key` signed this request, not long ago.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a timestamp that is no number; [`Error::Skew`]; [`crate::Error::BadSignature`].
    pub fn verify(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
        key: &PublicKey,
        now_unix_s: i64,
    ) -> Result<(), Error> {
        let timestamp_unix_s = unix_s(&self.timestamp).ok_or(Shared::BadField { name: "timestamp" })?;
        check_skew(timestamp_unix_s, now_unix_s)?;
        let message = signed_text(method, target, &self.timestamp, &self.nonce, body);
        Ok(key.verify(&message, &self.signature)?)
    }
}

fn signed_text(method: &str, target: &str, timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{method}\n{target}\n{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

/// Unix seconds written in digits alone.
pub(super) fn unix_s(text: &str) -> Option<i64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Refuses what would break out of a quoted attribute, out of a header, or out of a line of what is signed.
pub(super) fn header_safe(name: &'static str, value: &str) -> Result<(), Error> {
    let safe = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b',');
    if value.is_empty() || value.len() > TEXT_BYTES_MAX || !value.bytes().all(safe) {
        return Err(Shared::BadField { name }.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_327_107;

    fn request() -> Request {
        Request { method: "POST", target: "/v3/x?a=1".into(), body: "{\"description\":\"流\"}".into() }
    }

    fn merchant() -> Merchant {
        Merchant::new("1900000001", "5F3A", PrivateKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn what_the_merchant_signs_the_gateway_accepts() {
        let merchant = merchant();
        let key = merchant.key().public_key().unwrap();
        let header = merchant.authorize(&request(), NOW, "N0nce").unwrap();
        assert!(header.starts_with(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1900000001\",nonce_str=\"N0nce\",timestamp=\"1772327107\",\
             serial_no=\"5F3A\",signature=\""
        ));
        let read = Authorization::parse(&header).unwrap();
        assert_eq!((read.mchid.as_str(), read.serial_no.as_str(), read.nonce()), ("1900000001", "5F3A", "N0nce"));
        let Request { method, target, body } = request();
        let verify =
            |method: &str, target: &str, body: &str, now| read.verify(method, target, body.as_bytes(), &key, now);
        for now in [NOW - 300, NOW, NOW + 300] {
            assert_eq!(verify(method, &target, &body, now), Ok(()));
        }
        assert_eq!(verify(method, &target, &body, NOW + 301), Err(Error::Skew { skew_s: 301 }));
        assert_eq!(verify(method, &target, &body, NOW - 301), Err(Error::Skew { skew_s: -301 }));
        for (method, target, body) in [
            ("GET", target.as_str(), body.as_str()),
            (method, "/v3/x?a=2", &body),
            (method, &target, "{}"),
            (method, &target, ""),
        ] {
            assert_eq!(verify(method, target, body, NOW), Err(Shared::BadSignature.into()));
        }
        let other = PrivateKey::generate().unwrap().public_key().unwrap();
        assert_eq!(read.verify(method, &target, body.as_bytes(), &other, NOW), Err(Shared::BadSignature.into()));
    }

    #[test]
    fn headers_are_refused_by_name() {
        let whole =
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"3\",signature=\"s=\"";
        assert!(Authorization::parse(whole).is_ok());
        assert!(Authorization::parse(&whole.replace("\",", "\", ")).is_ok());
        let without = |name: &str| whole.replace(&format!("{name}=\""), &format!("{name}x=\""));
        let cases = [
            ("", Error::Scheme),
            ("Basic abc", Error::Scheme),
            ("WECHATPAY2-SHA256-RSA2048", Error::Scheme),
            ("WECHATPAY2-SM2-WITH-SM3 mchid=\"1\"", Error::Scheme),
            ("WECHATPAY2-SHA256-RSA2048 ", Error::Authorization),
            ("WECHATPAY2-SHA256-RSA2048 mchid", Error::Authorization),
            ("WECHATPAY2-SHA256-RSA2048 mchid=1", Error::Authorization),
            ("WECHATPAY2-SHA256-RSA2048 mchid=\"", Error::Authorization),
            ("WECHATPAY2-SHA256-RSA2048 other=\"1\"", Error::Authorization),
            ("WECHATPAY2-SHA256-RSA2048 mchid=\"1\",mchid=\"1\"", Shared::Duplicate { name: "mchid".into() }.into()),
            ("WECHATPAY2-SHA256-RSA2048 mchid=\"1\"", Shared::MissingField { name: "nonce_str" }.into()),
        ];
        for (header, error) in cases {
            assert_eq!(Authorization::parse(header), Err(error), "{header}");
        }
        for name in ["mchid", "nonce_str", "timestamp", "serial_no", "signature"] {
            assert_eq!(Authorization::parse(&without(name)), Err(Error::Authorization), "{name}");
        }
        let empty = whole.replace("mchid=\"1\"", "mchid=\"\"");
        assert_eq!(Authorization::parse(&empty), Err(Shared::MissingField { name: "mchid" }.into()));
        let spaced = whole.replace("nonce_str=\"n\"", "nonce_str=\"n n\"");
        assert_eq!(Authorization::parse(&spaced), Err(Shared::BadField { name: "nonce_str" }.into()));
        let long = "x".repeat(4097);
        let too_large = Shared::TooLarge { limit_bytes: 4096, actual_bytes: 4097 };
        assert_eq!(Authorization::parse(&long), Err(too_large.into()));
        let key = PrivateKey::generate().unwrap().public_key().unwrap();
        let worded = Authorization::parse(&whole.replace("timestamp=\"2\"", "timestamp=\"+2\"")).unwrap();
        let bad = Shared::BadField { name: "timestamp" };
        assert_eq!(worded.verify("GET", "/", b"", &key, 2), Err(bad.into()));
    }

    #[test]
    fn nothing_breaks_out_of_the_header() {
        for value in ["", "a\"b", "a,b", "a\\b", "a b", "a\nb", "流", &"x".repeat(129)] {
            let refused = |name| Some(Error::from(Shared::BadField { name }));
            assert_eq!(merchant().authorize(&request(), NOW, value).err(), refused("nonce_str"), "{value:?}");
            let key = PrivateKey::generate().unwrap();
            assert_eq!(Merchant::new(value, "5F", key.clone()).err(), refused("mchid"));
            assert_eq!(Merchant::new("1900000001", value, key).err(), refused("serial_no"));
        }
    }

    #[test]
    fn debug_shows_no_key_material() {
        assert_eq!(format!("{:?}", merchant()), "Merchant { mchid: \"1900000001\", serial_no: \"5F3A\", .. }");
    }
}
