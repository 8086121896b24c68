//! How much there is of the stock: counted from time to time, because a row that every sale would change would put all of them
//! in a row; the thresholds; and what an operator sees of batches.

use super::columns::Columns;
use super::sim::SimKind;
use super::stock::{BatchKind, BatchState};
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::money::Money;
use everline_core::stock::{StockCount, StockKind, StockState, Threshold};
use everline_core::time::{BusinessTime, SystemTime};
use everline_core::voucher::Batch;

macro_rules! threshold_columns {
    () => {
        "kind, family, least, version, set_at, set_by, amount, low_since"
    };
}
macro_rules! batch_columns {
    () => {
        "kind, name, state, loaded, began_at, completed_at, hold_id"
    };
}

crate::queries! { ALL;
    COUNTED = "SELECT value FROM setting WHERE name = 'stock_counted_at'";
    COUNTED_LOCK = "SELECT value FROM setting WHERE name = 'stock_counted_at' FOR UPDATE";
    COUNTED_SET = "UPDATE setting SET value = $1 WHERE name = 'stock_counted_at'";
    CLEAR = "DELETE FROM stock_count";
    ADD = "INSERT INTO stock_count (kind, batch, state, amount) VALUES ($1, $2, $3, $4)";
    TOTALS = "SELECT kind, state, CAST(SUM(amount) AS BIGINT) FROM stock_count WHERE kind <> 'voucher' GROUP BY kind, state";
    OF_BATCH = "SELECT kind, batch, state, amount FROM stock_count WHERE kind IN ('card', 'profile', 'companion') AND batch = $1";
    REDEEMED = "SELECT amount FROM stock_count WHERE kind = 'voucher' AND batch = $1 AND state = 'redeemed'";

    THRESHOLDS = concat!("SELECT ", threshold_columns!(), " FROM stock_threshold ORDER BY kind, family LIMIT 200");
    THRESHOLD_LOCK = concat!("SELECT ", threshold_columns!(), " FROM stock_threshold WHERE kind = $1 AND family = $2 FOR UPDATE");
    THRESHOLD_ADD = concat!("INSERT INTO stock_threshold (", threshold_columns!(), ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    THRESHOLD_SET = "UPDATE stock_threshold SET least = $3, version = $4, set_at = $5, set_by = $6, amount = $7, low_since = $8 \
        WHERE kind = $1 AND family = $2";
    THRESHOLD_COUNTED = "UPDATE stock_threshold SET amount = $4, low_since = $5 WHERE kind = $1 AND family = $2 AND version = $3";
    THRESHOLD_DROP = "DELETE FROM stock_threshold WHERE kind = $1 AND family = $2";

    BATCHES = concat!("SELECT ", batch_columns!(), " FROM import_batch WHERE (began_at, kind, name) < ($1, $2, $3) \
        ORDER BY began_at DESC, kind DESC, name DESC LIMIT $4");
    BATCH = concat!("SELECT ", batch_columns!(), " FROM import_batch WHERE kind = $1 AND name = $2");
    RESTING = "SELECT customer_id, id, msisdn, state_until FROM line WHERE state = 'quarantined' \
        AND COALESCE(state_until, 9223372036854775807) >= $1 AND (COALESCE(state_until, 9223372036854775807), id) > ($1, $2) ORDER BY COALESCE(state_until, 9223372036854775807), id LIMIT $3";
    VOUCHER_BATCHES = "SELECT b.name, b.kind, b.currency, b.amount, b.vouchers, b.state, b.expires_at, b.made_at, b.made_by FROM voucher_batch b \
        WHERE (b.made_at, b.name) < ($1, $2) ORDER BY b.made_at DESC, b.name DESC LIMIT $3";
}
crate::queries! { COUNTS;
    SIMS = "SELECT kind, COALESCE(batch, ''), state, CASE WHEN msisdn IS NULL THEN 0 ELSE 1 END, COUNT(*) FROM sim GROUP BY 1, 2, 3, 4";
    HELD = "SELECT kind, COALESCE(batch, ''), CASE WHEN msisdn IS NULL THEN 0 ELSE 1 END, COUNT(*) FROM sim \
        WHERE hold_id IS NOT NULL GROUP BY 1, 2, 3";
    RESERVED = "SELECT s.kind, COALESCE(s.batch, ''), CASE WHEN s.msisdn IS NULL THEN 0 ELSE 1 END, COUNT(*) \
        FROM line l JOIN sim s ON s.line_id = l.id WHERE l.state = 'reserved' GROUP BY 1, 2, 3";
    WITHOUT_CODE = "SELECT s.kind, COALESCE(s.batch, ''), CASE WHEN s.msisdn IS NULL THEN 0 ELSE 1 END, COUNT(*) FROM sim s \
        WHERE s.kind = 'esim' AND s.state = 'in_stock' AND NOT EXISTS (SELECT 1 FROM activation_code a \
        JOIN import_batch c ON c.kind = 'activation_codes' AND c.name = a.batch WHERE a.iccid = s.iccid AND c.state = 'complete') GROUP BY 1, 2, 3";
    LOADING = "SELECT name FROM import_batch WHERE kind = 'sims' AND state <> 'complete'";
    VOUCHERS = "SELECT batch_name, COUNT(redeemed_at) FROM voucher GROUP BY batch_name";
}

/// How many Sims of a kind and batch, with or without a number.
pub type Group = (SimKind, String, bool, i64);
/// The same in a stored state.
pub type StateGroup = (SimKind, String, String, bool, i64);

/// All Sims. Reads an index of all of them: for a job.
pub async fn sims(tx: &mut Tx) -> Result<Vec<StateGroup>> {
    tx.all(&SIMS, args![]).await
}
/// Those that people set aside.
pub async fn held(tx: &mut Tx) -> Result<Vec<Group>> {
    tx.all(&HELD, args![]).await
}
/// Those that an order has which waits for money.
pub async fn reserved(tx: &mut Tx) -> Result<Vec<Group>> {
    tx.all(&RESERVED, args![]).await
}
/// Profiles of the stock without a code that loads them. Looks every one of them up: for a job.
pub async fn without_code(tx: &mut Tx) -> Result<Vec<Group>> {
    tx.all(&WITHOUT_CODE, args![]).await
}
/// Batches of Sims that are not complete.
pub async fn loading(tx: &mut Tx) -> Result<Vec<String>> {
    Ok(tx.all::<(String,)>(&LOADING, args![]).await?.into_iter().map(|row| row.0).collect())
}
/// How many vouchers of each batch were redeemed. Reads an index of all of them: for a job.
pub async fn vouchers(tx: &mut Tx) -> Result<Vec<(String, i64)>> {
    tx.all(&VOUCHERS, args![]).await
}

fn at(stored: &str) -> Option<SystemTime> {
    stored.parse().ok().filter(|at| *at > 0).map(SystemTime::from_us)
}
/// When the stock was last counted.
pub async fn counted_at(tx: &mut Tx) -> Result<Option<SystemTime>> {
    Ok(at(&tx.one::<(String,)>("stock count", &COUNTED, args![]).await?.0))
}
/// The same, and nobody else counts until this transaction ends.
pub async fn lock_counted_at(tx: &mut Tx) -> Result<Option<SystemTime>> {
    Ok(at(&tx.one::<(String,)>("stock count", &COUNTED_LOCK, args![]).await?.0))
}
/// Writes down what was counted, in place of what was counted before.
pub fn save_counts(tx: &mut Tx, counts: &[StockCount], vouchers: &[(String, i64)], now: SystemTime) {
    tx.put(&CLEAR, args![]);
    for StockCount { kind, batch, state, amount } in counts {
        tx.put(&ADD, args![kind.word(), batch.as_str(), state.word(), *amount]);
    }
    for (batch, redeemed) in vouchers {
        tx.put(&ADD, args!["voucher", batch.as_str(), "redeemed", *redeemed]);
    }
    tx.put(&COUNTED_SET, args![now.us().to_string()]);
}

struct CountRow(Option<StockCount>);
impl FromRow for CountRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (kind, batch, state, amount): (String, String, String, i64) = FromRow::from_row(row)?;
        let words = StockKind::from_word(&kind).zip(StockState::from_word(&state));
        Ok(Self(words.map(|(kind, state)| StockCount { kind, batch, state, amount })))
    }
}
/// How many there were of each kind and state, of all batches.
pub async fn totals(tx: &mut Tx) -> Result<Vec<(StockKind, StockState, i64)>> {
    let rows: Vec<(String, String, i64)> = tx.all(&TOTALS, args![]).await?;
    let row = |(kind, state, amount): (String, String, i64)| {
        Some((StockKind::from_word(&kind)?, StockState::from_word(&state)?, amount))
    };
    Ok(rows.into_iter().filter_map(row).collect())
}
/// How many there were of a batch.
pub async fn of_batch(tx: &mut Tx, batch: &str) -> Result<Vec<StockCount>> {
    Ok(tx.all::<CountRow>(&OF_BATCH, args![batch]).await?.into_iter().filter_map(|row| row.0).collect())
}
/// How many vouchers of a batch were redeemed.
pub async fn redeemed(tx: &mut Tx, batch: &str) -> Result<i64> {
    Ok(tx.maybe::<(i64,)>(&REDEEMED, args![batch]).await?.map_or(0, |row| row.0))
}

struct ThresholdRow(Option<Threshold>);
impl FromRow for ThresholdRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let kind: String = c.next()?;
        let (family, least, version, set_at, set_by) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let (amount, low_since) = (c.next()?, c.next()?);
        let of_kind = |kind| Threshold { kind, family, least, version, set_at, set_by, amount, low_since };
        Ok(Self(StockKind::from_word(&kind).map(of_kind)))
    }
}
/// All thresholds; at most 200.
pub async fn thresholds(tx: &mut Tx) -> Result<Vec<Threshold>> {
    Ok(tx.all::<ThresholdRow>(&THRESHOLDS, args![]).await?.into_iter().filter_map(|row| row.0).collect())
}
/// Locks and reads one.
pub async fn lock_threshold(tx: &mut Tx, kind: StockKind, family: &str) -> Result<Option<Threshold>> {
    Ok(tx.maybe::<ThresholdRow>(&THRESHOLD_LOCK, args![kind.word(), family]).await?.and_then(|row| row.0))
}
/// Adds one, or sets the locked one.
pub fn set_threshold(tx: &mut Tx, t: &Threshold, is_new: bool) {
    let (kind, family, by) = (t.kind.word(), t.family.as_str(), t.set_by.as_str());
    let sql = if is_new { &THRESHOLD_ADD } else { &THRESHOLD_SET };
    tx.put(sql, args![kind, family, t.least, t.version, t.set_at, by, t.amount, t.low_since]);
}
/// What a count says of one, unless it was set meanwhile.
pub fn threshold_counted(tx: &mut Tx, t: &Threshold) {
    tx.put(&THRESHOLD_COUNTED, args![t.kind.word(), t.family.as_str(), t.version, t.amount, t.low_since]);
}
/// Forgets the locked one.
pub fn drop_threshold(tx: &mut Tx, kind: StockKind, family: &str) {
    tx.put(&THRESHOLD_DROP, args![kind.word(), family]);
}

/// What an import brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What it holds.
    pub kind: BatchKind,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: BatchState,
    /// How many rows it has.
    pub loaded: i64,
    /// When it began.
    pub began_at: BusinessTime,
    /// When it was complete.
    pub completed_at: Option<BusinessTime>,
    /// What sets it aside.
    pub hold: Option<RawId>,
}
impl FromRow for Imported {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            kind: c.next()?,
            name: c.next()?,
            state: c.next()?,
            loaded: c.next()?,
            began_at: c.next()?,
            completed_at: c.next()?,
            hold: c.next()?,
        })
    }
}
/// The batches before a key, the newest first.
pub async fn batches(tx: &mut Tx, before: (BusinessTime, &str, &str), limit: i64) -> Result<Vec<Imported>> {
    tx.all(&BATCHES, args![before.0, before.1, before.2, limit]).await
}
/// A batch.
pub async fn batch(tx: &mut Tx, kind: BatchKind, name: &str) -> Result<Option<Imported>> {
    tx.maybe(&BATCH, args![kind, name]).await
}

/// A number that rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resting {
    /// Whose it was.
    pub customer: CustomerId,
    /// The line that had it.
    pub line: LineId,
    /// The number.
    pub msisdn: Msisdn,
    /// Until when it rests; `None` for as long as nobody decides.
    pub until: Option<BusinessTime>,
}
impl FromRow for Resting {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self { customer: c.next()?, line: c.next()?, msisdn: c.next()?, until: c.next()? })
    }
}
/// Numbers that rest, after a key, the next to be free first.
pub async fn resting(tx: &mut Tx, after: (BusinessTime, LineId), limit: i64) -> Result<Vec<Resting>> {
    tx.all(&RESTING, args![after.0, after.1, limit]).await
}

struct VoucherRow(Batch);
impl FromRow for VoucherRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (name, kind, currency) = (c.next()?, c.next()?, c.next()?);
        Ok(Self(Batch {
            name,
            kind,
            amount: Money::from_micros(c.next()?, currency),
            count: c.next()?,
            state: c.next()?,
            expires_at: c.next()?,
            made_at: c.next()?,
            made_by: c.next()?,
        }))
    }
}
/// Batches of vouchers before a key, the newest first.
pub async fn voucher_batches(tx: &mut Tx, before: (BusinessTime, &str), limit: i64) -> Result<Vec<Batch>> {
    let rows = tx.all::<VoucherRow>(&VOUCHER_BATCHES, args![before.0, before.1, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}
