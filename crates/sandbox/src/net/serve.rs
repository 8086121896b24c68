//! HTTP servers that can also refuse to answer.

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};
use tower::ServiceExt as _;

/// How long connections that are being answered may take once the sandbox stops.
const GRACE: Duration = Duration::from_millis(500);

/// Tells everything that runs for long that the sandbox stops.
#[derive(Clone)]
pub(crate) struct Stop(pub(crate) watch::Receiver<bool>);

impl Stop {
    /// Returns when the sandbox stops.
    pub(crate) async fn stopped(&self) {
        let mut receiver = self.0.clone();
        // An error means that the sender is gone, which is the same news.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }

    /// Waits for `time`; true if the sandbox stopped meanwhile.
    pub(crate) async fn during(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.stopped()).await.is_ok()
    }
}

/// A marker on a response: close the connection instead of sending it.
#[derive(Clone, Copy)]
struct HangUp;

#[derive(Debug, thiserror::Error)]
#[error("the connection is closed on purpose")]
struct ClosedOnPurpose;

/// A response that is never sent: the caller sees its connection closed.
pub(crate) fn hang_up() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(HangUp);
    response
}

/// Takes a port (0: any free one).
pub(crate) async fn bind(ip: IpAddr, port: u16) -> Result<(TcpListener, SocketAddr), io::Error> {
    let listener = TcpListener::bind((ip, port)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Serves `router` until the sandbox stops.
pub(crate) fn serve(listener: TcpListener, router: Router, stop: Stop) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stop.stopped() => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => drop(connections.spawn(connection(stream, router.clone(), stop.clone()))),
                    // Out of file descriptors, most likely: let connections end before trying again.
                    Err(_) => drop(stop.during(Duration::from_millis(50)).await),
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
        drop(listener);
        let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    })
}

async fn connection(stream: TcpStream, router: Router, stop: Stop) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let Ok(response) = router.oneshot(request.map(Body::new)).await;
            match response.extensions().get::<HangUp>() {
                Some(_) => Err(ClosedOnPurpose),
                None => Ok(response),
            }
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    // An error here is the other side going away, or a connection closed on purpose.
    tokio::select! {
        _ = serving.as_mut() => {}
        () = stop.stopped() => {
            serving.as_mut().graceful_shutdown();
            let _ = serving.await;
        }
    }
}

/// Refuses requests that a page of another site makes a browser send. Everything here listens on the loopback
/// interface, which any page in the same browser can reach.
pub(crate) async fn refuse_other_sites(request: Request, next: Next) -> Response {
    let other_site = request.headers().get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    if other_site && request.method() != http::Method::GET {
        return (StatusCode::FORBIDDEN, "refused: sent by another site").into_response();
    }
    next.run(request).await
}
