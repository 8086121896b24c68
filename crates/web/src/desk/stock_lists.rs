//! Numbers that rest, and batches of vouchers: never a code.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::stock::{self as app, RestingKey};
use everline_app::voucher_batch::stop_at_desk;
use everline_core::staff::Permission;
use everline_core::time::BusinessTime;
use everline_core::voucher::{BatchState, VoucherKind};
use serde::Deserialize;

struct Number {
    href: String,
    number: String,
    until: String,
}

#[derive(Template)]
#[template(path = "desk_stock_numbers.html")]
struct Numbers {
    p: Frame,
    rows: Vec<Number>,
    /// Whether the member may look at the lines that had them.
    sees: bool,
    next: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct After {
    after: String,
}
impl After {
    fn key(&self) -> Option<RestingKey> {
        let (at, id) = self.after.split_once('-')?;
        Some((BusinessTime::from_us(at.parse().ok()?), id.parse().ok()?))
    }
}

/// `GET /desk/stock/numbers`
pub(crate) async fn numbers(State(web): State<Web>, visit: Visit, Query(asked): Query<After>) -> Answer {
    let member = staff(&web, &visit).await?;
    let (found, next) = app::resting(&web.app, me(&visit)?, asked.key()).await?;
    let show = visit.show(&web);
    let until = |at: Option<BusinessTime>| match at {
        Some(at) => visit.say("stock-rests-until", &[("when", (&show.moment_in_full(at)).into())]),
        None => visit.lang.get("stock-rests-on"),
    };
    let rows = found.iter().map(|row| Number {
        href: format!("/desk/customers/{}?line={}", row.customer, row.line),
        number: row.msisdn.masked(),
        until: until(row.until),
    });
    page(&Numbers {
        rows: rows.collect(),
        sees: member.may(Permission::SeeCustomer),
        next: next.map(|(at, line)| format!("/desk/stock/numbers?after={}-{line}", at.us())),
        p: visit.frame(&web, visit.lang.get("stock-numbers-title")),
    })
}

struct Batch {
    name: String,
    what: String,
    facts: Vec<String>,
    /// What stopping it takes away, if it may be stopped.
    stops: Option<String>,
    /// What was typed to stop it, and what is wrong with that.
    reason: String,
    wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_stock_vouchers.html")]
struct Vouchers {
    p: Frame,
    rows: Vec<Batch>,
    counted: String,
    next: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Before {
    at: String,
    name: String,
}

/// What a batch was not stopped for, and what to say of it.
type Wrong = (Problem, &'static str);

async fn show(web: &Web, visit: &Visit, before: Option<(BusinessTime, String)>, wrong: Option<Wrong>) -> Answer {
    let member = staff(web, visit).await?;
    let found = app::vouchers(&web.app, me(visit)?, before).await?;
    let (show, may) = (visit.show(web), member.may(Permission::MakeVouchers));
    let rows = found.rows.iter().map(|row| {
        let batch = &row.batch;
        let kind = match batch.kind {
            VoucherKind::Paid => "stock-vouchers-paid",
            VoucherKind::Promo => "stock-vouchers-promo",
        };
        let state = match batch.state {
            BatchState::Making => "stock-vouchers-making",
            BatchState::Stopped => "stock-vouchers-stopped",
            BatchState::Active if batch.expires_at <= show.now => "stock-vouchers-expired",
            BatchState::Active => "stock-vouchers-active",
        };
        let say = |key: &str, count: i64| visit.say(key, &[("count", count.into())]);
        let made_at = show.day(batch.made_at);
        let made = [("when", (&made_at).into()), ("name", (&batch.made_by).into())];
        let unused = batch.count.saturating_sub(row.redeemed);
        let here = wrong.as_ref().filter(|(problem, _)| *problem != Problem::Stale);
        let here = here.filter(|_| visit.fields.get("batch") == batch.name);
        Batch {
            name: batch.name.clone(),
            what: format!("{} · {}", show.money(batch.amount), visit.lang.get(kind)),
            facts: vec![
                visit.lang.get(state),
                say("stock-vouchers-made", batch.count),
                say("stock-vouchers-redeemed", row.redeemed),
                visit.say("stock-vouchers-until", &[("when", (&show.moment_in_full(batch.expires_at)).into())]),
                visit.say("stock-vouchers-by", &made),
            ],
            stops: (may && batch.state != BatchState::Stopped).then(|| say("stock-vouchers-stop-hint", unused)),
            reason: here.map(|_| visit.fields.get("reason").to_owned()).unwrap_or_default(),
            wrong: here.map(|(_, key)| visit.lang.get(key)),
        }
    });
    let rows: Vec<Batch> = rows.collect();
    let at_field = rows.iter().any(|row| row.wrong.is_some());
    let template = Vouchers {
        rows,
        counted: match found.counted_at {
            Some(at) => visit.say("stock-counted", &[("when", (&moment(web, visit, at)).into())]),
            None => visit.lang.get("stock-not-counted"),
        },
        next: found.next.map(|(at, name)| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("at", &at.us().to_string()).append_pair("name", &name);
            format!("/desk/stock/vouchers?{}", query.finish())
        }),
        error: wrong.as_ref().filter(|_| !at_field).map(|(_, key)| visit.lang.get(key)),
        p: visit.frame(web, visit.lang.get("stock-vouchers-title")),
    };
    page_with(wrong.map_or(StatusCode::OK, |(problem, _)| Fault::from(problem).status()), &template)
}

/// `GET /desk/stock/vouchers`
pub(crate) async fn vouchers(State(web): State<Web>, visit: Visit, Query(asked): Query<Before>) -> Answer {
    let before = asked.at.parse().ok().map(|at| (BusinessTime::from_us(at), asked.name.clone()));
    show(&web, &visit, before, None).await
}

/// `POST /desk/stock/vouchers/stop`
pub(crate) async fn stop(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let field = |name| visit.fields.get(name);
    let problem = match stop_at_desk(&web.app, field("batch"), field("reason"), me(&visit)?).await {
        Ok(()) => return Ok(go("/desk/stock/vouchers")),
        Err(problem) => problem,
    };
    let key = match &problem {
        Problem::Invalid { field: "reason", .. } => "stock-wrong-reason",
        Problem::Stale => "stock-stale",
        _ => return Err(problem.into()),
    };
    show(&web, &visit, None, Some((problem, key))).await
}
