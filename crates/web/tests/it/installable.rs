//! The portal as an installed application: its manifest, its worker, and what it shows without a connection.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use serde_json::Value;

#[tokio::test]
async fn the_manifest_names_the_brand_and_icons_that_are_there() {
    let world = World::new().await;
    let mut anybody = Browser::new(&world.router);
    let home = anybody.get("/").await;
    home.says(&["<link rel=\"manifest\" href=\"/app.webmanifest\">"]);
    assert!(home.headers["content-security-policy"].to_str().unwrap().contains("manifest-src 'self'"));
    let answer = anybody.get("/app.webmanifest").await;
    assert_eq!(answer.headers["content-type"], "application/manifest+json");
    let manifest: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!((manifest["display"].as_str(), manifest["start_url"].as_str()), (Some("standalone"), Some("/home")));
    assert!(!manifest["name"].as_str().unwrap().is_empty());
    let icons = manifest["icons"].as_array().unwrap();
    assert_eq!(icons.len(), 3);
    for icon in icons {
        let shown = anybody.get(icon["src"].as_str().unwrap()).await;
        assert_eq!(shown.status, StatusCode::OK);
        assert_eq!(shown.headers["content-type"], icon["type"].as_str().unwrap());
    }
}

#[tokio::test]
async fn without_a_connection_there_is_what_was_left_and_nothing_to_pay() {
    let world = World::new().await;
    let mut stranger = Browser::new(&world.router);
    let page = stranger.get("/offline?lang=en").await;
    page.says(&["This device has no connection"]).hides(&["As of", "<form", "_csrf", "<script"]);
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get("/home").await.says(&["/install.js"]);
    let page = owner.get("/offline?lang=en").await;
    page.says(&["As of", "¥0.00"]).hides(&["<form", "_csrf", "<script", "/renew"]);
    let worker = owner.get("/worker.js").await;
    assert_eq!(worker.headers["content-type"], "text/javascript; charset=utf-8");
    let home = owner.get("/home").await;
    let left = owner.submit(&home, "/sign-out", &[]).await;
    assert_eq!(left.location(), "/");
    assert_eq!(left.headers["clear-site-data"], "\"storage\"");
}
