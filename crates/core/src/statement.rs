//! The statement of an account: what moves a customer's money, and what is there before and after.
//!
//! A customer's money is what stands in the ledger accounts that we owe them: paid credit, promotional credit, and what is
//! held for a purpose (for orders, until its purpose is settled, on its way back). What we earn, what providers owe us and
//! what they keep is not theirs, and no line of a statement.

use crate::ledger::{Balances, LedgerAccount};
use std::ops::{Add, Sub};

/// A customer's money, in millionths, apart by what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pots {
    /// Paid in, and not spent.
    pub paid: i64,
    /// Given by promotion, and not spent.
    pub promo: i64,
    /// For orders, or until its purpose is settled, or on its way back.
    pub held: i64,
}

impl Pots {
    /// What the balances hold.
    #[must_use]
    pub fn of(balances: &Balances) -> Self {
        let accounts = LedgerAccount::ALL.into_iter();
        accounts.fold(Self::default(), |sum, account| sum + Self::in_account(account, balances.get(account)))
    }
    /// What a transfer does to them.
    #[must_use]
    pub fn moved(debit: LedgerAccount, credit: LedgerAccount, amount: i64) -> Self {
        Self::in_account(credit, amount) - Self::in_account(debit, amount)
    }
    fn in_account(account: LedgerAccount, amount: i64) -> Self {
        match account {
            LedgerAccount::PaidCredit => Self { paid: amount, ..Self::default() },
            LedgerAccount::PromoCredit => Self { promo: amount, ..Self::default() },
            LedgerAccount::OrderFunds | LedgerAccount::Suspense | LedgerAccount::RefundInFlight => {
                Self { held: amount, ..Self::default() }
            }
            LedgerAccount::PspReceivable
            | LedgerAccount::DeferredRevenue
            | LedgerAccount::Revenue
            | LedgerAccount::Bank
            | LedgerAccount::PspFees
            | LedgerAccount::VoucherReceivable
            | LedgerAccount::PromotionCost
            | LedgerAccount::DisputeReceivable
            | LedgerAccount::WriteOff
            // What goes over to another customer is not theirs any more, or not yet.
            | LedgerAccount::InTransit => Self::default(),
        }
    }
    /// Whether an account is one of theirs.
    #[must_use]
    pub fn hold(account: LedgerAccount) -> bool {
        Self::in_account(account, 1) != Self::default()
    }
}
impl Add for Pots {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            paid: self.paid.saturating_add(other.paid),
            promo: self.promo.saturating_add(other.promo),
            held: self.held.saturating_add(other.held),
        }
    }
}
impl Sub for Pots {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self {
            paid: self.paid.saturating_sub(other.paid),
            promo: self.promo.saturating_sub(other.promo),
            held: self.held.saturating_sub(other.held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{OrderId, RawId};
    use crate::ledger::{Cause, Posting, Template};
    use crate::time::BusinessTime;

    #[test]
    fn whatever_is_posted_moves_the_pots_as_it_moves_the_balances() {
        let order = OrderId(RawId::new_v7(1, [1; 10]));
        let mut full = Balances::default();
        let post =
            |template, amount| Posting::new(template, Cause::Order(order), order, amount, BusinessTime::from_us(1));
        for (template, amount) in [
            (Template::Paid, 900),
            (Template::PaidToSuspense, 100),
            (Template::CreditReturned, 100),
            (Template::PromoReturned, 100),
            (Template::Delivered, 100),
            (Template::RefundStartedFromOrder, 100),
            (Template::PackRecognised, 50),
        ] {
            full = full.after(&post(template, amount)).unwrap();
        }
        for template in Template::ALL {
            let posting = post(template, 10);
            let moved = posting.transfers().fold(Pots::default(), |sum, transfer| {
                sum + Pots::moved(transfer.leg.debit, transfer.leg.credit, transfer.amount)
            });
            assert_eq!(Pots::of(&full) + moved, Pots::of(&full.after(&posting).unwrap()), "{template:?}");
        }
    }

    #[test]
    fn earnings_and_what_providers_owe_are_not_the_customers() {
        assert_eq!(LedgerAccount::ALL.into_iter().filter(|account| Pots::hold(*account)).count(), 5);
        assert!(!Pots::hold(LedgerAccount::Revenue) && !Pots::hold(LedgerAccount::PspReceivable));
    }
}
