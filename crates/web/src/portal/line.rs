//! `GET /lines/{line}`: one line and its orders.

use crate::fault::{Answer, Fault};
use crate::frame::{Frame, page};
use crate::portal::auto_renew::{is_on, sentence};
use crate::portal::line_shown::{LineShown, shown, state_key};
use crate::portal::order_shown::headline;
use crate::portal::own_line::device_key;
use crate::portal::reminders::{ToldRow, told_rows};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::{Path, Query, State};
use everline_app::Problem;
use everline_app::line_history::line_history;
use everline_core::ids::LineId;
use everline_core::line::{LineState, NetworkKind, SuspendCause};
use serde::Deserialize;

struct OrderRow {
    href: String,
    name: String,
    price: String,
    when: String,
    state: String,
}

#[derive(Template)]
#[template(path = "line.html")]
struct LinePage {
    p: Frame,
    line: LineShown,
    /// What was done before coming here.
    done: Option<String>,
    /// Whether it is reported lost.
    lost: bool,
    device_kind: String,
    state: String,
    network: String,
    guests: String,
    orders: Vec<OrderRow>,
    /// Where the profile is, if an eSIM serves the line.
    esim: Option<String>,
    /// Where renewal by itself is, and whether it is on.
    auto_renew: (String, bool),
    /// What was told last.
    reminder: String,
}

/// What was done before coming here.
#[derive(Deserialize, Default)]
pub(crate) struct Came {
    #[serde(default)]
    done: String,
}

fn done_key(done: &str) -> Option<&'static str> {
    Some(match done {
        "claimed" => "line-done-claimed",
        "described" => "line-done-described",
        "found" => "line-done-found",
        "replaced" => "line-done-replaced",
        "taken" => "line-done-taken",
        "given-up" => "line-done-given-up",
        _ => return None,
    })
}

/// The line an address names; what is no id is a line that does not exist.
pub(crate) fn line_id(text: &str) -> Result<LineId, Fault> {
    text.parse().map_err(|_| Problem::NotFound("line").into())
}

/// One line.
pub(crate) async fn line(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(came): Query<Came>,
) -> Answer {
    let (customer, id) = (visit.customer()?, line_id(&id)?);
    let (view, _) = everline_app::home::line_page(&web.app, customer, id).await?;
    let esim = everline_app::esim::profile(&web.app, customer, id).await?.map(|_| format!("/lines/{id}/esim"));
    let history = line_history(&web.app, customer, id).await?;
    let show = visit.show(&web);
    let orders = history.iter().map(|(order, offering)| OrderRow {
        href: format!("/orders/{}", order.id),
        name: offering.name.get(visit.lang.tag()).to_owned(),
        price: show.money(order.price),
        when: show.moment(order.placed_at),
        state: visit.lang.get(headline(order.state)),
    });
    let network = match view.line.network {
        NetworkKind::BuiltIn => "line-network-own",
        NetworkKind::Upstream => "line-network-partner",
    };
    let guests = if view.line.guest_renewal { "line-guests-yes" } else { "line-guests-no" };
    let line = shown(&show, &web.app.brand, &view);
    let renews = everline_app::auto_renew::view(&web.app, customer, id).await?;
    let told = told_rows(&show, &everline_app::reminders::view(&web.app, customer, id).await?).into_iter().next();
    let reminder = match &told {
        Some(ToldRow { what, when, .. }) => {
            visit.say("reminders-line-last", &[("what", what.into()), ("when", when.into())])
        }
        None => visit.lang.get("reminders-line-none"),
    };
    page(&LinePage {
        reminder,
        p: visit.frame(&web, line.name.clone()),
        done: done_key(&came.done).map(|key| visit.lang.get(key)),
        lost: view.line.state == LineState::Suspended(SuspendCause::Lost),
        device_kind: visit.lang.get(device_key(view.line.device)),
        state: visit.lang.get(state_key(view.line.state)),
        network: visit.lang.get(network),
        guests: visit.lang.get(guests),
        orders: orders.collect(),
        esim,
        auto_renew: (sentence(&show, &renews), is_on(&renews)),
        line,
    })
}
