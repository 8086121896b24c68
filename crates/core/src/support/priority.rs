//! How soon a case is looked at: its priority, and by when.

use super::CaseState;
use crate::effects::CaseReason;
use crate::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US};
use crate::words::words;

/// How much depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// When there is time.
    Low,
    /// What people ask.
    Normal,
    /// Somebody's money or service waits.
    High,
    /// At once.
    Urgent,
}
words!(Priority { Low = "low", Normal = "normal", High = "high", Urgent = "urgent" });

impl Priority {
    /// What a case that is opened for this reason has, until people say otherwise.
    #[must_use]
    pub const fn of(reason: CaseReason) -> Self {
        match reason {
            CaseReason::AmountMismatch
            | CaseReason::MerchantMismatch
            | CaseReason::ConflictingEvidence
            | CaseReason::RefundFailed
            | CaseReason::Disputed
            | CaseReason::PaidNotInEffect => Priority::High,
            CaseReason::JobFailed | CaseReason::WrongNumber | CaseReason::CardTooOften => Priority::Normal,
            CaseReason::Asked | CaseReason::Reconciliation | CaseReason::Papers => Priority::Normal,
            CaseReason::MessageFailed => Priority::Low,
        }
    }
    /// How long it may wait for us.
    const fn wait_us(self) -> i64 {
        match self {
            Priority::Low => 3 * DAY_US,
            Priority::Normal => DAY_US,
            Priority::High => 4 * HOUR_US,
            Priority::Urgent => HOUR_US,
        }
    }
}

/// How long a case waits for its asker before somebody looks whether a word came.
const ASKER_US: i64 = 7 * DAY_US;
/// How long an order may be paid and not in effect before a case is opened.
pub const PAID_NOT_IN_EFFECT_US: i64 = 30 * MINUTE_US;

/// By when a case is to be worked on that came into a state, or was given a priority, at `from`.
#[must_use]
pub fn due(priority: Priority, state: CaseState, from: BusinessTime) -> BusinessTime {
    from.plus_us(match state {
        CaseState::Waiting => ASKER_US,
        CaseState::Open | CaseState::Reopened | CaseState::Solved => priority.wait_us(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_money_or_service_waits_for_comes_first() {
        assert_eq!(Priority::of(CaseReason::Disputed), Priority::High);
        assert_eq!(Priority::of(CaseReason::PaidNotInEffect), Priority::High);
        assert_eq!(Priority::of(CaseReason::Asked), Priority::Normal);
        let from = BusinessTime::from_us(5);
        let dues: Vec<_> = Priority::ALL.iter().map(|one| due(*one, CaseState::Open, from)).collect();
        assert!(dues.is_sorted_by(|one, next| one > next), "the more urgent, the sooner: {dues:?}");
        assert_eq!(due(Priority::Urgent, CaseState::Reopened, from), from.plus_us(HOUR_US));
        assert_eq!(due(Priority::Urgent, CaseState::Waiting, from), from.plus_us(7 * DAY_US));
    }
}
