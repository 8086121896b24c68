//! Disputes: told once, twice, late or out of order, what is unspent is frozen once and settled once.

use crate::refunds::{asks, member};
use crate::world::outside::Fate;
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::evidence_bundle::{as_text, disputes_of, evidence_bundle};
use everline_app::payment_confirmed::payment_notice;
use everline_app::refund_order::{NewRefund, refund_by_staff};
use everline_app::refund_other_way::refund_other_way;
use everline_core::dispute::{Dispute, DisputeState};
use everline_core::effects::CaseReason;
use everline_core::ids::RawId;
use everline_core::ledger::LedgerAccount::{
    self, DeferredRevenue, DisputeReceivable, PaidCredit, PspReceivable, RefundInFlight, Revenue, Suspense, WriteOff,
};
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{Method, Provider};
use everline_core::refund::{OtherWay, RefundState};
use everline_core::refund_order::Ask;
use everline_core::refund_rule::NoRefund;
use everline_core::time::HOUR_US;
use everline_store::args;
use everline_store::tables::{case, job, notice};

fn micros(text: &str) -> i64 {
    Money::parse(text, Currency::CNY).unwrap().micros()
}

/// Buys by card; the order, and our number of its payment.
pub async fn by_card(world: &World, kit: &Kit, code: &str) -> (Order, String) {
    let order = world.order(kit, code).await.unwrap();
    let attempt = world.start(&order, Method::Card).await.unwrap();
    let notice = world.cards.pay(&attempt.out_trade_no);
    payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
    world.settle().await;
    (world.order_now(&order).await, attempt.out_trade_no)
}

/// The provider says where a dispute of a payment is.
pub async fn says(world: &World, out_trade_no: &str, state: &str) {
    let notice = world.cards.notice(out_trade_no, |notice| {
        notice["says"] = "dispute".into();
        notice["reference"] = format!("du_{out_trade_no}").into();
        notice["state"] = state.into();
    });
    payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
}

async fn dispute(world: &World, order: &Order) -> Dispute {
    let [one] = disputes_of(&world.app, order).await.unwrap().try_into().unwrap();
    one
}

/// Staff give back an amount of an order, or all of it.
async fn gives_back(world: &World, order: &Order, amount: Option<Money>, by: RawId) {
    let new = NewRefund {
        id: world.app.clock.id(),
        amount,
        keeps: amount.is_some(),
        reason: "客户满意度".to_owned(),
        seen: None,
    };
    refund_by_staff(&world.app, &order.number, new, by).await.unwrap();
    world.settle().await;
}
/// A plan that was paid by card and given back whole; the provider is asked once, and it ends so.
async fn given_back_with(world: &World, fate: Fate) -> (Kit, Order, String) {
    let kit = world.line(Family::Watch).await;
    let (order, number) = by_card(world, &kit, "days").await;
    world.cards.next("refund", &[fate]);
    gives_back(world, &order, None, member(world, "operator").await).await;
    (kit, order, number)
}
/// What the provider gave back of a payment, in millionths.
fn given_back(world: &World, out_trade_no: &str) -> i64 {
    world.cards.trade(out_trade_no).refunds.values().map(|money| money.micros()).sum()
}

impl World {
    /// How many notices of the card provider are in a state.
    async fn notices(&self, state: &'static str) -> i64 {
        self.look(move |tx| Box::pin(async move { notice::count(tx, "stripe", state).await })).await
    }
}

async fn holds(world: &World, kit: &Kit, expected: &[(LedgerAccount, &str)]) {
    for (account, amount) in expected {
        assert_eq!(world.balance(kit.customer, *account).await, micros(amount), "{account:?}");
    }
}

#[tokio::test]
async fn a_won_dispute_is_as_if_it_had_not_been() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "days").await;
        says(&world, &number, "open").await;
        says(&world, &number, "open").await;
        let open = dispute(&world, &order).await;
        assert_eq!((open.state, open.frozen_deferred), (DisputeState::Open, micros("9.90")));
        holds(
            &world,
            &kit,
            &[(DisputeReceivable, "9.90"), (PspReceivable, "0"), (Suspense, "9.90"), (DeferredRevenue, "0")],
        )
        .await;
        assert_eq!(world.cases(&order).await, ["disputed"]);
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect, "service goes on");
        world.sound().await;
        // Over a month's start: what is frozen earns nothing.
        world.skip_days(25).await;
        holds(&world, &kit, &[(Revenue, "0"), (Suspense, "9.90")]).await;
        world.sound().await;
        says(&world, &number, "won").await;
        says(&world, &number, "open").await;
        assert_eq!(dispute(&world, &order).await.state, DisputeState::Won);
        holds(
            &world,
            &kit,
            &[(DisputeReceivable, "0"), (PspReceivable, "9.90"), (Suspense, "0"), (DeferredRevenue, "9.90")],
        )
        .await;
        world.sound().await;
        world.skip_days(10).await;
        holds(&world, &kit, &[(Revenue, "9.90"), (DeferredRevenue, "0")]).await;
        world.sound().await;
    })
    .await;
}

/// Somebody at the desk solves the case about a dispute of an order.
async fn solved(world: &World) {
    let solve = "UPDATE support_case SET state = 'solved', solved_at = changed_at, version = version + 1 WHERE reason = 'disputed'";
    assert_eq!(world.sql(solve, args![]).await, 1);
}
async fn open_cases(world: &World) -> i64 {
    world.look(|tx| Box::pin(async move { case::count_of_reason(tx, CaseReason::Disputed, 9).await })).await
}

#[tokio::test]
async fn a_dispute_that_goes_on_opens_its_solved_case_again() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (_, number) = by_card(&world, &kit, "days").await;
        says(&world, &number, "inquiry").await;
        solved(&world).await;
        says(&world, &number, "inquiry").await;
        assert_eq!(open_cases(&world).await, 0, "told twice");
        says(&world, &number, "open").await;
        assert_eq!(open_cases(&world).await, 1, "now the bank decides");
        world.sound().await;
        solved(&world).await;
        says(&world, &number, "won").await;
        assert_eq!(open_cases(&world).await, 0, "there is nothing to do");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_dispute_takes_what_was_frozen_and_writes_off_the_rest() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "days").await;
        world.skip_days(22).await;
        let earned = world.balance(kit.customer, Revenue).await;
        assert!(earned > 0, "a month began");
        says(&world, &number, "open").await;
        let asked = asks(&world, &order, Ask::ByRule).await;
        assert!(matches!(asked, Err(Problem::NoRefund(NoRefund::Disputed))), "{asked:?}");
        says(&world, &number, "lost").await;
        says(&world, &number, "lost").await;
        let lost = dispute(&world, &order).await;
        assert_eq!((lost.state, lost.frozen_deferred), (DisputeState::Lost, micros("9.90") - earned));
        holds(&world, &kit, &[(DisputeReceivable, "0"), (PspReceivable, "0"), (Suspense, "0"), (DeferredRevenue, "0")])
            .await;
        assert_eq!(world.balance(kit.customer, WriteOff).await, earned);
        world.sound().await;
        world.skip_days(20).await;
        assert_eq!(world.balance(kit.customer, Revenue).await, earned, "nothing more is earned");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_a_topup_the_credit_that_is_left_is_frozen() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "topup").await;
        let plan = world.order(&kit, "days").await.unwrap();
        everline_app::pay_with_credit::pay_with_credit(&world.app, kit.customer, plan.id).await.unwrap();
        world.settle().await;
        says(&world, &number, "open").await;
        holds(&world, &kit, &[(PaidCredit, "0"), (Suspense, "40.10"), (DisputeReceivable, "50")]).await;
        assert_eq!(dispute(&world, &order).await.frozen_credit, micros("40.10"));
        world.sound().await;
        says(&world, &number, "lost").await;
        holds(&world, &kit, &[(Suspense, "0"), (DisputeReceivable, "0"), (WriteOff, "9.90")]).await;
        world.sound().await;
        // What contradicts the end is for people.
        says(&world, &number, "won").await;
        assert_eq!(dispute(&world, &order).await.state, DisputeState::Lost);
        assert!(world.cases(&order).await.contains(&"conflicting_evidence".to_owned()));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_a_topup_of_which_a_part_went_back_only_the_rest_is_frozen() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "topup").await;
        let by = member(&world, "operator").await;
        let price = order.price.micros();
        let part = Money::from_micros(price - micros("1"), Currency::CNY);
        gives_back(&world, &order, Some(part), by).await;
        let (other, _) = by_card(&world, &kit, "topup").await;
        says(&world, &number, "open").await;
        assert_eq!(dispute(&world, &order).await.frozen_credit, micros("1"), "not what another top-up brought");
        assert_eq!(world.balance(kit.customer, PaidCredit).await, other.price.micros());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn while_a_bank_decides_nothing_goes_back_and_then_neither_if_it_decided_against_us() {
    on_both(async |world: World| {
        let (kit, order, number) = given_back_with(&world, Fate::Silent).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunding);
        says(&world, &number, "open").await;
        for _ in 0..3 {
            world.pass(2 * HOUR_US).await;
        }
        assert_eq!(given_back(&world, &number), 0, "the provider is not asked again");
        world.sound().await;
        says(&world, &number, "lost").await;
        world.pass(2 * HOUR_US).await;
        assert_eq!(given_back(&world, &number), 0);
        let lost = dispute(&world, &order).await;
        assert_eq!((lost.state, lost.from_refunds), (DisputeState::Lost, 0));
        // The bank took it from us already, so what could not go back makes that good.
        let held = [(DisputeReceivable, "0"), (RefundInFlight, "0"), (Suspense, "0"), (WriteOff, "0")];
        holds(&world, &kit, &held).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunded);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_provider_gave_back_before_its_answer_was_lost_is_known_also_in_a_dispute() {
    on_both(async |world: World| {
        for end in ["open", "lost"] {
            let (kit, order, number) = given_back_with(&world, Fate::WorksSilently).await;
            says(&world, &number, "open").await;
            says(&world, &number, end).await;
            world.pass(2 * HOUR_US).await;
            assert_eq!(world.order_now(&order).await.state, OrderState::Refunded, "{end}");
            assert_eq!(world.balance(kit.customer, RefundInFlight).await, 0, "{end}");
            assert_eq!(world.balance(kit.customer, Suspense).await, 0, "{end}");
            world.sound().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_could_not_go_back_makes_good_the_loss_once() {
    on_both(async |world: World| {
        let (kit, order, number) = given_back_with(&world, Fate::Refuses).await;
        assert_eq!(world.balance(kit.customer, Suspense).await, order.price.micros());
        says(&world, &number, "open").await;
        says(&world, &number, "lost").await;
        let lost = dispute(&world, &order).await;
        assert_eq!((lost.state, lost.from_refunds), (DisputeState::Lost, order.price.micros()));
        let nothing =
            [DisputeReceivable, PspReceivable, Suspense, RefundInFlight, WriteOff].map(|account| (account, "0"));
        holds(&world, &kit, &nothing).await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_dispute_about_a_part_leaves_the_rest_to_its_payer() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "topup").await;
        let by = member(&world, "operator").await;
        let part = Money::from_micros(micros("1"), Currency::CNY);
        let notice = world.cards.notice(&number, |notice| {
            notice["says"] = "dispute".into();
            notice["reference"] = "du_part".into();
            notice["state"] = "lost".into();
            notice["micros"] = part.micros().into();
        });
        world.cards.next("refund", &[Fate::Silent]);
        gives_back(&world, &order, Some(part), by).await;
        payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
        world.pass(2 * HOUR_US).await;
        assert_eq!(given_back(&world, &number), part.micros(), "what the bank did not take goes back");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_left_beside_a_lost_dispute_is_the_payers_and_goes_another_way() {
    on_both(async |world: World| {
        let by = member(&world, "operator").await;
        // Of 9.90 a part of 4.90 could not go back, before or after the bank took the other 5.00.
        for before in [true, false] {
            let kit = world.line(Family::Watch).await;
            let (order, number) = by_card(&world, &kit, "days").await;
            world.skip_days(15).await;
            let notice = world.cards.notice(&number, |notice| {
                notice["says"] = "dispute".into();
                notice["reference"] = format!("du_{number}").into();
                notice["state"] = "lost".into();
                notice["micros"] = micros("5").into();
            });
            let part = Money::from_micros(micros("4.90"), Currency::CNY);
            world.cards.next("refund", &[if before { Fate::Refuses } else { Fate::Silent }]);
            gives_back(&world, &order, Some(part), by).await;
            payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
            world.cards.next("refund", &[Fate::Refuses]);
            world.pass(2 * HOUR_US).await;
            let refund = world.refunds(&order).await.remove(0);
            assert_eq!(refund.state, RefundState::Failed, "{before}");
            let bank_id = format!("B{before}");
            for _ in 0..2 {
                let way = (OtherWay::Bank, bank_id.as_str());
                refund_other_way(&world.app, &order.number, (refund.id.0, None), way, by).await.unwrap();
            }
            world.settle().await;
            assert_eq!(world.balance(kit.customer, Suspense).await, 0, "{before}");
            assert_eq!(world.balance(kit.customer, LedgerAccount::Bank).await, -part.micros(), "{before}");
            world.sound().await;
        }
    })
    .await;
}

#[tokio::test]
async fn what_waited_for_a_bank_goes_back_when_it_decided_for_us() {
    on_both(async |world: World| {
        let (_, order, number) = given_back_with(&world, Fate::Silent).await;
        says(&world, &number, "open").await;
        world.pass(2 * HOUR_US).await;
        says(&world, &number, "won").await;
        world.pass(2 * HOUR_US).await;
        assert_eq!(given_back(&world, &number), order.price.micros());
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunded);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_end_told_before_the_beginning_is_the_end() {
    on_both(async |world: World| {
        for (end, account) in [("won", PspReceivable), ("lost", WriteOff)] {
            let kit = world.line(Family::Watch).await;
            let (order, number) = by_card(&world, &kit, "days").await;
            says(&world, &number, end).await;
            says(&world, &number, "inquiry").await;
            says(&world, &number, "open").await;
            let closed = dispute(&world, &order).await;
            assert_eq!(closed.state.word(), end);
            let expected = if end == "won" { micros("9.90") } else { 0 };
            assert_eq!(world.balance(kit.customer, account).await, expected, "{end}");
            world.sound().await;
        }
        // Asked, and it became no dispute.
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "days").await;
        says(&world, &number, "inquiry").await;
        holds(&world, &kit, &[(Suspense, "0"), (PspReceivable, "9.90")]).await;
        says(&world, &number, "ended").await;
        assert_eq!(dispute(&world, &order).await.state, DisputeState::Ended);
        holds(&world, &kit, &[(Suspense, "0"), (PspReceivable, "9.90")]).await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_evidence_says_what_happened_and_names_nobody() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "days").await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 1_000).await;
        says(&world, &number, "open").await;
        let by = world.member("agent").await;
        let bundle = evidence_bundle(&world.app, &order.number, by).await.unwrap();
        for (path, value) in [
            ("/terms/version", "2026-01"),
            ("/payments/0/our_number", number.as_str()),
            ("/disputes/0/state", "open"),
            ("/order/number", order.number.as_str()),
        ] {
            assert_eq!(bundle.pointer(path).and_then(|found| found.as_str()), Some(value), "{path}");
        }
        assert!(bundle.pointer("/activation/in_effect_at").unwrap().is_string());
        assert_eq!(bundle.pointer("/usage/0/charged").unwrap(), 1_000);
        let text = as_text(&bundle);
        assert!(text.contains("messages[1].kind: renewal_in_effect"), "{text}");
        assert!(!text.contains(kit.msisdn.as_str()) && !text.contains("林芳"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn a_dispute_that_is_told_before_its_payment_is_taken_up_when_that_is_known() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        let number = world.start(&order, Method::Card).await.unwrap().out_trade_no;
        let paid = world.cards.pay(&number);
        for _ in 0..2 {
            says(&world, &number, "open").await;
        }
        says(&world, &number, "lost").await;
        world.settle().await;
        assert_eq!(disputes_of(&world.app, &order).await.unwrap(), []);
        assert_eq!(world.notices("unmatched").await, 3);
        payment_notice(&world.app, Provider::Stripe, &[], &paid).await.unwrap();
        world.pass(2 * HOUR_US).await;
        assert_eq!(dispute(&world, &order).await.state, DisputeState::Lost);
        assert_eq!(world.notices("unmatched").await, 0);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_dispute_of_nobodys_payment_is_looked_for_some_days_and_left() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        let number = world.start(&order, Method::Card).await.unwrap().out_trade_no;
        world.cards.pay(&number);
        says(&world, &number, "open").await;
        world.cards.always("query", Fate::Silent);
        let looks = async || {
            world.pass(HOUR_US).await;
            let waits = world.look(|tx| Box::pin(async { job::list(tx, 100).await })).await;
            waits.iter().filter(|listed| listed.job.word() == "take_dispute").count()
        };
        assert_eq!(looks().await, 1);
        world.sql("UPDATE job SET runs = 1000 WHERE payload LIKE '%take_dispute%'", vec![]).await;
        assert_eq!(looks().await, 0);
        assert_eq!(world.notices("unmatched").await, 1);
    })
    .await;
}
