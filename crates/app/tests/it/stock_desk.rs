//! What the desk sees and does of the stock: counts, thresholds, and what is set aside.

use crate::world::loading::{HEADER, iccid, load_codes, load_sims, rows, take};
use crate::world::{World, on_both};
use everline_app::stock::{self, BatchView};
use everline_app::stock_count::{self, NewThreshold, round, set_threshold};
use everline_app::stock_hold::{NewHold, give_back, set_aside};
use everline_app::voucher_batch::{NewBatch, make_batch, stop_at_desk};
use everline_app::{Problem, audit};
use everline_core::ids::RawId;
use everline_core::money::{Currency, Money};
use everline_core::stock::{HoldKind, StockKind, StockState};
use everline_core::time::{DAY_US, MINUTE_US, SECOND_US};
use everline_core::voucher::{BatchState, VoucherKind};
use everline_store::args;
use everline_store::tables::sim;
use everline_store::tables::stock::BatchKind;

/// A batch of profiles with numbers, and codes for all but the last.
async fn profiles(world: &World, from: u64, count: u64, batch: &str) {
    let mut sims = HEADER.to_owned();
    let mut codes = "iccid,activation_code,batch\n".to_owned();
    for n in from..from + count {
        let row = rows(n, 1, batch);
        sims += &row.replace("physical", "esim");
        if n + 1 < from + count {
            codes += &format!("{},LPA:1$rsp.example.com$P-{n},{batch}-codes\n", iccid(n));
        }
    }
    let (_, faults) = load_sims(world, sims).await.unwrap();
    assert_eq!(faults, vec![]);
    let (_, faults) = load_codes(world, &codes).await.unwrap();
    assert_eq!(faults, vec![]);
}

async fn counted(world: &World, by: RawId, batch: &str) -> Vec<(StockKind, StockState, i64)> {
    world.app.clock.pass_us(MINUTE_US);
    stock_count::count_now(&world.app, by).await.unwrap();
    let view = view(world, by, batch).await;
    view.row.counts.iter().map(|count| (count.kind, count.state, count.amount)).collect()
}

async fn view(world: &World, by: RawId, batch: &str) -> BatchView {
    stock::batch(&world.app, by, BatchKind::Sims, batch).await.unwrap()
}

fn hold(world: &World, kind: HoldKind, name: &str) -> NewHold {
    NewHold { id: world.app.clock.id(), kind, name: name.to_owned(), reason: "  a faulty   batch ".to_owned() }
}

/// Whether somebody who buys a profile gets one.
async fn has_profile(world: &World) -> bool {
    world.look(|tx| Box::pin(async move { sim::has_profile(tx).await })).await
}

#[tokio::test]
async fn the_stock_is_counted_by_kind_batch_and_state() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let (_, faults) = load_sims(&world, format!("{HEADER}{}", rows(1, 6, "spring"))).await.unwrap();
        assert_eq!(faults, vec![]);
        profiles(&world, 100, 4, "summer").await;
        take(&world, 2, &format!("14400{:08}", 2)).await.unwrap();
        let cards = counted(&world, by, "spring").await;
        assert_eq!(cards, [(StockKind::Card, StockState::Free, 5), (StockKind::Card, StockState::InUse, 1)]);
        let esims = counted(&world, by, "summer").await;
        assert_eq!(
            esims,
            [(StockKind::Profile, StockState::Free, 3), (StockKind::Profile, StockState::WithoutCode, 1)]
        );
        let found = stock::overview(&world.app, by, None).await.unwrap();
        assert!(found.totals.contains(&(StockKind::Card, StockState::Free, 5)), "{found:?}");
        assert_eq!(found.batches.len(), 3);
        assert_eq!(found.counted_at, Some(world.app.clock.now().system));
        // Asked again at once it is not counted again; a round does so after ten minutes.
        world.app.clock.pass_us(SECOND_US);
        stock_count::count_now(&world.app, by).await.unwrap();
        round(&world.app).await.unwrap();
        assert_eq!(stock::overview(&world.app, by, None).await.unwrap().counted_at, found.counted_at);
        world.app.clock.pass_us(10 * MINUTE_US);
        let node = world.another_node();
        let (one, two) = tokio::join!(round(&world.app), round(&node.app));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        assert_ne!(stock::overview(&world.app, by, None).await.unwrap().counted_at, found.counted_at);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_batch_that_is_set_aside_is_given_to_nobody_until_it_is_given_back() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        profiles(&world, 100, 4, "summer").await;
        let (_, faults) = load_sims(&world, format!("{HEADER}{}", rows(1, 3, "spring"))).await.unwrap();
        assert_eq!(faults, vec![]);
        assert!(has_profile(&world).await);
        let new = hold(&world, HoldKind::Batch, "summer");
        set_aside(&world.app, new.clone(), by).await.unwrap();
        set_aside(&world.app, new.clone(), by).await.unwrap();
        let other = NewHold { reason: "another reason".to_owned(), ..new.clone() };
        assert_eq!(set_aside(&world.app, other, by).await, Err(Problem::ExistsDifferently("hold")));
        assert_eq!(set_aside(&world.app, hold(&world, HoldKind::Batch, "summer"), by).await, Err(Problem::Stale));
        assert!(!has_profile(&world).await);
        assert_eq!(counted(&world, by, "summer").await, [(StockKind::Profile, StockState::SetAside, 4)]);
        assert_eq!(view(&world, by, "summer").await.hold.unwrap().reason, "a faulty batch");
        world.sound().await;
        // One that comes back to the stock while its batch is set aside stays with it.
        set_aside(&world.app, hold(&world, HoldKind::Batch, "spring"), by).await.unwrap();
        assert!(take(&world, 1, &format!("14400{:08}", 1)).await.is_err(), "nor is a card");
        world.sound().await;
        give_back(&world.app, new.id, by).await.unwrap();
        assert_eq!(give_back(&world.app, new.id, by).await, Err(Problem::Stale));
        assert!(has_profile(&world).await);
        let again = counted(&world, by, "summer").await;
        assert_eq!(again[0], (StockKind::Profile, StockState::Free, 3));
        let entries = audit::entries(&world.app.store, 0).await.unwrap();
        let told: Vec<&str> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(told, ["stock.set_aside", "stock.set_aside", "stock.given_back"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_lines_that_move_in_are_about_to_take_is_not_set_aside() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let (_, faults) = load_sims(&world, format!("{HEADER}{}", rows(1, 3, "spring"))).await.unwrap();
        assert_eq!(faults, vec![]);
        let moving = "INSERT INTO import_batch (kind, name, state, loaded, began_at, named) VALUES ('lines', 'moving', 'applying', 1, 1, 0)";
        world.sql(moving, args![]).await;
        world.sql("UPDATE sim SET line_batch = 'moving' WHERE iccid = $1", args![iccid(2)]).await;
        let one = set_aside(&world.app, hold(&world, HoldKind::Sim, &iccid(2)), by).await;
        assert!(matches!(one, Err(Problem::Invalid { field: "iccid", .. })), "{one:?}");
        set_aside(&world.app, hold(&world, HoldKind::Batch, "spring"), by).await.unwrap();
        let states = counted(&world, by, "spring").await;
        assert_eq!(states, [(StockKind::Card, StockState::Free, 1), (StockKind::Card, StockState::SetAside, 2)]);
        // Once they are made, what was not taken is stock like any other.
        world.sql("UPDATE import_batch SET state = 'complete' WHERE name = 'moving'", args![]).await;
        world.app.clock.pass_us(10 * MINUTE_US);
        round(&world.app).await.unwrap();
        assert_eq!(counted(&world, by, "spring").await, [(StockKind::Card, StockState::SetAside, 3)]);
    })
    .await;
}

#[tokio::test]
async fn what_comes_back_of_a_batch_that_is_set_aside_stays_with_it() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let (_, faults) = load_sims(&world, format!("{HEADER}{}", rows(1, 2, "spring"))).await.unwrap();
        assert_eq!(faults, vec![]);
        take(&world, 1, &format!("14400{:08}", 1)).await.unwrap();
        let new = hold(&world, HoldKind::Batch, "spring");
        set_aside(&world.app, new.clone(), by).await.unwrap();
        let states = counted(&world, by, "spring").await;
        assert_eq!(states, [(StockKind::Card, StockState::InUse, 1), (StockKind::Card, StockState::SetAside, 1)]);
        // Its line ends and its number is given back.
        let number = iccid(1);
        let line = world
            .look(move |tx| {
                let number = number.clone();
                Box::pin(async move {
                    let sql: &'static everline_store::Sql =
                        Box::leak(Box::new(everline_store::Sql::new("SELECT line_id FROM sim WHERE iccid = $1")));
                    tx.one::<(RawId,)>("sim", sql, args![number]).await
                })
            })
            .await
            .0;
        world
            .change(move |tx| {
                sim::release(tx, everline_core::ids::LineId(line));
                Box::pin(async { Ok(()) })
            })
            .await;
        assert_eq!(counted(&world, by, "spring").await, [(StockKind::Card, StockState::SetAside, 2)]);
        give_back(&world.app, new.id, by).await.unwrap();
        assert_eq!(counted(&world, by, "spring").await, [(StockKind::Card, StockState::Free, 2)]);
    })
    .await;
}

#[tokio::test]
async fn one_sim_is_set_aside_if_it_is_in_stock_and_only_what_fits_is_taken() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let (_, faults) = load_sims(&world, format!("{HEADER}{}", rows(1, 3, "spring"))).await.unwrap();
        assert_eq!(faults, vec![]);
        take(&world, 2, &format!("14400{:08}", 2)).await.unwrap();
        let new = hold(&world, HoldKind::Sim, &iccid(1));
        set_aside(&world.app, new.clone(), by).await.unwrap();
        assert!(take(&world, 1, &format!("14400{:08}", 1)).await.is_err());
        let invalid = |field, rule| Err(Problem::Invalid { field, rule });
        let set = async |kind, name: &str| set_aside(&world.app, hold(&world, kind, name), by).await;
        assert_eq!(set(HoldKind::Sim, &iccid(1)).await, Err(Problem::Stale));
        assert_eq!(set(HoldKind::Sim, &iccid(2)).await, invalid("iccid", "not-in-stock"));
        assert_eq!(set(HoldKind::Sim, &iccid(9)).await, invalid("iccid", "unknown"));
        assert_eq!(set(HoldKind::Sim, "12").await, invalid("iccid", "no-iccid"));
        assert_eq!(set(HoldKind::Batch, "none").await, invalid("batch", "unknown"));
        let silent = NewHold { reason: " ".to_owned(), ..hold(&world, HoldKind::Batch, "spring") };
        assert_eq!(set_aside(&world.app, silent, by).await, invalid("reason", "1-to-200-characters"));
        world.sql("UPDATE import_batch SET state = 'loading' WHERE name = 'spring'", args![]).await;
        assert_eq!(set(HoldKind::Batch, "spring").await, invalid("batch", "not-complete"));
        world.sql("UPDATE import_batch SET state = 'complete' WHERE name = 'spring'", args![]).await;
        let (holds, next) = stock::holds(&world.app, by, None).await.unwrap();
        assert_eq!((holds.len(), next), (1, None));
        give_back(&world.app, new.id, by).await.unwrap();
        take(&world, 1, &format!("14400{:08}", 1)).await.unwrap();
        assert_eq!(give_back(&world.app, world.app.clock.id(), by).await, Err(Problem::NotFound("hold")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_kind_is_low_from_the_count_that_finds_it_until_there_is_enough() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        profiles(&world, 100, 4, "north-1").await;
        let set = async |least, seen| {
            let new = NewThreshold { kind: StockKind::Profile, family: " north-".to_owned(), least, seen };
            set_threshold(&world.app, new, by).await
        };
        let invalid = Err(Problem::Invalid { field: "least", rule: "1-to-10000000" });
        assert_eq!(set(Some(0), 0).await, invalid);
        set(Some(4), 0).await.unwrap();
        set(Some(4), 0).await.unwrap();
        assert_eq!(set(Some(9), 0).await, Err(Problem::Stale));
        assert_eq!(stock::low(&world.app, by).await.unwrap(), 0, "nothing was counted");
        counted(&world, by, "north-1").await;
        let first = stock::overview(&world.app, by, None).await.unwrap().thresholds.remove(0);
        assert_eq!((first.amount, first.low_since), (Some(3), Some(world.app.clock.now().system)));
        assert_eq!(stock::low(&world.app, by).await.unwrap(), 1);
        counted(&world, by, "north-1").await;
        let still = stock::overview(&world.app, by, None).await.unwrap().thresholds.remove(0);
        assert_eq!(still.low_since, first.low_since, "told once");
        profiles(&world, 200, 4, "north-2").await;
        counted(&world, by, "north-1").await;
        assert_eq!(stock::low(&world.app, by).await.unwrap(), 0);
        set(None, 1).await.unwrap();
        assert_eq!(stock::overview(&world.app, by, None).await.unwrap().thresholds, vec![]);
    })
    .await;
}

#[tokio::test]
async fn numbers_rest_until_they_are_free_and_vouchers_are_stopped_once() {
    on_both(async |world: World| {
        let by = world.member("finance").await;
        let mut lines = Vec::new();
        for _ in 0..3 {
            lines.push(world.line(everline_core::offering::Family::Watch).await);
        }
        let now = world.app.clock.now().business;
        let rest = "UPDATE line SET state = 'quarantined', state_until = $2 WHERE id = $1";
        world.sql(rest, args![lines[0].line, now.plus_us(9 * DAY_US)]).await;
        world.sql(rest, args![lines[1].line, now.plus_us(DAY_US)]).await;
        world
            .sql("UPDATE line SET state = 'quarantined', state_until = NULL WHERE id = $1", args![lines[2].line])
            .await;
        let (rows, next) = stock::resting(&world.app, by, None).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [1, 0, 2].map(|at| lines[at].line));
        assert_eq!((next, rows[2].until), (None, None));
        let after = Some((now.plus_us(DAY_US), lines[1].line));
        assert_eq!(stock::resting(&world.app, by, after).await.unwrap().0.len(), 2);

        let new = NewBatch {
            name: "spring".to_owned(),
            kind: VoucherKind::Paid,
            amount: Money::parse("20", Currency::CNY).unwrap(),
            count: 3,
            expires_at: now.plus_us(DAY_US),
            by: "zhou".to_owned(),
        };
        make_batch(&world.app, new).await.unwrap();
        assert_eq!(stop_at_desk(&world.app, "none", "印错了", by).await, Err(Problem::NotFound("batch")));
        for no_reason in [" ", &"x".repeat(201)] {
            let tried = stop_at_desk(&world.app, "spring", no_reason, by).await;
            assert_eq!(tried, Err(Problem::Invalid { field: "reason", rule: "1-to-200-characters" }));
        }
        let node = world.another_node();
        let stops = |at| stop_at_desk(at, "spring", "印错了", by);
        let both = tokio::join!(stops(&world.app), stops(&node.app));
        let refused = [both.0, both.1].into_iter().filter(|done| *done == Err(Problem::Stale)).count();
        assert_eq!(refused, 1, "stopped once");
        let found = stock::vouchers(&world.app, by, None).await.unwrap();
        assert_eq!((found.rows[0].batch.state, found.rows[0].redeemed), (BatchState::Stopped, 0));
        let log = audit::page(&world.app, world.member("auditor").await, audit::Filter::default(), i64::MAX).await;
        let stopped = log.unwrap().entries.into_iter().find(|entry| entry.action == "voucher.stopped");
        assert_eq!(stopped.and_then(|entry| entry.reason).as_deref(), Some("印错了"));
    })
    .await;
}
