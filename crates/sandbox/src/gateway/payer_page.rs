//! The page a payer sees after scanning a code or being sent to the cashier, and what its buttons do.

use super::{
    alipay, notify,
    trade::{CannotPay, Intent, State, Trade, Wallet},
};
use crate::{
    World,
    net::{lock, refuse_other_sites},
    view::{Lang, LangQuery, Texts, assets, page},
};
use askama::Template;
use axum::{
    Form, Router,
    extract::{Path, Query, State as Shared},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wire_pay::alipay::format_time;

/// What a payer can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// Scan the code or open the link.
    Scan,
    /// Pay now.
    Pay,
    /// Try to pay and be declined.
    Decline,
    /// Pay after the deadline.
    PayLate,
    /// Walk away.
    Never,
}

/// Does it, and tells the merchant what there is to tell.
pub(crate) fn act(world: &Arc<World>, token: &str, action: Action) -> Result<Trade, CannotPay> {
    let now_us = (world.clock)();
    let (trade, event) = {
        let mut book = lock(&world.payments.book);
        let event = match action {
            Action::Scan => book.scan(token, now_us).map(|_| None)?,
            Action::Pay => Some(book.pay(token, now_us, false)?),
            Action::Decline => book.decline(token, now_us).map(|()| None)?,
            Action::PayLate => book.pay_late(token, now_us)?,
            Action::Never => book.never(token).map(|()| None)?,
        };
        (book.by_token(token).cloned().ok_or(CannotPay::Unknown)?, event)
    };
    if let Some(event) = event {
        notify::announce(world, &trade, &event);
    }
    Ok(trade)
}

pub(crate) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/qr/{token}", get(scan))
        .route("/pay/{token}", get(show).post(decide))
        .merge(assets())
        .layer(axum::middleware::from_fn(refuse_other_sites))
}

#[derive(Template)]
#[template(path = "pay_page.html")]
struct PayPage<'a> {
    t: &'a Texts,
    seller: &'a str,
    trade: &'a Trade,
    deadline: String,
    expired: bool,
    /// Key of the text that says what just happened.
    message: Option<&'static str>,
    paid: bool,
    closed: bool,
    late: bool,
    return_url: Option<String>,
}

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    t: &'a Texts,
    key: &'static str,
}

async fn scan(
    Shared(world): Shared<Arc<World>>,
    Path(token): Path<String>,
    Query(query): Query<LangQuery>,
) -> Response {
    let known = lock(&world.payments.book).by_token(&token).is_some();
    if !known {
        return message(query.lang(), StatusCode::NOT_FOUND, "pay-unknown");
    }
    // An expired code still shows its page: paying late starts there.
    let _ = act(&world, &token, Action::Scan);
    Redirect::to(&format!("/pay/{token}?lang={}", query.lang().code())).into_response()
}

async fn show(
    Shared(world): Shared<Arc<World>>,
    Path(token): Path<String>,
    Query(query): Query<LangQuery>,
) -> Response {
    // Being sent to the cashier is what scanning is for a code.
    let opens = lock(&world.payments.book).by_token(&token).is_some_and(|trade| !trade.request.product.is_code());
    if opens {
        let _ = act(&world, &token, Action::Scan);
    }
    render(&world, &token, query.lang(), None)
}

#[derive(Deserialize)]
struct Decision {
    action: Action,
    #[serde(default)]
    lang: String,
}

async fn decide(
    Shared(world): Shared<Arc<World>>,
    Path(token): Path<String>,
    Form(decision): Form<Decision>,
) -> Response {
    let lang = Lang::parse(&decision.lang);
    match act(&world, &token, decision.action) {
        Err(reason) => render(&world, &token, lang, Some(reason_key(reason))),
        Ok(trade) => match (trade.paid_us(), return_url(&world, &trade)) {
            (Some(_), Some(url)) => Redirect::to(&url).into_response(),
            _ => render(&world, &token, lang, Some(done_key(decision.action))),
        },
    }
}

/// The key of the text for a reason not to be able to pay.
pub(crate) fn reason_key(reason: CannotPay) -> &'static str {
    match reason {
        CannotPay::Unknown => "pay-unknown",
        CannotPay::AlreadyPaid => "pay-already",
        CannotPay::Closed => "pay-closed",
        CannotPay::Expired => "pay-expired",
    }
}

/// The key of the text for what a payer did.
pub(crate) fn done_key(action: Action) -> &'static str {
    match action {
        Action::Scan => "pay-scanned",
        Action::Pay => "pay-done",
        Action::Decline => "pay-declined",
        Action::PayLate => "pay-late-set",
        Action::Never => "pay-never-set",
    }
}

pub(crate) fn message(lang: Lang, status: StatusCode, key: &'static str) -> Response {
    page(status, &Message { t: lang.texts(), key })
}

fn render(world: &World, token: &str, lang: Lang, said: Option<&'static str>) -> Response {
    let Some(trade) = lock(&world.payments.book).by_token(token).cloned() else {
        return message(lang, StatusCode::NOT_FOUND, "pay-unknown");
    };
    let paid = trade.paid_us().is_some();
    page(
        StatusCode::OK,
        &PayPage {
            t: lang.texts(),
            seller: &world.seller_name,
            deadline: format_time(trade.request.deadline_us / 1_000_000),
            expired: (world.clock)() >= trade.request.deadline_us,
            message: said,
            paid,
            closed: matches!(trade.state, State::Closed { .. }),
            late: trade.intent == Intent::Late,
            return_url: if paid { return_url(world, &trade) } else { None },
            trade: &trade,
        },
    )
}

/// Where the browser goes after paying. Coming back says nothing about money; WeChat Pay does not even sign it.
fn return_url(world: &World, trade: &Trade) -> Option<String> {
    match trade.wallet() {
        Wallet::Alipay => alipay::notice::return_url(&world.alipay.identity, trade, (world.clock)()),
        Wallet::Wechat => trade.request.return_url.clone().filter(|url| url.starts_with("http")),
    }
}
