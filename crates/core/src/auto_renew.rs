//! Renewal by itself: a line's owner agrees once to a plan, a price and an order of methods, and each time the line's last
//! plan comes to its end it is renewed, announced five days ahead.
//!
//! One line has one setting, and one timer. A *cycle* is one end of the line's last plan; it is announced, ordered and
//! tried once. Whatever moves that end (the renewal itself, or the owner renewing by hand) ends the cycle. [`on_due`] is
//! what time does, [`on_refused`] what a method that surely took nothing does, [`consent`] and [`switch_off`] what the
//! owner does.
//!
//! The owner may agree to more: that it is renewed at once when little data is left, or when a forecast says that it will not
//! last ([`Early`]). Then nothing is announced but by the consent; it is ordered once for the same data, under the same cycle,
//! and begins when the offering's rules let it.
//!
//! off → waiting → announced → trying (method after method) → waiting for the next cycle; or *needs the customer* (a bank
//! wants to ask), *asks consent* (price, content or terms changed since it was given), *gave up* (nothing took it). In the last three
//! the owner is told at once and then daily until the plan ends.

use crate::effects::MessageKind;
use crate::ids::{AttemptId, CustomerId, LineId, OrderId, PaymentMethodId, RawId};
use crate::line::Line;
use crate::money::Money;
use crate::offering::OfferingRef;
use crate::order::{Order, OrderState};
use crate::reminder::{DataNow, PERCENT_MIN, PERCENT_STEP};
use crate::time::{BusinessTime, DAY_US, MINUTE_US, Validity, Zone};
use crate::words::words;

/// Days between the notice and the debit.
pub const NOTICE_DAYS: u8 = 5;
/// Days before the end of the plan at which it is renewed, unless the owner chose others.
pub const LEAD_DAYS: u8 = 3;
/// Most days before the end of the plan at which it can be renewed.
pub const LEAD_DAYS_MAX: u8 = 14;
/// Most methods of one setting.
pub const METHODS_MAX: usize = 4;
/// When a setting that waits for nothing looks again by itself. Whatever gives it something to wait for wakes it before.
const IDLE_US: i64 = 30 * DAY_US;
/// How long an order can be paid at least: the owner may have to come for it.
const ORDER_US_MIN: i64 = DAY_US;
/// How long an order can be paid that was placed before the end was near.
const EARLY_ORDER_US: i64 = 3 * DAY_US;
/// The most that can be left when it is renewed early, and in which steps: those that charging looks at.
const EARLY_PERCENT_MAX: u8 = 100 - PERCENT_MIN;

/// How an automatic renewal pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PayWith {
    /// The account's credit, if it holds the whole price.
    Credit,
    /// A saved method.
    Saved(PaymentMethodId),
}

impl PayWith {
    /// The stable word for it.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            PayWith::Credit => "credit".to_owned(),
            PayWith::Saved(id) => format!("saved:{id}"),
        }
    }
    /// The method of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word.strip_prefix("saved:") {
            Some(id) => id.parse().ok().map(PayWith::Saved),
            None => (word == "credit").then_some(PayWith::Credit),
        }
    }
    /// Methods in their order, as one stored text.
    #[must_use]
    pub fn join(methods: &[Self]) -> String {
        methods.iter().map(PayWith::word).collect::<Vec<_>>().join(" ")
    }
    /// Reads [`PayWith::join`].
    #[must_use]
    pub fn split(text: &str) -> Option<Vec<Self>> {
        text.split_ascii_whitespace().map(Self::from_word).collect()
    }
}

/// When a plan is renewed before its end is near.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Early {
    /// When at most so many percent of the data are left.
    pub left_percent: Option<u8>,
    /// When at this rate the data will not last.
    pub forecast: bool,
}

/// What the line's owner agreed to. Nobody else can: a guest sets nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The plan; a newer version of it is bought if it gives no less, at the same price or less.
    pub offering: OfferingRef,
    /// The most that one renewal may cost.
    pub price: Money,
    /// How it is paid: the next method only after the one before surely took nothing.
    pub methods: Vec<PayWith>,
    /// The most that automatic renewals of the line may take in a calendar month of the brand's zone.
    pub month_cap: Money,
    /// How many days before the end of the plan.
    pub lead_days: u8,
    /// Whether it is renewed before that, if the data runs out.
    pub early: Early,
    /// The terms that were accepted.
    pub terms_version: String,
    /// When.
    pub given_at: BusinessTime,
}

/// Why a consent cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoConsent {
    /// No method, too many, or one twice.
    #[error("one to four different methods")]
    Methods,
    /// The price is more than may be taken in a month.
    #[error("the cap is below the price")]
    CapBelowPrice,
    /// Too many days before the end, or none.
    #[error("1 to 14 days before the end")]
    LeadDays,
    /// No step of data.
    #[error("5, 10 … 50 percent left")]
    Early,
    /// The plan is too short to be announced in time.
    #[error("the plan is shorter than the notice")]
    TooShort,
    /// A renewal is being paid just now.
    #[error("a renewal is under way")]
    UnderWay,
}

/// Why a cycle was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GaveUp {
    /// It could not be announced five days before the end.
    TooLate,
    /// The plan cannot be bought for the line.
    NotSellable,
    /// It would take more in this month than was agreed.
    OverCap,
    /// No method took it.
    Methods,
    /// The order was closed without payment.
    Unpaid,
    /// The network refused it, and the money went back.
    Refused,
}

words!(GaveUp {
    TooLate = "too_late",
    NotSellable = "not_sellable",
    OverCap = "over_cap",
    Methods = "methods",
    Unpaid = "unpaid",
    Refused = "refused",
});

/// Where a setting is. `cycle` is the end of the plan that is to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Switched off; nothing is ever taken.
    Off,
    /// Nothing is to be announced yet.
    Waiting,
    /// The owner was told what will be taken, and when.
    Announced {
        /// The end that is renewed.
        cycle: BusinessTime,
        /// When it is taken.
        debit_at: BusinessTime,
    },
    /// The price rose, or what it buys or the terms changed, since the owner agreed: nothing is taken until they agree again.
    AsksConsent {
        /// The end that is renewed.
        cycle: BusinessTime,
        /// When it is taken, if they do.
        debit_at: BusinessTime,
    },
    /// It is ordered, and a method is being tried.
    Trying {
        /// The end that is renewed.
        cycle: BusinessTime,
        /// Which method, counted from 0.
        step: u8,
        /// Whether a bank wanted to ask the owner at a step before.
        asked: bool,
    },
    /// No method took it, and a bank wants to ask the owner: the order waits for them.
    NeedsCustomer {
        /// The end that is renewed.
        cycle: BusinessTime,
    },
    /// It was not renewed.
    GaveUp {
        /// The end that is renewed.
        cycle: BusinessTime,
        /// Why.
        why: GaveUp,
    },
}

impl State {
    /// The end that is being renewed.
    #[must_use]
    pub const fn cycle(&self) -> Option<BusinessTime> {
        match *self {
            State::Off | State::Waiting => None,
            State::Announced { cycle, .. }
            | State::AsksConsent { cycle, .. }
            | State::Trying { cycle, .. }
            | State::NeedsCustomer { cycle }
            | State::GaveUp { cycle, .. } => Some(cycle),
        }
    }
    /// The stable word for it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            State::Off => "off",
            State::Waiting => "waiting",
            State::Announced { .. } => "announced",
            State::AsksConsent { .. } => "asks_consent",
            State::Trying { .. } => "trying",
            State::NeedsCustomer { .. } => "needs_customer",
            State::GaveUp { .. } => "gave_up",
        }
    }
    /// Whether the line will be renewed with nobody doing anything.
    #[must_use]
    pub const fn renews_itself(&self) -> bool {
        matches!(self, State::Waiting | State::Announced { .. } | State::Trying { .. })
    }
    /// Whether its owner is told on the day of `now` that it was not renewed: nobody else need tell them that it ends.
    #[must_use]
    pub fn tells_owner_on_day_of(&self, now: BusinessTime, zone: &Zone) -> bool {
        match *self {
            State::Off | State::Waiting | State::Announced { .. } | State::Trying { .. } => false,
            // Of the refund they were told once.
            State::GaveUp { why: GaveUp::Refused, .. } => false,
            // When it was asked, and daily from when it would have been taken.
            State::AsksConsent { debit_at, .. } => {
                let (today, asked_at) = (zone.date(now), debit_at.plus_us(-days(NOTICE_DAYS)));
                today == zone.date(asked_at) || today >= zone.date(debit_at)
            }
            State::NeedsCustomer { .. } => true,
            State::GaveUp { cycle, .. } => now >= cycle.plus_us(-days(LEAD_DAYS_MAX)),
        }
    }
}

/// The setting of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoRenew {
    /// The line's owner.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
    /// What they agreed to last.
    pub consent: Consent,
    /// Where it is.
    pub state: State,
    /// The data for which it was renewed, or tried, before its end was near: when that began. Not twice for the same.
    pub early_for: Option<BusinessTime>,
}

impl AutoRenew {
    /// The id of a line's setting and of its timer.
    #[must_use]
    pub const fn id_of(line: LineId) -> RawId {
        line.0.derive(0x75, 0)
    }
    /// The line of a setting's id.
    #[must_use]
    pub const fn line_of(id: RawId) -> LineId {
        LineId(id.derive(0x75, 0))
    }
    /// The order of a cycle: it follows from line and cycle, so that a cycle is ordered once.
    #[must_use]
    pub fn order_of(line: LineId, cycle: BusinessTime) -> OrderId {
        OrderId(crate::lifecycle::instant_cause(line, cycle).0.derive(0x76, 0))
    }
    /// The attempt of a step: it follows from the order, so that a step asks for money once.
    #[must_use]
    pub const fn attempt_of(order: OrderId, step: u8) -> AttemptId {
        AttemptId(order.0.branch(step.saturating_add(1)))
    }
}

/// What a setting is judged by. Read under the locks of account, line and setting.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The line.
    pub line: &'a Line,
    /// The order of the state's cycle, or of the line's end where the state has none.
    pub order: Option<&'a Order>,
    /// What renewing would cost now; `None` if the plan cannot be bought for the line now.
    pub price: Option<Money>,
    /// Whether what would be bought gives less than what the owner agreed to
    /// ([`crate::offering::Offering::gives_no_less_than`]).
    pub gives_less: bool,
    /// The brand's terms now.
    pub terms_version: &'a str,
    /// What automatic renewals of the line took in this calendar month, in millionths.
    pub spent: i64,
    /// The data that it can use now.
    pub data: Option<DataNow>,
    /// Whether at this rate the data will not last.
    pub runs_out: bool,
    /// Whether another plan follows the one that runs.
    pub follows: bool,
}

/// What is to be done beside the new state, in one transaction with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Then {
    /// Tell the owner.
    Tell(MessageKind),
    /// Place the order of the cycle, to be paid until then, and begin to try the methods.
    PlaceOrder {
        /// Until when it can be paid.
        until: BusinessTime,
    },
    /// Close the order of the cycle: nothing may be taken for it any more.
    CloseOrder,
}

/// What becomes of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The state after.
    pub state: State,
    /// When time changes it next; `None` if it is off.
    pub due: Option<BusinessTime>,
    /// What else is done.
    pub then: Vec<Then>,
    /// The data for which it is renewed before its end is near.
    pub early_for: Option<BusinessTime>,
}

impl Next {
    fn at(state: State, due: BusinessTime) -> Self {
        Self { state, due: Some(due), then: Vec::new(), early_for: None }
    }
    fn and(mut self, then: Then) -> Self {
        self.then.push(then);
        self
    }
    fn gave_up(cycle: BusinessTime, why: GaveUp, now: BusinessTime) -> Self {
        Self::at(State::GaveUp { cycle, why }, remind_at(cycle, now)).and(Then::Tell(MessageKind::AutoRenewFailed))
    }
}

/// The next day, while the plan runs and its end is near; after that nothing more is said.
fn remind_at(cycle: BusinessTime, now: BusinessTime) -> BusinessTime {
    let tomorrow = now.plus_us(DAY_US).max(cycle.plus_us(-days(LEAD_DAYS_MAX)));
    if tomorrow < cycle { tomorrow } else { now.plus_us(IDLE_US) }
}

fn days(count: u8) -> i64 {
    i64::from(count) * DAY_US
}

/// What time does to a setting at `now`.
#[must_use]
pub fn on_due(is: &AutoRenew, facts: &Facts<'_>, now: BusinessTime) -> Next {
    let line = facts.line;
    if is.state == State::Off || line.state.over() {
        return Next { state: State::Off, due: None, then: close(is.state, facts.order), early_for: None };
    }
    let Some(cycle) = is.state.cycle() else { return waiting(is, facts, now) };
    if line.service_until != Some(cycle) {
        // Renewed, by us or by hand. Nothing may be taken for the old end any more; the new one is looked at next.
        return Next { then: close(is.state, facts.order), ..Next::at(State::Waiting, now) };
    }
    match is.state {
        State::Off | State::Waiting => waiting(is, facts, now),
        State::Announced { debit_at, .. } if now < debit_at => match low(is, facts) {
            Some(low) => early(is, facts, (cycle, low), now),
            None => Next::at(is.state, debit_at),
        },
        State::Announced { .. } => debit(is, facts, cycle, cycle.max(now.plus_us(ORDER_US_MIN)), now),
        State::AsksConsent { debit_at, .. } if now < debit_at => Next::at(is.state, debit_at),
        State::AsksConsent { .. } if now < cycle => {
            Next::at(is.state, remind_at(cycle, now)).and(Then::Tell(MessageKind::AutoRenewConsent))
        }
        State::AsksConsent { .. } => Next::at(is.state, now.plus_us(IDLE_US)),
        State::Trying { .. } | State::NeedsCustomer { .. } => paying(is.state, facts.order, cycle, now),
        State::GaveUp { why: GaveUp::Refused, .. } => Next::at(is.state, now.plus_us(IDLE_US)),
        State::GaveUp { .. } if now < cycle => {
            Next::at(is.state, remind_at(cycle, now)).and(Then::Tell(MessageKind::AutoRenewFailed))
        }
        State::GaveUp { .. } => Next::at(is.state, now.plus_us(IDLE_US)),
    }
}

/// An order of ours that is open is closed with its cycle.
fn close(state: State, order: Option<&Order>) -> Vec<Then> {
    let ours = matches!(state, State::Trying { .. } | State::NeedsCustomer { .. } | State::GaveUp { .. });
    let open = order.is_some_and(|order| order.state == OrderState::AwaitingPayment);
    if ours && open { vec![Then::CloseOrder] } else { Vec::new() }
}

fn waiting(is: &AutoRenew, facts: &Facts<'_>, now: BusinessTime) -> Next {
    let Some(end) = facts.line.service_until.filter(|end| *end > now) else {
        return Next::at(State::Waiting, now.plus_us(IDLE_US));
    };
    // Switched off and on again, or bought and not confirmed by the network yet: a cycle is ordered once.
    match facts.order.map(|order| order.state) {
        None => {}
        Some(OrderState::AwaitingPayment | OrderState::Closed) => return Next::gave_up(end, GaveUp::Unpaid, now),
        Some(OrderState::Refunding | OrderState::Refunded) => return refused(end, now),
        Some(_) => return Next::at(State::Waiting, now.plus_us(DAY_US)),
    }
    if let Some(low) = low(is, facts) {
        return early(is, facts, (end, low), now);
    }
    let wanted = end.plus_us(-days(is.consent.lead_days));
    let notice_at = wanted.plus_us(-days(NOTICE_DAYS));
    if now < notice_at {
        return Next::at(State::Waiting, notice_at);
    }
    let debit_at = wanted.max(now.plus_us(days(NOTICE_DAYS)));
    if debit_at >= end {
        return Next::gave_up(end, GaveUp::TooLate, now);
    }
    match facts.price {
        None => Next::gave_up(end, GaveUp::NotSellable, now),
        Some(price) if !agreed(is, facts, price) => {
            let state = State::AsksConsent { cycle: end, debit_at };
            Next::at(state, debit_at).and(Then::Tell(MessageKind::AutoRenewConsent))
        }
        Some(_) => {
            let state = State::Announced { cycle: end, debit_at };
            Next::at(state, debit_at).and(Then::Tell(MessageKind::AutoRenewNotice))
        }
    }
}

/// Whether the owner agreed to this price, to what it buys and to the terms of today.
fn agreed(is: &AutoRenew, facts: &Facts<'_>, price: Money) -> bool {
    let consent = &is.consent;
    price.currency() == consent.price.currency()
        && price.micros() <= consent.price.micros()
        && !facts.gives_less
        && facts.terms_version == consent.terms_version
}

/// The data that runs out as the owner agreed to, and was not renewed for before: when it began. What follows already is not
/// made longer by itself.
fn low(is: &AutoRenew, facts: &Facts<'_>) -> Option<BusinessTime> {
    let data = facts.data.filter(|data| !facts.follows && is.early_for != Some(data.cycle))?;
    let Early { left_percent, forecast } = is.consent.early;
    let little = left_percent.is_some_and(|left| data.percent_used() >= 100_u8.saturating_sub(left));
    (little || (forecast && facts.runs_out)).then_some(data.cycle)
}

/// Renewed at once, once for the same data.
fn early(is: &AutoRenew, facts: &Facts<'_>, (cycle, low): (BusinessTime, BusinessTime), now: BusinessTime) -> Next {
    let until = now.plus_us(EARLY_ORDER_US).min(cycle.max(now.plus_us(ORDER_US_MIN)));
    Next { early_for: Some(low), ..debit(is, facts, cycle, until, now) }
}

fn debit(is: &AutoRenew, facts: &Facts<'_>, cycle: BusinessTime, until: BusinessTime, now: BusinessTime) -> Next {
    let Some(price) = facts.price else { return Next::gave_up(cycle, GaveUp::NotSellable, now) };
    if !agreed(is, facts, price) {
        let state = State::AsksConsent { cycle, debit_at: now };
        return Next::at(state, remind_at(cycle, now)).and(Then::Tell(MessageKind::AutoRenewConsent));
    }
    if facts.spent.saturating_add(price.micros()) > is.consent.month_cap.micros() {
        return Next::gave_up(cycle, GaveUp::OverCap, now);
    }
    let state = State::Trying { cycle, step: 0, asked: false };
    Next::at(state, now.plus_us(DAY_US).min(until)).and(Then::PlaceOrder { until })
}

/// A cycle whose order is there: it ends with the order.
fn paying(state: State, order: Option<&Order>, cycle: BusinessTime, now: BusinessTime) -> Next {
    let Some(order) = order else { return Next::gave_up(cycle, GaveUp::Unpaid, now) };
    match order.state {
        OrderState::AwaitingPayment => {
            // Its own timer closes it; this one looks after it.
            let until = if order.expires_at > now { order.expires_at } else { now.plus_us(MINUTE_US) };
            let next = Next::at(state, now.plus_us(DAY_US).min(until));
            let tell = matches!(state, State::NeedsCustomer { .. }) && now < cycle.min(order.expires_at);
            if tell { next.and(Then::Tell(MessageKind::AutoRenewNeedsYou)) } else { next }
        }
        OrderState::Closed => Next::gave_up(cycle, GaveUp::Unpaid, now),
        OrderState::Refunding | OrderState::Refunded => refused(cycle, now),
        // Paid; the network has not confirmed.
        _ => Next::at(state, now.plus_us(DAY_US)),
    }
}

/// The owner was told of the refund.
fn refused(cycle: BusinessTime, now: BusinessTime) -> Next {
    Next::at(State::GaveUp { cycle, why: GaveUp::Refused }, now.plus_us(IDLE_US))
}

/// The method that is being tried surely took nothing, and never will: the next one, if there is one. `asked` if its bank
/// wants to ask the owner. `None` if nothing is being tried.
#[must_use]
pub fn on_refused(is: &AutoRenew, asked_now: bool, now: BusinessTime) -> Option<Next> {
    let State::Trying { cycle, step, asked } = is.state else { return None };
    let (step, asked) = (step.saturating_add(1), asked || asked_now);
    Some(if usize::from(step) < is.consent.methods.len() {
        Next::at(State::Trying { cycle, step, asked }, now.plus_us(DAY_US))
    } else if asked {
        let tell = Then::Tell(MessageKind::AutoRenewNeedsYou);
        Next::at(State::NeedsCustomer { cycle }, now.plus_us(DAY_US)).and(tell)
    } else {
        Next::gave_up(cycle, GaveUp::Methods, now)
    })
}

/// The owner agrees, for the first time or again. `lasts_us` is how long the plan lasts at least.
///
/// A cycle that asked for consent goes on as announced; one that is announced is announced anew, and so is one that was given
/// up before anything was ordered; one that was tried is over.
///
/// # Errors
/// [`NoConsent`].
pub fn consent(
    before: Option<&AutoRenew>,
    (customer, line): (CustomerId, LineId),
    consent: Consent,
    lasts_us: i64,
    now: BusinessTime,
) -> Result<(AutoRenew, BusinessTime), NoConsent> {
    let methods = &consent.methods;
    let doubled = methods.iter().enumerate().any(|(at, method)| methods.iter().skip(at + 1).any(|one| one == method));
    if methods.is_empty() || methods.len() > METHODS_MAX || doubled {
        return Err(NoConsent::Methods);
    }
    if consent.month_cap.currency() != consent.price.currency() || consent.month_cap.micros() < consent.price.micros() {
        return Err(NoConsent::CapBelowPrice);
    }
    if !(1..=LEAD_DAYS_MAX).contains(&consent.lead_days) {
        return Err(NoConsent::LeadDays);
    }
    let step = |left: u8| (PERCENT_STEP..=EARLY_PERCENT_MAX).contains(&left) && left.is_multiple_of(PERCENT_STEP);
    if !consent.early.left_percent.is_none_or(step) {
        return Err(NoConsent::Early);
    }
    if lasts_us <= days(NOTICE_DAYS) {
        return Err(NoConsent::TooShort);
    }
    let mut early_for = before.and_then(|before| before.early_for);
    let (state, due) = match before.map_or(State::Off, |before| before.state) {
        State::Trying { .. } => return Err(NoConsent::UnderWay),
        State::AsksConsent { cycle, debit_at } if cycle > now => {
            let debit_at = debit_at.max(now);
            (State::Announced { cycle, debit_at }, debit_at)
        }
        State::GaveUp { cycle, why: GaveUp::OverCap | GaveUp::NotSellable } if cycle > now => {
            early_for = None;
            if now.plus_us(days(NOTICE_DAYS)) < cycle {
                (State::Waiting, now)
            } else {
                // Too late for a notice. They were told of this cycle, and agree to what is taken, and when.
                let debit_at = cycle.plus_us(-days(consent.lead_days)).max(now);
                (State::Announced { cycle, debit_at }, debit_at)
            }
        }
        state @ (State::NeedsCustomer { .. } | State::GaveUp { .. }) => (state, now.plus_us(DAY_US)),
        State::Off | State::Waiting | State::Announced { .. } | State::AsksConsent { .. } => (State::Waiting, now),
    };
    Ok((AutoRenew { customer, line, consent, state, early_for }, due))
}

/// How long a plan of this validity lasts at least, in microseconds.
#[must_use]
pub fn lasts_us_min(validity: Option<Validity>) -> i64 {
    match validity {
        None => 0,
        Some(Validity::Days(count)) => i64::from(count) * DAY_US,
        Some(Validity::Months(count)) => i64::from(count) * 28 * DAY_US,
        // It begins where the month before ended.
        Some(Validity::MonthEnd) => 28 * DAY_US,
    }
}

/// The owner switches it off: at once, whatever it is doing. What is on its way at a provider then goes back.
#[must_use]
pub fn switch_off(is: &AutoRenew, order: Option<&Order>) -> Next {
    Next { state: State::Off, due: None, then: close(is.state, order), early_for: None }
}
