//! What a member of the staff sees and changes of how they sign in themselves: code generator, passkeys, recovery codes,
//! sessions, and the log of sign-ins. Who changes something signed in a short time ago.

use crate::audit::{Act, Stamp};
use crate::passkeys::{NewPasskey, PASSKEYS_MAX};
use crate::sessions::{Principal, STAFF, SessionInfo, SessionShown, shown, shown_id};
use crate::staff::active;
use crate::staff_sign_in::{new_codes, new_generator};
use crate::steps::Waits;
use crate::{App, Problem};
use everline_core::account::FRESH_US;
use everline_core::audit::AuditAction;
use everline_core::ids::RawId;
use everline_core::time::SystemTime;
use everline_store::tables::credential::Passkey;
use everline_store::tables::login;
use everline_store::tables::staff::{self as table, Factors, StaffEvent};
use everline_store::{LostCommit, Stop, Tx, Work};

/// How many sign-ins are shown.
const EVENTS: i64 = 50;

/// How a member signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Their second factors.
    pub factors: Factors,
    /// Their passkeys, oldest first.
    pub passkeys: Vec<Passkey>,
    /// Where they are signed in, newest first.
    pub sessions: Vec<SessionShown>,
    /// What happened last, newest first.
    pub events: Vec<StaffEvent>,
}

/// How the member who asks signs in.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn access(app: &App, session: &SessionInfo) -> Result<Access, Problem> {
    let (id, now) = (staff_of(session)?, app.clock.now().system);
    let (factors, passkeys, sessions, events) = app.store.read(Read { id, now }).await?;
    Ok(Access { factors, passkeys, sessions: shown(sessions, session), events })
}

fn staff_of(session: &SessionInfo) -> Result<RawId, Problem> {
    match session.principal {
        Principal::Staff(id) => Ok(id),
        Principal::Customer(_) => Err(Problem::NotAllowed),
    }
}

/// Makes the secret of another code generator; the secret of the step in which it is set with
/// [`crate::staff_sign_in::set_up`].
///
/// # Errors
/// [`Problem::ProveFirst`] unless the member signed in a short time ago.
pub async fn another_generator(app: &App, session: &SessionInfo) -> Result<String, Problem> {
    let id = staff_of(session)?;
    app.store.read(Fresh::of(app, session)?).await?;
    new_generator(app, id, Waits::StaffGenerator).await
}

/// Makes other recovery codes, which are told here and never again; those from before stop to work.
///
/// # Errors
/// [`Problem::ProveFirst`] unless the member signed in a short time ago.
pub async fn another_codes(app: &App, session: &SessionInfo) -> Result<Vec<String>, Problem> {
    let fresh = Fresh::of(app, session)?;
    let (codes, hashes) = new_codes(app, fresh.id)?;
    app.store.transact(SetCodes { fresh, hashes, stamp: Stamp::new(app)? }).await?;
    Ok(codes)
}

/// The passkeys of the member who asks, oldest first, for a challenge to add one.
///
/// # Errors
/// [`Problem::ProveFirst`] unless the member signed in a short time ago.
pub async fn to_add_passkey(app: &App, session: &SessionInfo) -> Result<Vec<Passkey>, Problem> {
    app.store.read(Fresh::of(app, session)?).await?;
    passkeys(app, staff_of(session)?).await
}

/// A member's passkeys, oldest first.
pub async fn passkeys(app: &App, id: RawId) -> Result<Vec<Passkey>, Problem> {
    Ok(app.store.read(ReadPasskeys { id }).await?)
}

/// Adds a passkey that was checked.
///
/// # Errors
/// [`Problem::Invalid`] for a name that is empty or too long, one key too many or one that is known;
/// [`Problem::ProveFirst`] unless the member signed in a short time ago.
pub async fn add_passkey(app: &App, session: &SessionInfo, new: NewPasskey) -> Result<(), Problem> {
    let (fresh, key, stamp) = (Fresh::of(app, session)?, new.kept(app)?, Stamp::new(app)?);
    Ok(app.store.transact(AddPasskey { fresh, key, stamp }).await?)
}

/// Removes a passkey.
///
/// # Errors
/// [`Problem::NotFound`]; [`Problem::Invalid`] for the last second factor; [`Problem::ProveFirst`]
pub async fn remove_passkey(app: &App, session: &SessionInfo, key: RawId) -> Result<(), Problem> {
    let (fresh, stamp) = (Fresh::of(app, session)?, Stamp::new(app)?);
    Ok(app.store.transact(RemovePasskey { fresh, key, stamp }).await?)
}

/// Ends one of the member's sessions, by the name that they see.
///
/// # Errors
/// [`Problem::NotFound`] if they have none of this name.
pub async fn end_session(app: &App, session: &SessionInfo, name: &str) -> Result<(), Problem> {
    let (id, now) = (staff_of(session)?, app.clock.now().system);
    Ok(app.store.transact(EndSession { id, name: name.to_owned(), now }).await?)
}

/// Ends all of the member's sessions but the one that asks.
pub async fn end_other_sessions(app: &App, session: &SessionInfo) -> Result<(), Problem> {
    let work = EndOthers { id: staff_of(session)?, but: session.hash().to_vec() };
    Ok(app.store.transact(work).await?)
}

/// A session that began a short time ago.
pub(crate) struct Fresh {
    pub(crate) id: RawId,
    session: Vec<u8>,
    now: SystemTime,
}
impl Fresh {
    pub(crate) fn of(app: &App, session: &SessionInfo) -> Result<Self, Problem> {
        Ok(Self { id: staff_of(session)?, session: session.hash().to_vec(), now: app.clock.now().system })
    }
    pub(crate) async fn check(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        active(tx, self.id).await?;
        let found = login::session(tx, &self.session).await?;
        let theirs = found.filter(|found| found.principal == STAFF && found.id == self.id);
        let proved_at = theirs.ok_or(Stop::Refused(Problem::SignInFirst))?.proved_at;
        if self.now.since_us(proved_at) < FRESH_US { Ok(()) } else { Err(Stop::Refused(Problem::ProveFirst)) }
    }
}
impl Work for Fresh {
    const NAME: &'static str = "fresh_staff_session";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.check(tx).await
    }
}

struct Read {
    id: RawId,
    now: SystemTime,
}
impl Work for Read {
    const NAME: &'static str = "read_staff_access";
    type Out = (Factors, Vec<Passkey>, Vec<login::LoginSession>, Vec<StaffEvent>);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let factors = table::factors(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotAllowed))?;
        let passkeys = table::passkeys(tx, self.id).await?;
        let sessions = login::sessions_of(tx, STAFF, self.id, self.now).await?;
        Ok((factors, passkeys, sessions, table::events(tx, self.id, EVENTS).await?))
    }
}

struct ReadPasskeys {
    id: RawId,
}
impl Work for ReadPasskeys {
    const NAME: &'static str = "read_staff_passkeys";
    type Out = Vec<Passkey>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<Passkey>, Stop<Problem>> {
        Ok(table::passkeys(tx, self.id).await?)
    }
}

struct AddPasskey {
    fresh: Fresh,
    key: Passkey,
    stamp: Stamp,
}
impl Work for AddPasskey {
    const NAME: &'static str = "add_staff_passkey";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let refused = |rule| Err(Stop::Refused(Problem::Invalid { field: "passkey", rule }));
        self.fresh.check(tx).await?;
        let id = self.fresh.id;
        table::lock_factors(tx, id).await?;
        let known = table::passkeys(tx, id).await?;
        if known.iter().any(|key| key.id == self.key.id) {
            return Ok(()); // run again after a lost answer
        }
        if known.len() >= PASSKEYS_MAX {
            return refused("too-many");
        }
        if known.iter().any(|key| key.credential_id == self.key.credential_id) {
            return refused("known");
        }
        table::add_passkey(tx, id, &self.key);
        let act = Act::by(id, AuditAction::PasskeyAdded, ("staff", id)).with("passkey", self.key.id.to_string());
        self.stamp.append(tx, act).await
    }
}

struct RemovePasskey {
    fresh: Fresh,
    key: RawId,
    stamp: Stamp,
}
impl Work for RemovePasskey {
    const NAME: &'static str = "remove_staff_passkey";
    // A second run would find it gone.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.fresh.check(tx).await?;
        let id = self.fresh.id;
        let factors = table::lock_factors(tx, id).await?.ok_or(Stop::Refused(Problem::NotAllowed))?;
        if table::passkeys(tx, id).await?.iter().all(|key| key.id != self.key) {
            return Err(Stop::Refused(Problem::NotFound("passkey")));
        }
        if factors.totp.is_none() && factors.passkeys == 1 {
            return Err(Stop::Refused(Problem::Invalid { field: "passkey", rule: "last" }));
        }
        table::remove_passkey(tx, id, self.key);
        let act = Act::by(id, AuditAction::PasskeyRemoved, ("staff", id)).with("passkey", self.key.to_string());
        self.stamp.append(tx, act).await
    }
}

struct SetCodes {
    fresh: Fresh,
    hashes: Vec<Vec<u8>>,
    stamp: Stamp,
}
impl Work for SetCodes {
    const NAME: &'static str = "set_staff_recovery_codes";
    // Run again it writes the same hashes, and the log tells of it twice.
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.fresh.check(tx).await?;
        let id = self.fresh.id;
        table::set_codes(tx, id, &self.hashes);
        self.stamp.append(tx, Act::by(id, AuditAction::RecoveryCodesMade, ("staff", id))).await
    }
}

struct EndSession {
    id: RawId,
    name: String,
    now: SystemTime,
}
impl Work for EndSession {
    const NAME: &'static str = "end_staff_session";
    // A second run would find it gone.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let mut all = login::sessions_of(tx, STAFF, self.id, self.now).await?.into_iter();
        let found = all.find(|session| shown_id(&session.token_hash) == self.name);
        let found = found.ok_or(Stop::Refused(Problem::NotFound("session")))?;
        login::remove_session(tx, &found.token_hash);
        Ok(())
    }
}

struct EndOthers {
    id: RawId,
    but: Vec<u8>,
}
impl Work for EndOthers {
    const NAME: &'static str = "end_other_staff_sessions";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        login::remove_other_sessions(tx, STAFF, self.id, &self.but);
        Ok(())
    }
}
