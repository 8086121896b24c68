//! The desk: how staff members sign in, who they are, the log of what they do, what they see, the invoices they make, the money they give back, what they decide
//! about providers' bills, and the cases they work on.

pub(crate) mod audit;
pub(crate) mod cases;
pub(crate) mod closings;
pub(crate) mod contributions;
pub(crate) mod customer;
pub(crate) mod evidence;
pub(crate) mod figures;
mod figures_drawn;
pub(crate) mod find;
pub(crate) mod identity;
pub(crate) mod invoice;
pub(crate) mod me;
pub(crate) mod operations;
pub(crate) mod operations_messages;
pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod reconciliation;
pub(crate) mod recovery;
pub(crate) mod refund;
pub(crate) mod second;
pub(crate) mod set_up;
pub(crate) mod sign_in;
pub(crate) mod staff;
