//! Money back to where it came from: the same request until the provider answers for good. A refund that was done is asked
//! about again when its provider says that it moved: it may have come back.

use crate::bank_transfer::note;
use crate::jobs::Done;
use crate::ports::{RefundRequest, RefundStatus};
use crate::save::carry_out;
use crate::{App, Problem};
use everline_core::dispute::{DisputeState, holds_back, still_lost};
use everline_core::ids::{CustomerId, RefundId};
use everline_core::money::Money;
use everline_core::payment::Attempt;
use everline_core::refund::{Refund, RefundState};
use everline_core::renewal::on_refund_answer;
use everline_core::time::{HOUR_US, Now, Zone};
use everline_store::tables::{customer, dispute, order, payment};
use everline_store::{Stop, Tx, Work};

/// Why a refund waits whose payment is disputed.
pub(crate) const DISPUTED: &str = "a bank decides about the payment";

/// Asks once.
pub(crate) async fn refund_payment(app: &App, customer: CustomerId, id: RefundId, run: i64) -> Result<Done, Problem> {
    let (refund, attempt, disputed) = app.store.read(GetRefund { customer, refund: id }).await?;
    if !matches!(refund.state, RefundState::InFlight | RefundState::Done) {
        return Ok(Done::Finished);
    }
    let request = RefundRequest {
        out_trade_no: attempt.out_trade_no,
        trade_no: attempt.trade_no.unwrap_or_default(),
        out_request_no: refund.out_request_no.clone(),
        amount: refund.amount,
        received: Money::from_micros(attempt.received, attempt.amount.currency()),
    };
    let port = app.ports.payments.by(attempt.method);
    let answer = match (port, disputed.filter(|_| refund.state == RefundState::InFlight)) {
        (None, _) => RefundStatus::Unknown,
        (Some(port), None) => port.refund(&request).await,
        // A payer's bank that takes the money back must not meet us giving it back: what was not asked for yet, is not.
        (Some(port), Some(dispute)) => match port.find_refund(&request).await {
            Some(known) => known,
            None if dispute == DisputeState::Open => {
                let at = app.clock.now().system.plus_us(HOUR_US);
                return Ok(Done::Again { at, why: DISPUTED, failed: false });
            }
            None => RefundStatus::Refused,
        },
    };
    let done = match answer {
        RefundStatus::Done if refund.state == RefundState::Done => return Ok(Done::Finished),
        RefundStatus::Done => true,
        RefundStatus::Refused => false,
        RefundStatus::Unknown => return Ok(Done::retry(app, run, "the provider gave no answer")),
    };
    let work = RefundAnswered { customer, refund: id, done, noted: None, zone: app.zone.clone(), now: app.clock.now() };
    app.store.transact(work).await?;
    app.wake.notify_one();
    Ok(Done::Finished)
}

struct GetRefund {
    customer: CustomerId,
    refund: RefundId,
}
impl Work for GetRefund {
    const NAME: &'static str = "get_refund";
    /// With what stops refunds of the attempt, if a bank does.
    type Out = (Refund, Attempt, Option<DisputeState>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let refund = payment::refund(tx, self.customer, self.refund).await?;
        let attempt = payment::get(tx, self.customer, refund.attempt).await?;
        let attempt = attempt.ok_or(Stop::Refused(Problem::NotFound("attempt")))?;
        let disputes = dispute::of_order(tx, self.customer, attempt.order).await?;
        let refunds = payment::refunds_of_order(tx, self.customer, attempt.order).await?;
        let stopped = holds_back(&refund, &attempt, &refunds, &disputes);
        Ok((refund, attempt, stopped))
    }
}

/// A final word on a refund: a provider's, or that of people who made it from the bank account.
pub(crate) struct RefundAnswered {
    pub(crate) customer: CustomerId,
    pub(crate) refund: RefundId,
    pub(crate) done: bool,
    /// The bank's id of it, and the login of who noted it.
    pub(crate) noted: Option<(String, String)>,
    pub(crate) zone: Zone,
    pub(crate) now: Now,
}
impl Work for RefundAnswered {
    const NAME: &'static str = "refund_answered";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let balances = customer::lock_account(tx, self.customer).await?;
        let refund = payment::lock_refund(tx, self.customer, self.refund).await?;
        let order = order::lock(tx, self.customer, refund.order).await?;
        let attempt = payment::get(tx, self.customer, refund.attempt).await?;
        let attempt = attempt.ok_or(Stop::Refused(Problem::NotFound("attempt")))?;
        let refunds = payment::refunds_of_order(tx, self.customer, refund.order).await?;
        let disputes = dispute::of_order(tx, self.customer, refund.order).await?;
        let lost = still_lost(&refund, &attempt, &refunds, &disputes);
        let by = (&refund, attempt.method);
        let effects = on_refund_answer(balances, &order, by, (&refunds, lost), self.done, self.now);
        let effects = effects.map_err(|refusal| Stop::Refused(refusal.into()))?;
        if let Some((bank_id, by)) = self.noted.as_ref().filter(|_| !effects.refunds.is_empty()) {
            note(tx, (self.customer, refund.id), bank_id, (self.now.business, by)).await?;
        }
        carry_out(tx, (self.customer, order.line), &effects, &self.zone, self.now).await?;
        Ok(())
    }
}
