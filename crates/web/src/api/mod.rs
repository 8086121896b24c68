//! The JSON API of customers. The same use cases as the pages; money as decimal text with its currency, times in RFC 3339,
//! problems by RFC 9457.

pub(crate) mod auto_renew;
pub(crate) mod body;
pub(crate) mod esim;
pub(crate) mod lines;
pub(crate) mod openapi;
pub(crate) mod orders;
pub(crate) mod receipts;
pub(crate) mod refunds;
pub(crate) mod sign_in;
pub(crate) mod vouchers;
pub(crate) mod what_if;
