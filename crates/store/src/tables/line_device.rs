//! The number (IMEI) of the device that a line sits in, as its owner says it.

use crate::{Query, Tx, args};
use everline_core::identifiers::Imei;
use everline_core::ids::{CustomerId, LineId};

crate::queries! { ALL;
    SET = "INSERT INTO line_device (customer_id, line_id, imei) VALUES ($1, $2, $3) \
        ON CONFLICT (customer_id, line_id) DO UPDATE SET imei = $3";
    REMOVE = "DELETE FROM line_device WHERE customer_id = $1 AND line_id = $2";
    OF = "SELECT imei FROM line_device WHERE customer_id = $1 AND line_id = $2";
    FIND = "SELECT customer_id, line_id FROM line_device WHERE imei = $1 ORDER BY imei LIMIT $2";
}

/// Sets what a line sits in, or that nobody says it any more.
pub fn set(tx: &mut Tx, (customer, line): (CustomerId, LineId), imei: Option<&Imei>) {
    match imei {
        Some(imei) => tx.put(&SET, args![customer, line, imei.as_str()]),
        None => tx.put(&REMOVE, args![customer, line]),
    }
}
/// What a line sits in.
#[must_use]
pub fn of(customer: CustomerId, line: LineId) -> Query<String> {
    Query::<(String,)>::new(&OF, args![customer, line]).map(|row| row.0)
}
/// The lines that sit in a device: more than one where it takes more cards, or where somebody errs.
#[must_use]
pub fn find(imei: &str, limit: i64) -> Query<(CustomerId, LineId)> {
    Query::new(&FIND, args![imei, limit])
}
