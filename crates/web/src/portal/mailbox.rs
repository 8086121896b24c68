//! `/account/mailbox`: a mailbox for what a short message cannot bring. It is proved by a code that goes there; every known
//! address, the former one too, is told of a change.

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
use everline_app::own_address::{ask_mailbox, mailboxes, remove_mailbox, set_mailbox};
use everline_app::sessions::{SignedIn, may_change};
use everline_core::account::Change;

#[derive(Template)]
#[template(path = "mailbox.html")]
struct Mailbox {
    p: Frame,
    now: Vec<String>,
    email: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "mailbox_code.html")]
struct MailboxCode {
    p: Frame,
    request: String,
    error: Option<String>,
}

async fn mailbox_page(web: &Web, visit: &Visit, email: &str, error: Option<&str>) -> Result<Mailbox, Fault> {
    let known = mailboxes(&web.app, visit.session()?).await?;
    Ok(Mailbox {
        p: visit.frame(web, visit.lang.get("mailbox-title")),
        now: known.iter().map(|contact| contact.address.to_string()).collect(),
        email: email.to_owned(),
        error: error.map(|key| visit.lang.get(key)),
    })
}

/// `GET /account/mailbox`
pub(crate) async fn mailbox(State(web): State<Web>, visit: Visit) -> Answer {
    let shown = mailbox_page(&web, &visit, "", None).await?;
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    page(&shown)
}

/// `POST /account/mailbox`: sends a code to the new one.
pub(crate) async fn send_code(State(web): State<Web>, visit: Visit) -> Answer {
    let email = visit.fields.get("email");
    let problem = match ask_mailbox(&web.app, visit.session()?, email).await {
        Ok(request) => return Ok(go(&format!("/account/mailbox/code?request={request}"))),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { rule: "already-so", .. } => "mailbox-already-so",
        Problem::Invalid { .. } => "mailbox-wrong",
        Problem::TooMany { .. } => "mailbox-too-many",
        Problem::ProviderSilent => "mailbox-not-sent",
        _ => return Err(problem.into()),
    };
    page_with(Fault::from(problem).status(), &mailbox_page(&web, &visit, email, Some(error)).await?)
}

/// `GET /account/mailbox/code`
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    mailboxes(&web.app, visit.session()?).await?;
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    let p = visit.frame(&web, visit.lang.get("mailbox-title"));
    page(&MailboxCode { p, request: way.request, error: None })
}

/// `POST /account/mailbox/code`
pub(crate) async fn set(State(web): State<Web>, visit: Visit) -> Answer {
    let (request, code) = (visit.fields.get("request"), visit.fields.get("code"));
    let set = match request.parse() {
        Ok(id) => set_mailbox(&web.app, visit.session()?, id, code).await,
        Err(_) => Err(Problem::CodeGone),
    };
    let fault = match set {
        Ok(session) => return Ok(done(&web, &session, "mailbox")),
        Err(problem) => Fault::from(problem),
    };
    let error = match &fault {
        Fault::Problem(Problem::Invalid { .. }) => "code-not-six-digits",
        Fault::Problem(Problem::CodeWrong { .. }) => "code-wrong",
        Fault::Problem(Problem::CodeGone) => "code-gone",
        _ => return Err(fault),
    };
    let p = visit.frame(&web, visit.lang.get("mailbox-title"));
    let error = Some(visit.say(error, &[("left", Arg::Count(tries_left(&fault)))]));
    page_with(fault.status(), &MailboxCode { p, request: request.to_owned(), error })
}

/// `POST /account/mailbox/remove`
pub(crate) async fn remove(State(web): State<Web>, visit: Visit) -> Answer {
    Ok(done(&web, &remove_mailbox(&web.app, visit.session()?).await?, "no-mailbox"))
}

fn done(web: &Web, session: &SignedIn, what: &str) -> axum::response::Response {
    let mut response = go(&format!("/account?done={what}"));
    keep_session(web, &mut response, &session.token);
    response
}
