//! When to kill: drawn from the seed, tied to a message wherever a message marks the moment.

use crate::random::Random;

/// A moment in the life of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// So many microseconds after its start: while it opens the store, or soon after.
    Starting {
        /// Microseconds.
        us: u64,
    },
    /// When it says that it is ready.
    Ready,
    /// Right after the n-th notice was written to it.
    Asked(u64),
    /// Right after its n-th acknowledgement was read.
    Acknowledged(u64),
    /// So many microseconds after its n-th acknowledgement was read: between messages.
    After {
        /// The acknowledgement.
        acknowledged: u64,
        /// Microseconds.
        us: u64,
    },
}

impl Moment {
    /// Draws a moment for a child that has `in_flight` notices at once and takes about `start_us` to start.
    pub(super) fn draw(random: &mut Random, in_flight: u64, start_us: u64) -> Self {
        let kind = random.below(20);
        let (n, us) = (1 + random.below(4 * in_flight), random.below(5_000));
        match kind {
            0 | 1 => Moment::Starting { us: random.below(start_us.max(1_000)) },
            2 => Moment::Ready,
            3..6 => Moment::Asked(n.saturating_add(in_flight)),
            6..14 => Moment::Acknowledged(n),
            _ => Moment::After { acknowledged: n, us },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_every_kind_comes_up() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..200).map(|_| Moment::draw(&mut random, 16, 20_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        let moments = draw(1);
        let kind = |moment: &Moment| std::mem::discriminant(moment);
        let kinds: std::collections::HashSet<_> = moments.iter().map(kind).collect();
        assert_eq!(kinds.len(), 5);
        assert!(moments.iter().all(|m| !matches!(m, Moment::Acknowledged(0) | Moment::Asked(0..=16))));
    }
}
