//! How long each state lasts, and which follows it when nobody does anything.

use crate::brand::{Brand, FamilyRules};
use crate::charging::{Allowance, Bucket, Window};
use crate::line::{LineState, SuspendCause};
use crate::offering::{Family, OfferingKind, Unit};
use crate::time::{BusinessTime, Validity, Zone};

/// A brand's rules for one family, in the brand's time zone.
pub(super) struct Stages<'a> {
    pub(super) rules: FamilyRules,
    zone: &'a Zone,
}

impl<'a> Stages<'a> {
    pub(super) fn of(brand: &Brand, family: Family, zone: &'a Zone) -> Self {
        Self { rules: brand.rules(family), zone }
    }

    /// Where a line that was in a state stands at `due`, an instant at which something happens by itself.
    pub(super) fn at(&self, was: LineState, allowance: &Allowance, due: BusinessTime) -> LineState {
        let follows_plans = matches!(
            was,
            LineState::Silent { .. }
                | LineState::Active
                | LineState::Grace { .. }
                | LineState::Suspended(SuspendCause::NotRenewed { .. })
        );
        if follows_plans && allowance.has_service(due) {
            return LineState::Active;
        }
        if was == LineState::Active {
            return self.grace(due);
        }
        if was.until().is_none_or(|until| until > due) {
            return was;
        }
        match was {
            LineState::Test { .. } => self.silent(due),
            LineState::Silent { .. } | LineState::Grace { .. } => self.suspended(due),
            LineState::Suspended(_) => self.kept(due, due),
            LineState::NumberKept { .. } => self.terminated(due),
            LineState::Terminated { .. } => self.resting(due),
            // Nobody ever had it: there is nothing to rest.
            LineState::Reserved { .. } | LineState::Quarantined { .. } => LineState::Closed,
            LineState::Stock | LineState::Active | LineState::HandedOver | LineState::Closed => was,
        }
    }

    // Entering a state. One that the rules pass over is not entered.

    pub(super) fn test(&self, at: BusinessTime) -> LineState {
        match self.lasts(self.rules.test_days, at) {
            Lasts::Until(until) => LineState::Test { until },
            Lasts::Nothing => self.silent(at),
        }
    }
    pub(super) fn silent(&self, at: BusinessTime) -> LineState {
        match self.lasts(self.rules.silent_days, at) {
            Lasts::Until(until) => LineState::Silent { until },
            Lasts::Nothing => self.suspended(at),
        }
    }
    fn grace(&self, at: BusinessTime) -> LineState {
        self.grace_since(at, at).unwrap_or_else(|| self.suspended(at))
    }
    /// Grace that began at `end`, unless it is over at `at`.
    pub(super) fn grace_since(&self, end: BusinessTime, at: BusinessTime) -> Option<LineState> {
        let until = Validity::Days(self.rules.grace_days).end(end, None, self.zone);
        (until > at).then_some(LineState::Grace { until })
    }
    pub(super) fn suspended(&self, at: BusinessTime) -> LineState {
        match self.lasts(self.rules.suspended_days, at) {
            Lasts::Until(until) => LineState::Suspended(SuspendCause::NotRenewed { until }),
            Lasts::Nothing => self.kept(at, at),
        }
    }
    /// No plan runs at `at`: the last one ended at `ended`, or there never was one.
    pub(super) fn without_plan(&self, ended: Option<BusinessTime>, at: BusinessTime) -> LineState {
        match ended {
            None => self.silent(at),
            Some(end) => self.grace_since(end, at).unwrap_or_else(|| self.suspended(at)),
        }
    }
    /// Kept at `at`; counted from `from`, the end of what is paid for.
    pub(super) fn kept(&self, at: BusinessTime, from: BusinessTime) -> LineState {
        match self.lasts(self.rules.keep_number_days, from) {
            Lasts::Until(until) => LineState::NumberKept { until },
            Lasts::Nothing => self.terminated(at),
        }
    }
    pub(super) fn terminated(&self, at: BusinessTime) -> LineState {
        match self.lasts(self.rules.terminated_days, at) {
            Lasts::Until(until) => LineState::Terminated { until },
            Lasts::Nothing => self.resting(at),
        }
    }
    fn resting(&self, at: BusinessTime) -> LineState {
        match self.lasts(self.rules.quarantine_days, at) {
            Lasts::Until(until) => LineState::Quarantined { until },
            Lasts::Nothing => LineState::Closed,
        }
    }
    fn lasts(&self, days: Option<u16>, from: BusinessTime) -> Lasts {
        match days {
            None => Lasts::Until(None),
            Some(0) => Lasts::Nothing,
            Some(days) => Lasts::Until(Some(Validity::Days(days).end(from, None, self.zone))),
        }
    }

    /// The end of what is paid for: the last plan's, at the latest where it begins with its first use.
    pub(super) fn paid_until(&self, allowance: &Allowance, at: BusinessTime) -> BusinessTime {
        let plans = allowance.periods.iter().filter(|period| period.kind == OfferingKind::Plan);
        let ends = plans.map(|period| match period.window {
            Window::Fixed { ends_at, .. } => ends_at,
            Window::FirstUse { begins_by, validity } => validity.end(begins_by, None, self.zone),
        });
        ends.fold(at, BusinessTime::max)
    }

    /// What a line under test may use.
    pub(super) fn trial(&self, state: LineState) -> Option<Bucket> {
        let granted = i64::try_from(self.rules.test_octets).unwrap_or(i64::MAX);
        let tested = granted > 0 && matches!(state, LineState::Test { .. });
        tested.then_some(Bucket { unit: Unit::Octets, granted, used: 0 })
    }
}

enum Lasts {
    Nothing,
    Until(Option<BusinessTime>),
}

/// The first state of a line that leaves stock at `at`, for test or for sale, and what it may use.
#[must_use]
pub fn begin(
    to: super::HandOver,
    family: Family,
    brand: &Brand,
    zone: &Zone,
    at: BusinessTime,
) -> (LineState, Allowance) {
    let stages = Stages::of(brand, family, zone);
    let state = match to {
        super::HandOver::Test => stages.test(at),
        super::HandOver::Sale => stages.silent(at),
    };
    (state, Allowance { trial: stages.trial(state), ..Allowance::default() })
}

/// Where a line stands at `at` whose last plan ended at `ended`, or that never had one (`None`).
#[must_use]
pub fn without_plan(
    ended: Option<BusinessTime>,
    family: Family,
    brand: &Brand,
    zone: &Zone,
    at: BusinessTime,
) -> LineState {
    Stages::of(brand, family, zone).without_plan(ended, at)
}
