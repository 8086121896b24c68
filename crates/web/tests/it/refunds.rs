//! Money back on pages: the owner's, a guest's, and the desk's; and where payers come back to.

use crate::world::browser::{Browser, Client, Page};
use crate::world::{World, checkout};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::order::Order;
use everline_core::staff::Role;
use everline_core::time::DAY_US;
use serde_json::json;

/// 林芳's watch has a plan since just now; what goes back is there at once.
async fn bought(world: &World) -> Order {
    world.outside.gives_back.store(true, std::sync::atomic::Ordering::Relaxed);
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    order
}

/// The desk of somebody with a role.
async fn desk(world: &World, role: &'static str) -> Browser {
    let role = Role::from_word(role).unwrap();
    Browser::of(world, Principal::Staff(world.member(role).await)).await
}

#[tokio::test]
async fn the_owner_sees_the_rule_the_amount_and_the_way_and_one_button_does_it() {
    let world = World::new().await;
    let order = bought(&world).await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/orders/{}", order.id);
    owner.get(&path).await.says(&["想退款，或充错了号码？", &format!("{path}/refund")]);
    owner.get(&format!("{path}/receipt")).await.says(&[&format!("{path}/refund")]);
    let page = owner.get(&format!("{path}/refund")).await;
    page.says(&["付款后 7 天内未使用，全额退款", "退回金额", "¥9.90", "退到：支付宝扫码", "退订并退回 ¥9.90"]);
    owner.get(&format!("{path}/refund?lang=en")).await.says(&["Money back", "Take it back and return ¥9.90"]);
    owner.get(&format!("{path}/refund?lang=zh-CN")).await;
    let nonsense = owner.submit(&page, &format!("{path}/refund"), &[("ask", "everything")]).await;
    assert_eq!(nonsense.status, StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..2 {
        let asked = owner.submit(&page, &format!("{path}/refund"), &[("ask", "rule")]).await;
        assert_eq!((asked.status, asked.location()), (StatusCode::SEE_OTHER, path.as_str()), "{}", asked.text);
    }
    owner.get(&path).await.says(&["正在退款", "已办理退订", "¥9.90 正在原路退回"]).hides(&["网络没有接受"]);
    world.settle().await;
    owner.get(&path).await.says(&["已退款", "¥9.90 已原路退回"]).hides(&["想退款"]);
    owner.get(&format!("{path}/receipt")).await.says(&["已退款", "已退回"]);
}

#[tokio::test]
async fn why_nothing_goes_back_is_said_in_both_languages() {
    let world = World::new().await;
    let order = bought(&world).await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/orders/{}/refund", order.id);
    let page = owner.get(&path).await;
    world.pass(8 * DAY_US).await;
    let refused = owner.submit(&page, &path, &[("ask", "rule")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.says(&["可以退款的时间已过"]).hides(&["name=\"ask\""]);
    owner.get(&format!("{path}?lang=en")).await.says(&["The time in which it could be returned is over"]);
}

#[tokio::test]
async fn a_guest_who_renewed_the_wrong_number_takes_it_back_and_learns_nothing() {
    let world = World::new().await;
    world.outside.gives_back.store(true, std::sync::atomic::Ordering::Relaxed);
    let line = (world.people.linfang, world.people.phone);
    let token = "c0ffee".repeat(11);
    let (order, attempt) = checkout(&world.app, line, "phone-39", Some(token.clone())).await;
    world.pays(&attempt).await;
    let mut guest = Browser::new(&world.router);
    let path = format!("/o/{token}");
    guest.get(&path).await.says(&[&format!("{path}/refund")]);
    let page = guest.get(&format!("{path}/refund")).await;
    page.says(&["¥39.00"]);
    // It is the guest's to ask for, not the owner's.
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get(&format!("/orders/{}", order.id)).await.hides(&["/refund"]);
    assert_eq!(owner.get(&format!("/orders/{}/refund", order.id)).await.status, StatusCode::NOT_FOUND);
    let ask = page.field("ask");
    let asked = guest.submit(&page, &format!("{path}/refund"), &[("ask", &ask)]).await;
    assert_eq!((asked.status, asked.location()), (StatusCode::SEE_OTHER, path.as_str()), "{}", asked.text);
    world.settle().await;
    guest.get(&path).await.says(&["已退款"]);
}

#[tokio::test]
async fn the_desk_gives_back_within_the_limit_and_asks_a_second_person_above() {
    let mut world = World::new().await;
    let mut brand = (*world.app.brand).clone();
    brand.refunds.alone_max = 5_000_000;
    world.app.brand = std::sync::Arc::new(brand);
    world.router = world.router_with(|config| config.secure_cookies = false);
    let order = bought(&world).await;
    let path = format!("/desk/orders/{}", order.number);
    let (mut agent, mut operator) = (desk(&world, "agent").await, desk(&world, "operator").await);
    let page = agent.get(&path).await;
    page.says(&["最多可退 ¥9.90", "按规则客户可以退回 ¥9.90"]);
    let refund = format!("{path}/refund");
    for (amount, reason, says) in [
        ("a lot", "投诉", "金额不对"),
        ("-1", "投诉", "金额不对"),
        ("1.00", "", "请填写"),
        ("9.91", "投诉", "超过了可以退回的金额"),
    ] {
        let wrong =
            agent.submit(&page, &refund, &[("id", &page.field("id")), ("amount", amount), ("reason", reason)]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{amount} {reason}");
        wrong.says(&[says, &format!("value=\"{amount}\"")]);
    }
    let give = async |browser: &mut Browser, amount: &str, keeps: &str| {
        let page = browser.get(&path).await;
        let fields = [
            ("id", page.field("id")),
            ("amount", amount.to_owned()),
            ("reason", "投诉".to_owned()),
            ("keeps", keeps.to_owned()),
        ];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        browser.submit(&page, &refund, &fields).await
    };
    assert_eq!(give(&mut agent, "2", "yes").await.status, StatusCode::SEE_OTHER);
    world.settle().await;
    agent.get(&path).await.says(&["已办理（限额以内）", "¥2.00", "周航", "最多可退 ¥7.90"]);
    assert_eq!(give(&mut agent, "", "").await.status, StatusCode::SEE_OTHER);
    let waiting = agent.get(&path).await;
    waiting.says(&["等待第二人批准", "撤回"]).hides(&["批准</button>"]);
    let decide = waiting.text.split("action=\"").find(|part| part.starts_with(&format!("{refund}/"))).unwrap();
    let decide = decide.split('"').next().unwrap().to_owned();
    let own = agent.submit(&waiting, &decide, &[("verdict", "approve")]).await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY);
    own.says(&["申请人不能自己批准"]);
    operator.get("/desk").await.says(&["等待第二人批准的退款", "¥7.90"]);
    operator.get("/desk?lang=en").await.says(&["Refunds that wait for a second person"]);
    let seen = operator.get(&format!("{path}?lang=zh-CN")).await;
    seen.says(&["批准</button>", "驳回"]);
    assert_eq!(operator.submit(&seen, &decide, &[("verdict", "approve")]).await.status, StatusCode::SEE_OTHER);
    let again = operator.submit(&seen, &decide, &[("verdict", "approve")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    again.says(&["已经有了决定"]);
    world.settle().await;
    operator.get(&path).await.says(&["已批准", "已退款"]);
    operator.get("/desk").await.hides(&["等待第二人批准的退款"]);
}

#[tokio::test]
async fn what_a_provider_keeps_is_given_another_way_by_an_operator() {
    let world = World::new().await;
    let refused = async || {
        let order = bought(&world).await;
        world.outside.keeps_it.store(true, std::sync::atomic::Ordering::Relaxed);
        let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
        let asked = format!("/orders/{}/refund", order.id);
        let page = owner.get(&asked).await;
        owner.submit(&page, &asked, &[("ask", "rule")]).await;
        world.settle().await;
        owner.get(&format!("/orders/{}", order.id)).await.says(&["没能原路退回，钱已妥善保管"]);
        world.outside.keeps_it.store(false, std::sync::atomic::Ordering::Relaxed);
        (order, owner)
    };
    let action = |page: &Page| {
        let form = page.text.split("action=\"").find(|part| part.split('"').next().unwrap().ends_with("/other-way"));
        form.unwrap().split('"').next().unwrap().to_owned()
    };
    let (mut agent, mut operator) = (desk(&world, "agent").await, desk(&world, "operator").await);
    let (order, mut owner) = refused().await;
    let path = format!("/desk/orders/{}", order.number);
    agent.get(&path).await.hides(&["/other-way"]);
    let page = operator.get(&path).await;
    page.says(&["没能退回的钱", "支付机构没能退回 ¥9.90"]);
    operator
        .get(&format!("{path}?lang=en"))
        .await
        .says(&["Money that could not go back", "Sent from our bank account"]);
    operator.get(&format!("{path}?lang=zh-CN")).await;
    let way = action(&page);
    let seen = agent.get(&path).await;
    let by_agent = agent.submit(&seen, &way, &[("way", "credit")]).await;
    assert_eq!(by_agent.status, StatusCode::FORBIDDEN);
    let without = operator.submit(&page, &way, &[("way", "bank"), ("bank_id", " ")]).await;
    assert_eq!(without.status, StatusCode::UNPROCESSABLE_ENTITY);
    without.says(&["请填写银行流水号", "aria-describedby=\"other-way-wrong\""]);
    for _ in 0..2 {
        let done = operator.submit(&page, &way, &[("way", "credit")]).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, path.as_str()));
    }
    operator.get(&path).await.hides(&["/other-way"]);
    owner.get(&format!("/orders/{}", order.id)).await.says(&["已退款", "¥9.90 已退回账户余额"]);
    owner.get("/home").await.says(&["¥9.90"]);

    let (order, mut owner) = refused().await;
    let path = format!("/desk/orders/{}", order.number);
    let page = operator.get(&path).await;
    let done = operator.submit(&page, &action(&page), &[("way", "bank"), ("bank_id", "B1")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
    let page = format!("/orders/{}", order.id);
    owner.get(&page).await.says(&["¥9.90 没能原路退回，我们已从银行账户转给你"]);
    owner.get(&format!("{page}/receipt?lang=en")).await.says(&["sent from our bank account instead"]);
}

#[tokio::test]
async fn a_payer_comes_back_without_a_secret_in_the_address() {
    let world = World::new().await;
    let mut guest = Browser::new(&world.router);
    let start = guest.get("/renew").await;
    let found = guest.submit(&start, "/renew", &[("number", crate::world::WATCH_NUMBER)]).await;
    let link = found.location().to_owned();
    let form = guest.get(&format!("{link}?offering=watch-month@1")).await;
    let fields = [
        ("offering", "watch-month@1".to_owned()),
        ("ticket", form.field("ticket")),
        ("terms", form.field("terms")),
        ("method", "alipay_qr".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let placed = guest.submit(&form, &link, &fields).await;
    let order = placed.location().to_owned();
    let started = world.outside.started.lock().unwrap().last().unwrap().clone();
    let back = format!("/pay/return/{}", started.out_trade_no);
    assert_eq!(started.return_url, format!("http://portal.test{back}"));
    assert!(!started.return_url.contains(order.trim_start_matches("/o/")));
    assert_eq!(guest.get(&back).await.location(), order, "the browser that paid finds its order");
    // Another browser is told where to look, whatever number it names.
    let mut stranger = Browser::new(&world.router);
    for path in [back.as_str(), "/pay/return/0", "/pay/return/x%2Fy"] {
        let told = stranger.get(path).await;
        assert_eq!(told.status, StatusCode::OK, "{path}");
        told.says(&["付款返回"]).hides(&[&order]);
    }
    let mut owner = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    owner.get(&back).await.says(&["付款返回"]);
}

#[tokio::test]
async fn too_many_orders_for_one_line_are_refused_with_a_time() {
    let mut world = World::new().await;
    let mut brand = (*world.app.brand).clone();
    brand.velocity.line_per_hour = 2;
    world.app.brand = std::sync::Arc::new(brand);
    world.router = world.router_with(|config| config.secure_cookies = false);
    for _ in 0..2 {
        bought(&world).await;
    }
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/lines/{}/renew", world.people.watch);
    let form = owner.get(&format!("{path}?offering=watch-month@1")).await;
    let fields = [
        ("offering", "watch-month@1".to_owned()),
        ("ticket", form.field("ticket")),
        ("terms", form.field("terms")),
        ("method", "alipay_qr".to_owned()),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = owner.submit(&form, &path, &fields).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    refused.says(&["分钟后再试"]);
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn programs_ask_what_goes_back_and_take_it() {
    let world = World::new().await;
    let order = bought(&world).await;
    let mut owner = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1/orders/{}/refund", order.id);
    let offer = owner.get(&path).await.json();
    assert_eq!(offer["by_rule"]["amount"], json!({ "amount": "9.90", "currency": "CNY" }));
    assert!(offer["wrong_number"]["until"].is_string(), "{offer}");
    let unknown = owner.post(&path, r#"{"reason": "whim"}"#).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    let asked = owner.post(&path, r#"{"reason": "wrong_number"}"#).await;
    assert_eq!((asked.status, &asked.json()["state"]), (StatusCode::ACCEPTED, &json!("refunding")), "{}", asked.text);
    let again = owner.post(&path, r#"{"reason": "by_rule"}"#).await;
    assert_eq!((again.status, &again.json()["rule"]), (StatusCode::CONFLICT, &json!("back-already")));
    assert_eq!(owner.get(&path).await.json()["by_rule"], json!({ "refused": "back-already" }));
    world.settle().await;
    let order = owner.get(&format!("/api/v1/orders/{}", order.id)).await.json();
    assert_eq!((&order["state"], &order["refunds"][0]["reason"]), (&json!("refunded"), &json!("wrong_number")));
}
