//! Cases: what support works on (TMF621 `TroubleTicket`). The system opens one where rows need people; a customer opens one
//! about a line, an order or anything, and a guest about the order whose secret link they have.
//!
//! States follow the two who write: what the asker writes is work for us, what we answer is for the asker to read. A case that
//! was solved is opened again by a word of the asker.

pub mod prepared;
mod priority;

pub use priority::{PAID_NOT_IN_EFFECT_US, Priority, due};

use crate::ids::{CaseId, OrderId};
use crate::line::NetworkKind;
use crate::order::OrderState;
use crate::time::{BusinessTime, DAY_US};
use crate::words::words;

/// Where a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseState {
    /// We have to do something.
    Open,
    /// We wait for whoever asked.
    Waiting,
    /// It is over, unless its asker says otherwise.
    Solved,
    /// Its asker said otherwise.
    Reopened,
}
words!(CaseState { Open = "open", Waiting = "waiting", Solved = "solved", Reopened = "reopened" });

/// Who reads a case beside the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseFor {
    /// Nobody: the system opened it, and no word was said to anybody.
    Staff,
    /// The customer whose rows it is about.
    Owner,
    /// Whoever has the secret link of its order. The line's owner does not.
    Guest,
}
words!(CaseFor { Staff = "staff", Owner = "owner", Guest = "guest" });

/// Whose turn it was when a case was opened, as far as the rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The payer's.
    You,
    /// The payment provider's.
    Provider,
    /// The partner network's.
    Network,
    /// Ours.
    Us,
}
words!(Side { You = "you", Provider = "provider", Network = "network", Us = "us" });

impl Side {
    /// Whose turn an order waits for; `None` where nothing is waited for. `silent`: the provider did not answer; `case`: we
    /// look at it already.
    #[must_use]
    pub fn of(state: OrderState, network: NetworkKind, silent: bool, case: bool) -> Option<Self> {
        match state {
            state if case && !state.delivered() => Some(Side::Us),
            OrderState::AwaitingPayment if silent => Some(Side::Provider),
            OrderState::AwaitingPayment | OrderState::Closed => Some(Side::You),
            OrderState::Paid => Some(Side::Network),
            OrderState::Delivered if network == NetworkKind::BuiltIn => Some(Side::Us),
            OrderState::Delivered => Some(Side::Network),
            OrderState::Refunding => Some(Side::Provider),
            OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect | OrderState::Refunded => None,
        }
    }
}

/// Who wrote an entry of a case, and what kind it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Whoever asked.
    Asker,
    /// An answer of the staff.
    Answer,
    /// A note among the staff: nobody else reads it.
    Note,
}
words!(EntryKind { Asker = "asker", Answer = "answer", Note = "note" });

/// What was last done with a case: whoever worked on an older version reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CaseStep {
    /// It was opened.
    Opened,
    /// Its asker wrote.
    AskerWrote,
    /// Its asker said that it is solved.
    AskerSolved,
    /// It was answered.
    Answered,
    /// Something was noted in it.
    Noted,
    /// It was set to another state.
    StateSet,
    /// A member of the staff took it.
    Taken,
    /// It was handed on to a colleague.
    HandedOn,
    /// Its owner let it go.
    LetGo,
    /// It has another priority.
    PrioritySet,
    /// It went into another case.
    Merged,
    /// Another case came into it.
    TookIn,
    /// Its cause came back.
    CameBack,
    /// Its cause is over.
    CauseOver,
}
words!(CaseStep {
    Opened = "opened",
    AskerWrote = "asker_wrote",
    AskerSolved = "asker_solved",
    Answered = "answered",
    Noted = "noted",
    StateSet = "state_set",
    Taken = "taken",
    HandedOn = "handed_on",
    LetGo = "let_go",
    PrioritySet = "priority_set",
    Merged = "merged",
    TookIn = "took_in",
    CameBack = "came_back",
    CauseOver = "cause_over",
});

/// Where the asker of a case is that somebody called about: a word like those of pages.
pub const PHONE: &str = "phone";

/// The number of a case, of eight digits, that people read to each other. It follows from the id; two cases may share one.
#[must_use]
pub fn number(id: CaseId) -> i64 {
    // FNV-1a: ids of one order's cases differ in their last octets alone.
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = id.bytes().into_iter().fold(0xcbf2_9ce4_8422_2325, hash);
    i64::try_from(hash % 90_000_000).unwrap_or(0) + 10_000_000
}

/// Cases that are not solved, at most, of a customer and of a guest's order.
pub const OPEN_MAX: usize = 20;
/// Entries of one case that its asker can write.
pub const ENTRIES_MAX: usize = 60;
/// How long a solved case can be opened again by a word; after that a new one is clearer.
pub const REOPEN_US: i64 = 30 * DAY_US;
/// Most characters of a subject.
pub const SUBJECT_MAX: usize = 100;
/// Most characters of what is written.
pub const TEXT_MAX: usize = 4_000;

/// Why a case does not take something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It was solved too long ago.
    #[error("it was solved too long ago: a new case is clearer")]
    Over,
    /// As much as one case takes was written already.
    #[error("the case has as many entries as one takes")]
    Full,
    /// There are as many open cases as one asker can have.
    #[error("there are as many open cases as one asker can have")]
    TooManyOpen,
    /// Somebody changed it since the page was shown.
    #[error("somebody changed the case since the page was shown")]
    Stale,
    /// It is in that state already.
    #[error("it is in that state already")]
    Already,
    /// It went into another case: that one goes on.
    #[error("it went into another case")]
    Merged,
    /// The other case is solved: nothing goes into it.
    #[error("the other case is solved")]
    OtherSolved,
    /// Whoever reads the one must not read the other.
    #[error("whoever reads the one must not read the other")]
    OtherReader,
    /// Somebody changed the other case since the page was shown.
    #[error("somebody changed the other case since the page was shown")]
    OtherStale,
}
words!(NotTaken {
    Over = "over",
    Full = "full",
    TooManyOpen = "too_many_open",
    Stale = "stale",
    Already = "already",
    Merged = "merged",
    OtherSolved = "other_solved",
    OtherReader = "other_reader",
    OtherStale = "other_stale",
});

/// Whether a case was solved too long ago to be opened again by a word.
#[must_use]
pub fn over(solved_at: Option<BusinessTime>, now: BusinessTime) -> bool {
    solved_at.is_some_and(|at| now.since_us(at) > REOPEN_US)
}

/// The state after its asker wrote.
///
/// # Errors
/// [`NotTaken::Over`] if it was solved too long ago.
pub fn asker_wrote(
    state: CaseState,
    solved_at: Option<BusinessTime>,
    now: BusinessTime,
) -> Result<CaseState, NotTaken> {
    match state {
        CaseState::Open | CaseState::Waiting => Ok(CaseState::Open),
        CaseState::Reopened => Ok(CaseState::Reopened),
        CaseState::Solved if over(solved_at, now) => Err(NotTaken::Over),
        CaseState::Solved => Ok(CaseState::Reopened),
    }
}

/// The state that somebody sets: staff may set any but *reopened*, an asker may only say that it is solved.
///
/// # Errors
/// [`NotTaken::Already`]
pub fn set(from: CaseState, to: CaseState) -> Result<CaseState, NotTaken> {
    let settled = if to == CaseState::Reopened { CaseState::Open } else { to };
    if from == settled || (from == CaseState::Reopened && settled == CaseState::Open) {
        return Err(NotTaken::Already);
    }
    Ok(settled)
}

/// What decides whether one case goes into another of the same customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    /// Who reads it.
    pub for_whom: CaseFor,
    /// The order it is about.
    pub order: Option<OrderId>,
    /// Where it is.
    pub state: CaseState,
    /// Whether it went into another case.
    pub merged: bool,
}

/// Who reads the case into which another goes. Nobody reads afterwards what they could not have read before, notes aside,
/// which nobody but the staff reads.
///
/// # Errors
/// [`NotTaken::Merged`]; [`NotTaken::OtherSolved`]; [`NotTaken::OtherReader`]
pub fn merged(from: Half, into: Half) -> Result<CaseFor, NotTaken> {
    if from.merged || into.merged {
        return Err(NotTaken::Merged);
    }
    if into.state == CaseState::Solved {
        return Err(NotTaken::OtherSolved);
    }
    let same_order = from.order.is_some() && from.order == into.order;
    match (from.for_whom, into.for_whom) {
        (CaseFor::Staff, reader) => Ok(reader),
        (CaseFor::Owner, CaseFor::Staff | CaseFor::Owner) => Ok(CaseFor::Owner),
        (CaseFor::Guest, CaseFor::Staff | CaseFor::Guest) if same_order => Ok(CaseFor::Guest),
        _ => Err(NotTaken::OtherReader),
    }
}

/// A text as it may be kept: not empty, not too long, no control characters but line breaks.
#[must_use]
pub fn readable(text: &str, chars_max: usize) -> Option<String> {
    let text = text.trim().replace("\r\n", "\n").replace('\r', "\n");
    let plain = |c: char| !c.is_control() || c == '\n';
    (!text.is_empty() && text.chars().count() <= chars_max && text.chars().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_asker_writes_is_work_and_opens_what_was_solved() {
        let (then, soon) = (BusinessTime::from_us(0), BusinessTime::from_us(REOPEN_US));
        let late = soon.plus_us(1);
        assert_eq!(asker_wrote(CaseState::Open, None, soon), Ok(CaseState::Open));
        assert_eq!(asker_wrote(CaseState::Waiting, None, soon), Ok(CaseState::Open));
        assert_eq!(asker_wrote(CaseState::Reopened, None, soon), Ok(CaseState::Reopened));
        assert_eq!(asker_wrote(CaseState::Solved, Some(then), soon), Ok(CaseState::Reopened));
        assert_eq!(asker_wrote(CaseState::Solved, Some(then), late), Err(NotTaken::Over));
    }

    #[test]
    fn states_are_set_once() {
        assert_eq!(set(CaseState::Open, CaseState::Solved), Ok(CaseState::Solved));
        assert_eq!(set(CaseState::Solved, CaseState::Open), Ok(CaseState::Open));
        assert_eq!(set(CaseState::Solved, CaseState::Reopened), Ok(CaseState::Open));
        assert_eq!(set(CaseState::Reopened, CaseState::Open), Err(NotTaken::Already));
        for state in CaseState::ALL {
            assert_eq!(set(state, state), Err(NotTaken::Already));
        }
    }

    #[test]
    fn who_reads_one_case_never_reads_anothers_by_a_merge() {
        use CaseFor::{Guest, Owner, Staff};
        let order = |n| Some(OrderId::from([n; 16]));
        let half = |for_whom, order| Half { for_whom, order, state: CaseState::Open, merged: false };
        let other = Err(NotTaken::OtherReader);
        for (from, into, expected) in [
            (half(Staff, None), half(Staff, None), Ok(Staff)),
            (half(Staff, None), half(Owner, None), Ok(Owner)),
            (half(Staff, order(1)), half(Guest, order(2)), Ok(Guest)),
            (half(Owner, None), half(Staff, order(1)), Ok(Owner)),
            (half(Owner, None), half(Owner, order(1)), Ok(Owner)),
            (half(Owner, order(1)), half(Guest, order(1)), other),
            (half(Guest, order(1)), half(Owner, order(1)), other),
            (half(Guest, order(1)), half(Staff, order(1)), Ok(Guest)),
            (half(Guest, order(1)), half(Staff, order(2)), other),
            (half(Guest, order(1)), half(Staff, None), other),
        ] {
            assert_eq!(merged(from, into), expected, "{from:?} into {into:?}");
        }
        let solved = Half { state: CaseState::Solved, ..half(Owner, None) };
        assert_eq!(merged(half(Owner, None), solved), Err(NotTaken::OtherSolved));
        assert_eq!(merged(solved, half(Owner, None)), Ok(Owner));
        let gone = Half { merged: true, ..half(Owner, None) };
        assert_eq!(merged(gone, half(Owner, None)), Err(NotTaken::Merged));
        assert_eq!(merged(half(Owner, None), gone), Err(NotTaken::Merged));
    }

    #[test]
    fn numbers_have_eight_digits_and_differ_where_ids_do_a_little() {
        let id = crate::ids::RawId::new_v7(1_795_343_400_000, [7; 10]);
        let numbers: Vec<i64> = (0..=255).map(|n| number(CaseId(id.derive(0x72, n)))).collect();
        assert!(numbers.iter().all(|number| number.to_string().len() == 8));
        let different: std::collections::BTreeSet<_> = numbers.iter().collect();
        assert_eq!(different.len(), numbers.len());
        assert_eq!(numbers[3], number(CaseId(id.derive(0x72, 3))));
    }

    #[test]
    fn texts_are_bounded_and_plain() {
        assert_eq!(readable(" a\r\nb ", 3), Some("a\nb".to_owned()));
        for text in ["", " \n ", "abcd", "a\u{0}", "a\u{1b}b"] {
            assert_eq!(readable(text, 3), None, "{text:?}");
        }
        assert_eq!(readable("一二三", 3), Some("一二三".to_owned()));
    }

    #[test]
    fn whose_turn_it_is_follows_from_the_order() {
        let of = |state| Side::of(state, NetworkKind::BuiltIn, false, false);
        assert_eq!(of(OrderState::AwaitingPayment), Some(Side::You));
        assert_eq!(of(OrderState::Delivered), Some(Side::Us));
        assert_eq!(of(OrderState::InEffect), None);
        assert_eq!(Side::of(OrderState::AwaitingPayment, NetworkKind::BuiltIn, true, false), Some(Side::Provider));
        assert_eq!(Side::of(OrderState::Delivered, NetworkKind::Upstream, false, false), Some(Side::Network));
        assert_eq!(Side::of(OrderState::Paid, NetworkKind::Upstream, false, true), Some(Side::Us));
    }
}
