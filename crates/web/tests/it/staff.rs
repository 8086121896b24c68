//! How staff members come to the desk: a link, a password, a second factor, a session; and how others do not.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_app::staff;
use everline_app::{Problem, staff_sign_in, totp};
use everline_core::audit::Actor;
use everline_core::staff::Role;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_web::{ForwardHeader, Proxies};

const PASSWORD: &str = "four words nobody knows";

/// What a code generator shows now.
fn shown(world: &World, secret: &str) -> String {
    totp::shown(&totp::from_base32(secret).unwrap(), world.app.clock.now().system)
}

/// The secret on a page that sets a generator.
fn secret_of(page: &str) -> String {
    page.split("<dd class=\"code\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "")
}

/// A member whose password and code generator are set, signed in; with the generator's secret and the recovery codes.
async fn member(world: &World) -> (Browser, String, Vec<String>) {
    let token = staff::add(&world.app, Actor::CommandLine, "He.Jing", "何静", "agent").await.unwrap();
    let mut browser = Browser::new(&world.router);
    let path = format!("/desk/set-up/{token}");
    let page = browser.get(&path).await;
    page.says(&["he.jing", "至少 12 个字符"]);
    let set = browser.submit(&page, &path, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, "/desk/sign-in/set-up?next="), "{}", set.text);
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "the link is used up");
    assert_eq!(browser.get("/desk").await.location(), "/desk/sign-in?next=%2Fdesk", "not in with a password alone");
    let page = browser.get("/desk/sign-in/set-up").await;
    page.says(&["设置验证器", "otpauth://totp/", "issuer="]);
    let secret = secret_of(&page.text);
    let wrong = browser.submit(&page, "/desk/sign-in/set-up", &[("code", "000000")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(secret_of(&wrong.text), secret, "the same secret, after a slip");
    let done = browser.submit(&page, "/desk/sign-in/set-up", &[("code", &shown(world, &secret))]).await;
    done.says(&["您的恢复码"]);
    let codes: Vec<String> = done.text.split("<li class=\"code\">").skip(1).map(until_tag).collect();
    assert_eq!(codes.len(), 10);
    (browser, secret, codes)
}
fn until_tag(text: &str) -> String {
    text.split('<').next().unwrap().to_owned()
}

/// Past the password, to the second factor.
async fn to_second(world: &World) -> Browser {
    let mut browser = Browser::new(&world.router);
    assert_eq!(tries(&mut browser, "he.jing", PASSWORD).await.1, "/desk/sign-in/second?next=");
    browser
}
async fn second(browser: &mut Browser, code: &str) -> (StatusCode, String) {
    let page = browser.get("/desk/sign-in/second").await;
    let answer = browser.submit(&page, "/desk/sign-in/second", &[("code", code)]).await;
    (answer.status, answer.location().to_owned())
}

async fn tries(browser: &mut Browser, login: &str, password: &str) -> (StatusCode, String) {
    let page = browser.get("/desk/sign-in").await;
    let answer = browser.submit(&page, "/desk/sign-in", &[("login", login), ("password", password)]).await;
    (answer.status, answer.location().to_owned())
}

#[tokio::test]
async fn a_link_sets_the_password_and_password_and_code_open_the_desk() {
    let world = World::new().await;
    let (mut first, secret, _) = member(&world).await;
    first.get("/desk").await.says(&["何静", "客服"]);

    let mut other = Browser::new(&world.router);
    assert_eq!(other.get("/desk").await.location(), "/desk/sign-in?next=%2Fdesk");
    let page = other.get("/desk/sign-in?next=/desk/orders/1&lang=en").await;
    page.says(&["Staff sign-in", "autocomplete=\"current-password\""]);
    let fields = [("login", " HE.jing "), ("password", PASSWORD), ("next", "/desk/me")];
    let second = "/desk/sign-in/second";
    assert_eq!(other.submit(&page, "/desk/sign-in", &fields).await.location(), format!("{second}?next=%2Fdesk%2Fme"));
    assert_eq!(other.get("/desk").await.location(), "/desk/sign-in?next=%2Fdesk", "a password alone opens nothing");
    world.app.clock.pass_us(MINUTE_US);
    let page = other.get(&format!("{second}?next=/desk/me")).await;
    page.says(&["Second factor", "autocomplete=\"one-time-code\""]);
    let code = shown(&world, &secret);
    let fields = [("code", code.as_str()), ("next", "/desk/me")];
    assert_eq!(other.submit(&page, second, &fields).await.location(), "/desk/me");
    assert_eq!(other.get("/desk").await.status, StatusCode::OK);
    assert_eq!(other.get("/home").await.status, StatusCode::FORBIDDEN, "staff have no lines");

    // The page about it: who is signed in where, and what happened.
    other.get("/desk/me").await.says(&[
        "A code generator is set.",
        "10 recovery codes",
        "Signed in with a code",
        "/24",
    ]);
    let page = other.get("/desk/me").await;
    other.submit(&page, "/desk/me/sessions/end-others", &[]).await;
    assert_eq!(first.get("/desk").await.status, StatusCode::SEE_OTHER, "ended from elsewhere");

    world.pass(13 * HOUR_US).await;
    assert_eq!(other.get("/desk").await.location(), "/desk/sign-in?next=%2Fdesk", "a session lasts a shift");
}

#[tokio::test]
async fn a_code_signs_in_once_and_wrong_ones_are_slowed() {
    let world = World::new().await;
    let (_, secret, codes) = member(&world).await;
    let code = shown(&world, &secret);
    let mut browser = to_second(&world).await;
    assert_eq!(second(&mut browser, &code).await.0, StatusCode::UNPROCESSABLE_ENTITY, "used to set the generator");
    assert_eq!(second(&mut browser, "000000").await.0, StatusCode::UNPROCESSABLE_ENTITY);
    // A recovery code, however it is typed, once.
    let typed = codes[3].replace('-', " ").to_uppercase();
    assert_eq!(second(&mut browser, &typed).await.1, "/desk");
    let mut browser = to_second(&world).await;
    assert_eq!(second(&mut browser, &codes[3]).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let mut refused = 0;
    for _ in 0..10 {
        refused += u32::from(second(&mut browser, "000000").await.0 == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused >= 3, "ten tries an hour: {refused}");
    world.app.clock.pass_us(MINUTE_US);
    let status = second(&mut browser, &shown(&world, &secret)).await.0;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "not even the right one");
    world.app.clock.pass_us(HOUR_US);
    let mut browser = to_second(&world).await;
    assert_eq!(second(&mut browser, &shown(&world, &secret)).await.1, "/desk");
}

#[tokio::test]
async fn what_keeps_somebody_out_asks_to_sign_in_again_and_a_lost_factor_is_taken_away() {
    let world = World::new().await;
    let (mut browser, secret, _) = member(&world).await;
    world.app.clock.pass_us(11 * MINUTE_US);
    let page = browser.get("/desk/me").await;
    let made = browser.submit(&page, "/desk/me/codes", &[]).await;
    assert_eq!(made.location(), "/desk/sign-in?next=%2Fdesk%2Fme", "signed in too long ago");
    let mut browser = to_second(&world).await;
    assert_eq!(second(&mut browser, &shown(&world, &secret)).await.1, "/desk");
    let page = browser.get("/desk/me").await;
    browser.submit(&page, "/desk/me/codes", &[]).await.says(&["您的恢复码"]);
    assert_eq!(browser.submit(&page, "/desk/me/generator/new", &[]).await.location(), "/desk/me/generator");
    let page = browser.get("/desk/me/generator").await;
    let other = secret_of(&page.text);
    assert_ne!(other, secret);
    browser.submit(&page, "/desk/me/generator", &[("code", &shown(&world, &other))]).await.says(&["您的恢复码"]);
    browser.get("/desk").await.says(&["何静"]);
    // Lost: an operator takes it away, and a password leads to setting another.
    let mut operator = Browser::of(&world, Principal::Staff(world.member(Role::Operator).await)).await;
    let page = operator.get("/desk/staff").await;
    operator
        .submit(
            &page,
            "/desk/staff/change",
            &[("login", "he.jing"), ("do", "reset"), ("seen", &seen_on(&page, "he.jing")), ("reason", "手机丢失")],
        )
        .await;
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
    assert_eq!(tries(&mut browser, "he.jing", PASSWORD).await.1, "/desk/sign-in/set-up?next=");
    operator.get("/desk/audit?action=staff.second_factor_reset").await.says(&["staff.second_factor_reset", "周航"]);
}

/// How a page shows a member, as its form says it.
fn seen_on(page: &Page, login: &str) -> String {
    let form = page.text.split(&format!("name=\"login\" value=\"{login}\">")).nth(1).unwrap();
    form.split("name=\"seen\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn operators_manage_members_and_nobody_themselves() {
    let world = World::new().await;
    let (mut browser, ..) = member(&world).await;
    let page = browser.get("/desk").await;
    page.hides(&["/desk/staff", "/desk/audit"]);
    assert_eq!(browser.get("/desk/staff").await.status, StatusCode::FORBIDDEN);
    let mut operator = Browser::of(&world, Principal::Staff(world.member(Role::Operator).await)).await;
    operator.get("/desk").await.says(&["/desk/staff", "/desk/audit"]);
    let page = operator.get("/desk/staff?lang=en").await;
    page.says(&["he.jing", "Senior agent", "Can sign in"]);
    let new = [("login", "zhou.hang"), ("name", "周航"), ("role", "operator")];
    let added = operator.submit(&page, "/desk/staff", &new).await;
    let link = added.text.split("http://portal.test/desk/set-up/").nth(1).unwrap().split(['<', ' ']).next().unwrap();
    assert!(staff_sign_in::invited(&world.app, link).await.unwrap().is_some());
    operator.submit(&page, "/desk/staff", &new).await.says(&["Somebody has this login."]);
    operator
        .submit(&page, "/desk/staff/change", &[("login", "he.jing"), ("do", "role"), ("role", "finance")])
        .await
        .says(&["Please say why"]);
    let seen = seen_on(&page, "he.jing");
    let change = [("login", "he.jing"), ("do", "role"), ("role", "finance"), ("seen", &seen), ("reason", "转岗")];
    operator.submit(&page, "/desk/staff/change", &change).await;
    let stale = operator.submit(&page, "/desk/staff/change", &change).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "the page is of before");
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER, "another role begins with signing in");
    let listed = staff::list(&world.app).await.unwrap();
    assert_eq!(listed.iter().find(|member| member.login == "he.jing").unwrap().role, "finance");
    // Nobody changes themselves.
    let from = staff_sign_in::From { device: "", network: "" };
    staff_sign_in::set_password(&world.app, link, PASSWORD, from).await.unwrap().unwrap();
    let own = listed.iter().find(|member| member.login == "zhou.hang").unwrap().id;
    let mut own = Browser::of(&world, Principal::Staff(own)).await;
    let page = own.get("/desk/staff?lang=en").await;
    for what in ["role", "link", "reset", "disable"] {
        let fields =
            [("login", "zhou.hang"), ("do", what), ("role", "agent"), ("seen", "operator.active"), ("reason", "x")];
        let answer = own.submit(&page, "/desk/staff/change", &fields).await;
        answer.says(&["Another operator has to do that"]);
    }
    operator.get("/desk/audit?action=staff.role_changed").await.says(&["&#34;to&#34;:&#34;finance&#34;"]);
    let file = operator.get("/desk/audit.jsonl").await.text;
    let mut walk = everline_app::audit::Walk::default();
    for line in file.lines() {
        assert_eq!(walk.step(&everline_app::audit::read_line(line).unwrap()), []);
    }
    assert!(walk.head.entries >= 4, "{file}");
    assert!(operator.get("/desk/audit.csv").await.text.contains("audit.exported"));
}

#[tokio::test]
async fn what_is_wrong_is_not_said() {
    let world = World::new().await;
    let _ = member(&world).await;
    staff::add(&world.app, Actor::CommandLine, "invited", "周航", "operator").await.unwrap();
    let mut pages = Vec::new();
    for (login, password) in [("he.jing", "wrong password!"), ("nobody", PASSWORD), ("invited", PASSWORD), ("", "")] {
        let mut browser = Browser::new(&world.router);
        let page = browser.get("/desk/sign-in").await;
        let answer = browser.submit(&page, "/desk/sign-in", &[("login", login), ("password", password)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{login}");
        answer.says(&["账号与密码不匹配"]).hides(&[PASSWORD, "wrong password!"]);
        let csrf = answer.field("_csrf");
        pages.push(answer.text.replace(&format!("value=\"{login}\""), "").replace(&csrf, ""));
    }
    assert!(pages[0] == pages[1] && pages[1] == pages[2], "known and unknown logins look alike");
}

#[tokio::test]
async fn passwords_cannot_be_guessed_in_bulk() {
    let world = World::new().await;
    let _ = member(&world).await;
    let proxies = || Proxies::parse(["0.0.0.0"], ForwardHeader::XForwardedFor).unwrap();
    let router = world.router_with(|config| {
        config.proxies = proxies();
        config.secure_cookies = false;
    });
    let from = |address: &str| Browser::new(&router).with("x-forwarded-for", address);
    for login in ["he.jing", "nobody"] {
        let mut refused = 0;
        for n in 0..12 {
            let (status, _) = tries(&mut from(&format!("198.51.100.{n}")), login, "wrong password!").await;
            refused += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert_eq!(refused, 2, "ten tries a login, wherever they come from: {login}");
    }
    let status = tries(&mut from("203.0.113.9"), "he.jing", PASSWORD).await.0;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "not even the right one");
    world.app.clock.pass_us(HOUR_US);
    assert_eq!(tries(&mut from("203.0.113.9"), "he.jing", PASSWORD).await.1, "/desk/sign-in/second?next=");

    let mut limited = 0;
    for n in 0..25 {
        let (status, _) = tries(&mut from("203.0.113.77"), &format!("login{n}"), "wrong password!").await;
        limited += u32::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert_eq!(limited, 5, "twenty tries an address");
}

#[tokio::test]
async fn links_end_and_members_leave() {
    let world = World::new().await;
    let (mut browser, ..) = member(&world).await;
    let from = staff_sign_in::From { device: "", network: "" };
    for (login, name, role, field) in [
        ("he.jing", "何静", "agent", "login"),
        ("x", "何静", "agent", "login"),
        ("with space", "何静", "agent", "login"),
        ("new", "", "agent", "name"),
        ("new", "周航", "root", "role"),
    ] {
        let refused = staff::add(&world.app, Actor::CommandLine, login, name, role).await.unwrap_err();
        assert!(
            matches!(refused, Problem::Invalid { field: found, .. } if found == field),
            "{login} {role}: {refused:?}"
        );
    }
    // A new link ends the password and the sessions.
    let token = staff::renew_link(&world.app, Actor::CommandLine, "he.jing", None).await.unwrap();
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
    assert_eq!(staff_sign_in::sign_in(&world.app, "he.jing", PASSWORD, from).await.unwrap(), None);
    let short = staff_sign_in::set_password(&world.app, &token, "elevenchars", from).await.unwrap_err();
    assert!(matches!(short, Problem::Invalid { rule: "too-short", .. }));
    world.app.clock.pass_us(3 * DAY_US + 1);
    assert_eq!(
        staff_sign_in::set_password(&world.app, &token, PASSWORD, from).await.unwrap(),
        None,
        "three days are over"
    );
    // And comes back with another one, until they leave.
    let token = staff::renew_link(&world.app, Actor::CommandLine, "he.jing", None).await.unwrap();
    let entered = staff_sign_in::set_password(&world.app, &token, PASSWORD, from).await.unwrap().unwrap();
    assert!(staff_sign_in::second(&world.app, entered.step()).await.unwrap().is_some());
    staff::disable(&world.app, Actor::CommandLine, "he.jing", None).await.unwrap();
    assert_eq!(staff_sign_in::second(&world.app, entered.step()).await.unwrap(), None);
    assert_eq!(staff_sign_in::sign_in(&world.app, "he.jing", PASSWORD, from).await.unwrap(), None);
    let listed = staff::list(&world.app).await.unwrap();
    assert_eq!((listed.len(), listed[0].state), (1, staff::Standing::Disabled));
    assert!(matches!(staff::disable(&world.app, Actor::CommandLine, "nobody", None).await, Err(Problem::NotFound(_))));
}

#[tokio::test]
async fn set_up_says_what_is_wrong_with_a_password() {
    let world = World::new().await;
    let path = format!(
        "/desk/set-up/{}",
        staff::add(&world.app, Actor::CommandLine, "zhou.hang", "周航", "operator").await.unwrap()
    );
    let mut browser = Browser::new(&world.router);
    let page = browser.get(&format!("{path}?lang=en")).await;
    let long = "x".repeat(300);
    for (password, again, says) in [
        ("tiny pass", "tiny pass", "Too short: at least 12 characters"),
        (PASSWORD, "four words nobody knew", "The two passwords are not the same."),
        (&long, &long, "Too long"),
    ] {
        let answer = browser.submit(&page, &path, &[("password", password), ("again", again)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.says(&[says, "aria-invalid"]).hides(&[password]);
    }
}
