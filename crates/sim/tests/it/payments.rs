//! A tiny benchmark of payments prints well-formed figures, last and one a line.

use crate::{postgres, sim, text};
use serde_json::Value;

fn tiny(store: &str) {
    let mut words = vec!["bench", "payments", "--store", store, "--lines", "500", "--seconds", "1"];
    words.extend(["--concurrency", "1,16", "--receipt-threads", "2", "--verify"]);
    let out = sim(&words);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let stdout = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = stdout.lines().collect();
    let expected = [
        ("payments", store, 1, "verification"),
        ("payments", store, 16, "verification"),
        ("receipts", "none", 2, "signatures"),
    ];
    for (line, (name, store, concurrency, baseline)) in lines[lines.len() - 3..].iter().zip(expected) {
        let figure: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&figure["name"], &figure["store"]), (&name.into(), &store.into()));
        assert_eq!((&figure["concurrency"], &figure["baseline"]), (&concurrency.into(), &baseline.into()));
        for key in ["per_second", "p99_ms", "baseline_per_second", "ratio"] {
            assert!(figure[key].as_f64().unwrap() > 0.0, "{key}: {figure}");
        }
    }
}

#[test]
fn sqlite_figures_are_well_formed() {
    tiny("sqlite");
}

#[test]
fn postgres_figures_are_well_formed() {
    if postgres() {
        tiny("postgres");
    }
}
