//! The daily trade bill: every payment and every refund of a day (UTC+8), from 10:00 of the next one.

use super::{Answer, Carried, Gateway, Identity, OPENID, openid, refund_of, refusal, refused, trade_type};
use crate::gateway::{
    faults::BillFaults,
    trade::{Refused, Trade, Wallet},
    trades::Book,
};
use wire_pay::{
    Fen, SignedFen,
    wechat::{
        BillAnnouncement, BillDate, BillRefund, BillRow, FundBill, FundRow, Packing, RefundStatus, TradeBill,
        pack_bill, parse_rfc3339,
    },
};

/// Where bills are fetched.
const DOWNLOAD: &str = "/v3/billdownload/file?token=";
/// From midnight of the bill's day to 10:00 of the next.
const MADE_AFTER_S: i64 = 34 * 3_600;

/// Whether the bill of a day is made by `now_us`.
fn is_made(day: BillDate, now_us: i64) -> bool {
    start_s(day).is_some_and(|start_s| now_us / 1_000_000 >= start_s + MADE_AFTER_S)
}

/// The bill of a day as the file has it before it is packed; nothing if nothing happened.
fn bill(book: &Book, identity: &Identity, day: BillDate, faults: BillFaults) -> Option<String> {
    let mut rows: Vec<BillRow> = book
        .newest_first()
        .filter(|trade| trade.wallet() == Wallet::Wechat)
        .flat_map(|trade| rows(trade, identity))
        .filter(|row| BillDate::of(row.time_unix_s) == day)
        .collect();
    rows.sort_by_key(|row| row.time_unix_s);
    let start_s = start_s(day).unwrap_or_default();
    let rows = faults.spoil(rows, other_amount, |n| Some(stranger(identity, start_s, n)));
    (!rows.is_empty()).then(|| TradeBill::of(rows).to_csv())
}

fn start_s(day: BillDate) -> Option<i64> {
    parse_rfc3339(&format!("{day}T00:00:00+08:00")).ok()
}

fn other_amount(row: &mut BillRow) {
    let more = |amount: Fen| amount.checked_add(Fen::new(1).unwrap_or(Fen::ZERO)).unwrap_or(Fen::MAX);
    match &mut row.refund {
        Some(refund) => (refund.applied, refund.refund) = (more(refund.applied), more(refund.refund)),
        None => (row.total, row.settlement) = (more(row.total), more(row.settlement)),
    }
}

/// A payment that nobody of this merchant's made here.
fn stranger(identity: &Identity, start_s: i64, n: usize) -> BillRow {
    let total = Fen::new(1_000).unwrap_or(Fen::MAX);
    BillRow {
        time_unix_s: start_s + 3_600,
        appid: identity.appid.clone(),
        mchid: identity.mchid.clone(),
        transaction_id: format!("42000099990000{start_s}{n:04}"),
        out_trade_no: format!("STRANGER{start_s}{n:04}"),
        openid: OPENID.to_owned(),
        trade_type: "NATIVE".to_owned(),
        description: "?".to_owned(),
        attach: String::new(),
        total,
        settlement: total,
        coupon: Fen::ZERO,
        fee: SignedFen::new(Trade::fee(total)).unwrap_or_default(),
        fee_rate: "0.60%".to_owned(),
        refund: None,
    }
}

/// The account's bill of a day: what the day before brought, after fees, is withdrawn to the bank at nine o'clock.
fn funds(book: &Book, identity: &Identity, day: BillDate) -> Option<String> {
    let start_s = start_s(day)?;
    let before = BillDate::of(start_s - 1);
    let trades = book.newest_first().filter(|trade| trade.wallet() == Wallet::Wechat);
    let rows = trades.flat_map(|trade| rows(trade, identity)).filter(|row| BillDate::of(row.time_unix_s) == before);
    let net = |row: BillRow| row.settlement.get() - row.refund.map_or(0, |back| back.refund.get()) - row.fee.get();
    let brought: i64 = rows.map(net).sum();
    let payout = FundRow {
        time_unix_s: start_s + 9 * 3_600,
        business_no: format!("9{start_s}"),
        flow_no: format!("{}{start_s}", identity.mchid),
        name: "提现".to_owned(),
        business_type: "提现".to_owned(),
        amount: SignedFen::new(-brought)?,
        balance: SignedFen::ZERO,
        voucher_no: format!("9{start_s}"),
    };
    (brought > 0).then(|| FundBill::of(vec![payout]).to_csv())
}

/// One row for the payment and one for each refund.
fn rows(trade: &Trade, identity: &Identity) -> Vec<BillRow> {
    let Some(paid_us) = trade.paid_us() else { return Vec::new() };
    let row = |at_us: i64, total: Fen, fee: i64, refund: Option<BillRefund>| BillRow {
        time_unix_s: at_us / 1_000_000,
        appid: identity.appid.clone(),
        mchid: identity.mchid.clone(),
        transaction_id: trade.trade_no.clone().unwrap_or_default(),
        out_trade_no: trade.request.out_trade_no.clone(),
        openid: openid(trade),
        trade_type: trade_type(trade).to_owned(),
        description: trade.request.subject.clone(),
        attach: trade.request.passback.clone().unwrap_or_default(),
        total,
        settlement: total,
        coupon: Fen::ZERO,
        fee: SignedFen::new(fee).unwrap_or_default(),
        fee_rate: "0.60%".to_owned(),
        refund,
    };
    let mut rows = vec![row(paid_us, trade.request.amount, Trade::fee(trade.request.amount), None)];
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
        let fee = -Trade::fee(refund.refund);
        rows.push(row(refund_us(trade, place), Fen::ZERO, fee, Some(refund)));
    }
    rows
}

fn refund_us(trade: &Trade, place: usize) -> i64 {
    trade.refunds.get(place).map_or(0, |refund| refund.at_us)
}

/// Which bill of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Trades,
    Funds,
}

/// A bill as its file has it before it is packed; nothing if nothing happened.
fn of_kind(book: &Book, identity: &Identity, (kind, day): (Kind, BillDate), faults: BillFaults) -> Option<String> {
    match kind {
        Kind::Trades => bill(book, identity, day, faults),
        Kind::Funds => funds(book, identity, day),
    }
}

/// The address of a bill, below the gateway's.
fn target(kind: Kind, day: BillDate, packing: Packing) -> String {
    let packed = if packing == Packing::Gzip { "gzip" } else { "plain" };
    let kind = if kind == Kind::Trades { "trade" } else { "fund" };
    format!("{DOWNLOAD}{day}-{packed}-{kind}")
}

/// The bill that an address is about.
fn of_target(target: &str) -> Option<(Kind, BillDate, Packing)> {
    let (rest, kind) = target.strip_prefix(DOWNLOAD)?.rsplit_once('-')?;
    let (day, packed) = rest.rsplit_once('-')?;
    let kind = if kind == "fund" { Kind::Funds } else { Kind::Trades };
    Some((kind, day.parse().ok()?, if packed == "gzip" { Packing::Gzip } else { Packing::Plain }))
}

impl Gateway {
    /// Says where a bill is.
    pub(super) fn announce_bill(
        &self,
        book: &Book,
        (kind, day): (Kind, BillDate),
        packing: Packing,
        bills: BillFaults,
        now_us: i64,
    ) -> Carried {
        if bills.not_ready || !is_made(day, now_us) {
            return Err(refusal(400, "STATEMENT_CREATING", "账单生成中"));
        }
        let bill = of_kind(book, &self.identity, (kind, day), bills);
        let bill = bill.ok_or_else(|| refusal(400, "NO_STATEMENT_EXIST", "账单不存在"))?;
        let url = format!("{}{}", self.base_url, target(kind, day, packing));
        Ok((Answer::Done(BillAnnouncement::of(bill.as_bytes(), &url).to_json()), None))
    }

    /// The file of a bill.
    pub(super) fn bill_file(&self, book: &Book, target: &str, bills: BillFaults) -> Carried {
        let file = of_target(target).and_then(|(kind, day, packing)| {
            let bill = of_kind(book, &self.identity, (kind, day), bills)?;
            pack_bill(bill.as_bytes(), packing).ok().map(|file| bills.damage(file))
        });
        Ok((Answer::File(file.ok_or_else(|| refused(Refused::NotExist))?), None))
    }
}
