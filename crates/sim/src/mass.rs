//! Copies of everything that customers have, under other ids, until a store holds very many of them.
//!
//! For measuring what a page costs beside a mass of rows: making a million lines by the use cases takes most of an hour. Rows are
//! copied as they are, with the last three octets of every id and the end of every name that has to be unique changed; so the
//! copies of a customer lie beside it in every index, and those that were really made lie scattered over all of them. A copy's
//! own pages are never opened, and `verify` would find its bodies naming ids of another: nothing but the mass of it is of use.

use crate::Failure;
use crate::world::Kind;
use everline_app::{App, Problem};
use everline_store::{Sql, Stop, Tx, Work, args};
use std::collections::BTreeMap;

/// Columns with names that are one thing's alone.
const UNIQUE: [&str; 6] = ["number", "msisdn", "name", "out_trade_no", "trade_no", "out_request_no"];

/// Rows that are copied in one transaction, each so many times.
const AT_ONCE: i64 = 1_000;

/// Makes `times` copies of everything that customers with a line have.
///
/// # Errors
/// As the store says.
pub async fn multiply(app: &App, kind: Kind, times: u32) -> Result<(), Failure> {
    let tables = app.store.read(Columns { kind }).await?;
    let (octets, run) = (if kind == Kind::Sqlite { "BLOB" } else { "BYTEA" }, |text: String| run(app, text));
    run(format!("CREATE TABLE mass_number (mass_number BIGINT, mass_octets {octets}, mass_name TEXT)")).await?;
    app.store.transact(Numbers { times }).await?;
    for (table, columns) in tables {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(|(name, of)| copied(kind, name, *of)).collect();
        let (names, key) = (names.join(", "), names.get(..2).unwrap_or(&names).join(", "));
        let theirs = "customer_id IN (SELECT customer_id FROM line)";
        let rows = format!("SELECT ROW_NUMBER() OVER (ORDER BY {key}) AS mass_row, t.* FROM {table} t WHERE {theirs}");
        run(format!("CREATE TABLE mass_{table} AS {rows}")).await?;
        // In the order of the key, the copies of a row beside each other: each page is written once.
        let copy = sql(format!(
            "INSERT INTO {table} ({names}) SELECT {} FROM mass_{table} CROSS JOIN mass_number \
             WHERE mass_row > $1 AND mass_row <= $2 ORDER BY mass_row, mass_number ON CONFLICT DO NOTHING",
            values.join(", ")
        ));
        let rows = app.store.read(Rows { sql: sql(format!("SELECT COUNT(*) FROM mass_{table}")) }).await?;
        let mut after = 0;
        while after < rows {
            app.store.transact(Copy { sql: copy, after }).await?;
            after += AT_ONCE;
        }
        run(format!("DROP TABLE mass_{table}")).await?;
    }
    run("DROP TABLE mass_number".to_owned()).await?;
    if kind == Kind::Postgres {
        // As the server does by itself, soon after so many rows came.
        run("ANALYZE".to_owned()).await?;
    }
    Ok(())
}

/// What stands in a column of a copy.
fn copied(kind: Kind, name: &str, of: Of) -> String {
    match (of, kind) {
        (Of::Octets, Kind::Sqlite) => {
            format!(
                "CASE WHEN LENGTH({name}) = 16 THEN CAST(SUBSTR({name}, 1, 13) || mass_octets AS BLOB) ELSE {name} END"
            )
        }
        (Of::Octets, Kind::Postgres) => {
            format!("CASE WHEN LENGTH({name}) = 16 THEN SUBSTR({name}, 1, 13) || mass_octets ELSE {name} END")
        }
        (Of::Text, _) if UNIQUE.contains(&name) => format!("{name} || mass_name"),
        _ => name.to_owned(),
    }
}

/// A statement that stays for as long as the process: there are few.
fn sql(text: String) -> &'static Sql {
    Box::leak(Box::new(Sql::new(Box::leak(text.into_boxed_str()))))
}

async fn run(app: &App, text: String) -> Result<(), Failure> {
    Ok(app.store.transact(Run { sql: sql(text) }).await?)
}

struct Run {
    sql: &'static Sql,
}
impl Work for Run {
    const NAME: &'static str = "sim_mass_run";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        tx.exec(self.sql, args![]).await?;
        Ok(())
    }
}

/// What is told apart by it: the numbers of the copies, as octets and as the end of a name.
struct Numbers {
    times: u32,
}
impl Work for Numbers {
    const NAME: &'static str = "sim_mass_numbers";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        static ADD: Sql = Sql::new("INSERT INTO mass_number (mass_number, mass_octets, mass_name) VALUES ($1, $2, $3)");
        for number in 1..=self.times {
            let [_, end @ ..] = number.to_be_bytes();
            tx.exec(&ADD, args![i64::from(number), end.to_vec(), format!("{number:04}")]).await?;
        }
        Ok(())
    }
}

struct Rows {
    sql: &'static Sql,
}
impl Work for Rows {
    const NAME: &'static str = "sim_mass_rows";
    type Out = i64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<i64, Stop<Problem>> {
        Ok(tx.one::<(i64,)>("rows", self.sql, args![]).await?.0)
    }
}

/// Copies of the rows behind a place.
struct Copy {
    sql: &'static Sql,
    after: i64,
}
impl Work for Copy {
    const NAME: &'static str = "sim_mass_copy";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        tx.exec(self.sql, args![self.after, self.after + AT_ONCE]).await?;
        Ok(())
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Octets,
    Text,
    Other,
}

/// The tables of customers with their columns, and what those hold.
struct Columns {
    kind: Kind,
}
type Tables = BTreeMap<String, Vec<(String, Of)>>;
impl Work for Columns {
    const NAME: &'static str = "sim_mass_columns";
    type Out = Tables;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Tables, Stop<Problem>> {
        static SQLITE: Sql = Sql::new(
            "SELECT m.name, p.name, LOWER(p.type) FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY p.cid",
        );
        static POSTGRES: Sql = Sql::new(
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns \
             WHERE table_schema = current_schema() ORDER BY ordinal_position",
        );
        let columns = if self.kind == Kind::Sqlite { &SQLITE } else { &POSTGRES };
        let mut tables = Tables::new();
        for (table, column, of) in tx.all::<(String, String, String)>(columns, args![]).await? {
            let of = match of.as_str() {
                "bytea" => Of::Octets,
                "text" => Of::Text,
                _ => Of::Other,
            };
            tables.entry(table).or_default().push((column, of));
        }
        tables.retain(|_, columns| columns.iter().any(|(name, _)| name == "customer_id"));
        Ok(tables)
    }
}
