//! For whoever watches the process.

use crate::fault::Answer;
use crate::web::Web;
use axum::extract::State;
use axum::response::IntoResponse;

/// `GET /healthz`: the process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the store answers too.
pub(crate) async fn readyz(State(web): State<Web>) -> Answer {
    everline_app::ready::ready(&web.app).await?;
    Ok("ready\n".into_response())
}
