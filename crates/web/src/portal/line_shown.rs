//! How a line is shown to its owner: one sentence, what is left, when it ends, and what happens then.

use crate::show::Show;
use crate::texts::Arg;
use everline_app::home::{Advice, LineView, PlanView};
use everline_core::brand::Brand;
use everline_core::charging::{Service, Window};
use everline_core::identifiers::Msisdn;
use everline_core::line::{DeviceKind, Line, LineState, SuspendCause};
use everline_core::offering::Unit;

/// A line as the templates show it.
pub(crate) struct LineShown {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) number: String,
    /// The name of its symbol.
    pub(crate) device: &'static str,
    /// `fine`, `soon`, `stopped` or `quiet`: chooses colour and symbol.
    pub(crate) tone: &'static str,
    /// One word for the tone, so that colour is never alone.
    pub(crate) badge: String,
    pub(crate) sentence: String,
    /// The same in a few words, for lists.
    pub(crate) brief: String,
    pub(crate) renew_now: bool,
    pub(crate) renewable: bool,
    pub(crate) days: Option<DaysShown>,
    pub(crate) left: Vec<LeftShown>,
    pub(crate) then: Option<String>,
    pub(crate) current: Option<PlanShown>,
    pub(crate) queued: Vec<PlanShown>,
    pub(crate) packs: Vec<PlanShown>,
    /// How fast its data goes.
    pub(crate) pace: Option<String>,
    /// What its device has to do with it, if its session is not in full service.
    pub(crate) session: Option<String>,
}

/// Days that are left, as a number and its word.
pub(crate) struct DaysShown {
    pub(crate) number: i64,
    pub(crate) word: String,
}

/// What is left of a unit: for the ring, and as text.
pub(crate) struct LeftShown {
    pub(crate) unit: String,
    pub(crate) percent: i64,
    pub(crate) left: String,
    pub(crate) of: String,
    pub(crate) low: bool,
}

/// A plan or pack.
pub(crate) struct PlanShown {
    pub(crate) name: String,
    pub(crate) when: String,
}

/// What an owner calls a line: its name, or its number.
pub(crate) fn line_name(line: &Line) -> String {
    if line.name.is_empty() { number(&line.msisdn) } else { line.name.clone() }
}

/// A number in groups people can read: `138 0013 8000`.
pub(crate) fn number(msisdn: &Msisdn) -> String {
    let digits = msisdn.as_str();
    match (digits.get(..3), digits.get(3..7), digits.get(7..)) {
        (Some(a), Some(b), Some(c)) if digits.len() == 11 => format!("{a}\u{a0}{b}\u{a0}{c}"),
        _ => digits.to_owned(),
    }
}

/// The symbol of a device.
const fn device(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Phone => "phone",
        DeviceKind::Watch => "watch",
        DeviceKind::Router => "router",
        DeviceKind::Tracker => "tracker",
        DeviceKind::Meter => "meter",
        DeviceKind::Other => "other",
    }
}

const fn tone(advice: Advice) -> (&'static str, &'static str) {
    match advice {
        Advice::CutOff { .. } => ("stopped", "home-badge-stopped"),
        Advice::Grace { .. } => ("soon", "home-badge-grace"),
        Advice::UsedUp => ("soon", "home-badge-used-up"),
        Advice::EndsSoon { .. } => ("soon", "home-badge-soon"),
        Advice::RunsOut { .. } => ("soon", "home-badge-runs-out"),
        Advice::RenewsItself { .. } => ("fine", "home-badge-renews-itself"),
        Advice::Fine { .. } => ("fine", "home-badge-fine"),
        Advice::WaitsForFirstUse { .. } => ("quiet", "home-badge-waits"),
        Advice::Reserved { .. } => ("soon", "home-badge-reserved"),
        Advice::NothingYet => ("quiet", "home-badge-nothing"),
        Advice::OutOfService => ("stopped", "home-badge-out"),
    }
}

/// The one sentence about a line.
pub(crate) fn sentence(show: &Show, advice: Advice) -> String {
    let say = |key, at| show.lang.with(key, &[("when", Arg::Text(&show.moment(at)))]);
    match advice {
        Advice::CutOff { since } => say("home-cut-off", since),
        Advice::Grace { until } => say("home-grace", until),
        Advice::UsedUp => show.lang.get("home-used-up"),
        Advice::EndsSoon { at, .. } => say("home-ends-soon", at),
        Advice::RunsOut { at, .. } => show.lang.with("home-runs-out", &[("when", Arg::Text(&show.day(at)))]),
        Advice::RenewsItself { at, .. } => say("home-renews-itself", at),
        Advice::Fine { until, .. } => say("home-fine", until),
        Advice::WaitsForFirstUse { begins_by } => say("home-waits-for-first-use", begins_by),
        Advice::Reserved { until } => say("home-reserved", until),
        Advice::NothingYet => show.lang.get("home-nothing-yet"),
        Advice::OutOfService => show.lang.get("home-out-of-service"),
    }
}

/// The same in a few words.
fn brief(show: &Show, advice: Advice) -> String {
    let say = |key, at| show.lang.with(key, &[("when", Arg::Text(&show.moment(at)))]);
    match advice {
        Advice::CutOff { since } => say("home-brief-cut-off", since),
        Advice::Grace { until } => say("home-brief-grace", until),
        Advice::UsedUp => show.lang.get("home-badge-used-up"),
        Advice::EndsSoon { at, .. } | Advice::RenewsItself { at, .. } => say("home-brief-ends", at),
        Advice::RunsOut { at, .. } => show.lang.with("home-brief-runs-out", &[("when", Arg::Text(&show.day(at)))]),
        Advice::Fine { until, .. } => say("home-brief-fine", until),
        Advice::WaitsForFirstUse { .. } => show.lang.get("home-badge-waits"),
        Advice::Reserved { .. } => show.lang.get("home-badge-reserved"),
        Advice::NothingYet => show.lang.get("home-badge-nothing"),
        Advice::OutOfService => show.lang.get("home-badge-out"),
    }
}

/// What happens when the last plan ends, or has ended.
fn then(show: &Show, brand: &Brand, view: &LineView) -> Option<String> {
    let grace_days = i64::from(brand.rules(view.line.family).grace_days);
    match view.advice {
        Advice::RenewsItself { .. } => Some(show.lang.get("home-then-renews")),
        Advice::Fine { .. } | Advice::EndsSoon { .. } | Advice::RunsOut { .. } | Advice::UsedUp => {
            if let Some(next) = view.queued.first() {
                let name = next.offering.name.get(show.lang.tag());
                return Some(show.lang.with("home-then-next", &[("name", Arg::Text(name))]));
            }
            Some(if grace_days > 0 {
                show.lang.with("home-then-grace", &[("days", Arg::Text(&show.days(grace_days)))])
            } else {
                show.lang.get("home-then-stops")
            })
        }
        Advice::Grace { .. } => Some(show.lang.get("home-then-stops")),
        Advice::CutOff { .. } => Some(number_stays(show, view.line.state)),
        Advice::OutOfService => Some(show.lang.get("home-then-hotline")),
        Advice::WaitsForFirstUse { .. } | Advice::Reserved { .. } | Advice::NothingYet => None,
    }
}

/// Until when the number of a line without service stays its owner's, and what still works.
fn number_stays(show: &Show, state: LineState) -> String {
    let until = |key, at| show.lang.with(key, &[("when", Arg::Text(&show.moment(at)))]);
    match state {
        LineState::Suspended(SuspendCause::NotRenewed { until: Some(at) }) => until("home-then-suspended", at),
        LineState::NumberKept { until: Some(at) } => until("home-then-kept", at),
        _ => show.lang.get("home-then-back"),
    }
}

/// Why a line must be renewed that is out of service or will soon be, since or until when, and what still works; for the page
/// on which it is.
pub(crate) fn way_back(show: &Show, line: &Line) -> Option<String> {
    match line.state {
        LineState::Grace { until } => Some(sentence(show, Advice::Grace { until })),
        LineState::Suspended(SuspendCause::NotRenewed { .. }) | LineState::NumberKept { .. } => {
            let since = sentence(show, Advice::CutOff { since: line.state_since });
            Some(format!("{since} {}", number_stays(show, line.state)))
        }
        _ => None,
    }
}

fn days(show: &Show, advice: Advice) -> Option<DaysShown> {
    let number = match advice {
        Advice::Fine { days, .. } | Advice::EndsSoon { days, .. } | Advice::RenewsItself { days, .. } => days,
        Advice::Grace { until } | Advice::RunsOut { until, .. } => show.zone.days_between(show.now, until),
        _ => return None,
    };
    let (number, word) = if number <= 0 { (0, "home-days-today") } else { (number, "home-days-left") };
    Some(DaysShown { number, word: show.lang.with(word, &[("days", Arg::Count(number))]) })
}

/// A plan with its window.
pub(crate) fn plan(show: &Show, view: &PlanView) -> PlanShown {
    let when = match view.window {
        Window::Fixed { starts_at, ends_at } => {
            let (from, to) = (show.day(starts_at), show.moment(ends_at));
            show.lang.with("home-from-to", &[("from", Arg::Text(&from)), ("to", Arg::Text(&to))])
        }
        Window::FirstUse { begins_by, validity } => {
            let (by, lasts) = (show.day(begins_by), show.validity(validity));
            show.lang.with("home-from-first-use", &[("by", Arg::Text(&by)), ("lasts", Arg::Text(&lasts))])
        }
    };
    PlanShown { name: view.offering.name.get(show.lang.tag()).to_owned(), when }
}

fn session(show: &Show, view: &LineView) -> Option<String> {
    match view.service? {
        Service::Full => None,
        Service::Redirected => Some(show.lang.get("home-session-redirected")),
        Service::Restoring => Some(show.lang.get("home-session-restoring")),
    }
}

/// How much goes in a day, and whether that lasts.
fn pace(show: &Show, view: &LineView) -> Option<String> {
    let pace = view.pace?;
    let a_day = show.amount(Unit::Octets, pace.a_day);
    Some(match pace.runs_out_at {
        None => show.lang.with("home-pace-lasts", &[("day", Arg::Text(&a_day))]),
        Some(at) => {
            let when = show.day(at);
            show.lang.with("home-pace-runs-out", &[("day", Arg::Text(&a_day)), ("when", Arg::Text(&when))])
        }
    })
}

/// Everything about a line.
pub(crate) fn shown(show: &Show, brand: &Brand, view: &LineView) -> LineShown {
    let (tone, badge) = tone(view.advice);
    let left = view.left.iter().map(|left| {
        let percent = i128::from(left.left) * 100 / i128::from(left.granted.max(1));
        let percent = i64::try_from(percent).unwrap_or(100).clamp(0, 100);
        LeftShown {
            unit: show.unit(left.unit),
            percent,
            left: show.amount(left.unit, left.left),
            of: show.lang.with("home-of", &[("all", Arg::Text(&show.amount(left.unit, left.granted)))]),
            low: percent < 10 && left.unit == Unit::Octets,
        }
    });
    let plans = |plans: &[PlanView]| plans.iter().map(|one| plan(show, one)).collect();
    LineShown {
        id: view.line.id.to_string(),
        name: line_name(&view.line),
        number: number(&view.line.msisdn),
        device: device(view.line.device),
        tone,
        badge: show.lang.get(badge),
        sentence: sentence(show, view.advice),
        brief: brief(show, view.advice),
        renew_now: view.advice.renew_now(),
        renewable: view.line.state.renewable() && !matches!(view.line.state, LineState::Reserved { .. }),
        days: days(show, view.advice),
        left: left.collect(),
        then: then(show, brand, view),
        current: view.current.as_ref().map(|current| plan(show, current)),
        queued: plans(&view.queued),
        packs: plans(&view.packs),
        pace: pace(show, view),
        session: session(show, view),
    }
}

/// What a line is counted under in a long list.
pub(crate) fn is_cut_off(view: &LineView) -> bool {
    matches!(view.advice, Advice::CutOff { .. })
}

/// Whether it ends within the week, or ended and is in grace.
pub(crate) fn is_ending(view: &LineView) -> bool {
    matches!(view.advice, Advice::EndsSoon { .. } | Advice::RenewsItself { .. } | Advice::Grace { .. } | Advice::UsedUp)
}

/// The key of a line's state in words.
pub(crate) const fn state_key(state: LineState) -> &'static str {
    match state {
        LineState::Test { .. } => "line-state-test",
        LineState::Reserved { .. } => "line-state-reserved",
        LineState::Stock | LineState::Silent { .. } => "line-state-silent",
        LineState::Active => "line-state-active",
        LineState::Grace { .. } => "line-state-grace",
        LineState::Suspended(SuspendCause::NotRenewed { .. }) => "line-state-suspended",
        LineState::Suspended(SuspendCause::Lost) => "line-state-lost",
        LineState::Suspended(SuspendCause::Barred) => "line-state-barred",
        LineState::NumberKept { .. } => "line-state-number-kept",
        LineState::Terminated { .. } => "line-state-terminated",
        LineState::HandedOver | LineState::Quarantined { .. } | LineState::Closed => "line-state-over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(&Msisdn::parse("13800138000").unwrap()), "138\u{a0}0013\u{a0}8000");
        assert_eq!(number(&Msisdn::parse("1440012345678").unwrap()), "1440012345678");
    }
}
