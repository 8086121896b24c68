//! A customer's own account: what it shows, and what its owner changes about how it is signed in to.
//!
//! What could keep the owner out asks for a fresh proof ([`MayChange`]), gives the session a new token in the same
//! transaction, is written down, and is told to the owner.

use crate::account_news::happened;
use crate::sessions::{CUSTOMER, Fresh, MayChange, SessionInfo, SessionShown, SignedIn, proved_now, shown};
use crate::sign_in::{TypedCode, check_tries, given_up, request_code};
use crate::{App, Problem, password};
use everline_core::account::{AccountNews, Change, PASSWORD_BYTES_MAX, Proof, password_fits};
use everline_core::customer::Customer;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, RawId};
use everline_core::message::Address;
use everline_core::time::{Now, SystemTime};
use everline_store::tables::credential::{self, AccountEvent, Credential};
use everline_store::tables::{customer, directory, login};
use everline_store::{LostCommit, Stop, Tx, Work};

/// How many of the last events are shown.
const EVENTS_SHOWN: i64 = 10;

/// A passkey, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyShown {
    /// Its id.
    pub id: RawId,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub added_at: SystemTime,
    /// When it was last used.
    pub used_at: Option<SystemTime>,
}

/// An account, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// Who it is.
    pub customer: Customer,
    /// When the password was set, if there is one.
    pub password_set_at: Option<SystemTime>,
    /// Whether a second factor is asked for.
    pub second_factor: bool,
    /// The passkeys, oldest first.
    pub passkeys: Vec<PasskeyShown>,
    /// Where the owner is signed in, newest first.
    pub sessions: Vec<SessionShown>,
    /// What happened last, newest first.
    pub events: Vec<AccountEvent>,
}

/// A customer's account.
pub async fn account(app: &App, session: &SessionInfo) -> Result<AccountView, Problem> {
    let read = ReadAccount { session: session.clone(), now: app.clock.now().system };
    Ok(app.store.read(read).await?)
}

/// Remembers the language of messages and pages.
pub async fn set_language(app: &App, session: &SessionInfo, language: &str) -> Result<(), Problem> {
    let work = SetLanguage { customer: session.customer()?, language: language.to_owned() };
    Ok(app.store.transact(work).await?)
}

/// Sends a code to the contact number of whoever is signed in.
///
/// # Errors
/// [`Problem::NotFound`] for a customer without one.
pub async fn request_own_code(app: &App, session: &SessionInfo) -> Result<RawId, Problem> {
    let owner = account(app, session).await?.customer;
    let contact = owner.contact.ok_or(Problem::NotFound("contact number"))?;
    request_code(app, contact.as_str(), &owner.language).await
}

/// Proves by a code to the contact number who is signed in.
pub async fn prove_by_code(app: &App, session: &SessionInfo, request: RawId, code: &str) -> Result<SignedIn, Problem> {
    let (code, customer) = (TypedCode::new(app, request, code)?, session.customer()?);
    app.store.transact(UseOwnCode { code, customer, now: app.clock.now().system }).await??;
    proved_now(app, session, Proof::Code).await
}

/// Proves by the password who is signed in.
///
/// # Errors
/// [`Problem::PasswordWrong`], also without one; [`Problem::TooMany`]
pub async fn prove_by_password(app: &App, session: &SessionInfo, password: &str) -> Result<SignedIn, Problem> {
    let customer = session.customer()?;
    check_tries(app, "customer", &customer.to_string()).await?;
    let hash = app.store.read(ReadCredential { customer }).await?.password_hash;
    if password.len() > PASSWORD_BYTES_MAX || !password::matches(password.to_owned(), hash).await? {
        return Err(Problem::PasswordWrong);
    }
    proved_now(app, session, Proof::Password).await
}

/// Sets the password, and ends all other sessions if its owner wants that.
///
/// # Errors
/// [`Problem::Invalid`] if it cannot be used; [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn set_password(
    app: &App,
    session: &SessionInfo,
    password: &str,
    end_others: bool,
) -> Result<SignedIn, Problem> {
    let owner = account(app, session).await?.customer;
    password_fits(password, owner.contact.as_ref().map_or("", Msisdn::as_str))?;
    let may = MayChange::new(session, Change::Access, app.clock.now())?;
    // Refused before the work is done, and once more with it.
    crate::sessions::may_change(app, session, Change::Access).await?;
    let mut salt = [0; 16];
    if !app.clock.fill(&mut salt) {
        return Err(Problem::Busy);
    }
    let hash = password::hashed(password.to_owned(), salt).await?;
    let (fresh, event) = (Fresh::new(app)?, app.clock.id());
    let signed_in = fresh.signed_in(session.principal);
    let device = session.device().to_owned();
    app.store.transact(SetPassword { may, hash, end_others, fresh, event, device, now: app.clock.now() }).await?;
    app.wake.notify_one();
    Ok(signed_in)
}

/// Sends a code to a number that is to be the contact number.
///
/// # Errors
/// [`Problem::Invalid`] if it is no number, or is it already; [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn request_new_contact(app: &App, session: &SessionInfo, contact: &str) -> Result<RawId, Problem> {
    crate::sessions::may_change(app, session, Change::Contact).await?;
    let owner = account(app, session).await?.customer;
    let number = app.brand.number(contact, everline_core::number_plan::NumberOf::Person);
    if number.is_ok() && number.ok() == owner.contact {
        return Err(Problem::Invalid { field: "phone", rule: "already-so" });
    }
    request_code(app, contact, &owner.language).await
}

/// Makes the number that a code went to the contact number; both numbers are told.
///
/// # Errors
/// As the code's; [`Problem::Invalid`] if the number is another account's; [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn change_contact(app: &App, session: &SessionInfo, request: RawId, code: &str) -> Result<SignedIn, Problem> {
    let now = app.clock.now();
    let (fresh, event) = (Fresh::new(app)?, app.clock.id());
    let signed_in = fresh.signed_in(session.principal);
    let work = ChangeContact {
        may: MayChange::new(session, Change::Contact, now)?,
        code: TypedCode::new(app, request, code)?,
        device: session.device().to_owned(),
        fresh,
        event,
        now,
    };
    app.store.transact(work).await??;
    app.wake.notify_one();
    Ok(signed_in)
}

struct ReadAccount {
    session: SessionInfo,
    now: SystemTime,
}
impl Work for ReadAccount {
    const NAME: &'static str = "read_account";
    type Out = AccountView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<AccountView, Stop<Problem>> {
        let customer = self.session.customer().map_err(Stop::Refused)?;
        let Credential { password_set_at, second_factor, .. } = credential::get(tx, customer).await?;
        let passkeys = credential::passkeys(tx, customer).await?.into_iter();
        let passkeys =
            passkeys.map(|p| PasskeyShown { id: p.id, name: p.name, added_at: p.added_at, used_at: p.used_at });
        let sessions = login::sessions_of(tx, CUSTOMER, customer.0, self.now).await?;
        Ok(AccountView {
            customer: customer::get(tx, customer).await?,
            password_set_at,
            second_factor,
            passkeys: passkeys.collect(),
            sessions: shown(sessions, &self.session),
            events: credential::events_of(tx, customer, EVENTS_SHOWN).await?,
        })
    }
}

struct SetLanguage {
    customer: CustomerId,
    language: String,
}
impl Work for SetLanguage {
    const NAME: &'static str = "set_customer_language";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::set_language(tx, self.customer, &self.language);
        Ok(())
    }
}

struct ReadCredential {
    customer: CustomerId,
}
impl Work for ReadCredential {
    const NAME: &'static str = "read_credential";
    type Out = Credential;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Credential, Stop<Problem>> {
        Ok(credential::get(tx, self.customer).await?)
    }
}

struct UseOwnCode {
    code: TypedCode,
    customer: CustomerId,
    now: SystemTime,
}
impl Work for UseOwnCode {
    const NAME: &'static str = "use_own_code";
    // A second run would find it used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Result<(), Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let proved = self.code.used(tx, self.now).await?;
        let contact = customer::get(tx, self.customer).await?.contact;
        Ok(match proved {
            // A code to another number proves nothing about this account.
            Ok(number) if contact.is_none_or(|contact| contact.as_str() != number) => Err(Problem::CodeGone),
            proved => proved.map(|_| ()),
        })
    }
}

struct SetPassword {
    may: MayChange,
    hash: String,
    end_others: bool,
    fresh: Fresh,
    event: RawId,
    device: String,
    now: Now,
}
impl Work for SetPassword {
    const NAME: &'static str = "set_customer_password";
    // A second run would find the session replaced.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let owner = self.may.check(tx).await?;
        let kind = match owner.credential.password_hash {
            Some(_) => AccountNews::PasswordChanged,
            None => AccountNews::PasswordSet,
        };
        let (password_hash, password_set_at) = (Some(self.hash.clone()), Some(self.now.system));
        credential::save(tx, self.may.customer, &Credential { password_hash, password_set_at, ..owner.credential });
        if self.end_others {
            login::remove_other_sessions(tx, CUSTOMER, self.may.customer.0, &owner.session.token_hash);
        }
        self.fresh.replace(tx, &owner.session);
        happened(tx, self.may.customer, (self.event, kind), (&self.device, None), self.now)
    }
}

struct ChangeContact {
    may: MayChange,
    code: TypedCode,
    device: String,
    fresh: Fresh,
    event: RawId,
    now: Now,
}
impl Work for ChangeContact {
    const NAME: &'static str = "change_contact";
    // A second run would find the code used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Result<(), Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let owner = self.may.check(tx).await?;
        let id = self.may.customer;
        let number = match self.code.used(tx, self.now.system).await? {
            Ok(number) => number,
            Err(problem) => return Ok(Err(problem)),
        };
        let known = directory::find(tx, directory::Name::Login, &number).await?;
        if known.is_some() {
            return Ok(Err(Problem::Invalid { field: "phone", rule: "taken" }));
        }
        if given_up(tx, &number).await? {
            return Ok(Err(Problem::CodeGone));
        }
        let contact = Msisdn::parse(&number).map_err(|_| Stop::Refused(Problem::CodeGone))?;
        if let Some(former) = &owner.customer.contact {
            directory::remove_of(tx, directory::Name::Login, former.as_str(), id, id.0);
        }
        directory::add(tx, directory::Name::Login, contact.as_str(), id, id.0);
        credential::set_contact(tx, id, owner.customer.contact.as_ref(), &contact);
        self.fresh.replace(tx, &owner.session);
        let former = owner.customer.contact.map(Address::Sms);
        happened(tx, id, (self.event, AccountNews::ContactChanged), (&self.device, former), self.now)?;
        Ok(Ok(()))
    }
}
