//! Cards, by Stripe: the port's questions as calls of its API. The wire format is `wire_pay::stripe`'s.
//!
//! One attempt is one Checkout Session in payment mode. It is made under the attempt's number as idempotency key, so that
//! a start whose answer was lost is asked for again and brings the same page; what is sent follows from the request alone,
//! since other content under the same key is refused. The session is asked about by its own id, and the money by the
//! PaymentIntent in it, which is the `trade_no`.
//!
//! A refund has the key and the metadata of its number. The key is forgotten after a day, the metadata is not: a refund is
//! looked for before it is asked for.

mod bill;
mod kept;
mod notice;

use crate::Http;
use crate::http::Answer;
use async_trait::async_trait;
use everline_app::ports::{
    BillAnswer, ClosedAnswer, DayOfBill, MethodKeeper, NoticeRefusal, Payable, PaymentNotice, PaymentProvider,
    PaymentRef, PaymentRequest, PaymentStatus, Probed, RawNotice, RefundRequest, RefundStatus, Started,
};
use everline_core::money::Money;
use everline_core::payment::{Evidence, Method, Provider};
use everline_core::time::SECOND_US;
pub use wire_pay::stripe::{API_BASE, ApiKey, EndpointSecret};
use wire_pay::stripe::{
    Amount, CheckoutSession, CheckoutSessionId, Command, CreateCheckoutSession, CreateRefund, Currency, Expandable,
    HttpRequest, IdempotencyKey, ListRefunds, Metadata, Object, Page, Payer, PaymentIntent, PaymentIntentId, Query,
    Refund, RefundStatus as WireRefundStatus, RefusalKind, Reply, SessionPurpose, SessionStatus, read_reply,
};

/// The name under which a payment carries our number.
const OUT_TRADE_NO: &str = "out_trade_no";
/// The name under which a refund carries its number.
const OUT_REQUEST_NO: &str = "out_request_no";

/// What Stripe gave the merchant.
#[derive(Clone)]
pub struct StripeConfig {
    /// Where the API is, without a slash at its end: [`API_BASE`], or a stand-in.
    pub api_url: String,
    /// The secret key, or a restricted one that may write Checkout Sessions, refunds, customers, PaymentIntents and
    /// PaymentMethods, and read balance transactions.
    pub api_key: ApiKey,
    /// The secrets of the webhook endpoint: two while one is replaced.
    pub webhook_secrets: Vec<EndpointSecret>,
    /// Whether the key is for real money; an event of the other kind is not ours.
    pub livemode: bool,
    /// An address of the merchant's pages. Stripe wants one with each debit, and never sends anybody there.
    pub return_url: String,
}

/// The client.
pub struct Stripe {
    config: StripeConfig,
    http: Http,
}

/// Why there is no answer that could be believed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Http(#[from] crate::HttpError),
    #[error(transparent)]
    Wire(#[from] wire_pay::Error),
    /// Never sent.
    #[error(transparent)]
    Request(#[from] wire_pay::stripe::RequestError),
    #[error("an answer about something else")]
    OtherObject,
    #[error("more movements in a day than are read")]
    TooMany,
    #[error("movements are refused with {0}")]
    Movements(u16),
    #[error("a refusal that says nothing")]
    NoAnswer,
}

impl Stripe {
    /// A client of one account.
    #[must_use]
    pub fn new(config: StripeConfig, http: Http) -> Self {
        Self { config, http }
    }

    async fn send(&self, request: &HttpRequest) -> Result<Answer, Failure> {
        let url = format!("{}{}", self.config.api_url, request.target());
        let headers = request.headers();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Ok(self.http.send(request.method().as_str(), &url, &headers, request.body().to_owned()).await?)
    }

    async fn command<T: Object>(&self, command: &Command, key: &str) -> Result<Reply<T>, Failure> {
        let request = command.to_http(&self.config.api_key, &IdempotencyKey::parse(key)?)?;
        let answer = self.send(&request).await?;
        Ok(read_reply(answer.status, &answer.body)?)
    }

    async fn ask_start(&self, request: &PaymentRequest, amount: Amount) -> Result<Started, Failure> {
        let payer = match &request.keep_for {
            None => Payer::Guest,
            Some(holder) => match self.holder(holder).await? {
                Some(holder) => Payer::SavingCard(holder),
                None => return Ok(Started::Unknown),
            },
        };
        let holder = match &payer {
            Payer::SavingCard(holder) => Some(holder.to_string()),
            _ => None,
        };
        let session = match session_of(request, amount, payer) {
            Ok(session) => Command::CreateCheckoutSession(session),
            Err(error) => return Ok(Started::Refused(error.to_string())),
        };
        let session: CheckoutSession = match self.command(&session, &request.out_trade_no).await {
            Ok(Reply::Done(session)) => session,
            Ok(Reply::Refused(refusal)) => {
                return Ok(match refusal.kind() {
                    RefusalKind::Request | RefusalKind::NotFound => Started::Refused(refusal.code.unwrap_or_default()),
                    _ => Started::Unknown,
                });
            }
            Err(Failure::Request(error)) => return Ok(Started::Refused(error.to_string())),
            Err(failure) => return Err(failure),
        };
        if session.client_reference_id.as_deref() != Some(&request.out_trade_no) {
            return Err(Failure::OtherObject);
        }
        let reference = Some(session.id.to_string());
        Ok(session
            .url
            .map_or(Started::Unknown, |url| Started::Pay(Payable { url, url_until: None, reference, holder })))
    }

    async fn ask_query(&self, payment: &PaymentRef, id: &CheckoutSessionId) -> Result<PaymentStatus, Failure> {
        let request = Query::CheckoutSession(id.clone()).to_http(&self.config.api_key)?;
        let answer = self.send(&request).await?;
        // That Stripe has no such session says nothing about its money: the account may be another one than before.
        let Reply::Done(session) = read_reply::<CheckoutSession>(answer.status, &answer.body)? else {
            return Ok(PaymentStatus::Unknown);
        };
        if session.id != *id || session.client_reference_id.as_deref() != Some(&payment.out_trade_no) {
            return Err(Failure::OtherObject);
        }
        let intent = session.payment_intent.as_ref().and_then(Expandable::object);
        if let Some(intent) = intent.filter(|intent| intent.is_paid()) {
            let evidence = evidence_of(intent, &payment.out_trade_no);
            return Ok(evidence.map_or(PaymentStatus::Unknown, PaymentStatus::Paid));
        }
        Ok(match session.status {
            // Paid, and the payment that says how much did not come along.
            _ if session.is_paid() => PaymentStatus::Unknown,
            SessionStatus::Open | SessionStatus::Complete => PaymentStatus::Waiting,
            SessionStatus::Expired => PaymentStatus::Closed,
            SessionStatus::Other(_) => PaymentStatus::Unknown,
        })
    }

    async fn ask_close(&self, payment: &PaymentRef, id: &CheckoutSessionId) -> Result<ClosedAnswer, Failure> {
        let expire = Command::ExpireCheckoutSession(id.clone());
        let reply = self.command::<CheckoutSession>(&expire, &format!("{}-close", payment.out_trade_no)).await?;
        if let Reply::Done(session) = reply
            && session.id == *id
            && session.status == SessionStatus::Expired
        {
            return Ok(ClosedAnswer::Closed);
        }
        // Refused because it is not open any more, or for now: what it is tells which.
        Ok(match self.ask_query(payment, id).await? {
            PaymentStatus::Paid(_) => ClosedAnswer::AlreadyPaid,
            PaymentStatus::Closed => ClosedAnswer::Closed,
            PaymentStatus::Waiting | PaymentStatus::NotExist | PaymentStatus::Unknown => ClosedAnswer::Unknown,
        })
    }

    /// Looks for the refund among those of its payment; `None` if it is not there.
    async fn known_refund(&self, request: &RefundRequest) -> Result<Option<RefundStatus>, Failure> {
        let payment_intent = PaymentIntentId::parse(&request.trade_no)?;
        let list = ListRefunds { payment_intent, starting_after: None };
        let list = Query::Refunds(list).to_http(&self.config.api_key)?;
        let answer = self.send(&list).await?;
        let Reply::Done(page) = Page::<Refund>::read_reply(answer.status, &answer.body)? else {
            return Ok(Some(RefundStatus::Unknown));
        };
        let is_it = |refund: &&Refund| refund.metadata.get(OUT_REQUEST_NO) == Some(&request.out_request_no);
        Ok(match page.data.iter().find(is_it) {
            Some(refund) => Some(refund_status(refund)),
            // A hundred refunds of one payment are not ours; it may be behind them, and must not be made twice.
            None => page.has_more.then_some(RefundStatus::Unknown),
        })
    }

    /// Looks for the refund, and asks for it if it is not there.
    async fn ask_refund(&self, request: &RefundRequest, amount_minor: i64) -> Result<RefundStatus, Failure> {
        if let Some(known) = self.known_refund(request).await? {
            return Ok(known);
        }
        let payment_intent = PaymentIntentId::parse(&request.trade_no)?;
        let mut metadata = Metadata::new();
        metadata.insert(OUT_REQUEST_NO, &request.out_request_no)?;
        let refund = Command::CreateRefund(CreateRefund { payment_intent, amount_minor, reason: None, metadata });
        Ok(match self.command::<Refund>(&refund, &request.out_request_no).await? {
            Reply::Done(refund) => refund_status(&refund),
            Reply::Refused(refusal) => match refusal.kind() {
                RefusalKind::State => RefundStatus::Refused,
                // A key that was withdrawn can be replaced; then the refund can be made.
                RefusalKind::Request if !matches!(refusal.status, 401 | 403) => RefundStatus::Refused,
                _ => RefundStatus::Unknown,
            },
        })
    }
}

/// What is asked of Stripe for a request: the same at every repetition.
fn session_of(
    request: &PaymentRequest,
    amount: Amount,
    payer: Payer,
) -> Result<CreateCheckoutSession, wire_pay::stripe::RequestError> {
    let mut metadata = Metadata::new();
    metadata.insert(OUT_TRADE_NO, &request.out_trade_no)?;
    // A session ends half an hour after it is made at the earliest, and the attempt can be started until its own end:
    // this is the soonest end that is good at every repetition. Until then the session is closed by asking for it.
    let attempt_ends_unix_s = request.expires_at.us().saturating_add(SECOND_US - 1) / SECOND_US;
    Ok(CreateCheckoutSession {
        client_reference_id: request.out_trade_no.clone(),
        purpose: SessionPurpose::Payment { amount, product_name: request.subject.clone(), payer },
        success_url: request.return_url.clone(),
        cancel_url: request.return_url.clone(),
        expires_at_unix_s: attempt_ends_unix_s.saturating_add(CreateCheckoutSession::EXPIRES_AFTER_S_MIN),
        locale: None,
        metadata,
    })
}

fn refund_status(refund: &Refund) -> RefundStatus {
    match refund.status {
        Some(WireRefundStatus::Succeeded) => RefundStatus::Done,
        Some(WireRefundStatus::Failed | WireRefundStatus::Canceled) => RefundStatus::Refused,
        _ => RefundStatus::Unknown,
    }
}

/// An amount as Stripe takes it: exactly, or not at all.
fn to_wire(amount: Money) -> Option<Amount> {
    let currency = Currency::from_iso(amount.currency().code()).ok()?;
    Amount::from_millionths(amount.micros(), currency).ok().filter(|amount| amount.check_chargeable().is_ok())
}

/// An amount as Stripe says it; `None` in a currency that no brand can use.
fn from_wire(amount: Amount) -> Option<Money> {
    let currency = amount.currency().iso().parse().ok()?;
    Some(Money::from_micros(amount.millionths().ok()?, currency))
}

fn evidence_of(intent: &PaymentIntent, out_trade_no: &str) -> Option<Evidence> {
    Some(Evidence {
        provider: Provider::Stripe,
        out_trade_no: out_trade_no.to_owned(),
        trade_no: intent.id.to_string(),
        amount: from_wire(intent.amount_received)?,
    })
}

/// The answer, or what stands for no answer; the reason is logged, never the content.
fn or_unknown<T>(what: &'static str, answer: Result<T, Failure>, unknown: T) -> T {
    answer.unwrap_or_else(|failure| {
        tracing::warn!(what, %failure, "stripe gave no answer to believe");
        unknown
    })
}

/// The session of a payment. Without one nobody can pay: the address of its page never arrived.
fn session_id(payment: &PaymentRef) -> Option<CheckoutSessionId> {
    CheckoutSessionId::parse(payment.reference.as_deref()?).ok()
}

/// How we name a payment that has no page: a debit. No id of Stripe's has a colon.
const INTENT: &str = "intent:";

/// The name of a session that nobody made.
const NO_SESSION: &str = "cs_test_00000000000000000000000000000000";

/// The payment itself, of a debit.
fn intent_id(payment: &PaymentRef) -> Option<PaymentIntentId> {
    PaymentIntentId::parse(payment.reference.as_deref()?.strip_prefix(INTENT)?).ok()
}

#[async_trait]
impl PaymentProvider for Stripe {
    fn takes(&self, method: Method) -> bool {
        matches!(method, Method::Card | Method::CardKept)
    }
    fn keeper(&self) -> Option<&dyn MethodKeeper> {
        Some(self)
    }
    async fn start(&self, request: &PaymentRequest) -> Started {
        if !self.takes(request.method) || request.keep_for.is_some() != (request.method == Method::CardKept) {
            return Started::Refused("method".to_owned());
        }
        let Some(amount) = to_wire(request.amount) else { return Started::Refused("amount".to_owned()) };
        or_unknown("start", self.ask_start(request, amount).await, Started::Unknown)
    }
    async fn query(&self, payment: &PaymentRef) -> PaymentStatus {
        if let Some(id) = intent_id(payment) {
            return or_unknown("query", self.ask_intent(payment, &id).await, PaymentStatus::Unknown);
        }
        let Some(id) = session_id(payment) else { return PaymentStatus::NotExist };
        or_unknown("query", self.ask_query(payment, &id).await, PaymentStatus::Unknown)
    }
    async fn close(&self, payment: &PaymentRef) -> ClosedAnswer {
        if let Some(id) = intent_id(payment) {
            return or_unknown("close", self.cancel(payment, &id).await, ClosedAnswer::Unknown);
        }
        let Some(id) = session_id(payment) else { return ClosedAnswer::NotExist };
        or_unknown("close", self.ask_close(payment, &id).await, ClosedAnswer::Unknown)
    }
    async fn refund(&self, request: &RefundRequest) -> RefundStatus {
        let Some(amount) = to_wire(request.amount) else { return RefundStatus::Refused };
        or_unknown("refund", self.ask_refund(request, amount.minor()).await, RefundStatus::Unknown)
    }
    async fn find_refund(&self, request: &RefundRequest) -> Option<RefundStatus> {
        or_unknown("refund", self.known_refund(request).await, Some(RefundStatus::Unknown))
    }
    async fn bill(&self, day: &DayOfBill) -> BillAnswer {
        or_unknown("bill", self.ask_bill(day).await, BillAnswer::Unknown)
    }
    /// Asks for a session that there is not: who knows us says so, and who does not says that.
    async fn probe(&self) -> Probed {
        let Ok(nothing) = CheckoutSessionId::parse(NO_SESSION) else { return Probed::NotOffered };
        let Ok(request) = Query::CheckoutSession(nothing).to_http(&self.config.api_key) else {
            return Probed::NotOffered;
        };
        match self.send(&request).await {
            Ok(answer) => Probed::of_status(answer.status),
            Err(_) => Probed::failed("no_answer"),
        }
    }
    fn read_notice(&self, notice: &RawNotice<'_>) -> Result<PaymentNotice, NoticeRefusal> {
        notice::read(&self.config, notice)
    }
}
