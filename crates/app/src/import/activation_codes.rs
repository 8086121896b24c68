//! Activation codes: what makes an eSIM profile load. Whoever reads one can take the profile, so they are sealed.

use super::header::{Cells, Column};
use super::mentions::Mentions;
use super::run::{Fate, Kind, Numbered, run};
use super::sims::place;
use super::{Fault, ImportError, Importer, Listener, Options, Summary, cell};
use crate::secrets::{NotSealedHere, Secrets};
use everline_core::identifiers::Iccid;
use everline_store::tables::stock::{self, BatchKind, HeldCode, NewCode};
use everline_store::{Error, Tx};
use std::collections::HashMap;
use std::io::{Read, Seek};
use std::sync::Arc;

const COLUMNS: &[Column] = &[
    Column { name: "iccid", also: &["卡号", "iccid号"], required: true },
    Column { name: "activation_code", also: &["lpa", "code", "激活码", "下载码"], required: true },
    Column {
        name: "confirmation_code_required",
        also: &["confirmation_code", "需要确认码", "确认码"],
        required: false,
    },
    Column { name: "batch", also: &["批次", "批次号"], required: false },
];

/// An activation code (GSMA SGP.22 §4.1), in its shortest writing: `LPA:1$host$matching-id`, with `$$1` or `$oid$1` behind
/// it where the user needs a confirmation code.
#[derive(Clone, PartialEq, Eq)]
pub struct ActivationCode(String);
impl std::fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("activation code")
    }
}

pub(crate) const FIELD: &str = "activation_code";

impl ActivationCode {
    /// Reads one; `confirmation` may say apart from it that a confirmation code is needed.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str, confirmation: bool) -> Result<Self, Fault> {
        let shape = |reason: &'static str| Fault::new(FIELD, reason, "LPA:1$host$matching-id, optionally $oid and $1");
        let rest = text.get(..4).filter(|start| start.eq_ignore_ascii_case("lpa:")).and_then(|_| text.get(4..));
        let parts: Vec<&str> = rest.ok_or_else(|| shape("does not begin with LPA:"))?.split('$').collect();
        let (host, matching, oid, flag) = match parts.as_slice() {
            ["1", host, matching] => (host, matching, "", ""),
            ["1", host, matching, oid] => (host, matching, *oid, ""),
            ["1", host, matching, oid, flag] => (host, matching, *oid, *flag),
            _ => return Err(shape("is cut off, or in another format")),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':');
        if !host.contains('.') || host.len() > 255 || !host.chars().all(named) {
            return Err(shape("names no host of a profile server"));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if matching.is_empty() || matching.len() > 255 || !matching.chars().all(allowed) {
            return Err(shape("its matching id is empty or holds other characters than letters, digits and -"));
        }
        if !oid.chars().all(|c| c.is_ascii_digit() || c == '.') || !matches!(flag, "" | "1") {
            return Err(shape("its last parts are no OID and no flag"));
        }
        let tail = match (oid, flag == "1" || confirmation) {
            ("", false) => String::new(),
            (oid, false) => format!("${oid}"),
            (oid, true) => format!("${oid}$1"),
        };
        Ok(Self(format!("LPA:1${host}${matching}{tail}")))
    }
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// Whether the user needs a confirmation code.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        self.0.split('$').nth(4) == Some("1")
    }
}

const YES_NO: &[(&str, bool)] = &[
    ("yes", true),
    ("no", false),
    ("1", true),
    ("0", false),
    ("true", true),
    ("false", false),
    ("是", true),
    ("否", false),
];

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeRow {
    /// The profile.
    pub iccid: Iccid,
    /// Its code.
    pub code: ActivationCode,
}

/// Reads a row.
///
/// # Errors
/// Every fault of it.
pub fn read(cells: &Cells<'_>) -> Result<CodeRow, Vec<Fault>> {
    let mut faults = Vec::new();
    let iccid = super::sims::needed(cells, 0, cell::iccid, &mut faults);
    let confirmation = cells.get(2).map(|value| cell::word("confirmation_code_required", value, YES_NO)).transpose();
    let confirmation = confirmation.map_err(|fault| faults.push(fault)).ok().flatten();
    let code = cells.get(1).ok_or_else(|| Fault::new(FIELD, "empty", "every line needs one"));
    let code = code.and_then(|code| ActivationCode::parse(code, confirmation == Some(true)));
    match (iccid, code) {
        (Some(iccid), Ok(code)) if faults.is_empty() => Ok(CodeRow { iccid, code }),
        (_, code) => {
            faults.extend(code.err());
            Err(faults)
        }
    }
}

/// The keyed hash of a row: the same row again changes nothing.
pub(crate) fn row_hash(secrets: &Secrets, iccid: &Iccid, code: &ActivationCode) -> [u8; 16] {
    secrets.name("row of activation codes", &[iccid.as_str(), code.as_str()])
}
/// The keyed hash by which a code is found again whatever is asked besides: a profile server's host and matching id are
/// used once.
pub(crate) fn code_hash(secrets: &Secrets, code: &ActivationCode) -> [u8; 16] {
    let mut parts = code.as_str().split('$').skip(1);
    let (host, matching) = (parts.next().unwrap_or_default().to_ascii_lowercase(), parts.next().unwrap_or_default());
    secrets.name("activation code", &[&host, matching])
}

struct Codes {
    secrets: Arc<Secrets>,
}
impl Codes {
    fn hash(&self, row: &CodeRow) -> [u8; 16] {
        row_hash(&self.secrets, &row.iccid, &row.code)
    }
    fn fate(
        &self,
        row: &Numbered<CodeRow>,
        found: &HashMap<&str, &HeldCode>,
        by_code: &HashMap<[u8; 16], &HeldCode>,
    ) -> Fate {
        let Numbered { row, batch, .. } = row;
        let Some(held) = found.get(row.iccid.as_str()) else {
            let Some(other) = by_code.get(&code_hash(&self.secrets, &row.code)) else { return Fate::New };
            let reason = format!("is that of the profile {}, which is there already", super::masked(&other.iccid));
            return Fate::Refused(Fault::new(FIELD, reason, "a code loads one profile: correct the row"));
        };
        if held.source_hash != self.hash(row) {
            let reason = format!("the profile {} is there already, with another code", row.iccid.masked());
            return Fate::Refused(Fault::new(FIELD, reason, "correct the row, or take it out of the file"));
        }
        match &held.batch {
            (name, false) if **name != **batch => {
                let reason = format!("the profile {} is in batch {name:?}, which is not complete", row.iccid.masked());
                Fate::Refused(Fault::new("iccid", reason, "run the import of that batch again first"))
            }
            (name, _) => Fate::Same { here: **name == **batch },
        }
    }
}

impl Kind for Codes {
    const KIND: BatchKind = BatchKind::ActivationCodes;
    const COLUMNS: &'static [Column] = COLUMNS;
    const BATCH: usize = 3;
    const APPLIES: bool = false;
    type Row = CodeRow;
    type Ready = NewCode;

    fn read(&self, cells: &Cells<'_>) -> Result<CodeRow, Vec<Fault>> {
        read(cells)
    }
    fn mention(&self, row: &CodeRow, out: &mut Mentions) {
        out.once("iccid", row.iccid.as_str());
        let code: Vec<&str> = row.code.as_str().split('$').take(3).collect();
        out.once(FIELD, &code.join("$").to_ascii_lowercase());
        if cell::rounded(&row.iccid) {
            out.rounded();
        }
    }
    fn prepare(&self, row: &Numbered<CodeRow>) -> Result<NewCode, NotSealedHere> {
        let (iccid, code) = (row.row.iccid.as_str(), &row.row.code);
        Ok(NewCode {
            iccid: iccid.to_owned(),
            batch: row.batch.to_string(),
            sealed: self.secrets.seal(&place(iccid, FIELD), code.as_str())?,
            code_hash: code_hash(&self.secrets, code),
            source_hash: self.hash(&row.row),
        })
    }
    async fn judge(&self, tx: &mut Tx, rows: &[Numbered<CodeRow>]) -> Result<Vec<Fate>, Error> {
        let iccids = rows.iter().map(|row| row.row.iccid.as_str().to_owned()).collect();
        let hashes = rows.iter().map(|row| code_hash(&self.secrets, &row.row.code)).collect();
        let held = stock::find_codes(tx, iccids, hashes).await?;
        let found = held.iter().map(|code| (code.iccid.as_str(), code)).collect();
        let by_code = held.iter().map(|code| (code.code_hash, code)).collect();
        Ok(rows.iter().map(|row| self.fate(row, &found, &by_code)).collect())
    }
    async fn write(&self, tx: &mut Tx, ready: &[NewCode]) -> Result<bool, Error> {
        Ok(usize::try_from(stock::add_codes(tx, ready).await?) == Ok(ready.len()))
    }
    async fn apply(&self, _: &mut Tx, _: &[NewCode]) -> Result<(), Error> {
        Ok(())
    }
    async fn undo_end(tx: &mut Tx, after: &str, rows: i64) -> Result<Option<String>, Error> {
        stock::code_page_end(tx, after, rows).await
    }
    fn undo(tx: &mut Tx, between: (&str, &str), batch: &str) {
        stock::undo_codes(tx, between, batch);
    }
}

/// Loads activation codes. `name` is the file's, for rows without a batch.
///
/// # Errors
/// [`ImportError`]; refused rows are told to the listener and are no error.
pub async fn import(
    importer: &Importer,
    (reader, name): (&mut (impl Read + Seek + Send), &str),
    options: Options,
    listener: &mut dyn Listener,
) -> Result<Summary, ImportError> {
    run(importer, Codes { secrets: importer.secrets.clone() }, (reader, name), options, listener).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_and_shortened() {
        let check = |text: &str, confirmation, expected: &str| {
            let code = ActivationCode::parse(text, confirmation).unwrap();
            assert_eq!((code.as_str(), code.needs_confirmation()), (expected, expected.ends_with("$1")), "{text}");
            assert_eq!(format!("{code:?}"), "activation code");
        };
        check("LPA:1$rsp.example.com$ABC-123", false, "LPA:1$rsp.example.com$ABC-123");
        check("lpa:1$rsp.example.com$ABC-123", true, "LPA:1$rsp.example.com$ABC-123$$1");
        check("LPA:1$rsp.example.com$ABC-123$$1", false, "LPA:1$rsp.example.com$ABC-123$$1");
        check("LPA:1$rsp.example.com$ABC-123$1.3.6$1", false, "LPA:1$rsp.example.com$ABC-123$1.3.6$1");
        check("LPA:1$rsp.example.com$ABC-123$1.3.6", false, "LPA:1$rsp.example.com$ABC-123$1.3.6");
        for text in [
            "1$rsp.example.com$A",
            "LPA:2$rsp.example.com$A",
            "LPA:1$rsp.example.com",
            "LPA:1$host$A",
            "LPA:1$a.b$",
            "LPA:1$a.b$x y",
            "LPA:1$a.b$x$o$2",
            "LPA:1$a.b$c$1.2$1$1",
            "号",
        ] {
            assert!(ActivationCode::parse(text, false).is_err(), "{text}");
        }
    }
}
