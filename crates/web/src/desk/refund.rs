//! `/desk/orders/{number}/refund`: staff give money of an order back, and a second person decides above the limit.

use super::order::{Wrong, show_order};
use super::queue::{me, staff};
use crate::fault::{Answer, no_other_way, no_refund, not_decided};
use crate::frame::go;
use crate::portal::invoice::unusable;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::order_seen::OrderSeen;
use everline_app::refund_order::{NewRefund, decide_refund, refund_by_staff};
use everline_app::refund_other_way::refund_other_way;
use everline_core::ids::RawId;
use everline_core::invoice::reason;
use everline_core::money::Money;
use everline_core::refund::OtherWay;
use everline_core::refund_request::Verdict;

/// `POST /desk/orders/{number}/refund`: gives it back, or asks for a second person.
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let by = me(&visit)?;
    let new = match read(&web, &visit) {
        Ok(new) => new,
        Err((field, key)) => {
            let wrong = Wrong { form: "refund", field, why: visit.lang.get(key) };
            return show_order(&web, &visit, &number, Some(wrong), None).await;
        }
    };
    match refund_by_staff(&web.app, &number, new, by).await {
        Ok(_) => Ok(go(&format!("/desk/orders/{number}"))),
        Err(Problem::NoRefund(why)) => refused(&web, &visit, &number, "amount", no_refund(why)).await,
        Err(Problem::Stale) => stale(&web, &visit, &number, "refund").await,
        Err(problem) => Err(problem.into()),
    }
}

/// `POST /desk/orders/{number}/refund/{request}`: a second person approves or declines.
pub(crate) async fn settle(
    State(web): State<Web>,
    visit: Visit,
    Path((number, request)): Path<(String, String)>,
) -> Answer {
    staff(&web, &visit).await?;
    let by = me(&visit)?;
    let request: RawId = request.parse().map_err(|_| Problem::NotFound("refund"))?;
    let verdict = match visit.fields.get("verdict") {
        "approve" => Verdict::Approve,
        "decline" => Verdict::Decline,
        _ => return Err(Problem::Invalid { field: "verdict", rule: "approve or decline" }.into()),
    };
    match decide_refund(&web.app, &number, (request, seen(&visit)), verdict, by).await {
        Ok(_) => Ok(go(&format!("/desk/orders/{number}"))),
        Err(Problem::NotDecided(why)) => refused(&web, &visit, &number, "verdict", not_decided(why)).await,
        Err(Problem::NoRefund(why)) => refused(&web, &visit, &number, "verdict", no_refund(why)).await,
        Err(Problem::Stale) => stale(&web, &visit, &number, "refund").await,
        Err(problem) => Err(problem.into()),
    }
}

/// `POST /desk/orders/{number}/refund/{refund}/other-way`: gives what a provider refused to give back as credit, or notes that
/// it went from the bank account.
pub(crate) async fn other_way(
    State(web): State<Web>,
    visit: Visit,
    Path((number, refund)): Path<(String, String)>,
) -> Answer {
    staff(&web, &visit).await?;
    let by = me(&visit)?;
    let refund: RawId = refund.parse().map_err(|_| Problem::NotFound("refund"))?;
    let way = OtherWay::from_word(visit.fields.get("way"));
    let way = way.ok_or(Problem::Invalid { field: "way", rule: "credit or bank" })?;
    let refund = (refund, seen(&visit));
    let key = match refund_other_way(&web.app, &number, refund, (way, visit.fields.get("bank_id")), by).await {
        Err(Problem::Stale) => return stale(&web, &visit, &number, "other-way").await,
        Ok(()) => return Ok(go(&format!("/desk/orders/{number}"))),
        Err(Problem::NoOtherWay(why)) => no_other_way(why),
        Err(Problem::Invalid { field: "bank-id", .. }) => "desk-other-way-wrong-bank-id",
        Err(Problem::ExistsDifferently("bank-id")) => "desk-other-way-bank-id-taken",
        Err(problem) => return Err(problem.into()),
    };
    let wrong = Wrong { form: "other-way", field: "bank_id", why: visit.lang.get(key) };
    show_order(&web, &visit, &number, Some(wrong), None).await
}

/// What the page showed, where a form says so; what nobody can read is as good as an old page.
pub(super) fn seen(visit: &Visit) -> Option<OrderSeen> {
    let said = visit.fields.get("seen");
    (!said.is_empty()).then(|| OrderSeen::read(said).unwrap_or_else(OrderSeen::nothing))
}

/// The page once more, with what changed since it was opened.
pub(super) async fn stale(web: &Web, visit: &Visit, number: &str, form: &'static str) -> Answer {
    let wrong = Wrong { form, field: "stale", why: String::new() };
    show_order(web, visit, number, Some(wrong), None).await
}

async fn refused(web: &Web, visit: &Visit, number: &str, field: &'static str, key: &str) -> Answer {
    let wrong = Wrong { form: "refund", field, why: visit.lang.get(key) };
    show_order(web, visit, number, Some(wrong), None).await
}

/// Reads the form; the field that cannot be used, and the key of why.
fn read(web: &Web, visit: &Visit) -> Result<NewRefund, (&'static str, &'static str)> {
    let fields = &visit.fields;
    let id = fields.get("id").parse().map_err(|_| ("id", "desk-refund-wrong-id"))?;
    let amount = match fields.get("amount").trim() {
        "" => None,
        text => {
            let amount = Money::parse(text, web.app.brand.currency).ok().filter(|amount| amount.micros() > 0);
            Some(amount.ok_or(("amount", "desk-refund-wrong-amount"))?)
        }
    };
    let keeps = fields.get("keeps") == "yes";
    let reason = reason(fields.get("reason")).map_err(|wrong| ("reason", unusable(wrong.why)))?;
    Ok(NewRefund { id, amount, keeps, reason, seen: seen(visit) })
}
