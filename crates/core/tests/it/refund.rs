//! `renewal::on_refund_answer`.

use crate::fixture::{at, balances, month, now, order, raw, same, told};
use everline_core::ids::{AttemptId, RefundId};
use everline_core::ledger::{LedgerAccount, LedgerRefusal, Template};
use everline_core::order::{OrderState, PlacedBy};
use everline_core::payment::Method;
use everline_core::refund::{NoOtherWay, OtherWay, Refund, RefundReason, RefundState};
use everline_core::renewal::{on_other_way, on_refund_answer};

fn refund(reason: RefundReason, state: RefundState) -> Refund {
    let order = order(10, &month(), OrderState::Refunding);
    Refund {
        id: RefundId(raw(60)),
        customer: order.customer,
        attempt: AttemptId(raw(50)),
        order: order.id,
        out_request_no: "r".into(),
        amount: order.price,
        reason,
        state,
        started_at: at("03-10 12:00"),
        settled_at: None,
    }
}

fn check(reason: RefundReason, before: (RefundState, OrderState), done: bool, expected: &str) {
    let held = balances(&[(Template::PaidToSuspense, 39_000_000), (Template::RefundStartedFromSuspense, 39_000_000)]);
    let order = order(10, &month(), before.1);
    let refund = refund(reason, before.0);
    let by = (&refund, Method::AlipayQr);
    let all = (std::slice::from_ref(&refund), 0);
    let effects = on_refund_answer(held, &order, by, all, done, now("03-10 12:00")).unwrap();
    same(&told(&effects), expected);
}

#[test]
fn a_refund_that_is_done_ends_a_refused_order() {
    check(
        RefundReason::NetworkRefused,
        (RefundState::InFlight, OrderState::Refunding),
        true,
        "REFUND_DONE 39.00
        order 10 refunded
        refund network_refused done 39.00
        tell refund_done",
    );
}

#[test]
fn and_leaves_every_other_order_as_it_is() {
    for (reason, state) in [(RefundReason::Surplus, OrderState::InEffect), (RefundReason::Late, OrderState::Closed)] {
        let expected = format!("REFUND_DONE 39.00\nrefund {} done 39.00\ntell refund_done", reason.word());
        check(reason, (RefundState::InFlight, state), true, &expected);
    }
}

#[test]
fn a_refused_refund_is_a_case_and_its_money_waits_in_suspense() {
    check(
        RefundReason::NetworkRefused,
        (RefundState::InFlight, OrderState::Refunding),
        false,
        "REFUND_FAILED 39.00
        refund network_refused failed 39.00
        case refund_failed",
    );
}

#[test]
fn a_second_answer_changes_nothing() {
    for (before, done) in [(RefundState::Done, true), (RefundState::Failed, true), (RefundState::Failed, false)] {
        check(RefundReason::Late, (before, OrderState::Closed), done, "");
    }
}

#[test]
fn a_refund_that_comes_back_waits_in_suspense_and_its_owner_is_told() {
    check(
        RefundReason::ByRule,
        (RefundState::Done, OrderState::Refunded),
        false,
        "REFUND_BOUNCED 39.00
        order 10 refunding
        refund by_rule failed 39.00
        case refund_failed
        tell refund_bounced",
    );
    check(
        RefundReason::Surplus,
        (RefundState::Done, OrderState::InEffect),
        false,
        "REFUND_BOUNCED 39.00
        refund surplus failed 39.00
        case refund_failed
        tell refund_bounced",
    );
}

#[test]
fn an_order_is_refunded_when_all_of_its_price_is() {
    let held = balances(&[(Template::PaidToSuspense, 39_000_000), (Template::RefundStartedFromSuspense, 39_000_000)]);
    let order = order(10, &month(), OrderState::Refunding);
    let first = refund(RefundReason::ByStaff, RefundState::InFlight);
    for (reason, state, refunded) in [
        (RefundReason::ByStaff, RefundState::InFlight, false),
        (RefundReason::ByStaff, RefundState::Failed, false),
        (RefundReason::ByStaff, RefundState::Done, true),
        (RefundReason::Surplus, RefundState::InFlight, true),
    ] {
        let other = Refund { id: RefundId(raw(61)), ..refund(reason, state) };
        let all = [first.clone(), other];
        let effects =
            on_refund_answer(held, &order, (&first, Method::AlipayQr), (&all, 0), true, now("03-10 12:00")).unwrap();
        assert_eq!(effects.orders.len(), usize::from(refunded), "{reason:?} {state:?}");
    }
}

#[test]
fn the_ledger_refuses_what_is_not_there() {
    let order = order(10, &month(), OrderState::Refunding);
    let refund = refund(RefundReason::NetworkRefused, RefundState::InFlight);
    let by = (&refund, Method::AlipayQr);
    let refused = on_refund_answer(balances(&[]), &order, by, (&[], 0), true, now("03-10 12:00"));
    assert_eq!(refused, Err(LedgerRefusal::BelowZero { account: LedgerAccount::RefundInFlight }));
}

#[test]
fn what_a_bank_took_already_makes_good_its_loss_and_waits_for_nobody() {
    let held = balances(&[(Template::PaidToSuspense, 39_000_000), (Template::RefundStartedFromSuspense, 39_000_000)]);
    let order = order(10, &month(), OrderState::Refunding);
    let refund = refund(RefundReason::ByStaff, RefundState::InFlight);
    let all = std::slice::from_ref(&refund);
    let answered = |lost| {
        let by = (&refund, Method::Card);
        told(&on_refund_answer(held, &order, by, (all, lost), false, now("03-10 12:00")).unwrap())
    };
    same(
        &answered(39_000_000),
        "REFUND_FAILED 39.00
        REFUND_MADE_GOOD 39.00
        order 10 refunded
        refund by_staff made_good 39.00",
    );
    // A loss that is smaller is for people to look at.
    same(&answered(38_999_999), "REFUND_FAILED 39.00\nrefund by_staff failed 39.00\ncase refund_failed");
}

#[test]
fn what_was_refused_goes_another_way_once() {
    let held = balances(&[(Template::PaidToSuspense, 39_000_000)]);
    let failed = refund(RefundReason::ByStaff, RefundState::Failed);
    let order = order(10, &month(), OrderState::Refunding);
    let tried = |order: &_, refund: &Refund, disputed, way| {
        on_other_way(held, order, refund, (std::slice::from_ref(refund), disputed), way, now("03-10 12:00")).unwrap()
    };
    for (way, posting, state) in
        [(OtherWay::Credit, "REFUND_CREDITED", "credited"), (OtherWay::Bank, "REFUND_PAID_OUT", "paid_out")]
    {
        let expected =
            format!("{posting} 39.00\norder 10 refunded\nrefund by_staff {state} 39.00\ntell refund_other_way");
        same(&told(&tried(&order, &failed, false, way).unwrap()), &expected);
        for state in RefundState::ALL.into_iter().filter(|state| *state != RefundState::Failed) {
            let other = refund(RefundReason::ByStaff, state);
            assert_eq!(tried(&order, &other, false, way).unwrap_err(), NoOtherWay::NotWaiting, "{state:?}");
        }
        assert_eq!(tried(&order, &failed, true, way).unwrap_err(), NoOtherWay::Disputed);
    }
    // The account is not the guest's.
    let by_guest = everline_core::order::Order { placed_by: PlacedBy::Guest, ..order };
    assert_eq!(tried(&by_guest, &failed, false, OtherWay::Credit).unwrap_err(), NoOtherWay::NotTheirAccount);
    assert!(tried(&by_guest, &failed, false, OtherWay::Bank).is_ok());
}
