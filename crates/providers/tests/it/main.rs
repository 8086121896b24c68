//! The clients against a simulated outside world that speaks the wire protocols and misbehaves on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub)]

mod alipay;
mod aliyun;
mod bills;
mod email;
mod kept;
mod localstripe;
mod networks;
mod push;
mod rig;
mod smpp;
mod sms;
mod stripe;
mod wechat;
mod wechat_inside;
