//! `/orders/{order}/refund`: the money back: what the offering's rule says, how much it is, and where it goes; one button.

use crate::fault::{Answer, Fault, no_refund};
use crate::frame::{Frame, go, page_with};
use crate::portal::offering_shown::{Term, refund_rule};
use crate::portal::order::order_id;
use crate::portal::order_shown::{Audience, order_number};
use crate::portal::pay::method_shown;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::order_page::{OrderView, order_page};
use everline_app::refund_order::{RefundOffer, refund_by_customer, refund_offer};
use everline_core::ids::{CustomerId, OrderId};
use everline_core::money::Money;
use everline_core::order::PlacedBy;
use everline_core::refund_order::Ask;
use everline_core::refund_rule::{NoRefund, Refundable};

#[derive(Template)]
#[template(path = "refund.html")]
struct RefundPage {
    p: Frame,
    /// The address of the order's page.
    base: String,
    order: String,
    name: String,
    price: String,
    /// The offering's rule, in words.
    rule: String,
    /// What can be asked for.
    offer: Option<OfferShown>,
    /// Why nothing can.
    why_not: Option<String>,
}

struct OfferShown {
    /// `rule`, `wrong-number` or `tell`.
    ask: &'static str,
    lead: String,
    amount: String,
    until: String,
    /// The methods it goes back to, and how much to each.
    parts: Vec<Term>,
    button: String,
}

/// Whether this reader may ask for an order's money: what a guest paid is the guest's, and the owner's own is the owner's.
pub(crate) fn asks(view: &OrderView, audience: Audience) -> bool {
    let by_guest = view.order.placed_by == PlacedBy::Guest;
    view.order.state.delivered() && by_guest == (audience == Audience::Guest)
}

/// `GET /orders/{order}/refund`
pub(crate) async fn refund(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    show_refund(&web, &visit, (customer, id), Audience::Owner, format!("/orders/{id}"), None).await
}

/// `POST /orders/{order}/refund`
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    ask_back(&web, &visit, (customer, id), Audience::Owner, format!("/orders/{id}")).await
}

/// The order, if it is this reader's to ask about.
async fn order(web: &Web, (customer, id): (CustomerId, OrderId), audience: Audience) -> Result<OrderView, Fault> {
    let view = order_page(&web.app, customer, id).await?;
    let by_guest = view.order.placed_by == PlacedBy::Guest;
    if by_guest == (audience == Audience::Guest) { Ok(view) } else { Err(Problem::NotFound("order").into()) }
}

/// The page, for the owner or a guest, with why what was just asked for is not possible.
pub(crate) async fn show_refund(
    web: &Web,
    visit: &Visit,
    of: (CustomerId, OrderId),
    audience: Audience,
    base: String,
    refused: Option<NoRefund>,
) -> Answer {
    let view = order(web, of, audience).await?;
    let offer = refund_offer(&web.app, of.0, of.1).await?;
    let (show, lang) = (visit.show(web), visit.lang);
    let why_not = refused.or_else(|| offer.by_rule.as_ref().err().copied());
    let offer = offer_shown(visit, web, &view, &offer, audience);
    let why_not = why_not.filter(|_| refused.is_some() || offer.is_none());
    // What the line has, and what was used of it, is the owner's to know.
    let told = |why| match (why, audience) {
        (NoRefund::Used | NoRefund::Ended, Audience::Guest) => "refund-not-by-itself",
        _ => no_refund(why),
    };
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    page_with(
        status,
        &RefundPage {
            order: order_number(&view.order.number),
            name: view.offering.name.get(lang.tag()).to_owned(),
            price: show.money(view.order.price),
            rule: refund_rule(&show, view.offering.refund),
            offer,
            why_not: why_not.map(|why| lang.get(told(why))),
            p: visit.frame(web, lang.get("refund-title")),
            base,
        },
    )
}

/// What can be asked for: the rule before the wrong number, which within a day is for people to look at if it was used.
fn offer_shown(
    visit: &Visit,
    web: &Web,
    view: &OrderView,
    offer: &RefundOffer,
    audience: Audience,
) -> Option<OfferShown> {
    let (show, lang) = (visit.show(web), visit.lang);
    let shown = |ask, lead: &str, found: &Refundable| {
        let amount = show.money(found.amount);
        let parts = found.parts.iter().map(|part| Term {
            label: method_shown(&show, part.method).label,
            value: show.money(Money::from_micros(part.amount, view.order.price.currency())),
        });
        OfferShown {
            ask,
            lead: lang.get(lead),
            button: lang.with("refund-ask", &[("amount", Arg::Text(&amount))]),
            amount,
            until: show.moment(found.until),
            parts: parts.collect(),
        }
    };
    match (&offer.by_rule, &offer.wrong_number) {
        (Ok(found), _) => Some(shown("rule", "refund-by-rule", found)),
        (_, Ok(found)) => Some(shown("wrong-number", "refund-wrong-number", found)),
        (_, Err(NoRefund::Used)) => Some(OfferShown {
            ask: "tell",
            // A guest is not told that the owner used it.
            lead: lang.get(match audience {
                Audience::Owner => "refund-wrong-number-used",
                Audience::Guest => "refund-wrong-number-people",
            }),
            button: lang.get("refund-tell"),
            amount: String::new(),
            until: String::new(),
            parts: Vec::new(),
        }),
        _ => None,
    }
}

/// Asks for the money back, for the owner or a guest.
pub(crate) async fn ask_back(
    web: &Web,
    visit: &Visit,
    of: (CustomerId, OrderId),
    audience: Audience,
    base: String,
) -> Answer {
    order(web, of, audience).await?;
    let ask = match visit.fields.get("ask") {
        "rule" => Ask::ByRule,
        "wrong-number" | "tell" => Ask::WrongNumber,
        _ => return Err(Problem::Invalid { field: "ask", rule: "rule, wrong-number or tell" }.into()),
    };
    match refund_by_customer(&web.app, of.0, of.1, ask).await {
        Ok(_) => Ok(go(&base)),
        // Asked twice: the order's page tells what became of the first.
        Err(Problem::NoRefund(NoRefund::BackAlready)) => Ok(go(&base)),
        Err(Problem::NoRefund(why)) => show_refund(web, visit, of, audience, base, Some(why)).await,
        Err(problem) => Err(problem.into()),
    }
}
