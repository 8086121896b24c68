//! `POST /desk/orders/{number}/invoice`: staff write down the invoice that they made, or why they did not.

use super::order::{Wrong, show_order};
use super::queue::staff;
use super::refund::{seen, stale};
use crate::fault::Answer;
use crate::frame::go;
use crate::portal::invoice::unusable;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::invoice::settle_invoice;
use everline_app::sign_in::Principal;
use everline_core::invoice::{Issue, Settlement, WrongField, reason};

/// Settles the request for an order's invoice.
pub(crate) async fn settle(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let Some(Principal::Staff(by)) = visit.who.as_ref().map(|who| who.principal) else {
        return Err(Problem::NotAllowed.into());
    };
    let field = |name| visit.fields.get(name);
    let read = match field("settle") {
        "issue" => Issue::read(field("number"), field("link")).map(Settlement::Issue),
        "refuse" => reason(field("reason")).map(Settlement::Refuse),
        _ => return Err(Problem::Invalid { field: "settle", rule: "issue or refuse" }.into()),
    };
    match read {
        Ok(with) => match settle_invoice(&web.app, &number, (with, seen(&visit)), by).await {
            Ok(_) => Ok(go(&format!("/desk/orders/{number}"))),
            Err(Problem::Stale) => stale(&web, &visit, &number, "invoice").await,
            Err(problem) => Err(problem.into()),
        },
        Err(WrongField { field, why }) => {
            let wrong = Wrong { form: "invoice", field, why: visit.lang.get(unusable(why)) };
            show_order(&web, &visit, &number, Some(wrong), None).await
        }
    }
}
