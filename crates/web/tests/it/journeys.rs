//! What people come for, step by step, without scripts.

use crate::world::browser::Browser;
use crate::world::outside::Mood;
use crate::world::{WATCH_IMSI, World};
use axum::http::StatusCode;
use everline_app::ports::NetworkReply;
use everline_app::sign_in::Principal;
use everline_core::time::{MINUTE_US, SECOND_US};

/// The path of the order a form placed.
async fn order_watch(world: &World, browser: &mut Browser, method: &str) -> String {
    let path = format!("/lines/{}/renew", world.people.watch);
    let page = browser.get(&path).await;
    let fields = [
        ("ticket", page.field("ticket")),
        ("offering", page.field("offering")),
        ("terms", "2026-10".to_owned()),
        ("method", method.to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let sent = browser.submit(&page, &path, &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text);
    sent.location().to_owned()
}

#[tokio::test]
async fn a_watch_that_was_cut_off_is_renewed_in_three_taps() {
    let world = World::new().await;
    let session = world.attach(WATCH_IMSI).await;
    assert!(!session.online);
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;

    let home = browser.get("/home").await;
    home.says(&["林芳，您好", "朵朵的手表", "今天 17:30 起停机", "立即续费", "设备在线，但上网会被引导到续费页面"]);
    home.says(&[&format!("/lines/{}/renew", world.people.watch)]);

    let renew = browser.get(&format!("/lines/{}/renew", world.people.watch)).await;
    renew.says(&[
        "手表畅联月包",
        "¥9.90",
        "付款后立即开始",
        "12月22日 18:30",
        "付款后 7 天内未使用",
        "仅限中国内地使用",
    ]);
    renew.says(&["需要先有正在使用的套餐", "版本 2026-10"]);
    assert_eq!(renew.field("offering"), "watch-month@1", "the last plan is chosen");

    world.outside.set_network(Some(NetworkReply::Unknown));
    let order = order_watch(&world, &mut browser, "alipay_qr").await;
    let waiting = browser.get(&order).await;
    waiting.says(&["等待付款", "支付宝付款二维码", "18:45", "我已付款", "data-live=", "现在等您付款"]);

    let started = world.outside.started.lock().unwrap().last().unwrap().clone();
    // The provider learns our number of the payment, and no address of the order; the same browser finds back.
    assert_eq!(started.return_url, format!("http://portal.test/pay/return/{}", started.out_trade_no));
    let back = browser.get(&format!("/pay/return/{}", started.out_trade_no)).await;
    assert_eq!(back.location(), order);
    let mut gateway = Browser::new(&world.router);
    let notice = world.outside.pay(&started.out_trade_no);
    let answer = gateway.send(axum::http::Method::POST, "/notify/alipay", &[], notice).await;
    assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, "success"));
    world.settle().await;

    let paid = browser.get(&order).await;
    paid.says(&["已付款，尚未生效", "正在等网络确认恢复设备的服务", "再问一次网络", "查看收据", "现在由我们负责"]);
    paid.hides(&["已生效", "二维码"]);
    browser.get("/home").await.says(&["进行中的订单", "已付款，尚未生效", "正在等网络确认恢复这台设备的服务"]);

    world.outside.set_network(None);
    let again = browser.submit(&paid, &format!("{order}/network"), &[]).await;
    assert_eq!(again.location(), format!("{order}?asked=network"));
    world.settle().await;
    browser.get(&order).await.says(&["已生效", "网络已确认，可用到 12月22日 18:30"]).hides(&["data-live="]);
    browser.get("/home").await.says(&["一切正常，可用到 12月22日 18:30"]);

    let receipt = browser.get(&format!("{order}/receipt")).await;
    receipt.says(&[
        "收据",
        "¥9.90",
        "玖元玖角整",
        "172****1234",
        "138****8001",
        "青禾通信科技有限公司",
        "91310000MA1K000000",
    ]);
    receipt.says(&[&started.out_trade_no, "PAID", "DELIVERED", "2026年11月22日 18:30", "已生效", "不是税务发票"]);
    receipt.hides(&["17280001234", "13800138001", "编号稍后生成"]);
}

#[tokio::test]
async fn sending_the_order_form_twice_orders_and_starts_once() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let page = browser.get(&path).await;
    let (ticket, offering) = (page.field("ticket"), page.field("offering"));
    let fields = [("ticket", ticket.as_str()), ("offering", &offering), ("terms", "2026-10"), ("method", "alipay_qr")];
    let before = world.outside.starts();
    let (first, second) = (browser.submit(&page, &path, &fields).await, browser.submit(&page, &path, &fields).await);
    assert_eq!(first.location(), second.location());
    assert_eq!(world.outside.starts(), before + 1);
    let other = [("ticket", ticket.as_str()), ("offering", "watch-year@1"), ("terms", "2026-10")];
    assert_eq!(browser.submit(&page, &path, &other).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn what_is_missing_is_said_beside_the_field_and_what_was_chosen_stays() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let page = browser.get(&format!("{path}?offering=watch-year@1")).await;
    let ticket = page.field("ticket");
    let fields = [("ticket", ticket.as_str()), ("offering", "watch-year@1"), ("method", "alipay_wap")];
    let sent = browser.submit(&page, &path, &fields).await;
    assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
    sent.says(&[
        "请先勾选同意以上内容",
        "手表年包",
        "¥99.00",
        "value=\"alipay_wap\" checked",
        "aria-describedby=\"terms-error\"",
    ]);

    let old = [("ticket", ticket.as_str()), ("offering", "watch-year@1"), ("terms", "2025-01")];
    let sent = browser.submit(&page, &path, &old).await;
    assert_eq!(sent.status, StatusCode::CONFLICT);
    sent.says(&["服务条款刚刚更新"]);

    let pack = [("ticket", ticket.as_str()), ("offering", "data-1g@1"), ("terms", "2026-10")];
    let sent = browser.submit(&page, &path, &pack).await;
    assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY);
    sent.says(&["需要先有正在使用的套餐"]);
}

#[tokio::test]
async fn a_silent_provider_is_told_and_another_way_is_open() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    world.outside.set(Mood::Silent);
    let order = order_watch(&world, &mut browser, "alipay_qr").await;
    let page = browser.get(&order).await;
    page.says(&["支付宝暂时没有回应", "在本机打开支付宝", "现在等支付宝的答复"]).hides(&["付款二维码"]);

    let asked = browser.submit(&page, &format!("{order}/ask"), &[]).await;
    browser.get(asked.location()).await.says(&["18:30 已向支付宝查询"]);

    world.outside.set(Mood::Fine);
    world.pass(SECOND_US).await;
    let paid_otherwise = browser.submit(&page, &format!("{order}/pay"), &[("method", "alipay_wap")]).await;
    assert_eq!(paid_otherwise.location(), order);
    let page = browser.get(&order).await;
    page.says(&["打开支付宝付款", "https://wap.pay.test/?n=", "rel=\"noreferrer\""]);

    world.outside.set(Mood::Refuses);
    let watch = order_watch(&world, &mut browser, "alipay_qr").await;
    browser.get(&watch).await.says(&["支付宝没有受理这次付款，没有扣款", "支付宝扫码"]);
}

#[tokio::test]
async fn a_lost_notice_is_found_by_asking() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let order = order_watch(&world, &mut browser, "alipay_wap").await;
    let out_trade_no = world.outside.started.lock().unwrap().last().unwrap().out_trade_no.clone();
    world.outside.pay(&out_trade_no);
    let page = browser.get(&order).await;
    let asked = browser.submit(&page, &format!("{order}/ask"), &[]).await;
    browser.get(asked.location()).await.says(&["已生效"]);
}

#[tokio::test]
async fn an_order_nobody_paid_is_closed_and_can_be_ordered_again() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let order = order_watch(&world, &mut browser, "alipay_qr").await;
    world.pass(16 * MINUTE_US).await;
    let again = format!("/lines/{}/renew?offering=watch-month@1", world.people.watch);
    browser.get(&order).await.says(&["已关闭", "没有扣款", "重新下单", &again]).hides(&["二维码", "我已付款"]);
}

#[tokio::test]
async fn a_partner_network_is_waited_for_and_the_desk_sees_it() {
    let world = World::new().await;
    world.outside.set_network(Some(NetworkReply::Submitted));
    let (order, attempt) = world.checkout(world.people.wangqiang, world.people.router, "router-month").await;
    world.pays(&attempt).await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    let page = browser.get(&format!("/orders/{}", order.id)).await;
    page.says(&["已付款，尚未生效", "正在等合作网络确认开通", "由我们负责追问"]);

    world.pass(90 * MINUTE_US).await;
    let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    desk.get("/desk").await.says(&[
        &format!("/desk/orders/{}", order.number),
        "172****9012",
        "已等 1 小时",
        "等合作网络确认",
        "何静（客服）",
    ]);
    let details = desk.get(&format!("/desk/orders/{}", order.number)).await;
    details.says(&[
        &attempt.out_trade_no,
        "支付宝扫码",
        "应收支付机构 → 未交付订单的款项",
        "收到订单付款",
        "137****7002",
        "router-month@1",
    ]);
    details.hides(&["17280009012", "13700137002"]);

    world.outside.set_network(None);
    browser.submit(&page, &format!("/orders/{}/network", order.id), &[]).await;
    world.settle().await;
    browser.get(&format!("/orders/{}", order.id)).await.says(&["已生效"]);
    desk.get("/desk").await.says(&["没有等待中的订单"]);
}

#[tokio::test]
async fn a_long_list_is_filtered_by_its_address() {
    let world = World::new().await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.shunda)).await.with("accept-language", "en");
    let all = browser.get("/home").await;
    all.says(&["12 lines: 4 ending this week, 2 cut off.", "冷链 001 号车", "冷链 012 号车"]);
    let off = browser.get("/home?show=cut_off").await;
    off.says(&["冷链 001 号车", "冷链 002 号车", "aria-current=\"page\""]).hides(&["冷链 003 号车", "冷链 012 号车"]);
    let ending = browser.get("/home?show=ending").await;
    ending.says(&["冷链 003 号车", "冷链 006 号车"]).hides(&["冷链 001 号车", "冷链 007 号车"]);
}

#[tokio::test]
async fn a_phone_gets_the_way_that_fits_a_phone() {
    let world = World::new().await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let person = Principal::Customer(world.people.linfang);
    let mut desktop = Browser::of(&world, person).await;
    desktop.get(&path).await.says(&["value=\"alipay_qr\" checked"]);
    let mut phone = Browser::of(&world, person).await.with("user-agent", "Mozilla/5.0 (Linux; Android 15) Mobile");
    phone.get(&path).await.says(&["value=\"alipay_wap\" checked"]);
}

#[tokio::test]
async fn each_kind_of_screen_is_offered_the_page_made_for_it() {
    let world = World::new().await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let person = Principal::Customer(world.people.linfang);
    let mut desktop = Browser::of(&world, person).await;
    let mut phone = Browser::of(&world, person).await.with("user-agent", "Mozilla/5.0 (Linux; Android 15) Mobile");
    desktop.get(&path).await.says(&["value=\"alipay_wap\""]);
    world.outside.has_page.store(true, std::sync::atomic::Ordering::Relaxed);
    desktop.get(&path).await.says(&["value=\"alipay_page\"", "value=\"alipay_qr\" checked"]).hides(&["alipay_wap"]);
    phone.get(&path).await.says(&["value=\"alipay_wap\" checked"]).hides(&["alipay_page"]);
}

#[tokio::test]
async fn wechats_browser_says_where_to_pay_and_another_one_goes_on() {
    let world = World::new().await;
    let person = Principal::Customer(world.people.linfang);
    let agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Mobile/15E148 MicroMessenger/8.0.50";
    let mut inside = Browser::of(&world, person).await.with("user-agent", agent);
    let order = order_watch(&world, &mut inside, "alipay_wap").await;
    let page = inside.get(&order).await;
    page.says(&["请在手机浏览器中打开", "readonly value=\"http", &format!("{order}\"></label>")]);
    page.hides(&["https://wap.pay.test/", "点下面的按钮", "value=\"alipay_wap\""]);
    inside.get(&format!("{order}?lang=en")).await.says(&["Open this page in your browser"]);

    let mut outside = Browser::of(&world, person).await.with("user-agent", "Mozilla/5.0 (Linux; Android 15) Mobile");
    outside.get(&order).await.says(&["https://wap.pay.test/"]).hides(&["请在手机浏览器中打开"]);
    let mut stranger = Browser::new(&world.router);
    let asked = stranger.get(&order).await;
    assert_eq!(asked.location(), format!("/sign-in?next={}", order.replace('/', "%2F")));

    let out_trade_no = world.outside.started.lock().unwrap().last().unwrap().out_trade_no.clone();
    world.outside.pay(&out_trade_no);
    inside.submit(&page, &format!("{order}/ask"), &[]).await;
    inside.get(&order).await.says(&["effect"]).hides(&["Open this page in your browser"]);
}
