//! Everline over HTTP: the customer's pages, the desk of staff members, the JSON API, payment notices, the device
//! interface, and what the demo needs.
//!
//! Owns: routes and who may call them, sessions in cookies, forms, languages, how things are shown, problem documents.
//! Never does: a decision about money, lines or orders (`everline_app`'s use cases and `everline_core` do), a provider's
//! wire format, storage.
//!
//! A page is a handler and a template of the same name. Every route is one row of the list in [`routes()`]: method, path,
//! who may call it, handler; the router is made from that list and from nothing else.

mod api;
mod assets;
mod bodies;
mod chinese_amount;
mod context;
mod demo;
mod desk;
mod device;
mod device_words;
mod fault;
mod file;
mod frame;
mod guard;
mod health;
mod help;
mod icons;
mod limits;
mod live;
mod metrics;
mod notify;
mod portal;
mod proxies;
mod routes;
mod seal;
mod show;
mod texts;
mod visit;
mod web;

pub use chinese_amount::chinese_amount;
pub use health::admin_router;
pub use metrics::Metrics;
pub use proxies::{ForwardHeader, NotANetwork, Proxies};
pub use routes::{Access, RouteInfo, routes};
pub use web::{Demo, DemoPerson, WebConfig};

use axum::Router;
use everline_app::App;

/// The router of one brand.
///
/// Serve it with `into_make_service_with_connect_info::<std::net::SocketAddr>()`: rate limits count by the caller's
/// address, and without one all callers share a limit.
pub fn router(app: App, config: WebConfig) -> Router {
    routes::build(web::Web::new(app, config))
}
