//! Corruptions of what credit pays: each is found by name and row.

use super::corruptions::{Plan, attempt_row as row, plant, transfer_id};
use crate::world::{World, on_both};
use everline_app::pay_with_credit::pay_with_credit;
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::offering::Family;
use everline_core::time::MINUTE_US;
use everline_store::args;

#[tokio::test]
async fn every_corruption_of_credit_is_found() {
    on_both(async |world: World| {
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "topup").await;
        let paid = world.order(&kit, "month").await.unwrap();
        pay_with_credit(&world.app, kit.customer, paid.id).await.unwrap();
        let other = world.buys(&world.line(Family::Watch).await, "days").await;
        let back = world.order(&kit, "month").await.unwrap();
        pay_with_credit(&world.app, kit.customer, back.id).await.unwrap();
        world.pass(back.expires_at.since_us(back.placed_at) + MINUTE_US).await;
        let spent = world.attempts(&paid).await.remove(0);
        let returned = world.attempts(&back).await.remove(0);
        let refund = world.refunds(&back).await.remove(0);
        let external = world.attempts(&other).await.remove(0);

        let refund_row = format!("refund({}, {})", refund.customer, refund.id);
        let mut plan = Plan::default();
        let settle = "UPDATE attempt SET settlement = $2 WHERE id = $1";
        plan.add(settle, args![spent.id, "refund"], "attempt_refunded", row(&spent));
        plan.add(settle, args![spent.id, "returned"], "attempt_refunded", row(&spent));
        plan.add(settle, args![external.id, "returned"], "attempt_refunded", row(&external));
        plan.add(settle, args![returned.id, "order"], "refund_of_attempt", refund_row.as_str());
        plan.add("UPDATE attempt SET state = 'pending' WHERE id = $1", args![spent.id], "attempt_paid", row(&spent));
        plan.add(
            "UPDATE attempt SET method = 'promo_credit' WHERE id = $1",
            args![spent.id],
            "attempt_posted",
            row(&spent),
        );
        plan.add(
            "UPDATE refund SET state = 'in_flight' WHERE id = $1",
            args![refund.id],
            "refund_posted",
            refund_row.as_str(),
        );
        plan.add("DELETE FROM refund WHERE id = $1", args![refund.id], "attempt_refunded", row(&returned));
        let forget = "DELETE FROM transfer WHERE id = $1";
        let posting = |template, cause, order| Posting::new(template, cause, order, 1, paid.placed_at);
        let gone = posting(Template::CreditSpent, Cause::Attempt(spent.id), paid.id);
        plan.add(forget, args![transfer_id(&gone)], "attempt_posted", row(&spent));
        let gone = posting(Template::CreditReturned, Cause::Refund(refund.id), back.id);
        plan.add(forget, args![transfer_id(&gone)], "refund_posted", refund_row.as_str());
        plant(&world, plan).await;
    })
    .await;
}
