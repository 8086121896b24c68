//! Asking for a tax invoice: who may, once an order, and what becomes of it. Staff make the invoice in the system that their
//! law names and write its number here; until then it waits in the desk's queue.
//!
//! States: *requested* → *issued*, or *refused* with a reason, after which it may be asked for again.

use crate::ids::{CustomerId, OrderId, RawId};
use crate::money::Currency;
use crate::order::{Order, OrderState};
use crate::search::masked_name;
use crate::time::BusinessTime;

/// Most characters of a buyer's name.
pub const TITLE_MAX: usize = 100;
/// Most characters of an invoice's number.
pub const NUMBER_MAX: usize = 40;
/// Most characters of a reason.
pub const REASON_MAX: usize = 200;
/// Most bytes of an address.
const LINK_MAX: usize = 500;

/// Why a field cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Nothing is there.
    #[error("missing")]
    Missing,
    /// Too many characters.
    #[error("more than {max} characters")]
    TooLong {
        /// Most of them.
        max: usize,
    },
    /// A character that cannot stand there.
    #[error("a character that cannot stand there")]
    Character,
    /// Fewer or more characters than such a number has.
    #[error("{expected} characters expected")]
    Length {
        /// How many.
        expected: usize,
    },
    /// The check character does not match.
    #[error("the check character does not match")]
    CheckCharacter,
    /// Only organisations have it.
    #[error("only for an organisation")]
    NotForPerson,
    /// Not of the form it must have.
    #[error("not of the form it must have")]
    Malformed,
}

impl Unusable {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Unusable::Missing => "missing",
            Unusable::TooLong { .. } => "too-long",
            Unusable::Character => "character",
            Unusable::Length { .. } => "length",
            Unusable::CheckCharacter => "check-character",
            Unusable::NotForPerson => "not-for-a-person",
            Unusable::Malformed => "malformed",
        }
    }
}

/// A field that cannot be used, by its name in forms and bodies, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct WrongField {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: Unusable,
}

/// An organisation's number at the tax office.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxNumber(String);

/// The characters of a unified social credit code with their values 0 to 30 (GB 32100-2015 table 2).
const CREDIT_CODE: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const CREDIT_CODE_LENGTH: usize = 18;

impl TaxNumber {
    /// Reads a number as an organisation in a brand of this currency has it: for renminbi a unified social credit code
    /// (GB 32100-2015), for any other 4 to 20 letters and digits. Spaces and hyphens are dropped, letters made large.
    ///
    /// # Errors
    /// [`Unusable`]
    pub fn parse(text: &str, currency: Currency) -> Result<Self, Unusable> {
        let text: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        if text.is_empty() {
            return Err(Unusable::Missing);
        }
        if currency != Currency::CNY {
            let fits = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return match text.len() {
                _ if !fits => Err(Unusable::Character),
                4..=20 => Ok(Self(text)),
                0..4 => Err(Unusable::Malformed),
                _ => Err(Unusable::TooLong { max: 20 }),
            };
        }
        credit_code(&text)?;
        Ok(Self(text))
    }
    /// One that was read before, from where it is kept: what counted as a number then still is one.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }
    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// GB 32100-2015 §5.2 and annex A: the i-th of the first 17 characters weighs 3^(i-1) modulo 31, and the last makes the
/// sum a multiple of 31.
fn credit_code(text: &str) -> Result<(), Unusable> {
    let values = text.bytes().map(|byte| CREDIT_CODE.iter().position(|known| *known == byte));
    let values: Vec<usize> = values.collect::<Option<_>>().ok_or(Unusable::Character)?;
    let Some((last, first)) = values.split_last().filter(|_| values.len() == CREDIT_CODE_LENGTH) else {
        return Err(Unusable::Length { expected: CREDIT_CODE_LENGTH });
    };
    let weighed = first.iter().fold((0, 1), |(sum, weight), value| (sum + value * weight, weight * 3 % 31));
    if (weighed.0 + last) % 31 == 0 { Ok(()) } else { Err(Unusable::CheckCharacter) }
}

/// Where an invoice is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address of the usual form: something, `@`, a name with a dot (a part of RFC 5321 §4.1.2; quoted names and
    /// literal addresses are left out).
    ///
    /// # Errors
    /// [`Unusable`]
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        if text.is_empty() {
            return Err(Unusable::Missing);
        }
        if text.len() > 254 {
            return Err(Unusable::TooLong { max: 254 });
        }
        if !text.chars().all(|c| c.is_alphanumeric() || "@.!#$%&'*+-/=?^_`{|}~".contains(c)) {
            return Err(Unusable::Character);
        }
        let (local, domain) = text.split_once('@').ok_or(Unusable::Malformed)?;
        let labels: Vec<&str> = domain.split('.').collect();
        let whole = |part: &str| !part.is_empty() && part.len() <= 64;
        let named = |label: &&str| label.chars().all(|c| c.is_alphanumeric() || c == '-');
        let fits = labels.len() >= 2 && labels.iter().all(|label| whole(label)) && labels.iter().all(named);
        if whole(local) && fits { Ok(Self(text.to_owned())) } else { Err(Unusable::Malformed) }
    }
    /// One that was read before, from where it is kept.
    #[must_use]
    pub const fn stored(text: String) -> Self {
        Self(text)
    }
    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// For whom an invoice is made out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Buyer {
    /// A person, by name.
    Person,
    /// An organisation, by name and number.
    Organisation(TaxNumber),
}

impl Buyer {
    /// The stable word for its kind.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Buyer::Person => "person",
            Buyer::Organisation(_) => "organisation",
        }
    }
    /// The number, if it has one.
    #[must_use]
    pub fn tax_number(&self) -> Option<&str> {
        match self {
            Buyer::Person => None,
            Buyer::Organisation(number) => Some(number.as_str()),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Particulars {
    /// For whom.
    pub buyer: Buyer,
    /// The buyer's name on it.
    pub title: String,
    /// Where it is sent.
    pub email: Email,
}

impl Particulars {
    /// Reads the fields of a form or body.
    ///
    /// # Errors
    /// [`WrongField`]: the first that cannot be used.
    pub fn read(kind: &str, title: &str, number: &str, email: &str, currency: Currency) -> Result<Self, WrongField> {
        let wrong = |field| move |why| WrongField { field, why };
        let title = line(title, TITLE_MAX).map_err(wrong("title"))?;
        let buyer = match kind {
            "person" if number.is_empty() => Buyer::Person,
            "person" => return Err(wrong("tax_number")(Unusable::NotForPerson)),
            "organisation" => Buyer::Organisation(TaxNumber::parse(number, currency).map_err(wrong("tax_number"))?),
            "" => return Err(wrong("buyer")(Unusable::Missing)),
            _ => return Err(wrong("buyer")(Unusable::Malformed)),
        };
        let email = Email::parse(email).map_err(wrong("email"))?;
        Ok(Self { buyer, title, email })
    }
}

/// One line of text, with something in it.
fn line(text: &str, max: usize) -> Result<String, Unusable> {
    let text = text.trim();
    if text.is_empty() {
        Err(Unusable::Missing)
    } else if text.chars().any(char::is_control) {
        Err(Unusable::Character)
    } else if text.chars().count() > max {
        Err(Unusable::TooLong { max })
    } else {
        Ok(text.to_owned())
    }
}

/// Where a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvoiceState {
    /// It waits for staff.
    Requested {
        /// Where it is to be sent; forgotten once it is settled.
        email: Email,
    },
    /// The invoice was made.
    Issued(Settled, Issue),
    /// Staff could not make it.
    Refused(Settled, String),
}

/// When a request was settled, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// When.
    pub at: BusinessTime,
    /// The staff member.
    pub by: RawId,
}

/// An invoice that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: String,
    /// Where it can be fetched, if anywhere.
    pub link: Option<String>,
}

impl Issue {
    /// Reads what staff write.
    ///
    /// # Errors
    /// [`WrongField`]
    pub fn read(number: &str, link: &str) -> Result<Self, WrongField> {
        let wrong = |field| move |why| WrongField { field, why };
        let number = line(number, NUMBER_MAX).map_err(wrong("number"))?;
        let link = match link {
            "" => None,
            link if link.len() > LINK_MAX => return Err(wrong("link")(Unusable::TooLong { max: LINK_MAX })),
            link if link.starts_with("https://") && link.chars().all(|c| c.is_ascii_graphic()) => Some(link.to_owned()),
            _ => return Err(wrong("link")(Unusable::Malformed)),
        };
        Ok(Self { number, link })
    }
}

/// Reads why staff refuse.
///
/// # Errors
/// [`WrongField`]
pub fn reason(text: &str) -> Result<String, WrongField> {
    line(text, REASON_MAX).map_err(|why| WrongField { field: "reason", why })
}

/// The request for an order's invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceRequest {
    /// The order's customer.
    pub customer: CustomerId,
    /// The order.
    pub order: OrderId,
    /// For whom.
    pub buyer: Buyer,
    /// The buyer's name on it.
    pub title: String,
    /// Since when it is asked for.
    pub asked_at: BusinessTime,
    /// Where it is.
    pub state: InvoiceState,
}

impl InvoiceRequest {
    /// As those see it who do not make it out: without what names a person or leads to them.
    #[must_use]
    pub fn masked(&self) -> Self {
        let title = match self.buyer {
            Buyer::Person => masked_name(&self.title),
            Buyer::Organisation(_) => self.title.clone(),
        };
        let state = match &self.state {
            InvoiceState::Requested { email } => {
                let (local, domain) = email.0.rsplit_once('@').unwrap_or((&email.0, ""));
                let masked = format!("{}***@{domain}", local.chars().next().unwrap_or('*'));
                InvoiceState::Requested { email: Email(masked) }
            }
            settled => settled.clone(),
        };
        Self { title, state, ..self.clone() }
    }
}

/// Why no invoice can be asked for, made or refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoInvoice {
    /// The order is not paid.
    #[error("the order is not paid")]
    NotPaid,
    /// Its money goes back, or went back.
    #[error("the order's money went back")]
    MoneyWentBack,
    /// It is asked for already, for somebody else.
    #[error("it is asked for already, otherwise")]
    AskedOtherwise,
    /// It was made already.
    #[error("it was issued already")]
    IssuedAlready,
    /// Nobody waits for it.
    #[error("it is not waiting")]
    NotWaiting,
}

impl NoInvoice {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            NoInvoice::NotPaid => "not_paid",
            NoInvoice::MoneyWentBack => "money_went_back",
            NoInvoice::AskedOtherwise => "asked_otherwise",
            NoInvoice::IssuedAlready => "issued_already",
            NoInvoice::NotWaiting => "not_waiting",
        }
    }
}

/// Whether an invoice may be asked for at all.
///
/// # Errors
/// [`NoInvoice::NotPaid`], [`NoInvoice::MoneyWentBack`]
pub const fn may_ask(order: &Order) -> Result<(), NoInvoice> {
    match order.state {
        OrderState::Refunding | OrderState::Refunded => Err(NoInvoice::MoneyWentBack),
        _ if order.paid_at.is_none() => Err(NoInvoice::NotPaid),
        _ => Ok(()),
    }
}

/// Asks for the invoice of an order: once, and again after a refusal. Asking for the same again changes nothing.
///
/// # Errors
/// [`NoInvoice`]
pub fn ask(
    order: &Order,
    before: Option<&InvoiceRequest>,
    wanted: Particulars,
    now: BusinessTime,
) -> Result<InvoiceRequest, NoInvoice> {
    may_ask(order)?;
    let Particulars { buyer, title, email } = wanted;
    if let Some(before) = before {
        match &before.state {
            InvoiceState::Requested { email: known } => {
                let same = before.buyer == buyer && before.title == title && *known == email;
                return if same { Ok(before.clone()) } else { Err(NoInvoice::AskedOtherwise) };
            }
            InvoiceState::Issued(..) => return Err(NoInvoice::IssuedAlready),
            InvoiceState::Refused(..) => {}
        }
    }
    let state = InvoiceState::Requested { email };
    Ok(InvoiceRequest { customer: order.customer, order: order.id, buyer, title, asked_at: now, state })
}

/// What staff did about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Made the invoice.
    Issue(Issue),
    /// Refused it, with the reason for the customer.
    Refuse(String),
}

/// Settles a request. Doing the same again changes nothing.
///
/// # Errors
/// [`NoInvoice::NotWaiting`] if it was settled otherwise.
pub fn settle(request: InvoiceRequest, with: Settlement, settled: Settled) -> Result<InvoiceRequest, NoInvoice> {
    let state = match (&request.state, with) {
        (InvoiceState::Requested { .. }, Settlement::Issue(issue)) => InvoiceState::Issued(settled, issue),
        (InvoiceState::Requested { .. }, Settlement::Refuse(reason)) => InvoiceState::Refused(settled, reason),
        (InvoiceState::Issued(_, known), Settlement::Issue(issue)) if *known == issue => return Ok(request),
        (InvoiceState::Refused(_, known), Settlement::Refuse(reason)) if *known == reason => return Ok(request),
        _ => return Err(NoInvoice::NotWaiting),
    };
    Ok(InvoiceRequest { state, ..request })
}
