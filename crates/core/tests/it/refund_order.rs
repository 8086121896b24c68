//! `refund_rule` and `refund_order`: what goes back of what was delivered, from where, and what becomes of the line.

use crate::fixture::{
    allowance, at, brand, cny, facts, first_use, line, month, now, order, pack, plan, raw, same, session, told, topup,
    waiting_for_use, zone,
};
use everline_core::charging::{Period, Service, Window};
use everline_core::ids::{AttemptId, OrderId};
use everline_core::ledger::{Balances, Cause, LedgerAccount, Posting, Template};
use everline_core::lifecycle::Past;
use everline_core::line::{LineState, NetworkKind, SuspendCause};
use everline_core::offering::{Offering, OfferingKind, RefundRule};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::{Attempt, AttemptState, Method, Settlement};
use everline_core::refund::{Refund, RefundReason, RefundState, refund_id};
use everline_core::refund_order::{Ask, RefundFacts, refund};
use everline_core::refund_rule::NoRefund;
use everline_core::time::Validity;

const NOW: &str = "03-10 12:00";

fn rule(days: u16) -> RefundRule {
    RefundRule::UnusedWithin { days }
}

/// Balances after postings of amounts of their own.
fn held(postings: &[(Template, i64)]) -> Balances {
    postings.iter().fold(Balances::default(), |balances, (template, amount)| {
        let order = OrderId(raw(10));
        balances.after(&Posting::new(*template, Cause::Order(order), order, *amount, at(NOW))).unwrap()
    })
}

/// An order that was paid at 11:30 and delivered, its plan running since then on an active line with nothing else.
fn bought(offering: Offering, state: OrderState) -> RefundFacts {
    let offering = Offering { refund: rule(7), ..offering };
    let period =
        Period { offering: offering.reference.clone(), kind: offering.kind, ..plan(10, "03-10 11:30", "04-10 11:30") };
    let mut paid = facts(offering);
    let stations = Some(at("03-10 11:30"));
    paid.order = Order { state, funds: 39_000_000, paid_at: stations, delivered_at: stations, ..paid.order };
    let topped = paid.offering.kind == OfferingKind::TopUp;
    if !topped {
        (paid.order.starts_at, paid.order.ends_at) = (period.starts_at(), period.ends_at());
        paid.allowance = allowance(vec![period], vec![]);
        paid.line.service_until = Some(at("04-10 11:30"));
    }
    paid.attempt = Attempt {
        state: AttemptState::Paid,
        received: 39_000_000,
        settlement: Some(Settlement::Order),
        ..paid.attempt
    };
    let delivered = if topped { Template::ToppedUp } else { Template::Delivered };
    paid.balances = held(&[(Template::Paid, 39_000_000), (delivered, 39_000_000)]);
    RefundFacts { paid, refunds: Vec::new(), waiting: Vec::new(), past: Past::default(), disputed: false }
}

fn told_of(facts: &RefundFacts, ask: Ask) -> String {
    match refund(facts, ask, &brand(), &zone(), now(NOW)).unwrap() {
        Ok(effects) => {
            if let Some(balances) = effects.balances {
                assert_eq!(balances.sum(), 0);
            }
            told(&effects)
        }
        Err(why) => format!("no refund: {}", why.word()),
    }
}
fn check(facts: &RefundFacts, ask: Ask, expected: &str) {
    same(&told_of(facts, ask), expected);
}
fn refused(facts: &RefundFacts, ask: Ask, why: NoRefund) {
    assert_eq!(told_of(facts, ask), format!("no refund: {}", why.word()));
}
const fn staff(amount: i64, keeps: bool) -> Ask {
    Ask::ByStaff { amount: Some(amount), keeps }
}

#[test]
fn an_unused_plan_goes_back_whole_and_ends() {
    check(
        &bought(month(), OrderState::InEffect),
        Ask::ByRule,
        "REFUND_STARTED_DEFERRED 39.00
        order 10 refunding 03-10 11:30 to 03-10 12:00
        line silent until nothing
        refund by_rule in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn every_reason_against_it_has_a_name() {
    let base = || bought(month(), OrderState::InEffect);
    let with = |change: fn(&mut RefundFacts)| {
        let mut facts = base();
        change(&mut facts);
        facts
    };
    for state in [OrderState::AwaitingPayment, OrderState::Closed] {
        refused(&bought(month(), state), Ask::ByRule, NoRefund::NotPaid);
    }
    refused(&bought(month(), OrderState::Paid), Ask::ByRule, NoRefund::Underway);
    for ask in [Ask::ByRule, Ask::WrongNumber, Ask::ByStaff { amount: None, keeps: false }] {
        refused(&with(|f| f.disputed = true), ask, NoRefund::Disputed);
    }
    for state in [OrderState::Refunding, OrderState::Refunded] {
        refused(&bought(month(), state), Ask::ByRule, NoRefund::BackAlready);
    }
    refused(&with(|f| f.paid.order.placed_by = PlacedBy::MovedIn), Ask::ByRule, NoRefund::NotPaid);
    let never = with(|f| f.paid.offering.refund = RefundRule::NotAfterDelivery);
    refused(&never, Ask::ByRule, NoRefund::NotAfterDelivery);
    assert!(!told_of(&never, Ask::WrongNumber).starts_with("no refund"), "a wrong number is another matter");
    refused(&with(|f| f.paid.order.paid_at = Some(at("03-03 12:00"))), Ask::ByRule, NoRefund::TooLate);
    assert!(!told_of(&with(|f| f.paid.order.paid_at = Some(at("03-03 12:01"))), Ask::ByRule).starts_with("no refund"));
    refused(&with(|f| f.paid.order.paid_at = Some(at("03-09 12:00"))), Ask::WrongNumber, NoRefund::TooLate);
    let used = with(|f| f.paid.allowance.periods[0].buckets[0].used = 1);
    refused(&used, Ask::ByRule, NoRefund::Used);
    refused(&used, Ask::WrongNumber, NoRefund::Used);
    refused(&with(|f| f.paid.allowance.periods.clear()), Ask::ByRule, NoRefund::Ended);
    let elsewhere = with(|f| f.paid.line.network = NetworkKind::Upstream);
    refused(&elsewhere, Ask::ByRule, NoRefund::OtherNetwork);
    refused(&elsewhere, staff(1, false), NoRefund::OtherNetwork);
    assert!(!told_of(&elsewhere, staff(1, true)).starts_with("no refund"));
    for amount in [0, -1, 39_000_001] {
        refused(&base(), staff(amount, false), NoRefund::TooMuch);
    }
}

#[test]
fn the_next_plan_begins_and_those_behind_it_move_up() {
    let mut facts = bought(month(), OrderState::InEffect);
    facts.paid.allowance.periods.push(plan(11, "04-10 11:30", "05-10 11:30"));
    facts.paid.allowance.periods.push(plan(12, "05-10 11:30", "06-10 11:30"));
    facts.paid.allowance.sessions.push(session(1, Service::Full));
    facts.waiting = vec![order(11, &month(), OrderState::Queued), order(12, &month(), OrderState::Queued)];
    facts.past.lasts.insert(month().reference, Validity::Months(1));
    check(
        &facts,
        Ask::ByRule,
        "REFUND_STARTED_DEFERRED 39.00
        order 11 in_effect 03-10 12:00 to 04-10 12:00
        order 12 queued 04-10 12:00 to 05-10 12:00
        order 10 refunding 03-10 11:30 to 03-10 12:00
        line active until 05-10 12:00
        session 1 Full
        refund by_rule in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn a_queued_plan_simply_leaves() {
    let mut facts = bought(month(), OrderState::Queued);
    facts.paid.allowance.periods[0].window = Window::Fixed { starts_at: at("04-01 00:00"), ends_at: at("05-01 00:00") };
    facts.paid.order.starts_at = Some(at("04-01 00:00"));
    facts.paid.allowance.periods.insert(0, plan(9, "03-01 00:00", "04-01 00:00"));
    check(
        &facts,
        Ask::ByRule,
        "REFUND_STARTED_DEFERRED 39.00
        order 10 refunding
        line active until 04-01 00:00
        refund by_rule in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn a_plan_that_waits_for_its_first_use_goes_back() {
    let mut facts = bought(first_use(), OrderState::StartsOnFirstUse);
    facts.paid.allowance = allowance(vec![waiting_for_use(10, "09-01 00:00")], vec![]);
    (facts.paid.order.starts_at, facts.paid.order.ends_at) = (None, None);
    facts.paid.line.service_until = None;
    check(
        &facts,
        Ask::ByRule,
        "REFUND_STARTED_DEFERRED 39.00
        order 10 refunding
        line silent until nothing
        refund by_rule in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn without_a_plan_the_line_is_where_the_one_before_left_it() {
    let mut facts = bought(month(), OrderState::InEffect);
    facts.paid.allowance.sessions.push(session(1, Service::Full));
    facts.past.ended = Some(at("03-09 12:00"));
    // Three days of grace, counted from the end of the plan before: buying and giving back prolongs nothing.
    let grace = told_of(&facts, Ask::ByRule);
    assert!(grace.contains("line grace until 03-09 12:00") && grace.contains("session 1 Full"), "{grace}");
    facts.past.ended = Some(at("03-01 12:00"));
    let over = told_of(&facts, Ask::ByRule);
    for said in ["line suspended until 03-01 12:00", "session 1 Redirected", "network Redirect 1", "tell suspended"] {
        assert!(over.contains(said), "{said} in\n{over}");
    }
    // A line that waits for its first plan has nothing to use.
    facts.past.ended = None;
    let silent = told_of(&facts, Ask::ByRule);
    assert!(silent.contains("line silent") && silent.contains("session 1 Redirected"), "{silent}");
    // What is lost or barred stays so.
    facts.paid.line = line(LineState::Suspended(SuspendCause::Lost));
    assert!(told_of(&facts, Ask::ByRule).contains("line suspended_lost"));
}

#[test]
fn what_the_network_was_to_acknowledge_needs_no_acknowledgement_any_more() {
    let mut facts = bought(month(), OrderState::Delivered);
    facts.paid.allowance.sessions.push(session(1, Service::Restoring));
    facts.past.ended = Some(at("03-01 12:00"));
    let said = told_of(&facts, Ask::ByRule);
    assert!(said.contains("session 1 Redirected") && said.contains("order 10 refunding"), "{said}");
    assert!(!said.contains("case"), "{said}");
}

/// Half of the plan's time has passed, and half of its price was earned at a month's start.
fn half_earned() -> RefundFacts {
    let mut facts = bought(month(), OrderState::InEffect);
    facts.paid.allowance.periods[0].recognised = 19_500_000;
    facts.paid.allowance.periods[0].recognitions = 1;
    let earned =
        [(Template::Paid, 39_000_000), (Template::Delivered, 39_000_000), (Template::PackRecognised, 19_500_000)];
    facts.paid.balances = held(&earned);
    facts
}

#[test]
fn what_is_not_given_back_of_a_plan_that_ends_is_earned_at_once() {
    let facts = half_earned();
    check(
        &facts,
        staff(5_000_000, false),
        "REFUND_STARTED_DEFERRED 5.00
        PACK_RECOGNISED 14.50
        order 10 refunding 03-10 11:30 to 03-10 12:00
        line silent until nothing
        refund by_staff in_flight 5.00
        job refund
        tell refund_started",
    );
    check(
        &facts,
        Ask::ByStaff { amount: None, keeps: false },
        "REFUND_STARTED_DEFERRED 19.50
        REFUND_STARTED_EARNED 19.50
        order 10 refunding 03-10 11:30 to 03-10 12:00
        line silent until nothing
        refund by_staff in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn a_plan_that_stays_goes_on_for_a_lower_price() {
    let facts = half_earned();
    for (amount, deferred, recognised) in [(5_000_000, 34_000_000, 19_500_000), (25_000_000, 14_000_000, 14_000_000)] {
        let effects = refund(&facts, staff(amount, true), &brand(), &zone(), now(NOW)).unwrap().unwrap();
        let period = &effects.allowance.as_ref().unwrap().periods[0];
        assert_eq!((period.deferred, period.recognised), (deferred, recognised));
        assert!(effects.orders.is_empty(), "the order stays in effect");
        let balances = effects.balances.unwrap();
        assert_eq!(balances.get(LedgerAccount::DeferredRevenue), deferred - recognised);
        assert_eq!(balances.get(LedgerAccount::RefundInFlight), amount);
    }
}

#[test]
fn what_has_ended_goes_back_from_what_was_earned() {
    let mut facts = bought(month(), OrderState::InEffect);
    facts.paid.allowance.periods.clear();
    let earned =
        [(Template::Paid, 39_000_000), (Template::Delivered, 39_000_000), (Template::PackRecognised, 39_000_000)];
    facts.paid.balances = held(&earned);
    facts.paid.order.ends_at = Some(at("03-10 11:45"));
    check(
        &facts,
        staff(39_000_000, false),
        "REFUND_STARTED_EARNED 39.00
        order 10 refunding 03-10 11:30 to 03-10 11:45
        refund by_staff in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn a_pack_goes_and_the_plan_stays() {
    let mut facts = bought(pack(), OrderState::InEffect);
    facts.paid.allowance.periods.push(plan(9, "03-01 00:00", "04-01 00:00"));
    facts.paid.line.service_until = Some(at("04-01 00:00"));
    check(
        &facts,
        Ask::ByRule,
        "REFUND_STARTED_DEFERRED 39.00
        order 10 refunding 03-10 11:30 to 03-10 12:00
        line active until 04-01 00:00
        refund by_rule in_flight 39.00
        job refund
        tell refund_started",
    );
}

#[test]
fn of_a_top_up_what_is_unspent_goes_back() {
    let facts = bought(topup(), OrderState::InEffect);
    check(
        &facts,
        Ask::ByRule,
        "REFUND_STARTED_CREDIT 39.00
        order 10 refunding
        refund by_rule in_flight 39.00
        job refund
        tell refund_started",
    );
    let mut spent = bought(topup(), OrderState::InEffect);
    spent.paid.balances =
        held(&[(Template::Paid, 39_000_000), (Template::ToppedUp, 39_000_000), (Template::CreditSpent, 28_000_000)]);
    check(
        &spent,
        Ask::ByRule,
        "REFUND_STARTED_CREDIT 11.00
        refund by_rule in_flight 11.00
        job refund
        tell refund_started",
    );
    refused(&spent, Ask::WrongNumber, NoRefund::Used);
    refused(&spent, staff(12_000_000, false), NoRefund::TooMuch);
    spent.paid.balances = held(&[(Template::Paid, 39_000_000)]);
    refused(&spent, Ask::ByRule, NoRefund::Used);
}

/// Paid with 5.00 promotional and 10.00 paid credit, and 24.00 by a provider.
fn mixed() -> RefundFacts {
    let mut facts = bought(month(), OrderState::InEffect);
    let attempt = |n: u8, method, received| Attempt {
        id: AttemptId(raw(n)),
        method,
        received,
        amount: cny(&(received / 1_000_000).to_string()),
        ..facts.paid.attempt.clone()
    };
    facts.paid.others = vec![attempt(52, Method::PaidCredit, 10_000_000), attempt(53, Method::AlipayQr, 24_000_000)];
    facts.paid.attempt = attempt(51, Method::PromoCredit, 5_000_000);
    facts
}

#[test]
fn providers_get_back_what_they_brought_first_and_promotional_credit_never_pays_out() {
    check(
        &mixed(),
        staff(30_000_000, true),
        "REFUND_STARTED_DEFERRED 24.00
        DEFERRED_TO_CREDIT 6.00
        line active until 04-10 11:30
        refund by_staff in_flight 24.00
        refund by_staff done 6.00
        job refund
        tell refund_started
        tell refund_done",
    );
    check(
        &mixed(),
        Ask::WrongNumber,
        "REFUND_STARTED_DEFERRED 24.00
        DEFERRED_TO_CREDIT 10.00
        DEFERRED_TO_PROMO 5.00
        order 10 refunding 03-10 11:30 to 03-10 12:00
        line silent until nothing
        refund wrong_number in_flight 24.00
        refund wrong_number done 10.00
        refund wrong_number done 5.00
        job refund
        tell refund_started
        tell refund_done
        tell refund_done",
    );
}

#[test]
fn an_order_that_only_credit_paid_is_refunded_at_once() {
    let mut facts = bought(month(), OrderState::InEffect);
    facts.paid.attempt.method = Method::PaidCredit;
    check(
        &facts,
        Ask::ByRule,
        "DEFERRED_TO_CREDIT 39.00
        order 10 refunded 03-10 11:30 to 03-10 12:00
        line silent until nothing
        refund by_rule done 39.00
        tell refund_done",
    );
}

/// A refund that was started before.
fn earlier(facts: &RefundFacts, n: u8, amount: i64, state: RefundState) -> Refund {
    let order = &facts.paid.order;
    let id = refund_id(facts.paid.attempt.id, n);
    Refund {
        id,
        customer: order.customer,
        attempt: facts.paid.attempt.id,
        order: order.id,
        out_request_no: id.to_string(),
        amount: everline_core::money::Money::from_micros(amount, order.price.currency()),
        reason: RefundReason::ByStaff,
        state,
        started_at: at(NOW),
        settled_at: None,
    }
}

#[test]
fn parts_never_make_more_than_came_and_have_numbers_of_their_own() {
    let mut facts = bought(month(), OrderState::InEffect);
    facts.paid.allowance.periods[0].deferred = 29_000_000;
    facts.paid.balances = held(&[
        (Template::Paid, 39_000_000),
        (Template::Delivered, 39_000_000),
        (Template::RefundStartedFromDeferred, 10_000_000),
    ]);
    for state in [RefundState::InFlight, RefundState::Done, RefundState::Failed] {
        facts.refunds = vec![earlier(&facts, 0, 10_000_000, state)];
        refused(&facts, staff(29_000_001, true), NoRefund::TooMuch);
        let effects = refund(&facts, staff(29_000_000, true), &brand(), &zone(), now(NOW)).unwrap().unwrap();
        assert_eq!(effects.refunds[0].id, refund_id(facts.paid.attempt.id, 1));
    }
    facts.refunds = (0..16).map(|n| earlier(&facts, n, 1, RefundState::Done)).collect();
    refused(&facts, staff(1, true), NoRefund::TooMany);
}

#[test]
fn ids_of_refunds_and_what_follows_from_them_never_meet() {
    use everline_core::effects::{Job, MessageKind};
    let facts = bought(month(), OrderState::InEffect);
    let mut seen = std::collections::BTreeSet::new();
    for n in 0..16 {
        let refund = earlier(&facts, n, 1, RefundState::Done);
        let told = [MessageKind::RefundStarted, MessageKind::RefundDone, MessageKind::RefundBounced].map(|kind| {
            let (customer, line) = (refund.customer, facts.paid.line.id);
            Job::SendMessage { customer, line, order: None, kind, cause: refund.told_as(kind), after: None }.id()
        });
        assert!(seen.insert(Job::refund_id(refund.id)));
        assert!(told.into_iter().all(|id| seen.insert(id)), "{n}");
    }
}
