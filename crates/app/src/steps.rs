//! Steps of signing in and of proving that wait for the next one: a first factor that waits for the second, a challenge
//! that waits for its passkey. Each has a secret of its own, of which we keep the hash, and is taken once, within minutes.

use crate::secrets::hex;
use crate::{App, Problem};
use everline_core::account::FRESH_US;
use everline_core::ids::{CustomerId, RawId};
use everline_core::time::{MINUTE_US, SystemTime};
use everline_store::tables::login::{self, Step as Row};
use everline_store::{LostCommit, Stop, Tx, Work};

/// How long a browser may take to answer a challenge.
const CHALLENGE_US: i64 = 5 * MINUTE_US;

/// Which step waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waits {
    /// The first factor is proved; the state says by what.
    SecondFactor,
    /// A passkey is to be added.
    AddPasskey,
    /// Anybody's passkey is to sign in.
    SignIn,
    /// A passkey is to be the second factor.
    SecondPasskey,
    /// A passkey is to prove who is signed in.
    Prove,
    /// A member of the staff proved their password; the second factor is to follow.
    StaffSecond,
    /// A member of the staff proved their password and has no second factor; the state is the secret of one, sealed.
    StaffSetUp,
    /// A member of the staff who is signed in sets another code generator; the state is its secret, sealed.
    StaffGenerator,
    /// A member of the staff adds a passkey.
    StaffAddPasskey,
    /// A passkey is to be the second factor of a member of the staff.
    StaffPasskey,
    /// Somebody who wants to be let in by people is to prove where they can be reached.
    Recovery,
}

impl Waits {
    const fn word(self) -> &'static str {
        match self {
            Waits::SecondFactor => "second_factor",
            Waits::AddPasskey => "add_passkey",
            Waits::SignIn => "sign_in",
            Waits::SecondPasskey => "second_passkey",
            Waits::Prove => "prove",
            Waits::StaffSecond => "staff_second",
            Waits::StaffSetUp => "staff_set_up",
            Waits::StaffGenerator => "staff_generator",
            Waits::StaffAddPasskey => "staff_add_passkey",
            Waits::StaffPasskey => "staff_passkey",
            Waits::Recovery => "recovery",
        }
    }
    const fn life_us(self) -> i64 {
        match self {
            Waits::SecondFactor | Waits::Recovery | Waits::StaffSecond | Waits::StaffSetUp | Waits::StaffGenerator => {
                FRESH_US
            }
            _ => CHALLENGE_US,
        }
    }
}

/// A step that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Whose it is, where that is known.
    pub whose: Option<RawId>,
    /// What the next step needs.
    pub state: String,
}

impl Step {
    /// The customer whose it is.
    #[must_use]
    pub fn customer(&self) -> Option<CustomerId> {
        self.whose.map(CustomerId)
    }
}

/// Lets a step wait; returns its secret.
pub async fn begin(app: &App, waits: Waits, whose: Option<RawId>, state: String) -> Result<String, Problem> {
    let mut secret = [0; 32];
    if !app.clock.fill(&mut secret) {
        return Err(Problem::Busy);
    }
    let token = hex(&secret);
    let expires_at = app.clock.now().system.plus_us(waits.life_us());
    let row = Row { kind: waits.word().to_owned(), principal_id: whose, state, expires_at };
    app.store.transact(Begin { token_hash: app.secrets.token_hash(&token), row }).await?;
    Ok(token)
}

/// A step that waits, without taking it.
pub async fn look(app: &App, waits: Waits, token: &str) -> Result<Option<Step>, Problem> {
    let find = Find { token_hash: app.secrets.token_hash(token), waits, now: app.clock.now().system };
    Ok(app.store.read(find).await?)
}

/// Takes a step: whoever comes second finds nothing.
pub async fn take(app: &App, waits: Waits, token: &str) -> Result<Option<Step>, Problem> {
    let find = Find { token_hash: app.secrets.token_hash(token), waits, now: app.clock.now().system };
    Ok(app.store.transact(Take(find)).await?)
}

struct Begin {
    token_hash: Vec<u8>,
    row: Row,
}
impl Work for Begin {
    const NAME: &'static str = "begin_login_step";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        login::add_step(tx, &self.token_hash, &self.row);
        Ok(())
    }
}

struct Find {
    token_hash: Vec<u8>,
    waits: Waits,
    now: SystemTime,
}
impl Find {
    fn fits(&self, row: Option<Row>) -> Option<Step> {
        let row = row.filter(|row| row.kind == self.waits.word() && row.expires_at > self.now)?;
        Some(Step { whose: row.principal_id, state: row.state })
    }
}
impl Work for Find {
    const NAME: &'static str = "find_login_step";
    type Out = Option<Step>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(self.fits(login::step(tx, &self.token_hash).await?))
    }
}

struct Take(Find);
impl Work for Take {
    const NAME: &'static str = "take_login_step";
    // A second run would find it taken.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Option<Step>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = self.0.fits(login::lock_step(tx, &self.0.token_hash).await?);
        if found.is_some() {
            login::remove_step(tx, &self.0.token_hash);
        }
        Ok(found)
    }
}
