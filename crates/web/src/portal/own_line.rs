//! `/lines/{line}/settings` and `/lines/{line}/lost`: what an owner says of a line, and what to do when it is lost.

use super::claim::why_key;
use super::line::line_id;
use super::line_shown::line_name;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::own_line::{self as app, Described};
use everline_app::sessions::may_change;
use everline_app::{Problem, replace_sim};
use everline_core::account::Change;
use everline_core::ids::LineId;
use everline_core::line::{DeviceKind, Line, LineState, NetworkKind, SuspendCause};

/// A kind of device that can be chosen.
struct Kind {
    word: &'static str,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "line_settings.html")]
struct Settings {
    p: Frame,
    line: String,
    base: String,
    name: String,
    kinds: Vec<Kind>,
    imei: String,
    guests: bool,
    /// Whether it can be handed over and reported lost.
    alive: bool,
    /// The field that is wrong, and why.
    error: Option<(&'static str, String)>,
}
impl Settings {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "lost.html")]
struct Lost {
    p: Frame,
    line: String,
    base: String,
    is_lost: bool,
    /// Whether a card at hand can take the former one's place.
    replaceable: bool,
    iccid: String,
    error: Option<String>,
}

/// The key of a kind of device.
pub(crate) const fn device_key(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Phone => "device-kind-phone",
        DeviceKind::Watch => "device-kind-watch",
        DeviceKind::Router => "device-kind-router",
        DeviceKind::Tracker => "device-kind-tracker",
        DeviceKind::Meter => "device-kind-meter",
        DeviceKind::Other => "device-kind-other",
    }
}

/// A line of the customer's that is theirs still.
pub(super) async fn own(web: &Web, visit: &Visit, id: LineId) -> Result<Line, Fault> {
    let (view, _) = everline_app::home::line_page(&web.app, visit.customer()?, id).await?;
    match view.line.state {
        LineState::HandedOver | LineState::Closed => Err(Problem::NotFound("line").into()),
        _ => Ok(view.line),
    }
}

fn settings_page(
    web: &Web,
    visit: &Visit,
    line: &Line,
    said: &Described,
    error: Option<(&'static str, String)>,
) -> Settings {
    let kind = |kind: DeviceKind| Kind {
        word: kind.word(),
        label: visit.lang.get(device_key(kind)),
        chosen: kind.word() == said.device,
    };
    Settings {
        p: visit.frame(web, visit.lang.get("line-settings-title")),
        line: line_name(line),
        base: format!("/lines/{}", line.id),
        name: said.name.clone(),
        kinds: DeviceKind::ALL.into_iter().map(kind).collect(),
        imei: said.imei.clone(),
        guests: said.guest_renewal,
        alive: !line.state.over(),
        error,
    }
}

/// `GET /lines/{line}/settings`
pub(crate) async fn settings(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    let (name, device) = (line.name.clone(), line.device.word().to_owned());
    let imei = app::device_number(&web.app, visit.session()?, line.id).await?;
    let said = Described { name, device, imei, guest_renewal: line.guest_renewal };
    page(&settings_page(&web, &visit, &line, &said, None))
}

/// `POST /lines/{line}/settings`
pub(crate) async fn describe(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    let fields = &visit.fields;
    let (name, device) = (fields.get("name").to_owned(), fields.get("device").to_owned());
    let imei = fields.get("imei").to_owned();
    let said = Described { name, device, imei, guest_renewal: fields.get("guests") == "yes" };
    let problem = match app::describe(&web.app, visit.session()?, line.id, &said).await {
        Ok(()) => return Ok(go(&format!("/lines/{}?done=described", line.id))),
        Err(problem @ Problem::Invalid { .. }) => problem,
        Err(problem) => return Err(problem.into()),
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "name", .. } => ("name", "line-name-wrong"),
        Problem::Invalid { field: "imei", .. } => ("imei", "line-imei-wrong"),
        _ => ("device", "line-device-wrong"),
    };
    let error = Some((field, visit.lang.get(key)));
    page_with(Fault::from(problem).status(), &settings_page(&web, &visit, &line, &said, error))
}

fn lost_page(web: &Web, visit: &Visit, line: &Line, error: Option<String>) -> Lost {
    let is_lost = line.state == LineState::Suspended(SuspendCause::Lost);
    Lost {
        p: visit.frame(web, visit.lang.get("lost-title")),
        line: line_name(line),
        base: format!("/lines/{}", line.id),
        is_lost,
        replaceable: is_lost && line.network == NetworkKind::BuiltIn,
        iccid: visit.fields.get("iccid").to_owned(),
        error,
    }
}

/// `GET /lines/{line}/lost`
pub(crate) async fn lost(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    page(&lost_page(&web, &visit, &line, None))
}

/// `POST /lines/{line}/lost`: one tap, and its service stops.
pub(crate) async fn report(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    app::report_lost(&web.app, visit.session()?, line.id).await?;
    Ok(go(&format!("/lines/{}/lost", line.id)))
}

/// `GET /lines/{line}/found`: asks who is there first, and then whether it is back.
pub(crate) async fn found(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    may_change(&web.app, visit.session()?, Change::Access).await?;
    page(&found_page(&web, &visit, &line, None))
}

#[derive(Template)]
#[template(path = "found.html")]
struct FoundPage {
    p: Frame,
    line: String,
    base: String,
    is_lost: bool,
    replaceable: bool,
    iccid: String,
    error: Option<(&'static str, String)>,
}
impl FoundPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

fn found_page(web: &Web, visit: &Visit, line: &Line, error: Option<(&'static str, String)>) -> FoundPage {
    let Lost { p, line: name, base, is_lost, replaceable, iccid, .. } = lost_page(web, visit, line, None);
    let p = Frame { title: visit.lang.get("found-title"), ..p };
    FoundPage { p, line: name, base, is_lost, replaceable, iccid, error }
}

/// `POST /lines/{line}/found`
pub(crate) async fn lift(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    app::found(&web.app, visit.session()?, line.id).await?;
    Ok(go(&format!("/lines/{}?done=found", line.id)))
}

/// `POST /lines/{line}/card`: a card at hand takes the lost one's place.
pub(crate) async fn replace(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    let (iccid, secret) = (visit.fields.get("iccid"), visit.fields.get("secret"));
    let problem = match replace_sim::replace(&web.app, visit.session()?, line.id, iccid, secret).await {
        Ok(_) => return Ok(go(&format!("/lines/{}?done=replaced", line.id))),
        Err(problem) => problem,
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "line", rule: "other-network" } => ("secret", "replace-other-network"),
        Problem::Invalid { field: "line", .. } => ("secret", "replace-report-first"),
        Problem::NotHandedOver(_) => ("secret", "replace-underway"),
        Problem::NotClaimed(_) => ("secret", "replace-no-such"),
        Problem::Invalid { field: "iccid", .. } => ("iccid", "claim-iccid-wrong"),
        problem => match why_key(problem) {
            Some(key) => ("secret", key),
            None => return Err(Fault::from(problem.clone())),
        },
    };
    let error = Some((field, visit.lang.get(key)));
    page_with(Fault::from(problem).status(), &found_page(&web, &visit, &line, error))
}
