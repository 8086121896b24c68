//! What is kept about a customer is handed out whole: a new table or column has to be put on one side or the other.

use everline_store::tables::MIGRATIONS;
use everline_store::tables::privacy::SECTIONS;
use everline_store::{SqliteOptions, migrate};
use everline_testing::SqliteFile;

/// Tables with a customer's id that are not handed out.
const TABLES_LEFT_OUT: &[(&str, &str)] = &[
    ("audit", "what the staff did; it names the customer and the line by id alone"),
    ("directory", "its names stand in the other records"),
    ("hand_over", "between two records of a line, which are handed out"),
    ("job", "work to do, gone when done"),
    ("message_reference", "what providers call messages, which are handed out"),
    ("receipt_unnumbered", "a queue; the receipts are handed out"),
    ("timer", "follows from line and allowance"),
];
/// Columns of tables that are handed out, which are not.
const COLUMNS_LEFT_OUT: &[(&str, &str)] = &[
    ("customer_id", "stands at the top"),
    ("version", "counts changes"),
    ("pin1", "secret"),
    ("pin2", "secret"),
    ("puk1", "secret"),
    ("puk2", "secret"),
    ("registration_code", "secret"),
    ("puk_hash", "secret"),
    ("sealed", "sealed; shown to its owner"),
    ("document_hash", "secret"),
    ("registration_hash", "secret"),
    ("batch", "how the operator loaded it"),
    ("line_batch", "how the operator loaded it"),
    ("source_hash", "how the operator loaded it"),
    ("line_hash", "how the operator loaded it"),
    ("pay_url", "a link to pay, worthless afterwards"),
    ("pay_url_until", "a time limit of ours"),
    ("expires_at", "a time limit of ours"),
    ("posting_id", "a key of ours"),
    ("booked_at", "on which day of the books it counts"),
    ("hold_id", "what sets it aside in the stock"),
    ("cause_id", "a key of ours"),
    ("settled_by", "a member of the staff"),
    ("taken_by", "a member of the staff"),
    ("token", "a provider's name for a card, of use to us alone"),
    ("holder", "stands with the names at providers"),
    ("fingerprint_hash", "secret"),
    ("password_hash", "secret"),
    ("credential_id", "an authenticator's name for a key, of use to it alone"),
    ("key", "the half of a passkey that is no secret, of use to us alone"),
    ("matched_by", "a member of the staff"),
    ("noted_by", "a member of the staff"),
    ("imported_at", "a time of ours"),
    ("bill_line_id", "the payout of a provider, nobody's of the customers"),
    ("staff_id", "a member of the staff"),
    ("entry_id", "a key of ours"),
    ("content", "the file itself: its owner has it from the case's page"),
    ("asked_by", "a member of the staff"),
    ("made_by", "a member of the staff"),
    ("staff_id", "a member of the staff"),
    ("decided_by", "a member of the staff"),
    ("owner_id", "a member of the staff"),
    ("changed_by", "a member of the staff"),
    ("changed_how", "what the staff did last; entries and states are handed out"),
    ("usage_basis", "tells counts of ours from others"),
];
/// Tables whose own id says nothing and is left out.
const ID_LEFT_OUT: &[&str] = &[
    "account_event",
    "account_message",
    "auto_renew",
    "case_entry",
    "consent",
    "contact_point",
    "contribution",
    "device_check",
    "dispute",
    "line_event",
    "line_reminders",
    "message",
    "passkey",
    "refund",
    "reminder",
    "renewal_consent",
    "transfer",
    "usage",
    "voucher",
];

#[tokio::test]
async fn every_table_and_column_of_a_customer_is_handed_out_or_left_out_for_a_reason() {
    let file = SqliteFile::new();
    let store = file.open(SqliteOptions::default()).await;
    migrate(&store, MIGRATIONS).await.unwrap();
    store.close().await;
    let c = rusqlite::Connection::open(file.path()).unwrap();
    let list = |sql: &str| -> Vec<(String, String)> {
        let mut statement = c.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let columns = list(
        "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' AND EXISTS \
         (SELECT 1 FROM pragma_table_info(t.name) WHERE name = 'customer_id')",
    );
    assert!(columns.len() > 100, "the schema is read wrong");
    for (table, column) in &columns {
        let Some(section) = SECTIONS.iter().find(|section| section.table == table) else {
            assert!(TABLES_LEFT_OUT.iter().any(|(name, _)| name == table), "table {table}");
            continue;
        };
        // The version of a consent is that of what was agreed to, and no count of changes.
        let counts = (table.as_str(), column.as_str()) != ("consent", "version");
        let left_out = (counts && COLUMNS_LEFT_OUT.iter().any(|(name, _)| name == column))
            || (column == "id" && ID_LEFT_OUT.contains(&table.as_str()));
        assert!(section.columns.contains(&column.as_str()) != left_out, "{table}.{column}");
    }
}
