//! Lines that went on to another owner, and who customers are: nothing is lost between two customers, and what is sealed opens.

use super::{Collected, Context, ledger, orders, sql};
use everline_core::effects::Job;
use everline_core::identity::CorrectionState;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::line::LineState;
use everline_core::time::BusinessTime;
use everline_store::{FromRow, Result, Row, Tx, args};

struct HandOverRow {
    line: LineId,
    taker: CustomerId,
    from: (CustomerId, LineId),
    credit: [i64; 2],
    taken_at: Option<BusinessTime>,
    waits: bool,
    /// The state of the giver's record, and whether there is one at the taker.
    left: Option<String>,
    arrived: bool,
}
impl FromRow for HandOverRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            line: row.get(0)?,
            taker: row.get(1)?,
            from: (row.get(2)?, row.get(3)?),
            credit: [row.get(4)?, row.get(5)?],
            taken_at: row.get(6)?,
            waits: row.get::<i64>(7)? == 1,
            left: row.get(8)?,
            arrived: row.get::<Option<CustomerId>>(9)?.is_some(),
        })
    }
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    hand_overs(tx, context, out).await?;
    identities(tx, context, out).await?;
    corrections(tx, context, out).await
}

async fn hand_overs(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let (mut after, mut between) = (Vec::new(), 0_i64);
    loop {
        let page: Vec<HandOverRow> = tx.all(&sql::HAND_OVERS, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { break };
        after = last.line.bytes().to_vec();
        out.checked("lines that were handed over", page.len());
        for row in page {
            if row.taken_at.is_none() {
                between = row.credit.iter().fold(between, |sum, credit| sum.saturating_add(*credit));
            }
            hand_over(tx, &row, out).await?;
        }
    }
    let (held,): (i64,) = tx.one("in transit", &sql::IN_TRANSIT, args![]).await?;
    if held != between {
        let detail = format!("{held} in transit over all accounts, {between} on its way with lines");
        out.found("in_transit", "account(in_transit)".to_owned(), detail);
    }
    Ok(())
}

async fn hand_over(tx: &mut Tx, row: &HandOverRow, out: &mut Collected) -> Result<()> {
    let name = || format!("hand_over({})", row.line);
    if row.left.as_deref() != Some(LineState::HandedOver.word()) {
        out.found("hand_over", name(), format!("its former record is {:?}", row.left));
    }
    let taken = row.taken_at.is_some();
    if taken != row.arrived || taken == row.waits {
        let detail = format!("taken at {:?}; arrived {}, on its way {}", row.taken_at, row.arrived, row.waits);
        out.found("hand_over", name(), detail);
    }
    let job = Job::TakeOver { customer: row.taker, line: row.line };
    if !taken && !orders::ready(tx, &job).await? {
        out.found("hand_over_is_moving", name(), "on its way, and no job has it arrive");
    }
    let [paid, promo] = row.credit;
    for (customer, template, amount) in [
        (row.from.0, Template::CreditGiven, paid),
        (row.from.0, Template::PromoGiven, promo),
        (row.taker, Template::CreditTaken, if taken { paid } else { 0 }),
        (row.taker, Template::PromoTaken, if taken { promo } else { 0 }),
    ] {
        let posting = Posting::new(template, Cause::HandOver(row.line), None, amount, BusinessTime::from_us(0));
        for expected in posting.transfers() {
            let found: Option<(i64,)> = tx.maybe(&sql::TRANSFER_IS_THERE, args![expected.id, customer]).await?;
            if found.map_or(0, |found| found.0) != amount {
                let detail = format!("{} of {amount}, found {found:?}", template.word());
                out.found("hand_over_credit", ledger::transfer_name(expected.id, customer), detail);
            }
        }
    }
    Ok(())
}

/// An identity's row: customer, kind, what is sealed, its hash, and the customer's state.
type IdentityRow = (CustomerId, String, Vec<u8>, Vec<u8>, Option<String>);

async fn identities(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = Vec::new();
    loop {
        let page: Vec<IdentityRow> = tx.all(&sql::IDENTITIES, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.0.bytes().to_vec();
        out.checked("identities", page.len());
        for (customer, kind, sealed, hash, state) in page {
            let name = || format!("identity({customer})");
            if state.as_deref().is_none_or(|state| state == "none") {
                out.found("identity_state", name(), format!("said, and the customer's is {state:?}"));
            }
            opens(context, (customer, &kind, &sealed, &hash), name, out);
        }
    }
}

/// What is sealed opens for its customer, and is found by its hash.
fn opens(
    context: &Context<'_>,
    (customer, kind, sealed, hash): (CustomerId, &str, &[u8], &[u8]),
    name: impl Fn() -> String,
    out: &mut Collected,
) {
    let Some(secrets) = context.secrets else { return };
    match crate::identity::opened(secrets, customer, kind, sealed) {
        None => out.found("sealed", name(), "its identity does not open"),
        Some(person) if crate::identity::document_hash(secrets, &person) != hash => {
            out.found("hash", name(), "its document is not the one that is found by");
        }
        Some(_) => {}
    }
}

/// A correction's row: customer, id, kind, what is sealed, its hash, state, and whether it was settled and by somebody.
type CorrectionRow = (CustomerId, RawId, String, Vec<u8>, Vec<u8>, String, Option<i64>, Option<String>);

async fn corrections(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), RawId::from_bytes([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<CorrectionRow> = tx.all(&sql::CORRECTIONS, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.0, last.1);
        out.checked("corrections of identities", page.len());
        for (customer, id, kind, sealed, hash, state, settled_at, settled_by) in page {
            let name = || format!("identity_correction({customer}, {id})");
            let Some(word) = CorrectionState::from_word(&state) else {
                out.found("stored_word", name(), format!("state {state:?}"));
                continue;
            };
            let over = matches!(word, CorrectionState::Done | CorrectionState::Refused);
            if [settled_at.is_some(), settled_by.is_some()] != [over; 2] {
                out.found("identity_correction", name(), format!("{state}, settled at {settled_at:?}"));
            }
            opens(context, (customer, &kind, &sealed, &hash), name, out);
        }
    }
}
