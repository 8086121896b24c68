//! Lists, page by page: refunds of a payment, movements of the balance, payouts.

use super::{
    RequestError,
    params::{Reader, Writer, whole_number},
    set_expand,
};
use crate::{
    Error,
    stripe::{BalanceTransactionId, PaymentIntentId, PayoutId, RefundId},
};

/// Refunds and payouts on a page: the most that Stripe gives.
const PAGE_MAX: u8 = 100;
/// Movements of the balance on a page: each brings along what it is about, and a page must stay well below
/// [`REPLY_BYTES_MAX`](crate::stripe::REPLY_BYTES_MAX).
const PAGE_OF_MOVEMENTS: u8 = 50;
/// What a request for movements asks to be given whole.
const EXPAND_MOVEMENTS: &[&str] = &["data.source"];

/// From a second (included) to a second (not included), unix time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The first second.
    pub from_unix_s: i64,
    /// The second after the last.
    pub until_unix_s: i64,
}

impl TimeRange {
    fn write(self, param: &str, params: &mut Writer) -> Result<(), RequestError> {
        if self.from_unix_s < 0 || self.until_unix_s <= self.from_unix_s {
            return Err(RequestError::Invalid { param: param.to_owned() });
        }
        params.set(&format!("{param}[gte]"), &self.from_unix_s);
        params.set(&format!("{param}[lt]"), &self.until_unix_s);
        Ok(())
    }

    fn read(param: &str, params: &mut Reader) -> Result<Self, RequestError> {
        let from_unix_s = params.parsed(&format!("{param}[gte]"), whole_number)?;
        let until_unix_s = params.parsed(&format!("{param}[lt]"), whole_number)?;
        if until_unix_s <= from_unix_s {
            return Err(RequestError::Invalid { param: param.to_owned() });
        }
        Ok(Self { from_unix_s, until_unix_s })
    }
}

fn read_start<I>(
    params: &mut Reader,
    page_max: u8,
    parse: impl FnOnce(&str) -> Result<I, Error>,
) -> Result<Option<I>, RequestError> {
    params.fixed("limit", &page_max.to_string())?;
    params.optional_parsed("starting_after", |text| parse(text).ok())
}

/// The refunds of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRefunds {
    /// The payment.
    pub payment_intent: PaymentIntentId,
    /// The last one of the page before.
    pub starting_after: Option<RefundId>,
}

impl ListRefunds {
    /// Most refunds on a page.
    pub const PAGE_MAX: u8 = PAGE_MAX;

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        params.set("payment_intent", &self.payment_intent);
        params.set("limit", &PAGE_MAX);
        params.set_optional("starting_after", self.starting_after.as_ref());
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        Ok(Self {
            payment_intent: params.parsed("payment_intent", |text| PaymentIntentId::parse(text).ok())?,
            starting_after: read_start(params, PAGE_MAX, RefundId::parse)?,
        })
    }
}

/// Which movements of the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BalanceScope {
    /// Those that were booked in this time.
    Created(TimeRange),
    /// Those that were paid out with this payout, itself among them. Only for payouts by schedule.
    Payout(PayoutId),
}

/// Movements of the balance, with the charge, refund or dispute that each is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListBalanceTransactions {
    /// Which.
    pub scope: BalanceScope,
    /// The last one of the page before.
    pub starting_after: Option<BalanceTransactionId>,
}

impl ListBalanceTransactions {
    /// Most movements on a page.
    pub const PAGE_MAX: u8 = PAGE_OF_MOVEMENTS;

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        match &self.scope {
            BalanceScope::Created(range) => range.write("created", params)?,
            BalanceScope::Payout(payout) => params.set("payout", payout),
        }
        params.set("limit", &PAGE_OF_MOVEMENTS);
        params.set_optional("starting_after", self.starting_after.as_ref());
        set_expand(params, EXPAND_MOVEMENTS);
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        let scope = match params.optional_parsed("payout", |text| PayoutId::parse(text).ok())? {
            Some(payout) => BalanceScope::Payout(payout),
            None => BalanceScope::Created(TimeRange::read("created", params)?),
        };
        params.fixed("expand[0]", "data.source")?;
        Ok(Self { scope, starting_after: read_start(params, PAGE_OF_MOVEMENTS, BalanceTransactionId::parse)? })
    }
}

/// Payouts by the day they arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPayouts {
    /// When they arrive.
    pub arrival: TimeRange,
    /// The last one of the page before.
    pub starting_after: Option<PayoutId>,
}

impl ListPayouts {
    /// Most payouts on a page.
    pub const PAGE_MAX: u8 = PAGE_MAX;

    pub(super) fn write(&self, params: &mut Writer) -> Result<(), RequestError> {
        self.arrival.write("arrival_date", params)?;
        params.set("limit", &PAGE_MAX);
        params.set_optional("starting_after", self.starting_after.as_ref());
        Ok(())
    }

    pub(super) fn read(params: &mut Reader) -> Result<Self, RequestError> {
        Ok(Self {
            arrival: TimeRange::read("arrival_date", params)?,
            starting_after: read_start(params, PAGE_MAX, PayoutId::parse)?,
        })
    }
}
