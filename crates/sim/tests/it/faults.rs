//! A few power cuts, failing calls, lost answers, killed upgrades and jumping clocks. What must be noticed is: a SQLite that
//! does not wait for its disk loses what it acknowledged.

use crate::{postgres, preload, sim, text};

/// Runs a harness, which must find nothing; what it printed.
fn holds(words: &[&str]) -> String {
    preload();
    let out = sim(words);
    let text = text(&out);
    assert_eq!(out.status.code(), Some(0), "{text}");
    text
}

#[test]
fn sqlite_keeps_what_it_acknowledged_when_the_power_goes() {
    let text = holds(&["power-cut", "--rounds", "12", "--in-flight", "10"]);
    assert!(text.contains("power-cut sqlite: 12 rounds, ") && text.contains("none lost"), "{text}");
    // Otherwise nothing was at stake.
    assert!(!text.contains("; 0 cuts took something"), "{text}");
}

#[test]
fn a_disk_that_is_not_waited_for_is_seen_to_lose() {
    preload();
    let out = sim(&["power-cut", "--rounds", "60", "--synchronous", "off"]);
    let text = text(&out);
    assert_eq!(out.status.code(), Some(1), "{text}");
    let lost = text.split("BROKEN: LOST: ").nth(1).unwrap_or_else(|| panic!("{text}"));
    assert!(lost.contains(" was acknowledged in round ") || lost.contains(" SQLite says: "), "{text}");
}

#[test]
fn a_failed_call_and_a_full_disk_lose_nothing() {
    let text = holds(&["faults", "--renewals", "10", "--stride", "37", "--sync-stride", "3"]);
    assert!(text.contains("none lost") && text.contains("a full disk refused"), "{text}");
}

#[test]
fn a_lost_answer_to_a_commit_doubles_nothing() {
    if postgres() {
        let text = holds(&["commit-cut", "--rounds", "20"]);
        assert!(text.contains("20 cuts") && text.contains("40 renewals, none lost, none doubled"), "{text}");
    }
}

#[test]
fn an_upgrade_that_is_killed_ends_as_one_that_is_not() {
    let text = holds(&["migrate-kill", "--store", "sqlite", "--rounds", "8", "--lines", "40"]);
    assert!(text.contains("migrate-kill sqlite: 8 upgrades") && !text.contains(" 0 of them in the middle"), "{text}");
    if postgres() {
        let text = holds(&["migrate-kill", "--store", "postgres", "--rounds", "2", "--lines", "40"]);
        assert!(text.contains("migrate-kill postgres: 2 upgrades"), "{text}");
    }
}

#[test]
fn a_clock_that_jumps_ends_no_service() {
    let text = holds(&["clock"]);
    assert!(text.contains("no line ended early, none late"), "{text}");
    if std::path::Path::new("/usr/bin/faketime").exists() {
        let text = holds(&["clock", "--library", "faketime"]);
        assert!(text.contains("clock by faketime sqlite: 84 jumps"), "{text}");
    }
}
