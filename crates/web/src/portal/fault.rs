//! The page of a request that could not be answered as asked: what is wrong, whose side it is on, what to do. Where people had
//! better look at it, a case is offered that knows what happened, and with what.

use crate::context::Context;
use crate::fault::Fault;
use crate::frame::{Frame, page_with};
use crate::guard::args;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::response::{IntoResponse, Response};

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    p: Frame,
    what: String,
    ours: bool,
    /// Where a case about it is opened, by whoever can.
    case: Option<String>,
}

/// Where a case about a fault is opened: by a customer, or from the secret link of a guest's order.
fn case_of(visit: &Visit, fault: &Fault) -> Option<String> {
    if !fault.for_people() {
        return None;
    }
    let context = Context::of(&visit.here);
    let (title, _) = fault.texts();
    context.guest.clone().or_else(|| visit.customer().is_ok().then(|| context.case_about(title)))
}

/// The page of a fault. If even that fails, a line of plain text.
pub(crate) fn fault_page(web: &Web, visit: &Visit, fault: &Fault) -> Response {
    let (title, detail) = fault.texts();
    let p = visit.frame(web, visit.lang.get(title));
    let what = visit.say(detail, &args(fault));
    let ours = fault.status().is_server_error();
    let page = page_with(fault.status(), &FaultPage { p, what, ours, case: case_of(visit, fault) });
    page.unwrap_or_else(|_| (fault.status(), visit.lang.get(title)).into_response())
}
