//! `/desk/catalog/new`, `/desk/catalog/{offering}/next` and `/edit`: drafts are written here. Nothing that was typed is lost
//! when it cannot be used, or when somebody else was quicker.

use super::catalog::{may_publish, named, path};
use super::catalog_form::{Control, Errors, Part, Typed, parts, read, wrong_key};
use super::queue::me;
use crate::fault::{Answer, Fault, catalog_refuses};
use crate::frame::{Frame, go, page_with};
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::catalog_desk::{VersionView, version};
use everline_app::catalog_draft::{create, edit as change, next as write_next};
use everline_core::catalog::NotDone;
use everline_core::offering::SaleState;

#[derive(Template)]
#[template(path = "desk_catalog_edit.html")]
struct EditPage {
    p: Frame,
    action: String,
    back: String,
    lead: String,
    parts: Vec<Part>,
    revision: i64,
    /// What stood in the way, and the version to be looked at before it is sent again.
    error: Option<String>,
    look: Option<String>,
    wrong: bool,
}

/// What a page is about.
enum About {
    New,
    Next(Box<VersionView>),
    Edit(Box<VersionView>),
}

struct Trouble {
    status: StatusCode,
    error: Option<String>,
    errors: Errors,
    typed: Typed,
}
impl Trouble {
    fn none(typed: Typed) -> Self {
        Self { status: StatusCode::OK, error: None, errors: Errors::new(), typed }
    }
    fn fields(visit: &Visit, errors: Errors) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, error: None, errors, typed: Typed::sent(visit) }
    }
}

fn show(web: &Web, visit: &Visit, about: &About, trouble: Trouble) -> Answer {
    let named =
        |key: &str, view: &VersionView| visit.say(key, &[("name", Arg::Text(&view.version.reference().to_string()))]);
    let (action, back, title, lead, revision) = match about {
        About::New => {
            let (to, list) = ("/desk/catalog/new".to_owned(), "/desk/catalog".to_owned());
            (to, list, visit.lang.get("catalog-new"), visit.lang.get("catalog-new-lead"), 0)
        }
        About::Next(view) => {
            let newest = view.newest();
            let to = path(newest.reference());
            (
                format!("{to}/next"),
                to,
                visit.lang.get("catalog-next"),
                named("catalog-next-lead", view),
                newest.revision,
            )
        }
        About::Edit(view) => {
            let (to, revision) = (path(view.version.reference()), view.version.revision);
            (format!("{to}/edit"), to, visit.lang.get("catalog-edit"), named("catalog-edit-lead", view), revision)
        }
    };
    let parts = parts(web, visit, &trouble.typed, &trouble.errors, matches!(about, About::New));
    let look = trouble.error.is_some().then(|| back.clone());
    let wrong = !trouble.errors.is_empty();
    let p = visit.frame(web, title);
    page_with(trouble.status, &EditPage { action, back, lead, parts, revision, error: trouble.error, look, wrong, p })
}

/// `GET /desk/catalog/new`
pub(crate) async fn new(State(web): State<Web>, visit: Visit) -> Answer {
    may_publish(&web, &visit).await?;
    show(&web, &visit, &About::New, Trouble::none(Typed::new()))
}

/// `POST /desk/catalog/new`
pub(crate) async fn add(State(web): State<Web>, visit: Visit) -> Answer {
    may_publish(&web, &visit).await?;
    let content = match read(&Typed::sent(&visit), &web.app.brand, None) {
        Ok(content) => content,
        Err(errors) => return show(&web, &visit, &About::New, Trouble::fields(&visit, errors)),
    };
    match create(&web.app, content, me(&visit)?).await {
        Ok(reference) => Ok(go(&path(&reference))),
        Err(problem) => refused(&web, &visit, &About::New, problem),
    }
}

/// The version of an address, for its form.
async fn view(web: &Web, visit: &Visit, id: &str) -> Result<Box<VersionView>, Problem> {
    may_publish(web, visit).await?;
    Ok(Box::new(version(&web.app, named(id)?, me(visit)?).await?))
}

/// `GET /desk/catalog/{offering}/next`: filled from the newest version.
pub(crate) async fn next(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = view(&web, &visit, &id).await?;
    if view.draft().is_some() {
        return Err(Problem::CatalogRefuses(NotDone::AnotherDraft).into());
    }
    let typed = Typed::of(view.newest());
    show(&web, &visit, &About::Next(view), Trouble::none(typed))
}

/// `POST /desk/catalog/{offering}/next`
pub(crate) async fn add_next(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = view(&web, &visit, &id).await?;
    let newest = view.version.reference().clone();
    let about = About::Next(view);
    let content = match read(&Typed::sent(&visit), &web.app.brand, Some(&newest.code)) {
        Ok(content) => content,
        Err(errors) => return show(&web, &visit, &about, Trouble::fields(&visit, errors)),
    };
    match write_next(&web.app, newest, content, me(&visit)?).await {
        Ok(reference) => Ok(go(&path(&reference))),
        Err(problem) => refused(&web, &visit, &about, problem),
    }
}

/// `GET /desk/catalog/{offering}/edit`
pub(crate) async fn edit(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = view(&web, &visit, &id).await?;
    if view.version.offering.sale != SaleState::Draft {
        return Err(Problem::CatalogRefuses(NotDone::NotADraft).into());
    }
    let typed = Typed::of(&view.version);
    show(&web, &visit, &About::Edit(view), Trouble::none(typed))
}

/// `POST /desk/catalog/{offering}/edit`
pub(crate) async fn save(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let view = view(&web, &visit, &id).await?;
    let reference = view.version.reference().clone();
    let about = About::Edit(view);
    let content = match read(&Typed::sent(&visit), &web.app.brand, Some(&reference.code)) {
        Ok(content) => content,
        Err(errors) => return show(&web, &visit, &about, Trouble::fields(&visit, errors)),
    };
    let revision = visit.fields.get("revision").parse().unwrap_or(0);
    match change(&web.app, (reference, revision), content, me(&visit)?).await {
        Ok(reference) => Ok(go(&path(&reference))),
        Err(problem) => refused(&web, &visit, &about, problem),
    }
}

/// The form again, with what was typed and what stood in the way.
fn refused(web: &Web, visit: &Visit, about: &About, problem: Problem) -> Answer {
    let (error, errors) = match &problem {
        Problem::Stale => (Some("catalog-stale-draft"), Errors::new()),
        Problem::CatalogRefuses(why) => (Some(catalog_refuses(*why)), Errors::new()),
        Problem::Invalid { field: "code", rule: "taken" } => (None, Errors::from([("code", "catalog-code-taken")])),
        Problem::Invalid { field, .. } => (None, Errors::from([(*field, wrong_key(field))])),
        _ => return Err(problem.into()),
    };
    let error = error.map(|key| visit.lang.get(key));
    let status = Fault::from(problem).status();
    show(web, visit, about, Trouble { status, error, errors, typed: Typed::sent(visit) })
}
