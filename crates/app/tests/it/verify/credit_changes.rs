//! Corruptions of credit that staff gave or corrected: each is found by name and row.

use super::corruptions::{Plan, plant, transfer_id};
use crate::world::stock::YUAN;
use crate::world::{World, on_both};
use everline_app::credit_change::{NewChange, adjust_credit, decide_adjustment, give_goodwill};
use everline_core::credit_change::ChangeKind;
use everline_core::money::{Currency, Money};
use everline_core::refund_request::Verdict;
use everline_store::args;

#[tokio::test]
async fn every_corruption_of_changed_credit_is_found() {
    on_both(async |world: World| {
        let (finance, operator) = (world.member("finance").await, world.member("operator").await);
        let me = world.person().await;
        let new = |kind, yuan: i64| NewChange {
            id: world.app.clock.id(),
            kind,
            amount: Money::from_micros(yuan * YUAN, Currency::CNY),
            reason: "断网两天".to_owned(),
            seen: None,
        };
        let gift = give_goodwill(&world.app, me, new(ChangeKind::Goodwill, 5), operator).await.unwrap();
        let asked = adjust_credit(&world.app, me, new(ChangeKind::Raised, 70), finance).await.unwrap();
        let approved = decide_adjustment(&world.app, me, (asked.id, None), Verdict::Approve, operator).await.unwrap();
        let waits = adjust_credit(&world.app, me, new(ChangeKind::Lowered, 60), finance).await.unwrap();
        world.sound().await;

        let row = |id| format!("credit_change({me}, {id})");
        let posting = gift.posting(gift.asked_at);
        let transfer = transfer_id(&posting);
        let transfer_row = format!("transfer({}, {me})", posting.transfers().next().unwrap().id);
        let account = format!("account({me})");
        let mut plan = Plan::default();
        let set = |what: &str| format!("UPDATE credit_change SET {what} WHERE id = $1");
        // Carried out and not posted, posted and not carried out, or another one.
        plan.add(&set("state = 'done'"), args![waits.id], "credit_posted", row(waits.id));
        plan.add(&set("state = 'requested'"), args![gift.id], "credit_change", row(gift.id));
        plan.add(&set("state = 'requested'"), args![gift.id], "credit_posted", row(gift.id));
        plan.add(&set("amount = amount + 1"), args![gift.id], "credit_posted", row(gift.id));
        plan.add(&set("kind = 'raised'"), args![gift.id], "credit_posted", row(gift.id));
        plan.add(&set("kind = 'raised'"), args![gift.id], "credit_posted", transfer_row.as_str());
        plan.add(&set("asked_at = asked_at + 1"), args![gift.id], "credit_posted", transfer_row.as_str());
        plan.add("DELETE FROM credit_change WHERE id = $1", args![gift.id], "credit_posted", transfer_row.as_str());
        plan.add(&set("kind = 'gift'"), args![gift.id], "stored_word", row(gift.id));
        plan.add(&set("state = 'given'"), args![gift.id], "stored_word", row(gift.id));
        plan.add(&set("currency = 'USD'"), args![gift.id], "currency", row(gift.id));
        // Whoever approved is who asked, or did so before it was asked for, or is nobody.
        plan.add(&set("decided_by = asked_by"), args![approved.id], "credit_change", row(approved.id));
        plan.add(&set("decided_at = asked_at - 1"), args![approved.id], "credit_change", row(approved.id));
        plan.add(&set("decided_by = NULL"), args![approved.id], "stored_word", row(approved.id));
        let forget = "DELETE FROM transfer WHERE id = $1";
        plan.add(forget, args![transfer.clone()], "credit_posted", row(gift.id));
        plan.add(forget, args![transfer.clone()], "balances_equal_transfers", account.as_str());
        let set = |what: &str| format!("UPDATE transfer SET {what} WHERE id = $1");
        plan.add(&set("amount = 1"), args![transfer.clone()], "credit_posted", row(gift.id));
        plan.add(&set("order_id = cause_id"), args![transfer.clone()], "transfer_cause", transfer_row.as_str());
        plan.add(&set("template = 'CREDIT_RAISED'"), args![transfer.clone()], "transfer_legs", transfer_row.as_str());
        plant(&world, plan).await;
    })
    .await;
}
