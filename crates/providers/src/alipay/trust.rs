//! By what both sides know each other's keys: Alipay's one public key, or certificates.

use super::PublicKey;
use wire_pay::alipay::{Gateway, GatewayCertificates, MerchantCertificates, Params};
use wire_pay::{Certificate, Error};

/// How Alipay's signatures are checked, and what requests say of our certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Public-key mode: Alipay's key.
    Key(PublicKey),
    /// Certificate mode.
    Certificates {
        /// What requests say of our certificate and of Alipay's roots.
        ours: MerchantCertificates,
        /// Alipay's certificates; two while it changes from one to the next.
        gateway: GatewayCertificates,
    },
}

impl Trust {
    /// Certificate mode: our application's certificate, Alipay's bundle of roots, and Alipay's certificates. Whether `app`
    /// certifies the key that signs is the caller's to compare.
    ///
    /// # Errors
    /// [`Error::NoRsaRoot`], [`Error::CertificateKey`], [`Error::IssuerAttribute`].
    pub fn certificates(app: &Certificate, roots: &[Certificate], gateway: &[Certificate]) -> Result<Self, Error> {
        let ours = MerchantCertificates::new(app, roots)?;
        Ok(Self::Certificates { ours, gateway: GatewayCertificates::new(gateway)? })
    }

    pub(super) const fn gateway(&self) -> Gateway<'_> {
        match self {
            Self::Key(key) => Gateway::Key(key),
            Self::Certificates { gateway, .. } => Gateway::Certificates(gateway),
        }
    }

    /// Names our certificates in a request that is not signed yet.
    pub(super) fn name(&self, params: &mut Params) {
        if let Self::Certificates { ours, .. } = self {
            params.name_certificates(ours);
        }
    }
}
