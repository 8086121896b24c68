//! The one place that reads a clock or draws randomness.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use everline_core::ids::RawId;
use everline_core::time::{BusinessTime, Now, SystemTime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

/// Both clocks and the source of ids and secrets.
pub struct Clock {
    system: Source,
    business_offset_us: AtomicI64,
    random: Random,
}

enum Source {
    Machine,
    Manual(AtomicI64),
}

enum Random {
    System(SystemRandom),
    /// A linear congruential generator: only for simulations, whose runs must repeat.
    Seeded(Mutex<u64>),
}

impl Clock {
    /// The machine's clock and randomness.
    #[must_use]
    pub fn machine() -> Self {
        Self {
            system: Source::Machine,
            business_offset_us: AtomicI64::new(0),
            random: Random::System(SystemRandom::new()),
        }
    }
    /// A clock that stands until it is moved, and randomness that follows from a seed: for tests and simulations.
    #[must_use]
    pub fn manual(start: SystemTime, seed: u64) -> Self {
        Self {
            system: Source::Manual(AtomicI64::new(start.us())),
            business_offset_us: AtomicI64::new(0),
            random: Random::Seeded(Mutex::new(seed)),
        }
    }
    /// Both clocks now.
    #[must_use]
    pub fn now(&self) -> Now {
        let system = match &self.system {
            Source::Machine => machine_us(),
            Source::Manual(us) => us.load(Ordering::Acquire),
        };
        let business = system.saturating_add(self.business_offset_us.load(Ordering::Acquire));
        Now { business: BusinessTime::from_us(business), system: SystemTime::from_us(system) }
    }
    /// Moves a manual system clock forward; the machine's is not ours to move.
    pub fn pass_us(&self, us: i64) {
        if let Source::Manual(now) = &self.system {
            now.fetch_add(us, Ordering::AcqRel);
        }
    }
    /// How far business time is ahead of system time.
    #[must_use]
    pub fn business_offset_us(&self) -> i64 {
        self.business_offset_us.load(Ordering::Acquire)
    }
    /// Moves business time ahead of system time; the sandbox does, and it is persisted by the caller.
    pub fn set_business_offset_us(&self, us: i64) {
        self.business_offset_us.store(us, Ordering::Release);
    }
    /// Fills with random bytes. False if the system has none to give: then nothing may be created.
    #[must_use]
    pub fn fill(&self, bytes: &mut [u8]) -> bool {
        match &self.random {
            Random::System(random) => random.fill(bytes).is_ok(),
            Random::Seeded(state) => {
                let Ok(mut state) = state.lock() else { return false };
                for byte in bytes {
                    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    *byte = state.to_be_bytes()[0];
                }
                true
            }
        }
    }
    /// A new id, time first.
    #[must_use]
    pub fn id(&self) -> RawId {
        let mut random = [0; 10];
        // Without randomness ids of one millisecond could meet; the primary key then refuses the second.
        let _ = self.fill(&mut random);
        let ms = self.now().system.us().unsigned_abs() / 1_000;
        RawId::new_v7(ms, random)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn machine_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn business_time_runs_ahead_by_its_offset() {
        let clock = Clock::manual(SystemTime::from_us(1_000), 1);
        clock.set_business_offset_us(500);
        clock.pass_us(10);
        assert_eq!(clock.now(), Now { business: BusinessTime::from_us(1_510), system: SystemTime::from_us(1_010) });
    }

    #[test]
    fn a_seed_repeats_and_the_system_does_not() {
        let ids = |clock: Clock| (clock.id(), clock.id());
        let at = SystemTime::from_us(1_000_000);
        assert_eq!(ids(Clock::manual(at, 7)), ids(Clock::manual(at, 7)));
        let (one, two) = ids(Clock::machine());
        assert_ne!(one, two);
    }
}
