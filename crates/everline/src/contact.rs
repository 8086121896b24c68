//! `everline contact`: where a customer is told when no short message reaches them.

use crate::command::Answer;
use crate::customer;
use everline_app::{App, Problem, contact_point};
use everline_core::ids::CustomerId;
use everline_core::message::{Address, EmailAddress};
use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Add a mailbox that is surely the customer's: what is sent there tells of their lines
    Add {
        /// The customer's id, or the number of a line or to sign in with
        customer: String,
        /// The mailbox
        email: String,
    },
    /// Remove a mailbox
    Remove {
        /// The customer's id, or the number of a line or to sign in with
        customer: String,
        /// The mailbox
        email: String,
    },
    /// List mailboxes and browsers
    List {
        /// The customer's id, or the number of a line or to sign in with
        customer: String,
    },
}

/// Carries a command out.
pub(crate) async fn answer(app: &App, ask: Ask) -> Answer {
    Answer::of(match ask {
        Ask::Add { customer, email } => match (find(app, customer).await, mailbox(&email)) {
            (Ok(customer), Ok(address)) => {
                contact_point::add(app, customer, address).await.map(|()| "added".to_owned())
            }
            (Err(problem), _) | (_, Err(problem)) => Err(problem),
        },
        Ask::Remove { customer, email } => match (find(app, customer).await, mailbox(&email)) {
            (Ok(customer), Ok(address)) => {
                contact_point::remove(app, customer, address).await.map(|()| "removed".to_owned())
            }
            (Err(problem), _) | (_, Err(problem)) => Err(problem),
        },
        Ask::List { customer } => match find(app, customer).await {
            Ok(customer) => list(app, customer).await,
            Err(problem) => Err(problem),
        },
    })
}

async fn find(app: &App, customer: String) -> Result<CustomerId, Problem> {
    customer::find(&app.store, customer).await?.ok_or(Problem::NotFound("customer"))
}

fn mailbox(email: &str) -> Result<Address, Problem> {
    let parsed = EmailAddress::parse(email).map(Address::Email);
    parsed.map_err(|_| Problem::Invalid { field: "email", rule: "no address of a mailbox, like name@example.com" })
}

async fn list(app: &App, customer: CustomerId) -> Result<String, Problem> {
    let contacts = contact_point::list(app, customer).await?;
    let lines = contacts.iter().map(|contact| match &contact.address {
        // Whoever knows a browser's keys could be it.
        Address::Push(subscription) => {
            format!("push   {}", subscription.endpoint().split('/').nth(2).unwrap_or_default())
        }
        address => format!("{:<6} {address}", address.channel().word()),
    });
    let lines: Vec<String> = lines.collect();
    Ok(if lines.is_empty() { "none".to_owned() } else { lines.join("\n") })
}
