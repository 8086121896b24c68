//! `GET /v/{proof}`: where a receipt is checked. It says what the receipt said, masked as there, and what happened since;
//! or that it is none of ours.

use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::offering_shown::Term;
use crate::portal::order_shown::order_number;
use crate::portal::receipt::{activation, outcome, payment, receipt_number, refund, refunds};
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::receipt::{Checked, check_receipt};
use everline_core::money::Currency;
use everline_core::receipt::{Change, Course, Facts, Second};

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    p: Frame,
    receipt: Vec<Term>,
    payments: Vec<Vec<Term>>,
    activation: Vec<Term>,
    refunds: Vec<Term>,
    since: Vec<Term>,
    /// The key that signed.
    key: String,
    /// The same for machines.
    machine: String,
}

/// `GET /v/{proof}`
pub(crate) async fn check(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let checked = check_receipt(&web.app, &token).await?;
    let show = visit.show(&web);
    let Facts { amount, payments, .. } = &checked.signed.facts;
    let course = &checked.signed.course;
    page(&CheckPage {
        receipt: receipt(&show, &checked.signed.facts, course),
        payments: payments.iter().map(|paid| payment(&show, paid)).collect(),
        activation: activation(&show, course),
        refunds: refunds(&show, course, amount.currency()),
        since: since(&show, &checked, amount.currency()),
        key: checked.signed.key.id().to_string(),
        machine: format!("/api/v1/receipts/{token}"),
        p: visit.frame(&web, visit.lang.get("check-title")),
    })
}

fn receipt(show: &Show, facts: &Facts, course: &Course) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let mut terms = vec![
        term("receipt-number", receipt_number(facts.number)),
        term("check-issued", show.moment_in_full(facts.issued_at)),
        term("receipt-amount", show.money(facts.amount)),
        term("receipt-payee", facts.payee.legal_name.get(lang.tag()).to_owned()),
        term("receipt-credit-code", facts.payee.credit_code.clone()),
        term("receipt-item", facts.item_name.get(lang.tag()).to_owned()),
        term("receipt-line", facts.msisdn.clone()),
    ];
    terms.extend(facts.iccid.clone().map(|iccid| term("receipt-iccid", iccid)));
    terms.push(term("receipt-order", order_number(&facts.order)));
    let validity = match (course.starts, course.ends) {
        (Some(from), Some(to)) => {
            let (from, to) = (show.moment_in_full(from.instant()), show.moment_in_full(to.instant()));
            Some(lang.with("receipt-from-to", &[("from", Arg::Text(&from)), ("to", Arg::Text(&to))]))
        }
        _ => facts.lasts.map(|lasts| show.validity(lasts)),
    };
    terms.extend(validity.map(|value| term("receipt-validity", value)));
    terms
}

/// What happened after it was written.
fn since(show: &Show, checked: &Checked, currency: Currency) -> Vec<Term> {
    let lang = show.lang;
    let at = |key, at: Second| Term { label: lang.get(key), value: show.moment_in_full(at.instant()) };
    let changes = checked.changes().into_iter().map(|change| match change {
        Change::Outcome(now) => Term { label: lang.get("receipt-result"), value: lang.get(outcome(now)) },
        Change::Delivered(second) => at("receipt-delivered-at", second),
        Change::InEffect(second) => at("receipt-in-effect-at", second),
        Change::Starts(second) => at("order-fact-starts", second),
        Change::Ends(second) => at("order-fact-ends", second),
        Change::Returned(back) => {
            let Term { label, value } = refund(show, &back, currency);
            Term { label: lang.get("receipt-refunds"), value: format!("{value} · {label}") }
        }
    });
    changes.collect()
}
