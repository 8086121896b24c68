//! What the desk looks for: names in the directory by their beginning or end, people, receipts, devices.

use super::columns::Columns;
use crate::{Engine, FromRow, Query, Result, Row, Sql, args};
use everline_core::ids::{CustomerId, LineId, OrderId, RawId};

crate::queries! { ALL;
    WHOLE = "SELECT kind, name, customer_id, subject_id FROM directory WHERE kind = $1 AND name = $2";
    // Digits and letters alone begin a name here, and sort below the letter z in every collation.
    BEGINS = "SELECT kind, name, customer_id, subject_id FROM directory WHERE kind = $1 AND name >= $2 AND name < $3 ORDER BY name LIMIT $4";
    // All that is compared is in the index: what ends otherwise is left out before anything is read beside it.
    ENDS = "SELECT d.kind, d.name, d.customer_id, d.subject_id FROM \
        (SELECT kind, name FROM directory WHERE kind IN ('msisdn', 'iccid') AND kind = $1 AND substr(name, length(name) - 5) = $2 \
            AND substr(name, length(name) - length(CAST($3 AS TEXT)) + 1) = $3 LIMIT $4) n \
        JOIN directory d ON d.kind = n.kind AND d.name = n.name";
    RECEIPT = "SELECT r.customer_id, r.order_id FROM receipt_number n JOIN receipt r ON r.id = n.receipt_id AND r.customer_id = n.customer_id \
        WHERE n.number = $1";
    EID = "SELECT customer_id, line_id, eid FROM device_check WHERE eid = $1 ORDER BY customer_id, id LIMIT $2";
    EID_BEGINS = "SELECT customer_id, line_id, eid FROM device_check WHERE eid >= $1 AND eid < $2 ORDER BY eid LIMIT $3";
}

/// People by name: each engine compares octets in its own way.
static NAME_SQLITE: Sql = Sql::new(
    "SELECT customer_id, name FROM customer WHERE name <> '' AND name >= $1 AND name < $2 ORDER BY name LIMIT $3",
);
static NAME_POSTGRES: Sql = Sql::new(
    "SELECT customer_id, name FROM customer WHERE name <> '' AND name COLLATE \"C\" >= $1 AND name COLLATE \"C\" < $2 \
     ORDER BY name COLLATE \"C\" LIMIT $3",
);

/// A name of the directory that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// What kind of name it is: the directory's word.
    pub kind: String,
    /// The name.
    pub name: String,
    /// Whose it is.
    pub customer: CustomerId,
    /// The line, order or attempt it leads to.
    pub subject: RawId,
}
impl FromRow for Named {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Named { kind: c.next()?, name: c.next()?, customer: c.next()?, subject: c.next()? })
    }
}

/// The name of a kind.
#[must_use]
pub fn whole(kind: &str, name: &str) -> Query<Named> {
    Query::new(&WHOLE, args![kind, name])
}
/// Names of a kind that begin so, in their order. The beginning is of digits and letters.
#[must_use]
pub fn begins(kind: &str, beginning: &str, limit: i64) -> Query<Named> {
    let end = format!("{beginning}zzzzzzzz");
    Query::new(&BEGINS, args![kind, beginning, end, limit])
}
/// Names of a kind, of those of numbers and cards, that end so. The ending has six characters at least.
#[must_use]
pub fn ends(kind: &str, ending: &str, limit: i64) -> Query<Named> {
    let tail: String = ending.chars().skip(ending.chars().count().saturating_sub(6)).collect();
    Query::new(&ENDS, args![kind, tail, ending, limit])
}
/// The order of a receipt's number.
#[must_use]
pub fn receipt(number: i64) -> Query<(CustomerId, OrderId)> {
    Query::new(&RECEIPT, args![number])
}
/// The lines of which profiles were bought for a device, with its EID.
#[must_use]
pub fn eid(eid: &str, limit: i64) -> Query<(CustomerId, LineId, String)> {
    Query::new(&EID, args![eid, limit])
}
/// The same for devices whose EID begins so. The beginning is of digits.
#[must_use]
pub fn eid_begins(beginning: &str, limit: i64) -> Query<(CustomerId, LineId, String)> {
    // The first character above the digits ends what begins so in every collation.
    Query::new(&EID_BEGINS, args![beginning, format!("{beginning}zzzz"), limit])
}
/// Customers whose name begins so, in its order, with their names.
#[must_use]
pub fn names(engine: Engine, beginning: &str, limit: i64) -> Query<(CustomerId, String)> {
    // Above every character that a name has.
    let end = format!("{beginning}\u{10ffff}");
    let sql = match engine {
        Engine::Sqlite => &NAME_SQLITE,
        Engine::Postgres => &NAME_POSTGRES,
    };
    Query::new(sql, args![beginning, end, limit])
}
