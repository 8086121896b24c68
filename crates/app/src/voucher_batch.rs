//! Batches of vouchers: made by staff, listed, stopped. Codes are made where they are written down, and only their keyed
//! hashes come here. Nothing of a batch can be redeemed before all of it is there.

use crate::audit::{Act, Stamp};
use crate::redeem_voucher::voucher_id;
use crate::staff::{active_member, permit, permitted};
use crate::{App, Problem};
use everline_core::audit::{Actor, AuditAction};
use everline_core::ids::{RawId, VoucherId};
use everline_core::money::Money;
use everline_core::staff::Permission;
use everline_core::stock;
use everline_core::time::BusinessTime;
use everline_core::voucher::{Batch, BatchState, Code, RANDOM_BYTES, VoucherKind};
use everline_store::tables::{staff, voucher};
use everline_store::{LostCommit, Stop, Tx, Work};

/// Most vouchers of a batch.
pub const VOUCHERS_MAX: i64 = 1_000_000;
/// Most vouchers that are added at once.
pub const ADDED_AT_ONCE_MAX: usize = 1_000;
/// Most that a voucher can bring, in units of its currency.
const AMOUNT_UNITS_MAX: i64 = 100_000;
const NAME_CHARS_MAX: usize = 60;

/// A batch to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch {
    /// What people call it; no other batch has that name.
    pub name: String,
    /// What its vouchers bring.
    pub kind: VoucherKind,
    /// How much each of them brings.
    pub amount: Money,
    /// How many there are to be.
    pub count: i64,
    /// When they end.
    pub expires_at: BusinessTime,
    /// Who makes it: a login.
    pub by: String,
}

/// A batch with what became of its vouchers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchView {
    /// The batch.
    pub batch: Batch,
    /// How many vouchers are there.
    pub made: i64,
    /// How many of them were redeemed.
    pub redeemed: i64,
}

const fn invalid(field: &'static str, rule: &'static str) -> Problem {
    Problem::Invalid { field, rule }
}

/// Makes a small batch whole; its codes, which are kept nowhere else.
///
/// # Errors
/// As [`begin_batch`]; [`Problem::Busy`] if there is no randomness.
pub async fn make_batch(app: &App, new: NewBatch) -> Result<Vec<Code>, Problem> {
    let (name, mut codes) = (new.name.clone(), Vec::new());
    for _ in 0..new.count {
        let mut random = [0; RANDOM_BYTES];
        if !app.clock.fill(&mut random) {
            return Err(Problem::Busy);
        }
        codes.push(Code::from_random(random));
    }
    begin_batch(app, new).await?;
    add_vouchers(app, &name, codes.iter().map(|code| voucher_id(&app.secrets, code)).collect()).await?;
    activate_batch(app, &name).await?;
    Ok(codes)
}

/// [`begin_batch`] by a member of the staff.
///
/// # Errors
/// Also [`Problem::Invalid`] if no active member has this login.
pub async fn begin_batch_by_staff(app: &App, new: NewBatch) -> Result<(), Problem> {
    let by = active_member(app, &new.by, Permission::MakeVouchers).await?;
    begin(app, NewBatch { by, ..new }, Some(Stamp::new(app)?)).await
}

/// Begins a batch. Its vouchers are added with [`add_vouchers`]; [`activate_batch`] ends the making.
///
/// # Errors
/// [`Problem::Invalid`] names the field; a name that is taken is invalid too, whatever state that batch is in.
pub async fn begin_batch(app: &App, new: NewBatch) -> Result<(), Problem> {
    begin(app, new, None).await
}

async fn begin(app: &App, new: NewBatch, stamp: Option<Stamp>) -> Result<(), Problem> {
    let now = app.clock.now().business;
    let name = new.name.trim();
    if !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(invalid("batch", "1 to 60 characters of text"));
    }
    let currency = app.brand.currency;
    let max = AMOUNT_UNITS_MAX.saturating_mul(everline_core::money::UNIT);
    let fits = new.amount.currency() == currency && (1..=max).contains(&new.amount.micros());
    if !fits || new.amount.to_minor().is_err() {
        return Err(invalid(
            "amount",
            "more than nothing, at most 100000, in whole minor units of the brand's currency",
        ));
    }
    if !(1..=VOUCHERS_MAX).contains(&new.count) {
        return Err(invalid("count", "1 to 1000000"));
    }
    if new.expires_at <= now {
        return Err(invalid("expires", "a day to come"));
    }
    let batch = Batch {
        name: name.to_owned(),
        kind: new.kind,
        amount: new.amount,
        count: new.count,
        state: BatchState::Making,
        expires_at: new.expires_at,
        made_at: now,
        made_by: new.by,
    };
    Ok(app.store.transact(Begin { batch, stamp }).await?)
}

/// Adds vouchers to a batch that is being made. Those that are there already stay.
///
/// # Errors
/// [`Problem::NotFound`] if there is no such batch, [`Problem::Invalid`] if it is not being made any more.
pub async fn add_vouchers(app: &App, batch: &str, vouchers: Vec<VoucherId>) -> Result<(), Problem> {
    if vouchers.len() > ADDED_AT_ONCE_MAX {
        return Err(invalid("vouchers", "at most 1000 at once"));
    }
    Ok(app.store.transact(Add { batch: batch.to_owned(), vouchers }).await?)
}

/// Ends the making of a batch: from now on its vouchers can be redeemed.
///
/// # Errors
/// [`Problem::Invalid`] if some of its vouchers are missing.
pub async fn activate_batch(app: &App, batch: &str) -> Result<(), Problem> {
    Ok(app.store.transact(Activate { batch: batch.to_owned() }).await?)
}

/// Stops a batch for good: what was redeemed stays, nothing else of it can be.
///
/// # Errors
/// [`Problem::NotFound`] if there is no such batch, [`Problem::Invalid`] if no active member has this login.
pub async fn stop_batch(app: &App, batch: &str, by: &str) -> Result<BatchView, Problem> {
    let by = active_member(app, by, Permission::MakeVouchers).await?;
    let (batch, stamp, now) = (batch.trim().to_owned(), Stamp::new(app)?, app.clock.now().business);
    Ok(app.store.transact(StopBatch { batch, by, stamp, now }).await?)
}

/// [`stop_batch`] at the desk, with why.
///
/// # Errors
/// [`Problem::Invalid`]: `reason`; [`Problem::NotFound`] if there is no such batch; [`Problem::Stale`] if it was stopped before;
/// [`Problem::NotAllowed`]
pub async fn stop_at_desk(app: &App, batch: &str, reason: &str, by: RawId) -> Result<(), Problem> {
    permitted(app, by, Permission::MakeVouchers).await?;
    let reason = stock::reason(reason).ok_or(invalid("reason", "1-to-200-characters"))?;
    let (batch, stamp, now) = (batch.to_owned(), Stamp::new(app)?, app.clock.now().business);
    Ok(app.store.transact(StopAtDesk { batch, reason, by, stamp, now }).await?)
}

/// All batches, oldest first.
pub async fn batches(app: &App) -> Result<Vec<BatchView>, Problem> {
    Ok(app.store.read(List).await?)
}

struct Begin {
    batch: Batch,
    /// If a member of the staff begins it.
    stamp: Option<Stamp>,
}
impl Work for Begin {
    const NAME: &'static str = "begin_voucher_batch";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        match voucher::lock_batch(tx, &self.batch.name).await? {
            None => voucher::add_batch(tx, &self.batch),
            // Run again after a lost answer.
            Some(found) if found == self.batch => return Ok(()),
            Some(_) => return Err(Stop::Refused(invalid("batch", "another batch has this name"))),
        }
        let Some(stamp) = &self.stamp else { return Ok(()) };
        let act = told(AuditAction::VouchersMade, &self.batch, &self.batch.made_by);
        stamp.append(tx, act.with("amount", self.batch.amount.decimal()).with("count", self.batch.count)).await
    }
}

fn told(action: AuditAction, batch: &Batch, by: &str) -> Act {
    Act::new(Actor::CommandLine, action, ("vouchers", &batch.name)).with("named", by)
}

async fn lock(tx: &mut Tx, name: &str) -> Result<Batch, Stop<Problem>> {
    voucher::lock_batch(tx, name).await?.ok_or(Stop::Refused(Problem::NotFound("batch")))
}

struct Add {
    batch: String,
    vouchers: Vec<VoucherId>,
}
impl Work for Add {
    const NAME: &'static str = "add_vouchers";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        if lock(tx, &self.batch).await?.state != BatchState::Making {
            return Err(Stop::Refused(invalid("batch", "it is not being made any more")));
        }
        for id in &self.vouchers {
            voucher::add(tx, *id, &self.batch);
        }
        Ok(())
    }
}

struct Activate {
    batch: String,
}
impl Work for Activate {
    const NAME: &'static str = "activate_voucher_batch";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let batch = lock(tx, &self.batch).await?;
        match batch.state {
            BatchState::Active => return Ok(()),
            BatchState::Stopped => return Err(Stop::Refused(invalid("batch", "it was stopped"))),
            BatchState::Making => {}
        }
        if voucher::count(tx, &self.batch).await?.0 != batch.count {
            return Err(Stop::Refused(invalid("batch", "some of its vouchers are missing")));
        }
        voucher::turn_batch(tx, &self.batch, BatchState::Active);
        Ok(())
    }
}

struct StopBatch {
    batch: String,
    by: String,
    stamp: Stamp,
    now: BusinessTime,
}
impl Work for StopBatch {
    const NAME: &'static str = "stop_voucher_batch";
    type Out = BatchView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<BatchView, Stop<Problem>> {
        let batch = lock(tx, &self.batch).await?;
        let (made, redeemed) = voucher::count(tx, &self.batch).await?;
        if batch.state != BatchState::Stopped {
            voucher::stop_batch(tx, &self.batch, self.now, &self.by);
            self.stamp.append(tx, told(AuditAction::VouchersStopped, &batch, &self.by)).await?;
        }
        Ok(BatchView { batch: Batch { state: BatchState::Stopped, ..batch }, made, redeemed })
    }
}

struct StopAtDesk {
    batch: String,
    reason: String,
    by: RawId,
    stamp: Stamp,
    now: BusinessTime,
}
impl Work for StopAtDesk {
    const NAME: &'static str = "stop_voucher_batch_at_desk";
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::MakeVouchers).await?;
        let batch = lock(tx, &self.batch).await?;
        if batch.state == BatchState::Stopped {
            return Err(Stop::Refused(Problem::Stale));
        }
        let login = staff::signature(tx, self.by).await?;
        voucher::stop_batch(tx, &self.batch, self.now, &login);
        let act = Act::by(self.by, AuditAction::VouchersStopped, ("vouchers", &batch.name));
        self.stamp.append(tx, act.because(&self.reason)).await
    }
}

struct List;
impl Work for List {
    const NAME: &'static str = "list_voucher_batches";
    type Out = Vec<BatchView>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let mut views = Vec::new();
        for batch in voucher::batches(tx).await? {
            let (made, redeemed) = voucher::count(tx, &batch.name).await?;
            views.push(BatchView { batch, made, redeemed });
        }
        Ok(views)
    }
}
