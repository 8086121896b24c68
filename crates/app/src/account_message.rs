//! Messages that are about an account and about no line: handed over once each, tried again by their job where they surely were
//! not, and kept with their fate. Before one goes out it is written down as *unknown*, as those about lines are. What their
//! providers report comes to [`crate::delivery_report`].

use crate::jobs::Done;
use crate::ports::{Handed, OutgoingMessage};
use crate::{App, Problem};
use everline_core::ids::{CustomerId, MessageId};
use everline_core::message::{Channel, Fate, Reason, Reported};
use everline_core::time::SystemTime;
use everline_store::tables::{account_message, customer, message, privacy};
use everline_store::{Stop, Tx, Work};

/// How often a message is tried before people must look.
pub(crate) const RUNS_MAX: i64 = 10;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was handed over now.
    Handed(Handed),
    /// Its provider has it from before.
    Before,
    /// It ended before, without being taken, while others still wait.
    Over,
    /// Nobody sends by this way.
    NoWay,
    /// Its customer is nobody any more.
    Nobody,
}

impl Outcome {
    /// Whether its provider has it.
    pub(crate) const fn taken(&self) -> bool {
        matches!(self, Outcome::Handed(Handed::Accepted(_)) | Outcome::Before)
    }
    /// Whether it comes again by itself.
    pub(crate) const fn waits(&self, run: i64) -> bool {
        matches!(self, Outcome::Handed(Handed::NotYet | Handed::Unknown)) && run < RUNS_MAX
    }
    /// What its job does then.
    pub(crate) fn done(&self, app: &App, run: i64) -> Done {
        match self {
            Outcome::Nobody | Outcome::Before | Outcome::Handed(Handed::Accepted(_)) => Done::Finished,
            Outcome::NoWay => Done::GaveUp("nobody sends messages by this way"),
            Outcome::Over => Done::GaveUp("the message reached nobody"),
            Outcome::Handed(Handed::Refused(_) | Handed::Gone) => Done::GaveUp("the message was refused"),
            Outcome::Handed(Handed::Lost) => Done::GaveUp("nobody can say whether the message arrived"),
            Outcome::Handed(Handed::NotYet | Handed::Unknown) if self.waits(run) => {
                Done::retry(app, run, "the message provider gave no answer")
            }
            Outcome::Handed(Handed::NotYet | Handed::Unknown) => Done::GaveUp("the message provider gave no answer"),
        }
    }
}

/// Hands messages over that were not yet; what became of each, in their order. `again`: whether one that its provider does not
/// take yet comes again.
pub(crate) async fn hand_over(
    app: &App,
    customer: CustomerId,
    messages: &[OutgoingMessage],
    again: bool,
) -> Result<Vec<Outcome>, Problem> {
    let ways = messages.iter().map(|message| app.ports.messengers.of(message.to.channel())).collect::<Vec<_>>();
    let ready = messages.iter().zip(&ways).filter(|(_, way)| way.is_some());
    let new = ready.map(|(message, _)| New::of(message)).collect();
    let begun = app.store.transact(Begin { customer, new, at: app.clock.now().system }).await?;
    let Some(begun) = begun else { return Ok(vec![Outcome::Nobody; messages.len()]) };
    let (mut begun, mut outcomes, mut handed) = (begun.into_iter(), Vec::new(), Vec::new());
    for (message, way) in messages.iter().zip(ways) {
        let Some(way) = way else {
            outcomes.push(Outcome::NoWay);
            continue;
        };
        // In the order in which they were begun.
        outcomes.push(match begun.next().unwrap_or(Begun::Over) {
            Begun::Before => Outcome::Before,
            Begun::Over => Outcome::Over,
            Begun::Now { repeated } => {
                let said = way.send(&OutgoingMessage { repeated, ..message.clone() }).await;
                handed.push((message.id, said.clone()));
                Outcome::Handed(said)
            }
        });
    }
    if !handed.is_empty() {
        app.store.transact(Log { customer, handed, again, at: app.clock.now().system }).await?;
    }
    Ok(outcomes)
}

/// A message to be begun.
struct New {
    id: MessageId,
    template: &'static str,
    channel: Channel,
}
impl New {
    fn of(message: &OutgoingMessage) -> Self {
        Self { id: message.id, template: message.template, channel: message.to.channel() }
    }
}

/// What is done about a message.
#[derive(Debug, Clone, Copy)]
enum Begun {
    /// It is handed over; whether it may have been before.
    Now {
        /// Whether it may have been.
        repeated: bool,
    },
    /// Its provider has it.
    Before,
    /// It ended, and others wait.
    Over,
}

/// The code for what nobody can say of a message that is not handed over again by itself.
const LOST: &str = "lost";

/// How each is begun; nothing if its customer was erased.
struct Begin {
    customer: CustomerId,
    new: Vec<New>,
    at: SystemTime,
}
impl Work for Begin {
    const NAME: &'static str = "begin_account_message";
    type Out = Option<Vec<Begun>>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        if privacy::restricted_at(tx, self.customer).await?.0.is_some() {
            return Ok(None);
        }
        let mut before = Vec::new();
        for New { id, .. } in &self.new {
            before.push(account_message::lock(tx, self.customer, *id).await?);
        }
        let others = before.iter().flatten().any(|(fate, why)| waits(*fate, why.as_ref()));
        let mut all = Vec::new();
        for (New { id, template, channel }, before) in self.new.iter().zip(before) {
            let of = (self.customer, *id);
            all.push(match before {
                None => {
                    account_message::add(tx, of, template, *channel, self.at);
                    Begun::Now { repeated: false }
                }
                Some((Fate::Accepted | Fate::Delivered, _)) => Begun::Before,
                // Where nothing waits any more, people run the job again.
                Some((fate, why)) if others && !waits(fate, why.as_ref()) => Begun::Over,
                Some((fate, _)) => {
                    account_message::again(tx, of, self.at);
                    Begun::Now { repeated: fate == Fate::Unknown }
                }
            });
        }
        Ok(Some(all))
    }
}

/// Whether a message that is so far comes again by itself.
fn waits(fate: Fate, why: Option<&Reason>) -> bool {
    fate == Fate::Queued || (fate == Fate::Unknown && why.is_none_or(|why| why.as_str() != LOST))
}

struct Log {
    customer: CustomerId,
    handed: Vec<(MessageId, Handed)>,
    again: bool,
    at: SystemTime,
}
impl Log {
    /// How far a message is, as far as handing it over says.
    fn fate(&self, handed: &Handed) -> (Fate, Option<Reason>) {
        match handed {
            Handed::Accepted(_) => (Fate::Accepted, None),
            Handed::Refused(reason) => (Fate::Failed, Some(reason.clone())),
            Handed::Gone => (Fate::Failed, Some(Reason::of("gone"))),
            Handed::NotYet if self.again => (Fate::Queued, None),
            Handed::NotYet => (Fate::Failed, Some(Reason::of("no_answer"))),
            Handed::Unknown => (Fate::Unknown, None),
            Handed::Lost => (Fate::Unknown, Some(Reason::of(LOST))),
        }
    }
}
impl Work for Log {
    const NAME: &'static str = "account_message_sent";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        for (id, handed) in &self.handed {
            let (mut fate, mut reason) = self.fate(handed);
            // First the name, then the message: as reports do.
            if let Handed::Accepted(Some(name)) = handed {
                let known = message::refer(tx, name, self.customer, *id, self.at).await?;
                if let Some((reported, why)) = known.reported {
                    (fate, reason) = (fate_of(reported), why);
                }
            }
            account_message::handed(tx, (self.customer, *id), fate, reason.as_ref(), self.at);
        }
        Ok(())
    }
}

/// Keeps a report about a message, if it is one of these.
pub(crate) fn reported(
    tx: &mut Tx,
    of: (CustomerId, MessageId),
    reported: Reported,
    reason: Option<&Reason>,
    at: SystemTime,
) {
    account_message::reported(tx, of, fate_of(reported), reason, at);
}

const fn fate_of(reported: Reported) -> Fate {
    match reported {
        Reported::Delivered => Fate::Delivered,
        Reported::Failed => Fate::Failed,
    }
}
