//! `GET /orders/{order}/receipt`: the proof of an order: who paid whom what for what, how it was posted, that it took
//! effect, and where all of that can be checked.

use crate::chinese_amount::chinese_amount;
use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::offering_shown::{Term, contents};
use crate::portal::order::order_id;
use crate::portal::order_shown::{Audience, headline, order_number};
use crate::portal::pay::method_shown;
use crate::portal::qr::{Qr, qr};
use crate::portal::receipt_pdf::receipt_file;
use crate::portal::refund::asks;
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::order_page::{OrderView, ReceiptView, order_page};
use everline_app::profile::profile;
use everline_app::receipt::{payee, payments, signed};
use everline_core::ledger::Template as Posting;
use everline_core::money::{Currency, Money};
use everline_core::order::{OrderState, PlacedBy};
use everline_core::receipt::{Course, Outcome, Payment, Reader, Return, Second};
use everline_core::refund::RefundState;
use everline_core::time::BusinessTime;

/// A posting behind a receipt.
pub(crate) struct PostingShown {
    pub(crate) name: String,
    pub(crate) code: String,
    pub(crate) amount: String,
    pub(crate) when: String,
}

/// A receipt as pages and files show it.
pub(crate) struct ReceiptShown {
    /// Once it has one.
    pub(crate) number: Option<String>,
    pub(crate) issued_at: BusinessTime,
    pub(crate) issued: String,
    pub(crate) amount: String,
    pub(crate) amount_in_words: Option<String>,
    pub(crate) parties: Vec<Term>,
    pub(crate) item: Vec<Term>,
    pub(crate) payments: Vec<Vec<Term>>,
    pub(crate) postings: Vec<PostingShown>,
    pub(crate) activation: Vec<Term>,
    pub(crate) refunds: Vec<Term>,
    /// Where it can be checked, once it has a number.
    pub(crate) check: Option<String>,
}

#[derive(Template)]
#[template(path = "receipt.html")]
struct ReceiptPage {
    p: Frame,
    back: String,
    number: String,
    r: ReceiptShown,
    /// The code that leads to the check.
    qr: Option<Qr>,
    /// Whether an invoice can be asked for, or was.
    invoice: bool,
    /// Whether the money can be asked back.
    refund: bool,
}

/// `GET /orders/{order}/receipt`
pub(crate) async fn receipt(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let view = order_page(&web.app, customer, id).await?;
    let contact = profile(&web.app, customer).await?.contact;
    let payer = contact.map(|contact| contact.masked());
    show_receipt(&web, &visit, &view, Audience::Owner, payer, format!("/orders/{id}"))
}

/// `GET /orders/{order}/receipt.pdf`
pub(crate) async fn pdf(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    let view = order_page(&web.app, customer, id).await?;
    let payer = profile(&web.app, customer).await?.contact.map(|contact| contact.masked());
    receipt_file(&web, &visit.show(&web), &view, Audience::Owner, payer).await
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
    let r = receipt_shown(web, &visit.show(web), view, audience, payer)?;
    let number = r.number.clone().unwrap_or_else(|| visit.lang.get("receipt-number-follows"));
    let by_guest = view.order.placed_by == PlacedBy::Guest;
    page(&ReceiptPage {
        p: visit.frame(web, visit.lang.get("receipt-title")),
        back,
        number,
        qr: r.check.as_deref().and_then(qr),
        // What a guest paid is for the guest to ask about.
        invoice: by_guest == (audience == Audience::Guest),
        refund: asks(view, audience),
        r,
    })
}

/// Everything that a receipt says, in the words of a language.
pub(crate) fn receipt_shown(
    web: &Web,
    show: &Show,
    view: &OrderView,
    audience: Audience,
    payer: Option<String>,
) -> Result<ReceiptShown, Problem> {
    let receipt = view.receipt.as_ref().ok_or(Problem::NotFound("receipt"))?;
    let lang = show.lang;
    let by_guest = view.order.placed_by == PlacedBy::Guest;
    let payer = payer.filter(|_| !by_guest).unwrap_or_else(|| lang.get("receipt-payer-guest"));
    let payee = payee(receipt, &web.app.brand);
    let signed = signed(&web.app, view, reader(audience))?;
    let course = Course::of(&view.order, &view.refunds, reader(audience));
    let term = |key, value: String| Term { label: lang.get(key), value };
    Ok(ReceiptShown {
        number: receipt.number.map(receipt_number),
        issued_at: receipt.issued_at,
        issued: show.moment_in_full(receipt.issued_at),
        amount: show.money(view.order.price),
        amount_in_words: chinese_amount(view.order.price),
        parties: vec![
            term("receipt-payer", payer),
            term("receipt-payee", payee.legal_name.get(lang.tag()).to_owned()),
            term("receipt-credit-code", payee.credit_code),
        ],
        item: item(show, view, receipt, audience),
        payments: payments(view, receipt).iter().map(|paid| payment(show, paid)).collect(),
        postings: postings(show, view, receipt),
        activation: activation(show, &course),
        refunds: refunds(show, &course, view.order.price.currency()),
        check: signed.map(|signed| web.link(&format!("/v/{}", signed.token))),
    })
}

/// For whom a receipt is signed.
pub(crate) const fn reader(audience: Audience) -> Reader {
    match audience {
        Audience::Owner => Reader::Owner,
        Audience::Guest => Reader::Guest,
    }
}

/// A receipt's number as people read it.
pub(crate) fn receipt_number(number: i64) -> String {
    format!("{number:010}")
}

fn item(show: &Show, view: &OrderView, receipt: &ReceiptView, audience: Audience) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let order = &view.order;
    let mut item = vec![
        term("receipt-item", view.offering.name.get(lang.tag()).to_owned()),
        term("receipt-contents", contents(show, &view.offering)),
        term("receipt-line", view.line.msisdn.masked()),
    ];
    let iccid = receipt.iccid.clone().filter(|_| audience == Audience::Owner);
    item.extend(iccid.map(|iccid| term("receipt-iccid", iccid)));
    item.push(term("receipt-order", order_number(&order.number)));
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

/// What brought money, as a list.
pub(crate) fn payment(show: &Show, paid: &Payment) -> Vec<Term> {
    let lang = show.lang;
    let term = |key, value: String| Term { label: lang.get(key), value };
    let method = if paid.by_voucher { lang.get("voucher-choice") } else { method_shown(show, paid.method).label };
    let mut terms = vec![
        term("receipt-method", method),
        term("receipt-received", show.money(paid.received)),
        term("receipt-paid-at", show.moment_in_full(paid.paid_at)),
        term("receipt-out-trade-no", paid.out_trade_no.clone()),
    ];
    terms.extend(paid.trade_no.clone().map(|number| term("receipt-trade-no", number)));
    terms
}

/// What a posting means, in words; what belongs to no order is on no receipt and has none.
const fn posting_key(posting: Posting) -> Option<&'static str> {
    Some(match posting {
        Posting::Paid | Posting::PaidByBank => "receipt-posting-paid",
        Posting::Delivered => "receipt-posting-delivered",
        Posting::ToppedUp | Posting::Voucher | Posting::VoucherPromo | Posting::BankToCredit => {
            "receipt-posting-topped-up"
        }
        Posting::PackRecognised => "receipt-posting-recognised",
        Posting::PaidToSuspense => "receipt-posting-suspense",
        Posting::RefundStartedFromSuspense
        | Posting::RefundStartedFromOrder
        | Posting::RefundStartedFromDeferred
        | Posting::RefundStartedFromCredit
        | Posting::RefundStartedFromEarned => "receipt-posting-refund-started",
        Posting::RefundDone | Posting::RefundDoneByBank => "receipt-posting-refund-done",
        Posting::RefundFailed | Posting::RefundBounced => "receipt-posting-refund-failed",
        Posting::RefundCredited => "receipt-posting-refund-credited",
        Posting::RefundPaidOut => "receipt-posting-refund-paid-out",
        Posting::RefundMadeGood => "receipt-posting-dispute",
        Posting::CreditSpent | Posting::PromoSpent => "receipt-posting-credit-spent",
        Posting::PspFee
        | Posting::FeeReturned
        | Posting::Payout
        | Posting::PayoutReturned
        | Posting::WrittenOff
        | Posting::BookedToSuspense
        | Posting::CreditGiven
        | Posting::PromoGiven
        | Posting::CreditTaken
        | Posting::PromoTaken
        | Posting::CreditPaidOut
        | Posting::PromoLapsed
        | Posting::CreditSetAside
        | Posting::CreditSetBack
        | Posting::Goodwill
        | Posting::CreditRaised
        | Posting::CreditLowered
        | Posting::PromoLowered => return None,
        Posting::DisputeOpened
        | Posting::DisputeFrozenCredit
        | Posting::DisputeFrozenDeferred
        | Posting::DisputeWon
        | Posting::DisputeUnfrozenCredit
        | Posting::DisputeUnfrozenDeferred
        | Posting::DisputeWonEarned
        | Posting::DisputeLost
        | Posting::DisputeWrittenOff => "receipt-posting-dispute",
        Posting::CreditReturned
        | Posting::PromoReturned
        | Posting::DeferredToCredit
        | Posting::DeferredToPromo
        | Posting::EarnedToCredit
        | Posting::EarnedToPromo => "receipt-posting-credit-returned",
    })
}

fn postings(show: &Show, view: &OrderView, receipt: &ReceiptView) -> Vec<PostingShown> {
    let shown = receipt.postings.iter().map(|transfer| PostingShown {
        name: Posting::from_word(&transfer.template)
            .and_then(posting_key)
            .map_or_else(|| transfer.template.clone(), |key| show.lang.get(key)),
        code: transfer.template.clone(),
        amount: show.money(Money::from_micros(transfer.amount, view.order.price.currency())),
        when: show.moment_in_full(transfer.posted_at),
    });
    shown.collect()
}

/// The key of how far what was bought is.
pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::NotYet => headline(OrderState::Paid),
        Outcome::Delivered => headline(OrderState::Delivered),
        Outcome::Queued => headline(OrderState::Queued),
        Outcome::StartsOnFirstUse => headline(OrderState::StartsOnFirstUse),
        Outcome::InEffect => headline(OrderState::InEffect),
        Outcome::Done => "order-done",
        Outcome::Refunding => headline(OrderState::Refunding),
        Outcome::Refunded => headline(OrderState::Refunded),
    }
}

/// Whether and when it took effect.
pub(crate) fn activation(show: &Show, course: &Course) -> Vec<Term> {
    let lang = show.lang;
    let at =
        |key, at: Option<Second>| at.map(|at| Term { label: lang.get(key), value: show.moment_in_full(at.instant()) });
    let result = Term { label: lang.get("receipt-result"), value: lang.get(outcome(course.outcome)) };
    let times = [at("receipt-delivered-at", course.delivered), at("receipt-in-effect-at", course.in_effect)];
    [result].into_iter().chain(times.into_iter().flatten()).collect()
}

/// Money that went back, by when that was decided.
pub(crate) fn refunds(show: &Show, course: &Course, currency: Currency) -> Vec<Term> {
    course.returns.iter().map(|back| refund(show, back, currency)).collect()
}

/// One return of money.
pub(crate) fn refund(show: &Show, back: &Return, currency: Currency) -> Term {
    let state = match back.state {
        RefundState::InFlight => "receipt-refund-in-flight",
        RefundState::Done => "receipt-refund-done",
        RefundState::Failed => "receipt-refund-failed",
        RefundState::Credited => "receipt-refund-credited",
        RefundState::PaidOut => "receipt-refund-paid-out",
        RefundState::MadeGood => "receipt-refund-made-good",
    };
    let amount = show.money(Money::from_micros(back.micros, currency));
    Term { label: show.moment_in_full(back.started.instant()), value: format!("{amount} · {}", show.lang.get(state)) }
}
