//! What a receipt says, as one text that can be signed, and the short form that an address carries.
//!
//! Some facts of a receipt never change ([`Facts`]): what was paid, by what, to whom, for what. Others are still to come
//! when it is written ([`Course`]): that it took effect, that money went back. The signed text holds both, as they were. A
//! [`Proof`] carries the second part and the signature, so that the same text can be made again from the store however much
//! happened since, and what did happen can be told.
//!
//! Never does: sign, or tell a guest what follows from what the line had before.

use crate::brand::Localized;
use crate::ids::ReceiptId;
use crate::money::Money;
use crate::offering::OfferingRef;
use crate::order::{Order, OrderState};
use crate::payment::{Attempt, Method};
use crate::refund::{Refund, RefundState};
use crate::time::{BusinessTime, SECOND_US, Validity, Zone};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Whom a receipt is written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reader {
    /// The line's owner.
    Owner,
    /// Whoever paid by the line's number: learns nothing of what the line had before.
    Guest,
}

/// Who was paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payee {
    /// The legal name.
    pub legal_name: Localized,
    /// The organisation credit code.
    pub credit_code: String,
}

/// What never changes of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its number, gap-free within the brand.
    pub number: i64,
    /// When it was issued.
    pub issued_at: BusinessTime,
    /// The order's number.
    pub order: String,
    /// Who was paid.
    pub payee: Payee,
    /// What was bought.
    pub item: OfferingRef,
    /// What that is called.
    pub item_name: Localized,
    /// How long that lasts, as sold.
    pub lasts: Option<Validity>,
    /// The line's number, masked.
    pub msisdn: String,
    /// The card that served the line then, masked; not for a guest, and unknown for old receipts.
    pub iccid: Option<String>,
    /// What was paid.
    pub amount: Money,
    /// By what it was paid.
    pub payments: Vec<Payment>,
}

/// One attempt that brought money for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// How.
    pub method: Method,
    /// Whether it is credit that a voucher brought for this order.
    pub by_voucher: bool,
    /// Our number for it at the provider.
    pub out_trade_no: String,
    /// The provider's number.
    pub trade_no: Option<String>,
    /// What it brought.
    pub received: Money,
    /// When.
    pub paid_at: BusinessTime,
}

impl Payment {
    /// The stable word for how it was paid.
    #[must_use]
    pub const fn how(&self) -> &'static str {
        if self.by_voucher { Attempt::BY_VOUCHER } else { self.method.word() }
    }
}

/// How far what was bought is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Paid, and not confirmed by the network.
    NotYet,
    /// Delivered, and not acknowledged by the network.
    Delivered,
    /// Begins when the plans before it end.
    Queued,
    /// Begins with the first use.
    StartsOnFirstUse,
    /// The network side confirmed it.
    InEffect,
    /// It worked: all that a guest is told.
    Done,
    /// The money is on its way back.
    Refunding,
    /// The money went back.
    Refunded,
}

impl Outcome {
    /// Of an order that was paid, for somebody.
    #[must_use]
    pub const fn of(state: OrderState, reader: Reader) -> Self {
        match (state, reader) {
            (OrderState::Queued | OrderState::StartsOnFirstUse | OrderState::InEffect, Reader::Guest) => Outcome::Done,
            (OrderState::AwaitingPayment | OrderState::Closed | OrderState::Paid, _) => Outcome::NotYet,
            (OrderState::Delivered, _) => Outcome::Delivered,
            (OrderState::Queued, _) => Outcome::Queued,
            (OrderState::StartsOnFirstUse, _) => Outcome::StartsOnFirstUse,
            (OrderState::InEffect, _) => Outcome::InEffect,
            (OrderState::Refunding, _) => Outcome::Refunding,
            (OrderState::Refunded, _) => Outcome::Refunded,
        }
    }
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::NotYet => "not_yet",
            Outcome::Delivered => "delivered",
            Outcome::Queued => "queued",
            Outcome::StartsOnFirstUse => "starts_on_first_use",
            Outcome::InEffect => "in_effect",
            Outcome::Done => "done",
            Outcome::Refunding => "refunding",
            Outcome::Refunded => "refunded",
        }
    }
}

/// An instant in whole seconds, as receipts tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Second(i64);
impl Second {
    /// The second in which an instant lies.
    #[must_use]
    pub const fn of(at: BusinessTime) -> Self {
        Self(at.us().div_euclid(SECOND_US))
    }
    /// Its first instant.
    #[must_use]
    pub const fn instant(self) -> BusinessTime {
        BusinessTime::from_us(self.0.saturating_mul(SECOND_US))
    }
}

/// Money that went back, or is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// How much, in millionths of the receipt's currency.
    pub micros: i64,
    /// Where it is.
    pub state: RefundState,
    /// Since when.
    pub started: Second,
}

/// What became of a receipt's order up to some instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// For whom.
    pub reader: Reader,
    /// How far it is.
    pub outcome: Outcome,
    /// When it was delivered.
    pub delivered: Option<Second>,
    /// When the network side confirmed it. Never for a guest, like what follows.
    pub in_effect: Option<Second>,
    /// When it begins.
    pub starts: Option<Second>,
    /// When it ends.
    pub ends: Option<Second>,
    /// Money that went back, in the order in which it was decided.
    pub returns: Vec<Return>,
}

impl Course {
    /// Of an order as it is now.
    #[must_use]
    pub fn of(order: &Order, refunds: &[Refund], reader: Reader) -> Self {
        let own = |at: Option<BusinessTime>| at.filter(|_| reader == Reader::Owner).map(Second::of);
        let mut returns: Vec<&Refund> = refunds.iter().collect();
        returns.sort_by_key(|refund| (refund.started_at, refund.id));
        let returned = |refund: &&Refund| Return {
            micros: refund.amount.micros(),
            state: refund.state,
            started: Second::of(refund.started_at),
        };
        Self {
            reader,
            outcome: Outcome::of(order.state, reader),
            delivered: order.delivered_at.map(Second::of),
            in_effect: own(order.in_effect_at),
            starts: own(order.starts_at),
            ends: own(order.ends_at),
            returns: returns.iter().map(returned).collect(),
        }
    }
    /// What is different in a later course of the same order.
    #[must_use]
    pub fn changes(&self, later: &Self) -> Vec<Change> {
        let at = |then: Option<Second>, now: Option<Second>| now.filter(|_| now != then);
        let outcome = (self.outcome != later.outcome).then_some(Change::Outcome(later.outcome));
        let steps = [
            at(self.delivered, later.delivered).map(Change::Delivered),
            at(self.in_effect, later.in_effect).map(Change::InEffect),
            at(self.starts, later.starts).map(Change::Starts),
            at(self.ends, later.ends).map(Change::Ends),
        ];
        let returns = later.returns.iter().filter(|one| !self.returns.contains(one)).copied().map(Change::Returned);
        outcome.into_iter().chain(steps.into_iter().flatten()).chain(returns).collect()
    }
}

/// Something that happened after a receipt was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is further.
    Outcome(Outcome),
    /// It was delivered.
    Delivered(Second),
    /// The network confirmed it.
    InEffect(Second),
    /// It begins at another time.
    Starts(Second),
    /// It ends at another time.
    Ends(Second),
    /// Money went back, or is now elsewhere on its way.
    Returned(Return),
}

/// The text that is signed: a line for each fact, its name first. Times are in UTC and whole seconds, amounts decimal with
/// their currency; names stand in every language there is. A line break or another control character within a value is
/// written as its code point, so that no value can look like a fact.
#[must_use]
pub fn statement(facts: &Facts, course: &Course) -> String {
    let mut text = Text("everline receipt 1\n".to_owned());
    text.fact("number", &facts.number.to_string());
    text.time("issued", Second::of(facts.issued_at));
    text.fact("order", &facts.order);
    text.localized("payee", &facts.payee.legal_name);
    text.fact("payee-credit-code", &facts.payee.credit_code);
    text.fact("item", &facts.item.to_string());
    text.localized("item-name", &facts.item_name);
    if let Some(lasts) = facts.lasts {
        text.fact("lasts", &lasts_text(lasts));
    }
    text.fact("line", &facts.msisdn);
    if let Some(iccid) = &facts.iccid {
        text.fact("iccid", iccid);
    }
    text.money("amount", facts.amount);
    for payment in &facts.payments {
        text.fact("payment", payment.how());
        text.money("received", payment.received);
        text.time("paid", Second::of(payment.paid_at));
        text.fact("out-trade-no", &payment.out_trade_no);
        if let Some(trade_no) = &payment.trade_no {
            text.fact("trade-no", trade_no);
        }
    }
    text.fact("reader", if course.reader == Reader::Owner { "owner" } else { "guest" });
    text.fact("outcome", course.outcome.word());
    let times = [
        ("delivered", course.delivered),
        ("in-effect", course.in_effect),
        ("starts", course.starts),
        ("ends", course.ends),
    ];
    for (name, at) in times {
        if let Some(at) = at {
            text.time(name, at);
        }
    }
    for one in &course.returns {
        text.fact("refund", one.state.word());
        text.money("refund-amount", Money::from_micros(one.micros, facts.amount.currency()));
        text.time("refund-started", one.started);
    }
    text.0
}

fn lasts_text(lasts: Validity) -> String {
    match lasts {
        Validity::Days(days) => format!("{days} days"),
        Validity::Months(months) => format!("{months} months"),
        Validity::MonthEnd => "to the end of the month".to_owned(),
    }
}

struct Text(String);
impl Text {
    fn fact(&mut self, name: &str, value: &str) {
        self.0.push_str(name);
        self.0.push(' ');
        for c in value.chars() {
            if c.is_control() || c == '\\' {
                let _ = write!(self.0, "\\u{{{:x}}}", u32::from(c)); // writing to a string cannot fail
            } else {
                self.0.push(c);
            }
        }
        self.0.push('\n');
    }
    fn time(&mut self, name: &str, at: Second) {
        self.fact(name, &Zone::utc().rfc3339(at.instant()));
    }
    fn money(&mut self, name: &str, amount: Money) {
        self.fact(name, &format!("{} {}", amount.decimal(), amount.currency().code()));
    }
    fn localized(&mut self, name: &str, texts: &Localized) {
        for (language, text) in &texts.0 {
            self.fact(&format!("{name}-{language}"), text);
        }
    }
}

/// Which of our keys signed: the first bytes of the SHA-256 of the public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Bytes of an Ed25519 signature (RFC 8032 §5.1.6).
pub const SIGNATURE_BYTES: usize = 64;

/// What proves a receipt together with the store: which it is, what it said of what was still to come, and the signature
/// over its [`statement`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The key that signed.
    pub key: KeyId,
    /// The receipt.
    pub receipt: ReceiptId,
    /// What it said.
    pub course: Course,
    /// The signature.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// The first byte of every proof.
const PROOF_VERSION: u8 = 1;
/// More than any order has.
const RETURNS_MAX: usize = 64;

impl Proof {
    /// As bytes, for an address: version, key, receipt, course (postcard), signature.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let course = postcard::to_allocvec(&self.course).unwrap_or_default();
        [&[PROOF_VERSION], self.key.0.as_slice(), &self.receipt.bytes(), &course, &self.signature].concat()
    }
    /// From bytes; `None` if they are not exactly what [`Proof::to_bytes`] makes of a proof.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        let (key, rest) = rest.split_first_chunk::<4>()?;
        let (receipt, rest) = rest.split_first_chunk::<16>()?;
        let (course, signature) = rest.split_last_chunk::<SIGNATURE_BYTES>()?;
        let course: Course = postcard::from_bytes(course).ok()?;
        if *version != PROOF_VERSION || course.returns.len() > RETURNS_MAX {
            return None;
        }
        let proof = Self { key: KeyId(*key), receipt: ReceiptId::from(*receipt), course, signature: *signature };
        (proof.to_bytes() == bytes).then_some(proof)
    }
}
