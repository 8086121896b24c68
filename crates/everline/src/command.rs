//! Commands that change a store: on the store itself, or through the server that has it open.

use crate::config::{self, Config, Place, master_key};
use crate::contact;
use crate::line;
use crate::reconcile;
use crate::serve;
use crate::staff;
use crate::statement;
use crate::voucher;
use crate::wire::{self, Unwired};
use everline_app::clock::Clock;
use everline_app::{App, Problem, timers};
use everline_store::Store;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Something about staff members.
    Staff(staff::Ask),
    /// What staff does to a line.
    Line(line::Ask),
    /// Something about vouchers.
    Voucher(voucher::Ask),
    /// Something about the bank's statements.
    Statement(statement::Ask),
    /// The machine's clock is right: timers may run.
    AcceptTime,
    /// Something about where customers are told.
    Contact(contact::Ask),
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
    let channel = match &ask {
        Ask::Reconcile(_) => Channel::open_with(&config, |store, clock| wire::app(&config, store, clock)).await?,
        _ => Channel::open(&config).await?,
    };
    let answer = channel.ask(ask).await;
    channel.close().await;
    let answer = answer?;
    println!("{}", answer.text);
    Ok(if answer.fine { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The way to a store: open here, or through the server that has it.
pub(crate) enum Channel {
    /// The store's application, and the base of links.
    Here(Box<App>, String),
    /// The place that the server has.
    Server(Place, PathBuf),
}

impl Channel {
    /// Opens the store of a configuration, or finds who has it.
    pub(crate) async fn open(config: &Config) -> Result<Self, Box<dyn Error>> {
        let master = master_key(&config.master_key)?;
        Self::open_with(config, |store, clock| wire::app_alone(store, clock, config.brand.clone(), &master)).await
    }
    /// The same, with an application made so: one that reaches somebody outside.
    async fn open_with(
        config: &Config,
        make: impl FnOnce(Store, Arc<Clock>) -> Result<App, Unwired>,
    ) -> Result<Self, Box<dyn Error>> {
        let clock = Arc::new(Clock::machine());
        match wire::ready_store(&config.store, &config.brand, &clock).await {
            Ok(store) => {
                // Where business time runs ahead, that is part of the store's time.
                clock.set_business_offset_us(timers::stored_offset_us(&store).await?);
                Ok(Channel::Here(Box::new(make(store, clock)?), config.public_url.clone()))
            }
            Err(Unwired::InUse(path)) => Ok(Channel::Server(config.store.place.clone(), path)),
            Err(error) => Err(error.into()),
        }
    }
    /// Has a command carried out.
    pub(crate) async fn ask(&self, ask: Ask) -> Result<Answer, Box<dyn Error>> {
        match self {
            Channel::Here(app, public_url) => Ok(answer(app, public_url, ask).await),
            Channel::Server(place, path) => Ok(through_server(place, path, &ask).await?),
        }
    }
    /// Closes the store, if it is open here.
    pub(crate) async fn close(self) {
        if let Channel::Here(app, _) = self {
            app.store.close().await;
        }
    }
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
        Ask::Voucher(ask) => voucher::answer(app, ask).await,
        Ask::Statement(ask) => statement::answer(app, ask).await,
        Ask::Contact(ask) => contact::answer(app, ask).await,
        Ask::Reconcile(ask) => reconcile::answer(app, ask).await,
        Ask::AcceptTime => {
            let accepted = timers::accept_time(app).await;
            Answer::of(
                accepted.map(|_| "the machine's time was accepted: every node sees it within a second".to_owned()),
            )
        }
    }
}
