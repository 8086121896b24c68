//! Staff members: how they sign in, and what they see: the queue of orders that are paid and not in effect.
//!
//! A member gets a login and a link; the link works once, for three days, and sets the password. Only keyed hashes of
//! links and Argon2id hashes of passwords (RFC 9106) are kept. Known and unknown logins get the same answer after the same
//! time.

use crate::order_page::{OrderView, order_page};
use crate::password::{hashed, matches};
use crate::secrets::hex;
use crate::sessions::{Principal, STAFF, SignedIn, open_session};
use crate::{App, Problem};
use everline_core::account::PASSWORD_BYTES_MAX;
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::time::{DAY_US, SystemTime};
use everline_store::tables::login;
use everline_store::tables::support::{self, StaffRow};
use everline_store::{LostCommit, Stop, Tx, Work};

/// What a member may be.
pub const ROLES: [&str; 2] = ["agent", "operator"];
/// How long a link works.
pub const LINK_LIFE_US: i64 = 3 * DAY_US;
/// Fewest characters of a password; what it is made of is nobody's business.
pub const PASSWORD_CHARS_MIN: usize = 12;

/// A staff member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// The name colleagues see.
    pub name: String,
    /// What they may do.
    pub role: String,
}

/// A staff member as a list shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What they sign in with.
    pub login: String,
    /// The name colleagues see.
    pub name: String,
    /// What they may do.
    pub role: String,
    /// Whether they can sign in.
    pub state: Standing,
}

/// Whether a member can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// With their password.
    Active,
    /// Not yet: the link was not used.
    Invited,
    /// No more.
    Disabled,
}

/// An active staff member by id.
pub async fn member(app: &App, id: RawId) -> Result<StaffMember, Problem> {
    Ok(app.store.read(GetStaff { id }).await?)
}

/// Adds a member; returns the secret of the link that sets their password.
///
/// # Errors
/// [`Problem::Invalid`] names the field; a login that is taken is invalid too.
pub async fn add(app: &App, login: &str, name: &str, role: &str) -> Result<String, Problem> {
    let login = parse_login(login)?;
    let name = name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::Invalid { field: "name", rule: "1 to 100 bytes of text" });
    }
    if !ROLES.contains(&role) {
        return Err(Problem::Invalid { field: "role", rule: "agent or operator" });
    }
    let (token, link) = new_link(app)?;
    let member = (app.clock.id(), name.to_owned(), role.to_owned(), login);
    app.store.transact(AddStaff { member, link }).await?;
    Ok(token)
}

/// Gives a member a new link; their password and their sessions end. Also brings a disabled member back.
///
/// # Errors
/// [`Problem::NotFound`] if nobody has this login.
pub async fn renew_link(app: &App, login: &str) -> Result<String, Problem> {
    let (token, link) = new_link(app)?;
    app.store.transact(ChangeStaff { login: parse_login(login)?, link: Some(link) }).await?;
    Ok(token)
}

/// Lets a member sign in no more, and ends their sessions.
///
/// # Errors
/// [`Problem::NotFound`] if nobody has this login.
pub async fn disable(app: &App, login: &str) -> Result<(), Problem> {
    Ok(app.store.transact(ChangeStaff { login: parse_login(login)?, link: None }).await?)
}

/// All members that have a login.
pub async fn list(app: &App) -> Result<Vec<Listed>, Problem> {
    let rows = app.store.read(ListStaff).await?;
    let listed = rows.into_iter().filter_map(|row| {
        let state = match (row.active, &row.password_hash) {
            (false, _) => Standing::Disabled,
            (true, None) => Standing::Invited,
            (true, Some(_)) => Standing::Active,
        };
        Some(Listed { login: row.login?, name: row.name, role: row.role, state })
    });
    Ok(listed.collect())
}

/// The login of a member who is named on the command line.
///
/// # Errors
/// [`Problem::Invalid`] if no active member has it.
pub(crate) async fn active_member(app: &App, login: &str) -> Result<String, Problem> {
    let mut members = list(app).await?.into_iter();
    let member = members.find(|member| member.login == login && member.state == Standing::Active);
    member
        .map(|member| member.login)
        .ok_or(Problem::Invalid { field: "by", rule: "no active staff member has this login" })
}

/// The role of a member who is active now, whatever their session says.
pub(crate) async fn role(tx: &mut Tx, member: RawId) -> Result<String, Stop<Problem>> {
    let member = support::staff(tx, member).await?;
    member.map(|(_, role)| role).ok_or(Stop::Refused(Problem::NotAllowed))
}

/// The login that a link sets the password of; `None` if the link does not work.
pub async fn invited(app: &App, token: &str) -> Result<Option<String>, Problem> {
    let find = FindInvited { link_hash: link_hash(app, token), now: app.clock.now().system };
    Ok(app.store.read(find).await?.and_then(|row| row.login))
}

/// Sets a password by a link, which is used up, and signs in. `None` if the link does not work.
///
/// # Errors
/// [`Problem::Invalid`] if the password is too short or too long.
pub async fn set_password(app: &App, token: &str, password: &str) -> Result<Option<SignedIn>, Problem> {
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
    let work = SetPassword { link_hash: link_hash(app, token), password_hash, now: app.clock.now().system };
    match app.store.transact(work).await? {
        Some(id) => Ok(Some(open_session(app, Principal::Staff(id)).await?)),
        None => Ok(None),
    }
}

/// Signs in. `None` says that login and password do not belong together, and nothing about which of them is wrong.
pub async fn sign_in(app: &App, login: &str, password: &str) -> Result<Option<SignedIn>, Problem> {
    let login = login.trim().to_lowercase();
    if login.len() > 64 || password.len() > PASSWORD_BYTES_MAX {
        return Ok(None);
    }
    let found = app.store.read(FindStaff { login }).await?.filter(|row| row.active);
    let (id, hash) = found.map_or((None, None), |row| (Some(row.id), row.password_hash));
    // Without a member there is a hash to check too, so that the answer takes as long.
    let matches = matches(password.to_owned(), hash).await?;
    match id.filter(|_| matches) {
        Some(id) => Ok(Some(open_session(app, Principal::Staff(id)).await?)),
        None => Ok(None),
    }
}

/// The oldest orders that are paid and not in effect.
pub async fn paid_not_in_effect(app: &App) -> Result<Vec<OrderView>, Problem> {
    let mut views = Vec::new();
    for (customer, order) in app.store.read(Queue).await? {
        views.push(order_page(app, customer, order).await?);
    }
    Ok(views)
}

fn parse_login(login: &str) -> Result<String, Problem> {
    let login = login.trim().to_lowercase();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@');
    if (2..=64).contains(&login.len()) && login.chars().all(fits) {
        return Ok(login);
    }
    Err(Problem::Invalid { field: "login", rule: "2 to 64 of a-z, 0-9, . - _ @" })
}

/// A link's keyed hash, and until when it works.
type Link = (Vec<u8>, SystemTime);

fn new_link(app: &App) -> Result<(String, Link), Problem> {
    let mut secret = [0; 32];
    if !app.clock.fill(&mut secret) {
        return Err(Problem::Busy);
    }
    let token = hex(&secret);
    let link = (link_hash(app, &token), app.clock.now().system.plus_us(LINK_LIFE_US));
    Ok((token, link))
}

fn link_hash(app: &App, token: &str) -> Vec<u8> {
    app.secrets.token_hash(&format!("staff link {token}"))
}

struct GetStaff {
    id: RawId,
}
impl Work for GetStaff {
    const NAME: &'static str = "get_staff";
    type Out = StaffMember;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<StaffMember, Stop<Problem>> {
        let found = support::staff(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotAllowed))?;
        Ok(StaffMember { name: found.0, role: found.1 })
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
        Ok(support::staff_by_login(tx, &self.login).await?)
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
        Ok(support::staff_by_link(tx, &self.link_hash, self.now).await?)
    }
}

struct ListStaff;
impl Work for ListStaff {
    const NAME: &'static str = "list_staff";
    type Out = Vec<StaffRow>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(support::staff_list(tx).await?)
    }
}

struct AddStaff {
    member: (RawId, String, String, String),
    link: Link,
}
impl Work for AddStaff {
    const NAME: &'static str = "add_staff";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (id, name, role, login) = &self.member;
        match support::staff_by_login(tx, login).await? {
            Some(known) if known.id == *id => return Ok(()), // run again after a lost answer
            Some(_) => return Err(Stop::Refused(Problem::Invalid { field: "login", rule: "taken" })),
            None => {}
        }
        support::add_staff_with_login(tx, (*id, name, role, login), &self.link.0, self.link.1);
        Ok(())
    }
}

/// A new link, or none any more.
struct ChangeStaff {
    login: String,
    link: Option<Link>,
}
impl Work for ChangeStaff {
    const NAME: &'static str = "change_staff";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let found = support::staff_by_login(tx, &self.login).await?;
        let row = found.ok_or(Stop::Refused(Problem::NotFound("staff member")))?;
        match &self.link {
            Some((hash, expires_at)) => support::set_staff_link(tx, row.id, hash, *expires_at),
            None => support::disable_staff(tx, row.id),
        }
        login::remove_sessions(tx, STAFF, row.id);
        Ok(())
    }
}

struct SetPassword {
    link_hash: Vec<u8>,
    password_hash: String,
    now: SystemTime,
}
impl Work for SetPassword {
    const NAME: &'static str = "set_staff_password";
    // A second run would find the link used up.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Option<RawId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(row) = support::lock_staff_by_link(tx, &self.link_hash, self.now).await? else { return Ok(None) };
        support::set_staff_password(tx, row.id, &self.password_hash);
        login::remove_sessions(tx, STAFF, row.id);
        Ok(Some(row.id))
    }
}

struct Queue;
impl Work for Queue {
    const NAME: &'static str = "paid_not_in_effect";
    type Out = Vec<(CustomerId, OrderId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(support::paid_not_in_effect(tx, 50).await?)
    }
}
