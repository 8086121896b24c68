//! Judges one order from all its rows. Pure: rows in, findings out.

use super::disputes::{self, DisputeRow};
use super::read::{AttemptRow, InvoiceRow, OrderRow, ReceiptRow, RefundRow, RequestRow};
use super::refunds::{judge_refund, requests, returned};
use super::{Collected, Context};
use everline_core::charging::{self, Window};
use everline_core::effects::CaseReason;
use everline_core::ids::{LineId, RawId};
use everline_core::ledger::Template;
use everline_core::offering::OfferingKind;
use everline_core::order::OrderState;
use everline_core::payment::{AttemptState, Method, Settlement};

/// An order with everything that names it.
pub(super) struct Gathered {
    pub(super) row: OrderRow,
    pub(super) attempts: Vec<AttemptRow>,
    pub(super) refunds: Vec<RefundRow>,
    /// What staff asked for.
    pub(super) requests: Vec<RequestRow>,
    /// Its transfers but for recognitions, of which there are many.
    pub(super) money: Vec<Money>,
    /// Sum of its recognitions.
    pub(super) earned: i64,
    /// How many recognitions it has, and the highest of their numbers.
    pub(super) recognitions: u32,
    pub(super) last_recognition: Option<u8>,
    pub(super) receipts: Vec<ReceiptRow>,
    pub(super) invoice: Option<InvoiceRow>,
    /// Reason and state of its cases.
    pub(super) cases: Vec<(String, String)>,
    pub(super) periods: Vec<Period>,
    pub(super) disputes: Vec<DisputeRow>,
}
impl Gathered {
    pub(super) const fn new(row: OrderRow) -> Self {
        Self {
            row,
            attempts: Vec::new(),
            refunds: Vec::new(),
            requests: Vec::new(),
            money: Vec::new(),
            earned: 0,
            recognitions: 0,
            last_recognition: None,
            receipts: Vec::new(),
            invoice: None,
            cases: Vec::new(),
            periods: Vec::new(),
            disputes: Vec::new(),
        }
    }
    pub(super) fn amounts(&self, template: Template, cause: RawId) -> Vec<i64> {
        let mine = self.money.iter().filter(|money| money.template == template && money.cause == cause);
        mine.map(|money| money.amount).collect()
    }
    /// Whether it stands for a plan whose money stayed in other books.
    pub(super) fn moved_in(&self) -> bool {
        self.row.placed_by == "moved_in"
    }
    pub(super) fn has_case(&self, reason: CaseReason) -> bool {
        self.cases.iter().any(|(word, _)| word == reason.word())
    }
}

/// One transfer of an order.
pub(super) struct Money {
    pub(super) template: Template,
    pub(super) cause: RawId,
    pub(super) amount: i64,
}

/// A period that names the order, and whose allowance it is in.
pub(super) struct Period {
    pub(super) line: LineId,
    pub(super) period: charging::Period,
}

pub(super) fn order_row(row: &OrderRow) -> String {
    format!("orders({}, {})", row.customer, row.id)
}
pub(super) fn attempt_row(row: &AttemptRow) -> String {
    format!("attempt({}, {})", row.customer, row.id)
}
pub(super) fn refund_row(row: &RefundRow) -> String {
    format!("refund({}, {})", row.customer, row.id)
}
pub(super) fn receipt_row(row: &ReceiptRow) -> String {
    format!("receipt({}, {})", row.id, row.customer)
}
pub(super) fn invoice_row(row: &InvoiceRow) -> String {
    format!("invoice_request({}, {})", row.customer, row.order)
}

/// Everything that must hold of one order.
pub(super) fn judge(order: &Gathered, context: &Context<'_>, out: &mut Collected) {
    let row = &order.row;
    let Some(state) = OrderState::from_word(&row.state) else {
        out.found("stored_word", order_row(row), format!("state {:?}", row.state));
        return;
    };
    if !row.line_exists {
        out.found("order_of_line", order_row(row), format!("no line {}", row.line));
    }
    if row.named != Some((row.customer, row.id.0)) {
        out.found("directory", order_row(row), "its number does not lead to it");
    }
    if row.currency != context.brand.currency.code() {
        out.found("currency", order_row(row), format!("in {}", row.currency));
    }
    order.attempts.iter().for_each(|attempt| judge_attempt(attempt, order, out));
    order.disputes.iter().for_each(|dispute| disputes::judge(dispute, order, out));
    placed(order, state, out);
    funds(order, state, out);
    stations(order, state, out);
    timer(row, state, out);
    receipts(order, out);
    if let Some(request) = &order.invoice {
        invoice(request, order, out);
    }
    let Some(offering) = context.offerings.get(&row.offering) else {
        out.found("order_offering", order_row(row), format!("no offering {}", row.offering));
        return;
    };
    order.refunds.iter().for_each(|refund| judge_refund(refund, order, offering.kind, out));
    requests(order, state, offering.kind, out);
    delivery(order, state, offering.kind, out);
    periods(order, state, offering.kind, context, out);
}

fn judge_attempt(attempt: &AttemptRow, order: &Gathered, out: &mut Collected) {
    let name = || attempt_row(attempt);
    let settlement = attempt.settlement.as_deref().map(Settlement::from_word);
    let state = AttemptState::from_word(&attempt.state);
    let (Some(state), false, Some(method)) = (state, settlement == Some(None), Method::from_word(&attempt.method))
    else {
        let words = (&attempt.state, &attempt.settlement, &attempt.method);
        out.found("stored_word", name(), format!("state, settlement, method {words:?}"));
        return;
    };
    let (settlement, paid) = (settlement.flatten(), state == AttemptState::Paid);
    let numbered = attempt.trade_no.is_some() || (paid && method.provider().is_none());
    let signs = [attempt.received > 0, settlement.is_some(), numbered, attempt.paid_at.is_some()];
    if signs.iter().any(|sign| *sign != paid) || (method.provider().is_none() && !paid) {
        let detail = format!("{}; received, settlement, trade number, time: {signs:?}", attempt.state);
        out.found("attempt_paid", name(), detail);
    }
    if attempt.currency != order.row.currency {
        out.found("currency", name(), format!("in {}, its order in {}", attempt.currency, order.row.currency));
    }
    let (whole, by_bank) = (attempt.received == attempt.amount, method == Method::BankTransfer);
    // Of a transfer an order takes what it lacks; the rest is credit.
    let fits = |settlement| match settlement {
        Settlement::Order | Settlement::Returned if by_bank => attempt.received >= attempt.amount,
        Settlement::Suspense => !whole,
        _ => whole,
    };
    if settlement.is_some_and(|settlement| !fits(settlement)) {
        let detail = format!("asked {}, received {}, settled as {settlement:?}", attempt.amount, attempt.received);
        out.found("attempt_amount", name(), detail);
    }
    for template in BROUGHT {
        let expected = settlement.map_or(0, |settlement| brought_by(method, settlement, attempt, template));
        let amounts = order.amounts(template, attempt.id.0);
        if amounts != if expected > 0 { vec![expected] } else { vec![] } {
            let detail = format!("received {} as {settlement:?}, {} of {amounts:?}", attempt.received, template.word());
            out.found("attempt_posted", name(), detail);
        }
    }
    let refunds = order.refunds.iter().filter(|refund| refund.attempt == attempt.id);
    let back = refunds.clone().fold(0i64, |sum, refund| sum.saturating_add(refund.amount));
    if back > attempt.received {
        out.found("refunds_within_received", name(), format!("received {}, refunds {back}", attempt.received));
    }
    let (from_credit, refunded) = (method.provider().is_none(), refunds.count() > 0);
    match settlement {
        Some(Settlement::Refund | Settlement::Returned) if !refunded => {
            out.found("attempt_refunded", name(), "its money goes back, and there is no refund");
        }
        Some(settlement @ (Settlement::Refund | Settlement::Suspense)) if from_credit => {
            out.found("attempt_refunded", name(), format!("by {} and settled as {settlement:?}", attempt.method));
        }
        Some(settlement @ Settlement::Returned) if !from_credit && !by_bank => {
            out.found("attempt_refunded", name(), format!("by {} and settled as {settlement:?}", attempt.method));
        }
        Some(settlement @ Settlement::Credited) if !by_bank => {
            out.found("attempt_refunded", name(), format!("by {} and settled as {settlement:?}", attempt.method));
        }
        Some(settlement @ (Settlement::Refund | Settlement::Suspense)) if by_bank => {
            out.found("attempt_refunded", name(), format!("by {} and settled as {settlement:?}", attempt.method));
        }
        Some(Settlement::Suspense) if !order.has_case(CaseReason::AmountMismatch) => {
            out.found("suspense_has_case", name(), "another amount than asked, and no case");
        }
        _ => {}
    }
    let here = Some((attempt.customer, attempt.id.0));
    if attempt.named != here || (attempt.trade_no.is_some() && attempt.trade_named != here) {
        out.found("directory", name(), "its numbers do not lead to it");
    }
}

/// The postings by which an attempt's money comes.
const BROUGHT: [Template; 6] = [
    Template::Paid,
    Template::PaidToSuspense,
    Template::CreditSpent,
    Template::PromoSpent,
    Template::PaidByBank,
    Template::BankToCredit,
];

/// How much of an attempt's money came by a posting.
fn brought_by(method: Method, settlement: Settlement, attempt: &AttemptRow, template: Template) -> i64 {
    let in_order = attempt.received.min(attempt.amount);
    match settlement {
        Settlement::Order | Settlement::Returned if template == method.brings() => in_order,
        Settlement::Order | Settlement::Returned if template == Template::BankToCredit => attempt.received - in_order,
        Settlement::Refund | Settlement::Suspense if template == Template::PaidToSuspense => attempt.received,
        Settlement::Credited if template == Template::BankToCredit => attempt.received,
        _ => 0,
    }
}

/// Whether the price was reached in this state.
const fn paid(state: OrderState) -> bool {
    !matches!(state, OrderState::AwaitingPayment | OrderState::Closed)
}

/// A plan that moved in is in effect and has no money; who placed any other order is known too.
fn placed(order: &Gathered, state: OrderState, out: &mut Collected) {
    let row = &order.row;
    if !matches!(row.placed_by.as_str(), "owner" | "guest" | "moved_in" | "auto_renew") {
        out.found("stored_word", order_row(row), format!("placed by {:?}", row.placed_by));
    }
    let money = [order.attempts.len(), order.refunds.len(), order.receipts.len(), order.money.len()];
    let free = row.funds == 0 && money == [0; 4] && order.recognitions == 0;
    // One that came along with a line that was claimed may begin later.
    let stands = matches!(state, OrderState::InEffect | OrderState::Queued | OrderState::StartsOnFirstUse);
    if order.moved_in() && !(free && stands) {
        let detail = format!(
            "moved in, {} with funds {} and attempts, refunds, receipts, transfers {money:?}",
            row.state, row.funds
        );
        out.found("order_moved_in", order_row(row), detail);
    }
}

fn funds(order: &Gathered, state: OrderState, out: &mut Collected) {
    let row = &order.row;
    let brought = order.attempts.iter().filter(|attempt| attempt.settlement.as_deref() == Some("order"));
    let brought = brought.fold(0i64, |sum, attempt| sum.saturating_add(attempt.received.min(attempt.amount)));
    if row.funds != brought {
        out.found("order_funds", order_row(row), format!("funds {}, its attempts brought {brought}", row.funds));
    }
    if (paid(state) && !order.moved_in()) != (row.funds >= row.price) {
        let detail = format!("{} with {} of {}", row.state, row.funds, row.price);
        out.found("order_paid", order_row(row), detail);
    }
    let attempts = || order.attempts.iter().map(|attempt| attempt.id.0);
    let refunds = || order.refunds.iter().map(|refund| refund.id.0);
    for money in &order.money {
        let known = match money.template {
            template if BROUGHT.contains(&template) => attempts().any(|id| id == money.cause),
            Template::Delivered | Template::ToppedUp | Template::PackRecognised => true,
            Template::DisputeOpened
            | Template::DisputeFrozenCredit
            | Template::DisputeFrozenDeferred
            | Template::DisputeWon
            | Template::DisputeUnfrozenCredit
            | Template::DisputeUnfrozenDeferred
            | Template::DisputeWonEarned
            | Template::DisputeLost
            | Template::DisputeWrittenOff => order.disputes.iter().any(|dispute| dispute.id.0 == money.cause),
            _ => refunds().any(|id| id == money.cause),
        };
        if !known {
            let detail = format!("{} caused by {}, which is not of this order", money.template.word(), money.cause);
            out.found("transfer_cause", order_row(row), detail);
        }
    }
}

/// Whether it was delivered, and perhaps taken back since.
fn delivered(row: &OrderRow, state: OrderState) -> bool {
    let back = matches!(state, OrderState::Refunding | OrderState::Refunded);
    state.delivered() || (back && row.delivered_at.is_some())
}

/// Every station that the state implies has its time and no other has, and they are in order. What was taken back keeps the
/// times of the stations it had reached.
fn stations(order: &Gathered, state: OrderState, out: &mut Collected) {
    let row = &order.row;
    let was_in_effect = !state.delivered() && delivered(row, state) && row.in_effect_at.is_some();
    let expected = [
        ("paid_at", row.paid_at, paid(state) && !order.moved_in()),
        ("delivered_at", row.delivered_at, delivered(row, state)),
        ("in_effect_at", row.in_effect_at, state == OrderState::InEffect || was_in_effect),
        ("closed_at", row.closed_at, matches!(state, OrderState::Closed | OrderState::Refunded)),
    ];
    for (station, at, there) in expected {
        if at.is_some() != there {
            out.found("order_stations", order_row(row), format!("{} with {station} {at:?}", row.state));
        }
    }
    let times = [Some(row.placed_at), row.paid_at, row.delivered_at, row.in_effect_at, row.closed_at];
    if !times.into_iter().flatten().is_sorted() || row.expires_at < row.placed_at {
        out.found("order_stations", order_row(row), "its times are not in order");
    }
}

fn timer(row: &OrderRow, state: OrderState, out: &mut Collected) {
    let expected = (state == OrderState::AwaitingPayment).then_some((row.expires_at, "order"));
    let found = row.timer.as_ref().map(|(due, kind)| (*due, kind.as_str()));
    if found != expected {
        out.found("timer_of_order", order_row(row), format!("{found:?}, {expected:?} expected"));
    }
}

/// What core derives a receipt's id with from its order's.
const RECEIPT_TAG: u8 = 0x70;

fn receipts(order: &Gathered, out: &mut Collected) {
    let row = &order.row;
    if order.receipts.len() != usize::from(row.paid_at.is_some()) {
        let detail = format!("{} receipts, paid at {:?}", order.receipts.len(), row.paid_at);
        out.found("receipt_of_order", order_row(row), detail);
    }
    for receipt in &order.receipts {
        if receipt.id.0 != row.id.0.derive(RECEIPT_TAG, 0) || row.paid_at.is_some_and(|at| at != receipt.issued_at) {
            out.found("receipt_of_order", receipt_row(receipt), "its id or time does not follow from its order");
        }
        if receipt.number.is_some() == receipt.waits {
            let detail = format!("number {:?}, waits for one: {}", receipt.number, receipt.waits);
            out.found("receipt_number", receipt_row(receipt), detail);
        }
    }
}

/// An invoice is asked for what a receipt proves; each state has what belongs to it and nothing else.
fn invoice(request: &InvoiceRow, order: &Gathered, out: &mut Collected) {
    let name = || invoice_row(request);
    if order.receipts.is_empty() {
        out.found("invoice_of_receipt", name(), "its order has no receipt");
    }
    let there = [
        request.email.is_some(),
        request.settled_at.is_some() && request.settled_by.is_some(),
        request.number.is_some(),
        request.reason.is_some(),
    ];
    let expected = match request.state.as_str() {
        "requested" => [true, false, false, false],
        "issued" => [false, true, true, false],
        "refused" => [false, true, false, true],
        other => return out.found("stored_word", name(), format!("state {other:?}")),
    };
    if there != expected || (request.link.is_some() && request.number.is_none()) {
        let detail = format!("{}; address, settled, number, reason: {there:?}", request.state);
        out.found("invoice_state", name(), detail);
    }
    match (request.buyer.as_str(), &request.tax_number) {
        ("person", None) | ("organisation", Some(_)) => {}
        (buyer, number) => {
            let detail = format!("{buyer:?} with a tax number: {}", number.is_some());
            out.found("invoice_buyer", name(), detail);
        }
    }
    if order.row.paid_at.is_some_and(|paid| request.asked_at < paid)
        || request.settled_at.is_some_and(|settled| settled < request.asked_at)
    {
        out.found("invoice_stations", name(), "its times are not in order");
    }
}

/// What was delivered was posted, whole; what time earned of it is no more than its price.
fn delivery(order: &Gathered, state: OrderState, kind: OfferingKind, out: &mut Collected) {
    let row = &order.row;
    let topup = kind == OfferingKind::TopUp;
    for (template, right) in [(Template::Delivered, !topup), (Template::ToppedUp, topup)] {
        let expected = right && delivered(row, state) && !order.moved_in();
        let amounts: Vec<i64> =
            order.money.iter().filter(|money| money.template == template).map(|money| money.amount).collect();
        if amounts != if expected { vec![row.price] } else { vec![] } {
            let detail = format!("{} at {}, {} of {amounts:?}", row.state, row.price, template.word());
            out.found("order_delivered", order_row(row), detail);
        }
    }
    let numbers = order.last_recognition.map_or(0, |last| u32::from(last) + 1);
    if numbers != order.recognitions {
        out.found("recognition", order_row(row), format!("{} recognitions up to {numbers}", order.recognitions));
    }
    // What was not earned when it went back never is; what was earned and went back was earned all the same.
    let back = returned(order);
    let expected = match order.periods.first() {
        _ if topup || !delivered(row, state) || order.moved_in() => (0, 0),
        Some(Period { period, .. }) => (period.recognised.saturating_add(back.earned), u32::from(period.recognitions)),
        None => {
            let kept_back = back.deferred.saturating_add(disputes::withheld(order));
            (row.price.saturating_sub(kept_back), order.recognitions)
        }
    };
    if (order.earned, order.recognitions) != expected || order.earned > row.price || back.earned > order.earned {
        let found = (order.earned, order.recognitions);
        out.found("recognition", order_row(row), format!("posted {found:?}, {expected:?} expected of {}", row.price));
    }
}

/// A delivered plan or pack that has not ended is in its line's allowance, as it was sold; nothing else is.
fn periods(order: &Gathered, state: OrderState, kind: OfferingKind, context: &Context<'_>, out: &mut Collected) {
    let (row, now) = (&order.row, context.now.business);
    let has_time = state.delivered() && kind != OfferingKind::TopUp;
    let ended = row.ends_at.is_some_and(|end| end <= now);
    let count = order.periods.len();
    if count > usize::from(has_time) || (count == 0 && has_time && !ended) {
        let detail = format!("{}, ends at {:?}, {count} periods", row.state, row.ends_at);
        out.found("period_of_order", order_row(row), detail);
    }
    if has_time && row.starts_at.is_some() == (state == OrderState::StartsOnFirstUse) {
        let detail = format!("{} with a start at {:?}", row.state, row.starts_at);
        out.found("period_of_order", order_row(row), detail);
    }
    for Period { line, period } in &order.periods {
        let window = match period.window {
            Window::Fixed { starts_at, ends_at } => {
                state != OrderState::StartsOnFirstUse
                    && (Some(starts_at), Some(ends_at)) == (row.starts_at, row.ends_at)
                    && starts_at < ends_at
            }
            Window::FirstUse { .. } => state == OrderState::StartsOnFirstUse,
        };
        let sold = (*line, period.deferred, &period.offering, period.kind);
        let back = returned(order);
        let away = back.deferred.saturating_add(back.earned).saturating_add(disputes::withheld(order));
        let left = row.price.saturating_sub(away);
        let deferred = if order.moved_in() { 0 } else { left };
        if !window || sold != (row.line, deferred, &row.offering, kind) {
            let detail = format!("{:?} at {} of {} on {line}", period.window, period.deferred, period.offering);
            out.found("period_of_order", order_row(row), detail);
        }
    }
    // One that must have begun has a timer that is about to begin it.
    let begins = row.starts_at.filter(|start| state == OrderState::Queued && *start <= now);
    if begins.is_some_and(|start| row.line_timer.is_none_or(|due| due > start)) {
        out.found("queued_has_begun", order_row(row), format!("queued since its start at {:?}", row.starts_at));
    }
}
