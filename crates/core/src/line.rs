//! Lines and their lifecycle.
//!
//! A line's service follows from its plans: while one runs the line is *active*; when the last one ends it passes through
//! *grace* (if the family has one) to *suspended*; a renewal brings it back from either.

use crate::identifiers::Msisdn;
use crate::ids::{CustomerId, LineId};
use crate::offering::Family;
use crate::time::BusinessTime;
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

/// Where a line is in its life. The China IoT and consumer lifecycles in one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Not yet handed to anybody.
    Stock,
    /// Trial use before sale (测试期).
    Test,
    /// Sold, nothing used yet, no charges run (沉默期).
    Silent,
    /// In service.
    Active,
    /// The last plan ended; service is kept until the given time.
    Grace {
        /// When it becomes suspended.
        until: BusinessTime,
    },
    /// No service (停机); the number stays.
    Suspended(SuspendCause),
    /// No service at the owner's wish, the number is kept (停机保号).
    NumberKept,
    /// Over.
    Terminated,
    /// Over here; the line goes on under another owner.
    HandedOver,
    /// The number rests before it can be given out again.
    Quarantined,
}

/// Why a line is suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspendCause {
    /// Its plans ended and none followed.
    NotRenewed,
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
            LineState::Test => "test",
            LineState::Silent => "silent",
            LineState::Active => "active",
            LineState::Grace { .. } => "grace",
            LineState::Suspended(SuspendCause::NotRenewed) => "suspended",
            LineState::Suspended(SuspendCause::Lost) => "suspended_lost",
            LineState::Suspended(SuspendCause::Barred) => "suspended_barred",
            LineState::NumberKept => "number_kept",
            LineState::Terminated => "terminated",
            LineState::HandedOver => "handed_over",
            LineState::Quarantined => "quarantined",
        }
    }
    /// The state of a stored word; `until` is the end of grace.
    #[must_use]
    pub fn from_word(word: &str, until: Option<BusinessTime>) -> Option<Self> {
        Some(match word {
            "stock" => LineState::Stock,
            "test" => LineState::Test,
            "silent" => LineState::Silent,
            "active" => LineState::Active,
            "grace" => LineState::Grace { until: until? },
            "suspended" => LineState::Suspended(SuspendCause::NotRenewed),
            "suspended_lost" => LineState::Suspended(SuspendCause::Lost),
            "suspended_barred" => LineState::Suspended(SuspendCause::Barred),
            "number_kept" => LineState::NumberKept,
            "terminated" => LineState::Terminated,
            "handed_over" => LineState::HandedOver,
            "quarantined" => LineState::Quarantined,
            _ => return None,
        })
    }
    /// Whether the network serves the line in this state.
    #[must_use]
    pub const fn in_service(self) -> bool {
        matches!(self, LineState::Test | LineState::Silent | LineState::Active | LineState::Grace { .. })
    }
    /// Whether something may be bought for a line in this state. A lost or barred line comes back by lifting that, not by
    /// paying.
    #[must_use]
    pub const fn renewable(self) -> bool {
        matches!(
            self,
            LineState::Silent
                | LineState::Active
                | LineState::Grace { .. }
                | LineState::Suspended(SuspendCause::NotRenewed)
        )
    }
    /// The state after a plan began to run. Lost and barred lines stay stopped until that is lifted.
    #[must_use]
    pub const fn with_running_plan(self) -> Self {
        match self {
            LineState::Silent | LineState::Grace { .. } | LineState::Suspended(SuspendCause::NotRenewed) => {
                LineState::Active
            }
            other => other,
        }
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
        let until = BusinessTime::from_us(7);
        let states = [
            LineState::Stock,
            LineState::Test,
            LineState::Silent,
            LineState::Active,
            LineState::Grace { until },
            LineState::Suspended(SuspendCause::NotRenewed),
            LineState::Suspended(SuspendCause::Lost),
            LineState::Suspended(SuspendCause::Barred),
            LineState::NumberKept,
            LineState::Terminated,
            LineState::HandedOver,
            LineState::Quarantined,
        ];
        for state in states {
            assert_eq!(LineState::from_word(state.word(), Some(until)), Some(state));
        }
        assert_eq!(LineState::from_word("grace", None), None);
        assert_eq!(LineState::from_word("cut", None), None);
    }

    #[test]
    fn a_lost_line_does_not_come_back_by_paying() {
        let lost = LineState::Suspended(SuspendCause::Lost);
        assert!(!lost.renewable());
        assert_eq!(lost.with_running_plan(), lost);
        assert_eq!(LineState::Suspended(SuspendCause::NotRenewed).with_running_plan(), LineState::Active);
        assert!(!LineState::HandedOver.renewable());
    }
}
