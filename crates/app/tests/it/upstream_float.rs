//! What the upstream network holds of our money: asked for by one node, shown, and low when it is too little.

use crate::world::{World, on_both};
use everline_app::ports::FloatAnswer;
use everline_app::stock::{low, overview};
use everline_app::stock_count::{count_now, round};
use everline_app::upstream_float::{FloatView, set_least};
use everline_app::{Problem, audit};
use everline_core::ids::RawId;
use everline_core::money::{Currency, Money, UNIT};
use everline_core::time::{DAY_US, MINUTE_US, SECOND_US};

fn cny(units: i64) -> Money {
    Money::from_micros(units * UNIT, Currency::CNY)
}

async fn seen(world: &World, by: RawId) -> Option<FloatView> {
    overview(&world.app, by, None).await.unwrap().float
}

#[tokio::test]
async fn one_node_asks_every_ten_minutes_and_says_how_long_it_lasts() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        round(&world.app).await.unwrap();
        assert_eq!((seen(&world, by).await, world.upstream.asked_for_float()), (None, 1), "it does not tell");
        world.upstream.holds(FloatAnswer::Left(cny(1_000)));
        world.app.clock.pass_us(10 * MINUTE_US - SECOND_US);
        round(&world.app).await.unwrap();
        assert_eq!(world.upstream.asked_for_float(), 1, "asked a moment ago");
        world.app.clock.pass_us(SECOND_US);
        let node = world.another_node();
        let (one, two) = tokio::join!(round(&world.app), round(&node.app));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        assert_eq!(world.upstream.asked_for_float(), 2, "one of the nodes asks");
        let first = seen(&world, by).await.unwrap();
        assert_eq!(first.float.reported, Some((cny(1_000), world.app.clock.now().system)));
        assert_eq!((first.used_a_day, first.lasts_days), (None, None));
        // It falls by 40 a day; on one day somebody pays in.
        for left in [960, 920, 1_500, 1_460] {
            world.app.clock.pass_us(DAY_US);
            world.upstream.holds(FloatAnswer::Left(cny(left)));
            round(&world.app).await.unwrap();
        }
        let view = seen(&world, by).await.unwrap();
        assert_eq!((view.used_a_day, view.lasts_days), (Some(cny(40)), Some(36)));
        // Silence changes nothing but the age of what is known; asked for by hand it is asked again.
        world.upstream.holds(FloatAnswer::Unknown);
        world.app.clock.pass_us(MINUTE_US);
        let asked = world.upstream.asked_for_float();
        count_now(&world.app, by).await.unwrap();
        assert_eq!((world.upstream.asked_for_float(), seen(&world, by).await), (asked + 1, Some(view)));
    })
    .await;
}

#[tokio::test]
async fn too_little_is_told_until_somebody_pays_in() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let says = async |left| {
            world.upstream.holds(FloatAnswer::Left(left));
            world.app.clock.pass_us(11 * MINUTE_US);
            round(&world.app).await.unwrap();
        };
        assert_eq!(set_least(&world.app, "5", 0, by).await, Err(Problem::NotFound("float")));
        says(cny(1_000)).await;
        for wrong in ["0", "-5", "x", "5.0000001", "9999999999999999999"] {
            let refused = set_least(&world.app, wrong, 0, by).await;
            assert!(matches!(refused, Err(Problem::Invalid { field: "least", .. })), "{wrong}: {refused:?}");
        }
        set_least(&world.app, " 500.50 ", 0, by).await.unwrap();
        set_least(&world.app, "500.5", 0, by).await.expect("sent again");
        assert_eq!(set_least(&world.app, "600", 0, by).await, Err(Problem::Stale));
        assert_eq!(low(&world.app, by).await, Ok(0));
        says(cny(500)).await;
        let since = world.app.clock.now().system;
        says(cny(400)).await;
        assert_eq!(low(&world.app, by).await, Ok(1));
        assert_eq!(seen(&world, by).await.unwrap().float.low_since, Some(since));
        says(cny(5_000)).await;
        assert_eq!(low(&world.app, by).await, Ok(0));
        set_least(&world.app, "", 1, by).await.unwrap();
        assert_eq!(seen(&world, by).await.unwrap().float.least, None);
        let entries = audit::entries(&world.app.store, 0).await.unwrap();
        let told: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(told, ["stock.float_threshold_set", "stock.float_threshold_set"]);
        // Who only looks, and who sees nothing of the stock.
        let (auditor, agent) = (world.member("auditor").await, world.member("agent").await);
        assert_eq!(set_least(&world.app, "1", 2, auditor).await, Err(Problem::NotAllowed));
        assert_eq!(set_least(&world.app, "1", 2, agent).await, Err(Problem::NotAllowed));
        assert!(seen(&world, auditor).await.is_some());
        world.sound().await;
    })
    .await;
}
