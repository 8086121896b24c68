//! The schema and its statements: every table is of a class and keeps to it; every statement prepares on both engines.

use everline_store::tables::{MIGRATIONS, STATEMENTS};
use everline_store::{PostgresOptions, SqliteOptions, Store, migrate};
use everline_testing::{SqliteFile, postgres_database};

/// A table as the migrations write it: class, name, primary key.
fn tables() -> Vec<(String, String, Vec<String>)> {
    let mut tables = Vec::new();
    for migration in MIGRATIONS {
        let mut class = String::new();
        for statement in migration.text.split(";\n") {
            if let Some((_, rest)) = statement.rsplit_once("-- class: ") {
                class = rest.lines().next().unwrap().trim().to_owned();
            }
            let Some((_, rest)) = statement.split_once("CREATE TABLE ") else { continue };
            let name = rest.split_whitespace().next().unwrap().to_owned();
            let key = match rest.rsplit_once("PRIMARY KEY (") {
                Some((_, key)) => {
                    key.split(')').next().unwrap().split(',').map(|column| column.trim().to_owned()).collect()
                }
                None => {
                    let line = rest
                        .lines()
                        .find(|line| line.contains("PRIMARY KEY"))
                        .unwrap_or_else(|| panic!("{name} has no key"));
                    vec![line.split_whitespace().next().unwrap().to_owned()]
                }
            };
            tables.push((std::mem::take(&mut class), name, key));
        }
    }
    tables
}

#[test]
fn every_table_is_of_a_class_and_keeps_to_it() {
    let tables = tables();
    assert!(tables.len() > 20, "the migrations are read wrong: {tables:?}");
    for (class, name, key) in tables {
        match class.as_str() {
            "customer" => assert_eq!(key[0], "customer_id", "{name}"),
            "customer-append" => assert_eq!(key, ["id", "customer_id"], "{name}"),
            "reference" => assert!(!key.contains(&"customer_id".to_owned()), "{name}"),
            "own" => assert_ne!(key[0], "customer_id", "{name}"),
            other => panic!("{name} has no class ({other:?}): reference, customer, customer-append or own"),
        }
    }
}

#[test]
fn unique_indexes_of_customer_tables_contain_the_customer() {
    let customers: Vec<String> =
        tables().into_iter().filter(|table| table.0.starts_with("customer")).map(|table| table.1).collect();
    for line in MIGRATIONS
        .iter()
        .flat_map(|migration| migration.text.lines())
        .filter(|line| line.contains("CREATE UNIQUE INDEX"))
    {
        let table = line.split(" ON ").nth(1).unwrap().split_whitespace().next().unwrap();
        assert!(!customers.contains(&table.to_owned()) || line.contains("customer_id"), "{line}");
    }
}

#[test]
fn only_portable_types_are_used() {
    for line in MIGRATIONS.iter().flat_map(|migration| migration.text.lines()).filter(|line| line.starts_with("  ")) {
        let mut words = line.split_whitespace();
        let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default().trim_end_matches(','));
        if name.chars().all(|c| c.is_ascii_lowercase() || c == '_') && name != "deferred" {
            assert!(matches!(kind, "BIGINT" | "BYTEA" | "TEXT"), "{line}");
        }
    }
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    let file = SqliteFile::new();
    let store = Store::open_sqlite(file.path(), SqliteOptions::default()).await.unwrap();
    migrate(&store, MIGRATIONS).await.unwrap();
    store.close().await;
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    for (name, sql) in STATEMENTS.iter().flat_map(|family| family.iter()) {
        connection.prepare(sql.sqlite_text()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    let Some(config) = postgres_database().await else { return };
    let store = Store::open_postgres(&config, PostgresOptions::default()).await.unwrap();
    migrate(&store, MIGRATIONS).await.unwrap();
    let (client, connection) = tokio_postgres::connect(&config, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for (name, sql) in STATEMENTS.iter().flat_map(|family| family.iter()) {
        client.prepare(sql.text()).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }
    store.close().await;
}
