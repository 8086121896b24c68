//! Certificate mode: both sides name their keys by the certificates that hold them.
//!
//! A request carries `app_cert_sn` and `alipay_root_cert_sn`, both signed like every other parameter. A response carries
//! `alipay_cert_sn` beside its signed part: which of the gateway's certificates to check it with. The gateway changes
//! its certificate from time to time, so several must be known at once.

use crate::{Certificate, Error, rsa::PublicKey};
use md5::{Digest, Md5};

/// Alipay's name of a certificate: MD5, in lower-case hexadecimal, over the issuer's name (last attribute first, joined
/// by commas, not escaped) followed by the serial number in decimal. A name, not a protection.
///
/// # Errors
/// [`Error::IssuerAttribute`] if the issuer's name has an attribute whose short name implementations disagree on.
pub fn cert_sn(certificate: &Certificate) -> Result<String, Error> {
    let short = |part: &crate::certificate::NameAttribute| match part.short_name() {
        Some(name) => Ok(format!("{name}={}", part.value)),
        None => Err(Error::IssuerAttribute { oid: part.oid.clone() }),
    };
    let issuer = certificate.issuer().iter().rev().map(short).collect::<Result<Vec<_>, _>>()?.join(",");
    let digest = Md5::digest(format!("{issuer}{}", certificate.serial_decimal()));
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Alipay's name of a bundle of roots: those of its certificates that are signed with RSA, in order, joined by `_`.
///
/// # Errors
/// [`Error::NoRsaRoot`] if none is; as [`cert_sn`].
pub fn root_cert_sn(roots: &[Certificate]) -> Result<String, Error> {
    let named = roots.iter().filter(|root| root.is_signed_with_rsa()).map(cert_sn).collect::<Result<Vec<_>, _>>()?;
    if named.is_empty() { Err(Error::NoRsaRoot) } else { Ok(named.join("_")) }
}

/// What a merchant in certificate mode says of its certificates with every request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantCertificates {
    /// `app_cert_sn`: the certificate of the key that signs.
    pub(super) app_cert_sn: String,
    /// `alipay_root_cert_sn`: the gateway's roots as the merchant has them.
    pub(super) alipay_root_cert_sn: String,
}

impl MerchantCertificates {
    /// Of the application's certificate and the bundle of roots that Alipay hands out. Whether `app` certifies the key
    /// that signs is the caller's to compare ([`Certificate::public_key`]).
    ///
    /// # Errors
    /// As [`cert_sn`] and [`root_cert_sn`].
    pub fn new(app: &Certificate, roots: &[Certificate]) -> Result<Self, Error> {
        Ok(Self { app_cert_sn: cert_sn(app)?, alipay_root_cert_sn: root_cert_sn(roots)? })
    }
}

/// The gateway's certificates that are trusted, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayCertificates(Vec<(String, PublicKey)>);

impl GatewayCertificates {
    /// Trusts `certificates`. Who signed them is not checked.
    ///
    /// # Errors
    /// [`Error::CertificateKey`] if one holds no RSA key; as [`cert_sn`].
    pub fn new<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Result<Self, Error> {
        let named = |certificate: &Certificate| Ok((cert_sn(certificate)?, certificate.public_key()?.clone()));
        certificates.into_iter().map(named).collect::<Result<_, _>>().map(Self)
    }

    /// The key of the certificate that is called `alipay_cert_sn`.
    ///
    /// # Errors
    /// [`Error::UnknownCertificate`].
    pub fn key(&self, alipay_cert_sn: &str) -> Result<&PublicKey, Error> {
        let known = self.0.iter().find(|(name, _)| name == alipay_cert_sn);
        known.map(|(_, key)| key).ok_or_else(|| Error::UnknownCertificate { sn: alipay_cert_sn.to_owned() })
    }
}

/// How the gateway's signatures are checked: with its one key, or with one of its certificates.
#[derive(Debug, Clone, Copy)]
pub enum Gateway<'a> {
    /// Public-key mode.
    Key(&'a PublicKey),
    /// Certificate mode.
    Certificates(&'a GatewayCertificates),
}

impl<'a> From<&'a PublicKey> for Gateway<'a> {
    fn from(key: &'a PublicKey) -> Self {
        Self::Key(key)
    }
}

impl<'a> From<&'a GatewayCertificates> for Gateway<'a> {
    fn from(certificates: &'a GatewayCertificates) -> Self {
        Self::Certificates(certificates)
    }
}

impl Gateway<'_> {
    /// Checks `signature` over `content`. In certificate mode `alipay_cert_sn` chooses the key; a message that names
    /// none (notifications need not) may be signed with any of them.
    pub(super) fn verify(self, content: &[u8], signature: &str, alipay_cert_sn: Option<&str>) -> Result<(), Error> {
        match (self, alipay_cert_sn) {
            (Self::Key(key), _) => key.verify(content, signature),
            (Self::Certificates(known), Some(sn)) => known.key(sn)?.verify(content, signature),
            (Self::Certificates(known), None) => {
                let signed = known.0.iter().any(|(_, key)| key.verify(content, signature).is_ok());
                if signed { Ok(()) } else { Err(Error::BadSignature) }
            }
        }
    }
}
