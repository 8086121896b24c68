//! Use cases against both stores, with a world outside that does what it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(unreachable_pub, clippy::needless_pass_by_value, clippy::large_futures)]

mod account;
mod auto_renew;
mod buy_esim;
mod cases;
mod closing;
mod companions;
mod contributions;
mod crash;
mod credit;
mod desk;
mod disputes;
mod esim;
mod figures;
mod flow;
mod held_up;
mod identity;
mod import;
mod inside_wechat;
mod invoices;
mod lifecycle;
mod looking_back;
mod messages;
mod model;
mod moving_in;
mod notices;
mod operations;
mod order_numbers;
mod outage;
mod own_addresses;
mod owners;
mod privacy;
mod receipts;
mod reconciliation;
mod refund_races;
mod refunds;
mod reminders;
mod restore;
mod runner;
mod staff;
mod transfers;
mod velocity;
mod verify;
mod vouchers;
mod world;
