//! Bank transfers of organisations: one, too little, too much, twice, late, unreadable, and back by hand.

use crate::world::outside::Fate as Outside;
use crate::world::{Kit, World, on_both};
use everline_app::Problem;
use everline_app::bank_statement::{Fate, StatementLine, match_by_hand, payouts_missing, take_line, unmatched};
use everline_app::bank_transfer::refund_done;
use everline_app::reconciliation::read_bill;
use everline_core::audit::Actor;
use everline_core::customer::CustomerKind;
use everline_core::ledger::LedgerAccount::{Bank, OrderFunds, PaidCredit, PspReceivable, RefundInFlight};
use everline_core::line::NetworkKind;
use everline_core::money::{Currency, Money};
use everline_core::offering::{Family, SaleState};
use everline_core::order::{Order, OrderState, PlacedBy};
use everline_core::payment::{Attempt, AttemptState, Method, Provider, Settlement};
use everline_core::reconciliation::{BillDay, BillLine, LineKind};
use everline_core::refund::RefundState;
use everline_core::renewal::Outcome;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_core::transfer::printed;

fn cny(text: &str) -> Money {
    Money::parse(text, Currency::CNY).unwrap()
}
async fn fleet(world: &World) -> Kit {
    let customer = world.customer(CustomerKind::Organisation).await;
    world.line_of(customer, Family::Phone, NetworkKind::BuiltIn).await
}
async fn waits(world: &World, kit: &Kit) -> (Order, Attempt) {
    let order = world.order(kit, "month").await.unwrap();
    let attempt = world.start(&order, Method::BankTransfer).await.unwrap();
    (world.order_now(&order).await, attempt)
}
fn line(bank_id: &str, amount: &str, remark: &str) -> StatementLine {
    let (bank_id, remark) = (bank_id.to_owned(), remark.to_owned());
    let amount = match amount.strip_prefix('-') {
        Some(out) => Money::from_micros(-cny(out).micros(), Currency::CNY),
        None => cny(amount),
    };
    StatementLine { bank_id, booked_on: "2026-03-11".to_owned(), amount, payer: "顺达冷链".to_owned(), remark }
}
async fn comes(world: &World, bank_id: &str, amount: &str, remark: &str) -> Fate {
    world.app.clock.pass_us(1_000);
    take_line(&world.app, &line(bank_id, amount, remark), false).await.unwrap()
}
async fn staff_member(world: &World) {
    let link = everline_app::staff::add(&world.app, Actor::CommandLine, "he.jing", "何静", "operator").await.unwrap();
    everline_app::staff_sign_in::set_password(&world.app, &link, "correct horse battery", crate::world::FROM)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_transfer_pays_its_order_once() {
    on_both(async |world: World| {
        let kit = fleet(&world).await;
        let (order, attempt) = waits(&world, &kit).await;
        assert_eq!((attempt.state, attempt.out_trade_no.len()), (AttemptState::Pending, 12));
        assert_eq!(order.expires_at.since_us(order.placed_at) / DAY_US, 7, "it waits longer");
        world.pass(3 * HOUR_US).await;
        world.sound().await;
        let again = world.start(&order, Method::BankTransfer).await.unwrap();
        assert_eq!(again.id, attempt.id, "one reference");
        let remark = format!("套餐费　{}", printed(&attempt.out_trade_no));
        let dry = take_line(&world.app, &line("B1", "39", &remark), true).await.unwrap();
        assert!(matches!(dry, Fate::Matched(_)));
        assert_eq!(world.order_now(&order).await.state, OrderState::AwaitingPayment);
        let price = order.price.decimal();
        assert_eq!(comes(&world, "B1", &price, &remark).await, Fate::Matched(Outcome::Fulfilled));
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        let balances = world.balances(kit.customer).await;
        let held = [Bank, PspReceivable, OrderFunds, PaidCredit].map(|account| balances.get(account));
        assert_eq!(held, [order.price.micros(), 0, 0, 0]);
        assert_eq!(comes(&world, "B1", &price, &remark).await, Fate::Known, "the file again");
        assert_eq!(comes(&world, "B1", "1", &remark).await, Fate::Differs);
        let states: Vec<_> = world.attempts(&order).await.iter().map(|a| (a.state, a.settlement)).collect();
        assert_eq!(states, [(AttemptState::Closed, None), (AttemptState::Paid, Some(Settlement::Order))]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn too_little_waits_for_the_rest_and_too_much_is_credit() {
    on_both(async |world: World| {
        let kit = fleet(&world).await;
        let (order, attempt) = waits(&world, &kit).await;
        let reference = attempt.out_trade_no.clone();
        assert_eq!(comes(&world, "C1", "10", &reference).await, Fate::Matched(Outcome::PartlyPaid));
        assert_eq!(world.balance(kit.customer, OrderFunds).await, cny("10").micros());
        world.sound().await;
        let rest = world.start(&order, Method::BankTransfer).await.unwrap();
        assert_eq!(rest.out_trade_no, reference, "the same reference serves for the rest");
        let beyond = order.price.micros() - cny("10").micros() + cny("5").micros();
        let beyond = Money::from_micros(beyond, Currency::CNY).decimal();
        assert_eq!(comes(&world, "C2", &beyond, &reference).await, Fate::Matched(Outcome::Fulfilled));
        world.settle().await;
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("5").micros());
        world.sound().await;
        // Once more, although all of it is there.
        assert_eq!(comes(&world, "C3", "7", &reference).await, Fate::Matched(Outcome::Credited));
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("12").micros());
        assert_eq!(world.balance(kit.customer, Bank).await, order.price.micros() + cny("12").micros());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn the_rest_may_come_by_another_method() {
    on_both(async |world: World| {
        let kit = fleet(&world).await;
        let (order, attempt) = waits(&world, &kit).await;
        comes(&world, "D1", "10", &attempt.out_trade_no).await;
        let rest = world.start(&order, Method::AlipayQr).await.unwrap();
        assert_eq!(rest.amount.micros(), order.price.micros() - cny("10").micros());
        let minutes = rest.expires_at.since_us(rest.created_at) / MINUTE_US;
        assert!(minutes <= 30, "a provider waits no longer than for any order: {minutes}");
        world.pays(&rest).await;
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        world.sound().await;

        // Asked for the whole, and paid although a part came meanwhile: what came is credit.
        let (order, attempt) = waits(&world, &kit).await;
        let whole = world.start(&order, Method::AlipayQr).await.unwrap();
        world.provider.scan(&whole.out_trade_no);
        world.provider.next("close", &[Outside::Silent]);
        comes(&world, "D2", "10", &attempt.out_trade_no).await;
        world.pays(&whole).await;
        world.settle().await;
        assert_eq!(world.balance(kit.customer, PaidCredit).await, cny("10").micros());
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn late_money_is_delivered_if_it_still_can_be_and_is_credit_otherwise() {
    on_both(async |world: World| {
        let kit = fleet(&world).await;
        let (order, attempt) = waits(&world, &kit).await;
        let (other, second) = waits(&world, &fleet(&world).await).await;
        let (third, part) = waits(&world, &fleet(&world).await).await;
        comes(&world, "E0", "10", &part.out_trade_no).await;
        world.skip_days(8).await;
        for order in [&order, &other, &third] {
            assert_eq!(world.order_now(order).await.state, OrderState::Closed);
        }
        assert_eq!(world.balance(third.customer, PaidCredit).await, cny("10").micros(), "the part is credit");
        world.sound().await;
        let price = order.price.decimal();
        assert_eq!(comes(&world, "E1", &price, &attempt.out_trade_no).await, Fate::Matched(Outcome::Fulfilled));
        world.set_sale("month", SaleState::Retired).await;
        assert_eq!(comes(&world, "E2", &price, &second.out_trade_no).await, Fate::Matched(Outcome::Credited));
        assert_eq!(world.balance(other.customer, PaidCredit).await, other.price.micros());
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_names_no_reference_waits_for_people() {
    on_both(async |world: World| {
        staff_member(&world).await;
        let kit = fleet(&world).await;
        let (order, attempt) = waits(&world, &kit).await;
        let (_, another) = waits(&world, &fleet(&world).await).await;
        assert_eq!(comes(&world, "F1", "39", "套餐费").await, Fate::Unmatched);
        let two = format!("{} {}", attempt.out_trade_no, another.out_trade_no);
        assert_eq!(comes(&world, "F2", "78", &two).await, Fate::Unmatched, "two: people decide");
        assert_eq!(comes(&world, "F3", "-12.50", &attempt.out_trade_no).await, Fate::Outgoing);
        let waiting: Vec<_> =
            unmatched(&world.app, "", 10).await.unwrap().into_iter().map(|line| line.bank_id).collect();
        assert_eq!(waiting, ["F1", "F2"]);
        world.sound().await;
        let nobody = match_by_hand(&world.app, "F1", &order.number, "nobody").await;
        assert!(matches!(nobody, Err(Problem::Invalid { field: "by", .. })), "{nobody:?}");
        let matched = match_by_hand(&world.app, "F1", &order.number, "he.jing").await.unwrap();
        assert!(matches!(matched, Outcome::Fulfilled | Outcome::PartlyPaid), "{matched:?}");
        let twice = match_by_hand(&world.app, "F1", &order.number, "he.jing").await;
        assert!(matches!(twice, Err(Problem::Invalid { field: "bank-id", .. })), "{twice:?}");
        assert_eq!(
            match_by_hand(&world.app, "F9", &order.number, "he.jing").await,
            Err(Problem::NotFound("bank line"))
        );
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn two_nodes_take_one_line_once() {
    on_both(async |world: World| {
        let kit = fleet(&world).await;
        let (order, attempt) = waits(&world, &kit).await;
        let node = world.another_node();
        let (price, reference) = (order.price.decimal(), &attempt.out_trade_no);
        let (one, two) = tokio::join!(comes(&world, "G1", &price, reference), comes(&node, "G1", &price, reference));
        let paid = [one, two].into_iter().filter(|fate| *fate == Fate::Matched(Outcome::Fulfilled)).count();
        assert_eq!(paid, 1, "{one:?} {two:?}");
        assert_eq!(world.balance(kit.customer, Bank).await, order.price.micros());
        world.settle().await;
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn persons_and_guests_are_offered_no_transfer() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        let order = world.order(&kit, "month").await.unwrap();
        let refused = Err(Problem::Invalid { field: "method", rule: "not offered here" });
        assert_eq!(world.start(&order, Method::BankTransfer).await, refused);
        let kit = fleet(&world).await;
        let mut new = world.new_order(&kit, "month", everline_core::ids::OrderId(world.app.clock.id()));
        (new.placed_by, new.token) = (PlacedBy::Guest, Some("t".repeat(32)));
        let order = everline_app::place_order::place_order(&world.app, new).await.unwrap();
        assert_eq!(world.start(&order, Method::BankTransfer).await, refused);
        assert_eq!(world.order_now(&order).await.expires_at, order.expires_at);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn money_goes_back_by_hand_and_is_noted() {
    on_both(async |world: World| {
        staff_member(&world).await;
        let customer = world.customer(CustomerKind::Organisation).await;
        let kit = world.line_of(customer, Family::Iot, NetworkKind::Upstream).await;
        world.upstream.next("apply", &[Outside::Refuses]);
        let (order, attempt) = waits(&world, &kit).await;
        let beyond = Money::from_micros(order.price.micros() + cny("3").micros(), Currency::CNY).decimal();
        comes(&world, "H1", &beyond, &attempt.out_trade_no).await;
        world.settle().await;
        world.pass(HOUR_US).await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunding, "until people did it");
        assert_eq!(world.balance(customer, RefundInFlight).await, order.price.micros(), "the surplus is credit");
        world.sound().await;
        let price = order.price.decimal();
        assert_eq!(refund_done(&world.app, "20260101", &price, "X1", "he.jing").await, Err(Problem::NotFound("order")));
        let less = refund_done(&world.app, &order.number, "0.01", "X1", "he.jing").await;
        assert_eq!(less, Err(Problem::NotFound("refund")), "nothing of this amount goes back");
        for _ in 0..2 {
            let went = refund_done(&world.app, &order.number, &price, "X1", "he.jing").await.unwrap();
            assert_eq!(went, order.price, "noted once, however often it is said");
        }
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunded);
        assert_eq!(world.refunds(&order).await[0].state, RefundState::Done);
        let balances = world.balances(customer).await;
        let held = [Bank, RefundInFlight, PaidCredit].map(|account| balances.get(account));
        assert_eq!(held, [cny("3").micros(), 0, cny("3").micros()]);
        let again = refund_done(&world.app, &order.number, &price, "X2", "he.jing").await;
        assert_eq!(again, Err(Problem::NotFound("refund")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn of_two_refunds_each_is_noted_by_its_own_amount_and_bank_id() {
    on_both(async |world: World| {
        staff_member(&world).await;
        let customer = world.customer(CustomerKind::Organisation).await;
        let kit = world.line_of(customer, Family::Iot, NetworkKind::Upstream).await;
        world.upstream.next("apply", &[Outside::Refuses]);
        let (order, attempt) = waits(&world, &kit).await;
        let part = cny("0.50");
        let rest = Money::from_micros(order.price.micros() - part.micros(), Currency::CNY);
        comes(&world, "T1", &part.decimal(), &attempt.out_trade_no).await;
        comes(&world, "T2", &rest.decimal(), &attempt.out_trade_no).await;
        world.settle().await;
        world.pass(HOUR_US).await;
        let note = async |amount: Money, bank_id| {
            refund_done(&world.app, &order.number, &amount.decimal(), bank_id, "he.jing").await
        };
        assert_eq!(note(rest, "X1").await, Ok(rest), "the second was sent first");
        assert_eq!(note(rest, "X1").await, Ok(rest));
        assert_eq!(note(part, "X1").await, Err(Problem::ExistsDifferently("bank-id")));
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunding);
        assert_eq!(world.balance(customer, RefundInFlight).await, part.micros(), "the other was not sent");
        assert_eq!(note(part, "X2").await, Ok(part));
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::Refunded);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_providers_payout_arrives_once() {
    on_both(async |world: World| {
        let payout = |number: &str, amount: &str, days: i64| BillLine {
            kind: LineKind::Payout,
            number: number.to_owned(),
            out_trade_no: None,
            request_no: None,
            trade_no: None,
            amount: cny(amount),
            fee: 0,
            at: world.app.clock.now().system.plus_us(days * DAY_US),
            said: String::new(),
        };
        // The bill of the day before the statement's.
        let day: BillDay = "2026-03-10".parse().unwrap();
        let lines = vec![payout("P1", "120", 0), payout("P2", "80", 0), payout("P3", "80", 1), payout("P4", "7", -40)];
        read_bill(&world.app, Provider::Alipay, day, lines).await.unwrap();
        let missing = async || {
            let list = payouts_missing(&world.app, 10).await.unwrap();
            list.into_iter().map(|payout| payout.number).collect::<Vec<_>>()
        };
        assert_eq!(missing().await.len(), 4);
        assert_eq!(take_line(&world.app, &line("B1", "120", "提现"), true).await.unwrap(), Fate::Payout);
        assert_eq!(comes(&world, "B1", "120", "提现").await, Fate::Payout);
        assert_eq!(comes(&world, "B1", "120", "提现").await, Fate::Known);
        assert_eq!(comes(&world, "B2", "120", "提现").await, Fate::Unmatched, "it has arrived");
        assert_eq!(comes(&world, "B3", "80", "提现").await, Fate::Unmatched, "one of two");
        assert_eq!(comes(&world, "B4", "7", "提现").await, Fate::Unmatched, "of long ago");
        assert_eq!(missing().await, ["P4", "P2", "P3"]);
        let report = world.verify().await;
        assert!(report.findings.iter().all(|finding| finding.invariant != "bank_line"), "{:?}", report.findings);
    })
    .await;
}
