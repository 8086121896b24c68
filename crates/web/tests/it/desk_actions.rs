//! What staff do for customers, on pages: what was typed stays, what is wrong is named, and whoever comes late is told what changed.

use crate::world::browser::{Browser, Page};
use crate::world::{WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::staff::Role;
use everline_core::time::{DAY_US, SECOND_US};

async fn desk(world: &World, role: Role) -> Browser {
    Browser::of(world, Principal::Staff(world.member(role).await)).await
}

/// Sends a form of a page: the ids and versions that it carries, and what somebody types.
async fn send(browser: &mut Browser, page: &Page, path: &str, hidden: &[&str], typed: &[(&str, &str)]) -> Page {
    // The form's own fields stand behind its address.
    let form = page.text.split(&format!("action=\"{path}\"")).nth(1).unwrap_or_else(|| panic!("no form {path}"));
    let form = form.split("</form>").next().unwrap();
    let value = |name: &str| {
        let field =
            form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("no field {name}"));
        field.split('"').next().unwrap().to_owned()
    };
    let hidden: Vec<(&str, String)> = hidden.iter().map(|name| (*name, value(name))).collect();
    let mut all: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend(typed);
    browser.submit(page, path, &all).await
}

#[tokio::test]
async fn an_agent_gives_goodwill_and_a_second_person_approves_a_correction() {
    let world = World::new().await;
    let path = format!("/desk/customers/{}", world.people.linfang);
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let (mut finance, mut operator) = (desk(&world, Role::Finance).await, desk(&world, Role::Operator).await);
    let page = agent.get(&path).await;
    page.says(&["关怀赠送", "今天还可以给这位客户 ¥20.00"]).hides(&["更正余额"]);
    let goodwill = format!("{path}/credit/goodwill");
    for (amount, reason, says) in [
        ("much", "断网", "金额不对"),
        ("5.00", "", "请填写原因"),
        ("20.01", "断网", "超出这位客户今天的赠送额度，还剩 ¥20.00"),
    ] {
        let typed = [("amount", amount), ("reason", reason)];
        let wrong = send(&mut agent, &page, &goodwill, &["id", "seen"], &typed).await;
        assert!(wrong.status.is_client_error(), "{amount} {reason}");
        wrong.says(&[says, "aria-invalid=\"true\"", &format!("value=\"{amount}\"")]);
    }
    let typed = [("amount", "5.00"), ("reason", "断网半天")];
    for _ in 0..2 {
        let given = send(&mut agent, &page, &goodwill, &["id", "seen"], &typed).await;
        assert_eq!(given.location(), format!("{path}?done=goodwill"), "{}", given.text);
    }
    let now = agent.get(&format!("{path}?done=goodwill")).await;
    now.says(&["已赠送", "¥5.00", "断网半天", "今天还可以给这位客户 ¥15.00"]);
    // Another page of the same customer is from before that.
    let old = finance.get(&path).await;
    let typed_adjust = [("kind", "raised"), ("amount", "60.00"), ("reason", "门店收款")];
    let again = send(&mut agent, &now, &goodwill, &["id", "seen"], &[("amount", "1.00"), ("reason", "再次断网")]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let adjust = format!("{path}/credit/adjust");
    let late = send(&mut finance, &old, &adjust, &["id", "seen"], &typed_adjust).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says(&["页面打开后余额有变化", "赠送余额 ¥6.00", "value=\"60.00\"", "value=\"门店收款\""]);
    // Above the limit a colleague decides, and not whoever asked.
    let asked = send(&mut finance, &late, &adjust, &["id", "seen"], &typed_adjust).await;
    assert_eq!(asked.location(), format!("{path}?done=asked"));
    operator.get("/desk").await.says(&["等待第二人批准的余额更正", "¥60.00"]);
    let decide = |page: &Page| {
        let action = page.text.split("/decide\"").next().unwrap().rsplit('"').next().unwrap();
        format!("{action}/decide")
    };
    let own = finance.get(&path).await;
    own.says(&["撤回"]).hides(&["value=\"approve\""]);
    let refused = finance.submit(&own, &decide(&own), &[("verdict", "approve")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let page = operator.get(&path).await;
    let approved = operator.submit(&page, &decide(&page), &[("verdict", "approve")]).await;
    assert_eq!(approved.location(), format!("{path}?done=decided"));
    agent.get(&format!("{path}?lang=en")).await.says(&["Paid credit", "¥60.00", "approved"]);
}

#[tokio::test]
async fn a_link_to_pay_leads_a_guest_to_what_was_chosen() {
    let world = World::new().await;
    let (customer, line) = (world.people.linfang, world.people.watch);
    let path = format!("/desk/customers/{customer}?line={line}");
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let page = agent.get(&path).await;
    page.says(&["发送付款链接", "watch-month@1", "换卡或过户前"]).hides(&["name=\"secret\""]);
    let send_link = format!("/desk/customers/{customer}/lines/{line}/pay-link");
    let typed = [("offering", "watch-month@1"), ("contact", "")];
    let sent = send(&mut agent, &page, &send_link, &["line", "state", "since", "id"], &typed).await;
    assert_eq!(sent.location(), format!("{path}&done=link"), "{}", sent.text);
    world.settle().await;
    let link = {
        let messages = world.outside.messages.lock().unwrap();
        let message = messages.iter().rev().find(|message| message.template == "pay_link").unwrap();
        message.parameters.iter().find(|(name, _)| *name == "path").unwrap().1.clone()
    };
    let mut guest = Browser::new(&world.router);
    let there = guest.get(&link).await;
    assert!(there.location().starts_with("/renew/") && there.location().ends_with("?offering=watch-month@1"));
    let form = guest.get(there.location()).await;
    form.says(&["手表畅联月包", "¥9.90"]).hides(&["林芳"]);
    let mut owner = Browser::of(&world, Principal::Customer(customer)).await;
    assert_eq!(owner.get(&link).await.location(), format!("/lines/{line}/renew?offering=watch-month@1"));
    // Where what was chosen is sold no more, nothing else is slipped in.
    let link_of = |to: &Page| to.location().split('?').next().unwrap().to_owned();
    let own = owner.get(&link).await;
    for (browser, path) in [(&mut guest, link_of(&there)), (&mut owner, link_of(&own))] {
        browser.get(&path).await.says(&["name=\"ticket\""]);
        let gone = browser.get(&format!("{path}?offering=watch-month@7")).await;
        gone.says(&["该链接对应的商品已停售", "watch-month@1"]).hides(&["name=\"ticket\""]);
    }
    assert_eq!(guest.get("/p/nothing").await.status, StatusCode::NOT_FOUND);
    world.pass(DAY_US + SECOND_US).await;
    let over = guest.get(&link).await;
    assert_eq!(over.status, StatusCode::GONE);
    over.says(&["此链接已失效"]).hides(&[WATCH_NUMBER]);
}

#[tokio::test]
async fn whoever_acts_on_an_old_page_of_an_order_is_told_what_changed() {
    let world = World::new().await;
    world.outside.gives_back.store(true, std::sync::atomic::Ordering::Relaxed);
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let path = format!("/desk/orders/{}", order.number);
    let open = agent.get(&path).await;
    open.says(&["立即询问支付机构", "向机主发送付款链接"]).hides(&["再次请求网络开通"]);
    let asked = send(&mut agent, &open, &format!("{path}/ask"), &[], &[]).await;
    assert_eq!(asked.status, StatusCode::OK);
    asked.says(&["role=\"status\"", "支付机构"]);
    world.pays(&attempt).await;
    world.settle().await;
    let page = agent.get(&path).await;
    let mut colleague = desk(&world, Role::SeniorAgent).await;
    let theirs = colleague.get(&path).await;
    let refund = format!("{path}/refund");
    let typed = [("amount", "1.00"), ("reason", "投诉"), ("keeps", "yes")];
    let given = send(&mut colleague, &theirs, &refund, &["id", "seen"], &typed).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text);
    let late = send(&mut agent, &page, &refund, &["id", "seen"], &typed).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    late.says(&["页面打开后订单有变化", "退款有进展", "有同事申请或处理了退款", "value=\"1.00\"", "value=\"投诉\""]);
    // What colleagues did of it, and why, stands on its page.
    agent.get(&path).await.says(&["员工操作记录", "<dt>退款</dt>", " · 投诉</dd>"]);
    // Nothing waits for a network any more.
    let none = agent.submit(&page, &format!("{path}/provision"), &[("seen", "")]).await;
    assert_eq!(none.status, StatusCode::CONFLICT);
}
