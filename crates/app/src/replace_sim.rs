//! A lost or broken card is replaced by one that its owner has at hand: the line goes on with the new card, and the former one
//! serves nobody any more. For a day after that a code to the line's number changes nothing ([`crate::sim_replaced`]).

use crate::claim_line::proved_card;
use crate::lifecycle_command::Seen;
use crate::on_behalf::{Asker, ForCaller, proved};
use crate::save::{carry_out, lock};
use crate::sessions::{MayChange, SessionInfo};
use crate::sim_replaced::note_replaced;
use crate::{App, Problem, timers};
use everline_core::account::Change;
use everline_core::audit::AuditAction;
use everline_core::brand::Brand;
use everline_core::identifiers::Iccid;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::lifecycle::{self, LifecycleCommand, NoHandOver};
use everline_core::line::{Line, LineState, NetworkKind, SuspendCause};
use everline_core::time::{Now, Zone};
use everline_store::tables::{directory, job, sim, timer};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Puts a card of the stock, which its holder proves to have by PUK or registration code, in the place of a line's card. The
/// line must be reported lost before: the network knows then that the former card is served no more.
///
/// # Errors
/// [`Problem::ProveFirst`], [`Problem::HeldBack`]; [`Problem::Invalid`]: `iccid`, `secret`, `line` that is not lost or that
/// another network serves; [`Problem::TooMany`]; [`Problem::NotClaimed`] if card and secret do not belong together, or the
/// card is in use, bears another number, or was lost itself.
pub async fn replace(
    app: &App,
    session: &SessionInfo,
    line: LineId,
    iccid: &str,
    secret: &str,
) -> Result<Line, Problem> {
    crate::sessions::may_change(app, session, Change::Access).await?;
    let card = proved_card(app, session.customer()?, iccid, secret).await?;
    let may = MayChange::new(session, Change::Access, app.clock.now())?;
    carry(app, Asker::Owner(may), line, card).await
}

/// [`replace`], by a member of the staff for a caller who has the new card at hand and reads what is on it. Their owner is told,
/// and a code to the line's number changes nothing for a day, as after every replacement.
///
/// # Errors
/// As [`replace`]; [`Problem::NotAllowed`]; [`Problem::ProveFirst`] unless the caller proved to this member to be the customer;
/// [`Problem::SecondFactor`] where the owner asks for more than a code; [`Problem::Invalid`]: `reason`; [`Problem::Stale`]
pub async fn replace_for_caller(
    app: &App,
    by: RawId,
    (customer, line): (CustomerId, LineId),
    (iccid, secret): (&str, &str),
    said: (Seen, &str),
) -> Result<Line, Problem> {
    app.store.read(MayFor { by, customer, now: app.clock.now() }).await?;
    let caller = ForCaller::new(app, (by, customer), Change::Access, said)?;
    let card = proved_card(app, customer, iccid, secret).await?;
    carry(app, Asker::Staff(Box::new(caller)), line, card).await
}

/// Whether a caller is proved for it, before a card is tried.
struct MayFor {
    by: RawId,
    customer: CustomerId,
    now: Now,
}
impl Work for MayFor {
    const NAME: &'static str = "may_replace_for_caller";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        proved(tx, self.by, self.customer, Change::Access, self.now).await.map(|_| ())
    }
}

async fn carry(app: &App, may: Asker, line: LineId, card: Iccid) -> Result<Line, Problem> {
    let (now, event, may) = (app.clock.now(), app.clock.id(), Arc::new(may));
    let work = || {
        let (brand, zone, may, card) = (app.brand.clone(), app.zone.clone(), may.clone(), card.clone());
        Replace { may, line, card, event, brand, zone, now }
    };
    let line = timers::in_due_order(app, now, work).await?;
    app.wake.notify_one();
    Ok(line)
}

/// What is said of a card that cannot be used, whatever is wrong with it.
const fn refused() -> Stop<Problem> {
    Stop::Refused(Problem::NotClaimed(everline_core::ownership::NotClaimed::NoSuch))
}

struct Replace {
    may: Arc<Asker>,
    line: LineId,
    card: Iccid,
    event: RawId,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for Replace {
    const NAME: &'static str = "replace_sim";
    type Out = Line;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Line, Stop<Problem>> {
        let customer = self.may.customer();
        self.may.check(tx).await?;
        let mut is = lock(tx, customer, self.line).await?;
        let lost = is.line.state == LineState::Suspended(SuspendCause::Lost);
        if sim::primary_of(tx, self.line).await? == Some(self.card.clone()) {
            // Run again after a lost answer, or sent twice; or it is the lost one, which replaces nothing.
            return if lost { Err(refused()) } else { Ok(is.line) };
        }
        self.may.fresh(&is.line)?;
        let wrong = |rule| Err(Stop::Refused(Problem::Invalid { field: "line", rule }));
        if !lost {
            return wrong("report-it-first");
        }
        if is.line.network == NetworkKind::Upstream {
            return wrong("other-network");
        }
        let line = self.line;
        if let Some(due_at) = timer::get(tx, line.0).await?.filter(|due_at| *due_at <= self.now.business) {
            return Err(Stop::Refused(Problem::DueFirst { customer, line, due_at }));
        }
        self.end_sessions(tx, &mut is).await?;
        self.swap(tx, &is.line).await?;
        let asked = LifecycleCommand::LiftLost;
        let lifted = lifecycle::command(&is, asked, &self.brand, &self.zone, self.now.business);
        let effects = lifted.map_err(|refusal| Stop::Refused(refusal.into()))?;
        let effects = effects.map_err(|refusal| Stop::Refused(Problem::NotCommanded(refusal)))?;
        carry_out(tx, (customer, line), &effects, &self.zone, self.now).await?;
        note_replaced(tx, (customer, line), self.event, self.now)?;
        self.may.note(tx, AuditAction::SimReplaced, line).await?;
        Ok(effects.line.unwrap_or(is.line))
    }
}
impl Replace {
    /// What the former card had open ends: restored, it would serve whoever has that card.
    async fn end_sessions(&self, tx: &mut Tx, is: &mut lifecycle::Situation) -> Result<(), Stop<Problem>> {
        for session in std::mem::take(&mut is.allowance.sessions) {
            if !job::of_session(tx, session.id).await?.is_empty() {
                // The network is still being told to serve it no more.
                return Err(Stop::Refused(Problem::NotHandedOver(NoHandOver::Underway)));
            }
            let name = session.id.to_string();
            directory::remove_of(tx, directory::Name::Session, &name, self.may.customer(), self.line.0);
        }
        Ok(())
    }
    async fn swap(&self, tx: &mut Tx, line: &Line) -> Result<(), Stop<Problem>> {
        use directory::Name::{Iccid as Card, Imsi};
        let new = sim::find(tx, &self.card).await?.ok_or_else(refused)?;
        let fits = new.free() && new.msisdn.as_deref().is_none_or(|number| number == line.msisdn.as_str());
        if !fits {
            return Err(refused());
        }
        let owner = (line.customer, line.id);
        if let Some(former) = sim::primary_of(tx, line.id).await? {
            for (iccid, imsi) in sim::numbers_of(tx, line.id).await? {
                if iccid == former.as_str() {
                    directory::remove_of(tx, Card, &iccid, owner.0, owner.1.0);
                    directory::remove_of(tx, Imsi, &imsi, owner.0, owner.1.0);
                }
            }
            sim::retire(tx, &former, line.id).await?;
        }
        if !sim::take(tx, &self.card, &line.msisdn, owner).await? {
            return Err(refused());
        }
        directory::add(tx, Card, self.card.as_str(), owner.0, owner.1.0);
        directory::add(tx, Imsi, &new.imsi, owner.0, owner.1.0);
        Ok(())
    }
}
