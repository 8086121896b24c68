//! The owner's mailbox and the browsers that get the owner's notices: given, proved, changed and removed by the owner.
//!
//! They tell the owner where the number does not, so they are kept as it is: only somebody who was proved just now changes
//! them, every known address is told, the one that was replaced too, and the session gets a new token. A mailbox is proved by
//! a code that goes there, a browser by its push service, which must be one that may be called.

use crate::account_news::happened;
use crate::ports::Browsers;
use crate::sessions::{Fresh, MayChange, SessionInfo, SignedIn, may_change};
use crate::sign_in::{CodeFor, TypedCode, check_tries, request_code_to};
use crate::{App, Problem, account, contact_point};
use everline_core::account::{AccountNews, Change};
use everline_core::ids::RawId;
use everline_core::message::{Address, Channel, ContactPoint, EmailAddress, PushSubscription};
use everline_core::time::Now;
use everline_store::tables::message;
use everline_store::{LostCommit, Stop, Tx, Work};

/// Most browsers of one customer.
pub const BROWSERS_MAX: usize = 10;

/// The mailboxes of whoever is signed in, oldest first: one, unless staff added more.
///
/// # Errors
/// [`Problem::NotFound`] where nobody sends mail.
pub async fn mailboxes(app: &App, session: &SessionInfo) -> Result<Vec<ContactPoint>, Problem> {
    app.ports.messengers.of(Channel::Email).ok_or(Problem::NotFound("mail"))?;
    of_way(app, session, Channel::Email).await
}

/// The browsers that get notices of whoever is signed in, oldest first.
///
/// # Errors
/// [`Problem::NotFound`] where nobody sends notices to browsers.
pub async fn browsers(app: &App, session: &SessionInfo) -> Result<Vec<ContactPoint>, Problem> {
    site(app)?;
    of_way(app, session, Channel::Push).await
}

/// What a browser subscribes with, in base64url.
///
/// # Errors
/// [`Problem::NotFound`] where nobody sends notices to browsers.
pub fn browser_key(app: &App) -> Result<String, Problem> {
    Ok(site(app)?.key())
}

/// Sends a code to a mailbox that is to be the owner's; the id names the request in [`set_mailbox`].
///
/// # Errors
/// [`Problem::Invalid`] if it is no mailbox, or theirs already; [`Problem::TooMany`]; [`Problem::ProviderSilent`];
/// [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn ask_mailbox(app: &App, session: &SessionInfo, typed: &str) -> Result<RawId, Problem> {
    may_change(app, session, Change::Contact).await?;
    let mailbox = EmailAddress::parse(typed).map(Address::Email);
    let mailbox = mailbox.map_err(|_| Problem::Invalid { field: "email", rule: "no-mailbox" })?;
    let known = mailboxes(app, session).await?;
    if matches!(known.as_slice(), [only] if only.address == mailbox) {
        return Err(Problem::Invalid { field: "email", rule: "already-so" });
    }
    let owner = account::account(app, session).await?.customer;
    // Whoever owns the mailbox may know nothing of it.
    check_tries(app, "mailbox", &owner.id.to_string()).await?;
    request_code_to(app, &mailbox, CodeFor::Mailbox, &owner.language).await
}

/// Makes the mailbox that a code went to the owner's; it takes the place of any other.
///
/// # Errors
/// As the code's; [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn set_mailbox(app: &App, session: &SessionInfo, request: RawId, code: &str) -> Result<SignedIn, Problem> {
    change(app, session, Change::Contact, What::Mailbox(TypedCode::new(app, request, code)?)).await
}

/// Removes the owner's mailbox.
///
/// # Errors
/// [`Problem::NotFound`] without one; [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn remove_mailbox(app: &App, session: &SessionInfo) -> Result<SignedIn, Problem> {
    change(app, session, Change::Contact, What::NoMailbox).await
}

/// Lets a browser get the owner's notices; one that does already has its keys renewed.
///
/// # Errors
/// [`Problem::Invalid`] if it is none, its push service is none that may be called, or there are too many;
/// [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn add_browser(app: &App, session: &SessionInfo, browser: PushSubscription) -> Result<SignedIn, Problem> {
    if !site(app)?.takes(&browser) {
        return Err(Problem::Invalid { field: "browser", rule: "unknown-service" });
    }
    change(app, session, Change::Access, What::Browser(browser)).await
}

/// Sends no more notices to one of the owner's browsers.
///
/// # Errors
/// [`Problem::NotFound`] if there is none of this id; [`Problem::ProveFirst`], [`Problem::HeldBack`]
pub async fn remove_browser(app: &App, session: &SessionInfo, id: RawId) -> Result<SignedIn, Problem> {
    change(app, session, Change::Access, What::NoBrowser(id)).await
}

fn site(app: &App) -> Result<&dyn Browsers, Problem> {
    let push = app.ports.messengers.of(Channel::Push).and_then(|messenger| messenger.browsers());
    push.ok_or(Problem::NotFound("notices in browsers"))
}

async fn of_way(app: &App, session: &SessionInfo, way: Channel) -> Result<Vec<ContactPoint>, Problem> {
    let mut all = contact_point::list(app, session.customer()?).await?;
    all.retain(|contact| contact.address.channel() == way);
    Ok(all)
}

async fn change(app: &App, session: &SessionInfo, change: Change, what: What) -> Result<SignedIn, Problem> {
    let now = app.clock.now();
    let (fresh, event) = (Fresh::new(app)?, app.clock.id());
    let signed_in = fresh.signed_in(session.principal);
    let may = MayChange::new(session, change, now)?;
    let device = session.device().to_owned();
    app.store.transact(ChangeAddress { may, what, fresh, event, device, now }).await??;
    app.wake.notify_one();
    Ok(signed_in)
}

enum What {
    Mailbox(TypedCode),
    NoMailbox,
    Browser(PushSubscription),
    NoBrowser(RawId),
}

struct ChangeAddress {
    may: MayChange,
    what: What,
    fresh: Fresh,
    event: RawId,
    device: String,
    now: Now,
}
impl Work for ChangeAddress {
    const NAME: &'static str = "change_own_address";
    // A second run would find the code used, and the session replaced.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    // A wrong code is counted, so it commits.
    type Out = Result<(), Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let owner = self.may.check(tx).await?;
        let known = message::contacts(tx, self.may.customer).await?;
        let changed = match &self.what {
            What::Mailbox(code) => match code.used_for(tx, CodeFor::Mailbox, self.now.system).await? {
                Ok(mailbox) => self.mailbox(tx, &known, Some(mailbox))?,
                Err(problem) => return Ok(Err(problem)),
            },
            What::NoMailbox => self.mailbox(tx, &known, None)?,
            What::Browser(browser) => self.browser(tx, &known, browser)?,
            What::NoBrowser(id) => {
                let found = known.iter().find(|contact| contact.id == *id && contact.address.browser().is_some());
                let found = found.ok_or(Stop::Refused(Problem::NotFound("browser")))?;
                message::remove_contact(tx, self.may.customer, &found.address);
                vec![(AccountNews::BrowserRemoved, None)]
            }
        };
        self.fresh.replace(tx, &owner.session);
        for ((news, former), n) in changed.into_iter().zip(0_u8..) {
            // Apart from the branches of addresses, which messages take.
            let id = if n == 0 { self.event } else { self.event.branch(0x80 | n) };
            happened(tx, self.may.customer, (id, news), (&self.device, former), self.now)?;
        }
        Ok(Ok(()))
    }
}

/// What happened, each with the address that is no more.
type Changed = Vec<(AccountNews, Option<Address>)>;

impl ChangeAddress {
    fn add(&self, tx: &mut Tx, address: Address) {
        let (id, customer, device) = (self.event, self.may.customer, self.device.clone());
        message::add_contact(tx, &ContactPoint { id, customer, address, device, added_at: self.now.system });
    }

    /// One mailbox in the place of all, or none.
    fn mailbox(&self, tx: &mut Tx, known: &[ContactPoint], new: Option<Address>) -> Result<Changed, Stop<Problem>> {
        let mailboxes = known.iter().map(|contact| &contact.address).filter(|address| address.mailbox().is_some());
        // The newest first: it is the one that the owner reads.
        let gone: Vec<Address> = mailboxes.filter(|address| Some(*address) != new.as_ref()).rev().cloned().collect();
        gone.iter().for_each(|address| message::remove_contact(tx, self.may.customer, address));
        let removed = |address: Address| (AccountNews::MailboxRemoved, Some(address));
        let Some(new) = new else {
            return match gone.is_empty() {
                true => Err(Stop::Refused(Problem::NotFound("mailbox"))),
                false => Ok(gone.into_iter().map(removed).collect()),
            };
        };
        self.add(tx, new);
        let mut gone = gone.into_iter();
        let set = (AccountNews::MailboxSet, gone.next());
        Ok([set].into_iter().chain(gone.map(removed)).collect())
    }

    /// One more browser, or new keys of one.
    fn browser(&self, tx: &mut Tx, known: &[ContactPoint], new: &PushSubscription) -> Result<Changed, Stop<Problem>> {
        let browsers: Vec<&PushSubscription> = known.iter().filter_map(|contact| contact.address.browser()).collect();
        let same = browsers.iter().find(|browser| browser.endpoint() == new.endpoint());
        if same.is_none() && browsers.len() >= BROWSERS_MAX {
            return Err(Stop::Refused(Problem::Invalid { field: "browser", rule: "too-many" }));
        }
        if let Some(same) = same {
            message::remove_contact(tx, self.may.customer, &Address::Push((*same).clone()));
        }
        self.add(tx, Address::Push(new.clone()));
        Ok(if same.is_some() { Vec::new() } else { vec![(AccountNews::BrowserAdded, None)] })
    }
}
