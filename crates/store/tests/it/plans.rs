//! What belongs to one line, order or attempt is looked up by its whole key, on both engines: the rows of a customer may be
//! a fleet's million.

use everline_store::tables::{MIGRATIONS, STATEMENTS};
use everline_store::{PostgresOptions, Sql, SqliteOptions, Store, migrate};
use everline_testing::{SqliteFile, postgres_database};

const TABLES: [&str; 5] = ["line", "allowance", "orders", "attempt", "refund"];

/// The statements that name one line, order, attempt or refund beside its customer.
fn lookups() -> Vec<(&'static str, &'static Sql)> {
    let names_one = |text: &str| {
        text.split("customer_id = ").skip(1).any(|rest| {
            let Some((_, next)) = rest.split_once(" AND ") else { return false };
            let column = next.split_whitespace().next().unwrap_or_default();
            let column = column.rsplit('.').next().unwrap_or_default();
            ["id", "order_id", "line_id"].contains(&column) && next.split_whitespace().nth(1) == Some("=")
        })
    };
    let about = |text: &str| TABLES.iter().any(|table| text.contains(&format!(" {table} ")));
    let all = STATEMENTS.iter().flat_map(|family| family.iter()).map(|(name, sql)| (*name, *sql));
    all.filter(|(_, sql)| !sql.text().starts_with("INSERT") && about(sql.text()) && names_one(sql.text())).collect()
}

#[test]
fn the_statements_that_matter_are_looked_at() {
    let lookups = lookups();
    assert!(lookups.len() >= 15, "{lookups:?}");
    for wanted in ["FOR UPDATE OF a, l, o, t, w", "o.line_id = $2", "t.order_id = $2", "r.order_id = $2"] {
        assert!(lookups.iter().any(|(_, sql)| sql.text().contains(wanted)), "{wanted}");
    }
}

async fn empty_sqlite() -> (SqliteFile, rusqlite::Connection) {
    let file = SqliteFile::new();
    let store = Store::open_sqlite(file.path(), SqliteOptions::default()).await.unwrap();
    migrate(&store, MIGRATIONS).await.unwrap();
    store.close().await;
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    (file, connection)
}

fn sqlite_plan(connection: &rusqlite::Connection, sql: &Sql) -> Vec<String> {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.sqlite_text())).unwrap();
    let mut rows = plan.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    steps
}

/// What reads a table page by page reads the next page where the last one ended, and sorts nothing.
#[tokio::test]
async fn sqlite_pages_through_tables_in_their_order() {
    let (_file, connection) = empty_sqlite().await;
    let all = STATEMENTS.iter().flat_map(|family| family.iter());
    let pages = all.filter(|(_, sql)| sql.text().contains(" > $1") && sql.text().contains(" LIMIT "));
    let mut count = 0;
    for (name, sql) in pages {
        let steps = sqlite_plan(&connection, sql);
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{name}: {steps:#?}");
        count += 1;
    }
    assert!(count >= 10, "{count}");
}

#[tokio::test]
async fn sqlite_reads_no_more_of_a_customer_than_it_was_asked_for() {
    let (_file, connection) = empty_sqlite().await;
    for (name, sql) in lookups() {
        let steps = sqlite_plan(&connection, sql);
        for step in &steps {
            let (how, what) = step.split_once(' ').unwrap_or((step, ""));
            let what = what.split(' ').next().unwrap_or_default();
            let of_table = ["l", "w", "o", "t", "r"].contains(&what) || TABLES.contains(&what);
            let reads_all = how == "SCAN" || step.ends_with("(customer_id=?)");
            assert!(!(of_table && reads_all), "{name}: {steps:#?}");
        }
    }
}

/// Very many customers with one line, order and attempt each, and one with 600 of each.
const ROWS: &str = "
    INSERT INTO account (customer_id, currency, version)
        SELECT decode(lpad(to_hex(c), 32, '0'), 'hex'), 'CNY', 0 FROM generate_series(1, 6000) c;
    CREATE TEMP TABLE own AS SELECT decode(lpad(to_hex(LEAST(n, 6000)), 32, '0'), 'hex') AS customer,
        decode(lpad(to_hex(n), 32, '0'), 'hex') AS id, n FROM generate_series(1, 6600) n;
    INSERT INTO line (customer_id, id, version, msisdn, name, device, family, network, state, state_since, guest_renewal, main_balance_consent)
        SELECT customer, id, 0, n::text, '', 'phone', 'phone', 'built_in', 'active', 0, 1, 0 FROM own;
    INSERT INTO allowance (customer_id, id, version, body) SELECT customer, id, 0, id FROM own;
    INSERT INTO orders (customer_id, id, line_id, number, offering_code, offering_version, currency, price, funds, state, placed_by, terms_version, placed_at, expires_at)
        SELECT customer, id, id, n::text, 'p', 1, 'CNY', 1, 0, 'awaiting_payment', 'owner', '1', 0, 0 FROM own;
    INSERT INTO attempt (customer_id, id, order_id, method, out_trade_no, currency, amount, state, received, created_at, expires_at)
        SELECT customer, id, id, 'card', n::text, 'CNY', 1, 'sent', 0, 0, 0 FROM own;
    INSERT INTO refund (customer_id, id, attempt_id, order_id, out_request_no, currency, amount, reason, state, started_at)
        SELECT customer, id, id, id, n::text, 'CNY', 1, 'late', 'done', 0 FROM own;
    INSERT INTO directory (kind, name, customer_id, subject_id) SELECT 'out_trade_no', n::text, customer, id FROM own;
    ANALYZE;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off";

#[tokio::test]
async fn postgres_reads_no_more_of_a_customer_than_it_was_asked_for() {
    let Some(config) = postgres_database().await else { return };
    let store = Store::open_postgres(&config, PostgresOptions::default()).await.unwrap();
    migrate(&store, MIGRATIONS).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(ROWS).await.unwrap();
    for (place, (name, sql)) in lookups().into_iter().enumerate() {
        let parameters = client.prepare(sql.text()).await.unwrap().params().len();
        client.batch_execute(&format!("PREPARE s{place} AS {}", sql.text())).await.unwrap();
        let nothing = vec!["NULL"; parameters].join(", ");
        let plan = client.simple_query(&format!("EXPLAIN EXECUTE s{place}({nothing})")).await.unwrap();
        let plan: Vec<String> = plan
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect();
        for (step, next) in plan.iter().zip(plan.iter().skip(1)) {
            let of_table =
                TABLES.iter().any(|table| step.contains(&format!(" on {table} ")) && step.contains("Index Scan using"));
            let by_customer_alone = next.contains("Index Cond: (customer_id = ");
            assert!(!(of_table && by_customer_alone), "{name}: {}", plan.join("\n"));
        }
    }
    store.close().await;
}

/// What the desk looks for and looks at, by words of the statement.
const DESK: [&str; 66] = [
    "FROM directory WHERE kind = $1 AND name >= $2",
    "substr(name, length(name) - 5) = $2",
    "FROM receipt_number n JOIN receipt r",
    "FROM device_check WHERE eid = $1",
    "SELECT kind, name, customer_id, subject_id FROM directory WHERE kind = $1 AND name = $2",
    "FROM refund r WHERE r.out_request_no = $1",
    "FROM identity WHERE document_hash = $1",
    "a.action = 'caller.proved' AND a.staff_id = $2",
    "a.action IN ('staff.added', 'staff.invited', 'staff.second_factor_reset')",
    "SELECT line_id, usage_basis, usage_counts FROM line_reminders",
    "FROM auto_renew WHERE customer_id = $1 AND state <> 'off'",
    "FROM offering v WHERE v.code = $1 AND v.version = $2",
    "FROM offering v WHERE v.code = $1 ORDER BY v.version",
    "SELECT COUNT(*) FROM orders WHERE customer_id = $1 AND line_id = $2 AND offering_code = $3",
    "AND (t.posted_at, t.id) < ($2, $3)",
    "FROM line_event WHERE customer_id = $1 AND line_id = $2 AND id < $3",
    "FROM message WHERE customer_id = $1 AND line_id = $2 AND id < $3",
    "AND day <= $3 ORDER BY day DESC",
    "FROM account_event WHERE customer_id = $1 AND id < $2",
    "FROM account_message WHERE customer_id = $1 AND (sent_at, id) < ($2, $3)",
    "FROM device_check WHERE eid >= $1",
    "FROM support_case WHERE customer_id = $1 AND (opened_at, id) < ($2, $3)",
    "FROM support_case WHERE customer_id = $1 AND line_id = $5 AND (opened_at, id) < ($2, $3)",
    "c.solved_at IS NULL AND (c.due_at, c.customer_id, c.id) > ($1, $2, $3)",
    "c.solved_at IS NULL AND c.state = $9 AND (c.due_at",
    "c.solved_at IS NULL AND c.owner_id = $9 AND (c.due_at",
    "c.solved_at IS NULL AND c.owner_id IS NULL AND (c.due_at",
    "c.solved_at IS NULL AND c.reason = $9 AND (c.due_at",
    "c.solved_at IS NULL AND c.priority = $9 AND (c.due_at",
    "(c.solved_at, c.customer_id, c.id) < ($1, $2, $3)",
    "c.solved_at IS NULL AND c.owner_id = $1 AND c.reason <> 'papers' LIMIT $2",
    "c.solved_at IS NULL AND c.owner_id IS NULL AND c.reason <> 'papers' LIMIT $1",
    "c.solved_at IS NULL AND c.due_at < $1 AND c.reason <> 'papers' LIMIT $2",
    "c.solved_at IS NULL AND c.reason = $1 LIMIT $2",
    "FROM support_case WHERE cause_id = $1",
    "FROM support_case WHERE number = $1 ORDER BY",
    "SELECT COUNT(*), MIN(w.paid_at)",
    "AND c.reason = 'paid_not_in_effect') ORDER BY o.paid_at LIMIT $2",
    "a.customer_id = $1 AND a.at <= $2 ORDER BY a.seq DESC",
    "a.subject_id = $2 AND a.at <= $3 ORDER BY a.seq DESC",
    "a.line_id = $1 AND a.at <= $2 ORDER BY a.seq DESC",
    "FROM account_message WHERE id >= $1 ORDER BY id DESC",
    "(t.booked_at, t.id) > ($2, $3) AND t.booked_at < $4",
    "AND booked_at >= $2 AND booked_at < $3 AND debit = $4",
    "MIN(booked_at) FROM transfer WHERE template = $1",
    "FROM ledger_day WHERE day < $1 ORDER BY day DESC",
    "FROM ledger_day_account WHERE day = $1",
    "FROM import_batch WHERE (began_at, kind, name) < ($1, $2, $3)",
    "id) > ($1, $2) ORDER BY COALESCE(state_until, 9223372036854775807), id",
    "FROM stock_hold WHERE (put_at, id) < ($1, $2)",
    "WHERE (b.made_at, b.name) < ($1, $2)",
    "FROM stock_count WHERE kind IN ('card', 'profile', 'companion') AND batch = $1",
    "AND d.name > $1 AND d.name < $2 ORDER BY d.name LIMIT $3",
    "AND d.name > $1 AND d.name <= $2",
    "FROM reminder r WHERE (r.id, r.customer_id) > ($1, $2) AND r.id < $3",
    "SELECT customer_id, id, state, service_until FROM line WHERE",
    "FROM figure WHERE kind = $1 AND day >= $2 AND day <= $3",
    "FROM figure WHERE kind = $1 ORDER BY day DESC LIMIT 1",
    "FROM job WHERE state = 'dead' AND id > $1",
    "FROM job WHERE state = 'ready' AND failures >= 12 AND id > $1",
    "SELECT SUBSTR(payload, 9, 8), queued_at, due_at FROM job WHERE state = 'ready' AND due_at >= $1 ORDER BY",
    "SELECT id, channel, fate FROM message WHERE id >= $1",
    "r ON r.name = t.reference WHERE t.id >= $1",
    "FROM credit_change WHERE customer_id = $1 ORDER BY asked_at DESC, id DESC",
    "FROM credit_change WHERE state = 'requested' ORDER BY asked_at",
    "FROM pay_link WHERE customer_id = $1 AND line_id = $2 AND made_at >= $3",
];

/// What the desk sums or sorts of a few rows, which it reaches by an index, by words of the statement.
const FEW: [&str; 5] = [
    "FROM transfer t JOIN attempt a ON a.customer_id = t.customer_id AND a.id = t.cause_id",
    "FROM transfer t JOIN refund r ON r.customer_id = t.customer_id AND r.id = t.cause_id",
    "FROM account a CROSS JOIN transfer m",
    "FROM line l JOIN sim s ON s.line_id = l.id WHERE l.state = 'reserved'",
    "SELECT s.iccid FROM sim s WHERE s.batch = $2 AND s.kind = $3 AND s.state = 'in_stock'",
];

/// Statements by their words, each found once.
fn found(words: &[&str]) -> Vec<(&'static str, &'static Sql)> {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let all: Vec<_> = STATEMENTS.iter().flat_map(|family| family.iter()).collect();
    let find = |words: &&str| {
        let mut found = all.iter().filter(|(_, sql)| plain(sql.text()).contains(*words));
        let one = found.next().unwrap_or_else(|| panic!("no statement has {words}"));
        assert!(found.next().is_none(), "two statements have {words}");
        (one.0, one.1)
    };
    words.iter().map(find).collect()
}

#[tokio::test]
async fn sqlite_finds_and_looks_back_by_an_index_and_sorts_nothing() {
    let (_file, connection) = empty_sqlite().await;
    for (name, sql) in found(&DESK) {
        let steps = sqlite_plan(&connection, sql);
        // What a bounded subquery gave, and indexes that have what is on its way, or waits, alone.
        let fine = [
            "SCAN n",
            "SCAN w",
            "SCAN o USING INDEX orders_on_their_way",
            "SCAN credit_change USING INDEX credit_change_waiting",
        ];
        let scans = |step: &str| step.starts_with("SCAN") && !fine.contains(&step);
        let slow = |step: &String| scans(step) || step.contains("TEMP B-TREE");
        assert!(!steps.iter().any(slow), "{name}: {steps:#?}");
    }
    // The accounts with something in suspense, and the lines that are reserved, are all that these indexes have.
    let small = |step: &str| step.contains("account_suspense") || step.contains("line_reserved");
    for (name, sql) in found(&FEW) {
        let steps = sqlite_plan(&connection, sql);
        assert!(!steps.iter().any(|step| step.starts_with("SCAN") && !small(step)), "{name}: {steps:#?}");
    }
    // Looking for a profile meets those that can be given out, and none that is set aside.
    let (_, profile) = found(&[
        "s.msisdn IS NOT NULL AND s.line_batch IS NULL AND c.state = 'complete' AND (s.batch IS NULL OR b.state = 'complete') AND b.hold_id IS NULL ORDER BY s.iccid LIMIT 1 FOR UPDATE",
    ])[0];
    let steps = sqlite_plan(&connection, profile);
    assert!(steps.iter().any(|step| step.contains("sim_profiles")), "{steps:#?}");
    // Who called is found without looking through all that was done.
    let (_, caller) = found(&["a.action = 'caller.proved' AND a.staff_id = $2"])[0];
    let steps = sqlite_plan(&connection, caller);
    assert!(steps.iter().any(|step| step.contains("audit_caller")), "{steps:#?}");
    // What is planned is all that its index holds; the catalog itself is shown whole.
    let mut all = STATEMENTS.iter().flat_map(|family| family.iter());
    let (_, planned) = all.find(|(_, sql)| sql.text().contains("WHERE v.publish_at IS NOT NULL")).unwrap();
    let steps = sqlite_plan(&connection, planned);
    assert!(steps.iter().all(|step| step.contains("offering_planned")), "{steps:#?}");
    let names =
        "SELECT customer_id, name FROM customer WHERE name <> '' AND name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3";
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {names}")).unwrap();
    let mut rows = plan.raw_query();
    let step: String = rows.next().unwrap().unwrap().get(3).unwrap();
    assert!(step.contains("customer_name"), "{step}");
}

#[tokio::test]
async fn postgres_finds_and_looks_back_by_an_index_and_sorts_nothing() {
    let Some(config) = postgres_database().await else { return };
    let store = Store::open_postgres(&config, PostgresOptions::default()).await.unwrap();
    migrate(&store, MIGRATIONS).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute("SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_sort = off")
        .await
        .unwrap();
    let names = "SELECT customer_id, name FROM customer WHERE name <> '' AND name COLLATE \"C\" >= $1 AND name COLLATE \"C\" < $2 \
        ORDER BY name COLLATE \"C\" LIMIT $3";
    let statements = found(&DESK).into_iter().map(|(name, sql)| (name, sql.text()));
    let few: Vec<&str> = found(&FEW).into_iter().map(|(_, sql)| sql.text()).collect();
    for (place, (name, text)) in
        statements.chain(few.iter().map(|text| ("few", *text))).chain([("names", names)]).enumerate()
    {
        let parameters = client.prepare(text).await.unwrap().params().len();
        client.batch_execute(&format!("PREPARE d{place} AS {text}")).await.unwrap();
        let nothing = vec!["NULL"; parameters].join(", ");
        let nothing = if parameters == 0 { String::new() } else { format!("({nothing})") };
        let plan = client.simple_query(&format!("EXPLAIN EXECUTE d{place}{nothing}")).await.unwrap();
        let plan: Vec<&str> = plan
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .collect();
        // The few members of the staff beside the log are looked up however there are few.
        let sorts = |step: &str| step.contains("Sort") && !few.contains(&text);
        let slow = |step: &&&str| (step.contains("Seq Scan") && !step.contains(" on staff ")) || sorts(step);
        assert_eq!(plan.iter().find(slow), None, "{name}: {}", plan.join("\n"));
    }
    store.close().await;
}
