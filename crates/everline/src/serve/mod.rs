//! `everline serve`: one node in service, until it is told to stop.

mod certificates;
mod control;
mod listener;
mod notify;

pub(crate) use control::{ask, socket_of};

use crate::config::{self, Config, Place};
use crate::wire;
use certificates::Certificates;
use everline_app::clock::Clock;
use everline_app::jobs::{self, Runner};
use everline_app::{
    App, day_close, delivery_report, figures, reconciliation, retention, stock_count, support, timers, vitals,
};
use everline_store::Watch;
use everline_web::{Metrics, WebConfig};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

type Failed = Box<dyn Error>;

/// Sets up logging for a process in service: to the standard error, as text or as JSON lines.
fn log(config: &config::Log) {
    let directives = std::env::var("EVERLINE_LOG").unwrap_or_else(|_| config.level.clone());
    let filter = tracing_subscriber::EnvFilter::try_new(directives)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(&config.level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if config.json {
        builder.json().flatten_event(true).with_span_list(false).init();
    } else {
        builder.with_ansi(false).init();
    }
}

/// Serves until SIGTERM or SIGINT; a second one ends the process at once.
pub(crate) async fn serve(file: &Path) -> Result<ExitCode, Failed> {
    let config = config::load(file)?;
    log(&config.log);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let node = tokio::select! {
        node = start(config) => node?,
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping: requests and jobs under way may end");
    let ended = tokio::select! {
        ended = node.stop() => ended,
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
    };
    tracing::info!(in_time = ended, "stopped");
    if !ended {
        // Threads that still work must not hold up the end; what they had committed stays.
        std::process::exit(1);
    }
    Ok(ExitCode::SUCCESS)
}

/// A node in service.
struct Node {
    app: App,
    within: Duration,
    stop: watch::Sender<bool>,
    /// Requests and jobs; each ends by itself after `stop`.
    tasks: Vec<JoinHandle<()>>,
    /// The address for administrators: it tells of the end, and goes last.
    admin: Option<JoinHandle<()>>,
    helpers: Vec<JoinHandle<()>>,
    socket: Option<control::Socket>,
}

async fn bind(what: &str, address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| format!("{what} = {address:?}: {error}"))
}

async fn start(config: Config) -> Result<Node, Failed> {
    let clock = Arc::new(Clock::machine());
    let certificates = config.listen.tls.as_ref().map(Certificates::load).transpose()?;
    let listener = bind("listen.address", config.listen.address).await?;
    let admin_listener = match config.listen.admin {
        Some(address) => Some(bind("listen.admin_address", address).await?),
        None => None,
    };
    let metrics = Arc::new(Metrics::default());
    let store = wire::ready_store(&config.store, &config.brand, &clock).await?.watched(watch_of(&clock, &metrics));
    let (app, standing) = wire::node(&config, store, clock)?;
    timers::restore_business_time(&app).await?;
    let (stop, stopping) = watch::channel(false);
    let runner = Runner {
        lease_us: i64::try_from(config.jobs.lease.as_micros()).unwrap_or(jobs::LEASE_US),
        stop_within: config.timeouts.stop.saturating_sub(Duration::from_secs(5)),
        ..Runner::default()
    };
    runner.pulse.beat(app.clock.now().system);
    let web = WebConfig {
        pulse: Some(runner.pulse.clone()),
        metrics: metrics.clone(),
        stopping: stopping.clone(),
        ..web_config(&config)
    };
    let router = everline_web::router(app.clone(), web.clone());
    let options = listener::Options {
        certificates: certificates.clone(),
        head: config.timeouts.head,
        connections_max: config.listen.connections_max,
    };
    let (address, secure) = (listener.local_addr()?, certificates.is_some());
    let mut tasks = vec![tokio::spawn(listener::run(listener, router, options, until(stopping.clone())))];
    tasks.push(tokio::spawn(jobs::run_until(app.clone(), runner, until(stopping.clone()))));
    let (timers, stop_timers) = (timers::run_forever(app.clone()), until(stopping.clone()));
    let timers = async move {
        tokio::select! { () = timers => {}, () = stop_timers => {} }
    };
    tasks.push(tokio::spawn(timers));
    let admin = admin_listener.map(|listener| {
        let options = listener::Options { certificates: None, head: config.timeouts.head, connections_max: 100 };
        let router = everline_web::admin_router(app.clone(), web);
        tokio::spawn(listener::run(listener, router, options, std::future::pending()))
    });
    let mut helpers =
        vec![tokio::spawn(retention::run_forever(app.clone())), tokio::spawn(reconciliation::run_forever(app.clone()))];
    helpers.push(tokio::spawn(day_close::run_forever(app.clone())));
    helpers.push(tokio::spawn(stock_count::run_forever(app.clone())));
    helpers.push(tokio::spawn(support::run_forever(app.clone())));
    helpers.push(tokio::spawn(figures::run_forever(app.clone())));
    // They stand until jobs have ended, which may still send.
    helpers.push(tokio::spawn(delivery_report::listen(app.clone(), standing.inbound)));
    helpers.extend(standing.link.map(|link| tokio::spawn(link.run())));
    if !config.jobs.survey.is_zero() {
        helpers.push(tokio::spawn(survey(app.clone(), metrics, config.jobs.survey)));
    }
    helpers.extend(certificates.map(|certificates| tokio::spawn(certificates::keep_fresh(certificates))));
    let socket = match &config.store.place {
        Place::Sqlite(path) => Some(control::open(path, app.clone(), config.public_url.clone())?),
        Place::Postgres(_) => None,
    };
    tracing::info!(%address, tls = secure, version = env!("CARGO_PKG_VERSION"), "serving");
    notify::ready();
    Ok(Node { app, within: config.timeouts.stop, stop, tasks, admin, helpers, socket })
}

impl Node {
    /// Takes no more, lets what runs end, and closes the store. False if something did not end in time.
    async fn stop(self) -> bool {
        notify::stopping();
        let _ = self.stop.send(true);
        let all = async {
            for task in self.tasks {
                let _ = task.await;
            }
        };
        let mut ended = tokio::time::timeout(self.within, all).await.is_ok();
        for task in self.helpers.iter().chain(&self.admin) {
            task.abort();
        }
        drop(self.socket);
        ended &= tokio::time::timeout(Duration::from_secs(10), self.app.store.close()).await.is_ok();
        ended
    }
}

/// Waits until the process is told to stop.
async fn until(mut stopping: watch::Receiver<bool>) {
    if stopping.wait_for(|stopping| *stopping).await.is_err() {
        std::future::pending().await
    }
}

fn watch_of(clock: &Arc<Clock>, metrics: &Arc<Metrics>) -> Watch {
    let (clock, metrics) = (clock.clone(), metrics.clone());
    Watch { now_us: Box::new(move || clock.now().system.us()), ended: Box::new(move |ended| metrics.work(&ended)) }
}

fn web_config(config: &Config) -> WebConfig {
    WebConfig {
        secure_cookies: config.public_url.starts_with("https://"),
        device_secret: config.built_in.as_ref().map(|(_, token)| token.reveal().to_owned()),
        languages: config.languages.clone(),
        proxies: config.listen.proxies.clone(),
        links: config.links.clone(),
        terms: config.terms.clone(),
        domain_proof: config.wechat.as_ref().and_then(|wechat| wechat.domain_proof.clone()),
        ..WebConfig::new(config.public_url.clone())
    }
}

/// Counts everything from time to time.
async fn survey(app: App, metrics: Arc<Metrics>, every: Duration) {
    let mut times = tokio::time::interval(every);
    loop {
        times.tick().await;
        match vitals::survey(&app).await {
            Ok(survey) => metrics.set_survey(survey),
            Err(problem) => tracing::warn!(%problem, "orders and payments could not be counted"),
        }
    }
}
