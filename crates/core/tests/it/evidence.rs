//! `renewal::on_evidence`: every outcome.

use crate::fixture::{
    allowance, at, attempt, balances, brand, cny, evidence, facts, first_use, month, now, order, pack, plan, raw, same,
    session, told, topup, waiting_for_use, zone,
};
use everline_core::charging::Service;
use everline_core::ids::OrderId;
use everline_core::ledger::{LedgerAccount, LedgerRefusal, Template};
use everline_core::line::{LineState, NetworkKind, SuspendCause};
use everline_core::money::{Currency, Money};
use everline_core::offering::SaleState;
use everline_core::order::OrderState;
use everline_core::payment::{AttemptState, Evidence, Settlement};
use everline_core::renewal::{Facts, Outcome, on_evidence};

/// What evidence at noon on 10 March means.
fn check(facts: &Facts, evidence: &Evidence, expected: &str) {
    let (outcome, effects) = on_evidence(facts, evidence, &brand(), &zone(), now("03-10 12:00")).unwrap();
    same(&format!("{outcome:?}\n{}", told(&effects)), expected);
    if let Some(balances) = effects.balances {
        assert_eq!(balances.sum(), 0);
    }
}

fn paid(mut facts: Facts) -> Facts {
    facts.attempt.state = AttemptState::Paid;
    facts.attempt.trade_no = Some("T1".into());
    facts.attempt.received = 39_000_000;
    facts.attempt.settlement = Some(Settlement::Order);
    facts
}

#[test]
fn known_evidence_changes_nothing() {
    check(&paid(facts(month())), &evidence(), "AlreadyKnown");
    for state in OrderState::ALL {
        let mut facts = paid(facts(month()));
        facts.order.state = state;
        check(&facts, &evidence(), "AlreadyKnown");
    }
}

#[test]
fn another_trade_or_another_amount_of_a_paid_attempt_contradicts() {
    let other = Evidence { trade_no: "T2".into(), ..evidence() };
    check(&paid(facts(month())), &other, "Contradiction\ncase conflicting_evidence");
    let other = Evidence { amount: cny("38"), ..evidence() };
    check(&paid(facts(month())), &other, "Contradiction\ncase conflicting_evidence");
}

#[test]
fn another_currency_or_no_money_contradicts() {
    let dollars = Evidence { amount: Money::parse("39", "USD".parse().unwrap()).unwrap(), ..evidence() };
    check(&facts(month()), &dollars, "Contradiction\ncase amount_mismatch");
    for micros in [0, -1] {
        let nothing = Evidence { amount: Money::from_micros(micros, Currency::CNY), ..evidence() };
        check(&facts(month()), &nothing, "Contradiction\ncase amount_mismatch");
    }
}

#[test]
fn another_amount_waits_in_suspense_whatever_the_order_is() {
    for amount in ["38.99", "39.01"] {
        for state in OrderState::ALL {
            let mut facts = facts(month());
            facts.order.state = state;
            let expected = format!(
                "Suspended
                PAID_TO_SUSPENSE {amount}
                attempt paid {amount} to suspense
                case amount_mismatch"
            );
            check(&facts, &Evidence { amount: cny(amount), ..evidence() }, &expected);
        }
    }
}

#[test]
fn an_open_order_is_delivered_and_in_effect() {
    for state in [
        LineState::Silent { until: None },
        LineState::Active,
        LineState::Suspended(SuspendCause::NotRenewed { until: None }),
    ] {
        let mut facts = facts(month());
        facts.line.state = state;
        check(
            &facts,
            &evidence(),
            "Fulfilled
            PAID 39.00
            DELIVERED 39.00
            attempt paid 39.00 to order
            order 10 in_effect 03-10 12:00 to 04-10 12:00
            line active until 04-10 12:00
            receipt
            tell renewal_in_effect",
        );
    }
}

#[test]
fn belief_yields_to_evidence() {
    for state in [AttemptState::Created, AttemptState::Unknown, AttemptState::Failed, AttemptState::Closed] {
        let mut facts = facts(topup());
        facts.attempt.state = state;
        check(
            &facts,
            &evidence(),
            "Fulfilled
            PAID 39.00
            TOPPED_UP 39.00
            attempt paid 39.00 to order
            order 10 in_effect
            line active until nothing
            receipt
            tell renewal_in_effect",
        );
    }
}

#[test]
fn a_top_up_leaves_the_plan_and_its_end_alone() {
    let mut facts = facts(topup());
    facts.line.state = LineState::Suspended(SuspendCause::NotRenewed { until: None });
    facts.line.service_until = Some(at("03-01 00:00"));
    facts.line.network = NetworkKind::Upstream;
    check(
        &facts,
        &evidence(),
        "Fulfilled
        PAID 39.00
        TOPPED_UP 39.00
        attempt paid 39.00 to order
        order 10 in_effect
        line suspended until 03-01 00:00
        receipt
        tell renewal_in_effect",
    );
}

#[test]
fn a_closed_order_is_fulfilled_while_it_is_sellable() {
    let mut facts = facts(month());
    facts.order.state = OrderState::Closed;
    facts.order.closed_at = Some(at("03-10 11:59"));
    let (_, effects) = on_evidence(&facts, &evidence(), &brand(), &zone(), now("03-10 12:00")).unwrap();
    assert_eq!(effects.orders[0].closed_at, None);
    check(
        &facts,
        &evidence(),
        "Fulfilled
        PAID 39.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        order 10 in_effect 03-10 12:00 to 04-10 12:00
        line active until 04-10 12:00
        receipt
        tell renewal_in_effect",
    );
}

fn goes_back(facts: &Facts, reason: &str) {
    let outcome = match reason {
        "late" => "Late",
        "surplus" => "Surplus",
        _ => "Undeliverable",
    };
    check(
        facts,
        &evidence(),
        &format!(
            "Refunding({outcome})
            PAID_TO_SUSPENSE 39.00
            REFUND_STARTED_SUSPENSE 39.00
            attempt paid 39.00 to refund
            refund {reason} in_flight 39.00
            job refund
            tell refund_started"
        ),
    );
}

#[test]
fn late_money_goes_back_when_the_order_is_no_longer_sellable() {
    let closed = |mut facts: Facts| {
        facts.order.state = OrderState::Closed;
        facts
    };
    let mut retired = closed(facts(month()));
    retired.offering.sale = SaleState::Retired;
    goes_back(&retired, "late");
    let mut lost = closed(facts(month()));
    lost.line.state = LineState::Suspended(SuspendCause::Lost);
    goes_back(&lost, "late");
    goes_back(&closed(facts(pack())), "late");
}

#[test]
fn money_for_what_cannot_be_delivered_any_more_goes_back() {
    let over = [
        LineState::Suspended(SuspendCause::Lost),
        LineState::Suspended(SuspendCause::Barred),
        LineState::Closed,
        LineState::Terminated { until: None },
        LineState::HandedOver,
        LineState::Quarantined { until: None },
    ];
    for state in over {
        let mut facts = facts(month());
        facts.line.state = state;
        goes_back(&facts, "undeliverable");
    }
    goes_back(&facts(pack()), "undeliverable");
}

#[test]
fn what_was_on_sale_when_it_was_ordered_is_honoured() {
    let mut facts = facts(month());
    facts.offering.sale = SaleState::Retired;
    let queue = |n, from, to| plan(n, from, to);
    facts.allowance.periods = vec![
        queue(1, "03-01 00:00", "04-01 00:00"),
        queue(2, "04-01 00:00", "05-01 00:00"),
        queue(3, "05-01 00:00", "06-01 00:00"),
    ];
    check(
        &facts,
        &evidence(),
        "Fulfilled
        PAID 39.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        order 10 queued 06-01 00:00 to 07-01 00:00
        line active until 07-01 00:00
        receipt
        tell renewal_in_effect",
    );
}

#[test]
fn a_second_payment_is_surplus() {
    for state in OrderState::ALL {
        if !matches!(state, OrderState::AwaitingPayment | OrderState::Closed) {
            let mut facts = facts(month());
            facts.order.state = state;
            goes_back(&facts, "surplus");
        }
    }
}

#[test]
fn a_part_of_the_price_waits_for_the_rest() {
    let mut facts = facts(month());
    facts.attempt.amount = cny("9");
    let part = Evidence { amount: cny("9"), ..evidence() };
    check(
        &facts,
        &part,
        "PartlyPaid
        PAID 9.00
        attempt paid 9.00 to order
        order 10 awaiting_payment",
    );
}

#[test]
fn the_upstream_network_must_confirm_before_anything_is_delivered() {
    let mut facts = facts(month());
    facts.line.network = NetworkKind::Upstream;
    check(
        &facts,
        &evidence(),
        "AwaitingUpstream
        PAID 39.00
        attempt paid 39.00 to order
        order 10 paid
        receipt
        job activate_upstream
        tell paid_not_in_effect",
    );
}

#[test]
fn a_plan_on_a_line_with_a_plan_is_queued() {
    let mut facts = facts(month());
    facts.allowance = allowance(vec![plan(1, "03-01 00:00", "04-01 00:00")], vec![session(7, Service::Full)]);
    check(
        &facts,
        &evidence(),
        "Fulfilled
        PAID 39.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        order 10 queued 04-01 00:00 to 05-01 00:00
        line active until 05-01 00:00
        session 7 Full
        receipt
        tell renewal_in_effect",
    );
}

#[test]
fn what_starts_on_first_use_waits_for_it_and_lets_the_device_in() {
    let mut facts = facts(first_use());
    facts.line.state = LineState::Suspended(SuspendCause::NotRenewed { until: None });
    facts.allowance.sessions = vec![session(7, Service::Redirected)];
    check(
        &facts,
        &evidence(),
        "Fulfilled
        PAID 39.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        order 10 starts_on_first_use
        line active until nothing
        session 7 Restoring
        receipt
        network Reauthorize 7
        tell renewal_in_effect",
    );
}

#[test]
fn a_session_that_is_cut_off_must_be_restored_first() {
    for service in [Service::Redirected, Service::Restoring] {
        let mut facts = facts(month());
        facts.line.state = LineState::Suspended(SuspendCause::NotRenewed { until: None });
        facts.allowance.sessions = vec![session(7, service), session(8, Service::Full)];
        check(
            &facts,
            &evidence(),
            "AwaitingNetwork
            PAID 39.00
            DELIVERED 39.00
            attempt paid 39.00 to order
            order 10 delivered 03-10 12:00 to 04-10 12:00
            line active until 04-10 12:00
            session 7 Restoring
            session 8 Full
            receipt
            network Reauthorize 7
            tell paid_not_in_effect",
        );
    }
}

#[test]
fn a_pack_restores_a_device_whose_data_is_used_up() {
    let mut facts = facts(pack());
    let mut used_up = plan(1, "03-01 00:00", "04-01 00:00");
    used_up.buckets[0].used = 10;
    facts.allowance = allowance(vec![used_up], vec![session(7, Service::Redirected)]);
    check(
        &facts,
        &evidence(),
        "AwaitingNetwork
        PAID 39.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        order 10 delivered 03-10 12:00 to 03-17 12:00
        line active until 04-01 00:00
        session 7 Restoring
        receipt
        network Reauthorize 7
        tell paid_not_in_effect",
    );
}

#[test]
fn grace_ends_when_a_plan_begins() {
    let mut facts = facts(month());
    facts.line.state = LineState::Grace { until: at("03-12 00:00") };
    let (_, effects) = on_evidence(&facts, &evidence(), &brand(), &zone(), now("03-10 12:00")).unwrap();
    let line = effects.line.unwrap();
    assert_eq!((line.state, line.state_since), (LineState::Active, at("03-10 12:00")));
}

#[test]
fn the_chain_of_months_keeps_its_day() {
    let mut facts = facts(month());
    let mut january = plan(1, "01-31 10:00", "02-28 10:00");
    january.anchor_day = Some(31);
    january.window =
        everline_core::charging::Window::Fixed { starts_at: at("02-28 10:00"), ends_at: at("03-31 10:00") };
    facts.allowance.periods = vec![january];
    let (_, effects) = on_evidence(&facts, &evidence(), &brand(), &zone(), now("03-10 12:00")).unwrap();
    assert_eq!(
        (effects.orders[0].starts_at, effects.orders[0].ends_at),
        (Some(at("03-31 10:00")), Some(at("04-30 10:00")))
    );
    assert_eq!(effects.allowance.unwrap().periods[1].anchor_day, Some(31));
}

#[test]
fn two_waits_for_a_first_use_do_not_hide_each_other() {
    let mut facts = facts(first_use());
    facts.allowance.periods = vec![waiting_for_use(1, "06-01 00:00")];
    let (outcome, effects) = on_evidence(&facts, &evidence(), &brand(), &zone(), now("03-10 12:00")).unwrap();
    assert_eq!(outcome, Outcome::Fulfilled);
    assert_eq!(effects.allowance.unwrap().periods.len(), 2);
}

#[test]
fn the_ledger_has_the_last_word() {
    let mut full = facts(month());
    full.balances = balances(&[(Template::Paid, i64::MAX)]);
    let refused = on_evidence(&full, &evidence(), &brand(), &zone(), now("03-10 12:00"));
    assert_eq!(refused, Err(LedgerRefusal::Overflow { account: LedgerAccount::PspReceivable }));
}

#[test]
fn the_same_evidence_makes_the_same_ids() {
    let decide = || on_evidence(&facts(month()), &evidence(), &brand(), &zone(), now("03-10 12:00")).unwrap().1;
    assert_eq!(decide(), decide());
    let jobs = decide().jobs;
    let ids: std::collections::BTreeSet<_> = jobs.iter().map(everline_core::effects::Job::id).collect();
    assert_eq!(ids.len(), jobs.len(), "no two jobs meet");
    let of = attempt(&order(10, &month(), OrderState::AwaitingPayment));
    assert_eq!((of.order, decide().postings[0].order), (OrderId(raw(10)), Some(OrderId(raw(10)))));
}
