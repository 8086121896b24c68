//! Notices of payment providers, and reports about messages. They are acknowledged after they are kept, in the words their sender knows; anything else
//! makes it send them again.

use crate::fault::{Answer, Fault};
use crate::web::Web;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use everline_app::delivery_report::{ReportProblem, told_by_http};
use everline_app::payment_confirmed::{NoticeProblem, payment_notice};
use everline_app::ports::NoticeRefusal;
use everline_core::message::Channel;
use everline_core::payment::Provider;

/// `POST /notify/{provider}`
pub(crate) async fn notice(
    State(web): State<Web>,
    Path(provider): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    // A bank sends none: its statements are imported.
    let provider = Provider::from_word(&provider).filter(|provider| *provider != Provider::Bank);
    let provider = provider.ok_or(Fault::NoRoute)?;
    let headers: Vec<(&str, &str)> =
        headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    Ok(match payment_notice(&web.app, provider, &headers, &body).await {
        Ok(()) => (StatusCode::OK, acknowledged(provider)).into_response(),
        Err(NoticeProblem::NoProvider) => return Err(Fault::NoRoute),
        Err(NoticeProblem::Refused(reason)) => {
            tracing::warn!(%reason, provider = provider.word(), "a payment notice is not believed");
            (StatusCode::BAD_REQUEST, refused(provider)).into_response()
        }
        Err(NoticeProblem::Problem(problem)) => {
            tracing::error!(%problem, provider = provider.word(), "a payment notice could not be kept");
            (StatusCode::SERVICE_UNAVAILABLE, refused(provider)).into_response()
        }
    })
}

/// What a provider wants to read when its notice is kept. WeChat Pay and Stripe look at the status alone.
const fn acknowledged(provider: Provider) -> &'static str {
    match provider {
        Provider::Alipay => "success",
        Provider::Wechat | Provider::Stripe | Provider::Bank => "",
    }
}

/// What a provider wants to read when its notice is not kept.
const fn refused(provider: Provider) -> &'static str {
    match provider {
        Provider::Alipay => "failure",
        Provider::Wechat => r#"{"code":"FAIL","message":"not accepted"}"#,
        Provider::Stripe | Provider::Bank => "",
    }
}

/// `POST /notify/messages/{channel}/{secret}`. A secret that is wrong, and a way that nobody reports about, look the same.
pub(crate) async fn messages(
    State(web): State<Web>,
    Path((channel, secret)): Path<(String, String)>,
    body: Bytes,
) -> Answer {
    let channel = Channel::from_word(&channel).ok_or(Fault::NoRoute)?;
    Ok(match told_by_http(&web.app, channel, &secret, &body).await {
        Ok(acknowledgement) => (StatusCode::OK, acknowledgement).into_response(),
        Err(ReportProblem::NoHook | ReportProblem::Refused(NoticeRefusal::Forged)) => return Err(Fault::NoRoute),
        Err(ReportProblem::Refused(reason)) => {
            tracing::warn!(%reason, channel = channel.word(), "a report about a message is not understood");
            StatusCode::BAD_REQUEST.into_response()
        }
        Err(ReportProblem::Problem(problem)) => {
            tracing::error!(%problem, channel = channel.word(), "a report about a message could not be kept");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    })
}
