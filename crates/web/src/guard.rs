//! The gate in front of every route: who asks, whether they may, whether a form is ours, how often; and the headers and
//! the face of what goes out. A handler behind it can rely on all of that.

use crate::bodies::Fields;
use crate::device_words::{self, PROGRAM};
use crate::fault::Fault;
use crate::limits::Limit;
use crate::portal::fault_page;
use crate::portal::in_wechat::own_browser;
use crate::portal::sign_in::encoded;
use crate::routes::{Access, FILES_BODY_MAX};
use crate::seal::{Asked, WECHAT_ASKED_LIFE_US, WECHAT_PAYER_LIFE_US, wechat_asked, wechat_payer_kept};
use crate::texts::{Arg, Lang};
use crate::visit::{Facts, Visit};
use crate::web::Web;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use everline_app::Problem;
use everline_app::ports::PayerName;
use everline_app::secrets::hex;
use everline_app::sign_in::{self, Principal, SessionInfo};
use everline_app::support::{Waiting, waiting};
use everline_core::time::SECOND_US;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tracing::Instrument;

/// What the route's row says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) access: Access,
    pub(crate) limit: Option<Limit>,
    pub(crate) body_max: usize,
    /// Method and path as the list has them: for logs and metrics, which must not repeat what stands in an address.
    pub(crate) method: &'static str,
    pub(crate) route: &'static str,
}

const TIME_MAX: Duration = Duration::from_secs(30);
/// Files come from telephones whose network is slow.
const FILES_TIME_MAX: Duration = Duration::from_secs(120);
/// Moving the demo's clock runs everything that falls due on the way.
const CLOCK_TIME_MAX: Duration = Duration::from_secs(300);
const LANGUAGE_COOKIE: &str = "everline_lang";
const YEAR_S: i64 = 365 * 86_400;
const SESSION_S: i64 = 30 * 86_400;
const STEP_S: i64 = 600;

/// Gives a request its id, sees to its answer, and counts and logs both.
pub(crate) async fn guard(State((web, rule)): State<(Web, Rule)>, request: Request, next: Next) -> Response {
    let began = web.app.clock.now().system;
    let id = web.app.clock.id().to_string();
    let span = tracing::info_span!("request", id, method = rule.method, route = rule.route);
    let mut response = pass(&web, rule, request, next).instrument(span.clone()).await;
    let took_us = web.app.clock.now().system.since_us(began).max(0);
    let status = response.status().as_u16();
    web.config.metrics.request(rule.method, rule.route, status, took_us);
    span.in_scope(|| tracing::info!(status, took_us, "answered"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// Lets a request through to its handler, or answers for it.
async fn pass(web: &Web, rule: Rule, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let page = rule.access.is_page(parts.uri.path());
    let mut cookies = Vec::new();
    let (mut facts, asked) = arrive(web, &parts, page, &mut cookies).await;
    let time_max = match rule.access {
        Access::Clock => CLOCK_TIME_MAX,
        _ if rule.body_max >= FILES_BODY_MAX => FILES_TIME_MAX,
        _ => TIME_MAX,
    };
    let passed = async {
        asked?;
        may(web, rule.access, &parts, &facts)?;
        let unsafe_method = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let body = if unsafe_method && rule.access != Access::Unknown {
            let bytes = to_bytes(body, rule.body_max).await.map_err(|_| Fault::TooLarge)?;
            if page {
                facts.fields = Fields::read(header_text(&parts.headers, "content-type"), &bytes).await?;
                ours(web, &parts.headers, &facts)?;
            }
            Body::from(bytes)
        } else {
            Body::empty()
        };
        // After the form is known to be ours: another site must not use up anybody's limit.
        if let Some(limit) = rule.limit {
            let taken = web.limits.take(limit, facts.address, web.app.clock.now().system);
            taken.map_err(|retry_after_s| Problem::TooMany { retry_after_s })?;
        }
        if rule.access == Access::StaffPage {
            facts.waiting = waits(web, &facts).await;
        }
        parts.extensions.insert(Visit::new(facts.clone()));
        Ok::<Response, Fault>(next.run(Request::from_parts(parts.clone(), body)).await)
    };
    let outcome = tokio::time::timeout(time_max, passed).await.unwrap_or(Err(Fault::Timeout));
    let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
    if let Some(fault) = unread(rule.access, &response) {
        response = fault.into_response();
    }
    let visit = Visit::new(facts);
    if let Some(fault) = response.extensions().get::<Arc<Fault>>().cloned() {
        response = face(web, &visit, page, &parts, &fault);
    }
    dress(web, rule.access, (page, visit.in_wechat), &mut response);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What the router itself refused, before a handler of ours: another method, or an address whose variables cannot be read.
fn unread(access: Access, response: &Response) -> Option<Fault> {
    if response.extensions().get::<Arc<Fault>>().is_some() || access == Access::Machine {
        return None;
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some(Fault::Method),
        StatusCode::BAD_REQUEST if kind.starts_with("text/plain") => {
            Some(Fault::Unusable { field: "address".to_owned(), rule: "not understood" })
        }
        _ => None,
    }
}

/// Reads who and where from the request's head. An error of the store is kept: the page that tells of it needs the rest.
async fn arrive(web: &Web, parts: &Parts, page: bool, cookies: &mut Vec<HeaderValue>) -> (Facts, Result<(), Fault>) {
    let headers = &parts.headers;
    let lang = language(web, parts, page, cookies);
    let token = if page { cookie(headers, session_cookie(web)) } else { bearer(headers) };
    let (who, asked) = match &token {
        Some(token) if page || parts.uri.path().starts_with("/api/") => match sign_in::session(&web.app, token).await {
            Ok(who) => (who, Ok(())),
            Err(problem) => (None, Err(problem.into())),
        },
        _ => (None, Ok(())),
    };
    let csrf = match &who {
        Some(who) => who.csrf.clone(),
        None if page => visitor_csrf(web, headers, cookies),
        None => String::new(),
    };
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let in_wechat = header_text(headers, "user-agent").contains("MicroMessenger");
    let facts = Facts {
        lang,
        token: token.filter(|_| who.is_some()),
        who,
        device: if page { device_words::words(header_text(headers, "user-agent")) } else { PROGRAM.to_owned() },
        csrf,
        address: web.config.proxies.caller(peer, headers),
        here: here(parts),
        fields: Fields::default(),
        phone: is_phone(headers),
        in_wechat,
        waiting: None,
        wechat_payer: Some(headers).filter(|_| page && in_wechat).and_then(|headers| wechat_payer(web, headers)),
    };
    (facts, asked)
}

/// What is paid and not in effect, which every page of the desk says to whoever may see it; a page without it is better than none.
async fn waits(web: &Web, facts: &Facts) -> Option<Waiting> {
    let Some(Principal::Staff(by)) = facts.who.as_ref().map(|who| who.principal) else { return None };
    waiting(&web.app, by).await.ok()
}

/// Whether this caller may use a route of this kind at all. Whose rows they may see is the use cases' question.
fn may(web: &Web, access: Access, parts: &Parts, facts: &Facts) -> Result<(), Fault> {
    let principal = facts.who.as_ref().map(|who: &SessionInfo| who.principal);
    let demo = web.config.demo.as_ref();
    let holds = |secret: Option<&String>| match (secret, bearer(&parts.headers)) {
        (Some(secret), Some(token)) if same(secret, &token) => Ok(()),
        _ => Err(Problem::SignInFirst.into()),
    };
    match access {
        Access::Page | Access::ApiOpen | Access::Machine => Ok(()),
        Access::Unknown => Err(Fault::NoRoute),
        Access::DemoPage => demo.map(|_| ()).ok_or(Fault::NoRoute),
        Access::CustomerPage | Access::ApiCustomer => match principal {
            Some(Principal::Customer(_)) => Ok(()),
            Some(Principal::Staff(_)) => Err(Problem::NotAllowed.into()),
            None => Err(Problem::SignInFirst.into()),
        },
        Access::StaffPage => match principal {
            Some(Principal::Staff(_)) => Ok(()),
            Some(Principal::Customer(_)) => Err(Problem::NotAllowed.into()),
            None => Err(Problem::SignInFirst.into()),
        },
        Access::Device => holds(web.config.device_secret.as_ref()),
        Access::Clock => holds(Some(&demo.ok_or(Fault::NoRoute)?.clock_secret)),
    }
}

/// Whether a form comes from a page of ours: from our origin (Fetch §3.1), and with the secret of its page.
fn ours(web: &Web, headers: &HeaderMap, facts: &Facts) -> Result<(), Fault> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(origin) = text(header::ORIGIN) {
        let host = origin.split_once("://").map(|(_, host)| host);
        let known = url::Url::parse(&web.config.public_url).map(|url| url.origin().ascii_serialization());
        if host.is_none_or(|host| text(header::HOST) != Some(host)) && known.as_deref() != Ok(origin) {
            return Err(Fault::Foreign);
        }
    }
    let site = text(HeaderName::from_static("sec-fetch-site")).unwrap_or("same-origin");
    let repeated = facts.fields.get("_csrf");
    if !matches!(site, "same-origin" | "none") || facts.csrf.is_empty() || !same(&facts.csrf, repeated) {
        return Err(Fault::Foreign);
    }
    Ok(())
}

/// A fault as a page, as a way to sign in, or as a problem document (RFC 9457).
fn face(web: &Web, visit: &Visit, page: bool, parts: &Parts, fault: &Fault) -> Response {
    if let Fault::Problem(Problem::Internal(what)) = fault {
        tracing::error!(%what, "a request failed");
    }
    let mut response = if page {
        let sign_in = matches!(fault, Fault::Problem(Problem::SignInFirst));
        if sign_in {
            let next: String = url::form_urlencoded::byte_serialize(visit.here.as_bytes()).collect();
            let at = if parts.uri.path().starts_with("/desk") { "/desk/sign-in" } else { "/sign-in" };
            let path = if parts.method == Method::GET { format!("{at}?next={next}") } else { at.to_owned() };
            return crate::frame::go(&path);
        }
        if matches!(fault, Fault::Problem(Problem::ProveFirst)) {
            // A form that was sent is filled in again, on its own page.
            let sent = || form_page(parts.uri.path(), visit.fields.get("request"));
            let back = if parts.method == Method::GET { visit.here.clone() } else { sent() };
            let next: String = url::form_urlencoded::byte_serialize(back.as_bytes()).collect();
            let desk = parts.uri.path().starts_with("/desk");
            let at = if desk { "/desk/sign-in" } else { "/account/confirm" };
            return crate::frame::go(&format!("{at}?next={next}"));
        }
        fault_page(web, visit, fault)
    } else {
        problem_document(visit.lang, fault)
    };
    if let Some(seconds) = fault.retry_after_s() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

/// The page that has the form which was sent to an address; one with a code belongs to the request for that code.
fn form_page(path: &str, request: &str) -> String {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "lines", line, "card"] => format!("/lines/{line}/found"),
        ["", "lines", line, page, ..] => format!("/lines/{line}/{page}"),
        ["", "account", "identity"] => "/account/identity/correct".to_owned(),
        ["", "account", "contact" | "mailbox", "code"] => format!("{path}?request={}", encoded(request)),
        parts => parts.iter().take(3).copied().collect::<Vec<_>>().join("/"),
    }
}

/// A problem document (RFC 9457). Its `type` is stable and leads to its description.
pub(crate) fn problem_document(lang: Lang, fault: &Fault) -> Response {
    let (title, detail) = fault.texts();
    let mut body = serde_json::json!({
        "type": format!("/api#problem-{}", fault.word()),
        "title": lang.get(title),
        "status": fault.status().as_u16(),
        "detail": lang.with(detail, &args(fault)),
    });
    if let Some(fields) = body.as_object_mut() {
        fields.extend(fault.field().map(|field| ("field".to_owned(), field.into())));
        fields.extend(fault.rule().map(|rule| ("rule".to_owned(), rule.into())));
    }
    let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
    let mut response = (fault.status(), content_type, body.to_string()).into_response();
    if fault.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// How many tries a wrong code leaves.
pub(crate) const fn tries_left(fault: &Fault) -> i64 {
    if let Fault::Problem(Problem::CodeWrong { tries_left }) = fault { *tries_left } else { 0 }
}

/// What the text about a fault may tell: tries that are left, minutes to wait.
pub(crate) fn args(fault: &Fault) -> [(&'static str, Arg<'static>); 2] {
    let minutes = fault.retry_after_s().unwrap_or(0).saturating_add(59) / 60;
    [("left", Arg::Count(tries_left(fault))), ("minutes", Arg::Count(minutes))]
}

const PAGE_CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What a page may do inside WeChat besides: send a form on to where WeChat says who uses its browser, and have the frames by
/// which that browser's bridge calls its application.
fn csp_in_wechat(web: &Web) -> Option<HeaderValue> {
    let ask = own_browser(web)?.ask_payer(&web.config.public_url, "0")?;
    let origin = url::Url::parse(&ask).ok()?.origin().ascii_serialization();
    let csp = PAGE_CSP.replace("form-action 'self'", &format!("form-action 'self' {origin}; frame-src weixin:"));
    HeaderValue::from_str(&csp).ok()
}

/// The headers of every answer. Assets bring their own life time.
fn dress(web: &Web, access: Access, (page, in_wechat): (bool, bool), response: &mut Response) {
    let wider = if page && in_wechat { csp_in_wechat(web) } else { None };
    let headers = response.headers_mut();
    if let Some(csp) = wider {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(csp);
    }
    let mut set = |name: &'static str, value: &'static str| {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    };
    set("cache-control", "no-store");
    set("x-content-type-options", "nosniff");
    set("referrer-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    if page || access == Access::Machine {
        set("content-security-policy", PAGE_CSP);
        set("cross-origin-opener-policy", "same-origin");
        set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()");
    } else {
        set("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    }
    if web.config.secure_cookies {
        set("strict-transport-security", "max-age=63072000");
    }
}

/// The language: asked for in the address (and then remembered), remembered, or the browser's.
fn language(web: &Web, parts: &Parts, page: bool, cookies: &mut Vec<HeaderValue>) -> Lang {
    let query = parts.uri.query().unwrap_or("").as_bytes();
    let asked = url::form_urlencoded::parse(query).find(|(name, _)| name == "lang");
    let offered = |lang: &Lang| web.languages.contains(lang);
    if let Some(lang) = asked.and_then(|(_, tag)| Lang::from_tag(&tag)).filter(offered).filter(|_| page) {
        cookies.extend(baked(web, LANGUAGE_COOKIE, lang.tag(), YEAR_S));
        return lang;
    }
    let remembered = cookie(&parts.headers, LANGUAGE_COOKIE).and_then(|tag| Lang::from_tag(&tag));
    remembered.filter(offered).filter(|_| page).unwrap_or_else(|| {
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Lang::from_accept_language(header.unwrap_or(""), &web.languages)
    })
}

/// Path and query without the choice of language.
fn here(parts: &Parts) -> String {
    let query = parts.uri.query().unwrap_or("");
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
    let path = parts.uri.path();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// The forms' secret of somebody who is not signed in: follows from a random cookie.
fn visitor_csrf(web: &Web, headers: &HeaderMap, cookies: &mut Vec<HeaderValue>) -> String {
    let name = if web.config.secure_cookies { "__Host-everline-visit" } else { "everline_demo_visit" };
    let known = cookie(headers, name).filter(|value| value.len() == 32);
    let visit = known.or_else(|| {
        let mut random = [0; 16];
        let value = web.app.clock.fill(&mut random).then(|| hex(&random))?;
        cookies.extend(baked(web, name, &value, SESSION_S));
        Some(value)
    });
    visit.map(|visit| hex(&web.app.secrets.token_hash(&format!("visitor form {visit}")))).unwrap_or_default()
}

fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or("")
}

fn is_phone(headers: &HeaderMap) -> bool {
    let text = |name| header_text(headers, name);
    text("sec-ch-ua-mobile") == "?1" || ["Mobile", "Android"].iter().any(|word| text("user-agent").contains(word))
}

const fn session_cookie_of(secure: bool) -> &'static str {
    if secure { "__Host-everline" } else { "everline_demo" }
}
fn session_cookie(web: &Web) -> &'static str {
    session_cookie_of(web.config.secure_cookies)
}

/// Signs the browser in, with a token of its own.
pub(crate) fn keep_session(web: &Web, response: &mut Response, token: &str) {
    if let Some(cookie) = baked(web, session_cookie(web), token, SESSION_S) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Makes the browser forget its session.
pub(crate) fn forget_session(web: &Web, response: &mut Response) {
    if let Some(cookie) = baked(web, session_cookie(web), "", 0) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn order_cookie(web: &Web) -> &'static str {
    if web.config.secure_cookies { "__Host-everline-order" } else { "everline_demo_order" }
}

fn step_cookie(web: &Web) -> &'static str {
    if web.config.secure_cookies { "__Host-everline-step" } else { "everline_demo_step" }
}

/// Lets the browser keep the secret of a first factor that waits for the second.
pub(crate) fn keep_step(web: &Web, response: &mut Response, token: &str) {
    if let Some(cookie) = baked(web, step_cookie(web), token, STEP_S) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Makes the browser forget it.
pub(crate) fn forget_step(web: &Web, response: &mut Response) {
    if let Some(cookie) = baked(web, step_cookie(web), "", 0) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The secret of a first factor that the browser keeps.
pub(crate) fn waiting_step(web: &Web, headers: &HeaderMap) -> Option<String> {
    cookie(headers, step_cookie(web))
}

/// Lets the browser keep the secret of a guest's order for some seconds.
pub(crate) fn keep_cookie(web: &Web, response: &mut Response, token: &str, life_s: i64) {
    if let Some(cookie) = baked(web, order_cookie(web), token, life_s) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The secret of the guest's order that the browser keeps.
pub(crate) fn guest_order(web: &Web, headers: &HeaderMap) -> Option<String> {
    cookie(headers, order_cookie(web))
}

fn wechat_cookie(web: &Web, what: Kept) -> &'static str {
    match (what, web.config.secure_cookies) {
        (Kept::Asked, true) => "__Host-everline-wechat-asked",
        (Kept::Asked, false) => "everline_demo_wechat_asked",
        (Kept::Payer, true) => "__Host-everline-wechat-payer",
        (Kept::Payer, false) => "everline_demo_wechat_payer",
    }
}

/// What WeChat's browser keeps for us, sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// That it was sent to WeChat, and for which order.
    Asked,
    /// Who uses it.
    Payer,
}

/// Lets WeChat's browser keep something; nothing of it: has it forget.
pub(crate) fn keep_in_wechat(web: &Web, response: &mut Response, what: Kept, sealed: Option<&str>) {
    let life_us = match what {
        Kept::Asked => WECHAT_ASKED_LIFE_US,
        Kept::Payer => WECHAT_PAYER_LIFE_US,
    };
    let life_s = if sealed.is_some() { life_us / SECOND_US } else { 0 };
    if let Some(cookie) = baked(web, wechat_cookie(web, what), sealed.unwrap_or_default(), life_s) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The question with which the browser was sent to WeChat.
pub(crate) fn asked_in_wechat(web: &Web, headers: &HeaderMap) -> Option<Asked> {
    wechat_asked(&web.app, &cookie(headers, wechat_cookie(web, Kept::Asked))?)
}

fn wechat_payer(web: &Web, headers: &HeaderMap) -> Option<PayerName> {
    wechat_payer_kept(&web.app, &cookie(headers, wechat_cookie(web, Kept::Payer))?)
}

fn baked(web: &Web, name: &str, value: &str, life_s: i64) -> Option<HeaderValue> {
    let secure = if web.config.secure_cookies { "; Secure" } else { "" };
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={life_s}{secure}")).ok()
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty())
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// Compares secrets in a time that does not tell where they differ.
pub(crate) fn same(one: &str, other: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}
