//! Asking a provider what became of an attempt: how a lost notice is found.

use crate::ask_again::Heard;
use crate::jobs::Done;
use crate::payment_confirmed::take_evidence;
use crate::ports::{PaymentRef, PaymentStatus};
use crate::start_payment::Believe;
use crate::{App, Problem};
use everline_core::ids::{AttemptId, CustomerId};
use everline_core::payment::{Attempt, AttemptState, next_query};
use everline_store::tables::payment;
use everline_store::{Stop, Tx, Work};

/// Asks once, and says when to ask again.
pub(crate) async fn query_payment(app: &App, customer: CustomerId, id: AttemptId, run: i64) -> Result<Done, Problem> {
    Ok(ask_once(app, customer, id, run).await?.0)
}

/// [`query_payment`], with what the provider said.
pub(crate) async fn ask_once(
    app: &App,
    customer: CustomerId,
    id: AttemptId,
    run: i64,
) -> Result<(Done, Heard), Problem> {
    let attempt = app.store.read(GetAttempt { customer, attempt: id }).await?;
    if attempt.state == AttemptState::Paid {
        return Ok((Done::Finished, Heard::Paid));
    }
    let status = ask(app, &attempt).await;
    let heard = match &status {
        PaymentStatus::Paid(_) => Heard::Paid,
        PaymentStatus::Waiting => Heard::Waiting,
        PaymentStatus::Closed => Heard::Closed,
        PaymentStatus::NotExist => Heard::NotExist,
        PaymentStatus::Unknown => Heard::Silent,
    };
    let belief = match status {
        PaymentStatus::Paid(evidence) => {
            take_evidence(app, evidence, None).await?;
            return Ok((Done::Finished, heard));
        }
        PaymentStatus::Waiting => AttemptState::Pending,
        PaymentStatus::Closed => AttemptState::Closed,
        // A QR code that nobody scanned is no payment yet; a failed attempt stays failed.
        PaymentStatus::NotExist if attempt.state == AttemptState::Created => AttemptState::Unknown,
        PaymentStatus::NotExist => attempt.state,
        PaymentStatus::Unknown => attempt.state,
    };
    let now = app.clock.now().system;
    let again = next_query(&attempt, u32::try_from(run).unwrap_or(u32::MAX), now);
    let over = again.is_none() && belief != AttemptState::Failed;
    let belief = if over { AttemptState::Closed } else { belief };
    if belief != attempt.state {
        app.store.transact(Believe { customer, attempt: id, belief, payable: None, reference: None }).await?;
    }
    Ok((again.map_or(Done::Finished, |at| Done::Again { at, why: "not paid yet", failed: false }), heard))
}

/// An attempt as its provider knows it.
pub(crate) fn known_as(attempt: &Attempt) -> PaymentRef {
    PaymentRef { out_trade_no: attempt.out_trade_no.clone(), reference: attempt.reference.clone() }
}

/// A provider that the configuration does not name any more cannot be asked; what it took is not known.
async fn ask(app: &App, attempt: &Attempt) -> PaymentStatus {
    match app.ports.payments.by(attempt.method) {
        Some(port) => port.query(&known_as(attempt)).await,
        None => PaymentStatus::Unknown,
    }
}

pub(crate) struct GetAttempt {
    pub(crate) customer: CustomerId,
    pub(crate) attempt: AttemptId,
}
impl Work for GetAttempt {
    const NAME: &'static str = "get_attempt";
    type Out = Attempt;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Attempt, Stop<Problem>> {
        let attempt = payment::get(tx, self.customer, self.attempt).await?;
        attempt.ok_or(Stop::Refused(Problem::NotFound("attempt")))
    }
}
