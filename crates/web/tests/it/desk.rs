//! The desk's box, and what it sees of a customer: masked, on pages whose addresses name nobody.

use crate::world::browser::Browser;
use crate::world::{WATCH_IMSI, WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::staff::Role;

#[tokio::test]
async fn an_agent_finds_a_line_by_its_number_and_reads_what_happened() {
    let world = World::new().await;
    let (_, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let session = world.attach(WATCH_IMSI).await.session;
    everline_app::device::report(&world.app, session, 1, 1_000_000).await.unwrap();
    world.settle().await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk").await.says(&["action=\"/desk/find\"", "name=\"q\""]);
    let page = agent.get("/desk/find").await;
    let found = agent.submit(&page, "/desk/find", &[("q", WATCH_NUMBER)]).await;
    assert_eq!(found.status, StatusCode::OK);
    found.says(&["找到", "林**", "****"]).hides(&["林芳"]);
    let path = found.text.split("href=\"/desk/customers/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(!path.contains(WATCH_NUMBER), "no address names anybody");
    let line = agent.get(&format!("/desk/customers/{path}")).await;
    line.says(&["手表畅联月包", "¥9.90", "林**", "流量 1 MB", "续费已生效", "已付款"]);
    // What staff see of an order or a case stands there, and leads to it.
    let path = format!("/desk/customers/{path}");
    let new = agent.get(&path.replace('?', "/case?")).await;
    let (id, watch) = (new.field("id"), new.field("line"));
    let typed = [("id", id.as_str()), ("line", watch.as_str()), ("subject", "来电"), ("text", "手表没有网络")];
    let opened =
        agent.submit(&new, path.split('?').next().map(|own| format!("{own}/case")).as_ref().unwrap(), &typed).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    let order = line.text.split('"').find(|part| part.starts_with("/desk/orders/")).unwrap().to_owned();
    agent.get(&order).await;
    let kept = agent.get(&format!("{path}&kind=staff")).await;
    kept.says(&[&format!("href=\"{order}\""), &format!("href=\"{}\"", opened.location())]);
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_said_and_what_was_typed_is_text() {
    let world = World::new().await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let page = agent.get("/desk/find?lang=en").await;
    let short = agent.submit(&page, "/desk/find", &[("q", "13")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    short.says(&["at least four characters", "aria-invalid", "value=\"13\""]);
    let marked = agent.submit(&page, "/desk/find", &[("q", "<b>nobody</b>\"'")]).await;
    marked.says(&["Nothing was found", "&#60;b&#62;nobody"]).hides(&["<b>nobody"]);
    for path in ["/desk/customers/x", "/desk/customers/10000000000000000000000000000001"] {
        assert_eq!(agent.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let customer = world.people.linfang;
    let odd = format!("/desk/customers/{customer}?kind=%3Cscript%3E&before=1.x&line=");
    agent.get(&odd).await.says(&["What happened"]).hides(&["<script>alert"]);
    let other = format!("/desk/customers/{}?line={}", world.people.wangqiang, world.people.watch);
    assert_eq!(agent.get(&other).await.status, StatusCode::NOT_FOUND, "another's line");
}

#[tokio::test]
async fn a_senior_agent_says_why_and_sees_and_a_caller_reads_a_code() {
    let world = World::new().await;
    let customer = world.people.linfang;
    let path = format!("/desk/customers/{customer}");
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let page = agent.get(&path).await;
    page.says(&["林**", "向来电者发送验证码"]).hides(&["林芳", "查看隐藏信息的原因"]);
    let denied = agent.submit(&page, &format!("{path}/reveal"), &[("reason", "she calls")]).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    let asked = agent.submit(&page, &format!("{path}/caller"), &[]).await;
    let (request, code) = (asked.field("request"), world.outside.last_code_of("caller_code"));
    asked.hides(&[&code]);
    let short = agent.submit(&asked, &format!("{path}/caller/code"), &[("request", &request), ("code", "12")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    short.says(&["验证码为六位数字"]);
    let proved = agent.submit(&asked, &format!("{path}/caller/code"), &[("request", &request), ("code", &code)]).await;
    assert_eq!(proved.location(), path);
    agent.get(&path).await.says(&["来电者已证明是客户本人"]);

    let senior = world.member(Role::SeniorAgent).await;
    let mut senior = Browser::of(&world, Principal::Staff(senior)).await;
    let page = senior.get(&path).await;
    page.says(&["查看隐藏信息的原因"]).hides(&["来电者已证明", "林芳"]);
    let wrong = senior.submit(&page, &format!("{path}/reveal"), &[("reason", "<b>")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["请填写原因", "value=\"&#60;b&#62;\""]).hides(&["林芳"]);
    let shown = senior.submit(&page, &format!("{path}/reveal"), &[("reason", "来电核对号码")]).await;
    shown.says(&["林芳", WATCH_NUMBER]);
    senior.get(&format!("{path}?kind=staff")).await.says(&["查看隐藏信息", "来电核对号码"]).hides(&["林芳"]);
}
