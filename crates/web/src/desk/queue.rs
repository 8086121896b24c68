//! `GET /desk`: orders that are paid and not in effect, refunds that wait for a second person, and invoices that were asked
//! for, oldest first.

use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::order_shown::{headline, order_number};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use everline_app::Problem;
use everline_app::contribution::open_contributions;
use everline_app::dispute::open_disputes;
use everline_app::invoice::waiting_invoices;
use everline_app::reconciliation::queue::open_items;
use everline_app::recovery::open_recoveries;
use everline_app::refund_order::waiting_refunds;
use everline_app::sign_in::Principal;
use everline_app::staff::{StaffMember, member, paid_not_in_effect};
use everline_core::ids::RawId;
use everline_core::line::NetworkKind;
use everline_core::time::BusinessTime;

struct Row {
    href: String,
    number: String,
    line: String,
    name: String,
    price: String,
    age: String,
    state: String,
    waits_for: String,
    cases: usize,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct Queue {
    p: Frame,
    member: String,
    /// For the box to find somebody: nothing was typed here.
    q: &'static str,
    error: Option<String>,
    rows: Vec<Row>,
    invoices: Vec<InvoiceRow>,
    /// How many items of reconciliation wait, if any do.
    reconciliation: Option<String>,
    /// How many people ask to be let in, if any do.
    recoveries: Option<String>,
    /// How much waits of what customers wrote under offerings, if anything does.
    contributions: Option<String>,
    /// How many documents wait for an operator, if any do and one looks.
    identities: Option<String>,
    /// How many accounts an operator is to close, if any.
    closings: Option<String>,
    disputes: Vec<DisputeRow>,
    refunds: Vec<RefundRow>,
}

/// A dispute that is not over.
struct DisputeRow {
    href: String,
    number: String,
    reason: String,
    due: String,
}

/// A refund that waits for a second person.
struct RefundRow {
    href: String,
    number: String,
    amount: String,
    age: String,
}

/// An invoice that was asked for.
struct InvoiceRow {
    href: String,
    number: String,
    age: String,
}

/// The staff member who asks. A session whose member is gone is worth nothing.
pub(crate) async fn staff(web: &Web, visit: &Visit) -> Result<StaffMember, Problem> {
    match visit.who.as_ref().map(|who| who.principal) {
        Some(Principal::Staff(id)) => member(&web.app, id).await,
        _ => Err(Problem::NotAllowed),
    }
}

/// The id of the staff member who asks.
pub(super) fn me(visit: &Visit) -> Result<RawId, Problem> {
    match visit.who.as_ref().map(|who| who.principal) {
        Some(Principal::Staff(by)) => Ok(by),
        _ => Err(Problem::NotAllowed),
    }
}

/// The queue.
pub(crate) async fn queue(State(web): State<Web>, visit: Visit) -> Answer {
    let member_is = staff(&web, &visit).await?;
    let show = visit.show(&web);
    let views = paid_not_in_effect(&web.app).await?;
    let rows = views.iter().map(|view| Row {
        href: format!("/desk/orders/{}", view.order.number),
        number: order_number(&view.order.number),
        line: view.line.msisdn.masked(),
        name: view.offering.name.get(visit.lang.tag()).to_owned(),
        price: show.money(view.order.price),
        age: view.order.paid_at.map(|at| show.age(at)).unwrap_or_default(),
        state: visit.lang.get(headline(view.order.state)),
        waits_for: visit.lang.get(match view.line.network {
            NetworkKind::BuiltIn => "desk-waits-built-in",
            NetworkKind::Upstream => "desk-waits-upstream",
        }),
        cases: view.cases.len(),
    });
    let member =
        visit.say("desk-member", &[("name", Arg::Text(&member_is.name)), ("role", Arg::Text(&member_is.role))]);
    let invoices = waiting_invoices(&web.app).await?;
    let invoices = invoices.iter().map(|waiting| InvoiceRow {
        href: format!("/desk/orders/{}", waiting.order),
        number: order_number(&waiting.order),
        age: show.age(waiting.asked_at),
    });
    let invoices = invoices.collect();
    let waiting = i64::try_from(open_items(&web.app).await?.len()).unwrap_or(i64::MAX);
    let reconciliation = (waiting > 0).then(|| visit.say("recon-open", &[("count", waiting.into())]));
    let asking = i64::try_from(open_recoveries(&web.app, me(&visit)?).await?.len()).unwrap_or(i64::MAX);
    let recoveries = (asking > 0).then(|| visit.say("desk-recovery-open", &[("count", asking.into())]));
    let written = open_contributions(&web.app, me(&visit)?).await?;
    let written = i64::try_from(written.open.len() + written.unanswered.len()).unwrap_or(i64::MAX);
    let contributions = (written > 0).then(|| visit.say("desk-contributions-open", &[("count", written.into())]));
    let operator = member_is.role == "operator";
    let documents = if operator { everline_app::identity::queue(&web.app, me(&visit)?).await?.len() } else { 0 };
    let documents = i64::try_from(documents).unwrap_or(i64::MAX);
    let identities = (documents > 0).then(|| visit.say("desk-identity-open", &[("count", documents.into())]));
    let leaving = if operator { everline_app::close_account::queue(&web.app, me(&visit)?).await?.len() } else { 0 };
    let leaving = i64::try_from(leaving).unwrap_or(i64::MAX);
    let closings = (leaving > 0).then(|| visit.say("desk-closings-open", &[("count", leaving.into())]));
    let disputes = open_disputes(&web.app).await?;
    let disputes = disputes.iter().map(|open| DisputeRow {
        href: format!("/desk/orders/{}", open.order),
        number: order_number(&open.order),
        reason: open.reason.clone(),
        due: open.due_by.map(|due| show.moment_in_full(BusinessTime::from_us(due.us()))).unwrap_or_default(),
    });
    let refunds = waiting_refunds(&web.app).await?;
    let refunds = refunds.iter().map(|waiting| RefundRow {
        href: format!("/desk/orders/{}", waiting.order),
        number: order_number(&waiting.order),
        amount: show.money(waiting.amount),
        age: show.age(waiting.asked_at),
    });
    page(&Queue {
        rows: rows.collect(),
        invoices,
        reconciliation,
        recoveries,
        contributions,
        identities,
        closings,
        disputes: disputes.collect(),
        refunds: refunds.collect(),
        member,
        q: "",
        error: None,
        p: visit.frame(&web, visit.lang.get("desk-title")),
    })
}
