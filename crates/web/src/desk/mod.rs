//! The desk: how staff members sign in, what they see, the invoices they make, and what they decide about providers' bills.
//! Nothing here changes an order or a line.

pub(crate) mod evidence;
pub(crate) mod invoice;
pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod reconciliation;
pub(crate) mod set_up;
pub(crate) mod sign_in;
