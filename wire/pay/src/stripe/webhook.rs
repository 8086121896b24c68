//! The signature of a webhook: who sent an event, and when.

use super::{EVENT_BYTES_MAX, Event, EventError};
use crate::Error;
use aws_lc_rs::hmac;
use std::fmt;

/// How far the time of an event's signature may be from ours, in seconds.
pub const TOLERANCE_S: i64 = 300;
/// Longest `Stripe-Signature` header accepted, in bytes. Real ones are below 300.
pub const SIGNATURE_HEADER_BYTES_MAX: usize = 4_096;
/// Most signatures accepted in one header. Stripe sends one for each secret that is valid, two while one is replaced.
pub const SIGNATURES_MAX: usize = 16;

/// The secret of a webhook endpoint, `whsec_…`. Its `Debug` shows nothing of it.
#[derive(Clone)]
pub struct EndpointSecret(hmac::Key);

/// Why an event is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The body or the header is longer than the limit; nothing was read.
    #[error("{actual_bytes} bytes, limit {limit_bytes}")]
    TooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
        /// The length found in bytes.
        actual_bytes: usize,
    },
    /// The header has no time, more than one, or one that is no whole number.
    #[error("no single time in the signature header")]
    NoTimestamp,
    /// The header has no signature of scheme `v1`.
    #[error("no v1 signature")]
    NoSignature,
    /// The header has more signatures than the limit.
    #[error("more than {limit} signatures")]
    TooManySignatures {
        /// The limit.
        limit: usize,
    },
    /// None of the signatures belongs to this time and body and one of our secrets.
    #[error("the signature does not match")]
    BadSignature,
    /// Signed too long ago: perhaps an old event, sent again by someone who caught it.
    #[error("signed {age_s} s ago")]
    TooOld {
        /// Seconds since it was signed.
        age_s: i64,
    },
    /// Signed in the future: one of the two clocks is wrong.
    #[error("signed {ahead_s} s in the future")]
    TooEarly {
        /// Seconds until the time it was signed.
        ahead_s: i64,
    },
    /// Signed by Stripe, and not readable.
    #[error(transparent)]
    Event(#[from] EventError),
}

impl EndpointSecret {
    /// Reads a secret. The whole text is the key, `whsec_` too. White space around it is dropped.
    ///
    /// # Errors
    /// [`Error::BadField`] if it is empty, longer than 255 bytes or no visible ASCII.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())))
        } else {
            Err(Error::BadField { name: "endpoint secret" })
        }
    }

    /// The `Stripe-Signature` header for `body`, signed at `now_unix_s`. For stand-ins.
    #[must_use]
    pub fn sign(&self, body: &[u8], now_unix_s: i64) -> String {
        let tag = hmac::sign(&self.0, &signed_content(&now_unix_s.to_string(), body));
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={now_unix_s},v1={hex}")
    }
}

impl fmt::Debug for EndpointSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndpointSecret")
    }
}

fn signed_content(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b".", body].concat()
}

impl Event {
    /// Reads the raw body of a webhook and checks its signature: any `v1` of the header with any of `secrets` (two
    /// while one is replaced), signed not more than [`TOLERANCE_S`] from `now_unix_s`, which is system time. There is
    /// no other way from bytes to an event.
    ///
    /// # Errors
    /// [`WebhookError`]. Answer with 4xx, and ask for what the event would have been about.
    pub fn verify(
        body: &[u8],
        signature_header: &str,
        secrets: &[EndpointSecret],
        now_unix_s: i64,
    ) -> Result<Self, WebhookError> {
        check_size(body.len(), EVENT_BYTES_MAX)?;
        check_size(signature_header.len(), SIGNATURE_HEADER_BYTES_MAX)?;
        let (timestamp, signatures) = read_header(signature_header)?;
        let signed_unix_s: i64 = timestamp.parse().map_err(|_| WebhookError::NoTimestamp)?;
        let content = signed_content(timestamp, body);
        let fits = |secret: &EndpointSecret| {
            signatures.iter().any(|signature| hmac::verify(&secret.0, &content, signature).is_ok())
        };
        if !secrets.iter().any(fits) {
            return Err(WebhookError::BadSignature);
        }
        let age_s = now_unix_s.saturating_sub(signed_unix_s);
        if age_s > TOLERANCE_S {
            return Err(WebhookError::TooOld { age_s });
        }
        if age_s < -TOLERANCE_S {
            return Err(WebhookError::TooEarly { ahead_s: age_s.saturating_neg() });
        }
        Ok(Self::read(body)?)
    }
}

fn check_size(actual_bytes: usize, limit_bytes: usize) -> Result<(), WebhookError> {
    if actual_bytes > limit_bytes { Err(WebhookError::TooLarge { limit_bytes, actual_bytes }) } else { Ok(()) }
}

/// The time as it is written, and the signatures of scheme `v1`. Other schemes (`v0` in test mode) do not count.
fn read_header(header: &str) -> Result<(&str, Vec<[u8; 32]>), WebhookError> {
    let (mut timestamp, mut signatures, mut seen) = (None, Vec::new(), 0);
    for (scheme, value) in header.split(',').filter_map(|part| part.split_once('=')) {
        match scheme {
            "t" if timestamp.is_some() => return Err(WebhookError::NoTimestamp),
            "t" => timestamp = Some(value),
            "v1" => {
                seen += 1;
                if seen > SIGNATURES_MAX {
                    return Err(WebhookError::TooManySignatures { limit: SIGNATURES_MAX });
                }
                signatures.extend(read_hex(value));
            }
            _ => {}
        }
    }
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let timestamp = timestamp.filter(digits).ok_or(WebhookError::NoTimestamp)?;
    if seen == 0 { Err(WebhookError::NoSignature) } else { Ok((timestamp, signatures)) }
}

/// 64 small hexadecimal digits. Anything else is a signature that cannot match.
fn read_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: &u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| Some(digit(high)? * 16 + digit(low)?)).collect();
    bytes?.try_into().ok()
}
