//! The desk: how staff members sign in, what they see, the invoices they make and the money they give back.

pub(crate) mod invoice;
pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod refund;
pub(crate) mod set_up;
pub(crate) mod sign_in;
