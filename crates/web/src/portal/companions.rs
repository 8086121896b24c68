//! `/lines/{line}/devices`: other devices that have a line's number.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::device_form::{DeviceForm, not_checked, sent_device};
use crate::portal::esim::code_page;
use crate::portal::line::line_id;
use crate::portal::line_shown::line_name;
use crate::seal::{companion_ticket, ticket_companion};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::companion::{add_companion, companion_code, companions, remove_companion};
use everline_app::sessions::may_change;
use everline_core::account::Change;
use serde::Deserialize;

struct Beside {
    title: String,
    iccid: String,
    has_code: bool,
}

#[derive(Template)]
#[template(path = "companions.html")]
struct Devices {
    p: Frame,
    back: String,
    base: String,
    line: String,
    beside: Vec<Beside>,
    /// What is asked of another device, where there is room for one.
    add: Option<DeviceForm>,
    ticket: String,
    done: Option<String>,
    error: Option<String>,
}

/// What was done before coming here.
#[derive(Deserialize, Default)]
pub(crate) struct Came {
    #[serde(default)]
    done: String,
}

/// What was wrong with the form that was sent.
#[derive(Default)]
struct Trouble {
    status: Option<StatusCode>,
    device: Option<String>,
    error: Option<String>,
}

async fn show(web: &Web, visit: &Visit, id: &str, done: &str, trouble: Trouble) -> Answer {
    let found = companions(&web.app, visit.customer()?, line_id(id)?).await?;
    let numbered = (1_i64..).zip(found.beside);
    let beside = numbered.map(|(number, (iccid, has_code))| Beside {
        title: visit.say("companion-number", &[("number", Arg::Count(number))]),
        iccid: iccid.as_str().to_owned(),
        has_code,
    });
    let done = match done {
        "added" => Some(visit.lang.get("companion-added")),
        "removed" => Some(visit.lang.get("companion-removed")),
        _ => None,
    };
    let back = format!("/lines/{}", found.line.id);
    let template = Devices {
        p: visit.frame(web, visit.lang.get("companion-title")),
        base: format!("{back}/devices"),
        line: line_name(&found.line),
        beside: beside.collect(),
        add: found.room.then(|| DeviceForm::of(visit, true, trouble.device)),
        ticket: companion_ticket(&web.app, found.line.id).ok_or(Problem::Busy)?,
        done,
        error: trouble.error,
        back,
    };
    page_with(trouble.status.unwrap_or(StatusCode::OK), &template)
}

/// `GET /lines/{line}/devices`: for its owner who was proved just now, as what can be done here gives the number away.
pub(crate) async fn devices(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(came): Query<Came>,
) -> Answer {
    // Another's line is not there, however one is proved.
    companions(&web.app, visit.customer()?, line_id(&id)?).await?;
    may_change(&web.app, visit.session()?, Change::Access).await?;
    show(&web, &visit, &id, &came.done, Trouble::default()).await
}

/// `POST /lines/{line}/devices`
pub(crate) async fn add(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = line_id(&id)?;
    companions(&web.app, visit.customer()?, line).await?;
    let check = match sent_device(&visit.fields) {
        Ok(check) => check,
        Err(why) => {
            let device = Some(visit.lang.get(not_checked(why)));
            let trouble = Trouble { status: Some(StatusCode::UNPROCESSABLE_ENTITY), device, error: None };
            return show(&web, &visit, &id, "", trouble).await;
        }
    };
    let ticket = ticket_companion(&web.app, line, visit.fields.get("ticket")).ok_or(Fault::Foreign)?;
    let problem = match add_companion(&web.app, visit.session()?, (line, ticket), check).await {
        Ok(()) => return Ok(go(&format!("/lines/{line}/devices?done=added"))),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::SoldOut => "problem-sold-out-do",
        Problem::Invalid { field: "line", .. } => "companion-no-room",
        _ => return Err(problem.into()),
    };
    let error = Some(visit.lang.get(error));
    let trouble = Trouble { status: Some(Fault::from(problem).status()), device: None, error };
    show(&web, &visit, &id, "", trouble).await
}

/// `POST /lines/{line}/devices/{iccid}/remove`
pub(crate) async fn remove(State(web): State<Web>, visit: Visit, Path((id, iccid)): Path<(String, String)>) -> Answer {
    let line = line_id(&id)?;
    companions(&web.app, visit.customer()?, line).await?;
    remove_companion(&web.app, visit.session()?, line, &iccid).await?;
    Ok(go(&format!("/lines/{line}/devices?done=removed")))
}

/// `GET /lines/{line}/devices/{iccid}/code`
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Path((id, iccid)): Path<(String, String)>) -> Answer {
    let line = line_id(&id)?;
    let found = companions(&web.app, visit.customer()?, line).await?;
    let code = companion_code(&web.app, visit.session()?, line, &iccid).await?;
    code_page(&web, &visit, &line_name(&found.line), &code, format!("/lines/{line}/devices"))
}
