//! What was acknowledged, when the power, the disk, the database or the clock fails.
//!
//! - Power cuts are rounds of [`crate::crash`] on a watched disk.
//! - [`failing_io`]: every n-th write and fsync of SQLite fails; the disk is full for a while.
//! - [`commit_cut`]: PostgreSQL's connection is cut between COMMIT and its answer.
//! - [`migrate_kill`]: an upgrade is killed in the middle.
//! - [`clock`]: the wall clock jumps.

pub mod clock;
pub mod commit_cut;
pub mod failing_io;
pub mod migrate_kill;
pub(crate) mod shim;
