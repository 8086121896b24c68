//! Starting a payment: the attempt and its number are written down before the provider hears of it.

use crate::ports::{PaymentRequest, Started};
use crate::{App, Problem};
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, OrderId};
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, AttemptState, Method, next_query};
use everline_core::time::{Now, SECOND_US};
use everline_store::tables::{catalog, directory, job, order, payment};
use everline_store::{Stop, Tx, Work};

/// Starts a payment of an order by a method, or returns the one that is open already: a page that is loaded again asks
/// for no second payment. One whose start is not known is started again under its own number, never under a new one.
/// Attempts by other methods are closed at the provider; should both be paid, the surplus goes back.
///
/// # Errors
/// [`Problem::ProviderSilent`] when the provider's answer is not known: the attempt stays *unknown* and is asked about.
pub async fn start_payment(
    app: &App,
    customer: CustomerId,
    order: OrderId,
    method: Method,
    return_url: String,
) -> Result<Attempt, Problem> {
    let attempt = AttemptId(app.clock.id());
    let (mut attempt, subject) =
        app.store.transact(NewAttempt { customer, order, method, attempt, now: app.clock.now() }).await?;
    if attempt.state == AttemptState::Pending {
        return Ok(attempt);
    }
    app.wake.notify_one();
    let request = PaymentRequest {
        method,
        out_trade_no: attempt.out_trade_no.clone(),
        amount: attempt.amount,
        subject,
        expires_in_s: attempt.expires_at.since_us(app.clock.now().system) / SECOND_US,
        return_url,
    };
    let (belief, pay_url, answer) = match app.ports.payments.start(&request).await {
        Started::Pay(url) => (AttemptState::Pending, Some(url), Ok(())),
        Started::Refused(_) => (AttemptState::Failed, None, Err(Problem::ProviderRefused)),
        Started::Unknown => (AttemptState::Unknown, None, Err(Problem::ProviderSilent)),
    };
    attempt = app.store.transact(Believe { customer, attempt: attempt.id, belief, pay_url }).await?;
    answer.map(|()| attempt)
}

struct NewAttempt {
    customer: CustomerId,
    order: OrderId,
    method: Method,
    attempt: AttemptId,
    now: Now,
}

impl Work for NewAttempt {
    const NAME: &'static str = "new_attempt";
    type Out = (Attempt, String);
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let order = order::lock(tx, self.customer, self.order).await?;
        let refused = |problem| Err(Stop::Refused(problem));
        match order.state {
            OrderState::AwaitingPayment if order.expires_at > self.now.business => {}
            OrderState::AwaitingPayment | OrderState::Closed => return refused(Problem::OrderClosed),
            _ => return refused(Problem::AlreadyPaid),
        }
        let offering = catalog::offering(tx, &order.offering).await?;
        let subject = offering.name.get("zh-CN").to_owned();
        let attempts = payment::of_order(tx, self.customer, self.order).await?;
        if let Some(mine) = attempts.iter().find(|attempt| attempt.id == self.attempt) {
            return Ok((mine.clone(), subject)); // run again after a lost answer
        }
        let open = |attempt: &&Attempt| {
            matches!(attempt.state, AttemptState::Created | AttemptState::Pending | AttemptState::Unknown)
                && attempt.expires_at > self.now.system
        };
        let (same, others): (Vec<&Attempt>, Vec<&Attempt>) =
            attempts.iter().filter(open).partition(|attempt| attempt.method == self.method);
        for other in others {
            let close = Job::ClosePayment { customer: self.customer, attempt: other.id };
            job::add(tx, self.customer, &close, self.now.system, self.now.system)?;
        }
        if let Some(same) = same.last() {
            return Ok(((*same).clone(), subject));
        }
        let attempt = self.new_attempt(&order);
        payment::add(tx, &attempt);
        directory::add(tx, directory::Name::OutTradeNo, &attempt.out_trade_no, self.customer, attempt.id.0);
        let question = Job::QueryPayment { customer: self.customer, attempt: attempt.id };
        if let Some(first) = next_query(&attempt, 0, self.now.system) {
            job::add(tx, self.customer, &question, self.now.system, first)?;
        }
        Ok((attempt, subject))
    }
}

impl NewAttempt {
    fn new_attempt(&self, order: &Order) -> Attempt {
        Attempt {
            id: self.attempt,
            customer: self.customer,
            order: order.id,
            method: self.method,
            out_trade_no: self.attempt.to_string(),
            amount: order.price,
            state: AttemptState::Created,
            pay_url: None,
            trade_no: None,
            received: 0,
            settlement: None,
            created_at: self.now.system,
            expires_at: self.now.system.plus_us(order.expires_at.since_us(self.now.business)),
            paid_at: None,
        }
    }
}

/// What we believe of an attempt after asking its provider. Paid stays paid, whatever is believed.
pub(crate) struct Believe {
    pub(crate) customer: CustomerId,
    pub(crate) attempt: AttemptId,
    pub(crate) belief: AttemptState,
    pub(crate) pay_url: Option<String>,
}
impl Work for Believe {
    const NAME: &'static str = "believe";
    type Out = Attempt;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Attempt, Stop<Problem>> {
        let mut attempt = payment::lock(tx, self.customer, self.attempt).await?;
        attempt.state = attempt.state.believed(self.belief);
        attempt.pay_url = self.pay_url.clone().or(attempt.pay_url);
        payment::save(tx, &attempt);
        Ok(attempt)
    }
}
