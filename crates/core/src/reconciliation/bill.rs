//! Bills: days and lines.

use crate::ids::RawId;
use crate::money::Money;
use crate::payment::Provider;
use crate::time::{DAY_US, HOUR_US, MINUTE_US, SystemTime, Zone};
use crate::words::words;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The calendar day of a bill, as its provider counts days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BillDay(Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a day: write it like 2026-11-28")]
pub struct NotADay;

impl BillDay {
    /// The day in which an instant lies, in the provider's zone.
    #[must_use]
    pub fn of(at: SystemTime, zone: &Zone) -> Self {
        Self(zone.date(crate::time::BusinessTime::from_us(at.us())))
    }
    /// Its first instant, and the first after it; the epoch at the ends of the calendar.
    #[must_use]
    pub fn bounds(self, zone: &Zone) -> (SystemTime, SystemTime) {
        let (from, until) = zone.bounds_us(self.0).unwrap_or_default();
        (SystemTime::from_us(from), SystemTime::from_us(until))
    }
    /// The day after.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }
    /// The day before.
    #[must_use]
    pub fn before(self) -> Self {
        Self(self.0.yesterday().unwrap_or(self.0))
    }
    /// An id that follows from the day, from which others are derived.
    #[must_use]
    pub(crate) fn raw_id(self) -> RawId {
        let (from, _) = self.bounds(&Zone::utc());
        RawId::new_v7(u64::try_from(from.us() / 1_000).unwrap_or(0), [0; 10])
    }
}
impl fmt::Display for BillDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl FromStr for BillDay {
    type Err = NotADay;
    fn from_str(text: &str) -> Result<Self, NotADay> {
        let day = text.parse::<Date>().map_err(|_| NotADay)?;
        if day.to_string() == text { Ok(Self(day)) } else { Err(NotADay) }
    }
}
impl Serialize for BillDay {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for BillDay {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// In which zone a provider counts the days of its bills. Alipay and WeChat Pay count in UTC+8 wherever the merchant is;
/// Stripe has no bills but a list of movements, which is cut into the brand's days.
#[must_use]
pub fn zone_of(provider: Provider, brand: &Zone) -> Zone {
    match provider {
        Provider::Alipay | Provider::Wechat => Zone::ahead_of_utc(8),
        Provider::Stripe | Provider::Bank => brand.clone(),
    }
}

/// Whether a provider can be asked for bills. The bank's statements are brought by people and matched where they arrive.
#[must_use]
pub const fn has_bills(provider: Provider) -> bool {
    !matches!(provider, Provider::Bank)
}

/// How far a provider's clock and ours may differ about the time of one payment.
#[must_use]
pub const fn margin_us() -> i64 {
    10 * MINUTE_US
}

/// When the bill of a day can first be asked for: at 10:30 of the next.
pub(crate) const ASKED_AFTER_US: i64 = 10 * HOUR_US + 30 * MINUTE_US;
/// Until when a bill without a line is not believed while we have payments of that day.
pub(crate) const EMPTY_BELIEVED_AFTER_US: i64 = DAY_US + 12 * HOUR_US;

impl BillDay {
    /// The last day whose bill can be asked for at an instant.
    #[must_use]
    pub fn ready(now: SystemTime, zone: &Zone) -> Self {
        Self::of(now.plus_us(-ASKED_AFTER_US), zone).before()
    }
    /// Whether a bill without a line can be believed although we have payments of that day.
    #[must_use]
    pub fn believed_empty(self, now: SystemTime, zone: &Zone) -> bool {
        now.since_us(self.bounds(zone).1) >= EMPTY_BELIEVED_AFTER_US
    }
    /// The days whose bills may hold what happened in a time, both ends and the margin included; at most 60 of them.
    #[must_use]
    pub fn span(from: SystemTime, until: SystemTime, zone: &Zone) -> Vec<Self> {
        let first = Self::of(from.plus_us(-margin_us()), zone);
        let last = Self::of(until.plus_us(margin_us()), zone);
        std::iter::successors(Some(first), |day| (*day < last).then(|| day.next())).take(60).collect()
    }
}

/// What a line of a bill is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    /// Money was taken from a payer.
    Payment,
    /// Money was given back to a payer.
    Refund,
    /// A fee that belongs to no payment.
    Fee,
    /// Money was sent to the operator's bank.
    Payout,
    /// Something else, which people must read.
    Other,
}
words!(LineKind { Payment = "payment", Refund = "refund", Fee = "fee", Payout = "payout", Other = "other" });

/// How far a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineState {
    /// Not compared yet.
    New,
    /// Both sides say the same, and what it moves is posted.
    Agreed,
    /// An item of the queue is about it.
    Queued,
    /// People decided about it, and what it moves is posted.
    Settled,
}
words!(LineState { New = "new", Agreed = "agreed", Queued = "queued", Settled = "settled" });

/// One line of a provider's bill. Provider, kind and number name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillLine {
    /// What it is about.
    pub kind: LineKind,
    /// The provider's number of it: of a payment the one that evidence brings.
    pub number: String,
    /// Our number of the payment.
    pub out_trade_no: Option<String>,
    /// Our number of the refund.
    pub request_no: Option<String>,
    /// The provider's number of the payment that a refund is of.
    pub trade_no: Option<String>,
    /// What the provider owes for a payment, before its fee; what it gave back of a refund; what it paid out, negative if that
    /// came back.
    pub amount: Money,
    /// Millionths. Positive: the provider kept it. Negative: it gave it back.
    pub fee: i64,
    /// When, by the provider's clock.
    pub at: SystemTime,
    /// What the line says, for people; nothing about the payer.
    pub said: String,
}
