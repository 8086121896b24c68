//! The list of platform certificates: how a merchant that works with certificates learns the gateway's keys.

use super::{
    ApiV3Key, Error, PlatformKeys, Signature, format_rfc3339,
    json::{Reader, Writer},
    platform::canonical,
    resource::Sealed,
};
use crate::{Certificate, Error as Shared, certificate::CERTIFICATES_MAX};

/// Opens the body of a response to [`Call::Certificates`](super::Call::Certificates).
///
/// That a certificate opens proves that it comes from a holder of the APIv3 key; the response is signed besides, and
/// [`PlatformKeys::from_list`] checks that too.
///
/// # Errors
/// As for every body; [`crate::Error::TooManyCertificates`]; what [`ApiV3Key::open`] and [`Certificate::parse`] refuse;
/// [`Error::SerialMismatch`].
pub fn open_certificates(body: &[u8], key: &ApiV3Key) -> Result<Vec<Certificate>, Error> {
    let listed = Reader::parse(body)?.objects("data")?;
    if listed.len() > CERTIFICATES_MAX {
        return Err(Shared::TooManyCertificates { limit: CERTIFICATES_MAX }.into());
    }
    listed.iter().map(|entry| open_certificate(entry, key)).collect()
}

fn open_certificate(entry: &Reader, key: &ApiV3Key) -> Result<Certificate, Error> {
    let listed = entry.text("serial_no")?;
    let sealed = Sealed::read(
        entry,
        [
            "encrypt_certificate.algorithm",
            "encrypt_certificate.ciphertext",
            "encrypt_certificate.nonce",
            "encrypt_certificate.associated_data",
        ],
    )?;
    let certificate = Certificate::parse(&key.open(&sealed)?)?;
    let actual = certificate.serial_hex();
    if canonical(&actual) != canonical(&listed) {
        return Err(Error::SerialMismatch { listed, actual });
    }
    Ok(certificate)
}

impl PlatformKeys {
    /// The keys of a list of certificates, which must be signed by one of them. This is how the first keys are got,
    /// when nothing is there to check a signature with.
    ///
    /// # Errors
    /// As [`open_certificates`], [`PlatformKeys::add_certificate`] and [`PlatformKeys::verify`].
    pub fn from_list(signature: &Signature, body: &[u8], key: &ApiV3Key, now_unix_s: i64) -> Result<Self, Error> {
        let mut keys = Self::new();
        for certificate in open_certificates(body, key)? {
            keys.add_certificate(&certificate)?;
        }
        keys.verify(signature, body, now_unix_s)?;
        Ok(keys)
    }
}

/// The body of such a response, as a stand-in of the gateway writes it: certificates in PEM, each with the nonce it is
/// sealed with.
///
/// # Errors
/// What [`Certificate::parse`] and [`ApiV3Key::seal`] refuse.
pub fn seal_certificates(certificates: &[(&str, &str)], key: &ApiV3Key) -> Result<String, Error> {
    let mut entries = Vec::new();
    for (pem, nonce) in certificates {
        let certificate = Certificate::parse(pem)?;
        let sealed = key.seal(pem, nonce, "certificate")?;
        let sealed = sealed.members().into_iter().fold(Writer::new(), |writer, (name, value)| writer.text(name, value));
        let entry = Writer::new()
            .text("serial_no", &certificate.serial_hex())
            .text("effective_time", &format_rfc3339(certificate.not_before_unix_s()))
            .text("expire_time", &format_rfc3339(certificate.not_after_unix_s()))
            .object("encrypt_certificate", sealed);
        entries.push(entry.end());
    }
    Ok(Writer::new().raw("data", &format!("[{}]", entries.join(","))).end())
}
