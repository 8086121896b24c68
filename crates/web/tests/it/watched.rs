//! What administrators see: health, readiness, metrics; and what a configuration changes about the pages.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::jobs::Pulse;
use everline_core::brand::Localized;
use everline_core::time::MINUTE_US;
use everline_web::{Metrics, WebConfig, admin_router};
use std::sync::Arc;

#[tokio::test]
async fn metrics_tell_of_requests_and_of_what_waits() {
    let world = World::new().await;
    let metrics = Arc::new(Metrics::default());
    let router = world.router_with(|config| config.metrics = metrics.clone());
    let mut visitor = Browser::new(&router);
    assert_eq!(visitor.get("/renew/secret-link").await.status, StatusCode::NOT_FOUND);
    assert_eq!(visitor.get("/no/such/17280001234").await.status, StatusCode::NOT_FOUND);
    world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.app.clock.pass_us(2 * MINUTE_US);

    let config = WebConfig { metrics, ..WebConfig::new("https://portal.test".to_owned()) };
    let mut admin = Browser::new(&admin_router(world.app.clone(), config));
    let text = admin.get("/metrics").await;
    text.says(&[
        "everline_http_requests_total{method=\"GET\",route=\"/renew/{link}\",status=\"404\"} 1\n",
        "everline_http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 1\n",
        "everline_jobs{kind=\"query_payment\",state=\"ready\"} 1\n",
        "everline_job_oldest_seconds{kind=\"query_payment\"} 120.0",
        "everline_job_late_seconds 115.0",
        "everline_orders_paid_not_in_effect 0\n",
        "everline_ready{check=\"schema\"} 1\n",
    ]);
    text.hides(&["secret-link", "17280001234"]);
}

#[tokio::test]
async fn readiness_has_details_for_administrators_only() {
    let world = World::new().await;
    let (pulse, (stop, stopping)) = (Arc::new(Pulse::default()), tokio::sync::watch::channel(false));
    pulse.beat(world.app.clock.now().system);
    let config = |config: &mut WebConfig| {
        config.pulse = Some(pulse.clone());
        config.stopping = stopping.clone();
    };
    let mut own = WebConfig::new("https://portal.test".to_owned());
    config(&mut own);
    let (mut public, mut admin) =
        (Browser::new(&world.router_with(config)), Browser::new(&admin_router(world.app.clone(), own)));
    let mut check = async |status: StatusCode, says: &str| {
        let (public, admin) = (public.get("/readyz").await, admin.get("/readyz").await);
        assert_eq!((public.status, admin.status), (status, status), "{}", admin.text);
        admin.says(&[says]);
        public.hides(&["jobs", "schema"]);
    };
    check(StatusCode::OK, "\"ready\":true").await;
    world.app.clock.pass_us(2 * MINUTE_US);
    check(StatusCode::SERVICE_UNAVAILABLE, "the runner of jobs gets no work").await;
    pulse.beat(world.app.clock.now().system);
    check(StatusCode::OK, "\"jobs\":\"fine\"").await;
    stop.send(true).unwrap();
    check(StatusCode::SERVICE_UNAVAILABLE, "about to end").await;
    world.app.store.close().await;
    check(StatusCode::SERVICE_UNAVAILABLE, "\"store_and_timers\":").await;
    assert_eq!(Browser::new(&world.router).get("/metrics").await.status, StatusCode::NOT_FOUND, "not for strangers");
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router).with("x-request-id", "chosen-by-the-caller");
    let one = browser.get("/").await.headers["x-request-id"].to_str().unwrap().to_owned();
    let two = browser.get("/no/such").await.headers["x-request-id"].to_str().unwrap().to_owned();
    assert!(one.len() == 32 && two.len() == 32 && one != two, "{one} {two}");
}

#[tokio::test]
async fn a_brand_chooses_languages_links_and_terms() {
    let world = World::new().await;
    let router = world.router_with(|config| {
        config.languages = vec!["en".to_owned()];
        config.links = vec![(Localized::zh_en("营业执照", "Licence"), "https://www.example.com/licence".to_owned())];
        config.terms = Some(Localized::zh_en("一。", "First <b>part</b>.\n\nSecond part."));
    });
    let mut browser = Browser::new(&router).with("accept-language", "zh-CN");
    let page = browser.get("/?lang=zh-CN").await;
    page.says(&["<html lang=\"en\">", "href=\"https://www.example.com/licence\">Licence</a>", "href=\"/terms\""]);
    page.hides(&["简体中文"]);
    let terms = browser.get("/terms").await;
    terms.says(&["<p>First &#60;b&#62;part&#60;/b&#62;.</p>", "<p>Second part.</p>", "Version 2026-10"]);
}
