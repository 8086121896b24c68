//! Crash-like repetition: every step of the flow is given up at every point at which it waits (before and after each
//! transaction, before and after each call to the outside), then recovered the way the world does it: the customer sends
//! the page again, the provider its notice, and a lease runs out. It must end where the undisturbed flow ends.

use crate::world::outside::Fate;
use crate::world::{Kit, World, on_both};
use everline_app::{jobs, place_order, start_payment, timers};
use everline_core::ids::OrderId;
use everline_core::offering::{Family, SaleState};
use everline_core::order::Order;
use everline_core::payment::Method;
use everline_core::time::MINUTE_US;
use everline_store::tables::job;
use std::pin::pin;
use std::task::Poll;

/// Runs a future and drops it when it has waited so many times; `None` if it was dropped.
async fn given_up_after<T>(waits: u32, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut left) = (pin!(future), waits);
    std::future::poll_fn(move |cx| match future.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// What is bought, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// A device that is cut off comes back.
    CutOff,
    /// The upstream network activates it.
    Upstream,
    /// The upstream network refuses; the money goes back.
    UpstreamRefuses,
    /// Two payments; one goes back.
    Surplus,
    /// Paid too late for what is no longer sold; it goes back.
    Late,
}

/// One step of the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Place,
    Start(Method),
    Expire,
    Notice(usize),
    Jobs,
    Number,
}

impl Story {
    fn steps(self) -> Vec<Step> {
        use Step::{Expire, Jobs, Notice, Number, Place, Start};
        let qr = Start(Method::AlipayQr);
        match self {
            Story::Surplus => vec![Place, qr, Start(Method::AlipayWap), Notice(0), Notice(1), Jobs, Number],
            Story::Late => vec![Place, qr, Expire, Notice(0), Jobs, Number],
            _ => vec![Place, qr, Notice(0), Jobs, Number],
        }
    }
    fn code(self) -> &'static str {
        match self {
            Story::CutOff | Story::Surplus => "days",
            Story::Upstream | Story::UpstreamRefuses => "month",
            Story::Late => "short",
        }
    }
}

/// How a step is disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disturbance {
    None,
    Twice(usize),
    GivenUp(usize, u32),
}

struct Play<'a> {
    world: &'a World,
    story: Story,
    kit: Kit,
    id: OrderId,
    notices: Vec<Vec<u8>>,
}

impl Play<'_> {
    async fn step(&self, step: Step) {
        let (world, app) = (self.world, &self.world.app);
        match step {
            Step::Place => {
                place_order::place_order(app, world.new_order(&self.kit, self.story.code(), self.id)).await.unwrap();
            }
            Step::Start(method) => {
                app.clock.pass_us(1_000);
                start_payment::start_payment(app, self.kit.customer, self.id, method, start_payment::Payer::default())
                    .await
                    .unwrap();
            }
            Step::Expire => {
                timers::run_due(app, app.clock.now()).await.unwrap();
            }
            Step::Notice(n) => world.notice(&self.notices[n]).await.unwrap(),
            Step::Jobs => while jobs::run_due(app).await.unwrap() > 0 {},
            Step::Number => {
                jobs::number_receipts(app).await.unwrap();
            }
        }
    }

    async fn order(&self) -> Order {
        let (customer, id) = (self.kit.customer, self.id);
        self.world
            .look(move |tx| Box::pin(async move { everline_store::tables::order::get(tx, customer, id).await }))
            .await
            .unwrap()
    }

    /// What the world does between the steps.
    async fn before(&mut self, step: Step) {
        match step {
            Step::Expire => self.world.app.clock.pass_us(40 * MINUTE_US),
            Step::Notice(0) => {
                if self.story == Story::Late {
                    self.world.set_sale("short", SaleState::Retired).await;
                }
                // The payer pays what they were shown last, and with two methods both.
                let attempts = self.world.attempts(&self.order().await).await;
                let wap = attempts.iter().rfind(|attempt| attempt.method == Method::AlipayWap);
                let qr = attempts.iter().rfind(|attempt| attempt.method == Method::AlipayQr);
                let shown: Vec<_> = qr.into_iter().chain(wap).collect();
                self.notices = shown.iter().map(|attempt| self.world.provider.pay(&attempt.out_trade_no)).collect();
            }
            _ => {}
        }
    }

    /// Everything that people and books see in the end.
    async fn ending(&self) -> String {
        let (world, order) = (self.world, self.order().await);
        let line = world.line_now(&self.kit).await;
        let allowance = world.allowance(&self.kit).await;
        let services: Vec<_> = allowance.sessions.iter().map(|session| session.service).collect();
        let refunds: Vec<_> = world.refunds(&order).await.into_iter().map(|r| (r.reason, r.state)).collect();
        let mut settled: Vec<_> =
            world.attempts(&order).await.into_iter().filter_map(|a| a.settlement).map(|s| s.word()).collect();
        settled.sort_unstable();
        let view = everline_app::order_page::order_page(&world.app, order.customer, order.id).await.unwrap();
        let receipt = view.receipt.map(|receipt| receipt.number.is_some());
        let mut told = world.messenger.told(&self.contact().await);
        told.sort_unstable();
        format!(
            "{:?} {} {:?} {:?} {services:?} {refunds:?} {settled:?} {receipt:?} {told:?} {:?} {:?} {:?}",
            order.state,
            order.funds,
            line.state,
            allowance.periods.iter().map(|period| period.buckets.clone()).collect::<Vec<_>>(),
            world.balances(self.kit.customer).await,
            world.upstream.activated(self.kit.msisdn.as_str()),
            view.cases,
        )
    }

    async fn contact(&self) -> String {
        let customer = everline_app::profile::profile(&self.world.app, self.kit.customer).await.unwrap();
        customer.contact.unwrap().as_str().to_owned()
    }
}

/// Plays a story; how it ended, and whether the disturbed step came to its end before it was given up.
async fn play(world: &World, story: Story, disturbance: Disturbance) -> (String, bool) {
    world.set_sale("short", SaleState::Published).await;
    let kit = match story {
        Story::Upstream | Story::UpstreamRefuses => world.upstream_line().await,
        _ => world.line(Family::Watch).await,
    };
    world.upstream.always("apply", if story == Story::UpstreamRefuses { Fate::Refuses } else { Fate::Works });
    if story == Story::CutOff {
        world.attach(&kit).await;
    }
    let id = OrderId(world.app.clock.id());
    let mut play = Play { world, story, kit, id, notices: Vec::new() };
    let mut finished = true;
    for (n, step) in story.steps().into_iter().enumerate() {
        play.before(step).await;
        match disturbance {
            Disturbance::Twice(at) if at == n => {
                play.step(step).await;
                play.step(step).await;
            }
            Disturbance::GivenUp(at, waits) if at == n => {
                finished = given_up_after(waits, play.step(step)).await.is_some();
                // Whoever waited tries again; leases run out. The order's time does not.
                world.app.clock.pass_us(3 * MINUTE_US);
                play.step(step).await;
            }
            _ => play.step(step).await,
        }
    }
    // Time for every retry, but not for anything else to fall due.
    for _ in 0..3 {
        world.app.clock.pass_us(3 * MINUTE_US);
        settle_whole(world).await;
    }
    (play.ending().await, finished)
}

/// Runs what is due, also what PostgreSQL skips because a transaction that was given up holds it until its end arrives there.
async fn settle_whole(world: &World) {
    for _ in 0..2_000 {
        world.settle().await;
        let now = world.app.clock.now().system;
        let jobs = world.look(|tx| Box::pin(async { job::list(tx, 100).await })).await;
        if jobs.iter().all(|listed| listed.dead || listed.due_at > now) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("jobs that are due stay locked");
}

async fn every_disturbance_ends_the_same(story: Story) {
    on_both(async |world: World| {
        let (undisturbed, _) = play(&world, story, Disturbance::None).await;
        let mut given_up = 0;
        for (n, step) in story.steps().into_iter().enumerate() {
            let (ending, _) = play(&world, story, Disturbance::Twice(n)).await;
            assert_eq!(ending, undisturbed, "{step:?} twice");
            // How often a step waits differs a little from run to run: a store can answer at once.
            let (mut waits, mut finished_in_a_row) = (0, 0);
            while finished_in_a_row < 3 {
                let (ending, finished) = play(&world, story, Disturbance::GivenUp(n, waits)).await;
                assert_eq!(ending, undisturbed, "{step:?} given up after {waits} waits");
                finished_in_a_row = if finished { finished_in_a_row + 1 } else { 0 };
                given_up += u32::from(!finished);
                waits += 1;
            }
        }
        assert!(given_up >= 10, "given up only {given_up} times");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_device_comes_back() {
    every_disturbance_ends_the_same(Story::CutOff).await;
}
#[tokio::test]
async fn an_upstream_line_is_renewed() {
    every_disturbance_ends_the_same(Story::Upstream).await;
}
#[tokio::test]
async fn an_upstream_network_refuses() {
    every_disturbance_ends_the_same(Story::UpstreamRefuses).await;
}
#[tokio::test]
async fn two_payments_arrive() {
    every_disturbance_ends_the_same(Story::Surplus).await;
}
#[tokio::test]
async fn money_arrives_too_late() {
    every_disturbance_ends_the_same(Story::Late).await;
}
