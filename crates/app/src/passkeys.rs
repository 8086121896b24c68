//! A customer's passkeys: added, used, removed; and the second factor that they can be. What an authenticator signs is
//! checked by the caller; what follows from it is decided here.

use crate::account_news::happened;
use crate::sessions::{Fresh, MayChange, Principal, SessionInfo, SignedIn, open_session_on, proved_now};
use crate::{App, Problem};
use everline_core::account::{AccountNews, Change, Proof};
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::{Now, SystemTime};
use everline_store::tables::credential::{self, Credential, Passkey};
use everline_store::{LostCommit, Stop, Tx, Work};

/// Most passkeys of one customer.
pub const PASSKEYS_MAX: usize = 10;
const NAME_CHARS_MAX: usize = 40;

/// A customer's passkeys, oldest first.
pub async fn passkeys(app: &App, customer: CustomerId) -> Result<Vec<Passkey>, Problem> {
    Ok(app.store.read(Read { customer }).await?)
}

/// A key that an authenticator made for a customer, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPasskey {
    /// The authenticator's name for it.
    pub credential_id: Vec<u8>,
    /// Its public half.
    pub key: String,
    /// What its owner calls it.
    pub name: String,
}

/// Adds a passkey; the session gets a new token.
///
/// # Errors
/// [`Problem::Invalid`] for a name that is empty or too long, or one key too many; [`Problem::ProveFirst`],
/// [`Problem::HeldBack`]
pub async fn add(app: &App, session: &SessionInfo, new: NewPasskey) -> Result<SignedIn, Problem> {
    change(app, session, What::Add(new.kept(app)?)).await
}

impl NewPasskey {
    /// The key as it is kept.
    ///
    /// # Errors
    /// [`Problem::Invalid`] for a name that is empty or too long
    pub(crate) fn kept(self, app: &App) -> Result<Passkey, Problem> {
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(Problem::Invalid { field: "name", rule: "1-to-40" });
        }
        Ok(Passkey {
            id: app.clock.id(),
            credential_id: self.credential_id,
            key: self.key,
            name: name.to_owned(),
            added_at: app.clock.now().system,
            used_at: None,
        })
    }
}

/// Removes a passkey; the session gets a new token.
///
/// # Errors
/// [`Problem::NotFound`]; [`Problem::Invalid`] for the last one while a second factor is asked for
pub async fn remove(app: &App, session: &SessionInfo, id: RawId) -> Result<SignedIn, Problem> {
    change(app, session, What::Remove(id)).await
}

/// Has a second factor asked for, or not any more; the session gets a new token.
///
/// # Errors
/// [`Problem::Invalid`] without a passkey
pub async fn set_second_factor(app: &App, session: &SessionInfo, on: bool) -> Result<SignedIn, Problem> {
    change(app, session, What::SecondFactor(on)).await
}

async fn change(app: &App, session: &SessionInfo, what: What) -> Result<SignedIn, Problem> {
    let now = app.clock.now();
    let (fresh, event) = (Fresh::new(app)?, app.clock.id());
    let signed_in = fresh.signed_in(session.principal);
    let may = MayChange::new(session, Change::Access, now)?;
    let device = session.device().to_owned();
    app.store.transact(ChangeKeys { may, what, fresh, event, device, now }).await?;
    app.wake.notify_one();
    Ok(signed_in)
}

/// A passkey was used and checked; its counter may have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Whose it is.
    pub customer: CustomerId,
    /// Which one.
    pub id: RawId,
    /// The key as it is now.
    pub key: String,
}

/// Signs in with a passkey that was checked: possession and its owner's check are both factors.
pub async fn sign_in(app: &App, used: Used, device: &str) -> Result<SignedIn, Problem> {
    let customer = used.customer;
    app.store.transact(KeyUsed { used, now: app.clock.now().system }).await?;
    open_session_on(app, Principal::Customer(customer), device, Proof::Passkey).await
}

/// Proves with a passkey that was checked who is signed in.
///
/// # Errors
/// [`Problem::PasskeyRefused`] if it is somebody else's.
pub async fn prove(app: &App, session: &SessionInfo, used: Used) -> Result<SignedIn, Problem> {
    if session.customer()? != used.customer {
        return Err(Problem::PasskeyRefused);
    }
    app.store.transact(KeyUsed { used, now: app.clock.now().system }).await?;
    proved_now(app, session, Proof::Passkey).await
}

struct Read {
    customer: CustomerId,
}
impl Work for Read {
    const NAME: &'static str = "read_passkeys";
    type Out = Vec<Passkey>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(credential::passkeys(tx, self.customer).await?)
    }
}

enum What {
    Add(Passkey),
    Remove(RawId),
    SecondFactor(bool),
}

struct ChangeKeys {
    may: MayChange,
    what: What,
    fresh: Fresh,
    event: RawId,
    device: String,
    now: Now,
}
impl Work for ChangeKeys {
    const NAME: &'static str = "change_passkeys";
    // A second run would find the session replaced.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let refused = |field, rule| Err(Stop::Refused(Problem::Invalid { field, rule }));
        let owner = self.may.check(tx).await?;
        let (id, keys) = (self.may.customer, credential::passkeys(tx, self.may.customer).await?);
        let kind = match &self.what {
            What::Add(_) if keys.len() >= PASSKEYS_MAX => return refused("passkey", "too-many"),
            What::Add(new) if keys.iter().any(|key| key.credential_id == new.credential_id) => {
                return refused("passkey", "known");
            }
            What::Add(new) => {
                credential::add_passkey(tx, id, new);
                AccountNews::PasskeyAdded
            }
            What::Remove(key) if keys.iter().all(|known| known.id != *key) => {
                return Err(Stop::Refused(Problem::NotFound("passkey")));
            }
            What::Remove(_) if owner.credential.second_factor && keys.len() == 1 => return refused("passkey", "last"),
            What::Remove(key) => {
                credential::remove_passkey(tx, id, *key);
                AccountNews::PasskeyRemoved
            }
            What::SecondFactor(true) if keys.is_empty() => return refused("second_factor", "no-passkey"),
            What::SecondFactor(on) if *on == owner.credential.second_factor => {
                return replace(self, tx, &owner.session);
            }
            What::SecondFactor(on) => {
                credential::save(tx, id, &Credential { second_factor: *on, ..owner.credential });
                if *on { AccountNews::SecondFactorOn } else { AccountNews::SecondFactorOff }
            }
        };
        replace(self, tx, &owner.session)?;
        happened(tx, id, (self.event, kind), (&self.device, None), self.now)
    }
}

fn replace(
    change: &ChangeKeys,
    tx: &mut Tx,
    old: &everline_store::tables::login::LoginSession,
) -> Result<(), Stop<Problem>> {
    change.fresh.replace(tx, old);
    Ok(())
}

struct KeyUsed {
    used: Used,
    now: SystemTime,
}
impl Work for KeyUsed {
    const NAME: &'static str = "passkey_used";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let Used { customer, id, key } = &self.used;
        // It may have been removed while its answer was on the way.
        if credential::passkeys(tx, *customer).await?.iter().all(|known| known.id != *id) {
            return Err(Stop::Refused(Problem::PasskeyRefused));
        }
        credential::passkey_used(tx, *customer, *id, key, self.now);
        Ok(())
    }
}
