//! Choosing a plan: the list with its filters, two side by side, which fits; and what is written under a plan, by whom, and
//! how it is shown.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_app::device;
use everline_app::sign_in::Principal;
use everline_core::time::DAY_US;

async fn linfang(world: &World) -> Browser {
    Browser::of(world, Principal::Customer(world.people.linfang)).await.with("accept-language", "en")
}
async fn desk(world: &World) -> Browser {
    Browser::of(world, Principal::Staff(world.people.hejing)).await.with("accept-language", "en")
}
/// Where a form of the desk about the only thing that waits goes.
fn action(page: &Page) -> String {
    page.text
        .split("action=\"")
        .find(|rest| rest.starts_with("/desk/contributions/"))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}
/// Publishes what waits.
async fn publish(world: &World) {
    let mut desk = desk(world).await;
    let page = desk.get("/desk/contributions").await;
    let done = desk.submit(&page, &action(&page), &[("version", &page.field("version")), ("step", "publish")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
}

#[tokio::test]
async fn the_list_is_filtered_by_its_address() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    let path = format!("/lines/{}/plans", world.people.watch);
    let all = owner.get(&path).await;
    all.says(&[
        "Watch monthly",
        "Watch yearly",
        "1 GB data pack",
        "Top up",
        "¥0.33 a day",
        "needs a running plan first",
    ]);
    all.says(&["Made for other kinds of devices", "Router 100 GB monthly", "not made for this line"]);
    // Terms are told before money moves.
    all.says(&["as soon as it is paid", "Next renewal", "When used up", "Refund"]);
    all.says(&[&format!("href=\"/lines/{}/renew?offering=watch-month@1\"", world.people.watch)]);
    let long = owner.get(&format!("{path}?lasts=longer")).await;
    long.says(&["Watch yearly", "selected>Longer than a month"]).hides(&["Watch monthly", "Top up"]);
    let cheap = owner.get(&format!("{path}?price=9.90&kind=combined&sort=day")).await;
    cheap.says(&["Watch monthly", "value=\"9.90\""]).hides(&["Watch yearly", "1 GB data pack"]);
    owner.get(&format!("{path}?kind=voice")).await.says(&["Nothing on sale is like that", "Show everything"]);
    // What is no amount is said, nothing is lost, and what means nothing asks for nothing.
    let wrong = owner.get(&format!("{path}?price=%3Cb%3E&kind=x&lasts=%22&sort=y&compare=z")).await;
    wrong.says(&["aria-invalid=\"true\"", "value=\"&#60;b&#62;\"", "Watch monthly"]);
    // Three taps: the list is one link away from the prefilled renewal.
    owner
        .get(&format!("/lines/{}/renew", world.people.watch))
        .await
        .says(&["All plans, compared", &format!("href=\"{path}\"")]);
}

#[tokio::test]
async fn two_are_compared_side_by_side() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    let path = format!("/lines/{}/plans", world.people.watch);
    let one = owner.get(&format!("{path}?lasts=longer&compare=watch-year@1")).await;
    one.says(&["Now pick what to compare Watch yearly with"]);
    let all = owner.get(&format!("{path}?compare=watch-year@1")).await;
    all.says(&["Compare with Watch yearly", "compare=watch-year%401%2Cwatch-month%401"]);
    let two = owner.get(&format!("{path}?compare=watch-year%401%2Cwatch-month%401")).await;
    two.says(&["Side by side", "¥99.00", "¥9.90", "¥0.28", "¥0.33", "12 months", "1 month", "differs"]);
    let table = two.text.split("id=\"compare\"").nth(1).unwrap().split("</table>").next().unwrap();
    let refund = table.split("<tr").find(|row| row.contains("Refund")).unwrap();
    assert!(!refund.contains("differs"), "the same for both: {refund}");
    assert!(table.split("<tr").find(|row| row.contains(">Price")).unwrap().contains("differs"));
}

#[tokio::test]
async fn what_fits_is_said_with_its_computation() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    let path = format!("/lines/{}/plans", world.people.phone);
    owner.get(&path).await.says(&["has not been used on a whole day yet", "From 3 days on"]);
    let session = device::attach(&world.app, "460110000000001", "http://127.0.0.1:9/notice").await.unwrap().session;
    for day in 1..=4 {
        device::report(&world.app, session, day, 250_000_000).await.unwrap();
        world.pass(DAY_US).await;
    }
    let page = owner.get(&path).await;
    page.says(&["Qinghe 19 covers it and is the cheapest that does: ¥19.00 for 30 days", "fits your usage"]);
    page.says(&["the 4 complete days since this line was first used", "Data 1 GB", "8.2 GB of 10 GB", "none needed"]);
    page.says(&["10 % to spare", "<th scope=\"col\">"]);
}

const PAYLOADS: [&str; 6] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</textarea><svg onload=alert(1)>",
    "javascript:alert(1) https://evil.example/ 13800138000",
    "{{ 7 * 7 }} {% raw %} &lt;b&gt; ${7*7}",
];

/// Sends the form for a question, which is the last that has a ticket.
async fn asks(owner: &mut Browser, page: &Page, path: &str, text: &str) -> Page {
    let ticket = page.text.rsplit("name=\"ticket\" value=\"").next().unwrap().split('"').next().unwrap();
    owner.submit(page, &format!("{path}/question"), &[("ticket", ticket), ("text", text)]).await
}

#[tokio::test]
async fn a_question_and_an_answer_that_are_sent_twice_are_there_once() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    let path = format!("/lines/{}/plans/watch-month@1", world.people.watch);
    let page = owner.get(&path).await;
    for _ in 0..2 {
        let sent = asks(&mut owner, &page, &path, "Does it ring?").await;
        assert_eq!(sent.location(), format!("{path}?sent=question#mine"), "{}", sent.text);
    }
    assert_eq!(owner.get(&path).await.text.matches("Does it ring?").count(), 1);
    // From the same page once more, with other words: nothing is taken, and nothing that was typed is lost.
    let other = asks(&mut owner, &page, &path, "Does it buzz?").await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    other.says(&["Something was sent from this page before", ">Does it buzz?</textarea>"]);
    assert_eq!(asks(&mut owner, &other, &path, "Does it buzz?").await.status, StatusCode::SEE_OTHER);
    // An id of one's own choosing, or of somebody else's form, is none.
    let theirs = format!("/lines/{}/plans/router-month@1", world.people.router);
    let mut stranger = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    let foreign = stranger.get(&theirs).await;
    for ticket in [foreign.field("ticket"), "1".repeat(32), String::new()] {
        let fields = [("ticket", ticket.as_str()), ("text", "x y z")];
        assert_eq!(
            owner.submit(&page, &format!("{path}/question"), &fields).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
    publish(&world).await;
    let page = owner.get(&path).await;
    let (question, ticket) = (page.text.split("/answer\"").nth(1).unwrap(), page.field("ticket"));
    let question = question.split("name=\"contribution\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    for _ in 0..2 {
        let fields = [("contribution", question), ("ticket", ticket.as_str()), ("text", "Only the alarm")];
        let sent = owner.submit(&page, &format!("{path}/answer"), &fields).await;
        assert_eq!(sent.location(), format!("{path}?sent=answer#mine"), "{}", sent.text);
    }
    assert_eq!(owner.get(&path).await.text.matches("Only the alarm").count(), 1);
}

#[tokio::test]
async fn what_people_write_is_text_wherever_it_is_shown() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    let path = format!("/lines/{}/plans/phone-39@1", world.people.phone);
    for payload in PAYLOADS {
        let page = owner.get(&path).await;
        let sent = owner.submit(&page, &format!("{path}/review"), &[("stars", "4"), ("text", payload)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
        let waits = desk(&world).await.get("/desk/contributions").await;
        publish(&world).await;
        let page = owner.get(&path).await;
        let asked = asks(&mut owner, &page, &path, payload).await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text);
        publish(&world).await;
        let unanswered = desk(&world).await.get("/desk/contributions").await;
        let shown = owner.get(&path).await;
        // Too long a text is wrong, and comes back as it was typed.
        let long = payload.repeat(60);
        let refused = owner.submit(&shown, &format!("{path}/review"), &[("stars", "4"), ("text", &long)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        refused.says(&["Please write at most 500 characters"]);
        for page in [&waits, &unanswered, &shown, &refused] {
            for raw in [
                "<script>alert",
                "<img src=x",
                "<svg onload",
                "</textarea><svg",
                "href=\"javascript",
                "href=\"https://evil",
            ] {
                assert!(!page.text.contains(raw), "{payload}: {raw}");
            }
            assert!(!page.text.contains(">49<"), "nothing is computed");
        }
        let text = payload.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
        let text = text.replace('"', "&#34;").replace('\'', "&#39;");
        shown.says(&[&text]);
        waits.says(&[&text]);
        unanswered.says(&[&text]);
        // One question a round is enough for the limit of ten a day.
        let mut desk = desk(&world).await;
        let page = desk.get("/desk/contributions").await;
        let answered = desk.submit(&page, &action(&page), &[("text", payload)]).await;
        assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.text);
        owner.get(&path).await.says(&["Our staff"]).hides(&["<script>alert", "<img src=x", "<svg onload"]);
    }
}

#[tokio::test]
async fn a_review_goes_from_its_author_over_staff_to_everybody() {
    let world = World::new().await;
    let mut owner = linfang(&world).await;
    let watch = format!("/lines/{}/plans/watch-month@1", world.people.watch);
    let page = owner.get(&watch).await;
    page.says(&["Nobody has written a review yet", "Write a review", "Shanghai", "Nobody has asked anything yet"]);
    page.says(&["Call", "tel:400-800-1234", "Choose this one"]);
    owner
        .get(&format!("/lines/{}/plans/watch-year@1", world.people.watch))
        .await
        .says(&["You can write a review or answer once"]);
    owner.get(&format!("/lines/{}/plans/top-up-30@1", world.people.watch)).await.hides(&["Write a review"]);
    // Without stars nothing is taken, and nothing that was typed is lost.
    let wrong = owner.submit(&page, &format!("{watch}/review"), &[("text", "Fine"), ("region", "CN-SH")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&[
        "Please choose 1 to 5 stars",
        ">Fine</textarea>",
        "value=\"CN-SH\" selected",
        "aria-describedby=\"wrong-review\"",
    ]);
    let fields = [("stars", "4"), ("text", "Works on the playground"), ("region", "CN-SH")];
    let sent = owner.submit(&page, &format!("{watch}/review"), &fields).await;
    assert_eq!(sent.location(), format!("{watch}?sent=review#mine"));
    owner.get(&format!("{watch}?sent=review")).await.says(&[
        "Our staff look at it",
        "waits for staff",
        "Change your review",
    ]);
    let mut staff = desk(&world).await;
    staff.get("/desk").await.says(&["1 review or question waits", "/desk/contributions"]);
    let queue = staff.get("/desk/contributions").await;
    queue.says(&["Works on the playground", "Watch monthly", "★★★★☆", "林*", "Shanghai"]);
    // A reason is needed to refuse, and is typed once.
    let version = queue.field("version");
    let refused = staff.submit(&queue, &action(&queue), &[("version", &version), ("step", "refuse")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["Please say why"]);
    publish(&world).await;
    // Somebody who decides about what was decided is told.
    let late = [("version", version.as_str()), ("step", "refuse"), ("reason", "no")];
    let late = staff.submit(&queue, &action(&queue), &late).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says(&["Somebody decided about this"]);
    let page = owner.get(&watch).await;
    page.says(&["everybody sees it", "4.0 of 5 stars, 1 review", "watch · Shanghai"]);
    owner.get(&format!("/lines/{}/plans", world.people.watch)).await.says(&["★ 4.0 (1)"]);
    // It is reported, kept, reported by nobody twice.
    let id = page.field("contribution");
    let reported = owner.submit(&page, &format!("{watch}/report"), &[("contribution", &id)]).await;
    assert_eq!(reported.location(), format!("{watch}?sent=report#sent"));
    let queue = staff.get("/desk/contributions").await;
    queue.says(&["1 customer reported this", "Keep", "Hide"]);
    let hide =
        [("version", queue.field("version")), ("step", "hide".to_owned()), ("reason", "a phone number".to_owned())];
    let hide: Vec<(&str, &str)> = hide.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(staff.submit(&queue, &action(&queue), &hide).await.status, StatusCode::SEE_OTHER);
    owner.get(&watch).await.says(&["taken away. Staff say: a phone number", "Nobody has written a review yet"]);
    let taken = owner.submit(&page, &format!("{watch}/withdraw"), &[("contribution", &id)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
    owner.get(&watch).await.hides(&["Works on the playground"]);
}
