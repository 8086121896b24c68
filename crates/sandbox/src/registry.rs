//! A registry of documents: which name belongs to which number. Whoever asks about a number first registers it; another name
//! for it differs then. Passports are of other countries, and unknown.

use crate::{World, authorized, net::lock};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// The most documents remembered.
const KEPT_MAX: usize = 10_000;

/// Names by kind and number.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<(String, String), String>>);

/// What is asked.
#[derive(Deserialize)]
struct Asked {
    name: String,
    document_kind: String,
    document_number: String,
}

/// The registry's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new().route("/identity", post(ask)).layer(DefaultBodyLimit::max(4 * 1024)).with_state(world)
}

impl Registry {
    fn says(&self, asked: Asked) -> &'static str {
        if asked.document_kind == "passport" {
            return "unknown";
        }
        let mut known = lock(&self.0);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        let name = known.entry((asked.document_kind, asked.document_number)).or_insert_with(|| asked.name.clone());
        if *name == asked.name { "matches" } else { "differs" }
    }
}

async fn ask(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    if !authorized(&headers, &world.sms.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match serde_json::from_slice(&body) {
        Ok(asked) => Json(json!({ "result": world.registry.says(asked) })).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_name_of_a_number_is_its_name() {
        let registry = Registry::default();
        let ask = |name: &str, kind: &str, number: &str| {
            registry.says(Asked {
                name: name.to_owned(),
                document_kind: kind.to_owned(),
                document_number: number.to_owned(),
            })
        };
        assert_eq!(ask("林芳", "cn_id", "1"), "matches");
        assert_eq!(ask("林芳", "cn_id", "1"), "matches");
        assert_eq!(ask("林方", "cn_id", "1"), "differs");
        assert_eq!(ask("林方", "cn_id", "2"), "matches");
        assert_eq!(ask("Anna", "passport", "1"), "unknown");
    }
}
