//! Telling people: a template and its parameters, never free text; the same message twice is one message.

use crate::jobs::Done;
use crate::ports::{MessageFate, OutgoingMessage};
use crate::{App, Problem};
use everline_core::auto_renew::{PayWith, State};
use everline_core::brand::Brand;
use everline_core::effects::MessageKind;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, JobId, LineId, MessageId, OrderId};
use everline_core::line::LineState;
use everline_core::refund::{OtherWay, Refund};
use everline_core::time::{BusinessTime, SystemTime, Zone};
use everline_store::tables::{auto_renew, catalog, customer, directory, line, order, payment, payment_method, usage};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// How often a message is tried before people must look.
const RUNS_MAX: i64 = 10;

/// A message to be sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToSend {
    pub(crate) job: JobId,
    pub(crate) customer: CustomerId,
    pub(crate) line: LineId,
    pub(crate) order: Option<OrderId>,
    pub(crate) kind: MessageKind,
    pub(crate) cause: JobId,
    pub(crate) run: i64,
}

/// Sends it once. A customer without a contact number is told nothing.
pub(crate) async fn send_message(app: &App, to_send: ToSend) -> Result<Done, Problem> {
    let compose = Compose { to_send, brand: app.brand.clone(), zone: app.zone.clone() };
    let Some(message) = app.store.read(compose).await? else { return Ok(Done::Finished) };
    match app.ports.messenger.send(&message).await {
        MessageFate::Accepted => {
            app.store.transact(Sent { to_send, at: app.clock.now().system }).await?;
            Ok(Done::Finished)
        }
        MessageFate::Refused => Ok(Done::GaveUp("the message was refused")),
        MessageFate::Unknown if to_send.run >= RUNS_MAX => Ok(Done::GaveUp("the message provider gave no answer")),
        MessageFate::Unknown => Ok(Done::retry(app, to_send.run, "the message provider gave no answer")),
    }
}

struct Compose {
    to_send: ToSend,
    brand: Arc<Brand>,
    zone: Zone,
}
impl Work for Compose {
    const NAME: &'static str = "compose_message";
    type Out = Option<OutgoingMessage>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let ToSend { job, customer, line, order, kind, cause, .. } = self.to_send;
        let owner = customer::get(tx, customer).await?;
        let Some(to) = owner.contact else { return Ok(None) };
        // A number that was given up is nobody's address any more, and may be somebody else's by now.
        let login = directory::find(tx, directory::Name::Login, to.as_str()).await?;
        if login.is_none_or(|(whose, _)| whose != customer) {
            return Ok(None);
        }
        let Some(line) = line::get(tx, customer, line).await? else { return Ok(None) };
        let kept = matches!(line.state, LineState::NumberKept { .. });
        if matches!(kind, MessageKind::NumberKept | MessageKind::NumberEnds) && !kept {
            return Ok(None); // it was renewed, or given up, meanwhile
        }
        let kept_until = line.state.until().filter(|_| kept).map(|at| self.day(at));
        let mut parameters = vec![
            ("brand", self.brand.name.get(&owner.language).to_owned()),
            ("hotline", self.brand.hotline.clone()),
            ("kept_until", kept_until.unwrap_or_else(|| "open".to_owned())),
            ("line", line_name(&line.name, &line.msisdn)),
            ("line_id", line.id.to_string()),
            ("until", line.service_until.map(|at| self.day(at)).unwrap_or_default()),
        ];
        if matches!(kind, MessageKind::AutoRenewNotice | MessageKind::AutoRenewConsent | MessageKind::AutoRenewFailed) {
            let Some(said) = self.renewal(tx, customer, line.id, kind, &owner.language).await? else { return Ok(None) };
            parameters.extend(said);
        }
        if let Some(order) = order {
            let order = order::get(tx, customer, order).await?.ok_or(Stop::Refused(Problem::NotFound("order")))?;
            let offering = catalog::offering(tx, &order.offering).await?;
            parameters.push(("offering", offering.name.get(&owner.language).to_owned()));
            // What goes back may be a part of the price.
            let told = |refund: &Refund| refund.told_as(kind) == cause || refund.attempt.0 == cause.0;
            let refunds = payment::refunds_of_order(tx, customer, order.id).await?;
            let refund = refunds.iter().find(|refund| told(refund));
            let amount = refund.map_or(order.price, |refund| refund.amount);
            let way = refund.and_then(|refund| OtherWay::of(refund.state)).map(OtherWay::word);
            parameters.extend(way.map(|way| ("way", way.to_owned())));
            parameters.push(("amount", amount.decimal()));
            parameters.push(("ends", order.ends_at.map(|at| self.day(at)).unwrap_or_default()));
            parameters.push(("order", order.number));
            parameters.push(("order_id", order.id.to_string()));
        }
        let id = MessageId(job.0);
        Ok(Some(OutgoingMessage { id, to, template: kind.word(), parameters, language: owner.language }))
    }
}
impl Compose {
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
            ("price", offering.price.decimal()),
            ("agreed", setting.consent.price.decimal()),
            ("debit_on", debit_at.map(|at| self.day(at)).unwrap_or_default()),
            ("first_method", methods.first().cloned().unwrap_or_else(|| "none".to_owned())),
            ("more_methods", methods.len().saturating_sub(1).to_string()),
            ("offering_ref", offering.reference.to_string()),
        ]))
    }
    fn day(&self, at: BusinessTime) -> String {
        self.zone.date(at).to_string()
    }
}

/// What people call a line: its name, or its number masked.
#[must_use]
pub fn line_name(name: &str, msisdn: &Msisdn) -> String {
    if name.is_empty() { msisdn.masked() } else { name.to_owned() }
}

struct Sent {
    to_send: ToSend,
    at: SystemTime,
}
impl Work for Sent {
    const NAME: &'static str = "message_sent";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let ToSend { job, customer, line, order, kind, .. } = self.to_send;
        usage::add_message(tx, MessageId(job.0), customer, line, order, kind.word(), self.at);
        Ok(())
    }
}
