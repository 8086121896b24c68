//! Passkeys on a site that has TLS, with an authenticator made of software: added, used alone and as a second factor,
//! removed; and what is not believed.

use crate::world::World;
use crate::world::authenticator::Authenticator;
use crate::world::browser::{Browser, Client, Page};
use axum::http::StatusCode;
use everline_app::account as app;
use everline_app::sign_in::{Principal, session};
use everline_core::time::{HOUR_US, MINUTE_US};
use serde_json::Value;

const SITE: &str = "https://portal.test";
const NUMBER: &str = "13800138001";
const COOKIE: &str = "__Host-everline";

struct Site {
    world: World,
    router: axum::Router,
}

impl Site {
    async fn new() -> Self {
        let world = World::new().await;
        Self { router: world.router_with(|_| {}), world }
    }
    fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }
    async fn of(&self, principal: Principal) -> Browser {
        let mut browser = self.browser();
        browser.cookies.insert(COOKIE.to_owned(), self.world.session(principal).await.token);
        browser
    }
    async fn linfang(&self) -> Browser {
        self.of(Principal::Customer(self.world.people.linfang)).await
    }
    /// Sends the number and the right code.
    async fn by_code(&self, browser: &mut Browser, next: &str) -> Page {
        let page = browser.get("/sign-in").await;
        let asked = browser.submit(&page, "/sign-in", &[("phone", NUMBER), ("next", next)]).await;
        let page = browser.get(asked.location()).await;
        let (request, code) = (page.field("request"), self.world.outside.last_code());
        browser.submit(&page, "/sign-in/code", &[("request", &request), ("code", &code), ("next", next)]).await
    }
}

/// A challenge: what the browser is given, and the step it belongs to.
async fn ask(browser: &mut Browser, from: &str, path: &str) -> (Value, String) {
    let page = browser.get(from).await;
    let asked = browser.submit(&page, path, &[]).await;
    assert_eq!(asked.status, StatusCode::OK, "{path}: {}", asked.text);
    let json = asked.json();
    (json["options"].clone(), json["step"].as_str().unwrap().to_owned())
}

async fn adds(browser: &mut Browser, key: &mut Authenticator, name: &str) -> Page {
    let (options, step) = ask(browser, "/account/passkeys", "/account/passkeys/ask").await;
    let answer = key.make(&options);
    let page = browser.get("/account/passkeys").await;
    browser.submit(&page, "/account/passkeys", &[("name", name), ("step", &step), ("answer", &answer)]).await
}

async fn enters(browser: &mut Browser, key: &mut Authenticator) -> Page {
    let (options, step) = ask(browser, "/sign-in", "/sign-in/passkey/ask").await;
    let answer = key.sign(&options);
    let page = browser.get("/sign-in").await;
    browser.submit(&page, "/sign-in/passkey", &[("step", &step), ("answer", &answer)]).await
}

async fn second(browser: &mut Browser, key: &mut Authenticator, next: &str) -> Page {
    let (options, step) = ask(browser, "/sign-in/second", "/sign-in/second/ask").await;
    let answer = key.sign(&options);
    let page = browser.get("/sign-in/second").await;
    browser.submit(&page, "/sign-in/second", &[("step", &step), ("answer", &answer), ("next", next)]).await
}

async fn switches(browser: &mut Browser, ask: &str) -> Page {
    let page = browser.get("/account/passkeys").await;
    browser.submit(&page, "/account/passkeys/second-factor", &[("ask", ask)]).await
}

#[tokio::test]
async fn a_passkey_is_added_told_and_signs_in_without_a_number() {
    let site = Site::new().await;
    let (mut browser, mut key) = (site.linfang().await, Authenticator::new(SITE));
    browser.get("/sign-in").await.says(&["data-passkey=\"get\"", "passkeys.js"]);
    let before = browser.cookies[COOKIE].clone();
    let added = adds(&mut browser, &mut key, "我的电话").await;
    assert_eq!(added.location(), "/account/passkeys", "{}", added.text);
    assert_ne!(browser.cookies[COOKIE], before, "a new token");
    browser.get("/account/passkeys").await.says(&["我的电话", "尚未使用"]);
    site.world.settle().await;
    let told = site.world.outside.messages.lock().unwrap().iter().any(|m| m.template == "passkey_added");
    assert!(told);

    let mut fresh = site.browser();
    assert_eq!(enters(&mut fresh, &mut key).await.location(), "/home");
    fresh.get("/home").await.says(&["林芳"]);
    // What a passkey proves is fresh for everything.
    assert_eq!(fresh.get("/account/contact").await.status, StatusCode::OK);
    fresh.get("/account/passkeys").await.says(&["上次使用"]);

    // Once more on the same authenticator, under another name: it has one of theirs.
    let (options, _) = ask(&mut fresh, "/account/passkeys", "/account/passkeys/ask").await;
    assert_eq!(options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 1);
    let page = fresh.get("/account/passkeys").await;
    let remove = page.text.split("action=\"/account/passkeys/").nth(1).unwrap();
    let remove = format!("/account/passkeys/{}", remove.split('"').next().unwrap());
    assert_eq!(fresh.submit(&page, &remove, &[]).await.location(), "/account/passkeys");
    let refused = enters(&mut site.browser(), &mut key).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "it was removed");
    refused.says(&["没有对应的账户"]);
}

#[tokio::test]
async fn what_is_not_signed_for_this_site_challenge_and_owner_is_not_believed() {
    let site = Site::new().await;
    let (mut browser, mut key) = (site.linfang().await, Authenticator::new(SITE));
    for spoil in ["origin", "owner's check", "challenge"] {
        let mut bad = Authenticator::new(if spoil == "origin" { "https://portal.test.evil.test" } else { SITE });
        bad.verifies = spoil != "owner's check";
        let (mut options, step) = ask(&mut browser, "/account/passkeys", "/account/passkeys/ask").await;
        if spoil == "challenge" {
            options = ask(&mut browser, "/account/passkeys", "/account/passkeys/ask").await.0;
        }
        let answer = bad.make(&options);
        let page = browser.get("/account/passkeys").await;
        let fields = [("name", "x"), ("step", step.as_str()), ("answer", &answer)];
        let added = browser.submit(&page, "/account/passkeys", &fields).await;
        assert_eq!(added.status, StatusCode::UNPROCESSABLE_ENTITY, "{spoil}");
    }
    adds(&mut browser, &mut key, "key").await;
    let wang = site.world.people.wangqiang;
    for spoil in ["origin", "owner's check", "challenge", "owner", "signature", "twice"] {
        let mut fresh = site.browser();
        let (mut options, step) = ask(&mut fresh, "/sign-in", "/sign-in/passkey/ask").await;
        match spoil {
            "origin" => "https://evil.test".clone_into(&mut key.origin),
            "owner's check" => key.verifies = false,
            "challenge" => options = ask(&mut fresh, "/sign-in", "/sign-in/passkey/ask").await.0,
            "owner" => key.pretend(wang.bytes()),
            _ => {}
        }
        let mut answer = key.sign(&options);
        if spoil == "signature" {
            answer = answer.replace("\"signature\":\"ME", "\"signature\":\"MF");
        }
        let page = fresh.get("/sign-in").await;
        let fields = [("step", step.as_str()), ("answer", answer.as_str())];
        if spoil == "twice" {
            assert_eq!(fresh.submit(&page, "/sign-in/passkey", &fields).await.location(), "/home");
            fresh = site.browser();
            let page = fresh.get("/sign-in").await;
            assert_eq!(fresh.submit(&page, "/sign-in/passkey", &fields).await.status, 422, "{spoil}");
            continue;
        }
        assert_eq!(fresh.submit(&page, "/sign-in/passkey", &fields).await.status, 422, "{spoil}");
        assert_eq!(fresh.get("/home").await.status, StatusCode::SEE_OTHER, "{spoil}");
        SITE.clone_into(&mut key.origin);
        key.verifies = true;
        key.pretend(site.world.people.linfang.bytes());
    }
    // A challenge waits for minutes, not for hours.
    let mut fresh = site.browser();
    let (options, step) = ask(&mut fresh, "/sign-in", "/sign-in/passkey/ask").await;
    let answer = key.sign(&options);
    site.world.app.clock.pass_us(6 * MINUTE_US);
    let page = fresh.get("/sign-in").await;
    let late = fresh.submit(&page, "/sign-in/passkey", &[("step", &step), ("answer", &answer)]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_second_factor_stands_between_a_code_and_the_account() {
    let site = Site::new().await;
    let mut browser = site.linfang().await;
    let none = switches(&mut browser, "on").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    none.says(&["请先添加一个通行密钥"]);
    let (mut key, mut other) = (Authenticator::new(SITE), Authenticator::new(SITE));
    adds(&mut browser, &mut key, "key").await;
    assert_eq!(switches(&mut browser, "on").await.location(), "/account/passkeys");

    // Neither a code nor a password is enough, whatever way they come.
    let mut thief = site.browser();
    let entered = site.by_code(&mut thief, "/account/password").await;
    assert_eq!(entered.location(), "/sign-in/second?next=%2Faccount%2Fpassword");
    assert!(!thief.cookies.contains_key(COOKIE), "no session yet");
    for path in ["/home", "/account", "/account/password"] {
        assert!(thief.get(path).await.location().starts_with("/sign-in?next="), "{path}");
    }
    let page = thief.get("/sign-in/second").await;
    page.says(&["data-ask=\"/sign-in/second/ask\""]).hides(&["林", "138"]);
    // With somebody else's key: it is not among theirs.
    let mut wang = site.of(Principal::Customer(site.world.people.wangqiang)).await;
    adds(&mut wang, &mut other, "wang's").await;
    assert_eq!(second(&mut thief, &mut other, "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    // With the answer to another step.
    let (options, step) = ask(&mut thief, "/sign-in", "/sign-in/passkey/ask").await;
    let answer = other.sign(&options);
    let page = thief.get("/sign-in/second").await;
    let mixed = thief.submit(&page, "/sign-in/second", &[("step", &step), ("answer", &answer)]).await;
    assert_eq!(mixed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!thief.cookies.contains_key(COOKIE));

    let mut owner = site.browser();
    site.by_code(&mut owner, "/account").await;
    assert_eq!(second(&mut owner, &mut key, "/account").await.location(), "/account");
    assert!(owner.get("/account").await.status.is_success());
    assert!(owner.get("/sign-in/second").await.location().starts_with("/sign-in"), "the step was taken");

    // The API says so, and gives no token.
    let mut client = Client::new(&site.router, None);
    let asked = client.post("/api/v1/sign-in/code", &format!(r#"{{"phone":"{NUMBER}"}}"#)).await.json();
    let code = site.world.outside.last_code();
    let body = format!(r#"{{"request_id":{},"code":"{code}"}}"#, asked["request_id"]);
    let answer = client.post("/api/v1/sign-in", &body).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.json()["type"], "/api#problem-second-factor");

    // A session from before, proved by a code, changes nothing more either.
    let mut before = site.linfang().await;
    let sent = before.get("/account/password").await;
    assert!(sent.location().starts_with("/account/confirm"));
    let page = before.get(sent.location()).await;
    page.says(&["data-ask=\"/account/confirm/ask\""]).hides(&["获取验证码", "当前密码"]);
    let refused = before.submit(&page, "/account/confirm", &[("password", "anything")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let who = session(&site.world.app, &before.cookies[COOKIE]).await.unwrap().unwrap();
    let request = app::request_own_code(&site.world.app, &who).await.unwrap().to_string();
    let code = site.world.outside.last_code();
    before.submit(&page, "/account/confirm", &[("request", &request), ("code", &code)]).await;
    assert_eq!(before.get("/account/password").await.status, StatusCode::SEE_OTHER);
    let (options, step) = ask(&mut before, "/account/confirm", "/account/confirm/ask").await;
    let answer = key.sign(&options);
    let page = before.get("/account/confirm").await;
    let fields = [("step", step.as_str()), ("answer", &answer), ("next", "/account/password")];
    assert_eq!(before.submit(&page, "/account/confirm", &fields).await.location(), "/account/password");
    assert_eq!(before.get("/account/password").await.status, StatusCode::OK);

    // The last key stays while it is asked for.
    let page = before.get("/account/passkeys").await;
    let remove = page.text.split("action=\"/account/passkeys/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let last = before.submit(&page, &format!("/account/passkeys/{remove}"), &[]).await;
    last.says(&["最后一个通行密钥"]);
    assert_eq!(switches(&mut before, "off").await.location(), "/account/passkeys");
    assert_eq!(site.by_code(&mut site.browser(), "").await.location(), "/home");
}

#[tokio::test]
async fn a_first_factor_waits_for_minutes() {
    let site = Site::new().await;
    let (mut browser, mut key) = (site.linfang().await, Authenticator::new(SITE));
    adds(&mut browser, &mut key, "key").await;
    switches(&mut browser, "on").await;
    let mut slow = site.browser();
    site.by_code(&mut slow, "").await;
    assert_eq!(slow.get("/sign-in/second").await.status, StatusCode::OK);
    site.world.app.clock.pass_us(HOUR_US);
    assert!(slow.get("/sign-in/second").await.location().starts_with("/sign-in"));
}

#[tokio::test]
async fn another_customers_passkey_is_not_there() {
    let site = Site::new().await;
    let (mut browser, mut key) = (site.linfang().await, Authenticator::new(SITE));
    adds(&mut browser, &mut key, "key").await;
    let page = browser.get("/account/passkeys").await;
    let remove = page.text.split("action=\"/account/passkeys/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mut wang = site.of(Principal::Customer(site.world.people.wangqiang)).await;
    let page = wang.get("/account/passkeys").await;
    page.hides(&["移除"]);
    assert_eq!(wang.submit(&page, &format!("/account/passkeys/{remove}"), &[]).await.status, StatusCode::NOT_FOUND);
    // A challenge that was given to one is not answered by the other.
    let (options, step) = ask(&mut browser, "/account/passkeys", "/account/passkeys/ask").await;
    let answer = Authenticator::new(SITE).make(&options);
    let fields = [("name", "x"), ("step", step.as_str()), ("answer", &answer)];
    assert_eq!(wang.submit(&page, "/account/passkeys", &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut staff = site.of(Principal::Staff(site.world.people.hejing)).await;
    assert_eq!(staff.get("/account/passkeys").await.status, StatusCode::FORBIDDEN);
    assert!(site.browser().get("/account/passkeys").await.location().starts_with("/sign-in"));
}

#[tokio::test]
async fn names_and_numbers_of_passkeys_have_limits() {
    let site = Site::new().await;
    let mut browser = site.linfang().await;
    for name in ["", &"长".repeat(41)] {
        let added = adds(&mut browser, &mut Authenticator::new(SITE), name).await;
        assert_eq!(added.status, StatusCode::UNPROCESSABLE_ENTITY);
        added.says(&["1 到 40 个字"]);
    }
    let xss = "<img src=x onerror=alert(1)>";
    assert_eq!(adds(&mut browser, &mut Authenticator::new(SITE), xss).await.location(), "/account/passkeys");
    browser.get("/account/passkeys").await.hides(&[xss]);
    for n in 1..10 {
        site.world.app.clock.pass_us(MINUTE_US / 2);
        assert_eq!(adds(&mut browser, &mut Authenticator::new(SITE), &n.to_string()).await.status, 303, "{n}");
    }
    browser.get("/account/passkeys").await.hides(&["data-passkey=\"create\""]);
}

#[tokio::test]
async fn a_member_of_the_staff_has_a_passkey_as_second_factor() {
    let site = Site::new().await;
    let app = &site.world.app;
    let actor = everline_core::audit::Actor::CommandLine;
    let link = everline_app::staff::add(app, actor, "zhou.hang", "周航", "operator").await.unwrap();
    let password = "four words nobody knows";
    let from = everline_app::staff_sign_in::From { device: "", network: "" };
    everline_app::staff_sign_in::set_password(app, &link, password, from).await.unwrap().unwrap();
    let id = everline_app::staff::list(app).await.unwrap()[0].id;
    let (mut desk, mut key) = (site.of(Principal::Staff(id)).await, Authenticator::new(SITE));
    let (options, step) = ask(&mut desk, "/desk/me", "/desk/me/passkeys/ask").await;
    let answer = key.make(&options);
    let page = desk.get("/desk/me").await;
    let fields = [("name", "钥匙"), ("step", step.as_str()), ("answer", &answer)];
    assert_eq!(desk.submit(&page, "/desk/me/passkeys", &fields).await.location(), "/desk/me");
    let page = desk.get("/desk/me").await;
    page.says(&["钥匙"]);
    // It is the only second factor: it stays.
    let remove = page.text.split("action=\"/desk/me/passkeys/").find(|rest| rest.contains("/remove\"")).unwrap();
    let remove = format!("/desk/me/passkeys/{}", page_path(remove));
    desk.submit(&page, &remove, &[]).await.says(&["最后一个第二步验证方式"]);
    // The password leads to it, and it leads in.
    let mut fresh = site.browser();
    let page = fresh.get("/desk/sign-in").await;
    let entered = fresh.submit(&page, "/desk/sign-in", &[("login", "zhou.hang"), ("password", password)]).await;
    assert_eq!(entered.location(), "/desk/sign-in/second?next=");
    fresh.get("/desk/sign-in/second").await.says(&["data-passkey=\"get\""]);
    let mut stranger = Authenticator::new(SITE);
    let (options, step) = ask(&mut desk, "/desk/me", "/desk/me/passkeys/ask").await;
    let made = stranger.make(&options);
    let page = fresh.get("/desk/sign-in/second").await;
    let fields = [("step", step.as_str()), ("answer", made.as_str())];
    let refused = fresh.submit(&page, "/desk/sign-in/second/passkey", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "another challenge's answer");
    let (options, step) = ask(&mut fresh, "/desk/sign-in/second", "/desk/sign-in/second/ask").await;
    let answer = key.sign(&options);
    let fields = [("step", step.as_str()), ("answer", answer.as_str()), ("next", "/desk/me")];
    let page = fresh.get("/desk/sign-in/second").await;
    assert_eq!(fresh.submit(&page, "/desk/sign-in/second/passkey", &fields).await.location(), "/desk/me");
    fresh.get("/desk/me").await.says(&["用通行密钥登录"]);
    // Removed with the rest when an operator takes the second factor away.
    everline_app::staff::reset_second_factor(app, actor, "zhou.hang", None).await.unwrap();
    assert_eq!(fresh.get("/desk").await.status, StatusCode::SEE_OTHER);
    let page = fresh.get("/desk/sign-in").await;
    let entered = fresh.submit(&page, "/desk/sign-in", &[("login", "zhou.hang"), ("password", password)]).await;
    assert_eq!(entered.location(), "/desk/sign-in/set-up?next=");
}

fn page_path(rest: &str) -> &str {
    rest.split('"').next().unwrap()
}
