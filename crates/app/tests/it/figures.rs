//! Figures: counted beside the work, equal to what a naive count finds, whoever counts and however often.

use crate::world::outside::Fate as Call;
use crate::world::{World, on_both};
use everline_app::figures::{self, View};
use everline_app::{Problem, refund_order};
use everline_core::calendar::Day;
use everline_core::figures::{COUNTED_AGAIN_DAYS, TODAY_REST_US};
use everline_core::offering::Family;
use everline_core::order::{Order, OrderState};
use everline_core::payment::Method;
use everline_core::reminder::Reminders;
use everline_core::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US};
use everline_store::args;
use std::collections::BTreeMap;
use std::sync::Arc;

async fn view(world: &World, days: i64) -> View {
    let by = world.member("finance").await;
    figures::figures(&world.app, by, days).await.unwrap()
}

async fn count_all(world: &World) -> usize {
    figures::count_due(&world.app).await.unwrap()
}

/// Placed, paid and in effect by the day of an order's number, counted one order after the other.
async fn naive(world: &World, orders: &[Order]) -> BTreeMap<String, (i64, i64, i64)> {
    let mut days: BTreeMap<String, (i64, i64, i64)> = BTreeMap::new();
    for order in orders {
        let order = world.order_now(order).await;
        let day = days.entry(order.number[..8].to_owned()).or_default();
        day.0 += 1;
        day.1 += i64::from(order.paid_at.is_some());
        day.2 += i64::from(order.delivered_at.is_some() && order.state != OrderState::Delivered);
    }
    days
}

fn counted(view: &View) -> BTreeMap<String, (i64, i64, i64)> {
    let name = |day: Day| day.date().strftime("%Y%m%d").to_string();
    let days = view.days.iter().filter_map(|day| day.orders.as_ref().map(|orders| (name(day.day), orders)));
    let days = days.filter(|(_, orders)| orders.placed > 0);
    days.map(|(day, orders)| (day, (orders.placed, orders.paid, orders.in_effect))).collect()
}

/// A small generator of its own: what is drawn follows from the seed.
struct Random(u64);
impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[tokio::test]
async fn figures_are_what_a_naive_count_finds() {
    on_both(async |world: World| {
        let mut random = Random(7);
        let mut orders = Vec::new();
        for _ in 0..5 {
            for _ in 0..random.below(6) {
                let kit = world.line(Family::Watch).await;
                match random.below(4) {
                    0 => orders.push(world.order(&kit, "days").await.unwrap()),
                    1 => orders.push(world.checkout(&kit, "days").await.0),
                    _ => orders.push(world.buys(&kit, "days").await),
                }
                world.pass(i64::try_from(random.below(120)).unwrap() * MINUTE_US).await;
            }
            world.pass(12 * HOUR_US).await;
        }
        world.pass(HOUR_US).await;
        assert!(orders.len() > 5, "{}", orders.len());
        assert!(count_all(&world).await > 0);
        let seen = view(&world, 30).await;
        assert_eq!(counted(&seen), naive(&world, &orders).await);
        assert_eq!(seen.orders.placed, i64::try_from(orders.len()).unwrap());
        assert_eq!(seen.orders.placed, seen.orders.in_effect + seen.orders.causes.values().sum::<i64>());
        assert_eq!(seen.orders.times.count, seen.orders.in_effect);
        let begun = seen.orders.methods.get(Method::AlipayQr.word()).unwrap();
        assert_eq!(begun.paid, seen.orders.in_effect);
        assert!(begun.begun > begun.paid, "some did not finish");
        assert!(seen.days.iter().all(|day| day.orders.is_some() && day.reminders.is_some()), "no day is left out");
        // All lines, by a naive count too.
        let all: i64 = seen.lines.as_ref().unwrap().0.states.values().sum();
        assert_eq!(all, i64::try_from(orders.len()).unwrap());
        // Nothing is old: nothing is counted again. By another node neither.
        assert_eq!(count_all(&world).await, 0);
        assert_eq!(count_all(&world.another_node()).await, 0);
        // Counted again it is the same.
        for day in &seen.days {
            assert!(figures::recount(&world.app, day.day).await.unwrap());
        }
        let again = view(&world, 30).await;
        assert_eq!(again.days, seen.days);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_happens_late_changes_the_day_on_which_the_order_was_begun() {
    on_both(async |world: World| {
        // Paid on the first day, and the network answers on the second.
        world.upstream.always("apply", Call::Submits);
        let kit = world.upstream_line().await;
        let (order, attempt) = world.checkout(&kit, "month").await;
        world.pays(&attempt).await;
        world.settle().await;
        let other = world.buys(&world.line(Family::Watch).await, "days").await;
        count_all(&world).await;
        let first = view(&world, 1).await.orders;
        assert_eq!((first.placed, first.paid, first.in_effect), (2, 2, 1));
        assert_eq!(first.causes.get("on_its_way"), Some(&1));
        world.upstream.always("apply", Call::Works);
        world.pass(DAY_US).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        count_all(&world).await;
        let seen = view(&world, 2).await;
        let orders = |n: usize| seen.days[n].orders.clone().unwrap();
        assert_eq!((orders(0).placed, orders(0).in_effect, orders(1).placed), (2, 2, 0));
        assert!(orders(0).times.worst_us >= 5 * MINUTE_US, "it took long: {:?}", orders(0).times);
        // Given back later it stays in effect, and is told of.
        let by = world.member("operator").await;
        let new = refund_order::NewRefund {
            id: world.app.clock.id(),
            amount: None,
            keeps: false,
            reason: "asked".to_owned(),
            seen: None,
        };
        refund_order::refund_by_staff(&world.app, &other.number, new, by).await.unwrap();
        world.pass(DAY_US).await;
        count_all(&world).await;
        let seen = view(&world, 3).await;
        let orders = seen.days[0].orders.clone().unwrap();
        assert_eq!((orders.in_effect, orders.given_back), (2, 1));
        // After ten days it is not looked at by itself any more.
        let day = seen.days[0].day;
        world.sql("UPDATE orders SET state = 'closed', delivered_at = NULL", args![]).await;
        world.pass((COUNTED_AGAIN_DAYS + 1) * DAY_US).await;
        count_all(&world).await;
        assert_eq!(view(&world, 30).await.orders.in_effect, 2);
        assert!(figures::recount(&world.app, day).await.unwrap());
        assert_eq!(view(&world, 30).await.orders.in_effect, 0);
    })
    .await;
}

#[tokio::test]
async fn one_node_counts_at_a_time_and_a_lost_turn_writes_nothing() {
    on_both(async |world: World| {
        world.buys(&world.line(Family::Watch).await, "days").await;
        let node = world.another_node();
        let (one, two) = tokio::join!(count_all(&world), count_all(&node));
        assert!(one > 0 || two > 0);
        let days = world.sql("UPDATE figure SET took_us = took_us", args![]).await;
        assert_eq!(days, 90 + 90 + 1, "each day once, whoever counted it");
        // A node that died in its turn holds it for some minutes.
        let until = world.app.clock.now().system.plus_us(4 * MINUTE_US);
        world.sql("UPDATE turn SET until_at = $1 WHERE name = 'figures'", args![until]).await;
        assert!(!figures::recount(&world.app, today(&world)).await.unwrap());
        world.pass(TODAY_REST_US).await;
        assert_eq!(count_all(&world).await, 2, "today's orders and reminders");
        // A clock that was far ahead holds it no longer.
        let until = world.app.clock.now().system.plus_us(DAY_US);
        world.sql("UPDATE turn SET until_at = $1 WHERE name = 'figures'", args![until]).await;
        assert!(figures::recount(&world.app, today(&world)).await.unwrap());
    })
    .await;
}

fn today(world: &World) -> Day {
    Day::of(&world.app.zone, BusinessTime::from_us(world.app.clock.now().system.us()))
}

#[tokio::test]
async fn an_empty_store_has_days_of_zeros_and_before_counting_gaps() {
    on_both(async |world: World| {
        let empty = view(&world, 7).await;
        assert!(empty.days.iter().all(|day| day.orders.is_none()) && empty.as_of.is_none() && empty.lines.is_none());
        count_all(&world).await;
        let seen = view(&world, 90).await;
        assert_eq!(seen.days.len(), 90);
        assert!(seen.days.iter().all(|day| day.orders.as_ref().is_some_and(|orders| orders.placed == 0)));
        assert_eq!(seen.as_of, Some(world.app.clock.now().system));
        let by = world.member("finance").await;
        for days in [0, 91] {
            let refused = figures::figures(&world.app, by, days).await;
            assert_eq!(refused, Err(Problem::Invalid { field: "days", rule: "1 to 90" }));
        }
    })
    .await;
}

#[tokio::test]
async fn reminders_count_by_how_far_they_came_and_what_followed() {
    on_both(async |mut world: World| {
        let mut brand = (*world.app.brand).clone();
        brand.reminders = Reminders::default();
        world.app.brand = Arc::new(brand);
        let mut kits = Vec::new();
        for _ in 0..5 {
            let kit = world.line(Family::Watch).await;
            world.buys(&kit, "days").await;
            kits.push(kit);
        }
        let [renews, leaves, packs, tops, regrets] = kits.as_slice() else { panic!("five lines") };
        let ends = world.line_now(renews).await.service_until.unwrap();
        // Until a day before the end: both are reminded.
        let left = ends.since_us(world.app.clock.now().business) / DAY_US;
        for _ in 0..left {
            world.pass(DAY_US).await;
        }
        let reminders = async |kit| world.told(kit).await.iter().filter(|kind| **kind == "reminder_expiry").count();
        let told = reminders(renews).await;
        assert!(told > 0, "{:?}", world.told(renews).await);
        // A renewal is a plan that stays: neither a pack, nor credit, nor what was given back.
        world.buys(renews, "days").await;
        world.buys(packs, "pack").await;
        world.buys(tops, "topup").await;
        let order = world.buys(regrets, "days").await;
        let new = refund_order::NewRefund {
            id: world.app.clock.id(),
            amount: None,
            keeps: false,
            reason: "asked".to_owned(),
            seen: None,
        };
        let by = world.member("operator").await;
        refund_order::refund_by_staff(&world.app, &order.number, new, by).await.unwrap();
        world.pass(3 * DAY_US).await;
        let mut all = 0;
        for kit in [renews, leaves, packs, tops, regrets] {
            all += reminders(kit).await;
        }
        count_all(&world).await;
        let seen = view(&world, 30).await;
        let sums = seen.reminders;
        assert_eq!(sums.told(), i64::try_from(all).unwrap(), "{sums:?}");
        let renewed = sums.delivered.renewed + sums.taken.renewed + sums.other.renewed;
        assert_eq!(renewed, i64::try_from(told).unwrap(), "of one line alone: {sums:?}");
        let day = Day::of(&world.app.zone, ends);
        let of_day = seen.days.iter().find(|one| one.day == day).unwrap();
        assert_eq!(of_day.reminders.unwrap(), sums, "all of them are about that end");
    })
    .await;
}
