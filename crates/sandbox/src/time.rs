//! The platform's business time, read and moved through its clock control.

use crate::{
    World,
    net::{Call, Content, NoAnswer, lock},
};
use serde_json::{Value, json};
use std::time::Duration;

/// Moving time runs everything that falls due on the way, which may take a while.
const MOVE_TIME_MAX: Duration = Duration::from_secs(120);
const READ_TIME_MAX: Duration = Duration::from_secs(2);
/// The furthest move at once: ten years.
pub(crate) const MOVE_US_MAX: i64 = 10 * 366 * 86_400 * 1_000_000;

/// Why the time is not known or not moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClockError {
    #[error("the platform's clock control is not connected")]
    NotConnected,
    #[error("time moves forward only, by ten years at most")]
    Distance,
    #[error("the platform did not answer: {0}")]
    NoAnswer(#[from] NoAnswer),
    #[error("the platform answered {status}: {body}")]
    Refused { status: u16, body: String },
}

/// The business time after a move, and what fell due on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    /// Unix µs.
    pub(crate) business_time_us: i64,
    /// How many events happened.
    pub(crate) events: i64,
}

async fn call(world: &World, method: http::Method, content: Content, time_max: Duration) -> Result<Value, ClockError> {
    let links = lock(&world.links).clone();
    let url = links.clock_url.ok_or(ClockError::NotConnected)?;
    let call = Call { method, url: &url, bearer: Some(&links.clock_token), content, time_max };
    let answer = world.http.call(call).await?;
    if answer.status != 200 {
        return Err(ClockError::Refused { status: answer.status, body: answer.body.chars().take(200).collect() });
    }
    Ok(answer.json())
}

fn business_time(answer: &Value) -> Result<i64, ClockError> {
    let found = answer.get("business_time_us").and_then(Value::as_i64);
    found.ok_or(ClockError::Refused { status: 200, body: "no business_time_us".to_owned() })
}

/// The business time now, unix µs.
pub(crate) async fn read(world: &World) -> Result<i64, ClockError> {
    business_time(&call(world, http::Method::GET, Content::None, READ_TIME_MAX).await?)
}

/// Moves the business time forward.
pub(crate) async fn advance(world: &World, advance_us: i64) -> Result<Moved, ClockError> {
    if !(1..=MOVE_US_MAX).contains(&advance_us) {
        return Err(ClockError::Distance);
    }
    let content = Content::Json(json!({ "advance_us": advance_us }));
    let answer = call(world, http::Method::POST, content, MOVE_TIME_MAX).await?;
    let events = answer.get("events").and_then(Value::as_i64).unwrap_or_default();
    Ok(Moved { business_time_us: business_time(&answer)?, events })
}
