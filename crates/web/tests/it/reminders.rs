//! Reminders and contact persons on a line's pages, and where a message leads whoever is not the owner.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::sign_in::Principal;

/// A parameter of the newest message that has it.
fn said(world: &World, name: &str) -> String {
    let messages = world.outside.messages.lock().unwrap();
    let of = |message: &everline_app::ports::OutgoingMessage| {
        message.parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone())
    };
    messages.iter().rev().find_map(of).unwrap()
}

#[tokio::test]
async fn an_owner_chooses_reminders() {
    let world = World::new().await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let line = format!("/lines/{}", world.people.phone);
    let path = format!("{line}/reminders");
    owner.get(&line).await.says(&["设置提醒和联系人", path.as_str()]);
    let form = owner.get(&path).await;
    form.says(&["这是默认的提醒", "name=\"day7\" value=\"1\" checked", "value=\"21:00\"", "还没有发送过提醒"]);
    let wrong = [("day14", "1"), ("percent75", "1"), ("from", "21:00"), ("until", "25:00")];
    let page = owner.submit(&form, &path, &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.says(&["两个不同的时间", "value=\"25:00\"", "aria-invalid=\"true\"", "name=\"day14\" value=\"1\" checked"]);
    page.hides(&["name=\"day7\" value=\"1\" checked", "name=\"forecast\" value=\"1\" checked"]);
    let many = [("day14", "1"), ("day7", "1"), ("day5", "1"), ("day3", "1"), ("day1", "1")];
    owner.submit(&form, &path, &many).await.says(&["最多选择四项天数", "name=\"day14\" value=\"1\" checked"]);
    let set = owner.submit(&form, &path, &[("day1", "1"), ("percent80", "1"), ("from", ""), ("until", "")]).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, format!("{path}?done=set").as_str()));
    let page = owner.get(set.location()).await;
    page.says(&["已保存", "您为这个号码选择了", "name=\"day1\" value=\"1\" checked", "恢复默认提醒"]);
    page.hides(&["name=\"day7\" value=\"1\" checked", "name=\"forecast\" value=\"1\" checked"]);
    let usual = owner.submit(&page, &path, &[("usual", "1")]).await;
    owner.get(usual.location()).await.says(&["这是默认的提醒"]);
}

#[tokio::test]
async fn a_contact_person_agrees_and_is_led_to_a_guests_renewal() {
    let world = World::new().await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/lines/{}/reminders", world.people.watch);
    let form = owner.get(&path).await;
    let (contacts, code) = (format!("{path}/contacts"), format!("{path}/contacts/code"));
    let wrong = owner.submit(&form, &contacts, &[("address", "<nobody>")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["请输入手机号", "value=\"&#60;nobody&#62;\""]);
    let asked = owner.submit(&form, &contacts, &[("address", "13700000001")]).await;
    let typed = owner.get(asked.location()).await;
    typed.says(&["验证码已发给联系人"]);
    let right = said(&world, "code");
    let other = if right == "000000" { "000001" } else { "000000" };
    let request = typed.field("request");
    let again = owner.submit(&typed, &code, &[("request", &request), ("code", other)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    let added = owner.submit(&again, &code, &[("request", &request), ("code", &right)]).await;
    assert_eq!(added.location(), format!("{path}?done=contact"), "{}", added.text);
    let page = owner.get(added.location()).await;
    page.says(&["从现在起也会通知对方", "137\u{a0}0000\u{a0}0001", "除联系人外，也通知我"]);

    // Without an account: a guest's renewal; the owner gets the owner's own.
    let link = everline_app::reminders::link::path(&world.app, (world.people.linfang, world.people.watch));
    let mut guest = Browser::new(&world.router);
    let led = guest.get(&link).await;
    assert!(led.location().starts_with("/renew/"), "{}", led.location());
    guest.get(led.location()).await.hides(&["停机"]);
    assert_eq!(owner.get(&link).await.location(), format!("/lines/{}/renew", world.people.watch));
    assert_eq!(guest.get("/r/forged").await.status, StatusCode::NOT_FOUND);

    let remove = page.text.split(&format!("{contacts}/")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let removed = owner.submit(&page, &format!("{contacts}/{remove}"), &[]).await;
    owner.get(removed.location()).await.says(&["不再向对方通知"]).hides(&["137\u{a0}0000\u{a0}0001"]);
}
