//! The runner of jobs is told to stop: what ends in time is settled, what does not is given back at once.

use crate::world::{World, on_both};
use async_trait::async_trait;
use everline_app::App;
use everline_app::jobs::{self, Pulse, Runner};
use everline_app::ports::{Network, NetworkChange, NetworkReply, Ports};
use everline_core::order::OrderState;
use everline_core::time::SystemTime;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// A network that says when it was asked, and answers when it is told to, or never.
#[derive(Default)]
struct Late {
    asked: Notify,
    answer: Notify,
}
#[async_trait]
impl Network for Late {
    async fn apply(&self, _: &NetworkChange) -> NetworkReply {
        self.asked.notify_one();
        self.answer.notified().await;
        NetworkReply::Done
    }
}

/// Pays an order on a network that is late, and lets a runner take it: the runner is stopped while it waits.
async fn stopped_while_it_waits(answers: bool) {
    on_both(async |world: World| {
        let late = Arc::new(Late::default());
        let ports = Ports { upstream: late.clone(), ..world.app.ports.clone() };
        let app = App { ports, ..world.app.clone() };
        let kit = world.upstream_line().await;
        let (order, attempt) = world.checkout(&kit, "days").await;
        world.pays(&attempt).await;
        let (pulse, stop) = (Arc::new(Pulse::default()), Arc::new(Notify::new()));
        // In time, or not at all: the test does not wait for either.
        let stop_within = if answers { Duration::from_secs(60) } else { Duration::ZERO };
        let runner = Runner { stop_within, pulse: pulse.clone(), ..Runner::default() };
        let told = stop.clone();
        let running = tokio::spawn(jobs::run_until(app, runner, async move { told.notified().await }));
        late.asked.notified().await;
        stop.notify_one();
        if answers {
            late.answer.notify_one();
        }
        running.await.unwrap();
        assert_ne!(pulse.last(), SystemTime::from_us(0));
        let state = world.order_now(&order).await.state;
        if answers {
            assert_eq!(state, OrderState::InEffect);
        } else {
            assert_eq!(state, OrderState::Paid);
            // No lease is left to wait for: time stands, and another node has the job at once.
            assert!(jobs::run_due(&world.app).await.unwrap() > 0);
            assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        }
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_that_ends_in_time_is_settled() {
    stopped_while_it_waits(true).await;
}

#[tokio::test]
async fn a_job_that_does_not_end_in_time_is_given_back() {
    stopped_while_it_waits(false).await;
}
