//! What the forms of the page do. Each answers with a redirect back to its panel, saying what happened.

use super::Lang;
use crate::{
    World,
    cards::{self, book::CardAction, kept::DebitEnd},
    control::DeviceAction,
    devices::{self, state::Misbehaviour},
    gateway::{
        self,
        faults::{AnswerFault, AnswerFaultKind, NotifyFaults},
        notify,
        payer_page::{self, Action},
    },
    net::lock,
    sms, time,
    upstream::Mode,
};
use axum::{
    Form, Router,
    extract::State,
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use serde::Deserialize;
use std::sync::Arc;

/// What "slow" means in the forms, in milliseconds.
const SLOW_MS: u64 = 5_000;
/// What a press of "use data" uses, in octets.
const USE_OCTETS: u64 = 10_000_000;

pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/act/scan", post(scan))
        .route("/act/trade", post(trade))
        .route("/act/card", post(card))
        .route("/act/debits-end", post(debits_end))
        .route("/act/inbox", post(clear_inbox))
        .route("/act/write", post(write))
        .route("/act/attach-all", post(attach_all))
        .route("/act/device", post(device))
        .route("/act/misbehaviour", post(misbehaviour))
        .route("/act/clock", post(clock))
        .route("/act/notify-faults", post(notify_faults))
        .route("/act/answer-fault", post(answer_fault))
        .route("/act/upstream", post(upstream))
        .route("/act/activation", post(activation))
        .route("/act/sms", post(sms_fault))
        .route("/act/notification", post(notification))
}

type Shared = State<Arc<World>>;

fn back(lang: &str, panel: &str, said: &str) -> Response {
    let lang = Lang::parse(lang).code();
    Redirect::to(&format!("/?lang={lang}&said={said}#{panel}")).into_response()
}

#[derive(Deserialize)]
struct Scan {
    link: String,
    lang: String,
}

/// Only codes of these gateways lead anywhere.
async fn scan(State(world): Shared, Form(form): Form<Scan>) -> Response {
    let token = gateway::token_in(&form.link);
    let url = lock(&world.payments.book).by_token(token).map(|trade| gateway::scan_url(&world, trade));
    match url {
        Some(url) => Redirect::to(&format!("{url}?lang={}", Lang::parse(&form.lang).code())).into_response(),
        None => back(&form.lang, "payer", "pay-unknown"),
    }
}

#[derive(Deserialize)]
struct TradeForm {
    out_trade_no: String,
    action: Action,
    lang: String,
}

async fn trade(State(world): Shared, Form(form): Form<TradeForm>) -> Response {
    let token = lock(&world.payments.book).token_of(&form.out_trade_no).unwrap_or_default();
    let said = match payer_page::act(&world, &token, form.action) {
        Ok(_) => payer_page::done_key(form.action),
        Err(reason) => payer_page::reason_key(reason),
    };
    back(&form.lang, "payer", said)
}

#[derive(Deserialize)]
struct CardForm {
    out_trade_no: String,
    action: CardAction,
    lang: String,
}

async fn card(State(world): Shared, Form(form): Form<CardForm>) -> Response {
    let token = lock(&world.cards.book).token_of(&form.out_trade_no).unwrap_or_default();
    let said = match cards::act(&world, &token, form.action) {
        Ok(_) => cards::page::done_key(form.action),
        Err(reason) => payer_page::reason_key(reason),
    };
    back(&form.lang, "payer", said)
}

#[derive(Deserialize)]
struct DebitsForm {
    end: DebitEnd,
    lang: String,
}

/// What the bank says of kept cards from now on.
async fn debits_end(State(world): Shared, Form(form): Form<DebitsForm>) -> Response {
    lock(&world.cards.book).debits_end = form.end;
    back(&form.lang, "payer", "fault-set")
}

#[derive(Deserialize)]
struct Plain {
    lang: String,
}

async fn clear_inbox(State(world): Shared, Form(form): Form<Plain>) -> Response {
    lock(&world.sms.inbox).clear();
    back(&form.lang, "inbox", "inbox-cleared")
}

#[derive(Deserialize)]
struct WriteForm {
    from: String,
    text: String,
    lang: String,
}

/// Somebody writes to the operator from one of the phones.
async fn write(State(world): Shared, Form(form): Form<WriteForm>) -> Response {
    let said = match sms::write(&world, &form.from, &form.text).await {
        Ok(()) => "inbox-written",
        Err(sms::WriteError::Malformed) => "inbox-malformed",
        Err(_) => "inbox-not-written",
    };
    back(&form.lang, "inbox", said)
}

async fn attach_all(State(world): Shared, Form(form): Form<Plain>) -> Response {
    devices::attach_all(&world).await;
    back(&form.lang, "devices", "devices-attached")
}

#[derive(Deserialize)]
struct DeviceForm {
    imsi: String,
    action: DeviceAction,
    lang: String,
}

async fn device(State(world): Shared, Form(form): Form<DeviceForm>) -> Response {
    let result = match form.action {
        DeviceAction::Attach => devices::attach(&world, &form.imsi).await,
        DeviceAction::Detach => devices::detach(&world, &form.imsi).await,
        DeviceAction::Use => devices::use_data(&world, &form.imsi, USE_OCTETS).await,
    };
    back(&form.lang, "devices", if result.is_ok() { "device-done" } else { "device-failed" })
}

#[derive(Deserialize)]
struct MisbehaviourForm {
    imsi: String,
    misbehaviour: Misbehaviour,
    lang: String,
}

async fn misbehaviour(State(world): Shared, Form(form): Form<MisbehaviourForm>) -> Response {
    let result = world.devices.set_misbehaviour(&form.imsi, form.misbehaviour);
    back(&form.lang, "devices", if result.is_ok() { "device-done" } else { "device-failed" })
}

#[derive(Deserialize)]
struct ClockForm {
    hours: i64,
    lang: String,
}

async fn clock(State(world): Shared, Form(form): Form<ClockForm>) -> Response {
    let said = match time::advance(&world, form.hours.saturating_mul(3_600_000_000)).await {
        Ok(_) => "time-moved",
        Err(_) => "time-failed",
    };
    back(&form.lang, "time", said)
}

#[derive(Deserialize)]
struct NotifyForm {
    lang: String,
    drop: Option<String>,
    forge: Option<String>,
    wrong_amount: Option<String>,
    wrong_seller: Option<String>,
    wrong_app: Option<String>,
    probe: Option<String>,
    #[serde(default)]
    duplicate: u32,
    #[serde(default)]
    delay_ms: u64,
}

async fn notify_faults(State(world): Shared, Form(form): Form<NotifyForm>) -> Response {
    lock(&world.payments.faults).notify = NotifyFaults {
        drop: form.drop.is_some(),
        duplicate: form.duplicate.min(20),
        delay_ms: form.delay_ms.min(600_000),
        forge: form.forge.is_some(),
        wrong_amount: form.wrong_amount.is_some(),
        wrong_seller: form.wrong_seller.is_some(),
        wrong_app: form.wrong_app.is_some(),
        probe: form.probe.is_some(),
    };
    back(&form.lang, "faults", "fault-set")
}

#[derive(Deserialize)]
struct AnswerForm {
    method: String,
    kind: String,
    scope: Scope,
    lang: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scope {
    Next,
    Standing,
}

/// One rule at a time: setting one replaces all.
async fn answer_fault(State(world): Shared, Form(form): Form<AnswerForm>) -> Response {
    let kind = match form.kind.as_str() {
        "slow" => Some(AnswerFaultKind::Slow(SLOW_MS)),
        "close_after" => Some(AnswerFaultKind::CloseAfter),
        "close_before" => Some(AnswerFaultKind::CloseBefore),
        "bad_signature" => Some(AnswerFaultKind::BadSignature),
        "http_500" => Some(AnswerFaultKind::Http500),
        "system_error" => Some(AnswerFaultKind::SystemError),
        _ => None,
    };
    let times = (form.scope == Scope::Next).then_some(1);
    lock(&world.payments.faults).answers =
        kind.map(|kind| AnswerFault { method: form.method, kind, times }).into_iter().collect();
    back(&form.lang, "faults", "fault-set")
}

#[derive(Deserialize)]
struct UpstreamForm {
    mode: String,
    scope: Scope,
    lang: String,
}

async fn upstream(State(world): Shared, Form(form): Form<UpstreamForm>) -> Response {
    let mode = match form.mode.as_str() {
        "delay" => Mode::Delay(SLOW_MS),
        "refuse" => Mode::Refuse("refused in the sandbox".to_owned()),
        "lose_answer" => Mode::LoseAnswer,
        "submitted" => Mode::Submitted,
        "unavailable" => Mode::Unavailable,
        _ => Mode::Accept,
    };
    let mut modes = lock(&world.upstream.modes);
    match form.scope {
        Scope::Next => modes.next.push_back(mode),
        Scope::Standing => {
            modes.next.clear();
            modes.standing = mode;
        }
    }
    back(&form.lang, "faults", "fault-set")
}

#[derive(Deserialize)]
struct ActivationForm {
    request_id: String,
    decision: Decision,
    lang: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    Confirm,
    Refuse,
}

async fn activation(State(world): Shared, Form(form): Form<ActivationForm>) -> Response {
    let refusal = match form.decision {
        Decision::Confirm => None,
        Decision::Refuse => Some("refused in the sandbox".to_owned()),
    };
    let decided = lock(&world.upstream.activations).decide(&form.request_id, refusal).is_some();
    back(&form.lang, "events", if decided { "activation-decided" } else { "activation-gone" })
}

#[derive(Deserialize)]
struct SmsForm {
    fault: String,
    lang: String,
}

async fn sms_fault(State(world): Shared, Form(form): Form<SmsForm>) -> Response {
    *lock(&world.sms.fault) = match form.fault.as_str() {
        "refuse" => sms::Fault::Refuse,
        "drop" => sms::Fault::Drop,
        "lose_answer" => sms::Fault::LoseAnswer,
        "unavailable" => sms::Fault::Unavailable,
        "slow" => sms::Fault::Slow(SLOW_MS),
        _ => sms::Fault::None,
    };
    back(&form.lang, "faults", "fault-set")
}

#[derive(Deserialize)]
struct NotificationForm {
    notify_id: String,
    lang: String,
}

async fn notification(State(world): Shared, Form(form): Form<NotificationForm>) -> Response {
    notify::attempt(&world, &form.notify_id).await;
    back(&form.lang, "events", "notification-sent")
}
