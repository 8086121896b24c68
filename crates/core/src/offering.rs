//! Offerings: what can be bought (TMF620 `ProductOffering`). A version never changes once it was sold.

use crate::brand::Localized;
use crate::country::Country;
use crate::money::Money;
use crate::time::Validity;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What kind of thing is bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferingKind {
    /// Keeps a line in service for its validity, with what it includes.
    Plan,
    /// Adds allowances to a line whose plan is running.
    Pack,
    /// Adds money to the customer's paid credit.
    TopUp,
}

/// What a line is for; decides which offerings it can take and how it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A phone.
    Phone,
    /// A watch, mostly a companion or a child's.
    Watch,
    /// A router or hotspot.
    Router,
    /// A tracker, meter or other machine.
    Iot,
    /// A travel eSIM.
    Travel,
}

/// What an allowance counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Data, in octets.
    Octets,
    /// Voice, in seconds.
    Seconds,
    /// Short messages.
    Messages,
}

/// An amount of one unit that an offering includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Included {
    /// What is counted.
    pub unit: Unit,
    /// How much: octets, seconds or messages.
    pub amount: i64,
}

/// When a plan or pack begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartPolicy {
    /// At once; a plan waits for the end of the plans before it.
    Immediate,
    /// When the line first uses the network, at the latest after so many days.
    FirstUse {
        /// Days after delivery at which it begins by itself.
        within_days: u16,
    },
}

/// What happens when the included data is used up before the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UsedUp {
    /// Service stops until something is bought; the main balance is not touched.
    Stop,
    /// Nothing to use up.
    NotApplicable,
}

/// Whether and how the price can be returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundRule {
    /// In full while nothing was used, within so many days of payment.
    UnusedWithin {
        /// Days after payment.
        days: u16,
    },
    /// Not after delivery.
    NotAfterDelivery,
}

/// Where an offering is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SaleState {
    /// Being written; not for sale.
    Draft,
    /// For sale.
    Published,
    /// No longer for sale.
    Retired,
}

crate::words::words!(OfferingKind { Plan = "plan", Pack = "pack", TopUp = "top_up" });
crate::words::words!(Family {
    Phone = "phone",
    Watch = "watch",
    Router = "router",
    Iot = "iot",
    Travel = "travel",
});
crate::words::words!(Unit { Octets = "octets", Seconds = "seconds", Messages = "messages" });

/// Which lines may take an offering, beside its families. Both rules are judged when it is quoted and ordered; what is paid
/// is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Eligibility {
    /// Only as the first plan of a line that was just sold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_lines_only: bool,
    /// How often one line can take it, in all its versions together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_line_max: Option<u16>,
}

impl Eligibility {
    /// Whether every line of the families can take it, as often as it wants. What is not can not renew by itself, and guests
    /// do not buy it: what they would be told follows from what the line had before.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        !self.new_lines_only && self.per_line_max.is_none()
    }
}

/// One version of one offering.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OfferingRef {
    /// The stable code, for example `watch-month`.
    pub code: String,
    /// The version, counted from 1.
    pub version: u32,
}
impl fmt::Display for OfferingRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.code, self.version)
    }
}

/// What can be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offering {
    /// Code and version.
    #[serde(flatten)]
    pub reference: OfferingRef,
    /// Draft, published or retired.
    pub sale: SaleState,
    /// Plan, pack or top-up.
    pub kind: OfferingKind,
    /// Name in the brand's languages.
    pub name: Localized,
    /// One line about it.
    pub summary: Localized,
    /// Price, tax included.
    pub price: Money,
    /// Price of the next renewal, told before paying.
    pub renewal_price: Money,
    /// What it includes. Empty for a top-up.
    pub included: Vec<Included>,
    /// How long it lasts. None for a top-up.
    pub validity: Option<Validity>,
    /// When it begins.
    pub start: StartPolicy,
    /// Lines that can take it.
    pub families: Vec<Family>,
    /// The wholesale code where another operator's network delivers it.
    pub upstream_code: Option<String>,
    /// What happens when it is used up.
    pub used_up: UsedUp,
    /// The refund rule.
    pub refund: RefundRule,
    /// What is said about roaming.
    pub roaming: Localized,
    /// Whether it is sold with a new line, whose profile comes from the stock.
    #[serde(default)]
    pub with_esim: bool,
    /// Where it works, for those who choose by country; empty: `roaming` says it.
    #[serde(default)]
    pub countries: Vec<Country>,
    /// Which lines may take it, beside its families.
    #[serde(default)]
    pub eligibility: Eligibility,
}

impl Offering {
    /// Whether it gives at least what another version gave, whatever it costs: as long, as much of everything, in every
    /// country, with the same start and the same rules. Whoever agreed to that version agreed to this one.
    #[must_use]
    pub fn gives_no_less_than(&self, other: &Offering) -> bool {
        let has =
            |wanted: &Included| self.included.iter().any(|one| one.unit == wanted.unit && one.amount >= wanted.amount);
        self.kind == other.kind
            && self.validity == other.validity
            && self.start == other.start
            && self.used_up == other.used_up
            && self.refund == other.refund
            && self.roaming == other.roaming
            && other.included.iter().all(has)
            && (other.countries.iter().all(|country| self.countries.contains(country)))
    }
}

/// `1.5 GB`: octets in SI units (IEC 80000-13), the same in all languages; one decimal, rounded down, so that nobody is
/// promised more than there is.
#[must_use]
pub fn octets_text(octets: i64) -> String {
    const KB: i64 = 1_000;
    let octets = octets.max(0);
    let (scale, unit) = match octets {
        o if o >= KB * KB * KB => (KB * KB * KB, "GB"),
        o if o >= KB * KB => (KB * KB, "MB"),
        o if o >= KB => (KB, "kB"),
        o => return format!("{o} B"),
    };
    let (whole, tenth) = (octets / scale, octets % scale * 10 / scale);
    if tenth == 0 { format!("{whole} {unit}") } else { format!("{whole}.{tenth} {unit}") }
}
