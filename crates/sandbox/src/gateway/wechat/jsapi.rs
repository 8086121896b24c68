//! Inside WeChat: who holds the phone, as the official account learns it, and the cashier that its browser opens with what
//! the merchant signed.

use super::{Gateway, OPENID};
use crate::{
    World,
    gateway::{
        faults::AnswerFaultKind,
        page_url, payer_page,
        trade::{Product, Trade},
    },
    net::{hang_up, lock},
    random_hex,
    view::{Lang, LangQuery},
};
use axum::{
    Router,
    body::Bytes,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};
use wire_pay::wechat::{
    Authorize, CODE_LIFE_S, ClientParameters, CodeAnswer, CodeExchange, CodeRefusal, Error, PREPAY_ID_LIFE_S,
};

/// The name of the exchange of a code, for faults.
pub(crate) const OAUTH: &str = "wechat.oauth";
/// The other person who sometimes holds the phone, as the application knows them.
const OTHER_OPENID: &str = "oUpF8uN95-Ptaags6E_roPHg7AG0";
/// The stand-in of whoever looks at a snapshot of a page.
const SNAPSHOT_OPENID: &str = "oUpF8uSnapshot0000000000000w";
/// Codes that are remembered.
const CODES_MAX: usize = 1_000;

/// Who holds the payer's phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Holder {
    /// The payer of everything else.
    #[default]
    First,
    /// Somebody else.
    Second,
    /// Somebody who looks at a snapshot of the page, and cannot pay there.
    Snapshot,
}

impl Holder {
    const fn openid(self) -> &'static str {
        match self {
            Holder::First => OPENID,
            Holder::Second => OTHER_OPENID,
            Holder::Snapshot => SNAPSHOT_OPENID,
        }
    }
}

/// Whether the application knows a payer by this name.
pub(super) fn is_known(openid: &str) -> bool {
    [OPENID, OTHER_OPENID].contains(&openid)
}

/// A code that was handed out.
struct Code {
    text: String,
    holder: Holder,
    at_us: i64,
    used: bool,
}

#[derive(Default)]
struct Kept {
    holder: Holder,
    codes: VecDeque<Code>,
}

/// The official account.
pub(crate) struct Account {
    pub(super) secret: String,
    kept: Mutex<Kept>,
}

impl Account {
    pub(crate) fn new(secret: String) -> Self {
        Self { secret, kept: Mutex::default() }
    }
    /// Who holds the phone.
    pub(crate) fn holder(&self) -> Holder {
        lock(&self.kept).holder
    }
    /// Hands the phone over.
    pub(crate) fn hand_to(&self, holder: Holder) {
        lock(&self.kept).holder = holder;
    }
    /// A code for whoever holds the phone.
    fn code(&self, text: String, now_us: i64) {
        let mut kept = lock(&self.kept);
        let holder = kept.holder;
        kept.codes.push_back(Code { text, holder, at_us: now_us, used: false });
        if kept.codes.len() > CODES_MAX {
            kept.codes.pop_front();
        }
    }
    /// Whom a code names; it is used by that.
    fn exchange(&self, text: &str, now_us: i64) -> Result<Holder, (i64, &'static str)> {
        let mut kept = lock(&self.kept);
        let code = kept.codes.iter_mut().find(|code| code.text == text).ok_or((40_029, "invalid code"))?;
        if code.used {
            return Err((40_163, "code been used"));
        }
        if now_us.saturating_sub(code.at_us) > CODE_LIFE_S * 1_000_000 {
            return Err((42_003, "oauth_code expired"));
        }
        code.used = true;
        Ok(code.holder)
    }
}

pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/connect/oauth2/authorize", get(authorize))
        .route("/sns/oauth2/access_token", get(access_token))
        .route("/jsapi/open", post(open))
}

/// Whoever comes with WeChat's browser is sent back with a code. Mistakes are told to the person, as a page.
async fn authorize(
    State(world): State<Arc<World>>,
    Query(query): Query<LangQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if !agent.contains("MicroMessenger") {
        return payer_page::message(query.lang(), StatusCode::OK, "authorize-in-wechat");
    }
    let asked = Authorize::parse(uri.query().unwrap_or_default());
    let known = asked.ok().filter(|asked| {
        asked.appid == world.wechat.identity.appid
            && (asked.redirect_uri.starts_with("http://") || asked.redirect_uri.starts_with("https://"))
    });
    let Some(asked) = known else {
        return payer_page::message(query.lang(), StatusCode::OK, "authorize-refused");
    };
    let Ok(code) = random_hex(16) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let back = asked.back(&code);
    world.wechat.account.code(code, (world.clock)());
    (StatusCode::FOUND, [(header::LOCATION, back)]).into_response()
}

/// The exchange of a code. Refusals have status 200, and all answers say that they are plain text.
async fn access_token(State(world): State<Arc<World>>, uri: Uri) -> Response {
    let fault = lock(&world.payments.faults).take(OAUTH);
    let told = |answer: CodeAnswer| ([(header::CONTENT_TYPE, "text/plain")], answer.to_json()).into_response();
    match fault {
        Some(AnswerFaultKind::Http500) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(AnswerFaultKind::CloseBefore) => return hang_up(),
        Some(AnswerFaultKind::SystemError) => return told(refused((-1, "system error"))),
        _ => {}
    }
    let holder = world.wechat.exchange(uri.query().unwrap_or_default(), (world.clock)());
    match fault {
        Some(AnswerFaultKind::CloseAfter) => return hang_up(),
        Some(AnswerFaultKind::Slow(ms)) => drop(world.stop.during(Duration::from_millis(ms)).await),
        _ => {}
    }
    told(holder.map_or_else(refused, |holder| CodeAnswer::Granted {
        openid: holder.openid().to_owned(),
        snapshot: holder == Holder::Snapshot,
    }))
}

fn refused((errcode, errmsg): (i64, &'static str)) -> CodeAnswer {
    CodeAnswer::Refused(CodeRefusal { errcode, errmsg: errmsg.to_owned() })
}

impl Gateway {
    fn exchange(&self, query: &str, now_us: i64) -> Result<Holder, (i64, &'static str)> {
        let asked = CodeExchange::parse(query).map_err(|error| match error {
            Error::Shared(wire_pay::Error::MissingField { name: "appid" }) => (41_002, "appid missing"),
            Error::Shared(wire_pay::Error::MissingField { name: "secret" }) => (41_004, "appsecret missing"),
            Error::Shared(wire_pay::Error::MissingField { name: "code" }) => (41_008, "missing code"),
            _ => (40_002, "invalid grant_type"),
        })?;
        if asked.appid != self.identity.appid {
            return Err((40_013, "invalid appid"));
        }
        if asked.secret != self.account.secret {
            return Err((40_125, "invalid appsecret"));
        }
        self.account.exchange(&asked.code, now_us)
    }

    /// What a JSAPI order is answered with. It says when it was given; asked again, there is a new one.
    pub(super) fn prepay_id(trade: &Trade, now_us: i64) -> String {
        format!("wx{:010}{}", now_us / 1_000_000, trade.token)
    }

    /// The trade that signed parameters pay, for whoever holds the phone.
    fn opened(&self, world: &World, body: &[u8], now_us: i64) -> Result<Trade, &'static str> {
        let signed = ClientParameters::verify(body, &self.identity.merchant_key);
        let signed = signed.map_err(|_| "支付验证签名失败")?;
        if signed.app_id() != self.identity.appid {
            return Err("商户号该产品权限未开通");
        }
        const UNKNOWN: &str = "缺少参数：prepay_id";
        let rest = signed.prepay_id().strip_prefix("wx").ok_or(UNKNOWN)?;
        let (given_s, token) = rest.split_at_checked(10).ok_or(UNKNOWN)?;
        let age_s = now_us / 1_000_000 - given_s.parse::<i64>().map_err(|_| UNKNOWN)?;
        let trade = lock(&world.payments.book).by_token(token).cloned();
        let trade = trade.filter(|trade| trade.request.product == Product::Jsapi).ok_or(UNKNOWN)?;
        if !(0..=PREPAY_ID_LIFE_S).contains(&age_s) {
            return Err("该订单已过期，请重新下单");
        }
        if trade.request.openid.as_deref() != Some(self.account.holder().openid()) {
            return Err("下单账号与支付账号不一致，请核实后再支付");
        }
        Ok(trade)
    }
}

/// The cashier inside WeChat: takes what `getBrandWCPayRequest` was given, and says where the payer pays.
async fn open(State(world): State<Arc<World>>, body: Bytes) -> Response {
    match world.wechat.opened(&world, &body, (world.clock)()) {
        Ok(trade) => {
            let page_url = format!("{}?lang={}", page_url(&world, &trade), Lang::Chinese.code());
            axum::Json(json!({ "page_url": page_url })).into_response()
        }
        Err(reason) => {
            let said = json!({ "err_msg": "get_brand_wcpay_request:fail", "err_desc": reason });
            (StatusCode::BAD_REQUEST, axum::Json(said)).into_response()
        }
    }
}
