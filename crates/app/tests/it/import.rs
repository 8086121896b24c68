//! Imports and exports: every refusal with its line, all or nothing, twice, cut off, round trips, secrets.

use crate::world::loading::{
    HEADER, Heard, LINES, SMALL, iccid, importer, imsi, load_codes, load_lines, load_sims, moving, rows,
};
use crate::world::{World, on_both};
use everline_app::add_line::NewLine;
use everline_app::import::{ImportError, Options, Outcome, Step, lines, offerings, sims};
use everline_app::secrets::Secrets;
use everline_app::{Problem, export};
use everline_core::brand::FamilyRules;
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::LineId;
use everline_core::line::{DeviceKind, Line, LineState, NetworkKind, SuspendCause};
use everline_core::offering::Family;
use everline_core::time::{DAY_US, HOUR_US};
use everline_store::tables::{directory, line, sim, stock};
use everline_store::{Stop, args};
use std::io::Cursor;
use std::sync::Arc;

/// Everything of the store that imports write, as text.
async fn all_of(world: &World) -> String {
    let mut all = String::new();
    for bytes in [sims_out(world, true).await, codes_out(world).await, lines_out(world).await] {
        all.push_str(&bytes);
    }
    all
}
async fn sims_out(world: &World, secrets: bool) -> String {
    let mut out = Vec::new();
    export::sims(&importer(world), &mut out, secrets).await.unwrap();
    String::from_utf8(out).unwrap()
}
async fn codes_out(world: &World) -> String {
    let mut out = Vec::new();
    export::activation_codes(&importer(world), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}
async fn lines_out(world: &World) -> String {
    let mut out = Vec::new();
    export::lines(&importer(world), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}
async fn offerings_out(world: &World) -> String {
    let mut out = Vec::new();
    export::offerings(&importer(world), &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

/// Line, field, and a part of the reason.
type Expected = (u64, &'static str, &'static str);

#[tokio::test]
async fn each_refusal_has_its_line_field_and_reason() {
    let good = rows(1, 2, "");
    let row = |iccid: &str, imsi: &str, rest: &str| format!("{HEADER}{good}{iccid},{imsi},{rest}\n");
    let (i, m) = (iccid(9), imsi(9));
    let cases: Vec<(String, &[Expected])> = vec![
        (row("8.98604E+19", &m, ",,,,,,,"), &[(4, "iccid", "scientific")]),
        (row("８９８６０４0000000000097", &m, ",,,,,,,"), &[(4, "iccid", "full-width")]),
        (row("8986", &m, ",,,,,,,"), &[(4, "iccid", "18 to 20")]),
        (row("", "", ",physical,,,,,,"), &[(4, "iccid", "empty"), (4, "imsi", "empty")]),
        (row(&i, "4600", ",,,,,,,"), &[(4, "imsi", "14 to 15")]),
        (row(&i, &m, "1.38E+10,,,,,,,"), &[(4, "msisdn", "scientific")]),
        (row(&i, &m, ",paper,,,,,,"), &[(4, "kind", "unknown word")]),
        (
            row(&i, &m, ",,123,1234567,12x4,123456789,a b,"),
            &[
                (4, "pin1", "fewer than 4"),
                (4, "puk1", "fewer than 8"),
                (4, "pin2", "other than digits"),
                (4, "puk2", "more than 8"),
                (4, "registration_code", "no code"),
            ],
        ),
        (row(&i, &m, ",,,,,,"), &[(4, "line", "9 cells")]),
        (row(&i, "46\"00", ",,,,,,,"), &[(4, "line", "quote")]),
        (row(&i, "\"4600", ",,,,,,,"), &[(4, "line", "not closed")]),
        (row(&i, "4600\0", ",,,,,,,"), &[(4, "line", "NUL")]),
        (row(&i, &"4".repeat(20_000), ",,,,,,,"), &[(4, "line", "longer than")]),
        (row(&iccid(1), &m, ",,,,,,,"), &[(2, "iccid", "line 4"), (4, "iccid", "line 2")]),
        (row(&i, &imsi(2), ",,,,,,,"), &[(3, "imsi", "line 4"), (4, "imsi", "line 3")]),
        (row(&i, &m, "1440000000001,,,,,,,"), &[(2, "msisdn", "line 4"), (4, "msisdn", "line 2")]),
        (row(&i, &m, &format!(",,,,,,,{}", "b".repeat(101))), &[(4, "batch", "no name")]),
    ];
    on_both(async |world: World| {
        let before = all_of(&world).await;
        for (file, expected) in &cases {
            let (summary, faults) = load_sims(&world, file).await.unwrap();
            let found: Vec<_> = faults.iter().map(|f| (f.line, f.fault.field)).collect();
            let wanted: Vec<_> = expected.iter().map(|(line, field, _)| (*line, *field)).collect();
            assert_eq!(found, wanted, "{file}");
            for (fault, (_, _, reason)) in faults.iter().zip(*expected) {
                assert!(fault.fault.reason.contains(reason), "{}: {reason}", fault.fault.reason);
                assert!(!fault.fault.remedy.is_empty() && !format!("{fault:?}").contains(&i));
            }
            assert_eq!((summary.rows, summary.added), (3, 0));
            assert!(summary.batches.iter().all(|batch| batch.outcome == Outcome::Refused));
        }
        assert_eq!(all_of(&world).await, before, "nothing of a refused file is there");
        for (file, reason) in [
            ("", "empty"),
            ("iccid,imis\n", "did you mean \"imsi\""),
            ("iccid\n", "\"imsi\" is missing"),
            ("iccid,imsi,imsi\n", "twice"),
            ("\u{fffe}", "columns"),
        ] {
            let error = load_sims(&world, file).await.err().unwrap_or_else(|| panic!("{file}"));
            assert!(error.to_string().contains(reason), "{error}");
        }
        let utf16: Vec<u8> = HEADER.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(load_sims(&world, utf16).await.unwrap_err().to_string().contains("UTF-16"));
    })
    .await;
}

#[tokio::test]
async fn a_column_cut_to_fifteen_digits_is_refused_and_one_such_number_is_a_warning() {
    on_both(async |world: World| {
        let cut = |n: u64| format!("8986041{n:08}00000,{}\n", imsi(n));
        let file = format!("iccid,imsi\n{}{}{}{}", cut(1), cut(2), cut(3), format_args!("{},{}\n", iccid(4), imsi(4)));
        let (summary, faults) = load_sims(&world, file).await.unwrap();
        assert_eq!(
            faults.iter().map(|f| (f.line, f.fault.field)).collect::<Vec<_>>(),
            [(2, "iccid"), (3, "iccid"), (4, "iccid")]
        );
        assert_eq!((summary.refused, summary.held_back), (3, 1));
        let file = format!("iccid,imsi\n{}{}", cut(1), format_args!("{},{}\n", iccid(4), imsi(4)));
        let (summary, faults) = load_sims(&world, file).await.unwrap();
        assert_eq!((faults.len(), summary.added, summary.warnings.len()), (0, 2, 1));
    })
    .await;
}

#[tokio::test]
async fn encodings_separators_headers_and_wrappers_are_understood() {
    on_both(async |world: World| {
        let file = "卡号;IMSI号;号码;卡类型;PUK;批次\n898604A0000000000017;460040000000001;1440000000001;实体卡;=\"01234567\";三月\n";
        let (gbk, ..) = encoding_rs::GBK.encode(file);
        let (summary, faults) = load_sims(&world, &gbk).await.unwrap();
        assert_eq!((summary.added, faults), (1, vec![]));
        let out = sims_out(&world, true).await;
        assert!(out.ends_with("898604A0000000000017,460040000000001,1440000000001,physical,,01234567,,,,三月\n"), "{out}");
        let tabs = format!("\u{feff}{}", file.replace(';', "\t"));
        let (summary, _) = load_sims(&world, tabs).await.unwrap();
        assert_eq!((summary.added, summary.already_there), (0, 1), "the same row in another writing");
    })
    .await;
}

#[tokio::test]
async fn the_same_file_twice_changes_nothing_and_other_content_is_refused() {
    on_both(async |world: World| {
        let file = format!("{HEADER}{}{}", rows(1, 20, "spring"), rows(21, 5, ""));
        let mut heard = Heard::default();
        let dry = Options { dry_run: true, ..SMALL };
        let mut reader = Cursor::new(file.clone().into_bytes());
        let summary = sims::import(&importer(&world), (&mut reader, "stock.csv"), dry, &mut heard).await.unwrap();
        assert!(summary.batches.iter().all(|batch| batch.outcome == Outcome::WouldLoad));
        assert_eq!(sims_out(&world, true).await.lines().count(), 1, "a dry run writes nothing");

        let (summary, _) = load_sims(&world, &file).await.unwrap();
        assert_eq!((summary.added, summary.already_there, summary.refused), (25, 0, 0));
        let names: Vec<_> =
            summary.batches.iter().map(|batch| (batch.name.as_str(), batch.rows, batch.outcome)).collect();
        assert_eq!(names, [("spring", 20, Outcome::Complete), ("stock.csv", 5, Outcome::Complete)]);
        let before = all_of(&world).await;
        let (summary, faults) = load_sims(&world, &file).await.unwrap();
        assert_eq!((summary.added, summary.already_there, faults.len()), (0, 25, 0));
        assert_eq!(all_of(&world).await, before);

        let puk = file.replace("10000003", "99999999");
        let (summary, faults) = load_sims(&world, &puk).await.unwrap();
        assert_eq!((faults[0].line, faults[0].fault.field), (4, "puk1"));
        assert!(faults[0].fault.reason.contains("another puk1") && !format!("{faults:?}").contains("99999999"));
        assert_eq!((summary.refused, summary.already_there), (1, 24));
        let other =
            format!("{HEADER}{},{},,,,,,,,x\n{},{},1440000000002,,,,,,,x\n", iccid(90), imsi(1), iccid(91), imsi(91));
        let (_, faults) = load_sims(&world, &other).await.unwrap();
        assert_eq!(faults.iter().map(|f| (f.line, f.fault.field)).collect::<Vec<_>>(), [(2, "imsi"), (3, "msisdn")]);
        let more = format!("{HEADER}{}", rows(50, 1, "spring"));
        let (_, faults) = load_sims(&world, &more).await.unwrap();
        assert_eq!((faults[0].line, faults[0].fault.field), (2, "batch"));
        assert_eq!(all_of(&world).await, before);

        let mut other_key = importer(&world);
        other_key.secrets = Arc::new(Secrets::new(&[8; 32]));
        let mut reader = Cursor::new(file.into_bytes());
        let refused = sims::import(&other_key, (&mut reader, "stock.csv"), SMALL, &mut Heard::default()).await;
        assert!(matches!(refused, Err(ImportError::OtherKey)));
    })
    .await;
}

#[tokio::test]
async fn a_batch_with_a_bad_row_is_not_loaded_and_the_others_are() {
    on_both(async |world: World| {
        let file = format!("{HEADER}{}{}8986,1,,,,,,,,bad\n", rows(1, 20, "good"), rows(30, 20, "bad"));
        let (summary, faults) = load_sims(&world, file).await.unwrap();
        assert_eq!(
            faults.iter().map(|f| (f.line, f.batch.as_deref(), f.fault.field)).collect::<Vec<_>>(),
            [(42, Some("bad"), "iccid"), (42, Some("bad"), "imsi")]
        );
        assert_eq!((summary.added, summary.refused, summary.held_back), (20, 1, 20));
        assert_eq!(sims_out(&world, false).await.lines().count(), 21);
    })
    .await;
}

/// Begins an import and drops it at the first progress of a step.
async fn cut_off(world: &World, kind: &str, file: &str, at: Step) {
    let (send, mut gone) = tokio::sync::mpsc::channel::<()>(1);
    let act = move || {
        let _ = send.try_send(());
    };
    let mut heard = Heard { faults: Vec::new(), at: Some((at, Box::new(act))) };
    let mut reader = Cursor::new(file.as_bytes().to_vec());
    let from = importer(world);
    let run = async {
        match kind {
            "sims" => sims::import(&from, (&mut reader, "stock.csv"), SMALL, &mut heard).await,
            _ => lines::import(&from, (&mut reader, "lines.csv"), SMALL, &mut heard).await,
        }
    };
    tokio::select! {
        biased;
        _ = gone.recv() => {}
        _ = run => panic!("it ended before it was cut off"),
    }
}

async fn new_line(world: &World, msisdn: &str, (iccid_n, imsi_n): (u64, u64)) -> NewLine {
    NewLine {
        id: LineId(world.app.clock.id()),
        customer: world.person().await,
        msisdn: Msisdn::parse(msisdn).unwrap(),
        name: "x".to_owned(),
        device: DeviceKind::Phone,
        family: Family::Phone,
        network: NetworkKind::BuiltIn,
        guest_renewal: true,
        iccid: Iccid::parse(&iccid(iccid_n)).unwrap(),
        imsi: Imsi::parse(&imsi(imsi_n)).unwrap(),
        esim: false,
    }
}

async fn take(world: &World, n: u64, number: &str) -> Result<(), Stop<Problem>> {
    let new = new_line(world, number, (n, n)).await;
    world.add_line(new).await
}

#[tokio::test]
async fn a_load_that_was_cut_off_is_not_there_and_goes_on() {
    on_both(async |world: World| {
        let file = format!("{HEADER}{}", rows(1, 200, "spring"));
        cut_off(&world, "sims", &file, Step::Loading).await;
        // What was under way when the import went commits or not; then all is still.
        while world.sql("UPDATE sim SET eid = NULL WHERE state = 'in_stock'", args![]).await == 0 {}
        assert_eq!(sims_out(&world, false).await.lines().count(), 1, "a batch that is loading is not there");
        let there = Iccid::parse(&iccid(1)).unwrap();
        let held = world
            .look(move |tx| {
                let there = there.clone();
                Box::pin(async move { sim::find(tx, &there).await })
            })
            .await
            .unwrap();
        assert!(!held.free());
        assert_eq!(take(&world, 1, "1440000000001").await, Err(Stop::Refused(Problem::ExistsDifferently("sim"))));
        // Another file with the same Sims in another batch waits for this one.
        let (_, faults) = load_sims(&world, format!("{HEADER}{}", rows(1, 1, "other"))).await.unwrap();
        assert!(faults[0].fault.reason.contains("not complete"), "{faults:?}");

        let (summary, _) = load_sims(&world, &file).await.unwrap();
        assert_eq!((summary.added + summary.already_there, summary.refused), (200, 0));
        assert_eq!(sims_out(&world, false).await.lines().count(), 201);
        take(&world, 1, "1440000000001").await.unwrap();
        let (summary, _) = load_sims(&world, &file).await.unwrap();
        assert_eq!(summary.already_there, 200, "one of them is in use by now");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_was_begun_is_taken_back_when_its_file_turns_bad() {
    on_both(async |world: World| {
        let file = format!("{HEADER}{}", rows(1, 200, "spring"));
        cut_off(&world, "sims", &file, Step::Loading).await;
        while world.sql("UPDATE sim SET eid = NULL WHERE state = 'in_stock'", args![]).await == 0 {}
        // The last rows were not written yet: somebody else takes one of their identities.
        world.add_line(new_line(&world, "13800000001", (999, 200)).await).await.unwrap();
        let (summary, faults) = load_sims(&world, &file).await.unwrap();
        assert_eq!((faults[0].line, faults[0].fault.field), (201, "imsi"));
        assert_eq!(summary.batches[0].outcome, Outcome::Refused);
        assert_eq!(world.sql("UPDATE sim SET eid = NULL", args![]).await, 1, "only the other Sim is left");
        assert_eq!(world.sql("UPDATE import_batch SET loaded = 0", args![]).await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_conflict_that_appears_while_loading_undoes_its_batch_alone() {
    on_both(async |world: World| {
        let file = format!("{HEADER}{}{}", rows(1, 100, "spring"), rows(301, 50, "summer"));
        let there = world.clone();
        let act = move || {
            let there = there.clone();
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async move {
                    there.add_line(new_line(&there, "13800000001", (999, 99)).await).await.unwrap();
                });
            });
        };
        let mut heard = Heard { faults: Vec::new(), at: Some((Step::Loading, Box::new(act))) };
        let mut reader = Cursor::new(file.into_bytes());
        let summary = sims::import(&importer(&world), (&mut reader, "stock.csv"), SMALL, &mut heard).await.unwrap();
        assert_eq!(heard.faults.iter().map(|f| (f.line, f.fault.field)).collect::<Vec<_>>(), [(100, "imsi")]);
        let outcomes: Vec<_> = summary.batches.iter().map(|batch| batch.outcome).collect();
        assert_eq!(outcomes, [Outcome::Refused, Outcome::Complete]);
        assert_eq!(sims_out(&world, false).await.lines().count(), 1 + 50 + 1);
        assert_eq!(world.sql("UPDATE sim SET eid = NULL", args![]).await, 51);
    })
    .await;
}

#[tokio::test]
async fn secrets_are_sealed_and_found_by_their_keyed_hashes() {
    let canaries = ["90817263", "CANARYREG77", "81726354", "LPA:1$rsp.canary.example$CANARY-MATCHING"];
    let file = everline_store::testing::SqliteFile::new();
    let store = file.open(crate::world::quick()).await;
    let world = World::over(store, 1).await;
    let row =
        format!("{HEADER}{},{},,esim,4321,{},5432,{},{},\n", iccid(1), imsi(1), canaries[0], canaries[2], canaries[1]);
    load_sims(&world, row).await.unwrap();
    load_codes(&world, &format!("iccid,activation_code\n{},{}\n", iccid(1), canaries[3])).await.unwrap();
    let of = Iccid::parse(&iccid(1)).unwrap();
    let (by_code, puk) = (
        sims::registration_hash(&world.app.secrets, "canaryreg77"),
        sims::puk_hash(&world.app.secrets, &of, canaries[0]),
    );
    let (found, kept) = world
        .look(move |tx| {
            let of = of.clone();
            Box::pin(async move { Ok((sim::by_registration(tx, by_code).await?, sim::puk_hash(tx, &of).await?)) })
        })
        .await;
    assert_eq!((found, kept), (vec![Iccid::parse(&iccid(1)).unwrap()], Some(puk)));
    let out = [sims_out(&world, true).await, codes_out(&world).await].concat();
    canaries.iter().for_each(|canary| assert!(out.contains(canary), "{canary}"));
    assert!(!sims_out(&world, false).await.contains(canaries[0]));
    // A sealed value moved to another row or column does not open.
    world.sql("UPDATE sim SET puk1 = puk2", args![]).await;
    let moved = export::sims(&importer(&world), &mut Vec::new(), true).await;
    assert!(matches!(moved, Err(ImportError::Key(_))));
    world.app.store.close().await;
    let mut seen = 0;
    for entry in std::fs::read_dir(file.dir()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        seen += bytes.len();
        for canary in canaries {
            assert!(!bytes.windows(canary.len()).any(|part| part == canary.as_bytes()), "{canary} stands in the clear");
        }
    }
    assert!(seen > 10_000);
}

#[tokio::test]
async fn activation_codes_are_loaded_once_each() {
    on_both(async |world: World| {
        let code = |n: u64| format!("{},LPA:1$rsp.example.com$M-{n},no,\n", iccid(n));
        let file = format!(
            "iccid,激活码,确认码,batch\n{}{}",
            (1..30).map(code).collect::<String>(),
            format_args!("{},LPA:1$rsp.example.com$M-30,是,b\n", iccid(30))
        );
        let (summary, faults) = load_codes(&world, &file).await.unwrap();
        assert_eq!((summary.added, faults), (30, vec![]));
        let out = codes_out(&world).await;
        assert!(out.ends_with(&format!("{},LPA:1$rsp.example.com$M-30$$1,b\n", iccid(30))), "{out}");
        assert_eq!(load_codes(&world, &file).await.unwrap().0.already_there, 30);
        for (row, field, reason) in [
            (format!("{},LPA:1$rsp.example.com$M-1\n", iccid(40)), "activation_code", "is that of the profile"),
            (format!("{},LPA:1$rsp.example.com$M-40\n", iccid(1)), "activation_code", "with another code"),
            (format!("{},LPA:1$rsp$M-40\n", iccid(40)), "activation_code", "no host"),
            (format!("{},\n", iccid(40)), "activation_code", "empty"),
        ] {
            let (_, faults) = load_codes(&world, &format!("iccid,activation_code\n{row}")).await.unwrap();
            assert_eq!((faults[0].line, faults[0].fault.field), (2, field));
            assert!(faults[0].fault.reason.contains(reason) && !format!("{faults:?}").contains("M-40"), "{faults:?}");
        }
        assert_eq!(codes_out(&world).await, out);
        let other = empty_like(&world).await;
        load_codes(&other, &out).await.unwrap();
        assert_eq!(codes_out(&other).await, out);
    })
    .await;
}

/// An empty SQLite store with the same keys, clock and catalogue.
async fn empty_like(world: &World) -> World {
    let file = Box::leak(Box::new(everline_store::testing::SqliteFile::new()));
    let other = World::over(file.open(crate::world::quick()).await, 2).await;
    let ahead = world.app.clock.now().business.us() - other.app.clock.now().system.us();
    other.app.clock.set_business_offset_us(ahead);
    other
}

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
        cut_off(&world, "lines", &file, Step::Loading).await;
        while world.sql("UPDATE sim SET eid = NULL WHERE line_batch IS NOT NULL", args![]).await == 0 {}
        assert_eq!(
            take(&world, 1, "1441000000001").await,
            Err(Stop::Refused(Problem::ExistsDifferently("sim"))),
            "held"
        );
        assert_eq!(lines_out(&world).await.lines().count(), 1);
        cut_off(&world, "lines", &file, Step::Applying).await;
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

#[tokio::test]
async fn a_hundred_thousand_rows_from_a_file() {
    let folder = everline_store::testing::SqliteFile::new();
    let world = World::over(folder.open(crate::world::quick()).await, 1).await;
    let path = folder.dir().join("stock.csv");
    std::fs::write(&path, format!("{HEADER}{}", rows(1, 100_000, "big"))).unwrap();
    for (added, there) in [(100_000, 0), (0, 100_000)] {
        let mut file = std::fs::File::open(&path).unwrap();
        let mut heard = Heard::default();
        let summary =
            sims::import(&importer(&world), (&mut file, "stock.csv"), Options::default(), &mut heard).await.unwrap();
        assert_eq!(
            (summary.rows, summary.added, summary.already_there, heard.faults.len()),
            (100_000, added, there, 0)
        );
    }
    let counted = world.look(|tx| Box::pin(async move { stock::batch(tx, stock::BatchKind::Sims, "big").await })).await;
    assert_eq!(counted, Some((stock::BatchState::Complete, 100_000)));
    world.app.store.close().await;
}
