//! Refunds that staff ask for: below a limit a member carries one out alone; above it another member decides, who may
//! approve.

use crate::ids::{CustomerId, OrderId, RawId};
use crate::money::Money;
use crate::time::{BusinessTime, HOUR_US};
use serde::{Deserialize, Serialize};

/// What a brand allows its staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefundLimits {
    /// Most that one member may give back of an order, in millionths of the brand's currency. More needs a second person.
    pub alone_max: i64,
}
impl Default for RefundLimits {
    fn default() -> Self {
        Self { alone_max: 100_000_000 }
    }
}

/// A decision, and whose it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// The staff member.
    pub by: RawId,
    /// When.
    pub at: BusinessTime,
}

/// Where a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    /// It waits for a second person.
    Requested,
    /// A second person approved it, and its money is on its way.
    Approved(Decided),
    /// It was declined, or withdrawn by whoever asked.
    Declined(Decided),
    /// Whoever asked carried it out alone: it was within the limit.
    Done,
}

impl RequestState {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            RequestState::Requested => "requested",
            RequestState::Approved(_) => "approved",
            RequestState::Declined(_) => "declined",
            RequestState::Done => "done",
        }
    }
    /// The state of a stored word, with its decision; `None` if the two do not fit.
    #[must_use]
    pub fn from_word(word: &str, decided: Option<Decided>) -> Option<Self> {
        match (word, decided) {
            ("requested", None) => Some(RequestState::Requested),
            ("approved", Some(decided)) => Some(RequestState::Approved(decided)),
            ("declined", Some(decided)) => Some(RequestState::Declined(decided)),
            ("done", None) => Some(RequestState::Done),
            _ => None,
        }
    }
    /// The decision, where there was one.
    #[must_use]
    pub const fn decided(self) -> Option<Decided> {
        match self {
            RequestState::Approved(decided) | RequestState::Declined(decided) => Some(decided),
            RequestState::Requested | RequestState::Done => None,
        }
    }
    /// The state after a decision about what `asked_by` asked for, by somebody who may approve or not.
    ///
    /// # Errors
    /// As [`decide`].
    pub fn after(
        self,
        asked_by: RawId,
        verdict: Verdict,
        decided: Decided,
        approver: bool,
    ) -> Result<Self, NotDecided> {
        let own = asked_by == decided.by;
        match verdict {
            _ if self != RequestState::Requested => Err(NotDecided::NotWaiting),
            Verdict::Approve if own => Err(NotDecided::SamePerson),
            Verdict::Decline if own => Ok(RequestState::Declined(decided)),
            _ if !approver => Err(NotDecided::NotApprover),
            Verdict::Approve => Ok(RequestState::Approved(decided)),
            Verdict::Decline => Ok(RequestState::Declined(decided)),
        }
    }
    /// Whether its refund was started.
    #[must_use]
    pub const fn carried_out(self) -> bool {
        matches!(self, RequestState::Approved(_) | RequestState::Done)
    }
}

/// A refund that a staff member asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundRequest {
    /// Given with the page on which it was asked, so that asking twice is asking once.
    pub id: RawId,
    /// The order's customer.
    pub customer: CustomerId,
    /// The order.
    pub order: OrderId,
    /// Who asked.
    pub asked_by: RawId,
    /// When.
    pub asked_at: BusinessTime,
    /// How much.
    pub amount: Money,
    /// Whether what was bought stays with its owner.
    pub keeps: bool,
    /// Why, in the words of whoever asked; removed with what else names the customer.
    pub reason: Option<String>,
    /// Where it is.
    pub state: RequestState,
}

/// What a second person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes back.
    Approve,
    /// It does not.
    Decline,
}

/// For how long two members do not decide about each other's requests after one gave the other the link that sets a password, or
/// took a second factor away: time for colleagues to see it.
pub const LET_IN_US: i64 = 72 * HOUR_US;

/// Why a request is not decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotDecided {
    /// It was decided before.
    #[error("the request does not wait any more")]
    NotWaiting,
    /// Whoever asked cannot approve.
    #[error("another person must approve")]
    SamePerson,
    /// Their role does not approve.
    #[error("somebody who may approve must decide")]
    NotApprover,
    /// They let whoever asked in, were let in by them, or both by a third, within [`LET_IN_US`]: one person may be both.
    #[error("one of the two let the other in a moment ago, or somebody let in both")]
    LetIn,
}

impl NotDecided {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NotDecided::NotWaiting => "not-waiting",
            NotDecided::SamePerson => "same-person",
            NotDecided::NotApprover => "not-approver",
            NotDecided::LetIn => "let-in",
        }
    }
}

/// Whether a refund of `amount` needs a second person, of an order of which members gave back `alone` by themselves before.
#[must_use]
pub const fn needs_second(limits: RefundLimits, alone: i64, amount: i64) -> bool {
    alone.saturating_add(amount) > limits.alone_max
}

/// The request as decided by somebody who may approve or not. Whoever asked may withdraw it, whatever their role is.
///
/// # Errors
/// [`NotDecided`], checked in the order: it waits · another person · one who may approve.
pub fn decide(
    request: RefundRequest,
    verdict: Verdict,
    decided: Decided,
    approver: bool,
) -> Result<RefundRequest, NotDecided> {
    let state = request.state.after(request.asked_by, verdict, decided, approver)?;
    Ok(RefundRequest { state, ..request })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn id(n: u8) -> RawId {
        RawId::new_v7(u64::from(n), [n; 10])
    }
    fn asked() -> RefundRequest {
        RefundRequest {
            id: id(9),
            customer: CustomerId(id(1)),
            order: OrderId(id(2)),
            asked_by: id(3),
            asked_at: BusinessTime::from_us(1),
            amount: Money::from_micros(1, Currency::CNY),
            keeps: false,
            reason: None,
            state: RequestState::Requested,
        }
    }

    #[test]
    fn another_person_who_may_approves_once() {
        let decided = |by| Decided { by, at: BusinessTime::from_us(2) };
        let (own, other) = (decided(id(3)), decided(id(4)));
        let states = |verdict, who, approver| decide(asked(), verdict, who, approver).map(|request| request.state);
        assert_eq!(states(Verdict::Approve, other, true), Ok(RequestState::Approved(other)));
        assert_eq!(states(Verdict::Approve, other, false), Err(NotDecided::NotApprover));
        assert_eq!(states(Verdict::Approve, own, true), Err(NotDecided::SamePerson));
        assert_eq!(states(Verdict::Decline, own, false), Ok(RequestState::Declined(own)));
        assert_eq!(states(Verdict::Decline, other, false), Err(NotDecided::NotApprover));
        assert_eq!(states(Verdict::Decline, other, true), Ok(RequestState::Declined(other)));
        for state in [RequestState::Approved(other), RequestState::Declined(other), RequestState::Done] {
            let again = decide(RefundRequest { state, ..asked() }, Verdict::Approve, other, true);
            assert_eq!(again, Err(NotDecided::NotWaiting));
            assert_eq!(RequestState::from_word(state.word(), state.decided()), Some(state));
        }
    }

    #[test]
    fn small_parts_do_not_pass_the_limit_together() {
        let limits = RefundLimits::default();
        assert!(!needs_second(limits, 0, 100_000_000));
        assert!(needs_second(limits, 0, 100_000_001));
        assert!(needs_second(limits, 60_000_000, 60_000_000));
    }
}
