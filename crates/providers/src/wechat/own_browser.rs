//! WeChat's own browser: who uses it, and what it is handed to pay.
//!
//! Answers about its user are not signed: they are believed because TLS and the account's secret stand around them. Never
//! does: a log of a code, a secret or an openid.

use super::{Failure, Wechat, or_unknown};
use async_trait::async_trait;
use everline_app::ports::{OwnBrowser, Payable, PayerAnswer, PayerName, Started};
use everline_core::time::SECOND_US;
use std::fmt;
use wire_pay::wechat::{Authorize, ClientParameters, CodeAnswer, CodeExchange, CodeRefusalKind, PREPAY_ID_LIFE_S};

/// The official account that the application is. Its `Debug` does not show the secret.
#[derive(Clone)]
pub struct OfficialAccount {
    /// Its secret (AppSecret).
    pub secret: String,
    /// Where WeChat's browser is asked who uses it: `https://host`, without a slash at its end.
    pub authorize_url: String,
    /// Where we ask whom it named: the same form.
    pub api_url: String,
}

impl fmt::Debug for OfficialAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OfficialAccount")
            .field("authorize_url", &self.authorize_url)
            .field("api_url", &self.api_url)
            .finish_non_exhaustive()
    }
}

impl OfficialAccount {
    /// Where WeChat's browser is asked.
    pub const AUTHORIZE_URL: &'static str = "https://open.weixin.qq.com";
    /// Where WeChat's API is.
    pub const API_URL: &'static str = "https://api.weixin.qq.com";
}

impl Wechat {
    /// A place to pay at inside WeChat: the page shows what is signed for it, as long as it lives.
    pub(super) fn jsapi(&self, prepay_id: String) -> Started {
        let until = self.clock.now().system.plus_us(PREPAY_ID_LIFE_S * SECOND_US);
        Started::Pay(Payable { url: prepay_id, url_until: Some(until), reference: None, holder: None })
    }

    async fn exchange(&self, account: &OfficialAccount, code: &str) -> Result<PayerAnswer, Failure> {
        let (appid, secret, code) = (self.appid.clone(), account.secret.clone(), code.to_owned());
        let url = format!("{}{}", account.api_url, CodeExchange { appid, secret, code }.target());
        let answer = self.http.send("GET", &url, &[("accept", "application/json")], String::new()).await?;
        if answer.status != 200 {
            return Err(Failure::Status(answer.status));
        }
        let refusal = match CodeAnswer::parse(&answer.body)? {
            CodeAnswer::Granted { snapshot: true, .. } => return Ok(PayerAnswer::Snapshot),
            CodeAnswer::Granted { openid, .. } => {
                return Ok(PayerName::new(&openid).map_or(PayerAnswer::Unknown, PayerAnswer::Payer));
            }
            CodeAnswer::Refused(refusal) => refusal,
        };
        let errcode = refusal.errcode;
        Ok(match refusal.kind() {
            CodeRefusalKind::Used => PayerAnswer::CodeUsed,
            CodeRefusalKind::Gone => PayerAnswer::CodeGone,
            CodeRefusalKind::Account => {
                tracing::error!(errcode, "wechat does not know the official account: look at appid and app_secret");
                PayerAnswer::NotSetUp
            }
            CodeRefusalKind::Busy | CodeRefusalKind::Other => {
                tracing::warn!(errcode, "wechat did not say who uses its browser");
                PayerAnswer::Unknown
            }
        })
    }
}

#[async_trait]
impl OwnBrowser for Wechat {
    fn ask_payer(&self, return_url: &str, state: &str) -> Option<String> {
        let (appid, redirect_uri, state) = (self.appid.clone(), return_url.to_owned(), state.to_owned());
        let account = self.account.as_ref()?;
        Some(format!("{}{}", account.authorize_url, Authorize { appid, redirect_uri, state }.target().ok()?))
    }
    async fn payer(&self, code: &str) -> PayerAnswer {
        let Some(account) = &self.account else { return PayerAnswer::NotSetUp };
        or_unknown("payer", self.exchange(account, code).await, PayerAnswer::Unknown)
    }
    /// Signing takes a quarter of a millisecond of processor time, so it runs beside the reactor.
    async fn hand_over(&self, place: &str) -> Option<String> {
        let (appid, prepay_id, key) = (self.appid.clone(), place.to_owned(), self.merchant.key().clone());
        let (unix_s, nonce) = (self.unix_s(), self.clock.id().to_string());
        let sign = move || ClientParameters::sign(&appid, &prepay_id, unix_s, &nonce, &key);
        let signed = match tokio::task::spawn_blocking(sign).await {
            Ok(signed) => signed.map_err(Failure::from),
            Err(_) => Err(Failure::Interrupted),
        };
        or_unknown("hand over", signed.map(|signed| Some(signed.to_json())), None)
    }
}
