//! `/desk/contributions`: what customers wrote under offerings and nobody looked at yet, what was reported, and the questions
//! that wait for an answer.

use super::queue::{me, more_waits, staff};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::contribution_shown::{by, stars};
use crate::portal::plan::not_contributed;
use crate::portal::plan::text_key;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::Problem;
use everline_app::contribution::{OpenContributions, REASON_MAX, answer_as_staff, decide, open_contributions};
use everline_core::contribution::{ContributionKind, ContributionState, ContributionStep};
use everline_core::ids::ContributionId;
use everline_store::tables::contribution::Contribution;

/// What waits for a decision or an answer.
struct Row {
    id: String,
    version: i64,
    offering: String,
    what: String,
    by: String,
    stars: String,
    words: String,
    /// The question that an answer is for.
    question: Option<String>,
    /// How many customers reported it, if any did.
    reported: Option<String>,
    waiting: bool,
    /// What was typed about it.
    typed: String,
}

#[derive(Template)]
#[template(path = "desk_contributions.html")]
struct Contributions {
    p: Frame,
    open: Vec<Row>,
    unanswered: Vec<Row>,
    /// What is said if more waits of each.
    more: [Option<String>; 2],
    error: Option<String>,
}

/// What was wrong with what a member of the staff sent: about which, in what words, and why.
struct Trouble {
    about: ContributionId,
    typed: String,
    why: String,
}

async fn contributions(web: &Web, visit: &Visit, trouble: Option<Trouble>) -> Result<Contributions, Fault> {
    staff(web, visit).await?;
    let found: OpenContributions = open_contributions(&web.app, me(visit)?).await?;
    let show = visit.show(web);
    let row = |one: &Contribution, question: Option<&Contribution>| {
        let offering = found.offerings.iter().find(|offering| offering.reference.code == one.offering);
        let reported = one.state == ContributionState::Reported;
        let typed = trouble.as_ref().filter(|trouble| trouble.about == one.id);
        Row {
            id: one.id.to_string(),
            version: one.version,
            offering: offering.map_or(one.offering.as_str(), |offering| offering.name.get(visit.lang.tag())).to_owned(),
            what: visit.lang.get(match one.kind {
                ContributionKind::Review => "desk-contribution-review",
                ContributionKind::Question => "desk-contribution-question",
                ContributionKind::Answer => "desk-contribution-answer",
            }),
            by: by(web, &show, one),
            stars: stars(one),
            words: one.words.clone(),
            question: question.map(|question| question.words.clone()),
            reported: reported.then(|| visit.say("desk-contribution-reported", &[("count", Arg::Count(one.reports))])),
            waiting: one.state == ContributionState::Waiting,
            typed: typed.map(|trouble| trouble.typed.clone()).unwrap_or_default(),
        }
    };
    Ok(Contributions {
        p: visit.frame(web, visit.lang.get("desk-contributions-title")),
        open: found.open.rows.iter().map(|(one, question)| row(one, question.as_ref())).collect(),
        unanswered: found.unanswered.rows.iter().map(|one| row(one, None)).collect(),
        more: [more_waits(visit, &found.open), more_waits(visit, &found.unanswered)],
        error: trouble.map(|trouble| trouble.why),
    })
}

/// `GET /desk/contributions`
pub(crate) async fn list(State(web): State<Web>, visit: Visit) -> Answer {
    page(&contributions(&web, &visit, None).await?)
}

fn id(text: &str) -> Result<ContributionId, Fault> {
    text.parse().map_err(|_| Problem::NotFound("contribution").into())
}

/// `POST /desk/contributions/{contribution}`: publishes, refuses, keeps or hides.
pub(crate) async fn settle(State(web): State<Web>, visit: Visit, Path(path): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let id = id(&path)?;
    let step = ContributionStep::from_word(visit.fields.get("step"));
    let step = step.ok_or(Problem::Invalid { field: "step", rule: "publish, refuse, keep or hide" })?;
    let version = visit.fields.get("version").parse();
    let version = version.map_err(|_| Problem::Invalid { field: "version", rule: "a number" })?;
    let reason = visit.fields.get("reason");
    let done = decide(&web.app, (id, version), step, reason, me(&visit)?).await;
    said(&web, &visit, (id, reason), done).await
}

/// `POST /desk/contributions/{contribution}/answer`: answers a question, for everybody to see.
pub(crate) async fn answer(State(web): State<Web>, visit: Visit, Path(path): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let (id, words) = (id(&path)?, visit.fields.get("text"));
    let done = answer_as_staff(&web.app, id, words, me(&visit)?).await;
    said(&web, &visit, (id, words), done).await
}

async fn said(web: &Web, visit: &Visit, (about, typed): (ContributionId, &str), done: Result<(), Problem>) -> Answer {
    let Err(problem) = done else { return Ok(go("/desk/contributions")) };
    let max = |max: usize| [("max", Arg::Count(i64::try_from(max).unwrap_or(i64::MAX)))];
    let why = match &problem {
        Problem::Invalid { field: "reason", .. } => visit.say("desk-contribution-reason-wrong", &max(REASON_MAX)),
        Problem::Invalid { field: "text", rule } => {
            visit.say(text_key(rule), &max(ContributionKind::Answer.text_max()))
        }
        Problem::NotContributed(why) => visit.lang.get(not_contributed(*why)),
        Problem::Stale => visit.lang.get("problem-stale-do"),
        _ => return Err(problem.into()),
    };
    let trouble = Trouble { about, typed: typed.to_owned(), why };
    page_with(Fault::from(problem).status(), &contributions(web, visit, Some(trouble)).await?)
}
