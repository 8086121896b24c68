//! Cases on pages: an owner's, a guest's and the desk's; their files, their limits, and what is shown as text.

use crate::world::browser::{Browser, Page};
use crate::world::{World, checkout};
use axum::http::{Method, StatusCode};
use everline_app::sign_in::Principal;

const SCRIPT: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>";

/// Sends a form with files, as a browser does.
pub(crate) async fn send(
    browser: &mut Browser,
    page: &Page,
    path: &str,
    fields: &[(&str, &str)],
    files: &[(&str, &[u8])],
) -> Page {
    let mut body = Vec::new();
    let (csrf, entry) = (page.field("_csrf"), page.field("entry"));
    let hidden = [("_csrf", csrf.as_str()), ("entry", entry.as_str())];
    for (name, value) in fields.iter().copied().chain(hidden) {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    for (name, content) in files {
        let head = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(*content);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let kind = ("content-type", "multipart/form-data; boundary=edge");
    browser.send(Method::POST, path, &[kind], body).await
}

async fn asked(owner: &mut Browser, subject: &str, text: &str, files: &[(&str, &[u8])]) -> Page {
    let page = owner.get("/cases/new").await;
    let id = page.field("id");
    send(owner, &page, "/cases/new", &[("id", &id), ("subject", subject), ("text", text)], files).await
}

#[tokio::test]
async fn an_order_brings_its_context_and_the_desk_answers() {
    let world = World::new().await;
    let (order, _) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    owner.get(&format!("/orders/{}", order.id)).await.says(&[&format!("/orders/{}/case", order.id)]);
    let led = owner.get(&format!("/orders/{}/case", order.id)).await;
    let page = owner.get(led.location()).await;
    page.says(&["关于您的订单", "订单在等待付款", "enctype=\"multipart/form-data\"", "type=\"file\""]);
    let (id, of) = (page.field("id"), page.field("order"));
    assert_eq!(of, order.id.to_string());
    let fields = [("id", id.as_str()), ("order", of.as_str()), ("from", "order")];
    // What is wrong is said at its field, and nothing typed is lost.
    let with = |more: [(&'static str, &'static str); 2]| [fields.to_vec(), more.to_vec()].concat();
    let wrong = send(&mut owner, &page, "/cases/new", &with([("subject", ""), ("text", "付不了款")]), &[]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["请用一行", "付不了款", "aria-invalid=\"true\"", "关于您的订单"]);
    let words = with([("subject", "付款"), ("text", "付不了款")]);
    let wrong = send(&mut owner, &page, "/cases/new", &words, &[("a.svg", b"<svg onload=alert(1)>")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["类型不支持", "付不了款", "value=\"付款\""]);
    for _ in 0..2 {
        let opened = send(&mut owner, &page, "/cases/new", &words, &[("截图.png", b"\x89PNG\r\n\x1a\n1")]).await;
        assert_eq!((opened.status, opened.location()), (StatusCode::SEE_OTHER, format!("/cases/{id}").as_str()));
    }
    let path = format!("/cases/{id}");
    owner.get(&path).await.says(&["付不了款", "截图.png", "9 B", "我们在处理", "订单在等待付款"]);
    owner.get("/cases").await.says(&["付款", "我们在处理"]);

    let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    desk.get("/desk").await.says(&["/desk/cases"]);
    desk.get("/desk/cases?state=open").await.says(&["付款", "selected"]);
    let queue = desk.get("/desk/cases").await;
    let case = format!("/desk/cases/{}/{id}", world.people.linfang);
    queue.says(&[&case, "付款", "aria-current"]);
    let page = desk.get(&case).await;
    page.says(&["付不了款", "订单在等待付款", "/desk/orders/"]);
    let act = async |desk: &mut Browser, page: &Page, fields: &[(&str, &str)]| {
        let (version, entry) = (page.field("version"), page.field("entry"));
        desk.submit(page, &case, &[&[("version", version.as_str()), ("entry", &entry)], fields].concat()).await
    };
    assert_eq!(act(&mut desk, &page, &[("do", "note"), ("text", "内部")]).await.status, StatusCode::SEE_OTHER);
    let stale = act(&mut desk, &page, &[("do", "answer"), ("text", "请再试"), ("then", "waiting")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says(&["何静写了内部备注", "未执行任何操作", "请再试", "内部"]);
    let answered = act(&mut desk, &stale, &[("do", "answer"), ("text", "请再试"), ("then", "waiting")]).await;
    assert_eq!(answered.status, StatusCode::SEE_OTHER, "{}", answered.text);
    desk.get("/desk/cases?state=waiting&lang=en").await.says(&["Waits for whoever asked", &case]);
    let page = owner.get(&path).await;
    page.says(&["请再试", "等待您回复", "客服"]).hides(&["内部", "何静"]);
    let solved = owner.submit(&page, &path, &[("do", "solved")]).await;
    assert_eq!(solved.status, StatusCode::SEE_OTHER);
    owner.get(&path).await.says(&["已解决", "没有解决"]);
    let again = send(&mut owner, &page, &path, &[("do", "write"), ("text", "还是不行")], &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    owner.get(&format!("{path}?lang=en")).await.says(&["Open again, with us"]);
}

#[tokio::test]
async fn files_are_downloads_and_nobody_elses() {
    let world = World::new().await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let text = "javascript:alert(1)".as_bytes();
    let opened = asked(&mut owner, "文件", "见附件", &[("../evil\u{202e}.html", text), ("b.pdf", b"%PDF-1.7\n")]).await;
    let page = owner.get(opened.location()).await;
    page.says(&["evil.txt", "b.pdf"]).hides(&[".html", "\u{202e}", "<iframe", "<embed", "<object"]);
    let links: Vec<String> = page.text.split('"').filter(|text| text.contains("/files/")).map(str::to_owned).collect();
    assert_eq!(links.len(), 2);
    let mut strangers =
        vec![Browser::new(&world.router), Browser::of(&world, Principal::Customer(world.people.wangqiang)).await];
    for link in &links {
        let file = owner.get(link).await;
        assert_eq!(file.status, StatusCode::OK);
        let header = |name: &str| file.headers[name].to_str().unwrap();
        assert!(
            header("content-disposition").starts_with("attachment; filename=\""),
            "{}",
            header("content-disposition")
        );
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("sandbox"));
        assert!(["text/plain; charset=utf-8", "application/pdf"].contains(&header("content-type")));
        for stranger in &mut strangers {
            assert!([303, 404].contains(&stranger.get(link).await.status.as_u16()), "{link}");
        }
        let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
        assert_eq!(desk.get(link).await.status, StatusCode::FORBIDDEN);
        let theirs = link.replace("/cases/", &format!("/desk/cases/{}/", world.people.linfang));
        assert_eq!(desk.get(&theirs).await.status, StatusCode::OK);
        // A file belongs to its case.
        let elsewhere = link.replace(opened.location(), &format!("/cases/{}", "0".repeat(32)));
        assert_eq!(owner.get(&elsewhere).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_guest_asks_and_reads_by_the_secret_link_alone() {
    let world = World::new().await;
    let token = "c0ffee".repeat(11);
    let line = (world.people.linfang, world.people.watch);
    let (order, _) = checkout(&world.app, line, "watch-month", Some(token.clone())).await;
    let (mut guest, path) = (Browser::new(&world.router), format!("/o/{token}/case"));
    guest.get(&format!("/o/{token}")).await.says(&[&path]);
    let page = guest.get(&path).await;
    page.says(&["关于您的订单"]).hides(&["朵朵", "林芳", "17280001234"]);
    let id = page.field("id");
    let fields = [("id", id.as_str()), ("subject", "没收到"), ("text", "我的电话 13011112222")];
    for _ in 0..2 {
        let sent = send(&mut guest, &page, &path, &fields, &[("a.txt", b"hello")]).await;
        assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, path.as_str()), "{}", sent.text);
    }
    let page = guest.get(&path).await;
    assert_eq!(page.text.matches("13011112222").count(), 1);
    page.says(&["13011112222", "a.txt"]).hides(&["朵朵", "林芳", "17280001234"]);
    let link = page.text.split('"').find(|text| text.contains("/files/")).unwrap().to_owned();
    assert_eq!(guest.get(&link).await.status, StatusCode::OK);
    // The line's owner sees the order, and nothing that its payer wrote.
    let mut owner = Browser::of(&world, Principal::Customer(line.0)).await;
    owner.get("/cases").await.hides(&["没收到"]);
    assert_eq!(owner.get(&format!("/cases/{id}")).await.status, StatusCode::NOT_FOUND);
    owner.get(&format!("/orders/{}", order.id)).await.hides(&["13011112222"]);
    let wrong = path.replace("c0ffee", "c0ffef");
    assert_eq!(guest.get(&wrong).await.status, StatusCode::NOT_FOUND);
    let again = send(&mut guest, &page, &path, &[("do", "write"), ("text", "收到了吗")], &[]).await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
    let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    desk.get("/desk/cases").await.says(&["没收到", "访客的问题"]);
    for _ in 0..20 {
        send(&mut guest, &page, &path, &[("do", "write"), ("text", "x")], &[]).await;
    }
    let many = send(&mut guest, &page, &path, &[("do", "write"), ("text", "x")], &[]).await;
    assert_eq!(many.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_people_write_is_text_to_everybody() {
    let world = World::new().await;
    let mut owner = Browser::of(&world, Principal::Customer(world.people.linfang)).await;
    let opened = asked(&mut owner, &SCRIPT[..40], SCRIPT, &[("<img src=x onerror=alert(1)>.txt", b"x")]).await;
    let id = opened.location().rsplit('/').next().unwrap().to_owned();
    let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let case = format!("/desk/cases/{}/{id}", world.people.linfang);
    let page = desk.get(&case).await;
    let entry = page.field("entry");
    let fields = [("version", "0"), ("entry", &entry), ("do", "answer"), ("text", SCRIPT), ("then", "waiting")];
    desk.submit(&page, &case, &fields).await;
    let shown = |page: Page| {
        page.hides(&["<script>alert", "<img src=x"]);
        assert_eq!(page.status, StatusCode::OK);
    };
    shown(owner.get("/cases").await);
    shown(owner.get(opened.location()).await);
    shown(desk.get("/desk/cases?state=waiting").await);
    shown(desk.get(&case).await);
    let page = owner.get("/cases/new").await;
    let fields = [("id", "1".repeat(32)), ("subject", String::new()), ("text", SCRIPT.to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    let typed = send(&mut owner, &page, "/cases/new", &fields, &[]).await;
    assert_eq!(typed.status, StatusCode::UNPROCESSABLE_ENTITY);
    typed.says(&["alert(1)"]).hides(&["<script>alert", "<img src=x"]);
}

async fn owner_of(world: &World) -> Browser {
    Browser::of(world, Principal::Customer(world.people.linfang)).await
}

#[tokio::test]
async fn forms_with_files_are_ours_or_refused() {
    let world = World::new().await;
    let mut owner = owner_of(&world).await;
    let page = owner.get("/cases/new").await;
    let id = page.field("id");
    let kind = ("content-type", "multipart/form-data; boundary=edge");
    let foreign = b"--edge\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nx\r\n--edge--\r\n".to_vec();
    let refused = owner.send(Method::POST, "/cases/new", &[kind], foreign).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "no secret of a form");
    let broken = owner.send(Method::POST, "/cases/new", &[kind], b"--edge\r\nnonsense".to_vec()).await;
    assert!(broken.status.is_client_error(), "{}", broken.status);
    let large = vec![b'a'; 6 * 1024 * 1024 + 1];
    let fields = [("id", id.as_str()), ("subject", "大"), ("text", "文件很大")];
    let refused = send(&mut owner, &page, "/cases/new", &fields, &[("a.txt", &large)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["超过 6 MB", "文件很大"]);
    let huge = vec![b'a'; 21 * 1024 * 1024];
    let refused = send(&mut owner, &page, "/cases/new", &fields, &[("a.txt", &huge)]).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_message_that_is_sent_twice_is_there_once() {
    let world = World::new().await;
    let mut owner = owner_of(&world).await;
    let path = asked(&mut owner, "问题", "没有网", &[]).await.location().to_owned();
    let page = owner.get(&path).await;
    for _ in 0..2 {
        let sent = send(&mut owner, &page, &path, &[("do", "write"), ("text", "还是不行")], &[("a.txt", b"a")]).await;
        assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, path.as_str()), "{}", sent.text);
    }
    let shown = owner.get(&path).await;
    assert_eq!((shown.text.matches("还是不行").count(), shown.text.matches("a.txt").count()), (1, 1));
    // Other words from the same page are kept, and sent when their writer has read what is there.
    let other = send(&mut owner, &page, &path, &[("do", "write"), ("text", "另一句")], &[]).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    other.says(&["刚才已从此页面发送过一条消息", ">另一句</textarea>"]);
    assert_eq!(send(&mut owner, &other, &path, &[("do", "write"), ("text", "另一句")], &[]).await.status, 303);

    let mut desk = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    let case = format!("/desk/cases/{}{}", world.people.linfang, path.trim_start_matches("/cases"));
    let page = desk.get(&case).await;
    let version = page.field("version");
    let fields = [("version", version.as_str()), ("do", "answer"), ("text", "请重启"), ("then", "waiting")];
    for _ in 0..2 {
        assert_eq!(send(&mut desk, &page, &case, &fields, &[]).await.location(), case);
    }
    assert_eq!(owner.get(&path).await.text.matches("请重启").count(), 1);
}
