//! An automatic renewal is paid: the methods of its owner's order, one after the other.
//!
//! The next method is tried only when the one before surely took nothing and never will: credit that does not reach the
//! price, a card that was declined or is saved no more. An answer that did not come is *unknown*: the same request goes out
//! again under the same number, and nothing else is asked for meanwhile. What a person started on the order's page is closed
//! at its provider first, and waited for.

use crate::auto_renew::{Ground, apply};
use crate::close_payment::ask_to_close;
use crate::jobs::Done;
use crate::pay_with_credit::pay_with_credit;
use crate::payment_confirmed::take_evidence;
use crate::ports::{DebitRequest, Debited};
use crate::start_payment::Believe;
use crate::{App, Problem};
use everline_core::auto_renew::{AutoRenew, PayWith, State, on_refused};
use everline_core::brand::Brand;
use everline_core::credit::available;
use everline_core::effects::Job;
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, PaymentMethodId};
use everline_core::ledger::Balances;
use everline_core::money::Money;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, AttemptState, Method, next_query};
use everline_core::renewal::Outcome;
use everline_core::saved_method::SavedMethod;
use everline_core::time::{HOUR_US, Now, SECOND_US, Zone};
use everline_store::tables::timer;
use everline_store::tables::{auto_renew, catalog, customer, directory, job, line, order, payment, payment_method};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// How long a debit whose answer was lost may be sent again: providers remember the number a day at least.
const SAME_NUMBER_US: i64 = 20 * HOUR_US;
/// When to look again at something that others must end first.
const LOOK_US: i64 = 5 * SECOND_US;

/// Whose renewal it is.
#[derive(Debug, Clone, Copy)]
struct Cycle {
    customer: CustomerId,
    line: LineId,
    order: OrderId,
}
impl Cycle {
    /// Whether a setting tries this step for this order.
    fn tries(&self, setting: Option<&AutoRenew>, step: u8) -> bool {
        let state = setting.map(|setting| setting.state);
        matches!(state, Some(State::Trying { cycle, step: tried, .. })
            if tried == step && AutoRenew::order_of(self.line, cycle) == self.order)
    }
}

/// Tries the methods until one took the money, none is left, or nothing more can be known now.
pub(crate) async fn try_methods(
    app: &App,
    customer: CustomerId,
    line: LineId,
    order: OrderId,
    run: i64,
) -> Result<Done, Problem> {
    let cycle = Cycle { customer, line, order };
    loop {
        let look = app.store.read(Look { cycle }).await?;
        let Some((method, step)) = look.trying(cycle) else { return Ok(Done::Finished) };
        if look.order.state != OrderState::AwaitingPayment {
            // Paid or closed: time's step sees it.
            app.store.transact(Wake { cycle, now: app.clock.now() }).await?;
            return Ok(Done::Finished);
        }
        let now = app.clock.now();
        if look.order.expires_at <= now.business {
            // Its own timer closes it.
            return Ok(Done::Again { at: now.system.plus_us(LOOK_US), why: "the time to pay is over", failed: false });
        }
        let tried = match method {
            PayWith::Credit => with_credit(app, cycle, &look).await?,
            PayWith::Saved(id) => with_saved(app, cycle, &look, (step, id), run).await?,
        };
        let (asked, attempt) = match tried {
            Tried::Look => continue,
            Tried::Wait(done) => return Ok(done),
            Tried::Refused { asked, attempt } => (asked, attempt),
        };
        let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
        app.store.transact(NextMethod { cycle, step, asked, attempt, brand, zone, now }).await?;
        app.wake.notify_one();
    }
}

/// What became of a method.
enum Tried {
    /// It took money, or somebody changed what there is: to be looked at again.
    Look,
    /// It surely took nothing. The attempt, with the provider's name for it, if there was one; and whether its bank wants to
    /// ask the owner.
    Refused { asked: bool, attempt: Option<(AttemptId, Option<String>)> },
    /// Nobody knows yet.
    Wait(Done),
}
impl Tried {
    const NOT_TRIED: Tried = Tried::Refused { asked: false, attempt: None };
}

/// What is there when a method is tried.
struct Looked {
    setting: Option<AutoRenew>,
    order: Order,
    attempts: Vec<Attempt>,
    balances: Balances,
    saved: Option<SavedMethod>,
}
impl Looked {
    /// Which method is being tried for this order, and its place.
    fn trying(&self, cycle: Cycle) -> Option<(PayWith, u8)> {
        let setting = self.setting.as_ref()?;
        let State::Trying { cycle: end, step, .. } = setting.state else { return None };
        let method = setting.consent.methods.get(usize::from(step)).copied()?;
        (AutoRenew::order_of(cycle.line, end) == cycle.order).then_some((method, step))
    }
}

async fn with_credit(app: &App, cycle: Cycle, look: &Looked) -> Result<Tried, Problem> {
    let held = [Method::PromoCredit, Method::PaidCredit]
        .iter()
        .fold(0i64, |sum, method| sum.saturating_add(available(&look.balances, &look.order, *method).micros()));
    let missing = look.order.price.micros().saturating_sub(look.order.funds);
    if held < missing {
        return Ok(Tried::NOT_TRIED);
    }
    if let Some(waits) = close_others(app, cycle, look).await? {
        return Ok(waits);
    }
    match pay_with_credit(app, cycle.customer, cycle.order).await {
        Ok(_) | Err(Problem::AlreadyPaid | Problem::OrderClosed) => Ok(Tried::Look),
        Err(Problem::NoCredit) => Ok(Tried::NOT_TRIED),
        Err(problem) => Err(problem),
    }
}

/// At most one charge in effect: what else is open for the order is closed first. How long to wait for it, if there is any.
async fn close_others(app: &App, cycle: Cycle, look: &Looked) -> Result<Option<Tried>, Problem> {
    let now = app.clock.now();
    let others = others(&look.attempts, None, now);
    if others.is_empty() {
        return Ok(None);
    }
    app.store.transact(CloseOthers { customer: cycle.customer, others, now }).await?;
    app.wake.notify_one();
    Ok(Some(wait_for_others(now)))
}

/// What may still be paid for the order, beside one attempt.
fn others(attempts: &[Attempt], mine: Option<AttemptId>, now: Now) -> Vec<Attempt> {
    let open = |attempt: &&Attempt| attempt.state.open() && Some(attempt.id) != mine && attempt.expires_at > now.system;
    attempts.iter().filter(open).cloned().collect()
}

const fn wait_for_others(now: Now) -> Tried {
    Tried::Wait(Done::Again {
        at: now.system.plus_us(LOOK_US),
        why: "another payment of the order is open",
        failed: false,
    })
}

async fn with_saved(
    app: &App,
    cycle: Cycle,
    look: &Looked,
    (step, method): (u8, PaymentMethodId),
    run: i64,
) -> Result<Tried, Problem> {
    let (id, now) = (AutoRenew::attempt_of(cycle.order, step), app.clock.now());
    let wait = |why| Tried::Wait(Done::retry(app, run, why));
    let known = look.attempts.iter().find(|attempt| attempt.id == id);
    if let Some(attempt) = known.filter(|attempt| !may_ask_again(attempt, now)) {
        return Ok(match attempt.state {
            AttemptState::Paid => wait("money came that the order could not take"),
            // The provider said so; that nobody paid in time says nothing about what it did.
            AttemptState::Failed | AttemptState::Closed if now.system < attempt.expires_at => Tried::NOT_TRIED,
            _ => wait("the provider has not said what became of a debit"),
        });
    }
    // Removed, over, or with a provider that is gone: if nothing was asked of it, the next. What was asked of it, and may not
    // have arrived, is not sent again: only its provider can tell.
    let usable = look.saved.as_ref().filter(|saved| saved.usable(now.business));
    let keeper = usable.and_then(|saved| app.ports.payments.of(saved.provider)).and_then(|port| port.keeper());
    let Some(keeper) = keeper else {
        return Ok(if known.is_none() { Tried::NOT_TRIED } else { wait("a debit of a method that cannot be used") });
    };
    let (attempt, subject, saved) = match app.store.transact(NewDebit { cycle, step, method, now }).await? {
        Debit::Ask(debit) => *debit,
        Debit::Others => {
            app.wake.notify_one();
            return Ok(wait_for_others(now));
        }
        Debit::Changed => return Ok(Tried::Look),
    };
    app.wake.notify_one();
    let request = DebitRequest {
        out_trade_no: attempt.out_trade_no.clone(),
        amount: attempt.amount,
        subject,
        token: saved.token,
        holder: saved.holder,
    };
    let belief = |belief, reference: Option<String>| Believe {
        customer: cycle.customer,
        attempt: attempt.id,
        belief,
        payable: None,
        reference,
    };
    match keeper.debit(&request).await {
        Debited::Paid(evidence) => Ok(match take_evidence(app, evidence, None).await? {
            // It says nothing of our attempt: asked again at once, it would say the same.
            Outcome::Contradiction => wait("the evidence of a debit contradicts what is known"),
            _ => Tried::Look,
        }),
        Debited::Refused { authentication, reference } => {
            Ok(Tried::Refused { asked: authentication, attempt: Some((attempt.id, reference)) })
        }
        Debited::UnderWay { reference } => {
            app.store.transact(belief(AttemptState::Pending, Some(reference))).await?;
            Ok(wait("the provider works on a debit"))
        }
        Debited::Unknown => {
            app.store.transact(belief(AttemptState::Unknown, None)).await?;
            Ok(wait("the provider gave no answer"))
        }
    }
}

/// Whether a debit goes out again under its number: nobody knows what became of it, and the provider still knows the number.
fn may_ask_again(attempt: &Attempt, now: Now) -> bool {
    matches!(attempt.state, AttemptState::Created | AttemptState::Unknown)
        && now.system.since_us(attempt.created_at) < SAME_NUMBER_US
}

struct Look {
    cycle: Cycle,
}
impl Work for Look {
    const NAME: &'static str = "look_at_renewal";
    type Out = Looked;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Looked, Stop<Problem>> {
        let Cycle { customer, line, order } = self.cycle;
        let setting = auto_renew::get(tx, customer, line).await?;
        let order = order::get(tx, customer, order).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?;
        let attempts = payment::of_order(tx, customer, order.id).await?;
        let balances = customer::account(tx, customer).await?;
        let mut looked = Looked { setting, order, attempts, balances, saved: None };
        if let Some((PayWith::Saved(id), _)) = looked.trying(self.cycle) {
            looked.saved = payment_method::get(tx, customer, id).await?;
        }
        Ok(looked)
    }
}

/// The order of a cycle moved on without this job: its setting looks at once.
struct Wake {
    cycle: Cycle,
    now: Now,
}
impl Work for Wake {
    const NAME: &'static str = "wake_auto_renew";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        timer::wake(tx, AutoRenew::id_of(self.cycle.line), self.cycle.customer, self.now.business);
        Ok(())
    }
}

struct CloseOthers {
    customer: CustomerId,
    others: Vec<Attempt>,
    now: Now,
}
impl Work for CloseOthers {
    const NAME: &'static str = "close_other_payments";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        Ok(ask_to_close(tx, self.customer, &self.others, self.now)?)
    }
}

/// What may be done about a debit.
enum Debit {
    /// The attempt, what is paid, and the method to ask.
    Ask(Box<(Attempt, String, SavedMethod)>),
    /// Others may still be paid for the order. Their providers are asked to close them.
    Others,
    /// The owner, or somebody else, changed something since it was looked at.
    Changed,
}

/// The attempt of a debit, written down before the provider hears of it; the same at every run. Whether it may be asked is
/// judged here, under the locks that whoever pays, removes a method or switches renewal off takes too.
struct NewDebit {
    cycle: Cycle,
    step: u8,
    method: PaymentMethodId,
    now: Now,
}
impl Work for NewDebit {
    const NAME: &'static str = "new_debit";
    type Out = Debit;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Debit, Stop<Problem>> {
        let Cycle { customer, line, order } = self.cycle;
        let id = AutoRenew::attempt_of(order, self.step);
        customer::lock_account(tx, customer).await?;
        let order = order::lock(tx, customer, order).await?;
        let setting = auto_renew::get(tx, customer, line).await?;
        let saved = payment_method::lock(tx, customer, self.method).await?;
        let open = order.state == OrderState::AwaitingPayment && order.expires_at > self.now.business;
        let Some(saved) = saved
            .filter(|saved| open && saved.usable(self.now.business) && self.cycle.tries(setting.as_ref(), self.step))
        else {
            return Ok(Debit::Changed);
        };
        let attempts = payment::of_order(tx, customer, order.id).await?;
        let others = others(&attempts, Some(id), self.now);
        if !others.is_empty() {
            ask_to_close(tx, customer, &others, self.now)?;
            return Ok(Debit::Others);
        }
        let offering = catalog::offering(tx, &order.offering).await?;
        let subject = offering.name.get("zh-CN").to_owned();
        if let Some(known) = attempts.into_iter().find(|attempt| attempt.id == id) {
            let again = may_ask_again(&known, self.now);
            return Ok(if again { Debit::Ask(Box::new((known, subject, saved))) } else { Debit::Changed });
        }
        let missing = order.price.micros().saturating_sub(order.funds);
        let attempt = Attempt {
            id,
            customer,
            order: order.id,
            method: Method::SavedCard,
            out_trade_no: id.to_string(),
            amount: Money::from_micros(missing, order.price.currency()),
            state: AttemptState::Created,
            reference: None,
            pay_url: None,
            pay_url_until: None,
            trade_no: None,
            received: 0,
            settlement: None,
            created_at: self.now.system,
            expires_at: self.now.system.plus_us(order.expires_at.since_us(self.now.business)),
            paid_at: None,
        };
        payment::add(tx, &attempt);
        directory::add(tx, directory::Name::OutTradeNo, &attempt.out_trade_no, customer, attempt.id.0);
        if let Some(first) = next_query(&attempt, 0, self.now.system) {
            let question = Job::QueryPayment { customer, attempt: attempt.id };
            job::add(tx, customer, &question, self.now.system, first)?;
        }
        Ok(Debit::Ask(Box::new((attempt, subject, saved))))
    }
}

/// A method surely took nothing: the attempt has failed, and the setting goes on to the next method, in one transaction.
struct NextMethod {
    cycle: Cycle,
    step: u8,
    asked: bool,
    attempt: Option<(AttemptId, Option<String>)>,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for NextMethod {
    const NAME: &'static str = "next_renewal_method";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Cycle { customer, line, order } = self.cycle;
        customer::lock_account(tx, customer).await?;
        line::lock(tx, customer, line).await?;
        let order = order::lock(tx, customer, order).await?;
        if let Some((id, reference)) = &self.attempt {
            let mut attempt = payment::lock(tx, customer, *id).await?;
            if attempt.state == AttemptState::Paid {
                return Ok(());
            }
            attempt.state = attempt.state.believed(AttemptState::Failed);
            attempt.reference = reference.clone().or(attempt.reference);
            payment::save(tx, &attempt);
            // What is left of it at the provider waits for another card; it is given up.
            let close = Job::ClosePayment { customer, attempt: *id };
            job::add(tx, customer, &close, self.now.system, self.now.system)?;
        }
        let Some(setting) = auto_renew::get(tx, customer, line).await? else { return Ok(()) };
        // Paid another way meanwhile, or switched off: there is nothing to go on with.
        let here = order.state == OrderState::AwaitingPayment && self.cycle.tries(Some(&setting), self.step);
        let Some(next) = on_refused(&setting, self.asked, self.now.business).filter(|_| here) else { return Ok(()) };
        let ground = Ground { brand: &self.brand, zone: &self.zone, now: self.now };
        apply(tx, setting, &next, Some(&order), None, &ground).await?;
        if let Some(due) = next.due {
            timer::set(tx, AutoRenew::id_of(line), customer, timer::TimerKind::AutoRenew, due);
        }
        Ok(())
    }
}
