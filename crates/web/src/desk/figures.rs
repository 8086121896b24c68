//! `/desk/figures`: how renewals, payments, messages and lines go, in numbers that were counted beside the work; drawn, as
//! tables, and as files.

use super::figures_drawn::{Column, Columns, Row, columns, length, percent};
use super::queue::me;
use super::words::method_key;
use crate::fault::Answer;
use crate::file::whole_csv;
use crate::frame::{Frame, page};
use crate::portal::account::moment;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::Problem;
use everline_app::csv::Csv;
use everline_app::figures::{self as app, DayFigures, View};
use everline_core::calendar::Day;
use everline_core::figures::{CLASSES_US, Cause, ENDING_DAYS, LineFigures, OrderFigures, ReminderFigures, per_mille};
use everline_core::payment::Method;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US};
use serde::Deserialize;

/// Which days, and which table as a file.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    days: String,
    table: String,
}

/// The periods that can be chosen, in days.
const PERIODS: [i64; 3] = [7, 30, 90];

impl Asked {
    fn days(&self) -> i64 {
        let asked = self.days.parse().ok().filter(|days| PERIODS.contains(days));
        asked.unwrap_or(30)
    }
}

struct Choice {
    label: String,
    href: String,
    here: bool,
}

/// A row of the table by day.
struct DayRow {
    day: String,
    /// Placed, paid, in effect, and of placed; `None` if it was not counted.
    counts: Option<[String; 6]>,
}

/// A row of the table of reminders.
struct ReminderRow {
    day: String,
    counts: Option<[String; 4]>,
}

#[derive(Template)]
#[template(path = "desk_figures.html")]
struct Figures {
    p: Frame,
    days: i64,
    periods: Vec<Choice>,
    as_of: Option<String>,
    /// Days that were not counted.
    gaps: Option<String>,
    renewals: String,
    by_day: Columns,
    most: String,
    ends: (String, String),
    rows: Vec<DayRow>,
    times: Option<String>,
    classes: Vec<Row>,
    causes: Vec<Row>,
    causes_sum: String,
    methods: Vec<Row>,
    states: Vec<Row>,
    ending: Vec<Row>,
    lines: Option<String>,
    reminders: String,
    reminded_by_day: Columns,
    reminded: Vec<ReminderRow>,
    reminders_most: String,
}

struct Drawing<'a> {
    web: &'a Web,
    visit: &'a Visit,
    view: &'a View,
}

/// `GET /desk/figures`
pub(crate) async fn figures(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let days = asked.days();
    let view = app::figures(&web.app, me(&visit)?, days).await?;
    let drawing = Drawing { web: &web, visit: &visit, view: &view };
    let count = |count: i64| count.to_string();
    let most = |of: fn(&DayFigures) -> Option<i64>| view.days.iter().filter_map(of).max().unwrap_or(0);
    let placed = |day: &DayFigures| day.orders.as_ref().map(|orders| orders.placed);
    let told = |day: &DayFigures| day.reminders.map(|reminders| reminders.told());
    page(&Figures {
        days,
        periods: PERIODS
            .into_iter()
            .map(|period| Choice {
                label: visit.show(&web).days(period),
                href: format!("/desk/figures?days={period}"),
                here: period == days,
            })
            .collect(),
        as_of: view.as_of.map(|at| moment(&web, &visit, at)),
        gaps: drawing.gaps(),
        renewals: drawing.renewals(),
        by_day: drawing.by_day(),
        most: visit.say("figures-most", &[("count", most(placed).into())]),
        ends: drawing.ends(),
        rows: view.days.iter().rev().map(|day| drawing.day_row(day)).collect(),
        times: drawing.times(),
        classes: drawing.classes(),
        causes: drawing.causes(),
        causes_sum: visit.say(
            "figures-causes-sum",
            &[("count", view.orders.failed().into()), ("placed", Arg::Text(&count(view.orders.placed)))],
        ),
        methods: drawing.methods(),
        states: drawing.states(),
        ending: drawing.ending(),
        lines: view.lines.as_ref().map(|(_, at)| moment(&web, &visit, *at)),
        reminders: drawing.reminders(),
        reminded_by_day: drawing.reminded_by_day(),
        reminded: view.days.iter().rev().map(|day| drawing.reminder_row(day)).collect(),
        reminders_most: visit.say("figures-most", &[("count", most(told).into())]),
        p: visit.frame(&web, visit.lang.get("figures-title")),
    })
}

impl Drawing<'_> {
    fn day_name(&self, day: Day) -> String {
        let date = day.date();
        let args = [("month", i64::from(date.month()).into()), ("day", i64::from(date.day()).into())];
        self.visit.lang.with("format-day", &args)
    }
    fn ends(&self) -> (String, String) {
        let name = |day: Option<&DayFigures>| day.map(|day| self.day_name(day.day)).unwrap_or_default();
        (name(self.view.days.first()), name(self.view.days.last()))
    }
    fn gaps(&self) -> Option<String> {
        let missing = self.view.days.iter().filter(|day| day.orders.is_none()).count();
        let count = i64::try_from(missing).unwrap_or(i64::MAX);
        (count > 0).then(|| self.visit.say("figures-gaps", &[("count", count.into())]))
    }
    fn renewals(&self) -> String {
        let OrderFigures { placed, paid, in_effect, given_back, .. } = self.view.orders;
        let text = |count: i64| count.to_string();
        let (placed_text, share) = (text(placed), percent(per_mille(in_effect, placed)));
        let of_paid = percent(per_mille(in_effect, paid));
        let (paid, in_effect, back) = (text(paid), text(in_effect), text(given_back));
        if placed == 0 {
            return self.visit.lang.get("figures-no-orders");
        }
        let args = [
            ("placed", Arg::Text(&placed_text)),
            ("paid", Arg::Text(&paid)),
            ("effect", Arg::Text(&in_effect)),
            ("share", Arg::Text(&share)),
            ("ofpaid", Arg::Text(&of_paid)),
            ("back", Arg::Text(&back)),
        ];
        self.visit.say("figures-renewals-sum", &args)
    }
    fn by_day(&self) -> Columns {
        let column = |day: &DayFigures| {
            let counts = day.orders.as_ref().map(|orders| (orders.placed, orders.in_effect));
            Column { counts, title: self.title(day.day, counts) }
        };
        columns(self.view.days.iter().map(column).collect())
    }
    fn title(&self, day: Day, counts: Option<(i64, i64)>) -> String {
        match counts {
            Some((whole, part)) => format!("{}: {part} / {whole}", self.day_name(day)),
            None => format!("{}: {}", self.day_name(day), self.visit.lang.get("figures-not-counted")),
        }
    }
    fn day_row(&self, day: &DayFigures) -> DayRow {
        let counts = day.orders.as_ref().map(|orders| {
            let median = orders.times.share_us(500).map_or_else(|| "–".to_owned(), |us| self.span(us));
            [
                orders.placed.to_string(),
                orders.paid.to_string(),
                orders.in_effect.to_string(),
                percent(per_mille(orders.in_effect, orders.placed)),
                orders.failed().to_string(),
                median,
            ]
        });
        DayRow { day: self.day_name(day.day), counts }
    }
    /// A span of time in its two largest units, or in tenths of a second.
    fn span(&self, us: i64) -> String {
        let two =
            |key: &str, big: i64, small: i64| self.visit.say(key, &[("big", big.into()), ("small", small.into())]);
        match us.max(0) {
            us if us < MINUTE_US => {
                let tenths = (us + SECOND_US / 10 - 1) / (SECOND_US / 10);
                let text = format!("{}.{}", tenths / 10, tenths % 10);
                self.visit.say("figures-seconds", &[("count", Arg::Text(&text))])
            }
            us if us < HOUR_US => two("figures-minutes", us / MINUTE_US, us % MINUTE_US / SECOND_US),
            us if us < DAY_US => two("figures-hours", us / HOUR_US, us % HOUR_US / MINUTE_US),
            us => two("figures-days", us / DAY_US, us % DAY_US / HOUR_US),
        }
    }
    fn times(&self) -> Option<String> {
        let times = &self.view.orders.times;
        let (median, p95) = (self.span(times.share_us(500)?), self.span(times.share_us(950)?));
        let (worst, count) = (self.span(times.worst_us), times.count.to_string());
        let args = [
            ("count", Arg::Text(&count)),
            ("median", Arg::Text(&median)),
            ("most", Arg::Text(&p95)),
            ("worst", Arg::Text(&worst)),
        ];
        Some(self.visit.say("figures-times-sum", &args))
    }
    fn class_name(&self, class: usize) -> String {
        match CLASSES_US.get(class) {
            Some(bound) => self.visit.say("figures-up-to", &[("span", Arg::Text(&self.bound(*bound)))]),
            None => self.visit.lang.get("figures-longer"),
        }
    }
    /// A bound, which is whole in its unit.
    fn bound(&self, us: i64) -> String {
        match us {
            us if us < MINUTE_US => {
                self.visit.say("figures-seconds", &[("count", Arg::Text(&(us / SECOND_US).to_string()))])
            }
            us if us < HOUR_US => self.visit.say("format-minutes", &[("minutes", (us / MINUTE_US).into())]),
            us if us < DAY_US => self.visit.say("format-hours", &[("hours", (us / HOUR_US).into())]),
            us => self.visit.show(self.web).days(us / DAY_US),
        }
    }
    fn classes(&self) -> Vec<Row> {
        let times = &self.view.orders.times;
        let rows = times.classes.iter().enumerate().map(|(class, count)| (self.class_name(class), *count, None));
        bars(rows.collect(), times.count)
    }
    fn causes(&self) -> Vec<Row> {
        let orders = &self.view.orders;
        let count = |cause: Cause| orders.causes.get(cause.word()).copied().unwrap_or(0);
        let shown = Cause::ALL.into_iter().filter(|cause| count(*cause) > 0);
        let more = |cause: Cause| cause.open().then(|| self.visit.lang.get("figures-still-open"));
        let rows = shown.map(|cause| (self.visit.lang.get(cause_key(cause)), count(cause), more(cause)));
        bars(rows.collect(), orders.placed)
    }
    fn methods(&self) -> Vec<Row> {
        let methods = &self.view.orders.methods;
        let all = methods.values().map(|method| method.begun).sum();
        let shown = Method::ALL.into_iter().filter_map(|method| Some((method, methods.get(method.word())?)));
        let row = |(method, sum): (Method, &everline_core::figures::MethodFigures)| {
            let (paid, share) = (sum.paid.to_string(), percent(per_mille(sum.paid, sum.begun)));
            let args = [("paid", Arg::Text(&paid)), ("share", Arg::Text(&share))];
            (self.visit.lang.get(method_key(method)), sum.begun, Some(self.visit.say("figures-method-paid", &args)))
        };
        bars(shown.map(row).collect(), all)
    }
    fn states(&self) -> Vec<Row> {
        let Some((lines, _)) = &self.view.lines else { return Vec::new() };
        let all: i64 = lines.states.values().sum();
        let rows = STATES
            .into_iter()
            .filter_map(|(word, key)| lines.states.get(word).map(|count| (self.visit.lang.get(key), *count, None)));
        bars(rows.collect(), all)
    }
    fn ending(&self) -> Vec<Row> {
        let Some((lines, _)) = &self.view.lines else { return Vec::new() };
        let active = lines.states.get("active").copied().unwrap_or(0);
        let name = |days: i64| {
            let days = self.visit.show(self.web).days(days);
            self.visit.say("figures-within", &[("span", Arg::Text(&days))])
        };
        let rows = ENDING_DAYS.into_iter().zip(lines.ending).map(|(days, count)| (name(days), count, None));
        bars(rows.collect(), active)
    }
    fn reminders(&self) -> String {
        let ReminderFigures { delivered, taken, .. } = self.view.reminders;
        let told = self.view.reminders.told();
        if told == 0 {
            return self.visit.lang.get("figures-no-reminders");
        }
        let (told, came) = (told.to_string(), delivered.told.to_string());
        let (renewed, share) = (delivered.renewed.to_string(), percent(per_mille(delivered.renewed, delivered.told)));
        let (taken_text, of_taken) = (taken.told.to_string(), percent(per_mille(taken.renewed, taken.told)));
        let args = [
            ("told", Arg::Text(&told)),
            ("came", Arg::Text(&came)),
            ("renewed", Arg::Text(&renewed)),
            ("share", Arg::Text(&share)),
            ("taken", Arg::Text(&taken_text)),
            ("oftaken", Arg::Text(&of_taken)),
        ];
        self.visit.say("figures-reminders-sum", &args)
    }
    fn reminded_by_day(&self) -> Columns {
        let column = |day: &DayFigures| {
            let counts = day
                .reminders
                .map(|sums| (sums.told(), sums.delivered.renewed + sums.taken.renewed + sums.other.renewed));
            Column { counts, title: self.title(day.day, counts) }
        };
        columns(self.view.days.iter().map(column).collect())
    }
    fn reminder_row(&self, day: &DayFigures) -> ReminderRow {
        let counts = day.reminders.map(|sums| {
            [
                sums.told().to_string(),
                sums.delivered.told.to_string(),
                sums.delivered.renewed.to_string(),
                percent(per_mille(sums.delivered.renewed, sums.delivered.told)),
            ]
        });
        ReminderRow { day: self.day_name(day.day), counts }
    }
}

/// Rows with bars: name, count, and more about it; shares are parts of `whole`.
fn bars(rows: Vec<(String, i64, Option<String>)>, whole: i64) -> Vec<Row> {
    let highest = rows.iter().map(|(_, count, _)| *count).max().unwrap_or(0);
    let row = |(name, count, more): (String, i64, Option<String>)| Row {
        name,
        count: count.to_string(),
        share: percent(per_mille(count, whole)),
        length: length(count, highest),
        more,
    };
    rows.into_iter().map(row).collect()
}

const fn cause_key(cause: Cause) -> &'static str {
    match cause {
        Cause::Waiting => "figures-cause-waiting",
        Cause::OnItsWay => "figures-cause-on-its-way",
        Cause::NotTried => "figures-cause-not-tried",
        Cause::NotFinished => "figures-cause-not-finished",
        Cause::Declined => "figures-cause-declined",
        Cause::NoAnswer => "figures-cause-no-answer",
        Cause::CameLate => "figures-cause-came-late",
        Cause::OtherAmount => "figures-cause-other-amount",
        Cause::NetworkRefused => "figures-cause-network-refused",
    }
}

/// States of lines by their stored word, in the order of a line's life.
const STATES: [(&str, &str); 14] = [
    ("stock", "figures-state-stock"),
    ("reserved", "line-state-reserved"),
    ("test", "line-state-test"),
    ("silent", "line-state-silent"),
    ("active", "line-state-active"),
    ("grace", "line-state-grace"),
    ("suspended", "line-state-suspended"),
    ("suspended_lost", "line-state-lost"),
    ("suspended_barred", "line-state-barred"),
    ("number_kept", "line-state-number-kept"),
    ("terminated", "line-state-terminated"),
    ("handed_over", "figures-state-handed-over"),
    ("quarantined", "figures-state-quarantined"),
    ("closed", "line-state-over"),
];

/// `GET /desk/figures.csv`: one of the tables, by the stable words of what is counted.
pub(crate) async fn csv(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let days = asked.days();
    let view = app::figures(&web.app, me(&visit)?, days).await?;
    let (name, text) = match asked.table.as_str() {
        "" | "days" => ("days", days_csv(&view)),
        "times" => ("times", times_csv(&view.orders)),
        "causes" => {
            ("causes", counts_csv("cause", view.orders.causes.iter().map(|(word, count)| (word.as_str(), *count))))
        }
        "methods" => ("methods", methods_csv(&view.orders)),
        "lines" => ("lines", lines_csv(view.lines.map(|(lines, _)| lines).unwrap_or_default())),
        _ => return Err(Problem::Invalid { field: "table", rule: "days, times, causes, methods or lines" }.into()),
    };
    whole_csv(&format!("figures-{name}-{days}.csv"), text)
}

fn days_csv(view: &View) -> String {
    let mut csv = Csv::new(&[
        "day",
        "placed",
        "paid",
        "in_effect",
        "given_back",
        "failed",
        "in_effect_per_mille",
        "median_ms",
        "p95_ms",
        "worst_ms",
        "reminders",
        "reminders_delivered",
        "reminders_delivered_renewed",
        "reminders_taken",
        "reminders_taken_renewed",
    ]);
    for day in &view.days {
        csv.cell(&day.day.date().to_string());
        // What was not counted is empty, and what has no share too.
        let mut number = |number: Option<i64>| match number {
            Some(number) => csv.number(number),
            None => csv.cell(""),
        };
        let orders = day.orders.as_ref();
        number(orders.map(|orders| orders.placed));
        number(orders.map(|orders| orders.paid));
        number(orders.map(|orders| orders.in_effect));
        number(orders.map(|orders| orders.given_back));
        number(orders.map(OrderFigures::failed));
        number(orders.and_then(|orders| per_mille(orders.in_effect, orders.placed)));
        let times = orders.map(|orders| &orders.times);
        number(times.and_then(|times| times.share_us(500)).map(ms));
        number(times.and_then(|times| times.share_us(950)).map(ms));
        number(times.filter(|times| times.count > 0).map(|times| ms(times.worst_us)));
        number(day.reminders.map(|sums| sums.told()));
        number(day.reminders.map(|sums| sums.delivered.told));
        number(day.reminders.map(|sums| sums.delivered.renewed));
        number(day.reminders.map(|sums| sums.taken.told));
        number(day.reminders.map(|sums| sums.taken.renewed));
        csv.end();
    }
    csv.into_text()
}

/// Whole milliseconds, rounded up.
const fn ms(us: i64) -> i64 {
    us.saturating_add(999) / 1_000
}

fn times_csv(orders: &OrderFigures) -> String {
    let mut csv = Csv::new(&["up_to_seconds", "count"]);
    for (class, count) in orders.times.classes.iter().enumerate() {
        match CLASSES_US.get(class) {
            Some(bound) => csv.number(bound / SECOND_US),
            None => csv.cell(""),
        }
        csv.number(*count);
        csv.end();
    }
    csv.into_text()
}

fn counts_csv<'a>(column: &str, rows: impl Iterator<Item = (&'a str, i64)>) -> String {
    let mut csv = Csv::new(&[column, "count"]);
    for (word, count) in rows {
        csv.cell(word);
        csv.number(count);
        csv.end();
    }
    csv.into_text()
}

fn methods_csv(orders: &OrderFigures) -> String {
    let mut csv = Csv::new(&["method", "begun", "paid"]);
    for (word, method) in &orders.methods {
        csv.cell(word);
        csv.number(method.begun);
        csv.number(method.paid);
        csv.end();
    }
    csv.into_text()
}

fn lines_csv(lines: LineFigures) -> String {
    let mut csv = Csv::new(&["lines", "count"]);
    let ending =
        ENDING_DAYS.into_iter().zip(lines.ending).map(|(days, count)| (format!("ending_within_{days}_days"), count));
    for (word, count) in lines.states.into_iter().chain(ending) {
        csv.cell(&word);
        csv.number(count);
        csv.end();
    }
    csv.into_text()
}
