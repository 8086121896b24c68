//! `/desk/set-up/{link}`: a staff member sets a password, once.

use super::sign_in::go_on;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, page, page_with};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::{Problem, staff_sign_in as staff};

#[derive(Template)]
#[template(path = "desk_set_up.html")]
struct DeskSetUp {
    p: Frame,
    link: String,
    login: String,
    hint: String,
    error: Option<String>,
}

fn set_up_page(web: &Web, visit: &Visit, (link, login): (String, String), error: Option<&str>) -> DeskSetUp {
    let chars = [("count", Arg::Count(i64::try_from(staff::PASSWORD_CHARS_MIN).unwrap_or(i64::MAX)))];
    DeskSetUp {
        p: visit.frame(web, visit.lang.get("desk-set-up-title")),
        link,
        login,
        hint: visit.say("desk-set-up-hint", &chars),
        error: error.map(|key| visit.say(key, &chars)),
    }
}

/// `GET /desk/set-up/{link}`
pub(crate) async fn set_up(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let login = staff::invited(&web.app, &link).await?.ok_or(Problem::NotFound("link"))?;
    page(&set_up_page(&web, &visit, (link, login), None))
}

/// `POST /desk/set-up/{link}`
pub(crate) async fn set_password(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let login = staff::invited(&web.app, &link).await?.ok_or(Problem::NotFound("link"))?;
    let fields = &visit.fields;
    let error = if fields.get("password") == fields.get("again") {
        let network = visit.network();
        match staff::set_password(&web.app, &link, fields.get("password"), visit.from(&network)).await {
            Ok(Some(entered)) => return Ok(go_on(&web, &entered, "")),
            Ok(None) => return Err(Problem::NotFound("link").into()),
            Err(Problem::Invalid { rule: "too-short", .. }) => "desk-set-up-too-short",
            Err(Problem::Invalid { .. }) => "desk-set-up-too-long",
            Err(problem) => return Err(Fault::from(problem)),
        }
    } else {
        "desk-set-up-differs"
    };
    let again = set_up_page(&web, &visit, (link, login), Some(error));
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &again)
}
