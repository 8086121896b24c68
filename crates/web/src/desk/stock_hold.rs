//! A batch of the stock with its counts, what is set aside and why, and putting it aside and back.

use super::queue::{me, staff};
use super::stock::{batch_address, batch_kind_key, batch_state_key, counted};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::account::moment;
use crate::portal::offering_shown::Term;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::stock::{self as app, BatchView};
use everline_app::stock_hold::{NewHold, give_back, set_aside};
use everline_core::identifiers::Iccid;
use everline_core::ids::RawId;
use everline_core::staff::Permission;
use everline_core::stock::{Hold, HoldKind};
use everline_core::time::SystemTime;
use everline_store::tables::stock::{BatchKind, BatchState};
use serde::Deserialize;

struct Held {
    id: String,
    what: String,
    /// The batch's page.
    href: Option<String>,
    reason: String,
    said: String,
    open: bool,
}

fn held(web: &Web, visit: &Visit, hold: &Hold) -> Held {
    let (what, href) = match hold.kind {
        HoldKind::Batch => (
            visit.say("stock-batch-named", &[("name", Arg::Text(&hold.name))]),
            Some(batch_address(BatchKind::Sims, &hold.name)),
        ),
        HoldKind::Sim => (Iccid::parse(&hold.name).map(|iccid| iccid.masked()).unwrap_or_default(), None),
    };
    let by = |key: &str, at, by: &str| {
        visit.say(key, &[("when", (&moment(web, visit, at)).into()), ("name", Arg::Text(by))])
    };
    let mut said = by("stock-put-by", hold.put_at, &hold.put_by);
    if let Some((at, who)) = &hold.ended {
        said = format!("{said} · {}", by("stock-back-by", *at, who));
    }
    Held { id: hold.id.to_string(), what, href, reason: hold.reason.clone(), said, open: hold.ended.is_none() }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Which {
    kind: String,
    name: String,
}

#[derive(Template)]
#[template(path = "desk_stock_batch.html")]
struct Batch {
    p: Frame,
    facts: Vec<Term>,
    counts: Vec<(String, i64)>,
    counted: String,
    hold: Option<Held>,
    /// The id of what may be set aside here, if it may.
    id: Option<String>,
    may: bool,
    name: String,
    reason: String,
    error: Option<String>,
}

fn facts(web: &Web, visit: &Visit, view: &BatchView) -> Vec<Term> {
    let (show, batch) = (visit.show(web), &view.row.batch);
    let term = |key: &str, value: String| Term { label: visit.lang.get(key), value };
    let mut facts = vec![
        term("stock-of", visit.lang.get(batch_kind_key(batch.kind))),
        term("desk-state", visit.lang.get(batch_state_key(batch.state))),
        term("stock-rows", batch.loaded.to_string()),
        term("stock-began", show.moment_in_full(batch.began_at)),
    ];
    facts.extend(batch.completed_at.map(|at| term("stock-completed", show.moment_in_full(at))));
    facts
}

async fn show_batch(web: &Web, visit: &Visit, which: (BatchKind, &str), wrong: Option<(StatusCode, String)>) -> Answer {
    let member = staff(web, visit).await?;
    let view = app::batch(&web.app, me(visit)?, which.0, which.1).await?;
    let may = member.may(Permission::ManageStock);
    let can = view.row.batch.kind == BatchKind::Sims && view.row.batch.state == BatchState::Complete;
    let template = Batch {
        facts: facts(web, visit, &view),
        counts: counted(visit, &view.row),
        counted: match view.counted_at {
            Some(at) => visit.say("stock-counted", &[("when", (&moment(web, visit, at)).into())]),
            None => visit.lang.get("stock-not-counted"),
        },
        id: (may && can && view.hold.is_none()).then(|| web.app.clock.id().to_string()),
        hold: view.hold.as_ref().map(|hold| held(web, visit, hold)),
        may,
        name: which.1.to_owned(),
        reason: if wrong.is_some() { visit.fields.get("reason").to_owned() } else { String::new() },
        p: visit.frame(web, visit.say("stock-batch-named", &[("name", Arg::Text(which.1))])),
        error: wrong.as_ref().map(|(_, error)| error.clone()),
    };
    page_with(wrong.map_or(StatusCode::OK, |(status, _)| status), &template)
}

/// `GET /desk/stock/batch`
pub(crate) async fn batch(State(web): State<Web>, visit: Visit, Query(asked): Query<Which>) -> Answer {
    let kind = BatchKind::from_word(&asked.kind).ok_or(Problem::NotFound("batch"))?;
    show_batch(&web, &visit, (kind, &asked.name), None).await
}

#[derive(Template)]
#[template(path = "desk_stock_holds.html")]
struct Holds {
    p: Frame,
    rows: Vec<Held>,
    next: Option<String>,
    may: bool,
    id: String,
    iccid: String,
    reason: String,
    error: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Asked {
    before: String,
}
impl Asked {
    fn before(&self) -> Option<(SystemTime, RawId)> {
        let (at, id) = self.before.split_once('-')?;
        Some((SystemTime::from_us(at.parse().ok()?), id.parse().ok()?))
    }
}

async fn show_holds(
    web: &Web,
    visit: &Visit,
    before: Option<(SystemTime, RawId)>,
    wrong: Option<(StatusCode, String)>,
) -> Answer {
    let member = staff(web, visit).await?;
    let (rows, next) = app::holds(&web.app, me(visit)?, before).await?;
    let typed = |name| if wrong.is_some() { visit.fields.get(name).to_owned() } else { String::new() };
    let template = Holds {
        rows: rows.iter().map(|hold| held(web, visit, hold)).collect(),
        next: next.map(|(at, id)| format!("/desk/stock/holds?before={}-{id}", at.us())),
        may: member.may(Permission::ManageStock),
        id: web.app.clock.id().to_string(),
        iccid: typed("name"),
        reason: typed("reason"),
        error: wrong.as_ref().map(|(_, error)| error.clone()),
        p: visit.frame(web, visit.lang.get("stock-holds-title")),
    };
    page_with(wrong.map_or(StatusCode::OK, |(status, _)| status), &template)
}

/// `GET /desk/stock/holds`
pub(crate) async fn holds(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    show_holds(&web, &visit, asked.before(), None).await
}

/// What to say of something that was not set aside or given back.
fn said(problem: &Problem) -> Option<&'static str> {
    Some(match problem {
        Problem::Invalid { field: "reason", .. } => "stock-wrong-reason",
        Problem::Invalid { field: "batch", .. } => "stock-wrong-batch",
        Problem::Invalid { rule: "no-iccid", .. } => "stock-wrong-iccid",
        Problem::Invalid { rule: "unknown", .. } => "stock-unknown-sim",
        Problem::Invalid { .. } => "stock-sim-not-in-stock",
        Problem::Stale => "stock-stale",
        _ => return None,
    })
}

/// `POST /desk/stock/holds`
pub(crate) async fn put(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let kind = HoldKind::from_word(visit.fields.get("kind")).ok_or(Problem::NotFound("hold"))?;
    let id = visit.fields.get("id").parse().map_err(|_| Problem::NotFound("hold"))?;
    let (name, reason) = (visit.fields.get("name"), visit.fields.get("reason").to_owned());
    // Numbers of cards are printed in groups.
    let name = match kind {
        HoldKind::Batch => name.to_owned(),
        HoldKind::Sim => name.split_whitespace().collect::<String>().to_ascii_uppercase(),
    };
    let done = set_aside(&web.app, NewHold { id, kind, name: name.clone(), reason }, me(&visit)?).await;
    let Err(problem) = done else {
        return Ok(go(&match kind {
            HoldKind::Batch => batch_address(BatchKind::Sims, &name),
            HoldKind::Sim => "/desk/stock/holds".to_owned(),
        }));
    };
    let Some(key) = said(&problem) else { return Err(problem.into()) };
    let wrong = Some((Fault::from(problem).status(), visit.lang.get(key)));
    match kind {
        HoldKind::Batch => show_batch(&web, &visit, (BatchKind::Sims, &name), wrong).await,
        HoldKind::Sim => show_holds(&web, &visit, None, wrong).await,
    }
}

/// `POST /desk/stock/holds/{hold}/end`
pub(crate) async fn end(State(web): State<Web>, visit: Visit, Path(hold): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let id = hold.parse().map_err(|_| Problem::NotFound("hold"))?;
    match give_back(&web.app, id, me(&visit)?).await {
        Ok(()) => Ok(go("/desk/stock/holds")),
        Err(problem) => {
            let Some(key) = said(&problem) else { return Err(problem.into()) };
            let wrong = Some((Fault::from(problem).status(), visit.lang.get(key)));
            show_holds(&web, &visit, None, wrong).await
        }
    }
}
