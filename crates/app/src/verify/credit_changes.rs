//! Credit that staff gave or corrected: each change that was carried out has its posting, each such posting its change, and
//! whoever approved is not who asked.

use super::{Collected, Context, ledger, sql};
use everline_core::credit_change::{ChangeKind, CreditChange};
use everline_core::ids::{CustomerId, RawId, TransferId};
use everline_core::money::Money;
use everline_core::refund_request::{Decided, RequestState};
use everline_core::time::BusinessTime;
use everline_store::{FromRow, Result, Row, Tx, args};

/// A change as stored: no word of it is trusted.
struct ChangeRow {
    customer: CustomerId,
    id: RawId,
    kind: String,
    currency: String,
    amount: i64,
    asked: (RawId, BusinessTime),
    state: String,
    decided: (Option<RawId>, Option<BusinessTime>),
}
impl FromRow for ChangeRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            customer: row.get(0)?,
            id: row.get(1)?,
            kind: row.get(2)?,
            currency: row.get(3)?,
            amount: row.get(4)?,
            asked: (row.get(5)?, row.get(6)?),
            state: row.get(7)?,
            decided: (row.get(8)?, row.get(9)?),
        })
    }
}
impl ChangeRow {
    fn name(&self) -> String {
        format!("credit_change({}, {})", self.customer, self.id)
    }
    /// The change, if its words mean something together.
    fn read(&self, context: &Context<'_>) -> Option<CreditChange> {
        let half = self.decided.0.is_some() != self.decided.1.is_some();
        let decided = self.decided.0.zip(self.decided.1).map(|(by, at)| Decided { by, at });
        let state = RequestState::from_word(&self.state, decided).filter(|_| !half)?;
        Some(CreditChange {
            id: self.id,
            customer: self.customer,
            kind: ChangeKind::from_word(&self.kind)?,
            amount: Money::from_micros(self.amount, context.brand.currency),
            reason: None,
            asked_by: self.asked.0,
            asked_at: self.asked.1,
            state,
        })
    }
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (Vec::new(), Vec::new());
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<ChangeRow> = tx.all(&sql::CREDIT_CHANGES, args).await?;
        let Some(last) = page.last() else { break };
        after = (last.customer.bytes().to_vec(), last.id.bytes().to_vec());
        out.checked("changes of credit", page.len());
        for row in page {
            change(tx, &row, context, out).await?;
        }
    }
    transfers(tx, context, out).await
}

async fn change(tx: &mut Tx, row: &ChangeRow, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    if row.currency != context.brand.currency.code() {
        out.found("currency", row.name(), format!("in {}", row.currency));
    }
    let Some(change) = row.read(context) else {
        let detail = format!("{:?}, {:?}, decided by {:?} at {:?}", row.kind, row.state, row.decided.0, row.decided.1);
        out.found("stored_word", row.name(), detail);
        return Ok(());
    };
    let decided = change.state.decided();
    let own = matches!(change.state, RequestState::Approved(decided) if decided.by == change.asked_by);
    let asked = change.kind == ChangeKind::Goodwill && change.state != RequestState::Done;
    if own || asked || decided.is_some_and(|decided| decided.at < change.asked_at) {
        let detail = format!("{} {}, asked for by {}, decided {decided:?}", row.kind, row.state, change.asked_by);
        out.found("credit_change", row.name(), detail);
    }
    let expected = change.carried_out_at().map(|_| change.amount.micros());
    for transfer in change.posting(change.asked_at).transfers() {
        let found: Option<(i64,)> = tx.maybe(&sql::TRANSFER_IS_THERE, args![transfer.id, change.customer]).await?;
        let found = found.map(|row| row.0);
        if found != expected {
            out.found("credit_posted", row.name(), format!("{expected:?} expected, {found:?} posted"));
        }
    }
    Ok(())
}

/// A transfer of such a change, and that change.
struct MovedRow {
    id: TransferId,
    customer: CustomerId,
    template: String,
    posted_at: BusinessTime,
    kind: Option<String>,
    /// When it was carried out.
    at: Option<BusinessTime>,
}
impl FromRow for MovedRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            customer: row.get(1)?,
            template: row.get(2)?,
            posted_at: row.get(3)?,
            kind: row.get(4)?,
            at: row.get(5)?,
        })
    }
}

async fn transfers(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (Vec::new(), Vec::new());
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<MovedRow> = tx.all(&sql::CREDIT_CHANGE_TRANSFERS, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.id.bytes().to_vec(), last.customer.bytes().to_vec());
        for row in page {
            let kind = row.kind.as_deref().and_then(ChangeKind::from_word);
            if kind.is_none_or(|kind| kind.template().word() != row.template) || row.at != Some(row.posted_at) {
                let detail = format!("{} of a change that is {:?} at {:?}", row.template, row.kind, row.at);
                out.found("credit_posted", ledger::transfer_name(row.id, row.customer), detail);
            }
        }
    }
}
