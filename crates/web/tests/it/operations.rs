//! `/desk/figures` and `/desk/operations`, as people see and use them.

use crate::world::World;
use crate::world::browser::Browser;
use axum::http::StatusCode;
use everline_app::figures;
use everline_app::ports::{KeyFor, KnownKey};
use everline_app::sign_in::Principal;
use everline_core::ids::JobId;
use everline_core::staff::Role;
use everline_core::time::DAY_US;
use everline_store::{Sql, Stop, Tx, Work, args};

async fn of(world: &World, role: Role) -> Browser {
    Browser::of(world, Principal::Staff(world.member(role).await)).await
}

#[tokio::test]
async fn figures_are_drawn_told_and_taken_away() {
    let world = World::new().await;
    let mut finance = of(&world, Role::Finance).await;
    finance.get("/desk").await.says(&["/desk/figures", "经营数据"]);
    // Before anything was counted nothing looks like zero.
    finance.get("/desk/figures").await.says(&["数据尚未统计", "有 30 天尚未统计", "chart-gap", "未统计"]);
    figures::count_due(&world.app).await.unwrap();
    let page = finance.get("/desk/figures?days=90&lang=en").await;
    page.says(&["Renewals by day", "In effect: ", "Alipay", "active", "within 7 days", "Lines by state"]);
    page.hides(&["have not been counted", "林芳", "17280001234"]);
    for wrong in ["0", "-1", "91", "x", "9999999999999999999999"] {
        assert_eq!(finance.get(&format!("/desk/figures?days={wrong}")).await.status, StatusCode::OK, "{wrong}");
    }
    for (table, head) in [
        ("days", "day,placed,paid,in_effect"),
        ("times", "up_to_seconds,count"),
        ("causes", "cause,count"),
        ("methods", "method,begun,paid"),
        ("lines", "lines,count"),
    ] {
        let file = finance.get(&format!("/desk/figures.csv?table={table}&days=90")).await;
        assert!(file.text.trim_start_matches('\u{feff}').starts_with(head), "{table}: {}", file.text);
    }
    let days = finance.get("/desk/figures.csv?days=90").await;
    assert_eq!(days.text.lines().count(), 91);
    assert_eq!(finance.get("/desk/figures.csv?table=people").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut agent = of(&world, Role::Agent).await;
    agent.get("/desk").await.hides(&["/desk/figures", "/desk/operations"]);
    assert_eq!(agent.get("/desk/figures").await.status, StatusCode::FORBIDDEN);
}

static FAILS: Sql = Sql::new(
    "INSERT INTO job (id, customer_id, payload, state, queued_at, due_at, runs, failures, last_error) \
     VALUES ($1, $1, $2, $3, 0, 9000000000000000, 13, 13, 'the provider gave no answer')",
);

/// A job that failed for long; another that gave up.
struct Stuck([JobId; 2]);
impl Work for Stuck {
    const NAME: &'static str = "stuck_for_a_test";
    type Out = ();
    type Refusal = everline_app::Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Self::Refusal>> {
        let [refund, told] = self.0;
        let house = "00000000000000000000000000000000";
        let body = |job: &str, name: &str| format!(r#"{{"job":"{job}","customer":"{house}","{name}":"{house}"}}"#);
        tx.put(&FAILS, args![refund, body("refund", "refund"), "ready"]);
        tx.put(&FAILS, args![told, body("tell_offer", "offer"), "dead"]);
        Ok(())
    }
}

#[tokio::test]
async fn stuck_jobs_are_run_again_or_given_up_as_the_page_showed_them() {
    let world = World::new().await;
    let [refund, told] = [JobId(world.app.clock.id()), JobId(world.app.clock.id())];
    world.app.store.transact(Stuck([refund, told])).await.unwrap();
    let mut auditor = of(&world, Role::Auditor).await;
    let page = auditor.get("/desk/operations").await;
    page.says(&["停滞的任务", "退款", "支付机构没有应答", "通知受让人", "已放弃"]).hides(&["立即重试"]);
    let mut operator = of(&world, Role::Operator).await;
    let page = operator.get("/desk/operations?lang=en").await;
    page.says(&["Give money back", "runs: 13, failures: 13", "Run now", "Give up for good"]);
    // What Enter sends from the reason's field gives up, and never runs: each has a form of its own.
    let forms: Vec<&str> = page.text.split("<form").skip(1).map(|form| form.split("</form>").next().unwrap()).collect();
    let of_told: Vec<&&str> = forms.iter().filter(|form| form.contains(&told.to_string())).collect();
    assert_eq!(of_told.len(), 2, "{of_told:?}");
    for form in of_told {
        assert_eq!(form.contains("name=\"reason\""), form.contains("value=\"give_up\""), "{form}");
        assert!(!(form.contains("value=\"give_up\"") && form.contains("value=\"retry\"")), "{form}");
    }
    let path = format!("/desk/operations/jobs/{told}");
    let wrong = operator.submit(&page, &path, &[("runs", "13"), ("job", &told.to_string()), ("do", "give_up")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["Write down why it is given up"]);
    let stale = operator.submit(&page, &path, &[("runs", "12"), ("do", "give_up"), ("reason", "nobody waits")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    stale.says(&["The job went on since the page was shown"]);
    let kept = format!("/desk/operations/jobs/{refund}");
    let kept = operator.submit(&page, &kept, &[("runs", "13"), ("do", "give_up"), ("reason", "x")]).await;
    kept.says(&["Money or service waits for this job"]);
    let done = operator.submit(&page, &path, &[("runs", "13"), ("do", "give_up"), ("reason", "nobody waits")]).await;
    assert_eq!(done.location(), "/desk/operations#jobs");
    operator.get("/desk/operations").await.hides(&["Tell that a line is offered"]);
    operator.submit(&page, "/desk/operations/jobs", &[("kind", "refund")]).await.says(&["One job runs now."]);
    operator.get("/desk/audit").await.says(&["job.given_up", "nobody waits", "job.kind_retried"]);
}

#[tokio::test]
async fn whoever_is_outside_is_tested_and_keys_that_end_are_warned_about() {
    let world = World::new().await;
    let key = |name: &str, days: i64| KnownKey {
        key_for: KeyFor::Tls,
        name: name.to_owned(),
        valid_until: Some(world.app.clock.now().system.plus_us(days * DAY_US + 1)),
    };
    let keys = vec![key("AAAA", 9), key("BBBB", 90), key("CCCC", -3)];
    let world = world.watched(keys);
    let mut operator = of(&world, Role::Operator).await;
    operator.get("/desk?lang=en").await.says(&["2 keys or certificates end soon", "/desk/operations#keys"]);
    let page = operator.get("/desk/operations").await;
    page.says(&["AAAA", "9 days left", "BBBB", "CCCC", "ended on", "no calls", "Alipay", "Key that signs receipts"]);
    let tested = operator.submit(&page, "/desk/operations/test", &[("whom", "alipay")]).await;
    tested.says(&["Alipay answered in", "0 of 1 failed"]);
    let again = operator.submit(&page, "/desk/operations/test", &[("whom", "alipay")]).await;
    assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS);
    again.says(&["This was tested a moment ago"]);
    operator.submit(&page, "/desk/operations/test", &[("whom", "push")]).await.says(&["offers no question"]);
    operator.get("/desk/audit").await.says(&["provider.tested", "took_ms"]);
}

#[tokio::test]
async fn a_test_message_keeps_what_was_typed_and_is_seen_with_its_fate() {
    let world = World::new().await;
    let mut operator = of(&world, Role::Operator).await;
    let page = operator.get("/desk/operations/messages?template=suspended").await;
    page.says(&["&#60;suspended&#62;", "发送测试", "没有发送过测试"]);
    let fields = |to: &'static str| {
        [
            ("ticket", page.field("ticket")),
            ("template", "suspended".to_owned()),
            ("channel", "sms".to_owned()),
            ("language", "en".to_owned()),
            ("to", to.to_owned()),
        ]
    };
    let send = async |operator: &mut Browser, to: &'static str| {
        let fields = fields(to);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        operator.submit(&page, "/desk/operations/messages", &fields).await
    };
    let wrong = send(&mut operator, "12x").await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["12x", "aria-invalid", "请填手机号"]);
    assert_eq!(wrong.field("ticket"), page.field("ticket"), "the same page is sent again");
    for _ in 0..2 {
        let sent = send(&mut operator, "13800138000").await;
        assert_eq!(sent.location(), "/desk/operations/messages?template=suspended#tests");
    }
    let sent: Vec<_> =
        world.outside.messages.lock().unwrap().iter().filter(|m| m.to.to_string() == "13800138000").cloned().collect();
    let [message] = sent.as_slice() else { panic!("sent once: {sent:?}") };
    assert!(message.parameters.iter().any(|(name, value)| *name == "brand" && value.ends_with("(test)")));
    let page = operator.get("/desk/operations/messages").await;
    page.says(&["通道已接收", "周航"]).hides(&["13800138000"]);
}
