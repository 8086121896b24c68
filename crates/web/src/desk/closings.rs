//! `/desk/closings`: accounts that their owners close, and what is paid out to them by hand. Operators only.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::close_account as app;
use everline_core::ids::{CustomerId, RawId};
use everline_core::money::Money;

struct Row {
    action: String,
    name: String,
    amount: String,
    /// The amount as it is sent back, so that what changed since is seen.
    micros: i64,
    to: Option<(String, String, String)>,
    asked: String,
}

#[derive(Template)]
#[template(path = "desk_closings.html")]
struct Closings {
    p: Frame,
    rows: Vec<Row>,
    error: Option<String>,
}

async fn closings(web: &Web, visit: &Visit, error: Option<&str>) -> Result<Closings, Fault> {
    staff(web, visit).await?;
    let show = visit.show(web);
    let all = app::queue(&web.app, me(visit)?).await?;
    let rows = all.into_iter().map(|row| Row {
        action: format!("/desk/closings/{}/{}", row.customer.id, row.closing.id),
        name: row.customer.name.clone(),
        amount: show.money(row.paid),
        micros: row.paid.micros(),
        to: row.details.map(|details| (details.holder, details.bank, details.number)),
        asked: moment(web, visit, row.closing.asked_at),
    });
    Ok(Closings {
        rows: rows.collect(),
        error: error.map(|key| visit.lang.get(key)),
        p: visit.frame(web, visit.lang.get("desk-closings-title")),
    })
}

/// `GET /desk/closings`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    page(&closings(&web, &visit, None).await?)
}

/// `POST /desk/closings/{customer}/{request}`
pub(crate) async fn paid_out(
    State(web): State<Web>,
    visit: Visit,
    Path((customer, request)): Path<(String, String)>,
) -> Answer {
    staff(&web, &visit).await?;
    let not_found = |_| Problem::NotFound("closing");
    let (customer, request): (RawId, RawId) =
        (customer.parse().map_err(not_found)?, request.parse().map_err(not_found)?);
    let micros: i64 = visit.fields.get("amount").parse().map_err(|_| Problem::NotFound("closing"))?;
    let amount = Money::from_micros(micros, web.app.brand.currency);
    let (which, bank_id) = ((CustomerId(customer), request), visit.fields.get("bank_id"));
    let problem = match app::paid_out(&web.app, which, bank_id, amount, me(&visit)?).await {
        Ok(()) => return Ok(go("/desk/closings")),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { field: "amount", .. } => "desk-closings-changed",
        Problem::Invalid { rule: "noted before", .. } => "desk-closings-noted",
        Problem::Invalid { .. } => "desk-closings-bank-id-wrong",
        Problem::CloseFirst => "desk-closings-against",
        Problem::NotFound(_) => "desk-identity-gone",
        _ => return Err(problem.into()),
    };
    page_with(Fault::from(problem).status(), &closings(&web, &visit, Some(error)).await?)
}
