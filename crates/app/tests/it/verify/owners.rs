//! Corruptions of lines that were handed over and of identities: each is found by name and row.

use super::corruptions::{Plan, plant};
use crate::world::{World, on_both};
use everline_app::claim_line;
use everline_app::identity::say;
use everline_app::sessions::{Principal, open_session};
use everline_app::sign_in::session;
use everline_core::customer::CustomerKind;
use everline_core::identity::Typed;
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::line::NetworkKind;
use everline_core::offering::Family;
use everline_store::args;

#[tokio::test]
async fn every_corruption_of_owners_is_found() {
    on_both(async |world: World| {
        let nobody = world.customer(CustomerKind::Anonymous).await;
        let kit = world.line_of(nobody, Family::Phone, NetworkKind::BuiltIn).await;
        world.buys(&kit, "topup").await;
        let taker = world.person().await;
        world.sql("UPDATE customer SET identity = 'none' WHERE customer_id = $1", vec![taker.into()]).await;
        let signed_in = open_session(&world.app, Principal::Customer(taker)).await.unwrap();
        let who = session(&world.app, &signed_in.token).await.unwrap().unwrap();
        let request = claim_line::request_line_code(&world.app, kit.msisdn.as_str(), "zh-CN").await.unwrap();
        let code = world.messenger.parameter(kit.msisdn.as_str(), "code").unwrap();
        let new = claim_line::claim_by_code(&world.app, &who, request, &code).await.unwrap();
        let typed = Typed { name: "张三", kind: "cn_id", number: "11010519491231002X", born: "" };
        say(&world.app, &who, typed, true, "", None).await.unwrap();
        world.settle().await;
        world.sound().await;

        let (row, identity) = (format!("hand_over({new})"), format!("identity({taker})"));
        let given =
            Posting::new(Template::CreditGiven, Cause::HandOver(new), None, 50_000_000, world.app.clock.now().business);
        let transfer = given.transfers().next().unwrap().id;
        let mut plan = Plan::default();
        let set = |what: &str| format!("UPDATE hand_over SET {what} WHERE line_id = $1");
        plan.add(&set("taken_at = NULL"), args![new], "hand_over", row.as_str());
        plan.add(&set("taken_at = NULL"), args![new], "hand_over_is_moving", row.as_str());
        plan.add(&set("taken_at = NULL"), args![new], "in_transit", "account(in_transit)");
        plan.add(
            &set("paid_credit = paid_credit + 1"),
            args![new],
            "hand_over_credit",
            format!("transfer({transfer}, {nobody})"),
        );
        plan.add("UPDATE line SET state = 'active' WHERE id = $1", args![kit.line], "hand_over", row.as_str());
        plan.add(
            "UPDATE account SET in_transit = in_transit + 1 WHERE customer_id = $1",
            args![taker],
            "in_transit",
            "account(in_transit)",
        );
        plan.add(
            "UPDATE identity SET document_hash = sealed WHERE customer_id = $1",
            args![taker],
            "hash",
            identity.as_str(),
        );
        plan.add(
            "UPDATE identity SET document_kind = 'passport' WHERE customer_id = $1",
            args![taker],
            "hash",
            identity.as_str(),
        );
        plan.add(
            "UPDATE identity SET sealed = document_hash WHERE customer_id = $1",
            args![taker],
            "sealed",
            identity.as_str(),
        );
        plan.add(
            "UPDATE customer SET identity = 'none' WHERE customer_id = $1",
            args![taker],
            "identity_state",
            identity.as_str(),
        );
        plant(&world, plan).await;
    })
    .await;
}
