//! `GET /desk/orders/{number}/evidence.json` and `.txt`: what answers a dispute, in one file.

use super::queue::me;
use crate::fault::Answer;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use everline_app::Problem;
use everline_app::evidence_bundle::{as_text, evidence_bundle};

/// The file for machines.
pub(crate) async fn json(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    let bundle = evidence_bundle(&web.app, &number, me(&visit)?).await?;
    let text = serde_json::to_string_pretty(&bundle);
    let text = text.map_err(|_| Problem::Internal("a bundle that has no JSON".to_owned()))?;
    Ok(file("application/json", &number, "json", text))
}

/// The file for forms that take text.
pub(crate) async fn text(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    let text = as_text(&evidence_bundle(&web.app, &number, me(&visit)?).await?);
    Ok(file("text/plain; charset=utf-8", &number, "txt", text))
}

fn file(kind: &'static str, number: &str, ending: &str, text: String) -> axum::response::Response {
    // The number leads to an order, so it is digits.
    let name = format!("attachment; filename=\"evidence-{number}.{ending}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, name)], text).into_response()
}
