//! Clients of the outside, one folder each: payment providers, two networks, who tells people. Each implements a port of
//! `everline_app` by a wire protocol.
//!
//! Never does: decide what an answer means for an order. An answer that is not surely one of the port's others is
//! *unknown*.

pub mod alipay;
pub mod email;
mod http;
pub mod identity;
pub mod network;
pub mod push;
pub mod sms;
pub mod stripe;
pub mod texts;
mod tls;
pub mod wechat;

pub use http::{Http, HttpError};
pub use tls::TlsError;
