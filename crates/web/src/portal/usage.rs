//! `/usage` and `/lines/{line}/usage`: what was used by day and kind, drawn, in words and as a table; and as a file.

use crate::fault::{Answer, Fault};
use crate::file::whole_csv;
use crate::frame::{Frame, page};
use crate::portal::chart::{Chart, chart};
use crate::portal::line::line_id;
use crate::portal::line_shown::{line_name, number};
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::csv::Csv;
use everline_app::usage_history::{Span, Usage, months, usage};
use everline_core::calendar::{Day, Month};
use everline_core::ids::LineId;
use everline_core::line::NetworkKind;
use everline_core::offering::Unit;
use serde::Deserialize;

/// Which days: `1`, `7`, `31`, or a month such as `2026-11`.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    days: String,
}

impl Asked {
    /// The span, and its word; what is neither is a month back from today.
    fn span(&self, web: &Web) -> (Span, String) {
        let now = web.app.clock.now().business;
        match self.days.as_str() {
            days @ ("1" | "7") => (Span::LastDays(days.parse().unwrap_or(1)), days.to_owned()),
            text => match text.parse::<Month>() {
                Ok(month) if months(&web.app.zone, now).contains(&month) => (Span::Month(month), month.to_string()),
                _ => (Span::LastDays(31), "31".to_owned()),
            },
        }
    }
}

/// A link that chooses something.
pub(crate) struct Choice {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) here: bool,
}

/// What was used of one unit.
struct UnitShown {
    id: &'static str,
    name: String,
    summary: String,
    chart: Option<Chart>,
    rows: Vec<DayRow>,
    /// Whether anything went beyond plans and packs.
    beyond: bool,
}

struct DayRow {
    day: String,
    amount: String,
    beyond: String,
}

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage {
    p: Frame,
    back: (String, String),
    name: Option<String>,
    spans: Vec<Choice>,
    months: Vec<Choice>,
    lines: Vec<Choice>,
    too_many: bool,
    units: Vec<UnitShown>,
    /// That a partner's network counts, and not ours.
    elsewhere: bool,
    file: String,
}

/// `GET /usage`: all lines together.
pub(crate) async fn account(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    show(&web, &visit, None, &asked).await
}
/// `GET /lines/{line}/usage`
pub(crate) async fn line(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    show(&web, &visit, Some(line_id(&id)?), &asked).await
}
/// `GET /usage.csv`
pub(crate) async fn account_file(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    file(&web, &visit, None, &asked).await
}
/// `GET /lines/{line}/usage.csv`
pub(crate) async fn line_file(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    file(&web, &visit, Some(line_id(&id)?), &asked).await
}

fn path(line: Option<LineId>) -> String {
    line.map_or_else(|| "/usage".to_owned(), |line| format!("/lines/{line}/usage"))
}

/// What a month is called.
pub(crate) fn month_name(visit: &Visit, month: Month) -> String {
    let (year, number) = month.parts();
    visit.say("history-month", &[("year", i64::from(year).into()), ("month", i64::from(number).into())])
}

async fn show(web: &Web, visit: &Visit, line: Option<LineId>, asked: &Asked) -> Answer {
    let (customer, (span, word)) = (visit.customer()?, asked.span(web));
    let found = usage(&web.app, customer, line, span).await?;
    let (show, base) = (visit.show(web), path(line));
    let choice = |key: &str, days: &str| Choice {
        label: visit.lang.get(key),
        href: format!("{base}?days={days}"),
        here: word == days,
    };
    let spans = vec![choice("usage-today", "1"), choice("usage-week", "7"), choice("usage-31-days", "31")];
    let months = months(&web.app.zone, web.app.clock.now().business);
    let months = months.into_iter().map(|month| Choice {
        label: month_name(visit, month),
        href: format!("{base}?days={month}"),
        here: word == month.to_string(),
    });
    let lines = found.lines.iter().map(|one| Choice {
        label: line_name(one),
        href: format!("{}?days={word}", path(Some(one.id))),
        here: line == Some(one.id),
    });
    let units = [(Unit::Octets, "data"), (Unit::Seconds, "voice"), (Unit::Messages, "messages")];
    let units: Vec<UnitShown> =
        units.into_iter().filter_map(|(unit, id)| unit_shown(&show, &found, unit, id)).collect();
    let elsewhere = found.line.as_ref().is_some_and(|line| line.network == NetworkKind::Upstream);
    let name = found.line.as_ref().map(line_name);
    page(&UsagePage {
        back: match &found.line {
            Some(line) => (format!("/lines/{}", line.id), line_name(line)),
            None => ("/home".to_owned(), visit.lang.get("frame-home")),
        },
        name,
        spans,
        months: months.collect(),
        lines: if found.lines.len() > 1 { lines.collect() } else { Vec::new() },
        too_many: found.too_many(),
        units,
        elsewhere,
        file: format!("{}.csv?days={word}", base),
        p: visit.frame(web, visit.lang.get("usage-title")),
    })
}

fn unit_shown(show: &Show, usage: &Usage, unit: Unit, id: &'static str) -> Option<UnitShown> {
    let days = usage.by_day(unit);
    let of = |(_, charged, overrun): &(Day, i64, i64)| charged.saturating_add(*overrun);
    let total = days.iter().map(of).fold(0_i64, i64::saturating_add);
    let most = days.iter().max_by_key(|day| of(day)).filter(|_| total > 0)?;
    let over = days.iter().map(|day| day.2).fold(0_i64, i64::saturating_add);
    let day_name = |day: Day| {
        let date = day.date();
        let args = [("month", i64::from(date.month()).into()), ("day", i64::from(date.day()).into())];
        show.lang.with("format-day", &args)
    };
    let (name, sum) = (show.unit(unit), amount(show, unit, total));
    let (most_day, most_sum) = (day_name(most.0), amount(show, unit, of(most)));
    let summary = match days.len() {
        1 => show.lang.with("usage-summary-day", &[("sum", Arg::Text(&sum))]),
        _ => show.lang.with(
            "usage-summary",
            &[("sum", Arg::Text(&sum)), ("day", Arg::Text(&most_day)), ("most", Arg::Text(&most_sum))],
        ),
    };
    let beyond = (over > 0).then(|| show.lang.with("usage-beyond", &[("sum", Arg::Text(&amount(show, unit, over)))]));
    let summary = [Some(summary), beyond].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let bars = days.iter().map(|day| (day_name(day.0), of(day), amount(show, unit, of(day)))).collect();
    let rows = days.iter().rev().filter(|day| of(day) > 0).map(|day| DayRow {
        day: day_name(day.0),
        amount: amount(show, unit, of(day)),
        beyond: if day.2 > 0 { amount(show, unit, day.2) } else { String::new() },
    });
    let chart = (days.len() > 1).then(|| chart(bars, amount(show, unit, of(most))));
    Some(UnitShown { id, name, summary, chart, rows: rows.collect(), beyond: over > 0 })
}

/// Seconds that are no whole minute are shown as seconds: a call of half a minute was one.
fn amount(show: &Show, unit: Unit, amount: i64) -> String {
    match unit {
        Unit::Seconds if amount % 60 != 0 => {
            let args = [("minutes", (amount / 60).into()), ("seconds", (amount % 60).into())];
            show.lang.with("usage-call", &args)
        }
        _ => show.amount(unit, amount),
    }
}

async fn file(web: &Web, visit: &Visit, line: Option<LineId>, asked: &Asked) -> Answer {
    let (customer, (span, word)) = (visit.customer()?, asked.span(web));
    let found = usage(&web.app, customer, line, span).await?;
    if found.too_many() {
        return Err(Fault::TooLarge);
    }
    let columns = [
        "history-day",
        "line-number",
        "history-line",
        "history-what",
        "history-unit",
        "usage-amount",
        "usage-of-which",
    ];
    let columns = columns.map(|key| visit.lang.get(key));
    let mut csv = Csv::new(&columns.each_ref().map(String::as_str));
    for row in &found.rows {
        let line = found.line.as_ref().or_else(|| found.lines.iter().find(|line| line.id == row.line));
        csv.cell(&row.day.to_string());
        csv.cell(&line.map(|line| number(&line.msisdn).replace('\u{a0}', " ")).unwrap_or_default());
        csv.cell(line.map_or("", |line| line.name.as_str()));
        csv.cell(&visit.show(web).unit(row.unit));
        csv.cell(match row.unit {
            Unit::Octets => "B",
            Unit::Seconds => "s",
            Unit::Messages => "1",
        });
        csv.number(row.charged.saturating_add(row.overrun));
        csv.number(row.overrun);
        csv.end();
    }
    whole_csv(&format!("usage-{word}.csv"), csv.into_text())
}
