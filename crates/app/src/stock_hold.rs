//! Setting a batch of Sims, or one Sim, aside: what of it is in stock is given to nobody, and what comes back to the stock is not
//! either, until people give it back.
//!
//! From the moment at which a batch is set aside nothing of it is given out; its Sims leave the stock in steps, so that a large
//! batch holds nobody up, and looking for a profile does not meet it.

use crate::audit::{Act, Stamp};
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::identifiers::Iccid;
use everline_core::ids::RawId;
use everline_core::staff::Permission;
use everline_core::stock::{Hold, HoldKind, reason};
use everline_core::time::SystemTime;
use everline_store::tables::sim::{self, SimKind};
use everline_store::tables::{staff, stock_hold as table};
use everline_store::{LostCommit, Stop, Tx, Work};

/// Sims that leave or come back in one step.
const STEP: i64 = 1_000;
/// Steps that a member waits for; the rest is done by a round.
const STEPS_AT_ONCE: usize = 5;

const fn invalid(field: &'static str, rule: &'static str) -> Problem {
    Problem::Invalid { field, rule }
}

/// What is to be set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// Its id, minted with the page.
    pub id: RawId,
    /// A batch or a Sim.
    pub kind: HoldKind,
    /// The batch's name, or the Sim's number.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Sets something aside. Sent twice it is done once.
///
/// # Errors
/// [`Problem::Invalid`] names the field: a reason that is none, a batch that is not there or not complete, a Sim that is not in
/// stock; [`Problem::Stale`] if it is set aside already; [`Problem::NotAllowed`]
pub async fn set_aside(app: &App, new: NewHold, by: RawId) -> Result<(), Problem> {
    // Who may not do it is not told what is wrong with it.
    crate::staff::permitted(app, by, Permission::ManageStock).await?;
    let reason = reason(&new.reason).ok_or(invalid("reason", "1-to-200-characters"))?;
    let name = new.name.trim().to_owned();
    if new.kind == HoldKind::Sim {
        Iccid::parse(&name).map_err(|_| invalid("iccid", "no-iccid"))?;
    }
    let (id, stamp, now) = (new.id, Stamp::new(app)?, app.clock.now().system);
    app.store.transact(SetAside { new: NewHold { name, reason, ..new }, by, stamp, now }).await?;
    sweep(app, id, STEPS_AT_ONCE).await.map(|_| ())
}

/// Gives it back to the stock.
///
/// # Errors
/// [`Problem::NotFound`]; [`Problem::Stale`] if it was given back before; [`Problem::NotAllowed`]
pub async fn give_back(app: &App, id: RawId, by: RawId) -> Result<(), Problem> {
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    app.store.transact(GiveBack { id, by, stamp, now }).await?;
    sweep(app, id, STEPS_AT_ONCE).await.map(|_| ())
}

/// Takes out of the stock what is to leave it, and gives back what is to come back; how many Sims.
pub(crate) async fn sweep_all(app: &App) -> Result<u64, Problem> {
    let mut moved = 0_u64;
    for hold in app.store.read(ToSweep).await? {
        moved = moved.saturating_add(sweep(app, hold, usize::MAX).await?);
    }
    Ok(moved)
}

async fn sweep(app: &App, id: RawId, steps: usize) -> Result<u64, Problem> {
    let mut moved = 0_u64;
    for _ in 0..steps {
        let step = app.store.transact(Sweep { id }).await?;
        moved = moved.saturating_add(step);
        if step == 0 {
            break;
        }
    }
    Ok(moved)
}

struct SetAside {
    new: NewHold,
    by: RawId,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for SetAside {
    const NAME: &'static str = "set_stock_aside";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::ManageStock).await?;
        let NewHold { id, kind, name, reason } = &self.new;
        if let Some(known) = table::lock(tx, *id).await? {
            let same = (known.kind, &known.name, &known.reason) == (*kind, name, reason);
            return if same { Ok(()) } else { Err(Stop::Refused(Problem::ExistsDifferently("hold"))) };
        }
        match kind {
            HoldKind::Batch => {
                let found = table::lock_batch(tx, name).await?;
                match found.ok_or(Stop::Refused(invalid("batch", "unknown")))? {
                    (_, Some(_)) => return Err(Stop::Refused(Problem::Stale)),
                    (false, None) => return Err(Stop::Refused(invalid("batch", "not-complete"))),
                    (true, None) => table::set_batch(tx, name, Some(*id)),
                }
            }
            HoldKind::Sim => sim(tx, name, *id).await?,
        }
        let put_by = staff::signature(tx, self.by).await?;
        let (name, reason) = (name.clone(), reason.clone());
        table::add(tx, &Hold { id: *id, kind: *kind, name, reason, put_at: self.now, put_by, ended: None });
        let act = told(self.by, AuditAction::StockSetAside, *id, *kind).because(&self.new.reason);
        self.stamp.append(tx, named(act, *kind, &self.new.name)).await
    }
}

/// Takes one Sim out of the stock.
async fn sim(tx: &mut Tx, number: &str, hold: RawId) -> Result<(), Stop<Problem>> {
    let iccid = Iccid::parse(number).map_err(|_| Stop::Refused(invalid("iccid", "no-iccid")))?;
    if table::open_of(tx, HoldKind::Sim, number).await?.is_some() {
        return Err(Stop::Refused(Problem::Stale));
    }
    let found = sim::find(tx, &iccid).await?.ok_or(Stop::Refused(invalid("iccid", "unknown")))?;
    let complete = found.batch.is_none_or(|(_, complete)| complete);
    if complete && table::put_sim(tx, &iccid, hold).await? {
        return Ok(());
    }
    Err(Stop::Refused(invalid("iccid", "not-in-stock")))
}

fn told(by: RawId, action: AuditAction, id: RawId, kind: HoldKind) -> Act {
    Act::by(by, action, ("hold", id)).with("kind", kind.word())
}

/// A batch is told by its name; a Sim, which may have been somebody's, by the hold alone.
fn named(act: Act, kind: HoldKind, name: &str) -> Act {
    match kind {
        HoldKind::Batch => act.with("batch", name),
        HoldKind::Sim => act,
    }
}

struct GiveBack {
    id: RawId,
    by: RawId,
    stamp: Stamp,
    now: SystemTime,
}
impl Work for GiveBack {
    const NAME: &'static str = "give_stock_back";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::ManageStock).await?;
        let hold = table::lock(tx, self.id).await?.ok_or(Stop::Refused(Problem::NotFound("hold")))?;
        if hold.ended.is_some() {
            return Err(Stop::Refused(Problem::Stale));
        }
        if hold.kind == HoldKind::Batch {
            table::lock_batch(tx, &hold.name).await?;
            table::set_batch(tx, &hold.name, None);
        }
        let by = staff::signature(tx, self.by).await?;
        table::end(tx, self.id, self.now, &by);
        let act = told(self.by, AuditAction::StockGivenBack, self.id, hold.kind);
        self.stamp.append(tx, named(act, hold.kind, &hold.name)).await
    }
}

struct ToSweep;
impl Work for ToSweep {
    const NAME: &'static str = "stock_to_sweep";
    type Out = Vec<RawId>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Vec<RawId>, Stop<Problem>> {
        Ok(table::to_sweep(tx).await?)
    }
}

/// One step of it, in the direction that holds now.
struct Sweep {
    id: RawId,
}
impl Work for Sweep {
    const NAME: &'static str = "sweep_stock";
    type Out = u64;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<u64, Stop<Problem>> {
        let Some(hold) = table::lock(tx, self.id).await? else { return Ok(0) };
        if hold.ended.is_some() {
            return Ok(table::give_some_back(tx, self.id, STEP).await?);
        }
        let mut moved = 0_u64;
        if hold.kind == HoldKind::Batch {
            for kind in [SimKind::Physical, SimKind::Esim] {
                moved = moved.saturating_add(table::put_some(tx, self.id, &hold.name, kind, STEP).await?);
            }
        }
        Ok(moved)
    }
}
