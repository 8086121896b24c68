//! Paying inside WeChat's own browser: what is offered where, who uses the browser, and every way in which that is not told.

use crate::world::browser::{Browser, Client, Page};
use crate::world::{WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::order_page::order_page;
use everline_app::ports::PayerAnswer;
use everline_app::sign_in::Principal;
use everline_core::ids::OrderId;
use everline_core::payment::{Attempt, AttemptState, Method};
use everline_core::time::{MINUTE_US, SECOND_US};
use std::sync::atomic::Ordering::Relaxed;

const INSIDE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148 MicroMessenger/8.0.50";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 15) Mobile";
const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
const OTHER: &str = "oUpF8uN95-Ptaags6E_roPHg7AG0";

async fn browser(world: &World, agent: &str) -> Browser {
    Browser::of(world, Principal::Customer(world.people.linfang)).await.with("user-agent", agent)
}

/// Orders the watch's plan, to be paid inside WeChat; where the browser is sent.
async fn order(world: &World, browser: &mut Browser) -> Page {
    let path = format!("/lines/{}/renew", world.people.watch);
    let page = browser.get(&path).await;
    let (ticket, offering) = (page.field("ticket"), page.field("offering"));
    let fields = [("ticket", &*ticket), ("offering", &offering), ("terms", "2026-10"), ("method", "wechat_jsapi")];
    browser.submit(&page, &path, &fields).await
}

/// The address at which the browser comes back with a code.
fn back(sent: &Page, code: &str) -> String {
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    let there = sent.location();
    assert!(
        there.starts_with("https://open.wechat.test/authorize?back=http://portal.test/pay/wechat&state="),
        "{there}"
    );
    let state = there.split("state=").nth(1).unwrap();
    assert!(state.len() == 32 && state.bytes().all(|byte| byte.is_ascii_hexdigit()), "{state}");
    format!("/pay/wechat?code={code}&state={state}")
}

/// Orders and comes back as somebody; the order's page.
async fn begun(world: &World, browser: &mut Browser, openid: &str) -> String {
    let code = format!("c0de{}", world.wechat.starts());
    world.wechat.code(&code, openid);
    let sent = order(world, browser).await;
    let named = browser.get(&back(&sent, &code)).await;
    assert_eq!(named.status, StatusCode::SEE_OTHER, "{}", named.text);
    named.location().to_owned()
}

async fn attempts(world: &World, path: &str) -> Vec<Attempt> {
    let id: OrderId = path.strip_prefix("/orders/").unwrap().parse().unwrap();
    order_page(&world.app, world.people.linfang, id).await.unwrap().attempts
}

#[tokio::test]
async fn each_browser_is_offered_what_works_in_it() {
    let world = World::with_wechat().await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let inside = browser(&world, INSIDE).await.get(&path).await;
    inside
        .says(&["value=\"wechat_jsapi\" checked", "就在微信里付款", "下单后请在手机浏览器里打开"])
        .hides(&["wechat_h5"]);
    let at = |word: &str| inside.text.find(&format!("value=\"{word}\"")).unwrap();
    assert!(at("wechat_jsapi") < at("alipay_wap") && at("alipay_wap") < at("wechat_qr"), "a code comes last");
    let phone = browser(&world, PHONE).await.get(&path).await;
    phone.says(&["value=\"wechat_h5\"", "value=\"alipay_wap\" checked"]).hides(&["wechat_jsapi"]);
    let desktop = browser(&world, "Mozilla/5.0 (X11; Linux x86_64)").await.get(&path).await;
    desktop.says(&["value=\"wechat_qr\""]).hides(&["wechat_jsapi", "wechat_h5"]);
    let on_a_desktop = "Mozilla/5.0 (Windows NT 10.0) MicroMessenger/7.0.20 WindowsWechat";
    browser(&world, on_a_desktop).await.get(&path).await.says(&["value=\"wechat_jsapi\" checked"]);
    world.wechat.on.store(false, Relaxed);
    browser(&world, INSIDE).await.get(&path).await.hides(&["wechat_jsapi", "wechat_qr"]);
}

#[tokio::test]
async fn a_payer_inside_wechat_pays_to_the_end() {
    let world = World::with_wechat().await;
    let mut inside = browser(&world, INSIDE).await;
    let path = begun(&world, &mut inside, OPENID).await;
    let started = world.wechat.started.lock().unwrap().last().unwrap().clone();
    assert_eq!(started.payer.as_ref().map(|payer| payer.reveal()), Some(OPENID));
    let handed = format!("data-wechat=\"{{&#34;package&#34;:&#34;prepay_id=wx{}&#34;}}\" hidden", started.out_trade_no);
    let page = inside.get(&path).await;
    page.says(&[&handed, "微信支付</button>", "<noscript>", "data-wechat-said=\"cancel\" hidden", "data-ask"]);
    page.says(&["value=\"alipay_qr\"", "想用支付宝？"]).hides(&["value=\"wechat_h5\"", "请在手机浏览器中打开"]);
    inside.get(&format!("{path}?lang=en")).await.says(&["Pay with WeChat Pay", "Rather with Alipay?", &handed]);
    assert_eq!(world.wechat.starts(), 1, "a page that is loaded again starts nothing");

    // Who pays stands nowhere but sealed in the browser, and as a mark at the attempt.
    let attempt = attempts(&world, &path).await.pop().unwrap();
    assert_eq!((attempt.method, attempt.state), (Method::WechatJsapi, AttemptState::Pending));
    assert_eq!(attempt.reference.as_ref().map(String::len), Some(64));
    assert!(!format!("{attempt:?}{started:?}{page:?}{:?}", inside.cookies).contains(OPENID));
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let told = client.get(&format!("/api/v1{path}")).await.json();
    assert_eq!((&told["payments"][0]["method"], told["payments"][0].get("pay_url")), (&"wechat_jsapi".into(), None));

    inside.submit(&page, &format!("{path}/ask"), &[]).await;
    inside.get(&path).await.says(&["data-wechat=\""]).hides(&["in effect"]);
    world.wechat.pay_last();
    inside.submit(&page, &format!("{path}/ask"), &[]).await;
    world.settle().await;
    inside.get(&path).await.says(&["In effect"]).hides(&["data-wechat"]);
}

#[tokio::test]
async fn an_answer_counts_only_in_the_browser_that_asked() {
    let world = World::with_wechat().await;
    world.wechat.code("c0de", OPENID);
    let mut inside = browser(&world, INSIDE).await;
    let back = back(&order(&world, &mut inside).await, "c0de");
    let foreign = |page: Page| {
        assert_eq!(page.status, StatusCode::FORBIDDEN);
        page.says(&["不是从本浏览器的订单打开的", "下一步在您这边", "href=\"/home\""]);
    };
    // Another question than the one that it was sent away with.
    let state = back.split("state=").nth(1).unwrap().to_owned();
    foreign(inside.get(&back.replace(&state, &"0".repeat(32))).await);
    foreign(inside.get("/pay/wechat?code=c0de").await);
    // Another browser, even of the same person; and one that made up what it keeps.
    let mut other = browser(&world, INSIDE).await;
    foreign(other.get(&back).await);
    let kept = inside.cookies.get("everline_demo_wechat_asked").unwrap().clone();
    other.cookies.insert("everline_demo_wechat_asked".to_owned(), format!("{}AAAA", &kept[..kept.len() - 4]));
    foreign(other.get(&back).await);
    // What was sealed for something else.
    other.cookies.insert("everline_demo_wechat_payer".to_owned(), kept.clone());
    assert_eq!(
        order(&world, &mut other).await.location().split('?').next(),
        Some("https://open.wechat.test/authorize")
    );
    // Too late.
    world.app.clock.pass_us(10 * MINUTE_US + SECOND_US);
    foreign(inside.get(&back).await);
    assert_eq!((world.wechat.asked.lock().unwrap().len(), world.wechat.starts()), (0, 0), "no code was spent");
}

#[tokio::test]
async fn a_code_that_comes_twice_starts_one_payment() {
    let world = World::with_wechat().await;
    let mut inside = browser(&world, INSIDE).await;
    world.wechat.code("c0de", OPENID);
    let back = back(&order(&world, &mut inside).await, "c0de");
    let first = inside.get(&back).await;
    // WeChat's browser is known to open the address twice.
    let again = inside.get(&back).await;
    assert_eq!((again.status, again.location()), (StatusCode::SEE_OTHER, first.location()));
    assert_eq!((world.wechat.asked.lock().unwrap().len(), world.wechat.starts()), (2, 1));
    assert_eq!(attempts(&world, first.location()).await.len(), 1);
    // Without knowing who it was, a used code is just that.
    inside.cookies.remove("everline_demo_wechat_payer");
    let used = inside.get(&back).await;
    assert_eq!(used.status, StatusCode::GONE);
    used.says(&[&format!("href=\"{}\"", first.location())]);
}

#[tokio::test]
async fn what_wechat_does_not_tell_is_a_page_with_a_way_on() {
    let world = World::with_wechat().await;
    let long = "c".repeat(513);
    for (code, answer, status, zh, side, en) in [
        ("gone", PayerAnswer::CodeGone, 410, "五分钟内有效", "下一步在您这边", "can be used once"),
        ("", PayerAnswer::CodeGone, 410, "五分钟内有效", "下一步在您这边", "The next step is yours"),
        (&long, PayerAnswer::CodeGone, 410, "五分钟内有效", "下一步在您这边", "choose WeChat Pay once more"),
        ("snap", PayerAnswer::Snapshot, 409, "使用完整服务", "下一步在您这边", "Use the full service"),
        ("setup", PayerAnswer::NotSetUp, 503, "需要我们来修复", "问题在我们这边", "on our side, not yours"),
        ("none", PayerAnswer::Unknown, 504, "微信没有回应我们", "问题在微信那边", "on WeChat’s side, not yours"),
    ] {
        world.wechat.answer(code, answer);
        let mut inside = browser(&world, INSIDE).await;
        let back = back(&order(&world, &mut inside).await, code);
        let page = inside.get(&back).await;
        assert_eq!(page.status.as_u16(), status, "{code}");
        page.says(&[zh, side, "没有付款", "回到订单"]);
        let path = page.text.split("class=\"button\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let order = inside.get(&path).await;
        order.says(&["value=\"wechat_jsapi\"", "value=\"alipay_qr\"", "选择一种付款方式"]).hides(&["data-wechat=\""]);
        inside.get(&format!("{back}&lang=en")).await.says(&[en]);
        // The next try asks again.
        let tried = inside.submit(&order, &format!("{path}/pay"), &[("method", "wechat_jsapi")]).await;
        assert!(tried.location().starts_with("https://open.wechat.test/"), "{}", tried.location());
    }
    assert_eq!(world.wechat.starts(), 0);
    let asked = world.wechat.asked.lock().unwrap();
    assert!(!asked.contains(&long) && !asked.contains(&String::new()), "what is no code is not sent on");
}

#[tokio::test]
async fn only_the_person_for_whom_it_was_begun_can_pay_it() {
    let world = World::with_wechat().await;
    let mut hers = browser(&world, INSIDE).await;
    let path = begun(&world, &mut hers, OPENID).await;
    // The same order in another person's WeChat: nothing is handed over, and the way is offered again.
    let mut his = browser(&world, INSIDE).await;
    let page = his.get(&path).await;
    page.says(&["value=\"wechat_jsapi\""]).hides(&["data-wechat=\""]);
    // In an ordinary browser it says where it can be finished.
    let outside = browser(&world, PHONE).await.get(&path).await;
    outside
        .says(&["只能在微信里打开这个页面完成", "value=\"wechat_h5\""])
        .hides(&["value=\"wechat_jsapi\"", "data-wechat=\""]);

    world.app.clock.pass_us(1_000); // ids go by the time
    world.wechat.code("his", OTHER);
    let sent = his.submit(&page, &format!("{path}/pay"), &[("method", "wechat_jsapi")]).await;
    assert_eq!(his.get(&back(&sent, "his")).await.location(), path);
    his.get(&path).await.says(&["data-wechat=\""]);
    hers.get(&path).await.hides(&["data-wechat=\""]);
    world.settle().await;
    let all = attempts(&world, &path).await;
    assert_eq!(all.len(), 2);
    assert_eq!((all[0].state, all[1].state), (AttemptState::Closed, AttemptState::Pending));
    assert_eq!(*world.wechat.closed.lock().unwrap(), [all[0].out_trade_no.clone()]);
}

#[tokio::test]
async fn whoever_is_known_is_not_asked_again_unless_it_did_not_work() {
    let world = World::with_wechat().await;
    let mut inside = browser(&world, INSIDE).await;
    let path = begun(&world, &mut inside, OPENID).await;
    let page = inside.get(&path).await;
    let pay = format!("{path}/pay");
    // Another way, and back: known, so that it starts at once.
    world.app.clock.pass_us(1_000);
    inside.submit(&page, &pay, &[("method", "alipay_qr")]).await;
    world.pass(1_000).await;
    let again = inside.submit(&page, &pay, &[("method", "wechat_jsapi")]).await;
    assert_eq!((again.location(), world.wechat.starts()), (path.as_str(), 2));
    // The cashier said no: begun anew, with the question first.
    let anew = inside.submit(&page, &pay, &[("method", "wechat_jsapi"), ("anew", "yes")]).await;
    assert!(anew.location().starts_with("https://open.wechat.test/"), "{}", anew.location());
    // WeChat refuses: who it was is forgotten.
    world.app.clock.pass_us(1_000);
    inside.submit(&page, &pay, &[("method", "alipay_qr")]).await;
    world.pass(1_000).await;
    world.wechat.refuses.store(true, Relaxed);
    let refused = inside.submit(&page, &pay, &[("method", "wechat_jsapi")]).await;
    assert_eq!(refused.location(), path);
    assert!(!inside.cookies.contains_key("everline_demo_wechat_payer"));
    inside.get(&path).await.says(&["微信支付没有受理"]).hides(&["data-wechat=\""]);
    // Two hours are over.
    world.wechat.refuses.store(false, Relaxed);
    let mut later = browser(&world, INSIDE).await;
    begun(&world, &mut later, OPENID).await;
    world.app.clock.pass_us(120 * MINUTE_US + SECOND_US);
    assert!(order(&world, &mut later).await.location().starts_with("https://open.wechat.test/"));
}

#[tokio::test]
async fn a_place_that_cannot_be_opened_any_more_is_given_anew_under_its_number() {
    let world = World::with_wechat().await;
    let soon = world.app.clock.now().system.plus_us(5 * MINUTE_US);
    *world.wechat.until.lock().unwrap() = Some(soon);
    let mut inside = browser(&world, INSIDE).await;
    let path = begun(&world, &mut inside, OPENID).await;
    inside.get(&path).await.says(&["data-wechat=\""]).hides(&["value=\"wechat_jsapi\"><button"]);
    world.app.clock.pass_us(5 * MINUTE_US + SECOND_US);
    let page = inside.get(&path).await;
    page.says(&["value=\"wechat_jsapi\""]).hides(&["data-wechat=\""]);
    *world.wechat.until.lock().unwrap() = None;
    inside.submit(&page, &format!("{path}/pay"), &[("method", "wechat_jsapi")]).await;
    inside.get(&path).await.says(&["data-wechat=\""]);
    let numbers: Vec<String> =
        world.wechat.started.lock().unwrap().iter().map(|asked| asked.out_trade_no.clone()).collect();
    assert_eq!((numbers.len(), &numbers[0]), (2, &numbers[1]));
}

#[tokio::test]
async fn nobody_starts_it_elsewhere() {
    let world = World::with_wechat().await;
    let mut phone = browser(&world, PHONE).await;
    // The order is placed, and its page offers what works here.
    let sent = order(&world, &mut phone).await;
    let page = phone.get(sent.location()).await;
    page.says(&["选择一种付款方式"]).hides(&["wechat_jsapi"]);
    let pay = format!("{}/pay", sent.location());
    let refused = phone.submit(&page, &pay, &[("method", "wechat_jsapi")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1{}/payments", sent.location());
    let refused = client.post(&path, r#"{"method": "wechat_jsapi"}"#).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["rule"]), (422, &"not offered here".into()));
    assert_eq!(world.wechat.starts(), 0);
}

#[tokio::test]
async fn a_guest_pays_inside_wechat_and_a_stranger_does_not_get_there() {
    let world = World::with_wechat().await;
    world.wechat.code("c0de", OPENID);
    let mut guest = Browser::new(&world.router).with("user-agent", INSIDE);
    let page = guest.get("/renew").await;
    let found = guest.submit(&page, "/renew", &[("number", WATCH_NUMBER)]).await.location().to_owned();
    let page = guest.get(&found).await;
    let (ticket, offering) = (page.field("ticket"), page.field("offering"));
    let fields = [("ticket", &*ticket), ("offering", &offering), ("terms", "2026-10"), ("method", "wechat_jsapi")];
    let back = back(&guest.submit(&page, &found, &fields).await, "c0de");
    let named = guest.get(&back).await;
    let path = named.location().to_owned();
    assert!(path.starts_with("/o/"), "{path}");
    let page = guest.get(&path).await;
    page.says(&["data-wechat=\""]);
    world.wechat.pay_last();
    guest.submit(&page, &format!("{path}/ask"), &[]).await;
    world.settle().await;
    guest.get(&path).await.says(&["办理成功"]);
}

#[tokio::test]
async fn whose_session_ended_meanwhile_signs_in_and_is_still_known() {
    let world = World::with_wechat().await;
    world.wechat.code("c0de", OPENID);
    let mut inside = browser(&world, INSIDE).await;
    let back = back(&order(&world, &mut inside).await, "c0de");
    let session = inside.cookies.remove("everline_demo").unwrap();
    let named = inside.get(&back).await;
    let path = named.location().to_owned();
    assert!(inside.get(&path).await.location().starts_with("/sign-in?next="));
    inside.cookies.insert("everline_demo".to_owned(), session);
    let page = inside.get(&path).await;
    let pay = inside.submit(&page, &format!("{path}/pay"), &[("method", "wechat_jsapi")]).await;
    assert_eq!(pay.location(), path, "not asked again");
    inside.get(&path).await.says(&["data-wechat=\""]);
}

#[tokio::test]
async fn wechat_sees_that_the_domain_is_ours() {
    let world = World::with_wechat().await;
    let proof = ("MP_verify_aB3.txt".to_owned(), "aB3".to_owned());
    let router = world.router_with(|config| config.domain_proof = Some(proof));
    let shown = Browser::new(&router).get("/MP_verify_aB3.txt").await;
    assert_eq!(
        (shown.text.as_str(), &shown.headers["content-type"]),
        ("aB3", &"text/plain; charset=utf-8".parse().unwrap())
    );
    for other in ["/MP_verify_aB4.txt", "/nothing"] {
        assert_eq!(Browser::new(&router).get(other).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn only_pages_inside_wechat_may_lead_to_wechat() {
    let world = World::with_wechat().await;
    let csp = |page: &Page| page.headers["content-security-policy"].to_str().unwrap().to_owned();
    let inside = csp(&browser(&world, INSIDE).await.get("/home").await);
    assert!(inside.contains("form-action 'self' https://open.wechat.test; frame-src weixin:; base-uri"), "{inside}");
    let outside = csp(&browser(&world, PHONE).await.get("/home").await);
    assert!(outside.contains("form-action 'self'; base-uri") && !outside.contains("weixin"), "{outside}");
    assert_eq!(inside.replace(" https://open.wechat.test; frame-src weixin:", ""), outside, "and nothing else differs");
}
