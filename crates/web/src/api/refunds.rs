//! Money back over the API: what can go back of an order, and asking for it.

use super::body::{Money, OrderBody, ProblemDocument, time};
use super::receipts::own;
use crate::bodies::json;
use crate::fault::Answer;
use crate::portal::order::order_id;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::order_page::order_page;
use everline_app::refund_order::{refund_by_customer, refund_offer};
use everline_core::refund_order::Ask;
use everline_core::refund_rule::{NoRefund, Refundable};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What can go back of an order now.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefundOfferBody {
    by_rule: OfferBody,
    wrong_number: OfferBody,
}

/// What can go back, or why nothing does.
#[derive(Serialize, ToSchema)]
pub(crate) struct OfferBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<Money>,
    /// Until when it can be asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// Why nothing goes back: `not-paid`, `underway`, `back-already`, `not-after-delivery`, `too-late`, `used`, `ended`,
    /// `other-network`, `too-many` or `disputed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'static str>,
}
impl From<Result<Refundable, NoRefund>> for OfferBody {
    fn from(found: Result<Refundable, NoRefund>) -> Self {
        match found {
            Ok(found) => Self { amount: Some(found.amount.into()), until: Some(time(found.until)), refused: None },
            Err(why) => Self { amount: None, until: None, refused: Some(why.word()) },
        }
    }
}

/// Asking for money back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefundAskBody {
    /// `by_rule` or `wrong_number`.
    #[schema(example = "by_rule")]
    reason: String,
}

/// What can go back of an order that its owner placed, by the offering's rule and because the number was wrong.
#[utoipa::path(get, path = "/api/v1/orders/{order}/refund", params(("order" = String, Path)), tag = "orders",
    responses((status = 200, body = RefundOfferBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn offer(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    own(&web, customer, id).await?;
    let offer = refund_offer(&web.app, customer, id).await?;
    let body = RefundOfferBody { by_rule: offer.by_rule.into(), wrong_number: offer.wrong_number.into() };
    Ok(Json(body).into_response())
}

/// Takes an order back; its money goes to where it came from. 409 `no-refund` says why not. A wrong number that was used
/// is taken up by support (202, `case_open`).
#[utoipa::path(post, path = "/api/v1/orders/{order}/refund", params(("order" = String, Path)), tag = "orders",
    request_body = RefundAskBody,
    responses((status = 202, body = OrderBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let RefundAskBody { reason } = json(&body)?;
    let ask = match reason.as_str() {
        "by_rule" => Ask::ByRule,
        "wrong_number" => Ask::WrongNumber,
        _ => return Err(Problem::Invalid { field: "reason", rule: "by_rule or wrong_number" }.into()),
    };
    own(&web, customer, id).await?;
    refund_by_customer(&web.app, customer, id, ask).await?;
    let view = order_page(&web.app, customer, id).await?;
    Ok((StatusCode::ACCEPTED, Json(OrderBody::new(&view.order, Some(&view)))).into_response())
}
