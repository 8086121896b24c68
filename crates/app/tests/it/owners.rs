//! Who owns a line, on both stores: claimed by a code or by its card, offered and taken, described, lost, with another card.

use crate::world::loading::{HEADER, LINES, iccid, imsi, load_lines, load_sims, rows};
use crate::world::stock::{GB, YUAN};
use crate::world::{Kit, World, on_both};
use everline_app::caller::ask_caller;
use everline_app::own_line::Described;
use everline_app::sessions::{Principal, SessionInfo, may_change, open_session};
use everline_app::sign_in::session;
use everline_app::sim_replaced::sim_replaced;
use everline_app::{Problem, claim_line, device, own_line, ownership, refund_order, replace_sim};
use everline_core::account::{Change, SIM_HOLD_US};
use everline_core::customer::CustomerKind;
use everline_core::identifiers::{Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId};
use everline_core::ledger::LedgerAccount;
use everline_core::lifecycle::{LifecycleCommand, LifecycleRefusal, NoHandOver};
use everline_core::line::{DeviceKind, LineState, NetworkKind, SuspendCause};
use everline_core::offering::{Family, Unit};
use everline_core::order::{OrderState, PlacedBy};
use everline_core::ownership::{NotClaimed, OFFER_US};
use everline_core::refund_rule::NoRefund;
use everline_core::time::{HOUR_US, MINUTE_US};
use everline_store::tables::{directory, order};

/// A browser of a customer who was proved just now.
async fn entered(world: &World, customer: CustomerId) -> SessionInfo {
    let signed_in = open_session(&world.app, Principal::Customer(customer)).await.unwrap();
    session(&world.app, &signed_in.token).await.unwrap().unwrap()
}
async fn contact(world: &World, customer: CustomerId) -> Msisdn {
    everline_app::profile::profile(&world.app, customer).await.unwrap().contact.unwrap()
}
/// A new line that is nobody's.
async fn nobodys(world: &World, family: Family) -> Kit {
    let nobody = world.customer(CustomerKind::Anonymous).await;
    world.line_of(nobody, family, NetworkKind::BuiltIn).await
}
/// Claims a line by the code that its number gets.
async fn by_code(world: &World, who: &SessionInfo, number: &Msisdn) -> Result<LineId, Problem> {
    let request = claim_line::request_line_code(&world.app, number.as_str(), "zh-CN").await?;
    let code = world.messenger.parameter(number.as_str(), "code").unwrap();
    let claimed = claim_line::claim_by_code(&world.app, who, request, &code).await;
    world.settle().await;
    claimed
}
/// The line under its new record.
fn moved(kit: &Kit, customer: CustomerId, line: LineId) -> Kit {
    Kit { customer, line, ..kit.clone() }
}
/// Where the number, the identity and a session of a line lead.
async fn leads(world: &World, kit: &Kit, session: String) -> Vec<Option<(CustomerId, LineId)>> {
    let (number, imsi) = (kit.msisdn.as_str().to_owned(), kit.imsi.as_str().to_owned());
    let found = world.look(move |tx| {
        let (number, imsi, session) = (number.clone(), imsi.clone(), session.clone());
        Box::pin(async move {
            let mut all = Vec::new();
            for (kind, name) in
                [(directory::Name::Msisdn, number), (directory::Name::Imsi, imsi), (directory::Name::Session, session)]
            {
                all.push(directory::find(tx, kind, &name).await?);
            }
            Ok(all)
        })
    });
    found.await.into_iter().map(|found| found.map(|(customer, id)| (customer, LineId(id)))).collect()
}

#[tokio::test]
async fn whoever_claims_a_line_gets_it_as_it_is() {
    on_both(async |world: World| {
        let kit = nobodys(&world, Family::Phone).await;
        let month = world.buys(&kit, "month").await;
        world.buys(&kit, "month").await;
        world.buys(&kit, "pack").await;
        world.buys(&kit, "topup").await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 3 * GB).await;
        let before = (world.line_now(&kit).await, world.allowance(&kit).await);
        let taker = world.person().await;
        let who = entered(&world, taker).await;
        let new = by_code(&world, &who, &kit.msisdn).await.unwrap();
        world.sound().await;
        let mine = moved(&kit, taker, new);
        let (line, allowance) = (world.line_now(&mine).await, world.allowance(&mine).await);
        assert_eq!(
            (line.state, line.service_until, line.name),
            (LineState::Active, before.0.service_until, before.0.name)
        );
        let now = world.app.clock.now().business;
        assert_eq!(allowance.left(Unit::Octets, now), before.1.left(Unit::Octets, now));
        assert_eq!(allowance.queued_plans(now).count(), 1);
        assert_eq!(leads(&world, &kit, session.to_string()).await, [Some((taker, new)); 3]);

        // The credit went along, and the books of both are whole.
        assert_eq!(world.balance(taker, LedgerAccount::PaidCredit).await, 50 * YUAN);
        assert_eq!(world.balance(kit.customer, LedgerAccount::PaidCredit).await, 0);
        let transit = [
            world.balance(taker, LedgerAccount::InTransit).await,
            world.balance(kit.customer, LedgerAccount::InTransit).await,
        ];
        assert_eq!(transit, [-50 * YUAN, 50 * YUAN]);
        assert_eq!(world.line_now(&kit).await.state, LineState::HandedOver);

        // The device goes on in the same session, the queued plan begins in its time, and the price is earned once.
        assert!(world.report(session, 2, GB).await.online);
        world.skip_days(33).await;
        world.sound().await;
        let orders = world.look(move |tx| Box::pin(async move { order::of_line(tx, taker, new, 9).await })).await;
        assert_eq!(orders.len(), 3);
        assert!(
            orders.iter().all(
                |order| (order.state, order.placed_by, order.funds) == (OrderState::InEffect, PlacedBy::MovedIn, 0)
            )
        );
        assert_eq!(world.balance(taker, LedgerAccount::Revenue).await, 0);
        world.skip_days(40).await;
        world.sound().await;
        let sold = 39 * YUAN + 39 * YUAN + 5 * YUAN;
        assert_eq!(world.balance(kit.customer, LedgerAccount::Revenue).await, sold);
        assert_eq!(world.line_now(&mine).await.state.word(), "suspended");

        // What went along goes back to nobody.
        let offer = refund_order::refund_offer(&world.app, kit.customer, month.id).await.unwrap();
        assert!(offer.by_rule.is_err() && offer.wrong_number.is_err(), "{offer:?}");
        // It renews like any other.
        assert_eq!(world.buys(&mine, "month").await.state, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_line_that_waits_for_its_first_use_is_claimed_with_it() {
    on_both(async |world: World| {
        let kit = nobodys(&world, Family::Watch).await;
        world.buys(&kit, "trip").await;
        let taker = world.person().await;
        let who = entered(&world, taker).await;
        let new = by_code(&world, &who, &kit.msisdn).await.unwrap();
        world.sound().await;
        let mine = moved(&kit, taker, new);
        let used = world.attach(&mine).await;
        assert!(used.online);
        world.report(used.session, 1, GB).await;
        world.sound().await;
        let orders = world.look(move |tx| Box::pin(async move { order::of_line(tx, taker, new, 9).await })).await;
        assert_eq!(orders[0].state, OrderState::InEffect);
        world.skip_days(200).await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_line_is_claimed_once_and_only_if_it_is_nobodys() {
    on_both(async |world: World| {
        let kit = nobodys(&world, Family::Phone).await;
        let (one, two) = (world.person().await, world.person().await);
        let (one, two) = (entered(&world, one).await, entered(&world, two).await);
        let owned = world.line(Family::Phone).await;
        assert_eq!(by_code(&world, &one, &owned.msisdn).await, Err(Problem::NotClaimed(NotClaimed::Owned)));
        let none = Msisdn::parse("13700000000").unwrap();
        assert_eq!(by_code(&world, &one, &none).await, Err(Problem::NotClaimed(NotClaimed::NoSuch)));

        // Something is paid and the network has not answered: not now.
        world.attach(&kit).await;
        world.radio.always("apply", crate::world::outside::Fate::Silent);
        world.buys(&kit, "days").await;
        assert_eq!(by_code(&world, &one, &kit.msisdn).await, Err(Problem::NotHandedOver(NoHandOver::Underway)));
        world.radio.always("apply", crate::world::outside::Fate::Works);
        world.pass(6 * MINUTE_US).await;

        let request = claim_line::request_line_code(&world.app, kit.msisdn.as_str(), "zh-CN").await.unwrap();
        let code = world.messenger.parameter(kit.msisdn.as_str(), "code").unwrap();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let tried = claim_line::claim_by_code(&world.app, &two, request, wrong).await;
        assert!(matches!(tried, Err(Problem::CodeWrong { .. })), "{tried:?}");
        let new = claim_line::claim_by_code(&world.app, &two, request, &code).await.unwrap();
        assert_eq!(claim_line::claim_by_code(&world.app, &one, request, &code).await, Err(Problem::CodeGone));
        assert_eq!(by_code(&world, &one, &kit.msisdn).await, Err(Problem::NotClaimed(NotClaimed::Owned)));
        assert_eq!(by_code(&world, &two, &kit.msisdn).await, Err(Problem::NotClaimed(NotClaimed::Yours)));
        assert!(new != kit.line);

        // Lost and barred ones are for people.
        for stop in [LifecycleCommand::ReportLost, LifecycleCommand::Bar] {
            let kit = nobodys(&world, Family::Phone).await;
            everline_app::lifecycle_command::lifecycle_command(&world.app, kit.customer, kit.line, stop)
                .await
                .unwrap()
                .unwrap();
            let refusal = if stop == LifecycleCommand::Bar { LifecycleRefusal::Barred } else { LifecycleRefusal::Lost };
            let refused = Err(Problem::NotHandedOver(NoHandOver::State(refusal)));
            assert_eq!(by_code(&world, &one, &kit.msisdn).await, refused);
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_card_is_claimed_by_what_only_its_holder_knows() {
    on_both(async |world: World| {
        load_sims(&world, format!("{HEADER}{}", rows(1, 4, "spring"))).await.unwrap();
        let unclaimed =
            |n: u64| format!("14400{n:08},{},{},,,,,,tracker,tracker,iot,built_in,,,move\n", iccid(n), imsi(n));
        let file = format!("{LINES}{}{}", unclaimed(1), unclaimed(2));
        let (summary, faults) = load_lines(&world, &file).await.unwrap();
        assert_eq!((summary.added, faults), (2, vec![]));
        let taker = world.person().await;
        let who = entered(&world, taker).await;
        let claim = async |card: &str, secret: &str| claim_line::claim_by_card(&world.app, &who, card, secret).await;
        let no_such = Err(Problem::NotClaimed(NotClaimed::NoSuch));
        assert_eq!(claim("8986", "1").await, Err(Problem::Invalid { field: "iccid", rule: "not-a-card" }));
        assert_eq!(claim(&iccid(1), " ").await, Err(Problem::Invalid { field: "secret", rule: "needed" }));
        assert_eq!(claim(&iccid(1), "10000002").await, no_such, "another card's PUK");
        assert_eq!(claim(&iccid(1), "REG000002").await, no_such, "another card's code");
        assert_eq!(claim(&iccid(3), "10000003").await, no_such, "no line is on it yet");
        assert_eq!(claim("89860499999999999997", "10000003").await, no_such, "no such card");
        let spaced = format!("{} {}", &iccid(1)[..10], &iccid(1)[10..]);
        claim(&spaced, "1000 0001").await.unwrap();
        claim(&iccid(2), "reg000002").await.unwrap();
        world.settle().await;
        world.sound().await;
        assert_eq!(claim(&iccid(2), "REG000002").await, Err(Problem::NotClaimed(NotClaimed::Yours)));

        // Tries are counted by card, whoever tries.
        for _ in 0..6 {
            let other = entered(&world, world.person().await).await;
            let _ = claim_line::claim_by_card(&world.app, &other, &iccid(2), "10009999").await;
        }
        let other = entered(&world, world.person().await).await;
        let tried = claim_line::claim_by_card(&world.app, &other, &iccid(2), "10000002").await;
        assert!(matches!(tried, Err(Problem::Invalid { .. } | Problem::TooMany { .. } | Problem::NotClaimed(_))));
        for _ in 0..6 {
            let other = entered(&world, world.person().await).await;
            let _ = claim_line::claim_by_card(&world.app, &other, &iccid(2), "10009999").await;
        }
        let tried = claim_line::claim_by_card(&world.app, &other, &iccid(2), "10000002").await;
        assert!(matches!(tried, Err(Problem::TooMany { .. })), "{tried:?}");
    })
    .await;
}

/// The link of the newest offer to a number.
fn link(world: &World, number: &Msisdn) -> String {
    let path = world.messenger.parameter(number.as_str(), "path").unwrap();
    path.trim_start_matches("/take-over/").to_owned()
}

#[tokio::test]
async fn an_owner_hands_a_line_over_and_keeps_its_history() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let bought = world.buys(&kit, "month").await;
        world.buys(&kit, "topup").await;
        let session = world.attach(&kit).await;
        assert!(session.online);
        let (taker, stranger) = (world.person().await, world.person().await);
        let (giver, new, other) =
            (entered(&world, kit.customer).await, entered(&world, taker).await, entered(&world, stranger).await);
        let number = contact(&world, taker).await;
        let (name, device, imei) = ("手表".to_owned(), "watch".to_owned(), "490154203237518".to_owned());
        let said = Described { name, device, imei, guest_renewal: true };
        own_line::describe(&world.app, &giver, kit.line, &said).await.unwrap();
        ownership::offer(&world.app, &giver, kit.line, number.as_str()).await.unwrap();
        world.jobs().await;
        let link = link(&world, &number);
        assert!(ownership::offered(&world.app, &new, &link).await.unwrap().mine);
        assert!(!ownership::offered(&world.app, &other, &link).await.unwrap().mine);
        let none = Err(Problem::NotFound("offer"));
        assert_eq!(ownership::accept(&world.app, &other, &link).await, none);
        assert_eq!(ownership::decline(&world.app, &other, &link).await, Err(Problem::NotFound("offer")));
        let bent = link.replacen(['A', 'B', 'C', 'a', 'b', 'c'], "Z", 1);
        assert_eq!(ownership::accept(&world.app, &new, &bent).await, none);

        let line = ownership::accept(&world.app, &new, &link).await.unwrap();
        world.settle().await;
        world.sound().await;
        assert_eq!(ownership::accept(&world.app, &new, &link).await, Ok(line), "the same record");
        let mine = moved(&kit, taker, line);
        let now = world.line_now(&mine).await;
        assert_eq!((now.state.word(), now.name.as_str(), now.device), ("silent", "", DeviceKind::Watch));
        for (whose, line) in [(&giver, kit.line), (&new, line)] {
            let said = own_line::device_number(&world.app, whose, line).await.unwrap();
            assert_eq!(said, "", "which device it sits in is for the new owner to say");
        }
        assert_eq!(world.balance(kit.customer, LedgerAccount::PaidCredit).await, 50 * YUAN, "money stays");
        assert_eq!(world.order_now(&bought).await.state, OrderState::InEffect);
        assert_eq!(world.told(&kit).await.last(), Some(&"line_given"));
        assert_eq!(world.messenger.told(number.as_str()).last(), Some(&"line_taken"));
        // The session is cut off until the new owner buys something.
        assert_eq!(leads(&world, &kit, session.session.to_string()).await, [Some((taker, line)); 3]);
        assert!(!device::report(&world.app, session.session, 1, 1).await.unwrap().online);
        assert_eq!(world.buys(&mine, "days").await.state, OrderState::InEffect);
        assert!(device::report(&world.app, session.session, 2, 1).await.unwrap().online);
        world.sound().await;
        // The former owner's plan earns on, and late money for the former record goes back.
        world.skip_days(40).await;
        world.sound().await;
        assert_eq!(world.balance(kit.customer, LedgerAccount::Revenue).await, 39 * YUAN);
        assert_eq!(
            refund_order::refund_offer(&world.app, kit.customer, bought.id).await.unwrap().by_rule.err(),
            Some(NoRefund::NotAfterDelivery)
        );
    })
    .await;
}

#[tokio::test]
async fn an_offer_ends_when_its_owner_says_so_or_its_time_is_over() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let taker = world.person().await;
        let (giver, new) = (entered(&world, kit.customer).await, entered(&world, taker).await);
        let number = contact(&world, taker).await;
        let offer = async |to: &str| ownership::offer(&world.app, &giver, kit.line, to).await;
        assert_eq!(offer("12").await, Err(Problem::Invalid { field: "contact", rule: "not-a-number" }));
        let own = contact(&world, kit.customer).await;
        assert_eq!(offer(own.as_str()).await, Err(Problem::Invalid { field: "contact", rule: "your-own" }));
        offer(number.as_str()).await.unwrap();
        world.jobs().await;
        let first = link(&world, &number);
        ownership::withdraw(&world.app, &giver, kit.line).await.unwrap();
        assert_eq!(ownership::accept(&world.app, &new, &first).await, Err(Problem::OfferOver));
        world.app.clock.pass_us(1_000);
        offer(number.as_str()).await.unwrap();
        world.jobs().await;
        let second = link(&world, &number);
        assert_ne!(first, second);
        ownership::decline(&world.app, &new, &second).await.unwrap();
        ownership::decline(&world.app, &new, &second).await.unwrap();
        assert_eq!(ownership::accept(&world.app, &new, &second).await, Err(Problem::OfferOver));
        world.app.clock.pass_us(1_000);
        offer(number.as_str()).await.unwrap();
        world.jobs().await;
        let third = link(&world, &number);

        // A line on its way to another state is not taken.
        own_line::report_lost(&world.app, &giver, kit.line).await.unwrap();
        let lost = Err(Problem::NotHandedOver(NoHandOver::State(LifecycleRefusal::Lost)));
        assert_eq!(ownership::accept(&world.app, &new, &third).await, lost);
        own_line::found(&world.app, &giver, kit.line).await.unwrap();
        world.pass(OFFER_US).await;
        assert_eq!(ownership::accept(&world.app, &new, &third).await, Err(Problem::OfferOver));
        assert_eq!(world.line_now(&kit).await.customer, kit.customer);
        // An old proof offers nothing.
        assert_eq!(offer(number.as_str()).await, Err(Problem::ProveFirst));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_signs_in_with_a_line_does_not_give_it_away() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let own = "UPDATE customer SET contact = $2 WHERE customer_id = $1";
        world.sql(own, vec![kit.customer.into(), kit.msisdn.as_str().into()]).await;
        let giver = entered(&world, kit.customer).await;
        let taker = world.person().await;
        let number = contact(&world, taker).await;
        let offered = ownership::offer(&world.app, &giver, kit.line, number.as_str()).await;
        assert_eq!(offered, Err(Problem::Invalid { field: "line", rule: "is-login" }));
    })
    .await;
}

#[tokio::test]
async fn a_line_is_what_its_owner_calls_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (owner, other) = (entered(&world, kit.customer).await, entered(&world, world.person().await).await);
        let said = |name: &str, device: &str, guests| Described {
            name: name.to_owned(),
            device: device.to_owned(),
            imei: String::new(),
            guest_renewal: guests,
        };
        own_line::describe(&world.app, &owner, kit.line, &said(" 奶奶的定位器 ", "tracker", false)).await.unwrap();
        let now = world.line_now(&kit).await;
        assert_eq!((now.name.as_str(), now.device, now.guest_renewal), ("奶奶的定位器", DeviceKind::Tracker, false));
        let invalid = |field, rule| Err(Problem::Invalid { field, rule });
        let describe = async |said| own_line::describe(&world.app, &owner, kit.line, &said).await;
        assert_eq!(describe(said(&"长".repeat(41), "watch", true)).await, invalid("name", "up-to-40"));
        assert_eq!(describe(said("x", "toaster", true)).await, invalid("device", "one-of-the-list"));
        let foreign = own_line::describe(&world.app, &other, kit.line, &said("x", "watch", true)).await;
        assert_eq!(foreign, Err(Problem::NotFound("line")));
        assert_eq!(own_line::report_lost(&world.app, &other, kit.line).await, Err(Problem::NotFound("line")));
        assert_eq!(world.line_now(&kit).await.name, "奶奶的定位器");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_card_is_replaced_and_never_serves_again() {
    on_both(async |world: World| {
        load_sims(&world, format!("{HEADER}{}", rows(1, 2, "spring").replace("14400", ""))).await.ok();
        let blank = |n: u64| {
            format!(
                "{},{},,physical,1234,{:08},5678,{:08},NEW{n:06},blank\n",
                iccid(50 + n),
                imsi(50 + n),
                50_000_000 + n,
                60_000_000 + n
            )
        };
        let (summary, faults) = load_sims(&world, format!("{HEADER}{}{}", blank(1), blank(2))).await.unwrap();
        assert_eq!((summary.added, faults), (2, vec![]));
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let thief = world.attach(&kit).await.session;
        let owner = entered(&world, kit.customer).await;
        let replace = async |card: &str, secret: &str| {
            replace_sim::replace(&world.app, &owner, kit.line, card, secret).await.map(|line| line.state)
        };
        let first = Err(Problem::Invalid { field: "line", rule: "report-it-first" });
        assert_eq!(replace(&iccid(51), "50000001").await, first);
        own_line::report_lost(&world.app, &owner, kit.line).await.unwrap();
        own_line::report_lost(&world.app, &owner, kit.line).await.unwrap();
        assert_eq!(replace(&iccid(51), "50000001").await, Err(Problem::NotHandedOver(NoHandOver::Underway)));
        world.settle().await;
        assert_eq!(world.line_now(&kit).await.state, LineState::Suspended(SuspendCause::Lost));
        assert_eq!(replace(&iccid(51), "50000002").await, Err(Problem::NotClaimed(NotClaimed::NoSuch)));
        assert_eq!(replace(&iccid(51), "50000001").await, Ok(LineState::Active));
        assert_eq!(replace(&iccid(51), "50000001").await, Ok(LineState::Active), "sent twice");
        world.settle().await;
        world.sound().await;
        assert!(world.told(&kit).await.contains(&"sim_replaced"));

        // The former card is nobody's, and its session is over.
        let gone = device::attach(&world.app, kit.imsi.as_str(), "http://radio/notify").await.map(|_| ());
        assert_eq!(gone, Err(Problem::NotFound("subscriber")));
        assert!(device::report(&world.app, thief, 1, GB).await.is_err());
        let with_new = Kit { imsi: Imsi::parse(&imsi(51)).unwrap(), ..kit.clone() };
        assert!(world.attach(&with_new).await.online);
        let former = "SELECT 1 FROM sim WHERE imsi = $1 AND state = 'retired' AND line_id IS NULL";
        let imsi_text = kit.imsi.as_str().to_owned();
        let retired = world
            .look(move |tx| {
                let imsi = imsi_text.clone();
                Box::pin(async move {
                    let sql: &'static everline_store::Sql = Box::leak(Box::new(everline_store::Sql::new(former)));
                    tx.maybe::<(i64,)>(sql, everline_store::args![imsi.as_str()]).await
                })
            })
            .await;
        assert!(retired.is_some());
        // A card in use, or the one that was lost, replaces nothing: the line stays as it was.
        own_line::report_lost(&world.app, &owner, kit.line).await.unwrap();
        world.settle().await;
        assert_eq!(replace(&iccid(51), "50000001").await, Err(Problem::NotClaimed(NotClaimed::NoSuch)));
        assert_eq!(world.line_now(&kit).await.state, LineState::Suspended(SuspendCause::Lost));
        world.sound().await;
    })
    .await;
}

/// The number of a line is also what its owner signs in with.
async fn signs_in_with_it(world: &World, customer: CustomerId, kit: &Kit) {
    let own = "UPDATE customer SET contact = $2 WHERE customer_id = $1";
    world.sql(own, vec![customer.into(), kit.msisdn.as_str().into()]).await;
}

#[tokio::test]
async fn a_code_to_a_lost_telephone_proves_nobody_and_what_was_proved_before_holds() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        signs_in_with_it(&world, kit.customer, &kit).await;
        let owner = entered(&world, kit.customer).await;
        world.pass(MINUTE_US).await;
        own_line::report_lost(&world.app, &owner, kit.line).await.unwrap();
        // Whoever found it reads the next code.
        world.pass(MINUTE_US).await;
        let finder = entered(&world, kit.customer).await;
        assert_eq!(own_line::found(&world.app, &finder, kit.line).await.map(|_| ()), Err(Problem::NumberLost));
        let by = world.member("agent").await;
        assert_eq!(ask_caller(&world.app, by, kit.customer).await.map(|_| ()), Err(Problem::NumberLost));
        own_line::found(&world.app, &owner, kit.line).await.unwrap();
        ask_caller(&world.app, by, kit.customer).await.unwrap();
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_line_that_is_claimed_still_has_its_new_card() {
    on_both(async |world: World| {
        let kit = nobodys(&world, Family::Phone).await;
        sim_replaced(&world.app, kit.customer, kit.line).await.unwrap();
        let person = world.person().await;
        signs_in_with_it(&world, person, &kit).await;
        let who = entered(&world, person).await;
        let held = async || may_change(&world.app, &who, Change::Access).await;
        assert!(matches!(held().await, Err(Problem::HeldBack { .. })));
        by_code(&world, &who, &kit.msisdn).await.unwrap();
        assert!(matches!(held().await, Err(Problem::HeldBack { .. })), "under its new record too");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn after_a_new_card_a_code_to_the_number_changes_nothing_for_a_day() {
    on_both(async |world: World| {
        let blank = format!("{},{},,physical,1234,50000001,5678,60000001,NEW000001,blank\n", iccid(51), imsi(51));
        load_sims(&world, format!("{HEADER}{blank}")).await.unwrap();
        let kit = world.line(Family::Phone).await;
        signs_in_with_it(&world, kit.customer, &kit).await;
        let owner = entered(&world, kit.customer).await;
        own_line::report_lost(&world.app, &owner, kit.line).await.unwrap();
        world.settle().await;
        replace_sim::replace(&world.app, &owner, kit.line, &iccid(51), "NEW000001").await.unwrap();
        world.pass(HOUR_US).await;
        let again = entered(&world, kit.customer).await;
        own_line::report_lost(&world.app, &again, kit.line).await.unwrap();
        let lifted = own_line::found(&world.app, &again, kit.line).await;
        assert!(matches!(lifted, Err(Problem::HeldBack { .. })), "{lifted:?}");
        world.pass(SIM_HOLD_US).await;
        let later = entered(&world, kit.customer).await;
        // It is still reported lost: that is no code's to lift, whoever has the card by now.
        let lifted = own_line::found(&world.app, &later, kit.line).await;
        assert_eq!(lifted.map(|_| ()), Err(Problem::NumberLost));
    })
    .await;
}
