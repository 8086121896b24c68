//! `/desk/find`: one box for everything that somebody at the desk has of a customer. What is typed is sent in a form's body, so
//! that no address, history or log has it.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, page_with};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::desk_search::{Finds, Found, Place, find};
use everline_core::search::Named;
use everline_core::staff::Permission;

struct Row {
    href: String,
    what: String,
    shown: String,
    owner: String,
    part: bool,
}

#[derive(Template)]
#[template(path = "desk_find.html")]
struct Find {
    p: Frame,
    q: String,
    rows: Vec<Row>,
    /// What is said of what was found.
    said: Option<String>,
    error: Option<String>,
}

/// What something was found as.
const fn named_key(named: Named) -> &'static str {
    match named {
        Named::Msisdn => "find-msisdn",
        Named::Contact => "find-contact",
        Named::Iccid => "find-iccid",
        Named::Imsi => "find-imsi",
        Named::Eid => "find-eid",
        Named::Imei => "find-imei",
        Named::Order => "find-order",
        Named::Payment => "find-payment",
        Named::Receipt => "find-receipt",
        Named::Case => "find-case",
        Named::Name => "find-name",
        Named::Document => "find-document",
    }
}

fn row(visit: &Visit, found: &Found) -> Row {
    let Found { named, whole, shown, customer, owner, place } = found;
    let href = match place {
        Place::Order(number) => format!("/desk/orders/{number}"),
        Place::Case(case) => format!("/desk/cases/{customer}/{case}"),
        Place::Line(line) => format!("/desk/customers/{customer}?line={line}"),
        Place::Customer => format!("/desk/customers/{customer}"),
    };
    Row { href, what: visit.lang.get(named_key(*named)), shown: shown.clone(), owner: owner.clone(), part: !whole }
}

fn said(visit: &Visit, finds: &Finds) -> String {
    match finds.found.len() {
        0 if finds.device => visit.lang.get("find-device"),
        0 => visit.lang.get("find-nothing"),
        _ if finds.more => visit.lang.get("find-more"),
        count => visit.say("find-found", &[("count", Arg::Count(i64::try_from(count).unwrap_or(i64::MAX)))]),
    }
}

fn show(web: &Web, visit: &Visit, (status, error): (StatusCode, Option<String>), finds: Option<&Finds>) -> Answer {
    let template = Find {
        q: visit.fields.get("q").to_owned(),
        rows: finds.iter().flat_map(|finds| &finds.found).map(|found| row(visit, found)).collect(),
        said: finds.map(|finds| said(visit, finds)),
        error,
        p: visit.frame(web, visit.lang.get("find-title")),
    };
    page_with(status, &template)
}

/// `GET /desk/find`
pub(crate) async fn form(State(web): State<Web>, visit: Visit) -> Answer {
    if !staff(&web, &visit).await?.may(Permission::SeeCustomer) {
        return Err(Problem::NotAllowed.into());
    }
    show(&web, &visit, (StatusCode::OK, None), None)
}

/// `POST /desk/find`
pub(crate) async fn look(State(web): State<Web>, visit: Visit) -> Answer {
    match find(&web.app, me(&visit)?, visit.fields.get("q")).await {
        Ok(finds) => show(&web, &visit, (StatusCode::OK, None), Some(&finds)),
        Err(problem @ Problem::Invalid { .. }) => {
            let error = Some(visit.lang.get("find-too-short"));
            show(&web, &visit, (Fault::from(problem).status(), error), None)
        }
        Err(problem) => Err(problem.into()),
    }
}
