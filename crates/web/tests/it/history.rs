//! Usage, orders and statements as pages and files.

use crate::world::browser::Browser;
use crate::world::{WATCH_IMSI, World, checkout};
use axum::http::StatusCode;
use everline_app::device;
use everline_app::sign_in::Principal;
use everline_store::{Sql, Stop, Tx, Value, Work};

struct Rename(Vec<Value>);
impl Work for Rename {
    const NAME: &'static str = "rename";
    type Out = ();
    type Refusal = everline_app::Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Self::Refusal>> {
        static SQL: Sql = Sql::new("UPDATE line SET name = $2 WHERE id = $1");
        tx.exec(&SQL, self.0.clone()).await?;
        Ok(())
    }
}

/// 林芳's watch has a plan and used something; its name is what a spreadsheet or a browser might run.
async fn used(world: &World, name: &str) -> Browser {
    let line = (world.people.linfang, world.people.watch);
    let (_, attempt) = checkout(&world.app, line, "watch-month", None).await;
    world.pays(&attempt).await;
    let session = world.attach(WATCH_IMSI).await.session;
    device::report(&world.app, session, 1, 1_500_000).await.unwrap();
    world.app.store.transact(Rename(vec![line.1.into(), Value::Text(name.to_owned())])).await.unwrap();
    Browser::of(world, Principal::Customer(world.people.linfang)).await
}

#[tokio::test]
async fn usage_is_drawn_said_and_in_a_table() {
    let world = World::new().await;
    let mut owner = used(&world, "朵朵的手表").await;
    let path = format!("/lines/{}/usage", world.people.watch);
    owner.get(&format!("/lines/{}", world.people.watch)).await.says(&[&path, "/history?line="]);
    let page = owner.get(&path).await;
    page.says(&[
        "用量",
        "朵朵的手表",
        "<svg",
        "role=\"img\"",
        "共 1.5 MB；最多的一天是 11月22日：1.5 MB。",
        "<table",
        "11月22日",
    ]);
    assert_eq!(page.text.matches("<rect class=\"chart-bar\"").count(), 31);
    owner.get(&format!("{path}?days=1")).await.says(&["到目前为止 1.5 MB"]).hides(&["chart-bar"]);
    owner.get(&format!("{path}?days=2026-11")).await.says(&["1.5 MB", "2026 年 11 月"]);
    owner.get(&format!("{path}?days=2026-10")).await.says(&["这段时间没有用量"]);
    owner.get(&format!("{path}?days=%3Cscript%3E")).await.says(&["31 天"]).hides(&["<script>"]);
    owner.get("/usage?lang=en").await.says(&["1.5 MB in all; most on 22 Nov", "By line"]);
    let mut other = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(other.get(&format!("{path}.csv")).await.status, StatusCode::NOT_FOUND);
    other.get("/usage").await.says(&["这段时间没有用量"]);
    let partner = format!("/lines/{}/usage", world.people.router);
    other.get(&partner).await.says(&["由合作网络服务"]);
}

#[tokio::test]
async fn orders_show_payments_and_receipts_and_are_filtered() {
    let world = World::new().await;
    let mut owner = used(&world, "朵朵的手表").await;
    let (watch, phone) = (world.people.watch, world.people.phone);
    let all = owner.get("/history").await;
    all.says(&["订单与付款", "支付宝扫码 ¥9.90：已付款", "/receipt\">", "朵朵的手表", "我的手机", "全部"]);
    let of_watch = owner.get(&format!("/history?line={watch}")).await;
    of_watch.says(&["朵朵的手表 ·"]).hides(&["我的手机 ·"]);
    owner.get(&format!("/history?line={phone}&kind=pack")).await.says(&["没有符合条件的订单", "href=\"/history\""]);
    owner.get("/history?month=2026-10&kind=plan").await.says(&["朵朵的手表 ·"]).hides(&["我的手机 ·"]);
    owner
        .get("/history?lang=en&month=%27%22%3E%3Cscript%3E&before=x-y")
        .await
        .says(&["Orders and payments"])
        .hides(&["<script>"]);
    assert_eq!(owner.get("/history?line=nothing").await.status, StatusCode::NOT_FOUND);
    let mut other = Browser::of(&world, Principal::Customer(world.people.wangqiang)).await;
    assert_eq!(other.get(&format!("/history?line={watch}")).await.status, StatusCode::NOT_FOUND);
    other.get("/history?lang=zh-CN").await.says(&["还没有订单"]).hides(&["朵朵"]);
}

#[tokio::test]
async fn a_statement_has_its_month_in_words_and_sums() {
    let world = World::new().await;
    let mut owner = used(&world, "朵朵的手表").await;
    let (_, attempt) = world.checkout(world.people.linfang, world.people.phone, "top-up-30").await;
    world.pays(&attempt).await;
    let page = owner.get("/statement").await;
    page.says(&[
        "账单",
        "2026 年 11 月",
        "期初",
        "目前",
        "订单付款",
        "充值已到账",
        "+¥30.00",
        "套餐或加油包已交付",
        "-¥9.90",
    ]);
    page.hides(&["其他", "statement-other"]);
    owner.get("/statement?month=2026-09").await.says(&["期末", "没有资金变动"]);
    owner.get("/statement?month=2027-01").await.says(&["2026 年 11 月"]);
    owner.get("/statement?lang=en").await.says(&["Top-up delivered", "At the beginning"]);
    let file = owner.get("/statement.csv").await;
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"statement-2026-11.csv\"");
    assert!(file.text.starts_with('\u{feff}'), "{}", file.text);
    let rows: Vec<&str> = file.text.split_terminator("\r\n").collect();
    assert!(rows[1].starts_with(",At the beginning,,0.00,0.00,0.00,CNY"), "{}", rows[1]);
    assert!(rows.last().unwrap().starts_with(",At the end,,30.00,0.00,0.00,CNY"), "{rows:?}");
    let sum: i64 = rows[2..rows.len() - 1]
        .iter()
        .map(|row| row.split(',').nth(3).unwrap().replace('.', "").parse::<i64>().unwrap())
        .sum();
    assert_eq!(sum, 3_000);
}

#[tokio::test]
async fn cells_of_files_are_inert_and_names_on_pages_are_text() {
    let world = World::new().await;
    for name in ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(A1)", "＝1", "\"><script>alert(1)</script>"] {
        let mut owner = used(&world, name).await;
        for path in ["/usage.csv", "/history.csv", &format!("/lines/{}/usage.csv", world.people.watch)] {
            let file = owner.get(path).await;
            assert_eq!(file.status, StatusCode::OK, "{path}");
            assert!(file.headers["content-disposition"].to_str().unwrap().starts_with("attachment"), "{path}");
            assert!(file.headers["content-type"].to_str().unwrap().starts_with("text/csv"));
            for cell in file.text.trim_start_matches('\u{feff}').split(['\n', ',']) {
                let cell = cell.trim_start_matches('"');
                assert!(!cell.starts_with(['=', '+', '-', '@', '＝', '\t']), "{path}: {cell}");
            }
        }
        for path in ["/usage", "/history", &format!("/lines/{}/usage", world.people.watch)] {
            owner.get(path).await.hides(&["<script>alert"]);
        }
    }
}
