//! Figures and how they are printed: the only place of this crate that computes with fractions.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "rates and ratios for people; no money, no quota"
)]

use serde::Serialize;

/// Something was done so often in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How often.
    pub count: u64,
    /// In how many microseconds.
    pub us: u64,
}

impl Rate {
    /// Times a second; 0 in no time.
    #[must_use]
    pub fn per_second(self) -> f64 {
        if self.us == 0 { 0.0 } else { self.count as f64 * 1e6 / self.us as f64 }
    }
}

/// One line of the result, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub name: &'static str,
    /// On which store.
    pub store: &'static str,
    /// How many at once.
    pub concurrency: usize,
    /// How many a second, as many as the store could.
    pub per_second: f64,
    /// 99 of 100 took at most so long, arriving at half that rate, counted from when they were due.
    pub p99_ms: f64,
    /// What it is compared with, measured in the same minute.
    pub baseline: &'static str,
    /// How many of those a second.
    pub baseline_per_second: f64,
    /// How many of ours in the time of one of those.
    pub ratio: f64,
    /// Processor time of this process for one of ours.
    pub cpu_us_per_op: f64,
}

/// What was measured of the platform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// How many at once.
    pub concurrency: usize,
    /// Its rate at that.
    pub peak: Rate,
    /// Processor time of this process meanwhile, in microseconds.
    pub cpu_us: u64,
    /// At half the peak.
    pub p99_us: u64,
}

impl Figure {
    /// Compares what was measured with a baseline.
    #[must_use]
    pub fn new(name: &'static str, store: &'static str, of: Measured, baseline: &'static str, base: Rate) -> Self {
        let (per_second, baseline_per_second) = (of.peak.per_second(), base.per_second());
        let ratio = if baseline_per_second > 0.0 { per_second / baseline_per_second } else { 0.0 };
        Self {
            name,
            store,
            concurrency: of.concurrency,
            per_second: rounded(per_second, 10.0),
            p99_ms: rounded(of.p99_us as f64 / 1_000.0, 100.0),
            baseline,
            baseline_per_second: rounded(baseline_per_second, 10.0),
            ratio: rounded(ratio, 1_000.0),
            cpu_us_per_op: rounded(of.cpu_us as f64 / of.peak.count.max(1) as f64, 10.0),
        }
    }
}

/// The reconciliation of a day, as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReconcileFigure {
    /// What was measured.
    pub name: &'static str,
    /// On which store.
    pub store: &'static str,
    /// Lines of the bill.
    pub lines: usize,
    /// Lines that were spoilt; all of them were found, and nothing else was.
    pub flagged: usize,
    /// Whether every line had a fee to post.
    pub fees: bool,
    /// Seconds to parse, keep, compare and settle.
    pub seconds: f64,
    /// What it is compared with, measured in the same minute.
    pub baseline: &'static str,
    /// Seconds of that.
    pub baseline_seconds: f64,
    /// How often that could be done in the time of one of ours.
    pub ratio: f64,
}

impl ReconcileFigure {
    /// Compares with parsing the same bill alone.
    #[must_use]
    pub fn new(store: &'static str, lines: usize, flagged: usize, fees: bool, us: u64, parse_us: u64) -> Self {
        let seconds = |us: u64| rounded(us as f64 / 1e6, 1_000.0);
        let ratio = rounded(us as f64 / parse_us.max(1) as f64, 100.0);
        Self {
            name: "reconcile",
            store,
            lines,
            flagged,
            fees,
            seconds: seconds(us),
            baseline: "parse",
            baseline_seconds: seconds(parse_us),
            ratio,
        }
    }
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// The value that `per_mille` of 1,000 do not exceed (nearest rank); 0 of none.
#[must_use]
pub fn quantile(values: &mut [u64], per_mille: usize) -> u64 {
    values.sort_unstable();
    let rank = (values.len() * per_mille).div_ceil(1_000);
    values.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_nearest_ranks() {
        let mut values: Vec<u64> = (1..=200).rev().collect();
        assert_eq!(quantile(&mut values, 500), 100);
        assert_eq!(quantile(&mut values, 990), 198);
        assert_eq!(quantile(&mut values, 1_000), 200);
        assert_eq!(quantile(&mut [], 990), 0);
        assert_eq!(quantile(&mut [7], 990), 7);
    }

    #[test]
    fn a_figure_is_a_ratio_to_its_baseline() {
        let peak = Rate { count: 5_000, us: 2_000_000 };
        let of = Measured { concurrency: 8, peak, cpu_us: 1_000_000, p99_us: 12_345 };
        let figure = Figure::new("renewals", "sqlite", of, "fdatasync", Rate { count: 1_000, us: 1_000_000 });
        let json = serde_json::to_string(&figure).unwrap();
        assert_eq!(
            json,
            r#"{"name":"renewals","store":"sqlite","concurrency":8,"per_second":2500.0,"p99_ms":12.35,"baseline":"fdatasync","baseline_per_second":1000.0,"ratio":2.5,"cpu_us_per_op":200.0}"#
        );
        assert_eq!(Rate { count: 1, us: 0 }.per_second(), 0.0);
    }
}
