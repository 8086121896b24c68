//! `cargo xtask`: what developers and CI run. `ci` is everything; the other commands are its parts, and the long runs.

mod install;
mod steps;
mod tally;

use std::process::ExitCode;
use steps::Step;

const USAGE: &str = "cargo xtask COMMAND

  ci           everything below that CI runs, installing what it lacks
  test         the same code path; the command for people
  lint         format, clippy
  unit         all tests, on both stores
  model        10,000 random sequences of the journey against the reference model
  vectors      the Alipay vectors made anew by the provider's own SDK, compared with the kept ones
  walkthrough  the whole journey by HTTP against a release build
  browser      every page in both languages in Chromium: axe, 360 px, without JavaScript
  crash        100 kill -9 rounds per store, and the same harness on a build that must fail
  bench renewals [ARGS]   paid notifications to in effect, beside same-minute baselines
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let steps: &[&[Step]] = match command.as_str() {
        "ci" | "test" => steps::ALL,
        "lint" => &[steps::LINT],
        "unit" => &[steps::UNIT],
        "model" => &[steps::MODEL],
        "vectors" => &[steps::VECTORS],
        "walkthrough" => &[steps::WALKTHROUGH],
        "browser" => &[steps::BROWSER],
        "crash" => &[steps::CRASH],
        "bench" => return steps::bench(&rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let tally = steps::run(steps);
    tally.print();
    if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
