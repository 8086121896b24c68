//! `GET /desk/orders/{number}`: one order with everything that happened to it. Numbers of people are masked.

use super::ask::Asked;
use super::audit::action_key;
use super::money::{account_key, posting_key};
use super::queue::staff;
use super::words::{attempt_key, dispute_state_key, method_key, refund_reason_key, refund_state_key, settlement_key};
use crate::fault::{Answer, Fault, no_refund};
use crate::frame::{Frame, page_with};
use crate::portal::case_shown::reason_key;
use crate::portal::invoice::{state, terms as invoice_terms};
use crate::portal::line_shown::state_key;
use crate::portal::offering_shown::{Term, contents};
use crate::portal::order_shown::{headline, order_number};
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::order_page::OrderView;
use everline_app::order_seen::{OrderSeen, Part};
use everline_app::refund_order::RefundOffer;
use everline_app::staff::StaffMember;
use everline_app::staff_order::{StaffOrder, staff_order};
use everline_core::dispute::Dispute;
use everline_core::ids::RawId;
use everline_core::invoice::{InvoiceRequest, InvoiceState};
use everline_core::ledger::{LedgerAccount, Template as Posting};
use everline_core::money::Money;
use everline_core::order::{OrderState, PlacedBy};
use everline_core::payment::AttemptState;
use everline_core::refund::RefundState;
use everline_core::refund_request::{RefundRequest, RequestState};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, SystemTime};
use everline_store::tables::audit::Noted;
use std::collections::BTreeMap;

struct Block {
    title: String,
    terms: Vec<Term>,
}

#[derive(Template)]
#[template(path = "desk_order.html")]
struct DeskOrder {
    p: Frame,
    headline: String,
    blocks: Vec<Block>,
    cases: Vec<String>,
    /// Where the evidence for a dispute is, if there is one.
    evidence: Option<String>,
    /// Where the form about an invoice that waits goes.
    settle: Option<String>,
    /// What of a form cannot be used.
    wrong: Option<Wrong>,
    refund: Option<RefundForm>,
    /// Whether nothing can go back because what was bought is spent.
    spent: bool,
    requests: Vec<RequestShown>,
    /// Refunds that their provider refused, which may be given another way.
    refused: Vec<RefusedShown>,
    /// What the page shows, so that nobody acts on what is otherwise by now.
    seen: String,
    /// What the outside said, if it was asked.
    said: Vec<String>,
    /// Where the providers are asked again, if there is something to ask.
    ask: Option<String>,
    /// Where the network is.
    provision: Option<String>,
    pay_link: Option<PayLinkForm>,
    /// Where all is that moved the account's money.
    movements: String,
}

/// The form by which the owner gets a link to pay an order that is open.
struct PayLinkForm {
    action: String,
    id: String,
    line: String,
    state: &'static str,
    since: i64,
    offering: String,
    order: String,
}

/// What of a form cannot be used, and why.
pub(super) struct Wrong {
    /// Which: `invoice`, `refund` …
    pub(super) form: &'static str,
    /// Its name; `stale` if the page is, and not what was typed.
    pub(super) field: &'static str,
    pub(super) why: String,
}

impl Wrong {
    /// The same once more.
    pub(super) fn copy(&self) -> Self {
        Self { why: self.why.clone(), ..*self }
    }
}

impl DeskOrder {
    fn wrong(&self, form: &str) -> Option<&Wrong> {
        self.wrong.as_ref().filter(|wrong| wrong.form == form)
    }
}

/// The form by which money goes back, with what was typed.
struct RefundForm {
    action: String,
    id: String,
    /// What can go back at most, why not more, and what the offering's rule says of it now.
    lead: Vec<String>,
    amount: String,
    reason: String,
    keeps: bool,
}

/// A refund that its provider refused.
struct RefusedShown {
    lead: String,
    action: String,
    /// Whether it may become credit of the account.
    credit: bool,
}

/// What a colleague asked for.
struct RequestShown {
    terms: Vec<Term>,
    /// Where the decision goes, while it waits.
    decide: Option<String>,
    /// Whether whoever looks may approve it, and not only withdraw.
    approves: bool,
}

/// One order, found by the number people read to each other.
pub(crate) async fn order(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    show_order(&web, &visit, &number, None, None).await
}

/// The page of an order, with what is wrong with what was typed there, and what became of asking the outside.
pub(super) async fn show_order(
    web: &Web,
    visit: &Visit,
    number: &str,
    wrong: Option<Wrong>,
    asked_again: Option<Asked>,
) -> Answer {
    let me = staff(web, visit).await?;
    let StaffOrder { view, owner, invoice, disputes, offer, requests: asked, names, acts: noted } =
        staff_order(&web.app, number, me.id).await?;
    let now = OrderSeen::of(&view.order, &view.attempts, &view.refunds, &asked, invoice.as_ref());
    let wrong = wrong.map(|wrong| say_stale(visit, wrong, &now, &view));
    let stale = wrong.as_ref().is_some_and(|wrong| wrong.field == "stale");
    let waits = invoice.as_ref().is_some_and(|request| matches!(request.state, InvoiceState::Requested { .. }));
    let show = visit.show(web);
    let contact = owner.contact.map(|contact| contact.masked()).unwrap_or_default();
    let mut blocks = vec![order_block(&show, &view), line_block(&show, &view, contact)];
    blocks.extend(view.attempts.iter().map(|attempt| attempt_block(&show, attempt)));
    blocks.extend(view.refunds.iter().map(|refund| refund_block(&show, refund)));
    blocks.extend(disputes.iter().map(|dispute| dispute_block(&show, dispute)));
    blocks.extend(postings_block(&show, &view));
    let makes = waits && me.may(Permission::SettleInvoice);
    blocks.extend(invoice.map(|request| invoice_block(&show, &request, makes)));
    blocks.extend((!noted.is_empty()).then(|| acts_block(&show, &noted)));
    for block in &mut blocks {
        block.terms.retain(|term| !term.value.is_empty());
    }
    let requests = asked.iter().map(|request| request_shown(&show, number, request, (&me, &names))).collect();
    let refund = refund_form(web, visit, number, &view, &offer).filter(|_| me.may(Permission::Refund));
    let status = match &wrong {
        Some(_) if stale => Fault::from(Problem::Stale).status(),
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => asked_again.as_ref().map_or(StatusCode::OK, |asked| asked.status),
    };
    let acts = me.may(Permission::ActOnLine);
    let under_way = view.refunds.iter().any(|refund| refund.state == RefundState::InFlight);
    let open = view.attempts.iter().any(|attempt| attempt.state != AttemptState::Paid) || under_way;
    page_with(
        status,
        &DeskOrder {
            settle: makes.then(|| format!("/desk/orders/{number}/invoice")),
            evidence: (!disputes.is_empty() && me.may(Permission::TakeEvidence))
                .then(|| format!("/desk/orders/{number}/evidence")),
            seen: now.text(),
            said: asked_again.map(|asked| asked.said).unwrap_or_default(),
            ask: (open && me.may(Permission::AskProvider)).then(|| format!("/desk/orders/{number}/ask")),
            provision: (view.order.state.paid_not_in_effect() && acts)
                .then(|| format!("/desk/orders/{number}/provision")),
            pay_link: pay_link_form(web, &view).filter(|_| acts),
            movements: format!("/desk/customers/{}?kind=money", view.order.customer),
            wrong,
            spent: refund.is_none() && offer.spent && me.may(Permission::Refund),
            refund,
            requests,
            refused: if me.may(Permission::RefundOtherWay) { refused(&show, number, &view) } else { Vec::new() },
            headline: visit.lang.get(headline(view.order.state)),
            cases: view.cases.iter().map(|reason| visit.lang.get(reason_key(reason))).collect(),
            blocks,
            p: visit.frame(web, order_number(&view.order.number)),
        },
    )
}

/// Says of a stale page what changed.
fn say_stale(visit: &Visit, wrong: Wrong, now: &OrderSeen, view: &OrderView) -> Wrong {
    if wrong.field != "stale" {
        return wrong;
    }
    let changed = OrderSeen::read(visit.fields.get("seen")).map(|seen| seen.changed(now)).unwrap_or_default();
    let words: Vec<String> = changed.into_iter().map(|part| part_words(visit, part, view)).collect();
    let why = if words.is_empty() {
        visit.lang.get("problem-stale-do")
    } else {
        visit.say("desk-stale-order", &[("name", Arg::Text(&words.join(" · ")))])
    };
    Wrong { why, ..wrong }
}

fn part_words(visit: &Visit, part: Part, view: &OrderView) -> String {
    match part {
        Part::State => {
            let state = visit.lang.get(headline(view.order.state));
            visit.say("desk-stale-state", &[("name", Arg::Text(&state))])
        }
        Part::Money => visit.lang.get("desk-stale-money"),
        Part::Refunds => visit.lang.get("desk-stale-refunds"),
        Part::Requests => visit.lang.get("desk-stale-requests"),
        Part::Invoice => visit.lang.get("desk-stale-invoice"),
    }
}

/// An order that waits for its owner's money.
fn pay_link_form(web: &Web, view: &OrderView) -> Option<PayLinkForm> {
    let OrderView { order, line, .. } = view;
    (order.state == OrderState::AwaitingPayment && order.placed_by == PlacedBy::Owner).then(|| PayLinkForm {
        action: format!("/desk/customers/{}/lines/{}/pay-link", order.customer, line.id),
        id: web.app.clock.id().to_string(),
        line: line.id.to_string(),
        state: line.state.word(),
        since: line.state_since.us(),
        offering: order.offering.to_string(),
        order: order.number.clone(),
    })
}

fn refund_form(web: &Web, visit: &Visit, number: &str, view: &OrderView, offer: &RefundOffer) -> Option<RefundForm> {
    let show = visit.show(web);
    let rule = match &offer.by_rule {
        Ok(found) => visit.say("desk-refund-rule", &[("amount", Arg::Text(&show.money(found.amount)))]),
        Err(why) => visit.lang.get(no_refund(*why)),
    };
    let most = visit.say("desk-refund-left", &[("name", Arg::Text(&show.money(offer.left)))]);
    let spent = offer.spent.then(|| visit.lang.get("desk-refund-spent"));
    let field = |name| visit.fields.get(name).to_owned();
    (view.order.state.delivered() && offer.left.micros() > 0).then(|| RefundForm {
        action: format!("/desk/orders/{number}/refund"),
        id: web.app.clock.id().to_string(),
        lead: [Some(most), spent, Some(rule)].into_iter().flatten().collect(),
        amount: field("amount"),
        reason: field("reason"),
        keeps: field("keeps") == "yes",
    })
}

fn refused(show: &Show, number: &str, view: &OrderView) -> Vec<RefusedShown> {
    let waits = view.refunds.iter().filter(|refund| refund.state == RefundState::Failed);
    let shown = waits.map(|refund| RefusedShown {
        lead: show.lang.with("desk-other-way-lead", &[("name", Arg::Text(&show.money(refund.amount)))]),
        action: format!("/desk/orders/{number}/refund/{}/other-way", refund.id),
        credit: view.order.placed_by != PlacedBy::Guest,
    });
    shown.collect()
}

fn request_shown(
    show: &Show,
    number: &str,
    request: &RefundRequest,
    (me, names): (&StaffMember, &BTreeMap<RawId, String>),
) -> RequestShown {
    let name = |id| names.get(&id).cloned().unwrap_or_default();
    let state = match request.state {
        RequestState::Requested => "desk-refund-requested",
        RequestState::Approved(_) => "desk-refund-approved",
        RequestState::Declined(_) => "desk-refund-declined",
        RequestState::Done => "desk-refund-done",
    };
    let keeps = if request.keeps { "desk-refund-kept" } else { "desk-refund-taken" };
    let mut terms = vec![
        term(show, "desk-state", show.lang.get(state)),
        term(show, "desk-price", show.money(request.amount)),
        term(show, "desk-refund-service", show.lang.get(keeps)),
        term(show, "desk-reason", request.reason.clone().unwrap_or_default()),
        term(show, "desk-refund-asked-by", name(request.asked_by)),
        term(show, "desk-created", at(show, Some(request.asked_at))),
    ];
    if let Some(decided) = request.state.decided() {
        terms.push(term(show, "desk-refund-decided-by", name(decided.by)));
        terms.push(term(show, "desk-settled", at(show, Some(decided.at))));
    }
    let own = me.id == request.asked_by;
    let approver = me.may(Permission::ApproveRefund);
    let waits = request.state == RequestState::Requested && (own || approver);
    let decide = waits.then(|| format!("/desk/orders/{number}/refund/{}", request.id));
    RequestShown { terms, decide, approves: !own && approver }
}

fn term(show: &Show, key: &str, value: impl Into<String>) -> Term {
    Term { label: show.lang.get(key), value: value.into() }
}

fn at(show: &Show, at: Option<BusinessTime>) -> String {
    at.map(|at| show.moment_in_full(at)).unwrap_or_default()
}

/// System times are shown on the same calendar.
fn system(show: &Show, at: Option<SystemTime>) -> String {
    self::at(show, at.map(|at| BusinessTime::from_us(at.us())))
}

fn order_block(show: &Show, view: &OrderView) -> Block {
    let order = &view.order;
    let placed_by = match order.placed_by {
        PlacedBy::Owner => "desk-by-owner",
        PlacedBy::Guest => "desk-by-guest",
        PlacedBy::MovedIn => "desk-by-moved-in",
        PlacedBy::AutoRenew => "desk-by-auto-renew",
    };
    let terms = vec![
        term(show, "order-fact-number", order_number(&order.number)),
        term(show, "receipt-item", format!("{} ({})", view.offering.name.get(show.lang.tag()), order.offering)),
        term(show, "receipt-contents", contents(show, &view.offering)),
        term(show, "desk-price", show.money(order.price)),
        term(show, "desk-funds", show.money(Money::from_micros(order.funds, order.price.currency()))),
        term(show, "desk-placed-by", show.lang.get(placed_by)),
        term(show, "desk-terms", order.terms_version.clone()),
        term(show, "order-step-placed", at(show, Some(order.placed_at))),
        term(show, "desk-expires", at(show, Some(order.expires_at))),
        term(show, "receipt-paid-at", at(show, order.paid_at)),
        term(show, "receipt-delivered-at", at(show, order.delivered_at)),
        term(show, "receipt-in-effect-at", at(show, order.in_effect_at)),
        term(show, "order-step-closed", at(show, order.closed_at)),
        term(show, "order-fact-starts", at(show, order.starts_at)),
        term(show, "order-fact-ends", at(show, order.ends_at)),
        term(
            show,
            "receipt-number",
            view.receipt
                .as_ref()
                .and_then(|receipt| receipt.number)
                .map(|number| format!("{number:010}"))
                .unwrap_or_default(),
        ),
    ];
    Block { title: show.lang.get("desk-order"), terms }
}

fn line_block(show: &Show, view: &OrderView, contact: String) -> Block {
    let terms = vec![
        term(show, "receipt-line", view.line.msisdn.masked()),
        term(show, "line-state", show.lang.get(state_key(view.line.state))),
        term(show, "desk-since", at(show, Some(view.line.state_since))),
        term(show, "order-fact-ends", at(show, view.line.service_until)),
        term(show, "desk-contact", contact),
    ];
    Block { title: show.lang.get("desk-line"), terms }
}

fn attempt_block(show: &Show, attempt: &everline_core::payment::Attempt) -> Block {
    let received = Some(attempt.received).filter(|received| *received > 0);
    let received = received.map(|received| show.money(Money::from_micros(received, attempt.amount.currency())));
    let terms = vec![
        term(show, "receipt-method", show.lang.get(method_key(attempt.method))),
        term(show, "desk-state", show.lang.get(attempt_key(attempt.state))),
        term(
            show,
            "desk-settlement",
            attempt.settlement.map(|one| show.lang.get(settlement_key(one))).unwrap_or_default(),
        ),
        term(show, "desk-price", show.money(attempt.amount)),
        term(show, "receipt-received", received.unwrap_or_default()),
        term(show, "receipt-out-trade-no", attempt.out_trade_no.clone()),
        term(show, "receipt-trade-no", attempt.trade_no.clone().unwrap_or_default()),
        term(show, "desk-created", system(show, Some(attempt.created_at))),
        term(show, "desk-expires", system(show, Some(attempt.expires_at))),
        term(show, "receipt-paid-at", system(show, attempt.paid_at)),
    ];
    Block { title: show.lang.get("desk-attempt"), terms }
}

fn refund_block(show: &Show, refund: &everline_core::refund::Refund) -> Block {
    let terms = vec![
        term(show, "desk-price", show.money(refund.amount)),
        term(show, "desk-reason", show.lang.get(refund_reason_key(refund.reason))),
        term(show, "desk-state", show.lang.get(refund_state_key(refund.state))),
        term(show, "desk-request-no", refund.out_request_no.clone()),
        term(show, "desk-created", at(show, Some(refund.started_at))),
        term(show, "desk-settled", system(show, refund.settled_at)),
    ];
    Block { title: show.lang.get("desk-refund"), terms }
}

fn dispute_block(show: &Show, dispute: &Dispute) -> Block {
    let frozen = dispute.frozen_credit.saturating_add(dispute.frozen_deferred);
    let terms = vec![
        term(show, "desk-price", show.money(dispute.amount)),
        term(show, "desk-reason", dispute.reason.clone()),
        term(show, "desk-state", show.lang.get(dispute_state_key(dispute.state))),
        term(show, "desk-dispute-name", dispute.reference.clone()),
        term(show, "desk-dispute-frozen", show.money(Money::from_micros(frozen, dispute.amount.currency()))),
        term(show, "desk-created", at(show, Some(dispute.opened_at))),
        term(show, "desk-dispute-due", system(show, dispute.due_by)),
        term(show, "desk-settled", at(show, dispute.closed_at)),
    ];
    Block { title: show.lang.get("desk-dispute"), terms }
}

/// In the clear for those who make it out, while it waits for them.
fn invoice_block(show: &Show, request: &InvoiceRequest, clear: bool) -> Block {
    let mut terms = vec![term(show, "desk-state", show.lang.get(state(request)))];
    if clear {
        terms.extend(invoice_terms(show, request));
    } else {
        terms.extend(invoice_terms(show, &request.masked()));
    }
    Block { title: show.lang.get("invoice-title"), terms }
}

/// What the staff did of it.
fn acts_block(show: &Show, noted: &[Noted]) -> Block {
    let terms = noted.iter().map(|one| {
        let by = one.login.clone().unwrap_or_else(|| one.actor.clone());
        let when = show.moment_in_full(BusinessTime::from_us(one.at.us()));
        let parts = [Some(when), Some(by), one.reason.clone()];
        let value = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
        Term { label: show.lang.get(&action_key(&one.action)), value }
    });
    Block { title: show.lang.get("desk-acts"), terms: terms.collect() }
}

/// What the ledger says, account by account.
fn postings_block(show: &Show, view: &OrderView) -> Option<Block> {
    let receipt = view.receipt.as_ref()?;
    let account = |code| {
        LedgerAccount::from_code(code).map_or_else(|| "?".to_owned(), |account| show.lang.get(&account_key(account)))
    };
    let called = |template: &String| {
        Posting::from_word(template).map_or_else(|| template.clone(), |known| show.lang.get(&posting_key(known)))
    };
    let terms = receipt.postings.iter().map(|transfer| {
        let amount = show.money(Money::from_micros(transfer.amount, view.order.price.currency()));
        let value = format!("{} → {} · {amount}", account(transfer.debit), account(transfer.credit));
        Term { label: called(&transfer.template), value }
    });
    Some(Block { title: show.lang.get("desk-postings"), terms: terms.collect() })
}
