//! What lines used, by calendar day of the brand's zone.

use crate::{App, Problem};
use everline_core::calendar::{Day, Month};
use everline_core::ids::{CustomerId, LineId};
use everline_core::line::Line;
use everline_core::offering::Unit;
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::line;
use everline_store::tables::usage::{self, UsageDay};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;

/// Most lines whose usage is added up on one page; of more, their owner looks at one at a time.
pub const LINES_MAX: i64 = 500;
/// Most rows of days that are read for one page: what that many lines can use of three units in a month.
const ROWS_MAX: i64 = LINES_MAX * 31 * 3;
/// Months that can be looked at, this one included: for so long usage is kept.
pub const MONTHS: usize = 13;

/// Which days to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// Today and the days before it, so many in all.
    LastDays(i64),
    /// A month.
    Month(Month),
}

impl Span {
    /// Its first and last day; days to come are left out.
    #[must_use]
    pub fn days(self, zone: &Zone, now: BusinessTime) -> (Day, Day) {
        let today = Day::of(zone, now);
        match self {
            Span::LastDays(days) => (today.plus(1 - days.clamp(1, 31)), today),
            Span::Month(month) => (month.first(), month.last().min(today).max(month.first())),
        }
    }
}

/// The months that can be looked at, newest first.
#[must_use]
pub fn months(zone: &Zone, now: BusinessTime) -> Vec<Month> {
    std::iter::successors(Some(Month::of(zone, now)), |month| Some(month.previous())).take(MONTHS).collect()
}

/// What was used in some days.
#[derive(Debug, Clone, PartialEq)]
pub struct Usage {
    /// First and last day.
    pub days: (Day, Day),
    /// The line, if it is one line's.
    pub line: Option<Line>,
    /// The customer's lines, to choose from. Not all of them if there are more than [`LINES_MAX`].
    pub lines: Vec<Line>,
    /// What each line used on each day; nothing if there are too many lines to add up.
    pub rows: Vec<UsageDay>,
}

impl Usage {
    /// Whether there are more lines than are added up.
    #[must_use]
    pub fn too_many(&self) -> bool {
        self.line.is_none() && i64::try_from(self.lines.len()).unwrap_or(i64::MAX) > LINES_MAX
    }
    /// What was used of a unit, day by day, with days on which nothing was: within plans, and beyond.
    #[must_use]
    pub fn by_day(&self, unit: Unit) -> Vec<(Day, i64, i64)> {
        let mut found: BTreeMap<Day, (i64, i64)> = BTreeMap::new();
        for row in self.rows.iter().filter(|row| row.unit == unit) {
            let (charged, overrun) = found.entry(row.day).or_default();
            *charged = charged.saturating_add(row.charged);
            *overrun = overrun.saturating_add(row.overrun);
        }
        let (from, to) = self.days;
        let all = (from.number()..=to.number()).map(Day::from_number);
        all.map(|day| found.get(&day).map_or((day, 0, 0), |(charged, overrun)| (day, *charged, *overrun))).collect()
    }
}

/// What one line of a customer used, or all of them together.
///
/// # Errors
/// [`Problem::NotFound`] if the line is not the customer's.
pub async fn usage(app: &App, customer: CustomerId, line: Option<LineId>, span: Span) -> Result<Usage, Problem> {
    let days = span.days(&app.zone, app.clock.now().business);
    Ok(app.store.read(ReadUsage { customer, line, days }).await?)
}

struct ReadUsage {
    customer: CustomerId,
    line: Option<LineId>,
    days: (Day, Day),
}
impl Work for ReadUsage {
    const NAME: &'static str = "usage_history";
    type Out = Usage;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Usage, Stop<Problem>> {
        let (customer, days) = (self.customer, self.days);
        let lines = line::of_customer(tx, customer, LINES_MAX + 1).await?;
        let mut usage = Usage { days, line: None, lines, rows: Vec::new() };
        match self.line {
            Some(id) => {
                usage.line = line::get(tx, customer, id).await?;
                if usage.line.is_none() {
                    return Err(Stop::Refused(Problem::NotFound("line")));
                }
                usage.rows = usage::days_of_line(tx, customer, id, days).await?;
            }
            None if usage.too_many() => {}
            None => usage.rows = usage::days_of_customer(tx, customer, days, ROWS_MAX).await?,
        }
        Ok(usage)
    }
}
