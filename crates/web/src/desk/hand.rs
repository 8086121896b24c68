//! What staff do for a caller about one line: send a link to pay, put another card in, offer it to another owner. The last two
//! only for a caller who proved by a code to be its owner.

use super::customer::{Did, again, id_of};
use super::order::Wrong;
use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::go;
use crate::portal::account::moment;
use crate::portal::device_form::Choice;
use crate::portal::line::line_id;
use crate::portal::offering_shown::reference;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::lifecycle_command::Seen;
use everline_app::ownership::{offer_for_caller, open_offer, withdraw_by_staff};
use everline_app::pay_link::{NewLink, Sendable, send_pay_link, sendable};
use everline_app::replace_sim::replace_for_caller;
use everline_core::ids::{CustomerId, RawId};
use everline_core::lifecycle::NoHandOver;
use everline_core::line::{Line, LineState, NetworkKind, SuspendCause};
use everline_core::staff::Permission;
use everline_core::time::BusinessTime;

/// What can be done for whoever calls about a line.
pub(super) struct LineCard {
    /// Where the forms go.
    pub(super) base: String,
    /// What the page shows of the line.
    pub(super) state: &'static str,
    pub(super) since: i64,
    /// Whether the caller proved to be its owner.
    pub(super) proved: bool,
    pub(super) link: Option<LinkForm>,
    /// A card takes the lost one's place.
    pub(super) card: Option<HandForm>,
    pub(super) offer: Option<HandForm>,
    /// What is open: its id, to whom, until when.
    pub(super) open: Option<(String, String, String)>,
    /// Why the open offer was not taken back.
    pub(super) not_withdrawn: Option<String>,
}

/// The form by which a link to pay is sent.
pub(super) struct LinkForm {
    pub(super) id: String,
    pub(super) offerings: Vec<Choice>,
    pub(super) to: Vec<Choice>,
    pub(super) wrong: Option<Wrong>,
}

/// A form with what was typed.
pub(super) struct HandForm {
    pub(super) id: String,
    pub(super) typed: String,
    pub(super) reason: String,
    pub(super) wrong: Option<Wrong>,
}
impl HandForm {
    /// Why a field cannot be used.
    pub(super) fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|wrong| wrong.field == field).map(|wrong| wrong.why.as_str())
    }
}

/// The card of a line; nothing for one that nobody owns any more or yet.
pub(super) async fn line_card(
    web: &Web,
    visit: &Visit,
    (customer, line): (CustomerId, &Line),
    proved: bool,
    wrong: Option<&Wrong>,
) -> Result<Option<LineCard>, Fault> {
    let idle = matches!(line.state, LineState::Stock | LineState::Reserved { .. } | LineState::Test { .. });
    if idle || line.state.over() {
        return Ok(None);
    }
    let found = sendable(&web.app, me(visit)?, (customer, line.id)).await?;
    let open = open_offer(&web.app, customer, line.id).await?;
    let form = |name: &str, typed: &'static str| {
        let wrong = wrong.filter(|wrong| wrong.form == name);
        let kept = |field| wrong.map(|_| visit.fields.get(field).to_owned()).unwrap_or_default();
        let id = web.app.clock.id().to_string();
        HandForm { id, typed: kept(typed), reason: kept("reason"), wrong: wrong.map(Wrong::copy) }
    };
    let lost = line.state == LineState::Suspended(SuspendCause::Lost) && line.network == NetworkKind::BuiltIn;
    Ok(Some(LineCard {
        base: format!("/desk/customers/{customer}/lines/{}", line.id),
        state: line.state.word(),
        since: line.state_since.us(),
        proved,
        link: link_form(web, visit, found, wrong),
        card: lost.then(|| form("card", "iccid")),
        offer: open.is_none().then(|| form("offer", "contact")),
        open: open.map(|open| (open.id.to_string(), open.contact.masked(), moment(web, visit, open.due_at))),
        not_withdrawn: wrong.filter(|wrong| wrong.form == "withdraw").map(|wrong| wrong.why.clone()),
    }))
}

fn link_form(web: &Web, visit: &Visit, found: Sendable, wrong: Option<&Wrong>) -> Option<LinkForm> {
    let Sendable { offerings, contacts, owner } = found;
    let wrong = wrong.filter(|wrong| wrong.form == "link");
    let chosen = |field, value: &str| wrong.is_some() && visit.fields.get(field) == value;
    let (show, tag) = (visit.show(web), visit.lang.tag());
    let offerings: Vec<Choice> = offerings
        .iter()
        .map(|one| {
            let value = one.reference.to_string();
            let label = format!("{} · {}", one.name.get(tag), show.money(one.price));
            Choice { selected: chosen("offering", &value), value, label }
        })
        .collect();
    let named = |key: &str, number: &str| visit.say(key, &[("name", Arg::Text(number))]);
    let owner = owner.map(|number| (String::new(), named("desk-link-owner", &number)));
    let contacts = contacts.into_iter().map(|(id, number)| (id.to_string(), named("desk-link-contact", &number)));
    let to: Vec<Choice> = owner
        .into_iter()
        .chain(contacts)
        .map(|(value, label)| Choice { selected: chosen("contact", &value), value, label })
        .collect();
    let id = web.app.clock.id().to_string();
    (!offerings.is_empty() && !to.is_empty()).then(|| LinkForm { id, offerings, to, wrong: wrong.map(Wrong::copy) })
}

/// What a form says that its page showed of the line.
fn seen(visit: &Visit) -> Seen {
    let since = BusinessTime::from_us(visit.fields.get("since").parse().unwrap_or(0));
    (visit.fields.get("state").to_owned(), since)
}

/// Who may act on lines, before what they typed is looked at.
async fn may_act(web: &Web, visit: &Visit) -> Result<RawId, Problem> {
    let who = staff(web, visit).await?;
    if who.may(Permission::ActOnLine) { Ok(who.id) } else { Err(Problem::NotAllowed) }
}

/// `POST /desk/customers/{customer}/lines/{line}/pay-link`
pub(crate) async fn pay_link(State(web): State<Web>, visit: Visit, Path((id, line)): Path<(String, String)>) -> Answer {
    let by = may_act(&web, &visit).await?;
    let field = |name| visit.fields.get(name);
    let of = (id_of(&id)?, line_id(&line)?);
    let contact = match field("contact") {
        "" => None,
        text => Some(text.parse().map_err(|_| Problem::NotFound("contact"))?),
    };
    let order = Some(field("order").to_owned()).filter(|number| !number.is_empty());
    let outcome = match (field("id").parse(), reference(field("offering"))) {
        (Ok(id), Some(offering)) => {
            let new = NewLink { id, offering, order, contact, seen: Some(seen(&visit)) };
            send_pay_link(&web.app, by, of, new).await.map(|_| ())
        }
        _ => Err(Problem::Invalid { field: "offering", rule: "one of those that the page shows" }),
    };
    let problem = match outcome {
        Ok(()) => return Ok(go(&format!("/desk/customers/{id}?line={line}&done=link"))),
        Err(problem) => problem,
    };
    let key = match &problem {
        Problem::Invalid { .. } => "desk-command-which",
        Problem::NotSellable(_) => "problem-not-sellable-do",
        Problem::NotFound("contact") => "desk-link-nobody",
        Problem::TooMany { .. } => "desk-link-too-many",
        Problem::OrderClosed => "problem-order-closed-do",
        Problem::AlreadyPaid => "problem-already-paid-do",
        Problem::ExistsDifferently(_) => "desk-refund-wrong-id",
        Problem::Stale => return stale(&web, &visit, &id, "link").await,
        _ => return Err(problem.into()),
    };
    wrong(&web, &visit, &id, problem, ("link", "offering", key)).await
}

/// `POST /desk/customers/{customer}/lines/{line}/card`: a card that the caller has at hand takes the lost one's place.
pub(crate) async fn card(State(web): State<Web>, visit: Visit, Path((id, line)): Path<(String, String)>) -> Answer {
    let by = may_act(&web, &visit).await?;
    let of = (id_of(&id)?, line_id(&line)?);
    let card = (visit.fields.get("iccid"), visit.fields.get("secret"));
    let said = (seen(&visit), visit.fields.get("reason"));
    let problem = match replace_for_caller(&web.app, by, of, card, said).await {
        Ok(_) => return Ok(go(&format!("/desk/customers/{id}?line={line}&done=card"))),
        Err(problem) => problem,
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "reason", .. } => ("reason", "desk-command-reason-needed"),
        Problem::Invalid { field: "iccid", .. } => ("iccid", "claim-iccid-wrong"),
        Problem::Invalid { field: "secret", .. } => ("secret", "claim-secret-needed"),
        Problem::Invalid { rule: "other-network", .. } => ("iccid", "replace-other-network"),
        Problem::Invalid { .. } => ("iccid", "replace-report-first"),
        Problem::NotClaimed(_) => ("iccid", "replace-no-such"),
        Problem::NotHandedOver(_) => ("iccid", "replace-underway"),
        Problem::TooMany { .. } => ("iccid", "claim-too-many"),
        Problem::Stale => return stale(&web, &visit, &id, "card").await,
        problem => match unproved(problem) {
            Some(key) => ("iccid", key),
            None => return Err(problem.clone().into()),
        },
    };
    wrong(&web, &visit, &id, problem, ("card", field, key)).await
}

/// `POST /desk/customers/{customer}/lines/{line}/offer`: the line is offered to whoever has a number.
pub(crate) async fn offer(State(web): State<Web>, visit: Visit, Path((id, line)): Path<(String, String)>) -> Answer {
    let by = may_act(&web, &visit).await?;
    let of = (id_of(&id)?, line_id(&line)?);
    let said = (seen(&visit), visit.fields.get("reason"));
    let outcome = match visit.fields.get("id").parse() {
        Ok(offer) => offer_for_caller(&web.app, by, of, (offer, visit.fields.get("contact")), said).await,
        Err(_) => Err(Problem::ExistsDifferently("offer")),
    };
    let problem = match outcome {
        Ok(()) => return Ok(go(&format!("/desk/customers/{id}?line={line}&done=offered"))),
        Err(problem) => problem,
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "reason", .. } => ("reason", "desk-command-reason-needed"),
        Problem::Invalid { field: "contact", rule: "your-own" } => ("contact", "owner-own-number"),
        Problem::Invalid { field: "contact", .. } => ("contact", "sign-in-phone-wrong"),
        Problem::Invalid { .. } => ("contact", "owner-is-login"),
        Problem::NotHandedOver(NoHandOver::Underway) => ("contact", "owner-underway"),
        Problem::NotHandedOver(NoHandOver::PlanRuns) => ("contact", "owner-plan-runs"),
        Problem::NotHandedOver(NoHandOver::CorrectionOpen) => ("contact", "owner-correction-open"),
        Problem::NotHandedOver(NoHandOver::State(_)) => ("contact", "owner-state"),
        Problem::ExistsDifferently(_) => ("contact", "desk-refund-wrong-id"),
        Problem::Stale => return stale(&web, &visit, &id, "offer").await,
        problem => match unproved(problem) {
            Some(key) => ("contact", key),
            None => return Err(problem.clone().into()),
        },
    };
    wrong(&web, &visit, &id, problem, ("offer", field, key)).await
}

/// `POST /desk/customers/{customer}/lines/{line}/offer/withdraw`
pub(crate) async fn withdraw(State(web): State<Web>, visit: Visit, Path((id, line)): Path<(String, String)>) -> Answer {
    let by = may_act(&web, &visit).await?;
    let of = (id_of(&id)?, line_id(&line)?);
    let offer: RawId = visit.fields.get("offer").parse().map_err(|_| Problem::OfferOver)?;
    match withdraw_by_staff(&web.app, by, of, offer).await {
        Ok(()) => Ok(go(&format!("/desk/customers/{id}?line={line}&done=withdrawn"))),
        Err(problem @ Problem::OfferOver) => {
            wrong(&web, &visit, &id, problem, ("withdraw", "offer", "desk-offer-over")).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The key of why a proof is not enough.
const fn unproved(problem: &Problem) -> Option<&'static str> {
    match problem {
        Problem::ProveFirst => Some("desk-hand-prove-first"),
        Problem::SecondFactor => Some("desk-hand-second-factor"),
        Problem::HeldBack { .. } => Some("desk-hand-held-back"),
        Problem::NumberLost => Some("desk-hand-number-lost"),
        _ => None,
    }
}

async fn stale(web: &Web, visit: &Visit, id: &str, form: &'static str) -> Answer {
    let status = Fault::from(Problem::Stale).status();
    again(web, visit, id, status, Did::wrong(form, "stale", String::new())).await
}

async fn wrong(
    web: &Web,
    visit: &Visit,
    id: &str,
    problem: Problem,
    (form, field, key): (&'static str, &'static str, &str),
) -> Answer {
    let did = Did::wrong(form, field, visit.lang.get(key));
    again(web, visit, id, Fault::from(problem).status(), did).await
}
