//! `/desk/sign-in`: staff members sign in with a login and a password. What is wrong is not said.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::keep_session;
use crate::limits::Limit;
use crate::portal::sign_in::own_path;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use everline_app::sign_in::{SignedIn, sign_out};
use everline_app::{Problem, staff};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "desk_sign_in.html")]
struct DeskSignIn {
    p: Frame,
    next: String,
    login: String,
    error: Option<String>,
}

/// Where to go after signing in.
#[derive(Deserialize, Default)]
pub(crate) struct Way {
    #[serde(default)]
    next: String,
}

/// `GET /desk/sign-in`
pub(crate) async fn sign_in(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    let p = visit.frame(&web, visit.lang.get("desk-sign-in-title"));
    page(&DeskSignIn { p, next: own_path(&way.next).to_owned(), login: String::new(), error: None })
}

/// `POST /desk/sign-in`
pub(crate) async fn enter(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let (login, next) = (fields.get("login"), own_path(fields.get("next")));
    let hash = web.app.secrets.token_hash(&format!("staff login {}", login.to_lowercase()));
    let taken = web.limits.take_name(Limit::Login, &hash, web.app.clock.now().system);
    taken.map_err(|retry_after_s| Problem::TooMany { retry_after_s })?;
    if let Some(session) = staff::sign_in(&web.app, login, fields.get("password")).await? {
        return arrive(&web, &visit, &session, if next.is_empty() { "/desk" } else { next }).await;
    }
    let p = visit.frame(&web, visit.lang.get("desk-sign-in-title"));
    let error = Some(visit.lang.get("desk-sign-in-wrong"));
    let page = DeskSignIn { p, next: next.to_owned(), login: login.to_owned(), error };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// On to the desk, with a session of its own instead of whatever the browser had.
pub(super) async fn arrive(web: &Web, visit: &Visit, session: &SignedIn, to: &str) -> Answer {
    if let Some(old) = &visit.token {
        sign_out(&web.app, old).await.map_err(Fault::from)?;
    }
    let mut response = go(to);
    keep_session(web, &mut response, &session.token);
    Ok(response)
}
