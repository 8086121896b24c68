//! `/desk/orders/{number}/ask` and `/provision`: staff ask the outside again about an order, and read what it says.

use super::order::show_order;
use super::queue::{me, staff};
use super::refund::{seen, stale};
use super::words::method_key;
use crate::fault::{Answer, Fault};
use crate::show::Show;
use crate::texts::Arg;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use everline_app::Problem;
use everline_app::ask_again::{Answered, Heard, Provisioned, ask_provider_again, provision_again};

/// What became of asking, above the page of the order.
pub(super) struct Asked {
    pub(super) status: StatusCode,
    pub(super) said: Vec<String>,
}

/// `POST /desk/orders/{number}/ask`: its providers, about payments that are not settled and refunds under way.
pub(crate) async fn provider(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let show = visit.show(&web);
    let asked = match ask_provider_again(&web.app, &number, me(&visit)?).await {
        Ok(answers) if answers.is_empty() => told(vec![visit.lang.get("desk-ask-nothing")]),
        Ok(answers) => told(answers.iter().map(|answer| said(&show, answer)).collect()),
        Err(problem) => refused(&visit, problem)?,
    };
    show_order(&web, &visit, &number, None, Some(asked)).await
}

/// `POST /desk/orders/{number}/provision`: its network, once more.
pub(crate) async fn provision(State(web): State<Web>, visit: Visit, Path(number): Path<String>) -> Answer {
    staff(&web, &visit).await?;
    let key = match provision_again(&web.app, &number, seen(&visit), me(&visit)?).await {
        Ok(Provisioned::Confirmed) => "desk-provision-confirmed",
        Ok(Provisioned::Refused) => "desk-provision-refused",
        Ok(Provisioned::Submitted) => "desk-provision-submitted",
        Ok(Provisioned::Silent) => "desk-provision-silent",
        Ok(Provisioned::Running) => "desk-provision-running",
        Ok(Provisioned::Told) => "desk-provision-told",
        Ok(Provisioned::Nothing) => "desk-provision-nothing",
        Err(Problem::Stale) => return stale(&web, &visit, &number, "provision").await,
        Err(problem) => {
            let asked = refused(&visit, problem)?;
            return show_order(&web, &visit, &number, None, Some(asked)).await;
        }
    };
    show_order(&web, &visit, &number, None, Some(told(vec![visit.lang.get(key)]))).await
}

fn told(said: Vec<String>) -> Asked {
    Asked { status: StatusCode::OK, said }
}

/// What was asked too often is said on the page.
fn refused(visit: &Visit, problem: Problem) -> Result<Asked, Fault> {
    let Problem::TooMany { retry_after_s } = problem else { return Err(problem.into()) };
    let minutes = (retry_after_s / 60).saturating_add(1);
    let said = vec![visit.say("desk-ask-too-many", &[("minutes", minutes.into())])];
    Ok(Asked { status: Fault::from(problem).status(), said })
}

fn said(show: &Show, answer: &Answered) -> String {
    let key = match answer.heard {
        Heard::Paid => "desk-heard-paid",
        Heard::Waiting => "desk-heard-waiting",
        Heard::Closed => "desk-heard-closed",
        Heard::NotExist => "desk-heard-not-exist",
        Heard::Silent => "desk-heard-silent",
        Heard::Returned => "desk-heard-returned",
        Heard::Refused => "desk-heard-refused",
        Heard::Running => "desk-heard-running",
        Heard::Disputed => "desk-heard-disputed",
    };
    let what = if answer.refund { "desk-refund" } else { "desk-attempt" };
    let about =
        format!("{} {} {}", show.lang.get(what), show.lang.get(method_key(answer.method)), show.money(answer.amount));
    show.lang.with(key, &[("name", Arg::Text(&about))])
}
