//! Everything that can be wrong with a message or a key.

use crate::Fen;

/// Why a message or a key was not accepted. Never carries key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text of a key is neither PEM nor base64, or its PEM label names another kind of key.
    #[error("the key text is not a {expected} in PEM or base64")]
    KeyEncoding {
        /// What kind of key was asked for.
        expected: &'static str,
    },
    /// The bytes are no RSA key of 2048 to 8192 bits.
    #[error("not an RSA key of 2048 to 8192 bits")]
    KeyRejected,
    /// No block of PEM labelled `CERTIFICATE`, or one that is not base64 or has no end.
    #[error("not a certificate in PEM")]
    CertificateEncoding,
    /// More certificates than the limit.
    #[error("more than {limit} certificates")]
    TooManyCertificates {
        /// The limit.
        limit: usize,
    },
    /// The bytes are no X.509 certificate (RFC 5280).
    #[error("not an X.509 certificate")]
    CertificateRejected,
    /// The certificate's public key is not one of RSA that is taken here.
    #[error("the certificate holds no RSA key of 2048 to 8192 bits")]
    CertificateKey,
    /// Alipay's name of a certificate is not defined for this issuer: nobody agrees on the attribute's short name.
    #[error("the issuer's attribute {oid} has no short name")]
    IssuerAttribute {
        /// The attribute's object identifier.
        oid: String,
    },
    /// None of the root certificates is signed with RSA.
    #[error("no root certificate is signed with RSA")]
    NoRsaRoot,
    /// Signed with a certificate that is not among the known ones: fetch it, or refuse.
    #[error("the certificate {sn:?} is not known")]
    UnknownCertificate {
        /// Its name as the message gives it (anybody can write one).
        sn: String,
    },
    /// The crypto library refused to sign, generate or export. Not caused by input.
    #[error("the crypto library failed")]
    Crypto,
    /// Longer than the limit; nothing was parsed.
    #[error("{actual_bytes} bytes, limit {limit_bytes}")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
        /// The length found in bytes.
        actual_bytes: usize,
    },
    /// More parameters than the limit.
    #[error("more than {limit} parameters")]
    TooManyParams {
        /// The limit.
        limit: usize,
    },
    /// JSON nested deeper than the limit.
    #[error("nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Not UTF-8, before or after percent-decoding.
    #[error("not UTF-8")]
    NotUtf8,
    /// A `%` that two hexadecimal digits do not follow.
    #[error("a bad percent escape")]
    BadEscape,
    /// The same parameter or the same top-level member twice: which one was signed cannot be told.
    #[error("{name} occurs twice")]
    Duplicate {
        /// Its name.
        name: String,
    },
    /// Not well-formed JSON, or bytes after its end.
    #[error("not well-formed JSON at byte {at}")]
    Json {
        /// Byte offset of the first thing that does not fit.
        at: usize,
    },
    /// The response answers another method, or none.
    #[error("no {expected} in the response")]
    NoResponse {
        /// The member that was looked for.
        expected: String,
    },
    /// No `sign`, or an empty one.
    #[error("no signature")]
    MissingSignature,
    /// A `sign_type` other than `RSA2` (or none where one is required).
    #[error("sign_type is {found:?}, not RSA2")]
    SignType {
        /// What was found.
        found: Option<String>,
    },
    /// The signature does not belong to this content and key.
    #[error("the signature does not match")]
    BadSignature,
    /// The gateway refused without a signature (it could not tell which application asks). Anybody can write such an
    /// answer: it proves nothing about the trade.
    #[error("refused without a signature: {0:?}")]
    Unsigned(UnsignedRefusal),
    /// A field that must be there is not.
    #[error("{name} is missing")]
    MissingField {
        /// Its name.
        name: &'static str,
    },
    /// A field does not have its form.
    #[error("{name} is malformed")]
    BadField {
        /// Its name.
        name: &'static str,
    },
    /// Not an amount in yuan: digits, optionally a point and one or two digits.
    #[error("not an amount in yuan")]
    Amount,
    /// More than [`Fen::MAX`].
    #[error("an amount above {}", Fen::MAX)]
    AmountTooLarge,
    /// Not a time written `yyyy-MM-dd HH:mm:ss`.
    #[error("not a time")]
    Time,
}

/// What an unsigned refusal says. Worth logging, not worth believing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnsignedRefusal {
    /// `code`, such as `40002`.
    pub code: String,
    /// `sub_code`, such as `isv.invalid-app-id`; empty if there is none.
    pub sub_code: String,
    /// `sub_msg` or, without one, `msg`.
    pub message: String,
}
