//! `/cases`: what a customer asked support, and what was answered. A guest does the same under the secret link of the order.

use crate::bodies::Fields;
use crate::context::STEPS;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::case_shown::{CaseShown, case_number, download, said, shown, side_key, state_key, subject, tone};
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
use everline_app::sessions::may_change;
use everline_app::support::{About, CaseView, NewCase, Reader, cases, file, for_guest, for_owner, open, solved, write};
use everline_core::account::Change;
use everline_core::effects::CaseReason;
use everline_core::ids::{CaseId, CustomerId, OrderId, RawId};
use everline_core::payment::AttemptState;
use everline_core::support::{CaseFor, Side, over};
use serde::Deserialize;

/// What a case is to be about.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    order: String,
    #[serde(default)]
    line: String,
    #[serde(default)]
    from: String,
    /// What went wrong: the key of a text about a problem.
    #[serde(default)]
    problem: String,
    /// An older case, solved long ago, that it goes on from.
    #[serde(default)]
    follows: String,
}

impl Asked {
    /// What went wrong, in words, for a subject.
    fn problem(&self, visit: &Visit) -> String {
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        let known = self.problem.starts_with("problem-") && plain(&self.problem) && visit.lang.knows(&self.problem);
        if known { visit.lang.get(&self.problem) } else { String::new() }
    }
    fn older(&self) -> Result<Option<CaseId>, Fault> {
        if self.follows.is_empty() { Ok(None) } else { case_id(&self.follows).map(Some) }
    }
    /// With what an older case was about.
    async fn after(self, web: &Web, customer: CustomerId) -> Result<(Self, Option<String>), Fault> {
        let Some(older) = self.older()? else { return Ok((self, None)) };
        let older = for_owner(&web.app, customer, older).await?.case;
        let id =
            |known: &str, of: Option<String>| if known.is_empty() { of.unwrap_or_default() } else { known.to_owned() };
        let order = id(&self.order, older.order.map(|order| order.to_string()));
        let line = id(&self.line, older.line.map(|line| line.to_string()));
        Ok((Self { order, line, ..self }, Some(case_number(older.id))))
    }
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
    /// The id of what is written next.
    entry: String,
    text: String,
    /// Where it is asked anew, if it was solved too long ago to go on.
    anew: Option<String>,
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
        when: format!("{} · {}", case_number(case.id), show.moment(case.changed_at)),
    });
    page(&CasesPage { rows: rows.collect(), p: visit.frame(&web, visit.lang.get("case-list-title")) })
}

/// `GET /orders/{order}/case`: something is wrong with an order.
pub(crate) async fn about_order(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    order_page(&web.app, customer, id).await?;
    let step = asked.about()?.step.unwrap_or("order");
    Ok(go(&format!("/cases/new?order={id}&from={step}")))
}

/// `GET /cases/new`
pub(crate) async fn new(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let customer = visit.customer()?;
    let (asked, older) = asked.after(&web, customer).await?;
    let known = match asked.about() {
        Ok(about) => about_words(&web, &visit, customer, &about).await,
        Err(fault) => Err(fault),
    };
    // What is not there, or another's, is asked about all the same: pages that say so lead here.
    let (asked, mut words) = match known {
        Ok(words) => (asked, words),
        Err(fault) if fault.status() == StatusCode::NOT_FOUND => {
            (Asked { order: String::new(), line: String::new(), ..asked }, Vec::new())
        }
        Err(fault) => return Err(fault),
    };
    words.extend(older.map(|number| visit.say("case-about-older", &[("number", (&number).into())])));
    let id = web.app.clock.id().to_string();
    let back = if asked.order.is_empty() { "/help".to_owned() } else { format!("/orders/{}", asked.order) };
    let p = visit.frame(&web, visit.lang.get("case-new-title"));
    let (subject, text) = (asked.problem(&visit), String::new());
    page(&NewPage { p, back, action: "/cases/new".to_owned(), id, asked, about: words, subject, text, error: None })
}

/// `POST /cases/new`
pub(crate) async fn create(State(web): State<Web>, visit: Visit) -> Answer {
    let (customer, fields) = (visit.customer()?, &visit.fields);
    let field = |name: &str| fields.get(name).to_owned();
    let asked = Asked {
        order: field("order"),
        line: field("line"),
        from: field("from"),
        problem: String::new(),
        follows: field("follows"),
    };
    let (about, older) = (asked.about()?, asked.older()?);
    match opened(&web, &visit, customer, (CaseFor::Owner, older), about.clone()).await {
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
    (for_whom, follows): (CaseFor, Option<CaseId>),
    about: About,
) -> Result<CaseId, Problem> {
    let fields = &visit.fields;
    let id = fields.get("id").parse().map_err(|_| Problem::Invalid { field: "id", rule: "not an id" })?;
    let (subject, text) = (fields.get("subject").to_owned(), fields.get("text").to_owned());
    open(&web.app, customer, NewCase { id, for_whom, about, subject, text, files: fields.files(), follows }).await
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
    if let Some(into) = view.case.merged_into {
        return Ok(go(&format!("/cases/{into}")));
    }
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
    let over = over(view.case.solved_at, web.app.clock.now().business);
    let anew = over.then(|| match view.case.for_whom {
        CaseFor::Guest => format!("{base}?again=1"),
        _ => format!("/cases/new?follows={}", view.case.id),
    });
    let entry = web.app.clock.id().to_string();
    page_with(status, &CasePage { p, back, base, c, entry, text, anew, error })
}

/// `POST /cases/{case}`: writes, or says that it is solved.
pub(crate) async fn reply(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let (customer, case) = (visit.customer()?, case_id(&id)?);
    let base = format!("/cases/{id}");
    match replied(&web, &visit, (customer, case), Reader::Owner).await {
        Ok(()) => Ok(go(&base)),
        Err(problem) => {
            let view = for_owner(&web.app, customer, case).await?;
            if let Some(into) = view.case.merged_into {
                return Ok(go(&format!("/cases/{into}")));
            }
            let back = ("/cases".to_owned(), visit.lang.get("case-list-title"));
            show_case(&web, &visit, &view, (base, back), Some(problem))
        }
    }
}

/// The id that a form brings for what is written.
pub(crate) fn entry_id(fields: &Fields) -> Result<RawId, Problem> {
    fields.get("entry").parse().map_err(|_| Problem::ExistsDifferently("entry"))
}

async fn replied(web: &Web, visit: &Visit, case: (CustomerId, CaseId), reader: Reader) -> Result<(), Problem> {
    let fields = &visit.fields;
    match fields.get("do") {
        "solved" => solved(&web.app, case, reader).await,
        _ => write(&web.app, case, reader, entry_id(fields)?, fields.get("text"), fields.files()).await,
    }
}

/// `GET /cases/{case}/files/{attachment}`
pub(crate) async fn attachment(State(web): State<Web>, visit: Visit, Path((id, of)): Path<(String, String)>) -> Answer {
    if for_owner(&web.app, visit.customer()?, case_id(&id)?).await?.case.reason == CaseReason::Papers.word() {
        // A document, whole: for whoever proves who they are.
        may_change(&web.app, visit.session()?, Change::Access).await?;
    }
    let of = of.parse().map_err(|_| Problem::NotFound("file"))?;
    download(file(&web.app, (visit.customer()?, case_id(&id)?), of, Reader::Owner).await?)
}

/// Whether a guest asks anew, about what was solved long ago.
#[derive(Deserialize, Default)]
pub(crate) struct Again {
    again: Option<String>,
}

/// `GET /o/{token}/case`: the guest's case, or the form that opens it.
pub(crate) async fn guest(
    State(web): State<Web>,
    visit: Visit,
    Path(token): Path<String>,
    Query(anew): Query<Again>,
) -> Answer {
    let (customer, order) = find_by_token(&web.app, &token).await?;
    let base = format!("/o/{token}/case");
    let older = for_guest(&web.app, customer, order).await?;
    let goes_on = |view: &CaseView| anew.again.is_none() || !over(view.case.solved_at, web.app.clock.now().business);
    if let Some(view) = older.as_ref().filter(|view| goes_on(view)) {
        let back = (format!("/o/{token}"), visit.lang.get("order-back-to-order"));
        return show_case(&web, &visit, view, (base, back), None);
    }
    let about = About { order: Some(order), ..About::default() };
    let words = about_words(&web, &visit, customer, &about).await?;
    let p = visit.frame(&web, visit.lang.get("case-new-title"));
    let (id, back) = (web.app.clock.id().to_string(), format!("/o/{token}"));
    let follows = older.map(|older| older.case.id.to_string()).unwrap_or_default();
    let asked = Asked { follows, ..Asked::default() };
    let (subject, text) = (String::new(), String::new());
    page(&NewPage { p, back, action: base, id, asked, about: words, subject, text, error: None })
}

/// `POST /o/{token}/case`: opens it, or writes in it.
pub(crate) async fn guest_write(State(web): State<Web>, visit: Visit, Path(token): Path<String>) -> Answer {
    let (customer, order) = find_by_token(&web.app, &token).await?;
    let base = format!("/o/{token}/case");
    let view = for_guest(&web.app, customer, order).await?;
    let anew = !visit.fields.get("follows").is_empty();
    let Some(view) = view.filter(|_| !anew) else {
        return guest_open(&web, &visit, (customer, order), &token).await;
    };
    if visit.fields.get("id") == view.case.id.to_string() {
        return Ok(go(&base)); // the form that opened it, sent twice
    }
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
    let asked = Asked { follows: visit.fields.get("follows").to_owned(), ..Asked::default() };
    match opened(web, visit, customer, (CaseFor::Guest, asked.older()?), about.clone()).await {
        Ok(_) => Ok(go(&base)),
        Err(problem) => {
            let words = about_words(web, visit, customer, &about).await?;
            again(web, visit, problem, (format!("/o/{token}"), base), asked, words)
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
