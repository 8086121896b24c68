//! `/lines/{line}/plans/{offering}`: one offering with its terms, what others say of it, and what can be asked; and what is
//! sent from there: a review, a question, an answer, a report.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page_with};
use crate::portal::contribution_shown::{MineShown, QuestionShown, ReviewShown, mine, question, review};
use crate::portal::line::line_id;
use crate::portal::line_shown::line_name;
use crate::portal::offering_shown::{Term, contents, reference, why_not};
use crate::portal::plans::{RatingShown, is_reviewed, rating_shown, terms};
use crate::seal::{contribution_ticket, ticket_contribution};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use everline_app::choose::{Before, Considered, OfferingPage, RATED_MAX, offering_page};
use everline_app::{Problem, contribution};
use everline_core::contribution::{ContributionKind, NotContributed};
use everline_core::ids::{ContributionId, CustomerId, LineId};
use everline_core::offering::OfferingRef;
use serde::Deserialize;

/// What the address asks for.
#[derive(Deserialize, Default)]
pub(crate) struct Asked {
    /// What was sent a moment ago.
    #[serde(default)]
    sent: String,
    /// Where the reviews go on.
    #[serde(default)]
    reviews: String,
    /// Where the questions go on.
    #[serde(default)]
    questions: String,
}

/// What the brand calls a region.
struct Region {
    key: String,
    name: String,
    selected: bool,
}

/// How many stars somebody gives.
struct StarsChoice {
    value: String,
    label: String,
    selected: bool,
}

/// What was typed, so that nothing is lost, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Typed {
    stars: String,
    review: String,
    region: String,
    question: String,
    /// An answer, and the question it is for.
    answer: (String, String),
    /// The form it is about, the field, and what to do.
    error: Option<(&'static str, &'static str, String)>,
    status: Option<StatusCode>,
}

#[derive(Template)]
#[template(path = "plan.html")]
struct PlanPage {
    p: Frame,
    path: String,
    back: String,
    line: String,
    name: String,
    summary: String,
    contents: String,
    price: String,
    why_not: Option<String>,
    take: Option<String>,
    terms: Vec<Term>,
    reviewed: bool,
    rating: Option<RatingShown>,
    by_stars: Vec<(String, String)>,
    rated_newest: Option<String>,
    reviews: Vec<ReviewShown>,
    more_reviews: Option<String>,
    questions: Vec<QuestionShown>,
    more_questions: Option<String>,
    mine: Vec<MineShown>,
    used: bool,
    wrote: bool,
    stars: Vec<StarsChoice>,
    regions: Vec<Region>,
    sent: Option<String>,
    typed: Typed,
    /// The id of a new question.
    ticket: String,
}
impl PlanPage {
    /// What is wrong in a form.
    fn wrong(&self, form: &str) -> Option<&str> {
        self.typed.error.as_ref().filter(|(wrong, _, _)| *wrong == form).map(|(_, _, why)| why.as_str())
    }
    /// Whether a field of a form is what is wrong.
    fn is_wrong(&self, form: &str, field: &str) -> bool {
        self.typed.error.as_ref().is_some_and(|(wrong, name, _)| *wrong == form && *name == field)
    }
}

type Whose = (CustomerId, LineId, OfferingRef);

fn whose(visit: &Visit, (line, offering): (String, String)) -> Result<Whose, Fault> {
    let (customer, line) = (visit.customer()?, line_id(&line)?);
    Ok((customer, line, reference(&offering).ok_or(Problem::NotFound("offering"))?))
}

/// `GET /lines/{line}/plans/{offering}`
pub(crate) async fn plan(
    State(web): State<Web>,
    visit: Visit,
    Path(path): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    let whose = whose(&visit, path)?;
    show(&web, &visit, whose, &asked, Typed::default()).await
}

async fn show(web: &Web, visit: &Visit, whose: Whose, asked: &Asked, typed: Typed) -> Answer {
    let (customer, line, offering) = whose;
    let before = Before { reviews: asked.reviews.parse().ok(), questions: asked.questions.parse().ok() };
    let found = offering_page(&web.app, (customer, line), offering, before).await?;
    let status = typed.status.unwrap_or(StatusCode::OK);
    page_with(status, &plan_page(web, visit, &found, asked, typed)?)
}

fn plan_page(web: &Web, visit: &Visit, found: &OfferingPage, asked: &Asked, typed: Typed) -> Result<PlanPage, Fault> {
    let ticket = |about: &str| contribution_ticket(&web.app, found.line.customer, about).ok_or(Problem::Busy);
    let (show, tag) = (visit.show(web), visit.lang.tag());
    let considered = Considered { choice: found.choice.clone(), rating: found.rating };
    let (offering, lines) = (&found.choice.offering, format!("/lines/{}", found.line.id));
    let path = format!("{lines}/plans/{}", offering.reference);
    let my_review = found.mine.iter().find(|mine| mine.kind == ContributionKind::Review);
    let typed = match my_review {
        Some(mine) if typed.stars.is_empty() && typed.review.is_empty() => Typed {
            stars: mine.stars.map(|stars| stars.get().to_string()).unwrap_or_default(),
            review: mine.words.clone(),
            region: mine.region.clone().unwrap_or_default(),
            ..typed
        },
        _ => typed,
    };
    let region = |(key, name): (&String, &everline_core::brand::Localized)| Region {
        name: name.get(tag).to_owned(),
        selected: *key == typed.region,
        key: key.clone(),
    };
    let stars = [1_i64, 2, 3, 4, 5].into_iter().zip(found.rating.by_stars).rev();
    let stars = stars.map(|(stars, count)| {
        let label = visit.say("choose-stars", &[("stars", stars.into())]);
        (label, visit.say("choose-review-count", &[("count", count.into())]))
    });
    let give = |value: i64| StarsChoice {
        value: value.to_string(),
        label: visit.lang.get(stars_key(value)),
        selected: typed.stars == value.to_string(),
    };
    let give = (1..=5).rev().map(give).collect();
    let more = |more: bool, name: &str, last: Option<ContributionId>| {
        last.filter(|_| more).map(|last| format!("{path}?{name}={last}#{name}"))
    };
    let newest =
        (found.rating.count() >= RATED_MAX).then(|| visit.say("choose-rated-newest", &[("count", RATED_MAX.into())]));
    let mut questions = Vec::new();
    for (one, answers) in &found.questions {
        questions.push(question(web, &show, (one, ticket(&one.id.to_string())?), answers));
    }
    Ok(PlanPage {
        ticket: ticket(&offering.reference.code)?,
        p: visit.frame(web, offering.name.get(tag).to_owned()),
        back: format!("{lines}/plans"),
        line: line_name(&found.line),
        name: offering.name.get(tag).to_owned(),
        summary: offering.summary.get(tag).to_owned(),
        contents: contents(&show, offering),
        price: show.money(offering.price),
        why_not: found.choice.quote.as_ref().err().map(|reason| visit.lang.get(why_not(*reason))),
        take: found.choice.quote.is_ok().then(|| format!("{lines}/renew?offering={}", offering.reference)),
        terms: terms(&show, &considered, std::slice::from_ref(&considered)),
        reviewed: is_reviewed(offering.kind),
        rating: rating_shown(&show, &found.rating),
        by_stars: stars.collect(),
        rated_newest: newest,
        more_reviews: more(found.more_reviews, "reviews", found.reviews.last().map(|last| last.id)),
        more_questions: more(found.more_questions, "questions", found.questions.last().map(|(last, _)| last.id)),
        reviews: found.reviews.iter().map(|one| review(web, &show, one)).collect(),
        questions,
        mine: found.mine.iter().map(|one| mine(&show, one)).collect(),
        used: found.used,
        wrote: my_review.is_some(),
        stars: give,
        regions: web.app.brand.regions.iter().map(region).collect(),
        sent: sent(visit, &asked.sent),
        typed,
        path,
    })
}

fn sent(visit: &Visit, what: &str) -> Option<String> {
    let key = match what {
        "review" | "question" | "answer" => "choose-sent-waits",
        "report" => "choose-sent-report",
        "withdraw" => "choose-sent-withdrawn",
        _ => return None,
    };
    Some(visit.lang.get(key))
}

/// The key of so many stars.
const fn stars_key(stars: i64) -> &'static str {
    match stars {
        5 => "choose-stars-5",
        4 => "choose-stars-4",
        3 => "choose-stars-3",
        2 => "choose-stars-2",
        _ => "choose-stars-1",
    }
}

/// The key of what is wrong with a text, by the rule that it breaks.
pub(crate) fn text_key(rule: &str) -> &'static str {
    match rule {
        "too-long" => "choose-text-too-long",
        "no-text" => "choose-text-no-text",
        _ => "choose-text-empty",
    }
}

/// What is said about a problem with a form, beside the field that it is about; other problems are pages of their own.
fn trouble(visit: &Visit, form: &'static str, problem: Problem) -> Result<Typed, Fault> {
    let say = |key: &str, max: usize| visit.say(key, &[("max", i64::try_from(max).unwrap_or(i64::MAX).into())]);
    let kind = match form {
        "review" => ContributionKind::Review,
        "question" => ContributionKind::Question,
        _ => ContributionKind::Answer,
    };
    let (field, why) = match &problem {
        Problem::Invalid { field: "stars", .. } => ("stars", say("choose-stars-wrong", 5)),
        Problem::Invalid { field: "region", .. } => ("region", say("choose-region-wrong", 0)),
        Problem::Invalid { field: "text", rule } => ("text", say(text_key(rule), kind.text_max())),
        Problem::NotContributed(why) => ("text", say(not_contributed(*why), 0)),
        Problem::TooMany { .. } => ("text", say("choose-too-many", 0)),
        Problem::ExistsDifferently(_) => ("text", say("choose-sent-already", 0)),
        _ => return Err(problem.into()),
    };
    let status = Some(Fault::from(problem).status());
    Ok(Typed { error: Some((form, field, why)), status, ..Typed::default() })
}

/// The key of why something is not taken.
pub(crate) const fn not_contributed(why: NotContributed) -> &'static str {
    match why {
        NotContributed::NotUsed => "choose-not-used",
        NotContributed::NotShown => "choose-not-shown",
        NotContributed::Changed => "choose-changed",
    }
}

fn back(line: LineId, offering: &OfferingRef, sent: &str, place: &str) -> Answer {
    Ok(go(&format!("/lines/{line}/plans/{offering}?sent={sent}#{place}")))
}

/// `POST /lines/{line}/plans/{offering}/review`
pub(crate) async fn write(State(web): State<Web>, visit: Visit, Path(path): Path<(String, String)>) -> Answer {
    let (customer, line, offering) = whose(&visit, path)?;
    let page = contribution::Page { customer, line, offering: &offering.code };
    let (stars, text, region) = (visit.fields.get("stars"), visit.fields.get("text"), visit.fields.get("region"));
    match contribution::review(&web.app, page, stars, text, region).await {
        Ok(()) => back(line, &offering, "review", "mine"),
        Err(problem) => {
            let (stars, review, region) = (stars.to_owned(), text.to_owned(), region.to_owned());
            let typed = Typed { stars, review, region, ..trouble(&visit, "review", problem)? };
            show(&web, &visit, (customer, line, offering), &Asked::default(), typed).await
        }
    }
}

/// `POST /lines/{line}/plans/{offering}/question`
pub(crate) async fn ask(State(web): State<Web>, visit: Visit, Path(path): Path<(String, String)>) -> Answer {
    let (customer, line, offering) = whose(&visit, path)?;
    let page = contribution::Page { customer, line, offering: &offering.code };
    let text = visit.fields.get("text");
    let asked = match ticket(&web, &visit, &offering.code) {
        Ok(id) => contribution::ask(&web.app, page, id, text).await,
        Err(problem) => Err(problem),
    };
    match asked {
        Ok(()) => back(line, &offering, "question", "mine"),
        Err(problem) => {
            let typed = Typed { question: text.to_owned(), ..trouble(&visit, "question", problem)? };
            show(&web, &visit, (customer, line, offering), &Asked::default(), typed).await
        }
    }
}

/// `POST /lines/{line}/plans/{offering}/answer`
pub(crate) async fn answer(State(web): State<Web>, visit: Visit, Path(path): Path<(String, String)>) -> Answer {
    let (customer, line, offering) = whose(&visit, path)?;
    let page = contribution::Page { customer, line, offering: &offering.code };
    let (text, question) = (visit.fields.get("text"), named(&visit)?);
    let answered = match ticket(&web, &visit, &question.to_string()) {
        Ok(id) => contribution::answer(&web.app, page, (id, question), text).await,
        Err(problem) => Err(problem),
    };
    match answered {
        Ok(()) => back(line, &offering, "answer", "mine"),
        Err(problem) => {
            let answer = (question.to_string(), text.to_owned());
            let typed = Typed { answer, ..trouble(&visit, "answer", problem)? };
            show(&web, &visit, (customer, line, offering), &Asked::default(), typed).await
        }
    }
}

/// `POST /lines/{line}/plans/{offering}/report`
pub(crate) async fn report(State(web): State<Web>, visit: Visit, Path(path): Path<(String, String)>) -> Answer {
    let (customer, line, offering) = whose(&visit, path)?;
    // Another's line does not exist, whatever is reported from there.
    offering_page(&web.app, (customer, line), offering.clone(), Before::default()).await?;
    contribution::report(&web.app, customer, named(&visit)?).await?;
    back(line, &offering, "report", "sent")
}

/// `POST /lines/{line}/plans/{offering}/withdraw`
pub(crate) async fn withdraw(State(web): State<Web>, visit: Visit, Path(path): Path<(String, String)>) -> Answer {
    let (customer, line, offering) = whose(&visit, path)?;
    contribution::withdraw(&web.app, customer, named(&visit)?).await?;
    back(line, &offering, "withdraw", "sent")
}

/// The id that a form brings for what is written; one that is not ours is nobody's to choose.
fn ticket(web: &Web, visit: &Visit, about: &str) -> Result<ContributionId, Problem> {
    let id = ticket_contribution(&web.app, visit.customer()?, about, visit.fields.get("ticket"));
    id.ok_or(Problem::ExistsDifferently("contribution"))
}

/// The contribution that a form names.
fn named(visit: &Visit) -> Result<ContributionId, Fault> {
    visit.fields.get("contribution").parse().map_err(|_| Problem::NotFound("contribution").into())
}
