//! Lines.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::{Line, LineState};

macro_rules! columns {
    () => {
        "l.customer_id, l.id, l.version, l.msisdn, l.name, l.device, l.family, l.network, l.state, l.state_since, l.state_until, \
         l.service_until, l.guest_renewal, l.main_balance_consent"
    };
}
pub(crate) use columns;

crate::queries! { ALL;
    LOCK = concat!("SELECT ", columns!(), " FROM line l WHERE l.customer_id = $1 AND l.id = $2 FOR UPDATE");
    GET = concat!("SELECT ", columns!(), " FROM line l WHERE l.customer_id = $1 AND l.id = $2");
    OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM line l WHERE l.customer_id = $1 AND l.state NOT IN ('handed_over', 'closed') ORDER BY l.id LIMIT $2");
    ADD = "INSERT INTO line (customer_id, id, version, msisdn, name, device, family, network, state, state_since, state_until, service_until, \
        guest_renewal, main_balance_consent) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    pub SAVE = "UPDATE line SET version = version + 1, name = $3, state = $4, state_since = $5, state_until = $6, service_until = $7, \
        guest_renewal = $8, main_balance_consent = $9 WHERE customer_id = $1 AND id = $2";
    DESCRIBE = "UPDATE line SET version = version + 1, name = $3, device = $4, guest_renewal = $5 WHERE customer_id = $1 AND id = $2";
    PAGE = concat!("SELECT ", columns!(), " FROM line l WHERE (l.customer_id, l.id) > ($1, $2) ORDER BY l.customer_id, l.id LIMIT $3");
}

/// Reads the columns of a line.
pub(crate) fn line(c: &mut Columns<'_, '_>) -> Result<Line> {
    let (customer, id, version, msisdn, name) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
    let (device, family, network) = (c.next()?, c.next()?, c.next()?);
    let word: String = c.next()?;
    let state_since = c.next()?;
    let state =
        LineState::from_word(&word, c.next()?).ok_or_else(|| undecodable::<LineState>("state", "another word"))?;
    Ok(Line {
        id,
        customer,
        version,
        msisdn,
        name,
        device,
        family,
        network,
        state,
        state_since,
        service_until: c.next()?,
        guest_renewal: c.next()?,
        main_balance_consent: c.next()?,
    })
}

struct LineRow(Line);
impl FromRow for LineRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        line(&mut Columns::new(row)).map(LineRow)
    }
}

/// Locks and reads a line.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: LineId) -> Result<Line> {
    tx.one::<LineRow>("line", &LOCK, args![customer, id]).await.map(|row| row.0)
}
/// Reads a line.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: LineId) -> Result<Option<Line>> {
    Ok(tx.maybe::<LineRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// One line of a customer, if there is one.
#[must_use]
pub fn by_id(customer: CustomerId, id: LineId) -> Query<Line> {
    Query::<LineRow>::new(&GET, args![customer, id]).map(|row| row.0)
}
/// [`of_customer`], to be asked with others.
#[must_use]
pub fn all_of(customer: CustomerId, limit: i64) -> Query<Line> {
    Query::<LineRow>::new(&OF_CUSTOMER, args![customer, limit]).map(|row| row.0)
}
/// The lines of a customer, oldest first, but for those that went on elsewhere or whose numbers were given back.
pub async fn of_customer(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<Line>> {
    Ok(tx.all::<LineRow>(&OF_CUSTOMER, args![customer, limit]).await?.into_iter().map(|row| row.0).collect())
}
/// Adds a line.
pub fn add(tx: &mut Tx, l: &Line) {
    tx.put(
        &ADD,
        args![
            l.customer,
            l.id,
            l.msisdn.as_str(),
            l.name.as_str(),
            l.device,
            l.family,
            l.network,
            l.state.word(),
            l.state_since,
            l.state.until(),
            l.service_until,
            i64::from(l.guest_renewal),
            i64::from(l.main_balance_consent)
        ],
    );
}
/// Saves a locked line.
pub fn save(tx: &mut Tx, l: &Line) {
    tx.put(
        &SAVE,
        args![
            l.customer,
            l.id,
            l.name.as_str(),
            l.state.word(),
            l.state_since,
            l.state.until(),
            l.service_until,
            i64::from(l.guest_renewal),
            i64::from(l.main_balance_consent)
        ],
    );
}
/// What its owner calls it, what it sits in, and whether guests may renew it.
pub fn describe(tx: &mut Tx, l: &Line) {
    tx.put(&DESCRIBE, args![l.customer, l.id, l.name.as_str(), l.device, i64::from(l.guest_renewal)]);
}
/// The next lines after a key, for `verify`.
pub async fn page(tx: &mut Tx, after: (CustomerId, LineId), limit: i64) -> Result<Vec<Line>> {
    Ok(tx.all::<LineRow>(&PAGE, args![after.0, after.1, limit]).await?.into_iter().map(|row| row.0).collect())
}
