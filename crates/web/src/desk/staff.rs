//! `/desk/staff`: the members of the staff, for whoever manages them.

use super::me::{EventRow, event_row};
use super::queue::{me, role_key, staff as member};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::staff::{self as app, Grounds, Standing};
use everline_core::audit::Actor;
use everline_core::ids::RawId;
use everline_core::staff::Role;

struct RoleChoice {
    word: &'static str,
    name: String,
    here: bool,
}

struct Row {
    login: String,
    name: String,
    state: String,
    active: bool,
    own: bool,
    /// How they are seen, for whoever changes them.
    seen: String,
    roles: Vec<RoleChoice>,
    /// How they signed in last, or tried to.
    events: Vec<EventRow>,
}

#[derive(Template)]
#[template(path = "desk_staff.html")]
struct DeskStaff {
    p: Frame,
    rows: Vec<Row>,
    roles: Vec<RoleChoice>,
    /// The address at which somebody sets their password, told once.
    link: Option<String>,
    error: Option<String>,
}

fn choices(visit: &Visit, role: &str) -> Vec<RoleChoice> {
    let choice =
        |one: Role| RoleChoice { word: one.word(), name: visit.lang.get(role_key(one)), here: one.word() == role };
    Role::ALL.into_iter().map(choice).collect()
}

async fn staff_page(web: &Web, visit: &Visit, link: Option<String>, error: Option<&str>) -> Result<DeskStaff, Fault> {
    let by = me(visit)?;
    let rows = app::members(&web.app, by).await?;
    let ids: Vec<RawId> = rows.iter().map(|row| row.id).collect();
    let events = app::sign_ins(&web.app, by, &ids).await?;
    let rows = rows.into_iter().zip(events).map(|(row, events)| Row {
        events: events.iter().map(|event| event_row(web, visit, event)).collect(),
        state: visit.lang.get(match row.state {
            Standing::Active => "desk-staff-active",
            Standing::Invited => "desk-staff-invited",
            Standing::Disabled => "desk-staff-disabled",
        }),
        active: row.state != Standing::Disabled,
        own: row.id == by,
        seen: row.seen(),
        // What was chosen stays while something else of the form is wrong.
        roles: match error.is_some() && visit.fields.get("login") == row.login {
            true if Role::from_word(visit.fields.get("role")).is_some() => choices(visit, visit.fields.get("role")),
            _ => choices(visit, &row.role),
        },
        login: row.login,
        name: row.name,
    });
    Ok(DeskStaff {
        rows: rows.collect(),
        roles: choices(visit, Role::Agent.word()),
        link,
        error: error.map(|key| visit.lang.get(key)),
        p: visit.frame(web, visit.lang.get("desk-staff-title")),
    })
}

/// `GET /desk/staff`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    member(&web, &visit).await?;
    page(&staff_page(&web, &visit, None, None).await?)
}

/// `POST /desk/staff`: adds a member.
pub(crate) async fn add(State(web): State<Web>, visit: Visit) -> Answer {
    let (by, fields) = (Actor::Staff(me(&visit)?), &visit.fields);
    let added = app::add(&web.app, by, fields.get("login"), fields.get("name"), fields.get("role")).await;
    answer(&web, &visit, added.map(Some)).await
}

/// `POST /desk/staff/change`: a new link, another role, no second factor, or no more at all.
pub(crate) async fn change(State(web): State<Web>, visit: Visit) -> Answer {
    let (by, fields) = (Actor::Staff(me(&visit)?), &visit.fields);
    let login = fields.get("login");
    let grounds = Some(Grounds { seen: fields.get("seen"), reason: fields.get("reason") });
    let done = match fields.get("do") {
        "link" => app::renew_link(&web.app, by, login, grounds).await.map(Some),
        "role" => app::set_role(&web.app, by, (login, fields.get("role")), grounds).await.map(|()| None),
        "reset" => app::reset_second_factor(&web.app, by, login, grounds).await.map(|()| None),
        "disable" => app::disable(&web.app, by, login, grounds).await.map(|()| None),
        _ => return Err(Problem::Invalid { field: "do", rule: "link, role, reset or disable" }.into()),
    };
    answer(&web, &visit, done).await
}

/// The list, as it is now, with a new link or with what stood in the way.
async fn answer(web: &Web, visit: &Visit, done: Result<Option<String>, Problem>) -> Answer {
    let error = match done {
        Ok(None) => return Ok(go("/desk/staff")),
        Ok(Some(token)) => {
            let link = web.link(&format!("/desk/set-up/{token}"));
            let told = visit.say("desk-staff-link", &[("name", Arg::Text(&link))]);
            return page(&staff_page(web, visit, Some(told), None).await?);
        }
        Err(Problem::Invalid { rule: "taken", .. }) => "desk-staff-taken",
        Err(Problem::Invalid { rule: "not-yourself", .. }) => "desk-staff-not-yourself",
        Err(Problem::Invalid { field: "reason", .. }) => "desk-command-reason-needed",
        Err(Problem::Invalid { field: "name", .. }) => "desk-staff-name-wrong",
        Err(Problem::Invalid { field: "login", .. }) => "desk-staff-login-wrong",
        Err(problem) => return Err(problem.into()),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &staff_page(web, visit, None, Some(error)).await?)
}
