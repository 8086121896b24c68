//! Everything a person can do on the page, as JSON, for walkthroughs and tests.
//!
//! Served beside the page, under `/control/`. Reads are GET; what acts is POST; switches are read with GET and replaced
//! whole with PUT. Refusals are `{"error": ...}`.

use crate::{
    World,
    cards::{
        self,
        book::{CardAction, RefundEnd, Session, State as SessionState},
        kept::DebitEnd,
    },
    devices::{
        self, DeviceError,
        state::{DeviceSeed, Misbehaviour},
    },
    gateway::{
        self,
        faults::Faults,
        notify,
        payer_page::{self, Action},
        trade::{CannotPay, Intent, Product, State as TradeState, Trade, Wallet},
        wechat::{jsapi::Holder, keys::Signing},
    },
    net::{lock, refuse_other_sites},
    sms,
    time::{self, ClockError},
    upstream::{Balance, Modes},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// The control interface's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/control/trades", get(trades))
        .route("/control/trades/{out_trade_no}/{action}", post(trade_action))
        .route("/control/cards", get(card_sessions))
        .route("/control/cards/refunds-end", get(refunds_end).put(set_refunds_end))
        .route("/control/cards/debits-end", get(debits_end).put(set_debits_end))
        .route("/control/cards/{out_trade_no}/{action}", post(card_action))
        .route("/control/gateway/faults", get(gateway_faults).put(set_gateway_faults))
        .route("/control/wechat/keys", get(wechat_keys).put(set_wechat_keys))
        .route("/control/wechat/holder", get(wechat_holder).put(set_wechat_holder))
        .route("/control/notifications", get(notifications))
        .route("/control/notifications/{notify_id}/send", post(send_notification))
        .route("/control/upstream/activations", get(activations))
        .route("/control/upstream/activations/{request_id}/confirm", post(confirm))
        .route("/control/upstream/activations/{request_id}/refuse", post(refuse))
        .route("/control/upstream/balance", get(upstream_balance).put(set_upstream_balance))
        .route("/control/upstream/modes", get(upstream_modes).put(set_upstream_modes))
        .route("/control/devices", get(all_devices).post(add_devices))
        .route("/control/devices/attach-all", post(attach_all))
        .route("/control/devices/{imsi}/{action}", post(device_action))
        .route("/control/devices/{imsi}/misbehaviour", put(set_misbehaviour))
        .route("/control/sms/inbox", get(sms::inbox).delete(clear_inbox))
        .route("/control/sms/write", post(write_sms))
        .route("/control/sms/fault", get(sms_fault).put(set_sms_fault))
        .route("/control/clock", get(read_clock).post(advance_clock))
        .route("/control/platform", put(set_platform))
        .layer(DefaultBodyLimit::max(2 * 1024 * 1024))
        .layer(axum::middleware::from_fn(refuse_other_sites))
        .with_state(world)
}

type Shared = State<Arc<World>>;

fn refused(status: StatusCode, error: &dyn std::fmt::Display) -> Response {
    (status, Json(json!({ "error": error.to_string() }))).into_response()
}

#[derive(Serialize)]
struct RefundView {
    out_request_no: String,
    amount_fen: i64,
    at_us: i64,
}

/// A trade as the control interface shows it.
#[derive(Serialize)]
struct TradeView {
    provider: Wallet,
    out_trade_no: String,
    trade_no: Option<String>,
    /// `offered` (no trade exists), `waiting`, `paid` or `closed`.
    state: &'static str,
    trade_status: Option<&'static str>,
    amount_fen: i64,
    subject: String,
    product: Product,
    intent: Intent,
    declined: u32,
    created_us: i64,
    deadline_us: i64,
    paid_us: Option<i64>,
    /// What is in its QR code.
    qr_url: String,
    page_url: String,
    refunds: Vec<RefundView>,
}

fn trade_view(world: &World, trade: &Trade) -> TradeView {
    TradeView {
        provider: trade.wallet(),
        out_trade_no: trade.request.out_trade_no.clone(),
        trade_no: trade.trade_no.clone(),
        state: match trade.state {
            TradeState::Offered => "offered",
            TradeState::Waiting => "waiting",
            TradeState::Paid { .. } => "paid",
            TradeState::Closed { .. } => "closed",
        },
        trade_status: trade.status(),
        amount_fen: trade.request.amount.get(),
        subject: trade.request.subject.clone(),
        product: trade.request.product,
        intent: trade.intent,
        declined: trade.declined,
        created_us: trade.created_us,
        deadline_us: trade.request.deadline_us,
        paid_us: trade.paid_us(),
        qr_url: gateway::code_of(world, trade),
        page_url: gateway::page_url(world, trade),
        refunds: trade
            .refunds
            .iter()
            .map(|refund| RefundView {
                out_request_no: refund.request_no.clone(),
                amount_fen: refund.amount.get(),
                at_us: refund.at_us,
            })
            .collect(),
    }
}

async fn trades(State(world): Shared) -> Response {
    let book = lock(&world.payments.book);
    let trades: Vec<TradeView> = book.newest_first().map(|trade| trade_view(&world, trade)).collect();
    Json(json!({ "trades": trades })).into_response()
}

async fn trade_action(State(world): Shared, Path((out_trade_no, action)): Path<(String, Action)>) -> Response {
    let token = lock(&world.payments.book).token_of(&out_trade_no);
    let Some(token) = token else { return refused(StatusCode::NOT_FOUND, &CannotPay::Unknown) };
    match payer_page::act(&world, &token, action) {
        Ok(trade) => Json(trade_view(&world, &trade)).into_response(),
        Err(reason) => refused(StatusCode::CONFLICT, &reason),
    }
}

/// A session of the card gateway as the control interface shows it.
#[derive(Serialize)]
struct SessionView {
    out_trade_no: String,
    /// `open`, `challenged`, `paid` or `expired`.
    state: &'static str,
    amount_minor: i64,
    currency: String,
    subject: String,
    intent: Intent,
    declined: u32,
    created_us: i64,
    deadline_us: i64,
    paid_us: Option<i64>,
    page_url: String,
    refunds: Vec<Value>,
}

fn session_view(world: &World, session: &Session) -> SessionView {
    let refund = |refund: &cards::book::CardRefund| {
        let metadata: serde_json::Map<String, Value> =
            refund.metadata.iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        json!({ "amount_minor": refund.amount.minor(), "end": refund.end, "at_us": refund.at_us, "metadata": metadata })
    };
    SessionView {
        out_trade_no: session.out_trade_no().to_owned(),
        state: match session.state {
            SessionState::Open => "open",
            SessionState::Challenged => "challenged",
            SessionState::Paid { .. } => "paid",
            SessionState::Expired { .. } => "expired",
        },
        amount_minor: session.amount.minor(),
        currency: session.amount.currency().iso(),
        subject: session.subject.clone(),
        intent: session.intent,
        declined: session.declined,
        created_us: session.created_us,
        deadline_us: session.deadline_us(),
        paid_us: session.paid_us(),
        page_url: world.cards.page_url(session),
        refunds: session.refunds.iter().map(refund).collect(),
    }
}

async fn card_sessions(State(world): Shared) -> Response {
    let book = lock(&world.cards.book);
    let sessions: Vec<SessionView> = book.newest_first().map(|session| session_view(&world, session)).collect();
    Json(json!({ "sessions": sessions })).into_response()
}

async fn card_action(State(world): Shared, Path((out_trade_no, action)): Path<(String, CardAction)>) -> Response {
    let token = lock(&world.cards.book).token_of(&out_trade_no);
    let Some(token) = token else { return refused(StatusCode::NOT_FOUND, &CannotPay::Unknown) };
    match cards::act(&world, &token, action) {
        Ok(session) => Json(session_view(&world, &session)).into_response(),
        Err(reason) => refused(StatusCode::CONFLICT, &reason),
    }
}

async fn refunds_end(State(world): Shared) -> Response {
    Json(lock(&world.cards.book).refunds_end).into_response()
}

async fn set_refunds_end(State(world): Shared, Json(end): Json<RefundEnd>) -> Response {
    lock(&world.cards.book).refunds_end = end;
    Json(end).into_response()
}

async fn debits_end(State(world): Shared) -> Response {
    Json(lock(&world.cards.book).debits_end).into_response()
}

async fn set_debits_end(State(world): Shared, Json(end): Json<DebitEnd>) -> Response {
    lock(&world.cards.book).debits_end = end;
    Json(end).into_response()
}

async fn gateway_faults(State(world): Shared) -> Response {
    Json(lock(&world.payments.faults).clone()).into_response()
}

async fn set_gateway_faults(State(world): Shared, Json(faults): Json<Faults>) -> Response {
    lock(&world.payments.faults).clone_from(&faults);
    Json(faults).into_response()
}

/// Who holds the payer's phone.
async fn wechat_holder(State(world): Shared) -> Response {
    Json(world.wechat.account.holder()).into_response()
}

async fn set_wechat_holder(State(world): Shared, Json(holder): Json<Holder>) -> Response {
    world.wechat.account.hand_to(holder);
    Json(holder).into_response()
}

/// Names of the keys that WeChat Pay has, and the one it signs with now.
async fn wechat_keys(State(world): Shared) -> Response {
    Json(world.wechat.keys.view()).into_response()
}

async fn set_wechat_keys(State(world): Shared, Json(signing): Json<Signing>) -> Response {
    match world.wechat.keys.sign_with(signing, (world.clock)()).await {
        Ok(()) => Json(world.wechat.keys.view()).into_response(),
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error),
    }
}

async fn notifications(State(world): Shared) -> Response {
    let log = lock(&world.payments.log);
    let notifications: Vec<_> = log.newest_first().collect();
    Json(json!({ "notifications": notifications })).into_response()
}

async fn send_notification(State(world): Shared, Path(notify_id): Path<String>) -> Response {
    if notify::attempt(&world, &notify_id).await {
        Json(json!({ "sent": true })).into_response()
    } else {
        refused(StatusCode::NOT_FOUND, &"no such notification")
    }
}

async fn activations(State(world): Shared) -> Response {
    let book = lock(&world.upstream.activations);
    let activations: Vec<_> = book.newest_first().collect();
    Json(json!({ "activations": activations })).into_response()
}

async fn confirm(State(world): Shared, Path(request_id): Path<String>) -> Response {
    decide(&world, &request_id, None)
}

#[derive(Deserialize)]
struct Refusal {
    reason: String,
}

async fn refuse(State(world): Shared, Path(request_id): Path<String>, Json(refusal): Json<Refusal>) -> Response {
    decide(&world, &request_id, Some(refusal.reason))
}

fn decide(world: &World, request_id: &str, refusal: Option<String>) -> Response {
    match lock(&world.upstream.activations).decide(request_id, refusal) {
        Some(activation) => Json(activation).into_response(),
        None => refused(StatusCode::NOT_FOUND, &"no such activation, or decided already"),
    }
}

async fn upstream_modes(State(world): Shared) -> Response {
    Json(lock(&world.upstream.modes).clone()).into_response()
}

async fn set_upstream_modes(State(world): Shared, Json(modes): Json<Modes>) -> Response {
    lock(&world.upstream.modes).clone_from(&modes);
    Json(modes).into_response()
}

async fn upstream_balance(State(world): Shared) -> Response {
    Json(lock(&world.upstream.balance).clone()).into_response()
}

async fn set_upstream_balance(State(world): Shared, Json(balance): Json<Balance>) -> Response {
    lock(&world.upstream.balance).clone_from(&balance);
    Json(balance).into_response()
}

async fn all_devices(State(world): Shared) -> Response {
    let devices: Vec<Value> = world.devices.snapshot().iter().map(devices::to_json).collect();
    Json(json!({ "devices": devices })).into_response()
}

async fn add_devices(State(world): Shared, Json(seeds): Json<Vec<DeviceSeed>>) -> Response {
    let count = seeds.len();
    match world.devices.add(seeds) {
        Ok(()) => Json(json!({ "added": count })).into_response(),
        Err(error) => refused(StatusCode::BAD_REQUEST, &error),
    }
}

async fn attach_all(State(world): Shared) -> Response {
    Json(json!({ "online": devices::attach_all(&world).await })).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeviceAction {
    Attach,
    Detach,
    Use,
}

#[derive(Deserialize)]
struct Usage {
    octets: u64,
}

async fn device_action(
    State(world): Shared,
    Path((imsi, action)): Path<(String, DeviceAction)>,
    body: Bytes,
) -> Response {
    let result = match action {
        DeviceAction::Attach => devices::attach(&world, &imsi).await,
        DeviceAction::Detach => devices::detach(&world, &imsi).await,
        DeviceAction::Use => match serde_json::from_slice::<Usage>(&body) {
            Ok(usage) => devices::use_data(&world, &imsi, usage.octets).await,
            Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
        },
    };
    device_answer(result)
}

fn device_answer(result: Result<devices::state::Device, DeviceError>) -> Response {
    match result {
        Ok(device) => Json(devices::to_json(&device)).into_response(),
        Err(DeviceError::Unknown) => refused(StatusCode::NOT_FOUND, &DeviceError::Unknown),
        Err(error) => refused(StatusCode::CONFLICT, &error),
    }
}

async fn set_misbehaviour(
    State(world): Shared,
    Path(imsi): Path<String>,
    Json(misbehaviour): Json<Misbehaviour>,
) -> Response {
    device_answer(world.devices.set_misbehaviour(&imsi, misbehaviour))
}

async fn clear_inbox(State(world): Shared) -> StatusCode {
    lock(&world.sms.inbox).clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Written {
    from: String,
    text: String,
}

async fn write_sms(State(world): Shared, Json(written): Json<Written>) -> Response {
    match sms::write(&world, &written.from, &written.text).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            let status = match error {
                sms::WriteError::NotConnected => StatusCode::CONFLICT,
                sms::WriteError::Malformed => StatusCode::BAD_REQUEST,
                sms::WriteError::NoAnswer(_) | sms::WriteError::Refused(_) => StatusCode::BAD_GATEWAY,
            };
            refused(status, &error)
        }
    }
}

async fn sms_fault(State(world): Shared) -> Response {
    Json(*lock(&world.sms.fault)).into_response()
}

async fn set_sms_fault(State(world): Shared, Json(fault): Json<sms::Fault>) -> Response {
    *lock(&world.sms.fault) = fault;
    Json(fault).into_response()
}

fn clock_refusal(error: &ClockError) -> Response {
    let status = match error {
        ClockError::NotConnected => StatusCode::CONFLICT,
        ClockError::Distance => StatusCode::BAD_REQUEST,
        ClockError::NoAnswer(_) | ClockError::Refused { .. } => StatusCode::BAD_GATEWAY,
    };
    refused(status, error)
}

async fn read_clock(State(world): Shared) -> Response {
    match time::read(&world).await {
        Ok(us) => Json(json!({ "business_time_us": us })).into_response(),
        Err(error) => clock_refusal(&error),
    }
}

#[derive(Deserialize)]
struct Advance {
    advance_us: i64,
}

async fn advance_clock(State(world): Shared, Json(advance): Json<Advance>) -> Response {
    match time::advance(&world, advance.advance_us).await {
        Ok(moved) => {
            Json(json!({ "business_time_us": moved.business_time_us, "events": moved.events })).into_response()
        }
        Err(error) => clock_refusal(&error),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformLinks {
    device_url: Option<String>,
    clock_url: Option<String>,
    #[serde(default)]
    messages_url: Option<String>,
}

async fn set_platform(State(world): Shared, Json(links): Json<PlatformLinks>) -> StatusCode {
    let mut known = lock(&world.links);
    known.device_url = links.device_url;
    known.clock_url = links.clock_url;
    known.messages_url = links.messages_url;
    StatusCode::NO_CONTENT
}
