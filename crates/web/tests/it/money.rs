//! Money at the desk: a day of the books with its sums, as a page and as a file, down to each transfer.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::day_close::close_days;
use everline_app::sign_in::Principal;
use everline_core::calendar::Day;
use everline_core::staff::Role;
use everline_core::time::DAY_US;

#[tokio::test]
async fn finance_reads_a_day_down_to_its_transfers_and_takes_it_along() {
    let world = World::new().await;
    let (order, attempt) = world.checkout(world.people.linfang, world.people.watch, "watch-month").await;
    world.pays(&attempt).await;
    let day = Day::of(&world.app.zone, world.app.clock.now().business);
    let member = world.member(Role::Finance).await;
    let mut finance = Browser::of(&world, Principal::Staff(member)).await;
    finance.get("/desk").await.says(&["/desk/money", "/desk/stock"]);
    let open = finance.get("/desk/money/days/open").await;
    open.says(&["尚未结账", "应收支付机构", "收到订单付款", "PAID"]).hides(&["借贷不平"]);
    let closed = format!("/desk/money/days/{day}");
    assert_eq!(finance.get(&closed).await.status, StatusCode::NOT_FOUND, "not yet");
    world.app.clock.pass_us(DAY_US);
    assert!(close_days(&world.app).await.unwrap() > 0);
    // Signed in again: a day has passed.
    let mut finance = Browser::of(&world, Principal::Staff(member)).await;
    let first = finance.get("/desk/money?lang=en").await;
    first.says(&["Owed to customers", "Paid credit", &format!("End of {day}"), &closed, "/desk/money/days/open"]);
    let page = finance.get(&closed).await;
    page.says(&["Closed at", "Owed by payment providers", "Payment of an order came in", "By method of payment"]);
    let methods = page.text.split("id=\"methods\"").nth(1).unwrap();
    assert!(methods.contains(&format!("{closed}/transfers?posting=PAID")), "{methods}");
    for query in ["posting=PAID", "account=psp_receivable"] {
        let behind = finance.get(&format!("{closed}/transfers?{query}")).await;
        behind.says(&[&format!("/desk/orders/{}", order.number), "¥9.90"]);
    }
    for wrong in ["posting=PAYED", "account=", "posting=%3Cscript%3E"] {
        let page = finance.get(&format!("{closed}/transfers?{wrong}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    let odd = finance.get(&format!("{closed}/transfers?posting=PAID&after=x-y")).await;
    assert_eq!(odd.status, StatusCode::OK);
    for wrong in ["2026-02-30", "x", "9999-12-31"] {
        let page = finance.get(&format!("/desk/money/days/{wrong}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    let file = finance.get(&format!("{closed}/close.csv")).await;
    let rows: Vec<&str> = file.text.split_terminator("\r\n").collect();
    assert!(rows[0].starts_with("\u{feff}Day,What,Code"), "{}", rows[0]);
    let paid = format!("{day},posting,PAID,");
    assert!(rows.iter().any(|row| row.starts_with(&paid)), "{rows:?}");
    // What stands between quotes may have commas of its own.
    let cells = |row: &str| -> Vec<String> {
        let parts = row.split('"').enumerate();
        let bare = parts.map(|(place, part)| if place % 2 == 1 { part.replace(',', ";") } else { part.to_owned() });
        bare.collect::<String>().split(',').map(str::to_owned).collect()
    };
    for row in &rows[1..] {
        assert_eq!(cells(row).len(), cells(rows[0]).len(), "{row}");
        // Nothing that a spreadsheet computes: texts are inert, and what begins with a sign is a number.
        for cell in cells(row) {
            let begins = cell.starts_with(['=', '+', '-', '@']);
            assert!(!begins || cell.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit()), "{row}");
        }
    }
    finance.get("/desk/money/suspense").await.says(&["Nothing stands in suspense"]);
    let mut agent = Browser::of(&world, Principal::Staff(world.people.hejing)).await;
    agent.get("/desk").await.hides(&["/desk/money", "/desk/stock"]);
    assert_eq!(agent.get("/desk/money").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn before_anything_was_booked_the_pages_say_so() {
    let world = World::new().await;
    let member = world.member(Role::Auditor).await;
    let mut auditor = Browser::of(&world, Principal::Staff(member)).await;
    for path in ["/desk/money", "/desk/money/days/open", "/desk/money/suspense", "/desk/stock", "/desk/stock/numbers"] {
        assert_eq!(auditor.get(path).await.status, StatusCode::OK, "{path}");
    }
    auditor.get("/desk/stock").await.hides(&["/desk/stock/threshold", "/desk/stock/count"]);
    auditor.get("/desk/stock/holds").await.says(&["没有隔离记录"]).hides(&["name=\"reason\""]);
}
