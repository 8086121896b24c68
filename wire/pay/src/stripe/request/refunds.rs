//! Giving money back.

use super::{
    RequestError,
    params::{Reader, Writer, whole_number},
};
use crate::stripe::{Amount, AmountError, Metadata, PaymentIntentId, words::closed_words};

closed_words! {
    /// Why money goes back. What is neither has no reason.
    RefundReason {
        /// Paid twice.
        Duplicate = "duplicate",
        /// Not paid by the card's owner. Stripe then refuses that card and that address in future.
        Fraudulent = "fraudulent",
        /// The payer asked for it.
        RequestedByCustomer = "requested_by_customer",
    }
}

/// Gives back all or part of a payment. Every request with an idempotency key of its own is a refund of its own, up to
/// what was paid; the key is what makes a repetition one refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRefund {
    /// The payment.
    pub payment_intent: PaymentIntentId,
    /// How much, in minor units of the payment's currency: more than nothing.
    pub amount_minor: i64,
    /// Why.
    pub reason: Option<RefundReason>,
    /// The merchant's texts, such as its number of the refund, by which it is found among the payment's refunds.
    pub metadata: Metadata,
}

impl CreateRefund {
    fn check(&self) -> Result<(), RequestError> {
        let minor = self.amount_minor;
        let error = match minor {
            ..=0 => AmountError::NotPositive { minor },
            1..=Amount::MINOR_MAX => return Ok(()),
            _ => AmountError::OutOfRange,
        };
        Err(RequestError::Amount { param: "amount", error })
    }

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        self.check()?;
        params.set("payment_intent", &self.payment_intent);
        params.set("amount", &self.amount_minor);
        params.set_optional("reason", self.reason.map(RefundReason::as_str));
        params.set_metadata("metadata", &self.metadata);
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        let read = Self {
            payment_intent: params.parsed("payment_intent", |text| PaymentIntentId::parse(text).ok())?,
            amount_minor: params.parsed("amount", whole_number)?,
            reason: params.optional_parsed("reason", RefundReason::parse)?,
            metadata: params.metadata("metadata")?,
        };
        read.check()?;
        Ok(read)
    }
}
