//! The one place that reads a clock or draws randomness.
//!
//! System time is the machine's, whatever it says. Business time follows it as long as it can be trusted: when the machine's
//! clock jumps by more than [`JUMP_US`] against its monotonic clock, business time goes on as if it had not, at the pace of
//! the monotonic clock, and [`Clock::doubt`] says so until people accept the new time ([`crate::timers::accept_time`]). So a
//! wrong clock expires nothing.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use everline_core::ids::RawId;
use everline_core::time::{BusinessTime, HOUR_US, Now, SystemTime};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How far the machine's clock may move against its monotonic clock, at once, and be believed.
pub const JUMP_US: i64 = HOUR_US;

/// Both clocks and the source of ids and secrets.
pub struct Clock {
    system: Source,
    trust: Mutex<Trust>,
    business_offset_us: AtomicI64,
    random: Random,
}

enum Source {
    /// The instant from which monotonic time is counted.
    Machine(std::time::Instant),
    /// System time and monotonic time.
    Manual(AtomicI64, AtomicI64),
}

/// The last time that was believed.
struct Trust {
    system_us: i64,
    /// Monotonic time at that instant.
    monotonic_us: i64,
    /// What the machine's clock said when it was first doubted.
    doubted_us: Option<i64>,
}
impl Trust {
    /// What time it is, for all we believe.
    fn at(&mut self, system_us: i64, monotonic_us: i64) -> i64 {
        let expected = self.system_us.saturating_add(monotonic_us.saturating_sub(self.monotonic_us));
        let skew_us = system_us.saturating_sub(expected);
        if self.doubted_us.is_none() && skew_us.saturating_abs() > JUMP_US {
            self.doubted_us = Some(system_us);
            tracing::error!(skew_us, "the machine's clock jumped: timers wait until the new time is accepted");
        }
        if self.doubted_us.is_some() {
            return expected;
        }
        (self.system_us, self.monotonic_us) = (system_us, monotonic_us);
        system_us
    }
}

/// The machine's clock says another time than we believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// What the machine's clock says.
    pub machine: SystemTime,
    /// What we go by until people accept it.
    pub believed: SystemTime,
    /// What the machine's clock said when it was first doubted.
    pub since: SystemTime,
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
        Self::new(Source::Machine(monotonic()), Random::System(SystemRandom::new()))
    }
    /// A clock that stands until it is moved, and randomness that follows from a seed: for tests and simulations.
    #[must_use]
    pub fn manual(start: SystemTime, seed: u64) -> Self {
        let source = Source::Manual(AtomicI64::new(start.us()), AtomicI64::new(0));
        Self::new(source, Random::Seeded(Mutex::new(seed)))
    }
    fn new(system: Source, random: Random) -> Self {
        let (system_us, monotonic_us) = system.read();
        let trust = Mutex::new(Trust { system_us, monotonic_us, doubted_us: None });
        Self { system, trust, business_offset_us: AtomicI64::new(0), random }
    }
    fn trust(&self) -> MutexGuard<'_, Trust> {
        self.trust.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Both clocks now.
    #[must_use]
    pub fn now(&self) -> Now {
        let mut trust = self.trust();
        let (system, monotonic) = self.system.read();
        let believed = trust.at(system, monotonic);
        let business = believed.saturating_add(self.business_offset_us.load(Ordering::Acquire));
        Now { business: BusinessTime::from_us(business), system: SystemTime::from_us(system) }
    }
    /// Lets time pass on a manual clock; the machine's is not ours to move.
    pub fn pass_us(&self, us: i64) {
        if let Source::Manual(now, monotonic) = &self.system {
            let _trust = self.trust();
            now.fetch_add(us, Ordering::AcqRel);
            monotonic.fetch_add(us, Ordering::AcqRel);
        }
    }
    /// Sets a manual clock forward or back: what it says changes, and no time passes.
    pub fn jump_us(&self, us: i64) {
        if let Source::Manual(now, _) = &self.system {
            now.fetch_add(us, Ordering::AcqRel);
        }
    }
    /// Whether the machine's clock is in doubt, and how.
    #[must_use]
    pub fn doubt(&self) -> Option<Doubt> {
        let mut trust = self.trust();
        let (system, monotonic) = self.system.read();
        let believed = trust.at(system, monotonic);
        let (machine, believed) = (SystemTime::from_us(system), SystemTime::from_us(believed));
        trust.doubted_us.map(|since| Doubt { machine, believed, since: SystemTime::from_us(since) })
    }
    /// Doubts the machine's clock: it was last believed at `believed`, and time is counted from there.
    pub(crate) fn doubt_since(&self, believed: SystemTime) {
        let mut trust = self.trust();
        let (machine_us, monotonic_us) = self.system.read();
        *trust = Trust { system_us: believed.us(), monotonic_us, doubted_us: Some(machine_us) };
        let ahead_us = machine_us.saturating_sub(believed.us());
        tracing::error!(
            ahead_us,
            "the machine's clock is far from the last known time: timers wait until it is accepted"
        );
    }
    /// Believes the machine's clock again; what it says.
    pub(crate) fn accept(&self) -> SystemTime {
        let mut trust = self.trust();
        let (system_us, monotonic_us) = self.system.read();
        *trust = Trust { system_us, monotonic_us, doubted_us: None };
        SystemTime::from_us(system_us)
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

impl Source {
    /// System time and monotonic time, in microseconds.
    fn read(&self) -> (i64, i64) {
        match self {
            Source::Machine(start) => {
                let passed = monotonic().saturating_duration_since(*start).as_micros();
                (machine_us(), i64::try_from(passed).unwrap_or(i64::MAX))
            }
            Source::Manual(now, monotonic) => (now.load(Ordering::Acquire), monotonic.load(Ordering::Acquire)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
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
    fn a_clock_that_jumps_is_doubted_and_business_time_goes_on_until_it_is_accepted() {
        for jump in [-10 * 365 * 24 * HOUR_US, -JUMP_US - 1, JUMP_US + 1, 10 * 365 * 24 * HOUR_US] {
            let clock = Clock::manual(SystemTime::from_us(0), 1);
            clock.pass_us(48 * HOUR_US);
            assert_eq!(clock.doubt(), None, "time that passes is no jump");
            clock.jump_us(jump);
            clock.pass_us(5);
            let (machine, believed) = (48 * HOUR_US + jump + 5, 48 * HOUR_US + 5);
            let now = clock.now();
            assert_eq!((now.system.us(), now.business.us()), (machine, believed));
            let doubt = clock.doubt().unwrap();
            assert_eq!((doubt.machine.us(), doubt.believed.us(), doubt.since.us()), (machine, believed, machine));
            clock.jump_us(-jump);
            assert_ne!(clock.doubt(), None, "people decide");
            clock.accept();
            assert_eq!((clock.doubt(), clock.now().business.us()), (None, believed));
        }
    }

    #[test]
    fn a_clock_that_is_corrected_a_little_is_followed() {
        let clock = Clock::manual(SystemTime::from_us(0), 1);
        for _ in 0..10 {
            clock.jump_us(JUMP_US);
            assert_eq!(clock.now().business.us(), clock.now().system.us());
        }
        assert_eq!((clock.doubt(), clock.now().business.us()), (None, 10 * JUMP_US));
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
