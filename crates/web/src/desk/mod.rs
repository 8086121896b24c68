//! The desk: how staff members sign in, and what they see. Read only, for now.

pub(crate) mod order;
pub(crate) mod queue;
pub(crate) mod set_up;
pub(crate) mod sign_in;
