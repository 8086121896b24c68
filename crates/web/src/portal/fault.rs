//! The page of a request that could not be answered as asked: what is wrong, whose side it is on, what to do.

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
}

/// The page of a fault. If even that fails, a line of plain text.
pub(crate) fn fault_page(web: &Web, visit: &Visit, fault: &Fault) -> Response {
    let (title, detail) = fault.texts();
    let p = visit.frame(web, visit.lang.get(title));
    let what = visit.say(detail, &args(fault));
    let ours = fault.status().is_server_error();
    let page = page_with(fault.status(), &FaultPage { p, what, ours });
    page.unwrap_or_else(|_| (fault.status(), visit.lang.get(title)).into_response())
}
