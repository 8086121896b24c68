//! The desk: how staff members sign in, who they are, the log of what they do, what they see, the invoices they make, the money they give back, what they decide
//! about providers' bills, the cases they work on, and the catalog they make.

pub(crate) mod ask;
pub(crate) mod audit;
pub(crate) mod case;
pub(crate) mod case_call;
pub(crate) mod cases;
pub(crate) mod catalog;
pub(crate) mod catalog_edit;
mod catalog_form;
pub(crate) mod catalog_try;
mod catalog_words;
pub(crate) mod closings;
pub(crate) mod contributions;
pub(crate) mod credit;
pub(crate) mod customer;
pub(crate) mod evidence;
pub(crate) mod find;
pub(crate) mod hand;
pub(crate) mod identity;
pub(crate) mod invoice;
pub(crate) mod me;
pub(crate) mod money;
pub(crate) mod money_behind;
pub(crate) mod order;
pub(crate) mod prepared;
pub(crate) mod queue;
pub(crate) mod reconciliation;
pub(crate) mod recovery;
pub(crate) mod refund;
pub(crate) mod second;
pub(crate) mod set_up;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod stock;
pub(crate) mod stock_hold;
pub(crate) mod stock_lists;
