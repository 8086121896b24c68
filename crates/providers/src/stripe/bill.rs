//! The bill of a day: every movement of the balance that was booked in it, with the charge or refund that each is about.
//! Stripe makes no files; the list is complete once the day is over.

use super::{Failure, OUT_REQUEST_NO, OUT_TRADE_NO, Stripe, from_wire};
use everline_app::ports::{BillAnswer, DayOfBill};
use everline_core::money::Money;
use everline_core::reconciliation::{BillLine, LineKind};
use everline_core::time::{SECOND_US, SystemTime};
use wire_pay::stripe::{
    BalanceScope, BalanceTransaction, BalanceTransactionType, ListBalanceTransactions, Page, Query, REPLY_BYTES_MAX,
    Reply, TimeRange,
};

/// Most pages of a day: some 250,000 movements.
const PAGES_MAX: usize = 5_000;

impl Stripe {
    pub(super) async fn ask_bill(&self, day: &DayOfBill) -> Result<BillAnswer, Failure> {
        let second = |at: SystemTime| at.us() / SECOND_US;
        let range = TimeRange { from_unix_s: second(day.from), until_unix_s: second(day.until) };
        let (mut lines, mut starting_after) = (Vec::new(), None);
        for _ in 0..PAGES_MAX {
            let list = ListBalanceTransactions { scope: BalanceScope::Created(range), starting_after };
            let request = Query::BalanceTransactions(list).to_http(&self.config.api_key)?;
            let url = format!("{}{}", self.config.api_url, request.target());
            let headers = request.headers();
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = self.http.file(&url, &headers, REPLY_BYTES_MAX).await?;
            let page = match Page::<BalanceTransaction>::read_reply(answer.status, &answer.body)? {
                Reply::Done(page) => page,
                Reply::Refused(refusal) => return Err(Failure::Movements(refusal.status)),
            };
            lines.extend(page.data.iter().filter_map(line_of));
            starting_after = page.next_starting_after().cloned();
            if starting_after.is_none() {
                return Ok(BillAnswer::Bill(lines));
            }
        }
        Err(Failure::TooMany)
    }
}

/// A movement as a line; `None` in a currency that no brand can use.
fn line_of(moved: &BalanceTransaction) -> Option<BillLine> {
    let (gross, fee, net) = (from_wire(moved.gross)?, from_wire(moved.fee)?, from_wire(moved.net)?);
    let source = moved.source.as_ref();
    let intent = source.and_then(|source| source.payment_intent.as_ref()).map(ToString::to_string);
    let text = |name| source.and_then(|source| source.metadata.get(name)).map(str::to_owned);
    let source_id = source.map_or_else(|| moved.id.to_string(), |source| source.id.to_string());
    let back = |amount: Money| Money::from_micros(amount.micros().saturating_neg(), amount.currency());
    let nothing = Money::from_micros(0, gross.currency());
    use BalanceTransactionType as Type;
    let (kind, number, amount, fee) = match (&moved.kind, &intent) {
        (Type::Charge | Type::Payment, Some(intent)) => (LineKind::Payment, intent.clone(), gross, fee.micros()),
        (Type::Refund | Type::PaymentRefund, _) => (LineKind::Refund, source_id, back(gross), fee.micros()),
        (Type::Payout, _) => (LineKind::Payout, source_id, back(gross), fee.micros()),
        // It has the payout's own number as source; another line of that name is needed.
        (Type::PayoutCancel | Type::PayoutFailure, _) => {
            (LineKind::Payout, moved.id.to_string(), back(gross), fee.micros())
        }
        (Type::StripeFee | Type::StripeFxFee | Type::TaxFee, _) => {
            (LineKind::Fee, moved.id.to_string(), nothing, net.micros().saturating_neg())
        }
        _ => (LineKind::Other, moved.id.to_string(), gross, fee.micros()),
    };
    Some(BillLine {
        kind,
        number,
        out_trade_no: text(OUT_TRADE_NO),
        request_no: text(OUT_REQUEST_NO),
        trade_no: intent,
        amount,
        fee,
        at: SystemTime::from_us(moved.created_unix_s.saturating_mul(SECOND_US)),
        said: format!(
            "{} {}: {} fee {} net {}",
            moved.kind.as_str(),
            moved.id,
            gross.decimal(),
            from_wire(moved.fee)?.decimal(),
            net.decimal()
        ),
    })
}
