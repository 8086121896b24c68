//! Sims: cards and profiles, in stock and in use.

use crate::{Result, Tx, args};
use everline_core::identifiers::{Iccid, Imsi};
use everline_core::ids::{CustomerId, LineId};

crate::queries! { ALL;
    ADD = "INSERT INTO sim (iccid, imsi, kind, state, eid, line_id, customer_id, role) VALUES ($1, $2, $3, 'in_use', NULL, $4, $5, 'primary')";
    PRIMARY_OF = "SELECT iccid FROM sim WHERE line_id = $1 AND role = 'primary'";
}

/// Adds the primary Sim of a line.
pub fn add_primary(tx: &mut Tx, iccid: &Iccid, imsi: &Imsi, esim: bool, line: (CustomerId, LineId)) {
    let kind = if esim { "esim" } else { "physical" };
    tx.put(&ADD, args![iccid.as_str(), imsi.as_str(), kind, line.1, line.0]);
}
/// The card or profile number of a line's primary Sim.
pub async fn primary_of(tx: &mut Tx, line: LineId) -> Result<Option<Iccid>> {
    Ok(tx.maybe::<(Iccid,)>(&PRIMARY_OF, args![line]).await?.map(|row| row.0))
}
