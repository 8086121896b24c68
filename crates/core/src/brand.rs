//! What a brand decides: its names, time zone, currency and rules. Data, not code: nothing here knows a country.

use crate::credit_change::CreditLimits;
use crate::hotline::OpenHours;
use crate::identifiers::Msisdn;
use crate::identity::IdentityRules;
use crate::money::Currency;
use crate::number_plan::{NumberFault, NumberOf, NumberPlan};
use crate::offering::Family;
use crate::receipt::Payee;
use crate::refund_request::RefundLimits;
use crate::reminder::Reminders;
use crate::retention::Retention;
use crate::time::{UnknownZone, Zone};
use crate::velocity::Velocity;
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

/// How a brand treats lines of one family: how long each state of their life lasts when nobody does anything. Days are
/// calendar days in the brand's time zone, to the same wall-clock time. A duration that is absent means that the state has
/// no end by itself; 0 means that it is passed over. Rules apply when a state is entered, not to lines that are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FamilyRules {
    /// For which service is kept after the last plan ended; 0 suspends at once.
    pub grace_days: u16,
    /// For which a line may be tested before it is sold.
    #[serde(default)]
    pub test_days: Option<u16>,
    /// Octets of data that a line under test may use.
    #[serde(default)]
    pub test_octets: u64,
    /// For which a sold line may wait for its first plan before it is suspended.
    #[serde(default)]
    pub silent_days: Option<u16>,
    /// For which a line that was not renewed is suspended before only its number is kept.
    #[serde(default)]
    pub suspended_days: Option<u16>,
    /// For which its number is kept before the line is terminated. 0: the brand keeps no numbers.
    #[serde(default)]
    pub keep_number_days: Option<u16>,
    /// For which what was paid and not used can be paid out before the number rests.
    #[serde(default)]
    pub terminated_days: Option<u16>,
    /// For which the number rests before it can be given out again.
    #[serde(default)]
    pub quarantine_days: Option<u16>,
}

/// The operator's own bank account, as payers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BankAccount {
    /// Whose account it is.
    pub holder: String,
    /// The bank and its branch.
    pub bank: String,
    /// The account's number.
    pub number: String,
    /// Days for which an order waits for a transfer.
    pub days: u16,
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
    /// The national numbers that there are.
    #[serde(default)]
    pub numbers: NumberPlan,
    /// The hotline's number.
    pub hotline: String,
    /// When people answer the hotline.
    pub hotline_hours: Localized,
    /// The same by weekday, so that pages can say whether somebody answers now.
    #[serde(default)]
    pub hotline_open: Vec<OpenHours>,
    /// Version of the terms a customer accepts with an order.
    pub terms_version: String,
    /// How long an order may be paid after it was placed, in minutes.
    pub order_minutes: u16,
    /// Most plans waiting behind the current one on a line.
    pub queued_plans_max: u8,
    /// Most devices beside a line's own that have its number.
    #[serde(default)]
    pub companions_max: u8,
    /// Rules by family.
    pub families: BTreeMap<Family, FamilyRules>,
    /// How long records are kept.
    #[serde(default)]
    pub retention: Retention,
    /// Where organisations transfer money to, if they may.
    #[serde(default)]
    pub bank: Option<BankAccount>,
    /// What staff may give back alone.
    #[serde(default)]
    pub refunds: RefundLimits,
    /// What credit staff may give, and correct alone.
    #[serde(default)]
    pub credit: CreditLimits,
    /// How many orders and payments are allowed in a time.
    #[serde(default)]
    pub velocity: Velocity,
    /// Of what owners are reminded who choose nothing else.
    #[serde(default)]
    pub reminders: Reminders,
    /// Where lines are used, as reviewers may say: a key (ISO 3166-2 where there is one), and what it is called.
    #[serde(default)]
    pub regions: BTreeMap<String, Localized>,
    /// Who its customers must say to be.
    #[serde(default)]
    pub identity: IdentityRules,
}

impl Brand {
    /// The brand's time zone.
    pub fn zone(&self) -> Result<Zone, UnknownZone> {
        Zone::named(&self.time_zone)
    }
    /// Whom receipts name as the payee.
    #[must_use]
    pub fn payee(&self) -> Payee {
        Payee { legal_name: self.legal_name.clone(), credit_code: self.credit_code.clone() }
    }
    /// Reads a number as people write it; in national form.
    ///
    /// # Errors
    /// [`NumberFault`]
    pub fn number(&self, text: &str, of: NumberOf) -> Result<Msisdn, NumberFault> {
        self.numbers.read(&self.calling_code, text, of)
    }
    /// The rules of a family; a family without rules has no grace, and its lines end by people alone.
    #[must_use]
    pub fn rules(&self, family: Family) -> FamilyRules {
        self.families.get(&family).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_were_stored_before_there_were_more_still_load() {
        let rules: FamilyRules = serde_json::from_str(r#"{"grace_days":3}"#).unwrap();
        assert_eq!(rules, FamilyRules { grace_days: 3, ..FamilyRules::default() });
        let whole = FamilyRules { suspended_days: Some(30), test_octets: 5, ..rules };
        assert_eq!(serde_json::from_str::<FamilyRules>(&serde_json::to_string(&whole).unwrap()).unwrap(), whole);
    }
}
