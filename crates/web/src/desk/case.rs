//! `/desk/cases/{customer}/{case}`: one case with all that is written in it, and what the staff do with it.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::case_shown::{
    CaseShown, case_number, download, last_change, priority_key, said, shown, state_key, subject,
};
use crate::portal::cases::{case_id, entry_id};
use crate::portal::device_form::Choice;
use crate::show::Show;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::support::prepared::{Prepared, fill_in};
use everline_app::support::{Act, AtDesk, CaseView, Reader, act, act_once, file, for_staff, merge};
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::support::{CaseState, NotTaken, Priority, set};

/// A way from the case to what it is about.
struct Link {
    href: String,
    text: String,
}

#[derive(Template)]
#[template(path = "desk_case.html")]
struct CasePage {
    p: Frame,
    base: String,
    links: Vec<Link>,
    c: CaseShown,
    /// Whether whoever looks works on cases, and the case goes on.
    works: bool,
    /// Whether they have it, and whether anybody does.
    mine: bool,
    owned: bool,
    /// That it went into another case.
    merged: Option<Link>,
    /// States that can be set, and what that is called.
    states: Vec<(&'static str, String)>,
    colleagues: Vec<Choice>,
    priorities: Vec<Choice>,
    others: Vec<Choice>,
    prepared: Vec<Choice>,
    /// What is chosen to follow an answer.
    then: Vec<Choice>,
    /// The id of what is written next.
    entry: String,
    text: String,
    error: Option<(&'static str, String)>,
}
impl CasePage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

fn ids(customer: &str, case: &str) -> Result<(CustomerId, CaseId), Fault> {
    Ok((customer.parse().map_err(|_| Problem::NotFound("case"))?, case_id(case)?))
}

/// What is said beside the case: a problem with what was sent, or an answer that was filled in.
enum Beside {
    Nothing,
    Problem(Problem),
    Filled(String),
}

/// `GET /desk/cases/{customer}/{case}`
pub(crate) async fn case(State(web): State<Web>, visit: Visit, Path((customer, id)): Path<(String, String)>) -> Answer {
    show_case(&web, &visit, ids(&customer, &id)?, Beside::Nothing).await
}

async fn show_case(web: &Web, visit: &Visit, (customer, id): (CustomerId, CaseId), beside: Beside) -> Answer {
    let member = staff(web, visit).await?;
    let view = for_staff(&web.app, me(visit)?, customer, id).await?;
    let (base, show) = (format!("/desk/cases/{customer}/{id}"), visit.show(web));
    let mut text = visit.fields.get("text").to_owned();
    let (mut status, mut error) = (StatusCode::OK, None);
    match beside {
        Beside::Nothing => {}
        // Behind what was typed already.
        Beside::Filled(filled) => text = [text, filled].join("\n\n").trim().to_owned(),
        Beside::Problem(problem) => {
            error = Some(why(web, visit, &view, &problem).ok_or_else(|| Fault::from(problem.clone()))?);
            status = Fault::from(problem).status();
        }
    }
    let c = shown(&show, &view, &base, true);
    let desk = view.desk.clone().unwrap_or_default();
    let goes_on = view.case.merged_into.is_none();
    let states = [CaseState::Open, CaseState::Waiting, CaseState::Solved].into_iter();
    let states = states.filter(|state| set(view.case.state, *state).is_ok());
    page_with(
        status,
        &CasePage {
            links: links(&show, &view),
            works: goes_on && member.may(Permission::WorkCases),
            mine: view.case.owner == Some(member.id),
            owned: view.case.owner.is_some(),
            merged: view.case.merged_into.map(|into| case_link(&show, "case-merged-into", (customer, into))),
            states: states.map(|state| (state.word(), visit.lang.get(state_key(state, true)))).collect(),
            colleagues: colleagues(&desk, member.id),
            priorities: Priority::ALL.into_iter().map(|one| priority(&show, one, view.case.priority)).collect(),
            others: others(&show, &desk),
            prepared: prepared(&desk.prepared, visit.lang.tag(), visit.fields.get("prepared")),
            then: then(&show, visit.fields.get("then")),
            entry: web.app.clock.id().to_string(),
            text,
            error,
            p: visit.frame(web, c.subject.clone()),
            c,
            base,
        },
    )
}

/// What is wrong, for the page: the field it is about, and the words. Who changed what, where that is why.
fn why(web: &Web, visit: &Visit, view: &CaseView, problem: &Problem) -> Option<(&'static str, String)> {
    match problem {
        Problem::NotTaken(NotTaken::Stale) => {
            let change = last_change(&visit.show(web), view);
            Some(("case", visit.say("case-not-stale-by", &[("change", (&change).into())])))
        }
        Problem::NotTaken(why) => Some(("case", visit.lang.get(crate::fault::not_taken(*why)))),
        Problem::Invalid { field: "to", .. } => Some(("to", visit.lang.get("case-wrong-to"))),
        Problem::Invalid { field: "into", .. } => Some(("into", visit.lang.get("case-wrong-into"))),
        Problem::Invalid { field: "prepared", .. } | Problem::NotFound("prepared answer") => {
            Some(("prepared", visit.lang.get("case-wrong-prepared")))
        }
        other => said(web, visit, other),
    }
}

fn case_link(show: &Show, key: &str, (customer, id): (CustomerId, CaseId)) -> Link {
    let text = show.lang.with(key, &[("number", (&case_number(id)).into())]);
    Link { href: format!("/desk/cases/{customer}/{id}"), text }
}

fn links(show: &Show, view: &CaseView) -> Vec<Link> {
    let (case, link) = (&view.case, |href: String, key: &str| Link { href, text: show.lang.get(key) });
    let customer = format!("/desk/customers/{}", case.customer);
    let order = view.order_number.as_ref().map(|number| link(format!("/desk/orders/{number}"), "desk-order"));
    let line = case.line.map(|line| link(format!("{customer}?line={line}"), "desk-line"));
    let of_item = case.cause_id.filter(|_| case.cause.as_deref() == Some("item"));
    let item = of_item.map(|item| link(format!("/desk/reconciliation/{item}"), "recon-item"));
    let older = case.follows.map(|older| case_link(show, "case-follows", (case.customer, older)));
    let mut links = vec![link(customer, "desk-customer-title")];
    links.extend([order, line, item, older].into_iter().flatten());
    links
}

fn colleagues(desk: &AtDesk, me: RawId) -> Vec<Choice> {
    let others = desk.colleagues.iter().filter(|(id, _)| *id != me);
    others.map(|(id, name)| Choice { value: id.to_string(), label: name.clone(), selected: false }).collect()
}

fn priority(show: &Show, one: Priority, now: Priority) -> Choice {
    Choice { value: one.word().to_owned(), label: show.lang.get(priority_key(one)), selected: one == now }
}

/// What can be chosen to go into: with the version that is seen.
fn others(show: &Show, desk: &AtDesk) -> Vec<Choice> {
    let other = |case: &everline_store::tables::case::Case| Choice {
        value: format!("{}.{}", case.id, case.version),
        label: format!("{} · {}", case_number(case.id), subject(show, &case.subject, &case.reason)),
        selected: false,
    };
    desk.others.iter().map(other).collect()
}

/// One choice for each answer that is prepared: by its title in the reader's language, else in whichever there is.
fn prepared(all: &[Prepared], language: &str, chosen: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for row in all {
        let value = row.id.to_string();
        match choices.last_mut().filter(|last| last.value == value) {
            Some(last) if row.language == language => last.label.clone_from(&row.title),
            Some(_) => {}
            None => choices.push(Choice { selected: value == chosen, value, label: row.title.clone() }),
        }
    }
    choices.sort_by(|one, other| one.label.cmp(&other.label));
    choices
}

fn then(show: &Show, chosen: &str) -> Vec<Choice> {
    let chosen = CaseState::from_word(chosen).unwrap_or(CaseState::Waiting);
    let choice = |state: CaseState| Choice {
        value: state.word().to_owned(),
        label: show.lang.get(state_key(state, true)),
        selected: state == chosen,
    };
    [CaseState::Waiting, CaseState::Solved, CaseState::Open].into_iter().map(choice).collect()
}

const fn invalid(field: &'static str) -> Problem {
    Problem::Invalid { field, rule: "not one of the choices" }
}

/// What was sent, as something that is done with a case in a version.
fn asked(visit: &Visit) -> Result<Act, Problem> {
    let fields = &visit.fields;
    let text = || fields.get("text").to_owned();
    let state = |name| CaseState::from_word(fields.get(name)).ok_or(invalid(name));
    Ok(match fields.get("do") {
        "answer" => Act::Answer(text(), state("then")?, fields.files()),
        "note" if !fields.files().is_empty() => return Err(Problem::Invalid { field: "files", rule: "note" }),
        "note" => Act::Note(text()),
        "set" => Act::Set(state("state")?),
        "take" => Act::Take,
        "hand" => Act::HandOn(fields.get("to").parse().map_err(|_| invalid("to"))?),
        "let_go" => Act::LetGo,
        "priority" => Act::Prioritize(Priority::from_word(fields.get("priority")).ok_or_else(|| invalid("priority"))?),
        _ => return Err(invalid("do")),
    })
}

async fn done(web: &Web, visit: &Visit, ids: (CustomerId, CaseId)) -> Result<CaseId, Problem> {
    let (by, fields) = (me(visit)?, &visit.fields);
    let version = fields.get("version").parse().map_err(|_| invalid("version"))?;
    if fields.get("do") == "merge" {
        let (into, seen) = fields.get("into").split_once('.').ok_or(invalid("into"))?;
        let into = into.parse().map_err(|_| invalid("into"))?;
        let seen = seen.parse().map_err(|_| invalid("into"))?;
        merge(&web.app, ids, (by, version), (into, seen)).await?;
        return Ok(into);
    }
    match asked(visit)? {
        written @ (Act::Answer(..) | Act::Note(_)) => {
            act_once(&web.app, ids, (by, version), entry_id(fields)?, written).await?;
        }
        other => act(&web.app, ids, (by, version), other).await?,
    }
    Ok(ids.1)
}

/// `POST /desk/cases/{customer}/{case}`
pub(crate) async fn work(State(web): State<Web>, visit: Visit, Path((customer, id)): Path<(String, String)>) -> Answer {
    let member = staff(&web, &visit).await?;
    let ids = ids(&customer, &id)?;
    if visit.fields.get("do") == "fill" {
        let filled = match visit.fields.get("prepared").parse() {
            Ok(chosen) => fill_in(&web.app, member.id, ids, chosen).await,
            Err(_) if member.may(Permission::WorkCases) => Err(invalid("prepared")),
            Err(_) => Err(Problem::NotAllowed),
        };
        let beside = match filled {
            Ok(filled) => Beside::Filled(filled),
            Err(Problem::NotAllowed) => return Err(Problem::NotAllowed.into()),
            Err(problem) => Beside::Problem(problem),
        };
        return show_case(&web, &visit, ids, beside).await;
    }
    match done(&web, &visit, ids).await {
        Ok(id) => Ok(go(&format!("/desk/cases/{}/{id}", ids.0))),
        Err(problem) => show_case(&web, &visit, ids, Beside::Problem(problem)).await,
    }
}

/// `GET /desk/cases/{customer}/{case}/files/{attachment}`
pub(crate) async fn attachment(
    State(web): State<Web>,
    visit: Visit,
    Path((customer, id, of)): Path<(String, String, String)>,
) -> Answer {
    let by = me(&visit)?;
    let of = of.parse().map_err(|_| Problem::NotFound("file"))?;
    download(file(&web.app, ids(&customer, &id)?, of, Reader::Staff(by)).await?)
}
