//! The bill of a day: a signed announcement with the hash of the file, then the file, packed. Amounts are in yuan there.
//! Trades come from one bill, payouts to the bank from another, that of the merchant's account.

use super::{Failure, Wechat};
use everline_app::ports::{BillAnswer, DayOfBill};
use everline_core::money::{Currency, Money, UNIT};
use everline_core::reconciliation::{BillLine, LineKind};
use everline_core::time::{SECOND_US, SystemTime};
use wire_pay::wechat::{BillAnnouncement, BillDate, BillRow, Call, FundAccount, FundBill, Packing, Reply, TradeBill};

/// Largest file fetched, in bytes; what it unpacks to is bounded by its reader.
const FILE_BYTES_MAX: usize = 16 << 20;
/// How the gateway says that a bill is not made, or that nothing happened that day.
const NO_BILL: [&str; 2] = ["STATEMENT_CREATING", "NO_STATEMENT_EXIST"];

/// What a withdrawal to the bank, or one that came back, begins with in the account's bill.
const PAYOUT: &str = "提现";

impl Wechat {
    pub(super) async fn ask_bill(&self, day: &DayOfBill) -> Result<BillAnswer, Failure> {
        let (bill_date, packing) = (BillDate::of(day.from.us() / SECOND_US), Packing::Gzip);
        let trades = self.file_of(Call::TradeBill { bill_date, packing }).await?;
        let funds = self.file_of(Call::FundFlowBill { bill_date, account: FundAccount::Basic, packing }).await?;
        if trades.is_none() && funds.is_none() {
            return Ok(BillAnswer::NotYet);
        }
        let read = move || {
            let mut lines = Vec::new();
            if let Some(trades) = trades {
                lines.extend(TradeBill::parse(&trades.open()?)?.rows().iter().map(line_of));
            }
            if let Some(funds) = funds {
                lines.extend(payouts_of(&FundBill::parse(&funds.open()?)?));
            }
            Ok(BillAnswer::Bill(lines))
        };
        tokio::task::spawn_blocking(read).await.map_err(|_| Failure::Interrupted)?
    }

    /// The file of a bill; `None` if there is none, because it is not made yet or nothing happened that day.
    async fn file_of(&self, call: Call) -> Result<Option<Fetched>, Failure> {
        let announced = match self.ask(call).await? {
            Reply::Done(body) => BillAnnouncement::parse(&body)?,
            Reply::Refused(refusal) if NO_BILL.contains(&refusal.code.as_str()) => return Ok(None),
            Reply::Refused(refusal) => {
                tracing::warn!(code = refusal.code, status = refusal.status, "wechat refused a bill");
                return Err(Failure::File(refusal.status));
            }
        };
        let (origin, target) = announced.download()?;
        if origin != self.gateway_url {
            return Err(Failure::OtherOrigin);
        }
        let fetch = Call::DownloadBill { target: target.to_owned() };
        let file = self.send_within(&fetch, Some(FILE_BYTES_MAX)).await?;
        if file.status != 200 {
            return Err(Failure::File(file.status));
        }
        Ok(Some(Fetched { announced, file: file.body }))
    }
}

/// A file as it was fetched, and what was announced of it.
struct Fetched {
    announced: BillAnnouncement,
    file: Vec<u8>,
}
impl Fetched {
    fn open(&self) -> Result<Vec<u8>, wire_pay::wechat::Error> {
        self.announced.open(&self.file, Packing::Gzip)
    }
}

fn payouts_of(bill: &FundBill) -> impl Iterator<Item = BillLine> + '_ {
    bill.rows().iter().filter(|row| row.business_type.starts_with(PAYOUT)).map(|row| BillLine {
        kind: LineKind::Payout,
        number: row.flow_no.clone(),
        out_trade_no: None,
        request_no: None,
        trade_no: None,
        amount: Money::from_micros(-micros(row.amount.get()), Currency::CNY),
        fee: 0,
        at: SystemTime::from_us(row.time_unix_s.saturating_mul(SECOND_US)),
        said: format!("{} {}: {}", row.business_type, row.name, row.amount),
    })
}

fn micros(fen: i64) -> i64 {
    fen.saturating_mul(UNIT / 100)
}

fn line_of(row: &BillRow) -> BillLine {
    let refund = row.refund.as_ref();
    let (kind, amount, number) = match refund {
        None => (LineKind::Payment, row.settlement.get(), row.transaction_id.clone()),
        // What was revoked has no refund of its own number.
        Some(back) if back.refund_id.is_empty() => {
            (LineKind::Other, -back.refund.get(), format!("{}/revoked", row.transaction_id))
        }
        Some(back) => (LineKind::Refund, back.refund.get(), back.refund_id.clone()),
    };
    let about = match refund {
        None => format!("{}: 订单金额 {} 应结 {}", row.trade_type, row.total, row.settlement),
        Some(back) => format!("{}: 申请退款 {} 退款 {} {}", row.trade_type, back.applied, back.refund, back.status),
    };
    BillLine {
        kind,
        number,
        out_trade_no: Some(row.out_trade_no.clone()),
        request_no: refund.map(|back| back.out_refund_no.clone()),
        trade_no: Some(row.transaction_id.clone()),
        amount: Money::from_micros(micros(amount), Currency::CNY),
        fee: micros(row.fee.get()),
        at: SystemTime::from_us(row.time_unix_s.saturating_mul(SECOND_US)),
        said: format!("{about} 手续费 {} ({})", row.fee, row.fee_rate),
    }
}
