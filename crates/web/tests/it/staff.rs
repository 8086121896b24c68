//! How staff members come to the desk: a link, a password, a session; and how others do not.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::staff;
use everline_app::{Problem, sign_in};
use everline_core::time::{DAY_US, HOUR_US};
use everline_web::{ForwardHeader, Proxies};

const PASSWORD: &str = "four words nobody knows";

/// A member whose password is set.
async fn member(world: &World) -> Browser {
    let token = staff::add(&world.app, "He.Jing", "何静", "agent").await.unwrap();
    let mut browser = Browser::new(&world.router);
    let path = format!("/desk/set-up/{token}");
    let page = browser.get(&path).await;
    page.says(&["he.jing", "至少 12 个字符"]);
    let set = browser.submit(&page, &path, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, "/desk"), "{}", set.text);
    assert_eq!(browser.get(&path).await.status, StatusCode::NOT_FOUND, "the link is used up");
    browser
}

async fn tries(browser: &mut Browser, login: &str, password: &str) -> (StatusCode, String) {
    let page = browser.get("/desk/sign-in").await;
    let answer = browser.submit(&page, "/desk/sign-in", &[("login", login), ("password", password)]).await;
    (answer.status, answer.location().to_owned())
}

#[tokio::test]
async fn a_link_sets_the_password_and_the_password_opens_the_desk() {
    let world = World::new().await;
    let mut first = member(&world).await;
    first.get("/desk").await.says(&["何静"]);

    let mut other = Browser::new(&world.router);
    assert_eq!(other.get("/desk").await.location(), "/desk/sign-in?next=%2Fdesk");
    let page = other.get("/desk/sign-in?next=/desk/orders/1&lang=en").await;
    page.says(&["Staff sign-in", "autocomplete=\"current-password\""]);
    let fields = [("login", " HE.jing "), ("password", PASSWORD), ("next", "/desk")];
    assert_eq!(other.submit(&page, "/desk/sign-in", &fields).await.location(), "/desk");
    assert_eq!(other.get("/desk").await.status, StatusCode::OK);
    assert_eq!(other.get("/home").await.status, StatusCode::FORBIDDEN, "staff have no lines");

    world.pass(13 * HOUR_US).await;
    assert_eq!(other.get("/desk").await.location(), "/desk/sign-in?next=%2Fdesk", "a session lasts a shift");
}

#[tokio::test]
async fn what_is_wrong_is_not_said() {
    let world = World::new().await;
    member(&world).await;
    staff::add(&world.app, "invited", "周航", "operator").await.unwrap();
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
    member(&world).await;
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
    assert_eq!(tries(&mut from("203.0.113.9"), "he.jing", PASSWORD).await.1, "/desk");

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
    let mut browser = member(&world).await;
    for (login, name, role, field) in [
        ("he.jing", "何静", "agent", "login"),
        ("x", "何静", "agent", "login"),
        ("with space", "何静", "agent", "login"),
        ("new", "", "agent", "name"),
        ("new", "周航", "root", "role"),
    ] {
        let refused = staff::add(&world.app, login, name, role).await.unwrap_err();
        assert!(
            matches!(refused, Problem::Invalid { field: found, .. } if found == field),
            "{login} {role}: {refused:?}"
        );
    }
    // A new link ends the password and the sessions.
    let token = staff::renew_link(&world.app, "he.jing").await.unwrap();
    assert_eq!(browser.get("/desk").await.status, StatusCode::SEE_OTHER);
    assert_eq!(staff::sign_in(&world.app, "he.jing", PASSWORD).await.unwrap(), None);
    let short = staff::set_password(&world.app, &token, "elevenchars").await.unwrap_err();
    assert!(matches!(short, Problem::Invalid { rule: "too-short", .. }));
    world.app.clock.pass_us(3 * DAY_US + 1);
    assert_eq!(staff::set_password(&world.app, &token, PASSWORD).await.unwrap(), None, "three days are over");
    // And comes back with another one, until they leave.
    let token = staff::renew_link(&world.app, "he.jing").await.unwrap();
    let session = staff::set_password(&world.app, &token, PASSWORD).await.unwrap().unwrap();
    assert!(sign_in::session(&world.app, &session.token).await.unwrap().is_some());
    staff::disable(&world.app, "he.jing").await.unwrap();
    assert_eq!(sign_in::session(&world.app, &session.token).await.unwrap(), None);
    assert_eq!(staff::sign_in(&world.app, "he.jing", PASSWORD).await.unwrap(), None);
    let listed = staff::list(&world.app).await.unwrap();
    assert_eq!((listed.len(), listed[0].state), (1, staff::Standing::Disabled));
    assert!(matches!(staff::disable(&world.app, "nobody").await, Err(Problem::NotFound(_))));
}

#[tokio::test]
async fn set_up_says_what_is_wrong_with_a_password() {
    let world = World::new().await;
    let path = format!("/desk/set-up/{}", staff::add(&world.app, "zhou.hang", "周航", "operator").await.unwrap());
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
