//! The parameter list that requests and notifications consist of, and how it is signed.

use super::{Gateway, MerchantCertificates};
use crate::{
    Error, form,
    rsa::{PrivateKey, PublicKey},
    time::format_time,
};

/// An ordered list of parameters in which every name occurs once. Values are plain text, never percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params(Vec<(String, String)>);

/// The parameters that every request to the gateway has, apart from its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead<'a> {
    /// The application's number, given by the gateway.
    pub app_id: &'a str,
    /// What is asked for: one of [`super::method`].
    pub method: &'a str,
    /// When the request is made, unix seconds. The gateway refuses a large skew, so this is system time.
    pub timestamp_unix_s: i64,
    /// Where notifications about the trade shall be sent.
    pub notify_url: Option<&'a str>,
    /// Where the browser shall be sent after paying; for the cashier pages only.
    pub return_url: Option<&'a str>,
}

impl Params {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The parameters of a request, not yet signed: `biz_content` is the JSON text of what is asked.
    #[must_use]
    pub fn request(head: &RequestHead<'_>, biz_content: &str) -> Self {
        let timestamp = format_time(head.timestamp_unix_s);
        let mut params = Self::new();
        for (name, value) in [
            ("app_id", head.app_id),
            ("method", head.method),
            ("format", "JSON"),
            ("charset", "utf-8"),
            ("sign_type", "RSA2"),
            ("timestamp", timestamp.as_str()),
            ("version", "1.0"),
            ("notify_url", head.notify_url.unwrap_or_default()),
            ("return_url", head.return_url.unwrap_or_default()),
            ("biz_content", biz_content),
        ] {
            if !value.is_empty() {
                params.set(name, value);
            }
        }
        params
    }

    /// Names the merchant's certificates: certificate mode. Before signing, as both names are signed.
    pub fn name_certificates(&mut self, certificates: &MerchantCertificates) {
        self.set("app_cert_sn", &certificates.app_cert_sn);
        self.set("alipay_root_cert_sn", &certificates.alipay_root_cert_sn);
    }

    /// Reads a form body or a query string (without its `?`), decoding exactly once. Unknown names are kept.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::TooManyParams`], [`Error::BadEscape`], [`Error::NotUtf8`], [`Error::Duplicate`].
    pub fn parse(form: &[u8]) -> Result<Self, Error> {
        form::parse(form).map(Self)
    }

    /// Reads a request whose parameters are spread over query string and form body, as the gateway takes them.
    ///
    /// # Errors
    /// As [`Params::parse`]; [`Error::Duplicate`] also for a name that is in both.
    pub fn parse_request(query: &[u8], body: &[u8]) -> Result<Self, Error> {
        let mut params = Self::parse(query)?;
        for (name, value) in form::parse(body)? {
            if params.get(&name).is_some() {
                return Err(Error::Duplicate { name });
            }
            params.0.push((name, value));
        }
        Ok(params)
    }

    /// Sets `name` to `value`: in place if it is there, else at the end.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(pair) => value.clone_into(&mut pair.1),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// The value of `name`, possibly empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What a request's signature covers: all but `sign`, empty values dropped, sorted by name, `name=value` joined by
    /// `&`.
    #[must_use]
    pub fn sign_content(&self) -> String {
        self.joined(|name, value| name != "sign" && !value.is_empty())
    }

    /// What a notification's signature covers: all but `sign` and `sign_type`, sorted by name, `name=value` joined by
    /// `&`. Everything that was received counts, empty values too.
    #[must_use]
    pub fn notification_content(&self) -> String {
        self.joined(|name, _| name != "sign" && name != "sign_type")
    }

    fn joined(&self, keep: impl Fn(&str, &str) -> bool) -> String {
        let mut kept: Vec<_> = self.iter().filter(|(name, value)| keep(name, value)).collect();
        kept.sort_unstable();
        kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    /// Signs a request: sets `sign`. A second call signs anew.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn sign(&mut self, key: &PrivateKey) -> Result<(), Error> {
        let signature = key.sign(self.sign_content().as_bytes())?;
        self.set("sign", &signature);
        Ok(())
    }

    /// Signs a notification (or the parameters of a `return_url`): drops empty values, sets `sign_type` and `sign`.
    ///
    /// # Errors
    /// [`Error::Crypto`].
    pub fn sign_notification(&mut self, key: &PrivateKey) -> Result<(), Error> {
        self.0.retain(|(_, value)| !value.is_empty());
        let signature = key.sign(self.notification_content().as_bytes())?;
        self.set("sign_type", "RSA2");
        self.set("sign", &signature);
        Ok(())
    }

    /// Checks a request's signature, as the gateway does.
    ///
    /// # Errors
    /// [`Error::MissingSignature`], [`Error::SignType`], [`Error::BadSignature`].
    pub fn verify_request(&self, merchant: &PublicKey) -> Result<(), Error> {
        merchant.verify(self.sign_content().as_bytes(), self.signature()?)
    }

    /// Checks the signature of a notification or of the parameters of a `return_url`.
    ///
    /// # Errors
    /// [`Error::MissingSignature`], [`Error::SignType`], [`Error::BadSignature`]; in certificate mode
    /// [`Error::UnknownCertificate`].
    pub fn verify_notification<'a>(&self, gateway: impl Into<Gateway<'a>>) -> Result<(), Error> {
        let content = self.notification_content();
        gateway.into().verify(content.as_bytes(), self.signature()?, self.get("alipay_cert_sn"))
    }

    fn signature(&self) -> Result<&str, Error> {
        let signature = self.get("sign").filter(|sign| !sign.is_empty()).ok_or(Error::MissingSignature)?;
        match self.get("sign_type") {
            Some("RSA2") => Ok(signature),
            other => Err(Error::SignType { found: other.map(str::to_owned) }),
        }
    }

    /// The list as a form body. Empty values are left out, as they are not signed.
    #[must_use]
    pub fn to_form_body(&self) -> String {
        encode(self.iter())
    }

    /// The list as a query string, without `?`. Empty values are left out, as they are not signed.
    #[must_use]
    pub fn to_query(&self) -> String {
        encode(self.iter())
    }

    /// The list as query string and form body of a POST: `biz_content` travels in the body, the rest in the query, so
    /// that the gateway knows the charset before it reads the body.
    #[must_use]
    pub fn to_post(&self) -> (String, String) {
        let content = |name: &str| name == "biz_content";
        (encode(self.iter().filter(|(name, _)| !content(name))), encode(self.iter().filter(|(name, _)| content(name))))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    /// Later values of a name replace earlier ones.
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut params = Self::new();
        for (name, value) in pairs {
            params.set(&name.into(), &value.into());
        }
        params
    }
}

fn encode<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
        if !out.is_empty() {
            out.push('&');
        }
        form::encode_into(&mut out, name);
        out.push('=');
        form::encode_into(&mut out, value);
    }
    out
}

/// Reads and checks a request as the gateway does: parameters from the query string and the form body together.
///
/// # Errors
/// As [`Params::parse_request`] and [`Params::verify_request`].
pub fn verify_request(query: &[u8], body: &[u8], merchant: &PublicKey) -> Result<Params, Error> {
    let params = Params::parse_request(query, body)?;
    params.verify_request(merchant)?;
    Ok(params)
}

/// Reads and checks a form or query string that the gateway signed: a notification's body, or what it appended to a
/// `return_url`. The latter only says that the browser came back; whether money moved is told by a query.
///
/// # Errors
/// As [`Params::parse`] and [`Params::verify_notification`].
pub fn verify_signed_form<'a>(form: &[u8], gateway: impl Into<Gateway<'a>>) -> Result<Params, Error> {
    let params = Params::parse(form)?;
    params.verify_notification(gateway)?;
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> RequestHead<'static> {
        RequestHead {
            app_id: "2021000000000001",
            method: super::super::method::QUERY,
            timestamp_unix_s: 1_767_196_800,
            notify_url: Some("https://example.test/n?a=1"),
            return_url: None,
        }
    }

    #[test]
    fn content_is_sorted_and_without_empties_and_sign() {
        let mut params = Params::request(&head(), "{\"out_trade_no\":\"流 1\"}");
        params.set("sign", "x");
        params.set("app_auth_token", "");
        assert_eq!(
            params.sign_content(),
            "app_id=2021000000000001&biz_content={\"out_trade_no\":\"流 1\"}&charset=utf-8&format=JSON\
             &method=alipay.trade.query&notify_url=https://example.test/n?a=1&sign_type=RSA2\
             &timestamp=2026-01-01 00:00:00&version=1.0"
        );
        assert!(!params.notification_content().contains("sign_type"));
        assert!(params.notification_content().contains("app_auth_token=&"));
    }

    #[test]
    fn post_keeps_the_content_in_the_body_and_reads_back() {
        let params = Params::request(&head(), "{\"subject\":\"a&b=c+d %\"}");
        let (query, body) = params.to_post();
        assert!(query.starts_with("app_id=2021000000000001&method=alipay.trade.query&format=JSON&charset=utf-8&"));
        assert_eq!(body, "biz_content=%7B%22subject%22%3A%22a%26b%3Dc%2Bd%20%25%22%7D");
        let read = Params::parse_request(query.as_bytes(), body.as_bytes()).unwrap();
        assert_eq!(read.sign_content(), params.sign_content());
        assert_eq!(Params::parse(params.to_form_body().as_bytes()).unwrap(), params);
    }

    #[test]
    fn a_name_in_query_and_body_is_refused() {
        assert_eq!(Params::parse_request(b"a=1&b=2", b"b=2"), Err(Error::Duplicate { name: "b".into() }));
    }

    #[test]
    fn refusals_have_names() {
        let key = PrivateKey::generate().unwrap();
        let public = key.public_key().unwrap();
        let mut params = Params::request(&head(), "{}");
        assert_eq!(params.verify_request(&public), Err(Error::MissingSignature));
        params.set("sign", "");
        assert_eq!(params.verify_request(&public), Err(Error::MissingSignature));
        params.sign(&key).unwrap();
        assert_eq!(params.verify_request(&public), Ok(()));
        params.set("app_id", "2021000000000002");
        assert_eq!(params.verify_request(&public), Err(Error::BadSignature));
        params.set("sign_type", "RSA");
        params.sign(&key).unwrap();
        assert_eq!(params.verify_request(&public), Err(Error::SignType { found: Some("RSA".into()) }));
        params.remove("sign_type");
        params.sign(&key).unwrap();
        assert_eq!(params.verify_request(&public), Err(Error::SignType { found: None }));
    }
}
