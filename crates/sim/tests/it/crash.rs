//! A few crash rounds on each store. A child that acknowledges too early must be found out.

use crate::{postgres, sim, text};

fn rounds(store: &str, more: &[&str]) {
    let words = [&["crash", "--store", store, "--rounds", "3", "--in-flight", "10"], more].concat();
    let out = sim(&words);
    let text = text(&out);
    assert_eq!(out.status.code(), Some(0), "{text}");
    assert!(text.contains(&format!("crash {store}: 3 rounds, ")) && text.contains("none lost"), "{text}");
}

fn finds_what_was_acknowledged_early(store: &str) {
    let out = sim(&["crash", "--store", store, "--rounds", "50", "--in-flight", "10", "--acknowledge-early"]);
    let text = text(&out);
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(text.contains("BROKEN: LOST: the renewal paid as "), "{text}");
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
    if postgres() {
        rounds("postgres", &["--kill", "server"]);
    }
}

#[test]
fn what_is_acknowledged_too_early_is_seen_to_be_lost() {
    finds_what_was_acknowledged_early("sqlite");
    if postgres() {
        finds_what_was_acknowledged_early("postgres");
    }
}

#[test]
fn too_few_notices_in_flight_are_refused() {
    let out = sim(&["crash", "--store", "sqlite", "--in-flight", "9"]);
    assert_eq!(out.status.code(), Some(2), "{}", text(&out));
}
