//! The decisions of core as tables: every outcome and every refusal by its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub)]

mod auto_renew;
mod catalog;
mod credit;
mod evidence;
mod fixture;
mod invoice;
mod life;
mod lifecycle;
mod network;
mod quote;
mod receipt;
mod refund;
mod refund_order;
mod reminder;
mod simulation;
mod transfer;
