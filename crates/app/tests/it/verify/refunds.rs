//! Corruptions of refunds after delivery, and of what staff asked for: each is found by name and row.

use super::corruptions::{Plan, plant, transfer_id};
use crate::refunds::{member, returnable, wanted};
use crate::world::outside::Fate;
use crate::world::{World, on_both};
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::refund_order::{decide_refund, refund_by_customer, refund_by_staff};
use everline_app::refund_other_way::refund_other_way;
use everline_core::ids::{OrderId, RawId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::offering::Family;
use everline_core::order::Order;
use everline_core::refund::{OtherWay, Refund};
use everline_core::refund_order::Ask;
use everline_core::refund_request::{RefundRequest, Verdict};
use everline_store::args;

fn refund_row(refund: &Refund) -> String {
    format!("refund({}, {})", refund.customer, refund.id)
}
fn request_row(request: &RefundRequest) -> String {
    format!("refund_request({}, {})", request.customer, request.id)
}
fn order_row(order: &Order) -> String {
    format!("orders({}, {})", order.customer, order.id)
}

#[tokio::test]
async fn every_corruption_of_a_refund_is_found() {
    on_both(async |world: World| {
        returnable(&world).await;
        let (agent, operator) = (member(&world, "agent").await, member(&world, "operator").await);
        let back = world.buys(&world.line(Family::Watch).await, "days").await;
        refund_by_customer(&world.app, back.customer, back.id, Ask::ByRule).await.unwrap();
        let bounced = world.buys(&world.line(Family::Watch).await, "days").await;
        refund_by_customer(&world.app, bounced.customer, bounced.id, Ask::ByRule).await.unwrap();
        let rich = world.line(Family::Phone).await;
        let topup = world.buys(&rich, "topup").await;
        let credit = world.order(&rich, "month").await.unwrap();
        pay_with_credit(&world.app, rich.customer, credit.id).await.unwrap();
        refund_by_customer(&world.app, rich.customer, credit.id, Ask::ByRule).await.unwrap();
        refund_by_customer(&world.app, rich.customer, topup.id, Ask::ByRule).await.unwrap();
        let part = world.buys(&world.line(Family::Phone).await, "month").await;
        world.skip_days(25).await;
        let done = refund_by_staff(&world.app, &part.number, wanted(&world, Some("30"), true), agent).await.unwrap();
        let mut limited = world.clone();
        let mut brand = (*world.app.brand).clone();
        brand.refunds.alone_max = 0;
        limited.app.brand = std::sync::Arc::new(brand);
        let by_two = world.buys(&world.line(Family::Phone).await, "month").await;
        let ask = refund_by_staff(&limited.app, &by_two.number, wanted(&world, Some("1"), true), agent).await.unwrap();
        let approved =
            decide_refund(&limited.app, &by_two.number, (ask.id, None), Verdict::Approve, operator).await.unwrap();
        let waits =
            refund_by_staff(&limited.app, &by_two.number, wanted(&world, Some("2"), true), agent).await.unwrap();
        world.settle().await;
        let refused = world.buys(&world.line(Family::Watch).await, "days").await;
        world.provider.next("refund", &[Fate::Refuses]);
        refund_by_customer(&world.app, refused.customer, refused.id, Ask::ByRule).await.unwrap();
        world.settle().await;
        let paid_out = world.refunds(&refused).await.remove(0);
        let way = (OtherWay::Bank, "B1");
        refund_other_way(&world.app, &refused.number, (paid_out.id.0, None), way, operator).await.unwrap();
        let came_back = world.refunds(&bounced).await.remove(0);
        world.provider.bounce(&came_back.out_request_no);
        world.notice(&world.provider.refund_moved(&came_back.out_request_no)).await.unwrap();
        world.settle().await;
        world.sound().await;

        let first = async |order: &Order| world.refunds(order).await.remove(0);
        let (by_rule, of_part) = (first(&back).await, first(&part).await);
        let (of_credit, of_topup) = (first(&credit).await, first(&topup).await);
        let mut plan = Plan::default();
        // Money.
        let forget = "DELETE FROM transfer WHERE id = $1";
        let gone = |template, refund: &Refund| {
            transfer_id(&Posting::new(template, Cause::Refund(refund.id), refund.order, 1, refund.started_at))
        };
        for (template, refund) in [
            (Template::RefundStartedFromDeferred, &by_rule),
            (Template::RefundDone, &by_rule),
            (Template::RefundStartedFromEarned, &of_part),
            (Template::DeferredToCredit, &of_credit),
            (Template::RefundStartedFromCredit, &of_topup),
            (Template::RefundDone, &came_back),
            (Template::RefundBounced, &came_back),
        ] {
            plan.add(forget, args![gone(template, refund)], "refund_posted", refund_row(refund));
        }
        let rename = "UPDATE transfer SET template = 'REFUND_STARTED_SUSPENSE' WHERE id = $1";
        plan.add(
            rename,
            args![gone(Template::RefundStartedFromDeferred, &by_rule)],
            "refund_posted",
            refund_row(&by_rule),
        );
        let recognised = "DELETE FROM transfer WHERE order_id = $1 AND template = 'REFUND_STARTED_EARNED'";
        plan.add(recognised, args![part.id], "recognition", order_row(&part));
        // Refunds.
        let mut set = |refund: &Refund, set: &str, invariant, row: String| {
            let sql = format!("UPDATE refund SET {set} WHERE customer_id = $1 AND id = $2");
            plan.add(&sql, args![refund.customer, refund.id], invariant, row);
        };
        set(&by_rule, "amount = amount - 1", "refund_posted", refund_row(&by_rule));
        set(&by_rule, "reason = 'surplus'", "refund_of_attempt", refund_row(&by_rule));
        set(&by_rule, "reason = 'whim'", "stored_word", refund_row(&by_rule));
        set(&by_rule, "state = 'failed'", "order_refunds", order_row(&back));
        set(&of_credit, "state = 'in_flight'", "refund_posted", refund_row(&of_credit));
        set(&of_part, "reason = 'by_rule'", "refund_of_request", order_row(&part));
        set(&of_part, "reason = 'network_refused'", "order_refunds", order_row(&part));
        set(&came_back, "state = 'done'", "refund_posted", refund_row(&came_back));
        // Orders.
        let mut set = |order: &Order, set: &str, invariant| {
            let sql = format!("UPDATE orders SET {set} WHERE customer_id = $1 AND id = $2");
            plan.add(&sql, args![order.customer, order.id], invariant, order_row(order));
        };
        set(&back, "state = 'in_effect', closed_at = NULL", "order_refunds");
        set(&back, "delivered_at = NULL, in_effect_at = NULL", "order_delivered");
        set(&back, "closed_at = NULL", "order_stations");
        set(&bounced, "state = 'refunded', closed_at = in_effect_at", "order_refunds");
        set(&part, "state = 'refunded', closed_at = in_effect_at", "period_of_order");
        // What staff asked for.
        let mut set = |request: &RefundRequest, set: &str, invariant, row: String| {
            let sql = format!("UPDATE refund_request SET {set} WHERE customer_id = $1 AND id = $2");
            plan.add(&sql, args![request.customer, request.id], invariant, row);
        };
        set(&approved, "decided_by = asked_by", "refund_request", request_row(&approved));
        set(&approved, "decided_by = NULL", "refund_request", request_row(&approved));
        set(&approved, "state = 'declined'", "refund_of_request", order_row(&by_two));
        set(&approved, "decided_at = asked_at - 1", "refund_request", request_row(&approved));
        set(&waits, "state = 'done'", "refund_of_request", order_row(&by_two));
        set(&waits, "state = 'forgotten'", "refund_request", request_row(&waits));
        set(&waits, "currency = 'USD'", "refund_request", request_row(&waits));
        set(&done, "amount = amount + 1", "refund_of_request", order_row(&part));
        set(&done, "asked_at = 1", "refund_request", request_row(&done));
        let nobody = OrderId(RawId::new_v7(1, [9; 10]));
        let sql = "UPDATE refund_request SET order_id = $2 WHERE id = $1";
        plan.add(sql, args![done.id, nobody], "refund_request", request_row(&done));
        plant(&world, plan).await;
    })
    .await;
}
