//! What customers write under an offering: reviews by those who used it, questions, and answers. Nothing is shown before
//! staff published it, and everything that is shown can be reported.
//!
//! A contribution is text and nothing else: it is shown as it was typed, never as markup, and no part of it becomes a link.

use crate::order::{Order, OrderState};
use crate::time::{BusinessTime, DAY_US};
use crate::words::words;

/// What somebody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContributionKind {
    /// Stars, and in words why, by a customer whose line used the offering.
    Review,
    /// A question by a customer.
    Question,
    /// An answer to a question, by staff or by a customer whose line used the offering.
    Answer,
}

words!(ContributionKind { Review = "review", Question = "question", Answer = "answer" });

impl ContributionKind {
    /// Most characters of its text.
    #[must_use]
    pub const fn text_max(self) -> usize {
        match self {
            ContributionKind::Review | ContributionKind::Answer => 500,
            ContributionKind::Question => 300,
        }
    }
    /// Whether stars alone say enough.
    const fn text_optional(self) -> bool {
        matches!(self, ContributionKind::Review)
    }
}

/// Where a contribution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContributionState {
    /// Waits for staff; its author alone sees it.
    Waiting,
    /// Everybody sees it.
    Published,
    /// Somebody reported it. It is shown until staff decided, so that nobody can silence what they dislike.
    Reported,
    /// Staff did not publish it, and said why.
    Refused,
    /// Staff took it away again, and said why.
    Hidden,
    /// Its author took it back; its text is gone.
    Withdrawn,
}

words!(ContributionState {
    Waiting = "waiting",
    Published = "published",
    Reported = "reported",
    Refused = "refused",
    Hidden = "hidden",
    Withdrawn = "withdrawn",
});

impl ContributionState {
    /// Whether everybody sees it.
    #[must_use]
    pub const fn shown(self) -> bool {
        matches!(self, ContributionState::Published | ContributionState::Reported)
    }
}

/// What happens to a contribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContributionStep {
    /// Staff let everybody see it.
    Publish,
    /// Staff do not.
    Refuse,
    /// A customer says that it should not be there.
    Report,
    /// Staff looked at what was reported, and leave it.
    Keep,
    /// Staff take it away.
    Hide,
    /// Its author writes it anew: staff look again.
    Rewrite,
    /// Its author takes it back.
    Withdraw,
}

words!(ContributionStep {
    Publish = "publish",
    Refuse = "refuse",
    Report = "report",
    Keep = "keep",
    Hide = "hide",
    Rewrite = "rewrite",
    Withdraw = "withdraw",
});

/// Why a step is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotContributed {
    /// The line did not use the offering, or not for long enough.
    #[error("the offering was not used for a day")]
    NotUsed,
    /// Nobody sees it, so nobody can report or answer it.
    #[error("it is not shown")]
    NotShown,
    /// It changed since it was looked at, or somebody decided already.
    #[error("it changed meanwhile")]
    Changed,
}

words!(NotContributed { NotUsed = "not-used", NotShown = "not-shown", Changed = "changed" });

/// Where a step leads.
///
/// # Errors
/// [`NotContributed`]
pub const fn step(state: ContributionState, step: ContributionStep) -> Result<ContributionState, NotContributed> {
    use ContributionState::{Hidden, Published, Refused, Reported, Waiting, Withdrawn};
    match (step, state) {
        (ContributionStep::Publish, Waiting) | (ContributionStep::Keep, Reported) => Ok(Published),
        (ContributionStep::Refuse, Waiting) => Ok(Refused),
        (ContributionStep::Report, Published | Reported) => Ok(Reported),
        (ContributionStep::Report, _) => Err(NotContributed::NotShown),
        (ContributionStep::Hide, Published | Reported) => Ok(Hidden),
        (ContributionStep::Rewrite, _) => Ok(Waiting),
        (ContributionStep::Withdraw, Waiting | Published | Reported | Refused | Hidden) => Ok(Withdrawn),
        (
            ContributionStep::Publish
            | ContributionStep::Keep
            | ContributionStep::Refuse
            | ContributionStep::Hide
            | ContributionStep::Withdraw,
            _,
        ) => Err(NotContributed::Changed),
    }
}

/// Whether a line really used what an order bought: it is in effect, and began a day ago.
#[must_use]
pub fn really_used(order: &Order, now: BusinessTime) -> bool {
    order.state == OrderState::InEffect && order.starts_at.is_some_and(|start| start.plus_us(DAY_US) <= now)
}

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TextFault {
    /// There is none.
    #[error("empty")]
    Empty,
    /// It has more characters than its kind may have.
    #[error("too long")]
    TooLong,
    /// It holds characters that are no text: controls, or marks that turn the direction of what follows.
    #[error("holds characters that are no text")]
    NoText,
}

words!(TextFault { Empty = "empty", TooLong = "too-long", NoText = "no-text" });

/// A text as it is kept: without white space around it, lines ended by line feeds alone.
///
/// # Errors
/// [`TextFault`]
pub fn text(kind: ContributionKind, typed: &str) -> Result<String, TextFault> {
    let text = typed.replace("\r\n", "\n").replace('\r', "\n");
    let text = text.trim();
    if text.is_empty() && !kind.text_optional() {
        return Err(TextFault::Empty);
    }
    if text.chars().count() > kind.text_max() {
        return Err(TextFault::TooLong);
    }
    // U+202A–202E and U+2066–2069 turn the text around them, also that of the page.
    let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.chars().any(|c| (c.is_control() && c != '\n') || turns(c)) {
        return Err(TextFault::NoText);
    }
    Ok(text.to_owned())
}

/// One to five.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stars(u8);

impl Stars {
    /// From a number.
    #[must_use]
    pub fn new(stars: i64) -> Option<Self> {
        u8::try_from(stars).ok().filter(|stars| (1..=5).contains(stars)).map(Self)
    }
    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What the reviews of an offering say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rating {
    /// How many reviews with one star, two, and so on.
    pub by_stars: [i64; 5],
}

impl Rating {
    /// From how many reviews there are of each number of stars.
    #[must_use]
    pub fn of(counts: &[(Stars, i64)]) -> Self {
        let mut rating = Rating::default();
        for (stars, count) in counts {
            if let Some(slot) = rating.by_stars.get_mut(usize::from(stars.get().saturating_sub(1))) {
                *slot = slot.saturating_add(*count);
            }
        }
        rating
    }
    /// How many reviews.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.by_stars.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
    /// The mean in tenths of a star, rounded to the nearest; `None` without reviews.
    #[must_use]
    pub fn tenths(&self) -> Option<i64> {
        let count = self.count();
        let sum = (1..).zip(self.by_stars).fold(0_i64, |sum, (stars, n)| sum.saturating_add(n.saturating_mul(stars)));
        (count > 0).then(|| sum.saturating_mul(20).saturating_add(count) / count.saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every state and step: where it leads, or why not.
    #[test]
    fn every_step_from_every_state() {
        use ContributionState::{Hidden, Published, Refused, Reported, Waiting, Withdrawn};
        use ContributionStep::{Hide, Keep, Publish, Refuse, Report, Rewrite, Withdraw};
        use NotContributed::{Changed, NotShown};
        let table = [
            (Publish, [Ok(Published), Err(Changed), Err(Changed), Err(Changed), Err(Changed), Err(Changed)]),
            (Refuse, [Ok(Refused), Err(Changed), Err(Changed), Err(Changed), Err(Changed), Err(Changed)]),
            (Report, [Err(NotShown), Ok(Reported), Ok(Reported), Err(NotShown), Err(NotShown), Err(NotShown)]),
            (Keep, [Err(Changed), Err(Changed), Ok(Published), Err(Changed), Err(Changed), Err(Changed)]),
            (Hide, [Err(Changed), Ok(Hidden), Ok(Hidden), Err(Changed), Err(Changed), Err(Changed)]),
            (Rewrite, [Ok(Waiting); 6]),
            (Withdraw, [Ok(Withdrawn), Ok(Withdrawn), Ok(Withdrawn), Ok(Withdrawn), Ok(Withdrawn), Err(Changed)]),
        ];
        let states = [Waiting, Published, Reported, Refused, Hidden, Withdrawn];
        assert_eq!((table.len(), states), (ContributionStep::ALL.len(), ContributionState::ALL));
        for (taken, expected) in table {
            for (state, expected) in states.into_iter().zip(expected) {
                assert_eq!(step(state, taken), expected, "{taken:?} from {state:?}");
            }
        }
    }

    #[test]
    fn texts_are_plain_and_bounded() {
        use ContributionKind::{Answer, Question, Review};
        assert_eq!(text(Review, "  好用\r\n信号好 ").as_deref(), Ok("好用\n信号好"));
        assert_eq!(text(Review, " ").as_deref(), Ok(""));
        assert_eq!(text(Question, " \n"), Err(TextFault::Empty));
        assert_eq!(text(Answer, ""), Err(TextFault::Empty));
        assert_eq!(text(Question, &"字".repeat(300)).map(|text| text.chars().count()), Ok(300));
        assert_eq!(text(Question, &"字".repeat(301)), Err(TextFault::TooLong));
        assert_eq!(text(Review, &"x".repeat(501)), Err(TextFault::TooLong));
        for bad in ["a\u{0}b", "a\u{1b}[31m", "a\tb", "\u{202e}evil", "a\u{2066}b"] {
            assert_eq!(text(Answer, bad), Err(TextFault::NoText), "{bad:?}");
        }
        // Markup is text like any other: the page escapes it.
        assert_eq!(text(Review, "<b>1 < 2</b>").as_deref(), Ok("<b>1 < 2</b>"));
    }

    #[test]
    fn the_mean_is_rounded_to_a_tenth() {
        let stars = |n| Stars::new(n).unwrap();
        assert_eq!(Rating::default().tenths(), None);
        assert_eq!(Rating::of(&[(stars(5), 1), (stars(4), 2)]).tenths(), Some(43));
        assert_eq!(Rating::of(&[(stars(5), 1), (stars(4), 1)]).tenths(), Some(45));
        assert_eq!(Rating::of(&[(stars(1), 1), (stars(2), 3)]).tenths(), Some(18));
        assert_eq!([Stars::new(0), Stars::new(6), Stars::new(-1)], [None; 3]);
    }
}
