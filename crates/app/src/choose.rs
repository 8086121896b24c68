//! Choosing a plan for a line: everything on sale with what it would mean or why not, what others say of it, and which plan
//! fits what the line really used; and the page of one offering.

use crate::catalog::{Choice, taker};
use crate::contribution::used;
use crate::{App, Problem};
use everline_core::brand::Brand;
use everline_core::calendar::Day;
use everline_core::contribution::{ContributionKind, Rating};
use everline_core::fit::{Fit, Observed, TooLittle, fits, observed};
use everline_core::ids::{ContributionId, CustomerId, LineId, RawId};
use everline_core::line::Line;
use everline_core::offering::{Offering, OfferingKind, OfferingRef, SaleState, Unit};
use everline_core::quote::quote;
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::contribution::{self, Contribution};
use everline_store::tables::{allowance, catalog, line, usage};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many of the newest reviews make a rating.
pub const RATED_MAX: i64 = 1_000;
/// How many reviews are shown at once.
const REVIEWS: usize = 20;
/// How many questions are shown at once.
const QUESTIONS: usize = 10;
/// How many answers to a question are shown.
const ANSWERS: i64 = 10;
/// How much of what its author wrote under an offering is shown to them.
const MINE: i64 = 20;
/// After every id.
const NEWEST: ContributionId = ContributionId(RawId::from_bytes([0xff; 16]));

/// An offering that somebody considers.
#[derive(Debug, Clone, PartialEq)]
pub struct Considered {
    /// What it would mean for the line, or why it cannot be bought.
    pub choice: Choice,
    /// What reviews say of it.
    pub rating: Rating,
}

/// Which plan fits a line, with what led there.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitting {
    /// The days that were looked at.
    pub observed: Observed,
    /// What was used in them.
    pub used: Vec<(Unit, i64)>,
    /// Every plan that the line can take against that, the answer first if it covers.
    pub fits: Vec<Fit>,
}

/// What there is to choose from.
#[derive(Debug, Clone, PartialEq)]
pub struct Choosing {
    /// The line.
    pub line: Line,
    /// Everything on sale; what is made for other kinds of lines too.
    pub offerings: Vec<Considered>,
    /// Which plan fits, or why nothing is said.
    pub fitting: Result<Fitting, TooLittle>,
}

/// What there is to choose from for a line.
pub async fn choosing(app: &App, customer: CustomerId, line: LineId) -> Result<Choosing, Problem> {
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now().business);
    Ok(app.store.read(Choose { customer, line, brand, zone, now }).await?)
}

/// One offering with what others say of it.
#[derive(Debug, Clone, PartialEq)]
pub struct OfferingPage {
    /// The line.
    pub line: Line,
    /// What it would mean for the line, or why it cannot be bought.
    pub choice: Choice,
    /// What reviews say of it.
    pub rating: Rating,
    /// The reviews that everybody sees, newest first.
    pub reviews: Vec<Contribution>,
    /// Whether there are older ones.
    pub more_reviews: bool,
    /// The questions that everybody sees, newest first, each with its answers.
    pub questions: Vec<(Contribution, Vec<Contribution>)>,
    /// Whether there are older ones.
    pub more_questions: bool,
    /// What the customer wrote here.
    pub mine: Vec<Contribution>,
    /// Whether the line really used it, so that its owner may review it and answer.
    pub used: bool,
}

/// Where a list of contributions goes on: before this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    /// Of the reviews.
    pub reviews: Option<ContributionId>,
    /// Of the questions.
    pub questions: Option<ContributionId>,
}

/// One offering for a line. An offering that is being written does not exist yet.
pub async fn offering_page(
    app: &App,
    (customer, line): (CustomerId, LineId),
    offering: OfferingRef,
    before: Before,
) -> Result<OfferingPage, Problem> {
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now().business);
    Ok(app.store.read(One { customer, line, offering, before, brand, zone, now }).await?)
}

async fn rating(tx: &mut Tx, offering: &Offering) -> Result<Rating, Stop<Problem>> {
    if offering.kind == OfferingKind::TopUp {
        return Ok(Rating::default()); // money is money
    }
    Ok(Rating::of(&contribution::stars(tx, &offering.reference.code, RATED_MAX).await?))
}

struct Choose {
    customer: CustomerId,
    line: LineId,
    brand: Arc<Brand>,
    zone: Zone,
    now: BusinessTime,
}
impl Work for Choose {
    const NAME: &'static str = "choose";
    type Out = Choosing;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Choosing, Stop<Problem>> {
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let mut offerings = Vec::new();
        for offering in catalog::on_sale(tx).await? {
            let taker = taker(tx, &line, &allowance, &offering).await?;
            let quote = quote(&taker, &offering, &self.brand, &self.zone, self.now);
            let rating = rating(tx, &offering).await?;
            offerings.push(Considered { choice: Choice { offering, quote }, rating });
        }
        let fitting = self.fitting(tx, &offerings).await?;
        Ok(Choosing { line, offerings, fitting })
    }
}
impl Choose {
    async fn fitting(
        &self,
        tx: &mut Tx,
        offerings: &[Considered],
    ) -> Result<Result<Fitting, TooLittle>, Stop<Problem>> {
        let today = Day::of(&self.zone, self.now);
        let first = usage::first_day(tx, self.customer, self.line).await?;
        let observed = match observed(first, today) {
            Ok(observed) => observed,
            Err(little) => return Ok(Err(little)),
        };
        let mut used: BTreeMap<Unit, i64> = BTreeMap::new();
        for day in usage::days_of_line(tx, self.customer, self.line, (observed.from, observed.to)).await? {
            let sum = used.entry(day.unit).or_default();
            // What went beyond the plans was used all the same.
            *sum = sum.saturating_add(day.charged).saturating_add(day.overrun);
        }
        let used: Vec<(Unit, i64)> = used.into_iter().collect();
        let can_take = |one: &&Considered| !matches!(one.choice.quote, Err(why) if why.for_good());
        let offerings: Vec<&Offering> = offerings.iter().filter(can_take).map(|one| &one.choice.offering).collect();
        Ok(fits(&observed, &used, &offerings).map(|fits| Fitting { observed, used, fits }))
    }
}

struct One {
    customer: CustomerId,
    line: LineId,
    offering: OfferingRef,
    before: Before,
    brand: Arc<Brand>,
    zone: Zone,
    now: BusinessTime,
}
impl Work for One {
    const NAME: &'static str = "offering_page";
    type Out = OfferingPage;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<OfferingPage, Stop<Problem>> {
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let offering = catalog::offering(tx, &self.offering).await?;
        if offering.sale == SaleState::Draft {
            return Err(Stop::Refused(Problem::NotFound("offering")));
        }
        let code = offering.reference.code.clone();
        let taker = taker(tx, &line, &allowance, &offering).await?;
        let quote = quote(&taker, &offering, &self.brand, &self.zone, self.now);
        let rating = rating(tx, &offering).await?;
        let before = self.before.reviews.unwrap_or(NEWEST);
        let (reviews, more_reviews) = shown(tx, &code, ContributionKind::Review, before, REVIEWS).await?;
        let before = self.before.questions.unwrap_or(NEWEST);
        let (asked, more_questions) = shown(tx, &code, ContributionKind::Question, before, QUESTIONS).await?;
        let mut questions = Vec::new();
        for question in asked {
            let answers = contribution::answers(tx, question.id, ANSWERS).await?;
            questions.push((question, answers));
        }
        let mine = contribution::mine(tx, self.customer, &code, MINE).await?;
        let used = offering.kind != OfferingKind::TopUp && used(tx, &line, &code, self.now).await?;
        let choice = Choice { offering, quote };
        Ok(OfferingPage { line, choice, rating, reviews, more_reviews, questions, more_questions, mine, used })
    }
}

/// So many contributions, and whether there are more.
async fn shown(
    tx: &mut Tx,
    code: &str,
    kind: ContributionKind,
    before: ContributionId,
    most: usize,
) -> Result<(Vec<Contribution>, bool), Stop<Problem>> {
    let one_more = i64::try_from(most).unwrap_or(0).saturating_add(1);
    let mut found = contribution::shown(tx, code, kind, before, one_more).await?;
    let more = found.len() > most;
    found.truncate(most);
    Ok((found, more))
}
