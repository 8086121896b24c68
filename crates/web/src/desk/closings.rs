//! `/desk/closings`: accounts that their owners close, and what is paid out to them by hand. Operators only.

use super::queue::{me, more_waits, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::close_account::{self as app, ToPayOut};
use everline_core::closing::ClosingState;
use everline_core::ids::{CustomerId, RawId};
use everline_core::money::Money;

struct Row {
    action: String,
    name: String,
    amount: String,
    next: Next,
    to: Option<(String, String, String)>,
    asked: String,
}

/// What is to be done next.
enum Next {
    /// Taking it up; the amount in millionths as it is sent back, so that what changed since is seen.
    TakeUp { amount: i64 },
    /// Sending the money and noting it, by whoever took it up.
    Note { sender: String },
    /// Removing what names the customer, once more.
    Finish { bank_id: String },
}
impl Next {
    fn of(row: &ToPayOut) -> Self {
        let closing = &row.closing;
        match closing.state {
            ClosingState::Sending => Self::Note { sender: closing.taken_by.clone().unwrap_or_default() },
            ClosingState::PaidOut => {
                Self::Finish { bank_id: closing.bank_id.clone().unwrap_or_else(|| "-".to_owned()) }
            }
            _ => Self::TakeUp { amount: row.paid.micros() },
        }
    }
}

#[derive(Template)]
#[template(path = "desk_closings.html")]
struct Closings {
    p: Frame,
    rows: Vec<Row>,
    /// What is said if more waits.
    more: Option<String>,
    error: Option<String>,
}

async fn closings(web: &Web, visit: &Visit, error: Option<&str>) -> Result<Closings, Fault> {
    staff(web, visit).await?;
    let show = visit.show(web);
    let all = app::queue(&web.app, me(visit)?).await?;
    let more = more_waits(visit, &all);
    let rows = all.rows.into_iter().map(|row| Row {
        action: format!("/desk/closings/{}/{}", row.customer.id, row.closing.id),
        name: row.customer.name.clone(),
        amount: show.money(row.paid),
        next: Next::of(&row),
        to: row.details.map(|details| (details.holder, details.bank, details.number)),
        asked: moment(web, visit, row.closing.asked_at),
    });
    Ok(Closings {
        rows: rows.collect(),
        more,
        error: error.map(|key| visit.lang.get(key)),
        p: visit.frame(web, visit.lang.get("desk-closings-title")),
    })
}

/// `GET /desk/closings`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    page(&closings(&web, &visit, None).await?)
}

type Which = Path<(String, String)>;
fn which(path: Which) -> Result<(CustomerId, RawId), Problem> {
    let Path((customer, request)) = path;
    let not_found = |_| Problem::NotFound("closing");
    Ok((CustomerId(customer.parse().map_err(not_found)?), request.parse().map_err(not_found)?))
}

/// `POST /desk/closings/{customer}/{request}/take`
pub(crate) async fn take_up(State(web): State<Web>, visit: Visit, path: Which) -> Answer {
    staff(&web, &visit).await?;
    let micros: i64 = visit.fields.get("amount").parse().map_err(|_| Problem::NotFound("closing"))?;
    let amount = Money::from_micros(micros, web.app.brand.currency);
    let taken = app::take_up(&web.app, which(path)?, amount, me(&visit)?).await;
    answer(&web, &visit, taken.map(|_| ())).await
}
/// `POST /desk/closings/{customer}/{request}/sent`
pub(crate) async fn sent(State(web): State<Web>, visit: Visit, path: Which) -> Answer {
    staff(&web, &visit).await?;
    let noted = app::paid_out(&web.app, which(path)?, visit.fields.get("bank_id"), me(&visit)?).await;
    answer(&web, &visit, noted).await
}
/// `POST /desk/closings/{customer}/{request}/not-sent`
pub(crate) async fn not_sent(State(web): State<Web>, visit: Visit, path: Which) -> Answer {
    staff(&web, &visit).await?;
    let noted = app::not_sent(&web.app, which(path)?, me(&visit)?).await;
    answer(&web, &visit, noted).await
}

/// The list, as it is now, with what stood in the way.
async fn answer(web: &Web, visit: &Visit, done: Result<(), Problem>) -> Answer {
    let problem = match done {
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
    page_with(Fault::from(problem).status(), &closings(web, visit, Some(error)).await?)
}
