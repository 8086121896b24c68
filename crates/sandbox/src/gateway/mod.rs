//! Two payment gateways, with a payer who does what a person or a test tells.
//!
//! Owns what they share: the merchant's trades, the payer's page, notifications and what is made to go wrong. `alipay` and
//! `wechat` own their keys and what their messages look like.

pub(crate) mod alipay;
pub(crate) mod faults;
pub(crate) mod notify;
pub(crate) mod payer_page;
pub(crate) mod trade;
pub(crate) mod trades;
pub(crate) mod wechat;

use crate::{
    World,
    net::{Stop, lock},
    random_hex,
};
use faults::Faults;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use trade::{Refused, Trade, Wallet};
use trades::Book;

/// What the gateways share.
#[derive(Default)]
pub(crate) struct Payments {
    pub(crate) book: Mutex<Book>,
    pub(crate) log: Mutex<notify::Log>,
    pub(crate) faults: Mutex<Faults>,
}

/// A name for a payer's page that nobody guesses.
fn token() -> Result<String, Refused> {
    random_hex(16).map_err(|_| Refused::System)
}

/// What is in the QR code of an order.
pub(crate) fn code_of(world: &World, trade: &Trade) -> String {
    match trade.wallet() {
        Wallet::Alipay => scan_url(world, trade),
        Wallet::Wechat => wechat::code_url(trade),
    }
}

/// The token in the text of a QR code, or in the address of a payer's page.
pub(crate) fn token_in(code: &str) -> &str {
    let last = code.trim().rsplit('/').next().unwrap_or_default();
    match last.split_once("?pr=") {
        Some((_, token)) => token,
        None => last.split(['?', '#']).next().unwrap_or_default(),
    }
}

/// `http://host:port` of the pages of an order.
fn base_url<'w>(world: &'w World, trade: &Trade) -> &'w str {
    match trade.wallet() {
        Wallet::Alipay => &world.alipay.base_url,
        Wallet::Wechat => &world.wechat.base_url,
    }
}

/// The payer's page of an order.
pub(crate) fn page_url(world: &World, trade: &Trade) -> String {
    format!("{}/pay/{}", base_url(world, trade), trade.token)
}

/// Where scanning the code of an order leads.
pub(crate) fn scan_url(world: &World, trade: &Trade) -> String {
    format!("{}/qr/{}", base_url(world, trade), trade.token)
}

/// Lets time pass for the trades and the card gateway's sessions: late payers pay, deadlines close. Ends when the sandbox stops.
pub(crate) async fn watch_deadlines(world: Arc<World>, every: Duration, stop: Stop) {
    while !stop.during(every).await {
        let events = lock(&world.payments.book).sweep((world.clock)());
        for (trade, event) in events {
            notify::announce(&world, &trade, &event);
        }
        crate::cards::sweep(&world);
    }
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn a_token_is_found_in_every_code_and_page() {
        for code in [
            "http://127.0.0.1:1/qr/abc",
            "http://127.0.0.1:1/pay/abc?lang=en",
            "weixin://wxpay/bizpayurl?pr=abc",
            " abc\n",
        ] {
            assert_eq!(token_in(code), "abc", "{code}");
        }
        assert_eq!(token_in(""), "");
    }
}
