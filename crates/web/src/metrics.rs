//! Numbers for whoever watches the process, in Prometheus's text format (version 0.0.4).
//!
//! A registry of our own: three kinds of series with labels that are known when the program is written. It costs a mutex
//! and a sum; an exporter library would bring a dozen crates and a clock of its own to do the same.

use everline_app::vitals::{Survey, Vitals};
use everline_store::{Ended, Outcome};
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The upper bounds of a histogram's buckets: microseconds, and the same in seconds as text.
const BOUNDS: [(i64, &str); 13] = [
    (1_000, "0.001"),
    (2_500, "0.0025"),
    (5_000, "0.005"),
    (10_000, "0.01"),
    (25_000, "0.025"),
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (10_000_000, "10"),
    (30_000_000, "30"),
];

/// What this process counts. Cloned by reference; each process counts for itself.
#[derive(Debug, Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>,
    request_times: Mutex<BTreeMap<&'static str, Histogram>>,
    works: Mutex<BTreeMap<&'static str, WorkSeries>>,
    survey: Mutex<Option<Survey>>,
}

#[derive(Debug, Default)]
struct WorkSeries {
    outcomes: [u64; Outcome::ALL.len()],
    times: Histogram,
}

#[derive(Debug, Default, Clone)]
struct Histogram {
    /// How many fell into each bucket and not into one before it.
    counts: [u64; BOUNDS.len()],
    count: u64,
    sum_us: i64,
}

impl Histogram {
    fn add(&mut self, took_us: i64) {
        if let Some(bucket) = BOUNDS.iter().zip(&mut self.counts).find(|((bound, _), _)| took_us <= *bound) {
            *bucket.1 += 1;
        }
        self.count += 1;
        self.sum_us = self.sum_us.saturating_add(took_us);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Metrics {
    /// A request that was answered. `method` and `route` are words of the list of routes, never of the caller's.
    pub(crate) fn request(&self, method: &'static str, route: &'static str, status: u16, took_us: i64) {
        *locked(&self.requests).entry((method, route, status)).or_default() += 1;
        locked(&self.request_times).entry(route).or_default().add(took_us);
    }

    /// A Work that ended: for [`everline_store::Watch`].
    pub fn work(&self, ended: &Ended) {
        let mut works = locked(&self.works);
        let series = works.entry(ended.work).or_default();
        for (count, outcome) in series.outcomes.iter_mut().zip(Outcome::ALL) {
            *count += u64::from(outcome == ended.outcome);
        }
        series.times.add(ended.took_us);
    }

    /// The newest count of everything; shown until the next.
    pub fn set_survey(&self, survey: Survey) {
        *locked(&self.survey) = Some(survey);
    }

    /// Everything as text. `vitals` are `None` when the store does not answer: then what needs it is missing.
    pub(crate) fn text(&self, version: &str, checks: &[(&str, bool)], vitals: Option<&Vitals>) -> String {
        let mut text = Text::default();
        text.head("build_info", "gauge", "The program that runs.");
        text.line("build_info", &[("version", version)], 1);
        text.head("ready", "gauge", "Whether a condition of readiness holds (1) or not (0).");
        for (check, fine) in checks {
            text.line("ready", &[("check", check)], u8::from(*fine));
        }
        self.requests_text(&mut text);
        self.works_text(&mut text);
        if let Some(vitals) = vitals {
            vitals_text(&mut text, vitals);
        }
        if let Some(survey) = locked(&self.survey).as_ref() {
            for (name, help, rows) in [
                ("payments", "Payment attempts by state, as of the last survey.", &survey.attempts),
                ("orders", "Orders by state, as of the last survey; in_effect are renewals in effect.", &survey.orders),
            ] {
                text.head(name, "gauge", help);
                rows.iter().for_each(|(state, count)| text.line(name, &[("state", state)], count));
            }
            text.head("messages", "gauge", "Messages to people by way and fate, as of the last survey.");
            for (channel, fate, count) in &survey.messages {
                text.line("messages", &[("channel", channel.word()), ("fate", fate.word())], count);
            }
        }
        text.0
    }

    fn requests_text(&self, text: &mut Text) {
        text.head("http_requests_total", "counter", "Requests answered.");
        for ((method, route, status), count) in locked(&self.requests).iter() {
            let status = status.to_string();
            text.line("http_requests_total", &[("method", method), ("route", route), ("status", &status)], count);
        }
        text.head("http_request_seconds", "histogram", "From the request's head to the answer's.");
        for (route, times) in locked(&self.request_times).iter() {
            text.histogram("http_request_seconds", ("route", route), times);
        }
    }

    fn works_text(&self, text: &mut Text) {
        let works = locked(&self.works);
        text.head("store_works_total", "counter", "Transactions and reads of the store, by how they ended.");
        for (work, series) in works.iter() {
            for (outcome, count) in Outcome::ALL.iter().zip(series.outcomes).filter(|(_, count)| *count > 0) {
                text.line("store_works_total", &[("work", work), ("outcome", outcome.word())], count);
            }
        }
        text.head("store_work_seconds", "histogram", "From the call to the durable answer, waiting included.");
        for (work, series) in works.iter() {
            text.histogram("store_work_seconds", ("work", work), &series.times);
        }
    }
}

fn vitals_text(text: &mut Text, vitals: &Vitals) {
    text.head("jobs", "gauge", "Jobs that wait, run or gave up (dead).");
    for jobs in &vitals.jobs {
        let state = if jobs.dead { "dead" } else { "ready" };
        text.line("jobs", &[("kind", jobs.kind), ("state", state)], jobs.count);
    }
    text.head("job_oldest_seconds", "gauge", "Age of the oldest job that did not give up.");
    for jobs in vitals.jobs.iter().filter(|jobs| !jobs.dead) {
        text.line("job_oldest_seconds", &[("kind", jobs.kind)], seconds(jobs.oldest_us));
    }
    text.head("job_late_seconds", "gauge", "Since when the first due job waits to be taken.");
    let late_us = vitals.jobs.iter().map(|jobs| jobs.late_us).max().unwrap_or(0);
    text.line("job_late_seconds", &[], seconds(late_us));
    for (name, help, value) in [
        ("timers_due", "Timers that are due and did not run.", vitals.timers_due.to_string()),
        ("timer_late_seconds", "Since when the first of them is due.", seconds(vitals.timers_late_us)),
        ("orders_paid_not_in_effect", "Orders paid and not yet in effect.", vitals.orders_on_their_way.to_string()),
        ("order_paid_oldest_seconds", "Since when the oldest of them is paid.", seconds(vitals.oldest_paid_us)),
    ] {
        text.head(name, "gauge", help);
        text.line(name, &[], value);
    }
}

/// Microseconds as seconds, exactly.
fn seconds(us: i64) -> String {
    let us = us.max(0);
    format!("{}.{:06}", us / 1_000_000, us % 1_000_000)
}

/// The text under construction; writing to it cannot fail.
#[derive(Default)]
struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP everline_{name} {help}\n# TYPE everline_{name} {kind}");
    }
    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "everline_{name}{labels} {value}");
    }
    fn histogram(&mut self, name: &str, label: (&str, &str), histogram: &Histogram) {
        let (bucket, mut below) = (format!("{name}_bucket"), 0);
        for ((_, bound), count) in BOUNDS.iter().zip(histogram.counts) {
            below += count;
            self.line(&bucket, &[label, ("le", bound)], below);
        }
        self.line(&bucket, &[label, ("le", "+Inf")], histogram.count);
        self.line(&format!("{name}_sum"), &[label], seconds(histogram.sum_us));
        self.line(&format!("{name}_count"), &[label], histogram.count);
    }
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::message::{Channel, Fate};

    #[test]
    fn series_are_written_as_the_format_wants() {
        let metrics = Metrics::default();
        metrics.request("GET", "/home", 200, 900);
        metrics.request("GET", "/home", 200, 40_000_000);
        metrics.work(&Ended { work: "ready", outcome: Outcome::Refused, took_us: 2_500 });
        let text = metrics.text("1.2\"3", &[("store", false)], None);
        for line in [
            "everline_build_info{version=\"1.2\\\"3\"} 1",
            "everline_ready{check=\"store\"} 0",
            "everline_http_requests_total{method=\"GET\",route=\"/home\",status=\"200\"} 2",
            "everline_http_request_seconds_bucket{route=\"/home\",le=\"0.001\"} 1",
            "everline_http_request_seconds_bucket{route=\"/home\",le=\"30\"} 1",
            "everline_http_request_seconds_bucket{route=\"/home\",le=\"+Inf\"} 2",
            "everline_http_request_seconds_sum{route=\"/home\"} 40.000900",
            "everline_store_works_total{work=\"ready\",outcome=\"refused\"} 1",
            "everline_store_work_seconds_bucket{work=\"ready\",le=\"0.0025\"} 1",
            "everline_store_work_seconds_bucket{work=\"ready\",le=\"0.001\"} 0",
        ] {
            assert!(text.lines().any(|known| known == line), "no {line} in\n{text}");
        }
        assert!(!text.contains("everline_jobs"), "what the store did not tell is missing, not zero");
    }

    #[test]
    fn every_series_has_its_head_once() {
        let jobs = vec![everline_app::vitals::JobsOfKind {
            kind: "refund",
            dead: false,
            count: 2,
            oldest_us: 1_500_000,
            late_us: 7,
        }];
        let vitals =
            Vitals { jobs, timers_due: 1, timers_late_us: 2, orders_on_their_way: 3, oldest_paid_us: 4_000_000 };
        let metrics = Metrics::default();
        metrics.set_survey(Survey {
            attempts: vec![("paid".to_owned(), 5)],
            orders: Vec::new(),
            messages: vec![(Channel::Sms, Fate::Delivered, 6)],
        });
        let text = metrics.text("1", &[], Some(&vitals));
        assert!(text.contains("everline_job_oldest_seconds{kind=\"refund\"} 1.500000"), "{text}");
        assert!(text.contains("everline_payments{state=\"paid\"} 5"), "{text}");
        assert!(text.contains("everline_messages{channel=\"sms\",fate=\"delivered\"} 6"), "{text}");
        assert!(text.contains("everline_order_paid_oldest_seconds 4.000000"), "{text}");
        let mut types: Vec<&str> = text.lines().filter(|line| line.starts_with("# TYPE")).collect();
        let all = types.len();
        types.dedup();
        assert_eq!(all, types.len());
    }
}
