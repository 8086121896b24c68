//! The stock, as the desk sees it: how much there was of each kind and batch when it was last counted, what imports brought, which
//! numbers rest, and batches of vouchers. No code and no secret of a card is read here.

use crate::staff::permit;
use crate::upstream_float::{self, FloatView};
use crate::{App, Problem};
use everline_core::calendar::Day;
use everline_core::ids::{LineId, RawId};
use everline_core::staff::Permission;
use everline_core::stock::{Hold, StockCount, StockKind, StockState, Threshold};
use everline_core::time::{BusinessTime, SystemTime};
use everline_core::voucher::Batch;
use everline_store::tables::stock::BatchKind;
pub use everline_store::tables::stock_count::{Imported, Resting};
use everline_store::tables::{stock_count as table, stock_hold, upstream_float as float};
use everline_store::{Stop, Tx, Work};

/// Rows on a page.
pub const PAGE: usize = 50;
/// After every instant that a page asks for.
const NEVER: BusinessTime = BusinessTime::from_us(i64::MAX);

fn limit() -> i64 {
    i64::try_from(PAGE.saturating_add(1)).unwrap_or(i64::MAX)
}

/// One page of rows, and whether more follow.
fn cut<T>(mut rows: Vec<T>) -> (Vec<T>, bool) {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    (rows, more)
}

/// The place of a batch among all, by when it began.
pub type BatchKey = (BusinessTime, String, String);

/// A batch with what was counted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// What its import brought.
    pub batch: Imported,
    /// Where its Sims are.
    pub counts: Vec<StockCount>,
}

/// The first page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// How many there were of each kind and state.
    pub totals: Vec<(StockKind, StockState, i64)>,
    /// When they were counted; `None` before the first time.
    pub counted_at: Option<SystemTime>,
    /// From when on a kind is low.
    pub thresholds: Vec<Threshold>,
    /// What the upstream network holds of our money, if it says so.
    pub float: Option<FloatView>,
    /// Batches, the newest first.
    pub batches: Vec<BatchRow>,
    /// Where the next page of them begins.
    pub next: Option<BatchKey>,
}

/// A batch of its own page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchView {
    /// The batch.
    pub row: BatchRow,
    /// What sets it aside.
    pub hold: Option<Hold>,
    /// When it was counted.
    pub counted_at: Option<SystemTime>,
}

/// Where a page of numbers that rest begins.
pub type RestingKey = (BusinessTime, LineId);

/// A batch of vouchers with what was counted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouchers {
    /// The batch.
    pub batch: Batch,
    /// How many had been redeemed.
    pub redeemed: i64,
}

/// How much there is of what, and batches before a key.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn overview(app: &App, by: RawId, before: Option<BatchKey>) -> Result<Overview, Problem> {
    let today = Day::of(&app.zone, app.clock.now().business);
    Ok(app.store.read(Look { by, before, today }).await?)
}

/// One batch.
///
/// # Errors
/// [`Problem::NotFound`]; [`Problem::NotAllowed`]
pub async fn batch(app: &App, by: RawId, kind: BatchKind, name: &str) -> Result<BatchView, Problem> {
    Ok(app.store.read(LookAtBatch { by, kind, name: name.to_owned() }).await?)
}

/// Numbers that rest, the next to be free first, and where the next page begins.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn resting(
    app: &App,
    by: RawId,
    after: Option<RestingKey>,
) -> Result<(Vec<Resting>, Option<RestingKey>), Problem> {
    Ok(app.store.read(LookAtResting { by, after }).await?)
}

/// What was set aside, the newest first, and where the next page begins.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn holds(
    app: &App,
    by: RawId,
    before: Option<(SystemTime, RawId)>,
) -> Result<(Vec<Hold>, Option<(SystemTime, RawId)>), Problem> {
    Ok(app.store.read(LookAtHolds { by, before }).await?)
}

/// Batches of vouchers, the newest first; when what was redeemed of them was counted; where the next page begins.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn vouchers(app: &App, by: RawId, before: Option<(BusinessTime, String)>) -> Result<VoucherPage, Problem> {
    Ok(app.store.read(LookAtVouchers { by, before }).await?)
}

/// A page of batches of vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherPage {
    /// The batches.
    pub rows: Vec<Vouchers>,
    /// When they were counted.
    pub counted_at: Option<SystemTime>,
    /// Where the next page begins.
    pub next: Option<(BusinessTime, String)>,
}

/// How many thresholds say that a kind is low, or that the upstream network holds too little of our money.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn low(app: &App, by: RawId) -> Result<usize, Problem> {
    Ok(app.store.read(CountLow { by }).await?)
}

struct Look {
    by: RawId,
    before: Option<BatchKey>,
    today: Day,
}
impl Work for Look {
    const NAME: &'static str = "stock_overview";
    type Out = Overview;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Overview, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeStock).await?;
        let (at, kind, name) = match &self.before {
            Some((at, kind, name)) => (*at, kind.as_str(), name.as_str()),
            None => (NEVER, "", ""),
        };
        let (found, more) = cut(table::batches(tx, (at, kind, name), limit()).await?);
        let mut batches = Vec::new();
        for batch in found {
            let counts = counts(tx, &batch).await?;
            batches.push(BatchRow { batch, counts });
        }
        let key = |row: &BatchRow| (row.batch.began_at, row.batch.kind.word().to_owned(), row.batch.name.clone());
        Ok(Overview {
            totals: table::totals(tx).await?,
            counted_at: table::counted_at(tx).await?,
            thresholds: table::thresholds(tx).await?,
            float: upstream_float::look(tx, self.today).await?,
            next: batches.last().filter(|_| more).map(key),
            batches,
        })
    }
}

/// What was counted of a batch; only Sims are.
async fn counts(tx: &mut Tx, batch: &Imported) -> Result<Vec<StockCount>, Stop<Problem>> {
    match batch.kind {
        BatchKind::Sims => Ok(table::of_batch(tx, &batch.name).await?),
        BatchKind::ActivationCodes | BatchKind::Lines => Ok(Vec::new()),
    }
}

struct LookAtBatch {
    by: RawId,
    kind: BatchKind,
    name: String,
}
impl Work for LookAtBatch {
    const NAME: &'static str = "stock_batch";
    type Out = BatchView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<BatchView, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeStock).await?;
        let found = table::batch(tx, self.kind, &self.name).await?;
        let batch = found.ok_or(Stop::Refused(Problem::NotFound("batch")))?;
        let hold = match batch.hold {
            Some(hold) => stock_hold::get(tx, hold).await?,
            None => None,
        };
        let counts = counts(tx, &batch).await?;
        Ok(BatchView { row: BatchRow { batch, counts }, hold, counted_at: table::counted_at(tx).await? })
    }
}

struct LookAtResting {
    by: RawId,
    after: Option<RestingKey>,
}
impl Work for LookAtResting {
    const NAME: &'static str = "resting_numbers";
    type Out = (Vec<Resting>, Option<RestingKey>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeStock).await?;
        let after = self.after.unwrap_or((BusinessTime::from_us(i64::MIN), LineId::from([0; 16])));
        let (rows, more) = cut(table::resting(tx, after, limit()).await?);
        let next = rows.last().filter(|_| more).map(|row| (row.until.unwrap_or(NEVER), row.line));
        Ok((rows, next))
    }
}

struct LookAtHolds {
    by: RawId,
    before: Option<(SystemTime, RawId)>,
}
impl Work for LookAtHolds {
    const NAME: &'static str = "stock_holds";
    type Out = (Vec<Hold>, Option<(SystemTime, RawId)>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeStock).await?;
        let before = self.before.unwrap_or((SystemTime::from_us(i64::MAX), RawId::from_bytes([0; 16])));
        let (rows, more) = cut(stock_hold::page(tx, before, limit()).await?);
        let next = rows.last().filter(|_| more).map(|row| (row.put_at, row.id));
        Ok((rows, next))
    }
}

struct LookAtVouchers {
    by: RawId,
    before: Option<(BusinessTime, String)>,
}
impl Work for LookAtVouchers {
    const NAME: &'static str = "voucher_stock";
    type Out = VoucherPage;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<VoucherPage, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeStock).await?;
        let before = self.before.as_ref().map_or((NEVER, ""), |(at, name)| (*at, name.as_str()));
        let (batches, more) = cut(table::voucher_batches(tx, before, limit()).await?);
        let next = batches.last().filter(|_| more).map(|batch| (batch.made_at, batch.name.clone()));
        let mut rows = Vec::new();
        for batch in batches {
            let redeemed = table::redeemed(tx, &batch.name).await?;
            rows.push(Vouchers { batch, redeemed });
        }
        Ok(VoucherPage { rows, counted_at: table::counted_at(tx).await?, next })
    }
}

struct CountLow {
    by: RawId,
}
impl Work for CountLow {
    const NAME: &'static str = "count_low_stock";
    type Out = usize;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<usize, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeStock).await?;
        let kinds = table::thresholds(tx).await?.into_iter().filter(|threshold| threshold.low_since.is_some()).count();
        Ok(kinds + usize::from(float::get(tx).await?.low_since.is_some()))
    }
}
