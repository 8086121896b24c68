//! How offerings and quotes are shown before money moves.

use crate::portal::device_form::DeviceForm;
use crate::portal::pay::MethodShown;
use crate::show::{Show, unbroken};
use crate::texts::Arg;
use everline_core::offering::{Offering, OfferingKind, OfferingRef, RefundRule, StartPolicy, UsedUp};
use everline_core::quote::{Change, NotSellable, Placement, Quote};

/// An offering in a list.
pub(crate) struct OfferingShown {
    pub(crate) href: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    /// What is in it and for how long.
    pub(crate) contents: String,
    pub(crate) price: String,
    pub(crate) chosen: bool,
    /// Why it cannot be bought now.
    pub(crate) why_not: Option<String>,
}

/// Offerings of one kind.
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) offerings: Vec<OfferingShown>,
}

/// A line of a quote.
pub(crate) struct Term {
    pub(crate) label: String,
    pub(crate) value: String,
}

/// What is told, and asked, before paying.
pub(crate) struct RenewForm {
    /// Where the form goes.
    pub(crate) action: String,
    pub(crate) line: String,
    pub(crate) number: String,
    pub(crate) groups: Vec<Group>,
    pub(crate) chosen: Option<ChosenShown>,
    /// What kept the order from being placed.
    pub(crate) error: Option<String>,
    pub(crate) terms_error: Option<String>,
    /// Whether a card can be remembered.
    pub(crate) remembers: bool,
    /// What is asked of the device, where an eSIM is bought.
    pub(crate) device: Option<DeviceForm>,
}

/// The offering that is about to be bought.
pub(crate) struct ChosenShown {
    pub(crate) reference: String,
    pub(crate) name: String,
    pub(crate) contents: String,
    pub(crate) price: String,
    pub(crate) terms: Vec<Term>,
    pub(crate) terms_version: String,
    pub(crate) terms_accepted: bool,
    pub(crate) methods: Vec<MethodShown>,
    pub(crate) ticket: String,
}

/// Reads `code@version`.
pub(crate) fn reference(text: &str) -> Option<OfferingRef> {
    let (code, version) = text.rsplit_once('@')?;
    Some(OfferingRef { code: code.to_owned(), version: version.parse().ok()? })
}

/// What an offering holds and how long it lasts: `1 GB · 30 分钟 · 30 天`.
pub(crate) fn contents(show: &Show, offering: &Offering) -> String {
    let included = Some(show.included(&offering.included)).filter(|text| !text.is_empty());
    let lasts = offering.validity.map(|validity| unbroken(&show.validity(validity)));
    included.into_iter().chain(lasts).collect::<Vec<_>>().join(" · ")
}

/// The keys of why something cannot be bought now.
pub(crate) const fn why_not(reason: NotSellable) -> &'static str {
    match reason {
        NotSellable::NotOnSale => "renew-not-on-sale",
        NotSellable::WrongFamily => "renew-wrong-family",
        NotSellable::LineState => "renew-line-state",
        NotSellable::NeedsPlan => "renew-needs-plan",
        NotSellable::WaitsForFirstUse => "renew-waits-for-first-use",
        NotSellable::QueueFull => "renew-queue-full",
        NotSellable::NewLinesOnly => "renew-new-lines-only",
        NotSellable::LimitReached => "renew-limit-reached",
        NotSellable::NotByLink => "renew-not-by-link",
    }
}

/// Offerings by kind: plans, packs, money.
pub(crate) fn groups<'a>(
    show: &Show,
    path: &str,
    chosen: Option<&OfferingRef>,
    offerings: impl Iterator<Item = (&'a Offering, Option<NotSellable>)>,
) -> Vec<Group> {
    let mut groups = vec![
        (OfferingKind::Plan, Group { title: show.lang.get("renew-plans"), offerings: Vec::new() }),
        (OfferingKind::Pack, Group { title: show.lang.get("renew-packs"), offerings: Vec::new() }),
        (OfferingKind::TopUp, Group { title: show.lang.get("renew-top-ups"), offerings: Vec::new() }),
    ];
    for (offering, reason) in offerings {
        let shown = OfferingShown {
            href: format!("{path}?offering={}", offering.reference),
            name: offering.name.get(show.lang.tag()).to_owned(),
            summary: offering.summary.get(show.lang.tag()).to_owned(),
            contents: contents(show, offering),
            price: show.money(offering.price),
            chosen: chosen == Some(&offering.reference),
            why_not: reason.map(|reason| show.lang.get(why_not(reason))),
        };
        let group = groups.iter_mut().find(|(kind, _)| *kind == offering.kind);
        if let Some((_, group)) = group {
            group.offerings.push(shown);
        }
    }
    groups.into_iter().map(|(_, group)| group).filter(|group| !group.offerings.is_empty()).collect()
}

/// What a quote tells its owner.
pub(crate) fn owner_terms(show: &Show, offering: &Offering, quote: &Quote, follows: Option<&str>) -> Vec<Term> {
    let lang = show.lang;
    let (starts, ends) = match quote.placement {
        Placement::Now { ends_at, .. } => (lang.get("renew-starts-now"), Some(show.moment(ends_at))),
        Placement::After { starts_at, ends_at } => {
            let when = show.moment(starts_at);
            (lang.with("renew-starts-after", &[("when", Arg::Text(&when))]), Some(show.moment(ends_at)))
        }
        Placement::FirstUse { begins_by, validity } => {
            let (by, lasts) = (show.day(begins_by), show.validity(validity));
            let lasts = lang.with("renew-ends-first-use", &[("lasts", Arg::Text(&lasts))]);
            (lang.with("renew-starts-first-use", &[("by", Arg::Text(&by))]), Some(lasts))
        }
        Placement::Credit => (lang.get("renew-starts-credit"), None),
    };
    let change = match (&quote.change, follows) {
        (Change::Begins, _) => lang.get("renew-change-begins"),
        (Change::Extends, _) => lang.get("renew-change-extends"),
        (Change::Follows(_), Some(name)) => lang.with("renew-change-follows", &[("name", Arg::Text(name))]),
        (Change::Follows(_), None) => lang.get("renew-change-follows-another"),
        (Change::Adds, _) => lang.get("renew-change-adds"),
        (Change::AddsMoney, _) => lang.get("renew-change-adds-money"),
    };
    let mut terms = vec![Term { label: lang.get("renew-starts"), value: starts }];
    terms.extend(ends.map(|value| Term { label: lang.get("renew-ends"), value }));
    terms.push(Term { label: lang.get("renew-change"), value: change });
    terms.extend(common_terms(show, offering));
    terms
}

/// What a guest is told: nothing that follows from what the line has now.
pub(crate) fn guest_terms(show: &Show, offering: &Offering) -> Vec<Term> {
    let lang = show.lang;
    let starts = match (offering.kind, offering.start) {
        (OfferingKind::TopUp, _) => lang.get("renew-starts-credit"),
        (OfferingKind::Pack, _) => lang.get("renew-starts-now"),
        (OfferingKind::Plan, StartPolicy::Immediate) => lang.get("renew-starts-now-or-after"),
        (OfferingKind::Plan, StartPolicy::FirstUse { within_days }) => {
            let within = show.days(i64::from(within_days));
            lang.with("renew-starts-first-use-within", &[("within", Arg::Text(&within))])
        }
    };
    let mut terms = vec![Term { label: lang.get("renew-starts"), value: starts }];
    let lasts = offering.validity.map(|validity| show.validity(validity));
    terms.extend(lasts.map(|value| Term { label: lang.get("renew-lasts"), value }));
    terms.extend(common_terms(show, offering));
    terms
}

/// A refund rule in words: before it is bought, and when the money is asked for.
pub(crate) fn refund_rule(show: &Show, rule: RefundRule) -> String {
    match rule {
        RefundRule::UnusedWithin { days } => {
            show.lang.with("renew-refund-unused", &[("days", Arg::Text(&show.days(i64::from(days))))])
        }
        RefundRule::NotAfterDelivery => show.lang.get("renew-refund-none"),
    }
}

fn common_terms(show: &Show, offering: &Offering) -> Vec<Term> {
    let lang = show.lang;
    let used_up = match offering.used_up {
        UsedUp::Stop => Some(lang.get("renew-used-up-stop")),
        UsedUp::NotApplicable => None,
    };
    let refund = refund_rule(show, offering.refund);
    let next = (offering.kind == OfferingKind::Plan).then(|| show.money(offering.renewal_price));
    let roaming = Some(offering.roaming.get(lang.tag()).to_owned()).filter(|text| !text.is_empty());
    let term = |key, value: Option<String>| value.map(|value| Term { label: lang.get(key), value });
    [
        term("renew-next-price", next),
        term("renew-used-up", used_up),
        term("renew-refund", Some(refund)),
        term("renew-roaming", roaming),
    ]
    .into_iter()
    .flatten()
    .collect()
}
