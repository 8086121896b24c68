//! What whoever asked writes in a case, and that they say it is solved.

use super::{Reader, Sent, Taken, changed, goes_on, invalid, refused, take, text_of};
use crate::{App, Problem};
use everline_core::attachment::{FILES_OF_CASE_MAX, OCTETS_OF_CUSTOMER_MAX};
use everline_core::ids::{CaseId, CustomerId, RawId};
use everline_core::support::{CaseState, CaseStep, ENTRIES_MAX, EntryKind, NotTaken, asker_wrote};
use everline_core::time::{BusinessTime, Now};
use everline_store::tables::case::{self, Entry, FileInfo};
use everline_store::{Stop, Tx, Work};

/// Its asker writes. What was solved is open again. The entry's id is chosen with the page, so that sending it twice writes once.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotTaken`] if it is over or full; [`Problem::ExistsDifferently`] if something
/// else was written under this id.
pub async fn write(
    app: &App,
    (customer, id): (CustomerId, CaseId),
    reader: Reader,
    entry: RawId,
    text: &str,
    files: Vec<Sent>,
) -> Result<(), Problem> {
    let (text, files) = (text_of(text)?, take(app, files)?);
    let written = Written { entry, kind: EntryKind::Asker, staff: None, text, files, now: app.clock.now() };
    Ok(app.store.transact(AskerWrites { customer, id, reader, written }).await?)
}
/// Its asker says that it is solved.
///
/// # Errors
/// [`Problem::NotTaken`] if it is already.
pub async fn solved(app: &App, (customer, id): (CustomerId, CaseId), reader: Reader) -> Result<(), Problem> {
    let now = app.clock.now().business;
    Ok(app.store.transact(AskerSolves { customer, id, reader, now }).await?)
}

/// What somebody wrote.
pub(super) struct Written {
    pub(super) entry: RawId,
    /// What it is, and for whom.
    pub(super) kind: EntryKind,
    /// Which member of the staff wrote it.
    pub(super) staff: Option<RawId>,
    pub(super) text: String,
    pub(super) files: Vec<Taken>,
    pub(super) now: Now,
}
impl Written {
    /// Whether it was written already: it was sent twice, or a Work runs again after a lost answer. An id under which there is
    /// something else is refused.
    pub(super) async fn is_there(
        &self,
        tx: &mut Tx,
        (customer, id): (CustomerId, CaseId),
    ) -> Result<bool, Stop<Problem>> {
        let Some((of, there)) = case::entry(tx, customer, self.entry).await? else { return Ok(false) };
        let same = of == id && (there.kind, there.staff) == (self.kind, self.staff) && there.text == self.text;
        if same { Ok(true) } else { Err(Stop::Refused(Problem::ExistsDifferently("entry"))) }
    }
    pub(super) async fn put(&self, tx: &mut Tx, (customer, id): (CustomerId, CaseId)) -> Result<(), Stop<Problem>> {
        let Written { entry, kind, staff, text, files, now } = self;
        let there = case::files(tx, customer, id).await?.len();
        let count = i64::try_from(there.saturating_add(files.len())).unwrap_or(i64::MAX);
        if !files.is_empty() && count > FILES_OF_CASE_MAX {
            return Err(Stop::Refused(invalid("files", "too-many-of-case")));
        }
        let octets = |taken: &Taken| i64::try_from(taken.content.len()).unwrap_or(i64::MAX);
        let more: i64 = files.iter().map(octets).fold(0, i64::saturating_add);
        if more > 0 && case::file_octets(tx, customer).await?.saturating_add(more) > OCTETS_OF_CUSTOMER_MAX {
            return Err(Stop::Refused(invalid("files", "too-much")));
        }
        let (text, at) = (text.clone(), now.business);
        case::add_entry(tx, customer, id, &Entry { id: *entry, kind: *kind, staff: *staff, text, at });
        for taken in files {
            let (name, octets) = (taken.name.clone(), octets(taken));
            let info = FileInfo { id: taken.id, entry: *entry, name, kind: taken.kind, octets };
            case::add_file(tx, (customer, id), &info, taken.content.clone(), at);
        }
        Ok(())
    }
}

struct AskerWrites {
    customer: CustomerId,
    id: CaseId,
    reader: Reader,
    written: Written,
}
impl Work for AskerWrites {
    const NAME: &'static str = "write_in_case";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let (case, at) = (goes_on(tx, self.customer, self.id, self.reader).await?, self.written.now.business);
        if self.written.is_there(tx, (self.customer, case.id)).await? {
            return Ok(());
        }
        let entries = case::entries(tx, self.customer, case.id).await?;
        if entries.iter().filter(|entry| entry.kind == EntryKind::Asker).count() >= ENTRIES_MAX {
            return Err(refused(NotTaken::Full));
        }
        let state = asker_wrote(case.state, case.solved_at, at).map_err(refused)?;
        self.written.put(tx, (self.customer, case.id)).await?;
        case::save(tx, &changed(case, state, (None, CaseStep::AskerWrote), at));
        Ok(())
    }
}

struct AskerSolves {
    customer: CustomerId,
    id: CaseId,
    reader: Reader,
    now: BusinessTime,
}
impl Work for AskerSolves {
    const NAME: &'static str = "solve_case";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let case = goes_on(tx, self.customer, self.id, self.reader).await?;
        if case.state != CaseState::Solved {
            case::save(tx, &changed(case, CaseState::Solved, (None, CaseStep::AskerSolved), self.now));
        }
        Ok(())
    }
}
