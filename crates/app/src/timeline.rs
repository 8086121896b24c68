//! The desk's page of a customer: who it is, masked, their lines, and one timeline: of one line, or of the account. Each kind of
//! what happened is read back from a key by an index of its own, and all are merged; a later page costs no more than the first.
//!
//! What belongs to an order (tries to pay, refunds) stands with it. What moved the account's money stands in the account's
//! timeline, which a line's has not; what happened to lines stands there too, where they are few.

use crate::audit::Act;
use crate::caller::PROVED_US;
pub use crate::order_history::Ordered;
use crate::order_history::ordered;
use crate::staff::{permit, permitted, see};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::calendar::Day;
use everline_core::customer::Customer;
use everline_core::identifiers::{Iccid, Msisdn};
use everline_core::ids::{CaseId, CustomerId, LineId, MessageId, OrderId, RawId, TransferId};
use everline_core::ledger::LedgerAccount;
use everline_core::line::Line;
use everline_core::message::Address;
use everline_core::money::{Currency, Money};
use everline_core::order::Order;
use everline_core::search::masked_name;
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Now, SystemTime, Zone};
use everline_store::tables::account_message::{self, AccountMessage};
use everline_store::tables::audit::Noted;
use everline_store::tables::history::Moved;
use everline_store::tables::timeline::{Changed, News, Opened, Told};
use everline_store::tables::usage::UsageDay;
use everline_store::tables::{audit, customer, history, line, message, sim, timeline};
use everline_store::{Query, Stop, Tx, Work};

/// Entries on a page: fewer than are read of each kind.
pub const PAGE: usize = 30;
/// Lines that a page lists.
pub const LINES_MAX: i64 = 50;
/// Of an account with at most so many lines, what happened to them stands in its timeline too; of a fleet's, with each line.
pub const LINES_WITHIN: usize = 5;
/// How long the reason is for which something is revealed.
const REASON_CHARS_MIN: usize = 4;
const REASON_CHARS_MAX: usize = 200;

/// What may be left out of a timeline, or looked at alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Orders with how they were paid.
    Orders,
    /// What moved the account's money.
    Money,
    /// Changes of a line's state.
    Life,
    /// What was used on a day.
    Usage,
    /// Messages, and what became of them.
    Messages,
    /// Sign-ins, and what happened to them.
    Account,
    /// Cases.
    Cases,
    /// What the staff saw and did.
    Staff,
}
impl Kind {
    /// All of them.
    pub const ALL: [Kind; 8] =
        [Kind::Orders, Kind::Money, Kind::Life, Kind::Usage, Kind::Messages, Kind::Account, Kind::Cases, Kind::Staff];
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Kind::Orders => "orders",
            Kind::Money => "money",
            Kind::Life => "life",
            Kind::Usage => "usage",
            Kind::Messages => "messages",
            Kind::Account => "account",
            Kind::Cases => "cases",
            Kind::Staff => "staff",
        }
    }
    /// The kind of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// The place of an entry: when it happened, and its id.
pub type Key = (i64, RawId);

/// Which part of which timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Whose.
    pub customer: CustomerId,
    /// Of one line; else of the account.
    pub line: Option<LineId>,
    /// One kind alone.
    pub kind: Option<Kind>,
    /// Behind this one.
    pub before: Option<Key>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An order was placed, with what became of it.
    Order(Box<Ordered>),
    /// Money moved.
    Moved(Moved),
    /// A line came into a state.
    Changed(Changed),
    /// What was used on a day.
    Used(UsageDay),
    /// A message.
    Told(Told),
    /// A message about the account.
    Noticed(AccountMessage),
    /// Something about the account.
    News(News),
    /// A case was opened.
    Case(Opened),
    /// A member of the staff saw or did something.
    Staff(Noted),
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place.
    pub key: Key,
    /// To which line, where it happened to one and the timeline is the account's.
    pub line: Option<LineId>,
    /// What happened.
    pub what: What,
}

/// The page of a customer.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Who it is.
    pub customer: Customer,
    /// Their name, masked.
    pub name: String,
    /// Paid and promotional credit.
    pub credit: [Money; 2],
    /// Their lines, at most [`LINES_MAX`]; of a line's page that line alone.
    pub lines: Vec<Line>,
    /// Whether there are more.
    pub more_lines: bool,
    /// Whether the timeline has what happened to lines: always a line's own, an account's if it has few.
    pub with_lines: bool,
    /// The card or profile of the line, masked.
    pub card: Option<String>,
    /// When they proved to whoever looks that it is them who call, if that still counts.
    pub proved_at: Option<SystemTime>,
    /// What happened, newest first.
    pub entries: Vec<Entry>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Key>,
}

/// A page of a customer's or line's timeline. That somebody looked is written down before it is shown.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]
pub async fn timeline(app: &App, by: RawId, wanted: Wanted) -> Result<Subject, Problem> {
    let (zone, now, currency) = (app.zone.clone(), app.clock.now(), app.brand.currency);
    let subject = app.store.read(Look { by, wanted, currency, zone, now }).await?;
    let customer = wanted.customer;
    let act = match wanted.line {
        Some(line) => Act::by(by, AuditAction::LineSeen, ("line", line)),
        None => Act::by(by, AuditAction::CustomerSeen, ("customer", customer)),
    };
    see(app, by, Permission::SeeCustomer, act.of(customer)).await?;
    Ok(subject)
}

/// What was masked, in the clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revealed {
    /// The customer's name.
    pub name: String,
    /// The number they sign in with.
    pub contact: Option<Msisdn>,
    /// Mailboxes they are told at.
    pub mailboxes: Vec<String>,
    /// The numbers of their lines, at most [`LINES_MAX`], each with its card.
    pub lines: Vec<(Msisdn, Option<Iccid>)>,
}

/// Shows in the clear what is masked, to whoever may see it and says why. Why is written down before it is shown.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]: `reason`; [`Problem::NotFound`]
pub async fn reveal(app: &App, by: RawId, customer: CustomerId, reason: &str) -> Result<Revealed, Problem> {
    permitted(app, by, Permission::Reveal).await?;
    let reason = reason.trim();
    let plain = reason.chars().all(|c| !c.is_control());
    if !plain || !(REASON_CHARS_MIN..=REASON_CHARS_MAX).contains(&reason.chars().count()) {
        return Err(Problem::Invalid { field: "reason", rule: "4 to 200 characters" });
    }
    let revealed = app.store.read(Reveal { by, customer }).await?;
    let act = Act::by(by, AuditAction::CustomerRevealed, ("customer", customer)).of(customer).because(reason);
    see(app, by, Permission::Reveal, act).await?;
    Ok(revealed)
}

struct Reveal {
    by: RawId,
    customer: CustomerId,
}
impl Work for Reveal {
    const NAME: &'static str = "reveal_customer";
    type Out = Revealed;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Revealed, Stop<Problem>> {
        permit(tx, self.by, Permission::Reveal).await?;
        let customer = customer::get(tx, self.customer).await?;
        let mut lines = Vec::new();
        for line in line::of_customer(tx, self.customer, LINES_MAX).await? {
            let card = sim::primary_of(tx, line.id).await?;
            lines.push((line.msisdn, card));
        }
        let contacts = message::contacts(tx, self.customer).await?.into_iter();
        let mailboxes = contacts.filter_map(|point| match point.address {
            Address::Email(address) => Some(address.as_str().to_owned()),
            _ => None,
        });
        Ok(Revealed { name: customer.name, contact: customer.contact, mailboxes: mailboxes.collect(), lines })
    }
}

struct Look {
    by: RawId,
    wanted: Wanted,
    currency: Currency,
    zone: Zone,
    now: Now,
}

/// An id above all that were made up to an instant.
fn above(at: i64) -> RawId {
    let ms = u64::try_from(at / 1_000).unwrap_or(0).saturating_add(1);
    RawId::new_v7(ms.min((1 << 48) - 1), [0; 10])
}

/// What was found, at its place; of an order how it was paid is read when it is known to be on the page.
enum Piece {
    Order(Box<Order>),
    Other(What),
    /// Seen from the account.
    OfLine(LineId, What),
}
type Placed = (Key, Piece);

fn placed(at: i64, id: RawId, what: What) -> Placed {
    ((at, id), Piece::Other(what))
}

impl Look {
    /// So many of each kind are read that is kept in the order of its key.
    const EACH: i64 = 32;
    /// So many of each that is kept in the order of its ids, or of the log: some of them may be of later than the key.
    const MANY: i64 = 64;

    /// What is before this key may be on the page.
    fn before(&self) -> Key {
        self.wanted.before.unwrap_or((i64::MAX / 2, RawId::from_bytes([0xff; 16])))
    }

    /// Orders are the largest rows by far: of what else was found it follows which of them can be on the page.
    fn orders(&self, found: &[Vec<Placed>]) -> Option<Query<Placed>> {
        if self.wanted.kind.is_some_and(|only| only != Kind::Orders) {
            return None;
        }
        let (at, id) = self.before();
        let key = (BusinessTime::from_us(at), OrderId(id));
        let mut keys: Vec<Key> = found.iter().flatten().map(|(key, _)| *key).filter(|key| *key < (at, id)).collect();
        keys.sort_unstable_by(|one, other| other.cmp(one));
        // One more than a page has: then it is known that there is another page.
        let from = BusinessTime::from_us(keys.get(PAGE).map_or(i64::MIN, |(at, _)| *at));
        let orders = history::orders(self.wanted.customer, self.wanted.line, (from, key), Self::EACH);
        Some(orders.map(|order| ((order.placed_at.us(), order.id.0), Piece::Order(Box::new(order)))))
    }
    fn cases(&self) -> Query<Placed> {
        let (at, id) = self.before();
        let key = (BusinessTime::from_us(at), CaseId(id));
        timeline::cases(self.wanted.customer, self.wanted.line, key, Self::EACH)
            .map(|one| placed(one.at.us(), one.id.0, What::Case(one)))
    }
    fn staff(&self) -> Vec<Query<Placed>> {
        let to = SystemTime::from_us(self.before().0);
        let all = match self.wanted.line {
            Some(line) => vec![
                audit::of_subject(("line", &line.to_string()), to, Self::MANY),
                audit::beside_line(line, to, Self::MANY),
            ],
            None => vec![audit::of_customer(self.wanted.customer, to, Self::MANY)],
        };
        // The place in the chain tells entries of one instant apart.
        let at_its_place = |one: Noted| {
            let (at, place) = (one.at.us(), one.seq.to_be_bytes()[7]);
            placed(at, above(at).derive(0x7a, place), What::Staff(one))
        };
        all.into_iter().map(|some| some.map(at_its_place)).collect()
    }
    /// What an account alone has.
    fn of_account(&self, kind: Kind) -> Option<Query<Placed>> {
        let (customer, (at, id)) = (self.wanted.customer, self.before());
        Some(match kind {
            Kind::Money => timeline::moved(customer, (BusinessTime::from_us(at), TransferId(id)), Self::EACH)
                .map(|one| placed(one.at.us(), one.id.0, What::Moved(one))),
            Kind::Account => {
                timeline::news(customer, above(at), Self::MANY).map(|one| placed(one.at.us(), one.id, What::News(one)))
            }
            Kind::Messages => account_message::before(customer, (SystemTime::from_us(at), MessageId(id)), Self::EACH)
                .map(|one| placed(one.sent_at.us(), one.id.0, What::Noticed(one))),
            _ => return None,
        })
    }
    /// What a line alone has.
    fn of_line(&self, line: LineId, kind: Kind) -> Option<Query<Placed>> {
        let (customer, (at, _)) = (self.wanted.customer, self.before());
        Some(match kind {
            Kind::Life => timeline::changed(customer, line, above(at), Self::MANY)
                .map(|one| placed(one.at.us(), one.id, What::Changed(one))),
            Kind::Messages => timeline::told(customer, line, above(at), Self::MANY)
                .map(|one| placed(one.sent_at.us(), one.id.0, What::Told(one))),
            Kind::Usage => {
                let to = Day::of(&self.zone, BusinessTime::from_us(at.min(self.now.business.us())));
                let zone = self.zone.clone();
                // A day stands where it begins; what each line used of each kind has a place of its own.
                timeline::used(customer, line, to, Self::MANY).map(move |day| {
                    let at = zone.bounds_us(day.day.date()).map_or(0, |(begins, _)| begins);
                    placed(at, line.0.derive(0x79, day.unit as u8), What::Used(day))
                })
            }
            _ => return None,
        })
    }

    /// What may be on the page, besides orders.
    fn parts(&self) -> Vec<Query<Placed>> {
        let of = |kind| match (kind, self.wanted.line) {
            (Kind::Orders, _) => Vec::new(),
            (Kind::Cases, _) => vec![self.cases()],
            (Kind::Staff, _) => self.staff(),
            (kind, None) => self.of_account(kind).into_iter().collect(),
            (kind, Some(line)) => self.of_line(line, kind).into_iter().collect(),
        };
        let wanted = Kind::ALL.into_iter().filter(|kind| self.wanted.kind.is_none_or(|only| only == *kind));
        wanted.flat_map(of).collect()
    }

    /// What happened to each of some lines, seen from their account.
    fn parts_of(&self, lines: &[Line]) -> Vec<Query<Placed>> {
        let wanted = |kind: &Kind| self.wanted.kind.is_none_or(|only| only == *kind);
        let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(wanted).collect();
        let of = |line: &Line, kind: Kind| {
            let id = line.id;
            let named = move |(key, piece): Placed| match piece {
                Piece::Other(what) => (key, Piece::OfLine(id, what)),
                other => (key, other),
            };
            Some(self.of_line(id, kind)?.map(named))
        };
        lines.iter().flat_map(|line| kinds.iter().filter_map(move |kind| of(line, *kind))).collect()
    }

    /// The page of what was found, and where the next begins.
    async fn page(&self, tx: &mut Tx, parts: Vec<Vec<Placed>>) -> Result<(Vec<Entry>, Option<Key>), Stop<Problem>> {
        // What filled its part may go on behind it, also if little of it is before the key.
        let full = parts.iter().any(|part| i64::try_from(part.len()).is_ok_and(|read| read >= Self::EACH));
        let mut pieces: Vec<Placed> = parts.into_iter().flatten().collect();
        pieces.retain(|(key, _)| *key < self.before());
        pieces.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
        let more = full || pieces.len() > PAGE;
        pieces.truncate(PAGE);
        let next = pieces.last().map(|(key, _)| *key).filter(|_| more);
        let orders = pieces.iter().filter_map(|(_, piece)| match piece {
            Piece::Order(order) => Some((**order).clone()),
            Piece::Other(_) | Piece::OfLine(..) => None,
        });
        let all = ordered(tx, self.wanted.customer, self.wanted.line, orders.collect()).await?;
        let mut all = all.into_iter();
        let mut entries = Vec::new();
        for (key, piece) in pieces {
            let (line, what) = match piece {
                Piece::Other(what) => (None, Some(what)),
                Piece::OfLine(line, what) => (Some(line), Some(what)),
                Piece::Order(_) => (None, all.next().map(|ordered| What::Order(Box::new(ordered)))),
            };
            entries.extend(what.map(|what| Entry { key, line, what }));
        }
        Ok((entries, next))
    }
}
impl Work for Look {
    const NAME: &'static str = "desk_timeline";
    type Out = Subject;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Subject, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        let Wanted { customer: id, line, .. } = self.wanted;
        let lines = line.map_or_else(|| line::all_of(id, LINES_MAX + 1), |line| line::by_id(id, line));
        let cards = line.map(sim::primary).into_iter().collect::<Vec<_>>();
        let proved = audit::caller_proved(id, self.by, self.now.system.plus_us(-PROVED_US));
        let subject = (customer::by_id(id), customer::account_of(id), lines, cards, proved, self.parts());
        let (customers, balances, mut lines, cards, proved, mut parts) = tx.together(subject).await?;
        let gone = |what| Stop::Refused(Problem::NotFound(what));
        let customer = customers.into_iter().next().ok_or(gone("customer"))?;
        let balances = balances.into_iter().next().ok_or(gone("account"))?;
        if line.is_some() && lines.is_empty() {
            return Err(gone("line"));
        }
        let card = cards.into_iter().flatten().next().map(|iccid| iccid.masked());
        let with_lines = line.is_some() || lines.len() <= LINES_WITHIN;
        let of_lines = if line.is_none() && with_lines { self.parts_of(&lines) } else { Vec::new() };
        let more: Vec<_> = self.orders(&parts).into_iter().chain(of_lines).collect();
        parts.extend(tx.together(more).await?);
        let most = usize::try_from(LINES_MAX).unwrap_or(usize::MAX);
        let more_lines = lines.len() > most;
        lines.truncate(most);
        let money = |account| Money::from_micros(balances.get(account), self.currency);
        let credit = [money(LedgerAccount::PaidCredit), money(LedgerAccount::PromoCredit)];
        let (entries, next) = self.page(tx, parts).await?;
        let name = masked_name(&customer.name);
        let proved_at = proved.into_iter().next();
        Ok(Subject { customer, name, credit, lines, more_lines, with_lines, card, proved_at, entries, next })
    }
}
