//! A tiny benchmark of receipts prints well-formed figures, last and one a line.

use crate::{sim, text};
use serde_json::Value;

#[test]
fn figures_are_well_formed() {
    let out = sim(&["bench", "receipts", "--seconds", "1", "--concurrency", "1,2"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out));
    let stdout = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = stdout.lines().collect();
    for (line, concurrency) in lines[lines.len() - 2..].iter().zip([1, 2]) {
        let figure: Value = serde_json::from_str(line).unwrap();
        assert_eq!((&figure["name"], &figure["store"]), (&"receipts".into(), &"none".into()));
        assert_eq!((&figure["concurrency"], &figure["baseline"]), (&concurrency.into(), &"signatures".into()));
        for key in ["per_second", "p99_ms", "baseline_per_second", "ratio", "cpu_us_per_op"] {
            assert!(figure[key].as_f64().unwrap() > 0.0, "{key}: {figure}");
        }
    }
}
