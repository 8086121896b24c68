//! The dispute: a payer asks the bank for the money back.

use super::{Metadata, Object, fields::Fields, written};
use crate::{
    Error,
    stripe::{Amount, ChargeId, DisputeId, PaymentIntentId, words::words},
};
use serde_json::{Value, json};

words! {
    /// Where a dispute is.
    DisputeStatus {
        /// An inquiry without withdrawal; evidence can be given.
        WarningNeedsResponse = "warning_needs_response",
        /// An inquiry; the bank reads the evidence.
        WarningUnderReview = "warning_under_review",
        /// An inquiry that became no dispute.
        WarningClosed = "warning_closed",
        /// The money is withdrawn; evidence can be given.
        NeedsResponse = "needs_response",
        /// The bank reads the evidence.
        UnderReview = "under_review",
        /// Lost once; an appeal can be made.
        AppealNeedsResponse = "appeal_needs_response",
        /// The bank reads the appeal.
        AppealUnderReview = "appeal_under_review",
        /// The money came back.
        Won = "won",
        /// The money is gone.
        Lost = "lost",
        /// Settled before it became one.
        Prevented = "prevented",
    }
}

/// A dispute. Its fee is told by the balance transactions that name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: DisputeId,
    /// Where it is.
    pub status: DisputeStatus,
    /// The payer's reason as the bank gave it, such as `fraudulent`.
    pub reason: String,
    /// What is disputed; may differ from what was paid.
    pub amount: Amount,
    /// The charge it is about.
    pub charge: ChargeId,
    /// The payment it is about.
    pub payment_intent: Option<PaymentIntentId>,
    /// Until when evidence can be given, unix seconds; `None` if the bank takes none.
    pub evidence_due_by_unix_s: Option<i64>,
    /// Whether evidence lies ready.
    pub has_evidence: bool,
    /// How often evidence was given; usually it can be given once.
    pub submission_count: u32,
    /// Whether a refund can still end it.
    pub is_charge_refundable: bool,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl Object for Dispute {
    type Id = DisputeId;
    const NAME: &'static str = "dispute";

    fn id(&self) -> &DisputeId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<DisputeId, Error> {
        DisputeId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        let details = fields.inner("evidence_details")?.ok_or(Error::MissingField { name: "evidence_details" })?;
        let submission_count = u32::try_from(details.integer("submission_count")?);
        Ok(Self {
            id: fields.id("id", DisputeId::parse)?,
            status: DisputeStatus::parse(fields.text("status")?),
            reason: fields.text("reason")?.to_owned(),
            amount: fields.amount("amount")?,
            charge: fields.id("charge", ChargeId::parse)?,
            payment_intent: fields.optional_id("payment_intent", PaymentIntentId::parse)?,
            // Zero and null both say that the bank takes no evidence.
            evidence_due_by_unix_s: details.optional_integer("due_by")?.filter(|due_by| *due_by != 0),
            has_evidence: details.flag("has_evidence")?,
            submission_count: submission_count.map_err(|_| Error::BadField { name: "submission_count" })?,
            is_charge_refundable: fields.flag("is_charge_refundable")?,
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
                "reason": self.reason,
                "amount": self.amount.minor(),
                "currency": self.amount.currency().as_str(),
                "charge": self.charge.as_str(),
                "payment_intent": self.payment_intent.as_ref().map(PaymentIntentId::as_str),
                "evidence_details": {
                    "due_by": self.evidence_due_by_unix_s,
                    "has_evidence": self.has_evidence,
                    "past_due": false,
                    "submission_count": self.submission_count,
                },
                "is_charge_refundable": self.is_charge_refundable,
                "created": self.created_unix_s,
                "metadata": self.metadata.to_json(),
            }),
        )
    }
}
