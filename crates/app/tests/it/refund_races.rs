//! Refunds in races, and in the whole life of a line: whatever happens, no more goes back than came, and the books are sound.

use crate::refunds::{asks, member, returnable, wanted};
use crate::world::outside::Fate;
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::refund_order::refund_by_staff;
use everline_core::ids::{RawId, SessionId};
use everline_core::offering::Family;
use everline_core::order::Order;
use everline_core::payment::Method;
use everline_core::refund::RefundState;
use everline_core::refund_order::Ask;
use everline_core::time::HOUR_US;

/// What of an order's money may be where, whatever happened.
async fn within_bounds(world: &World, kit: &Kit, order: &Order) {
    let received: i64 = world.attempts(order).await.iter().map(|attempt| attempt.received).sum();
    let back: i64 = world.refunds(order).await.iter().map(|refund| refund.amount.micros()).sum();
    assert!(back <= received, "{back} of {received} of {} {}", order.offering, kit.customer);
}

/// Refunds by the customer and by staff, on two nodes, run against each other and against the delivery of the same order, by
/// our network and another operator's: 1,000 races, half of them on each store.
#[tokio::test]
async fn refunds_race_delivery_and_each_other() {
    on_both(async |world: World| {
        returnable(&world).await;
        let agent = member(&world, "agent").await;
        let (mut started, mut refused) = (0, 0);
        for round in 0..500u32 {
            let upstream = round % 5 == 4;
            let kit = if upstream { world.upstream_line().await } else { world.line(Family::Watch).await };
            if round % 3 == 0 {
                world.buys(&kit, if upstream { "month" } else { "days" }).await;
            }
            let (order, attempt) = world.checkout(&kit, if upstream { "month" } else { "days" }).await;
            let node = world.another_node();
            if round % 2 == 0 {
                world.pays(&attempt).await;
            }
            if round % 4 == 0 {
                world.settle().await;
            }
            let by_rule = async |at: &World| asks(at, &order, Ask::ByRule).await.map(drop);
            let by_staff = async |at: &World| {
                let new = wanted(at, Some("4.95"), round % 3 == 1);
                refund_by_staff(&at.app, &order.number, new, agent).await.map(drop)
            };
            let deliver = async {
                if round % 2 == 0 {
                    world.pays_again(&attempt).await
                } else {
                    world.pays(&attempt).await
                }
                world.jobs().await;
            };
            let (_, a, b, c, d, _) =
                tokio::join!(deliver, by_rule(&world), by_rule(&node), by_staff(&world), by_staff(&node), async {
                    node.jobs().await
                });
            for outcome in [a, b, c, d] {
                match outcome {
                    Ok(()) => started += 1,
                    Err(Problem::NoRefund(_) | Problem::Busy) => refused += 1,
                    Err(other) => panic!("{other:?}"),
                }
            }
            within_bounds(&world, &kit, &order).await;
            world.settle().await;
            // And once more, after everything.
            let _ = by_rule(&world).await;
            world.settle().await;
            within_bounds(&world, &kit, &order).await;
        }
        assert!(started > 20 && refused > 20, "{started} started, {refused} refused: a race that nobody can lose");
        world.sound().await;
    })
    .await;
}

/// A small generator of numbers, the same at every run.
pub struct Dice(pub u64);
impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
    pub fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let sides = u64::try_from(list.len()).unwrap();
        &list[usize::try_from(self.roll(sides)).unwrap()]
    }
}

/// One line and what its owner, staff, the network and time do to it.
struct Life {
    kit: Kit,
    orders: Vec<Order>,
    session: Option<(SessionId, u64)>,
}

async fn live(world: &World, life: &mut Life, dice: &mut Dice, agent: RawId) -> u32 {
    match dice.roll(12) {
        0..=2 => {
            let code = *dice.of(&["days", "days", "month", "trip", "pack", "topup"]);
            if let Ok(order) = world.order(&life.kit, code).await {
                if dice.roll(3) == 0 && code != "topup" {
                    let _ = pay_with_credit(&world.app, life.kit.customer, order.id).await;
                }
                if let Ok(attempt) = world.start(&order, Method::AlipayQr).await {
                    world.pays(&attempt).await;
                }
                life.orders.push(order);
            }
        }
        3 => life.session = Some((world.attach(&life.kit).await.session, 0)),
        4 => {
            if let Some((session, sequence)) = &mut life.session {
                *sequence += 1;
                let octets = i64::try_from(dice.roll(2_000_000_000)).unwrap();
                let _ = everline_app::device::report(&world.app, *session, *sequence, octets).await;
            }
        }
        5 => world.radio.always("apply", *dice.of(&[Fate::Works, Fate::Silent])),
        6 => world.provider.always("refund", *dice.of(&[Fate::Works, Fate::Works, Fate::Silent, Fate::Refuses])),
        7 => world.skip_days(i64::try_from(dice.roll(12)).unwrap()).await,
        _ if life.orders.is_empty() => {}
        8..=10 => {
            let order = dice.of(&life.orders);
            let done = match dice.roll(4) {
                0 => asks(world, order, Ask::ByRule).await.is_ok(),
                1 => asks(world, order, Ask::WrongNumber).await.is_ok(),
                n => {
                    let amount = *dice.of(&[None, Some("0.01"), Some("3"), Some("12")]);
                    refund_by_staff(&world.app, &order.number, wanted(world, amount, n == 2), agent).await.is_ok()
                }
            };
            return u32::from(done);
        }
        _ => {
            let done = world.refunds(dice.of(&life.orders)).await;
            let done = done.iter().find(|refund| refund.state == RefundState::Done && refund.settled_at.is_some());
            let by_provider = done.filter(|refund| world.provider.has_refund(&refund.out_request_no));
            if let Some(refund) = by_provider {
                world.provider.bounce(&refund.out_request_no);
                world.notice(&world.provider.refund_moved(&refund.out_request_no)).await.unwrap();
            }
        }
    }
    0
}

#[tokio::test]
async fn whatever_happens_the_books_are_sound() {
    on_both(async |world: World| {
        returnable(&world).await;
        let agent = member(&world, "agent").await;
        let mut given_back = 0;
        for seed in 1..=24u64 {
            let family = if seed % 2 == 0 { Family::Phone } else { Family::Watch };
            let mut life = Life { kit: world.line(family).await, orders: Vec::new(), session: None };
            let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            for step in 0..30 {
                given_back += live(&world, &mut life, &mut dice, agent).await;
                world.settle().await;
                for order in &life.orders {
                    within_bounds(&world, &life.kit, order).await;
                }
                if step % 5 == 4 {
                    let report = world.verify().await;
                    assert!(report.clean(), "seed {seed}, step {step}: {report}");
                }
            }
            world.provider.always("refund", Fate::Works);
            world.radio.always("apply", Fate::Works);
            world.pass(HOUR_US).await;
            world.sound().await;
        }
        assert!(given_back > 40, "{given_back}");
    })
    .await;
}
