//! The connection: made, bound, and made again after a while when it ends.

use super::session::{self, Ended};
use super::{SmppConfig, Wanted};
use everline_app::ports::{Handed, InboundSender, Probed};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;

/// The shortest and the longest pause between two connections.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// A session that held this long was a good one.
const GOOD: Duration = Duration::from_secs(30);

/// The connection to a message centre.
pub struct Link {
    config: SmppConfig,
    tls: Option<Arc<ClientConfig>>,
    requests: mpsc::Receiver<Wanted>,
    inbound: InboundSender,
}

impl Link {
    pub(super) fn new(
        config: SmppConfig,
        tls: Option<Arc<ClientConfig>>,
        requests: mpsc::Receiver<Wanted>,
        inbound: InboundSender,
    ) -> Self {
        Self { config, tls, requests, inbound }
    }

    /// Holds the connection until nobody has messages for it any more. While there is none, messages are surely not taken.
    pub async fn run(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            let began = Instant::now();
            let ended = self.connected().await;
            match ended {
                Ended::Idle => return,
                Ended::NotBound(status) => tracing::error!(status, "the message centre does not let us in"),
                Ended::Lost(why) => tracing::warn!(why, "the connection to the message centre ended"),
            }
            pause = if began.elapsed() > GOOD { PAUSE_MIN } else { pause };
            if self.nothing_until(began.max(Instant::now()) + pause).await {
                return;
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Connects, and stays connected.
    async fn connected(&mut self) -> Ended {
        let Self { config, tls, requests, inbound } = self;
        let (host, port) = (config.host.clone(), config.port);
        let connect = timeout(config.timeout, TcpStream::connect((host.as_str(), port)));
        let Ok(Ok(stream)) = connect.await else { return Ended::Lost("it cannot be reached") };
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else { return session::run(stream, config, requests, inbound).await };
        let Ok(name) = ServerName::try_from(host) else { return Ended::Lost("its name is none of TLS") };
        let connect = TlsConnector::from(tls.clone()).connect(name, stream);
        match timeout(config.timeout, connect).await {
            Ok(Ok(stream)) => session::run(stream, config, requests, inbound).await,
            _ => Ended::Lost("TLS failed"),
        }
    }

    /// Refuses everything until an instant; whether nobody has anything any more.
    async fn nothing_until(&mut self, until: Instant) -> bool {
        loop {
            tokio::select! {
                () = sleep_until(until) => return false,
                wanted = self.requests.recv() => match wanted {
                    Some(Wanted::Message(request)) => drop(request.answer.send(Handed::NotYet)),
                    Some(Wanted::Probe(answer)) => drop(answer.send(Probed::failed("not_connected"))),
                    None => return true,
                },
            }
        }
    }
}
