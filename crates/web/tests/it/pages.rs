//! What all pages have in common: headers, languages, faults, no strangers in addresses.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::sign_in::Principal;

#[tokio::test]
async fn pages_are_private_and_strict() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    for path in ["/home", "/sign-in", "/nothing", "/desk"] {
        let page = browser.get(path).await;
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        let csp = header("content-security-policy");
        assert!(csp.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{csp}");
        assert!(!csp.contains("unsafe") && csp.contains("frame-ancestors 'none'") && csp.contains("base-uri 'none'"));
        page.hides(&["<script>", " style=", "<style", " onclick=", "javascript:"]);
    }
}

#[tokio::test]
async fn service_keeps_its_cookies_to_itself() {
    let world = World::new().await;
    let service = world.router_with(|_| {});
    let mut browser = Browser::new(&service);
    let page = browser.get("/sign-in?lang=en").await;
    let cookies: Vec<&str> = page.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-everline-visit=")), "{cookies:?}");
    for cookie in &cookies {
        assert!(cookie.contains("; Path=/; HttpOnly; SameSite=Lax; ") && cookie.ends_with("; Secure"), "{cookie}");
    }
    let asked = browser.submit(&page, "/sign-in", &[("phone", "13800138001")]).await;
    let page = browser.get(asked.location()).await;
    let (request, code) = (page.field("request"), world.outside.last_code());
    let entered = browser.submit(&page, "/sign-in/code", &[("request", &request), ("code", &code)]).await;
    let cookie = entered.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-everline=") && cookie.contains("HttpOnly") && cookie.contains("Secure"),
        "{cookie}"
    );
    assert_eq!(entered.headers["strict-transport-security"], "max-age=63072000");
    assert_eq!(browser.get("/home").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_language_is_asked_for_remembered_or_the_browsers() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    browser.get("/").await.says(&["<html lang=\"zh-CN\">", "href=\"/?lang=en\""]);
    let mut english = Browser::new(&world.router).with("accept-language", "en-GB,en;q=0.8");
    english.get("/").await.says(&["<html lang=\"en\">", "Keep every line alive"]);
    browser.get("/sign-in?next=%2Fhome&lang=en").await.says(&["<html lang=\"en\">", "?next=%2Fhome&#38;lang=zh-CN"]);
    browser.get("/").await.says(&["<html lang=\"en\">"]);
    english.get("/?lang=zh-CN").await.says(&["<html lang=\"zh-CN\">"]);
    english.get("/").await.says(&["<html lang=\"zh-CN\">"]);
    english.get("/?lang=xx").await.says(&["<html lang=\"zh-CN\">"]);
}

#[tokio::test]
async fn faults_have_calm_pages_of_their_own() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let missing = browser.get("/nothing/here").await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    missing.says(&["找不到这个页面", "href=\"/home\"", "400-800-1234"]).hides(&["问题在我们这边"]);
    let forbidden = browser.get("/desk").await;
    assert_eq!(forbidden.status, StatusCode::FORBIDDEN);
    forbidden.says(&["当前登录的账户无权查看"]);
    let wrong_method = browser.get("/sign-out").await;
    assert_eq!(wrong_method.status, StatusCode::METHOD_NOT_ALLOWED);
    let garbled = browser.get("/home?show=all&show=ending").await;
    assert_eq!(garbled.status, StatusCode::BAD_REQUEST);
    garbled.says(&["填写的内容不能使用", "href=\"/home\""]);
    world.app.store.close().await;
    let busy = browser.get("/home").await;
    assert_eq!(busy.status, StatusCode::SERVICE_UNAVAILABLE);
    busy.says(&["问题在我们这边，不在您"]);
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_hash() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/").await;
    let path = page.text.split('"').find(|text| text.ends_with("everline.css")).unwrap().to_owned();
    let plain = browser.get(&path).await;
    assert_eq!(plain.headers["cache-control"], "public, max-age=31536000, immutable");
    assert!(plain.text.contains("prefers-color-scheme: dark"));
    assert!(!plain.headers.contains_key("content-encoding"));
    let other = path.replace("/assets/", "/assets/x");
    assert_eq!(browser.get(&other).await.status, StatusCode::NOT_FOUND);
    page.hides(&["htmx"]);
}

#[tokio::test]
async fn what_people_typed_is_text() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/renew").await;
    let sent = browser.submit(&page, "/renew", &[("number", "\"><script>alert(1)</script>")]).await;
    sent.hides(&["<script>alert"]);
    let code = browser.get("/sign-in/code?request=%22%3E%3Cscript%3E&next=%2F%22%3E%3Cb%3E").await;
    code.hides(&["\"><script>", "\"><b>"]);
}
