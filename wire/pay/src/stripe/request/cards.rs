//! Customers, and payments from cards that were saved for them.

use super::{
    RequestError, TEXT_CHARS_MAX, check_text, check_url,
    params::{Reader, Writer, whole_number},
};
use crate::stripe::{Amount, Currency, CustomerId, Metadata, PaymentIntentId, PaymentMethodId, words::closed_words};

/// Someone whom cards can be saved for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateCustomer {
    /// Where Stripe may write to; asked on the page if `None`.
    pub email: Option<String>,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl CreateCustomer {
    /// Longest address, in characters.
    pub const EMAIL_CHARS_MAX: usize = 512;

    fn check(&self) -> Result<(), RequestError> {
        let Some(email) = &self.email else { return Ok(()) };
        check_text("email", email, Self::EMAIL_CHARS_MAX)?;
        let plain = email.chars().all(|c| !c.is_whitespace() && !c.is_control());
        match email.split_once('@') {
            Some((name, host)) if plain && !name.is_empty() && !host.is_empty() => Ok(()),
            _ => Err(RequestError::Invalid { param: "email".to_owned() }),
        }
    }

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        self.check()?;
        params.set_optional("email", self.email.as_ref());
        params.set_metadata("metadata", &self.metadata);
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        let read = Self { email: params.optional("email")?, metadata: params.metadata("metadata")? };
        read.check()?;
        Ok(read)
    }
}

/// Takes money from a saved card while its owner is away: made and confirmed in one request (`confirm`, `off_session`).
///
/// The answer is a payment that succeeded or is under way, or a refusal; when the bank wants to ask the payer, the refusal
/// says so, and the payer must come back, to a Checkout Session. After a refusal a payment remains that waits for another
/// card; the refusal names it: cancel it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatePaymentIntent {
    /// How much.
    pub amount: Amount,
    /// Whose card.
    pub customer: CustomerId,
    /// The card.
    pub payment_method: PaymentMethodId,
    /// What it is for, for people who look at it at Stripe.
    pub description: Option<String>,
    /// Where the payer would go after a bank's question. Stripe may want one with every confirmation; away from the
    /// page it is never used.
    pub return_url: String,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl CreatePaymentIntent {
    fn check(&self) -> Result<(), RequestError> {
        self.amount.check_chargeable().map_err(|error| RequestError::Amount { param: "amount", error })?;
        if let Some(description) = &self.description {
            check_text("description", description, TEXT_CHARS_MAX)?;
        }
        check_url("return_url", &self.return_url)
    }

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        self.check()?;
        params.set("amount", &self.amount.minor());
        params.set("currency", &self.amount.currency());
        params.set("customer", &self.customer);
        params.set("payment_method", &self.payment_method);
        params.set("allowed_payment_method_types[0]", "card");
        params.set("off_session", &true);
        params.set("confirm", &true);
        params.set_optional("description", self.description.as_ref());
        params.set("return_url", &self.return_url);
        params.set_metadata("metadata", &self.metadata);
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        params.fixed("allowed_payment_method_types[0]", "card")?;
        params.fixed("off_session", "true")?;
        params.fixed("confirm", "true")?;
        let currency = params.parsed("currency", |text| Currency::parse(text).ok())?;
        let amount = Amount::new(params.parsed("amount", whole_number)?, currency);
        let read = Self {
            amount: amount.map_err(|error| RequestError::Amount { param: "amount", error })?,
            customer: params.parsed("customer", |text| CustomerId::parse(text).ok())?,
            payment_method: params.parsed("payment_method", |text| PaymentMethodId::parse(text).ok())?,
            description: params.optional("description")?,
            return_url: params.required("return_url")?,
            metadata: params.metadata("metadata")?,
        };
        read.check()?;
        Ok(read)
    }
}

closed_words! {
    /// Why a payment is given up.
    CancellationReason {
        /// The payer did not come back.
        Abandoned = "abandoned",
        /// Paid otherwise.
        Duplicate = "duplicate",
        /// Not from the card's owner.
        Fraudulent = "fraudulent",
        /// The payer asked for it.
        RequestedByCustomer = "requested_by_customer",
    }
}

/// Gives up a payment that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelPaymentIntent {
    /// The payment. One that belongs to a Checkout Session cannot be canceled: expire the session.
    pub payment_intent: PaymentIntentId,
    /// Why.
    pub reason: CancellationReason,
}

impl CancelPaymentIntent {
    pub(super) fn write(&self, params: &mut Writer) {
        params.set("cancellation_reason", self.reason.as_str());
    }

    pub(super) fn read(payment_intent: PaymentIntentId, params: &mut Reader) -> Result<Self, RequestError> {
        let reason = params.parsed("cancellation_reason", CancellationReason::parse)?;
        Ok(Self { payment_intent, reason })
    }
}
