//! Reminders: what the owner of a line, and whoever else takes care of it, is told before it is cut off.
//!
//! A reminder has a *cause*: the end of the last plan comes near, a share of the data is used, or at this rate the data will
//! not last. Each cause is told at most once a calendar day, at each *step* (days before the end, percent used) once a
//! *cycle*, and never in quiet hours. A cycle is what the reminder is about: one end of the last plan, or the data that
//! began last. Whatever was bought since makes another cycle.
//!
//! [`on_due`] is what time does to a line's reminders; [`still_true`] is asked once more before one goes out;
//! [`crosses_step`] is the only question on the path of charging.

use crate::charging::{Allowance, Period, Window};
use crate::ids::{CustomerId, LineId, RawId};
use crate::lifecycle::instant_cause;
use crate::line::{Line, LineState};
use crate::offering::Unit;
use crate::time::{BusinessTime, DAY_US, HOUR_US, Zone};
use crate::words::words;
use serde::{Deserialize, Serialize};

/// Most steps of one cause.
pub const STEPS_MAX: usize = 4;
/// Most days before the end of a plan.
pub const DAYS_MAX: u8 = 30;
/// Steps of data are multiples of so many percent, from [`PERCENT_MIN`] on: between them charging looks at nothing.
pub const PERCENT_STEP: u8 = 5;
/// The smallest step of data.
pub const PERCENT_MIN: u8 = 50;
/// How far ahead a forecast is told.
const FORECAST_US: i64 = 7 * DAY_US;
/// The shortest time from which a rate is computed.
const RATE_US_MIN: i64 = DAY_US;
/// Counts of used data that are remembered: one a day.
const SAMPLES_MAX: usize = 8;
/// The minute of the day at which a line is looked at, and how many minutes lines are spread over.
const LOOK_MINUTE: u16 = 10 * 60;
const LOOK_SPREAD: u16 = 120;
const DAY_MINUTES: u16 = 24 * 60;

/// Why somebody is reminded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The last plan ends soon, and nothing follows.
    Expiry,
    /// So many percent of the data are used.
    Threshold,
    /// At this rate the data is used up before the plan ends.
    Forecast,
}
words!(Cause { Expiry = "expiry", Threshold = "threshold", Forecast = "forecast" });

/// Hours of the day in which nobody is disturbed, in the brand's zone; they may go over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quiet {
    /// The first minute of the day.
    pub from: u16,
    /// The first minute after them.
    pub until: u16,
}

impl Quiet {
    /// The minute of the day of a time as people write it, `21:30`.
    #[must_use]
    pub fn minute(text: &str) -> Option<u16> {
        let (hour, minute) = text.trim().split_once(':')?;
        // Some browsers add seconds.
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    }
    /// Whether both are minutes of a day, and there is a time that is not quiet.
    #[must_use]
    pub const fn fits(self) -> bool {
        self.from < DAY_MINUTES && self.until < DAY_MINUTES && self.from != self.until
    }
    /// When the quiet hours that `at` lies in are over; `None` if it does not.
    #[must_use]
    pub fn over_at(self, at: BusinessTime, zone: &Zone) -> Option<BusinessTime> {
        let day = zone.date(at);
        let minute = zone.minute_of_day(at);
        let (quiet, tomorrow) = if self.from < self.until {
            ((self.from..self.until).contains(&minute), false)
        } else {
            (minute >= self.from || minute < self.until, minute >= self.from)
        };
        let day = if tomorrow { day.tomorrow().ok()? } else { day };
        zone.at_minute(day, self.until).filter(|over| quiet && *over > at)
    }
}

/// Of what somebody is reminded: the brand's choice, or the owner's for one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reminders {
    /// Days before the end of the last plan; 0 is the last day.
    pub days: Vec<u8>,
    /// Percent of the data used.
    pub percents: Vec<u8>,
    /// Whether somebody is told that the data will not last.
    pub forecast: bool,
    /// When nobody is disturbed.
    pub quiet: Option<Quiet>,
}

impl Default for Reminders {
    fn default() -> Self {
        let quiet = Some(Quiet { from: 21 * 60, until: 9 * 60 });
        Self { days: vec![7, 3, 0], percents: vec![75, 90], forecast: true, quiet }
    }
}

/// What is wrong with settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadReminders {
    /// Too many days, or too far ahead.
    #[error("at most four of 0 to 30 days")]
    Days,
    /// Too many percents, or none of the steps.
    #[error("at most four of 50, 55 … 100 percent")]
    Percents,
    /// No hours of a day, or all of them.
    #[error("from one time of the day to another")]
    Quiet,
}

impl Reminders {
    /// Nothing is told.
    pub const NONE: Reminders = Reminders { days: Vec::new(), percents: Vec::new(), forecast: false, quiet: None };

    /// These, each step once and in order.
    ///
    /// # Errors
    /// [`BadReminders`].
    pub fn checked(mut self) -> Result<Self, BadReminders> {
        self.days.sort_unstable_by(|a, b| b.cmp(a));
        self.days.dedup();
        self.percents.sort_unstable();
        self.percents.dedup();
        let percent = |p: &u8| (PERCENT_MIN..=100).contains(p) && p.is_multiple_of(PERCENT_STEP);
        if self.days.len() > STEPS_MAX || self.days.iter().any(|days| *days > DAYS_MAX) {
            Err(BadReminders::Days)
        } else if self.percents.len() > STEPS_MAX || !self.percents.iter().all(percent) {
            Err(BadReminders::Percents)
        } else if !self.quiet.is_none_or(Quiet::fits) {
            Err(BadReminders::Quiet)
        } else {
            Ok(self)
        }
    }
    /// Numbers as one stored text.
    #[must_use]
    pub fn join(numbers: &[u8]) -> String {
        numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
    }
    /// Reads [`Reminders::join`].
    #[must_use]
    pub fn split(text: &str) -> Option<Vec<u8>> {
        text.split_ascii_whitespace().map(|word| word.parse().ok()).collect()
    }
}

/// How much data was used at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: BusinessTime,
    /// Octets used of the plans and packs that ran then.
    pub used: i64,
}

/// What a forecast is computed from: counts of the same plans and packs, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Tells the plans and packs that were counted from others.
    pub basis: i64,
    /// The counts.
    pub samples: Vec<Sample>,
}

impl Usage {
    /// The counts as one stored text.
    #[must_use]
    pub fn join(&self) -> String {
        self.samples.iter().map(|sample| format!("{}:{}", sample.at.us(), sample.used)).collect::<Vec<_>>().join(" ")
    }
    /// Reads [`Usage::join`].
    #[must_use]
    pub fn split(basis: i64, text: &str) -> Option<Self> {
        let sample = |word: &str| {
            let (at, used) = word.split_once(':')?;
            Some(Sample { at: BusinessTime::from_us(at.parse().ok()?), used: used.parse().ok()? })
        };
        let samples = text.split_ascii_whitespace().map(sample).collect::<Option<Vec<_>>>()?;
        Some(Self { basis, samples })
    }
}

/// One reminder that is, or was, told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminder {
    /// Follows from line, cause, cycle and step.
    pub id: RawId,
    /// The line's owner.
    pub customer: CustomerId,
    /// The line.
    pub line: LineId,
    /// Why.
    pub cause: Cause,
    /// What it is about: the end of the last plan, or the beginning of the data that began last.
    pub cycle: BusinessTime,
    /// Days before the end, or percent used; 0 for a forecast.
    pub step: u8,
    /// When the data will be used up, for a forecast.
    pub runs_out_at: Option<BusinessTime>,
    /// When it was told.
    pub at: BusinessTime,
}

impl Reminder {
    fn new(line: &Line, (cause, step): (Cause, u8), cycle: BusinessTime, at: BusinessTime) -> Self {
        // Far from the branches of ways, which the jobs of messages take.
        let branch = (cause as u8 + 1) << 4;
        let id = instant_cause(line.id, cycle).0.derive(0x78, step).branch(branch);
        Self { id, customer: line.customer, line: line.id, cause, cycle, step, runs_out_at: None, at }
    }
    /// The id of a line's settings and of its timer.
    #[must_use]
    pub const fn id_of(line: LineId) -> RawId {
        line.0.derive(0x77, 0)
    }
    /// The line of a timer's id.
    #[must_use]
    pub const fn line_of(id: RawId) -> LineId {
        LineId(id.derive(0x77, 0))
    }
}

/// The data that a line can use now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataNow {
    /// What there was.
    pub granted: i64,
    /// What is left.
    pub left: i64,
    /// When the plan or pack began that began last.
    pub cycle: BusinessTime,
    /// When the one began that began first.
    began: BusinessTime,
    /// When the last of it ends.
    pub ends: BusinessTime,
    basis: i64,
}

impl DataNow {
    /// What runs at `at`; `None` if nothing does, or it has no data.
    #[must_use]
    pub fn of(allowance: &Allowance, at: BusinessTime) -> Option<Self> {
        let mut found: Option<Self> = None;
        for period in &allowance.periods {
            let Window::Fixed { starts_at, ends_at } = period.window else { continue };
            if !period.running(at) {
                continue;
            }
            let data = period.buckets.iter().filter(|bucket| bucket.unit == Unit::Octets);
            let (granted, left) = data.fold((0_i64, 0_i64), |(granted, left), bucket| {
                (granted.saturating_add(bucket.granted), left.saturating_add(bucket.left()))
            });
            if granted == 0 {
                continue;
            }
            let basis = starts_at.us().rotate_left(7) ^ ends_at.us();
            let mut now = found.unwrap_or(Self {
                granted: 0,
                left: 0,
                cycle: starts_at,
                began: starts_at,
                ends: ends_at,
                basis: 0,
            });
            now.granted = now.granted.saturating_add(granted);
            now.left = now.left.saturating_add(left);
            (now.cycle, now.began) = (now.cycle.max(starts_at), now.began.min(starts_at));
            (now.ends, now.basis) = (now.ends.max(ends_at), now.basis.wrapping_add(basis));
            found = Some(now);
        }
        found
    }
    /// What was used.
    #[must_use]
    pub const fn used(&self) -> i64 {
        self.granted.saturating_sub(self.left)
    }
    /// How many whole percent are used.
    #[must_use]
    pub fn percent_used(&self) -> u8 {
        let percent = i128::from(self.used()) * 100 / i128::from(self.granted.max(1));
        u8::try_from(percent.clamp(0, 100)).unwrap_or(100)
    }
    /// What was used of late, and in how much time; `None` if nothing was, or it was counted for less than a day.
    fn rate(&self, usage: &Usage, now: BusinessTime) -> Option<(i64, i64)> {
        let long = |from: BusinessTime| now.since_us(from) >= RATE_US_MIN;
        // Counts of other plans and packs say nothing about these.
        let oldest = usage.samples.first().filter(|oldest| usage.basis == self.basis && long(oldest.at));
        let (since, before) = oldest.map_or((self.began, 0), |oldest| (oldest.at, oldest.used));
        let (elapsed, used) = (now.since_us(since), self.used().saturating_sub(before));
        (long(since) && used > 0).then_some((used, elapsed))
    }
    /// What is used in a day at the rate of the last days; `None` if nothing was used, or it was counted for less than a day.
    #[must_use]
    pub fn used_a_day(&self, usage: &Usage, now: BusinessTime) -> Option<i64> {
        let (used, elapsed) = self.rate(usage, now)?;
        i64::try_from(i128::from(used) * i128::from(DAY_US) / i128::from(elapsed)).ok()
    }
    /// When it is used up at the rate of the last days; `None` if nothing was used, or it was counted for less than a day.
    #[must_use]
    pub fn runs_out_at(&self, usage: &Usage, now: BusinessTime) -> Option<BusinessTime> {
        let (used, elapsed) = self.rate(usage, now)?;
        let lasts = i128::from(self.left) * i128::from(elapsed) / i128::from(used);
        Some(now.plus_us(i64::try_from(lasts).unwrap_or(i64::MAX)))
    }
    /// The counts with today's, if the last one is from before today.
    fn counted(&self, usage: &Usage, now: BusinessTime) -> Option<Usage> {
        let sample = Sample { at: now, used: self.used() };
        if usage.basis != self.basis || usage.samples.last().is_some_and(|last| last.used > sample.used) {
            return Some(Usage { basis: self.basis, samples: vec![sample] });
        }
        if usage.samples.last().is_some_and(|last| now.since_us(last.at) < DAY_US - 4 * HOUR_US) {
            return None;
        }
        let mut samples = usage.samples.clone();
        samples.push(sample);
        let surplus = samples.len().saturating_sub(SAMPLES_MAX);
        samples.drain(..surplus);
        Some(Usage { basis: self.basis, samples })
    }
}

/// The step that a share lies on or above; 0 below the first.
fn step_of(data: Option<DataNow>) -> u8 {
    let percent = data.map_or(0, |data| data.percent_used());
    if percent < PERCENT_MIN { 0 } else { percent - percent % PERCENT_STEP }
}

/// Whether usage went from one step to another: only then reminders, and renewals that wait for it, need to be looked at.
/// `before` and `after` are what there was at the same instant.
#[must_use]
pub fn crosses_step(before: Option<DataNow>, after: Option<DataNow>) -> bool {
    step_of(after) > step_of(before)
}

/// What the reminders of a line are judged by. Read under the line's lock.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The line.
    pub line: &'a Line,
    /// What it can use.
    pub allowance: &'a Allowance,
    /// Of what is reminded.
    pub settings: &'a Reminders,
    /// Counts of used data.
    pub usage: &'a Usage,
    /// What was told last, in any order: at least the reminders of the running cycles and of today.
    pub told: &'a [Reminder],
    /// Whether the line renews by itself: its owner is told of that instead of the plan's end.
    pub renews_itself: bool,
    /// Whether its renewal waits for a forecast, which then is made whoever is told.
    pub forecast_wanted: bool,
}

/// What becomes of a line's reminders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// What is told now.
    pub tell: Vec<Reminder>,
    /// The counts as they become, if they change.
    pub usage: Option<Usage>,
    /// When to look again; `None` until something is bought.
    pub due: Option<BusinessTime>,
}

/// When a line is looked at on the day of `at`, or the next time after it.
#[must_use]
pub fn next_look(line: LineId, at: BusinessTime, zone: &Zone) -> BusinessTime {
    let today = zone.date(at);
    let days = [Ok(today), today.tomorrow()].into_iter().flatten();
    days.filter_map(|day| look_on(line, day, zone)).find(|look| *look > at).unwrap_or_else(|| at.plus_us(DAY_US))
}

/// Lines are looked at one after the other, so that not all are told at once.
fn look_on(line: LineId, day: jiff::civil::Date, zone: &Zone) -> Option<BusinessTime> {
    let spread = line.bytes().iter().fold(0_u16, |sum, byte| sum.wrapping_mul(31).wrapping_add(u16::from(*byte)));
    zone.at_minute(day, LOOK_MINUTE + spread % LOOK_SPREAD)
}

/// When the reminder of so many days before `end` is due: at the look of that day, or of the day before if the plan ends
/// earlier in the day than that.
fn expiry_at(line: LineId, end: BusinessTime, days: u8, zone: &Zone) -> Option<BusinessTime> {
    let last = zone.date(end);
    let early = look_on(line, last, zone).is_none_or(|look| look >= end);
    let back = i64::from(days) + i64::from(early);
    look_on(line, last.checked_sub(jiff::Span::new().try_days(back).ok()?).ok()?, zone)
}

/// What time, and usage that crossed a step, do to the reminders of a line at `now`.
#[must_use]
pub fn on_due(facts: &Facts<'_>, now: BusinessTime, zone: &Zone) -> Next {
    let Facts { line, settings, .. } = *facts;
    let mut next = Next { tell: Vec::new(), usage: None, due: None };
    if line.state != LineState::Active {
        return next;
    }
    if let Some(over) = settings.quiet.and_then(|quiet| quiet.over_at(now, zone)) {
        next.due = Some(over);
        return next;
    }
    let look = next_look(line.id, now, zone);
    let mut due = |at: BusinessTime| next.due = Some(next.due.map_or(at, |due| due.min(at)));
    let today = zone.date(now);
    let told_today = |cause| facts.told.iter().any(|told| told.cause == cause && zone.date(told.at) == today);
    let mut wanted = Vec::new();
    if let Some(expiry) = expiry(facts, now, zone, &mut due) {
        wanted.push(expiry);
    }
    let data = DataNow::of(facts.allowance, now);
    if let Some(data) = data {
        wanted.extend(threshold(facts, &data, now));
        if settings.forecast || facts.forecast_wanted {
            next.usage = data.counted(facts.usage, now);
            due(look);
        }
        let quiet_about_data = wanted.iter().any(|wanted| wanted.cause == Cause::Threshold);
        // Who is told how much is used today is told tomorrow how long the rest lasts.
        if !quiet_about_data && !told_today(Cause::Threshold) {
            wanted.extend(forecast(facts, &data, now));
        }
    }
    for reminder in wanted {
        if told_today(reminder.cause) {
            due(look);
        } else {
            next.tell.push(reminder);
        }
    }
    next
}

fn expiry(facts: &Facts<'_>, now: BusinessTime, zone: &Zone, due: &mut impl FnMut(BusinessTime)) -> Option<Reminder> {
    let end = facts.line.service_until.filter(|end| *end > now && !facts.renews_itself)?;
    let last = facts.allowance.periods.iter().filter(|period| period.ends_at() == Some(end));
    let began = last.filter_map(Period::starts_at).max()?;
    let mut reached: Option<u8> = None;
    for days in &facts.settings.days {
        let Some(at) = expiry_at(facts.line.id, end, *days, zone) else { continue };
        // A plan of a week is not announced to end the moment it begins.
        if at <= began || at.since_us(began) < i64::from(*days) * DAY_US {
            continue;
        }
        if at > now {
            due(at);
        } else {
            reached = Some(reached.map_or(*days, |step| step.min(*days)));
        }
    }
    let step = reached?;
    let told = |told: &Reminder| told.cause == Cause::Expiry && told.cycle == end && told.step <= step;
    (!facts.told.iter().any(told)).then(|| Reminder::new(facts.line, (Cause::Expiry, step), end, now))
}

fn threshold(facts: &Facts<'_>, data: &DataNow, now: BusinessTime) -> Option<Reminder> {
    let percent = data.percent_used();
    let step = facts.settings.percents.iter().copied().filter(|step| *step <= percent).max()?;
    let told = |told: &Reminder| told.cause == Cause::Threshold && told.cycle == data.cycle && told.step >= step;
    (!facts.told.iter().any(told)).then(|| Reminder::new(facts.line, (Cause::Threshold, step), data.cycle, now))
}

fn forecast(facts: &Facts<'_>, data: &DataNow, now: BusinessTime) -> Option<Reminder> {
    let runs_out = will_not_last(data, facts.usage, now).filter(|_| facts.settings.forecast)?;
    let told = |told: &Reminder| told.cause == Cause::Forecast && told.cycle == data.cycle;
    let reminder =
        || Reminder { runs_out_at: Some(runs_out), ..Reminder::new(facts.line, (Cause::Forecast, 0), data.cycle, now) };
    (!facts.told.iter().any(told)).then(reminder)
}

/// When the data is used up, if that is within a week and before it ends.
#[must_use]
pub fn will_not_last(data: &DataNow, usage: &Usage, now: BusinessTime) -> Option<BusinessTime> {
    let soon = |at: &BusinessTime| *at < data.ends && at.since_us(now) <= FORECAST_US;
    data.runs_out_at(usage, now).filter(|_| data.left > 0).filter(soon)
}

/// Whether a reminder still makes sense at `now`: what it is about was neither renewed nor is it over.
#[must_use]
pub fn still_true(reminder: &Reminder, line: &Line, allowance: &Allowance, now: BusinessTime) -> bool {
    if line.state != LineState::Active {
        return false;
    }
    let data = DataNow::of(allowance, now).filter(|data| data.cycle == reminder.cycle);
    match reminder.cause {
        Cause::Expiry => line.service_until == Some(reminder.cycle) && now < reminder.cycle,
        // What is used up is told by the device being cut off.
        Cause::Threshold => data.is_some_and(|data| data.left > 0 && data.percent_used() >= reminder.step),
        Cause::Forecast => data.is_some_and(|data| data.left > 0),
    }
}
