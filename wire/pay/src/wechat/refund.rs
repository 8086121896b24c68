//! Refunds: asking for one, what the gateway answers, and what `REFUND.*` is about.

use super::{
    Error,
    json::{Reader, Writer, missing},
};
use crate::Fen;

/// Which trade to refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundOf {
    /// By the merchant's number of the trade.
    OutTradeNo(String),
    /// By the gateway's.
    TransactionId(String),
}

/// A refund to be asked for. The same `out_refund_no` asks for the same refund, however often; another number is
/// **another refund**.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// The trade.
    pub of: RefundOf,
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// Shown to the payer.
    pub reason: Option<String>,
    /// Where notices about the refund shall be sent.
    pub notify_url: Option<String>,
    /// How much to give back.
    pub refund: Fen,
    /// The amount of the order.
    pub total: Fen,
}

impl RefundRequest {
    pub(super) fn to_json(&self) -> String {
        let (name, number) = match &self.of {
            RefundOf::OutTradeNo(number) => ("out_trade_no", number),
            RefundOf::TransactionId(number) => ("transaction_id", number),
        };
        let amount = Writer::new().fen("refund", self.refund).fen("total", self.total).text("currency", "CNY");
        Writer::new()
            .text(name, number)
            .text("out_refund_no", &self.out_refund_no)
            .optional_text("reason", self.reason.as_deref())
            .optional_text("notify_url", self.notify_url.as_deref())
            .object("amount", amount)
            .end()
    }

    pub(super) fn parse(body: &[u8]) -> Result<Self, Error> {
        let reader = Reader::parse(body)?;
        reader.only_cny("amount.currency")?;
        let (by_ours, by_theirs) = (reader.optional_text("out_trade_no")?, reader.optional_text("transaction_id")?);
        Ok(Self {
            // With both, the gateway goes by its own.
            of: match (by_ours, by_theirs) {
                (_, Some(number)) => RefundOf::TransactionId(number),
                (Some(number), None) => RefundOf::OutTradeNo(number),
                (None, None) => return Err(missing("out_trade_no")),
            },
            out_refund_no: reader.text("out_refund_no")?,
            reason: reader.optional_text("reason")?,
            notify_url: reader.optional_text("notify_url")?,
            refund: reader.fen("amount.refund")?,
            total: reader.fen("amount.total")?,
        })
    }
}

/// The state of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundStatus {
    /// `SUCCESS`: the payer has the money.
    Success,
    /// `CLOSED`: not refunded, and will not be under this number.
    Closed,
    /// `PROCESSING`: accepted, on its way.
    Processing,
    /// `ABNORMAL`: the money left the merchant and could not be given to the payer (a card that is no more, say).
    /// People must see to it in the merchant's console.
    Abnormal,
    /// A state this crate does not know.
    Other(String),
}

impl RefundStatus {
    /// Reads the name of a state.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "SUCCESS" => Self::Success,
            "CLOSED" => Self::Closed,
            "PROCESSING" => Self::Processing,
            "ABNORMAL" => Self::Abnormal,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The name of the state as the gateway writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Processing => "PROCESSING",
            Self::Abnormal => "ABNORMAL",
            Self::Other(other) => other,
        }
    }
}

/// A refund: what asking for one or querying it answers, and what a notice says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The gateway's number of the refund.
    pub refund_id: String,
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// The gateway's number of the trade.
    pub transaction_id: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The state. That a request was answered only means that the refund was accepted.
    pub status: RefundStatus,
    /// Where the money goes, in words.
    pub user_received_account: Option<String>,
    /// When the payer got it, unix seconds.
    pub success_unix_s: Option<i64>,
    /// When it was accepted, unix seconds. Notices do not say it.
    pub create_unix_s: Option<i64>,
    /// What this refund gives back.
    pub refund: Fen,
    /// The amount of the order.
    pub total: Fen,
}

impl Refund {
    /// Reads the verified body of the response to a refund or to its query.
    ///
    /// # Errors
    /// As for every body; [`crate::Error::MissingField`], [`crate::Error::BadField`]. An amount in a currency other
    /// than CNY is a bad field.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        Self::read(&Reader::parse(body)?, "status")
    }

    fn read(reader: &Reader, status: &'static str) -> Result<Self, Error> {
        reader.only_cny("amount.currency")?;
        Ok(Self {
            refund_id: reader.text("refund_id")?,
            out_refund_no: reader.text("out_refund_no")?,
            transaction_id: reader.text("transaction_id")?,
            out_trade_no: reader.text("out_trade_no")?,
            status: RefundStatus::parse(&reader.text(status)?),
            user_received_account: reader.optional_text("user_received_account")?,
            success_unix_s: reader.optional_time("success_time")?,
            create_unix_s: reader.optional_time("create_time")?,
            refund: reader.fen("amount.refund")?,
            total: reader.fen("amount.total")?,
        })
    }

    /// The refund as the gateway writes it into a response. The payer used no coupons.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.numbers(Writer::new())
            .optional_time("create_time", self.create_unix_s)
            .text("status", self.status.as_str())
            .object("amount", self.amount().text("currency", "CNY"))
            .end()
    }

    fn numbers(&self, writer: Writer) -> Writer {
        writer
            .text("refund_id", &self.refund_id)
            .text("out_refund_no", &self.out_refund_no)
            .text("transaction_id", &self.transaction_id)
            .text("out_trade_no", &self.out_trade_no)
            .optional_text("user_received_account", self.user_received_account.as_deref())
            .optional_time("success_time", self.success_unix_s)
    }

    fn amount(&self) -> Writer {
        Writer::new()
            .fen("total", self.total)
            .fen("refund", self.refund)
            .fen("payer_total", self.total)
            .fen("payer_refund", self.refund)
    }
}

/// What a notice says of a refund. That it is *signed* does not mean that it is *ours*: the receiver compares `mchid`
/// with its own. The application is not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundNotice {
    /// The merchant that gave the money back.
    pub mchid: String,
    /// The refund; when it was accepted is not said.
    pub refund: Refund,
}

impl RefundNotice {
    /// Reads the opened resource of a notice.
    ///
    /// # Errors
    /// As [`Refund::parse`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let reader = Reader::parse(body)?;
        Ok(Self { mchid: reader.text("mchid")?, refund: Refund::read(&reader, "refund_status")? })
    }

    /// The resource as the gateway writes it. The payer used no coupons.
    #[must_use]
    pub fn to_json(&self) -> String {
        self.refund
            .numbers(Writer::new().text("mchid", &self.mchid))
            .text("refund_status", self.refund.status.as_str())
            .object("amount", self.refund.amount())
            .end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error as Shared;

    const RESPONSE: &str = r#"{"refund_id":"50000000382019052709732678859","out_refund_no":"R1","transaction_id":"42","out_trade_no":"EL1","channel":"ORIGINAL","user_received_account":"招商银行信用卡0403","success_time":"2020-12-01T16:18:12+08:00","create_time":"2020-12-01T16:18:11+08:00","status":"SUCCESS","funds_account":"UNSETTLED","amount":{"total":100,"refund":40,"from":[{"account":"AVAILABLE","amount":444}],"payer_total":90,"payer_refund":36,"settlement_refund":40,"settlement_total":100,"discount_refund":4,"currency":"CNY","refund_fee":0},"promotion_detail":[]}"#;
    const NOTICE: &str = r#"{"mchid":"1900000100","transaction_id":"42","out_trade_no":"EL1","refund_id":"50","out_refund_no":"R1","refund_status":"ABNORMAL","user_received_account":"招商银行信用卡0403","amount":{"total":100,"refund":40,"payer_total":100,"payer_refund":40}}"#;

    #[test]
    fn responses_and_notices_are_read_and_written() {
        let read = Refund::parse(RESPONSE.as_bytes()).unwrap();
        let fen = |fen| Fen::new(fen).unwrap();
        assert_eq!((read.status.clone(), read.refund, read.total), (RefundStatus::Success, fen(40), fen(100)));
        assert_eq!((read.create_unix_s, read.success_unix_s), (Some(1_606_810_691), Some(1_606_810_692)));
        assert_eq!(Refund::parse(read.to_json().as_bytes()), Ok(read));
        let read = RefundNotice::parse(NOTICE.as_bytes()).unwrap();
        assert_eq!((&read.refund.status, read.mchid.as_str()), (&RefundStatus::Abnormal, "1900000100"));
        assert_eq!(RefundNotice::parse(read.to_json().as_bytes()), Ok(read));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (body, name) in [
            (RESPONSE.replace("\"status\"", "\"state\""), "status"),
            (RESPONSE.replace("\"refund\":40,", ""), "amount.refund"),
            (RESPONSE.replace("\"total\":100,", ""), "amount.total"),
            (RESPONSE.replace("\"refund_id\"", "\"id\""), "refund_id"),
        ] {
            assert_eq!(Refund::parse(body.as_bytes()), Err(Shared::MissingField { name }.into()));
        }
        let anonymous = NOTICE.replace("\"mchid\":\"1900000100\",", "");
        let refused = RefundNotice::parse(anonymous.as_bytes());
        assert_eq!(refused, Err(Shared::MissingField { name: "mchid" }.into()));
        let abroad = RESPONSE.replace("\"CNY\"", "\"HKD\"");
        assert_eq!(Refund::parse(abroad.as_bytes()), Err(Shared::BadField { name: "amount.currency" }.into()));
    }

    #[test]
    fn requests_go_by_the_gateways_number_if_they_have_both() {
        let body = r#"{"transaction_id":"42","out_trade_no":"EL000001","out_refund_no":"R1","amount":{"refund":1,"total":2,"currency":"CNY"}}"#;
        let of = |body: &str| RefundRequest::parse(body.as_bytes()).map(|request| request.of);
        assert_eq!(of(body), Ok(RefundOf::TransactionId("42".into())));
        let by_ours = body.replace("transaction_id", "x");
        assert_eq!(of(&by_ours), Ok(RefundOf::OutTradeNo("EL000001".into())));
        for (from, name) in [
            ("out_trade_no", "out_trade_no"),
            ("out_refund_no", "out_refund_no"),
            ("refund\":1", "amount.refund"),
            ("total", "amount.total"),
        ] {
            let without = by_ours.replacen(&format!("\"{from}"), &format!("\"x{from}"), 1);
            assert_eq!(of(&without), Err(Shared::MissingField { name }.into()));
        }
        let abroad = body.replace("CNY", "HKD");
        assert_eq!(of(&abroad), Err(Shared::BadField { name: "amount.currency" }.into()));
    }

    #[test]
    fn states_read_back() {
        for text in ["SUCCESS", "CLOSED", "PROCESSING", "ABNORMAL", "SOMETHING_NEW"] {
            assert_eq!(RefundStatus::parse(text).as_str(), text);
        }
    }
}
