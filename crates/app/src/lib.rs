//! What Everline does, one file per use case: read, let core decide, write, in one transaction; then the calls to the
//! outside, as jobs.
//!
//! Owns: use cases, the ports to payment providers, networks and messengers, the clock, and the runners of jobs and
//! timers. Never does: HTTP, HTML, a provider's wire format, a rule of money or lifecycle (those are core's).
//!
//! The main flow reads top to bottom in [`payment_confirmed`].

pub mod clock;
pub mod ports;
pub mod problem;
pub mod secrets;

pub mod account;
mod account_message;
mod account_news;
pub mod add_line;
pub mod ask_again;
pub mod ask_provider;
pub mod audit;
pub mod auto_renew;
mod auto_renew_try;
pub mod bank_statement;
pub mod bank_transfer;
pub mod buy_esim;
pub mod caller;
mod card_used;
pub mod catalog;
pub mod catalog_desk;
pub mod catalog_draft;
pub mod catalog_sale;
pub mod choose;
pub mod claim_line;
pub mod close_account;
pub mod close_payment;
pub mod companion;
pub mod contact_point;
pub mod contribution;
mod counted;
pub mod credit_change;
pub mod csv;
pub mod day_close;
pub mod delivery_report;
pub mod desk_search;
pub mod device;
pub mod dispute;
pub mod esim;
pub mod evidence_bundle;
pub mod export;
pub mod figures;
pub mod first;
pub mod guest_renewal;
mod hand_over;
pub mod home;
pub mod idempotency;
pub mod identity;
pub mod import;
pub mod invoice;
pub mod jobs;
pub mod keywords;
pub mod lifecycle_command;
pub mod line_history;
pub mod money;
mod on_behalf;
pub mod open_orders;
pub mod operations;
pub mod order_history;
pub mod order_page;
pub mod order_seen;
pub mod own_address;
pub mod own_line;
pub mod ownership;
mod pair_link;
pub mod passkeys;
mod password;
pub mod pay_link;
pub mod pay_with_credit;
pub mod payment_confirmed;
pub mod place_order;
pub mod privacy;
pub mod profile;
pub mod provision;
pub mod query_payment;
pub mod ready;
pub mod receipt;
pub mod reconciliation;
pub mod recovery;
pub mod redeem_voucher;
pub mod refund_order;
pub mod refund_other_way;
pub mod refund_payment;
pub mod reminders;
pub mod replace_sim;
pub mod restore;
pub mod retention;
pub mod returning;
mod save;
pub mod saved_methods;
pub mod send_message;
pub mod sessions;
pub mod set_up;
pub mod sign_in;
pub mod sim_replaced;
pub mod staff;
pub mod staff_access;
pub mod staff_order;
pub mod staff_sign_in;
pub mod start_payment;
pub mod statement;
pub mod steps;
pub mod stock;
pub mod stock_count;
pub mod stock_hold;
pub mod support;
pub mod timeline;
pub mod timers;
pub mod totp;
pub mod upstream_float;
pub mod usage_history;
mod velocity;
pub mod verify;
pub mod vitals;
pub mod voucher_batch;
pub mod what_if;

pub use problem::Problem;

use clock::Clock;
use everline_core::brand::Brand;
use everline_core::time::Zone;
use everline_store::Store;
use ports::Ports;
use secrets::Secrets;
use std::sync::Arc;

/// A running Everline: one brand, one store, its clock and its ports. Cheap to clone.
#[derive(Clone)]
pub struct App {
    /// Where everything is kept.
    pub store: Store,
    /// Time and randomness.
    pub clock: Arc<Clock>,
    /// The brand's rules.
    pub brand: Arc<Brand>,
    /// The brand's time zone.
    pub zone: Zone,
    /// The outside.
    pub ports: Ports,
    /// Keys of our own.
    pub secrets: Arc<Secrets>,
    /// Told whenever jobs were queued, so that they run at once.
    pub wake: Arc<tokio::sync::Notify>,
}
