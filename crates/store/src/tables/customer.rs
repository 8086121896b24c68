//! Customers and their accounts.

use super::columns::Columns;
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::customer::Customer;
use everline_core::ids::CustomerId;
use everline_core::ledger::{Balances, LedgerAccount};
use everline_core::money::Currency;
use everline_core::time::BusinessTime;

/// The columns of an account's balances, in the ledger's order, each after `$of` (an alias and a dot, or nothing).
macro_rules! balance_columns {
    ($of:literal) => {
        concat!(
            $of,
            "psp_receivable, ",
            $of,
            "paid_credit, ",
            $of,
            "promo_credit, ",
            $of,
            "order_funds, ",
            $of,
            "deferred_revenue, ",
            $of,
            "suspense, ",
            $of,
            "refund_in_flight, ",
            $of,
            "revenue, ",
            $of,
            "bank, ",
            $of,
            "psp_fees, ",
            $of,
            "voucher_receivable, ",
            $of,
            "promotion_cost, ",
            $of,
            "dispute_receivable, ",
            $of,
            "write_off, ",
            $of,
            "in_transit"
        )
    };
}
pub(crate) use balance_columns;

crate::queries! { ALL;
    GET = "SELECT customer_id, kind, name, contact, language, identity FROM customer WHERE customer_id = $1";
    ADD = "INSERT INTO customer (customer_id, kind, name, contact, language, identity, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    SET_LANGUAGE = "UPDATE customer SET language = $2 WHERE customer_id = $1";
    ACCOUNT_ADD = "INSERT INTO account (customer_id, currency, version) VALUES ($1, $2, 0)";
    ACCOUNT_LOCK = concat!("SELECT ", balance_columns!(""), " FROM account WHERE customer_id = $1 FOR UPDATE");
    ACCOUNT_GET = concat!("SELECT ", balance_columns!(""), " FROM account WHERE customer_id = $1");
    pub ACCOUNT_SAVE = "UPDATE account SET version = version + 1, psp_receivable = $2, paid_credit = $3, promo_credit = $4, order_funds = $5, \
        deferred_revenue = $6, suspense = $7, refund_in_flight = $8, revenue = $9, bank = $10, psp_fees = $11, voucher_receivable = $12, promotion_cost = $13, \
        dispute_receivable = $14, write_off = $15, in_transit = $16 WHERE customer_id = $1";
    ACCOUNT_PAGE = concat!("SELECT ", balance_columns!(""), ", customer_id FROM account WHERE customer_id > $1 ORDER BY customer_id LIMIT $2");
}

struct CustomerRow(Customer);
impl FromRow for CustomerRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(CustomerRow(Customer {
            id: c.next()?,
            kind: c.next()?,
            name: c.next()?,
            contact: c.next()?,
            language: c.next()?,
            identity: c.next()?,
        }))
    }
}

/// Reads the balances that begin at a column.
pub(crate) fn balances(c: &mut Columns<'_, '_>) -> Result<Balances> {
    let mut columns = [0; LedgerAccount::ALL.len()];
    for column in &mut columns {
        *column = c.next()?;
    }
    Ok(Balances::from_columns(columns))
}
struct BalancesRow(Balances);
impl FromRow for BalancesRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        balances(&mut Columns::new(row)).map(BalancesRow)
    }
}
struct AccountRow(CustomerId, Balances);
impl FromRow for AccountRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let balances = balances(&mut c)?;
        Ok(AccountRow(c.next()?, balances))
    }
}

/// A customer, if there is one.
#[must_use]
pub fn by_id(id: CustomerId) -> Query<Customer> {
    Query::<CustomerRow>::new(&GET, args![id]).map(|row| row.0)
}
/// The balances of a customer, if there is one.
#[must_use]
pub fn account_of(id: CustomerId) -> Query<Balances> {
    Query::<BalancesRow>::new(&ACCOUNT_GET, args![id]).map(|row| row.0)
}
/// A customer.
pub async fn get(tx: &mut Tx, id: CustomerId) -> Result<Customer> {
    tx.one::<CustomerRow>("customer", &GET, args![id]).await.map(|row| row.0)
}
/// Adds a customer and an empty account.
pub fn add(tx: &mut Tx, customer: &Customer, currency: Currency, at: BusinessTime) {
    let contact = customer.contact.as_ref().map(|contact| contact.as_str());
    let Customer { id, kind, identity, .. } = *customer;
    tx.put(&ADD, args![id, kind, customer.name.as_str(), contact, customer.language.as_str(), identity, at]);
    tx.put(&ACCOUNT_ADD, args![id, currency]);
}
/// Remembers the language a customer chose.
pub fn set_language(tx: &mut Tx, id: CustomerId, language: &str) {
    tx.put(&SET_LANGUAGE, args![id, language]);
}
/// Locks the account, the root of everything a customer owns, and reads its balances.
pub async fn lock_account(tx: &mut Tx, id: CustomerId) -> Result<Balances> {
    tx.one::<BalancesRow>("account", &ACCOUNT_LOCK, args![id]).await.map(|row| row.0)
}
/// Reads the balances.
pub async fn account(tx: &mut Tx, id: CustomerId) -> Result<Balances> {
    tx.one::<BalancesRow>("account", &ACCOUNT_GET, args![id]).await.map(|row| row.0)
}
/// Saves the balances of a locked account.
pub fn save_account(tx: &mut Tx, id: CustomerId, balances: &Balances) {
    let mut args = args![id];
    args.extend(balances.columns().map(crate::Value::from));
    tx.put(&ACCOUNT_SAVE, args);
}
/// The next accounts after a customer, for `verify`.
pub async fn account_page(tx: &mut Tx, after: CustomerId, limit: i64) -> Result<Vec<(CustomerId, Balances)>> {
    let rows = tx.all::<AccountRow>(&ACCOUNT_PAGE, args![after, limit]).await?;
    Ok(rows.into_iter().map(|row| (row.0, row.1)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_an_account_stand_in_the_ledgers_order() {
        let words: Vec<&str> = LedgerAccount::ALL.iter().map(|account| account.word()).collect();
        for sql in [ACCOUNT_LOCK.text(), ACCOUNT_GET.text(), ACCOUNT_PAGE.text()] {
            assert!(sql.contains(&words.join(", ")), "{sql}");
        }
        let mut at = 0;
        for (number, word) in words.iter().enumerate() {
            let found = ACCOUNT_SAVE.text()[at..].find(&format!("{word} = ${}", number + 2));
            at += found.unwrap_or_else(|| panic!("{word} out of order"));
        }
    }
}
