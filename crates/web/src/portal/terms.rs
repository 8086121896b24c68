//! `GET /terms`: what customers agree to when they order.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, page};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;

#[derive(Template)]
#[template(path = "terms.html")]
struct Terms {
    p: Frame,
    version: String,
    paragraphs: Vec<String>,
}

/// The text, a paragraph where it has an empty line.
pub(crate) async fn terms(State(web): State<Web>, visit: Visit) -> Answer {
    let text = web.config.terms.as_ref().ok_or(Fault::NoRoute)?.get(visit.lang.tag()).replace("\r\n", "\n");
    let paragraphs = text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect();
    let version = visit.say("terms-version", &[("version", Arg::Text(&web.app.brand.terms_version))]);
    page(&Terms { p: visit.frame(&web, visit.lang.get("terms-title")), version, paragraphs })
}
