//! Corruptions of renewals by themselves and of saved methods: each is found by name and row.

use super::corruptions::{Plan, attempt_row, plant};
use crate::world::outside::Fate;
use crate::world::{World, on_both};
use everline_app::auto_renew::{Wanted, set};
use everline_app::saved_methods::{remove, saved_methods};
use everline_core::auto_renew::{AutoRenew, Early, PayWith};
use everline_core::effects::Job;
use everline_core::money::{Currency, Money};
use everline_core::offering::{Family, OfferingRef};
use everline_core::payment::{Method, Provider};
use everline_store::args;
use everline_store::tables::order;

#[tokio::test]
async fn every_corruption_of_a_renewal_is_found() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let plan = world.order(&kit, "days").await.unwrap();
        let attempt = world.start(&plan, Method::CardKept).await.unwrap();
        let notice = world.cards.pay(&attempt.out_trade_no);
        everline_app::payment_confirmed::payment_notice(&world.app, Provider::Stripe, &[], &notice).await.unwrap();
        world.settle().await;
        let saved = saved_methods(&world.app, kit.customer).await.unwrap().remove(0);
        let wanted = Wanted {
            offering: OfferingRef { code: "days".to_owned(), version: 1 },
            methods: vec![PayWith::Saved(saved.id)],
            month_cap: Money::parse("30", Currency::CNY).unwrap(),
            lead_days: 3,
            early: Early::default(),
            terms_version: "2026-01".to_owned(),
        };
        set(&world.app, kit.customer, kit.line, wanted).await.unwrap();
        world.cards.always("debit", Fate::Silent);
        world.cards.always("query", Fate::Silent);
        world.skip_days(27).await;
        world.cards.always("forget", Fate::Silent);
        remove(&world.app, kit.customer, saved.id).await.unwrap();
        world.settle().await;
        world.sound().await;

        let (customer, line) = (kit.customer, kit.line);
        let orders = world.look(move |tx| Box::pin(async move { order::of_line(tx, customer, line, 10).await })).await;
        let renewal = orders.into_iter().find(|one| one.id != plan.id).unwrap();
        let debit = world.attempts(&renewal).await.remove(0);
        let id = AutoRenew::id_of(kit.line);
        let row = format!("auto_renew({}, {id})", kit.customer);
        let card = format!("payment_method({}, {})", kit.customer, saved.id);
        let order = format!("orders({}, {})", renewal.customer, renewal.id);
        let mut all = Plan::default();
        let mut change = |set: &str, invariant| {
            all.add(&format!("UPDATE auto_renew SET {set} WHERE id = $1"), args![id], invariant, row.as_str());
        };
        change("line_id = id", "auto_renew_of_line");
        change("state = 'on'", "stored_word");
        change("cycle_at = NULL", "auto_renew_state");
        change("state = 'gave_up', step = NULL, asked = NULL, why = 'luck'", "auto_renew_state");
        change("state = 'off', cycle_at = NULL, step = NULL, asked = NULL", "timer_of_auto_renew");
        change("month_cap = month_cap + 1", "auto_renew_consent");
        change("lead_days = 99", "auto_renew_consent");
        change("methods = 'cash'", "auto_renew_methods");
        change("methods = 'saved:00000000000000000000000000000000'", "auto_renew_methods");
        change("cycle_at = cycle_at + 1000000", "auto_renew_order");
        all.add("DELETE FROM timer WHERE id = $1", args![id], "timer_of_auto_renew", row.as_str());
        let job = Job::AutoRenew { customer: kit.customer, line: kit.line, order: renewal.id };
        all.add("DELETE FROM job WHERE id = $1", args![job.id()], "renewal_is_moving", row.as_str());
        all.add(
            "UPDATE renewal_consent SET price = price - 1 WHERE customer_id = $1",
            args![kit.customer],
            "auto_renew_consent",
            order.as_str(),
        );
        all.add(
            "UPDATE attempt SET method = 'saved_card' WHERE id = $1",
            args![attempt.id],
            "debit_of_renewal",
            attempt_row(&attempt),
        );
        all.add(
            "UPDATE orders SET placed_by = 'owner' WHERE id = $1",
            args![renewal.id],
            "debit_of_renewal",
            attempt_row(&debit),
        );
        let mut change = |set: &str, invariant| {
            all.add(
                &format!("UPDATE payment_method SET {set} WHERE id = $1"),
                args![saved.id],
                invariant,
                card.as_str(),
            );
        };
        change("state = 'lent'", "stored_word");
        change("state = 'active'", "payment_method_state");
        change("token = ''", "payment_method_state");
        change("label = 'visa 4242424242424242'", "payment_method_number");
        let forget = Job::ForgetMethod { customer: kit.customer, method: saved.id };
        all.add("DELETE FROM job WHERE id = $1", args![forget.id()], "forgetting_is_moving", card.as_str());
        plant(&world, all).await;
    })
    .await;
}
