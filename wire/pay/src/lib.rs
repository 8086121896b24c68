//! Wire formats of payment providers: signing, verifying, parsing, and nothing else.
//!
//! Bytes in, values out. This crate opens no connection, reads no clock, draws no randomness (except to generate a key
//! when asked) and knows no order, customer or line: those belong to its callers. Every parser takes untrusted input,
//! is bounded in size and depth, treats trailing bytes as an error and never panics.
//!
//! - [`alipay`]: the v2 gateway (`gateway.do`), its responses and its notifications.

pub mod alipay;
