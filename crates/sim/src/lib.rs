//! Everline under load and under fire: the use cases are run as the server runs them, by a simulated payment provider,
//! and what comes out is counted, timed and audited.
//!
//! - [`crash`]: a process that takes payment notices is killed at chosen moments, again and again, while the process
//!   that keeps the list of acknowledgements lives on. Every acknowledged renewal must be there exactly once.
//! - [`bench`]: paid notices to renewals in effect, beside baselines measured in the same minute.
//!
//! Never does: write a row in any way but that of the use cases, except where a module says so and a test holds it to
//! writing the same ones; serve anybody.

pub mod bench;
pub mod crash;
pub mod failure;
pub mod faults;
pub mod ground;
pub mod lines;
pub mod mass;
pub mod quick;
pub mod random;
pub mod stopwatch;
pub mod world;

pub use failure::Failure;
