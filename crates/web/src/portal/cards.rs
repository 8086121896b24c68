//! `/cards`: saved cards, and their removal.

use crate::fault::Answer;
use crate::frame::{Frame, go, page};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::saved_methods::{remove as remove_method, saved_methods};
use everline_core::ids::PaymentMethodId;

struct CardRow {
    label: String,
    until: String,
    remove: String,
}

#[derive(Template)]
#[template(path = "cards.html")]
struct CardsPage {
    p: Frame,
    cards: Vec<CardRow>,
}

/// `GET /cards`
pub(crate) async fn cards(State(web): State<Web>, visit: Visit) -> Answer {
    let saved = saved_methods(&web.app, visit.customer()?).await?;
    let show = visit.show(&web);
    let rows = saved.iter().map(|saved| {
        // The last day on which it can be used.
        let until = show.day(saved.good_until.plus_us(-1));
        let key = if saved.usable(show.now) { "cards-until" } else { "cards-over" };
        CardRow {
            label: saved.label.clone(),
            until: show.lang.with(key, &[("until", Arg::Text(&until))]),
            remove: format!("/cards/{}/remove", saved.id),
        }
    });
    page(&CardsPage { cards: rows.collect(), p: visit.frame(&web, visit.lang.get("cards-title")) })
}

/// The saved method an address names; what is no id is a method that does not exist.
pub(crate) fn method_id(text: &str) -> Result<PaymentMethodId, Problem> {
    text.parse().map_err(|_| Problem::NotFound("payment method"))
}

/// `POST /cards/{method}/remove`
pub(crate) async fn remove(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    remove_method(&web.app, visit.customer()?, method_id(&id)?).await?;
    Ok(go("/cards"))
}
