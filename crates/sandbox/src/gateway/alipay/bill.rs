//! The daily bills (UTC+8), from 10:00 of the next day: trades, and the movements of the merchant's account. An address works
//! for thirty seconds.
//!
//! What a day brought is paid out to the bank on the next, at nine o'clock.

use super::{Identity, Reply, biz};
use crate::{
    World,
    gateway::{
        faults::BillFaults,
        trade::{Refused, Trade, Wallet},
        trades::Book,
    },
    net::lock,
};
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use wire_pay::SignedFen;
use wire_pay::alipay::{AccountBill, AccountBillRow, BillHead, BillType, TradeBill, TradeBillKind, TradeBillRow};
use wire_pay::alipay::{format_time, parse_time};

const DAY_S: i64 = 86_400;
/// From midnight of the bill's day to 10:00 of the next.
const MADE_AFTER_S: i64 = 34 * 3_600;
/// How long an address works.
const ADDRESS_LIFE_S: i64 = 30;
/// When the day before is paid out, from midnight.
const PAID_OUT_AFTER_S: i64 = 9 * 3_600;

/// Kind and first second of the bill that is asked for.
pub(super) fn asked(kind: &str, date: &str) -> Result<(BillType, i64), Refused> {
    let kind = BillType::parse(kind).ok_or(Refused::Invalid)?;
    let day = parse_time(&format!("{date} 00:00:00")).map_err(|_| Refused::Invalid)?;
    Ok((kind, day))
}

/// Whether the bill of the day that begins then is made.
pub(super) fn is_made(day: i64, now_us: i64) -> bool {
    now_us / 1_000_000 >= day + MADE_AFTER_S
}

/// Where a bill is, from now on.
pub(super) fn url(base_url: &str, kind: BillType, day: i64, now_us: i64) -> String {
    let until = now_us / 1_000_000 + ADDRESS_LIFE_S;
    format!("{base_url}/downloadBillFile.resource?kind={}&day={day}&until={until}", kind.as_str())
}

/// The answer with an address, or that there is no bill.
pub(super) fn answer(url: Option<String>) -> Reply {
    Reply::Value(match url {
        Some(url) => biz::done(json!({ "bill_download_url": url })),
        None => biz::refusal("40004", "Business Failed", "isp.bill_not_exist", "账单不存在"),
    })
}

#[derive(Deserialize)]
pub(super) struct Address {
    kind: String,
    day: i64,
    until: i64,
}

/// Hands out the file while its address works.
pub(super) async fn download(State(world): State<Arc<World>>, Query(address): Query<Address>) -> Response {
    let now_us = (world.clock)();
    let Some(kind) = BillType::parse(&address.kind).filter(|_| now_us / 1_000_000 <= address.until) else {
        return StatusCode::FORBIDDEN.into_response();
    };
    let bills = lock(&world.payments.faults).bills;
    let book = lock(&world.payments.book);
    match file(&book, &world.alipay.identity, (kind, address.day), bills, now_us) {
        Some(file) => file.into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The file of a bill; nothing if nothing happened that day.
pub(super) fn file(
    book: &Book,
    identity: &Identity,
    (kind, day): (BillType, i64),
    bills: BillFaults,
    now_us: i64,
) -> Option<Vec<u8>> {
    let account = format!("{}0156", identity.seller_id);
    let head = BillHead { account, begin_unix_s: day, end_unix_s: day + DAY_S };
    let made = now_us / 1_000_000;
    let file = match kind {
        BillType::Trade => {
            let rows = bills.spoil(trades(book, day), other_amount, |n| Some(stranger(day, n)));
            (!rows.is_empty()).then(|| TradeBill { head, rows }.to_zip(made))?
        }
        BillType::SignCustomer => {
            let rows = Vec::from_iter(paid_out(book, day));
            (!rows.is_empty()).then(|| AccountBill { head, rows }.to_zip(made))?
        }
    };
    file.ok().map(|file| bills.damage(file))
}

fn signed(fen: i64) -> SignedFen {
    SignedFen::new(fen).unwrap_or_default()
}

/// Payments and refunds of the day that begins then.
fn trades(book: &Book, day: i64) -> Vec<TradeBillRow> {
    let mut rows: Vec<TradeBillRow> =
        book.newest_first().filter(|trade| trade.wallet() == Wallet::Alipay).flat_map(rows).collect();
    rows.retain(|row| (day..day + DAY_S).contains(&row.completed_unix_s));
    rows.sort_by_key(|row| row.completed_unix_s);
    rows
}

fn rows(trade: &Trade) -> Vec<TradeBillRow> {
    let Some(paid_us) = trade.paid_us() else { return Vec::new() };
    let row = |kind, at_us: i64, fen: i64, fee: i64, out_request_no| TradeBillRow {
        trade_no: trade.trade_no.clone().unwrap_or_default(),
        out_trade_no: trade.request.out_trade_no.clone(),
        kind,
        subject: trade.request.subject.clone(),
        created_unix_s: trade.created_us / 1_000_000,
        completed_unix_s: at_us / 1_000_000,
        order_amount: signed(fen),
        received: signed(fen),
        out_request_no,
        fee: signed(fee),
    };
    let paid = trade.request.amount;
    let mut rows = vec![row(TradeBillKind::Trade, paid_us, paid.get(), -Trade::fee(paid), None)];
    rows.extend(trade.refunds.iter().map(|refund| {
        let number = Some(refund.request_no.clone());
        row(TradeBillKind::Refund, refund.at_us, -refund.amount.get(), Trade::fee(refund.amount), number)
    }));
    rows
}

fn other_amount(row: &mut TradeBillRow) {
    let more = |amount: SignedFen| signed(amount.get() + amount.get().signum());
    (row.order_amount, row.received) = (more(row.order_amount), more(row.received));
}

/// A payment that nobody made here.
fn stranger(day: i64, n: usize) -> TradeBillRow {
    TradeBillRow {
        trade_no: format!("{day}9999{n:04}"),
        out_trade_no: format!("STRANGER{day}{n:04}"),
        kind: TradeBillKind::Trade,
        subject: "?".to_owned(),
        created_unix_s: day + 3_600,
        completed_unix_s: day + 3_600,
        order_amount: signed(1_000),
        received: signed(1_000),
        out_request_no: None,
        fee: signed(-6),
    }
}

/// What the day before brought, after fees, on its way to the bank.
fn paid_out(book: &Book, day: i64) -> Option<AccountBillRow> {
    let brought: i64 = trades(book, day - DAY_S).iter().map(|row| row.received.get() + row.fee.get()).sum();
    let date: String = format_time(day).chars().take(10).filter(char::is_ascii_digit).collect();
    (brought > 0).then(|| AccountBillRow {
        log_no: format!("{date}110070001000000001"),
        business_no: format!("{date}110070101500000001"),
        out_trade_no: None,
        occurred_unix_s: day + PAID_OUT_AFTER_S,
        amount: signed(-brought),
        balance: signed(0),
        business_type: "提现".to_owned(),
        remark: String::new(),
    })
}
