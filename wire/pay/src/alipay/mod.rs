//! Alipay v2 (`gateway.do`): requests, responses, notifications, daily bills.
//!
//! How the protocol protects a message, and where each rule lives:
//!
//! - A **request** is a list of parameters. What is signed is every parameter except `sign`, empty ones dropped, sorted
//!   by name, `name=value` joined by `&`, raw UTF-8 ([`Params::sign_content`]). The signature is SHA256withRSA
//!   (PKCS#1 v1.5) in base64; `sign_type=RSA2` is part of what is signed.
//! - A **response** is a JSON object with the member `<method>_response` (dots become underscores) and the member
//!   `sign`, which covers the exact bytes of the former as they were sent ([`verify_response`]).
//! - A **notification** is a form POST. What is signed is every parameter except `sign` *and* `sign_type`, decoded
//!   exactly once ([`Notification::verify`]).
//! - In **certificate mode** requests name the merchant's certificates ([`MerchantCertificates`]), and answers the one of
//!   the gateway's certificates they were signed with ([`GatewayCertificates`]).
//!
//! The same functions serve both sides: the merchant signs requests and verifies the rest, a stand-in for the gateway
//! verifies requests ([`verify_request`]) and signs the rest ([`sign_response`], [`Params::sign_notification`]).

mod bill;
mod certificates;
mod notification;
mod params;
mod response;
mod trade;

pub use bill::{
    AccountBill, AccountBillRow, BillDownloadUrl, BillError, BillHead, BillType, TradeBill, TradeBillKind, TradeBillRow,
};
pub use certificates::{Gateway, GatewayCertificates, MerchantCertificates, cert_sn, root_cert_sn};
pub use notification::{Notification, TradeStatus, unverified_out_trade_no};
pub use params::{Params, RequestHead, verify_request, verify_signed_form};
pub use response::{
    CODE_OK, Refusal, RefusalKind, Reply, response_name, sign_error_response, sign_response,
    sign_response_with_certificate, unsigned_error_response, unsigned_response, verify_response,
};
pub use trade::{TradeClosed, TradePrecreated, TradeQueried, TradeRefund, TradeRefunded};

pub use crate::{
    BODY_BYTES_MAX, DEPTH_MAX, Error, Fen, PARAMS_MAX, SignedFen, UnsignedRefusal, ZipError,
    rsa::{PrivateKey, PublicKey},
    time::{format_time, parse_time},
};

/// Names of the methods of the gateway that this crate knows the answers of.
pub mod method {
    /// Asks for the text of a QR code. Creates no trade until a payer scans it.
    pub const PRECREATE: &str = "alipay.trade.precreate";
    /// Sends a phone's browser to the cashier page.
    pub const WAP_PAY: &str = "alipay.trade.wap.pay";
    /// Sends a desktop browser to the cashier page.
    pub const PAGE_PAY: &str = "alipay.trade.page.pay";
    /// Asks for the state of one trade.
    pub const QUERY: &str = "alipay.trade.query";
    /// Closes a trade that nobody has paid.
    pub const CLOSE: &str = "alipay.trade.close";
    /// Gives back all or part of a paid trade; repeatable with the same `out_request_no`.
    pub const REFUND: &str = "alipay.trade.refund";
    /// Asks for the state of one refund.
    pub const REFUND_QUERY: &str = "alipay.trade.fastpay.refund.query";
    /// Asks where the bill of a day can be downloaded.
    pub const BILL_DOWNLOAD_URL: &str = "alipay.data.dataservice.bill.downloadurl.query";
}
