//! Parameters of statements.

use bytes::{BufMut, BytesMut};
use rusqlite::types::{ToSqlOutput, ValueRef};
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

/// The longest text or blob, in bytes: what one PostgreSQL field can hold.
const LEN_MAX: usize = 1 << 30;

/// One parameter.
///
/// `Debug` shows kinds and lengths only: drivers log parameters, and parameters are personal data.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL, for any type.
    Null,
    /// A BIGINT: money in millionths, microseconds since the epoch, counts, states; 0 and 1 for no and yes.
    Int(i64),
    /// A TEXT; without the character U+0000, which PostgreSQL cannot store.
    Text(String),
    /// A BYTEA of any length.
    Blob(Vec<u8>),
    /// A BYTEA of 16 bytes: an id.
    Id([u8; 16]),
    /// An array of BIGINT; PostgreSQL only.
    Ints(Vec<i64>),
    /// An array of BYTEA; PostgreSQL only.
    Blobs(Vec<Vec<u8>>),
    /// An array of TEXT; PostgreSQL only.
    Texts(Vec<String>),
}

impl Value {
    /// The word for its kind.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Int(_) => "int",
            Value::Text(_) => "text",
            Value::Blob(_) | Value::Id(_) => "blob",
            Value::Ints(_) => "ints",
            Value::Blobs(_) => "blobs",
            Value::Texts(_) => "texts",
        }
    }

    fn len(&self) -> usize {
        match self {
            Value::Null | Value::Int(_) => 0,
            Value::Text(v) => v.len(),
            Value::Blob(v) => v.len(),
            Value::Id(v) => v.len(),
            Value::Ints(v) => v.len(),
            Value::Blobs(v) => v.iter().map(Vec::len).sum(),
            Value::Texts(v) => v.iter().map(String::len).sum(),
        }
    }

    /// Whether PostgreSQL's type `ty` takes it. What passes here cannot fail to encode later, when other statements
    /// and the COMMIT are already on the wire.
    pub(crate) fn fits(&self, ty: &Type) -> bool {
        let kind = match self {
            Value::Null => true,
            Value::Int(_) => *ty == Type::INT8,
            Value::Text(v) => matches!(*ty, Type::TEXT | Type::VARCHAR) && !v.contains('\0'),
            Value::Blob(_) | Value::Id(_) => *ty == Type::BYTEA,
            Value::Ints(_) => *ty == Type::INT8_ARRAY,
            Value::Blobs(_) => *ty == Type::BYTEA_ARRAY,
            Value::Texts(_) => *ty == Type::TEXT_ARRAY,
        };
        kind && self.len() < LEN_MAX
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}({})", self.kind(), self.len())
    }
}

macro_rules! from {
    ($($from:ty, $v:ident => $to:expr;)+) => { $(impl From<$from> for Value { fn from($v: $from) -> Self { $to } })+ };
}
from! {
    i64, v => Value::Int(v);
    bool, v => Value::Int(v.into());
    &str, v => Value::Text(v.to_owned());
    String, v => Value::Text(v);
    &String, v => Value::Text(v.clone());
    Vec<u8>, v => Value::Blob(v);
    &[u8], v => Value::Blob(v.to_vec());
    [u8; 16], v => Value::Id(v);
    &[u8; 16], v => Value::Id(*v);
    [u8; 32], v => Value::Blob(v.to_vec());
    &[u8; 32], v => Value::Blob(v.to_vec());
    Vec<i64>, v => Value::Ints(v);
    Vec<Vec<u8>>, v => Value::Blobs(v);
    Vec<[u8; 16]>, v => Value::Blobs(v.iter().map(|id| id.to_vec()).collect());
    Vec<String>, v => Value::Texts(v);
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}

/// The parameters of one statement, in order: anything with a `From` into [`Value`].
///
/// ```
/// let owner: Option<&str> = None;
/// assert_eq!(everline_store::args![7, "x", owner].len(), 3);
/// ```
#[macro_export]
macro_rules! args {
    ($($v:expr),* $(,)?) => { ::std::vec![$($crate::Value::from($v)),*] };
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(v) => ValueRef::Integer(*v),
            Value::Text(v) if v.contains('\0') => {
                return Err(rusqlite::Error::ToSqlConversionFailure("text without U+0000".into()));
            }
            Value::Text(v) => ValueRef::Text(v.as_bytes()),
            Value::Blob(v) => ValueRef::Blob(v),
            Value::Id(v) => ValueRef::Blob(v),
            Value::Ints(_) | Value::Blobs(_) | Value::Texts(_) => {
                return Err(rusqlite::Error::ToSqlConversionFailure("no array on SQLite".into()));
            }
        }))
    }
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Int(v) => out.put_i64(*v),
            Value::Text(v) => out.put_slice(v.as_bytes()),
            Value::Blob(v) => out.put_slice(v),
            Value::Id(v) => out.put_slice(v),
            Value::Ints(v) => return v.to_sql_checked(ty, out),
            Value::Blobs(v) => return v.to_sql_checked(ty, out),
            Value::Texts(v) => return v.to_sql_checked(ty, out),
        }
        Ok(IsNull::No)
    }

    // `fits` has been asked before.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_values() {
        let shown = format!("{:?}", args![13_800_138_000, "13800138000", vec![1u8, 2], [7u8; 16], None::<i64>]);
        assert_eq!(shown, "[int(0), text(11), blob(2), blob(16), null(0)]");
    }

    #[test]
    fn kinds_fit_only_their_types() {
        assert!(
            Value::Int(1).fits(&Type::INT8) && !Value::Int(1).fits(&Type::INT4) && !Value::Int(1).fits(&Type::TEXT)
        );
        assert!(Value::Id([0; 16]).fits(&Type::BYTEA) && !Value::from("x").fits(&Type::BYTEA));
        assert!(Value::Null.fits(&Type::TEXT) && Value::Ints(vec![1]).fits(&Type::INT8_ARRAY));
    }
}
