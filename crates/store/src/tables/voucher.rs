//! Vouchers, their batches, and the wrong codes that were given.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, VoucherId};
use everline_core::money::Money;
use everline_core::time::{BusinessTime, SystemTime};
use everline_core::voucher::{Batch, BatchState, Guesses, Redeemed, Voucher};

macro_rules! batch_columns {
    () => {
        "b.name, b.kind, b.currency, b.amount, b.vouchers, b.state, b.expires_at, b.made_at, b.made_by"
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT v.id, v.customer_id, v.order_id, v.redeemed_at, ", batch_columns!(),
        " FROM voucher v JOIN voucher_batch b ON b.name = v.batch_name WHERE v.id = $1");
    REDEEM = "UPDATE voucher SET customer_id = $2, order_id = $3, redeemed_at = $4 WHERE id = $1 AND redeemed_at IS NULL \
        AND EXISTS (SELECT 1 FROM voucher_batch b WHERE b.name = voucher.batch_name AND b.state = 'active')";
    ADD = "INSERT INTO voucher (id, batch_name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    BATCH_LOCK = concat!("SELECT ", batch_columns!(), " FROM voucher_batch b WHERE b.name = $1 FOR UPDATE");
    BATCH_ADD = "INSERT INTO voucher_batch (name, kind, currency, amount, vouchers, state, expires_at, made_at, made_by) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BATCH_TURN = "UPDATE voucher_batch SET state = $2 WHERE name = $1";
    BATCH_STOP = "UPDATE voucher_batch SET state = 'stopped', stopped_at = $2, stopped_by = $3 WHERE name = $1";
    BATCH_COUNT = "SELECT COUNT(*), COUNT(redeemed_at) FROM voucher WHERE batch_name = $1";
    BATCHES = concat!("SELECT ", batch_columns!(), " FROM voucher_batch b ORDER BY b.made_at, b.name");
    GUESSES_LOCK = "SELECT wrong, last_at FROM voucher_guess WHERE who = $1 FOR UPDATE";
    GUESSES_SAVE = "INSERT INTO voucher_guess (who, wrong, last_at) VALUES ($1, $2, $3) \
        ON CONFLICT (who) DO UPDATE SET wrong = excluded.wrong, last_at = excluded.last_at";
}

struct BatchRow(Batch);
impl FromRow for BatchRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        batch(&mut Columns::new(row)).map(BatchRow)
    }
}
fn batch(c: &mut Columns<'_, '_>) -> Result<Batch> {
    let (name, kind, currency) = (c.next()?, c.next()?, c.next()?);
    Ok(Batch {
        name,
        kind,
        amount: Money::from_micros(c.next()?, currency),
        count: c.next()?,
        state: c.next()?,
        expires_at: c.next()?,
        made_at: c.next()?,
        made_by: c.next()?,
    })
}

struct VoucherRow(Voucher);
impl FromRow for VoucherRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, customer, order) = (c.next()?, c.next::<Option<CustomerId>>()?, c.next()?);
        let at = c.next::<Option<BusinessTime>>()?;
        let redeemed = customer.zip(at).map(|(customer, at)| Redeemed { customer, order, at });
        Ok(VoucherRow(Voucher { id, redeemed, batch: batch(&mut c)? }))
    }
}

/// A voucher with its batch.
pub async fn get(tx: &mut Tx, id: VoucherId) -> Result<Option<Voucher>> {
    Ok(tx.maybe::<VoucherRow>(&GET, args![id]).await?.map(|row| row.0))
}
/// Gives a voucher to whoever redeems it; false if somebody did before, or its batch is not active.
pub async fn redeem(tx: &mut Tx, id: VoucherId, by: &Redeemed) -> Result<bool> {
    tx.exec_one(&REDEEM, args![id, by.customer, by.order, by.at]).await
}
/// Adds a voucher to a batch; one that is there stays as it is.
pub fn add(tx: &mut Tx, id: VoucherId, batch: &str) {
    tx.put(&ADD, args![id, batch]);
}
/// Locks and reads a batch.
pub async fn lock_batch(tx: &mut Tx, name: &str) -> Result<Option<Batch>> {
    Ok(tx.maybe::<BatchRow>(&BATCH_LOCK, args![name]).await?.map(|row| row.0))
}
/// Adds a batch.
pub fn add_batch(tx: &mut Tx, b: &Batch) {
    let (name, by) = (b.name.as_str(), b.made_by.as_str());
    let (currency, amount) = (b.amount.currency(), b.amount.micros());
    tx.put(&BATCH_ADD, args![name, b.kind, currency, amount, b.count, b.state, b.expires_at, b.made_at, by]);
}
/// Takes a locked batch to another state.
pub fn turn_batch(tx: &mut Tx, name: &str, state: BatchState) {
    tx.put(&BATCH_TURN, args![name, state]);
}
/// Stops a locked batch.
pub fn stop_batch(tx: &mut Tx, name: &str, at: BusinessTime, by: &str) {
    tx.put(&BATCH_STOP, args![name, at, by]);
}
/// How many vouchers of a batch there are, and how many of them were redeemed. Reads all vouchers: for rare work.
pub async fn count(tx: &mut Tx, batch: &str) -> Result<(i64, i64)> {
    tx.one("voucher count", &BATCH_COUNT, args![batch]).await
}
/// All batches, oldest first.
pub async fn batches(tx: &mut Tx) -> Result<Vec<Batch>> {
    Ok(tx.all::<BatchRow>(&BATCHES, args![]).await?.into_iter().map(|row| row.0).collect())
}
/// Locks and reads what was counted of somebody.
pub async fn lock_guesses(tx: &mut Tx, who: [u8; 16]) -> Result<Guesses> {
    let found: Option<(i64, SystemTime)> = tx.maybe(&GUESSES_LOCK, args![who]).await?;
    Ok(found.map(|(wrong, last_at)| Guesses { wrong, last_at }).unwrap_or_default())
}
/// Writes what is counted of somebody.
pub fn save_guesses(tx: &mut Tx, who: [u8; 16], guesses: Guesses) {
    tx.put(&GUESSES_SAVE, args![who, guesses.wrong, guesses.last_at]);
}
