//! What the gateway answers to each method, as types. Each is read from the text that
//! [`verify_response`](super::verify_response) returned.

use super::{
    TradeStatus,
    response::{Reply, reply},
};
use crate::{Error, Fen, json::Fields, time::parse_time};

/// The answer to `alipay.trade.precreate`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradePrecreated {
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The text to show as a QR code. No trade exists until a payer scans it.
    pub qr_code: String,
}

/// The answer to `alipay.trade.query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeQueried {
    /// The gateway's number of the trade.
    pub trade_no: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The state of the trade.
    pub trade_status: TradeStatus,
    /// The amount of the order.
    pub total_amount: Fen,
    /// When the payer paid, unix seconds.
    pub send_pay_unix_s: Option<i64>,
    /// The payer's login as the gateway masks it.
    pub buyer_logon_id: Option<String>,
}

/// The answer to `alipay.trade.close`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeClosed {
    /// The gateway's number of the trade.
    pub trade_no: Option<String>,
    /// The merchant's number of the trade.
    pub out_trade_no: Option<String>,
}

/// The answer to `alipay.trade.refund`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRefunded {
    /// The gateway's number of the trade.
    pub trade_no: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// `fund_change=Y`: **this** request moved money. Without it, a query tells whether an earlier one did.
    pub fund_change: bool,
    /// What was given back of this trade so far, all refunds together.
    pub refunded_total: Fen,
}

/// The answer to `alipay.trade.fastpay.refund.query`. Code 10000 alone does not mean that anything was refunded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeRefund {
    /// The gateway's number of the trade.
    pub trade_no: Option<String>,
    /// The merchant's number of the trade.
    pub out_trade_no: Option<String>,
    /// The merchant's number of the refund.
    pub out_request_no: Option<String>,
    /// What this refund gave back.
    pub refund_amount: Option<Fen>,
    /// The amount of the order.
    pub total_amount: Option<Fen>,
    /// `refund_status=REFUND_SUCCESS`: the money went back. Otherwise the refund is unknown to the gateway or failed.
    pub refunded: bool,
}

fn amount(fields: &Fields, name: &'static str) -> Result<Option<Fen>, Error> {
    fields.optional(name)?.map(|text| text.parse().map_err(|_| Error::BadField { name })).transpose()
}

impl TradePrecreated {
    /// Reads the signed part of the response.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`], [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Reply<Self>, Error> {
        reply(raw, |fields| {
            Ok(Self { out_trade_no: fields.required("out_trade_no")?, qr_code: fields.required("qr_code")? })
        })
    }
}

impl TradeQueried {
    /// Reads the signed part of the response.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`], [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Reply<Self>, Error> {
        reply(raw, |fields| {
            let paid_at = fields.optional("send_pay_date")?;
            Ok(Self {
                trade_no: fields.required("trade_no")?,
                out_trade_no: fields.required("out_trade_no")?,
                trade_status: TradeStatus::parse(&fields.required("trade_status")?),
                total_amount: amount(fields, "total_amount")?.ok_or(Error::MissingField { name: "total_amount" })?,
                send_pay_unix_s: paid_at
                    .map(|text| parse_time(&text).map_err(|_| Error::BadField { name: "send_pay_date" }))
                    .transpose()?,
                buyer_logon_id: fields.optional("buyer_logon_id")?,
            })
        })
    }
}

impl TradeClosed {
    /// Reads the signed part of the response.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`], [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Reply<Self>, Error> {
        reply(raw, |fields| {
            Ok(Self { trade_no: fields.optional("trade_no")?, out_trade_no: fields.optional("out_trade_no")? })
        })
    }
}

impl TradeRefunded {
    /// Reads the signed part of the response.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`], [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Reply<Self>, Error> {
        reply(raw, |fields| {
            Ok(Self {
                trade_no: fields.required("trade_no")?,
                out_trade_no: fields.required("out_trade_no")?,
                fund_change: fields.optional("fund_change")?.as_deref() == Some("Y"),
                refunded_total: amount(fields, "refund_fee")?.ok_or(Error::MissingField { name: "refund_fee" })?,
            })
        })
    }
}

impl TradeRefund {
    /// Reads the signed part of the response.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`], [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Reply<Self>, Error> {
        reply(raw, |fields| {
            Ok(Self {
                trade_no: fields.optional("trade_no")?,
                out_trade_no: fields.optional("out_trade_no")?,
                out_request_no: fields.optional("out_request_no")?,
                refund_amount: amount(fields, "refund_amount")?,
                total_amount: amount(fields, "total_amount")?,
                refunded: fields.optional("refund_status")?.as_deref() == Some("REFUND_SUCCESS"),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_its_amount_is_exact() {
        let raw = r#"{"code":"10000","msg":"Success","buyer_logon_id":"159****5620","out_trade_no":"E1","send_pay_date":"2026-01-01 00:00:00","total_amount":"88.8","trade_no":"2013","trade_status":"TRADE_SUCCESS"}"#;
        let Ok(Reply::Done(trade)) = TradeQueried::parse(raw) else { panic!("not done") };
        assert_eq!(trade.total_amount.get(), 8_880);
        assert_eq!(trade.send_pay_unix_s, Some(1_767_196_800));
        assert!(trade.trade_status.is_paid());
        assert_eq!(trade.buyer_logon_id.as_deref(), Some("159****5620"));
        let without = raw.replace("\"total_amount\":\"88.8\",", "");
        assert_eq!(TradeQueried::parse(&without), Err(Error::MissingField { name: "total_amount" }));
        let numeric = raw.replace("\"88.8\"", "88.8");
        assert_eq!(TradeQueried::parse(&numeric), Err(Error::BadField { name: "total_amount" }));
        let negative = raw.replace("\"88.8\"", "\"-88.8\"");
        assert_eq!(TradeQueried::parse(&negative), Err(Error::BadField { name: "total_amount" }));
    }

    #[test]
    fn code_10000_does_not_mean_refunded() {
        let raw = r#"{"code":"10000","msg":"Success","out_trade_no":"E1","trade_no":"2013","refund_fee":"0.00","fund_change":"N"}"#;
        let Ok(Reply::Done(refund)) = TradeRefunded::parse(raw) else { panic!("not done") };
        assert!(!refund.fund_change);
        let Ok(Reply::Done(refund)) = TradeRefund::parse(r#"{"code":"10000","msg":"Success"}"#) else {
            panic!("not done")
        };
        assert!(!refund.refunded);
        let raw = r#"{"code":"10000","msg":"Success","out_request_no":"R1","refund_amount":"1.00","refund_status":"REFUND_SUCCESS"}"#;
        let Ok(Reply::Done(refund)) = TradeRefund::parse(raw) else { panic!("not done") };
        assert!(refund.refunded);
        assert_eq!(refund.refund_amount, Fen::new(100));
    }

    #[test]
    fn a_refusal_keeps_its_sub_code() {
        let raw = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在"}"#;
        for refused in [
            matches!(TradeQueried::parse(raw), Ok(Reply::Refused(r)) if r.sub_code == "ACQ.TRADE_NOT_EXIST"),
            matches!(TradeClosed::parse(raw), Ok(Reply::Refused(r)) if r.sub_msg == "交易不存在"),
            matches!(TradePrecreated::parse(raw), Ok(Reply::Refused(r)) if r.code == "40004"),
            matches!(TradeRefunded::parse(raw), Ok(Reply::Refused(r)) if r.msg == "Business Failed"),
            matches!(TradeRefund::parse(raw), Ok(Reply::Refused(_))),
        ] {
            assert!(refused);
        }
    }
}
