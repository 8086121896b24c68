//! Cases that the system opens (what is written in a case is in `case`), and the orders that wait for people.

use crate::{Result, Tx, args};
use everline_core::effects::CaseOpened;
use everline_core::ids::{CaseId, CustomerId, OrderId};
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    CASE_ADD = "INSERT INTO support_case (customer_id, id, order_id, reason, state, opened_at, changed_at) VALUES ($1, $2, $3, $4, 'open', $5, $5) \
        ON CONFLICT (customer_id, id) DO NOTHING";
    CASES_OF_CUSTOMER = "SELECT id, order_id, reason, state, opened_at FROM support_case \
        WHERE customer_id = $1 AND reason <> 'asked' AND state <> 'solved' ORDER BY id DESC LIMIT $2";
    PAID_NOT_IN_EFFECT = "SELECT customer_id, id FROM orders WHERE state IN ('paid', 'delivered') ORDER BY paid_at LIMIT $1";
}

/// A case as a list shows it: id, order, reason, state, opened at.
pub type CaseRow = (CaseId, Option<OrderId>, String, String, BusinessTime);

/// Opens a case; the same reason about the same order is one case.
pub fn open_case(tx: &mut Tx, case: &CaseOpened, at: BusinessTime) {
    let id = CaseId(case.order.0.derive(0x72, case.reason as u8));
    tx.put(&CASE_ADD, args![case.customer, id, case.order, case.reason.word(), at]);
}
/// The newest cases of a customer that the system opened and nobody solved.
pub async fn cases_of(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<CaseRow>> {
    tx.all(&CASES_OF_CUSTOMER, args![customer, limit]).await
}
/// Orders that are paid and not in effect, oldest first.
pub async fn paid_not_in_effect(tx: &mut Tx, limit: i64) -> Result<Vec<(CustomerId, OrderId)>> {
    tx.all(&PAID_NOT_IN_EFFECT, args![limit]).await
}
