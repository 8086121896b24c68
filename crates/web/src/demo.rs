//! What only a demo has: entering as somebody without typing, and a clock that can be moved.

use crate::bodies::json;
use crate::fault::{Answer, Fault};
use crate::frame::go;
use crate::guard::keep_session;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::sessions::{Principal, open_session_on, sign_out};
use everline_app::timers::advance_business_time;
use everline_core::account::Proof;
use serde::{Deserialize, Serialize};

/// `POST /demo/enter/{key}`
pub(crate) async fn enter(State(web): State<Web>, visit: Visit, Path(key): Path<String>) -> Answer {
    let demo = web.config.demo.as_ref().ok_or(Fault::NoRoute)?;
    let person = demo.people.iter().find(|person| person.key == key).ok_or(Fault::NoRoute)?;
    if let Some(token) = &visit.token {
        sign_out(&web.app, token).await?;
    }
    let session = open_session_on(&web.app, person.principal, &visit.device, Proof::Code).await?;
    let mut response = go(match person.principal {
        Principal::Customer(_) => "/home",
        Principal::Staff(_) => "/desk",
    });
    keep_session(&web, &mut response, &session.token);
    Ok(response)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_us: i64,
}

#[derive(Serialize)]
struct ClockAnswer {
    business_time_us: i64,
    /// How many timers ran on the way.
    events: usize,
}

fn clock(web: &Web, events: usize) -> Answer {
    let business_time_us = web.app.clock.now().business.us();
    Ok(Json(ClockAnswer { business_time_us, events }).into_response())
}

/// `GET /demo/clock`
pub(crate) async fn read_clock(State(web): State<Web>) -> Answer {
    clock(&web, 0)
}

/// `POST /demo/clock`
pub(crate) async fn advance_clock(State(web): State<Web>, body: Bytes) -> Answer {
    let Advance { advance_us } = json(&body)?;
    let events = advance_business_time(&web.app, advance_us).await?;
    clock(&web, events)
}
