//! Every corruption of what imports write, planted in a store that holds some of all of it.

use super::corruptions::{Plan, line_row, plant};
use crate::world::loading::{HEADER, LINES, iccid, imsi, load_codes, load_lines, load_sims, rows};
use crate::world::{Kit, World, on_both};
use everline_core::identifiers::{Imsi, Msisdn};
use everline_core::ids::{LineId, RawId};
use everline_core::offering::Family;
use everline_store::args;
use everline_store::tables::directory;

fn shown(iccid: &str) -> String {
    format!("{}****{}", &iccid[..3], &iccid[iccid.len() - 4..])
}
fn sim_row(n: u64) -> String {
    format!("sim({})", shown(&iccid(n)))
}
fn code_row(n: u64) -> String {
    format!("activation_code({})", shown(&iccid(n)))
}
fn batch_row(kind: &str, name: &str) -> String {
    format!("import_batch({kind}, {name:?})")
}

/// Six Sims in a batch, of which a line took the third; codes, one of a profile that is no Sim here; and a line of its own.
async fn stocked(world: &World) -> Kit {
    let (_, faults) = load_sims(world, format!("{HEADER}{}", rows(1, 6, "spring"))).await.unwrap();
    assert_eq!(faults, vec![]);
    let code = |n: u64| format!("{},LPA:1$rsp.example.com$M-{n},summer\n", iccid(n));
    let codes = format!("iccid,activation_code,batch\n{}{}{}", code(1), code(2), code(700));
    let (_, faults) = load_codes(world, &codes).await.unwrap();
    assert_eq!(faults, vec![]);
    let row = |n: u64| {
        format!("14400{n:08},{},{},c-{n},person,A,,en,x,tracker,iot,built_in,days,2026-03-20,move\n", iccid(n), imsi(n))
    };
    let (_, faults) = load_lines(world, &format!("{LINES}{}{}", row(3), row(80))).await.unwrap();
    assert_eq!(faults, vec![]);
    let number = format!("14400{:08}", 3);
    let msisdn = Msisdn::parse(&number).unwrap();
    let found = world.look(move |tx| {
        let number = number.clone();
        Box::pin(async move { directory::find(tx, directory::Name::Msisdn, &number).await })
    });
    let (customer, line) = found.await.unwrap();
    Kit { customer, line: LineId(line), msisdn, imsi: Imsi::parse(&imsi(3)).unwrap() }
}

#[tokio::test]
async fn what_was_loaded_is_counted_and_sound_also_when_it_is_loaded_again() {
    on_both(async |world: World| {
        stocked(&world).await;
        stocked(&world).await;
        // Rows that are there by another batch are not this one's.
        let (summary, faults) = load_sims(&world, format!("{HEADER}{}{}", rows(1, 6, "again"), rows(20, 3, "again")))
            .await
            .unwrap();
        assert_eq!((summary.added, summary.already_there, faults), (3, 6, vec![]));
        world.sound().await;
        let report = world.verify().await;
        assert_eq!(world.verify_in_small_parts().await, report);
        for checked in [("Sims", 10), ("activation codes", 3), ("batches", 4)] {
            assert!(report.checked.contains(&checked), "{checked:?} in {report}");
        }
        // Numbers that are given back leave the batch of lines with fewer than it brought.
        let gone = "UPDATE sim SET state = 'in_stock', line_id = NULL, customer_id = NULL, role = NULL, line_batch = NULL, line_hash = NULL WHERE iccid = $1";
        world.sql(gone, args![iccid(80)]).await;
        let report = world.verify().await;
        assert!(!report.findings.iter().any(|found| found.invariant == "batch_rows"), "{report}");
    })
    .await;
}

#[tokio::test]
async fn every_corruption_of_the_stock_is_found() {
    on_both(async |world: World| {
        let served = stocked(&world).await;
        let other = world.line(Family::Phone).await;
        let mut plan = Plan::default();
        in_stock(&mut plan, &served);
        in_use(&mut plan, &served, &other);
        sealed(&mut plan);
        batches(&mut plan);
        plant(&world, plan).await;
    })
    .await;
}

#[tokio::test]
async fn an_import_that_stopped_half_way_is_to_be_looked_at() {
    on_both(async |world: World| {
        stocked(&world).await;
        let stop = "UPDATE import_batch SET state = 'loading', loaded = 0, completed_at = NULL WHERE name = 'summer'";
        assert_eq!(world.sql(stop, args![]).await, 1);
        let report = world.verify().await;
        assert!(report.clean(), "{report}");
        assert_eq!(report.notes[0].row, batch_row("activation_codes", "summer"));
    })
    .await;
}

fn set(set: &str) -> String {
    format!("UPDATE sim SET {set} WHERE iccid = $1")
}

fn in_stock(plan: &mut Plan, served: &Kit) {
    let (one, row) = (|| args![iccid(1)], sim_row(1));
    for (change, invariant) in [
        ("state = 'lost'", "stored_word"),
        ("kind = 'paper'", "stored_word"),
        ("imsi = '4600'", "identifier"),
        ("msisdn = '1'", "identifier"),
        ("role = 'primary'", "sim_state"),
        ("state = 'in_use'", "sim_of_line"),
        ("batch = 'gone'", "sim_of_batch"),
        ("line_batch = 'gone', line_hash = source_hash", "sim_of_batch"),
        ("line_batch = 'move', line_hash = source_hash", "sim_of_batch"),
        ("batch = NULL", "hash"),
        ("source_hash = NULL", "hash"),
        ("line_hash = source_hash", "hash"),
        ("puk_hash = NULL", "hash"),
        ("registration_code = NULL", "hash"),
    ] {
        plan.add(&set(change), one(), invariant, row.clone());
    }
    plan.add(
        &set("line_id = $2, customer_id = $3"),
        args![iccid(1), served.line, served.customer],
        "sim_state",
        row.clone(),
    );
    let leads = "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ($1, $2, $3, $4)";
    for (kind, name) in [("iccid", iccid(1)), ("imsi", imsi(1)), ("msisdn", format!("14400{:08}", 1))] {
        plan.add(leads, args![kind, name.as_str(), served.customer, served.line], "directory", row.clone());
        let named = format!("directory({kind}, {})", shown(&name));
        plan.add(leads, args![kind, name.as_str(), served.customer, served.line], "directory", named);
    }
    plan.add("DELETE FROM sim WHERE iccid = $1", one(), "batch_rows", batch_row("sims", "spring"));
    plan.add(&set("batch = NULL, source_hash = NULL"), one(), "batch_rows", batch_row("sims", "spring"));
}

fn in_use(plan: &mut Plan, served: &Kit, other: &Kit) {
    let (three, row) = (|| args![iccid(3)], sim_row(3));
    for (change, invariant) in [
        ("state = 'in_stock'", "sim_state"),
        ("state = 'quarantined'", "sim_state"),
        ("line_id = NULL", "sim_of_line"),
        ("role = 'spare'", "stored_word"),
        ("msisdn = '1440099999999'", "sim_of_line"),
        ("msisdn = '1440099999999'", "directory"),
        ("imsi = '460119999999999'", "directory"),
    ] {
        plan.add(&set(change), three(), invariant, row.clone());
    }
    let nobody = RawId::new_v7(1, [9; 10]);
    plan.add(&set("line_id = $2"), args![iccid(3), nobody], "sim_of_line", row.clone());
    plan.add(
        &set("line_id = $2, customer_id = $3"),
        args![iccid(3), other.line, other.customer],
        "sim_of_line",
        row.clone(),
    );
    plan.add("DELETE FROM sim WHERE iccid = $1", three(), "sim_of_line", line_row(served));
    let second = "state = 'in_use', role = 'primary', line_id = $2, customer_id = $3, msisdn = NULL";
    plan.add(&set(second), args![iccid(4), served.line, served.customer], "sim_of_line", row.clone());
    let forget = "DELETE FROM directory WHERE kind = $1 AND name = $2";
    plan.add(forget, args!["iccid", iccid(3)], "directory", row.clone());
    plan.add(forget, args!["imsi", imsi(3)], "directory", row);
    let mislead = "UPDATE directory SET customer_id = $3, subject_id = $4 WHERE kind = $1 AND name = $2";
    let named = format!("directory(imsi, {})", shown(&imsi(3)));
    plan.add(mislead, args!["imsi", imsi(3), other.customer, other.line], "directory", named);
}

fn sealed(plan: &mut Plan) {
    // What is sealed for another card, and what was changed, do not open.
    let swapped = "puk1 = (SELECT x.puk1 FROM sim x WHERE x.iccid = $2)";
    plan.add(&set(swapped), args![iccid(1), iccid(2)], "sealed", sim_row(1));
    plan.add(&set("pin2 = $2"), args![iccid(1), vec![1u8; 30]], "sealed", sim_row(1));
    for hash in ["puk_hash", "registration_hash"] {
        let swapped = format!("{hash} = (SELECT x.{hash} FROM sim x WHERE x.iccid = $2)");
        plan.add(&set(&swapped), args![iccid(1), iccid(2)], "hash", sim_row(1));
    }
    let key = "UPDATE setting SET value = 'x' WHERE name = 'sealed_with'";
    plan.add(key, args![], "sealed", "setting(sealed_with)");

    let set = |set: &str| format!("UPDATE activation_code SET {set} WHERE iccid = $1");
    let row = code_row(700);
    plan.add(&set("batch = 'gone'"), args![iccid(700)], "code_of_batch", row.clone());
    plan.add(&set("code = $2"), args![iccid(700), vec![1u8; 30]], "sealed", row.clone());
    plan.add(&set("code_hash = $2"), args![iccid(700), vec![7u8; 16]], "hash", row.clone());
    plan.add(&set("source_hash = code_hash"), args![iccid(700)], "hash", row.clone());
    plan.add(&set("source_hash = $2"), args![iccid(700), vec![7u8; 3]], "hash", row);
    plan.add(&set("iccid = '898'"), args![iccid(700)], "identifier", "activation_code(898****)");
    let gone = "DELETE FROM activation_code WHERE iccid = $1";
    plan.add(gone, args![iccid(700)], "batch_rows", batch_row("activation_codes", "summer"));
}

fn batches(plan: &mut Plan) {
    let set = |set: &str| format!("UPDATE import_batch SET {set} WHERE name = $1");
    for (change, invariant) in [
        ("state = 'half'", "stored_word"),
        ("named = 2", "stored_word"),
        ("loaded = loaded + 1", "batch_rows"),
        ("loaded = 0", "batch_rows"),
        ("completed_at = NULL", "batch_state"),
        ("completed_at = began_at - 1", "batch_state"),
        ("state = 'applying'", "batch_state"),
    ] {
        plan.add(&set(change), args!["spring"], invariant, batch_row("sims", "spring"));
    }
    let hold = everline_core::ids::RawId::from_bytes([1; 16]);
    let held = "UPDATE import_batch SET hold_id = $1 WHERE name = 'spring'";
    plan.add(held, args![hold], "batch_hold", batch_row("sims", "spring"));
    let alone = "INSERT INTO stock_hold (id, kind, name, reason, put_at, put_by) VALUES ($1, 'batch', 'spring', 'x', 0, 'zhou')";
    plan.add(alone, args![hold], "batch_hold", format!("stock_hold({hold})"));
    plan.add("UPDATE sim SET hold_id = $1 WHERE iccid = $2", args![hold, iccid(1)], "sim_hold", sim_row(1));
    plan.add(&set("kind = 'cards'"), args!["spring"], "stored_word", batch_row("cards", "spring"));
    plan.add(&set("state = 'loading'"), args!["spring"], "sim_of_batch", sim_row(3));
    plan.add(&set("state = 'loading'"), args!["move"], "sim_of_batch", sim_row(80));
    plan.add("DELETE FROM import_batch WHERE name = $1", args!["spring"], "sim_of_batch", sim_row(1));
    plan.add("DELETE FROM import_batch WHERE name = $1", args!["summer"], "code_of_batch", code_row(1));
    plan.add(&set("loaded = 1"), args!["move"], "batch_rows", batch_row("lines", "move"));
}
