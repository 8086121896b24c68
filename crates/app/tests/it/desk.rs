//! What the desk finds by anything somebody has, and what it sees of them.

use crate::world::outside::Fate;
use crate::world::stock::YUAN;
use crate::world::{Kit, World, on_both};
use everline_app::audit::{Filter, page};
use everline_app::caller::{ask_caller, prove_caller};
use everline_app::desk_search::{Place, find};
use everline_app::lifecycle_command::command_at_desk;
use everline_app::own_line::{Described, describe, device_number};
use everline_app::refund_order::{NewRefund, refund_by_staff, waiting_refunds};
use everline_app::staff_order::staff_order;
use everline_app::timeline::{Entry, Kind, Wanted, What, reveal, timeline};
use everline_app::{Problem, identity, sessions, sign_in, sim_replaced, staff};
use everline_core::identity::Typed as Said;
use everline_core::ids::{CustomerId, RawId};
use everline_core::lifecycle::LifecycleCommand;
use everline_core::line::{LineState, NetworkKind, SuspendCause};
use everline_core::offering::Family;
use everline_core::search::Named;
use everline_core::time::MINUTE_US;

async fn agent(world: &World) -> RawId {
    world.member("agent").await
}

#[tokio::test]
async fn somebody_is_found_by_whatever_they_have_and_shown_masked() {
    on_both(async |world: World| {
        let by = agent(&world).await;
        let kit = world.line(Family::Phone).await;
        let order = world.buys(&kit, "days").await;
        let attempt = world.attempts(&order).await.remove(0);
        let looks = async |typed: &str| {
            let finds = find(&world.app, by, typed).await.unwrap();
            finds.found.into_iter().map(|found| (found.named, found.whole, found.place)).collect::<Vec<_>>()
        };
        let line = |named, whole| (named, whole, Place::Line(kit.line));
        let number = kit.msisdn.as_str();
        assert_eq!(looks(number).await[0], line(Named::Msisdn, true));
        assert_eq!(looks(&format!("+86 {}-{}", &number[..3], &number[3..])).await[0], line(Named::Msisdn, true));
        assert!(looks(&number[..6]).await.contains(&line(Named::Msisdn, false)));
        assert!(looks(&number[4..]).await.contains(&line(Named::Msisdn, false)), "its end");
        assert_eq!(looks(kit.imsi.as_str()).await[0], line(Named::Imsi, true));
        let ordered = |named, whole| (named, whole, Place::Order(order.number.clone()));
        assert_eq!(looks(&order.number).await[0], ordered(Named::Order, true));
        assert!(looks(&order.number[..9]).await.contains(&ordered(Named::Order, false)));
        assert_eq!(looks(&attempt.out_trade_no).await, [ordered(Named::Payment, true)]);
        assert_eq!(looks(attempt.trade_no.as_deref().unwrap()).await, [ordered(Named::Payment, true)]);
        assert_eq!(looks(&attempt.out_trade_no[..26]).await, [ordered(Named::Payment, false)]);
        assert_eq!(looks(&format!("{}zz", &attempt.out_trade_no[..26])).await, vec![], "no such beginning");
        assert!(looks("0001").await.contains(&ordered(Named::Receipt, true)));
        let contact = everline_app::profile::profile(&world.app, kit.customer).await.unwrap().contact.unwrap();
        assert!(looks(contact.as_str()).await.contains(&(Named::Contact, true, Place::Customer)));
        let shown = find(&world.app, by, contact.as_str()).await.unwrap().found;
        assert!(shown.iter().all(|found| !found.shown.contains(contact.as_str())), "{shown:?}");
        let iccid = format!("898603{:014}", number[3..].parse::<u64>().unwrap());
        assert_eq!(looks(&iccid).await[0], line(Named::Iccid, true));
        assert!(looks(&iccid[..12]).await.contains(&line(Named::Iccid, false)));
        // A case, by the number that people read to each other; a refund, by ours.
        let new = everline_app::support::NewCase {
            id: everline_core::ids::CaseId(world.app.clock.id()),
            for_whom: everline_core::support::CaseFor::Owner,
            about: everline_app::support::About::default(),
            subject: "断网".to_owned(),
            text: "断网了".to_owned(),
            files: Vec::new(),
            follows: None,
        };
        let case = new.id;
        everline_app::support::open(&world.app, kit.customer, new).await.unwrap();
        let case_number = everline_core::support::number(case).to_string();
        assert!(looks(&case_number).await.contains(&(Named::Case, true, Place::Case(case))));
        let new =
            NewRefund { id: world.app.clock.id(), amount: None, keeps: false, reason: "x".to_owned(), seen: None };
        let senior = world.member("senior_agent").await;
        refund_by_staff(&world.app, &order.number, new, senior).await.unwrap();
        world.settle().await;
        let refund = world.refunds(&order).await.remove(0);
        assert_eq!(looks(&refund.out_request_no).await, [ordered(Named::Payment, true)]);
        // A device's number is known as what it is, and finds the lines whose owners said that they sit in it.
        let imei = "49-015420-323751-8";
        let device = find(&world.app, by, imei).await.unwrap();
        assert!(device.device && device.found.is_empty(), "{device:?}");
        let owner = sessions::Principal::Customer(kit.customer);
        let owner = sessions::open_session(&world.app, owner).await.unwrap();
        let owner = sign_in::session(&world.app, &owner.token).await.unwrap().unwrap();
        let says = async |imei: &str| {
            let (name, device) = ("手表".to_owned(), "watch".to_owned());
            let said = Described { name, device, imei: imei.to_owned(), guest_renewal: true };
            describe(&world.app, &owner, kit.line, &said).await
        };
        assert_eq!(says("490154203237519").await, Err(Problem::Invalid { field: "imei", rule: "fifteen-digits" }));
        says("4901 5420 3237 518").await.unwrap();
        assert_eq!(device_number(&world.app, &owner, kit.line).await.unwrap(), "490154203237518");
        assert_eq!(looks(imei).await, [(Named::Imei, true, Place::Line(kit.line))]);
        assert!(!find(&world.app, by, imei).await.unwrap().device);
        says("").await.unwrap();
        assert_eq!(looks(imei).await, []);
        assert!(!find(&world.app, by, number).await.unwrap().device);
        assert!(looks("林芳").await.contains(&(Named::Name, true, Place::Customer)));
        assert_eq!(looks("No such person").await, vec![]);
        assert_eq!(looks("<script>alert(1)</script>").await, vec![]);
        assert_eq!(looks("%%%%").await, vec![], "no pattern");
        let short = find(&world.app, by, "13").await;
        assert_eq!(short, Err(Problem::Invalid { field: "q", rule: "too-short" }));
        // Finding is not seeing.
        let shown = find(&world.app, by, number).await.unwrap().found.remove(0);
        assert_eq!((shown.owner.as_str(), shown.shown.contains("****")), ("林**", true));
        // That they looked is written down, and not for whom.
        let auditor = world.member("auditor").await;
        let log = page(&world.app, auditor, Filter::default(), i64::MAX).await.unwrap().entries;
        let newest = &log[0];
        assert_eq!((newest.action.as_str(), newest.staff), ("desk.searched", Some(by)));
        assert!(newest.details.contains(r#""count":1,"found_by":"msisdn""#), "{}", newest.details);
        assert!(log.iter().all(|entry| !entry.details.contains(number) && !entry.details.contains("林芳")));
        // Nobody else looks.
        assert_eq!(find(&world.app, world.app.clock.id(), number).await, Err(Problem::NotAllowed));
        let off = "UPDATE staff SET active = 0 WHERE id = $1";
        world.sql(off, vec![by.into()]).await;
        assert_eq!(find(&world.app, by, number).await, Err(Problem::NotAllowed));
    })
    .await;
}

#[tokio::test]
async fn a_line_is_found_by_the_chip_that_its_profile_was_bought_for_and_by_its_beginning() {
    on_both(async |world: World| {
        let by = agent(&world).await;
        let kit = world.line(Family::Watch).await;
        let eid = "89049032123451234512345678901235";
        let put = "INSERT INTO device_check (customer_id, id, line_id, iccid, basis, eid, checked_at) \
            VALUES ($1, $2, $2, '89860000000000000000', 'eid', $3, 0)";
        world.sql(put, vec![kit.customer.into(), kit.line.into(), eid.into()]).await;
        for (typed, whole) in [(eid, true), (&eid[..24], false)] {
            let found = find(&world.app, by, typed).await.unwrap().found;
            let found: Vec<_> = found.into_iter().map(|one| (one.named, one.whole, one.place)).collect();
            assert_eq!(found, [(Named::Eid, whole, Place::Line(kit.line))], "{typed}");
        }
        assert_eq!(find(&world.app, by, "890490321234512345129999").await.unwrap().found, vec![]);
    })
    .await;
}

#[tokio::test]
async fn whoever_looks_at_what_waits_is_written_down_and_who_finds_nothing_is_not() {
    on_both(async |world: World| {
        let (agent, auditor) = (agent(&world).await, world.member("auditor").await);
        let log = async || {
            let log = page(&world.app, auditor, Filter::default(), i64::MAX).await.unwrap().entries;
            log.into_iter().map(|one| (one.action, one.staff, one.details)).collect::<Vec<_>>()
        };
        staff::paid_not_in_effect(&world.app, agent).await.unwrap();
        waiting_refunds(&world.app, agent).await.unwrap();
        assert_eq!(log().await, vec![], "nobody was seen");
        let kit = world.upstream_line().await;
        world.upstream.next("apply", &[Fate::Silent]);
        world.buys(&kit, "month").await;
        assert_eq!(staff::paid_not_in_effect(&world.app, agent).await.unwrap().len(), 1);
        let seen = ("queue.seen".to_owned(), Some(agent), r#"{"count":1}"#.to_owned());
        assert_eq!(log().await, vec![seen]);
        // Who may not look is told so, and saw nothing.
        let off = "UPDATE staff SET active = 0 WHERE id = $1";
        world.sql(off, vec![agent.into()]).await;
        assert_eq!(staff::paid_not_in_effect(&world.app, agent).await.map(|_| ()), Err(Problem::NotAllowed));
        assert_eq!(log().await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_document_finds_whose_it_is_by_its_keyed_hash_alone() {
    on_both(async |mut world: World| {
        let mut brand = (*world.app.brand).clone();
        brand.identity.documents = everline_core::identity::china();
        world.app.brand = std::sync::Arc::new(brand);
        let by = agent(&world).await;
        let kit = world.line(Family::Phone).await;
        let signed_in = sessions::open_session(&world.app, sessions::Principal::Customer(kit.customer)).await.unwrap();
        let who = sign_in::session(&world.app, &signed_in.token).await.unwrap().unwrap();
        let said = Said { name: "林芳", kind: "cn_id", number: "11010519491231002X", born: "" };
        identity::say(&world.app, &who, said, true, "", None).await.unwrap();
        let found = find(&world.app, by, "110105 19491231 002x").await.unwrap().found;
        let found: Vec<_> = found.into_iter().map(|one| (one.named, one.customer, one.shown)).collect();
        assert_eq!(found, [(Named::Document, kit.customer, String::new())]);
        assert_eq!(find(&world.app, by, "110105194912310021").await.unwrap().found, vec![], "a wrong check digit");
    })
    .await;
}

#[tokio::test]
async fn a_long_list_is_cut_off_and_says_so() {
    on_both(async |world: World| {
        let by = agent(&world).await;
        let customer = world.person().await;
        for _ in 0..24 {
            world.line_of(customer, Family::Iot, NetworkKind::BuiltIn).await;
        }
        let finds = find(&world.app, by, "1380").await.unwrap();
        assert_eq!((finds.found.len(), finds.more), (20, true));
    })
    .await;
}

async fn all(world: &World, by: RawId, wanted: Wanted) -> Vec<Entry> {
    let (mut wanted, mut entries) = (wanted, Vec::new());
    loop {
        let page = timeline(&world.app, by, wanted).await.unwrap();
        entries.extend(page.entries);
        match page.next {
            Some(next) => wanted.before = Some(next),
            None => return entries,
        }
    }
}
fn of(customer: CustomerId) -> Wanted {
    Wanted { customer, line: None, kind: None, before: None }
}

#[tokio::test]
async fn everything_that_happened_stands_once_and_in_order_however_many_pages_it_takes() {
    on_both(async |world: World| {
        let by = agent(&world).await;
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "days").await;
        for _ in 0..17 {
            world.buys(&kit, "topup").await;
            world.pass(3_600_000_000).await;
        }
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 1_000).await;
        // Another line of theirs that is used on the same day.
        let other = world.line_of(kit.customer, Family::Phone, NetworkKind::BuiltIn).await;
        world.buys(&other, "days").await;
        let session = world.attach(&other).await.session;
        world.report(session, 1, 2_000).await;
        world.skip_days(2).await;
        let mut account = of(kit.customer);
        let entries = all(&world, by, account).await;
        assert!(entries.is_sorted_by(|a, b| a.key > b.key), "newest first, each once");
        let count = |entries: &[Entry], is: fn(&What) -> bool| entries.iter().filter(|entry| is(&entry.what)).count();
        let orders = count(&entries, |what| matches!(what, What::Order(_)));
        assert_eq!(orders, order_count(&world, kit.customer).await);
        assert!(count(&entries, |what| matches!(what, What::Moved(_))) >= 2 * 17, "paid and delivered");
        // What happened to its lines stands there too, and says to which.
        for is in [
            (|what| matches!(what, What::Changed(_))) as fn(&What) -> bool,
            |what| matches!(what, What::Told(_)),
            |what| matches!(what, What::Used(_)),
        ] {
            let of_line: Vec<_> = entries.iter().filter(|entry| is(&entry.what)).map(|entry| entry.line).collect();
            assert!(of_line.contains(&Some(kit.line)) && !of_line.contains(&None), "{of_line:?}");
        }
        let used = entries.iter().filter(|entry| matches!(entry.what, What::Used(_))).map(|entry| entry.line);
        assert_eq!(used.collect::<std::collections::BTreeSet<_>>().len(), 2, "each line's day");
        account.kind = Some(Kind::Life);
        assert!(all(&world, by, account).await.iter().all(|entry| matches!(entry.what, What::Changed(_))));
        account.kind = Some(Kind::Money);
        let money = all(&world, by, account).await;
        assert!(money.len() > 30 && money.iter().all(|entry| matches!(entry.what, What::Moved(_))));

        let line = Wanted { line: Some(kit.line), ..of(kit.customer) };
        let entries = all(&world, by, line).await;
        assert!(entries.is_sorted_by(|a, b| a.key > b.key));
        for is in [
            (|what| matches!(what, What::Order(_))) as fn(&What) -> bool,
            |what| matches!(what, What::Changed(_)),
            |what| matches!(what, What::Told(_)),
            |what| matches!(what, What::Used(_)),
        ] {
            assert!(count(&entries, is) > 0);
        }
        // What was seen of the account, however often, hides nothing that was seen of the line.
        for _ in 0..70 {
            timeline(&world.app, by, of(kit.customer)).await.unwrap();
        }
        let seen = Wanted { kind: Some(Kind::Staff), ..line };
        let looks = all(&world, by, line).await.into_iter().filter(|entry| matches!(entry.what, What::Staff(_)));
        let looks = looks.count();
        assert!(looks > 1 && all(&world, by, seen).await.len() > looks);
        // What staff see and do of its orders stands there too, and in no other line's.
        let order = order_of(&world, &kit).await;
        staff_order(&world.app, &order, by).await.unwrap();
        staff_order(&world.app, &order_of(&world, &other).await, by).await.unwrap();
        let of_orders = all(&world, by, seen).await.into_iter().filter_map(|entry| match entry.what {
            What::Staff(noted) if noted.subject_kind == "order" => Some(noted.subject_id),
            _ => None,
        });
        assert_eq!(of_orders.collect::<Vec<_>>(), [order]);
        let subject = timeline(&world.app, by, line).await.unwrap();
        assert_eq!((subject.name.as_str(), subject.credit[0].micros()), ("林**", 17 * 50 * YUAN));
        // Another's line is not on this customer's page.
        let other = world.line(Family::Phone).await;
        let strange = timeline(&world.app, by, Wanted { line: Some(other.line), ..of(kit.customer) }).await;
        assert_eq!(strange.map(|_| ()), Err(Problem::NotFound("line")));
        assert_eq!(timeline(&world.app, world.app.clock.id(), line).await.map(|_| ()), Err(Problem::NotAllowed));
    })
    .await;
}

/// The number of a line's newest order.
async fn order_of(world: &World, kit: &Kit) -> String {
    let line = Wanted { line: Some(kit.line), kind: Some(Kind::Orders), ..of(kit.customer) };
    let by = agent(world).await;
    let first = timeline(&world.app, by, line).await.unwrap().entries.remove(0);
    let What::Order(ordered) = first.what else { panic!("{first:?}") };
    ordered.order.number.clone()
}

async fn order_count(world: &World, customer: CustomerId) -> usize {
    world
        .look(move |tx| {
            Box::pin(async move { Ok(everline_store::tables::order::of_customer(tx, customer, i64::MAX).await?.len()) })
        })
        .await
}

#[tokio::test]
async fn what_is_masked_is_seen_by_whoever_may_and_says_why_and_both_are_written_down() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let (agent, senior, auditor) =
            (agent(&world).await, world.member("senior_agent").await, world.member("auditor").await);
        let why = "the owner calls about a charge";
        assert_eq!(reveal(&world.app, agent, kit.customer, why).await.map(|_| ()), Err(Problem::NotAllowed));
        for none in ["", "  ", "abc", &"x".repeat(201), "a\nbcdef"] {
            let wrong = reveal(&world.app, senior, kit.customer, none).await.map(|_| ());
            assert_eq!(wrong, Err(Problem::Invalid { field: "reason", rule: "4 to 200 characters" }), "{none:?}");
        }
        let log = async || page(&world.app, auditor, Filter::default(), i64::MAX).await.unwrap().entries;
        assert_eq!(log().await.len(), 0, "nothing was seen");
        let found = reveal(&world.app, senior, kit.customer, why).await.unwrap();
        assert_eq!((found.name.as_str(), &found.lines[0].0), ("林芳", &kit.msisdn));
        timeline(&world.app, agent, Wanted { line: Some(kit.line), ..of(kit.customer) }).await.unwrap();
        let log = log().await;
        let told: Vec<_> = log.iter().map(|one| (one.action.as_str(), one.staff, one.reason.as_deref())).collect();
        assert_eq!(told, [("line.seen", Some(agent), None), ("customer.revealed", Some(senior), Some(why))]);
        assert!(log.iter().all(|one| one.customer == Some(kit.customer.0)));
        // It stands in the customer's own timeline.
        let staff = Wanted { kind: Some(Kind::Staff), ..of(kit.customer) };
        let entries = all(&world, agent, staff).await;
        let revealed = entries.iter().filter(|entry| matches!(&entry.what, What::Staff(one) if one.reason.is_some()));
        assert_eq!(revealed.count(), 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_caller_is_proved_by_a_code_to_their_number_which_signs_nobody_in() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let (by, colleague) = (agent(&world).await, agent(&world).await);
        let proved = async |by| timeline(&world.app, by, of(kit.customer)).await.unwrap().proved_at.is_some();
        let request = ask_caller(&world.app, by, kit.customer).await.unwrap();
        let code = world.said(&kit, "code").await.unwrap();
        assert_eq!(world.told(&kit).await.last(), Some(&"caller_code"));
        let wrong = if code == "000000" { "111111" } else { "000000" };
        let tries = prove_caller(&world.app, by, kit.customer, (request, wrong)).await;
        assert!(matches!(tries, Err(Problem::CodeWrong { .. })), "{tries:?}");
        // It is no code to sign in with, and proves nobody else.
        assert_eq!(
            sign_in::sign_in(&world.app, request, &code, sign_in::Newcomer { language: "zh-CN", agrees: false }, "")
                .await
                .map(|_| ()),
            Err(Problem::CodeGone)
        );
        let request = ask_caller(&world.app, by, kit.customer).await.unwrap();
        let code = world.said(&kit, "code").await.unwrap();
        let other = world.line(Family::Phone).await;
        let else_ = prove_caller(&world.app, by, other.customer, (request, &code)).await;
        assert_eq!(else_, Err(Problem::CodeGone));
        let request = ask_caller(&world.app, by, kit.customer).await.unwrap();
        let code = world.said(&kit, "code").await.unwrap();
        prove_caller(&world.app, by, kit.customer, (request, &code)).await.unwrap();
        let again = prove_caller(&world.app, by, kit.customer, (request, &code)).await;
        assert_eq!(again, Err(Problem::CodeGone), "once");
        assert!(proved(by).await && !proved(colleague).await, "to whoever heard it");
        world.pass(16 * MINUTE_US).await;
        assert!(!proved(by).await, "for a quarter of an hour");
        // Whoever has a replaced Sim would answer: not for a day.
        let own = "UPDATE customer SET contact = $2 WHERE customer_id = $1";
        world.sql(own, vec![kit.customer.into(), kit.msisdn.as_str().into()]).await;
        sim_replaced::sim_replaced(&world.app, kit.customer, kit.line).await.unwrap();
        let held = ask_caller(&world.app, by, kit.customer).await;
        assert!(matches!(held, Err(Problem::HeldBack { .. })), "{held:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_commanded_at_the_desk_fits_what_was_seen_and_says_who_and_why() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "days").await;
        let (first, second) = (agent(&world).await, agent(&world).await);
        let subject = (kit.customer, kit.line);
        let seen = async || {
            let line = world.line_now(&kit).await;
            (line.state.word().to_owned(), line.state_since)
        };
        let was = seen().await;
        let bars = async |by, seen, why| {
            command_at_desk(&world.app, by, subject, (LifecycleCommand::Bar, seen), why).await.map(|line| line.state)
        };
        let why = Err(Problem::Invalid { field: "reason", rule: "1 to 200 characters of text" });
        assert_eq!(bars(first, was.clone(), " ").await, why);
        // Both look at the same page: one decides, and the other is told.
        let (one, other) = tokio::join!(bars(first, was.clone(), "stolen"), bars(second, was.clone(), "unpaid"));
        let barred = Ok(LineState::Suspended(SuspendCause::Barred));
        assert_eq!([&one, &other].into_iter().filter(|done| **done == barred).count(), 1, "{one:?} {other:?}");
        assert_eq!([one, other].into_iter().filter(|done| *done == Err(Problem::Stale)).count(), 1);
        // Using data makes a page no older.
        let lifts = LifecycleCommand::LiftBar;
        command_at_desk(&world.app, second, subject, (lifts, seen().await), "paid").await.unwrap();
        let was = seen().await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 1_000).await;
        assert_eq!(bars(first, was, "again").await, barred);
        let line = Wanted { line: Some(kit.line), kind: Some(Kind::Staff), ..of(kit.customer) };
        let commanded = all(&world, first, line).await.into_iter().filter(
            |entry| matches!(&entry.what, What::Staff(one) if one.action == "line.commanded" && one.reason.is_some()),
        );
        assert_eq!(commanded.count(), 3);
        world.sound().await;
    })
    .await;
}
