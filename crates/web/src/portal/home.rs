//! `GET /home`: the lines, what they need, and money.

use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::line_shown::{LineShown, is_cut_off, is_ending, line_name, shown};
use crate::portal::order_shown::headline;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use everline_app::home::{Home, LineView};
use everline_app::open_orders::open_orders;
use everline_core::order::Order;
use serde::Deserialize;

/// From this many lines on they are a list instead of cards.
const LIST_FROM: usize = 7;

/// Which lines of a long list to show.
#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    show: String,
}

struct Chip {
    label: String,
    count: usize,
    href: &'static str,
    here: bool,
}

struct OpenOrder {
    href: String,
    line: String,
    state: String,
    when: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    p: Frame,
    greeting: String,
    summary: Option<String>,
    paid_credit: String,
    promo_credit: Option<String>,
    open: Vec<OpenOrder>,
    chips: Vec<Chip>,
    cards: Vec<LineShown>,
    rows: Vec<LineShown>,
    nothing_matches: bool,
}

/// The first page of a customer.
pub(crate) async fn home(State(web): State<Web>, visit: Visit, Query(filter): Query<Filter>) -> Answer {
    let customer = visit.customer()?;
    let home = everline_app::home::home(&web.app, customer).await?;
    let open = open_orders(&web.app, customer).await?;
    let show = visit.show(&web);
    let many = home.lines.len() >= LIST_FROM;
    let (ending, cut_off) = counts(&home.lines);
    let wanted: Vec<&LineView> = home.lines.iter().filter(|view| !many || matches(view, &filter.show)).collect();
    let lines = wanted.iter().map(|view| shown(&show, &web.app.brand, view)).collect();
    let (cards, rows): (Vec<_>, Vec<_>) = if many { (Vec::new(), lines) } else { (lines, Vec::new()) };
    let summary = || {
        let args = [("ending", count(ending)), ("off", count(cut_off)), ("all", count(home.lines.len()))];
        visit.say("home-summary", &args)
    };
    page(&HomePage {
        greeting: visit.say("home-greeting", &[("name", Arg::Text(&home.customer.name))]),
        summary: many.then(summary),
        paid_credit: show.money(home.paid_credit),
        promo_credit: (home.promo_credit.micros() > 0).then(|| show.money(home.promo_credit)),
        open: open.iter().map(|order| open_order(&visit, &web, &home, order)).collect(),
        chips: if many { chips(&visit, &home.lines, &filter.show) } else { Vec::new() },
        nothing_matches: many && rows.is_empty(),
        cards,
        rows,
        p: visit.frame(&web, visit.lang.get("home-title")),
    })
}

fn count(n: usize) -> Arg<'static> {
    Arg::Count(i64::try_from(n).unwrap_or(i64::MAX))
}

fn counts(lines: &[LineView]) -> (usize, usize) {
    let number = |is: fn(&LineView) -> bool| lines.iter().filter(|view| is(view)).count();
    (number(is_ending), number(is_cut_off))
}

fn matches(view: &LineView, wanted: &str) -> bool {
    match wanted {
        "ending" => is_ending(view),
        "cut_off" => is_cut_off(view),
        _ => true,
    }
}

fn chips(visit: &Visit, lines: &[LineView], wanted: &str) -> Vec<Chip> {
    let (ending, cut_off) = counts(lines);
    let wanted = if matches!(wanted, "ending" | "cut_off") { wanted } else { "all" };
    let chip = |word, key, count, href| Chip { label: visit.lang.get(key), count, href, here: wanted == word };
    vec![
        chip("all", "home-chip-all", lines.len(), "/home?show=all"),
        chip("ending", "home-chip-ending", ending, "/home?show=ending"),
        chip("cut_off", "home-chip-cut-off", cut_off, "/home?show=cut_off"),
    ]
}

fn open_order(visit: &Visit, web: &Web, home: &Home, order: &Order) -> OpenOrder {
    let line = home.lines.iter().find(|view| view.line.id == order.line);
    OpenOrder {
        href: format!("/orders/{}", order.id),
        line: line.map_or_else(String::new, |view| line_name(&view.line)),
        state: visit.lang.get(headline(order.state)),
        when: visit.show(web).moment(order.placed_at),
    }
}
