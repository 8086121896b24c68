//! Rows and columns, the same for both engines. A wrong type is an error that names the column, never a conversion.

use crate::engine::error::{self, Error, Result};
use crate::engine::value::Value;
use rusqlite::types::ValueRef;
use tokio_postgres::types::{FromSql, Type};

/// What one column of one row holds.
#[derive(Clone, Copy)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// A BIGINT; PostgreSQL's smaller integers and booleans (0 and 1) arrive as it too.
    Int(i64),
    /// A TEXT.
    Text(&'a str),
    /// A BYTEA.
    Blob(&'a [u8]),
}

impl Cell<'_> {
    fn kind(self) -> &'static str {
        match self {
            Cell::Null => "null",
            Cell::Int(_) => "int",
            Cell::Text(_) => "text",
            Cell::Blob(_) => "blob",
        }
    }
}

impl<'a> FromSql<'a> for Cell<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(match *ty {
            Type::INT8 => Cell::Int(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Cell::Int(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Cell::Int(i16::from_be_bytes(raw.try_into()?).into()),
            Type::BOOL => Cell::Int((raw != [0]).into()),
            Type::BYTEA => Cell::Blob(raw),
            _ => Cell::Text(std::str::from_utf8(raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::INT2 | Type::BOOL | Type::BYTEA | Type::TEXT | Type::VARCHAR)
    }
}

/// One row of an answer, valid while [`FromRow::from_row`] looks at it.
pub struct Row<'a>(pub(crate) Source<'a>);

pub(crate) enum Source<'a> {
    Sqlite(&'a rusqlite::Row<'a>),
    Postgres(&'a tokio_postgres::Row),
}

impl Row<'_> {
    /// Column `index`, from 0.
    ///
    /// # Errors
    /// [`Error::Decode`] with the column's name if it holds something that is no `T`, or does not exist.
    pub fn get<T: Column>(&self, index: usize) -> Result<T> {
        let cell = self.cell(index).map_err(|found| self.wrong::<T>(index, found))?;
        T::column(cell).ok_or_else(|| self.wrong::<T>(index, cell.kind()))
    }

    /// The number of columns.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Sqlite(row) => row.as_ref().column_count(),
            Source::Postgres(row) => row.len(),
        }
    }

    /// Whether it has no columns at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn cell(&self, index: usize) -> Result<Cell<'_>, &'static str> {
        match self.0 {
            Source::Sqlite(row) => Ok(match row.get_ref(index).map_err(|_| "no such column")? {
                ValueRef::Null => Cell::Null,
                ValueRef::Integer(v) => Cell::Int(v),
                ValueRef::Text(v) => Cell::Text(std::str::from_utf8(v).map_err(|_| "text that is not UTF-8")?),
                ValueRef::Blob(v) => Cell::Blob(v),
                ValueRef::Real(_) => return Err("float"),
            }),
            Source::Postgres(row) if index < row.len() => row.try_get(index).map_err(|_| "another type"),
            Source::Postgres(_) => Err("no such column"),
        }
    }

    #[cold]
    fn wrong<T>(&self, index: usize, found: &'static str) -> Error {
        let name = match self.0 {
            Source::Sqlite(row) => row.as_ref().column_name(index).ok().map(str::to_owned),
            Source::Postgres(row) => row.columns().get(index).map(|c| c.name().to_owned()),
        };
        Error::Decode { column: name.unwrap_or_else(|| index.to_string()), expected: std::any::type_name::<T>(), found }
    }
}

/// A Rust type that one column can hold.
///
/// Other crates implement it for their own types, on top of the implementations here:
///
/// ```
/// use everline_store::{Cell, Column};
/// struct Units(i64);
/// impl Column for Units {
///     fn column(cell: Cell<'_>) -> Option<Self> {
///         i64::column(cell).filter(|v| *v >= 0).map(Units)
///     }
/// }
/// assert!(Units::column(Cell::Int(-1)).is_none());
/// ```
pub trait Column: Sized + 'static {
    /// The value, or `None` if the cell does not hold one.
    fn column(cell: Cell<'_>) -> Option<Self>;
}

macro_rules! column {
    ($($to:ty: $cell:pat => $v:expr;)+) => {
        $(impl Column for $to { fn column(cell: Cell<'_>) -> Option<Self> { if let $cell = cell { $v } else { None } } })+
    };
}
column! {
    i64: Cell::Int(v) => Some(v);
    u64: Cell::Int(v) => v.try_into().ok();
    u32: Cell::Int(v) => v.try_into().ok();
    bool: Cell::Int(v @ (0 | 1)) => Some(v == 1);
    String: Cell::Text(v) => Some(v.to_owned());
    Vec<u8>: Cell::Blob(v) => Some(v.to_vec());
}
impl<const N: usize> Column for [u8; N] {
    fn column(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Blob(v) = cell { v.try_into().ok() } else { None }
    }
}
impl Column for Value {
    /// Whatever the cell holds, as a parameter that equals it.
    fn column(cell: Cell<'_>) -> Option<Self> {
        Some(match cell {
            Cell::Null => Value::Null,
            Cell::Int(v) => Value::Int(v),
            Cell::Text(v) => Value::Text(v.to_owned()),
            Cell::Blob(v) => Value::Blob(v.to_vec()),
        })
    }
}

impl<T: Column> Column for Option<T> {
    fn column(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Null = cell { Some(None) } else { T::column(cell).map(Some) }
    }
}

/// A Rust type that one row makes: a tuple of up to eight columns, or a struct.
pub trait FromRow: Sized + 'static {
    /// Reads the row.
    ///
    /// # Errors
    /// [`Error::Decode`] if a column holds something else.
    fn from_row(row: &Row<'_>) -> Result<Self>;
}

macro_rules! tuple {
    ($($t:ident $i:literal),+) => {
        impl<$($t: Column),+> FromRow for ($($t,)+) {
            fn from_row(row: &Row<'_>) -> Result<Self> { Ok(($(row.get::<$t>($i)?,)+)) }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// Hands every row of a SQLite answer to `each`.
pub(crate) fn each_sqlite(rows: &mut rusqlite::Rows<'_>, each: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    while let Some(row) = rows.next().map_err(error::sqlite)? {
        each(&Row(Source::Sqlite(row)))?;
    }
    Ok(())
}
