//! The pages on which an owner gives a mailbox and lets browsers get notices: what they ask for, show, refuse and say.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use everline_app::ports::Messengers;
use everline_app::sessions::open_session_on;
use everline_app::sign_in::Principal;
use everline_core::account::Proof;
use everline_core::message::Channel;
use everline_core::time::MINUTE_US;

const MAILBOX: &str = "fang@example.org";

async fn linfang(world: &World) -> Browser {
    let who = Principal::Customer(world.people.linfang);
    let signed_in = open_session_on(&world.app, who, "chrome android", Proof::Code).await.unwrap();
    Browser::new(&world.router).with_token(&signed_in.token)
}

/// Where messages of a template went.
fn told(world: &World, template: &str) -> Vec<String> {
    let messages = world.outside.messages.lock().unwrap();
    let mut to: Vec<_> = messages.iter().filter(|m| m.template == template).map(|m| m.to.to_string()).collect();
    to.sort();
    to
}

async fn asks(browser: &mut Browser, mailbox: &str) -> Page {
    let page = browser.get("/account/mailbox").await;
    browser.submit(&page, "/account/mailbox", &[("email", mailbox)]).await
}

/// Proves a mailbox by the code that went there.
async fn sets(world: &World, browser: &mut Browser, mailbox: &str) -> Page {
    let asked = asks(browser, mailbox).await;
    let page = browser.get(asked.location()).await;
    let (request, code) = (page.field("request"), world.outside.last_code_of("mailbox_code"));
    browser.submit(&page, "/account/mailbox/code", &[("request", &request), ("code", &code)]).await
}

#[tokio::test]
async fn a_mailbox_is_given_proved_changed_and_removed() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    browser.get("/account?lang=en").await.says(&["href=\"/account/mailbox\"", "None. We write there"]);
    for wrong in ["", "fang", "<script>alert(1)</script>@example.org", "\"><img src=x onerror=alert(1)>@example.org"] {
        let page = asks(&mut browser, wrong).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        page.says(&["no address of a mailbox"]).hides(&["<script>alert", "<img"]);
    }
    assert_eq!(told(&world, "mailbox_code"), Vec::<String>::new());
    let asked = asks(&mut browser, MAILBOX).await;
    let page = browser.get(asked.location()).await;
    let request = page.field("request");
    let wrong = browser.submit(&page, "/account/mailbox/code", &[("request", &request), ("code", "12")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    browser.get("/account").await.says(&["None. We write there"]);

    let before = browser.token();
    let set = sets(&world, &mut browser, MAILBOX).await;
    assert_eq!(set.location(), "/account?done=mailbox", "{}", set.text);
    assert_ne!(browser.token(), before, "a new token");
    browser.get("/account?done=mailbox").await.says(&[
        "Your mailbox is saved",
        "f***@example.org",
        "Mailbox for notices set",
    ]);
    browser.get("/account").await.hides(&[MAILBOX]);
    browser.get("/account/mailbox").await.says(&[MAILBOX, "Another mailbox instead"]);
    asks(&mut browser, MAILBOX).await.says(&["This is your mailbox already"]);
    world.settle().await;
    assert_eq!(told(&world, "mailbox_set"), ["13800138001", MAILBOX]);

    sets(&world, &mut browser, "lin@example.com").await;
    world.settle().await;
    assert!(told(&world, "mailbox_set").iter().filter(|to| *to == MAILBOX).count() == 2, "the former one too");
    let page = browser.get("/account/mailbox").await;
    page.hides(&[MAILBOX]);
    let removed = browser.submit(&page, "/account/mailbox/remove", &[]).await;
    assert_eq!(removed.location(), "/account?done=no-mailbox");
    world.settle().await;
    assert_eq!(told(&world, "mailbox_removed"), ["13800138001", "lin@example.com"]);
}

#[tokio::test]
async fn a_mailbox_asks_for_more_than_a_password_and_for_it_now() {
    let world = World::new().await;
    let who = Principal::Customer(world.people.linfang);
    let by_password = open_session_on(&world.app, who, "", Proof::Password).await.unwrap();
    let mut browser = Browser::new(&world.router).with_token(&by_password.token);
    let confirm = "/account/confirm?next=%2Faccount%2Fmailbox";
    assert_eq!(browser.get("/account/mailbox").await.location(), confirm);
    browser.get(confirm).await.hides(&["name=\"password\""]);
    let page = browser.get("/account/browsers").await;
    assert_eq!(page.status, StatusCode::OK, "a password is enough for a browser");
    let code = format!("mailbox%2Fcode%3Frequest%3D{}", "0".repeat(32));
    for (path, back) in [
        ("/account/mailbox", "mailbox"),
        ("/account/mailbox/code", code.as_str()),
        ("/account/mailbox/remove", "mailbox"),
    ] {
        let fields = [("email", MAILBOX), ("request", &"0".repeat(32)), ("code", "123456")];
        let refused = browser.submit(&page, path, &fields).await;
        assert_eq!(refused.location(), format!("/account/confirm?next=%2Faccount%2F{back}"), "{path}");
    }
    world.pass(11 * MINUTE_US).await;
    for path in ["/account/browsers", "/account/browsers/00000000000000000000000000000000/remove"] {
        let fields = [("endpoint", "https://push.test/1"), ("p256dh", &*"B".repeat(87)), ("auth", &*"a".repeat(22))];
        let refused = browser.submit(&page, path, &fields).await;
        assert_eq!(refused.location(), "/account/confirm?next=%2Faccount%2Fbrowsers", "{path}");
    }
    assert!(told(&world, "mailbox_code").is_empty());
}

async fn subscribes(browser: &mut Browser, endpoint: &str) -> Page {
    let page = browser.get("/account/browsers").await;
    let (p256dh, auth) = ("B".repeat(87), "a".repeat(22));
    let fields = [("endpoint", endpoint), ("p256dh", &*p256dh), ("auth", &*auth)];
    browser.submit(&page, "/account/browsers", &fields).await
}

#[tokio::test]
async fn browsers_get_notices_are_listed_and_turned_off() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    browser.get("/account?lang=en").await.says(&["href=\"/account/browsers\"", "Off in all browsers"]);
    let page = browser.get("/account/browsers").await;
    let key = format!("data-notices=\"{}\"", "B".repeat(87));
    page.says(&[&key, "/browsers.js", "data-without-notices"]).hides(&["htmx"]);
    let script = page.text.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_eq!(browser.get(&script).await.status, StatusCode::OK);

    let endpoint = "https://push.test/send/secret-of-this-browser";
    assert_eq!(subscribes(&mut browser, endpoint).await.location(), "/account/browsers");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, endpoint.as_bytes());
    let mark = format!("data-browser=\"{}\"", URL_SAFE_NO_PAD.encode(digest.as_ref()));
    let page = browser.get("/account/browsers").await;
    page.says(&["Chrome", "Android", &mark]).hides(&["secret-of-this-browser"]);
    world.settle().await;
    assert_eq!(told(&world, "browser_added").len(), 2, "the number, and the browser itself");
    browser.get("/account").await.says(&["On in 1 browser", "Notices turned on in a browser"]);

    // Another owner neither sees nor removes it.
    let mut other = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    let theirs = other.get("/account/browsers").await;
    theirs.hides(&["data-browser"]);
    let remove = page.text.split("action=\"/account/browsers/").nth(1).unwrap().split('"').next().unwrap();
    let remove = format!("/account/browsers/{remove}");
    assert_eq!(other.submit(&theirs, &remove, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.submit(&page, &remove, &[]).await.location(), "/account/browsers");
    browser.get("/account/browsers").await.hides(&["data-browser"]);
    world.settle().await;
    assert_eq!(told(&world, "browser_removed"), ["13800138001"]);
}

#[tokio::test]
async fn what_is_no_subscription_at_a_known_service_is_refused() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    browser.get("/account/browsers?lang=en").await;
    let long = format!("https://push.test/{}", "x".repeat(1_100));
    let spaced = "https://push.test/x y";
    for endpoint in ["", "http://push.test/1", "https://", "file:///etc/passwd", "javascript:alert(1)", &long, spaced] {
        let page = subscribes(&mut browser, endpoint).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{endpoint}");
        page.says(&["That did not work"]);
    }
    for endpoint in [
        "https://127.0.0.1/1",
        "https://[::1]/1",
        "https://169.254.169.254/latest",
        "https://localhost/1",
        "https://push.test.evil.test/1",
        "https://push.test@10.0.0.1/1",
        "https://push.test:8443/1",
    ] {
        let page = subscribes(&mut browser, endpoint).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{endpoint}");
        page.says(&["do not know this browser"]);
    }
    let page = browser.get("/account/browsers").await;
    page.hides(&["data-browser"]);
    let (short, auth) = ("B".repeat(86), "a".repeat(22));
    let fields = [("endpoint", "https://push.test/1"), ("p256dh", &*short), ("auth", &*auth)];
    let refused = browser.submit(&page, "/account/browsers", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for n in 1..=10 {
        let added = subscribes(&mut browser, &format!("https://push.test/{n}")).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{n}");
    }
    subscribes(&mut browser, "https://push.test/11").await.says(&["At most 10 browsers"]);
}

#[tokio::test]
async fn where_there_is_no_mail_and_no_push_there_are_no_pages_for_them() {
    let mut world = World::new().await;
    world.app.ports.messengers = Messengers::default().with(Channel::Sms, world.outside.clone());
    let router = world.router_with(|config| config.secure_cookies = false);
    let token = world.session(Principal::Customer(world.people.linfang)).await.token;
    let mut browser = Browser::new(&router);
    browser.cookies.insert("everline".to_owned(), token.clone());
    browser.cookies.insert("everline_demo".to_owned(), token);
    browser.get("/account").await.says(&["/account/contact"]).hides(&["/account/mailbox", "/account/browsers"]);
    for path in ["/account/mailbox", "/account/mailbox/code", "/account/browsers"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
