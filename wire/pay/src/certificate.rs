//! X.509 certificates (RFC 5280), as far as providers name their keys by them.
//!
//! Reads what a certificate says. Never checks who signed it, whether it is revoked or whether it is valid now: a key is
//! trusted because its certificate was put into the configuration or came from the provider under a verified signature.

use crate::{BODY_BYTES_MAX, Error, pem, rsa::PublicKey};
use x509_cert::der::{Decode, Encode, Tag, Tagged, asn1::ObjectIdentifier};

/// Most certificates read from one text. A provider's bundle of roots has fewer than ten.
pub const CERTIFICATES_MAX: usize = 32;

/// What signs with RSA: the arc `pkcs-1` (RFC 8017, appendix C).
const PKCS_1: &str = "1.2.840.113549.1.1.";

/// A certificate that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Big-endian, without leading zeros except for the number 0.
    serial: Vec<u8>,
    issuer: Vec<NameAttribute>,
    signed_with_rsa: bool,
    not_before_unix_s: i64,
    not_after_unix_s: i64,
    key: Option<PublicKey>,
}

/// One attribute of a distinguished name, such as `O=Ant Financial`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAttribute {
    /// The object identifier of its type, such as `2.5.4.10`.
    pub oid: String,
    /// Its value, not escaped.
    pub value: String,
}

impl NameAttribute {
    /// The short name of its type, for the six types whose names RFC 2253 and everybody else agree on.
    #[must_use]
    pub fn short_name(&self) -> Option<&'static str> {
        match self.oid.as_str() {
            "2.5.4.3" => Some("CN"),
            "2.5.4.6" => Some("C"),
            "2.5.4.7" => Some("L"),
            "2.5.4.8" => Some("ST"),
            "2.5.4.10" => Some("O"),
            "2.5.4.11" => Some("OU"),
            _ => None,
        }
    }
}

impl Certificate {
    /// Reads the first certificate of a text in PEM. What follows it is its chain: Alipay hands out its certificate with
    /// the issuer's below it.
    ///
    /// # Errors
    /// As [`Certificate::parse_bundle`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        Self::parse_bundle(text)?.into_iter().next().ok_or(Error::CertificateEncoding)
    }

    /// Reads a text with one or more certificates in PEM, in order: a chain, or a bundle of roots.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::CertificateEncoding`] (no certificate at all included),
    /// [`Error::TooManyCertificates`], [`Error::CertificateRejected`].
    pub fn parse_bundle(text: &str) -> Result<Vec<Self>, Error> {
        if text.len() > BODY_BYTES_MAX {
            return Err(Error::TooLarge { limit_bytes: BODY_BYTES_MAX, actual_bytes: text.len() });
        }
        let blocks = pem::blocks(text, "CERTIFICATE").ok_or(Error::CertificateEncoding)?;
        match blocks.len() {
            0 => Err(Error::CertificateEncoding),
            1..=CERTIFICATES_MAX => blocks.iter().map(|der| Self::from_der(der)).collect(),
            _ => Err(Error::TooManyCertificates { limit: CERTIFICATES_MAX }),
        }
    }

    /// Reads one certificate in DER.
    ///
    /// # Errors
    /// [`Error::CertificateRejected`]: not DER, bytes after its end, a serial number that is negative or longer than 20
    /// octets (RFC 5280, clause 4.1.2.2), an issuer's attribute that is no text.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let read = x509_cert::Certificate::from_der(der).map_err(|_| Error::CertificateRejected)?;
        let body = read.tbs_certificate();
        let (validity, spki) = (body.validity(), body.subject_public_key_info());
        let unix_s = |time: &x509_cert::time::Time| {
            i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| Error::CertificateRejected)
        };
        let spki = spki.to_der().map_err(|_| Error::CertificateRejected)?;
        Ok(Self {
            serial: magnitude(body.serial_number().as_bytes()).ok_or(Error::CertificateRejected)?,
            issuer: body.issuer().iter().map(|part| attribute(part.oid, &part.value)).collect::<Result<_, _>>()?,
            signed_with_rsa: read.signature_algorithm().oid.to_string().starts_with(PKCS_1),
            not_before_unix_s: unix_s(&validity.not_before)?,
            not_after_unix_s: unix_s(&validity.not_after)?,
            key: PublicKey::from_der(&spki).ok(),
        })
    }

    /// The key it certifies.
    ///
    /// # Errors
    /// [`Error::CertificateKey`] if that is no RSA key of 2048 to 8192 bits.
    pub fn public_key(&self) -> Result<&PublicKey, Error> {
        self.key.as_ref().ok_or(Error::CertificateKey)
    }

    /// The serial number in decimal, as Alipay counts it.
    #[must_use]
    pub fn serial_decimal(&self) -> String {
        // Digits from the last to the first; a serial has 20 octets at most.
        let mut digits: Vec<u32> = vec![0];
        for byte in &self.serial {
            let mut carry = u32::from(*byte);
            for digit in &mut digits {
                carry += *digit * 256;
                *digit = carry % 10;
                carry /= 10;
            }
            while carry > 0 {
                digits.push(carry % 10);
                carry /= 10;
            }
        }
        digits.iter().rev().filter_map(|digit| char::from_digit(*digit, 10)).collect()
    }

    /// The serial number in upper-case hexadecimal, two digits an octet, as WeChat Pay and OpenSSL write it.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        self.serial.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// The issuer's name, attributes in the order of the certificate (the country usually first).
    #[must_use]
    pub fn issuer(&self) -> &[NameAttribute] {
        &self.issuer
    }

    /// Whether the *issuer* signed it with RSA; which kind of key it certifies is another question.
    #[must_use]
    pub fn is_signed_with_rsa(&self) -> bool {
        self.signed_with_rsa
    }

    /// The first second it is valid at, unix seconds.
    #[must_use]
    pub fn not_before_unix_s(&self) -> i64 {
        self.not_before_unix_s
    }

    /// The last second it is valid at, unix seconds.
    #[must_use]
    pub fn not_after_unix_s(&self) -> i64 {
        self.not_after_unix_s
    }
}

/// A serial number without leading zeros; `None` if it is negative or too long.
fn magnitude(twos_complement: &[u8]) -> Option<Vec<u8>> {
    if twos_complement.first()? & 0x80 != 0 {
        return None;
    }
    let start = twos_complement.iter().position(|byte| *byte != 0).unwrap_or(twos_complement.len() - 1);
    twos_complement.get(start..).filter(|serial| serial.len() <= 20).map(<[u8]>::to_vec)
}

fn attribute(oid: ObjectIdentifier, value: &x509_cert::der::Any) -> Result<NameAttribute, Error> {
    // The other kinds of text in RFC 5280 (BMP, universal) "SHOULD NOT be used" since 2003.
    if !matches!(value.tag(), Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString) {
        return Err(Error::CertificateRejected);
    }
    let text = std::str::from_utf8(value.value()).map_err(|_| Error::CertificateRejected)?;
    Ok(NameAttribute { oid: oid.to_string(), value: text.to_owned() })
}
