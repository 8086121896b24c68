//! `/account/contact`: another number for codes and messages. The new one is proved by a code to it; the owner of the old
//! one was proved before, and is told.

use super::sign_in::Way;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::{keep_session, tries_left};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::Problem;
use everline_app::account as app;
use everline_app::sessions::may_change;
use everline_core::account::Change;

#[derive(Template)]
#[template(path = "contact.html")]
struct Contact {
    p: Frame,
    now: Option<String>,
    phone: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "contact_code.html")]
struct ContactCode {
    p: Frame,
    request: String,
    error: Option<String>,
}

async fn contact_page(web: &Web, visit: &Visit, phone: &str, error: Option<&str>) -> Result<Contact, Fault> {
    let view = app::account(&web.app, visit.session()?).await?;
    Ok(Contact {
        p: visit.frame(web, visit.lang.get("contact-title")),
        now: view.customer.contact.as_ref().map(everline_core::identifiers::Msisdn::masked),
        phone: phone.to_owned(),
        error: error.map(|key| visit.lang.get(key)),
    })
}

/// `GET /account/contact`
pub(crate) async fn contact(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    page(&contact_page(&web, &visit, "", None).await?)
}

/// `POST /account/contact`: sends a code to the new number.
pub(crate) async fn send_code(State(web): State<Web>, visit: Visit) -> Answer {
    let phone = visit.fields.get("phone");
    let problem = match app::request_new_contact(&web.app, visit.session()?, phone).await {
        Ok(request) => return Ok(go(&format!("/account/contact/code?request={request}"))),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { rule: "already-so", .. } => "contact-already-so",
        Problem::Invalid { .. } => "sign-in-phone-wrong",
        Problem::TooMany { .. } => "sign-in-phone-too-many",
        Problem::ProviderSilent => "sign-in-phone-not-sent",
        _ => return Err(problem.into()),
    };
    page_with(Fault::from(problem).status(), &contact_page(&web, &visit, phone, Some(error)).await?)
}

/// `GET /account/contact/code`
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    let p = visit.frame(&web, visit.lang.get("contact-title"));
    page(&ContactCode { p, request: way.request, error: None })
}

/// `POST /account/contact/code`
pub(crate) async fn change(State(web): State<Web>, visit: Visit) -> Answer {
    let (request, code) = (visit.fields.get("request"), visit.fields.get("code"));
    let changed = match request.parse() {
        Ok(id) => app::change_contact(&web.app, visit.session()?, id, code).await,
        Err(_) => Err(Problem::CodeGone),
    };
    let fault = match changed {
        Ok(session) => {
            let mut response = go("/account?done=contact");
            keep_session(&web, &mut response, &session.token);
            return Ok(response);
        }
        Err(problem) => Fault::from(problem),
    };
    let error = match &fault {
        Fault::Problem(Problem::Invalid { field: "phone", .. }) => "contact-taken",
        Fault::Problem(Problem::Invalid { .. }) => "code-not-six-digits",
        Fault::Problem(Problem::CodeWrong { .. }) => "code-wrong",
        Fault::Problem(Problem::CodeGone) => "code-gone",
        _ => return Err(fault),
    };
    let p = visit.frame(&web, visit.lang.get("contact-title"));
    let error = Some(visit.say(error, &[("left", Arg::Count(tries_left(&fault)))]));
    page_with(fault.status(), &ContactCode { p, request: request.to_owned(), error })
}
