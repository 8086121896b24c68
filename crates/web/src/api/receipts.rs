//! Receipts over the API: as a file, checked by anybody, and the invoice that can be asked for.

use super::body::{Money, ProblemDocument, time};
use crate::bodies::json;
use crate::fault::Answer;
use crate::portal::order::order_id;
use crate::portal::order_shown::Audience;
use crate::portal::receipt_pdf::receipt_file;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::invoice as invoices;
use everline_app::order_page::order_page;
use everline_app::profile::profile;
use everline_app::receipt::{Checked, check_receipt};
use everline_app::secrets::hex;
use everline_core::ids::{CustomerId, OrderId};
use everline_core::invoice::{InvoiceRequest, InvoiceState, Particulars};
use everline_core::money::{Currency, Money as Amount};
use everline_core::order::PlacedBy;
use everline_core::receipt::{Course, Payment, Second};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The receipt of a paid order as a PDF file, in the language of `Accept-Language`. 404 while it has no number.
#[utoipa::path(get, path = "/api/v1/orders/{order}/receipt.pdf", params(("order" = String, Path)), tag = "receipts",
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn pdf(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let view = order_page(&web.app, customer, id).await?;
    let payer = profile(&web.app, customer).await?.contact.map(|contact| contact.masked());
    receipt_file(&web, &visit.show(&web), &view, Audience::Owner, payer).await
}

/// A payment that a receipt names.
#[derive(Serialize, ToSchema)]
pub(crate) struct PaidBody {
    method: &'static str,
    received: Money,
    paid_at: String,
    out_trade_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_no: Option<String>,
}
impl From<&Payment> for PaidBody {
    fn from(paid: &Payment) -> Self {
        Self {
            method: paid.how(),
            received: paid.received.into(),
            paid_at: time(paid.paid_at),
            out_trade_no: paid.out_trade_no.clone(),
            trade_no: paid.trade_no.clone(),
        }
    }
}

/// How far what was bought is.
#[derive(Serialize, ToSchema)]
pub(crate) struct CourseBody {
    /// `not_yet`, `delivered`, `queued`, `starts_on_first_use`, `in_effect`, `done`, `refunding` or `refunded`.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_effect_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
    refunds: Vec<ReturnBody>,
}

/// Money that went back, or is on its way.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReturnBody {
    amount: Money,
    /// `in_flight`, `done` or `failed`.
    state: &'static str,
    started_at: String,
}
impl CourseBody {
    fn new(course: &Course, currency: Currency) -> Self {
        let at = |second: Option<Second>| second.map(|second| time(second.instant()));
        let back = course.returns.iter().map(|back| ReturnBody {
            amount: Amount::from_micros(back.micros, currency).into(),
            state: back.state.word(),
            started_at: time(back.started.instant()),
        });
        Self {
            outcome: course.outcome.word(),
            delivered_at: at(course.delivered),
            in_effect_at: at(course.in_effect),
            starts_at: at(course.starts),
            ends_at: at(course.ends),
            refunds: back.collect(),
        }
    }
}

/// A receipt that is genuine: what it says, how far things are now, and what proves it.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckBody {
    number: i64,
    issued_at: String,
    order_number: String,
    payee: BTreeMap<String, String>,
    credit_code: String,
    /// `code@version`.
    item: String,
    item_name: BTreeMap<String, String>,
    /// The number, masked.
    msisdn: String,
    /// The card, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    iccid: Option<String>,
    amount: Money,
    payments: Vec<PaidBody>,
    /// What the receipt says of what was still to come when it was written.
    said: CourseBody,
    /// The same now.
    now: CourseBody,
    /// Whether anything happened since.
    changed: bool,
    /// The text that is signed: every fact above but `now`.
    statement: String,
    /// Ed25519 (RFC 8032) over the UTF-8 of `statement`, in hexadecimal digits.
    signature: String,
    /// The public key in hexadecimal digits.
    public_key: String,
    /// What names the key: the first four bytes of its SHA-256.
    key_id: String,
}
impl From<Checked> for CheckBody {
    fn from(checked: Checked) -> Self {
        let changed = !checked.changes().is_empty();
        let Checked { signed, now } = checked;
        let facts = signed.facts;
        let currency = facts.amount.currency();
        Self {
            number: facts.number,
            issued_at: time(facts.issued_at),
            order_number: facts.order,
            payee: facts.payee.legal_name.0,
            credit_code: facts.payee.credit_code,
            item: facts.item.to_string(),
            item_name: facts.item_name.0,
            msisdn: facts.msisdn,
            iccid: facts.iccid,
            amount: facts.amount.into(),
            payments: facts.payments.iter().map(PaidBody::from).collect(),
            said: CourseBody::new(&signed.course, currency),
            now: CourseBody::new(&now, currency),
            changed,
            statement: signed.statement,
            signature: hex(&signed.signature),
            public_key: hex(&signed.key.0),
            key_id: signed.key.id().to_string(),
        }
    }
}

/// Checks a receipt by what stands in the address of its QR code, after `/v/`. 404 `not-genuine`: we signed no such receipt.
#[utoipa::path(get, path = "/api/v1/receipts/{proof}", params(("proof" = String, Path)), tag = "receipts", security(()),
    responses((status = 200, body = CheckBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn check(State(web): State<Web>, Path(token): Path<String>) -> Answer {
    let checked = check_receipt(&web.app, &token).await?;
    Ok(Json(CheckBody::from(checked)).into_response())
}

/// Asks for an invoice.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvoiceRequestBody {
    /// `person` or `organisation`.
    #[schema(example = "organisation")]
    buyer: String,
    /// The buyer's name on it.
    title: String,
    /// An organisation's: for renminbi a unified social credit code (GB 32100).
    #[serde(default)]
    #[schema(example = "91350100M000100Y43")]
    tax_number: String,
    /// Where it is sent.
    email: String,
}

/// The request for an order's invoice.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvoiceBody {
    /// `requested`, `issued` or `refused`.
    state: &'static str,
    buyer: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_number: Option<String>,
    /// Kept until it is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    asked_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}
impl From<InvoiceRequest> for InvoiceBody {
    fn from(request: InvoiceRequest) -> Self {
        let body = Self {
            state: "requested",
            buyer: request.buyer.word(),
            tax_number: request.buyer.tax_number().map(str::to_owned),
            title: request.title,
            email: None,
            asked_at: time(request.asked_at),
            settled_at: None,
            number: None,
            link: None,
            reason: None,
        };
        match request.state {
            InvoiceState::Requested { email } => Self { email: Some(email.as_str().to_owned()), ..body },
            InvoiceState::Issued(settled, issue) => Self {
                state: "issued",
                settled_at: Some(time(settled.at)),
                number: Some(issue.number),
                link: issue.link,
                ..body
            },
            InvoiceState::Refused(settled, reason) => {
                Self { state: "refused", settled_at: Some(time(settled.at)), reason: Some(reason), ..body }
            }
        }
    }
}

/// The request for the invoice of an order that its owner placed; 404 if none was made.
#[utoipa::path(get, path = "/api/v1/orders/{order}/invoice", params(("order" = String, Path)), tag = "receipts",
    responses((status = 200, body = InvoiceBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn invoice(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    own(&web, customer, id).await?;
    let request = invoices::invoice(&web.app, customer, id).await?.ok_or(Problem::NotFound("invoice"))?;
    Ok(Json(InvoiceBody::from(request)).into_response())
}

/// Asks for the invoice of an order: once, and again after a refusal. The same again changes nothing; other details while
/// it is worked on are refused with 409 `no-invoice`. People make it; it is ready when `state` is `issued`.
#[utoipa::path(post, path = "/api/v1/orders/{order}/invoice", params(("order" = String, Path)), tag = "receipts",
    request_body = InvoiceRequestBody,
    responses((status = 202, body = InvoiceBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn ask_invoice(State(web): State<Web>, visit: Visit, Path(id): Path<String>, body: Bytes) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let InvoiceRequestBody { buyer, title, tax_number, email } = json(&body)?;
    own(&web, customer, id).await?;
    let wanted = Particulars::read(&buyer, &title, tax_number.trim(), email.trim(), web.app.brand.currency);
    let request = invoices::ask_invoice(&web.app, customer, id, wanted.map_err(Problem::from)?).await?;
    Ok((StatusCode::ACCEPTED, Json(InvoiceBody::from(request))).into_response())
}

/// What a guest paid is the guest's to ask about.
pub(super) async fn own(web: &Web, customer: CustomerId, id: OrderId) -> Result<(), Problem> {
    match order_page(&web.app, customer, id).await?.order.placed_by {
        PlacedBy::Guest => Err(Problem::NotFound("order")),
        PlacedBy::Owner | PlacedBy::MovedIn | PlacedBy::AutoRenew => Ok(()),
    }
}
