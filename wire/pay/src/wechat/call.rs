//! The calls of the API: as a merchant makes them and as the gateway takes them.

use super::{
    BillDate, Error, FundAccount, Packing, Prepay, RefundRequest, Request,
    json::{Reader, Writer, missing},
};
use crate::{Error as Shared, form};

/// One call. What the gateway answers to it is named at each; the body of a verified response is read by that type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Makes a trade that a payer can pay: [`PrepayAnswer`](super::PrepayAnswer).
    Prepay(Prepay),
    /// Asks for a trade by the merchant's number: [`Transaction`](super::Transaction).
    QueryByOutTradeNo {
        /// The merchant.
        mchid: String,
        /// The merchant's number of the trade.
        out_trade_no: String,
    },
    /// Asks for a trade by the gateway's number: [`Transaction`](super::Transaction).
    QueryByTransactionId {
        /// The merchant.
        mchid: String,
        /// The gateway's number of the trade.
        transaction_id: String,
    },
    /// Closes a trade that nobody has paid: status 204 without a body. The gateway answers so about a trade that it
    /// does not know, too: only a query tells.
    Close {
        /// The merchant.
        mchid: String,
        /// The merchant's number of the trade.
        out_trade_no: String,
    },
    /// Gives back all or part of a paid trade; repeatable with the same number: [`Refund`](super::Refund).
    Refund(RefundRequest),
    /// Asks for a refund: [`Refund`](super::Refund).
    QueryRefund {
        /// The merchant's number of the refund.
        out_refund_no: String,
    },
    /// Asks where the bill of all payments and refunds of a day is:
    /// [`BillAnnouncement`](super::BillAnnouncement). From 10:00 of the next day, for three months.
    TradeBill {
        /// The day.
        bill_date: BillDate,
        /// How the file shall be packed.
        packing: Packing,
    },
    /// Asks where the bill of what moved on an account is: [`BillAnnouncement`](super::BillAnnouncement) of a
    /// [`FundBill`](super::FundBill).
    FundFlowBill {
        /// The day.
        bill_date: BillDate,
        /// The account.
        account: FundAccount,
        /// How the file shall be packed.
        packing: Packing,
    },
    /// Fetches a bill: the file itself, unsigned.
    DownloadBill {
        /// Path and query of the announced URL, see [`BillAnnouncement::download`](super::BillAnnouncement::download).
        /// The gateway's side takes those below `/v3/billdownload/`.
        target: String,
    },
    /// Asks for the platform certificates: [`open_certificates`](super::open_certificates).
    Certificates,
}

const OUT_TRADE_NO: &str = "/v3/pay/transactions/out-trade-no/";
const TRANSACTION_ID: &str = "/v3/pay/transactions/id/";
const CLOSE: &str = "/close";
const REFUNDS: &str = "/v3/refund/domestic/refunds";
const TRADE_BILL: &str = "/v3/bill/tradebill";
const FUND_FLOW_BILL: &str = "/v3/bill/fundflowbill";
const DOWNLOAD: &str = "/v3/billdownload/";
const CERTIFICATES: &str = "/v3/certificates";

impl Call {
    /// The request to sign and send.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a number of another form than the API takes.
    pub fn request(&self) -> Result<Request, Error> {
        let get = |target: String| Ok(Request { method: "GET", target, body: String::new() });
        let post = |target: String, body: String| Ok(Request { method: "POST", target, body });
        match self {
            Self::Prepay(prepay) => {
                out_trade_no_form(&prepay.out_trade_no)?;
                post(prepay.kind.path().to_owned(), prepay.to_json())
            }
            Self::QueryByOutTradeNo { mchid, out_trade_no } => {
                out_trade_no_form(out_trade_no)?;
                get(format!("{OUT_TRADE_NO}{}?mchid={}", encoded(out_trade_no), encoded(mchid)))
            }
            Self::QueryByTransactionId { mchid, transaction_id } => {
                number_form("transaction_id", transaction_id, 1..=32, "")?;
                get(format!("{TRANSACTION_ID}{}?mchid={}", encoded(transaction_id), encoded(mchid)))
            }
            Self::Close { mchid, out_trade_no } => {
                out_trade_no_form(out_trade_no)?;
                let body = Writer::new().text("mchid", mchid).end();
                post(format!("{OUT_TRADE_NO}{}{CLOSE}", encoded(out_trade_no)), body)
            }
            Self::Refund(refund) => {
                out_refund_no_form(&refund.out_refund_no)?;
                post(REFUNDS.to_owned(), refund.to_json())
            }
            Self::QueryRefund { out_refund_no } => {
                out_refund_no_form(out_refund_no)?;
                get(format!("{REFUNDS}/{}", encoded(out_refund_no)))
            }
            Self::TradeBill { bill_date, packing } => {
                get(format!("{TRADE_BILL}?bill_date={bill_date}&bill_type=ALL{}", packing.query()))
            }
            Self::FundFlowBill { bill_date, account, packing } => {
                let account = account.as_str();
                get(format!("{FUND_FLOW_BILL}?bill_date={bill_date}&account_type={account}{}", packing.query()))
            }
            Self::DownloadBill { target } => {
                if !target.starts_with('/') || !target.bytes().all(|b| b.is_ascii_graphic()) {
                    return Err(Shared::BadField { name: "download_url" }.into());
                }
                get(target.clone())
            }
            Self::Certificates => get(CERTIFICATES.to_owned()),
        }
    }

    /// Reads a request whose signature was checked.
    ///
    /// # Errors
    /// [`Error::UnknownCall`]; what is wrong with the path, the query or the body, by the shared errors.
    pub fn parse(method: &str, target: &str, body: &[u8]) -> Result<Self, Error> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let unknown = || Error::UnknownCall { method: method.to_owned(), path: path.to_owned() };
        match method {
            "GET" => Self::parse_get(target, path, query)?.ok_or_else(unknown),
            "POST" => Self::parse_post(path, body)?.ok_or_else(unknown),
            _ => Err(unknown()),
        }
    }

    fn parse_get(target: &str, path: &str, query: &str) -> Result<Option<Self>, Error> {
        let query = Query(form::parse(query.as_bytes())?);
        if let Some(number) = path.strip_prefix(OUT_TRADE_NO) {
            let out_trade_no = decoded("out_trade_no", number)?;
            out_trade_no_form(&out_trade_no)?;
            return Ok(Some(Self::QueryByOutTradeNo { mchid: query.text("mchid")?, out_trade_no }));
        }
        if let Some(number) = path.strip_prefix(TRANSACTION_ID) {
            let transaction_id = decoded("transaction_id", number)?;
            number_form("transaction_id", &transaction_id, 1..=32, "")?;
            return Ok(Some(Self::QueryByTransactionId { mchid: query.text("mchid")?, transaction_id }));
        }
        if let Some(number) = path.strip_prefix(REFUNDS).and_then(|rest| rest.strip_prefix('/')) {
            let out_refund_no = decoded("out_refund_no", number)?;
            out_refund_no_form(&out_refund_no)?;
            return Ok(Some(Self::QueryRefund { out_refund_no }));
        }
        if path.starts_with(DOWNLOAD) {
            return Ok(Some(Self::DownloadBill { target: target.to_owned() }));
        }
        Ok(match path {
            TRADE_BILL => match query.get("bill_type") {
                None | Some("ALL") => {
                    Some(Self::TradeBill { bill_date: query.text("bill_date")?.parse()?, packing: query.packing()? })
                }
                Some(_) => return Err(Shared::BadField { name: "bill_type" }.into()),
            },
            FUND_FLOW_BILL => Some(Self::FundFlowBill {
                bill_date: query.text("bill_date")?.parse()?,
                account: FundAccount::parse(query.get("account_type"))?,
                packing: query.packing()?,
            }),
            CERTIFICATES => Some(Self::Certificates),
            _ => None,
        })
    }

    fn parse_post(path: &str, body: &[u8]) -> Result<Option<Self>, Error> {
        if let Some(number) = path.strip_prefix(OUT_TRADE_NO).and_then(|rest| rest.strip_suffix(CLOSE)) {
            let out_trade_no = decoded("out_trade_no", number)?;
            out_trade_no_form(&out_trade_no)?;
            return Ok(Some(Self::Close { mchid: Reader::parse(body)?.text("mchid")?, out_trade_no }));
        }
        if path == REFUNDS {
            let refund = RefundRequest::parse(body)?;
            out_refund_no_form(&refund.out_refund_no)?;
            return Ok(Some(Self::Refund(refund)));
        }
        let prepay = Prepay::parse(path, body)?;
        if let Some(prepay) = &prepay {
            out_trade_no_form(&prepay.out_trade_no)?;
        }
        Ok(prepay.map(Self::Prepay))
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn text(&self, name: &'static str) -> Result<String, Error> {
        self.get(name).filter(|value| !value.is_empty()).map(str::to_owned).ok_or_else(|| missing(name))
    }

    fn packing(&self) -> Result<Packing, Error> {
        match self.get("tar_type") {
            None => Ok(Packing::Plain),
            Some("GZIP") => Ok(Packing::Gzip),
            Some(_) => Err(Shared::BadField { name: "tar_type" }.into()),
        }
    }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    form::encode_into(&mut out, text);
    out
}

/// A number in a path, decoded once.
fn decoded(name: &'static str, segment: &str) -> Result<String, Error> {
    // A form's reader does it, but for two characters that stand for themselves in a path, and in no number.
    if segment.contains(['&', '+']) {
        return Err(Shared::BadField { name }.into());
    }
    let pairs = form::parse(format!("x={segment}").as_bytes())?;
    Ok(pairs.into_iter().next().map(|(_, value)| value).unwrap_or_default())
}

/// 6 to 32 letters, digits, `_`, `-`, `*`.
fn out_trade_no_form(number: &str) -> Result<(), Error> {
    number_form("out_trade_no", number, 6..=32, "_-*")
}

/// 1 to 64 letters, digits, `_`, `-`, `|`, `*`, `@`.
fn out_refund_no_form(number: &str) -> Result<(), Error> {
    number_form("out_refund_no", number, 1..=64, "_-|*@")
}

fn number_form(
    name: &'static str,
    number: &str,
    length: std::ops::RangeInclusive<usize>,
    marks: &str,
) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || marks.contains(c);
    if length.contains(&number.len()) && number.chars().all(fits) {
        return Ok(());
    }
    Err(Shared::BadField { name }.into())
}
