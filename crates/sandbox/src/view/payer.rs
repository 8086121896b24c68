//! The payer's phone: what can be paid, what was, and what the bank says of kept cards.

use super::Texts;
use super::panels::{rendered, when};
use crate::{
    World,
    cards::{
        self,
        book::{RefundEnd, Session, State as SessionState},
        kept::{DebitEnd, DisputeStand},
    },
    gateway::{
        self,
        trade::{Intent, State, Trade, Wallet},
    },
    net::lock,
};
use askama::Template;
use fast_qr::{Module, QRBuilder, QRCode};

struct Card {
    wallet: &'static str,
    out_trade_no: String,
    amount: String,
    subject: String,
    deadline: String,
    declined: u32,
    state: &'static str,
    tone: &'static str,
    page_url: String,
    /// The QR code as SVG, as long as nobody scanned it.
    qr: Option<String>,
    scannable: bool,
}

#[derive(Template)]
#[template(path = "payer.html")]
struct Payer<'a> {
    t: &'a Texts,
    seller: &'a str,
    open: Vec<Card>,
    finished: Vec<Card>,
    /// The card gateway's sessions that a person could still pay, and the last of the others.
    open_sessions: Vec<SessionCard>,
    finished_sessions: Vec<SessionCard>,
    /// What the bank says of kept cards: the words, and which it is.
    debits: Vec<(&'static str, &'static str, bool)>,
}

/// A session of the card gateway.
struct SessionCard {
    out_trade_no: String,
    amount: String,
    subject: String,
    deadline: String,
    declined: u32,
    state: &'static str,
    tone: &'static str,
    page_url: String,
    challenged: bool,
    /// Whether money is on its way back.
    refunding: bool,
    /// Whether it can be disputed.
    disputable: bool,
    /// Whether a dispute is open.
    disputed: bool,
}

pub(super) fn payer(world: &World, t: &Texts) -> String {
    let now_us = (world.clock)();
    let book = lock(&world.payments.book);
    let (mut open, mut finished) = (Vec::new(), Vec::new());
    for trade in book.newest_first().take(200) {
        let list = if trade.is_open() { &mut open } else { &mut finished };
        if list.len() < 20 {
            list.push(card(world, trade, now_us));
        }
    }
    drop(book);
    let (open_sessions, finished_sessions) = sessions(world);
    let end = lock(&world.cards.book).debits_end;
    let debit = |word, key, value| (word, key, end == value);
    let debits = vec![
        debit("succeeded", "debit-succeeds", DebitEnd::Succeeded),
        debit("declined", "debit-declined", DebitEnd::Declined),
        debit("authentication", "debit-authentication", DebitEnd::Authentication),
    ];
    rendered(&Payer { t, seller: &world.seller_name, open, finished, open_sessions, finished_sessions, debits })
}

fn sessions(world: &World) -> (Vec<SessionCard>, Vec<SessionCard>) {
    let book = lock(&world.cards.book);
    let (mut open, mut finished) = (Vec::new(), Vec::new());
    for session in book.newest_first().take(200) {
        let list = if session.is_open() { &mut open } else { &mut finished };
        if list.len() < 20 {
            list.push(session_card(world, session));
        }
    }
    (open, finished)
}

fn session_card(world: &World, session: &Session) -> SessionCard {
    let (state, tone) = match (session.state, session.intent) {
        (SessionState::Paid { .. }, _) if session.dispute.is_some() => ("state-disputed", "warn"),
        (SessionState::Paid { .. }, _) if session.refunds.is_empty() => ("state-paid", "good"),
        (SessionState::Paid { .. }, _) => ("state-refunded", "quiet"),
        (SessionState::Open, _) if session.pays_with.is_some() => ("state-declined", "quiet"),
        (SessionState::Expired { .. }, _) => ("state-closed", "quiet"),
        (_, Intent::Never) => ("state-never", "quiet"),
        (_, Intent::Late) => ("state-late", "warn"),
        (SessionState::Challenged, _) => ("state-challenged", "warn"),
        (SessionState::Open, _) => ("state-waiting", "warn"),
    };
    SessionCard {
        out_trade_no: session.out_trade_no().to_owned(),
        amount: cards::page::shown(session.amount),
        subject: session.subject.clone(),
        deadline: when(session.deadline_us()),
        declined: session.declined,
        state,
        tone,
        page_url: world.cards.page_url(session),
        challenged: session.state == SessionState::Challenged,
        refunding: session.refunds.iter().any(|refund| refund.end == RefundEnd::Pending),
        disputable: session.paid_us().is_some() && session.dispute.is_none(),
        disputed: session.dispute.is_some_and(|dispute| dispute.stand == DisputeStand::Open),
    }
}

fn card(world: &World, trade: &Trade, now_us: i64) -> Card {
    let expired = now_us >= trade.request.deadline_us;
    let (state, tone) = match (trade.state, trade.intent) {
        (State::Paid { .. }, _) if trade.refunds.is_empty() => ("state-paid", "good"),
        (State::Paid { .. }, _) => ("state-refunded", "quiet"),
        (State::Closed { .. }, _) => ("state-closed", "quiet"),
        (_, Intent::Never) => ("state-never", "quiet"),
        (_, Intent::Late) => ("state-late", "warn"),
        _ if expired => ("state-expired", "warn"),
        (State::Waiting, _) => ("state-waiting", "warn"),
        (State::Offered, _) => ("state-offered", "info"),
    };
    let scannable = trade.state == State::Offered && !expired;
    Card {
        wallet: wallet_key(trade.wallet()),
        out_trade_no: trade.request.out_trade_no.clone(),
        amount: trade.request.amount.to_string(),
        subject: trade.request.subject.clone(),
        deadline: when(trade.request.deadline_us),
        declined: trade.declined,
        state,
        tone,
        page_url: gateway::page_url(world, trade),
        qr: if scannable { svg(&gateway::code_of(world, trade)) } else { None },
        scannable,
    }
}

/// The key of a wallet's name.
fn wallet_key(wallet: Wallet) -> &'static str {
    match wallet {
        Wallet::Alipay => "wallet-alipay",
        Wallet::Wechat => "wallet-wechat",
    }
}

/// A QR code as an SVG of one path, with a quiet zone of two modules.
fn svg(text: &str) -> Option<String> {
    let code: QRCode = QRBuilder::new(text).build().ok()?;
    let side = code.size;
    let mut path = String::new();
    for (at, module) in code.data.iter().take(side * side).enumerate() {
        if module.value() == Module::DARK {
            path.push_str(&format!("M{} {}h1v1h-1z", at % side + 2, at / side + 2));
        }
    }
    let full = side + 4;
    Some(format!(
        "<svg viewBox=\"0 0 {full} {full}\" role=\"img\"><rect width=\"{full}\" height=\"{full}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_is_one_path() {
        let svg = svg("http://127.0.0.1:1/qr/0123456789abcdef").unwrap();
        assert!(svg.starts_with("<svg viewBox=\"0 0 ") && svg.matches("<path").count() == 1);
    }
}
