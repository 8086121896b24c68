//! `everline line suspend`, `lost`, `terminate` …: what staff does to a line. Who and why is kept with the change.

use crate::ConfigFile;
use crate::command::{self, Answer};
use everline_app::App;
use everline_app::lifecycle_command::command_by_staff;
use everline_app::sim_replaced::sim_replaced_by_staff;
use everline_core::lifecycle::{HandOver, LifecycleCommand};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::process::ExitCode;

/// What to do with a line.
#[derive(clap::Subcommand)]
pub(crate) enum Change {
    /// Take it out of stock, to be used or to be tested
    HandOver {
        /// For what
        #[arg(long = "for", value_enum, default_value = "sale")]
        purpose: Purpose,
        #[command(flatten)]
        about: About,
    },
    /// End its test: it can be sold
    EndTest(About),
    /// It is lost: stop its service at once
    Lost(About),
    /// It was found: give its service back
    Found(About),
    /// Stop its service
    Suspend(About),
    /// Give a suspended line its service back
    Resume(About),
    /// Stop its service and keep its number, as its owner wishes
    KeepNumber(About),
    /// Give a line whose number is kept the service that is paid for
    BringBack(About),
    /// End it for good: its number rests and is given back
    Terminate(About),
    /// Its Sim was replaced: for a day a code to its number changes nothing about the account
    SimReplaced {
        #[command(flatten)]
        config: ConfigFile,
        /// The line's number
        number: String,
        /// Your login
        #[arg(long, value_name = "LOGIN")]
        by: String,
    },
}

/// The word of what is no command about a line's life.
const SIM_REPLACED: &str = "sim_replaced";

/// What a line leaves stock for.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Purpose {
    Sale,
    Test,
}

/// Which line, and what is kept with the change.
#[derive(clap::Args)]
pub(crate) struct About {
    #[command(flatten)]
    config: ConfigFile,
    /// The line's number
    number: String,
    /// Your login
    #[arg(long, value_name = "LOGIN")]
    by: String,
    /// Why; the customer may read it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// A command as it goes to the server that has the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ask {
    number: String,
    /// The word of the command.
    command: String,
    by: String,
    reason: String,
}

impl Change {
    fn parts(self) -> (&'static str, About) {
        let (command, about) = match self {
            Change::SimReplaced { config, number, by } => {
                return (SIM_REPLACED, About { config, number, by, reason: String::new() });
            }
            Change::HandOver { purpose: Purpose::Sale, about } => (LifecycleCommand::HandOver(HandOver::Sale), about),
            Change::HandOver { purpose: Purpose::Test, about } => (LifecycleCommand::HandOver(HandOver::Test), about),
            Change::EndTest(about) => (LifecycleCommand::EndTest, about),
            Change::Lost(about) => (LifecycleCommand::ReportLost, about),
            Change::Found(about) => (LifecycleCommand::LiftLost, about),
            Change::Suspend(about) => (LifecycleCommand::Bar, about),
            Change::Resume(about) => (LifecycleCommand::LiftBar, about),
            Change::KeepNumber(about) => (LifecycleCommand::KeepNumber, about),
            Change::BringBack(about) => (LifecycleCommand::BringBack, about),
            Change::Terminate(about) => (LifecycleCommand::Terminate, about),
        };
        (command.word(), about)
    }
}

/// Carries a command out, on the store or through its server.
pub(crate) async fn run(change: Change) -> Result<ExitCode, Box<dyn Error>> {
    let (command, About { config, number, by, reason }) = change.parts();
    let ask = Ask { number, command: command.to_owned(), by, reason };
    command::run(&config.file, command::Ask::Line(ask)).await
}

/// Carries a command out on a store.
pub(crate) async fn answer(app: &App, ask: Ask) -> Answer {
    let Ask { number, command, by, reason } = ask;
    if command == SIM_REPLACED {
        let noted = sim_replaced_by_staff(app, &number, &by).await;
        return Answer::of(noted.map(|()| format!("{number}: its owner is told")));
    }
    let Some(asked) = LifecycleCommand::from_word(&command) else {
        return Answer { text: format!("no command {command:?}: is the server of another version?"), fine: false };
    };
    match command_by_staff(app, &number, asked, (&by, &reason)).await {
        Ok(Ok(line)) => {
            let until = line.state.until().map(|at| format!(" until {}", app.zone.local(at).datetime()));
            Answer { text: format!("{number}: {}{}", line.state.word(), until.unwrap_or_default()), fine: true }
        }
        Ok(Err(refusal)) => Answer { text: format!("{number}: {refusal}"), fine: false },
        Err(problem) => Answer::of(Err(problem)),
    }
}
