//! Daily bills: where to download one, and reading what comes: a ZIP archive of tables in GBK.
//!
//! A bill is evidence of its own, independent of notifications and queries: it tells what the gateway counts, fees
//! included. It is there from about ten o'clock on the next day; its address can be used for thirty seconds. Reading
//! checks the totals of a bill against its rows, and takes it whole or not at all.

mod account;
mod error;
mod table;
#[cfg(test)]
mod tests;
mod trade;

pub use account::{AccountBill, AccountBillRow};
pub use error::BillError;
pub use table::BillHead;
pub use trade::{TradeBill, TradeBillKind, TradeBillRow};

use super::response::{Reply, reply};
use crate::{Error, time::format_date};

/// Which bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillType {
    /// `trade`, read as [`TradeBill`].
    Trade,
    /// `signcustomer`, read as [`AccountBill`].
    SignCustomer,
}

impl BillType {
    /// The value of `bill_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::SignCustomer => "signcustomer",
        }
    }

    /// Reads a value of `bill_type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Trade, Self::SignCustomer].into_iter().find(|known| known.as_str() == text)
    }

    /// `biz_content` of [`method::BILL_DOWNLOAD_URL`](super::method::BILL_DOWNLOAD_URL): the bill of the day in UTC+8 that
    /// `unix_s` lies in.
    #[must_use]
    pub fn content(self, unix_s: i64) -> String {
        format!("{{\"bill_type\":\"{}\",\"bill_date\":\"{}\"}}", self.as_str(), format_date(unix_s))
    }
}

/// The answer to `alipay.data.dataservice.bill.downloadurl.query`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillDownloadUrl {
    /// Where the archive is, for thirty seconds.
    pub bill_download_url: String,
}

impl BillDownloadUrl {
    /// Reads the signed part of the response.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`], [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Reply<Self>, Error> {
        reply(raw, |fields| Ok(Self { bill_download_url: fields.required("bill_download_url")? }))
    }
}
