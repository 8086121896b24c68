//! Bills, their lines, the queue, and what they posted: every line of a bill that was compared agrees with our books, is in the
//! queue or was decided by people; each moved what it says, once; and nothing of ours is missing from the bills unnoticed.

use super::{Collected, Context, ledger, sql};
use crate::reconciliation::{JUDGED, is_missing, owner};
use everline_core::ids::{BillLineId, CustomerId, ItemId, RawId, TransferId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::payment::{AttemptState, Provider};
use everline_core::reconciliation::{
    Action, BillDay, Item, ItemKind, ItemState, LineState, Verdict, judge, posting_of, zone_of,
};
use everline_core::refund::RefundState;
use everline_core::time::{BusinessTime, SystemTime};
use everline_store::tables::ledger::StoredTransfer;
use everline_store::tables::reconciliation::{self as table, LineWithOurs};
use everline_store::{Result, Tx, args};
use std::collections::{BTreeMap, BTreeSet};

const LINE_TEMPLATES: [Template; 4] =
    [Template::PspFee, Template::FeeReturned, Template::Payout, Template::PayoutReturned];

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let matched = bills(tx, out).await?;
    alone(tx, context, out).await?;
    // Rows whose words cannot be read were found; the others are looked at once they can be.
    if strange(tx, context, out).await? {
        return Ok(());
    }
    lines(tx, context, out).await?;
    items(tx, context, out).await?;
    missing(tx, context, &matched, out).await
}

/// A bill's row: provider, day, state, lines, when it was compared.
type BillRow = (String, String, String, i64, Option<SystemTime>);

/// The days whose bills were compared, by provider.
type Matched = BTreeMap<Provider, BTreeSet<BillDay>>;

async fn bills(tx: &mut Tx, out: &mut Collected) -> Result<Matched> {
    let counts: Vec<(String, String, i64)> = tx.all(&sql::LINES_BY_DAY, args![]).await?;
    let mut counts: BTreeMap<_, _> =
        counts.into_iter().map(|(provider, day, count)| ((provider, day), count)).collect();
    let (mut matched, all): (Matched, Vec<BillRow>) = (Matched::new(), tx.all(&sql::BILLS, args![]).await?);
    if !all.is_empty() {
        out.checked("bills of providers", all.len());
    }
    for (provider, day, state, lines, matched_at) in all {
        let name = || format!("bill({provider}, {day})");
        let words = (Provider::from_word(&provider), day.parse::<BillDay>());
        let kept = counts.remove(&(provider.clone(), day.clone())).unwrap_or(0);
        let (Some(of), Ok(on)) = words else {
            out.found("stored_word", name(), "no such provider or day");
            continue;
        };
        if state != "reading" && kept != lines {
            out.found("bill_lines", name(), format!("{lines} lines, and {kept} are there"));
        }
        match state.as_str() {
            "matched" if matched_at.is_none() => out.found("bill_stations", name(), "compared at no time"),
            "matched" => {
                matched.entry(of).or_default().insert(on);
            }
            "reading" | "read" => {}
            other => out.found("stored_word", name(), format!("state {other:?}")),
        }
    }
    for ((provider, day), count) in counts {
        out.found("bill_lines", format!("bill({provider}, {day})"), format!("no such bill, and {count} lines of it"));
    }
    Ok(matched)
}

/// What was posted for a line or an item that is not there.
async fn alone(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let lost: Vec<StoredTransfer> = tx.all(&sql::BILL_TRANSFERS_ALONE, args![context.limits.page_rows]).await?;
    for transfer in lost {
        let detail = format!("{} of {}, which is not there", transfer.template, transfer.cause);
        out.found("transfer_cause", ledger::transfer_row(&transfer), detail);
    }
    Ok(())
}

/// Words that nobody knows, and columns that do not go together; whether there are any.
async fn strange(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<bool> {
    let lines: Vec<(BillLineId, String, String, String)> =
        tx.all(&sql::STRANGE_LINES, args![context.limits.page_rows]).await?;
    let items: Vec<(ItemId, String, String, String, String)> =
        tx.all(&sql::STRANGE_ITEMS, args![context.limits.page_rows]).await?;
    let any = !lines.is_empty() || !items.is_empty();
    for (id, kind, state, provider) in lines {
        out.found("stored_word", format!("bill_line({id})"), format!("{kind:?}, {state:?} of {provider:?}"));
    }
    for (id, kind, about, state, action) in items {
        let detail = format!("{kind:?} about {about:?}, {state:?} by {action:?}");
        out.found("item_state", item_row(id), detail);
    }
    Ok(any)
}

fn line_row(id: BillLineId) -> String {
    format!("bill_line({id})")
}
fn item_row(id: ItemId) -> String {
    format!("reconciliation_item({id})")
}

/// What the rows of these ids posted, by the row that caused it.
async fn posted(tx: &mut Tx, first: RawId, last: RawId) -> Result<BTreeMap<RawId, Vec<StoredTransfer>>> {
    let bound = |id: RawId, end: u8| {
        let [head @ .., _, _] = id.bytes();
        let mut bytes = [end; 16];
        bytes.iter_mut().zip(head).for_each(|(to, from)| *to = from);
        TransferId::from(bytes)
    };
    let transfers: Vec<StoredTransfer> =
        tx.all(&sql::BILL_TRANSFERS, args![bound(first, 0), bound(last, 0xff)]).await?;
    let mut by_cause: BTreeMap<RawId, Vec<StoredTransfer>> = BTreeMap::new();
    transfers.into_iter().for_each(|transfer| by_cause.entry(transfer.cause).or_default().push(transfer));
    Ok(by_cause)
}

async fn lines(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = BillLineId::from([0; 16]);
    loop {
        let page = table::lines_page(tx, after, context.limits.page_rows).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(()) };
        let mut posted = posted(tx, first.stored.id.0, last.stored.id.0).await?;
        after = last.stored.id;
        out.checked("lines of bills", page.len());
        for line in page {
            let posted = posted.remove(&line.stored.id.0).unwrap_or_default();
            let posted: Vec<_> = posted.into_iter().filter(|one| is_of(&one.template, &LINE_TEMPLATES)).collect();
            judge_line(tx, context, &line, &posted, out).await?;
        }
    }
}

fn is_of(word: &str, templates: &[Template]) -> bool {
    templates.iter().any(|template| template.word() == word)
}

async fn judge_line(
    tx: &mut Tx,
    context: &Context<'_>,
    line: &LineWithOurs,
    posted: &[StoredTransfer],
    out: &mut Collected,
) -> Result<()> {
    let (id, state, says) = (line.stored.id, line.stored.state, &line.stored.line);
    let verdict = judge(says, &line.ours, line.provider, context.brand.currency);
    let expected = posting_of(id, says, BusinessTime::from_us(0)).map(|posting| (posting.template, posting.amount));
    let found: Vec<_> = posted.iter().map(|one| (Template::from_word(&one.template), one.amount)).collect();
    let all: Vec<_> = expected.map(|(template, amount)| (Some(template), amount)).into_iter().collect();
    let mut of_line = Vec::new();
    if matches!(state, LineState::Queued | LineState::Settled) {
        for kind in JUDGED {
            of_line.extend(table::item(tx, kind.of_line(id)).await?);
        }
    }
    let open = of_line.iter().any(|item| item.state == ItemState::Open);
    let by_people = |action: Option<Action>| {
        of_line.iter().any(|item| match &item.state {
            ItemState::Closed(closed) => closed.by.is_some() && action.is_none_or(|action| closed.action == action),
            ItemState::Open => false,
        })
    };
    let paid = line.ours.attempt.as_ref().is_some_and(|ours| ours.state == AttemptState::Paid);
    let fits = match state {
        LineState::New => line.bill.as_deref() != Some("matched") && found.is_empty(),
        LineState::Agreed => found == all && (verdict == Verdict::Agreed || bounced(tx, line).await?),
        LineState::Queued => open && found.is_empty(),
        LineState::Settled => {
            let must = paid || by_people(Some(Action::Suspense));
            by_people(None) && (found == all || (found.is_empty() && !must))
        }
    };
    if !fits {
        let detail = format!("{}: {verdict:?}, posted {found:?} of {all:?}, open item: {open}", state.word());
        out.found("line_settled", line_row(id), detail);
    }
    let books: CustomerId = owner(line);
    if let Some(stray) = posted.iter().find(|one| state == LineState::Agreed && one.customer != books) {
        out.found("line_settled", line_row(id), format!("posted in the books of {}, not of {books}", stray.customer));
    }
    Ok(())
}

/// Whether a line is about a refund that was done, and came back later.
async fn bounced(tx: &mut Tx, line: &LineWithOurs) -> Result<bool> {
    let failed =
        line.ours.refund.is_some_and(|refund| !matches!(refund.state, RefundState::InFlight | RefundState::Done));
    let (true, Some(refund), Some(attempt)) = (failed, line.refund, &line.ours.attempt) else { return Ok(false) };
    let at = BusinessTime::from_us(0);
    let posting = Posting::new(Template::RefundBounced, Cause::Refund(refund), attempt.order, 1, at);
    let Some(transfer) = posting.transfers().next() else { return Ok(false) };
    let (count,): (i64,) = tx.one("transfers", &sql::POSTED, args![attempt.customer, transfer.id]).await?;
    Ok(count > 0)
}

async fn items(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = ItemId::from([0; 16]);
    loop {
        let page = table::item_page(tx, after, context.limits.page_rows).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(()) };
        let mut posted = posted(tx, first.id.0, last.id.0).await?;
        after = last.id;
        out.checked("items of reconciliation", page.len());
        for item in page {
            let posted = posted.remove(&item.id.0).unwrap_or_default();
            judge_item(&item, &posted, out);
            about(tx, &item, out).await?;
        }
    }
}

fn judge_item(item: &Item, posted: &[StoredTransfer], out: &mut Collected) {
    let template = match &item.state {
        ItemState::Closed(closed) => match closed.action {
            Action::WriteOff => Some(Template::WrittenOff),
            Action::Suspense => Some(Template::BookedToSuspense),
            Action::Agreed | Action::Accept => None,
        },
        ItemState::Open => None,
    };
    let expected: Vec<_> = template.map(|template| (Some(template), item.surplus().abs())).into_iter().collect();
    let found: Vec<_> = posted.iter().map(|one| (Template::from_word(&one.template), one.amount)).collect();
    if found != expected {
        let detail = format!("{}: posted {found:?}, {expected:?} expected", item.kind.word());
        out.found("item_posted", item_row(item.id), detail);
    }
    if let ItemState::Closed(closed) = &item.state
        && closed.at < item.opened_at
    {
        out.found("item_state", item_row(item.id), "closed before it was opened");
    }
}

/// An item about a line of a bill names one that is there, and follows from it.
async fn about(tx: &mut Tx, item: &Item, out: &mut Collected) -> Result<()> {
    if item.kind == ItemKind::OursOnly {
        return Ok(());
    }
    let number = item.number.as_deref().unwrap_or_default();
    let line = table::line(tx, item.provider, item.about, number).await?;
    if line.is_none_or(|line| item.kind.of_line(line.id) != item.id) {
        out.found("item_of_line", item_row(item.id), format!("no line {} {number}", item.about.word()));
    }
    Ok(())
}

/// What no bill has although every bill that could hold it was compared is in the queue.
async fn missing(tx: &mut Tx, context: &Context<'_>, matched: &Matched, out: &mut Collected) -> Result<()> {
    let ever = (SystemTime::from_us(0), SystemTime::from_us(i64::MAX));
    let zero = CustomerId::from([0; 16]);
    for (provider, days) in matched {
        let zone = zone_of(*provider, context.zone);
        let mut after = (zero, everline_core::ids::AttemptId::from([0; 16]));
        loop {
            let page = table::attempts_without_line(tx, *provider, after, ever, context.limits.page_rows).await?;
            let Some(last) = page.last() else { break };
            after = (last.customer, last.id);
            for row in page.iter().filter(|row| row.provider == Some(*provider) && is_missing(*row, &zone, days)) {
                if table::item(tx, ItemKind::of_attempt(row.id)).await?.is_none() {
                    let name = format!("attempt({}, {})", row.customer, row.id);
                    out.found("attempt_on_bill", name, "no bill has it, and it is not in the queue");
                }
            }
        }
        let mut after = (zero, everline_core::ids::RefundId::from([0; 16]));
        loop {
            let page = table::refunds_without_line(tx, *provider, after, ever, context.limits.page_rows).await?;
            let Some(last) = page.last() else { break };
            after = (last.customer, last.id);
            for row in page.iter().filter(|row| row.provider == Some(*provider) && is_missing(*row, &zone, days)) {
                if table::item(tx, ItemKind::of_refund(row.id)).await?.is_none() {
                    let name = format!("refund({}, {})", row.customer, row.id);
                    out.found("refund_on_bill", name, "no bill has it, and it is not in the queue");
                }
            }
        }
    }
    Ok(())
}
