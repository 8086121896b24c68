//! Wire formats of payment providers: signing, verifying, parsing, and nothing else.
//!
//! Bytes in, values out. This crate opens no connection, reads no clock, draws no randomness (except to generate a key
//! when asked) and knows no order, customer or line: those belong to its callers. Every parser takes untrusted input,
//! is bounded in size and depth, treats trailing bytes as an error and never panics.
//!
//! - [`alipay`]: the v2 gateway (`gateway.do`), its responses, its notifications and its daily bills.
//! - [`wechat`]: WeChat Pay v3, its notices, certificates and bills.
//! - [`stripe`]: cards, by a hosted page and from saved ones; its requests, answers and webhooks.
//!
//! What providers share: [`rsa`] keys, X.509 certificates ([`certificate`]), amounts in [`Fen`] and [`SignedFen`],
//! [`time`] in UTC+8, one [`Error`], and the readers of forms, JSON, PEM and ZIP behind them.

pub mod alipay;
mod amount;
pub mod certificate;
mod error;
mod form;
mod json;
mod pem;
pub mod rsa;
pub mod stripe;
pub mod time;
pub mod wechat;
mod zip;

pub use amount::{Fen, SignedFen};
pub use certificate::Certificate;
pub use error::{Error, UnsignedRefusal};
pub use zip::ZipError;

/// Largest form, query string or JSON text accepted, in bytes. Real ones are below 8 KiB.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most parameters accepted in one form or query string. Real ones have fewer than 50.
pub const PARAMS_MAX: usize = 256;
/// Deepest nesting accepted in JSON. Real texts reach 4.
pub const DEPTH_MAX: usize = 32;
