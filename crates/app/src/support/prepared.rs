//! Answers that are prepared for cases, in each language: written by those who keep them, chosen and filled in by whoever
//! answers. What is filled in is a text to look at, not yet an answer.

use super::{Reader, invalid};
use crate::audit::{Act, Stamp};
use crate::staff::{permit, permitted};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::brand::Brand;
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::staff::Permission;
use everline_core::support::prepared::{KEPT_MAX, Parameter, TITLE_MAX, fill, fits};
use everline_core::support::{TEXT_MAX, number, readable};
use everline_core::time::SystemTime;
use everline_store::tables::case;
pub use everline_store::tables::prepared::Prepared;
use everline_store::tables::{customer, line, order, prepared as table};
use everline_store::{Stop, Tx, Work};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most languages in which one is written.
const LANGUAGES_MAX: i64 = 8;
/// Rows of all that are kept.
#[allow(clippy::cast_possible_wrap, reason = "a hundred")]
pub(super) const ROWS_MAX: i64 = KEPT_MAX as i64 * LANGUAGES_MAX;

/// A prepared answer as it is to be kept: in each language, none of which is written twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its id, chosen with the page.
    pub id: RawId,
    /// The version that was shown; 0 if it is new.
    pub version: i64,
    /// Language, title and text. A language without both is left out.
    pub texts: Vec<(String, String, String)>,
}

/// A title and a text as they are kept; `None` if there is neither.
///
/// # Errors
/// [`Problem::Invalid`]: `title`, `text`, or `parameter` if something in braces cannot be filled in.
pub fn checked(title: &str, text: &str) -> Result<Option<(String, String)>, Problem> {
    if title.trim().is_empty() && text.trim().is_empty() {
        return Ok(None);
    }
    let title = readable(title, TITLE_MAX).filter(|title| !title.contains('\n'));
    let title = title.ok_or(invalid("title", "1-to-60"))?;
    let text = readable(text, TEXT_MAX).ok_or(invalid("text", "1-to-4000"))?;
    if fits(&text) { Ok(Some((title, text))) } else { Err(invalid("parameter", "unknown")) }
}

/// All of them, each in all its languages.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn list(app: &App, by: RawId) -> Result<Vec<Prepared>, Problem> {
    permitted(app, by, Permission::KeepPrepared).await?;
    Ok(app.store.read(All).await?)
}
/// One in all its languages.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]
pub async fn one(app: &App, by: RawId, id: RawId) -> Result<Vec<Prepared>, Problem> {
    permitted(app, by, Permission::KeepPrepared).await?;
    let found = app.store.read(One { id }).await?;
    if found.is_empty() { Err(Problem::NotFound("prepared answer")) } else { Ok(found) }
}
/// Keeps one as it was written.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Invalid`] names the field, `texts` if there are none, `id` if there are too many
/// answers; [`Problem::Stale`] if somebody changed it since it was shown.
pub async fn keep(app: &App, by: RawId, kept: Kept) -> Result<(), Problem> {
    permitted(app, by, Permission::KeepPrepared).await?;
    let mut texts = Vec::new();
    for (language, title, text) in kept.texts {
        texts.extend(checked(&title, &text)?.map(|(title, text)| (language, title, text)));
    }
    if texts.is_empty() || i64::try_from(texts.len()).unwrap_or(i64::MAX) > LANGUAGES_MAX {
        return Err(invalid("texts", "one language at least"));
    }
    let (stamp, now) = (Stamp::new(app)?, app.clock.now().system);
    let (id, version) = (kept.id, kept.version);
    Ok(app.store.transact(Keep { by, id, version, texts, stamp, now }).await?)
}
/// Removes one that was shown in this version.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::Stale`]
pub async fn remove(app: &App, by: RawId, id: RawId, version: i64) -> Result<(), Problem> {
    Ok(app.store.transact(Remove { by, id, version, stamp: Stamp::new(app)? }).await?)
}
/// A prepared answer filled in with what a case is about, in the language of its customer if there is one, else in the first.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`]
pub async fn fill_in(app: &App, by: RawId, case: (CustomerId, CaseId), id: RawId) -> Result<String, Problem> {
    Ok(app.store.read(FillIn { by, case, id, brand: app.brand.clone() }).await?)
}

struct All;
impl Work for All {
    const NAME: &'static str = "prepared_answers";
    type Out = Vec<Prepared>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::all(tx, ROWS_MAX).await?)
    }
}

struct One {
    id: RawId,
}
impl Work for One {
    const NAME: &'static str = "prepared_answer";
    type Out = Vec<Prepared>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(table::one(tx, self.id).await?)
    }
}

struct Keep {
    by: RawId,
    id: RawId,
    version: i64,
    texts: Vec<(String, String, String)>,
    stamp: Stamp,
    now: SystemTime,
}
impl Keep {
    fn rows(&self) -> impl Iterator<Item = Prepared> {
        let (id, by, at, version) = (self.id, self.by, self.now, self.version.saturating_add(1));
        self.texts.iter().cloned().map(move |(language, title, text)| Prepared {
            id,
            language,
            title,
            text,
            version,
            changed_by: by,
            changed_at: at,
        })
    }
}
impl Work for Keep {
    const NAME: &'static str = "keep_prepared_answer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::KeepPrepared).await?;
        let there = table::lock(tx, self.id).await?;
        if there.first().is_some_and(|row| row.version == self.version.saturating_add(1)) {
            let said = |row: &Prepared| (row.language.clone(), row.title.clone(), row.text.clone(), row.changed_by);
            let ours: BTreeSet<_> = self.rows().map(|row| said(&row)).collect();
            if there.iter().map(said).collect::<BTreeSet<_>>() == ours {
                return Ok(()); // sent twice, or run again after a lost answer
            }
        }
        if there.first().map_or(0, |row| row.version) != self.version {
            return Err(Stop::Refused(Problem::Stale));
        }
        if there.is_empty() {
            let ids: BTreeSet<RawId> = table::all(tx, ROWS_MAX).await?.into_iter().map(|row| row.id).collect();
            if ids.len() >= KEPT_MAX {
                return Err(Stop::Refused(invalid("id", "too-many")));
            }
        }
        table::remove(tx, self.id);
        self.rows().for_each(|row| table::add(tx, &row));
        let act = Act::by(self.by, AuditAction::PreparedKept, ("prepared", self.id));
        self.stamp.append(tx, act).await
    }
}

struct Remove {
    by: RawId,
    id: RawId,
    version: i64,
    stamp: Stamp,
}
impl Work for Remove {
    const NAME: &'static str = "remove_prepared_answer";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        permit(tx, self.by, Permission::KeepPrepared).await?;
        match table::lock(tx, self.id).await?.first() {
            None => return Ok(()), // gone already
            Some(row) if row.version != self.version => return Err(Stop::Refused(Problem::Stale)),
            Some(_) => table::remove(tx, self.id),
        }
        self.stamp.append(tx, Act::by(self.by, AuditAction::PreparedRemoved, ("prepared", self.id))).await
    }
}

struct FillIn {
    by: RawId,
    case: (CustomerId, CaseId),
    id: RawId,
    brand: Arc<Brand>,
}
impl Work for FillIn {
    const NAME: &'static str = "fill_in_prepared_answer";
    type Out = String;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<String, Stop<Problem>> {
        permit(tx, self.by, Permission::WorkCases).await?;
        let (customer, id) = self.case;
        let found = case::get(tx, customer, id).await?;
        let case = Reader::Staff(self.by).may(tx, found).await?;
        let language = customer::get(tx, customer).await?.language;
        let rows = table::one(tx, self.id).await?;
        let row = rows.iter().find(|row| row.language == language).or(rows.first());
        let row = row.ok_or(Stop::Refused(Problem::NotFound("prepared answer")))?;
        let order = match case.order {
            Some(id) => order::get(tx, customer, id).await?.map(|order| order.number),
            None => None,
        };
        let line = match case.line {
            Some(id) => line::get(tx, customer, id).await?.map(|line| line.msisdn.masked()),
            None => None,
        };
        Ok(fill(&row.text, |parameter| match parameter {
            Parameter::Case => Some(number(id).to_string()),
            Parameter::Order => order.clone(),
            Parameter::Line => line.clone(),
            Parameter::Brand => Some(self.brand.name.get(&row.language).to_owned()),
            Parameter::Hotline => Some(self.brand.hotline.clone()),
            Parameter::Hours => Some(self.brand.hotline_hours.get(&row.language).to_owned()),
        }))
    }
}
