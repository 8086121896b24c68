//! The passes over a file, the same for every kind: judge, write, make.

use super::header::{Cells, Column, Header, header};
use super::mentions::{At, Mentions};
use super::text::{Encoding, Lines, cells, detect};
use super::works::{Apply, Begin, Conflicts, Content, GetBatch, Judge, Turn, UndoStep, Write, check_key};
use super::{
    BATCHES_MAX, BatchResult, Fault, FileFault, ImportError, Importer, Listener, Options, Outcome, Progress, RowFault,
    Step, Summary,
};
use crate::Problem;
use crate::secrets::NotSealedHere;
use everline_store::tables::stock::{BatchKind, BatchState};
use everline_store::{Error, Stop, Store, Tx};
use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use tokio::task::JoinHandle;

/// Rows judged in one read.
const JUDGE_ROWS: usize = 1_000;
/// Rows read before anything else happens.
const READ_ROWS: usize = 4_000;
/// Transactions under way at once: while one is written the next is prepared.
const AT_ONCE: usize = 3;

/// A row and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Numbered<R> {
    pub(super) at: At,
    pub(super) batch: Arc<str>,
    pub(super) row: R,
}

/// What the store says to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is not there.
    New,
    /// Its place is held by this batch; it is not made yet.
    Begun,
    /// It is there, as the row says; `here`: this batch brought it.
    Same { here: bool },
    /// Something else is there.
    Refused(Fault),
}

/// One kind of file.
pub(super) trait Kind: Send + Sync + Sized + 'static {
    const KIND: BatchKind;
    const COLUMNS: &'static [Column];
    /// The place of the batch in the columns.
    const BATCH: usize;
    /// Whether rows are first held and then made.
    const APPLIES: bool;
    type Row: Clone + Send + Sync + 'static;
    /// A row with everything that is computed outside of the transaction.
    type Ready: Send + Sync + 'static;

    /// Reads a row. Pure.
    fn read(&self, cells: &Cells<'_>) -> Result<Self::Row, Vec<Fault>>;
    /// Names what may stand in one row only.
    fn mention(&self, row: &Self::Row, out: &mut Mentions);
    fn prepare(&self, row: &Numbered<Self::Row>) -> Result<Self::Ready, NotSealedHere>;
    /// What the store says to each row.
    fn judge(&self, tx: &mut Tx, rows: &[Numbered<Self::Row>])
    -> impl Future<Output = Result<Vec<Fate>, Error>> + Send;
    /// Writes rows, or holds their places; whether none of them was there before.
    fn write(&self, tx: &mut Tx, ready: &[Self::Ready]) -> impl Future<Output = Result<bool, Error>> + Send;
    /// Makes rows whose places are held.
    fn apply(&self, tx: &mut Tx, ready: &[Self::Ready]) -> impl Future<Output = Result<(), Error>> + Send;
    /// The end of the next step of taking back after a key.
    fn undo_end(tx: &mut Tx, after: &str, rows: i64) -> impl Future<Output = Result<Option<String>, Error>> + Send;
    /// Takes back what a batch wrote between two keys.
    fn undo(tx: &mut Tx, between: (&str, &str), batch: &str);
}

/// Loads one file.
pub(super) async fn run<K: Kind>(
    importer: &Importer,
    kind: K,
    file: (&mut (impl Read + Seek + Send), &str),
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, ImportError> {
    let (reader, name) = file;
    check_key(importer, options.dry_run).await?;
    let size = reader.seek(SeekFrom::End(0))?;
    reader.rewind()?;
    let encoding = detect(reader)??;
    reader.rewind()?;
    let mut lines = Lines::new(BufReader::new(&mut *reader), encoding);
    let first = lines.next_line()?.ok_or(FileFault::Empty)?;
    let first = first.map_err(|fault| FileFault::Unreadable(format!("{}: {}", fault.reason, fault.remedy)))?;
    let header = header(&first, K::COLUMNS)?;
    let mut run = Run {
        importer,
        kind: Arc::new(kind),
        reader,
        encoding,
        header,
        size,
        default_batch: name.chars().filter(|c| !c.is_control()).take(BATCH_CHARS_MAX).collect(),
        options,
        listener,
        batches: Vec::new(),
        numbers: HashMap::new(),
        summary: Summary::default(),
        spoiled: false,
        refused: Vec::new(),
    };
    Box::pin(run.check()).await?;
    if !options.dry_run {
        Box::pin(run.load()).await?;
        if K::APPLIES {
            Box::pin(run.make()).await?;
        }
    }
    Ok(run.close())
}

/// The longest name of a batch, in characters.
const BATCH_CHARS_MAX: usize = 100;

/// A batch of the file.
struct Tally {
    name: Arc<str>,
    named: bool,
    /// Where the store has it.
    stored: Option<BatchState>,
    rows: u64,
    new: u64,
    same: u64,
    /// How many of the same this batch brought itself.
    brought: u64,
    bad: bool,
}

struct Run<'a, K, R> {
    importer: &'a Importer,
    kind: Arc<K>,
    reader: &'a mut R,
    encoding: Encoding,
    header: Header,
    size: u64,
    default_batch: String,
    options: Options,
    listener: &'a mut dyn Listener,
    batches: Vec<Tally>,
    numbers: HashMap<String, u16>,
    summary: Summary,
    /// A line could not be read: nobody knows which batch it is of, so none of them is whole.
    spoiled: bool,
    /// Lines that are refused.
    refused: Vec<u32>,
}

/// A line of the file, read.
struct Item<R> {
    line: u32,
    batch: Option<String>,
    row: Result<R, Vec<Fault>>,
    readable: bool,
}

/// The rows of a file, from the first.
struct Rows<'a, R: Read> {
    lines: Lines<BufReader<&'a mut R>>,
    header: &'a Header,
}
impl<'a, R: Read + Seek> Rows<'a, R> {
    fn new(reader: &'a mut R, encoding: Encoding, header: &'a Header) -> Result<Self, ImportError> {
        reader.rewind()?;
        let mut lines = Lines::new(BufReader::with_capacity(256 * 1024, reader), encoding);
        let _ = lines.next_line()?;
        Ok(Self { lines, header })
    }
    fn next<K: Kind>(&mut self, kind: &K) -> Result<Option<Item<K::Row>>, ImportError> {
        let Some(text) = self.lines.next_line()? else { return Ok(None) };
        let text = text.map(Cow::into_owned);
        let line = u32::try_from(self.lines.number()).unwrap_or(u32::MAX);
        let unreadable = |fault| Ok(Some(Item { line, batch: None, row: Err(vec![fault]), readable: false }));
        let text = match text {
            Ok(text) => text,
            Err(fault) => return unreadable(fault),
        };
        let mut cut = Vec::with_capacity(self.header.width);
        if let Err(fault) = cells(&text, self.header.separator, &mut cut) {
            return unreadable(fault);
        }
        if cut.len() != self.header.width {
            let reason = format!("{} cells, the first line has {}", cut.len(), self.header.width);
            let remedy = "every line has as many cells as the first; a separator inside a value needs quotes around it";
            return unreadable(Fault::new("line", reason, remedy));
        }
        let cells = Cells::new(self.header, &cut);
        let batch = cells.get(K::BATCH);
        if batch.is_some_and(|name| name.chars().count() > BATCH_CHARS_MAX || name.chars().any(char::is_control)) {
            return unreadable(Fault::new(
                "batch",
                "no name for a batch",
                format!("at most {BATCH_CHARS_MAX} visible characters"),
            ));
        }
        Ok(Some(Item { line, batch: batch.map(str::to_owned), row: kind.read(&cells), readable: true }))
    }
}

impl<K: Kind, R: Read + Seek + Send> Run<'_, K, R> {
    /// The number of a batch; one that is new is looked up in the store.
    async fn number(&mut self, name: Option<&str>) -> Result<u16, ImportError> {
        let (name, named) = (name.unwrap_or(&self.default_batch), name.is_some());
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        let number = u16::try_from(self.batches.len()).ok().filter(|number| usize::from(*number) < BATCHES_MAX);
        let number = number.ok_or(FileFault::TooManyBatches { batches_max: BATCHES_MAX })?;
        let get = GetBatch { kind: K::KIND, name: name.to_owned() };
        let stored = self.importer.store.read(get).await?;
        let named_so = Tally { name: name.into(), named, stored, rows: 0, new: 0, same: 0, brought: 0, bad: false };
        self.numbers.insert(name.to_owned(), number);
        self.batches.push(named_so);
        Ok(number)
    }
    fn tally(&mut self, number: u16) -> Option<&mut Tally> {
        self.batches.get_mut(usize::from(number))
    }
    fn refuse(&mut self, at: At, fault: Fault) -> Result<(), ImportError> {
        let batch = self.tally(at.batch).map(|tally| {
            tally.bad = true;
            tally.name.to_string()
        });
        self.refused.push(at.line);
        Ok(self.listener.refused(&RowFault { line: at.line.into(), batch, fault })?)
    }

    /// The first pass: every row by itself, against the store, and against the other rows.
    async fn check(&mut self) -> Result<(), ImportError> {
        let (kind, header) = (self.kind.clone(), self.header.clone());
        let (mut mentions, mut chunk, mut window) = (Mentions::default(), Vec::new(), VecDeque::new());
        let size = self.size;
        // The reader is lent to the rows of this pass; nothing else of the run touches it meanwhile.
        let mut place = Position::default();
        loop {
            let items = self.some(&header, &mut place)?;
            if items.is_empty() {
                break;
            }
            for item in items {
                self.summary.rows += 1;
                if self.summary.rows > self.options.rows_max {
                    return Err(FileFault::TooManyRows { rows_max: self.options.rows_max }.into());
                }
                if !item.readable {
                    self.spoiled = true;
                    self.refused.push(item.line);
                    for fault in item.row.err().unwrap_or_default() {
                        self.listener.refused(&RowFault { line: item.line.into(), batch: None, fault })?;
                    }
                    continue;
                }
                let number = self.number(item.batch.as_deref()).await?;
                let at = At { line: item.line, batch: number };
                let name = self.tally(number).map(|tally| {
                    tally.rows += 1;
                    tally.name.clone()
                });
                match item.row {
                    Ok(row) => {
                        mentions.of_row(at);
                        kind.mention(&row, &mut mentions);
                        chunk.push(Numbered { at, batch: name.unwrap_or_else(|| "".into()), row });
                    }
                    Err(faults) => faults.into_iter().try_for_each(|fault| self.refuse(at, fault))?,
                }
                if chunk.len() >= JUDGE_ROWS {
                    window.push_back(judge(&self.importer.store, &kind, std::mem::take(&mut chunk)));
                }
                if window.len() >= AT_ONCE {
                    self.judged(window.pop_front()).await?;
                }
            }
            let progress =
                Progress { step: Step::Checking, bytes: place.bytes, of_bytes: size, rows: self.summary.rows };
            self.listener.progress(progress);
        }
        window.push_back(judge(&self.importer.store, &kind, chunk));
        while let Some(next) = window.pop_front() {
            self.judged(Some(next)).await?;
        }
        self.rounded(&mentions)?;
        for (at, fault) in mentions.contradictions() {
            self.refuse(at, fault)?;
        }
        Ok(())
    }

    /// The next rows of the file, from a place on.
    fn some(&mut self, header: &Header, place: &mut Position) -> Result<Vec<Item<K::Row>>, ImportError> {
        let kind = self.kind.clone();
        let mut rows = match place.offset {
            0 => Rows::new(self.reader, self.encoding, header)?,
            offset => {
                self.reader.seek(SeekFrom::Start(offset))?;
                let lines = Lines::resumed(
                    BufReader::with_capacity(64 * 1024, &mut *self.reader),
                    self.encoding,
                    place.line,
                    offset,
                );
                Rows { lines, header }
            }
        };
        let mut items = Vec::with_capacity(READ_ROWS);
        while items.len() < READ_ROWS {
            match rows.next(&*kind)? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        *place = Position { offset: rows.lines.bytes(), line: rows.lines.number(), bytes: rows.lines.bytes() };
        Ok(items)
    }

    async fn judged(&mut self, judging: Option<JoinHandle<Judged<K>>>) -> Result<(), ImportError> {
        let Some(judging) = judging else { return Ok(()) };
        let (rows, fates) = judging.await.map_err(|_| Problem::Internal("judging rows".to_owned()))??;
        for (row, fate) in rows.iter().zip(fates) {
            let Some(tally) = self.tally(row.at.batch) else { continue };
            let closed = match tally.stored {
                Some(BatchState::Complete) => Some("the batch is complete, and this row is not in it"),
                Some(BatchState::Applying) => Some("the batch was begun without this row"),
                _ => None,
            };
            match (fate, closed) {
                (Fate::Refused(fault), _) => self.refuse(row.at, fault)?,
                (Fate::New, Some(reason)) => {
                    let remedy = "give new rows a batch (or a file) of their own";
                    self.refuse(row.at, Fault::new("batch", reason, remedy))?;
                }
                (Fate::New | Fate::Begun, _) => tally.new += 1,
                (Fate::Same { here }, _) => {
                    tally.same += 1;
                    tally.brought += u64::from(here);
                }
            }
        }
        Ok(())
    }

    /// A column of card numbers that end in zeros was cut by a spreadsheet; a few among many are real.
    fn rounded(&mut self, mentions: &Mentions) -> Result<(), ImportError> {
        let count = u64::try_from(mentions.rounded.len()).unwrap_or(u64::MAX);
        if count >= 2 && count.saturating_mul(2) > self.summary.rows {
            for at in mentions.rounded.clone() {
                let remedy = "a spreadsheet keeps fifteen digits of a number: format the column as text and load the original file into it again";
                self.refuse(
                    at,
                    Fault::new("iccid", "ends in zeros, as most of the column does: digits were cut off", remedy),
                )?;
            }
        } else if let Some(first) = mentions.rounded.first() {
            let warning = format!(
                "{count} card numbers end in zeros as if cut to fifteen digits, the first in line {}: compare with the card",
                first.line
            );
            self.summary.warnings.push(warning);
        }
        Ok(())
    }

    fn good(&self, tally: &Tally) -> bool {
        !tally.bad && !self.spoiled
    }

    /// The second pass: writes the rows of good batches, and takes back what was begun of others.
    async fn load(&mut self) -> Result<(), ImportError> {
        let (at, store) = (self.importer.clock.now().business, self.importer.store.clone());
        let begins: Vec<_> = (self.batches.iter())
            .filter(|tally| self.good(tally) && tally.stored.is_none() && tally.new > 0)
            .map(|tally| (tally.name.clone(), tally.named))
            .collect();
        for names in begins.chunks(self.options.rows_per_work.max(1)) {
            store.transact(Begin { kind: K::KIND, names: names.to_vec(), at }).await?;
        }
        for number in 0..self.batches.len() {
            let Some(tally) = self.batches.get(number) else { continue };
            match (self.good(tally), tally.stored, tally.name.clone()) {
                (true, None, _) if tally.new > 0 => {
                    if let Some(tally) = self.batches.get_mut(number) {
                        tally.stored = Some(BatchState::Loading);
                    }
                }
                (false, Some(BatchState::Loading), name) => self.take_back(number, &name).await?,
                _ => {}
            }
        }
        self.pass(Step::Loading, BatchState::Loading).await?;
        for number in 0..self.batches.len() {
            let Some(tally) = self.batches.get(number).filter(|tally| tally.stored == Some(BatchState::Loading)) else {
                continue;
            };
            if self.good(tally) {
                let to = if K::APPLIES { BatchState::Applying } else { BatchState::Complete };
                self.turn(number, to).await?;
            } else {
                let name = tally.name.clone();
                self.take_back(number, &name).await?;
            }
        }
        Ok(())
    }

    /// The third pass: makes what the rows stand for.
    async fn make(&mut self) -> Result<(), ImportError> {
        self.pass(Step::Applying, BatchState::Applying).await?;
        for number in 0..self.batches.len() {
            let applying = |tally: &&Tally| tally.stored == Some(BatchState::Applying);
            if self.batches.get(number).filter(applying).is_some_and(|tally| self.good(tally)) {
                self.turn(number, BatchState::Complete).await?;
            }
        }
        Ok(())
    }

    async fn turn(&mut self, number: usize, to: BatchState) -> Result<(), ImportError> {
        let Some(tally) = self.batches.get_mut(number) else { return Ok(()) };
        let (from, name) = (tally.stored.unwrap_or(BatchState::Loading), tally.name.clone());
        let rows = i64::try_from(tally.new + tally.brought).unwrap_or(i64::MAX);
        let at = self.importer.clock.now().business;
        let turned =
            self.importer.store.transact(Turn { kind: K::KIND, name: name.clone(), from, to, rows, at }).await?;
        if !turned {
            return Err(ImportError::Disturbed(name.to_string()));
        }
        if let Some(tally) = self.batches.get_mut(number) {
            tally.stored = Some(to);
        }
        Ok(())
    }

    /// Writes the rows of the batches that are in a state, some hundred in a transaction.
    async fn pass(&mut self, step: Step, state: BatchState) -> Result<(), ImportError> {
        let any = self.batches.iter().any(|tally| self.good(tally) && tally.stored == Some(state));
        if !any {
            return Ok(());
        }
        let header = self.header.clone();
        let (mut place, mut chunk, mut window) = (Position::default(), Vec::new(), VecDeque::new());
        let mut settled = 0;
        loop {
            let items = self.some(&header, &mut place)?;
            if items.is_empty() {
                break;
            }
            for item in items {
                let number = self.number(item.batch.as_deref()).await?;
                let Some(tally) = self.batches.get(usize::from(number)) else { continue };
                let (wanted, batch) = (self.good(tally) && tally.stored == Some(state), tally.name.clone());
                let Ok(row) = item.row else { continue };
                if wanted {
                    chunk.push(Numbered { at: At { line: item.line, batch: number }, batch, row });
                }
                if chunk.len() >= self.options.rows_per_work.max(1) {
                    window.push_back(write(self.importer, &self.kind, step, std::mem::take(&mut chunk)));
                }
                if window.len() >= AT_ONCE {
                    settled += self.written(window.pop_front(), step).await?;
                    let (bytes, of_bytes) = (place.bytes, self.size);
                    self.listener.progress(Progress { step, bytes, of_bytes, rows: settled });
                }
            }
        }
        if !chunk.is_empty() {
            window.push_back(write(self.importer, &self.kind, step, chunk));
        }
        while let Some(next) = window.pop_front() {
            settled += self.written(Some(next), step).await?;
        }
        self.listener.progress(Progress { step, bytes: self.size, of_bytes: self.size, rows: settled });
        Ok(())
    }

    /// Waits for a transaction. Rows that met something meanwhile spoil their batches; the others are written without them.
    async fn written(&mut self, writing: Option<JoinHandle<Written<K>>>, step: Step) -> Result<u64, ImportError> {
        let mut next = writing;
        while let Some(writing) = next.take() {
            let written = writing.await.map_err(|_| Problem::Internal("writing rows".to_owned()))??;
            match written {
                Ok(rows) => return Ok(rows),
                Err((content, conflicts)) => {
                    for (at, fault) in conflicts {
                        self.refuse(at, fault)?;
                    }
                    let whole = |row: &&Numbered<K::Row>| {
                        self.batches.get(usize::from(row.at.batch)).is_some_and(|tally| !tally.bad)
                    };
                    let rest: Vec<_> = content.rows.iter().filter(whole).cloned().collect();
                    next = (!rest.is_empty()).then(|| write(self.importer, &self.kind, step, rest));
                }
            }
        }
        Ok(0)
    }

    /// Removes every row that a batch wrote, and the batch.
    async fn take_back(&mut self, number: usize, name: &str) -> Result<(), ImportError> {
        let mut after = String::new();
        loop {
            let step = UndoStep::<K> { kind: std::marker::PhantomData, after, batch: name.to_owned() };
            match self.importer.store.transact(step).await? {
                Some(end) => after = end,
                None => break,
            }
        }
        if let Some(tally) = self.batches.get_mut(number) {
            tally.stored = None;
            tally.bad = true;
        }
        Ok(())
    }

    fn close(mut self) -> Summary {
        self.refused.sort_unstable();
        self.refused.dedup();
        let mut summary = std::mem::take(&mut self.summary);
        summary.refused = u64::try_from(self.refused.len()).unwrap_or(u64::MAX);
        for tally in &self.batches {
            let good = self.good(tally);
            summary.added += if good { tally.new } else { 0 };
            summary.already_there += tally.same;
            let outcome = match (good, tally.stored) {
                (true, _) if tally.new == 0 && self.options.dry_run => Outcome::AlreadyThere,
                (true, _) if self.options.dry_run => Outcome::WouldLoad,
                (true, _) if tally.new == 0 => Outcome::AlreadyThere,
                (true, _) => Outcome::Complete,
                (false, Some(BatchState::Applying)) => Outcome::HalfWay,
                (false, _) => Outcome::Refused,
            };
            summary.batches.push(BatchResult { name: tally.name.to_string(), rows: tally.rows, outcome });
        }
        let told = summary.refused + summary.added + summary.already_there;
        summary.held_back = summary.rows.saturating_sub(told);
        summary
    }
}

/// Where reading goes on.
#[derive(Default)]
struct Position {
    offset: u64,
    line: u64,
    bytes: u64,
}

type Judged<K> = Result<(Arc<Vec<Numbered<<K as Kind>::Row>>>, Vec<Fate>), Problem>;

fn judge<K: Kind>(store: &Store, kind: &Arc<K>, rows: Vec<Numbered<K::Row>>) -> JoinHandle<Judged<K>> {
    let (store, kind, rows) = (store.clone(), kind.clone(), Arc::new(rows));
    tokio::spawn(async move {
        let fates = store.read(Judge { kind, rows: rows.clone() }).await.map_err(Problem::from)?;
        Ok((rows, fates))
    })
}

/// How many rows were written; or, if some met something else, that and all of them.
type Written<K> = Result<Result<u64, (Arc<Content<K>>, Conflicts)>, ImportError>;

/// Tries again when another import made the same owner at the same time.
const TRIES: u32 = 3;

fn write<K: Kind>(
    importer: &Importer,
    kind: &Arc<K>,
    step: Step,
    rows: Vec<Numbered<K::Row>>,
) -> JoinHandle<Written<K>> {
    let (store, kind) = (importer.store.clone(), kind.clone());
    tokio::spawn(async move {
        let ready = rows.iter().map(|row| kind.prepare(row)).collect::<Result<Vec<_>, _>>()?;
        let content = Arc::new(Content { rows, ready });
        let mut tries = 0;
        loop {
            tries += 1;
            let (kind, content) = (kind.clone(), content.clone());
            let done = match step {
                Step::Applying => store.transact(Apply { kind, content: content.clone() }).await,
                _ => store.transact(Write { kind, content: content.clone() }).await,
            };
            match done {
                Err(Stop::Store(Error::Conflict { .. })) if tries < TRIES => {}
                Ok(()) => return Ok(Ok(u64::try_from(content.rows.len()).unwrap_or(0))),
                Err(Stop::Refused(conflicts)) => return Ok(Err((content, conflicts))),
                Err(Stop::Store(error)) => return Err(Problem::from(error).into()),
            }
        }
    })
}
