//! Commands that change a store: on the store itself, or through the server that has it open.

use crate::config::{self, Place, master_key};
use crate::line;
use crate::reconcile;
use crate::serve;
use crate::staff;
use crate::wire::{self, Unwired};
use everline_app::clock::Clock;
use everline_app::{App, Problem, timers};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Something about staff members.
    Staff(staff::Ask),
    /// What staff does to a line.
    Line(line::Ask),
    /// The machine's clock is right: timers may run.
    AcceptTime,
    /// Compare a bill with the books; the only one that asks somebody outside.
    Reconcile(reconcile::Ask),
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) fine: bool,
}

impl Answer {
    /// From what a use case said.
    pub(crate) fn of(done: Result<String, Problem>) -> Self {
        match done {
            Ok(text) => Self { text, fine: true },
            Err(Problem::Invalid { field, rule }) => Self { text: format!("{field}: {rule}"), fine: false },
            Err(problem) => Self { text: problem.to_string(), fine: false },
        }
    }
}

/// Runs a command against the store of a configuration.
pub(crate) async fn run(file: &Path, ask: Ask) -> Result<ExitCode, Box<dyn Error>> {
    let config = config::load(file)?;
    let clock = Arc::new(Clock::machine());
    let answer = match wire::ready_store(&config.store, &config.brand, &clock).await {
        Ok(store) => {
            let app = match &ask {
                Ask::Reconcile(_) => wire::app(&config, store, clock)?,
                _ => wire::app_alone(store, clock, config.brand.clone(), &master_key(&config.master_key)?)?,
            };
            let answer = answer(&app, &config.public_url, ask).await;
            app.store.close().await;
            answer
        }
        Err(Unwired::InUse(path)) => through_server(&config.store.place, &path, &ask).await?,
        Err(error) => return Err(error.into()),
    };
    println!("{}", answer.text);
    Ok(if answer.fine { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

async fn through_server(place: &Place, path: &Path, ask: &Ask) -> Result<Answer, String> {
    let Place::Sqlite(store) = place else { return Err(format!("{} is in use", path.display())) };
    let socket = serve::socket_of(store);
    serve::ask(store, ask).await.map_err(|error| {
        format!("{} is in use, and its server does not answer at {}: {error}", path.display(), socket.display())
    })
}

/// Carries a command out.
pub(crate) async fn answer(app: &App, public_url: &str, ask: Ask) -> Answer {
    match ask {
        Ask::Staff(ask) => staff::answer(app, public_url, ask).await,
        Ask::Line(ask) => line::answer(app, ask).await,
        Ask::Reconcile(ask) => reconcile::answer(app, ask).await,
        Ask::AcceptTime => {
            let accepted = timers::accept_time(app).await;
            Answer::of(
                accepted.map(|_| "the machine's time was accepted: every node sees it within a second".to_owned()),
            )
        }
    }
}
