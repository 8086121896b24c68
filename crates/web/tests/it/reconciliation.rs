//! The desk's pages about providers' bills: who reads, who decides, and what a stale page is told.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::reconciliation::{Reconciled, queue, reconcile};
use everline_app::sign_in::Principal;
use everline_core::ids::ItemId;
use everline_core::money::{Currency, Money};
use everline_core::payment::Provider;
use everline_core::reconciliation::{BillDay, BillLine, LineKind, zone_of};
use everline_core::staff::Role;
use everline_core::time::DAY_US;

/// A payment in yesterday's bill that is nobody's of ours: an item that waits.
pub(crate) async fn stranger(world: &World) -> ItemId {
    let at = world.app.clock.now().system.plus_us(-DAY_US);
    let line = BillLine {
        kind: LineKind::Payment,
        number: "2026112222009999".to_owned(),
        out_trade_no: Some("NOBODY-1".to_owned()),
        request_no: None,
        trade_no: None,
        amount: Money::from_micros(12_340_000, Currency::CNY),
        fee: 70_000,
        at,
        said: "交易: <b>12.34</b>".to_owned(),
    };
    world.outside.lines.lock().unwrap().push(line);
    let day = BillDay::of(at, &zone_of(Provider::Alipay, &world.app.zone));
    let outcome = reconcile(&world.app, Provider::Alipay, day).await.unwrap();
    assert!(matches!(outcome, Reconciled::Done(_)), "{outcome:?}");
    let items = queue::open_items(&world.app, world.people.hejing).await.unwrap().rows;
    items.iter().find(|item| item.out_trade_no.as_deref() == Some("NOBODY-1")).unwrap().id
}

#[tokio::test]
async fn operators_decide_agents_read_and_a_stale_page_is_told() {
    let world = World::new().await;
    let path = format!("/desk/reconciliation/{}", stranger(&world).await);
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk").await.says(&["对账：", "/desk/reconciliation"]);
    agent.get("/desk/reconciliation").await.says(&["仅支付机构有", "¥12.34", "支付宝", &path]);
    let page = agent.get(&path).await;
    page.says(&["NOBODY-1", "2026112222009999", "¥0.07", "交易: &#60;b&#62;12.34"])
        .hides(&["<b>12", "name=\"reason\""]);
    agent.get(&format!("{path}?lang=en")).await.says(&["Only the provider has it", "Nothing of ours"]);

    let operator = world.member(Role::Operator).await;
    let mut first = Browser::of(&world, Principal::Staff(operator)).await;
    let page = first.get(&path).await;
    page.says(&["name=\"reason\"", "value=\"suspense\""]).hides(&["value=\"write_off\"", "value=\"ask\""]);
    let long = "x".repeat(201);
    let refused = first.submit(&page, &path, &[("action", "suspense"), ("reason", &long)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["最多 200 字", &long]);
    for (action, status) in [("write_off", StatusCode::CONFLICT), ("agreed", StatusCode::UNPROCESSABLE_ENTITY)] {
        let refused = first.submit(&page, &path, &[("action", action), ("reason", "为什么")]).await;
        assert_eq!(refused.status, status, "{action}");
    }
    let done = first.submit(&page, &path, &[("action", "suspense"), ("reason", "等待认领")]).await;
    assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, path.as_str()));
    first.get(&path).await.says(&["等待认领", "周航", "多出部分转入待查账户"]).hides(&["name=\"reason\""]);
    let stale = first.submit(&page, &path, &[("action", "accept"), ("reason", "再来一次")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says(&["已经有人处理过"]);
    first.get("/desk/reconciliation").await.says(&["所有账单都与账目一致"]);
    assert_eq!(first.get("/desk/reconciliation/1").await.status, StatusCode::NOT_FOUND);
}
