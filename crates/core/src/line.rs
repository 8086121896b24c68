//! Lines and the states of their life; what leads from one to the next is in [`crate::lifecycle`].
//!
//! A line record begins when its Sim leaves stock, or is made ready in stock, and ends when its number is given back.
//! While it is in a customer's hands its service follows from its plans: while one runs the line is *active*; when the
//! last one ends it passes through *grace* (if the family has one) to *suspended*; a renewal brings it back from either.

use crate::identifiers::Msisdn;
use crate::ids::{CustomerId, LineId};
use crate::offering::Family;
use crate::time::{BusinessTime, DAY_US};
use crate::words::words;
use serde::{Deserialize, Serialize};

/// Which network serves a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// Our own sessions and buckets.
    BuiltIn,
    /// Another operator's, reached over its wholesale interface.
    Upstream,
}

/// What a line's owner calls the thing it sits in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A phone.
    Phone,
    /// A watch.
    Watch,
    /// A router or hotspot.
    Router,
    /// A tracker.
    Tracker,
    /// A meter.
    Meter,
    /// Anything else.
    Other,
}

words!(DeviceKind {
    Phone = "phone",
    Watch = "watch",
    Router = "router",
    Tracker = "tracker",
    Meter = "meter",
    Other = "other",
});

impl DeviceKind {
    /// Whether whoever uses it reads short messages on it.
    #[must_use]
    pub const fn has_screen(self) -> bool {
        matches!(self, DeviceKind::Phone | DeviceKind::Watch)
    }
}

/// Where a line is in its life. The China IoT and consumer lifecycles in one machine.
///
/// A state that ends by itself carries the instant at which it does, fixed when it was entered: a rule that is changed
/// later does not shorten what a customer was told. `None`: it has no end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Made ready with its Sim, not yet handed to anybody.
    Stock,
    /// Its profile was taken from the stock by an order that is not paid yet. Unpaid, it goes back as if nobody had had it.
    Reserved {
        /// Until when money for it is waited for.
        until: BusinessTime,
    },
    /// Trial use before sale (测试期).
    Test {
        /// When the trial is over.
        until: Option<BusinessTime>,
    },
    /// Sold, nothing bought yet, no charges run (沉默期).
    Silent {
        /// Until when something must have been bought.
        until: Option<BusinessTime>,
    },
    /// In service.
    Active,
    /// The last plan ended; service is kept until the given time.
    Grace {
        /// When it becomes suspended.
        until: BusinessTime,
    },
    /// No service (停机); the number stays.
    Suspended(SuspendCause),
    /// No service, the number is kept (停机保号): at the owner's wish, or because nothing was bought for long.
    NumberKept {
        /// When the line is terminated.
        until: Option<BusinessTime>,
    },
    /// Over (销户). The number is no address of anybody's any more; what was paid and not used can be paid out.
    Terminated {
        /// When the number begins to rest.
        until: Option<BusinessTime>,
    },
    /// Over here; the line goes on under another owner.
    HandedOver,
    /// The number rests before it can be given out again.
    Quarantined {
        /// When it is given back.
        until: Option<BusinessTime>,
    },
    /// The number was given back: this record is history.
    Closed,
}

/// Why a line is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendCause {
    /// Its plans ended and none followed.
    NotRenewed {
        /// When only its number is kept.
        until: Option<BusinessTime>,
    },
    /// The owner reported it lost.
    Lost,
    /// Staff or a rule stopped it.
    Barred,
}

impl LineState {
    /// The stable word for it, in the store and in answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            LineState::Stock => "stock",
            LineState::Reserved { .. } => "reserved",
            LineState::Test { .. } => "test",
            LineState::Silent { .. } => "silent",
            LineState::Active => "active",
            LineState::Grace { .. } => "grace",
            LineState::Suspended(SuspendCause::NotRenewed { .. }) => "suspended",
            LineState::Suspended(SuspendCause::Lost) => "suspended_lost",
            LineState::Suspended(SuspendCause::Barred) => "suspended_barred",
            LineState::NumberKept { .. } => "number_kept",
            LineState::Terminated { .. } => "terminated",
            LineState::HandedOver => "handed_over",
            LineState::Quarantined { .. } => "quarantined",
            LineState::Closed => "closed",
        }
    }
    /// The state of a stored word; `until` is when it ends by itself.
    #[must_use]
    pub fn from_word(word: &str, until: Option<BusinessTime>) -> Option<Self> {
        Some(match word {
            "stock" => LineState::Stock,
            "reserved" => LineState::Reserved { until: until? },
            "test" => LineState::Test { until },
            "silent" => LineState::Silent { until },
            "active" => LineState::Active,
            "grace" => LineState::Grace { until: until? },
            "suspended" => LineState::Suspended(SuspendCause::NotRenewed { until }),
            "suspended_lost" => LineState::Suspended(SuspendCause::Lost),
            "suspended_barred" => LineState::Suspended(SuspendCause::Barred),
            "number_kept" => LineState::NumberKept { until },
            "terminated" => LineState::Terminated { until },
            "handed_over" => LineState::HandedOver,
            "quarantined" => LineState::Quarantined { until },
            "closed" => LineState::Closed,
            _ => return None,
        })
    }
    /// When it ends by itself, if it does.
    #[must_use]
    pub const fn until(self) -> Option<BusinessTime> {
        match self {
            LineState::Reserved { until } | LineState::Grace { until } => Some(until),
            LineState::Test { until }
            | LineState::Silent { until }
            | LineState::Suspended(SuspendCause::NotRenewed { until })
            | LineState::NumberKept { until }
            | LineState::Terminated { until }
            | LineState::Quarantined { until } => until,
            LineState::Stock
            | LineState::Active
            | LineState::Suspended(SuspendCause::Lost | SuspendCause::Barred)
            | LineState::HandedOver
            | LineState::Closed => None,
        }
    }
    /// When the owner of a line that is in it since `since` is reminded, once, that its number will be given up: a week
    /// before. Where the state lasts no longer than that, its beginning is all that is told.
    #[must_use]
    pub fn reminds_at(self, since: BusinessTime) -> Option<BusinessTime> {
        let LineState::NumberKept { until: Some(until) } = self else { return None };
        Some(until.plus_us(-7 * DAY_US)).filter(|at| *at > since)
    }
    /// Whether the network serves the line in this state.
    #[must_use]
    pub const fn in_service(self) -> bool {
        matches!(self, LineState::Test { .. } | LineState::Silent { .. } | LineState::Active | LineState::Grace { .. })
    }
    /// Whether something may be bought for a line in this state. A lost or barred line comes back by lifting that, not by
    /// paying.
    #[must_use]
    pub const fn renewable(self) -> bool {
        matches!(
            self,
            LineState::Reserved { .. }
                | LineState::Silent { .. }
                | LineState::Active
                | LineState::Grace { .. }
                | LineState::Suspended(SuspendCause::NotRenewed { .. })
                | LineState::NumberKept { .. }
        )
    }
    /// Whether the line is over for its owner.
    #[must_use]
    pub const fn over(self) -> bool {
        matches!(self, LineState::Terminated { .. } | LineState::HandedOver) || self.at_rest()
    }
    /// Whether its number rests or was given back: nothing can be paid out any more.
    #[must_use]
    pub const fn at_rest(self) -> bool {
        matches!(self, LineState::Quarantined { .. } | LineState::Closed)
    }
    /// The state after something was bought and a plan runs or waits for its first use. Lost and barred lines stay stopped
    /// until that is lifted.
    #[must_use]
    pub const fn with_running_plan(self) -> Self {
        if self.renewable() { LineState::Active } else { self }
    }
}

/// One prepaid service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The id of this record.
    pub id: LineId,
    /// Its owner (an anonymous customer while unclaimed).
    pub customer: CustomerId,
    /// Counts changes, for compare-and-set from pages.
    pub version: i64,
    /// The number.
    pub msisdn: Msisdn,
    /// What the owner calls it.
    pub name: String,
    /// What it sits in.
    pub device: DeviceKind,
    /// What it is for.
    pub family: Family,
    /// Which network serves it.
    pub network: NetworkKind,
    /// Where it is in its life.
    pub state: LineState,
    /// Since when.
    pub state_since: BusinessTime,
    /// End of the last plan, queued ones included; a projection of the allowance for lists and reminders.
    pub service_until: Option<BusinessTime>,
    /// Whether anyone may renew it by its number.
    pub guest_renewal: bool,
    /// Whether usage may draw on the main balance after a plan is used up.
    pub main_balance_consent: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_survives_its_word() {
        for until in [None, Some(BusinessTime::from_us(7))] {
            let timed = [
                LineState::Test { until },
                LineState::Silent { until },
                LineState::Suspended(SuspendCause::NotRenewed { until }),
                LineState::NumberKept { until },
                LineState::Terminated { until },
                LineState::Quarantined { until },
            ];
            for state in timed {
                assert_eq!(LineState::from_word(state.word(), until), Some(state));
                assert_eq!(state.until(), until);
            }
        }
        let lasting = [
            LineState::Stock,
            LineState::Active,
            LineState::Suspended(SuspendCause::Lost),
            LineState::Suspended(SuspendCause::Barred),
            LineState::HandedOver,
            LineState::Closed,
        ];
        for state in lasting {
            assert_eq!(LineState::from_word(state.word(), None), Some(state));
            assert_eq!(state.until(), None);
        }
        let until = BusinessTime::from_us(7);
        assert_eq!(LineState::from_word("grace", Some(until)), Some(LineState::Grace { until }));
        assert_eq!(LineState::from_word("grace", None), None);
        assert_eq!(LineState::from_word("reserved", Some(until)), Some(LineState::Reserved { until }));
        assert_eq!(LineState::from_word("reserved", None), None);
        assert_eq!(LineState::from_word("cut", None), None);
    }

    #[test]
    fn a_lost_line_does_not_come_back_by_paying() {
        for stopped in [SuspendCause::Lost, SuspendCause::Barred] {
            let stopped = LineState::Suspended(stopped);
            assert!(!stopped.renewable());
            assert_eq!(stopped.with_running_plan(), stopped);
        }
        let not_renewed = LineState::Suspended(SuspendCause::NotRenewed { until: None });
        assert_eq!(not_renewed.with_running_plan(), LineState::Active);
        assert_eq!(LineState::NumberKept { until: None }.with_running_plan(), LineState::Active);
        for over in [LineState::Terminated { until: None }, LineState::HandedOver, LineState::Closed] {
            assert!(over.over() && !over.renewable() && !over.in_service());
        }
    }
}
