//! Staff members: who they are, what they may do, and the queue of orders that are paid and not in effect. How they sign in
//! is [`crate::staff_sign_in`].
//!
//! Every use case of the desk asks [`permit`] in its own transaction; a page that hides a button decides nothing.

use crate::audit::{Act, Stamp};
use crate::order_page::{OrderView, order_page};
use crate::secrets::hex;
use crate::sessions::STAFF;
use crate::{App, Problem};
use everline_core::audit::{Actor, AuditAction};
use everline_core::ids::{CustomerId, OrderId, RawId};
use everline_core::refund_request::{LET_IN_US, NotDecided};
use everline_core::staff::{Permission, Role};
use everline_core::stock;
use everline_core::time::{DAY_US, SystemTime};
use everline_store::tables::staff::{self as table, StaffEvent, StaffRow};
use everline_store::tables::{audit, login, support};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeSet;

/// How long a link works.
pub const LINK_LIFE_US: i64 = 3 * DAY_US;

/// A staff member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffMember {
    /// Their id.
    pub id: RawId,
    /// The name colleagues see.
    pub name: String,
    /// What they are.
    pub role: Role,
}

impl StaffMember {
    /// Whether they may do something.
    #[must_use]
    pub const fn may(&self, what: Permission) -> bool {
        self.role.may(what)
    }
}

/// A staff member as a list shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Their id.
    pub id: RawId,
    /// What they sign in with.
    pub login: String,
    /// The name colleagues see.
    pub name: String,
    /// What they are, as stored.
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
impl Standing {
    fn of(row: &StaffRow) -> Self {
        match (row.active, &row.password_hash) {
            (false, _) => Standing::Disabled,
            (true, None) => Standing::Invited,
            (true, Some(_)) => Standing::Active,
        }
    }
}

/// A member as whoever changes them saw them.
fn seen(role: &str, standing: Standing) -> String {
    let standing = match standing {
        Standing::Active => "active",
        Standing::Invited => "invited",
        Standing::Disabled => "disabled",
    };
    format!("{role}.{standing}")
}
impl Listed {
    /// A word for their role and standing, for whoever changes them: what is otherwise by then is not changed.
    #[must_use]
    pub fn seen(&self) -> String {
        seen(&self.role, self.state)
    }
}

/// An active staff member by id.
pub async fn member(app: &App, id: RawId) -> Result<StaffMember, Problem> {
    Ok(app.store.read(GetStaff { id }).await?)
}

/// Adds a member; returns the secret of the link that sets their password.
///
/// # Errors
/// [`Problem::Invalid`] names the field; a login that is taken is invalid too. [`Problem::NotAllowed`] if a member adds them
/// who may not.
pub async fn add(app: &App, by: Actor, login: &str, name: &str, role: &str) -> Result<String, Problem> {
    let login = parse_login(login)?;
    let name = name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::Invalid { field: "name", rule: "1 to 100 bytes of text" });
    }
    let role = parse_role(role)?;
    let (token, link) = new_link(app)?;
    let (id, name, stamp) = (app.clock.id(), name.to_owned(), Stamp::new(app)?);
    app.store.transact(AddStaff { by, id, name, role, login, link, stamp }).await?;
    Ok(token)
}

/// Gives a member a new link; their password and their sessions end. Also brings a disabled member back.
///
/// # Errors
/// [`Problem::NotFound`] if nobody has this login; [`Problem::NotAllowed`]; [`Problem::Invalid`] if it is the one who asks, and
/// names `reason` if a member says none; [`Problem::Stale`] if they are otherwise than whoever asks saw them.
pub async fn renew_link(app: &App, by: Actor, login: &str, grounds: Option<Grounds<'_>>) -> Result<String, Problem> {
    let (token, link) = new_link(app)?;
    change(app, by, (login, grounds), Changed::Link(link)).await?;
    Ok(token)
}

/// Lets a member sign in no more, and ends their sessions.
///
/// # Errors
/// As [`renew_link`].
pub async fn disable(app: &App, by: Actor, login: &str, grounds: Option<Grounds<'_>>) -> Result<(), Problem> {
    change(app, by, (login, grounds), Changed::Disabled).await
}

/// Takes a member's second factor away, if it was lost: they set another one when they sign in next. Their sessions end.
///
/// # Errors
/// As [`renew_link`].
pub async fn reset_second_factor(
    app: &App,
    by: Actor,
    login: &str,
    grounds: Option<Grounds<'_>>,
) -> Result<(), Problem> {
    change(app, by, (login, grounds), Changed::NoSecondFactor).await
}

/// Gives a member another role, at once.
///
/// # Errors
/// As [`renew_link`]; [`Problem::Invalid`] if there is no such role.
pub async fn set_role(
    app: &App,
    by: Actor,
    (login, role): (&str, &str),
    grounds: Option<Grounds<'_>>,
) -> Result<(), Problem> {
    change(app, by, (login, grounds), Changed::Role(parse_role(role)?)).await
}

/// On what a member changes another. Whoever has the machine needs none.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// How they saw them: [`Listed::seen`].
    pub seen: &'a str,
    /// Why: 1 to 200 characters.
    pub reason: &'a str,
}

async fn change(
    app: &App,
    by: Actor,
    (login, grounds): (&str, Option<Grounds<'_>>),
    to: Changed,
) -> Result<(), Problem> {
    let grounds = match (by, grounds) {
        (Actor::Staff(_), _) | (_, Some(_)) => {
            let given = grounds.and_then(|given| Some((given.seen.to_owned(), stock::reason(given.reason)?)));
            Some(given.ok_or(Problem::Invalid { field: "reason", rule: "1 to 200 characters" })?)
        }
        (Actor::CommandLine | Actor::System, None) => None,
    };
    let (login, stamp) = (parse_login(login)?, Stamp::new(app)?);
    Ok(app.store.transact(ChangeStaff { by, login, grounds, to, stamp }).await?)
}

/// All members that have a login.
pub async fn list(app: &App) -> Result<Vec<Listed>, Problem> {
    let rows = app.store.read(ListStaff).await?;
    let listed = rows.into_iter().filter_map(|row| {
        let state = Standing::of(&row);
        Some(Listed { id: row.id, login: row.login?, name: row.name, role: row.role, state })
    });
    Ok(listed.collect())
}

/// [`list`], for a member who may manage them.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn members(app: &App, by: RawId) -> Result<Vec<Listed>, Problem> {
    permitted(app, by, Permission::ManageStaff).await?;
    list(app).await
}

/// How members signed in last, or tried to, newest first; for a member who may manage them.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn sign_ins(app: &App, by: RawId, of: &[RawId]) -> Result<Vec<Vec<StaffEvent>>, Problem> {
    Ok(app.store.read(SignIns { by, of: of.to_vec() }).await?)
}

struct SignIns {
    by: RawId,
    of: Vec<RawId>,
}
impl SignIns {
    const EACH: i64 = 5;
}
impl Work for SignIns {
    const NAME: &'static str = "staff_sign_ins";
    type Out = Vec<Vec<StaffEvent>>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::ManageStaff).await?;
        Ok(tx.together(self.of.iter().map(|id| table::events_of(*id, Self::EACH)).collect::<Vec<_>>()).await?)
    }
}

/// The login of a member who is named on the command line, where somebody who may do something is to be named.
///
/// # Errors
/// [`Problem::Invalid`] if no active member has it, or theirs is not to do that.
pub(crate) async fn active_member(app: &App, login: &str, what: Permission) -> Result<String, Problem> {
    let invalid = |rule| Problem::Invalid { field: "by", rule };
    let mut members = list(app).await?.into_iter();
    let member = members.find(|member| member.login == login && member.state == Standing::Active);
    let member = member.ok_or_else(|| invalid("no active staff member has this login"))?;
    if Role::from_word(&member.role).is_some_and(|role| role.may(what)) {
        Ok(member.login)
    } else {
        Err(invalid("this staff member's role may not do that"))
    }
}

/// Who acts, if they are active now, whatever their session says, and their role allows it. Every use case of the desk asks
/// here, in the transaction of what it does.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub(crate) async fn permit(tx: &mut Tx, by: RawId, what: Permission) -> Result<StaffMember, Stop<Problem>> {
    let member = active(tx, by).await?;
    if member.may(what) { Ok(member) } else { Err(Stop::Refused(Problem::NotAllowed)) }
}

/// The active member of an id.
pub(crate) async fn active(tx: &mut Tx, id: RawId) -> Result<StaffMember, Stop<Problem>> {
    let found = table::active(tx, id).await?;
    let found = found.and_then(|(name, role)| Some(StaffMember { id, name, role: Role::from_word(&role)? }));
    found.ok_or(Stop::Refused(Problem::NotAllowed))
}

/// Refuses one of two members to decide about what the other asked for, where one let the other in a moment ago, or one and the
/// same member let in both: whoever holds the link that sets a password may be whom it is for.
///
/// # Errors
/// [`Problem::NotDecided`]
pub(crate) async fn apart(tx: &mut Tx, asked_by: RawId, by: RawId, now: SystemTime) -> Result<(), Stop<Problem>> {
    let since = now.plus_us(-LET_IN_US);
    let (asker, decider) = (may_be(tx, asked_by, since).await?, may_be(tx, by, since).await?);
    if asker.is_disjoint(&decider) { Ok(()) } else { Err(Stop::Refused(Problem::NotDecided(NotDecided::LetIn))) }
}

/// Who may be a member: themselves, whoever let them in since then, and whoever let those in.
async fn may_be(tx: &mut Tx, member: RawId, since: SystemTime) -> Result<BTreeSet<RawId>, everline_store::Error> {
    let (mut found, mut next) = (BTreeSet::from([member]), vec![member]);
    while let Some(one) = next.pop() {
        let by = tx.together(audit::let_in(one, since)).await?;
        next.extend(by.into_iter().filter(|by| found.insert(*by)));
    }
    Ok(found)
}

/// [`permit`] for something that is only looked at and tells of no customer.
pub(crate) async fn permitted(app: &App, by: RawId, what: Permission) -> Result<StaffMember, Problem> {
    Ok(app.store.read(Permitted { by, what }).await?)
}

/// [`permit`] for something of a customer's that is looked at: that it was is written down before it is shown.
pub(crate) async fn see(app: &App, by: RawId, what: Permission, act: Act) -> Result<(), Problem> {
    see_each(app, by, what, vec![act]).await
}

/// [`see`] of several customers' at once: an entry for each, in one transaction, so that it stands with each of them.
pub(crate) async fn see_each(app: &App, by: RawId, what: Permission, acts: Vec<Act>) -> Result<(), Problem> {
    if acts.is_empty() {
        return Ok(());
    }
    Ok(app.store.transact(See { by, what, acts, stamp: Stamp::new(app)? }).await?)
}

/// That what waits in a queue was looked at, and how much there was. An empty one tells of nobody.
pub(crate) async fn see_queue(
    app: &App,
    by: RawId,
    what: Permission,
    (queue, count): (&'static str, usize),
) -> Result<(), Problem> {
    if count == 0 {
        return Ok(());
    }
    see(app, by, what, Act::by(by, AuditAction::QueueSeen, ("queue", queue)).with("count", count)).await
}

struct Permitted {
    by: RawId,
    what: Permission,
}
impl Work for Permitted {
    const NAME: &'static str = "permit_staff";
    type Out = StaffMember;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<StaffMember, Stop<Problem>> {
        permit(tx, self.by, self.what).await
    }
}

struct See {
    by: RawId,
    what: Permission,
    acts: Vec<Act>,
    stamp: Stamp,
}
impl Work for See {
    const NAME: &'static str = "staff_sees";
    // Run again after a lost answer it is written down twice, which tells nothing wrong.
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, self.what).await?;
        self.stamp.append_all(tx, self.acts.clone()).await
    }
}

/// The oldest orders that are paid and not in effect.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn paid_not_in_effect(app: &App, by: RawId) -> Result<Vec<OrderView>, Problem> {
    let orders = app.store.read(Queue { by }).await?;
    see_queue(app, by, Permission::SeeCustomer, ("paid_not_in_effect", orders.len())).await?;
    let mut views = Vec::new();
    for (customer, order) in orders {
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

fn parse_role(role: &str) -> Result<Role, Problem> {
    let rule = "agent, senior_agent, finance, catalog, operator or auditor";
    Role::from_word(role).ok_or(Problem::Invalid { field: "role", rule })
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

/// The keyed hash under which a link is kept.
pub(crate) fn link_hash(app: &App, token: &str) -> Vec<u8> {
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
        active(tx, self.id).await
    }
}

struct ListStaff;
impl Work for ListStaff {
    const NAME: &'static str = "list_staff";
    type Out = Vec<StaffRow>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::list(tx).await?)
    }
}

/// Whoever has the machine may manage members; a member if their role allows it.
async fn may_manage(tx: &mut Tx, by: Actor) -> Result<(), Stop<Problem>> {
    match by {
        Actor::Staff(id) => permit(tx, id, Permission::ManageStaff).await.map(|_| ()),
        Actor::CommandLine | Actor::System => Ok(()),
    }
}

struct AddStaff {
    by: Actor,
    id: RawId,
    name: String,
    role: Role,
    login: String,
    link: Link,
    stamp: Stamp,
}
impl Work for AddStaff {
    const NAME: &'static str = "add_staff";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        may_manage(tx, self.by).await?;
        match table::by_login(tx, &self.login).await? {
            Some(known) if known.id == self.id => return Ok(()), // run again after a lost answer
            Some(_) => return Err(Stop::Refused(Problem::Invalid { field: "login", rule: "taken" })),
            None => {}
        }
        table::add_with_login(tx, (self.id, &self.name, self.role.word(), &self.login), &self.link.0, self.link.1);
        let act = Act::new(self.by, AuditAction::StaffAdded, ("staff", self.id)).with("role", self.role.word());
        self.stamp.append(tx, act).await
    }
}

/// What changes of a member.
enum Changed {
    Link(Link),
    Disabled,
    NoSecondFactor,
    Role(Role),
}

struct ChangeStaff {
    by: Actor,
    login: String,
    /// How the member was seen, and why they are changed.
    grounds: Option<(String, String)>,
    to: Changed,
    stamp: Stamp,
}
impl Work for ChangeStaff {
    const NAME: &'static str = "change_staff";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        may_manage(tx, self.by).await?;
        let found = table::by_login(tx, &self.login).await?;
        let row = found.ok_or(Stop::Refused(Problem::NotFound("staff member")))?;
        if self.by == Actor::Staff(row.id) {
            return Err(Stop::Refused(Problem::Invalid { field: "login", rule: "not-yourself" }));
        }
        let (was, reason) = self.grounds.as_ref().map_or((None, ""), |(was, reason)| (Some(was), reason));
        if was.is_some_and(|was| *was != seen(&row.role, Standing::of(&row))) {
            return Err(Stop::Refused(Problem::Stale));
        }
        let act = |action| Act::new(self.by, action, ("staff", row.id)).because(reason);
        let act = match &self.to {
            Changed::Link((hash, expires_at)) => {
                table::set_link(tx, row.id, hash, *expires_at);
                act(AuditAction::StaffInvited)
            }
            Changed::Disabled => {
                table::disable(tx, row.id);
                act(AuditAction::StaffDisabled)
            }
            Changed::NoSecondFactor => {
                table::remove_factors(tx, row.id);
                act(AuditAction::SecondFactorReset)
            }
            Changed::Role(role) => {
                table::set_role(tx, row.id, role.word());
                act(AuditAction::StaffRoleChanged).with("from", row.role.as_str()).with("to", role.word())
            }
        };
        login::remove_sessions(tx, STAFF, row.id);
        self.stamp.append(tx, act).await
    }
}

struct Queue {
    by: RawId,
}
impl Work for Queue {
    const NAME: &'static str = "paid_not_in_effect";
    type Out = Vec<(CustomerId, OrderId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::SeeCustomer).await?;
        Ok(support::paid_not_in_effect(tx, 50).await?)
    }
}
