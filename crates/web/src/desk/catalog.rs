//! `/desk/catalog`: what is sold, in every version; what is planned with it; and putting it on sale and taking it off.

use super::catalog_words::{FieldRow, cost, fields, margin, standing_class, standing_key};
use super::queue::{me, staff};
use crate::fault::{Answer, Fault, catalog_refuses};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::offering_shown::{Term, contents, guest_terms, reference};
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::Problem;
use everline_app::catalog_desk::{self as app, VersionView};
use everline_app::catalog_draft::{Shown, discard, note_cost};
use everline_app::catalog_sale::{Act, act};
use everline_core::catalog::{Done, Standing, Version};
use everline_core::money::Money;
use everline_core::offering::OfferingRef;
use everline_core::reminder::Quiet;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Zone};
use serde::Deserialize;
use std::fmt::Write as _;

struct Row {
    href: String,
    name: String,
    reference: String,
    contents: String,
    price: String,
    margin: Option<String>,
    state: String,
    class: &'static str,
    planned: Vec<String>,
}

#[derive(Template)]
#[template(path = "desk_catalog.html")]
struct Catalog {
    p: Frame,
    rows: Vec<Row>,
    all: bool,
    may_publish: bool,
}

/// Whether what is no longer sold is listed too.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Which {
    all: String,
}

/// Where the page of a version is.
pub(crate) fn path(reference: &OfferingRef) -> String {
    format!("/desk/catalog/{reference}")
}

/// The version of an address.
pub(crate) fn named(text: &str) -> Result<OfferingRef, Problem> {
    reference(text).ok_or(Problem::NotFound("offering"))
}

/// `GET /desk/catalog`
pub(crate) async fn list(State(web): State<Web>, visit: Visit, Query(which): Query<Which>) -> Answer {
    let found = app::catalog(&web.app, me(&visit)?).await?;
    let (show, all) = (visit.show(&web), !which.all.is_empty());
    let shown = found.versions.iter().filter(|version| all || version.standing() != Standing::Retired);
    let row = |version: &Version| Row {
        href: path(version.reference()),
        name: version.offering.name.get(visit.lang.tag()).to_owned(),
        reference: version.reference().to_string(),
        contents: contents(&show, &version.offering),
        price: show.money(version.offering.price),
        margin: version.margin().map(|found| margin(&show, found)),
        state: visit.lang.get(standing_key(version.standing())),
        class: standing_class(version.standing()),
        planned: planned(&show, version),
    };
    page(&Catalog {
        rows: shown.map(row).collect(),
        all,
        may_publish: found.may_publish,
        p: visit.frame(&web, visit.lang.get("catalog-title")),
    })
}

/// What is planned, in words.
fn planned(show: &Show, version: &Version) -> Vec<String> {
    let say = |key: &str, at: Option<BusinessTime>| {
        at.map(|at| show.lang.with(key, &[("when", Arg::Text(&show.moment_in_full(at)))]))
    };
    let all = [say("catalog-publishes-at", version.publish_at), say("catalog-retires-at", version.retire_at)];
    all.into_iter().flatten().collect()
}

/// A moment as two fields of a form hold it.
pub(crate) struct Moment {
    pub(crate) day: String,
    pub(crate) time: String,
}
impl Moment {
    pub(crate) fn of(zone: &Zone, at: BusinessTime) -> Self {
        let local = zone.local(at);
        Self { day: local.date().to_string(), time: format!("{:02}:{:02}", local.hour(), local.minute()) }
    }
    /// The moment; `None` if it is none, or nothing was typed.
    pub(crate) fn read(&self, zone: &Zone) -> Option<BusinessTime> {
        let day = self.day.trim().parse::<jiff::civil::Date>().ok()?;
        zone.at_minute(day, Quiet::minute(self.time.trim())?)
    }
    fn empty(&self) -> bool {
        self.day.is_empty() && self.time.is_empty()
    }
}

struct Other {
    href: String,
    text: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "desk_catalog_version.html")]
struct VersionPage {
    p: Frame,
    path: String,
    reference: String,
    revision: i64,
    state: String,
    class: &'static str,
    facts: Vec<Term>,
    /// What a customer reads before paying.
    terms: Vec<Term>,
    fields: Vec<FieldRow>,
    /// The version that it replaces.
    before: Option<String>,
    others: Vec<Other>,
    zone: String,
    begins: Moment,
    ends: Moment,
    cost: String,
    can: Can,
    audit: Option<String>,
    error: Option<(&'static str, String)>,
}
impl VersionPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(of, _)| *of == field).map(|(_, why)| why.as_str())
    }
}

/// What whoever looks can do with it now.
struct Can {
    change: bool,
    edit: bool,
    publish: bool,
    retire: bool,
    unplan: bool,
    /// The draft that is being written already, or where the next version is written.
    next: Option<String>,
    draft: Option<String>,
}

impl Can {
    fn of(view: &VersionView) -> Self {
        let (version, change) = (&view.version, view.may_publish);
        let standing = version.standing();
        let draft = matches!(standing, Standing::Draft | Standing::Scheduled);
        let writing = view.draft().map(|draft| path(draft.reference()));
        let newest = path(view.newest().reference());
        Self {
            change,
            edit: change && draft,
            publish: change && standing != Standing::Published,
            retire: change && standing == Standing::Published,
            unplan: change && version.next_due().is_some(),
            next: (change && writing.is_none()).then(|| format!("{newest}/next")),
            draft: writing.filter(|_| !draft),
        }
    }
}

/// `GET /desk/catalog/{offering}`
pub(crate) async fn version(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    page(&version_page(&web, &visit, &id, None).await?)
}

async fn version_page(
    web: &Web,
    visit: &Visit,
    id: &str,
    error: Option<(&'static str, String)>,
) -> Result<VersionPage, Fault> {
    let member = staff(web, visit).await?;
    let view = app::version(&web.app, named(id)?, member.id).await?;
    let (show, version) = (visit.show(web), &view.version);
    let zone = &web.app.zone;
    // What was typed is kept, if it was the plan that was sent.
    let typed = error.is_some() && visit.fields.get("do") == "plan";
    let moment = |name: &str, at: Option<BusinessTime>| match (typed, at) {
        (true, _) => Moment {
            day: visit.fields.get(&format!("{name}_day")).to_owned(),
            time: visit.fields.get(&format!("{name}_time")).to_owned(),
        },
        (false, Some(at)) => Moment::of(zone, at),
        (false, None) => Moment { day: String::new(), time: String::new() },
    };
    let currency = version.offering.price.currency();
    let costed = error.as_ref().is_some_and(|(field, _)| *field == "upstream_cost");
    let known = version.upstream_cost.map(|cost| Money::from_micros(cost, currency).decimal()).unwrap_or_default();
    Ok(VersionPage {
        path: path(version.reference()),
        reference: version.reference().to_string(),
        revision: version.revision,
        state: visit.lang.get(standing_key(version.standing())),
        class: standing_class(version.standing()),
        facts: facts(visit, &show, &view),
        terms: guest_terms(&show, &version.offering),
        fields: fields(visit, &show, version, view.replaces()),
        before: view.replaces().map(|before| before.reference().to_string()),
        others: others(visit, &view),
        zone: web.app.brand.time_zone.clone(),
        begins: moment("publish", version.publish_at),
        ends: moment("retire", version.retire_at),
        cost: if costed { visit.fields.get("upstream_cost").to_owned() } else { known },
        can: Can::of(&view),
        audit: member
            .may(Permission::ReadAudit)
            .then(|| format!("/desk/audit?kind=offering&subject={}", version.reference())),
        error,
        p: visit.frame(web, version.offering.name.get(visit.lang.tag()).to_owned()),
    })
}

fn facts(visit: &Visit, show: &Show, view: &VersionView) -> Vec<Term> {
    let (lang, version) = (visit.lang, &view.version);
    let done = |done: Done| {
        let by = done.by.and_then(|by| view.members.get(&by));
        let mut text = show.moment_in_full(done.at);
        if let Some(by) = by {
            _ = write!(text, " · {by}");
        }
        text
    };
    let term = |key: &str, value: Option<String>| value.map(|value| Term { label: lang.get(key), value });
    let planner = version.planned_by.and_then(|by| view.members.get(&by)).cloned();
    let plans = planned(show, version).join(&lang.get("list-comma"));
    [
        term("catalog-published-at", version.published.map(done)),
        term("catalog-retired-at", version.retired.map(done)),
        term("catalog-planned", Some(plans).filter(|plans| !plans.is_empty())),
        term("catalog-planned-by", planner),
        term("catalog-upstream-cost", cost(show, version)),
        term("catalog-margin", version.margin().map(|found| margin(show, found))),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn others(visit: &Visit, view: &VersionView) -> Vec<Other> {
    let other = |one: &Version| Other {
        href: path(one.reference()),
        text: format!("{} · {}", one.reference().version, visit.lang.get(standing_key(one.standing()))),
        here: one.reference() == view.version.reference(),
    };
    view.all.iter().rev().map(other).collect()
}

/// The version that a form was shown for, as it was then.
pub(crate) fn shown(visit: &Visit, id: &str) -> Result<Shown, Problem> {
    let revision = visit.fields.get("revision").parse().map_err(|_| Problem::Stale)?;
    Ok((named(id)?, revision))
}

/// `POST /desk/catalog/{offering}`: publishes, retires, plans, takes back what is planned, or throws a draft away.
pub(crate) async fn acted(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (by, zone) = (me(&visit)?, &web.app.zone);
    may_publish(&web, &visit).await?;
    let read = |name: &str| {
        let field = |part: &str| visit.fields.get(&format!("{name}_{part}")).to_owned();
        let typed = Moment { day: field("day"), time: field("time") };
        if typed.empty() { Ok(None) } else { typed.read(zone).map(Some).ok_or(()) }
    };
    let what = match visit.fields.get("do") {
        "publish" => Act::Publish,
        "retire" => Act::Retire,
        "unplan" => Act::Unplan,
        "plan" => match (read("publish"), read("retire")) {
            (Ok(publish_at), Ok(retire_at)) => Act::Plan { publish_at, retire_at },
            _ => return refused(&web, &visit, &id, ("plan", visit.lang.get("catalog-no-time"))).await,
        },
        "discard" => {
            return match discard(&web.app, shown(&visit, &id)?, by).await {
                Ok(()) => Ok(go("/desk/catalog")),
                Err(problem) => answer(&web, &visit, &id, Err(problem)).await,
            };
        }
        _ => return Err(Problem::Invalid { field: "do", rule: "publish, retire, plan, unplan or discard" }.into()),
    };
    answer(&web, &visit, &id, act(&web.app, shown(&visit, &id)?, what, by).await).await
}

/// `POST /desk/catalog/{offering}/cost`: what one costs upstream.
pub(crate) async fn costs(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    may_publish(&web, &visit).await?;
    let shown = shown(&visit, &id)?;
    let typed = visit.fields.get("upstream_cost");
    let cost = match typed {
        "" => None,
        text => match Money::parse(text, web.app.brand.currency) {
            Ok(cost) => Some(cost.micros()),
            Err(_) => {
                let why = visit.lang.get("catalog-wrong-upstream-cost");
                return refused(&web, &visit, &id, ("upstream_cost", why)).await;
            }
        },
    };
    answer(&web, &visit, &id, note_cost(&web.app, shown, cost, me(&visit)?).await).await
}

/// Refuses whoever may not change the catalog before anything is said about what they sent.
pub(crate) async fn may_publish(web: &Web, visit: &Visit) -> Result<(), Problem> {
    let member = staff(web, visit).await?;
    if member.may(Permission::PublishCatalog) { Ok(()) } else { Err(Problem::NotAllowed) }
}

async fn refused(web: &Web, visit: &Visit, id: &str, error: (&'static str, String)) -> Answer {
    let status = axum::http::StatusCode::UNPROCESSABLE_ENTITY;
    page_with(status, &version_page(web, visit, id, Some(error)).await?)
}

/// The version as it is now, with what stood in the way.
async fn answer(web: &Web, visit: &Visit, id: &str, done: Result<(), Problem>) -> Answer {
    let problem = match done {
        Ok(()) => return Ok(go(&path(&named(id)?))),
        Err(problem) => problem,
    };
    let planned = visit.fields.get("do") == "plan";
    let error = match &problem {
        Problem::Stale => ("page", visit.lang.get("catalog-stale")),
        Problem::CatalogRefuses(why) if planned => ("plan", visit.lang.get(catalog_refuses(*why))),
        Problem::CatalogRefuses(why) => ("page", visit.lang.get(catalog_refuses(*why))),
        Problem::Invalid { field: "upstream_cost", .. } => {
            ("upstream_cost", visit.lang.get("catalog-wrong-upstream-cost"))
        }
        _ => return Err(problem.into()),
    };
    page_with(Fault::from(problem).status(), &version_page(web, visit, id, Some(error)).await?)
}
