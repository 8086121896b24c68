//! Starting a payment: the attempt and its number are written down before the provider hears of it.

use crate::close_payment::ask_to_close;
use crate::ports::{Holder, Payable, PayerName, PaymentRequest, Started};
use crate::secrets::{Secrets, hex};
use crate::velocity::Counter;
use crate::{App, Problem};
use everline_core::brand::Brand;
use everline_core::customer::CustomerKind;
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, OrderId};
use everline_core::money::Money;
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::{Attempt, AttemptState, Method, Provider, Way, next_query};
use everline_core::time::{DAY_US, MINUTE_US, Now};
use everline_core::transfer::reference;
use everline_core::velocity::Counted;
use everline_store::tables::{catalog, customer, directory, job, order, payment, payment_method, timer};
use everline_store::{Stop, Tx, Work};
use std::net::IpAddr;
use std::sync::Arc;

/// Whose browser pays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Payer {
    /// Where browsers come back to, without a slash at its end. The provider is told this with the attempt's number: the same
    /// for every start of an attempt, and nothing by which anybody finds the order.
    pub return_base: String,
    /// Its address on the network, which some providers want to compare.
    pub ip: Option<IpAddr>,
    /// Who uses it, where it is a provider's own and its provider said so.
    pub name: Option<PayerName>,
}

/// What an attempt keeps of the person who alone can pay it: enough to know them again, and nothing to find them by.
#[must_use]
pub fn mark(secrets: &Secrets, method: Method, name: &PayerName) -> String {
    let provider = method.provider().map_or("", Provider::word);
    hex(&secrets.token_hash(&format!("payer at {provider} {}", name.reveal())))
}

/// Starts a payment of an order by a method, or returns the one that is open already: a page that is loaded again asks
/// for no second payment. One whose start is not known, or whose place to pay cannot be opened any more, is started again
/// under its own number, never under a new one. Attempts by other methods are closed at their providers; should both be
/// paid, the surplus goes back. What was begun inside WeChat for another person is another payment.
///
/// # Errors
/// [`Problem::Invalid`] for a method that is not offered, or that needs a payer whose name is known; [`Problem::TooMany`] if the
/// payer, the line or the address started too many; [`Problem::CardTooOften`] if a card was used too often by the payer;
/// [`Problem::ProviderSilent`] when the provider's answer is not known: the attempt stays *unknown* and is asked about.
pub async fn start_payment(
    app: &App,
    customer: CustomerId,
    order: OrderId,
    method: Method,
    payer: Payer,
) -> Result<Attempt, Problem> {
    let port = app.ports.payments.by(method).filter(|port| port.takes(method));
    let port = port.ok_or(Problem::Invalid { field: "method", rule: "not offered here" })?;
    let name = payer.name.filter(|_| method.way() == Way::InWechat);
    if method.way() == Way::InWechat && name.is_none() {
        return Err(Problem::Invalid { field: "method", rule: "not offered here" });
    }
    let mark = name.as_ref().map(|name| mark(&app.secrets, method, name));
    let (attempt, counter) = (AttemptId(app.clock.id()), Counter::new(app, Counted::Payment, payer.ip));
    let (brand, now) = (app.brand.clone(), app.clock.now());
    let (mut attempt, subject, holder) =
        app.store.transact(NewAttempt { customer, order, method, mark, attempt, counter, brand, now }).await?;
    let opens = attempt.pay_url_until.is_none_or(|until| until > app.clock.now().system);
    if attempt.state == AttemptState::Pending && opens {
        return Ok(attempt);
    }
    app.wake.notify_one();
    let request = PaymentRequest {
        method,
        out_trade_no: attempt.out_trade_no.clone(),
        amount: attempt.amount,
        subject,
        expires_at: attempt.expires_at,
        return_url: format!("{}/{}", payer.return_base, attempt.out_trade_no),
        payer_ip: payer.ip,
        keep_for: (method == Method::CardKept).then_some(Holder { customer, reference: holder }),
        payer: name,
    };
    let (belief, payable, answer) = match port.start(&request).await {
        Started::Pay(payable) => (AttemptState::Pending, Some(payable), Ok(())),
        Started::Refused(_) => (AttemptState::Failed, None, Err(Problem::ProviderRefused)),
        Started::Unknown => (AttemptState::Unknown, None, Err(Problem::ProviderSilent)),
    };
    attempt = app.store.transact(Believe { customer, attempt: attempt.id, belief, payable, reference: None }).await?;
    answer.map(|()| attempt)
}

/// How many references an attempt may try.
const CANDIDATES: u8 = 4;

struct NewAttempt {
    customer: CustomerId,
    order: OrderId,
    method: Method,
    /// Who alone can pay it, if there is such a person.
    mark: Option<String>,
    attempt: AttemptId,
    brand: Arc<Brand>,
    counter: Counter,
    now: Now,
}

impl Work for NewAttempt {
    const NAME: &'static str = "new_attempt";
    type Out = (Attempt, String, Option<String>);
    type Refusal = Problem;

    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let mut order = order::lock(tx, self.customer, self.order).await?;
        let refused = |problem| Err(Stop::Refused(problem));
        match order.state {
            OrderState::AwaitingPayment if order.expires_at > self.now.business => {}
            OrderState::AwaitingPayment | OrderState::Closed => return refused(Problem::OrderClosed),
            _ => return refused(Problem::AlreadyPaid),
        }
        let mut holder = None;
        if self.method == Method::CardKept {
            // A guest's card would be kept for the line's owner.
            if order.placed_by == PlacedBy::Guest {
                return refused(Problem::Invalid { field: "method", rule: "not offered here" });
            }
            holder = payment_method::holder(tx, self.customer, Provider::Stripe).await?;
        }
        let offering = catalog::offering(tx, &order.offering).await?;
        let subject = offering.name.get("zh-CN").to_owned();
        let attempts = payment::of_order(tx, self.customer, self.order).await?;
        if let Some(mine) = attempts.iter().find(|attempt| attempt.id == self.attempt) {
            return Ok((mine.clone(), subject, holder)); // run again after a lost answer
        }
        let open = |attempt: &&Attempt| attempt.state.open() && attempt.expires_at > self.now.system;
        let missing = Money::from_micros(order.price.micros().saturating_sub(order.funds), order.price.currency());
        let (same, others): (Vec<&Attempt>, Vec<&Attempt>) = attempts
            .iter()
            .filter(open)
            // A reference serves for whatever is missing.
            .partition(|a| a.method == self.method && self.same_payer(a) && (a.amount == missing || self.transfers()));
        ask_to_close(tx, self.customer, others, self.now)?;
        if let Some(same) = same.last() {
            return Ok(((*same).clone(), subject, holder));
        }
        let whom = (order.customer, order.line);
        if matches!(self.method, Method::Card | Method::CardKept) {
            self.counter.pass_by_card(tx, whom, order.placed_by).await?;
        }
        self.counter.pass(tx, whom, order.placed_by).await?;
        let mut attempt = self.new_attempt(&order, missing);
        if self.transfers() {
            self.wait_for_transfer(tx, &mut order, &mut attempt).await?;
        }
        payment::add(tx, &attempt);
        directory::add(tx, directory::Name::OutTradeNo, &attempt.out_trade_no, self.customer, attempt.id.0);
        let question = Job::QueryPayment { customer: self.customer, attempt: attempt.id };
        if let Some(first) = next_query(&attempt, 0, self.now.system) {
            job::add(tx, self.customer, &question, self.now.system, first)?;
        }
        Ok((attempt, subject, holder))
    }
}

impl NewAttempt {
    /// Whether an attempt can be paid by whoever asks now.
    fn same_payer(&self, attempt: &Attempt) -> bool {
        self.mark.is_none() || self.mark == attempt.reference
    }
    fn transfers(&self) -> bool {
        self.method == Method::BankTransfer
    }
    /// An organisation's own order waits some days for a transfer; the attempt's number is the reference.
    async fn wait_for_transfer(
        &self,
        tx: &mut Tx,
        order: &mut Order,
        attempt: &mut Attempt,
    ) -> Result<(), Stop<Problem>> {
        let customer = customer::get(tx, self.customer).await?;
        let (true, false, Some(bank)) =
            (customer.kind == CustomerKind::Organisation, order.placed_by == PlacedBy::Guest, &self.brand.bank)
        else {
            return Err(Stop::Refused(Problem::Invalid { field: "method", rule: "not offered here" }));
        };
        let until = self.now.business.plus_us(i64::from(bank.days) * DAY_US).max(order.expires_at);
        order.expires_at = until;
        order::extend(tx, order);
        timer::set(tx, order.id.0, order.customer, timer::TimerKind::Order, until);
        attempt.expires_at = self.now.system.plus_us(until.since_us(self.now.business));
        for candidate in 0..CANDIDATES {
            attempt.out_trade_no = reference(self.attempt, candidate);
            if directory::find(tx, directory::Name::OutTradeNo, &attempt.out_trade_no).await?.is_none() {
                break;
            }
        }
        Ok(())
    }
    /// Asks for what is missing: credit may have been set aside before.
    fn new_attempt(&self, order: &Order, amount: Money) -> Attempt {
        // An order that got more time for a transfer gives no provider more than any other order would.
        let left_us = order.expires_at.since_us(self.now.business);
        let left_us = left_us.min(i64::from(self.brand.order_minutes) * MINUTE_US);
        Attempt {
            id: self.attempt,
            customer: self.customer,
            order: order.id,
            method: self.method,
            out_trade_no: self.attempt.to_string(),
            amount,
            state: AttemptState::Created,
            reference: self.mark.clone(),
            pay_url: None,
            pay_url_until: None,
            trade_no: None,
            received: 0,
            settlement: None,
            created_at: self.now.system,
            expires_at: self.now.system.plus_us(left_us),
            paid_at: None,
        }
    }
}

/// What we believe of an attempt after asking its provider. Paid stays paid, whatever is believed.
pub(crate) struct Believe {
    pub(crate) customer: CustomerId,
    pub(crate) attempt: AttemptId,
    pub(crate) belief: AttemptState,
    pub(crate) payable: Option<Payable>,
    /// The provider's name for it, where it is known without a place to pay.
    pub(crate) reference: Option<String>,
}
impl Work for Believe {
    const NAME: &'static str = "believe";
    type Out = Attempt;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Attempt, Stop<Problem>> {
        let mut attempt = payment::lock(tx, self.customer, self.attempt).await?;
        attempt.state = attempt.state.believed(self.belief);
        if let Some(Payable { url, url_until, reference, holder }) = self.payable.clone() {
            (attempt.pay_url, attempt.pay_url_until) = (Some(url), url_until);
            attempt.reference = reference.or(attempt.reference);
            if let (Some(holder), Some(provider)) = (holder, attempt.method.provider()) {
                payment_method::keep_holder(tx, self.customer, provider, &holder);
            }
        }
        attempt.reference = self.reference.clone().or(attempt.reference);
        payment::save(tx, &attempt);
        Ok(attempt)
    }
}
