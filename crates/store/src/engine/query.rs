//! Queries that leave together, so that a page that is made of many answers does not wait once for each.

use crate::engine::error::Result;
use crate::engine::row::{FromRow, Row};
use crate::engine::sql::Sql;
use crate::engine::value::Value;

/// What a row makes.
type Reads<T> = dyn Fn(&Row<'_>) -> Result<T> + Send + Sync;

/// A query that only reads, and what its rows make: for [`Tx::together`](crate::Tx::together).
pub struct Query<T> {
    sql: &'static Sql,
    args: Vec<Value>,
    read: Box<Reads<T>>,
    rows: Vec<T>,
}

impl<T: FromRow> Query<T> {
    /// The rows of a statement.
    #[must_use]
    pub fn new(sql: &'static Sql, args: Vec<Value>) -> Self {
        Self { sql, args, read: Box::new(T::from_row), rows: Vec::new() }
    }
}

impl<T: 'static> Query<T> {
    /// The same rows, each made into something else.
    #[must_use]
    pub fn map<U>(self, to: impl Fn(T) -> U + Send + Sync + 'static) -> Query<U> {
        let Self { sql, args, read, .. } = self;
        Query { sql, args, read: Box::new(move |row| read(row).map(&to)), rows: Vec::new() }
    }
}

/// One query while it is answered, whatever its rows make.
pub trait Asked: Send {
    /// The statement.
    fn sql(&self) -> &'static Sql;
    /// Its parameters.
    fn args(&self) -> &[Value];
    /// Takes a row of the answer.
    ///
    /// # Errors
    /// [`Error::Decode`](crate::Error::Decode)
    fn row(&mut self, row: &Row<'_>) -> Result<()>;
}

impl<T: Send> Asked for Query<T> {
    fn sql(&self) -> &'static Sql {
        self.sql
    }
    fn args(&self) -> &[Value] {
        &self.args
    }
    fn row(&mut self, row: &Row<'_>) -> Result<()> {
        self.rows.push((self.read)(row)?);
        Ok(())
    }
}

/// What can be asked together: a query, several of a kind, or up to six of different kinds.
pub trait Together: Send {
    /// The rows of each.
    type Out;
    /// All queries, in order.
    fn asked(&mut self) -> Vec<&mut dyn Asked>;
    /// The rows they took.
    fn rows(self) -> Self::Out;
}

impl<T: Send> Together for Query<T> {
    type Out = Vec<T>;
    fn asked(&mut self) -> Vec<&mut dyn Asked> {
        vec![self]
    }
    fn rows(self) -> Vec<T> {
        self.rows
    }
}

impl<Q: Together> Together for Vec<Q> {
    type Out = Vec<Q::Out>;
    fn asked(&mut self) -> Vec<&mut dyn Asked> {
        self.iter_mut().flat_map(Q::asked).collect()
    }
    fn rows(self) -> Self::Out {
        self.into_iter().map(Q::rows).collect()
    }
}

macro_rules! tuple {
    ($($t:ident $i:tt),+) => {
        impl<$($t: Together),+> Together for ($($t,)+) {
            type Out = ($($t::Out,)+);
            fn asked(&mut self) -> Vec<&mut dyn Asked> {
                let mut all = Vec::new();
                $(all.extend(self.$i.asked());)+
                all
            }
            fn rows(self) -> Self::Out {
                ($(self.$i.rows(),)+)
            }
        }
    };
}
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
