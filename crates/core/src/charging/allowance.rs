//! The aggregate of one balance owner, and every change to it.

use super::period::{Bucket, Period, Recognition, Window};
use super::session::{Service, Session};
use crate::ids::{OrderId, SessionId};
use crate::offering::{OfferingKind, OfferingRef, Unit};
use crate::time::{BusinessTime, Validity, Zone};
use serde::{Deserialize, Serialize};

/// What one balance owner may use: bought plans and packs with their buckets, and the open sessions that draw on them.
/// One row in the store: whatever charging changes together is read and written together.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Allowance {
    /// Plans and packs that have not ended, oldest purchase first.
    pub periods: Vec<Period>,
    /// Sessions that have not ended.
    pub sessions: Vec<Session>,
    /// What a line under test may use; gone when the test is over.
    pub trial: Option<Bucket>,
}

/// What the passing of time did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Passed {
    /// Revenue that became earned, in due order.
    pub recognitions: Vec<Recognition>,
    /// Orders whose plan or pack began.
    pub begun: Vec<OrderId>,
    /// Orders whose plan or pack ended.
    pub ended: Vec<OrderId>,
}

/// What a usage report did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Charged to buckets.
    pub charged: i64,
    /// Used without a bucket to take it from; recorded, never a negative balance.
    pub overrun: i64,
    /// The orders whose first-use periods this began: several, when one report uses up the first of them.
    pub begun: Vec<OrderId>,
}

impl Allowance {
    /// The plan that runs at `at`.
    #[must_use]
    pub fn current_plan(&self, at: BusinessTime) -> Option<&Period> {
        self.plans().find(|period| period.running(at))
    }
    /// Plans that are bought and have not begun at `at`, in the order in which they will.
    pub fn queued_plans(&self, at: BusinessTime) -> impl Iterator<Item = &Period> {
        self.plans().filter(move |period| match period.window {
            Window::Fixed { starts_at, .. } => starts_at > at,
            Window::FirstUse { .. } => true,
        })
    }
    fn plans(&self) -> impl Iterator<Item = &Period> {
        self.periods.iter().filter(|period| period.kind == OfferingKind::Plan)
    }
    /// The end of the last plan whose end is known.
    #[must_use]
    pub fn service_until(&self) -> Option<BusinessTime> {
        self.plans().filter_map(Period::ends_at).max()
    }
    /// Whether some plan runs at `at` or begins with the next use.
    #[must_use]
    pub fn has_service(&self, at: BusinessTime) -> bool {
        self.plans().any(|period| period.usable(at))
    }
    /// What is left of a unit at `at`, over all periods that usage may draw on, and the trial.
    #[must_use]
    pub fn left(&self, unit: Unit, at: BusinessTime) -> i64 {
        let usable = self.periods.iter().filter(|period| period.usable(at)).flat_map(|period| &period.buckets);
        usable
            .chain(&self.trial)
            .filter(|bucket| bucket.unit == unit)
            .fold(0i64, |sum, bucket| sum.saturating_add(bucket.left()))
    }
    /// The next instant at which something happens by itself.
    #[must_use]
    pub fn next_due(&self, after: BusinessTime, zone: &Zone) -> Option<BusinessTime> {
        self.periods.iter().map(|period| period.next_due(after, zone)).min()
    }

    /// Lets time pass up to `at`, whatever is due in due order: periods begin, earn and end. Running it late gives the
    /// same result as running it on time.
    pub fn advance(&mut self, from: BusinessTime, at: BusinessTime, zone: &Zone) -> Passed {
        let mut passed = Passed::default();
        let mut step = from;
        while let Some(due) = self.next_due(step, zone).filter(|due| *due <= at) {
            for period in &mut self.periods {
                if matches!(period.window, Window::FirstUse { begins_by, .. } if begins_by <= due) {
                    period.begin(due, zone);
                }
                if matches!(period.window, Window::Fixed { starts_at, .. } if starts_at == due) {
                    passed.begun.push(period.order);
                }
                passed.recognitions.extend(period.recognise(due));
            }
            let ended = self.periods.extract_if(.., |period| period.ends_at().is_some_and(|end| end <= due));
            passed.ended.extend(ended.map(|period| period.order));
            step = due;
        }
        passed
    }

    /// Charges usage at `at`: the trial, then running periods before first-use ones, then earliest expiry, then age. Never
    /// takes more than a bucket holds; the rest is overrun. Begins the first-use period it draws on.
    pub fn use_up(&mut self, unit: Unit, amount: i64, at: BusinessTime, zone: &Zone) -> Used {
        let mut used = Used { charged: 0, overrun: amount.max(0), begun: Vec::new() };
        if let Some(trial) = self.trial.as_mut().filter(|trial| trial.unit == unit) {
            let take = trial.left().min(used.overrun);
            trial.used = trial.used.saturating_add(take);
            (used.charged, used.overrun) = (take, used.overrun.saturating_sub(take));
        }
        while used.overrun > 0 {
            let holds = |period: &&mut Period| {
                period.usable(at) && period.buckets.iter().any(|bucket| bucket.unit == unit && bucket.left() > 0)
            };
            let next = self.periods.iter_mut().filter(holds).min_by_key(|period| match period.window {
                Window::Fixed { ends_at, .. } => (false, ends_at),
                Window::FirstUse { begins_by, .. } => (true, begins_by),
            });
            let Some(period) = next else { break };
            if matches!(period.window, Window::FirstUse { .. }) {
                period.begin(at, zone);
                used.begun.push(period.order);
            }
            for bucket in period.buckets.iter_mut().filter(|bucket| bucket.unit == unit) {
                let take = bucket.left().min(used.overrun);
                bucket.used = bucket.used.saturating_add(take);
                used.charged = used.charged.saturating_add(take);
                used.overrun = used.overrun.saturating_sub(take);
            }
        }
        used
    }

    /// Takes out what an order bought, if it has not ended.
    pub fn take_out(&mut self, order: OrderId) -> Option<Period> {
        let place = self.periods.iter().position(|period| period.order == order)?;
        Some(self.periods.remove(place))
    }
    /// A plan was taken out: those that waited for its end move up, each to the end of the one before it, the first to `at`
    /// if none runs. `lasts` says how long an offering lasts; a plan of which nobody knows it stays where it is. Names the
    /// orders whose plans moved, in the order in which they run.
    pub fn close_gap(
        &mut self,
        at: BusinessTime,
        zone: &Zone,
        lasts: impl Fn(&OfferingRef) -> Option<Validity>,
    ) -> Vec<OrderId> {
        let runs = self.plans().filter(|plan| plan.running(at)).max_by_key(|plan| plan.ends_at());
        let (mut end, mut anchor) = runs.map_or((at, None), |plan| (plan.ends_at().unwrap_or(at), plan.anchor_day));
        let mut waiting: Vec<(BusinessTime, &mut Period)> = Vec::new();
        for period in self.periods.iter_mut().filter(|period| period.kind == OfferingKind::Plan) {
            if let Window::Fixed { starts_at, .. } = period.window
                && starts_at > at
            {
                waiting.push((starts_at, period));
            }
        }
        waiting.sort_by_key(|(starts_at, _)| *starts_at);
        let mut moved = Vec::new();
        for (starts_at, plan) in waiting {
            if let Some(validity) = lasts(&plan.offering).filter(|_| starts_at != end) {
                let monthly = matches!(validity, Validity::Months(_));
                plan.anchor_day = monthly.then(|| anchor.unwrap_or_else(|| zone.date(end).day()));
                plan.window = Window::Fixed { starts_at: end, ends_at: validity.end(end, plan.anchor_day, zone) };
                moved.push(plan.order);
            }
            (end, anchor) = (plan.ends_at().unwrap_or(end), plan.anchor_day);
        }
        moved
    }

    /// A session by its id.
    pub fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }
    /// Sessions under redirect or in restoration: those whose line is not in effect yet.
    pub fn restricted(&self) -> impl Iterator<Item = &Session> {
        self.sessions.iter().filter(|session| session.service != Service::Full)
    }
    /// Marks every restricted session as being restored, for `order` if one asked for it, and names them; the network must
    /// be told of each.
    pub fn restore_sessions(&mut self, order: Option<OrderId>) -> Vec<SessionId> {
        let restricted = self.sessions.iter_mut().filter(|session| session.service != Service::Full);
        restricted
            .map(|session| {
                session.service = Service::Restoring;
                session.restoring_for = order;
                session.id
            })
            .collect()
    }
    /// Marks every session as redirected and names those that were not; the network must be told of each.
    pub fn redirect_sessions(&mut self) -> Vec<SessionId> {
        let open = self.sessions.iter_mut().filter(|session| session.service != Service::Redirected);
        open.map(|session| {
            session.service = Service::Redirected;
            session.restoring_for = None;
            session.id
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RawId;
    use crate::offering::OfferingRef;
    use crate::time::{DAY_US, Validity};

    fn order(n: u8) -> OrderId {
        OrderId(RawId::new_v7(u64::from(n), [n; 10]))
    }
    fn day(n: i64) -> BusinessTime {
        BusinessTime::from_us(n * DAY_US)
    }
    fn period(n: u8, kind: OfferingKind, window: Window, octets: i64) -> Period {
        Period {
            order: order(n),
            offering: OfferingRef { code: format!("o{n}"), version: 1 },
            kind,
            window,
            anchor_day: None,
            deferred: 9_900_001,
            recognised: 0,
            recognitions: 0,
            buckets: vec![Bucket { unit: Unit::Octets, granted: octets, used: 0 }],
        }
    }
    fn fixed(from: i64, to: i64) -> Window {
        Window::Fixed { starts_at: day(from), ends_at: day(to) }
    }

    #[test]
    fn usage_draws_on_what_ends_first_and_never_below_zero() {
        let mut allowance = Allowance::default();
        allowance.periods.push(period(1, OfferingKind::Plan, fixed(0, 30), 100));
        allowance.periods.push(period(2, OfferingKind::Pack, fixed(0, 7), 50));
        allowance.periods.push(period(3, OfferingKind::Plan, fixed(30, 60), 100));
        let used = allowance.use_up(Unit::Octets, 60, day(1), &Zone::utc());
        assert_eq!(used, Used { charged: 60, overrun: 0, begun: vec![] });
        assert_eq!(allowance.periods[1].buckets[0].left(), 0);
        assert_eq!(allowance.left(Unit::Octets, day(1)), 90);
        let used = allowance.use_up(Unit::Octets, 100, day(1), &Zone::utc());
        assert_eq!(used, Used { charged: 90, overrun: 10, begun: vec![] });
        assert_eq!(allowance.periods[2].buckets[0].left(), 100, "a queued plan is not touched");
    }

    #[test]
    fn first_use_begins_the_period() {
        let mut allowance = Allowance::default();
        let window = Window::FirstUse { begins_by: day(180), validity: Validity::Days(7) };
        allowance.periods.push(period(1, OfferingKind::Plan, window, 100));
        assert!(allowance.has_service(day(3)));
        assert_eq!(allowance.use_up(Unit::Octets, 1, day(3), &Zone::utc()).begun, vec![order(1)]);
        assert_eq!(allowance.service_until(), Some(day(10)));
    }

    #[test]
    fn an_unused_first_use_period_begins_by_itself() {
        let mut allowance = Allowance::default();
        let window = Window::FirstUse { begins_by: day(180), validity: Validity::Days(7) };
        allowance.periods.push(period(1, OfferingKind::Plan, window, 100));
        let passed = allowance.advance(day(0), day(200), &Zone::utc());
        assert_eq!((passed.begun, passed.ended), (vec![order(1)], vec![order(1)]));
        assert_eq!(passed.recognitions.iter().map(|r| r.amount).sum::<i64>(), 9_900_001);
    }

    #[test]
    fn time_passed_late_equals_time_passed_in_steps() {
        let mut late = Allowance::default();
        late.periods.push(period(1, OfferingKind::Plan, fixed(10, 45), 100));
        late.periods.push(period(2, OfferingKind::Plan, fixed(45, 80), 100));
        let mut stepped = late.clone();
        let at_once = late.advance(day(0), day(60), &Zone::utc());
        let mut steps = Passed::default();
        for n in 0..60 {
            let step = stepped.advance(day(n), day(n + 1), &Zone::utc());
            steps.recognitions.extend(step.recognitions);
            steps.begun.extend(step.begun);
            steps.ended.extend(step.ended);
        }
        assert_eq!(late, stepped);
        assert_eq!(at_once, steps);
        assert_eq!(at_once.ended, vec![order(1)]);
        let earned: i64 = at_once.recognitions.iter().filter(|r| r.order == order(1)).map(|r| r.amount).sum();
        assert_eq!(earned, 9_900_001, "the parts make the whole");
    }

    #[test]
    fn plans_move_up_when_one_before_them_is_taken_out() {
        let lasts = |offering: &OfferingRef| (offering.code != "o9").then_some(Validity::Days(30));
        let windows = |allowance: &Allowance| -> Vec<Window> { allowance.periods.iter().map(|p| p.window).collect() };
        let three = || {
            let mut allowance = Allowance::default();
            for (n, from) in [(1, 0), (2, 30), (3, 60)] {
                allowance.periods.push(period(n, OfferingKind::Plan, fixed(from, from + 30), 100));
            }
            allowance
        };
        let mut running = three();
        assert_eq!(running.take_out(order(1)).map(|period| period.order), Some(order(1)));
        assert_eq!(running.close_gap(day(10), &Zone::utc(), lasts), [order(2), order(3)]);
        assert_eq!(windows(&running), [fixed(10, 40), fixed(40, 70)]);
        let mut waiting = three();
        waiting.take_out(order(2));
        assert_eq!(waiting.close_gap(day(10), &Zone::utc(), lasts), [order(3)]);
        assert_eq!(windows(&waiting), [fixed(0, 30), fixed(30, 60)]);
        let mut last = three();
        last.take_out(order(3));
        assert_eq!(last.close_gap(day(10), &Zone::utc(), lasts), []);
        assert_eq!(last.take_out(order(3)), None);
        // Nobody knows how long the second lasts: it stays, and the third behind it.
        let mut unknown = three();
        unknown.periods[1].offering.code = "o9".to_owned();
        unknown.take_out(order(1));
        assert_eq!(unknown.close_gap(day(10), &Zone::utc(), lasts), []);
    }

    /// What the golden bytes hold.
    fn golden() -> Allowance {
        let mut allowance = Allowance::default();
        allowance.periods.push(period(1, OfferingKind::Plan, fixed(0, 30), 100));
        let window = Window::FirstUse { begins_by: day(180), validity: Validity::Days(7) };
        allowance.periods.push(period(2, OfferingKind::Pack, window, 50));
        allowance.sessions.push(Session {
            id: SessionId(RawId::new_v7(3, [3; 10])),
            imsi: "460110000000001".into(),
            notify_url: "http://127.0.0.1/n".into(),
            service: Service::Restoring,
            sequence: 5,
            restoring_for: Some(order(1)),
        });
        allowance
    }
    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.trim().chars().map(|digit| digit.to_digit(16).unwrap()).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
    }

    #[test]
    fn a_body_of_version_1_is_still_read() {
        assert_eq!(Allowance::from_body(&bytes(include_str!("golden_v1.hex"))), Ok(golden()));
    }

    #[test]
    fn the_body_of_version_2_is_these_bytes() {
        let trial = Some(Bucket { unit: Unit::Octets, granted: 10, used: 3 });
        let allowance = Allowance { trial, ..golden() };
        let body = allowance.to_body();
        let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("golden_v2.hex").trim());
        assert_eq!(Allowance::from_body(&body), Ok(allowance));
    }

    #[test]
    fn the_trial_is_used_up_first_and_no_further() {
        let trial = Some(Bucket { unit: Unit::Octets, granted: 10, used: 0 });
        let mut allowance = Allowance { trial, ..Allowance::default() };
        assert_eq!(allowance.left(Unit::Octets, day(1)), 10);
        let used = allowance.use_up(Unit::Octets, 12, day(1), &Zone::utc());
        assert_eq!(used, Used { charged: 10, overrun: 2, begun: vec![] });
        assert_eq!(allowance.left(Unit::Octets, day(1)), 0);
        assert_eq!(allowance.use_up(Unit::Seconds, 1, day(1), &Zone::utc()).overrun, 1);
    }

    #[test]
    fn damaged_bodies_are_refused() {
        use super::super::codec::BodyError;
        let body = Allowance::default().to_body();
        assert_eq!(Allowance::from_body(&[]), Err(BodyError::Empty));
        assert_eq!(Allowance::from_body(&[9, 0, 0]), Err(BodyError::UnknownVersion(9)));
        assert_eq!(Allowance::from_body(&[body.clone(), vec![0]].concat()), Err(BodyError::Damaged));
        assert_eq!(Allowance::from_body(&body[..body.len() - 1]), Err(BodyError::Damaged));
    }
}
