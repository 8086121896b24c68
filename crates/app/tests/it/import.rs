//! Imports and exports: every refusal with its line, all or nothing, twice, cut off, round trips, secrets.

use crate::world::loading::{
    HEADER, Heard, SMALL, all_of, codes_out, cut_off, empty_like, iccid, importer, imsi, load_codes, load_sims,
    new_line, rows, sims_out, take,
};
use crate::world::{World, on_both};
use everline_app::import::{Contents, ImportError, Options, Outcome, Step, load, sims};
use everline_app::secrets::Secrets;
use everline_app::{Problem, export};
use everline_core::identifiers::Iccid;
use everline_store::tables::{sim, stock};
use everline_store::{Stop, args};
use std::io::Cursor;
use std::sync::Arc;

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
        let summary =
            load(&importer(&world), Contents::Sims, (&mut reader, "stock.csv"), dry, &mut heard).await.unwrap();
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
        let refused = load(&other_key, Contents::Sims, (&mut reader, "stock.csv"), SMALL, &mut Heard::default()).await;
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

#[tokio::test]
async fn a_load_that_was_cut_off_is_not_there_and_goes_on() {
    on_both(async |world: World| {
        let file = format!("{HEADER}{}", rows(1, 200, "spring"));
        cut_off(&world, Contents::Sims, &file, Step::Loading).await;
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
        cut_off(&world, Contents::Sims, &file, Step::Loading).await;
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
        let summary =
            load(&importer(&world), Contents::Sims, (&mut reader, "stock.csv"), SMALL, &mut heard).await.unwrap();
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
    let file = everline_testing::SqliteFile::new();
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

#[tokio::test]
async fn a_hundred_thousand_rows_from_a_file() {
    let folder = everline_testing::SqliteFile::new();
    let world = World::over(folder.open(crate::world::quick()).await, 1).await;
    let path = folder.dir().join("stock.csv");
    std::fs::write(&path, format!("{HEADER}{}", rows(1, 100_000, "big"))).unwrap();
    for (added, there) in [(100_000, 0), (0, 100_000)] {
        let mut file = std::fs::File::open(&path).unwrap();
        let mut heard = Heard::default();
        let summary = load(&importer(&world), Contents::Sims, (&mut file, "stock.csv"), Options::default(), &mut heard)
            .await
            .unwrap();
        assert_eq!(
            (summary.rows, summary.added, summary.already_there, heard.faults.len()),
            (100_000, added, there, 0)
        );
    }
    let counted = world.look(|tx| Box::pin(async move { stock::batch(tx, stock::BatchKind::Sims, "big").await })).await;
    assert_eq!(counted, Some((stock::BatchState::Complete, 100_000)));
    world.app.store.close().await;
}
