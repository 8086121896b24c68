//! `GET /`: what this is, and the ways in.

use crate::fault::Answer;
use crate::frame::{Frame, go, page};
use crate::portal::returning::{Left, left};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use serde::Deserialize;

struct PersonShown {
    key: String,
    name: String,
    initial: String,
    what: String,
}

#[derive(Template)]
#[template(path = "landing.html")]
struct Landing {
    p: Frame,
    people: Vec<PersonShown>,
    /// Whether an account was closed just now.
    closed: bool,
    /// A guest's order that was left.
    left: Option<Left>,
}

/// What was done before coming here.
#[derive(Deserialize, Default)]
pub(crate) struct Came {
    #[serde(default)]
    closed: String,
}

/// The first page of somebody who is not signed in; whoever is goes on to where they left.
pub(crate) async fn landing(
    State(web): State<Web>,
    visit: Visit,
    headers: HeaderMap,
    Query(came): Query<Came>,
) -> Answer {
    let p = visit.frame(&web, visit.lang.get("landing-title"));
    if p.signed_in {
        return Ok(go(p.start));
    }
    let tag = visit.lang.tag();
    let people = web.config.demo.iter().flat_map(|demo| &demo.people);
    let people = people.map(|person| {
        let name = person.name.get(tag).to_owned();
        let initial = name.chars().next().map(String::from).unwrap_or_default();
        PersonShown { key: person.key.clone(), initial, name, what: person.what.get(tag).to_owned() }
    });
    let left = left(&web, &visit, &headers).await;
    page(&Landing { people: people.collect(), closed: came.closed == "yes", left, p })
}
