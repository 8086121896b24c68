//! Lines of a business that moves in, and the catalogue: loaded, refused, cut off, exported and loaded again.

use crate::world::loading::{
    HEADER, LINES, all_of, cut_off, empty_like, iccid, importer, imsi, lines_out, load_lines, load_sims, moving,
    offerings_out, rows, sims_out, take,
};
use crate::world::{World, on_both};
use everline_app::Problem;
use everline_app::import::{Contents, Outcome, Step, offerings};
use everline_core::brand::FamilyRules;
use everline_core::identifiers::Imsi;
use everline_core::ids::LineId;
use everline_core::line::{Line, LineState, SuspendCause};
use everline_core::offering::Family;
use everline_core::time::{DAY_US, HOUR_US};
use everline_store::tables::{directory, line};
use everline_store::{Stop, args};
use std::sync::Arc;

#[tokio::test]
async fn a_business_moves_in_and_goes_on() {
    on_both(async |world: World| {
        // Some Sims are in stock already, with their secrets; the others come with their lines.
        let stock_rows = rows(1, 10, "spring").replace("14400", "14410");
        load_sims(&world, format!("{HEADER}{stock_rows}")).await.unwrap();
        let file = moving(60);
        let (summary, faults) = load_lines(&world, &file).await.unwrap();
        assert_eq!((summary.added, faults), (60, vec![]));
        world.sound().await;
        let out = lines_out(&world).await;
        assert_eq!(out.lines().count(), 61);
        assert!(
            out.contains(",'=cmd,")
                && out.contains(",'+86 name,")
                && out.contains(",''quoted,")
                && out.contains(",'-device 1,")
        );
        assert!(out.contains("days@1,2026-03-21T00:00:00+08:00"), "a day is paid to its end: {out}");
        let (summary, faults) = load_lines(&world, &file).await.unwrap();
        assert_eq!((summary.added, summary.already_there, faults), (0, 60, vec![]));
        assert_eq!(lines_out(&world).await, out);

        let state = |number: &'static str| {
            world.look(move |tx| {
                Box::pin(async move {
                    let (customer, id) = directory::find(tx, directory::Name::Msisdn, number).await?.unwrap();
                    Ok((
                        line::get(tx, customer, LineId(id)).await?.unwrap(),
                        everline_store::tables::order::of_line(tx, customer, LineId(id), 9).await?,
                    ))
                })
            })
        };
        let (running, orders) = state("1441000000001").await;
        assert_eq!((running.state, orders.len(), orders[0].funds), (LineState::Active, 1, 0));
        assert_eq!(state("1441000000003").await.0.state.word(), "silent");
        let (over, orders) = state("1441000000004").await;
        assert!(matches!(over.state, LineState::Suspended(SuspendCause::NotRenewed { .. })) && orders.is_empty());

        // The plan ends, the owner renews, and the books stay sound.
        let kit = crate::world::Kit {
            customer: running.customer,
            line: running.id,
            msisdn: running.msisdn.clone(),
            imsi: Imsi::parse(&imsi(1)).unwrap(),
        };
        let bought = world.buys(&kit, "month").await;
        assert_eq!(bought.starts_at, orders_end(&world, &running).await);
        world.skip_days(40).await;
        world.sound().await;
        assert_eq!(state("1441000000002").await.0.state.word(), "suspended");
        assert_eq!(state("1441000000001").await.0.state, LineState::Active);
        let (summary, faults) = load_lines(&world, &file).await.unwrap();
        assert_eq!((summary.already_there, faults), (60, vec![]), "the same file long after");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn lines_that_move_in_stand_where_the_rules_put_them() {
    on_both(async |world: World| {
        let now = world.app.clock.now().business; // 10 March, 12:00
        let row = |n: u64, ends: &str| {
            format!("1443{n:09},{},{},,,,,,x,phone,travel,built_in,,{ends},b{n}\n", iccid(n), imsi(n))
        };
        let file = format!("{LINES}{}{}{}", row(1, ""), row(2, "2026-03-09"), row(3, "2026-02-01"));
        let (summary, faults) = load_lines(&world, &file).await.unwrap();
        assert_eq!((summary.added, faults), (3, vec![]));
        let state = async |number: &'static str| {
            let found = world.look(move |tx| {
                Box::pin(async move {
                    let (customer, id) = directory::find(tx, directory::Name::Msisdn, number).await?.unwrap();
                    Ok(line::get(tx, customer, LineId(id)).await?.unwrap())
                })
            });
            found.await.state
        };
        assert_eq!(state("1443000000001").await, LineState::Silent { until: Some(now.plus_us(20 * DAY_US)) });
        let midnight = now.plus_us(-12 * HOUR_US);
        assert_eq!(state("1443000000002").await, LineState::Grace { until: midnight.plus_us(2 * DAY_US) });
        let suspended = SuspendCause::NotRenewed { until: Some(now.plus_us(30 * DAY_US)) };
        assert_eq!(state("1443000000003").await, LineState::Suspended(suspended));
        world.sound().await;
        world.skip_days(25).await;
        world.sound().await;
        assert_eq!(state("1443000000001").await.word(), "suspended");
        assert_eq!(state("1443000000002").await.word(), "suspended");

        // Rules that would end a line as it begins take none in.
        let mut brand = (*world.app.brand).clone();
        let over = FamilyRules { suspended_days: Some(0), keep_number_days: Some(0), ..FamilyRules::default() };
        brand.families.insert(Family::Travel, over);
        let mut strict = world.clone();
        strict.app.brand = Arc::new(brand);
        let (summary, faults) = load_lines(&strict, &format!("{LINES}{}", row(4, "2026-02-01"))).await.unwrap();
        assert_eq!((summary.added, faults[0].fault.field), (0, "family"));
        assert!(faults[0].fault.reason.contains("end such a line at once"), "{faults:?}");
        let (summary, _) = load_lines(&strict, &format!("{LINES}{}", row(5, ""))).await.unwrap();
        assert_eq!(summary.added, 1, "without an end to silence there is nothing to pass over");
    })
    .await;
}

async fn orders_end(world: &World, line: &Line) -> Option<everline_core::time::BusinessTime> {
    let (customer, id) = (line.customer, line.id);
    let orders = world
        .look(move |tx| Box::pin(async move { everline_store::tables::order::of_line(tx, customer, id, 9).await }))
        .await;
    orders
        .iter()
        .find(|order| order.placed_by == everline_core::order::PlacedBy::MovedIn)
        .and_then(|order| order.ends_at)
}

#[tokio::test]
async fn what_is_exported_and_imported_is_exported_again_as_the_same_bytes() {
    on_both(async |world: World| {
        load_sims(
            &world,
            format!(
                "{HEADER}{}{}",
                rows(1, 30, "spring").replace("14400", "14410"),
                rows(500, 9, "").replace("REG", "'REG")
            ),
        )
        .await
        .unwrap();
        load_lines(&world, &moving(60)).await.unwrap();
        // One that came by other ways: no batch, no key of the operator's.
        world.line(Family::Phone).await;
        let (stock_file, lines_file, offerings_file) =
            (sims_out(&world, true).await, lines_out(&world).await, offerings_out(&world).await);
        let other = empty_like(&world).await;
        let changes = offerings::import(&importer(&other), &offerings_file, false).await.unwrap();
        assert!(changes.iter().all(|change| matches!(change, offerings::Change::AlreadyThere(_))), "{changes:?}");
        let (summary, faults) = load_sims(&other, &stock_file).await.unwrap();
        assert_eq!((summary.refused, faults), (0, vec![]));
        assert_eq!(sims_out(&other, true).await, stock_file);
        let (summary, faults) = load_lines(&other, &lines_file).await.unwrap();
        assert_eq!((summary.refused, faults), (0, vec![]));
        assert_eq!(lines_out(&other).await, lines_file);
        assert_eq!(sims_out(&other, true).await, stock_file, "in use or in stock, a Sim is exported the same");
        assert_eq!(offerings_out(&other).await, offerings_file);
        other.sound().await;
        // Into the store it came from, an export without secrets says nothing new.
        let plain = sims_out(&world, false).await;
        let (summary, faults) = load_sims(&world, &plain).await.unwrap();
        assert_eq!((summary.added, faults), (0, vec![]));
        let (summary, faults) = load_lines(&world, &lines_file).await.unwrap();
        assert_eq!((summary.added, faults), (0, vec![]));
    })
    .await;
}

#[tokio::test]
async fn lines_are_refused_with_line_field_and_reason() {
    on_both(async |world: World| {
        load_sims(&world, format!("{HEADER}{}", rows(70, 2, "spring"))).await.unwrap();
        load_lines(&world, &moving(5)).await.unwrap();
        let before = all_of(&world).await;
        let new =
            |n: u64, owner: &str, rest: &str| format!("1442{n:09},{},{},{owner},x,phone,{rest},b\n", iccid(n), imsi(n));
        let plain = "iot,built_in,,";
        let cases: Vec<(String, u64, &str, &str)> = vec![
            (new(80, "k,person,A,,en", "iot,built_in,gone,2026-12-31"), 2, "plan", "no offering"),
            (new(80, "k,person,A,,en", "iot,built_in,pack,2026-12-31"), 2, "plan", "pack"),
            (new(80, "k,person,A,,en", "router,built_in,days,2026-12-31"), 2, "plan", "family"),
            (new(80, "k,person,A,,en", "iot,built_in,days,"), 2, "plan_ends", "empty"),
            (new(80, "k,person,A,,en", "iot,built_in,,2026-12-31"), 2, "plan", "lies ahead"),
            (new(80, "k,person,A,,en", "iot,built_in,days,46387"), 2, "plan_ends", "no day"),
            (new(80, ",person,A,,en", plain), 2, "owner", "empty, and owner_kind"),
            (new(80, "k,person,,,en", plain), 2, "owner_name", "empty"),
            (new(80, "k,person,A,1.39E+10,en", plain), 2, "owner_contact", "scientific"),
            (new(80, "k,person,A,,?", plain), 2, "language", "no language"),
            (new(80, "k,robot,A,,en", plain), 2, "owner_kind", "unknown word"),
            (new(80, "k,person,A,,en", "boat,built_in,,"), 2, "family", "unknown word"),
            (new(80, "k,person,A,,en", "iot,,,"), 2, "network", "empty"),
            (
                new(80, "k,person,A,,en", plain) + &new(81, "k,person,B,,en", plain),
                3,
                "owner",
                "line 2 says something else",
            ),
            (
                new(80, "k,person,A,13955555555,en", plain) + &new(81, "l,person,B,13955555555,en", plain),
                3,
                "owner_contact",
                "line 2 says",
            ),
            (new(80, "fleet,organisation,Other,13900000000,zh-CN", plain), 2, "owner_name", "differs"),
            (new(80, "fleet,person,=cmd,13900000000,zh-CN", plain), 2, "owner_kind", "differs"),
            (new(80, "k,person,A,13900000000,en", plain), 2, "owner_contact", "signs another customer in"),
            (new(1, "k,person,A,,en", plain), 2, "number", "serves a line already"),
            (new(80, "k,person,A,,en", plain).replace(&imsi(80), &imsi(1)), 2, "imsi", "is that of the Sim"),
            (
                new(80, "k,person,A,,en", plain).replace("1442000000080", "1441000000001"),
                2,
                "number",
                "is that of the Sim",
            ),
            (new(70, "k,person,A,,en", plain), 2, "number", "in stock with another number"),
            (new(70, "k,person,A,,en", plain).replace(&imsi(70), &imsi(99)), 2, "imsi", "in stock with another imsi"),
        ];
        for (rows, at, field, reason) in cases {
            let (summary, faults) = load_lines(&world, &format!("{LINES}{rows}")).await.unwrap();
            let found =
                faults.iter().any(|f| f.line == at && f.fault.field == field && f.fault.reason.contains(reason));
            assert!(found && summary.added == 0, "{rows}{faults:?}");
        }
        assert_eq!(all_of(&world).await, before);
        assert_eq!(world.sql("UPDATE import_batch SET loaded = 0 WHERE state <> 'complete'", args![]).await, 0);
    })
    .await;
}

#[tokio::test]
async fn moving_in_that_was_cut_off_goes_on() {
    on_both(async |world: World| {
        load_sims(&world, format!("{HEADER}{}", rows(1, 10, "spring").replace("14400", "14410"))).await.unwrap();
        let file = moving(120);
        cut_off(&world, Contents::Lines, &file, Step::Loading).await;
        while world.sql("UPDATE sim SET eid = NULL WHERE line_batch IS NOT NULL", args![]).await == 0 {}
        assert_eq!(
            take(&world, 1, "1441000000001").await,
            Err(Stop::Refused(Problem::ExistsDifferently("sim"))),
            "held"
        );
        assert_eq!(lines_out(&world).await.lines().count(), 1);
        cut_off(&world, Contents::Lines, &file, Step::Applying).await;
        // Half way, another file for the same batch cannot finish it, and takes nothing back.
        let other = file.replace("林芳", "王强");
        while world.sql("UPDATE line SET name = name", args![]).await == 0 {}
        let (summary, _) = load_lines(&world, &other).await.unwrap();
        assert_eq!(summary.batches[0].outcome, Outcome::HalfWay);
        let (summary, faults) = load_lines(&world, &file).await.unwrap();
        assert_eq!((summary.added + summary.already_there, faults), (120, vec![]));
        assert_eq!(lines_out(&world).await.lines().count(), 121);
        world.sound().await;
        assert_eq!(load_lines(&world, &file).await.unwrap().0.already_there, 120);
    })
    .await;
}

#[tokio::test]
async fn an_order_without_money_is_sound_only_if_it_moved_in() {
    on_both(async |world: World| {
        load_lines(&world, &moving(1)).await.unwrap();
        let kit = world.line(Family::Phone).await;
        world.buys(&kit, "month").await;
        world.sound().await;
        for (set, back, invariant) in [
            (
                "placed_by = 'owner' WHERE placed_by = 'moved_in'",
                "placed_by = 'moved_in' WHERE funds = 0",
                "order_paid",
            ),
            (
                "placed_by = 'moved_in' WHERE placed_by = 'owner'",
                "placed_by = 'owner' WHERE funds > 0",
                "order_moved_in",
            ),
            ("placed_by = 'nobody' WHERE placed_by = 'owner'", "placed_by = 'owner' WHERE funds > 0", "stored_word"),
            ("funds = price WHERE placed_by = 'moved_in'", "funds = 0 WHERE placed_by = 'moved_in'", "order_moved_in"),
            (
                "paid_at = placed_at WHERE placed_by = 'moved_in'",
                "paid_at = NULL WHERE placed_by = 'moved_in'",
                "receipt_of_order",
            ),
            (
                "state = 'delivered', in_effect_at = NULL WHERE placed_by = 'moved_in'",
                "state = 'in_effect', in_effect_at = delivered_at WHERE placed_by = 'moved_in'",
                "order_moved_in",
            ),
        ] {
            assert_eq!(world.sql(&format!("UPDATE orders SET {set}"), args![]).await, 1, "{set}");
            let report = world.verify().await;
            assert!(report.findings.iter().any(|found| found.invariant == invariant), "{set}: {report}");
            assert_eq!(world.sql(&format!("UPDATE orders SET {back}"), args![]).await, 1, "{back}");
            world.sound().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_catalogue_is_loaded_versioned_and_never_changed_in_place() {
    use everline_app::import::offerings::Change;
    on_both(async |world: World| {
        let out = offerings_out(&world).await;
        let load = async |text: &str| offerings::import(&importer(&world), text, false).await.map_err(|error| error.to_string());
        assert!(load(&out).await.unwrap().iter().all(|change| matches!(change, Change::AlreadyThere(_))));
        assert_eq!(offerings_out(&world).await, out);
        let changed = out.replace("price = \"9.90\"", "price = \"8.80\"");
        let refused = load(&changed).await.unwrap_err();
        assert!(refused.contains("\"days\"") && refused.contains("version"), "{refused}");
        // Without a version, the new content becomes one, and the old one is no longer for sale.
        let mut file: toml::Table = out.parse().unwrap();
        let all = file["offering"].as_array_mut().unwrap();
        all.retain(|offering| offering["code"].as_str() == Some("days"));
        let days = all[0].as_table_mut().unwrap();
        days.remove("version");
        days.insert("price".into(), "8.80".into());
        let text = toml::to_string(&file).unwrap();
        let dry = offerings::import(&importer(&world), &text, true).await.unwrap();
        assert_eq!(dry.len(), 2);
        assert_eq!(offerings_out(&world).await, out, "a dry run writes nothing");
        let changes = load(&text).await.unwrap();
        assert!(matches!(&changes[..], [Change::BecameVersion(new), Change::Retired(old)] if (new.version, old.version) == (2, 1)), "{changes:?}");
        assert!(matches!(&load(&text).await.unwrap()[..], [Change::AlreadyThere(_)]));
        let retired = text.replace("published", "retired");
        assert!(matches!(&load(&retired).await.unwrap()[..], [Change::Sale(..)]));
        let round = offerings_out(&world).await;
        let other = empty_like(&world).await;
        other.sql("DELETE FROM offering", args![]).await;
        offerings::import(&importer(&other), &round, false).await.unwrap();
        assert_eq!(offerings_out(&other).await, round);
        for (from, to, reason) in [
            ("price = \"8.80\"", "price = \"0\"", "price"),
            ("currency = \"CNY\"", "currency = \"USD\"", "currency"),
            ("kind = \"plan\"", "kind = \"top_up\"", "validity"),
            ("code = \"days\"", "code = \"Days!\"", "code"),
            ("sale = \"published\"", "sail = \"published\"", "sail"),
            ("amount = 1000000000", "amount = 0", "included"),
        ] {
            let wrong = text.replace(from, to);
            assert_ne!(wrong, text, "{from}");
            assert!(load(&wrong).await.unwrap_err().contains(reason), "{to}");
        }
    })
    .await;
}
