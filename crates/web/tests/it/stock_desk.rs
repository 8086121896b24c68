//! The stock at the desk: thresholds, what is set aside, vouchers; and what a stale page or a wrong field is told.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_app::voucher_batch::{NewBatch, make_batch};
use everline_core::money::{Currency, Money};
use everline_core::staff::Role;
use everline_core::time::DAY_US;
use everline_core::voucher::VoucherKind;

#[tokio::test]
async fn a_threshold_is_set_shown_changed_and_taken_away() {
    let world = World::new().await;
    let member = world.member(Role::Catalog).await;
    let mut catalog = Browser::of(&world, Principal::Staff(member)).await;
    let page = catalog.get("/desk/stock").await;
    page.says(&["尚未统计", "尚未设置预警"]);
    let set = "/desk/stock/threshold";
    let typed = [("kind", "card"), ("family", "<b>north-"), ("least", "0"), ("version", "0")];
    let wrong = catalog.submit(&page, set, &typed).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["1 到 10000000", "value=\"&#60;b&#62;north-\"", "aria-invalid"]).hides(&["<b>north-"]);
    let words = catalog.submit(&page, set, &[("kind", "card"), ("family", ""), ("least", "many")]).await;
    assert_eq!(words.status, StatusCode::UNPROCESSABLE_ENTITY);
    words.says(&["value=\"many\""]);
    let fields = [("kind", "card"), ("family", ""), ("least", "1000000"), ("version", "0")];
    assert_eq!(catalog.submit(&page, set, &fields).await.location(), "/desk/stock");
    let counted = catalog.submit(&page, "/desk/stock/count", &[]).await;
    assert_eq!(counted.location(), "/desk/stock");
    let low = catalog.get("/desk/stock").await;
    low.says(&["不足：只剩", "实体卡", "value=\"1000000\""]);
    catalog.get("/desk").await.says(&["库存不足：1 项"]);
    let stale = [("kind", "card"), ("family", ""), ("least", "7"), ("version", "0")];
    let refused = catalog.submit(&low, set, &stale).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.says(&["情况已有变化", "value=\"7\""]);
    let away = [("kind", "card"), ("family", ""), ("least", ""), ("version", "1")];
    assert_eq!(catalog.submit(&low, set, &away).await.location(), "/desk/stock");
    catalog.get("/desk/stock").await.says(&["尚未设置预警"]);
}

#[tokio::test]
async fn what_the_upstream_network_holds_is_shown_and_low_when_it_is_too_little() {
    let world = World::new().await;
    let member = world.member(Role::Operator).await;
    let mut operator = Browser::of(&world, Principal::Staff(member)).await;
    let page = operator.get("/desk/stock").await;
    page.hides(&["合作网络预存款"]);
    operator.submit(&page, "/desk/stock/count", &[]).await;
    let page = operator.get("/desk/stock").await;
    page.says(&["合作网络预存款", "¥2,500.00", "单位 CNY"]).hides(&["不足：低于"]);
    let set = "/desk/stock/float";
    let wrong = operator.submit(&page, set, &[("least", "<b>"), ("version", "0")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["大于零的金额", "value=\"&#60;b&#62;\"", "float-wrong"]).hides(&["<b>\""]);
    let done = operator.submit(&page, set, &[("least", "3000"), ("version", "0")]).await;
    assert_eq!(done.location(), "/desk/stock#float");
    operator.get("/desk/stock").await.says(&["不足：低于 ¥3,000.00", "value=\"3000.00\""]);
    operator.get("/desk").await.says(&["库存不足：1 项"]);
    let stale = operator.submit(&page, set, &[("least", "7"), ("version", "0")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says(&["情况已有变化", "value=\"7\""]);
    let finance = world.member(Role::Finance).await;
    let mut finance = Browser::of(&world, Principal::Staff(finance)).await;
    finance.get("/desk/stock").await.says(&["下限 3000.00"]).hides(&["action=\"/desk/stock/float\""]);
}

#[tokio::test]
async fn what_cannot_be_set_aside_is_told_and_what_was_typed_is_kept() {
    let world = World::new().await;
    let member = world.member(Role::Operator).await;
    let mut operator = Browser::of(&world, Principal::Staff(member)).await;
    let page = operator.get("/desk/stock/holds").await;
    let id = page.field("id");
    for (name, reason, status, said) in [
        ("12", "坏卡", 422, "18 到 20 位"),
        ("8986 0000 0000 0000 9999", "坏卡", 422, "没有这个卡号"),
        ("89860499000000000001", "", 422, "请填写原因"),
    ] {
        let fields = [("id", id.as_str()), ("kind", "sim"), ("name", name), ("reason", reason)];
        let refused = operator.submit(&page, "/desk/stock/holds", &fields).await;
        assert_eq!(refused.status.as_u16(), status, "{name}");
        refused.says(&[said, &format!("value=\"{name}\"")]);
    }
    for kind in ["", "person"] {
        let fields = [("id", id.as_str()), ("kind", kind), ("name", "x"), ("reason", "x")];
        assert_eq!(operator.submit(&page, "/desk/stock/holds", &fields).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn finance_stops_a_batch_of_vouchers_and_nobody_sees_a_code() {
    let world = World::new().await;
    let new = NewBatch {
        name: "开学 <i>".to_owned(),
        kind: VoucherKind::Promo,
        amount: Money::parse("20", Currency::CNY).unwrap(),
        count: 2,
        expires_at: world.app.clock.now().business.plus_us(30 * DAY_US),
        by: "zhou".to_owned(),
    };
    let codes = make_batch(&world.app, new).await.unwrap();
    let auditor = world.member(Role::Auditor).await;
    let mut auditor = Browser::of(&world, Principal::Staff(auditor)).await;
    let page = auditor.get("/desk/stock/vouchers").await;
    page.says(&["开学 &#60;i&#62;", "¥20.00", "赠送", "共 2 张"]).hides(&["/desk/stock/vouchers/stop", "<i>"]);
    page.hides(
        &codes.iter().map(|code| code.printed()).collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let finance = world.member(Role::Finance).await;
    let mut finance = Browser::of(&world, Principal::Staff(finance)).await;
    let page = finance.get("/desk/stock/vouchers").await;
    page.says(&["未兑换的 2 张将全部作废"]);
    let bare = finance.submit(&page, "/desk/stock/vouchers/stop", &[("batch", "开学 <i>"), ("reason", " ")]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    bare.says(&["请填写原因", "aria-invalid=\"true\"", "停用整批"]);
    let stop = [("batch", "开学 <i>"), ("reason", "印错了")];
    let done = finance.submit(&page, "/desk/stock/vouchers/stop", &stop).await;
    assert_eq!(done.location(), "/desk/stock/vouchers");
    let again = finance.submit(&page, "/desk/stock/vouchers/stop", &stop).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    again.says(&["情况已有变化", "已停用"]).hides(&["停用整批"]);
}
