//! Telling an owner what happened to the account: once each, at the contact number and at every mailbox and in every browser
//! of theirs; after a change of the number or the mailbox also at the one from before. Each is tried until it took it, or
//! surely will not. What is told is what the history says.

use crate::account_message::{self, Outcome};
use crate::contact_point;
use crate::jobs::Done;
use crate::ports::{Handed, OutgoingMessage};
use crate::recovery::StopLink;
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::brand::Brand;
use everline_core::effects::Job;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, JobId, LineId, MessageId, RawId};
use everline_core::message::Address;
use everline_core::time::{BusinessTime, Now, SystemTime, Zone};
use everline_store::tables::credential::{self, AccountEvent};
use everline_store::tables::{customer, directory, job, line, message};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Writes down what happened, and has its owner told.
pub(crate) fn happened(
    tx: &mut Tx,
    customer: CustomerId,
    (id, kind): (RawId, AccountNews),
    (device, former): (&str, Option<Address>),
    now: Now,
) -> Result<(), Stop<Problem>> {
    let both = former.is_some();
    credential::add_event(
        tx,
        customer,
        &AccountEvent { id, kind, device: device.to_owned(), former, at: now.business },
    );
    for former in [false, true].into_iter().take(1 + usize::from(both)) {
        let tell = Job::TellAccount { customer, event: id, former };
        job::add(tx, customer, &tell, now.system, now.system)?;
    }
    Ok(())
}

/// Sends one message about an event.
pub(crate) async fn tell(
    app: &App,
    (customer, event): (CustomerId, RawId),
    former: bool,
    id: JobId,
    run: i64,
) -> Result<Done, Problem> {
    let (brand, zone) = (app.brand.clone(), app.zone.clone());
    let links = StopLink(app.secrets.clone());
    let compose = Compose { customer, event, former, id, brand, zone, links };
    let Some(messages) = app.store.read(compose).await? else { return Ok(Done::Finished) };
    // Everywhere at once: whoever took the number cannot keep it from the owner's mailboxes and browsers.
    let again = run < account_message::RUNS_MAX;
    let outcomes = account_message::hand_over(app, customer, &messages, again).await?;
    for (message, outcome) in messages.iter().zip(&outcomes) {
        if !former && *outcome == Outcome::Handed(Handed::Gone) && message.to.number().is_none() {
            contact_point::remove(app, customer, message.to.clone()).await?;
        }
    }
    let taken = outcomes.iter().any(Outcome::taken);
    if taken {
        app.store.transact(Told { customer, event, at: app.clock.now().system }).await?;
    }
    // Each address is tried as often as any; people look where none took it.
    let waits = outcomes.iter().find(|outcome| outcome.waits(run));
    let ends = outcomes.first().filter(|_| !taken);
    Ok(waits.or(ends).map_or(Done::Finished, |outcome| outcome.done(app, run)))
}

struct Compose {
    customer: CustomerId,
    event: RawId,
    former: bool,
    id: JobId,
    brand: Arc<Brand>,
    zone: Zone,
    links: StopLink,
}
impl Compose {
    /// Whether a number is nobody's address any more: it was given up, and may be somebody else's by now.
    async fn gone(&self, tx: &mut Tx, to: &Msisdn) -> Result<bool, everline_store::Error> {
        match directory::find(tx, directory::Name::Login, to.as_str()).await? {
            Some((whose, _)) => Ok(whose != self.customer),
            None => Ok(!self.former || over(tx, to.as_str()).await?),
        }
    }
    fn moment(&self, at: BusinessTime) -> String {
        let local = self.zone.local(at);
        format!("{} {:02}:{:02}", self.zone.date(at), local.hour(), local.minute())
    }
}
impl Work for Compose {
    const NAME: &'static str = "compose_account_message";
    /// At the contact number, if it is the owner's, or at what a change took the place of; and at every mailbox and in every
    /// browser of the owner's.
    type Out = Option<Vec<OutgoingMessage>>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(event) = credential::event(tx, self.customer, self.event).await? else { return Ok(None) };
        let owner = customer::get(tx, self.customer).await?;
        let to = if self.former { event.former } else { owner.contact.map(Address::Sms) };
        let to = match to {
            Some(Address::Sms(number)) if self.gone(tx, &number).await? => None,
            to => to,
        };
        let contacts = if self.former { Vec::new() } else { message::contacts(tx, self.customer).await? };
        let (path, until) = match event.kind {
            AccountNews::RecoveryAsked => match self.links.of(tx, self.customer, event.id).await? {
                Some((path, due_at)) => (path, self.moment(BusinessTime::from_us(due_at.us()))),
                None => return Ok(None),
            },
            AccountNews::CaseAnswered => ("/cases".to_owned(), String::new()),
            AccountNews::BrowserAdded | AccountNews::BrowserRemoved => ("/account/browsers".to_owned(), String::new()),
            AccountNews::MailboxSet | AccountNews::MailboxRemoved => ("/account/mailbox".to_owned(), String::new()),
            AccountNews::ClosingAsked => ("/account/close".to_owned(), String::new()),
            AccountNews::IdentityCorrected => ("/account/identity".to_owned(), String::new()),
            _ => ("/account".to_owned(), String::new()),
        };
        let parameters = vec![
            ("brand", self.brand.name.get(&owner.language).to_owned()),
            ("hotline", self.brand.hotline.clone()),
            ("at", self.moment(event.at)),
            ("until", until),
            ("path", path),
        ];
        let outgoing = |id: RawId, to: Address| OutgoingMessage {
            id: MessageId(id),
            to,
            template: event.kind.word(),
            parameters: parameters.clone(),
            language: owner.language.clone(),
            repeated: false,
            reported: true,
        };
        let first = to.map(|to| outgoing(self.id.0, to));
        let others = contacts.into_iter().map(|contact| outgoing(self.id.0.with(contact.id), contact.address));
        Ok(Some(first.into_iter().chain(others).collect()))
    }
}

/// Whether it is the number of a line that is over. Looks only: a message locks nothing.
async fn over(tx: &mut Tx, number: &str) -> Result<bool, everline_store::Error> {
    match directory::find(tx, directory::Name::Msisdn, number).await? {
        Some((customer, id)) => Ok(line::get(tx, customer, LineId(id)).await?.is_none_or(|line| line.state.over())),
        None => Ok(false),
    }
}

struct Told {
    customer: CustomerId,
    event: RawId,
    at: SystemTime,
}
impl Work for Told {
    const NAME: &'static str = "account_event_told";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        credential::event_told(tx, self.customer, self.event, self.at);
        Ok(())
    }
}
