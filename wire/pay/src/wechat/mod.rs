//! WeChat Pay v3: requests, responses, notices, certificates and bills.
//!
//! How the protocol protects a message, and where each rule lives:
//!
//! - A **request** is signed by the merchant: method, path with query, timestamp, nonce and body, a line each, under
//!   `Authorization` ([`Merchant::authorize`], [`Authorization::verify`]).
//! - A **response** and a **notice** are signed by the gateway: timestamp, nonce and the raw bytes of the body, a line
//!   each, under the headers of [`header`]. [`PlatformKeys`] holds the keys that check it, certificates and public
//!   keys side by side, because the gateway changes from one to the next while messages are under way.
//! - The **resource** of a notice and every platform certificate are sealed besides, with the merchant's [`ApiV3Key`].
//! - A **bill** is announced in a signed response; the download is unsigned and vouched for by the announced hash.
//! - **Who is in WeChat's own browser** is asked with the application's secret, unsigned ([`Authorize`], [`CodeExchange`]);
//!   that person pays what the merchant signs for their client ([`ClientParameters`]).
//!
//! The same types serve both sides: the merchant makes a [`Call`] and reads the answer, a stand-in for the gateway reads
//! the call and writes the answer. Times are unix seconds and amounts fen; on the wire they are RFC 3339, whole fen in
//! the API and **yuan in bills**.

mod authorization;
mod bill;
mod call;
mod certificates;
mod client;
mod error;
mod fund_bill;
mod json;
mod notice;
mod oauth;
mod platform;
mod prepay;
mod refund;
mod refusal;
mod resource;
mod time;
mod trade_bill;
mod transaction;

pub use authorization::{Authorization, Merchant, Request};
pub use bill::{BillAnnouncement, BillDate, FundAccount, Packing, pack_bill};
pub use call::Call;
pub use certificates::{open_certificates, seal_certificates};
pub use client::ClientParameters;
pub use error::Error;
pub use fund_bill::{FundBill, FundRow};
pub use notice::{Event, Notice, unverified_out_trade_no};
pub use oauth::{
    Authorize, CODE_LIFE_S, CodeAnswer, CodeExchange, CodeRefusal, CodeRefusalKind, OPENID_BYTES_MAX, STATE_BYTES_MAX,
    is_openid,
};
pub use platform::{PlatformKeys, PlatformSigner, Signature};
pub use prepay::{Prepay, PrepayAnswer, TradeKind};
pub use refund::{Refund, RefundNotice, RefundOf, RefundRequest, RefundStatus};
pub use refusal::{Refusal, RefusalKind, Reply, verify_response};
pub use resource::{ApiV3Key, Sealed};
pub use time::{format_rfc3339, parse_rfc3339};
pub use trade_bill::{BillError, BillRefund, BillRow, BillTotals, TradeBill};
pub use transaction::{TradeState, Transaction};

/// Names of headers.
pub mod header {
    /// When the gateway signed, unix seconds.
    pub const TIMESTAMP: &str = "Wechatpay-Timestamp";
    /// The nonce in what the gateway signed.
    pub const NONCE: &str = "Wechatpay-Nonce";
    /// The gateway's signature, in base64.
    pub const SIGNATURE: &str = "Wechatpay-Signature";
    /// Which of the gateway's keys signed; in a request, which one shall sign the response.
    pub const SERIAL: &str = "Wechatpay-Serial";
    /// The algorithm of the gateway's signature.
    pub const SIGNATURE_TYPE: &str = "Wechatpay-Signature-Type";

    pub(super) const SIGNED: [&str; 5] = [TIMESTAMP, NONCE, SIGNATURE, SERIAL, SIGNATURE_TYPE];
}

/// The scheme of `Authorization` and the algorithm of every signature: SHA256withRSA (PKCS#1 v1.5).
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";
/// The most that a signature's timestamp may differ from now, in seconds.
pub const SKEW_S_MAX: i64 = 300;
/// How long a `prepay_id` can be paid with, in seconds.
pub const PREPAY_ID_LIFE_S: i64 = 7_200;
/// Length of the nonce that seals a resource, in bytes.
pub const NONCE_BYTES: usize = 12;
/// Largest bill read, in bytes before it is packed: some 150,000 rows.
pub const BILL_BYTES_MAX: usize = 64 * 1024 * 1024;

fn check_skew(signed_unix_s: i64, now_unix_s: i64) -> Result<(), Error> {
    let skew_s = now_unix_s.saturating_sub(signed_unix_s);
    if (-SKEW_S_MAX..=SKEW_S_MAX).contains(&skew_s) { Ok(()) } else { Err(Error::Skew { skew_s }) }
}
