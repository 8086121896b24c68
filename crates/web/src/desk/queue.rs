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
use everline_app::invoice::waiting_invoices;
use everline_app::refund_order::waiting_refunds;
use everline_app::sign_in::Principal;
use everline_app::staff::{StaffMember, member, paid_not_in_effect};
use everline_core::line::NetworkKind;

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
    rows: Vec<Row>,
    invoices: Vec<InvoiceRow>,
    refunds: Vec<RefundRow>,
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

/// The queue.
pub(crate) async fn queue(State(web): State<Web>, visit: Visit) -> Answer {
    let member = staff(&web, &visit).await?;
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
    let member = visit.say("desk-member", &[("name", Arg::Text(&member.name)), ("role", Arg::Text(&member.role))]);
    let invoices = waiting_invoices(&web.app).await?;
    let invoices = invoices.iter().map(|waiting| InvoiceRow {
        href: format!("/desk/orders/{}", waiting.order),
        number: order_number(&waiting.order),
        age: show.age(waiting.asked_at),
    });
    let invoices = invoices.collect();
    let refunds = waiting_refunds(&web.app).await?;
    let refunds = refunds.iter().map(|waiting| RefundRow {
        href: format!("/desk/orders/{}", waiting.order),
        number: order_number(&waiting.order),
        amount: show.money(waiting.amount),
        age: show.age(waiting.asked_at),
    });
    let refunds = refunds.collect();
    page(&Queue { rows: rows.collect(), invoices, refunds, member, p: visit.frame(&web, visit.lang.get("desk-title")) })
}
