//! The stock of Sims: what kinds there are, where they can be, what is set aside, and when a kind is low.

use crate::ids::RawId;
use crate::time::SystemTime;
use crate::words::words;

/// A kind of Sim, by what it can be given out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StockKind {
    /// A card.
    Card,
    /// A profile that bears a number: for a line of its own.
    Profile,
    /// A profile without one: for another device of a line.
    Companion,
}
words!(StockKind { Card = "card", Profile = "profile", Companion = "companion" });

impl StockKind {
    /// The kind of a Sim. A profile that is retired has lost its number, and is counted with those that bore one.
    #[must_use]
    pub const fn of(esim: bool, numbered: bool, retired: bool) -> Self {
        match (esim, numbered || retired) {
            (false, _) => StockKind::Card,
            (true, true) => StockKind::Profile,
            (true, false) => StockKind::Companion,
        }
    }
}

/// Where a Sim is, as the stock is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StockState {
    /// It can be given out.
    Free,
    /// It is in stock, and no code that loads it is: it is given to nobody.
    WithoutCode,
    /// Its batch is not complete.
    Loading,
    /// An order that waits for money has it.
    Reserved,
    /// It serves a line.
    InUse,
    /// It rests with its number, before both can be given out again.
    Resting,
    /// People set it aside.
    SetAside,
    /// It is given out no more.
    Retired,
}
words!(StockState {
    Free = "free",
    WithoutCode = "without_code",
    Loading = "loading",
    Reserved = "reserved",
    InUse = "in_use",
    Resting = "resting",
    SetAside = "set_aside",
    Retired = "retired",
});

/// How many there were of a kind and batch in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockCount {
    /// The kind.
    pub kind: StockKind,
    /// The batch that brought them; empty for those that no batch did.
    pub batch: String,
    /// Where they are.
    pub state: StockState,
    /// How many.
    pub amount: i64,
}

/// What is set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldKind {
    /// A batch of Sims: what of it is in stock, and what comes back.
    Batch,
    /// One Sim.
    Sim,
}
words!(HoldKind { Batch = "batch", Sim = "sim" });

/// Something that people set aside, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Its id.
    pub id: RawId,
    /// A batch or a Sim.
    pub kind: HoldKind,
    /// Its name: of a batch, or the number of a Sim.
    pub name: String,
    /// Why, in somebody's words.
    pub reason: String,
    /// When.
    pub put_at: SystemTime,
    /// By whom: a login.
    pub put_by: String,
    /// When it was given back to the stock, and by whom.
    pub ended: Option<(SystemTime, String)>,
}

/// Longest reason, in characters.
pub const REASON_CHARS_MAX: usize = 200;
/// Longest name of a family of batches, in characters.
pub const FAMILY_CHARS_MAX: usize = 60;

/// A reason as it is kept; `None` if it is none or too long.
#[must_use]
pub fn reason(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = (1..=REASON_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
    fits.then_some(text)
}

/// The family of batches whose names begin so; the empty one has them all. `None` if it is too long.
#[must_use]
pub fn family(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = text.chars().count() <= FAMILY_CHARS_MAX && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Below how many a kind is low, of all batches or of a family of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Threshold {
    /// The kind.
    pub kind: StockKind,
    /// How the names of its batches begin.
    pub family: String,
    /// Fewer than this are too few. At least 1.
    pub least: i64,
    /// How often it was set.
    pub version: i64,
    /// When it was set.
    pub set_at: SystemTime,
    /// By whom: a login.
    pub set_by: String,
    /// How many could be given out when the stock was last counted.
    pub amount: Option<i64>,
    /// Since when there are too few.
    pub low_since: Option<SystemTime>,
}

impl Threshold {
    /// The threshold after a count. Low is told once: since when it is stays, until there are enough again.
    #[must_use]
    pub fn counted(self, counts: &[StockCount], now: SystemTime) -> Self {
        let of_family = |count: &&StockCount| count.kind == self.kind && count.batch.starts_with(self.family.as_str());
        let free = counts.iter().filter(of_family).filter(|count| count.state == StockState::Free);
        let amount = free.fold(0_i64, |sum, count| sum.saturating_add(count.amount));
        let low_since = (amount < self.least).then(|| self.low_since.unwrap_or(now));
        Self { amount: Some(amount), low_since, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(batch: &str, state: StockState, amount: i64) -> StockCount {
        StockCount { kind: StockKind::Profile, batch: batch.to_owned(), state, amount }
    }

    #[test]
    fn low_is_since_the_first_count_that_found_it_until_there_is_enough() {
        let at = SystemTime::from_us;
        let threshold = Threshold {
            kind: StockKind::Profile,
            family: "north-".to_owned(),
            least: 10,
            version: 1,
            set_at: at(0),
            set_by: "zhou".to_owned(),
            amount: None,
            low_since: None,
        };
        let few = [
            count("north-1", StockState::Free, 4),
            count("north-2", StockState::Free, 5),
            count("north-2", StockState::InUse, 90),
            count("south", StockState::Free, 90),
        ];
        let low = threshold.counted(&few, at(1));
        assert_eq!((low.amount, low.low_since), (Some(9), Some(at(1))));
        let still = low.counted(&few[1..], at(2));
        assert_eq!((still.amount, still.low_since), (Some(5), Some(at(1))), "told once");
        let enough = still.clone().counted(&[count("north-3", StockState::Free, 10)], at(3));
        assert_eq!((enough.amount, enough.low_since), (Some(10), None));
        assert_eq!(enough.counted(&[], at(4)).low_since, Some(at(4)), "and again when it falls again");
        let other = Threshold { kind: StockKind::Card, family: String::new(), ..still };
        assert_eq!(other.counted(&few, at(5)).amount, Some(0), "profiles are no cards");
    }

    #[test]
    fn what_is_typed_is_kept_or_refused() {
        assert_eq!(reason(" a  faulty\tbatch "), Some("a faulty batch".to_owned()));
        assert_eq!((reason(" "), reason(&"x".repeat(201)), reason("a\u{7}b")), (None, None, None));
        assert_eq!((family(" north-"), family("")), (Some("north-".to_owned()), Some(String::new())));
        assert_eq!(family(&"x".repeat(61)), None);
        assert_eq!(StockKind::of(true, false, true), StockKind::Profile);
        assert_eq!(StockKind::of(true, false, false), StockKind::Companion);
        assert_eq!(StockKind::of(false, false, false), StockKind::Card);
    }
}
