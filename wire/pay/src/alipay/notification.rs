//! Notifications: the gateway's word that something happened to a trade.

use super::{Gateway, Params, params::verify_signed_form};
use crate::{Error, Fen, time::parse_time};

/// A notification whose signature was checked; there is no other way to get one.
///
/// That it is *signed* does not mean that it is *ours*: the receiver still compares `app_id`, `seller_id`,
/// `out_trade_no` and `total_amount` with what it knows, and answers `success` only when it has stored the message.
/// The gateway repeats a message until then, with the same `notify_id`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    params: Params,
}

/// The state of a trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeStatus {
    /// `WAIT_BUYER_PAY`: scanned or opened, not paid.
    WaitBuyerPay,
    /// `TRADE_SUCCESS`: paid; can be refunded.
    Success,
    /// `TRADE_FINISHED`: paid; can no longer be refunded.
    Finished,
    /// `TRADE_CLOSED`: never paid and closed, or paid and refunded in full. Which of the two, the amounts tell.
    Closed,
    /// A state this crate does not know.
    Other(String),
}

impl TradeStatus {
    /// Reads the name of a state.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "WAIT_BUYER_PAY" => Self::WaitBuyerPay,
            "TRADE_SUCCESS" => Self::Success,
            "TRADE_FINISHED" => Self::Finished,
            "TRADE_CLOSED" => Self::Closed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name of the state as the gateway writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::WaitBuyerPay => "WAIT_BUYER_PAY",
            Self::Success => "TRADE_SUCCESS",
            Self::Finished => "TRADE_FINISHED",
            Self::Closed => "TRADE_CLOSED",
            Self::Other(other) => other,
        }
    }

    /// Whether this state proves that the payer's money was taken (and has not all been given back).
    #[must_use]
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Success | Self::Finished)
    }
}

impl Notification {
    /// Reads the raw body of a form POST and checks its signature.
    ///
    /// # Errors
    /// As [`Params::parse`]; [`Error::MissingSignature`], [`Error::SignType`] (only `RSA2` counts),
    /// [`Error::BadSignature`]; in certificate mode [`Error::UnknownCertificate`].
    pub fn verify<'a>(body: &[u8], gateway: impl Into<Gateway<'a>>) -> Result<Self, Error> {
        verify_signed_form(body, gateway).map(|params| Self { params })
    }

    /// All parameters as received, unknown ones included.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.params
    }

    fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.params.get(name).filter(|value| !value.is_empty()).ok_or(Error::MissingField { name })
    }

    fn amount(&self, name: &'static str) -> Result<Option<Fen>, Error> {
        match self.params.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| Error::BadField { name }),
        }
    }

    fn time(&self, name: &'static str) -> Result<Option<i64>, Error> {
        match self.params.get(name).filter(|value| !value.is_empty()) {
            None => Ok(None),
            Some(text) => parse_time(text).map(Some).map_err(|_| Error::BadField { name }),
        }
    }

    /// The number of this message, the same in every repetition.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn notify_id(&self) -> Result<&str, Error> {
        self.required("notify_id")
    }

    /// The kind of message: `trade_status_sync` for trades and refunds.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn notify_type(&self) -> Result<&str, Error> {
        self.required("notify_type")
    }

    /// The application the trade was made with.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn app_id(&self) -> Result<&str, Error> {
        self.required("app_id")
    }

    /// The merchant account that receives the money.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn seller_id(&self) -> Result<&str, Error> {
        self.required("seller_id")
    }

    /// The merchant's number of the trade.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn out_trade_no(&self) -> Result<&str, Error> {
        self.required("out_trade_no")
    }

    /// The gateway's number of the trade.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn trade_no(&self) -> Result<&str, Error> {
        self.required("trade_no")
    }

    /// The state of the trade when the message was made; a later message may be overtaken by an earlier one.
    ///
    /// # Errors
    /// [`Error::MissingField`].
    pub fn trade_status(&self) -> Result<TradeStatus, Error> {
        self.required("trade_status").map(TradeStatus::parse)
    }

    /// The amount of the order.
    ///
    /// # Errors
    /// [`Error::MissingField`], [`Error::BadField`].
    pub fn total_amount(&self) -> Result<Fen, Error> {
        self.amount("total_amount")?.ok_or(Error::MissingField { name: "total_amount" })
    }

    /// What the merchant gets, before fees.
    ///
    /// # Errors
    /// [`Error::BadField`].
    pub fn receipt_amount(&self) -> Result<Option<Fen>, Error> {
        self.amount("receipt_amount")
    }

    /// The total given back so far; only messages about refunds have it.
    ///
    /// # Errors
    /// [`Error::BadField`].
    pub fn refund_fee(&self) -> Result<Option<Fen>, Error> {
        self.amount("refund_fee")
    }

    /// The merchant's number of the refund this message is about, if it is about one.
    #[must_use]
    pub fn out_biz_no(&self) -> Option<&str> {
        self.params.get("out_biz_no").filter(|value| !value.is_empty())
    }

    /// When the payer paid, unix seconds.
    ///
    /// # Errors
    /// [`Error::BadField`].
    pub fn gmt_payment(&self) -> Result<Option<i64>, Error> {
        self.time("gmt_payment")
    }

    /// When this message was made, unix seconds.
    ///
    /// # Errors
    /// [`Error::BadField`].
    pub fn notify_time(&self) -> Result<Option<i64>, Error> {
        self.time("notify_time")
    }

    /// The payer's login as the gateway masks it.
    #[must_use]
    pub fn buyer_logon_id(&self) -> Option<&str> {
        self.params.get("buyer_logon_id").filter(|value| !value.is_empty())
    }

    /// What the merchant passed along with the order, decoded exactly once (so `a%3D1` stays `a%3D1`).
    #[must_use]
    pub fn passback_params(&self) -> Option<&str> {
        self.params.get("passback_params")
    }
}

/// The `out_trade_no` that an unverified body names, if it names one. Anybody can write such a body: this is a hint to
/// query that trade, and nothing more.
#[must_use]
pub fn unverified_out_trade_no(body: &[u8]) -> Option<String> {
    Params::parse(body).ok()?.get("out_trade_no").filter(|value| !value.is_empty()).map(str::to_owned)
}
