//! `/cases`: what a customer asked support, and what was answered. A guest does the same under the secret link of the order.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::case_shown::{CaseShown, download, said, shown, side_key, state_key, subject, tone};
use crate::portal::line_shown::line_name;
use crate::portal::order::order_id;
use crate::portal::order_shown::order_number;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::home::line_page;
use everline_app::order_page::order_page;
use everline_app::place_order::find_by_token;
use everline_app::support::{About, CaseView, NewCase, Reader, cases, file, for_guest, for_owner, open, solved, write};
use everline_core::ids::{CaseId, CustomerId, OrderId};
use everline_core::payment::AttemptState;
use everline_core::support::{CaseFor, Side};
use serde::Deserialize;

/// Where one can come from, as cases keep it.
const STEPS: [&str; 7] = ["order", "receipt", "refund", "payment", "line", "help", "error"];

/// What a case is to be about.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    order: String,
    #[serde(default)]
    line: String,
    #[serde(default)]
    from: String,
}

impl Asked {
    /// What it names; what is no id is nothing that exists.
    fn about(&self) -> Result<About, Fault> {
        Ok(About {
            order: if self.order.is_empty() { None } else { Some(order_id(&self.order)?) },
            line: match self.line.as_str() {
                "" => None,
                text => Some(text.parse().map_err(|_| Problem::NotFound("line"))?),
            },
            step: STEPS.into_iter().find(|step| *step == self.from),
        })
    }
}

struct Row {
    href: String,
    subject: String,
    state: String,
    tone: &'static str,
    when: String,
}

#[derive(Template)]
#[template(path = "cases.html")]
struct CasesPage {
    p: Frame,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "case_new.html")]
struct NewPage {
    p: Frame,
    back: String,
    action: String,
    id: String,
    asked: Asked,
    /// What it is about, in words, and whose turn that is.
    about: Vec<String>,
    subject: String,
    text: String,
    error: Option<(&'static str, String)>,
}
impl NewPage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    p: Frame,
    back: (String, String),
    base: String,
    c: CaseShown,
    text: String,
    error: Option<(&'static str, String)>,
}
impl CasePage {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

pub(crate) fn case_id(text: &str) -> Result<CaseId, Fault> {
    text.parse().map_err(|_| Problem::NotFound("case").into())
}

/// `GET /cases`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    let (show, found) = (visit.show(&web), cases(&web.app, visit.customer()?).await?);
    let rows = found.iter().map(|case| Row {
        href: format!("/cases/{}", case.id),
        subject: subject(&show, &case.subject, &case.reason),
        state: visit.lang.get(state_key(case.state, false)),
        tone: tone(case.state),
        when: show.moment(case.changed_at),
    });
    page(&CasesPage { rows: rows.collect(), p: visit.frame(&web, visit.lang.get("case-list-title")) })
}

/// `GET /orders/{order}/case`: something is wrong with an order.
pub(crate) async fn about_order(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    order_page(&web.app, customer, id).await?;
    Ok(go(&format!("/cases/new?order={id}&from=order")))
}

/// `GET /cases/new`
pub(crate) async fn new(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let words = about_words(&web, &visit, visit.customer()?, &asked.about()?).await?;
    let id = web.app.clock.id().to_string();
    let back = if asked.order.is_empty() { "/help".to_owned() } else { format!("/orders/{}", asked.order) };
    let p = visit.frame(&web, visit.lang.get("case-new-title"));
    let (subject, text) = (String::new(), String::new());
    page(&NewPage { p, back, action: "/cases/new".to_owned(), id, asked, about: words, subject, text, error: None })
}

/// `POST /cases/new`
pub(crate) async fn create(State(web): State<Web>, visit: Visit) -> Answer {
    let (customer, fields) = (visit.customer()?, &visit.fields);
    let field = |name: &str| fields.get(name).to_owned();
    let asked = Asked { order: field("order"), line: field("line"), from: field("from") };
    let about = asked.about()?;
    match opened(&web, &visit, customer, CaseFor::Owner, about.clone()).await {
        Ok(id) => Ok(go(&format!("/cases/{id}"))),
        Err(problem) => {
            let back = if asked.order.is_empty() { "/help".to_owned() } else { format!("/orders/{}", asked.order) };
            let words = about_words(&web, &visit, customer, &about).await?;
            again(&web, &visit, problem, (back, "/cases/new".to_owned()), asked, words)
        }
    }
}

async fn opened(
    web: &Web,
    visit: &Visit,
    customer: CustomerId,
    for_whom: CaseFor,
    about: About,
) -> Result<CaseId, Problem> {
    let fields = &visit.fields;
    let id = fields.get("id").parse().map_err(|_| Problem::Invalid { field: "id", rule: "not an id" })?;
    let (subject, text) = (fields.get("subject").to_owned(), fields.get("text").to_owned());
    open(&web.app, customer, NewCase { id, for_whom, about, subject, text, files: fields.files() }).await
}

/// The form once more, with what was typed and what is wrong with it.
fn again(
    web: &Web,
    visit: &Visit,
    problem: Problem,
    (back, action): (String, String),
    asked: Asked,
    about: Vec<String>,
) -> Answer {
    let Some(error) = said(web, visit, &problem) else { return Err(problem.into()) };
    let field = |name: &str| visit.fields.get(name).to_owned();
    let (id, subject, text) = (field("id"), field("subject"), field("text"));
    let p = visit.frame(web, visit.lang.get("case-new-title"));
    let page = NewPage { p, back, action, id, asked, about, subject, text, error: Some(error) };
    page_with(Fault::from(problem).status(), &page)
}

/// What a case will be about, in words.
async fn about_words(web: &Web, visit: &Visit, customer: CustomerId, about: &About) -> Result<Vec<String>, Fault> {
    if let Some(id) = about.order {
        let view = order_page(&web.app, customer, id).await?;
        let number = order_number(&view.order.number);
        let name = view.offering.name.get(visit.lang.tag());
        let what = visit.say("case-about-order", &[("name", name.into()), ("number", (&number).into())]);
        let silent = view.attempts.last().is_some_and(|attempt| attempt.state == AttemptState::Unknown);
        let side = Side::of(view.order.state, view.line.network, silent, !view.cases.is_empty());
        return Ok([Some(what), side.map(|side| visit.lang.get(side_key(side)))].into_iter().flatten().collect());
    }
    if let Some(id) = about.line {
        let (view, _) = line_page(&web.app, customer, id).await?;
        let name = line_name(&view.line);
        return Ok(vec![visit.say("case-about-line", &[("name", (&name).into())])]);
    }
    Ok(Vec::new())
}

/// `GET /cases/{case}`
pub(crate) async fn case(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = for_owner(&web.app, visit.customer()?, case_id(&id)?).await?;
    let back = ("/cases".to_owned(), visit.lang.get("case-list-title"));
    show_case(&web, &visit, &view, (format!("/cases/{id}"), back), None)
}

fn show_case(
    web: &Web,
    visit: &Visit,
    view: &CaseView,
    (base, back): (String, (String, String)),
    problem: Option<Problem>,
) -> Answer {
    let error = match &problem {
        Some(problem) => Some(said(web, visit, problem).ok_or_else(|| Fault::from(problem.clone()))?),
        None => None,
    };
    let c = shown(&visit.show(web), view, &base, false);
    let text = visit.fields.get("text").to_owned();
    let status = problem.map_or(StatusCode::OK, |problem| Fault::from(problem).status());
    let p = visit.frame(web, c.subject.clone());
    page_with(status, &CasePage { p, back, base, c, text, error })
}

/// `POST /cases/{case}`: writes, or says that it is solved.
pub(crate) async fn reply(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, case) = (visit.customer()?, case_id(&id)?);
    let base = format!("/cases/{id}");
    match replied(&web, &visit, (customer, case), Reader::Owner).await {
        Ok(()) => Ok(go(&base)),
        Err(problem) => {
            let view = for_owner(&web.app, customer, case).await?;
            let back = ("/cases".to_owned(), visit.lang.get("case-list-title"));
            show_case(&web, &visit, &view, (base, back), Some(problem))
        }
    }
}

async fn replied(web: &Web, visit: &Visit, case: (CustomerId, CaseId), reader: Reader) -> Result<(), Problem> {
    match visit.fields.get("do") {
        "solved" => solved(&web.app, case, reader).await,
        _ => write(&web.app, case, reader, visit.fields.get("text"), visit.fields.files()).await,
    }
}

/// `GET /cases/{case}/files/{attachment}`
pub(crate) async fn attachment(State(web): State<Web>, visit: Visit, Path((id, of)): Path<(String, String)>) -> Answer {
    let of = of.parse().map_err(|_| Problem::NotFound("file"))?;
    download(file(&web.app, (visit.customer()?, case_id(&id)?), of, Reader::Owner).await?)
}

/// `GET /o/{token}/case`: the guest's case, or the form that opens it.
pub(crate) async fn guest(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, order) = find_by_token(&web.app, &token).await?;
    let base = format!("/o/{token}/case");
    if let Some(view) = for_guest(&web.app, customer, order).await? {
        let back = (format!("/o/{token}"), visit.lang.get("order-back-to-order"));
        return show_case(&web, &visit, &view, (base, back), None);
    }
    let about = About { order: Some(order), ..About::default() };
    let words = about_words(&web, &visit, customer, &about).await?;
    let p = visit.frame(&web, visit.lang.get("case-new-title"));
    let (id, back, asked) = (web.app.clock.id().to_string(), format!("/o/{token}"), Asked::default());
    let (subject, text) = (String::new(), String::new());
    page(&NewPage { p, back, action: base, id, asked, about: words, subject, text, error: None })
}

/// `POST /o/{token}/case`: opens it, or writes in it.
pub(crate) async fn guest_write(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, order) = find_by_token(&web.app, &token).await?;
    let base = format!("/o/{token}/case");
    let Some(view) = for_guest(&web.app, customer, order).await? else {
        return guest_open(&web, &visit, (customer, order), &token).await;
    };
    match replied(&web, &visit, (customer, view.case.id), Reader::Guest(order)).await {
        Ok(()) => Ok(go(&base)),
        Err(problem) => {
            let back = (format!("/o/{token}"), visit.lang.get("order-back-to-order"));
            show_case(&web, &visit, &view, (base, back), Some(problem))
        }
    }
}

async fn guest_open(web: &Web, visit: &Visit, (customer, order): (CustomerId, OrderId), token: &str) -> Answer {
    let base = format!("/o/{token}/case");
    let about = About { order: Some(order), line: None, step: Some("order") };
    match opened(web, visit, customer, CaseFor::Guest, about.clone()).await {
        Ok(_) => Ok(go(&base)),
        Err(problem) => {
            let words = about_words(web, visit, customer, &about).await?;
            again(web, visit, problem, (format!("/o/{token}"), base), Asked::default(), words)
        }
    }
}

/// `GET /o/{token}/case/files/{attachment}`
pub(crate) async fn guest_attachment(State(web): State<Web>, Path((token, of)): Path<(String, String)>) -> Answer {
    let (customer, order) = find_by_token(&web.app, &token).await?;
    let of = of.parse().map_err(|_| Problem::NotFound("file"))?;
    let view = for_guest(&web.app, customer, order).await?.ok_or(Problem::NotFound("case"))?;
    download(file(&web.app, (customer, view.case.id), of, Reader::Guest(order)).await?)
}
