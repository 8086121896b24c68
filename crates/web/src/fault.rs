//! What went wrong with a request, on its way to the guard, which shows it as a page or as a problem document.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use everline_app::Problem;
use everline_core::catalog::NotDone;
use everline_core::invoice::NoInvoice;
use everline_core::reconciliation::NotClosed;
use everline_core::refund::NoOtherWay;
use everline_core::refund_request::NotDecided;
use everline_core::refund_rule::NoRefund;
use everline_core::support::NotTaken;
use everline_core::voucher::NoVoucher;
use std::sync::Arc;

/// Why a request is not answered as asked.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// A use case refused it.
    Problem(Problem),
    /// There is no such address.
    NoRoute,
    /// The address does not take this method.
    Method,
    /// The body is too large.
    TooLarge,
    /// A form that did not come from our own pages, or from one that is too old.
    Foreign,
    /// It took too long.
    Timeout,
    /// A header or the body cannot be used; `field` names what.
    Unusable {
        /// The header or field.
        field: String,
        /// A stable word for the rule it breaks.
        rule: &'static str,
    },
}

/// What handlers return.
pub(crate) type Answer = Result<Response, Fault>;

impl Fault {
    /// The stable word for it: the last part of a problem's `type`.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Fault::Problem(problem) => problem.word(),
            Fault::NoRoute => "not-found",
            Fault::Method => "method-not-allowed",
            Fault::TooLarge => "too-large",
            Fault::Foreign => "foreign-form",
            Fault::Timeout => "timeout",
            Fault::Unusable { .. } => "invalid",
        }
    }
    /// The keys of its title and of what to do.
    pub(crate) const fn texts(&self) -> (&'static str, &'static str) {
        match self {
            Fault::Problem(problem) => texts(problem),
            Fault::NoRoute => ("problem-not-found", "problem-not-found-do"),
            Fault::Method => ("problem-method", "problem-method-do"),
            Fault::TooLarge => ("problem-too-large", "problem-too-large-do"),
            Fault::Foreign => ("problem-foreign", "problem-foreign-do"),
            Fault::Timeout => ("problem-timeout", "problem-timeout-do"),
            Fault::Unusable { .. } => ("problem-invalid", "problem-invalid-do"),
        }
    }
    /// The HTTP status (RFC 9110 §15).
    pub(crate) const fn status(&self) -> StatusCode {
        match self {
            Fault::Problem(problem) => status(problem),
            Fault::NoRoute => StatusCode::NOT_FOUND,
            Fault::Method => StatusCode::METHOD_NOT_ALLOWED,
            Fault::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Foreign => StatusCode::FORBIDDEN,
            Fault::Timeout => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Unusable { .. } => StatusCode::BAD_REQUEST,
        }
    }
    /// Seconds to wait before trying again, where that is known.
    pub(crate) const fn retry_after_s(&self) -> Option<i64> {
        match self {
            Fault::Problem(Problem::TooMany { retry_after_s } | Problem::CardTooOften { retry_after_s }) => {
                Some(*retry_after_s)
            }
            Fault::Problem(Problem::DueFirst { .. } | Problem::Busy | Problem::OutcomeUnknown) | Fault::Timeout => {
                Some(5)
            }
            Fault::Problem(Problem::Unavailable) => Some(30),
            _ => None,
        }
    }
    /// Whether people had better look at it with whom it happened to: something went wrong on our side, or with money.
    pub(crate) const fn for_people(&self) -> bool {
        let money = matches!(
            self,
            Fault::Problem(
                Problem::OrderClosed
                    | Problem::AlreadyPaid
                    | Problem::NoCredit
                    | Problem::NoRefund(_)
                    | Problem::NoInvoice(_)
                    | Problem::NoVoucher(_)
                    | Problem::NotSellable(_)
                    | Problem::CardTooOften { .. }
                    | Problem::ExistsDifferently(_)
                    | Problem::RenewalUnderWay
                    | Problem::SoldOut
            )
        );
        money || self.status().as_u16() >= 500
    }
    /// The field that is to blame.
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Fault::Problem(Problem::Invalid { field, .. }) => Some(field),
            Fault::Problem(Problem::CodeWrong { .. } | Problem::CodeGone) => Some("code"),
            Fault::Problem(Problem::PasswordWrong) => Some("password"),
            Fault::Problem(Problem::TermsChanged) => Some("terms_version"),
            Fault::Problem(Problem::NoVoucher(_)) => Some("voucher"),
            Fault::Problem(Problem::NotSellable(_)) => Some("offering"),
            Fault::Unusable { field, .. } => Some(field),
            _ => None,
        }
    }
    /// The stable word for the rule that a field breaks.
    pub(crate) const fn rule(&self) -> Option<&'static str> {
        match self {
            Fault::Problem(Problem::Invalid { rule, .. }) | Fault::Unusable { rule, .. } => Some(*rule),
            Fault::Problem(Problem::NotSellable(why)) => Some(not_sellable(*why)),
            Fault::Problem(Problem::NoInvoice(why)) => Some(why.word()),
            Fault::Problem(Problem::NoRefund(why)) => Some(why.word()),
            Fault::Problem(Problem::NoOtherWay(why)) => Some(why.word()),
            Fault::Problem(Problem::NotDecided(why)) => Some(why.word()),
            Fault::Problem(Problem::NotChanged(why)) => Some(why.word()),
            Fault::Problem(Problem::NoVoucher(why)) => Some(why.word()),
            Fault::Problem(Problem::NotTaken(why)) => Some(why.word()),
            Fault::Problem(Problem::NotHandedOver(why)) => Some(why.word()),
            Fault::Problem(Problem::NotClaimed(why)) => Some(why.word()),
            Fault::Problem(Problem::NotCommanded(why)) => Some(why.word()),
            Fault::Problem(Problem::CatalogRefuses(why)) => Some(why.word()),
            _ => None,
        }
    }
}

/// The stable word for why an offering cannot be bought.
pub(crate) const fn not_sellable(why: everline_core::quote::NotSellable) -> &'static str {
    use everline_core::quote::NotSellable;
    match why {
        NotSellable::NotOnSale => "not_on_sale",
        NotSellable::WrongFamily => "wrong_family",
        NotSellable::LineState => "line_state",
        NotSellable::NeedsPlan => "needs_plan",
        NotSellable::WaitsForFirstUse => "waits_for_first_use",
        NotSellable::QueueFull => "queue_full",
        NotSellable::NewLinesOnly => "new_lines_only",
        NotSellable::LimitReached => "limit_reached",
        NotSellable::NotByLink => "not_by_link",
    }
}

const fn texts(problem: &Problem) -> (&'static str, &'static str) {
    match problem {
        Problem::Invalid { .. } => ("problem-invalid", "problem-invalid-do"),
        Problem::NotFound(_) => ("problem-not-found", "problem-not-found-do"),
        Problem::SignInFirst => ("problem-sign-in-first", "problem-sign-in-first-do"),
        Problem::NotAllowed => ("problem-not-allowed", "problem-not-allowed-do"),
        Problem::NotSellable(_) => ("problem-not-sellable", "problem-not-sellable-do"),
        Problem::TermsChanged => ("problem-terms-changed", "problem-terms-changed-do"),
        Problem::ExistsDifferently(_) => ("problem-exists-differently", "problem-exists-differently-do"),
        Problem::OrderClosed => ("problem-order-closed", "problem-order-closed-do"),
        Problem::AlreadyPaid => ("problem-already-paid", "problem-already-paid-do"),
        Problem::NotChanged(_) => ("problem-credit-not-changed", "problem-credit-not-changed-do"),
        Problem::NoCredit => ("problem-no-credit", "problem-no-credit-do"),
        Problem::RenewalUnderWay => ("problem-renewal-under-way", "problem-renewal-under-way-do"),
        Problem::NoRefund(why) => ("problem-no-refund", no_refund(*why)),
        Problem::NoOtherWay(why) => ("problem-no-other-way", no_other_way(*why)),
        Problem::NotDecided(why) => ("problem-not-decided", not_decided(*why)),
        Problem::NotGenuine => ("problem-not-genuine", "problem-not-genuine-do"),
        Problem::NoInvoice(why) => ("problem-no-invoice", no_invoice(*why)),
        Problem::NoVoucher(why) => ("problem-no-voucher", no_voucher(*why)),
        Problem::NotHandedOver(_) | Problem::OfferOver => ("problem-not-handed-over", "problem-not-handed-over-do"),
        Problem::NotClaimed(_) => ("problem-not-claimed", "claim-no-such"),
        Problem::AnotherPerson => ("problem-another-person", "identity-another-person"),
        Problem::CloseFirst => ("problem-close-first", "problem-close-first-do"),
        Problem::CorrectionOpen => ("problem-correction-open", "problem-correction-open-do"),
        Problem::IdentityFirst => ("problem-identity-first", "problem-identity-first-do"),
        Problem::TooManyLines => ("problem-too-many-lines", "problem-too-many-lines-do"),
        Problem::SoldOut => ("problem-sold-out", "problem-sold-out-do"),
        Problem::NotCommanded(_) => ("problem-not-commanded", "problem-not-commanded-do"),
        Problem::Stale => ("problem-stale", "problem-stale-do"),
        Problem::CatalogRefuses(why) => ("problem-catalog-refuses", catalog_refuses(*why)),
        Problem::NotClosed(why) => ("problem-not-closed", not_closed(*why)),
        Problem::PasswordWrong => ("problem-password-wrong", "problem-password-wrong-do"),
        Problem::PasskeyRefused => ("problem-passkey-refused", "problem-passkey-refused-do"),
        Problem::SecondFactor => ("problem-second-factor", "problem-second-factor-do"),
        Problem::ProveFirst => ("problem-prove-first", "problem-prove-first-do"),
        Problem::HeldBack { .. } => ("problem-held-back", "problem-held-back-do"),
        Problem::NumberLost => ("problem-held-back", "problem-number-lost-do"),
        Problem::NotRecovered(_) => ("problem-not-recovered", "problem-not-recovered-do"),
        Problem::NotTaken(why) => ("problem-not-taken", not_taken(*why)),
        Problem::NotContributed(_) => ("problem-not-contributed", "problem-not-contributed-do"),
        Problem::CodeWrong { .. } => ("problem-code-wrong", "problem-code-wrong-do"),
        Problem::CodeGone => ("problem-code-gone", "problem-code-gone-do"),
        Problem::TooMany { .. } => ("problem-too-many", "problem-too-many-do"),
        Problem::CardTooOften { .. } => ("problem-card-too-often", "problem-card-too-often-do"),
        Problem::ProviderRefused => ("problem-provider-refused", "problem-provider-refused-do"),
        Problem::ProviderSilent => ("problem-provider-silent", "problem-provider-silent-do"),
        Problem::DueFirst { .. } | Problem::Busy => ("problem-busy", "problem-busy-do"),
        Problem::Unavailable => ("problem-unavailable", "problem-unavailable-do"),
        Problem::OutcomeUnknown => ("problem-outcome-unknown", "problem-outcome-unknown-do"),
        Problem::Internal(_) => ("problem-internal", "problem-internal-do"),
    }
}

/// The key of why there is no invoice.
pub(crate) const fn no_invoice(why: NoInvoice) -> &'static str {
    match why {
        NoInvoice::NotPaid => "problem-no-invoice-not-paid",
        NoInvoice::MoneyWentBack => "problem-no-invoice-money-went-back",
        NoInvoice::AskedOtherwise => "problem-no-invoice-asked-otherwise",
        NoInvoice::IssuedAlready => "problem-no-invoice-issued-already",
        NoInvoice::NotWaiting => "problem-no-invoice-not-waiting",
    }
}

/// The key of why a case does not take something.
pub(crate) const fn not_taken(why: NotTaken) -> &'static str {
    match why {
        NotTaken::Over => "case-not-over",
        NotTaken::Full => "case-not-full",
        NotTaken::TooManyOpen => "case-not-too-many-open",
        NotTaken::Stale => "case-not-stale",
        NotTaken::Already => "case-not-already",
        NotTaken::Merged => "case-not-merged",
        NotTaken::OtherSolved => "case-not-other-solved",
        NotTaken::OtherReader => "case-not-other-reader",
        NotTaken::OtherStale => "case-not-other-stale",
    }
}

/// The key of why an item is not closed.
const fn not_closed(why: NotClosed) -> &'static str {
    match why {
        NotClosed::ClosedAlready => "problem-not-closed-closed-already",
        NotClosed::DoesNotFit => "problem-not-closed-does-not-fit",
        NotClosed::Reason => "recon-reason-needed",
    }
}

/// The key of why something is not done with a version of an offering.
pub(crate) const fn catalog_refuses(why: NotDone) -> &'static str {
    match why {
        NotDone::NotADraft => "catalog-no-not-a-draft",
        NotDone::OnSale => "catalog-no-on-sale",
        NotDone::NotOnSale => "catalog-no-not-on-sale",
        NotDone::NewerOnSale => "catalog-no-newer-on-sale",
        NotDone::AnotherDraft => "catalog-no-another-draft",
        NotDone::Time => "catalog-no-time",
        NotDone::NothingPlanned => "catalog-no-nothing-planned",
    }
}

/// The key of why nothing goes back.
pub(crate) const fn no_refund(why: NoRefund) -> &'static str {
    match why {
        NoRefund::NotPaid => "refund-no-not-paid",
        NoRefund::Underway => "refund-no-underway",
        NoRefund::BackAlready => "refund-no-back-already",
        NoRefund::NotAfterDelivery => "refund-no-not-after-delivery",
        NoRefund::TooLate => "refund-no-too-late",
        NoRefund::Used => "refund-no-used",
        NoRefund::Ended => "refund-no-ended",
        NoRefund::OtherNetwork => "refund-no-other-network",
        NoRefund::TooMuch => "refund-no-too-much",
        NoRefund::TooMany => "refund-no-too-many",
        NoRefund::Disputed => "refund-no-disputed",
    }
}

/// The key of why money does not go another way.
pub(crate) const fn no_other_way(why: NoOtherWay) -> &'static str {
    match why {
        NoOtherWay::NotWaiting => "refund-other-way-not-waiting",
        NoOtherWay::NotTheirAccount => "refund-other-way-not-their-account",
        NoOtherWay::Disputed => "refund-no-disputed",
    }
}

/// The key of why a colleague's refund is not decided.
pub(crate) const fn not_decided(why: NotDecided) -> &'static str {
    match why {
        NotDecided::NotWaiting => "refund-undecided-not-waiting",
        NotDecided::SamePerson => "refund-undecided-same-person",
        NotDecided::NotApprover => "refund-undecided-not-approver",
        NotDecided::LetIn => "refund-undecided-let-in",
    }
}

/// The key of why a code brings nothing, and what to do.
pub(crate) const fn no_voucher(why: NoVoucher) -> &'static str {
    match why {
        NoVoucher::Mistyped => "voucher-mistyped",
        NoVoucher::Unknown => "voucher-unknown",
        NoVoucher::Expired => "voucher-expired",
        NoVoucher::Stopped => "voucher-stopped",
        NoVoucher::NotForTopUps => "voucher-not-for-top-ups",
    }
}

const fn status(problem: &Problem) -> StatusCode {
    match problem {
        Problem::NotFound(_) | Problem::NotGenuine => StatusCode::NOT_FOUND,
        Problem::SignInFirst => StatusCode::UNAUTHORIZED,
        Problem::NotAllowed
        | Problem::SecondFactor
        | Problem::ProveFirst
        | Problem::HeldBack { .. }
        | Problem::NumberLost
        | Problem::IdentityFirst => StatusCode::FORBIDDEN,
        Problem::TermsChanged
        | Problem::OrderClosed
        | Problem::AlreadyPaid
        | Problem::NoCredit
        | Problem::NotChanged(_)
        | Problem::NotClosed(_)
        | Problem::RenewalUnderWay
        | Problem::NoRefund(_)
        | Problem::NoOtherWay(_)
        | Problem::NotDecided(_)
        | Problem::NotRecovered(_)
        | Problem::NotTaken(_)
        | Problem::NotContributed(_)
        | Problem::NotHandedOver(_)
        | Problem::OfferOver
        | Problem::AnotherPerson
        | Problem::CloseFirst
        | Problem::CorrectionOpen
        | Problem::TooManyLines
        | Problem::SoldOut
        | Problem::NotCommanded(_)
        | Problem::Stale
        | Problem::CatalogRefuses(_)
        | Problem::NoInvoice(_) => StatusCode::CONFLICT,
        Problem::Invalid { .. }
        | Problem::NotSellable(_)
        | Problem::ExistsDifferently(_)
        | Problem::NoVoucher(_)
        | Problem::NotClaimed(_)
        | Problem::PasswordWrong
        | Problem::PasskeyRefused
        | Problem::CodeWrong { .. }
        | Problem::CodeGone => StatusCode::UNPROCESSABLE_ENTITY,
        Problem::TooMany { .. } | Problem::CardTooOften { .. } => StatusCode::TOO_MANY_REQUESTS,
        Problem::ProviderRefused => StatusCode::BAD_GATEWAY,
        Problem::ProviderSilent => StatusCode::GATEWAY_TIMEOUT,
        Problem::DueFirst { .. } | Problem::Busy | Problem::Unavailable | Problem::OutcomeUnknown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Problem::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Fault::Problem(problem)
    }
}

impl IntoResponse for Fault {
    /// An empty answer that carries the fault to the guard.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}
