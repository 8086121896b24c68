//! The page on which a person plays the outside world. Every control is a plain form; a small script only keeps the
//! panels fresh.

mod actions;
mod panels;
mod payer;
mod texts;

pub(crate) use texts::{Lang, LangQuery, Texts};

use crate::{World, net::refuse_other_sites};
use askama::Template;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use std::sync::Arc;

/// Forms may lead to the payer's page and from there back to the merchant; nothing else comes from elsewhere.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
    img-src 'self' data:; form-action 'self' http: https:; base-uri 'none'; frame-ancestors 'none'";

/// The view's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/fragments/{name}", get(fragment))
        .merge(actions::router())
        .merge(assets())
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(axum::middleware::from_fn(refuse_other_sites))
        .with_state(world)
}

/// The style sheet and the script, for every server that has pages.
pub(crate) fn assets<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let asset = |kind: &'static str, body: &'static str| {
        get(move || async move {
            ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], body).into_response()
        })
    };
    Router::new()
        .route("/assets/sandbox.css", asset("text/css; charset=utf-8", include_str!("../../assets/sandbox.css")))
        .route("/assets/sandbox.js", asset("text/javascript; charset=utf-8", include_str!("../../assets/sandbox.js")))
}

/// A rendered template with the headers every page has.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    let Ok(html) = template.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    t: &'a Texts,
    said: Option<&'static str>,
    time: String,
    payer: String,
    inbox: String,
    /// The numbers that messages went to, the newest first.
    numbers: Vec<String>,
    devices: String,
    faults: String,
    events: String,
}

async fn index(State(world): State<Arc<World>>, Query(query): Query<LangQuery>) -> Response {
    let t = query.lang().texts();
    let index = Index {
        t,
        said: t.known(&query.said),
        time: panels::time(&world, t).await,
        payer: payer::payer(&world, t),
        inbox: panels::inbox(&world, t),
        numbers: panels::numbers(&world),
        devices: panels::devices(&world, t),
        faults: panels::faults(&world, t),
        events: panels::events(&world, t),
    };
    page(StatusCode::OK, &index)
}

async fn fragment(
    State(world): State<Arc<World>>,
    Path(name): Path<String>,
    Query(query): Query<LangQuery>,
) -> Response {
    let t = query.lang().texts();
    let html = match name.as_str() {
        "time" => panels::time(&world, t).await,
        "payer" => payer::payer(&world, t),
        "inbox" => panels::inbox(&world, t),
        "devices" => panels::devices(&world, t),
        "faults" => panels::faults(&world, t),
        "events" => panels::events(&world, t),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CACHE_CONTROL, "no-store")], Html(html)).into_response()
}
