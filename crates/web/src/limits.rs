//! How often one address may do what costs money or lets one guess: token buckets in a bounded map.
//!
//! The limits that protect a number or an account are the use cases'; these only keep one caller from using up everybody's.

use everline_core::time::{SECOND_US, SystemTime};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    /// Asking for one-time codes.
    Codes,
    /// Trying one-time codes.
    Tries,
    /// Looking up numbers as a guest.
    Lookups,
    /// Placing orders and starting payments.
    Orders,
}

impl Limit {
    /// How many at once, and the microseconds after which one more is allowed.
    const fn rule(self) -> (i64, i64) {
        match self {
            Limit::Codes => (20, 30 * SECOND_US),
            Limit::Tries => (40, 10 * SECOND_US),
            Limit::Lookups => (30, 6 * SECOND_US),
            Limit::Orders => (60, 3 * SECOND_US),
        }
    }
}

/// Most addresses remembered; beyond that those that are full again are forgotten, then all.
const ENTRIES_MAX: usize = 20_000;

/// When each bucket would be full again.
#[derive(Default)]
pub(crate) struct Limits(Mutex<HashMap<(Limit, IpAddr), SystemTime>>);

impl Limits {
    /// Takes one token, or says after how many seconds there is one.
    pub(crate) fn take(&self, limit: Limit, address: IpAddr, now: SystemTime) -> Result<(), i64> {
        let (burst, interval_us) = limit.rule();
        let Ok(mut full_at) = self.0.lock() else { return Ok(()) };
        if full_at.len() >= ENTRIES_MAX {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= ENTRIES_MAX {
                full_at.clear();
            }
        }
        let entry = full_at.entry((limit, network(address))).or_insert(now);
        let then = (*entry).max(now).plus_us(interval_us);
        let wait_us = then.since_us(now) - burst * interval_us;
        if wait_us > 0 {
            return Err(wait_us / SECOND_US + 1);
        }
        *entry = then;
        Ok(())
    }
}

/// One home or site: an IPv4 address, or the first 64 bits of an IPv6 address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_per_interval() {
        let (limits, at) = (Limits::default(), SystemTime::from_us(1_000));
        let one: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..20 {
            assert_eq!(limits.take(Limit::Codes, one, at), Ok(()));
        }
        assert_eq!(limits.take(Limit::Codes, one, at), Err(31));
        assert_eq!(limits.take(Limit::Codes, "192.0.2.2".parse().unwrap(), at), Ok(()), "another address");
        assert_eq!(limits.take(Limit::Tries, one, at), Ok(()), "another limit");
        let later = at.plus_us(30 * SECOND_US);
        assert_eq!(limits.take(Limit::Codes, one, later), Ok(()));
        assert!(limits.take(Limit::Codes, one, later).is_err());
    }

    #[test]
    fn a_site_counts_once() {
        let (limits, at) = (Limits::default(), SystemTime::from_us(0));
        for n in 0..20u16 {
            let address = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, n]);
            assert_eq!(limits.take(Limit::Codes, address, at), Ok(()));
        }
        assert!(limits.take(Limit::Codes, "2001:db8::ffff".parse().unwrap(), at).is_err());
        assert!(limits.take(Limit::Codes, "2001:db8:0:1::1".parse().unwrap(), at).is_ok());
    }

    #[test]
    fn the_map_is_bounded() {
        let (limits, at) = (Limits::default(), SystemTime::from_us(0));
        for n in 0..u32::try_from(ENTRIES_MAX + 10).unwrap() {
            let _ = limits.take(Limit::Codes, IpAddr::from(n.to_be_bytes()), at);
        }
        assert!(limits.0.lock().unwrap().len() <= ENTRIES_MAX);
    }
}
