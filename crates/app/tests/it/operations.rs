//! What keeps the business running: stuck jobs, test messages, whoever is outside, and keys that end.

use crate::world::outside::Fate as Call;
use crate::world::{World, on_both};
use async_trait::async_trait;
use everline_app::audit::entries;
use everline_app::operations::{self, NewTest};
use everline_app::ports::{
    Handed, KeyFor, KnownKey, Messenger, Messengers, Network, NetworkChange, NetworkReply, OutgoingMessage, Outside,
    Preview, Probed,
};
use everline_app::{Problem, delivery_report, jobs};
use everline_core::effects::Job;
use everline_core::ids::{JobId, RawId};
use everline_core::message::{Channel, Fate, Reason, Reported};
use everline_core::offering::Family;
use everline_core::order::OrderState;
use everline_core::payment::Provider;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::args;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Lets jobs fail until people are to look at them: for as long as it takes.
async fn fail_for_long(world: &World) {
    for _ in 0..Job::FAILURES_MAX {
        world.pass(5 * MINUTE_US).await;
    }
}

async fn stuck(world: &World, by: RawId) -> operations::JobsView {
    operations::jobs_view(&world.app, by).await.unwrap()
}

#[tokio::test]
async fn a_job_that_fails_for_long_is_shown_and_runs_when_people_say_so() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        world.upstream.always("apply", Call::Silent);
        let kit = world.upstream_line().await;
        let (order, attempt) = world.checkout(&kit, "month").await;
        world.pays(&attempt).await;
        world.settle().await;
        assert!(stuck(&world, by).await.stuck.is_empty(), "it has only just begun to fail");
        fail_for_long(&world).await;
        let view = stuck(&world, by).await;
        let [job] = view.stuck.as_slice() else { panic!("{view:?}") };
        assert_eq!((job.kind, job.order.as_deref()), (Some("activate_upstream"), Some(order.number.as_str())));
        assert_eq!((job.customer, job.dead, job.running), (Some(kit.customer), false, false));
        assert_eq!(job.why.as_deref(), Some("the network gave no answer"));
        assert!(job.failures >= Job::FAILURES_MAX && job.failures <= job.runs, "{job:?}");
        assert!(!job.may_be_given_up);
        assert_eq!(view.backlog.iter().find(|sum| sum.kind == "activate_upstream").unwrap().waiting, 1);
        // Money waits for it.
        let refused = operations::give_up_job(&world.app, by, (job.id, job.runs), "x").await;
        assert!(matches!(refused, Err(Problem::Invalid { field: "job", .. })), "{refused:?}");
        // Of a page that is too old, or against its own running, nothing happens.
        let old = operations::retry_job(&world.app, by, (job.id, job.runs - 1)).await;
        assert_eq!(old, Err(Problem::Stale));
        let until = world.app.clock.now().system.plus_us(MINUTE_US);
        world.sql("UPDATE job SET leased_until = $1 WHERE id = $2", args![until, job.id]).await;
        assert!(stuck(&world, by).await.stuck[0].running);
        assert_eq!(operations::retry_job(&world.app, by, (job.id, job.runs)).await, Err(Problem::Stale));
        assert_eq!(operations::retry_kind(&world.app, by, "activate_upstream").await, Ok(0));
        world.sql("UPDATE job SET leased_until = NULL WHERE id = $1", args![job.id]).await;
        // Once the network is there again, nobody waits for the next try.
        world.upstream.always("apply", Call::Works);
        let asked = entries(&world.app.store, 0).await.unwrap().len();
        operations::retry_job(&world.app, by, (job.id, job.runs)).await.unwrap();
        world.settle().await;
        assert_eq!(world.order_now(&order).await.state, OrderState::InEffect);
        assert!(stuck(&world, by).await.stuck.is_empty());
        assert_eq!(operations::retry_job(&world.app, by, (job.id, job.runs)).await, Err(Problem::Stale), "it ended");
        let written = entries(&world.app.store, 0).await.unwrap();
        assert_eq!(written.len(), asked + 1, "what is refused is not written down");
        assert_eq!(written.last().unwrap().action, "job.retried");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_retry_and_a_run_of_the_same_job_do_not_meet() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        world.upstream.always("apply", Call::Silent);
        let kit = world.upstream_line().await;
        let (_, attempt) = world.checkout(&kit, "month").await;
        world.pays(&attempt).await;
        fail_for_long(&world).await;
        let job = stuck(&world, by).await.stuck.remove(0);
        world.app.clock.pass_us(6 * MINUTE_US);
        // Both at once, many times: either the command came first and the run follows, or it is refused.
        let (ran, retried) =
            tokio::join!(jobs::run_due(&world.app), operations::retry_job(&world.app, by, (job.id, job.runs)));
        ran.unwrap();
        // Whoever met the command's lock runs now.
        world.jobs().await;
        assert!(retried.is_ok() || retried == Err(Problem::Stale), "{retried:?}");
        let after = stuck(&world, by).await.stuck.remove(0);
        assert_eq!(after.runs, job.runs + 1, "it ran once");
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_money_or_service_waits_for_is_never_given_up() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let id = "00000000000000000000000000000000";
        // A bill that is not compared: nobody would look for what it says.
        let bodies = [
            r#"{"job":"reconcile","customer":"ID","provider":"alipay","day":"2026-03-09"}"#,
            r#"{"job":"refund","customer":"ID","refund":"ID"}"#,
            r#"{"job":"forget_method","customer":"ID","method":"ID"}"#,
        ];
        for body in bodies {
            let kind = body.split('"').nth(3).unwrap();
            let job = JobId(world.app.clock.id());
            let body = body.replace("ID", id);
            let add = "INSERT INTO job (id, customer_id, payload, state, queued_at, due_at, runs, failures, last_error) \
                VALUES ($1, $2, $3, 'dead', 0, 9000000000000000, 13, 13, 'no answer')";
            world.sql(add, args![job, RawId::from_bytes([0; 16]), body]).await;
            let view = stuck(&world, by).await;
            let shown = view.stuck.iter().find(|shown| shown.id == job).unwrap();
            assert_eq!((shown.kind, shown.may_be_given_up), (Some(kind), false));
            let refused = operations::give_up_job(&world.app, by, (job, 13), "nobody waits").await;
            assert!(matches!(refused, Err(Problem::Invalid { field: "job", .. })), "{kind}: {refused:?}");
            assert_eq!(stuck(&world, by).await.stuck.iter().filter(|shown| shown.id == job).count(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_kind_is_retried_at_once_and_a_message_can_be_given_up() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        // Messages that cannot be handed over, one of which gave up.
        for _ in 0..3 {
            let kit = world.line(Family::Watch).await;
            world.messenger.next("send", &[Call::Silent]);
            world.buys(&kit, "days").await;
        }
        world.sql("UPDATE job SET failures = 12 WHERE payload LIKE '%send_message%'", args![]).await;
        let view = stuck(&world, by).await;
        assert_eq!(view.stuck.len(), 3, "{view:?}");
        let job = view.stuck[0].clone();
        assert!(job.may_be_given_up && job.kind == Some("send_message"));
        let no_reason = operations::give_up_job(&world.app, by, (job.id, job.runs), "  ").await;
        assert_eq!(no_reason, Err(Problem::Invalid { field: "reason", rule: "needed" }));
        operations::give_up_job(&world.app, by, (job.id, job.runs), "the number is wrong").await.unwrap();
        let again = operations::give_up_job(&world.app, by, (job.id, job.runs), "the number is wrong").await;
        assert_eq!(again, Err(Problem::Stale));
        world.sql("UPDATE job SET state = 'dead' WHERE id = $1", args![view.stuck[1].id]).await;
        let dead = stuck(&world, by).await;
        assert_eq!(dead.stuck.iter().filter(|job| job.dead).count(), 1);
        assert_eq!(operations::retry_kind(&world.app, by, "send_message").await, Ok(2), "the dead one too");
        assert_eq!(operations::retry_kind(&world.app, by, "nothing").await, Err(Problem::NotFound("kind of job")));
        world.settle().await;
        assert!(stuck(&world, by).await.stuck.is_empty());
        let actions: Vec<String> =
            entries(&world.app.store, 0).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions, ["job.given_up", "job.kind_retried"]);
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_job_of_another_release_is_shown_and_left_alone() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let (id, at) = (JobId(world.app.clock.id()), world.app.clock.now().system);
        world
            .sql(
                "INSERT INTO job (id, customer_id, payload, state, queued_at, due_at, runs) \
                 VALUES ($1, $1, '{\"job\":\"fly\"}', 'dead', $2, $2, 1)",
                args![id, at],
            )
            .await;
        let job = stuck(&world, by).await.stuck.remove(0);
        assert_eq!((job.kind, job.dead, job.may_be_given_up), (None, true, false));
        let refused = operations::give_up_job(&world.app, by, (id, 1), "x").await;
        assert!(matches!(refused, Err(Problem::Invalid { field: "job", .. })));
        world.sql("DELETE FROM job WHERE id = $1", args![id]).await;
    })
    .await;
}

/// A messenger that shows what it would send, and counts.
struct Shows {
    sent: AtomicU32,
    answer: Handed,
}
#[async_trait]
impl Messenger for Shows {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        let brand = message.parameters.iter().find(|(name, _)| *name == "brand");
        assert!(brand.unwrap().1.ends_with("(test)"), "it says that it is a test");
        self.sent.fetch_add(1, Relaxed);
        self.answer.clone()
    }
    fn preview(&self, message: &OutgoingMessage) -> Option<Preview> {
        let said: Vec<&str> = message.parameters.iter().map(|(_, value)| value.as_str()).collect();
        Some(Preview { title: None, text: said.join(" "), template: None })
    }
    async fn probe(&self) -> Probed {
        Probed::Fine
    }
}

fn showing(world: &World, answer: Handed) -> (World, Arc<Shows>) {
    let (mut world, shows) = (world.clone(), Arc::new(Shows { sent: AtomicU32::new(0), answer }));
    world.app.ports.messengers = Messengers::default().with(Channel::Sms, shows.clone());
    (world, shows)
}

fn new(id: RawId, to: &str) -> NewTest<'_> {
    NewTest { id, channel: Channel::Sms, to, template: "suspended", language: "en", mark: "(test)" }
}

#[tokio::test]
async fn a_test_message_goes_out_once_and_its_report_is_its_fate() {
    on_both(async |world: World| {
        let by = world.member("operator").await;
        let (world, shows) = showing(&world, Handed::Accepted(Some("shows:1".to_owned())));
        let id = world.app.clock.id();
        let sent = operations::send_test(&world.app, by, new(id, "13800138000")).await;
        assert_eq!(sent, Ok(Fate::Accepted));
        // The page sent twice sends once, also at once.
        operations::send_test(&world.app, by, new(id, "13800138000")).await.unwrap();
        let other = world.app.clock.id();
        let (one, two) = tokio::join!(
            operations::send_test(&world.app, by, new(other, "13800138001")),
            operations::send_test(&world.app, by, new(other, "13800138001"))
        );
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(shows.sent.load(Relaxed), 2);
        let view = operations::messages_view(&world.app, by).await.unwrap();
        let first = view.tests.iter().find(|(test, _)| test.id.0 == id).unwrap();
        assert_eq!((first.0.fate, first.1.as_str()), (Fate::Accepted, "何静"));
        assert!(!first.0.masked.contains("38001380"), "{}", first.0.masked);
        let report = everline_app::ports::DeliveryReport {
            reference: "shows:1".to_owned(),
            reported: Reported::Failed,
            reason: Some(Reason::of("UNDELIV:004")),
        };
        delivery_report::reported(&world.app, report).await.unwrap();
        let view = operations::messages_view(&world.app, by).await.unwrap();
        let first = view.tests.iter().find(|(test, _)| test.id.0 == id).unwrap();
        assert_eq!((first.0.fate, first.0.reason.clone()), (Fate::Failed, Some(Reason::of("UNDELIV:004"))));
        // Written down is that it was sent, never to whom.
        let written = entries(&world.app.store, 0).await.unwrap();
        assert_eq!(written.iter().filter(|entry| entry.action == "message.test_sent").count(), 2);
        assert!(written.iter().all(|entry| !entry.details.contains("138")));
        world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn test_messages_have_limits() {
    on_both(async |world: World| {
        let (by, colleague) = (world.member("operator").await, world.member("operator").await);
        let (world, shows) = showing(&world, Handed::Accepted(None));
        let send =
            async |by: RawId, to: &str| operations::send_test(&world.app, by, new(world.app.clock.id(), to)).await;
        for _ in 0..5 {
            send(by, "13800138000").await.unwrap();
        }
        let too_many = send(by, "13800138000").await;
        assert!(matches!(too_many, Err(Problem::TooMany { .. })), "to one address: {too_many:?}");
        assert!(matches!(send(colleague, "13800138000").await, Err(Problem::TooMany { .. })), "whoever sends");
        for n in 0..5 {
            send(by, &format!("1380013800{}", n + 1)).await.unwrap();
        }
        assert!(matches!(send(by, "13800138009").await, Err(Problem::TooMany { .. })), "of one member");
        send(colleague, "13800138009").await.unwrap();
        world.app.clock.pass_us(HOUR_US);
        send(by, "13800138009").await.unwrap();
        assert_eq!(shows.sent.load(Relaxed), 12, "what is refused is not sent");
        // What is asked for must be there.
        for (to, template, problem) in [
            ("12", "suspended", Problem::Invalid { field: "to", rule: "no-address" }),
            ("lin@example.com", "suspended", Problem::Invalid { field: "to", rule: "no-address" }),
            ("13800138000", "free text", Problem::NotFound("template")),
        ] {
            let test = NewTest { template, ..new(world.app.clock.id(), to) };
            assert_eq!(operations::send_test(&world.app, by, test).await, Err(problem));
        }
        let email = NewTest { channel: Channel::Email, ..new(world.app.clock.id(), "lin@example.com") };
        assert_eq!(operations::send_test(&world.app, by, email).await, Err(Problem::NotFound("way")));
        let old = world.app.clock.id();
        world.app.clock.pass_us(2 * DAY_US);
        assert_eq!(operations::send_test(&world.app, by, new(old, "13800138000")).await, Err(Problem::Stale));
    })
    .await;
}

#[tokio::test]
async fn templates_are_shown_in_each_language_and_messages_are_counted() {
    on_both(async |world: World| {
        let by = world.member("auditor").await;
        world.buys(&world.line(Family::Watch).await, "days").await;
        let view = operations::messages_view(&world.app, by).await.unwrap();
        let (channel, spans) = &view.log[0];
        assert_eq!((*channel, spans[0].values().sum::<i64>()), (Channel::Sms, 1));
        assert_eq!(spans[0], spans[2]);
        world.pass(7 * HOUR_US).await;
        let spans = &operations::messages_view(&world.app, by).await.unwrap().log[0].1;
        assert_eq!([0, 1, 2].map(|n: usize| spans[n].values().sum::<i64>()), [0, 0, 1]);
        let (world, _) = showing(&world, Handed::Lost);
        let shown = operations::template_view(&world.app, by, "suspended", &["zh-CN", "en"]).await.unwrap();
        assert_eq!(shown.len(), 2);
        assert!(shown[0].ways[0].1.as_ref().unwrap().text.contains(world.app.brand.name.get("zh-CN")));
        let missing = operations::template_view(&world.app, by, "no_such", &["en"]).await;
        assert_eq!(missing, Err(Problem::NotFound("template")));
    })
    .await;
}

/// A network that answers nothing.
struct Silent;
#[async_trait]
impl Network for Silent {
    async fn apply(&self, _: &NetworkChange) -> NetworkReply {
        NetworkReply::Unknown
    }
    async fn probe(&self) -> Probed {
        Probed::failed("http_503")
    }
}

#[tokio::test]
async fn whoever_is_outside_is_watched_and_tested() {
    let file = everline_testing::SqliteFile::new();
    let mut world = World::over(file.open(crate::world::quick()).await, 1).await;
    let by = world.member("operator").await;
    world.app.ports.upstream = Arc::new(Silent);
    let now = world.app.clock.now().system;
    let until = now.plus_us(10 * DAY_US);
    let keys = move || vec![KnownKey { key_for: KeyFor::Tls, name: "AB".to_owned(), valid_until: Some(until) }];
    world.app.ports = world.app.ports.clone().watched(&world.app.clock, (true, true), Box::new(keys));
    // Nobody was called yet.
    let view = operations::outside(&world.app, by).await.unwrap();
    assert_eq!(view.health.len(), 5, "two providers, one way, two networks: {view:?}");
    assert!(view.health.iter().all(|(_, health)| health.lately == (0, 0)));
    assert_eq!(operations::ending_keys(&world.app, by).await, Ok(1));
    assert_eq!((view.keys[0].key.name.as_str(), view.keys[0].days_left), ("AB", Some(10)));
    assert!(view.keys.iter().any(|shown| shown.key.key_for == KeyFor::Receipts), "our own key is there");
    // A sale goes through them.
    world.buys(&world.line(Family::Watch).await, "days").await;
    let health = async |whom: Outside| {
        let view = operations::outside(&world.app, by).await.unwrap();
        view.health.into_iter().find(|(known, _)| *known == whom).unwrap().1
    };
    let alipay = Outside::Payment(Provider::Alipay);
    assert!(health(alipay).await.last_success.is_some());
    assert_eq!(health(Outside::Message(Channel::Sms)).await.lately.0, 1);
    // Asked, it answers; asked again at once, nobody is.
    let test = async |whom| operations::test_outside(&world.app, by, whom).await;
    assert_eq!(test(Some(alipay)).await.map(|(_, probed, _)| probed), Ok(Probed::Fine));
    assert!(matches!(test(Some(alipay)).await, Err(Problem::TooMany { .. })));
    world.app.clock.pass_us(MINUTE_US);
    world.provider.always("query", Call::Silent);
    assert_eq!(test(Some(alipay)).await.map(|(_, probed, _)| probed), Ok(Probed::failed("no_answer")));
    let failure = health(alipay).await.last_failure.unwrap();
    assert_eq!(failure.1, Reason::of("no_answer"));
    let silent = test(Some(Outside::Upstream)).await.unwrap();
    assert_eq!(silent.1, Probed::failed("http_503"));
    assert_eq!(test(Some(Outside::Message(Channel::Push))).await, Err(Problem::NotFound("provider")));
    assert_eq!(test(None).await, Err(Problem::NotFound("provider")));
    let tests: Vec<String> = entries(&world.app.store, 0).await.unwrap().into_iter().map(|e| e.details).collect();
    assert_eq!(tests.len(), 3, "{tests:?}");
    assert!(tests[2].contains("http_503"));
}
