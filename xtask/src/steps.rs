//! The steps of CI, in order. Each says what it needs, what it runs, and what it counts.

use crate::install::{Need, install};
use crate::tally::Tally;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

/// One step.
pub(crate) struct Step {
    name: &'static str,
    needs: &'static [Need],
    run: &'static [Invocation],
}

/// One command of a step.
struct Invocation {
    program: &'static str,
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    expect: Expect,
}

/// How a command must end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// With success; counts as one.
    Success,
    /// With success; its tests are counted from what it prints.
    Tests,
    /// With failure: a harness that must notice what is planted; counts as one.
    Failure,
    /// With success, before others can run; counts nothing then.
    Ready,
}

const fn invoke(program: &'static str, args: &'static [&'static str], expect: Expect) -> Invocation {
    Invocation { program, args, env: &[], expect }
}

/// The programs of all steps, as the tests need them anyway. Each package alone would build the same crates again, because
/// cargo gives a crate the features that the packages at hand ask for; and a release build takes longer than all steps that
/// run it save.
const PROGRAMS: Invocation =
    invoke("cargo", &["build", "--quiet", "--workspace", "--all-targets", "--locked"], Expect::Ready);

/// Programs of [`PROGRAMS`], in the target folder.
const EVERLINE: &str = "debug/everline";
const SIM: &str = "debug/everline-sim";

pub(crate) const LINT: &[Step] = &[
    Step {
        name: "format",
        needs: &[],
        run: &[
            invoke("cargo", &["fmt", "--all", "--check"], Expect::Success),
            // The fuzz targets are a workspace of their own.
            invoke("cargo", &["fmt", "--manifest-path", "wire/pay/fuzz/Cargo.toml", "--check"], Expect::Success),
        ],
    },
    Step {
        name: "clippy",
        needs: &[],
        run: &[invoke(
            "cargo",
            &["clippy", "--quiet", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
            Expect::Success,
        )],
    },
];
pub(crate) const UNIT: &[Step] = &[Step {
    name: "tests",
    needs: &[Need::Postgres, Need::Poppler],
    run: &[Invocation {
        program: "cargo",
        args: &["test", "--quiet", "--workspace", "--locked", "--no-fail-fast"],
        env: &[("EVERLINE_REQUIRE_POSTGRES", "1"), SAME_SEQUENCES],
        expect: Expect::Tests,
    }],
}];
/// The random sequences are the same each time, so that a failure of one run is a failure of the next. To look for new ones,
/// run the model's tests without it.
const SAME_SEQUENCES: (&str, &str) = ("PROPTEST_RNG_SEED", "1");
pub(crate) const MODEL: &[Step] = &[Step {
    name: "model",
    needs: &[],
    run: &[Invocation {
        program: "cargo",
        // As it was built for all tests: a release build of it takes longer than it saves.
        args: &["test", "--quiet", "--workspace", "--locked", "--test", "it", "--", "model"],
        env: &[("PROPTEST_CASES", "10000"), SAME_SEQUENCES, ("RUST_BACKTRACE", "0")],
        expect: Expect::Tests,
    }],
}];
pub(crate) const CHECK_SDKS: &[Step] = &[Step {
    name: "providers' SDKs",
    needs: &[Need::Node, Need::Python],
    run: &[
        invoke("bash", &["xtask/scripts/alipay_vectors.sh"], Expect::Success),
        invoke("bash", &["xtask/scripts/wechat_vectors.sh"], Expect::Success),
        invoke("bash", &["xtask/scripts/stripe_vectors.sh"], Expect::Success),
        invoke("bash", &["xtask/scripts/sdk_clients.sh"], Expect::Success),
        invoke("bash", &["xtask/scripts/message_vectors.sh"], Expect::Success),
    ],
}];
/// From the same seed each time, like the random sequences of the model.
pub(crate) const FUZZ: &[Step] = &[Step {
    name: "fuzz",
    needs: &[Need::Cxx],
    run: &[invoke("cargo", &["xtask", "fuzz", "--seconds", "10", "--seed", "1"], Expect::Tests)],
}];
pub(crate) const CARD_CLIENT: &[Step] = &[Step {
    name: "the card client against a stand-in that we did not write",
    needs: &[Need::Python],
    run: &[invoke("bash", &["xtask/scripts/card_client.sh"], Expect::Success)],
}];
pub(crate) const MESSAGES: &[Step] = &[Step {
    name: "messages to a message centre, a mail server and a browser that we did not write",
    needs: &[Need::Node, Need::Python],
    run: &[invoke("bash", &["xtask/scripts/messages.sh"], Expect::Success)],
}];
pub(crate) const WALKTHROUGH: &[Step] = &[Step {
    name: "walkthrough",
    needs: &[],
    run: &[PROGRAMS, invoke(EVERLINE, &["demo", "--walkthrough"], Expect::Success)],
}];
pub(crate) const PROXY: &[Step] = &[Step {
    name: "nginx and systemd",
    needs: &[Need::Service],
    run: &[PROGRAMS, invoke("bash", &["xtask/scripts/proxy.sh"], Expect::Success)],
}];
pub(crate) const BROWSER: &[Step] = &[Step {
    name: "browser",
    needs: &[Need::Node, Need::Chromium],
    run: &[PROGRAMS, invoke("bash", &["xtask/scripts/browser.sh"], Expect::Success)],
}];
/// Every language in light and dark, with pictures of every page in a folder: for people who look at them; then what takes too
/// long to be a part of CI: journeys of accounts, lines and cards, every action of the desk, and attacks on every form.
pub(crate) const BROWSER_WHOLE: &[Step] = &[Step {
    name: "browser, the whole of it",
    needs: &[Need::Node, Need::Chromium],
    run: &[
        PROGRAMS,
        Invocation {
            program: "bash",
            args: &["xtask/scripts/browser.sh"],
            env: &[("ONLY", "all")],
            expect: Expect::Success,
        },
        invoke("bash", &["xtask/scripts/browser.sh", "more"], Expect::Success),
    ],
}];
/// Not among those that CI runs: what a page's speed is worth depends on who else uses the machine.
pub(crate) const LIGHTHOUSE: &[Step] = &[Step {
    name: "lighthouse",
    needs: &[Need::Node, Need::Chromium],
    run: &[PROGRAMS, invoke("bash", &["xtask/scripts/browser.sh", "lighthouse"], Expect::Success)],
}];
pub(crate) const CRASH: &[Step] = &[Step {
    name: "crash",
    needs: &[Need::Postgres],
    run: &[
        PROGRAMS,
        invoke(SIM, &["crash", "--store", "sqlite", "--rounds", "100"], Expect::Success),
        invoke(SIM, &["crash", "--store", "postgres", "--rounds", "100"], Expect::Success),
        invoke(SIM, &["crash", "--store", "sqlite", "--rounds", "100", "--acknowledge-early"], Expect::Failure),
        invoke(SIM, &["crash", "--store", "postgres", "--rounds", "100", "--acknowledge-early"], Expect::Failure),
    ],
}];

pub(crate) const POWER_CUT: &[Step] = &[Step {
    name: "power cuts",
    needs: &[],
    run: &[
        PROGRAMS,
        invoke(SIM, &["power-cut", "--rounds", "100"], Expect::Success),
        invoke(SIM, &["power-cut", "--rounds", "100", "--synchronous", "off"], Expect::Failure),
    ],
}];
pub(crate) const FAULTS: &[Step] = &[Step {
    name: "failing writes, fsyncs and full disks",
    needs: &[],
    run: &[
        PROGRAMS,
        invoke(SIM, &["faults", "--stride", "199", "--sync-stride", "7"], Expect::Success),
        // The first fsyncs of a young store, each.
        invoke(SIM, &["faults", "--renewals", "10", "--stride", "29"], Expect::Success),
    ],
}];
pub(crate) const COMMIT_CUT: &[Step] = &[Step {
    name: "cuts around a commit",
    needs: &[Need::Postgres],
    run: &[
        PROGRAMS,
        invoke(SIM, &["commit-cut", "--rounds", "100"], Expect::Success),
        invoke(SIM, &["crash", "--store", "postgres", "--kill", "server", "--rounds", "10"], Expect::Success),
    ],
}];
pub(crate) const MIGRATE_KILL: &[Step] = &[Step {
    name: "upgrades killed in the middle",
    needs: &[Need::Postgres],
    run: &[
        PROGRAMS,
        invoke(SIM, &["migrate-kill", "--store", "sqlite", "--rounds", "20", "--lines", "500"], Expect::Success),
        invoke(SIM, &["migrate-kill", "--store", "postgres", "--rounds", "10", "--lines", "500"], Expect::Success),
    ],
}];
pub(crate) const CLOCK: &[Step] = &[Step {
    name: "clocks that jump",
    needs: &[Need::Faketime],
    run: &[
        PROGRAMS,
        invoke(SIM, &["clock"], Expect::Success),
        invoke(SIM, &["clock", "--library", "faketime"], Expect::Success),
    ],
}];

/// Everything, quick and likely failures first.
pub(crate) const ALL: &[&[Step]] = &[
    LINT,
    UNIT,
    MODEL,
    CHECK_SDKS,
    FUZZ,
    CARD_CLIENT,
    MESSAGES,
    WALKTHROUGH,
    PROXY,
    BROWSER,
    CRASH,
    POWER_CUT,
    FAULTS,
    COMMIT_CUT,
    MIGRATE_KILL,
    CLOCK,
];

/// Runs steps to the end, whatever fails; what was counted. How long each took is printed, and nothing hangs on it.
#[expect(clippy::disallowed_methods, reason = "a report for people")]
pub(crate) fn run(steps: &[&[Step]]) -> Tally {
    let mut tally = Tally::default();
    let mut took = Vec::new();
    for step in steps.iter().flat_map(|group| group.iter()) {
        println!("== {}", step.name);
        let began = Instant::now();
        if install(step.needs) {
            step.run.iter().for_each(|invocation| tally.add(run_one(step.name, invocation)));
        } else {
            println!("{}: what it needs cannot be installed", step.name);
            tally.failed += 1;
        }
        took.push(format!("{} {} s", step.name, began.elapsed().as_secs()));
    }
    println!("== {}", took.join(", "));
    tally
}

fn run_one(step: &str, run: &Invocation) -> Tally {
    let program = match run.program {
        built if built.starts_with("debug/") => target().join(built),
        installed => installed.into(),
    };
    let mut command = Command::new(program);
    command.args(run.args).envs(run.env.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut tally = Tally::default();
    let status = command.spawn().and_then(|mut child| {
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line?;
                println!("{line}");
                tally.add(Tally::of_line(&line));
            }
        }
        child.wait()
    });
    let success = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    let as_expected = match run.expect {
        Expect::Success | Expect::Tests | Expect::Ready => success,
        // An exit code of 1 is the harness saying what it found; anything else is the harness itself failing.
        Expect::Failure => status.as_ref().is_ok_and(|status| status.code() == Some(1)),
    };
    if !as_expected {
        println!("{step}: `{} {}` ended with {status:?}", run.program, run.args.join(" "));
    }
    match run.expect {
        Expect::Tests if as_expected => tally,
        // A runner that failed without counting a failed test (it did not build, it was killed) is a failure too.
        Expect::Tests => Tally { failed: tally.failed.max(1), ..tally },
        Expect::Ready if as_expected => Tally::default(),
        Expect::Success | Expect::Failure | Expect::Ready => {
            Tally { passed: u64::from(as_expected), failed: u64::from(!as_expected), skipped: tally.skipped }
        }
    }
}

/// Where cargo builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()).into()
}

/// What measures and runs long is built for it.
const RELEASES: [&[&str]; 2] = [
    &["build", "--release", "--quiet", "--locked", "-p", "everline", "-p", "everline-sim"],
    &["build", "--release", "--quiet", "--locked", "-p", "everline-shim", "--example", "preload"],
];

/// `cargo xtask bench WHAT [ARGS]`, and the long runs of the harnesses.
pub(crate) fn sim(command: &str, args: &[String]) -> ExitCode {
    if !install(&[Need::Postgres]) {
        eprintln!("PostgreSQL cannot be installed");
        return ExitCode::FAILURE;
    }
    let cargo = |args: &[&str]| Command::new("cargo").args(args).status().is_ok_and(|status| status.success());
    let [programs, preload] = RELEASES;
    let ready = cargo(programs) && (command == "bench" || cargo(preload));
    let run = || Command::new(target().join("release/everline-sim")).arg(command).args(args).status();
    let success = ready && run().is_ok_and(|status| status.success());
    if success { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
