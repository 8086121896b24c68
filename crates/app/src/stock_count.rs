//! Counting the stock, from time to time and not with each sale: a row per batch that every sale changes would put all sales in
//! a row. So what a page shows is as old as it says, and being low is found within minutes. What the upstream network holds of our
//! money is asked for on the way.

use crate::audit::{Act, Stamp};
use crate::staff::{permit, permitted};
use crate::stock_hold::sweep_all;
use crate::{App, Problem, upstream_float};
use everline_core::audit::AuditAction;
use everline_core::ids::RawId;
use everline_core::staff::Permission;
use everline_core::stock::{StockCount, StockKind, StockState, Threshold, family};
use everline_core::time::{MINUTE_US, SECOND_US, SystemTime};
use everline_store::tables::sim::SimKind;
use everline_store::tables::staff;
use everline_store::tables::stock_count::{self as table, Group};
use everline_store::{Stop, Tx, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How often a node looks whether it is time to count.
const EVERY: Duration = Duration::from_secs(60);
/// How old a count becomes before the next.
const COUNTED_FOR_US: i64 = 10 * MINUTE_US;
/// How young one may be when people ask for another.
const YOUNG_US: i64 = 10 * SECOND_US;
/// Most thresholds.
const THRESHOLDS_MAX: usize = 200;
/// The highest threshold.
const LEAST_MAX: i64 = 10_000_000;

/// Moves what is to leave the stock or to come back to it, and counts if it is time.
///
/// # Errors
/// As the store says; the next round does it then.
pub async fn round(app: &App) -> Result<(), Problem> {
    sweep_all(app).await?;
    upstream_float::round(app).await?;
    count_unless(app, COUNTED_FOR_US).await.map(|_| ())
}

/// Does so every minute until the store is closed.
pub async fn run_forever(app: App) {
    loop {
        if let Err(problem) = round(&app).await {
            tracing::error!(%problem, "the stock cannot be counted; tried again in a minute");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Counts now, because somebody asks.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn count_now(app: &App, by: RawId) -> Result<(), Problem> {
    permitted(app, by, Permission::ManageStock).await?;
    upstream_float::ask_now(app).await?;
    count_unless(app, YOUNG_US).await.map(|_| ())
}

/// Counts unless that was done a short time ago; whether it did.
async fn count_unless(app: &App, younger_than_us: i64) -> Result<bool, Problem> {
    let now = app.clock.now().system;
    let last = app.store.read(CountedAt).await?;
    if last.is_some_and(|last| (0..younger_than_us).contains(&now.since_us(last))) {
        return Ok(false);
    }
    let (counts, vouchers) = app.store.read(Count).await?;
    Ok(app.store.transact(Save { last, counts, vouchers, now }).await?)
}

struct CountedAt;
impl Work for CountedAt {
    const NAME: &'static str = "stock_counted_at";
    type Out = Option<SystemTime>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::counted_at(tx).await?)
    }
}

type Counted = (Vec<StockCount>, Vec<(String, i64)>);

/// Groups of Sims, made into counts.
#[derive(Default)]
struct Tally(BTreeMap<(StockKind, String, StockState), i64>);
impl Tally {
    fn add(&mut self, kind: StockKind, batch: &str, state: StockState, amount: i64) {
        let sum = self.0.entry((kind, batch.to_owned(), state)).or_default();
        *sum = sum.saturating_add(amount);
    }
    /// Some of those in one state are in another.
    fn of_them(&mut self, groups: Vec<Group>, (from, to): (StockState, StockState)) {
        for (kind, batch, numbered, amount) in groups {
            let kind = StockKind::of(kind == SimKind::Esim, numbered, false);
            self.add(kind, &batch, from, amount.saturating_neg());
            self.add(kind, &batch, to, amount);
        }
    }
    fn counts(self) -> Vec<StockCount> {
        let one = |((kind, batch, state), amount)| StockCount { kind, batch, state, amount };
        self.0.into_iter().filter(|(_, amount)| *amount > 0).map(one).collect()
    }
}

fn state(stored: &str, loading: bool) -> Option<StockState> {
    match stored {
        "in_stock" if loading => Some(StockState::Loading),
        "in_stock" => Some(StockState::Free),
        "in_use" => Some(StockState::InUse),
        "quarantined" => Some(StockState::Resting),
        "retired" => Some(StockState::Retired),
        _ => None,
    }
}

struct Count;
impl Work for Count {
    const NAME: &'static str = "count_stock";
    type Out = Counted;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Counted, Stop<Problem>> {
        let loading: BTreeSet<String> = table::loading(tx).await?.into_iter().collect();
        let mut tally = Tally::default();
        for (kind, batch, stored, numbered, amount) in table::sims(tx).await? {
            let Some(state) = state(&stored, loading.contains(&batch)) else { continue };
            let kind = StockKind::of(kind == SimKind::Esim, numbered, state == StockState::Retired);
            tally.add(kind, &batch, state, amount);
        }
        let complete = |(_, batch, ..): &Group| !loading.contains(batch);
        let without = table::without_code(tx).await?.into_iter().filter(complete).collect();
        tally.of_them(without, (StockState::Free, StockState::WithoutCode));
        tally.of_them(table::held(tx).await?, (StockState::Resting, StockState::SetAside));
        tally.of_them(table::reserved(tx).await?, (StockState::InUse, StockState::Reserved));
        Ok((tally.counts(), table::vouchers(tx).await?))
    }
}

struct Save {
    /// When it was counted before this count began.
    last: Option<SystemTime>,
    counts: Vec<StockCount>,
    vouchers: Vec<(String, i64)>,
    now: SystemTime,
}
impl Work for Save {
    const NAME: &'static str = "save_stock_count";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        // Another node counted meanwhile.
        if table::lock_counted_at(tx).await? != self.last {
            return Ok(false);
        }
        for threshold in table::thresholds(tx).await? {
            table::threshold_counted(tx, &threshold.counted(&self.counts, self.now));
        }
        table::save_counts(tx, &self.counts, &self.vouchers, self.now);
        Ok(true)
    }
}

/// From when on a kind is low, as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewThreshold {
    /// The kind.
    pub kind: StockKind,
    /// How the names of its batches begin.
    pub family: String,
    /// Fewer than this are too few; nothing takes the threshold away.
    pub least: Option<i64>,
    /// The version that the page showed; 0 for a new one.
    pub seen: i64,
}

/// Sets a threshold, or takes it away. It is judged by the next count.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::Stale`] if it was set since; [`Problem::NotAllowed`]
pub async fn set_threshold(app: &App, new: NewThreshold, by: RawId) -> Result<(), Problem> {
    permitted(app, by, Permission::ManageStock).await?;
    let invalid = |field, rule| Problem::Invalid { field, rule };
    let family = family(&new.family).ok_or(invalid("family", "at-most-60-characters"))?;
    if new.least.is_some_and(|least| !(1..=LEAST_MAX).contains(&least)) {
        return Err(invalid("least", "1-to-10000000"));
    }
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    app.store.transact(SetThreshold { new: NewThreshold { family, ..new }, by, stamp, now }).await?;
    Ok(())
}

struct SetThreshold {
    new: NewThreshold,
    by: RawId,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for SetThreshold {
    const NAME: &'static str = "set_stock_threshold";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::ManageStock).await?;
        let NewThreshold { kind, family, least, seen } = &self.new;
        let known = table::lock_threshold(tx, *kind, family).await?;
        let version = known.as_ref().map_or(0, |known| known.version);
        // Sent again.
        if known.as_ref().map(|known| known.least) == *least && version != *seen {
            return Ok(());
        }
        if version != *seen {
            return Err(Stop::Refused(Problem::Stale));
        }
        let act = Act::by(self.by, AuditAction::StockThresholdSet, ("stock", kind.word()));
        let act = act.with("family", family.as_str());
        match least {
            None => {
                table::drop_threshold(tx, *kind, family);
                self.stamp.append(tx, act).await
            }
            Some(least) => {
                let few = table::thresholds(tx).await?.len() < THRESHOLDS_MAX;
                if known.is_none() && !few {
                    return Err(Stop::Refused(Problem::Invalid { field: "family", rule: "too-many" }));
                }
                let threshold = Threshold {
                    kind: *kind,
                    family: family.clone(),
                    least: *least,
                    version: version.saturating_add(1),
                    set_at: self.now,
                    set_by: staff::signature(tx, self.by).await?,
                    amount: known.as_ref().and_then(|known| known.amount),
                    low_since: known.as_ref().and_then(|known| known.low_since),
                };
                table::set_threshold(tx, &threshold, known.is_none());
                self.stamp.append(tx, act.with("least", *least)).await
            }
        }
    }
}
