//! The Checkout Session: one visit of a payer to the page that Stripe hosts.

use super::{Expandable, Metadata, Object, PaymentIntent, SetupIntent, fields::Fields, written};
use crate::{
    Error,
    stripe::{Amount, CheckoutSessionId, CustomerId, PaymentIntentId, SetupIntentId, words::words},
};
use serde_json::{Value, json};

words! {
    /// What a session is for.
    SessionMode {
        /// To pay once.
        Payment = "payment",
        /// To save a card.
        Setup = "setup",
    }
}

words! {
    /// Where a session is.
    SessionStatus {
        /// The page can be used.
        Open = "open",
        /// The payer went through it. Whether money was taken is told by [`SessionPaymentStatus`].
        Complete = "complete",
        /// It ended by time or by the merchant's word; nothing more can come of it.
        Expired = "expired",
    }
}

words! {
    /// Whether a session's money was taken.
    SessionPaymentStatus {
        /// It was.
        Paid = "paid",
        /// It was not, or not yet.
        Unpaid = "unpaid",
        /// There is none to take, as in setup mode.
        NoPaymentRequired = "no_payment_required",
    }
}

/// A Checkout Session. In one session a payer pays at most once, however often the card is declined before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutSession {
    /// Its id.
    pub id: CheckoutSessionId,
    /// What it is for.
    pub mode: SessionMode,
    /// Where it is.
    pub status: SessionStatus,
    /// Whether its money was taken.
    pub payment_status: SessionPaymentStatus,
    /// What is asked in all; `None` in setup mode.
    pub amount_total: Option<Amount>,
    /// The merchant's number.
    pub client_reference_id: Option<String>,
    /// The customer it is for.
    pub customer: Option<CustomerId>,
    /// Its payment; `None` until the payer sends the first card.
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    /// Its card to be saved, in setup mode.
    pub setup_intent: Option<Expandable<SetupIntent>>,
    /// Where to send the payer's browser; `None` once the session is no longer open.
    pub url: Option<String>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// When it ends, unix seconds.
    pub expires_at_unix_s: i64,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl CheckoutSession {
    /// Whether this proves that the payer's money was taken.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.mode == SessionMode::Payment && self.payment_status == SessionPaymentStatus::Paid
    }
}

impl Object for CheckoutSession {
    type Id = CheckoutSessionId;
    const NAME: &'static str = "checkout.session";

    fn id(&self) -> &CheckoutSessionId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<CheckoutSessionId, Error> {
        CheckoutSessionId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", CheckoutSessionId::parse)?,
            mode: SessionMode::parse(fields.text("mode")?),
            status: SessionStatus::parse(fields.text("status")?),
            payment_status: SessionPaymentStatus::parse(fields.text("payment_status")?),
            amount_total: fields.optional_amount("amount_total")?,
            client_reference_id: fields.optional_string("client_reference_id")?,
            customer: fields.optional_id("customer", CustomerId::parse)?,
            payment_intent: fields.expandable("payment_intent")?,
            setup_intent: fields.expandable("setup_intent")?,
            url: fields.optional_string("url")?,
            created_unix_s: fields.integer("created")?,
            expires_at_unix_s: fields.integer("expires_at")?,
            metadata: fields.metadata()?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "mode": self.mode.as_str(),
                "status": self.status.as_str(),
                "payment_status": self.payment_status.as_str(),
                "amount_total": self.amount_total.map(Amount::minor),
                "currency": self.amount_total.map(|amount| amount.currency().to_string()),
                "client_reference_id": self.client_reference_id,
                "customer": self.customer.as_ref().map(CustomerId::as_str),
                "payment_intent": self.payment_intent.as_ref().map(|intent| intent.to_json(PaymentIntentId::as_str)),
                "setup_intent": self.setup_intent.as_ref().map(|intent| intent.to_json(SetupIntentId::as_str)),
                "url": self.url,
                "created": self.created_unix_s,
                "expires_at": self.expires_at_unix_s,
                "metadata": self.metadata.to_json(),
            }),
        )
    }
}
