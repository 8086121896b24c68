//! The router over a real store, with an outside that does what it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod account;
mod api;
mod authorization;
mod auto_renew;
mod away;
mod cases;
mod choose;
mod credit;
mod desk;
mod esim;
mod forms;
mod guests;
mod help;
mod history;
mod installable;
mod journeys;
mod live;
mod machines;
mod operations;
mod own_addresses;
mod owners;
mod pages;
mod passkeys;
mod receipts;
mod reconciliation;
mod refunds;
mod reminders;
mod staff;
mod transfers;
mod vouchers;
mod watched;
mod wechat;
mod world;
