//! What staff do for customers, on pages: what was typed stays, what is wrong is named, and whoever comes late is told what changed.

use crate::world::browser::{Browser, Page};
use crate::world::{WATCH_NUMBER, World};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::pay_with_credit::pay_with_credit;
use everline_app::ports::NetworkReply;
use everline_app::sign_in::Principal;
use everline_core::account::RecoveryState;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, RawId};
use everline_core::staff::Role;
use everline_core::time::{DAY_US, SECOND_US, SystemTime};
use everline_store::tables::recovery::{self, Recovery};
use everline_store::tables::staff;
use everline_store::{Stop, Tx, Work};

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
    // The account changed since: whoever approves is told what it holds now, and nothing is done.
    let more = [("amount", "2.00"), ("reason", "断网")];
    let fresh = agent.get(&path).await;
    assert_eq!(send(&mut agent, &fresh, &goodwill, &["id", "seen"], &more).await.status, StatusCode::SEE_OTHER);
    for seen in ["", "x", page.field("seen").as_str()] {
        let late = operator.submit(&page, &decide(&page), &[("verdict", "approve"), ("seen", seen)]).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{seen}");
        late.says(&["页面打开后余额有变化", "赠送余额 ¥8.00", "批准</button>"]);
    }
    let page = operator.get(&path).await;
    let approve = [("verdict", "approve"), ("seen", &page.field("seen"))];
    let approved = operator.submit(&page, &decide(&page), &approve).await;
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

#[tokio::test]
async fn a_network_is_not_asked_again_on_a_page_that_nobody_can_read() {
    let world = World::new().await;
    world.outside.set_network(Some(NetworkReply::Submitted));
    let (order, attempt) = world.checkout(world.people.wangqiang, world.people.router, "router-month").await;
    world.pays(&attempt).await;
    world.settle().await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let path = format!("/desk/orders/{}", order.number);
    let page = agent.get(&path).await;
    let again = format!("{path}/provision");
    let odd = agent.submit(&page, &again, &[("seen", "x")]).await;
    assert_eq!(odd.status, StatusCode::CONFLICT);
    odd.says(&["未执行任何操作", "role=\"alert\""]);
    let asked = send(&mut agent, &page, &again, &["seen"], &[]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.text);
}

#[tokio::test]
async fn a_colleague_who_left_is_named_beside_what_they_asked_for() {
    let world = World::new().await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let gone = world.member(Role::Finance).await;
    let mut finance = Browser::of(&world, Principal::Staff(gone)).await;
    let customer = format!("/desk/customers/{}", world.people.linfang);
    let page = finance.get(&customer).await;
    let typed = [("kind", "raised"), ("amount", "60.00"), ("reason", "门店收款")];
    let asked = send(&mut finance, &page, &format!("{customer}/credit/adjust"), &["id", "seen"], &typed).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text);
    let path = format!("/desk/orders/{}", order.number);
    let page = finance.get(&path).await;
    let typed = [("amount", "1.00"), ("reason", "投诉"), ("keeps", "yes")];
    let given = send(&mut finance, &page, &format!("{path}/refund"), &["id", "seen"], &typed).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.text);
    world.app.store.transact(Leaves(gone)).await.unwrap();
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    for page in [&customer, &path] {
        agent.get(page).await.says(&["<dd>周航</dd>"]).hides(&[&format!("<dd>{gone}</dd>")]);
    }
}

#[tokio::test]
async fn of_a_top_up_that_is_partly_spent_the_desk_offers_what_is_there() {
    let world = World::new().await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.phone, "top-up-30").await;
    world.pays(&attempt).await;
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let path = format!("/desk/orders/{}", order.number);
    agent.get(&path).await.says(&["最多可退 ¥30.00"]).hides(&["其余已使用"]);
    let (spends, _) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    pay_with_credit(&world.app, spends.customer, spends.id).await.unwrap();
    world.settle().await;
    let page = agent.get(&path).await;
    page.says(&["最多可退 ¥20.10", "账户中的充值余额只剩这些，其余已使用"]);
    let typed = [("amount", "20.11"), ("reason", "投诉")];
    let refused = send(&mut agent, &page, &format!("{path}/refund"), &["id", "seen"], &typed).await;
    refused.says(&["超过了可以退回的金额"]);
    let (spends, _) = world.checkout(world.people.linfang, world.people.phone, "phone-39").await;
    pay_with_credit(&world.app, spends.customer, spends.id).await.unwrap();
    world.settle().await;
    agent.get(&path).await.says(&["这笔充值的余额已用完"]).hides(&["最多可退", "name=\"amount\""]);
}

#[tokio::test]
async fn a_queue_that_is_longer_than_its_page_says_so_and_how_much_there_is_at_least() {
    let world = World::new().await;
    let mut operator = desk(&world, Role::Operator).await;
    world.app.store.transact(Asks(world.people.linfang, 50)).await.unwrap();
    operator.get("/desk").await.says(&["50 个恢复账户的申请"]);
    operator.get("/desk/recovery").await.hides(&["此处仅显示前"]);
    world.app.store.transact(Asks(world.people.linfang, 51)).await.unwrap();
    operator.get("/desk").await.says(&["50+ 个恢复账户的申请"]);
    operator.get("/desk/recovery").await.says(&["此处仅显示前 50 条，后面还有待处理的"]);
    operator.get("/desk?lang=en").await.says(&["50+ people ask to be let in"]);
    operator.get("/desk/recovery").await.says(&["Only the first 50 are shown; more waits behind them."]);
}

/// A member who leaves.
struct Leaves(RawId);
impl Work for Leaves {
    const NAME: &'static str = "test_member_leaves";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        staff::disable(tx, self.0);
        Ok(())
    }
}

/// So many requests of a customer to be let in.
struct Asks(CustomerId, u8);
impl Work for Asks {
    const NAME: &'static str = "test_recoveries";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let open = recovery::open_of(tx, self.0).await?.len();
        for n in u8::try_from(open).unwrap()..self.1 {
            let (at, contact) = (SystemTime::from_us(0), Msisdn::parse("13012345678").unwrap());
            let (id, state) = (RawId::from_bytes([n; 16]), RecoveryState::Waiting);
            let new = Recovery { customer: self.0, id, contact, reason: None, state, asked_at: at, due_at: at };
            recovery::add(tx, &new);
        }
        Ok(())
    }
}
