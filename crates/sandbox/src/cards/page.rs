//! The page that the gateway hosts: where a payer gives the card, and where the bank asks (3-D Secure). No number is asked
//! for; the buttons say what the card would do.

use super::{
    act,
    book::{CardAction, Session, State},
};
use crate::{
    World,
    gateway::{
        payer_page::{message, reason_key},
        trade::Intent,
    },
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
use serde::Deserialize;
use std::sync::Arc;
use wire_pay::{stripe::Amount, time::format_time};

pub(super) fn router() -> Router<Arc<World>> {
    Router::new()
        .route("/card/{token}", get(show).post(decide))
        .merge(assets())
        .layer(axum::middleware::from_fn(refuse_other_sites))
}

#[derive(Template)]
#[template(path = "card_page.html")]
struct CardPage<'a> {
    t: &'a Texts,
    seller: &'a str,
    session: &'a Session,
    amount: String,
    deadline: String,
    expired: bool,
    /// Key of the text that says what just happened.
    message: Option<&'static str>,
    paid: bool,
    closed: bool,
    challenged: bool,
    late: bool,
}

async fn show(
    Shared(world): Shared<Arc<World>>,
    Path(token): Path<String>,
    Query(query): Query<LangQuery>,
) -> Response {
    render(&world, &token, query.lang(), None)
}

#[derive(Deserialize)]
struct Decision {
    action: CardAction,
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
        Ok(session) if session.paid_us().is_some() => Redirect::to(&session.request.success_url).into_response(),
        Ok(_) => render(&world, &token, lang, Some(done_key(decision.action))),
    }
}

/// The key of the text for what a payer did.
pub(crate) fn done_key(action: CardAction) -> &'static str {
    match action {
        CardAction::Pay => "pay-done",
        CardAction::Challenge => "card-challenged",
        CardAction::Decline => "pay-declined",
        CardAction::PayLate => "pay-late-set",
        CardAction::Never => "pay-never-set",
        CardAction::SettleRefunds => "card-settled",
        CardAction::Dispute => "card-disputed",
        CardAction::DisputeWon => "card-dispute-won",
        CardAction::DisputeLost => "card-dispute-lost",
    }
}

/// An amount with its currency, in its minor unit's decimals.
pub(crate) fn shown(amount: Amount) -> String {
    let currency = amount.currency().iso();
    let Ok(millionths) = amount.millionths() else { return format!("{currency} {}", amount.minor()) };
    format!("{currency} {}.{:02}", millionths / 1_000_000, millionths % 1_000_000 / 10_000)
}

fn render(world: &World, token: &str, lang: Lang, said: Option<&'static str>) -> Response {
    let Some(session) = lock(&world.cards.book).by_token(token).cloned() else {
        return message(lang, StatusCode::NOT_FOUND, "pay-unknown");
    };
    page(
        StatusCode::OK,
        &CardPage {
            t: lang.texts(),
            seller: &world.seller_name,
            amount: shown(session.amount),
            deadline: format_time(session.deadline_us() / 1_000_000),
            expired: (world.clock)() >= session.deadline_us(),
            message: said,
            paid: session.paid_us().is_some(),
            closed: matches!(session.state, State::Expired { .. }),
            challenged: session.state == State::Challenged,
            late: session.intent == Intent::Late,
            session: &session,
        },
    )
}
