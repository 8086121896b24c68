//! How staff members come to the desk: a password that a link sets, and a second factor, always. Whoever has none yet is let
//! no further than to setting one.
//!
//! A link works once, for three days. Only keyed hashes of links and recovery codes, and Argon2id hashes of passwords (RFC
//! 9106) are kept; the secret of a code generator is sealed. Known and unknown logins get the same answer after the same time.
//! Each try is written down for the member, refused or not.

use crate::audit::{Act, Stamp};
use crate::password::{hashed, matches};
use crate::secrets::{Secrets, hex};
use crate::sessions::{Principal, STAFF, SignedIn, open_session_on};
use crate::sign_in::check_tries;
use crate::staff::{active, link_hash};
use crate::steps::{self, Step, Waits};
use crate::totp::{self, SECRET_BYTES, base32, from_base32};
use crate::{App, Problem};
use everline_core::account::{PASSWORD_BYTES_MAX, Proof};
use everline_core::audit::AuditAction;
use everline_core::ids::RawId;
use everline_core::staff::StaffNews;
use everline_core::time::SystemTime;
use everline_store::tables::login;
use everline_store::tables::staff::{self as table, Factors, StaffEvent, StaffRow};
use everline_store::{LostCommit, Stop, Tx, Work};
use std::sync::Arc;

/// Fewest characters of a password; what it is made of is nobody's business.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
const RECOVERY_CODE_BYTES: usize = 10;

/// Where somebody comes from, for the log of sign-ins.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    /// Words for the device.
    pub device: &'a str,
    /// The network: an address without its last part.
    pub network: &'a str,
}

/// How far somebody came who proved a password. Each has the secret of the step that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entered {
    /// To the second factor: see [`second`].
    SecondFactor(String),
    /// To setting one: see [`to_set_up`].
    SetUp(String),
}

impl Entered {
    /// The secret of the step.
    #[must_use]
    pub fn step(&self) -> &str {
        match self {
            Entered::SecondFactor(step) | Entered::SetUp(step) => step,
        }
    }
}

/// The login that a link sets the password of; `None` if the link does not work.
pub async fn invited(app: &App, token: &str) -> Result<Option<String>, Problem> {
    let find = FindInvited { link_hash: link_hash(app, token), now: app.clock.now().system };
    Ok(app.store.read(find).await?.and_then(|row| row.login))
}

/// Sets a password by a link, which is used up. `None` if the link does not work.
///
/// # Errors
/// [`Problem::Invalid`] if the password is too short or too long.
pub async fn set_password(app: &App, token: &str, password: &str, from: From<'_>) -> Result<Option<Entered>, Problem> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(Problem::Invalid { field: "password", rule: "too-short" });
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(Problem::Invalid { field: "password", rule: "too-long" });
    }
    if invited(app, token).await?.is_none() {
        return Ok(None);
    }
    let mut salt = [0; 16];
    if !app.clock.fill(&mut salt) {
        return Err(Problem::Busy);
    }
    let password_hash = hashed(password.to_owned(), salt).await?;
    let (link_hash, event) = (link_hash(app, token), Happened::new(app, StaffNews::PasswordSet, from));
    match app.store.transact(SetPassword { link_hash, password_hash, event }).await? {
        Some(id) => Ok(Some(go_on(app, id).await?)),
        None => Ok(None),
    }
}

/// Checks login and password. `None` says that they do not belong together, and nothing about which of them is wrong.
pub async fn sign_in(app: &App, login: &str, password: &str, from: From<'_>) -> Result<Option<Entered>, Problem> {
    let login = login.trim().to_lowercase();
    if login.len() > 64 || password.len() > PASSWORD_BYTES_MAX {
        return Ok(None);
    }
    let found = app.store.read(FindStaff { login }).await?.filter(|row| row.active);
    let (id, hash) = found.map_or((None, None), |row| (Some(row.id), row.password_hash));
    // Without a member there is a hash to check too, so that the answer takes as long.
    let matches = matches(password.to_owned(), hash).await?;
    match id {
        Some(id) if matches => Ok(Some(go_on(app, id).await?)),
        Some(id) => {
            let event = Happened::new(app, StaffNews::PasswordWrong, from);
            app.store.transact(Tell { id, event }).await?;
            Ok(None)
        }
        None => Ok(None),
    }
}

/// On to the second factor, or to setting one.
async fn go_on(app: &App, id: RawId) -> Result<Entered, Problem> {
    let factors = app.store.read(ReadFactors { id }).await?;
    if factors.any() {
        return Ok(Entered::SecondFactor(steps::begin(app, Waits::StaffSecond, Some(id), String::new()).await?));
    }
    Ok(Entered::SetUp(new_generator(app, id, Waits::StaffSetUp).await?))
}

/// Makes the secret of a code generator, and lets the step wait in which it is set; returns the step's secret.
pub(crate) async fn new_generator(app: &App, id: RawId, waits: Waits) -> Result<String, Problem> {
    let mut secret = [0; SECRET_BYTES];
    if !app.clock.fill(&mut secret) {
        return Err(Problem::Busy);
    }
    let sealed = app.secrets.seal(&place(id), &base32(&secret)).map_err(|e| Problem::Internal(e.to_string()))?;
    steps::begin(app, waits, Some(id), hex(&sealed)).await
}

/// Where the secret of a member's generator is sealed for.
fn place(id: RawId) -> String {
    format!("staff/{id}/totp")
}

fn open(secrets: &Secrets, id: RawId, sealed: &[u8]) -> Result<String, Problem> {
    secrets.open(&place(id), sealed).map_err(|error| Problem::Internal(error.to_string()))
}

/// What the second factor of whoever waits in a step can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Second {
    /// Whose step it is.
    pub id: RawId,
    /// Whether there is a code generator.
    pub generator: bool,
    /// How many passkeys there are.
    pub passkeys: i64,
}

/// Whose second factor a step waits for; `None` if none waits.
pub async fn second(app: &App, step: &str) -> Result<Option<Second>, Problem> {
    let Some(id) = steps::look(app, Waits::StaffSecond, step).await?.and_then(|step| step.whose) else {
        return Ok(None);
    };
    let factors = app.store.read(ReadFactors { id }).await?;
    Ok(Some(Second { id, generator: factors.totp.is_some(), passkeys: factors.passkeys }))
}

/// Signs in with a code: the generator's, or one of the recovery codes.
///
/// # Errors
/// [`Problem::SignInFirst`] if the step does not wait any more; [`Problem::PasswordWrong`] for a code that is not right or was
/// used; [`Problem::TooMany`] after ten tries an hour or thirty a day, right or wrong.
pub async fn enter_by_code(app: &App, step: &str, typed: &str, from: From<'_>) -> Result<SignedIn, Problem> {
    let found = steps::look(app, Waits::StaffSecond, step).await?;
    let id = found.and_then(|step| step.whose).ok_or(Problem::SignInFirst)?;
    check_tries(app, "staff second factor", &id.to_string()).await?;
    let kind = StaffNews::SecondWrong;
    let work = UseCode {
        id,
        typed: typed.to_owned(),
        code_hash: code_hash(app, id, typed),
        secrets: app.secrets.clone(),
        event: Happened::new(app, kind, from),
    };
    // A wrong code is written down, so it commits.
    let proof = app.store.transact(work).await?.ok_or(Problem::PasswordWrong)?;
    steps::take(app, Waits::StaffSecond, step).await?.ok_or(Problem::SignInFirst)?;
    open_session_on(app, Principal::Staff(id), from.device, proof).await
}

/// A passkey of a member that was used and checked; its counter may have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedPasskey {
    /// Whose it is.
    pub staff: RawId,
    /// Which one.
    pub id: RawId,
    /// The key as it is now.
    pub key: String,
}

/// Signs in with a passkey that was checked, of whoever's step waits.
///
/// # Errors
/// [`Problem::SignInFirst`] if the step does not wait any more; [`Problem::PasskeyRefused`] if it is somebody else's, or was
/// removed.
pub async fn enter_by_passkey(app: &App, step: &str, used: UsedPasskey, from: From<'_>) -> Result<SignedIn, Problem> {
    let found = steps::look(app, Waits::StaffSecond, step).await?.and_then(|step| step.whose);
    let id = found.ok_or(Problem::SignInFirst)?;
    if used.staff != id {
        return Err(Problem::PasskeyRefused);
    }
    let event = Happened::new(app, StaffNews::InByPasskey, from);
    app.store.transact(UsePasskey { used, event }).await?;
    steps::take(app, Waits::StaffSecond, step).await?.ok_or(Problem::SignInFirst)?;
    open_session_on(app, Principal::Staff(id), from.device, Proof::Passkey).await
}

/// A code generator that is to be set: whose, and its secret to type or scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generator {
    /// The member's login.
    pub login: String,
    /// The secret in Base32.
    pub secret: String,
}

/// The generator that a step of this kind is about; `None` if none waits.
pub async fn to_set_up(app: &App, waits: Waits, step: &str) -> Result<Option<Generator>, Problem> {
    let Some(found) = steps::look(app, waits, step).await? else { return Ok(None) };
    let (id, sealed) = waiting(&found)?;
    let login = app.store.read(ReadFactors { id }).await?.login.unwrap_or_default();
    Ok(Some(Generator { login, secret: open(&app.secrets, id, &sealed)? }))
}

fn waiting(step: &Step) -> Result<(RawId, Vec<u8>), Problem> {
    let id = step.whose.ok_or(Problem::SignInFirst)?;
    Ok((id, crate::audit::unhex(&step.state).ok_or(Problem::SignInFirst)?))
}

/// Sets the generator of a step, once it shows a right code, with new recovery codes; who had none is in then. The codes are
/// told here and never again.
///
/// # Errors
/// As [`enter_by_code`].
pub async fn set_up(
    app: &App,
    waits: Waits,
    step: &str,
    typed: &str,
    from: From<'_>,
) -> Result<(SignedIn, Vec<String>), Problem> {
    let found = steps::look(app, waits, step).await?.ok_or(Problem::SignInFirst)?;
    let (id, sealed) = waiting(&found)?;
    check_tries(app, "staff second factor", &id.to_string()).await?;
    let secret = from_base32(&open(&app.secrets, id, &sealed)?).ok_or(Problem::SignInFirst)?;
    let used = totp::accepted(&secret, typed, None, app.clock.now().system).ok_or(Problem::PasswordWrong)?;
    let (codes, hashes) = new_codes(app, id)?;
    steps::take(app, waits, step).await?.ok_or(Problem::SignInFirst)?;
    let event = Happened::new(app, StaffNews::GeneratorSet, from);
    let first = waits == Waits::StaffSetUp;
    app.store.transact(SetGenerator { id, first, sealed, used, hashes, event, stamp: Stamp::new(app)? }).await?;
    Ok((open_session_on(app, Principal::Staff(id), from.device, Proof::Generator).await?, codes))
}

/// New recovery codes, and the hashes that are kept of them.
pub(crate) fn new_codes(app: &App, id: RawId) -> Result<(Vec<String>, Vec<Vec<u8>>), Problem> {
    let (mut codes, mut hashes) = (Vec::new(), Vec::new());
    for _ in 0..RECOVERY_CODES {
        let mut random = [0; RECOVERY_CODE_BYTES];
        if !app.clock.fill(&mut random) {
            return Err(Problem::Busy);
        }
        let text = base32(&random).to_lowercase();
        let groups: Vec<String> =
            text.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
        hashes.push(code_hash(app, id, &text));
        codes.push(groups.join("-"));
    }
    Ok((codes, hashes))
}

/// The keyed hash of a member's recovery code, however it is typed.
fn code_hash(app: &App, id: RawId, typed: &str) -> Vec<u8> {
    let plain: String = typed.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    app.secrets.token_hash(&format!("staff recovery {id} {plain}"))
}

/// Something that is to be written down for a member.
pub(crate) struct Happened {
    id: RawId,
    event: StaffEvent,
}
impl Happened {
    pub(crate) fn new(app: &App, kind: StaffNews, from: From<'_>) -> Self {
        let (device, network) = (from.device.to_owned(), from.network.to_owned());
        Self { id: app.clock.id(), event: StaffEvent { kind, device, network, at: app.clock.now().system } }
    }
    fn tell(&self, tx: &mut Tx, staff: RawId, kind: StaffNews) {
        table::add_event(tx, self.id, staff, &StaffEvent { kind, ..self.event.clone() });
    }
    const fn at(&self) -> SystemTime {
        self.event.at
    }
}

struct FindStaff {
    login: String,
}
impl Work for FindStaff {
    const NAME: &'static str = "find_staff";
    type Out = Option<StaffRow>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::by_login(tx, &self.login).await?)
    }
}

struct FindInvited {
    link_hash: Vec<u8>,
    now: SystemTime,
}
impl Work for FindInvited {
    const NAME: &'static str = "find_invited_staff";
    type Out = Option<StaffRow>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::by_link(tx, &self.link_hash, self.now).await?)
    }
}

struct SetPassword {
    link_hash: Vec<u8>,
    password_hash: String,
    event: Happened,
}
impl Work for SetPassword {
    const NAME: &'static str = "set_staff_password";
    // A second run would find the link used up.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Option<RawId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(row) = table::lock_by_link(tx, &self.link_hash, self.event.at()).await? else { return Ok(None) };
        table::set_password(tx, row.id, &self.password_hash);
        login::remove_sessions(tx, STAFF, row.id);
        self.event.tell(tx, row.id, StaffNews::PasswordSet);
        Ok(Some(row.id))
    }
}

struct Tell {
    id: RawId,
    event: Happened,
}
impl Work for Tell {
    const NAME: &'static str = "tell_staff";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        self.event.tell(tx, self.id, self.event.event.kind);
        Ok(())
    }
}

pub(crate) struct ReadFactors {
    pub(crate) id: RawId,
}
impl Work for ReadFactors {
    const NAME: &'static str = "read_staff_factors";
    type Out = Factors;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Factors, Stop<Problem>> {
        table::factors(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotAllowed))
    }
}

struct UseCode {
    id: RawId,
    typed: String,
    code_hash: Vec<u8>,
    secrets: Arc<Secrets>,
    event: Happened,
}
impl Work for UseCode {
    const NAME: &'static str = "use_staff_code";
    // A second run would find the code used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Option<Proof>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let factors = table::lock_factors(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotAllowed))?;
        let (proof, news) = if self.generated(tx, &factors).await? {
            (Some(Proof::Generator), StaffNews::InByCode)
        } else if table::code_used(tx, self.id, &self.code_hash).await? {
            (Some(Proof::RecoveryCode), StaffNews::InByRecoveryCode)
        } else {
            (None, StaffNews::SecondWrong)
        };
        self.event.tell(tx, self.id, news);
        Ok(proof)
    }
}
impl UseCode {
    /// Whether the member's generator shows it, and it was not used.
    async fn generated(&self, tx: &mut Tx, factors: &Factors) -> Result<bool, Stop<Problem>> {
        let Some(sealed) = &factors.totp else { return Ok(false) };
        let secret = open(&self.secrets, self.id, sealed).map_err(Stop::Refused)?;
        let secret = from_base32(&secret).ok_or(Stop::Refused(Problem::NotAllowed))?;
        match totp::accepted(&secret, &self.typed, factors.totp_step, self.event.at()) {
            Some(step) => Ok(table::totp_used(tx, self.id, step).await?),
            None => Ok(false),
        }
    }
}

struct UsePasskey {
    used: UsedPasskey,
    event: Happened,
}
impl Work for UsePasskey {
    const NAME: &'static str = "use_staff_passkey";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let UsedPasskey { staff, id, key } = &self.used;
        active(tx, *staff).await?;
        // It may have been removed while its answer was on the way.
        if table::passkeys(tx, *staff).await?.iter().all(|known| known.id != *id) {
            return Err(Stop::Refused(Problem::PasskeyRefused));
        }
        table::passkey_used(tx, *staff, *id, key, self.event.at());
        self.event.tell(tx, *staff, StaffNews::InByPasskey);
        Ok(())
    }
}

struct SetGenerator {
    id: RawId,
    /// Whether nobody is signed in: then there must be no second factor yet.
    first: bool,
    sealed: Vec<u8>,
    used: i64,
    hashes: Vec<Vec<u8>>,
    event: Happened,
    stamp: Stamp,
}
impl Work for SetGenerator {
    const NAME: &'static str = "set_staff_generator";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let factors = table::lock_factors(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotAllowed))?;
        let again = factors.totp.as_ref() == Some(&self.sealed);
        if again {
            return Ok(()); // run again after a lost answer
        }
        if self.first && factors.any() {
            return Err(Stop::Refused(Problem::SignInFirst));
        }
        table::set_totp(tx, self.id, Some((self.sealed.clone(), self.used)));
        table::set_codes(tx, self.id, &self.hashes);
        login::remove_sessions(tx, STAFF, self.id);
        self.event.tell(tx, self.id, StaffNews::GeneratorSet);
        self.stamp.append(tx, Act::by(self.id, AuditAction::SecondFactorSet, ("staff", self.id))).await
    }
}
