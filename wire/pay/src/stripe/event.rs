//! Events: Stripe's word that something happened, as webhooks carry it.

use super::{
    API_VERSION, Charge, CheckoutSession, Dispute, EventId, Object as _, PaymentIntent, Payout, Refund, object::parse,
    words::words,
};
use crate::Error;
use serde_json::{Value, json};

words! {
    /// What happened. Those that the merchant of prepaid lines acts on have names here.
    EventType {
        /// The payer went through the page; for a payment, [`CheckoutSession::is_paid`] tells whether it is paid.
        CheckoutSessionCompleted = "checkout.session.completed",
        /// A session ended without payment.
        CheckoutSessionExpired = "checkout.session.expired",
        /// A payment that takes days arrived; not for cards.
        CheckoutSessionAsyncPaymentSucceeded = "checkout.session.async_payment_succeeded",
        /// A payment that takes days did not arrive; not for cards.
        CheckoutSessionAsyncPaymentFailed = "checkout.session.async_payment_failed",
        /// Money was taken.
        PaymentIntentSucceeded = "payment_intent.succeeded",
        /// A try failed; another may follow.
        PaymentIntentPaymentFailed = "payment_intent.payment_failed",
        /// A payment was given up.
        PaymentIntentCanceled = "payment_intent.canceled",
        /// Stripe works on a payment.
        PaymentIntentProcessing = "payment_intent.processing",
        /// A card was used and money taken.
        ChargeSucceeded = "charge.succeeded",
        /// A card was used and its bank declined.
        ChargeFailed = "charge.failed",
        /// Some or all of a charge went back.
        ChargeRefunded = "charge.refunded",
        /// A refund changed.
        RefundUpdated = "refund.updated",
        /// A refund came back.
        RefundFailed = "refund.failed",
        /// A payer disputes a charge.
        DisputeCreated = "charge.dispute.created",
        /// A dispute changed.
        DisputeUpdated = "charge.dispute.updated",
        /// A dispute ended.
        DisputeClosed = "charge.dispute.closed",
        /// A dispute took the money.
        DisputeFundsWithdrawn = "charge.dispute.funds_withdrawn",
        /// A dispute brought the money back.
        DisputeFundsReinstated = "charge.dispute.funds_reinstated",
        /// A payout arrived.
        PayoutPaid = "payout.paid",
    }
}

/// What an event is about, as it was when the event was made; by now it may be further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventObject {
    /// A session.
    CheckoutSession(Box<CheckoutSession>),
    /// A payment.
    PaymentIntent(Box<PaymentIntent>),
    /// A charge.
    Charge(Box<Charge>),
    /// A refund.
    Refund(Box<Refund>),
    /// A dispute.
    Dispute(Box<Dispute>),
    /// A payout.
    Payout(Box<Payout>),
    /// The object of an event that this crate does not know, as it came.
    Other(Value),
}

/// An event. That its signature is good does not mean that it is about something of ours: compare numbers and amounts
/// with what is known. The same event comes again, with the same id, until it is answered with success, and events come
/// in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same in every delivery.
    pub id: EventId,
    /// What happened.
    pub kind: EventType,
    /// When, unix seconds.
    pub created_unix_s: i64,
    /// Whether it is about real money. An event of the other mode is not for this installation.
    pub livemode: bool,
    /// The version of the API its object is written in: that of the endpoint, which is to be made with
    /// [`API_VERSION`].
    pub api_version: Option<String>,
    /// What it is about.
    pub object: EventObject,
}

/// Why the body of an event cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?}: {error}")]
pub struct EventError {
    /// What happened, if that much could be read.
    pub kind: Option<String>,
    /// What is wrong.
    pub error: Error,
}

impl Event {
    /// Reads the body of an event whose signature was checked.
    pub(super) fn read(body: &[u8]) -> Result<Self, EventError> {
        let value = parse(body).map_err(|error| EventError { kind: None, error })?;
        let kind = value.get("type").and_then(Value::as_str).map(str::to_owned);
        Self::from_json(&value).map_err(|error| EventError { kind, error })
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let text = |name: &'static str| match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(Error::BadField { name }),
        };
        let required = |name: &'static str| text(name)?.ok_or(Error::MissingField { name });
        if required("object")? != "event" {
            return Err(Error::BadField { name: "object" });
        }
        let created = value.get("created").ok_or(Error::MissingField { name: "created" })?;
        let livemode = value.get("livemode").ok_or(Error::MissingField { name: "livemode" })?;
        let object = value.get("data").and_then(|data| data.get("object"));
        let kind = EventType::parse(required("type")?);
        Ok(Self {
            id: EventId::parse(required("id")?)?,
            object: EventObject::read(&kind, object.ok_or(Error::MissingField { name: "data.object" })?)?,
            kind,
            created_unix_s: created.as_i64().ok_or(Error::BadField { name: "created" })?,
            livemode: livemode.as_bool().ok_or(Error::BadField { name: "livemode" })?,
            api_version: text("api_version")?.map(str::to_owned),
        })
    }

    /// The body of the webhook, for stand-ins: sign these bytes and send them.
    #[must_use]
    pub fn to_body(&self) -> String {
        json!({
            "id": self.id.as_str(),
            "object": "event",
            "api_version": self.api_version.as_deref().unwrap_or(API_VERSION),
            "created": self.created_unix_s,
            "data": { "object": self.object.to_json() },
            "livemode": self.livemode,
            "pending_webhooks": 1,
            "request": { "id": null, "idempotency_key": null },
            "type": self.kind.as_str(),
        })
        .to_string()
    }
}

impl EventObject {
    fn read(kind: &EventType, value: &Value) -> Result<Self, Error> {
        Ok(match kind {
            EventType::CheckoutSessionCompleted
            | EventType::CheckoutSessionExpired
            | EventType::CheckoutSessionAsyncPaymentSucceeded
            | EventType::CheckoutSessionAsyncPaymentFailed => {
                Self::CheckoutSession(Box::new(CheckoutSession::from_json(value)?))
            }
            EventType::PaymentIntentSucceeded
            | EventType::PaymentIntentPaymentFailed
            | EventType::PaymentIntentCanceled
            | EventType::PaymentIntentProcessing => Self::PaymentIntent(Box::new(PaymentIntent::from_json(value)?)),
            EventType::ChargeSucceeded | EventType::ChargeFailed | EventType::ChargeRefunded => {
                Self::Charge(Box::new(Charge::from_json(value)?))
            }
            EventType::RefundUpdated | EventType::RefundFailed => Self::Refund(Box::new(Refund::from_json(value)?)),
            EventType::DisputeCreated
            | EventType::DisputeUpdated
            | EventType::DisputeClosed
            | EventType::DisputeFundsWithdrawn
            | EventType::DisputeFundsReinstated => Self::Dispute(Box::new(Dispute::from_json(value)?)),
            EventType::PayoutPaid => Self::Payout(Box::new(Payout::from_json(value)?)),
            EventType::Other(_) => Self::Other(value.clone()),
        })
    }

    fn to_json(&self) -> Value {
        match self {
            Self::CheckoutSession(session) => session.to_json(),
            Self::PaymentIntent(intent) => intent.to_json(),
            Self::Charge(charge) => charge.to_json(),
            Self::Refund(refund) => refund.to_json(),
            Self::Dispute(dispute) => dispute.to_json(),
            Self::Payout(payout) => payout.to_json(),
            Self::Other(value) => value.clone(),
        }
    }
}
