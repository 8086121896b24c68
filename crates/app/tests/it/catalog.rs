//! The catalog at the desk: drafts, what is planned, and what orders and renewals make of a version that is replaced.

use crate::auto_renew::{agrees, renewals};
use crate::world::loading::importer;
use crate::world::{Kit, World, on_both, stock};
use everline_app::auto_renew::view;
use everline_app::catalog_desk::{self, VersionView};
use everline_app::catalog_draft::{Content, Shown, create, discard, edit, next, note_cost};
use everline_app::catalog_sale::{Act, act};
use everline_app::import::offerings;
use everline_app::{Problem, audit, contribution, place_order, start_payment, timers};
use everline_core::auto_renew::{PayWith, State};
use everline_core::catalog::{NotDone, Standing};
use everline_core::ids::{ContributionId, OrderId, RawId};
use everline_core::line::NetworkKind;
use everline_core::money::{Currency, Money};
use everline_core::offering::{Eligibility, Family, OfferingRef, SaleState};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::Method;
use everline_core::quote::NotSellable;
use everline_core::time::{BusinessTime, DAY_US, HOUR_US};
use everline_store::args;

fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}
fn days(version: u32) -> OfferingRef {
    OfferingRef { code: "days".to_owned(), version }
}
/// `days` at another price.
fn content(price: &str) -> Content {
    let mut offering = stock::offerings().into_iter().find(|one| one.reference.code == "days").unwrap();
    (offering.price, offering.renewal_price) = (cny(price), cny(price));
    Content { offering, upstream_cost: None }
}
async fn look(world: &World, by: RawId, reference: OfferingRef) -> VersionView {
    catalog_desk::version(&world.app, reference, by).await.unwrap()
}
async fn shown(world: &World, by: RawId, reference: OfferingRef) -> Shown {
    let revision = look(world, by, reference.clone()).await.version.revision;
    (reference, revision)
}
async fn does(world: &World, by: RawId, reference: OfferingRef, what: Act) -> Result<(), Problem> {
    act(&world.app, shown(world, by, reference).await, what, by).await
}
async fn sale(world: &World, by: RawId, version: u32) -> (Standing, Option<BusinessTime>) {
    let version = look(world, by, days(version)).await.version;
    (version.standing(), version.published.map(|done| done.at))
}
/// A draft of version 2 at a price.
async fn drafted(world: &World, by: RawId, price: &str) -> OfferingRef {
    next(&world.app, days(1), content(price), by).await.unwrap()
}
fn now(world: &World) -> BusinessTime {
    world.app.clock.now().business
}
async fn orders(world: &World, kit: &Kit, offering: OfferingRef, id: OrderId) -> Result<Order, Problem> {
    let new = place_order::NewOrder { offering, ..world.new_order(kit, "days", id) };
    place_order::place_order(&world.app, new).await
}
/// What the log tells of the catalog: who, what and about which.
async fn log(world: &World) -> Vec<(String, String, String)> {
    let all = audit::entries(&world.app.store, 0).await.unwrap();
    let of = all.into_iter().filter(|entry| entry.subject_kind == "offering");
    of.map(|entry| (entry.actor, entry.action, entry.subject_id)).collect()
}

#[tokio::test]
async fn a_draft_is_written_once_changed_as_it_was_seen_and_never_seen_by_customers() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let mut new = content("19.90");
        new.offering.reference.code = "spring".to_owned();
        let spring = OfferingRef { code: "spring".to_owned(), version: 1 };
        let node = world.another_node();
        let (one, two) = tokio::join!(create(&world.app, new.clone(), by), create(&node.app, new.clone(), by));
        assert_eq!((one, two), (Ok(spring.clone()), Ok(spring.clone())), "sent twice, it is written once");
        let other = Content { upstream_cost: Some(1), ..new.clone() };
        assert_eq!(create(&world.app, other, by).await, Err(Problem::Invalid { field: "code", rule: "taken" }));
        // Nobody can buy it, and it is in nobody's list.
        let kit = world.line(Family::Watch).await;
        let refused = orders(&world, &kit, spring.clone(), OrderId(world.app.clock.id())).await;
        assert_eq!(refused, Err(Problem::NotSellable(NotSellable::NotOnSale)));
        let choices = everline_app::catalog::offerings(&world.app, kit.customer, kit.line).await.unwrap();
        assert!(choices.choices.iter().all(|choice| choice.offering.reference != spring));
        // A page that is old changes nothing; sent twice, it is no conflict.
        let seen = shown(&world, by, spring.clone()).await;
        let dearer = Content { upstream_cost: Some(12_000_000), ..new.clone() };
        edit(&world.app, seen.clone(), dearer.clone(), by).await.unwrap();
        edit(&world.app, seen.clone(), dearer, by).await.unwrap();
        assert_eq!(edit(&world.app, seen.clone(), new.clone(), by).await, Err(Problem::Stale));
        assert_eq!(act(&world.app, seen.clone(), Act::Publish, by).await, Err(Problem::Stale));
        assert_eq!(discard(&world.app, seen, by).await, Err(Problem::Stale));
        let margin = look(&world, by, spring.clone()).await.version.margin().unwrap();
        assert_eq!((margin.amount, margin.per_mille), (cny("7.90"), 396));
        // Who cannot write one is told nothing of it.
        let wrong = Content { offering: stock::offering("X!", new.offering.kind, "1", 1, None), upstream_cost: None };
        let auditor = world.member("auditor").await;
        assert_eq!(create(&world.app, wrong.clone(), auditor).await, Err(Problem::NotAllowed));
        assert!(matches!(create(&world.app, wrong, by).await, Err(Problem::Invalid { field: "code", .. })));
        let seen = shown(&world, by, spring.clone()).await;
        discard(&world.app, seen, by).await.unwrap();
        assert_eq!(catalog_desk::version(&world.app, spring, by).await, Err(Problem::NotFound("offering")));
        let told: Vec<String> = log(&world).await.into_iter().map(|(_, action, _)| action).collect();
        assert_eq!(told, ["catalog.drafted", "catalog.edited", "catalog.discarded"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_new_version_takes_the_place_of_the_old_one_and_orders_keep_theirs() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let kit = world.line(Family::Watch).await;
        let (open, attempt) = world.checkout(&kit, "days").await;
        assert_eq!(drafted(&world, by, "12").await, days(2));
        assert_eq!(drafted(&world, by, "12").await, days(2), "sent twice");
        let another = next(&world.app, days(2), content("13"), by).await;
        assert_eq!(another, Err(Problem::CatalogRefuses(NotDone::AnotherDraft)));
        assert_eq!(next(&world.app, days(1), content("13"), by).await, Err(Problem::Stale), "there is a newer one");
        does(&world, by, days(2), Act::Publish).await.unwrap();
        assert_eq!(sale(&world, by, 1).await.0, Standing::Retired);
        assert_eq!(sale(&world, by, 2).await, (Standing::Published, Some(now(&world))));
        assert_eq!(look(&world, by, days(2)).await.replaces().unwrap().reference(), &days(1));
        // What was sold never changes, but what it costs upstream can be noted.
        let old = shown(&world, by, days(1)).await;
        let edited = edit(&world.app, old.clone(), content("1"), by).await;
        assert_eq!(edited, Err(Problem::CatalogRefuses(NotDone::NotADraft)));
        assert_eq!(discard(&world.app, old.clone(), by).await, Err(Problem::CatalogRefuses(NotDone::NotADraft)));
        assert_eq!(
            act(&world.app, old.clone(), Act::Publish, by).await,
            Err(Problem::CatalogRefuses(NotDone::NewerOnSale))
        );
        note_cost(&world.app, old, Some(5_000_000), by).await.unwrap();
        // The order that was open is paid at its price; the old version is not ordered any more.
        world.pays(&attempt).await;
        world.settle().await;
        let paid = world.order_now(&open).await;
        assert_eq!((paid.state, paid.price, paid.offering), (OrderState::InEffect, cny("9.90"), days(1)));
        let late = orders(&world, &kit, days(1), OrderId(world.app.clock.id())).await;
        assert_eq!(late, Err(Problem::NotSellable(NotSellable::NotOnSale)));
        let new = orders(&world, &kit, days(2), OrderId(world.app.clock.id())).await.unwrap();
        assert_eq!(new.price, cny("12"));
        // And nothing of what it costs leaves with what customers are told.
        let told: Vec<_> = log(&world).await;
        assert_eq!(told.last().unwrap().1, "catalog.cost_noted");
        assert!(told.contains(&("staff".to_owned(), "catalog.published".to_owned(), "days@2".to_owned())));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_planned_happens_at_its_time_however_late_and_can_be_taken_back() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let at = |hours: i64| Some(now(&world).plus_us(hours * HOUR_US));
        let (begins, ends) = (at(24), at(72));
        drafted(&world, by, "12").await;
        let plan = Act::Plan { publish_at: begins, retire_at: ends };
        does(&world, by, days(2), plan).await.unwrap();
        assert_eq!(sale(&world, by, 2).await.0, Standing::Scheduled);
        assert_eq!(
            does(&world, by, days(1), Act::Plan { publish_at: at(1), retire_at: None }).await,
            Err(Problem::CatalogRefuses(NotDone::OnSale))
        );
        world.sound().await;
        // Taken back, nothing happens.
        does(&world, by, days(2), Act::Unplan).await.unwrap();
        world.skip_days(2).await;
        assert_eq!((sale(&world, by, 1).await.0, sale(&world, by, 2).await.0), (Standing::Published, Standing::Draft));
        let (begins, ends) = (at(1), at(25));
        does(&world, by, days(2), Act::Plan { publish_at: begins, retire_at: ends }).await.unwrap();
        does(&world, by, days(1), Act::Plan { publish_at: None, retire_at: at(30) }).await.unwrap();
        // On time.
        world.pass(HOUR_US).await;
        let view = look(&world, by, days(2)).await;
        assert_eq!(
            (view.version.standing(), view.version.published.unwrap().at),
            (Standing::Published, begins.unwrap())
        );
        assert_eq!((view.version.published.unwrap().by, view.version.planned_by), (Some(by), Some(by)));
        assert_eq!(sale(&world, by, 1).await.0, Standing::Retired, "at the same instant; its own plan is void");
        // Late by days: it counts from its own time.
        world.app.clock.pass_us(9 * DAY_US);
        timers::run_due(&world.app, world.app.clock.now()).await.unwrap();
        let view = look(&world, by, days(2)).await;
        assert_eq!((view.version.standing(), view.version.retired.unwrap().at), (Standing::Retired, ends.unwrap()));
        let by_itself: Vec<_> = log(&world).await.into_iter().filter(|(actor, ..)| actor == "system").collect();
        assert_eq!(
            by_itself.iter().map(|(_, action, _)| action.as_str()).collect::<Vec<_>>(),
            ["catalog.published", "catalog.retired"]
        );
        assert_eq!(timers::run_due(&world.app, world.app.clock.now()).await.unwrap(), 0, "nothing is left to do");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn several_that_are_late_happen_one_after_the_other_and_once_on_two_nodes() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let mut expected = Vec::new();
        for (code, hours) in [("c", 3), ("a", 5), ("b", 1)] {
            let mut new = content("19.90");
            new.offering.reference.code = code.to_owned();
            let reference = create(&world.app, new, by).await.unwrap();
            let publish_at = Some(now(&world).plus_us(hours * HOUR_US));
            does(&world, by, reference.clone(), Act::Plan { publish_at, retire_at: None }).await.unwrap();
            expected.push((hours, reference.to_string()));
        }
        expected.sort();
        world.app.clock.pass_us(DAY_US);
        let node = world.another_node();
        let (one, two) = tokio::join!(
            timers::run_due(&world.app, world.app.clock.now()),
            timers::run_due(&node.app, node.app.clock.now())
        );
        one.unwrap();
        two.unwrap();
        let published: Vec<String> = log(&world)
            .await
            .into_iter()
            .filter(|(_, action, _)| action == "catalog.published")
            .map(|(.., which)| which)
            .collect();
        assert_eq!(published, expected.into_iter().map(|(_, which)| which).collect::<Vec<_>>());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_two_who_act_at_once_one_is_told_that_it_changed() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let node = world.another_node();
        drafted(&world, by, "12").await;
        let seen = shown(&world, by, days(2)).await;
        // Two publish.
        let (one, two) = tokio::join!(
            act(&world.app, seen.clone(), Act::Publish, by),
            act(&node.app, seen.clone(), Act::Publish, by)
        );
        let mut both = [one, two];
        both.sort_by_key(Result::is_err);
        assert_eq!(both, [Ok(()), Err(Problem::Stale)]);
        // One edits and one publishes: what is on sale is what was seen, or nothing is on sale.
        let third = next(&world.app, days(2), content("13"), by).await.unwrap();
        let seen = shown(&world, by, third.clone()).await;
        let (edited, published) = tokio::join!(
            edit(&world.app, seen.clone(), content("14"), by),
            act(&node.app, seen.clone(), Act::Publish, by)
        );
        let is = look(&world, by, third.clone()).await.version;
        match (edited, published) {
            (Ok(_), Err(Problem::Stale)) => {
                assert_eq!((is.offering.price, is.standing()), (cny("14"), Standing::Draft))
            }
            (Err(Problem::CatalogRefuses(NotDone::NotADraft)), Ok(())) => {
                assert_eq!((is.offering.price, is.standing()), (cny("13"), Standing::Published));
            }
            other => panic!("{other:?}"),
        }
        let on_sale = look(&world, by, days(1))
            .await
            .all
            .into_iter()
            .filter(|one| one.offering.sale == SaleState::Published)
            .count();
        assert_eq!(on_sale, 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_order_that_is_placed_while_its_version_is_replaced_stands_in_one_of_them() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let node = world.another_node();
        let mut newest = 1;
        for round in 0..6 {
            let kit = world.line(Family::Watch).await;
            let id = OrderId(world.app.clock.id());
            let price = format!("{}", 12 + round);
            let draft = next(&world.app, days(newest), content(&price), by).await.unwrap();
            let before = look(&world, by, days(newest)).await.version.offering.price;
            let seen = shown(&world, by, draft.clone()).await;
            let (placed, published) =
                tokio::join!(orders(&world, &kit, days(newest), id), act(&node.app, seen, Act::Publish, by));
            published.unwrap();
            match placed {
                Ok(order) => {
                    assert_eq!((order.price, order.offering.clone()), (before, days(newest)));
                    let attempt = start_payment::start_payment(
                        &world.app,
                        kit.customer,
                        id,
                        Method::AlipayQr,
                        start_payment::Payer::default(),
                    )
                    .await
                    .unwrap();
                    world.pays(&attempt).await;
                    world.settle().await;
                    assert_eq!(world.order_now(&order).await.state, OrderState::InEffect, "it is honoured");
                }
                Err(refused) => assert_eq!(refused, Problem::NotSellable(NotSellable::NotOnSale)),
            }
            newest = draft.version;
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_renewal_by_itself_asks_again_where_the_new_version_gives_less() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let lines = [world.line(Family::Watch).await, world.line(Family::Watch).await];
        for kit in &lines {
            world.buys(kit, "topup").await;
            world.buys(kit, "days").await;
            agrees(&world, kit, &[PayWith::Credit]).await;
        }
        let state = async |kit: &Kit| view(&world.app, kit.customer, kit.line).await.unwrap().setting.unwrap().state;
        // More for less: that was agreed to.
        let mut more = content("9");
        more.offering.included[0].amount += 1;
        let second = next(&world.app, days(1), more, by).await.unwrap();
        does(&world, by, second, Act::Publish).await.unwrap();
        world.skip_days(23).await;
        assert!(matches!(state(&lines[0]).await, State::Announced { .. }));
        // Less for the same: it is asked again, also when it was announced already.
        let mut less = content("9.90");
        less.offering.included[0].amount -= 1;
        let third = next(&world.app, days(2), less, by).await.unwrap();
        does(&world, by, third.clone(), Act::Publish).await.unwrap();
        world.skip_days(5).await;
        for kit in &lines {
            assert!(matches!(state(kit).await, State::AsksConsent { .. }), "{:?}", state(kit).await);
            assert_eq!(renewals(&world, kit).await.len(), 0);
        }
        // And where it is not sold at all, its owner is told.
        does(&world, by, third, Act::Retire).await.unwrap();
        world.skip_days(1).await;
        assert_eq!(renewals(&world, &lines[0]).await.len(), 0);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_plan_for_new_lines_is_ordered_once_however_late_it_is_paid() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let mut welcome = content("1");
        welcome.offering.reference.code = "welcome".to_owned();
        welcome.offering.eligibility = Eligibility { new_lines_only: true, per_line_max: None };
        let welcome = create(&world.app, welcome, by).await.unwrap();
        does(&world, by, welcome.clone(), Act::Publish).await.unwrap();
        let kit = world.line(Family::Watch).await;
        world.sql("UPDATE line SET state = 'silent'", args![]).await;
        let id = || OrderId(world.app.clock.id());
        let first = orders(&world, &kit, welcome.clone(), id()).await.unwrap();
        let refused = orders(&world, &kit, welcome.clone(), id()).await;
        assert_eq!(
            refused,
            Err(Problem::NotSellable(NotSellable::NewLinesOnly)),
            "one that waits to be paid will begin"
        );
        world.pass(HOUR_US).await;
        assert_eq!(world.order_now(&first).await.state, OrderState::Closed);
        orders(&world, &kit, welcome.clone(), id()).await.unwrap();
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_limited_is_bought_so_often_and_by_no_guest() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let mut welcome = content("1");
        welcome.offering.reference.code = "welcome".to_owned();
        welcome.offering.eligibility = Eligibility { new_lines_only: false, per_line_max: Some(1) };
        let welcome = create(&world.app, welcome, by).await.unwrap();
        does(&world, by, welcome.clone(), Act::Publish).await.unwrap();
        let kit = world.line(Family::Watch).await;
        let guest = place_order::NewOrder {
            offering: welcome.clone(),
            placed_by: PlacedBy::Guest,
            token: Some("guest".to_owned()),
            ..world.new_order(&kit, "days", OrderId(world.app.clock.id()))
        };
        let refused = place_order::place_order(&world.app, guest).await;
        assert_eq!(refused, Err(Problem::NotSellable(NotSellable::NotOnSale)), "a guest would learn what was bought");
        // Two at once: the line's lock lets one through.
        let node = world.another_node();
        let (first, second) = (OrderId(world.app.clock.id()), OrderId(world.app.clock.id()));
        let (one, two) =
            tokio::join!(orders(&world, &kit, welcome.clone(), first), orders(&node, &kit, welcome.clone(), second));
        let mut both = [one, two];
        both.sort_by_key(Result::is_err);
        let [Ok(order), Err(Problem::NotSellable(NotSellable::LimitReached))] = both else { panic!("{both:?}") };
        let choices = everline_app::catalog::offerings(&world.app, kit.customer, kit.line).await.unwrap();
        let choice = choices.choices.into_iter().find(|choice| choice.offering.reference == welcome).unwrap();
        assert_eq!(choice.quote, Err(NotSellable::LimitReached));
        // Unpaid, it is closed and can be taken again; money that comes late for the first goes back.
        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        world.pass(HOUR_US).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Closed);
        let again = orders(&world, &kit, welcome.clone(), OrderId(world.app.clock.id())).await.unwrap();
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Closed);
        assert_eq!(world.refunds(&order).await.len(), 1);
        assert_eq!(again.state, OrderState::AwaitingPayment);
        // Another line of the same customer takes it too.
        let other = world.line_of(kit.customer, Family::Watch, NetworkKind::BuiltIn).await;
        orders(&world, &other, welcome, OrderId(world.app.clock.id())).await.unwrap();
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_line_can_never_take_fits_it_never() {
    on_both(async |world: World| {
        let by = world.member("catalog").await;
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let welcome = Eligibility { new_lines_only: true, per_line_max: None };
        for (code, eligibility, families) in [
            ("welcome", welcome, vec![Family::Watch]),
            ("once", Eligibility { new_lines_only: false, per_line_max: Some(1) }, vec![Family::Watch]),
            ("phones", Eligibility::default(), vec![Family::Phone]),
        ] {
            let mut cheap = content("1");
            cheap.offering.reference.code = code.to_owned();
            (cheap.offering.eligibility, cheap.offering.families) = (eligibility, families);
            let cheap = create(&world.app, cheap, by).await.unwrap();
            does(&world, by, cheap, Act::Publish).await.unwrap();
        }
        let session = world.attach(&kit).await.session;
        for sequence in 1..=4 {
            world.report(session, sequence, 10_000_000).await;
            world.pass(DAY_US).await;
        }
        orders(&world, &kit, OfferingRef { code: "once".to_owned(), version: 1 }, OrderId(world.app.clock.id()))
            .await
            .unwrap();
        let fit = async || {
            let found = everline_app::choose::choosing(&world.app, kit.customer, kit.line).await.unwrap();
            let fits = found.fitting.unwrap().fits;
            fits.into_iter().map(|fit| fit.plan.code).collect::<Vec<_>>()
        };
        let mine = fit().await;
        assert!(mine.contains(&"month".to_owned()), "{mine:?}");
        for never in ["welcome", "once", "phones"] {
            assert!(!mine.contains(&never.to_owned()), "{mine:?}");
        }
        // Nothing can be bought for it now, and the plans of others are still not its own.
        world.sql("UPDATE line SET state = 'suspended_barred'", args![]).await;
        let codes = async || {
            let all = everline_app::catalog::offerings(&world.app, kit.customer, kit.line).await.unwrap();
            all.choices.into_iter().map(|choice| choice.offering.reference.code).collect::<Vec<_>>()
        };
        assert!(codes().await.contains(&"month".to_owned()) && !codes().await.contains(&"phones".to_owned()));
        assert_eq!(fit().await, mine);
    })
    .await;
}

#[tokio::test]
async fn drafts_change_nothing_for_reviews_and_files_do_not_change_what_was_sold() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let kit = world.line(Family::Watch).await;
        drafted(&world, by, "12").await;
        let page = contribution::Page { customer: kit.customer, line: kit.line, offering: "days" };
        contribution::ask(&world.app, page, ContributionId(world.app.clock.id()), "能打电话吗？").await.unwrap();
        assert_eq!(contribution::open_contributions(&world.app, by).await.unwrap().offerings[0].reference, days(1));
        // A file that takes the same version off sale takes what was planned with it too.
        does(&world, by, days(2), Act::Plan { publish_at: Some(now(&world).plus_us(HOUR_US)), retire_at: None })
            .await
            .unwrap();
        let out = crate::world::loading::offerings_out(&world).await;
        assert!(!out.contains("cost"), "what it costs is in no file");
        let again = offerings::import(&importer(&world), &out, false).await.unwrap();
        assert!(again.iter().all(|change| matches!(change, offerings::Change::AlreadyThere(_))), "{again:?}");
        assert_eq!(sale(&world, by, 2).await.0, Standing::Scheduled, "a file that says the same changes nothing");
        let retired = out.replace("sale = \"draft\"", "sale = \"retired\"");
        offerings::import(&importer(&world), &retired, false).await.unwrap();
        assert_eq!(sale(&world, by, 2).await.0, Standing::Retired);
        world.skip_days(1).await;
        assert_eq!(
            (sale(&world, by, 1).await.0, sale(&world, by, 2).await.0),
            (Standing::Published, Standing::Retired)
        );
        world.sound().await;
    })
    .await;
}
