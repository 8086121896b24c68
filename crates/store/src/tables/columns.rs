//! How the types of core stand in columns: ids as sixteen bytes, times as microseconds, enums as their stable words.

use crate::{Cell, Column, Error, Result, Row, Value};
use everline_core::account::{AccountNews, Proof, RecoveryState};
use everline_core::attachment::FileKind;
use everline_core::closing::ClosingState;
use everline_core::contribution::{ContributionKind, ContributionState, Stars};
use everline_core::credit_change::ChangeKind;
use everline_core::customer::{CustomerKind, Identity};
use everline_core::dispute::DisputeState;
use everline_core::effects::MessageKind;
use everline_core::esim_device::{Basis, Sold};
use everline_core::identifiers::{Eid, Iccid, Imsi, Msisdn};
use everline_core::identity::{ConsentKind, CorrectionState, Field};
use everline_core::ids;
use everline_core::ledger::{LedgerAccount, Template};
use everline_core::lifecycle::Along;
use everline_core::line::{DeviceKind, NetworkKind};
use everline_core::message::{Channel, Fate, Reported};
use everline_core::money::Currency;
use everline_core::offering::{Family, SaleState, Unit};
use everline_core::order::{OrderState, PlacedBy};
use everline_core::ownership::Offered;
use everline_core::payment::{AttemptState, Method, Provider, Settlement};
use everline_core::reconciliation::{Action, BillDay, ItemKind, LineKind, LineState};
use everline_core::refund::{RefundReason, RefundState};
use everline_core::reminder::Cause;
use everline_core::saved_method::SavedState;
use everline_core::staff::StaffNews;
use everline_core::support::{CaseFor, CaseState, CaseStep, EntryKind, Priority, Side};
use everline_core::time::{BusinessTime, SystemTime};
use everline_core::voucher::{BatchState, VoucherKind};

macro_rules! id_columns {
    ($($id:ident)+) => {$(
        impl Column for ids::$id {
            fn column(cell: Cell<'_>) -> Option<Self> {
                <[u8; 16]>::column(cell).map(Self::from)
            }
        }
        impl From<ids::$id> for Value {
            fn from(id: ids::$id) -> Value {
                Value::Id(id.bytes())
            }
        }
    )+};
}
id_columns!(CustomerId LineId OrderId AttemptId RefundId PostingId TransferId ReceiptId JobId MessageId CaseId SessionId VoucherId BillLineId ItemId PaymentMethodId DisputeId ContributionId);

impl Column for ids::RawId {
    fn column(cell: Cell<'_>) -> Option<Self> {
        <[u8; 16]>::column(cell).map(Self::from_bytes)
    }
}
impl From<ids::RawId> for Value {
    fn from(id: ids::RawId) -> Value {
        Value::Id(id.bytes())
    }
}

macro_rules! time_columns {
    ($($time:ident)+) => {$(
        impl Column for $time {
            fn column(cell: Cell<'_>) -> Option<Self> {
                i64::column(cell).map($time::from_us)
            }
        }
        impl From<$time> for Value {
            fn from(time: $time) -> Value {
                Value::Int(time.us())
            }
        }
    )+};
}
time_columns!(BusinessTime SystemTime);

/// Types with a stable word of their own in core.
macro_rules! word_columns {
    ($($type:ident)+) => {$(
        impl Column for $type {
            fn column(cell: Cell<'_>) -> Option<Self> {
                if let Cell::Text(word) = cell { $type::from_word(word) } else { None }
            }
        }
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::from(value.word())
            }
        }
    )+};
}
word_columns!(DisputeState OrderState AttemptState Method Provider Settlement RefundReason RefundState SavedState Template VoucherKind BatchState);
word_columns!(LineKind LineState ItemKind Action MessageKind Channel Fate Reported);
word_columns!(AccountNews Proof RecoveryState Cause Along Offered DeviceKind CorrectionState Field ConsentKind ClosingState);
word_columns!(CaseFor CaseState CaseStep EntryKind FileKind Priority Side);
word_columns!(ContributionKind ContributionState Basis Sold);
word_columns!(StaffNews ChangeKind);

/// Types whose words matter only to the store.
macro_rules! stored_words {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Column for $type {
            fn column(cell: Cell<'_>) -> Option<Self> {
                match cell { $(Cell::Text($word) => Some($type::$variant),)+ _ => None }
            }
        }
        impl From<$type> for Value {
            fn from(value: $type) -> Value {
                Value::from(match value { $($type::$variant => $word),+ })
            }
        }
    )+};
}
stored_words! {
    CustomerKind { Person = "person", Organisation = "organisation", Anonymous = "anonymous", House = "house" }
    Identity { None = "none", FormatChecked = "format_checked", Verified = "verified", Failed = "failed" }
    Family { Phone = "phone", Watch = "watch", Router = "router", Iot = "iot", Travel = "travel" }
    NetworkKind { BuiltIn = "built_in", Upstream = "upstream" }
    PlacedBy { Owner = "owner", Guest = "guest", MovedIn = "moved_in", AutoRenew = "auto_renew" }
    SaleState { Draft = "draft", Published = "published", Retired = "retired" }
    Unit { Octets = "octets", Seconds = "seconds", Messages = "messages" }
}

impl Column for Stars {
    fn column(cell: Cell<'_>) -> Option<Self> {
        i64::column(cell).and_then(Stars::new)
    }
}
impl From<Stars> for Value {
    fn from(stars: Stars) -> Value {
        Value::Int(i64::from(stars.get()))
    }
}

impl Column for LedgerAccount {
    fn column(cell: Cell<'_>) -> Option<Self> {
        i64::column(cell).and_then(LedgerAccount::from_code)
    }
}
impl From<LedgerAccount> for Value {
    fn from(account: LedgerAccount) -> Value {
        Value::Int(account.code())
    }
}
impl Column for Currency {
    fn column(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(code) = cell { code.parse().ok() } else { None }
    }
}
impl From<Currency> for Value {
    fn from(currency: Currency) -> Value {
        Value::from(currency.code())
    }
}
impl Column for BillDay {
    fn column(cell: Cell<'_>) -> Option<Self> {
        if let Cell::Text(day) = cell { day.parse().ok() } else { None }
    }
}
impl From<BillDay> for Value {
    fn from(day: BillDay) -> Value {
        Value::from(day.to_string())
    }
}
macro_rules! identifier_columns {
    ($($type:ident)+) => {$(
        impl Column for $type {
            fn column(cell: Cell<'_>) -> Option<Self> {
                if let Cell::Text(text) = cell { $type::parse(text).ok() } else { None }
            }
        }
    )+};
}
identifier_columns!(Msisdn Iccid Imsi Eid);

/// An error for a column whose text is no `T`.
pub(crate) fn undecodable<T>(column: &str, found: &'static str) -> Error {
    Error::Decode { column: column.to_owned(), expected: std::any::type_name::<T>(), found }
}

/// Reads columns one after the other, so that a long row is not a list of numbers.
pub(crate) struct Columns<'a, 'r> {
    row: &'a Row<'r>,
    at: usize,
}
impl<'a, 'r> Columns<'a, 'r> {
    pub(crate) fn new(row: &'a Row<'r>) -> Self {
        Self { row, at: 0 }
    }
    pub(crate) fn next<T: Column>(&mut self) -> Result<T> {
        let at = self.at;
        self.at += 1;
        self.row.get(at)
    }
}
