//! Claiming a line that is nobody's: by a code to its number, or by what only whoever holds its card knows.
//!
//! Numbers of cards are printed on parcels and can be counted up, so that a card is claimed with its PUK or registration code
//! only, tries are counted by card and by claimer, and what is wrong is not said.

use crate::hand_over::{Leaves, arrive};
use crate::identity::may_have_another_line;
use crate::import::sims::{puk_hash, registration_hash};
use crate::lifecycle_command::FindLine;
use crate::sessions::SessionInfo;
use crate::sign_in::{TypedCode, check_tries, send_code};
use crate::{App, Problem, save, timers};
use everline_core::customer::CustomerKind;
use everline_core::identifiers::{Iccid, Msisdn};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::lifecycle::Along;
use everline_core::number_plan::NumberOf;
use everline_core::ownership::NotClaimed;
use everline_core::time::SystemTime;
use everline_store::tables::{customer, directory, sim};
use everline_store::{LostCommit, Stop, Tx, Work};

/// Longest secret of a card that is looked at.
const SECRET_BYTES_MAX: usize = 64;

/// Sends a code to the number of a line. The answer is the same whether there is such a line, and whosever it is.
///
/// # Errors
/// [`Problem::Invalid`] if it is no number of the brand's.
pub async fn request_line_code(app: &App, number: &str, language: &str) -> Result<RawId, Problem> {
    let number = app.brand.number(number, NumberOf::Line);
    let number = number.map_err(|_| Problem::Invalid { field: "number", rule: "not-a-number" })?;
    send_code(app, number, language).await
}

/// Claims the line whose number a code arrived at: its new record.
///
/// # Errors
/// As the code's; [`Problem::NotClaimed`], [`Problem::NotHandedOver`]
pub async fn claim_by_code(app: &App, session: &SessionInfo, request: RawId, code: &str) -> Result<LineId, Problem> {
    let taker = session.customer()?;
    let code = TypedCode::new(app, request, code)?;
    let number = app.store.transact(UseCode { code, now: app.clock.now().system }).await??;
    let number = Msisdn::parse(&number).map_err(|_| Problem::CodeGone)?;
    match app.store.read(FindLine { number }).await.map_err(Problem::from) {
        Ok(from) => claim(app, taker, from).await,
        Err(Problem::NotFound(_)) => Err(Problem::NotClaimed(NotClaimed::NoSuch)),
        Err(problem) => Err(problem),
    }
}

/// Claims the line on a card, by its number and PUK or registration code: its new record.
///
/// # Errors
/// [`Problem::Invalid`] if it is no number of a card; [`Problem::TooMany`]; [`Problem::NotClaimed`],
/// [`Problem::NotHandedOver`]
pub async fn claim_by_card(app: &App, session: &SessionInfo, iccid: &str, secret: &str) -> Result<LineId, Problem> {
    let taker = session.customer()?;
    let card = proved_card(app, taker, iccid, secret).await?;
    let from = app.store.read(LineOn { card }).await?;
    claim(app, taker, from.ok_or(Problem::NotClaimed(NotClaimed::NoSuch))?).await
}

/// The card that somebody proves to hold.
///
/// # Errors
/// [`Problem::Invalid`], [`Problem::TooMany`]; [`Problem::NotClaimed`] if card and secret do not belong together.
pub(crate) async fn proved_card(app: &App, who: CustomerId, iccid: &str, secret: &str) -> Result<Iccid, Problem> {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect::<String>();
    let typed = plain(iccid);
    let card = Iccid::parse(&typed).map_err(|_| Problem::Invalid { field: "iccid", rule: "not-a-card" })?;
    let secret = plain(secret);
    if secret.is_empty() || secret.len() > SECRET_BYTES_MAX {
        return Err(Problem::Invalid { field: "secret", rule: "needed" });
    }
    check_tries(app, "card", card.as_str()).await?;
    check_tries(app, "claimer", &who.to_string()).await?;
    let puk = puk_hash(&app.secrets, &card, &secret);
    let code = registration_hash(&app.secrets, &secret);
    if !app.store.read(Belongs { card: card.clone(), puk, code }).await? {
        return Err(Problem::NotClaimed(NotClaimed::NoSuch));
    }
    Ok(card)
}

async fn claim(app: &App, taker: CustomerId, from: (CustomerId, LineId)) -> Result<LineId, Problem> {
    if from.0 == taker {
        return Err(Problem::NotClaimed(NotClaimed::Yours));
    }
    may_have_another_line(app, taker).await?;
    let (new, now) = (LineId(app.clock.id()), app.clock.now());
    let work = || {
        let (brand, zone) = (app.brand.clone(), app.zone.clone());
        Claim(Leaves { from, along: Along::Everything, taker, new, brand, zone, now })
    };
    timers::in_due_order(app, now, work).await?;
    // Should this not come about now, a job sees to it.
    if let Err(problem) = arrive(app, taker, new).await {
        tracing::warn!(%problem, "a claimed line arrives later");
    }
    Ok(new)
}

struct UseCode {
    code: TypedCode,
    now: SystemTime,
}
impl Work for UseCode {
    const NAME: &'static str = "use_line_code";
    // A second run would find it used.
    const ON_LOST_COMMIT: LostCommit = LostCommit::Report;
    type Out = Result<String, Problem>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        self.code.used(tx, self.now).await
    }
}

/// Whether a card has this PUK, or alone has this registration code.
struct Belongs {
    card: Iccid,
    puk: [u8; 16],
    code: [u8; 16],
}
impl Work for Belongs {
    const NAME: &'static str = "card_secret";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let puk = sim::puk_hash(tx, &self.card).await?;
        let registered = sim::by_registration(tx, self.code).await?;
        let same = |hash: [u8; 16]| aws_lc_rs::constant_time::verify_slices_are_equal(&hash, &self.puk).is_ok();
        Ok(puk.is_some_and(same) || registered == [self.card.clone()])
    }
}

/// The line that a card serves.
struct LineOn {
    card: Iccid,
}
impl Work for LineOn {
    const NAME: &'static str = "line_on_card";
    type Out = Option<(CustomerId, LineId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Iccid, self.card.as_str()).await?;
        Ok(found.map(|(customer, line)| (customer, LineId(line))))
    }
}

struct Claim(Leaves);
impl Work for Claim {
    const NAME: &'static str = "claim_line";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (giver, line) = self.0.from;
        let is = save::lock(tx, giver, line).await?;
        if customer::get(tx, giver).await?.kind != CustomerKind::Anonymous {
            return Err(Stop::Refused(Problem::NotClaimed(NotClaimed::Owned)));
        }
        self.0.leave(tx, &is).await
    }
}
