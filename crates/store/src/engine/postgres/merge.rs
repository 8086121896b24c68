//! Writes that leave together, made into few statements: `WITH w0 AS (…), w1 AS (…) …`.
//!
//! For each statement the server sets up a portal, takes locks, a snapshot and a plan, and flushes an answer: for the
//! short writes of a renewal that is more than the writing. One statement does all of this once (`docs/adr/0003`).
//!
//! The parts of one statement run in no promised order and do not see each other's rows. So writes are merged only where
//! that cannot be told: each writes another table and reads none; or they only add rows to the same table, where a taken
//! key is found whatever the order.

use crate::engine::sql::Sql;
use crate::engine::tx::Write;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// Most writes that are merged: a renewal has about fifteen. Longer batches stay as they are, so that no statement becomes
/// huge.
const WRITES_MAX: usize = 24;
/// Most merged texts that are kept, and so prepared on each connection; a sequence beyond them is not merged.
const TEXTS_MAX: usize = 256;

/// What a write does, as far as merging cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target<'a> {
    table: &'a str,
    only_adds: bool,
}

/// What a text writes; `None` if it is not surely a single write that reads no other table.
fn target(text: &str) -> Option<Target<'_>> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let (table, adds) = match words.next()? {
        "INSERT" => (words.nth(1)?, true),
        "DELETE" => (words.nth(1)?, false),
        "UPDATE" => (words.next()?, false),
        _ => return None,
    };
    let mut only_adds = adds;
    for word in words {
        match word {
            "SELECT" | "FROM" | "USING" | "RETURNING" | "WITH" => return None,
            "UPDATE" => only_adds = false, // ON CONFLICT … DO UPDATE
            _ => {}
        }
    }
    Some(Target { table, only_adds })
}

/// How many of the first writes can be one statement: at least one, if there is any.
fn together(batch: &[Write]) -> usize {
    let mut targets: Vec<Target<'_>> = Vec::with_capacity(batch.len());
    for (sql, _) in batch {
        let Some(next) = target(sql.text()) else { break };
        let alone = targets.iter().all(|other| other.table != next.table || (other.only_adds && next.only_adds));
        if !alone {
            break;
        }
        targets.push(next);
    }
    targets.len().max(batch.len().min(1))
}

/// One text that does what `parts` do; the last one is the statement itself, so that its row count is theirs.
fn merged(parts: &[&'static Sql]) -> String {
    let Some((last, before)) = parts.split_last() else { return String::new() };
    let mut text = String::new();
    let mut shift = 0;
    for (place, part) in before.iter().enumerate() {
        let _ = write!(text, "{} w{place} AS (", if place == 0 { "WITH" } else { "," });
        shift += renumbered(part.text(), shift, &mut text);
        text.push(')');
    }
    text.push(' ');
    renumbered(last.text(), shift, &mut text);
    text
}

/// Appends a text with its parameters counted on from `shift`; how many it has.
fn renumbered(text: &str, shift: usize, out: &mut String) -> usize {
    let mut most = 0;
    let mut parts = text.split('$');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) => {
                most = most.max(number);
                let _ = write!(out, "${}", number.saturating_add(shift));
            }
            Err(_) => out.push('$'),
        }
        out.push_str(rest);
    }
    most
}

/// A sequence of statements, by the places of their texts.
type Sequence = Vec<usize>;

/// The merged texts of a store, made once for each sequence.
#[derive(Default)]
pub(crate) struct Merger {
    texts: Mutex<HashMap<Sequence, Arc<str>>>,
}

/// A statement to send.
pub(super) enum Statement<'a> {
    /// As it was put.
    One(&'a Write),
    /// Several as one.
    Many(Arc<str>, Vec<&'a crate::Value>),
}

impl Merger {
    /// The statements that do what `batch` does. The row count of the last is that of the last write.
    pub(super) fn merge<'a>(&self, batch: &'a [Write]) -> Vec<Statement<'a>> {
        if batch.len() > WRITES_MAX {
            return batch.iter().map(Statement::One).collect();
        }
        let (mut statements, mut rest) = (Vec::new(), batch);
        while !rest.is_empty() {
            let (group, after) = rest.split_at(together(rest));
            rest = after;
            match (group, self.text(group)) {
                ([_, _, ..], Some(text)) => {
                    statements.push(Statement::Many(text, group.iter().flat_map(|(_, args)| args).collect()));
                }
                _ => statements.extend(group.iter().map(Statement::One)),
            }
        }
        statements
    }

    fn text(&self, group: &[Write]) -> Option<Arc<str>> {
        let sequence: Sequence = group.iter().map(|(sql, _)| std::ptr::from_ref::<Sql>(sql).addr()).collect();
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = texts.get(&sequence) {
            return Some(text.clone());
        }
        if texts.len() >= TEXTS_MAX || group.len() < 2 {
            return None;
        }
        let parts: Vec<&'static Sql> = group.iter().map(|(sql, _)| *sql).collect();
        let text: Arc<str> = merged(&parts).into();
        texts.insert(sequence, text.clone());
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Value, args};

    static A: Sql = Sql::new("UPDATE a SET x = $2 WHERE id = $1");
    static A_TOO: Sql = Sql::new("UPDATE a SET y = $1 WHERE id = $2");
    static B: Sql = Sql::new("DELETE FROM b WHERE id = $1");
    static C: Sql = Sql::new("INSERT INTO c (id, x) VALUES ($1, $2)");
    static C_IF_NEW: Sql = Sql::new("INSERT INTO c (id) VALUES ($1) ON CONFLICT (id) DO NOTHING");
    static C_OR_SET: Sql = Sql::new("INSERT INTO c (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET x = excluded.x");
    static READS: Sql = Sql::new("UPDATE d SET x = (SELECT MAX(x) FROM a) WHERE id = $1");
    static TELLS: Sql = Sql::new("UPDATE d SET x = $2 WHERE id = $1 RETURNING x");

    fn write(sql: &'static Sql) -> Write {
        let most = renumbered(sql.text(), 0, &mut String::new());
        (sql, vec![Value::Null; most])
    }

    #[test]
    fn a_write_says_what_it_writes() {
        let check = |sql: &Sql, table, only_adds| assert_eq!(target(sql.text()), Some(Target { table, only_adds }));
        check(&A, "a", false);
        check(&B, "b", false);
        check(&C, "c", true);
        check(&C_IF_NEW, "c", true);
        check(&C_OR_SET, "c", false);
        assert_eq!(target("INSERT INTO transfer VALUES ($1)").map(|t| t.table), Some("transfer"));
        for other in [&READS, &TELLS] {
            assert_eq!(target(other.text()), None);
        }
        for other in ["SELECT 1", "WITH w AS (UPDATE a SET x = 1) DELETE FROM b", "DELETE FROM a USING b", ""] {
            assert_eq!(target(other), None, "{other}");
        }
    }

    #[test]
    fn only_what_cannot_be_told_apart_is_merged() {
        let check = |sqls: &[&'static Sql], groups: &[usize]| {
            let batch: Vec<Write> = sqls.iter().map(|sql| write(sql)).collect();
            let (mut rest, mut found) = (batch.as_slice(), Vec::new());
            while !rest.is_empty() {
                found.push(together(rest));
                rest = &rest[together(rest)..];
            }
            assert_eq!(found, groups);
        };
        check(&[&A, &B, &C], &[3]);
        check(&[&A, &A], &[1, 1]);
        check(&[&A, &B, &A_TOO, &C], &[2, 2]);
        check(&[&C, &C, &C_IF_NEW, &A], &[4]);
        check(&[&C, &C_OR_SET], &[1, 1]);
        check(&[&C_OR_SET, &C], &[1, 1]);
        check(&[&A, &READS, &B], &[1, 1, 1]);
        check(&[&A, &TELLS, &B, &C], &[1, 1, 2]);
        check(&[], &[]);
    }

    #[test]
    fn parameters_are_counted_on_and_the_last_write_is_the_statement() {
        assert_eq!(
            merged(&[&A, &C, &A_TOO]),
            "WITH w0 AS (UPDATE a SET x = $2 WHERE id = $1), w1 AS (INSERT INTO c (id, x) VALUES ($3, $4)) UPDATE a SET y = $5 WHERE id = $6"
        );
        let mut text = String::new();
        assert_eq!(renumbered("SELECT '$', $12 FROM t WHERE a = $2", 10, &mut text), 12);
        assert_eq!(text, "SELECT '$', $22 FROM t WHERE a = $12");
    }

    #[test]
    fn a_text_is_made_once_and_long_batches_stay_as_they_are() {
        let merger = Merger::default();
        let shape = |statements: &[Statement<'_>]| -> Vec<usize> {
            let len = |s: &Statement<'_>| match s {
                Statement::One(_) => 0,
                Statement::Many(_, args) => args.len(),
            };
            statements.iter().map(len).collect()
        };
        let batch = [(&A, args![1, 2]), (&C, args![3, 4]), (&A, args![5, 6])];
        for _ in 0..2 {
            assert_eq!(shape(&merger.merge(&batch)), [4, 0]);
        }
        assert_eq!(merger.texts.lock().unwrap().len(), 1);
        let long: Vec<Write> = (0..=WRITES_MAX).map(|_| write(&C)).collect();
        assert_eq!(shape(&merger.merge(&long)), vec![0; WRITES_MAX + 1]);
        assert_eq!(shape(&merger.merge(&long[1..])), [2 * WRITES_MAX]);
    }
}
