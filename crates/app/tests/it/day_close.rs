//! Closing the days of the books: once, whoever does it and however often, at the operator's midnight; and what comes late.

use crate::world::{World, on_both};
use everline_app::day_close::close_days;
use everline_app::money::{self, Behind, DayView, WhichDay};
use everline_core::calendar::Day;
use everline_core::day_close::{balance, end_of_day};
use everline_core::ids::{OrderId, RawId};
use everline_core::ledger::{Cause, LedgerAccount, Posting, Template};
use everline_core::offering::Family;
use everline_core::payment::Method;
use everline_core::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US, SECOND_US};
use everline_store::args;
use everline_store::tables::ledger;

/// The world begins at noon: past midnight and the ten minutes after it.
async fn past_midnight(world: &World) {
    world.pass(12 * HOUR_US + 11 * MINUTE_US).await;
}

fn today(world: &World) -> Day {
    Day::of(&world.app.zone, world.app.clock.now().business)
}

async fn closed(world: &World, by: RawId, day: Day) -> DayView {
    money::day(&world.app, by, WhichDay::Closed(day)).await.unwrap()
}

fn held(view: &DayView, account: LedgerAccount) -> i64 {
    view.accounts.iter().find(|one| one.account == account).map_or(0, |one| one.closing)
}

async fn count(world: &World, table: &'static str) -> u64 {
    // An update that changes nothing tells how many rows there are.
    let column = if table == "ledger_day" { "transfers" } else { "amount" };
    world.sql(&format!("UPDATE {table} SET {column} = {column}"), args![]).await
}

#[tokio::test]
async fn a_day_is_closed_once_with_sums_that_balance_also_by_two_nodes_at_once() {
    on_both(async |world: World| {
        let by = world.member("finance").await;
        let kit = world.line(Family::Watch).await;
        assert_eq!(close_days(&world.app).await.unwrap(), 0, "nothing was ever booked");
        assert_eq!(money::overview(&world.app, by, None).await.unwrap().open_from, None);
        let order = world.buys(&kit, "days").await;
        let price = order.price.micros();
        let day = today(&world);
        assert_eq!(close_days(&world.app).await.unwrap(), 0, "the day lasts");
        let open = money::day(&world.app, by, WhichDay::Open).await.unwrap();
        assert_eq!((open.closed, held(&open, LedgerAccount::PspReceivable)), (None, price));
        past_midnight(&world).await;
        let node = world.another_node();
        let (one, two) = tokio::join!(close_days(&world.app), close_days(&node.app));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let rows = (count(&world, "ledger_day").await, count(&world, "ledger_day_template").await);
        for app in [&world.app, &node.app] {
            assert_eq!(close_days(app).await.unwrap(), 0, "closed is closed");
        }
        assert_eq!((count(&world, "ledger_day").await, count(&world, "ledger_day_template").await), rows);
        assert_eq!(rows.0, 1);
        let view = closed(&world, by, day).await;
        let (debits, credits) = balance(&view.accounts);
        assert!(debits == credits && debits > 0, "{debits} {credits}");
        assert_eq!(view.accounts.len(), LedgerAccount::ALL.len());
        assert_eq!(held(&view, LedgerAccount::PspReceivable), price);
        assert_eq!(world.balance(kit.customer, LedgerAccount::PspReceivable).await, price);
        let paid = view.templates.iter().find(|sum| sum.template == Template::Paid).unwrap();
        assert_eq!((paid.transfers, paid.amount), (1, price));
        let method = view.methods.iter().find(|sum| sum.template == Template::Paid).unwrap();
        assert_eq!((method.method, method.amount), (Method::AlipayQr, price));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn days_end_at_the_operators_midnight_and_one_without_movement_is_closed_too() {
    on_both(async |world: World| {
        let by = world.member("auditor").await;
        let (one, two) = (world.line(Family::Watch).await, world.line(Family::Watch).await);
        world.buys(&one, "topup").await;
        let day = today(&world);
        // Half a minute before midnight in Shanghai, which is 15:59 in London; and just after it.
        let midnight = end_of_day(&world.app.zone, world.app.clock.now().business);
        let until = |at: BusinessTime| at.since_us(world.app.clock.now().business);
        world.app.clock.pass_us(until(midnight) - 30 * SECOND_US);
        let late = world.buys(&one, "topup").await;
        assert_eq!(Day::of(&world.app.zone, late.paid_at.unwrap()), day);
        world.app.clock.pass_us(30 * SECOND_US);
        world.buys(&two, "topup").await;
        // Two days pass on which nothing moves.
        world.app.clock.pass_us(3 * DAY_US + 11 * MINUTE_US);
        assert_eq!(close_days(&world.app).await.unwrap(), 4);
        let paid = async |day| {
            let view = closed(&world, by, day).await;
            (view.transfers, view.templates.iter().find(|sum| sum.template == Template::Paid).map(|sum| sum.transfers))
        };
        assert_eq!(paid(day).await.1, Some(2));
        assert_eq!(paid(day.plus(1)).await.1, Some(1));
        assert_eq!(paid(day.plus(2)).await, (0, None));
        let (before, after) = (closed(&world, by, day.plus(1)).await, closed(&world, by, day.plus(2)).await);
        for account in LedgerAccount::ALL {
            assert_eq!(held(&before, account), held(&after, account), "{account:?}");
        }
        let overview = money::overview(&world.app, by, None).await.unwrap();
        assert_eq!(overview.days.len(), 4);
        assert!(overview.liabilities.iter().all(|held| held.at_close == held.now));
        let earlier = money::overview(&world.app, by, Some(day.plus(1))).await.unwrap();
        assert_eq!(earlier.days.iter().map(|one| one.day).collect::<Vec<_>>(), [day]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_comes_late_is_booked_on_the_day_that_is_open() {
    on_both(async |world: World| {
        let by = world.member("finance").await;
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "topup").await;
        let (day, noon) = (today(&world), world.app.clock.now().business);
        past_midnight(&world).await;
        assert_eq!(close_days(&world.app).await.unwrap(), 1);
        let before = closed(&world, by, day).await;
        // A timer of yesterday's noon runs only now.
        let (customer, order) = (kit.customer, OrderId(world.app.clock.id()));
        let posting = Posting::new(Template::PackRecognised, Cause::Recognition(order, 0), order, 7, noon);
        world
            .change(move |tx| {
                ledger::post(tx, customer, &posting);
                Box::pin(async { Ok(()) })
            })
            .await;
        assert_eq!(closed(&world, by, day).await, before, "a closed day never changes");
        let open = money::day(&world.app, by, WhichDay::Open).await.unwrap();
        assert_eq!(open.templates.iter().map(|sum| sum.amount).collect::<Vec<_>>(), [7]);
        let behind = Behind::Template(Template::PackRecognised);
        let found = money::transfers(&world.app, by, WhichDay::Open, behind, None).await.unwrap();
        assert_eq!(found.rows.len(), 1);
        assert_eq!((found.rows[0].posted_at, found.rows[0].booked_at), (noon, open.began_at));
        let none = money::transfers(&world.app, by, WhichDay::Closed(day), behind, None).await.unwrap();
        assert_eq!(none.rows, vec![]);
    })
    .await;
}

#[tokio::test]
async fn a_writer_that_runs_while_a_day_is_closed_is_in_its_sums_or_after_it() {
    on_both(async |world: World| {
        let by = world.member("finance").await;
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "topup").await;
        let (day, noon) = (today(&world), world.app.clock.now().business);
        past_midnight(&world).await;
        // Writers who all say that it is yesterday, and two nodes that close it meanwhile.
        let orders: Vec<OrderId> = (0..40).map(|_| OrderId(world.app.clock.id())).collect();
        let customer = kit.customer;
        let write = async |order: OrderId| {
            let posting = Posting::new(Template::PackRecognised, Cause::Recognition(order, 0), order, 1, noon);
            let write = world.change(move |tx| {
                ledger::post(tx, customer, &posting);
                Box::pin(async { Ok(()) })
            });
            write.await;
        };
        let node = world.another_node();
        let writers = futures_util::future::join_all(orders.iter().map(|order| write(*order)));
        let (_, one, two) = tokio::join!(writers, close_days(&world.app), close_days(&node.app));
        assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
        let sum = |view: &DayView| {
            view.templates
                .iter()
                .filter(|sum| sum.template == Template::PackRecognised)
                .map(|sum| sum.amount)
                .sum::<i64>()
        };
        let open = money::day(&world.app, by, WhichDay::Open).await.unwrap();
        assert_eq!(sum(&closed(&world, by, day).await) + sum(&open), 40);
        // The transfers of each are exactly those that its sums tell.
        let behind = Behind::Template(Template::PackRecognised);
        let listed = money::transfers(&world.app, by, WhichDay::Open, behind, None).await.unwrap();
        assert_eq!(i64::try_from(listed.rows.len()).unwrap(), sum(&open));
        let report = world.verify().await;
        let days = ["day_sums", "day_accounts", "day_methods", "day_chain", "transfer_booked"];
        assert!(!report.findings.iter().any(|found| days.contains(&found.invariant)), "{report}");
    })
    .await;
}

#[tokio::test]
async fn cut_off_between_the_two_steps_the_next_round_ends_it() {
    on_both(async |world: World| {
        let by = world.member("finance").await;
        world.buys(&world.line(Family::Watch).await, "topup").await;
        let day = today(&world);
        let midnight = end_of_day(&world.app.zone, world.app.clock.now().business);
        past_midnight(&world).await;
        // The horizon moved, and the process died.
        world.sql("UPDATE ledger_horizon SET open_from = $1", args![midnight]).await;
        world.sound().await;
        let open = money::overview(&world.app, by, None).await.unwrap();
        assert_eq!((open.last, open.days.len()), (None, 0), "it counts as open until its sums are there");
        assert_eq!(close_days(&world.app).await.unwrap(), 1);
        assert_eq!(closed(&world, by, day).await.closed.unwrap().ended_at, midnight);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn transfers_are_read_page_by_page_and_suspense_the_oldest_first() {
    on_both(async |world: World| {
        let by = world.member("finance").await;
        let kit = world.line(Family::Watch).await;
        for _ in 0..3 {
            world.buys(&kit, "topup").await;
        }
        // More than a page of one posting.
        let (customer, now) = (kit.customer, world.app.clock.now().business);
        let orders: Vec<OrderId> = (0..60).map(|_| OrderId(world.app.clock.id())).collect();
        world
            .change(move |tx| {
                for order in &orders {
                    let cause = Cause::Recognition(*order, 0);
                    ledger::post(tx, customer, &Posting::new(Template::PackRecognised, cause, *order, 1, now));
                }
                Box::pin(async { Ok(()) })
            })
            .await;
        let (mut after, mut seen, mut pages) = (None, Vec::new(), 0);
        loop {
            let behind = Behind::Account(LedgerAccount::DeferredRevenue);
            let page = money::transfers(&world.app, by, WhichDay::Open, behind, after).await.unwrap();
            seen.extend(page.rows.iter().map(|row| (row.booked_at, row.id)));
            pages += 1;
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((seen.len(), pages), (60, 2));
        assert!(seen.is_sorted() && seen.windows(2).all(|two| two[0] != two[1]), "each once, in order");

        assert_eq!(money::suspense(&world.app, by).await.unwrap(), vec![]);
        let mut wrong = Vec::new();
        for _ in 0..2 {
            let (order, attempt) = world.checkout(&world.line(Family::Watch).await, "days").await;
            let notice = world.provider.pay_amount(&attempt.out_trade_no, 1_000_000);
            world.notice(&notice).await.unwrap();
            world.pass(MINUTE_US).await;
            wrong.push(order.number);
        }
        let found = money::suspense(&world.app, by).await.unwrap();
        assert_eq!(found.iter().filter_map(|row| row.order.clone()).collect::<Vec<_>>(), wrong);
        assert!(found.iter().all(|row| row.amount == 1_000_000));
    })
    .await;
}
