//! `/lines/{line}/owner` and `/take-over/{link}`: change of ownership (过户), as who gives a line sees it and who takes it.

use super::line::line_id;
use super::line_shown::{line_name, number};
use super::own_line::{device_key, own};
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::portal::account::moment;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use everline_app::sessions::may_change;
use everline_app::{Problem, ownership as app};
use everline_core::account::Change;
use everline_core::lifecycle::NoHandOver;
use everline_core::line::Line;
use everline_core::ownership::Offered;

#[derive(Template)]
#[template(path = "owner.html")]
struct Owner {
    p: Frame,
    line: String,
    base: String,
    contact: String,
    /// What stays behind, in words; nothing runs if there is none.
    stays: Option<String>,
    /// The open offer in words.
    open: Option<String>,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "take_over.html")]
struct TakeOver {
    p: Frame,
    here: String,
    number: String,
    device: String,
    until: String,
    open: bool,
    said: Option<String>,
    error: Option<String>,
}

async fn owner_page(web: &Web, visit: &Visit, line: &Line, error: Option<String>) -> Result<Owner, Fault> {
    let (view, _) = everline_app::home::line_page(&web.app, visit.customer()?, line.id).await?;
    let show = visit.show(web);
    let until = view.line.service_until.filter(|until| *until > show.now);
    let stays = until.map(|until| visit.say("owner-stays", &[("until", Arg::Text(&show.moment(until)))]));
    let open = app::open_offer(&web.app, line.customer, line.id).await?;
    let now = web.app.clock.now().system;
    let open = open.map(|offer| {
        let key = if offer.due_at > now { "owner-open" } else { "owner-late" };
        let until = moment(web, visit, offer.due_at);
        visit.say(key, &[("to", Arg::Text(&offer.contact.masked())), ("until", Arg::Text(&until))])
    });
    Ok(Owner {
        p: visit.frame(web, visit.lang.get("owner-title")),
        line: line_name(line),
        base: format!("/lines/{}/owner", line.id),
        contact: visit.fields.get("contact").to_owned(),
        stays,
        open,
        error,
    })
}

/// `GET /lines/{line}/owner`
pub(crate) async fn owner(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    page(&owner_page(&web, &visit, &line, None).await?)
}

/// The key of why a line is not offered or taken.
fn why_key(problem: &Problem) -> Option<&'static str> {
    Some(match problem {
        Problem::Invalid { field: "contact", rule: "your-own" } => "owner-own-number",
        Problem::Invalid { field: "contact", .. } => "sign-in-phone-wrong",
        Problem::Invalid { field: "line", .. } => "owner-is-login",
        Problem::Invalid { field: "agree", .. } => "owner-agree-needed",
        Problem::NotHandedOver(NoHandOver::Underway) => "owner-underway",
        Problem::NotHandedOver(NoHandOver::PlanRuns) => "owner-plan-runs",
        Problem::NotHandedOver(NoHandOver::CorrectionOpen) => "owner-correction-open",
        Problem::NotHandedOver(NoHandOver::State(_)) => "owner-state",
        Problem::OfferOver => "owner-over",
        _ => return None,
    })
}

/// `POST /lines/{line}/owner`: offers it.
pub(crate) async fn offer(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    let agreed = visit.fields.get("agree") == "yes";
    let asked = if agreed {
        app::offer(&web.app, visit.session()?, line.id, visit.fields.get("contact")).await
    } else {
        Err(Problem::Invalid { field: "agree", rule: "needed" })
    };
    let problem = match asked {
        Ok(()) => return Ok(go(&format!("/lines/{}/owner", line.id))),
        Err(problem) => problem,
    };
    let Some(key) = why_key(&problem) else { return Err(problem.into()) };
    let error = Some(visit.lang.get(key));
    page_with(Fault::from(problem).status(), &owner_page(&web, &visit, &line, error).await?)
}

/// `POST /lines/{line}/owner/withdraw`
pub(crate) async fn withdraw(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    app::withdraw(&web.app, visit.session()?, line.id).await?;
    Ok(go(&format!("/lines/{}/owner", line.id)))
}

async fn take_over_page(web: &Web, visit: &Visit, link: &str, error: Option<&str>) -> Result<TakeOver, Fault> {
    let view = app::offered(&web.app, visit.session()?, link).await?;
    if !view.mine {
        // Who has only the link learns nothing by it.
        return Err(Problem::NotFound("offer").into());
    }
    let said = match view.offer.state {
        Offered::Taken => Some("take-over-taken"),
        Offered::Declined => Some("take-over-declined"),
        Offered::Withdrawn => Some("take-over-withdrawn"),
        Offered::Offered if !view.open => Some("take-over-late"),
        Offered::Offered => None,
    };
    Ok(TakeOver {
        p: visit.frame(web, visit.lang.get("take-over-title")),
        here: format!("/take-over/{link}"),
        number: number(&view.line.msisdn),
        device: visit.lang.get(device_key(view.line.device)),
        until: moment(web, visit, view.offer.due_at),
        open: view.open && view.offer.state == Offered::Offered,
        said: said.map(|key| visit.lang.get(key)),
        error: error.map(|key| visit.lang.get(key)),
    })
}

/// `GET /take-over/{link}`
pub(crate) async fn take_over(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    page(&take_over_page(&web, &visit, &link, None).await?)
}

/// `POST /take-over/{link}`
pub(crate) async fn take(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    let problem = match app::accept(&web.app, visit.session()?, &link).await {
        Ok(line) => return Ok(go(&format!("/lines/{line}?done=taken"))),
        Err(problem) => problem,
    };
    let key = match &problem {
        // What stands against it is the giver's to put right.
        Problem::Invalid { .. } | Problem::NotHandedOver(_) => "take-over-not-now",
        Problem::OfferOver => "take-over-over",
        Problem::TooManyLines => "problem-too-many-lines-do",
        Problem::IdentityFirst => "problem-identity-first-do",
        _ => return Err(problem.into()),
    };
    page_with(Fault::from(problem).status(), &take_over_page(&web, &visit, &link, Some(key)).await?)
}

/// `POST /take-over/{link}/decline`
pub(crate) async fn decline(State(web): State<Web>, visit: Visit, Path(link): Path<String>) -> Answer {
    app::decline(&web.app, visit.session()?, &link).await?;
    Ok(go(&format!("/take-over/{link}")))
}
