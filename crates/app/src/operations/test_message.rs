//! Messages as people read them, test messages, and how messages arrive.
//!
//! A test message goes the way of every message, through the port of its way, from a template with example parameters; what it
//! is called by says that it is a test. It is written down before it goes out, and sent once.

use crate::audit::{Act, Stamp};
use crate::figures::first_id;
use crate::ports::{Handed, OutgoingMessage, Preview};
use crate::send_message::{parameters, templates};
use crate::staff::{permit, permitted};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::ids::{MessageId, RawId};
use everline_core::message::{Address, Channel, EmailAddress, Fate, Reason};
use everline_core::number_plan::NumberOf;
use everline_core::staff::Permission;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, SECOND_US, SystemTime};
use everline_store::tables::figure::lock_tests;
use everline_store::tables::test_message::{self as table, TestMessage};
use everline_store::tables::{account_message, message, staff};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;

/// Most test messages of a member in an hour, to an address in a day, and of all in a day.
const OF_MEMBER: usize = 10;
const TO_ADDRESS: usize = 5;
const OF_ALL: usize = 100;
/// How many test messages a page shows.
const SHOWN: usize = 20;
/// How many of the newest messages are counted of those about lines, and of those about accounts.
const COUNTED: i64 = 20_000;
/// Of how many of the last hours messages are counted.
pub const HOURS: [i64; 3] = [1, 6, 24];

/// What is to be sent as a test. The id is chosen before the page is shown, so that sending the page twice sends once.
#[derive(Debug, Clone, Copy)]
pub struct NewTest<'a> {
    /// Its id.
    pub id: RawId,
    /// The way.
    pub channel: Channel,
    /// To whom, as it was typed.
    pub to: &'a str,
    /// The template's name.
    pub template: &'a str,
    /// BCP 47.
    pub language: &'a str,
    /// What is put after the brand's name, in that language, so that whoever reads it knows that it is a test.
    pub mark: &'a str,
}

/// What a template makes by each way, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateView {
    /// The language's tag.
    pub language: String,
    /// What people read, by way; nothing where it cannot be sent so.
    pub ways: Vec<(Channel, Option<Preview>)>,
}

/// How messages arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagesView {
    /// By way, for each of [`HOURS`]: how many of each fate.
    pub log: Vec<(Channel, [BTreeMap<Fate, i64>; HOURS.len()])>,
    /// Whether there were more than are counted.
    pub uncounted: bool,
    /// The newest test messages with the name of whoever sent them.
    pub tests: Vec<(TestMessage, String)>,
}

/// The ways by which a test can be sent: those to an address that can be typed.
#[must_use]
pub fn channel_ways(app: &App) -> Vec<Channel> {
    app.ports.messengers.channels().filter(|channel| *channel != Channel::Push).collect()
}

/// A template as people read it by each way, in each of some languages, with example parameters.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`] if there is no such template.
pub async fn template_view(
    app: &App,
    by: RawId,
    template: &str,
    languages: &[&str],
) -> Result<Vec<TemplateView>, Problem> {
    permitted(app, by, Permission::SeeOperations).await?;
    let template = known(template)?;
    // A preview goes nowhere.
    let nobody = EmailAddress::parse("nobody@example.com").map(Address::Email);
    let nobody = nobody.map_err(|_| Problem::Internal("no example of an address".to_owned()))?;
    let view = |language: &&str| {
        let ways = app.ports.messengers.channels().map(|channel| {
            let to = (RawId::from_bytes([0; 16]), nobody.clone());
            let example = example(app, (template, language), to, "");
            let preview = app.ports.messengers.of(channel).and_then(|port| port.preview(&example));
            (channel, preview)
        });
        TemplateView { language: (*language).to_owned(), ways: ways.collect() }
    };
    Ok(languages.iter().map(view).collect())
}

/// How messages arrived lately, and the newest test messages.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn messages_view(app: &App, by: RawId) -> Result<MessagesView, Problem> {
    let channels = app.ports.messengers.channels().collect();
    Ok(app.store.read(Look { by, channels, now: app.clock.now().system }).await?)
}

/// Sends a test message, once; what became of it.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`] names the field; [`Problem::NotFound`] if there is no such template or way;
/// [`Problem::Stale`] if the page is older than a day; [`Problem::TooMany`].
pub async fn send_test(app: &App, by: RawId, new: NewTest<'_>) -> Result<Fate, Problem> {
    permitted(app, by, Permission::Operate).await?;
    let template = known(new.template)?;
    let port = app.ports.messengers.of(new.channel).filter(|_| new.channel != Channel::Push);
    let port = port.ok_or(Problem::NotFound("way"))?;
    let to = address(app, new.channel, new.to)?;
    let outgoing = example(app, (template, new.language), (new.id, to.clone()), new.mark);
    if port.preview(&outgoing).is_none() {
        return Err(Problem::Invalid { field: "template", rule: "cannot-be-sent-so" });
    }
    let now = app.clock.now().system;
    let masked = match &to {
        Address::Sms(number) => number.masked(),
        Address::Email(mailbox) => mailbox.masked(),
        Address::Push(_) => String::new(),
    };
    let row = TestMessage {
        id: outgoing.id,
        staff: by,
        channel: new.channel,
        template: template.to_owned(),
        language: new.language.to_owned(),
        masked,
        address_hash: app.secrets.token_hash(&format!("test message {to}")),
        fate: Fate::Unknown,
        reason: None,
        sent_at: now,
        fate_at: now,
    };
    if !app.store.transact(Begin { row, stamp: Stamp::new(app)? }).await? {
        return Ok(Fate::Unknown); // the page was sent before
    }
    let handed = port.send(&outgoing).await;
    let (fate, reason, reference) = match handed {
        Handed::Accepted(reference) => (Fate::Accepted, None, reference),
        Handed::Refused(reason) => (Fate::Failed, Some(reason), None),
        Handed::Gone => (Fate::Failed, Some(Reason::of("gone")), None),
        Handed::NotYet => (Fate::Failed, Some(Reason::of("not_taken")), None),
        Handed::Unknown | Handed::Lost => (Fate::Unknown, None, None),
    };
    let at = app.clock.now().system;
    if fate != Fate::Unknown {
        app.store.transact(Settle { id: outgoing.id, fate, reason, reference, at }).await?;
    }
    Ok(fate)
}

fn known(template: &str) -> Result<&'static str, Problem> {
    templates().find(|known| *known == template).ok_or(Problem::NotFound("template"))
}

fn address(app: &App, channel: Channel, text: &str) -> Result<Address, Problem> {
    let wrong = Problem::Invalid { field: "to", rule: "no-address" };
    match channel {
        Channel::Sms => app.brand.number(text, NumberOf::Person).map(Address::Sms).map_err(|_| wrong),
        Channel::Email => EmailAddress::parse(text).map(Address::Email).map_err(|_| wrong),
        Channel::Push => Err(wrong),
    }
}

/// A message with example parameters. It leads to the first page.
fn example(
    app: &App,
    (template, language): (&'static str, &str),
    (id, to): (RawId, Address),
    mark: &str,
) -> OutgoingMessage {
    let brand = app.brand.name.get(language);
    let brand = if mark.is_empty() { brand.to_owned() } else { format!("{brand} {mark}") };
    let today = app.zone.date(app.clock.now().business);
    let later = |days: i64| app.zone.date(app.clock.now().business.plus_us(days * DAY_US)).to_string();
    let value = |name: &'static str| match name {
        "brand" => brand.clone(),
        "hotline" => app.brand.hotline.clone(),
        "code" => "000000".to_owned(),
        "line" => "138****0000".to_owned(),
        "offering" | "renewal" => "10 GB".to_owned(),
        "amount" | "price" => "39.00".to_owned(),
        "agreed" => "35.00".to_owned(),
        "at" => today.to_string(),
        "debit_on" => later(5),
        "until" | "ends" | "kept_until" | "runs_out_on" => later(7),
        "order" => "2026010100000000000".to_owned(),
        "first_method" | "way" => "credit".to_owned(),
        "more_methods" => "1".to_owned(),
        "percent" => "80".to_owned(),
        "left" | "data" => "2 GB".to_owned(),
        "minutes" | "messages" => "30".to_owned(),
        _ => "0".to_owned(),
    };
    let mut all: Vec<(&'static str, String)> =
        parameters(template).into_iter().filter(|name| *name != "path").map(|name| (name, value(name))).collect();
    all.push(("path", "/".to_owned()));
    OutgoingMessage {
        id: MessageId(id),
        to,
        template,
        parameters: all,
        language: language.to_owned(),
        repeated: false,
        reported: true,
    }
}

struct Begin {
    row: TestMessage,
    stamp: Stamp,
}
impl Work for Begin {
    const NAME: &'static str = "begin_test_message";
    /// Whether it is to be sent now.
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let row = &self.row;
        // Whoever sends waits here, so that all that were sent are counted.
        lock_tests(tx).await?;
        permit(tx, row.staff, Permission::Operate).await?;
        if table::exists(tx, row.id).await? {
            return Ok(false);
        }
        let age_us = row.sent_at.us() - time_of(row.id.0);
        if !(-MINUTE_US..=DAY_US).contains(&age_us) {
            return Err(Stop::Refused(Problem::Stale));
        }
        // An id is at most a day older than its sending.
        let from = first_id(row.sent_at.us() - 2 * DAY_US);
        let sent = table::newest(tx, from, i64::try_from(2 * OF_ALL + 1).unwrap_or(i64::MAX)).await?;
        let wait_s = waits_s(row, &sent);
        if wait_s > 0 {
            return Err(Stop::Refused(Problem::TooMany { retry_after_s: wait_s }));
        }
        table::add(tx, row);
        let act = Act::by(row.staff, AuditAction::TestMessageSent, ("test_message", row.id));
        let act = act.with("channel", row.channel.word()).with("template", row.template.as_str());
        self.stamp.append(tx, act.with("language", row.language.as_str())).await?;
        Ok(true)
    }
}

/// The instant in an id, in microseconds.
fn time_of(id: RawId) -> i64 {
    let [a, b, c, d, e, f, ..] = id.bytes();
    i64::from_be_bytes([0, 0, a, b, c, d, e, f]).saturating_mul(1_000)
}

/// How many seconds it is until one more may be sent; 0 if one may be now.
fn waits_s(new: &TestMessage, sent: &[TestMessage]) -> i64 {
    let over = |within_us: i64, most: usize, like: &dyn Fn(&TestMessage) -> bool| {
        let since = new.sent_at.plus_us(-within_us);
        let mut times: Vec<SystemTime> =
            sent.iter().filter(|old| old.sent_at > since && like(old)).map(|old| old.sent_at).collect();
        times.sort_unstable();
        let blocking = times.len().checked_sub(most).and_then(|place| times.get(place))?;
        Some(blocking.plus_us(within_us).since_us(new.sent_at) / SECOND_US + 1)
    };
    let member = over(HOUR_US, OF_MEMBER, &|old| old.staff == new.staff);
    let address = over(DAY_US, TO_ADDRESS, &|old| old.address_hash == new.address_hash);
    let all = over(DAY_US, OF_ALL, &|_| true);
    [member, address, all].into_iter().flatten().max().unwrap_or(0)
}

struct Settle {
    id: MessageId,
    fate: Fate,
    reason: Option<Reason>,
    reference: Option<String>,
    at: SystemTime,
}
impl Work for Settle {
    const NAME: &'static str = "settle_test_message";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let fate = (self.fate, self.reason.as_ref());
        Ok(table::settle(tx, self.id, fate, self.reference.as_deref(), self.at).await?)
    }
}

struct Look {
    by: RawId,
    channels: Vec<Channel>,
    now: SystemTime,
}
impl Work for Look {
    const NAME: &'static str = "messages_lately";
    type Out = MessagesView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<MessagesView, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeOperations).await?;
        let hours_ago = |hours: i64| self.now.us() - hours * HOUR_US;
        let [.., longest] = HOURS;
        let from = first_id(hours_ago(longest));
        let of_lines = message::newest(tx, from, COUNTED).await?;
        let of_accounts = account_message::newest(tx, from, COUNTED).await?;
        let uncounted = [&of_lines, &of_accounts]
            .into_iter()
            .any(|newest| i64::try_from(newest.len()).unwrap_or(i64::MAX) >= COUNTED);
        let mut log: BTreeMap<Channel, [BTreeMap<Fate, i64>; HOURS.len()]> =
            self.channels.iter().map(|channel| (*channel, Default::default())).collect();
        for (id, channel, fate) in of_lines.into_iter().chain(of_accounts) {
            let sums = log.entry(channel).or_default();
            for (sum, hours) in sums.iter_mut().zip(HOURS) {
                if time_of(id.0) >= hours_ago(hours) {
                    *sum.entry(fate).or_default() += 1;
                }
            }
        }
        let shown = i64::try_from(SHOWN).unwrap_or(i64::MAX);
        let tests = table::newest(tx, first_id(self.now.us() - 14 * DAY_US), shown).await?;
        let members = staff::list(tx).await?;
        let name = |id: RawId| members.iter().find(|row| row.id == id).map(|row| row.name.clone()).unwrap_or_default();
        let tests = tests.into_iter().map(|test| (name(test.staff), test)).map(|(name, test)| (test, name)).collect();
        Ok(MessagesView { log: log.into_iter().collect(), uncounted, tests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(staff: u8, address: u8, at: i64) -> TestMessage {
        let at = SystemTime::from_us(at);
        TestMessage {
            id: MessageId(RawId::from_bytes([0; 16])),
            staff: RawId::from_bytes([staff; 16]),
            channel: Channel::Sms,
            template: String::new(),
            language: String::new(),
            masked: String::new(),
            address_hash: vec![address],
            fate: Fate::Unknown,
            reason: None,
            sent_at: at,
            fate_at: at,
        }
    }

    #[test]
    fn members_addresses_and_all_have_their_limits() {
        let now = 10 * DAY_US;
        let sent = |count: u8, staff: fn(u8) -> u8, address: fn(u8) -> u8, ago: i64| -> Vec<TestMessage> {
            (0..count).map(|n| test(staff(n), address(n), now - ago)).collect()
        };
        let new = test(1, 1, now);
        let waits = |sent: &[TestMessage]| waits_s(&new, sent);
        assert_eq!(waits(&[]), 0);
        assert_eq!(waits(&sent(9, |_| 1, |n| n + 2, MINUTE_US)), 0);
        assert_eq!(waits(&sent(10, |_| 1, |n| n + 2, MINUTE_US)), 59 * 60 + 1);
        assert_eq!(waits(&sent(10, |_| 2, |n| n + 2, MINUTE_US)), 0, "somebody else's");
        assert_eq!(waits(&sent(10, |_| 1, |n| n + 2, HOUR_US)), 0, "an hour ago");
        assert_eq!(waits(&sent(5, |n| n + 2, |_| 1, HOUR_US)), 23 * 3_600 + 1);
        assert_eq!(waits(&sent(4, |n| n + 2, |_| 1, HOUR_US)), 0);
        assert!(waits(&sent(100, |n| n + 2, |n| n + 2, HOUR_US)) > 0);
        assert_eq!(waits(&sent(99, |n| n + 2, |n| n + 2, HOUR_US)), 0);
    }
}
