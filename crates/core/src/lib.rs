//! The rules of Everline, and nothing else.
//!
//! Owns: money and quota arithmetic, identifiers, the ledger's posting templates, buckets and sessions, and the state
//! machines of lines, orders, attempts and refunds. Every transition is a pure function of a state, a fact and a time.
//!
//! Never does: IO, async, reading a clock, drawing randomness, knowing a database, a provider or a language. Time comes
//! in as a parameter; what must happen outside is returned as data ([`effects::Effects`]).

pub mod account;
pub mod attachment;
pub mod audit;
pub mod auto_renew;
pub mod brand;
pub mod calendar;
pub mod catalog;
pub mod charging;
pub mod choose;
pub mod closing;
pub mod contribution;
pub mod country;
pub mod credit;
pub mod credit_change;
pub mod customer;
pub mod day_close;
pub mod dispute;
pub mod effects;
pub mod esim_device;
pub mod figures;
pub mod fit;
pub mod hotline;
pub mod identifiers;
pub mod identity;
pub mod ids;
pub mod invoice;
pub mod keyword;
pub mod ledger;
pub mod lifecycle;
pub mod line;
pub mod message;
pub mod money;
pub mod number_plan;
pub mod offering;
pub mod order;
pub mod ownership;
pub mod pay_link;
pub mod payment;
pub mod quote;
pub mod receipt;
pub mod reconciliation;
pub mod refund;
pub mod refund_order;
pub mod refund_request;
pub mod refund_rule;
pub mod reminder;
pub mod renewal;
pub mod retention;
pub mod saved_method;
pub mod search;
pub mod staff;
pub mod statement;
pub mod stock;
pub mod support;
pub mod time;
pub mod transfer;
pub mod trial;
pub mod upstream_float;
pub mod velocity;
pub mod voucher;
mod words;
