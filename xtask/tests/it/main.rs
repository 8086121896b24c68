//! The shape of the workspace: which crate may depend on which, and what must never reach the pure ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Every edge between our crates that may exist.
const ALLOWED: &[(&str, &[&str])] = &[
    ("everline-core", &[]),
    ("everline-store", &["everline-core"]),
    ("everline-app", &["everline-core", "everline-store"]),
    ("everline-documents", &[]),
    ("everline-passkeys", &[]),
    ("everline-providers", &["everline-core", "everline-app", "wire-messages", "wire-pay"]),
    ("everline-web", &["everline-core", "everline-store", "everline-app", "everline-documents", "everline-passkeys"]),
    ("everline-sandbox", &["wire-pay"]),
    ("everline-shim", &[]),
    ("everline-testing", &["everline-store"]),
    (
        "everline-sim",
        &[
            "everline-core",
            "everline-store",
            "everline-app",
            "everline-documents",
            "everline-providers",
            "everline-shim",
            "everline-testing",
            "everline-web",
            "wire-pay",
        ],
    ),
    (
        "everline",
        &["everline-core", "everline-store", "everline-app", "everline-providers", "everline-web", "everline-sandbox"],
    ),
    ("wire-messages", &[]),
    ("wire-pay", &[]),
    ("xtask", &[]),
];

/// What must not be reachable from the pure crates.
const IMPURE: &[&str] =
    &["tokio", "rusqlite", "libsqlite3-sys", "postgres", "tokio-postgres", "reqwest", "hyper", "axum", "mio"];

struct Metadata {
    members: BTreeSet<String>,
    /// Package → the packages its library, binaries or tests use; development dependencies in the second set.
    uses: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)>,
}

fn metadata() -> Metadata {
    let args = ["metadata", "--format-version", "1", "--locked", "--all-features"];
    let output = Command::new(env!("CARGO")).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let name_of: BTreeMap<&str, &str> = (json["packages"].as_array().unwrap().iter())
        .map(|package| (package["id"].as_str().unwrap(), package["name"].as_str().unwrap()))
        .collect();
    let members = json["workspace_members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| name_of[id.as_str().unwrap()].to_owned())
        .collect();
    let mut uses: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for node in json["resolve"]["nodes"].as_array().unwrap() {
        let entry = uses.entry(name_of[node["id"].as_str().unwrap()].to_owned()).or_default();
        for dependency in node["deps"].as_array().unwrap() {
            let name = name_of[dependency["pkg"].as_str().unwrap()].to_owned();
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            let only_dev = kinds.iter().all(|kind| kind["kind"] == "dev");
            if only_dev {
                entry.1.insert(name)
            } else {
                entry.0.insert(name)
            };
        }
    }
    Metadata { members, uses }
}

#[test]
fn dependencies_point_one_way() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    for member in &metadata.members {
        let may = allowed
            .get(member.as_str())
            .unwrap_or_else(|| panic!("{member} has no row here: say what it may depend on"));
        let ours = |name: &&String| metadata.members.contains(*name);
        for used in metadata.uses[member].0.iter().filter(ours) {
            assert!(may.contains(&used.as_str()), "{member} must not depend on {used}");
        }
        // Tests may look further down, never up; but the store's own take the throw-away stores, which lead back to it.
        let throw_away = |used: &&String| member == "everline-store" && *used == "everline-testing";
        for used in metadata.uses[member].1.iter().filter(ours).filter(|used| *used != member && !throw_away(used)) {
            let up = allowed[used.as_str()].contains(&member.as_str());
            assert!(!up, "a test of {member} depends on {used}, which depends on {member}");
        }
    }
}

#[test]
fn the_pure_crates_reach_no_io() {
    let metadata = metadata();
    for pure in metadata.members.iter().filter(|name| *name == "everline-core" || name.starts_with("wire-")) {
        let (mut reached, mut todo) = (BTreeSet::new(), vec![pure.clone()]);
        while let Some(next) = todo.pop() {
            if reached.insert(next.clone()) {
                todo.extend(metadata.uses[&next].0.iter().cloned());
            }
        }
        assert!(reached.len() > 1, "{pure} reaches nothing at all: the test reads the metadata wrong");
        for impure in IMPURE {
            assert!(!reached.contains(*impure), "{pure} reaches {impure}");
        }
    }
}
