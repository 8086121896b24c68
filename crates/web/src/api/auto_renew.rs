//! Renewal by itself, and saved payment methods, over the API.

use super::body::{Money, ProblemDocument, time};
use super::lines::offering_ref;
use crate::bodies::json;
use crate::fault::Answer;
use crate::portal::cards::method_id;
use crate::portal::line::line_id;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::auto_renew::{AutoRenewView, Wanted, off as switch_off, set, view};
use everline_app::saved_methods::{remove as remove_method, saved_methods};
use everline_core::auto_renew::{Early, PayWith, State as At};
use everline_core::money::Money as Amount;
use everline_core::saved_method::SavedMethod;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether and how a line renews by itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct AutoRenewBody {
    /// `off`, `waiting`, `announced`, `asks_consent`, `trying`, `needs_customer` or `gave_up`.
    #[schema(example = "announced")]
    state: String,
    /// Why it was given up.
    why: Option<String>,
    /// The end of the plan that is being renewed.
    cycle: Option<String>,
    /// When the money is taken.
    debit_at: Option<String>,
    /// The order that is being paid or waits for its owner.
    order: Option<String>,
    /// What was agreed to last.
    consent: Option<ConsentBody>,
    /// What was taken in this calendar month.
    spent: Money,
    /// Plans that can be agreed to, as `code@version`.
    offerings: Vec<String>,
}

/// What the owner agreed to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConsentBody {
    #[schema(example = "watch-month@1")]
    offering: String,
    price: Money,
    /// `credit`, or `saved:` and the id of a saved method; in the order in which they are tried.
    methods: Vec<String>,
    month_cap: Money,
    lead_days: u8,
    /// Renewed at once when at most so many percent of the data are left.
    left_percent: Option<u8>,
    /// Renewed at once when at this rate the data will not last.
    by_forecast: bool,
    terms_version: String,
    given_at: String,
}

/// Agrees to renewal by itself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutoRenewRequest {
    /// `code@version`, in the version whose price was shown.
    #[schema(example = "watch-month@1")]
    offering: String,
    /// `credit`, or `saved:` and the id of a saved method; in the order in which they are to be tried.
    methods: Vec<String>,
    /// The most in a calendar month, in the brand's currency.
    #[schema(example = "30.00")]
    month_cap: String,
    /// Days before the end of the plan, 1 to 14.
    lead_days: u8,
    /// Renew at once when at most so many percent of the data are left: 5, 10 … 50.
    #[serde(default)]
    left_percent: Option<u8>,
    /// Renew at once when at this rate the data will not last.
    #[serde(default)]
    by_forecast: bool,
    /// The terms that were shown.
    terms_version: String,
}

/// A saved payment method.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedMethodBody {
    id: String,
    #[schema(example = "card")]
    kind: String,
    /// Brand and last four digits.
    #[schema(example = "visa 4242")]
    label: String,
    /// When it cannot be used any more.
    good_until: String,
    added_at: String,
}
impl From<&SavedMethod> for SavedMethodBody {
    fn from(saved: &SavedMethod) -> Self {
        Self {
            id: saved.id.to_string(),
            kind: "card".to_owned(),
            label: saved.label.clone(),
            good_until: time(saved.good_until),
            added_at: time(saved.added_at),
        }
    }
}

/// Saved payment methods.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedMethods {
    payment_methods: Vec<SavedMethodBody>,
}

fn body(view: &AutoRenewView) -> AutoRenewBody {
    let state = view.setting.as_ref().map_or(At::Off, |setting| setting.state);
    let consent = view.setting.as_ref().map(|setting| &setting.consent);
    AutoRenewBody {
        state: state.word().to_owned(),
        why: if let At::GaveUp { why, .. } = state { Some(why.word().to_owned()) } else { None },
        cycle: state.cycle().map(time),
        debit_at: match state {
            At::Announced { debit_at, .. } | At::AsksConsent { debit_at, .. } => Some(time(debit_at)),
            _ => None,
        },
        order: view.order.map(|order| order.to_string()),
        consent: consent.map(|consent| ConsentBody {
            offering: consent.offering.to_string(),
            price: consent.price.into(),
            methods: consent.methods.iter().map(PayWith::word).collect(),
            month_cap: consent.month_cap.into(),
            lead_days: consent.lead_days,
            left_percent: consent.early.left_percent,
            by_forecast: consent.early.forecast,
            terms_version: consent.terms_version.clone(),
            given_at: time(consent.given_at),
        }),
        spent: view.spent.into(),
        offerings: view.plans.iter().map(|plan| plan.reference.to_string()).collect(),
    }
}

/// Whether and how a line renews by itself.
#[utoipa::path(get, path = "/api/v1/lines/{line}/auto-renew", params(("line" = String, Path)), tag = "renewals",
    responses((status = 200, body = AutoRenewBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn one(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = view(&web.app, visit.customer()?, line_id(&id)?).await?;
    Ok(Json(body(&view)).into_response())
}

/// Agrees that a line renews by itself, or agrees again; what was agreed to before is replaced. Sent twice it is the same.
/// 409 `renewal-under-way` while money is being taken.
#[utoipa::path(post, path = "/api/v1/lines/{line}/auto-renew", params(("line" = String, Path)), tag = "renewals",
    request_body = AutoRenewRequest,
    responses((status = 200, body = AutoRenewBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn agree(State(web): State<Web>, visit: Visit, Path(id): Path<String>, request: Bytes) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let request: AutoRenewRequest = json(&request)?;
    let early = Early { left_percent: request.left_percent, forecast: request.by_forecast };
    let AutoRenewRequest { offering, methods, month_cap, lead_days, terms_version, .. } = request;
    let read = |word: &String| PayWith::from_word(word);
    let methods: Option<Vec<PayWith>> = methods.iter().map(read).collect();
    let wanted = Wanted {
        offering: offering_ref(&offering)?,
        methods: methods.ok_or(Problem::Invalid { field: "methods", rule: "credit or saved:id" })?,
        month_cap: Amount::parse(&month_cap, web.app.brand.currency)
            .map_err(|_| Problem::Invalid { field: "month_cap", rule: "an amount" })?,
        lead_days,
        early,
        terms_version,
    };
    set(&web.app, customer, line, wanted).await?;
    let view = view(&web.app, customer, line).await?;
    Ok(Json(body(&view)).into_response())
}

/// Switches renewal by itself off; sent twice it is the same.
#[utoipa::path(delete, path = "/api/v1/lines/{line}/auto-renew", params(("line" = String, Path)), tag = "renewals",
    responses((status = 204), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn off(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    switch_off(&web.app, visit.customer()?, line_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The customer's saved payment methods.
#[utoipa::path(get, path = "/api/v1/payment-methods", tag = "renewals",
    responses((status = 200, body = SavedMethods), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn methods(State(web): State<Web>, visit: Visit) -> Answer {
    let saved = saved_methods(&web.app, visit.customer()?).await?;
    Ok(Json(SavedMethods { payment_methods: saved.iter().map(SavedMethodBody::from).collect() }).into_response())
}

/// Removes a saved payment method: nothing is taken from it from now on. Sent twice it is the same.
#[utoipa::path(delete, path = "/api/v1/payment-methods/{method}", params(("method" = String, Path)), tag = "renewals",
    responses((status = 204), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn remove(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    remove_method(&web.app, visit.customer()?, method_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
