//! What was said of devices before profiles for them were bought.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::esim_device::{Basis, DeviceCheck, Sold};
use everline_core::identifiers::Iccid;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    ADD = "INSERT INTO device_check (customer_id, id, line_id, iccid, basis, model, sold, eid, checked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    GET = "SELECT basis, model, sold, eid FROM device_check WHERE customer_id = $1 AND id = $2";
}

struct CheckRow(DeviceCheck);
impl FromRow for CheckRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (basis, model) = (c.next::<Basis>()?, c.next()?);
        Ok(CheckRow(DeviceCheck { basis, model, sold: c.next::<Option<Sold>>()?, eid: c.next()? }))
    }
}

/// Keeps what was said: under the order's id, or under an id of its own with a companion Sim.
pub fn add(
    tx: &mut Tx,
    (customer, id): (CustomerId, RawId),
    (line, iccid): (LineId, &Iccid),
    check: &DeviceCheck,
    at: SystemTime,
) {
    let DeviceCheck { basis, model, sold, eid } = check.clone();
    let eid = eid.map(|eid| eid.as_str().to_owned());
    tx.put(&ADD, args![customer, id, line, iccid.as_str(), basis, model, sold, eid, at]);
}
/// What was said, if it was asked.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<DeviceCheck>> {
    Ok(tx.maybe::<CheckRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
