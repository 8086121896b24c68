//! `/account/data`: everything that is kept about a customer, as a file; only for somebody who is freshly proved.

use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use everline_app::privacy::export;
use everline_app::sessions::may_change;
use everline_core::account::Change;

#[derive(Template)]
#[template(path = "data.html")]
struct DataPage {
    p: Frame,
}

/// `GET /account/data`
pub(crate) async fn data(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Access).await?;
    page(&DataPage { p: visit.frame(&web, visit.lang.get("data-title")) })
}

/// `POST /account/data`: the file.
pub(crate) async fn file(State(web): State<Web>, visit: Visit) -> Answer {
    may_change(&web.app, visit.session()?, Change::Access).await?;
    let all = export(&web.app.store, visit.customer()?, &web.app.zone).await?;
    let name = format!("attachment; filename=\"everline-{}.json\"", web.app.zone.date(web.app.clock.now().business));
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, format!("{all:#}")).into_response())
}
