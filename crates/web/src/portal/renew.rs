//! `/lines/{line}/renew`: what can be bought, what it would mean, and the order. The last plan is chosen already.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::in_wechat::ask_who;
use crate::portal::line::line_id;
use crate::portal::line_shown::{line_name, number, way_back};
use crate::portal::offering_shown::{ChosenShown, RenewForm, contents, groups, owner_terms, reference, why_not};
use crate::portal::pay::{Offered, PayBy, methods, pay_by, remembers};
use crate::seal::{order_ticket, ticket_order};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::catalog::{Choice, Choices, offerings};
use everline_app::line_history::{last_plan, line_history};
use everline_app::place_order::{NewOrder, place_order};
use everline_app::profile::profile;
use everline_core::customer::CustomerKind;
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::offering::{Offering, OfferingKind, OfferingRef};
use everline_core::order::PlacedBy;
use everline_core::quote::{Change, Quote};
use serde::Deserialize;

/// Which offering an address asks about.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) offering: String,
}

#[derive(Template)]
#[template(path = "renew.html")]
struct RenewPage {
    p: Frame,
    f: RenewForm,
    back: String,
    /// Why it must be renewed, and what works until then.
    note: Option<String>,
}

/// `GET /lines/{line}/renew`
pub(crate) async fn renew(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let asked = reference(&asked.offering);
    show_form(&web, &visit, (customer, line), asked, Trouble::default()).await
}

/// What was wrong with the form that was sent.
#[derive(Default)]
struct Trouble {
    status: Option<StatusCode>,
    error: Option<String>,
    terms_error: Option<String>,
}

async fn show_form(
    web: &Web,
    visit: &Visit,
    (customer, line): (CustomerId, LineId),
    asked: Option<OfferingRef>,
    trouble: Trouble,
) -> Answer {
    let Choices { line, choices, credit } = offerings(&web.app, customer, line).await?;
    let history = line_history(&web.app, customer, line.id).await?;
    let chosen = choose(&choices, asked.as_ref(), last_plan(&history));
    let show = visit.show(web);
    let path = format!("/lines/{}/renew", line.id);
    let all = choices.iter().map(|choice| (&choice.offering, choice.quote.as_ref().err().copied()));
    let groups = groups(&show, &path, chosen.map(|choice| &choice.offering.reference), all);
    let mut error = trouble.error;
    let chosen = match chosen.map(|choice| (&choice.offering, &choice.quote)) {
        Some((offering, Ok(quote))) => {
            let ticket = order_ticket(&web.app, customer, line.id).ok_or(Problem::Busy)?;
            let covers = credit.micros() >= quote.price.micros() && offering.kind != OfferingKind::TopUp;
            let followed = followed(quote, &choices);
            let offered = Offered {
                credit: covers.then_some(credit),
                vouchers: offering.kind != OfferingKind::TopUp,
                transfers: profile(&web.app, customer).await?.kind == CustomerKind::Organisation,
            };
            Some(chosen_shown(web, visit, offering, (quote, followed), offered, ticket))
        }
        Some((_, Err(reason))) => {
            error = error.or_else(|| Some(visit.lang.get(why_not(*reason))));
            None
        }
        None => {
            error = error.or_else(|| asked.is_some().then(|| visit.lang.get("renew-asked-gone")));
            None
        }
    };
    let f = RenewForm {
        action: path,
        line: line_name(&line),
        number: number(&line.msisdn),
        groups,
        chosen,
        error,
        terms_error: trouble.terms_error,
        remembers: remembers(web),
        device: None,
    };
    let p = visit.frame(web, visit.lang.get("renew-title"));
    let template = RenewPage { p, f, back: format!("/lines/{}", line.id), note: way_back(&show, &line) };
    page_with(trouble.status.unwrap_or(StatusCode::OK), &template)
}

/// The offering asked for and no other; if none was, the last plan, else the first that can be bought.
fn choose<'a>(choices: &'a [Choice], asked: Option<&OfferingRef>, last: Option<&str>) -> Option<&'a Choice> {
    if let Some(asked) = asked {
        return choices.iter().find(|choice| choice.offering.reference == *asked);
    }
    let last = || choices.iter().find(|choice| Some(choice.offering.reference.code.as_str()) == last);
    last().filter(|choice| choice.quote.is_ok()).or_else(|| choices.iter().find(|choice| choice.quote.is_ok()))
}

/// The offering that runs until the chosen one begins, where it is another.
fn followed<'a>(quote: &Quote, choices: &'a [Choice]) -> Option<&'a Offering> {
    let Change::Follows(before) = &quote.change else { return None };
    choices.iter().map(|choice| &choice.offering).find(|offering| offering.reference.code == before.code)
}

fn chosen_shown(
    web: &Web,
    visit: &Visit,
    offering: &Offering,
    (quote, follows): (&Quote, Option<&Offering>),
    offered: Offered,
    ticket: String,
) -> ChosenShown {
    let (show, tag) = (visit.show(web), visit.lang.tag());
    let follows = follows.map(|offering| offering.name.get(tag));
    ChosenShown {
        reference: offering.reference.to_string(),
        name: offering.name.get(tag).to_owned(),
        contents: contents(&show, offering),
        price: show.money(quote.price),
        terms: owner_terms(&show, offering, quote, follows),
        terms_version: quote.terms_version.clone(),
        terms_accepted: visit.fields.get("terms") == quote.terms_version,
        methods: methods(web, visit, offered),
        ticket,
    }
}

/// What a sent form asks for.
pub(crate) struct Sent {
    pub(crate) offering: OfferingRef,
    pub(crate) by: PayBy,
    pub(crate) terms: String,
    pub(crate) order: OrderId,
}

/// Reads a form for a line of a customer's. A form with another ticket than ours is not ours.
pub(crate) fn sent(web: &Web, visit: &Visit, customer: CustomerId, line: LineId) -> Result<Sent, Fault> {
    let fields = &visit.fields;
    let order = ticket_order(&web.app, customer, line, fields.get("ticket")).ok_or(Fault::Foreign)?;
    let offering = reference(fields.get("offering")).ok_or(Problem::NotFound("offering"))?;
    let by = match fields.get("method") {
        "" => PayBy::first(web, visit)?,
        word => PayBy::from_word(word)?,
    };
    let by = by.remembering(!fields.get("remember").is_empty());
    Ok(Sent { offering, by, terms: fields.get("terms").to_owned(), order })
}

/// `POST /lines/{line}/renew`: places the order, starts the payment, and goes to the order's page, whatever became of
/// the payment: that page says it, and how to go on.
pub(crate) async fn place(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let Sent { offering, by, terms, order } = sent(&web, &visit, customer, line)?;
    if terms.is_empty() {
        let terms_error = Some(visit.lang.get("renew-terms-needed"));
        let trouble = Trouble { status: Some(StatusCode::UNPROCESSABLE_ENTITY), terms_error, ..Trouble::default() };
        return show_form(&web, &visit, (customer, line), Some(offering), trouble).await;
    }
    let new = NewOrder {
        id: order,
        customer,
        line,
        offering: offering.clone(),
        terms_version: terms,
        placed_by: PlacedBy::Owner,
        token: None,
        from: Some(visit.address),
    };
    match place_order(&web.app, new).await {
        Ok(order) => {
            let path = format!("/orders/{}", order.id);
            if let Some(there) = ask_who(&web, &visit, by, &path) {
                return Ok(there);
            }
            let started = pay_by(&web, &visit, (customer, order.id), by).await;
            if let Err(problem) = started {
                tracing::info!(problem = problem.word(), "a payment did not start at once");
            }
            Ok(go(&path))
        }
        Err(problem @ (Problem::NotSellable(_) | Problem::TermsChanged)) => {
            let error = match &problem {
                Problem::NotSellable(reason) => why_not(*reason),
                _ => "renew-terms-changed",
            };
            let (status, error) = (Some(Fault::from(problem).status()), Some(visit.lang.get(error)));
            let trouble = Trouble { status, error, terms_error: None };
            show_form(&web, &visit, (customer, line), Some(offering), trouble).await
        }
        Err(problem) => Err(problem.into()),
    }
}
