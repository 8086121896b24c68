//! `/desk/prepared`: the answers that are prepared for cases, in each language, written by senior agents and operators.

use super::queue::{me, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::texts::Lang;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::support::prepared::{Kept, checked, keep, list as all, one, remove as take_away};
use everline_core::ids::RawId;
use everline_core::support::prepared::Parameter;

struct Row {
    href: String,
    title: String,
    languages: String,
}

#[derive(Template)]
#[template(path = "desk_prepared.html")]
struct ListPage {
    p: Frame,
    rows: Vec<Row>,
}

/// The texts in one language, with what is wrong with them.
struct Written {
    tag: &'static str,
    language: &'static str,
    title: String,
    text: String,
    title_wrong: Option<String>,
    text_wrong: Option<String>,
}

#[derive(Template)]
#[template(path = "desk_prepared_one.html")]
struct OnePage {
    p: Frame,
    action: String,
    version: i64,
    texts: Vec<Written>,
    /// What can stand in braces, and what it is.
    parameters: Vec<(&'static str, String)>,
    error: Option<String>,
    /// Whether it is kept already, and so can be removed.
    kept: bool,
}

const fn parameter_key(parameter: Parameter) -> &'static str {
    match parameter {
        Parameter::Case => "prepared-case",
        Parameter::Order => "prepared-order",
        Parameter::Line => "prepared-line",
        Parameter::Brand => "prepared-brand",
        Parameter::Hotline => "prepared-hotline",
        Parameter::Hours => "prepared-hours",
    }
}

fn id_of(text: &str) -> Result<RawId, Problem> {
    text.parse().map_err(|_| Problem::NotFound("prepared answer"))
}

/// `GET /desk/prepared`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    let mut rows: Vec<Row> = Vec::new();
    for row in all(&web.app, me(&visit)?).await? {
        let href = format!("/desk/prepared/{}", row.id);
        let language = Lang::from_tag(&row.language).map_or("", Lang::own_name);
        match rows.last_mut().filter(|last| last.href == href) {
            Some(last) => {
                last.languages = format!("{} · {language}", last.languages);
                if row.language == visit.lang.tag() {
                    last.title = row.title;
                }
            }
            None => rows.push(Row { href, title: row.title, languages: language.to_owned() }),
        }
    }
    page(&ListPage { rows, p: visit.frame(&web, visit.lang.get("prepared-title")) })
}

/// `GET /desk/prepared/new`
pub(crate) async fn new(State(web): State<Web>, visit: Visit) -> Answer {
    staff(&web, &visit).await?;
    // Who may keep them may begin one.
    all(&web.app, me(&visit)?).await?;
    let id = web.app.clock.id();
    let empty = |_: &str| (String::new(), String::new());
    show(&web, &visit, (id, 0), (StatusCode::OK, None), &empty)
}

/// `GET /desk/prepared/{answer}`
pub(crate) async fn answer(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let id = id_of(&id)?;
    let rows = one(&web.app, me(&visit)?, id).await?;
    let version = rows.first().map_or(0, |row| row.version);
    let kept = |tag: &str| {
        let row = rows.iter().find(|row| row.language == tag);
        row.map(|row| (row.title.clone(), row.text.clone())).unwrap_or_default()
    };
    show(&web, &visit, (id, version), (StatusCode::OK, None), &kept)
}

fn show(
    web: &Web,
    visit: &Visit,
    (id, version): (RawId, i64),
    (status, error): (StatusCode, Option<String>),
    texts: &dyn Fn(&str) -> (String, String),
) -> Answer {
    let text_of = |lang: Lang| {
        let (title, text) = texts(lang.tag());
        let wrong = checked(&title, &text).err().filter(|_| status != StatusCode::OK);
        let field = match wrong {
            Some(Problem::Invalid { field, .. }) => field,
            _ => "",
        };
        let key = |key: &str| Some(visit.lang.get(key));
        Written {
            tag: lang.tag(),
            language: lang.own_name(),
            title,
            text,
            title_wrong: if field == "title" { key("prepared-wrong-title") } else { None },
            text_wrong: match field {
                "text" => key("case-wrong-text"),
                "parameter" => key("prepared-wrong-parameter"),
                _ => None,
            },
        }
    };
    page_with(
        status,
        &OnePage {
            action: format!("/desk/prepared/{id}"),
            version,
            texts: web.languages.iter().copied().map(text_of).collect(),
            parameters: Parameter::ALL.map(|one| (one.word(), visit.lang.get(parameter_key(one)))).to_vec(),
            error,
            kept: version > 0,
            p: visit.frame(web, visit.lang.get("prepared-title")),
        },
    )
}

/// `POST /desk/prepared/{answer}`
pub(crate) async fn save(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let (id, by, fields) = (id_of(&id)?, me(&visit)?, &visit.fields);
    let version = fields.get("version").parse().unwrap_or(0);
    let typed = |tag: &str| {
        let field = |what: &str| fields.get(&format!("{what}-{tag}")).to_owned();
        (field("title"), field("text"))
    };
    let text = |lang: &Lang| {
        let (title, text) = typed(lang.tag());
        (lang.tag().to_owned(), title, text)
    };
    let done = if fields.get("do") == "remove" {
        take_away(&web.app, by, id, version).await
    } else {
        keep(&web.app, by, Kept { id, version, texts: web.languages.iter().map(text).collect() }).await
    };
    let problem = match done {
        Ok(()) => return Ok(go("/desk/prepared")),
        Err(problem) => problem,
    };
    let error = match &problem {
        Problem::Invalid { field: "texts", .. } => Some("prepared-wrong-none"),
        Problem::Invalid { field: "id", .. } => Some("prepared-wrong-many"),
        Problem::Invalid { .. } => None,
        Problem::Stale => Some("problem-stale-do"),
        _ => return Err(problem.into()),
    };
    let error = error.map(|key| visit.lang.get(key));
    // Whoever saves again after this saves over what it is now.
    let version = match &problem {
        Problem::Stale => one(&web.app, by, id).await.map_or(0, |now| now.first().map_or(0, |text| text.version)),
        _ => version,
    };
    show(&web, &visit, (id, version), (Fault::from(problem).status(), error), &typed)
}
