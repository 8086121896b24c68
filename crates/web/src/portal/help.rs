//! `/help`: help pages, searched by words, opened with what the page before was about; and the way to people.

use crate::context::{Context, STEPS};
use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::help::{Article, article, articles, search};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::Problem;
use serde::Deserialize;

/// A question, and what the page before was about.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    order: String,
    #[serde(default)]
    line: String,
    #[serde(default)]
    from: String,
}

impl Asked {
    /// Where a case with this context is opened. Ids and words of ours go on, and nothing else.
    fn case(&self) -> String {
        let id = |text: &str| text.parse::<everline_core::ids::RawId>().ok().map(|_| text.to_owned());
        let step = STEPS.into_iter().find(|step| *step == self.from).unwrap_or("help");
        Context { order: id(&self.order), line: id(&self.line), step, guest: None }.case()
    }
}

struct Found {
    href: String,
    title: &'static str,
    begin: &'static str,
}
fn found(article: &'static Article) -> Found {
    Found { href: format!("/help/{}", article.slug), title: &article.title, begin: &article.begin }
}

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    p: Frame,
    q: String,
    /// What fits the page before.
    about: Option<&'static Article>,
    results: Vec<Found>,
    all: Vec<Found>,
    /// Where a case is opened, for a customer.
    case: Option<String>,
}

#[derive(Template)]
#[template(path = "help_article.html")]
struct ArticlePage {
    p: Frame,
    article: &'static Article,
    case: Option<String>,
}

/// `GET /help`
pub(crate) async fn help(State(web): State<Web>, visit: Visit, Query(asked): Query<Asked>) -> Answer {
    let q: String = asked.q.trim().chars().take(100).collect();
    page(&HelpPage {
        about: article(visit.lang, &asked.about).filter(|_| q.is_empty()),
        results: search(visit.lang, &q).into_iter().take(6).map(found).collect(),
        all: articles(visit.lang).iter().map(found).collect(),
        case: visit.customer().is_ok().then(|| asked.case()),
        q,
        p: visit.frame(&web, visit.lang.get("help-title")),
    })
}

/// `GET /help/{article}`
pub(crate) async fn one(State(web): State<Web>, visit: Visit, Path(slug): Path<String>) -> Answer {
    let article = article(visit.lang, &slug).ok_or(Problem::NotFound("article"))?;
    let case = visit.customer().is_ok().then(|| Asked::default().case());
    page(&ArticlePage { p: visit.frame(&web, article.title.clone()), article, case })
}
