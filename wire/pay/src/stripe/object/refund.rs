//! The refund: money back to the card it came from.

use super::{Metadata, Object, fields::Fields, written};
use crate::{
    Error,
    stripe::{Amount, ChargeId, PaymentIntentId, RefundId, words::words},
};
use serde_json::{Value, json};

words! {
    /// Where a refund is.
    RefundStatus {
        /// Under way.
        Pending = "pending",
        /// It waits for the payer; not for cards.
        RequiresAction = "requires_action",
        /// Sent to the card. It can still fail later, when the bank sends it back.
        Succeeded = "succeeded",
        /// It came back; the money is the merchant's again.
        Failed = "failed",
        /// Given up before it was sent.
        Canceled = "canceled",
    }
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Where it is. Stripe leaves it out for refunds whose end it cannot know.
    pub status: Option<RefundStatus>,
    /// What goes back.
    pub amount: Amount,
    /// The charge it belongs to.
    pub charge: Option<ChargeId>,
    /// The payment it belongs to.
    pub payment_intent: Option<PaymentIntentId>,
    /// Why it failed, such as `lost_or_stolen_card`.
    pub failure_reason: Option<String>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl Object for Refund {
    type Id = RefundId;
    const NAME: &'static str = "refund";

    fn id(&self) -> &RefundId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<RefundId, Error> {
        RefundId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", RefundId::parse)?,
            status: fields.optional_text("status")?.map(RefundStatus::parse),
            amount: fields.amount("amount")?,
            charge: fields.optional_id("charge", ChargeId::parse)?,
            payment_intent: fields.optional_id("payment_intent", PaymentIntentId::parse)?,
            failure_reason: fields.optional_string("failure_reason")?,
            created_unix_s: fields.integer("created")?,
            metadata: fields.metadata()?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "status": self.status.as_ref().map(RefundStatus::as_str),
                "amount": self.amount.minor(),
                "currency": self.amount.currency().as_str(),
                "charge": self.charge.as_ref().map(ChargeId::as_str),
                "payment_intent": self.payment_intent.as_ref().map(PaymentIntentId::as_str),
                "failure_reason": self.failure_reason,
                "created": self.created_unix_s,
                "metadata": self.metadata.to_json(),
            }),
        )
    }
}
