//! Notifications of the payment gateways: when they are sent again, and what became of each try.

use super::{
    alipay,
    faults::NotifyFaults,
    trade::{Event, Trade, Wallet},
    wechat,
};
use crate::{
    World,
    net::{Answer, Call, Content, lock},
    random_digits,
};
use serde::Serialize;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use wire_pay::{
    Fen,
    alipay::Params,
    stripe::{self, EndpointSecret, EventObject},
    wechat::Notice,
};

/// Waiting times between Alipay's tries, in seconds. After the last, it gives up.
const ALIPAY_RETRY_AFTER_S: &[u64] = &[4 * 60, 10 * 60, 10 * 60, 3_600, 2 * 3_600, 6 * 3_600, 15 * 3_600];
/// The same of WeChat Pay.
const WECHAT_RETRY_AFTER_S: &[u64] =
    &[15, 15, 30, 180, 600, 1_200, 1_800, 1_800, 1_800, 3_600, 10_800, 10_800, 10_800, 21_600, 21_600];
/// The same of the card gateway: longer and longer, for three days.
const CARDS_RETRY_AFTER_S: &[u64] =
    &[5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 12 * 3_600, 12 * 3_600, 12 * 3_600, 12 * 3_600];
/// How long the merchant may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// The most notifications kept.
const KEPT_MAX: usize = 1_000;

/// Who tells the merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sender {
    Alipay,
    Wechat,
    Stripe,
}

impl From<Wallet> for Sender {
    fn from(wallet: Wallet) -> Self {
        match wallet {
            Wallet::Alipay => Sender::Alipay,
            Wallet::Wechat => Sender::Wechat,
        }
    }
}

/// How long to wait after try number `tries` (from 1), or `None` to give up. `divisor` makes hours pass in seconds.
fn retry_after(sender: Sender, tries: usize, divisor: u32) -> Option<Duration> {
    let schedule = match sender {
        Sender::Alipay => ALIPAY_RETRY_AFTER_S,
        Sender::Wechat => WECHAT_RETRY_AFTER_S,
        Sender::Stripe => CARDS_RETRY_AFTER_S,
    };
    let seconds = schedule.get(tries.checked_sub(1)?)?;
    Some(Duration::from_millis(seconds * 1_000 / u64::from(divisor.max(1))))
}

/// One notification and what became of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    pub(crate) provider: Sender,
    pub(crate) notify_id: String,
    pub(crate) out_trade_no: String,
    /// What it tells: the trade's status, or the event's type.
    pub(crate) trade_status: String,
    pub(crate) url: String,
    pub(crate) created_us: i64,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: Vec<Attempt>,
    #[serde(skip)]
    told: Told,
}

/// What a notification tells, before it is sealed, signed and spoilt, which happens at every try.
#[derive(Debug, Clone)]
enum Told {
    Alipay(Params, Fen),
    Wechat(Box<Notice>),
    Card(Box<stripe::Event>),
}

/// Whether a notification will be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// Not acknowledged yet.
    Trying,
    /// The merchant answered as its gateway asks: with `success`, with 200 or 204, or with any success of HTTP.
    Acknowledged,
    /// Tried as often as the schedule says.
    GivenUp,
}

/// One try.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Attempt {
    /// Its place among all tries of all notifications.
    pub(crate) number: u64,
    pub(crate) at_us: i64,
    /// What was made to go wrong with it.
    pub(crate) faults: Vec<&'static str>,
    pub(crate) outcome: Outcome,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The answer acknowledges it.
    Acknowledged,
    /// Anything else.
    Answered {
        /// HTTP status.
        status: u16,
        /// The first characters of the body.
        body: String,
    },
    /// No answer.
    NoAnswer {
        /// Why.
        reason: String,
    },
    /// Never sent, on purpose.
    Dropped,
}

/// All notifications, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Log {
    deliveries: VecDeque<Delivery>,
    attempts: u64,
}

impl Log {
    /// Newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().rev()
    }

    fn get(&self, notify_id: &str) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.notify_id == notify_id)
    }

    fn get_mut(&mut self, notify_id: &str) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.notify_id == notify_id)
    }

    fn add(&mut self, delivery: Delivery) {
        if self.deliveries.len() == KEPT_MAX {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    fn record(&mut self, notify_id: &str, at_us: i64, faults: Vec<&'static str>, outcome: Outcome) {
        self.attempts += 1;
        let number = self.attempts;
        if let Some(delivery) = self.get_mut(notify_id) {
            if outcome == Outcome::Acknowledged {
                delivery.state = DeliveryState::Acknowledged;
            }
            delivery.attempts.push(Attempt { number, at_us, faults, outcome });
        }
    }
}

fn names(faults: &NotifyFaults) -> Vec<&'static str> {
    [
        (faults.drop, "drop"),
        (faults.delay_ms > 0, "delay"),
        (faults.duplicate > 0, "duplicate"),
        (faults.forge, "forge"),
        (faults.wrong_amount, "wrong_amount"),
        (faults.wrong_seller, "wrong_seller"),
        (faults.wrong_app, "wrong_app"),
        (faults.probe, "probe"),
    ]
    .into_iter()
    .filter_map(|(on, name)| on.then_some(name))
    .collect()
}

/// Starts telling the merchant about `event`, if it asked to be told and its gateway tells such things.
pub(crate) fn announce(world: &Arc<World>, trade: &Trade, event: &Event) {
    let Some(url) = trade.request.notify_url.clone() else { return };
    let now_us = (world.clock)();
    let Ok(number) = random_digits(32) else { return };
    let (told, trade_status) = match trade.wallet() {
        Wallet::Alipay => {
            let params = alipay::notice::content(&world.alipay.identity, trade, event, &number, now_us);
            let status = params.get("trade_status").unwrap_or_default().to_owned();
            (Told::Alipay(params, trade.request.amount), status)
        }
        Wallet::Wechat => {
            let Some((notice, event)) = wechat::notice::of(&world.wechat.identity, trade, event, &number, now_us)
            else {
                return;
            };
            (Told::Wechat(Box::new(notice)), event.to_owned())
        }
    };
    let delivery = Delivery {
        provider: trade.wallet().into(),
        notify_id: number.clone(),
        out_trade_no: trade.request.out_trade_no.clone(),
        trade_status,
        url,
        created_us: now_us,
        state: DeliveryState::Trying,
        attempts: Vec::new(),
        told,
    };
    start(world, delivery);
}

/// Starts telling the merchant about an event of the card gateway.
pub(crate) fn tell(world: &Arc<World>, url: &str, out_trade_no: &str, event: stripe::Event) {
    let delivery = Delivery {
        provider: Sender::Stripe,
        notify_id: event.id.to_string(),
        out_trade_no: out_trade_no.to_owned(),
        trade_status: event.kind.as_str().to_owned(),
        url: url.to_owned(),
        created_us: (world.clock)(),
        state: DeliveryState::Trying,
        attempts: Vec::new(),
        told: Told::Card(Box::new(event)),
    };
    start(world, delivery);
}

fn start(world: &Arc<World>, delivery: Delivery) {
    let (sender, notify_id) = (delivery.provider, delivery.notify_id.clone());
    lock(&world.payments.log).add(delivery);
    tokio::spawn(deliver(world.clone(), sender, notify_id));
}

async fn deliver(world: Arc<World>, sender: Sender, notify_id: String) {
    let divisor = match sender {
        Sender::Alipay => world.alipay.retry_divisor,
        Sender::Wechat => world.wechat.retry_divisor,
        Sender::Stripe => world.cards.retry_divisor,
    };
    let mut tries = 0;
    loop {
        attempt(&world, &notify_id).await;
        tries += 1;
        let state = lock(&world.payments.log).get(&notify_id).map(|delivery| delivery.state);
        if state != Some(DeliveryState::Trying) {
            return;
        }
        let Some(wait) = retry_after(sender, tries, divisor) else { break };
        if world.stop.during(wait).await {
            return;
        }
        // Someone may have sent it by hand meanwhile.
        let state = lock(&world.payments.log).get(&notify_id).map(|delivery| delivery.state);
        if state != Some(DeliveryState::Trying) {
            return;
        }
    }
    if let Some(delivery) = lock(&world.payments.log).get_mut(&notify_id) {
        delivery.state = DeliveryState::GivenUp;
    }
}

/// Sends a notification once (and the copies that are asked for), whatever its state. False if there is none.
pub(crate) async fn attempt(world: &Arc<World>, notify_id: &str) -> bool {
    let faults = lock(&world.payments.faults).notify.clone();
    if faults.delay_ms > 0 && world.stop.during(Duration::from_millis(faults.delay_ms)).await {
        return true;
    }
    for _ in 0..=faults.duplicate {
        let Some(delivery) = lock(&world.payments.log).get(notify_id).cloned() else { return false };
        let now_us = (world.clock)();
        let outcome = if faults.drop {
            Outcome::Dropped
        } else {
            match content(world, &delivery, &faults, now_us) {
                Ok(content) => send(world, &delivery, content).await,
                Err(error) => Outcome::NoAnswer { reason: error.to_string() },
            }
        };
        lock(&world.payments.log).record(notify_id, now_us, names(&faults), outcome);
    }
    true
}

fn content(
    world: &World,
    delivery: &Delivery,
    faults: &NotifyFaults,
    now_us: i64,
) -> Result<Content, wire_pay::wechat::Error> {
    match &delivery.told {
        Told::Alipay(params, amount) => {
            let identity = &world.alipay.identity;
            Ok(Content::Form(alipay::notice::signed_form(identity, params, *amount, faults, now_us)?))
        }
        Told::Wechat(notice) => wechat::notice::signed(&world.wechat, notice, faults, now_us),
        Told::Card(event) => Ok(signed_event(&world.cards.secret, event, faults, now_us)),
    }
}

async fn send(world: &World, delivery: &Delivery, content: Content) -> Outcome {
    let call =
        Call { method: http::Method::POST, url: &delivery.url, bearer: None, content, time_max: ANSWER_TIME_MAX };
    match world.http.call(call).await {
        Ok(answer) if acknowledges(delivery.provider, &answer) => Outcome::Acknowledged,
        Ok(answer) => Outcome::Answered { status: answer.status, body: answer.body.chars().take(200).collect() },
        Err(reason) => Outcome::NoAnswer { reason: reason.to_string() },
    }
}

/// An event as it is sent: with the faults and a signature. Another account is what the other mode is: an event about
/// money that is not this merchant's.
fn signed_event(secret: &EndpointSecret, event: &stripe::Event, faults: &NotifyFaults, now_us: i64) -> Content {
    let mut event = event.clone();
    if faults.wrong_amount {
        match &mut event.object {
            EventObject::CheckoutSession(session) => session.amount_total = session.amount_total.map(one_more),
            EventObject::PaymentIntent(intent) => intent.amount_received = one_more(intent.amount_received),
            _ => {}
        }
    }
    event.livemode |= faults.wrong_seller || faults.wrong_app;
    let json = event.to_body();
    let signed = if faults.forge { "something else" } else { json.as_str() };
    let signature = secret.sign(signed.as_bytes(), now_us / 1_000_000);
    Content::Signed { headers: vec![("stripe-signature", signature)], json }
}

fn one_more(amount: stripe::Amount) -> stripe::Amount {
    stripe::Amount::new(amount.minor().saturating_add(1), amount.currency()).unwrap_or(amount)
}

/// Alipay reads the body, the others the status alone.
fn acknowledges(sender: Sender, answer: &Answer) -> bool {
    match sender {
        Sender::Alipay => answer.status == 200 && answer.body.trim() == "success",
        Sender::Wechat => matches!(answer.status, 200 | 204),
        Sender::Stripe => (200..300).contains(&answer.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_ends_within_25_hours_and_scales() {
        let seconds = |sender| (1..).map_while(move |tries| retry_after(sender, tries, 1)).map(|wait| wait.as_secs());
        assert_eq!(seconds(Sender::Alipay).collect::<Vec<_>>(), [240, 600, 600, 3_600, 7_200, 21_600, 54_000]);
        for (sender, tries) in [(Sender::Alipay, 7), (Sender::Wechat, 15)] {
            assert_eq!(seconds(sender).count(), tries);
            assert!(seconds(sender).sum::<u64>() < 25 * 3_600);
        }
        assert!(CARDS_RETRY_AFTER_S.iter().sum::<u64>() < 72 * 3_600);
        assert_eq!(retry_after(Sender::Wechat, 3, 1), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(Sender::Alipay, 0, 1), None);
        assert_eq!(retry_after(Sender::Alipay, 1, 240), Some(Duration::from_secs(1)));
        assert_eq!(retry_after(Sender::Alipay, 1, 0), Some(Duration::from_secs(240)));
    }
}
