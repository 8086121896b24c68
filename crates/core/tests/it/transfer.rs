//! `transfer::on_transfer`: every state of an order, every amount.

use crate::fixture::{brand, cny, evidence, facts, month, now, raw, zone};
use everline_core::ids::AttemptId;
use everline_core::ledger::{Balances, LedgerAccount, Template};
use everline_core::order::{OrderState, PlacedBy};
use everline_core::payment::{AttemptState, Evidence, Method, Provider, Settlement};
use everline_core::renewal::Outcome;
use everline_core::transfer::on_transfer;

#[test]
fn what_came_is_in_the_order_or_credit_to_the_last_fen() {
    for state in OrderState::ALL {
        for (came, funds) in
            [("0.01", "0"), ("38.99", "0"), ("39", "0"), ("39.01", "0"), ("500", "0"), ("10", "30"), ("9", "30")]
        {
            let mut facts = facts(month());
            facts.attempt.method = Method::BankTransfer;
            facts.order.state = state;
            let open = state == OrderState::AwaitingPayment;
            facts.order.funds = if open { cny(funds).micros() } else { 0 };
            let mut columns = [0; LedgerAccount::ALL.len()];
            columns[LedgerAccount::OrderFunds as usize] = facts.order.funds;
            columns[LedgerAccount::Bank as usize] = facts.order.funds;
            facts.balances = Balances::from_columns(columns);
            let evidence = Evidence { provider: Provider::Bank, amount: cny(came), ..evidence() };
            let id = AttemptId(raw(77));
            let (outcome, effects) = on_transfer(&facts, &evidence, id, &brand(), &zone(), now("03-10 12:00")).unwrap();

            let what = format!("{came} for {state:?} with {funds}");
            let (came, missing) = (cny(came).micros(), facts.order.price.micros() - facts.order.funds);
            let used = match state {
                OrderState::AwaitingPayment => came.min(missing),
                OrderState::Closed if came >= missing => missing,
                _ => 0,
            };
            let expected = match used {
                0 => Outcome::Credited,
                used if used < missing => Outcome::PartlyPaid,
                _ => Outcome::Fulfilled,
            };
            assert_eq!(outcome, expected, "{what}");
            let posted = |template| -> i64 {
                effects
                    .postings
                    .iter()
                    .filter(|posting| posting.template == template)
                    .map(|posting| posting.amount)
                    .sum()
            };
            assert_eq!((posted(Template::PaidByBank), posted(Template::BankToCredit)), (used, came - used), "{what}");
            let balances = effects.balances.unwrap();
            assert_eq!((balances.sum(), balances.get(LedgerAccount::PaidCredit)), (0, came - used), "{what}");
            let transfer = effects.attempts.iter().find(|attempt| attempt.id == id).unwrap();
            let settlement = if used > 0 { Settlement::Order } else { Settlement::Credited };
            assert_eq!((transfer.received, transfer.settlement), (came, Some(settlement)), "{what}");
            let waits = effects.attempts.iter().find(|attempt| attempt.id == facts.attempt.id);
            let closed = waits.map(|attempt| attempt.state) == Some(AttemptState::Closed);
            assert_eq!(closed, outcome == Outcome::Fulfilled, "{what}: nobody waits under the reference any more");
        }
    }
}

#[test]
fn a_renewal_by_itself_that_was_given_up_is_not_delivered() {
    let mut facts = facts(month());
    facts.attempt.method = Method::BankTransfer;
    (facts.order.state, facts.order.placed_by) = (OrderState::Closed, PlacedBy::AutoRenew);
    let evidence = Evidence { provider: Provider::Bank, ..evidence() };
    let decided = on_transfer(&facts, &evidence, AttemptId(raw(77)), &brand(), &zone(), now("03-10 12:00"));
    assert_eq!(decided.unwrap().0, Outcome::Credited);
}

#[test]
fn what_is_no_money_of_the_brands_changes_nothing() {
    let mut facts = facts(month());
    facts.attempt.method = Method::BankTransfer;
    let dollars = everline_core::money::Money::parse("39", "USD".parse().unwrap()).unwrap();
    for amount in [dollars, everline_core::money::Money::from_micros(0, cny("1").currency())] {
        let evidence = Evidence { provider: Provider::Bank, amount, ..evidence() };
        let decided = on_transfer(&facts, &evidence, AttemptId(raw(77)), &brand(), &zone(), now("03-10 12:00"));
        let (outcome, effects) = decided.unwrap();
        assert_eq!((outcome, effects), (Outcome::Contradiction, everline_core::effects::Effects::default()));
    }
}
