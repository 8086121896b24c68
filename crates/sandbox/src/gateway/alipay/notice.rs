//! What Alipay tells the merchant unasked: notifications, and the parameters with which the payer's browser comes back.

use super::Identity;
use crate::gateway::{
    faults::NotifyFaults,
    trade::{Event, Product, Trade},
};
use wire_pay::alipay::{Fen, Params, format_time};

/// What a notification about `event` says, apart from the time it is sent and its signature.
pub(crate) fn content(identity: &Identity, trade: &Trade, event: &Event, notify_id: &str, now_us: i64) -> Params {
    let time = |us: i64| format_time(us / 1_000_000);
    let order = &trade.request;
    let amount = order.amount.to_string();
    let status = match event {
        Event::Paid => "TRADE_SUCCESS",
        Event::Closed => "TRADE_CLOSED",
        Event::Refunded(_) => trade.status().unwrap_or_default(),
    };
    let mut params: Params = [
        ("gmt_create", time(trade.created_us).as_str()),
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("notify_type", "trade_status_sync"),
        ("notify_id", notify_id),
        ("notify_time", time(now_us).as_str()),
        ("app_id", &identity.app_id),
        ("auth_app_id", &identity.app_id),
        ("seller_id", &identity.seller_id),
        ("out_trade_no", &order.out_trade_no),
        ("trade_no", trade.trade_no.as_deref().unwrap_or_default()),
        ("subject", &order.subject),
        ("trade_status", status),
        ("total_amount", &amount),
    ]
    .into_iter()
    .collect();
    if let Some(paid_us) = trade.paid_us() {
        params.set("gmt_payment", &time(paid_us));
        params.set("receipt_amount", &amount);
        params.set("buyer_pay_amount", &amount);
        params.set("invoice_amount", &amount);
        params.set("point_amount", "0.00");
        params.set("fund_bill_list", &format!("[{{\"amount\":\"{amount}\",\"fundChannel\":\"ALIPAYACCOUNT\"}}]"));
        params.set("buyer_id", super::BUYER_ID);
        params.set("buyer_logon_id", super::BUYER_LOGON_ID);
    }
    if let Some(passback) = &order.passback {
        params.set("passback_params", passback);
    }
    match event {
        Event::Paid => {}
        Event::Closed => params.set("gmt_close", &time(now_us)),
        Event::Refunded(refund) => {
            params.set("out_biz_no", &refund.request_no);
            params.set("refund_fee", &trade.refunded().to_string());
            params.set("gmt_refund", &format!("{}.000", time(refund.at_us)));
        }
    }
    params
}

/// `content` as it is sent: with the time, the faults and a signature.
pub(crate) fn signed_form(
    identity: &Identity,
    content: &Params,
    amount: Fen,
    faults: &NotifyFaults,
    now_us: i64,
) -> Result<String, wire_pay::alipay::Error> {
    let mut params = content.clone();
    params.set("notify_time", &format_time(now_us / 1_000_000));
    if faults.wrong_amount {
        let other = Fen::new(1).and_then(|one| amount.checked_add(one)).unwrap_or(Fen::ZERO);
        params.set("total_amount", &other.to_string());
    }
    if faults.wrong_seller {
        params.set("seller_id", "2088000000000000");
    }
    if faults.wrong_app {
        params.set("app_id", "2021999999999999");
    }
    params.sign_notification(&identity.gateway_key)?;
    if faults.forge {
        let signature = identity.gateway_key.sign(b"something else")?;
        params.set("sign", &signature);
    }
    Ok(params.to_form_body())
}

/// Where the browser goes after paying, with the parameters the gateway signs. They say that the browser came back, not
/// that money moved.
pub(crate) fn return_url(identity: &Identity, trade: &Trade, now_us: i64) -> Option<String> {
    let base = trade.request.return_url.as_ref().filter(|url| url.starts_with("http"))?;
    let amount = trade.request.amount.to_string();
    let method = if trade.request.product == Product::Wap { "wap" } else { "page" };
    let mut params: Params = [
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("method", format!("alipay.trade.{method}.pay.return").as_str()),
        ("app_id", &identity.app_id),
        ("auth_app_id", &identity.app_id),
        ("seller_id", &identity.seller_id),
        ("out_trade_no", &trade.request.out_trade_no),
        ("trade_no", trade.trade_no.as_deref()?),
        ("total_amount", &amount),
        ("timestamp", &format_time(now_us / 1_000_000)),
    ]
    .into_iter()
    .collect();
    params.sign_notification(&identity.gateway_key).ok()?;
    let separator = if base.contains('?') { '&' } else { '?' };
    Some(format!("{base}{separator}{}", params.to_query()))
}
