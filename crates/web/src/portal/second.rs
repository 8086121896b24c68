//! Signing in with a passkey: as the only factor, which needs no number, or as the second one.

use super::passkeys::{anybodys_key, asked, options, proved_key};
use super::sign_in::{encoded, own_path, sign_in_page};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::{forget_step, keep_session, waiting_step};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use everline_app::sessions::{SignedIn, sign_out};
use everline_app::steps::{self, Waits};
use everline_app::{Problem, passkeys};
use everline_core::ids::CustomerId;

#[derive(Template)]
#[template(path = "second.html")]
struct Second {
    p: Frame,
    next: String,
    error: bool,
}

/// In, with a session of its own instead of whatever the browser had.
pub(super) async fn arrive(web: &Web, visit: &Visit, session: &SignedIn, next: &str) -> Answer {
    if let Some(old) = &visit.token {
        sign_out(&web.app, old).await?;
    }
    let mut response = go(if next.is_empty() { "/home" } else { next });
    keep_session(web, &mut response, &session.token);
    forget_step(web, &mut response);
    Ok(response)
}

/// `POST /sign-in/passkey/ask`: a challenge for anybody's key.
pub(crate) async fn ask_anybody(State(web): State<Web>) -> Answer {
    asked(&web, Waits::SignIn, None, options(&web)?.ask_anybody()).await
}

/// `POST /sign-in/passkey`: the answer to it.
pub(crate) async fn enter_anybody(State(web): State<Web>, visit: Visit) -> Answer {
    options(&web)?;
    let next = own_path(visit.fields.get("next"));
    let entered = match anybodys_key(&web, &visit.fields).await {
        Ok(used) => passkeys::sign_in(&web.app, used, &visit.device).await,
        Err(problem) => Err(problem),
    };
    match entered {
        Ok(session) => arrive(&web, &visit, &session, next).await,
        Err(Problem::PasskeyRefused) => {
            let error = visit.lang.get("sign-in-passkey-refused");
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &sign_in_page(&web, &visit, next, "", Some(error)))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Whose first factor this browser proved, minutes ago.
async fn whose(web: &Web, headers: &HeaderMap) -> Result<(String, CustomerId), Fault> {
    let token = waiting_step(web, headers).ok_or(Problem::SignInFirst)?;
    let step = steps::look(&web.app, Waits::SecondFactor, &token).await?;
    let customer = step.and_then(|step| step.customer()).ok_or(Problem::SignInFirst)?;
    Ok((token, customer))
}

/// `GET /sign-in/second`
pub(crate) async fn second(
    State(web): State<Web>,
    visit: Visit,
    headers: HeaderMap,
    Query(way): Query<super::sign_in::Way>,
) -> Answer {
    whose(&web, &headers).await?;
    let p = visit.frame(&web, visit.lang.get("second-title")).passkeys();
    page(&Second { p, next: own_path(&way.next).to_owned(), error: false })
}

/// `POST /sign-in/second/ask`: a challenge for one of the keys of whoever proved the first factor.
pub(crate) async fn ask_second(State(web): State<Web>, headers: HeaderMap) -> Answer {
    let (_, customer) = whose(&web, &headers).await?;
    let keys = passkeys::passkeys(&web.app, customer).await?;
    let texts: Vec<String> = keys.into_iter().map(|key| key.key).collect();
    asked(&web, Waits::SecondPasskey, Some(customer.0), options(&web)?.ask_for(&texts)).await
}

/// `POST /sign-in/second`: the answer to it.
pub(crate) async fn enter_second(State(web): State<Web>, visit: Visit, headers: HeaderMap) -> Answer {
    let next = own_path(visit.fields.get("next"));
    let (token, customer) = whose(&web, &headers).await?;
    let entered = match proved_key(&web, Waits::SecondPasskey, &visit.fields).await {
        // The key of whoever proved the first factor, and no other.
        Ok(used) if used.customer == customer => {
            // Taken only now: a slip at the passkey need not begin with another code.
            match steps::take(&web.app, Waits::SecondFactor, &token).await? {
                Some(_) => passkeys::sign_in(&web.app, used, &visit.device).await,
                None => Err(Problem::PasskeyRefused),
            }
        }
        Ok(_) => Err(Problem::PasskeyRefused),
        Err(problem) => Err(problem),
    };
    match entered {
        Ok(session) => arrive(&web, &visit, &session, next).await,
        Err(Problem::PasskeyRefused) => {
            let p = visit.frame(&web, visit.lang.get("second-title")).passkeys();
            page_with(StatusCode::UNPROCESSABLE_ENTITY, &Second { p, next: next.to_owned(), error: true })
        }
        Err(problem) => Err(problem.into()),
    }
}

/// On to the second factor.
pub(super) fn to_second(web: &Web, step: &str, next: &str) -> axum::response::Response {
    let mut response = go(&format!("/sign-in/second?next={}", encoded(next)));
    crate::guard::keep_step(web, &mut response, step);
    response
}
