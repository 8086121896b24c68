//! `GET /pay/return/{attempt}`: where providers send payers back to. The address says nothing but our number of the attempt;
//! the browser itself knows the order: its customer is signed in, or it keeps the guest's order in a cookie. By that cookie the
//! pages on which guests begin lead back to an order that was left.

use crate::fault::Answer;
use crate::frame::{Frame, go, page};
use crate::guard::{guest_order, keep_cookie};
use crate::portal::order_shown::order_number;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use everline_app::order_page::order_page;
use everline_app::place_order::find_by_token;
use everline_app::returning::order_of_attempt;
use everline_app::sign_in::Principal;
use everline_core::order::OrderState;

/// Where providers send payers back to; behind it stands the attempt's number.
pub(crate) const RETURN: &str = "/pay/return";
/// How long a browser knows the guest's order that it pays.
const KNOWN_S: i64 = 86_400;

#[derive(Template)]
#[template(path = "returned.html")]
struct Returned {
    p: Frame,
}

/// Leads the browser that paid back to its order; any other one is told where to look.
pub(crate) async fn back(
    State(web): State<Web>,
    visit: Visit,
    headers: HeaderMap,
    Path(attempt): Path<String>,
) -> Answer {
    let paid = order_of_attempt(&web.app, &attempt).await?;
    if let Some(token) = guest_order(&web, &headers)
        && let Ok(order) = find_by_token(&web.app, &token).await
        && Some(order) == paid
    {
        return Ok(go(&format!("/o/{token}")));
    }
    let customer = match visit.who.as_ref().map(|who| who.principal) {
        Some(Principal::Customer(customer)) => Some(customer),
        _ => None,
    };
    if let Some((owner, order)) = paid
        && customer == Some(owner)
    {
        return Ok(go(&format!("/orders/{order}")));
    }
    page(&Returned { p: visit.frame(&web, visit.lang.get("returned-title")) })
}

/// The way back to a guest's order.
pub(crate) struct Left {
    pub(crate) href: String,
    pub(crate) text: String,
}

/// The guest's order that this browser keeps, while it can be paid or is paid and not delivered. Whether it is in effect, or waits
/// behind another plan, is the owner's.
pub(crate) async fn left(web: &Web, visit: &Visit, headers: &HeaderMap) -> Option<Left> {
    let token = guest_order(web, headers)?;
    // A page without it is better than none.
    let (customer, id) = find_by_token(&web.app, &token).await.ok()?;
    let view = order_page(&web.app, customer, id).await.ok()?;
    let open = match view.order.state {
        OrderState::AwaitingPayment => view.order.expires_at > web.app.clock.now().business,
        state => matches!(state, OrderState::Paid | OrderState::Delivered),
    };
    let (name, number) = (view.offering.name.get(visit.lang.tag()), order_number(&view.order.number));
    let text = visit.say("guest-left", &[("name", Arg::Text(name)), ("number", Arg::Text(&number))]);
    open.then(|| Left { href: format!("/o/{token}"), text })
}

/// Goes to a guest's order; the browser keeps its secret, to find it again after paying elsewhere.
pub(crate) fn go_to_guest_order(web: &Web, token: &str) -> Response {
    let mut response = go(&format!("/o/{token}"));
    keep_cookie(web, &mut response, token, KNOWN_S);
    response
}
