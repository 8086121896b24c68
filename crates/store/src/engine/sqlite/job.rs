//! A Work on its way through a thread of the store, without its type.

use crate::engine::error::{self, Error, Result, Stop};
use crate::engine::tx::{Driver, Tx};
use crate::engine::work::{Work, attempt, verdict};
use rusqlite::Connection;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tokio::sync::oneshot;

/// How to answer.
pub(crate) enum Answer {
    /// With the Work's own outcome: what it may be based on is durable.
    Own,
    /// With this error instead.
    Instead(Error),
}

/// A Work that waits for its turn or for the COMMIT.
pub(crate) trait Job: Send {
    /// Runs it, once or again. The outcome is kept; says whether it is one to keep the writes of, and its error.
    fn run(&mut self, tx: &mut Tx) -> Ran;
    /// Tells the caller, if there still is one.
    fn answer(self: Box<Self>, answer: Answer);
}

/// What became of a run.
pub(crate) enum Ran {
    /// Its writes may be committed.
    Done,
    /// Its writes must not be committed.
    Refused,
    /// The same, because of this error.
    Failed(Error),
}

/// The caller's end of a Work.
pub(crate) type Reply<W> = oneshot::Sender<Outcome<W>>;
type Outcome<W> = Result<<W as Work>::Out, Stop<<W as Work>::Refusal>>;

pub(crate) struct Pending<W: Work> {
    work: W,
    outcome: Option<Outcome<W>>,
    reply: Reply<W>,
}

impl<W: Work> Pending<W> {
    pub(crate) fn new(work: W, reply: Reply<W>) -> Self {
        Self { work, outcome: None, reply }
    }
}

impl<W: Work> Job for Pending<W> {
    fn run(&mut self, tx: &mut Tx) -> Ran {
        tx.reset();
        // Nothing on SQLite ever waits, and `attempt` refuses a Work that waits for something else: one poll ends it.
        let mut outcome = match pin!(attempt(&self.work, tx)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Err(Error::AwaitedOther { work: W::NAME }.into()),
        };
        if outcome.is_ok() {
            let flushed = tx.flush_sqlite();
            outcome = verdict(outcome, flushed.err());
        }
        let ran = match &outcome {
            Ok(_) => Ran::Done,
            Err(Stop::Refused(_)) => Ran::Refused,
            Err(Stop::Store(error)) => Ran::Failed(error.clone()),
        };
        self.outcome = Some(outcome);
        ran
    }

    fn answer(self: Box<Self>, answer: Answer) {
        let outcome = match answer {
            Answer::Own => self.outcome.unwrap_or(Err(Stop::Store(Error::Unavailable))),
            Answer::Instead(error) => Err(Stop::Store(error)),
        };
        let _ = self.reply.send(outcome);
    }
}

/// The connection of a SQLite `tx`.
pub(crate) fn connection(tx: &Tx) -> Result<&Connection> {
    match &tx.driver {
        Driver::Sqlite(c) => Ok(c),
        Driver::Postgres(_) => Err(Error::Poisoned),
    }
}

/// Executes a statement of the engine's own.
pub(crate) fn statement(tx: &Tx, text: &str) -> Result<()> {
    let run = |c: &Connection| c.prepare_cached(text)?.execute([]);
    run(connection(tx)?).map(drop).map_err(error::sqlite)
}
