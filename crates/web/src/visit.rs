//! Who asks for a page, in which language, from where.

use crate::bodies::Fields;
use crate::frame::Frame;
use crate::portal::returning::RETURN;
use crate::show::Show;
use crate::texts::{Arg, Lang};
use crate::web::Web;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use everline_app::Problem;
use everline_app::ports::PayerName;
use everline_app::sign_in::{Principal, SessionInfo};
use everline_app::staff_sign_in::From;
use everline_app::start_payment::Payer;
use everline_app::support::Waiting;
use everline_core::ids::CustomerId;
use std::net::IpAddr;
use std::sync::Arc;

/// One request, as the guard found it.
#[derive(Clone)]
pub(crate) struct Visit(Arc<Facts>);

#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) lang: Lang,
    /// Who is signed in.
    pub(crate) who: Option<SessionInfo>,
    /// The session's token, to end it.
    pub(crate) token: Option<String>,
    /// Words for the device, by which its owner recognises it.
    pub(crate) device: String,
    /// What the forms of this page repeat.
    pub(crate) csrf: String,
    /// Where it comes from, for limits.
    pub(crate) address: IpAddr,
    /// Path and query, without the choice of language.
    pub(crate) here: String,
    /// The fields of a form that was sent; checked to be ours.
    pub(crate) fields: Fields,
    /// Whether the browser says that it is on a phone.
    pub(crate) phone: bool,
    /// Whether it is WeChat's own, which opens no other application.
    pub(crate) in_wechat: bool,
    /// Who uses that, if WeChat said so a short time ago.
    pub(crate) wechat_payer: Option<PayerName>,
    /// What is paid and not in effect, for a member of the staff who may see it.
    pub(crate) waiting: Option<Waiting>,
}

impl Visit {
    pub(crate) fn new(facts: Facts) -> Self {
        Self(Arc::new(facts))
    }
    /// The signed-in customer.
    pub(crate) fn customer(&self) -> Result<CustomerId, Problem> {
        match self.who.as_ref().map(|who| who.principal) {
            Some(Principal::Customer(id)) => Ok(id),
            Some(Principal::Staff(_)) => Err(Problem::NotAllowed),
            None => Err(Problem::SignInFirst),
        }
    }
    /// The session of a signed-in customer.
    pub(crate) fn session(&self) -> Result<&SessionInfo, Problem> {
        self.customer()?;
        self.who.as_ref().ok_or(Problem::SignInFirst)
    }
    /// The network it comes from: an IPv4 address without its last part, or the first 48 bits of an IPv6 address.
    pub(crate) fn network(&self) -> String {
        match self.address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                format!("{a}.{b}.{c}.0/24")
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}::/48")
            }
        }
    }
    /// Where it comes from, for the log of sign-ins.
    pub(crate) fn from<'a>(&'a self, network: &'a str) -> From<'a> {
        From { device: &self.device, network }
    }
    /// Shows things in the visit's language, as of now.
    pub(crate) fn show(&self, web: &Web) -> Show {
        Show { lang: self.lang, zone: web.app.zone.clone(), now: web.app.clock.now().business }
    }
    /// The browser as one that pays.
    pub(crate) fn payer(&self, web: &Web) -> Payer {
        Payer { return_base: web.link(RETURN), ip: Some(self.address), name: self.wechat_payer.clone() }
    }
    /// The same visit, of whom WeChat named just now.
    pub(crate) fn of_payer(&self, payer: PayerName) -> Self {
        Self::new(Facts { wechat_payer: Some(payer), ..(*self.0).clone() })
    }
    /// A text in the visit's language.
    pub(crate) fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        self.lang.with(key, args)
    }
    /// The frame of a page with this title.
    pub(crate) fn frame(&self, web: &Web, title: String) -> Frame {
        Frame::new(web, self, title)
    }
}

impl std::ops::Deref for Visit {
    type Target = Facts;
    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl FromRequestParts<Web> for Visit {
    type Rejection = crate::fault::Fault;
    async fn from_request_parts(parts: &mut Parts, _: &Web) -> Result<Self, Self::Rejection> {
        let found = parts.extensions.get::<Visit>().cloned();
        found.ok_or_else(|| Problem::Internal("a route without a guard".to_owned()).into())
    }
}
