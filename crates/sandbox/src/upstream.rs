//! The wholesale API of another operator: activations that are asked for, confirmed, refused, or lost on the way.
//!
//! Owns the activations and the ways in which this operator misbehaves. Idempotent by `request_id`: the same content
//! gets the same answer, other content is a conflict.

use crate::{
    World, authorized,
    net::{hang_up, lock},
    random_hex,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

/// The most activations kept.
const KEPT_MAX: usize = 10_000;

/// How the operator behaves towards a request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// Carried out at once.
    #[default]
    Accept,
    /// Carried out, answered after so many milliseconds.
    Delay(u64),
    /// Refused for this reason.
    Refuse(String),
    /// Carried out, then the connection is closed instead of answering.
    LoseAnswer,
    /// Taken; stays so until a person confirms or refuses it.
    Submitted,
    /// Not carried out; HTTP status 503.
    Unavailable,
}

/// The behaviour for the next requests, then the standing one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Modes {
    pub(crate) next: VecDeque<Mode>,
    pub(crate) standing: Mode,
}

impl Modes {
    fn take(&mut self) -> Mode {
        self.next.pop_front().unwrap_or_else(|| self.standing.clone())
    }
}

/// How far an activation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// Taken, not decided.
    Submitted,
    /// In effect.
    Completed,
    /// Will not happen.
    Refused,
}

/// One activation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Activation {
    pub(crate) request_id: String,
    pub(crate) activation_id: String,
    pub(crate) status: Status,
    pub(crate) reason: Option<String>,
    /// The whole request as it was sent.
    pub(crate) request: Value,
    pub(crate) at_us: i64,
}

impl Activation {
    fn answer(&self) -> Value {
        let mut answer = json!({
            "request_id": self.request_id,
            "status": self.status,
            "activation_id": self.activation_id,
        });
        if let (Some(reason), Some(map)) = (&self.reason, answer.as_object_mut()) {
            map.insert("reason".into(), reason.as_str().into());
        }
        answer
    }
}

/// The request was used with other content.
#[derive(Debug, PartialEq, Eq)]
struct Conflict;

/// All activations, in order.
#[derive(Debug, Default)]
pub(crate) struct Activations {
    by_request: HashMap<String, Activation>,
    order: VecDeque<String>,
}

impl Activations {
    /// Newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Activation> {
        self.order.iter().rev().filter_map(|id| self.by_request.get(id))
    }

    /// Carries out a request in the manner of `mode`; a known one is answered as before.
    fn activate(&mut self, wanted: Wanted, mode: &Mode, activation_id: String, now_us: i64) -> Result<Value, Conflict> {
        if let Some(known) = self.by_request.get(&wanted.request_id) {
            return if known.request == wanted.request { Ok(known.answer()) } else { Err(Conflict) };
        }
        let (status, reason) = match mode {
            Mode::Refuse(reason) => (Status::Refused, Some(reason.clone())),
            Mode::Submitted => (Status::Submitted, None),
            _ => (Status::Completed, None),
        };
        let activation = Activation {
            request_id: wanted.request_id.clone(),
            activation_id,
            status,
            reason,
            request: wanted.request,
            at_us: now_us,
        };
        let answer = activation.answer();
        if self.order.len() == KEPT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_request.remove(&oldest);
        }
        self.order.push_back(wanted.request_id.clone());
        self.by_request.insert(wanted.request_id, activation);
        Ok(answer)
    }

    /// Decides one that is submitted; `None` if there is none such.
    pub(crate) fn decide(&mut self, request_id: &str, refusal: Option<String>) -> Option<&Activation> {
        let activation = self.by_request.get_mut(request_id).filter(|known| known.status == Status::Submitted)?;
        activation.status = if refusal.is_some() { Status::Refused } else { Status::Completed };
        activation.reason = refusal;
        Some(activation)
    }
}

/// What it holds of its customer's money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Balance {
    /// A decimal text, below zero where it gives credit; `None`: it does not tell.
    pub(crate) balance: Option<String>,
    pub(crate) currency: String,
}

impl Default for Balance {
    fn default() -> Self {
        Self { balance: Some("25000.00".to_owned()), currency: "CNY".to_owned() }
    }
}

/// The operator's state.
pub(crate) struct Upstream {
    pub(crate) token: String,
    pub(crate) balance: Mutex<Balance>,
    pub(crate) modes: Mutex<Modes>,
    pub(crate) activations: Mutex<Activations>,
}

/// A checked request.
#[derive(Debug, PartialEq)]
struct Wanted {
    request_id: String,
    request: Value,
}

impl Wanted {
    /// Names the field that is wrong.
    fn parse(body: &[u8]) -> Result<Self, &'static str> {
        let request: Value = serde_json::from_slice(body).map_err(|_| "body")?;
        let text =
            |name: &'static str| request.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).ok_or(name);
        let digits = |name: &'static str, range: std::ops::RangeInclusive<usize>| {
            let value = text(name)?;
            let value = value.strip_prefix('+').filter(|_| name == "msisdn").unwrap_or(value);
            let good = range.contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
            if good { Ok(()) } else { Err(name) }
        };
        let request_id = text("request_id")?.to_owned();
        if request_id.len() > 64 {
            return Err("request_id");
        }
        digits("msisdn", 5..=15)?;
        digits("iccid", 18..=20)?;
        text("plan_code")?;
        match request.get("months") {
            None | Some(Value::Null) => {}
            Some(months) if months.as_u64().is_some_and(|months| (1..=120).contains(&months)) => {}
            Some(_) => return Err("months"),
        }
        Ok(Self { request_id, request })
    }
}

/// The operator's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/v1/activations", post(activate))
        .route("/v1/activations/{request_id}", get(look_up))
        .route("/v1/balance", get(balance))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .with_state(world)
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

async fn activate(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    if !authorized(&headers, &world.upstream.token) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    let wanted = match Wanted::parse(&body) {
        Ok(wanted) => wanted,
        Err(field) => return refusal(StatusCode::BAD_REQUEST, &format!("invalid {field}")),
    };
    let mode = lock(&world.upstream.modes).take();
    if mode == Mode::Unavailable {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    let Ok(activation_id) = random_hex(8) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let outcome = lock(&world.upstream.activations).activate(wanted, &mode, activation_id, (world.clock)());
    match mode {
        Mode::LoseAnswer => return hang_up(),
        Mode::Delay(ms) => drop(world.stop.during(Duration::from_millis(ms)).await),
        _ => {}
    }
    match outcome {
        Ok(answer) => Json(answer).into_response(),
        Err(Conflict) => refusal(StatusCode::CONFLICT, "request_id was used with other content"),
    }
}

async fn look_up(State(world): State<Arc<World>>, headers: HeaderMap, Path(request_id): Path<String>) -> Response {
    if !authorized(&headers, &world.upstream.token) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    if lock(&world.upstream.modes).standing == Mode::Unavailable {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    match lock(&world.upstream.activations).by_request.get(&request_id) {
        Some(activation) => Json(activation.answer()).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "unknown request_id"),
    }
}

async fn balance(State(world): State<Arc<World>>, headers: HeaderMap) -> Response {
    if !authorized(&headers, &world.upstream.token) {
        return refusal(StatusCode::UNAUTHORIZED, "unauthorized");
    }
    if lock(&world.upstream.modes).standing == Mode::Unavailable {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
    }
    let balance = lock(&world.upstream.balance).clone();
    match balance.balance {
        Some(_) => Json(balance).into_response(),
        None => refusal(StatusCode::NOT_FOUND, "not offered"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(id: &str, plan: &str) -> Wanted {
        let body =
            json!({"request_id": id, "msisdn": "8613800138000", "iccid": "89860012345678901234", "plan_code": plan});
        Wanted::parse(body.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn the_same_request_gets_the_same_answer_whatever_the_mode() {
        let mut book = Activations::default();
        let first = book.activate(wanted("r1", "p"), &Mode::Accept, "a1".into(), 1).unwrap();
        assert_eq!(first, json!({"request_id": "r1", "status": "completed", "activation_id": "a1"}));
        let again = book.activate(wanted("r1", "p"), &Mode::Refuse("no".into()), "a2".into(), 2);
        assert_eq!(again, Ok(first));
        assert_eq!(book.activate(wanted("r1", "q"), &Mode::Accept, "a3".into(), 3), Err(Conflict));
        assert_eq!(book.newest_first().count(), 1);
    }

    #[test]
    fn a_submitted_request_waits_for_a_decision() {
        let mut book = Activations::default();
        let answer = book.activate(wanted("r1", "p"), &Mode::Submitted, "a1".into(), 1).unwrap();
        assert_eq!(answer["status"], "submitted");
        assert_eq!(book.decide("r1", None).unwrap().status, Status::Completed);
        assert!(book.decide("r1", None).is_none());
        let answer = book.activate(wanted("r1", "p"), &Mode::Accept, "a9".into(), 9).unwrap();
        assert_eq!(answer, json!({"request_id": "r1", "status": "completed", "activation_id": "a1"}));
        book.activate(wanted("r2", "p"), &Mode::Submitted, "a2".into(), 2).unwrap();
        let refused = book.decide("r2", Some("no stock".into())).unwrap();
        assert_eq!((refused.status, refused.reason.as_deref()), (Status::Refused, Some("no stock")));
        assert!(book.decide("r3", None).is_none());
    }

    #[test]
    fn modes_for_the_next_requests_come_before_the_standing_one() {
        let text = r#"{"next":["lose_answer",{"refuse":"no"}],"standing":{"delay":5}}"#;
        let mut modes: Modes = serde_json::from_str(text).unwrap();
        assert_eq!(modes.take(), Mode::LoseAnswer);
        assert_eq!(modes.take(), Mode::Refuse("no".into()));
        assert_eq!(modes.take(), Mode::Delay(5));
        assert_eq!(modes.take(), Mode::Delay(5));
    }

    #[test]
    fn bad_requests_name_the_field() {
        let good = json!({"request_id": "r", "msisdn": "+8613800138000", "iccid": "89860012345678901234", "plan_code": "p", "months": 3});
        assert!(Wanted::parse(good.to_string().as_bytes()).is_ok());
        for (field, value) in [
            ("request_id", json!("")),
            ("request_id", json!("x".repeat(65))),
            ("msisdn", json!("138x")),
            ("msisdn", json!(8_613_800_138_000_i64)),
            ("iccid", json!("8986")),
            ("plan_code", json!(null)),
            ("months", json!(0)),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(Wanted::parse(bad.to_string().as_bytes()), Err(field), "{bad}");
        }
        assert_eq!(Wanted::parse(b"{"), Err("body"));
    }
}
