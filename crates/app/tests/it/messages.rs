//! Messages and their fates: reports that come late, twice, first or for nobody; and the ways that are tried one after the other.

use crate::world::outside::hesitate;
use crate::world::{Kit, World, on_both};
use async_trait::async_trait;
use everline_app::delivery_report::{self, reported};
use everline_app::ports::{
    Browsers, DeliveryReport, Handed, Inbound, Messenger, Messengers, OutgoingMessage, ReceivedMessage, Told,
};
use everline_app::retention::enforce;
use everline_app::timeline::{Kind, Wanted, What, timeline};
use everline_app::{App, contact_point, operations, privacy, sign_in, sim_replaced, vitals};
use everline_core::effects::MessageKind;
use everline_core::identifiers::Msisdn;
use everline_core::ids::RawId;
use everline_core::message::{Address, Channel, EmailAddress, Fate, PushSubscription, Reason, Reported};
use everline_core::offering::Family;
use everline_core::retention::Retention;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US};
use everline_store::tables::message;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::{mpsc, oneshot};

/// A way whose answers are set; *accepted* under the message's number when none is.
#[derive(Default)]
pub struct Carrier {
    answers: Mutex<VecDeque<Handed>>,
    sent: Mutex<Vec<OutgoingMessage>>,
    /// Reports before it answers.
    hasty: Mutex<Option<App>>,
}

impl Carrier {
    pub fn answers(&self, answers: impl IntoIterator<Item = Handed>) {
        self.answers.lock().unwrap().extend(answers);
    }
    pub fn sent(&self) -> Vec<OutgoingMessage> {
        self.sent.lock().unwrap().clone()
    }
}

fn name(message: &OutgoingMessage) -> String {
    format!("test:{}", message.id)
}

#[async_trait]
impl Messenger for Carrier {
    async fn send(&self, message: &OutgoingMessage) -> Handed {
        hesitate().await;
        self.sent.lock().unwrap().push(message.clone());
        // Whoever asked can be gone by now.
        hesitate().await;
        let hasty = self.hasty.lock().unwrap().clone();
        if let Some(app) = hasty {
            reported(&app, report(&name(message), Reported::Delivered)).await.unwrap();
        }
        let answer = self.answers.lock().unwrap().pop_front();
        answer.unwrap_or_else(|| Handed::Accepted(message.reported.then(|| name(message))))
    }
    fn browsers(&self) -> Option<&dyn Browsers> {
        Some(self)
    }
}

impl Browsers for Carrier {
    fn key(&self) -> String {
        "B".repeat(87)
    }
    fn takes(&self, browser: &PushSubscription) -> bool {
        browser.endpoint().starts_with("https://push.example/")
    }
}

fn report(reference: &str, reported: Reported) -> DeliveryReport {
    let reason = (reported == Reported::Failed).then(|| Reason::of("UNDELIV:004"));
    DeliveryReport { reference: reference.to_owned(), reported, reason }
}

pub fn refused() -> Handed {
    Handed::Refused(Reason::of("refused"))
}

/// A world with all three ways, and a line whose owner has an address for each.
pub struct Told3 {
    pub world: World,
    pub kit: Kit,
    pub sms: Arc<Carrier>,
    pub email: Arc<Carrier>,
    pub push: Arc<Carrier>,
}

impl Told3 {
    pub async fn new(mut world: World) -> Self {
        let [sms, email, push] = [(); 3].map(|()| Arc::new(Carrier::default()));
        world.app.ports.messengers = Messengers::default()
            .with(Channel::Push, push.clone())
            .with(Channel::Sms, sms.clone())
            .with(Channel::Email, email.clone());
        let kit = world.line(Family::Watch).await;
        for address in [mailbox(), browser()] {
            contact_point::add(&world.app, kit.customer, address).await.unwrap();
        }
        Self { world, kit, sms, email, push }
    }
    /// What was written down about the line, oldest first.
    async fn fates(&self) -> Vec<(Channel, Fate)> {
        let Kit { customer, line, .. } = self.kit;
        let rows = self.world.look(move |tx| Box::pin(message::of_line(tx, customer, line, 100))).await;
        let mut fates: Vec<_> = rows.iter().rev().map(|(_, channel, fate, _)| (*channel, *fate)).collect();
        fates.sort();
        fates
    }
    async fn report(&self, reference: &str, what: Reported) {
        reported(&self.world.app, report(reference, what)).await.unwrap();
        self.world.settle().await;
    }
    fn counts(&self) -> [usize; 3] {
        [&self.sms, &self.email, &self.push].map(|way| way.sent().len())
    }
    pub async fn dead(&self) -> usize {
        let report = self.world.verify().await;
        assert!(report.clean(), "{report}");
        report.notes.iter().filter(|note| note.invariant == "dead_job").count()
    }
}

pub fn mailbox() -> Address {
    Address::Email(EmailAddress::parse("lin@example.com").unwrap())
}

fn browser() -> Address {
    Address::Push(subscription("https://push.example/1"))
}

pub fn subscription(endpoint: &str) -> PushSubscription {
    PushSubscription::new(endpoint, &"B".repeat(87), &"a".repeat(22)).unwrap()
}

#[tokio::test]
async fn a_report_that_comes_late_and_twice_is_the_messages_fate() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.world.buys(&told.kit, "days").await;
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Accepted)]);
        let sent = told.sms.sent();
        assert_eq!((sent.len(), sent[0].template), (1, MessageKind::RenewalInEffect.word()));
        assert!(sent[0].reported && !sent[0].repeated);
        told.world.pass(5 * HOUR_US).await;
        for _ in 0..2 {
            told.report(&name(&sent[0]), Reported::Delivered).await;
            assert_eq!(told.fates().await[0], (Channel::Sms, Fate::Delivered));
        }
        told.report(&name(&sent[0]), Reported::Failed).await;
        assert_eq!(told.fates().await[0], (Channel::Sms, Fate::Delivered), "what arrived stays so");
        assert_eq!(told.counts()[1..], [0, 0]);
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_report_before_the_answer_counts_and_one_for_nobody_is_kept_for_a_while() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        *told.sms.hasty.lock().unwrap() = Some(told.world.app.clone());
        told.world.buys(&told.kit, "days").await;
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Delivered)]);
        for _ in 0..2 {
            told.report("test:of-nobody", Reported::Failed).await;
        }
        assert_eq!(told.counts(), [1, 0, 0]);
        let store = &told.world.app.store;
        let now = told.world.app.clock.now().system;
        let kept = enforce(store, &Retention::default(), now.plus_us(13 * DAY_US)).await.unwrap();
        assert_eq!(kept["message_reference"], 0);
        let removed = enforce(store, &Retention::default(), now.plus_us(15 * DAY_US)).await.unwrap();
        assert_eq!(removed["message_reference"], 2);
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn who_cannot_be_told_by_one_way_is_told_by_the_next_and_once_by_each() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.sms.answers([refused()]);
        told.world.buys(&told.kit, "days").await;
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Failed), (Channel::Email, Fate::Accepted)]);
        let (sms, email) = (told.sms.sent(), told.email.sent());
        assert_eq!((email[0].to.clone(), email[0].template), (mailbox(), sms[0].template));
        assert_eq!(email[0].parameters, sms[0].parameters);
        assert_ne!(email[0].id, sms[0].id);
        // The mail bounces, and the bounce comes twice.
        for _ in 0..2 {
            told.report(&name(&email[0]), Reported::Failed).await;
        }
        let fates = told.fates().await;
        assert_eq!(fates[1..], [(Channel::Email, Fate::Failed), (Channel::Push, Fate::Accepted)]);
        assert_eq!(told.counts(), [1, 1, 1]);
        // The next thing to tell begins with the first way again.
        told.world.buys(&told.kit, "days").await;
        assert_eq!(told.counts(), [2, 1, 1]);
        assert_eq!(told.dead().await, 0);
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn where_no_way_is_left_people_see_it() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.sms.answers([refused()]);
        told.email.answers([refused()]);
        told.push.answers([Handed::Gone]);
        told.world.buys(&told.kit, "days").await;
        let failed = Channel::ALL.map(|channel| (channel, Fate::Failed));
        assert_eq!(told.fates().await, failed);
        assert_eq!(told.dead().await, 1);
        let left = contact_point::list(&told.world.app, told.kit.customer).await.unwrap();
        assert_eq!(left.len(), 1, "a browser that is gone is forgotten");
        assert_eq!(left[0].address, mailbox());
    })
    .await;
}

#[tokio::test]
async fn what_nobody_can_say_is_not_sent_again_but_told_by_another_way() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.sms.answers([Handed::Lost]);
        told.world.buys(&told.kit, "days").await;
        told.world.pass(30 * MINUTE_US).await;
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Unknown), (Channel::Email, Fate::Accepted)]);
        assert_eq!(told.counts(), [1, 1, 0]);
        assert_eq!(told.dead().await, 0);
    })
    .await;
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_and_what_may_have_been_says_so() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.sms.answers([Handed::NotYet, Handed::Unknown]);
        told.world.buys(&told.kit, "days").await;
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Queued)]);
        for _ in 0..10 {
            told.world.pass(MINUTE_US).await;
        }
        let repeated: Vec<bool> = told.sms.sent().iter().map(|message| message.repeated).collect();
        assert_eq!(repeated, [false, false, true]);
        let ids: std::collections::BTreeSet<_> = told.sms.sent().iter().map(|message| message.id).collect();
        assert_eq!(ids.len(), 1);
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Accepted)]);
        // Silence for ever ends with the next way.
        told.sms.answers(std::iter::repeat_n(Handed::NotYet, 20));
        told.world.buys(&told.kit, "days").await;
        for _ in 0..40 {
            told.world.pass(MINUTE_US).await;
        }
        let fates = told.fates().await;
        assert_eq!(fates[1..], [(Channel::Sms, Fate::Failed), (Channel::Email, Fate::Accepted)]);
    })
    .await;
}

#[tokio::test]
async fn a_node_that_died_while_it_handed_over_does_not_do_it_as_if_for_the_first_time() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let (_, attempt) = told.world.checkout(&told.kit, "days").await;
        told.world.pays(&attempt).await;
        {
            let mut dies = std::pin::pin!(told.world.settle());
            // It is polled until the message is out, and then never again.
            while told.sms.sent().is_empty() {
                let once = std::future::poll_fn(|context| {
                    let _ = dies.as_mut().poll(context);
                    std::task::Poll::Ready(())
                });
                once.await;
                tokio::task::yield_now().await;
            }
        }
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Unknown)]);
        told.world.pass(3 * MINUTE_US).await;
        let sent = told.sms.sent();
        assert_eq!(sent.len(), 2);
        assert!(sent[1].repeated && sent[1].id == sent[0].id);
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Accepted)]);
    })
    .await;
}

#[tokio::test]
async fn one_time_codes_go_to_the_number_alone_and_are_written_down_nowhere() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.sms.answers([refused()]);
        assert!(sign_in::request_code(&told.world.app, "13900000001", "zh-CN").await.is_err());
        sign_in::request_code(&told.world.app, "13900000001", "zh-CN").await.unwrap();
        told.world.settle().await;
        assert_eq!(told.counts(), [2, 0, 0], "never by another way");
        assert!(told.sms.sent().iter().all(|message| !message.reported));
        for table in ["message", "message_reference", "job"] {
            let text = format!("UPDATE {table} SET {0} = {0}", if table == "job" { "runs" } else { "reason" });
            assert_eq!(told.world.sql(&text, Vec::new()).await, 0, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_told_over_a_standing_connection_is_acknowledged_once_it_is_kept() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.world.buys(&told.kit, "days").await;
        let (sender, receiver) = mpsc::channel(4);
        let listening = tokio::spawn(delivery_report::listen(told.world.app.clone(), receiver));
        let reference = name(&told.sms.sent()[0]);
        let message = ReceivedMessage {
            from: Msisdn::parse("13900000001").unwrap(),
            to: "10690000".to_owned(),
            text: "BAL".to_owned(),
        };
        for told in [Told::Report(report(&reference, Reported::Delivered)), Told::Message(message)] {
            let (kept, answer) = oneshot::channel();
            sender.send(Inbound { told, kept }).await.unwrap();
            assert!(answer.await.unwrap());
        }
        drop(sender);
        listening.await.unwrap();
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Delivered)]);
        let exported = privacy::export(&told.world.app.store, told.kit.customer, &told.world.app.zone).await.unwrap();
        assert_eq!(exported["records"]["message"][0]["fate"], "delivered");
        let contacts = exported["records"]["contact_point"].as_array().unwrap();
        assert!(contacts.iter().any(|contact| contact["address"] == "lin@example.com"));
    })
    .await;
}

#[tokio::test]
async fn what_stays_without_a_report_is_told_by_the_next_way_if_there_is_one() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        told.world.buys(&told.kit, "days").await;
        let sent = told.sms.sent();
        told.world.pass(5 * HOUR_US).await;
        assert_eq!(told.counts(), [1, 0, 0]);
        told.world.pass(2 * HOUR_US).await;
        assert_eq!(told.fates().await, [(Channel::Sms, Fate::Accepted), (Channel::Email, Fate::Accepted)]);
        // A report that comes after all is its fate, and tells nobody anything twice; mail that is taken has arrived.
        told.report(&name(&sent[0]), Reported::Failed).await;
        told.world.pass(12 * HOUR_US).await;
        assert_eq!(told.counts(), [1, 1, 0]);
        // One that was reported in time is not told again, and nor is one to whom no other way leads.
        told.world.buys(&told.kit, "days").await;
        told.report(&name(&told.sms.sent()[1]), Reported::Delivered).await;
        told.world.pass(7 * HOUR_US).await;
        assert_eq!(told.counts(), [2, 1, 0]);
        for address in [mailbox(), browser()] {
            contact_point::remove(&told.world.app, told.kit.customer, address).await.unwrap();
        }
        told.world.buys(&told.kit, "days").await;
        told.world.pass(7 * HOUR_US).await;
        assert_eq!(told.counts(), [3, 1, 0]);
        assert_eq!(told.dead().await, 0);
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn what_happened_to_the_account_is_told_by_every_way_once() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        told.sms.answers([refused()]);
        sim_replaced::sim_replaced(app, told.kit.customer, told.kit.line).await.unwrap();
        told.world.settle().await;
        assert_eq!(told.counts(), [1, 1, 1], "the number may be in other hands");
        let sent = [&told.sms, &told.email, &told.push].map(|way| way.sent()[0].clone());
        assert!(
            sent.iter().all(|message| message.template == "sim_replaced" && message.parameters == sent[0].parameters)
        );
        assert_ne!(sent[1].id, sent[2].id);
        // The desk sees what became of each; what arrived stays so.
        let by = told.world.member("agent").await;
        assert_eq!(about_account(&told, by).await, fates_of([Fate::Failed, Fate::Accepted, Fate::Accepted]));
        told.report(&name(&sent[1]), Reported::Failed).await;
        told.report(&name(&sent[2]), Reported::Delivered).await;
        told.report(&name(&sent[2]), Reported::Failed).await;
        // Of what was never taken a report is nobody's.
        told.report(&name(&sent[0]), Reported::Delivered).await;
        let fates = fates_of([Fate::Failed, Fate::Failed, Fate::Delivered]);
        assert_eq!(about_account(&told, by).await, fates);
        told.world.pass(HOUR_US).await;
        assert_eq!(about_account(&told, by).await, fates);
        assert_eq!(told.counts(), [1, 1, 1]);
        assert_eq!(told.dead().await, 0);
        told.world.sound().await;
    })
    .await;
}

fn fates_of(fates: [Fate; 3]) -> Vec<(String, Channel, Fate)> {
    Channel::ALL.into_iter().zip(fates).map(|(channel, fate)| ("sim_replaced".to_owned(), channel, fate)).collect()
}

/// What the desk reads of messages about the account, by way.
async fn about_account(told: &Told3, by: RawId) -> Vec<(String, Channel, Fate)> {
    let wanted = Wanted { customer: told.kit.customer, line: None, kind: Some(Kind::Messages), before: None };
    let entries = timeline(&told.world.app, by, wanted).await.unwrap().entries;
    let noticed = entries.into_iter().filter_map(|entry| match entry.what {
        What::Noticed(told) => Some((told.template, told.channel, told.fate)),
        _ => None,
    });
    let mut all: Vec<_> = noticed.collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_message_about_an_account_that_waits_is_one_in_the_log_and_a_report_before_the_answer_counts() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        told.sms.answers([Handed::NotYet]);
        *told.email.hasty.lock().unwrap() = Some(app.clone());
        sim_replaced::sim_replaced(app, told.kit.customer, told.kit.line).await.unwrap();
        told.world.settle().await;
        let by = told.world.member("agent").await;
        // The other ways do not wait for it.
        assert_eq!(about_account(&told, by).await, fates_of([Fate::Queued, Fate::Delivered, Fate::Accepted]));
        told.world.pass(HOUR_US).await;
        let fates = fates_of([Fate::Accepted, Fate::Delivered, Fate::Accepted]);
        assert_eq!(about_account(&told, by).await, fates);
        told.world.sound().await;
        // It is handed out, ends with other messages, and is erased with its customer.
        let (customer, store) = (told.kit.customer, &app.store);
        let log = async || {
            let all = privacy::export(store, customer, &app.zone).await.unwrap();
            all["records"]["account_message"].as_array().unwrap().len()
        };
        assert_eq!(log().await, 3);
        let late = app.clock.now().system.plus_us(401 * DAY_US);
        let closed = "UPDATE line SET state = 'closed', state_until = NULL WHERE customer_id = $1";
        told.world.sql(closed, vec![customer.into()]).await;
        // One that is under way when its customer is erased leaves nothing behind.
        sim_replaced::sim_replaced(app, customer, told.kit.line).await.unwrap();
        privacy::erase(store, customer, app.clock.now().business).await.unwrap();
        told.world.settle().await;
        assert_eq!((log().await, told.counts()), (0, [2, 1, 1]));
        assert_eq!(enforce(store, &Retention::default(), late).await.unwrap()["account_message"], 0);
    })
    .await;
}

#[tokio::test]
async fn messages_about_an_account_are_kept_for_some_time_and_each_goes_out_once() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        // Nobody can say whether the short message went out: it is not sent again, whatever else still waits.
        told.sms.answers([Handed::Unknown, Handed::Lost]);
        told.email.answers([Handed::NotYet, Handed::NotYet, Handed::NotYet, refused()]);
        sim_replaced::sim_replaced(app, told.kit.customer, told.kit.line).await.unwrap();
        told.world.settle().await;
        for _ in 0..3 {
            told.world.pass(HOUR_US).await;
        }
        assert_eq!(told.counts(), [2, 4, 1]);
        let repeated: Vec<bool> = told.sms.sent().iter().map(|message| message.repeated).collect();
        assert_eq!(repeated, [false, true], "its provider is told that it may have it");
        let by = told.world.member("agent").await;
        let fates = fates_of([Fate::Unknown, Fate::Failed, Fate::Accepted]);
        assert_eq!(about_account(&told, by).await, fates);
        // How messages arrive counts them beside those about lines, of which one ends like one of these.
        told.sms.answers([Handed::Lost]);
        told.world.buys(&told.kit, "days").await;
        assert!(told.fates().await.contains(&(Channel::Sms, Fate::Unknown)), "{:?}", told.fates().await);
        let counted = vitals::survey(app).await.unwrap().messages;
        for (_, channel, fate) in &fates {
            let all =
                counted.iter().find(|(by, end, _)| (by, end) == (channel, fate)).map_or(0, |(_, _, count)| *count);
            let of_line = told.fates().await.iter().filter(|told| *told == &(*channel, *fate)).count();
            assert_eq!(all, i64::try_from(of_line).unwrap() + 1, "{channel:?} {fate:?}");
        }
        let view = operations::messages_view(app, told.world.member("auditor").await).await.unwrap();
        let seen = view.log.into_iter().flat_map(|(channel, [_, _, day])| {
            day.into_iter().map(move |(fate, count)| (channel, fate, count)).collect::<Vec<_>>()
        });
        assert_eq!(seen.collect::<Vec<_>>(), counted);
        let late = app.clock.now().system.plus_us(401 * DAY_US);
        let removed = enforce(&app.store, &Retention::default(), late).await.unwrap();
        assert_eq!(removed["account_message"], 3);
    })
    .await;
}

#[tokio::test]
async fn a_mailbox_that_does_not_take_it_yet_is_tried_as_often_as_the_number() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let app = &told.world.app;
        told.email.answers([Handed::NotYet, Handed::NotYet]);
        told.push.answers([refused()]);
        sim_replaced::sim_replaced(app, told.kit.customer, told.kit.line).await.unwrap();
        told.world.settle().await;
        let by = told.world.member("agent").await;
        assert_eq!(about_account(&told, by).await, fates_of([Fate::Accepted, Fate::Queued, Fate::Failed]));
        for _ in 0..4 {
            told.world.pass(MINUTE_US).await;
        }
        assert_eq!(told.counts(), [1, 3, 1], "whoever took it, or will not, is left alone");
        assert_eq!(about_account(&told, by).await, fates_of([Fate::Accepted, Fate::Accepted, Fate::Failed]));
        // For ever is not.
        told.email.answers(std::iter::repeat_n(Handed::NotYet, 20));
        sim_replaced::sim_replaced(app, told.kit.customer, told.kit.line).await.unwrap();
        for _ in 0..40 {
            told.world.pass(MINUTE_US).await;
        }
        assert_eq!(told.counts(), [2, 13, 2]);
        assert_eq!(told.dead().await, 0);
        told.world.sound().await;
    })
    .await;
}

#[tokio::test]
async fn a_message_about_an_account_that_was_refused_goes_out_when_people_run_its_job_again() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let (app, customer) = (&told.world.app, told.kit.customer);
        for contact in contact_point::list(app, customer).await.unwrap() {
            contact_point::remove(app, customer, contact.address).await.unwrap();
        }
        told.sms.answers([refused()]);
        sim_replaced::sim_replaced(app, customer, told.kit.line).await.unwrap();
        told.world.settle().await;
        assert_eq!((told.counts(), told.dead().await), ([1, 0, 0], 1));
        let operator = told.world.member("operator").await;
        operations::retry_kind(app, operator, "tell_account").await.unwrap();
        told.world.settle().await;
        assert_eq!((told.counts(), told.dead().await), ([2, 0, 0], 0));
        let fates = vec![("sim_replaced".to_owned(), Channel::Sms, Fate::Accepted)];
        assert_eq!(about_account(&told, operator).await, fates);
    })
    .await;
}

#[tokio::test]
async fn addresses_are_added_once_and_not_without_end() {
    on_both(async |world: World| {
        let told = Told3::new(world).await;
        let (app, customer) = (&told.world.app, told.kit.customer);
        contact_point::add(app, customer, mailbox()).await.unwrap();
        assert_eq!(contact_point::list(app, customer).await.unwrap().len(), 2);
        let number = Address::Sms(Msisdn::parse("13900000009").unwrap());
        assert!(contact_point::add(app, customer, number).await.is_err());
        for n in 0..18 {
            let address = EmailAddress::parse(&format!("lin{n}@example.com")).map(Address::Email).unwrap();
            contact_point::add(app, customer, address).await.unwrap();
        }
        let one_more = EmailAddress::parse("more@example.com").map(Address::Email).unwrap();
        assert!(contact_point::add(app, customer, one_more).await.is_err());
        contact_point::remove(app, customer, mailbox()).await.unwrap();
        assert_eq!(contact_point::list(app, customer).await.unwrap().len(), 19);
    })
    .await;
}
