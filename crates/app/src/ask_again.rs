//! What staff ask the outside again about an order, now: its providers what became of payments and refunds, its network to take
//! it into effect. Nothing of it makes a second payment, refund or activation: what is asked goes out under the same numbers,
//! and a job that somebody runs just now is run by nobody else.

use crate::audit::{Act, Stamp};
use crate::counted::Counted;
use crate::jobs::{Done, Ran, run_now};
use crate::order_page::find_order;
use crate::order_seen::{self, OrderSeen, Part};
use crate::query_payment::ask_once;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, JobId, OrderId, RawId, RefundId};
use everline_core::money::Money;
use everline_core::order::OrderState;
use everline_core::payment::{AttemptState, Method, Provider};
use everline_core::refund::RefundState;
use everline_core::staff::Permission;
use everline_core::time::SystemTime;
use everline_store::tables::{allowance, job, order, payment};
use everline_store::{LostCommit, Stop, Tx, Work};
use futures_util::future::join_all;

/// How often in an hour the outside is asked again about one order, by all staff together.
pub const ASKED_PER_HOUR: i64 = 12;

/// What a provider says of a payment or refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was paid; that is booked now.
    Paid,
    /// It waits for the payer.
    Waiting,
    /// It is closed there, and was not paid.
    Closed,
    /// The provider knows nothing of it.
    NotExist,
    /// The provider did not answer, or says nothing that can be used.
    Silent,
    /// The money went back.
    Returned,
    /// The provider will not give it back.
    Refused,
    /// It is being asked at this moment.
    Running,
    /// A bank decides about the payment: nothing is asked for before.
    Disputed,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The method by which it was, or was to be, paid.
    pub method: Method,
    /// How much.
    pub amount: Money,
    /// Whether it is about money that goes back.
    pub refund: bool,
    /// What was said.
    pub heard: Heard,
}

/// Asks the providers of an order at once about every payment that is not settled and every refund under way.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]; [`Problem::TooMany`]
pub async fn ask_provider_again(app: &App, number: &str, by: RawId) -> Result<Vec<Answered>, Problem> {
    let (customer, id) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let (counted, stamp, now) = (counted(app, id), Stamp::new(app)?, app.clock.now().system);
    let asks = Asks { customer, order: id, number: number.to_owned(), by, counted, stamp, now };
    let questions = app.store.transact(asks).await?;
    let answers = join_all(questions.into_iter().map(|question| answer(app, customer, question))).await;
    app.wake.notify_one();
    answers.into_iter().collect()
}

/// What a network says of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {
    /// It confirmed: the order is in effect, or waits for what comes before it.
    Confirmed,
    /// It refused: the money is on its way back.
    Refused,
    /// It has the order, and has not confirmed.
    Submitted,
    /// It did not answer.
    Silent,
    /// It is being asked at this moment.
    Running,
    /// Our own network is being told now; the page shows when it has acknowledged.
    Told,
    /// There is nothing to tell it.
    Nothing,
}

/// Asks the network of an order that is paid and not in effect once more, at once: another operator's under the order's own
/// number, our own by what waits to be told about the line's sessions.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]; [`Problem::TooMany`]; [`Problem::Stale`] if the order is in another state than
/// the page showed, or does not wait for a network any more.
pub async fn provision_again(
    app: &App,
    number: &str,
    seen: Option<OrderSeen>,
    by: RawId,
) -> Result<Provisioned, Problem> {
    let (customer, id) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let (counted, stamp, now) = (counted(app, id), Stamp::new(app)?, app.clock.now().system);
    let again = Again { customer, order: id, number: number.to_owned(), seen, by, counted, stamp, now };
    let due = app.store.transact(again).await?;
    app.wake.notify_one();
    let upstream = match due {
        Due::Upstream(job) => job,
        Due::Sessions { restricted: 0, .. } => return Ok(Provisioned::Nothing),
        Due::Sessions { due: 0, .. } => return Ok(Provisioned::Running),
        Due::Sessions { .. } => return Ok(Provisioned::Told),
    };
    let ran = run_now(app, upstream).await?;
    let state = app.store.read(State { customer, order: id }).await?;
    Ok(match (state, ran) {
        (OrderState::Refunding | OrderState::Refunded, _) => Provisioned::Refused,
        (OrderState::Paid, Ran::Running) => Provisioned::Running,
        (OrderState::Paid, Ran::Ended(Done::Again { why, .. })) if why == crate::provision::SUBMITTED => {
            Provisioned::Submitted
        }
        (OrderState::Paid, _) => Provisioned::Silent,
        _ => Provisioned::Confirmed,
    })
}

fn counted(app: &App, order: OrderId) -> Counted {
    Counted::in_hour(app, "asked again", &order.to_string())
}

async fn pass(tx: &mut Tx, counted: &Counted) -> Result<(), Stop<Problem>> {
    let passed = counted.add(tx, 1, ASKED_PER_HOUR).await?;
    passed.map_err(|_| Stop::Refused(Problem::TooMany { retry_after_s: counted.retry_after_s() }))
}

/// What a provider is asked about.
struct Question {
    method: Method,
    amount: Money,
    about: About,
}
enum About {
    Attempt(AttemptId),
    Refund(RefundId),
}

async fn answer(app: &App, customer: CustomerId, question: Question) -> Result<Answered, Problem> {
    let Question { method, amount, about } = question;
    let (refund, heard) = match about {
        About::Attempt(id) => (false, ask_once(app, customer, id, 0).await?.1),
        About::Refund(id) => {
            let ran = run_now(app, Job::refund_id(id)).await?;
            (true, said_of_refund(app.store.read(RefundIs { customer, refund: id }).await?, ran))
        }
    };
    Ok(Answered { method, amount, refund, heard })
}

fn said_of_refund(state: RefundState, ran: Ran) -> Heard {
    match (state, ran) {
        (RefundState::Done, _) => Heard::Returned,
        (RefundState::InFlight, Ran::Running) => Heard::Running,
        (RefundState::InFlight, Ran::Ended(Done::Again { why, .. })) if why == crate::refund_payment::DISPUTED => {
            Heard::Disputed
        }
        (RefundState::InFlight, _) => Heard::Silent,
        _ => Heard::Refused,
    }
}

struct Asks {
    customer: CustomerId,
    order: OrderId,
    number: String,
    by: RawId,
    counted: Counted,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for Asks {
    const NAME: &'static str = "ask_provider_again";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Vec<Question>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::AskProvider).await?;
        let attempts = payment::of_order(tx, self.customer, self.order).await?;
        let refunds = payment::refunds_of_order(tx, self.customer, self.order).await?;
        let mut questions = Vec::new();
        // Whoever can be asked: credit is ours, and what goes by bank goes by hand.
        let asked = |method: Method| method.provider().is_some_and(|provider| provider != Provider::Bank);
        for attempt in attempts.iter().filter(|attempt| asked(attempt.method)) {
            if attempt.state != AttemptState::Paid {
                let about = About::Attempt(attempt.id);
                questions.push(Question { method: attempt.method, amount: attempt.amount, about });
            }
            let under_way = refunds.iter().filter(|refund| refund.state == RefundState::InFlight);
            for refund in under_way.filter(|refund| refund.attempt == attempt.id) {
                job::again(tx, self.customer, &Job::Refund { customer: self.customer, refund: refund.id }, self.now)
                    .await?;
                let about = About::Refund(refund.id);
                questions.push(Question { method: attempt.method, amount: refund.amount, about });
            }
        }
        let line = order::get(tx, self.customer, self.order).await?.map(|order| order.line);
        let act = Act::by(self.by, AuditAction::ProviderAsked, ("order", &self.number)).of(self.customer).at(line);
        pass(tx, &self.counted).await?;
        self.stamp.append(tx, act.with("questions", questions.len())).await?;
        Ok(questions)
    }
}

/// What was made due.
enum Due {
    /// The activation at another operator's network.
    Upstream(JobId),
    /// What waits to be told about sessions that are cut off.
    Sessions { restricted: usize, due: u64 },
}

struct Again {
    customer: CustomerId,
    order: OrderId,
    number: String,
    seen: Option<OrderSeen>,
    by: RawId,
    counted: Counted,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for Again {
    const NAME: &'static str = "provision_again";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Due;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Due, Stop<Problem>> {
        let (customer, id) = (self.customer, self.order);
        let order = order::lock(tx, customer, id).await?;
        permit(tx, self.by, Permission::ActOnLine).await?;
        order_seen::check(tx, (customer, id), self.seen.as_ref(), &[Part::State]).await?;
        let due = match order.state {
            OrderState::Paid => {
                let activate = Job::ActivateUpstream { customer, order: id };
                job::again(tx, customer, &activate, self.now).await?;
                Due::Upstream(activate.id())
            }
            OrderState::Delivered => {
                let allowance = allowance::get(tx, customer, order.line).await?;
                let (mut restricted, mut due) = (0, 0u64);
                for session in allowance.restricted() {
                    restricted += 1;
                    due = due.saturating_add(job::again_session(tx, session.id, self.now).await?);
                }
                Due::Sessions { restricted, due }
            }
            _ => return Err(Stop::Refused(Problem::Stale)),
        };
        pass(tx, &self.counted).await?;
        let act = Act::by(self.by, AuditAction::NetworkAsked, ("order", &self.number)).of(customer).at(order.line);
        self.stamp.append(tx, act).await?;
        Ok(due)
    }
}

struct State {
    customer: CustomerId,
    order: OrderId,
}
impl Work for State {
    const NAME: &'static str = "state_of_order";
    type Out = OrderState;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<OrderState, Stop<Problem>> {
        let order = order::get(tx, self.customer, self.order).await?;
        Ok(order.ok_or(Stop::Refused(Problem::NotFound("order")))?.state)
    }
}

struct RefundIs {
    customer: CustomerId,
    refund: RefundId,
}
impl Work for RefundIs {
    const NAME: &'static str = "state_of_refund";
    type Out = RefundState;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<RefundState, Stop<Problem>> {
        Ok(payment::refund(tx, self.customer, self.refund).await?.state)
    }
}
