//! The program as people and CI run it, a few seconds of it; and the quick way of filling a store against the use cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod crash;
mod quick;
mod renewals;

use std::process::{Command, Output};

/// Runs `everline-sim` with these words.
fn sim(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_everline-sim")).args(words).output().unwrap()
}

fn text(out: &Output) -> String {
    let (said, told) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    format!("{said}{told}")
}

/// Whether PostgreSQL is here; where it must be, its absence is a failure.
fn postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").map(|versions| versions.count() > 0).unwrap_or(false);
    let here = versions || std::env::var_os("EVERLINE_POSTGRES_BIN").is_some();
    assert!(here || std::env::var("EVERLINE_REQUIRE_POSTGRES").as_deref() != Ok("1"), "PostgreSQL is required");
    if !here {
        println!("skipped: no PostgreSQL installed");
    }
    here
}
