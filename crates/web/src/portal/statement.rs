//! `/statement`: an account's month: what was there, every posting that moved it in words, what is there after; and as a file.

use crate::fault::{Answer, Fault};
use crate::file::csv_file;
use crate::frame::{Frame, page};
use crate::portal::order_shown::order_number;
use crate::portal::usage::{Choice, month_name};
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::csv::Csv;
use everline_app::statement::{FILE_PAGE, Key, PAGE, Statement, statement};
use everline_app::usage_history::months;
use everline_core::calendar::Month;
use everline_core::ids::CustomerId;
use everline_core::ledger::Template as Posted;
use everline_core::money::{Currency, Money};
use everline_core::statement::Pots;
use everline_core::time::BusinessTime;
use futures_util::stream;
use serde::Deserialize;

/// Which month, and behind which movement.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    month: String,
    #[serde(default)]
    after: String,
}

impl Asked {
    /// The month; this one where none is said, and none that has not begun.
    fn month(&self, web: &Web) -> Month {
        let now = Month::of(&web.app.zone, web.app.clock.now().business);
        self.month.parse().ok().filter(|month| *month <= now).unwrap_or(now)
    }
    fn after(&self) -> Option<Key> {
        let (at, id) = self.after.split_once('-')?;
        Some((BusinessTime::from_us(at.parse().ok()?), id.parse().ok()?))
    }
}

struct Move {
    when: String,
    what: String,
    order: Option<(String, String)>,
    /// What it did to paid credit, promotional credit and what is held; empty where nothing.
    pots: [String; 3],
}

#[derive(Template)]
#[template(path = "statement.html")]
struct StatementPage {
    p: Frame,
    month: String,
    months: Vec<Choice>,
    opening: [String; 3],
    closing: [String; 3],
    /// Whether the month is not over.
    so_far: bool,
    moves: Vec<Move>,
    next: Option<String>,
    file: String,
}

/// `GET /statement`
pub(crate) async fn account(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (customer, month, after) = (visit.customer()?, asked.month(&web), asked.after());
    let found = statement(&web.app, customer, month, after, PAGE).await?;
    let (show, currency, now) = (visit.show(&web), web.app.brand.currency, web.app.clock.now().business);
    let months = months(&web.app.zone, now).into_iter().map(|one| Choice {
        label: month_name(&visit, one),
        href: format!("/statement?month={one}"),
        here: one == month,
    });
    let moves = found.moves.iter().map(|moved| Move {
        when: show.moment(moved.at),
        what: visit.lang.get(words(moved.template)),
        order: moved.order.as_ref().map(|(id, number)| (format!("/orders/{id}"), order_number(number))),
        pots: each(moved.pots).map(|micros| if micros == 0 { String::new() } else { change(&show, micros, currency) }),
    });
    let money = |pots| each(pots).map(|micros| show.money(Money::from_micros(micros, currency)));
    page(&StatementPage {
        month: month_name(&visit, month),
        months: months.collect(),
        opening: money(found.opening),
        closing: money(found.closing),
        so_far: month == Month::of(&web.app.zone, now),
        moves: moves.collect(),
        next: found.next.map(|(at, id)| format!("/statement?month={month}&after={}-{id}", at.us())),
        file: format!("/statement.csv?month={month}"),
        p: visit.frame(&web, visit.lang.get("statement-title")),
    })
}

const fn each(pots: Pots) -> [i64; 3] {
    [pots.paid, pots.promo, pots.held]
}

fn change(show: &Show, micros: i64, currency: Currency) -> String {
    let amount = show.money(Money::from_micros(micros, currency));
    if micros > 0 { format!("+{amount}") } else { amount }
}

/// `GET /statement.csv`: the whole month, page by page.
pub(crate) async fn file(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (customer, month) = (visit.customer()?, asked.month(&web));
    let first = statement(&web.app, customer, month, None, FILE_PAGE).await?;
    let columns = [
        "history-when",
        "history-what",
        "order-fact-number",
        "statement-paid",
        "statement-promo",
        "statement-held",
        "history-currency",
    ];
    let columns = columns.map(|key| visit.lang.get(key));
    let mut head = Csv::new(&columns.each_ref().map(String::as_str));
    let currency = web.app.brand.currency;
    total(&mut head, &visit.lang.get("statement-opening"), first.opening, currency);
    let (closing, mut next) = (first.closing, first.next);
    let mut begun = head.into_text() + &rows(&web, &visit, &first);
    let last = {
        let mut last = Csv::rows();
        total(&mut last, &visit.lang.get("statement-closing"), closing, currency);
        last.into_text()
    };
    if next.is_none() {
        begun += &last;
    }
    let name = format!("statement-{month}.csv");
    let rest = stream::unfold((web, visit, next.take(), last), move |(web, visit, next, last)| async move {
        let (text, next) = match part(&web, &visit, customer, month, next?).await {
            Ok((text, None)) => (Ok(text + &last), None),
            Ok((text, next)) => (Ok(text), next),
            Err(fault) => (Err(fault), None),
        };
        Some((text, (web, visit, next, last)))
    });
    csv_file(&name, futures_util::StreamExt::chain(stream::iter([Ok(begun)]), rest))
}

async fn part(
    web: &Web,
    visit: &Visit,
    customer: CustomerId,
    month: Month,
    after: Key,
) -> Result<(String, Option<Key>), Fault> {
    let found = statement(&web.app, customer, month, Some(after), FILE_PAGE).await?;
    Ok((rows(web, visit, &found), found.next))
}

fn total(csv: &mut Csv, what: &str, pots: Pots, currency: Currency) {
    csv.cell("");
    csv.cell(what);
    csv.cell("");
    each(pots).into_iter().for_each(|micros| csv.amount(Money::from_micros(micros, currency)));
    csv.cell(currency.code());
    csv.end();
}

fn rows(web: &Web, visit: &Visit, found: &Statement) -> String {
    let (mut csv, currency) = (Csv::rows(), web.app.brand.currency);
    for moved in &found.moves {
        csv.cell(&web.app.zone.rfc3339(moved.at));
        csv.cell(&visit.lang.get(words(moved.template)));
        csv.cell(&moved.order.as_ref().map(|(_, number)| order_number(number)).unwrap_or_default());
        each(moved.pots).into_iter().for_each(|micros| csv.amount(Money::from_micros(micros, currency)));
        csv.cell(currency.code());
        csv.end();
    }
    csv.into_text()
}

/// The key of what a posting means to the customer whose money it moves.
/// What a posting is called.
pub(crate) const fn words(template: Posted) -> &'static str {
    match template {
        Posted::Paid => "statement-paid-in",
        Posted::PaidByBank => "statement-paid-by-bank",
        Posted::Delivered => "statement-delivered",
        Posted::ToppedUp => "statement-topped-up",
        Posted::PaidToSuspense | Posted::BookedToSuspense => "statement-to-suspense",
        Posted::CreditSpent => "statement-credit-spent",
        Posted::PromoSpent => "statement-promo-spent",
        Posted::CreditReturned => "statement-credit-returned",
        Posted::PromoReturned => "statement-promo-returned",
        Posted::Voucher => "statement-voucher",
        Posted::VoucherPromo => "statement-voucher-promo",
        Posted::BankToCredit => "statement-bank-to-credit",
        Posted::RefundStartedFromSuspense
        | Posted::RefundStartedFromOrder
        | Posted::RefundStartedFromDeferred
        | Posted::RefundStartedFromCredit
        | Posted::RefundStartedFromEarned => "statement-refund-started",
        Posted::RefundDone => "statement-refund-done",
        Posted::RefundDoneByBank | Posted::RefundPaidOut => "statement-refund-by-bank",
        Posted::RefundFailed => "statement-refund-failed",
        Posted::RefundBounced => "statement-refund-bounced",
        Posted::RefundCredited => "statement-refund-credited",
        Posted::RefundMadeGood => "statement-refund-made-good",
        Posted::DeferredToCredit | Posted::EarnedToCredit => "statement-plan-to-credit",
        Posted::DeferredToPromo | Posted::EarnedToPromo => "statement-plan-to-promo",
        Posted::DisputeFrozenCredit | Posted::DisputeFrozenDeferred => "statement-dispute-frozen",
        Posted::DisputeUnfrozenCredit | Posted::DisputeUnfrozenDeferred | Posted::DisputeWonEarned => {
            "statement-dispute-unfrozen"
        }
        Posted::CreditGiven | Posted::PromoGiven => "statement-given",
        Posted::CreditTaken | Posted::PromoTaken => "statement-taken",
        Posted::CreditPaidOut => "statement-paid-out",
        Posted::PromoLapsed => "statement-promo-lapsed",
        Posted::CreditSetAside => "statement-set-aside",
        Posted::CreditSetBack => "statement-set-back",
        Posted::Goodwill => "statement-goodwill",
        Posted::CreditRaised | Posted::CreditLowered | Posted::PromoLowered => "statement-corrected",
        Posted::DisputeLost => "statement-dispute-lost",
        // These move nothing of the customer's, and are on no statement.
        Posted::PackRecognised
        | Posted::PspFee
        | Posted::FeeReturned
        | Posted::Payout
        | Posted::PayoutReturned
        | Posted::WrittenOff
        | Posted::DisputeOpened
        | Posted::DisputeWon
        | Posted::DisputeWrittenOff => "statement-other",
    }
}
