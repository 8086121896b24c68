//! Receipts: the page, the file, the check, and the invoice that can be asked for.

use crate::world::browser::{Browser, Client, Page};
use crate::world::{WATCH_NUMBER, World, checkout};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;
use everline_app::start_payment::Payer;
use everline_core::order::Order;
use everline_core::payment::{Method as PayBy, Provider};
use everline_core::staff::Role;
use serde_json::json;
use std::process::Command;

/// 林芳 renews her daughter's watch.
async fn renewed(world: &World) -> (Order, Browser) {
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    (order, Browser::of(world, Principal::Customer(world.people.linfang)).await)
}

/// Somebody renews it by its number; the path of the guest's page.
async fn by_guest(world: &World) -> (Order, String) {
    let token = "c0ffee".repeat(11);
    let line = (world.people.linfang, world.people.watch);
    let (order, attempt) = checkout(&world.app, line, "watch-month", Some(token.clone())).await;
    world.pays(&attempt).await;
    (order, format!("/o/{token}"))
}

/// Where a receipt's page leads to be checked.
fn check_path(receipt: &Page) -> String {
    let rest = receipt.text.split("http://portal.test/v/").nth(1).unwrap();
    format!("/v/{}", rest.split('"').next().unwrap())
}

/// The text of a PDF file, without spaces; `None` where no `pdftotext` is installed.
fn text_of(file: &[u8]) -> Option<String> {
    let folder = std::env::temp_dir().join(format!("everline-{}-{:x}", std::process::id(), file.len()));
    std::fs::write(&folder, file).unwrap();
    let output = Command::new("pdftotext").arg("-layout").arg(&folder).arg("-").output();
    std::fs::remove_file(&folder).unwrap();
    let Ok(output) = output else {
        println!("skipped: no pdftotext installed");
        return None;
    };
    Some(String::from_utf8(output.stdout).unwrap().replace([' ', '\n'], ""))
}

fn says(text: &str, all: &[&str]) {
    for said in all {
        assert!(text.contains(&said.replace(' ', "")), "{said} in {text}");
    }
}

#[tokio::test]
async fn the_receipt_leads_to_its_file_its_check_and_its_invoice() {
    let world = World::new().await;
    let (order, mut browser) = renewed(&world).await;
    let path = format!("/orders/{}/receipt", order.id);
    let page = browser.get(&path).await;
    page.says(&["898****0002", &format!("href=\"{path}.pdf\""), &format!("href=\"/orders/{}/invoice\"", order.id)]);
    page.says(&["<svg", "通往本收据核对页面的二维码", "不是税务发票"]).hides(&[WATCH_NUMBER, "89860400000000000002"]);

    let file = browser.get(&format!("{path}.pdf")).await;
    assert_eq!((file.status, &file.headers["content-type"]), (StatusCode::OK, &"application/pdf".parse().unwrap()));
    let number = page.text.split("class=\"number\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let disposition = format!("attachment; filename=\"receipt-{number}.pdf\"");
    assert_eq!(file.headers["content-disposition"], disposition.as_str());
    assert_eq!(file.headers["cache-control"], "no-store");
    assert!(file.file.starts_with(b"%PDF-1.7"));
    assert_eq!(browser.get(&format!("{path}.pdf")).await.file, file.file, "the same receipt, the same bytes");

    let mut english =
        Browser::of(&world, Principal::Customer(world.people.linfang)).await.with("accept-language", "en");
    let in_english = english.get(&format!("{path}.pdf")).await.file;
    if let (Some(zh), Some(en)) = (text_of(&file.file), text_of(&in_english)) {
        says(&zh, &[&number, "¥9.90", "大写：玖元玖角整", "青禾通信科技有限公司", "172****1234", "898****0002"]);
        says(&zh, &["138****8001", "支付宝扫码", "已生效", "2026年11月22日 18:30", "PAID", "不是税务发票"]);
        says(&zh, &[&format!("http://portal.test{}", check_path(&page))]);
        says(&en, &["Receipt", &number, "Qinghe Mobile Technology Co., Ltd.", "It is not a tax invoice"]);
        assert!(!zh.contains(WATCH_NUMBER) && !zh.contains("13800138001") && !zh.contains("[U+"));
    }
}

#[tokio::test]
async fn before_it_has_its_number_there_is_no_file_and_no_check() {
    let world = World::new().await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let mut browser = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/orders/{}/receipt", order.id);
    assert_eq!(browser.get(&format!("{path}.pdf")).await.status, StatusCode::NOT_FOUND);
    let notice = world.outside.pay(&attempt.out_trade_no);
    everline_app::payment_confirmed::payment_notice(&world.app, Provider::Alipay, &[], &notice).await.unwrap();
    browser.get(&path).await.says(&["编号稍后生成"]).hides(&["receipt.pdf", "/v/"]);
    assert_eq!(browser.get(&format!("{path}.pdf")).await.status, StatusCode::NOT_FOUND);
    world.settle().await;
    browser.get(&path).await.says(&["receipt.pdf", "/v/"]);
}

#[tokio::test]
async fn anybody_who_holds_a_receipt_can_check_it() {
    let world = World::new().await;
    let (order, mut browser) = renewed(&world).await;
    let path = check_path(&browser.get(&format!("/orders/{}/receipt", order.id)).await);
    let mut anybody = Browser::new(&world.router);
    let page = anybody.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    page.says(&["这是我们开具的收据", "没有变化", "手表畅联月包", "172****1234", "898****0002", "¥9.90", "已生效"]);
    page.says(&["青禾通信科技有限公司", "2026年12月22日 18:30"]).hides(&[WATCH_NUMBER, "138****8001", "林芳", "朵朵"]);
    let mut english = Browser::new(&world.router).with("accept-language", "en");
    english.get(&path).await.says(&["This receipt is genuine", "Nothing has changed.", "Qinghe Mobile Technology"]);
}

#[tokio::test]
async fn what_was_changed_and_what_was_made_up_look_the_same() {
    let world = World::new().await;
    let (order, mut browser) = renewed(&world).await;
    let path = check_path(&browser.get(&format!("/orders/{}/receipt", order.id)).await);
    let mut anybody = Browser::new(&world.router);
    let mut pages = Vec::new();
    let last = path.len() - 1;
    let other = if path.ends_with('A') { "B" } else { "A" };
    let changed = [format!("{}{other}{}", &path[..60], &path[61..]), format!("{}{other}", &path[..last])];
    let made_up = ["/v/AQ".to_owned(), format!("/v/{}", "A".repeat(path.len() - 3)), "/v/%E5%81%87".to_owned()];
    for forged in changed.iter().chain(&made_up) {
        let page = anybody.get(forged).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{forged}");
        page.says(&["这不是我们开具的收据"]).hides(&["¥9.90"]);
        pages.push(page.text.replace(forged, ""));
    }
    assert!(pages.iter().all(|page| *page == pages[0]));
    let mut english = Browser::new(&world.router).with("accept-language", "en");
    english.get("/v/AQ").await.says(&["This is not a receipt of ours"]);
    let problem = Client::new(&world.router, None).get(&format!("/api/v1/receipts/{}", &changed[1][3..])).await;
    assert_eq!(
        (problem.status, problem.json()["type"].as_str()),
        (StatusCode::NOT_FOUND, Some("/api#problem-not-genuine"))
    );
}

#[tokio::test]
async fn checking_is_limited_per_address() {
    let world = World::new().await;
    let mut anybody = Browser::new(&world.router);
    for _ in 0..30 {
        assert_eq!(anybody.get("/v/AQ").await.status, StatusCode::NOT_FOUND);
    }
    let refused = anybody.get("/v/AQ").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn a_paper_receipt_tells_what_happened_since() {
    let world = World::new().await;
    let (order, first) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.app.clock.pass_us(1_000);
    let customer = world.people.linfang;
    let second =
        everline_app::start_payment::start_payment(&world.app, customer, order.id, PayBy::AlipayWap, Payer::default());
    let second = second.await.unwrap();
    world.pays(&first).await;
    let mut browser = Browser::of(&world, Principal::Customer(customer)).await;
    let path = format!("/orders/{}/receipt", order.id);
    let paper = check_path(&browser.get(&path).await);
    world.pays(&second).await;
    let mut anybody = Browser::new(&world.router);
    anybody.get(&paper).await.says(&["这是我们开具的收据", "退款", "¥9.90 · 退款中"]).hides(&["没有变化"]);
    let receipt = browser.get(&path).await;
    receipt.says(&[&first.out_trade_no, "退款中"]).hides(&[&second.out_trade_no]);
    assert_ne!(check_path(&receipt), paper);
    anybody.get(&check_path(&receipt)).await.says(&["没有变化", "¥9.90 · 退款中"]);
}

#[tokio::test]
async fn a_guests_receipt_tells_nothing_of_the_line_anywhere() {
    let world = World::new().await;
    let (_, owner_attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&owner_attempt).await;
    let (_, guest) = by_guest(&world).await;
    let mut browser = Browser::new(&world.router);
    let receipt = browser.get(&format!("{guest}/receipt")).await;
    let hidden = ["898****", "12月22日", "2027年1月22日", "到时自动开始", "朵朵", WATCH_NUMBER, "138****8001"];
    receipt.says(&[&format!("{guest}/receipt.pdf"), &format!("{guest}/invoice")]).hides(&hidden);
    let checked = browser.get(&check_path(&receipt)).await;
    checked.says(&["这是我们开具的收据", "已付款，办理成功", "1 个月"]).hides(&hidden);
    let file = browser.get(&format!("{guest}/receipt.pdf")).await;
    assert_eq!(file.status, StatusCode::OK);
    if let Some(text) = text_of(&file.file) {
        says(&text, &["按号码续费的付款人", "172****1234", "办理成功"]);
        assert!(hidden.iter().all(|hidden| !text.contains(&hidden.replace(' ', ""))), "{text}");
    }
}

#[tokio::test]
async fn a_program_can_check_a_receipt_by_itself() {
    let world = World::new().await;
    let (order, _) = renewed(&world).await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1/orders/{}/receipt", order.id);
    let receipt = client.get(&path).await.json();
    assert_eq!((&receipt["iccid"], &receipt["pdf"]), (&json!("898****0002"), &json!(format!("{path}.pdf"))));
    let file = client.get(&format!("{path}.pdf")).await;
    assert_eq!((file.status, &file.headers["content-type"]), (StatusCode::OK, &"application/pdf".parse().unwrap()));
    let check = receipt["check"].as_str().unwrap().replace("http://portal.test/v/", "/api/v1/receipts/");
    let checked = Client::new(&world.router, None).get(&check).await;
    assert_eq!(checked.status, StatusCode::OK);
    let checked = checked.json();
    assert_eq!((&checked["number"], &checked["changed"]), (&receipt["number"], &json!(false)));
    assert_eq!((&checked["said"]["outcome"], &checked["now"]["outcome"]), (&json!("in_effect"), &json!("in_effect")));
    let bytes = |field: &str| -> Vec<u8> {
        let text = checked[field].as_str().unwrap().as_bytes();
        text.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    let statement = checked["statement"].as_str().unwrap();
    let key = UnparsedPublicKey::new(&ED25519, bytes("public_key"));
    key.verify(statement.as_bytes(), &bytes("signature")).unwrap();
    assert!(key.verify(statement.replace("9.90", "0.90").as_bytes(), &bytes("signature")).is_err());
    for fact in ["amount 9.90 CNY", "line 172****1234", "outcome in_effect", &format!("order {}", order.number)] {
        assert!(statement.lines().any(|line| line == fact), "{fact} in {statement}");
    }
}

const FORM: [(&str, &str); 4] = [
    ("buyer", "organisation"),
    ("title", "顺达冷链有限公司"),
    ("tax_number", "91350100M000100Y43"),
    ("email", "finance@example.cn"),
];

#[tokio::test]
async fn an_invoice_is_asked_for_made_by_the_desk_and_shown() {
    let world = World::new().await;
    let (order, mut browser) = renewed(&world).await;
    let path = format!("/orders/{}/invoice", order.id);
    let form = browser.get(&path).await;
    form.says(&["申请开具", "¥9.90"]);
    let asked = browser.submit(&form, &path, &FORM).await;
    assert_eq!((asked.status, asked.location()), (StatusCode::SEE_OTHER, path.as_str()));
    let page = browser.get(&path).await;
    page.says(&["已申请，等待开具", "顺达冷链有限公司", "91350100M000100Y43", "finance@example.cn"])
        .hides(&["<form method=\"post\" action=\"/orders"]);
    let other = browser.submit(&page, &path, &[&FORM[..3], &[("email", "other@example.cn")]].concat()).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    other.says(&["已经用另外的信息申请过"]);

    let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let at_desk = format!("/desk/orders/{}", order.number);
    desk.get("/desk").await.says(&["待开发票", &at_desk]);
    let details = desk.get(&at_desk).await;
    details.says(&["顺达冷链有限公司", "finance@example.cn", "已开具"]);
    let mut auditor = Browser::of(&world, Principal::Staff(world.member(Role::Auditor).await)).await;
    let theirs = auditor.get(&at_desk).await;
    theirs.says(&["顺达冷链有限公司", "f***@example.cn"]).hides(&["finance@example.cn", "已开具"]);
    let wrong = desk.submit(&details, &format!("{at_desk}/invoice"), &[("settle", "issue"), ("number", "")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["请填写"]);
    let made = [("settle", "issue"), ("number", "26310000000012345678"), ("link", "https://tax.example.cn/1")];
    for _ in 0..2 {
        let done = desk.submit(&details, &format!("{at_desk}/invoice"), &made).await;
        assert_eq!(done.location(), at_desk);
    }
    desk.get("/desk").await.hides(&["待开发票"]);
    // Once it is made nobody needs to read where it went.
    let issued = desk.get(&at_desk).await;
    issued.says(&["顺达冷链有限公司", "26310000000012345678"]).hides(&["finance@example.cn"]);
    let refuse = [("settle", "refuse"), ("reason", "名称不符")];
    assert_eq!(desk.submit(&details, &format!("{at_desk}/invoice"), &refuse).await.status, StatusCode::CONFLICT);
    assert_eq!(
        desk.submit(&details, &format!("{at_desk}/invoice"), &[]).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let done = browser.get(&path).await;
    done.says(&["26310000000012345678", "href=\"https://tax.example.cn/1\"", "rel=\"noreferrer\""]);
    done.hides(&["finance@example.cn", "申请开具"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_at_its_field_and_what_was_typed_stays() {
    let world = World::new().await;
    let (order, mut browser) = renewed(&world).await;
    let path = format!("/orders/{}/invoice", order.id);
    let page = browser.get(&path).await;
    for (field, value, says) in [
        ("title", "", "请填写"),
        ("tax_number", "91350100M000100Y44", "校验不通过"),
        ("tax_number", "91350100", "统一社会信用代码是 18 位"),
        ("email", "finance", "格式不对"),
        ("buyer", "person", "个人发票不填税号"),
    ] {
        let fields: Vec<(&str, &str)> =
            FORM.iter().map(|(name, typed)| (*name, if *name == field { value } else { *typed })).collect();
        let answer = browser.submit(&page, &path, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        answer.says(&[says, "aria-invalid=\"true\" aria-describedby=\"wrong\"", "id=\"wrong\""]);
        if field != "title" {
            answer.says(&["value=\"顺达冷链有限公司\""]);
        }
    }
    let (unpaid, _) = world.checkout(world.people.linfang, world.people.phone, "phone-19").await;
    let too_early = browser.get(&format!("/orders/{}/invoice", unpaid.id)).await;
    assert_eq!(too_early.status, StatusCode::CONFLICT);
    too_early.says(&["订单付款后才能申请发票"]);
}

#[tokio::test]
async fn who_paid_asks_and_nobody_else_sees_it() {
    let world = World::new().await;
    let (order, guest) = by_guest(&world).await;
    let mut browser = Browser::new(&world.router);
    let page = browser.get(&format!("{guest}/invoice")).await;
    let asked = browser.submit(&page, &format!("{guest}/invoice"), &FORM).await;
    assert_eq!(asked.location(), format!("{guest}/invoice"));
    browser.get(&format!("{guest}/invoice")).await.says(&["已申请，等待开具"]);
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/orders/{}/invoice", order.id);
    assert_eq!(owner.get(&path).await.status, StatusCode::NOT_FOUND);
    owner.get(&format!("/orders/{}/receipt", order.id)).await.hides(&["/invoice", "顺达"]);
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    assert_eq!(client.get(&format!("/api/v1{path}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_invoice_is_asked_for_over_the_api() {
    let world = World::new().await;
    let (order, _) = renewed(&world).await;
    let mut client = Client::of(&world, Principal::Customer(world.people.linfang)).await;
    let path = format!("/api/v1/orders/{}/invoice", order.id);
    assert_eq!(client.get(&path).await.status, StatusCode::NOT_FOUND);
    let body =
        json!({"buyer": "organisation", "title": "顺达", "tax_number": "91350100M000100Y43", "email": "a@example.cn"});
    for _ in 0..2 {
        let asked = client.post(&path, &body.to_string()).await;
        assert_eq!((asked.status, &asked.json()["state"]), (StatusCode::ACCEPTED, &json!("requested")));
    }
    let wrong = json!({"buyer": "organisation", "title": "顺达", "tax_number": "1", "email": "a@example.cn"});
    let refused = client.post(&path, &wrong.to_string()).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!((&refused.json()["field"], &refused.json()["rule"]), (&json!("tax_number"), &json!("length")));
    let other = json!({"buyer": "person", "title": "林芳", "email": "a@example.cn"}).to_string();
    let conflict = client.send(Method::POST, &path, &[], &other).await;
    assert_eq!((conflict.status, &conflict.json()["rule"]), (StatusCode::CONFLICT, &json!("asked_otherwise")));
    let known = client.get(&path).await.json();
    assert_eq!((&known["tax_number"], &known["email"]), (&json!("91350100M000100Y43"), &json!("a@example.cn")));
}
