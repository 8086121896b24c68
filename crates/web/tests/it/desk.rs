//! The desk's box, and what it sees of a customer: masked, on pages whose addresses name nobody.

use crate::world::browser::Browser;
use crate::world::{WATCH_IMSI, WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;

#[tokio::test]
async fn an_agent_finds_a_line_by_its_number_and_reads_what_happened() {
    let world = World::new().await;
    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let session = world.attach(WATCH_IMSI).await.session;
    everline_app::device::report(&world.app, session, 1, 1_000_000).await.unwrap();
    world.settle().await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk").await.says(&["action=\"/desk/find\"", "name=\"q\""]);
    let page = agent.get("/desk/find").await;
    let found = agent.submit(&page, "/desk/find", &[("q", WATCH_NUMBER)]).await;
    assert_eq!(found.status, StatusCode::OK);
    found.says(&["找到", "林**", "****"]).hides(&["林芳"]);
    let path = found.text.split("href=\"/desk/customers/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(!path.contains(WATCH_NUMBER), "no address names anybody");
    let line = agent.get(&format!("/desk/customers/{path}")).await;
    line.says(&["手表畅联月包", "¥9.90", "林**", "流量 1 MB", "续费已生效", "已付款"]);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_said_and_what_was_typed_is_text() {
    let world = World::new().await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let page = agent.get("/desk/find?lang=en").await;
    let short = agent.submit(&page, "/desk/find", &[("q", "13")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    short.says(&["at least four characters", "aria-invalid", "value=\"13\""]);
    let marked = agent.submit(&page, "/desk/find", &[("q", "<b>nobody</b>\"'")]).await;
    marked.says(&["Nothing was found", "&#60;b&#62;nobody"]).hides(&["<b>nobody"]);
    for path in ["/desk/customers/x", "/desk/customers/10000000000000000000000000000001"] {
        assert_eq!(agent.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let customer = world.people.linfang;
    let odd = format!("/desk/customers/{customer}?kind=%3Cscript%3E&before=1.x&line=");
    agent.get(&odd).await.says(&["What happened"]).hides(&["<script>alert"]);
    let other = format!("/desk/customers/{}?line={}", world.people.wangqiang, world.people.watch);
    assert_eq!(agent.get(&other).await.status, StatusCode::NOT_FOUND, "another's line");
}
