//! The gateway that speaks WeChat Pay v3.
//!
//! Owns its keys and its wire format. It checks requests as the real gateway does and answers in its shapes: whoever does
//! not prove who asks is refused without a signature, a close of what does not exist is answered like any other.

mod bill;
mod certificate;
pub(crate) mod jsapi;
pub(crate) mod keys;
pub(crate) mod notice;

use crate::{
    World,
    gateway::{
        Payments,
        faults::AnswerFaultKind,
        notify, payer_page, token,
        trade::{Event, OrderRequest, Product, Refused, Trade, TradeKey, Wallet},
        trades::Book,
    },
    net::{hang_up, lock},
    random_hex,
    view::Lang,
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get},
};
use keys::Keys;
use serde::Deserialize;
use std::{net::IpAddr, sync::Arc, time::Duration};
use wire_pay::{
    Fen,
    rsa::PublicKey,
    wechat::{
        Authorization, Call, Error, FundAccount, Prepay, PrepayAnswer, Refund, RefundOf, RefundRequest, RefundStatus,
        Refusal, TradeKind, TradeState, Transaction, header as names,
    },
};

/// The payer, as the application knows them.
pub(crate) const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
/// How long an order can be paid if it does not say.
const ORDER_LIFE_US: i64 = 7 * 24 * 3_600 * 1_000_000;
/// How long an H5 link can be opened, in seconds.
const H5_LIFE_S: i64 = 300;

/// Names of the calls, for faults.
pub(crate) const PREPAY: &str = "wechat.prepay";
pub(crate) const QUERY: &str = "wechat.query";
pub(crate) const CLOSE: &str = "wechat.close";
pub(crate) const REFUND: &str = "wechat.refund";
pub(crate) const REFUND_QUERY: &str = "wechat.refund_query";
pub(crate) const CERTIFICATES: &str = "wechat.certificates";
const BILL: &str = "wechat.bill";

/// Who the gateway deals with.
pub(crate) struct Identity {
    pub(crate) mchid: String,
    pub(crate) appid: String,
    pub(crate) merchant_serial: String,
    pub(crate) merchant_key: PublicKey,
}

/// The gateway.
pub(crate) struct Gateway {
    pub(crate) identity: Identity,
    pub(crate) keys: Keys,
    /// The official account that the application is.
    pub(crate) account: jsapi::Account,
    /// `http://host:port` of the API and the payer's pages.
    pub(crate) base_url: String,
    /// Divides the waiting times between notices.
    pub(crate) retry_divisor: u32,
}

/// What a call is answered with.
enum Answer {
    /// 200 with a body, or 204 without; signed.
    Done(String),
    /// A file; not signed.
    File(Vec<u8>),
    /// Refused; signed.
    Refused(Refusal),
}

type Carried = Result<(Answer, Option<(Trade, Event)>), Refusal>;

/// The gateway's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/v3/{*path}", any(api))
        .route("/cgi-bin/mmpayweb-bin/checkmweb", get(open_h5))
        .merge(payer_page::router())
        .merge(jsapi::router())
        .layer(DefaultBodyLimit::max(wire_pay::BODY_BYTES_MAX))
        .with_state(world)
}

fn refusal(status: u16, code: &str, message: &str) -> Refusal {
    Refusal { status, code: code.to_owned(), message: message.to_owned() }
}

async fn api(State(world): State<Arc<World>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let now_us = (world.clock)();
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    if let Err(refused) = world.wechat.check(method.as_str(), target, &headers, &body, now_us) {
        return unsigned(&refused);
    }
    let wanted = headers.get(names::SERIAL).and_then(|serial| serial.to_str().ok());
    let call = match Call::parse(method.as_str(), target, &body) {
        Ok(call) => call,
        Err(error) => {
            let refused = refusal(400, "PARAM_ERROR", &error.to_string());
            return world.wechat.answer(Answer::Refused(refused), wanted, now_us, false);
        }
    };
    let fault = lock(&world.payments.faults).take(name(&call));
    match fault {
        Some(AnswerFaultKind::Http500) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(AnswerFaultKind::CloseBefore) => return hang_up(),
        Some(AnswerFaultKind::SystemError) => {
            let refused = refusal(500, "SYSTEM_ERROR", "系统异常，请稍后重试");
            return world.wechat.answer(Answer::Refused(refused), wanted, now_us, false);
        }
        _ => {}
    }
    let carried = match call {
        Call::Certificates => world.wechat.certificates(now_us).await,
        call => world.wechat.carry_out(&world.payments, call, now_us),
    };
    let (answer, event) = carried.unwrap_or_else(|refused| (Answer::Refused(refused), None));
    if let Some((trade, event)) = event {
        notify::announce(&world, &trade, &event);
    }
    match fault {
        Some(AnswerFaultKind::CloseAfter) => return hang_up(),
        Some(AnswerFaultKind::Slow(ms)) => drop(world.stop.during(Duration::from_millis(ms)).await),
        _ => {}
    }
    world.wechat.answer(answer, wanted, now_us, fault == Some(AnswerFaultKind::BadSignature))
}

/// The name of a call, for faults.
fn name(call: &Call) -> &'static str {
    match call {
        Call::Prepay(_) => PREPAY,
        Call::QueryByOutTradeNo { .. } | Call::QueryByTransactionId { .. } => QUERY,
        Call::Close { .. } => CLOSE,
        Call::Refund(_) => REFUND,
        Call::QueryRefund { .. } => REFUND_QUERY,
        Call::TradeBill { .. } | Call::FundFlowBill { .. } | Call::DownloadBill { .. } => BILL,
        Call::Certificates => CERTIFICATES,
    }
}

fn json(status: u16, body: String) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

fn unsigned(refused: &Refusal) -> Response {
    json(refused.status, refused.to_json())
}

impl Gateway {
    /// Checks who asks. The refusal is answered without a signature.
    fn check(&self, method: &str, target: &str, headers: &HeaderMap, body: &[u8], now_us: i64) -> Result<(), Refusal> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if text(header::USER_AGENT).is_none_or(str::is_empty) {
            return Err(refusal(403, "RESOURCE_NOT_EXISTS", "缺少User-Agent"));
        }
        let sign_error = |message: &str| refusal(401, "SIGN_ERROR", message);
        let given = text(header::AUTHORIZATION).ok_or_else(|| sign_error("缺少Authorization"))?;
        let given = Authorization::parse(given).map_err(|error| sign_error(&error.to_string()))?;
        let identity = &self.identity;
        if given.mchid != identity.mchid || given.serial_no != identity.merchant_serial {
            return Err(sign_error("商户号或证书序列号不存在"));
        }
        let verdict = given.verify(method, target, body, &identity.merchant_key, now_us / 1_000_000);
        verdict.map_err(|error| sign_error(&error.to_string()))
    }

    /// The response, signed with the key that the request named, if there is it, or with something else's signature.
    fn answer(&self, answer: Answer, wanted: Option<&str>, now_us: i64, spoilt: bool) -> Response {
        let (status, body) = match answer {
            Answer::File(bytes) => return bytes.into_response(),
            Answer::Done(body) if body.is_empty() => (204, body),
            Answer::Done(body) => (200, body),
            Answer::Refused(refused) => (refused.status, refused.to_json()),
        };
        let signed = if spoilt { b"something else" } else { body.as_bytes() };
        let signature = random_hex(16)
            .map_err(Error::from)
            .and_then(|nonce| self.keys.named(wanted).sign(signed, now_us / 1_000_000, &nonce));
        let Ok(signature) = signature else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let mut response = json(status, body);
        for (name, value) in signature.headers() {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    async fn certificates(&self, now_us: i64) -> Carried {
        let list = self.keys.list(now_us).await;
        list.map(|body| (Answer::Done(body), None)).map_err(|_| refused(Refused::System))
    }

    /// Does what a checked request asks. The event, if there is one, is still to be announced.
    fn carry_out(&self, payments: &Payments, call: Call, now_us: i64) -> Carried {
        let bills = lock(&payments.faults).bills;
        let mut book = lock(&payments.book);
        match call {
            Call::Prepay(prepay) => {
                let kind = prepay.kind.clone();
                let trade = book.offer(self.order(prepay, now_us)?, token().map_err(refused)?, now_us);
                Ok((Answer::Done(self.place(trade.map_err(refused)?, &kind, now_us).to_json()), None))
            }
            Call::QueryByOutTradeNo { mchid, out_trade_no } => {
                let key = self.key(&mchid, Some(out_trade_no), None)?;
                let trade = book.find(&key).map_err(refused)?;
                Ok((Answer::Done(transaction(&self.identity, trade).to_json()), None))
            }
            Call::QueryByTransactionId { mchid, transaction_id } => {
                let key = self.key(&mchid, None, Some(transaction_id))?;
                let trade = book.find(&key).map_err(refused)?;
                Ok((Answer::Done(transaction(&self.identity, trade).to_json()), None))
            }
            Call::Close { mchid, out_trade_no } => {
                match book.close(&self.key(&mchid, Some(out_trade_no), None)?, now_us) {
                    // Nothing to close is nothing to complain about.
                    Err(Refused::NotExist) => Ok((Answer::Done(String::new()), None)),
                    Err(Refused::WrongState) => Err(refused(Refused::HasSuccess)),
                    Err(other) => Err(refused(other)),
                    Ok((trade, event)) => Ok((Answer::Done(String::new()), event.map(|event| (trade.clone(), event)))),
                }
            }
            Call::Refund(request) => self.refund(&mut book, &request, now_us),
            Call::QueryRefund { out_refund_no } => {
                let found = book.refund_called(&out_refund_no);
                let told = found.and_then(|(trade, place)| refund_of(trade, place, RefundStatus::Success));
                let told = told.ok_or_else(|| refusal(404, "RESOURCE_NOT_EXISTS", "退款单不存在"))?;
                Ok((Answer::Done(told.to_json()), None))
            }
            Call::TradeBill { bill_date, packing } => {
                self.announce_bill(&book, (bill::Kind::Trades, bill_date), packing, bills, now_us)
            }
            Call::FundFlowBill { bill_date, account: FundAccount::Basic, packing } => {
                self.announce_bill(&book, (bill::Kind::Funds, bill_date), packing, bills, now_us)
            }
            Call::FundFlowBill { .. } => Err(refusal(400, "NO_STATEMENT_EXIST", "账单不存在")),
            Call::DownloadBill { target } => self.bill_file(&book, &target, bills),
            Call::Certificates => Err(refused(Refused::System)),
        }
    }

    /// Gives money back: accepted, or, asked again, done. It is told where the refund says.
    fn refund(&self, book: &mut Book, request: &RefundRequest, now_us: i64) -> Carried {
        let (by_ours, by_theirs) = match request.of.clone() {
            RefundOf::OutTradeNo(number) => (Some(number), None),
            RefundOf::TransactionId(number) => (None, Some(number)),
        };
        let key = self.key(&self.identity.mchid, by_ours, by_theirs)?;
        if book.find(&key).is_ok_and(|trade| trade.request.amount != request.total) {
            return Err(refused(Refused::OtherRefund));
        }
        let done = book.refund(&key, Some(&request.out_refund_no), request.refund, now_us);
        let (trade, event) = done.map_err(|reason| match reason {
            Refused::NotExist => refusal(404, "RESOURCE_NOT_EXISTS", "订单不存在"),
            other => refused(other),
        })?;
        let place = trade.refunds.iter().position(|refund| refund.request_no == request.out_refund_no);
        let status = if event.is_some() { RefundStatus::Processing } else { RefundStatus::Success };
        let told = place.and_then(|place| refund_of(trade, place, status));
        let told = told.ok_or_else(|| refused(Refused::System))?;
        let announced = event.map(|event| {
            let mut trade = trade.clone();
            trade.request.notify_url.clone_from(&request.notify_url);
            (trade, event)
        });
        Ok((Answer::Done(told.to_json()), announced))
    }

    fn key(&self, mchid: &str, by_ours: Option<String>, by_theirs: Option<String>) -> Result<TradeKey, Refusal> {
        if mchid != self.identity.mchid {
            return Err(refusal(400, "PARAM_ERROR", "商户号与签名不一致"));
        }
        Ok(TradeKey { wallet: Wallet::Wechat, out_trade_no: by_ours, trade_no: by_theirs })
    }

    /// The order in a prepay.
    fn order(&self, prepay: Prepay, now_us: i64) -> Result<OrderRequest, Refusal> {
        if prepay.mchid != self.identity.mchid || prepay.appid != self.identity.appid {
            return Err(refusal(400, "APPID_MCHID_NOT_MATCH", "AppID和mch_id不匹配"));
        }
        let mut payer = None;
        let product = match &prepay.kind {
            TradeKind::Native => Product::Native,
            TradeKind::H5 { payer_client_ip, h5_type } => {
                let known = ["Wap", "iOS", "Android"].contains(&h5_type.as_str());
                if payer_client_ip.parse::<IpAddr>().is_err() || !known {
                    return Err(refusal(400, "PARAM_ERROR", "scene_info"));
                }
                Product::H5
            }
            TradeKind::Jsapi { openid } if jsapi::is_known(openid) => {
                payer = Some(openid.clone());
                Product::Jsapi
            }
            TradeKind::Jsapi { .. } => return Err(refusal(400, "PARAM_ERROR", "无效的openid")),
        };
        let expire_us = prepay.time_expire_unix_s.map(|unix_s| unix_s.saturating_mul(1_000_000));
        let deadline_us = expire_us.unwrap_or(now_us.saturating_add(ORDER_LIFE_US));
        for (wrong, field) in [
            (prepay.description.chars().count() > 127, "description"),
            (prepay.total == Fen::ZERO, "amount.total"),
            (deadline_us <= now_us, "time_expire"),
            (prepay.notify_url.contains('?'), "notify_url"),
        ] {
            if wrong {
                return Err(refusal(400, "PARAM_ERROR", field));
            }
        }
        Ok(OrderRequest {
            out_trade_no: prepay.out_trade_no,
            amount: prepay.total,
            subject: prepay.description,
            notify_url: Some(prepay.notify_url),
            return_url: None,
            passback: prepay.attach,
            product,
            openid: payer,
            deadline_us,
        })
    }

    /// Where the payer pays. An H5 link says when it was given; asked again, there is a new one.
    fn place(&self, trade: &Trade, kind: &TradeKind, now_us: i64) -> PrepayAnswer {
        match kind {
            TradeKind::H5 { .. } => PrepayAnswer::H5Url(format!(
                "{}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{}&package={}",
                self.base_url,
                trade.token,
                now_us / 1_000_000
            )),
            TradeKind::Jsapi { .. } => PrepayAnswer::PrepayId(Self::prepay_id(trade, now_us)),
            TradeKind::Native => PrepayAnswer::CodeUrl(code_url(trade)),
        }
    }
}

/// How the API calls a reason.
fn refused(reason: Refused) -> Refusal {
    let (status, code, message) = match reason {
        Refused::NotExist => (404, "ORDER_NOT_EXIST", "订单不存在"),
        Refused::WrongState => (400, "INVALID_REQUEST", "订单状态不允许"),
        Refused::HasSuccess => (400, "ORDERPAID", "该订单已支付"),
        Refused::HasClose => (400, "ORDER_CLOSED", "该订单已关闭"),
        Refused::OtherOrder => (403, "OUT_TRADE_NO_USED", "商户订单号重复"),
        Refused::OtherRefund => (400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致"),
        Refused::RefundTooLarge => (400, "INVALID_REQUEST", "申请退款金额大于订单可退金额"),
        Refused::Invalid => (400, "PARAM_ERROR", "参数错误"),
        Refused::System => (500, "SYSTEM_ERROR", "系统异常，请稍后重试"),
    };
    refusal(status, code, message)
}

/// What is in the QR code of an order. Only WeChat's own scanner knows what to do with it.
pub(crate) fn code_url(trade: &Trade) -> String {
    format!("weixin://wxpay/bizpayurl?pr={}", trade.token)
}

fn trade_type(trade: &Trade) -> &'static str {
    match trade.request.product {
        Product::H5 => "MWEB",
        Product::Jsapi => "JSAPI",
        _ => "NATIVE",
    }
}

/// Who paid it, as the application knows them.
fn openid(trade: &Trade) -> String {
    trade.request.openid.clone().unwrap_or_else(|| OPENID.to_owned())
}

/// A trade as a query or a notice tells of it.
fn transaction(identity: &Identity, trade: &Trade) -> Transaction {
    let paid_us = trade.paid_us();
    let state = trade.status().unwrap_or_default();
    let when_paid = |value: String| paid_us.map(|_| value);
    Transaction {
        appid: identity.appid.clone(),
        mchid: identity.mchid.clone(),
        out_trade_no: trade.request.out_trade_no.clone(),
        transaction_id: trade.trade_no.clone().filter(|_| paid_us.is_some()),
        trade_state: TradeState::parse(state),
        trade_state_desc: match state {
            "SUCCESS" => "支付成功",
            "REFUND" => "订单发生过退款",
            "CLOSED" => "订单已关闭",
            _ => "订单未支付",
        }
        .to_owned(),
        trade_type: when_paid(trade_type(trade).to_owned()),
        total: paid_us.map(|_| trade.request.amount),
        payer_total: paid_us.map(|_| trade.request.amount),
        openid: when_paid(openid(trade)),
        success_unix_s: paid_us.map(|us| us / 1_000_000),
        attach: trade.request.passback.clone(),
    }
}

/// The refund at `place` among those of a trade.
fn refund_of(trade: &Trade, place: usize, status: RefundStatus) -> Option<Refund> {
    let refund = trade.refunds.get(place)?;
    let transaction_id = trade.trade_no.clone()?;
    let done = status == RefundStatus::Success;
    Some(Refund {
        refund_id: format!("5030{}{:02}", transaction_id.get(4..)?, place + 1),
        out_refund_no: refund.request_no.clone(),
        transaction_id,
        out_trade_no: trade.request.out_trade_no.clone(),
        status,
        user_received_account: Some("支付用户零钱".to_owned()),
        success_unix_s: done.then_some(refund.at_us / 1_000_000),
        create_unix_s: Some(refund.at_us / 1_000_000),
        refund: refund.amount,
        total: trade.request.amount,
    })
}

#[derive(Deserialize)]
struct H5Query {
    prepay_id: String,
    package: i64,
    redirect_url: Option<String>,
    #[serde(default)]
    lang: String,
}

/// The browser comes by an H5 link, which opens WeChat: here, the payer's page.
async fn open_h5(State(world): State<Arc<World>>, Query(query): Query<H5Query>) -> Response {
    let lang = Lang::parse(&query.lang);
    let age_s = (world.clock)() / 1_000_000 - query.package;
    if !(0..=H5_LIFE_S).contains(&age_s) {
        return payer_page::message(lang, StatusCode::GONE, "pay-link-expired");
    }
    let token = query.prepay_id.strip_prefix("wx").unwrap_or_default();
    if let Some(url) = query.redirect_url {
        lock(&world.payments.book).returns_to(token, url);
    }
    Redirect::to(&format!("/pay/{token}?lang={}", lang.code())).into_response()
}
