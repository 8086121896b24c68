//! `/desk/cases`: what people asked and what the system opened, by state; answers, notes, and states.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::case_shown::{CaseShown, download, said, shown, state_key, subject};
use crate::portal::cases::case_id;
use crate::portal::usage::Choice;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::support::{Act, Reader, act, file, for_staff, queue};
use everline_core::ids::{CaseId, CustomerId};
use everline_core::support::CaseState;
use serde::Deserialize;

/// Which cases.
#[derive(Deserialize, Default)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
}

struct Row {
    href: String,
    subject: String,
    age: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "desk_cases.html")]
struct CasesPage {
    p: Frame,
    states: Vec<Choice>,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "desk_case.html")]
struct CasePage {
    p: Frame,
    base: String,
    order: Option<String>,
    c: CaseShown,
    /// States that can be set, and what that is called.
    states: Vec<(&'static str, String)>,
    text: String,
    error: Option<String>,
}

/// `GET /desk/cases`
pub(crate) async fn list(State(web): State<Web>, visit: Visit, Query(filter): Query<Filter>) -> Answer {
    staff(&web, &visit).await?;
    let state = CaseState::from_word(&filter.state).unwrap_or(CaseState::Open);
    let (found, show) = (queue(&web.app, me(&visit)?, state).await?, visit.show(&web));
    let rows = found.iter().map(|case| Row {
        href: format!("/desk/cases/{}/{}", case.customer, case.id),
        subject: subject(&show, &case.subject, &case.reason),
        age: show.age(case.changed_at),
        reason: visit.lang.get(match case.for_whom {
            everline_core::support::CaseFor::Guest => "case-desk-guest",
            _ => crate::portal::case_shown::reason_key(&case.reason),
        }),
    });
    let states = CaseState::ALL.into_iter().map(|one| Choice {
        label: visit.lang.get(state_key(one, true)),
        href: format!("/desk/cases?state={}", one.word()),
        here: one == state,
    });
    let p = visit.frame(&web, visit.lang.get("case-desk-title"));
    page(&CasesPage { p, states: states.collect(), rows: rows.collect() })
}

fn ids(customer: &str, case: &str) -> Result<(CustomerId, CaseId), Fault> {
    Ok((customer.parse().map_err(|_| Problem::NotFound("case"))?, case_id(case)?))
}

/// `GET /desk/cases/{customer}/{case}`
pub(crate) async fn case(State(web): State<Web>, visit: Visit, Path((customer, id)): Path<(String, String)>) -> Answer {
    show(&web, &visit, ids(&customer, &id)?, None).await
}

async fn show(web: &Web, visit: &Visit, (customer, id): (CustomerId, CaseId), problem: Option<Problem>) -> Answer {
    staff(web, visit).await?;
    let view = for_staff(&web.app, me(visit)?, customer, id).await?;
    let base = format!("/desk/cases/{customer}/{id}");
    let error = match &problem {
        Some(problem) => Some(said(web, visit, problem).ok_or_else(|| Fault::from(problem.clone()))?.1),
        None => None,
    };
    let c = shown(&visit.show(web), &view, &base, true);
    let others = [CaseState::Open, CaseState::Waiting, CaseState::Solved].into_iter();
    let others = others.filter(|state| everline_core::support::set(view.case.state, *state).is_ok());
    let status = problem.map_or(StatusCode::OK, |problem| Fault::from(problem).status());
    page_with(
        status,
        &CasePage {
            p: visit.frame(web, c.subject.clone()),
            order: view.order_number.as_ref().map(|number| format!("/desk/orders/{number}")),
            base,
            c,
            states: others.map(|state| (state.word(), visit.lang.get(state_key(state, true)))).collect(),
            text: visit.fields.get("text").to_owned(),
            error,
        },
    )
}

/// `POST /desk/cases/{customer}/{case}`
pub(crate) async fn work(State(web): State<Web>, visit: Visit, Path((customer, id)): Path<(String, String)>) -> Answer {
    staff(&web, &visit).await?;
    let (ids, fields) = (ids(&customer, &id)?, &visit.fields);
    let invalid = |field| Problem::Invalid { field, rule: "not one of the choices" };
    let text = || fields.get("text").to_owned();
    let state = |name| CaseState::from_word(fields.get(name)).ok_or(invalid(name));
    let what = match fields.get("do") {
        "answer" => Act::Answer(text(), state("then")?),
        "note" => Act::Note(text()),
        "set" => Act::Set(state("state")?),
        _ => return Err(invalid("do").into()),
    };
    let version = fields.get("version").parse().map_err(|_| invalid("version"))?;
    match act(&web.app, ids, (me(&visit)?, version), what).await {
        Ok(()) => Ok(go(&format!("/desk/cases/{}/{}", ids.0, ids.1))),
        Err(problem) => show(&web, &visit, ids, Some(problem)).await,
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
