//! A few crash rounds on each store. A build that answers before the commit must fail them, and say what was lost.

use crate::{postgres, sim, text};

fn rounds(store: &str, more: &[&str]) {
    let rounds = if everline_store::ACKNOWLEDGES_BEFORE_COMMIT { "50" } else { "3" };
    let words = [&["crash", "--store", store, "--rounds", rounds, "--in-flight", "10"], more].concat();
    let out = sim(&words);
    let text = text(&out);
    if everline_store::ACKNOWLEDGES_BEFORE_COMMIT {
        assert_eq!(out.status.code(), Some(1), "{text}");
        assert!(text.contains("BROKEN: LOST: the renewal paid as "), "{text}");
    } else {
        assert_eq!(out.status.code(), Some(0), "{text}");
        assert!(text.contains(&format!("crash {store}: 3 rounds, ")) && text.contains("none lost"), "{text}");
    }
}

#[test]
fn sqlite_keeps_what_it_acknowledged() {
    rounds("sqlite", &[]);
}

#[test]
fn postgres_keeps_what_it_acknowledged() {
    if postgres() {
        rounds("postgres", &[]);
    }
}

#[test]
fn a_killed_server_loses_nothing_that_was_acknowledged() {
    if postgres() && !everline_store::ACKNOWLEDGES_BEFORE_COMMIT {
        rounds("postgres", &["--kill", "server"]);
    }
}

#[test]
fn too_few_notices_in_flight_are_refused() {
    let out = sim(&["crash", "--store", "sqlite", "--in-flight", "9"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
}
