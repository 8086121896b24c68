//! Signing in: a number, a code or the password, in, or on to the second factor. Known and unknown numbers get the same
//! answers. Whoever forgot the password signs in by code and sets it anew.

use super::second::{arrive, to_second};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::{forget_session, tries_left};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderValue;
use everline_app::Problem;
use everline_app::sign_in::{self as app, Entered, Newcomer};
use everline_core::ids::RawId;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    p: Frame,
    next: String,
    phone: String,
    error: Option<String>,
    /// Whether passkeys can be asked for.
    passkeys: bool,
    /// Whether somebody forgot a password.
    forgotten: bool,
}

#[derive(Template)]
#[template(path = "sign_in_password.html")]
struct SignInPassword {
    p: Frame,
    next: String,
    phone: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct Code {
    p: Frame,
    next: String,
    request: String,
    error: Option<String>,
}

/// Where to go after signing in, and which request for a code this is about.
#[derive(Deserialize, Default)]
pub(crate) struct Way {
    #[serde(default)]
    pub(super) next: String,
    #[serde(default)]
    pub(super) request: String,
}

/// A path of ours, or nothing: nobody is sent elsewhere after signing in.
pub(crate) fn own_path(next: &str) -> &str {
    // Browsers take a backslash for a slash, and drop tabs and line ends.
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if plain && next.starts_with('/') && !next.starts_with("//") { next } else { "" }
}

pub(crate) fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Where a forgotten password is set anew, after a code.
const FORGOTTEN: &str = "/account/password";

pub(super) fn sign_in_page(web: &Web, visit: &Visit, next: &str, phone: &str, error: Option<String>) -> impl Template {
    let forgotten = next == FORGOTTEN;
    let passkeys = web.passkeys.is_some() && !forgotten;
    let p = visit.frame(web, visit.lang.get(if forgotten { "forgotten-title" } else { "sign-in-title" }));
    let p = if passkeys { p.passkeys() } else { p };
    SignIn { p, next: next.to_owned(), phone: phone.to_owned(), error, passkeys, forgotten }
}

/// `GET /sign-in`
pub(crate) async fn sign_in(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    page(&sign_in_page(&web, &visit, own_path(&way.next), "", None))
}

/// `GET /sign-in/forgotten`: a code signs in, past a second factor if there is one, and the password is set anew.
pub(crate) async fn forgotten(State(web): State<Web>, visit: Visit) -> Answer {
    page(&sign_in_page(&web, &visit, FORGOTTEN, "", None))
}

/// `GET /sign-in/password`
pub(crate) async fn password(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    let p = visit.frame(&web, visit.lang.get("sign-in-password-title"));
    page(&SignInPassword { p, next: own_path(&way.next).to_owned(), phone: String::new(), error: None })
}

/// `POST /sign-in/password`
pub(crate) async fn enter_password(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let (phone, next) = (fields.get("phone"), own_path(fields.get("next")));
    let problem = match app::sign_in_by_password(&web.app, phone, fields.get("password"), &visit.device).await {
        Ok(entered) => return on(&web, &visit, entered, next).await,
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { .. } => "sign-in-phone-wrong",
        Problem::PasswordWrong => "sign-in-password-wrong",
        Problem::TooMany { .. } => "sign-in-password-too-many",
        _ => return Err(problem.into()),
    };
    let p = visit.frame(&web, visit.lang.get("sign-in-password-title"));
    let error = Some(visit.lang.get(error));
    let again = SignInPassword { p, next: next.to_owned(), phone: phone.to_owned(), error };
    page_with(Fault::from(problem).status(), &again)
}

/// In, or on to the second factor.
async fn on(web: &Web, visit: &Visit, entered: Entered, next: &str) -> Answer {
    match entered {
        Entered::In(session) => arrive(web, visit, &session, next).await,
        Entered::SecondFactor { step } => Ok(to_second(web, &step, next)),
    }
}

/// `POST /sign-in`: sends a code.
pub(crate) async fn ask_code(State(web): State<Web>, visit: Visit) -> Answer {
    let (phone, next) = (visit.fields.get("phone"), own_path(visit.fields.get("next")));
    let problem = match app::request_code(&web.app, phone, visit.lang.tag()).await {
        Ok(request) => return Ok(go(&format!("/sign-in/code?request={request}&next={}", encoded(next)))),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { .. } => "sign-in-phone-wrong",
        Problem::TooMany { .. } => "sign-in-phone-too-many",
        Problem::ProviderSilent => "sign-in-phone-not-sent",
        _ => return Err(problem.into()),
    };
    let error = Some(visit.lang.get(error));
    page_with(Fault::from(problem).status(), &sign_in_page(&web, &visit, next, phone, error))
}

/// `GET /sign-in/code`
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    let p = visit.frame(&web, visit.lang.get("code-title"));
    page(&Code { p, next: own_path(&way.next).to_owned(), request: way.request, error: None })
}

/// `POST /sign-in/code`: signs in, with a session of its own.
pub(crate) async fn enter(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let (next, request) = (own_path(fields.get("next")), fields.get("request"));
    let asked: Result<RawId, _> = request.parse();
    let entered = match asked {
        Ok(id) => {
            // The page before showed the terms, where there are any.
            let newcomer = Newcomer { language: visit.lang.tag(), agrees: web.config.terms.is_some() };
            app::sign_in(&web.app, id, fields.get("code"), newcomer, &visit.device).await
        }
        Err(_) => Err(Problem::CodeGone),
    };
    let fault = match entered {
        Ok(entered) => return on(&web, &visit, entered, next).await,
        Err(problem) => Fault::from(problem),
    };
    let error = match &fault {
        Fault::Problem(Problem::Invalid { .. }) => "code-not-six-digits",
        Fault::Problem(Problem::CodeWrong { .. }) => "code-wrong",
        Fault::Problem(Problem::CodeGone) => "code-gone",
        _ => return Err(fault),
    };
    let p = visit.frame(&web, visit.lang.get("code-title"));
    let error = Some(visit.say(error, &[("left", Arg::Count(tries_left(&fault)))]));
    page_with(fault.status(), &Code { p, next: next.to_owned(), request: request.to_owned(), error })
}

/// `POST /sign-out`
pub(crate) async fn sign_out(State(web): State<Web>, visit: Visit) -> Answer {
    if let Some(token) = &visit.token {
        app::sign_out(&web.app, token).await?;
    }
    let mut response = go("/");
    forget_session(&web, &mut response);
    // What the installed application keeps for times without a connection goes too.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"storage\""));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::own_path;

    #[test]
    fn nobody_is_sent_elsewhere() {
        assert_eq!(own_path("/lines/1?a=b"), "/lines/1?a=b");
        for elsewhere in [
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "home",
            "",
            "/a\r\nSet-Cookie: b",
            "/é",
        ] {
            assert_eq!(own_path(elsewhere), "", "{elsewhere}");
        }
    }
}
