//! `/desk/recovery`: people who ask to be let in, and what operators decide about them.

use super::queue::{me, more_waits, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::{Problem, recovery};
use everline_core::account::{NotRecovered, RecoveryState};
use everline_core::customer::masked_name;
use everline_core::ids::{CustomerId, RawId};
use everline_core::staff::Permission;

struct Row {
    action: String,
    name: String,
    account: String,
    contact: String,
    reason: String,
    asked: String,
    due: String,
    ready: bool,
    /// What was typed to decide about it, and what is wrong with that.
    note: String,
    wrong: Option<String>,
}

/// What is wrong with a decision: the request it was about, by its address, and why.
type Wrong<'a> = (&'a str, &'static str);

#[derive(Template)]
#[template(path = "desk_recovery.html")]
struct Recoveries {
    p: Frame,
    rows: Vec<Row>,
    /// What is said if more waits.
    more: Option<String>,
    decides: bool,
    error: Option<String>,
}

async fn recoveries(web: &Web, visit: &Visit, wrong: Option<Wrong<'_>>) -> Result<Recoveries, Fault> {
    let member = staff(web, visit).await?;
    let open = recovery::open_recoveries(&web.app, me(visit)?).await?;
    let decides = member.may(Permission::DecideRecovery);
    let why = wrong.map(|(_, key)| visit.lang.get(key));
    let rows = open.rows.iter().map(|open| {
        let action = format!("/desk/recovery/{}/{}", open.customer.id, open.request.id);
        let typed = wrong.is_some_and(|(about, _)| about == action);
        Row {
            note: if typed { visit.fields.get("note").to_owned() } else { String::new() },
            wrong: why.clone().filter(|_| typed),
            action,
            name: masked_name(&open.customer.name),
            account: open.customer.contact.as_ref().map(everline_core::identifiers::Msisdn::masked).unwrap_or_default(),
            contact: if decides { open.request.contact.as_str().to_owned() } else { open.request.contact.masked() },
            reason: open.request.reason.clone().unwrap_or_default(),
            asked: moment(web, visit, open.request.asked_at),
            due: moment(web, visit, open.request.due_at),
            ready: open.request.state == RecoveryState::Ready,
        }
    });
    let rows: Vec<Row> = rows.collect();
    Ok(Recoveries {
        // What is not here any more has no field to say it at.
        error: why.filter(|_| rows.iter().all(|row| row.wrong.is_none())),
        rows,
        more: more_waits(visit, &open),
        decides,
        p: visit.frame(web, visit.lang.get("desk-recovery-title")),
    })
}

/// `GET /desk/recovery`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    page(&recoveries(&web, &visit, None).await?)
}

/// `POST /desk/recovery/{customer}/{request}`
pub(crate) async fn decide(
    State(web): State<Web>,
    visit: Visit,
    Path((customer, request)): Path<(String, String)>,
) -> Answer {
    staff(&web, &visit).await?;
    let not_found = |_| Problem::NotFound("request");
    let customer: RawId = customer.parse().map_err(not_found)?;
    let request: RawId = request.parse().map_err(not_found)?;
    let complete = match visit.fields.get("verdict") {
        "complete" => true,
        "refuse" => false,
        _ => return Err(Problem::Invalid { field: "verdict", rule: "complete or refuse" }.into()),
    };
    let note = visit.fields.get("note");
    let problem = match recovery::decide(&web.app, (CustomerId(customer), request), complete, note, me(&visit)?).await {
        Ok(()) => return Ok(go("/desk/recovery")),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { field: "contact", .. } => "desk-recovery-taken",
        Problem::Invalid { .. } => "desk-recovery-note-wrong",
        Problem::NotRecovered(NotRecovered::TooEarly) => "desk-recovery-too-early",
        Problem::NotRecovered(NotRecovered::Over) => "desk-recovery-over",
        _ => return Err(problem.into()),
    };
    let about = format!("/desk/recovery/{customer}/{request}");
    page_with(Fault::from(problem).status(), &recoveries(&web, &visit, Some((&about, error))).await?)
}
