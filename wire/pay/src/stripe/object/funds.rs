//! What Stripe owes its merchant: every movement of the balance, and what is paid out of it.

use super::{Metadata, Object, fields::Fields, written};
use crate::{
    Error,
    stripe::{Amount, BalanceSourceId, BalanceTransactionId, ChargeId, PaymentIntentId, PayoutId, words::words},
};
use serde_json::{Value, json};

words! {
    /// What moved the balance. There are some fifty kinds; those that a card merchant meets have names here.
    BalanceTransactionType {
        /// A card was charged.
        Charge = "charge",
        /// A charge of another means of payment.
        Payment = "payment",
        /// Money went back to a card.
        Refund = "refund",
        /// Money went back to another means of payment.
        PaymentRefund = "payment_refund",
        /// A refund that came back.
        RefundFailure = "refund_failure",
        /// A dispute took money or brought it back, with its fee; and corrections by Stripe.
        Adjustment = "adjustment",
        /// Paid out to the bank.
        Payout = "payout",
        /// A payout that was given up.
        PayoutCancel = "payout_cancel",
        /// A payout that the bank sent back.
        PayoutFailure = "payout_failure",
        /// A fee that belongs to no payment.
        StripeFee = "stripe_fee",
        /// A fee for conversion.
        StripeFxFee = "stripe_fx_fee",
        /// A tax on fees.
        TaxFee = "tax_fee",
        /// Held back for a time.
        ReserveTransaction = "reserve_transaction",
        /// Money the merchant added.
        Topup = "topup",
    }
}

/// What a movement of the balance is about. Apart from the id it is known only if the request asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceSource {
    /// Its id.
    pub id: BalanceSourceId,
    /// Its kind, such as `charge`, `refund` or `dispute`.
    pub kind: Option<String>,
    /// The payment it belongs to.
    pub payment_intent: Option<PaymentIntentId>,
    /// The charge it belongs to, if it is none itself.
    pub charge: Option<ChargeId>,
    /// The merchant's texts.
    pub metadata: Metadata,
}

impl BalanceSource {
    fn read(value: &Value) -> Result<Self, Error> {
        let name = "source";
        if let Value::String(id) = value {
            let id = BalanceSourceId::parse(id).map_err(|_| Error::BadField { name })?;
            return Ok(Self { id, kind: None, payment_intent: None, charge: None, metadata: Metadata::new() });
        }
        let kind = value.get("object").and_then(Value::as_str).ok_or(Error::BadField { name })?;
        let fields = Fields::of(value, kind)?;
        Ok(Self {
            id: fields.id("id", BalanceSourceId::parse)?,
            kind: Some(kind.to_owned()),
            payment_intent: fields.optional_id("payment_intent", PaymentIntentId::parse)?,
            charge: fields.optional_id("charge", ChargeId::parse)?,
            metadata: fields.metadata()?,
        })
    }

    fn to_json(&self) -> Value {
        match &self.kind {
            None => self.id.as_str().into(),
            Some(kind) => written(
                kind,
                json!({
                    "id": self.id.as_str(),
                    "payment_intent": self.payment_intent.as_ref().map(PaymentIntentId::as_str),
                    "charge": self.charge.as_ref().map(ChargeId::as_str),
                    "metadata": self.metadata.to_json(),
                }),
            ),
        }
    }
}

/// One movement of the balance, in the currency of the balance, which need not be the payer's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceTransaction {
    /// Its id.
    pub id: BalanceTransactionId,
    /// What moved the balance.
    pub kind: BalanceTransactionType,
    /// Before fees; negative if it left the balance.
    pub gross: Amount,
    /// Stripe's fees; positive if they were taken.
    pub fee: Amount,
    /// What the balance changed by: gross without fee. Held to that when it is read.
    pub net: Amount,
    /// What it is about; `None` for what has no object, such as some corrections.
    pub source: Option<BalanceSource>,
    /// When it was booked, unix seconds.
    pub created_unix_s: i64,
    /// When the money can be paid out, unix seconds.
    pub available_on_unix_s: i64,
}

impl Object for BalanceTransaction {
    type Id = BalanceTransactionId;
    const NAME: &'static str = "balance_transaction";

    fn id(&self) -> &BalanceTransactionId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<BalanceTransactionId, Error> {
        BalanceTransactionId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        let (gross, fee, net) = (fields.amount("amount")?, fields.amount("fee")?, fields.amount("net")?);
        if gross.minor() - fee.minor() != net.minor() {
            return Err(Error::BadField { name: "net" });
        }
        Ok(Self {
            id: fields.id("id", BalanceTransactionId::parse)?,
            kind: BalanceTransactionType::parse(fields.text("type")?),
            gross,
            fee,
            net,
            source: fields.value("source").map(BalanceSource::read).transpose()?,
            created_unix_s: fields.integer("created")?,
            available_on_unix_s: fields.integer("available_on")?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "type": self.kind.as_str(),
                "amount": self.gross.minor(),
                "fee": self.fee.minor(),
                "net": self.net.minor(),
                "currency": self.gross.currency().as_str(),
                "source": self.source.as_ref().map(BalanceSource::to_json),
                "created": self.created_unix_s,
                "available_on": self.available_on_unix_s,
            }),
        )
    }
}

words! {
    /// Where a payout is.
    PayoutStatus {
        /// Not yet given to the bank.
        Pending = "pending",
        /// Given to the bank.
        InTransit = "in_transit",
        /// Arrived. It can still fail for some days after.
        Paid = "paid",
        /// The bank sent it back.
        Failed = "failed",
        /// Given up before it was sent.
        Canceled = "canceled",
    }
}

/// Money that Stripe sends to the merchant's bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    /// Its id.
    pub id: PayoutId,
    /// Where it is.
    pub status: PayoutStatus,
    /// What is sent.
    pub amount: Amount,
    /// When it arrives, unix seconds.
    pub arrival_date_unix_s: i64,
    /// Whether Stripe's schedule made it. Only then can its movements be listed.
    pub automatic: bool,
    /// Why it failed, such as `account_closed`.
    pub failure_code: Option<String>,
    /// When it was made, unix seconds.
    pub created_unix_s: i64,
}

impl Object for Payout {
    type Id = PayoutId;
    const NAME: &'static str = "payout";

    fn id(&self) -> &PayoutId {
        &self.id
    }

    fn parse_id(text: &str) -> Result<PayoutId, Error> {
        PayoutId::parse(text)
    }

    fn from_json(value: &Value) -> Result<Self, Error> {
        let fields = Fields::of(value, Self::NAME)?;
        Ok(Self {
            id: fields.id("id", PayoutId::parse)?,
            status: PayoutStatus::parse(fields.text("status")?),
            amount: fields.amount("amount")?,
            arrival_date_unix_s: fields.integer("arrival_date")?,
            automatic: fields.flag("automatic")?,
            failure_code: fields.optional_string("failure_code")?,
            created_unix_s: fields.integer("created")?,
        })
    }

    fn to_json(&self) -> Value {
        written(
            Self::NAME,
            json!({
                "id": self.id.as_str(),
                "status": self.status.as_str(),
                "amount": self.amount.minor(),
                "currency": self.amount.currency().as_str(),
                "arrival_date": self.arrival_date_unix_s,
                "automatic": self.automatic,
                "failure_code": self.failure_code,
                "created": self.created_unix_s,
            }),
        )
    }
}
