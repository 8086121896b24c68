//! Building the fuzz targets with LLVM's coverage, and running each for a while.

use crate::install::{Need, install};
use crate::steps::target;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Mutex;

const FOLDER: &str = "wire/pay/fuzz";
/// How many run at once.
const SIDE_BY_SIDE: usize = 2;
const MEMORY_LIMIT_MIB: u32 = 64;
const INPUT_TIMEOUT_S: u32 = 10;
/// What `cargo fuzz` switches on too, without a sanitizer: the crates that are fuzzed hold no unsafe code.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
                     -Cllvm-args=-sanitizer-coverage-trace-compares";

/// What the command was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Options {
    seconds: u32,
    /// Of the random changes; 0 is another one each time.
    seed: u32,
    target: Option<String>,
}

impl Options {
    fn parse(args: &[String]) -> Option<Self> {
        let mut options = Self { seconds: 60, seed: 0, target: None };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--seconds" => options.seconds = args.next()?.parse().ok().filter(|seconds| *seconds > 0)?,
                "--seed" => options.seed = args.next()?.parse().ok()?,
                name if !name.starts_with('-') && options.target.is_none() => options.target = Some(name.to_owned()),
                _ => return None,
            }
        }
        Some(options)
    }
}

/// `cargo xtask fuzz [--seconds N] [--seed N] [TARGET]`. Its last line counts the targets as a test runner does.
pub(crate) fn run(args: &[String]) -> ExitCode {
    let Some(options) = Options::parse(args) else {
        eprintln!("cargo xtask fuzz [--seconds N] [--seed N] [TARGET]");
        return ExitCode::from(2);
    };
    let targets: Vec<String> =
        targets().into_iter().filter(|name| options.target.as_ref().is_none_or(|wanted| wanted == name)).collect();
    if targets.is_empty() {
        eprintln!("no such target in {FOLDER}/src/bin");
        return ExitCode::from(2);
    }
    if !install(&[Need::Cxx]) {
        eprintln!("a C++ compiler cannot be installed");
        return ExitCode::FAILURE;
    }
    let work = target().join("fuzz");
    let Some(binaries) = build(&work) else {
        eprintln!("the targets do not build");
        return ExitCode::FAILURE;
    };
    let waiting = Mutex::new(targets.iter());
    let failed = Mutex::new(0);
    let next = || waiting.lock().ok()?.next();
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(target) = next() {
                    let (report, passed) = fuzz(&binaries, &work, target, &options);
                    println!("fuzz {target}: {report}");
                    if let (false, Ok(mut failed)) = (passed, failed.lock()) {
                        *failed += 1;
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or(targets.len());
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("test result: {word}. {} passed; {failed} failed; 0 ignored", targets.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The names of the files in `src/bin`.
fn targets() -> Vec<String> {
    let files = std::fs::read_dir(Path::new(FOLDER).join("src/bin")).into_iter().flatten();
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".rs")?.to_owned())).collect();
    names.sort();
    names
}

/// Builds all targets; the folder they are in.
fn build(work: &Path) -> Option<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output().ok()?.stdout;
    let version = String::from_utf8(version).ok()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "))?;
    // With a target named, the flags reach neither build scripts nor macros, which have no fuzzer to report to.
    let status = Command::new("cargo")
        .args(["build", "--release", "--quiet", "--locked", "--bins", "--target", host])
        .args(["--manifest-path", &format!("{FOLDER}/Cargo.toml")])
        .arg("--target-dir")
        .arg(work)
        .env("RUSTFLAGS", FLAGS)
        .status();
    status.ok()?.success().then(|| work.join(host).join("release"))
}

/// Runs one target; what to say of it, and whether nothing was found.
fn fuzz(binaries: &Path, work: &Path, target: &str, options: &Options) -> (String, bool) {
    let (corpus, crashes) = (work.join("corpus").join(target), work.join("crashes"));
    for folder in [&corpus, &crashes] {
        if let Err(error) = std::fs::create_dir_all(folder) {
            return (format!("{}: {error}", folder.display()), false);
        }
    }
    let seeds = Path::new(FOLDER).join("seeds").join(target);
    let output = Command::new(binaries.join(target))
        .arg(&corpus)
        .args(seeds.exists().then_some(seeds))
        .arg(format!("-max_total_time={}", options.seconds))
        .arg(format!("-seed={}", options.seed))
        .arg(format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"))
        .arg(format!("-timeout={INPUT_TIMEOUT_S}"))
        .arg(format!("-artifact_prefix={}/{target}-", crashes.display()))
        .arg("-print_final_stats=1")
        // A backtrace would push the message out of what is shown, and needs memory of its own.
        .env("RUST_BACKTRACE", "0")
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => return (error.to_string(), false),
    };
    let log = String::from_utf8_lossy(&output.stderr);
    match report(&log).filter(|_| output.status.success()) {
        Some(report) => (report, true),
        None => {
            // Without the lines about its progress.
            let lines: Vec<&str> = log.lines().filter(|line| !line.starts_with('#')).collect();
            let tail = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n  ");
            (format!("{}\n  {tail}", output.status), false)
        }
    }
}

/// How much was tried, from what libFuzzer prints at its end.
fn report(log: &str) -> Option<String> {
    let number = |name: &str| -> Option<u64> {
        let rest = log.lines().find_map(|line| line.strip_prefix("stat::")?.strip_prefix(name)?.strip_prefix(':'))?;
        rest.trim().parse().ok()
    };
    let (runs, rate) = (number("number_of_executed_units")?, number("average_exec_per_sec")?);
    Some(format!("{runs} executions, {rate}/s, {} MiB", number("peak_rss_mb")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let parse = |text: &str| Options::parse(&text.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(parse(""), Some(Options { seconds: 60, seed: 0, target: None }));
        assert_eq!(
            parse("--seconds 5 json --seed 1"),
            Some(Options { seconds: 5, seed: 1, target: Some("json".into()) })
        );
        for wrong in ["--seconds", "--seconds 0", "--seconds x", "--second 5", "json values"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_was_tried_is_reported() {
        let log = "Done 4962224 runs in 11 second(s)\nstat::number_of_executed_units: 4962224\n\
                   stat::average_exec_per_sec:     451111\nstat::new_units_added:          161\n\
                   stat::slowest_unit_time_sec:    0\nstat::peak_rss_mb:              27\n";
        assert_eq!(report(log).as_deref(), Some("4962224 executions, 451111/s, 27 MiB"));
        assert_eq!(report("==1== ERROR: libFuzzer: deadly signal\n"), None);
    }
}
