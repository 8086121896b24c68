//! Giving back what was delivered: by the rule, for a wrong number, by staff with a second person; and refunds that come
//! back.

use crate::world::outside::Fate;
use crate::world::stock::{GB, YUAN};
use crate::world::{FROM, Kit, World, on_both};
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::refund_order::{
    Asked, NewRefund, decide_refund, refund_by_customer, refund_by_staff, refund_offer, refund_requests,
    waiting_refunds,
};
use everline_app::refund_other_way::refund_other_way;
use everline_app::{Problem, staff};
use everline_core::audit::Actor;
use everline_core::charging::Service;
use everline_core::ids::RawId;
use everline_core::ledger::LedgerAccount::{Bank, DeferredRevenue, PaidCredit, RefundInFlight, Revenue, Suspense};
use everline_core::line::LineState;
use everline_core::money::{Currency, Money};
use everline_core::offering::{Family, RefundRule};
use everline_core::order::{Order, OrderState};
use everline_core::refund::{NoOtherWay, OtherWay, RefundReason, RefundState};
use everline_core::refund_order::Ask;
use everline_core::refund_request::{NotDecided, RequestState, Verdict};
use everline_core::refund_rule::NoRefund;
use everline_core::time::{DAY_US, HOUR_US};
use everline_store::tables::catalog;

/// Offerings that can be returned for a week while they are unused.
pub async fn returnable(world: &World) {
    for mut offering in crate::world::stock::offerings() {
        offering.refund = RefundRule::UnusedWithin { days: 7 };
        world
            .change(move |tx| {
                let set = catalog::set_offering(tx, &offering);
                Box::pin(async move { set })
            })
            .await;
    }
}
pub async fn asks(world: &World, order: &Order, ask: Ask) -> Result<Asked, Problem> {
    refund_by_customer(&world.app, order.customer, order.id, ask).await
}
async fn state(world: &World, order: &Order) -> OrderState {
    world.order_now(order).await.state
}
async fn refunds(world: &World, order: &Order) -> Vec<(RefundReason, RefundState, i64)> {
    world.refunds(order).await.iter().map(|r| (r.reason, r.state, r.amount.micros())).collect()
}
pub fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}
/// A staff member who can be named.
pub async fn member(world: &World, role: &'static str) -> RawId {
    world.member(role).await
}
pub fn wanted(world: &World, amount: Option<&str>, keeps: bool) -> NewRefund {
    NewRefund {
        id: world.app.clock.id(), amount: amount.map(cny), keeps, reason: "客户满意度".to_owned(), seen: None
    }
}

#[tokio::test]
async fn an_unused_plan_goes_back_by_the_rule_and_only_once() {
    on_both(async |world: World| {
        returnable(&world).await;
        let kit = world.line(Family::Watch).await;
        let order = world.buys(&kit, "days").await;
        let offer = refund_offer(&world.app, kit.customer, order.id).await.unwrap();
        assert_eq!(offer.by_rule.as_ref().unwrap().amount, order.price);
        assert_eq!(asks(&world, &order, Ask::ByRule).await, Ok(Asked::Started));
        assert_eq!(state(&world, &order).await, OrderState::Refunding);
        assert_eq!(world.balance(kit.customer, RefundInFlight).await, order.price.micros());
        assert!(matches!(world.line_now(&kit).await.state, LineState::Silent { .. }));
        world.sound().await;
        assert_eq!(asks(&world, &order, Ask::ByRule).await, Err(Problem::NoRefund(NoRefund::BackAlready)));
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::Refunded);
        assert_eq!(refunds(&world, &order).await, [(RefundReason::ByRule, RefundState::Done, order.price.micros())]);
        assert_eq!(world.provider.holds(), 0);
        let told = world.told(&kit).await;
        assert_eq!(told, ["renewal_in_effect", "refund_started", "refund_done"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_used_is_too_old_or_unpaid_does_not_go_back_by_the_rule() {
    on_both(async |world: World| {
        returnable(&world).await;
        let kit = world.line(Family::Watch).await;
        let refused = async |order: &Order, why| {
            assert_eq!(asks(&world, order, Ask::ByRule).await, Err(Problem::NoRefund(why)));
            let offer = refund_offer(&world.app, kit.customer, order.id).await.unwrap();
            assert_eq!(offer.by_rule, Err(why), "the page says the same");
        };
        let (open, attempt) = world.checkout(&kit, "days").await;
        refused(&open, NoRefund::NotPaid).await;
        world.pays(&attempt).await;
        world.settle().await;
        let session = world.attach(&kit).await.session;
        world.report(session, 1, 1).await;
        refused(&open, NoRefund::Used).await;
        let queued = world.buys(&kit, "days").await;
        world.skip_days(8).await;
        refused(&queued, NoRefund::TooLate).await;
        // Nobody else's.
        let other = world.line(Family::Watch).await;
        let theirs = refund_by_customer(&world.app, other.customer, open.id, Ask::ByRule).await;
        assert_eq!(theirs, Err(Problem::NotFound("order")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_plan_behind_it_begins_and_the_network_is_told() {
    on_both(async |world: World| {
        returnable(&world).await;
        let kit = world.line(Family::Watch).await;
        let first = world.buys(&kit, "days").await;
        let second = world.buys(&kit, "days").await;
        let third = world.buys(&kit, "days").await;
        world.attach(&kit).await;
        world.skip_days(2).await;
        asks(&world, &first, Ask::ByRule).await.unwrap();
        world.sound().await;
        world.settle().await;
        let (second, third) = (world.order_now(&second).await, world.order_now(&third).await);
        assert_eq!((second.state, third.state), (OrderState::InEffect, OrderState::Queued));
        let begins = world.app.clock.now().business;
        assert_eq!(second.starts_at, Some(begins));
        assert_eq!(third.starts_at, second.ends_at);
        // The last two go as well: the device is cut off.
        asks(&world, &third, Ask::ByRule).await.unwrap();
        asks(&world, &second, Ask::ByRule).await.unwrap();
        world.settle().await;
        assert!(matches!(world.line_now(&kit).await.state, LineState::Silent { .. }));
        assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Redirected);
        assert_eq!(world.balance(kit.customer, DeferredRevenue).await, 0);
        assert_eq!(world.provider.holds(), 0);
        world.sound().await;
        // And time goes on for the line as for any other.
        world.skip_days(40).await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn buying_and_giving_back_prolongs_no_grace() {
    on_both(async |world: World| {
        returnable(&world).await;
        let kit = world.line(Family::Phone).await;
        let over = world.buys(&kit, "days").await;
        world.skip_days(32).await;
        let LineState::Grace { until } = world.line_now(&kit).await.state else { panic!("no grace") };
        let again = world.buys(&kit, "days").await;
        asks(&world, &again, Ask::ByRule).await.unwrap();
        assert_eq!(world.line_now(&kit).await.state, LineState::Grace { until });
        assert_eq!(world.line_now(&kit).await.service_until, world.order_now(&over).await.ends_at);
        world.settle().await;
        world.sound().await;
        world.skip_days(3).await;
        assert!(!world.line_now(&kit).await.state.in_service());
        let last = world.buys(&kit, "days").await;
        asks(&world, &last, Ask::ByRule).await.unwrap();
        world.settle().await;
        assert!(!world.line_now(&kit).await.state.in_service(), "not even a new grace");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_a_top_up_the_unspent_part_goes_back_and_credit_becomes_credit() {
    on_both(async |world: World| {
        returnable(&world).await;
        let kit = world.line(Family::Phone).await;
        let topup = world.buys(&kit, "topup").await;
        let plan = world.order(&kit, "month").await.unwrap();
        pay_with_credit(&world.app, kit.customer, plan.id).await.unwrap();
        world.settle().await;
        // The plan was paid with credit alone: back at once, and nothing is asked of anybody.
        asks(&world, &plan, Ask::ByRule).await.unwrap();
        assert_eq!(state(&world, &plan).await, OrderState::Refunded);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, 50 * YUAN);
        world.sound().await;
        let plan = world.order(&kit, "month").await.unwrap();
        pay_with_credit(&world.app, kit.customer, plan.id).await.unwrap();
        asks(&world, &topup, Ask::ByRule).await.unwrap();
        world.settle().await;
        assert_eq!(refunds(&world, &topup).await, [(RefundReason::ByRule, RefundState::Done, 11 * YUAN)]);
        assert_eq!(state(&world, &topup).await, OrderState::InEffect);
        assert_eq!(world.balance(kit.customer, PaidCredit).await, 0);
        assert_eq!(asks(&world, &topup, Ask::ByRule).await, Err(Problem::NoRefund(NoRefund::Used)));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_number_is_reversed_within_a_day_and_a_used_one_is_a_case() {
    on_both(async |world: World| {
        // The offerings' own rule returns nothing.
        let (kit, other) = (world.line(Family::Watch).await, world.line(Family::Watch).await);
        let order = world.buys(&kit, "days").await;
        let pack = world.buys(&kit, "pack").await;
        assert_eq!(asks(&world, &pack, Ask::ByRule).await, Err(Problem::NoRefund(NoRefund::NotAfterDelivery)));
        world.pass(23 * HOUR_US).await;
        assert_eq!(asks(&world, &pack, Ask::WrongNumber).await, Ok(Asked::Started));
        world.pass(HOUR_US).await;
        assert_eq!(asks(&world, &order, Ask::WrongNumber).await, Err(Problem::NoRefund(NoRefund::TooLate)));
        assert_eq!(state(&world, &pack).await, OrderState::Refunded);
        let used = world.buys(&other, "days").await;
        let session = world.attach(&other).await.session;
        world.report(session, 1, GB / 2).await;
        for _ in 0..2 {
            assert_eq!(asks(&world, &used, Ask::WrongNumber).await, Ok(Asked::Case));
        }
        assert_eq!(world.cases(&used).await, ["wrong_number"]);
        assert_eq!(state(&world, &used).await, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn staff_give_back_parts_and_the_rest_with_what_was_earned() {
    on_both(async |world: World| {
        let agent = member(&world, "agent").await;
        let kit = world.line(Family::Phone).await;
        let order = world.buys(&kit, "month").await;
        world.skip_days(25).await; // into the next month: some of it is earned
        let give = async |amount, keeps| {
            world.app.clock.pass_us(1_000);
            refund_by_staff(&world.app, &order.number, wanted(&world, amount, keeps), agent).await
        };
        let done = give(Some("5"), true).await.unwrap();
        assert_eq!(done.state, RequestState::Done);
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.settle().await;
        world.sound().await;
        give(Some("3.50"), true).await.unwrap();
        assert_eq!(give(Some("30.51"), false).await, Err(Problem::NoRefund(NoRefund::TooMuch)));
        let earned = world.balance(kit.customer, Revenue).await;
        assert!(earned > 20 * YUAN, "{earned}");
        give(None, false).await.unwrap();
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::Refunded);
        assert_eq!(world.balance(kit.customer, Revenue).await, 0);
        assert_eq!(world.balance(kit.customer, DeferredRevenue).await, 0);
        let back: Vec<i64> = world.refunds(&order).await.iter().map(|refund| refund.amount.micros()).collect();
        assert_eq!(back, [5_000_000, 3_500_000, 30_500_000]);
        assert_eq!(world.provider.holds(), 0);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_part_that_stays_unreturned_is_earned_when_the_plan_ends() {
    on_both(async |world: World| {
        let agent = member(&world, "agent").await;
        let (kept, ended) = (world.line(Family::Phone).await, world.line(Family::Phone).await);
        let (kept_order, ended_order) = (world.buys(&kept, "month").await, world.buys(&ended, "month").await);
        refund_by_staff(&world.app, &kept_order.number, wanted(&world, Some("9"), true), agent).await.unwrap();
        refund_by_staff(&world.app, &ended_order.number, wanted(&world, Some("9"), false), agent).await.unwrap();
        assert_eq!(world.balance(ended.customer, Revenue).await, 30 * YUAN);
        assert_eq!(world.balance(kept.customer, DeferredRevenue).await, 30 * YUAN);
        world.settle().await;
        world.sound().await;
        world.skip_days(40).await;
        assert_eq!(world.balance(kept.customer, Revenue).await, 30 * YUAN);
        assert_eq!(world.balance(kept.customer, DeferredRevenue).await, 0);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn above_the_limit_another_person_decides_once() {
    on_both(async |mut world: World| {
        let mut brand = (*world.app.brand).clone();
        brand.refunds.alone_max = 30 * YUAN;
        world.app.brand = std::sync::Arc::new(brand);
        let (agent, second, third) =
            (member(&world, "agent").await, member(&world, "operator").await, member(&world, "operator").await);
        let kit = world.line(Family::Phone).await;
        let order = world.buys(&kit, "month").await;
        let number = order.number.clone();
        let give = async |new, by| refund_by_staff(&world.app, &number, new, by).await;
        let decide =
            async |id, verdict, by| decide_refund(&world.app, &number, (id, None), verdict, by).await.map(|r| r.state);
        assert_eq!(give(wanted(&world, Some("20"), true), agent).await.unwrap().state, RequestState::Done);
        // Two small ones make a big one.
        let new = wanted(&world, Some("19"), false);
        let asked = give(new.clone(), agent).await.unwrap();
        assert_eq!(asked.state, RequestState::Requested);
        assert_eq!(give(new.clone(), agent).await.unwrap(), asked, "sent again it is the same");
        let other = NewRefund { keeps: true, ..new };
        assert_eq!(give(other, agent).await, Err(Problem::ExistsDifferently("refund")));
        assert_eq!(world.refunds(&order).await.len(), 1);
        assert_eq!(waiting_refunds(&world.app, agent).await.unwrap().rows.len(), 1);
        let refused = |why| Err(Problem::NotDecided(why));
        assert_eq!(decide(asked.id, Verdict::Approve, agent).await, refused(NotDecided::SamePerson));
        let agent_too = member(&world, "agent").await;
        assert_eq!(decide(asked.id, Verdict::Approve, agent_too).await, refused(NotDecided::NotApprover));
        let nobody = world.app.clock.id();
        assert_eq!(decide(asked.id, Verdict::Approve, nobody).await, Err(Problem::NotAllowed));
        // Two decide at once, on two nodes: one of them did.
        let node = world.another_node();
        let (one, two) = tokio::join!(
            decide_refund(&world.app, &number, (asked.id, None), Verdict::Approve, second),
            decide_refund(&node.app, &number, (asked.id, None), Verdict::Decline, third)
        );
        assert_eq!([one.is_ok(), two.is_ok()].into_iter().filter(|ok| *ok).count(), 1, "{one:?} {two:?}");
        assert_eq!(decide(asked.id, Verdict::Approve, third).await, refused(NotDecided::NotWaiting));
        world.settle().await;
        let approved = one.is_ok();
        assert_eq!(world.refunds(&order).await.len(), if approved { 2 } else { 1 });
        assert_eq!(waiting_refunds(&world.app, agent).await.unwrap().rows, []);
        world.sound().await;
        // What cannot be carried out any more waits on, and can be withdrawn by who asked.
        let late = world.buys(&world.line(Family::Phone).await, "month").await;
        let asked = refund_by_staff(&world.app, &late.number, wanted(&world, None, false), agent).await.unwrap();
        refund_by_staff(&world.app, &late.number, wanted(&world, Some("1"), true), second).await.unwrap();
        let gone = decide_refund(&world.app, &late.number, (asked.id, None), Verdict::Approve, second).await;
        assert_eq!(gone, Err(Problem::NoRefund(NoRefund::TooMuch)));
        let withdrawn =
            decide_refund(&world.app, &late.number, (asked.id, None), Verdict::Decline, agent).await.unwrap();
        assert!(matches!(withdrawn.state, RequestState::Declined(_)));
        let all = refund_requests(&world.app, late.customer, late.id).await.unwrap();
        assert_eq!(all.iter().filter(|request| request.state.carried_out()).count(), 1);
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_a_top_up_no_more_is_asked_for_than_credit_is_there() {
    on_both(async |mut world: World| {
        let mut brand = (*world.app.brand).clone();
        brand.refunds.alone_max = 5 * YUAN;
        world.app.brand = std::sync::Arc::new(brand);
        let agent = member(&world, "agent").await;
        let kit = world.line(Family::Phone).await;
        let topup = world.buys(&kit, "topup").await;
        let offer = async || {
            let offer = refund_offer(&world.app, topup.customer, topup.id).await.unwrap();
            (offer.left, offer.spent)
        };
        assert_eq!(offer().await, (cny("50"), false));
        let spends = async |code: &str| {
            world.app.clock.pass_us(1_000);
            let order = world.order(&kit, code).await.unwrap();
            pay_with_credit(&world.app, order.customer, order.id).await.unwrap();
            world.settle().await;
        };
        spends("month").await;
        assert_eq!(offer().await, (cny("11"), true), "39 of 50 were spent");
        // Above the limit nothing is asked for that nobody could approve.
        let give = async |amount| refund_by_staff(&world.app, &topup.number, wanted(&world, amount, true), agent).await;
        assert_eq!(give(Some("12")).await, Err(Problem::NoRefund(NoRefund::TooMuch)));
        assert_eq!(waiting_refunds(&world.app, agent).await.unwrap().rows, []);
        let asked = give(None).await.unwrap();
        assert_eq!((asked.state, asked.amount), (RequestState::Requested, cny("11")), "all that is there");
        let second = member(&world, "operator").await;
        let decided = decide_refund(&world.app, &topup.number, (asked.id, None), Verdict::Approve, second).await;
        assert!(matches!(decided.unwrap().state, RequestState::Approved(_)));
        world.settle().await;
        assert_eq!(world.balance(kit.customer, PaidCredit).await, 0);
        assert_eq!(offer().await, (cny("0"), true));
        assert_eq!(give(None).await, Err(Problem::NoRefund(NoRefund::TooMuch)));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn somebody_who_left_gives_nothing_back() {
    on_both(async |world: World| {
        let order = world.buys(&world.line(Family::Watch).await, "days").await;
        let token = staff::add(&world.app, Actor::CommandLine, "left", "周航", "operator").await.unwrap();
        let session = everline_app::staff_sign_in::set_password(&world.app, &token, "four words nobody knows", FROM);
        session.await.unwrap().unwrap();
        let id = staff::list(&world.app).await.unwrap().iter().find(|member| member.login == "left").unwrap().id;
        staff::disable(&world.app, Actor::CommandLine, "left", None).await.unwrap();
        let tried = refund_by_staff(&world.app, &order.number, wanted(&world, None, false), id).await;
        assert_eq!(tried, Err(Problem::NotAllowed));
        assert_eq!(world.refunds(&order).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_comes_back_is_booked_and_told() {
    on_both(async |world: World| {
        returnable(&world).await;
        let kit = world.line(Family::Watch).await;
        let order = world.buys(&kit, "days").await;
        asks(&world, &order, Ask::ByRule).await.unwrap();
        world.settle().await;
        let refund = world.refunds(&order).await.remove(0);
        assert_eq!(state(&world, &order).await, OrderState::Refunded);
        let moved = async || {
            let body = world.provider.refund_moved(&refund.out_request_no);
            world.notice(&body).await.unwrap();
            world.settle().await;
        };
        // Told of nothing new, or not answered: nothing changes.
        moved().await;
        world.provider.next("refund", &[Fate::Silent]);
        moved().await;
        assert_eq!(state(&world, &order).await, OrderState::Refunded);
        world.pass(DAY_US).await;
        world.sound().await;
        world.provider.bounce(&refund.out_request_no);
        for _ in 0..2 {
            moved().await;
            assert_eq!(state(&world, &order).await, OrderState::Refunding);
            assert_eq!(world.balance(kit.customer, Suspense).await, order.price.micros());
            assert_eq!(world.cases(&order).await, ["refund_failed"]);
            world.sound().await;
        }
        let told = world.told(&kit).await;
        assert_eq!(told, ["renewal_in_effect", "refund_started", "refund_done", "refund_bounced"]);
        assert_eq!(world.provider.holds(), order.price.micros());
        // A number that is none of ours wakes nothing.
        world.notice(&world.provider.refund_moved("0123")).await.unwrap();
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_provider_refuses_to_give_back_goes_another_way_once() {
    on_both(async |world: World| {
        let (operator, agent) = (member(&world, "operator").await, member(&world, "agent").await);
        let refused = async |kit: &Kit| {
            let order = world.buys(kit, "days").await;
            world.provider.next("refund", &[Fate::Refuses]);
            refund_by_staff(&world.app, &order.number, wanted(&world, None, false), operator).await.unwrap();
            world.settle().await;
            let refund = world.refunds(&order).await.remove(0);
            assert_eq!(refund.state, RefundState::Failed);
            (order, refund.id.0)
        };
        let gives = async |order: &Order, refund, way, bank, by| {
            let given = refund_other_way(&world.app, &order.number, (refund, None), (way, bank), by).await;
            world.settle().await;
            given
        };
        let kit = world.line(Family::Watch).await;
        let price = world.buys(&kit, "days").await.price.micros();
        let (one, of_one) = refused(&kit).await;
        assert_eq!(gives(&one, of_one, OtherWay::Credit, "", agent).await, Err(Problem::NotAllowed));
        assert_eq!(world.balance(kit.customer, Suspense).await, price);
        for _ in 0..2 {
            gives(&one, of_one, OtherWay::Credit, "", operator).await.unwrap(); // sent twice it is once
            assert_eq!(world.balance(kit.customer, PaidCredit).await, price);
        }
        assert_eq!(state(&world, &one).await, OrderState::Refunded);
        let decided = Err(Problem::NoOtherWay(NoOtherWay::NotWaiting));
        assert_eq!(gives(&one, of_one, OtherWay::Bank, "B1", operator).await, decided);
        world.sound().await;

        let (two, of_two) = refused(&kit).await;
        let no_id = Err(Problem::Invalid { field: "bank-id", rule: "1 to 64 characters of text" });
        assert_eq!(gives(&two, of_two, OtherWay::Bank, " ", operator).await, no_id);
        for _ in 0..2 {
            gives(&two, of_two, OtherWay::Bank, "B2", operator).await.unwrap();
            assert_eq!(world.balance(kit.customer, Bank).await, -price);
            assert_eq!(world.balance(kit.customer, Suspense).await, 0);
        }
        assert_eq!(gives(&two, of_two, OtherWay::Bank, "B3", operator).await, decided);
        // A bank's id stands for one refund, whoever's.
        let (three, of_three) = refused(&world.line(Family::Watch).await).await;
        let taken = Err(Problem::ExistsDifferently("bank-id"));
        assert_eq!(gives(&three, of_three, OtherWay::Bank, "B2", operator).await, taken);
        let elsewhere = gives(&two, of_three, OtherWay::Credit, "", operator).await;
        assert_eq!(elsewhere, Err(Problem::NotFound("refund")));
        let told = world.told(&kit).await;
        assert_eq!(told.iter().filter(|kind| **kind == "refund_other_way").count(), 2, "{told:?}");
        let ways = ["credit", "bank"].map(|way| Some(way.to_owned()));
        assert!(ways.contains(&world.said(&kit, "way").await), "the last one");
        world.sound().await;
    })
    .await;
}
