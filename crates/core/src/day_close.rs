//! Closing a day of the books: sums per posting, ledger account and method of payment, of all customers together.
//!
//! A transfer counts on the day on which it was posted, unless that day was closed by then: what a timer does at its due
//! instant, but late, counts on the first day that is still open. So the sums of a closed day never change.

use crate::calendar::Day;
use crate::ledger::{LedgerAccount, Leg, Template};
use crate::payment::Method;
use crate::time::{BusinessTime, MINUTE_US, Zone};

/// How long after its end a day is closed: timers of its last minutes have run by then, so that they count on it.
pub const CLOSED_AFTER_US: i64 = 10 * MINUTE_US;

/// A day that is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedDay {
    /// Which day of the operator's zone.
    pub day: Day,
    /// Its first instant.
    pub began_at: BusinessTime,
    /// The first instant after it.
    pub ended_at: BusinessTime,
    /// How many transfers count on it.
    pub transfers: i64,
    /// When it was closed.
    pub closed_at: BusinessTime,
}

/// What one leg of a posting moved on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateSum {
    /// The posting.
    pub template: Template,
    /// Debit and credit.
    pub leg: Leg,
    /// How many transfers.
    pub transfers: i64,
    /// Millionths.
    pub amount: i64,
}

/// What moved a ledger account on a day, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountDay {
    /// The account.
    pub account: LedgerAccount,
    /// What was debited.
    pub debits: i64,
    /// What was credited.
    pub credits: i64,
    /// What stood there at the day's end, on the side on which the account grows.
    pub closing: i64,
}

/// What a method of payment brought or took back on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodSum {
    /// The posting.
    pub template: Template,
    /// The method.
    pub method: Method,
    /// How many transfers.
    pub transfers: i64,
    /// Millionths.
    pub amount: i64,
}

/// Sums that do not fit: the books are wrong, or past all bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sums of a day do not fit")]
pub struct TooMuch;

impl AccountDay {
    /// What stood there when the day began.
    #[must_use]
    pub const fn opening(&self) -> i64 {
        self.closing.saturating_sub(self.movement())
    }
    /// How much more stood there at its end.
    #[must_use]
    pub const fn movement(&self) -> i64 {
        let by_debit = self.debits.saturating_sub(self.credits);
        if self.account.grows_by_debit() { by_debit } else { by_debit.saturating_neg() }
    }
}

/// Every ledger account at the end of a day: what stood there before it, and what its postings moved.
///
/// # Errors
/// [`TooMuch`]
pub fn accounts(opening: &[AccountDay], sums: &[TemplateSum]) -> Result<Vec<AccountDay>, TooMuch> {
    let total = |side: fn(&Leg) -> LedgerAccount, account| {
        let mut amounts = sums.iter().filter(|sum| side(&sum.leg) == account).map(|sum| sum.amount);
        amounts.try_fold(0_i64, i64::checked_add).ok_or(TooMuch)
    };
    let one = |account: LedgerAccount| {
        let before = opening.iter().find(|day| day.account == account).map_or(0, |day| day.closing);
        let (debits, credits) = (total(|leg| leg.debit, account)?, total(|leg| leg.credit, account)?);
        let day = AccountDay { account, debits, credits, closing: 0 };
        let closing = before.checked_add(day.movement()).ok_or(TooMuch)?;
        Ok(AccountDay { closing, ..day })
    };
    LedgerAccount::ALL.into_iter().map(one).collect()
}

/// What all accounts were debited and credited: the same, in sound books.
#[must_use]
pub fn balance(accounts: &[AccountDay]) -> (i128, i128) {
    accounts
        .iter()
        .fold((0, 0), |(debits, credits), day| (debits + i128::from(day.debits), credits + i128::from(day.credits)))
}

/// The end of the day in which an instant is: where the next one begins.
#[must_use]
pub fn end_of_day(zone: &Zone, at: BusinessTime) -> BusinessTime {
    zone.bounds_us(zone.date(at)).map_or(at, |(_, end)| BusinessTime::from_us(end))
}
/// The beginning of the day in which an instant is.
#[must_use]
pub fn start_of_day(zone: &Zone, at: BusinessTime) -> BusinessTime {
    zone.bounds_us(zone.date(at)).map_or(at, |(start, _)| BusinessTime::from_us(start))
}

/// The day that ends at an instant.
#[must_use]
pub fn ending_at(zone: &Zone, end: BusinessTime) -> Day {
    Day::of(zone, end.plus_us(-1))
}

/// Up to when the open day can be closed at `now`; `None` while it lasts. Where the operator's zone was changed, what is left of
/// a day that has been closed belongs to the next one.
#[must_use]
pub fn closes(zone: &Zone, last: Option<Day>, open_from: BusinessTime, now: BusinessTime) -> Option<BusinessTime> {
    let is_closed = |end: &BusinessTime| last.is_some_and(|last| ending_at(zone, *end) <= last);
    let ends = std::iter::successors(Some(end_of_day(zone, open_from)), |end| Some(end_of_day(zone, *end)));
    let end = ends.take(3).find(|end| !is_closed(end))?;
    (end > open_from && now.since_us(end) >= CLOSED_AFTER_US).then_some(end)
}

/// What a template's postings are caused by, where that leads to a method of payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByMethod {
    /// An attempt.
    Attempt,
    /// A refund of one.
    Refund,
}

/// Whether a day tells of a template by method: what came in, what credit paid, and what went back.
#[must_use]
pub const fn by_method(template: Template) -> Option<ByMethod> {
    use Template as T;
    match template {
        T::Paid | T::PaidToSuspense | T::PaidByBank | T::BankToCredit | T::CreditSpent | T::PromoSpent => {
            Some(ByMethod::Attempt)
        }
        T::RefundDone | T::RefundDoneByBank => Some(ByMethod::Refund),
        _ => None,
    }
}

/// The liabilities that a business watches: what it owes its customers, in money or in service.
pub const LIABILITIES: [LedgerAccount; 6] = [
    LedgerAccount::PaidCredit,
    LedgerAccount::PromoCredit,
    LedgerAccount::OrderFunds,
    LedgerAccount::DeferredRevenue,
    LedgerAccount::Suspense,
    LedgerAccount::RefundInFlight,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR_US;

    fn sum(template: Template, amount: i64) -> TemplateSum {
        TemplateSum { template, leg: template.legs()[0], transfers: 1, amount }
    }

    #[test]
    fn closing_is_opening_and_movements_and_debits_are_credits() {
        let first = accounts(&[], &[sum(Template::Paid, 100), sum(Template::Delivered, 60)]).unwrap();
        let second = accounts(&first, &[sum(Template::RefundStartedFromOrder, 40), sum(Template::PspFee, 3)]).unwrap();
        assert_eq!(first.len(), LedgerAccount::ALL.len());
        let of = |days: &[AccountDay], account| *days.iter().find(|day| day.account == account).unwrap();
        for (account, before, after) in [
            (LedgerAccount::PspReceivable, 100, 97),
            (LedgerAccount::OrderFunds, 40, 0),
            (LedgerAccount::DeferredRevenue, 60, 60),
            (LedgerAccount::RefundInFlight, 0, 40),
            (LedgerAccount::PspFees, 0, 3),
        ] {
            assert_eq!((of(&first, account).closing, of(&second, account).closing), (before, after), "{account:?}");
            assert_eq!(of(&second, account).opening(), before, "{account:?}");
            assert_eq!(of(&first, account).opening(), 0, "{account:?}");
        }
        for days in [&first, &second] {
            let (debits, credits) = balance(days);
            assert_eq!(debits, credits);
        }
        assert_eq!(accounts(&second, &[]).unwrap().iter().filter(|day| day.movement() != 0).count(), 0);
        assert_eq!(accounts(&first, &[sum(Template::Paid, i64::MAX)]), Err(TooMuch));
    }

    #[test]
    fn a_day_is_closed_ten_minutes_after_its_end_in_the_operators_zone() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        // 2026-03-10 12:00 in Shanghai; that day ends at 16:00 UTC.
        let noon = BusinessTime::from_us(1_773_115_200_000_000);
        let end = noon.plus_us(12 * HOUR_US);
        assert_eq!((end_of_day(&zone, noon), start_of_day(&zone, noon)), (end, noon.plus_us(-12 * HOUR_US)));
        assert_eq!(closes(&zone, None, noon, end.plus_us(CLOSED_AFTER_US - 1)), None);
        assert_eq!(closes(&zone, None, noon, end.plus_us(CLOSED_AFTER_US)), Some(end));
        let last = Some(ending_at(&zone, end));
        assert_eq!(last.map(|day| day.to_string()), Some("2026-03-10".to_owned()));
        assert_eq!(closes(&zone, last, end, end.plus_us(CLOSED_AFTER_US)), None, "the next one lasts");
        // Another zone, in which eight hours of that day are left: they belong to the next.
        let (utc, next) = (Zone::utc(), end.plus_us(32 * HOUR_US));
        assert_eq!(closes(&utc, last, end, end.plus_us(9 * HOUR_US)), None);
        assert_eq!(closes(&utc, last, end, next.plus_us(HOUR_US)), Some(next));
        assert_eq!(end_of_day(&zone, end), end.plus_us(24 * HOUR_US), "midnight is the next day's");
    }

    #[test]
    fn days_of_23_and_25_hours_end_where_the_zone_says() {
        let zone = Zone::named("Europe/Berlin").unwrap();
        let at = |text: &str| BusinessTime::from_rfc3339(text).unwrap();
        let length = |text: &str| end_of_day(&zone, at(text)).since_us(start_of_day(&zone, at(text))) / HOUR_US;
        assert_eq!(length("2026-03-29T12:00:00+02:00"), 23);
        assert_eq!(length("2026-10-25T12:00:00+01:00"), 25);
    }

    #[test]
    fn what_is_told_by_method_has_a_cause_that_leads_to_one() {
        let told: Vec<Template> = Template::ALL.into_iter().filter(|one| by_method(*one).is_some()).collect();
        assert_eq!(told.len(), 8);
        assert_eq!(by_method(Template::RefundDone), Some(ByMethod::Refund));
        assert_eq!(by_method(Template::PspFee), None);
    }
}
