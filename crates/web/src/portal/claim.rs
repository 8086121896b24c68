//! `/claim`: adding a line that is nobody's to one's account, by a code to its number or by what stands on its card.

use super::sign_in::Way;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::tries_left;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::{Problem, claim_line as app};
use everline_core::ids::LineId;
use everline_core::lifecycle::NoHandOver;
use everline_core::ownership::NotClaimed;

#[derive(Template)]
#[template(path = "claim.html")]
struct Claim {
    p: Frame,
    number: String,
    iccid: String,
    error: Option<(&'static str, String)>,
}
impl Claim {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "claim_code.html")]
struct ClaimCode {
    p: Frame,
    request: String,
    error: Option<String>,
}

/// The key of why a line is not claimed.
pub(super) fn why_key(problem: &Problem) -> Option<&'static str> {
    Some(match problem {
        Problem::Invalid { field: "number", .. } => "claim-number-wrong",
        Problem::Invalid { field: "iccid", .. } => "claim-iccid-wrong",
        Problem::Invalid { field: "secret", .. } => "claim-secret-needed",
        Problem::NotClaimed(NotClaimed::NoSuch) => "claim-no-such",
        Problem::NotClaimed(NotClaimed::Owned) => "claim-owned",
        Problem::NotClaimed(NotClaimed::Yours) => "claim-yours",
        Problem::NotHandedOver(NoHandOver::Underway) => "claim-underway",
        Problem::NotHandedOver(_) => "claim-state",
        Problem::TooMany { .. } => "claim-too-many",
        Problem::TooManyLines => "problem-too-many-lines-do",
        Problem::IdentityFirst => "problem-identity-first-do",
        Problem::ProviderSilent => "sign-in-phone-not-sent",
        _ => return None,
    })
}

fn claim_page(web: &Web, visit: &Visit, error: Option<(&'static str, &str)>) -> Claim {
    Claim {
        p: visit.frame(web, visit.lang.get("claim-title")),
        number: visit.fields.get("number").to_owned(),
        iccid: visit.fields.get("iccid").to_owned(),
        error: error.map(|(field, key)| (field, visit.lang.get(key))),
    }
}

/// `GET /claim`
pub(crate) async fn claim(State(web): State<Web>, visit: Visit) -> Answer {
    visit.customer()?;
    page(&claim_page(&web, &visit, None))
}

fn refused(web: &Web, visit: &Visit, field: &'static str, problem: Problem) -> Answer {
    let Some(key) = why_key(&problem) else { return Err(problem.into()) };
    let field = if matches!(problem, Problem::Invalid { field: "iccid", .. }) { "iccid" } else { field };
    page_with(Fault::from(problem).status(), &claim_page(web, visit, Some((field, key))))
}

fn claimed(line: LineId) -> Answer {
    Ok(go(&format!("/lines/{line}?done=claimed")))
}

/// `POST /claim/number`: sends a code to the line's number.
pub(crate) async fn send_code(State(web): State<Web>, visit: Visit) -> Answer {
    visit.customer()?;
    match app::request_line_code(&web.app, visit.fields.get("number"), visit.lang.tag()).await {
        Ok(request) => Ok(go(&format!("/claim/code?request={request}"))),
        Err(problem) => refused(&web, &visit, "number", problem),
    }
}

/// `POST /claim/card`
pub(crate) async fn by_card(State(web): State<Web>, visit: Visit) -> Answer {
    let (iccid, secret) = (visit.fields.get("iccid"), visit.fields.get("secret"));
    match app::claim_by_card(&web.app, visit.session()?, iccid, secret).await {
        Ok(line) => claimed(line),
        Err(problem) => refused(&web, &visit, "secret", problem),
    }
}

/// `GET /claim/code`
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    visit.customer()?;
    let p = visit.frame(&web, visit.lang.get("claim-title"));
    page(&ClaimCode { p, request: way.request, error: None })
}

/// `POST /claim/code`
pub(crate) async fn by_code(State(web): State<Web>, visit: Visit) -> Answer {
    let (request, code) = (visit.fields.get("request"), visit.fields.get("code"));
    let done = match request.parse() {
        Ok(id) => app::claim_by_code(&web.app, visit.session()?, id, code).await,
        Err(_) => Err(Problem::CodeGone),
    };
    let fault = match done {
        Ok(line) => return claimed(line),
        Err(problem) => Fault::from(problem),
    };
    let key = match &fault {
        Fault::Problem(Problem::Invalid { field: "code", .. }) => "code-not-six-digits",
        Fault::Problem(Problem::CodeWrong { .. }) => "code-wrong",
        Fault::Problem(Problem::CodeGone) => "code-gone",
        Fault::Problem(problem) => match why_key(problem) {
            Some(key) => key,
            None => return Err(fault),
        },
        _ => return Err(fault),
    };
    let p = visit.frame(&web, visit.lang.get("claim-title"));
    let error = Some(visit.say(key, &[("left", Arg::Count(tries_left(&fault)))]));
    page_with(fault.status(), &ClaimCode { p, request: request.to_owned(), error })
}
