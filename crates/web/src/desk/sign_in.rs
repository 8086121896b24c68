//! `/desk/sign-in`: staff members sign in with a login and a password, and a second factor after that. What is wrong is not
//! said.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::{keep_session, keep_step};
use crate::limits::Limit;
use crate::portal::sign_in::{encoded, own_path};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use everline_app::Problem;
use everline_app::sign_in::{SignedIn, sign_out};
use everline_app::staff_sign_in::{Entered, sign_in as sign_in_by};
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
impl Way {
    pub(super) fn next(&self) -> &str {
        &self.next
    }
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
    let network = visit.network();
    if let Some(entered) = sign_in_by(&web.app, login, fields.get("password"), visit.from(&network)).await? {
        return Ok(go_on(&web, &entered, next));
    }
    let p = visit.frame(&web, visit.lang.get("desk-sign-in-title"));
    let error = Some(visit.lang.get("desk-sign-in-wrong"));
    let page = DeskSignIn { p, next: next.to_owned(), login: login.to_owned(), error };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// On to the second factor, or to setting one.
pub(super) fn go_on(web: &Web, entered: &Entered, next: &str) -> Response {
    let at = match entered {
        Entered::SecondFactor(_) => "/desk/sign-in/second",
        Entered::SetUp(_) => "/desk/sign-in/set-up",
    };
    to_step(web, entered.step(), &format!("{at}?next={}", encoded(next)))
}

/// To where a step is gone on with.
pub(super) fn to_step(web: &Web, step: &str, at: &str) -> Response {
    let mut response = go(at);
    keep_step(web, &mut response, step);
    response
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
