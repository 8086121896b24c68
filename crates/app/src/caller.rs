//! Who calls: staff send a code to the number that the customer signs in with, and the caller reads it to them. What somebody
//! knows of a customer (a name, the digits of a document) proves nothing. The code signs nobody in, and staff never see one
//! that does.

use crate::audit::{Act, Stamp};
use crate::sign_in::{CodeFor, TypedCode, check_tries, request_code_to};
use crate::staff::{permit, permitted, see};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::ids::{CustomerId, RawId};
use everline_core::message::Address;
use everline_core::staff::Permission;
use everline_core::time::{MINUTE_US, Now};
use everline_store::tables::{credential, customer};
use everline_store::{LostCommit, Stop, Tx, Work};

/// How long a caller counts as proved, for the member who proved them.
pub const PROVED_US: i64 = 15 * MINUTE_US;

/// Sends a code to the customer whom somebody says to be; the id names the request in [`prove_caller`].
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`] where there is no number to send one to; [`Problem::HeldBack`] for a day after
/// its Sim was replaced: whoever has the new one would answer; [`Problem::NumberLost`]; [`Problem::TooMany`];
/// [`Problem::ProviderSilent`]
pub async fn ask_caller(app: &App, by: RawId, customer: CustomerId) -> Result<RawId, Problem> {
    permitted(app, by, Permission::ActOnLine).await?;
    let (to, language) = app.store.read(Contact { customer, now: app.clock.now() }).await?;
    check_tries(app, "caller", &customer.to_string()).await?;
    let act = Act::by(by, AuditAction::CallerAsked, ("customer", customer)).of(customer);
    see(app, by, Permission::ActOnLine, act).await?;
    request_code_to(app, &to, CodeFor::Caller, &language).await
}

/// The caller read the code: they are the customer.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`]: `code`; [`Problem::CodeWrong`]; [`Problem::CodeGone`], also if it went to a
/// number that is the customer's no more.
pub async fn prove_caller(
    app: &App,
    by: RawId,
    customer: CustomerId,
    (request, code): (RawId, &str),
) -> Result<(), Problem> {
    permitted(app, by, Permission::ActOnLine).await?;
    let (code, stamp, now) = (TypedCode::new(app, request, code)?, Stamp::new(app)?, app.clock.now());
    app.store.transact(Prove { by, customer, code, stamp, now }).await?
}

/// Where a code goes, and in which language.
async fn contact(tx: &mut Tx, id: CustomerId, now: Now) -> Result<(Address, String), Stop<Problem>> {
    let customer = customer::get(tx, id).await?;
    let number = customer.contact.ok_or(Stop::Refused(Problem::NotFound("contact")))?;
    let known = credential::code_number(tx, Some(&number)).await?;
    known.proves(now.system, now).map_err(|why| Stop::Refused(why.into()))?;
    Ok((Address::Sms(number), customer.language))
}

struct Contact {
    customer: CustomerId,
    now: Now,
}
impl Work for Contact {
    const NAME: &'static str = "caller_contact";
    type Out = (Address, String);
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        contact(tx, self.customer, self.now).await
    }
}

struct Prove {
    by: RawId,
    customer: CustomerId,
    code: TypedCode,
    stamp: Stamp,
    now: Now,
}
impl Work for Prove {
    const NAME: &'static str = "prove_caller";
    // A second run would find the code used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    // A wrong code is counted, so it commits.
    type Out = Result<(), Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        permit(tx, self.by, Permission::ActOnLine).await?;
        let (to, _) = contact(tx, self.customer, self.now).await?;
        match self.code.used_for(tx, CodeFor::Caller, self.now.system).await? {
            Ok(address) if address == to => {}
            Ok(_) => return Ok(Err(Problem::CodeGone)),
            Err(problem) => return Ok(Err(problem)),
        }
        let act = Act::by(self.by, AuditAction::CallerProved, ("customer", self.customer)).of(self.customer);
        self.stamp.append(tx, act).await?;
        Ok(Ok(()))
    }
}
