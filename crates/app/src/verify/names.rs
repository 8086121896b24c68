//! Rows keyed by themselves: every name, timer, job and number leads to a row that is there.

use super::read::NameRow;
use super::{Collected, Context, sql};
use crate::catalog_sale::CATALOG_TIMER;
use crate::set_up::HOUSE;
use everline_core::brand::Localized;
use everline_core::effects::Job;
use everline_core::ids::{CustomerId, JobId, LineId, RawId, ReceiptId};
use everline_core::line::LineState;
use everline_core::reminder::Reminder;
use everline_core::time::BusinessTime;
use everline_store::{Result, Tx, args};

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    directory(tx, context, out).await?;
    timers(tx, context, out).await?;
    jobs(tx, context, out).await?;
    numbers(tx, context, out).await?;
    former_payees(tx, out).await
}

/// Whom receipts named before can be read, so that those receipts can.
async fn former_payees(tx: &mut Tx, out: &mut Collected) -> Result<()> {
    let all: Vec<(BusinessTime, String)> = tx.all(&sql::FORMER_PAYEES, args![]).await?;
    for (until, legal_name) in all {
        if serde_json::from_str::<Localized>(&legal_name).is_err() {
            out.found("stored_word", format!("former_payee({})", until.us()), "its legal name cannot be read");
        }
    }
    Ok(())
}

async fn directory(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (String::new(), String::new());
    loop {
        let args = args![after.0.as_str(), after.1.as_str(), context.limits.page_rows];
        let page: Vec<NameRow> = tx.all(&sql::DIRECTORY, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.kind.clone(), last.name.clone());
        out.checked("names in the directory", page.len());
        for row in page {
            let name = Some(&row.name);
            // What leads to a line whose number was given back would lead its next owner's callers astray.
            let given_back = row.line_state.as_deref() == Some(LineState::Closed.word());
            let leads = match row.kind.as_str() {
                "order_number" => row.order_number.as_ref() == name,
                "order_token" => row.order_number.is_some(),
                "out_trade_no" => row.out_trade_no.as_ref() == name,
                "alipay_trade_no" | "wechat_trade_no" | "stripe_trade_no" | "bank_trade_no" => {
                    row.trade_no.as_ref() == name
                }
                "msisdn" => row.msisdn.as_ref() == name && !given_back,
                "imsi" | "iccid" => row.msisdn.is_some() && !given_back && row.sim_line == Some(row.subject),
                "session" => row.msisdn.is_some() && !given_back,
                "login" | "owner" => row.customer_exists,
                "bank_refund" | "payout" => row.bank_id.as_ref() == name,
                _ => false,
            };
            if !leads {
                let detail =
                    format!("leads to {} of {}, which is not there or not called so", row.subject, row.customer);
                out.found("directory", format!("directory({}, {})", row.kind, shown(&row)), detail);
            }
        }
    }
}

/// Numbers of persons are masked.
fn shown(row: &NameRow) -> String {
    let personal = matches!(row.kind.as_str(), "msisdn" | "imsi" | "iccid" | "login" | "owner");
    let tail = row.name.len().checked_sub(4).and_then(|at| row.name.get(at..));
    match (personal, row.name.get(..3), tail) {
        (true, Some(head), Some(tail)) => format!("{head}****{tail}"),
        (true, ..) => "****".to_owned(),
        (false, ..) => row.name.clone(),
    }
}

/// A timer's row: id, customer, kind, due at, and the order or line that it is about.
type TimerRow = (RawId, CustomerId, String, BusinessTime, Option<RawId>, Option<RawId>);

async fn timers(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = RawId::from_bytes([0; 16]);
    loop {
        let page: Vec<TimerRow> = tx.all(&sql::TIMERS, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.0;
        out.checked("timers", page.len());
        for (id, customer, kind, _, order, line) in page {
            // The id of a line's reminders follows from the line's; there may be no settings.
            let reminded = match kind.as_str() {
                "reminder" => {
                    let found: Option<(LineId,)> =
                        tx.maybe(&sql::LINE_IS_THERE, args![customer, Reminder::line_of(id)]).await?;
                    found.is_some()
                }
                "catalog" => (id, customer) == (CATALOG_TIMER, HOUSE),
                _ => false,
            };
            if order.or(line).is_none() && !reminded {
                out.found("timer_subject", format!("timer({id})"), format!("no {kind} {id} of {customer}"));
            }
        }
    }
}

/// A job's row: id, customer, payload, state, last error.
type JobRow = (JobId, CustomerId, String, String, Option<String>);

async fn jobs(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = JobId::from([0; 16]);
    loop {
        let page: Vec<JobRow> = tx.all(&sql::JOBS, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.0;
        out.checked("jobs", page.len());
        for (id, customer, payload, state, error) in page {
            let name = format!("job({id})");
            let job: Option<Job> = serde_json::from_str(&payload).ok();
            match job {
                None => out.found("job_payload", name.clone(), "its payload is no job"),
                Some(job) if job.id() != id || of(&job) != customer => {
                    out.found("job_payload", name.clone(), format!("its payload is {} {}", job.word(), job.id()));
                }
                Some(_) => {}
            }
            match state.as_str() {
                "ready" => {}
                "dead" => out.note("dead_job", name, error.unwrap_or_default()),
                other => out.found("stored_word", name, format!("state {other:?}")),
            }
        }
    }
}

/// Whose job it is.
const fn of(job: &Job) -> CustomerId {
    match job {
        Job::TellNetwork { customer, .. }
        | Job::ActivateUpstream { customer, .. }
        | Job::QueryPayment { customer, .. }
        | Job::ClosePayment { customer, .. }
        | Job::Refund { customer, .. }
        | Job::SendMessage { customer, .. }
        | Job::Reconcile { customer, .. } => *customer,
        Job::AutoRenew { customer, .. }
        | Job::KeepMethod { customer, .. }
        | Job::ForgetMethod { customer, .. }
        | Job::TakeDispute { customer, .. }
        | Job::TellAccount { customer, .. }
        | Job::TellBeside { customer, .. }
        | Job::MessageUnreported { customer, .. }
        | Job::RecoveryDue { customer, .. }
        | Job::TakeOver { customer, .. }
        | Job::TellOffer { customer, .. }
        | Job::VerifyIdentity { customer, .. } => *customer,
    }
}

/// A receipt number's row: number, receipt, customer, the receipt's customer, and the card.
type NumberRow = (i64, ReceiptId, CustomerId, Option<CustomerId>, Option<String>);

/// Receipt numbers begin at 1 and have no gap, the counter is the last of them, and each is the number of a receipt.
async fn numbers(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut last = 0i64;
    loop {
        let page: Vec<NumberRow> = tx.all(&sql::NUMBERS, args![last, context.limits.page_rows]).await?;
        if page.is_empty() {
            break;
        }
        out.checked("receipt numbers", page.len());
        for (number, receipt, customer, owner, iccid) in page {
            let name = || format!("receipt_number({number})");
            if number != last.saturating_add(1) {
                out.found("receipt_number", name(), format!("the one before it is {last}"));
            }
            if owner != Some(customer) {
                out.found("receipt_number", name(), format!("no receipt {receipt} of {customer}"));
            }
            if iccid.is_some_and(|iccid| !iccid.contains("****")) {
                out.found("receipt_number", name(), "its card is not masked");
            }
            last = number;
        }
    }
    let counter: Option<(String,)> = tx.maybe(&sql::COUNTER, args![]).await?;
    let counter = counter.map_or(0, |(text,)| text.parse::<i64>().unwrap_or(-1));
    if counter != last {
        let detail = format!("{counter}, the last receipt number is {last}");
        out.found("receipt_number", "setting(receipt_number)".to_owned(), detail);
    }
    let mut after = ReceiptId::from([0; 16]);
    loop {
        let page: Vec<(ReceiptId,)> = tx.all(&sql::UNNUMBERED_ALONE, args![after, context.limits.page_rows]).await?;
        let Some(end) = page.last() else { return Ok(()) };
        after = end.0;
        for (id,) in page {
            out.found("receipt_number", format!("receipt_unnumbered({id})"), "no such receipt");
        }
    }
}
