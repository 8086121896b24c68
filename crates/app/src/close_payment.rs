//! Asking a provider to take no more money for an attempt, when its order closed or the customer pays another way.

use crate::jobs::Done;
use crate::payment_confirmed::ask_now;
use crate::ports::ClosedAnswer;
use crate::query_payment::{GetAttempt, known_as};
use crate::start_payment::Believe;
use crate::{App, Problem};
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId};
use everline_core::payment::{Attempt, AttemptState};
use everline_core::time::Now;
use everline_store::tables::job;
use everline_store::{Stop, Tx, Work};

/// Asks once. A payment that does not exist yet cannot be closed and may still come: it goes on being watched.
pub(crate) async fn close_payment(app: &App, customer: CustomerId, id: AttemptId, run: i64) -> Result<Done, Problem> {
    let attempt = app.store.read(GetAttempt { customer, attempt: id }).await?;
    if matches!(attempt.state, AttemptState::Paid | AttemptState::Closed) {
        return Ok(Done::Finished);
    }
    let answer = match app.ports.payments.by(attempt.method) {
        Some(port) => port.close(&known_as(&attempt)).await,
        None => ClosedAnswer::Unknown,
    };
    match answer {
        ClosedAnswer::Closed => {
            let belief = AttemptState::Closed;
            app.store.transact(Believe { customer, attempt: id, belief, payable: None, reference: None }).await?;
            Ok(Done::Finished)
        }
        ClosedAnswer::AlreadyPaid => {
            app.store.transact(AskNow { customer, attempt: id, now: app.clock.now() }).await?;
            app.wake.notify_one();
            Ok(Done::Finished)
        }
        ClosedAnswer::NotExist => Ok(Done::Finished),
        ClosedAnswer::Unknown => Ok(Done::retry(app, run, "the provider gave no answer")),
    }
}

/// Has providers asked to take no more money for attempts of one customer.
pub(crate) fn ask_to_close<'a>(
    tx: &mut Tx,
    customer: CustomerId,
    attempts: impl IntoIterator<Item = &'a Attempt>,
    now: Now,
) -> Result<(), everline_store::Error> {
    attempts.into_iter().try_for_each(|attempt| {
        let close = Job::ClosePayment { customer, attempt: attempt.id };
        job::add(tx, customer, &close, now.system, now.system)
    })
}

/// Makes the question about an attempt due at once.
pub(crate) struct AskNow {
    pub(crate) customer: CustomerId,
    pub(crate) attempt: AttemptId,
    pub(crate) now: Now,
}
impl Work for AskNow {
    const NAME: &'static str = "ask_now";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        ask_now(tx, self.customer, self.attempt, self.now)?;
        Ok(())
    }
}
