//! `cargo xtask`: what developers and CI run. `ci` is everything; the other commands are its parts, and the long runs.

mod fuzz;
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
  check-sdks   the vectors of all providers made anew by SDKs that we did not write, compared with the kept ones;
               the sandbox's gateways with those SDKs as clients; our endpoints with notices that they take and refuse
  fuzz         every fuzz target for a minute (CI: ten seconds); `cargo xtask fuzz --seconds 600 json` one of them for longer
  card-client  the card client against localstripe, which we did not write
  messages     short messages, mail and notices in browsers against a message centre (npm), a mail server and a browser's
               library (PyPI) that we did not write
  walkthrough  the whole journey by HTTP against the program
  proxy        nginx as the guide configures it in front of a node, and the units by systemd's own tool
  browser      every page in both languages in Chromium: axe, 360 px, without JavaScript, by keyboard alone
  lighthouse   how Lighthouse judges the pages people begin with; not in CI
               (`cargo xtask test web` is that and the whole of the browser: every language in light and dark, with pictures,
               journeys of accounts, lines and cards, every action of the desk, attacks on every form: far more than an hour)
  crash        100 kill -9 rounds per store, and the same with a child that acknowledges too early, which must fail
  power-cut    power cuts with each kill on SQLite, and the same with synchronous=OFF, which must fail
  faults       every n-th write and fsync of SQLite failing, and a full disk
  commit-cut   PostgreSQL's connection cut between COMMIT and its answer
  migrate-kill upgrades killed in the middle, on both stores
  clock        the wall clock jumping by a day and ten years, by our preload library and by faketime
               (few rounds of each, as CI runs them; `cargo xtask power-cut --rounds 500`, `faults --stride 1`,
               `commit-cut --rounds 1000`, `migrate-kill --store sqlite --rounds 100` run the whole)
  bench renewals [ARGS]   paid notifications to in effect, beside same-minute baselines
  bench payments [ARGS]   payment notices verified and kept, beside the verification alone; receipts
  bench receipts [ARGS]   receipts as PDF files a second
  bench desk [ARGS]       the desk's box and timelines, beside a read by primary key
  bench web [ARGS]        home, plans and renewal pages a second, beside a page that needs no store
  bench reconcile [ARGS]  a day's bill with spoilt lines against the books, beside parsing it alone
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let rest: Vec<String> = args.collect();
    let steps: &[&[Step]] = match command.as_str() {
        "test" if rest == ["web"] => &[steps::BROWSER_WHOLE, steps::LIGHTHOUSE],
        "ci" | "test" => steps::ALL,
        "lint" => &[steps::LINT],
        "unit" => &[steps::UNIT],
        "model" => &[steps::MODEL],
        "check-sdks" => &[steps::CHECK_SDKS],
        "fuzz" => return fuzz::run(&rest),
        "card-client" => &[steps::CARD_CLIENT],
        "messages" => &[steps::MESSAGES],
        "walkthrough" => &[steps::WALKTHROUGH],
        "proxy" => &[steps::PROXY],
        "browser" => &[steps::BROWSER],
        "lighthouse" => &[steps::LIGHTHOUSE],
        "crash" => &[steps::CRASH],
        "power-cut" if rest.is_empty() => &[steps::POWER_CUT],
        "faults" if rest.is_empty() => &[steps::FAULTS],
        "commit-cut" if rest.is_empty() => &[steps::COMMIT_CUT],
        "migrate-kill" if rest.is_empty() => &[steps::MIGRATE_KILL],
        "clock" if rest.is_empty() => &[steps::CLOCK],
        "power-cut" | "faults" | "commit-cut" | "migrate-kill" | "bench" => return steps::sim(&command, &rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let tally = steps::run(steps);
    tally.print();
    if tally.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
