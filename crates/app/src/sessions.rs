//! Signed-in browsers and programs: whose they are, and how their owner was last proved.
//!
//! A token is random and kept as a keyed hash. It changes whenever what it allows does: at signing in, at every proof, and
//! at every change of how the account is signed in to; the former one stops to work in the same transaction. The secret for
//! forms changes with it, but not at a proof: what is being typed in another tab of the same session can still be sent.

use crate::secrets::hex;
use crate::{App, Problem};
use everline_core::account::{Change, Proof, allows};
use everline_core::customer::Customer;
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::{DAY_US, HOUR_US, Now, SystemTime};
use everline_store::tables::credential::{self, Credential};
use everline_store::tables::login::{self, LoginSession};
use everline_store::tables::{customer, recovery};
use everline_store::{LostCommit, Stop, Tx, Work};

const SESSION_LIFE_US: i64 = 30 * DAY_US;
/// A staff member signs in for a shift.
const STAFF_SESSION_LIFE_US: i64 = 12 * HOUR_US;
/// The words for customers and staff members in stored sessions.
pub(crate) const CUSTOMER: &str = "customer";
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
    /// The hash by which the session is found; no secret.
    hash: Vec<u8>,
    device: String,
}

impl SessionInfo {
    /// The signed-in customer.
    pub(crate) fn customer(&self) -> Result<CustomerId, Problem> {
        match self.principal {
            Principal::Customer(id) => Ok(id),
            Principal::Staff(_) => Err(Problem::NotAllowed),
        }
    }
    /// The hash of its token.
    pub(crate) fn hash(&self) -> &[u8] {
        &self.hash
    }
    /// Words for the device.
    pub(crate) fn device(&self) -> &str {
        &self.device
    }
}

/// A place where somebody is signed in, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionShown {
    /// Names it among its owner's.
    pub id: String,
    /// Words for the device: browser and system.
    pub device: String,
    /// When it began.
    pub since: SystemTime,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// What names a session to its owner: the beginning of its token's hash, from which nothing follows.
pub(crate) fn shown_id(token_hash: &[u8]) -> String {
    hex(token_hash.get(..16).unwrap_or_default())
}

/// The session `session` is among `all`, as its owner sees them.
pub(crate) fn shown(all: Vec<LoginSession>, session: &SessionInfo) -> Vec<SessionShown> {
    let one = |s: LoginSession| SessionShown {
        id: shown_id(&s.token_hash),
        this: s.token_hash == session.hash,
        device: s.device,
        since: s.created_at,
    };
    all.into_iter().map(one).collect()
}

/// A new token with its secret for forms, before anything of it is stored.
pub(crate) struct Fresh {
    token: String,
    csrf: [u8; 16],
    pub(crate) hash: Vec<u8>,
}

impl Fresh {
    pub(crate) fn new(app: &App) -> Result<Self, Problem> {
        let (mut token, mut csrf) = ([0; 32], [0; 16]);
        if !app.clock.fill(&mut token) || !app.clock.fill(&mut csrf) {
            return Err(Problem::Busy);
        }
        let token = hex(&token);
        Ok(Self { hash: app.secrets.token_hash(&token), token, csrf })
    }
    pub(crate) fn signed_in(&self, principal: Principal) -> SignedIn {
        SignedIn { token: self.token.clone(), principal, csrf: hex(&self.csrf) }
    }
    /// Takes the place of a session that was read in this transaction.
    pub(crate) fn replace(&self, tx: &mut Tx, old: &LoginSession) {
        login::remove_session(tx, &old.token_hash);
        let (token_hash, csrf) = (self.hash.clone(), self.csrf.to_vec());
        login::add_session(tx, &LoginSession { token_hash, csrf, ..old.clone() });
    }
    /// The same for one that is proved anew, with the secret for forms that it has.
    fn replace_proved(&self, tx: &mut Tx, old: &LoginSession, (proved_by, proved_at): (Proof, SystemTime)) {
        login::remove_session(tx, &old.token_hash);
        let token_hash = self.hash.clone();
        login::add_session(tx, &LoginSession { token_hash, proved_by, proved_at, ..old.clone() });
    }
}

/// Opens a session for a principal whose identity is proved by the caller's means, as if by a code, on an unknown device.
pub async fn open_session(app: &App, principal: Principal) -> Result<SignedIn, Problem> {
    open_session_on(app, principal, "", Proof::Code).await
}

/// Opens a session for a principal who was proved just now.
pub async fn open_session_on(
    app: &App,
    principal: Principal,
    device: &str,
    proved_by: Proof,
) -> Result<SignedIn, Problem> {
    let fresh = Fresh::new(app)?;
    let now = app.clock.now().system;
    let (word, id, life_us) = match principal {
        Principal::Customer(id) => (CUSTOMER, id.0, SESSION_LIFE_US),
        Principal::Staff(id) => (STAFF, id, STAFF_SESSION_LIFE_US),
    };
    let session = LoginSession {
        token_hash: fresh.hash.clone(),
        principal: word.to_owned(),
        id,
        csrf: fresh.csrf.to_vec(),
        created_at: now,
        expires_at: now.plus_us(life_us),
        device: device.to_owned(),
        proved_by,
        proved_at: now,
    };
    app.store.transact(AddSession { session }).await?;
    Ok(fresh.signed_in(principal))
}

/// Who a session token belongs to; `None` if it is unknown or over.
pub async fn session(app: &App, token: &str) -> Result<Option<SessionInfo>, Problem> {
    let found = app.store.read(FindSession { token_hash: app.secrets.token_hash(token) }).await?;
    let now = app.clock.now().system;
    Ok(found.filter(|session| session.expires_at > now).and_then(|session| {
        let principal = match session.principal.as_str() {
            CUSTOMER => Principal::Customer(CustomerId(session.id)),
            STAFF => Principal::Staff(session.id),
            _ => return None,
        };
        let (hash, device) = (session.token_hash, session.device);
        Some(SessionInfo { principal, csrf: hex(&session.csrf), hash, device })
    }))
}

/// Signs a browser out.
pub async fn sign_out(app: &App, token: &str) -> Result<(), Problem> {
    Ok(app.store.transact(RemoveSession { token_hash: app.secrets.token_hash(token) }).await?)
}

/// Ends one of a customer's sessions, by the name that its owner sees.
///
/// # Errors
/// [`Problem::NotFound`] if the customer has none of this name.
pub async fn end_session(app: &App, session: &SessionInfo, id: &str) -> Result<(), Problem> {
    let end = EndSession { customer: session.customer()?, id: id.to_owned(), now: app.clock.now().system };
    Ok(app.store.transact(end).await?)
}

/// Ends all of a customer's sessions but the one that asks.
pub async fn end_other_sessions(app: &App, session: &SessionInfo) -> Result<(), Problem> {
    let work = EndOthers { customer: session.customer()?, but: session.hash.clone() };
    Ok(app.store.transact(work).await?)
}

/// Puts a new token in the place of a customer's session, which is proved now.
pub(crate) async fn proved_now(app: &App, session: &SessionInfo, proof: Proof) -> Result<SignedIn, Problem> {
    let (fresh, now) = (Fresh::new(app)?, app.clock.now().system);
    let signed_in = SignedIn { csrf: session.csrf.clone(), ..fresh.signed_in(session.principal) };
    app.store.transact(ProvedNow { fresh, old: session.hash.clone(), proof: (proof, now) }).await?;
    Ok(signed_in)
}

/// A change that only somebody who is proved may make.
pub(crate) struct MayChange {
    pub(crate) customer: CustomerId,
    session: Vec<u8>,
    change: Change,
    now: Now,
}

/// Whose account it is, as it was found under its lock.
pub(crate) struct Owner {
    pub(crate) session: LoginSession,
    pub(crate) customer: Customer,
    pub(crate) credential: Credential,
}

impl MayChange {
    pub(crate) fn new(session: &SessionInfo, change: Change, now: Now) -> Result<Self, Problem> {
        Ok(Self { customer: session.customer()?, session: session.hash.clone(), change, now })
    }
    /// Locks the account, and refuses unless the session is there and its proof allows the change.
    pub(crate) async fn check(&self, tx: &mut Tx) -> Result<Owner, Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        self.look(tx).await
    }
    /// [`check`](Self::check) without the lock, for a page that only asks whether.
    pub(crate) async fn look(&self, tx: &mut Tx) -> Result<Owner, Stop<Problem>> {
        let session = login::session(tx, &self.session).await?;
        let theirs =
            |s: &LoginSession| s.principal == CUSTOMER && s.id == self.customer.0 && s.expires_at > self.now.system;
        let session = session.filter(theirs).ok_or(Stop::Refused(Problem::SignInFirst))?;
        let customer = customer::get(tx, self.customer).await?;
        let credential = credential::get(tx, self.customer).await?;
        let number = credential::code_number(tx, customer.contact.as_ref()).await?;
        let proof = (session.proved_by, session.proved_at);
        allows(proof, self.change, credential.second_factor, number, self.now)
            .map_err(|why| Stop::Refused(why.into()))?;
        Ok(Owner { session, customer, credential })
    }
}

/// Refuses unless a customer's session is proved for a change now.
pub async fn may_change(app: &App, session: &SessionInfo, change: Change) -> Result<(), Problem> {
    Ok(app.store.read(Asks(MayChange::new(session, change, app.clock.now())?)).await?)
}

struct Asks(MayChange);
impl Work for Asks {
    const NAME: &'static str = "may_change_account";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.0.look(tx).await.map(|_| ())
    }
}

struct AddSession {
    session: LoginSession,
}
impl Work for AddSession {
    const NAME: &'static str = "add_login_session";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        if login::session(tx, &self.session.token_hash).await?.is_some() {
            return Ok(()); // run again after a lost answer
        }
        login::add_session(tx, &self.session);
        if self.session.principal == CUSTOMER {
            // Whoever is in needs nobody to let them in, and did not ask for it if somebody did.
            recovery::stop_all(tx, CustomerId(self.session.id), self.session.created_at);
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

struct EndSession {
    customer: CustomerId,
    id: String,
    now: SystemTime,
}
impl Work for EndSession {
    const NAME: &'static str = "end_login_session";
    // A second run would find it gone.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let mut all = login::sessions_of(tx, CUSTOMER, self.customer.0, self.now).await?.into_iter();
        let found = all.find(|session| shown_id(&session.token_hash) == self.id);
        let found = found.ok_or(Stop::Refused(Problem::NotFound("session")))?;
        login::remove_session(tx, &found.token_hash);
        Ok(())
    }
}

struct EndOthers {
    customer: CustomerId,
    but: Vec<u8>,
}
impl Work for EndOthers {
    const NAME: &'static str = "end_other_login_sessions";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        login::remove_other_sessions(tx, CUSTOMER, self.customer.0, &self.but);
        Ok(())
    }
}

struct ProvedNow {
    fresh: Fresh,
    old: Vec<u8>,
    proof: (Proof, SystemTime),
}
impl Work for ProvedNow {
    const NAME: &'static str = "prove_login_session";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        if login::session(tx, &self.fresh.hash).await?.is_some() {
            return Ok(()); // run again after a lost answer
        }
        let old = login::lock_session(tx, &self.old).await?.ok_or(Stop::Refused(Problem::SignInFirst))?;
        self.fresh.replace_proved(tx, &old, self.proof);
        Ok(())
    }
}
