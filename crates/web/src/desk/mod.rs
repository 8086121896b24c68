//! The desk: how staff members sign in, and what they see. Nothing here changes an order or a line.

pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod set_up;
pub(crate) mod sign_in;
