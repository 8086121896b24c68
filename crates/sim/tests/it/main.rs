//! The program as people and CI run it, a few seconds of it; and the quick way of filling a store against the use cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod crash;
mod faults;
mod payments;
mod quick;
mod receipts;
mod reconcile;
mod renewals;

use std::process::{Command, Output};

/// Runs `everline-sim` with these words.
fn sim(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_everline-sim")).args(words).output().unwrap()
}

/// Builds the library under which children lose their power: it is no dependency of the program, which would be under it
/// itself then. Nothing is done if it is there.
fn preload() {
    static BUILT: std::sync::OnceLock<()> = std::sync::OnceLock::new();
    BUILT.get_or_init(|| {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_everline-sim"));
        let profile = program.parent().unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--locked", "-p", "everline-shim", "--example", "preload", "--target-dir"]);
        cargo.arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().unwrap().success(), "the preload library cannot be built");
    });
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
