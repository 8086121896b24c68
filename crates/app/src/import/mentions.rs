//! Names that may stand in one row of a file only, or must mean the same wherever they stand. Holds sixteen octets a name,
//! or twenty-four, and finds the doubles by sorting at the end.

use super::Fault;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A row, small: its line and the number of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) line: u32,
    pub(super) batch: u16,
}

/// Eighty bits of a name: two of five million names meet by chance once in 10^11 files.
type Key = [u8; 10];

fn key(name: &str) -> Key {
    let hash = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, name).hash(&mut hasher);
        hasher.finish()
    };
    let [a, b, c, d, e, f, g, h] = hash(1).to_be_bytes();
    let [i, j, ..] = hash(2).to_be_bytes();
    [a, b, c, d, e, f, g, h, i, j]
}

/// A hash of what a name means.
pub(super) fn meaning(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

#[derive(Debug, Default)]
struct Unique {
    field: &'static str,
    all: Vec<(Key, At)>,
}
#[derive(Debug, Default)]
struct Agreeing {
    field: &'static str,
    all: Vec<(Key, At, u64)>,
}

/// The names of a file.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    at: Option<At>,
    unique: Vec<Unique>,
    agreeing: Vec<Agreeing>,
    /// Rows whose card number looks cut to fifteen digits.
    pub(super) rounded: Vec<At>,
}

impl Mentions {
    /// Names that follow are of this row.
    pub(super) fn of_row(&mut self, at: At) {
        self.at = Some(at);
    }
    /// A name that may stand in one row only.
    pub(super) fn once(&mut self, field: &'static str, name: &str) {
        let Some(at) = self.at else { return };
        let found = self.unique.iter().position(|unique| unique.field == field);
        let entry = (key(name), at);
        match found.and_then(|found| self.unique.get_mut(found)) {
            Some(unique) => unique.all.push(entry),
            None => self.unique.push(Unique { field, all: vec![entry] }),
        }
    }
    /// A name that must mean the same in every row.
    pub(super) fn agreed(&mut self, field: &'static str, name: &str, meaning: u64) {
        let Some(at) = self.at else { return };
        let found = self.agreeing.iter().position(|agreeing| agreeing.field == field);
        let entry = (key(name), at, meaning);
        match found.and_then(|found| self.agreeing.get_mut(found)) {
            Some(agreeing) => agreeing.all.push(entry),
            None => self.agreeing.push(Agreeing { field, all: vec![entry] }),
        }
    }
    /// The row's card number looks cut.
    pub(super) fn rounded(&mut self) {
        self.rounded.extend(self.at);
    }
    /// Every row that a name speaks against, with its fault.
    pub(super) fn contradictions(mut self) -> Vec<(At, Fault)> {
        let mut out = Vec::new();
        for Unique { field, all } in &mut self.unique {
            all.sort_unstable();
            for same in all.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
                for (number, (_, at)) in same.iter().enumerate() {
                    let other = same.get(usize::from(number == 0)).map_or(0, |(_, other)| other.line);
                    let remedy = "leave out one of the two lines, or correct it";
                    out.push((*at, Fault::new(field, format!("the same as in line {other}"), remedy)));
                }
            }
        }
        for Agreeing { field, all } in &mut self.agreeing {
            all.sort_unstable();
            for same in all.chunk_by(|a, b| a.0 == b.0) {
                let Some((_, first, meaning)) = same.first() else { continue };
                for (_, at, _) in same.iter().filter(|(_, _, other)| other != meaning) {
                    let reason = format!("line {} says something else of the same {field}", first.line);
                    let remedy = match *field {
                        "owner" => {
                            "kind, name, contact and language of one owner are the same in every line, or are two owners"
                        }
                        _ => "one contact signs one owner in: leave it empty for the other owner, or use one owner key",
                    };
                    out.push((*at, Fault::new(field, reason, remedy)));
                }
            }
        }
        out.sort_by_key(|(at, _)| at.line);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_and_disagreements_are_found_with_their_lines() {
        let mut mentions = Mentions::default();
        for (line, iccid, owner, name) in
            [(2, "a", "x", "林"), (3, "b", "x", "林"), (4, "a", "y", "王"), (5, "c", "x", "李")]
        {
            mentions.of_row(At { line, batch: 0 });
            mentions.once("iccid", iccid);
            mentions.agreed("owner", owner, meaning(&name));
        }
        let found: Vec<_> =
            mentions.contradictions().into_iter().map(|(at, f)| (at.line, f.field, f.reason.into_owned())).collect();
        let expected = [
            (2, "iccid", "the same as in line 4".to_owned()),
            (4, "iccid", "the same as in line 2".to_owned()),
            (5, "owner", "line 2 says something else of the same owner".to_owned()),
        ];
        // Which line of an owner comes first follows from the order of the lines.
        assert_eq!(found, expected);
    }
}
