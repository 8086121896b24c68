//! Orders: brings the rows of one order together (attempts, refunds, postings, receipt, invoice, cases, period) and has them
//! judged.

use super::disputes::{DisputeRow, dispute_row};
use super::judge::{self, Gathered, Money, Period};
use super::read::{AttemptRow, CaseRow, InvoiceRow, OrderRow, ReceiptRow, RefundRow, RequestRow};
use super::refunds::request_row;
use super::{Collected, Context, ledger, sql};
use everline_core::charging::{Allowance, Service};
use everline_core::effects::CaseReason;
use everline_core::effects::Job;
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::ledger::Template;
use everline_core::payment::AttemptState;
use everline_store::tables::job;
use everline_store::tables::ledger::StoredTransfer;
use everline_store::{FromRow, Result, Sql, Tx, Value, args};
use std::collections::{BTreeMap, BTreeSet};

/// The orders of one part, by key.
type Part = BTreeMap<(CustomerId, OrderId), Gathered>;

/// First and last value of the last byte of the ids in a part.
#[derive(Clone, Copy)]
struct Bounds(u8, u8);
impl Bounds {
    fn holds(self, order: OrderId) -> bool {
        let [.., last] = order.bytes();
        (self.0..=self.1).contains(&last)
    }
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let (count,): (u64,) = tx.one("order count", &sql::ORDER_COUNT, args![]).await?;
    let parts = (count / context.limits.orders_at_once.max(1) + 1).next_power_of_two().min(256);
    let size = u16::try_from(256 / parts).unwrap_or(256);
    for first in (0..256u16).step_by(usize::from(size)) {
        let byte = |value: u16| u8::try_from(value).unwrap_or(u8::MAX);
        let bounds = Bounds(byte(first), byte(first + size - 1));
        let mut part = orders(tx, context, bounds, out).await?;
        attempts(tx, context, bounds, &mut part, out).await?;
        refunds(tx, context, bounds, &mut part, out).await?;
        requests(tx, context, bounds, &mut part, out).await?;
        transfers(tx, context, bounds, &mut part, out).await?;
        receipts(tx, context, bounds, &mut part, out).await?;
        invoices(tx, context, bounds, &mut part, out).await?;
        cases(tx, context, bounds, &mut part, out).await?;
        disputes(tx, context, bounds, &mut part, out).await?;
        let restoring = periods(tx, context, bounds, &mut part, out).await?;
        for gathered in part.values() {
            judge::judge(gathered, context, out);
            work_goes_on(tx, gathered, &restoring, out).await?;
        }
    }
    Ok(())
}

/// A row with its table's primary key.
trait Keyed {
    fn key(&self) -> [Value; 2];
}
macro_rules! keyed {
    ($($row:ident ($first:ident, $second:ident))+) => {$(
        impl Keyed for $row {
            fn key(&self) -> [Value; 2] {
                [self.$first.into(), self.$second.into()]
            }
        }
    )+};
}
keyed! {
    DisputeRow(customer, id) OrderRow(customer, id) AttemptRow(customer, id) RefundRow(customer, id) RequestRow(customer, id)
    CaseRow(customer, id)
    InvoiceRow(customer, order) ReceiptRow(id, customer) StoredTransfer(id, customer)
}

/// The rows of a part of the orders, page by page.
struct Pages<'a> {
    sql: &'static Sql,
    bounds: Bounds,
    context: &'a Context<'a>,
    after: [Value; 2],
}
impl<'a> Pages<'a> {
    fn of(sql: &'static Sql, bounds: Bounds, context: &'a Context<'a>) -> Self {
        Self { sql, bounds, context, after: [Value::Id([0; 16]), Value::Id([0; 16])] }
    }
    async fn next<R: FromRow + Keyed + Send>(&mut self, tx: &mut Tx) -> Result<Option<Vec<R>>> {
        let [first, second] = self.after.clone();
        let Bounds(low, high) = self.bounds;
        let args = args![first, second, vec![low], vec![high], self.context.limits.page_rows];
        let page: Vec<R> = tx.all(self.sql, args).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.after = last.key();
        Ok(Some(page))
    }
}

async fn orders(tx: &mut Tx, context: &Context<'_>, bounds: Bounds, out: &mut Collected) -> Result<Part> {
    let mut part = Part::new();
    let mut pages = Pages::of(&sql::ORDERS, bounds, context);
    while let Some(page) = pages.next::<OrderRow>(tx).await? {
        for row in page {
            part.insert((row.customer, row.id), Gathered::new(row));
        }
    }
    out.checked("orders", part.len());
    Ok(part)
}

async fn attempts(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::ATTEMPTS, bounds, context);
    while let Some(page) = pages.next::<AttemptRow>(tx).await? {
        for row in page {
            out.checked("attempts", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.attempts.push(row),
                None => out.found("attempt_of_order", judge::attempt_row(&row), format!("no order {}", row.order)),
            }
        }
    }
    Ok(())
}

async fn refunds(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::REFUNDS, bounds, context);
    while let Some(page) = pages.next::<RefundRow>(tx).await? {
        for row in page {
            out.checked("refunds", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.refunds.push(row),
                None => out.found("refund_of_attempt", judge::refund_row(&row), format!("no order {}", row.order)),
            }
        }
    }
    Ok(())
}

async fn requests(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::REFUND_REQUESTS, bounds, context);
    while let Some(page) = pages.next::<RequestRow>(tx).await? {
        for row in page {
            out.checked("refunds that staff asked for", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.requests.push(row),
                None => out.found("refund_request", request_row(&row), format!("no order {}", row.order)),
            }
        }
    }
    Ok(())
}

async fn transfers(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::TRANSFERS_OF_ORDERS, bounds, context);
    while let Some(page) = pages.next::<StoredTransfer>(tx).await? {
        for row in page {
            let order = row.order.and_then(|order| part.get_mut(&(row.customer, order)));
            let Some(order) = order else {
                out.found("transfer_of_order", ledger::transfer_row(&row), format!("no order {:?}", row.order));
                continue;
            };
            match Template::from_word(&row.template) {
                Some(Template::PackRecognised) => {
                    order.earned = order.earned.saturating_add(row.amount);
                    order.recognitions += 1;
                    order.last_recognition = order.last_recognition.max(Some(ledger::number(&row)));
                }
                Some(template) => order.money.push(Money { template, cause: row.cause, amount: row.amount }),
                None => {} // found where transfers are looked at by themselves
            }
        }
    }
    Ok(())
}

async fn receipts(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::RECEIPTS, bounds, context);
    while let Some(page) = pages.next::<ReceiptRow>(tx).await? {
        for row in page {
            out.checked("receipts", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.receipts.push(row),
                None => out.found("receipt_of_order", judge::receipt_row(&row), format!("no order {}", row.order)),
            }
        }
    }
    Ok(())
}

async fn invoices(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::INVOICES, bounds, context);
    while let Some(page) = pages.next::<InvoiceRow>(tx).await? {
        for row in page {
            out.checked("requests for invoices", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.invoice = Some(row),
                None => out.found("invoice_of_receipt", judge::invoice_row(&row), "no such order"),
            }
        }
    }
    Ok(())
}

async fn disputes(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<()> {
    let mut pages = Pages::of(&sql::DISPUTES, bounds, context);
    while let Some(page) = pages.next::<DisputeRow>(tx).await? {
        for row in page {
            out.checked("disputes", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.disputes.push(row),
                None => out.found("dispute_of_attempt", dispute_row(&row), format!("no order {}", row.order)),
            }
        }
    }
    Ok(())
}

async fn cases(tx: &mut Tx, context: &Context<'_>, bounds: Bounds, part: &mut Part, out: &mut Collected) -> Result<()> {
    let mut pages = Pages::of(&sql::CASES, bounds, context);
    while let Some(page) = pages.next::<CaseRow>(tx).await? {
        for row in page {
            out.checked("cases", 1);
            match part.get_mut(&(row.customer, row.order)) {
                Some(order) => order.cases.push((row.reason, row.state)),
                None => {
                    let name = format!("support_case({}, {})", row.customer, row.id);
                    out.found("case_of_order", name, format!("no order {}", row.order));
                }
            }
        }
    }
    Ok(())
}

/// Gives every order its period; returns the lines that have a session in restoration. Damaged bodies are found where
/// lines are looked at.
async fn periods(
    tx: &mut Tx,
    context: &Context<'_>,
    bounds: Bounds,
    part: &mut Part,
    out: &mut Collected,
) -> Result<BTreeSet<(CustomerId, LineId)>> {
    let (mut after, mut restoring) = ((CustomerId::from([0; 16]), LineId::from([0; 16])), BTreeSet::new());
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, LineId, Vec<u8>)> = tx.all(&sql::ALLOWANCES, args).await?;
        let Some(last) = page.last() else { return Ok(restoring) };
        after = (last.0, last.1);
        for (customer, line, body) in page {
            let Ok(allowance) = Allowance::from_body(&body) else { continue };
            if allowance.sessions.iter().any(|session| session.service == Service::Restoring) {
                restoring.insert((customer, line));
            }
            for period in allowance.periods.into_iter().filter(|period| bounds.holds(period.order)) {
                match part.get_mut(&(customer, period.order)) {
                    Some(order) => order.periods.push(Period { line, period }),
                    None => {
                        let row = format!("allowance({customer}, {line})");
                        out.found("period_of_order", row, format!("a period of no order {}", period.order));
                    }
                }
            }
        }
    }
}

fn people_know(order: &Gathered) -> bool {
    order.cases.iter().any(|(reason, _)| reason != CaseReason::PaidNotInEffect.word())
}

/// Nothing waits without a job that works on it, or a case that says more than that it waits.
async fn work_goes_on(
    tx: &mut Tx,
    order: &Gathered,
    restoring: &BTreeSet<(CustomerId, LineId)>,
    out: &mut Collected,
) -> Result<()> {
    let customer = order.row.customer;
    match order.row.state.as_str() {
        "paid" => {
            let job = Job::ActivateUpstream { customer, order: order.row.id };
            if !people_know(order) && !ready(tx, &job).await? {
                out.found("paid_is_moving", judge::order_row(&order.row), "paid, and no job asks the network");
            }
        }
        "delivered" if !restoring.contains(&(customer, order.row.line)) && !people_know(order) => {
            out.found("paid_is_moving", judge::order_row(&order.row), "delivered, and no session is being restored");
        }
        _ => {}
    }
    for refund in order.refunds.iter().filter(|refund| refund.state == "in_flight") {
        if !ready(tx, &Job::Refund { customer, refund: refund.id }).await? {
            out.found("refund_is_moving", judge::refund_row(refund), "in flight, and no job asks the provider");
        }
    }
    for attempt in &order.attempts {
        let open = AttemptState::from_word(&attempt.state).is_some_and(AttemptState::open);
        let job = Job::QueryPayment { customer, attempt: attempt.id };
        if open && !ready(tx, &job).await? {
            out.found("attempt_is_watched", judge::attempt_row(attempt), "open, and no job asks about it");
        }
    }
    Ok(())
}

pub(super) async fn ready(tx: &mut Tx, job: &Job) -> Result<bool> {
    Ok(job::state(tx, job.id()).await? == Some(true))
}
