//! Corruptions of bills, their lines, the queue and what they posted: each is found by name and row.

use super::corruptions::{Plan, attempt_row, plant};
use crate::reconciliation::stranger;
use crate::world::{World, on_both};
use everline_app::reconciliation::queue;
use everline_core::ids::BillLineId;
use everline_core::money::{Currency, Money};
use everline_core::payment::Provider;
use everline_core::reconciliation::{Action, ItemKind, LineKind};
use everline_store::args;
use everline_store::tables::reconciliation as table;

#[tokio::test]
async fn every_corruption_of_reconciliation_is_found() {
    on_both(async |world: World| {
        let operator = world.member("operator").await;
        let (_, agreed, line) = world.paid().await;
        let (_, missing, _) = world.paid().await;
        let (_, _, mut less) = world.paid().await;
        less.amount = Money::from_micros(less.amount.micros() - 10_000, Currency::CNY);
        let strange = stranger(&line);
        world.bill("2026-03-10", &[&line, &less, &strange]);
        world.next_morning().await;
        world.reconciled("2026-03-10").await;
        let items = queue::open_items(&world.app, operator).await.unwrap().rows;
        let item = |kind| items.iter().find(|item| item.kind == kind).unwrap().id;
        let (lost, differs, theirs) =
            (item(ItemKind::OursOnly), item(ItemKind::AmountDiffers), item(ItemKind::TheirsOnly));
        queue::close(&world.app, differs, Action::WriteOff, "a fen", operator).await.unwrap();
        let number = line.number.clone();
        let id = world
            .look(move |tx| {
                let number = number.clone();
                Box::pin(async move { table::line(tx, Provider::Alipay, LineKind::Payment, &number).await })
            })
            .await
            .unwrap()
            .id;
        let row = |id: BillLineId| format!("bill_line({id})");
        let item_row = |id| format!("reconciliation_item({id})");
        let bill = "bill(alipay, 2026-03-10)";
        let mut plan = Plan::default();
        plan.add("UPDATE bill SET lines = lines + 1", args![], "bill_lines", bill);
        plan.add("UPDATE bill SET state = 'seen'", args![], "stored_word", bill);
        plan.add("UPDATE bill SET matched_at = NULL", args![], "bill_stations", bill);
        plan.add("DELETE FROM bill WHERE day = '2026-03-10'", args![], "bill_lines", bill);
        let of_line = |set: &str| format!("UPDATE bill_line SET {set} WHERE id = $1");
        for (set, invariant) in [
            ("kind = 'gift'", "stored_word"),
            ("state = 'lost'", "stored_word"),
            ("state = 'new'", "line_settled"),
            ("state = 'queued'", "line_settled"),
            ("state = 'settled'", "line_settled"),
            ("amount = amount + 1", "line_settled"),
            ("fee = fee + 1", "line_settled"),
            ("fee = 0", "line_settled"),
            ("number = 'another'", "line_settled"),
        ] {
            plan.add(&of_line(set), args![id], invariant, row(id));
        }
        plan.add("DELETE FROM bill_line WHERE id = $1", args![id], "bill_lines", bill);
        plan.add("DELETE FROM bill_line WHERE id = $1", args![id], "attempt_on_bill", attempt_row(&agreed));
        let fee = "DELETE FROM transfer WHERE cause_id = $1";
        plan.add(fee, args![id], "line_settled", row(id));
        let of_item = |set: &str| format!("UPDATE reconciliation_item SET {set} WHERE id = $1");
        for (id, set, invariant) in [
            (lost, "kind = 'odd'", "item_state"),
            (lost, "state = 'closed'", "item_state"),
            (differs, "state = 'open'", "item_state"),
            (differs, "reason = ''", "item_state"),
            (differs, "closed_by = NULL", "item_state"),
            (differs, "closed_at = opened_at - 1", "item_state"),
            (differs, "action = 'accept'", "item_posted"),
            (differs, "ours = ours + 1", "item_posted"),
            (theirs, "number = 'another'", "item_of_line"),
        ] {
            plan.add(&of_item(set), args![id], invariant, item_row(id));
        }
        let forget = "DELETE FROM reconciliation_item WHERE id = $1";
        plan.add(forget, args![lost], "attempt_on_bill", attempt_row(&missing));
        let posted = "DELETE FROM transfer WHERE cause_id = $1";
        plan.add(posted, args![differs], "item_posted", item_row(differs));
        plant(&world, plan).await;
    })
    .await;
}
