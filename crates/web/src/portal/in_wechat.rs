//! Paying inside WeChat's own browser: it is asked who uses it, once, and comes back to the order with the answer.
//!
//! The question is bound to the browser: it keeps, sealed, what it was sent away with and for which order, and an answer to
//! another question is nobody's. Who uses it is kept for two hours, sealed, in the browser alone; the attempt keeps a mark
//! of it. Nothing of that is logged.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::guard::{Kept, asked_in_wechat, keep_in_wechat, same};
use crate::portal::order::order_id;
use crate::portal::pay::{PayBy, pay_by};
use crate::seal::{wechat_ask, wechat_payer};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use everline_app::Problem;
use everline_app::place_order::find_by_token;
use everline_app::ports::{OwnBrowser, PayerAnswer, PayerName};
use everline_app::start_payment::mark;
use everline_core::ids::{CustomerId, OrderId};
use everline_core::payment::{Attempt, Method, Provider, Way};
use serde::Deserialize;

/// Where WeChat's browser comes back to.
const NAMED: &str = "/pay/wechat";
/// Codes are 32 characters long.
const CODE_BYTES_MAX: usize = 512;

/// The side of WeChat Pay that knows who uses WeChat's browser; `None` where nobody can pay inside it.
pub(crate) fn own_browser(web: &Web) -> Option<&dyn OwnBrowser> {
    web.app.ports.payments.of(Provider::Wechat)?.own_browser()
}

/// Where WeChat's browser is sent before a payment inside it can start; `None` if that needs no answer, or has it. `anew`
/// among the form's fields asks although it was answered: somebody else may use the browser by now.
pub(crate) fn ask_who(web: &Web, visit: &Visit, by: PayBy, path: &str) -> Option<Response> {
    let known = visit.wechat_payer.is_some() && visit.fields.get("anew").is_empty();
    if by != PayBy::Method(Method::WechatJsapi) || !visit.in_wechat || known {
        return None;
    }
    let (asked, kept) = wechat_ask(&web.app, path)?;
    let mut response = go(&own_browser(web)?.ask_payer(&web.link(NAMED), &asked.state)?);
    keep_in_wechat(web, &mut response, Kept::Asked, Some(&kept));
    Some(response)
}

/// What the page of an attempt hands to WeChat's browser to pay it: only to the browser of the person for whom it was begun.
pub(crate) async fn handed(web: &Web, visit: &Visit, attempt: Option<&Attempt>) -> Option<String> {
    let attempt = attempt.filter(|attempt| visit.in_wechat && attempt.method.way() == Way::InWechat)?;
    let mine = mark(&web.app.secrets, attempt.method, visit.wechat_payer.as_ref()?);
    if attempt.reference.as_deref() != Some(mine.as_str()) {
        return None;
    }
    own_browser(web)?.hand_over(attempt.pay_url.as_deref()?).await
}

/// What WeChat's browser comes back with.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

/// `GET /pay/wechat`: WeChat's browser is back. The payment that it left for starts, and its order's page says what became of
/// it. Opened twice, as that browser is known to do, it leads to the same payment.
pub(crate) async fn named(
    State(web): State<Web>,
    visit: Visit,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Answer {
    let browser = own_browser(&web).ok_or(Fault::NoRoute)?;
    let asked = asked_in_wechat(&web, &headers).filter(|asked| same(&asked.state, &back.state));
    let Some(asked) = asked else { return trouble(&web, &visit, Trouble::Foreign, None) };
    let answer = match back.code.len() {
        1..=CODE_BYTES_MAX => browser.payer(&back.code).await,
        _ => PayerAnswer::CodeGone,
    };
    let trouble_is = match answer {
        PayerAnswer::Payer(payer) => return begin(&web, &visit.of_payer(payer.clone()), &payer, &asked.path).await,
        PayerAnswer::CodeUsed => match visit.wechat_payer.clone() {
            Some(payer) => return begin(&web, &visit, &payer, &asked.path).await,
            None => Trouble::Code,
        },
        PayerAnswer::CodeGone => Trouble::Code,
        PayerAnswer::Snapshot => Trouble::Snapshot,
        PayerAnswer::NotSetUp => Trouble::NotSetUp,
        PayerAnswer::Unknown => Trouble::Silent,
    };
    trouble(&web, &visit, trouble_is, Some(asked.path))
}

/// Starts the payment for the person whom WeChat named, and goes to the order.
async fn begin(web: &Web, visit: &Visit, payer: &PayerName, path: &str) -> Answer {
    // Whose session ended meanwhile, or whose order went, is told so by the order's page.
    if let Ok(order) = order_at(web, visit, path).await {
        match pay_by(web, visit, order, PayBy::Method(Method::WechatJsapi)).await {
            Err(problem @ Problem::TooMany { .. }) => return Err(problem.into()),
            Err(problem) => tracing::info!(problem = problem.word(), "a payment did not start at once"),
            Ok(()) => {}
        }
    }
    let mut response = go(path);
    if let Some(kept) = wechat_payer(&web.app, payer) {
        keep_in_wechat(web, &mut response, Kept::Payer, Some(&kept));
    }
    Ok(response)
}

/// The order of a page's path, for whom may see it.
async fn order_at(web: &Web, visit: &Visit, path: &str) -> Result<(CustomerId, OrderId), Fault> {
    if let Some(id) = path.strip_prefix("/orders/") {
        return Ok((visit.customer()?, order_id(id)?));
    }
    let token = path.strip_prefix("/o/").ok_or(Fault::NoRoute)?;
    Ok(find_by_token(&web.app, token).await?)
}

/// Why it is not known who uses WeChat's browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    /// It did not leave from here, or too long ago.
    Foreign,
    /// Its code is used up, too old, or none.
    Code,
    /// It shows a snapshot of the page.
    Snapshot,
    /// WeChat does not answer us.
    NotSetUp,
    /// WeChat does not answer, or not in time.
    Silent,
}

impl Trouble {
    /// What happened and what to do; whose side it is on.
    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Trouble::Foreign => ("in-wechat-foreign", "in-wechat-side-you"),
            Trouble::Code => ("in-wechat-code", "in-wechat-side-you"),
            Trouble::Snapshot => ("in-wechat-snapshot", "in-wechat-side-you"),
            Trouble::NotSetUp => ("in-wechat-not-set-up", "in-wechat-side-us"),
            Trouble::Silent => ("in-wechat-silent", "in-wechat-side-wechat"),
        }
    }
    const fn status(self) -> StatusCode {
        match self {
            Trouble::Foreign => StatusCode::FORBIDDEN,
            Trouble::Code => StatusCode::GONE,
            Trouble::Snapshot => StatusCode::CONFLICT,
            Trouble::NotSetUp => StatusCode::SERVICE_UNAVAILABLE,
            Trouble::Silent => StatusCode::GATEWAY_TIMEOUT,
        }
    }
}

#[derive(Template)]
#[template(path = "in_wechat.html")]
struct TroublePage {
    p: Frame,
    what: String,
    side: String,
    /// The order's page, with every way to pay it.
    order: Option<String>,
}

/// The page of what went wrong, with the way back to the order.
fn trouble(web: &Web, visit: &Visit, trouble: Trouble, order: Option<String>) -> Answer {
    let (what, side) = trouble.texts();
    let p = visit.frame(web, visit.lang.get("in-wechat-title"));
    page_with(trouble.status(), &TroublePage { p, what: visit.lang.get(what), side: visit.lang.get(side), order })
}
