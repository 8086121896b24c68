//! Saved methods, and the names under which providers know their owners.

use super::columns::Columns;
use crate::{FromRow, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, PaymentMethodId};
use everline_core::payment::Provider;
use everline_core::saved_method::{SavedMethod, SavedState};

macro_rules! columns {
    () => {
        "customer_id, id, provider, token, holder, label, good_until, fingerprint_hash, state, added_at, removed_at"
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM payment_method WHERE customer_id = $1 AND id = $2");
    LOCK = concat!("SELECT ", columns!(), " FROM payment_method WHERE customer_id = $1 AND id = $2 FOR UPDATE");
    OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM payment_method WHERE customer_id = $1 ORDER BY id");
    SAVE = concat!("INSERT INTO payment_method (", columns!(), ", kind) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'card') \
        ON CONFLICT (customer_id, id) DO UPDATE SET token = excluded.token, holder = excluded.holder, label = excluded.label, \
        good_until = excluded.good_until, fingerprint_hash = excluded.fingerprint_hash, state = excluded.state, removed_at = excluded.removed_at");
    HOLDER_GET = "SELECT reference FROM provider_customer WHERE customer_id = $1 AND provider = $2";
    HOLDER_ADD = "INSERT INTO provider_customer (customer_id, provider, reference) VALUES ($1, $2, $3) ON CONFLICT (customer_id, provider) DO NOTHING";
    HOLDER_FORGET = "DELETE FROM provider_customer WHERE customer_id = $1";
}

struct MethodRow(SavedMethod);
impl FromRow for MethodRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(MethodRow(SavedMethod {
            customer: c.next()?,
            id: c.next()?,
            provider: c.next()?,
            token: c.next()?,
            holder: c.next()?,
            label: c.next()?,
            good_until: c.next()?,
            fingerprint: c.next()?,
            state: c.next()?,
            added_at: c.next()?,
            removed_at: c.next()?,
        }))
    }
}

/// Reads a saved method.
pub async fn get(tx: &mut Tx, customer: CustomerId, id: PaymentMethodId) -> Result<Option<SavedMethod>> {
    Ok(tx.maybe::<MethodRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// Locks and reads a saved method.
pub async fn lock(tx: &mut Tx, customer: CustomerId, id: PaymentMethodId) -> Result<Option<SavedMethod>> {
    Ok(tx.maybe::<MethodRow>(&LOCK, args![customer, id]).await?.map(|row| row.0))
}
/// The saved methods of a customer that can be used, oldest first.
pub async fn active(tx: &mut Tx, customer: CustomerId) -> Result<Vec<SavedMethod>> {
    let all = tx.all::<MethodRow>(&OF_CUSTOMER, args![customer]).await?;
    Ok(all.into_iter().map(|row| row.0).filter(|method| method.state == SavedState::Active).collect())
}
/// Writes a saved method, new or changed.
pub fn save(tx: &mut Tx, m: &SavedMethod) {
    tx.put(
        &SAVE,
        args![
            m.customer,
            m.id,
            m.provider,
            m.token.as_str(),
            m.holder.as_str(),
            m.label.as_str(),
            m.good_until,
            m.fingerprint.clone(),
            m.state,
            m.added_at,
            m.removed_at
        ],
    );
}
/// The provider's name for a customer.
pub async fn holder(tx: &mut Tx, customer: CustomerId, provider: Provider) -> Result<Option<String>> {
    Ok(tx.maybe::<(String,)>(&HOLDER_GET, args![customer, provider]).await?.map(|row| row.0))
}
/// Forgets what providers call a customer.
pub fn forget_holders(tx: &mut Tx, customer: CustomerId) {
    tx.put(&HOLDER_FORGET, args![customer]);
}
/// Keeps the provider's name for a customer; the first one stands.
pub fn keep_holder(tx: &mut Tx, customer: CustomerId, provider: Provider, reference: &str) {
    tx.put(&HOLDER_ADD, args![customer, provider, reference]);
}
