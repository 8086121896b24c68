//! Transfers: the ledger's rows. Added, never changed.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, OrderId, PostingId, RawId, TransferId};
use everline_core::ledger::{Cause, LedgerAccount, Posting};
use everline_core::time::BusinessTime;

crate::queries! { ALL;
    ADD = "INSERT INTO transfer (id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at, booked_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, (SELECT CASE WHEN open_from > $10 THEN open_from ELSE $10 END FROM ledger_horizon WHERE id = 'one'))";
    GET = "SELECT id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at \
        FROM transfer WHERE id = $1 AND customer_id = $2";
    PAGE = "SELECT id, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at \
        FROM transfer WHERE (id, customer_id) > ($1, $2) ORDER BY id, customer_id LIMIT $3";
}

/// A transfer as stored. The template is a word, because `verify` must be able to read a wrong one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredTransfer {
    /// Its id.
    pub id: TransferId,
    /// Whose ledger it is in.
    pub customer: CustomerId,
    /// The posting it is part of.
    pub posting: PostingId,
    /// The posting's template.
    pub template: String,
    /// The order it belongs to, if it belongs to one.
    pub order: Option<OrderId>,
    /// The attempt, order, refund, voucher, line of a bill or item that made it.
    pub cause: RawId,
    /// The debited account, as a code.
    pub debit: i64,
    /// The credited account, as a code.
    pub credit: i64,
    /// Millionths.
    pub amount: i64,
    /// When it was posted.
    pub posted_at: BusinessTime,
}
impl FromRow for StoredTransfer {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(StoredTransfer {
            id: c.next()?,
            customer: c.next()?,
            posting: c.next()?,
            template: c.next()?,
            order: c.next()?,
            cause: c.next()?,
            debit: c.next()?,
            credit: c.next()?,
            amount: c.next()?,
            posted_at: c.next()?,
        })
    }
}

/// The row that made a posting.
#[must_use]
pub fn cause_id(cause: Cause) -> RawId {
    match cause {
        Cause::Attempt(id) => id.0,
        Cause::Order(id) | Cause::Recognition(id, _) => id.0,
        Cause::Refund(id) => id.0,
        Cause::Voucher(id) => id.0,
        Cause::BillLine(id) => id.0,
        Cause::Item(id) => id.0,
        Cause::Dispute(id) => id.0,
        Cause::HandOver(id) => id.0,
        Cause::Closing(id) | Cause::CreditChange(id) => id,
    }
}

/// Writes a posting's transfers. The same posting twice is a conflict of primary keys.
pub fn post(tx: &mut Tx, customer: CustomerId, posting: &Posting) {
    for transfer in posting.transfers() {
        let (debit, credit): (LedgerAccount, LedgerAccount) = (transfer.leg.debit, transfer.leg.credit);
        let cause = cause_id(posting.cause);
        tx.put(
            &ADD,
            args![
                transfer.id,
                customer,
                posting.id,
                posting.template,
                posting.order,
                cause,
                debit,
                credit,
                transfer.amount,
                posting.posted_at
            ],
        );
    }
}
/// The stored transfers of postings whose ids are known, for a receipt.
pub async fn of_postings(tx: &mut Tx, customer: CustomerId, postings: &[Posting]) -> Result<Vec<StoredTransfer>> {
    let mut found = Vec::new();
    for transfer in postings.iter().flat_map(|posting| posting.transfers().collect::<Vec<_>>()) {
        found.extend(tx.maybe::<StoredTransfer>(&GET, args![transfer.id, customer]).await?);
    }
    Ok(found)
}
/// The next transfers after a key, for `verify`.
pub async fn page(tx: &mut Tx, after: (TransferId, CustomerId), limit: i64) -> Result<Vec<StoredTransfer>> {
    tx.all(&PAGE, args![after.0, after.1, limit]).await
}
