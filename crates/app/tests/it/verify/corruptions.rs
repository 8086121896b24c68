//! Every class of corruption, planted in a populated store one at a time.

use crate::world::cast::{Cast, populate};
use crate::world::{Kit, World, on_both};
use everline_app::lifecycle_command::lifecycle_command;
use everline_core::charging::{Allowance, Bucket, Service, Window};
use everline_core::effects::{Job, Receipt};
use everline_core::ids::{CustomerId, JobId, OrderId, RawId, RefundId};
use everline_core::ledger::{Cause, Posting, Template};
use everline_core::lifecycle::LifecycleCommand;
use everline_core::offering::{Family, Unit};
use everline_core::order::Order;
use everline_core::payment::Attempt;
use everline_store::{Value, args};

/// One corruption: a statement, and the finding it must cause.
struct Planted {
    sql: String,
    args: Vec<Value>,
    invariant: &'static str,
    row: String,
}

/// Collects corruptions.
#[derive(Default)]
pub(super) struct Plan(Vec<Planted>);
impl Plan {
    pub(super) fn add(&mut self, sql: &str, args: Vec<Value>, invariant: &'static str, row: impl Into<String>) {
        self.0.push(Planted { sql: sql.to_owned(), args, invariant, row: row.into() });
    }
    fn order(&mut self, order: &Order, set: &str, invariant: &'static str) {
        let sql = format!("UPDATE orders SET {set} WHERE customer_id = $1 AND id = $2");
        self.add(&sql, args![order.customer, order.id], invariant, order_row(order));
    }
    pub(super) fn attempt(&mut self, attempt: &Attempt, set: &str, invariant: &'static str) {
        let sql = format!("UPDATE attempt SET {set} WHERE customer_id = $1 AND id = $2");
        self.add(&sql, args![attempt.customer, attempt.id], invariant, attempt_row(attempt));
    }
    fn line(&mut self, kit: &Kit, set: &str, invariant: &'static str) {
        let sql = format!("UPDATE line SET {set} WHERE customer_id = $1 AND id = $2");
        self.add(&sql, args![kit.customer, kit.line], invariant, line_row(kit));
    }
    fn body(&mut self, kit: &Kit, allowance: &Allowance, invariant: &'static str, row: impl Into<String>) {
        let sql = "UPDATE allowance SET body = $3 WHERE customer_id = $1 AND id = $2";
        self.add(sql, args![kit.customer, kit.line, allowance.to_body()], invariant, row);
    }
    fn no_job(&mut self, job: &Job, invariant: &'static str, row: impl Into<String>) {
        self.add("DELETE FROM job WHERE id = $1", args![job.id()], invariant, row);
    }
}

fn order_row(order: &Order) -> String {
    format!("orders({}, {})", order.customer, order.id)
}
pub(super) fn attempt_row(attempt: &Attempt) -> String {
    format!("attempt({}, {})", attempt.customer, attempt.id)
}
pub(super) fn line_row(kit: &Kit) -> String {
    format!("line({}, {})", kit.customer, kit.line)
}
fn allowance_row(kit: &Kit) -> String {
    format!("allowance({}, {})", kit.customer, kit.line)
}
fn account_row(customer: CustomerId) -> String {
    format!("account({customer})")
}
fn posting(template: Template, cause: Cause, order: &Order) -> Posting {
    Posting::new(template, cause, order.id, 1, order.placed_at)
}
fn transfer_row(posting: &Posting, customer: CustomerId) -> String {
    format!("transfer({}, {customer})", posting.transfers().next().unwrap().id)
}
pub(super) fn transfer_id(posting: &Posting) -> Value {
    posting.transfers().next().unwrap().id.into()
}

const TABLES: [&str; 13] = [
    "customer",
    "account",
    "line",
    "allowance",
    "orders",
    "attempt",
    "refund",
    "support_case",
    "transfer",
    "receipt",
    "receipt_number",
    "receipt_unnumbered",
    "directory",
];
const MORE_TABLES: [&str; 33] = [
    "credit_change",
    "audit",
    "audit_head",
    "hand_over",
    "ledger_day",
    "ledger_day_account",
    "ledger_day_method",
    "ledger_day_template",
    "ledger_horizon",
    "stock_hold",
    "identity",
    "identity_correction",
    "timer",
    "job",
    "setting",
    "line_event",
    "sim",
    "import_batch",
    "activation_code",
    "invoice_request",
    "former_payee",
    "voucher_batch",
    "voucher",
    "bank_line",
    "bank_refund",
    "bill",
    "bill_line",
    "reconciliation_item",
    "auto_renew",
    "renewal_consent",
    "payment_method",
    "dispute",
    "refund_request",
];

#[tokio::test]
async fn every_planted_corruption_is_found() {
    on_both(async |world: World| {
        let cast = populate(&world).await;
        let mut plan = Plan::default();
        money(&mut plan, &world, &cast).await;
        orders(&mut plan, &world, &cast).await;
        attempts_and_refunds(&mut plan, &world, &cast).await;
        work(&mut plan, &world, &cast).await;
        proofs_and_names(&mut plan, &world, &cast).await;
        invoices(&mut plan, &cast);
        lines(&mut plan, &world, &cast).await;
        let classes: std::collections::BTreeSet<&str> = plan.0.iter().map(|planted| planted.invariant).collect();
        assert!(plan.0.len() >= 40 && classes.len() >= 12, "{} of {} classes", plan.0.len(), classes.len());
        plant(&world, plan).await;
    })
    .await;
}

/// Plants each corruption alone, and takes it out again once it was found.
pub(super) async fn plant(world: &World, plan: Plan) {
    world.sound().await;
    for table in TABLES.into_iter().chain(MORE_TABLES) {
        world.sql(&format!("CREATE TABLE sound_{table} AS SELECT * FROM {table}"), args![]).await;
    }
    for Planted { sql, args, invariant, row } in plan.0 {
        assert_eq!(world.sql(&sql, args).await, 1, "{sql}");
        let report = world.verify().await;
        let found = report.findings.iter().any(|found| found.invariant == invariant && found.row == row);
        assert!(found, "{sql}\nis not found as {invariant} of {row} in\n{report}");
        let words: Vec<&str> = sql.split_whitespace().collect();
        let table = words[if words[0] == "UPDATE" { 1 } else { 2 }];
        world.sql(&format!("DELETE FROM {table}"), args![]).await;
        world.sql(&format!("INSERT INTO {table} SELECT * FROM sound_{table}"), args![]).await;
    }
    world.sound().await;
}

#[tokio::test]
async fn every_corruption_of_how_a_line_ends_is_found() {
    on_both(async |world: World| {
        let (closed, ended) = (world.line(Family::Travel).await, world.line(Family::Travel).await);
        for kit in [&closed, &ended] {
            world.buys(kit, "days").await;
        }
        let command = lifecycle_command(&world.app, closed.customer, closed.line, LifecycleCommand::Terminate);
        command.await.unwrap().unwrap();
        world.skip_days(70).await;
        let command = lifecycle_command(&world.app, ended.customer, ended.line, LifecycleCommand::Terminate);
        command.await.unwrap().unwrap();
        let resting = world.line(Family::Travel).await;
        let order = world.buys(&resting, "days").await;
        let period = world.allowance(&resting).await;
        let command = lifecycle_command(&world.app, resting.customer, resting.line, LifecycleCommand::Terminate);
        command.await.unwrap().unwrap();
        world.skip_days(5).await;

        let mut plan = Plan::default();
        plan.line(&ended, "state = 'active', state_until = NULL", "line_event");
        plan.line(&ended, "state_since = state_since + 1", "line_event");
        let newest =
            "UPDATE line_event SET cause = 'time', state = 'silent' WHERE line_id = $1 AND state = 'quarantined'";
        plan.add(newest, args![ended.line], "line_event", line_row(&ended));
        let login = "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ('login', $1, $2, $2)";
        plan.add(login, args![ended.msisdn.as_str(), ended.customer], "number_given_up", line_row(&ended));
        let sim = "UPDATE sim SET line_id = $1, role = 'primary' WHERE imsi = $2";
        plan.add(sim, args![closed.line, closed.imsi.as_str()], "number_given_back", line_row(&closed));
        let name = "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ('msisdn', $1, $2, $3)";
        let msisdn = closed.msisdn.as_str();
        let row = format!("directory(msisdn, {}****{})", &msisdn[..3], &msisdn[msisdn.len() - 4..]);
        plan.add(name, args![msisdn, closed.customer, closed.line], "directory", row);
        plan.body(&resting, &period, "rest_is_earned", line_row(&resting));
        plan.order(&order, "ends_at = ends_at + 86400000000", "period_of_order");
        plan.line(&resting, "state = 'terminated'", "line_event");
        plan.line(&resting, "state_until = NULL", "timer_of_line");
        let mut trial = world.allowance(&ended).await;
        trial.trial = Some(Bucket { unit: Unit::Octets, granted: 1, used: 0 });
        plan.body(&ended, &trial, "trial_of_test", line_row(&ended));
        plant(&world, plan).await;
    })
    .await;
}

async fn money(plan: &mut Plan, world: &World, cast: &Cast) {
    let (kit, order) = &cast.running;
    let customer = kit.customer;
    for (column, of) in
        [("revenue", customer), ("paid_credit", cast.topup.customer), ("suspense", cast.mismatch.customer)]
    {
        let sql = format!("UPDATE account SET {column} = {column} + 1 WHERE customer_id = $1");
        plan.add(&sql, args![of], "balances_equal_transfers", account_row(of));
    }
    plan.add(
        "UPDATE account SET currency = 'USD' WHERE customer_id = $1",
        args![customer],
        "currency",
        account_row(customer),
    );
    plan.add(
        "DELETE FROM account WHERE customer_id = $1",
        args![customer],
        "account_of_customer",
        format!("customer({customer})"),
    );
    plan.add(
        "DELETE FROM account WHERE customer_id = $1",
        args![customer],
        "balances_equal_transfers",
        account_row(customer),
    );
    plan.add(
        "DELETE FROM customer WHERE customer_id = $1",
        args![customer],
        "account_of_customer",
        account_row(customer),
    );
    plan.add("DELETE FROM customer WHERE customer_id = $1", args![customer], "line_of_customer", line_row(kit));

    let attempt = world.attempts(order).await.remove(0);
    let paid = posting(Template::Paid, Cause::Attempt(attempt.id), order);
    let delivered = posting(Template::Delivered, Cause::Order(order.id), order);
    let earned = posting(Template::PackRecognised, Cause::Recognition(order.id, 0), order);
    let (id, row) = (transfer_id(&paid), transfer_row(&paid, customer));
    let one = || args![id.clone()];
    plan.add("DELETE FROM transfer WHERE id = $1", one(), "attempt_posted", attempt_row(&attempt));
    plan.add("DELETE FROM transfer WHERE id = $1", one(), "balances_equal_transfers", account_row(customer));
    plan.add("DELETE FROM transfer WHERE id = $1", args![transfer_id(&delivered)], "order_delivered", order_row(order));
    plan.add("DELETE FROM transfer WHERE id = $1", args![transfer_id(&earned)], "recognition", order_row(order));
    let set = |set: &str| format!("UPDATE transfer SET {set} WHERE id = $1");
    plan.add(&set("amount = amount + 1"), one(), "attempt_posted", attempt_row(&attempt));
    plan.add(&set("amount = amount - 1"), args![transfer_id(&delivered)], "order_delivered", order_row(order));
    plan.add(&set("amount = amount + 1"), args![transfer_id(&earned)], "recognition", order_row(order));
    plan.add(&set("template = 'PAYED'"), one(), "transfer_template", row.clone());
    plan.add(&set("template = 'PAID_TO_SUSPENSE'"), one(), "transfer_legs", row.clone());
    plan.add(&set("debit = credit, credit = debit"), one(), "transfer_legs", row.clone());
    plan.add(&set("debit = 99"), one(), "transfer_legs", row.clone());
    plan.add(&set("debit = 99"), one(), "balances_equal_transfers", account_row(customer));
    let stranger = RawId::new_v7(1, [9; 10]);
    plan.add(&set("id = $2"), args![id.clone(), stranger], "transfer_id", format!("transfer({stranger}, {customer})"));
    plan.add(&set("posting_id = $2"), args![id.clone(), stranger], "transfer_id", row.clone());
    plan.add(&set("cause_id = $2"), args![id.clone(), stranger], "transfer_id", row.clone());
    plan.add(&set("cause_id = $2"), args![id.clone(), stranger], "transfer_cause", order_row(order));
    plan.add(&set("order_id = $2"), args![id.clone(), stranger], "transfer_of_order", row.clone());
    let other = cast.topup.customer;
    plan.add(&set("customer_id = $2"), args![id.clone(), other], "transfer_of_order", transfer_row(&paid, other));
    plan.add(
        &set("customer_id = $2"),
        args![id.clone(), stranger],
        "balances_equal_transfers",
        account_row(CustomerId(stranger)),
    );
    let twin = paid.id.0.derive(1 << 6, 0);
    let copy = "INSERT INTO transfer SELECT $2, customer_id, posting_id, template, order_id, cause_id, debit, credit, amount, posted_at, booked_at \
        FROM sound_transfer WHERE id = $1";
    plan.add(copy, args![id.clone(), twin], "posting_complete", format!("posting({}, {customer})", paid.id));
}

async fn orders(plan: &mut Plan, world: &World, cast: &Cast) {
    let order = &cast.running.1;
    plan.order(order, "funds = funds + 1", "order_funds");
    plan.order(order, "price = price + 1", "order_paid");
    plan.order(order, "price = price - 1", "order_delivered");
    plan.order(order, "currency = 'USD'", "currency");
    plan.order(order, "state = 'awaiting_payment'", "order_paid");
    plan.order(order, "state = 'gone'", "stored_word");
    plan.order(order, "state = 'delivered'", "paid_is_moving");
    plan.order(order, "state = 'paid'", "order_delivered");
    plan.order(order, "state = 'refunded'", "order_refunds");
    plan.order(order, "delivered_at = NULL", "order_stations");
    plan.order(order, "paid_at = delivered_at + 1", "order_stations");
    plan.order(order, "in_effect_at = placed_at - 1", "order_stations");
    plan.order(order, "offering_version = 9", "order_offering");
    plan.order(order, "number = 'x'", "directory");
    plan.order(order, "ends_at = ends_at + 1", "period_of_order");
    plan.order(&cast.closed, "state = 'awaiting_payment', closed_at = NULL", "timer_of_order");
    plan.order(&cast.closed, "state = 'paid'", "order_paid");
    plan.order(&cast.refunding, "state = 'refunded'", "order_refunds");
    plan.order(&cast.upstream_waits.1, "state = 'in_effect'", "period_of_order");
    plan.order(&cast.first_use.1, "state = 'in_effect'", "period_of_order");
    let now = world.app.clock.now().business;
    let past = format!("starts_at = {}", now.us() - 1);
    plan.order(&cast.queued.1, &past, "queued_has_begun");
    let lost = "DELETE FROM orders WHERE customer_id = $1 AND id = $2";
    let attempt = world.attempts(order).await.remove(0);
    plan.add(lost, args![order.customer, order.id], "attempt_of_order", attempt_row(&attempt));
    plan.add(lost, args![order.customer, order.id], "period_of_order", allowance_row(&cast.running.0));
    let receipt = Receipt::of(order, order.placed_at).id;
    plan.add(
        lost,
        args![order.customer, order.id],
        "receipt_of_order",
        format!("receipt({receipt}, {})", order.customer),
    );
    let number = format!("directory(order_number, {})", order.number);
    plan.add(lost, args![order.customer, order.id], "directory", number);
}

async fn attempts_and_refunds(plan: &mut Plan, world: &World, cast: &Cast) {
    let attempt = &world.attempts(&cast.running.1).await[0];
    for set in ["received = 0", "settlement = NULL", "state = 'pending'", "trade_no = NULL", "paid_at = NULL"] {
        plan.attempt(attempt, set, "attempt_paid");
    }
    plan.attempt(attempt, "received = received - 1", "attempt_amount");
    plan.attempt(attempt, "settlement = 'suspense'", "attempt_amount");
    plan.attempt(attempt, "settlement = 'suspense'", "suspense_has_case");
    plan.attempt(attempt, "settlement = 'refund'", "attempt_refunded");
    plan.attempt(attempt, "settlement = 'refund'", "attempt_posted");
    plan.attempt(attempt, "settlement = 'kept'", "stored_word");
    plan.attempt(attempt, "currency = 'USD'", "currency");
    plan.attempt(attempt, "out_trade_no = 'x'", "directory");
    plan.attempt(attempt, "trade_no = 'x'", "directory");
    let unpaid = &world.attempts(&cast.open).await[0];
    plan.attempt(unpaid, "state = 'paid'", "attempt_paid");
    plan.attempt(unpaid, "received = 1", "attempt_paid");

    let refund = &world.refunds(&cast.refunded).await[0];
    let row = format!("refund({}, {})", refund.customer, refund.id);
    let set = |set: &str| format!("UPDATE refund SET {set} WHERE id = $1");
    let of = world.attempts(&cast.refunded).await.remove(0);
    plan.add(&set("amount = amount + 1"), args![refund.id], "refunds_within_received", attempt_row(&of));
    plan.add(&set("amount = amount - 1"), args![refund.id], "refund_posted", row.clone());
    plan.add(&set("state = 'in_flight'"), args![refund.id], "refund_settled", row.clone());
    plan.add(&set("state = 'failed'"), args![refund.id], "refund_posted", row.clone());
    plan.add(&set("state = 'failed'"), args![refund.id], "refund_is_moving", row.clone());
    plan.add(&set("reason = 'late'"), args![refund.id], "refund_of_attempt", row.clone());
    plan.add(&set("reason = 'whim'"), args![refund.id], "stored_word", row.clone());
    plan.add(&set("out_request_no = 'x'"), args![refund.id], "refund_of_attempt", row.clone());
    plan.add(&set("currency = 'USD'"), args![refund.id], "currency", row.clone());
    plan.add("DELETE FROM refund WHERE id = $1", args![refund.id], "order_refunds", order_row(&cast.refunded));
    plan.add("DELETE FROM refund WHERE id = $1", args![refund.id], "transfer_cause", order_row(&cast.refunded));
    let surplus = &world.refunds(&cast.surplus).await[0];
    let of = world.attempts(&cast.surplus).await.into_iter().find(|attempt| attempt.id == surplus.attempt).unwrap();
    plan.add("DELETE FROM refund WHERE id = $1", args![surplus.id], "attempt_refunded", attempt_row(&of));

    let no_case = "DELETE FROM support_case WHERE order_id = $1";
    let of = world.attempts(&cast.mismatch).await.remove(0);
    plan.add(no_case, args![cast.mismatch.id], "suspense_has_case", attempt_row(&of));
    let failed = &world.refunds(&cast.refund_failed).await[0];
    let row = format!("refund({}, {})", failed.customer, failed.id);
    plan.add(no_case, args![cast.refund_failed.id], "refund_is_moving", row);
}

async fn work(plan: &mut Plan, world: &World, cast: &Cast) {
    let customer = cast.refunding.customer;
    let refund: RefundId = world.refunds(&cast.refunding).await[0].id;
    let job = Job::Refund { customer, refund };
    plan.no_job(&job, "refund_is_moving", format!("refund({customer}, {refund})"));
    plan.add(
        "UPDATE job SET state = 'dead' WHERE id = $1",
        args![job.id()],
        "refund_is_moving",
        format!("refund({customer}, {refund})"),
    );
    plan.add(
        "UPDATE job SET state = 'idle' WHERE id = $1",
        args![job.id()],
        "stored_word",
        format!("job({})", job.id()),
    );
    plan.add(
        "UPDATE job SET payload = 'x' WHERE id = $1",
        args![job.id()],
        "job_payload",
        format!("job({})", job.id()),
    );
    let other = JobId(RawId::new_v7(1, [9; 10]));
    plan.add("UPDATE job SET id = $2 WHERE id = $1", args![job.id(), other], "job_payload", format!("job({other})"));
    plan.add(
        "UPDATE job SET customer_id = $2 WHERE id = $1",
        args![job.id(), other],
        "job_payload",
        format!("job({})", job.id()),
    );

    let waits = &cast.upstream_waits.1;
    plan.no_job(
        &Job::ActivateUpstream { customer: waits.customer, order: waits.id },
        "paid_is_moving",
        order_row(waits),
    );
    let attempt = world.attempts(&cast.open).await.remove(0);
    let job = Job::QueryPayment { customer: attempt.customer, attempt: attempt.id };
    plan.no_job(&job, "attempt_is_watched", attempt_row(&attempt));

    let (kit, order) = &cast.restoring;
    let action = everline_core::effects::NetworkAction::Reauthorize;
    let (session, cause) = (cast.restoring_session, JobId(order.id.0));
    let job = Job::TellNetwork { customer: kit.customer, line: kit.line, session, action, cause };
    plan.no_job(&job, "restoring_is_moving", format!("{} session {session}", allowance_row(kit)));
    let mut allowance = world.allowance(kit).await;
    allowance.sessions[0].service = Service::Full;
    plan.body(kit, &allowance, "paid_is_moving", order_row(order));
}

async fn proofs_and_names(plan: &mut Plan, world: &World, cast: &Cast) {
    let order = &cast.running.1;
    let id = Receipt::of(order, order.placed_at).id;
    let row = format!("receipt({id}, {})", order.customer);
    plan.add("DELETE FROM receipt WHERE id = $1", args![id], "receipt_of_order", order_row(order));
    plan.add("UPDATE receipt SET issued_at = 1 WHERE id = $1", args![id], "receipt_of_order", row.clone());
    plan.add("DELETE FROM receipt_number WHERE receipt_id = $1", args![id], "receipt_number", row.clone());
    plan.add(
        "UPDATE receipt_number SET number = 99 WHERE receipt_id = $1",
        args![id],
        "receipt_number",
        "receipt_number(99)",
    );
    plan.add(
        "INSERT INTO receipt_unnumbered (id, customer_id) VALUES ($1, $2)",
        args![id, order.customer],
        "receipt_number",
        row,
    );
    let nobody = RawId::new_v7(1, [9; 10]);
    plan.add(
        "UPDATE receipt_number SET receipt_id = $1 WHERE number = 1",
        args![nobody],
        "receipt_number",
        "receipt_number(1)",
    );
    plan.add(
        "INSERT INTO receipt_unnumbered (id, customer_id) VALUES ($1, $1)",
        args![nobody],
        "receipt_number",
        format!("receipt_unnumbered({nobody})"),
    );
    let last = &cast.unnumbered;
    let unnumbered = Receipt::of(last, last.placed_at).id;
    let row = format!("receipt({unnumbered}, {})", last.customer);
    plan.add("DELETE FROM receipt_unnumbered WHERE id = $1", args![unnumbered], "receipt_number", row);
    plan.add(
        "UPDATE setting SET value = '3' WHERE name = 'receipt_number'",
        args![],
        "receipt_number",
        "setting(receipt_number)",
    );

    let kit = &cast.running.0;
    let attempt = world.attempts(order).await.remove(0);
    let trade_no = attempt.trade_no.clone().unwrap();
    let forget = "DELETE FROM directory WHERE kind = $1 AND name = $2";
    plan.add(forget, args!["msisdn", kit.msisdn.as_str()], "directory", line_row(kit));
    plan.add(forget, args!["order_number", order.number.as_str()], "directory", order_row(order));
    plan.add(forget, args!["out_trade_no", attempt.out_trade_no.as_str()], "directory", attempt_row(&attempt));
    plan.add(forget, args!["alipay_trade_no", trade_no.as_str()], "directory", attempt_row(&attempt));
    let session = cast.session.to_string();
    let session_row = format!("{} session {session}", allowance_row(kit));
    plan.add(forget, args!["session", session.as_str()], "directory", session_row);
    let mislead = "UPDATE directory SET subject_id = $3 WHERE kind = $1 AND name = $2";
    let name = format!("directory(alipay_trade_no, {trade_no})");
    plan.add(mislead, args!["alipay_trade_no", trade_no.as_str(), nobody], "directory", name);
    let masked = format!("directory(msisdn, {})", kit.msisdn.masked());
    plan.add(mislead, args!["msisdn", kit.msisdn.as_str(), cast.over.0.line], "directory", masked);
    plan.add(
        "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ('login', '1390000', $1, $1)",
        args![nobody],
        "directory",
        "directory(login, 139****0000)",
    );
    let open = &cast.open;
    plan.add("DELETE FROM timer WHERE id = $1", args![open.id], "timer_of_order", order_row(open));
    plan.add("UPDATE timer SET due_at = due_at + 1 WHERE id = $1", args![open.id], "timer_of_order", order_row(open));
    plan.add(
        "INSERT INTO timer (id, customer_id, kind, due_at) VALUES ($1, $1, 'line', 7)",
        args![nobody],
        "timer_subject",
        format!("timer({nobody})"),
    );
}

fn invoices(plan: &mut Plan, cast: &Cast) {
    let (waits, made, refused) = (&cast.running.1, &cast.upstream, &cast.topup);
    let row = |order: &Order| format!("invoice_request({}, {})", order.customer, order.id);
    let mut set = |order: &Order, set: &str, invariant| {
        let sql = format!("UPDATE invoice_request SET {set} WHERE customer_id = $1 AND order_id = $2");
        plan.add(&sql, args![order.customer, order.id], invariant, row(order));
    };
    set(waits, "state = 'made'", "stored_word");
    set(waits, "state = 'issued'", "invoice_state");
    set(waits, "email = NULL", "invoice_state");
    set(waits, "link = 'https://tax.example.cn/2'", "invoice_state");
    set(waits, "tax_number = NULL", "invoice_buyer");
    set(waits, "buyer = 'state'", "invoice_buyer");
    set(waits, "asked_at = 1", "invoice_stations");
    set(made, "number = NULL", "invoice_state");
    set(made, "email = 'a@example.cn'", "invoice_state");
    set(made, "settled_by = NULL", "invoice_state");
    set(made, "settled_at = asked_at - 1", "invoice_stations");
    set(made, "buyer = 'organisation'", "invoice_buyer");
    set(refused, "reason = NULL", "invoice_state");
    set(refused, "state = 'requested'", "invoice_state");
    let receipt = Receipt::of(waits, waits.placed_at).id;
    plan.add("DELETE FROM receipt WHERE id = $1", args![receipt], "invoice_of_receipt", row(waits));
    let nobody = OrderId(RawId::new_v7(1, [9; 10]));
    let lost = format!("invoice_request({}, {nobody})", made.customer);
    let sql = "UPDATE invoice_request SET order_id = $2 WHERE order_id = $1";
    plan.add(sql, args![made.id, nobody], "invoice_of_receipt", lost);
    let sql = "INSERT INTO former_payee (until_at, legal_name, credit_code) VALUES (7, 'Longline Ltd', '')";
    plan.add(sql, args![], "stored_word", "former_payee(7)");
    let sql = "UPDATE receipt_number SET iccid = '89860300000000000001' WHERE number = 1";
    plan.add(sql, args![], "receipt_number", "receipt_number(1)");
}

async fn lines(plan: &mut Plan, world: &World, cast: &Cast) {
    let (kit, order) = &cast.running;
    let over = &cast.over.0;
    plan.line(over, "state = 'active'", "line_state");
    plan.line(kit, "state = 'suspended'", "line_state");
    plan.line(kit, "state = 'silent'", "line_state");
    plan.line(kit, "state = 'asleep'", "stored_word");
    plan.line(kit, "state_until = 7", "line_state");
    plan.line(&cast.grace, "state_until = 7", "line_state");
    plan.line(kit, "service_until = service_until + 1", "line_service_until");
    plan.line(kit, "service_until = NULL", "line_service_until");
    plan.line(kit, "msisdn = '13800000000'", "directory");
    let gone = "DELETE FROM line WHERE customer_id = $1 AND id = $2";
    plan.add(gone, args![kit.customer, kit.line], "order_of_line", order_row(order));
    plan.add(gone, args![kit.customer, kit.line], "allowance_of_line", allowance_row(kit));
    plan.add("DELETE FROM timer WHERE id = $1", args![kit.line], "timer_of_line", line_row(kit));
    plan.add("UPDATE timer SET due_at = due_at + 1 WHERE id = $1", args![kit.line], "timer_of_line", line_row(kit));
    plan.add("UPDATE timer SET kind = 'order' WHERE id = $1", args![kit.line], "timer_of_line", line_row(kit));
    plan.line(kit, "state = 'suspended_lost'", "session_follows_line");
    plan.0.last_mut().unwrap().row = format!("{} session {}", allowance_row(kit), cast.session);

    plan.add("DELETE FROM allowance WHERE id = $1", args![kit.line], "allowance_of_line", line_row(kit));
    plan.add(
        "UPDATE allowance SET body = $2 WHERE id = $1",
        args![kit.line, vec![1u8, 9]],
        "allowance_body",
        allowance_row(kit),
    );
    let sound = world.allowance(kit).await;
    let mut edit = |invariant, row: String, change: &dyn Fn(&mut Allowance)| {
        let mut allowance = sound.clone();
        change(&mut allowance);
        plan.body(kit, &allowance, invariant, row);
    };
    edit("bucket", allowance_row(kit), &|a| a.periods[0].buckets[0].used = a.periods[0].buckets[0].granted + 1);
    edit("bucket", allowance_row(kit), &|a| a.periods[0].buckets[0].used = -1);
    edit("bucket", allowance_row(kit), &|a| a.periods[0].buckets[0].granted += 1);
    edit("bucket", allowance_row(kit), &|a| a.periods[0].buckets.clear());
    edit("recognition", order_row(order), &|a| a.periods[0].recognised += 1);
    edit("recognition", order_row(order), &|a| a.periods[0].recognitions += 1);
    edit("period_of_order", order_row(order), &|a| a.periods[0].deferred -= 1);
    edit("period_of_order", order_row(order), &|a| a.periods[0].offering.version = 2);
    edit("period_of_order", order_row(order), &|a| a.periods.retain(|period| period.order != order.id));
    edit("period_of_order", order_row(order), &|a| a.periods.push(a.periods[0].clone()));
    edit("period_of_order", order_row(order), &|a| {
        if let Window::Fixed { ends_at, .. } = &mut a.periods[0].window {
            *ends_at = ends_at.plus_us(1);
        }
    });
    edit("period_of_order", allowance_row(kit), &|a| a.periods[1].order = OrderId(RawId::new_v7(1, [9; 10])));
    edit("session_follows_line", format!("{} session {}", allowance_row(kit), cast.session), &|a| {
        a.sessions[0].service = Service::Redirected;
    });
}
