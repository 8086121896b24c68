//! Notifications of the payment gateways: what they say, when they are sent again, and what became of each try.

use super::{
    Identity,
    faults::NotifyFaults,
    trades::{Event, Trade},
};
use crate::{
    World,
    net::{Call, Content, lock},
    random_digits,
};
use serde::Serialize;
use std::{collections::VecDeque, sync::Arc, time::Duration};
use wire_pay::{
    alipay::{Fen, Params, format_time},
    stripe::{self, EndpointSecret, EventObject},
};

/// Waiting times between Alipay's tries, in seconds. After the last, the gateway gives up.
const RETRY_AFTER_S: &[u64] = &[4 * 60, 10 * 60, 10 * 60, 3_600, 2 * 3_600, 6 * 3_600, 15 * 3_600];
/// The same of the card gateway: longer and longer, for three days.
const CARDS_RETRY_AFTER_S: &[u64] =
    &[5 * 60, 30 * 60, 2 * 3_600, 5 * 3_600, 10 * 3_600, 12 * 3_600, 12 * 3_600, 12 * 3_600, 12 * 3_600];
/// How long the merchant may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// The most notifications kept.
const KEPT_MAX: usize = 1_000;

/// How long to wait after try number `tries` (from 1), or `None` to give up. `divisor` makes hours pass in seconds.
fn retry_after(schedule: &[u64], tries: usize, divisor: u32) -> Option<Duration> {
    let seconds = schedule.get(tries.checked_sub(1)?)?;
    Some(Duration::from_millis(seconds * 1_000 / u64::from(divisor.max(1))))
}

/// One notification and what became of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Delivery {
    pub(crate) notify_id: String,
    pub(crate) out_trade_no: String,
    pub(crate) trade_status: String,
    pub(crate) url: String,
    pub(crate) created_us: i64,
    pub(crate) state: DeliveryState,
    pub(crate) attempts: Vec<Attempt>,
    #[serde(skip)]
    told: Told,
}

/// What a notification tells, before it is signed and spoilt, which happens at every try.
#[derive(Debug, Clone)]
enum Told {
    Alipay { content: Params, amount: Fen },
    Card(Box<stripe::Event>),
}

/// Whether a notification will be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DeliveryState {
    /// Not acknowledged yet.
    Trying,
    /// The merchant answered as the gateway asks: with `success`, or with any success of HTTP.
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

/// What a notification about `event` says, apart from the time it is sent and its signature.
pub(crate) fn content(identity: &Identity, trade: &Trade, event: &Event, notify_id: &str, now_us: i64) -> Params {
    let time = |us: i64| format_time(us / 1_000_000);
    let order = &trade.request;
    let amount = order.amount.to_string();
    let status = match event {
        Event::Paid => "TRADE_SUCCESS",
        Event::Closed => "TRADE_CLOSED",
        Event::Refunded(_) => trade.status().unwrap_or_default(),
    };
    let mut params: Params = [
        ("gmt_create", time(trade.created_us).as_str()),
        ("charset", "utf-8"),
        ("version", "1.0"),
        ("notify_type", "trade_status_sync"),
        ("notify_id", notify_id),
        ("notify_time", time(now_us).as_str()),
        ("app_id", &identity.app_id),
        ("auth_app_id", &identity.app_id),
        ("seller_id", &identity.seller_id),
        ("out_trade_no", &order.out_trade_no),
        ("trade_no", trade.trade_no.as_deref().unwrap_or_default()),
        ("subject", &order.subject),
        ("trade_status", status),
        ("total_amount", &amount),
    ]
    .into_iter()
    .collect();
    if let Some(paid_us) = trade.paid_us() {
        params.set("gmt_payment", &time(paid_us));
        params.set("receipt_amount", &amount);
        params.set("buyer_pay_amount", &amount);
        params.set("invoice_amount", &amount);
        params.set("point_amount", "0.00");
        params.set("fund_bill_list", &format!("[{{\"amount\":\"{amount}\",\"fundChannel\":\"ALIPAYACCOUNT\"}}]"));
        params.set("buyer_id", super::BUYER_ID);
        params.set("buyer_logon_id", super::BUYER_LOGON_ID);
    }
    if let Some(passback) = &order.passback_params {
        params.set("passback_params", passback);
    }
    match event {
        Event::Paid => {}
        Event::Closed => params.set("gmt_close", &time(now_us)),
        Event::Refunded(refund) => {
            params.set("out_biz_no", &refund.request_no);
            params.set("refund_fee", &trade.refunded().to_string());
            params.set("gmt_refund", &format!("{}.000", time(refund.at_us)));
        }
    }
    params
}

/// `content` as it is sent: with the time, the faults and a signature.
fn signed_form(
    identity: &Identity,
    content: &Params,
    amount: Fen,
    faults: &NotifyFaults,
    now_us: i64,
) -> Result<String, wire_pay::alipay::Error> {
    let mut params = content.clone();
    params.set("notify_time", &format_time(now_us / 1_000_000));
    if faults.wrong_amount {
        let other = Fen::new(1).and_then(|one| amount.checked_add(one)).unwrap_or(Fen::ZERO);
        params.set("total_amount", &other.to_string());
    }
    if faults.wrong_seller {
        params.set("seller_id", "2088000000000000");
    }
    if faults.wrong_app {
        params.set("app_id", "2021999999999999");
    }
    params.sign_notification(&identity.gateway_key)?;
    if faults.forge {
        let signature = identity.gateway_key.sign(b"something else")?;
        params.set("sign", &signature);
    }
    Ok(params.to_form_body())
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
    ]
    .into_iter()
    .filter_map(|(on, name)| on.then_some(name))
    .collect()
}

/// Starts telling the merchant about `event`, if it asked to be told.
pub(crate) fn announce(world: &Arc<World>, trade: &Trade, event: &Event) {
    let Some(url) = trade.request.notify_url.clone() else { return };
    let now_us = (world.clock)();
    let Ok(number) = random_digits(32) else { return };
    let params = content(&world.gateway.identity, trade, event, &number, now_us);
    let delivery = Delivery {
        notify_id: number.clone(),
        out_trade_no: trade.request.out_trade_no.clone(),
        trade_status: params.get("trade_status").unwrap_or_default().to_owned(),
        url,
        created_us: now_us,
        state: DeliveryState::Trying,
        attempts: Vec::new(),
        told: Told::Alipay { content: params, amount: trade.request.amount },
    };
    start(world, delivery);
}

/// Starts telling the merchant about an event of the card gateway.
pub(crate) fn tell(world: &Arc<World>, url: &str, out_trade_no: &str, event: stripe::Event) {
    let delivery = Delivery {
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
    let (schedule, divisor) = match delivery.told {
        Told::Alipay { .. } => (RETRY_AFTER_S, world.gateway.retry_divisor),
        Told::Card(_) => (CARDS_RETRY_AFTER_S, world.cards.retry_divisor),
    };
    let notify_id = delivery.notify_id.clone();
    lock(&world.gateway.log).add(delivery);
    tokio::spawn(deliver(world.clone(), notify_id, schedule, divisor));
}

async fn deliver(world: Arc<World>, notify_id: String, schedule: &'static [u64], divisor: u32) {
    let mut tries = 0;
    loop {
        attempt(&world, &notify_id).await;
        tries += 1;
        let state = lock(&world.gateway.log).get(&notify_id).map(|delivery| delivery.state);
        if state != Some(DeliveryState::Trying) {
            return;
        }
        let Some(wait) = retry_after(schedule, tries, divisor) else { break };
        if world.stop.during(wait).await {
            return;
        }
        // Someone may have sent it by hand meanwhile.
        let state = lock(&world.gateway.log).get(&notify_id).map(|delivery| delivery.state);
        if state != Some(DeliveryState::Trying) {
            return;
        }
    }
    if let Some(delivery) = lock(&world.gateway.log).get_mut(&notify_id) {
        delivery.state = DeliveryState::GivenUp;
    }
}

/// Sends a notification once (and the copies that are asked for), whatever its state. False if there is none.
pub(crate) async fn attempt(world: &Arc<World>, notify_id: &str) -> bool {
    let faults = lock(&world.gateway.faults).notify.clone();
    if faults.delay_ms > 0 && world.stop.during(Duration::from_millis(faults.delay_ms)).await {
        return true;
    }
    for _ in 0..=faults.duplicate {
        let Some(delivery) = lock(&world.gateway.log).get(notify_id).cloned() else { return false };
        let now_us = (world.clock)();
        let outcome = if faults.drop { Outcome::Dropped } else { send(world, &delivery, &faults, now_us).await };
        lock(&world.gateway.log).record(notify_id, now_us, names(&faults), outcome);
    }
    true
}

async fn send(world: &World, delivery: &Delivery, faults: &NotifyFaults, now_us: i64) -> Outcome {
    let content = match &delivery.told {
        Told::Alipay { content, amount } => {
            match signed_form(&world.gateway.identity, content, *amount, faults, now_us) {
                Ok(form) => Content::Form(form),
                Err(error) => return Outcome::NoAnswer { reason: error.to_string() },
            }
        }
        Told::Card(event) => signed_event(&world.cards.secret, event, faults, now_us),
    };
    let call =
        Call { method: http::Method::POST, url: &delivery.url, bearer: None, content, time_max: ANSWER_TIME_MAX };
    let acknowledges = |status: u16, body: &str| match delivery.told {
        Told::Alipay { .. } => status == 200 && body.trim() == "success",
        Told::Card(_) => (200..300).contains(&status),
    };
    match world.http.call(call).await {
        Ok(answer) if acknowledges(answer.status, &answer.body) => Outcome::Acknowledged,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedules_end_and_scale() {
        let wait = |tries, divisor| retry_after(RETRY_AFTER_S, tries, divisor);
        let seconds: Vec<u64> = (1..=7).map(|tries| wait(tries, 1).unwrap().as_secs()).collect();
        assert_eq!(seconds, [240, 600, 600, 3_600, 7_200, 21_600, 54_000]);
        assert!(seconds.iter().sum::<u64>() < 25 * 3_600);
        assert!(CARDS_RETRY_AFTER_S.iter().sum::<u64>() < 72 * 3_600);
        assert_eq!(wait(8, 1), None);
        assert_eq!(wait(0, 1), None);
        assert_eq!(wait(1, 240), Some(Duration::from_secs(1)));
        assert_eq!(wait(1, 0), Some(Duration::from_secs(240)));
    }
}
