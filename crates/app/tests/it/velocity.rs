//! Limits on how often somebody orders and starts to pay, counted for all nodes together.

use crate::world::{World, on_both};
use everline_app::payment_confirmed::payment_notice;
use everline_app::place_order::{NewOrder, place_order};
use everline_app::retention::enforce;
use everline_app::start_payment::{Payer, start_payment};
use everline_app::{App, Problem};
use everline_core::ids::OrderId;
use everline_core::offering::Family;
use everline_core::order::{Order, PlacedBy};
use everline_core::payment::{Method, Provider};
use everline_core::retention::Retention;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_core::velocity::Velocity;
use std::net::IpAddr;
use std::sync::Arc;

fn limited(world: &mut World, velocity: Velocity) {
    let mut brand = (*world.app.brand).clone();
    brand.velocity = velocity;
    world.app.brand = Arc::new(brand);
}
fn guests(new: NewOrder, from: &str) -> NewOrder {
    let from: Option<IpAddr> = Some(from.parse().unwrap());
    NewOrder { placed_by: PlacedBy::Guest, token: Some(new.id.to_string().repeat(2)), from, ..new }
}
fn too_many(outcome: Result<impl std::fmt::Debug, Problem>) -> Option<i64> {
    match outcome {
        Err(Problem::TooMany { retry_after_s }) => Some(retry_after_s),
        Ok(_) => None,
        Err(other) => panic!("{other:?}"),
    }
}
async fn pays(app: &App, order: &Order, from: &str) -> Result<(), Problem> {
    let payer = Payer { return_base: String::new(), ip: Some(from.parse().unwrap()), name: None };
    start_payment(app, order.customer, order.id, Method::AlipayQr, payer).await.map(drop)
}

#[tokio::test]
async fn a_line_is_ordered_for_so_often_and_again_in_the_next_hour() {
    on_both(async |mut world: World| {
        limited(&mut world, Velocity { line_per_hour: 3, line_per_day: 5, ..Velocity::NONE });
        let (kit, other) = (world.line(Family::Watch).await, world.line(Family::Watch).await);
        let node = world.another_node();
        let first = world.new_order(&kit, "days", OrderId(world.app.clock.id()));
        for _ in 0..5 {
            place_order(&world.app, first.clone()).await.unwrap(); // sent again it is the same order, and counts once
        }
        node.order(&kit, "days").await.unwrap();
        world.order(&kit, "days").await.unwrap();
        // All nodes count together; the clock says how long to wait: it is 12:00.
        for at in [&world, &node] {
            assert_eq!(too_many(at.order(&kit, "days").await), Some(HOUR_US / 1_000_000 + 1));
        }
        assert_eq!(too_many(world.order(&other, "days").await), None, "another line");
        world.pass(HOUR_US + MINUTE_US).await;
        for _ in 0..2 {
            assert_eq!(too_many(world.order(&kit, "days").await), None);
        }
        // Five a day, and a day of UTC ends at 8 in Shanghai.
        assert_eq!(too_many(world.order(&kit, "days").await), Some((19 * HOUR_US - MINUTE_US) / 1_000_000 + 1));
        world.pass(19 * HOUR_US).await;
        assert_eq!(too_many(world.order(&kit, "days").await), None);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn no_stranger_keeps_the_owner_from_paying() {
    on_both(async |mut world: World| {
        limited(&mut world, Velocity { line_per_hour: 3, ..Velocity::NONE });
        let kit = world.line(Family::Watch).await;
        let guest = || guests(world.new_order(&kit, "days", OrderId(world.app.clock.id())), "203.0.113.9");
        for _ in 0..3 {
            place_order(&world.app, guest()).await.unwrap();
        }
        assert!(too_many(place_order(&world.app, guest()).await).is_some());
        for _ in 0..3 {
            assert_eq!(too_many(world.order(&kit, "days").await), None, "its own count");
        }
        assert!(too_many(world.order(&kit, "days").await).is_some());
    })
    .await;
}

#[tokio::test]
async fn guests_are_known_by_their_address_and_owners_by_themselves() {
    on_both(async |mut world: World| {
        limited(&mut world, Velocity { payer_per_hour: 2, ..Velocity::NONE });
        let kit = world.line(Family::Watch).await;
        let new = || world.new_order(&kit, "days", OrderId(world.app.clock.id()));
        let guest = async |from| place_order(&world.app, guests(new(), from)).await;
        for _ in 0..2 {
            assert_eq!(too_many(guest("192.0.2.1").await), None);
            assert_eq!(too_many(guest("2001:db8::1").await), None);
        }
        assert!(too_many(guest("192.0.2.1").await).is_some());
        assert!(too_many(guest("2001:db8::2").await).is_some(), "the same site");
        assert_eq!(too_many(guest("192.0.2.2").await), None);
        for _ in 0..2 {
            assert_eq!(too_many(world.order(&kit, "days").await), None, "the owner is somebody else");
        }
        assert!(too_many(world.order(&kit, "days").await).is_some());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn payments_are_counted_apart_and_loading_the_page_again_counts_nothing() {
    on_both(async |mut world: World| {
        limited(&mut world, Velocity { address_per_hour: 2, ..Velocity::NONE });
        let kit = world.line(Family::Watch).await;
        let (one, two, three) = (
            world.order(&kit, "days").await.unwrap(),
            world.order(&kit, "days").await.unwrap(),
            world.order(&kit, "days").await.unwrap(),
        );
        for _ in 0..4 {
            assert_eq!(too_many(pays(&world.app, &one, "192.0.2.1").await), None);
        }
        assert_eq!(too_many(pays(&world.app, &two, "192.0.2.1").await), None);
        assert!(too_many(pays(&world.app, &three, "192.0.2.1").await).is_some());
        assert_eq!(world.attempts(&three).await, []);
        assert_eq!(too_many(pays(&world.app, &three, "192.0.2.9").await), None);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_usual_limits_let_somebody_try_again_whose_payment_fails() {
    on_both(async |mut world: World| {
        limited(&mut world, Velocity::default());
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        for _ in 0..10 {
            let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
            world.provider.decline(&attempt.out_trade_no);
            world.pass(10_000_000).await;
        }
        assert_eq!(world.attempts(&order).await.len(), 10);
        let before = enforce(&world.app.store, &Retention::default(), world.app.clock.now().system).await.unwrap();
        assert_eq!(before["velocity_count"], 0);
        let later = world.app.clock.now().system.plus_us(3 * DAY_US);
        let after = enforce(&world.app.store, &Retention::default(), later).await.unwrap();
        assert!(after["velocity_count"] > 0, "{after:?}");
    })
    .await;
}

/// The card provider tells that a card was used for an attempt.
async fn used(world: &World, out_trade_no: &str, card: &str, name: &str) {
    let notice = world.cards.notice(out_trade_no, |notice| {
        notice["says"] = "card".into();
        notice["card"] = card.into();
        notice["name"] = name.into();
    });
    payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
}
fn card_too_often(outcome: Result<impl std::fmt::Debug, Problem>) -> Option<i64> {
    match outcome {
        Err(Problem::CardTooOften { retry_after_s }) => Some(retry_after_s),
        Ok(_) => None,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_card_that_is_used_too_often_stops_whoever_uses_it_and_nobody_else() {
    on_both(async |mut world: World| {
        limited(&mut world, Velocity { card_per_hour: 3, ..Velocity::NONE });
        let (one, two, three) =
            (world.line(Family::Watch).await, world.line(Family::Watch).await, world.line(Family::Watch).await);
        let order = async |kit| world.order(kit, "days").await.unwrap();
        let by_card = async |order: &Order| world.start(order, Method::Card).await;
        let (first, second, other) = (order(&one).await, order(&two).await, order(&three).await);
        let (of_first, of_second) = (by_card(&first).await.unwrap(), by_card(&second).await.unwrap());
        // Told again by any node it is one use, and other cards have counts of their own.
        for name in ["a", "a", "b", "a"] {
            used(&world, &of_first.out_trade_no, "f1", name).await;
        }
        used(&world, &of_first.out_trade_no, "f2", "c").await;
        assert_eq!(card_too_often(by_card(&order(&one).await).await), None);
        // The third use of the card, in another account.
        used(&world, &of_second.out_trade_no, "f1", "d").await;
        let again = order(&two).await;
        let wait_s = card_too_often(by_card(&again).await).unwrap();
        assert!((3_590..=3_601).contains(&wait_s), "it is a little after 12:00: {wait_s}");
        assert_eq!(world.attempts(&again).await, []);
        assert_eq!(world.cases(&second).await, ["card_too_often"]);
        assert_eq!(world.cases(&first).await, [""; 0]);
        for open in [world.start(&again, Method::AlipayQr).await, by_card(&other).await] {
            assert_eq!(card_too_often(open), None, "another way, and another payer");
        }
        // What was started is taken, and the next hour is another.
        payment_notice(&world.app, Provider::Stripe, &[], &world.cards.pay(&of_second.out_trade_no)).await.unwrap();
        world.settle().await;
        assert!(world.order_now(&second).await.state.delivered());
        world.pass(HOUR_US + MINUTE_US).await;
        assert_eq!(card_too_often(by_card(&order(&two).await).await), None);
        world.sound().await;
    })
    .await;
}
