//! The directory: every name that leads to a row of some customer. Keyed by itself, so that a look-up needs no customer.

use crate::{Result, Tx, Value, args};
use everline_core::ids::{CustomerId, RawId};
use everline_core::payment::Provider;

/// What kind of name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Name {
    /// A line's number → its line.
    Msisdn,
    /// A subscriber identity → its line.
    Imsi,
    /// A card or profile → its line.
    Iccid,
    /// A contact number proved by a code → its customer.
    Login,
    /// The key an operator gave an owner → its customer.
    Owner,
    /// An order's number → its order.
    OrderNumber,
    /// Our number at a payment provider → its attempt.
    OutTradeNo,
    /// A payment provider's number → its attempt. Numbers of different providers may be equal.
    TradeNo(Provider),
    /// A session of the built-in network → its line.
    Session,
    /// The secret of a guest's order → its order.
    OrderToken,
    /// The bank's id of a refund that people made from the bank account → the refund.
    BankRefund,
    /// The bank's id of a payment to an owner who closed the account → the closing.
    Payout,
}

impl Name {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Name::Msisdn => "msisdn",
            Name::Imsi => "imsi",
            Name::Iccid => "iccid",
            Name::Login => "login",
            Name::Owner => "owner",
            Name::OrderNumber => "order_number",
            Name::OutTradeNo => "out_trade_no",
            Name::TradeNo(Provider::Alipay) => "alipay_trade_no",
            Name::TradeNo(Provider::Wechat) => "wechat_trade_no",
            Name::TradeNo(Provider::Stripe) => "stripe_trade_no",
            Name::TradeNo(Provider::Bank) => "bank_trade_no",
            Name::Session => "session",
            Name::OrderToken => "order_token",
            Name::BankRefund => "bank_refund",
            Name::Payout => "payout",
        }
    }
}
impl From<Name> for Value {
    fn from(name: Name) -> Value {
        Value::from(name.word())
    }
}

crate::queries! { ALL;
    FIND = "SELECT customer_id, subject_id FROM directory WHERE kind = $1 AND name = $2";
    ADD = "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ($1, $2, $3, $4)";
    ADD_IF_NEW = "INSERT INTO directory (kind, name, customer_id, subject_id) VALUES ($1, $2, $3, $4) ON CONFLICT (kind, name) DO NOTHING";
    REMOVE = "DELETE FROM directory WHERE kind = $1 AND name = $2";
    MOVE_ON = "UPDATE directory SET customer_id = $5, subject_id = $6 WHERE kind = $1 AND name = $2 AND customer_id = $3 AND subject_id = $4";
    REMOVE_OF = "DELETE FROM directory WHERE kind = $1 AND name = $2 AND customer_id = $3 AND subject_id = $4";
}

/// Who owns a name, and what it names.
pub async fn find(tx: &mut Tx, kind: Name, name: &str) -> Result<Option<(CustomerId, RawId)>> {
    tx.maybe(&FIND, args![kind, name]).await
}
/// Adds a name; one that exists fails the transaction.
pub fn add(tx: &mut Tx, kind: Name, name: &str, customer: CustomerId, subject: RawId) {
    tx.put(&ADD, args![kind, name, customer, subject]);
}
/// Adds a name unless it exists: for names that others choose, where the first use stands.
pub fn add_if_new(tx: &mut Tx, kind: Name, name: &str, customer: CustomerId, subject: RawId) {
    tx.put(&ADD_IF_NEW, args![kind, name, customer, subject]);
}
/// Has a name that leads to one row lead to another; one that leads elsewhere stays.
pub fn move_on(tx: &mut Tx, (kind, name): (Name, &str), from: (CustomerId, RawId), to: (CustomerId, RawId)) {
    tx.put(&MOVE_ON, args![kind, name, from.0, from.1, to.0, to.1]);
}
/// Removes a name.
pub fn remove(tx: &mut Tx, kind: Name, name: &str) {
    tx.put(&REMOVE, args![kind, name]);
}
/// Removes a name if it leads to this row; one that leads elsewhere stays.
pub fn remove_of(tx: &mut Tx, kind: Name, name: &str, customer: CustomerId, subject: RawId) {
    tx.put(&REMOVE_OF, args![kind, name, customer, subject]);
}
