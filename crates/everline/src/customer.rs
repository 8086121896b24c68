//! `everline customer` and `everline retention`: one customer's data, and records whose time is over.

use crate::inspect::{Place, open};
use everline_app::clock::Clock;
use everline_app::privacy::NotErasable;
use everline_app::{Problem, privacy, retention, timers};
use everline_core::ids::CustomerId;
use everline_store::tables::directory;
use everline_store::{Stop, Store, Tx, Work};
use std::error::Error;
use std::process::ExitCode;

/// Whose data.
#[derive(clap::Args)]
pub(crate) struct Who {
    #[command(flatten)]
    place: Place,
    /// The customer's id, or the number of a line or to sign in with
    customer: String,
}

/// What to do with one customer's data.
#[derive(clap::Subcommand)]
pub(crate) enum CustomerCommand {
    /// Print everything that is kept about a customer, as JSON
    Export(Who),
    /// Remove what names a customer whose lines are over; the books stay
    Erase {
        #[command(flatten)]
        who: Who,
        /// Confirms that this cannot be undone
        #[arg(long, required = true)]
        for_good: bool,
    },
}

/// Does it.
pub(crate) async fn run(command: CustomerCommand) -> Result<ExitCode, Box<dyn Error>> {
    let (who, erase) = match command {
        CustomerCommand::Export(who) => (who, false),
        CustomerCommand::Erase { who, .. } => (who, true),
    };
    let (store, brand) = open(who.place).await?;
    let Some(customer) = find(&store, who.customer).await? else {
        return Err("no customer has this id or number".into());
    };
    if erase {
        let clock = Clock::machine();
        clock.set_business_offset_us(timers::stored_offset_us(&store).await?);
        privacy::erase(&store, customer, clock.now().business).await.map_err(|error| match error {
            NotErasable::Store(everline_store::Error::ReadOnly) => {
                "the store is being served: stop the server first".into()
            }
            error => Box::<dyn Error>::from(error),
        })?;
        println!("customer {customer} is erased; what the books need is restricted");
    } else {
        let all = privacy::export(&store, customer, &brand.zone()?).await?;
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Removes records whose time is over, once.
pub(crate) async fn enforce_retention(place: Place) -> Result<ExitCode, Box<dyn Error>> {
    let (store, brand) = open(place).await?;
    let removed = retention::enforce(&store, &brand.retention, Clock::machine().now().system).await?;
    removed.iter().for_each(|(record, count)| println!("{record:<16} {count} removed"));
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

/// The customer with an id, or with a number.
pub(crate) async fn find(store: &Store, text: String) -> Result<Option<CustomerId>, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(Some(CustomerId(id)));
    }
    store.read(Find { text }).await.map_err(Problem::from)
}

struct Find {
    text: String,
}
impl Work for Find {
    const NAME: &'static str = "find_customer";
    type Out = Option<CustomerId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        for name in [directory::Name::Msisdn, directory::Name::Login] {
            if let Some((customer, _)) = directory::find(tx, name, &self.text).await? {
                return Ok(Some(customer));
            }
        }
        Ok(None)
    }
}
