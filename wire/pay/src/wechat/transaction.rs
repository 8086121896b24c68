//! A transaction: what a query answers and what `TRANSACTION.SUCCESS` is about.

use super::{
    Error,
    json::{Reader, Writer, missing},
};
use crate::Fen;

/// The state of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeState {
    /// `SUCCESS`: paid.
    Success,
    /// `REFUND`: paid, and a refund was asked for since. Whether it succeeded, and of how much, is told by the refund.
    Refund,
    /// `NOTPAY`: not paid.
    NotPay,
    /// `CLOSED`: closed without being paid.
    Closed,
    /// `REVOKED`: revoked (payment codes only).
    Revoked,
    /// `USERPAYING`: the payer is typing a password (payment codes only).
    UserPaying,
    /// `PAYERROR`: the payment failed (payment codes only).
    PayError,
    /// A state this crate does not know.
    Other(String),
}

impl TradeState {
    /// Reads the name of a state.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            "NOTPAY" => Self::NotPay,
            "CLOSED" => Self::Closed,
            "REVOKED" => Self::Revoked,
            "USERPAYING" => Self::UserPaying,
            "PAYERROR" => Self::PayError,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name of the state as the gateway writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::NotPay => "NOTPAY",
            Self::Closed => "CLOSED",
            Self::Revoked => "REVOKED",
            Self::UserPaying => "USERPAYING",
            Self::PayError => "PAYERROR",
            Self::Other(other) => other,
        }
    }

    /// Whether this state proves that the payer's money was taken.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        matches!(self, Self::Success | Self::Refund)
    }
}

/// A transaction. That it is *signed* does not mean that it is *ours*: the receiver compares `mchid`, `appid`,
/// `out_trade_no` and `total` with what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    /// The application the trade was made with.
    pub appid: String,
    /// The merchant that receives the money.
    pub mchid: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The gateway's number; always there once the trade is paid.
    pub transaction_id: Option<String>,
    /// The state.
    pub trade_state: TradeState,
    /// The state in words, for support.
    pub trade_state_desc: String,
    /// `NATIVE`, `JSAPI`, `MWEB` (H5), ...; there once the trade is paid.
    pub trade_type: Option<String>,
    /// The amount of the order; always there once the trade is paid.
    pub total: Option<Fen>,
    /// What the payer gave of it, coupons deducted.
    pub payer_total: Option<Fen>,
    /// The payer, as the application knows them.
    pub openid: Option<String>,
    /// When it was paid, unix seconds.
    pub success_unix_s: Option<i64>,
    /// What the merchant attached to the order.
    pub attach: Option<String>,
}

impl Transaction {
    /// Reads the verified body of a query's response, or the opened resource of a notice.
    ///
    /// # Errors
    /// As for every body; [`crate::Error::MissingField`], [`crate::Error::BadField`]. An amount in a currency other
    /// than CNY is a bad field.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let reader = Reader::parse(body)?;
        reader.only_cny("amount.currency")?;
        let payer_pays_cny = reader.only_cny("amount.payer_currency").is_ok();
        let read = Self {
            appid: reader.text("appid")?,
            mchid: reader.text("mchid")?,
            out_trade_no: reader.text("out_trade_no")?,
            transaction_id: reader.optional_text("transaction_id")?,
            trade_state: TradeState::parse(&reader.text("trade_state")?),
            trade_state_desc: reader.optional_text("trade_state_desc")?.unwrap_or_default(),
            trade_type: reader.optional_text("trade_type")?,
            total: reader.optional_fen("amount.total")?,
            payer_total: if payer_pays_cny { reader.optional_fen("amount.payer_total")? } else { None },
            openid: reader.optional_text("payer.openid")?,
            success_unix_s: reader.optional_time("success_time")?,
            attach: reader.optional_text("attach")?,
        };
        if read.trade_state.is_paid() {
            read.transaction_id.as_ref().ok_or_else(|| missing("transaction_id"))?;
            read.total.ok_or_else(|| missing("amount.total"))?;
        }
        Ok(read)
    }

    /// The transaction as the gateway writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let amount = Writer::new()
            .optional_fen("total", self.total)
            .optional_fen("payer_total", self.payer_total)
            .text("currency", "CNY")
            .text("payer_currency", "CNY");
        Writer::new()
            .text("mchid", &self.mchid)
            .text("appid", &self.appid)
            .text("out_trade_no", &self.out_trade_no)
            .optional_text("transaction_id", self.transaction_id.as_deref())
            .optional_text("trade_type", self.trade_type.as_deref())
            .text("trade_state", self.trade_state.as_str())
            .text("trade_state_desc", &self.trade_state_desc)
            .optional_text("attach", self.attach.as_deref())
            .optional_time("success_time", self.success_unix_s)
            .object("payer", Writer::new().optional_text("openid", self.openid.as_deref()))
            .object("amount", amount)
            .end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error as Shared;

    const PAID: &str = r#"{"appid":"wxd678efh567hg6787","mchid":"1230000109","out_trade_no":"EL1","transaction_id":"42","trade_type":"JSAPI","trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"OTHERS","attach":"","success_time":"2018-06-08T10:34:56+08:00","payer":{"openid":"oUpF8uM"},"amount":{"total":100,"payer_total":90,"currency":"CNY","payer_currency":"CNY"},"promotion_detail":[{"coupon_id":"1"}]}"#;

    #[test]
    fn a_paid_transaction_is_read_and_written() {
        let paid = Transaction::parse(PAID.as_bytes()).unwrap();
        assert_eq!((paid.total, paid.payer_total), (Fen::new(100), Fen::new(90)));
        assert_eq!((paid.success_unix_s, paid.attach.as_deref()), (Some(1_528_425_296), None));
        assert_eq!(paid.openid.as_deref(), Some("oUpF8uM"));
        assert_eq!(Transaction::parse(paid.to_json().as_bytes()), Ok(paid));
    }

    #[test]
    fn an_unpaid_one_needs_no_amount_and_a_paid_one_does() {
        let unpaid = r#"{"amount":{"payer_currency":"CNY"},"appid":"a","mchid":"1","out_trade_no":"EL1","promotion_detail":[],"scene_info":{"device_id":""},"trade_state":"NOTPAY","trade_state_desc":"订单未支付"}"#;
        let read = Transaction::parse(unpaid.as_bytes()).unwrap();
        assert_eq!((read.trade_state.clone(), read.total), (TradeState::NotPay, None));
        assert_eq!(Transaction::parse(read.to_json().as_bytes()), Ok(read));
        for (from, to, name) in [
            ("\"transaction_id\":\"42\",", "", "transaction_id"),
            ("\"total\":100,", "", "amount.total"),
            ("\"trade_state\":\"SUCCESS\",", "", "trade_state"),
            ("\"mchid\":\"1230000109\",", "", "mchid"),
            ("\"appid\":\"wxd678efh567hg6787\",", "", "appid"),
            ("\"out_trade_no\":\"EL1\",", "", "out_trade_no"),
        ] {
            let without = PAID.replace(from, to);
            assert_eq!(Transaction::parse(without.as_bytes()), Err(Shared::MissingField { name }.into()));
        }
        for (from, to, name) in [
            ("\"total\":100", "\"total\":1.00", "amount.total"),
            ("\"total\":100", "\"total\":\"100\"", "amount.total"),
            ("\"total\":100", "\"total\":-100", "amount.total"),
            ("\"currency\":\"CNY\"", "\"currency\":\"HKD\"", "amount.currency"),
            ("+08:00", "", "success_time"),
        ] {
            let changed = PAID.replacen(from, to, 1);
            assert_eq!(Transaction::parse(changed.as_bytes()), Err(Shared::BadField { name }.into()));
        }
        let abroad = PAID.replace("\"payer_currency\":\"CNY\"", "\"payer_currency\":\"USD\"");
        assert_eq!(Transaction::parse(abroad.as_bytes()).unwrap().payer_total, None);
    }

    #[test]
    fn states_read_back() {
        for (text, paid) in [
            ("SUCCESS", true),
            ("REFUND", true),
            ("NOTPAY", false),
            ("CLOSED", false),
            ("REVOKED", false),
            ("USERPAYING", false),
            ("PAYERROR", false),
            ("ACCEPT", false),
        ] {
            let state = TradeState::parse(text);
            assert_eq!((state.as_str(), state.is_paid()), (text, paid));
        }
    }
}
