//! Signing in with a one-time code; the first time registers.
//!
//! Known and unknown numbers get the same answers. A code works once, for ten minutes, for the request that asked for it,
//! and allows five tries; a number gets at most five codes an hour.

use crate::ports::{Handed, OutgoingMessage};
use crate::secrets::{Secrets, hex};
use crate::send_message::ONE_TIME_CODE;
use crate::{App, Problem};
use everline_core::customer::{Customer, CustomerKind, Identity};
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, LineId, MessageId, RawId};
use everline_core::message::{Address, Channel};
use everline_core::money::Currency;
use everline_core::number_plan::NumberOf;
use everline_core::time::{DAY_US, HOUR_US, MINUTE_US, Now, SystemTime};
use everline_store::tables::login::{Code, LoginSession};
use everline_store::tables::{customer, directory, line, login};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

const CODE_LIFE_US: i64 = 10 * MINUTE_US;
const TRIES_MAX: i64 = 5;
const CODES_PER_HOUR_MAX: i64 = 5;
const SESSION_LIFE_US: i64 = 30 * DAY_US;
/// A staff member signs in for a shift.
const STAFF_SESSION_LIFE_US: i64 = 12 * HOUR_US;

/// The word for staff members in stored sessions.
pub(crate) const STAFF: &str = "staff";

/// Who a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Principal {
    /// A signed-in customer.
    Customer(CustomerId),
    /// A signed-in staff member.
    Staff(RawId),
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The secret the browser keeps; we keep only its hash.
    pub token: String,
    /// Who it is.
    pub principal: Principal,
    /// The secret that unsafe requests repeat.
    pub csrf: String,
}

/// What a valid session token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Who it is.
    pub principal: Principal,
    /// The secret that unsafe requests repeat.
    pub csrf: String,
}

/// Sends a one-time code to a number; the id names the request in [`sign_in`].
pub async fn request_code(app: &App, contact: &str, language: &str) -> Result<RawId, Problem> {
    let to = app.brand.number(contact, NumberOf::Person);
    let to = to.map_err(|_| Problem::Invalid { field: "phone", rule: "not-a-number" })?;
    let now = app.clock.now().system;
    let id = app.clock.id();
    let digits = code(app)?;
    let code_hash = app.secrets.code_hash(&id.bytes(), &digits);
    let code = Code {
        contact: to.as_str().to_owned(),
        code_hash,
        tries: 0,
        used: false,
        expires_at: now.plus_us(CODE_LIFE_US),
    };
    app.store.transact(AddCode { id, code, now }).await?;
    let parameters = vec![("brand", app.brand.name.get(language).to_owned()), ("code", digits)];
    // Not one of the messages that are written down: who holds the number is not known, nobody else is to read it, and
    // whoever waits for it asks for another one.
    let message = OutgoingMessage {
        id: MessageId(id),
        to: Address::Sms(to),
        template: ONE_TIME_CODE,
        parameters,
        language: language.to_owned(),
        repeated: false,
        reported: false,
    };
    let messenger = app.ports.messengers.of(Channel::Sms).ok_or(Problem::ProviderSilent)?;
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

/// Signs in with a code. A number that belongs to nobody registers a customer of its own.
pub async fn sign_in(app: &App, request: RawId, code: &str, language: &str) -> Result<SignedIn, Problem> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::Invalid { field: "code", rule: "six-digits" });
    }
    let work = UseCode {
        request,
        code,
        customer: CustomerId(app.clock.id()),
        language: language.to_owned(),
        currency: app.brand.currency,
        secrets: app.secrets.clone(),
        now: app.clock.now(),
    };
    // A wrong code is counted, so it commits: it is an answer, not a refusal that rolls back.
    let customer = app.store.transact(work).await??;
    open_session(app, Principal::Customer(customer)).await
}

/// Opens a session for a principal whose identity is proved by the caller's means.
pub async fn open_session(app: &App, principal: Principal) -> Result<SignedIn, Problem> {
    let (mut token, mut csrf) = ([0; 32], [0; 16]);
    if !app.clock.fill(&mut token) || !app.clock.fill(&mut csrf) {
        return Err(Problem::Busy);
    }
    let now = app.clock.now().system;
    let (token, csrf_text) = (hex(&token), hex(&csrf));
    let (word, id, life_us) = match principal {
        Principal::Customer(id) => ("customer", id.0, SESSION_LIFE_US),
        Principal::Staff(id) => (STAFF, id, STAFF_SESSION_LIFE_US),
    };
    let session =
        LoginSession { principal: word.to_owned(), id, csrf: csrf.to_vec(), expires_at: now.plus_us(life_us) };
    app.store.transact(AddSession { token_hash: app.secrets.token_hash(&token), session, now }).await?;
    Ok(SignedIn { token, principal, csrf: csrf_text })
}

/// Who a session token belongs to; `None` if it is unknown or over.
pub async fn session(app: &App, token: &str) -> Result<Option<SessionInfo>, Problem> {
    let found = app.store.read(FindSession { token_hash: app.secrets.token_hash(token) }).await?;
    let now = app.clock.now().system;
    Ok(found.filter(|session| session.expires_at > now).and_then(|session| {
        let principal = match session.principal.as_str() {
            "customer" => Principal::Customer(CustomerId(session.id)),
            STAFF => Principal::Staff(session.id),
            _ => return None,
        };
        Some(SessionInfo { principal, csrf: hex(&session.csrf) })
    }))
}

/// Signs a browser out.
pub async fn sign_out(app: &App, token: &str) -> Result<(), Problem> {
    Ok(app.store.transact(RemoveSession { token_hash: app.secrets.token_hash(token) }).await?)
}

struct AddCode {
    id: RawId,
    code: Code,
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
        let sent = login::codes_since(tx, &self.code.contact, self.now.plus_us(-HOUR_US)).await?;
        if sent >= CODES_PER_HOUR_MAX {
            return Err(Stop::Refused(Problem::TooMany { retry_after_s: 3_600 }));
        }
        login::add_code(tx, self.id, &self.code, self.now);
        Ok(())
    }
}

struct UseCode {
    request: RawId,
    code: String,
    customer: CustomerId,
    language: String,
    currency: Currency,
    secrets: Arc<Secrets>,
    now: Now,
}
impl Work for UseCode {
    const NAME: &'static str = "use_login_code";
    type Out = Result<CustomerId, Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(code) = login::lock_code(tx, self.request).await? else { return Ok(Err(Problem::CodeGone)) };
        if code.used || code.tries >= TRIES_MAX || code.expires_at <= self.now.system {
            return Ok(Err(Problem::CodeGone));
        }
        if !self.secrets.code_matches(&self.request.bytes(), &self.code, &code.code_hash) {
            login::tried(tx, self.request, false);
            return Ok(Err(Problem::CodeWrong { tries_left: TRIES_MAX - code.tries - 1 }));
        }
        login::tried(tx, self.request, true);
        if let Some((known, _)) = directory::find(tx, directory::Name::Login, &code.contact).await? {
            return Ok(Ok(known));
        }
        if given_up(tx, &code.contact).await? {
            return Ok(Err(Problem::CodeGone));
        }
        let contact = Msisdn::parse(&code.contact).map_err(|_| Stop::Refused(Problem::CodeGone))?;
        let new = Customer {
            id: self.customer,
            kind: CustomerKind::Person,
            name: contact.masked(),
            contact: Some(contact),
            language: self.language.clone(),
            identity: Identity::None,
        };
        customer::add(tx, &new, self.currency, self.now.business);
        directory::add(tx, directory::Name::Login, &code.contact, new.id, new.id.0);
        Ok(Ok(new.id))
    }
}

/// Whether it is the number of a line that is over: it proves nobody's identity until it is given out again.
async fn given_up(tx: &mut Tx, number: &str) -> Result<bool, everline_store::Error> {
    match directory::find(tx, directory::Name::Msisdn, number).await? {
        Some((customer, id)) => Ok(line::lock(tx, customer, LineId(id)).await?.state.over()),
        None => Ok(false),
    }
}

struct AddSession {
    token_hash: Vec<u8>,
    session: LoginSession,
    now: SystemTime,
}
impl Work for AddSession {
    const NAME: &'static str = "add_login_session";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        if login::session(tx, &self.token_hash).await?.is_none() {
            login::add_session(tx, &self.token_hash, &self.session, self.now);
        }
        Ok(())
    }
}

struct FindSession {
    token_hash: Vec<u8>,
}
impl Work for FindSession {
    const NAME: &'static str = "find_login_session";
    type Out = Option<LoginSession>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(login::session(tx, &self.token_hash).await?)
    }
}

struct RemoveSession {
    token_hash: Vec<u8>,
}
impl Work for RemoveSession {
    const NAME: &'static str = "remove_login_session";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        login::remove_session(tx, &self.token_hash);
        Ok(())
    }
}
