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

/// Makes `times` copies of everything that customers with a line have.
///
/// # Errors
/// As the store says.
pub async fn multiply(app: &App, kind: Kind, times: u32) -> Result<(), Failure> {
    for (table, columns) in app.store.read(Columns { kind }).await? {
        let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(|(name, of)| copied(kind, name, *of)).collect();
        run(
            app,
            format!(
                "CREATE TABLE mass_{table} AS SELECT * FROM {table} WHERE customer_id IN (SELECT customer_id FROM line)"
            ),
        )
        .await?;
        let named = columns.iter().any(|(name, of)| *of == Of::Text && UNIQUE.contains(&name.as_str()));
        let copy = sql(format!(
            "INSERT INTO {table} ({}) SELECT {} FROM mass_{table} WHERE 1 = 1 ON CONFLICT DO NOTHING",
            names.join(", "),
            values.join(", ")
        ));
        for copy_number in 1..=times {
            app.store.transact(Copy { sql: copy, named, number: copy_number }).await?;
        }
        run(app, format!("DROP TABLE mass_{table}")).await?;
    }
    if kind == Kind::Postgres {
        // As the server does by itself, soon after so many rows came.
        run(app, "ANALYZE".to_owned()).await?;
    }
    Ok(())
}

/// What stands in a column of a copy.
fn copied(kind: Kind, name: &str, of: Of) -> String {
    match (of, kind) {
        (Of::Octets, Kind::Sqlite) => {
            format!("CASE WHEN LENGTH({name}) = 16 THEN CAST(SUBSTR({name}, 1, 13) || $1 AS BLOB) ELSE {name} END")
        }
        (Of::Octets, Kind::Postgres) => {
            format!("CASE WHEN LENGTH({name}) = 16 THEN SUBSTR({name}, 1, 13) || CAST($1 AS BYTEA) ELSE {name} END")
        }
        (Of::Text, _) if UNIQUE.contains(&name) => format!("{name} || CAST($2 AS TEXT)"),
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

struct Copy {
    sql: &'static Sql,
    /// Whether it has names that are one thing's alone.
    named: bool,
    number: u32,
}
impl Work for Copy {
    const NAME: &'static str = "sim_mass_copy";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let [_, end @ ..] = self.number.to_be_bytes();
        let mut all = args![end.to_vec()];
        if self.named {
            all.extend(args![format!("{:04}", self.number)]);
        }
        tx.exec(self.sql, all).await?;
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
