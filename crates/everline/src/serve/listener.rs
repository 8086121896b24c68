//! Taking connections: TLS or not, at most so many, none that sends its request drop by drop; and letting them end.

use super::certificates::Certificates;
use axum::Router;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

/// How connections are treated.
#[derive(Clone)]
pub(super) struct Options {
    /// Without certificates connections are in the clear.
    pub(super) certificates: Option<Arc<Certificates>>,
    /// The longest that a handshake, and the head of a request, may take.
    pub(super) head: Duration,
    pub(super) connections_max: usize,
}

/// Takes connections until `stop`; then returns when the last answer is out.
pub(super) async fn run(listener: TcpListener, router: Router, options: Options, stop: impl Future<Output = ()>) {
    let mut stop = pin!(stop);
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(options.connections_max));
    loop {
        let next = async {
            // A closed semaphore would be a fault of ours; without a place nobody is taken.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, options, watcher) = (router.clone(), options.clone(), graceful.watcher());
                tokio::spawn(async move {
                    connection(stream, peer, router, options, watcher).await;
                    drop(place);
                });
            }
            Err(error) => {
                // Out of file descriptors, mostly: they come back when connections end.
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, options: Options, watcher: Watcher) {
    let _ = stream.set_nodelay(true);
    match &options.certificates {
        None => answer(stream, peer, router, options.head, watcher).await,
        Some(certificates) => {
            let handshake = TlsAcceptor::from(certificates.current()).accept(stream);
            if let Ok(Ok(stream)) = tokio::time::timeout(options.head, handshake).await {
                answer(stream, peer, router, options.head, watcher).await;
            }
        }
    }
}

async fn answer<S>(stream: S, peer: SocketAddr, router: Router, head: Duration, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    // Callers that hang up are their own affair.
    let _ = watcher.watch(connection).await;
}
