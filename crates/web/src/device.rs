//! The device interface: how elements of the built-in network tell of sessions and what they used.

use crate::bodies::json;
use crate::fault::{Answer, Fault};
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::device::{self, Granted};
use everline_core::ids::SessionId;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attach {
    imsi: String,
    /// Access point name; the built-in network has one.
    #[allow(dead_code)]
    #[serde(default)]
    apn: Option<String>,
    notify_url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Usage {
    /// Counts the session's reports; one that is not new changes nothing.
    sequence: u64,
    /// Octets since the last report.
    used_octets: i64,
}

#[derive(Serialize)]
struct SessionAnswer {
    session_id: String,
    /// `online` or `redirected`.
    state: &'static str,
    /// Where a redirected session's browser goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_url: Option<String>,
    octets_left: i64,
}

fn answer(web: &Web, granted: Granted) -> Json<SessionAnswer> {
    let redirect_url = (!granted.online).then(|| web.link(&format!("/d/{}", granted.session)));
    let state = if granted.online { "online" } else { "redirected" };
    let (session_id, octets_left) = (granted.session.to_string(), granted.octets_left);
    Json(SessionAnswer { session_id, state, redirect_url, octets_left })
}

fn session(id: &str) -> Result<SessionId, Fault> {
    id.parse().map_err(|_| Problem::NotFound("session").into())
}

/// `POST /device/sessions`
pub(crate) async fn attach(State(web): State<Web>, body: Bytes) -> Answer {
    let asked: Attach = json(&body)?;
    let granted = device::attach(&web.app, &asked.imsi, &asked.notify_url).await?;
    Ok((StatusCode::CREATED, answer(&web, granted)).into_response())
}

/// `POST /device/sessions/{session}/usage`
pub(crate) async fn usage(State(web): State<Web>, Path(id): Path<String>, body: Bytes) -> Answer {
    let Usage { sequence, used_octets } = json(&body)?;
    let granted = device::report(&web.app, session(&id)?, sequence, used_octets).await?;
    Ok(answer(&web, granted).into_response())
}

/// `DELETE /device/sessions/{session}`
pub(crate) async fn detach(State(web): State<Web>, Path(id): Path<String>) -> Answer {
    device::detach(&web.app, session(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
