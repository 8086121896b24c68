//! Alibaba Cloud SMS (API version 2017-05-25): its signature (V3, `ACS3-HMAC-SHA256`), its answers, and the reports it posts.

use aws_lc_rs::{digest, hmac};
use serde_json::Value;

/// The longest answer or batch of reports that is read.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Most reports of one batch; the service sends at most 100.
pub const REPORTS_MAX: usize = 1_000;
/// The version of the API.
pub const VERSION: &str = "2017-05-25";

/// An access key.
#[derive(Clone)]
pub struct AccessKey {
    /// Its public part.
    pub id: String,
    /// Its secret part.
    pub secret: String,
}

/// One call, before it is signed. Its parameters stand in the address, its body is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<'a> {
    /// The host that is called, with its port if it is not the usual one.
    pub host: &'a str,
    /// What is asked.
    pub action: &'a str,
    /// With what.
    pub parameters: &'a [(&'a str, &'a str)],
    /// When, `2026-11-29T12:00:00Z`.
    pub date: &'a str,
    /// Never the same twice.
    pub nonce: &'a str,
}

/// A signed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What follows `?` in the address.
    pub query: String,
    /// Its headers besides the host.
    pub headers: Vec<(&'static str, String)>,
}

/// Signs a call to `POST /`.
#[must_use]
pub fn sign(call: &Call<'_>, key: &AccessKey) -> Signed {
    let mut parameters: Vec<String> =
        call.parameters.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    parameters.sort();
    let query = parameters.join("&");
    let body_hash = hex(digest::digest(&digest::SHA256, b"").as_ref());
    // In the order of their names.
    let headers = [
        ("host", call.host),
        ("x-acs-action", call.action),
        ("x-acs-content-sha256", &body_hash),
        ("x-acs-date", call.date),
        ("x-acs-signature-nonce", call.nonce),
        ("x-acs-version", VERSION),
    ];
    let canonical: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let names = headers.map(|(name, _)| name).join(";");
    let request = format!("POST\n/\n{query}\n{canonical}\n{names}\n{body_hash}");
    let text = format!("ACS3-HMAC-SHA256\n{}", hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref()));
    let secret = hmac::Key::new(hmac::HMAC_SHA256, key.secret.as_bytes());
    let signature = hex(hmac::sign(&secret, text.as_bytes()).as_ref());
    let authorization = format!("ACS3-HMAC-SHA256 Credential={},SignedHeaders={names},Signature={signature}", key.id);
    let mut headers: Vec<(&'static str, String)> =
        headers.into_iter().skip(1).map(|(name, value)| (name, value.to_owned())).collect();
    headers.push(("authorization", authorization));
    Signed { query, headers }
}

/// Everything but letters, digits, `-`, `_`, `.` and `~` as `%XX` (RFC 3986 §2.3).
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Text that is none of the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an answer or report of Alibaba Cloud SMS")]
pub struct Unreadable;

fn json(body: &[u8]) -> Result<Value, Unreadable> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Unreadable);
    }
    serde_json::from_slice(body).map_err(|_| Unreadable)
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

/// What an answer's code means for the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Taken.
    Accepted,
    /// Not taken, because of something that passes: a limit, or our account.
    NotYet,
    /// Not taken, and never will be.
    Refused,
    /// Not known.
    Unknown,
}

/// The code of an answer, `OK` if all is well.
///
/// # Errors
/// [`Unreadable`].
pub fn code(body: &[u8]) -> Result<String, Unreadable> {
    Ok(text(&json(body)?, "Code").ok_or(Unreadable)?.to_owned())
}

/// What a code means. The table of them is in the service's documentation, "API error codes".
#[must_use]
pub fn outcome(code: &str) -> Outcome {
    match code {
        "OK" => Outcome::Accepted,
        // Too many to one number, or too many at all: minutes, hours or a day later there is room again.
        "isv.BUSINESS_LIMIT_CONTROL" | "isv.DAY_LIMIT_CONTROL" | "isv.MONTH_LIMIT_CONTROL" | "isp.GATEWAY_LIMIT"
        // Our account, which its owner can mend.
        | "isv.AMOUNT_NOT_ENOUGH" | "isv.OUT_OF_SERVICE" | "isv.PRODUCT_UN_SUBSCRIPT" | "isv.PRODUCT_UNSUBSCRIBE"
        | "isv.ACCOUNT_NOT_EXISTS" | "isv.ACCOUNT_ABNORMAL" | "isp.RAM_PERMISSION_DENY" | "isv.DENY_IP_RANGE"
        | "SignatureDoesNotMatch" | "SignatureNonceUsed" | "IncompleteSignature" | "InvalidTimeStamp.Expired"
        | "NoPermission" | "Forbidden.RAM" => Outcome::NotYet,
        code if code.starts_with("Throttling") || code.starts_with("InvalidAccessKeyId") => Outcome::NotYet,
        code if code.starts_with("isv.") => Outcome::Refused,
        _ => Outcome::Unknown,
    }
}

/// How far a message is, as the service tells when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Our number for it.
    pub out_id: String,
    /// Whether it arrived; `None` while nobody knows.
    pub arrived: Option<bool>,
    /// The operator's code.
    pub code: Option<String>,
}

/// Reads the answer to `QuerySendDetails`.
///
/// # Errors
/// [`Unreadable`], also for an answer with another code than `OK`.
pub fn details(body: &[u8]) -> Result<Vec<Detail>, Unreadable> {
    let answer = json(body)?;
    if text(&answer, "Code") != Some("OK") {
        return Err(Unreadable);
    }
    let list = answer.pointer("/SmsSendDetailDTOs/SmsSendDetailDTO").and_then(Value::as_array).ok_or(Unreadable)?;
    let detail = |entry: &Value| {
        let arrived = match entry.get("SendStatus").and_then(Value::as_i64) {
            Some(2) => Some(false),
            Some(3) => Some(true),
            _ => None,
        };
        let out_id = text(entry, "OutId").unwrap_or_default().to_owned();
        Detail { out_id, arrived, code: text(entry, "ErrCode").map(str::to_owned) }
    };
    Ok(list.iter().take(REPORTS_MAX).map(detail).collect())
}

/// A report that the service posts (`SmsReport`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Our number for the message.
    pub out_id: String,
    /// Whether it arrived.
    pub arrived: bool,
    /// The operator's code.
    pub code: Option<String>,
}

/// Reads a batch of reports. One without our number is not about a message of ours, and is left out.
///
/// # Errors
/// [`Unreadable`], also for more than [`REPORTS_MAX`].
pub fn reports(body: &[u8]) -> Result<Vec<Report>, Unreadable> {
    let batch = json(body)?;
    let entries = batch.as_array().filter(|entries| entries.len() <= REPORTS_MAX).ok_or(Unreadable)?;
    let mut reports = Vec::new();
    for entry in entries {
        let arrived = entry.get("success").and_then(Value::as_bool).ok_or(Unreadable)?;
        let code = text(entry, "err_code").map(str::to_owned);
        if let Some(out_id) = text(entry, "out_id").filter(|id| !id.is_empty()) {
            reports.push(Report { out_id: out_id.to_owned(), arrived, code });
        }
    }
    Ok(reports)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_the_documentation() {
        for (code, expected) in [
            ("OK", Outcome::Accepted),
            ("isv.BUSINESS_LIMIT_CONTROL", Outcome::NotYet),
            ("isv.AMOUNT_NOT_ENOUGH", Outcome::NotYet),
            ("Throttling.User", Outcome::NotYet),
            ("InvalidAccessKeyId.NotFound", Outcome::NotYet),
            ("isv.MOBILE_NUMBER_ILLEGAL", Outcome::Refused),
            ("isv.TEMPLATE_MISSING_PARAMETERS", Outcome::Refused),
            ("isv.BLACK_KEY_CONTROL_LIMIT", Outcome::Refused),
            ("isp.SYSTEM_ERROR", Outcome::Unknown),
            ("", Outcome::Unknown),
        ] {
            assert_eq!(outcome(code), expected, "{code}");
        }
        assert_eq!(
            code(br#"{"Message":"OK","RequestId":"F6","Code":"OK","BizId":"900619746936498440^0"}"#).unwrap(),
            "OK"
        );
        assert_eq!(code(br#"{"Message":"OK"}"#), Err(Unreadable));
    }

    /// As the documentation of the HTTP report shows it.
    #[test]
    fn reports_as_they_are_posted() {
        let body =
            br#"[{"phone_number":"13900000001","send_time":"2017-01-01 11:12:13","report_time":"2017-02-02 22:23:24",
            "success":true,"err_code":"DELIVERED","err_msg":"x","sms_size":"1","biz_id":"12345","out_id":"67890"},
            {"success":false,"err_code":"MK:0001","out_id":"1"},{"success":true}]"#;
        let read = reports(body).unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!(read[0], Report { out_id: "67890".to_owned(), arrived: true, code: Some("DELIVERED".to_owned()) });
        assert_eq!(read[1].code.as_deref(), Some("MK:0001"));
        for bad in ["", "{}", "[1]", r#"[{"success":"true","out_id":"1"}]"#] {
            assert_eq!(reports(bad.as_bytes()), Err(Unreadable), "{bad}");
        }
    }

    #[test]
    fn details_as_they_are_answered() {
        let body = br#"{"TotalCount":1,"Message":"OK","RequestId":"8","Code":"OK","SmsSendDetailDTOs":{"SmsSendDetailDTO":[
            {"ErrCode":"DELIVERED","OutId":"a","SendStatus":3},{"OutId":"b","SendStatus":1},{"SendStatus":2,"OutId":"c"}]}}"#;
        let arrived: Vec<_> =
            details(body).unwrap().into_iter().map(|detail| (detail.out_id, detail.arrived)).collect();
        let of = |id: &str, arrived| (id.to_owned(), arrived);
        assert_eq!(arrived, [of("a", Some(true)), of("b", None), of("c", Some(false))]);
        assert_eq!(details(br#"{"Code":"isp.SYSTEM_ERROR"}"#), Err(Unreadable));
    }

    proptest! {
        #[test]
        fn strangers_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = (code(&body), details(&body), reports(&body));
        }
    }
}
