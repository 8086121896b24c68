//! An answer takes as long for a number that has an account as for one that has none: compared within one run, in turns, by the
//! fastest of each, because a busy machine only ever adds.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_core::time::HOUR_US;
use std::time::Duration;

/// Numbers of each kind, each asked for once.
const NUMBERS: usize = 15;
/// An answer that takes more than twice as long when nothing disturbs it tells something.
const RATIO_PERCENT_MAX: u128 = 200;

fn known(n: usize) -> String {
    format!("13155550{n:03}")
}
fn nobodys(n: usize) -> String {
    format!("13166660{n:03}")
}

#[expect(clippy::disallowed_methods, reason = "how long an answer takes is what is measured")]
async fn timed(answer: impl Future<Output = Page>) -> (Page, Duration) {
    let clock = std::time::Instant::now();
    let page = answer.await;
    (page, clock.elapsed())
}

/// Opens an account.
async fn registers(world: &World, number: &str) {
    let mut browser = Browser::new(&world.router);
    let page = browser.get("/sign-in").await;
    let asked = browser.submit(&page, "/sign-in", &[("phone", number)]).await;
    let page = browser.get(asked.location()).await;
    let fields = [("request", page.field("request")), ("code", world.outside.last_code())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(browser.submit(&page, "/sign-in/code", &fields).await.status, StatusCode::SEE_OTHER);
    let page = browser.get("/account/password").await;
    let set =
        browser.submit(&page, "/account/password", &[("password", "four words nobody knows"), ("others", "")]).await;
    assert_eq!(set.status, StatusCode::SEE_OTHER, "{}", set.text);
    world.app.clock.pass_us(HOUR_US);
}

/// The fastest of both kinds are near each other.
fn alike(what: &str, took: [Vec<Duration>; 2]) {
    let [known, nobodys] = took.map(|all| all.iter().min().unwrap().as_micros().max(1));
    let percent = known.max(nobodys) * 100 / known.min(nobodys);
    assert!(percent <= RATIO_PERCENT_MAX, "{what}: {known} µs for a known number, {nobodys} µs for another");
}

#[tokio::test]
async fn an_answer_takes_as_long_for_a_known_number_as_for_another() {
    let world = World::new().await;
    for n in 0..NUMBERS {
        registers(&world, &known(n)).await;
    }
    let (mut codes, mut guesses, mut passwords) = Default::default();
    let both: [&mut [Vec<Duration>; 2]; 3] = [&mut codes, &mut guesses, &mut passwords];
    for n in 0..NUMBERS {
        // Who is first changes: what is warm by then helps both.
        let mut turn = [(0, known(n)), (1, nobodys(n))];
        if n.is_multiple_of(2) {
            turn.reverse();
        }
        for (kind, number) in turn {
            let mut browser = Browser::new(&world.router);
            let page = browser.get("/sign-in").await;
            let (asked, took) = timed(browser.submit(&page, "/sign-in", &[("phone", &number)])).await;
            assert_eq!(asked.status, StatusCode::SEE_OTHER);
            both[0][kind].push(took);
            let page = browser.get(asked.location()).await;
            let request = page.field("request");
            let fields = [("request", request.as_str()), ("code", "000000")];
            let (refused, took) = timed(browser.submit(&page, "/sign-in/code", &fields)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            both[1][kind].push(took);
            let page = browser.get("/sign-in/password").await;
            let fields = [("phone", number.as_str()), ("password", "not the password")];
            let (refused, took) = timed(browser.submit(&page, "/sign-in/password", &fields)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
            both[2][kind].push(took);
        }
        world.app.clock.pass_us(HOUR_US);
    }
    alike("asking for a code", codes);
    alike("a wrong code", guesses);
    alike("a wrong password", passwords);
}

#[tokio::test]
async fn asking_to_be_let_in_takes_as_long_for_a_known_number_as_for_another() {
    let world = World::new().await;
    for n in 0..NUMBERS {
        registers(&world, &known(n)).await;
    }
    let (mut asked, mut proved): ([Vec<Duration>; 2], [Vec<Duration>; 2]) = Default::default();
    for n in 0..NUMBERS {
        let mut turn = [(0, known(n), format!("13177770{n:03}")), (1, nobodys(n), format!("13188880{n:03}"))];
        if n.is_multiple_of(2) {
            turn.reverse();
        }
        for (kind, of, contact) in turn {
            let mut browser = Browser::new(&world.router);
            let page = browser.get("/recover").await;
            let fields = [("of", of.as_str()), ("contact", &contact), ("reason", "手机丢了，号码已注销")];
            let (sent, took) = timed(browser.submit(&page, "/recover", &fields)).await;
            asked[kind].push(took);
            let page = browser.get(sent.location()).await;
            let fields =
                [("request", page.field("request")), ("step", page.field("step")), ("code", world.outside.last_code())];
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            let (done, took) = timed(browser.submit(&page, "/recover/code", &fields)).await;
            assert_eq!(done.location(), "/recover/asked");
            proved[kind].push(took);
        }
        world.app.clock.pass_us(HOUR_US);
    }
    alike("asking to be let in", asked);
    alike("the code to a new number", proved);
}
