//! Checks a store: recomputes every balance and every invariant from the rows, and says what it checked.
//!
//! One read, on one snapshot, in pages: it holds at most [`Limits`] worth of rows at a time, whatever the size of the
//! store. Work that must bring rows of one order together runs over a part of the orders at a time and reads the other
//! tables once per part.
//!
//! Never does: repair, write, or trust a stored word: a row that cannot be read is a finding.

mod audit;
mod bank;
mod contributions;
mod credit_changes;
mod days;
mod disputes;
mod judge;
mod ledger;
mod lines;
mod looking_back;
mod names;
mod orders;
mod owners;
mod read;
mod reconciliation;
mod refunds;
mod renewing;
mod sql;
mod stock;
mod vouchers;

use crate::Problem;
use crate::audit::Head;
use crate::secrets::Secrets;
use everline_core::brand::Brand;
use everline_core::offering::{Offering, OfferingRef};
use everline_core::time::{Now, Zone};
use everline_store::{Stop, Store, Tx, Work};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// What was checked and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many rows of each kind were checked.
    pub checked: Vec<(&'static str, u64)>,
    /// What is wrong. Empty in a sound store.
    pub findings: Vec<Finding>,
    /// Findings beyond the first [`Limits::findings_max`].
    pub findings_left_out: u64,
    /// What a person should look at although nothing contradicts itself: jobs that gave up, imports that stopped half way.
    pub notes: Vec<Finding>,
}

/// One contradiction between rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The invariant's stable name.
    pub invariant: &'static str,
    /// The row: table and key. Numbers of persons are masked.
    pub row: String,
    /// What does not fit.
    pub detail: String,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn clean(&self) -> bool {
        self.findings.is_empty() && self.findings_left_out == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "checked:")?;
        for (what, count) in &self.checked {
            writeln!(f, "  {count:>12}  {what}")?;
        }
        for (title, list) in [("to look at:", &self.notes), ("findings:", &self.findings)] {
            if !list.is_empty() {
                writeln!(f, "{title}")?;
            }
            for Finding { invariant, row, detail } in list {
                writeln!(f, "  {invariant}  {row}  {detail}")?;
            }
        }
        match (self.clean(), self.findings_left_out) {
            (true, _) => write!(f, "nothing is wrong"),
            (false, 0) => write!(f, "{} findings", self.findings.len()),
            (false, more) => write!(f, "{} findings, {more} more not shown", self.findings.len()),
        }
    }
}

/// How much is held in memory at once. The result does not depend on it, only memory and time do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rows per page.
    pub page_rows: i64,
    /// Orders whose rows are brought together at once, about; the orders are cut into at most 256 parts.
    pub orders_at_once: u64,
    /// Customers whose balances are recomputed at once.
    pub customers_at_once: usize,
    /// Most findings kept, and most notes.
    pub findings_max: usize,
}
impl Default for Limits {
    fn default() -> Self {
        Self { page_rows: 1_000, orders_at_once: 100_000, customers_at_once: 200_000, findings_max: 1_000 }
    }
}

/// Checks everything in a store as of one snapshot. `now` is the store's time: where business time runs ahead, that is part
/// of it (see [`crate::timers::restore_business_time`]), or what has begun looks as if it lay in the future.
///
/// # Errors
/// [`Problem`] if the store cannot be read.
pub async fn verify(store: &Store, brand: &Brand, zone: &Zone, now: Now) -> Result<Report, Problem> {
    verify_within(store, brand, zone, now, Limits::default()).await
}

/// [`verify`] within other limits of memory.
///
/// # Errors
/// [`Problem`] if the store cannot be read.
pub async fn verify_within(
    store: &Store,
    brand: &Brand,
    zone: &Zone,
    now: Now,
    limits: Limits,
) -> Result<Report, Problem> {
    let (brand, zone) = (brand.clone(), zone.clone());
    Ok(store.read(Verify { brand, zone, now, limits, known: Known::default() }).await?)
}

/// What is known from elsewhere, which a store must agree with.
#[derive(Default, Clone)]
pub struct Known {
    /// The keys that the store's secrets are sealed with: they must open, and match what they are found by.
    pub secrets: Option<Arc<Secrets>>,
    /// An end of the audit log that was noted before: it must be part of the log.
    pub audit_head: Option<Head>,
}

/// [`verify`] with what is known from elsewhere.
///
/// # Errors
/// [`Problem`] if the store cannot be read.
pub async fn verify_known(
    store: &Store,
    brand: &Brand,
    zone: &Zone,
    now: Now,
    known: Known,
) -> Result<Report, Problem> {
    let (brand, zone, limits) = (brand.clone(), zone.clone(), Limits::default());
    Ok(store.read(Verify { brand, zone, now, limits, known }).await?)
}

struct Verify {
    brand: Brand,
    zone: Zone,
    now: Now,
    limits: Limits,
    known: Known,
}
impl Work for Verify {
    const NAME: &'static str = "verify";
    type Out = Report;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Report, Stop<Problem>> {
        let context = Context {
            brand: &self.brand,
            zone: &self.zone,
            now: self.now,
            limits: self.limits,
            secrets: self.known.secrets.as_deref(),
            audit_head: self.known.audit_head,
            offerings: read::offerings(tx).await?,
        };
        let mut out = Collected { max: self.limits.findings_max, ..Collected::default() };
        Box::pin(ledger::check(tx, &context, &mut out)).await?;
        Box::pin(orders::check(tx, &context, &mut out)).await?;
        Box::pin(lines::check(tx, &context, &mut out)).await?;
        Box::pin(stock::check(tx, &context, &mut out)).await?;
        Box::pin(vouchers::check(tx, &context, &mut out)).await?;
        Box::pin(credit_changes::check(tx, &context, &mut out)).await?;
        Box::pin(bank::check(tx, &context, &mut out)).await?;
        Box::pin(renewing::check(tx, &context, &mut out)).await?;
        Box::pin(owners::check(tx, &context, &mut out)).await?;
        Box::pin(names::check(tx, &context, &mut out)).await?;
        Box::pin(reconciliation::check(tx, &context, &mut out)).await?;
        Box::pin(looking_back::check(tx, &context, &mut out)).await?;
        Box::pin(contributions::check(tx, &context, &mut out)).await?;
        Box::pin(audit::check(tx, &context, &mut out)).await?;
        Ok(out.report)
    }
}

/// What every check needs to know.
struct Context<'a> {
    brand: &'a Brand,
    zone: &'a Zone,
    now: Now,
    limits: Limits,
    secrets: Option<&'a Secrets>,
    audit_head: Option<Head>,
    offerings: BTreeMap<OfferingRef, Offering>,
}

/// What was found so far.
#[derive(Default)]
struct Collected {
    report: Report,
    max: usize,
}
impl Collected {
    fn checked(&mut self, what: &'static str, count: usize) {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        match self.report.checked.iter_mut().find(|(name, _)| *name == what) {
            Some((_, so_far)) => *so_far = so_far.saturating_add(count),
            None => self.report.checked.push((what, count)),
        }
    }
    fn found(&mut self, invariant: &'static str, row: String, detail: impl Into<String>) {
        if self.report.findings.len() < self.max {
            self.report.findings.push(Finding { invariant, row, detail: detail.into() });
        } else {
            self.report.findings_left_out = self.report.findings_left_out.saturating_add(1);
        }
    }
    fn note(&mut self, invariant: &'static str, row: String, detail: impl Into<String>) {
        if self.report.notes.len() < self.max {
            self.report.notes.push(Finding { invariant, row, detail: detail.into() });
        }
    }
}
