//! `/desk/stock`: how much there is of what, from when on a kind is low, and what imports brought.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::account::moment;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::stock::{self as app, BatchKey, BatchRow, Overview};
use everline_app::stock_count::{NewThreshold, count_now, set_threshold};
use everline_app::upstream_float::{FloatView, set_least};
use everline_core::money::Money;
use everline_core::staff::Permission;
use everline_core::stock::{StockKind, StockState, Threshold};
use everline_core::time::BusinessTime;
use everline_store::tables::stock::{BatchKind, BatchState};
use serde::Deserialize;

/// The key of a kind's name.
pub(crate) fn kind_key(kind: StockKind) -> String {
    format!("stock-kind-{}", kind.word())
}
/// The key of a state's name.
pub(crate) fn state_key(state: StockState) -> String {
    format!("stock-{}", state.word().replace('_', "-"))
}
pub(super) const fn batch_kind_key(kind: BatchKind) -> &'static str {
    match kind {
        BatchKind::Sims => "stock-of-sims",
        BatchKind::ActivationCodes => "stock-of-codes",
        BatchKind::Lines => "stock-of-lines",
    }
}
pub(super) const fn batch_state_key(state: BatchState) -> &'static str {
    match state {
        BatchState::Loading => "stock-batch-loading",
        BatchState::Applying => "stock-batch-applying",
        BatchState::Complete => "stock-batch-complete",
    }
}

struct Total {
    state: String,
    amounts: Vec<i64>,
}
struct Row {
    href: String,
    name: String,
    facts: String,
    set_aside: bool,
}
struct Limit {
    kind: &'static str,
    family: String,
    name: String,
    least: String,
    version: i64,
    says: String,
    low: bool,
    /// What is wrong with what was typed here.
    error: Option<String>,
}
/// What the upstream network holds.
struct Float {
    left: String,
    says: Vec<String>,
    low: Option<String>,
    currency: String,
    least: String,
    version: i64,
    error: Option<String>,
}
struct Choice {
    word: &'static str,
    name: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "desk_stock.html")]
struct Stock {
    p: Frame,
    may: bool,
    counted: String,
    kinds: Vec<String>,
    totals: Vec<Total>,
    float: Option<Float>,
    limits: Vec<Limit>,
    /// The form for another threshold: kinds, what was typed, what is wrong with it.
    choices: Vec<Choice>,
    family: String,
    least: String,
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    at: String,
    kind: String,
    name: String,
}
impl Asked {
    fn before(&self) -> Option<BatchKey> {
        let at = self.at.parse().ok()?;
        Some((BusinessTime::from_us(at), self.kind.clone(), self.name.clone()))
    }
}

/// The address of a batch.
pub(super) fn batch_address(kind: BatchKind, name: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("/desk/stock/batch?{}", query.append_pair("kind", kind.word()).append_pair("name", name).finish())
}

/// Where the Sims of a batch are, in words.
pub(super) fn counted(visit: &Visit, row: &BatchRow) -> Vec<(String, i64)> {
    let name = |count: &everline_core::stock::StockCount| {
        format!("{} · {}", visit.lang.get(&kind_key(count.kind)), visit.lang.get(&state_key(count.state)))
    };
    row.counts.iter().map(|count| (name(count), count.amount)).collect()
}

fn row(visit: &Visit, row: &BatchRow) -> Row {
    let batch = &row.batch;
    let loaded = visit.say("stock-loaded", &[("count", batch.loaded.into())]);
    let mut facts =
        vec![visit.lang.get(batch_kind_key(batch.kind)), visit.lang.get(batch_state_key(batch.state)), loaded];
    facts.extend(counted(visit, row).into_iter().map(|(name, amount)| format!("{name} {amount}")));
    Row {
        href: batch_address(batch.kind, &batch.name),
        name: batch.name.clone(),
        facts: facts.join(" · "),
        set_aside: batch.hold.is_some(),
    }
}

fn limit(web: &Web, visit: &Visit, threshold: &Threshold) -> Limit {
    let kind = visit.lang.get(&kind_key(threshold.kind));
    let says = match (threshold.amount, threshold.low_since) {
        (Some(amount), Some(since)) => {
            let since = moment(web, visit, since);
            visit.say("stock-low", &[("count", amount.into()), ("when", (&since).into())])
        }
        (Some(amount), None) => visit.say("stock-enough", &[("count", amount.into())]),
        (None, _) => visit.lang.get("stock-not-judged"),
    };
    let name = if threshold.family.is_empty() {
        kind
    } else {
        visit.say("stock-family-of", &[("kind", (&kind).into()), ("name", Arg::Text(&threshold.family))])
    };
    Limit {
        kind: threshold.kind.word(),
        family: threshold.family.clone(),
        name,
        least: threshold.least.to_string(),
        version: threshold.version,
        says,
        low: threshold.low_since.is_some(),
        error: None,
    }
}

fn float(web: &Web, visit: &Visit, view: &FloatView) -> Option<Float> {
    let (left, at) = view.float.reported?;
    let show = visit.show(web);
    let mut says = vec![visit.say("stock-float-reported", &[("when", (&moment(web, visit, at)).into())])];
    says.extend(view.used_a_day.map(|used| visit.say("stock-float-used", &[("amount", (&show.money(used)).into())])));
    says.extend(view.lasts_days.map(|days| visit.say("stock-float-lasts", &[("days", days.into())])));
    let in_words = |least| Money::from_micros(least, left.currency());
    let low = view.float.low_since.zip(view.float.least).map(|(since, least)| {
        let (least, since) = (show.money(in_words(least)), moment(web, visit, since));
        visit.say("stock-float-low", &[("amount", (&least).into()), ("when", (&since).into())])
    });
    Some(Float {
        left: show.money(left),
        says,
        low,
        currency: left.currency().code().to_owned(),
        least: view.float.least.map(|least| in_words(least).decimal()).unwrap_or_default(),
        version: view.float.version,
        error: None,
    })
}

fn totals(visit: &Visit, found: &Overview) -> Vec<Total> {
    let amount = |kind, state| {
        let one = found.totals.iter().find(|(of, is, _)| (*of, *is) == (kind, state));
        one.map_or(0, |(.., amount)| *amount)
    };
    let total = |state| Total {
        state: visit.lang.get(&state_key(state)),
        amounts: StockKind::ALL.into_iter().map(|kind| amount(kind, state)).collect(),
    };
    StockState::ALL.into_iter().map(total).filter(|total| total.amounts.iter().any(|amount| *amount != 0)).collect()
}

/// Which form was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Threshold,
    Float,
}
/// What was typed, and what is wrong with it.
struct Wrong {
    of: Sent,
    error: String,
    status: StatusCode,
}

async fn show(web: &Web, visit: &Visit, before: Option<BatchKey>, wrong: Option<Wrong>) -> Answer {
    let member = staff(web, visit).await?;
    let found = app::overview(&web.app, me(visit)?, before).await?;
    let (mut limits, mut error) = (Vec::new(), None);
    let mut held = found.float.as_ref().and_then(|view| float(web, visit, view));
    for threshold in &found.thresholds {
        limits.push(limit(web, visit, threshold));
    }
    let status = wrong.as_ref().map_or(StatusCode::OK, |wrong| wrong.status);
    let (mut kind, mut new_family, mut new_least) = (String::new(), String::new(), String::new());
    if let Some(Wrong { of, error: said, .. }) = wrong {
        // Beside the form that was sent, with what was typed there.
        let typed = |name| visit.fields.get(name).to_owned();
        let (family, least) = (typed("family"), typed("least"));
        kind = typed("kind");
        let same = |limit: &&mut Limit| (limit.kind, &limit.family) == (kind.as_str(), &family);
        match (of, held.as_mut(), limits.iter_mut().find(same)) {
            (Sent::Float, Some(held), _) => (held.least, held.error) = (least, Some(said)),
            (Sent::Float, None, _) => {}
            (Sent::Threshold, _, Some(limit)) => (limit.least, limit.error) = (least, Some(said)),
            (Sent::Threshold, _, None) => (new_family, new_least, error) = (family, least, Some(said)),
        }
    }
    let choices = StockKind::ALL.into_iter().map(|one| Choice {
        word: one.word(),
        name: visit.lang.get(&kind_key(one)),
        here: kind == one.word(),
    });
    let template = Stock {
        may: member.may(Permission::ManageStock),
        counted: match found.counted_at {
            Some(at) => visit.say("stock-counted", &[("when", (&moment(web, visit, at)).into())]),
            None => visit.lang.get("stock-not-counted"),
        },
        kinds: StockKind::ALL.into_iter().map(|kind| visit.lang.get(&kind_key(kind))).collect(),
        totals: totals(visit, &found),
        float: held,
        limits,
        choices: choices.collect(),
        family: new_family,
        least: new_least,
        error,
        rows: found.batches.iter().map(|one| row(visit, one)).collect(),
        next: found.next.map(|(at, kind, name)| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("at", &at.us().to_string()).append_pair("kind", &kind).append_pair("name", &name);
            format!("/desk/stock?{}", query.finish())
        }),
        p: visit.frame(web, visit.lang.get("stock-title")),
    };
    page_with(status, &template)
}

/// `GET /desk/stock`
pub(crate) async fn overview(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    show(&web, &visit, asked.before(), None).await
}

/// `POST /desk/stock/count`
pub(crate) async fn count(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    count_now(&web.app, me(&visit)?).await?;
    Ok(go("/desk/stock"))
}

/// `POST /desk/stock/threshold`: sets one, or takes it away where no number is given.
pub(crate) async fn threshold(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let typed = visit.fields.get("least").trim();
    let kind = StockKind::from_word(visit.fields.get("kind"));
    let seen = visit.fields.get("version").parse().unwrap_or(0);
    let least: Result<Option<i64>, _> = if typed.is_empty() && seen > 0 { Ok(None) } else { typed.parse().map(Some) };
    let done = match (kind, least) {
        (None, _) => Err(Problem::Invalid { field: "kind", rule: "unknown" }),
        // Who may not is told so, whatever was typed.
        (Some(kind), least) => {
            let least = least.unwrap_or(Some(0));
            let family = visit.fields.get("family").to_owned();
            set_threshold(&web.app, NewThreshold { kind, family, least, seen }, me(&visit)?).await
        }
    };
    let problem = match done {
        Ok(()) => return Ok(go("/desk/stock")),
        Err(problem) => problem,
    };
    let key = match &problem {
        Problem::Invalid { field: "least", .. } => "stock-wrong-least",
        Problem::Invalid { rule: "too-many", .. } => "stock-wrong-too-many",
        Problem::Invalid { .. } => "stock-wrong-family",
        Problem::Stale => "stock-stale",
        _ => return Err(problem.into()),
    };
    let error = visit.lang.get(key);
    show(&web, &visit, None, Some(Wrong { of: Sent::Threshold, error, status: Fault::from(problem).status() })).await
}

/// `POST /desk/stock/float`: from when on the upstream network holds too little; nothing takes the threshold away.
pub(crate) async fn float_threshold(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let seen = visit.fields.get("version").parse().unwrap_or(0);
    let problem = match set_least(&web.app, visit.fields.get("least"), seen, me(&visit)?).await {
        Ok(()) => return Ok(go("/desk/stock#float")),
        Err(problem) => problem,
    };
    let key = match &problem {
        Problem::Invalid { field: "least", .. } => "stock-wrong-float",
        Problem::Stale => "stock-stale",
        _ => return Err(problem.into()),
    };
    let error = visit.lang.get(key);
    show(&web, &visit, None, Some(Wrong { of: Sent::Float, error, status: Fault::from(problem).status() })).await
}
