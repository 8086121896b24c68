//! Sims: cards and profiles, in stock and in use.
//!
//! A Sim of a batch that is not complete is not there for anybody but the import that loads it: see [`Held::free`].

use super::columns::Columns;
use crate::{Cell, Column, Engine, FromRow, Query, Result, Row, Sql, Tx, Value, args};
use everline_core::identifiers::{Iccid, Imsi, Msisdn};
use everline_core::ids::{CustomerId, LineId, RawId};

macro_rules! held_columns {
    () => {
        "s.iccid, s.imsi, s.msisdn, s.kind, s.state, s.batch, b.state, s.source_hash, s.line_batch, m.state, s.line_hash, b.hold_id"
    };
}
macro_rules! held_joins {
    () => {
        "LEFT JOIN import_batch b ON b.kind = 'sims' AND b.name = s.batch LEFT JOIN import_batch m ON m.kind = 'lines' AND m.name = s.line_batch"
    };
}
macro_rules! stock_columns {
    () => {
        "iccid, imsi, msisdn, kind, batch, line_batch, source_hash, line_hash, pin1, puk1, pin2, puk2, registration_code, puk_hash, registration_hash"
    };
}

crate::queries! { ALL;
    ADD = "INSERT INTO sim (iccid, imsi, kind, state, eid, line_id, customer_id, role, msisdn) \
        VALUES ($1, $2, $3, 'in_use', NULL, $4, $5, 'primary', $6)";
    PRIMARY_OF = "SELECT iccid FROM sim WHERE line_id = $1 AND role = 'primary'";
    FIND = concat!("SELECT ", held_columns!(), " FROM sim s ", held_joins!(), " WHERE s.iccid = $1");
    TAKE = "UPDATE sim SET state = 'in_use', line_id = $2, customer_id = $3, role = 'primary', msisdn = $4 \
        WHERE iccid = $1 AND state = 'in_stock'";
    ADD_STOCK = concat!("INSERT INTO sim (", stock_columns!(), ", state) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'in_stock') ON CONFLICT DO NOTHING");
    HOLD = "UPDATE sim SET line_batch = $2, line_hash = $3 WHERE iccid = $1 AND state = 'in_stock'";
    STOCK_OF = concat!("SELECT ", stock_columns!(), " FROM sim WHERE iccid = $1");
    STOCK_PAGE = "SELECT s.iccid, s.imsi, s.msisdn, s.kind, s.batch, s.line_batch, s.source_hash, s.line_hash, s.pin1, s.puk1, s.pin2, \
        s.puk2, s.registration_code, s.puk_hash, s.registration_hash, b.named FROM sim s \
        LEFT JOIN import_batch b ON b.kind = 'sims' AND b.name = s.batch LEFT JOIN import_batch m ON m.kind = 'lines' AND m.name = s.line_batch \
        WHERE s.iccid > $1 AND s.state IN ('in_stock', 'in_use') AND (s.batch IS NULL OR b.state = 'complete') \
        AND (s.line_batch IS NULL OR s.state = 'in_use' OR m.state = 'complete') ORDER BY s.iccid LIMIT $2";
    PAGE_END = "SELECT MAX(p.iccid) FROM (SELECT iccid FROM sim WHERE iccid > $1 ORDER BY iccid LIMIT $2) p";
    DROP_STOCK = "DELETE FROM sim WHERE iccid > $1 AND iccid <= $2 AND batch = $3 AND state = 'in_stock'";
    DROP_HELD = "DELETE FROM sim WHERE iccid > $1 AND iccid <= $2 AND batch IS NULL AND line_batch = $3 AND state = 'in_stock'";
    LET_GO = "UPDATE sim SET line_batch = NULL, line_hash = NULL WHERE iccid > $1 AND iccid <= $2 AND line_batch = $3 AND state = 'in_stock'";
    BY_REGISTRATION = "SELECT iccid FROM sim WHERE registration_hash = $1 ORDER BY iccid LIMIT 2";
    PUK_HASH_OF = "SELECT puk_hash FROM sim WHERE iccid = $1";
}

/// Many names at once need an array, which each engine has its own way for.
static FIND_SQLITE: Sql = Sql::new(concat!(
    "SELECT ",
    held_columns!(),
    " FROM json_each($1) j CROSS JOIN sim s ON s.iccid = j.value ",
    held_joins!(),
    " UNION ALL SELECT ",
    held_columns!(),
    " FROM json_each($2) j CROSS JOIN sim s ON s.imsi = j.value ",
    held_joins!(),
    " UNION ALL SELECT ",
    held_columns!(),
    " FROM json_each($3) j CROSS JOIN sim s ON s.msisdn = j.value ",
    held_joins!(),
));
static FIND_POSTGRES: Sql = Sql::new(concat!(
    "SELECT ",
    held_columns!(),
    " FROM sim s ",
    held_joins!(),
    " WHERE s.iccid = ANY($1)",
    " UNION ALL SELECT ",
    held_columns!(),
    " FROM sim s ",
    held_joins!(),
    " WHERE s.imsi = ANY($2)",
    " UNION ALL SELECT ",
    held_columns!(),
    " FROM sim s ",
    held_joins!(),
    " WHERE s.msisdn = ANY($3)",
));
static ADD_STOCK_POSTGRES: Sql = Sql::new(concat!(
    "INSERT INTO sim (",
    stock_columns!(),
    ", state) \
     SELECT t.a, t.b, NULLIF(t.c, ''), t.d, NULLIF(t.e, ''), NULLIF(t.f, ''), NULLIF(t.g, ''::BYTEA), NULLIF(t.h, ''::BYTEA), \
     NULLIF(t.i, ''::BYTEA), NULLIF(t.j, ''::BYTEA), NULLIF(t.k, ''::BYTEA), NULLIF(t.l, ''::BYTEA), NULLIF(t.m, ''::BYTEA), \
     NULLIF(t.n, ''::BYTEA), NULLIF(t.o, ''::BYTEA), 'in_stock' \
     FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TEXT[], $7::BYTEA[], $8::BYTEA[], $9::BYTEA[], $10::BYTEA[], \
     $11::BYTEA[], $12::BYTEA[], $13::BYTEA[], $14::BYTEA[], $15::BYTEA[]) AS t(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o) ON CONFLICT DO NOTHING"
));

/// What a Sim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimKind {
    /// A card.
    Physical,
    /// A profile.
    Esim,
}
impl SimKind {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            SimKind::Physical => "physical",
            SimKind::Esim => "esim",
        }
    }
    /// The kind of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [SimKind::Physical, SimKind::Esim].into_iter().find(|kind| kind.word() == word)
    }
}
/// Where a Sim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SimState {
    /// Nobody has it.
    InStock,
    /// It serves a line.
    InUse,
    /// It rests before it can be given out again: with its line, or, set aside by people, without one.
    Quarantined,
    /// Lost or broken: it is given out no more.
    Retired,
}
impl SimState {
    /// The state of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::column(Cell::Text(word))
    }
}
macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ })+) => {$(
        impl Column for $type {
            fn column(cell: Cell<'_>) -> Option<Self> {
                match cell { $(Cell::Text($word) => Some($type::$variant),)+ _ => None }
            }
        }
    )+};
}
words! {
    SimKind { Physical = "physical", Esim = "esim" }
    SimState { InStock = "in_stock", InUse = "in_use", Quarantined = "quarantined", Retired = "retired" }
}

/// A Sim as an import or a new line meets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The card or profile number.
    pub iccid: Iccid,
    /// The subscriber identity.
    pub imsi: String,
    /// The number it bears.
    pub msisdn: Option<String>,
    /// Card or profile.
    pub kind: SimKind,
    /// Where it is.
    pub state: SimState,
    /// The batch that brought it, and whether that is complete.
    pub batch: Option<(String, bool)>,
    /// Keyed hash of the row that brought it.
    pub source_hash: Option<[u8; 16]>,
    /// The batch of lines that took it or is about to, and whether that is complete.
    pub line_batch: Option<(String, bool)>,
    /// Keyed hash of that row.
    pub line_hash: Option<[u8; 16]>,
    /// Whether the batch that brought it is set aside.
    pub set_aside: bool,
}
impl Held {
    /// Whether a line may take it: in stock, in a batch that is complete and not set aside, and not held for lines that are
    /// being moved in.
    #[must_use]
    pub fn free(&self) -> bool {
        let complete = |batch: &Option<(String, bool)>| batch.as_ref().is_none_or(|(_, complete)| *complete);
        self.state == SimState::InStock && !self.set_aside && complete(&self.batch) && complete(&self.line_batch)
    }
}
impl FromRow for Held {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (iccid, imsi, msisdn, kind, state) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let batch = |c: &mut Columns<'_, '_>| -> Result<Option<(String, bool)>> {
            let (name, state): (Option<String>, Option<String>) = (c.next()?, c.next()?);
            Ok(name.map(|name| (name, state.as_deref() == Some("complete"))))
        };
        let brought = batch(&mut c)?;
        let source_hash = c.next()?;
        Ok(Held {
            iccid,
            imsi,
            msisdn,
            kind,
            state,
            batch: brought,
            source_hash,
            line_batch: batch(&mut c)?,
            line_hash: c.next()?,
            set_aside: c.next::<Option<RawId>>()?.is_some(),
        })
    }
}

/// The secret columns, in the order of [`StockSim::sealed`].
pub const SECRETS: [&str; 5] = ["pin1", "puk1", "pin2", "puk2", "registration_code"];

/// A Sim with everything that stock keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockSim {
    /// The card or profile number.
    pub iccid: String,
    /// The subscriber identity.
    pub imsi: String,
    /// The number it bears.
    pub msisdn: Option<String>,
    /// Card or profile.
    pub kind: SimKind,
    /// The batch that brought it.
    pub batch: Option<String>,
    /// The batch of lines that took it or is about to.
    pub line_batch: Option<String>,
    /// Keyed hash of the row that brought it.
    pub source_hash: Option<[u8; 16]>,
    /// Keyed hash of the row of a line that took it.
    pub line_hash: Option<[u8; 16]>,
    /// [`SECRETS`], sealed.
    pub sealed: [Option<Vec<u8>>; 5],
    /// Keyed hash of ICCID and first PUK.
    pub puk_hash: Option<[u8; 16]>,
    /// Keyed hash of the registration code.
    pub registration_hash: Option<[u8; 16]>,
}
fn stock(c: &mut Columns<'_, '_>) -> Result<StockSim> {
    Ok(StockSim {
        iccid: c.next()?,
        imsi: c.next()?,
        msisdn: c.next()?,
        kind: c.next()?,
        batch: c.next()?,
        line_batch: c.next()?,
        source_hash: c.next()?,
        line_hash: c.next()?,
        sealed: [c.next()?, c.next()?, c.next()?, c.next()?, c.next()?],
        puk_hash: c.next()?,
        registration_hash: c.next()?,
    })
}
impl FromRow for StockSim {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        stock(&mut Columns::new(row))
    }
}
struct PageRow(StockSim, bool);
impl FromRow for PageRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let sim = stock(&mut c)?;
        Ok(PageRow(sim, c.next::<Option<bool>>()?.unwrap_or(false)))
    }
}

/// Adds the primary Sim of a line.
pub fn add_primary(tx: &mut Tx, iccid: &Iccid, imsi: &Imsi, esim: bool, msisdn: &Msisdn, line: (CustomerId, LineId)) {
    let kind = if esim { SimKind::Esim } else { SimKind::Physical };
    tx.put(&ADD, args![iccid.as_str(), imsi.as_str(), kind.word(), line.1, line.0, msisdn.as_str()]);
}
/// The card or profile number of a line's primary Sim.
pub async fn primary_of(tx: &mut Tx, line: LineId) -> Result<Option<Iccid>> {
    Ok(tx.maybe::<(Iccid,)>(&PRIMARY_OF, args![line]).await?.map(|row| row.0))
}
/// [`primary_of`], to be asked with others.
#[must_use]
pub fn primary(line: LineId) -> Query<Iccid> {
    Query::<(Iccid,)>::new(&PRIMARY_OF, args![line]).map(|row| row.0)
}
/// A Sim by its number.
pub async fn find(tx: &mut Tx, iccid: &Iccid) -> Result<Option<Held>> {
    tx.maybe(&FIND, args![iccid.as_str()]).await
}
/// Every Sim that has one of these numbers, identities or line numbers; one that is found by several comes as often.
pub async fn find_many(
    tx: &mut Tx,
    iccids: Vec<String>,
    imsis: Vec<String>,
    msisdns: Vec<String>,
) -> Result<Vec<Held>> {
    match tx.engine() {
        Engine::Sqlite => tx.all(&FIND_SQLITE, args![json(&iccids), json(&imsis), json(&msisdns)]).await,
        Engine::Postgres => {
            by_index(tx).await?;
            tx.all(&FIND_POSTGRES, args![iccids, imsis, msisdns]).await
        }
    }
}
/// Has PostgreSQL look many names up by index in this transaction, whatever it believes of the size of a table that was
/// empty a moment ago: a plan made then reads all of it for each thousand names, and is kept.
pub(crate) async fn by_index(tx: &mut Tx) -> Result<()> {
    tx.script("SET LOCAL enable_seqscan = off").await
}
/// The names as a JSON array, for SQLite.
pub(crate) fn json(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}
/// Takes a Sim out of stock for a line. False if it was not in stock.
pub async fn take(tx: &mut Tx, iccid: &Iccid, msisdn: &Msisdn, line: (CustomerId, LineId)) -> Result<bool> {
    tx.exec_one(&TAKE, args![iccid.as_str(), line.1, line.0, msisdn.as_str()]).await
}
/// [`take`] for a Sim that the caller knows to be in stock.
pub fn put_take(tx: &mut Tx, iccid: &Iccid, msisdn: &Msisdn, line: (CustomerId, LineId)) {
    tx.put(&TAKE, args![iccid.as_str(), line.1, line.0, msisdn.as_str()]);
}
/// Holds a Sim of the stock for a batch of lines that is being loaded.
pub fn hold(tx: &mut Tx, iccid: &Iccid, line_batch: &str, line_hash: [u8; 16]) {
    tx.put(&HOLD, args![iccid.as_str(), line_batch, line_hash]);
}
/// Adds Sims to the stock; those of which a number or identity is taken are left out. How many were added.
pub async fn add_stock(tx: &mut Tx, sims: &[StockSim]) -> Result<u64> {
    if tx.engine() == Engine::Postgres {
        return tx.exec(&ADD_STOCK_POSTGRES, arrays(sims)).await;
    }
    let mut added = 0;
    for s in sims {
        let [pin1, puk1, pin2, puk2, code] = s.sealed.clone();
        let args = args![
            s.iccid.as_str(),
            s.imsi.as_str(),
            s.msisdn.as_deref(),
            s.kind.word(),
            s.batch.as_deref(),
            s.line_batch.as_deref(),
            s.source_hash,
            s.line_hash,
            pin1,
            puk1,
            pin2,
            puk2,
            code,
            s.puk_hash,
            s.registration_hash
        ];
        added += tx.exec(&ADD_STOCK, args).await?;
    }
    Ok(added)
}
/// One array per column; what is absent stands as empty, which no value is.
fn arrays(sims: &[StockSim]) -> Vec<Value> {
    let texts = |of: fn(&StockSim) -> &str| Value::Texts(sims.iter().map(|s| of(s).to_owned()).collect());
    let hash = |of: fn(&StockSim) -> Option<[u8; 16]>| {
        Value::Blobs(sims.iter().map(|s| of(s).map(|hash| hash.to_vec()).unwrap_or_default()).collect())
    };
    let mut args = vec![
        texts(|s| &s.iccid),
        texts(|s| &s.imsi),
        texts(|s| s.msisdn.as_deref().unwrap_or_default()),
        texts(|s| s.kind.word()),
        texts(|s| s.batch.as_deref().unwrap_or_default()),
        texts(|s| s.line_batch.as_deref().unwrap_or_default()),
        hash(|s| s.source_hash),
        hash(|s| s.line_hash),
    ];
    for secret in 0..SECRETS.len() {
        let sealed = |s: &StockSim| s.sealed.get(secret).cloned().flatten().unwrap_or_default();
        args.push(Value::Blobs(sims.iter().map(sealed).collect()));
    }
    args.extend([hash(|s| s.puk_hash), hash(|s| s.registration_hash)]);
    args
}
/// Everything that stock keeps of a Sim.
pub async fn stock_of(tx: &mut Tx, iccid: &str) -> Result<Option<StockSim>> {
    tx.maybe(&STOCK_OF, args![iccid]).await
}
/// The next Sims after one, in stock and in use, but for those that are being loaded; and whether the batch had its name
/// from the operator.
pub async fn stock_page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<(StockSim, bool)>> {
    let rows = tx.all::<PageRow>(&STOCK_PAGE, args![after, limit]).await?;
    Ok(rows.into_iter().map(|row| (row.0, row.1)).collect())
}
/// The last of the next so many Sims after one: bounds a step of [`undo_stock`] and [`undo_held`].
pub async fn page_end(tx: &mut Tx, after: &str, limit: i64) -> Result<Option<String>> {
    Ok(tx.one::<(Option<String>,)>("page", &PAGE_END, args![after, limit]).await?.0)
}
/// Removes what a batch of Sims brought, between two numbers.
pub fn undo_stock(tx: &mut Tx, (after, to): (&str, &str), batch: &str) {
    tx.put(&DROP_STOCK, args![after, to, batch]);
}
/// Lets go of what a batch of lines held, between two numbers, and removes what it brought.
pub fn undo_held(tx: &mut Tx, (after, to): (&str, &str), line_batch: &str) {
    tx.put(&DROP_HELD, args![after, to, line_batch]);
    tx.put(&LET_GO, args![after, to, line_batch]);
}
/// The Sims with a registration code, by its keyed hash: one, or at most two of several that share it.
pub async fn by_registration(tx: &mut Tx, hash: [u8; 16]) -> Result<Vec<Iccid>> {
    Ok(tx.all::<(Iccid,)>(&BY_REGISTRATION, args![hash]).await?.into_iter().map(|row| row.0).collect())
}
/// The keyed hash of a Sim's number and first PUK.
pub async fn puk_hash(tx: &mut Tx, iccid: &Iccid) -> Result<Option<[u8; 16]>> {
    Ok(tx.maybe::<(Option<[u8; 16]>,)>(&PUK_HASH_OF, args![iccid.as_str()]).await?.and_then(|row| row.0))
}

crate::queries! { LIFECYCLE;
    QUARANTINE = "UPDATE sim SET state = 'quarantined' WHERE line_id = $1";
    // Back in the stock, or beside the rest of a batch that is set aside.
    RELEASE = "UPDATE sim SET state = CASE WHEN EXISTS (SELECT 1 FROM import_batch b WHERE b.kind = 'sims' AND b.name = sim.batch AND b.hold_id IS NOT NULL) \
        THEN 'quarantined' ELSE 'in_stock' END, hold_id = (SELECT b.hold_id FROM import_batch b WHERE b.kind = 'sims' AND b.name = sim.batch), \
        line_id = NULL, customer_id = NULL, role = NULL, line_batch = NULL, line_hash = NULL WHERE line_id = $1";
    MOVE_ON = "UPDATE sim SET line_id = $2, customer_id = $3 WHERE line_id = $1";
    RETIRE = "UPDATE sim SET state = 'retired', line_id = NULL, customer_id = NULL, role = NULL, msisdn = NULL WHERE iccid = $1 AND line_id = $2";
    RETIRE_PROFILES = "UPDATE sim SET state = 'retired', line_id = NULL, customer_id = NULL, role = NULL, msisdn = NULL \
        WHERE line_id = $1 AND kind = 'esim'";
    NUMBERS_OF = "SELECT iccid, imsi FROM sim WHERE line_id = $1 ORDER BY iccid";
}

/// The Sims of a line rest with its number.
pub fn quarantine(tx: &mut Tx, line: LineId) {
    tx.put(&QUARANTINE, args![line]);
}
/// The Sims of a line return to stock, with the numbers they bear.
pub fn release(tx: &mut Tx, line: LineId) {
    tx.put(&RELEASE, args![line]);
}
/// The profiles of a line are given out no more: a device holds them, or held them.
pub fn retire_profiles(tx: &mut Tx, line: LineId) {
    tx.put(&RETIRE_PROFILES, args![line]);
}
/// The Sims of a line serve its new record.
pub fn move_on(tx: &mut Tx, from: LineId, to: (CustomerId, LineId)) {
    tx.put(&MOVE_ON, args![from, to.1, to.0]);
}
/// A Sim of a line is lost or broken: it serves nobody any more, for good. False if it served another.
pub async fn retire(tx: &mut Tx, iccid: &Iccid, line: LineId) -> Result<bool> {
    tx.exec_one(&RETIRE, args![iccid.as_str(), line]).await
}
/// The card or profile numbers of a line's Sims, each with its subscriber identity.
pub async fn numbers_of(tx: &mut Tx, line: LineId) -> Result<Vec<(String, String)>> {
    tx.all(&NUMBERS_OF, args![line]).await
}

macro_rules! a_profile {
    ($number:literal) => {
        concat!(
            "SELECT s.iccid, s.imsi, s.msisdn FROM sim s JOIN activation_code a ON a.iccid = s.iccid \
             JOIN import_batch c ON c.kind = 'activation_codes' AND c.name = a.batch \
             LEFT JOIN import_batch b ON b.kind = 'sims' AND b.name = s.batch \
             WHERE s.kind = 'esim' AND s.state = 'in_stock' AND s.msisdn ",
            $number,
            " AND s.line_batch IS NULL AND c.state = 'complete' AND (s.batch IS NULL OR b.state = 'complete') \
             AND b.hold_id IS NULL ORDER BY s.iccid LIMIT 1"
        )
    };
}

crate::queries! { PROFILES;
    A_PROFILE = a_profile!("IS NOT NULL");
    TAKE_A_PROFILE = concat!(a_profile!("IS NOT NULL"), " FOR UPDATE OF s SKIP LOCKED");
    TAKE_A_COMPANION = concat!(a_profile!("IS NULL"), " FOR UPDATE OF s SKIP LOCKED");
    TAKE_BESIDE = "UPDATE sim SET state = 'in_use', line_id = $2, customer_id = $3, role = 'companion' WHERE iccid = $1 AND state = 'in_stock'";
    COMPANIONS_OF = "SELECT iccid, imsi FROM sim WHERE line_id = $1 AND role = 'companion' ORDER BY iccid";
}

/// A profile of the stock, with the code that loads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its number.
    pub iccid: Iccid,
    /// Its subscriber identity.
    pub imsi: Imsi,
    /// The number it bears.
    pub msisdn: Option<Msisdn>,
}
impl FromRow for Profile {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Profile { iccid: c.next()?, imsi: c.next()?, msisdn: c.next()? })
    }
}

/// Whether there is a profile for a line of its own.
pub async fn has_profile(tx: &mut Tx) -> Result<bool> {
    Ok(tx.maybe::<Profile>(&A_PROFILE, args![]).await?.is_some())
}
/// A profile for a line of its own that nobody else is taking; [`take`] takes it.
pub async fn a_profile(tx: &mut Tx) -> Result<Option<Profile>> {
    tx.maybe(&TAKE_A_PROFILE, args![]).await
}
/// A profile without a number, for another device of a line, that nobody else is taking; [`take_beside`] takes it.
pub async fn a_companion(tx: &mut Tx) -> Result<Option<Profile>> {
    tx.maybe(&TAKE_A_COMPANION, args![]).await
}
/// Takes a Sim out of stock to serve a line beside its primary one. False if it was not in stock.
pub async fn take_beside(tx: &mut Tx, iccid: &Iccid, line: (CustomerId, LineId)) -> Result<bool> {
    tx.exec_one(&TAKE_BESIDE, args![iccid.as_str(), line.1, line.0]).await
}
/// The Sims of a line beside its primary one, each with its subscriber identity.
pub async fn companions_of(tx: &mut Tx, line: LineId) -> Result<Vec<(Iccid, Imsi)>> {
    tx.all(&COMPANIONS_OF, args![line]).await
}
