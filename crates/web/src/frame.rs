//! What every page has around its content, and how a template becomes an answer.

use crate::assets;
use crate::context::Context;
use crate::fault::{Answer, Fault};
use crate::help::topic;
use crate::show::Show;
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use crate::web::Web;
use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use everline_app::Problem;
use everline_app::sign_in::Principal;
use everline_app::support::{COUNTED, Waiting};
use everline_core::hotline::{Hotline, hotline};

/// The frame of a page.
pub(crate) struct Frame {
    pub(crate) lang: Lang,
    pub(crate) title: String,
    pub(crate) brand: String,
    pub(crate) hotline: String,
    pub(crate) hours: String,
    /// Whether somebody answers it now, or when next.
    pub(crate) hotline_now: Option<String>,
    /// Help with what this page is about.
    pub(crate) help: String,
    /// Where people are asked about it, for whoever can ask in writing.
    pub(crate) ask: Option<String>,
    /// What is paid and not in effect, for the staff.
    pub(crate) waiting: Option<WaitingShown>,
    pub(crate) csrf: String,
    /// Where the mark in the corner leads.
    pub(crate) start: &'static str,
    pub(crate) signed_in: bool,
    /// Whether a customer is: then there is an account.
    pub(crate) account: bool,
    /// Whether the page can ask for a passkey, and so needs the script for that.
    pub(crate) passkeys: bool,
    /// Whether the page can let this browser get notices, and so needs the script for that.
    pub(crate) notices: bool,
    /// The other languages and where they lead.
    pub(crate) languages: Vec<(Lang, String)>,
    pub(crate) demo: Option<DemoFrame>,
    /// Whether the page changes by itself, and so needs the scripts.
    pub(crate) live: bool,
    /// Official pages: what they are called, and where they are.
    pub(crate) links: Vec<(String, String)>,
    /// Whether there is a page of terms.
    pub(crate) terms: bool,
}

/// What is paid and not in effect, in words.
pub(crate) struct WaitingShown {
    pub(crate) text: String,
    /// Whether there is something.
    pub(crate) some: bool,
}

/// What a demo shows on top of every page.
pub(crate) struct DemoFrame {
    pub(crate) sandbox_url: String,
    /// The business time, if it is not the machine's.
    pub(crate) shifted: Option<String>,
}

impl Frame {
    pub(crate) fn new(web: &Web, visit: &Visit, title: String) -> Self {
        let (lang, brand) = (visit.lang, &web.app.brand);
        let shifted = web.app.clock.business_offset_us() != 0;
        let demo = web.config.demo.as_ref().map(|demo| DemoFrame {
            sandbox_url: demo.sandbox_url.clone(),
            shifted: shifted.then(|| visit.show(web).moment_in_full(web.app.clock.now().business)),
        });
        let context = Context::of(&visit.here);
        let glue = if visit.here.contains('?') { '&' } else { '?' };
        let others = web.languages.iter().copied().filter(|other| *other != lang);
        Self {
            lang,
            title,
            brand: brand.name.get(lang.tag()).to_owned(),
            hotline: brand.hotline.clone(),
            hours: brand.hotline_hours.get(lang.tag()).to_owned(),
            hotline_now: hotline_now(web, lang),
            help: context.help(topic(&visit.here)),
            ask: context.guest.clone().or_else(|| visit.customer().is_ok().then(|| context.case())),
            waiting: visit.waiting.map(|waiting| waiting_shown(&visit.show(web), waiting)),
            csrf: visit.csrf.clone(),
            start: match visit.who.as_ref().map(|who| who.principal) {
                Some(Principal::Customer(_)) => "/home",
                Some(Principal::Staff(_)) => "/desk",
                None => "/",
            },
            signed_in: visit.who.is_some(),
            account: visit.customer().is_ok(),
            passkeys: false,
            notices: false,
            languages: others.map(|other| (other, format!("{}{glue}lang={}", visit.here, other.tag()))).collect(),
            demo,
            live: false,
            links: web.config.links.iter().map(|(name, url)| (name.get(lang.tag()).to_owned(), url.clone())).collect(),
            terms: web.config.terms.is_some(),
        }
    }
    /// The page changes by itself.
    pub(crate) fn live(self) -> Self {
        Self { live: true, ..self }
    }
    /// The page can ask for a passkey.
    pub(crate) fn passkeys(self) -> Self {
        Self { passkeys: true, ..self }
    }
    /// The page can let this browser get notices.
    pub(crate) fn notices(self) -> Self {
        Self { notices: true, ..self }
    }
    /// A text.
    pub(crate) fn t(&self, key: &str) -> String {
        self.lang.get(key)
    }
    /// A text about something that has a name.
    pub(crate) fn named(&self, key: &str, name: &str) -> String {
        self.lang.with(key, &[("name", Arg::Text(name))])
    }
    /// A symbol, as markup of ours.
    pub(crate) fn icon(&self, name: &str) -> &'static str {
        crate::icons::icon(name)
    }
    /// The address of an asset.
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        assets::url(name).unwrap_or("/")
    }
}

/// Whether somebody answers the hotline now, or when next; `None` where its hours are not known.
fn hotline_now(web: &Web, lang: Lang) -> Option<String> {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let say = |key: &str, day: i64, minute| lang.with(key, &[("day", day.into()), ("time", Arg::Text(&time(minute)))]);
    Some(match hotline(&web.app.brand.hotline_open, &web.app.zone, web.app.clock.now().business)? {
        Hotline::Open { until: 1_440 } => lang.get("help-open-midnight"),
        Hotline::Open { until } => say("help-open-until", 0, until),
        Hotline::Opens { days: 0, from, .. } => say("help-opens-today", 0, from),
        Hotline::Opens { days: 1, from, .. } => say("help-opens-tomorrow", 0, from),
        Hotline::Opens { weekday, from, .. } => say("help-opens-day", i64::from(weekday), from),
    })
}

/// How many are paid and not in effect, and how old the oldest is.
fn waiting_shown(show: &Show, waiting: Waiting) -> WaitingShown {
    let count = counted(waiting.count);
    let age = waiting.oldest.map(|oldest| show.age(oldest)).unwrap_or_default();
    let args = [("count", Arg::Text(&count)), ("age", Arg::Text(&age))];
    let some = waiting.count > 0;
    let key = if some { "frame-waiting" } else { "frame-nothing-waits" };
    WaitingShown { text: show.lang.with(key, &args), some }
}

/// A count that stops at some point, and says so.
pub(crate) fn counted(count: i64) -> String {
    if count > COUNTED { format!("{COUNTED}+") } else { count.to_string() }
}

/// A page.
pub(crate) fn page(template: &impl Template) -> Answer {
    page_with(StatusCode::OK, template)
}

/// A page with a status of its own.
pub(crate) fn page_with(status: StatusCode, template: &impl Template) -> Answer {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a template failed");
        Fault::from(Problem::Internal("a template failed".to_owned()))
    })?;
    Ok((status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
}

/// On to another page, by GET (303).
pub(crate) fn go(path: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response()
}
