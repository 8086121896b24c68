//! Giving back what was delivered: its customer asks, by the offering's rule or because the number was wrong; or staff, above
//! a limit with a second person. One transaction takes the plan back, moves the money to where it starts from and queues the
//! calls to the providers ([`crate::refund_payment`]); two who ask at once are put in a row by its locks, and the second is
//! told that the money went back.

use crate::audit::{Act, Stamp};
use crate::first::{First, HowMany, one_more};
use crate::order_page::find_order;
use crate::order_seen::{self, OrderSeen, Part};
use crate::save::carry_out;
use crate::staff::{apart, permit, see_queue};
use crate::{App, Problem, timers};
use everline_core::audit::AuditAction;
use everline_core::brand::Brand;
use everline_core::effects::{CaseOpened, CaseReason, Effects};
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::lifecycle::Past;
use everline_core::money::Money;
use everline_core::offering::{Offering, OfferingKind, OfferingRef};
use everline_core::order::Order;
use everline_core::refund_order::{Ask, RefundFacts, refund};
use everline_core::refund_request::{Decided, NotDecided, RefundRequest, RequestState, Verdict, decide, needs_second};
use everline_core::refund_rule::{NoRefund, Refundable, Standing, at_most, by_rule, open, wrong_number};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::refund_request::Waiting;
use everline_store::tables::renewal::{self, Locked};
use everline_store::tables::{allowance, catalog, customer, dispute, line, order, payment, refund_request};
use everline_store::{Error, Stop, Tx, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many requests that wait the desk shows.
const SHOWN: usize = 50;

/// What can go back of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOffer {
    /// By the offering's rule.
    pub by_rule: Result<Refundable, NoRefund>,
    /// Because the number was wrong.
    pub wrong_number: Result<Refundable, NoRefund>,
    /// What can go back at most, whatever the rules say.
    pub left: Money,
    /// Whether that is less than is left of the price, because credit that was bought was spent.
    pub spent: bool,
}

/// What can go back of an order now, computed as the refund itself will.
///
/// # Errors
/// [`Problem::NotFound`]
pub async fn refund_offer(app: &App, customer: CustomerId, order: OrderId) -> Result<RefundOffer, Problem> {
    Ok(app.store.read(Offer { customer, order, now: app.clock.now().business }).await?)
}

/// What became of a customer's question for a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The money is on its way, or is credit again.
    Started,
    /// People look at it.
    Case,
}

/// A customer asks for the money back: by the rule, or because the number was wrong. What was used by then is for people to
/// look at, if the number was wrong.
///
/// # Errors
/// [`Problem::NoRefund`] says why not.
pub async fn refund_by_customer(app: &App, customer: CustomerId, order: OrderId, ask: Ask) -> Result<Asked, Problem> {
    if matches!(ask, Ask::ByStaff { .. }) {
        return Err(Problem::NotAllowed);
    }
    in_due_order(app, |now| ByCustomer { customer, order, ask, rules: Rules::of(app), now }).await
}

/// What a staff member asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// Chosen before the page is shown, so that sending it twice asks once.
    pub id: RawId,
    /// How much; `None` is all that can go back.
    pub amount: Option<Money>,
    /// Whether what was bought stays with its owner.
    pub keeps: bool,
    /// Why.
    pub reason: String,
    /// What the page showed of the order.
    pub seen: Option<OrderSeen>,
}

/// A staff member gives back money of an order: at once within the limit, above it when another member approves.
///
/// # Errors
/// [`Problem::NoRefund`] says why not; [`Problem::NotAllowed`]; [`Problem::Stale`]
pub async fn refund_by_staff(app: &App, number: &str, new: NewRefund, by: RawId) -> Result<RefundRequest, Problem> {
    let (customer, order) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let stamp = Stamp::new(app)?;
    let work = |now| ByStaff { customer, order, new: new.clone(), by, rules: Rules::of(app), stamp, now };
    in_due_order(app, work).await
}

/// A second person decides about a refund that a colleague asked for; or who asked withdraws it.
///
/// # Errors
/// [`Problem::NotDecided`], or [`Problem::NoRefund`] if the money cannot go back any more: the request waits on then.
/// [`Problem::Stale`] if the order is otherwise than the page showed.
pub async fn decide_refund(
    app: &App,
    number: &str,
    (request, seen): (RawId, Option<OrderSeen>),
    verdict: Verdict,
    by: RawId,
) -> Result<RefundRequest, Problem> {
    let (customer, order) = find_order(app, number).await?.ok_or(Problem::NotFound("order"))?;
    let stamp = Stamp::new(app)?;
    let work = |now| {
        let (seen, rules) = (seen.clone(), Rules::of(app));
        Decide { customer, order, request, seen, verdict, by, rules, stamp, now }
    };
    in_due_order(app, work).await
}

/// What staff asked for of an order, oldest first.
pub async fn refund_requests(app: &App, customer: CustomerId, order: OrderId) -> Result<Vec<RefundRequest>, Problem> {
    Ok(app.store.read(Requests { customer, order }).await?)
}

/// The oldest requests that wait for a second person.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting_refunds(app: &App, by: RawId) -> Result<First<Waiting>, Problem> {
    let all = app.store.read(Queue { by }).await?;
    see_queue(app, by, Permission::SeeCustomer, ("refunds", all.rows.len())).await?;
    Ok(all)
}

/// How many wait.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn waiting(app: &App, by: RawId) -> Result<HowMany, Problem> {
    Ok(app.store.read(Queue { by }).await?.how_many())
}

/// What everybody needs to decide.
#[derive(Clone)]
struct Rules {
    brand: Arc<Brand>,
    zone: Zone,
}
impl Rules {
    fn of(app: &App) -> Self {
        Self { brand: app.brand.clone(), zone: app.zone.clone() }
    }
}

/// Runs a work in due order, and wakes the jobs it queued.
async fn in_due_order<W: Work<Refusal = Problem>>(app: &App, work: impl Fn(Now) -> W) -> Result<W::Out, Problem> {
    let now = app.clock.now();
    let done = timers::in_due_order(app, now, || work(now)).await?;
    app.wake.notify_one();
    Ok(done)
}

/// Locks an order that was paid, with everything that giving it back changes.
async fn lock(tx: &mut Tx, (customer, id): (CustomerId, OrderId), now: Now) -> Result<RefundFacts, Stop<Problem>> {
    let line = order::get(tx, customer, id).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?.line;
    // The account, the line, its orders, and then what hangs on this one.
    customer::lock_account(tx, customer).await?;
    line::lock(tx, customer, line).await?;
    let waiting = order::waiting(tx, customer, line).await?;
    let Some(Locked { facts: paid, due_at }) = renewal::lock_by_order(tx, customer, id).await? else {
        return Err(Stop::Refused(Problem::NoRefund(NoRefund::NotPaid)));
    };
    if let Some(due_at) = due_at.filter(|due_at| *due_at <= now.business) {
        return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
    }
    let waiting: Vec<Order> = waiting.into_iter().filter(|order| order.id != id).collect();
    let refunds = payment::refunds_of_order(tx, customer, id).await?;
    let mut offerings = Offerings::default();
    let mut past = Past::default();
    for period in paid.allowance.periods.iter().filter(|period| period.order != id) {
        let offering = offerings.get(tx, &period.offering).await?;
        past.lasts.extend(offering.validity.map(|validity| (period.offering.clone(), validity)));
    }
    for before in order::of_line(tx, customer, line, ORDERS_LOOKED_AT).await? {
        let ended = before.ends_at.filter(|end| *end <= now.business && before.id != id && before.state.delivered());
        if ended > past.ended && offerings.get(tx, &before.offering).await?.kind == OfferingKind::Plan {
            past.ended = ended;
        }
    }
    let disputed = disputed(tx, customer, id).await?;
    Ok(RefundFacts { paid, refunds, waiting, past, disputed })
}

/// Whether a bank has taken an order's money back, or decides about it. A dispute changes under its account's lock.
async fn disputed(tx: &mut Tx, customer: CustomerId, id: OrderId) -> Result<bool, everline_store::Error> {
    Ok(dispute::of_order(tx, customer, id).await?.iter().any(|dispute| dispute.state.stops_refunds()))
}

/// Among so many newest orders of a line its last plan that ended is looked for.
const ORDERS_LOOKED_AT: i64 = 100;

/// Offerings that were read.
#[derive(Default)]
struct Offerings(BTreeMap<OfferingRef, Offering>);
impl Offerings {
    async fn get(&mut self, tx: &mut Tx, reference: &OfferingRef) -> Result<Offering, Error> {
        if let Some(known) = self.0.get(reference) {
            return Ok(known.clone());
        }
        let offering = catalog::offering(tx, reference).await?;
        self.0.insert(reference.clone(), offering.clone());
        Ok(offering)
    }
}

/// Decides, and writes what was decided.
async fn give_back(
    tx: &mut Tx,
    facts: &RefundFacts,
    ask: Ask,
    rules: &Rules,
    now: Now,
) -> Result<Result<(), NoRefund>, Stop<Problem>> {
    let decided = refund(facts, ask, &rules.brand, &rules.zone, now);
    match decided.map_err(|refusal| Stop::Refused(refusal.into()))? {
        Ok(effects) => {
            let owner = (facts.paid.line.customer, facts.paid.line.id);
            carry_out(tx, owner, &effects, &rules.zone, now).await?;
            Ok(Ok(()))
        }
        Err(refusal) => Ok(Err(refusal)),
    }
}

struct ByCustomer {
    customer: CustomerId,
    order: OrderId,
    ask: Ask,
    rules: Rules,
    now: Now,
}
impl Work for ByCustomer {
    const NAME: &'static str = "refund_by_customer";
    type Out = Asked;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Asked, Stop<Problem>> {
        let facts = lock(tx, (self.customer, self.order), self.now).await?;
        match give_back(tx, &facts, self.ask, &self.rules, self.now).await? {
            Ok(()) => Ok(Asked::Started),
            Err(NoRefund::Used) if self.ask == Ask::WrongNumber => {
                let order = &facts.paid.order;
                let case = CaseOpened { customer: order.customer, order: order.id, reason: CaseReason::WrongNumber };
                let effects = Effects { cases: vec![case], ..Effects::default() };
                carry_out(tx, (order.customer, order.line), &effects, &self.rules.zone, self.now).await?;
                Ok(Asked::Case)
            }
            Err(refusal) => Err(Stop::Refused(Problem::NoRefund(refusal))),
        }
    }
}

struct ByStaff {
    customer: CustomerId,
    order: OrderId,
    new: NewRefund,
    by: RawId,
    rules: Rules,
    stamp: Stamp,
    now: Now,
}
impl Work for ByStaff {
    const NAME: &'static str = "refund_by_staff";
    type Out = RefundRequest;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<RefundRequest, Stop<Problem>> {
        let (new, currency) = (&self.new, self.rules.brand.currency);
        let facts = lock(tx, (self.customer, self.order), self.now).await?;
        permit(tx, self.by, Permission::Refund).await?;
        let before = refund_request::of_order(tx, self.customer, self.order).await?;
        if let Some(asked) = before.iter().find(|asked| asked.id == new.id) {
            let same = asked.asked_by == self.by && asked.keeps == new.keeps;
            let same = same && new.amount.is_none_or(|amount| amount == asked.amount);
            return if same { Ok(asked.clone()) } else { Err(Stop::Refused(Problem::ExistsDifferently("refund"))) };
        }
        let parts = [Part::State, Part::Money, Part::Refunds, Part::Requests];
        order_seen::check(tx, (self.customer, self.order), new.seen.as_ref(), &parts).await?;
        let most = standing(&facts, at_most).map_err(|why| Stop::Refused(Problem::NoRefund(why)))?;
        let amount = new.amount.map_or(most, Money::micros);
        if amount <= 0 || amount > most {
            return Err(Stop::Refused(Problem::NoRefund(NoRefund::TooMuch)));
        }
        let alone = before.iter().filter(|asked| asked.state == RequestState::Done);
        let alone = alone.fold(0i64, |sum, asked| sum.saturating_add(asked.amount.micros()));
        let waits = needs_second(self.rules.brand.refunds, alone, amount);
        let request = RefundRequest {
            id: new.id,
            customer: self.customer,
            order: self.order,
            asked_by: self.by,
            // Not before the payment that it waited for.
            asked_at: facts.paid.order.paid_at.map_or(self.now.business, |paid| paid.max(self.now.business)),
            amount: Money::from_micros(amount, currency),
            keeps: new.keeps,
            reason: Some(new.reason.clone()),
            state: if waits { RequestState::Requested } else { RequestState::Done },
        };
        if !waits {
            let ask = Ask::ByStaff { amount: Some(amount), keeps: new.keeps };
            let done = give_back(tx, &facts, ask, &self.rules, self.now).await?;
            done.map_err(|why| Stop::Refused(Problem::NoRefund(why)))?;
        }
        refund_request::add(tx, &request);
        let action = if waits { AuditAction::RefundAsked } else { AuditAction::RefundGiven };
        self.stamp.append(tx, told(&request, (self.by, action), &facts).because(&new.reason)).await?;
        Ok(request)
    }
}

struct Decide {
    customer: CustomerId,
    order: OrderId,
    request: RawId,
    seen: Option<OrderSeen>,
    verdict: Verdict,
    by: RawId,
    rules: Rules,
    stamp: Stamp,
    now: Now,
}
impl Work for Decide {
    const NAME: &'static str = "decide_refund";
    type Out = RefundRequest;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<RefundRequest, Stop<Problem>> {
        let facts = lock(tx, (self.customer, self.order), self.now).await?;
        let approver = permit(tx, self.by, Permission::Refund).await?.may(Permission::ApproveRefund);
        let asked = refund_request::get(tx, self.customer, self.request).await?;
        let asked = asked.filter(|asked| asked.order == self.order);
        let asked = asked.ok_or(Stop::Refused(Problem::NotFound("refund")))?;
        let decided = Decided { by: self.by, at: self.now.business.max(asked.asked_at) };
        let request =
            decide(asked, self.verdict, decided, approver).map_err(|why| Stop::Refused(Problem::NotDecided(why)))?;
        if self.verdict == Verdict::Approve {
            apart(tx, request.asked_by, self.by, self.stamp.at()).await?;
        }
        let parts = [Part::State, Part::Money, Part::Refunds];
        order_seen::check(tx, (self.customer, self.order), self.seen.as_ref(), &parts).await?;
        // Decided once, whoever else decides at this moment.
        if !refund_request::decide(tx, &request).await? {
            return Err(Stop::Refused(Problem::NotDecided(NotDecided::NotWaiting)));
        }
        if self.verdict == Verdict::Approve {
            let ask = Ask::ByStaff { amount: Some(request.amount.micros()), keeps: request.keeps };
            let done = give_back(tx, &facts, ask, &self.rules, self.now).await?;
            done.map_err(|why| Stop::Refused(Problem::NoRefund(why)))?;
        }
        let action = match self.verdict {
            Verdict::Approve => AuditAction::RefundApproved,
            Verdict::Decline => AuditAction::RefundDeclined,
        };
        self.stamp.append(tx, told(&request, (self.by, action), &facts)).await?;
        Ok(request)
    }
}

/// What the log tells of a refund that staff asked for.
fn told(request: &RefundRequest, (by, action): (RawId, AuditAction), facts: &RefundFacts) -> Act {
    Act::by(by, action, ("order", &facts.paid.order.number))
        .of(request.customer)
        .at(facts.paid.order.line)
        .with("refund", request.id.to_string())
        .with("amount", request.amount.decimal())
        .with("keeps", request.keeps)
}

fn standing<T>(facts: &RefundFacts, ask: impl FnOnce(&Standing<'_>) -> T) -> T {
    let attempts = facts.attempts();
    ask(&Standing {
        order: &facts.paid.order,
        line: &facts.paid.line,
        offering: &facts.paid.offering,
        allowance: &facts.paid.allowance,
        balances: &facts.paid.balances,
        attempts: &attempts,
        refunds: &facts.refunds,
        disputed: facts.disputed,
    })
}

struct Offer {
    customer: CustomerId,
    order: OrderId,
    now: BusinessTime,
}
impl Work for Offer {
    const NAME: &'static str = "refund_offer";
    type Out = RefundOffer;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<RefundOffer, Stop<Problem>> {
        let missing = |what| Stop::Refused(Problem::NotFound(what));
        let order = order::get(tx, self.customer, self.order).await?.ok_or(missing("order"))?;
        let of = Standing {
            line: &line::get(tx, self.customer, order.line).await?.ok_or(missing("line"))?,
            offering: &catalog::offering(tx, &order.offering).await?,
            allowance: &allowance::get(tx, self.customer, order.line).await?,
            balances: &customer::account(tx, self.customer).await?,
            attempts: &payment::of_order(tx, self.customer, self.order).await?,
            refunds: &payment::refunds_of_order(tx, self.customer, self.order).await?,
            disputed: disputed(tx, self.customer, self.order).await?,
            order: &order,
        };
        let (left, most) = (open(&of).map_or(0, |(left, _)| left), at_most(&of).unwrap_or(0));
        Ok(RefundOffer {
            by_rule: by_rule(&of, self.now),
            wrong_number: wrong_number(&of, self.now),
            left: Money::from_micros(most, order.price.currency()),
            spent: most < left,
        })
    }
}

struct Requests {
    customer: CustomerId,
    order: OrderId,
}
impl Work for Requests {
    const NAME: &'static str = "refund_requests";
    type Out = Vec<RefundRequest>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(refund_request::of_order(tx, self.customer, self.order).await?)
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "waiting_refunds";
    type Out = First<Waiting>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        Ok(First::of(refund_request::waiting(tx, one_more(SHOWN)).await?, SHOWN))
    }
}
