//! How many orders may be placed and payments started in a time: per payer, line and network address; and how often one card
//! may be used.
//!
//! A stolen card is tried out in many small payments, from one place or for one line, or is used in many accounts. The limits
//! are far above what people do, and above what somebody does whose payment fails a few times.

use crate::time::{DAY_US, HOUR_US, SECOND_US, SystemTime};
use serde::{Deserialize, Serialize};

/// A brand's limits; 0 is none. Orders and payments are counted apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Velocity {
    /// By one customer, or for one guest's address, in an hour.
    pub payer_per_hour: u32,
    /// And in a day.
    pub payer_per_day: u32,
    /// For one line, in an hour.
    pub line_per_hour: u32,
    /// And in a day.
    pub line_per_day: u32,
    /// From one network address (of IPv6 the site's), in an hour.
    pub address_per_hour: u32,
    /// And in a day.
    pub address_per_day: u32,
    /// By one card, whoever pays with it, in an hour: taken or declined. Renewals that its owner agreed to are not counted.
    pub card_per_hour: u32,
    /// And in a day.
    pub card_per_day: u32,
}

impl Default for Velocity {
    fn default() -> Self {
        Self {
            payer_per_hour: 60,
            payer_per_day: 300,
            line_per_hour: 20,
            line_per_day: 60,
            address_per_hour: 120,
            address_per_day: 600,
            card_per_hour: 60,
            card_per_day: 300,
        }
    }
}

impl Velocity {
    /// No limits.
    pub const NONE: Velocity = Velocity {
        payer_per_hour: 0,
        payer_per_day: 0,
        line_per_hour: 0,
        line_per_day: 0,
        address_per_hour: 0,
        address_per_day: 0,
        card_per_hour: 0,
        card_per_day: 0,
    };
    /// How many are allowed of somebody in a window; `None` for any number.
    #[must_use]
    pub const fn most(&self, whose: Whose, window: Window) -> Option<u32> {
        let most = match (whose, window) {
            (Whose::Payer, Window::Hour) => self.payer_per_hour,
            (Whose::Payer, Window::Day) => self.payer_per_day,
            (Whose::Line, Window::Hour) => self.line_per_hour,
            (Whose::Line, Window::Day) => self.line_per_day,
            (Whose::Address, Window::Hour) => self.address_per_hour,
            (Whose::Address, Window::Day) => self.address_per_day,
            (Whose::Card, Window::Hour) => self.card_per_hour,
            (Whose::Card, Window::Day) => self.card_per_day,
        };
        if most == 0 { None } else { Some(most) }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Orders placed.
    Order,
    /// Payments started.
    Payment,
    /// A card was used, and its provider told us.
    Use,
    /// A card was used too often: whoever used it pays by card no more.
    Stop,
}
impl Counted {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Counted::Order => "order",
            Counted::Payment => "payment",
            Counted::Use => "use",
            Counted::Stop => "stop",
        }
    }
}

/// By whose doing it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Whoever pays.
    Payer,
    /// The line it is for.
    Line,
    /// The network address it comes from.
    Address,
    /// The card it is paid with.
    Card,
}
impl Whose {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Whose::Payer => "payer",
            Whose::Line => "line",
            Whose::Address => "address",
            Whose::Card => "card",
        }
    }
}

/// For how long it is counted: hours and days of UTC, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// An hour.
    Hour,
    /// A day.
    Day,
}
impl Window {
    /// Both.
    pub const ALL: [Window; 2] = [Window::Hour, Window::Day];
    const fn us(self) -> i64 {
        match self {
            Window::Hour => HOUR_US,
            Window::Day => DAY_US,
        }
    }
    /// The end of the one in which `at` lies.
    #[must_use]
    pub const fn end(self, at: SystemTime) -> SystemTime {
        let us = self.us();
        SystemTime::from_us(at.us().div_euclid(us).saturating_add(1).saturating_mul(us))
    }
}

/// Whether one more is allowed after `count` of at most `most`, in a window that ends at `end`.
///
/// # Errors
/// How many seconds to wait.
pub fn allow(count: i64, most: u32, end: SystemTime, now: SystemTime) -> Result<(), i64> {
    if count < i64::from(most) { Ok(()) } else { Err((end.since_us(now) / SECOND_US).saturating_add(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_than_allowed_waits_for_the_end_of_the_window() {
        let now = SystemTime::from_us(HOUR_US + 5 * SECOND_US);
        let end = Window::Hour.end(now);
        assert_eq!((end.us(), Window::Day.end(now).us()), (2 * HOUR_US, DAY_US));
        assert_eq!(allow(19, 20, end, now), Ok(()));
        assert_eq!(allow(20, 20, end, now), Err(3_596));
        assert_eq!(Velocity::default().most(Whose::Line, Window::Hour), Some(20));
        assert_eq!(Velocity::NONE.most(Whose::Line, Window::Hour), None);
    }
}
