//! Live status: a stream of server-sent events that says one thing, *changed*, once; the page then fetches itself. A
//! browser that gets no stream polls, and one without scripts has a link.

use crate::fault::Answer;
use crate::portal::order::order_id;
use crate::portal::order_shown::version;
use crate::visit::Visit;
use crate::web::Web;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use everline_app::Problem;
use everline_app::order_page::order_page;
use everline_app::place_order::find_by_token;
use everline_core::ids::{CustomerId, OrderId};
use futures_util::stream;
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

/// What the page shows now.
#[derive(Deserialize)]
pub(crate) struct Shown {
    #[serde(default)]
    v: String,
}

/// How often the order is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// After so many looks the stream ends and the browser opens another.
const LOOKS: u32 = 300;

/// `GET /orders/{order}/events`
pub(crate) async fn order_events(
    State(web): State<Web>,
    visit: Visit,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Answer {
    let (customer, id) = (visit.customer()?, order_id(&id)?);
    events(web, customer, id, shown.v).await
}

/// `GET /o/{token}/events`
pub(crate) async fn guest_order_events(
    State(web): State<Web>,
    Path(token): Path<String>,
    Query(shown): Query<Shown>,
) -> Answer {
    let (customer, id) = find_by_token(&web.app, &token).await?;
    events(web, customer, id, shown.v).await
}

/// An open stream; its place among all streams is free again when it ends.
struct Watch {
    web: Web,
    customer: CustomerId,
    order: OrderId,
    shown: String,
    looks: u32,
    interval: Interval,
    _place: OwnedSemaphorePermit,
}

async fn events(web: Web, customer: CustomerId, order: OrderId, shown: String) -> Answer {
    order_page(&web.app, customer, order).await?;
    let place = web.streams.clone().try_acquire_owned().map_err(|_| Problem::Busy)?;
    let mut interval = interval(EVERY);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let watch = Watch { web, customer, order, shown, looks: 0, interval, _place: place };
    let stream = stream::unfold(Some(watch), |watch| async move { next(watch?).await });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

/// Waits for a change. The stream ends after telling of it, and when it was open for long.
async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Option<Watch>)> {
    loop {
        let mut stopping = watch.web.config.stopping.clone();
        tokio::select! {
            _ = watch.interval.tick() => {}
            // The browser opens another one, at a process that stays. Nobody left to say so means that none will.
            Ok(_) = stopping.wait_for(|stopping| *stopping) => return None,
        }
        watch.looks += 1;
        let view = order_page(&watch.web.app, watch.customer, watch.order).await.ok()?;
        let version = version(&view);
        if version != watch.shown {
            return Some((Ok(Event::default().event("changed").data(version)), None));
        }
        if watch.looks >= LOOKS {
            return None;
        }
    }
}
