//! A line goes on under another owner: its record ends here, and a new one begins there.
//!
//! Both sides are decided at one instant and written in two transactions, the giver's first: a transaction touches one
//! customer. What is between them is [`Given`], which is kept until it has arrived.

use super::{Because, HandOver, LifecycleRefusal, Situation, begin, change, instant_cause};
use crate::brand::Brand;
use crate::charging::{Allowance, Service, Window};
use crate::effects::{Effects, Job, NetworkAction};
use crate::ids::{CustomerId, LineId, OrderId};
use crate::ledger::{Balances, Cause, LedgerAccount, LedgerRefusal, Posting, Template};
use crate::line::{Line, LineState, NetworkKind, SuspendCause};
use crate::order::{Order, OrderState, PlacedBy};
use crate::time::{BusinessTime, Zone};
use crate::words::words;

/// What goes along with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Along {
    /// Everything: whoever claims a line that was nobody's gets it as it is.
    Everything,
    /// The number and its Sims: what the former owner bought stays with the former owner (过户).
    Number,
}
words!(Along { Everything = "everything", Number = "number" });

/// Why a line does not go on to another owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoHandOver {
    /// It is in a state that allows none.
    #[error("the line cannot be handed over: {0}")]
    State(LifecycleRefusal),
    /// Something that was paid for is not in effect yet, or the network is being told.
    #[error("an order of the line is not in effect yet")]
    Underway,
    /// Another network serves it and would go on serving what was bought.
    #[error("a plan runs on another operator's network")]
    PlanRuns,
    /// Who its owner is is being corrected: a line goes from somebody who is known.
    #[error("a correction of who the owner is waits to be decided")]
    CorrectionOpen,
}
impl NoHandOver {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NoHandOver::State(refusal) => refusal.word(),
            NoHandOver::Underway => "underway",
            NoHandOver::PlanRuns => "plan-runs",
            NoHandOver::CorrectionOpen => "correction-open",
        }
    }
}

/// What left the giver and has not arrived yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The new record; the customer is the taker. Its version is 0.
    pub line: Line,
    /// What it may use.
    pub allowance: Allowance,
    /// What goes along.
    pub along: Along,
    /// Paid credit that goes along, in millionths.
    pub paid_credit: i64,
    /// Promotional credit that goes along, in millionths.
    pub promo_credit: i64,
    /// When.
    pub at: BusinessTime,
}

/// The giver's side: the record ends, and what leaves it. `underway`: whether an order of the line is paid and not in effect.
///
/// # Errors
/// The outer one if the ledger refuses the credit.
pub fn give(
    is: &Situation,
    along: Along,
    (taker, new): (CustomerId, LineId),
    underway: bool,
    (brand, zone): (&Brand, &Zone),
    at: BusinessTime,
) -> Result<Result<(Effects, Given), NoHandOver>, LedgerRefusal> {
    if let Err(why) = may_go(is, along, underway, at) {
        return Ok(Err(why));
    }
    let mut effects = Effects::default();
    let (mut line, mut kept) = (is.line.clone(), is.allowance.clone());
    change(&mut effects, &mut line, LineState::HandedOver, Because::HandedOver, at);
    let sessions = std::mem::take(&mut kept.sessions);
    let mut next = Line { id: new, customer: taker, version: 0, main_balance_consent: false, ..is.line.clone() };
    let mut goes = Allowance { sessions, ..Allowance::default() };
    let (mut paid_credit, mut promo_credit) = (0, 0);
    match along {
        Along::Everything => {
            goes.periods.clone_from(&kept.periods);
            for (number, period) in goes.periods.iter_mut().enumerate() {
                (period.order, period.deferred) = (moved(new, number), 0);
                (period.recognised, period.recognitions) = (0, 0);
            }
            // What was left went along: here it is used up, and goes back to nobody.
            let buckets = kept.periods.iter_mut().flat_map(|period| &mut period.buckets);
            buckets.for_each(|bucket| bucket.used = bucket.granted);
            paid_credit = is.balances.get(LedgerAccount::PaidCredit);
            promo_credit = is.balances.get(LedgerAccount::PromoCredit);
            let leaves = [(Template::CreditGiven, paid_credit), (Template::PromoGiven, promo_credit)];
            effects.balances = post(&mut effects.postings, is.balances, new, &leaves, at)?;
        }
        Along::Number => {
            let (state, _) = begin(HandOver::Sale, is.line.family, brand, zone, at);
            (next.state, next.state_since, next.service_until) = (state, at, None);
            next.name = String::new();
            goes.redirect_sessions();
        }
    }
    (effects.line, effects.allowance) = (Some(line), Some(kept));
    Ok(Ok((effects, Given { line: next, allowance: goes, along, paid_credit, promo_credit, at })))
}

fn may_go(is: &Situation, along: Along, underway: bool, at: BusinessTime) -> Result<(), NoHandOver> {
    let refused = match is.line.state {
        // What is only reserved is nobody's to give.
        LineState::Stock | LineState::Reserved { .. } => Some(LifecycleRefusal::InStock),
        LineState::Test { .. } => Some(LifecycleRefusal::InTest),
        LineState::Suspended(SuspendCause::Lost) => Some(LifecycleRefusal::Lost),
        LineState::Suspended(SuspendCause::Barred) => Some(LifecycleRefusal::Barred),
        state if state.over() => Some(LifecycleRefusal::Over),
        _ => None,
    };
    if let Some(refusal) = refused {
        return Err(NoHandOver::State(refusal));
    }
    if underway || is.allowance.sessions.iter().any(|session| session.service == Service::Restoring) {
        return Err(NoHandOver::Underway);
    }
    let runs = is.allowance.has_service(at) || is.allowance.queued_plans(at).next().is_some();
    if along == Along::Number && is.line.network == NetworkKind::Upstream && runs {
        return Err(NoHandOver::PlanRuns);
    }
    Ok(())
}

/// The order at the taker that stands for the n-th plan or pack that goes along.
fn moved(new: LineId, number: usize) -> OrderId {
    OrderId(new.0.derive(0x71, u8::try_from(number).unwrap_or(u8::MAX)))
}

/// The orders at the taker for the plans and packs that arrive.
#[must_use]
pub fn orders_of(given: &Given) -> Vec<OrderId> {
    given.allowance.periods.iter().map(|period| period.order).collect()
}

/// The taker's side: the orders that stand for what arrives, under `numbers` and at what their offerings cost; the credit;
/// and the network is told of every session that stays cut off, because what it was told before was told about another line.
///
/// # Errors
/// If the ledger refuses the credit.
pub fn take(
    given: &Given,
    balances: Balances,
    priced: &[(String, crate::money::Money)],
    terms_version: &str,
    at: BusinessTime,
) -> Result<Effects, LedgerRefusal> {
    let mut effects = Effects::default();
    let (customer, line) = (given.line.customer, given.line.id);
    for (period, (number, price)) in given.allowance.periods.iter().zip(priced) {
        let (starts_at, ends_at) = match period.window {
            Window::Fixed { starts_at, ends_at } => (Some(starts_at), Some(ends_at)),
            Window::FirstUse { .. } => (None, None),
        };
        let state = match starts_at {
            None => OrderState::StartsOnFirstUse,
            Some(start) if start > given.at => OrderState::Queued,
            Some(_) => OrderState::InEffect,
        };
        effects.orders.push(Order {
            id: period.order,
            customer,
            line,
            number: number.clone(),
            offering: period.offering.clone(),
            price: *price,
            funds: 0,
            state,
            placed_by: PlacedBy::MovedIn,
            terms_version: terms_version.to_owned(),
            placed_at: given.at,
            expires_at: given.at,
            paid_at: None,
            delivered_at: Some(given.at),
            in_effect_at: (state == OrderState::InEffect).then_some(given.at),
            closed_at: None,
            starts_at,
            ends_at,
        });
    }
    let arrives = [(Template::CreditTaken, given.paid_credit), (Template::PromoTaken, given.promo_credit)];
    effects.balances = post(&mut effects.postings, balances, line, &arrives, at)?;
    let cause = instant_cause(line, given.at);
    let cut_off = given.allowance.sessions.iter().filter(|session| session.service == Service::Redirected);
    effects.jobs.extend(cut_off.map(|session| Job::TellNetwork {
        customer,
        line,
        session: session.id,
        action: NetworkAction::Redirect,
        cause,
    }));
    Ok(effects)
}

/// Posts what is not zero; the balances after it, if anything was.
fn post(
    postings: &mut Vec<Posting>,
    balances: Balances,
    new: LineId,
    amounts: &[(Template, i64)],
    at: BusinessTime,
) -> Result<Option<Balances>, LedgerRefusal> {
    let mut after = None;
    for (template, amount) in amounts.iter().filter(|(_, amount)| *amount > 0) {
        let posting = Posting::new(*template, Cause::HandOver(new), None, *amount, at);
        after = Some(after.unwrap_or(balances).after(&posting)?);
        postings.push(posting);
    }
    Ok(after)
}
