//! Being told how Works end, for metrics. The store reads no clock of its own: whoever watches brings one.

use super::error::{Error, Stop};

/// Whoever is told how every Work ended. It is called on the way to the caller, so it must be quick.
pub struct Watch {
    /// A time in microseconds; only differences matter.
    pub now_us: Box<dyn Fn() -> i64 + Send + Sync>,
    /// Takes one Work that ended.
    pub ended: Box<dyn Fn(Ended) + Send + Sync>,
}

/// A Work that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its [`NAME`](crate::Work::NAME).
    pub work: &'static str,
    /// How.
    pub outcome: Outcome,
    /// From the call to the durable answer: waiting for its turn and repeated runs included.
    pub took_us: i64,
}

/// How a Work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it does, and that is durable.
    Done,
    /// It refused.
    Refused,
    /// Too much waited already.
    Busy,
    /// The store failed.
    Failed,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 4] = [Outcome::Done, Outcome::Refused, Outcome::Busy, Outcome::Failed];

    /// Its stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Busy => "busy",
            Outcome::Failed => "failed",
        }
    }

    pub(crate) fn of<T, R>(result: &Result<T, Stop<R>>) -> Self {
        match result {
            Ok(_) => Outcome::Done,
            Err(Stop::Refused(_)) => Outcome::Refused,
            Err(Stop::Store(Error::Busy)) => Outcome::Busy,
            Err(Stop::Store(_)) => Outcome::Failed,
        }
    }
}
