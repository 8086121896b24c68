//! Links to pay that staff sent for a line.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::offering::OfferingRef;
use everline_core::pay_link::PayLink;
use everline_core::time::SystemTime;

crate::queries! { ALL;
    GET = "SELECT customer_id, id, line_id, offering_code, offering_version, order_id, contact_id, made_by, made_at FROM pay_link \
        WHERE customer_id = $1 AND id = $2";
    COUNT = "SELECT COUNT(*) FROM pay_link WHERE customer_id = $1 AND line_id = $2 AND made_at >= $3";
    ADD = "INSERT INTO pay_link (customer_id, id, line_id, offering_code, offering_version, order_id, contact_id, made_by, made_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

struct LinkRow(PayLink);
impl FromRow for LinkRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, line) = (c.next()?, c.next()?, c.next()?);
        let offering = OfferingRef { code: c.next()?, version: c.next()? };
        let (order, contact, made_by) = (c.next()?, c.next()?, c.next()?);
        Ok(LinkRow(PayLink { id, customer, line, offering, order, contact, made_by, made_at: c.next()? }))
    }
}

/// A link.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<PayLink>> {
    Ok(tx.maybe::<LinkRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// How many were sent for a line since an instant.
pub async fn count(tx: &mut Tx, customer: CustomerId, line: LineId, since: SystemTime) -> Result<i64> {
    Ok(tx.one::<(i64,)>("pay_link", &COUNT, args![customer, line, since]).await?.0)
}
/// Adds a link.
pub fn add(tx: &mut Tx, link: &PayLink) {
    let (code, version) = (link.offering.code.as_str(), i64::from(link.offering.version));
    let PayLink { customer, id, line, order, contact, made_by, made_at, .. } = *link;
    tx.put(&ADD, args![customer, id, line, code, version, order, contact, made_by, made_at]);
}
