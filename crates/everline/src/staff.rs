//! `everline staff`: who may sign in at the desk.

use crate::command::Answer;
use everline_app::App;
use everline_app::staff::{self, Standing};
use everline_core::audit::Actor;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, clap::Subcommand, Serialize, Deserialize)]
pub(crate) enum Ask {
    /// Add a member and print the link that sets their password
    Add {
        /// What they sign in with, like he.jing
        login: String,
        /// The name colleagues see
        #[arg(long)]
        name: String,
        /// agent, senior_agent, finance, catalog, operator or auditor
        #[arg(long, default_value = "agent")]
        role: String,
    },
    /// Give a member another role; they sign in again
    Role {
        /// What they sign in with
        login: String,
        /// agent, senior_agent, finance, catalog, operator or auditor
        role: String,
    },
    /// Print a new link for a member; their old password and sessions end
    Link {
        /// What they sign in with
        login: String,
    },
    /// Take away a member's second factor, if they lost it; they set another one when they sign in next
    Reset {
        /// What they sign in with
        login: String,
    },
    /// Let a member sign in no more
    Disable {
        /// What they sign in with
        login: String,
    },
    /// List all members
    List,
}

/// Who the log names.
const BY: Actor = Actor::CommandLine;

/// Carries a command out.
pub(crate) async fn answer(app: &App, public_url: &str, ask: Ask) -> Answer {
    let link = |token: String| format!("{public_url}/desk/set-up/{token}\nworks once, for three days");
    let done = match ask {
        Ask::Add { login, name, role } => staff::add(app, BY, &login, &name, &role).await.map(link),
        Ask::Link { login } => staff::renew_link(app, BY, &login, None).await.map(link),
        Ask::Role { login, role } => {
            staff::set_role(app, BY, (&login, &role), None).await.map(|()| "done: signed out everywhere".to_owned())
        }
        Ask::Reset { login } => {
            staff::reset_second_factor(app, BY, &login, None).await.map(|()| "done: signed out everywhere".to_owned())
        }
        Ask::Disable { login } => {
            staff::disable(app, BY, &login, None).await.map(|()| "done: signed out everywhere".to_owned())
        }
        Ask::List => staff::list(app).await.map(|all| table(&all)),
    };
    Answer::of(done)
}

fn table(all: &[staff::Listed]) -> String {
    let mut text = String::from("login                 role          state     name");
    for member in all {
        let state = match member.state {
            Standing::Active => "active",
            Standing::Invited => "invited",
            Standing::Disabled => "disabled",
        };
        let _ = write!(text, "\n{:<20}  {:<12}  {state:<8}  {}", member.login, member.role, member.name);
    }
    text
}
