//! The tables, one file per family: its statements, its row structs (private), and functions that take and give the types
//! of core. Nothing here decides anything.

pub mod account_message;
pub mod allowance;
pub mod audit;
pub mod auto_renew;
pub mod bank;
pub mod case;
pub mod catalog;
pub mod catalog_desk;
pub mod closing;
mod columns;
pub mod contribution;
pub mod credential;
pub mod credit_change;
pub mod customer;
pub mod device_check;
pub mod directory;
pub mod dispute;
pub mod figure;
pub mod hand_over;
pub mod history;
pub mod idempotency;
pub mod identity;
pub mod invoice;
pub mod job;
pub mod ledger;
pub mod ledger_day;
pub mod line;
pub mod line_device;
pub mod line_event;
pub mod login;
pub mod message;
pub mod notice;
pub mod order;
pub mod pay_link;
pub mod payment;
pub mod payment_method;
pub mod prepared;
pub mod privacy;
pub mod receipt;
pub mod reconciliation;
pub mod recovery;
pub mod refund_request;
pub mod reminder;
pub mod renewal;
pub mod retention;
pub mod search;
pub mod sim;
pub mod staff;
pub mod stock;
pub mod stock_count;
pub mod stock_hold;
pub mod support;
pub mod test_message;
pub mod timeline;
pub mod timer;
pub mod upstream_float;
pub mod usage;
pub mod velocity;
pub mod vitals;
pub mod voucher;

use crate::{Migration, Sql};

/// The schema, oldest first.
pub static MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "foundation", text: include_str!("../../migrations/0001_foundation.sql") },
    Migration { version: 2, name: "stock", text: include_str!("../../migrations/0002_stock.sql") },
    Migration { version: 3, name: "lifecycle", text: include_str!("../../migrations/0003_lifecycle.sql") },
    Migration { version: 4, name: "staff", text: include_str!("../../migrations/0004_staff.sql") },
    Migration { version: 5, name: "privacy", text: include_str!("../../migrations/0005_privacy.sql") },
    Migration { version: 6, name: "payments", text: include_str!("../../migrations/0006_payments.sql") },
    Migration { version: 7, name: "commands", text: include_str!("../../migrations/0007_commands.sql") },
    Migration { version: 8, name: "receipts", text: include_str!("../../migrations/0008_receipts.sql") },
    Migration { version: 9, name: "ledger", text: include_str!("../../migrations/0009_ledger.sql") },
    Migration { version: 10, name: "vouchers", text: include_str!("../../migrations/0010_vouchers.sql") },
    Migration { version: 11, name: "reconciliation", text: include_str!("../../migrations/0011_reconciliation.sql") },
    Migration { version: 12, name: "renewing", text: include_str!("../../migrations/0012_renewing.sql") },
    Migration { version: 13, name: "refunds", text: include_str!("../../migrations/0013_refunds.sql") },
    Migration { version: 14, name: "bank_ids", text: include_str!("../../migrations/0014_bank_ids.sql") },
    Migration { version: 15, name: "messages", text: include_str!("../../migrations/0015_messages.sql") },
    Migration { version: 16, name: "account", text: include_str!("../../migrations/0016_account.sql") },
    Migration { version: 17, name: "reminders", text: include_str!("../../migrations/0017_reminders.sql") },
    Migration { version: 18, name: "cases", text: include_str!("../../migrations/0018_cases.sql") },
    Migration { version: 19, name: "choose", text: include_str!("../../migrations/0019_choose.sql") },
    Migration { version: 21, name: "owners", text: include_str!("../../migrations/0021_owners.sql") },
    Migration { version: 22, name: "identity", text: include_str!("../../migrations/0022_identity.sql") },
    Migration { version: 23, name: "closing", text: include_str!("../../migrations/0023_closing.sql") },
    Migration { version: 24, name: "sending", text: include_str!("../../migrations/0024_sending.sql") },
    Migration { version: 25, name: "esim", text: include_str!("../../migrations/0025_esim.sql") },
    Migration { version: 26, name: "contact_device", text: include_str!("../../migrations/0026_contact_device.sql") },
    Migration { version: 27, name: "audit", text: include_str!("../../migrations/0027_audit.sql") },
    Migration { version: 28, name: "second_factor", text: include_str!("../../migrations/0028_second_factor.sql") },
    Migration { version: 30, name: "desk", text: include_str!("../../migrations/0030_desk.sql") },
    Migration { version: 31, name: "catalog", text: include_str!("../../migrations/0031_catalog.sql") },
    Migration { version: 32, name: "case_work", text: include_str!("../../migrations/0032_case_work.sql") },
    Migration { version: 33, name: "actions", text: include_str!("../../migrations/0033_actions.sql") },
    Migration { version: 34, name: "stock_money", text: include_str!("../../migrations/0034_stock_money.sql") },
    Migration { version: 35, name: "figures", text: include_str!("../../migrations/0035_figures.sql") },
    Migration { version: 36, name: "upstream_float", text: include_str!("../../migrations/0036_upstream_float.sql") },
    Migration { version: 37, name: "caller", text: include_str!("../../migrations/0037_caller.sql") },
    Migration { version: 38, name: "account_message", text: include_str!("../../migrations/0038_account_message.sql") },
    Migration { version: 39, name: "audit_line", text: include_str!("../../migrations/0039_audit_line.sql") },
    Migration { version: 40, name: "endings", text: include_str!("../../migrations/0040_endings.sql") },
    Migration { version: 41, name: "line_device", text: include_str!("../../migrations/0041_line_device.sql") },
];

/// Every statement of every family, for the test that prepares them all on both engines.
pub static STATEMENTS: &[&[(&str, &Sql)]] = &[
    account_message::ALL,
    allowance::ALL,
    audit::ALL,
    bank::ALL,
    auto_renew::ALL,
    case::ALL,
    catalog::ALL,
    catalog_desk::ALL,
    closing::ALL,
    contribution::ALL,
    credential::ALL,
    credit_change::ALL,
    customer::ALL,
    device_check::ALL,
    directory::ALL,
    dispute::ALL,
    figure::ALL,
    history::ALL,
    hand_over::ALL,
    idempotency::ALL,
    identity::ALL,
    invoice::ALL,
    job::ALL,
    ledger::ALL,
    ledger_day::ALL,
    ledger_day::SUMS,
    line::ALL,
    line_device::ALL,
    line_event::ALL,
    login::ALL,
    message::ALL,
    notice::ALL,
    order::ALL,
    pay_link::ALL,
    payment::ALL,
    payment_method::ALL,
    prepared::ALL,
    privacy::ALL,
    receipt::ALL,
    recovery::ALL,
    reconciliation::ALL,
    reconciliation::ITEMS,
    refund_request::ALL,
    reminder::ALL,
    renewal::ALL,
    retention::ALL,
    search::ALL,
    sim::ALL,
    sim::LIFECYCLE,
    sim::PROFILES,
    staff::ALL,
    stock::ALL,
    stock_count::ALL,
    stock_count::COUNTS,
    stock_hold::ALL,
    support::ALL,
    test_message::ALL,
    timeline::ALL,
    timer::ALL,
    upstream_float::ALL,
    usage::ALL,
    velocity::ALL,
    vitals::ALL,
    voucher::ALL,
];
