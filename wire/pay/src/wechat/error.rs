//! Everything that can be wrong with a message of this protocol.

use super::{BILL_BYTES_MAX, NONCE_BYTES, Refusal, SKEW_S_MAX};

/// Why a message was not accepted or could not be made. Never carries key material or a payer's data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// What every provider's messages can have wrong: size, JSON, a field, a key, a signature.
    #[error(transparent)]
    Shared(#[from] crate::Error),
    /// `Authorization` is of another scheme than `WECHATPAY2-SHA256-RSA2048`.
    #[error("not an Authorization of {}", super::SCHEME)]
    Scheme,
    /// `Authorization` is not a list of `name="value"`.
    #[error("a malformed Authorization")]
    Authorization,
    /// A header that must be there is not, or is empty.
    #[error("no header {name}")]
    MissingHeader {
        /// Its name.
        name: &'static str,
    },
    /// A header does not have its form.
    #[error("header {name} is malformed")]
    BadHeader {
        /// Its name.
        name: &'static str,
    },
    /// `Wechatpay-Signature-Type` names an algorithm other than `WECHATPAY2-SHA256-RSA2048`.
    #[error("signed by another algorithm, {found:?}")]
    SignatureType {
        /// What was found.
        found: String,
    },
    /// The signature begins with `WECHATPAY/SIGNTEST/`: the gateway probes whether signatures are checked. To be
    /// answered with a 4xx like every other bad signature.
    #[error("a signature probe")]
    SignatureProbe,
    /// Signed too long ago, or too far ahead of this machine's clock.
    #[error("signed {skew_s} s off, limit {SKEW_S_MAX}")]
    Skew {
        /// Seconds between the signature's time and now; negative if it lies ahead.
        skew_s: i64,
    },
    /// Signed by a key that the set does not have. It may be a new one: fetch the certificates, or look at the
    /// merchant's console, before calling the message forged.
    #[error("no key {serial:?}")]
    UnknownSerial {
        /// `Wechatpay-Serial` as received.
        serial: String,
    },
    /// Signed by a platform certificate outside of the time it is for.
    #[error("the certificate {serial} is not valid now")]
    CertificateNotValidNow {
        /// Its serial number.
        serial: String,
    },
    /// A certificate's serial number is not the one that the list of certificates says.
    #[error("listed as {listed}, but the certificate says {actual}")]
    SerialMismatch {
        /// What the list says.
        listed: String,
        /// What the certificate says.
        actual: String,
    },
    /// The id of a public key does not begin with `PUB_KEY_ID_`.
    #[error("not the id of a public key: {id:?}")]
    PublicKeyId {
        /// What was given.
        id: String,
    },
    /// An APIv3 key has 32 bytes.
    #[error("an APIv3 key of {actual_bytes} bytes, not 32")]
    ApiKeyLength {
        /// The length found.
        actual_bytes: usize,
    },
    /// A resource sealed by an algorithm other than `AEAD_AES_256_GCM`.
    #[error("sealed by another algorithm, {found:?}")]
    Algorithm {
        /// What was found.
        found: String,
    },
    /// The nonce of a resource has 12 bytes.
    #[error("a resource's nonce of {actual_bytes} bytes, not {NONCE_BYTES}")]
    ResourceNonce {
        /// The length found.
        actual_bytes: usize,
    },
    /// The resource was not sealed with this key, nonce and associated data, or was changed since.
    #[error("the resource does not open")]
    Sealed,
    /// No call of the API that this crate knows.
    #[error("no call {method} {path}")]
    UnknownCall {
        /// The HTTP method.
        method: String,
        /// The path, without its query.
        path: String,
    },
    /// The gateway refused without a signature (it does so when it cannot tell who asks, and its outer layers always
    /// do). Anybody could have written the answer: it proves nothing about the trade.
    #[error("refused without a signature: {} {:?}", .0.status, .0.code)]
    Unsigned(Refusal),
    /// A notice's event and what it is about contradict each other.
    #[error("{event_type} about a state {state}")]
    EventMismatch {
        /// The event.
        event_type: String,
        /// The state of the trade or the refund in the notice.
        state: String,
    },
    /// The gateway sends no notice about a refund in this state.
    #[error("no event for a refund that is {state}")]
    NoEvent {
        /// The state.
        state: String,
    },
    /// `hash_type` is not `SHA1`.
    #[error("a bill hashed by {found:?}, not SHA1")]
    BillHashType {
        /// What was found.
        found: String,
    },
    /// The bill is not the one whose hash was announced.
    #[error("the bill's hash is {actual}, announced was {announced}")]
    BillHash {
        /// What the announcement said.
        announced: String,
        /// What the bill's bytes give.
        actual: String,
    },
    /// Not one whole gzip stream.
    #[error("not gzip, or broken, or followed by something")]
    Gzip,
    /// More than [`BILL_BYTES_MAX`] after unpacking.
    #[error("a bill above {BILL_BYTES_MAX} bytes")]
    BillTooLarge,
}
