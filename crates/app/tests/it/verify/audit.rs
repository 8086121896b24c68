//! Corruptions of the log of the staff: every change, gap, other order and missing end is found.

use super::corruptions::{Plan, plant};
use crate::world::{World, on_both};
use everline_app::audit::{Head, entries, head};
use everline_app::verify::{Known, verify_known};
use everline_app::{privacy, staff, staff_order};
use everline_core::audit::Actor;
use everline_core::offering::Family;
use everline_store::args;

/// Some entries, with and without a customer and a reason.
async fn told(world: &World) -> String {
    let by = world.member("operator").await;
    let order = world.buys(&world.line(Family::Watch).await, "days").await;
    for login in ["one", "two"] {
        staff::add(&world.app, Actor::CommandLine, login, "何静", "agent").await.unwrap();
    }
    for _ in 0..2 {
        staff_order::staff_order(&world.app, &order.number, by).await.unwrap();
    }
    let close = everline_core::invoice::Settlement::Refuse("名称不符".to_owned());
    let wanted = everline_core::invoice::Particulars::read(
        "person",
        "林芳",
        "",
        "a@example.cn",
        everline_core::money::Currency::CNY,
    );
    everline_app::invoice::ask_invoice(&world.app, order.customer, order.id, wanted.unwrap()).await.unwrap();
    everline_app::invoice::settle_invoice(&world.app, &order.number, (close, None), by).await.unwrap();
    order.number
}

#[tokio::test]
async fn every_corruption_of_the_audit_log_is_found() {
    on_both(async |world: World| {
        told(&world).await;
        world.sound().await;
        assert_eq!(head(&world.app.store).await.unwrap().entries, 5);
        let row = |seq: i64| format!("audit({seq})");
        let mut plan = Plan::default();
        for set in [
            "at = at + 1",
            "actor = 'system'",
            "staff_id = NULL",
            "action = 'case.seen'",
            "subject_kind = 'line'",
            "subject_id = '1'",
            "customer_id = NULL",
            "reason_hash = hash",
            "details = '{\"a\":1}'",
            "previous = hash",
            "hash = previous",
        ] {
            plan.add(&format!("UPDATE audit SET {set} WHERE seq = 3"), args![], "audit_chain", row(3));
        }
        for set in ["line_id = customer_id", "line_id = NULL"] {
            plan.add(&format!("UPDATE audit SET {set} WHERE seq = 3"), args![], "audit_chain", row(3));
        }
        plan.add("UPDATE audit SET reason = 'no' WHERE seq = 5", args![], "audit_chain", row(5));
        plan.add("UPDATE audit SET reason = NULL, reason_salt = NULL WHERE seq = 5", args![], "audit_chain", row(5));
        // Deleted: at the beginning, in between, at the end.
        plan.add("DELETE FROM audit WHERE seq = 1", args![], "audit_chain", row(2));
        plan.add("DELETE FROM audit WHERE seq = 3", args![], "audit_chain", row(4));
        plan.add("DELETE FROM audit WHERE seq = 5", args![], "audit_head", "audit_head");
        // Put elsewhere.
        plan.add("UPDATE audit SET seq = 9 WHERE seq = 2", args![], "audit_chain", row(3));
        plan.add("UPDATE audit SET seq = 0 WHERE seq = 1", args![], "audit_chain", row(2));
        plan.add("UPDATE audit SET seq = -5 WHERE seq = 5", args![], "audit_head", "audit_head");
        plan.add("UPDATE audit_head SET entries = 4", args![], "audit_head", "audit_head");
        plan.add("UPDATE audit_head SET hash = NULL", args![], "audit_head", "audit_head");
        plant(&world, plan).await;
    })
    .await;
}

#[tokio::test]
async fn a_log_that_is_cut_off_with_its_head_is_found_by_a_noted_end() {
    on_both(async |world: World| {
        told(&world).await;
        let noted = head(&world.app.store).await.unwrap();
        let verify = async |audit_head: Head| {
            let app = &world.app;
            let known = Known { audit_head: Some(audit_head), ..Known::default() };
            let report = verify_known(&app.store, &app.brand, &app.zone, app.clock.now(), known).await.unwrap();
            report.findings.iter().map(|finding| finding.invariant).collect::<Vec<_>>()
        };
        staff::disable(&world.app, Actor::CommandLine, "one", None).await.unwrap();
        assert_eq!(verify(noted).await, Vec::<&str>::new(), "it went on since");
        assert_eq!(verify(Head { hash: [1; 32], ..noted }).await, ["audit_noted"]);
        let all = entries(&world.app.store, 0).await.unwrap();
        let last = all[2].hash.clone();
        world.sql("DELETE FROM audit WHERE seq > 3", args![]).await;
        world.sql("UPDATE audit_head SET entries = 3, hash = $1", args![last]).await;
        world.sound().await;
        assert_eq!(verify(noted).await, ["audit_noted"]);
    })
    .await;
}

#[tokio::test]
async fn reasons_go_with_their_customer_and_the_chain_holds() {
    on_both(async |world: World| {
        let kit = world.line(Family::Watch).await;
        let by = world.member("operator").await;
        let order = world.buys(&kit, "days").await;
        let wanted = everline_core::invoice::Particulars::read(
            "person",
            "林芳",
            "",
            "a@example.cn",
            everline_core::money::Currency::CNY,
        );
        everline_app::invoice::ask_invoice(&world.app, order.customer, order.id, wanted.unwrap()).await.unwrap();
        let refuse = everline_core::invoice::Settlement::Refuse("林芳 asked twice".to_owned());
        everline_app::invoice::settle_invoice(&world.app, &order.number, (refuse, None), by).await.unwrap();
        let end = everline_core::lifecycle::LifecycleCommand::Terminate;
        everline_app::lifecycle_command::lifecycle_command(&world.app, kit.customer, kit.line, end)
            .await
            .unwrap()
            .unwrap();
        world.settle().await;
        privacy::erase(&world.app.store, kit.customer, world.app.clock.now().business).await.unwrap();
        let all = entries(&world.app.store, 0).await.unwrap();
        assert!(all.iter().all(|entry| entry.reason.is_none() && entry.reason_salt.is_none()), "{all:?}");
        assert!(all.iter().any(|entry| entry.reason_hash.is_some()));
        world.sound().await;
    })
    .await;
}
