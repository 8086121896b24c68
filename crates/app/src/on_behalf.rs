//! Who changes something of an owner's: the owner, by a session that is proved; or a member of the staff, for a caller who proved
//! by a code a moment ago that it is them ([`crate::caller`]). The same proof allows the same: a code is not enough where the
//! owner asks for a second factor, nor for a day after the Sim of their number was replaced.

use crate::audit::{Act, Stamp};
use crate::caller::PROVED_US;
use crate::lifecycle_command::{Seen, read_reason};
use crate::sessions::MayChange;
use crate::staff::permit;
use crate::{App, Problem};
use everline_core::account::{Change, CodeNumber, NotProved, Proof, allows};
use everline_core::audit::AuditAction;
use everline_core::customer::Customer;
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::line::Line;
use everline_core::staff::Permission;
use everline_core::time::Now;
use everline_store::tables::{audit, credential, customer};
use everline_store::{Stop, Tx};

/// Who asks.
pub(crate) enum Asker {
    /// The owner.
    Owner(MayChange),
    /// A member of the staff, for a caller.
    Staff(Box<ForCaller>),
}

/// What a member of the staff does for a caller.
pub(crate) struct ForCaller {
    by: RawId,
    customer: CustomerId,
    change: Change,
    /// What their page showed of the line.
    seen: Seen,
    reason: String,
    stamp: Stamp,
    now: Now,
}

impl ForCaller {
    /// # Errors
    /// [`Problem::Invalid`]: `reason`
    pub(crate) fn new(
        app: &App,
        (by, customer): (RawId, CustomerId),
        change: Change,
        (seen, reason): (Seen, &str),
    ) -> Result<Self, Problem> {
        let (reason, now) = (read_reason(reason)?, app.clock.now());
        Ok(Self { by, customer, change, seen, reason, stamp: Stamp::new(app)?, now })
    }
}

impl Asker {
    /// Whose account it is.
    pub(crate) fn customer(&self) -> CustomerId {
        match self {
            Asker::Owner(may) => may.customer,
            Asker::Staff(caller) => caller.customer,
        }
    }
    /// Whether staff act.
    pub(crate) const fn staff(&self) -> bool {
        matches!(self, Asker::Staff(_))
    }
    /// Locks the account, and refuses unless who asks may change this now.
    pub(crate) async fn check(&self, tx: &mut Tx) -> Result<Customer, Stop<Problem>> {
        match self {
            Asker::Owner(may) => Ok(may.check(tx).await?.customer),
            Asker::Staff(caller) => {
                customer::lock_account(tx, caller.customer).await?;
                proved(tx, caller.by, caller.customer, caller.change, caller.now).await
            }
        }
    }
    /// Refuses what staff saw of a line that is otherwise by now.
    pub(crate) fn fresh(&self, line: &Line) -> Result<(), Stop<Problem>> {
        match self {
            Asker::Staff(caller) if (line.state.word(), line.state_since) != (&caller.seen.0, caller.seen.1) => {
                Err(Stop::Refused(Problem::Stale))
            }
            _ => Ok(()),
        }
    }
    /// Writes down what staff did to a line; last in its transaction.
    pub(crate) async fn note(&self, tx: &mut Tx, action: AuditAction, line: LineId) -> Result<(), Stop<Problem>> {
        let Asker::Staff(caller) = self else { return Ok(()) };
        let act = Act::by(caller.by, action, ("line", line)).of(caller.customer).because(&caller.reason);
        caller.stamp.append(tx, act).await
    }
}

/// Refuses unless a caller proved to this member, a moment ago, to be the customer, and that proof allows the change.
///
/// # Errors
/// [`Problem::NotAllowed`], [`Problem::ProveFirst`], [`Problem::SecondFactor`], [`Problem::HeldBack`]
pub(crate) async fn proved(
    tx: &mut Tx,
    by: RawId,
    id: CustomerId,
    change: Change,
    now: Now,
) -> Result<Customer, Stop<Problem>> {
    permit(tx, by, Permission::ActOnLine).await?;
    let owner = customer::get(tx, id).await?;
    let proved_at = tx.together(audit::caller_proved(id, by, now.system.plus_us(-PROVED_US))).await?.pop();
    let proved_at = proved_at.ok_or(Stop::Refused(Problem::ProveFirst))?;
    let second = credential::get(tx, id).await?.second_factor;
    let number = credential::code_number(tx, owner.contact.as_ref()).await?;
    // The proof counts for a quarter of an hour, whatever was done meanwhile; as what it was, a code.
    let allowed = allows((Proof::Code, now.system), change, second, CodeNumber::default(), now);
    allowed.and_then(|()| number.proves(proved_at, now)).map_err(|why| {
        Stop::Refused(match why {
            NotProved::Again => Problem::SecondFactor,
            why => why.into(),
        })
    })?;
    Ok(owner)
}
