//! Telling people: a template and its parameters, never free text; by one way after the other, and by each at most once.
//!
//! Before a message is handed over it is written down as *unknown*, so that nothing that happens to us makes it two. What became
//! of it, and what its provider reports ([`crate::delivery_report`]), decides whether the next way is tried.

use crate::jobs::Done;
use crate::ownership::LINE_OFFERED;
use crate::pay_link;
use crate::ports::{Handed, OutgoingMessage};
use crate::reminders::link::renewal_path;
use crate::reminders::said;
use crate::secrets::Secrets;
use crate::{App, Problem};
use everline_core::account::AccountNews;
use everline_core::auto_renew::{PayWith, State};
use everline_core::brand::Brand;
use everline_core::customer::Customer;
use everline_core::effects::{Job, MessageKind};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, JobId, LineId, MessageId, OrderId};
use everline_core::line::{Line, LineState};
use everline_core::message::{Address, Beside, Channel, Fact, Fate, Message, REPORT_US_MAX, Reason};
use everline_core::refund::{OtherWay, Refund};
use everline_core::time::{BusinessTime, Now, SystemTime, Zone};
use everline_store::tables::{
    auto_renew, catalog, customer, directory, job, line, message, order, payment, payment_method, reminder,
};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// How often a message is tried by one way before the next is.
const RUNS_MAX: i64 = 10;

/// The template of one-time codes that sign in.
pub const ONE_TIME_CODE: &str = "one_time_code";
/// The template of codes by which a contact person of a line agrees to be told.
pub const CONTACT_CODE: &str = "contact_code";
/// The template of codes that prove a mailbox.
pub const MAILBOX_CODE: &str = "mailbox_code";
/// The template of codes by which a caller proves to be the customer.
pub const CALLER_CODE: &str = "caller_code";
const CODES: [&str; 4] = [ONE_TIME_CODE, CONTACT_CODE, MAILBOX_CODE, CALLER_CODE];

/// The names of all templates.
pub fn templates() -> impl Iterator<Item = &'static str> {
    let account = AccountNews::ALL.into_iter().map(AccountNews::word);
    let words = MessageKind::ALL.into_iter().map(MessageKind::word);
    words.chain(CODES).chain([LINE_OFFERED]).chain(account)
}

/// The parameters that a template gets; empty for what is no template.
#[must_use]
pub fn parameters(template: &str) -> Vec<&'static str> {
    if CODES.contains(&template) {
        return vec!["brand", "code"];
    }
    if template == LINE_OFFERED {
        return vec!["brand", "line", "path", "until"];
    }
    if AccountNews::from_word(template).is_some() {
        return vec!["brand", "hotline", "at", "until", "path"];
    }
    let Some(kind) = MessageKind::from_word(template) else { return Vec::new() };
    let mut all = vec!["brand", "hotline", "kept_until", "line", "line_id", "until"];
    if let Some(more) = said::parameters(kind) {
        all.extend(more);
    }
    match kind {
        MessageKind::AutoRenewNotice | MessageKind::AutoRenewConsent | MessageKind::AutoRenewFailed => {
            all.extend(["renewal", "price", "agreed", "debit_on", "first_method", "more_methods", "offering_ref"]);
        }
        MessageKind::RenewalInEffect
        | MessageKind::PaidNotInEffect
        | MessageKind::RefundStarted
        | MessageKind::RefundDone
        | MessageKind::RefundBounced
        | MessageKind::AutoRenewNeedsYou => all.extend(["offering", "amount", "ends", "order", "order_id"]),
        MessageKind::PayLink => all.extend(["offering", "amount", "good_until", "path"]),
        MessageKind::RefundOtherWay => all.extend(["offering", "amount", "way", "ends", "order", "order_id"]),
        MessageKind::GraceBegan
        | MessageKind::Suspended
        | MessageKind::ReportedLost
        | MessageKind::Barred
        | MessageKind::ServiceRestored
        | MessageKind::NumberKept
        | MessageKind::NumberEnds
        | MessageKind::Terminated
        | MessageKind::ReminderExpiry
        | MessageKind::ReminderThreshold
        | MessageKind::ReminderForecast
        | MessageKind::KeywordBalance
        | MessageKind::KeywordRenew
        | MessageKind::KeywordHelp
        | MessageKind::DataUsedUp => {}
    }
    all
}

/// A message to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToSend {
    pub(crate) job: JobId,
    pub(crate) customer: CustomerId,
    pub(crate) line: LineId,
    pub(crate) order: Option<OrderId>,
    pub(crate) kind: MessageKind,
    pub(crate) cause: JobId,
    /// The way that was tried before.
    pub(crate) after: Option<Channel>,
    /// To whom, if not to the owner.
    pub(crate) beside: Option<Beside>,
    pub(crate) run: i64,
}

/// Sends it once. A customer without any address is told nothing.
pub(crate) async fn send_message(app: &App, to_send: ToSend) -> Result<Done, Problem> {
    let ways = app.ports.messengers.channels().filter(|channel| Some(*channel) > to_send.after).collect();
    let (brand, zone, secrets) = (app.brand.clone(), app.zone.clone(), app.secrets.clone());
    let begin = Begin { to_send, ways, brand, zone, secrets, now: app.clock.now() };
    let outgoing = match app.store.transact(begin).await? {
        Begun::Nothing => return Ok(Done::Finished),
        Begun::NoWay => return Ok(Done::GaveUp("the message reached nobody, and no other way leads to the customer")),
        Begun::HandOver(outgoing) => outgoing,
    };
    let (outgoing, handed) = hand_over(app, &to_send, outgoing).await?;
    let again = matches!(handed, Handed::NotYet | Handed::Unknown) && to_send.run < RUNS_MAX;
    let (fact, reference) = match handed {
        Handed::Accepted(reference) => (Fact::Accepted, reference),
        Handed::Refused(reason) => (Fact::Refused(reason), None),
        Handed::Gone => (Fact::Refused(Reason::of("gone")), None),
        Handed::NotYet if again => (Fact::NotYet, None),
        Handed::NotYet => (Fact::Refused(Reason::of("no_answer")), None),
        // It stays unknown, as it was written down.
        Handed::Unknown if again => return Ok(Done::retry(app, to_send.run, "the message provider gave no answer")),
        Handed::Unknown | Handed::Lost => (Fact::Lost, None),
    };
    let handed =
        HandedOver { customer: to_send.customer, id: outgoing.id, fact, reference, at: app.clock.now().system };
    if app.store.transact(handed).await? {
        app.wake.notify_one();
    }
    Ok(if again { Done::retry(app, to_send.run, "the message provider does not take it yet") } else { Done::Finished })
}

/// Hands a message over. An address of the owner's that is no more is forgotten, and the one added before it tried.
async fn hand_over(
    app: &App,
    to_send: &ToSend,
    mut outgoing: OutgoingMessage,
) -> Result<(OutgoingMessage, Handed), Problem> {
    loop {
        let handed = match app.ports.messengers.of(outgoing.to.channel()) {
            Some(messenger) => messenger.send(&outgoing).await,
            None => Handed::NotYet,
        };
        if handed != Handed::Gone || to_send.beside.is_some() {
            return Ok((outgoing, handed));
        }
        let gone = Gone { customer: to_send.customer, address: outgoing.to.clone() };
        let Some(next) = app.store.transact(gone).await? else { return Ok((outgoing, handed)) };
        outgoing.to = next;
    }
}

/// Forgets an address that is no more; what is left by the same way.
struct Gone {
    customer: CustomerId,
    address: Address,
}
impl Work for Gone {
    const NAME: &'static str = "address_is_gone";
    type Out = Option<Address>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let left = message::contacts(tx, self.customer).await?.into_iter().map(|contact| contact.address);
        message::remove_contact(tx, self.customer, &self.address);
        let same_way = |to: &Address| to.channel() == self.address.channel() && *to != self.address;
        Ok(left.rev().find(same_way))
    }
}

struct Begin {
    to_send: ToSend,
    /// The ways that may be tried, in order.
    ways: Vec<Channel>,
    brand: Arc<Brand>,
    zone: Zone,
    secrets: Arc<Secrets>,
    now: Now,
}

enum Begun {
    /// Nobody is to be told, or was told already.
    Nothing,
    /// No way that was not tried leads to them.
    NoWay,
    /// It is written down as one that may have been sent.
    HandOver(OutgoingMessage),
}

impl Work for Begin {
    const NAME: &'static str = "begin_message";
    type Out = Begun;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Begun, Stop<Problem>> {
        let ToSend { job, customer, line, order, kind, cause, after, beside, .. } = self.to_send;
        let (id, at) = (MessageId(job.0), self.now.system);
        let begun = message::lock(tx, customer, id).await?;
        if begun.as_ref().is_some_and(Message::is_settled) {
            return Ok(Begun::Nothing);
        }
        let owner = customer::get(tx, customer).await?;
        let reader = self.reader(tx, &owner).await?;
        let composed = match &reader {
            Some(reader) => self.compose(tx, &owner, &reader.language).await?,
            None => None,
        };
        let (Some(reader), Some(parameters)) = (reader, composed) else {
            if let Some(begun) = begun {
                message::save(tx, &begun.on(Fact::Obsolete, at).0);
            }
            return Ok(Begun::Nothing);
        };
        if begun.is_none() && after.is_none() && self.tell_others(tx).await? {
            return Ok(Begun::Nothing);
        }
        // What was begun by one way stays there: an address that came meanwhile makes no second message.
        let ways = begun.as_ref().map_or_else(|| self.ways.clone(), |begun| vec![begun.channel]);
        let person = reader.to.as_ref().map(Address::channel).filter(|_| beside != Some(Beside::Number));
        let found = match reader.to {
            Some(to) => Some(to).filter(|to| ways.contains(&to.channel())),
            None => address(tx, &owner, &ways).await?,
        };
        let queued = |channel| Message {
            id,
            customer,
            line,
            order,
            kind,
            cause,
            channel,
            fate: Fate::Queued,
            reason: None,
            passed_on: false,
            beside,
            sent_at: at,
            fate_at: at,
        };
        let Some(to) = found else {
            if let Some(begun) = begun {
                apply(tx, begun, [Fact::Refused(Reason::of("gone"))], at).await?;
                return Ok(Begun::Nothing);
            }
            if let Some(channel) = person {
                // Nobody sends by the one way to a contact person.
                let queued = queued(channel);
                message::add(tx, &queued);
                apply(tx, queued, [Fact::Refused(Reason::of("no_way"))], at).await?;
                return Ok(Begun::Nothing);
            }
            return Ok(if after.is_some() { Begun::NoWay } else { Begun::Nothing });
        };
        let repeated = begun.as_ref().is_some_and(|begun| begun.fate == Fate::Unknown);
        match begun {
            Some(begun) => message::save(tx, &begun.on(Fact::HandingOver, at).0),
            None => message::add(tx, &queued(to.channel()).on(Fact::HandingOver, at).0),
        }
        let (template, language) = (kind.word(), reader.language);
        let outgoing = OutgoingMessage { id, to, template, parameters, language, repeated, reported: true };
        Ok(Begun::HandOver(outgoing))
    }
}

/// Who reads a message.
struct Reader {
    language: String,
    /// The one address, of whoever is not the owner.
    to: Option<Address>,
}

/// Where a customer is told by the first of some ways that leads to them.
async fn address(tx: &mut Tx, owner: &Customer, ways: &[Channel]) -> Result<Option<Address>, Stop<Problem>> {
    let contacts = message::contacts(tx, owner.id).await?;
    for way in ways {
        let found = match way {
            Channel::Sms => number(tx, owner).await?.map(Address::Sms),
            // The newest: who changes a mailbox or a browser uses the new one.
            way => contacts.iter().rev().map(|contact| &contact.address).find(|to| to.channel() == *way).cloned(),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The number of a customer. One that was given up is nobody's address any more, and may be somebody else's by now.
async fn number(tx: &mut Tx, owner: &Customer) -> Result<Option<Msisdn>, Stop<Problem>> {
    let Some(number) = &owner.contact else { return Ok(None) };
    let login = directory::find(tx, directory::Name::Login, number.as_str()).await?;
    Ok(login.is_some_and(|(whose, _)| whose == owner.id).then(|| number.clone()))
}

impl Begin {
    /// Who reads it; `None` if it is nobody any more.
    async fn reader(&self, tx: &mut Tx, owner: &Customer) -> Result<Option<Reader>, Stop<Problem>> {
        let ToSend { customer, line, beside, .. } = self.to_send;
        let language = owner.language.clone();
        match beside {
            None => Ok(Some(Reader { language, to: None })),
            Some(Beside::Contact(id)) => {
                let contacts = reminder::contacts(tx, customer, line).await?;
                let found = contacts.into_iter().find(|contact| contact.id == id);
                Ok(found.map(|contact| Reader { language: contact.language, to: Some(contact.address) }))
            }
            Some(Beside::Number) => {
                let found = line::get(tx, customer, line).await?.filter(|line| !line.state.over());
                Ok(found.map(|line| Reader { language, to: Some(Address::Sms(line.msisdn)) }))
            }
        }
    }

    /// Has the line's contact persons told too, of what concerns whoever uses the line; whether they alone are to be told.
    async fn tell_others(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let ToSend { customer, line, kind, cause, beside, .. } = self.to_send;
        if beside.is_some() || !concerns_contacts(kind) {
            return Ok(false);
        }
        let contacts = reminder::contacts(tx, customer, line).await?;
        for contact in &contacts {
            let job = Job::TellBeside { customer, line, to: Beside::Contact(contact.id), kind, cause };
            job::add(tx, customer, &job, self.now.system, self.now.system)?;
        }
        self.tell_user(tx).await?;
        if kind == MessageKind::ReminderExpiry && self.renewal_tells_owner(tx).await? {
            return Ok(true);
        }
        if !may_be_told_alone(kind) || contacts.is_empty() || reminder::get(tx, customer, line).await?.tell_owner {
            return Ok(false);
        }
        for contact in &contacts {
            let job = Job::TellBeside { customer, line, to: Beside::Contact(contact.id), kind, cause };
            let told = message::lock(tx, customer, MessageId(job.id().0)).await?;
            if !told.is_some_and(|told| told.passed_on) {
                return Ok(true);
            }
        }
        // Of those who alone were to be told nobody could be.
        Ok(false)
    }

    /// Whether the owner is told today that the line was not renewed by itself: of one cause nobody is told twice a day.
    async fn renewal_tells_owner(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let setting = auto_renew::get(tx, self.to_send.customer, self.to_send.line).await?;
        Ok(setting.is_some_and(|setting| setting.state.tells_owner_on_day_of(self.now.business, &self.zone)))
    }

    /// Has whoever uses the line told that it is cut off, where that is somebody else at a screen who may renew it.
    async fn tell_user(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let ToSend { customer, line, kind, cause, .. } = self.to_send;
        if !matches!(kind, MessageKind::Suspended | MessageKind::DataUsedUp) {
            return Ok(());
        }
        let Some(found) = line::get(tx, customer, line).await? else { return Ok(()) };
        let owner = customer::get(tx, customer).await?;
        if found.device.has_screen() && found.guest_renewal && !is_owners(&owner, &found.msisdn) {
            let job = Job::TellBeside { customer, line, to: Beside::Number, kind, cause };
            job::add(tx, customer, &job, self.now.system, self.now.system)?;
        }
        Ok(())
    }

    /// What the message says; `None` if it is not true any more.
    async fn compose(
        &self,
        tx: &mut Tx,
        owner: &Customer,
        language: &str,
    ) -> Result<Option<Vec<(&'static str, String)>>, Stop<Problem>> {
        let ToSend { customer, line, order, kind, cause, beside, .. } = self.to_send;
        let Some(line) = line::get(tx, customer, line).await? else { return Ok(None) };
        let kept = matches!(line.state, LineState::NumberKept { .. });
        if matches!(kind, MessageKind::NumberKept | MessageKind::NumberEnds) && !kept {
            return Ok(None); // it was renewed, or given up, meanwhile
        }
        let kept_until = line.state.until().filter(|_| kept).map(|at| self.day(at));
        let Some(more) = said::said(tx, &line, (kind, cause), &self.zone, self.now.business).await? else {
            return Ok(None);
        };
        let mut parameters = vec![
            ("brand", self.brand.name.get(language).to_owned()),
            ("hotline", self.brand.hotline.clone()),
            ("kept_until", kept_until.unwrap_or_else(|| "open".to_owned())),
            ("line", line_name(&line.name, &line.msisdn)),
            ("line_id", line.id.to_string()),
            ("until", self.until(&line, kind)),
        ];
        parameters.extend(more);
        // Who is not the owner does not sign in as one.
        if kind == MessageKind::PayLink {
            let with = (&*self.secrets, &self.zone);
            let said = pay_link::said(tx, (customer, cause), with, language, self.now.system).await?;
            let Some(said) = said else { return Ok(None) };
            parameters.extend(said);
        } else if kind == MessageKind::KeywordHelp {
            parameters.push(("path", "/".to_owned()));
        } else if beside.is_some_and(|beside| beside != Beside::Number || !is_owners(owner, &line.msisdn)) {
            parameters.push(("path", renewal_path(&self.secrets, customer, line.id)));
        }
        if matches!(kind, MessageKind::AutoRenewNotice | MessageKind::AutoRenewConsent | MessageKind::AutoRenewFailed) {
            let Some(said) = self.renewal(tx, customer, line.id, kind, language).await? else { return Ok(None) };
            parameters.extend(said);
        }
        if let Some(order) = order {
            let order = order::get(tx, customer, order).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?;
            let offering = catalog::offering(tx, &order.offering).await?;
            parameters.push(("offering", offering.name.get(language).to_owned()));
            // What goes back may be a part of the price.
            let told = |refund: &Refund| refund.told_as(kind) == cause || refund.attempt.0 == cause.0;
            let refunds = payment::refunds_of_order(tx, customer, order.id).await?;
            let refund = refunds.iter().find(|refund| told(refund));
            let amount = refund.map_or(order.price, |refund| refund.amount);
            let way = refund.filter(|_| kind == MessageKind::RefundOtherWay);
            let way = way.and_then(|refund| OtherWay::of(refund.state)).map(OtherWay::word);
            parameters.extend(way.map(|way| ("way", way.to_owned())));
            parameters.push(("amount", amount.signed()));
            parameters.push(("ends", order.ends_at.map(|at| self.day(at)).unwrap_or_default()));
            parameters.push(("order", order.number));
            parameters.push(("order_id", order.id.to_string()));
        }
        Ok(Some(parameters))
    }
    /// What a message about a renewal by itself says; `None` if it went on meanwhile.
    async fn renewal(
        &self,
        tx: &mut Tx,
        customer: CustomerId,
        line: LineId,
        kind: MessageKind,
        language: &str,
    ) -> Result<Option<Vec<(&'static str, String)>>, Stop<Problem>> {
        let Some(setting) = auto_renew::get(tx, customer, line).await? else { return Ok(None) };
        let (debit_at, fits) = match setting.state {
            State::Announced { debit_at, .. } => (Some(debit_at), kind == MessageKind::AutoRenewNotice),
            State::AsksConsent { debit_at, .. } => (Some(debit_at), kind == MessageKind::AutoRenewConsent),
            State::GaveUp { .. } => (None, kind == MessageKind::AutoRenewFailed),
            _ => (None, false),
        };
        if !fits {
            return Ok(None);
        }
        let latest = catalog::latest_on_sale(tx, &setting.consent.offering.code).await?;
        let offering = match latest {
            Some(latest) => latest,
            None => catalog::offering(tx, &setting.consent.offering).await?,
        };
        let mut methods = Vec::new();
        for method in &setting.consent.methods {
            methods.push(match method {
                // The word of the template for the account's balance.
                PayWith::Credit => "credit".to_owned(),
                PayWith::Saved(id) => {
                    let saved = payment_method::get(tx, customer, *id).await?;
                    saved.map(|saved| saved.label).filter(|label| !label.is_empty()).unwrap_or_default()
                }
            });
        }
        methods.retain(|method| !method.is_empty());
        Ok(Some(vec![
            ("renewal", offering.name.get(language).to_owned()),
            ("price", offering.price.signed()),
            ("agreed", setting.consent.price.signed()),
            ("debit_on", debit_at.map(|at| self.day(at)).unwrap_or_default()),
            ("first_method", methods.first().cloned().unwrap_or_else(|| "none".to_owned())),
            ("more_methods", methods.len().saturating_sub(1).to_string()),
            ("offering_ref", offering.reference.to_string()),
        ]))
    }
    /// When the last plan ends; of a balance that is asked for, that none runs.
    fn until(&self, line: &Line, kind: MessageKind) -> String {
        let asked = kind == MessageKind::KeywordBalance;
        let until = line.service_until.filter(|at| !asked || *at > self.now.business);
        until.map(|at| self.day(at)).unwrap_or_else(|| if asked { "none".to_owned() } else { String::new() })
    }
    fn day(&self, at: BusinessTime) -> String {
        self.zone.date(at).to_string()
    }
}

/// Whether a number is the one that the owner signs in with.
fn is_owners(owner: &Customer, number: &Msisdn) -> bool {
    owner.contact.as_ref() == Some(number)
}

/// What concerns whoever uses a line, and not only who pays for it.
const fn concerns_contacts(kind: MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::ReminderExpiry
            | MessageKind::ReminderThreshold
            | MessageKind::ReminderForecast
            | MessageKind::GraceBegan
            | MessageKind::Suspended
            | MessageKind::DataUsedUp
            | MessageKind::ReportedLost
            | MessageKind::ServiceRestored
            | MessageKind::NumberKept
            | MessageKind::NumberEnds
    )
}

/// Whether a line's contact persons can be told it without its owner, if the owner wants that.
const fn may_be_told_alone(kind: MessageKind) -> bool {
    concerns_contacts(kind) && said::parameters(kind).is_some()
}

/// What people call a line: its name, or its number masked.
#[must_use]
pub fn line_name(name: &str, msisdn: &Msisdn) -> String {
    if name.is_empty() { msisdn.masked() } else { name.to_owned() }
}

/// Writes down what became of handing a message over; whether the next way is asked.
struct HandedOver {
    customer: CustomerId,
    id: MessageId,
    fact: Fact,
    reference: Option<String>,
    at: SystemTime,
}
impl Work for HandedOver {
    const NAME: &'static str = "message_handed_over";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        // First the name, then the message: as reports do.
        let mut facts = vec![self.fact.clone()];
        if let Some(name) = &self.reference {
            let known = message::refer(tx, name, self.customer, self.id, self.at).await?;
            facts.extend(known.reported.map(|(reported, reason)| Fact::Reported(reported, reason)));
        }
        let Some(message) = message::lock(tx, self.customer, self.id).await? else { return Ok(false) };
        // Mail servers and push services tell of what fails alone; who sends short messages tells of all.
        let reports = self.reference.is_some() && message.channel == Channel::Sms && message.beside.is_none();
        if self.fact == Fact::Accepted && reports {
            let unreported = Job::MessageUnreported { customer: self.customer, message: self.id };
            job::add(tx, self.customer, &unreported, self.at, self.at.plus_us(REPORT_US_MAX))?;
        }
        apply(tx, message, facts, self.at).await
    }
}

/// The time is over in which a provider should have reported: the next way is asked, if one leads to the owner.
pub(crate) async fn unreported(app: &App, customer: CustomerId, id: MessageId) -> Result<Done, Problem> {
    let (ways, at) = (app.ports.messengers.channels().collect(), app.clock.now().system);
    if app.store.transact(Unreported { customer, id, ways, at }).await? {
        app.wake.notify_one();
    }
    Ok(Done::Finished)
}

struct Unreported {
    customer: CustomerId,
    id: MessageId,
    ways: Vec<Channel>,
    at: SystemTime,
}
impl Work for Unreported {
    const NAME: &'static str = "message_unreported";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let Some(message) = message::lock(tx, self.customer, self.id).await? else { return Ok(false) };
        if message.fate != Fate::Accepted || message.passed_on {
            return Ok(false);
        }
        let owner = customer::get(tx, self.customer).await?;
        let ways: Vec<Channel> = self.ways.iter().copied().filter(|way| *way > message.channel).collect();
        if address(tx, &owner, &ways).await?.is_none() {
            return Ok(false);
        }
        apply(tx, message, [Fact::Unreported], self.at).await
    }
}

/// Applies facts to a locked message; whether the next way is asked, or the owner in the place of a contact person.
pub(crate) async fn apply(
    tx: &mut Tx,
    mut message: Message,
    facts: impl IntoIterator<Item = Fact>,
    at: SystemTime,
) -> Result<bool, Stop<Problem>> {
    let (before, mut asked) = (message.passed_on, false);
    for fact in facts {
        let (next, job) = message.on(fact, at);
        message = next;
        if let Some(job) = job {
            job::add(tx, message.customer, &job, at, at)?;
            asked = true;
        }
    }
    message::save(tx, &message);
    let at_its_end = message.passed_on && !before && matches!(message.beside, Some(Beside::Contact(_)));
    if at_its_end && may_be_told_alone(message.kind) {
        // It sees whether the owner was told, or another contact person is.
        let Message { customer, line, order, kind, cause, .. } = message;
        let owners = Job::SendMessage { customer, line, order, kind, cause, after: None };
        asked |= job::again(tx, customer, &owners, at).await?;
    }
    Ok(asked)
}
