//! Corruptions of disputes: each is found by name and row.

use super::corruptions::{Plan, plant, transfer_id};
use crate::disputes::{by_card, says};
use crate::world::{World, on_both};
use everline_app::evidence_bundle::disputes_of;
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::offering::Family;
use everline_store::args;

#[tokio::test]
async fn every_corruption_of_a_dispute_is_found() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let (order, number) = by_card(&world, &kit, "days").await;
        says(&world, &number, "open").await;
        let open = disputes_of(&world.app, &order).await.unwrap().remove(0);
        let other = world.line(Family::Watch).await;
        let (lost_order, number) = by_card(&world, &other, "topup").await;
        says(&world, &number, "lost").await;
        let lost = disputes_of(&world.app, &lost_order).await.unwrap().remove(0);

        let row = format!("dispute({}, {})", open.customer, open.id);
        let lost_row = format!("dispute({}, {})", lost.customer, lost.id);
        let mut plan = Plan::default();
        let mut change = |set: &str, invariant| {
            plan.add(&format!("UPDATE dispute SET {set} WHERE id = $1"), args![open.id], invariant, row.as_str());
        };
        change("state = 'asleep'", "stored_word");
        change("state = 'won', closed_at = opened_at", "dispute_posted");
        change("state = 'inquiry'", "dispute_posted");
        change("amount = amount + 1", "dispute_posted");
        change("frozen_deferred = frozen_deferred - 1", "dispute_posted");
        change("frozen_credit = amount", "dispute_state");
        change("closed_at = opened_at", "dispute_state");
        change("attempt_id = order_id", "dispute_of_attempt");
        change("currency = 'USD'", "dispute_of_attempt");
        change("order_id = attempt_id", "dispute_of_attempt");
        plan.add(
            "UPDATE dispute SET state = 'open', closed_at = NULL WHERE id = $1",
            args![lost.id],
            "dispute_posted",
            lost_row.as_str(),
        );
        plan.add(
            "DELETE FROM support_case WHERE order_id = $1 AND reason = 'disputed'",
            args![order.id],
            "dispute_has_case",
            row.as_str(),
        );
        for (template, dispute, row) in [
            (Template::DisputeOpened, &open, &row),
            (Template::DisputeFrozenDeferred, &open, &row),
            (Template::DisputeFrozenCredit, &lost, &lost_row),
            (Template::DisputeLost, &lost, &lost_row),
        ] {
            let gone = Posting::new(template, Cause::Dispute(dispute.id), dispute.order, 1, dispute.opened_at);
            let forget = "DELETE FROM transfer WHERE id = $1";
            plan.add(forget, args![transfer_id(&gone)], "dispute_posted", row.as_str());
        }
        let orders = format!("orders({}, {})", order.customer, order.id);
        plan.add("DELETE FROM dispute WHERE id = $1", args![open.id], "transfer_cause", orders);
        plant(&world, plan).await;
    })
    .await;
}
