//! `/recover`: asking people to be let in where no code arrives; and stopping such a request, by the link that the account's
//! owner was sent. For every number it looks the same.

use super::sign_in::encoded;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::tries_left;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::{Problem, recovery};
use everline_core::account::RecoveryState;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "recover.html")]
struct Recover {
    p: Frame,
    of: String,
    contact: String,
    reason: String,
    error: Option<(&'static str, String)>,
}
impl Recover {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "recover_code.html")]
struct RecoverCode {
    p: Frame,
    request: String,
    step: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "recover_said.html")]
struct Said {
    p: Frame,
    text: String,
    /// The link that stops the request, while that is possible.
    stop: Option<String>,
}

/// Which request for a code, and what waits for it.
#[derive(Deserialize, Default)]
pub(crate) struct Way {
    #[serde(default)]
    request: String,
    #[serde(default)]
    step: String,
}

/// `GET /recover`
pub(crate) async fn recover(State(web): State<Web>, visit: Visit) -> Answer {
    let p = visit.frame(&web, visit.lang.get("recover-title"));
    page(&Recover { p, of: String::new(), contact: String::new(), reason: String::new(), error: None })
}

/// `POST /recover`: sends a code to the number at which the asker can be reached.
pub(crate) async fn begin(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let (of, contact, reason) = (fields.get("of"), fields.get("contact"), fields.get("reason"));
    let problem = match recovery::begin(&web.app, of, contact, reason, visit.lang.tag()).await {
        Ok((request, step)) => {
            return Ok(go(&format!("/recover/code?request={request}&step={}", encoded(&step))));
        }
        Err(problem) => problem,
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "of", .. } => ("of", "sign-in-phone-wrong"),
        Problem::Invalid { field: "reason", .. } => ("reason", "recover-reason-wrong"),
        Problem::Invalid { .. } => ("contact", "sign-in-phone-wrong"),
        Problem::TooMany { .. } => ("contact", "sign-in-phone-too-many"),
        Problem::ProviderSilent => ("contact", "sign-in-phone-not-sent"),
        _ => return Err(problem.into()),
    };
    let p = visit.frame(&web, visit.lang.get("recover-title"));
    let error = Some((field, visit.lang.get(key)));
    let (of, contact, reason) = (of.to_owned(), contact.to_owned(), reason.to_owned());
    page_with(Fault::from(problem).status(), &Recover { p, of, contact, reason, error })
}

/// `GET /recover/code`
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    let p = visit.frame(&web, visit.lang.get("code-title"));
    page(&RecoverCode { p, request: way.request, step: way.step, error: None })
}

/// `POST /recover/code`: asks.
pub(crate) async fn ask(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let (request, step) = (fields.get("request"), fields.get("step"));
    let asked = match request.parse() {
        Ok(id) => recovery::ask(&web.app, id, fields.get("code"), step).await,
        Err(_) => Err(Problem::CodeGone),
    };
    let fault = match asked {
        Ok(()) => return Ok(go("/recover/asked")),
        Err(problem) => Fault::from(problem),
    };
    let error = match &fault {
        Fault::Problem(Problem::Invalid { .. }) => "code-not-six-digits",
        Fault::Problem(Problem::CodeWrong { .. }) => "code-wrong",
        Fault::Problem(Problem::CodeGone) => "code-gone",
        _ => return Err(fault),
    };
    let error = Some(visit.say(error, &[("left", Arg::Count(tries_left(&fault)))]));
    let p = visit.frame(&web, visit.lang.get("code-title"));
    page_with(fault.status(), &RecoverCode { p, request: request.to_owned(), step: step.to_owned(), error })
}

fn said(web: &Web, visit: &Visit, title: &str, text: &str, stop: Option<String>) -> Said {
    Said { p: visit.frame(web, visit.lang.get(title)), text: visit.lang.get(text), stop }
}

/// `GET /recover/asked`
pub(crate) async fn asked(State(web): State<Web>, visit: Visit) -> Answer {
    page(&said(&web, &visit, "recover-asked-title", "recover-asked", None))
}

/// `GET /recover/stop/{link}`: asks; programs that look at links stop nothing.
pub(crate) async fn to_stop(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let state = recovery::to_stop(&web.app, &link).await?.ok_or(Problem::NotFound("request"))?;
    let (text, open) = match state {
        RecoveryState::Waiting | RecoveryState::Ready => ("recover-stop", true),
        RecoveryState::Stopped => ("recover-stopped", false),
        RecoveryState::Done | RecoveryState::Refused => ("recover-over", false),
    };
    page(&said(&web, &visit, "recover-stop-title", text, open.then(|| format!("/recover/stop/{link}"))))
}

/// `POST /recover/stop/{link}`
pub(crate) async fn stop(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    match recovery::stop(&web.app, &link).await {
        Ok(()) | Err(Problem::NotRecovered(_)) => to_stop(State(web), visit, Path(link)).await,
        Err(problem) => Err(problem.into()),
    }
}
