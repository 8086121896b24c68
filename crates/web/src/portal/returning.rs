//! `GET /pay/return/{attempt}`: where providers send payers back to. The address says nothing but our number of the attempt;
//! the browser itself knows the order: its customer is signed in, or it keeps the guest's order in a cookie.

use crate::fault::Answer;
use crate::frame::{Frame, go, page};
use crate::guard::{guest_order, keep_cookie};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use everline_app::place_order::find_by_token;
use everline_app::returning::order_of_attempt;
use everline_app::sign_in::Principal;

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

/// Goes to a guest's order; the browser keeps its secret, to find it again after paying elsewhere.
pub(crate) fn go_to_guest_order(web: &Web, token: &str) -> Response {
    let mut response = go(&format!("/o/{token}"));
    keep_cookie(web, &mut response, token, KNOWN_S);
    response
}
