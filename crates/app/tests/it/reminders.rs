//! Reminders from charging and from time, whom they reach, and what becomes of those that lost their sense; answers to short
//! messages.

use crate::auto_renew::{agrees, watch_with_card};
use crate::world::outside::Fate as Call;
use crate::world::stock::GB;
use crate::world::{Kit, World, on_both};
use everline_app::home::Advice;
use everline_app::ports::ReceivedMessage;
use everline_app::reminders::{contacts, link, set, view};
use everline_app::{App, Problem, auto_renew, keywords, sign_in};
use everline_core::effects::MessageKind;
use everline_core::identifiers::Msisdn;
use everline_core::ids::RawId;
use everline_core::message::{Channel, Fate};
use everline_core::offering::Family;
use everline_core::reminder::{Quiet, Reminders};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::tables::message;
use std::sync::Arc;

const PERSON: &str = "13700000001";

/// A world whose brand reminds as brands do.
fn usual(mut world: World) -> World {
    let mut brand = (*world.app.brand).clone();
    brand.reminders = Reminders::default();
    world.app.brand = Arc::new(brand);
    world
}

/// The reminders among what the owner was told.
async fn reminded(world: &World, kit: &Kit) -> Vec<&'static str> {
    let mut told = world.told(kit).await;
    told.retain(|template| template.starts_with("reminder_"));
    told
}

/// The code that went to a number last.
fn code_to(world: &World, number: &str) -> String {
    world.messenger.parameter(number, "code").unwrap()
}

async fn add_person(world: &World, kit: &Kit) {
    let app = &world.app;
    let request = contacts::ask(app, kit.customer, kit.line, PERSON, "en").await.unwrap();
    let code = code_to(world, PERSON);
    contacts::add(app, kit.customer, kit.line, (request, &code), "en").await.unwrap();
}

#[tokio::test]
async fn used_data_is_told_within_the_charging_that_crosses_a_step() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 7 * GB).await;
        world.pass(1_000_000).await;
        assert_eq!(reminded(&world, &kit).await, Vec::<&str>::new());
        world.report(session, 2, GB).await;
        world.pass(1_000_000).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_threshold"]);
        assert_eq!(world.said(&kit, "percent").await.as_deref(), Some("80"));
        assert_eq!(world.said(&kit, "left").await.as_deref(), Some("2 GB"));
        // Reported again, or a little more: the same step. The next step waits for the next day.
        world.report(session, 2, GB).await;
        world.report(session, 3, 1_500_000_000).await;
        world.pass(1_000_000).await;
        assert_eq!(reminded(&world, &kit).await.len(), 1);
        world.pass(DAY_US).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_threshold", "reminder_threshold"]);
        let shown = view(&world.app, kit.customer, kit.line).await.unwrap();
        let steps: Vec<u8> = shown.told.iter().map(|told| told.reminder.step).collect();
        assert_eq!(steps, [90, 75]);
        assert_eq!(shown.told[0].fates, [(Channel::Sms, Fate::Accepted, false)]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_end_is_told_by_time_and_not_to_who_renewed() {
    on_both(async |world: World| {
        let world = usual(world);
        let (kit, renewed) = (world.line(Family::Watch).await, world.line(Family::Watch).await);
        world.buys(&kit, "days").await;
        world.buys(&renewed, "days").await;
        world.buys(&renewed, "days").await;
        world.skip_days(31).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_expiry"; 3]);
        assert_eq!(reminded(&world, &renewed).await, Vec::<&str>::new());
        assert_eq!(world.told(&kit).await.last(), Some(&"suspended"), "and then it is cut off");
        world.skip_days(30).await;
        assert_eq!(reminded(&world, &kit).await.len(), 3, "a line without service is not reminded");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_renewed_while_a_reminder_waited_is_not_told() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "days").await;
        // The provider of messages is away when the reminder is due.
        world.messenger.always("send", Call::Silent);
        world.skip_days(24).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.pays(&attempt).await;
        world.messenger.always("send", Call::Works);
        world.pass(30 * MINUTE_US).await;
        assert_eq!(world.order_now(&order).await.customer, kit.customer);
        assert_eq!(reminded(&world, &kit).await, Vec::<&str>::new());
        let shown = view(&world.app, kit.customer, kit.line).await.unwrap();
        assert_eq!(shown.told[0].fates, [(Channel::Sms, Fate::Failed, false)]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_owner_chooses_what_and_when() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let app = &world.app;
        let own = |percents: &[u8]| Reminders {
            days: vec![],
            percents: percents.to_vec(),
            forecast: false,
            quiet: Some(Quiet { from: 12 * 60, until: 18 * 60 }),
        };
        assert!(matches!(
            set(app, kit.customer, kit.line, Some(own(&[77])), true).await,
            Err(Problem::Invalid { field: "percents", .. })
        ));
        let other = world.person().await;
        assert!(matches!(set(app, other, kit.line, None, true).await, Err(Problem::NotFound(_))));
        set(app, kit.customer, kit.line, Some(own(&[50])), true).await.unwrap();
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 6 * GB).await;
        world.pass(5 * HOUR_US).await;
        assert_eq!(reminded(&world, &kit).await, Vec::<&str>::new(), "it is 17 o'clock, and quiet");
        world.pass(HOUR_US + MINUTE_US).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_threshold"]);
        world.skip_days(40).await;
        assert_eq!(reminded(&world, &kit).await.len(), 1, "no other was chosen");
        set(app, kit.customer, kit.line, None, true).await.unwrap();
        assert!(!view(app, kit.customer, kit.line).await.unwrap().own);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_steady_use_is_told_ahead_from_counts_of_days() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        for sequence in 1..=5 {
            world.pass(DAY_US).await;
            world.report(session, sequence, 900_000_000).await;
        }
        world.pass(DAY_US).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_forecast"]);
        let runs_out = world.said(&kit, "runs_out_on").await.unwrap();
        assert!(runs_out.starts_with("2026-03-2"), "{runs_out}");
        // And says the same where its owner looks.
        let seen = everline_app::home::home(&world.app, kit.customer).await.unwrap().lines.remove(0);
        let Advice::RunsOut { at, until } = seen.advice else { panic!("{:?}", seen.advice) };
        assert_eq!(world.app.zone.date(at).to_string(), runs_out);
        assert_eq!(seen.line.service_until, Some(until));
        let pace = seen.pace.unwrap();
        assert!((700_000_000..950_000_000).contains(&pace.a_day), "{pace:?}");
        assert_eq!(pace.runs_out_at, Some(at));
        let (alone, _) = everline_app::home::line_page(&world.app, kit.customer, kit.line).await.unwrap();
        assert_eq!((alone.advice, alone.pace), (seen.advice, seen.pace));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn contact_persons_are_proved_told_and_removed() {
    on_both(async |world: World| {
        let world = usual(world);
        let app = &world.app;
        let kit = world.line(Family::Watch).await;
        for typed in ["", "12", "no mailbox@", "林@例子"] {
            let asked = contacts::ask(app, kit.customer, kit.line, typed, "en").await;
            assert!(matches!(asked, Err(Problem::Invalid { field: "address", .. })), "{typed}");
        }
        let request = contacts::ask(app, kit.customer, kit.line, PERSON, "en").await.unwrap();
        assert_eq!(world.messenger.told(PERSON), ["contact_code"]);
        // Whoever talks the code out of them cannot sign in with it.
        let code = code_to(&world, PERSON);
        let entered =
            sign_in::sign_in(app, request, &code, sign_in::Newcomer { language: "en", agrees: false }, "").await;
        assert!(matches!(entered, Err(Problem::CodeGone)), "{entered:?}");
        // And a code that signs in adds nobody.
        let theirs = sign_in::request_code(app, PERSON, "en").await.unwrap();
        let code = code_to(&world, PERSON);
        let added = contacts::add(app, kit.customer, kit.line, (theirs, &code), "en").await;
        assert!(matches!(added, Err(Problem::CodeGone)), "{added:?}");
        add_person(&world, &kit).await;
        let stranger = world.person().await;
        assert!(matches!(contacts::ask(app, stranger, kit.line, PERSON, "en").await, Err(Problem::NotFound(_))));
        world.buys(&kit, "days").await;
        world.skip_days(31).await;
        let told = world.messenger.told(PERSON);
        let about: Vec<&str> = told.iter().copied().filter(|template| !template.ends_with("_code")).collect();
        assert_eq!(about, ["reminder_expiry", "reminder_expiry", "reminder_expiry", "suspended"], "not of money");
        let path = world.messenger.parameter(PERSON, "path").unwrap();
        let found = link::follow(app, path.strip_prefix("/r/").unwrap()).await.unwrap();
        assert_eq!(found.id, kit.line);
        assert!(matches!(link::follow(app, &"A".repeat(64)).await, Err(Problem::NotFound(_))));
        let shown = view(app, kit.customer, kit.line).await.unwrap();
        let both = [(Channel::Sms, Fate::Accepted, false), (Channel::Sms, Fate::Accepted, true)];
        assert_eq!(shown.told[0].fates, both);
        contacts::remove(app, kit.customer, kit.line, shown.contacts[0].id).await.unwrap();
        assert!(view(app, kit.customer, kit.line).await.unwrap().contacts.is_empty());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn contact_persons_alone_are_told_if_the_owner_wants_that() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        set(&world.app, kit.customer, kit.line, None, false).await.unwrap();
        world.buys(&kit, "days").await;
        world.skip_days(24).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_expiry"], "there is nobody else");
        add_person(&world, &kit).await;
        world.skip_days(4).await;
        assert_eq!(reminded(&world, &kit).await.len(), 1);
        assert_eq!(world.messenger.told(PERSON), ["contact_code", "reminder_expiry"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn where_nobody_alone_can_be_told_the_owner_is() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        set(&world.app, kit.customer, kit.line, None, false).await.unwrap();
        world.buys(&kit, "days").await;
        add_person(&world, &kit).await;
        world.messenger.next("send", &[Call::Refuses]);
        world.skip_days(24).await;
        assert_eq!(world.messenger.told(PERSON), ["contact_code"], "a number that is dead");
        assert_eq!(reminded(&world, &kit).await, ["reminder_expiry"]);
        let shown = view(&world.app, kit.customer, kit.line).await.unwrap();
        let fates = [(Channel::Sms, Fate::Accepted, false), (Channel::Sms, Fate::Failed, true)];
        assert_eq!(shown.told[0].fates, fates);
        // The next time somebody is there, and alone again.
        world.skip_days(4).await;
        assert_eq!((world.messenger.told(PERSON).len(), reminded(&world, &kit).await.len()), (2, 1));
        // Of two the second is told.
        let request = contacts::ask(&world.app, kit.customer, kit.line, "13700000002", "en").await.unwrap();
        let code = code_to(&world, "13700000002");
        contacts::add(&world.app, kit.customer, kit.line, (request, &code), "en").await.unwrap();
        world.messenger.next("send", &[Call::Refuses]);
        world.skip_days(2).await;
        assert_eq!(reminded(&world, &kit).await.len(), 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_contact_person_to_whom_no_way_leads_leaves_it_to_the_owner() {
    on_both(async |world: World| {
        let mut world = usual(world);
        let kit = world.line(Family::Watch).await;
        set(&world.app, kit.customer, kit.line, None, false).await.unwrap();
        world.buys(&kit, "days").await;
        let all = world.app.ports.messengers.clone();
        world.app.ports.messengers = all.clone().with(Channel::Email, world.messenger.clone());
        let request = contacts::ask(&world.app, kit.customer, kit.line, "lin@example.com", "en").await.unwrap();
        let code = code_to(&world, "lin@example.com");
        contacts::add(&world.app, kit.customer, kit.line, (request, &code), "en").await.unwrap();
        world.app.ports.messengers = all;
        world.skip_days(24).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_expiry"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn who_was_not_renewed_is_told_of_it_once_a_day_and_contact_persons_of_the_end() {
    on_both(async |world: World| {
        let world = usual(world);
        let (kit, card) = watch_with_card(&world).await;
        agrees(&world, &kit, &[card]).await;
        add_person(&world, &kit).await;
        world.cards.next("debit", &[Call::Refuses]);
        world.skip_days(26).await;
        assert_eq!(world.messenger.told(PERSON), ["contact_code"], "it renews itself");
        world.skip_days(5).await;
        let told = world.told(&kit).await;
        assert_eq!(told.iter().filter(|one| **one == "auto_renew_failed").count(), 3);
        assert_eq!(reminded(&world, &kit).await, Vec::<&str>::new());
        let about = world.messenger.told(PERSON);
        assert_eq!(about, ["contact_code", "reminder_expiry", "reminder_expiry", "suspended"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn who_switches_renewal_off_is_told_of_the_end() {
    on_both(async |world: World| {
        let world = usual(world);
        let (kit, card) = watch_with_card(&world).await;
        let ends = Reminders { days: vec![7], percents: vec![], forecast: false, quiet: None };
        set(&world.app, kit.customer, kit.line, Some(ends), true).await.unwrap();
        agrees(&world, &kit, &[card]).await;
        world.skip_days(10).await;
        auto_renew::off(&world.app, kit.customer, kit.line).await.unwrap();
        world.skip_days(14).await;
        assert_eq!(reminded(&world, &kit).await, ["reminder_expiry"]);
        world.sound().await;
    })
    .await;
}

fn from(number: &Msisdn, text: &str) -> ReceivedMessage {
    ReceivedMessage { from: number.clone(), to: "10690000".to_owned(), text: text.to_owned() }
}

async fn sends(app: &App, number: &Msisdn, text: &str) -> bool {
    keywords::received(app, &from(number, text)).await.unwrap()
}

#[tokio::test]
async fn words_from_a_lines_own_number_are_answered_there() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let (app, number) = (&world.app, kit.msisdn.as_str());
        assert!(sends(app, &kit.msisdn, " ｂａｌ ").await);
        assert!(!sends(app, &kit.msisdn, "余额").await, "the same again is answered once");
        world.jobs().await;
        assert_eq!(world.messenger.told(number), ["keyword_balance"]);
        let said = |name: &str| world.messenger.parameter(number, name).unwrap();
        assert_eq!([said("data"), said("minutes"), said("messages")], ["10 GB", "100", "none"]);
        assert_eq!(said("until"), "2026-04-10");
        assert!(sends(app, &kit.msisdn, "续费").await);
        world.jobs().await;
        let path = said("path");
        assert_eq!(link::follow(app, path.strip_prefix("/r/").unwrap()).await.unwrap().id, kit.line);
        assert!(sends(app, &kit.msisdn, "what is this").await);
        world.app.clock.pass_us(HOUR_US);
        assert!(!sends(app, &kit.msisdn, "what is that").await, "once a day");
        world.jobs().await;
        assert_eq!(world.messenger.told(number), ["keyword_balance", "keyword_renew", "keyword_help"]);
        assert_eq!(said("path"), "/");
        assert!(!sends(app, &Msisdn::parse("13999999999").unwrap(), "BAL").await, "nobody's line");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn answers_to_one_number_are_limited_and_the_same_at_once_is_one() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let app = &world.app;
        let at_once = (0..8).map(|_| sends(app, &kit.msisdn, "BAL"));
        let answered = futures_util::future::join_all(at_once).await;
        assert_eq!(answered.iter().filter(|answered| **answered).count(), 1);
        let mut count = 1;
        for _ in 0..20 {
            app.clock.pass_us(2 * MINUTE_US);
            count += usize::from(sends(app, &kit.msisdn, "BAL").await);
        }
        assert_eq!(count, 6, "an hour");
        world.jobs().await;
        assert_eq!(world.messenger.parameter(kit.msisdn.as_str(), "until").as_deref(), Some("none"));
        // A line that is over is nobody's.
        let gone = Kit { customer: kit.customer, line: everline_core::ids::LineId(RawId::from_bytes([9; 16])), ..kit };
        assert!(matches!(view(app, gone.customer, gone.line).await, Err(Problem::NotFound(_))));
        assert_eq!(MessageKind::KeywordHelp.word(), "keyword_help");
    })
    .await;
}

/// The messages that a line was cut off for lack of data, at its owner and at its own number.
async fn cut_off(world: &World, kit: &Kit) -> [usize; 2] {
    let count = |told: Vec<&str>| told.into_iter().filter(|template| *template == "data_used_up").count();
    [count(world.told(kit).await), count(world.messenger.told(kit.msisdn.as_str()))]
}

#[tokio::test]
async fn a_device_that_is_cut_off_is_told_with_the_link_once_for_the_same_data() {
    on_both(async |world: World| {
        let world = usual(world);
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        assert!(world.report(session, 1, 9 * GB).await.online);
        world.settle().await;
        assert_eq!(cut_off(&world, &kit).await, [0, 0]);
        assert!(!world.report(session, 2, GB).await.online);
        world.settle().await;
        assert_eq!(cut_off(&world, &kit).await, [1, 1]);
        let path = world.messenger.parameter(kit.msisdn.as_str(), "path").unwrap();
        let found = link::follow(&world.app, path.strip_prefix("/r/").unwrap()).await.unwrap();
        assert_eq!(found.id, kit.line, "whoever uses it renews as a guest");
        // The device reports on, comes back, and stays for days: the same data.
        world.report(session, 3, 1).await;
        let again = world.attach(&kit).await;
        assert!(!again.online);
        world.report(again.session, 1, 1).await;
        world.pass(2 * DAY_US).await;
        assert_eq!(cut_off(&world, &kit).await, [1, 1]);
        assert!(!reminded(&world, &kit).await.contains(&"reminder_threshold"), "being cut off says it");
        let (customer, line) = (kit.customer, kit.line);
        let rows = world.look(move |tx| Box::pin(message::of_line(tx, customer, line, 100))).await;
        let written = rows.iter().filter(|row| row.0 == MessageKind::DataUsedUp).count();
        assert_eq!(written, 2, "both are in the log");
        // Other data is another cause.
        world.buys(&kit, "pack").await;
        let session = world.attach(&kit).await.session;
        assert!(!world.report(session, 1, 50 * GB).await.online);
        world.settle().await;
        assert_eq!(cut_off(&world, &kit).await, [2, 2]);
        // The end of the plan is told once too, however often the device tries.
        world.skip_days(40).await;
        for _ in 0..3 {
            assert!(!world.attach(&kit).await.online);
            world.pass(HOUR_US).await;
        }
        let suspended = |told: Vec<&str>| told.into_iter().filter(|template| *template == "suspended").count();
        assert_eq!(suspended(world.told(&kit).await), 1);
        assert_eq!(suspended(world.messenger.told(kit.msisdn.as_str())), 1);
        assert_eq!(cut_off(&world, &kit).await, [2, 2]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_device_without_a_screen_or_guests_is_not_written_to_and_what_was_bought_meanwhile_is_not_told() {
    on_both(async |world: World| {
        for change in ["device = 'tracker'", "guest_renewal = 0"] {
            let kit = world.line(Family::Watch).await;
            let sql = format!("UPDATE line SET {change} WHERE customer_id = $1");
            assert_eq!(world.sql(&sql, vec![kit.customer.into()]).await, 1);
            world.buys(&kit, "month").await;
            let session = world.attach(&kit).await.session;
            world.report(session, 1, 10 * GB).await;
            world.settle().await;
            assert_eq!(cut_off(&world, &kit).await, [1, 0], "{change}");
        }
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "month").await;
        let session = world.attach(&kit).await.session;
        world.messenger.always("send", Call::Silent);
        world.report(session, 1, 10 * GB).await;
        world.settle().await;
        world.buys(&kit, "pack").await;
        world.messenger.always("send", Call::Works);
        world.pass(30 * MINUTE_US).await;
        assert_eq!(cut_off(&world, &kit).await, [0, 0]);
        world.sound().await;
    })
    .await;
}
