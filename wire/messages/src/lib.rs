//! Wire formats of messages to people, and nothing else.
//!
//! Bytes in, values out. This crate opens no connection, reads no clock, draws no randomness and knows no customer or line: those
//! belong to its callers. Every parser takes untrusted input, is bounded, and never panics.
//!
//! - [`smpp`]: SMPP 3.4, the side of whoever sends short messages; delivery receipts; alphabets and long messages.
//! - [`aliyun`]: Alibaba Cloud SMS: its signature ACS3-HMAC-SHA256, its answers and reports.
//! - [`push`]: encrypted notices for browsers (RFC 8291), and who sends them (RFC 8292).
//! - [`bounce`]: what a mail server reports of mail (RFC 3464).

pub mod aliyun;
pub mod bounce;
pub mod push;
pub mod smpp;
