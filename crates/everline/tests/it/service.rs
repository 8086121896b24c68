//! One node in service: it ends in order, tells administrators how it is, and its log holds nothing about people.

use crate::rig::{Brandland, LINE_NAME, NAME, Node, Wishes, fill, run, shown, text, verifies};
use everline_core::line::NetworkKind;
use everline_store::{SqliteOptions, Store};
use serde_json::json;
use std::fs;

const PHONE: &str = "13912345678";

async fn filled(land: &Brandland, network: NetworkKind, lines: usize) -> crate::rig::Owner {
    let store = Store::open_sqlite(land.store_file(), SqliteOptions::default()).await.unwrap();
    let owner = fill(&store, network, PHONE, lines).await;
    store.close().await;
    owner
}

#[tokio::test]
async fn told_to_stop_it_answers_what_it_took_and_ends_well() {
    let land = Brandland::new().await;
    let owner = filled(&land, NetworkKind::BuiltIn, 1).await;
    let written = land.write("node", &Wishes::default());
    let mut node = Node::start(&land, &written).await;
    let token = node.sign_in(&land, &owner.phone).await;
    let path = format!("/lines/{}/orders", owner.lines[0]);
    let body = json!({ "offering": "month@1", "terms_version": "2026-10" });
    let (status, order) = node.try_api("POST", &path, Some(&token), Some(body), Some("one")).await.unwrap();
    assert_eq!(status, 201, "{order}");

    // The provider answers late, so the request that waits for it is under way when the order to stop comes.
    let slow = json!({ "answers": [{ "method": "alipay.trade.precreate", "kind": { "slow": 3_000 } }] });
    land.control("PUT", "gateway/faults", Some(slow)).await;
    let pay = format!("/orders/{}/payments", order["id"].as_str().unwrap());
    let paying = node.try_api("POST", &pay, Some(&token), Some(json!({ "method": "alipay_qr" })), None);
    let stopping = async {
        crate::rig::until("the call of the provider", async || {
            let trades = land.control("GET", "trades", None).await;
            (trades["trades"].as_array().unwrap().len() == 1).then_some(())
        })
        .await;
        node.signal("TERM");
        crate::rig::until("no more connections", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", written.port)).await.err()
        })
        .await;
    };
    let (paid, ()) = tokio::join!(paying, stopping);
    let (status, order) = paid.unwrap();
    assert_eq!((status, &order["payments"][0]["state"]), (201, &json!("pending")), "{order}");
    assert!(node.ends().await.success(), "{}", node.log());
    assert!(node.log().contains("in_time=true"), "{}", node.log());
    let store = land.store_file();
    assert!(!store.with_extension("sqlite.sock").exists() && !store.with_extension("sqlite-wal").exists());
    verifies(&["--sqlite", shown(&store)]);
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let land = Brandland::new().await;
    let owner = filled(&land, NetworkKind::BuiltIn, 1).await;
    let mut node = Node::start(&land, &land.write("node", &Wishes::default())).await;
    land.control("PUT", "sms/fault", Some(json!({ "slow": 9_000 }))).await;
    let asked = node.try_api("POST", "/sign-in/code", None, Some(json!({ "phone": owner.phone })), None);
    let stopping = async {
        crate::rig::until("the call of the provider", async || {
            let (_, metrics) = node.admin("/metrics").await;
            metrics.contains("everline_store_works_total{work=\"add_login_code\",outcome=\"done\"} 1").then_some(())
        })
        .await;
        node.signal("TERM");
        crate::rig::until("the first signal", async || node.log().contains("stopping").then_some(())).await;
        node.signal("INT");
    };
    let (broken, ()) = tokio::join!(asked, stopping);
    assert!(broken.is_err(), "nobody was left to answer");
    assert_eq!(node.ends().await.code(), Some(1));
    verifies(&["--sqlite", shown(&land.store_file())]);
}

#[tokio::test]
async fn a_journey_leaves_metrics_and_no_names_in_the_log() {
    let land = Brandland::new().await;
    let owner = filled(&land, NetworkKind::Upstream, 1).await;
    let more = "[log]\nformat = \"json\"\nlevel = \"info,everline=trace,everline_store=trace,hyper=debug,reqwest=debug\"\n[jobs]\nsurvey_s = 1\n";
    let wishes = Wishes { more: more.to_owned(), ..Wishes::default() };
    let mut node = Node::start(&land, &land.write("node", &wishes)).await;
    let token = node.sign_in(&land, &owner.phone).await;
    let (order, trade) = node.order(&token, &owner.lines[0]).await;
    land.control("POST", &format!("trades/{trade}/pay"), None).await;
    node.order_becomes(&token, &order, "in_effect").await;
    // As a guest, with a number that exists and one that does not; and things that are refused.
    let visitor = reqwest::Client::builder().cookie_store(true).no_proxy().build().unwrap();
    let page = visitor.get(format!("{}/renew", node.url)).send().await.unwrap().text().await.unwrap();
    let csrf = page.split("name=\"_csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    for number in ["17280000000", "17299999999", "not a number 17280000000"] {
        let form = [("_csrf", csrf.as_str()), ("number", number)];
        visitor.post(format!("{}/renew", node.url)).form(&form).send().await.unwrap();
    }
    node.api("GET", "/lines/17280000000", Some(&token), None).await;
    node.api("POST", "/sign-in", None, Some(json!({ "request_id": "17280000000", "code": "123456" }))).await;

    let (status, metrics) = node.admin("/metrics").await;
    assert_eq!(status, 200);
    for series in [
        "everline_http_requests_total{method=\"POST\",route=\"/api/v1/lines/{line}/orders\",status=\"201\"} 1",
        "everline_orders_paid_not_in_effect 0",
        "everline_store_works_total{work=\"payment_confirmed\",outcome=\"done\"}",
        "everline_ready{check=\"store_and_timers\"} 1",
    ] {
        assert!(metrics.contains(series), "no {series} in\n{metrics}");
    }
    crate::rig::until("the survey", async || {
        node.admin("/metrics").await.1.contains("everline_orders{state=\"in_effect\"} 1").then_some(())
    })
    .await;
    assert_eq!(node.admin("/readyz").await.0, 200);
    node.signal("TERM");
    assert!(node.ends().await.success());

    let log = node.log();
    let answered = log.lines().filter(|line| line.contains("\"answered\"")).count();
    assert!(answered > 8, "{log}");
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        assert!(entry["message"] != "answered" || entry["span"]["id"].as_str().unwrap().len() == 32, "{line}");
    }
    let key = fs::read_to_string(land.folder.path().join("merchant.key")).unwrap();
    let secrets = ["sms.token", "upstream.token", "device.token", "master.key"];
    let secrets = secrets.map(|name| fs::read_to_string(land.folder.path().join(name)).unwrap());
    let people = [PHONE, "17280000000", "17299999999", NAME, LINE_NAME, "898604000000", "4601100000", token.as_str()];
    for canary in people.into_iter().chain(secrets.iter().map(String::as_str)).chain(key.lines().nth(1)) {
        let line = log.lines().find(|line| line.contains(canary));
        assert_eq!(line, None, "the log shows {canary}");
    }
}

#[tokio::test]
async fn providers_that_nobody_reaches_do_not_keep_it_from_serving() {
    let land = Brandland::new().await;
    let owner = filled(&land, NetworkKind::BuiltIn, 1).await;
    let written = land.write("node", &Wishes::default());
    let token = {
        let mut node = Node::start(&land, &written).await;
        let token = node.sign_in(&land, &owner.phone).await;
        node.signal("INT");
        assert!(node.ends().await.success());
        token
    };
    let access = land.sandbox.access().clone();
    let mut config = fs::read_to_string(&written.file).unwrap();
    for url in [&access.alipay_gateway_url, &access.sms_url, &access.upstream_url] {
        config = config.replace(url.as_str(), "http://127.0.0.1:1/nobody");
    }
    fs::write(&written.file, config).unwrap();
    let node = Node::start(&land, &written).await;
    assert_eq!(node.admin("/readyz").await.0, 200);
    let (status, order) = {
        let path = format!("/lines/{}/orders", owner.lines[0]);
        let body = json!({ "offering": "month@1", "terms_version": "2026-10" });
        node.try_api("POST", &path, Some(&token), Some(body), Some("k")).await.unwrap()
    };
    assert_eq!(status, 201);
    let pay = format!("/orders/{}/payments", order["id"].as_str().unwrap());
    let (status, answer) = node.api("POST", &pay, Some(&token), Some(json!({ "method": "alipay_qr" }))).await;
    assert!(status < 500 || status == 504, "{status} {answer}");
    let (_, metrics) = node.admin("/metrics").await;
    assert!(metrics.contains("everline_jobs{kind=\"query_payment\",state=\"ready\"} 1"), "{metrics}");
}

#[tokio::test]
async fn what_cannot_be_served_is_refused_with_its_reason() {
    let land = Brandland::new().await;
    let written = land.write("node", &Wishes { more: "[brnad]\nx = 1\n".to_owned(), ..Wishes::default() });
    let serve = run(&["serve", "--config", shown(&written.file)]);
    assert_eq!(serve.status.code(), Some(2));
    assert!(text(&serve).contains("unknown key \"brnad\"; did you mean \"brand\"?"), "{}", text(&serve));
    let check = run(&["config", "check", "--config", shown(&written.file)]);
    assert_eq!(check.status.code(), Some(1), "{}", text(&check));

    let by_command =
        Wishes { store: Some("sqlite = \"store.sqlite\"\nmigrate = \"by_command\"".to_owned()), ..Wishes::default() };
    let written = land.write("by_command", &by_command);
    let config = ["--config", shown(&written.file)];
    let serve = run(&[&["serve"], &config[..]].concat());
    assert!(text(&serve).contains("run `everline migrate`"), "{}", text(&serve));
    let migrate = run(&[&["migrate"], &config[..]].concat());
    assert!(migrate.status.success() && text(&migrate).contains("applied foundation"), "{}", text(&migrate));
    let again = run(&[&["migrate"], &config[..]].concat());
    assert!(text(&again).contains("nothing to do"), "{}", text(&again));

    let newer = everline_store::Migration { version: 9_999, name: "future", text: "" };
    let store = Store::open_sqlite(land.store_file(), SqliteOptions::default()).await.unwrap();
    let future = [everline_store::tables::MIGRATIONS, &[newer]].concat();
    everline_store::migrate(&store, &future).await.unwrap();
    store.close().await;
    for command in ["serve", "migrate"] {
        let refused = run(&[&[command], &config[..]].concat());
        let said = text(&refused);
        assert!(!refused.status.success() && said.contains("a newer everline was here"), "{said}");
    }
}

#[tokio::test]
async fn a_brand_with_wechat_takes_its_money_and_its_notices() {
    let land = Brandland::new().await;
    let owner = filled(&land, NetworkKind::BuiltIn, 1).await;
    let written = land.write("node", &Wishes::default());
    let check = run(&["config", "check", "--config", shown(&written.file)]);
    assert!(text(&check).contains("/notify/wechat"), "{}", text(&check));
    let node = Node::start(&land, &written).await;
    let token = node.sign_in(&land, &owner.phone).await;
    let (order, number) = node.order_by(&token, &owner.lines[0], "wechat_qr").await;
    land.control("POST", &format!("trades/{number}/pay"), None).await;
    node.order_becomes(&token, &order, "in_effect").await;
    crate::rig::until("the notice is acknowledged", async || {
        let told = land.control("GET", "notifications", None).await;
        (told["notifications"][0]["state"] == "acknowledged").then_some(())
    })
    .await;
}
