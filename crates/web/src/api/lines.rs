//! Lines over the API, and what can be bought for them.

use super::body::{HomeBody, LineBody, Lines, OfferingBody, Offerings, ProblemDocument, QuoteBody, QuoteRequest};
use crate::bodies::json;
use crate::fault::{Answer, Fault, not_sellable};
use crate::portal::line::line_id;
use crate::portal::offering_shown::reference;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::catalog;
use everline_core::offering::OfferingRef;

/// Everything on the customer's first page.
#[utoipa::path(get, path = "/api/v1/home", tag = "lines",
    responses((status = 200, body = HomeBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn home(State(web): State<Web>, visit: Visit) -> Answer {
    let home = everline_app::home::home(&web.app, visit.customer()?).await?;
    Ok(Json(HomeBody::from(&home)).into_response())
}

/// The customer's lines, those that need something first.
#[utoipa::path(get, path = "/api/v1/lines", tag = "lines",
    responses((status = 200, body = Lines), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    let home = everline_app::home::home(&web.app, visit.customer()?).await?;
    Ok(Json(Lines { lines: home.lines.iter().map(LineBody::from).collect() }).into_response())
}

/// One line.
#[utoipa::path(get, path = "/api/v1/lines/{line}", params(("line" = String, Path)), tag = "lines",
    responses((status = 200, body = LineBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn one(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (view, _) = everline_app::home::line_page(&web.app, visit.customer()?, line_id(&id)?).await?;
    Ok(Json(LineBody::from(&view)).into_response())
}

/// What can be bought for a line, and what cannot now.
#[utoipa::path(get, path = "/api/v1/lines/{line}/offerings", params(("line" = String, Path)), tag = "lines",
    responses((status = 200, body = Offerings), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn offerings(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let choices = catalog::offerings(&web.app, visit.customer()?, line_id(&id)?).await?.choices;
    let body = |choice: &catalog::Choice| {
        OfferingBody::new(&choice.offering, choice.quote.as_ref().err().map(|why| not_sellable(*why)))
    };
    Ok(Json(Offerings { offerings: choices.iter().map(body).collect() }).into_response())
}

/// What an offering would mean for a line: price, start, end, terms.
#[utoipa::path(post, path = "/api/v1/lines/{line}/quotes", params(("line" = String, Path)), tag = "lines",
    request_body = QuoteRequest,
    responses((status = 200, body = QuoteBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn quote(State(web): State<Web>, visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let QuoteRequest { offering } = json(&body)?;
    let (customer, line, offering) = (visit.customer()?, line_id(&id)?, offering_ref(&offering)?);
    let (_, _, quote) = catalog::quote_one(&web.app, customer, line, offering).await?;
    Ok(Json(QuoteBody::from(&quote)).into_response())
}

/// Reads `code@version`.
pub(crate) fn offering_ref(text: &str) -> Result<OfferingRef, Fault> {
    reference(text).ok_or_else(|| Problem::Invalid { field: "offering", rule: "code@version" }.into())
}
