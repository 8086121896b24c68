//! One bought plan or pack on a line: its window of time, its buckets, and the revenue that time earns.

use crate::ids::OrderId;
use crate::money::straight_line;
use crate::offering::{OfferingKind, OfferingRef, Unit};
use crate::time::{BusinessTime, Validity, Zone};
use serde::{Deserialize, Serialize};

/// When a period runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Window {
    /// From `starts_at` to `ends_at` (exclusive).
    Fixed {
        /// First instant.
        starts_at: BusinessTime,
        /// First instant after it.
        ends_at: BusinessTime,
    },
    /// From the first use, or by itself from `begins_by`, for `validity`.
    FirstUse {
        /// When it begins by itself.
        begins_by: BusinessTime,
        /// How long it then runs.
        validity: Validity,
    },
}

/// An allowance that usage consumes (TMF654 `Bucket`). Its validity is its period's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// What is counted.
    pub unit: Unit,
    /// How much there was: octets, seconds or messages.
    pub granted: i64,
    /// How much of it was used; never more than granted.
    pub used: i64,
}

impl Bucket {
    /// What is left; never negative.
    #[must_use]
    pub const fn left(&self) -> i64 {
        self.granted.saturating_sub(self.used)
    }
}

/// The revenue of a period that became earned at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recognition {
    /// The order that was delivered.
    pub order: OrderId,
    /// Counts the recognitions of the order, from 0.
    pub number: u8,
    /// Millionths earned since the last one.
    pub amount: i64,
    /// The instant up to which it is earned.
    pub at: BusinessTime,
}

/// One bought plan or pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The order that bought it.
    pub order: OrderId,
    /// What was bought.
    pub offering: OfferingRef,
    /// Plan or pack.
    pub kind: OfferingKind,
    /// When it runs.
    pub window: Window,
    /// Day of the month on which the chain of monthly plans began (see [`Validity::end`]).
    pub anchor_day: Option<i8>,
    /// The price to be earned over the window, in millionths.
    pub deferred: i64,
    /// How much of it is earned.
    pub recognised: i64,
    /// Number of the next recognition.
    pub recognitions: u8,
    /// What it includes.
    pub buckets: Vec<Bucket>,
}

impl Period {
    /// Whether usage at `at` may draw on it. A first-use period counts: the use itself starts it.
    #[must_use]
    pub fn usable(&self, at: BusinessTime) -> bool {
        match self.window {
            Window::Fixed { starts_at, ends_at } => starts_at <= at && at < ends_at,
            Window::FirstUse { .. } => true,
        }
    }
    /// Whether it runs at `at`.
    #[must_use]
    pub fn running(&self, at: BusinessTime) -> bool {
        matches!(self.window, Window::Fixed { starts_at, ends_at } if starts_at <= at && at < ends_at)
    }
    /// Its first instant, where that is known.
    #[must_use]
    pub const fn starts_at(&self) -> Option<BusinessTime> {
        match self.window {
            Window::Fixed { starts_at, .. } => Some(starts_at),
            Window::FirstUse { .. } => None,
        }
    }
    /// Whether some of what it includes was used.
    #[must_use]
    pub fn used(&self) -> bool {
        self.buckets.iter().any(|bucket| bucket.used > 0)
    }
    /// Its end, where that is known.
    #[must_use]
    pub const fn ends_at(&self) -> Option<BusinessTime> {
        match self.window {
            Window::Fixed { ends_at, .. } => Some(ends_at),
            Window::FirstUse { .. } => None,
        }
    }
    /// Begins a first-use period at `at`; does nothing to one that has begun.
    pub fn begin(&mut self, at: BusinessTime, zone: &Zone) {
        if let Window::FirstUse { validity, .. } = self.window {
            if matches!(validity, Validity::Months(_)) {
                self.anchor_day = Some(zone.date(at).day());
            }
            self.window = Window::Fixed { starts_at: at, ends_at: validity.end(at, self.anchor_day, zone) };
        }
    }
    /// The next instant at which something happens to it by itself: begin, month start, end.
    #[must_use]
    pub fn next_due(&self, after: BusinessTime, zone: &Zone) -> BusinessTime {
        match self.window {
            Window::FirstUse { begins_by, .. } => begins_by,
            Window::Fixed { starts_at, .. } if starts_at > after => starts_at,
            Window::Fixed { ends_at, .. } => ends_at.min(zone.next_month_start(after)),
        }
    }
    /// Takes what is earned up to `at` and was not taken before; nothing before its start or when nothing is new.
    pub fn recognise(&mut self, at: BusinessTime) -> Option<Recognition> {
        let Window::Fixed { starts_at, ends_at } = self.window else { return None };
        let earned = straight_line(self.deferred, at.since_us(starts_at), ends_at.since_us(starts_at));
        let amount = earned.saturating_sub(self.recognised);
        if amount <= 0 || (self.recognitions == u8::MAX && at < ends_at) {
            return None; // the last number is kept for the remainder at the end
        }
        let recognition = Recognition { order: self.order, number: self.recognitions, amount, at };
        self.recognised = earned;
        self.recognitions = self.recognitions.saturating_add(1);
        Some(recognition)
    }
}
