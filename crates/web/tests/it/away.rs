//! The store fails: what people and programs are told, and that asking again is safe.

use crate::world::World;
use crate::world::browser::{Browser, Client, Page};
use axum::http::{Method, StatusCode};
use everline_app::open_orders::open_orders;
use everline_app::sign_in::Principal;
use everline_store::{PostgresOptions, Store};
use everline_testing::{Cut, Proxy, cluster};
use serde_json::json;

/// The problem of an answer, which must say 503 and when to come again.
fn problem(page: &Page) -> String {
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{}", page.text);
    assert_eq!(page.headers["content-type"], "application/problem+json");
    assert!(page.headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
    page.json()["type"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_store_that_is_away_is_our_side_and_loses_nothing() {
    let world = World::new().await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    world.app.store.close().await;
    assert_eq!(problem(&client.get("/api/v1/lines").await), "/api#problem-unavailable");
    let body = r#"{"offering": "watch-month@1", "terms_version": "2026-10"}"#;
    let orders = format!("/api/v1/lines/{}/orders", world.people.watch);
    let order = client.send(Method::POST, &orders, &[("idempotency-key", "k1")], body).await;
    assert_eq!(problem(&order), "/api#problem-unavailable");
    let page = browser.get("/home?lang=en").await;
    assert_eq!((page.status, &page.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &"30".parse().unwrap()));
    page.says(&["Nothing is lost", "try again", "This is on our side, not yours."]);
    browser.get("/home").await.says(&["This is on our side"]);
    Browser::new(&world.router).get("/api").await.says(&["problem-unavailable", "problem-outcome-unknown"]);
}

#[tokio::test]
async fn nobody_can_tell_and_the_same_request_again_orders_once() {
    let Some(cluster) = cluster() else { return };
    for committed in [false, true] {
        let (config, proxy) = (cluster.database().await, Proxy::start(cluster));
        let options = PostgresOptions { writers: 1, readers: 1, reconnect_ms_max: 1_000, ..PostgresOptions::default() };
        let cut_off = Store::open_postgres(&proxy.through(&config), options).await.unwrap();
        let world = World::over(cut_off, "http://portal.test").await;
        let linfang = world.people.linfang;
        let token = world.session(Principal::Customer(linfang)).await.token;
        let path = format!("/api/v1/lines/{}/orders", world.people.watch);
        let order = async |router: axum::Router| {
            let body = json!({"offering": "watch-month@1", "terms_version": "2026-10"}).to_string();
            let key = [("idempotency-key", "k1")];
            Client::new(&router, Some(&token)).send(Method::POST, &path, &key, &body).await
        };

        // The key is bound; then the server goes away around the order's COMMIT.
        let mut bound = proxy.hold();
        let placed = (!committed).then(|| proxy.hold());
        if committed {
            proxy.cut(Cut::AfterCommit);
        }
        let server_gone = async {
            bound.arrived().await;
            if let Some(mut placed) = placed {
                bound.release();
                placed.arrived().await;
                drop(proxy);
                placed.cut();
            } else {
                drop(proxy);
                bound.release();
            }
        };
        let (answer, ()) = tokio::join!(order(world.router.clone()), server_gone);
        assert_eq!(problem(&answer), "/api#problem-outcome-unknown");
        assert!(answer.json()["detail"].as_str().unwrap().contains("nothing is done twice"));

        let mut back = world.clone();
        back.app.store = Store::open_postgres(&config, PostgresOptions::default()).await.unwrap();
        assert_eq!(open_orders(&back.app, linfang).await.unwrap().len(), usize::from(committed));
        let again = order(back.router_with(|_| {})).await;
        assert_eq!(again.status, StatusCode::CREATED, "{}", again.text);
        assert_eq!(open_orders(&back.app, linfang).await.unwrap().len(), 1);
    }
}
