//! `/account/confirm`: proving again who one is, before a change that could keep the owner out. By a code, the password or
//! a passkey; where a second factor is asked for, by a passkey alone.

use super::passkeys::{asked, options, proved_key};
use super::sign_in::{encoded, own_path};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::{keep_session, tries_left};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::account as app;
use everline_app::steps::Waits;
use everline_app::{Problem, passkeys};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm {
    p: Frame,
    next: String,
    /// The request for a code that was sent.
    request: String,
    /// Where a code can be sent to.
    contact: Option<String>,
    has_password: bool,
    has_passkeys: bool,
    /// Whether a passkey is the only way.
    passkey_only: bool,
    code_error: Option<String>,
    password_error: Option<String>,
    passkey_error: bool,
}

/// Where to go on, and which request for a code this is about.
#[derive(Deserialize, Default)]
pub(crate) struct Way {
    #[serde(default)]
    next: String,
    #[serde(default)]
    request: String,
}

/// Whether what follows is refused after a password: what takes the number or the account away.
fn needs_more(next: &str) -> bool {
    let page = next.split('?').next().unwrap_or_default();
    let ends = ["/owner", "/give-up"].iter().any(|end| page.ends_with(end));
    ends || ["/account/contact", "/account/mailbox", "/account/close"].iter().any(|begin| page.starts_with(begin))
}

async fn confirm_page(web: &Web, visit: &Visit, next: &str, request: &str) -> Result<Confirm, Fault> {
    let view = app::account(&web.app, visit.session()?).await?;
    let only = view.second_factor;
    let frame = visit.frame(web, visit.lang.get("confirm-title"));
    let has_passkeys = web.passkeys.is_some() && !view.passkeys.is_empty();
    Ok(Confirm {
        p: if has_passkeys { frame.passkeys() } else { frame },
        next: own_path(next).to_owned(),
        request: request.to_owned(),
        contact: view.customer.contact.as_ref().filter(|_| !only).map(everline_core::identifiers::Msisdn::masked),
        // For another contact number, mailbox or owner, a password is not enough.
        has_password: view.password_set_at.is_some() && !only && !needs_more(next),
        has_passkeys,
        passkey_only: only,
        code_error: None,
        password_error: None,
        passkey_error: false,
    })
}

/// `GET /account/confirm`
pub(crate) async fn confirm(State(web): State<Web>, visit: Visit, Query(way): Query<Way>) -> Answer {
    page(&confirm_page(&web, &visit, &way.next, &way.request).await?)
}

/// `POST /account/confirm/code`: sends a code.
pub(crate) async fn send_code(State(web): State<Web>, visit: Visit) -> Answer {
    let next = own_path(visit.fields.get("next"));
    let request = app::request_own_code(&web.app, visit.session()?).await?;
    Ok(go(&format!("/account/confirm?request={request}&next={}", encoded(next))))
}

/// `POST /account/confirm/ask`: a challenge for one of the owner's passkeys.
pub(crate) async fn ask_passkey(State(web): State<Web>, visit: Visit) -> Answer {
    let customer = visit.customer()?;
    let keys = passkeys::passkeys(&web.app, customer).await?;
    let texts: Vec<String> = keys.into_iter().map(|key| key.key).collect();
    let challenge = options(&web)?.ask_for(&texts);
    asked(&web, Waits::Prove, Some(customer.0), challenge).await
}

/// `POST /account/confirm`: by what was filled in.
pub(crate) async fn prove(State(web): State<Web>, visit: Visit) -> Answer {
    let (fields, session) = (&visit.fields, visit.session()?);
    let (next, request) = (own_path(fields.get("next")), fields.get("request"));
    let proved = if fields.get("answer").is_empty() {
        let only = app::account(&web.app, session).await?.second_factor;
        match (only, request.is_empty()) {
            // What is not enough is not tried.
            (true, _) => Err(Problem::PasskeyRefused),
            (false, true) => app::prove_by_password(&web.app, session, fields.get("password")).await,
            (false, false) => match request.parse() {
                Ok(id) => app::prove_by_code(&web.app, session, id, fields.get("code")).await,
                Err(_) => Err(Problem::CodeGone),
            },
        }
    } else {
        match proved_key(&web, Waits::Prove, fields).await {
            Ok(used) => passkeys::prove(&web.app, session, used).await,
            Err(problem) => Err(problem),
        }
    };
    let problem = match proved {
        Ok(session) => {
            let mut response = go(if next.is_empty() { "/account" } else { next });
            keep_session(&web, &mut response, &session.token);
            return Ok(response);
        }
        Err(problem) => problem,
    };
    let mut again = confirm_page(&web, &visit, next, request).await?;
    let fault = Fault::from(problem);
    let left = [("left", Arg::Count(tries_left(&fault)))];
    match &fault {
        Fault::Problem(Problem::Invalid { .. }) => again.code_error = Some(visit.lang.get("code-not-six-digits")),
        Fault::Problem(Problem::CodeWrong { .. }) => again.code_error = Some(visit.say("code-wrong", &left)),
        Fault::Problem(Problem::CodeGone) => again.code_error = Some(visit.lang.get("code-gone")),
        Fault::Problem(Problem::PasswordWrong) => again.password_error = Some(visit.lang.get("confirm-password-wrong")),
        Fault::Problem(Problem::PasskeyRefused) => again.passkey_error = true,
        _ => return Err(fault),
    }
    page_with(fault.status(), &again)
}
