//! Opening a Checkout Session.

use super::{
    RequestError, TEXT_CHARS_MAX, check_text, check_url,
    params::{Reader, Writer, whole_number},
};
use crate::stripe::{Amount, AmountError, Currency, CustomerId, Metadata};

/// What a payer is asked for, and where the browser goes afterwards.
///
/// Cards alone are offered (`allowed_payment_method_types`): money from a card is taken or declined while the payer
/// waits. Prices are shown in the currency asked for and no other (`adaptive_pricing`): what is taken is what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateCheckoutSession {
    /// The merchant's number, which comes back as `client_reference_id`: up to 200 letters, digits, `-` and `_`.
    pub client_reference_id: String,
    /// What the session is for.
    pub purpose: SessionPurpose,
    /// Where the browser goes when the payer is through. That it arrives there proves nothing.
    pub success_url: String,
    /// Where the browser goes when the payer turns back. The session stays open.
    pub cancel_url: String,
    /// When the session ends, unix seconds: 30 minutes to 24 hours after it is made. To end it sooner, expire it.
    pub expires_at_unix_s: i64,
    /// The language of the page, such as `en` or `zh`; the browser's if `None`.
    pub locale: Option<String>,
    /// Texts for the payment or the saved card that comes of it. A session's own are not needed: it has
    /// `client_reference_id`.
    pub metadata: Metadata,
}

/// What a session is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionPurpose {
    /// To pay once.
    Payment {
        /// How much.
        amount: Amount,
        /// What the payer reads as the thing bought.
        product_name: String,
        /// Who pays.
        payer: Payer,
    },
    /// To save a card for later, without paying.
    Setup {
        /// Whose card it becomes.
        customer: CustomerId,
    },
}

/// Who pays, and what becomes of the card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payer {
    /// Somebody; the card is forgotten.
    Guest,
    /// A customer, who may be offered cards saved before; the card is not saved.
    Customer(CustomerId),
    /// A customer whose card is saved, to be charged while the customer is away
    /// (`setup_future_usage=off_session`). Ask the customer first.
    SavingCard(CustomerId),
}

const SETUP_FUTURE_USAGE: &str = "payment_intent_data[setup_future_usage]";
const UNIT_AMOUNT: &str = "line_items[0][price_data][unit_amount]";
const CURRENCY: &str = "line_items[0][price_data][currency]";
const PRODUCT_NAME: &str = "line_items[0][price_data][product_data][name]";

impl CreateCheckoutSession {
    /// Longest `client_reference_id`, in characters.
    pub const CLIENT_REFERENCE_CHARS_MAX: usize = 200;
    /// Soonest end of a session, seconds after it is made.
    pub const EXPIRES_AFTER_S_MIN: i64 = 30 * 60;
    /// Latest end of a session, seconds after it is made.
    pub const EXPIRES_AFTER_S_MAX: i64 = 24 * 3_600;

    /// Whether Stripe takes the end of the session at this time.
    ///
    /// # Errors
    /// [`RequestError::ExpiresAt`].
    pub fn check_expiry(&self, now_unix_s: i64) -> Result<(), RequestError> {
        let after_s = self.expires_at_unix_s.saturating_sub(now_unix_s);
        if (Self::EXPIRES_AFTER_S_MIN..=Self::EXPIRES_AFTER_S_MAX).contains(&after_s) {
            Ok(())
        } else {
            Err(RequestError::ExpiresAt { after_s })
        }
    }

    fn check(&self) -> Result<(), RequestError> {
        let reference = &self.client_reference_id;
        check_text("client_reference_id", reference, Self::CLIENT_REFERENCE_CHARS_MAX)?;
        if !reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Err(RequestError::Invalid { param: "client_reference_id".to_owned() });
        }
        check_url("success_url", &self.success_url)?;
        check_url("cancel_url", &self.cancel_url)?;
        if self.expires_at_unix_s <= 0 {
            return Err(RequestError::Invalid { param: "expires_at".to_owned() });
        }
        if let Some(locale) = &self.locale {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if !(2..=10).contains(&locale.len()) || !locale.bytes().all(fits) {
                return Err(RequestError::Invalid { param: "locale".to_owned() });
            }
        }
        if let SessionPurpose::Payment { amount, product_name, .. } = &self.purpose {
            check_text(PRODUCT_NAME, product_name, TEXT_CHARS_MAX)?;
            amount.check_chargeable().map_err(|error| RequestError::Amount { param: UNIT_AMOUNT, error })?;
        }
        Ok(())
    }

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        self.check()?;
        let mode = if matches!(self.purpose, SessionPurpose::Setup { .. }) { "setup" } else { "payment" };
        params.set("mode", mode);
        params.set("client_reference_id", &self.client_reference_id);
        params.set("success_url", &self.success_url);
        params.set("cancel_url", &self.cancel_url);
        params.set("expires_at", &self.expires_at_unix_s);
        params.set_optional("locale", self.locale.as_ref());
        params.set("allowed_payment_method_types[0]", "card");
        match &self.purpose {
            SessionPurpose::Payment { amount, product_name, payer } => {
                params.set("adaptive_pricing[enabled]", &false);
                if let Payer::Customer(customer) | Payer::SavingCard(customer) = payer {
                    params.set("customer", customer);
                }
                params.set("line_items[0][quantity]", &1);
                params.set(CURRENCY, &amount.currency());
                params.set(UNIT_AMOUNT, &amount.minor());
                params.set(PRODUCT_NAME, product_name);
                if matches!(payer, Payer::SavingCard(_)) {
                    params.set(SETUP_FUTURE_USAGE, "off_session");
                }
                params.set_metadata("payment_intent_data[metadata]", &self.metadata);
            }
            SessionPurpose::Setup { customer } => {
                params.set("customer", customer);
                params.set_metadata("setup_intent_data[metadata]", &self.metadata);
            }
        }
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        let mode = params.required("mode")?;
        params.fixed("allowed_payment_method_types[0]", "card")?;
        let (purpose, metadata) = match mode.as_str() {
            "payment" => (Self::read_payment(params)?, params.metadata("payment_intent_data[metadata]")?),
            "setup" => {
                let customer = params.parsed("customer", |text| CustomerId::parse(text).ok())?;
                (SessionPurpose::Setup { customer }, params.metadata("setup_intent_data[metadata]")?)
            }
            _ => return Err(RequestError::Invalid { param: "mode".to_owned() }),
        };
        let read = Self {
            client_reference_id: params.required("client_reference_id")?,
            purpose,
            success_url: params.required("success_url")?,
            cancel_url: params.required("cancel_url")?,
            expires_at_unix_s: params.parsed("expires_at", whole_number)?,
            locale: params.optional("locale")?,
            metadata,
        };
        read.check()?;
        Ok(read)
    }

    fn read_payment(params: &mut Reader) -> Result<SessionPurpose, RequestError> {
        params.fixed("adaptive_pricing[enabled]", "false")?;
        params.fixed("line_items[0][quantity]", "1")?;
        let customer = params.optional_parsed("customer", |text| CustomerId::parse(text).ok())?;
        let saving = params.optional_parsed(SETUP_FUTURE_USAGE, |text| (text == "off_session").then_some(()))?;
        let payer = match (customer, saving) {
            (None, None) => Payer::Guest,
            (Some(customer), None) => Payer::Customer(customer),
            (Some(customer), Some(())) => Payer::SavingCard(customer),
            // Stripe would save a card that nobody could ever charge.
            (None, Some(())) => return Err(RequestError::Missing { param: "customer".to_owned() }),
        };
        let currency = params.parsed(CURRENCY, |text| Currency::parse(text).ok())?;
        let minor = params.parsed(UNIT_AMOUNT, whole_number)?;
        let amount = Amount::new(minor, currency);
        Ok(SessionPurpose::Payment {
            amount: amount.map_err(|error: AmountError| RequestError::Amount { param: UNIT_AMOUNT, error })?,
            product_name: params.required(PRODUCT_NAME)?,
            payer,
        })
    }
}
