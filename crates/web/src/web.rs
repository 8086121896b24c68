//! What every handler shares: the application, the configuration, rate limits.

use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::proxies::Proxies;
use crate::texts::Lang;
use everline_app::App;
use everline_app::jobs::Pulse;
use everline_app::sign_in::Principal;
use everline_core::brand::Localized;
use everline_passkeys::Passkeys;
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

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
    /// The languages of the pages by tag, the first for whoever wishes for none of them. Empty: all there are.
    pub languages: Vec<String>,
    /// Whose word about the caller's address is believed.
    pub proxies: Proxies,
    /// Where requests are counted.
    pub metrics: Arc<Metrics>,
    /// Where the runner of jobs leaves word, if this process runs one.
    pub pulse: Option<Arc<Pulse>>,
    /// Becomes true when the process is about to end: streams end, and no more traffic is wanted.
    pub stopping: watch::Receiver<bool>,
    /// Official pages that every page links to: what they are called, and where they are.
    pub links: Vec<(Localized, String)>,
    /// The text of the terms; without one there is no page of terms.
    pub terms: Option<Localized>,
    /// A file at the root by which WeChat sees that the domain is ours: its name, and its text.
    pub domain_proof: Option<(String, String)>,
}

impl WebConfig {
    /// What is usual in service: secure cookies, all languages, no proxy, no device interface, no demo.
    #[must_use]
    pub fn new(public_url: String) -> Self {
        Self {
            public_url,
            secure_cookies: true,
            device_secret: None,
            demo: None,
            languages: Vec::new(),
            proxies: Proxies::default(),
            metrics: Arc::default(),
            pulse: None,
            stopping: watch::channel(false).1,
            links: Vec::new(),
            terms: None,
            domain_proof: None,
        }
    }
    /// The languages the pages can have, by tag.
    #[must_use]
    pub fn known_languages() -> Vec<&'static str> {
        Lang::ALL.into_iter().map(Lang::tag).collect()
    }
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
/// Most receipts that are made into files at once: a processor each, and pages need some too.
const DOCUMENTS_MAX: usize = 2;

/// The state of the router.
#[derive(Clone)]
pub(crate) struct Web(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) app: App,
    pub(crate) config: WebConfig,
    pub(crate) limits: Limits,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) documents: Arc<Semaphore>,
    /// Passkeys for this site; `None` where it has no name of its own or no TLS.
    pub(crate) passkeys: Option<Passkeys>,
    /// The languages of the pages; never empty.
    pub(crate) languages: Vec<Lang>,
}

impl Web {
    pub(crate) fn new(app: App, mut config: WebConfig) -> Self {
        config.public_url = config.public_url.trim_end_matches('/').to_owned();
        let streams = Arc::new(Semaphore::new(STREAMS_MAX));
        let documents = Arc::new(Semaphore::new(DOCUMENTS_MAX));
        let mut languages: Vec<Lang> = config.languages.iter().filter_map(|tag| Lang::from_tag(tag)).collect();
        if languages.is_empty() {
            languages.extend(Lang::ALL);
        }
        let name = languages.first().map_or("", |lang| app.brand.name.get(lang.tag()));
        let passkeys = Passkeys::new(&config.public_url, name).ok();
        Self(Arc::new(Inner { app, config, limits: Limits::default(), streams, documents, passkeys, languages }))
    }
    /// Whether the process is about to end.
    pub(crate) fn stopping(&self) -> bool {
        *self.config.stopping.borrow()
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
