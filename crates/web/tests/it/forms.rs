//! Forms: only ours, from our pages; and signing in.

use crate::world::browser::{Browser, Client};
use crate::world::{WATCH_NUMBER, World};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;
use everline_core::staff::Role;
use everline_core::time::MINUTE_US;
use everline_web::{Access, routes};

/// A path with something in the place of each variable.
fn filled(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "0".repeat(32) } else { part.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_unsafe_page_refuses_forms_that_are_not_ours() {
    let world = World::new().await;
    let mut count = 0;
    let operator = world.member(Role::Operator).await;
    for route in routes() {
        let principal = match route.access {
            Access::Page | Access::CustomerPage | Access::DemoPage => Principal::Customer(world.people.linfang),
            Access::StaffPage => Principal::Staff(operator),
            _ => continue,
        };
        if route.method == Method::GET {
            continue;
        }
        count += 1;
        let path = filled(route.path);
        let session = world.session(principal).await;
        for (what, csrf, headers) in [
            ("no token", "", vec![]),
            ("a wrong token", "00112233445566778899aabbccddeeff", vec![]),
            ("a foreign origin", session.csrf.as_str(), vec![("origin", "https://evil.test")]),
            ("an opaque origin", session.csrf.as_str(), vec![("origin", "null")]),
            ("another scheme and port", session.csrf.as_str(), vec![("origin", "http://portal.test:8080")]),
            ("another site", session.csrf.as_str(), vec![("sec-fetch-site", "cross-site")]),
            ("a sibling site", session.csrf.as_str(), vec![("sec-fetch-site", "same-site")]),
        ] {
            let mut browser = Browser::new(&world.router);
            browser.cookies.insert("everline_demo".to_owned(), session.token.clone());
            for (name, value) in headers {
                browser = browser.with(name, value);
            }
            let answer = browser.post(&path, &[("_csrf", csrf)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} with {what}", route.path);
            answer.says(&["这个页面已过期"]);
        }
        let mut browser = Browser::new(&world.router).with("origin", "http://portal.test");
        browser.cookies.insert("everline_demo".to_owned(), session.token.clone());
        let ours = browser.post(&path, &[("_csrf", &session.csrf)]).await;
        let foreign = ours.status == StatusCode::FORBIDDEN && ours.text.contains("这个页面已过期");
        let ticket_needed = route.path.ends_with("/renew") || route.path == "/esim/buy";
        assert!(!foreign || ticket_needed, "{} refuses its own form", route.path);
    }
    assert!(count >= 12, "the list was walked: {count}");
}

#[tokio::test]
async fn unsafe_pages_do_nothing_on_get() {
    let world = World::new().await;
    let all = routes();
    for route in all.iter().filter(|route| route.method != Method::GET) {
        let also_get = all.iter().any(|other| other.path == route.path && other.method == Method::GET);
        if also_get || !matches!(route.access, Access::Page | Access::CustomerPage | Access::DemoPage) {
            continue;
        }
        let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
        let answer = browser.get(&filled(route.path)).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{}", route.path);
    }
}

#[tokio::test]
async fn a_number_and_a_code_sign_in_with_a_new_token() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let line = format!("/lines/{}", world.people.watch);
    let sent_away = browser.get(&line).await;
    assert_eq!(sent_away.location(), format!("/sign-in?next=%2Flines%2F{}", world.people.watch));

    let page = browser.get(sent_away.location()).await;
    let next = page.field("next");
    let asked = browser.submit(&page, "/sign-in", &[("phone", "138 0013 8001"), ("next", &next)]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER);
    assert!(!asked.location().contains("138"), "no number in an address");
    let page = browser.get(asked.location()).await;
    let (request, next) = (page.field("request"), page.field("next"));

    let wrong = browser.submit(&page, "/sign-in/code", &[("request", &request), ("code", "12345")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["请输入 6 位数字", "aria-invalid=\"true\""]);
    let code = world.outside.last_code();
    let not_it = if code == "000000" { "000001" } else { "000000" };
    let wrong = browser.submit(&page, "/sign-in/code", &[("request", &request), ("code", not_it)]).await;
    wrong.says(&["还可以试 4 次"]);

    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let fields = [("request", request.as_str()), ("code", &spaced), ("next", &next)];
    let entered = browser.submit(&page, "/sign-in/code", &fields).await;
    assert_eq!((entered.status, entered.location()), (StatusCode::SEE_OTHER, line.as_str()));
    let first = browser.cookies["everline_demo"].clone();
    let home = browser.get("/home").await;
    home.says(&["林芳"]);

    let again = browser.submit(&home, "/sign-in/code", &fields).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.says(&["这个验证码已失效"]);

    let out = browser.submit(&home, "/sign-out", &[]).await;
    assert_eq!(out.location(), "/");
    assert!(!browser.cookies.contains_key("everline_demo"));
    browser.cookies.insert("everline_demo".to_owned(), first);
    assert_eq!(browser.get("/home").await.status, StatusCode::SEE_OTHER, "the old token is worth nothing");
}

#[tokio::test]
async fn known_and_unknown_numbers_get_the_same_answers() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for phone in ["13800138001", "13099999999"] {
        let mut browser = Browser::new(&world.router);
        let page = browser.get("/sign-in").await;
        let asked = browser.submit(&page, "/sign-in", &[("phone", phone)]).await;
        let page = browser.get(asked.location()).await;
        let request = page.field("request");
        let secrets = [request.clone(), page.field("_csrf")];
        let strip = |text: &str| secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, ""));
        let wrong = browser.submit(&page, "/sign-in/code", &[("request", &request), ("code", "999999")]).await;
        answers.push((asked.status, strip(asked.location()), strip(&page.text), wrong.status, strip(&wrong.text)));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn codes_run_out_and_requests_for_them_are_limited() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/sign-in").await;
    for _ in 0..5 {
        let asked = browser.submit(&page, "/sign-in", &[("phone", WATCH_NUMBER)]).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER);
    }
    let asked = browser.submit(&page, "/sign-in", &[("phone", WATCH_NUMBER)]).await;
    assert_eq!(asked.status, StatusCode::TOO_MANY_REQUESTS);
    asked.says(&["次数过多", &format!("value=\"{WATCH_NUMBER}\"")]);
    for n in 0..14 {
        let phone = format!("130000000{n:02}");
        assert_eq!(browser.submit(&page, "/sign-in", &[("phone", &phone)]).await.status, StatusCode::SEE_OTHER);
    }
    let limited = browser.submit(&page, "/sign-in", &[("phone", "13000000099")]).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS, "one address asks for all");
    world.app.clock.pass_us(MINUTE_US);
    let later = browser.submit(&page, "/sign-in", &[("phone", "13000000099")]).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nothing_wrong_is_accepted_as_a_phone() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/sign-in?next=//evil.test").await;
    assert_eq!(page.field("next"), "");
    for phone in ["", "12", "letters", "<script>"] {
        let asked = browser.submit(&page, "/sign-in", &[("phone", phone)]).await;
        assert_eq!(asked.status, StatusCode::UNPROCESSABLE_ENTITY);
        asked.says(&["这不像一个手机号"]).hides(&["<script>"]);
    }
}

#[tokio::test]
async fn a_session_cookie_opens_no_api_and_a_large_form_is_refused() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    assert_eq!(browser.get("/api/v1/home").await.status, StatusCode::UNAUTHORIZED);
    let large = "x".repeat(17 * 1024);
    assert_eq!(browser.post("/sign-out", &[("_csrf", &large)]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1/lines/{}/quotes", world.people.watch);
    assert_eq!(client.post(&path, &large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
}
