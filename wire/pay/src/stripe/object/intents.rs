//! Intents: to take money (PaymentIntent) and to save a card (SetupIntent).

use super::{Charge, Expandable, Metadata, Object, fields::Fields, written};
use crate::{
    Error,
    stripe::{Amount, ChargeId, CustomerId, PaymentIntentId, PaymentMethodId, SetupIntentId, words::words},
};
use serde_json::{Value, json};

words! {
    /// Where a payment is.
    PaymentIntentStatus {
        /// It waits for a card; after a decline it does so again.
        RequiresPaymentMethod = "requires_payment_method",
        /// It waits to be confirmed.
        RequiresConfirmation = "requires_confirmation",
        /// It waits for the payer, such as for 3-D Secure.
        RequiresAction = "requires_action",
        /// Stripe works on it.
        Processing = "processing",
        /// Reserved on the card, not taken.
        RequiresCapture = "requires_capture",
        /// Taken.
        Succeeded = "succeeded",
        /// Given up; nothing more can come of it.
        Canceled = "canceled",
    }
}

words! {
    /// Where the saving of a card is.
    SetupIntentStatus {
        /// It waits for a card.
        RequiresPaymentMethod = "requires_payment_method",
        /// It waits to be confirmed.
        RequiresConfirmation = "requires_confirmation",
        /// It waits for the payer.
        RequiresAction = "requires_action",
        /// Stripe works on it.
        Processing = "processing",
        /// Saved.
        Succeeded = "succeeded",
        /// Given up.
        Canceled = "canceled",
    }
}

/// Why the last try of an intent failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentError {
    /// `code`, such as `card_declined`.
    pub code: Option<String>,
    /// `decline_code`, the issuer's reason, such as `insufficient_funds`.
    pub decline_code: Option<String>,
}

impl PaymentError {
    fn read(fields: &Fields<'_>, name: &'static str) -> Result<Option<Self>, Error> {
        let Some(inner) = fields.inner(name)? else { return Ok(None) };
        Ok(Some(Self { code: inner.optional_string("code")?, decline_code: inner.optional_string("decline_code")? }))
    }

    fn to_json(&self) -> Value {
        json!({ "type": "card_error", "code": self.code, "decline_code": self.decline_code })
    }
}

/// Where the payer must go for a bank's question, if that is what an intent waits for.
fn redirect_url(fields: &Fields<'_>) -> Result<Option<String>, Error> {
    let Some(action) = fields.inner("next_action")? else { return Ok(None) };
    match action.inner("redirect_to_url")? {
        None => Ok(None),
        Some(redirect) => redirect.optional_string("url"),
    }
}

fn next_action(redirect_url: Option<&str>) -> Value {
    redirect_url.map_or(Value::Null, |url| json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url } }))
}

/// A payment: the whole of it, through all its tries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentIntent {
    /// Its id.
    pub id: PaymentIntentId,
    /// Where it is.
    pub status: PaymentIntentStatus,
    /// What is asked.
    pub amount: Amount,
    /// What was taken, refunds not deducted.
    pub amount_received: Amount,
    /// The last try.
    pub latest_charge: Option<Expandable<Charge>>,
    /// The card of the last try; `None` after a decline.
    pub payment_method: Option<PaymentMethodId>,
    /// The customer it belongs to.
    pub customer: Option<CustomerId>,
    /// Why the last try failed.
    pub last_payment_error: Option<PaymentError>,
    /// Where to send the payer's browser for a bank's question (`next_action.redirect_to_url.url`).
    pub redirect_url: Option<String>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl PaymentIntent {
    /// Whether this proves that the payer's money was taken.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.status == PaymentIntentStatus::Succeeded
    }
}

impl Object for PaymentIntent {
    type Id = PaymentIntentId;
    const NAME: &'static str = "payment_intent";

    fn id(&self) -> &PaymentIntentId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<PaymentIntentId, Error> {
        PaymentIntentId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", PaymentIntentId::parse)?,
            status: PaymentIntentStatus::parse(fields.text("status")?),
            amount: fields.amount("amount")?,
            amount_received: fields.amount("amount_received")?,
            latest_charge: fields.expandable("latest_charge")?,
            payment_method: fields.optional_id("payment_method", PaymentMethodId::parse)?,
            customer: fields.optional_id("customer", CustomerId::parse)?,
            last_payment_error: PaymentError::read(&fields, "last_payment_error")?,
            redirect_url: redirect_url(&fields)?,
            created_unix_s: fields.integer("created")?,
            metadata: fields.metadata()?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "status": self.status.as_str(),
                "amount": self.amount.minor(),
                "amount_received": self.amount_received.minor(),
                "currency": self.amount.currency().as_str(),
                "latest_charge": self.latest_charge.as_ref().map(|charge| charge.to_json(ChargeId::as_str)),
                "payment_method": self.payment_method.as_ref().map(PaymentMethodId::as_str),
                "customer": self.customer.as_ref().map(CustomerId::as_str),
                "last_payment_error": self.last_payment_error.as_ref().map(PaymentError::to_json),
                "next_action": next_action(self.redirect_url.as_deref()),
                "created": self.created_unix_s,
                "metadata": self.metadata.to_json(),
            }),
        )
    }
}

/// The saving of a card without a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupIntent {
    /// Its id.
    pub id: SetupIntentId,
    /// Where it is.
    pub status: SetupIntentStatus,
    /// The card.
    pub payment_method: Option<PaymentMethodId>,
    /// Whose card it becomes.
    pub customer: Option<CustomerId>,
    /// Why the last try failed.
    pub last_setup_error: Option<PaymentError>,
    /// Where to send the payer's browser for a bank's question.
    pub redirect_url: Option<String>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl Object for SetupIntent {
    type Id = SetupIntentId;
    const NAME: &'static str = "setup_intent";

    fn id(&self) -> &SetupIntentId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<SetupIntentId, Error> {
        SetupIntentId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", SetupIntentId::parse)?,
            status: SetupIntentStatus::parse(fields.text("status")?),
            payment_method: fields.optional_id("payment_method", PaymentMethodId::parse)?,
            customer: fields.optional_id("customer", CustomerId::parse)?,
            last_setup_error: PaymentError::read(&fields, "last_setup_error")?,
            redirect_url: redirect_url(&fields)?,
            created_unix_s: fields.integer("created")?,
            metadata: fields.metadata()?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "status": self.status.as_str(),
                "usage": "off_session",
                "payment_method": self.payment_method.as_ref().map(PaymentMethodId::as_str),
                "customer": self.customer.as_ref().map(CustomerId::as_str),
                "last_setup_error": self.last_setup_error.as_ref().map(PaymentError::to_json),
                "next_action": next_action(self.redirect_url.as_deref()),
                "created": self.created_unix_s,
                "metadata": self.metadata.to_json(),
            }),
        )
    }
}
