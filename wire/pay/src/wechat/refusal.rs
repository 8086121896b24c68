//! Responses: what the gateway answered, and what a refusal means.

use super::{
    Error, PlatformKeys, Signature, header,
    json::{Reader, Writer},
};

/// A verified response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply<T> {
    /// Status 200 or 204: accepted. What that means is in the content.
    Done(T),
    /// Any other status.
    Refused(Refusal),
}

/// An answer whose status is not 200 or 204. Its texts are the gateway's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `code`, such as `ORDER_NOT_EXIST`; empty if the body is no refusal of the API.
    pub code: String,
    /// `message`, a sentence in Chinese; empty if there is none.
    pub message: String,
}

/// What a refusal means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// The gateway's own trouble: whether the request was carried out is **unknown**. Query, or repeat it as it was,
    /// under the same number.
    Unknown,
    /// Surely refused, nothing happened: key, merchant, parameter, permission, risk control or a rule of the business.
    /// Repeating it as it is does not help.
    Refused,
    /// Too many requests: nothing happened; repeat it later, as it was.
    FrequencyLimited,
    /// There is no such trade or refund. Of a trade that was asked for, this is no proof that it cannot be paid later.
    NotExist,
    /// The trade is already paid. An answer to a close: take the trade for paid and query it.
    AlreadyPaid,
    /// The trade is closed or revoked.
    Closed,
    /// The payer is just typing a password: the trade may be paid any moment. Query it.
    UserPaying,
    /// This number was used for a trade with other content.
    NumberUsed,
    /// The merchant's account cannot cover the refund now; nothing happened.
    MerchantBalance,
    /// The bill is not made yet. It is from 10:00 of the next day.
    BillNotReady,
    /// There is no bill: nothing was paid or refunded that day.
    NoBill,
    /// Another code with a status that says the request was at fault; see `code`.
    Other,
}

impl Refusal {
    /// Reads the body of a refusal. One that is no refusal of the API (a page of a proxy, say) leaves `code` empty.
    #[must_use]
    pub fn parse(status: u16, body: &[u8]) -> Self {
        let read = Reader::parse(body).ok();
        let text =
            |name| read.as_ref().and_then(|reader| reader.optional_text(name).ok().flatten()).unwrap_or_default();
        Self { status, code: text("code"), message: text("message") }
    }

    /// The body of the refusal, as the gateway writes it.
    #[must_use]
    pub fn to_json(&self) -> String {
        Writer::new().text("code", &self.code).text("message", &self.message).end()
    }

    /// What the refusal means. Codes decide where they are known: they come with different statuses, and with and
    /// without underscores, depending on the call.
    #[must_use]
    pub fn kind(&self) -> RefusalKind {
        match self.code.replace('_', "").as_str() {
            "SYSTEMERROR" | "BANKERROR" => RefusalKind::Unknown,
            "PARAMERROR"
            | "INVALIDREQUEST"
            | "SIGNERROR"
            | "NOAUTH"
            | "APPIDMCHIDNOTMATCH"
            | "MCHNOTEXISTS"
            | "OPENIDMISMATCH"
            | "RULELIMIT"
            | "ACCOUNTERROR"
            | "TRADEERROR"
            | "REQUESTBLOCKED"
            | "USERACCOUNTABNORMAL"
            | "INVALIDTRANSACTIONID" => RefusalKind::Refused,
            "FREQUENCYLIMITED" | "FREQUENCYLIMITEXCEED" | "RATELIMITEXCEED" | "RATELIMITEXCEEDED" | "RATELIMITED" => {
                RefusalKind::FrequencyLimited
            }
            "ORDERNOTEXIST" | "RESOURCENOTEXISTS" => RefusalKind::NotExist,
            "ORDERPAID" => RefusalKind::AlreadyPaid,
            "ORDERCLOSED" => RefusalKind::Closed,
            "USERPAYING" => RefusalKind::UserPaying,
            "OUTTRADENOUSED" => RefusalKind::NumberUsed,
            "NOTENOUGH" => RefusalKind::MerchantBalance,
            "STATEMENTCREATING" => RefusalKind::BillNotReady,
            "NOSTATEMENTEXIST" => RefusalKind::NoBill,
            _ => match self.status {
                429 => RefusalKind::FrequencyLimited,
                400..=499 => RefusalKind::Other,
                _ => RefusalKind::Unknown,
            },
        }
    }
}

/// Checks a response of the API (other than the download of a bill, which is not signed) and tells an answer from a
/// refusal. `Done` holds the body to be read by the type that belongs to the call.
///
/// # Errors
/// As [`Signature::read`] and [`PlatformKeys::verify`]; [`Error::Unsigned`] for a refusal that is not signed.
pub fn verify_response<'a, 'h>(
    status: u16,
    headers: impl IntoIterator<Item = (&'h str, &'h str)>,
    body: &'a [u8],
    keys: &PlatformKeys,
    now_unix_s: i64,
) -> Result<Reply<&'a [u8]>, Error> {
    let done = matches!(status, 200 | 204);
    match Signature::read(headers) {
        Err(Error::MissingHeader { name: header::TIMESTAMP }) if !done => {
            Err(Error::Unsigned(Refusal::parse(status, body)))
        }
        Err(error) => Err(error),
        Ok(signature) => {
            keys.verify(&signature, body, now_unix_s)?;
            Ok(if done { Reply::Done(body) } else { Reply::Refused(Refusal::parse(status, body)) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error as Shared, rsa::PrivateKey, wechat::PlatformSigner};

    const NOW: i64 = 1_772_327_107;

    fn refusal(status: u16, code: &str) -> Refusal {
        Refusal { status, code: code.into(), message: "原因".into() }
    }

    #[test]
    fn refusals_mean_what_they_say() {
        for (status, code, kind) in [
            (500, "SYSTEM_ERROR", RefusalKind::Unknown),
            (500, "SYSTEMERROR", RefusalKind::Unknown),
            (500, "BANK_ERROR", RefusalKind::Unknown),
            (502, "", RefusalKind::Unknown),
            (503, "SERVICE_UNAVAILABLE", RefusalKind::Unknown),
            (202, "", RefusalKind::Unknown),
            (302, "", RefusalKind::Unknown),
            (400, "PARAM_ERROR", RefusalKind::Refused),
            (400, "INVALID_REQUEST", RefusalKind::Refused),
            (401, "SIGN_ERROR", RefusalKind::Refused),
            (403, "NO_AUTH", RefusalKind::Refused),
            (403, "NOAUTH", RefusalKind::Refused),
            (403, "RULELIMIT", RefusalKind::Refused),
            (403, "TRADE_ERROR", RefusalKind::Refused),
            (403, "USER_ACCOUNT_ABNORMAL", RefusalKind::Refused),
            (400, "APPID_MCHID_NOT_MATCH", RefusalKind::Refused),
            (404, "MCH_NOT_EXISTS", RefusalKind::Refused),
            (500, "OPENID_MISMATCH", RefusalKind::Refused),
            (429, "FREQUENCY_LIMITED", RefusalKind::FrequencyLimited),
            (429, "RATELIMIT_EXCEEDED", RefusalKind::FrequencyLimited),
            (403, "FREQUENCY_LIMIT_EXCEED", RefusalKind::FrequencyLimited),
            (429, "", RefusalKind::FrequencyLimited),
            (404, "ORDER_NOT_EXIST", RefusalKind::NotExist),
            (404, "ORDERNOTEXIST", RefusalKind::NotExist),
            (404, "RESOURCE_NOT_EXISTS", RefusalKind::NotExist),
            (400, "ORDERPAID", RefusalKind::AlreadyPaid),
            (400, "ORDER_PAID", RefusalKind::AlreadyPaid),
            (400, "ORDER_CLOSED", RefusalKind::Closed),
            (202, "USERPAYING", RefusalKind::UserPaying),
            (403, "OUT_TRADE_NO_USED", RefusalKind::NumberUsed),
            (403, "NOT_ENOUGH", RefusalKind::MerchantBalance),
            (403, "NOTENOUGH", RefusalKind::MerchantBalance),
            (400, "STATEMENT_CREATING", RefusalKind::BillNotReady),
            (400, "NO_STATEMENT_EXIST", RefusalKind::NoBill),
            (403, "SOMETHING_NEW", RefusalKind::Other),
            (404, "", RefusalKind::Other),
            (500, "SOMETHING_NEW", RefusalKind::Unknown),
        ] {
            assert_eq!(refusal(status, code).kind(), kind, "{status} {code}");
        }
    }

    #[test]
    fn bodies_read_back_and_foreign_ones_leave_the_code_empty() {
        let refused = refusal(404, "ORDER_NOT_EXIST");
        assert_eq!(refused.to_json(), r#"{"code":"ORDER_NOT_EXIST","message":"原因"}"#);
        assert_eq!(Refusal::parse(404, refused.to_json().as_bytes()), refused);
        let detailed = br#"{"code":"PARAM_ERROR","message":"x","detail":{"field":"/amount","value":null}}"#;
        assert_eq!(Refusal::parse(400, detailed).code, "PARAM_ERROR");
        for body in [&b""[..], b"<html>", b"\xff", b"{\"code\":1}", b"{\"code\":\"X\"}y"] {
            let expected = Refusal { status: 502, code: String::new(), message: String::new() };
            assert_eq!(Refusal::parse(502, body), expected);
        }
    }

    #[test]
    fn an_unsigned_answer_is_never_taken_for_a_signed_one() {
        let key = PrivateKey::generate().unwrap();
        let mut keys = PlatformKeys::new();
        keys.add_public_key("PUB_KEY_ID_1", key.public_key().unwrap()).unwrap();
        let signer = PlatformSigner::new("PUB_KEY_ID_1", key).unwrap();
        let body = refusal(400, "ORDERPAID").to_json();
        let signed = signer.sign(body.as_bytes(), NOW, "n").unwrap();
        let open = |status, headers: &[(&'static str, &str)], body: &str| {
            verify_response(status, headers.iter().copied(), body.as_bytes(), &keys, NOW).map(|reply| match reply {
                Reply::Done(body) => Reply::Done(body.to_vec()),
                Reply::Refused(refusal) => Reply::Refused(refusal),
            })
        };
        assert_eq!(open(400, &signed.headers(), &body), Ok(Reply::Refused(refusal(400, "ORDERPAID"))));
        assert_eq!(open(200, &signed.headers(), &body), Ok(Reply::Done(body.clone().into_bytes())));
        // Accepted, but not done.
        assert_eq!(open(202, &signed.headers(), &body), Ok(Reply::Refused(refusal(202, "ORDERPAID"))));
        assert_eq!(open(400, &[], &body), Err(Error::Unsigned(refusal(400, "ORDERPAID"))));
        assert_eq!(open(200, &[], &body), Err(Error::MissingHeader { name: header::TIMESTAMP }));
        assert_eq!(open(204, &[], ""), Err(Error::MissingHeader { name: header::TIMESTAMP }));
        assert_eq!(open(400, &signed.headers(), "{}"), Err(Shared::BadSignature.into()));
        assert_eq!(open(400, &signed.headers()[..1], &body), Err(Error::MissingHeader { name: header::NONCE }));
        let empty = signer.sign(b"", NOW, "n").unwrap();
        assert_eq!(open(204, &empty.headers(), ""), Ok(Reply::Done(Vec::new())));
    }
}
