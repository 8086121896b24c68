//! Two nodes on one PostgreSQL: what begins on one ends on the other, and what one leaves behind when it dies is done by
//! the other, once.

use crate::rig::{Brandland, Node, Wishes, fill, run, shown, text, until, verifies};
use everline_core::line::NetworkKind;
use everline_store::{PostgresOptions, Store};
use everline_testing::postgres_database;
use serde_json::json;
use std::collections::BTreeMap;

const ORDERS: usize = 24;

fn on_postgres(config: &str) -> Wishes {
    Wishes {
        store: Some(format!(
            "postgres = {{ inline_for_tests = \"{config}\" }}\npostgres_writers = 3\npostgres_readers = 2"
        )),
        // As short as may be, so that the test need not wait for two minutes.
        more: "[timeouts]\nprovider_s = 2\n[jobs]\nlease_s = 6\n".to_owned(),
        ..Wishes::default()
    }
}

#[tokio::test]
async fn what_one_node_leaves_behind_the_other_does_once() {
    let Some(config) = postgres_database().await else { return };
    let land = Brandland::new().await;
    let store = Store::open_postgres(&config, PostgresOptions { writers: 2, readers: 1, ..PostgresOptions::default() });
    let store = store.await.unwrap();
    let owner = fill(&store, NetworkKind::Upstream, "13900000002", ORDERS).await;
    store.close().await;
    let wishes = on_postgres(&config);
    let (first, second) = (land.write("first", &wishes), land.write("second", &wishes));
    // Both start at once, and one of them migrates.
    let (mut one, mut two) = tokio::join!(Node::start(&land, &first), Node::start(&land, &second));

    // Begun on one, finished on the other: the session, the order, the payment.
    let token = one.sign_in(&land, &owner.phone).await;
    let (order, trade) = one.order(&token, &owner.lines[0]).await;
    land.control("POST", &format!("trades/{trade}/pay"), None).await;
    two.order_becomes(&token, &order, "in_effect").await;

    // Under load, with an upstream network that does as told and answers late, one dies: the one that takes the notices
    // and the work that follows from them.
    land.control("PUT", "upstream/modes", Some(json!({ "next": [], "standing": { "delay": 1_500 } }))).await;
    let mut orders = Vec::new();
    for line in &owner.lines[1..] {
        orders.push(one.order(&token, line).await);
    }
    let paths: Vec<String> = orders.iter().map(|(_, trade)| format!("trades/{trade}/pay")).collect();
    let pays = paths.iter().map(|path| land.control("POST", path, None));
    let dies = async {
        until("work under way", async || {
            let asked = land.control("GET", "upstream/activations", None).await;
            (asked.as_array().or(asked["activations"].as_array()).map_or(0, Vec::len) > 3).then_some(())
        })
        .await;
        one.signal("KILL");
    };
    tokio::join!(futures_util::future::join_all(pays), dies);
    one.ends().await;
    let (_, metrics) = two.admin("/metrics").await;
    assert!(metrics.contains("everline_jobs{kind=\"activate_upstream\",state=\"ready\"}"), "nothing was left behind");
    let done = futures_util::future::join_all(orders.iter().map(|(order, _)| async {
        two.api("GET", &format!("/orders/{}", order.clone()), Some(&token), None).await.1["state"] == "in_effect"
    }));
    assert!(done.await.contains(&false), "nothing was left behind");
    for (order, _) in &orders {
        two.order_becomes(&token, order, "in_effect").await;
    }

    // Each once: one activation an order, and a receipt number each without a gap.
    let asked = land.control("GET", "upstream/activations", None).await;
    let activations = asked.as_array().or(asked["activations"].as_array()).unwrap().clone();
    let mut of_line: BTreeMap<String, usize> = BTreeMap::new();
    for activation in &activations {
        *of_line.entry(activation["request"]["iccid"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!((activations.len(), of_line.len()), (ORDERS, ORDERS), "{of_line:?}");
    let mut numbers = Vec::new();
    for (order, _) in &orders {
        let path = format!("/orders/{order}/receipt");
        numbers.push(
            until("a receipt number", async || {
                let (_, receipt) = two.api("GET", &path, Some(&token), None).await;
                receipt["number"].as_i64().or_else(|| receipt["number"].as_str()?.parse().ok())
            })
            .await,
        );
    }
    numbers.sort_unstable();
    let wanted: Vec<i64> = (2..=i64::try_from(ORDERS).unwrap()).collect();
    assert_eq!(numbers, wanted);
    until("an empty queue of activations", async || {
        let (_, metrics) = two.admin("/metrics").await;
        (!metrics.contains("everline_jobs{kind=\"activate_upstream\"")).then_some(())
    })
    .await;
    verifies(&["--postgres", &config]);

    // A command writes into the store itself; what follows from it is the node's work.
    let add = ["staff", "--config", shown(&second.file), "add", "he.jing", "--name", "何静"];
    let link = text(&run(&add)).lines().next().unwrap().to_owned();
    let visitor = reqwest::Client::builder().cookie_store(true).no_proxy().build().unwrap();
    let page = visitor.get(&link).send().await.unwrap().text().await.unwrap();
    let csrf = page.split("name=\"_csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let password = "a password of some length";
    let form = [("_csrf", csrf.as_str()), ("password", password), ("again", password)];
    let set = visitor.post(&link).form(&form).send().await.unwrap();
    assert_eq!(set.url().path(), "/desk/sign-in/set-up", "a second factor follows");
    let told = async || {
        let inbox = land.control("GET", "sms/inbox", None).await.to_string();
        inbox.matches("\"barred\"").count()
    };
    let (before, number) = (told().await, "17280000000");
    let mut command = vec!["line", "suspend", number, "--config", shown(&second.file)];
    command.extend(["--by", "he.jing", "--reason", "a test"]);
    let done = run(&command);
    assert_eq!(text(&done).trim_end(), "17280000000: suspended_barred");
    until("the owner is told", async || (told().await > before).then_some(())).await;
    verifies(&["--postgres", &config]);
    two.signal("TERM");
    assert!(two.ends().await.success(), "{}", two.log());
}
