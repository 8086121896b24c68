//! Alipay v2 (`gateway.do`), in public-key or certificate mode: the port's questions as signed requests, its answers from
//! verified responses. The wire format is `wire_pay::alipay`'s.

mod bill;
mod trust;

use crate::Http;
use async_trait::async_trait;
pub use bill::lines_of;
use everline_app::clock::Clock;
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, NoticeRefusal, NoticeSays, Payable, PaymentNotice, PaymentProvider,
    PaymentRef, PaymentRequest, PaymentStatus, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_core::money::{Currency, Money};
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::time::{MINUTE_US, SECOND_US};
use serde_json::json;
use std::sync::Arc;
pub use trust::Trust;
use wire_pay::alipay::{
    Fen, Notification, Params, RefusalKind, Reply, RequestHead, TradeClosed, TradePrecreated, TradeQueried,
    TradeRefund, TradeRefunded, TradeStatus, method, verify_response,
};
pub use wire_pay::alipay::{PrivateKey, PublicKey};
pub use wire_pay::{Certificate, Error as CertificateError};

/// What Alipay gave the merchant, and what the merchant keeps.
#[derive(Clone)]
pub struct AlipayConfig {
    /// The gateway's URL.
    pub gateway_url: String,
    /// The application's number.
    pub app_id: String,
    /// The merchant's account; a notice for another one is not ours.
    pub seller_id: String,
    /// Our key.
    pub merchant_key: PrivateKey,
    /// By what we know Alipay's keys, and Alipay ours.
    pub trust: Trust,
    /// Where notices shall be sent.
    pub notify_url: String,
}

/// The client.
pub struct Alipay {
    config: AlipayConfig,
    http: Http,
    clock: Arc<Clock>,
}

/// Why there is no answer that could be believed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Http(#[from] crate::HttpError),
    #[error(transparent)]
    Wire(#[from] wire_pay::alipay::Error),
    #[error(transparent)]
    Bill(#[from] wire_pay::alipay::BillError),
    #[error("the bill is another account's or another day's")]
    OtherBill,
    #[error("the file was refused with {0}")]
    File(u16),
    #[error("signing was interrupted")]
    Interrupted,
}

impl Alipay {
    /// A client with these keys.
    #[must_use]
    pub fn new(config: AlipayConfig, http: Http, clock: Arc<Clock>) -> Self {
        Self { config, http, clock }
    }

    /// A signed request. Signing takes a quarter of a millisecond of processor time, so it runs beside the reactor.
    async fn signed(
        &self,
        method: &'static str,
        biz_content: String,
        return_url: Option<String>,
    ) -> Result<Params, Failure> {
        let config = self.config.clone();
        let timestamp_unix_s = self.clock.now().system.us() / SECOND_US;
        let sign = move || {
            let notifies = matches!(method, method::PRECREATE | method::WAP_PAY | method::PAGE_PAY);
            let head = RequestHead {
                app_id: &config.app_id,
                method,
                timestamp_unix_s,
                notify_url: notifies.then_some(config.notify_url.as_str()),
                return_url: return_url.as_deref(),
            };
            let mut params = Params::request(&head, &biz_content);
            config.trust.name(&mut params);
            params.sign(&config.merchant_key)?;
            Ok(params)
        };
        tokio::task::spawn_blocking(sign).await.map_err(|_| Failure::Interrupted)?
    }

    /// Asks the gateway and returns the verified part of its answer.
    async fn ask(&self, method: &'static str, biz_content: serde_json::Value) -> Result<String, Failure> {
        let params = self.signed(method, biz_content.to_string(), None).await?;
        let answer = self.http.post_form(&self.config.gateway_url, params.to_form_body()).await?;
        Ok(verify_response(&answer.body, method, self.config.trust.gateway())?.to_owned())
    }

    async fn precreate(&self, request: &PaymentRequest, amount: Fen) -> Result<Started, Failure> {
        let content = json!({
            "out_trade_no": request.out_trade_no,
            "total_amount": amount.to_string(),
            "subject": request.subject,
            "timeout_express": self.minutes_left(request),
        });
        Ok(match TradePrecreated::parse(&self.ask(method::PRECREATE, content).await?)? {
            Reply::Done(done) => Started::Pay(Payable::at(done.qr_code)),
            Reply::Refused(refusal) if refusal.kind() == RefusalKind::Unknown => Started::Unknown,
            Reply::Refused(refusal) => Started::Refused(refusal.sub_code),
        })
    }

    /// A link to the cashier's page; nothing is sent before the payer opens it.
    async fn cashier(&self, method: &'static str, request: &PaymentRequest, amount: Fen) -> Result<Started, Failure> {
        let mut content = json!({
            "out_trade_no": request.out_trade_no,
            "total_amount": amount.to_string(),
            "subject": request.subject,
            "timeout_express": self.minutes_left(request),
        });
        if let Some(content) = content.as_object_mut() {
            let on_phone = method == method::WAP_PAY;
            let product = if on_phone { "QUICK_WAP_WAY" } else { "FAST_INSTANT_TRADE_PAY" };
            content.insert("product_code".to_owned(), product.into());
            if on_phone {
                content.insert("quit_url".to_owned(), request.return_url.as_str().into());
            }
        }
        let params = self.signed(method, content.to_string(), Some(request.return_url.clone())).await?;
        Ok(Started::Pay(Payable::at(format!("{}?{}", self.config.gateway_url, params.to_query()))))
    }

    /// Whole minutes that are left to pay, at least one, in the gateway's notation.
    fn minutes_left(&self, request: &PaymentRequest) -> String {
        let left_us = request.expires_at.since_us(self.clock.now().system);
        format!("{}m", (left_us / MINUTE_US).max(1))
    }

    async fn ask_query(&self, out_trade_no: &str) -> Result<PaymentStatus, Failure> {
        let raw = self.ask(method::QUERY, json!({ "out_trade_no": out_trade_no })).await?;
        Ok(match TradeQueried::parse(&raw)? {
            // An answer about another trade says nothing about ours.
            Reply::Done(trade) if trade.out_trade_no != out_trade_no => PaymentStatus::Unknown,
            Reply::Done(trade) => match trade.trade_status {
                TradeStatus::Success | TradeStatus::Finished => {
                    evidence(trade.out_trade_no, trade.trade_no, trade.total_amount)
                        .map_or(PaymentStatus::Unknown, PaymentStatus::Paid)
                }
                TradeStatus::Closed => PaymentStatus::Closed,
                TradeStatus::WaitBuyerPay => PaymentStatus::Waiting,
                TradeStatus::Other(_) => PaymentStatus::Unknown,
            },
            Reply::Refused(refusal) => match refusal.kind() {
                RefusalKind::TradeNotExist => PaymentStatus::NotExist,
                RefusalKind::TradeClosed => PaymentStatus::Closed,
                _ => PaymentStatus::Unknown,
            },
        })
    }

    async fn ask_close(&self, out_trade_no: &str) -> Result<ClosedAnswer, Failure> {
        let raw = self.ask(method::CLOSE, json!({ "out_trade_no": out_trade_no })).await?;
        Ok(match TradeClosed::parse(&raw)? {
            Reply::Done(_) => ClosedAnswer::Closed,
            Reply::Refused(refusal) => match refusal.kind() {
                RefusalKind::TradeClosed => ClosedAnswer::Closed,
                RefusalKind::AlreadyPaid | RefusalKind::TradeStatus => ClosedAnswer::AlreadyPaid,
                RefusalKind::TradeNotExist => ClosedAnswer::NotExist,
                _ => ClosedAnswer::Unknown,
            },
        })
    }

    /// Asks for the refund, and when the answer does not say that money moved, whether it did before.
    async fn ask_refund(&self, out_trade_no: &str, out_request_no: &str, amount: Fen) -> Result<RefundStatus, Failure> {
        let content = json!({
            "out_trade_no": out_trade_no,
            "refund_amount": amount.to_string(),
            "out_request_no": out_request_no,
        });
        match TradeRefunded::parse(&self.ask(method::REFUND, content).await?)? {
            Reply::Done(refund) if refund.fund_change => return Ok(RefundStatus::Done),
            Reply::Done(_) => {}
            Reply::Refused(refusal) => match refusal.kind() {
                // The merchant's account may be filled, and the gateway's trouble may pass: ask again later.
                RefusalKind::Unknown | RefusalKind::MerchantBalance | RefusalKind::TradeNotExist => {
                    return Ok(RefundStatus::Unknown);
                }
                _ => return Ok(RefundStatus::Refused),
            },
        }
        let content = json!({ "out_trade_no": out_trade_no, "out_request_no": out_request_no });
        Ok(match TradeRefund::parse(&self.ask(method::REFUND_QUERY, content).await?)? {
            Reply::Done(refund) if refund.refunded => RefundStatus::Done,
            _ => RefundStatus::Unknown,
        })
    }
}

fn fen(amount: Money) -> Option<Fen> {
    if amount.currency() != Currency::CNY {
        return None;
    }
    amount.to_minor().ok().and_then(Fen::new)
}

fn evidence(out_trade_no: String, trade_no: String, amount: Fen) -> Option<Evidence> {
    let amount = Money::from_minor(amount.get(), Currency::CNY).ok()?;
    Some(Evidence { provider: Provider::Alipay, out_trade_no, trade_no, amount })
}

/// The answer, or what stands for no answer; the reason is logged, never the content.
fn or_unknown<T>(what: &'static str, answer: Result<T, Failure>, unknown: T) -> T {
    answer.unwrap_or_else(|failure| {
        tracing::warn!(what, %failure, "alipay gave no answer to believe");
        unknown
    })
}

#[async_trait]
impl PaymentProvider for Alipay {
    fn takes(&self, method: Method) -> bool {
        method.provider() == Some(Provider::Alipay)
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        let Some(amount) = fen(request.amount) else { return Started::Refused("amount".to_owned()) };
        let started = match request.method {
            Method::AlipayQr => self.precreate(request, amount).await,
            Method::AlipayWap => self.cashier(method::WAP_PAY, request, amount).await,
            Method::AlipayPage => self.cashier(method::PAGE_PAY, request, amount).await,
            _ => return Started::Refused("method".to_owned()),
        };
        or_unknown("start", started, Started::Unknown)
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        or_unknown("query", self.ask_query(&payment.out_trade_no).await, PaymentStatus::Unknown)
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        or_unknown("close", self.ask_close(&payment.out_trade_no).await, ClosedAnswer::Unknown)
    }
    async fn refund(&self, request: &RefundRequest) -> RefundStatus {
        let Some(amount) = fen(request.amount) else { return RefundStatus::Refused };
        let asked = self.ask_refund(&request.out_trade_no, &request.out_request_no, amount).await;
        or_unknown("refund", asked, RefundStatus::Unknown)
    }
    async fn bill(&self, day: &DayOfBill) -> BillAnswer {
        or_unknown("bill", self.ask_bill(day).await, BillAnswer::Unknown)
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        let notice = Notification::verify(notice.body, self.config.trust.gateway()).map_err(|error| match error {
            wire_pay::alipay::Error::BadSignature
            | wire_pay::alipay::Error::MissingSignature
            | wire_pay::alipay::Error::UnknownCertificate { .. }
            | wire_pay::alipay::Error::SignType { .. } => NoticeRefusal::Forged,
            _ => NoticeRefusal::Unreadable,
        })?;
        read_fields(&notice, &self.config).map_err(|_| NoticeRefusal::Unreadable)
    }
}

fn read_fields(notice: &Notification, config: &AlipayConfig) -> Result<PaymentNotice, wire_pay::alipay::Error> {
    let name = notice.notify_id()?.to_owned();
    let out_trade_no = notice.out_trade_no()?.to_owned();
    if notice.app_id()? != config.app_id || notice.seller_id()? != config.seller_id {
        return Ok(PaymentNotice { name, says: NoticeSays::OtherMerchant { out_trade_no } });
    }
    // A refund is told by a notice too, with the trade's status and amount as they were paid: known already.
    let paid = notice.trade_status()?.is_paid() && notice.refund_fee()?.is_none();
    let brought =
        if paid { evidence(out_trade_no, notice.trade_no()?.to_owned(), notice.total_amount()?) } else { None };
    Ok(PaymentNotice { name, says: brought.map_or(NoticeSays::Nothing, NoticeSays::Paid) })
}
