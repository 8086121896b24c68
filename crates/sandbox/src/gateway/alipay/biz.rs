//! What the methods of the gateway are asked and what they answer, as JSON.

use crate::gateway::trade::{OrderRequest, Product, Refused, State, Trade, TradeKey, Wallet};
use serde_json::{Map, Value, json};
use wire_pay::alipay::{Fen, Params, format_time, parse_time};

/// How long a QR code lives if the order does not say.
const QR_LIFE_US: i64 = 2 * 3_600 * 1_000_000;
/// How long a cashier page lives if the order does not say.
const PAGE_LIFE_US: i64 = 15 * 24 * 3_600 * 1_000_000;

/// The parsed `biz_content`.
pub(crate) struct Biz(Map<String, Value>);

impl Biz {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Some(Self(map)),
            _ => None,
        }
    }

    /// A text that is there and not empty. Numbers count as text, as they do at the real gateway.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(crate) fn amount(&self, name: &str) -> Result<Fen, Refused> {
        self.text(name).and_then(|text| text.parse().ok()).ok_or(Refused::Invalid)
    }

    pub(crate) fn key(&self) -> TradeKey {
        TradeKey { wallet: Wallet::Alipay, out_trade_no: self.text("out_trade_no"), trade_no: self.text("trade_no") }
    }

    /// The order in a precreate or a cashier page.
    pub(crate) fn order(&self, params: &Params, product: Product, now_us: i64) -> Result<OrderRequest, Refused> {
        let out_trade_no = self.text("out_trade_no").ok_or(Refused::Invalid)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if out_trade_no.len() > 64 || !out_trade_no.chars().all(plain) {
            return Err(Refused::Invalid);
        }
        let amount = self.amount("total_amount")?;
        if amount == Fen::ZERO {
            return Err(Refused::Invalid);
        }
        let subject = self.text("subject").filter(|text| text.chars().count() <= 256).ok_or(Refused::Invalid)?;
        let url = |name: &str| params.get(name).filter(|url| !url.is_empty()).map(str::to_owned);
        Ok(OrderRequest {
            deadline_us: self.deadline(product, now_us)?,
            out_trade_no,
            amount,
            subject,
            notify_url: url("notify_url"),
            return_url: if product == Product::Precreate { None } else { url("return_url") },
            passback: self.text("passback_params"),
            product,
            openid: None,
        })
    }

    fn deadline(&self, product: Product, now_us: i64) -> Result<i64, Refused> {
        let life_us = if product == Product::Precreate { QR_LIFE_US } else { PAGE_LIFE_US };
        let mut deadline_us = now_us.saturating_add(life_us);
        for name in ["timeout_express", "qr_code_timeout_express"] {
            if let Some(text) = self.text(name) {
                deadline_us = deadline_us.min(now_us.saturating_add(span_us(&text, now_us).ok_or(Refused::Invalid)?));
            }
        }
        if let Some(text) = self.text("time_expire") {
            // Both "yyyy-MM-dd HH:mm:ss" and, as for older methods, without seconds.
            let unix_s = parse_time(&text).or_else(|_| parse_time(&format!("{text}:00")));
            deadline_us = unix_s.map_err(|_| Refused::Invalid)?.saturating_mul(1_000_000);
        }
        Ok(deadline_us)
    }
}

/// `5m`, `2h`, `3d`, or `1c` for the end of the day in UTC+8, in µs.
fn span_us(text: &str, now_us: i64) -> Option<i64> {
    let digits = text.get(..text.len().checked_sub(1)?)?;
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let count: i64 = digits.parse().ok().filter(|count| (1..=21_600).contains(count))?;
    let unit_us = match text.chars().last()? {
        'm' => 60 * 1_000_000,
        'h' => 3_600 * 1_000_000,
        'd' => 86_400 * 1_000_000,
        'c' if count == 1 => {
            let day_us = 86_400 * 1_000_000;
            return Some(day_us - (now_us + 8 * 3_600 * 1_000_000).rem_euclid(day_us));
        }
        _ => return None,
    };
    Some(count * unit_us)
}

/// An answer that was carried out: `fields` behind code and message.
pub(crate) fn done(fields: Value) -> String {
    let mut map = Map::new();
    map.insert("code".into(), "10000".into());
    map.insert("msg".into(), "Success".into());
    if let Value::Object(fields) = fields {
        map.extend(fields);
    }
    text(&Value::Object(map))
}

/// Any refusal.
pub(crate) fn refusal(code: &str, msg: &str, sub_code: &str, sub_msg: &str) -> String {
    text(&json!({ "code": code, "msg": msg, "sub_code": sub_code, "sub_msg": sub_msg }))
}

/// A business refusal (code 40004).
pub(crate) fn business_refusal(refused: Refused) -> String {
    let (sub_code, sub_msg) = match refused {
        Refused::NotExist => ("ACQ.TRADE_NOT_EXIST", "交易不存在"),
        Refused::WrongState => ("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
        Refused::HasSuccess => ("ACQ.TRADE_HAS_SUCCESS", "交易已被支付"),
        Refused::HasClose => ("ACQ.TRADE_HAS_CLOSE", "交易已经关闭"),
        Refused::OtherOrder => ("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改"),
        Refused::OtherRefund => ("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致"),
        Refused::RefundTooLarge => ("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限"),
        Refused::Invalid => ("ACQ.INVALID_PARAMETER", "参数无效"),
        Refused::System => ("ACQ.SYSTEM_ERROR", "系统错误"),
    };
    refusal("40004", "Business Failed", sub_code, sub_msg)
}

/// JSON as the gateway writes it: with `\/` for `/`.
fn text(value: &Value) -> String {
    value.to_string().replace('/', "\\/")
}

/// The answer to a query.
pub(crate) fn queried(trade: &Trade) -> Value {
    let mut answer = json!({
        "out_trade_no": trade.request.out_trade_no,
        "trade_no": trade.trade_no,
        "trade_status": trade.status(),
        "total_amount": trade.request.amount.to_string(),
        "buyer_logon_id": super::BUYER_LOGON_ID,
        "buyer_user_id": super::BUYER_ID,
    });
    if let (State::Paid { at_us }, Some(map)) = (trade.state, answer.as_object_mut()) {
        map.insert("send_pay_date".into(), format_time(at_us / 1_000_000).into());
        map.insert("receipt_amount".into(), trade.request.amount.to_string().into());
    }
    answer
}

/// The answer to a refund; `changed` if it moved money.
pub(crate) fn refunded(trade: &Trade, changed: bool) -> Value {
    let last_us = trade.refunds.iter().map(|refund| refund.at_us).max().unwrap_or_default();
    json!({
        "out_trade_no": trade.request.out_trade_no,
        "trade_no": trade.trade_no,
        "buyer_logon_id": super::BUYER_LOGON_ID,
        "fund_change": if changed { "Y" } else { "N" },
        "refund_fee": trade.refunded().to_string(),
        "gmt_refund_pay": format_time(last_us / 1_000_000),
    })
}

/// The answer to a query for the refund `request_no`; without status and amount if there is none.
pub(crate) fn refund_queried(trade: &Trade, request_no: &str) -> Value {
    match trade.refunds.iter().find(|refund| refund.request_no == request_no) {
        None => json!({}),
        Some(refund) => json!({
            "out_trade_no": trade.request.out_trade_no,
            "trade_no": trade.trade_no,
            "out_request_no": refund.request_no,
            "refund_amount": refund.amount.to_string(),
            "total_amount": trade.request.amount.to_string(),
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": format_time(refund.at_us / 1_000_000),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_772_327_107_000_000;

    fn order(biz: &str) -> Result<OrderRequest, Refused> {
        Biz::parse(biz).unwrap().order(&Params::new(), Product::Precreate, NOW)
    }

    #[test]
    fn orders_are_read_with_their_deadline() {
        let with =
            |extra: &str| order(&format!(r#"{{"out_trade_no":"E-1_a","total_amount":"1.5","subject":"x"{extra}}}"#));
        assert_eq!(with("").unwrap().deadline_us, NOW + QR_LIFE_US);
        assert_eq!(with(r#","timeout_express":"30m""#).unwrap().deadline_us, NOW + 1_800_000_000);
        assert_eq!(with(r#","timeout_express":"90d""#).unwrap().deadline_us, NOW + QR_LIFE_US);
        assert_eq!(with(r#","qr_code_timeout_express":"1h""#).unwrap().deadline_us, NOW + 3_600_000_000);
        let expire = with(r#","time_expire":"2026-03-01 09:35:07""#).unwrap().deadline_us;
        assert_eq!(expire, NOW + 1_800_000_000);
        assert_eq!(with(r#","time_expire":"2026-03-01 09:35""#).unwrap().deadline_us, NOW + 1_793_000_000);
        for bad in [
            r#","timeout_express":"30""#,
            r#","timeout_express":"0m""#,
            r#","time_expire":"soon""#,
            r#","timeout_express":"2c""#,
        ] {
            assert_eq!(with(bad).unwrap_err(), Refused::Invalid, "{bad}");
        }
    }

    #[test]
    fn the_end_of_the_day_is_midnight_in_beijing() {
        assert_eq!(format_time((NOW + span_us("1c", NOW).unwrap()) / 1_000_000), "2026-03-02 00:00:00");
    }

    #[test]
    fn bad_orders_are_refused() {
        for bad in [
            r#"{}"#,
            r#"{"out_trade_no":"E1","total_amount":"0","subject":"x"}"#,
            r#"{"out_trade_no":"E1","total_amount":"1.001","subject":"x"}"#,
            r#"{"out_trade_no":"E1","total_amount":"-1","subject":"x"}"#,
            r#"{"out_trade_no":"E1","total_amount":"1"}"#,
            r#"{"out_trade_no":"E 1","total_amount":"1","subject":"x"}"#,
            r#"{"out_trade_no":"","total_amount":"1","subject":"x"}"#,
        ] {
            assert_eq!(order(bad).unwrap_err(), Refused::Invalid, "{bad}");
        }
        assert!(Biz::parse("[]").is_none());
        assert!(Biz::parse("{").is_none());
    }

    #[test]
    fn slashes_are_escaped_as_the_gateway_does() {
        assert_eq!(
            done(json!({ "qr_code": "http://x/y" })),
            r#"{"code":"10000","msg":"Success","qr_code":"http:\/\/x\/y"}"#
        );
    }
}
