//! `renewal::on_upstream_answer`, `on_acknowledged` and `on_attached`.

use crate::fixture::{allowance, balances, facts, line, month, now, order, plan, raw, same, session, told, zone};
use everline_core::charging::Service;
use everline_core::ids::SessionId;
use everline_core::ledger::Template;
use everline_core::line::{LineState, NetworkKind};
use everline_core::order::OrderState;
use everline_core::renewal::{UpstreamAnswer, on_acknowledged, on_attached, on_upstream_answer};

fn upstream(state: OrderState, answer: UpstreamAnswer, expected: &str) {
    let mut facts = facts(month());
    facts.line.network = NetworkKind::Upstream;
    facts.order.state = state;
    facts.order.funds = 39_000_000;
    facts.attempt.received = 39_000_000;
    facts.balances = balances(&[(Template::Paid, 39_000_000)]);
    let effects = on_upstream_answer(&facts, answer, &zone(), now("03-10 12:00")).unwrap();
    same(&told(&effects), expected);
}

#[test]
fn a_confirmed_order_is_delivered_and_in_effect() {
    upstream(
        OrderState::Paid,
        UpstreamAnswer::Completed,
        "DELIVERED 39.00
        order 10 in_effect 03-10 12:00 to 04-10 12:00
        line active until 04-10 12:00
        tell renewal_in_effect",
    );
}

#[test]
fn a_refused_order_is_refunded() {
    upstream(
        OrderState::Paid,
        UpstreamAnswer::Refused,
        "REFUND_STARTED_ORDER 39.00
        order 10 refunding
        refund network_refused in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn an_order_that_does_not_wait_takes_no_notice() {
    for state in OrderState::ALL.into_iter().filter(|state| *state != OrderState::Paid) {
        upstream(state, UpstreamAnswer::Completed, "");
        upstream(state, UpstreamAnswer::Refused, "");
    }
}

/// What session 7 means for order 10, which waits, when it is acknowledged or ends.
fn acknowledged(sessions: &[(u8, Service)], ended: bool, state: OrderState, expected: &str) {
    let sessions = sessions.iter().map(|(n, service)| session(*n, *service)).collect();
    let allowance = allowance(vec![plan(10, "03-10 00:00", "04-10 00:00")], sessions);
    let (line, waiting) = (line(LineState::Active), [order(10, &month(), state)]);
    let effects = on_acknowledged(&line, &allowance, &waiting, SessionId(raw(7)), ended, now("03-10 12:00"));
    same(&told(&effects), expected);
}

#[test]
fn the_acknowledgement_brings_the_order_into_effect() {
    acknowledged(
        &[(7, Service::Restoring)],
        false,
        OrderState::Delivered,
        "order 10 in_effect
        line active until nothing
        session 7 Full
        tell renewal_in_effect",
    );
}

#[test]
fn so_does_the_end_of_the_session() {
    for service in [Service::Restoring, Service::Redirected, Service::Full] {
        acknowledged(
            &[(7, service)],
            true,
            OrderState::Delivered,
            "order 10 in_effect
            line active until nothing
            tell renewal_in_effect",
        );
    }
}

#[test]
fn another_session_in_restoration_holds_it_up() {
    acknowledged(
        &[(7, Service::Restoring), (8, Service::Restoring)],
        false,
        OrderState::Delivered,
        "line active until nothing
        session 7 Full
        session 8 Restoring",
    );
}

#[test]
fn a_session_that_was_cut_off_for_another_reason_since_does_not() {
    acknowledged(
        &[(7, Service::Restoring), (8, Service::Redirected)],
        false,
        OrderState::Delivered,
        "order 10 in_effect
        line active until nothing
        session 7 Full
        session 8 Redirected
        tell renewal_in_effect",
    );
}

#[test]
fn an_acknowledgement_of_the_past_changes_nothing() {
    acknowledged(&[(7, Service::Redirected)], false, OrderState::Delivered, "");
    acknowledged(&[(7, Service::Full)], false, OrderState::Delivered, "");
}

#[test]
fn an_unknown_session_has_ended() {
    acknowledged(&[], false, OrderState::Delivered, "order 10 in_effect\ntell renewal_in_effect");
    acknowledged(&[(8, Service::Restoring)], true, OrderState::Delivered, "");
}

#[test]
fn orders_that_wait_for_time_or_use_go_on_waiting() {
    for state in [OrderState::Queued, OrderState::StartsOnFirstUse] {
        acknowledged(&[(7, Service::Restoring)], false, state, "line active until nothing\nsession 7 Full");
    }
}

#[test]
fn a_new_session_brings_into_effect_what_waited_for_the_old_one() {
    let attached = |service| {
        let allowance = allowance(vec![plan(10, "03-10 00:00", "04-10 00:00")], vec![session(9, service)]);
        told(&on_attached(
            &line(LineState::Active),
            allowance,
            &[order(10, &month(), OrderState::Delivered)],
            now("03-10 12:00"),
        ))
    };
    same(
        &attached(Service::Full),
        "order 10 in_effect\nline active until nothing\nsession 9 Full\ntell renewal_in_effect",
    );
    same(&attached(Service::Restoring), "line active until nothing\nsession 9 Restoring");
}
