//! Change of ownership (过户): an owner offers a line to somebody at a number; whoever signs in with that number takes it. The
//! line goes on there under a new record; its history, receipts and renewal by itself stay with the former owner.

use crate::account_message;
use crate::account_news::happened;
use crate::audit::{Act, Stamp};
use crate::hand_over::{Leaves, arrive};
use crate::identity::may_have_another_line;
use crate::jobs::Done;
use crate::lifecycle_command::Seen;
use crate::on_behalf::{Asker, ForCaller};
use crate::ports::OutgoingMessage;
use crate::secrets::Secrets;
use crate::sessions::{MayChange, SessionInfo};
use crate::staff::{permit, permitted};
use crate::{App, Problem, pair_link, save, timers};
use everline_core::account::{AccountNews, Change};
use everline_core::audit::AuditAction;
use everline_core::brand::Brand;
use everline_core::customer::{Customer, CustomerKind};
use everline_core::effects::Job;
use everline_core::identifiers::Msisdn;
use everline_core::ids::{CustomerId, JobId, LineId, MessageId, RawId};
use everline_core::lifecycle::{Along, NoHandOver, give};
use everline_core::line::Line;
use everline_core::message::Address;
use everline_core::number_plan::NumberOf;
use everline_core::ownership::{OFFER_US, OfferStep, Offered, offer as step_of};
use everline_core::staff::Permission;
use everline_core::time::{BusinessTime, Now, SystemTime, Zone};
use everline_store::tables::hand_over::{self, Offer};
use everline_store::tables::{customer, identity, job, line, order};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// The template that tells of an offer.
pub const LINE_OFFERED: &str = "line_offered";
/// What keeps links to offers apart from others.
const OFFERS: &str = "line offer";

/// An offer, for whom it was made to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferView {
    /// The offer.
    pub offer: Offer,
    /// The line.
    pub line: Line,
    /// Whether it was made to whoever looks.
    pub mine: bool,
    /// Whether it can still be taken.
    pub open: bool,
}

/// A line's open offer; and, where it can be made, nothing.
pub async fn open_offer(app: &App, customer: CustomerId, line: LineId) -> Result<Option<Offer>, Problem> {
    Ok(app.store.read(OpenOffer { customer, line }).await?)
}

/// Offers a line to whoever signs in with a number. An earlier offer of the line is withdrawn.
///
/// # Errors
/// [`Problem::Invalid`]: `contact` that is no number of a person's, or the owner's own; `line` whose number the owner signs in
/// with. [`Problem::ProveFirst`], [`Problem::HeldBack`]; [`Problem::NotHandedOver`]
pub async fn offer(app: &App, session: &SessionInfo, line: LineId, contact: &str) -> Result<(), Problem> {
    let contact = app.brand.number(contact, NumberOf::Person);
    let contact = contact.map_err(|_| Problem::Invalid { field: "contact", rule: "not-a-number" })?;
    let may = MayChange::new(session, Change::Contact, app.clock.now())?;
    make(app, Asker::Owner(may), (app.clock.id(), line), contact).await
}

/// [`offer`], by a member of the staff for a caller who proved to be the owner. The owner is told; whoever has the number takes it
/// or not, as always. The id was chosen before the page was shown, so that sending it twice offers once.
///
/// # Errors
/// As [`offer`]; [`Problem::NotAllowed`]; [`Problem::ProveFirst`], [`Problem::SecondFactor`], [`Problem::HeldBack`];
/// [`Problem::Invalid`]: `reason`; [`Problem::Stale`]
pub async fn offer_for_caller(
    app: &App,
    by: RawId,
    (customer, line): (CustomerId, LineId),
    (id, contact): (RawId, &str),
    said: (Seen, &str),
) -> Result<(), Problem> {
    permitted(app, by, Permission::ActOnLine).await?;
    let contact = app.brand.number(contact, NumberOf::Person);
    let contact = contact.map_err(|_| Problem::Invalid { field: "contact", rule: "not-a-number" })?;
    let caller = ForCaller::new(app, (by, customer), Change::Contact, said)?;
    make(app, Asker::Staff(Box::new(caller)), (id, line), contact).await
}

async fn make(app: &App, may: Asker, (id, line): (RawId, LineId), contact: Msisdn) -> Result<(), Problem> {
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
    app.store.transact(MakeOffer { may, line, contact, id, brand, zone, now }).await?;
    app.wake.notify_one();
    Ok(())
}

/// Takes back the open offer of a line, if there is one.
pub async fn withdraw(app: &App, session: &SessionInfo, line: LineId) -> Result<(), Problem> {
    let (customer, now) = (session.customer()?, app.clock.now().system);
    Ok(app.store.transact(Withdraw { customer, line, offer: None, staff: None, now }).await?)
}

/// Takes back the offer of a line that a page showed, for whoever calls: nothing is lost by that, and so nobody proves anything.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::OfferOver`] if it was taken, refused or withdrawn, or another one was made since.
pub async fn withdraw_by_staff(
    app: &App,
    by: RawId,
    (customer, line): (CustomerId, LineId),
    offer: RawId,
) -> Result<(), Problem> {
    let (staff, now) = (Some((by, Stamp::new(app)?)), app.clock.now().system);
    Ok(app.store.transact(Withdraw { customer, line, offer: Some(offer), staff, now }).await?)
}

/// The offer of a link.
///
/// # Errors
/// [`Problem::NotFound`] if the link is not ours, or the line is gone.
pub async fn offered(app: &App, session: &SessionInfo, token: &str) -> Result<OfferView, Problem> {
    let (giver, id) = named(app, token)?;
    let who = app.store.read(Who { customer: session.customer()? }).await?;
    let looks = LookAtOffer { giver, id, who, now: app.clock.now().system };
    app.store.read(looks).await?.ok_or(Problem::NotFound("offer"))
}

/// Takes the line of an offer: its new record. Taken twice it is the same record.
///
/// # Errors
/// [`Problem::NotFound`] unless it was made to the number of whoever is signed in; [`Problem::OfferOver`];
/// [`Problem::NotHandedOver`]; [`Problem::Invalid`] if the giver signs in with the line's number by now.
pub async fn accept(app: &App, session: &SessionInfo, token: &str) -> Result<LineId, Problem> {
    let (giver, id) = named(app, token)?;
    let (taker, now) = (session.customer()?, app.clock.now());
    let who = Arc::new(app.store.read(Who { customer: taker }).await?);
    // The record that an offer makes follows from the offer.
    let (new, event) = (LineId(id.derive(0x72, 0)), app.clock.id());
    let view = offered(app, session, token).await?;
    if view.mine && view.open && view.offer.state == Offered::Offered {
        may_have_another_line(app, taker).await?;
    }
    let work = || {
        let (brand, zone) = (app.brand.clone(), app.zone.clone());
        let from = (giver, view.line.id);
        Accept {
            id,
            who: who.clone(),
            leaves: Leaves { from, along: Along::Number, taker, new, brand, zone, now },
            event,
        }
    };
    timers::in_due_order(app, now, work).await?;
    // Should this not come about now, a job sees to it.
    if let Err(problem) = arrive(app, taker, new).await {
        tracing::warn!(%problem, "a line that was taken over arrives later");
    }
    Ok(new)
}

/// Refuses an offer.
///
/// # Errors
/// As [`accept`].
pub async fn decline(app: &App, session: &SessionInfo, token: &str) -> Result<(), Problem> {
    let (giver, id) = named(app, token)?;
    let who = app.store.read(Who { customer: session.customer()? }).await?;
    Ok(app.store.transact(Decline { giver, id, who, now: app.clock.now().system }).await?)
}

fn named(app: &App, token: &str) -> Result<(CustomerId, RawId), Problem> {
    pair_link::read(&app.secrets, OFFERS, token).ok_or(Problem::NotFound("offer"))
}

/// Tells whom an offer was made to.
pub(crate) async fn tell(app: &App, offer: (CustomerId, RawId), id: JobId, run: i64) -> Result<Done, Problem> {
    let (brand, zone, secrets) = (app.brand.clone(), app.zone.clone(), app.secrets.clone());
    let compose = Compose { offer, id, brand, zone, secrets };
    let Some(message) = app.store.read(compose).await? else { return Ok(Done::Finished) };
    let again = run < account_message::RUNS_MAX;
    let outcomes = account_message::hand_over(app, offer.0, &[message], again).await?;
    Ok(outcomes.first().map_or(Done::Finished, |outcome| outcome.done(app, run)))
}

/// Who signs in with a line's number would be locked out without it.
async fn keeps_login(tx: &mut Tx, customer: CustomerId, line: &Line) -> Result<(), Stop<Problem>> {
    let contact = customer::get(tx, customer).await?.contact;
    if contact.is_some_and(|contact| contact == line.msisdn) {
        return Err(Stop::Refused(Problem::Invalid { field: "line", rule: "is-login" }));
    }
    Ok(())
}

/// While it is being corrected who somebody is, none of their lines goes to another: the correction is decided first.
async fn is_known(tx: &mut Tx, owner: CustomerId) -> Result<(), Stop<Problem>> {
    match identity::open_correction(tx, owner).await? {
        Some(_) => Err(Stop::Refused(Problem::NotHandedOver(NoHandOver::CorrectionOpen))),
        None => Ok(()),
    }
}

struct OpenOffer {
    customer: CustomerId,
    line: LineId,
}
impl Work for OpenOffer {
    const NAME: &'static str = "open_line_offer";
    type Out = Option<Offer>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(hand_over::offer_of(tx, self.customer, self.line).await?)
    }
}

struct MakeOffer {
    may: Asker,
    line: LineId,
    contact: Msisdn,
    id: RawId,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for MakeOffer {
    const NAME: &'static str = "offer_line";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let owner = self.may.check(tx).await?;
        let customer = self.may.customer();
        let is = save::lock(tx, customer, self.line).await?;
        if let Some(made) = hand_over::offer(tx, customer, self.id).await? {
            // Run again after a lost answer, or sent twice.
            let same = made.line == self.line && made.contact == self.contact;
            return if same { Ok(()) } else { Err(Stop::Refused(Problem::ExistsDifferently("offer"))) };
        }
        self.may.fresh(&is.line)?;
        if owner.contact.as_ref() == Some(&self.contact) {
            return Err(Stop::Refused(Problem::Invalid { field: "contact", rule: "your-own" }));
        }
        keeps_login(tx, customer, &is.line).await?;
        is_known(tx, customer).await?;
        // Whether it could go now: what stands against it is better told here than to whoever wants to take it.
        let underway = order::underway(tx, customer, self.line).await?;
        let to = (customer, LineId(self.id.derive(0x72, 0)));
        let given = give(&is, Along::Number, to, underway, (&self.brand, &self.zone), self.now.business);
        let given = given.map_err(|refusal| Stop::Refused(refusal.into()))?;
        given.map_err(|why| Stop::Refused(Problem::NotHandedOver(why)))?;
        if let Some(before) = hand_over::offer_of(tx, customer, self.line).await? {
            hand_over::settle_offer(tx, &before, Offered::Withdrawn, self.now.system);
        }
        let asked_at = self.now.system;
        let (id, line, contact, state) = (self.id, self.line, self.contact.clone(), Offered::Offered);
        let due_at = asked_at.plus_us(OFFER_US);
        hand_over::add_offer(tx, &Offer { customer, id, line, contact, state, asked_at, due_at });
        job::add(tx, customer, &Job::TellOffer { customer, offer: id }, asked_at, asked_at)?;
        if self.may.staff() {
            happened(tx, customer, (id.derive(0x75, 0), AccountNews::LineOfferMade), ("", None), self.now)?;
        }
        self.may.note(tx, AuditAction::LineOffered, line).await
    }
}

struct Withdraw {
    customer: CustomerId,
    line: LineId,
    /// The one that is meant; else whichever is open.
    offer: Option<RawId>,
    /// The member of the staff who does it.
    staff: Option<(RawId, Stamp)>,
    now: SystemTime,
}
impl Work for Withdraw {
    const NAME: &'static str = "withdraw_line_offer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.customer).await?;
        if let Some((by, _)) = self.staff {
            permit(tx, by, Permission::ActOnLine).await?;
        }
        let open = hand_over::offer_of(tx, self.customer, self.line).await?;
        if self.offer.is_some() && open.as_ref().map(|open| open.id) != self.offer {
            return Err(Stop::Refused(Problem::OfferOver));
        }
        if let Some(offer) = open {
            let state = step_of(offer.state, offer.due_at, OfferStep::Withdraw, self.now);
            hand_over::settle_offer(tx, &offer, state.map_err(|_| Stop::Refused(Problem::OfferOver))?, self.now);
        }
        let Some((by, stamp)) = &self.staff else { return Ok(()) };
        stamp.append(tx, Act::by(*by, AuditAction::OfferWithdrawn, ("line", self.line)).of(self.customer)).await
    }
}

/// Who is signed in: another customer than whose offer it is, and so read by itself.
struct Who {
    customer: CustomerId,
}
impl Work for Who {
    const NAME: &'static str = "who_is_offered_a_line";
    type Out = Customer;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Customer, Stop<Problem>> {
        Ok(customer::get(tx, self.customer).await?)
    }
}

/// The offer, if it was made to the number of a customer who is a person or an organisation.
async fn made_to(tx: &mut Tx, (giver, id): (CustomerId, RawId), who: &Customer) -> Result<Offer, Stop<Problem>> {
    let none = || Stop::Refused(Problem::NotFound("offer"));
    let offer = hand_over::offer(tx, giver, id).await?.ok_or_else(none)?;
    let theirs = who.id != giver && who.contact.as_ref() == Some(&offer.contact);
    let owns = matches!(who.kind, CustomerKind::Person | CustomerKind::Organisation);
    if theirs && owns { Ok(offer) } else { Err(none()) }
}

struct LookAtOffer {
    giver: CustomerId,
    id: RawId,
    who: Customer,
    now: SystemTime,
}
impl Work for LookAtOffer {
    const NAME: &'static str = "look_at_line_offer";
    type Out = Option<OfferView>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let Some(offer) = hand_over::offer(tx, self.giver, self.id).await? else { return Ok(None) };
        let Some(line) = line::get(tx, self.giver, offer.line).await? else { return Ok(None) };
        let mine = match made_to(tx, (self.giver, self.id), &self.who).await {
            Ok(_) => true,
            Err(Stop::Refused(_)) => false,
            Err(stop) => return Err(stop),
        };
        let open = step_of(offer.state, offer.due_at, OfferStep::Take, self.now).is_ok();
        Ok(Some(OfferView { offer, line, mine, open }))
    }
}

struct Accept {
    id: RawId,
    who: Arc<Customer>,
    leaves: Leaves,
    event: RawId,
}
impl Work for Accept {
    const NAME: &'static str = "accept_line_offer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (giver, line) = self.leaves.from;
        let is = save::lock(tx, giver, line).await?;
        let offer = made_to(tx, (giver, self.id), &self.who).await?;
        let now = self.leaves.now;
        step_of(offer.state, offer.due_at, OfferStep::Take, now.system)
            .map_err(|_| Stop::Refused(Problem::OfferOver))?;
        if offer.state == Offered::Taken || offer.line != line {
            return Ok(()); // taken before
        }
        keeps_login(tx, giver, &is.line).await?;
        is_known(tx, giver).await?;
        self.leaves.leave(tx, &is).await?;
        happened(tx, giver, (self.event, AccountNews::LineGiven), ("", None), now)
    }
}

struct Decline {
    giver: CustomerId,
    id: RawId,
    who: Customer,
    now: SystemTime,
}
impl Work for Decline {
    const NAME: &'static str = "decline_line_offer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        customer::lock_account(tx, self.giver).await?;
        let offer = made_to(tx, (self.giver, self.id), &self.who).await?;
        let state = step_of(offer.state, offer.due_at, OfferStep::Decline, self.now);
        hand_over::settle_offer(tx, &offer, state.map_err(|_| Stop::Refused(Problem::OfferOver))?, self.now);
        Ok(())
    }
}

struct Compose {
    offer: (CustomerId, RawId),
    id: JobId,
    brand: Arc<Brand>,
    zone: Zone,
    secrets: Arc<Secrets>,
}
impl Work for Compose {
    const NAME: &'static str = "compose_line_offer";
    type Out = Option<OutgoingMessage>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let (customer, id) = self.offer;
        let open = hand_over::offer(tx, customer, id).await?.filter(|offer| offer.state == Offered::Offered);
        let Some(offer) = open else { return Ok(None) };
        let Some(line) = line::get(tx, customer, offer.line).await? else { return Ok(None) };
        // Whose language it is nobody knows; the giver's is the likeliest.
        let language = customer::get(tx, customer).await?.language;
        let due = BusinessTime::from_us(offer.due_at.us());
        let parameters = vec![
            ("brand", self.brand.name.get(&language).to_owned()),
            ("line", line.msisdn.masked()),
            ("path", format!("/take-over/{}", pair_link::token(&self.secrets, OFFERS, customer, id))),
            ("until", self.zone.date(due).to_string()),
        ];
        Ok(Some(OutgoingMessage {
            id: MessageId(self.id.0),
            to: Address::Sms(offer.contact),
            template: LINE_OFFERED,
            parameters,
            language,
            repeated: false,
            reported: true,
        }))
    }
}
