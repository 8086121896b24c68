//! The program itself, started as a process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod commands;
mod nodes;
mod point_in_time;
mod rig;
mod sdk_notices;
mod service;
mod tls;
