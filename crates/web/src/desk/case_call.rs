//! `/desk/customers/{customer}/case`: a case for somebody who calls; and the one about an item of reconciliation.

use super::queue::{me, staff};
use super::reconciliation::{item_with, read_id};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::case_shown::{priority_key, said};
use crate::portal::device_form::Choice;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::support::{NewCall, open_for_caller, open_for_item};
use everline_core::ids::CustomerId;
use everline_core::staff::Permission;
use everline_core::support::{NotTaken, Priority};
use serde::Deserialize;

/// What the call is about, as far as the page before knew.
#[derive(Deserialize, Default)]
pub(crate) struct About {
    #[serde(default)]
    line: String,
    #[serde(default)]
    order: String,
}

#[derive(Template)]
#[template(path = "desk_case_call.html")]
struct CallPage {
    p: Frame,
    back: String,
    action: String,
    id: String,
    about: About,
    subject: String,
    text: String,
    owner_reads: bool,
    priorities: Vec<Choice>,
    error: Option<(&'static str, String)>,
}
impl CallPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

fn id_of(text: &str) -> Result<CustomerId, Problem> {
    text.parse().map_err(|_| Problem::NotFound("customer"))
}

async fn form(web: &Web, visit: &Visit, customer: &str, about: About, problem: Option<Problem>) -> Answer {
    if !staff(web, visit).await?.may(Permission::WorkCases) {
        return Err(Problem::NotAllowed.into());
    }
    let error = match &problem {
        Some(problem) => Some(said(web, visit, problem).ok_or_else(|| Fault::from(problem.clone()))?),
        None => None,
    };
    let field = |name: &str| visit.fields.get(name).to_owned();
    let chosen = Priority::from_word(&field("priority")).unwrap_or(Priority::Normal);
    let priority = |one: Priority| Choice {
        value: one.word().to_owned(),
        label: visit.lang.get(priority_key(one)),
        selected: one == chosen,
    };
    let minted = field("id");
    let base = format!("/desk/customers/{}", id_of(customer)?);
    page_with(
        problem.map_or(StatusCode::OK, |problem| Fault::from(problem).status()),
        &CallPage {
            back: if about.line.is_empty() { base.clone() } else { format!("{base}?line={}", about.line) },
            action: format!("{base}/case"),
            id: if minted.is_empty() { web.app.clock.id().to_string() } else { minted },
            about,
            subject: field("subject"),
            text: field("text"),
            owner_reads: !field("owner_reads").is_empty(),
            priorities: Priority::ALL.into_iter().map(priority).collect(),
            error,
            p: visit.frame(web, visit.lang.get("case-call-title")),
        },
    )
}

/// `GET /desk/customers/{customer}/case`
pub(crate) async fn call(
    State(web): State<Web>,
    visit: Visit,
    Path(customer): Path<String>,
    Query(about): Query<About>,
) -> Answer {
    // What is no id is nothing that exists.
    let known = |text: String| text.parse::<everline_core::ids::RawId>().map(|_| text).unwrap_or_default();
    form(&web, &visit, &customer, About { line: known(about.line), order: known(about.order) }, None).await
}

/// `POST /desk/customers/{customer}/case`
pub(crate) async fn open(State(web): State<Web>, visit: Visit, Path(customer): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let fields = &visit.fields;
    let about = About { line: fields.get("line").to_owned(), order: fields.get("order").to_owned() };
    let whose = id_of(&customer)?;
    match opened(&web, &visit, whose, &about).await {
        Ok(id) => Ok(go(&format!("/desk/cases/{whose}/{id}"))),
        Err(problem) => form(&web, &visit, &customer, about, Some(problem)).await,
    }
}

async fn opened(
    web: &Web,
    visit: &Visit,
    customer: CustomerId,
    about: &About,
) -> Result<everline_core::ids::CaseId, Problem> {
    let fields = &visit.fields;
    let optional = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let line = optional(&about.line).map(|text| text.parse()).transpose();
    let order = optional(&about.order).map(|text| text.parse()).transpose();
    let call = NewCall {
        id: fields.get("id").parse().unwrap_or(everline_core::ids::CaseId(web.app.clock.id())),
        line: line.map_err(|_| Problem::NotFound("line"))?,
        order: order.map_err(|_| Problem::NotFound("order"))?,
        subject: fields.get("subject").to_owned(),
        text: fields.get("text").to_owned(),
        owner_reads: !fields.get("owner_reads").is_empty(),
        priority: Priority::from_word(fields.get("priority")).unwrap_or(Priority::Normal),
    };
    open_for_caller(&web.app, me(visit)?, customer, call).await
}

/// `POST /desk/reconciliation/{item}/case`: opens the case about an item, or leads to it.
pub(crate) async fn of_item(State(web): State<Web>, visit: Visit, Path(item): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let text = visit.fields.get("text");
    match open_for_item(&web.app, me(&visit)?, read_id(&item)?, text).await {
        Ok((customer, id)) => Ok(go(&format!("/desk/cases/{customer}/{id}"))),
        Err(problem @ Problem::NotTaken(NotTaken::Already)) => {
            let why = visit.lang.get("recon-case-there");
            item_with(&web, &visit, &item, (Fault::from(problem).status(), why)).await
        }
        Err(problem) => match said(&web, &visit, &problem) {
            Some((_, why)) => item_with(&web, &visit, &item, (Fault::from(problem).status(), why)).await,
            None => Err(problem.into()),
        },
    }
}
