//! The flow of a paid renewal when something goes wrong: every case ends in the state it should, with the money where it
//! belongs, and `verify` finds nothing.

use crate::world::outside::{Fate, TradeState};
use crate::world::stock::{GB, YUAN};
use crate::world::{Kit, World, on_both};
use everline_app::payment_confirmed::NoticeProblem;
use everline_app::ports::NoticeRefusal;
use everline_app::{Problem, ask_provider, device, order_page};
use everline_core::charging::Service;
use everline_core::effects::NetworkAction;
use everline_core::ids::CustomerId;
use everline_core::ledger::LedgerAccount;
use everline_core::line::{LineState, SuspendCause};
use everline_core::money::{Currency, Money};
use everline_core::offering::{Family, SaleState};
use everline_core::order::{Order, OrderState};
use everline_core::payment::{AttemptState, Method, Settlement};
use everline_core::refund::{RefundReason, RefundState};
use everline_core::time::{HOUR_US, MINUTE_US, SECOND_US};
use everline_store::args;

/// Balances that are not zero, in currency units with two decimals.
async fn money(world: &World, customer: CustomerId) -> String {
    let balances = world.balances(customer).await;
    let shown = LedgerAccount::ALL.into_iter().filter(|account| balances.get(*account) != 0);
    let decimal = |account| Money::from_micros(balances.get(account), Currency::CNY).decimal();
    let shown = shown.map(|account| format!("{} {}", account.word(), decimal(account)));
    shown.collect::<Vec<_>>().join(", ")
}
async fn state(world: &World, order: &Order) -> OrderState {
    world.order_now(order).await.state
}
async fn settlements(world: &World, order: &Order) -> Vec<Option<Settlement>> {
    world.attempts(order).await.into_iter().map(|attempt| attempt.settlement).collect()
}
async fn refunds(world: &World, order: &Order) -> Vec<(RefundReason, RefundState)> {
    world.refunds(order).await.into_iter().map(|refund| (refund.reason, refund.state)).collect()
}
const IN_EFFECT: &str = "psp_receivable 9.90, deferred_revenue 9.90";

#[tokio::test]
async fn a_lost_notice_is_found_by_asking() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.provider.scan(&attempt.out_trade_no);
        world.pass(4 * SECOND_US).await;
        world.provider.pay(&attempt.out_trade_no);
        assert_eq!(state(&world, &order).await, OrderState::AwaitingPayment);
        world.pass(2 * SECOND_US).await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(money(&world, kit.customer).await, IN_EFFECT);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_until_it_does() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.provider.pay(&attempt.out_trade_no);
        world.provider.always("query", Fate::Silent);
        for _ in 0..10 {
            world.pass(MINUTE_US).await;
        }
        assert_eq!(state(&world, &order).await, OrderState::AwaitingPayment);
        world.sound().await;
        world.provider.always("query", Fate::Works);
        world.pass(5 * MINUTE_US).await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_customer_can_have_the_provider_asked() {
    on_both(async |world: World| {
        let (order, attempt) = world.checkout(&world.line(Family::Watch).await, "days").await;
        world.provider.pay(&attempt.out_trade_no);
        ask_provider::ask_provider(&world.app, order.customer, order.id).await.unwrap();
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_notice_that_comes_again_changes_nothing() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        let notice = world.provider.pay(&attempt.out_trade_no);
        let again = world.provider.notice(&attempt.out_trade_no, |_| {});
        let (one, two, three) = tokio::join!(world.notice(&notice), world.notice(&notice), world.notice(&again));
        for result in [one, two, three] {
            result.unwrap();
        }
        world.settle().await;
        let first = (world.order_now(&order).await, world.line_now(&kit).await, world.allowance(&kit).await);
        for body in [&notice, &again, &notice] {
            world.notice(body).await.unwrap();
            world.settle().await;
        }
        let last = (world.order_now(&order).await, world.line_now(&kit).await, world.allowance(&kit).await);
        assert_eq!(first, last);
        assert_eq!(money(&world, kit.customer).await, IN_EFFECT);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_notice_that_is_not_believed_changes_nothing() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        let forged = world.provider.notice(&attempt.out_trade_no, |notice| notice["sign"] = "mine".into());
        let refused = world.notice(&forged).await;
        assert_eq!(refused, Err(NoticeProblem::Refused(NoticeRefusal::Forged)));
        assert_eq!(world.notice(b"\xff{").await, Err(NoticeProblem::Refused(NoticeRefusal::Unreadable)));
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::AwaitingPayment);
        assert_eq!(money(&world, kit.customer).await, "");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_notice_of_a_payment_that_is_not_ours_is_kept_and_acknowledged() {
    on_both(async |world: World| {
        let (_, attempt) = world.checkout(&world.line(Family::Watch).await, "days").await;
        let foreign =
            world.provider.notice(&attempt.out_trade_no, |notice| notice["out_trade_no"] = "elsewhere".into());
        assert_eq!(world.notice(&foreign).await, Ok(()));
        let kept = world
            .look(|tx| Box::pin(async { everline_store::tables::notice::count(tx, "alipay", "unmatched").await }))
            .await;
        assert_eq!(kept, 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn another_amount_waits_for_a_person_and_the_order_can_still_be_paid() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.provider.pay(&attempt.out_trade_no);
        let wrong = world.provider.notice(&attempt.out_trade_no, |notice| notice["micros"] = (9 * YUAN).into());
        for _ in 0..2 {
            world.notice(&wrong).await.unwrap();
            world.settle().await;
        }
        assert_eq!(state(&world, &order).await, OrderState::AwaitingPayment);
        assert_eq!(money(&world, kit.customer).await, "psp_receivable 9.00, suspense 9.00");
        assert_eq!(world.cases(&order).await, ["amount_mismatch"]);
        world.sound().await;

        // The provider now tells another amount for the same trade: a contradiction, and nothing moves.
        let right = world.provider.notice(&attempt.out_trade_no, |_| {});
        world.notice(&right).await.unwrap();
        assert_eq!(world.cases(&order).await.len(), 2);
        assert_eq!(money(&world, kit.customer).await, "psp_receivable 9.00, suspense 9.00");

        let second = world.start(&order, Method::AlipayQr).await.unwrap();
        world.pays(&second).await;
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(settlements(&world, &order).await, [Some(Settlement::Suspense), Some(Settlement::Order)]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_notice_for_another_merchant_is_a_case_and_a_question() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        let foreign = world.provider.notice(&attempt.out_trade_no, |notice| notice["merchant"] = "theirs".into());
        world.notice(&foreign).await.unwrap();
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::AwaitingPayment);
        assert_eq!(world.cases(&order).await, ["merchant_mismatch"]);
        assert_eq!(money(&world, kit.customer).await, "");
        world.sound().await;
        // Had it been paid to us all the same, the question would have told.
        world.provider.pay(&attempt.out_trade_no);
        world.notice(&foreign).await.unwrap();
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_declined_payment_is_paid_by_a_new_attempt() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, declined) = world.checkout(&kit, "days").await;
        world.provider.decline(&declined.out_trade_no);
        world.pass(6 * SECOND_US).await;
        assert_eq!(world.attempts(&order).await[0].state, AttemptState::Closed);
        let second = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_ne!(second.id, declined.id);
        world.pays(&second).await;
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(settlements(&world, &order).await, [None, Some(Settlement::Order)]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_refuses_or_says_nothing_at_the_start() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let order = world.order(&kit, "days").await.unwrap();
        world.provider.next("start", &[Fate::Refuses, Fate::Silent, Fate::WorksSilently]);
        assert_eq!(world.start(&order, Method::AlipayQr).await, Err(Problem::ProviderRefused));
        assert_eq!(world.start(&order, Method::AlipayQr).await, Err(Problem::ProviderSilent));
        assert_eq!(world.start(&order, Method::AlipayQr).await, Err(Problem::ProviderSilent));
        world.settle().await;
        world.sound().await;
        // The third payment exists at the provider although we never heard of it.
        let unheard = world.attempts(&order).await.pop().unwrap();
        world.provider.pay(&unheard.out_trade_no);
        world.pass(6 * SECOND_US).await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_same_page_opened_twice_is_one_payment() {
    on_both(async |world: World| {
        let order = world.order(&world.line(Family::Watch).await, "days").await.unwrap();
        let first = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_eq!(world.start(&order, Method::AlipayQr).await.unwrap(), first);
        assert_eq!(world.attempts(&order).await.len(), 1);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn late_money_is_fulfilled_while_the_offering_is_sold() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.pass(31 * MINUTE_US).await;
        assert_eq!(state(&world, &order).await, OrderState::Closed);
        assert_eq!(world.start(&order, Method::AlipayQr).await, Err(Problem::OrderClosed));
        // Nobody had scanned the code, so it could not be closed.
        assert_eq!(world.provider.trade(&attempt.out_trade_no).state, TradeState::Absent);
        world.sound().await;
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(money(&world, kit.customer).await, IN_EFFECT);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn late_money_goes_back_when_the_offering_is_not_sold_any_more() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "short").await;
        world.pass(HOUR_US).await;
        world.set_sale("short", SaleState::Retired).await;
        world.provider.next("refund", &[Fate::WorksSilently, Fate::Silent]);
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(money(&world, kit.customer).await, "psp_receivable 6.00, refund_in_flight 6.00");
        world.sound().await;
        for _ in 0..3 {
            world.pass(3 * SECOND_US).await;
        }
        assert_eq!(state(&world, &order).await, OrderState::Closed);
        assert_eq!(refunds(&world, &order).await, [(RefundReason::Late, RefundState::Done)]);
        assert_eq!((money(&world, kit.customer).await.as_str(), world.provider.holds()), ("", 0));
        assert_eq!(world.provider.trade(&attempt.out_trade_no).refunds.len(), 1, "one request number at every retry");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn money_for_a_line_that_was_lost_meanwhile_goes_back() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.sql("UPDATE line SET state = 'suspended_lost' WHERE id = $1", vec![kit.line.into()]).await;
        world.pays(&attempt).await;
        world.settle().await;
        assert_eq!(refunds(&world, &order).await, [(RefundReason::Undeliverable, RefundState::Done)]);
        assert_eq!((money(&world, kit.customer).await.as_str(), world.provider.holds()), ("", 0));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_two_payments_one_goes_back() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, first) = world.checkout(&kit, "days").await;
        let second = world.start(&order, Method::AlipayWap).await.unwrap();
        let one = world.provider.pay(&first.out_trade_no);
        let two = world.provider.pay(&second.out_trade_no);
        let (a, b) = tokio::join!(world.notice(&two), world.notice(&one));
        a.unwrap();
        b.unwrap();
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        let mut settled = settlements(&world, &order).await;
        settled.sort_by_key(|settlement| settlement.map(Settlement::word));
        assert_eq!(settled, [Some(Settlement::Order), Some(Settlement::Refund)]);
        assert_eq!(refunds(&world, &order).await, [(RefundReason::Surplus, RefundState::Done)]);
        assert_eq!((money(&world, kit.customer).await.as_str(), world.provider.holds()), (IN_EFFECT, 9_900_000));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn paying_another_way_closes_the_first_attempt() {
    on_both(async |world: World| {
        let (order, first) = world.checkout(&world.line(Family::Watch).await, "days").await;
        world.provider.scan(&first.out_trade_no);
        world.provider.next("close", &[Fate::Silent]);
        world.start(&order, Method::AlipayWap).await.unwrap();
        world.settle().await;
        world.pass(2 * SECOND_US).await;
        assert_eq!(world.provider.trade(&first.out_trade_no).state, TradeState::Closed);
        assert_eq!(world.attempts(&order).await[0].state, AttemptState::Closed);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_turns_out_paid_when_it_is_closed_pays_the_order() {
    on_both(async |world: World| {
        let (order, first) = world.checkout(&world.line(Family::Watch).await, "days").await;
        world.provider.pay(&first.out_trade_no);
        world.start(&order, Method::AlipayWap).await.unwrap();
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_upstream_network_that_refuses_gives_the_money_back() {
    on_both(async |world: World| {
        let kit = world.upstream_line().await;
        world.upstream.next("apply", &[Fate::Refuses]);
        let order = world.buys(&kit, "month").await;
        assert_eq!(order.state, OrderState::Refunded);
        assert_eq!((money(&world, kit.customer).await.as_str(), world.provider.holds()), ("", 0));
        assert_eq!(world.upstream.activated(kit.msisdn.as_str()), Vec::<String>::new());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_refund_that_the_provider_refuses_is_a_case() {
    on_both(async |world: World| {
        let kit = world.upstream_line().await;
        world.upstream.next("apply", &[Fate::Refuses]);
        world.provider.next("refund", &[Fate::Refuses]);
        let order = world.buys(&kit, "month").await;
        assert_eq!((order.state, world.cases(&order).await), (OrderState::Refunding, vec!["refund_failed".to_owned()]));
        assert_eq!(money(&world, kit.customer).await, "psp_receivable 39.00, suspense 39.00");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_upstream_network_that_is_slow_or_silent_is_asked_under_one_number() {
    on_both(async |world: World| {
        let kit = world.upstream_line().await;
        world.upstream.next("apply", &[Fate::Submits, Fate::Silent, Fate::WorksSilently, Fate::Submits]);
        let order = world.buys(&kit, "month").await;
        assert_eq!(order.state, OrderState::Paid);
        assert_eq!(money(&world, kit.customer).await, "psp_receivable 39.00, order_funds 39.00");
        assert_eq!(world.messenger.told("13900000001"), ["paid_not_in_effect"]);
        world.sound().await;
        for _ in 0..4 {
            order_page::ask_network(&world.app, order.customer, order.id).await.unwrap();
            world.pass(MINUTE_US).await;
        }
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(world.upstream.activated(kit.msisdn.as_str()), ["UP-M"]);
        assert_eq!(world.messenger.told("13900000001"), ["paid_not_in_effect", "renewal_in_effect"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_customer_who_asks_does_not_make_a_network_asked_twice_at_once() {
    on_both(async |world: World| {
        let kit = world.upstream_line().await;
        world.upstream.always("apply", Fate::Submits);
        let order = world.buys(&kit, "month").await;
        let asked = world.upstream.asked();
        // A node asks it just now.
        let until = world.app.clock.now().system.plus_us(MINUTE_US);
        let leased = "UPDATE job SET leased_until = $1, due_at = $1 WHERE payload LIKE '%activate_upstream%'";
        assert_eq!(world.sql(leased, args![until]).await, 1);
        order_page::ask_network(&world.app, order.customer, order.id).await.unwrap();
        world.settle().await;
        assert_eq!(world.upstream.asked(), asked);
        // It never came back: the lease is over, and so is waiting.
        world.app.clock.pass_us(MINUTE_US);
        world
            .sql("UPDATE job SET due_at = due_at + 3600000000 WHERE payload LIKE '%activate_upstream%'", args![])
            .await;
        order_page::ask_network(&world.app, order.customer, order.id).await.unwrap();
        world.settle().await;
        assert_eq!(world.upstream.asked(), asked + 1);
    })
    .await;
}

/// A line without a plan whose device is cut off, and a renewal that is paid.
async fn cut_off_and_renewed(world: &World) -> (Kit, everline_core::ids::SessionId, Order) {
    let kit = world.line(Family::Watch).await;
    let granted = world.attach(&kit).await;
    assert!(!granted.online);
    world.radio.always("apply", Fate::Silent);
    let order = world.buys(&kit, "days").await;
    assert_eq!(order.state, OrderState::Delivered);
    assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Restoring);
    world.sound().await;
    (kit, granted.session, order)
}

#[tokio::test]
async fn a_device_that_is_cut_off_must_acknowledge() {
    on_both(async |world: World| {
        let (kit, session, order) = cut_off_and_renewed(&world).await;
        for _ in 0..5 {
            world.pass(MINUTE_US).await;
        }
        assert_eq!(state(&world, &order).await, OrderState::Delivered);
        assert!(world.radio.asked() >= 5);
        world.radio.always("apply", Fate::Works);
        order_page::ask_network(&world.app, order.customer, order.id).await.unwrap();
        world.settle().await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        assert_eq!(world.radio.did(session), Some(NetworkAction::Reauthorize));
        assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Full);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn or_its_session_ends() {
    on_both(async |world: World| {
        let (_, session, order) = cut_off_and_renewed(&world).await;
        device::detach(&world.app, session).await.unwrap();
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.settle().await;
        world.sound().await;

        let (_, _, order) = cut_off_and_renewed(&world).await;
        world.radio.always("apply", Fate::Gone);
        world.pass(5 * SECOND_US).await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.sound().await;

        let (kit, _, order) = cut_off_and_renewed(&world).await;
        assert!(world.attach(&kit).await.online);
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_plan_that_ends_unacknowledged_is_a_case() {
    on_both(async |world: World| {
        let (kit, _, order) = cut_off_and_renewed(&world).await;
        world.skip_days(31).await;
        assert_eq!(world.line_now(&kit).await.state, LineState::Suspended(SuspendCause::NotRenewed { until: None }));
        assert_eq!(world.cases(&order).await, ["job_failed"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_cut_off_device_is_let_in_for_its_first_use() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let session = world.attach(&kit).await.session;
        let order = world.buys(&kit, "trip").await;
        assert_eq!(order.state, OrderState::StartsOnFirstUse);
        assert_eq!(world.radio.did(session), Some(NetworkAction::Reauthorize));
        world.sound().await;
        world.report(session, 1, GB).await;
        assert_eq!(state(&world, &order).await, OrderState::InEffect);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_fell_due_before_the_payment_happens_before_it() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "days").await;
        let session = world.attach(&kit).await.session;
        // The plan ends while no timer runs; the renewal arrives a minute later.
        world.skip_days(29).await;
        world.app.clock.set_business_offset_us(world.app.clock.business_offset_us() + 24 * HOUR_US + MINUTE_US);
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.pays(&attempt).await;
        world.pass(SECOND_US).await;
        let line = world.line_now(&kit).await;
        assert_eq!((line.state, state(&world, &order).await), (LineState::Active, OrderState::InEffect));
        assert_eq!(world.allowance(&kit).await.sessions[0].service, Service::Full);
        assert_eq!(world.radio.did(session), Some(NetworkAction::Reauthorize));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn used_up_means_cut_off_and_a_pack_brings_it_back() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        world.buys(&kit, "days").await;
        let session = world.attach(&kit).await.session;
        assert!(world.report(session, 1, GB / 2).await.online);
        assert!(!world.report(session, 2, GB).await.online);
        let pack = world.buys(&kit, "pack").await;
        assert_eq!(pack.state, OrderState::InEffect);
        assert_eq!(
            world.report(session, 2, GB).await.octets_left,
            GB,
            "a report that came before is not charged again"
        );
        assert!(world.report(session, 3, 1).await.online);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn an_order_placed_twice_is_one_order() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let new = world.new_order(&kit, "days", everline_core::ids::OrderId(world.app.clock.id()));
        let place = |new| everline_app::place_order::place_order(&world.app, new);
        let (one, two) = tokio::join!(place(new.clone()), place(new.clone()));
        assert_eq!(one.unwrap(), two.unwrap());
        let other = world.new_order(&kit, "month", new.id);
        assert_eq!(place(other).await, Err(Problem::ExistsDifferently("order")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_refused_is_noted_and_holds_nothing_up() {
    on_both(async |world: World| {
        world.messenger.always("send", Fate::Refuses);
        let order = world.buys(&world.line(Family::Watch).await, "days").await;
        assert_eq!(order.state, OrderState::InEffect);
        let report = world.verify().await;
        assert!(report.clean());
        let notes: Vec<_> = report.notes.iter().map(|note| (note.invariant, note.detail.as_str())).collect();
        assert_eq!(notes, [("dead_job", "the message reached nobody, and no other way leads to the customer")]);
        assert!(report.to_string().contains("to look at:"), "{report}");
    })
    .await;
}
