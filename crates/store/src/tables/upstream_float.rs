//! What another operator holds of our money, as it reported last, and at the end of each day.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::calendar::Day;
use everline_core::money::{Currency, Money};
use everline_core::time::SystemTime;
use everline_core::upstream_float::UpstreamFloat;

macro_rules! columns {
    () => {
        "currency, amount, reported_at, least, low_since, version"
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM upstream_float WHERE id = 'one'");
    LOCK = concat!("SELECT ", columns!(), " FROM upstream_float WHERE id = 'one' FOR UPDATE");
    TAKE_TURN = "UPDATE upstream_float SET asked_at = $1 WHERE id = 'one' AND (asked_at <= $2 OR asked_at > $1)";
    REPORTED = "UPDATE upstream_float SET currency = $1, amount = $2, reported_at = $3, least = $4, low_since = $5 WHERE id = 'one'";
    SET = "UPDATE upstream_float SET least = $1, low_since = $2, version = $3, set_at = $4, set_by = $5 WHERE id = 'one'";
    DAY = "INSERT INTO upstream_float_day (day, currency, amount) VALUES ($1, $2, $3) ON CONFLICT (day) DO UPDATE \
        SET currency = excluded.currency, amount = excluded.amount";
    DAYS = "SELECT day, currency, amount FROM upstream_float_day WHERE day >= $1 ORDER BY day";
    FORGET = "DELETE FROM upstream_float_day WHERE day < $1";
}

struct FloatRow(UpstreamFloat);
impl FromRow for FloatRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (currency, amount): (Option<Currency>, Option<i64>) = (c.next()?, c.next()?);
        let left = currency.zip(amount).map(|(currency, amount)| Money::from_micros(amount, currency));
        let reported_at: Option<SystemTime> = c.next()?;
        let (least, low_since, version) = (c.next()?, c.next()?, c.next()?);
        Ok(Self(UpstreamFloat { reported: left.zip(reported_at), least, low_since, version }))
    }
}
/// What is known.
pub async fn get(tx: &mut Tx) -> Result<UpstreamFloat> {
    Ok(tx.one::<FloatRow>("upstream float", &GET, args![]).await?.0)
}
/// The same, locked.
pub async fn lock(tx: &mut Tx) -> Result<UpstreamFloat> {
    Ok(tx.one::<FloatRow>("upstream float", &LOCK, args![]).await?.0)
}
/// The turn to ask, unless somebody took it after `before`. A turn in the future, by a clock that went back, is none.
pub async fn take_turn(tx: &mut Tx, now: SystemTime, before: SystemTime) -> Result<bool> {
    tx.exec_one(&TAKE_TURN, args![now, before]).await
}
/// Writes down what was reported on a day, of the locked row.
pub fn save_report(tx: &mut Tx, float: &UpstreamFloat, day: Day) {
    let Some((left, at)) = float.reported else { return };
    tx.put(&REPORTED, args![left.currency(), left.micros(), at, float.least, float.low_since]);
    tx.put(&DAY, args![day.number(), left.currency(), left.micros()]);
}
/// Writes down another threshold of the locked row.
pub fn save_least(tx: &mut Tx, float: &UpstreamFloat, now: SystemTime, by: &str) {
    tx.put(&SET, args![float.least, float.low_since, float.version, now, by]);
}
/// What was left at the end of each day, from one on, the oldest first.
pub async fn days(tx: &mut Tx, from: Day) -> Result<Vec<(Day, Money)>> {
    let rows: Vec<(i64, Currency, i64)> = tx.all(&DAYS, args![from.number()]).await?;
    let row = |(day, currency, amount)| (Day::from_number(day), Money::from_micros(amount, currency));
    Ok(rows.into_iter().map(row).collect())
}
/// Forgets the days before one.
pub fn forget_days(tx: &mut Tx, before: Day) {
    tx.put(&FORGET, args![before.number()]);
}
