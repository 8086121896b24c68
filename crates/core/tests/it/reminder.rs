//! Reminders: each cause at most once a day, each step once a cycle, never in quiet hours, and nothing that lost its sense.

use crate::fixture;
use everline_core::charging::{Allowance, Bucket, Period, Window};
use everline_core::ids::{OrderId, RawId};
use everline_core::line::{Line, LineState};
use everline_core::offering::{OfferingKind, OfferingRef, Unit};
use everline_core::reminder::{
    BadReminders, Cause, DataNow, Facts, Quiet, Reminder, Reminders, Usage, crosses_step, next_look, on_due, still_true,
};
use everline_core::time::{BusinessTime, DAY_US, HOUR_US, MINUTE_US, Zone};

const GB: i64 = 1_000_000_000;

fn zone() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}
/// 2026-03-10 12:00 in Shanghai.
fn start() -> BusinessTime {
    BusinessTime::from_us(1_773_115_200_000_000)
}
fn day(n: i64) -> BusinessTime {
    start().plus_us(n * DAY_US)
}

/// A line, what it can use, and everything that was told.
struct Case {
    line: Line,
    allowance: Allowance,
    settings: Reminders,
    usage: Usage,
    told: Vec<Reminder>,
    renews_itself: bool,
}

impl Case {
    /// A plan of so many days that begins now.
    fn new(days: i64, octets: i64) -> Self {
        let mut case = Self {
            line: fixture::line(LineState::Active),
            allowance: Allowance::default(),
            settings: Reminders::default(),
            usage: Usage::default(),
            told: Vec::new(),
            renews_itself: false,
        };
        case.buys(1, OfferingKind::Plan, (start(), day(days)), octets);
        case
    }
    fn buys(&mut self, n: u8, kind: OfferingKind, (starts_at, ends_at): (BusinessTime, BusinessTime), octets: i64) {
        self.allowance.periods.push(Period {
            order: OrderId(RawId::new_v7(u64::from(n), [n; 10])),
            offering: OfferingRef { code: "p".to_owned(), version: 1 },
            kind,
            window: Window::Fixed { starts_at, ends_at },
            anchor_day: None,
            deferred: 0,
            recognised: 0,
            recognitions: 0,
            buckets: vec![Bucket { unit: Unit::Octets, granted: octets, used: 0 }],
        });
        self.line.service_until = self.allowance.service_until();
    }
    fn uses(&mut self, octets: i64, at: BusinessTime) -> bool {
        let before = DataNow::of(&self.allowance, at);
        self.allowance.use_up(Unit::Octets, octets, at, &zone());
        crosses_step(before, DataNow::of(&self.allowance, at))
    }
    /// What happens at an instant; when to look again.
    fn at(&mut self, now: BusinessTime) -> (Vec<(Cause, u8)>, Option<BusinessTime>) {
        let facts = Facts {
            line: &self.line,
            allowance: &self.allowance,
            settings: &self.settings,
            usage: &self.usage,
            told: &self.told,
            renews_itself: self.renews_itself,
            forecast_wanted: false,
        };
        let next = on_due(&facts, now, &zone());
        self.usage = next.usage.unwrap_or_else(|| self.usage.clone());
        self.told.extend(next.tell.iter().copied());
        (next.tell.iter().map(|told| (told.cause, told.step)).collect(), next.due)
    }
    /// Runs until there is nothing more to look at, or an instant: on which day (from 1) what was told.
    fn run(&mut self, until: BusinessTime) -> Vec<(i64, Cause, u8)> {
        let (mut now, mut all) = (next_look(self.line.id, start(), &zone()), Vec::new());
        while now < until {
            let (told, due) = self.at(now);
            let day = zone().days_between(start(), now);
            all.extend(told.into_iter().map(|(cause, step)| (day, cause, step)));
            let Some(due) = due else { break };
            assert!(due > now, "time goes on");
            now = due;
        }
        all
    }
}

#[test]
fn the_end_is_told_at_each_step_once() {
    let mut case = Case::new(30, 0);
    use Cause::Expiry;
    assert_eq!(case.run(day(40)), [(23, Expiry, 7), (27, Expiry, 3), (30, Expiry, 0)]);
    // A plan of a week is not announced to end the moment it begins, and one of a day only on its last.
    assert_eq!(Case::new(7, 0).run(day(40)), [(4, Expiry, 3), (7, Expiry, 0)]);
    assert_eq!(Case::new(1, 0).run(day(40)), [(1, Expiry, 0)]);
    // What ends at midnight has its last look the day before.
    let mut midnight = Case::new(30, 0);
    let end = day(30).plus_us(-12 * HOUR_US);
    midnight.allowance.periods[0].window = Window::Fixed { starts_at: start(), ends_at: end };
    midnight.line.service_until = Some(end);
    assert_eq!(midnight.run(day(40)), [(22, Expiry, 7), (26, Expiry, 3), (29, Expiry, 0)]);
}

#[test]
fn late_by_days_the_last_step_alone_is_told() {
    let mut case = Case::new(30, 0);
    assert_eq!(case.at(day(28)).0, [(Cause::Expiry, 3)]);
    assert_eq!(case.at(day(28)).0, []);
}

#[test]
fn who_renewed_or_renews_by_itself_is_not_told_of_the_end() {
    let mut case = Case::new(30, 0);
    case.buys(2, OfferingKind::Plan, (day(30), day(60)), 0);
    assert_eq!(case.run(day(50)), []);
    let mut itself = Case::new(30, 0);
    itself.renews_itself = true;
    assert_eq!(itself.run(day(30)), []);
    // What was written down and is renewed before it goes out makes no sense any more.
    let mut case = Case::new(30, 0);
    case.at(day(28));
    let told = case.told[0];
    assert!(still_true(&told, &case.line, &case.allowance, day(28)));
    assert!(!still_true(&told, &case.line, &case.allowance, day(30)));
    case.buys(2, OfferingKind::Plan, (day(30), day(60)), 0);
    assert!(!still_true(&told, &case.line, &case.allowance, day(28)));
    case.line.state = LineState::Suspended(everline_core::line::SuspendCause::Lost);
    assert_eq!(case.at(day(29)), (vec![], None));
}

#[test]
fn used_data_is_told_by_steps_and_one_a_day() {
    let mut case = Case::new(30, 10 * GB);
    case.settings = Reminders { days: vec![], forecast: false, ..Reminders::default() };
    let noon = day(1);
    assert!(!case.uses(4_900_000_000, noon), "49 %: charging looks at nothing");
    assert!(case.uses(200_000_000, noon));
    assert_eq!(case.at(noon).0, []);
    assert!(case.uses(2_400_000_000, noon));
    assert_eq!(case.at(noon).0, [(Cause::Threshold, 75)]);
    assert!(!case.uses(1, noon), "the same step");
    assert!(case.uses(2_000_000_000, noon));
    let (told, due) = case.at(noon);
    assert_eq!(told, [], "one a day");
    let due = due.unwrap();
    assert_eq!(zone().days_between(noon, due), 1);
    assert_eq!(case.at(due).0, [(Cause::Threshold, 90)]);
    assert_eq!(case.at(due.plus_us(DAY_US)), (vec![], None));
    let ninety = *case.told.last().unwrap();
    assert!(still_true(&ninety, &case.line, &case.allowance, due));
    // A pack makes it a new cycle: the old reminder is no longer true, and the steps count again.
    case.buys(2, OfferingKind::Pack, (day(3), day(10)), 10 * GB);
    assert!(!still_true(&ninety, &case.line, &case.allowance, day(3)));
    case.uses(7 * GB, day(4));
    assert_eq!(case.at(day(4)).0, [(Cause::Threshold, 75)]);
}

#[test]
fn a_forecast_comes_from_the_use_of_the_last_days() {
    let mut case = Case::new(30, 10 * GB);
    case.settings = Reminders { days: vec![], percents: vec![], ..Reminders::default() };
    // Little for ten days, then a gigabyte a day: the rate of the last days says so, the average would not.
    let mut now = next_look(case.line.id, start(), &zone());
    let mut told = Vec::new();
    for n in 1..=20 {
        told.extend(case.at(now).0.into_iter().map(|(cause, _)| (n, cause)));
        case.uses(if n <= 10 { 10_000_000 } else { GB }, now);
        now = now.plus_us(DAY_US);
    }
    assert_eq!(told.len(), 1, "once a cycle: {told:?}");
    let (n, cause) = told[0];
    assert!((12..=18).contains(&n) && cause == Cause::Forecast, "{told:?}");
    let runs_out = case.told[0].runs_out_at.unwrap();
    assert!(runs_out > case.told[0].at && runs_out < day(30));
    // Exactly: 1 GB in each of two days, 2 GB left.
    let data = |left: i64| {
        let mut case = Case::new(30, 10 * GB);
        case.uses(10 * GB - left, day(2));
        DataNow::of(&case.allowance, day(2)).unwrap().runs_out_at(&Usage::default(), day(2))
    };
    assert_eq!(data(2 * GB), Some(day(2).plus_us(DAY_US / 2)));
    assert_eq!(data(10 * GB), None, "nothing was used");
    let mut fresh = Case::new(30, 10 * GB);
    fresh.uses(9 * GB, start().plus_us(HOUR_US));
    let now = start().plus_us(2 * HOUR_US);
    let data = DataNow::of(&fresh.allowance, now).unwrap();
    assert_eq!(data.runs_out_at(&Usage::default(), now), None, "an hour is no rate");
}

#[test]
fn nobody_is_disturbed_in_quiet_hours() {
    let mut case = Case::new(30, 10 * GB);
    case.uses(8 * GB, day(1));
    let night = day(1).plus_us(11 * HOUR_US); // 23:00
    let (told, due) = case.at(night);
    let morning = day(1).plus_us(21 * HOUR_US); // 09:00
    assert_eq!((told, due), (vec![], Some(morning)));
    assert_eq!(case.at(morning).0, [(Cause::Threshold, 75)]);
    let quiet = |from, until| Quiet { from, until };
    let zone = zone();
    for (hours, at, over) in [
        (quiet(21 * 60, 9 * 60), start(), None),
        (quiet(12 * 60, 13 * 60), start(), Some(start().plus_us(HOUR_US))),
        (quiet(13 * 60, 12 * 60), start(), None),
        (quiet(13 * 60, 12 * 60), start().plus_us(-MINUTE_US), Some(start())),
        (quiet(11 * 60, 12 * 60), start(), None),
    ] {
        assert_eq!(hours.over_at(at, &zone), over, "{hours:?}");
    }
}

#[test]
fn settings_are_checked_and_survive_their_words() {
    let with = |days: &[u8], percents: &[u8], quiet| Reminders {
        days: days.to_vec(),
        percents: percents.to_vec(),
        forecast: true,
        quiet,
    };
    let fine = with(&[0, 7, 7, 3], &[90, 75], None).checked().unwrap();
    assert_eq!((fine.days.as_slice(), fine.percents.as_slice()), (&[7, 3, 0][..], &[75, 90][..]));
    assert_eq!(Reminders::split(&Reminders::join(&fine.days)), Some(fine.days));
    for (settings, why) in [
        (with(&[31], &[], None), BadReminders::Days),
        (with(&[1, 2, 3, 4, 5], &[], None), BadReminders::Days),
        (with(&[], &[45], None), BadReminders::Percents),
        (with(&[], &[77], None), BadReminders::Percents),
        (with(&[], &[105], None), BadReminders::Percents),
        (with(&[], &[], Some(Quiet { from: 60, until: 60 })), BadReminders::Quiet),
        (with(&[], &[], Some(Quiet { from: 1_440, until: 60 })), BadReminders::Quiet),
    ] {
        assert_eq!(settings.checked(), Err(why));
    }
    assert_eq!(Reminders::split("7 x"), None);
    assert_eq!(Reminders::split("256"), None);
    let mut case = Case::new(30, GB);
    case.at(day(1));
    assert_eq!(Usage::split(case.usage.basis, &case.usage.join()), Some(case.usage.clone()));
    assert!(!case.usage.samples.is_empty());
    let stored: Reminders = serde_json::from_str(r#"{"days":[1]}"#).unwrap();
    assert_eq!(stored, Reminders { days: vec![1], ..Reminders::default() });
}
