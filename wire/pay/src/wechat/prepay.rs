//! Making a trade that a payer can pay.

use super::{
    Error,
    json::{Reader, Writer},
};
use crate::Fen;

/// How the payer shall get to the cashier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeKind {
    /// By scanning a QR code with the text of `code_url`, which lives two hours.
    Native,
    /// Inside WeChat: an official account's page or a mini program.
    Jsapi {
        /// The payer, as the application knows them.
        openid: String,
    },
    /// From a phone's browser outside of WeChat, sent to `h5_url`, which lives five minutes.
    H5 {
        /// The payer's address. The cashier refuses another one.
        payer_client_ip: String,
        /// Where the payer comes from: `Wap`, `iOS` or `Android`.
        h5_type: String,
    },
}

const NATIVE: &str = "/v3/pay/transactions/native";
const JSAPI: &str = "/v3/pay/transactions/jsapi";
const H5: &str = "/v3/pay/transactions/h5";

impl TradeKind {
    pub(super) fn path(&self) -> &'static str {
        match self {
            Self::Native => NATIVE,
            Self::Jsapi { .. } => JSAPI,
            Self::H5 { .. } => H5,
        }
    }
}

/// A trade to be made. Asking again with the same number and content answers as before; with other content it is
/// refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prepay {
    /// The application, bound to the merchant.
    pub appid: String,
    /// The merchant.
    pub mchid: String,
    /// What is sold, at most 127 characters.
    pub description: String,
    /// The merchant's number of the trade: 6 to 32 letters, digits, `_`, `-`, `*`.
    pub out_trade_no: String,
    /// Until when it can be paid, unix seconds; without one, for seven days.
    pub time_expire_unix_s: Option<i64>,
    /// Comes back in queries and notices.
    pub attach: Option<String>,
    /// Where notices about the trade shall be sent: HTTPS, no query.
    pub notify_url: String,
    /// The amount.
    pub total: Fen,
    /// How the payer gets to the cashier.
    pub kind: TradeKind,
}

impl Prepay {
    pub(super) fn to_json(&self) -> String {
        let writer = Writer::new()
            .text("appid", &self.appid)
            .text("mchid", &self.mchid)
            .text("description", &self.description)
            .text("out_trade_no", &self.out_trade_no)
            .optional_time("time_expire", self.time_expire_unix_s)
            .optional_text("attach", self.attach.as_deref())
            .text("notify_url", &self.notify_url)
            .object("amount", Writer::new().fen("total", self.total).text("currency", "CNY"));
        match &self.kind {
            TradeKind::Native => writer,
            TradeKind::Jsapi { openid } => writer.object("payer", Writer::new().text("openid", openid)),
            TradeKind::H5 { payer_client_ip, h5_type } => writer.object(
                "scene_info",
                Writer::new()
                    .text("payer_client_ip", payer_client_ip)
                    .object("h5_info", Writer::new().text("type", h5_type)),
            ),
        }
        .end()
    }

    /// Reads a request to `path`; `None` if that makes no trade.
    pub(super) fn parse(path: &str, body: &[u8]) -> Result<Option<Self>, Error> {
        if ![NATIVE, JSAPI, H5].contains(&path) {
            return Ok(None);
        }
        let reader = Reader::parse(body)?;
        reader.only_cny("amount.currency")?;
        Ok(Some(Self {
            appid: reader.text("appid")?,
            mchid: reader.text("mchid")?,
            description: reader.text("description")?,
            out_trade_no: reader.text("out_trade_no")?,
            time_expire_unix_s: reader.optional_time("time_expire")?,
            attach: reader.optional_text("attach")?,
            notify_url: reader.text("notify_url")?,
            total: reader.fen("amount.total")?,
            kind: match path {
                JSAPI => TradeKind::Jsapi { openid: reader.text("payer.openid")? },
                H5 => TradeKind::H5 {
                    payer_client_ip: reader.text("scene_info.payer_client_ip")?,
                    h5_type: reader.text("scene_info.h5_info.type")?,
                },
                _ => TradeKind::Native,
            },
        }))
    }
}

/// The answer to [`Call::Prepay`](super::Call::Prepay), by the kind of trade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrepayAnswer {
    /// Native: the text to show as a QR code.
    CodeUrl(String),
    /// JSAPI: what [`ClientParameters`](super::ClientParameters) are signed for. Lives two hours.
    PrepayId(String),
    /// H5: where to send the browser.
    H5Url(String),
}

impl PrepayAnswer {
    fn name(kind: &TradeKind) -> &'static str {
        match kind {
            TradeKind::Native => "code_url",
            TradeKind::Jsapi { .. } => "prepay_id",
            TradeKind::H5 { .. } => "h5_url",
        }
    }

    /// Reads the verified body of the response.
    ///
    /// # Errors
    /// As for every body; [`crate::Error::MissingField`], [`crate::Error::BadField`].
    pub fn parse(kind: &TradeKind, body: &[u8]) -> Result<Self, Error> {
        let text = Reader::parse(body)?.text(Self::name(kind))?;
        Ok(match kind {
            TradeKind::Native => Self::CodeUrl(text),
            TradeKind::Jsapi { .. } => Self::PrepayId(text),
            TradeKind::H5 { .. } => Self::H5Url(text),
        })
    }

    /// The answer as the gateway writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (name, text) = match self {
            Self::CodeUrl(text) => ("code_url", text),
            Self::PrepayId(text) => ("prepay_id", text),
            Self::H5Url(text) => ("h5_url", text),
        };
        Writer::new().text(name, text).end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error as Shared;

    const JSAPI_BODY: &str = r#"{"appid":"wx1","mchid":"1","description":"d","out_trade_no":"EL000001","notify_url":"https://x.test/n","amount":{"total":1},"payer":{"openid":"o"}}"#;

    #[test]
    fn what_is_missing_is_named() {
        let h5 = JSAPI_BODY
            .replace(r#""payer":{"openid":"o"}"#, r#""scene_info":{"payer_client_ip":"::1","h5_info":{"type":"iOS"}}"#);
        assert!(Prepay::parse(JSAPI, JSAPI_BODY.as_bytes()).unwrap().is_some());
        assert!(Prepay::parse(H5, h5.as_bytes()).unwrap().is_some());
        assert_eq!(Prepay::parse("/v3/pay/transactions/app", b"no JSON"), Ok(None));
        for (path, body, from, name) in [
            (NATIVE, JSAPI_BODY, "appid", "appid"),
            (NATIVE, JSAPI_BODY, "mchid", "mchid"),
            (NATIVE, JSAPI_BODY, "description", "description"),
            (NATIVE, JSAPI_BODY, "out_trade_no", "out_trade_no"),
            (NATIVE, JSAPI_BODY, "notify_url", "notify_url"),
            (NATIVE, JSAPI_BODY, "total", "amount.total"),
            (JSAPI, JSAPI_BODY, "openid", "payer.openid"),
            (JSAPI, &h5, "", "payer.openid"),
            (H5, JSAPI_BODY, "", "scene_info.payer_client_ip"),
            (H5, &h5, "type", "scene_info.h5_info.type"),
        ] {
            let without = body.replace(&format!("\"{from}\":"), "\"x\":");
            assert_eq!(Prepay::parse(path, without.as_bytes()), Err(Shared::MissingField { name }.into()), "{name}");
        }
        for (amount, name) in [
            (r#"{"total":1.5}"#, "amount.total"),
            (r#"{"total":"1"}"#, "amount.total"),
            (r#"{"total":1,"currency":"USD"}"#, "amount.currency"),
        ] {
            let changed = JSAPI_BODY.replace(r#"{"total":1}"#, amount);
            assert_eq!(Prepay::parse(NATIVE, changed.as_bytes()), Err(Shared::BadField { name }.into()));
        }
    }

    #[test]
    fn answers_read_back_by_their_kind() {
        let jsapi = TradeKind::Jsapi { openid: "o".into() };
        let h5 = TradeKind::H5 { payer_client_ip: "::1".into(), h5_type: "Wap".into() };
        for (kind, answer, json) in [
            (
                &TradeKind::Native,
                PrepayAnswer::CodeUrl("weixin://wxpay/1".into()),
                r#"{"code_url":"weixin://wxpay/1"}"#,
            ),
            (&jsapi, PrepayAnswer::PrepayId("wx26".into()), r#"{"prepay_id":"wx26"}"#),
            (&h5, PrepayAnswer::H5Url("https://wx.test/?a".into()), r#"{"h5_url":"https://wx.test/?a"}"#),
        ] {
            assert_eq!(answer.to_json(), json);
            assert_eq!(PrepayAnswer::parse(kind, json.as_bytes()), Ok(answer));
        }
        let other = PrepayAnswer::parse(&TradeKind::Native, br#"{"prepay_id":"wx26"}"#);
        assert_eq!(other, Err(Shared::MissingField { name: "code_url" }.into()));
    }
}
