//! From bytes to lines to cells: encodings, separators, quotes, limits. Pure: bytes in, cells or faults out.

use super::{Fault, FileFault};
use encoding_rs::GBK;
use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// The longest line, in bytes.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// GBK, as spreadsheets in China write CSV files.
    Gbk,
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file through and tells how it is written: UTF-8 if all of it is, else GBK. What is no GBK either is found line
/// by line.
///
/// # Errors
/// [`FileFault::Utf16`]; whatever reading meets.
pub fn detect(reader: &mut impl Read) -> io::Result<Result<Encoding, FileFault>> {
    let mut chunk = vec![0; 64 * 1024];
    let (mut carried, mut first) = (0, true);
    loop {
        let read = reader.read(chunk.get_mut(carried..).unwrap_or_default())?;
        let part = chunk.get(..carried + read).unwrap_or_default();
        if first && is_utf16(part) {
            return Ok(Err(FileFault::Utf16));
        }
        first &= read == 0;
        let valid = match std::str::from_utf8(part) {
            Ok(_) => part.len(),
            // What may be the beginning of a character waits for the next chunk.
            Err(error) if error.error_len().is_none() && read > 0 => error.valid_up_to(),
            Err(_) => return Ok(Ok(Encoding::Gbk)),
        };
        if read == 0 {
            return Ok(Ok(Encoding::Utf8));
        }
        let end = part.len();
        chunk.copy_within(valid..end, 0);
        carried = end - valid;
    }
}

fn is_utf16(start: &[u8]) -> bool {
    match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        // Letters and digits of the header in two bytes each.
        [a, 0, b, 0, ..] | [0, a, 0, b, ..] => *a != 0 && *b != 0,
        _ => false,
    }
}

/// The lines of a file, numbered from 1 as an editor numbers them.
pub struct Lines<R> {
    reader: R,
    encoding: Encoding,
    buffer: Vec<u8>,
    number: u64,
    bytes: u64,
}

impl<R: BufRead> Lines<R> {
    /// From the beginning of a file.
    pub fn new(reader: R, encoding: Encoding) -> Self {
        Self { reader, encoding, buffer: Vec::new(), number: 0, bytes: 0 }
    }
    /// From a place that an earlier reading reached.
    pub fn resumed(reader: R, encoding: Encoding, number: u64, bytes: u64) -> Self {
        Self { reader, encoding, buffer: Vec::new(), number, bytes }
    }
    /// The number of the line that was read last.
    pub fn number(&self) -> u64 {
        self.number
    }
    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
    /// The next line that is not empty; a fault if it cannot be read, after which the next one can.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn next_line(&mut self) -> io::Result<Option<Result<Cow<'_, str>, Fault>>> {
        loop {
            self.buffer.clear();
            let limit = u64::try_from(LINE_BYTES_MAX + 2).unwrap_or(u64::MAX);
            let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            self.bytes += u64::try_from(read).unwrap_or(0);
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with(BYTE_ORDER_MARK) {
                self.buffer.drain(..BYTE_ORDER_MARK.len());
            }
            if self.buffer.last() != Some(&b'\n') && read > LINE_BYTES_MAX {
                self.skip_rest()?;
                return Ok(Some(Err(Fault::new(
                    "line",
                    format!("longer than {LINE_BYTES_MAX} bytes"),
                    "one line holds one row: look for a missing line break or a quote that is never closed",
                ))));
            }
            while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
                self.buffer.pop();
            }
            if !self.buffer.iter().all(|byte| matches!(byte, b',' | b';' | b'\t' | b' ')) {
                break;
            }
        }
        Ok(Some(decode(&self.buffer, self.encoding)))
    }
    fn skip_rest(&mut self) -> io::Result<()> {
        loop {
            let available = self.reader.fill_buf()?;
            let end = available.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(available.len(), |at| at + 1);
            let done = end.is_some() || available.is_empty();
            self.reader.consume(used);
            self.bytes += u64::try_from(used).unwrap_or(0);
            if done {
                return Ok(());
            }
        }
    }
}

fn decode(bytes: &[u8], encoding: Encoding) -> Result<Cow<'_, str>, Fault> {
    if bytes.contains(&0) {
        return Err(Fault::new(
            "line",
            "holds a NUL byte",
            "the file is damaged or no text: export it again as CSV UTF-8",
        ));
    }
    let text = match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Gbk => GBK.decode_without_bom_handling_and_without_replacement(bytes),
    };
    text.ok_or_else(|| {
        Fault::new("line", "neither UTF-8 nor GBK", "save the file as CSV UTF-8; nothing else of it may be mixed in")
    })
}

/// Cuts a line into its cells, quotes taken off (RFC 4180 §2, one row a line).
///
/// # Errors
/// A fault for quotes that do not fit.
pub fn cells<'a>(line: &'a str, separator: char, out: &mut Vec<Cow<'a, str>>) -> Result<(), Fault> {
    out.clear();
    let mut rest = line;
    loop {
        let (cell, after) = cell(rest, separator)?;
        out.push(cell);
        match after {
            Some(after) => rest = after,
            None => return Ok(()),
        }
    }
}

fn stray() -> Fault {
    let remedy = "put quotes around the whole value and write each quote inside it twice, or leave quotes out";
    Fault::new("line", "a quote stands where none can", remedy)
}

/// The first cell, and what follows its separator.
fn cell(rest: &str, separator: char) -> Result<(Cow<'_, str>, Option<&str>), Fault> {
    let Some(quoted) = rest.strip_prefix('"') else { return bare(rest, separator) };
    let mut value: Cow<'_, str> = Cow::Borrowed("");
    let mut open = quoted;
    loop {
        let Some((part, after)) = open.split_once('"') else {
            let remedy = "close the quote; a value cannot go on in the next line, so take line breaks out of it";
            return Err(Fault::new("line", "a quote is opened and not closed", remedy));
        };
        if value.is_empty() {
            value = Cow::Borrowed(part);
        } else {
            value.to_mut().push_str(part);
        }
        if let Some(more) = after.strip_prefix('"') {
            value.to_mut().push('"');
            open = more;
            continue;
        }
        let after = after.trim_start_matches(' ');
        return match after.strip_prefix(separator) {
            Some(next) => Ok((value, Some(next))),
            None if after.is_empty() => Ok((value, None)),
            None => Err(stray()),
        };
    }
}

fn bare(rest: &str, separator: char) -> Result<(Cow<'_, str>, Option<&str>), Fault> {
    // A spreadsheet's way to keep digits as text: ="0123". What is inside cannot hold a separator that counts.
    let text = rest.strip_prefix("=\"").and_then(|inner| inner.find('"')).map(|at| at + 3);
    let from = text.unwrap_or(0);
    let end = rest.get(from..).and_then(|tail| tail.find(separator)).map(|at| at + from);
    let value = end.map_or(rest, |end| rest.get(..end).unwrap_or(rest));
    if value.get(from..).is_some_and(|tail| tail.contains('"')) {
        return Err(stray());
    }
    let next = end.and_then(|end| rest.get(end + separator.len_utf8()..));
    Ok((Cow::Borrowed(value), next))
}

/// The value of a cell: spaces around it, a spreadsheet's `="…"` and the mark of [`inert`] taken off.
#[must_use]
pub fn value(cell: &str) -> &str {
    let blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    let value = cell.trim_matches(blank);
    if let Some(text) = value.strip_prefix("=\"").and_then(|text| text.strip_suffix('"')) {
        return text.trim_matches(blank);
    }
    match value.strip_prefix('\'') {
        Some(rest) if begins_a_formula(rest) => rest.trim_matches(blank),
        _ => value,
    }
}

/// What a spreadsheet may take for a formula at the beginning of a cell, and the mark against it itself.
const FORMULA: [char; 9] = ['=', '+', '-', '@', '\'', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet may take a text for a formula, also behind white space, which some of them take off.
fn begins_a_formula(text: &str) -> bool {
    text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control()).starts_with(FORMULA)
}

/// Writes a value as a cell that no spreadsheet computes: a leading `=`, `+`, `-`, `@` (in full width too) or `'` gets a `'`
/// before it, which [`value`] takes off again.
pub fn inert(value: &str, separator: char, out: &mut String) {
    let marked = begins_a_formula(value);
    let quoted = value.contains([separator, '"']) || value != value.trim();
    if quoted {
        out.push('"');
    }
    if marked {
        out.push('\'');
    }
    for c in value.chars() {
        match c {
            '"' => out.push_str("\"\""),
            // One row a line: no text of a row needs a line break.
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    if quoted {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Result<Vec<String>, &'static str> {
        let mut out = Vec::new();
        let word = |fault: Fault| if fault.reason.contains("not closed") { "open" } else { "stray" };
        cells(line, ',', &mut out).map_err(word)?;
        Ok(out.iter().map(|cell| value(cell).to_owned()).collect())
    }

    #[test]
    fn lines_are_cut_into_cells() {
        let check = |line: &str, expected: &[&str]| assert_eq!(split(line).unwrap(), expected, "{line}");
        check("a,b,", &["a", "b", ""]);
        check(r#"a,"b,c""d",e"#, &["a", "b,c\"d", "e"]);
        check(r#"="0123",x,"=""0456""""#, &["0123", "x", "0456"]);
        check("'=1+1,'-2,''x,'5", &["=1+1", "-2", "'x", "'5"]);
        check(r#"="1,2",x"#, &["1,2", "x"]);
        check(" a , b", &["a", "b"]);
        for (line, fault) in
            [(r#"a"b,c"#, "stray"), (r#""a"b,c"#, "stray"), (r#""a,c"#, "open"), (r#"="1"2","#, "stray")]
        {
            assert_eq!(split(line), Err(fault), "{line}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "",
            "x",
            "=1+1",
            "+86",
            "-5",
            "@a",
            "'",
            "''",
            "'=x",
            "a,b",
            "say \"hi\"",
            "=\"x\"",
            " padded",
            "林芳",
            "a;b\tc",
        ] {
            let mut cell = String::new();
            inert(text, ',', &mut cell);
            assert!(!cell.trim_start_matches('"').starts_with(['=', '+', '-', '@']), "{cell}");
            let mut out = Vec::new();
            cells(&cell, ',', &mut out).unwrap();
            assert_eq!((out.len(), value(&out[0])), (1, text.replace('\t', " ").trim()), "{cell}");
        }
    }

    #[test]
    fn encodings_are_told_apart() {
        let check =
            |bytes: &[u8], expected: Result<Encoding, FileFault>| assert_eq!(detect(&mut &*bytes).unwrap(), expected);
        check(b"iccid,imsi\n", Ok(Encoding::Utf8));
        check("\u{feff}号码".as_bytes(), Ok(Encoding::Utf8));
        check(&GBK.encode("号码,卡号").0, Ok(Encoding::Gbk));
        check(b"\xff\xfei\0c\0", Err(FileFault::Utf16));
        check(b"i\0c\0c\0", Err(FileFault::Utf16));
        check(b"", Ok(Encoding::Utf8));
        // A character cut by the end of a chunk.
        let long = format!("{}号", "x".repeat(64 * 1024 - 1));
        check(long.as_bytes(), Ok(Encoding::Utf8));
        check(&long.as_bytes()[..long.len() - 1], Ok(Encoding::Gbk));
    }

    #[test]
    fn lines_are_numbered_and_bounded() {
        let file = format!("\u{feff}a,b\r\n\r\n,,\nc\n{}\nd\0\ne", "x".repeat(3 * LINE_BYTES_MAX));
        let mut lines = Lines::new(file.as_bytes(), Encoding::Utf8);
        let mut read = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            let line = line.map(Cow::into_owned).map_err(|fault| fault.reason.into_owned());
            read.push((lines.number(), line));
        }
        let long = Err(format!("longer than {LINE_BYTES_MAX} bytes"));
        let nul = Err("holds a NUL byte".to_owned());
        assert_eq!(read, [(1, Ok("a,b".into())), (4, Ok("c".into())), (5, long), (6, nul), (7, Ok("e".into()))]);
        assert_eq!(lines.bytes(), file.len() as u64);
    }
}
