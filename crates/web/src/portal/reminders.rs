//! `/lines/{line}/reminders`: of what an owner is reminded about a line, when not, who else is told, and what was told.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::tries_left;
use crate::portal::line::line_id;
use crate::portal::line_shown::{line_name, number};
use crate::show::Show;
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::reminders::contacts::{self, CONTACTS_MAX};
use everline_app::reminders::{RemindersView, ToldReminder, set, view};
use everline_core::ids::{CustomerId, LineId};
use everline_core::message::{Address, Channel, Fate};
use everline_core::reminder::{Cause, Quiet, Reminders};
use serde::Deserialize;

/// Days and percents that the form offers; what is chosen otherwise is offered too.
const DAYS: [u8; 6] = [14, 7, 5, 3, 1, 0];
const PERCENTS: [u8; 5] = [50, 75, 80, 90, 95];

struct Choice {
    name: String,
    label: String,
    checked: bool,
}

struct ContactRow {
    address: String,
    since: String,
    remove: String,
}

/// A reminder that was told.
pub(crate) struct ToldRow {
    pub(crate) what: String,
    pub(crate) when: String,
    pub(crate) fate: String,
}

#[derive(Template)]
#[template(path = "reminders.html")]
struct RemindersPage {
    p: Frame,
    line: String,
    base: String,
    done: Option<String>,
    own: bool,
    days: Vec<Choice>,
    percents: Vec<Choice>,
    forecast: bool,
    from: String,
    until: String,
    tell_owner: bool,
    contacts: Vec<ContactRow>,
    more: bool,
    address: String,
    told: Vec<ToldRow>,
    wrong: Option<(&'static str, String)>,
}

impl RemindersPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "reminders_code.html")]
struct CodePage {
    p: Frame,
    base: String,
    request: String,
    error: Option<String>,
}

/// What was done before, and which request for a code.
#[derive(Deserialize, Default)]
pub(crate) struct Way {
    #[serde(default)]
    request: String,
    #[serde(default)]
    done: String,
}

/// `GET /lines/{line}/reminders`
pub(crate) async fn reminders(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(way): Query<Way>,
) -> Answer {
    let of = (visit.customer()?, line_id(&id)?);
    let done = match way.done.as_str() {
        "set" => Some("reminders-done-set"),
        "contact" => Some("reminders-done-contact"),
        "removed" => Some("reminders-done-removed"),
        _ => None,
    };
    show_page(&web, &visit, of, (StatusCode::OK, done, None)).await
}

/// `POST /lines/{line}/reminders`: what the owner chooses, or back to the brand's choice.
pub(crate) async fn choose(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let now = view(&web.app, customer, line).await?;
    let fields = &visit.fields;
    let own = if fields.get("usual").is_empty() { sent(&visit).map(Some) } else { Ok(None) };
    // Without contact persons there is nobody else to tell, and the form does not ask.
    let tell_owner = now.contacts.is_empty() || own == Ok(None) || !fields.get("tell_owner").is_empty();
    let set = match own {
        Ok(own) => set(&web.app, customer, line, own, tell_owner).await,
        Err(field) => Err(Problem::Invalid { field, rule: "" }),
    };
    match set {
        Ok(()) => Ok(go(&format!("/lines/{line}/reminders?done=set"))),
        Err(Problem::Invalid { field, .. }) => {
            let key = match field {
                "days" => "reminders-wrong-days",
                "percents" => "reminders-wrong-percents",
                _ => "reminders-wrong-quiet",
            };
            let trouble = (StatusCode::UNPROCESSABLE_ENTITY, None, Some((field, key)));
            show_page(&web, &visit, (customer, line), trouble).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What was ticked in the form.
fn ticked(visit: &Visit) -> Reminders {
    let fields = &visit.fields;
    let checked = |prefix: &str, numbers: std::ops::RangeInclusive<u8>| -> Vec<u8> {
        numbers.filter(|number| !fields.get(&format!("{prefix}{number}")).is_empty()).collect()
    };
    let (days, percents) = (checked("day", 0..=30), checked("percent", 0..=100));
    Reminders { days, percents, forecast: !fields.get("forecast").is_empty(), quiet: None }
}

/// Reads the form; the field that cannot be used.
fn sent(visit: &Visit) -> Result<Reminders, &'static str> {
    let fields = &visit.fields;
    let quiet = match (fields.get("from"), fields.get("until")) {
        ("", "") => None,
        (from, until) => {
            let (from, until) = Quiet::minute(from).zip(Quiet::minute(until)).ok_or("quiet")?;
            Some(Quiet { from, until })
        }
    };
    Ok(Reminders { quiet, ..ticked(visit) })
}

fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

type Trouble = (StatusCode, Option<&'static str>, Option<(&'static str, &'static str)>);

async fn show_page(
    web: &Web,
    visit: &Visit,
    (customer, line): (CustomerId, LineId),
    (status, done, wrong): Trouble,
) -> Answer {
    let view = view(&web.app, customer, line).await?;
    let (show, lang) = (visit.show(web), visit.lang);
    // What was typed is kept, if it was these settings that were sent.
    let typed = wrong.is_some_and(|(field, _)| field != "address");
    let settings = if typed { ticked(visit) } else { view.settings.clone() };
    let quiet = |name: &str, minute: fn(Quiet) -> u16| match settings.quiet {
        _ if typed => visit.fields.get(name).to_owned(),
        Some(quiet) => clock(minute(quiet)),
        None => String::new(),
    };
    let offered = |known: &[u8], chosen: &[u8]| {
        let mut all = known.to_vec();
        all.extend(chosen.iter().filter(|one| !known.contains(one)));
        all
    };
    let day = |days: u8| Choice {
        name: format!("day{days}"),
        label: match days {
            0 => lang.get("reminders-last-day"),
            days => lang.with("reminders-days-before", &[("days", Arg::Count(i64::from(days)))]),
        },
        checked: settings.days.contains(&days),
    };
    let percent = |percent: u8| Choice {
        name: format!("percent{percent}"),
        label: lang.with("reminders-percent", &[("percent", Arg::Count(i64::from(percent)))]),
        checked: settings.percents.contains(&percent),
    };
    let contact = |contact: &everline_store::tables::reminder::LineContact| ContactRow {
        address: shown(&contact.address),
        since: visit.say(
            "reminders-contact-since",
            &[("when", Arg::Text(&super::account::moment(web, visit, contact.added_at)))],
        ),
        remove: format!("/lines/{line}/reminders/contacts/{}/remove", contact.id),
    };
    let template = RemindersPage {
        line: line_name(&view.line),
        base: format!("/lines/{line}/reminders"),
        done: done.map(|key| lang.get(key)),
        own: view.own,
        days: offered(&DAYS, &settings.days).into_iter().map(day).collect(),
        percents: offered(&PERCENTS, &settings.percents).into_iter().map(percent).collect(),
        forecast: settings.forecast,
        from: quiet("from", |quiet| quiet.from),
        until: quiet("until", |quiet| quiet.until),
        tell_owner: if typed { !visit.fields.get("tell_owner").is_empty() } else { view.tell_owner },
        contacts: view.contacts.iter().map(contact).collect(),
        more: view.contacts.len() < CONTACTS_MAX,
        address: visit.fields.get("address").to_owned(),
        told: told_rows(&show, &view),
        wrong: wrong.map(|(field, key)| (field, lang.get(key))),
        p: visit.frame(web, lang.get("reminders-title")),
    };
    page_with(status, &template)
}

/// An address as its owner's friend recognises it.
fn shown(address: &Address) -> String {
    address.number().map_or_else(|| address.to_string(), number)
}

/// What was told, newest first.
pub(crate) fn told_rows(show: &Show, view: &RemindersView) -> Vec<ToldRow> {
    view.told.iter().map(|told| told_row(show, told)).collect()
}

fn told_row(show: &Show, told: &ToldReminder) -> ToldRow {
    let reminder = &told.reminder;
    let what = match reminder.cause {
        Cause::Expiry => show.lang.with("reminders-told-expiry", &[("when", Arg::Text(&show.moment(reminder.cycle)))]),
        Cause::Threshold => {
            let percent = Arg::Count(i64::from(reminder.step));
            show.lang.with("reminders-told-threshold", &[("percent", percent)])
        }
        Cause::Forecast => {
            let at = reminder.runs_out_at.map(|at| show.day(at)).unwrap_or_default();
            show.lang.with("reminders-told-forecast", &[("when", Arg::Text(&at))])
        }
    };
    // Of the owner's messages the last way counts; contact persons have one each.
    let owner = told.fates.iter().rev().find(|fate| !fate.2);
    let beside = told.fates.iter().filter(|fate| fate.2);
    let words: Vec<String> = owner.into_iter().chain(beside).map(|fate| fate_words(show, *fate)).collect();
    let fate = if words.is_empty() { show.lang.get("reminders-fate-none") } else { words.join(" · ") };
    ToldRow { what, when: show.moment(reminder.at), fate }
}

/// Why a message failed, in words where the code is one of ours; a provider's code stands as it is.
pub(crate) fn why_words(lang: Lang, code: &str) -> String {
    let key = match code {
        "gone" => "why-not-told-gone",
        "no_answer" | "timeout" => "why-not-told-no-answer",
        "no_number" | "no_mailbox" | "no_browser" => "why-not-told-no-address",
        "no_template" | "no_text" => "why-not-told-no-text",
        "not_taken" => "why-not-told-not-taken",
        "refused" => "why-not-told-refused",
        "too_long" => "why-not-told-too-long",
        "unknown_service" => "why-not-told-unknown-service",
        "obsolete" => "why-not-told-obsolete",
        "unreadable" => "why-not-told-unreadable",
        code => return code.to_owned(),
    };
    lang.get(key)
}

/// By which way a message went, and what became of it.
pub(crate) fn fate_words(show: &Show, (channel, fate, beside): (Channel, Fate, bool)) -> String {
    let way = show.lang.get(match channel {
        Channel::Sms => "reminders-way-sms",
        Channel::Email => "reminders-way-email",
        Channel::Push => "reminders-way-push",
    });
    let fate = show.lang.get(match fate {
        Fate::Queued => "reminders-fate-queued",
        Fate::Unknown => "reminders-fate-unknown",
        Fate::Accepted => "reminders-fate-accepted",
        Fate::Delivered => "reminders-fate-delivered",
        Fate::Failed => "reminders-fate-failed",
    });
    let key = if beside { "reminders-fate-beside" } else { "reminders-fate-owner" };
    show.lang.with(key, &[("way", Arg::Text(&way)), ("fate", Arg::Text(&fate))])
}

/// `POST /lines/{line}/reminders/contacts`: sends a code to whoever is to be told.
pub(crate) async fn ask_contact(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let problem = match contacts::ask(&web.app, customer, line, visit.fields.get("address"), visit.lang.tag()).await {
        Ok(request) => return Ok(go(&format!("/lines/{line}/reminders/contacts/code?request={request}"))),
        Err(problem) => problem,
    };
    let key = match &problem {
        Problem::Invalid { rule: "too many", .. } => "reminders-contact-too-many",
        Problem::Invalid { .. } => "reminders-contact-wrong",
        Problem::TooMany { .. } => "sign-in-phone-too-many",
        Problem::ProviderSilent => "reminders-contact-not-sent",
        _ => return Err(problem.into()),
    };
    let status = Fault::from(problem).status();
    show_page(&web, &visit, (customer, line), (status, None, Some(("address", key)))).await
}

fn code_page(web: &Web, visit: &Visit, line: LineId, request: &str, error: Option<String>) -> CodePage {
    let p = visit.frame(web, visit.lang.get("reminders-code-title"));
    CodePage { p, base: format!("/lines/{line}/reminders"), request: request.to_owned(), error }
}

/// `GET /lines/{line}/reminders/contacts/code`
pub(crate) async fn code(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(way): Query<Way>,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    view(&web.app, customer, line).await?;
    page(&code_page(&web, &visit, line, &way.request, None))
}

/// `POST /lines/{line}/reminders/contacts/code`
pub(crate) async fn add_contact(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let (request, code) = (visit.fields.get("request"), visit.fields.get("code"));
    view(&web.app, customer, line).await?;
    let added = match request.parse() {
        Ok(id) => contacts::add(&web.app, customer, line, (id, code), visit.lang.tag()).await,
        Err(_) => Err(Problem::CodeGone),
    };
    let fault = match added {
        Ok(()) => return Ok(go(&format!("/lines/{line}/reminders?done=contact"))),
        Err(problem) => Fault::from(problem),
    };
    let error = match &fault {
        Fault::Problem(Problem::Invalid { field: "address", .. }) => "reminders-contact-too-many",
        Fault::Problem(Problem::Invalid { .. }) => "code-not-six-digits",
        Fault::Problem(Problem::CodeWrong { .. }) => "code-wrong",
        Fault::Problem(Problem::CodeGone) => "code-gone",
        _ => return Err(fault),
    };
    let error = Some(visit.say(error, &[("left", Arg::Count(tries_left(&fault)))]));
    page_with(fault.status(), &code_page(&web, &visit, line, request, error))
}

/// `POST /lines/{line}/reminders/contacts/{contact}/remove`
pub(crate) async fn remove_contact(
    State(web): State<Web>,
    visit: Visit,
    Path((id, contact)): Path<(String, String)>,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let contact = contact.parse().map_err(|_| Problem::NotFound("contact"))?;
    contacts::remove(&web.app, customer, line, contact).await?;
    Ok(go(&format!("/lines/{line}/reminders?done=removed")))
}
