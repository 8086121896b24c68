//! Who owns a line: how somebody claims one that is nobody's, and how an owner offers one to somebody else (过户).

use crate::time::{DAY_US, SystemTime};
use crate::words::words;

/// Most characters of what an owner calls a line.
pub const NAME_CHARS_MAX: usize = 40;
/// How long an offer can be taken.
pub const OFFER_US: i64 = 7 * DAY_US;

/// What an owner calls a line, without the space around it; empty for no name.
///
/// # Errors
/// If it is too long, or holds what cannot be shown.
pub fn line_name(typed: &str) -> Result<String, NotAName> {
    let name = typed.trim();
    let shown = |c: char| {
        !c.is_control() && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if name.chars().count() > NAME_CHARS_MAX || !name.chars().all(shown) {
        return Err(NotAName);
    }
    Ok(name.to_owned())
}

/// It cannot be a name: too long, or with characters that steer the text around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at most 40 characters of text")]
pub struct NotAName;

/// Why somebody does not claim a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NotClaimed {
    /// Card and secret do not belong together, or no line is on the card: which of it is not said.
    #[error("no line can be claimed so")]
    NoSuch,
    /// It is somebody's: only its owner hands it over.
    #[error("the line has an owner")]
    Owned,
    /// It is the claimer's already.
    #[error("the line is the claimer's own")]
    Yours,
}
words!(NotClaimed { NoSuch = "no-such", Owned = "owned", Yours = "yours" });

/// Where an offer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Offered {
    /// It can be taken.
    Offered,
    /// It was taken: the line went on.
    Taken,
    /// Whom it was made to does not want the line.
    Declined,
    /// Its owner took it back, or the line changed so that it cannot be handed over.
    Withdrawn,
}
words!(Offered { Offered = "offered", Taken = "taken", Declined = "declined", Withdrawn = "withdrawn" });

/// What happens to an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OfferStep {
    /// Whom it was made to takes the line.
    Take,
    /// Or does not want it.
    Decline,
    /// Its owner takes it back.
    Withdraw,
}

/// Why an offer does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the offer is over")]
pub struct OfferOver;

/// The state that a step leads to. A step that led there already leads there again; one that comes too late leads nowhere.
///
/// # Errors
/// [`OfferOver`]
pub fn offer(state: Offered, due_at: SystemTime, step: OfferStep, now: SystemTime) -> Result<Offered, OfferOver> {
    match (state, step) {
        (Offered::Offered, OfferStep::Take) if now < due_at => Ok(Offered::Taken),
        (Offered::Offered | Offered::Declined, OfferStep::Decline) => Ok(Offered::Declined),
        (Offered::Offered | Offered::Withdrawn, OfferStep::Withdraw) => Ok(Offered::Withdrawn),
        (Offered::Taken, OfferStep::Take) => Ok(Offered::Taken),
        _ => Err(OfferOver),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_ends_once() {
        use Offered::{Declined, Taken, Withdrawn};
        let (due, at) = (SystemTime::from_us(100), SystemTime::from_us(99));
        for (state, take, decline, withdraw) in [
            (Offered::Offered, Ok(Taken), Ok(Declined), Ok(Withdrawn)),
            (Taken, Ok(Taken), Err(OfferOver), Err(OfferOver)),
            (Declined, Err(OfferOver), Ok(Declined), Err(OfferOver)),
            (Withdrawn, Err(OfferOver), Err(OfferOver), Ok(Withdrawn)),
        ] {
            let steps = [OfferStep::Take, OfferStep::Decline, OfferStep::Withdraw];
            assert_eq!(steps.map(|step| offer(state, due, step, at)), [take, decline, withdraw], "{state:?}");
        }
        assert_eq!(offer(Offered::Offered, due, OfferStep::Take, due), Err(OfferOver), "too late");
        assert_eq!(offer(Offered::Offered, due, OfferStep::Withdraw, due), Ok(Withdrawn));
    }

    #[test]
    fn names_are_text() {
        assert_eq!(line_name("  小花的手表 "), Ok("小花的手表".to_owned()));
        assert_eq!(line_name(""), Ok(String::new()));
        assert_eq!(line_name(&"手".repeat(40)), Ok("手".repeat(40)));
        for wrong in [&"手".repeat(41), "a\nb", "a\u{202e}b", "\u{2066}x"] {
            assert_eq!(line_name(wrong), Err(NotAName), "{wrong:?}");
        }
    }
}
