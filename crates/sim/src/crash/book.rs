//! The list of renewals and of what was acknowledged, kept where no kill can reach it.

use crate::lines::Awaiting;
use crate::random::Random;
use std::collections::VecDeque;

/// How far a renewal is, as the payment provider would know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Its notice was never sent.
    Unsent,
    /// Its notice was sent and is not acknowledged: it may or may not have been carried out.
    Sent,
    /// Acknowledged in this round: it must be there for ever.
    Acknowledged(u64),
    /// Acknowledged, and seen there after the death that followed.
    Confirmed,
}

/// One renewal.
pub(super) struct Entry {
    pub(super) awaiting: Awaiting,
    pub(super) notice: String,
    pub(super) fate: Fate,
}

/// Counts of what was sent and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    /// Renewals that were acknowledged.
    pub(super) acknowledged: u64,
    /// Notices sent again because nothing had acknowledged them.
    pub(super) resent: u64,
    /// Notices sent again although they were acknowledged or under way.
    pub(super) repeated: u64,
    /// Notices that were answered with a failure.
    pub(super) refused: u64,
}

/// All renewals of a run.
#[derive(Default)]
pub(super) struct Book {
    entries: Vec<Entry>,
    unsent: VecDeque<usize>,
    again: VecDeque<usize>,
    unconfirmed: Vec<usize>,
    confirmed: Vec<usize>,
    pub(super) counts: Counts,
}

impl Book {
    /// Adds a renewal whose notice can be sent.
    pub(super) fn add(&mut self, awaiting: Awaiting, notice: String) {
        self.unsent.push_back(self.entries.len());
        self.entries.push(Entry { awaiting, notice, fate: Fate::Unsent });
    }

    /// Renewals that were never sent.
    pub(super) fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// All of them.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// One of them.
    pub(super) fn get(&self, index: usize) -> Option<&Entry> {
        self.entries.get(index)
    }

    fn set(&mut self, index: usize, fate: Fate) {
        if let Some(entry) = self.entries.get_mut(index) {
            entry.fate = fate;
        }
    }

    /// The next notice to send: mostly one that is not acknowledged, the old ones first; sometimes one of `recent`, sent
    /// to this same child before, or one that was confirmed. One that was acknowledged by a child that has died since is
    /// not repeated before it was confirmed: the repetition could put right what was lost.
    pub(super) fn next(&mut self, random: &mut Random, recent: &[usize]) -> Option<usize> {
        let repeated = match random.below(16) {
            0 => random.pick(recent),
            1 => random.pick(&self.confirmed),
            _ => None,
        };
        if repeated.is_some() {
            self.counts.repeated += 1;
            return repeated;
        }
        self.next_again().or_else(|| {
            let index = self.unsent.pop_front()?;
            self.set(index, Fate::Sent);
            Some(index)
        })
    }

    /// The next notice that was sent and not acknowledged.
    pub(super) fn next_again(&mut self) -> Option<usize> {
        let index = self.again.pop_front()?;
        self.counts.resent += 1;
        Some(index)
    }

    /// Its notice was acknowledged.
    pub(super) fn acknowledged(&mut self, index: usize, round: u64) {
        if self.get(index).is_some_and(|entry| entry.fate == Fate::Sent) {
            self.set(index, Fate::Acknowledged(round));
            self.unconfirmed.push(index);
            self.counts.acknowledged += 1;
        }
    }

    /// Its notice was answered with a failure.
    pub(super) fn refused(&mut self, index: usize) {
        self.counts.refused += 1;
        self.unanswered(vec![index]);
    }

    /// Nobody will answer these any more: what is not acknowledged will be sent again.
    pub(super) fn unanswered(&mut self, mut open: Vec<usize>) {
        open.sort_unstable();
        open.dedup();
        open.retain(|index| self.get(*index).is_some_and(|entry| entry.fate == Fate::Sent));
        open.retain(|index| !self.again.contains(index));
        self.again.extend(open);
    }

    /// The acknowledged renewals that nobody has looked for yet.
    pub(super) fn take_unconfirmed(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.unconfirmed)
    }

    /// It was acknowledged, and it is there.
    pub(super) fn confirm(&mut self, index: usize) {
        self.set(index, Fate::Confirmed);
        self.confirmed.push(index);
    }
}
