//! The gateway that speaks Alipay v2.
//!
//! Owns its keys and its wire format. It checks requests as the real gateway does and answers in its shapes: refusals before the signature is known to be good are unsigned, the
//! content type is `text/html`, slashes are escaped.

mod bill;
mod biz;
pub(crate) mod notice;

use crate::{
    AlipayCertificates, World,
    gateway::{
        Payments,
        faults::AnswerFaultKind,
        notify, payer_page, token,
        trade::{Event, Product, Refused, Trade},
    },
    net::{hang_up, lock},
};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use biz::Biz;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use wire_pay::Certificate;
use wire_pay::alipay::{
    Error as WireError, Params, PrivateKey, PublicKey, cert_sn, method, parse_time, response_name, root_cert_sn,
    sign_response, sign_response_with_certificate, unsigned_error_response, unsigned_response,
};

/// The one payer there is.
pub(crate) const BUYER_ID: &str = "2088101117955611";
/// The payer's login, masked as the gateway does.
pub(crate) const BUYER_LOGON_ID: &str = "159****5620";

/// Who the gateway deals with.
pub(crate) struct Identity {
    pub(crate) app_id: String,
    pub(crate) seller_id: String,
    pub(crate) merchant_key: PublicKey,
    pub(crate) gateway_key: PrivateKey,
    /// In certificate mode.
    pub(crate) certificates: Option<Names>,
}

/// What both sides call their certificates.
pub(crate) struct Names {
    app: String,
    roots: String,
    gateway: String,
}

impl Names {
    /// # Errors
    /// As [`Certificate::parse_bundle`], [`cert_sn`] and [`root_cert_sn`].
    pub(crate) fn of(certificates: &AlipayCertificates) -> Result<Self, WireError> {
        Ok(Self {
            app: cert_sn(&Certificate::parse(&certificates.app)?)?,
            roots: root_cert_sn(&Certificate::parse_bundle(&certificates.roots)?)?,
            gateway: cert_sn(&Certificate::parse(&certificates.gateway)?)?,
        })
    }
}

impl Identity {
    /// An answer, signed.
    fn sign(&self, name: &str, value: &str) -> Result<String, WireError> {
        match &self.certificates {
            None => sign_response(name, value, &self.gateway_key),
            Some(names) => sign_response_with_certificate(name, value, &self.gateway_key, &names.gateway),
        }
    }
    /// Whether a request names the certificates that it must name.
    fn names_certificates(&self, params: &Params) -> bool {
        self.certificates.as_ref().is_none_or(|names| {
            params.get("app_cert_sn") == Some(&names.app) && params.get("alipay_root_cert_sn") == Some(&names.roots)
        })
    }
}

/// The gateway.
pub(crate) struct Gateway {
    pub(crate) identity: Identity,
    /// `http://host:port` of the payer's pages.
    pub(crate) base_url: String,
    /// The most a request's timestamp may differ from now, in seconds.
    pub(crate) skew_s_max: i64,
    /// Divides the waiting times between notifications.
    pub(crate) retry_divisor: u32,
}

/// The gateway's routes.
pub(crate) fn router(world: Arc<World>) -> Router {
    Router::new()
        .route("/gateway.do", get(gateway_get).post(gateway_post))
        .route("/downloadBillFile.resource", get(bill::download))
        .merge(payer_page::router())
        .layer(DefaultBodyLimit::max(wire_pay::alipay::BODY_BYTES_MAX))
        .with_state(world)
}

async fn gateway_get(State(world): State<Arc<World>>, RawQuery(query): RawQuery) -> Response {
    gateway_do(world, query.unwrap_or_default(), Bytes::new()).await
}

async fn gateway_post(State(world): State<Arc<World>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    gateway_do(world, query.unwrap_or_default(), body).await
}

/// What a request is answered with, before anything is made to go wrong with the answer.
enum Reply {
    /// The value that answers the method; to be signed.
    Value(String),
    /// The browser goes to the payer's page.
    Page(String),
}

async fn gateway_do(world: Arc<World>, query: String, body: Bytes) -> Response {
    let now_us = (world.clock)();
    let params = match world.alipay.check(query.as_bytes(), &body, now_us) {
        Ok(params) => params,
        Err(refusal) => return html(refusal),
    };
    let name = params.get("method").unwrap_or_default().to_owned();
    let fault = lock(&world.payments.faults).take(&name);
    match fault {
        Some(AnswerFaultKind::Http500) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(AnswerFaultKind::CloseBefore) => return hang_up(),
        Some(AnswerFaultKind::SystemError) => {
            let value = biz::refusal("20000", "Service Currently Unavailable", "aop.unknow-error", "系统繁忙");
            return world.alipay.signed(&name, &value);
        }
        _ => {}
    }
    let (reply, event) = world.alipay.carry_out(&world.payments, &name, &params, now_us);
    if let Some((trade, event)) = event {
        notify::announce(&world, &trade, &event);
    }
    match fault {
        Some(AnswerFaultKind::CloseAfter) => return hang_up(),
        Some(AnswerFaultKind::Slow(ms)) => drop(world.stop.during(Duration::from_millis(ms)).await),
        _ => {}
    }
    match reply {
        Reply::Page(url) => Redirect::to(&url).into_response(),
        Reply::Value(value) if fault == Some(AnswerFaultKind::BadSignature) => {
            match world.alipay.identity.gateway_key.sign(b"something else") {
                Ok(sign) => html(format!("{{\"{}\":{value},\"sign\":\"{sign}\"}}", response_name(&name))),
                Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            }
        }
        Reply::Value(value) => world.alipay.signed(&name, &value),
    }
}

fn html(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html;charset=utf-8")], body).into_response()
}

fn known(name: &str) -> bool {
    [
        method::PRECREATE,
        method::WAP_PAY,
        method::PAGE_PAY,
        method::QUERY,
        method::CLOSE,
        method::REFUND,
        method::REFUND_QUERY,
        method::BILL_DOWNLOAD_URL,
    ]
    .contains(&name)
}

impl Gateway {
    fn signed(&self, name: &str, value: &str) -> Response {
        match self.identity.sign(name, value) {
            Ok(body) => html(body),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    /// Checks everything about a request that is not business, in the gateway's order. The error is the body to answer.
    fn check(&self, query: &[u8], body: &[u8], now_us: i64) -> Result<Params, String> {
        let invalid = |sub_code, sub_msg| biz::refusal("40002", "Invalid Arguments", sub_code, sub_msg);
        let missing = |sub_code, sub_msg| biz::refusal("40001", "Missing Required Arguments", sub_code, sub_msg);
        let params = Params::parse_request(query, body)
            .map_err(|_| unsigned_error_response(&invalid("isv.invalid-parameter", "参数无效")))?;
        let get = |name: &str| params.get(name).filter(|value| !value.is_empty());
        let name = get("method")
            .ok_or_else(|| unsigned_error_response(&missing("isv.missing-method", "缺少方法名参数")))?
            .to_owned();
        if !known(&name) {
            return Err(unsigned_error_response(&invalid("isv.invalid-method", "不存在的方法名")));
        }
        for (field, sub_code) in [
            ("app_id", "isv.missing-app-id"),
            ("sign", "isv.missing-signature"),
            ("sign_type", "isv.missing-signature-type"),
            ("timestamp", "isv.missing-timestamp"),
            ("version", "isv.missing-version"),
        ] {
            if get(field).is_none() {
                return Err(unsigned_response(&name, &missing(sub_code, &format!("缺少{field}参数"))));
            }
        }
        if get("app_id") != Some(&self.identity.app_id) {
            return Err(unsigned_response(&name, &invalid("isv.invalid-app-id", "无效的AppID参数")));
        }
        if !self.identity.names_certificates(&params) {
            let refusal = invalid("isv.missing-signature-config", "应用未配置对应签名算法的公钥或者证书");
            return Err(unsigned_response(&name, &refusal));
        }
        let verdict = params.verify_request(&self.identity.merchant_key);
        let refusal = match verdict {
            Err(WireError::SignType { .. }) => Some(invalid("isv.invalid-signature-type", "无效的签名类型")),
            Err(_) => {
                let content = params.sign_content().replace('&', "&amp;");
                Some(invalid("isv.invalid-signature", &format!("验签出错，待验签的字符串为：{content}")))
            }
            Ok(()) if !self.is_recent(&params, now_us) => Some(invalid("isv.invalid-timestamp", "非法的时间戳参数")),
            Ok(()) => None,
        };
        match refusal {
            None => Ok(params),
            // From here on the gateway knows whom it talks to, and signs.
            Some(value) => Err(self.identity.sign(&name, &value).unwrap_or_else(|_| unsigned_response(&name, &value))),
        }
    }

    fn is_recent(&self, params: &Params, now_us: i64) -> bool {
        let sent_s = params.get("timestamp").and_then(|text| parse_time(text).ok());
        sent_s.is_some_and(|sent_s| (now_us / 1_000_000).abs_diff(sent_s) <= self.skew_s_max.unsigned_abs())
    }

    /// Does what a checked request asks. The event, if there is one, is still to be announced.
    fn carry_out(
        &self,
        payments: &Payments,
        name: &str,
        params: &Params,
        now_us: i64,
    ) -> (Reply, Option<(Trade, Event)>) {
        let Some(biz) = Biz::parse(params.get("biz_content").unwrap_or_default()) else {
            let value = biz::refusal("40002", "Invalid Arguments", "isv.invalid-parameter", "参数无效：biz_content");
            return (Reply::Value(value), None);
        };
        match self.try_carry_out(payments, name, &biz, params, now_us) {
            Ok(done) => done,
            Err(refused) => (Reply::Value(biz::business_refusal(refused)), None),
        }
    }

    fn try_carry_out(
        &self,
        payments: &Payments,
        name: &str,
        biz: &Biz,
        params: &Params,
        now_us: i64,
    ) -> Result<(Reply, Option<(Trade, Event)>), Refused> {
        let mut book = lock(&payments.book);
        let value = |fields| Reply::Value(biz::done(fields));
        match name {
            method::PRECREATE => {
                let trade = book.offer(biz.order(params, Product::Precreate, now_us)?, token()?, now_us)?;
                let answer = json!({ "out_trade_no": trade.request.out_trade_no, "qr_code": self.qr_url(trade) });
                Ok((value(answer), None))
            }
            method::WAP_PAY | method::PAGE_PAY => {
                let product = if name == method::WAP_PAY { Product::Wap } else { Product::Page };
                let trade = book.offer(biz.order(params, product, now_us)?, token()?, now_us)?;
                Ok((Reply::Page(format!("{}/pay/{}", self.base_url, trade.token)), None))
            }
            method::QUERY => Ok((value(biz::queried(book.find(&biz.key())?)), None)),
            method::CLOSE => {
                let (trade, event) = book.close(&biz.key(), now_us)?;
                let answer = json!({ "out_trade_no": trade.request.out_trade_no, "trade_no": trade.trade_no });
                Ok((value(answer), event.map(|event| (trade.clone(), event))))
            }
            method::REFUND => {
                let amount = biz.amount("refund_amount")?;
                let number = biz.text("out_request_no");
                let (trade, event) = book.refund(&biz.key(), number.as_deref(), amount, now_us)?;
                Ok((value(biz::refunded(trade, event.is_some())), event.map(|event| (trade.clone(), event))))
            }
            method::REFUND_QUERY => {
                let number = biz.text("out_request_no").ok_or(Refused::Invalid)?;
                Ok((value(biz::refund_queried(book.find(&biz.key())?, &number)), None))
            }
            method::BILL_DOWNLOAD_URL => {
                let kind = biz.text("bill_type").ok_or(Refused::Invalid)?;
                let (kind, day) = bill::asked(&kind, &biz.text("bill_date").unwrap_or_default())?;
                let bills = lock(&payments.faults).bills;
                let file = (!bills.not_ready && bill::is_made(day, now_us))
                    .then(|| bill::file(&book, &self.identity, (kind, day), bills, now_us));
                let url = |()| bill::url(&self.base_url, kind, day, now_us);
                Ok((bill::answer(file.flatten().map(drop).map(url)), None))
            }
            _ => Err(Refused::Invalid),
        }
    }

    /// What is in the QR code of an order.
    pub(crate) fn qr_url(&self, trade: &Trade) -> String {
        format!("{}/qr/{}", self.base_url, trade.token)
    }
}
