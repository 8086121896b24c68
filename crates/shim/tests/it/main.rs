//! A small program under the preload library, killed, and its folder taken back: what was synced is there, what was not may
//! be gone, and is, when the dice say so.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use everline_shim::faults;
use everline_shim::rewind::{Rewound, rewind};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// What the program does, one step a line; it aborts at the end.
#[test]
#[ignore = "run by the other tests, under the preload library"]
fn program() {
    let folder = PathBuf::from(std::env::var(faults::FOLDER).unwrap());
    let all_synced = &std::sync::Barrier::new(4);
    let open = |name: &str| OpenOptions::new().read(true).write(true).open(folder.join(name)).unwrap();
    let steps = std::env::var("STEPS").unwrap();
    for step in steps.lines() {
        let words: Vec<&str> = step.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        let done = match words[0] {
            "make" => File::create_new(folder.join(words[1])).map(drop),
            "empty" => File::create(folder.join(words[1])).map(drop),
            "put" => {
                let bytes = words[3].repeat(usize::try_from(number(4)).unwrap());
                open(words[1]).write_all_at(bytes.as_bytes(), number(2))
            }
            "append" => {
                let file = OpenOptions::new().append(true).open(folder.join(words[1]));
                file.and_then(|mut file| file.write_all(words[2].as_bytes()))
            }
            "size" => open(words[1]).set_len(number(2)),
            "sync" => open(words[1]).sync_data(),
            "folder" => File::open(&folder).and_then(|folder| folder.sync_all()),
            "remove" => std::fs::remove_file(folder.join(words[1])),
            "rename" => std::fs::rename(folder.join(words[1]), folder.join(words[2])),
            "clock" => {
                #[expect(clippy::disallowed_methods, reason = "the clock is what is tested")]
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
                println!("\nclock {}", now.as_secs());
                Ok(())
            }
            // Four threads, each with its own file and its own part of a common one, each part synced at the end.
            "threads" => std::thread::scope(|scope| {
                for thread in 0..4u64 {
                    let open = &open;
                    scope.spawn(move || {
                        let file = open("common");
                        for round in 0..200u64 {
                            let byte = [b'a' + u8::try_from(round % 26).unwrap(); 512];
                            file.write_all_at(&byte, (thread * 200 + round) * 512).unwrap();
                        }
                        file.sync_all().unwrap();
                        // An fsync of one is an fsync for all.
                        all_synced.wait();
                        file.write_all_at(&[b'?'; 512], thread * 200 * 512).unwrap();
                    });
                }
                Ok(())
            }),
            other => panic!("{other}"),
        };
        println!("{}", done.map_or_else(|error| format!("{step}: {:?}", error.raw_os_error()), |()| "ok".to_owned()));
    }
    std::process::abort();
}

/// A folder, and what the program did to it.
struct Stage {
    dir: TempDir,
}

impl Stage {
    fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("everline-shim-").tempdir().unwrap();
        std::fs::create_dir(dir.path().join("folder")).unwrap();
        std::fs::create_dir(dir.path().join("kept")).unwrap();
        Self { dir }
    }

    fn folder(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join("folder")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    fn run(&self, steps: &str, more: &[(&str, &str)]) -> Output {
        let here = std::env::current_exe().unwrap();
        let library = here.parent().unwrap().parent().unwrap().join("examples/libpreload.so");
        assert!(library.exists(), "{} is not built: cargo build --example preload", library.display());
        let _ = std::fs::remove_file(self.dir.path().join("journal"));
        let mut command = Command::new(here);
        command.args(["--exact", "program", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("LD_PRELOAD", library).env("STEPS", steps).env(faults::FOLDER, self.folder());
        command.env(faults::JOURNAL, self.dir.path().join("journal")).env(faults::KEPT, self.dir.path().join("kept"));
        command.envs(more.iter().copied()).output().unwrap()
    }

    /// Runs the program with every step succeeding.
    fn go(&self, steps: &str) {
        let output = self.run(steps, &[]);
        let said = String::from_utf8_lossy(&output.stdout);
        let ok = said.lines().filter(|line| line.ends_with("ok")).count();
        assert_eq!(ok, steps.lines().count(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The worst disk: nothing that was not synced got there.
    fn lose(&self) -> Rewound {
        rewind(&self.dir.path().join("journal"), &mut |_| 0).unwrap()
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read(self.path(name)).ok().map(|bytes| String::from_utf8(bytes).unwrap())
    }
}

/// A generator (SplitMix64) for the scattered fates.
fn dice(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |end| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

#[test]
fn synced_bytes_stay_and_later_ones_go() {
    let stage = Stage::new();
    stage.go("make f\nput f 0 a 2000\nsync f\nfolder\nput f 100 b 50\nput f 1990 c 500\nappend f dd");
    assert_eq!(std::fs::metadata(stage.path("f")).unwrap().len(), 2492);
    let rewound = stage.lose();
    assert_eq!(stage.read("f"), Some("a".repeat(2000)));
    assert_eq!((rewound.calls, rewound.sectors, rewound.sectors_lost, rewound.names_lost), (6, 3, 3, 0));
}

#[test]
fn a_size_and_what_a_shorter_file_held_come_back() {
    let stage = Stage::new();
    stage.go("make f\nput f 0 a 2000\nsync f\nfolder\nsize f 700\nput f 1200 b 10\nsize f 5000\nempty f\nput f 0 c 3");
    assert_eq!(stage.read("f"), Some("ccc".to_owned()));
    stage.lose();
    assert_eq!(stage.read("f"), Some("a".repeat(2000)));
}

#[test]
fn a_name_is_durable_with_its_folder_only() {
    let stage = Stage::new();
    stage.go("make f\nput f 0 a 10\nsync f\nmake g\nfolder\nmake h\nput h 0 h 10\nsync h\nremove f\nrename g i");
    assert_eq!((stage.read("f"), stage.read("g")), (None, None));
    stage.lose();
    assert_eq!(stage.read("f"), Some("a".repeat(10)), "its removal was not durable");
    assert_eq!((stage.read("g"), stage.read("h"), stage.read("i")), (Some(String::new()), None, None));
}

#[test]
fn a_name_that_another_file_took_comes_back() {
    let stage = Stage::new();
    stage.go("make f\nput f 0 a 10\nsync f\nmake g\nput g 0 b 10\nsync g\nfolder\nrename g f");
    assert_eq!((stage.read("f"), stage.read("g")), (Some("b".repeat(10)), None));
    stage.lose();
    assert_eq!((stage.read("f"), stage.read("g")), (Some("a".repeat(10)), Some("b".repeat(10))));
    stage.go("rename g f\nfolder");
    stage.lose();
    assert_eq!((stage.read("f"), stage.read("g")), (Some("b".repeat(10)), None));
}

/// Whatever the dice say, each sector is one of its versions since the last sync, and the dice do say different things.
#[test]
fn torn_and_reordered_but_never_invented() {
    let mut disks = std::collections::BTreeSet::new();
    for seed in 0..60 {
        let stage = Stage::new();
        stage.go("make f\nput f 0 a 4096\nsync f\nfolder\nput f 0 b 4096\nput f 512 c 1024\nput f 4096 d 1024");
        rewind(&stage.dir.path().join("journal"), &mut dice(seed)).unwrap();
        let bytes = std::fs::read(stage.path("f")).unwrap();
        assert!([4096, 5120].contains(&bytes.len()), "{}", bytes.len());
        for (at, sector) in bytes.chunks(512).enumerate() {
            let versions: &[u8] = match at {
                1 | 2 => b"abc",
                0..8 => b"ab",
                _ => b"d\0",
            };
            assert!(versions.contains(&sector[0]) && sector.iter().all(|byte| *byte == sector[0]), "{seed} {at}");
        }
        disks.insert(bytes.iter().step_by(512).copied().collect::<Vec<u8>>());
    }
    assert!(disks.len() > 20, "{}", disks.len());
}

#[test]
fn a_failed_fsync_drops_what_it_was_for_and_a_later_one_saves_nothing() {
    let stage = Stage::new();
    stage.go("make f\nput f 0 a 1024\nsync f\nfolder");
    let steps = "put f 0 b 512\nsync f\nput f 512 c 512\nsync f";
    let output = stage.run(steps, &[(faults::FAULT, "eio once syncs 1")]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("sync f: Some(5)"), "{said}");
    let rewound = stage.lose();
    assert_eq!(stage.read("f"), Some("a".repeat(512) + &"c".repeat(512)));
    assert_eq!((rewound.calls, rewound.failed), (4, (0, 1)));
}

/// The wall clock moves; durations do not.
#[test]
fn the_wall_clock_is_where_it_is_told_to_be() {
    let stage = Stage::new();
    let ahead_s = |more: &[(&str, &str)]| {
        let said = String::from_utf8_lossy(&stage.run("clock", more).stdout).into_owned();
        said.lines().find_map(|line| line.strip_prefix("clock ")?.parse::<i64>().ok()).unwrap()
    };
    let here = ahead_s(&[]);
    let file = stage.dir.path().join("clock");
    std::fs::write(&file, "-315360000").unwrap();
    let (later, earlier) =
        (ahead_s(&[(faults::CLOCK, "864000")]), ahead_s(&[(faults::CLOCK_FILE, file.to_str().unwrap())]));
    let about = |clock: i64, by: i64| (0..600).contains(&(clock - here - by));
    assert!(about(later, 864_000) && about(earlier, -315_360_000), "{here} {later} {earlier}");
}

#[test]
fn the_nth_call_fails_or_kills() {
    let stage = Stage::new();
    let steps = "make f\nput f 0 a 10\nput f 10 b 10\nput f 20 c 10";
    let said = |fault| String::from_utf8_lossy(&stage.run(steps, &[(faults::FAULT, fault)]).stdout).into_owned();
    assert_eq!(said("enospc once writes 2").matches("Some(28)").count(), 1);
    std::fs::remove_file(stage.path("f")).unwrap();
    assert_eq!(said("eio on all 2").matches("Some(5)").count(), 2);
    std::fs::remove_file(stage.path("f")).unwrap();
    assert_eq!(said("kill once all 3").matches("ok").count(), 3);
    assert_eq!(stage.read("f"), Some("a".repeat(10) + &"b".repeat(10)));
}

#[test]
fn a_full_disk_takes_what_needs_no_room() {
    let stage = Stage::new();
    stage.go("make f\nput f 0 a 10\nsync f\nfolder");
    let full = stage.dir.path().join("full");
    File::create(&full).unwrap();
    let output = stage.run("put f 0 b 10\nput f 5 c 10", &[(faults::FULL, full.to_str().unwrap())]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("put f 5 c 10: Some(28)"));
    assert_eq!(stage.read("f"), Some("b".repeat(10)));
}

#[test]
fn threads_lose_what_they_wrote_after_their_sync() {
    let stage = Stage::new();
    stage.go("make common\nput common 0 - 409600\nsync common\nfolder\nthreads");
    stage.lose();
    let expected: Vec<u8> = (0..4).flat_map(|_| (0..200u8).map(|round| b'a' + round % 26)).collect();
    let found: Vec<u8> = std::fs::read(stage.path("common")).unwrap().iter().step_by(512).copied().collect();
    assert!(found == expected, "{}", String::from_utf8_lossy(&found));
}

/// What lies outside is not looked at, and the program runs as ever.
#[test]
fn other_folders_are_left_alone() {
    let stage = Stage::new();
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("file");
    let output = stage.run(&format!("make {0}\nput {0} 0 a 10", file.display()), &[(faults::FAULT, "eio on all 1")]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).matches("ok\n").count(), 2);
    assert_eq!(stage.lose(), Rewound::default());
    assert_eq!(std::fs::read(file).unwrap(), b"a".repeat(10));
}
