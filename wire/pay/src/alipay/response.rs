//! Responses of the gateway: finding and checking the signed part, and what refusals mean.

use super::Gateway;
use crate::{
    Error, UnsignedRefusal,
    json::{self, Fields},
    rsa::PrivateKey,
};

/// The `code` of an answer that was carried out (which for a refund or its query does not yet mean that money moved).
pub const CODE_OK: &str = "10000";

const ERROR_RESPONSE: &str = "error_response";

/// The name of the member that answers `method`: `alipay.trade.query` is answered by `alipay_trade_query_response`.
#[must_use]
pub fn response_name(method: &str) -> String {
    format!("{}_response", method.replace('.', "_"))
}

/// Checks the response to `method` and returns its signed part: the exact text of `<method>_response` or, if the
/// gateway refused before it looked at the method, of `error_response`. Read it with a type of this module or with
/// [`Refusal`].
///
/// # Errors
/// [`Error::NotUtf8`], [`Error::TooLarge`], [`Error::TooDeep`], [`Error::Json`] (trailing bytes included),
/// [`Error::Duplicate`]; [`Error::NoResponse`] if it answers something else; [`Error::BadSignature`];
/// [`Error::Unsigned`] for a refusal that carries no signature; [`Error::MissingSignature`] for anything else
/// without one; in certificate mode [`Error::UnknownCertificate`].
pub fn verify_response<'a, 'k>(
    body: &'a [u8],
    method: &str,
    gateway: impl Into<Gateway<'k>>,
) -> Result<&'a str, Error> {
    let text = std::str::from_utf8(body).map_err(|_| Error::NotUtf8)?;
    let members = json::members(text)?;
    let find = |name: &str| members.iter().find(|member| member.name == name).map(|member| member.raw);
    let expected = response_name(method);
    let Some(raw) = find(&expected).or_else(|| find(ERROR_RESPONSE)) else {
        return Err(Error::NoResponse { expected });
    };
    match find("sign") {
        None => Err(unsigned(raw)),
        // A base64 text may be written with `\/`; that is the only escape it can need.
        Some(sign) => {
            let sign = sign.replace("\\/", "/");
            let sign = json::plain_string(&sign).filter(|sign| !sign.is_empty()).ok_or(Error::MissingSignature)?;
            // Which certificate is meant is not signed: it only chooses among keys that are trusted anyway. An empty name
            // is one that is not known.
            let cert_sn = find("alipay_cert_sn").map(|sn| json::plain_string(sn).unwrap_or_default());
            gateway.into().verify(raw.as_bytes(), sign, cert_sn).map(|()| raw)
        }
    }
}

fn unsigned(raw: &str) -> Error {
    match Refusal::parse(raw) {
        Ok(Some(refusal)) => Error::Unsigned(UnsignedRefusal {
            message: if refusal.sub_msg.is_empty() { refusal.msg } else { refusal.sub_msg },
            code: refusal.code,
            sub_code: refusal.sub_code,
        }),
        _ => Error::MissingSignature,
    }
}

/// The body of a response to `method` around `value`, a JSON object, signed. For stand-ins of the gateway.
///
/// # Errors
/// [`Error::Crypto`].
pub fn sign_response(method: &str, value: &str, gateway: &PrivateKey) -> Result<String, Error> {
    let sign = gateway.sign(value.as_bytes())?;
    Ok(format!("{{\"{}\":{value},\"sign\":\"{sign}\"}}", response_name(method)))
}

/// As [`sign_response`], naming the gateway's certificate that holds the key. For stand-ins of the gateway.
///
/// # Errors
/// [`Error::Crypto`].
pub fn sign_response_with_certificate(
    method: &str,
    value: &str,
    gateway: &PrivateKey,
    alipay_cert_sn: &str,
) -> Result<String, Error> {
    let sign = gateway.sign(value.as_bytes())?;
    Ok(format!("{{\"{}\":{value},\"alipay_cert_sn\":\"{alipay_cert_sn}\",\"sign\":\"{sign}\"}}", response_name(method)))
}

/// The body of a refusal that belongs to no method, signed. For stand-ins of the gateway.
///
/// # Errors
/// [`Error::Crypto`].
pub fn sign_error_response(value: &str, gateway: &PrivateKey) -> Result<String, Error> {
    let sign = gateway.sign(value.as_bytes())?;
    Ok(format!("{{\"{ERROR_RESPONSE}\":{value},\"sign\":\"{sign}\"}}"))
}

/// The body of a refusal without a signature, as the gateway sends when it cannot tell whom it talks to.
#[must_use]
pub fn unsigned_error_response(value: &str) -> String {
    format!("{{\"{ERROR_RESPONSE}\":{value}}}")
}

/// The body of a response to `method` around `value` without a signature, as the gateway sends when it knows the method
/// but not the application.
#[must_use]
pub fn unsigned_response(method: &str, value: &str) -> String {
    format!("{{\"{}\":{value}}}", response_name(method))
}

/// A verified answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// Code 10000: carried out.
    Done(T),
    /// Any other code.
    Refused(Refusal),
}

/// An answer whose code is not 10000. All its texts are the gateway's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `code`, such as `40004`.
    pub code: String,
    /// `msg`, such as `Business Failed`.
    pub msg: String,
    /// `sub_code`, such as `ACQ.TRADE_NOT_EXIST`; empty if there is none.
    pub sub_code: String,
    /// `sub_msg`, a sentence in Chinese; empty if there is none.
    pub sub_msg: String,
}

/// What a refusal means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The gateway's own trouble: whether the request was carried out is **unknown**. Query, never assume.
    Unknown,
    /// There is no such trade. After a precreate this is normal until the payer scans, and the QR code still works.
    TradeNotExist,
    /// The trade is already paid.
    AlreadyPaid,
    /// The trade is closed.
    TradeClosed,
    /// The trade's state does not allow this: for a close, it may have been paid or finished. Query it.
    TradeStatus,
    /// This number was used for a trade with other content.
    ContentMismatch,
    /// More than what was paid is asked back.
    RefundTooLarge,
    /// There is no bill of that day, or not yet.
    BillNotExist,
    /// The merchant's account cannot cover the refund now.
    MerchantBalance,
    /// The request itself is wrong: key, application, method, parameter or permission. Trying again does not help.
    Request,
    /// Another business reason; see `sub_code`.
    Other,
}

impl Refusal {
    /// Reads an answer: `None` if its code is 10000.
    ///
    /// # Errors
    /// [`Error::Json`], [`Error::MissingField`] without a `code`, [`Error::BadField`].
    pub fn parse(raw: &str) -> Result<Option<Self>, Error> {
        let fields = Fields::parse(raw)?;
        let code = fields.required("code")?;
        if code == CODE_OK {
            return Ok(None);
        }
        let optional = |name| fields.optional(name).map(Option::unwrap_or_default);
        Ok(Some(Self { code, msg: optional("msg")?, sub_code: optional("sub_code")?, sub_msg: optional("sub_msg")? }))
    }

    /// What the refusal means.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        // Some answers prefix the business code by the layer that relayed it.
        match self.sub_code.strip_prefix("aop.").unwrap_or(&self.sub_code) {
            "ACQ.SYSTEM_ERROR" | "SYSTEM_ERROR" | "isp.unknow-error" | "unknow-error" => RefusalKind::Unknown,
            "ACQ.TRADE_NOT_EXIST" => RefusalKind::TradeNotExist,
            "ACQ.TRADE_HAS_SUCCESS" | "ACQ.TRADE_HAS_FINISHED" => RefusalKind::AlreadyPaid,
            "ACQ.TRADE_HAS_CLOSE" | "ACQ.TRADE_CLOSED" => RefusalKind::TradeClosed,
            "ACQ.TRADE_STATUS_ERROR" | "ACQ.REASON_TRADE_STATUS_INVALID" | "ACQ.TRADE_NOT_ALLOW_REFUND" => {
                RefusalKind::TradeStatus
            }
            "ACQ.CONTEXT_INCONSISTENT" | "ACQ.DISCORDANT_REPEAT_REQUEST" => RefusalKind::ContentMismatch,
            "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" => RefusalKind::RefundTooLarge,
            "ACQ.SELLER_BALANCE_NOT_ENOUGH" => RefusalKind::MerchantBalance,
            // Documented without the prefix, sent with one.
            other if other.rsplit('.').next().is_some_and(|name| name.eq_ignore_ascii_case("BILL_NOT_EXIST")) => {
                RefusalKind::BillNotExist
            }
            _ => match self.code.as_str() {
                "20000" => RefusalKind::Unknown,
                "20001" | "40001" | "40002" | "40003" | "40006" => RefusalKind::Request,
                _ => RefusalKind::Other,
            },
        }
    }
}

/// Reads `raw` as an answer: a refusal, or what `done` makes of the fields.
pub(super) fn reply<T>(raw: &str, done: impl FnOnce(&Fields) -> Result<T, Error>) -> Result<Reply<T>, Error> {
    match Refusal::parse(raw)? {
        Some(refusal) => Ok(Reply::Refused(refusal)),
        None => done(&Fields::parse(raw)?).map(Reply::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: &str, sub_code: &str) -> Refusal {
        Refusal { code: code.into(), msg: String::new(), sub_code: sub_code.into(), sub_msg: String::new() }
    }

    #[test]
    fn refusals_mean_what_they_say() {
        for (code, sub_code, kind) in [
            ("20000", "isp.unknow-error", RefusalKind::Unknown),
            ("20000", "", RefusalKind::Unknown),
            ("40004", "ACQ.SYSTEM_ERROR", RefusalKind::Unknown),
            ("20000", "aop.ACQ.SYSTEM_ERROR", RefusalKind::Unknown),
            ("40004", "ACQ.TRADE_NOT_EXIST", RefusalKind::TradeNotExist),
            ("40004", "ACQ.TRADE_HAS_SUCCESS", RefusalKind::AlreadyPaid),
            ("40004", "ACQ.TRADE_HAS_CLOSE", RefusalKind::TradeClosed),
            ("40004", "ACQ.TRADE_STATUS_ERROR", RefusalKind::TradeStatus),
            ("40004", "ACQ.CONTEXT_INCONSISTENT", RefusalKind::ContentMismatch),
            ("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", RefusalKind::ContentMismatch),
            ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", RefusalKind::RefundTooLarge),
            ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", RefusalKind::MerchantBalance),
            ("40002", "isv.invalid-signature", RefusalKind::Request),
            ("40006", "isv.insufficient-isv-permissions", RefusalKind::Request),
            ("40004", "BILL_NOT_EXIST", RefusalKind::BillNotExist),
            ("40004", "isp.bill_not_exist", RefusalKind::BillNotExist),
            ("40004", "ACQ.SOMETHING_NEW", RefusalKind::Other),
            ("99999", "", RefusalKind::Other),
        ] {
            assert_eq!(refusal(code, sub_code).kind(), kind, "{code} {sub_code}");
        }
    }

    #[test]
    fn success_is_no_refusal() {
        assert_eq!(Refusal::parse("{\"code\":\"10000\",\"msg\":\"Success\"}"), Ok(None));
        assert_eq!(Refusal::parse("{\"msg\":\"Success\"}"), Err(Error::MissingField { name: "code" }));
        assert_eq!(Refusal::parse("{\"code\":10000}"), Err(Error::BadField { name: "code" }));
        assert_eq!(Refusal::parse("[]"), Err(Error::Json { at: 0 }));
    }

    #[test]
    fn an_unsigned_answer_is_never_taken_for_a_signed_one() {
        let key = PrivateKey::generate().unwrap().public_key().unwrap();
        let open = |body: &str| verify_response(body.as_bytes(), "alipay.trade.query", &key).map(str::to_owned);
        let refused = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id","sub_msg":"x"}"#;
        let expected = Error::Unsigned(UnsignedRefusal {
            code: "40002".into(),
            sub_code: "isv.invalid-app-id".into(),
            message: "x".into(),
        });
        assert_eq!(open(&unsigned_error_response(refused)), Err(expected.clone()));
        assert_eq!(open(&unsigned_response("alipay.trade.query", refused)), Err(expected));
        for body in [
            r#"{"alipay_trade_query_response":{"code":"10000"}}"#,
            r#"{"alipay_trade_query_response":{"code":"10000"},"sign":""}"#,
            r#"{"alipay_trade_query_response":{"code":"10000"},"sign":null}"#,
            r#"{"alipay_trade_query_response":"text"}"#,
        ] {
            assert_eq!(open(body), Err(Error::MissingSignature), "{body}");
        }
        assert_eq!(
            open(r#"{"alipay_trade_close_response":{"code":"10000"},"sign":"x"}"#),
            Err(Error::NoResponse { expected: "alipay_trade_query_response".into() })
        );
    }
}
