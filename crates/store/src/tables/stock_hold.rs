//! What people set aside of the stock, and the Sims that are out of it for that.

use super::columns::{Columns, undecodable};
use super::sim::SimKind;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::identifiers::Iccid;
use everline_core::ids::RawId;
use everline_core::stock::{Hold, HoldKind};
use everline_core::time::SystemTime;

macro_rules! hold_columns {
    () => {
        "id, kind, name, reason, put_at, put_by, ended_at, ended_by"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO stock_hold (id, kind, name, reason, put_at, put_by) VALUES ($1, $2, $3, $4, $5, $6)";
    LOCK = concat!("SELECT ", hold_columns!(), " FROM stock_hold WHERE id = $1 FOR UPDATE");
    GET = concat!("SELECT ", hold_columns!(), " FROM stock_hold WHERE id = $1");
    OPEN_OF = concat!("SELECT ", hold_columns!(), " FROM stock_hold WHERE kind = $1 AND name = $2 AND ended_at IS NULL");
    PAGE = concat!("SELECT ", hold_columns!(), " FROM stock_hold WHERE (put_at, id) < ($1, $2) ORDER BY put_at DESC, id DESC LIMIT $3");
    END = "UPDATE stock_hold SET ended_at = $2, ended_by = $3 WHERE id = $1";
    // Every batch that is set aside, and whatever still has Sims out of the stock for something that is over.
    TO_SWEEP = "SELECT h.id FROM stock_hold h WHERE (h.ended_at IS NULL AND h.kind = 'batch') \
        OR (h.ended_at IS NOT NULL AND EXISTS (SELECT 1 FROM sim s WHERE s.hold_id = h.id))";
    BATCH_LOCK = "SELECT state, hold_id FROM import_batch WHERE kind = 'sims' AND name = $1 FOR UPDATE";
    BATCH_SET = "UPDATE import_batch SET hold_id = $2 WHERE kind = 'sims' AND name = $1";
    // What lines that move in are about to take is not in stock any more.
    SIM_PUT = "UPDATE sim SET state = 'quarantined', hold_id = $2 WHERE iccid = $1 AND state = 'in_stock' \
        AND (line_batch IS NULL OR EXISTS (SELECT 1 FROM import_batch m WHERE m.kind = 'lines' AND m.name = sim.line_batch AND m.state = 'complete'))";
    SOME_PUT = "UPDATE sim SET state = 'quarantined', hold_id = $1 WHERE state = 'in_stock' AND iccid IN \
        (SELECT s.iccid FROM sim s WHERE s.batch = $2 AND s.kind = $3 AND s.state = 'in_stock' AND (s.line_batch IS NULL OR EXISTS \
        (SELECT 1 FROM import_batch m WHERE m.kind = 'lines' AND m.name = s.line_batch AND m.state = 'complete')) LIMIT $4)";
    SOME_BACK = "UPDATE sim SET state = 'in_stock', hold_id = NULL WHERE hold_id = $1 AND iccid IN \
        (SELECT s.iccid FROM sim s WHERE s.hold_id = $1 LIMIT $2)";
    OUT = "SELECT COUNT(*) FROM (SELECT 1 FROM sim WHERE hold_id = $1 LIMIT $2) held";
}

struct HoldRow(Hold);
impl FromRow for HoldRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, kind): (_, String) = (c.next()?, c.next()?);
        let kind = HoldKind::from_word(&kind).ok_or_else(|| undecodable::<HoldKind>("kind", "another word"))?;
        let (name, reason, put_at, put_by) = (c.next()?, c.next()?, c.next()?, c.next()?);
        let (ended_at, ended_by): (Option<SystemTime>, Option<String>) = (c.next()?, c.next()?);
        Ok(Self(Hold { id, kind, name, reason, put_at, put_by, ended: ended_at.zip(ended_by) }))
    }
}
async fn one(tx: &mut Tx, sql: &'static crate::Sql, args: Vec<crate::Value>) -> Result<Option<Hold>> {
    Ok(tx.maybe::<HoldRow>(sql, args).await?.map(|row| row.0))
}

/// Something is set aside.
pub fn add(tx: &mut Tx, hold: &Hold) {
    let Hold { id, kind, put_at, .. } = *hold;
    tx.put(&ADD, args![id, kind.word(), hold.name.as_str(), hold.reason.as_str(), put_at, hold.put_by.as_str()]);
}
/// Locks and reads what was set aside.
pub async fn lock(tx: &mut Tx, id: RawId) -> Result<Option<Hold>> {
    one(tx, &LOCK, args![id]).await
}
/// Reads it.
pub async fn get(tx: &mut Tx, id: RawId) -> Result<Option<Hold>> {
    one(tx, &GET, args![id]).await
}
/// What sets a batch or Sim aside now.
pub async fn open_of(tx: &mut Tx, kind: HoldKind, name: &str) -> Result<Option<Hold>> {
    one(tx, &OPEN_OF, args![kind.word(), name]).await
}
/// What was set aside before a key, the newest first.
pub async fn page(tx: &mut Tx, before: (SystemTime, RawId), limit: i64) -> Result<Vec<Hold>> {
    Ok(tx.all::<HoldRow>(&PAGE, args![before.0, before.1, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// The locked one is over.
pub fn end(tx: &mut Tx, id: RawId, at: SystemTime, by: &str) {
    tx.put(&END, args![id, at, by]);
}
/// What may have Sims to be taken out of the stock, or to be given back to it.
pub async fn to_sweep(tx: &mut Tx) -> Result<Vec<RawId>> {
    Ok(tx.all::<(RawId,)>(&TO_SWEEP, args![]).await?.into_iter().map(|row| row.0).collect())
}
/// Locks a batch of Sims: whether it is complete, and what sets it aside.
pub async fn lock_batch(tx: &mut Tx, name: &str) -> Result<Option<(bool, Option<RawId>)>> {
    let found: Option<(String, Option<RawId>)> = tx.maybe(&BATCH_LOCK, args![name]).await?;
    Ok(found.map(|(state, hold)| (state == "complete", hold)))
}
/// A locked batch is set aside, or is not any more.
pub fn set_batch(tx: &mut Tx, name: &str, hold: Option<RawId>) {
    tx.put(&BATCH_SET, args![name, hold]);
}
/// Takes a Sim out of the stock. False if it was not in it.
pub async fn put_sim(tx: &mut Tx, iccid: &Iccid, hold: RawId) -> Result<bool> {
    tx.exec_one(&SIM_PUT, args![iccid.as_str(), hold]).await
}
/// Takes some more of a batch out of the stock; how many.
pub async fn put_some(tx: &mut Tx, hold: RawId, batch: &str, kind: SimKind, limit: i64) -> Result<u64> {
    tx.exec(&SOME_PUT, args![hold, batch, kind.word(), limit]).await
}
/// Gives some more back to the stock; how many.
pub async fn give_some_back(tx: &mut Tx, hold: RawId, limit: i64) -> Result<u64> {
    tx.exec(&SOME_BACK, args![hold, limit]).await
}
/// How many Sims are out of the stock for it, up to a limit.
pub async fn out(tx: &mut Tx, hold: RawId, limit: i64) -> Result<i64> {
    Ok(tx.one::<(i64,)>("Sims set aside", &OUT, args![hold, limit]).await?.0)
}
