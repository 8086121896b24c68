//! `GET /orders/{order}/receipt`: the proof of an order: who paid whom what for what, how it was posted, and that it took
//! effect.

use crate::chinese_amount::chinese_amount;
use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::offering_shown::{Term, contents};
use crate::portal::order::order_id;
use crate::portal::order_shown::{Audience, headline, order_number};
use crate::portal::pay::method_shown;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::order_page::{OrderView, ReceiptView, order_page};
use everline_app::profile::profile;
use everline_core::ledger::Template as Posting;
use everline_core::money::Money;
use everline_core::order::{OrderState, PlacedBy};
use everline_core::payment::Attempt;
use everline_core::refund::RefundState;
use everline_core::time::BusinessTime;

/// A posting behind a receipt.
struct PostingShown {
    name: String,
    code: String,
    amount: String,
    when: String,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    p: Frame,
    back: String,
    number: String,
    issued: String,
    amount: String,
    amount_in_words: Option<String>,
    parties: Vec<Term>,
    item: Vec<Term>,
    payments: Vec<Vec<Term>>,
    postings: Vec<PostingShown>,
    activation: Vec<Term>,
    refunds: Vec<Term>,
}

/// `GET /orders/{order}/receipt`
pub(crate) async fn receipt(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let view = order_page(&web.app, customer, id).await?;
    let contact = profile(&web.app, customer).await?.contact;
    let payer = contact.map(|contact| contact.masked());
    show_receipt(&web, &visit, &view, Audience::Owner, payer, format!("/orders/{id}"))
}

/// The receipt of an order, for its owner or a guest. A receipt that does not exist yet is not found.
pub(crate) fn show_receipt(
    web: &Web,
    visit: &Visit,
    view: &OrderView,
    audience: Audience,
    payer: Option<String>,
    back: String,
) -> Answer {
    let receipt = view.receipt.as_ref().ok_or(Problem::NotFound("receipt"))?;
    let show = visit.show(web);
    let lang = visit.lang;
    let number = receipt.number.map_or_else(|| lang.get("receipt-number-follows"), |number| format!("{number:010}"));
    let by_guest = view.order.placed_by == PlacedBy::Guest;
    let payer = payer.filter(|_| !by_guest).unwrap_or_else(|| lang.get("receipt-payer-guest"));
    let brand = &web.app.brand;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let payments = receipt.paid_by.iter().filter_map(|id| view.attempts.iter().find(|attempt| attempt.id == *id));
    page(&ReceiptPage {
        p: visit.frame(web, lang.get("receipt-title")),
        back,
        number,
        issued: show.moment_in_full(receipt.issued_at),
        amount: show.money(view.order.price),
        amount_in_words: chinese_amount(view.order.price),
        parties: vec![
            term("receipt-payer", payer),
            term("receipt-payee", brand.legal_name.get(lang.tag()).to_owned()),
            term("receipt-credit-code", brand.credit_code.clone()),
        ],
        item: item(&show, view, audience),
        payments: payments.map(|attempt| payment(&show, view, attempt)).collect(),
        postings: postings(&show, view, receipt),
        activation: activation(&show, view, audience),
        refunds: refunds(&show, view),
    })
}

fn item(show: &Show, view: &OrderView, audience: Audience) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let order = &view.order;
    let mut item = vec![
        term("receipt-item", view.offering.name.get(lang.tag()).to_owned()),
        term("receipt-contents", contents(show, &view.offering)),
        term("receipt-line", view.line.msisdn.masked()),
        term("receipt-order", order_number(&order.number)),
    ];
    let validity = match (audience, order.starts_at, order.ends_at) {
        (Audience::Owner, Some(from), Some(to)) => {
            let (from, to) = (show.moment_in_full(from), show.moment_in_full(to));
            Some(lang.with("receipt-from-to", &[("from", Arg::Text(&from)), ("to", Arg::Text(&to))]))
        }
        _ => view.offering.validity.map(|validity| show.validity(validity)),
    };
    item.extend(validity.map(|value| term("receipt-validity", value)));
    item.retain(|term| !term.value.is_empty());
    item
}

fn payment(show: &Show, view: &OrderView, attempt: &Attempt) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let paid_at = view.order.paid_at.map(|at| show.moment_in_full(at));
    vec![
        term("receipt-method", method_shown(show, attempt.method).label),
        term("receipt-received", show.money(Money::from_micros(attempt.received, attempt.amount.currency()))),
        term("receipt-paid-at", paid_at.unwrap_or_default()),
        term("receipt-out-trade-no", attempt.out_trade_no.clone()),
        term("receipt-trade-no", attempt.trade_no.clone().unwrap_or_default()),
    ]
}

/// What a posting means, in words.
const fn posting_key(posting: Posting) -> &'static str {
    match posting {
        Posting::Paid => "receipt-posting-paid",
        Posting::Delivered => "receipt-posting-delivered",
        Posting::ToppedUp => "receipt-posting-topped-up",
        Posting::PackRecognised => "receipt-posting-recognised",
        Posting::PaidToSuspense => "receipt-posting-suspense",
        Posting::RefundStartedFromSuspense | Posting::RefundStartedFromOrder => "receipt-posting-refund-started",
        Posting::RefundDone => "receipt-posting-refund-done",
        Posting::RefundFailed => "receipt-posting-refund-failed",
        Posting::CreditSpent | Posting::PromoSpent => "receipt-posting-credit-spent",
        Posting::CreditReturned | Posting::PromoReturned => "receipt-posting-credit-returned",
    }
}

fn postings(show: &Show, view: &OrderView, receipt: &ReceiptView) -> Vec<PostingShown> {
    let shown = receipt.postings.iter().map(|transfer| PostingShown {
        name: Posting::from_word(&transfer.template)
            .map_or_else(|| transfer.template.clone(), |posting| show.lang.get(posting_key(posting))),
        code: transfer.template.clone(),
        amount: show.money(Money::from_micros(transfer.amount, view.order.price.currency())),
        when: show.moment_in_full(transfer.posted_at),
    });
    shown.collect()
}

fn activation(show: &Show, view: &OrderView, audience: Audience) -> Vec<Term> {
    let lang = show.lang;
    let order = &view.order;
    let when = |at: Option<BusinessTime>| at.map(|at| show.moment_in_full(at)).unwrap_or_default();
    let result = match (audience, order.state) {
        (Audience::Guest, OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect) => "order-done",
        (_, state) => headline(state),
    };
    let mut terms = vec![Term { label: lang.get("receipt-result"), value: lang.get(result) }];
    terms.push(Term { label: lang.get("receipt-delivered-at"), value: when(order.delivered_at) });
    if audience == Audience::Owner {
        terms.push(Term { label: lang.get("receipt-in-effect-at"), value: when(order.in_effect_at) });
    }
    terms.retain(|term| !term.value.is_empty());
    terms
}

fn refunds(show: &Show, view: &OrderView) -> Vec<Term> {
    let shown = view.refunds.iter().map(|refund| {
        let state = match refund.state {
            RefundState::InFlight => "receipt-refund-in-flight",
            RefundState::Done => "receipt-refund-done",
            RefundState::Failed => "receipt-refund-failed",
        };
        let label = show.moment_in_full(refund.started_at);
        Term { label, value: format!("{} · {}", show.money(refund.amount), show.lang.get(state)) }
    });
    shown.collect()
}
