//! `/history`: orders with their payments, refunds and receipts, by line, kind and month; and as a file.

use crate::fault::{Answer, Fault};
use crate::file::csv_file;
use crate::frame::{Frame, page};
use crate::portal::line::line_id;
use crate::portal::line_shown::{line_name, number};
use crate::portal::order_shown::{headline, order_number};
use crate::portal::pay::method_shown;
use crate::portal::usage::{Choice, month_name};
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::csv::Csv;
use everline_app::order_history::{Entry, Key, Wanted, history};
use everline_app::usage_history::{LINES_MAX, months};
use everline_core::calendar::Month;
use everline_core::ids::CustomerId;
use everline_core::offering::OfferingKind;
use everline_core::payment::{Attempt, AttemptState};
use everline_core::refund::{Refund, RefundState};
use everline_core::time::BusinessTime;
use futures_util::stream;
use serde::Deserialize;

/// What of the history is wanted; all of it where nothing is said.
#[derive(Deserialize, Default, Clone)]
pub(crate) struct Asked {
    #[serde(default)]
    line: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    month: String,
    /// Where the page before ended.
    #[serde(default)]
    before: String,
}

const KINDS: [(&str, OfferingKind, &str); 3] = [
    ("plan", OfferingKind::Plan, "history-kind-plan"),
    ("pack", OfferingKind::Pack, "history-kind-pack"),
    ("top-up", OfferingKind::TopUp, "history-kind-top-up"),
];

impl Asked {
    /// What it means. A line that is none does not exist; any other word that is none is not asked.
    fn wanted(&self, web: &Web) -> Result<Wanted, Fault> {
        let month = self.month.parse::<Month>().ok();
        Ok(Wanted {
            line: if self.line.is_empty() { None } else { Some(line_id(&self.line)?) },
            kind: KINDS.iter().find(|(word, ..)| *word == self.kind).map(|(_, kind, _)| *kind),
            placed: month.map(|month| month.bounds(&web.app.zone)),
            before: read_key(&self.before),
        })
    }
    /// Its address, without the place.
    fn address(&self, path: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("line", &self.line), ("kind", &self.kind), ("month", &self.month)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

fn read_key(text: &str) -> Option<Key> {
    let (at, id) = text.split_once('-')?;
    Some((BusinessTime::from_us(at.parse().ok()?), id.parse().ok()?))
}
fn write_key((at, id): Key) -> String {
    format!("{}-{id}", at.us())
}

/// Something that can be chosen in a list.
struct Chosen {
    value: String,
    label: String,
    here: bool,
}

struct OrderShown {
    href: String,
    name: String,
    line: String,
    when: String,
    state: String,
    price: String,
    /// Payments and what came back, a sentence each.
    money: Vec<String>,
    receipt: Option<String>,
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    p: Frame,
    lines: Vec<Chosen>,
    kinds: Vec<Chosen>,
    months: Vec<Chosen>,
    orders: Vec<OrderShown>,
    filtered: bool,
    next: Option<Choice>,
    file: String,
}

/// `GET /history`
pub(crate) async fn orders(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (customer, wanted) = (visit.customer()?, asked.wanted(&web)?);
    let found = history(&web.app, customer, wanted).await?;
    let lines = everline_app::order_history::lines(&web.app, customer, LINES_MAX).await?;
    let show = visit.show(&web);
    let lines = lines.iter().map(|line| Chosen {
        value: line.id.to_string(),
        label: line_name(line),
        here: wanted.line == Some(line.id),
    });
    let kinds = KINDS.iter().map(|(word, kind, key)| Chosen {
        value: (*word).to_owned(),
        label: visit.lang.get(key),
        here: wanted.kind == Some(*kind),
    });
    let months = months(&web.app.zone, web.app.clock.now().business).into_iter().map(|month| Chosen {
        value: month.to_string(),
        label: month_name(&visit, month),
        here: asked.month == month.to_string(),
    });
    let address = asked.address("/history");
    let glue = if address.contains('?') { '&' } else { '?' };
    let next = found.next.map(|key| Choice {
        label: visit.lang.get("history-older"),
        href: format!("{address}{glue}before={}", write_key(key)),
        here: false,
    });
    page(&HistoryPage {
        lines: lines.collect(),
        kinds: kinds.collect(),
        months: months.collect(),
        orders: found.entries.iter().map(|entry| order_shown(&show, entry)).collect(),
        filtered: address != "/history",
        next,
        file: asked.address("/history.csv"),
        p: visit.frame(&web, visit.lang.get("history-title")),
    })
}

fn order_shown(show: &Show, entry: &Entry) -> OrderShown {
    let payments = entry.ordered.attempts.iter().map(|attempt| payment(show, attempt));
    let refunds = entry.ordered.refunds.iter().map(|one| refund(show, one));
    OrderShown {
        href: format!("/orders/{}", entry.ordered.order.id),
        name: entry.ordered.offering.name.get(show.lang.tag()).to_owned(),
        line: line_name(&entry.line),
        when: show.moment(entry.ordered.order.placed_at),
        state: show.lang.get(headline(entry.ordered.order.state)),
        price: show.money(entry.ordered.order.price),
        money: payments.chain(refunds).collect(),
        receipt: entry.ordered.order.paid_at.map(|_| format!("/orders/{}/receipt", entry.ordered.order.id)),
    }
}

/// `支付宝扫码 ¥9.90：已支付`
fn payment(show: &Show, attempt: &Attempt) -> String {
    let state = show.lang.get(match attempt.state {
        AttemptState::Created | AttemptState::Pending => "history-attempt-pending",
        AttemptState::Unknown => "history-attempt-unknown",
        AttemptState::Failed => "history-attempt-failed",
        AttemptState::Closed => "history-attempt-closed",
        AttemptState::Paid => "history-attempt-paid",
    });
    let (method, amount) = (method_shown(show, attempt.method).label, show.money(attempt.amount));
    show.lang
        .with("history-money", &[("what", (&method).into()), ("amount", (&amount).into()), ("state", (&state).into())])
}

fn refund(show: &Show, refund: &Refund) -> String {
    let state = show.lang.get(match refund.state {
        RefundState::InFlight => "history-refund-in-flight",
        RefundState::Done => "history-refund-done",
        RefundState::Failed => "history-refund-failed",
        RefundState::Credited => "history-refund-credited",
        RefundState::PaidOut => "history-refund-paid-out",
        RefundState::MadeGood => "history-refund-made-good",
    });
    let (what, amount) = (show.lang.get("history-refund"), show.money(refund.amount));
    show.lang
        .with("history-money", &[("what", (&what).into()), ("amount", (&amount).into()), ("state", (&state).into())])
}

/// `GET /history.csv`: all that match, page by page.
pub(crate) async fn file(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let (customer, wanted) = (visit.customer()?, Wanted { before: None, ..asked.wanted(&web)? });
    let columns = [
        "order-fact-number",
        "history-placed",
        "line-number",
        "history-line",
        "history-offering",
        "history-what",
        "line-state",
        "history-price",
        "history-currency",
        "history-paid-at",
        "history-payments",
    ];
    let columns = columns.map(|key| visit.lang.get(key));
    let head = Csv::new(&columns.each_ref().map(String::as_str)).into_text();
    // The first page is read before anything is sent: what cannot be read is answered as such.
    let first = rows(&web, &visit, customer, wanted).await?;
    let begun = stream::iter([Ok(head + &first.0)]);
    let rest = stream::unfold((web, visit, first.1), move |(web, visit, next)| async move {
        let wanted = Wanted { before: Some(next?), ..wanted };
        let part = rows(&web, &visit, customer, wanted).await;
        Some(match part {
            Ok((text, next)) => (Ok(text), (web, visit, next)),
            Err(fault) => (Err(fault), (web, visit, None)),
        })
    });
    csv_file("orders.csv", futures_util::StreamExt::chain(begun, rest))
}

async fn rows(web: &Web, visit: &Visit, customer: CustomerId, wanted: Wanted) -> Result<(String, Option<Key>), Fault> {
    let found = history(&web.app, customer, wanted).await?;
    let (show, mut csv) = (visit.show(web), Csv::rows());
    let time = |at| web.app.zone.rfc3339(at);
    for entry in &found.entries {
        let shown = order_shown(&show, entry);
        let kind = KINDS
            .iter()
            .find(|(_, kind, _)| *kind == entry.ordered.offering.kind)
            .map(|(_, _, key)| visit.lang.get(key));
        for cell in [
            order_number(&entry.ordered.order.number),
            time(entry.ordered.order.placed_at),
            number(&entry.line.msisdn).replace('\u{a0}', " "),
            entry.line.name.clone(),
            shown.name,
            kind.unwrap_or_default(),
            shown.state,
        ] {
            csv.cell(&cell);
        }
        csv.amount(entry.ordered.order.price);
        csv.cell(entry.ordered.order.price.currency().code());
        csv.cell(&entry.ordered.order.paid_at.map(time).unwrap_or_default());
        csv.cell(&shown.money.join("; "));
        csv.end();
    }
    Ok((csv.into_text(), found.next))
}
