//! `credit`: what the account holds already, as a way to pay.

use crate::fixture::{at, attempt, balances, brand, cny, evidence, facts, month, now, order, raw, same, told, zone};
use everline_core::credit::{self, available, on_credit, on_unpaid};
use everline_core::effects::Effects;
use everline_core::ids::{AttemptId, OrderId};
use everline_core::ledger::{Balances, Cause, LedgerAccount, LedgerRefusal, Posting, Template};
use everline_core::line::NetworkKind;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Attempt, AttemptState, Evidence, Method, Settlement};
use everline_core::renewal::{Facts, UpstreamAnswer, on_evidence, on_upstream_answer};

const NOW: &str = "03-10 11:45";

/// What was topped up before, and what was given.
fn held(paid: i64, promo: i64) -> Balances {
    let start = [(Template::Paid, paid + promo), (Template::ToppedUp, paid)];
    let start: Vec<_> = start.into_iter().filter(|(_, amount)| *amount > 0).collect();
    let start = balances(&start);
    if promo == 0 { start } else { start.after(&returned(promo)).unwrap() }
}
fn returned(promo: i64) -> Posting {
    let order = OrderId(raw(98));
    let cause = Cause::Order(order);
    Posting::new(Template::PromoReturned, cause, order, promo, at(NOW))
}

/// An attempt by credit that was set aside before.
fn set_aside(facts: &mut Facts, id: u8, method: Method, amount: &str) {
    let made = credit::attempt(AttemptId(raw(id)), &facts.order, method, cny(amount), now(NOW));
    facts.order.funds += made.amount.micros();
    facts.balances = facts.balances.after(&spent(&made)).unwrap();
    let paid = Attempt {
        state: AttemptState::Paid,
        received: made.amount.micros(),
        settlement: Some(Settlement::Order),
        paid_at: Some(now(NOW).system),
        ..made
    };
    facts.others.push(paid);
}
fn spent(made: &Attempt) -> Posting {
    let template = if made.method == Method::PaidCredit { Template::CreditSpent } else { Template::PromoSpent };
    let cause = Cause::Attempt(made.id);
    Posting::new(template, cause, made.order, made.amount.micros(), at(NOW))
}

fn by_credit(mut facts: Facts, balances: Balances, method: Method) -> (Facts, String) {
    facts.balances = balances;
    let amount = available(&facts.balances, &facts.order, method);
    facts.attempt = credit::attempt(AttemptId(raw(60)), &facts.order, method, amount, now(NOW));
    let (outcome, effects) = on_credit(&facts, &zone(), now(NOW)).unwrap();
    assert_eq!(effects.balances.unwrap().sum(), 0);
    (facts, format!("{outcome:?}\n{}", told(&effects)))
}

#[test]
fn credit_that_reaches_the_price_pays_the_order() {
    let (_, text) = by_credit(facts(month()), held(50_000_000, 0), Method::PaidCredit);
    same(
        &text,
        "Fulfilled
        CREDIT_SPENT 39.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        order 10 in_effect 03-10 11:45 to 04-10 11:45
        line active until 04-10 11:45
        receipt
        tell renewal_in_effect",
    );
}

#[test]
fn less_is_set_aside_and_the_rest_pays() {
    let (mut facts, text) = by_credit(facts(month()), held(0, 9_000_000), Method::PromoCredit);
    same(
        &text,
        "PartlyPaid
        PROMO_SPENT 9.00
        attempt paid 9.00 to order
        order 10 awaiting_payment",
    );
    facts.balances = held(0, 9_000_000);
    set_aside(&mut facts, 60, Method::PromoCredit, "9");
    facts.attempt = Attempt { amount: cny("30"), ..attempt(&facts.order) };
    let rest = Evidence { amount: cny("30"), ..evidence() };
    let (_, effects) = on_evidence(&facts, &rest, &brand(), &zone(), now(NOW)).unwrap();
    assert_eq!(effects.balances.unwrap().get(LedgerAccount::DeferredRevenue), 39_000_000);
    assert_eq!((effects.orders[0].state, effects.refunds.len()), (OrderState::InEffect, 0));
}

#[test]
fn a_provider_that_was_asked_for_the_whole_brings_the_credit_back() {
    let mut facts = facts(month());
    facts.balances = held(20_000_000, 5_000_000);
    set_aside(&mut facts, 60, Method::PromoCredit, "5");
    set_aside(&mut facts, 61, Method::PaidCredit, "20");
    let before = facts.balances;
    let (_, effects) = on_evidence(&facts, &evidence(), &brand(), &zone(), now(NOW)).unwrap();
    same(
        &told(&effects),
        "PAID 39.00
        CREDIT_RETURNED 20.00
        PROMO_RETURNED 5.00
        DELIVERED 39.00
        attempt paid 39.00 to order
        attempt paid 20.00 to returned
        attempt paid 5.00 to returned
        order 10 in_effect 03-10 11:45 to 04-10 11:45
        line active until 04-10 11:45
        receipt
        refund not_needed done 20.00
        refund not_needed done 5.00
        tell renewal_in_effect",
    );
    let after = effects.balances.unwrap();
    assert_eq!((before.get(LedgerAccount::PaidCredit), after.get(LedgerAccount::PaidCredit)), (0, 20_000_000));
    assert_eq!((after.get(LedgerAccount::PromoCredit), after.get(LedgerAccount::OrderFunds)), (5_000_000, 0));
    assert_eq!(effects.orders[0].funds, 39_000_000);
}

#[test]
fn only_the_credit_that_came_after_the_question_is_too_much() {
    let mut facts = facts(month());
    facts.balances = held(39_000_000, 9_000_000);
    set_aside(&mut facts, 60, Method::PromoCredit, "9");
    // The provider is asked for 30 now; then more credit is put in.
    facts.attempt = Attempt { amount: cny("30"), ..attempt(&facts.order) };
    set_aside(&mut facts, 61, Method::PaidCredit, "10");
    let rest = Evidence { amount: cny("30"), ..evidence() };
    let (_, effects) = on_evidence(&facts, &rest, &brand(), &zone(), now(NOW)).unwrap();
    let back: Vec<_> = effects.refunds.iter().map(|refund| (refund.attempt, refund.amount)).collect();
    assert_eq!(back, [(AttemptId(raw(61)), cny("10"))]);
    assert_eq!(effects.orders[0].funds, 39_000_000);
}

#[test]
fn an_order_that_closes_gives_the_credit_back() {
    let mut facts = facts(month());
    facts.balances = held(9_000_000, 0);
    set_aside(&mut facts, 60, Method::PaidCredit, "9");
    let close = |at_text| on_unpaid(&facts.order, &facts.others, facts.balances, now(at_text)).unwrap();
    assert_eq!(close("03-10 11:59"), None);
    let effects: Effects = close("03-10 12:00").unwrap();
    same(
        &told(&effects),
        "CREDIT_RETURNED 9.00
        attempt paid 9.00 to returned
        order 10 closed
        refund not_needed done 9.00",
    );
    assert_eq!((effects.orders[0].funds, effects.balances.unwrap().get(LedgerAccount::PaidCredit)), (0, 9_000_000));
    // What the provider was asked for was the rest: late, it cannot pay the order any more.
    facts.order = effects.orders[0].clone();
    facts.others.clear();
    facts.attempt = Attempt { amount: cny("30"), ..attempt(&facts.order) };
    let rest = Evidence { amount: cny("30"), ..evidence() };
    let (_, late) = on_evidence(&facts, &rest, &brand(), &zone(), now("03-10 12:01")).unwrap();
    assert_eq!((late.orders.len(), late.refunds[0].amount), (0, cny("30")));
}

#[test]
fn a_network_that_refuses_gives_both_parts_back() {
    let mut facts = facts(month());
    facts.line.network = NetworkKind::Upstream;
    facts.balances = held(9_000_000, 0).after(&paid(30_000_000)).unwrap();
    set_aside(&mut facts, 60, Method::PaidCredit, "9");
    facts.attempt = Attempt {
        state: AttemptState::Paid,
        amount: cny("30"),
        received: 30_000_000,
        settlement: Some(Settlement::Order),
        ..attempt(&facts.order)
    };
    facts.order = order_paid(&facts);
    let effects = on_upstream_answer(&facts, UpstreamAnswer::Refused, &zone(), now(NOW)).unwrap();
    same(
        &told(&effects),
        "REFUND_STARTED_ORDER 30.00
        CREDIT_RETURNED 9.00
        order 10 refunding
        refund network_refused in_flight 30.00
        refund network_refused done 9.00
        job refund
        tell refund_started",
    );
    // All of it was credit: it is back at once.
    let mut facts = facts_all_credit();
    facts.order = order_paid(&facts);
    let effects = on_upstream_answer(&facts, UpstreamAnswer::Refused, &zone(), now(NOW)).unwrap();
    assert_eq!((effects.orders[0].state, effects.orders[0].closed_at), (OrderState::Refunded, Some(at(NOW))));
    assert_eq!(effects.balances.unwrap().get(LedgerAccount::PaidCredit), 39_000_000);
}

fn facts_all_credit() -> Facts {
    let mut facts = facts(month());
    facts.line.network = NetworkKind::Upstream;
    facts.balances = held(39_000_000, 0);
    set_aside(&mut facts, 60, Method::PaidCredit, "39");
    facts.attempt = facts.others.pop().unwrap();
    facts
}
fn order_paid(facts: &Facts) -> Order {
    let paid_at = Some(at(NOW));
    let order = order(10, &month(), OrderState::Paid);
    Order { paid_at, funds: 39_000_000, line: facts.line.id, ..order }
}
fn paid(amount: i64) -> Posting {
    let order = OrderId(raw(97));
    let cause = Cause::Attempt(AttemptId(raw(96)));
    Posting::new(Template::Paid, cause, order, amount, at(NOW))
}

#[test]
fn what_is_not_there_is_not_spent() {
    let order = order(10, &month(), OrderState::AwaitingPayment);
    for (paid, promo, by_paid, by_promo) in [(0, 0, "0", "0"), (50, 3, "39", "3"), (7, 90, "7", "39")] {
        let held = held(paid * 1_000_000, promo * 1_000_000);
        assert_eq!(available(&held, &order, Method::PaidCredit), cny(by_paid));
        assert_eq!(available(&held, &order, Method::PromoCredit), cny(by_promo));
        assert_eq!(available(&held, &order, Method::AlipayQr), cny("0"));
    }
    let mut facts = facts(month());
    let tries = [
        (Method::PaidCredit, "39", LedgerRefusal::BelowZero { account: LedgerAccount::PaidCredit }),
        (Method::PaidCredit, "0", LedgerRefusal::NotPositive),
        (Method::AlipayQr, "39", LedgerRefusal::NotPositive),
    ];
    for (method, amount, refusal) in tries {
        facts.attempt = credit::attempt(AttemptId(raw(60)), &facts.order, method, cny(amount), now(NOW));
        assert_eq!(on_credit(&facts, &zone(), now(NOW)).unwrap_err(), refusal);
    }
}
