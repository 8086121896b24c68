#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
//! The sandbox over HTTP, as the platform, a browser and a test see it.

mod cards;
mod devices;
mod gateway;
mod inside_wechat;
mod notifications;
mod rig;
mod sdk;
mod sms;
mod upstream;
mod view;
mod wechat;
