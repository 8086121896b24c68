//! Answering a dispute.

use super::{
    RequestError,
    params::{Reader, Writer},
};
use crate::stripe::{DisputeId, words::closed_words};
use std::collections::BTreeMap;

closed_words! {
    /// The fields of evidence that hold text. Files are not sent by this crate.
    EvidenceField {
        /// Records of the payer's use, with addresses and times.
        AccessActivityLog = "access_activity_log",
        /// The payer's billing address.
        BillingAddress = "billing_address",
        /// How the payer was shown the terms of cancellation.
        CancellationPolicyDisclosure = "cancellation_policy_disclosure",
        /// Why it was not canceled.
        CancellationRebuttal = "cancellation_rebuttal",
        /// The payer's mail address.
        CustomerEmailAddress = "customer_email_address",
        /// The payer's name.
        CustomerName = "customer_name",
        /// The address the payer ordered from.
        CustomerPurchaseIp = "customer_purchase_ip",
        /// Why another charge is no duplicate.
        DuplicateChargeExplanation = "duplicate_charge_explanation",
        /// That other charge.
        DuplicateChargeId = "duplicate_charge_id",
        /// What was sold.
        ProductDescription = "product_description",
        /// How the payer was shown the terms of refunds.
        RefundPolicyDisclosure = "refund_policy_disclosure",
        /// Why no refund is due.
        RefundRefusalExplanation = "refund_refusal_explanation",
        /// From when the payer had the service, as people write dates.
        ServiceDate = "service_date",
        /// Where goods were sent.
        ShippingAddress = "shipping_address",
        /// Who carried them.
        ShippingCarrier = "shipping_carrier",
        /// When they left.
        ShippingDate = "shipping_date",
        /// The carrier's number.
        ShippingTrackingNumber = "shipping_tracking_number",
        /// Anything else.
        UncategorizedText = "uncategorized_text",
    }
}

/// Puts evidence on a dispute. The bank usually reads it once: put everything together first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitDisputeEvidence {
    /// The dispute.
    pub dispute: DisputeId,
    /// The evidence.
    pub evidence: BTreeMap<EvidenceField, String>,
    /// Whether it goes to the bank now; otherwise it lies ready at Stripe.
    pub submit: bool,
}

impl SubmitDisputeEvidence {
    /// Most characters of all evidence of a dispute together.
    pub const EVIDENCE_CHARS_MAX: usize = 150_000;

    fn check(&self) -> Result<(), RequestError> {
        if self.evidence.is_empty() {
            return Err(RequestError::Missing { param: "evidence".to_owned() });
        }
        if let Some((field, _)) = self.evidence.iter().find(|(_, text)| text.is_empty()) {
            return Err(RequestError::Empty { param: param(*field) });
        }
        let actual_chars = self.evidence.values().map(|text| text.chars().count()).sum();
        if actual_chars > Self::EVIDENCE_CHARS_MAX {
            let limit_chars = Self::EVIDENCE_CHARS_MAX;
            return Err(RequestError::TooLong { param: "evidence".to_owned(), limit_chars, actual_chars });
        }
        Ok(())
    }

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        self.check()?;
        for (field, text) in &self.evidence {
            params.set(&param(*field), text);
        }
        params.set("submit", &self.submit);
        Ok(())
    }

    pub(super) fn read(dispute: DisputeId, params: &mut Reader) -> Result<Self, RequestError> {
        let mut evidence = BTreeMap::new();
        for field in EvidenceField::ALL {
            if let Some(text) = params.optional(&param(*field))? {
                evidence.insert(*field, text);
            }
        }
        let submit = params.parsed("submit", |text| text.parse().ok())?;
        let read = Self { dispute, evidence, submit };
        read.check()?;
        Ok(read)
    }
}

fn param(field: EvidenceField) -> String {
    format!("evidence[{}]", field.as_str())
}
