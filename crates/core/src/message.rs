//! A message to a person, and its fate.
//!
//! One cause is told by one way at a time: by SMS, and if that surely failed or nobody can say, by email, and then by push.
//! Each way has one message, which is never sent again by that way once it may have arrived. What a provider says of a
//! message is evidence: it may come late, twice, or before the provider's answer, and *delivered* outweighs everything else.
//!
//! Never knows: a text, or a parameter of one.

use crate::effects::{Job, MessageKind};
use crate::identifiers::Msisdn;
use crate::ids::{CustomerId, JobId, LineId, MessageId, OrderId, RawId};
use crate::time::{HOUR_US, SystemTime};
use crate::words::words;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A way to a person, in the order in which they are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// A short message to a number.
    Sms,
    /// A mail.
    Email,
    /// A notice in a browser.
    Push,
}
words!(Channel { Sms = "sms", Email = "email", Push = "push" });

/// Whom a message about a line goes to who is not its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beside {
    /// A contact person of the line.
    Contact(RawId),
    /// Whoever holds the line's own number.
    Number,
}

/// How long a provider that reports may take to say what became of a message that it took.
pub const REPORT_US_MAX: i64 = 6 * HOUR_US;

/// How far a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Surely not handed over: it will be.
    Queued,
    /// It may have been handed over; nobody said yet, or nobody can.
    Unknown,
    /// Its provider took it.
    Accepted,
    /// It arrived.
    Delivered,
    /// It surely did not arrive, and will not.
    Failed,
}
words!(Fate {
    Queued = "queued",
    Unknown = "unknown",
    Accepted = "accepted",
    Delivered = "delivered",
    Failed = "failed",
});

/// A short code for why something failed, as providers have them. Whatever could be a number of somebody is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// The longest code, in characters.
    pub const CHARS_MAX: usize = 48;
    /// More digits in a row than this could be somebody's number.
    const DIGITS_MAX: usize = 6;

    /// The code in what a provider says; `unreadable` if it says none.
    #[must_use]
    pub fn of(said: &str) -> Self {
        let code = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ':');
        let kept: String = said.trim().chars().take_while(code).take(Self::CHARS_MAX).collect();
        let digits = kept.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
        let whole = kept.len() == said.trim().len() || kept.len() == Self::CHARS_MAX;
        if kept.is_empty() || digits > Self::DIGITS_MAX || !whole { Self("unreadable".to_owned()) } else { Self(kept) }
    }
    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a provider reports of a message that it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reported {
    /// It arrived.
    Delivered,
    /// It did not, and will not.
    Failed,
}
words!(Reported { Delivered = "delivered", Failed = "failed" });

/// Something that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// It is being handed over: from here on it may have been, whatever happens to us.
    HandingOver,
    /// The provider took it.
    Accepted,
    /// The provider surely did not take it, and may do so later.
    NotYet,
    /// The provider will not take it.
    Refused(Reason),
    /// Nobody can say whether the provider took it, and it is not handed over again.
    Lost,
    /// Its provider took it and never reported, although it reports; and there is another way.
    Unreported,
    /// What it says is not true any more.
    Obsolete,
    /// Its provider reports.
    Reported(Reported, Option<Reason>),
}

/// One message by one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Follows from its cause and the way.
    pub id: MessageId,
    /// Whose.
    pub customer: CustomerId,
    /// The line it is about.
    pub line: LineId,
    /// The order it is about, if any.
    pub order: Option<OrderId>,
    /// What it says.
    pub kind: MessageKind,
    /// What it says it about: tells one message from the next of the same kind.
    pub cause: JobId,
    /// The way.
    pub channel: Channel,
    /// How far it is.
    pub fate: Fate,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// Whether the next way was asked to tell it; beside the owner, whether its one way is at its end.
    pub passed_on: bool,
    /// Whom it goes to, if not to the owner. They are told by one way alone.
    pub beside: Option<Beside>,
    /// When it was begun.
    pub sent_at: SystemTime,
    /// When its fate changed last.
    pub fate_at: SystemTime,
}

impl Message {
    /// The message as it becomes, and the job for the next way if there must be one. A fact that changes nothing leaves it as it
    /// was.
    #[must_use]
    pub fn on(self, fact: Fact, at: SystemTime) -> (Self, Option<Job>) {
        let (fate, reason, pass_on) = match (self.fate, fact) {
            // It arrived: nothing undoes that.
            (Fate::Delivered, _) => return (self, None),
            (_, Fact::Reported(Reported::Delivered, _)) => (Fate::Delivered, None, false),
            // What failed for good fails once; only its arrival is news.
            (Fate::Failed, _) => return (self, None),
            (_, Fact::Reported(Reported::Failed, reason)) => (Fate::Failed, reason, true),
            // Being told twice is better than not at all.
            (Fate::Accepted, Fact::Unreported) => (Fate::Accepted, None, true),
            // The provider has it; only its reports are news.
            (Fate::Accepted, _) | (_, Fact::Unreported) => return (self, None),
            (Fate::Queued | Fate::Unknown, Fact::HandingOver) => (Fate::Unknown, None, false),
            (Fate::Queued | Fate::Unknown, Fact::Accepted) => (Fate::Accepted, None, false),
            (Fate::Queued | Fate::Unknown, Fact::NotYet) => (Fate::Queued, None, false),
            (Fate::Queued | Fate::Unknown, Fact::Refused(reason)) => (Fate::Failed, Some(reason), true),
            // Being told twice is better than not at all.
            (Fate::Queued | Fate::Unknown, Fact::Lost) => (Fate::Unknown, None, true),
            (Fate::Queued | Fate::Unknown, Fact::Obsolete) => (Fate::Failed, Some(Reason::of("obsolete")), false),
        };
        let job = (pass_on && !self.passed_on && self.beside.is_none()).then(|| self.next_way());
        let fate_at = if fate == self.fate { self.fate_at } else { at };
        (Self { fate, reason, passed_on: self.passed_on || pass_on, fate_at, ..self }, job)
    }

    /// Whether there is nothing more to do for it by this way, as far as we know.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.passed_on || matches!(self.fate, Fate::Accepted | Fate::Delivered | Fate::Failed)
    }

    fn next_way(&self) -> Job {
        let Self { customer, line, order, kind, cause, channel, .. } = *self;
        Job::SendMessage { customer, line, order, kind, cause, after: Some(channel) }
    }
}

/// What is wrong with an address. Never carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAddress {
    /// It is no address of a mailbox.
    #[error("no address of a mailbox, like name@example.com")]
    Mailbox,
    /// It is no browser's subscription.
    #[error("no subscription: an https address, a key and a secret expected")]
    Subscription,
}

/// The address of a mailbox, as RFC 5321 §4.1.2 writes it without quotes; ASCII only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// Reads one.
    ///
    /// # Errors
    /// [`NoAddress::Mailbox`].
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(NoAddress::Mailbox)?;
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        let local_fits = local.len() <= 64 && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom));
        let label = |part: &str| {
            (1..=63).contains(&part.len())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let domain_fits = domain.contains('.') && domain.split('.').all(label);
        if local_fits && domain_fits && text.len() <= 254 { Ok(Self(text.to_owned())) } else { Err(NoAddress::Mailbox) }
    }
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Enough of it for its owner to know it again.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        format!("{}***@{domain}", local.chars().next().unwrap_or('*'))
    }
    /// What follows the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Where a browser takes notices (Push API §3.3): its push service's address for it, its key, and a secret they share.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PushSubscription {
    endpoint: String,
    p256dh: String,
    auth: String,
}

impl PushSubscription {
    /// The longest address of a push service, in bytes.
    const ENDPOINT_BYTES_MAX: usize = 1_024;

    /// One of its parts: an https address, a key of 65 bytes and a secret of 16, both in base64url without padding.
    ///
    /// # Errors
    /// [`NoAddress::Subscription`].
    pub fn new(endpoint: &str, p256dh: &str, auth: &str) -> Result<Self, NoAddress> {
        let base64url = |text: &str, length| {
            text.len() == length && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        };
        let fits = endpoint.starts_with("https://")
            && endpoint.len() <= Self::ENDPOINT_BYTES_MAX
            && endpoint.chars().all(|c| c.is_ascii_graphic());
        if fits && base64url(p256dh, 87) && base64url(auth, 22) {
            Ok(Self { endpoint: endpoint.to_owned(), p256dh: p256dh.to_owned(), auth: auth.to_owned() })
        } else {
            Err(NoAddress::Subscription)
        }
    }
    /// The push service's address for it; whoever knows it can be told to send there.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
    /// The browser's public key.
    #[must_use]
    pub fn p256dh(&self) -> &str {
        &self.p256dh
    }
    /// The shared secret.
    #[must_use]
    pub fn auth(&self) -> &str {
        &self.auth
    }
}

/// Where a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// To a number.
    Sms(Msisdn),
    /// To a mailbox.
    Email(EmailAddress),
    /// To a browser.
    Push(PushSubscription),
}

impl Address {
    /// The way that leads there.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Address::Sms(_) => Channel::Sms,
            Address::Email(_) => Channel::Email,
            Address::Push(_) => Channel::Push,
        }
    }
    /// The number, if it is one.
    #[must_use]
    pub const fn number(&self) -> Option<&Msisdn> {
        if let Address::Sms(number) = self { Some(number) } else { None }
    }
    /// Reads a number or a mailbox that [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    /// [`NoAddress`].
    pub fn number_or_mailbox(text: &str) -> Result<Self, NoAddress> {
        Self::parse(if text.contains('@') { Channel::Email } else { Channel::Sms }, text)
    }
    /// The mailbox, if it is one.
    #[must_use]
    pub const fn mailbox(&self) -> Option<&EmailAddress> {
        if let Address::Email(mailbox) = self { Some(mailbox) } else { None }
    }
    /// The browser, if it is one.
    #[must_use]
    pub const fn browser(&self) -> Option<&PushSubscription> {
        if let Address::Push(browser) = self { Some(browser) } else { None }
    }
    /// Reads what [`Display`](fmt::Display) wrote.
    ///
    /// # Errors
    /// [`NoAddress`].
    pub fn parse(channel: Channel, text: &str) -> Result<Self, NoAddress> {
        match channel {
            Channel::Sms => Msisdn::parse(text).map(Address::Sms).map_err(|_| NoAddress::Mailbox),
            Channel::Email => EmailAddress::parse(text).map(Address::Email),
            Channel::Push => {
                let mut parts = text.split(' ');
                let (endpoint, p256dh, auth) = (parts.next(), parts.next(), parts.next());
                match (endpoint, p256dh, auth, parts.next()) {
                    (Some(endpoint), Some(p256dh), Some(auth), None) => {
                        PushSubscription::new(endpoint, p256dh, auth).map(Address::Push)
                    }
                    _ => Err(NoAddress::Subscription),
                }
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Sms(number) => f.write_str(number.as_str()),
            Address::Email(email) => f.write_str(email.as_str()),
            Address::Push(PushSubscription { endpoint, p256dh, auth }) => write!(f, "{endpoint} {p256dh} {auth}"),
        }
    }
}

/// An address of a customer beside the number to sign in with. Whoever adds one has made sure that it is theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPoint {
    /// Its id.
    pub id: RawId,
    /// Whose.
    pub customer: CustomerId,
    /// Where.
    pub address: Address,
    /// Words for the device that it was added from; empty where staff added it.
    pub device: String,
    /// Since when.
    pub added_at: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(fate: Fate) -> Message {
        let id = RawId::from_bytes([7; 16]);
        let at = SystemTime::from_us(5);
        Message {
            id: MessageId(id),
            customer: CustomerId(id),
            line: LineId(id),
            order: None,
            kind: MessageKind::Suspended,
            cause: JobId(id),
            channel: Channel::Sms,
            fate,
            reason: None,
            passed_on: false,
            beside: None,
            sent_at: at,
            fate_at: at,
        }
    }

    fn facts() -> [Fact; 9] {
        let why = || Reason::of("why");
        [
            Fact::HandingOver,
            Fact::Accepted,
            Fact::NotYet,
            Fact::Refused(why()),
            Fact::Lost,
            Fact::Obsolete,
            Fact::Reported(Reported::Delivered, None),
            Fact::Reported(Reported::Failed, Some(why())),
            Fact::Unreported,
        ]
    }

    #[test]
    fn each_fact_in_each_fate_has_one_outcome() {
        // Rows by fact, columns by fate; + passes it on to the next way.
        let expected = "\
            HandingOver: unknown unknown accepted delivered failed\n\
            Accepted: accepted accepted accepted delivered failed\n\
            NotYet: queued queued accepted delivered failed\n\
            Refused: failed+ failed+ accepted delivered failed\n\
            Lost: unknown+ unknown+ accepted delivered failed\n\
            Obsolete: failed failed accepted delivered failed\n\
            Reported(Delivered): delivered delivered delivered delivered delivered\n\
            Reported(Failed): failed+ failed+ failed+ delivered failed\n\
            Unreported: queued unknown accepted+ delivered failed";
        let rows: Vec<String> = facts()
            .iter()
            .map(|fact| {
                let cells = Fate::ALL.map(|fate| {
                    let (after, job) = message(fate).on(fact.clone(), SystemTime::from_us(9));
                    assert_eq!(after.fate_at.us(), if after.fate == fate { 5 } else { 9 });
                    assert_eq!(job.is_some(), after.passed_on);
                    format!("{}{}", after.fate.word(), if job.is_some() { "+" } else { "" })
                });
                let name = match fact {
                    Fact::Reported(reported, _) => format!("Reported({reported:?})"),
                    fact => format!("{fact:?}").split('(').next().unwrap().to_owned(),
                };
                format!("{name}: {}", cells.join(" "))
            })
            .collect();
        assert_eq!(rows.join("\n"), expected);
    }

    #[test]
    fn whoever_is_told_beside_the_owner_is_told_by_one_way() {
        for fact in facts() {
            let owners = message(Fate::Queued).on(fact.clone(), SystemTime::from_us(9)).0;
            let beside = Message { beside: Some(Beside::Number), ..message(Fate::Queued) };
            let (after, job) = beside.on(fact, SystemTime::from_us(9));
            assert_eq!((job, after.passed_on), (None, owners.passed_on), "there is no other, and it is seen");
        }
        let of = |to| {
            let (customer, line) = (CustomerId(RawId::from_bytes([1; 16])), LineId(RawId::from_bytes([2; 16])));
            let (kind, cause) = (MessageKind::Suspended, JobId(RawId::new_v7(9, [3; 10])));
            Job::TellBeside { customer, line, to, kind, cause }.id()
        };
        let person = |n| Beside::Contact(RawId::new_v7(7, [n; 10]));
        let mut ids = [of(Beside::Number), of(person(1)), of(person(2))].to_vec();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3);
    }

    #[test]
    fn the_next_way_is_another_job_of_the_same_cause() {
        let (_, job) = message(Fate::Unknown).on(Fact::Lost, SystemTime::from_us(9));
        let Some(Job::SendMessage { after: Some(Channel::Sms), cause, .. }) = job else { panic!("{job:?}") };
        let first = Job::SendMessage {
            customer: CustomerId(cause.0),
            line: LineId(cause.0),
            order: None,
            kind: MessageKind::Suspended,
            cause,
            after: None,
        };
        let after = |channel| match first.clone() {
            Job::SendMessage { customer, line, order, kind, cause, .. } => {
                Job::SendMessage { customer, line, order, kind, cause, after: Some(channel) }
            }
            _ => unreachable!(),
        };
        let mut ids = vec![first.id()];
        ids.extend(Channel::ALL.map(|channel| after(channel).id()));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 4);
        let stored = serde_json::to_string(&first).unwrap();
        assert!(!stored.contains("after"), "the release before reads it: {stored}");
        assert_eq!(serde_json::from_str::<Job>(&stored).unwrap(), first);
    }

    proptest! {
        /// Whatever comes in whatever order and however often: it is passed on at most once, and what arrived stays so.
        #[test]
        fn facts_in_any_order(order in prop::collection::vec(0..9_usize, 0..20)) {
            let (mut now, mut jobs) = (message(Fate::Queued), 0);
            let all = facts();
            for at in &order {
                let before = now.fate;
                let (next, job) = now.on(all[*at].clone(), SystemTime::from_us(9));
                prop_assert!(before != Fate::Delivered || next.fate == Fate::Delivered);
                prop_assert!(before != Fate::Failed || matches!(next.fate, Fate::Failed | Fate::Delivered));
                jobs += usize::from(job.is_some());
                now = next;
            }
            prop_assert!(jobs <= 1);
            let arrived = order.contains(&6);
            prop_assert_eq!(now.fate == Fate::Delivered, arrived);
        }

        #[test]
        fn a_reason_is_a_short_code(said in any::<String>()) {
            let reason = Reason::of(&said);
            prop_assert!(!reason.as_str().is_empty() && reason.as_str().len() <= Reason::CHARS_MAX);
        }

        #[test]
        fn addresses_never_panic_and_survive(text in any::<String>()) {
            for channel in Channel::ALL {
                if let Ok(address) = Address::parse(channel, &text) {
                    prop_assert_eq!(Address::parse(channel, &address.to_string()), Ok(address));
                }
            }
        }
    }

    #[test]
    fn reasons_carry_no_number_of_anybody() {
        for (said, kept) in [
            ("isv.BUSINESS_LIMIT_CONTROL", "isv.BUSINESS_LIMIT_CONTROL"),
            ("5.1.1", "5.1.1"),
            ("UNDELIV:004", "UNDELIV:004"),
            ("13800138001", "unreadable"),
            ("+8613800138001 unknown", "unreadable"),
            ("user lin@example.com unknown", "unreadable"),
            ("", "unreadable"),
        ] {
            assert_eq!(Reason::of(said).as_str(), kept, "{said}");
        }
    }

    #[test]
    fn mailboxes_and_subscriptions() {
        for good in ["a@b.cn", "lin.fang+x@mail.example.com"] {
            assert_eq!(EmailAddress::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "a",
            "a@b",
            "@b.cn",
            "a@",
            "a b@c.cn",
            "a@b..cn",
            "a..b@c.cn",
            "林@b.cn",
            "a@b.cn\r\nBcc: c@d.cn",
            "a@-b.cn",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(NoAddress::Mailbox), "{bad}");
        }
        let (key, auth) = ("B".repeat(87), "a".repeat(22));
        let push = PushSubscription::new("https://push.example/x", &key, &auth).map(Address::Push).unwrap();
        assert_eq!(Address::parse(Channel::Push, &push.to_string()), Ok(push));
        for (endpoint, key, auth) in [
            ("http://push.example/x", key.as_str(), auth.as_str()),
            ("https://push.example/x y", &key, &auth),
            ("https://push.example/x", "short", &auth),
            ("https://push.example/x", &key, ""),
        ] {
            assert_eq!(PushSubscription::new(endpoint, key, auth), Err(NoAddress::Subscription));
        }
    }
}
