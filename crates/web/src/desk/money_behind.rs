//! The transfers behind a sum of a day, each with its order or customer; and what stands in suspense.

use super::money::{account_key, address, day_name, posting_key, which};
use super::queue::{me, staff};
use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::order_shown::order_number;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::Problem;
use everline_app::money::{self as app, Behind, Key};
use everline_core::ids::CustomerId;
use everline_core::ledger::{LedgerAccount, Template as Posting};
use everline_core::money::Money;
use everline_core::time::BusinessTime;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    posting: String,
    account: String,
    after: String,
}

impl Asked {
    fn behind(&self) -> Result<Behind, Problem> {
        let account = || LedgerAccount::ALL.into_iter().find(|one| one.word() == self.account);
        let posting = Posting::from_word(&self.posting).map(Behind::Template);
        posting.or_else(|| account().map(Behind::Account)).ok_or(Problem::NotFound("sum"))
    }
    fn after(&self) -> Option<Key> {
        let (at, id) = self.after.split_once('-')?;
        Some((BusinessTime::from_us(at.parse().ok()?), id.parse().ok()?))
    }
}

struct Row {
    what: String,
    amount: String,
    when: String,
    /// Where it leads, and what that is called.
    href: String,
    to: String,
    /// When it was posted, where that was on a day that was closed.
    late: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_money_transfers.html")]
struct Transfers {
    p: Frame,
    back: String,
    day: String,
    rows: Vec<Row>,
    next: Option<String>,
}

fn place(visit: &Visit, customer: CustomerId, order: Option<&String>) -> (String, String) {
    match order {
        Some(number) => (format!("/desk/orders/{number}"), order_number(number)),
        None => (format!("/desk/customers/{customer}"), visit.lang.get("desk-customer-title")),
    }
}

/// `GET /desk/money/days/{day}/transfers`
pub(crate) async fn transfers(
    State(web): State<Web>,
    visit: Visit,
    Path(day): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    staff(&web, &visit).await?;
    let (which, behind) = (which(&day)?, asked.behind()?);
    let found = app::transfers(&web.app, me(&visit)?, which, behind, asked.after()).await?;
    let (show, currency) = (visit.show(&web), web.app.brand.currency);
    let rows = found.rows.iter().map(|row| {
        let (href, to) = place(&visit, row.customer, row.order.as_ref());
        let late = || visit.say("money-late", &[("when", (&show.moment_in_full(row.posted_at)).into())]);
        Row {
            what: visit.lang.get(&posting_key(row.template)),
            amount: show.money(Money::from_micros(row.amount, currency)),
            when: show.moment(row.booked_at),
            href,
            to,
            late: (row.posted_at < row.booked_at).then(late),
        }
    });
    let (base, asks) = (address(which), query(behind));
    let title = match behind {
        Behind::Template(posting) => visit.lang.get(&posting_key(posting)),
        Behind::Account(account) => visit.lang.get(&account_key(account)),
    };
    page(&Transfers {
        rows: rows.collect(),
        next: found.next.map(|(at, id)| format!("{base}/transfers?{asks}&after={}-{id}", at.us())),
        day: day_name(&visit, which),
        back: base,
        p: visit.frame(&web, title),
    })
}

fn query(behind: Behind) -> String {
    match behind {
        Behind::Template(posting) => format!("posting={}", posting.word()),
        Behind::Account(account) => format!("account={}", account.word()),
    }
}

struct SuspenseRow {
    href: String,
    to: String,
    amount: String,
    age: String,
    since: String,
}

#[derive(Template)]
#[template(path = "desk_money_suspense.html")]
struct Suspense {
    p: Frame,
    rows: Vec<SuspenseRow>,
    /// Whether there may be more than are shown.
    more: bool,
}

/// `GET /desk/money/suspense`
pub(crate) async fn suspense(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let found = app::suspense(&web.app, me(&visit)?).await?;
    let (show, currency) = (visit.show(&web), web.app.brand.currency);
    let more = i64::try_from(found.len()).unwrap_or(i64::MAX) >= app::SUSPENSE_MAX;
    let rows = found.iter().map(|row| {
        let (href, to) = place(&visit, row.customer, row.order.as_ref());
        let amount = show.money(Money::from_micros(row.amount, currency));
        SuspenseRow { href, to, amount, age: show.age(row.since), since: show.moment_in_full(row.since) }
    });
    page(&Suspense { rows: rows.collect(), more, p: visit.frame(&web, visit.lang.get("money-suspense-title")) })
}
