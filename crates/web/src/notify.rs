//! Notices of payment providers. They are acknowledged after they are kept, in the words their sender knows; anything else
//! makes it send them again.

use crate::web::Web;
use axum::extract::State;
use axum::http::StatusCode;
use bytes::Bytes;
use everline_app::payment_confirmed::{NoticeProblem, payment_notice};

/// `POST /notify/alipay`
pub(crate) async fn alipay(State(web): State<Web>, body: Bytes) -> (StatusCode, &'static str) {
    match payment_notice(&web.app, &body).await {
        Ok(()) => (StatusCode::OK, "success"),
        Err(NoticeProblem::Refused(reason)) => {
            tracing::warn!(%reason, "a payment notice is not believed");
            (StatusCode::BAD_REQUEST, "failure")
        }
        Err(NoticeProblem::Problem(problem)) => {
            tracing::error!(%problem, "a payment notice could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, "failure")
        }
    }
}
