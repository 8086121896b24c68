//! For whoever watches the process. `/healthz` and a bare `/readyz` are for load balancers; what is wrong in detail, and
//! the metrics, stand on an address of their own that strangers do not reach.

use crate::fault::{Answer, Fault};
use crate::web::{Web, WebConfig};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing};
use everline_app::{App, Problem, ready, vitals};
use everline_core::time::SECOND_US;

/// A runner that did not ask for work for so long does not run.
const PULSE_US_MAX: i64 = 60 * SECOND_US;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether traffic is wanted; no details.
pub(crate) async fn readyz(State(web): State<Web>) -> Answer {
    if checks(&web).await.iter().all(|check| check.fine()) {
        return Ok("ready\n".into_response());
    }
    Err(Fault::from(Problem::Busy))
}

/// The routes of the address for administrators: `/healthz`, `/readyz` with details, `/metrics`. They ask for no secret:
/// listen on a loopback address, or on one that only your monitoring reaches.
pub fn admin_router(app: App, config: WebConfig) -> Router {
    Router::new()
        .route("/healthz", routing::get(healthz))
        .route("/readyz", routing::get(details))
        .route("/metrics", routing::get(metrics))
        .with_state(Web::new(app, config))
}

/// A condition of readiness.
struct Check {
    name: &'static str,
    /// What is wrong.
    wrong: Option<String>,
}
impl Check {
    fn new(name: &'static str, holds: bool, wrong: &str) -> Self {
        Self { name, wrong: (!holds).then(|| wrong.to_owned()) }
    }
    fn fine(&self) -> bool {
        self.wrong.is_none()
    }
}

async fn checks(web: &Web) -> Vec<Check> {
    let ready = match ready::ready(&web.app).await {
        Ok(()) => None,
        Err(Problem::Internal(what)) => Some(what),
        Err(problem) => Some(problem.to_string()),
    };
    let mut checks = vec![Check { name: "store_and_timers", wrong: ready }];
    if checks.iter().all(Check::fine) {
        let matches = vitals::schema_matches(&web.app).await.unwrap_or(false);
        checks.push(Check::new("schema", matches, "migrations are missing: run `everline migrate`"));
    }
    if let Some(pulse) = &web.config.pulse {
        let age_us = web.app.clock.now().system.since_us(pulse.last());
        checks.push(Check::new("jobs", age_us <= PULSE_US_MAX, "the runner of jobs gets no work from the store"));
    }
    checks.push(Check::new("serving", !web.stopping(), "the process is about to end"));
    checks
}

async fn details(State(web): State<Web>) -> Response {
    let checks = checks(&web).await;
    let fine = checks.iter().all(Check::fine);
    let list: serde_json::Map<_, _> = (checks.into_iter())
        .map(|check| (check.name.to_owned(), check.wrong.unwrap_or_else(|| "fine".to_owned()).into()))
        .collect();
    let status = if fine { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": fine, "checks": list }))).into_response()
}

async fn metrics(State(web): State<Web>) -> Response {
    let checks = checks(&web).await;
    let checks: Vec<(&str, bool)> = checks.iter().map(|check| (check.name, check.fine())).collect();
    let vitals = vitals::vitals(&web.app).await;
    if let Err(problem) = &vitals {
        tracing::warn!(%problem, "the store did not answer the metrics");
    }
    let text = web.config.metrics.text(env!("CARGO_PKG_VERSION"), &checks, vitals.ok().as_ref());
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
