//! What staff do for customers at the desk, on both stores: ask again, send a link to pay, give and correct credit, and act for a
//! caller who was proved.

use crate::world::loading::{HEADER, iccid, imsi, load_sims};
use crate::world::outside::Fate;
use crate::world::stock::YUAN;
use crate::world::{Kit, World, on_both, stock};
use everline_app::ask_again::{ASKED_PER_HOUR, Heard, Provisioned, ask_provider_again, provision_again};
use everline_app::caller::{ask_caller, prove_caller};
use everline_app::catalog_draft::{Content, create};
use everline_app::catalog_sale::{Act, act};
use everline_app::credit_change::{
    NewChange, adjust_credit, credit_desk, decide_adjustment, give_goodwill, waiting_adjustments,
};
use everline_app::lifecycle_command::{Seen, command_at_desk};
use everline_app::order_seen::{OrderSeen, Part};
use everline_app::ownership::{self, offer_for_caller, withdraw_by_staff};
use everline_app::pay_link::{NewLink, follow, send_pay_link, sendable};
use everline_app::reminders::contacts;
use everline_app::replace_sim::replace_for_caller;
use everline_app::sessions::{Principal, open_session};
use everline_app::sign_in::session;
use everline_app::staff_order::staff_order;
use everline_app::{Problem, catalog_desk, invoice, refund_order, refund_other_way, staff};
use everline_core::account::SIM_HOLD_US;
use everline_core::audit::Actor;
use everline_core::credit_change::{ChangeKind, NotChanged};
use everline_core::identifiers::Msisdn;
use everline_core::ids::RawId;
use everline_core::invoice::Settlement;
use everline_core::ledger::LedgerAccount;
use everline_core::lifecycle::LifecycleCommand;
use everline_core::line::{LineState, SuspendCause};
use everline_core::money::{Currency, Money};
use everline_core::offering::{Eligibility, Family, OfferingRef};
use everline_core::order::{Order, OrderState};
use everline_core::pay_link::{PAY_LINK_LIFE_US, PAY_LINKS_PER_DAY};
use everline_core::payment::Method;
use everline_core::quote::NotSellable;
use everline_core::refund::OtherWay;
use everline_core::refund_request::{LET_IN_US, NotDecided, RequestState, Verdict};
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::args;

fn money(yuan: i64) -> Money {
    Money::from_micros(yuan * YUAN, Currency::CNY)
}
fn new(world: &World, kind: ChangeKind, yuan: i64) -> NewChange {
    NewChange { id: world.app.clock.id(), kind, amount: money(yuan), reason: "断网两天".to_owned(), seen: None }
}
fn over_member(yuan: i64) -> Result<RequestState, Problem> {
    Err(Problem::NotChanged(NotChanged::MemberDay(money(yuan))))
}

#[tokio::test]
async fn goodwill_is_given_once_and_within_what_a_day_allows() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        let customer = world.person().await;
        let gives = async |new: NewChange| give_goodwill(&world.app, customer, new, agent).await.map(|c| c.state);
        let first = NewChange { seen: Some([0, 0]), ..new(&world, ChangeKind::Goodwill, 15) };
        // Sent twice, also at once by two nodes, it is given once; under its id nothing else is.
        let node = world.another_node();
        let (one, two) = tokio::join!(
            give_goodwill(&world.app, customer, first.clone(), agent),
            give_goodwill(&node.app, customer, first.clone(), agent)
        );
        assert_eq!((one.unwrap().state, two.unwrap().state), (RequestState::Done, RequestState::Done));
        let other = NewChange { amount: money(1), ..first.clone() };
        assert_eq!(gives(other).await, Err(Problem::ExistsDifferently("credit")));
        assert_eq!(world.balance(customer, LedgerAccount::PromoCredit).await, 15 * YUAN);
        // What a page showed before is no ground any more.
        let stale = NewChange { seen: Some([0, 0]), ..new(&world, ChangeKind::Goodwill, 1) };
        assert_eq!(gives(stale).await, Err(Problem::Stale));
        let left = Err(Problem::NotChanged(NotChanged::CustomerDay(money(5))));
        assert_eq!(gives(new(&world, ChangeKind::Goodwill, 6)).await, left);
        assert_eq!(credit_desk(&world.app, customer, agent).await.unwrap().goodwill_left, money(5));
        assert_eq!(gives(new(&world, ChangeKind::Goodwill, 5)).await, Ok(RequestState::Done));
        // Others of a customer count too; and the next day counts anew.
        let colleague = world.member("senior_agent").await;
        let more = give_goodwill(&world.app, customer, new(&world, ChangeKind::Goodwill, 1), colleague).await;
        assert_eq!(more.map(|c| c.state), Err(Problem::NotChanged(NotChanged::CustomerDay(money(0)))));
        world.pass(DAY_US).await;
        assert_eq!(gives(new(&world, ChangeKind::Goodwill, 20)).await, Ok(RequestState::Done));
        for (wrong, field) in [
            (NewChange { amount: money(0), ..new(&world, ChangeKind::Goodwill, 1) }, "amount"),
            (NewChange { reason: " ".to_owned(), ..new(&world, ChangeKind::Goodwill, 1) }, "reason"),
            (new(&world, ChangeKind::Raised, 1), "kind"),
        ] {
            assert!(matches!(gives(wrong).await, Err(Problem::Invalid { field: f, .. }) if f == field), "{field}");
        }
        let house = everline_core::ids::CustomerId::from([0; 16]);
        let nobody = give_goodwill(&world.app, house, new(&world, ChangeKind::Goodwill, 1), agent).await;
        assert_eq!(nobody.map(|c| c.state), Err(Problem::NotFound("customer")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_member_gives_in_a_day_counts_over_all_their_sessions() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        let node = world.another_node();
        let mut given = 0;
        // A hundred in all, by tens, ten at once on two nodes: whoever comes after is told that nothing is left.
        for round in 0..2 {
            let customers = [(); 10];
            let mut all = Vec::new();
            for (n, ()) in customers.into_iter().enumerate() {
                let (at, customer) = (if n % 2 == 0 { &world } else { &node }, world.person().await);
                let change = new(at, ChangeKind::Goodwill, 15);
                all.push(give_goodwill(&at.app, customer, change, agent));
            }
            for done in futures_util::future::join_all(all).await {
                match done.map(|change| change.state) {
                    Ok(RequestState::Done) => given += 15,
                    other => assert_eq!(other, over_member(10), "round {round}"),
                }
            }
        }
        assert_eq!(given, 90, "six of fifteen are ninety, a seventh is too much");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn credit_is_corrected_alone_within_a_limit_and_above_it_by_two() {
    on_both(async |world: World| {
        let (finance, operator) = (world.member("finance").await, world.member("operator").await);
        let customer = world.person().await;
        let adjusts = async |kind, yuan, by| {
            adjust_credit(&world.app, customer, new(&world, kind, yuan), by).await.map(|c| c.state)
        };
        let paid = async || world.balance(customer, LedgerAccount::PaidCredit).await / YUAN;
        assert_eq!(adjusts(ChangeKind::Raised, 40, finance).await, Ok(RequestState::Done));
        let holds = |yuan| Err(Problem::NotChanged(NotChanged::Holds(money(yuan))));
        assert_eq!(adjusts(ChangeKind::Lowered, 41, finance).await, holds(40));
        assert_eq!(adjusts(ChangeKind::PromoLowered, 1, finance).await, holds(0));
        assert_eq!(adjusts(ChangeKind::Lowered, 10, finance).await, Ok(RequestState::Done));
        assert_eq!(paid().await, 30);
        // Fifty are used up: small parts do not pass the limit together.
        let ask = new(&world, ChangeKind::Lowered, 1);
        let asked = adjust_credit(&world.app, customer, ask.clone(), finance).await.unwrap();
        assert_eq!((asked.state, paid().await), (RequestState::Requested, 30));
        assert_eq!(adjust_credit(&world.app, customer, ask, finance).await, Ok(asked.clone()), "asked once");
        assert_eq!(waiting_adjustments(&world.app, operator).await.unwrap().rows.len(), 1);
        let decides = async |at: &World, id, verdict, by| {
            decide_adjustment(&at.app, customer, (id, None), verdict, by).await.map(|c| c.state.word())
        };
        let own = decides(&world, asked.id, Verdict::Approve, finance).await;
        assert_eq!(own, Err(Problem::NotDecided(NotDecided::SamePerson)));
        let third = world.member("finance").await;
        let node = world.another_node();
        let (one, two) = tokio::join!(
            decides(&world, asked.id, Verdict::Approve, operator),
            decides(&node, asked.id, Verdict::Decline, third)
        );
        let lost = Err(Problem::NotDecided(NotDecided::NotWaiting));
        assert_eq!([&one, &two].into_iter().filter(|done| **done == lost).count(), 1, "{one:?} {two:?}");
        let approved = one.is_ok();
        assert_eq!(paid().await, if approved { 29 } else { 30 });
        // What is not there any more cannot be approved; the request waits on and is withdrawn.
        let late = adjust_credit(&world.app, customer, new(&world, ChangeKind::Lowered, 25), finance).await.unwrap();
        assert_eq!(adjusts(ChangeKind::Lowered, 20, operator).await, Ok(RequestState::Done));
        let gone = decides(&world, late.id, Verdict::Approve, operator).await;
        assert!(matches!(gone, Err(Problem::NotChanged(NotChanged::Holds(_)))), "{gone:?}");
        assert_eq!(decides(&world, late.id, Verdict::Decline, finance).await, Ok("declined"));
        assert_eq!(waiting_adjustments(&world.app, operator).await.unwrap().rows, []);
        let agent = world.member("agent").await;
        assert_eq!(adjusts(ChangeKind::Raised, 1, agent).await, Err(Problem::NotAllowed));
        // A node whose clock is behind decides no earlier than it was asked, nor books it so.
        world.pass(MINUTE_US).await;
        let asked = adjust_credit(&world.app, customer, new(&world, ChangeKind::Raised, 7), finance).await.unwrap();
        let behind = world.another_node();
        behind.app.clock.set_business_offset_us(world.app.clock.business_offset_us() - HOUR_US);
        let decided =
            decide_adjustment(&behind.app, customer, (asked.id, None), Verdict::Approve, operator).await.unwrap();
        let RequestState::Approved(by) = decided.state else { panic!("{decided:?}") };
        assert_eq!(by.at, asked.asked_at);
        let from = "UPDATE transfer SET posted_at = posted_at WHERE customer_id = $1 AND posted_at >= $2";
        assert_eq!(world.sql(from, args![customer, asked.asked_at]).await, 1);
        world.sound().await;
        assert!(world.verify_in_small_parts().await.clean());
    })
    .await;
}

#[tokio::test]
async fn whoever_lets_a_colleague_in_does_not_decide_with_them_for_three_days() {
    on_both(async |world: World| {
        let operator = world.member("operator").await;
        let customer = world.person().await;
        let added = Actor::Staff(operator);
        staff::add(&world.app, added, "puppet", "Puppet", "finance").await.unwrap();
        let all = staff::list(&world.app).await.unwrap();
        let puppet = all.iter().find(|member| member.login == "puppet").unwrap().id;
        let asks = async |by| {
            let asked = adjust_credit(&world.app, customer, new(&world, ChangeKind::Raised, 60), by).await.unwrap();
            assert_eq!(asked.state, RequestState::Requested);
            asked.id
        };
        let decides = async |id, by| {
            let done = decide_adjustment(&world.app, customer, (id, None), Verdict::Approve, by).await;
            done.map(|change| change.state.word())
        };
        let let_in = Err(Problem::NotDecided(NotDecided::LetIn));
        let (theirs, own) = (asks(puppet).await, asks(operator).await);
        assert_eq!(decides(own, puppet).await, let_in, "who holds the link may be both");
        assert_eq!(decides(theirs, operator).await, let_in);
        world.pass(LET_IN_US).await;
        assert_eq!(decides(own, puppet).await, Ok("approved"));
        let grounds = Some(staff::Grounds { seen: "finance.invited", reason: "手机丢失" });
        staff::reset_second_factor(&world.app, added, "puppet", grounds).await.unwrap();
        assert_eq!(decides(theirs, operator).await, let_in);
        let other = world.member("operator").await;
        assert_eq!(decides(theirs, other).await, Ok("approved"));
        // Nor do two whom one and the same let in, nor over a third whom they let in.
        let lets_in = async |by: RawId, login: &str, role: &str| {
            staff::add(&world.app, Actor::Staff(by), login, login, role).await.unwrap();
            let all = staff::list(&world.app).await.unwrap();
            all.iter().find(|member| member.login == login).unwrap().id
        };
        let second = lets_in(operator, "second", "operator").await;
        let third = lets_in(second, "third", "finance").await;
        let beside = lets_in(operator, "beside", "finance").await;
        let (own, of_beside) = (asks(operator).await, asks(beside).await);
        assert_eq!(decides(own, third).await, let_in, "over one that they let in");
        assert_eq!(decides(of_beside, third).await, let_in, "one person holds both links");
        assert_eq!(
            decides(of_beside, world.member("finance").await).await,
            Ok("approved"),
            "whom nobody let in lately"
        );
        world.pass(LET_IN_US).await;
        assert_eq!(decides(own, third).await, Ok("approved"));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_is_asked_at_once_and_what_it_says_is_said() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        let asks = async || {
            let said = ask_provider_again(&world.app, &order.number, agent).await?;
            Ok::<_, Problem>(said.iter().map(|one| (one.refund, one.heard)).collect::<Vec<_>>())
        };
        world.provider.next("query", &[Fate::Silent]);
        assert_eq!(asks().await, Ok(vec![(false, Heard::Silent)]));
        assert_eq!(asks().await, Ok(vec![(false, Heard::NotExist)]));
        world.provider.scan(&attempt.out_trade_no);
        assert_eq!(asks().await, Ok(vec![(false, Heard::Waiting)]));
        // It was paid, and the notice is lost.
        world.provider.pay(&attempt.out_trade_no);
        assert_eq!(asks().await, Ok(vec![(false, Heard::Paid)]));
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        assert_eq!(asks().await, Ok(vec![]), "nothing is open");
        // A refund is under way.
        world.provider.always("refund", Fate::Silent);
        let refund = crate::refunds::wanted(&world, None, false);
        refund_order::refund_by_staff(&world.app, &order.number, refund, agent).await.unwrap();
        world.jobs().await;
        assert_eq!(asks().await, Ok(vec![(true, Heard::Silent)]));
        // Whoever runs it just now is not met by another.
        let leased =
            "UPDATE job SET leased_until = $1, due_at = $1 WHERE payload LIKE '%\"refund\"%' AND state = 'ready'";
        let until = world.app.clock.now().system.plus_us(MINUTE_US);
        assert_eq!(world.sql(leased, args![until]).await, 1);
        assert_eq!(asks().await, Ok(vec![(true, Heard::Running)]));
        world.app.clock.pass_us(MINUTE_US);
        world.provider.always("refund", Fate::Works);
        assert_eq!(asks().await, Ok(vec![(true, Heard::Returned)]));
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunded);
        let mut asked = 8;
        while asks().await.is_ok() {
            asked += 1;
        }
        assert_eq!(asked, ASKED_PER_HOUR);
        assert!(matches!(asks().await, Err(Problem::TooMany { .. })));
        world.pass(HOUR_US).await;
        assert!(asks().await.is_ok());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_network_is_asked_once_more_under_the_same_number_and_never_twice_at_once() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        world.upstream.next("apply", &[Fate::Silent, Fate::Submits]);
        let kit = world.upstream_line().await;
        let order = world.buys(&kit, "month").await;
        assert_eq!(order.state, OrderState::Paid);
        let seen = async |order: &Order| {
            let found = staff_order(&world.app, &order.number, agent).await.unwrap();
            let (view, invoice) = (&found.view, found.invoice.as_ref());
            OrderSeen::of(&view.order, &view.attempts, &view.refunds, &found.requests, invoice)
        };
        let was = seen(&order).await;
        let again = async |at: &World, order: &Order, seen: Option<OrderSeen>| {
            provision_again(&at.app, &order.number, seen, agent).await
        };
        assert_eq!(again(&world, &order, Some(was.clone())).await, Ok(Provisioned::Submitted));
        // Somebody asks it just now.
        let leased = "UPDATE job SET leased_until = $1, due_at = $1 WHERE payload LIKE '%activate_upstream%'";
        let until = world.app.clock.now().system.plus_us(MINUTE_US);
        assert_eq!(world.sql(leased, args![until]).await, 1);
        assert_eq!(again(&world, &order, None).await, Ok(Provisioned::Running));
        world.app.clock.pass_us(MINUTE_US);
        // A job that gave up, and one that is lost, come back.
        world
            .sql("UPDATE job SET state = 'dead', leased_until = NULL WHERE payload LIKE '%activate_upstream%'", args![])
            .await;
        world.upstream.next("apply", &[Fate::Silent, Fate::Silent]);
        assert_eq!(again(&world, &order, None).await, Ok(Provisioned::Silent));
        world.sql("DELETE FROM job WHERE payload LIKE '%activate_upstream%'", args![]).await;
        assert_eq!(again(&world, &order, None).await, Ok(Provisioned::Silent));
        // Two press at once, on two nodes: one number, one activation.
        let node = world.another_node();
        node.app.clock.pass_us(1);
        let (one, two) = tokio::join!(again(&world, &order, None), again(&node, &order, None));
        let said = [one, two];
        let fits = |said: &Result<Provisioned, Problem>| {
            matches!(said, Ok(Provisioned::Confirmed | Provisioned::Running) | Err(Problem::Stale))
        };
        assert!(said.iter().all(fits) && said.contains(&Ok(Provisioned::Confirmed)), "{said:?}");
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        assert_eq!(world.upstream.activated(kit.msisdn.as_str()).len(), 1);
        assert_eq!(again(&world, &order, Some(was.clone())).await, Err(Problem::Stale));
        assert_eq!(again(&world, &order, None).await, Err(Problem::Stale), "it waits for no network");
        assert_eq!(was.changed(&seen(&order).await), [Part::State]);

        // Our own network: what waits to be told is told now.
        let watch = world.line(Family::Watch).await;
        world.buys(&watch, "days").await;
        world.attach(&watch).await;
        world.skip_days(31).await;
        world.radio.always("apply", Fate::Silent);
        let renewed = world.buys(&watch, "days").await;
        assert_eq!(renewed.state, OrderState::Delivered);
        world.radio.always("apply", Fate::Works);
        assert_eq!(again(&world, &renewed, None).await, Ok(Provisioned::Told));
        world.jobs().await;
        assert_eq!(world.order_now(&renewed).await.state, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

fn link(world: &World, offering: &str) -> NewLink {
    let offering = OfferingRef { code: offering.to_owned(), version: 1 };
    NewLink { id: world.app.clock.id(), offering, order: None, contact: None, seen: None }
}

#[tokio::test]
async fn a_link_to_pay_goes_to_the_owner_and_leads_to_what_was_chosen_for_a_day() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        let kit = world.line(Family::Watch).await;
        let of = (kit.customer, kit.line);
        let sends = async |new: NewLink| send_pay_link(&world.app, agent, of, new).await.map(|_| ());
        let found = sendable(&world.app, agent, of).await.unwrap();
        assert!(found.offerings.iter().any(|one| one.reference.code == "days") && found.owner.is_some());
        assert!(!found.offerings.iter().any(|one| one.reference.code == "pack"), "it needs a plan");
        assert_eq!(sends(link(&world, "pack")).await, Err(Problem::NotSellable(NotSellable::NeedsPlan)));
        let new = link(&world, "days");
        sends(new.clone()).await.unwrap();
        sends(new.clone()).await.unwrap();
        world.jobs().await;
        assert_eq!(world.told(&kit).await, ["pay_link"], "sent twice, told once");
        let (path, amount) = (world.said(&kit, "path").await.unwrap(), world.said(&kit, "amount").await.unwrap());
        assert_eq!(amount, "¥9.90");
        let token = path.trim_start_matches("/p/").to_owned();
        let leads = follow(&world.app, &token).await.unwrap().unwrap();
        assert_eq!((leads.line.id, leads.offering.code.as_str(), leads.order), (kit.line, "days", None));
        assert_eq!(follow(&world.app, "nothing").await.map(|_| ()), Err(Problem::NotFound("link")));
        let bent = token.replacen(['A', 'B', 'a', 'b', 'c'], "Z", 1);
        assert_eq!(follow(&world.app, &bent).await.map(|_| ()), Err(Problem::NotFound("link")));
        // For an order that its owner had begun.
        let order = world.order(&kit, "days").await.unwrap();
        sends(NewLink { order: Some(order.number.clone()), ..link(&world, "days") }).await.unwrap();
        world.jobs().await;
        let token = world.said(&kit, "path").await.unwrap().trim_start_matches("/p/").to_owned();
        assert_eq!(follow(&world.app, &token).await.unwrap().unwrap().order, Some(order.id));
        let other = sends(NewLink { order: Some(order.number.clone()), ..link(&world, "month") }).await;
        assert_eq!(other, Err(Problem::Stale), "another offering than the order's");
        let attempt = world.start(&order, Method::AlipayQr).await.unwrap();
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(follow(&world.app, &token).await.unwrap().unwrap().order, None, "it is paid");
        let paid = sends(NewLink { order: Some(order.number), ..link(&world, "days") }).await;
        assert_eq!(paid, Err(Problem::AlreadyPaid));
        // Enough for a day, whoever sends.
        let mut sent = 2;
        while sends(link(&world, "days")).await.is_ok() {
            sent += 1;
        }
        assert_eq!(sent, PAY_LINKS_PER_DAY);
        assert!(matches!(sends(link(&world, "days")).await, Err(Problem::TooMany { .. })));
        world.pass(PAY_LINK_LIFE_US).await;
        assert_eq!(follow(&world.app, &token).await, Ok(None), "its day is over");
        sends(link(&world, "days")).await.unwrap();
        let nobody = sends(NewLink { contact: Some(RawId::from_bytes([9; 16])), ..link(&world, "days") }).await;
        assert_eq!(nobody, Err(Problem::NotFound("contact")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_link_to_pay_goes_to_a_contact_person_of_the_line_alone() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        let kit = world.line(Family::Watch).await;
        let person = "13900000088";
        let request = contacts::ask(&world.app, kit.customer, kit.line, person, "en").await.unwrap();
        let code = world.messenger.parameter(person, "code").unwrap();
        contacts::add(&world.app, kit.customer, kit.line, (request, &code), "en").await.unwrap();
        let found = sendable(&world.app, agent, (kit.customer, kit.line)).await.unwrap();
        let [(contact, masked)] = found.contacts.as_slice() else { panic!("{found:?}") };
        assert!(!masked.contains("00000088"), "{masked}");
        let new = NewLink { contact: Some(*contact), ..link(&world, "days") };
        send_pay_link(&world.app, agent, (kit.customer, kit.line), new).await.unwrap();
        world.jobs().await;
        assert_eq!(world.messenger.told(person).last(), Some(&"pay_link"));
        assert!(!world.told(&kit).await.contains(&"pay_link"), "the owner did not ask for it");
        let path = world.messenger.parameter(person, "path").unwrap();
        let leads = follow(&world.app, path.trim_start_matches("/p/")).await.unwrap().unwrap();
        assert_eq!((leads.line.id, leads.offering.code.as_str()), (kit.line, "days"));
        // Of another line they are nobody.
        let other = world.line(Family::Watch).await;
        let new = NewLink { contact: Some(*contact), ..link(&world, "days") };
        let nobody = send_pay_link(&world.app, agent, (other.customer, other.line), new).await.map(|_| ());
        assert_eq!(nobody, Err(Problem::NotFound("contact")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn no_link_leads_a_guest_to_what_guests_cannot_buy() {
    on_both(async |world: World| {
        let (agent, keeper) = (world.member("agent").await, world.member("catalog").await);
        let kit = world.line(Family::Watch).await;
        let of = (kit.customer, kit.line);
        let mut once = stock::offerings().into_iter().find(|one| one.reference.code == "days").unwrap();
        once.reference.code = "once".to_owned();
        once.eligibility = Eligibility { new_lines_only: false, per_line_max: Some(1) };
        let once = create(&world.app, Content { offering: once, upstream_cost: None }, keeper).await.unwrap();
        let draft = catalog_desk::version(&world.app, once.clone(), keeper).await.unwrap().version;
        act(&world.app, (once.clone(), draft.revision), Act::Publish, keeper).await.unwrap();
        let found = sendable(&world.app, agent, of).await.unwrap();
        assert!(!found.offerings.iter().any(|one| one.reference == once), "{found:?}");
        let refused = send_pay_link(&world.app, agent, of, link(&world, "once")).await.map(|_| ());
        assert_eq!(refused, Err(Problem::NotSellable(NotSellable::NotByLink)));
        // The owner, who began to pay for it, comes to their own order.
        let order = world.order(&kit, "once").await.unwrap();
        let begun = NewLink { order: Some(order.number.clone()), ..link(&world, "once") };
        send_pay_link(&world.app, agent, of, begun).await.unwrap();
        // Where guests may not renew, a contact person, who would come as one, gets no link.
        let person = "13900000077";
        let request = contacts::ask(&world.app, kit.customer, kit.line, person, "en").await.unwrap();
        let code = world.messenger.parameter(person, "code").unwrap();
        contacts::add(&world.app, kit.customer, kit.line, (request, &code), "en").await.unwrap();
        let contact = sendable(&world.app, agent, of).await.unwrap().contacts[0].0;
        let order = world.order_now(&order).await;
        let for_them = NewLink { order: Some(order.number), contact: Some(contact), ..link(&world, "once") };
        let refused = send_pay_link(&world.app, agent, of, for_them).await.map(|_| ());
        assert_eq!(refused, Err(Problem::NotSellable(NotSellable::NotByLink)));
        world.sql("UPDATE line SET guest_renewal = 0", args![]).await;
        assert_eq!(sendable(&world.app, agent, of).await.unwrap().contacts, []);
        let nobody = NewLink { contact: Some(contact), ..link(&world, "days") };
        let nobody = send_pay_link(&world.app, agent, of, nobody).await.map(|_| ());
        assert_eq!(nobody, Err(Problem::NotFound("contact")));
        send_pay_link(&world.app, agent, of, link(&world, "days")).await.unwrap();
        world.sound().await;
    })
    .await;
}

/// What a page shows of a line.
async fn seen(world: &World, kit: &Kit) -> Seen {
    let line = world.line_now(kit).await;
    (line.state.word().to_owned(), line.state_since)
}
/// The caller reads the code that went to the customer's number.
async fn proves(world: &World, kit: &Kit, by: RawId) {
    let request = ask_caller(&world.app, by, kit.customer).await.unwrap();
    let code = world.said(kit, "code").await.unwrap();
    prove_caller(&world.app, by, kit.customer, (request, &code)).await.unwrap();
}
async fn contact(world: &World, kit: &Kit) -> Msisdn {
    everline_app::profile::profile(&world.app, kit.customer).await.unwrap().contact.unwrap()
}

#[tokio::test]
async fn a_caller_who_is_proved_gets_another_card_and_then_nothing_more_for_a_day() {
    on_both(async |world: World| {
        let blank = |n: u64| {
            format!(
                "{},{},,physical,1234,{},5678,60000001,NEW{n:06},blank\n",
                iccid(50 + n),
                imsi(50 + n),
                50_000_000 + n
            )
        };
        load_sims(&world, format!("{HEADER}{}{}", blank(1), blank(2))).await.unwrap();
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        let own = "UPDATE customer SET contact = $2 WHERE customer_id = $1";
        world.sql(own, args![kit.customer, kit.msisdn.as_str()]).await;
        let login = "UPDATE directory SET name = $2 WHERE kind = 'login' AND customer_id = $1";
        world.sql(login, args![kit.customer, kit.msisdn.as_str()]).await;
        let (agent, colleague) = (world.member("agent").await, world.member("agent").await);
        let of = (kit.customer, kit.line);
        let card = (iccid(51), "50000001");
        let replaces = async |by, seen: Seen, why: &str| {
            let card = (card.0.as_str(), card.1);
            replace_for_caller(&world.app, by, of, card, (seen, why)).await.map(|line| line.state)
        };
        let was = seen(&world, &kit).await;
        assert_eq!(replaces(agent, was.clone(), "lost").await, Err(Problem::ProveFirst));
        proves(&world, &kit, agent).await;
        assert_eq!(replaces(colleague, was.clone(), "lost").await, Err(Problem::ProveFirst), "to whoever heard it");
        let first = Err(Problem::Invalid { field: "line", rule: "report-it-first" });
        assert_eq!(replaces(agent, was.clone(), "lost").await, first);
        let lost = (LifecycleCommand::ReportLost, was.clone());
        command_at_desk(&world.app, agent, of, lost, "lost").await.unwrap();
        world.settle().await;
        // Whoever says that it was found proves who they are; of a loss anybody may tell.
        let found = (LifecycleCommand::LiftLost, seen(&world, &kit).await);
        let lifts = command_at_desk(&world.app, colleague, of, found.clone(), "found").await.map(|line| line.state);
        assert_eq!(lifts, Err(Problem::ProveFirst));
        command_at_desk(&world.app, agent, of, found, "found").await.unwrap();
        let lost = (LifecycleCommand::ReportLost, seen(&world, &kit).await);
        command_at_desk(&world.app, agent, of, lost, "lost again").await.unwrap();
        world.settle().await;
        assert_eq!(replaces(agent, was, "lost").await, Err(Problem::Stale), "the page is from before");
        let now = seen(&world, &kit).await;
        let why = replaces(agent, now.clone(), " ").await;
        assert!(matches!(why, Err(Problem::Invalid { field: "reason", .. })), "{why:?}");
        assert_eq!(replaces(agent, now.clone(), "lost").await, Ok(LineState::Active));
        world.settle().await;
        assert!(world.told(&kit).await.contains(&"sim_replaced"));
        world.sound().await;
        // The proof is a quarter of an hour old at most, and worth nothing now: whoever has the new Sim would answer.
        let line = seen(&world, &kit).await;
        let offers =
            async |id, to: &str| offer_for_caller(&world.app, agent, of, (id, to), (line.clone(), "sold it")).await;
        let held = offers(world.app.clock.id(), "13911110000").await;
        assert!(matches!(held, Err(Problem::HeldBack { .. })), "{held:?}");
        assert!(matches!(ask_caller(&world.app, agent, kit.customer).await, Err(Problem::HeldBack { .. })));
        world.pass(SIM_HOLD_US).await;
        assert_eq!(offers(world.app.clock.id(), "13911110000").await, Err(Problem::ProveFirst));
    })
    .await;
}

#[tokio::test]
async fn a_line_is_offered_for_a_caller_and_its_owner_is_told() {
    on_both(async |world: World| {
        let agent = world.member("agent").await;
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "days").await;
        let taker = world.line(Family::Phone).await;
        let number = contact(&world, &taker).await;
        let of = (kit.customer, kit.line);
        let was = seen(&world, &kit).await;
        let offers = async |id, seen: Seen| {
            offer_for_caller(&world.app, agent, of, (id, number.as_str()), (seen, "sold it")).await
        };
        assert_eq!(offers(world.app.clock.id(), was.clone()).await, Err(Problem::ProveFirst));
        proves(&world, &kit, agent).await;
        let second = "UPDATE credential SET second_factor = $2 WHERE customer_id = $1";
        world.sql("INSERT INTO credential (customer_id, second_factor) VALUES ($1, 1)", args![kit.customer]).await;
        assert_eq!(offers(world.app.clock.id(), was.clone()).await, Err(Problem::SecondFactor));
        world.sql(second, args![kit.customer, 0i64]).await;
        let stale = offers(world.app.clock.id(), ("silent".to_owned(), was.1)).await;
        assert_eq!(stale, Err(Problem::Stale));
        let id = world.app.clock.id();
        offers(id, was.clone()).await.unwrap();
        offers(id, was.clone()).await.unwrap();
        world.settle().await;
        let told = world.told(&kit).await;
        assert_eq!(told.iter().filter(|one| **one == "line_offer_made").count(), 1, "{told:?}");
        let theirs = world.messenger.told(number.as_str());
        assert_eq!(theirs.iter().filter(|one| **one == "line_offered").count(), 1, "{theirs:?}");
        let link = world.messenger.parameter(number.as_str(), "path").unwrap();
        let link = link.trim_start_matches("/take-over/").to_owned();
        // Taken back, it is over for everybody, and taking it back again says so.
        withdraw_by_staff(&world.app, agent, of, id).await.unwrap();
        assert_eq!(withdraw_by_staff(&world.app, agent, of, id).await, Err(Problem::OfferOver));
        let signed_in = open_session(&world.app, Principal::Customer(taker.customer)).await.unwrap();
        let new_owner = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        assert_eq!(ownership::accept(&world.app, &new_owner, &link).await, Err(Problem::OfferOver));
        let id = world.app.clock.id();
        offers(id, was).await.unwrap();
        world.settle().await;
        let link = world.messenger.parameter(number.as_str(), "path").unwrap();
        let link = link.trim_start_matches("/take-over/").to_owned();
        ownership::accept(&world.app, &new_owner, &link).await.unwrap();
        world.settle().await;
        assert_eq!(withdraw_by_staff(&world.app, agent, of, id).await, Err(Problem::OfferOver));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn whoever_acts_on_an_order_that_changed_is_told_and_nothing_is_done() {
    on_both(async |world: World| {
        let (agent, operator) = (world.member("agent").await, world.member("operator").await);
        let kit = world.line(Family::Watch).await;
        let order = world.buys(&kit, "days").await;
        let shown = async || {
            let found = staff_order(&world.app, &order.number, operator).await.unwrap();
            let (view, invoice) = (&found.view, found.invoice.as_ref());
            OrderSeen::of(&view.order, &view.attempts, &view.refunds, &found.requests, invoice)
        };
        let was = shown().await;
        let gives = async |amount: &str, seen: &OrderSeen| {
            let mut new = crate::refunds::wanted(&world, Some(amount), true);
            new.seen = Some(seen.clone());
            refund_order::refund_by_staff(&world.app, &order.number, new, agent).await.map(|request| request.id)
        };
        world.provider.next("refund", &[Fate::Refuses]);
        gives("1.00", &was).await.unwrap();
        assert_eq!(gives("1.00", &was).await, Err(Problem::Stale), "a colleague gave some back meanwhile");
        world.jobs().await;
        // The provider refuses: on the page from before that, nobody gives it another way.
        let refund = world.refunds(&order).await[0].id.0;
        let way = |seen: OrderSeen| {
            refund_other_way::refund_other_way(
                &world.app,
                &order.number,
                (refund, Some(seen)),
                (OtherWay::Credit, ""),
                operator,
            )
        };
        assert_eq!(way(was.clone()).await, Err(Problem::Stale));
        way(shown().await).await.unwrap();
        // An invoice is asked for on a page that shows none, and the order goes back meanwhile.
        let wanted =
            everline_core::invoice::Particulars::read("person", "林芳", "", "a@example.cn", Currency::CNY).unwrap();
        invoice::ask_invoice(&world.app, kit.customer, order.id, wanted).await.unwrap();
        let with = |seen| (Settlement::Refuse("名称不符".to_owned()), Some(seen));
        let settled = invoice::settle_invoice(&world.app, &order.number, with(was), operator).await;
        assert_eq!(settled.map(|_| ()), Err(Problem::Stale));
        let now = shown().await;
        invoice::settle_invoice(&world.app, &order.number, with(now.clone()), operator).await.unwrap();
        // Sent twice, it is the same: what was done on this page changed it.
        invoice::settle_invoice(&world.app, &order.number, with(now), operator).await.unwrap();
        assert_eq!(world.line_now(&kit).await.state, LineState::Active);
        assert_ne!(world.line_now(&kit).await.state, LineState::Suspended(SuspendCause::Lost));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_correction_is_approved_for_the_credit_that_was_seen() {
    on_both(async |world: World| {
        let (finance, operator) = (world.member("finance").await, world.member("operator").await);
        let customer = world.person().await;
        let asked = adjust_credit(&world.app, customer, new(&world, ChangeKind::Raised, 60), finance).await.unwrap();
        let decides = async |seen, verdict| {
            let decided = decide_adjustment(&world.app, customer, (asked.id, seen), verdict, operator).await;
            decided.map(|change| change.state.word())
        };
        // The account changed since the page was opened: nothing is done, and the request waits on.
        give_goodwill(&world.app, customer, new(&world, ChangeKind::Goodwill, 5), operator).await.unwrap();
        assert_eq!(decides(Some([0, 0]), Verdict::Approve).await, Err(Problem::Stale));
        assert_eq!(world.balance(customer, LedgerAccount::PaidCredit).await, 0);
        assert_eq!(waiting_adjustments(&world.app, operator).await.unwrap().rows, vec![asked.clone()]);
        assert_eq!(decides(Some([0, 5 * YUAN]), Verdict::Approve).await, Ok("approved"));
        assert_eq!(world.balance(customer, LedgerAccount::PaidCredit).await, 60 * YUAN);
        // What is declined moves nothing, whatever was seen.
        let other = adjust_credit(&world.app, customer, new(&world, ChangeKind::Raised, 70), finance).await.unwrap();
        let declined =
            decide_adjustment(&world.app, customer, (other.id, Some([0, 0])), Verdict::Decline, operator).await;
        assert_eq!(declined.unwrap().state.word(), "declined");
        // Who asked and decided is named also after they left.
        world.sql("UPDATE staff SET active = 0, login = 'left' WHERE id = $1", args![finance]).await;
        let desk = credit_desk(&world.app, customer, operator).await.unwrap();
        assert_eq!(desk.names.get(&finance).map(String::as_str), Some("left"));
        assert!(desk.names.contains_key(&operator));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_is_longer_than_its_page_says_so() {
    on_both(async |world: World| {
        let (finance, operator) = (world.member("finance").await, world.member("operator").await);
        let customer = world.person().await;
        let put = "INSERT INTO credit_change (customer_id, id, kind, currency, amount, asked_by, asked_at, state) \
            VALUES ($1, $2, 'raised', 'CNY', 60000000, $3, 0, 'requested')";
        let adds = async |count: usize| {
            for _ in 0..count {
                world.sql(put, args![customer, world.app.clock.id(), finance]).await;
            }
        };
        adds(50).await;
        let found = waiting_adjustments(&world.app, operator).await.unwrap();
        assert_eq!((found.rows.len(), found.more), (50, false));
        adds(1).await;
        let found = waiting_adjustments(&world.app, operator).await.unwrap();
        assert_eq!((found.rows.len(), found.more), (50, true));
    })
    .await;
}
