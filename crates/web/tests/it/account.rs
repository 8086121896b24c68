//! The account in the portal: sessions, passwords, the contact number; and what a stranger learns of none of them.

use crate::world::World;
use crate::world::browser::{Browser, Client, Page};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::message::Address;
use everline_core::staff::Role;
use everline_core::time::{HOUR_US, MINUTE_US};

const NUMBER: &str = "13800138001";
const PASSWORD: &str = "four words nobody knows";
const ANDROID: &str =
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";

async fn linfang(world: &World) -> Browser {
    Browser::of(world, Principal::Customer(world.people.linfang)).await
}

/// Signs a browser in with a code.
async fn by_code(world: &World, browser: &mut Browser, number: &str) -> Page {
    let page = browser.get("/sign-in").await;
    let asked = browser.submit(&page, "/sign-in", &[("phone", number)]).await;
    let page = browser.get(asked.location()).await;
    let request = page.field("request");
    browser.submit(&page, "/sign-in/code", &[("request", &request), ("code", &world.outside.last_code())]).await
}

async fn by_password(browser: &mut Browser, number: &str, password: &str) -> Page {
    let page = browser.get("/sign-in/password").await;
    browser.submit(&page, "/sign-in/password", &[("phone", number), ("password", password)]).await
}

async fn sets_password(browser: &mut Browser, password: &str, others: bool) -> Page {
    let page = browser.get("/account/password").await;
    let end = if others { "end" } else { "" };
    browser.submit(&page, "/account/password", &[("password", password), ("others", end)]).await
}

fn number(to: &Address) -> String {
    match to {
        Address::Sms(number) => number.as_str().to_owned(),
        other => panic!("{other:?}"),
    }
}
fn told(world: &World, template: &str) -> Vec<String> {
    let messages = world.outside.messages.lock().unwrap();
    let mut told: Vec<_> = messages.iter().filter(|m| m.template == template).map(|m| number(&m.to)).collect();
    told.sort();
    told
}

#[tokio::test]
async fn an_account_shows_who_and_where_and_ends_sessions() {
    let world = World::new().await;
    let mut phone = Browser::new(&world.router).with("user-agent", ANDROID);
    by_code(&world, &mut phone, NUMBER).await;
    let mut other = linfang(&world).await;
    let mut third = linfang(&world).await;
    let page = phone.get("/account").await;
    page.says(&["林*", "138****8001", "Chrome · Android", "当前设备", "未知设备", "目前用验证码登录"]);
    page.hides(&[NUMBER, "林芳", &phone.token()]);
    assert_eq!(page.text.matches("/end\"").count(), 2, "its own session is not among those to end");

    let end = page.text.split("action=\"/account/sessions/").nth(1).unwrap().split("/end\"").next().unwrap().to_owned();
    let ended = phone.submit(&page, &format!("/account/sessions/{end}/end"), &[]).await;
    assert_eq!(ended.location(), "/account?done=session");
    assert_eq!(phone.submit(&page, &format!("/account/sessions/{end}/end"), &[]).await.status, StatusCode::NOT_FOUND);
    let gone = [other.get("/home").await.status, third.get("/home").await.status];
    assert_eq!(gone.iter().filter(|status| **status == StatusCode::SEE_OTHER).count(), 1, "one of them: {gone:?}");

    // Another customer names it too, and ends nothing.
    let mut stranger = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    let mine = stranger.get("/account").await;
    let theirs = phone.get("/account").await;
    let left = theirs.text.split("action=\"/account/sessions/").nth(1).unwrap().split("/end\"").next().unwrap();
    let refused = stranger.submit(&mine, &format!("/account/sessions/{left}/end"), &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);

    let ended = phone.submit(&page, "/account/sessions/end-others", &[]).await;
    assert_eq!(ended.location(), "/account?done=others");
    for browser in [&mut other, &mut third] {
        assert_eq!(browser.get("/home").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(stranger.get("/home").await.status, StatusCode::OK, "nobody else is signed out");
    phone.get("/account").await.hides(&["未知设备", "退出其他所有设备"]);
}

#[tokio::test]
async fn the_language_is_kept_and_nothing_else_a_form_brings() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    let page = browser.get("/account").await;
    let fields =
        [("language", "en"), ("name", "Nobody"), ("identity", "none"), ("contact", "13000000000"), ("kind", "house")];
    let saved = browser.submit(&page, "/account/language", &fields).await;
    assert_eq!(saved.location(), "/account?done=language&lang=en");
    browser.get(saved.location()).await.says(&["My account", "Saved.", "138****8001", "林*"]);
    let profile = everline_app::profile::profile(&world.app, world.people.linfang).await.unwrap();
    assert_eq!((profile.language.as_str(), profile.name.as_str()), ("en", "林芳"));
    assert_eq!(profile.identity, everline_core::customer::Identity::Verified);
    assert_eq!(profile.contact.unwrap().as_str(), NUMBER);
    let page = browser.get("/account").await;
    let unknown = browser.submit(&page, "/account/language", &[("language", "tlh")]).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut client = Client::new(&world.router, None);
    let more = client.post("/api/v1/sign-in/password", r#"{"phone":"1","password":"1","customer":"x"}"#).await;
    assert_eq!((more.status, more.json()["field"].as_str()), (StatusCode::BAD_REQUEST, Some("customer")));
}

#[tokio::test]
async fn a_password_is_set_told_and_signs_in() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    for (password, says) in [("short", "至少 10 个字符"), ("password123", "太常见"), (NUMBER, "太常见"), ("", "太短")]
    {
        let answer = sets_password(&mut browser, password, true).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{password}");
        answer.says(&[says, "aria-invalid=\"true\""]);
    }
    let mut other = linfang(&world).await;
    let before = browser.token();
    let set = sets_password(&mut browser, PASSWORD, true).await;
    assert_eq!(set.location(), "/account?done=password");
    assert_ne!(browser.token(), before, "a new token");
    let mut old = Browser::new(&world.router).with_token(&before);
    assert_eq!(old.get("/home").await.status, StatusCode::SEE_OTHER, "the former token is worth nothing");
    assert_eq!(other.get("/home").await.status, StatusCode::SEE_OTHER, "others were to end");
    world.settle().await;
    assert_eq!(told(&world, "password_set"), [NUMBER]);
    browser.get("/account").await.says(&["设置了登录密码", "设置"]);

    let mut fresh = Browser::new(&world.router);
    let wrong = by_password(&mut fresh, NUMBER, "four words somebody knows").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["手机号和密码不匹配"]).hides(&["four words"]);
    assert_eq!(by_password(&mut fresh, "138-0013 8001", PASSWORD).await.location(), "/home");
    fresh.get("/home").await.says(&["林芳"]);

    sets_password(&mut fresh, "another four words here", false).await;
    world.settle().await;
    assert_eq!(told(&world, "password_changed"), [NUMBER]);
    assert_eq!(browser.get("/home").await.status, StatusCode::OK, "others were to stay");
    assert_eq!(by_password(&mut Browser::new(&world.router), NUMBER, PASSWORD).await.status, 422);

    let mut client = Client::new(&world.router, None);
    let body = format!(r#"{{"phone":"{NUMBER}","password":"another four words here"}}"#);
    let token = client.post("/api/v1/sign-in/password", &body).await.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(Client::new(&world.router, Some(&token)).get("/api/v1/home").await.status, StatusCode::OK);
    browser.get("/account").await.says(&["程序"]);
}

/// A page without what differs from one to the next by chance.
fn stripped(page: &Page) -> (StatusCode, String) {
    let secret = page.field("_csrf");
    (page.status, if secret.is_empty() { page.text.clone() } else { page.text.replace(&secret, "") })
}

#[tokio::test]
async fn nobody_learns_whether_a_number_has_an_account_or_a_password() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    sets_password(&mut owner, PASSWORD, false).await;
    // With a password, with none, unknown, and given up.
    let numbers = [NUMBER, "13700137002", "13099999999"];
    let mut pages = Vec::new();
    let mut answers = Vec::new();
    for number in numbers {
        let mut browser = Browser::new(&world.router);
        let page = by_password(&mut browser, number, "not the password").await;
        pages.push((page.status, stripped(&page).1.replace(number, "")));
        let mut client = Client::new(&world.router, None);
        let body = format!(r#"{{"phone":"{number}","password":"not the password"}}"#);
        let answer = client.post("/api/v1/sign-in/password", &body).await;
        answers.push((answer.status, answer.text));
        let page = browser.get("/sign-in/forgotten").await;
        let asked = browser.submit(&page, "/sign-in", &[("phone", number), ("next", &page.field("next"))]).await;
        let code = browser.get(asked.location()).await;
        let request = code.field("request");
        pages.push((asked.status, stripped(&code).1.replace(&request, "")));
    }
    assert_eq!((&pages[0], &pages[1]), (&pages[2], &pages[3]));
    assert_eq!((&pages[0], &pages[1]), (&pages[4], &pages[5]));
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // They are counted alike, too.
    for number in numbers {
        let mut last = StatusCode::OK;
        for _ in 0..9 {
            last = by_password(&mut Browser::new(&world.router), number, "not the password").await.status;
            world.app.clock.pass_us(MINUTE_US);
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "{number}");
    }
    // Who knows it has to wait as well; a code still opens.
    assert_eq!(by_password(&mut Browser::new(&world.router), NUMBER, PASSWORD).await.status, 429);
    world.app.clock.pass_us(HOUR_US);
    assert_eq!(by_password(&mut Browser::new(&world.router), NUMBER, PASSWORD).await.location(), "/home");
}

#[tokio::test]
async fn one_address_tries_passwords_of_many_numbers_slowly() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    for n in 0..20 {
        let number = format!("130000001{n:02}");
        assert_eq!(by_password(&mut browser, &number, "not the password").await.status, 422, "{n}");
    }
    assert_eq!(by_password(&mut browser, "13000000199", "not the password").await.status, 429);
}

#[tokio::test]
async fn a_change_asks_again_who_it_is_and_the_token_changes() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    world.pass(11 * MINUTE_US).await;
    for path in ["/account/password", "/account/contact"] {
        let sent = browser.get(path).await;
        assert_eq!(sent.location(), format!("/account/confirm?next=%2Faccount%2F{}", &path[9..]));
    }
    let page = browser.get("/account").await;
    let posted = browser.submit(&page, "/account/password", &[("password", PASSWORD)]).await;
    assert_eq!(posted.location(), "/account/confirm?next=%2Faccount%2Fpassword", "not by a form alone");

    let page = browser.get("/account/confirm?next=/account/password").await;
    page.says(&["138****8001"]).hides(&["当前密码", NUMBER]);
    let sent = browser.submit(&page, "/account/confirm/code", &[("next", "/account/password")]).await;
    let page = browser.get(sent.location()).await;
    let request = page.field("request");
    let code = world.outside.last_code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let fields = |code| [("request", request.as_str()), ("code", code), ("next", "/account/password")];
    browser.submit(&page, "/account/confirm", &fields(wrong)).await.says(&["还可以试 4 次"]);
    let before = browser.token();
    let proved = browser.submit(&page, "/account/confirm", &fields(&code)).await;
    assert_eq!(proved.location(), "/account/password");
    assert_ne!(browser.token(), before);
    let mut old = Browser::new(&world.router).with_token(&before);
    assert_eq!(old.get("/home").await.status, StatusCode::SEE_OTHER);
    assert_eq!(sets_password(&mut browser, PASSWORD, false).await.location(), "/account?done=password");

    world.pass(11 * MINUTE_US).await;
    let page = browser.get("/account/confirm?next=//evil.test").await;
    page.says(&["当前密码"]);
    assert_eq!(page.field("next"), "");
    let wrong = browser.submit(&page, "/account/confirm", &[("password", "not the password")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["密码不对"]);
    let proved = browser.submit(&page, "/account/confirm", &[("password", PASSWORD), ("next", "//evil.test")]).await;
    assert_eq!(proved.location(), "/account");
    assert_eq!(browser.get("/account/password").await.status, StatusCode::OK);
    // A password is not enough for another contact number, and is not offered for it.
    let sent = browser.get("/account/contact").await;
    browser.get(sent.location()).await.hides(&["当前密码"]);
}

#[tokio::test]
async fn a_form_that_was_sent_too_late_leads_back_to_its_page_over_the_proof_it_needs() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    sets_password(&mut browser, PASSWORD, false).await;
    let page = browser.get("/account").await;
    world.pass(11 * MINUTE_US).await;
    let line = format!("/lines/{}", world.people.watch);
    let (owner, give_up) = (format!("{line}/owner"), format!("{line}/give-up"));
    let (card, found) = (format!("{line}/card"), format!("{line}/found"));
    let request = "0".repeat(32);
    let (contact, mailbox) = ("/account/contact/code", "/account/mailbox/code");
    let with_request = [contact, mailbox].map(|path| format!("{path}?request={request}"));
    let code = [("request", request.as_str()), ("code", "123456")];
    let person =
        [("name", "林芳"), ("document_kind", "cn_id"), ("document_number", "11010519491231002X"), ("agree", "yes")];
    let iccid = [("iccid", "89860000000000000001"), ("secret", "1")];
    for (path, fields, back, password) in [
        ("/account/password", &[("password", "four other words here")][..], "/account/password", true),
        ("/account/identity", &person, "/account/identity/correct", true),
        (&card, &iccid, &found, true),
        (&found, &[], &found, true),
        (&owner, &[("contact", "13012345678"), ("agree", "yes")], &owner, false),
        (&give_up, &[("agree", "yes")], &give_up, false),
        ("/account/contact", &[("phone", "13012345678")], "/account/contact", false),
        (contact, &code, &with_request[0], false),
        ("/account/mailbox", &[("email", "lin@example.cn")], "/account/mailbox", false),
        (mailbox, &code, &with_request[1], false),
        ("/account/close", &[("agree", "yes")], "/account/close", false),
    ] {
        let sent = browser.submit(&page, path, fields).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{path}: {}", sent.text);
        let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
        assert_eq!(sent.location(), format!("/account/confirm?next={next}"), "{path}");
        let asks = browser.get(sent.location()).await;
        assert_eq!(asks.field("next").replace("&#38;", "&"), back, "{path}");
        assert_eq!(asks.text.contains("当前密码"), password, "{path}");
        // The page asks before anything is typed, too.
        assert_eq!(browser.get(back).await.location(), sent.location(), "{path}");
    }
}

#[tokio::test]
async fn what_is_typed_in_another_tab_is_still_sent_after_a_proof_and_not_after_signing_in() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let before = browser.get("/renew").await;
    by_code(&world, &mut browser, NUMBER).await;
    let stranger = browser.submit(&before, "/account/language", &[("language", "zh-CN")]).await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN, "a form from before signing in");
    sets_password(&mut browser, PASSWORD, false).await;
    let other_tab = browser.get(&format!("/lines/{}/settings", world.people.watch)).await;
    world.pass(11 * MINUTE_US).await;
    let (page, token) = (browser.get("/account/confirm").await, browser.token());
    let proved = browser.submit(&page, "/account/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(proved.location(), "/account");
    assert_ne!(browser.token(), token);
    let fields = [("name", "朵朵的手表"), ("device", "watch")];
    let sent = browser.submit(&other_tab, &format!("/lines/{}/settings", world.people.watch), &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    // In another session of the same owner it is a stranger's.
    let mut second = linfang(&world).await;
    let foreign = second.submit(&other_tab, "/account/language", &[("language", "zh-CN")]).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_stands_against_closing_leads_to_where_it_is_ended() {
    let world = World::new().await;
    world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let page = linfang(&world).await.get("/account/close").await;
    let links = |path: &str| page.text.matches(&format!("class=\"row\" href=\"{path}\"")).count();
    assert_eq!((links("/home"), links("/history")), (1, 1), "{}", page.text);
}

#[tokio::test]
async fn a_code_to_another_number_proves_nothing_here() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    world.pass(11 * MINUTE_US).await;
    let mut thief = Browser::new(&world.router);
    let page = thief.get("/sign-in").await;
    let asked = thief.submit(&page, "/sign-in", &[("phone", "13099999999")]).await;
    let request = thief.get(asked.location()).await.field("request");
    let code = world.outside.last_code();
    let page = browser.get("/account/confirm").await;
    let refused = browser.submit(&page, "/account/confirm", &[("request", &request), ("code", &code)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["验证码已失效"]);
    assert_eq!(browser.get("/account/password").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_planted_token_is_not_taken_over() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router).with_token("planted");
    by_code(&world, &mut browser, NUMBER).await;
    let first = browser.token();
    assert!(first != "planted" && first.len() == 64);
    // A valid token of somebody else's is ended, not taken over.
    let mut shared = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    let theirs = shared.token();
    by_code(&world, &mut shared, NUMBER).await;
    assert_ne!(shared.token(), theirs);
    let mut planted = Browser::new(&world.router).with_token(&theirs);
    assert_eq!(planted.get("/home").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_code() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    sets_password(&mut owner, PASSWORD, false).await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/sign-in/forgotten").await;
    page.says(&["忘记密码"]);
    let asked = browser.submit(&page, "/sign-in", &[("phone", NUMBER), ("next", &page.field("next"))]).await;
    let page = browser.get(asked.location()).await;
    let (request, next) = (page.field("request"), page.field("next"));
    let fields = [("request", request.as_str()), ("code", &world.outside.last_code()), ("next", &next)];
    let entered = browser.submit(&page, "/sign-in/code", &fields).await;
    assert_eq!(entered.location(), "/account/password");
    browser.get("/account/password").await.says(&["退出其他所有设备", "value=\"end\" checked"]);
    let set = sets_password(&mut browser, "a whole new sentence", true).await;
    assert_eq!(set.location(), "/account?done=password");
    assert_eq!(owner.get("/home").await.status, StatusCode::SEE_OTHER, "others are out");
    world.settle().await;
    assert_eq!(told(&world, "password_changed"), [NUMBER]);
    assert_eq!(by_password(&mut Browser::new(&world.router), NUMBER, PASSWORD).await.status, 422);
}

#[tokio::test]
async fn for_a_day_after_the_sim_was_replaced_a_code_changes_nothing() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    sets_password(&mut owner, PASSWORD, false).await;
    let line = (world.people.linfang, world.people.phone);
    everline_app::sim_replaced::sim_replaced(&world.app, line.0, line.1).await.unwrap();
    world.settle().await;
    assert_eq!(told(&world, "sim_replaced"), [NUMBER]);
    let mut thief = Browser::new(&world.router);
    by_code(&world, &mut thief, NUMBER).await;
    assert_eq!(thief.get("/home").await.status, StatusCode::OK, "they see and renew");
    for path in ["/account/password", "/account/contact"] {
        let held = thief.get(path).await;
        assert_eq!(held.status, StatusCode::FORBIDDEN, "{path}");
        held.says(&["换过卡"]);
    }
    let page = thief.get("/account").await;
    let fields = [("password", "a whole new sentence"), ("others", "end")];
    assert_eq!(thief.submit(&page, "/account/password", &fields).await.status, StatusCode::FORBIDDEN);
    // Who knows the password goes on.
    let mut knows = Browser::new(&world.router);
    assert_eq!(by_password(&mut knows, NUMBER, PASSWORD).await.location(), "/home");
    assert_eq!(knows.get("/account/password").await.status, StatusCode::OK);
    world.pass(24 * HOUR_US).await;
    by_code(&world, &mut thief, NUMBER).await;
    assert_eq!(thief.get("/account/password").await.status, StatusCode::OK, "a day later it is their number");
}

#[tokio::test]
async fn another_contact_number_is_proved_and_the_old_one_told() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    let page = browser.get("/account/contact").await;
    page.says(&["138****8001"]);
    for (phone, says) in [("12", "这不像一个手机号"), (NUMBER, "已经是您的联系号码")] {
        browser.submit(&page, "/account/contact", &[("phone", phone)]).await.says(&[says]);
    }
    // A number of somebody else's account: who holds it is told, and nobody else.
    let sent = browser.submit(&page, "/account/contact", &[("phone", "13700137002")]).await;
    let code_page = browser.get(sent.location()).await;
    let request = code_page.field("request");
    let code = world.outside.last_code();
    let taken = browser.submit(&code_page, "/account/contact/code", &[("request", &request), ("code", &code)]).await;
    taken.says(&["属于另一个账户"]);

    let sent = browser.submit(&page, "/account/contact", &[("phone", "130 1234 5678")]).await;
    let code_page = browser.get(sent.location()).await;
    let request = code_page.field("request");
    let code = world.outside.last_code();
    let before = browser.token();
    let changed = browser.submit(&code_page, "/account/contact/code", &[("request", &request), ("code", &code)]).await;
    assert_eq!(changed.location(), "/account?done=contact");
    assert_ne!(browser.token(), before);
    browser.get("/account").await.says(&["130****5678", "更换了联系号码"]);
    world.settle().await;
    assert_eq!(told(&world, "contact_changed"), ["13012345678", NUMBER]);
    // The new number signs in to the same account; the old one is nobody's.
    let mut fresh = Browser::new(&world.router);
    by_code(&world, &mut fresh, "13012345678").await;
    fresh.get("/home").await.says(&["林芳"]);
    let mut old = Browser::new(&world.router);
    by_code(&world, &mut old, NUMBER).await;
    old.get("/home").await.hides(&["林芳"]);
}

/// Asks to be let in, up to the page after it.
async fn asks(world: &World, of: &str, contact: &str) -> (Page, Page) {
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/recover").await;
    let fields = [("of", of), ("contact", contact), ("reason", "手机丢了，号码已注销")];
    let sent = browser.submit(&page, "/recover", &fields).await;
    let page = browser.get(sent.location()).await;
    let (request, step) = (page.field("request"), page.field("step"));
    let code = world.outside.last_code();
    let asked =
        browser.submit(&page, "/recover/code", &[("request", &request), ("step", &step), ("code", &code)]).await;
    assert_eq!(asked.location(), "/recover/asked", "{}", asked.text);
    let mut first = page;
    first.text = stripped(&first).1.replace(&request, "").replace(&step, "");
    (first, browser.get("/recover/asked").await)
}

fn stop_link(world: &World) -> String {
    let messages = world.outside.messages.lock().unwrap();
    let asked = messages.iter().rfind(|m| m.template == "recovery_asked").unwrap();
    asked.parameters.iter().find(|(name, _)| *name == "path").unwrap().1.clone()
}

#[tokio::test]
async fn people_let_somebody_in_after_two_days_and_not_before() {
    let world = World::new().await;
    let operator = Principal::Staff(world.member(Role::Operator).await);
    let mut owner = linfang(&world).await;
    sets_password(&mut owner, PASSWORD, false).await;
    let known = asks(&world, NUMBER, "13012345678").await;
    let unknown = asks(&world, "13099999999", "13012345679").await;
    assert_eq!((&known.0.text, &known.1.text.len()), (&unknown.0.text, &unknown.1.text.len()));
    world.settle().await;
    assert_eq!(told(&world, "recovery_asked"), [NUMBER]);

    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk").await.says(&["1 个恢复账户的申请"]);
    let seen = agent.get("/desk/recovery").await;
    seen.says(&["林*", "138****8001", "130****5678", "手机丢了"]).hides(&["林芳", NUMBER, "13012345678", "<textarea"]);
    let mut desk = Browser::of(&world, operator).await;
    let page = desk.get("/desk/recovery").await;
    page.says(&["13012345678"]).hides(&["value=\"complete\""]);
    let action = page.text.split("action=\"/desk/recovery/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let action = format!("/desk/recovery/{action}");
    let complete = [("verdict", "complete"), ("note", "called, knows the last three receipts")];
    let early = desk.submit(&page, &action, &complete).await;
    assert_eq!(early.status, StatusCode::CONFLICT);
    early.says(&["未到处理时间"]);

    world.pass(48 * HOUR_US).await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let mut desk = Browser::of(&world, operator).await;
    let seen = agent.get("/desk/recovery").await;
    let agents = agent.submit(&seen, &action, &complete).await;
    assert_eq!(agents.status, StatusCode::FORBIDDEN, "an agent does not decide");
    let page = desk.get("/desk/recovery").await;
    page.says(&["value=\"complete\""]);
    desk.submit(&page, &action, &[("verdict", "complete"), ("note", " ")]).await.says(&["说明依据"]);
    assert_eq!(desk.submit(&page, &action, &complete).await.location(), "/desk/recovery");
    desk.submit(&page, &action, &[("verdict", "refuse"), ("note", "x")]).await.says(&["已经结束"]);
    world.settle().await;
    assert_eq!(told(&world, "recovery_done"), ["13012345678", NUMBER]);
    assert_eq!(owner.get("/home").await.status, StatusCode::SEE_OTHER, "who was in is out");
    assert_eq!(by_password(&mut Browser::new(&world.router), NUMBER, PASSWORD).await.status, 422);
    let mut fresh = Browser::new(&world.router);
    by_code(&world, &mut fresh, "13012345678").await;
    fresh.get("/home").await.says(&["林芳"]);
    fresh.get("/account").await.says(&["经客服核实恢复", "目前用验证码登录"]);
}

#[tokio::test]
async fn the_owner_stops_a_request_by_the_link_or_by_signing_in() {
    let world = World::new().await;
    asks(&world, NUMBER, "13012345678").await;
    world.settle().await;
    let link = stop_link(&world);
    let mut anyone = Browser::new(&world.router);
    let page = anyone.get(&link).await;
    page.says(&["阻止这个申请"]);
    anyone.get(&link).await.says(&["阻止这个申请"]);
    let changed = format!("{}A", &link[..link.len() - 1]);
    assert_eq!(anyone.submit(&page, &changed, &[]).await.status, StatusCode::NOT_FOUND, "another link");
    for _ in 0..2 {
        anyone.submit(&page, &link, &[]).await.says(&["申请已被阻止"]).hides(&["阻止这个申请"]);
    }
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk/recovery").await.says(&["没有申请"]);

    asks(&world, NUMBER, "13012345678").await;
    world.settle().await;
    by_code(&world, &mut Browser::new(&world.router), NUMBER).await;
    agent.get("/desk/recovery").await.says(&["没有申请"]);
    anyone.get(&stop_link(&world)).await.says(&["申请已被阻止"]);
    world.pass(48 * HOUR_US).await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk/recovery").await.says(&["没有申请"]);
}

#[tokio::test]
async fn a_request_needs_a_code_and_words() {
    let world = World::new().await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/recover").await;
    for (of, contact, reason, says) in [
        ("12", "13012345678", "lost", "这不像一个手机号"),
        (NUMBER, "12", "lost", "这不像一个手机号"),
        (NUMBER, "13012345678", "", "1 到 500 个字"),
        (NUMBER, "13012345678", &"x".repeat(501), "1 到 500 个字"),
    ] {
        let answer = browser.submit(&page, "/recover", &[("of", of), ("contact", contact), ("reason", reason)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(&[says, "aria-invalid=\"true\""]);
    }
    let fields = [("of", NUMBER), ("contact", "13012345678"), ("reason", "lost")];
    let sent = browser.submit(&page, "/recover", &fields).await;
    let page = browser.get(sent.location()).await;
    let (request, step) = (page.field("request"), page.field("step"));
    let wrong = if world.outside.last_code() == "000000" { "000001" } else { "000000" };
    let fields = [("request", request.as_str()), ("step", &step), ("code", wrong)];
    browser.submit(&page, "/recover/code", &fields).await.says(&["还可以试 4 次"]);
    world.settle().await;
    assert!(told(&world, "recovery_asked").is_empty());
}

#[tokio::test]
async fn ones_own_data_is_a_file_for_whoever_is_proved() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    let page = browser.get("/account/data").await;
    let file = browser.submit(&page, "/account/data", &[("customer", &world.people.wangqiang.to_string())]).await;
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"everline-2026-11-22.json\"");
    assert_eq!(file.json()["customer"], world.people.linfang.to_string());
    file.says(&["13800138001", "林芳"]).hides(&["王强"]);
    world.pass(11 * MINUTE_US).await;
    assert_eq!(browser.submit(&page, "/account/data", &[]).await.location(), "/account/confirm?next=%2Faccount%2Fdata");
    let mut more = Vec::new();
    for _ in 0..4 {
        let mut fresh = linfang(&world).await;
        let page = fresh.get("/account/data").await;
        more.push(fresh.submit(&page, "/account/data", &[]).await.status.as_u16());
    }
    assert_eq!(more.last(), Some(&429), "not without end: {more:?}");
}
