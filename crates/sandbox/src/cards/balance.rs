//! The movements of the merchant's balance: charges, refunds, and once a day what the day before brought, paid out.

use super::book::Session;
use super::objects;
use crate::gateway::faults::BillFaults;
use std::cmp::Reverse;
use wire_pay::Error;
use wire_pay::stripe::{
    Amount, BalanceSource, BalanceSourceId, BalanceTransaction, BalanceTransactionId, BalanceTransactionType, Currency,
    Metadata, PaymentIntentId, TimeRange,
};

const DAY_S: i64 = 86_400;

/// The movements of a time, newest first.
pub(super) fn movements(
    sessions: &[&Session],
    range: TimeRange,
    bills: BillFaults,
) -> Result<Vec<BalanceTransaction>, Error> {
    let mut all = Vec::new();
    for session in sessions {
        all.extend(objects::movements(session)?);
    }
    all.sort_by_key(|one| one.created_unix_s);
    let from = range.from_unix_s;
    let brought = all.iter().filter(|one| (from - DAY_S..from).contains(&one.created_unix_s));
    let payout = payout(brought, from);
    all.retain(|one| (from..range.until_unix_s).contains(&one.created_unix_s));
    let mut all = bills.spoil(all, other_amount, |n| stranger(from, n));
    all.extend(payout);
    all.sort_by_key(|one| Reverse(one.created_unix_s));
    Ok(all)
}

/// A movement of so much, without fee.
fn movement(
    id: &str,
    kind: BalanceTransactionType,
    (minor, currency): (i64, Currency),
    created_unix_s: i64,
    source: BalanceSource,
) -> Option<BalanceTransaction> {
    let amount = |minor| Amount::new(minor, currency).ok();
    Some(BalanceTransaction {
        id: BalanceTransactionId::parse(id).ok()?,
        kind,
        gross: amount(minor)?,
        fee: amount(0)?,
        net: amount(minor)?,
        source: Some(source),
        created_unix_s,
        available_on_unix_s: created_unix_s,
    })
}

/// What the day before brought, after fees, at nine o'clock.
fn payout<'a>(brought: impl Iterator<Item = &'a BalanceTransaction>, from: i64) -> Option<BalanceTransaction> {
    let (mut sum, mut currency) = (0, None);
    for one in brought {
        sum += one.net.minor();
        currency = Some(one.net.currency());
    }
    let source = BalanceSource {
        id: BalanceSourceId::parse(&format!("po_sandbox{from}")).ok()?,
        kind: Some("payout".to_owned()),
        payment_intent: None,
        charge: None,
        metadata: Metadata::new(),
    };
    let id = format!("txn_payout{from}");
    let at = from + 9 * 3_600;
    movement(&id, BalanceTransactionType::Payout, (-sum, currency?), at, source).filter(|_| sum > 0)
}

fn other_amount(one: &mut BalanceTransaction) {
    let by = one.gross.minor().signum();
    let more = |amount: Amount| Amount::new(amount.minor() + by, amount.currency());
    if let (Ok(gross), Ok(net)) = (more(one.gross), more(one.net)) {
        (one.gross, one.net) = (gross, net);
    }
}

/// A charge that nobody made here.
fn stranger(from: i64, n: usize) -> Option<BalanceTransaction> {
    let source = BalanceSource {
        id: BalanceSourceId::parse(&format!("ch_stranger{from}x{n}")).ok()?,
        kind: Some("charge".to_owned()),
        payment_intent: PaymentIntentId::parse(&format!("pi_stranger{from}x{n}")).ok(),
        charge: None,
        metadata: Metadata::new(),
    };
    let money = (1_000, Currency::parse("cny").ok()?);
    movement(&format!("txn_stranger{from}x{n}"), BalanceTransactionType::Charge, money, from + 3_600, source)
}
