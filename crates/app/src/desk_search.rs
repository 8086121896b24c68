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
use everline_core::search::{Guess, Named, Typed, guesses, masked_name};
use everline_core::staff::Permission;
use everline_store::tables::directory::Name;
use everline_store::tables::{case, customer, identity, order, payment, search};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most that is found at once; more is asked for by typing more.
pub const FOUND_MAX: usize = 20;
/// So many are read of each kind.
const EACH: i64 = 21;
/// So many that share their last six characters are looked at.
const TAILS: i64 = 200;

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
}

/// Looks for what somebody typed.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`] if it is too short.
pub async fn find(app: &App, by: RawId, typed: &str) -> Result<Finds, Problem> {
    permitted(app, by, Permission::SeeCustomer).await?;
    let brand = &app.brand;
    let guesses = guesses(typed, (&brand.numbers, &brand.calling_code), &brand.identity.documents);
    let guesses = guesses.map_err(|_| Problem::Invalid { field: "q", rule: "too-short" })?;
    let finds = app.store.read(Find { by, guesses, secrets: app.secrets.clone() }).await?;
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
enum To {
    Line(LineId),
    Order(OrderId),
    Case(CaseId),
    Customer,
}

impl Work for Find {
    const NAME: &'static str = "desk_search";
    type Out = Finds;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Finds, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        let (mut finds, mut seen) = (Finds::default(), BTreeSet::new());
        for guess in &self.guesses {
            for hit in self.look(tx, guess).await? {
                if finds.found.len() == FOUND_MAX {
                    finds.more = true;
                    return Ok(finds);
                }
                let found = found(tx, hit).await?;
                if seen.insert((found.customer, found.place.clone())) {
                    finds.found.push(found);
                }
            }
        }
        Ok(finds)
    }
}

/// The directory's kinds that a payment's reference may be, each with what it leads to.
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
    async fn look(&self, tx: &mut Tx, guess: &Guess) -> Result<Vec<Hit>, Stop<Problem>> {
        let (text, whole) = match &guess.typed {
            Typed::Whole(text) => (text.as_str(), true),
            Typed::Begins(text) | Typed::Ends(text) => (text.as_str(), false),
        };
        let hit = |customer, text: &str, to| Hit { named: guess.named, whole, text: text.to_owned(), customer, to };
        Ok(match (guess.named, &guess.typed) {
            (Named::Name, Typed::Whole(_) | Typed::Begins(_)) => {
                let mut hits = Vec::new();
                for customer in search::names(tx, text, EACH).await? {
                    let name = customer::get(tx, customer).await?.name;
                    if (name == text) == whole {
                        hits.push(hit(customer, &name, To::Customer));
                    }
                }
                hits
            }
            (Named::Document, _) => {
                let Some((kind, number)) = text.split_once(':') else { return Ok(Vec::new()) };
                let hash = document_name_hash(&self.secrets, kind, number);
                let whose = identity::of_document(tx, hash, EACH).await?;
                whose.into_iter().map(|customer| hit(customer, "", To::Customer)).collect()
            }
            (Named::Receipt, _) => {
                let Ok(number) = text.parse() else { return Ok(Vec::new()) };
                let found = search::receipt(tx, number).await?;
                found.map(|(customer, order)| hit(customer, text, To::Order(order))).into_iter().collect()
            }
            (Named::Case, _) => {
                let Ok(number) = text.parse() else { return Ok(Vec::new()) };
                let all = case::of_number(tx, number, EACH).await?;
                all.into_iter().map(|(customer, id)| hit(customer, text, To::Case(id))).collect()
            }
            (Named::Eid, _) => {
                let all = search::eid(tx, text, EACH).await?;
                all.into_iter().map(|(customer, line, _)| hit(customer, text, To::Line(line))).collect()
            }
            (Named::Payment, _) => self.payment(tx, text).await?,
            (_, Typed::Ends(_)) => {
                let all = search::ends(tx, text, TAILS).await?;
                let kind = kind(guess.named);
                let same = all.into_iter().filter(|named| Some(named.kind.as_str()) == kind.map(Name::word));
                same.take(FOUND_MAX + 1)
                    .map(|named| hit(named.customer, &named.name, To::Line(LineId(named.subject))))
                    .collect()
            }
            (named, how) => {
                let Some(kind) = kind(named) else { return Ok(Vec::new()) };
                let all = match how {
                    Typed::Whole(_) => search::whole(tx, kind.word(), text).await?.into_iter().collect(),
                    _ => search::begins(tx, kind.word(), text, EACH).await?,
                };
                let to = |subject| match named {
                    Named::Order => To::Order(OrderId(subject)),
                    Named::Contact => To::Customer,
                    _ => To::Line(LineId(subject)),
                };
                all.into_iter().map(|named| hit(named.customer, &named.name, to(named.subject))).collect()
            }
        })
    }

    /// A payment or refund by any of its references: its order.
    async fn payment(&self, tx: &mut Tx, text: &str) -> Result<Vec<Hit>, Stop<Problem>> {
        let mut hits = Vec::new();
        for kind in REFERENCES {
            let Some(found) = search::whole(tx, kind.word(), text).await? else { continue };
            let customer = found.customer;
            let to = match kind {
                Name::BankRefund => {
                    let refund = payment::refund(tx, customer, RefundId(found.subject)).await?;
                    To::Order(refund.order)
                }
                Name::Payout => To::Customer,
                _ => match payment::get(tx, customer, AttemptId(found.subject)).await? {
                    Some(attempt) => To::Order(attempt.order),
                    None => continue,
                },
            };
            hits.push(Hit { named: Named::Payment, whole: true, text: text.to_owned(), customer, to });
        }
        if let Some(refund) = payment::refund_by_number(tx, text).await? {
            let (customer, to) = (refund.customer, To::Order(refund.order));
            hits.push(Hit { named: Named::Payment, whole: true, text: text.to_owned(), customer, to });
        }
        Ok(hits)
    }
}

/// The directory's kind of what is named, where it is there under its own name.
const fn kind(named: Named) -> Option<Name> {
    Some(match named {
        Named::Msisdn => Name::Msisdn,
        Named::Contact => Name::Login,
        Named::Iccid => Name::Iccid,
        Named::Imsi => Name::Imsi,
        Named::Order => Name::OrderNumber,
        Named::Eid | Named::Payment | Named::Receipt | Named::Case | Named::Name | Named::Document => return None,
    })
}

/// With its owner, masked.
async fn found(tx: &mut Tx, hit: Hit) -> Result<Found, Stop<Problem>> {
    let Hit { named, whole, text, customer, to } = hit;
    let owner = customer::get(tx, customer).await?;
    let owner_name = match owner.kind {
        CustomerKind::Person | CustomerKind::Organisation => masked_name(&owner.name),
        CustomerKind::Anonymous | CustomerKind::House => String::new(),
    };
    let shown = match named {
        Named::Name => masked_name(&text),
        Named::Order | Named::Payment | Named::Receipt | Named::Case => text,
        Named::Document => String::new(),
        _ => masked(&text),
    };
    let place = match to {
        To::Customer => Place::Customer,
        To::Line(line) => Place::Line(line),
        To::Case(id) => Place::Case(id),
        To::Order(id) => match order::get(tx, customer, id).await? {
            Some(order) => Place::Order(order.number),
            None => Place::Customer,
        },
    };
    Ok(Found { named, whole, shown, customer, owner: owner_name, place })
}

/// The first three and last four characters.
fn masked(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let (head, tail) = (chars.get(..3).unwrap_or_default(), chars.len().checked_sub(4).and_then(|at| chars.get(at..)));
    let (head, tail): (String, String) = (head.iter().collect(), tail.unwrap_or_default().iter().collect());
    format!("{head}****{tail}")
}
