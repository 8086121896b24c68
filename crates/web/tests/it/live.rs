//! Live status: a stream says that the page is out of date, and nothing else.

use crate::world::World;
use crate::world::browser::Browser;
use axum::body::{Body, BodyDataStream};
use axum::http::{Request, StatusCode, header};
use everline_app::sign_in::Principal;
use futures_util::StreamExt;
use tower::ServiceExt;

async fn stream(world: &World, path: &str, token: &str) -> BodyDataStream {
    let request = Request::get(path).header(header::COOKIE, format!("everline_demo={token}"));
    let response = world.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    response.into_body().into_data_stream()
}

/// The next event's text; keep-alive comments are passed over. `None` when the stream ends.
async fn next(stream: &mut BodyDataStream) -> Option<String> {
    loop {
        let text = String::from_utf8(stream.next().await?.unwrap().to_vec()).unwrap();
        if !text.starts_with(':') {
            return Some(text);
        }
    }
}

#[tokio::test]
async fn a_change_is_told_once_and_the_page_knows_its_version() {
    let world = World::new().await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let principal = Principal::Customer(world.people.linfang);
    let token = world.session(principal).await.token;
    let path = format!("/orders/{}/events", order.id);

    let mut stale = stream(&world, &format!("{path}?v=old"), &token).await;
    assert!(next(&mut stale).await.unwrap().starts_with("event: changed\n"));
    assert_eq!(next(&mut stale).await, None);

    let page = Browser::of(&world, principal).await.get(&format!("/orders/{}", order.id)).await;
    let live = page.text.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(live.starts_with(&path));
    let mut current = stream(&world, &live, &token).await;
    world.pays(&attempt).await;
    assert!(next(&mut current).await.unwrap().starts_with("event: changed\n"));
}
