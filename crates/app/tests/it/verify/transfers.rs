//! Corruptions of bank transfers: each is found by name and row.

use super::corruptions::{Plan, attempt_row, plant, transfer_id};
use crate::world::outside::Fate;
use crate::world::{World, on_both};
use everline_app::bank_statement::{StatementLine, take_line};
use everline_app::bank_transfer::refund_done;
use everline_core::audit::Actor;
use everline_core::customer::CustomerKind;
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::line::NetworkKind;
use everline_core::money::{Currency, Money};
use everline_core::offering::Family;
use everline_core::order::Order;
use everline_core::payment::{Attempt, Method};
use everline_store::args;

/// An order of a new organisation and the transfer that paid it, with 3 yuan more than asked.
async fn paid(world: &World, network: NetworkKind, bank_id: &str) -> (Order, Attempt) {
    let customer = world.customer(CustomerKind::Organisation).await;
    let family = if network == NetworkKind::Upstream { Family::Iot } else { Family::Phone };
    let kit = world.line_of(customer, family, network).await;
    let order = world.order(&kit, "month").await.unwrap();
    let attempt = world.start(&order, Method::BankTransfer).await.unwrap();
    world.app.clock.pass_us(1_000);
    let line = StatementLine {
        bank_id: bank_id.to_owned(),
        booked_on: "2026-03-11".to_owned(),
        amount: Money::from_micros(order.price.micros() + 3_000_000, Currency::CNY),
        payer: "顺达冷链".to_owned(),
        remark: attempt.out_trade_no.clone(),
    };
    take_line(&world.app, &line, false).await.unwrap();
    world.settle().await;
    (world.order_now(&order).await, world.attempts(&order).await.pop().unwrap())
}

#[tokio::test]
async fn every_corruption_of_transfers_is_found() {
    on_both(async |world: World| {
        let link =
            everline_app::staff::add(&world.app, Actor::CommandLine, "he.jing", "何静", "operator").await.unwrap();
        everline_app::staff_sign_in::set_password(&world.app, &link, "correct horse battery", crate::world::FROM)
            .await
            .unwrap();
        let (order, transfer) = paid(&world, NetworkKind::BuiltIn, "B1").await;
        world.upstream.next("apply", &[Fate::Refuses]);
        let (back, _) = paid(&world, NetworkKind::Upstream, "B2").await;
        refund_done(&world.app, &back.number, &back.price.decimal(), "X1", "he.jing").await.unwrap();
        world.settle().await;
        let refund = world.refunds(&back).await.remove(0);
        let posting = |template, cause, order: &Order| Posting::new(template, cause, order.id, 1, order.placed_at);

        let mut plan = Plan::default();
        let set = |what: &str| format!("UPDATE bank_line SET {what} WHERE bank_id = 'B1'");
        plan.add(&set("amount = amount + 1"), args![], "bank_line", "bank_line(B1)");
        plan.add(&set("state = 'unmatched'"), args![], "bank_line", "bank_line(B1)");
        plan.add(&set("state = 'gone'"), args![], "stored_word", "bank_line(B1)");
        plan.add(&set("currency = 'USD'"), args![], "currency", "bank_line(B1)");
        plan.add(&set("attempt_id = NULL"), args![], "bank_line", attempt_row(&transfer));
        plan.add("DELETE FROM bank_line WHERE bank_id = 'B1'", args![], "bank_line", attempt_row(&transfer));
        plan.attempt(&transfer, "received = received + 1", "attempt_posted");
        plan.attempt(&transfer, "amount = amount - 1", "attempt_posted");
        plan.attempt(&transfer, "settlement = 'credited'", "attempt_amount");
        plan.attempt(&transfer, "settlement = 'suspense'", "attempt_refunded");
        plan.attempt(&transfer, "method = 'card'", "attempt_amount");
        let forget = "DELETE FROM transfer WHERE id = $1";
        for template in [Template::PaidByBank, Template::BankToCredit] {
            let gone = posting(template, Cause::Attempt(transfer.id), &order);
            plan.add(forget, args![transfer_id(&gone)], "attempt_posted", attempt_row(&transfer));
        }
        let refund_row = format!("refund({}, {})", refund.customer, refund.id);
        let gone = posting(Template::RefundDoneByBank, Cause::Refund(refund.id), &back);
        plan.add(forget, args![transfer_id(&gone)], "refund_posted", refund_row.as_str());
        plan.add("DELETE FROM bank_refund WHERE bank_id = 'X1'", args![], "bank_refund", refund_row.as_str());
        let other = "UPDATE bank_refund SET refund_id = $1 WHERE bank_id = 'X1'";
        let row = format!("bank_refund({}, {})", refund.customer, transfer.id);
        plan.add(other, args![transfer.id], "bank_refund", row);
        plant(&world, plan).await;
    })
    .await;
}
