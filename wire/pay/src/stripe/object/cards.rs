//! Cards as the merchant may see them, charges on them, and the customers they are saved for.

use super::{Metadata, Object, fields::Fields, written};
use crate::{
    Error,
    stripe::{Amount, ChargeId, CustomerId, PaymentIntentId, PaymentMethodId, words::words},
};
use serde_json::{Value, json};

/// What a merchant may know of a card. The number is not part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The brand, such as `visa`.
    pub brand: String,
    /// The last four digits.
    pub last4: String,
    /// The month it ends with, 1 to 12.
    pub exp_month: u8,
    /// The year it ends with, four digits.
    pub exp_year: u16,
    /// The same for the same number, whoever uses it; may be missing for wallets.
    pub fingerprint: Option<String>,
}

impl Card {
    fn read(fields: &Fields<'_>) -> Result<Self, Error> {
        let last4 = fields.text("last4")?;
        // Anything longer could be a number, and a number never gets further than this.
        if last4.len() != 4 || !last4.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::BadField { name: "last4" });
        }
        let exp_month = u8::try_from(fields.integer("exp_month")?).ok().filter(|month| (1..=12).contains(month));
        let exp_year = u16::try_from(fields.integer("exp_year")?).ok().filter(|year| (1970..=9999).contains(year));
        Ok(Self {
            brand: fields.text("brand")?.to_owned(),
            last4: last4.to_owned(),
            exp_month: exp_month.ok_or(Error::BadField { name: "exp_month" })?,
            exp_year: exp_year.ok_or(Error::BadField { name: "exp_year" })?,
            fingerprint: fields.optional_string("fingerprint")?,
        })
    }

    fn to_json(&self) -> Value {
        json!({
            "brand": self.brand,
            "last4": self.last4,
            "exp_month": self.exp_month,
            "exp_year": self.exp_year,
            "fingerprint": self.fingerprint,
        })
    }
}

/// A saved means of payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    /// Its id.
    pub id: PaymentMethodId,
    /// Its kind; this crate reads the details of `card` alone.
    pub kind: String,
    /// The card, if it is one.
    pub card: Option<Card>,
    /// Whose it is; `None` if it was taken back or never saved, and then it cannot be charged any more.
    pub customer: Option<CustomerId>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
}

impl Object for PaymentMethod {
    type Id = PaymentMethodId;
    const NAME: &'static str = "payment_method";

    fn id(&self) -> &PaymentMethodId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<PaymentMethodId, Error> {
        PaymentMethodId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", PaymentMethodId::parse)?,
            kind: fields.text("type")?.to_owned(),
            card: fields.inner("card")?.map(|card| Card::read(&card)).transpose()?,
            customer: fields.optional_id("customer", CustomerId::parse)?,
            created_unix_s: fields.integer("created")?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "type": self.kind,
                "card": self.card.as_ref().map(Card::to_json),
                "customer": self.customer.as_ref().map(CustomerId::as_str),
                "created": self.created_unix_s,
            }),
        )
    }
}

words! {
    /// Where a charge is.
    ChargeStatus {
        /// Taken (or, without `captured`, reserved).
        Succeeded = "succeeded",
        /// Under way.
        Pending = "pending",
        /// Declined.
        Failed = "failed",
    }
}

/// One try to take money from one card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Its id.
    pub id: ChargeId,
    /// Where it is.
    pub status: ChargeStatus,
    /// What was asked.
    pub amount: Amount,
    /// What was given back, all refunds together.
    pub amount_refunded: Amount,
    /// Whether the money was taken and not only reserved.
    pub captured: bool,
    /// Whether all of it was given back.
    pub refunded: bool,
    /// Whether its payer disputes it.
    pub disputed: bool,
    /// The payment it is a try of.
    pub payment_intent: Option<PaymentIntentId>,
    /// The card's fingerprint, the same for the same number.
    pub card_fingerprint: Option<String>,
    /// Why it failed, such as `card_declined`.
    pub failure_code: Option<String>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// The merchant's texts: those of the payment when the charge was made.
    pub metadata: Metadata,
}

impl Object for Charge {
    type Id = ChargeId;
    const NAME: &'static str = "charge";

    fn id(&self) -> &ChargeId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<ChargeId, Error> {
        ChargeId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        let details = fields.inner("payment_method_details")?;
        let card = details.map(|details| details.inner("card")).transpose()?.flatten();
        Ok(Self {
            id: fields.id("id", ChargeId::parse)?,
            status: ChargeStatus::parse(fields.text("status")?),
            amount: fields.amount("amount")?,
            amount_refunded: fields.amount("amount_refunded")?,
            captured: fields.flag("captured")?,
            refunded: fields.flag("refunded")?,
            disputed: fields.flag("disputed")?,
            payment_intent: fields.optional_id("payment_intent", PaymentIntentId::parse)?,
            card_fingerprint: card.map(|card| card.optional_string("fingerprint")).transpose()?.flatten(),
            failure_code: fields.optional_string("failure_code")?,
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
                "amount_refunded": self.amount_refunded.minor(),
                "currency": self.amount.currency().as_str(),
                "captured": self.captured,
                "refunded": self.refunded,
                "disputed": self.disputed,
                "payment_intent": self.payment_intent.as_ref().map(PaymentIntentId::as_str),
                "payment_method_details": { "type": "card", "card": { "fingerprint": self.card_fingerprint } },
                "failure_code": self.failure_code,
                "created": self.created_unix_s,
                "metadata": self.metadata.to_json(),
            }),
        )
    }
}

/// Who cards are saved for. This crate reads of a customer only what it needs to name one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl Object for Customer {
    type Id = CustomerId;
    const NAME: &'static str = "customer";

    fn id(&self) -> &CustomerId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<CustomerId, Error> {
        CustomerId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", CustomerId::parse)?,
            created_unix_s: fields.integer("created")?,
            metadata: fields.metadata()?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({ "id": self.id.as_str(), "created": self.created_unix_s, "metadata": self.metadata.to_json() }),
        )
    }
}
