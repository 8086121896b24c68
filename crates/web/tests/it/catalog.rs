//! The catalog at the desk, as a browser without scripts sees it.

use crate::world::World;
use crate::world::browser::{Browser, Page};
use axum::http::StatusCode;
use everline_app::sign_in::Principal;
use everline_core::staff::Role;

async fn desk(world: &World, role: Role) -> Browser {
    let member = world.member(role).await;
    Browser::of(world, Principal::Staff(member)).await
}

/// What a form of a page holds: the inputs, what is chosen of lists, and what is checked.
fn filled(page: &Page) -> Vec<(String, String)> {
    let attribute = |tag: &str, name: &str| {
        let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
        Some(rest.split('"').next()?.to_owned())
    };
    let mut fields = Vec::new();
    let form = page.text.split("<main").nth(1).unwrap();
    for tag in form.split("<input").skip(1).map(|rest| format!("<input{}", rest.split('>').next().unwrap())) {
        let checkbox = tag.contains("type=\"checkbox\"");
        if let (Some(name), false) = (attribute(&tag, "name"), checkbox && !tag.contains(" checked")) {
            fields.push((name, attribute(&tag, "value").unwrap_or_default()));
        }
    }
    for select in form.split("<select").skip(1) {
        let (head, rest) = select.split_once('>').unwrap();
        let options = rest.split("</select>").next().unwrap();
        let chosen = options.split("<option").find(|option| option.contains(" selected"));
        let value = chosen.and_then(|option| attribute(option, "value")).unwrap_or_default();
        fields.push((attribute(head, "name").unwrap(), value));
    }
    fields
}

/// Sends the form of a page with some fields otherwise.
async fn send(browser: &mut Browser, page: &Page, path: &str, changed: &[(&str, &str)]) -> Page {
    let mut fields = filled(page);
    fields.retain(|(name, _)| changed.iter().all(|(other, _)| name != other));
    fields.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

const NEW: [(&str, &str); 8] = [
    ("code", "spring-2027"),
    ("name_zh", "新春套餐"),
    ("name_en", "Spring plan"),
    ("price", "29.90"),
    ("data", "20000"),
    ("voice", "100"),
    ("family_phone", "1"),
    ("upstream_cost", "19.90"),
];

#[tokio::test]
async fn an_offering_is_written_looked_at_and_published_without_scripts() {
    let world = World::new().await;
    let mut catalog = desk(&world, Role::Catalog).await;
    catalog.get("/desk").await.says(&["href=\"/desk/catalog\"", "商品目录"]);
    catalog.get("/desk/catalog").await.says(&["watch-month@1", "在售", "href=\"/desk/catalog/new\""]);
    let form = catalog.get("/desk/catalog/new").await;
    // Nothing typed: each field that is needed says so, once.
    let empty = send(&mut catalog, &form, "/desk/catalog/new", &[("lasts", "")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    empty.says(&[
        "id=\"code-wrong\"",
        "id=\"name_zh-wrong\"",
        "id=\"name_en-wrong\"",
        "id=\"price-wrong\"",
        "id=\"lasts-wrong\"",
        "id=\"families-wrong\"",
    ]);
    empty.hides(&["id=\"data-wrong\"", "id=\"countries-wrong\""]);
    let wrong = [("data", "1,5"), ("voice", "1:75"), ("countries", "JP XX"), ("name_zh", "<b>春</b>")];
    let wrong = send(&mut catalog, &form, "/desk/catalog/new", &wrong).await;
    wrong.says(&[
        "id=\"data-wrong\"",
        "id=\"voice-wrong\"",
        "id=\"countries-wrong\"",
        "value=\"1,5\"",
        "&#60;b&#62;春",
    ]);
    let made = send(&mut catalog, &form, "/desk/catalog/new", &NEW).await;
    assert_eq!(made.location(), "/desk/catalog/spring-2027@1", "{}", made.text);
    let again = send(&mut catalog, &form, "/desk/catalog/new", &NEW).await;
    assert_eq!(again.location(), "/desk/catalog/spring-2027@1", "sent twice");
    let dearer = NEW.map(|(name, value)| (name, if name == "price" { "39.90" } else { value }));
    let taken = send(&mut catalog, &form, "/desk/catalog/new", &dearer).await;
    taken.says(&["这个代码已经有了", "value=\"新春套餐\""]);
    let page = catalog.get("/desk/catalog/spring-2027@1").await;
    page.says(&[
        "草稿",
        "¥29.90",
        "20\u{a0}GB",
        "100\u{a0}分钟",
        "¥10.00（33.4%）",
        "付款后 7 天内未使用，全额退款",
        "手机",
    ]);
    // Tried before it is sold.
    let tried =
        catalog.get("/desk/catalog/spring-2027@1/try?day=2027-01-31&time=23:59&family=phone&has=new&after=3").await;
    tried.says(&["2027年2月28日 23:59", "2027年3月31日 23:59", "可退 ¥29.90"]);
    let used = catalog.get("/desk/catalog/spring-2027@1/try?day=2027-01-31&time=23:59&family=watch&has=new").await;
    used.says(&["不能购买：不适用于这个号码"]);
    let wrong = catalog.get("/desk/catalog/spring-2027@1/try?day=2027-02-30&time=1&family=x&has=y").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["id=\"at-wrong\"", "value=\"2027-02-30\""]);
    // Published, customers see it, and nothing of what it costs.
    let published = send_do(&mut catalog, &page, "publish").await;
    assert_eq!(published.location(), "/desk/catalog/spring-2027@1");
    catalog.get("/desk/catalog/spring-2027@1").await.says(&["在售", "立即停售"]).hides(&["/edit\"", "删除草稿"]);
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let shop = owner.get(&format!("/lines/{}/renew?offering=spring-2027@1", world.people.phone)).await;
    shop.says(&["新春套餐", "¥29.90"]).hides(&["19.90", "毛利", "33.4"]);
    let mut client = crate::world::browser::Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let offerings = client.get(&format!("/api/v1/lines/{}/offerings", world.people.phone)).await;
    offerings.says(&["spring-2027"]).hides(&["cost", "19900000", "margin"]);
    let data = owner.get("/account/data").await;
    data.hides(&["19.90"]);
}

async fn send_do(browser: &mut Browser, page: &Page, what: &str) -> Page {
    let path = page.text.split("action=\"/desk/catalog/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let path = format!("/desk/catalog/{}", path.trim_end_matches("/cost"));
    browser.submit(page, &path, &[("revision", &page.field("revision")), ("do", what)]).await
}

#[tokio::test]
async fn a_new_version_is_filled_from_the_newest_and_shown_beside_it() {
    let world = World::new().await;
    let mut catalog = desk(&world, Role::Operator).await;
    for code in ["watch-month", "thailand"] {
        // What is not changed comes back as it was.
        let form = catalog.get(&format!("/desk/catalog/{code}@1/next")).await;
        let made = send(&mut catalog, &form, &format!("/desk/catalog/{code}@1/next"), &[]).await;
        assert_eq!(made.location(), format!("/desk/catalog/{code}@2"), "{}", made.text);
        let page = catalog.get(&format!("/desk/catalog/{code}@2")).await;
        page.says(&["逐项对照", &format!("{code}@1")]).hides(&["class=\"differs\""]);
    }
    let form = catalog.get("/desk/catalog/watch-month@2/edit").await;
    let stale = catalog.get("/desk/catalog/watch-month@2/edit").await;
    let saved =
        send(&mut catalog, &form, "/desk/catalog/watch-month@2/edit", &[("price", "10.90"), ("per_line_max", "2")])
            .await;
    assert_eq!(saved.location(), "/desk/catalog/watch-month@2");
    let page = catalog.get("/desk/catalog/watch-month@2?lang=en").await;
    page.says(&[
        "class=\"differs\"",
        "¥9.90",
        "¥10.90",
        "2 times for each line",
        "Field by field beside watch-month@1",
    ]);
    // Somebody else's page is old: what they typed stays, and the draft as it is.
    let path = "/desk/catalog/watch-month@2/edit";
    let refused = send(&mut catalog, &stale, path, &[("price", "12.90"), ("name_zh", "手表新版")]).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    refused.says(&["A colleague changed this version", "value=\"12.90\"", "value=\"手表新版\""]);
    catalog.get("/desk/catalog/watch-month@2").await.says(&["¥10.90"]).hides(&["¥12.90"]);
    let saved = send(&mut catalog, &refused, path, &[]).await;
    assert_eq!(saved.location(), "/desk/catalog/watch-month@2", "sent again by somebody who has seen it");
    // One is written at a time.
    let another = catalog.get("/desk/catalog/watch-month@1/next").await;
    assert_eq!(another.status, StatusCode::CONFLICT);
    another.says(&["There is a draft of this offering already"]);
}

#[tokio::test]
async fn a_plan_is_made_shown_carried_out_and_an_old_page_is_refused() {
    let world = World::new().await;
    let mut catalog = desk(&world, Role::Catalog).await;
    let form = catalog.get("/desk/catalog/watch-month@1/next").await;
    send(&mut catalog, &form, "/desk/catalog/watch-month@1/next", &[("price", "10.90")]).await;
    let path = "/desk/catalog/watch-month@2";
    let page = catalog.get(path).await;
    let plan = |day: &'static str, time: &'static str| [("do", "plan"), ("publish_day", day), ("publish_time", time)];
    let revision = page.field("revision");
    let send_plan = async |browser: &mut Browser, fields: &[(&str, &str)]| {
        browser.submit(&page, path, &[&[("revision", revision.as_str())], fields].concat()).await
    };
    for (day, time) in [("2026-11-22", "18:30"), ("2026-11-31", "18:30"), ("2026-12-01", ""), ("2099-01-01", "00:00")] {
        let wrong = send_plan(&mut catalog, &plan(day, time)).await;
        assert!(wrong.status.is_client_error(), "{day} {time}");
        wrong.says(&["id=\"plan-wrong\"", &format!("value=\"{day}\"")]);
    }
    // It is 18:30 in Shanghai.
    let planned = send_plan(&mut catalog, &plan("2026-11-22", "20:00")).await;
    assert_eq!(planned.location(), path);
    let waits = catalog.get(path).await;
    waits.says(&["待发布", "2026年11月22日 20:00 发布", "撤销安排", "Asia/Shanghai"]);
    let old = send_plan(&mut catalog, &[("do", "publish")]).await;
    assert_eq!(old.status, StatusCode::CONFLICT);
    old.says(&["同事改过这个版本"]);
    world.pass(2 * everline_core::time::HOUR_US).await;
    let now = catalog.get(path).await;
    now.says(&["在售", "2026年11月22日 20:00 · 周航"]);
    catalog.get("/desk/catalog/watch-month@1").await.says(&["已停售"]);
    catalog.get("/desk/catalog").await.says(&["watch-month@2"]).hides(&["watch-month@1"]);
    catalog.get("/desk/catalog?all=1").await.says(&["watch-month@1"]);
    // Who may look sees all of it, and can change nothing.
    let mut auditor = desk(&world, Role::Auditor).await;
    let page = auditor.get(path).await;
    page.says(&["在售", "/desk/audit?kind=offering"]).hides(&["立即停售", "name=\"upstream_cost\"", "/next\""]);
    auditor.get("/desk/audit?kind=offering&subject=watch-month@2").await.says(&["安排发布或停售", "发布商品"]);
}

#[tokio::test]
async fn what_it_costs_is_noted_of_any_version() {
    let world = World::new().await;
    let mut catalog = desk(&world, Role::Catalog).await;
    let path = "/desk/catalog/watch-month@1";
    let page = catalog.get(path).await;
    let send_cost = async |browser: &mut Browser, page: &Page, cost: &str| {
        let revision = page.field("revision");
        browser.submit(page, &format!("{path}/cost"), &[("revision", &revision), ("upstream_cost", cost)]).await
    };
    let wrong = send_cost(&mut catalog, &page, "<i>").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["id=\"cost-wrong\"", "value=\"&#60;i&#62;\""]);
    assert_eq!(send_cost(&mut catalog, &page, "12").await.location(), path);
    let dear = catalog.get(path).await;
    dear.says(&["¥12.00", "-¥2.10（-21.3%）"]);
    assert_eq!(send_cost(&mut catalog, &page, "1").await.status, StatusCode::CONFLICT, "the page is old");
    assert_eq!(send_cost(&mut catalog, &dear, "").await.location(), path);
    catalog.get(path).await.hides(&["毛利"]);
}
