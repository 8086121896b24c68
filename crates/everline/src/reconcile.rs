//! `everline reconcile`: compares a provider's bill of a day with the books, now. A served store does so by itself every day;
//! running it again does no harm.

use crate::ConfigFile;
use crate::command::{self, Answer};
use everline_app::reconciliation::{Reconciled, Summary, reconcile};
use everline_app::{App, Problem};
use everline_core::payment::Provider;
use everline_core::reconciliation::BillDay;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::process::ExitCode;

/// Which bill.
#[derive(clap::Args)]
pub(crate) struct About {
    #[command(flatten)]
    config: ConfigFile,
    /// alipay, wechat or stripe
    #[arg(long)]
    provider: String,
    /// The day as the provider counts it, such as 2026-11-28
    #[arg(long)]
    day: String,
}

/// The same, as it goes to the server that has the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    provider: Provider,
    day: BillDay,
}

/// Runs the command.
pub(crate) async fn run(about: About) -> Result<ExitCode, Box<dyn Error>> {
    let provider = Provider::from_word(&about.provider)
        .ok_or("--provider: use alipay, wechat or stripe, as in the configuration")?;
    let day: BillDay = about.day.parse().map_err(|error| format!("--day: {error}"))?;
    command::run(&about.config.file, command::Ask::Reconcile(Ask { provider, day })).await
}

/// Carries it out.
pub(crate) async fn answer(app: &App, ask: Ask) -> Answer {
    match reconcile(app, ask.provider, ask.day).await {
        Ok(Reconciled::Done(summary)) => Answer { text: told(&summary), fine: true },
        Ok(Reconciled::NotYet) => Answer { text: "the bill is not made yet: try again later".to_owned(), fine: false },
        Ok(Reconciled::Unknown) => {
            let text = "the provider gave no bill that can be believed; the log says why".to_owned();
            Answer { text, fine: false }
        }
        Err(Problem::NotFound("provider")) => {
            let text = format!("the configuration names no account at {}", ask.provider.word());
            Answer { text, fine: false }
        }
        Err(problem) => Answer::of(Err(problem)),
    }
}

fn told(of: &Summary) -> String {
    let waits = match of.open {
        0 => "nothing waits for people".to_owned(),
        1 => "1 item waits at /desk/reconciliation".to_owned(),
        open => format!("{open} items wait at /desk/reconciliation"),
    };
    format!(
        "{} lines; {} agree now, {} of them payments that nobody had told us of; {waits}\n\
         asked and read in {} ms, kept in {} ms, compared in {} ms, settled in {} ms",
        of.lines,
        of.agreed,
        of.evidence,
        of.asked_us / 1_000,
        of.kept_us / 1_000,
        of.compared_us / 1_000,
        of.settled_us / 1_000
    )
}
