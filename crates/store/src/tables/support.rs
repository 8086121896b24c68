//! Cases that the system opens (what is written in a case is in `case`), and the orders that wait for people.

use super::case::{self, Case};
use crate::{Result, Tx, args};
use everline_core::effects::{CaseOpened, CaseReason};
use everline_core::ids::{CaseId, CustomerId, OrderId};
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    CASES_OF_CUSTOMER = "SELECT id, order_id, reason, state, opened_at FROM support_case \
        WHERE customer_id = $1 AND reason <> 'asked' AND state <> 'solved' ORDER BY id DESC LIMIT $2";
    PAID_NOT_IN_EFFECT = "SELECT customer_id, id FROM orders WHERE state IN ('paid', 'delivered') ORDER BY paid_at LIMIT $1";
    WAITING = "SELECT COUNT(*), MIN(w.paid_at) FROM (SELECT o.paid_at FROM orders o WHERE o.state IN ('paid', 'delivered') ORDER BY o.paid_at LIMIT $1) w";
    WITHOUT_CASE = "SELECT o.customer_id, o.id FROM orders o WHERE o.state IN ('paid', 'delivered') AND o.paid_at < $1 AND NOT EXISTS \
        (SELECT 1 FROM support_case c WHERE c.customer_id = o.customer_id AND c.order_id = o.id AND c.reason = 'paid_not_in_effect') \
        ORDER BY o.paid_at LIMIT $2";
    CAUSE_OVER = "SELECT c.customer_id, c.id FROM support_case c JOIN orders o ON o.customer_id = c.customer_id AND o.id = c.order_id \
        WHERE c.solved_at IS NULL AND c.reason = 'paid_not_in_effect' AND c.version = 0 AND o.state NOT IN ('paid', 'delivered') LIMIT $1";
}

/// A case as a list shows it: id, order, reason, state, opened at.
pub type CaseRow = (CaseId, Option<OrderId>, String, String, BusinessTime);

/// Opens a case; the same reason about the same order is one case.
pub fn open_case(tx: &mut Tx, opened: &CaseOpened, at: BusinessTime) {
    let CaseOpened { customer, order, reason } = *opened;
    let id = case_about(order, reason);
    case::add_once(tx, &Case { order: Some(order), ..Case::opened(customer, id, reason, at) });
}
/// The case that the system opens about an order for one reason.
#[must_use]
pub fn case_about(order: OrderId, reason: CaseReason) -> CaseId {
    CaseId(order.0.derive(0x72, reason as u8))
}
/// The newest cases of a customer that the system opened and nobody solved.
pub async fn cases_of(tx: &mut Tx, customer: CustomerId, limit: i64) -> Result<Vec<CaseRow>> {
    tx.all(&CASES_OF_CUSTOMER, args![customer, limit]).await
}
/// Orders that are paid and not in effect, oldest first.
pub async fn paid_not_in_effect(tx: &mut Tx, limit: i64) -> Result<Vec<(CustomerId, OrderId)>> {
    tx.all(&PAID_NOT_IN_EFFECT, args![limit]).await
}
/// How many orders are paid and not in effect, of at most so many, and when the oldest was paid.
pub async fn waiting(tx: &mut Tx, max: i64) -> Result<(i64, Option<BusinessTime>)> {
    tx.one("orders", &WAITING, args![max]).await
}
/// Orders that were paid before an instant, are not in effect, and about which no case was opened for that; oldest first.
pub async fn without_case(tx: &mut Tx, before: BusinessTime, limit: i64) -> Result<Vec<(CustomerId, OrderId)>> {
    tx.all(&WITHOUT_CASE, args![before, limit]).await
}
/// Cases about such orders whose orders are on their way no more, and which nobody touched.
pub async fn cause_over(tx: &mut Tx, limit: i64) -> Result<Vec<(CustomerId, CaseId)>> {
    tx.all(&CAUSE_OVER, args![limit]).await
}
