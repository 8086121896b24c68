//! Paying an order with the account's credit: the promotional part first, then what was paid in. Credit that does not reach
//! the price is set aside for the order, and any other method pays the rest.

use crate::close_payment::ask_to_close;
use crate::save::carry_out;
use crate::{App, Problem, timers};
use everline_core::credit::{attempt, available, on_credit};
use everline_core::ids::{AttemptId, CustomerId, OrderId};
use everline_core::money::Money;
use everline_core::offering::OfferingKind;
use everline_core::order::OrderState;
use everline_core::payment::Method;
use everline_core::quote::deliverable;
use everline_core::renewal::Outcome;
use everline_core::time::{Now, Zone};
use everline_store::tables::renewal::{self, Locked};
use everline_store::tables::{directory, payment};
use everline_store::{Stop, Tx, Work};

/// What credit brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidWithCredit {
    /// What came of the order.
    pub outcome: Outcome,
    /// How much was taken from the account.
    pub taken: Money,
}

/// Pays what it can of an open order with the account's credit.
///
/// # Errors
/// [`Problem::NoCredit`] if the account holds none; [`Problem::OrderClosed`], [`Problem::AlreadyPaid`]; and
/// [`Problem::NotSellable`] if the line cannot take the order any more: nothing is taken then.
pub async fn pay_with_credit(app: &App, customer: CustomerId, order: OrderId) -> Result<PaidWithCredit, Problem> {
    let (mut outcome, mut taken) = (Outcome::PartlyPaid, None::<Money>);
    for method in [Method::PromoCredit, Method::PaidCredit] {
        match pay_by(app, customer, order, method).await {
            Ok((came, amount)) => {
                outcome = came;
                let before = taken.map_or(0, Money::micros);
                taken = Some(Money::from_micros(before.saturating_add(amount.micros()), amount.currency()));
            }
            Err(Problem::NoCredit) => {}
            // The first part paid it.
            Err(Problem::AlreadyPaid) if taken.is_some() => {}
            Err(problem) => return Err(problem),
        }
    }
    app.wake.notify_one();
    taken.map(|taken| PaidWithCredit { outcome, taken }).ok_or(Problem::NoCredit)
}

async fn pay_by(app: &App, customer: CustomerId, order: OrderId, method: Method) -> Result<(Outcome, Money), Problem> {
    let (attempt, now) = (AttemptId(app.clock.id()), app.clock.now());
    let work = || PayWithCredit { customer, order, method, attempt, zone: app.zone.clone(), now };
    timers::in_due_order(app, now, work).await
}

struct PayWithCredit {
    customer: CustomerId,
    order: OrderId,
    method: Method,
    attempt: AttemptId,
    zone: Zone,
    now: Now,
}

impl Work for PayWithCredit {
    const NAME: &'static str = "pay_with_credit";
    type Out = (Outcome, Money);
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let refused = |problem| Err(Stop::Refused(problem));
        let mine = |balances: &_, order: &_| {
            let amount = available(balances, order, self.method);
            attempt(self.attempt, order, self.method, amount, self.now)
        };
        let Some(Locked { facts, due_at }) = renewal::lock_to_pay(tx, self.customer, self.order, mine).await? else {
            return refused(Problem::NotFound("order"));
        };
        if let Some(made) = facts.others.iter().find(|other| other.id == self.attempt) {
            // Run again after a lost answer.
            let outcome = if facts.order.state == OrderState::AwaitingPayment {
                Outcome::PartlyPaid
            } else {
                Outcome::AlreadyKnown
            };
            return Ok((outcome, made.amount));
        }
        match facts.order.state {
            OrderState::AwaitingPayment if facts.order.expires_at > self.now.business => {}
            OrderState::AwaitingPayment | OrderState::Closed => return refused(Problem::OrderClosed),
            _ => return refused(Problem::AlreadyPaid),
        }
        if let Some(due_at) = due_at.filter(|due_at| *due_at <= self.now.business) {
            let (customer, line) = (facts.line.customer, facts.line.id);
            return refused(Problem::DueFirst { customer, line, due_at });
        }
        // Credit buys service; more credit is bought with money.
        if facts.offering.kind == OfferingKind::TopUp
            || !deliverable(&facts.line, &facts.allowance, &facts.offering, self.now.business)
        {
            return refused(Problem::NoCredit);
        }
        if facts.attempt.amount.micros() <= 0 {
            return refused(Problem::NoCredit);
        }
        let decided = on_credit(&facts, &self.zone, self.now);
        let (outcome, effects) = decided.map_err(|refusal| Stop::Refused(refusal.into()))?;
        payment::add(tx, &facts.attempt);
        directory::add(tx, directory::Name::OutTradeNo, &facts.attempt.out_trade_no, self.customer, self.attempt.0);
        close_others(tx, (self.customer, self.order), self.now).await?;
        carry_out(tx, (self.customer, facts.line.id), &effects, &self.zone, self.now).await?;
        Ok((outcome, facts.attempt.amount))
    }
}

/// What was asked of providers before is more than is missing now: they are asked to take no more money for it. Should one
/// be paid all the same, the credit comes back.
pub(crate) async fn close_others(
    tx: &mut Tx,
    (customer, order): (CustomerId, OrderId),
    now: Now,
) -> Result<(), Stop<Problem>> {
    let attempts = payment::of_order(tx, customer, order).await?;
    Ok(ask_to_close(tx, customer, attempts.iter().filter(|other| other.state.open()), now)?)
}
