//! Lines and their owners in the portal: adding one, naming it, losing and finding it, handing it over.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::sign_in::Principal;

async fn linfang(world: &World) -> Browser {
    Browser::of(world, Principal::Customer(world.people.linfang)).await
}

/// What the newest message of a template said.
fn said(world: &World, template: &str, parameter: &str) -> String {
    let messages = world.outside.messages.lock().unwrap();
    let newest = messages.iter().rfind(|message| message.template == template).unwrap();
    newest.parameters.iter().find(|(key, _)| *key == parameter).unwrap().1.clone()
}

#[tokio::test]
async fn a_line_is_named_and_what_is_typed_is_shown_as_text() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    let line = format!("/lines/{}", world.people.watch);
    let settings = format!("{line}/settings");
    let page = browser.get(&settings).await;
    page.says(&["名称与设置", "允许他人凭号码代为续费"]);
    for name in ["<img src=x onerror=alert(1)>", "'\"><script>x</script>", "{{7*7}}", "小花的手表 ⌚"] {
        let fields = [("name", name), ("device", "tracker"), ("guests", "yes"), ("state", "closed"), ("version", "99")];
        let saved = browser.submit(&page, &settings, &fields).await;
        assert_eq!(saved.location(), format!("{line}?done=described"), "{name}");
        for path in [line.as_str(), "/home", &settings, &format!("{line}/renew"), &format!("{line}/lost")] {
            browser.get(path).await.hides(&["<img src=x", "<script>x", ">49<"]);
        }
    }
    let shown = browser.get(&format!("{line}?done=described")).await;
    shown.says(&["小花的手表 ⌚", "已保存", "定位器"]);
    let long = "长".repeat(41);
    let refused = browser.submit(&page, &settings, &[("name", &long), ("device", "watch")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["最多 40 个字", &long, "aria-invalid=\"true\""]);
    let typed = [("name", "手表"), ("device", "watch"), ("imei", "490154203237519")];
    let refused = browser.submit(&page, &settings, &typed).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["490154203237519", "IMEI 为 15 位数字"]);
    browser.submit(&page, &settings, &[("name", "手表"), ("device", "watch"), ("imei", "490154-20-323751-8")]).await;
    browser.get(&settings).await.says(&["490154203237518"]);
    let foreign = browser.get("/lines/00000000000000000000000000000000/settings").await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_lost_line_stops_with_one_tap_and_comes_back_with_a_proof() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    let line = format!("/lines/{}", world.people.watch);
    let page = browser.get(&format!("{line}/lost")).await;
    page.says(&["立即停机"]);
    let lost = browser.submit(&page, &format!("{line}/lost"), &[]).await;
    assert_eq!(lost.location(), format!("{line}/lost"));
    browser.get(lost.location()).await.says(&["已挂失", "400-800-1234"]);
    browser.get(&line).await.says(&["已挂失"]);
    browser.get("/home").await.says(&["停"]);
    // The proof is ten minutes old: whoever found the phone does not lift it.
    world.app.clock.pass_us(11 * everline_core::time::MINUTE_US);
    let asked = browser.get(&format!("{line}/found")).await;
    assert_eq!(asked.location(), format!("/account/confirm?next=%2Flines%2F{}%2Ffound", world.people.watch));
    let page = browser.get(&line).await;
    let tried = browser.submit(&page, &format!("{line}/found"), &[]).await;
    assert!(tried.location().starts_with("/account/confirm"), "{}", tried.location());
    let mut again = linfang(&world).await;
    let page = again.get(&format!("{line}/found")).await;
    page.says(&["解除挂失", "换另一张卡"]);
    let wrong = again.submit(&page, &format!("{line}/card"), &[("iccid", "1"), ("secret", "12345678")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["这不是卡号", "value=\"1\""]);
    wrong.hides(&["12345678"]);
    let back = again.submit(&page, &format!("{line}/found"), &[]).await;
    assert_eq!(back.location(), format!("{line}?done=found"));
    again.get(back.location()).await.says(&["已恢复使用"]);
}

#[tokio::test]
async fn a_line_goes_on_to_another_owner() {
    let world = World::new().await;
    let (mut giver, mut taker) =
        (linfang(&world).await, Browser::of(&world, Principal::Customer(world.people.wangqiang)).await);
    let line = format!("/lines/{}", world.people.watch);
    let owner = format!("{line}/owner");
    let page = giver.get(&owner).await;
    page.says(&["过户", "7 天内有效"]);
    let to = everline_app::profile::profile(&world.app, world.people.wangqiang).await.unwrap().contact.unwrap();
    let refused = giver.submit(&page, &owner, &[("contact", to.as_str())]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["请确认剩余的套餐不会一并转走", to.as_str()]);
    let offered = giver.submit(&page, &owner, &[("contact", to.as_str()), ("agree", "yes")]).await;
    assert_eq!(offered.location(), owner);
    giver.get(&owner).await.says(&["已向", &to.masked()]);
    world.settle().await;
    let path = said(&world, "line_offered", "path");
    // The giver, a stranger and whoever is not signed in learn nothing by the link.
    assert_eq!(giver.get(&path).await.status, StatusCode::NOT_FOUND);
    assert!(Browser::new(&world.router).get(&path).await.location().starts_with("/sign-in"));
    let page = taker.get(&path).await;
    page.says(&["有号码过户给您", "接受", "手表"]);
    page.hides(&["林芳", "余额"]);
    let taken = taker.submit(&page, &path, &[]).await;
    assert!(taken.location().ends_with("?done=taken"), "{} {}", taken.status, taken.text);
    taker.get(taken.location()).await.says(&["该号码已归到您名下"]);
    taker.get(&path).await.says(&["该号码已过户"]);
    assert_eq!(giver.get(&owner).await.status, StatusCode::NOT_FOUND);
    giver.get("/account").await.says(&["号码已过户"]);
    taker.get("/account").await.says(&["新增了号码"]);
}

#[tokio::test]
async fn adding_a_line_says_the_same_of_every_number() {
    let world = World::new().await;
    let mut browser = linfang(&world).await;
    let page = browser.get("/claim").await;
    page.says(&["添加号码", "PUK"]);
    let mut answers = Vec::new();
    for number in [crate::world::WATCH_NUMBER, "13700000001", "13800138002"] {
        let sent = browser.submit(&page, "/claim/number", &[("number", number)]).await;
        answers.push((sent.status, sent.location().split('=').next().unwrap().to_owned()));
    }
    answers.dedup();
    assert_eq!(answers, [(StatusCode::SEE_OTHER, "/claim/code?request".to_owned())]);
    let sent = browser.submit(&page, "/claim/number", &[("number", crate::world::WATCH_NUMBER)]).await;
    let code_page = browser.get(sent.location()).await;
    let request = code_page.field("request");
    let wrong = browser.submit(&code_page, "/claim/code", &[("request", &request), ("code", "12")]).await;
    wrong.says(&["请输入 6 位数字"]);
    let fields = [("request", request.as_str()), ("code", &world.outside.last_code())];
    let own = browser.submit(&code_page, "/claim/code", &fields).await;
    own.says(&["该号码已在您的账户里"]);
    let card = browser.submit(&page, "/claim/card", &[("iccid", "89860000000000000001"), ("secret", "11112222")]).await;
    card.says(&["无法添加", "value=\"89860000000000000001\""]);
    card.hides(&["11112222"]);
}
