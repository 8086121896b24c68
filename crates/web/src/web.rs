//! What every handler shares: the application, the configuration, rate limits.

use crate::limits::Limits;
use everline_app::App;
use everline_app::sign_in::Principal;
use everline_core::brand::Localized;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How the brand is reached, and by whom.
#[derive(Clone)]
pub struct WebConfig {
    /// The base of links that leave the process, without a slash at its end: `https://my.example.com`.
    pub public_url: String,
    /// Whether cookies are `__Host-` and `Secure`. Only a demo on plain HTTP turns this off.
    pub secure_cookies: bool,
    /// The bearer token of network elements; without one the device interface refuses everybody.
    pub device_secret: Option<String>,
    /// The demo's extras; `None` in service.
    pub demo: Option<Demo>,
}

/// What only a demo has: people to enter as, and a clock that can be moved.
#[derive(Clone)]
pub struct Demo {
    /// Whom one can enter as.
    pub people: Vec<DemoPerson>,
    /// Where the outside world is simulated.
    pub sandbox_url: String,
    /// The bearer token of the clock control.
    pub clock_secret: String,
}

/// Somebody to enter the demo as.
#[derive(Clone)]
pub struct DemoPerson {
    /// The word in the address.
    pub key: String,
    /// Name.
    pub name: Localized,
    /// One line about what one sees as this person.
    pub what: Localized,
    /// Who it is.
    pub principal: Principal,
}

/// Most open live-status streams of a process.
const STREAMS_MAX: usize = 1_024;

/// The state of the router.
#[derive(Clone)]
pub(crate) struct Web(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) config: WebConfig,
    pub(crate) limits: Limits,
    pub(crate) streams: Arc<Semaphore>,
}

impl Web {
    pub(crate) fn new(app: App, mut config: WebConfig) -> Self {
        config.public_url = config.public_url.trim_end_matches('/').to_owned();
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        Self(Arc::new(Inner { app, config, limits: Limits::default(), streams }))
    }
    /// A link to a path, for use outside of the site.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.config.public_url)
    }
}

impl std::ops::Deref for Web {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
