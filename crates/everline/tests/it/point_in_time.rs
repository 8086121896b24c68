//! PostgreSQL's own tools bring a store back to a moment before a mistake, as `docs/OPERATING.md` says: a base backup, the
//! archived log, a time. Then the program asks again about what was under way.

use crate::rig::{Brandland, Node, Wishes, fill, run, text, until, verifies};
use everline_core::line::NetworkKind;
use everline_store::{PostgresOptions, Store};
use everline_testing::{Cluster, Fsync};
use std::path::Path;
use std::process::Command;

fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", text(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
fn sql(cluster: &Cluster, statement: &str) -> String {
    done(cluster.tool("psql").args(["-X", "-A", "-t", "-q", "-c", statement]))
}
fn on(config: &str) -> Wishes {
    let store = format!("postgres = {{ inline_for_tests = \"{config}\" }}\npostgres_writers = 2\npostgres_readers = 2");
    Wishes { store: Some(store), ..Wishes::default() }
}
async fn renewed(node: &Node, land: &Brandland, token: &str, line: &str) -> String {
    let (order, trade) = node.order(token, line).await;
    land.control("POST", &format!("trades/{trade}/pay"), None).await;
    node.order_becomes(token, &order, "in_effect").await;
    order
}

#[tokio::test]
async fn a_store_comes_back_to_the_moment_before_a_mistake() {
    let archive = Cluster::folder();
    let archiving = [
        "archive_mode=on".to_owned(),
        format!("archive_command=test ! -f {0}/%f && cp %p {0}/%f", archive.path().display()),
    ];
    let Some(cluster) = Cluster::start_from(None, Fsync::On, &archiving) else { return };
    let (land, config) = (Brandland::new().await, cluster.database().await);
    let store = Store::open_postgres(&config, PostgresOptions { writers: 2, readers: 1, ..PostgresOptions::default() });
    let store = store.await.unwrap();
    let owner = fill(&store, NetworkKind::BuiltIn, "13900000003", 4).await;
    store.close().await;
    let written = land.write("before", &on(&config));
    let mut node = Node::start(&land, &written).await;
    let token = node.sign_in(&land, &owner.phone).await;

    let before = renewed(&node, &land, &token, &owner.lines[0]).await;
    let base = Cluster::folder();
    let data = base.path().join("data");
    done(cluster.tool("pg_basebackup").args(["--checkpoint=fast", "-D"]).arg(&data));
    let after_it = renewed(&node, &land, &token, &owner.lines[1]).await;
    let (waits, trade) = node.order(&token, &owner.lines[2]).await;
    let moment = sql(&cluster, "SELECT clock_timestamp()");
    // What happens after that moment: one is paid that was placed before it, one is placed and paid; then the mistake.
    land.control("POST", &format!("trades/{trade}/pay"), None).await;
    node.order_becomes(&token, &waits, "in_effect").await;
    let too_late = renewed(&node, &land, &token, &owner.lines[3]).await;
    node.signal("TERM");
    assert!(node.ends().await.success(), "{}", node.log());
    sql(&cluster, "DELETE FROM orders; DELETE FROM transfer");
    let last = sql(&cluster, "SELECT pg_walfile_name(pg_current_wal_lsn())");
    sql(&cluster, "SELECT pg_switch_wal()");
    until("the log is archived", async || archive.path().join(&last).exists().then_some(())).await;
    let broken = run(&["verify", "--postgres", &config]);
    assert!(!broken.status.success() && text(&broken).contains("findings"), "{}", text(&broken));
    drop(cluster);

    let recovered = recovered(&data, archive.path(), &moment);
    until("the end of recovery", async || (sql(&recovered, "SELECT pg_is_in_recovery()") == "f").then_some(())).await;
    let config = recovered.database().await;
    let restored = run(&["restore", "--postgres", &config]);
    let said = text(&restored);
    assert!(restored.status.success() && said.contains("nothing is wrong"), "{said}");
    assert!(said.contains("1 open payments"), "{said}");
    verifies(&["--postgres", &config]);
    let written = land.write("after", &on(&config));
    let mut node = Node::start(&land, &written).await;
    for order in [&before, &after_it, &waits] {
        node.order_becomes(&token, order, "in_effect").await;
    }
    let (status, _) = node.api("GET", &format!("/orders/{too_late}"), Some(&token), None).await;
    assert_eq!(status, 404, "only the lost log knew of it");
    verifies(&["--postgres", &config]);
    node.signal("TERM");
    assert!(node.ends().await.success(), "{}", node.log());
}

/// A server on the base backup, recovered from the archive up to a moment.
fn recovered(data: &Path, archive: &Path, moment: &str) -> Cluster {
    std::fs::write(data.join("recovery.signal"), "").unwrap();
    let settings = [
        format!("restore_command=cp {}/%f %p", archive.display()),
        format!("recovery_target_time={moment}"),
        "recovery_target_action=promote".to_owned(),
    ];
    Cluster::start_from(Some(data), Fsync::On, &settings).unwrap()
}
