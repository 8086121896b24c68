//! What can be wrong with a request, with a stable name for each; the words for people are in the locale files.

use everline_core::account::{NotProved, NotRecovered, PasswordFault};
use everline_core::catalog::NotDone;
use everline_core::contribution::NotContributed;
use everline_core::credit_change::NotChanged;
use everline_core::ids::{CustomerId, LineId};
use everline_core::invoice::{NoInvoice, WrongField};
use everline_core::ledger::LedgerRefusal;
use everline_core::lifecycle::{LifecycleRefusal, NoHandOver};
use everline_core::ownership::NotClaimed;
use everline_core::quote::NotSellable;
use everline_core::reconciliation::NotClosed;
use everline_core::refund::NoOtherWay;
use everline_core::refund_request::NotDecided;
use everline_core::refund_rule::NoRefund;
use everline_core::support::NotTaken;
use everline_core::time::{BusinessTime, SystemTime};
use everline_core::voucher::NoVoucher;
use everline_store::{Error, Stop};

/// Why a request is refused, or could not be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A field holds something that cannot be used.
    #[error("{field}: {rule}")]
    Invalid {
        /// The field's name, as in the request.
        field: &'static str,
        /// A stable word for the rule it breaks.
        rule: &'static str,
    },
    /// There is no such thing, or it is not the caller's: the two look alike.
    #[error("no such {0}")]
    NotFound(&'static str),
    /// Nobody is signed in.
    #[error("sign in first")]
    SignInFirst,
    /// The caller may not do this.
    #[error("not allowed")]
    NotAllowed,
    /// The offering cannot be bought for this line.
    #[error("not sellable: {0}")]
    NotSellable(NotSellable),
    /// The terms changed since they were shown.
    #[error("the terms have changed")]
    TermsChanged,
    /// The same id was used for something else.
    #[error("the id is taken by another {0}")]
    ExistsDifferently(&'static str),
    /// The order cannot be paid any more.
    #[error("the order is closed")]
    OrderClosed,
    /// The order is paid.
    #[error("the order is paid already")]
    AlreadyPaid,
    /// No receipt of ours says so: made up, changed, or of somebody else's.
    #[error("not a receipt of ours")]
    NotGenuine,
    /// No invoice can be asked for, made or refused.
    #[error("no invoice: {0}")]
    NoInvoice(NoInvoice),
    /// The item of the reconciliation queue cannot be closed so.
    #[error("not closed: {0}")]
    NotClosed(NotClosed),
    /// Nothing, or not so much, goes back.
    #[error("no refund: {0}")]
    NoRefund(NoRefund),
    /// The money of a refund does not go another way.
    #[error("not given another way: {0}")]
    NoOtherWay(NoOtherWay),
    /// A colleague's refund is not decided.
    #[error("not decided: {0}")]
    NotDecided(NotDecided),
    /// Credit is not given or corrected so.
    #[error("credit not changed: {0}")]
    NotChanged(NotChanged),
    /// The account holds no credit that could pay it.
    #[error("no credit that could pay it")]
    NoCredit,
    /// A voucher's code brings nothing.
    #[error("no voucher: {0}")]
    NoVoucher(NoVoucher),
    /// A renewal by itself is being paid just now: its setting can be switched off, and changed when that is over.
    #[error("a renewal is under way")]
    RenewalUnderWay,
    /// Number and password do not belong together; which of them is wrong is not said.
    #[error("number and password do not belong together")]
    PasswordWrong,
    /// The passkey does not open this account, or the browser's answer came too late.
    #[error("the passkey was not accepted")]
    PasskeyRefused,
    /// A passkey is asked for after the code or password.
    #[error("a second factor is needed")]
    SecondFactor,
    /// The caller must prove again who they are.
    #[error("prove first who you are")]
    ProveFirst,
    /// The Sim of the contact number was replaced: a code to it is not enough yet.
    #[error("held back until {until:?}: the Sim of the contact number was replaced")]
    HeldBack {
        /// From when it is.
        until: SystemTime,
    },
    /// The contact number is of a line that is reported lost: a code to it proves nothing.
    #[error("the contact number is of a line that is reported lost")]
    NumberLost,
    /// A request to be let in by people does not go on.
    #[error("the request does not go on: {0}")]
    NotRecovered(NotRecovered),
    /// A case does not take it.
    #[error("the case does not take it: {0}")]
    NotTaken(NotTaken),
    /// A review, question, answer or report is not taken, or not decided so.
    #[error("not contributed: {0}")]
    NotContributed(NotContributed),
    /// A line does not go on to another owner.
    #[error("not handed over: {0}")]
    NotHandedOver(NoHandOver),
    /// A line is not claimed.
    #[error("not claimed: {0}")]
    NotClaimed(NotClaimed),
    /// An offer of a line cannot be taken, refused or withdrawn any more.
    #[error("the offer is over")]
    OfferOver,
    /// Something stands against closing the account.
    #[error("not closed yet: something stands against it")]
    CloseFirst,
    /// Two fields of what was verified are to change: another person, and that is a change of ownership.
    #[error("another person")]
    AnotherPerson,
    /// A correction waits already.
    #[error("a correction waits already")]
    CorrectionOpen,
    /// Too little is known of who the customer is.
    #[error("say who you are first")]
    IdentityFirst,
    /// No profile is in stock.
    #[error("no profile is in stock")]
    SoldOut,
    /// The document has as many lines as it may.
    #[error("too many lines of one document")]
    TooManyLines,
    /// What a page showed is otherwise by now: it must be looked at again.
    #[error("it is otherwise by now")]
    Stale,
    /// What people ask of a version of an offering does not fit it.
    #[error("not done with the offering: {0}")]
    CatalogRefuses(NotDone),
    /// What people ask of a line does not fit its state.
    #[error("refused: {0}")]
    NotCommanded(LifecycleRefusal),
    /// The one-time code is wrong.
    #[error("wrong code, {tries_left} tries left")]
    CodeWrong {
        /// How many tries are left.
        tries_left: i64,
    },
    /// The one-time code is used up or too old.
    #[error("the code is no longer valid")]
    CodeGone,
    /// Too many requests.
    #[error("too many requests, again in {retry_after_s} s")]
    TooMany {
        /// Seconds to wait.
        retry_after_s: i64,
    },
    /// A card was used too often by whoever pays; any other way to pay is open to them.
    #[error("a card was used too often, again in {retry_after_s} s")]
    CardTooOften {
        /// Seconds to wait.
        retry_after_s: i64,
    },
    /// The payment provider refused to start the payment; nothing was taken.
    #[error("the provider refused the payment")]
    ProviderRefused,
    /// The payment provider gave no answer we can use; it is being asked.
    #[error("the provider did not answer")]
    ProviderSilent,
    /// Something falls due on the line before this can happen; the caller lets it happen and comes again.
    #[error("the line has something due first")]
    DueFirst {
        /// The line's customer.
        customer: CustomerId,
        /// The line.
        line: LineId,
        /// What is due.
        due_at: BusinessTime,
    },
    /// The store has too much to do; nothing was done that was not answered.
    #[error("busy")]
    Busy,
    /// The store is away: its disk or database fails, is full or takes no writes, or it was closed. Nothing was done that
    /// was not answered, and nothing that was answered is lost.
    #[error("the store is away: its disk or database fails, or it was closed")]
    Unavailable,
    /// It may have been done or not, and the store cannot tell. The same request with the same id or key does it once.
    #[error("nobody can tell whether it was done; the same request again does it once")]
    OutcomeUnknown,
    /// A mistake of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl Problem {
    /// The stable word for it: the last part of the problem's `type`, and the key of its text.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Problem::Invalid { .. } => "invalid",
            Problem::NotFound(_) => "not-found",
            Problem::SignInFirst => "sign-in-first",
            Problem::NotAllowed => "not-allowed",
            Problem::NotSellable(_) => "not-sellable",
            Problem::TermsChanged => "terms-changed",
            Problem::ExistsDifferently(_) => "exists-differently",
            Problem::OrderClosed => "order-closed",
            Problem::AlreadyPaid => "already-paid",
            Problem::NotGenuine => "not-genuine",
            Problem::NoInvoice(_) => "no-invoice",
            Problem::NotClosed(_) => "not-closed",
            Problem::NoRefund(_) => "no-refund",
            Problem::NoOtherWay(_) => "no-other-way",
            Problem::NotDecided(_) => "not-decided",
            Problem::NotChanged(_) => "credit-not-changed",
            Problem::NoCredit => "no-credit",
            Problem::NoVoucher(_) => "no-voucher",
            Problem::RenewalUnderWay => "renewal-under-way",
            Problem::PasswordWrong => "password-wrong",
            Problem::PasskeyRefused => "passkey-refused",
            Problem::SecondFactor => "second-factor",
            Problem::ProveFirst => "prove-first",
            Problem::HeldBack { .. } => "held-back",
            Problem::NumberLost => "number-lost",
            Problem::NotRecovered(_) => "not-recovered",
            Problem::NotTaken(_) => "not-taken",
            Problem::NotContributed(_) => "not-contributed",
            Problem::NotHandedOver(_) => "not-handed-over",
            Problem::NotClaimed(_) => "not-claimed",
            Problem::OfferOver => "offer-over",
            Problem::Stale => "stale",
            Problem::CatalogRefuses(_) => "catalog-refuses",
            Problem::NotCommanded(_) => "not-commanded",
            Problem::AnotherPerson => "another-person",
            Problem::CloseFirst => "close-first",
            Problem::CorrectionOpen => "correction-open",
            Problem::IdentityFirst => "identity-first",
            Problem::SoldOut => "sold-out",
            Problem::TooManyLines => "too-many-lines",
            Problem::CodeWrong { .. } => "code-wrong",
            Problem::CodeGone => "code-gone",
            Problem::TooMany { .. } => "too-many",
            Problem::CardTooOften { .. } => "card-too-often",
            Problem::ProviderRefused => "provider-refused",
            Problem::ProviderSilent => "provider-silent",
            Problem::DueFirst { .. } | Problem::Busy => "busy",
            Problem::Unavailable => "unavailable",
            Problem::OutcomeUnknown => "outcome-unknown",
            Problem::Internal(_) => "internal",
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound { what } => Problem::NotFound(what),
            Error::Conflict { .. } => Problem::ExistsDifferently("id"),
            Error::Busy | Error::Retry | Error::Timeout => {
                tracing::warn!(error = %error, "the store is busy");
                Problem::Busy
            }
            Error::Unavailable | Error::Io { .. } | Error::DiskFull | Error::ReadOnly | Error::Closed => {
                tracing::error!(error = %error, "the store is away");
                Problem::Unavailable
            }
            Error::CommitUnknown => {
                tracing::error!(error = %error, "the store cannot tell");
                Problem::OutcomeUnknown
            }
            other => {
                tracing::error!(error = %other, "store failed");
                Problem::Internal(other.to_string())
            }
        }
    }
}
impl From<Stop<Problem>> for Problem {
    fn from(stop: Stop<Problem>) -> Self {
        match stop {
            Stop::Refused(problem) => problem,
            Stop::Store(error) => error.into(),
        }
    }
}
impl From<NoInvoice> for Problem {
    fn from(why: NoInvoice) -> Self {
        Problem::NoInvoice(why)
    }
}
impl From<NotProved> for Problem {
    fn from(why: NotProved) -> Self {
        match why {
            NotProved::Again => Problem::ProveFirst,
            NotProved::SimReplaced { until } => Problem::HeldBack { until },
            NotProved::NumberLost => Problem::NumberLost,
        }
    }
}
impl From<PasswordFault> for Problem {
    fn from(fault: PasswordFault) -> Self {
        Problem::Invalid { field: "password", rule: fault.word() }
    }
}
impl From<WrongField> for Problem {
    fn from(wrong: WrongField) -> Self {
        Problem::Invalid { field: wrong.field, rule: wrong.why.word() }
    }
}
impl From<NotTaken> for Problem {
    fn from(why: NotTaken) -> Self {
        Problem::NotTaken(why)
    }
}
impl From<NotClosed> for Problem {
    fn from(why: NotClosed) -> Self {
        Problem::NotClosed(why)
    }
}
impl From<LedgerRefusal> for Problem {
    fn from(refusal: LedgerRefusal) -> Self {
        tracing::error!(refusal = %refusal, "the ledger refused a posting");
        Problem::Internal(refusal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_store_says_is_told_apart_by_what_the_caller_can_do() {
        for (error, problem) in [
            (Error::Busy, Problem::Busy),
            (Error::Retry, Problem::Busy),
            (Error::Timeout, Problem::Busy),
            (Error::Unavailable, Problem::Unavailable),
            (Error::Io { code: 10 }, Problem::Unavailable),
            (Error::DiskFull, Problem::Unavailable),
            (Error::ReadOnly, Problem::Unavailable),
            (Error::Closed, Problem::Unavailable),
            (Error::CommitUnknown, Problem::OutcomeUnknown),
            (Error::NotFound { what: "line" }, Problem::NotFound("line")),
            (Error::Conflict { constraint: None }, Problem::ExistsDifferently("id")),
            (Error::Poisoned, Problem::Internal(Error::Poisoned.to_string())),
        ] {
            assert_eq!(Problem::from(error.clone()), problem, "{error}");
        }
    }
}
