//! What customers look back on: usage by day, orders page by page, and the statement, whose sums are the ledger's.

use crate::world::cast::populate;
use crate::world::stock::GB;
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::order_history::{PAGE, Wanted, history};
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::retention::enforce;
use everline_app::statement::{PAGE as MOVES, statement};
use everline_app::usage_history::{Span, usage};
use everline_core::calendar::{Day, Month};
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::NetworkKind;
use everline_core::offering::{Family, OfferingKind, Unit};
use everline_core::retention::Retention;
use everline_core::statement::Pots;
use everline_core::time::{DAY_US, HOUR_US};
use everline_store::Value;

async fn by_day(world: &World, kit: &Kit, line: Option<LineId>, span: Span) -> Vec<(i64, i64)> {
    let found = usage(&world.app, kit.customer, line, span).await.unwrap();
    found.by_day(Unit::Octets).into_iter().map(|(_, charged, overrun)| (charged, overrun)).collect()
}

#[tokio::test]
async fn usage_is_added_up_by_the_days_of_the_brands_calendar() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, GB).await;
        // 23:59:59 in Shanghai, and the second after midnight.
        world.app.clock.pass_us(12 * HOUR_US - 1_000_000);
        world.report(session, 2, 10).await;
        world.app.clock.pass_us(2_000_000);
        world.report(session, 3, 7).await;
        world.report(session, 3, 7).await; // came before: counts once
        let line = Some(kit.line);
        assert_eq!(by_day(&world, &kit, line, Span::LastDays(2)).await, [(GB + 10, 0), (7, 0)]);
        assert_eq!(by_day(&world, &kit, line, Span::LastDays(1)).await, [(7, 0)]);
        let week = by_day(&world, &kit, line, Span::LastDays(7)).await;
        assert_eq!((week.len(), week.iter().map(|day| day.0).sum::<i64>()), (7, GB + 17));
        let month = Month::of(&world.app.zone, world.app.clock.now().business);
        assert_eq!(by_day(&world, &kit, line, Span::Month(month)).await.len(), 11, "up to today");
        let before = by_day(&world, &kit, line, Span::Month(month.previous())).await;
        assert!(before.len() == 28 && before.iter().all(|day| *day == (0, 0)), "{before:?}");
        // What no bucket takes is told apart.
        world.report(session, 4, 400 * GB).await;
        let (charged, overrun) = by_day(&world, &kit, line, Span::LastDays(1)).await[0];
        assert!(overrun > 0 && charged + overrun == 400 * GB + 7, "{charged} {overrun}");

        // All lines together; another's line does not exist.
        let second = world.line_of(kit.customer, Family::Phone, NetworkKind::BuiltIn).await;
        world.buys(&second, "month").await;
        let other = world.attach(&second).await.session;
        world.report(other, 1, 5).await;
        assert_eq!(by_day(&world, &kit, None, Span::LastDays(1)).await, [(charged + 5, overrun)]);
        let stranger = world.person().await;
        let refused = usage(&world.app, stranger, Some(kit.line), Span::LastDays(7)).await;
        assert_eq!(refused.unwrap_err(), Problem::NotFound("line"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn verify_finds_days_that_are_not_the_sums_of_their_rows() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        for sequence in 1..=6 {
            world.report(session, sequence, 100).await;
            world.app.clock.pass_us(DAY_US);
        }
        assert!(world.verify().await.clean());
        assert!(world.verify_in_small_parts().await.clean());
        let today = Day::of(&world.app.zone, world.app.clock.now().business).number();
        let day = |ago: i64| vec![kit.customer.into(), Value::Int(today - ago)];
        let found = async || {
            let report = world.verify().await;
            report.findings.iter().map(|finding| finding.invariant).collect::<Vec<_>>()
        };
        let plus = "UPDATE usage_day SET charged = charged + $3 WHERE customer_id = $1 AND day = $2";
        let with = |ago, more: i64| [day(ago), vec![Value::Int(more)]].concat();
        world.sql(plus, with(3, 1)).await;
        assert_eq!(found().await, ["usage_day", "usage_day"], "the line's, and the day's total");
        world.sql(plus, with(3, -1)).await;
        world.sql("DELETE FROM usage_day WHERE customer_id = $1 AND day = $2", day(2)).await;
        assert_eq!(found().await, ["usage_day", "usage_day"]);
    })
    .await;
}

#[tokio::test]
async fn days_of_usage_go_with_their_rows() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 100).await;
        let (rules, now) = (Retention::default(), world.app.clock.now().system);
        let removed = enforce(&world.app.store, &rules, now.plus_us(399 * DAY_US)).await.unwrap();
        assert_eq!((removed["usage"], removed["usage_day"]), (0, 0));
        let removed = enforce(&world.app.store, &rules, now.plus_us(403 * DAY_US)).await.unwrap();
        assert_eq!((removed["usage"], removed["usage_day"]), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn orders_are_paged_by_key_and_filtered() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let second = world.line_of(kit.customer, Family::Phone, NetworkKind::BuiltIn).await;
        let mut placed = Vec::new();
        for n in 0..24 {
            let (line, code) = if n % 8 == 0 { (&second, "topup") } else { (&kit, "days") };
            placed.push(world.order(line, code).await.unwrap().id);
            world.app.clock.pass_us(HOUR_US);
        }
        placed.reverse();
        let first = history(&world.app, kit.customer, Wanted::default()).await.unwrap();
        assert_eq!(first.entries.len(), PAGE);
        // An order that comes meanwhile moves nothing on the next page.
        world.order(&kit, "days").await.unwrap();
        let rest = Wanted { before: first.next, ..Wanted::default() };
        let rest = history(&world.app, kit.customer, rest).await.unwrap();
        assert_eq!(rest.next, None);
        let ids: Vec<_> = first.entries.iter().chain(&rest.entries).map(|entry| entry.ordered.order.id).collect();
        assert_eq!(ids, placed);
        let count = async |wanted| history(&world.app, kit.customer, wanted).await.unwrap().entries.len();
        assert_eq!(count(Wanted { line: Some(second.line), ..Wanted::default() }).await, 3);
        assert_eq!(count(Wanted { kind: Some(OfferingKind::TopUp), ..Wanted::default() }).await, 3);
        assert_eq!(count(Wanted { kind: Some(OfferingKind::Pack), ..Wanted::default() }).await, 0);
        let month = Month::of(&world.app.zone, world.app.clock.now().business);
        let placed = |month: Month| Wanted { placed: Some(month.bounds(&world.app.zone)), ..Wanted::default() };
        assert_eq!(count(placed(month)).await, PAGE);
        assert_eq!(count(placed(month.next())).await, 0);
        let stranger = world.person().await;
        assert_eq!(history(&world.app, stranger, Wanted::default()).await.unwrap().entries, []);
        let theirs = Wanted { line: Some(kit.line), ..Wanted::default() };
        assert_eq!(history(&world.app, stranger, theirs).await.unwrap_err(), Problem::NotFound("line"));
    })
    .await;
}

/// The statement's opening, the sum of all movements, and its closing; read in pages of `limit`.
async fn sums(world: &World, customer: CustomerId, month: Month, limit: i64) -> (Pots, Pots, Pots, usize) {
    let (mut after, mut moved, mut rows) = (None, Pots::default(), 0);
    loop {
        let page = statement(&world.app, customer, month, after, limit).await.unwrap();
        moved = page.moves.iter().fold(moved, |sum, one| sum + one.pots);
        rows += page.moves.len();
        after = page.next;
        if after.is_none() {
            return (page.opening, moved, page.closing, rows);
        }
    }
}

#[tokio::test]
async fn a_statement_adds_up_to_what_the_ledger_holds() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "topup").await;
        let march = Month::of(&world.app.zone, world.app.clock.now().business);
        world.skip_days(31).await;
        let order = world.order(&kit, "month").await.unwrap();
        world.app.clock.pass_us(1_000);
        pay_with_credit(&world.app, kit.customer, order.id).await.unwrap();
        world.settle().await;
        world.buys(&kit, "pack").await;
        let april = march.next();
        let (opening, moved, closing, rows) = sums(&world, kit.customer, march, MOVES).await;
        assert_eq!((opening, rows), (Pots::default(), 2), "paid, and topped up");
        assert_eq!((moved, closing), (closing, Pots { paid: 50_000_000, ..Pots::default() }));
        let (opening, moved, end, rows) = sums(&world, kit.customer, april, MOVES).await;
        assert_eq!((opening, opening + moved), (closing, end));
        assert_eq!(end, Pots::of(&world.balances(kit.customer).await));
        assert_eq!(sums(&world, kit.customer, april, 1).await, (opening, moved, end, rows), "page by page");
        let (opening, moved, nothing, rows) = sums(&world, kit.customer, april.next(), MOVES).await;
        assert_eq!((opening, moved, nothing, rows), (end, Pots::default(), end, 0));
        let before = sums(&world, kit.customer, march.previous(), MOVES).await;
        assert_eq!(before, (Pots::default(), Pots::default(), Pots::default(), 0));
    })
    .await;
}

#[tokio::test]
async fn statements_add_up_whatever_became_of_orders() {
    on_both(async |world: World| {
        let cast = populate(&world).await;
        let mut month = "2026-03".parse::<Month>().unwrap();
        let mut carried = Vec::new();
        for order in [&cast.surplus, &cast.mismatch, &cast.refunded, &cast.refund_failed, &cast.late_back, &cast.topup]
        {
            carried.push((order.customer, Pots::default()));
        }
        for _ in 0..6 {
            for (customer, closing) in &mut carried {
                let (opening, moved, end, _) = sums(&world, *customer, month, 3).await;
                assert_eq!((opening, opening + moved), (*closing, end), "{month} of {customer}");
                *closing = end;
            }
            month = month.next();
        }
        for (customer, closing) in carried {
            assert_eq!(closing, Pots::of(&world.balances(customer).await), "{customer}");
        }
    })
    .await;
}
