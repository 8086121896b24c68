//! Orders over the API.

use super::body::{OrderBody, OrderRequest, PaymentRequest, ProblemDocument, ReceiptBody};
use super::lines::offering_ref;
use crate::bodies::json;
use crate::fault::{Answer, Fault};
use crate::portal::line::line_id;
use crate::portal::order::order_id;
use crate::portal::pay::{PayBy, pay_by};
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use everline_app::Problem;
use everline_app::ask_provider::ask_provider;
use everline_app::idempotency::order_for_key;
use everline_app::order_page::{ask_network, order_page};
use everline_app::place_order::{NewOrder, place_order};
use everline_app::receipt::{payee, signed};
use everline_core::order::{Order, PlacedBy};
use everline_core::receipt::Reader;

/// The key of a request that must have one (draft-ietf-httpapi-idempotency-key-header).
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<&str, Fault> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok()).map(str::trim);
    key.filter(|key| (1..=200).contains(&key.len()))
        .ok_or_else(|| Fault::Unusable { field: "Idempotency-Key".to_owned(), rule: "1 to 200 characters needed" })
}

/// Places an order. Sent again with the same key it is the same order; with the same key and another body it is refused.
#[utoipa::path(post, path = "/api/v1/lines/{line}/orders", tag = "orders", request_body = OrderRequest,
    params(("line" = String, Path), ("Idempotency-Key" = String, Header, description = "1 to 200 characters of your choice")),
    responses((status = 201, body = OrderBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn place(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let key = idempotency_key(&headers)?;
    let OrderRequest { offering, terms_version } = json(&body)?;
    let offering = offering_ref(&offering)?;
    // The line is part of the request: one key for two lines is a mistake of the caller's.
    let request = serde_json::json!([line.to_string(), offering.to_string(), terms_version]).to_string();
    let order = order_for_key(&web.app, &format!("{customer} orders {key}"), request.as_bytes()).await?;
    let (placed_by, from) = (PlacedBy::Owner, Some(visit.address));
    let new = NewOrder { id: order, customer, line, offering, terms_version, placed_by, token: None, from };
    Ok(created(&place_order(&web.app, new).await?))
}

/// An order that was placed, and where it is.
pub(crate) fn created(order: &Order) -> Response {
    let mut response = (StatusCode::CREATED, Json(OrderBody::new(order, None))).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/v1/orders/{}", order.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// One order, with its payments and refunds.
#[utoipa::path(get, path = "/api/v1/orders/{order}", params(("order" = String, Path)), tag = "orders",
    responses((status = 200, body = OrderBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn one(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = order_page(&web.app, visit.customer()?, order_id(&id)?).await?;
    Ok(Json(OrderBody::new(&view.order, Some(&view))).into_response())
}

/// Starts a payment, or returns the open one of that method. 504 `provider-silent`: it is not known whether the payment
/// was started; the provider is being asked, and paying twice is returned.
#[utoipa::path(post, path = "/api/v1/orders/{order}/payments", params(("order" = String, Path)), tag = "orders",
    request_body = PaymentRequest,
    responses((status = 201, body = OrderBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json"), (status = "5XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn pay(State(web): State<Web>, visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let PaymentRequest { method } = json(&body)?;
    // A voucher needs its code: it has an operation of its own.
    let by = PayBy::from_word(&method)?;
    if by == PayBy::Voucher {
        return Err(Problem::Invalid { field: "method", rule: "unknown" }.into());
    }
    order_page(&web.app, customer, id).await?;
    pay_by(&web, &visit, (customer, id), by).await?;
    let view = order_page(&web.app, customer, id).await?;
    Ok((StatusCode::CREATED, Json(OrderBody::new(&view.order, Some(&view)))).into_response())
}

/// Asks now: the provider, what became of the order's payments; the network, about an order that is paid and not in effect.
#[utoipa::path(post, path = "/api/v1/orders/{order}/ask", params(("order" = String, Path)), tag = "orders",
    responses((status = 200, body = OrderBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    order_page(&web.app, customer, id).await?;
    ask_provider(&web.app, customer, id).await?;
    ask_network(&web.app, customer, id).await?;
    let view = order_page(&web.app, customer, id).await?;
    Ok(Json(OrderBody::new(&view.order, Some(&view))).into_response())
}

/// The receipt of a paid order.
#[utoipa::path(get, path = "/api/v1/orders/{order}/receipt", params(("order" = String, Path)), tag = "orders",
    responses((status = 200, body = ReceiptBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn receipt(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = order_page(&web.app, visit.customer()?, order_id(&id)?).await?;
    let receipt = view.receipt.as_ref().ok_or(Problem::NotFound("receipt"))?;
    let signed = signed(&web.app, &view, Reader::Owner)?;
    let check = signed.map(|signed| web.link(&format!("/v/{}", signed.token)));
    Ok(Json(ReceiptBody::new(&view, receipt, payee(receipt, &web.app.brand), check)).into_response())
}
