//! `/account/close` and `/lines/{line}/give-up`: leaving for good. What stands against it is said, each with the way to it.

use super::line::line_id;
use super::line_shown::line_name;
use super::own_line::own;
use crate::fault::{Answer, Fault};
use crate::frame::{Frame, go, page, page_with};
use crate::guard::forget_session;
use crate::portal::account::moment;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderValue;
use everline_app::Problem;
use everline_app::close_account::{self as app, Asked};
use everline_app::own_line::give_up as app_give_up;
use everline_app::sessions::may_change;
use everline_core::account::Change;
use everline_core::closing::ClosingState;

#[derive(Template)]
#[template(path = "close.html")]
struct Close {
    p: Frame,
    /// What stands against it, and where that is.
    against: Vec<(String, &'static str)>,
    paid: Option<String>,
    promo: Option<String>,
    /// The open closing in words, and whether it can be taken back.
    open: Option<(String, bool)>,
    holder: String,
    bank: String,
    number: String,
    error: Option<(&'static str, String)>,
}
impl Close {
    fn wrong(&self, field: &str) -> Option<&str> {
        self.error.as_ref().filter(|(wrong, _)| *wrong == field).map(|(_, why)| why.as_str())
    }
}

#[derive(Template)]
#[template(path = "give_up.html")]
struct GiveUp {
    p: Frame,
    line: String,
    base: String,
    /// Until when it is paid, in words.
    paid: Option<String>,
    error: Option<String>,
}

async fn close_page(web: &Web, visit: &Visit, error: Option<(&'static str, String)>) -> Result<Close, Fault> {
    let view = app::view(&web.app, visit.session()?).await?;
    let show = visit.show(web);
    let count = |count: usize| Arg::Count(i64::try_from(count).unwrap_or(i64::MAX));
    let mut against = Vec::new();
    if view.lines > 0 {
        against.push((visit.say("close-lines", &[("count", count(view.lines))]), "/home"));
    }
    if view.orders > 0 {
        against.push((visit.say("close-orders", &[("count", count(view.orders))]), "/history"));
    }
    if view.invoices > 0 {
        against.push((visit.say("close-invoices", &[("count", Arg::Count(view.invoices))]), "/history"));
    }
    if view.between > 0 {
        against.push((visit.lang.get("close-between"), "/statement"));
    }
    let open = view.open.as_ref().map(|open| {
        let when = moment(web, visit, open.asked_at);
        let asked = open.state == ClosingState::Asked;
        let says = if asked { "close-open" } else { "close-sending" };
        (visit.say(says, &[("when", Arg::Text(&when))]), asked)
    });
    let typed = |name: &str| visit.fields.get(name).to_owned();
    Ok(Close {
        against,
        paid: (view.paid.micros() > 0).then(|| show.money(view.paid)),
        promo: (view.promo.micros() > 0).then(|| show.money(view.promo)),
        open,
        holder: typed("holder"),
        bank: typed("bank"),
        number: typed("number"),
        error,
        p: visit.frame(web, visit.lang.get("close-title")),
    })
}

/// `GET /account/close`
pub(crate) async fn close(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    page(&close_page(&web, &visit, None).await?)
}

/// `POST /account/close`
pub(crate) async fn ask(State(web): State<Web>, visit: Visit) -> Answer {
    let fields = &visit.fields;
    let details = [fields.get("holder"), fields.get("bank"), fields.get("number")];
    let asked = if fields.get("agree") == "yes" {
        app::ask(&web.app, visit.session()?, details).await
    } else {
        Err(Problem::Invalid { field: "agree", rule: "needed" })
    };
    let problem = match asked {
        Ok(Asked::Waits) => return Ok(go("/account/close")),
        Ok(Asked::Closed) => {
            let mut response = go("/?closed=yes");
            forget_session(&web, &mut response);
            response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"storage\""));
            return Ok(response);
        }
        Err(problem) => problem,
    };
    let (field, key) = match &problem {
        Problem::Invalid { field: "holder", .. } => ("holder", "close-wrong-holder"),
        Problem::Invalid { field: "bank", .. } => ("bank", "close-wrong-bank"),
        Problem::Invalid { field: "number", .. } => ("number", "close-wrong-number"),
        Problem::Invalid { .. } => ("agree", "close-agree-needed"),
        Problem::CloseFirst => ("agree", "problem-close-first-do"),
        _ => return Err(problem.into()),
    };
    let error = Some((field, visit.lang.get(key)));
    page_with(Fault::from(problem).status(), &close_page(&web, &visit, error).await?)
}

/// `POST /account/close/withdraw`
pub(crate) async fn withdraw(State(web): State<Web>, visit: Visit) -> Answer {
    app::withdraw(&web.app, visit.session()?).await?;
    Ok(go("/account/close"))
}

async fn give_up_page(web: &Web, visit: &Visit, id: &str, error: Option<String>) -> Result<GiveUp, Fault> {
    let line = own(web, visit, line_id(id)?).await?;
    let show = visit.show(web);
    let until = line.service_until.filter(|until| *until > show.now);
    Ok(GiveUp {
        line: line_name(&line),
        base: format!("/lines/{}", line.id),
        paid: until.map(|until| visit.say("give-up-paid", &[("until", Arg::Text(&show.moment(until)))])),
        error,
        p: visit.frame(web, visit.lang.get("give-up-title")),
    })
}

/// `GET /lines/{line}/give-up`
pub(crate) async fn give_up(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    own(&web, &visit, line_id(&id)?).await?;
    may_change(&web.app, visit.session()?, Change::Contact).await?;
    page(&give_up_page(&web, &visit, &id, None).await?)
}

/// `POST /lines/{line}/give-up`
pub(crate) async fn end(State(web): State<Web>, visit: Visit, Path(id): Path<String>) -> Answer {
    let line = own(&web, &visit, line_id(&id)?).await?;
    if visit.fields.get("agree") != "yes" {
        let error = Some(visit.lang.get("give-up-agree-needed"));
        let problem = Problem::Invalid { field: "agree", rule: "needed" };
        return page_with(Fault::from(problem).status(), &give_up_page(&web, &visit, &id, error).await?);
    }
    app_give_up(&web.app, visit.session()?, line.id).await?;
    Ok(go(&format!("/lines/{}?done=given-up", line.id)))
}
