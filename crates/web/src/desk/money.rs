//! `/desk/money`: what is owed to customers, and the days of the books: each with its sums, and as a file.

use super::queue::{how_many, me, staff};
use crate::fault::Answer;
use crate::file::whole_csv;
use crate::frame::{Frame, page};
use crate::portal::pay::method_shown;
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::Problem;
use everline_app::csv::Csv;
use everline_app::money::{self as app, DayView, WhichDay};
use everline_app::reconciliation::queue;
use everline_app::refund_order;
use everline_app::staff::StaffMember;
use everline_core::calendar::Day;
use everline_core::day_close::balance;
use everline_core::ledger::{LedgerAccount, Template as Posting};
use everline_core::money::Money;
use everline_core::payment::Method;
use everline_core::staff::Permission;
use serde::Deserialize;

/// The key of a ledger account's name.
pub(crate) fn account_key(account: LedgerAccount) -> String {
    format!("ledger-{}", account.word().replace('_', "-"))
}
/// The key of a posting's name.
pub(crate) fn posting_key(posting: Posting) -> String {
    format!("posting-{}", posting.word().to_ascii_lowercase().replace('_', "-"))
}

/// Which day an address names: `2026-03-10`, or `open`.
pub(super) fn which(text: &str) -> Result<WhichDay, Problem> {
    if text == "open" {
        return Ok(WhichDay::Open);
    }
    let day = text.parse::<jiff::civil::Date>().map_err(|_| Problem::NotFound("day"))?;
    Ok(WhichDay::Closed(Day::from_date(day)))
}

/// What a day is called.
pub(super) fn day_name(visit: &Visit, which: WhichDay) -> String {
    match which {
        WhichDay::Open => visit.lang.get("money-open"),
        WhichDay::Closed(day) => day.to_string(),
    }
}

pub(super) fn address(which: WhichDay) -> String {
    match which {
        WhichDay::Open => "/desk/money/days/open".to_owned(),
        WhichDay::Closed(day) => format!("/desk/money/days/{day}"),
    }
}

/// What one account holds, each with the day behind it.
struct Liability {
    name: String,
    at_close: Option<(String, String)>,
    now: (String, String),
}

struct DayLink {
    href: String,
    name: String,
    facts: String,
}

#[derive(Template)]
#[template(path = "desk_money.html")]
struct Overview {
    p: Frame,
    links: Vec<(&'static str, String)>,
    liabilities: Vec<Liability>,
    closed: String,
    open: Option<DayLink>,
    days: Vec<DayLink>,
    next: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    before: String,
}

fn money(web: &Web, show: &Show, micros: i64) -> String {
    show.money(Money::from_micros(micros, web.app.brand.currency))
}

/// What waits elsewhere, of what this member may see.
async fn links(web: &Web, visit: &Visit, member: &StaffMember) -> Result<Vec<(&'static str, String)>, Problem> {
    let mut links = vec![("/desk/money/suspense", visit.lang.get("money-suspense-title"))];
    if member.may(Permission::SeeReconciliation) {
        links.push((
            "/desk/reconciliation",
            how_many(visit, "recon-open", queue::open_count(&web.app, member.id).await?),
        ));
    }
    if member.may(Permission::SeeCustomer) {
        links.push((
            "/desk#refunds",
            how_many(visit, "money-refunds", refund_order::waiting(&web.app, member.id).await?),
        ));
    }
    Ok(links)
}

/// `GET /desk/money`
pub(crate) async fn overview(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let member = staff(&web, &visit).await?;
    let before = asked.before.parse::<jiff::civil::Date>().ok().map(Day::from_date);
    let found = app::overview(&web.app, me(&visit)?, before).await?;
    let show = visit.show(&web);
    let behind = |day, amount| (format!("{}#accounts", address(day)), money(&web, &show, amount));
    let liabilities = found.liabilities.iter().map(|held| Liability {
        name: visit.lang.get(&account_key(held.account)),
        at_close: found.last.map(|last| behind(WhichDay::Closed(last.day), held.at_close)),
        now: behind(WhichDay::Open, held.now),
    });
    let count = |transfers: i64| visit.say("money-transfers", &[("count", transfers.into())]);
    let days = found.days.iter().map(|day| DayLink {
        href: address(WhichDay::Closed(day.day)),
        name: day.day.to_string(),
        facts: count(day.transfers),
    });
    let open = found.open_from.map(|from| DayLink {
        href: address(WhichDay::Open),
        name: visit.lang.get("money-open"),
        facts: visit.say("money-open-since", &[("when", (&show.moment(from)).into())]),
    });
    page(&Overview {
        links: links(&web, &visit, &member).await?,
        liabilities: liabilities.collect(),
        closed: match found.last {
            Some(last) => visit.say("money-at-close", &[("day", (&last.day.to_string()).into())]),
            None => visit.lang.get("money-none-closed"),
        },
        open,
        days: days.collect(),
        next: found.next.map(|day| format!("/desk/money?before={day}")),
        p: visit.frame(&web, visit.lang.get("money-title")),
    })
}

struct AccountRow {
    name: String,
    href: Option<String>,
    amounts: [String; 4],
}
struct PostingRow {
    name: String,
    word: &'static str,
    href: String,
    count: i64,
    amount: String,
}
struct MethodRow {
    /// The transfers of its posting.
    href: String,
    name: String,
    posting: String,
    count: i64,
    amount: String,
}

#[derive(Template)]
#[template(path = "desk_money_day.html")]
struct DayPage {
    p: Frame,
    facts: Vec<(String, String)>,
    /// What is wrong with the sums: nothing, in sound books.
    unbalanced: bool,
    accounts: Vec<AccountRow>,
    postings: Vec<PostingRow>,
    methods: Vec<MethodRow>,
    file: String,
}

/// `GET /desk/money/days/{day}`
pub(crate) async fn day(State(web): State<Web>, visit: Visit, Path(day): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let which = which(&day)?;
    let view = app::day(&web.app, me(&visit)?, which).await?;
    let (show, base) = (visit.show(&web), address(which));
    let amount = |micros| money(&web, &show, micros);
    let accounts = view.accounts.iter().map(|one| AccountRow {
        name: visit.lang.get(&account_key(one.account)),
        href: (one.debits != 0 || one.credits != 0).then(|| format!("{base}/transfers?account={}", one.account.word())),
        amounts: [one.opening(), one.debits, one.credits, one.closing].map(amount),
    });
    let postings = view.templates.iter().map(|sum| PostingRow {
        name: visit.lang.get(&posting_key(sum.template)),
        word: sum.template.word(),
        href: format!("{base}/transfers?posting={}", sum.template.word()),
        count: sum.transfers,
        amount: amount(sum.amount),
    });
    let methods = view.methods.iter().map(|sum| MethodRow {
        href: format!("{base}/transfers?posting={}", sum.template.word()),
        name: method_name(&show, sum.method),
        posting: visit.lang.get(&posting_key(sum.template)),
        count: sum.transfers,
        amount: amount(sum.amount),
    });
    let (debits, credits) = balance(&view.accounts);
    page(&DayPage {
        facts: facts(&web, &visit, &view),
        unbalanced: debits != credits,
        accounts: accounts.collect(),
        postings: postings.collect(),
        methods: methods.collect(),
        file: format!("{base}/close.csv"),
        p: visit.frame(&web, visit.say("money-day-title", &[("day", (&day_name(&visit, which)).into())])),
    })
}

fn method_name(show: &Show, method: Method) -> String {
    method_shown(show, method).label
}

fn facts(web: &Web, visit: &Visit, view: &DayView) -> Vec<(String, String)> {
    let show = visit.show(web);
    let label = |key: &str| visit.lang.get(key);
    let mut facts = vec![(label("money-began"), show.moment_in_full(view.began_at))];
    match &view.closed {
        Some(closed) => {
            facts.push((label("money-ended"), show.moment_in_full(closed.ended_at)));
            facts.push((label("money-closed-at"), show.moment_in_full(closed.closed_at)));
        }
        None => facts.push((label("money-ended"), label("money-not-closed"))),
    }
    facts.push((label("money-count"), view.transfers.to_string()));
    let (debits, credits) = balance(&view.accounts);
    let sum = |sum: i128| money(web, &show, i64::try_from(sum).unwrap_or(i64::MAX));
    facts.push((label("money-debits"), sum(debits)));
    facts.push((label("money-credits"), sum(credits)));
    let fees = view.accounts.iter().find(|one| one.account == LedgerAccount::PspFees);
    facts.push((label("money-fees"), money(web, &show, fees.map_or(0, |fees| fees.movement()))));
    facts
}

/// `GET /desk/money/days/{day}/close.csv`: ledger accounts, postings and methods, one a row.
pub(crate) async fn file(State(web): State<Web>, visit: Visit, Path(day): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let which = which(&day)?;
    let view = app::day(&web.app, me(&visit)?, which).await?;
    let show = visit.show(&web);
    let keys = [
        "money-file-day",
        "money-file-of",
        "money-file-code",
        "money-file-name",
        "money-method",
        "money-count",
        "money-opening",
        "money-debits",
        "money-credits",
        "money-closing",
        "history-currency",
    ];
    let columns = keys.map(|key| visit.lang.get(key));
    let mut csv = Csv::new(&columns.each_ref().map(String::as_str));
    let currency = web.app.brand.currency;
    let name = match which {
        WhichDay::Open => "open".to_owned(),
        WhichDay::Closed(day) => day.to_string(),
    };
    let mut row = |of: &str, code: &str, called: &str, method: &str, count: Option<i64>, amounts: [Option<i64>; 4]| {
        [name.as_str(), of, code, called, method].into_iter().for_each(|cell| csv.cell(cell));
        match count {
            Some(count) => csv.number(count),
            None => csv.cell(""),
        }
        for amount in amounts {
            match amount {
                Some(micros) => csv.amount(Money::from_micros(micros, currency)),
                None => csv.cell(""),
            }
        }
        csv.cell(currency.code());
        csv.end();
    };
    for one in &view.accounts {
        let called = visit.lang.get(&account_key(one.account));
        let amounts = [one.opening(), one.debits, one.credits, one.closing].map(Some);
        row("account", one.account.word(), &called, "", None, amounts);
    }
    for sum in &view.templates {
        let called = visit.lang.get(&posting_key(sum.template));
        let amounts = [None, Some(sum.amount), Some(sum.amount), None];
        row("posting", sum.template.word(), &called, "", Some(sum.transfers), amounts);
    }
    for sum in &view.methods {
        let (called, method) = (visit.lang.get(&posting_key(sum.template)), method_name(&show, sum.method));
        let amounts = [None, Some(sum.amount), Some(sum.amount), None];
        row("method", sum.template.word(), &called, &method, Some(sum.transfers), amounts);
    }
    whole_csv(&format!("close-{name}.csv"), csv.into_text())
}
