//! `GET /desk/reconciliation`: what must be decided about providers' bills, oldest first; `GET /desk/reconciliation/{item}`: one
//! item with what both sides say; `POST` there: what people do about it. Operators act, agents read.

use super::queue::{more_waits, staff};
use super::words::{attempt_key, method_key};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::case_shown::case_number;
use crate::portal::offering_shown::Term;
use crate::portal::order_shown::order_number;
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::reconciliation::queue::{self, ItemView};
use everline_app::sign_in::Principal;
use everline_core::ids::{ItemId, RawId};
use everline_core::money::Money;
use everline_core::payment::Provider;
use everline_core::reconciliation::{Action, Item, ItemKind, ItemState, LineKind, NotClosed};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, SystemTime};
use serde::Deserialize;

struct Row {
    href: String,
    kind: String,
    about: String,
    amount: String,
    provider: String,
    day: String,
    age: String,
}

#[derive(Template)]
#[template(path = "reconciliation.html")]
struct List {
    p: Frame,
    rows: Vec<Row>,
    /// What is said if more waits.
    more: Option<String>,
}

/// A side of an item: its title and its facts.
struct Side {
    title: String,
    terms: Vec<Term>,
}

/// What can be done: the word that is sent, and what the button says.
struct Button {
    word: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "reconciliation_item.html")]
struct One {
    p: Frame,
    lead: String,
    sides: Vec<Side>,
    /// The order that it is about.
    order: Option<String>,
    action: String,
    can_ask: bool,
    buttons: Vec<Button>,
    /// What the provider said when it was asked again.
    said: Option<String>,
    /// What is wrong with the reason, and the reason as it was typed.
    wrong: Option<String>,
    typed: String,
    /// The case about it; where one is opened by those who may; and why it was not.
    case: Option<(String, String)>,
    open_case: Option<String>,
    case_text: String,
    case_wrong: Option<String>,
}

const fn kind_key(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::OursOnly => "recon-ours-only",
        ItemKind::TheirsOnly => "recon-theirs-only",
        ItemKind::AmountDiffers => "recon-amount-differs",
        ItemKind::NumberDiffers => "recon-number-differs",
        ItemKind::StateDiffers => "recon-state-differs",
        ItemKind::Doubled => "recon-doubled",
        ItemKind::LineChanged => "recon-line-changed",
        ItemKind::LineGone => "recon-line-gone",
        ItemKind::NotUnderstood => "recon-not-understood",
        ItemKind::CameAfterAll => "recon-came-after-all",
    }
}

/// What it means, and what to do.
const fn lead_key(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::OursOnly => "recon-ours-only-do",
        ItemKind::TheirsOnly => "recon-theirs-only-do",
        ItemKind::AmountDiffers => "recon-amount-differs-do",
        ItemKind::NumberDiffers => "recon-number-differs-do",
        ItemKind::StateDiffers => "recon-state-differs-do",
        ItemKind::Doubled => "recon-doubled-do",
        ItemKind::LineChanged => "recon-line-changed-do",
        ItemKind::LineGone => "recon-line-gone-do",
        ItemKind::NotUnderstood => "recon-not-understood-do",
        ItemKind::CameAfterAll => "recon-came-after-all-do",
    }
}

const fn about_key(about: LineKind) -> &'static str {
    match about {
        LineKind::Payment => "recon-payment",
        LineKind::Refund => "recon-refund",
        LineKind::Fee => "recon-fee",
        LineKind::Payout => "recon-payout",
        LineKind::Other => "recon-other",
    }
}

const fn provider_key(provider: Provider) -> &'static str {
    match provider {
        Provider::Alipay => "recon-alipay",
        Provider::Wechat => "recon-wechat",
        Provider::Stripe => "recon-stripe",
        Provider::Bank => "recon-bank",
    }
}

const fn action_key(action: Action) -> &'static str {
    match action {
        Action::Agreed => "recon-agreed",
        Action::Accept => "recon-accept",
        Action::WriteOff => "recon-write-off",
        Action::Suspense => "recon-suspense",
    }
}

const fn said_key(said: &str) -> Option<&'static str> {
    match said.as_bytes() {
        b"agreed" => Some("recon-said-agreed"),
        b"paid" => Some("recon-said-paid"),
        b"not-paid" => Some("recon-said-not-paid"),
        b"asked-of-refund" => Some("recon-said-refund-asked"),
        b"unknown" => Some("recon-said-unknown"),
        _ => None,
    }
}

/// System times are shown on the same calendar.
const fn calendar(at: SystemTime) -> BusinessTime {
    BusinessTime::from_us(at.us())
}

/// The queue.
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    let member = staff(&web, &visit).await?;
    let show = visit.show(&web);
    let now = web.app.clock.now().system;
    let shown = Show { now: calendar(now), ..show.clone() };
    let items = queue::open_items(&web.app, member.id).await?;
    let rows = items.rows.iter().map(|item| Row {
        href: format!("/desk/reconciliation/{}", item.id),
        kind: visit.lang.get(kind_key(item.kind)),
        about: visit.lang.get(about_key(item.about)),
        amount: show.money(item.amount()),
        provider: visit.lang.get(provider_key(item.provider)),
        day: item.day.to_string(),
        age: shown.age(calendar(item.opened_at)),
    });
    page(&List {
        rows: rows.collect(),
        more: more_waits(&visit, &items),
        p: visit.frame(&web, visit.lang.get("recon-title")),
    })
}

/// What the provider said when it was asked again.
#[derive(Deserialize)]
pub(crate) struct Asked {
    said: Option<String>,
}

/// One item.
pub(crate) async fn item(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    show_item(&web, &visit, &id, &asked.said.unwrap_or_default(), None).await
}

pub(super) fn read_id(id: &str) -> Result<ItemId, Problem> {
    id.parse().map_err(|_| Problem::NotFound("item"))
}

/// Does what a member decided.
pub(crate) async fn act(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let by = member_id(&visit)?;
    let item = read_id(&id)?;
    let word = visit.fields.get("action");
    if word == "ask" {
        let said = queue::ask_again(&web.app, item, by).await?;
        return Ok(go(&format!("/desk/reconciliation/{item}?said={}", said.word())));
    }
    let action = Action::from_word(word).filter(|action| *action != Action::Agreed);
    let action = action.ok_or(Problem::Invalid { field: "action", rule: "ask, accept, write_off or suspense" })?;
    match queue::close(&web.app, item, action, visit.fields.get("reason"), by).await {
        Ok(()) => Ok(go(&format!("/desk/reconciliation/{item}"))),
        Err(Problem::NotClosed(NotClosed::Reason)) => {
            show_item(&web, &visit, &id, "", Some(visit.lang.get("recon-reason-needed"))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

fn member_id(visit: &Visit) -> Result<RawId, Problem> {
    match visit.who.as_ref().map(|who| who.principal) {
        Some(Principal::Staff(id)) => Ok(id),
        _ => Err(Problem::NotAllowed),
    }
}

async fn show_item(web: &Web, visit: &Visit, id: &str, said: &str, wrong: Option<String>) -> Answer {
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page_with(status, &one(web, visit, id, said, wrong).await?)
}

/// An item about which no case was opened, and why.
pub(super) async fn item_with(web: &Web, visit: &Visit, id: &str, (status, why): (StatusCode, String)) -> Answer {
    let page = one(web, visit, id, "", None).await?;
    page_with(status, &One { case_wrong: Some(why), case_text: visit.fields.get("text").to_owned(), ..page })
}

async fn one(web: &Web, visit: &Visit, id: &str, said: &str, wrong: Option<String>) -> Result<One, Fault> {
    let member = staff(web, visit).await?;
    let view = queue::item(&web.app, read_id(id)?, member.id).await?;
    let show = visit.show(web);
    let may_act = member.may(Permission::SettleReconciliation);
    let actions = view.actions.iter().filter(|_| may_act);
    let buttons: Vec<Button> =
        actions.map(|action| Button { word: action.word(), text: visit.lang.get(action_key(*action)) }).collect();
    let mut sides = vec![item_side(&show, &view.item), theirs(&show, &view), ours(&show, &view)];
    sides.extend(closed(&show, &view));
    for side in &mut sides {
        side.terms.retain(|term| !term.value.is_empty());
    }
    let order = view.payment.as_ref().map(|(_, order)| order.number.clone());
    let action = format!("/desk/reconciliation/{}", view.item.id);
    let case = view.case.map(|(customer, case)| (format!("/desk/cases/{customer}/{case}"), case_number(case)));
    Ok(One {
        lead: visit.lang.get(lead_key(view.item.kind)),
        sides,
        can_ask: !buttons.is_empty() && view.payment.is_some(),
        order,
        buttons,
        said: said_key(said).map(|key| visit.lang.get(key)),
        typed: if wrong.is_some() { visit.fields.get("reason").to_owned() } else { String::new() },
        wrong,
        case,
        open_case: may_act.then(|| format!("{action}/case")),
        case_text: String::new(),
        case_wrong: None,
        action,
        p: visit.frame(web, visit.lang.get(kind_key(view.item.kind))),
    })
}

fn term(show: &Show, key: &str, value: impl Into<String>) -> Term {
    Term { label: show.lang.get(key), value: value.into() }
}

fn in_full(show: &Show, at: SystemTime) -> String {
    show.moment_in_full(calendar(at))
}

fn item_side(show: &Show, item: &Item) -> Side {
    let money = |micros: Option<i64>| {
        micros.map(|micros| show.money(Money::from_micros(micros, item.currency))).unwrap_or_default()
    };
    let terms = vec![
        term(show, "recon-provider", show.lang.get(provider_key(item.provider))),
        term(show, "recon-day", item.day.to_string()),
        term(show, "recon-about", show.lang.get(about_key(item.about))),
        term(show, "recon-theirs", money(item.theirs)),
        term(show, "recon-ours", money(item.ours)),
        term(show, "recon-since", in_full(show, item.opened_at)),
    ];
    Side { title: show.lang.get("recon-item"), terms }
}

fn theirs(show: &Show, view: &ItemView) -> Side {
    let mut terms = Vec::new();
    match &view.line {
        Some(stored) => {
            let line = &stored.line;
            terms.push(term(show, "recon-number", line.number.clone()));
            terms.push(term(show, "receipt-out-trade-no", line.out_trade_no.clone().unwrap_or_default()));
            terms.push(term(show, "desk-request-no", line.request_no.clone().unwrap_or_default()));
            terms.push(term(show, "desk-price", show.money(line.amount)));
            let fee = Money::from_micros(line.fee, line.amount.currency());
            terms.push(term(show, "recon-fee", if line.fee == 0 { String::new() } else { show.money(fee) }));
            terms.push(term(show, "recon-when", in_full(show, line.at)));
            terms.push(term(show, "recon-said", line.said.clone()));
        }
        None => terms.push(term(show, "recon-said", show.lang.get("recon-no-line"))),
    }
    Side { title: show.lang.get("recon-the-bill"), terms }
}

fn ours(show: &Show, view: &ItemView) -> Side {
    let mut terms = Vec::new();
    if let Some((attempt, order)) = &view.payment {
        terms.push(term(show, "order-fact-number", order_number(&order.number)));
        terms.push(term(show, "receipt-method", show.lang.get(method_key(attempt.method))));
        terms.push(term(show, "desk-state", show.lang.get(attempt_key(attempt.state))));
        let received = Money::from_micros(attempt.received, attempt.amount.currency());
        terms.push(term(
            show,
            "receipt-received",
            if attempt.received == 0 { String::new() } else { show.money(received) },
        ));
        terms.push(term(show, "receipt-out-trade-no", attempt.out_trade_no.clone()));
        terms.push(term(show, "receipt-trade-no", attempt.trade_no.clone().unwrap_or_default()));
        terms.push(term(show, "receipt-paid-at", attempt.paid_at.map(|at| in_full(show, at)).unwrap_or_default()));
    }
    if let Some(refund) = &view.refund {
        terms.push(term(show, "desk-refund", show.money(refund.amount)));
        terms.push(term(show, "desk-request-no", refund.out_request_no.clone()));
        terms.push(term(show, "desk-settled", refund.settled_at.map(|at| in_full(show, at)).unwrap_or_default()));
    }
    if terms.is_empty() {
        terms.push(term(show, "recon-said", show.lang.get("recon-nothing-of-ours")));
    }
    Side { title: show.lang.get("recon-our-books"), terms }
}

fn closed(show: &Show, view: &ItemView) -> Option<Side> {
    let ItemState::Closed(closed) = &view.item.state else { return None };
    let terms = vec![
        term(show, "recon-how", show.lang.get(action_key(closed.action))),
        term(show, "desk-reason", closed.reason.clone()),
        term(show, "recon-by", view.closed_by.clone().unwrap_or_default()),
        term(show, "recon-when", in_full(show, closed.at)),
    ];
    Some(Side { title: show.lang.get("recon-closed"), terms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_app::reconciliation::queue::AskedAgain;

    #[test]
    fn every_answer_has_a_text() {
        use AskedAgain::{Agreed, NotPaid, Paid, RefundAsked, Unknown};
        for said in [Agreed, Paid, NotPaid, RefundAsked, Unknown] {
            assert!(said_key(said.word()).is_some(), "{said:?}");
        }
        assert_eq!(said_key("<b>"), None);
    }
}
