//! `verify`: silent about a sound store, and naming every corruption that is planted.

mod audit;
mod corruptions;
mod credit;
mod credit_changes;
mod days;
mod disputes;
mod owners;
mod reconciliation;
mod refunds;
mod renewing;
mod stock;
mod transfers;
mod vouchers;

use crate::world::cast::populate;
use crate::world::{World, on_both};
use everline_core::line::LineState;
use everline_core::order::OrderState;

#[tokio::test]
async fn a_populated_store_is_sound_and_holds_what_it_should() {
    on_both(async |world: World| {
        let cast = populate(&world).await;
        world.sound().await;
        let states = [
            (&cast.running.1, OrderState::InEffect),
            (&cast.pack, OrderState::InEffect),
            (&cast.late, OrderState::InEffect),
            (&cast.late_back, OrderState::Closed),
            (&cast.surplus, OrderState::InEffect),
            (&cast.mismatch, OrderState::AwaitingPayment),
            (&cast.refunded, OrderState::Refunded),
            (&cast.refunding, OrderState::Refunding),
            (&cast.refund_failed, OrderState::Refunding),
            (&cast.upstream_waits.1, OrderState::Paid),
            (&cast.upstream, OrderState::InEffect),
            (&cast.queued.1, OrderState::Queued),
            (&cast.first_use.1, OrderState::StartsOnFirstUse),
            (&cast.first_used.1, OrderState::InEffect),
            (&cast.topup, OrderState::InEffect),
            (&cast.restoring.1, OrderState::Delivered),
            (&cast.closed, OrderState::Closed),
            (&cast.open, OrderState::AwaitingPayment),
        ];
        for (order, state) in states {
            assert_eq!(order.state, state, "{}", order.offering);
        }
        assert!(matches!(world.line_now(&cast.grace).await.state, LineState::Grace { .. }));
        assert!(!world.line_now(&cast.over.0).await.state.in_service());

        let report = world.verify().await;
        assert_eq!(world.verify_in_small_parts().await, report, "memory changes nothing");
        insta::allow_duplicates! { insta::assert_snapshot!(report.to_string(), @r"
        checked:
                    20  customers and their accounts
                    53  transfers
                    23  orders
                    24  attempts
                     5  refunds
                    19  receipts
                     3  requests for invoices
                     2  cases
                    19  lines
                    19  Sims
                   150  names in the directory
                    21  timers
                    19  jobs
                    18  receipt numbers
                     3  days of usage
                     3  usage
                     2  entries of the audit log
        nothing is wrong
        ") };
    })
    .await;
}
