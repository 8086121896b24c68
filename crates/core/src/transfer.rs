//! Bank transfers: money that an organisation sends to the operator's own bank account, with a reference in its remark.
//!
//! The attempt that a customer starts holds the reference and waits; no money is ever taken for it. Each line of a bank
//! statement that names the reference is an attempt of its own, paid the moment it is taken, so that two transfers with one
//! reference count both. What an order cannot use is the organisation's credit: money in a bank account does not go back by
//! itself.

use crate::brand::Brand;
use crate::effects::Effects;
use crate::ids::AttemptId;
use crate::ledger::{Cause, LedgerRefusal, Posting, Template};
use crate::money::Money;
use crate::order::{OrderState, PlacedBy};
use crate::payment::{Attempt, AttemptState, Evidence, Settlement};
use crate::quote::{Taker, deliverable, sellable};
use crate::renewal::{Facts, Outcome, post, take};
use crate::time::{Now, Zone};

/// Digits of a reference; the last one is a check digit.
pub const REFERENCE_DIGITS: usize = 12;

/// The check digit of digits (ISO/IEC 7064, MOD 11,10): one wrong digit is always noticed, two that changed places almost
/// always.
fn check_digit(digits: &[u8]) -> u8 {
    let product = digits.iter().fold(10_u8, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10
}

/// A reference that follows from an attempt; the `n`-th candidate of it, should others be taken.
#[must_use]
pub fn reference(attempt: AttemptId, candidate: u8) -> String {
    let [_, _, _, _, _, _, a, b, c, d, e, f, g, h, i, j] = attempt.bytes();
    let seed = u64::from_be_bytes([a ^ i, b ^ j, c, d, e, f, g, h]);
    // A bijection that spreads neighbours (Steele, Lea, Flood 2014), so that references do not look like a row.
    let mut mixed = seed.wrapping_add(u64::from(candidate).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    let mut digits = Vec::with_capacity(REFERENCE_DIGITS);
    for _ in 1..REFERENCE_DIGITS {
        digits.push(u8::try_from(mixed % 10).unwrap_or(0));
        mixed /= 10;
    }
    digits.push(check_digit(&digits));
    digits.iter().map(|digit| char::from(b'0' + digit)).collect()
}

/// The references that a remark may hold, in their order, each once: every run of twelve digits whose check digit fits.
/// Spaces, hyphens and forms of full width inside a run do not matter.
#[must_use]
pub fn references_in(remark: &str) -> Vec<String> {
    let mut runs: Vec<Vec<u8>> = vec![Vec::new()];
    for written in remark.chars() {
        let narrow = match written {
            '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(written).saturating_sub(0xfee0)).unwrap_or(written),
            other => other,
        };
        let digit = narrow.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
        match (digit, runs.last_mut()) {
            (Some(digit), Some(run)) => run.push(digit),
            (None, Some(run))
                if !run.is_empty() && !matches!(narrow, '-' | '_' | '.' | '－') && !narrow.is_whitespace() =>
            {
                runs.push(Vec::new());
            }
            _ => {}
        }
    }
    let mut found: Vec<String> = Vec::new();
    for window in runs.iter().flat_map(|run| run.windows(REFERENCE_DIGITS)) {
        let fits = window.split_last().is_some_and(|(check, digits)| check_digit(digits) == *check);
        let text: String = window.iter().map(|digit| char::from(b'0' + digit)).collect();
        if fits && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// A reference as it is shown: in groups of four.
#[must_use]
pub fn printed(reference: &str) -> String {
    let digits: Vec<char> = reference.chars().collect();
    digits.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// What a line of a statement means for the order whose reference it names; `facts` hold the attempt that waits under it,
/// `id` becomes the attempt that the line is.
///
/// Checked in this order: another currency, or nothing · the order is open and deliverable, or closed and still sellable for
/// what it lacks: what is missing goes into it, the rest becomes credit · anything else: all of it becomes credit.
///
/// # Errors
/// [`LedgerRefusal`]
pub fn on_transfer(
    facts: &Facts,
    evidence: &Evidence,
    id: AttemptId,
    brand: &Brand,
    zone: &Zone,
    now: Now,
) -> Result<(Outcome, Effects), LedgerRefusal> {
    let (order, came) = (&facts.order, evidence.amount.micros());
    if evidence.amount.currency() != order.price.currency() || came <= 0 {
        return Ok((Outcome::Contradiction, Effects::default()));
    }
    let missing = order.price.micros().saturating_sub(order.funds).max(0);
    let (line, offering) = (&facts.line, &facts.offering);
    let takes = match order.state {
        OrderState::AwaitingPayment => deliverable(line, &facts.allowance, offering, now.business),
        // A renewal by itself that was given up: nobody waits for it.
        OrderState::Closed if order.placed_by == PlacedBy::AutoRenew => false,
        OrderState::Closed => {
            let taker = Taker::uncounted(line, &facts.allowance);
            came >= missing && sellable(&taker, offering, brand, now.business).is_ok()
        }
        _ => false,
    };
    let used = if takes { came.min(missing) } else { 0 };
    let settlement = if takes { Settlement::Order } else { Settlement::Credited };
    let currency = order.price.currency();
    let transfer = Attempt {
        id,
        out_trade_no: id.to_string(),
        // Of what came, what the order uses; all of it, if it uses nothing.
        amount: Money::from_micros(if takes { used } else { came }, currency),
        state: AttemptState::Paid,
        reference: Some(facts.attempt.out_trade_no.clone()),
        pay_url: None,
        pay_url_until: None,
        trade_no: Some(evidence.trade_no.clone()),
        received: came,
        settlement: Some(settlement),
        created_at: now.system,
        expires_at: now.system,
        paid_at: Some(now.system),
        ..facts.attempt.clone()
    };
    let mut effects = Effects { attempts: vec![transfer], ..Effects::default() };
    for (template, amount) in [(Template::PaidByBank, used), (Template::BankToCredit, came.saturating_sub(used))] {
        if amount > 0 {
            let posting = Posting::new(template, Cause::Attempt(id), order.id, amount, now.business);
            post(&mut effects, facts.balances, posting)?;
        }
    }
    if !takes {
        return Ok((Outcome::Credited, effects));
    }
    let (outcome, mut effects) = take(facts, effects, zone, now)?;
    if outcome != Outcome::PartlyPaid && facts.attempt.state != AttemptState::Paid {
        // Nobody waits under the reference any more; what still comes is credit.
        effects.attempts.push(Attempt { state: AttemptState::Closed, ..facts.attempt.clone() });
    }
    Ok((outcome, effects))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RawId;

    fn some() -> impl Iterator<Item = String> {
        (0..200_u8).map(|n| reference(AttemptId(RawId::new_v7(u64::from(n), [n; 10])), n % 3))
    }

    #[test]
    fn a_reference_is_found_in_what_people_write() {
        for reference in some() {
            assert_eq!((reference.len(), printed(&reference).len()), (12, 14));
            let wide: String = reference.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect();
            for remark in [
                reference.clone(),
                format!("套餐费 {} 顺达", printed(&reference)),
                format!("REF:{}/顺达冷链", reference),
                format!("附言{wide}"),
                format!("{}-{}", &reference[..5], &reference[5..]),
            ] {
                assert_eq!(references_in(&remark), std::slice::from_ref(&reference), "{remark}");
            }
            assert!(references_in(&format!("no 1 {reference} 2")).contains(&reference));
        }
        assert_eq!(references_in("转账 2026年11月 第3笔"), Vec::<String>::new());
        assert_eq!(references_in(""), Vec::<String>::new());
    }

    #[test]
    fn one_wrong_digit_is_no_reference() {
        for reference in some() {
            for place in 0..REFERENCE_DIGITS {
                for digit in '0'..='9' {
                    let mut wrong: Vec<char> = reference.chars().collect();
                    if wrong[place] != digit {
                        wrong[place] = digit;
                        assert_eq!(references_in(&wrong.iter().collect::<String>()), Vec::<String>::new());
                    }
                }
            }
        }
    }

    #[test]
    fn references_do_not_repeat() {
        let all: std::collections::BTreeSet<String> = some().collect();
        assert_eq!(all.len(), 200);
    }
}
