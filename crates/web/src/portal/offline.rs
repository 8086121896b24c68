//! The portal as an installed application: its manifest, its worker, and the page that the worker shows without a connection.

use crate::assets;
use crate::fault::Answer;
use crate::frame::{Frame, page};
use crate::portal::line_shown::{LineShown, shown};
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use everline_app::home::home;
use serde_json::json;

/// So many lines are kept for times without a connection.
const LINES_MAX: usize = 20;
/// The ground of the icon.
const COLOUR: &str = "#0b6b6b";

/// `GET /app.webmanifest` (W3C Web Application Manifest).
pub(crate) async fn manifest(State(web): State<Web>) -> Response {
    let lang = web.languages.first().copied().unwrap_or(Lang::ZhCn);
    let name = web.app.brand.name.get(lang.tag());
    let png = |name, size: &str| json!({ "src": assets::url(name), "sizes": size, "type": "image/png" });
    let body = json!({
        "name": name,
        "short_name": name,
        "lang": lang.tag(),
        "id": "/home",
        "start_url": "/home",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": COLOUR,
        "icons": [
            { "src": assets::url("icon.svg"), "sizes": "any", "type": "image/svg+xml" },
            png("icon-192.png", "192x192"),
            png("icon-512.png", "512x512"),
        ],
    });
    ([(header::CONTENT_TYPE, "application/manifest+json")], Json(body).into_response().into_body()).into_response()
}

/// `GET /worker.js`: under an address that stays, because a worker is known by it.
pub(crate) async fn worker() -> Response {
    let script: &'static [u8] = include_bytes!("../../assets/worker.js");
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], script).into_response()
}

#[derive(Template)]
#[template(path = "offline.html")]
struct Offline {
    p: Frame,
    as_of: String,
    lines: Vec<LineShown>,
    more: Option<String>,
    paid_credit: String,
}

/// `GET /offline`: what is left of the lines of whoever is signed in, and when that was.
pub(crate) async fn offline(State(web): State<Web>, visit: Visit) -> Answer {
    let title = visit.lang.get("offline-title");
    let Ok(customer) = visit.customer() else {
        let (as_of, paid_credit) = (String::new(), String::new());
        return page(&Offline { p: visit.frame(&web, title), as_of, lines: Vec::new(), more: None, paid_credit });
    };
    let home = home(&web.app, customer).await?;
    let show = visit.show(&web);
    let now = show.moment_in_full(web.app.clock.now().business);
    let more = home.lines.len().saturating_sub(LINES_MAX);
    page(&Offline {
        as_of: visit.say("offline-as-of", &[("time", Arg::Text(&now))]),
        lines: home.lines.iter().take(LINES_MAX).map(|view| shown(&show, &web.app.brand, view)).collect(),
        more: (more > 0).then(|| visit.say("offline-more", &[("count", Arg::Count(i64::try_from(more).unwrap_or(0)))])),
        paid_credit: show.money(home.paid_credit),
        p: visit.frame(&web, title),
    })
}
