//! A tiny benchmark prints well-formed figures, last and one a line.

use crate::{postgres, sim, text};
use serde_json::Value;

fn tiny(store: &str, baselines: [&str; 2]) {
    let words = [
        "bench",
        "renewals",
        "--store",
        store,
        "--lines",
        "500",
        "--seconds",
        "1",
        "--concurrency",
        "1,16",
        "--verify",
    ];
    let out = sim(&words);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let stdout = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = stdout.lines().collect();
    let figures: Vec<Value> = lines[lines.len() - 4..].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (figure, (concurrency, baseline)) in
        figures.iter().zip([1, 16].into_iter().flat_map(|c| baselines.map(|b| (c, b))))
    {
        assert_eq!(figure["name"], "renewals");
        assert_eq!(figure["store"], store);
        assert_eq!(figure["concurrency"], concurrency);
        assert_eq!(figure["baseline"], baseline);
        for key in ["per_second", "p99_ms", "baseline_per_second", "ratio"] {
            assert!(figure[key].as_f64().unwrap() > 0.0, "{key}: {figure}");
        }
        assert!(figure["cpu_us_per_op"].is_f64(), "{figure}");
    }
}

#[test]
fn sqlite_figures_are_well_formed() {
    tiny("sqlite", ["fdatasync", "script"]);
}

#[test]
fn postgres_figures_are_well_formed() {
    if postgres() {
        tiny("postgres", ["fdatasync", "pgbench"]);
    }
}
