//! Who the person in WeChat's own browser is, as one application knows them (an official account's web authorization).
//!
//! The browser is sent to WeChat ([`Authorize`]) and comes back with a code, which is exchanged for the openid
//! ([`CodeExchange`], [`CodeAnswer`]). With the scope `snsapi_base` nobody is asked anything. Nothing of this is signed: what
//! protects it is TLS, the application's secret, and the state that the application compares with its browser's.

use super::{
    Error,
    json::{Reader, Writer, bad, missing},
};
use crate::form;
use std::fmt;

const AUTHORIZE: &str = "/connect/oauth2/authorize";
const EXCHANGE: &str = "/sns/oauth2/access_token";
/// The scope that tells the openid and nothing else.
const SCOPE: &str = "snsapi_base";
/// The longest state that WeChat carries.
pub const STATE_BYTES_MAX: usize = 128;
/// The longest openid there can be.
pub const OPENID_BYTES_MAX: usize = 128;
/// How long a code can be exchanged, in seconds; and only once.
pub const CODE_LIFE_S: i64 = 300;

/// Whether `text` can be an openid: letters, digits, `-` and `_`.
#[must_use]
pub fn is_openid(text: &str) -> bool {
    (1..=OPENID_BYTES_MAX).contains(&text.len()) && text.bytes().all(word_byte)
}

fn word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Where WeChat's browser is sent to come back with a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// The application.
    pub appid: String,
    /// Where the browser comes back to; its host must be the one that the account names.
    pub redirect_uri: String,
    /// Comes back as it is: letters and digits, at most [`STATE_BYTES_MAX`].
    pub state: String,
}

impl Authorize {
    /// The target below WeChat's host, in the order of parameters that WeChat insists on.
    ///
    /// # Errors
    /// [`crate::Error::BadField`] for a state that does not come back as it is.
    pub fn target(&self) -> Result<String, Error> {
        state(&self.state)?;
        let mut target = AUTHORIZE.to_owned();
        let pairs = [
            ("?appid=", self.appid.as_str()),
            ("&redirect_uri=", &self.redirect_uri),
            ("&response_type=", "code"),
            ("&scope=", SCOPE),
            ("&state=", &self.state),
        ];
        for (name, value) in pairs {
            target.push_str(name);
            form::encode_into(&mut target, value);
        }
        target.push_str("#wechat_redirect");
        Ok(target)
    }

    /// Reads a query, as WeChat does.
    ///
    /// # Errors
    /// As for every query; [`crate::Error::MissingField`], [`crate::Error::BadField`].
    pub fn parse(query: &str) -> Result<Self, Error> {
        let mut query = Query::parse(query)?;
        let read = Self {
            appid: query.take("appid")?,
            redirect_uri: query.take("redirect_uri")?,
            state: query.optional("state"),
        };
        state(&read.state)?;
        if query.take("response_type")? != "code" {
            return Err(bad("response_type"));
        }
        // The other one asks the person for name and picture.
        match query.take("scope")?.as_str() {
            SCOPE | "snsapi_userinfo" => Ok(read),
            _ => Err(bad("scope")),
        }
    }

    /// Where the browser is sent back to, with a code.
    #[must_use]
    pub fn back(&self, code: &str) -> String {
        let glue = if self.redirect_uri.contains('?') { '&' } else { '?' };
        let mut url = format!("{}{glue}code=", self.redirect_uri);
        form::encode_into(&mut url, code);
        url.push_str("&state=");
        form::encode_into(&mut url, &self.state);
        url
    }
}

fn state(text: &str) -> Result<(), Error> {
    let fits = text.len() <= STATE_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if fits { Ok(()) } else { Err(bad("state")) }
}

/// The exchange of a code. Its `Debug` shows neither secret nor code.
#[derive(Clone, PartialEq, Eq)]
pub struct CodeExchange {
    /// The application.
    pub appid: String,
    /// Its secret.
    pub secret: String,
    /// What the browser came back with.
    pub code: String,
}

impl fmt::Debug for CodeExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeExchange").field("appid", &self.appid).finish_non_exhaustive()
    }
}

impl CodeExchange {
    /// The target below the host of WeChat's API, to be fetched with GET. It holds the secret.
    #[must_use]
    pub fn target(&self) -> String {
        let mut target = EXCHANGE.to_owned();
        for (name, value) in [("?appid=", &self.appid), ("&secret=", &self.secret), ("&code=", &self.code)] {
            target.push_str(name);
            form::encode_into(&mut target, value);
        }
        target.push_str("&grant_type=authorization_code");
        target
    }

    /// Reads a query, as WeChat does.
    ///
    /// # Errors
    /// As for every query; [`crate::Error::MissingField`], [`crate::Error::BadField`].
    pub fn parse(query: &str) -> Result<Self, Error> {
        let mut query = Query::parse(query)?;
        if query.take("grant_type")? != "authorization_code" {
            return Err(bad("grant_type"));
        }
        Ok(Self { appid: query.take("appid")?, secret: query.take("secret")?, code: query.take("code")? })
    }
}

/// The answer to an exchange. A refusal comes with status 200, too: `errcode` tells.
#[derive(Clone, PartialEq, Eq)]
pub enum CodeAnswer {
    /// Who it is.
    Granted {
        /// The person, as this application knows them.
        openid: String,
        /// Whether it is a stand-in of somebody who only looks at a snapshot of the page: it cannot pay.
        snapshot: bool,
    },
    /// Refused.
    Refused(CodeRefusal),
}

impl fmt::Debug for CodeAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodeAnswer::Granted { snapshot, .. } => {
                f.debug_struct("Granted").field("snapshot", snapshot).finish_non_exhaustive()
            }
            CodeAnswer::Refused(refusal) => f.debug_tuple("Refused").field(refusal).finish(),
        }
    }
}

/// Why a code was not exchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRefusal {
    /// WeChat's number for it; never 0.
    pub errcode: i64,
    /// A sentence in English.
    pub errmsg: String,
}

/// What such a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRefusalKind {
    /// The code was exchanged before. WeChat's browser is known to open the address that it comes back to twice.
    Used,
    /// The code is too old, or none.
    Gone,
    /// Application or secret are wrong, or the account may not do this: nobody can pay this way until that is put right.
    Account,
    /// WeChat's own trouble, or too many exchanges: it may work later.
    Busy,
    /// Anything else.
    Other,
}

impl CodeRefusal {
    /// What it means.
    #[must_use]
    pub const fn kind(&self) -> CodeRefusalKind {
        match self.errcode {
            40_163 => CodeRefusalKind::Used,
            40_029 | 41_008 | 42_003 => CodeRefusalKind::Gone,
            40_001 | 40_013 | 40_125 | 41_002 | 41_004 | 48_001 | 50_001 => CodeRefusalKind::Account,
            -1 | 45_009 | 45_011 => CodeRefusalKind::Busy,
            _ => CodeRefusalKind::Other,
        }
    }
}

impl CodeAnswer {
    /// Reads the body.
    ///
    /// # Errors
    /// As for every body; [`crate::Error::MissingField`], [`crate::Error::BadField`].
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let reader = Reader::parse(body)?;
        if let Some(errcode) = reader.optional_integer("errcode")?.filter(|code| *code != 0) {
            let errmsg = reader.optional_text("errmsg")?.unwrap_or_default();
            return Ok(CodeAnswer::Refused(CodeRefusal { errcode, errmsg }));
        }
        let openid = reader.text("openid")?;
        if !is_openid(&openid) {
            return Err(bad("openid"));
        }
        Ok(CodeAnswer::Granted { openid, snapshot: reader.optional_integer("is_snapshotuser")? == Some(1) })
    }

    /// The answer as WeChat writes it, with tokens that open nothing: openid and scope are all there is to know.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            CodeAnswer::Refused(CodeRefusal { errcode, errmsg }) => {
                Writer::new().integer("errcode", *errcode).text("errmsg", errmsg).end()
            }
            CodeAnswer::Granted { openid, snapshot } => {
                let writer = Writer::new()
                    .text("access_token", "ACCESS_TOKEN")
                    .integer("expires_in", 7_200)
                    .text("refresh_token", "REFRESH_TOKEN")
                    .text("openid", openid)
                    .text("scope", SCOPE);
                if *snapshot { writer.integer("is_snapshotuser", 1) } else { writer }.end()
            }
        }
    }
}

/// A query, each name once.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Result<Self, Error> {
        Ok(Self(form::parse(query.as_bytes())?))
    }
    fn optional(&mut self, name: &'static str) -> String {
        let at = self.0.iter().position(|(known, _)| known == name);
        at.map(|at| self.0.swap_remove(at).1).unwrap_or_default()
    }
    fn take(&mut self, name: &'static str) -> Result<String, Error> {
        Some(self.optional(name)).filter(|value| !value.is_empty()).ok_or_else(|| missing(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error as Shared;

    fn authorize() -> Authorize {
        let redirect_uri = "https://my.example.com/pay/wechat?a=流&b".to_owned();
        Authorize { appid: "wx1".to_owned(), redirect_uri, state: "5a7e".to_owned() }
    }

    #[test]
    fn an_authorization_reads_back_and_comes_back() {
        let target = authorize().target().unwrap();
        assert_eq!(
            target,
            "/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2Fmy.example.com%2Fpay%2Fwechat%3Fa%3D%E6%B5%81%26b\
             &response_type=code&scope=snsapi_base&state=5a7e#wechat_redirect"
        );
        let query = target.split_once('?').unwrap().1.split_once('#').unwrap().0;
        assert_eq!(Authorize::parse(query), Ok(authorize()));
        assert_eq!(authorize().back("0a+b"), "https://my.example.com/pay/wechat?a=流&b&code=0a%2Bb&state=5a7e");
        let bare = Authorize { redirect_uri: "https://x.test/".to_owned(), ..authorize() };
        assert_eq!(bare.back("0"), "https://x.test/?code=0&state=5a7e");
        for (from, to, refusal) in [
            ("appid=wx1", "appid=", missing("appid")),
            ("redirect_uri=", "x=", missing("redirect_uri")),
            ("code", "token", bad("response_type")),
            ("snsapi_base", "snsapi_login", bad("scope")),
            ("&scope=snsapi_base", "", missing("scope")),
            ("5a7e", "5a-7e", bad("state")),
            ("appid=wx1", "appid=wx1&appid=wx2", Shared::Duplicate { name: "appid".to_owned() }.into()),
        ] {
            assert_eq!(Authorize::parse(&query.replacen(from, to, 1)), Err(refusal), "{to}");
        }
        for wrong in ["a b".to_owned(), "a".repeat(129)] {
            assert_eq!(Authorize { state: wrong, ..authorize() }.target(), Err(bad("state")));
        }
    }

    #[test]
    fn an_exchange_reads_back_and_shows_no_secret() {
        let exchange = CodeExchange { appid: "wx1".to_owned(), secret: "5ecret&".to_owned(), code: "0c0de".to_owned() };
        let target = exchange.target();
        assert_eq!(
            target,
            "/sns/oauth2/access_token?appid=wx1&secret=5ecret%26&code=0c0de&grant_type=authorization_code"
        );
        let query = target.split_once('?').unwrap().1;
        let shown = format!("{exchange:?}");
        assert!(!shown.contains("5ecret") && !shown.contains("0c0de"), "{shown}");
        assert_eq!(CodeExchange::parse(query), Ok(exchange));
        for (name, refusal) in [
            ("appid=wx1", missing("appid")),
            ("secret=5ecret%26", missing("secret")),
            ("code=0c0de", missing("code")),
            ("authorization_code", missing("grant_type")),
        ] {
            assert_eq!(CodeExchange::parse(&query.replace(name, "")), Err(refusal), "{name}");
        }
        assert_eq!(CodeExchange::parse(&query.replace("authorization_code", "x")), Err(bad("grant_type")));
    }

    #[test]
    fn answers_read_back_and_what_is_no_openid_is_none() {
        let granted = |snapshot| CodeAnswer::Granted { openid: "oUpF8u-_".to_owned(), snapshot };
        let refused = CodeAnswer::Refused(CodeRefusal { errcode: -1, errmsg: "system error".to_owned() });
        for answer in [granted(false), granted(true), refused] {
            assert_eq!(CodeAnswer::parse(answer.to_json().as_bytes()), Ok(answer));
        }
        assert!(!format!("{:?}", granted(false)).contains("oUpF8u"));
        let read = |body: &str| CodeAnswer::parse(body.as_bytes());
        assert_eq!(read(r#"{"errcode":0,"openid":"oUpF8u-_"}"#), Ok(granted(false)));
        assert_eq!(read(r#"{"errcode":0}"#), Err(missing("openid")));
        assert_eq!(read("{}"), Err(missing("openid")));
        assert_eq!(read(r#"{"errcode":"40029"}"#), Err(bad("errcode")));
        let long = "o".repeat(OPENID_BYTES_MAX + 1);
        for openid in ["a b", "a\\n", "流", "a;b", &long] {
            assert_eq!(read(&format!(r#"{{"openid":"{openid}"}}"#)), Err(bad("openid")), "{openid}");
        }
        assert!(is_openid(&"o".repeat(OPENID_BYTES_MAX)) && !is_openid(""));
    }

    #[test]
    fn refusals_mean_what_they_say() {
        for (errcode, kind) in [
            (40_163, CodeRefusalKind::Used),
            (40_029, CodeRefusalKind::Gone),
            (42_003, CodeRefusalKind::Gone),
            (41_008, CodeRefusalKind::Gone),
            (40_013, CodeRefusalKind::Account),
            (40_125, CodeRefusalKind::Account),
            (48_001, CodeRefusalKind::Account),
            (-1, CodeRefusalKind::Busy),
            (45_011, CodeRefusalKind::Busy),
            (99_999, CodeRefusalKind::Other),
        ] {
            assert_eq!(CodeRefusal { errcode, errmsg: String::new() }.kind(), kind, "{errcode}");
        }
    }
}
