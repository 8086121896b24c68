//! Requests: what a merchant asks, as it goes over the wire, and as the other side reads it.
//!
//! A [`Command`] changes something and needs an idempotency key, a [`Query`] asks. Both are checked against Stripe's
//! limits before they are sent and after they are received by the same functions, and a request that was sent reads as
//! the value it was made from.

mod cards;
mod checkout;
mod disputes;
mod lists;
mod params;
mod received;
mod refunds;

pub use cards::{CancelPaymentIntent, CancellationReason, CreateCustomer, CreatePaymentIntent};
pub use checkout::{CreateCheckoutSession, Payer, SessionPurpose};
pub use disputes::{EvidenceField, SubmitDisputeEvidence};
pub use lists::{BalanceScope, ListBalanceTransactions, ListPayouts, ListRefunds, TimeRange};
pub use received::{Asked, Received};
pub use refunds::{CreateRefund, RefundReason};

use super::{
    API_VERSION, AmountError, ApiKey, CheckoutSessionId, DisputeId, ErrorType, IdempotencyKey, PaymentIntentId,
    PaymentMethodId, PayoutId, RefundId, Refusal,
};
use crate::{BODY_BYTES_MAX, Error};
use params::Writer;
use std::fmt;

/// Longest free text taken, in characters.
pub const TEXT_CHARS_MAX: usize = 5_000;

/// A request that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Opens a page on which a payer pays or saves a card. Answered by a
    /// [`CheckoutSession`](super::CheckoutSession).
    CreateCheckoutSession(CreateCheckoutSession),
    /// Ends an open session; one that the payer went through, or that ended, is refused: then ask for it. Answered by
    /// a [`CheckoutSession`](super::CheckoutSession).
    ExpireCheckoutSession(CheckoutSessionId),
    /// Makes someone whom cards can be saved for. Answered by a [`Customer`](super::Customer).
    CreateCustomer(CreateCustomer),
    /// Takes money from a saved card while its owner is away. Answered by a [`PaymentIntent`](super::PaymentIntent).
    CreatePaymentIntent(CreatePaymentIntent),
    /// Gives up a payment. Answered by a [`PaymentIntent`](super::PaymentIntent).
    CancelPaymentIntent(CancelPaymentIntent),
    /// Forgets a saved card, for good. Answered by a [`PaymentMethod`](super::PaymentMethod) without customer.
    DetachPaymentMethod(PaymentMethodId),
    /// Gives money back. Answered by a [`Refund`](super::Refund).
    CreateRefund(CreateRefund),
    /// Answers a dispute. Answered by a [`Dispute`](super::Dispute).
    SubmitDisputeEvidence(SubmitDisputeEvidence),
}

/// A request that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// A session, with its payment and its saved card. Answered by a [`CheckoutSession`](super::CheckoutSession).
    CheckoutSession(CheckoutSessionId),
    /// A payment, with its last charge. Answered by a [`PaymentIntent`](super::PaymentIntent).
    PaymentIntent(PaymentIntentId),
    /// A saved card. Answered by a [`PaymentMethod`](super::PaymentMethod).
    PaymentMethod(PaymentMethodId),
    /// A refund. Answered by a [`Refund`](super::Refund).
    Refund(RefundId),
    /// The refunds of a payment. Answered by a [`Page`](super::Page) of [`Refund`](super::Refund)s.
    Refunds(ListRefunds),
    /// A dispute. Answered by a [`Dispute`](super::Dispute).
    Dispute(DisputeId),
    /// Movements of the balance, with what they are about. Answered by a [`Page`](super::Page) of
    /// [`BalanceTransaction`](super::BalanceTransaction)s.
    BalanceTransactions(ListBalanceTransactions),
    /// A payout. Answered by a [`Payout`](super::Payout).
    Payout(PayoutId),
    /// Payouts. Answered by a [`Page`](super::Page) of [`Payout`](super::Payout)s.
    Payouts(ListPayouts),
}

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// With the parameters in the query string.
    Get,
    /// With the parameters in the body, as a form.
    Post,
}

impl HttpMethod {
    /// The method's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request ready to be sent. Its `Debug` shows the method and the path: neither keys nor what is said of a person.
#[derive(Clone)]
pub struct HttpRequest {
    method: HttpMethod,
    path: String,
    query: String,
    body: String,
    api_key: ApiKey,
    idempotency_key: Option<IdempotencyKey>,
}

impl HttpRequest {
    /// The method.
    #[must_use]
    pub fn method(&self) -> HttpMethod {
        self.method
    }

    /// Path and query string, to be appended to [`API_BASE`](super::API_BASE).
    #[must_use]
    pub fn target(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The headers, the secret key among them.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("authorization", self.api_key.authorization()),
            ("stripe-version", API_VERSION.to_owned()),
            ("accept", "application/json".to_owned()),
        ];
        if self.method == HttpMethod::Post {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        }
        if let Some(key) = &self.idempotency_key {
            headers.push(("idempotency-key", key.as_str().to_owned()));
        }
        headers
    }

    /// The body; empty for a query.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method.as_str(), self.path)
    }
}

impl Command {
    /// The request as it is sent. To send a command again, send it with the same key and the same content: persist
    /// both before the first time.
    ///
    /// # Errors
    /// [`RequestError`], if Stripe would surely refuse it.
    pub fn to_http(&self, api_key: &ApiKey, idempotency_key: &IdempotencyKey) -> Result<HttpRequest, RequestError> {
        let mut params = Writer::default();
        self.write(&mut params)?;
        let body = params.encode();
        if body.len() > BODY_BYTES_MAX {
            let error = Error::TooLarge { limit_bytes: BODY_BYTES_MAX, actual_bytes: body.len() };
            return Err(RequestError::Form(error));
        }
        Ok(HttpRequest {
            method: HttpMethod::Post,
            path: self.path(),
            query: String::new(),
            body,
            api_key: api_key.clone(),
            idempotency_key: Some(idempotency_key.clone()),
        })
    }

    fn path(&self) -> String {
        match self {
            Self::CreateCheckoutSession(_) => "/v1/checkout/sessions".to_owned(),
            Self::ExpireCheckoutSession(session) => format!("/v1/checkout/sessions/{session}/expire"),
            Self::CreateCustomer(_) => "/v1/customers".to_owned(),
            Self::CreatePaymentIntent(_) => "/v1/payment_intents".to_owned(),
            Self::CancelPaymentIntent(cancel) => format!("/v1/payment_intents/{}/cancel", cancel.payment_intent),
            Self::DetachPaymentMethod(method) => format!("/v1/payment_methods/{method}/detach"),
            Self::CreateRefund(_) => "/v1/refunds".to_owned(),
            Self::SubmitDisputeEvidence(submit) => format!("/v1/disputes/{}", submit.dispute),
        }
    }

    fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        match self {
            Self::CreateCheckoutSession(create) => create.write(params),
            Self::CreateCustomer(create) => create.write(params),
            Self::CreatePaymentIntent(create) => create.write(params),
            Self::CancelPaymentIntent(cancel) => {
                cancel.write(params);
                Ok(())
            }
            Self::CreateRefund(create) => create.write(params),
            Self::SubmitDisputeEvidence(submit) => submit.write(params),
            Self::ExpireCheckoutSession(_) | Self::DetachPaymentMethod(_) => Ok(()),
        }
    }
}

impl Query {
    /// The request as it is sent.
    ///
    /// # Errors
    /// [`RequestError`], if Stripe would surely refuse it.
    pub fn to_http(&self, api_key: &ApiKey) -> Result<HttpRequest, RequestError> {
        let mut params = Writer::default();
        match self {
            Self::CheckoutSession(_) => set_expand(&mut params, EXPAND_CHECKOUT_SESSION),
            Self::PaymentIntent(_) => set_expand(&mut params, EXPAND_PAYMENT_INTENT),
            Self::Refunds(list) => list.write(&mut params)?,
            Self::BalanceTransactions(list) => list.write(&mut params)?,
            Self::Payouts(list) => list.write(&mut params)?,
            Self::PaymentMethod(_) | Self::Refund(_) | Self::Dispute(_) | Self::Payout(_) => {}
        }
        Ok(HttpRequest {
            method: HttpMethod::Get,
            path: self.path(),
            query: params.encode(),
            body: String::new(),
            api_key: api_key.clone(),
            idempotency_key: None,
        })
    }

    fn path(&self) -> String {
        match self {
            Self::CheckoutSession(session) => format!("/v1/checkout/sessions/{session}"),
            Self::PaymentIntent(intent) => format!("/v1/payment_intents/{intent}"),
            Self::PaymentMethod(method) => format!("/v1/payment_methods/{method}"),
            Self::Refund(refund) => format!("/v1/refunds/{refund}"),
            Self::Refunds(_) => "/v1/refunds".to_owned(),
            Self::Dispute(dispute) => format!("/v1/disputes/{dispute}"),
            Self::BalanceTransactions(_) => "/v1/balance_transactions".to_owned(),
            Self::Payout(payout) => format!("/v1/payouts/{payout}"),
            Self::Payouts(_) => "/v1/payouts".to_owned(),
        }
    }
}

/// What a request for a session asks to be given whole.
const EXPAND_CHECKOUT_SESSION: &[&str] = &["payment_intent", "setup_intent"];
/// What a request for a payment asks to be given whole: the charge has the card's fingerprint.
const EXPAND_PAYMENT_INTENT: &[&str] = &["latest_charge"];

fn set_expand(params: &mut Writer, members: &[&str]) {
    for (at, member) in members.iter().enumerate() {
        params.set(&format!("expand[{at}]"), member);
    }
}

/// Why a request is none that Stripe takes, or none that this crate knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The parameters cannot be read, or are too many or too large.
    #[error(transparent)]
    Form(#[from] Error),
    /// No key, or another one.
    #[error("not authorized")]
    Unauthorized,
    /// Another version of the API than [`API_VERSION`], or none.
    #[error("version {found:?} of the API, not {API_VERSION}")]
    Version {
        /// What was found.
        found: Option<String>,
    },
    /// Nothing that this crate knows is at this path, or not with this method.
    #[error("no such request: {method} {path}")]
    Route {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
    /// A command without an idempotency key. Stripe would take it; a merchant that sends one cannot send it again.
    #[error("no idempotency key")]
    NoIdempotencyKey,
    /// The idempotency key is empty, too long or no visible ASCII.
    #[error("not an idempotency key")]
    BadIdempotencyKey,
    /// A parameter that must be there is not.
    #[error("{param} is missing")]
    Missing {
        /// Its name.
        param: String,
    },
    /// A parameter that does not belong here.
    #[error("{param} is not known here")]
    UnknownParam {
        /// Its name.
        param: String,
    },
    /// A parameter without a value.
    #[error("{param} is empty")]
    Empty {
        /// Its name.
        param: String,
    },
    /// A parameter whose value does not have its form.
    #[error("{param} is malformed")]
    Invalid {
        /// Its name.
        param: String,
    },
    /// A parameter that is longer than Stripe takes.
    #[error("{param} has {actual_chars} characters, limit {limit_chars}")]
    TooLong {
        /// Its name.
        param: String,
        /// The limit in characters.
        limit_chars: usize,
        /// The length in characters.
        actual_chars: usize,
    },
    /// An amount that a payer cannot be asked for.
    #[error("{param}: {error}")]
    Amount {
        /// The parameter's name.
        param: &'static str,
        /// What is wrong with it.
        error: AmountError,
    },
    /// The name of a text in [`Metadata`](super::Metadata): empty, too long, or with square brackets.
    #[error("{name:?} is no name for metadata")]
    MetadataName {
        /// The name.
        name: String,
    },
    /// More texts than an object can carry.
    #[error("more than {limit} texts of metadata")]
    TooManyMetadata {
        /// The limit.
        limit: usize,
    },
    /// A session must end between 30 minutes and 24 hours after it is made.
    #[error("a session cannot end after {after_s} s")]
    ExpiresAt {
        /// Seconds from now to the end that was asked for.
        after_s: i64,
    },
}

impl RequestError {
    /// What a stand-in answers: status and body as Stripe gives them, except for the sentence.
    #[must_use]
    pub fn to_refusal(&self) -> Refusal {
        let (status, code, param) = match self {
            Self::Unauthorized => (401, None, None),
            Self::Route { .. } => (404, None, None),
            Self::Form(_) | Self::Version { .. } | Self::NoIdempotencyKey | Self::BadIdempotencyKey => {
                (400, None, None)
            }
            Self::Missing { param } => (400, Some("parameter_missing"), Some(param.as_str())),
            Self::UnknownParam { param } => (400, Some("parameter_unknown"), Some(param.as_str())),
            Self::Empty { param } => (400, Some("parameter_invalid_empty"), Some(param.as_str())),
            Self::Invalid { param } | Self::TooLong { param, .. } => (400, None, Some(param.as_str())),
            Self::Amount { param, error: AmountError::NotPositive { .. } } => {
                (400, Some("parameter_invalid_integer"), Some(*param))
            }
            Self::Amount { param, .. } => (400, None, Some(*param)),
            Self::MetadataName { .. } | Self::TooManyMetadata { .. } => (400, None, Some("metadata")),
            Self::ExpiresAt { .. } => (400, None, Some("expires_at")),
        };
        Refusal {
            status,
            error_type: ErrorType::InvalidRequest,
            code: code.map(str::to_owned),
            decline_code: None,
            param: param.map(str::to_owned),
            message: Some(self.to_string()),
            payment_intent: None,
        }
    }
}

/// A free text that Stripe takes.
fn check_text(param: &str, text: &str, limit_chars: usize) -> Result<(), RequestError> {
    let actual_chars = text.chars().count();
    if text.trim().is_empty() {
        Err(RequestError::Empty { param: param.to_owned() })
    } else if actual_chars > limit_chars {
        Err(RequestError::TooLong { param: param.to_owned(), limit_chars, actual_chars })
    } else {
        Ok(())
    }
}

/// An address that a browser can be sent to.
fn check_url(param: &str, url: &str) -> Result<(), RequestError> {
    check_text(param, url, TEXT_CHARS_MAX)?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && url.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(()),
        _ => Err(RequestError::Invalid { param: param.to_owned() }),
    }
}
