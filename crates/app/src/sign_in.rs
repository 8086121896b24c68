//! Signing in with a one-time code, where the first time registers; and with a number and its password. A customer who
//! switched a second factor on is not in before that is proved too.
//!
//! Known and unknown numbers get the same answers. A code works once, for ten minutes, for the request that asked for it,
//! and allows five tries; a number gets at most five codes an hour.

pub use crate::sessions::{Principal, SessionInfo, SignedIn, open_session, session, sign_out};

use crate::counted::Counted;
use crate::ports::{Handed, OutgoingMessage};
use crate::secrets::Secrets;
use crate::send_message::{CALLER_CODE, CONTACT_CODE, MAILBOX_CODE, ONE_TIME_CODE};
use crate::sessions::open_session_on;
use crate::steps::{self, Waits};
use crate::{App, Problem, password};
use everline_core::account::{PASSWORD_BYTES_MAX, Proof};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::Msisdn;
use everline_core::identity::ConsentKind;
use everline_core::ids::{CustomerId, LineId, MessageId, RawId};
use everline_core::message::Address;
use everline_core::money::Currency;
use everline_core::number_plan::NumberOf;
use everline_core::time::{HOUR_US, MINUTE_US, Now, SystemTime};
use everline_store::tables::login::Code;
use everline_store::tables::{credential, customer, directory, identity, line, login, velocity};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

const CODE_LIFE_US: i64 = 10 * MINUTE_US;
const TRIES_MAX: i64 = 5;
const CODES_PER_HOUR_MAX: i64 = 5;
/// Tries at a number's password, right or wrong.
const TRIES_PER_HOUR_MAX: i64 = 10;
const TRIES_PER_DAY_MAX: i64 = 30;

/// What a code can be used for. One for something else than signing in signs nobody in: whoever it was sent to may be asked
/// to read it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeFor {
    /// To sign in, or to prove who is signed in.
    SignIn,
    /// To be told about a line.
    LineContact,
    /// To be the owner's mailbox.
    Mailbox,
    /// To be the customer whom staff speak with.
    Caller,
}

impl CodeFor {
    /// Under which name it is kept whom it was sent to.
    pub(crate) fn name(self, address: &str) -> String {
        match self {
            CodeFor::SignIn => address.to_owned(),
            CodeFor::LineContact => format!("contact>{address}"),
            CodeFor::Mailbox => format!("mailbox>{address}"),
            CodeFor::Caller => format!("caller>{address}"),
        }
    }
    const fn template(self) -> &'static str {
        match self {
            CodeFor::SignIn => ONE_TIME_CODE,
            CodeFor::LineContact => CONTACT_CODE,
            CodeFor::Mailbox => MAILBOX_CODE,
            CodeFor::Caller => CALLER_CODE,
        }
    }
}

/// Sends a one-time code to a number; the id names the request in [`sign_in`].
pub async fn request_code(app: &App, contact: &str, language: &str) -> Result<RawId, Problem> {
    let to = app.brand.number(contact, NumberOf::Person);
    let to = to.map_err(|_| Problem::Invalid { field: "phone", rule: "not-a-number" })?;
    send_code(app, to, language).await
}

/// Sends a one-time code to a number that was read.
pub(crate) async fn send_code(app: &App, to: Msisdn, language: &str) -> Result<RawId, Problem> {
    request_code_to(app, &Address::Sms(to), CodeFor::SignIn, language).await
}

/// Sends a one-time code that can be used for one thing.
pub(crate) async fn request_code_to(
    app: &App,
    to: &Address,
    used_for: CodeFor,
    language: &str,
) -> Result<RawId, Problem> {
    let now = app.clock.now().system;
    let id = app.clock.id();
    let digits = code(app)?;
    let code_hash = app.secrets.code_hash(&id.bytes(), &digits);
    let code = Code {
        contact: used_for.name(&to.to_string()),
        code_hash,
        tries: 0,
        used: false,
        expires_at: now.plus_us(CODE_LIFE_US),
    };
    let turn = app.secrets.name("velocity", &["codes", &code.contact]);
    app.store.transact(AddCode { id, code, turn, now }).await?;
    let parameters = vec![("brand", app.brand.name.get(language).to_owned()), ("code", digits)];
    // Not one of the messages that are written down: who holds the number is not known, nobody else is to read it, and
    // whoever waits for it asks for another one.
    let message = OutgoingMessage {
        id: MessageId(id),
        to: to.clone(),
        template: used_for.template(),
        parameters,
        language: language.to_owned(),
        repeated: false,
        reported: false,
    };
    let messenger = app.ports.messengers.of(to.channel()).ok_or(Problem::ProviderSilent)?;
    match messenger.send(&message).await {
        Handed::Accepted(_) => Ok(id),
        _ => Err(Problem::ProviderSilent),
    }
}

/// Six digits, each equally likely.
fn code(app: &App) -> Result<String, Problem> {
    loop {
        let mut bytes = [0; 4];
        if !app.clock.fill(&mut bytes) {
            return Err(Problem::Busy);
        }
        let number = u32::from_be_bytes(bytes);
        if number < u32::MAX - u32::MAX % 1_000_000 {
            return Ok(format!("{:06}", number % 1_000_000));
        }
    }
}

/// How far somebody came who proved a first factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// In.
    In(SignedIn),
    /// To the second factor: the secret of the step that waits for it.
    SecondFactor {
        /// See [`crate::passkeys::second`].
        step: String,
    },
}

/// Who opens an account, should the number be nobody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Newcomer<'a> {
    /// The language they read, BCP 47.
    pub language: &'a str,
    /// Whether they were shown the terms, and that they agree to them by opening an account.
    pub agrees: bool,
}

/// Signs in with a code. A number that belongs to nobody registers a customer of its own.
pub async fn sign_in(
    app: &App,
    request: RawId,
    code: &str,
    newcomer: Newcomer<'_>,
    device: &str,
) -> Result<Entered, Problem> {
    let work = UseCode {
        code: TypedCode::new(app, request, code)?,
        customer: CustomerId(app.clock.id()),
        language: newcomer.language.to_owned(),
        currency: app.brand.currency,
        agrees: newcomer.agrees.then(|| app.brand.terms_version.clone()),
        now: app.clock.now(),
    };
    // A wrong code is counted, so it commits: it is an answer, not a refusal that rolls back.
    let customer = app.store.transact(work).await??;
    enter(app, customer, Proof::Code, device).await
}

/// Signs in with a number and its password. What is wrong is not said, and takes the same work: a number of nobody's, one
/// without a password, another password.
///
/// # Errors
/// [`Problem::PasswordWrong`]; [`Problem::TooMany`] after ten tries an hour or thirty a day, right or wrong, known or not:
/// the number can still sign in by code or passkey.
pub async fn sign_in_by_password(app: &App, contact: &str, password: &str, device: &str) -> Result<Entered, Problem> {
    let number = app.brand.number(contact, NumberOf::Person);
    let number = number.map_err(|_| Problem::Invalid { field: "phone", rule: "not-a-number" })?;
    check_tries(app, "number", number.as_str()).await?;
    let found = app.store.read(FindPassword { number }).await?;
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Problem::PasswordWrong);
    }
    let (customer, hash) = found;
    if !password::matches(password.to_owned(), hash).await? {
        return Err(Problem::PasswordWrong);
    }
    enter(app, customer.ok_or(Problem::PasswordWrong)?, Proof::Password, device).await
}

/// Counts a try at a password, or at what strangers hear of, and refuses one too many. It is counted before it is tried, so
/// that tries at the same moment count too.
pub(crate) async fn check_tries(app: &App, whose: &'static str, name: &str) -> Result<(), Problem> {
    let counts = [
        (Counted::in_hour(app, &format!("{whose} tries in an hour"), name), TRIES_PER_HOUR_MAX),
        (Counted::in_day(app, &format!("{whose} tries in a day"), name), TRIES_PER_DAY_MAX),
    ];
    Ok(app.store.transact(CountTry { counts }).await?)
}

/// In, or on to the second factor.
async fn enter(app: &App, customer: CustomerId, proof: Proof, device: &str) -> Result<Entered, Problem> {
    if app.store.read(AsksSecond { customer }).await? {
        let step = steps::begin(app, Waits::SecondFactor, Some(customer.0), proof.word().to_owned()).await?;
        return Ok(Entered::SecondFactor { step });
    }
    Ok(Entered::In(open_session_on(app, Principal::Customer(customer), device, proof).await?))
}

/// A code as somebody typed it, for a request.
pub(crate) struct TypedCode {
    request: RawId,
    digits: String,
    secrets: Arc<Secrets>,
}
impl TypedCode {
    /// # Errors
    /// [`Problem::Invalid`] if it is not six digits.
    pub(crate) fn new(app: &App, request: RawId, code: &str) -> Result<Self, Problem> {
        let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Problem::Invalid { field: "code", rule: "six-digits" });
        }
        Ok(Self { request, digits, secrets: app.secrets.clone() })
    }
    /// Uses it, and counts the try: the number that it went to, or why it proves nothing.
    pub(crate) async fn used(&self, tx: &mut Tx, now: SystemTime) -> Result<Result<String, Problem>, Stop<Problem>> {
        let Some(code) = login::lock_code(tx, self.request).await? else { return Ok(Err(Problem::CodeGone)) };
        if code.used || code.tries >= TRIES_MAX || code.expires_at <= now {
            return Ok(Err(Problem::CodeGone));
        }
        let right = self.secrets.code_matches(&self.request.bytes(), &self.digits, &code.code_hash);
        login::tried(tx, self.request, right);
        Ok(if right { Ok(code.contact) } else { Err(Problem::CodeWrong { tries_left: TRIES_MAX - code.tries - 1 }) })
    }
}

impl TypedCode {
    /// [`used`](Self::used), for something else than signing in: where it went to.
    pub(crate) async fn used_for(
        &self,
        tx: &mut Tx,
        what: CodeFor,
        now: SystemTime,
    ) -> Result<Result<Address, Problem>, Stop<Problem>> {
        let contact = match self.used(tx, now).await? {
            Ok(contact) => contact,
            Err(problem) => return Ok(Err(problem)),
        };
        let prefix = what.name("");
        let address = contact.strip_prefix(&prefix).filter(|_| !prefix.is_empty());
        let address = address.and_then(|address| Address::number_or_mailbox(address).ok());
        Ok(address.ok_or(Problem::CodeGone))
    }
}

struct AddCode {
    id: RawId,
    code: Code,
    /// Under what those wait for each other who ask for codes for the same number at the same moment.
    turn: [u8; 16],
    now: SystemTime,
}
impl Work for AddCode {
    const NAME: &'static str = "add_login_code";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        if login::lock_code(tx, self.id).await?.is_some() {
            return Ok(()); // run again after a lost answer
        }
        velocity::add_within(tx, &self.turn, 1, self.code.expires_at, i64::MAX).await?;
        let sent = login::codes_since(tx, &self.code.contact, self.now.plus_us(-HOUR_US)).await?;
        if sent >= CODES_PER_HOUR_MAX {
            return Err(Stop::Refused(Problem::TooMany { retry_after_s: 3_600 }));
        }
        login::add_code(tx, self.id, &self.code, self.now);
        Ok(())
    }
}

struct UseCode {
    code: TypedCode,
    customer: CustomerId,
    language: String,
    currency: Currency,
    /// To which terms whoever opens an account agrees.
    agrees: Option<String>,
    now: Now,
}
impl Work for UseCode {
    const NAME: &'static str = "use_login_code";
    type Out = Result<CustomerId, Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let contact = match self.code.used(tx, self.now.system).await? {
            Ok(contact) => contact,
            Err(problem) => return Ok(Err(problem)),
        };
        if let Some((known, _)) = directory::find(tx, directory::Name::Login, &contact).await? {
            return Ok(Ok(known));
        }
        if given_up(tx, &contact).await? {
            return Ok(Err(Problem::CodeGone));
        }
        let contact = Msisdn::parse(&contact).map_err(|_| Stop::Refused(Problem::CodeGone))?;
        directory::add(tx, directory::Name::Login, contact.as_str(), self.customer, self.customer.0);
        let new = Customer {
            id: self.customer,
            kind: CustomerKind::Person,
            name: contact.masked(),
            contact: Some(contact),
            language: self.language.clone(),
            identity: Identity::None,
        };
        customer::add(tx, &new, self.currency, self.now.business);
        if let Some(version) = &self.agrees {
            let consent = (new.id, new.id.0.derive(0x76, 0));
            identity::add_consent(tx, consent, (ConsentKind::Terms, version), true, self.now.business);
        }
        Ok(Ok(new.id))
    }
}

/// Whether it is the number of a line that is over: it proves nobody's identity until it is given out again.
pub(crate) async fn given_up(tx: &mut Tx, number: &str) -> Result<bool, everline_store::Error> {
    match directory::find(tx, directory::Name::Msisdn, number).await? {
        Some((customer, id)) => Ok(line::lock(tx, customer, LineId(id)).await?.state.over()),
        None => Ok(false),
    }
}

struct AsksSecond {
    customer: CustomerId,
}
impl Work for AsksSecond {
    const NAME: &'static str = "asks_second_factor";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        Ok(credential::get(tx, self.customer).await?.second_factor)
    }
}

struct CountTry {
    counts: [(Counted, i64); 2],
}
impl Work for CountTry {
    const NAME: &'static str = "count_password_try";
    // Counted twice is a try lost, not one won.
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        for (counted, most) in &self.counts {
            if counted.add(tx, 1, *most).await?.is_err() {
                return Err(Stop::Refused(Problem::TooMany { retry_after_s: counted.retry_after_s() }));
            }
        }
        Ok(())
    }
}

struct FindPassword {
    number: Msisdn,
}
impl Work for FindPassword {
    const NAME: &'static str = "find_customer_password";
    type Out = (Option<CustomerId>, Option<String>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Login, self.number.as_str()).await?.map(|found| found.0);
        // Also for nobody: the same statements, whoever it is.
        let credential = credential::get(tx, found.unwrap_or(CustomerId(RawId::from_bytes([0; 16])))).await?;
        Ok((found, credential.password_hash))
    }
}
