//! `/desk/identity`: documents that nobody could prove, and corrections that people decide about. Operators only.

use super::queue::{me, more_waits, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::portal::identity::{kind_name, masked_number};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::identity as app;
use everline_core::identity::{Field, Person};
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::SystemTime;

struct Row {
    action: String,
    /// Tells what is decided about from what the customer says later.
    said_at: i64,
    title: String,
    name: String,
    document: String,
    before: Option<(String, String)>,
    reason: Option<String>,
    asked: String,
    /// Where its papers are.
    papers: Option<String>,
    /// What was typed to decide about it, and what is wrong with that.
    note: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_identity.html")]
struct Identities {
    p: Frame,
    rows: Vec<Row>,
    /// What is said if more waits.
    more: Option<String>,
    error: Option<String>,
}

/// What is wrong with a decision: the request it was about, by its address, and why.
type Wrong<'a> = (&'a str, &'static str);

async fn identities(web: &Web, visit: &Visit, wrong: Option<Wrong<'_>>) -> Result<Identities, Fault> {
    staff(web, visit).await?;
    let why = wrong.map(|(_, key)| visit.lang.get(key));
    let all = app::queue(&web.app, me(visit)?).await?;
    let document = |person: &Person, born: bool| {
        let document = format!("{} · {}", kind_name(web, visit, &person.kind), masked_number(&person.number));
        if born { format!("{document} · {}", person.born) } else { document }
    };
    let rows = all.rows.iter().map(|row| {
        let correction = row.correction.as_ref().map(|(_, correction)| correction);
        let id = correction.map_or_else(|| "said".to_owned(), |correction| correction.id.to_string());
        let title = match correction.map(|correction| correction.field) {
            None => "desk-identity-said",
            Some(Field::Name) => "desk-identity-name",
            Some(Field::Document) => "desk-identity-document",
            Some(Field::Born) => "desk-identity-born",
        };
        let born = correction.is_some_and(|correction| correction.field == Field::Born);
        let action = format!("/desk/identity/{}/{id}", row.customer.id);
        let typed = wrong.is_some_and(|(about, _)| about == action);
        Row {
            note: if typed { visit.fields.get("note").to_owned() } else { String::new() },
            wrong: why.clone().filter(|_| typed),
            action,
            said_at: row.asked_at.us(),
            title: visit.lang.get(title),
            name: row.person.name.clone(),
            document: document(&row.person, born),
            before: row.correction.as_ref().map(|(before, _)| (before.name.clone(), document(before, born))),
            reason: correction.and_then(|correction| correction.reason.clone()),
            asked: moment(web, visit, row.asked_at),
            papers: row.papers.map(|case| format!("/desk/cases/{}/{case}", row.customer.id)),
        }
    });
    let rows: Vec<Row> = rows.collect();
    Ok(Identities {
        // What is not here any more has no field to say it at.
        error: why.filter(|_| rows.iter().all(|row| row.wrong.is_none())),
        rows,
        more: more_waits(visit, &all),
        p: visit.frame(web, visit.lang.get("desk-identity-title")),
    })
}

/// `GET /desk/identity`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    page(&identities(&web, &visit, None).await?)
}

/// `POST /desk/identity/{customer}/{request}`
pub(crate) async fn decide(
    State(web): State<Web>,
    visit: Visit,
    Path((customer, request)): Path<(String, String)>,
) -> Answer {
    staff(&web, &visit).await?;
    let not_found = |_| Problem::NotFound("request");
    let customer: RawId = customer.parse().map_err(not_found)?;
    let correction = if request == "said" { None } else { Some(request.parse::<RawId>().map_err(not_found)?) };
    let said_at = visit.fields.get("said_at").parse().map(SystemTime::from_us);
    let said_at = said_at.map_err(|_| Problem::NotFound("request"))?;
    let accept = match visit.fields.get("verdict") {
        "accept" => true,
        "refuse" => false,
        _ => return Err(Problem::Invalid { field: "verdict", rule: "accept or refuse" }.into()),
    };
    let (which, note) = ((CustomerId(customer), correction), visit.fields.get("note"));
    let problem = match app::decide(&web.app, which, said_at, accept, note, me(&visit)?).await {
        Ok(()) => return Ok(go("/desk/identity")),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { .. } => "desk-recovery-note-wrong",
        Problem::NotFound(_) => "desk-identity-gone",
        _ => return Err(problem.into()),
    };
    let about = format!("/desk/identity/{customer}/{request}");
    page_with(Fault::from(problem).status(), &identities(&web, &visit, Some((&about, error))).await?)
}
