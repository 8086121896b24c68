//! The quick way of filling a store writes the rows that the use cases write.

use everline_app::App;
use everline_app::clock::Clock;
use everline_app::payment_confirmed::take_evidence;
use everline_core::ids::{CustomerId, LineId};
use everline_core::payment::{self, Evidence};
use everline_core::time::SystemTime;
use everline_sim::world::{Provider, app_at, set_up};
use everline_sim::{lines, quick};
use everline_store::SqliteOptions;
use everline_testing::SqliteFile;
use std::sync::Arc;

/// Every row of every table, as text.
fn dump(file: &SqliteFile) -> Vec<String> {
    let c = rusqlite::Connection::open(file.path()).unwrap();
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let tables: Vec<String> =
        c.prepare(names).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut rows = Vec::new();
    for table in tables {
        let mut all = c.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns = all.column_count();
        let mut found = all.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let cells: Vec<String> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
            rows.push(format!("{table}: {}", cells.join(" ")));
        }
    }
    rows.sort();
    rows
}

async fn platform(file: &SqliteFile, provider: &Provider) -> App {
    let store = file.open(SqliteOptions::default()).await;
    let clock = Arc::new(Clock::manual(SystemTime::from_us(1_790_000_000_000_000), 1));
    let app = app_at(store, provider.trust(), clock).unwrap();
    set_up(&app).await.unwrap();
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quick_way_writes_the_use_cases_rows() {
    let provider = Provider::new().unwrap();
    let (by_use_cases, by_batch) = (SqliteFile::new(), SqliteFile::new());

    let app = platform(&by_use_cases, &provider).await;
    let (customer, line) = (CustomerId(app.clock.id()), LineId(app.clock.id()));
    lines::add(&app, customer, line, 0).await.unwrap();
    let first = lines::place(&app, customer, line, everline_sim::world::PLAN).await.unwrap();
    let trade_no = quick::trade_no(&first.out_trade_no);
    let evidence = Evidence {
        provider: payment::Provider::Alipay,
        out_trade_no: first.out_trade_no,
        trade_no,
        amount: first.amount,
    };
    take_evidence(&app, evidence, None).await.unwrap();
    lines::place(&app, customer, line, everline_sim::world::PACK).await.unwrap();
    app.store.close().await;

    let app = platform(&by_batch, &provider).await;
    let made = quick::make_lines(&app, 1).await.unwrap();
    assert_eq!(made, [(customer, line)]);
    quick::make_orders(&app, &made).await.unwrap();
    app.store.close().await;

    let (one, other) = (dump(&by_use_cases), dump(&by_batch));
    assert!(one.len() > 20, "{one:#?}");
    let differing: Vec<_> =
        one.iter().filter(|row| !other.contains(row)).chain(other.iter().filter(|row| !one.contains(row))).collect();
    assert!(differing.is_empty(), "{differing:#?}");
}
