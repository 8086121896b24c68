//! The desk's one box: what was typed is recognised ([`everline_core::search`]) and looked for everywhere it may be. What is
//! found is shown masked: finding somebody is not seeing them. That somebody was looked for is written down, and not as what.

use crate::audit::Act;
use crate::identity::document_name_hash;
use crate::secrets::Secrets;
use crate::staff::{permit, permitted, see};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::customer::CustomerKind;
use everline_core::ids::{AttemptId, CaseId, CustomerId, LineId, OrderId, RawId, RefundId};
use everline_core::payment::Provider;
use everline_core::search::{Guess, Named, Typed, guesses, masked_name, names_device};
use everline_core::staff::Permission;
use everline_store::tables::directory::Name;
use everline_store::tables::{case, customer, identity, line_device, order, payment, search};
use everline_store::{Engine, Query, Stop, Tx, Work};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most that is found at once; more is asked for by typing more.
pub const FOUND_MAX: usize = 20;
/// So many are read of each kind.
const EACH: i64 = 21;

/// Where something that was found leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An order, by its number.
    Order(String),
    /// A line.
    Line(LineId),
    /// A case.
    Case(CaseId),
    /// A customer.
    Customer,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As what it was found.
    pub named: Named,
    /// Whether all of its name was typed.
    pub whole: bool,
    /// The name, masked where it is a person's.
    pub shown: String,
    /// Whose it is.
    pub customer: CustomerId,
    /// Their name, masked; empty for a line that is nobody's.
    pub owner: String,
    /// Where it leads.
    pub place: Place,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finds {
    /// What it is, the likeliest first.
    pub found: Vec<Found>,
    /// Whether there is more.
    pub more: bool,
    /// Whether what was typed is a device's number that no owner said.
    pub device: bool,
}

/// Looks for what somebody typed.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`] if it is too short.
pub async fn find(app: &App, by: RawId, typed: &str) -> Result<Finds, Problem> {
    let brand = &app.brand;
    let Ok(guesses) = guesses(typed, (&brand.numbers, &brand.calling_code), &brand.identity.documents) else {
        permitted(app, by, Permission::SeeCustomer).await?;
        return Err(Problem::Invalid { field: "q", rule: "too-short" });
    };
    let found = app.store.read(Find { by, guesses, secrets: app.secrets.clone() }).await?;
    let finds = Finds { device: found.found.is_empty() && names_device(typed), ..found };
    // As what somebody was found, and how many: never the text, which may name a person.
    let named: BTreeSet<Named> = finds.found.iter().map(|found| found.named).collect();
    let named: Vec<&str> = named.into_iter().map(Named::word).collect();
    let act = Act::by(by, AuditAction::DeskSearched, ("queue", "search"));
    let act = act.with("count", finds.found.len()).with("found_by", named.join(" "));
    see(app, by, Permission::SeeCustomer, act).await?;
    Ok(finds)
}

struct Find {
    by: RawId,
    guesses: Vec<Guess>,
    secrets: Arc<Secrets>,
}

/// Something before its owner was looked up.
struct Hit {
    named: Named,
    whole: bool,
    text: String,
    customer: CustomerId,
    to: To,
}
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    Line(LineId),
    Order(OrderId),
    /// The order of an attempt, if it is still there.
    Attempt(AttemptId),
    /// The order of a refund.
    Refund(RefundId),
    Case(CaseId),
    Customer,
}

impl Work for Find {
    const NAME: &'static str = "desk_search";
    type Out = Finds;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Finds, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        let engine = tx.engine();
        let looks = self.guesses.iter().map(|guess| self.look(engine, guess)).collect::<Vec<_>>();
        let hits = tx.together(looks).await?.into_iter().flatten().flatten().flatten();
        let hits = self.of_orders(tx, hits.collect()).await?;
        // The same thing may be found under several names.
        let mut seen = BTreeSet::new();
        let mut different = hits.into_iter().filter(|hit| seen.insert((hit.customer, hit.to)));
        let shown = different.by_ref().take(FOUND_MAX).collect();
        let more = different.next().is_some();
        Ok(Finds { found: with_owners(tx, shown).await?, more, device: false })
    }
}

/// The directory's kinds that a payment's reference may be.
const REFERENCES: [Name; 7] = [
    Name::OutTradeNo,
    Name::TradeNo(Provider::Alipay),
    Name::TradeNo(Provider::Wechat),
    Name::TradeNo(Provider::Stripe),
    Name::TradeNo(Provider::Bank),
    Name::BankRefund,
    Name::Payout,
];

impl Find {
    /// Where a guess is looked up; rows that do not fit make no hit.
    fn look(&self, engine: Engine, guess: &Guess) -> Vec<Query<Option<Hit>>> {
        let named = guess.named;
        let (text, whole) = match &guess.typed {
            Typed::Whole(text) => (text.clone(), true),
            Typed::Begins(text) | Typed::Ends(text) => (text.clone(), false),
        };
        let hit = move |customer, text: &str, to| Some(Hit { named, whole, text: text.to_owned(), customer, to });
        match (named, &guess.typed) {
            (Named::Name, Typed::Whole(_) | Typed::Begins(_)) => {
                let names = search::names(engine, &text, EACH);
                vec![names.map(
                    move |(customer, name)| {
                        if (name == text) == whole { hit(customer, &name, To::Customer) } else { None }
                    },
                )]
            }
            (Named::Document, _) => {
                let Some((kind, number)) = text.split_once(':') else { return Vec::new() };
                let hash = document_name_hash(&self.secrets, kind, number);
                vec![identity::of_document(hash, EACH).map(move |customer| hit(customer, "", To::Customer))]
            }
            (Named::Receipt, _) => {
                let Ok(number) = text.parse() else { return Vec::new() };
                vec![search::receipt(number).map(move |(customer, order)| hit(customer, &text, To::Order(order)))]
            }
            (Named::Case, _) => {
                let Ok(number) = text.parse() else { return Vec::new() };
                vec![case::of_number(number, EACH).map(move |(customer, id)| hit(customer, &text, To::Case(id)))]
            }
            (Named::Imei, _) => {
                vec![line_device::find(&text, EACH).map(move |(customer, line)| hit(customer, &text, To::Line(line)))]
            }
            (Named::Eid, how) => {
                let all = match how {
                    Typed::Whole(_) => search::eid(&text, EACH),
                    Typed::Begins(_) | Typed::Ends(_) => search::eid_begins(&text, EACH),
                };
                vec![all.map(move |(customer, line, eid)| hit(customer, &eid, To::Line(line)))]
            }
            (Named::Payment, Typed::Whole(_)) => payments(&text),
            (Named::Payment, _) => {
                let begins = |kind: Name| {
                    let all = search::begins(kind.word(), &text, EACH);
                    let text = text.clone();
                    // Some collations find what begins otherwise.
                    all.map(move |found| {
                        let begins = found.name.starts_with(&text);
                        if begins { hit(found.customer, &found.name, payment_of(kind, found.subject)) } else { None }
                    })
                };
                REFERENCES.map(begins).into()
            }
            (_, how) => {
                let Some(kind) = kind(named) else { return Vec::new() };
                let all = match how {
                    Typed::Whole(_) => search::whole(kind.word(), &text),
                    Typed::Begins(_) => search::begins(kind.word(), &text, EACH),
                    Typed::Ends(_) => search::ends(kind.word(), &text, EACH),
                };
                vec![all.map(move |found| {
                    let to = match named {
                        Named::Order => To::Order(OrderId(found.subject)),
                        Named::Contact => To::Customer,
                        _ => To::Line(LineId(found.subject)),
                    };
                    hit(found.customer, &found.name, to)
                })]
            }
        }
    }

    /// What was found as a payment or refund is its order.
    async fn of_orders(&self, tx: &mut Tx, hits: Vec<Hit>) -> Result<Vec<Hit>, Stop<Problem>> {
        let asked = hits.iter().flat_map(|hit| match hit.to {
            To::Attempt(id) => vec![payment::by_id(hit.customer, id).map(|attempt| attempt.order)],
            To::Refund(id) => vec![payment::refund_of(hit.customer, id).map(|refund| refund.order)],
            _ => Vec::new(),
        });
        let asked = asked.collect::<Vec<_>>();
        let mut orders = tx.together(asked).await?.into_iter();
        let lead = |mut hit: Hit| {
            if matches!(hit.to, To::Attempt(_) | To::Refund(_)) {
                hit.to = To::Order(orders.next()?.into_iter().next()?);
            }
            Some(hit)
        };
        Ok(hits.into_iter().filter_map(lead).collect())
    }
}

/// What a reference of a kind leads to.
const fn payment_of(kind: Name, subject: RawId) -> To {
    match kind {
        Name::BankRefund => To::Refund(RefundId(subject)),
        Name::Payout => To::Customer,
        _ => To::Attempt(AttemptId(subject)),
    }
}

/// A payment or refund by any of its references.
fn payments(text: &str) -> Vec<Query<Option<Hit>>> {
    let named = Named::Payment;
    let mut all = Vec::new();
    for kind in REFERENCES {
        let text = text.to_owned();
        all.push(search::whole(kind.word(), &text).map(move |found| {
            let to = payment_of(kind, found.subject);
            Some(Hit { named, whole: true, text: text.clone(), customer: found.customer, to })
        }));
    }
    let typed = text.to_owned();
    all.push(payment::refund_by_number(text).map(move |refund| {
        let to = To::Order(refund.order);
        Some(Hit { named, whole: true, text: typed.clone(), customer: refund.customer, to })
    }));
    all
}

/// The directory's kind of what is named, where it is there under its own name.
const fn kind(named: Named) -> Option<Name> {
    Some(match named {
        Named::Msisdn => Name::Msisdn,
        Named::Contact => Name::Login,
        Named::Iccid => Name::Iccid,
        Named::Imsi => Name::Imsi,
        Named::Order => Name::OrderNumber,
        Named::Eid | Named::Imei | Named::Payment | Named::Receipt | Named::Case | Named::Name | Named::Document => {
            return None;
        }
    })
}

/// What was found with its owner, masked.
async fn with_owners(tx: &mut Tx, hits: Vec<Hit>) -> Result<Vec<Found>, Stop<Problem>> {
    let owners = hits.iter().map(|hit| customer::by_id(hit.customer)).collect::<Vec<_>>();
    let orders = hits.iter().map(|hit| match hit.to {
        To::Order(id) => vec![order::by_id(hit.customer, id)],
        _ => Vec::new(),
    });
    let (owners, orders) = tx.together((owners, orders.collect::<Vec<_>>())).await?;
    let mut all = Vec::new();
    for ((hit, owner), orders) in hits.into_iter().zip(owners).zip(orders) {
        let owner = owner.into_iter().next().ok_or(Stop::Refused(Problem::NotFound("customer")))?;
        let owner_name = match owner.kind {
            CustomerKind::Person | CustomerKind::Organisation => masked_name(&owner.name),
            CustomerKind::Anonymous | CustomerKind::House => String::new(),
        };
        let Hit { named, whole, text, customer, to } = hit;
        let shown = match named {
            Named::Name => masked_name(&text),
            Named::Order | Named::Payment | Named::Receipt | Named::Case => text,
            Named::Document => String::new(),
            _ => masked(&text),
        };
        let place = match to {
            To::Line(line) => Place::Line(line),
            To::Case(id) => Place::Case(id),
            _ => orders.into_iter().flatten().next().map_or(Place::Customer, |order| Place::Order(order.number)),
        };
        all.push(Found { named, whole, shown, customer, owner: owner_name, place });
    }
    Ok(all)
}

/// The first three and last four characters.
fn masked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (head, tail) = (chars.get(..3).unwrap_or_default(), chars.len().checked_sub(4).and_then(|at| chars.get(at..)));
    let (head, tail): (String, String) = (head.iter().collect(), tail.unwrap_or_default().iter().collect());
    format!("{head}****{tail}")
}
