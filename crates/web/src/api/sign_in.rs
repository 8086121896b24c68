//! Signing in over the API. The token is the same kind of session a browser has.

use super::body::{CodeRequest, CodeSent, PasswordSignIn, ProblemDocument, SignIn, SignedIn};
use crate::bodies::json;
use crate::fault::Answer;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::sign_in::{self as app, Entered, Newcomer};

/// Sends a one-time code. The answer is the same for known and unknown numbers.
#[utoipa::path(post, path = "/api/v1/sign-in/code", request_body = CodeRequest, tag = "session", security(()),
    responses((status = 202, body = CodeSent), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"), (status = "5XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn ask_code(State(web): State<Web>, visit: Visit, body: Bytes) -> Answer {
    let CodeRequest { phone } = json(&body)?;
    let request_id = app::request_code(&web.app, &phone, visit.lang.tag()).await?.to_string();
    Ok((StatusCode::ACCEPTED, Json(CodeSent { request_id })).into_response())
}

/// Signs in with a one-time code; a number that belongs to nobody gets an account.
#[utoipa::path(post, path = "/api/v1/sign-in", request_body = SignIn, tag = "session", security(()),
    responses((status = 200, body = SignedIn), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"), (status = "5XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn sign_in(State(web): State<Web>, visit: Visit, body: Bytes) -> Answer {
    let SignIn { request_id, code } = json(&body)?;
    let request = request_id.parse().map_err(|_| Problem::CodeGone)?;
    // A program shows terms of its own, or none: what was agreed to there is nothing that we know.
    let newcomer = Newcomer { language: visit.lang.tag(), agrees: false };
    let entered = app::sign_in(&web.app, request, &code, newcomer, &visit.device).await?;
    token(entered)
}

/// Signs in with a number and its password. What is wrong is not said. Ten tries an hour.
#[utoipa::path(post, path = "/api/v1/sign-in/password", request_body = PasswordSignIn, tag = "session", security(()),
    responses((status = 200, body = SignedIn), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"), (status = "5XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn by_password(State(web): State<Web>, visit: Visit, body: Bytes) -> Answer {
    let PasswordSignIn { phone, password } = json(&body)?;
    token(app::sign_in_by_password(&web.app, &phone, password.trim(), &visit.device).await?)
}

/// A second factor is a passkey, which needs a browser.
fn token(entered: Entered) -> Answer {
    match entered {
        Entered::In(session) => Ok(Json(SignedIn { token: session.token, token_type: "Bearer" }).into_response()),
        Entered::SecondFactor { .. } => Err(Problem::SecondFactor.into()),
    }
}
