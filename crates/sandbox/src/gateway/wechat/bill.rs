//! The daily trade bill: every payment and every refund of a day (UTC+8), from 10:00 of the next one.

use super::{Identity, OPENID, refund_of, trade_type};
use crate::gateway::{
    trade::{Trade, Wallet},
    trades::Book,
};
use wire_pay::{
    Fen, SignedFen,
    wechat::{BillDate, BillRefund, BillRow, Packing, RefundStatus, TradeBill, parse_rfc3339},
};

/// Where bills are fetched.
const DOWNLOAD: &str = "/v3/billdownload/file?token=";
/// From midnight of the bill's day to 10:00 of the next.
const MADE_AFTER_S: i64 = 34 * 3_600;

/// Whether the bill of a day is made by `now_us`.
pub(super) fn is_made(day: BillDate, now_us: i64) -> bool {
    parse_rfc3339(&format!("{day}T00:00:00+08:00")).is_ok_and(|start_s| now_us / 1_000_000 >= start_s + MADE_AFTER_S)
}

/// The bill of a day as the file has it before it is packed; nothing if nothing happened.
pub(super) fn bill(book: &Book, identity: &Identity, day: BillDate) -> Option<String> {
    let mut rows: Vec<BillRow> = book
        .newest_first()
        .filter(|trade| trade.wallet() == Wallet::Wechat)
        .flat_map(|trade| rows(trade, identity))
        .filter(|row| BillDate::of(row.time_unix_s) == day)
        .collect();
    rows.sort_by_key(|row| row.time_unix_s);
    (!rows.is_empty()).then(|| TradeBill::of(rows).to_csv())
}

/// One row for the payment and one for each refund.
fn rows(trade: &Trade, identity: &Identity) -> Vec<BillRow> {
    let Some(paid_us) = trade.paid_us() else { return Vec::new() };
    let row = |at_us: i64, total: Fen, refund: Option<BillRefund>| BillRow {
        time_unix_s: at_us / 1_000_000,
        appid: identity.appid.clone(),
        mchid: identity.mchid.clone(),
        transaction_id: trade.trade_no.clone().unwrap_or_default(),
        out_trade_no: trade.request.out_trade_no.clone(),
        openid: OPENID.to_owned(),
        trade_type: trade_type(trade).to_owned(),
        description: trade.request.subject.clone(),
        attach: trade.request.passback.clone().unwrap_or_default(),
        total,
        settlement: total,
        coupon: Fen::ZERO,
        fee: SignedFen::ZERO,
        fee_rate: "0.60%".to_owned(),
        refund,
    };
    let mut rows = vec![row(paid_us, trade.request.amount, None)];
    for (place, refund) in trade.refunds.iter().enumerate() {
        let Some(told) = refund_of(trade, place, RefundStatus::Success) else { continue };
        let refund = BillRefund {
            revoked: false,
            refund_id: told.refund_id,
            out_refund_no: told.out_refund_no,
            applied: refund.amount,
            refund: refund.amount,
            coupon_refund: Fen::ZERO,
            channel: "ORIGINAL".to_owned(),
            status: "SUCCESS".to_owned(),
        };
        rows.push(row(refund_us(trade, place), Fen::ZERO, Some(refund)));
    }
    rows
}

fn refund_us(trade: &Trade, place: usize) -> i64 {
    trade.refunds.get(place).map_or(0, |refund| refund.at_us)
}

/// The address of a bill, below the gateway's.
pub(super) fn target(day: BillDate, packing: Packing) -> String {
    let packed = if packing == Packing::Gzip { "gzip" } else { "plain" };
    format!("{DOWNLOAD}{day}-{packed}")
}

/// The bill that an address is about.
pub(super) fn of_target(target: &str) -> Option<(BillDate, Packing)> {
    let (day, packed) = target.strip_prefix(DOWNLOAD)?.rsplit_once('-')?;
    Some((day.parse().ok()?, if packed == "gzip" { Packing::Gzip } else { Packing::Plain }))
}
