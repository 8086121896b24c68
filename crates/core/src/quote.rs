//! Quotes: what buying an offering for a line would mean, told before any money moves, and the same computation again
//! when it is delivered.

use crate::brand::Brand;
use crate::charging::{Allowance, Bucket, Period, Window};
use crate::ids::OrderId;
use crate::line::{Line, LineState};
use crate::money::Money;
use crate::offering::{Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy, UsedUp};
use crate::time::{BusinessTime, Validity, Zone};
use serde::{Deserialize, Serialize};

/// Why an offering cannot be bought for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotSellable {
    /// It is a draft or retired.
    #[error("the offering is not for sale")]
    NotOnSale,
    /// It is made for other kinds of lines.
    #[error("the offering does not fit this line")]
    WrongFamily,
    /// The line is lost, barred, terminated or in other hands.
    #[error("the line cannot be renewed in its state")]
    LineState,
    /// A pack needs a running plan.
    #[error("a pack needs a plan that is running")]
    NeedsPlan,
    /// A plan that starts on first use waits; another one would have no place.
    #[error("a plan that starts on first use is waiting")]
    WaitsForFirstUse,
    /// As many plans wait as the brand allows.
    #[error("too many plans are queued")]
    QueueFull,
    /// It is for lines that were just sold, as their first plan.
    #[error("the offering is for new lines")]
    NewLinesOnly,
    /// The line took it as often as it can.
    #[error("the line took the offering as often as it can")]
    LimitReached,
    /// It is limited to some lines: only their owner can buy it, signed in.
    #[error("the offering is limited, and only its line's owner can buy it")]
    NotByLink,
}

impl NotSellable {
    /// Whether the line can never take it, however its state and its plans change.
    #[must_use]
    pub const fn for_good(self) -> bool {
        matches!(self, NotSellable::WrongFamily | NotSellable::NewLinesOnly | NotSellable::LimitReached)
    }
}

/// Who takes an offering.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'a> {
    /// The line.
    pub line: &'a Line,
    /// What it has.
    pub allowance: &'a Allowance,
    /// How many orders of the line for the offering, in any version, are open or paid and did not go back. Looked at only
    /// where the offering limits them ([`crate::offering::Eligibility::per_line_max`]).
    pub taken: u32,
    /// Whether a plan was ordered for it that is open or paid and did not go back. Looked at only where the offering is for new
    /// lines ([`crate::offering::Eligibility::new_lines_only`]).
    pub planned: bool,
}

impl<'a> Taker<'a> {
    /// A line that did not take the offering before.
    #[must_use]
    pub const fn new(line: &'a Line, allowance: &'a Allowance) -> Self {
        Self { line, allowance, taken: 0, planned: false }
    }
    /// A line of which nobody counted what it took: what is limited, it cannot take.
    #[must_use]
    pub const fn uncounted(line: &'a Line, allowance: &'a Allowance) -> Self {
        Self { line, allowance, taken: u32::MAX, planned: true }
    }
}

/// Where a purchase lands in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Begins at once.
    Now {
        /// First instant.
        starts_at: BusinessTime,
        /// First instant after it.
        ends_at: BusinessTime,
    },
    /// Begins when the plans before it end.
    After {
        /// First instant.
        starts_at: BusinessTime,
        /// First instant after it.
        ends_at: BusinessTime,
    },
    /// Begins with the first use, or by itself.
    FirstUse {
        /// When it begins by itself.
        begins_by: BusinessTime,
        /// How long it then runs.
        validity: Validity,
    },
    /// Is money; has no time.
    Credit,
}

impl Placement {
    /// Start and end, where they are known.
    #[must_use]
    pub const fn bounds(self) -> (Option<BusinessTime>, Option<BusinessTime>) {
        match self {
            Placement::Now { starts_at, ends_at } | Placement::After { starts_at, ends_at } => {
                (Some(starts_at), Some(ends_at))
            }
            Placement::FirstUse { .. } | Placement::Credit => (None, None),
        }
    }
}

/// What a purchase does to what the line has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "offering")]
pub enum Change {
    /// The line has no plan; this one begins.
    Begins,
    /// More of the plan it has.
    Extends,
    /// Another plan than the one it has; that one runs to its end first.
    Follows(OfferingRef),
    /// Adds to the running plan.
    Adds,
    /// Adds to the customer's paid credit.
    AddsMoney,
}

/// What a customer is told before paying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// What would be bought.
    pub offering: OfferingRef,
    /// What it costs.
    pub price: Money,
    /// When it begins and ends.
    pub placement: Placement,
    /// What it does to what the line has.
    pub change: Change,
    /// What the next one costs.
    pub renewal_price: Money,
    /// What happens when it is used up.
    pub used_up: UsedUp,
    /// Whether and how the price can be returned.
    pub refund: RefundRule,
    /// The terms to be accepted.
    pub terms_version: String,
}

/// What buying `offering` for a line at `now` would mean, or why it cannot be bought.
pub fn quote(
    taker: &Taker<'_>,
    offering: &Offering,
    brand: &Brand,
    zone: &Zone,
    now: BusinessTime,
) -> Result<Quote, NotSellable> {
    sellable(taker, offering, brand, now)?;
    let allowance = taker.allowance;
    let last_plan = last_plan(allowance, now);
    let change = match (offering.kind, last_plan) {
        (OfferingKind::TopUp, _) => Change::AddsMoney,
        (OfferingKind::Pack, _) => Change::Adds,
        (OfferingKind::Plan, None) => Change::Begins,
        (OfferingKind::Plan, Some(plan)) if plan.offering.code == offering.reference.code => Change::Extends,
        (OfferingKind::Plan, Some(plan)) => Change::Follows(plan.offering.clone()),
    };
    Ok(Quote {
        offering: offering.reference.clone(),
        price: offering.price,
        placement: place(allowance, offering, zone, now),
        change,
        renewal_price: offering.renewal_price,
        used_up: offering.used_up,
        refund: offering.refund,
        terms_version: brand.terms_version.clone(),
    })
}

/// Whether `offering` can be bought for a line at `now`. Checks run in this order; the first that fails is the answer.
pub fn sellable(taker: &Taker<'_>, offering: &Offering, brand: &Brand, now: BusinessTime) -> Result<(), NotSellable> {
    let (line, allowance) = (taker.line, taker.allowance);
    if offering.sale != SaleState::Published {
        return Err(NotSellable::NotOnSale);
    }
    if !offering.families.contains(&line.family) {
        return Err(NotSellable::WrongFamily);
    }
    let no_plan = allowance.periods.iter().all(|period| period.kind != OfferingKind::Plan);
    let new = match line.state {
        LineState::Reserved { .. } | LineState::Silent { .. } => no_plan,
        // Lost or barred before its first plan, it is new again when that is lifted.
        state => !state.renewable() && no_plan && line.service_until.is_none(),
    };
    if offering.eligibility.new_lines_only && (!new || taker.planned) {
        return Err(NotSellable::NewLinesOnly);
    }
    if offering.eligibility.per_line_max.is_some_and(|max| taker.taken >= u32::from(max)) {
        return Err(NotSellable::LimitReached);
    }
    if !line.state.renewable() {
        return Err(NotSellable::LineState);
    }
    match offering.kind {
        OfferingKind::TopUp => Ok(()),
        OfferingKind::Pack if line.state == LineState::Active && allowance.current_plan(now).is_some() => Ok(()),
        OfferingKind::Pack => Err(NotSellable::NeedsPlan),
        OfferingKind::Plan => {
            let queued = allowance.queued_plans(now);
            let (count, first_use) = queued.fold((0usize, false), |(count, first_use), period| {
                (count + 1, first_use || matches!(period.window, Window::FirstUse { .. }))
            });
            if count >= usize::from(brand.queued_plans_max) {
                Err(NotSellable::QueueFull)
            } else if first_use && offering.start == StartPolicy::Immediate {
                Err(NotSellable::WaitsForFirstUse)
            } else {
                Ok(())
            }
        }
    }
}

/// Whether money that arrives for an order placed earlier can still be turned into what was ordered. Less strict than
/// [`sellable`]: what was on sale when it was ordered is honoured, a full queue too; but a line that is lost, barred or in
/// other hands, and a pack without a plan, would take money for nothing.
#[must_use]
pub fn deliverable(line: &Line, allowance: &Allowance, offering: &Offering, now: BusinessTime) -> bool {
    let has_plan = line.state.in_service() && allowance.current_plan(now).is_some();
    line.state.renewable() && (offering.kind != OfferingKind::Pack || has_plan)
}

/// Where `offering` lands when it is delivered at `now`. Total: money that was taken is placed, whatever has changed.
#[must_use]
pub fn place(allowance: &Allowance, offering: &Offering, zone: &Zone, now: BusinessTime) -> Placement {
    let Some(validity) = offering.validity.filter(|_| offering.kind != OfferingKind::TopUp) else {
        return Placement::Credit;
    };
    if let StartPolicy::FirstUse { within_days } = offering.start {
        return Placement::FirstUse { begins_by: Validity::Days(within_days).end(now, None, zone), validity };
    }
    let behind = last_plan(allowance, now).and_then(Period::ends_at).filter(|_| offering.kind == OfferingKind::Plan);
    let anchor_day = anchor_day(allowance, offering, zone, now);
    match behind {
        Some(starts_at) => Placement::After { starts_at, ends_at: validity.end(starts_at, anchor_day, zone) },
        None => Placement::Now { starts_at: now, ends_at: validity.end(now, anchor_day, zone) },
    }
}

/// The period that delivering `offering` at `now` adds to the line; `None` for a top-up.
#[must_use]
pub fn period(
    order: OrderId,
    paid: Money,
    allowance: &Allowance,
    offering: &Offering,
    zone: &Zone,
    now: BusinessTime,
) -> Option<Period> {
    let window = match place(allowance, offering, zone, now) {
        Placement::Now { starts_at, ends_at } | Placement::After { starts_at, ends_at } => {
            Window::Fixed { starts_at, ends_at }
        }
        Placement::FirstUse { begins_by, validity } => Window::FirstUse { begins_by, validity },
        Placement::Credit => return None,
    };
    let included = offering.included.iter();
    Some(Period {
        order,
        offering: offering.reference.clone(),
        kind: offering.kind,
        window,
        anchor_day: anchor_day(allowance, offering, zone, now),
        deferred: paid.micros(),
        recognised: 0,
        recognitions: 0,
        buckets: included.map(|included| Bucket { unit: included.unit, granted: included.amount, used: 0 }).collect(),
    })
}

/// The plan that ends last, among those that have not ended.
fn last_plan(allowance: &Allowance, now: BusinessTime) -> Option<&Period> {
    let plans = allowance.periods.iter().filter(|period| period.kind == OfferingKind::Plan);
    plans.filter(|period| period.ends_at().is_some_and(|end| end > now)).max_by_key(|period| period.ends_at())
}

/// The day on which the chain of monthly plans began that this purchase continues, or begins.
fn anchor_day(allowance: &Allowance, offering: &Offering, zone: &Zone, now: BusinessTime) -> Option<i8> {
    if !matches!((offering.kind, offering.validity), (OfferingKind::Plan, Some(Validity::Months(_)))) {
        return None;
    }
    if matches!(offering.start, StartPolicy::FirstUse { .. }) {
        return None; // the chain begins with the first use: see `Period::begin`
    }
    let before = last_plan(allowance, now);
    let begins = before.and_then(Period::ends_at).unwrap_or(now);
    Some(before.and_then(|period| period.anchor_day).unwrap_or_else(|| zone.date(begins).day()))
}
