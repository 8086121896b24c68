//! Money: every transfer is one its template says, and every balance is the fold of its customer's transfers.

use super::days::{Booked, Days};
use super::read::CustomerRow;
use super::{Collected, Context, sql};
use everline_core::ids::{
    AttemptId, BillLineId, CustomerId, DisputeId, ItemId, LineId, OrderId, RawId, RefundId, TransferId, VoucherId,
};
use everline_core::ledger::{Cause, LedgerAccount, Posting, Template};
use everline_store::tables::ledger::StoredTransfer;
use everline_store::{Result, Tx, args};
use std::collections::BTreeMap;

/// What a customer's row says, and what its transfers make.
#[derive(Default)]
struct Balances {
    stored: Option<[i64; LedgerAccount::ALL.len()]>,
    folded: [i128; LedgerAccount::ALL.len()],
    transfers: u64,
}

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    accounts_alone(tx, context, out).await?;
    // Shorter than any id, and so before all of them: the house customer's is all zeros.
    let (mut after, mut part) = (Vec::new(), BTreeMap::new());
    let mut days = Days::read(tx, out).await?;
    loop {
        let mut read_all = false;
        let low = after.clone();
        while part.len() < context.limits.customers_at_once {
            let page: Vec<CustomerRow> =
                tx.all(&sql::CUSTOMERS, args![after.clone(), context.limits.page_rows]).await?;
            let Some(last) = page.last() else {
                read_all = true;
                break;
            };
            after = last.customer.bytes().to_vec();
            out.checked("customers and their accounts", page.len());
            for row in page {
                part.insert(row.customer, account(row, context, out));
            }
        }
        // The last part reaches to the end of all ids, so that transfers of nobody are seen too.
        let high = if read_all { vec![0xff; 17] } else { after.clone() };
        transfers(tx, context, (low, high), (&mut part, &mut days), out).await?;
        std::mem::take(&mut part).into_iter().for_each(|(customer, balances)| compare(customer, &balances, out));
        if read_all {
            return days.compare(tx, context, out).await;
        }
    }
}

async fn accounts_alone(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let mut after = Vec::new();
    loop {
        let page: Vec<(CustomerId,)> = tx.all(&sql::ACCOUNTS_ALONE, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.0.bytes().to_vec();
        for (customer,) in page {
            out.found("account_of_customer", format!("account({customer})"), "no such customer");
        }
    }
}

fn account(row: CustomerRow, context: &Context<'_>, out: &mut Collected) -> Balances {
    let Some((currency, stored)) = row.account else {
        out.found("account_of_customer", format!("customer({})", row.customer), "no account");
        return Balances::default();
    };
    if currency != context.brand.currency.code() {
        let detail = format!("in {currency}, the brand's is {}", context.brand.currency.code());
        out.found("currency", format!("account({})", row.customer), detail);
    }
    Balances { stored: Some(stored), ..Balances::default() }
}

/// Every transfer of the customers after `low`, up to `high`: checked by itself and folded into its customer's balances.
async fn transfers(
    tx: &mut Tx,
    context: &Context<'_>,
    (low, high): (Vec<u8>, Vec<u8>),
    (part, days): (&mut BTreeMap<CustomerId, Balances>, &mut Days),
    out: &mut Collected,
) -> Result<()> {
    let mut after = (TransferId::from([0; 16]), CustomerId::from([0; 16]));
    let mut siblings: Vec<StoredTransfer> = Vec::new();
    loop {
        let args = args![after.0, after.1, low.clone(), high.clone(), context.limits.page_rows];
        let page: Vec<Booked> = tx.all(&sql::TRANSFERS_OF_CUSTOMERS, args).await?;
        let Some(last) = page.last() else { break };
        after = (last.transfer.id, last.transfer.customer);
        out.checked("transfers", page.len());
        for booked in page {
            days.fold(&booked, out);
            let transfer = booked.transfer;
            alone(&transfer, out);
            fold(&transfer, part.entry(transfer.customer).or_default());
            // Everything that follows from one attempt or order has its first fourteen bytes: it stands side by side.
            if siblings.first().is_some_and(|first| family(first.id) != family(transfer.id)) {
                complete(&siblings, out);
                siblings.clear();
            }
            siblings.push(transfer);
        }
    }
    complete(&siblings, out);
    Ok(())
}

fn family(id: TransferId) -> [u8; 14] {
    let [bytes @ .., _, _] = id.bytes();
    bytes
}

fn fold(transfer: &StoredTransfer, balances: &mut Balances) {
    balances.transfers += 1;
    for (code, debit) in [(transfer.debit, true), (transfer.credit, false)] {
        let Some(account) = LedgerAccount::from_code(code) else { continue };
        let amount = i128::from(transfer.amount);
        if let Some(balance) = balances.folded.get_mut(account as usize) {
            *balance += if debit == account.grows_by_debit() { amount } else { -amount };
        }
    }
}

fn compare(customer: CustomerId, balances: &Balances, out: &mut Collected) {
    let Some(stored) = balances.stored else {
        if balances.transfers > 0 {
            let detail = format!("{} transfers of a customer without an account", balances.transfers);
            out.found("balances_equal_transfers", format!("account({customer})"), detail);
        }
        return;
    };
    let columns = LedgerAccount::ALL.iter().zip(stored).zip(balances.folded);
    for ((account, stored), folded) in columns.filter(|((_, stored), folded)| i128::from(*stored) != *folded) {
        let detail = format!("{} is {stored}, its transfers make {folded}", account.word());
        out.found("balances_equal_transfers", format!("account({customer})"), detail);
    }
}

/// The posting that a stored transfer says it is part of; `None` if its template is unknown.
pub(super) fn posting(transfer: &StoredTransfer) -> Option<Posting> {
    let template = Template::from_word(&transfer.template)?;
    let cause = match template {
        Template::Paid
        | Template::PaidToSuspense
        | Template::CreditSpent
        | Template::PromoSpent
        | Template::PaidByBank
        | Template::BankToCredit => Cause::Attempt(AttemptId(transfer.cause)),
        Template::Delivered | Template::ToppedUp => Cause::Order(OrderId(transfer.cause)),
        Template::PackRecognised => Cause::Recognition(OrderId(transfer.cause), number(transfer)),
        Template::RefundStartedFromSuspense
        | Template::RefundStartedFromOrder
        | Template::RefundDone
        | Template::RefundDoneByBank
        | Template::RefundFailed
        | Template::CreditReturned
        | Template::PromoReturned
        | Template::RefundStartedFromDeferred
        | Template::RefundStartedFromCredit
        | Template::RefundStartedFromEarned
        | Template::DeferredToCredit
        | Template::DeferredToPromo
        | Template::EarnedToCredit
        | Template::EarnedToPromo
        | Template::RefundBounced
        | Template::RefundCredited
        | Template::RefundPaidOut
        | Template::RefundMadeGood => Cause::Refund(RefundId(transfer.cause)),
        Template::Voucher | Template::VoucherPromo => Cause::Voucher(VoucherId(transfer.cause)),
        Template::PspFee | Template::FeeReturned | Template::Payout | Template::PayoutReturned => {
            Cause::BillLine(BillLineId(transfer.cause))
        }
        Template::WrittenOff | Template::BookedToSuspense => Cause::Item(ItemId(transfer.cause)),
        Template::DisputeOpened
        | Template::DisputeFrozenCredit
        | Template::DisputeFrozenDeferred
        | Template::DisputeWon
        | Template::DisputeUnfrozenCredit
        | Template::DisputeUnfrozenDeferred
        | Template::DisputeWonEarned
        | Template::DisputeLost
        | Template::DisputeWrittenOff => Cause::Dispute(DisputeId(transfer.cause)),
        Template::CreditGiven | Template::PromoGiven | Template::CreditTaken | Template::PromoTaken => {
            Cause::HandOver(LineId(transfer.cause))
        }
        Template::CreditPaidOut | Template::PromoLapsed | Template::CreditSetAside | Template::CreditSetBack => {
            Cause::Closing(transfer.cause)
        }
        Template::Goodwill | Template::CreditRaised | Template::CreditLowered | Template::PromoLowered => {
            Cause::CreditChange(transfer.cause)
        }
    };
    Some(Posting::new(template, cause, transfer.order, transfer.amount, transfer.posted_at))
}

/// Which recognition of its order a transfer is: ids of postings differ from their cause's in the last byte by it.
pub(super) fn number(transfer: &StoredTransfer) -> u8 {
    let ([.., posting], [.., cause]) = (transfer.posting.bytes(), transfer.cause.bytes());
    posting ^ cause
}

pub(super) fn transfer_row(transfer: &StoredTransfer) -> String {
    transfer_name(transfer.id, transfer.customer)
}
pub(super) fn transfer_name(id: TransferId, customer: CustomerId) -> String {
    format!("transfer({id}, {customer})")
}

/// What a transfer says of itself.
fn alone(transfer: &StoredTransfer, out: &mut Collected) {
    let Some(posting) = posting(transfer) else {
        out.found("transfer_template", transfer_row(transfer), format!("no template {:?}", transfer.template));
        return;
    };
    let leg = |account: i64| LedgerAccount::from_code(account);
    let legs = (leg(transfer.debit), leg(transfer.credit));
    let mine: Vec<_> = posting
        .transfers()
        .filter(|expected| legs == (Some(expected.leg.debit), Some(expected.leg.credit)))
        .map(|expected| expected.id)
        .collect();
    if mine.is_empty() {
        let detail = format!("{} does not move {} to {}", transfer.template, transfer.debit, transfer.credit);
        out.found("transfer_legs", transfer_row(transfer), detail);
    } else if posting.id != transfer.posting || !mine.contains(&transfer.id) {
        let detail = format!("{} of {} has posting {}", transfer.template, transfer.cause, posting.id);
        out.found("transfer_id", transfer_row(transfer), detail);
    }
    let wrong = match posting.cause {
        Cause::Order(order) | Cause::Recognition(order, _) => transfer.order != Some(order),
        Cause::Attempt(_) | Cause::Refund(_) | Cause::Dispute(_) => transfer.order.is_none(),
        Cause::Voucher(_)
        | Cause::BillLine(_)
        | Cause::Item(_)
        | Cause::HandOver(_)
        | Cause::Closing(_)
        | Cause::CreditChange(_) => transfer.order.is_some(),
    };
    if wrong {
        let detail = format!("caused by {}, and belongs to order {:?}", transfer.cause, transfer.order);
        out.found("transfer_cause", transfer_row(transfer), detail);
    }
}

/// Each posting holds exactly the transfers of its template, all of one amount and one order.
fn complete(siblings: &[StoredTransfer], out: &mut Collected) {
    let mut postings: BTreeMap<(CustomerId, RawId), Vec<&StoredTransfer>> = BTreeMap::new();
    for transfer in siblings {
        postings.entry((transfer.customer, transfer.posting.0)).or_default().push(transfer);
    }
    for ((customer, posting_id), transfers) in postings {
        let Some(first) = transfers.first() else { continue };
        let Some(expected) = Template::from_word(&first.template).map(|template| template.legs().len()) else {
            continue;
        };
        let same = |other: &&StoredTransfer| {
            (other.amount, other.order, &other.template) == (first.amount, first.order, &first.template)
        };
        if transfers.len() != expected || !transfers.iter().all(same) {
            let detail =
                format!("{} transfers of {}, {expected} of one amount expected", transfers.len(), first.template);
            out.found("posting_complete", format!("posting({posting_id}, {customer})"), detail);
        }
    }
}
