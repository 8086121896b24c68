//! The catalog as those see it who make it: versions of offerings, what is planned with them, and what that leads to.
//!
//! A version is a draft, then published, then retired. Its content changes only while it is a draft; of an offering at most
//! one version is for sale, so that publishing one retires the one before it at the same instant. What was ordered in a
//! version keeps its price and terms: nothing here looks at orders.

use crate::ids::RawId;
use crate::money::Money;
use crate::offering::{Offering, OfferingKind, OfferingRef, RefundRule, SaleState, StartPolicy};
use crate::time::{BusinessTime, DAY_US, Validity};
use crate::words::words;
use std::collections::BTreeSet;

/// How far ahead something can be planned.
pub const AHEAD_US_MAX: i64 = 2 * 366 * DAY_US;

/// When something was done, and who did it or planned it; nobody, where a file did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// When.
    pub at: BusinessTime,
    /// Which member of the staff.
    pub by: Option<RawId>,
}

/// One version of an offering, with what staff know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its content.
    pub offering: Offering,
    /// Counts changes of anything here, for pages that may be old.
    pub revision: i64,
    /// What one costs upstream, in millionths of the price's currency. Customers are never told.
    pub upstream_cost: Option<i64>,
    /// When it goes on sale by itself.
    pub publish_at: Option<BusinessTime>,
    /// When it is retired by itself.
    pub retire_at: Option<BusinessTime>,
    /// Who planned that.
    pub planned_by: Option<RawId>,
    /// When it went on sale last.
    pub published: Option<Done>,
    /// When it was retired last.
    pub retired: Option<Done>,
}

/// Where a version is, as a list says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Being written.
    Draft,
    /// A draft that goes on sale by itself.
    Scheduled,
    /// For sale.
    Published,
    /// No longer for sale.
    Retired,
}

impl Version {
    /// A draft that nobody planned anything with.
    #[must_use]
    pub fn draft(offering: Offering, upstream_cost: Option<i64>) -> Self {
        Self {
            offering: Offering { sale: SaleState::Draft, ..offering },
            revision: 1,
            upstream_cost,
            publish_at: None,
            retire_at: None,
            planned_by: None,
            published: None,
            retired: None,
        }
    }
    /// Code and version.
    #[must_use]
    pub const fn reference(&self) -> &OfferingRef {
        &self.offering.reference
    }
    /// Where it is.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        match self.offering.sale {
            SaleState::Draft if self.publish_at.is_some() => Standing::Scheduled,
            SaleState::Draft => Standing::Draft,
            SaleState::Published => Standing::Published,
            SaleState::Retired => Standing::Retired,
        }
    }
    /// What is planned next.
    #[must_use]
    pub fn next_due(&self) -> Option<BusinessTime> {
        [self.publish_at, self.retire_at].into_iter().flatten().min()
    }
    /// What is left of the price.
    #[must_use]
    pub fn margin(&self) -> Option<Margin> {
        self.upstream_cost.map(|cost| margin(self.offering.price, cost))
    }
    fn changed(self) -> Self {
        Self { revision: self.revision.saturating_add(1), ..self }
    }
    fn with_sale(&self, sale: SaleState) -> Self {
        let offering = Offering { sale, ..self.offering.clone() };
        let none = (None, None, None);
        let (publish_at, retire_at, planned_by) = if sale == SaleState::Published {
            (None, self.retire_at, self.planned_by.filter(|_| self.retire_at.is_some()))
        } else {
            none
        };
        Self { offering, publish_at, retire_at, planned_by, ..self.clone() }.changed()
    }
}

/// What is left of a price when the upstream network is paid. Tax and the fees of payments are not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Margin {
    /// In money; below zero, each sale costs more than it brings.
    pub amount: Money,
    /// In thousandths of the price, rounded down.
    pub per_mille: i64,
}

/// The margin of a price over a cost in millionths.
#[must_use]
pub fn margin(price: Money, cost: i64) -> Margin {
    let amount = price.micros().saturating_sub(cost);
    let per_mille = i128::from(amount).saturating_mul(1_000).checked_div_euclid(i128::from(price.micros()));
    let per_mille = per_mille.and_then(|per_mille| i64::try_from(per_mille).ok()).unwrap_or(0);
    Margin { amount: Money::from_micros(amount, price.currency()), per_mille }
}

/// Why something is not done with a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum NotDone {
    /// Its content was sold: it never changes.
    #[error("only a draft is edited")]
    NotADraft,
    /// It is on sale already.
    #[error("it is on sale")]
    OnSale,
    /// It is not on sale.
    #[error("it is not on sale")]
    NotOnSale,
    /// A newer version is on sale.
    #[error("a newer version is on sale")]
    NewerOnSale,
    /// Another version is being written or planned.
    #[error("another version is a draft")]
    AnotherDraft,
    /// The time is past, too far ahead, or an end before the beginning.
    #[error("not at this time")]
    Time,
    /// Nothing is planned with it.
    #[error("nothing is planned")]
    NothingPlanned,
}
words!(NotDone {
    NotADraft = "not-a-draft",
    OnSale = "on-sale",
    NotOnSale = "not-on-sale",
    NewerOnSale = "newer-on-sale",
    AnotherDraft = "another-draft",
    Time = "time",
    NothingPlanned = "nothing-planned",
});

/// Puts a version on sale at `at`, and retires at the same instant whichever version of its offering was. `all` are the
/// versions of its offering; what comes back are those that change, the published one first.
///
/// # Errors
/// [`NotDone::OnSale`], [`NotDone::NewerOnSale`]
pub fn publish(all: &[Version], which: &Version, done: Done) -> Result<Vec<Version>, NotDone> {
    if which.offering.sale == SaleState::Published {
        return Err(NotDone::OnSale);
    }
    let number = which.reference().version;
    let on_sale = |one: &&Version| one.offering.sale == SaleState::Published && one.reference() != which.reference();
    if all.iter().filter(on_sale).any(|one| one.reference().version > number) {
        return Err(NotDone::NewerOnSale);
    }
    let published = Version { published: Some(done), retired: None, ..which.with_sale(SaleState::Published) };
    // What is planned for it after this stays; an end that is past does not.
    let retire_at = published.retire_at.filter(|end| *end > done.at);
    let mut changed =
        vec![Version { retire_at, planned_by: published.planned_by.filter(|_| retire_at.is_some()), ..published }];
    changed.extend(all.iter().filter(on_sale).map(|one| retired(one, done)));
    Ok(changed)
}

fn retired(version: &Version, done: Done) -> Version {
    Version { retired: Some(done), ..version.with_sale(SaleState::Retired) }
}

/// Takes a version off sale.
///
/// # Errors
/// [`NotDone::NotOnSale`]
pub fn retire(version: &Version, done: Done) -> Result<Version, NotDone> {
    if version.offering.sale == SaleState::Published { Ok(retired(version, done)) } else { Err(NotDone::NotOnSale) }
}

/// Plans when a version goes on sale and when it is retired; one that is on sale, only the latter. What was planned before is
/// replaced.
///
/// # Errors
/// [`NotDone::Time`]; [`NotDone::NotOnSale`], [`NotDone::OnSale`] if it does not fit the version; [`NotDone::NewerOnSale`].
pub fn plan(
    all: &[Version],
    version: &Version,
    (publish_at, retire_at): (Option<BusinessTime>, Option<BusinessTime>),
    done: Done,
) -> Result<Version, NotDone> {
    let ahead = |at: BusinessTime| at > done.at && at.since_us(done.at) <= AHEAD_US_MAX;
    let in_time = |at: Option<BusinessTime>| at.is_none_or(ahead);
    if !in_time(publish_at) || !in_time(retire_at) || (publish_at, retire_at) == (None, None) {
        return Err(NotDone::Time);
    }
    if publish_at.zip(retire_at).is_some_and(|(begins, ends)| ends <= begins) {
        return Err(NotDone::Time);
    }
    match (version.offering.sale, publish_at) {
        (SaleState::Published, Some(_)) => return Err(NotDone::OnSale),
        (SaleState::Draft | SaleState::Retired, None) => return Err(NotDone::NotOnSale),
        _ => {}
    }
    // What publishing at that time would refuse today is refused today.
    if publish_at.is_some() {
        publish(all, version, done)?;
    }
    Ok(Version { publish_at, retire_at, planned_by: done.by, ..version.clone() }.changed())
}

/// Takes back what is planned.
///
/// # Errors
/// [`NotDone::NothingPlanned`]
pub fn unplan(version: &Version) -> Result<Version, NotDone> {
    if version.next_due().is_none() {
        return Err(NotDone::NothingPlanned);
    }
    Ok(Version { publish_at: None, retire_at: None, planned_by: None, ..version.clone() }.changed())
}

/// A draft with other content. Its code and version stay; what is planned stays.
///
/// # Errors
/// [`NotDone::NotADraft`]
pub fn edit(version: &Version, content: Offering, upstream_cost: Option<i64>) -> Result<Version, NotDone> {
    if version.offering.sale != SaleState::Draft {
        return Err(NotDone::NotADraft);
    }
    let (reference, sale) = (version.reference().clone(), SaleState::Draft);
    Ok(Version { offering: Offering { reference, sale, ..content }, upstream_cost, ..version.clone() }.changed())
}

/// The next version of an offering with this content, as a draft: the number follows from those that are there.
///
/// # Errors
/// [`NotDone::AnotherDraft`]: one is written at a time.
pub fn next_version(all: &[Version], content: Offering, upstream_cost: Option<i64>) -> Result<Version, NotDone> {
    if all.iter().any(|one| one.offering.sale == SaleState::Draft) {
        return Err(NotDone::AnotherDraft);
    }
    let newest = all.iter().map(|one| one.reference().version).max().unwrap_or(0);
    let reference = OfferingRef { code: content.reference.code.clone(), version: newest.saturating_add(1) };
    Ok(Version::draft(Offering { reference, ..content }, upstream_cost))
}

/// Something that was planned, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When it was due: it counts as done then, however late it is carried out.
    pub at: BusinessTime,
    /// What became of it.
    pub what: Happening,
}

/// What became of something planned: the versions that change, the one that it is about first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// It went on sale; the others of them are retired.
    Published(Vec<Version>),
    /// It was retired.
    Retired(Vec<Version>),
    /// It could not be done any more: nothing is planned with it now.
    Dropped(Vec<Version>, NotDone),
}
impl Happening {
    /// The versions that change.
    #[must_use]
    pub fn changed(&self) -> &[Version] {
        match self {
            Happening::Published(changed) | Happening::Retired(changed) | Happening::Dropped(changed, _) => changed,
        }
    }
}

/// The first thing that is planned up to `now`, and what becomes of it. `all` are all versions of the offerings with which
/// something is planned. At one instant a version goes on sale before another is retired, so that the offering is never
/// without one in between.
#[must_use]
pub fn first_due(all: &[Version], now: BusinessTime) -> Option<Happened> {
    let publishing = all.iter().filter_map(|one| Some((one.publish_at?, false, one.reference(), one)));
    let retiring = all.iter().filter_map(|one| Some((one.retire_at?, true, one.reference(), one)));
    let due = publishing.chain(retiring).filter(|(at, ..)| *at <= now);
    let (at, retires, _, version) = due.min_by_key(|(at, retires, reference, _)| (*at, *retires, *reference))?;
    let done = Done { at, by: version.planned_by };
    let changed = if retires { retire(version, done).map(|retired| vec![retired]) } else { beside(all, version, done) };
    let what = match changed {
        Ok(changed) if retires => Happening::Retired(changed),
        Ok(changed) => Happening::Published(changed),
        Err(why) => {
            let nothing = Version { publish_at: None, retire_at: None, planned_by: None, ..version.clone() };
            Happening::Dropped(vec![nothing.changed()], why)
        }
    };
    Some(Happened { at, what })
}

/// Publishes a version beside its siblings among all.
fn beside(all: &[Version], version: &Version, done: Done) -> Result<Vec<Version>, NotDone> {
    let code = &version.reference().code;
    let siblings: Vec<Version> = all.iter().filter(|one| one.reference().code == *code).cloned().collect();
    publish(&siblings, version, done)
}

/// A field of an offering that breaks a rule.
pub type Wrong = (&'static str, &'static str);

/// The longest code and upstream code, in bytes.
pub const CODE_MAX: usize = 64;

/// What is wrong with an offering's content, field by field; the first rule that a field breaks.
#[must_use]
pub fn wrong(offering: &Offering) -> Vec<Wrong> {
    let code = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    let o = offering;
    let timed = o.kind != OfferingKind::TopUp;
    let lasts = match o.validity {
        Some(Validity::Days(days)) => (1..=3_660).contains(&days),
        Some(Validity::Months(months)) => (1..=120).contains(&months),
        Some(Validity::MonthEnd) | None => true,
    };
    let countries: BTreeSet<_> = o.countries.iter().collect();
    let units: BTreeSet<_> = o.included.iter().map(|included| included.unit).collect();
    let starts = match o.start {
        StartPolicy::Immediate => true,
        StartPolicy::FirstUse { within_days } => (1..=3_660).contains(&within_days),
    };
    let returns = match o.refund {
        RefundRule::UnusedWithin { days } => (1..=3_660).contains(&days),
        RefundRule::NotAfterDelivery => true,
    };
    let codes = &o.reference.code;
    let rules = [
        (
            !codes.is_empty() && codes.len() <= CODE_MAX && codes.chars().all(code),
            "code",
            "1 to 64 small letters, digits, - _ .",
        ),
        (!o.families.is_empty(), "families", "at least one"),
        (!o.name.0.is_empty(), "name", "at least one language"),
        (o.price.micros() > 0, "price", "above 0"),
        (o.renewal_price.micros() > 0, "renewal_price", "above 0"),
        (o.validity.is_some() == timed, "validity", "a plan or pack has one, a top-up has none"),
        (lasts, "validity", "1 to 3660 days or 1 to 120 months"),
        (timed || o.included.is_empty(), "included", "a top-up includes nothing"),
        (o.included.iter().all(|included| included.amount > 0), "included", "amounts above 0"),
        (units.len() == o.included.len(), "included", "each unit once"),
        (starts, "start", "1 to 3660 days"),
        (returns, "refund", "1 to 3660 days"),
        (!o.with_esim || o.kind == OfferingKind::Plan, "with_esim", "a plan alone is sold with a line"),
        (countries.len() == o.countries.len(), "countries", "each country once"),
        (
            !o.eligibility.new_lines_only || o.kind == OfferingKind::Plan,
            "new_lines_only",
            "a plan alone is a line's first",
        ),
        (o.eligibility.per_line_max != Some(0), "per_line_max", "at least 1"),
    ];
    let mut wrong: Vec<Wrong> = Vec::new();
    for (holds, field, rule) in rules {
        if !holds && wrong.iter().all(|(known, _)| *known != field) {
            wrong.push((field, rule));
        }
    }
    wrong
}
