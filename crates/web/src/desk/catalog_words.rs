//! An offering's fields in words, for whoever makes the catalog.

use crate::portal::offering_shown::refund_rule;
use crate::show::Show;
use crate::texts::{Arg, Lang};
use crate::visit::Visit;
use everline_core::brand::Localized;
use everline_core::catalog::{Margin, Standing, Version};
use everline_core::country::Country;
use everline_core::money::Money;
use everline_core::offering::{Family, Offering, OfferingKind, StartPolicy, UsedUp};

/// A field of two versions, or of one.
pub(crate) struct FieldRow {
    pub(crate) label: String,
    pub(crate) before: String,
    pub(crate) after: String,
    pub(crate) differs: bool,
}

/// The key of where a version is.
pub(crate) const fn standing_key(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft => "catalog-draft",
        Standing::Scheduled => "catalog-scheduled",
        Standing::Published => "catalog-published",
        Standing::Retired => "catalog-retired",
    }
}

/// The colour of its badge.
pub(crate) const fn standing_class(standing: Standing) -> &'static str {
    match standing {
        Standing::Draft | Standing::Retired => "quiet",
        Standing::Scheduled => "soon",
        Standing::Published => "fine",
    }
}

/// The key of a kind.
pub(crate) const fn kind_key(kind: OfferingKind) -> &'static str {
    match kind {
        OfferingKind::Plan => "catalog-kind-plan",
        OfferingKind::Pack => "catalog-kind-pack",
        OfferingKind::TopUp => "catalog-kind-top-up",
    }
}

/// The key of a family.
pub(crate) const fn family_key(family: Family) -> &'static str {
    match family {
        Family::Phone => "catalog-family-phone",
        Family::Watch => "catalog-family-watch",
        Family::Router => "catalog-family-router",
        Family::Iot => "catalog-family-iot",
        Family::Travel => "catalog-family-travel",
    }
}

/// `¥3.00 (30.3 %)`.
pub(crate) fn margin(show: &Show, margin: Margin) -> String {
    let share = margin.per_mille.unsigned_abs();
    let sign = if margin.per_mille < 0 { "-" } else { "" };
    let share = format!("{sign}{}.{}", share / 10, share % 10);
    let amount = show.money(margin.amount);
    show.lang.with("catalog-margin-is", &[("amount", Arg::Text(&amount)), ("share", Arg::Text(&share))])
}

/// What a version costs upstream, if that is known.
pub(crate) fn cost(show: &Show, version: &Version) -> Option<String> {
    let currency = version.offering.price.currency();
    version.upstream_cost.map(|cost| show.money(Money::from_micros(cost, currency)))
}

/// Every field of a version in words, beside those of the version that it replaces.
pub(crate) fn fields(visit: &Visit, show: &Show, version: &Version, before: Option<&Version>) -> Vec<FieldRow> {
    let after = in_words(visit, show, version);
    let before = before.map(|before| in_words(visit, show, before));
    let row = |(place, (label, after)): (usize, (String, String))| {
        let was = before.as_ref().and_then(|before| before.get(place)).map(|(_, was)| was.clone());
        let differs = was.as_ref().is_some_and(|was| *was != after);
        FieldRow { label, before: was.unwrap_or_default(), after, differs }
    };
    after.into_iter().enumerate().map(row).collect()
}

fn in_words(visit: &Visit, show: &Show, version: &Version) -> Vec<(String, String)> {
    let (lang, o) = (visit.lang, &version.offering);
    let text = |key: &str, value: String| (lang.get(key), value);
    let of = |text: &Localized, of: Lang| text.0.get(of.tag()).cloned().unwrap_or_default();
    let mut all = vec![
        text("catalog-kind", lang.get(kind_key(o.kind))),
        text("catalog-name-zh", of(&o.name, Lang::ZhCn)),
        text("catalog-name-en", of(&o.name, Lang::En)),
        text("catalog-summary-zh", of(&o.summary, Lang::ZhCn)),
        text("catalog-summary-en", of(&o.summary, Lang::En)),
        text("catalog-price", show.money(o.price)),
        text("catalog-renewal-price", show.money(o.renewal_price)),
    ];
    all.extend([
        text("catalog-included", show.included(&o.included)),
        text("catalog-validity", o.validity.map(|validity| show.validity(validity)).unwrap_or_default()),
        text("catalog-start", start(show, o.start)),
        text("catalog-used-up", used_up(lang, o.used_up)),
        text("catalog-refund", refund_rule(show, o.refund)),
        text("catalog-families", families(lang, o)),
        text("catalog-eligibility", eligibility(lang, o)),
        text("catalog-with-esim", lang.get(if o.with_esim { "catalog-yes" } else { "catalog-no" })),
        text("catalog-countries", countries(lang, &o.countries)),
        text("catalog-roaming-zh", of(&o.roaming, Lang::ZhCn)),
        text("catalog-roaming-en", of(&o.roaming, Lang::En)),
        text("catalog-upstream-code", o.upstream_code.clone().unwrap_or_default()),
        text("catalog-upstream-cost", cost(show, version).unwrap_or_default()),
    ]);
    all
}

fn start(show: &Show, start: StartPolicy) -> String {
    match start {
        StartPolicy::Immediate => show.lang.get("catalog-start-immediate"),
        StartPolicy::FirstUse { within_days } => {
            let within = show.days(i64::from(within_days));
            show.lang.with("renew-starts-first-use-within", &[("within", Arg::Text(&within))])
        }
    }
}

fn used_up(lang: Lang, used_up: UsedUp) -> String {
    lang.get(match used_up {
        UsedUp::Stop => "renew-used-up-stop",
        UsedUp::NotApplicable => "catalog-used-up-none",
    })
}

/// The families, in their order.
pub(crate) fn families(lang: Lang, offering: &Offering) -> String {
    let named = Family::ALL.into_iter().filter(|family| offering.families.contains(family));
    named.map(|family| lang.get(family_key(family))).collect::<Vec<_>>().join(&lang.get("list-comma"))
}

/// Which lines may take it beside that.
pub(crate) fn eligibility(lang: Lang, offering: &Offering) -> String {
    let rules = offering.eligibility;
    let new = rules.new_lines_only.then(|| lang.get("catalog-rule-new-lines"));
    let most = rules.per_line_max.map(|max| lang.with("catalog-rule-per-line", &[("count", i64::from(max).into())]));
    let rules: Vec<String> = new.into_iter().chain(most).collect();
    if rules.is_empty() { lang.get("catalog-rule-none") } else { rules.join(&lang.get("list-comma")) }
}

fn countries(lang: Lang, countries: &[Country]) -> String {
    let names = countries.iter().map(|country| lang.get(&format!("country-{country}")));
    names.collect::<Vec<_>>().join(&lang.get("list-comma"))
}
