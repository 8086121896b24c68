//! Credit that staff give or correct: goodwill within what a day allows, and corrections up or down, which above a limit need a
//! second person.

use crate::ids::{CustomerId, RawId};
use crate::ledger::{Balances, Cause, LedgerAccount, LedgerRefusal, Posting, Template};
use crate::money::Money;
use crate::refund_request::RequestState;
use crate::time::BusinessTime;
use crate::words::words;
use serde::{Deserialize, Serialize};

/// What a brand allows its staff in a day of its time zone, in millionths of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CreditLimits {
    /// Most goodwill that one member may give, to all customers together.
    pub member_day: i64,
    /// Most goodwill that one customer may get, from all members together.
    pub customer_day: i64,
    /// Most that one member may correct alone, up and down counted together. More needs a second person.
    pub alone_day: i64,
}
impl Default for CreditLimits {
    fn default() -> Self {
        Self { member_day: 100_000_000, customer_day: 20_000_000, alone_day: 50_000_000 }
    }
}

/// What is done to credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// Promotional credit is given, to make up for something.
    Goodwill,
    /// Paid credit is raised.
    Raised,
    /// Paid credit is lowered.
    Lowered,
    /// Promotional credit is lowered.
    PromoLowered,
}
words!(ChangeKind {
    Goodwill = "goodwill",
    Raised = "raised",
    Lowered = "lowered",
    PromoLowered = "promo_lowered",
});

impl ChangeKind {
    /// The posting by which it is done.
    #[must_use]
    pub const fn template(self) -> Template {
        match self {
            ChangeKind::Goodwill => Template::Goodwill,
            ChangeKind::Raised => Template::CreditRaised,
            ChangeKind::Lowered => Template::CreditLowered,
            ChangeKind::PromoLowered => Template::PromoLowered,
        }
    }
}

/// A change of credit that a member of the staff made or asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditChange {
    /// Given with the page on which it was asked, so that asking twice is asking once.
    pub id: RawId,
    /// Whose credit.
    pub customer: CustomerId,
    /// What is done.
    pub kind: ChangeKind,
    /// How much.
    pub amount: Money,
    /// Why, in the words of whoever asked; removed with what else names the customer.
    pub reason: Option<String>,
    /// Who asked.
    pub asked_by: RawId,
    /// When.
    pub asked_at: BusinessTime,
    /// Where it is.
    pub state: RequestState,
}

/// Why credit is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotChanged {
    /// The member gave as much goodwill today as one may: so much is left.
    #[error("over what a member may give in a day, {} is left", .0.decimal())]
    MemberDay(Money),
    /// The customer got as much goodwill today as one may: so much is left.
    #[error("over what a customer may get in a day, {} is left", .0.decimal())]
    CustomerDay(Money),
    /// The account holds less: so much.
    #[error("the account holds {}", .0.decimal())]
    Holds(Money),
}
impl NotChanged {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NotChanged::MemberDay(_) => "member-day",
            NotChanged::CustomerDay(_) => "customer-day",
            NotChanged::Holds(_) => "holds-less",
        }
    }
}

impl CreditChange {
    /// When it was carried out, if it was: with the request, or when a second person approved.
    #[must_use]
    pub fn carried_out_at(&self) -> Option<BusinessTime> {
        let decided = self.state.decided().map(|decided| decided.at);
        self.state.carried_out().then(|| decided.unwrap_or(self.asked_at))
    }
    /// Its posting, made at `at`.
    #[must_use]
    pub fn posting(&self, at: BusinessTime) -> Posting {
        Posting::new(self.kind.template(), Cause::CreditChange(self.id), None, self.amount.micros(), at)
    }
    /// The balances after it is carried out at `at`, with its posting.
    ///
    /// # Errors
    /// [`NotChanged::Holds`] if the account holds less than is to go, or [`LedgerRefusal`].
    pub fn carry_out(
        &self,
        balances: Balances,
        at: BusinessTime,
    ) -> Result<Result<(Balances, Posting), NotChanged>, LedgerRefusal> {
        let posting = self.posting(at);
        match balances.after(&posting) {
            Ok(after) => Ok(Ok((after, posting))),
            Err(LedgerRefusal::BelowZero { account }) if self.lowers() == Some(account) => {
                let held = Money::from_micros(balances.get(account), self.amount.currency());
                Ok(Err(NotChanged::Holds(held)))
            }
            Err(refusal) => Err(refusal),
        }
    }
    const fn lowers(&self) -> Option<LedgerAccount> {
        match self.kind {
            ChangeKind::Goodwill | ChangeKind::Raised => None,
            ChangeKind::Lowered => Some(LedgerAccount::PaidCredit),
            ChangeKind::PromoLowered => Some(LedgerAccount::PromoCredit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::refund_request::Decided;

    const AT: BusinessTime = BusinessTime::from_us(7);

    fn change(kind: ChangeKind, micros: i64) -> CreditChange {
        let id = |n: u8| RawId::new_v7(u64::from(n), [n; 10]);
        CreditChange {
            id: id(1),
            customer: CustomerId(id(2)),
            kind,
            amount: Money::from_micros(micros, Currency::CNY),
            reason: None,
            asked_by: id(3),
            asked_at: AT,
            state: RequestState::Done,
        }
    }

    #[test]
    fn credit_goes_up_and_down_and_never_below_zero() {
        let none = Balances::default();
        let (given, posting) = change(ChangeKind::Goodwill, 5).carry_out(none, AT).unwrap().unwrap();
        assert_eq!((given.get(LedgerAccount::PromoCredit), given.get(LedgerAccount::PromotionCost)), (5, 5));
        assert_eq!((posting.order, posting.amount, given.sum()), (None, 5, 0));
        let (raised, _) = change(ChangeKind::Raised, 3).carry_out(given, AT).unwrap().unwrap();
        assert_eq!((raised.get(LedgerAccount::PaidCredit), raised.get(LedgerAccount::WriteOff)), (3, 3));
        let held = |micros| Ok(Err(NotChanged::Holds(Money::from_micros(micros, Currency::CNY))));
        assert_eq!(change(ChangeKind::Lowered, 4).carry_out(raised, AT), held(3));
        assert_eq!(change(ChangeKind::PromoLowered, 6).carry_out(raised, AT), held(5));
        let (lowered, _) = change(ChangeKind::Lowered, 3).carry_out(raised, AT).unwrap().unwrap();
        assert_eq!((lowered.get(LedgerAccount::PaidCredit), lowered.get(LedgerAccount::WriteOff)), (0, 0));
        assert_eq!(change(ChangeKind::Raised, 0).carry_out(none, AT), Err(LedgerRefusal::NotPositive));
    }

    #[test]
    fn it_is_carried_out_when_it_is_asked_for_or_when_it_is_approved() {
        let decided = Decided { by: RawId::from_bytes([4; 16]), at: BusinessTime::from_us(9) };
        let at = |state| CreditChange { state, ..change(ChangeKind::Raised, 1) }.carried_out_at();
        assert_eq!(at(RequestState::Done), Some(AT));
        assert_eq!(at(RequestState::Approved(decided)), Some(decided.at));
        assert_eq!((at(RequestState::Requested), at(RequestState::Declined(decided))), (None, None));
        for kind in ChangeKind::ALL {
            assert_eq!(ChangeKind::from_word(kind.word()), Some(kind));
        }
    }
}
