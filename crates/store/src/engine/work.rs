//! The unit of work, and how it is watched while it runs.

use crate::engine::error::{Error, Stop};
use crate::engine::tx::Tx;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

/// What to do when the connection dies between a COMMIT and its answer, so that nobody knows whether it committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostCommit {
    /// Run the Work again. It has an id, and a second run finds and returns what the first one stored.
    RunAgain,
    /// Return [`Error::CommitUnknown`]: the Work is not able to tell whether it ran before.
    Report,
}

/// Everything in [`run`](Work::run) commits together or not at all.
///
/// A Work may be run several times (deadlock, lost connection, a neighbour in the same group commit that broke the
/// transaction): it is a function of itself and of what it reads. It touches nothing but its [`Tx`]; awaiting anything
/// else is refused with [`Error::AwaitedOther`].
///
/// ```
/// use everline_store::{Stop, Tx, Work, args, queries};
///
/// queries! { ALL;
///     LINE_LOCK = "SELECT state FROM line WHERE customer_id = $1 AND id = $2 FOR UPDATE";
///     LINE_SAVE = "UPDATE line SET state = $3 WHERE customer_id = $1 AND id = $2";
/// }
///
/// struct Suspend { customer: [u8; 16], line: [u8; 16] }
/// #[derive(Debug)]
/// struct NotActive;
///
/// impl Work for Suspend {
///     const NAME: &'static str = "suspend";
///     type Out = ();
///     type Refusal = NotActive;
///     async fn run(&self, tx: &mut Tx) -> Result<(), Stop<NotActive>> {
///         let (state,): (i64,) = tx.one("line", &LINE_LOCK, args![self.customer, self.line]).await?;
///         if state != 1 {
///             return Err(Stop::Refused(NotActive));
///         }
///         tx.put(&LINE_SAVE, args![self.customer, self.line, 2]);
///         Ok(())
///     }
/// }
/// ```
pub trait Work: Send + Sync + 'static {
    /// A stable name for errors, logs and metrics.
    const NAME: &'static str;
    /// What a commit is answered with.
    type Out: Send + 'static;
    /// The business refusals; [`std::convert::Infallible`] where there are none. A refusal rolls back what the Work
    /// wrote.
    type Refusal: Send + 'static;
    /// What to do when the answer to the COMMIT is lost. `RunAgain` demands that a second run returns what the first
    /// one stored.
    const ON_LOST_COMMIT: LostCommit = LostCommit::RunAgain;

    /// Reads and writes through `tx`, in the order: lock the root rows, read the rest, write.
    fn run(&self, tx: &mut Tx) -> impl Future<Output = Result<Self::Out, Stop<Self::Refusal>>> + Send;
}

/// Runs `work` once, up to but without the commit: panics are caught, awaiting anything but `tx` is refused, and an
/// outcome that hides a database error is replaced by that error.
pub(crate) async fn attempt<W: Work>(work: &W, tx: &mut Tx) -> Result<W::Out, Stop<W::Refusal>> {
    let waits = tx.waits.clone();
    let out = {
        let mut run = pin!(work.run(tx));
        poll_fn(|cx| {
            waits.store(false, Relaxed);
            match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
                Ok(Poll::Pending) if waits.load(Relaxed) => Poll::Pending,
                Ok(Poll::Pending) => Poll::Ready(Err(Error::AwaitedOther { work: W::NAME }.into())),
                Ok(ready) => ready,
                Err(_) => Poll::Ready(Err(Error::Panicked { work: W::NAME }.into())),
            }
        })
        .await
    };
    verdict(out, tx.verdict())
}

/// The outcome, given the first database error of the transaction. Only a refusal may speak for an error, and only for
/// a taken key: that is an answer of the database, and the way to say "this exists already".
pub(crate) fn verdict<O, R>(out: Result<O, Stop<R>>, failed: Option<Error>) -> Result<O, Stop<R>> {
    match (failed, out) {
        (None, out) => out,
        (Some(Error::Conflict { .. }), Err(Stop::Refused(refusal))) => Err(Stop::Refused(refusal)),
        (Some(error), _) => Err(Stop::Store(error)),
    }
}
