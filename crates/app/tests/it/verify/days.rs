//! Every corruption of the closed days, each planted alone.

use super::corruptions::{Plan, plant, transfer_id};
use crate::world::{World, on_both};
use everline_app::day_close::close_days;
use everline_core::calendar::Day;
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::offering::Family;
use everline_core::time::DAY_US;
use everline_store::args;

#[tokio::test]
async fn every_corruption_of_a_closed_day_is_found() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let order = world.buys(&kit, "days").await;
        let attempt = world.attempts(&order).await.remove(0);
        let day = Day::of(&world.app.zone, world.app.clock.now().business);
        world.app.clock.pass_us(2 * DAY_US);
        assert_eq!(close_days(&world.app).await.unwrap(), 2);
        world.sound().await;
        let report = world.verify().await;
        assert!(report.checked.contains(&("closed days", 2)), "{report}");
        assert_eq!(world.verify_in_small_parts().await, report);
        let paid = transfer_id(&Posting::new(Template::Paid, Cause::Attempt(attempt.id), order.id, 1, order.placed_at));
        let row = |day: Day| format!("ledger_day({day})");
        let transfer = || args![paid.clone()];
        let name = {
            let posting = Posting::new(Template::Paid, Cause::Attempt(attempt.id), order.id, 1, order.placed_at);
            format!("transfer({}, {})", posting.transfers().next().unwrap().id, kit.customer)
        };
        let mut plan = Plan::default();
        let one = || args![day.number()];
        for (change, invariant) in [
            ("UPDATE ledger_day SET transfers = transfers + 1 WHERE day = $1", "day_sums"),
            ("UPDATE ledger_day_template SET amount = amount + 1 WHERE day = $1 AND template = 'PAID'", "day_sums"),
            ("UPDATE ledger_day_template SET transfers = 9 WHERE day = $1 AND template = 'PAID'", "day_sums"),
            ("UPDATE ledger_day_template SET template = 'PAYED' WHERE day = $1 AND template = 'PAID'", "day_sums"),
            ("DELETE FROM ledger_day_template WHERE day = $1 AND template = 'PAID'", "day_sums"),
            ("UPDATE ledger_day_account SET debits = debits + 1 WHERE day = $1 AND account = 1", "day_accounts"),
            ("UPDATE ledger_day_account SET closing = closing - 1 WHERE day = $1 AND account = 1", "day_accounts"),
            ("DELETE FROM ledger_day_account WHERE day = $1 AND account = 1", "day_accounts"),
            ("UPDATE ledger_day_account SET account = 99 WHERE day = $1 AND account = 1", "stored_word"),
            ("UPDATE ledger_day_method SET amount = amount + 1 WHERE day = $1", "day_methods"),
            ("DELETE FROM ledger_day_method WHERE day = $1", "day_methods"),
            ("UPDATE ledger_day SET ended_at = began_at WHERE day = $1", "day_chain"),
        ] {
            plan.add(change, one(), invariant, row(day));
        }
        let next = day.plus(1);
        plan.add(
            "UPDATE ledger_day SET began_at = began_at + 1 WHERE day = $1",
            args![next.number()],
            "day_chain",
            row(next),
        );
        plan.add(
            "UPDATE ledger_day_account SET closing = 5 WHERE day = $1 AND account = 9",
            args![next.number()],
            "day_accounts",
            row(next),
        );
        plan.add("DELETE FROM ledger_day WHERE day = $1", one(), "transfer_booked", name.clone());
        plan.add("UPDATE ledger_horizon SET open_from = 5", args![], "day_chain", "ledger_horizon");
        plan.add("DELETE FROM ledger_horizon", args![], "day_chain", "ledger_horizon");
        plan.add("UPDATE transfer SET booked_at = NULL WHERE id = $1", transfer(), "transfer_booked", name.clone());
        plan.add(
            "UPDATE transfer SET booked_at = posted_at - 1 WHERE id = $1",
            transfer(),
            "transfer_booked",
            name.clone(),
        );
        // One that is moved to another day is missed on its own, and too much there.
        let moved = format!("UPDATE transfer SET booked_at = booked_at + {DAY_US} WHERE id = $1");
        plan.add(&moved, transfer(), "day_sums", row(day));
        plan.add(&moved, transfer(), "day_sums", row(next));
        plan.add("DELETE FROM transfer WHERE id = $1", transfer(), "day_sums", row(day));
        plan.add("UPDATE transfer SET amount = amount + 1 WHERE id = $1", transfer(), "day_accounts", row(day));
        plant(&world, plan).await;
    })
    .await;
}
