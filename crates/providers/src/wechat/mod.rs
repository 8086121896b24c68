//! WeChat Pay v3: the port's questions as signed requests, its answers from verified responses and notices. The wire format
//! is `wire_pay::wechat`'s.
//!
//! Never does: take an answer for more than it proves. A close of a trade that the gateway does not know is answered like
//! one that closed something, and a refused order may be refused because there is one already; a query follows both.

mod bill;
mod keys;
mod own_browser;

use crate::Http;
use crate::http::Answer;
use async_trait::async_trait;
use everline_app::clock::Clock;
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, KeyFor, KnownKey, NoticeRefusal, NoticeSays, OwnBrowser, Payable,
    PaymentNotice, PaymentProvider, PaymentRef, PaymentRequest, PaymentStatus, RawNotice, RefundRequest, RefundStatus,
    Started,
};
use everline_core::money::{Currency, Money};
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::time::{MINUTE_US, SECOND_US, SystemTime};
use keys::Keyring;
pub use own_browser::OfficialAccount;
use std::sync::Arc;
use wire_pay::Fen;
pub use wire_pay::rsa::{PrivateKey, PublicKey};
pub use wire_pay::wechat::ApiV3Key;
use wire_pay::wechat::{
    Call, Error, Event, Merchant, Notice, PlatformKeys, Prepay, PrepayAnswer, Refund, RefundOf,
    RefundRequest as WireRefund, RefundStatus as WireRefundStatus, Refusal, RefusalKind, Reply, Signature, TradeKind,
    TradeState, Transaction, header, verify_response,
};

/// The longest description the gateway takes, in characters.
const DESCRIPTION_CHARS_MAX: usize = 127;
/// How long an `h5_url` can be opened.
const H5_URL_US: i64 = 5 * MINUTE_US;

/// What WeChat Pay gave the merchant, and what the merchant keeps.
#[derive(Clone)]
pub struct WechatConfig {
    /// The gateway: `https://host`, without a slash at its end.
    pub gateway_url: String,
    /// The merchant's number; a notice for another one is not ours.
    pub mchid: String,
    /// The application that is bound to the merchant; a notice for another one is not ours.
    pub appid: String,
    /// Our key.
    pub merchant_key: PrivateKey,
    /// The serial number of the API certificate that our key belongs to.
    pub merchant_serial: String,
    /// What notices and certificates are sealed with.
    pub api_v3_key: ApiV3Key,
    /// The gateway's public keys by their ids (`PUB_KEY_ID_...`). Where there is none, and besides, its certificates are
    /// fetched.
    pub public_keys: Vec<(String, PublicKey)>,
    /// Where notices shall be sent.
    pub notify_url: String,
    /// The official account that the application is; without it nobody can pay inside WeChat.
    pub account: Option<OfficialAccount>,
}

/// The client.
pub struct Wechat {
    gateway_url: String,
    appid: String,
    notify_url: String,
    account: Option<OfficialAccount>,
    merchant: Merchant,
    keys: Keyring,
    http: Http,
    clock: Arc<Clock>,
}

/// Why there is no answer that could be believed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Http(#[from] crate::HttpError),
    #[error(transparent)]
    Wire(#[from] Error),
    #[error(transparent)]
    Bill(#[from] wire_pay::wechat::BillError),
    #[error("the bill is somewhere else than at the gateway")]
    OtherOrigin,
    #[error("the file was refused with {0}")]
    File(u16),
    #[error("no address to send a payer to")]
    H5Url,
    #[error("answered with status {0}")]
    Status(u16),
    #[error("signing was interrupted")]
    Interrupted,
}

impl Wechat {
    /// A client with these keys. The gateway's certificates are fetched when something is to be checked with them.
    ///
    /// # Errors
    /// [`Error::PublicKeyId`]; [`wire_pay::Error::BadField`] for a merchant's or a serial number that no header can carry.
    pub fn new(config: WechatConfig, http: Http, clock: Arc<Clock>) -> Result<Self, Error> {
        let mut pinned = PlatformKeys::new();
        for (id, key) in config.public_keys {
            pinned.add_public_key(&id, key)?;
        }
        Ok(Self {
            merchant: Merchant::new(&config.mchid, &config.merchant_serial, config.merchant_key)?,
            keys: Keyring::new(pinned, config.api_v3_key),
            gateway_url: config.gateway_url,
            appid: config.appid,
            notify_url: config.notify_url,
            account: config.account,
            http,
            clock,
        })
    }

    fn unix_s(&self) -> i64 {
        self.clock.now().system.us() / SECOND_US
    }

    /// Sends a signed request.
    async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        self.send_within(call, None).await
    }

    /// Sends a signed request; for a file with the most bytes it may have. Signing takes a quarter of a millisecond of
    /// processor time, so it runs beside the reactor.
    async fn send_within(&self, call: &Call, file_bytes_max: Option<usize>) -> Result<Answer, Failure> {
        let request = call.request()?;
        let (merchant, unix_s, nonce) = (self.merchant.clone(), self.unix_s(), self.clock.id().to_string());
        let sign = move || {
            let authorization = merchant.authorize(&request, unix_s, &nonce)?;
            Ok::<_, Error>((request, authorization))
        };
        let (request, authorization) = tokio::task::spawn_blocking(sign).await.map_err(|_| Failure::Interrupted)??;
        let known = self.keys.known();
        let mut headers = vec![
            ("authorization", authorization.as_str()),
            ("accept", "application/json"),
            ("content-type", "application/json"),
            // Without one, the gateway refuses.
            ("user-agent", concat!("everline/", env!("CARGO_PKG_VERSION"))),
        ];
        headers.extend(known.wanted_serial().map(|serial| (header::SERIAL, serial)));
        let url = format!("{}{}", self.gateway_url, request.target);
        Ok(match file_bytes_max {
            Some(bytes_max) => self.http.file(&url, &headers, bytes_max).await?,
            None => self.http.send(request.method, &url, &headers, request.body).await?,
        })
    }

    /// Asks the gateway and returns its verified answer.
    async fn ask(&self, call: Call) -> Result<Reply<Vec<u8>>, Failure> {
        match self.learn().await {
            // Nothing is asked for whose answer could not be checked.
            Err(failure) if self.keys.is_empty() => return Err(failure),
            Err(failure) => tracing::warn!(%failure, "wechat's list of certificates cannot be had"),
            Ok(()) => {}
        }
        let answer = self.send(&call).await?;
        match self.verified(&answer) {
            Err(Error::UnknownSerial { serial }) => {
                self.keys.miss(&serial);
                self.learn().await?;
                Ok(self.verified(&answer)?)
            }
            other => Ok(other?),
        }
    }

    fn verified(&self, answer: &Answer) -> Result<Reply<Vec<u8>>, Error> {
        let (known, now) = (self.keys.known(), self.unix_s());
        Ok(match verify_response(answer.status, answer.headers(), &answer.body, &known, now)? {
            Reply::Done(body) => Reply::Done(body.to_vec()),
            Reply::Refused(refusal) => Reply::Refused(refusal),
        })
    }

    /// Fetches the gateway's certificates, if they are wanted.
    async fn learn(&self) -> Result<(), Failure> {
        let Some(_turn) = self.keys.turn(self.clock.now().system).await else { return Ok(()) };
        let answer = self.send(&Call::Certificates).await?;
        if answer.status != 200 {
            return Err(Error::Unsigned(Refusal::parse(answer.status, &answer.body)).into());
        }
        self.keys.take(&Signature::read(answer.headers())?, &answer.body, self.unix_s())?;
        tracing::info!(keys = ?self.keys.known().serials().collect::<Vec<_>>(), "wechat's keys are known");
        Ok(())
    }

    async fn prepay(&self, request: &PaymentRequest, kind: TradeKind, total: Fen) -> Result<Started, Failure> {
        let prepay = Prepay {
            appid: self.appid.clone(),
            mchid: self.merchant.mchid().to_owned(),
            description: request.subject.chars().take(DESCRIPTION_CHARS_MAX).collect(),
            out_trade_no: request.out_trade_no.clone(),
            time_expire_unix_s: Some(request.expires_at.us() / SECOND_US),
            attach: None,
            notify_url: self.notify_url.clone(),
            total,
            kind: kind.clone(),
        };
        match self.ask(Call::Prepay(prepay)).await? {
            Reply::Done(body) => match PrepayAnswer::parse(&kind, &body)? {
                PrepayAnswer::CodeUrl(text) => Ok(Started::Pay(Payable::at(text))),
                PrepayAnswer::H5Url(url) => self.h5(&url, &request.return_url),
                PrepayAnswer::PrepayId(prepay_id) => Ok(self.jsapi(prepay_id)),
            },
            Reply::Refused(refusal) => self.not_started(&request.out_trade_no, refusal).await,
        }
    }

    /// The gateway's page with the address to come back to.
    fn h5(&self, url: &str, return_url: &str) -> Result<Started, Failure> {
        let mut url = reqwest::Url::parse(url).map_err(|_| Failure::H5Url)?;
        url.query_pairs_mut().append_pair("redirect_url", return_url);
        let until = self.clock.now().system.plus_us(H5_URL_US);
        Ok(Started::Pay(Payable { url: url.into(), url_until: Some(until), reference: None, holder: None }))
    }

    /// What a refused order means. One with this number may exist all the same, from an earlier call whose answer was lost:
    /// only if the gateway knows of none, or of a closed one, will surely nothing be taken.
    async fn not_started(&self, out_trade_no: &str, refusal: Refusal) -> Result<Started, Failure> {
        tracing::warn!(code = refusal.code, status = refusal.status, "wechat refused an order");
        if !matches!(refusal.kind(), RefusalKind::Refused | RefusalKind::Closed) {
            return Ok(Started::Unknown);
        }
        Ok(match self.ask_query(out_trade_no).await? {
            PaymentStatus::NotExist | PaymentStatus::Closed => Started::Refused(refusal.code),
            _ => Started::Unknown,
        })
    }

    async fn ask_query(&self, out_trade_no: &str) -> Result<PaymentStatus, Failure> {
        let (mchid, out_trade_no) = (self.merchant.mchid().to_owned(), out_trade_no.to_owned());
        let trade = match self.ask(Call::QueryByOutTradeNo { mchid, out_trade_no: out_trade_no.clone() }).await? {
            Reply::Done(body) => Transaction::parse(&body)?,
            Reply::Refused(refusal) => {
                return Ok(match refusal.kind() {
                    RefusalKind::NotExist => PaymentStatus::NotExist,
                    RefusalKind::Closed => PaymentStatus::Closed,
                    _ => PaymentStatus::Unknown,
                });
            }
        };
        // An answer about another trade says nothing about ours.
        if trade.out_trade_no != out_trade_no || !self.is_ours(&trade) {
            return Ok(PaymentStatus::Unknown);
        }
        Ok(match trade.trade_state {
            TradeState::Success | TradeState::Refund => {
                evidence(trade).map_or(PaymentStatus::Unknown, PaymentStatus::Paid)
            }
            TradeState::NotPay | TradeState::UserPaying => PaymentStatus::Waiting,
            TradeState::Closed => PaymentStatus::Closed,
            TradeState::Revoked | TradeState::PayError | TradeState::Other(_) => PaymentStatus::Unknown,
        })
    }

    fn is_ours(&self, trade: &Transaction) -> bool {
        trade.mchid == self.merchant.mchid() && trade.appid == self.appid
    }

    async fn ask_close(&self, out_trade_no: &str) -> Result<ClosedAnswer, Failure> {
        let (mchid, number) = (self.merchant.mchid().to_owned(), out_trade_no.to_owned());
        match self.ask(Call::Close { mchid, out_trade_no: number }).await? {
            Reply::Done(_) => {}
            Reply::Refused(refusal) => {
                return Ok(match refusal.kind() {
                    RefusalKind::AlreadyPaid => ClosedAnswer::AlreadyPaid,
                    RefusalKind::Closed => ClosedAnswer::Closed,
                    RefusalKind::NotExist => ClosedAnswer::NotExist,
                    _ => ClosedAnswer::Unknown,
                });
            }
        }
        Ok(match self.ask_query(out_trade_no).await? {
            PaymentStatus::Closed => ClosedAnswer::Closed,
            PaymentStatus::Paid(_) => ClosedAnswer::AlreadyPaid,
            PaymentStatus::NotExist => ClosedAnswer::NotExist,
            PaymentStatus::Waiting | PaymentStatus::Unknown => ClosedAnswer::Unknown,
        })
    }

    /// Asks for the refund; asked again with the same number, the gateway says how far it is. A refusal is one for good only
    /// if the gateway knows of no such refund, or of one that failed.
    async fn ask_refund(&self, request: &RefundRequest, refund: Fen, total: Fen) -> Result<RefundStatus, Failure> {
        let of = match request.trade_no.as_str() {
            "" => RefundOf::OutTradeNo(request.out_trade_no.clone()),
            number => RefundOf::TransactionId(number.to_owned()),
        };
        let call = Call::Refund(WireRefund {
            of,
            out_refund_no: request.out_request_no.clone(),
            reason: None,
            notify_url: Some(self.notify_url.clone()),
            refund,
            total,
        });
        let refusal = match self.ask(call).await? {
            Reply::Done(body) => return Ok(how_far(&Refund::parse(&body)?, request)),
            Reply::Refused(refusal) => refusal,
        };
        tracing::warn!(code = refusal.code, status = refusal.status, "wechat refused a refund");
        // The merchant's account may be filled, and the gateway's trouble may pass: ask again later. So do we where it is not
        // known what a code means.
        if refusal.kind() != RefusalKind::Refused {
            return Ok(RefundStatus::Unknown);
        }
        Ok(match self.ask(Call::QueryRefund { out_refund_no: request.out_request_no.clone() }).await? {
            Reply::Done(body) => how_far(&Refund::parse(&body)?, request),
            Reply::Refused(none) if none.kind() == RefusalKind::NotExist => RefundStatus::Refused,
            Reply::Refused(_) => RefundStatus::Unknown,
        })
    }

    fn says(&self, event: Event) -> NoticeSays {
        match event {
            Event::Paid(trade) if !self.is_ours(&trade) => {
                NoticeSays::OtherMerchant { out_trade_no: trade.out_trade_no }
            }
            Event::Paid(trade) => evidence(trade).map_or(NoticeSays::Nothing, NoticeSays::Paid),
            Event::Refund(notice) if notice.mchid == self.merchant.mchid() => {
                NoticeSays::RefundMoved { out_request_no: notice.refund.out_refund_no }
            }
            Event::Refund(_) => {
                tracing::warn!("wechat tells of another merchant's refund");
                NoticeSays::Nothing
            }
            Event::Other { event_type, .. } => {
                tracing::info!(event_type, "wechat tells of something that means nothing here");
                NoticeSays::Nothing
            }
        }
    }
}

/// What an answer about a refund says of ours. One that is *abnormal* left the merchant's account and did not arrive: people
/// see to it at the gateway, and its state changes when they did.
fn how_far(refund: &Refund, request: &RefundRequest) -> RefundStatus {
    if refund.out_refund_no != request.out_request_no || refund.out_trade_no != request.out_trade_no {
        return RefundStatus::Unknown;
    }
    match refund.status {
        WireRefundStatus::Success => RefundStatus::Done,
        WireRefundStatus::Closed => RefundStatus::Refused,
        WireRefundStatus::Abnormal => {
            tracing::error!(number = refund.refund_id, "wechat could not give a refund to its payer");
            RefundStatus::Unknown
        }
        WireRefundStatus::Processing | WireRefundStatus::Other(_) => RefundStatus::Unknown,
    }
}

fn fen(amount: Money) -> Option<Fen> {
    if amount.currency() != Currency::CNY {
        return None;
    }
    amount.to_minor().ok().and_then(Fen::new)
}

/// The order's whole amount is what it brings, whatever coupons of the gateway spared the payer.
fn evidence(trade: Transaction) -> Option<Evidence> {
    let amount = Money::from_minor(trade.total?.get(), Currency::CNY).ok()?;
    let (out_trade_no, trade_no) = (trade.out_trade_no, trade.transaction_id?);
    Some(Evidence { provider: Provider::Wechat, out_trade_no, trade_no, amount })
}

/// The answer, or what stands for no answer; the reason is logged, never the content.
fn or_unknown<T>(what: &'static str, answer: Result<T, Failure>, unknown: T) -> T {
    answer.unwrap_or_else(|failure| {
        tracing::warn!(what, %failure, "wechat gave no answer to believe");
        unknown
    })
}

#[async_trait]
impl PaymentProvider for Wechat {
    fn takes(&self, method: Method) -> bool {
        match method {
            // Only the official account learns who pays.
            Method::WechatJsapi => self.account.is_some(),
            other => other.provider() == Some(Provider::Wechat),
        }
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        let Some(total) = fen(request.amount).filter(|fen| *fen > Fen::ZERO) else {
            return Started::Refused("amount".to_owned());
        };
        let kind = match (request.method, request.payer_ip, &request.payer) {
            (Method::WechatQr, ..) => TradeKind::Native,
            (Method::WechatH5, Some(ip), _) => {
                TradeKind::H5 { payer_client_ip: ip.to_canonical().to_string(), h5_type: "Wap".to_owned() }
            }
            // The gateway compares it with the address from which its page is opened.
            (Method::WechatH5, None, _) => return Started::Refused("payer_ip".to_owned()),
            (Method::WechatJsapi, _, Some(payer)) => TradeKind::Jsapi { openid: payer.reveal().to_owned() },
            (Method::WechatJsapi, _, None) => return Started::Refused("payer".to_owned()),
            _ => return Started::Refused("method".to_owned()),
        };
        or_unknown("start", self.prepay(request, kind, total).await, Started::Unknown)
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        or_unknown("query", self.ask_query(&payment.out_trade_no).await, PaymentStatus::Unknown)
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        or_unknown("close", self.ask_close(&payment.out_trade_no).await, ClosedAnswer::Unknown)
    }
    async fn refund(&self, request: &RefundRequest) -> RefundStatus {
        let (Some(refund), Some(total)) = (fen(request.amount), fen(request.received)) else {
            return RefundStatus::Refused;
        };
        or_unknown("refund", self.ask_refund(request, refund, total).await, RefundStatus::Unknown)
    }
    async fn bill(&self, day: &DayOfBill) -> BillAnswer {
        or_unknown("bill", self.ask_bill(day).await, BillAnswer::Unknown)
    }
    fn keys(&self) -> Vec<KnownKey> {
        let known = self.keys.known();
        let key = |(name, last): (&str, Option<i64>)| KnownKey {
            key_for: KeyFor::WechatTheirs,
            name: name.to_owned(),
            valid_until: last.map(|unix_s| SystemTime::from_us(unix_s.saturating_mul(SECOND_US))),
        };
        known.validities().map(key).collect()
    }
    fn own_browser(&self) -> Option<&dyn OwnBrowser> {
        self.account.is_some().then_some(self)
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        let (known, at_unix_s) = (self.keys.known(), notice.at.us() / SECOND_US);
        let headers = notice.headers.iter().copied();
        let read = Notice::open(headers, notice.body, &known, self.keys.api_key(), at_unix_s);
        let notice = read.map_err(|error| match error {
            Error::UnknownSerial { serial } => {
                self.keys.miss(&serial);
                NoticeRefusal::UnknownKey
            }
            Error::Skew { .. } => NoticeRefusal::Stale,
            Error::SignatureProbe
            | Error::MissingHeader { .. }
            | Error::BadHeader { .. }
            | Error::SignatureType { .. }
            | Error::CertificateNotValidNow { .. }
            | Error::Shared(wire_pay::Error::BadSignature) => NoticeRefusal::Forged,
            _ => NoticeRefusal::Unreadable,
        })?;
        Ok(PaymentNotice { name: notice.id, says: self.says(notice.event) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refund_is_done_or_refused_only_when_its_state_says_so_of_this_one() {
        let cny = |fen| Money::from_minor(fen, Currency::CNY).unwrap();
        let request = RefundRequest {
            out_trade_no: "EL1".to_owned(),
            trade_no: "42".to_owned(),
            out_request_no: "R1".to_owned(),
            amount: cny(40),
            received: cny(100),
        };
        let told = |status: &str| Refund {
            refund_id: "50".to_owned(),
            out_refund_no: "R1".to_owned(),
            transaction_id: "42".to_owned(),
            out_trade_no: "EL1".to_owned(),
            status: WireRefundStatus::parse(status),
            user_received_account: None,
            success_unix_s: None,
            create_unix_s: None,
            refund: Fen::new(40).unwrap(),
            total: Fen::new(100).unwrap(),
        };
        for (status, means) in [
            ("SUCCESS", RefundStatus::Done),
            ("CLOSED", RefundStatus::Refused),
            ("PROCESSING", RefundStatus::Unknown),
            ("ABNORMAL", RefundStatus::Unknown),
            ("SOMETHING_NEW", RefundStatus::Unknown),
        ] {
            assert_eq!(how_far(&told(status), &request), means, "{status}");
        }
        let other_refund = Refund { out_refund_no: "R2".to_owned(), ..told("SUCCESS") };
        let other_trade = Refund { out_trade_no: "EL2".to_owned(), ..told("CLOSED") };
        for other in [other_refund, other_trade] {
            assert_eq!(how_far(&other, &request), RefundStatus::Unknown);
        }
    }
}
