//! `/account/password`: setting and changing it. What proves the owner was asked before; also where it was forgotten.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::keep_session;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::account as app;
use everline_app::sessions::may_change;
use everline_core::account::{Change, PASSWORD_CHARS_MIN};

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    p: Frame,
    hint: String,
    /// What the browser's store of passwords is told.
    username: String,
    error: Option<String>,
    /// Whether other sessions are to end.
    others: bool,
}

async fn password_page(web: &Web, visit: &Visit, error: Option<&str>, others: bool) -> Result<PasswordPage, Fault> {
    let view = app::account(&web.app, visit.session()?).await?;
    let title = if view.password_set_at.is_some() { "password-change" } else { "password-set" };
    let chars = [("count", Arg::Count(i64::try_from(PASSWORD_CHARS_MIN).unwrap_or(i64::MAX)))];
    Ok(PasswordPage {
        p: visit.frame(web, visit.lang.get(title)),
        hint: visit.say("password-hint", &chars),
        username: view.customer.contact.map(|contact| contact.as_str().to_owned()).unwrap_or_default(),
        error: error.map(|key| visit.say(key, &chars)),
        others,
    })
}

/// `GET /account/password`
pub(crate) async fn password(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Access).await?;
    page(&password_page(&web, &visit, None, true).await?)
}

/// `POST /account/password`
pub(crate) async fn set(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let (password, others) = (fields.get("password"), fields.get("others") == "end");
    let error = match app::set_password(&web.app, visit.session()?, password, others).await {
        Ok(session) => {
            let mut response = go("/account?done=password");
            keep_session(&web, &mut response, &session.token);
            return Ok(response);
        }
        Err(Problem::Invalid { rule: "too-short", .. }) => "password-too-short",
        Err(Problem::Invalid { rule: "too-long", .. }) => "password-too-long",
        Err(Problem::Invalid { .. }) => "password-too-common",
        Err(problem) => return Err(problem.into()),
    };
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &password_page(&web, &visit, Some(error), others).await?)
}
