//! Vouchers over the API.

use super::body::{Money, OrderBody, ProblemDocument, time};
use super::orders::idempotency_key;
use crate::bodies::json;
use crate::fault::{Answer, Fault};
use crate::portal::order::order_id;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::idempotency::order_for_key;
use everline_app::order_page::order_page;
use everline_app::redeem_voucher::{Added, Given, redeem_voucher};
use everline_core::ids::OrderId;
use everline_core::voucher::Redeemer;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Gives a voucher.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VoucherRequest {
    /// As it is printed; case, spaces and hyphens do not matter.
    #[schema(example = "0123-4567-89AB-CDEF-GHJK")]
    voucher: String,
}

/// What a voucher brought.
#[derive(Serialize, ToSchema)]
pub(crate) struct VoucherBody {
    /// What became credit.
    amount: Money,
    added_at: String,
    /// Whether it was added before this request: it is not added again.
    already: bool,
    /// How much of it went into the order now.
    #[serde(skip_serializing_if = "Option::is_none")]
    into_order: Option<Money>,
    /// The order, as it is then.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderBody>,
}

async fn redeem(
    web: &Web,
    visit: &Visit,
    order: Option<OrderId>,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Added, Fault> {
    let customer = visit.customer()?;
    let key = idempotency_key(headers)?;
    let VoucherRequest { voucher } = json(body)?;
    if let Some(order) = order {
        order_page(&web.app, customer, order).await?;
    }
    // A code is redeemed once, whatever the key; one key for two codes is a mistake of the caller's.
    let request = serde_json::json!([order.map(|order| order.to_string()), voucher]).to_string();
    order_for_key(&web.app, &format!("{customer} vouchers {key}"), request.as_bytes()).await?;
    let given = Given { customer, order, by: Redeemer::Owner, address: Some(visit.address) };
    Ok(redeem_voucher(&web.app, given, &voucher).await?)
}

/// Adds a voucher to the credit. The same one again is answered with when it was added, and adds nothing. 422 `no-voucher`
/// says by its `rule` why a code brings nothing; after wrong codes 429 says when to try again.
#[utoipa::path(post, path = "/api/v1/vouchers", tag = "vouchers", request_body = VoucherRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 200 characters of your choice")),
    responses((status = 200, body = VoucherBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn add(State(web): State<Web>, visit: Visit, headers: HeaderMap, body: Bytes) -> Answer {
    let Added { amount, at, already, .. } = redeem(&web, &visit, None, &headers, &body).await?;
    let body = VoucherBody { amount: amount.into(), added_at: time(at), already, into_order: None, order: None };
    Ok((StatusCode::OK, Json(body)).into_response())
}

/// Pays an order with a voucher as far as it goes; the rest of it becomes credit, the rest of the price is paid by any other
/// method.
#[utoipa::path(post, path = "/api/v1/orders/{order}/vouchers", tag = "vouchers", request_body = VoucherRequest,
    params(("order" = String, Path), ("Idempotency-Key" = String, Header, description = "1 to 200 characters of your choice")),
    responses((status = 200, body = VoucherBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn pay(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let Added { amount, at, already, into_order } = redeem(&web, &visit, Some(id), &headers, &body).await?;
    let view = order_page(&web.app, customer, id).await?;
    let body = VoucherBody {
        amount: amount.into(),
        added_at: time(at),
        already,
        into_order: into_order.map(|(amount, _)| amount.into()),
        order: Some(OrderBody::new(&view.order, Some(&view))),
    };
    Ok((StatusCode::OK, Json(body)).into_response())
}
