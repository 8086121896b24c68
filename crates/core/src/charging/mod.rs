//! Allowances: what a line may use, and the sessions that use it.
//!
//! Owns: the aggregate of one balance owner ([`Allowance`]), its encoding, and every change to it: adding what was bought,
//! the passing of time, usage, sessions. Never does: money (recognition is computed here and posted by the caller), IO,
//! or a decision about the line's lifecycle.

mod allowance;
mod codec;
mod period;
mod session;

pub use allowance::{Allowance, Passed, Used};
pub use codec::BodyError;
pub use period::{Bucket, Period, Recognition, Window};
pub use session::{Service, Session};
