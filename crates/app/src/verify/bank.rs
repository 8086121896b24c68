//! The bank's statements: every line that was matched is an attempt with its money, every transfer is such a line, and what
//! went back by hand is noted.

use super::{Collected, Context, sql};
use everline_core::ids::{AttemptId, CustomerId, RefundId};
use everline_store::{FromRow, Result, Row, Tx, args};

struct LineRow {
    bank_id: String,
    currency: String,
    amount: i64,
    state: String,
    customer: Option<CustomerId>,
    attempt: Option<AttemptId>,
    /// Method, the bank's id, and what it received, of its attempt, if that is there.
    became: (Option<String>, Option<String>, Option<i64>),
    /// How much the payout is that it is the arrival of.
    payout: Option<i64>,
}
impl FromRow for LineRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            bank_id: row.get(0)?,
            currency: row.get(1)?,
            amount: row.get(2)?,
            state: row.get(3)?,
            customer: row.get(4)?,
            attempt: row.get(5)?,
            became: (row.get(6)?, row.get(7)?, row.get(8)?),
            payout: row.get(9)?,
        })
    }
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    lines(tx, context, out).await?;
    transfers(tx, context, out).await?;
    refunds(tx, context, out).await
}

async fn lines(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = String::new();
    loop {
        let page: Vec<LineRow> = tx.all(&sql::BANK_LINES, args![after.as_str(), context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after.clone_from(&last.bank_id);
        out.checked("lines of bank statements", page.len());
        for row in page {
            line(&row, context, out);
        }
    }
}

fn line(row: &LineRow, context: &Context<'_>, out: &mut Collected) {
    let name = || format!("bank_line({})", row.bank_id);
    if row.currency != context.brand.currency.code() {
        out.found("currency", name(), format!("in {}", row.currency));
    }
    let became = [row.customer.is_some(), row.attempt.is_some()];
    let fits = match row.state.as_str() {
        "matched" => became == [true; 2] && row.amount > 0,
        "payout" => became == [false; 2] && row.payout == Some(row.amount),
        "unmatched" => became == [false; 2] && row.amount > 0,
        "outgoing" => became == [false; 2] && row.amount <= 0,
        other => return out.found("stored_word", name(), format!("state {other:?}")),
    };
    if !fits {
        out.found("bank_line", name(), format!("{} of {}, which became something: {became:?}", row.state, row.amount));
    }
    let expected = (Some("bank_transfer"), Some(row.bank_id.as_str()), Some(row.amount));
    let (method, trade_no, received) = &row.became;
    if row.state == "matched" && (method.as_deref(), trade_no.as_deref(), *received) != expected {
        out.found("bank_line", name(), format!("{} came, its attempt received {received:?} by {method:?}", row.amount));
    }
}

async fn transfers(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), AttemptId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, AttemptId, Option<AttemptId>)> = tx.all(&sql::TRANSFERS_ALONE, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
        for (customer, attempt, line_became) in page {
            let detail = format!("no line of a statement brought it; the one of its number became {line_became:?}");
            out.found("bank_line", format!("attempt({customer}, {attempt})"), detail);
        }
    }
}

async fn refunds(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), RefundId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, RefundId, Option<String>)> = tx.all(&sql::BANK_REFUNDS_WRONG, args).await?;
        let Some(last) = page.last() else { break };
        after = (last.0, last.1);
        for (customer, refund, bank_id) in page {
            let detail = format!("noted with the bank's id: {}", bank_id.is_some());
            out.found("bank_refund", format!("refund({customer}, {refund})"), detail);
        }
    }
    let mut after = (CustomerId::from([0; 16]), RefundId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, RefundId)> = tx.all(&sql::BANK_REFUNDS_ALONE, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
        for (customer, refund) in page {
            out.found(
                "bank_refund",
                format!("bank_refund({customer}, {refund})"),
                "no refund from the bank account, or its bank's id leads elsewhere",
            );
        }
    }
}
