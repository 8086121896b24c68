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
    /// Asking for codes to mailboxes.
    Mailboxes,
    /// Trying one-time codes.
    Tries,
    /// Looking up numbers as a guest.
    Lookups,
    /// Checking receipts.
    Checks,
    /// Placing orders and starting payments.
    Orders,
    /// Giving vouchers.
    Vouchers,
    /// Staff members' passwords, by address.
    Passwords,
    /// Customers' passwords, by address.
    CustomerPasswords,
    /// Challenges for passkeys, and answers to them.
    Passkeys,
    /// Files of everything that is kept about somebody: tables are read whole for one.
    Exports,
    /// Claiming lines and using cards: what somebody knows of a card is tried.
    Claims,
    /// Writing to support.
    Cases,
    /// Files for spreadsheets: a long history is read for one.
    Files,
    /// Reviews, questions, answers and reports.
    Contributions,
    /// Passwords of one login, wherever the tries come from.
    Login,
    /// Asking providers whether they are there, and test messages.
    Probes,
}

impl Limit {
    /// How many at once, and the microseconds after which one more is allowed.
    const fn rule(self) -> (i64, i64) {
        match self {
            Limit::Codes | Limit::Mailboxes => (20, 30 * SECOND_US),
            Limit::Tries => (40, 10 * SECOND_US),
            Limit::Lookups => (30, 6 * SECOND_US),
            Limit::Checks => (30, 2 * SECOND_US),
            Limit::Orders => (60, 3 * SECOND_US),
            Limit::Vouchers | Limit::Claims => (30, 10 * SECOND_US),
            Limit::Passwords | Limit::CustomerPasswords => (20, 30 * SECOND_US),
            Limit::Passkeys => (40, 10 * SECOND_US),
            Limit::Contributions => (40, 10 * SECOND_US),
            Limit::Exports => (3, 600 * SECOND_US),
            Limit::Cases => (20, 60 * SECOND_US),
            Limit::Files => (20, 15 * SECOND_US),
            Limit::Login => (10, 90 * SECOND_US),
            Limit::Probes => (20, 15 * SECOND_US),
        }
    }
}

/// Most addresses remembered; beyond that those that are full again are forgotten, then all.
const ENTRIES_MAX: usize = 20_000;

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Address(IpAddr),
    /// The first bytes of a keyed hash.
    Name([u8; 8]),
}

/// When each bucket would be full again. Each process counts for itself.
#[derive(Default)]
pub(crate) struct Limits(Mutex<HashMap<(Limit, Whose), SystemTime>>);

impl Limits {
    /// Takes one token of an address, or says after how many seconds there is one.
    pub(crate) fn take(&self, limit: Limit, address: IpAddr, now: SystemTime) -> Result<(), i64> {
        self.take_of(limit, Whose::Address(network(address)), now)
    }

    /// Takes one token of a name, given by its hash.
    pub(crate) fn take_name(&self, limit: Limit, hash: &[u8], now: SystemTime) -> Result<(), i64> {
        let name = hash.first_chunk().copied().unwrap_or_default();
        self.take_of(limit, Whose::Name(name), now)
    }

    fn take_of(&self, limit: Limit, whose: Whose, now: SystemTime) -> Result<(), i64> {
        let (burst, interval_us) = limit.rule();
        let Ok(mut full_at) = self.0.lock() else { return Ok(()) };
        if full_at.len() >= ENTRIES_MAX {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= ENTRIES_MAX {
                full_at.clear();
            }
        }
        let entry = full_at.entry((limit, whose)).or_insert(now);
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
        for _ in 0..10 {
            assert_eq!(limits.take_name(Limit::Login, &[1; 32], at), Ok(()));
        }
        assert!(limits.take_name(Limit::Login, &[1; 32], at).is_err());
        assert_eq!(limits.take_name(Limit::Login, &[2; 32], at), Ok(()), "another name");
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
