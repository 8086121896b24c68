//! The Checkout Sessions of the card gateway as plain state: what a payer and a merchant can do to them, and what is
//! refused.
//!
//! Owns states and refunds, and the answers that idempotency keys are remembered with. Knows no HTTP, no keys and no
//! clock: the time comes in with every call.

use super::kept::{CardDispute, DebitEnd, DisputeStand};
use crate::gateway::trade::{CannotPay, Intent};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use wire_pay::stripe::{
    Amount, Command, CreateCheckoutSession, CreateRefund, IdempotencyKey, Metadata, Payer, SessionPurpose,
};

/// The most sessions kept; beyond it the oldest that nobody can pay any more are forgotten.
const SESSIONS_MAX: usize = 5_000;
/// How long an idempotency key is kept, in µs.
const KEY_KEPT_US: i64 = 24 * 3_600 * 1_000_000;

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The page can be used.
    Open,
    /// The payer sent a card, and its bank asks the payer (3-D Secure).
    Challenged,
    /// Paid.
    Paid {
        /// When, unix µs.
        at_us: i64,
    },
    /// It ended without payment.
    Expired {
        /// Whether time ended it; otherwise the merchant did.
        by_deadline: bool,
    },
}

/// How a refund ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundEnd {
    /// Under way, until it is settled.
    Pending,
    /// Sent to the card.
    #[default]
    Succeeded,
    /// It came back.
    Failed,
}

/// Money given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CardRefund {
    pub(crate) amount: Amount,
    pub(crate) metadata: Metadata,
    pub(crate) at_us: i64,
    pub(crate) end: RefundEnd,
}

/// One session, its payment and its refunds.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) request: CreateCheckoutSession,
    pub(crate) amount: Amount,
    /// What the payer reads.
    pub(crate) subject: String,
    /// Names the page, and all objects of the session; not guessable.
    pub(crate) token: String,
    pub(crate) created_us: i64,
    pub(crate) state: State,
    pub(crate) intent: Intent,
    /// How often a card was declined.
    pub(crate) declined: u32,
    pub(crate) refunds: Vec<CardRefund>,
    /// The session whose kept card pays, of a debit: it has no page.
    pub(crate) pays_with: Option<String>,
    /// Whether the card that was kept here is forgotten.
    pub(crate) detached: bool,
    pub(crate) dispute: Option<CardDispute>,
}

/// Something the merchant is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened {
    /// Money was taken.
    Paid,
    /// A try failed.
    Declined,
    /// The session ended.
    Expired,
    /// Money was given back, under this place.
    Refunded(usize),
    /// The refund of this place ended.
    RefundEnded(usize),
    /// The payer's bank wants the money back, and took it.
    Disputed,
    /// The dispute ended.
    DisputeEnded,
}

/// Why the merchant is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Only an open session can be ended.
    NotOpen,
    /// Nothing was taken that could go back.
    NotPaid,
    /// More than was taken and not given back.
    TooMuch,
    /// Another currency, or no amount.
    Amount,
}

/// What a payer or their bank can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CardAction {
    /// Pay; a bank's question is answered with yes.
    Pay,
    /// Send a card whose bank asks first (3-D Secure).
    Challenge,
    /// The card is declined, or the bank's question is answered with no.
    Decline,
    /// Pay when the session has ended, as a payment that was under way does.
    PayLate,
    /// Walk away.
    Never,
    /// The refunds under way arrive.
    SettleRefunds,
    /// Dispute what was paid.
    Dispute,
    /// The dispute ends for the merchant.
    DisputeWon,
    /// The dispute ends for the payer.
    DisputeLost,
}

impl Session {
    /// The merchant's number.
    pub(crate) fn out_trade_no(&self) -> &str {
        &self.request.client_reference_id
    }

    /// When it ends, unix µs.
    pub(crate) fn deadline_us(&self) -> i64 {
        self.request.expires_at_unix_s.saturating_mul(1_000_000)
    }

    /// When it was paid, unix µs.
    pub(crate) fn paid_us(&self) -> Option<i64> {
        match self.state {
            State::Paid { at_us } => Some(at_us),
            _ => None,
        }
    }

    /// Whether a person could still do something about it.
    pub(crate) fn is_open(&self) -> bool {
        let open = matches!(self.state, State::Open | State::Challenged) && self.intent != Intent::Never;
        open && self.pays_with.is_none()
    }

    /// What was given back or is on its way, in minor units.
    pub(crate) fn refunded_minor(&self) -> i64 {
        let counts = self.refunds.iter().filter(|refund| refund.end != RefundEnd::Failed);
        counts.map(|refund| refund.amount.minor()).sum()
    }

    /// The payer acts.
    pub(crate) fn act(&mut self, action: CardAction, now_us: i64) -> Result<Vec<Happened>, CannotPay> {
        match action {
            CardAction::SettleRefunds => return Ok(self.settle()),
            CardAction::Dispute => return self.begin_dispute(now_us),
            CardAction::DisputeWon => return self.end_dispute(DisputeStand::Won),
            CardAction::DisputeLost => return self.end_dispute(DisputeStand::Lost),
            _ => {}
        }
        match self.state {
            State::Paid { .. } => return Err(CannotPay::AlreadyPaid),
            State::Expired { by_deadline: false } => return Err(CannotPay::Closed),
            State::Expired { .. } if action != CardAction::PayLate => return Err(CannotPay::Expired),
            _ => {}
        }
        let ended = now_us >= self.deadline_us();
        Ok(match action {
            CardAction::PayLate if !ended => {
                self.intent = Intent::Late;
                Vec::new()
            }
            CardAction::Never => {
                self.intent = Intent::Never;
                Vec::new()
            }
            CardAction::Pay | CardAction::Challenge | CardAction::Decline if ended => return Err(CannotPay::Expired),
            CardAction::Challenge => {
                self.state = State::Challenged;
                Vec::new()
            }
            CardAction::Decline => {
                self.state = State::Open;
                self.declined += 1;
                vec![Happened::Declined]
            }
            _ => {
                self.state = State::Paid { at_us: now_us };
                self.intent = Intent::Undecided;
                vec![Happened::Paid]
            }
        })
    }

    /// For whom the card that paid is kept.
    pub(crate) fn keeps_for(&self) -> Option<&str> {
        match &self.request.purpose {
            SessionPurpose::Payment { payer: Payer::SavingCard(customer), .. } => Some(customer.as_str()),
            _ => None,
        }
    }

    fn begin_dispute(&mut self, now_us: i64) -> Result<Vec<Happened>, CannotPay> {
        if self.paid_us().is_none() || self.dispute.is_some() {
            return Err(CannotPay::Closed);
        }
        self.dispute = Some(CardDispute { at_us: now_us, stand: DisputeStand::Open });
        Ok(vec![Happened::Disputed])
    }

    fn end_dispute(&mut self, stand: DisputeStand) -> Result<Vec<Happened>, CannotPay> {
        let open = self.dispute.as_mut().filter(|dispute| dispute.stand == DisputeStand::Open);
        open.ok_or(CannotPay::Closed)?.stand = stand;
        Ok(vec![Happened::DisputeEnded])
    }

    fn settle(&mut self) -> Vec<Happened> {
        let pending = self.refunds.iter_mut().enumerate().filter(|(_, refund)| refund.end == RefundEnd::Pending);
        pending
            .map(|(at, refund)| {
                refund.end = RefundEnd::Succeeded;
                Happened::RefundEnded(at)
            })
            .collect()
    }

    /// The merchant ends it.
    pub(crate) fn expire(&mut self) -> Result<Happened, Refused> {
        match self.state {
            State::Open | State::Challenged => {
                self.state = State::Expired { by_deadline: false };
                Ok(Happened::Expired)
            }
            State::Paid { .. } | State::Expired { .. } => Err(Refused::NotOpen),
        }
    }

    /// The merchant gives money back: every request is a refund of its own. Its place is returned.
    pub(crate) fn refund(&mut self, asked: &CreateRefund, end: RefundEnd, now_us: i64) -> Result<usize, Refused> {
        if self.paid_us().is_none() {
            return Err(Refused::NotPaid);
        }
        let amount = Amount::new(asked.amount_minor, self.amount.currency()).map_err(|_| Refused::Amount)?;
        if self.refunded_minor().saturating_add(amount.minor()) > self.amount.minor() {
            return Err(Refused::TooMuch);
        }
        self.refunds.push(CardRefund { amount, metadata: asked.metadata.clone(), at_us: now_us, end });
        Ok(self.refunds.len() - 1)
    }
}

/// What a key was used for, and what was answered.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    pub(crate) command: Command,
    pub(crate) status: u16,
    pub(crate) body: String,
    at_us: i64,
}

/// All sessions of one merchant.
#[derive(Debug, Default)]
pub(crate) struct Book {
    sessions: BTreeMap<u64, Session>,
    by_token: HashMap<String, u64>,
    next: u64,
    keys: BTreeMap<IdempotencyKey, Remembered>,
    /// How the next refunds end.
    pub(crate) refunds_end: RefundEnd,
    /// How the next debits of kept cards end.
    pub(crate) debits_end: DebitEnd,
    /// Whom cards can be kept for.
    pub(crate) customers: BTreeSet<String>,
}

impl Book {
    /// Opens a session.
    pub(crate) fn open(&mut self, session: Session) -> &mut Session {
        if self.sessions.len() >= SESSIONS_MAX {
            let dead = |session: &Session| matches!(session.state, State::Paid { .. } | State::Expired { .. });
            let oldest = self.sessions.iter().find(|(_, session)| dead(session)).map(|(at, _)| *at);
            if let Some(session) = oldest.and_then(|at| self.sessions.remove(&at)) {
                self.by_token.remove(&session.token);
            }
        }
        let at = self.next;
        self.next += 1;
        self.by_token.insert(session.token.clone(), at);
        self.sessions.entry(at).or_insert(session)
    }

    /// All sessions, newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().rev()
    }

    /// The session behind a page.
    pub(crate) fn by_token(&self, token: &str) -> Option<&Session> {
        self.by_token.get(token).and_then(|at| self.sessions.get(at))
    }

    /// The same, to change it.
    pub(crate) fn by_token_mut(&mut self, token: &str) -> Option<&mut Session> {
        self.by_token.get(token).and_then(|at| self.sessions.get_mut(at))
    }

    /// The token of the newest session with a number of the merchant's.
    pub(crate) fn token_of(&self, out_trade_no: &str) -> Option<String> {
        self.newest_first().find(|session| session.out_trade_no() == out_trade_no).map(|session| session.token.clone())
    }

    /// What a key was used for within a day.
    pub(crate) fn remembered(&mut self, key: &IdempotencyKey, now_us: i64) -> Option<&Remembered> {
        self.keys.retain(|_, known| now_us.saturating_sub(known.at_us) < KEY_KEPT_US);
        self.keys.get(key)
    }

    /// Remembers what a key was used for.
    pub(crate) fn remember(&mut self, key: IdempotencyKey, command: Command, answer: (u16, String), now_us: i64) {
        let (status, body) = answer;
        self.keys.insert(key, Remembered { command, status, body, at_us: now_us });
    }

    /// What the passing of time does: late payers pay, and sessions end.
    pub(crate) fn sweep(&mut self, now_us: i64) -> Vec<(Session, Happened)> {
        let due = |session: &&mut Session| {
            matches!(session.state, State::Open | State::Challenged) && now_us >= session.deadline_us()
        };
        let end = |session: &mut Session| {
            let happened = if session.intent == Intent::Late {
                session.state = State::Paid { at_us: now_us };
                session.intent = Intent::Undecided;
                Happened::Paid
            } else {
                session.state = State::Expired { by_deadline: true };
                Happened::Expired
            };
            (session.clone(), happened)
        };
        self.sessions.values_mut().filter(due).map(end).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire_pay::stripe::{Currency, PaymentIntentId};

    const NOW: i64 = 1_772_327_107_000_000;
    const HOUR_US: i64 = 3_600_000_000;

    fn session() -> Session {
        let amount = Amount::new(990, Currency::parse("cny").unwrap()).unwrap();
        let request = CreateCheckoutSession {
            client_reference_id: "E1".into(),
            purpose: SessionPurpose::Payment { amount, product_name: "10 GB".into(), payer: Payer::Guest },
            success_url: "http://shop.test/".into(),
            cancel_url: "http://shop.test/".into(),
            expires_at_unix_s: (NOW + HOUR_US) / 1_000_000,
            locale: None,
            metadata: Metadata::new(),
        };
        Session {
            request,
            amount,
            subject: "10 GB".into(),
            token: "t1".into(),
            created_us: NOW,
            state: State::Open,
            intent: Intent::Undecided,
            declined: 0,
            refunds: Vec::new(),
            pays_with: None,
            detached: false,
            dispute: None,
        }
    }

    fn refund(amount_minor: i64) -> CreateRefund {
        let payment_intent = PaymentIntentId::parse("pi_t1").unwrap();
        CreateRefund { payment_intent, amount_minor, reason: None, metadata: Metadata::new() }
    }

    #[test]
    fn a_session_is_paid_once_after_every_question() {
        let mut one = session();
        assert_eq!(one.act(CardAction::Decline, NOW), Ok(vec![Happened::Declined]));
        assert_eq!(one.act(CardAction::Challenge, NOW), Ok(vec![]));
        assert_eq!((one.state, one.declined), (State::Challenged, 1));
        assert_eq!(one.act(CardAction::Pay, NOW + 1), Ok(vec![Happened::Paid]));
        assert_eq!(one.paid_us(), Some(NOW + 1));
        for again in [CardAction::Pay, CardAction::Challenge, CardAction::Decline, CardAction::PayLate] {
            assert_eq!(one.act(again, NOW + 2), Err(CannotPay::AlreadyPaid), "{again:?}");
        }
        assert_eq!(one.expire(), Err(Refused::NotOpen));
    }

    #[test]
    fn a_session_ends_by_time_or_by_the_merchant() {
        let mut closed = session();
        assert_eq!(closed.expire(), Ok(Happened::Expired));
        assert_eq!(closed.expire(), Err(Refused::NotOpen));
        assert_eq!(closed.act(CardAction::Pay, NOW), Err(CannotPay::Closed));
        assert_eq!(closed.act(CardAction::PayLate, NOW + 2 * HOUR_US), Err(CannotPay::Closed));
        let mut book = Book::default();
        book.open(session());
        assert!(book.sweep(NOW + HOUR_US - 1).is_empty());
        assert_eq!(book.sweep(NOW + HOUR_US).len(), 1);
        let ended = book.by_token_mut("t1").unwrap();
        assert_eq!(ended.act(CardAction::Pay, NOW + HOUR_US), Err(CannotPay::Expired));
        assert_eq!(ended.act(CardAction::PayLate, NOW + HOUR_US), Ok(vec![Happened::Paid]));
        let mut book = Book::default();
        assert_eq!(book.open(session()).act(CardAction::PayLate, NOW), Ok(vec![]));
        assert!(matches!(book.sweep(NOW + HOUR_US).as_slice(), [(_, Happened::Paid)]));
    }

    #[test]
    fn refunds_never_exceed_what_was_paid_and_failed_ones_do_not_count() {
        let mut one = session();
        assert_eq!(one.refund(&refund(1), RefundEnd::Succeeded, NOW), Err(Refused::NotPaid));
        one.act(CardAction::Pay, NOW).unwrap();
        assert_eq!(one.refund(&refund(990), RefundEnd::Failed, NOW), Ok(0));
        assert_eq!(one.refund(&refund(900), RefundEnd::Pending, NOW), Ok(1));
        assert_eq!(one.refund(&refund(91), RefundEnd::Succeeded, NOW), Err(Refused::TooMuch));
        assert_eq!(one.refund(&refund(90), RefundEnd::Succeeded, NOW), Ok(2));
        assert_eq!(one.act(CardAction::SettleRefunds, NOW), Ok(vec![Happened::RefundEnded(1)]));
        assert_eq!(one.act(CardAction::SettleRefunds, NOW), Ok(vec![]));
    }

    #[test]
    fn keys_are_forgotten_after_a_day() {
        let mut book = Book::default();
        let key = |text: &str| IdempotencyKey::parse(text).unwrap();
        let command = Command::CreateRefund(refund(1));
        book.remember(key("a"), command.clone(), (200, "{}".into()), NOW);
        book.remember(key("b"), command, (200, "{}".into()), NOW + KEY_KEPT_US - 1);
        assert!(book.remembered(&key("a"), NOW + KEY_KEPT_US - 1).is_some());
        assert!(book.remembered(&key("a"), NOW + KEY_KEPT_US).is_none());
        assert!(book.remembered(&key("b"), NOW + KEY_KEPT_US).is_some());
    }
}
