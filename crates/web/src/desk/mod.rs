//! The desk: what staff members see. Read only, for now.

pub(crate) mod order;
pub(crate) mod queue;
