//! Power, disks, databases and clocks that fail.

pub mod clock;
pub mod commit_cut;
pub mod failing_io;
pub mod migrate_kill;
pub(crate) mod shim;
