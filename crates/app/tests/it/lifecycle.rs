//! The whole life of a line on both stores, and what a clock that is wrong may not do to it.

use crate::world::stock::{GB, whole_life};
use crate::world::{Kit, START_US, World, on_both};
use everline_app::add_line::NewLine;
use everline_app::lifecycle_command::{command_by_staff, lifecycle_command};
use everline_app::line_history::line_events;
use everline_app::{Problem, device, privacy, ready, sign_in, staff, timers, what_if};
use everline_core::audit::Actor;
use everline_core::brand::FamilyRules;
use everline_core::charging::{Allowance, Service};
use everline_core::effects::NetworkAction;
use everline_core::identifiers::Iccid;
use everline_core::ids::{CustomerId, LineId};
use everline_core::ledger::LedgerAccount;
use everline_core::lifecycle::{HandOver, LifecycleCommand as Do, LifecycleRefusal as No};
use everline_core::line::{DeviceKind, LineState as Is, NetworkKind, SuspendCause};
use everline_core::offering::{Family, Unit};
use everline_core::order::OrderState;
use everline_core::quote::NotSellable;
use everline_core::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US, SystemTime};
use everline_store::tables::{customer, directory, sim};
use everline_store::{Stop, args};
use std::sync::Arc;

async fn asked(world: &World, kit: &Kit, command: Do) -> Result<Is, No> {
    let done = lifecycle_command(&world.app, kit.customer, kit.line, command).await.unwrap();
    world.settle().await;
    done.map(|line| line.state)
}
/// A line of a rule for every age, made ready in stock.
async fn in_stock(world: &World) -> Kit {
    let kit = world.line(Family::Travel).await;
    world.sql("UPDATE line SET state = 'stock' WHERE id = $1", args![kit.line]).await;
    kit
}
/// A line of a rule for every age, on a Sim.
fn new_line(kit: &Kit, iccid: Iccid) -> NewLine {
    NewLine {
        id: kit.line,
        customer: kit.customer,
        msisdn: kit.msisdn.clone(),
        name: String::new(),
        device: DeviceKind::Watch,
        family: Family::Travel,
        network: NetworkKind::BuiltIn,
        guest_renewal: true,
        iccid,
        imsi: kit.imsi.clone(),
        esim: false,
    }
}
async fn found(world: &World, kind: directory::Name, name: &str) -> Option<CustomerId> {
    let name = name.to_owned();
    let found = world.look(move |tx| {
        let name = name.clone();
        Box::pin(async move { directory::find(tx, kind, &name).await })
    });
    found.await.map(|(customer, _)| customer)
}
async fn iccid(world: &World, kit: &Kit) -> Iccid {
    let line = kit.line;
    world.look(move |tx| Box::pin(async move { sim::primary_of(tx, line).await })).await.unwrap()
}
fn day(world: &World, at: BusinessTime) -> String {
    world.app.zone.local(at).strftime("%m-%d %H:%M").to_string()
}
async fn history(world: &World, kit: &Kit) -> Vec<String> {
    let mut events = line_events(&world.app, kit.customer, kit.line).await.unwrap();
    events.reverse();
    events.into_iter().map(|event| format!("{} {} {}", day(world, event.at), event.state, event.cause)).collect()
}

#[tokio::test]
async fn a_line_lives_from_stock_to_stock() {
    on_both(async |world: World| {
        let kit = in_stock(&world).await;
        let (sim, number) = (iccid(&world, &kit).await, kit.msisdn.clone());
        assert!(matches!(asked(&world, &kit, Do::HandOver(HandOver::Test)).await, Ok(Is::Test { .. })));
        assert_eq!(world.order(&kit, "days").await, Err(Problem::NotSellable(NotSellable::LineState)));
        let session = world.attach(&kit).await;
        assert!(session.online);
        assert_eq!(session.octets_left, 500_000_000);
        assert!(!world.report(session.session, 1, GB).await.online, "a trial is used up");
        world.skip_days(10).await; // the test is over
        world.skip_days(1).await;
        world.buys(&kit, "days").await;
        assert_eq!(world.radio.did(session.session), Some(NetworkAction::Reauthorize));
        world.sound().await;

        let steps =
            what_if::what_if(&world.app, kit.customer, kit.line, world.app.clock.now().business.plus_us(300 * DAY_US));
        let told: Vec<String> = (steps.await.unwrap().steps.iter().filter(|step| step.changes))
            .map(|step| format!("{} {} time", day(&world, step.at), step.state.word()))
            .collect();
        for _ in 0..6 {
            world.skip_days(40).await;
            world.sound().await;
        }
        let lived = history(&world, &kit).await;
        assert_eq!(
            lived,
            [
                "03-10 12:00 test hand_over_for_test",
                "03-20 12:00 silent time",
                "03-21 12:00 active paid",
                "04-20 12:00 grace time",
                "04-22 12:00 suspended time",
                "05-22 12:00 number_kept time",
                "08-20 12:00 terminated time",
                "08-25 12:00 quarantined time",
                "10-24 12:00 closed time",
            ]
        );
        assert_eq!(told, lived[3..], "what was told is what happened");
        assert_eq!(
            world.messenger.told("13900000001"),
            [
                "paid_not_in_effect",
                "renewal_in_effect",
                "grace_began",
                "suspended",
                "number_kept",
                "number_ends",
                "terminated"
            ]
        );

        // Nothing leads to it any more, and number and Sim can be given out again.
        assert_eq!(found(&world, directory::Name::Msisdn, number.as_str()).await, None);
        assert_eq!(found(&world, directory::Name::Imsi, kit.imsi.as_str()).await, None);
        assert_eq!(found(&world, directory::Name::Iccid, sim.as_str()).await, None);
        assert_eq!(found(&world, directory::Name::Session, &session.session.to_string()).await, None);
        let customer = world.person().await;
        let id = LineId(world.app.clock.id());
        let again = new_line(&Kit { customer, line: id, ..kit.clone() }, sim);
        world.add_line(again).await.unwrap();
        let next = Kit { customer, line: id, ..kit.clone() };
        world.buys(&next, "days").await;
        assert!(world.attach(&next).await.online);
        assert_eq!(world.line_now(&kit).await.state, Is::Closed, "the old record is history");
        let home = everline_app::home::home(&world.app, kit.customer).await.unwrap();
        assert_eq!(home.lines, vec![]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_sold_has_the_end_that_the_rules_give_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        let sold = world.app.clock.now().business;
        assert_eq!(world.line_now(&kit).await.state, Is::Silent { until: Some(sold.plus_us(20 * DAY_US)) });
        let lasting = world.line(Family::Watch).await;
        assert_eq!(world.line_now(&lasting).await.state, Is::Silent { until: None }, "no rule, no end");
        world.sound().await;
        world.skip_days(20).await;
        assert_eq!(history(&world, &kit).await, ["03-30 12:00 suspended time"]);
        assert_eq!(world.line_now(&lasting).await.state, Is::Silent { until: None });
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_leaves_no_state_to_begin_in_sells_nothing() {
    on_both(async |world: World| {
        let mut brand = (*world.app.brand).clone();
        let nothing = FamilyRules {
            silent_days: Some(0),
            suspended_days: Some(0),
            keep_number_days: Some(0),
            ..FamilyRules::default()
        };
        brand.families.insert(Family::Travel, nothing);
        let mut strict = world.clone();
        strict.app.brand = Arc::new(brand);
        let kit = Kit { line: LineId(world.app.clock.id()), ..world.line(Family::Watch).await };
        let new = new_line(&kit, Iccid::parse("89860300000000000777").unwrap());
        let refused = strict.add_line(new).await;
        assert!(matches!(refused, Err(Stop::Refused(Problem::Invalid { field: "family", .. }))), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_terminated_is_nobodys_address_and_earns_until_its_number_rests() {
    on_both(async |world: World| {
        // Its owner signs in with the line's own number.
        let kit = world.line(Family::Travel).await;
        let number = kit.msisdn.as_str().to_owned();
        world
            .sql("UPDATE customer SET contact = $2 WHERE customer_id = $1", args![kit.customer, number.as_str()])
            .await;
        world
            .sql(
                "UPDATE directory SET name = $2 WHERE kind = 'login' AND customer_id = $1",
                args![kit.customer, number.as_str()],
            )
            .await;
        world.buys(&kit, "days").await;
        let queued = world.buys(&kit, "days").await;
        let first_use = world.buys(&kit, "trip").await;
        let session = world.attach(&kit).await.session;
        let (_, late) = world.checkout(&kit, "topup").await;
        let code = sign_in::request_code(&world.app, &number, "en").await.unwrap();
        let told = world.messenger.told(&number).len();

        assert!(matches!(asked(&world, &kit, Do::Terminate).await, Ok(Is::Terminated { .. })));
        assert_eq!(asked(&world, &kit, Do::ReportLost).await, Err(No::Over));
        assert_eq!(world.radio.did(session), Some(NetworkAction::Redirect));
        assert_eq!(found(&world, directory::Name::Login, &number).await, None);
        assert_eq!(
            found(&world, directory::Name::Msisdn, &number).await,
            Some(kit.customer),
            "it is not given out yet"
        );
        assert_eq!(
            device::attach(&world.app, kit.imsi.as_str(), "http://radio").await,
            Err(Problem::NotFound("subscriber"))
        );
        world.pays(&late).await;
        world.settle().await;
        assert_eq!(world.messenger.told(&number).len(), told, "no more messages to it");
        let digits = world.messenger.parameter(&number, "code").unwrap();
        assert_eq!(
            sign_in::sign_in(&world.app, code, &digits, sign_in::Newcomer { language: "en", agrees: false }, "").await,
            Err(Problem::CodeGone),
            "it proves nobody"
        );
        world.sound().await;

        world.skip_days(4).await;
        let sold = 2 * 9_900_000 + 29_000_000;
        let revenue = world.balance(kit.customer, LedgerAccount::Revenue).await;
        assert!(revenue < sold, "what is not used can be paid out");
        assert_eq!(revenue + world.balance(kit.customer, LedgerAccount::DeferredRevenue).await, sold);
        world.skip_days(2).await;
        assert!(matches!(world.line_now(&kit).await.state, Is::Quarantined { .. }));
        assert_eq!(world.balance(kit.customer, LedgerAccount::Revenue).await, sold);
        assert_eq!(world.balance(kit.customer, LedgerAccount::DeferredRevenue).await, 0);
        for order in [&queued, &first_use] {
            let order = world.order_now(order).await;
            assert_eq!((order.state, order.starts_at), (OrderState::InEffect, order.ends_at));
        }
        world.sound().await;
        world.skip_days(60).await;
        assert_eq!(world.line_now(&kit).await.state, Is::Closed);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_line_is_cut_off_until_it_is_found_and_cannot_be_renewed() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        let session = world.attach(&kit).await.session;
        assert_eq!(asked(&world, &kit, Do::ReportLost).await, Ok(Is::Suspended(SuspendCause::Lost)));
        assert_eq!(world.radio.did(session), Some(NetworkAction::Redirect));
        assert!(!world.attach(&kit).await.online, "a thief's restart changes nothing");
        assert_eq!(world.order(&kit, "days").await, Err(Problem::NotSellable(NotSellable::LineState)));
        assert_eq!(asked(&world, &kit, Do::ReportLost).await, Err(No::Lost));
        world.sound().await;
        world.skip_days(5).await;
        assert_eq!(asked(&world, &kit, Do::LiftLost).await, Ok(Is::Active));
        assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Full);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_staff_commands_is_kept_with_who_and_why() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        let link = staff::add(&world.app, Actor::CommandLine, "he.jing", "何静", "agent").await.unwrap();
        let by_staff = async |number: &str, command, by: &str, reason: &str| {
            let done = command_by_staff(&world.app, number, command, (by, reason)).await;
            done.map(|done| done.map(|line| line.state))
        };
        let number = kit.msisdn.as_str();
        let wrong =
            |field| move |problem: &Problem| matches!(problem, Problem::Invalid { field: of, .. } if *of == field);
        let invited = by_staff(number, Do::Bar, "he.jing", "fraud").await.unwrap_err();
        assert!(wrong("by")(&invited), "a member who never signed in: {invited:?}");
        everline_app::staff_sign_in::set_password(&world.app, &link, "a password of some length", crate::world::FROM)
            .await
            .unwrap()
            .unwrap();
        for (number, by, reason, field) in [
            ("12", "he.jing", "fraud", "number"),
            (number, "nobody", "fraud", "by"),
            (number, "he.jing", " ", "reason"),
            (number, "he.jing", "a\tb", "reason"),
            (number, "he.jing", &"x".repeat(201), "reason"),
        ] {
            let refused = by_staff(number, Do::Bar, by, reason).await.unwrap_err();
            assert!(wrong(field)(&refused), "{refused:?}");
        }
        assert_eq!(by_staff("13000000000", Do::Bar, "he.jing", "fraud").await, Err(Problem::NotFound("line")));
        assert_eq!(by_staff(number, Do::LiftBar, "he.jing", "fraud").await, Ok(Err(No::NotBarred)));
        assert_eq!(history(&world, &kit).await.len(), 1, "what was refused left nothing");

        let barred = Ok(Ok(Is::Suspended(SuspendCause::Barred)));
        assert_eq!(by_staff(&format!("+86 {number}"), Do::Bar, "he.jing", " police request 7 ").await, barred);
        world.settle().await;
        let events = line_events(&world.app, kit.customer, kit.line).await.unwrap();
        let newest = &events[0];
        assert_eq!((newest.state.as_str(), newest.cause.as_str()), ("suspended_barred", "bar"));
        assert_eq!(newest.commanded_by.as_deref(), Some("he.jing"));
        assert_eq!(newest.reason.as_deref(), Some("police request 7"));
        assert_eq!((&events[1].commanded_by, &events[1].reason), (&None, &None), "nobody commanded the purchase");
        // The customer is told all of it, and it goes when they are erased.
        let all = privacy::export(&world.app.store, kit.customer, &world.app.zone).await.unwrap();
        assert_eq!(all["records"]["line_event"][1]["reason"], "police request 7");
        assert_eq!(by_staff(number, Do::Terminate, "he.jing", "asked to").await.unwrap().unwrap().word(), "terminated");
        world.skip_days(6).await;
        privacy::erase(&world.app.store, kit.customer, world.app.clock.now().business).await.unwrap();
        let events = line_events(&world.app, kit.customer, kit.line).await.unwrap();
        assert!(events.iter().all(|event| event.reason.is_none()), "{events:?}");
        assert_eq!(events[1].commanded_by.as_deref(), Some("he.jing"), "that somebody did it stays");
        staff::disable(&world.app, Actor::CommandLine, "he.jing", None).await.unwrap();
        assert!(wrong("by")(&by_staff(number, Do::Bar, "he.jing", "x").await.unwrap_err()));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_no_longer_true_is_not_sent() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        let contact =
            world.look(move |tx| Box::pin(async move { customer::get(tx, kit.customer).await })).await.contact;
        let contact = contact.unwrap();
        let before = world.messenger.told(contact.as_str()).len();
        for command in [Do::KeepNumber, Do::BringBack, Do::KeepNumber] {
            lifecycle_command(&world.app, kit.customer, kit.line, command).await.unwrap().unwrap();
            world.app.clock.pass_us(1_000_000);
        }
        world.settle().await;
        // Messages of one moment leave in any order.
        let told_since = |before: usize| {
            let mut told = world.messenger.told(contact.as_str()).split_off(before);
            told.sort_unstable();
            told
        };
        let told = told_since(before);
        assert_eq!(told, ["number_kept", "number_kept", "service_restored"], "kept again, it is true again");
        let kept_until = world.line_now(&kit).await.state.until().unwrap();
        let told = world.messenger.parameter(contact.as_str(), "kept_until");
        assert_eq!(told, Some(world.app.zone.date(kept_until).to_string()));
        for command in [Do::BringBack, Do::KeepNumber, Do::BringBack] {
            lifecycle_command(&world.app, kit.customer, kit.line, command).await.unwrap().unwrap();
            world.app.clock.pass_us(1_000_000);
        }
        world.settle().await;
        assert_eq!(told_since(before + 3), ["service_restored", "service_restored"], "it is not kept any more");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_number_that_is_kept_comes_back_by_paying() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        world.attach(&kit).await;
        assert!(matches!(asked(&world, &kit, Do::KeepNumber).await, Ok(Is::NumberKept { .. })));
        assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Redirected);
        world.buys(&kit, "topup").await;
        assert!(!world.line_now(&kit).await.state.in_service(), "money alone does not");
        let more = world.buys(&kit, "days").await;
        assert_eq!((world.line_now(&kit).await.state, more.state), (Is::Active, OrderState::Queued));
        assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Full);
        world.sound().await;
        // Not renewed for long, its number is kept by itself; it comes back too.
        world.skip_days(30 + 30 + 2 + 30 + 1).await;
        assert!(matches!(world.line_now(&kit).await.state, Is::NumberKept { .. }));
        let renewed = world.buys(&kit, "days").await;
        assert_eq!((world.line_now(&kit).await.state, renewed.state), (Is::Active, OrderState::InEffect));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_rule_that_is_changed_later_does_not_shorten_what_was_told() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        world.skip_days(33).await;
        let until = world.line_now(&kit).await.state.until();
        let mut brand = (*world.app.brand).clone();
        brand
            .families
            .insert(Family::Travel, FamilyRules { suspended_days: Some(1), keep_number_days: Some(7), ..whole_life() });
        let mut changed = world.clone();
        changed.app.brand = Arc::new(brand);
        changed.skip_days(29).await;
        let line = changed.line_now(&kit).await;
        assert_eq!(
            (Some(line.state_since), line.state),
            (until, Is::NumberKept { until: until.map(|at| at.plus_us(7 * DAY_US)) })
        );
        changed.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_command_comes_after_what_fell_due_before_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        world.app.clock.set_business_offset_us(33 * DAY_US); // no timer has run
        assert_eq!(asked(&world, &kit, Do::Bar).await, Ok(Is::Suspended(SuspendCause::Barred)));
        assert_eq!(
            history(&world, &kit).await[1..],
            ["04-09 12:00 grace time", "04-11 12:00 suspended time", "04-12 12:00 suspended_barred bar",]
        );
        world.sound().await;
    })
    .await;
}

// Clocks that are wrong.

#[tokio::test]
async fn a_clock_that_jumps_expires_nothing_and_delivers_nothing_twice() {
    on_both(async |world: World| {
        for jump in [-3_650 * DAY_US, -DAY_US, -2 * HOUR_US, 2 * HOUR_US, DAY_US, 3_650 * DAY_US] {
            let kit = world.line(Family::Travel).await;
            world.buys(&kit, "days").await;
            let (order, attempt) = world.checkout(&kit, "days").await;
            let before = world.line_now(&kit).await;
            world.app.clock.jump_us(jump);
            world.pass(MINUTE_US).await;
            assert_eq!(timers::run_due(&world.app, world.app.clock.now()).await, Ok(0));
            assert!(ready::ready(&world.app).await.is_err(), "somebody must look");
            assert!(timers::advance_business_time(&world.app, 1).await.is_err());
            let line = world.line_now(&kit).await;
            assert_eq!((line.state, line.service_until), (before.state, before.service_until), "{jump}");
            // Money is taken meanwhile, once, where it belongs.
            world.pays(&attempt).await;
            world.pays_again(&attempt).await;
            world.settle().await;
            let order = world.order_now(&order).await;
            assert_eq!((order.state, order.starts_at), (OrderState::Queued, before.service_until), "{jump}");
            assert_eq!(order.ends_at.unwrap().since_us(order.starts_at.unwrap()), 30 * DAY_US);
            // Set right again, and confirmed.
            world.app.clock.jump_us(-jump);
            timers::accept_time(&world.app).await.unwrap();
            world.pass(MINUTE_US).await;
            assert_eq!(ready::ready(&world.app).await, Ok(()));
            assert_eq!(world.line_now(&kit).await.state, Is::Active);
            world.sound().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_new_time_that_people_accept_is_the_time_for_all_nodes() {
    on_both(async |world: World| {
        let kit = world.line(Family::Travel).await;
        world.buys(&kit, "days").await;
        let other = world.another_node();
        let (mut seen, mut seen_there) = (None, None);
        timers::watch_time(&world.app, &mut seen).await.unwrap();
        for clock in [&world.app.clock, &other.app.clock] {
            clock.jump_us(40 * DAY_US);
            assert!(clock.doubt().is_some());
        }
        timers::watch_time(&other.app, &mut seen_there).await.unwrap();
        assert!(other.app.clock.doubt().is_some(), "nobody accepted it");
        timers::accept_time(&world.app).await.unwrap();
        timers::watch_time(&other.app, &mut seen_there).await.unwrap();
        assert_eq!(other.app.clock.doubt(), None);
        other.pass(1).await;
        assert!(matches!(world.line_now(&kit).await.state, Is::Suspended(SuspendCause::NotRenewed { .. })));
        // An acceptance of long ago is none of the next jump.
        other.app.clock.jump_us(-2 * HOUR_US);
        timers::watch_time(&other.app, &mut seen_there).await.unwrap();
        assert!(other.app.clock.doubt().is_some());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_start_with_a_wrong_clock_waits_too() {
    on_both(async |world: World| {
        timers::watch_time(&world.app, &mut None).await.unwrap();
        let start = |us: i64| {
            let mut node = world.another_node();
            node.app.clock = Arc::new(everline_app::clock::Clock::manual(SystemTime::from_us(START_US + us), 9));
            node
        };
        for (us, doubted) in [
            (-2 * HOUR_US, true),
            (-HOUR_US / 2, false),
            (0, false),
            (23 * HOUR_US, false),
            (25 * HOUR_US, true),
            (3_650 * DAY_US, true),
        ] {
            let node = start(us);
            timers::restore_business_time(&node.app).await.unwrap();
            assert_eq!(node.app.clock.doubt().is_some(), doubted, "{us}");
            let believed = if doubted { START_US } else { START_US + us };
            assert_eq!(node.app.clock.now().business.us(), believed);
        }
        let late = start(3 * DAY_US); // it was away for three days
        timers::restore_business_time(&late.app).await.unwrap();
        timers::accept_time(&late.app).await.unwrap();
        let again = start(3 * DAY_US + 1);
        timers::restore_business_time(&again.app).await.unwrap();
        assert_eq!(again.app.clock.doubt(), None);
    })
    .await;
}

#[tokio::test]
async fn a_trial_is_the_only_thing_a_line_under_test_has() {
    on_both(async |world: World| {
        let kit = in_stock(&world).await;
        asked(&world, &kit, Do::HandOver(HandOver::Test)).await.unwrap();
        asked(&world, &kit, Do::EndTest).await.unwrap();
        assert_eq!(world.allowance(&kit).await, Allowance::default());
        assert_eq!(world.allowance(&kit).await.left(Unit::Octets, world.app.clock.now().business), 0);
        world.sound().await;
    })
    .await;
}
