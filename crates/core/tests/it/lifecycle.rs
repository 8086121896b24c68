//! `lifecycle`: what time does to a line and to an order.

use crate::fixture::{
    allowance, at, balances, brand, line, month, now, order, plan, raw, same, session, shown, told, waiting_for_use,
    zone,
};
use everline_core::charging::{Allowance, Service};
use everline_core::credit::on_unpaid;
use everline_core::effects::{Effects, Job};
use everline_core::ids::OrderId;
use everline_core::ledger::{Balances, Template};
use everline_core::lifecycle::{Situation, next_due, on_due};
use everline_core::line::{Line, LineState, SuspendCause};
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};

fn due(line: &Line, allowance: &Allowance, waiting: &[Order], at_text: &str) -> Effects {
    let held = balances(&[(Template::Paid, 1_000_000_000), (Template::Delivered, 1_000_000_000)]);
    let is = Situation { line: line.clone(), allowance: allowance.clone(), balances: held, orders: waiting.to_vec() };
    on_due(&is, &brand(), &zone(), at(at_text)).unwrap()
}
fn check(line: &Line, allowance: &Allowance, waiting: &[Order], at_text: &str, expected: &str) {
    same(&told(&due(line, allowance, waiting, at_text)), expected);
}
fn watch(state: LineState) -> Line {
    Line { family: Family::Watch, ..line(state) }
}

#[test]
fn the_last_plan_ends_and_grace_begins() {
    let had = allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![session(7, Service::Full)]);
    check(
        &line(LineState::Active),
        &had,
        &[],
        "04-01 00:00",
        "PACK_RECOGNISED 39.00
        line grace until nothing
        session 7 Full
        tell grace_began",
    );
    let effects = due(&line(LineState::Active), &had, &[], "04-01 00:00");
    assert_eq!(effects.line.unwrap().state, LineState::Grace { until: at("04-04 00:00") });
}

#[test]
fn grace_ends_in_suspension_and_cuts_the_sessions_off() {
    let state = LineState::Grace { until: at("04-04 00:00") };
    let sessions = vec![session(7, Service::Full), session(8, Service::Redirected), session(9, Service::Restoring)];
    check(
        &line(state),
        &allowance(vec![], sessions),
        &[],
        "04-04 00:00",
        "line suspended until nothing
        session 7 Redirected
        session 8 Redirected
        session 9 Redirected
        tell suspended
        network Redirect 7
        network Redirect 9",
    );
}

#[test]
fn a_family_without_grace_is_suspended_at_once() {
    check(
        &watch(LineState::Active),
        &allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![]),
        &[],
        "04-01 00:00",
        "PACK_RECOGNISED 39.00
        line suspended until nothing
        tell suspended",
    );
}

#[test]
fn the_end_of_service_stays_known_after_the_end() {
    let line = Line { service_until: Some(at("04-01 00:00")), ..watch(LineState::Active) };
    let effects = due(&line, &allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![]), &[], "04-01 00:00");
    assert_eq!(effects.line.unwrap().service_until, Some(at("04-01 00:00")));
}

#[test]
fn the_next_plan_begins_when_the_first_ends() {
    let plans = vec![plan(1, "03-01 00:00", "04-01 00:00"), plan(2, "04-01 00:00", "05-01 00:00")];
    check(
        &line(LineState::Active),
        &allowance(plans, vec![session(7, Service::Full)]),
        &[order(2, &month(), OrderState::Queued), order(3, &month(), OrderState::Queued)],
        "04-01 00:00",
        "PACK_RECOGNISED 39.00
        order 2 in_effect 04-01 00:00 to 05-01 00:00
        line active until 05-01 00:00
        session 7 Full",
    );
}

#[test]
fn a_plan_that_begins_restores_a_device_whose_data_was_used_up() {
    let plans = vec![plan(1, "03-01 00:00", "04-01 00:00"), plan(2, "04-01 00:00", "05-01 00:00")];
    check(
        &line(LineState::Active),
        &allowance(plans, vec![session(7, Service::Redirected)]),
        &[order(2, &month(), OrderState::Queued)],
        "04-01 00:00",
        "PACK_RECOGNISED 39.00
        order 2 delivered 04-01 00:00 to 05-01 00:00
        line active until 05-01 00:00
        session 7 Restoring
        network Reauthorize 7",
    );
}

#[test]
fn what_nobody_used_begins_by_itself() {
    let mut waits = allowance(vec![waiting_for_use(2, "09-06 12:00")], vec![]);
    check(
        &line(LineState::Active),
        &waits,
        &[order(2, &month(), OrderState::StartsOnFirstUse)],
        "09-06 12:00",
        "order 2 in_effect 09-06 12:00 to 10-06 12:00
        line active until 10-06 12:00",
    );
    waits.sessions = vec![session(7, Service::Redirected)];
    check(
        &line(LineState::Active),
        &waits,
        &[order(2, &month(), OrderState::StartsOnFirstUse)],
        "09-06 12:00",
        "order 2 delivered 09-06 12:00 to 10-06 12:00
        line active until 10-06 12:00
        session 7 Restoring
        network Reauthorize 7",
    );
}

#[test]
fn a_month_from_the_first_use_is_a_whole_month() {
    let mut waits = allowance(vec![waiting_for_use(2, "09-06 12:00")], vec![]);
    let begun = waits.use_up(everline_core::offering::Unit::Octets, 1, at("03-25 08:00"), &zone()).begun;
    assert_eq!(begun, vec![OrderId(raw(2))]);
    assert_eq!(waits.service_until().map(shown).as_deref(), Some("04-25 08:00"));
    assert_eq!(waits.periods[0].anchor_day, Some(25));
}

#[test]
fn a_month_start_earns_its_part_and_nothing_else_happens() {
    check(
        &line(LineState::Active),
        &allowance(vec![plan(1, "03-16 12:00", "04-16 12:00")], vec![session(7, Service::Redirected)]),
        &[],
        "04-01 00:00",
        "PACK_RECOGNISED 19.50
        line active until 04-16 12:00
        session 7 Redirected",
    );
}

#[test]
fn the_parts_make_the_price() {
    let (mut line, mut had) = (line(LineState::Active), allowance(vec![plan(1, "03-16 12:00", "06-16 12:00")], vec![]));
    let (mut at_now, mut earned, mut times) = (at("03-16 12:00"), 0, Vec::new());
    while let Some(next) = next_due(&line, &had, at_now, &zone()).filter(|_| !had.periods.is_empty()) {
        let effects = due(&line, &had, &[], &shown(next));
        earned += effects.postings.iter().map(|posting| posting.amount).sum::<i64>();
        times.push(shown(next));
        (line, had, at_now) = (effects.line.unwrap(), effects.allowance.unwrap(), next);
    }
    assert_eq!(earned, 39_000_000);
    assert_eq!(times, ["04-01 00:00", "05-01 00:00", "06-01 00:00", "06-16 12:00"]);
    assert_eq!(line.state, LineState::Grace { until: at("06-19 12:00") });
}

#[test]
fn a_lost_or_barred_line_stays_so_when_a_plan_begins_or_ends() {
    for cause in [SuspendCause::Lost, SuspendCause::Barred] {
        let stopped = line(LineState::Suspended(cause));
        let plans = vec![plan(1, "03-01 00:00", "04-01 00:00"), plan(2, "04-01 00:00", "05-01 00:00")];
        let effects = due(&stopped, &allowance(plans, vec![session(7, Service::Redirected)]), &[], "04-01 00:00");
        assert_eq!(effects.line.unwrap().state, LineState::Suspended(cause));
        assert_eq!(effects.allowance.unwrap().sessions[0].service, Service::Redirected);
    }
}

#[test]
fn what_the_network_never_acknowledged_is_a_case_once_it_is_over() {
    check(
        &watch(LineState::Active),
        &allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![session(7, Service::Restoring)]),
        &[order(1, &month(), OrderState::Delivered)],
        "04-01 00:00",
        "PACK_RECOGNISED 39.00
        line suspended until nothing
        session 7 Redirected
        case job_failed
        tell suspended
        network Redirect 7",
    );
}

#[test]
fn a_line_is_due_when_its_plans_or_its_grace_are() {
    let check = |state, had: Vec<_>, expected: Option<&str>| {
        let found = next_due(&line(state), &allowance(had, vec![]), at("03-10 12:00"), &zone());
        assert_eq!(found.map(shown).as_deref(), expected);
    };
    let active = LineState::Active;
    check(active, vec![], None);
    check(active, vec![plan(1, "03-01 00:00", "03-20 00:00")], Some("03-20 00:00"));
    check(active, vec![plan(1, "03-01 00:00", "04-20 00:00")], Some("04-01 00:00"));
    check(active, vec![plan(1, "03-15 00:00", "04-20 00:00")], Some("03-15 00:00"));
    check(active, vec![plan(1, "02-01 00:00", "03-01 00:00")], Some("03-01 00:00"));
    check(active, vec![waiting_for_use(1, "09-06 12:00")], Some("09-06 12:00"));
    check(LineState::Grace { until: at("03-12 00:00") }, vec![], Some("03-12 00:00"));
}

#[test]
fn one_instant_of_one_line_names_its_jobs_and_no_others() {
    let had = allowance(
        vec![plan(1, "03-01 00:00", "04-01 00:00")],
        vec![session(7, Service::Full), session(8, Service::Full)],
    );
    let jobs = due(&watch(LineState::Active), &had, &[], "04-01 00:00").jobs;
    let ids: std::collections::BTreeSet<_> = jobs.iter().map(Job::id).collect();
    assert_eq!((jobs.len(), ids.len()), (3, 3));
    let again = due(&watch(LineState::Active), &had, &[], "04-01 00:00").jobs;
    assert_eq!(jobs, again);
}

#[test]
fn an_order_expires_once_and_only_unpaid() {
    let expired =
        |state, at_text| on_unpaid(&order(1, &month(), state), &[], Balances::default(), now(at_text)).unwrap();
    assert_eq!(expired(OrderState::AwaitingPayment, "03-10 11:59"), None);
    let effects = expired(OrderState::AwaitingPayment, "03-10 12:00").unwrap();
    let closed = &effects.orders[0];
    assert_eq!((closed.state, closed.closed_at), (OrderState::Closed, Some(at("03-10 12:00"))));
    for state in OrderState::ALL.into_iter().filter(|state| *state != OrderState::AwaitingPayment) {
        assert_eq!(expired(state, "03-10 13:00"), None);
    }
}
