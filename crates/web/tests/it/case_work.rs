//! How the staff work on cases, on pages; and how pages lead to a case that knows where it came from.

use crate::cases::send;
use crate::world::browser::{Browser, Page};
use crate::world::{World, checkout};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;
use everline_core::ids::RawId;
use everline_core::staff::Role;
use everline_core::time::{DAY_US, HOUR_US};
use everline_web::{Access, routes};

async fn owner(world: &World) -> Browser {
    Browser::of(world, Principal::Customer(world.people.linfang)).await
}
async fn desk_of(world: &World, id: RawId) -> Browser {
    Browser::of(world, Principal::Staff(id)).await
}
async fn asks(owner: &mut Browser, subject: &str) -> String {
    let page = owner.get("/cases/new").await;
    let id = page.field("id");
    let fields = [("id", id.as_str()), ("subject", subject), ("text", subject)];
    let opened = send(owner, &page, "/cases/new", &fields, &[]).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER, "{}", opened.text);
    id
}
/// Does something with the case on a page.
async fn act(desk: &mut Browser, page: &Page, case: &str, fields: &[(&str, &str)]) -> Page {
    let (version, entry) = (page.field("version"), page.field("entry"));
    desk.submit(page, case, &[&[("version", version.as_str()), ("entry", &entry)], fields].concat()).await
}

#[tokio::test]
async fn a_case_is_taken_handed_on_and_whoever_comes_second_reads_what_happened() {
    let world = World::new().await;
    let id = asks(&mut owner(&world).await, "没有网").await;
    let case = format!("/desk/cases/{}/{id}", world.people.linfang);
    let colleague = world.member(Role::SeniorAgent).await;
    let (mut one, mut two) = (desk_of(&world, world.people.hejing).await, desk_of(&world, colleague).await);
    let (first, second) = (one.get(&case).await, two.get(&case).await);
    first.says(&["无人处理", "处理时限", "普通", "认领"]).hides(&["放弃认领"]);
    assert_eq!(act(&mut one, &first, &case, &[("do", "take")]).await.status, StatusCode::SEE_OTHER);
    let late = act(&mut two, &second, &case, &[("do", "take")]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says(&["何静认领了工单", "未执行任何操作", "放弃认领"]);
    one.get("/desk/cases?owner=me").await.says(&["没有网", "aria-current"]);
    two.get("/desk/cases?owner=me").await.says(&["没有处于这个状态的工单"]);
    two.get("/desk/cases?owner=none").await.hides(&["没有网"]);
    two.get(&format!("/desk/cases?owner={}&priority=normal", world.people.hejing)).await.says(&["没有网", "某位同事"]);
    let page = one.get(&case).await;
    let nobody = act(&mut one, &page, &case, &[("do", "hand"), ("to", "")]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    nobody.says(&["请选择一位处理工单的同事", "aria-invalid=\"true\""]);
    let handed = act(&mut one, &page, &case, &[("do", "hand"), ("to", &colleague.to_string())]).await;
    assert_eq!(handed.status, StatusCode::SEE_OTHER, "{}", handed.text);
    two.get("/desk/cases?owner=me").await.says(&["没有网"]);
    let page = two.get(&case).await;
    act(&mut two, &page, &case, &[("do", "priority"), ("priority", "urgent")]).await;
    two.get("/desk/cases?due=today").await.says(&["没有网", "紧急"]);
    world.app.clock.pass_us(2 * HOUR_US);
    two.get("/desk/cases?due=over").await.says(&["没有网", "已超时 1"]);
    // An auditor reads it and does nothing.
    let mut auditor = desk_of(&world, world.member(Role::Auditor).await).await;
    let page = auditor.get(&case).await;
    page.says(&["没有网"]).hides(&["<textarea", "value=\"take\""]);
    let refused = auditor.submit(&page, &case, &[("do", "take"), ("version", "3")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    // Words that mean nothing ask for nothing.
    let nonsense = "/desk/cases?state=x&owner=%3Cb%3E&priority=1&due=never&reason=%22&after=1.2.3";
    two.get(nonsense).await.says(&["没有网"]).hides(&["<b>"]);
}

#[tokio::test]
async fn a_call_becomes_a_case_that_is_found_by_its_number() {
    let world = World::new().await;
    let mut desk = desk_of(&world, world.people.hejing).await;
    let customer = format!("/desk/customers/{}", world.people.linfang);
    let form = format!("{customer}/case?line={}", world.people.watch);
    desk.get(&format!("{customer}?line={}", world.people.watch)).await.says(&[&form]);
    let page = desk.get(&form).await;
    let (id, line) = (page.field("id"), page.field("line"));
    let open = format!("{customer}/case");
    let fields = [("id", id.as_str()), ("line", line.as_str()), ("subject", ""), ("text", "手表没有信号")];
    let wrong = desk.submit(&page, &open, &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["请用一行", "手表没有信号"]);
    assert_eq!((wrong.field("id"), wrong.field("line")), (id.clone(), line.clone()));
    let fields = [&fields[..2], &[("subject", "没信号"), ("text", "手表没有信号"), ("priority", "high")]].concat();
    for _ in 0..2 {
        let opened = desk.submit(&page, &open, &fields).await;
        assert_eq!(opened.location(), format!("/desk/cases/{}/{id}", world.people.linfang), "{}", opened.text);
    }
    let page = desk.get(&format!("/desk/cases/{}/{id}", world.people.linfang)).await;
    page.says(&["没信号", "来电", "仅客服", "何静", "高"]);
    let number = page.text.split("工单号</dt><dd>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let box_page = desk.get("/desk/find").await;
    let found = desk.submit(&box_page, "/desk/find", &[("q", &number)]).await;
    found.says(&["工单", &format!("/desk/cases/{}/{id}", world.people.linfang)]);
    let mut their = owner(&world).await;
    assert_eq!(their.get(&format!("/cases/{id}")).await.status, StatusCode::NOT_FOUND);
    // What the agent lets them read, they read.
    let page = desk.get(&form).await;
    let id = page.field("id");
    let fields = [("id", id.as_str()), ("subject", "换卡"), ("text", "想换卡"), ("owner_reads", "yes")];
    desk.submit(&page, &open, &fields).await;
    their.get(&format!("/cases/{id}")).await.says(&["想换卡", "您（来电，由客服记录）"]).hides(&["何静"]);
}

#[tokio::test]
async fn a_prepared_answer_is_chosen_looked_at_and_sent_with_a_file() {
    let world = World::new().await;
    let (order, _) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let mut their = owner(&world).await;
    let page = their.get(&format!("/cases/new?order={}&from=order", order.id)).await;
    let id = page.field("id");
    let of = order.id.to_string();
    let fields = [("id", id.as_str()), ("order", of.as_str()), ("subject", "付款"), ("text", "付不了款")];
    send(&mut their, &page, "/cases/new", &fields, &[]).await;
    let case = format!("/desk/cases/{}/{id}", world.people.linfang);
    let mut senior = desk_of(&world, world.member(Role::SeniorAgent).await).await;
    senior.get("/desk/cases").await.says(&["/desk/prepared"]);
    senior.get("/desk/prepared").await.says(&["还没有预置回复"]);
    let page = senior.get("/desk/prepared/new").await;
    page.says(
        &["{order}", "{hotline}"]
            .map(|word| word.replace('{', "&#123;").replace('}', "&#125;"))
            .each_ref()
            .map(String::as_str),
    );
    let path = page.text.split("action=\"/desk/prepared/").nth(1).unwrap().split('"').next().unwrap();
    let (path, empty) = (format!("/desk/prepared/{path}"), [("version", "0"), ("do", "keep")]);
    let none = senior.submit(&page, &path, &empty).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    none.says(&["至少填写一种语言"]);
    let with = |text: &'static str| [&empty[..], &[("title-zh-CN", "请再试"), ("text-zh-CN", text)]].concat();
    let wrong = senior.submit(&page, &path, &with("您好 {name}")).await;
    wrong.says(&["大括号里只能写", "您好 {name}"]);
    assert_eq!(senior.submit(&page, &path, &with("订单 {order} 请再试，或致电 {hotline}。")).await.status, 303);
    let stale = senior.submit(&page, &path, &with("另一种说法")).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says(&["情况已有变化", "另一种说法"]);
    // Whoever read that and saves again, saves.
    let again = [("version", stale.field("version")), ("do", "keep".to_owned())];
    let typed =
        [("title-zh-CN", "请再试".to_owned()), ("text-zh-CN", "订单 {order} 请再试，或致电 {hotline}。".to_owned())];
    let again: Vec<(&str, &str)> = again.iter().chain(&typed).map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(senior.submit(&stale, &path, &again).await.status, 303);

    let mut desk = desk_of(&world, world.people.hejing).await;
    assert_eq!(desk.get("/desk/prepared").await.status, StatusCode::FORBIDDEN);
    let page = desk.get(&case).await;
    page.says(&["预置回复", "请再试"]);
    let chosen = path.rsplit('/').next().unwrap();
    let fill = [("do", "fill"), ("prepared", chosen), ("text", "您好。"), ("then", "solved")];
    let filled = act(&mut desk, &page, &case, &fill).await;
    assert_eq!(filled.status, StatusCode::OK);
    filled.says(&["您好。\n\n订单", &order.number, "value=\"solved\" checked"]).hides(&["{order}"]);
    their.get(&format!("/cases/{id}")).await.hides(&["请再试"]);
    let nothing = act(&mut desk, &page, &case, &[("do", "fill"), ("prepared", ""), ("text", "保留")]).await;
    nothing.says(&["请选择一条预置回复", "保留"]);
    // Sent with a file; a note takes none, and what is not filled in is not sent.
    let version = filled.field("version");
    let fields = |what: &'static str, text: &'static str| {
        [
            ("version", version.clone()),
            ("do", what.to_owned()),
            ("text", text.to_owned()),
            ("then", "waiting".to_owned()),
        ]
    };
    let file: &[(&str, &[u8])] = &[("说明.pdf", b"%PDF-1.7")];
    let sends = async |desk: &mut Browser, what, text| {
        let fields = fields(what, text);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        send(desk, &filled, &case, &fields, file).await
    };
    sends(&mut desk, "note", "内部").await.says(&["附件只能随回复发送", "内部"]);
    sends(&mut desk, "answer", "订单 {order}").await.says(&["还有未填的"]);
    assert_eq!(sends(&mut desk, "answer", "见附件").await.status, StatusCode::SEE_OTHER);
    let page = their.get(&format!("/cases/{id}")).await;
    page.says(&["见附件", "说明.pdf"]);
    let link = page.text.split('"').find(|text| text.contains("/files/")).unwrap().to_owned();
    let got = their.get(&link).await;
    assert!(got.headers["content-disposition"].to_str().unwrap().starts_with("attachment;"));
}

#[tokio::test]
async fn merged_cases_lead_on_and_what_is_long_solved_is_asked_anew() {
    let world = World::new().await;
    let mut their = owner(&world).await;
    let (a, b) = (asks(&mut their, "第一个").await, asks(&mut their, "第二个").await);
    let at = |id: &str| format!("/desk/cases/{}/{id}", world.people.linfang);
    let mut desk = desk_of(&world, world.people.hejing).await;
    let page = desk.get(&at(&a)).await;
    let none = act(&mut desk, &page, &at(&a), &[("do", "merge"), ("into", "")]).await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY);
    none.says(&["请选择要并入的工单"]);
    let into = format!("{b}.0");
    page.says(&[&into]);
    let merged = act(&mut desk, &page, &at(&a), &[("do", "merge"), ("into", &into)]).await;
    assert_eq!(merged.location(), at(&b), "{}", merged.text);
    desk.get(&at(&b)).await.says(&["第一个", "第二个"]);
    desk.get(&at(&a)).await.says(&["已合并到工单", &at(&b)]).hides(&["<textarea"]);
    let led = their.get(&format!("/cases/{a}")).await;
    assert_eq!(led.location(), format!("/cases/{b}"));
    their.get("/cases").await.hides(&[&a]);
    let page = their.get(&format!("/cases/{b}")).await;
    their.submit(&page, &format!("/cases/{b}"), &[("do", "solved")]).await;
    world.app.clock.pass_us(31 * DAY_US);
    let mut their = owner(&world).await;
    let page = their.get(&format!("/cases/{b}")).await;
    page.says(&["30 天前已解决", &format!("/cases/new?follows={b}")]).hides(&["<textarea"]);
    let page = their.get(&format!("/cases/new?follows={b}")).await;
    page.says(&["接着工单"]);
    let (id, follows) = (page.field("id"), page.field("follows"));
    let fields = [("id", id.as_str()), ("follows", follows.as_str()), ("subject", "又来了"), ("text", "同样的问题")];
    send(&mut their, &page, "/cases/new", &fields, &[]).await;
    let mut desk = desk_of(&world, world.people.hejing).await;
    desk.get(&at(&id)).await.says(&["接着工单", &at(&b)]);
    let mut other = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    assert_eq!(other.get(&format!("/cases/new?follows={b}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_paid_and_not_in_effect_stands_on_every_page_of_the_desk() {
    let world = World::new().await;
    let mut desk = desk_of(&world, world.people.hejing).await;
    desk.get("/desk/find").await.says(&["已付款未生效：无"]);
    world.outside.set_network(Some(everline_app::ports::NetworkReply::Unknown));
    let (_, attempt) = world.checkout(world.people.wangqiang, world.people.router, "router-month").await;
    world.pays(&attempt).await;
    world.app.clock.pass_us(2 * HOUR_US);
    let mut operator = desk_of(&world, world.member(Role::Operator).await).await;
    let pages = routes().into_iter().filter(|route| route.access == Access::StaffPage && route.method == Method::GET);
    let mut seen = 0;
    for route in pages.filter(|route| !route.path.contains('{') && !route.path.contains('.')) {
        let page = operator.get(route.path).await;
        if page.status == StatusCode::OK {
            page.says(&["已付款未生效 1 笔，最久已等 2 小时", "/desk#waiting"]);
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
    // Also where something was refused; not for who sees no customers, and for no customer.
    operator.get("/desk/orders/1").await.says(&["已付款未生效 1 笔"]);
    let mut catalog = desk_of(&world, world.member(Role::Catalog).await).await;
    catalog.get("/desk").await.hides(&["最久已等"]);
    owner(&world).await.get("/home").await.hides(&["最久已等"]);
}

#[tokio::test]
async fn pages_lead_to_a_case_that_knows_them_and_so_do_those_that_fail() {
    let world = World::new().await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let mut their = owner(&world).await;
    let (of, line) = (order.id.to_string(), world.people.watch.to_string());
    let mut seen = 0;
    for route in
        routes().into_iter().filter(|route| route.access == Access::CustomerPage && route.method == Method::GET)
    {
        let known = route.path.replace("{order}", &of).replace("{line}", &line);
        if known == route.path || known.contains('{') || known.contains('.') || known.ends_with("/events") {
            continue;
        }
        let page = their.get(&known).await;
        if page.status != StatusCode::OK || !page.text.contains("<main") {
            continue;
        }
        let context = if route.path.contains("{order}") { format!("order={of}") } else { format!("line={line}") };
        for link in ["/cases/new?", "/help?"] {
            let begin = format!("href=\"{link}");
            let links = page.text.split(&begin).skip(1).filter_map(|rest| rest.split('"').next());
            assert!(links.clone().count() > 0 || link == "/help?", "{known} leads to no case");
            assert!(links.clone().all(|query| query.contains(&context)), "{known}: {:?}", links.collect::<Vec<_>>());
        }
        seen += 1;
    }
    assert!(seen >= 12, "{seen}");
    // Help hands on what it was given, and nothing else.
    let help = their.get(&format!("/help?about=renew&line={line}&from=renew")).await;
    help.says(&[&format!("/cases/new?line={line}&#38;from=renew")]);
    their.get("/help?about=renew&from=%3Cb%3E&line=1").await.says(&["/cases/new?from=help"]).hides(&["<b>"]);

    // A page that fails: what happened, and with which line, is known already.
    let renew = format!("/lines/{line}/renew");
    let page = their.get(&renew).await;
    let ticket = page.field("ticket");
    let fields = |offering: &'static str| [("ticket", ticket.as_str()), ("offering", offering), ("terms", "2026-10")];
    assert_eq!(their.submit(&page, &renew, &fields("watch-month@1")).await.status, StatusCode::SEE_OTHER);
    let failed = their.submit(&page, &renew, &fields("watch-year@1")).await;
    assert_eq!(failed.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", failed.text);
    let link = failed.text.split("href=\"").find(|rest| rest.contains("problem=")).unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    assert!(link.contains(&format!("line={line}")) && link.contains("from=error"), "{link}");
    let form = their.get(&link).await;
    form.says(&["关于号码"]);
    assert_eq!(form.field("line"), line);
    assert!(form.text.contains("required value=\"") && !form.text.contains("required value=\"\""), "{}", form.text);
    // A text that is none of ours is not put into the form.
    for problem in ["problem-nothing", "problem-%3Cscript%3E", "home-title", "problem-"] {
        let form = their.get(&format!("/cases/new?problem={problem}")).await;
        assert_eq!(form.status, StatusCode::OK);
        form.says(&["maxlength=\"100\" required value=\"\""]);
    }
    // A guest has the secret link of their order.
    let token = "c0ffee".repeat(11);
    checkout(&world.app, (world.people.linfang, world.people.watch), "watch-month", Some(token.clone())).await;
    let ask = format!("href=\"/o/{token}/case\"");
    let mut guest = Browser::new(&world.router);
    guest.get(&format!("/o/{token}")).await.says(&[&ask]).hides(&["/cases/new"]);
}
