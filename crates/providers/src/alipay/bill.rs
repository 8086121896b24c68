//! The bill of a day: an address for thirty seconds, and what is fetched there: a ZIP archive of tables in GBK. Trades come
//! from one bill, payouts to the bank from another, that of the merchant's account.

use super::{Alipay, Failure};
use everline_app::ports::{BillAnswer, DayOfBill};
use everline_core::money::{Currency, Money, UNIT};
use everline_core::reconciliation::{BillLine, LineKind};
use everline_core::time::{SECOND_US, SystemTime};
use wire_pay::SignedFen;
use wire_pay::alipay::{AccountBill, BillDownloadUrl, BillHead, BillType, TradeBill, TradeBillKind, TradeBillRow};
use wire_pay::alipay::{Reply, method};

/// Largest archive fetched, in bytes; its reader takes no larger one.
const ARCHIVE_BYTES_MAX: usize = 16 << 20;
/// What a merchant's account number ends in on bills.
const ACCOUNT_TAIL: &str = "0156";
/// A payout to the bank, and one that the bank sent back, in the words of the account's bill.
const PAYOUTS: [&str; 2] = ["提现", "提现退回"];

impl Alipay {
    pub(super) async fn ask_bill(&self, day: &DayOfBill) -> Result<BillAnswer, Failure> {
        let trades = self.archive(BillType::Trade, day).await?;
        let account = self.archive(BillType::SignCustomer, day).await?;
        if trades.is_none() && account.is_none() {
            return Ok(BillAnswer::NotYet);
        }
        let (seller, from_s) = (self.config.seller_id.clone(), day.from.us() / SECOND_US);
        let read = move || {
            let mut lines = Vec::new();
            if let Some(archive) = trades {
                let bill = TradeBill::read_zip(&archive)?;
                ours(&bill.head, &seller, from_s)?;
                lines.extend(lines_of(&bill));
            }
            if let Some(archive) = account {
                let bill = AccountBill::read_zip(&archive)?;
                ours(&bill.head, &seller, from_s)?;
                lines.extend(payouts_of(&bill));
            }
            Ok(BillAnswer::Bill(lines))
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| Failure::Interrupted)?
    }

    /// The archive of a bill; `None` if there is none, because it is not made yet or nothing happened that day.
    async fn archive(&self, kind: BillType, day: &DayOfBill) -> Result<Option<Vec<u8>>, Failure> {
        let content = kind.content(day.from.us() / SECOND_US);
        let content = serde_json::from_str(&content).unwrap_or_default();
        let url = match BillDownloadUrl::parse(&self.ask(method::BILL_DOWNLOAD_URL, content).await?)? {
            Reply::Done(at) => at.bill_download_url,
            Reply::Refused(refusal) if refusal.sub_code.to_ascii_lowercase().ends_with("bill_not_exist") => {
                return Ok(None);
            }
            Reply::Refused(refusal) => {
                tracing::warn!(sub_code = refusal.sub_code, "alipay refused a bill");
                return Err(Failure::OtherBill);
            }
        };
        // The address is signed, the file is not: where the gateway is reached safely, so is the file.
        let url = match url.strip_prefix("http://") {
            Some(rest) if self.config.gateway_url.starts_with("https://") => format!("https://{rest}"),
            _ => url,
        };
        let file = self.http.file(&url, &[], ARCHIVE_BYTES_MAX).await?;
        if file.status == 200 { Ok(Some(file.body)) } else { Err(Failure::File(file.status)) }
    }
}

/// A bill of another account or day says nothing about this one.
fn ours(head: &BillHead, seller: &str, from_s: i64) -> Result<(), Failure> {
    let account = head.account.strip_suffix(ACCOUNT_TAIL).unwrap_or(&head.account);
    if account == seller && head.begin_unix_s == from_s { Ok(()) } else { Err(Failure::OtherBill) }
}

/// The lines of a bill of trades.
#[must_use]
pub fn lines_of(bill: &TradeBill) -> Vec<BillLine> {
    bill.rows.iter().map(line_of).collect()
}

fn micros(amount: SignedFen) -> i64 {
    amount.get().saturating_mul(UNIT / 100)
}

fn line_of(row: &TradeBillRow) -> BillLine {
    // What a coupon of the merchant's own took off a trade is no part of what the payer was asked, which is what notices and
    // answers say too: it costs like a fee.
    let coupons = micros(row.order_amount).saturating_sub(micros(row.received));
    let (kind, amount, coupons) = match row.kind {
        TradeBillKind::Trade => (LineKind::Payment, micros(row.order_amount), coupons),
        TradeBillKind::Refund => (LineKind::Refund, -micros(row.received), 0),
        TradeBillKind::Other(_) => (LineKind::Other, micros(row.received), 0),
    };
    let request_no = row.out_request_no.clone();
    BillLine {
        kind,
        // A refund has no number of the gateway's own.
        number: match &request_no {
            Some(request_no) if kind != LineKind::Payment => format!("{}/{request_no}", row.trade_no),
            _ => row.trade_no.clone(),
        },
        out_trade_no: Some(row.out_trade_no.clone()),
        request_no,
        trade_no: Some(row.trade_no.clone()),
        amount: Money::from_micros(amount, Currency::CNY),
        fee: coupons.saturating_sub(micros(row.fee)),
        at: SystemTime::from_us(row.completed_unix_s.saturating_mul(SECOND_US)),
        said: format!(
            "{}: 订单金额 {} 商家实收 {} 服务费 {}",
            word(&row.kind),
            row.order_amount,
            row.received,
            row.fee
        ),
    }
}

fn word(kind: &TradeBillKind) -> &str {
    match kind {
        TradeBillKind::Trade => "交易",
        TradeBillKind::Refund => "退款",
        TradeBillKind::Other(word) => word,
    }
}

fn payouts_of(bill: &AccountBill) -> impl Iterator<Item = BillLine> + '_ {
    bill.rows.iter().filter(|row| PAYOUTS.contains(&row.business_type.as_str())).map(|row| BillLine {
        kind: LineKind::Payout,
        number: row.log_no.clone(),
        out_trade_no: None,
        request_no: None,
        trade_no: None,
        amount: Money::from_micros(-micros(row.amount), Currency::CNY),
        fee: 0,
        at: SystemTime::from_us(row.occurred_unix_s.saturating_mul(SECOND_US)),
        said: format!("{}: {}", row.business_type, row.amount),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(kind: TradeBillKind, order_amount: &str, received: &str, fee: &str) -> TradeBillRow {
        let fen = |text: &str| SignedFen::new(text.replace('.', "").parse().unwrap()).unwrap();
        TradeBillRow {
            trade_no: "2026".to_owned(),
            out_trade_no: "n1".to_owned(),
            kind,
            subject: String::new(),
            created_unix_s: 0,
            completed_unix_s: 0,
            order_amount: fen(order_amount),
            received: fen(received),
            out_request_no: None,
            fee: fen(fee),
        }
    }

    #[test]
    fn a_coupon_of_the_merchants_costs_like_a_fee() {
        let line = line_of(&row(TradeBillKind::Trade, "39.00", "36.00", "-0.22"));
        assert_eq!((line.amount.decimal(), line.fee), ("39.00".to_owned(), 3_220_000));
        let line = line_of(&row(TradeBillKind::Trade, "39.00", "39.00", "-0.23"));
        assert_eq!((line.amount.decimal(), line.fee), ("39.00".to_owned(), 230_000));
        let back = line_of(&row(TradeBillKind::Refund, "-39.00", "-39.00", "0.23"));
        assert_eq!((back.amount.decimal(), back.fee), ("39.00".to_owned(), -230_000));
    }
}
