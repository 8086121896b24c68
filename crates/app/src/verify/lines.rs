//! Lines: state, end of service, buckets, sessions and timer fit each other.

use super::read::LineRow;
use super::{Collected, Context, sql};
use everline_core::charging::{Allowance, Service};
use everline_core::effects::{Job, NetworkAction};
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::{LineState, SuspendCause};
use everline_core::offering::Unit;
use everline_core::time::BusinessTime;
use everline_store::tables::{directory, job};
use everline_store::{Result, Tx, args};

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    allowances_alone(tx, context, out).await?;
    let mut after = (CustomerId::from([0; 16]), LineId::from([0; 16]));
    loop {
        let page: Vec<LineRow> = tx.all(&sql::LINES, args![after.0, after.1, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.customer, last.id);
        out.checked("lines", page.len());
        for row in page {
            if let Some((state, allowance)) = readable(&row, out) {
                judge(&row, state, &allowance, context, out);
                sessions(tx, &row, state, &allowance, context, out).await?;
            }
        }
    }
}

async fn allowances_alone(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = (CustomerId::from([0; 16]), LineId::from([0; 16]));
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<(CustomerId, LineId)> = tx.all(&sql::ALLOWANCES_ALONE, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = *last;
        for (customer, line) in page {
            out.found("allowance_of_line", format!("allowance({customer}, {line})"), "no such line");
        }
    }
}

fn line_row(row: &LineRow) -> String {
    format!("line({}, {})", row.customer, row.id)
}

fn readable(row: &LineRow, out: &mut Collected) -> Option<(LineState, Allowance)> {
    let state = LineState::from_word(&row.state, row.state_until);
    if state.is_none() {
        let detail = format!("state {:?} until {:?}", row.state, row.state_until);
        out.found("stored_word", line_row(row), detail);
    }
    let Some(body) = &row.body else {
        out.found("allowance_of_line", line_row(row), "no allowance");
        return None;
    };
    match Allowance::from_body(body) {
        Ok(allowance) => state.map(|state| (state, allowance)),
        Err(error) => {
            out.found("allowance_body", format!("allowance({}, {})", row.customer, row.id), error.to_string());
            None
        }
    }
}

fn judge(row: &LineRow, state: LineState, allowance: &Allowance, context: &Context<'_>, out: &mut Collected) {
    if !row.customer_exists {
        out.found("line_of_customer", line_row(row), "no such customer");
    }
    // A terminated line keeps its number until it is given back.
    let named = !matches!(state, LineState::HandedOver | LineState::Closed);
    if named && row.named != Some((row.customer, row.id.0)) {
        out.found("directory", line_row(row), "its number does not lead to it");
    }
    let now = context.now.business;
    let overdue = row.timer.as_ref().is_some_and(|(due, _)| *due <= now);
    timer(row, state, allowance, context, out);
    if row.state_until != state.until() {
        out.found("line_state", line_row(row), format!("{} with an end, which it has not by itself", row.state));
    }
    ending(row, state, allowance, out);
    // While a timer is overdue, the rows are as they were before it.
    let has_service = allowance.has_service(now);
    let fits = match state {
        LineState::Active => has_service,
        LineState::Grace { until } => !has_service && until > now,
        LineState::Silent { .. } | LineState::Suspended(SuspendCause::NotRenewed { .. }) => !has_service,
        _ => true,
    };
    if !fits && !overdue {
        let detail = format!("{} with{} a plan", row.state, if has_service { "" } else { "out" });
        out.found("line_state", line_row(row), detail);
    }
    let until = match allowance.service_until() {
        Some(end) => row.service_until == Some(end),
        None => row.service_until.is_none_or(|past| past <= now),
    };
    if !until {
        let detail = format!("{:?}, its plans say {:?}", row.service_until, allowance.service_until());
        out.found("line_service_until", line_row(row), detail);
    }
    buckets(row, allowance, context, out);
}

/// The newest event of a line is the state it is in; and what its state ends has ended.
fn ending(row: &LineRow, state: LineState, allowance: &Allowance, out: &mut Collected) {
    if let Some((word, at)) = &row.event
        && (word != state.word() || *at != row.state_since)
    {
        let detail = format!("{} since {:?}, its newest event is {word} at {at:?}", row.state, row.state_since);
        out.found("line_event", line_row(row), detail);
    }
    if state.over() && state != LineState::HandedOver && state != LineState::Closed && row.is_login {
        out.found("number_given_up", line_row(row), format!("{}, and its number is a login", row.state));
    }
    match (state, row.has_sim) {
        (LineState::Closed, true) => {
            out.found("number_given_back", line_row(row), "closed, and a Sim still serves it");
        }
        (LineState::Closed | LineState::HandedOver, _) | (_, true) => {}
        (_, false) => out.found("sim_of_line", line_row(row), "no Sim serves it"),
    }
    if state.at_rest() && !allowance.periods.is_empty() {
        let detail = format!("{}, with {} plans and packs that still earn", row.state, allowance.periods.len());
        out.found("rest_is_earned", line_row(row), detail);
    }
    if allowance.trial.is_some() && !matches!(state, LineState::Test { .. }) {
        out.found("trial_of_test", line_row(row), format!("{}, with a trial", row.state));
    }
}

/// There is a timer exactly when something is due by itself, and it is not late for it.
fn timer(row: &LineRow, state: LineState, allowance: &Allowance, context: &Context<'_>, out: &mut Collected) {
    let now = context.now.business;
    let reminder = state.reminds_at(row.state_since).filter(|at| *at > now);
    let expected: Option<BusinessTime> =
        [allowance.next_due(now, context.zone), state.until(), reminder].into_iter().flatten().min();
    let fits = match (&row.timer, expected) {
        (None, None) => true,
        (Some((due, kind)), Some(expected)) => {
            kind == "line" && (*due == expected || (*due <= now && *due <= expected))
        }
        _ => false,
    };
    if !fits {
        out.found("timer_of_line", line_row(row), format!("{:?}, due at {expected:?}", row.timer));
    }
}

fn buckets(row: &LineRow, allowance: &Allowance, context: &Context<'_>, out: &mut Collected) {
    let name = || format!("allowance({}, {})", row.customer, row.id);
    for period in &allowance.periods {
        for bucket in period.buckets.iter().filter(|bucket| !(0..=bucket.granted).contains(&bucket.used)) {
            out.found("bucket", name(), format!("order {}: {} used of {}", period.order, bucket.used, bucket.granted));
        }
        let Some(offering) = context.offerings.get(&period.offering) else { continue };
        let granted = period.buckets.iter().map(|bucket| (bucket.unit, bucket.granted));
        if !granted.eq(offering.included.iter().map(|included| (included.unit, included.amount))) {
            let detail = format!("order {}: not what {} includes", period.order, period.offering);
            out.found("bucket", name(), detail);
        }
        if !(0..=period.deferred).contains(&period.recognised) {
            let detail = format!("order {}: earned {} of {}", period.order, period.recognised, period.deferred);
            out.found("recognition", name(), detail);
        }
    }
}

/// Sessions follow the line, and one in restoration has a job that tells the network.
async fn sessions(
    tx: &mut Tx,
    row: &LineRow,
    state: LineState,
    allowance: &Allowance,
    context: &Context<'_>,
    out: &mut Collected,
) -> Result<()> {
    let (customer, line, now) = (row.customer, row.id, context.now.business);
    let overdue = row.timer.as_ref().is_some_and(|(due, _)| *due <= now);
    for session in &allowance.sessions {
        let name = || format!("allowance({customer}, {line}) session {}", session.id);
        let found = directory::find(tx, directory::Name::Session, &session.id.to_string()).await?;
        if found != Some((customer, line.0)) {
            out.found("directory", name(), "the session does not lead to its line");
        }
        let wrong = match session.service {
            Service::Full => !state.in_service(),
            Service::Redirected => state.in_service() && allowance.left(Unit::Octets, now) > 0,
            Service::Restoring => !state.in_service(),
        };
        if wrong && !overdue {
            out.found("session_follows_line", name(), format!("{:?}, the line is {}", session.service, row.state));
        }
        if session.service == Service::Restoring {
            let told = job::of_session(tx, session.id).await?.into_iter().any(|job| match job {
                Job::TellNetwork { action, customer: of, line: about, .. } => {
                    (action, of, about) == (NetworkAction::Reauthorize, customer, line)
                }
                _ => false,
            });
            if !told {
                out.found("restoring_is_moving", name(), "in restoration, and no job tells the network");
            }
        }
    }
    Ok(())
}
