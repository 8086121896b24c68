//! Refusals: what Stripe says when it does not do what was asked, and what that means for the one who asked.

use super::{Object as _, PaymentIntent, PaymentIntentStatus, words::words};
use crate::Error;
use serde_json::{Map, Value};

words! {
    /// The kind of an error.
    ErrorType {
        /// Stripe's own trouble.
        Api = "api_error",
        /// The card could not be charged.
        Card = "card_error",
        /// The idempotency key was used for something else.
        Idempotency = "idempotency_error",
        /// The request is wrong, or wrong at this time.
        InvalidRequest = "invalid_request_error",
    }
}

/// An answer that is no success. All its texts are Stripe's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `type`.
    pub error_type: ErrorType,
    /// `code`, such as `card_declined`.
    pub code: Option<String>,
    /// `decline_code`, the issuer's reason, such as `insufficient_funds`.
    pub decline_code: Option<String>,
    /// The parameter it is about.
    pub param: Option<String>,
    /// A sentence in English. For developers; it may repeat what was sent.
    pub message: Option<String>,
    /// The payment as the refused request left it.
    pub payment_intent: Option<Box<PaymentIntent>>,
}

/// What a refusal means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The card was declined: surely nothing was taken.
    Declined,
    /// The bank wants to ask the payer: surely nothing was taken, and the payer must come back to pay.
    NeedsAuthentication,
    /// The idempotency key belongs to a request with other content. The first one counts; a fault of ours.
    IdempotencyConflict,
    /// There is no such object: the one asked for, or one that [`Refusal::param`] names. Surely nothing was done.
    NotFound,
    /// The object's state does not allow this: already paid, canceled, refunded or disputed. Ask for the object.
    State,
    /// The balance cannot cover the refund now. Surely nothing was refunded; the same idempotency key will bring the
    /// same answer for as long as Stripe keeps it.
    MerchantBalance,
    /// The request itself, its key or its permissions are wrong: surely nothing was done, and the same request will
    /// not fare better.
    Request,
    /// Too many requests, a request under way with the same idempotency key, Stripe's own trouble, or something this
    /// crate does not know: whether the request was carried out is **unknown**. Ask, or send it again with the same
    /// idempotency key; never with another.
    Unknown,
}

impl Refusal {
    /// What the refusal means.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        let code = self.code.as_deref().unwrap_or_default();
        if !matches!(self.status, 400..=404) || matches!(code, "rate_limit" | "lock_timeout" | "idempotency_key_in_use")
        {
            return RefusalKind::Unknown;
        }
        match self.error_type {
            ErrorType::Card if !self.left_unpaid() => RefusalKind::Unknown,
            ErrorType::Card if self.wants_authentication() => RefusalKind::NeedsAuthentication,
            ErrorType::Card => RefusalKind::Declined,
            ErrorType::Idempotency => RefusalKind::IdempotencyConflict,
            ErrorType::InvalidRequest => match code {
                "resource_missing" => RefusalKind::NotFound,
                "balance_insufficient" => RefusalKind::MerchantBalance,
                "payment_intent_unexpected_state"
                | "setup_intent_unexpected_state"
                | "intent_invalid_state"
                | "payment_method_unexpected_state"
                | "status_transition_invalid"
                | "charge_already_refunded"
                | "charge_not_refundable"
                | "charge_disputed"
                | "refund_disputed_payment" => RefusalKind::State,
                _ if self.status == 404 => RefusalKind::NotFound,
                _ => RefusalKind::Request,
            },
            ErrorType::Api | ErrorType::Other(_) => RefusalKind::Unknown,
        }
    }

    /// Whether the payment that came along, if one did, was left in a state in which no money moves.
    fn left_unpaid(&self) -> bool {
        self.payment_intent.as_ref().is_none_or(|intent| {
            matches!(intent.status, PaymentIntentStatus::RequiresPaymentMethod | PaymentIntentStatus::Canceled)
        })
    }

    /// Stripe decides this itself (`code`) or hears it from the bank (`decline_code`).
    fn wants_authentication(&self) -> bool {
        let word = Some("authentication_required");
        self.code.as_deref() == word || self.decline_code.as_deref() == word
    }

    /// Reads the body of an answer with an error status.
    ///
    /// # Errors
    /// [`Error::MissingField`], [`Error::BadField`].
    pub(super) fn from_json(status: u16, body: &Value) -> Result<Self, Error> {
        let error = body.get("error").ok_or(Error::MissingField { name: "error" })?;
        let text = |name: &'static str| match error.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Error::BadField { name }),
        };
        let payment_intent = error.get("payment_intent").filter(|value| !value.is_null());
        Ok(Self {
            status,
            error_type: ErrorType::parse(&text("type")?.ok_or(Error::MissingField { name: "type" })?),
            code: text("code")?,
            decline_code: text("decline_code")?,
            param: text("param")?,
            message: text("message")?,
            payment_intent: payment_intent.map(PaymentIntent::from_json).transpose()?.map(Box::new),
        })
    }

    /// The body of the answer, for stand-ins. Its HTTP status is [`Refusal::status`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut error = Map::new();
        error.insert("type".to_owned(), self.error_type.as_str().into());
        for (name, value) in [
            ("code", &self.code),
            ("decline_code", &self.decline_code),
            ("param", &self.param),
            ("message", &self.message),
        ] {
            if let Some(value) = value {
                error.insert(name.to_owned(), value.as_str().into());
            }
        }
        if let Some(intent) = &self.payment_intent {
            error.insert("payment_intent".to_owned(), intent.to_json());
        }
        Value::Object(Map::from_iter([("error".to_owned(), Value::Object(error))]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, error_type: &str, code: &str, decline_code: &str) -> Refusal {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Refusal {
            status,
            error_type: ErrorType::parse(error_type),
            code: text(code),
            decline_code: text(decline_code),
            param: None,
            message: None,
            payment_intent: None,
        }
    }

    #[test]
    fn refusals_mean_what_they_say() {
        let (card, request, key) = ("card_error", "invalid_request_error", "idempotency_error");
        for (status, error_type, code, decline_code, kind) in [
            (402, card, "card_declined", "insufficient_funds", RefusalKind::Declined),
            (402, card, "expired_card", "", RefusalKind::Declined),
            (402, card, "processing_error", "", RefusalKind::Declined),
            (402, card, "authentication_required", "authentication_required", RefusalKind::NeedsAuthentication),
            (402, card, "card_declined", "authentication_required", RefusalKind::NeedsAuthentication),
            (400, key, "", "", RefusalKind::IdempotencyConflict),
            (409, key, "idempotency_key_in_use", "", RefusalKind::Unknown),
            (400, request, "idempotency_key_in_use", "", RefusalKind::Unknown),
            (404, request, "resource_missing", "", RefusalKind::NotFound),
            (404, request, "", "", RefusalKind::NotFound),
            (400, request, "resource_missing", "", RefusalKind::NotFound),
            (400, request, "payment_intent_unexpected_state", "", RefusalKind::State),
            (400, request, "charge_already_refunded", "", RefusalKind::State),
            (400, request, "balance_insufficient", "", RefusalKind::MerchantBalance),
            (400, request, "parameter_missing", "", RefusalKind::Request),
            (400, request, "", "", RefusalKind::Request),
            (401, request, "", "", RefusalKind::Request),
            (403, request, "", "", RefusalKind::Request),
            (429, request, "rate_limit", "", RefusalKind::Unknown),
            (429, request, "lock_timeout", "", RefusalKind::Unknown),
            (400, request, "rate_limit", "", RefusalKind::Unknown),
            (424, request, "", "", RefusalKind::Unknown),
            (500, "api_error", "", "", RefusalKind::Unknown),
            (400, "api_error", "", "", RefusalKind::Unknown),
            (503, card, "card_declined", "", RefusalKind::Unknown),
            (402, "a_new_error", "", "", RefusalKind::Unknown),
        ] {
            let found = refusal(status, error_type, code, decline_code).kind();
            assert_eq!(found, kind, "{status} {error_type} {code} {decline_code}");
        }
    }

    #[test]
    fn a_decline_that_left_the_payment_moving_is_not_sure() {
        for (status, kind) in [
            ("requires_payment_method", RefusalKind::Declined),
            ("canceled", RefusalKind::Declined),
            ("processing", RefusalKind::Unknown),
            ("succeeded", RefusalKind::Unknown),
            ("requires_action", RefusalKind::Unknown),
            ("a_new_state", RefusalKind::Unknown),
        ] {
            let body = serde_json::json!({ "error": { "type": "card_error", "code": "card_declined", "payment_intent": {
                "id": "pi_1", "object": "payment_intent", "status": status, "amount": 1, "amount_received": 0,
                "currency": "usd", "created": 1 } } });
            let read = Refusal::from_json(402, &body).unwrap();
            assert_eq!(read.kind(), kind, "{status}");
            assert_eq!(Refusal::from_json(402, &read.to_json()), Ok(read));
        }
    }

    #[test]
    fn an_error_without_its_parts_is_named() {
        for (body, error) in [
            (serde_json::json!({}), Error::MissingField { name: "error" }),
            (serde_json::json!({ "error": "invalid_grant" }), Error::MissingField { name: "type" }),
            (serde_json::json!({ "error": { "type": 1 } }), Error::BadField { name: "type" }),
            (serde_json::json!({ "error": { "type": "api_error", "code": [] } }), Error::BadField { name: "code" }),
        ] {
            assert_eq!(Refusal::from_json(400, &body), Err(error), "{body}");
        }
    }
}
