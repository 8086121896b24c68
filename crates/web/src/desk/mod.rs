//! The desk: how staff members sign in, what they see, and the invoices they make. Nothing here changes an order or a line.

pub(crate) mod evidence;
pub(crate) mod invoice;
pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod set_up;
pub(crate) mod sign_in;
