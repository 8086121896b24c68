//! What becomes of a line if nobody pays.

use super::body::{ProblemDocument, time};
use crate::fault::Answer;
use crate::portal::line::line_id;
use crate::visit::Visit;
use crate::web::Web;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use everline_app::Problem;
use everline_app::what_if::{WhatIf as Ahead, what_if as ahead};
use everline_core::ids::OrderId;
use everline_core::time::{BusinessTime, Zone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Until {
    /// A day in the brand's time zone (to its end), or an instant in RFC 3339; at most ten years ahead.
    #[param(example = "2027-03-01")]
    until: String,
}

/// What becomes of a line if nobody pays for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct WhatIf {
    /// The state it is in.
    state: &'static str,
    /// What happens by itself, in order.
    steps: Vec<StepBody>,
}

/// One instant.
#[derive(Serialize, ToSchema)]
struct StepBody {
    at: String,
    /// The line's state from then on: `active`, `grace`, `suspended`, `number_kept`, `terminated`, `quarantined` …
    state: &'static str,
    /// Whether the network serves it in this state.
    in_service: bool,
    /// Plans and packs that begin, as `code@version`.
    begins: Vec<String>,
    /// Plans and packs that end.
    ends: Vec<String>,
}

impl From<&Ahead> for WhatIf {
    fn from(ahead: &Ahead) -> Self {
        let named = |orders: &[OrderId]| -> Vec<String> {
            orders.iter().filter_map(|order| ahead.offerings.get(order)).map(ToString::to_string).collect()
        };
        // A month start that only earns is nothing to the line's owner.
        let shown = ahead.steps.iter().filter(|step| step.changes || !step.begins.is_empty() || !step.ends.is_empty());
        let step = |step: &everline_core::lifecycle::Step| StepBody {
            at: time(step.at),
            state: step.state.word(),
            in_service: step.state.in_service(),
            begins: named(&step.begins),
            ends: named(&step.ends),
        };
        Self { state: ahead.line.state.word(), steps: shown.map(step).collect() }
    }
}

/// What becomes of a line if nobody pays until then: plans that begin and end, grace, suspension, and the end of its number.
#[utoipa::path(get, path = "/api/v1/lines/{line}/what-if", params(("line" = String, Path), Until), tag = "lines",
    responses((status = 200, body = WhatIf), (status = "4XX", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn what_if(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    until: Result<Query<Until>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let (customer, line) = (visit.customer()?, line_id(&id)?);
    let until = until.ok().and_then(|Query(Until { until })| end(&until, &web.app.zone));
    let until = until.ok_or(Problem::Invalid { field: "until", rule: "day-or-rfc3339" })?;
    let found = ahead(&web.app, customer, line, until).await?;
    Ok(Json(WhatIf::from(&found)).into_response())
}

/// The end of a day, or the instant.
fn end(text: &str, zone: &Zone) -> Option<BusinessTime> {
    zone.end_of_day(text).or_else(|| BusinessTime::from_rfc3339(text))
}
