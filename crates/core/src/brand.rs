//! What a brand decides: its names, time zone, currency and rules. Data, not code: nothing here knows a country.

use crate::money::Currency;
use crate::offering::Family;
use crate::time::{UnknownZone, Zone};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A text in several languages, keyed by BCP 47 tag (`zh-CN`, `en`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Localized(pub BTreeMap<String, String>);

impl Localized {
    /// The text in `language`, else in any language there is, else empty.
    #[must_use]
    pub fn get(&self, language: &str) -> &str {
        self.0.get(language).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }
    /// A text in Chinese and English.
    #[must_use]
    pub fn zh_en(zh: &str, en: &str) -> Self {
        Self(BTreeMap::from([("zh-CN".to_owned(), zh.to_owned()), ("en".to_owned(), en.to_owned())]))
    }
}

/// How a brand treats lines of one family when they are not paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyRules {
    /// Calendar days for which service is kept after the last plan ended; 0 suspends at once.
    pub grace_days: u16,
}

/// A brand: one store, one set of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brand {
    /// The name customers see.
    pub name: Localized,
    /// The legal name of the payee on receipts.
    pub legal_name: Localized,
    /// The payee's organisation credit code.
    pub credit_code: String,
    /// IANA time zone in which days and months are counted.
    pub time_zone: String,
    /// The currency of accounts and prices.
    pub currency: Currency,
    /// Country calling code without `+`, put before numbers in international form.
    pub calling_code: String,
    /// The hotline's number.
    pub hotline: String,
    /// When people answer the hotline.
    pub hotline_hours: Localized,
    /// Version of the terms a customer accepts with an order.
    pub terms_version: String,
    /// How long an order may be paid after it was placed, in minutes.
    pub order_minutes: u16,
    /// Most plans waiting behind the current one on a line.
    pub queued_plans_max: u8,
    /// Rules by family.
    pub families: BTreeMap<Family, FamilyRules>,
}

impl Brand {
    /// The brand's time zone.
    pub fn zone(&self) -> Result<Zone, UnknownZone> {
        Zone::named(&self.time_zone)
    }
    /// The rules of a family; a family without rules has no grace.
    #[must_use]
    pub fn rules(&self, family: Family) -> FamilyRules {
        self.families.get(&family).copied().unwrap_or(FamilyRules { grace_days: 0 })
    }
}
