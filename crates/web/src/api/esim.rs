//! eSIM over the API: what is sold with a profile, orders, the code that loads one, and other devices with a line's number.

use super::body::{OfferingBody, OrderBody, ProblemDocument};
use super::lines::offering_ref;
use super::orders::{created, idempotency_key};
use crate::bodies::json;
use crate::fault::{Answer, Fault};
use crate::portal::line::line_id;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::Problem;
use everline_app::buy_esim::{NewEsim, order_esim, shelf};
use everline_app::companion::{add_companion, companion_code, companions, remove_companion};
use everline_app::esim::{activation_code, profile};
use everline_app::idempotency::order_for_key;
use everline_app::import::activation_codes::ActivationCode;
use everline_app::sessions::may_change;
use everline_core::account::Change;
use everline_core::esim_device::{DeviceCheck, NotChecked, Sold, check};
use everline_core::offering::Offering;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is sold with a profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct EsimOfferings {
    offerings: Vec<EsimOffering>,
    /// Whether there is a profile for whoever buys one now.
    in_stock: bool,
}

/// One that is sold with a profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct EsimOffering {
    #[serde(flatten)]
    offering: OfferingBody,
    /// Where it serves: ISO 3166-1 alpha-2.
    #[schema(example = json!(["JP", "KR"]))]
    countries: Vec<String>,
}
impl From<&Offering> for EsimOffering {
    fn from(offering: &Offering) -> Self {
        let countries = offering.countries.iter().map(|country| country.code().to_owned()).collect();
        Self { offering: OfferingBody::new(offering, None), countries }
    }
}

/// The device that is to load a profile: its EID, else its model and where it was sold, else that the risk is the buyer's.
#[derive(Deserialize, Serialize, ToSchema, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Device {
    /// 32 digits, with their check digits.
    #[serde(default)]
    eid: String,
    /// A model as `/esim/check` lists them.
    #[serde(default)]
    model: String,
    /// `cn`, `hk` or `other`.
    #[serde(default)]
    sold: String,
    /// That it may not load profiles is the buyer's risk.
    #[serde(default)]
    accept_risk: bool,
}
impl Device {
    fn check(&self) -> Result<DeviceCheck, Problem> {
        let rule = |why| match why {
            NotChecked::Nothing => "eid, model and sold, or accept_risk",
            NotChecked::LoadsNone => "loads no profiles",
            NotChecked::Unknown => "not known to load profiles",
            NotChecked::Eid(_) => "an EID: 32 digits with their check digits",
        };
        let sold = Sold::from_word(&self.sold);
        check(&self.model, sold, &self.eid, self.accept_risk)
            .map_err(|why| Problem::Invalid { field: "device", rule: rule(why) })
    }
}

/// Orders an offering with a profile and a line of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EsimOrderRequest {
    /// `code@version`.
    #[schema(example = "japan-5gb@1")]
    offering: String,
    /// The version of the terms that the buyer accepts.
    terms_version: String,
    device: Device,
}

/// What loads a profile. Who has it has the profile: keep it nowhere.
#[derive(Serialize, ToSchema)]
pub(crate) struct ActivationBody {
    /// SGP.22 §4.1, as a QR code carries it.
    #[schema(example = "LPA:1$rsp.example.com$QR-G-5C-1LS-1W1Z9P7")]
    activation_code: String,
    /// Whether the device asks for a confirmation code, too.
    confirmation_code: bool,
}
impl From<&ActivationCode> for ActivationBody {
    fn from(code: &ActivationCode) -> Self {
        Self { activation_code: code.as_str().to_owned(), confirmation_code: code.needs_confirmation() }
    }
}

/// The profile of a line.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileBody {
    iccid: String,
    /// Whether there is a code to load it with: something was delivered for the line, and the code is in stock.
    has_code: bool,
}

/// Other devices that have a line's number.
#[derive(Serialize, ToSchema)]
pub(crate) struct Devices {
    devices: Vec<ProfileBody>,
    /// Whether another can be added.
    room: bool,
}

/// What is sold with a profile.
#[utoipa::path(get, path = "/api/v1/esim/offerings", tag = "esim",
    responses((status = 200, body = EsimOfferings), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn offerings(State(web): State<Web>) -> Answer {
    let found = shelf(&web.app).await?;
    let offerings = found.offerings.iter().map(EsimOffering::from).collect();
    Ok(Json(EsimOfferings { offerings, in_stock: found.in_stock }).into_response())
}

/// Orders one. Its profile is set aside until the time to pay is over. Sent again with the same key it is the same order.
#[utoipa::path(post, path = "/api/v1/esim/orders", tag = "esim", request_body = EsimOrderRequest,
    params(("Idempotency-Key" = String, Header, description = "1 to 200 characters of your choice")),
    responses((status = 201, body = OrderBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn order(State(web): State<Web>, visit: Visit, headers: HeaderMap, body: Bytes) -> Answer {
    let customer = visit.customer()?;
    let key = idempotency_key(&headers)?;
    let EsimOrderRequest { offering, terms_version, device } = json(&body)?;
    let (offering, check) = (offering_ref(&offering)?, device.check()?);
    let request = serde_json::json!([offering.to_string(), terms_version, device]).to_string();
    let order = order_for_key(&web.app, &format!("{customer} esim-orders {key}"), request.as_bytes()).await?;
    let new = NewEsim { order, customer, offering, terms_version, check, from: Some(visit.address) };
    Ok(created(&order_esim(&web.app, new).await?))
}

/// The profile of a line; 404 `not-found` if a card serves it.
#[utoipa::path(get, path = "/api/v1/lines/{line}/esim", params(("line" = String, Path)), tag = "esim",
    responses((status = 200, body = ProfileBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn of_line(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let found = profile(&web.app, visit.customer()?, line_id(&id)?).await?.ok_or(Problem::NotFound("profile"))?;
    let (iccid, has_code) = (found.iccid.as_str().to_owned(), found.bought && found.has_code);
    Ok(Json(ProfileBody { iccid, has_code }).into_response())
}

/// The code that loads a line's profile, for a session that was proved in the last ten minutes: sign in again if it was not.
#[utoipa::path(post, path = "/api/v1/lines/{line}/esim/code", params(("line" = String, Path)), tag = "esim",
    responses((status = 200, body = ActivationBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn code(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let code = activation_code(&web.app, visit.session()?, line_id(&id)?).await?;
    Ok(Json(ActivationBody::from(&code)).into_response())
}

/// Other devices that have a line's number, for a session that was proved in the last ten minutes.
#[utoipa::path(get, path = "/api/v1/lines/{line}/devices", params(("line" = String, Path)), tag = "esim",
    responses((status = 200, body = Devices), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn devices(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    Ok(Json(devices_of(&web, &visit, &id).await?).into_response())
}

async fn devices_of(web: &Web, visit: &Visit, id: &str) -> Result<Devices, Fault> {
    let found = companions(&web.app, visit.customer()?, line_id(id)?).await?;
    // What stands here leads to what can be taken away: as on the page, for whoever was proved just now.
    may_change(&web.app, visit.session()?, Change::Access).await?;
    let beside = found.beside.into_iter();
    let devices = beside.map(|(iccid, has_code)| ProfileBody { iccid: iccid.as_str().to_owned(), has_code });
    Ok(Devices { devices: devices.collect(), room: found.room })
}

/// Gives a line's number to another device, as often as it is sent under one key: once.
#[utoipa::path(post, path = "/api/v1/lines/{line}/devices", tag = "esim", request_body = Device,
    params(("line" = String, Path), ("Idempotency-Key" = String, Header, description = "1 to 200 characters of your choice")),
    responses((status = 201, body = Devices), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn add_device(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let key = idempotency_key(&headers)?;
    let device: Device = json(&body)?;
    let check = device.check()?;
    companions(&web.app, customer, line).await?;
    let request = serde_json::json!([line.to_string(), device]).to_string();
    let under = order_for_key(&web.app, &format!("{customer} devices {key}"), request.as_bytes()).await?;
    add_companion(&web.app, visit.session()?, (line, under.0), check).await?;
    Ok((StatusCode::CREATED, Json(devices_of(&web, &visit, &id).await?)).into_response())
}

/// Takes a line's number from a device.
#[utoipa::path(delete, path = "/api/v1/lines/{line}/devices/{iccid}", tag = "esim",
    params(("line" = String, Path), ("iccid" = String, Path)),
    responses((status = 204), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn remove_device(
    State(web): State<Web>,
    visit: Visit,
    Path((id, iccid)): Path<(String, String)>,
) -> Answer {
    let line = line_id(&id)?;
    companions(&web.app, visit.customer()?, line).await?;
    remove_companion(&web.app, visit.session()?, line, &iccid).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The code that loads the profile of another device.
#[utoipa::path(post, path = "/api/v1/lines/{line}/devices/{iccid}/code", tag = "esim",
    params(("line" = String, Path), ("iccid" = String, Path)),
    responses((status = 200, body = ActivationBody), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn device_code(
    State(web): State<Web>,
    visit: Visit,
    Path((id, iccid)): Path<(String, String)>,
) -> Answer {
    let line = line_id(&id)?;
    companions(&web.app, visit.customer()?, line).await?;
    let code = companion_code(&web.app, visit.session()?, line, &iccid).await?;
    Ok(Json(ActivationBody::from(&code)).into_response())
}
