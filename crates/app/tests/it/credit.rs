//! The account's credit as a way to pay: whole, a part of it, beside a provider, and back again.

use crate::world::outside::{Fate, TradeState};
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::pay_with_credit::pay_with_credit;
use everline_core::ledger::LedgerAccount::{OrderFunds, PaidCredit};
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};
use everline_core::payment::{AttemptState, Method, Settlement};
use everline_core::refund::{RefundReason, RefundState};
use everline_core::time::MINUTE_US;

fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}

/// A line whose owner has put 50.00 into the account.
async fn rich(world: &World, family: Family) -> (Kit, i64) {
    let kit = world.line(family).await;
    world.buys(&kit, "topup").await;
    let held = world.balance(kit.customer, PaidCredit).await;
    (kit, held)
}
/// A line with a running plan, whose owner has 11.00 left, less than the next plan costs.
async fn less_rich(world: &World) -> (Kit, i64) {
    let (kit, _) = rich(world, Family::Phone).await;
    let order = world.order(&kit, "month").await.unwrap();
    spend(world, &order).await.unwrap();
    world.settle().await;
    let held = world.balance(kit.customer, PaidCredit).await;
    assert_eq!(held, cny("11").micros());
    (kit, held)
}
async fn spend(world: &World, order: &Order) -> Result<Money, Problem> {
    world.app.clock.pass_us(1_000);
    pay_with_credit(&world.app, order.customer, order.id).await.map(|paid| paid.taken)
}
async fn state(world: &World, order: &Order) -> OrderState {
    world.order_now(order).await.state
}

#[tokio::test]
async fn credit_pays_at_once_and_only_once() {
    on_both(async |world: World| {
        let (kit, held) = rich(&world, Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        assert_eq!(spend(&world, &order).await, Ok(cny("9.90")));
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, held - cny("9.90").micros());
        assert_eq!(spend(&world, &order).await, Err(Problem::AlreadyPaid));
        assert_eq!(world.attempts(&order).await[0].method, Method::PaidCredit);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn two_at_once_take_it_once() {
    on_both(async |world: World| {
        let (kit, held) = rich(&world, Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        let node = world.another_node();
        let (one, two) = tokio::join!(spend(&world, &order), spend(&node, &order));
        assert_eq!([one.is_ok(), two.is_ok()].into_iter().filter(|ok| *ok).count(), 1);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, held - cny("9.90").micros());
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn credit_and_a_provider_pay_together() {
    on_both(async |world: World| {
        let (kit, held) = less_rich(&world).await;
        let order = world.order(&kit, "month").await.unwrap();
        assert_eq!(spend(&world, &order).await.unwrap().micros(), held);
        assert_eq!(spend(&world, &order).await, Err(Problem::NoCredit));
        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_eq!(attempt.amount.micros(), order.price.micros() - held);
        world.sound().await;
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::Queued);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, 0);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_asked_before_is_closed_and_its_payment_brings_the_credit_back() {
    on_both(async |world: World| {
        let (kit, held) = less_rich(&world).await;
        let (order, whole) = world.checkout(&kit, "month").await;
        world.provider.scan(&whole.out_trade_no);
        world.provider.next("close", &[Fate::Silent]);
        spend(&world, &order).await.unwrap();
        // Asked again by the same method: another amount is missing now, so that it is another payment.
        let rest = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_ne!(rest.id, whole.id);
        world.pays(&whole).await;
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::Queued);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, held);
        let settled: Vec<_> = world.attempts(&order).await.iter().map(|attempt| attempt.settlement).collect();
        assert_eq!(settled, [Some(Settlement::Order), Some(Settlement::Returned), None]);
        // The rest is paid too: all of it goes back.
        world.pays(&rest).await;
        world.settle().await;
        let refunds: Vec<_> = world.refunds(&order).await.iter().map(|r| (r.reason, r.state)).collect();
        assert!(refunds.contains(&(RefundReason::NotNeeded, RefundState::Done)), "{refunds:?}");
        assert!(refunds.contains(&(RefundReason::Surplus, RefundState::Done)), "{refunds:?}");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_not_paid_in_time_gives_the_credit_back() {
    on_both(async |world: World| {
        let (kit, held) = less_rich(&world).await;
        let order = world.order(&kit, "month").await.unwrap();
        spend(&world, &order).await.unwrap();
        let rest = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_eq!(world.balance(kit.customer, OrderFunds).await, held);
        world.provider.scan(&rest.out_trade_no);
        world.provider.next("close", &[Fate::Silent]);
        world.pass(order.expires_at.since_us(order.placed_at) + MINUTE_US).await;
        assert_eq!(state(&world, &order).await, OrderState::Closed);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, held);
        assert_eq!(spend(&world, &order).await, Err(Problem::OrderClosed));
        world.sound().await;
        let attempts = world.attempts(&order).await;
        let open = attempts.iter().find(|attempt| attempt.id == rest.id).unwrap();
        assert_ne!(open.state, AttemptState::Paid);
        // The rest alone does not pay it: late, it goes back.
        if world.provider.trade(&rest.out_trade_no).state != TradeState::Closed {
            world.pays(&rest).await;
            world.settle().await;
            assert_eq!(state(&world, &order).await, OrderState::Closed);
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn credit_is_not_bought_with_credit_and_nothing_is_taken_from_nobody() {
    on_both(async |world: World| {
        let (kit, _) = rich(&world, Family::Watch).await;
        let topup = world.order(&kit, "topup").await.unwrap();
        assert_eq!(spend(&world, &topup).await, Err(Problem::NoCredit));
        let poor = world.line(Family::Watch).await;
        let order = world.order(&poor, "days").await.unwrap();
        assert_eq!(spend(&world, &order).await, Err(Problem::NoCredit));
        assert_eq!(world.attempts(&order).await, []);
        // Another customer's order is none.
        let other = Order { customer: kit.customer, ..order };
        assert_eq!(spend(&world, &other).await, Err(Problem::NotFound("order")));
        world.sound().await;
    })
    .await;
}
