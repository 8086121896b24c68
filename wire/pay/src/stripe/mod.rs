//! Cards, by Stripe's API: requests, answers, webhooks, for the merchant and for a stand-in of Stripe.
//!
//! A card number never reaches the merchant, and no type here has a place for one. A payer gives it to a page that
//! Stripe hosts: a **Checkout Session** ([`CreateCheckoutSession`]), in payment mode or, to save a card alone, in setup
//! mode. The portal sends the browser there by a redirect and gets it back by another, so that it needs no script; the
//! page takes care of declined cards, of wallets and of 3-D Secure. (A PaymentIntent with `next_action.redirect_to_url`
//! would need the card first, and on the merchant's side a card only comes from Stripe's script.) A card that was saved
//! is charged while its owner is away by a **PaymentIntent** ([`CreatePaymentIntent`]).
//!
//! How the protocol is made, and where each rule lives:
//!
//! - A **request** is a form with nested names, the secret key as bearer token, the version of the API, and for
//!   everything that changes something an idempotency key ([`Command`], [`Query`], [`HttpRequest`]). Nothing is signed:
//!   TLS says who answers.
//! - An **answer** is an object or an error, told apart by the status ([`read_reply`], [`Page::read_reply`],
//!   [`Refusal`]). After an error that leaves it open whether something was done, the same command is sent again with
//!   the same key, within the 24 hours that Stripe keeps it; never with another.
//! - A **webhook** carries an event. What is signed is `t.body`, HMAC-SHA256 with the secret of the endpoint, hexadecimal
//!   in `Stripe-Signature: t=…,v1=…` ([`Event::verify`]).
//! - **Amounts** are whole minor units, whose worth Stripe defines ([`Amount`]).
//!
//! The other direction is here too: a stand-in reads requests ([`Received::read`]), writes objects
//! ([`Object::to_json`]), errors ([`RequestError::to_refusal`], [`Refusal::to_json`]) and events ([`Event::to_body`],
//! [`EndpointSecret::sign`]).

mod amount;
mod event;
mod ids;
mod object;
mod refusal;
mod request;
mod webhook;
mod words;

pub use amount::{Amount, AmountError, Currency};
pub use event::{Event, EventError, EventObject, EventType};
pub use ids::{
    ApiKey, BalanceSourceId, BalanceTransactionId, ChargeId, CheckoutSessionId, CustomerId, DisputeId, EventId,
    ID_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, IdempotencyKey, PaymentIntentId, PaymentMethodId, PayoutId, RefundId,
    SetupIntentId,
};
pub use object::{
    BalanceSource, BalanceTransaction, BalanceTransactionType, Card, Charge, ChargeStatus, CheckoutSession, Customer,
    Dispute, DisputeStatus, Expandable, Metadata, Object, Page, PaymentError, PaymentIntent, PaymentIntentStatus,
    PaymentMethod, Payout, PayoutStatus, Refund, RefundStatus, Reply, SessionMode, SessionPaymentStatus, SessionStatus,
    SetupIntent, SetupIntentStatus, read_reply,
};
pub use refusal::{ErrorType, Refusal, RefusalKind};
pub use request::{
    Asked, BalanceScope, CancelPaymentIntent, CancellationReason, Command, CreateCheckoutSession, CreateCustomer,
    CreatePaymentIntent, CreateRefund, EvidenceField, HttpMethod, HttpRequest, ListBalanceTransactions, ListPayouts,
    ListRefunds, Payer, Query, Received, RefundReason, RequestError, SessionPurpose, SubmitDisputeEvidence,
    TEXT_CHARS_MAX, TimeRange,
};
pub use webhook::{EndpointSecret, SIGNATURE_HEADER_BYTES_MAX, SIGNATURES_MAX, TOLERANCE_S, WebhookError};

/// The version of the API that every request names, and that webhook endpoints are to be made with. It is the one that
/// the SDKs behind the golden vectors (npm `stripe` 23.1.0, PyPI `stripe` 16.1.0) were generated for, so that requests
/// are compared with what those send. It is not just the date that matters: until 2026-09-30 a session's means of
/// payment were named by `payment_method_types`, which this version refuses.
pub const API_VERSION: &str = "2026-10-28.endive";
/// Largest answer accepted, in bytes. Larger than elsewhere in this crate: a page of movements brings along what each is
/// about, some 5 KiB for a charge, and for a dispute all its evidence.
pub const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Largest body of a webhook accepted, in bytes. An event about a dispute has all its evidence, up to 150,000 characters.
pub const EVENT_BYTES_MAX: usize = 1024 * 1024;
/// Where Stripe is.
pub const API_BASE: &str = "https://api.stripe.com";
