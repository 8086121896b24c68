//! The form that both kinds of bills share: comment lines, a header of columns, rows, an end line, totals.
//!
//! ```text
//! #支付宝业务明细查询
//! #账号：[20886219000000010156]
//! #起始日期：[2026年02月28日 00:00:00]   终止日期：[2026年03月01日 00:00:00]
//! #-----------------------------------------业务明细列表----------------------------------------
//! 支付宝交易号,商户订单号,…
//! 2026022822001400000001⇥,EL20260228000001⇥,…
//! #-----------------------------------------业务明细列表结束------------------------------------
//! #交易合计：1笔，商家实收共88.88元，商家优惠共0.00元
//! #退款合计：0笔，商家实收退款共0.00元，商家优惠退款共0.00元
//! #导出时间：[2026年03月01日 05:46:49]
//! ```
//!
//! Cells of numbers end in a tab, so that spreadsheets take them for text. Columns are found by name: their order and
//! number have changed over the years.

use super::BillError;
use crate::{
    SignedFen,
    time::{format_date, format_time, parse_time},
    zip,
};
use encoding_rs::GBK;
use std::borrow::Cow;

/// What a bill is taken up to. A day of 100,000 payments unpacks to some 25 MB.
const LIMITS: zip::Limits = zip::Limits { archive_bytes: 16 << 20, files: 16, unpacked_bytes: 64 << 20 };
const LINE_BYTES_MAX: usize = 8 * 1024;
const CELLS_MAX: usize = 64;

/// What distinguishes one kind of bill from the other.
pub(super) struct Layout {
    /// The first line.
    pub(super) title: &'static str,
    /// What is in the line before the columns, and in the one after the rows followed by `结束`.
    pub(super) list: &'static str,
}

/// Whose bill it is, and of which time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillHead {
    /// The account: the merchant's number (16 digits) followed by `0156`.
    pub account: String,
    /// Its first second, unix seconds.
    pub begin_unix_s: i64,
    /// The first second after it, unix seconds.
    pub end_unix_s: i64,
}

/// The tables of a bill, one a file.
pub(super) struct Tables {
    pub(super) head: BillHead,
    texts: Vec<String>,
}

/// One row: the cells of the columns that were asked for, in that order.
pub(super) struct Row<'a, const N: usize> {
    pub(super) line: usize,
    pub(super) cells: [Cow<'a, str>; N],
}

/// What the lines of totals say about one kind of row, all files together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) count: u64,
    pub(super) sum_fen: i128,
}

impl Tables {
    /// Unpacks an archive and finds its tables. A large bill comes in several files of the same form.
    pub(super) fn unzip(archive: &[u8], layout: &Layout) -> Result<Self, BillError> {
        let files = zip::read(archive, LIMITS)?;
        let mut texts = Vec::new();
        for file in &files {
            let text = decode(&file.data).ok_or_else(|| BillError::NotGbk { file: file.name.clone() })?;
            if text.lines().next().map(uncommented) == Some(layout.title) {
                texts.push(text);
            }
        }
        let mut heads = texts.iter().map(|text| head(text));
        let Some(first) = heads.next().transpose()? else {
            let files = files.into_iter().map(|file| file.name).collect();
            return Err(BillError::NoTable { title: layout.title, files });
        };
        for other in heads {
            let other = other?;
            if other.account != first.account {
                return Err(BillError::FilesDisagree { what: "账号" });
            }
            if other != first {
                return Err(BillError::FilesDisagree { what: "起始日期" });
            }
        }
        Ok(Self { head: first, texts })
    }

    /// Hands every row to `read`, in order.
    pub(super) fn rows<const N: usize, T>(
        &self,
        layout: &Layout,
        columns: &'static [&'static str; N],
        read: impl Fn(Row<'_, N>) -> Result<T, BillError>,
    ) -> Result<Vec<T>, BillError> {
        let mut rows = Vec::new();
        for text in &self.texts {
            read_rows(text, layout, columns, |row| {
                rows.push(read(row)?);
                Ok(())
            })?;
        }
        Ok(rows)
    }

    /// What the lines that begin with `what` say: a number of rows, and an amount after `label`.
    pub(super) fn total(&self, what: &'static str, label: &str) -> Result<Total, BillError> {
        let mut total = None;
        for (at, line) in self.texts.iter().flat_map(|text| text.lines().enumerate()) {
            let Some(stated) = line.strip_prefix('#').and_then(|line| line.strip_prefix(what)) else { continue };
            let malformed = || BillError::Cell { line: at + 1, column: what, found: stated.to_owned() };
            let (count, sum_fen) = total_line(stated, label).ok_or_else(malformed)?;
            let so_far: Total = total.unwrap_or(Total { count: 0, sum_fen: 0 });
            total = Some(Total { count: so_far.count.saturating_add(count), sum_fen: so_far.sum_fen + sum_fen });
        }
        total.ok_or(BillError::MissingLine { what })
    }
}

/// Whether `what` of the bill is what its rows sum up to.
pub(super) fn check(what: &'static str, stated: Total, counted: Total) -> Result<(), BillError> {
    if stated.count != counted.count {
        return Err(BillError::CountDiffers { what, stated: stated.count, counted: counted.count });
    }
    check_sum(what, stated.sum_fen, counted.sum_fen)
}

/// As [`check`], the amounts alone.
pub(super) fn check_sum(what: &'static str, stated_fen: i128, counted_fen: i128) -> Result<(), BillError> {
    if stated_fen == counted_fen { Ok(()) } else { Err(BillError::SumDiffers { what, stated_fen, counted_fen }) }
}

/// An amount out of a cell.
pub(super) fn amount(line: usize, column: &'static str, cell: &str) -> Result<SignedFen, BillError> {
    cell.parse().map_err(|_| BillError::Cell { line, column, found: cell.to_owned() })
}

/// A time out of a cell, unix seconds.
pub(super) fn time(line: usize, column: &'static str, cell: &str) -> Result<i64, BillError> {
    parse_time(cell).map_err(|_| BillError::Cell { line, column, found: cell.to_owned() })
}

fn decode(bytes: &[u8]) -> Option<String> {
    GBK.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
}

/// A comment line as it was before a spreadsheet filled it up with empty cells.
fn uncommented(line: &str) -> &str {
    line.trim_end().trim_end_matches(',')
}

fn head(text: &str) -> Result<BillHead, BillError> {
    let comments = || text.lines().take_while(|line| line.starts_with('#') || line.trim().is_empty());
    let find = |prefix| comments().find_map(|line| line.strip_prefix(prefix)).and_then(|rest| rest.split_once(']'));
    let (account, _) = find("#账号：[").ok_or(BillError::MissingLine { what: "账号" })?;
    let period = || -> Option<(i64, i64)> {
        let (begin, rest) = find("#起始日期：[")?;
        let (end, _) = rest.trim_start().strip_prefix("终止日期：[")?.split_once(']')?;
        Some((chinese_time(begin)?, chinese_time(end)?))
    };
    let (begin_unix_s, end_unix_s) = period().ok_or(BillError::MissingLine { what: "起始日期" })?;
    Ok(BillHead { account: account.to_owned(), begin_unix_s, end_unix_s })
}

/// `2026年02月28日 00:00:00` as unix seconds.
fn chinese_time(text: &str) -> Option<i64> {
    parse_time(&text.replace(['年', '月'], "-").replace('日', "")).ok()
}

fn read_rows<const N: usize>(
    text: &str,
    layout: &Layout,
    columns: &'static [&'static str; N],
    mut each: impl FnMut(Row<'_, N>) -> Result<(), BillError>,
) -> Result<(), BillError> {
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    lines.find(|(_, line)| is_marker(line, layout.list, "")).ok_or(BillError::MissingLine { what: layout.list })?;
    let (_, header) = lines.next().ok_or(BillError::MissingLine { what: layout.list })?;
    let names: Vec<String> = header.split(',').take(CELLS_MAX).map(column_name).collect();
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(columns) {
        let found = names.iter().position(|known| *known == column_name(name));
        *place = found.ok_or(BillError::MissingColumn { name })?;
    }
    for (line, row) in lines.by_ref() {
        if row.len() > LINE_BYTES_MAX {
            return Err(BillError::LineTooLong { line, limit_bytes: LINE_BYTES_MAX });
        }
        if is_marker(row, layout.list, "结束") {
            let row_after = lines.find(|(_, line)| !line.starts_with('#'));
            return row_after.map_or(Ok(()), |(line, _)| Err(BillError::AfterEnd { line }));
        }
        let mut cells = cells(row);
        if cells.len() != names.len() {
            return Err(BillError::Cells { line, expected: names.len(), found: cells.len() });
        }
        let mut take = |place: usize| cells.get_mut(place).map(std::mem::take).unwrap_or_default();
        each(Row { line, cells: places.map(&mut take) })?;
    }
    Err(BillError::MissingLine { what: "结束" })
}

/// Whether `line` is the one of dashes with `list` and then `suffix` in it.
fn is_marker(line: &str, list: &str, suffix: &str) -> bool {
    let inner = uncommented(line).strip_prefix("#-").map(|rest| rest.trim_matches('-'));
    inner.and_then(|inner| inner.strip_prefix(list)) == Some(suffix)
}

/// A column's name, whichever parentheses it is written with.
fn column_name(written: &str) -> String {
    written.trim().replace('（', "(").replace('）', ")")
}

/// The cells of a row, without the white space around them. A cell that begins with a quotation mark and ends with one is
/// taken as what is between them, doubled ones as one (RFC 4180); otherwise a quotation mark is a character like others.
/// Stops one cell above [`CELLS_MAX`].
fn cells(row: &str) -> Vec<Cow<'_, str>> {
    let mut cells = Vec::new();
    let mut rest = Some(row);
    while let Some(text) = rest.filter(|_| cells.len() <= CELLS_MAX) {
        let (cell, after) = quoted(text).unwrap_or_else(|| match text.split_once(',') {
            Some((cell, after)) => (Cow::Borrowed(cell.trim()), Some(after)),
            None => (Cow::Borrowed(text.trim()), None),
        });
        cells.push(cell);
        rest = after;
    }
    cells
}

/// A quoted cell at the start of `text`, and what comes after its comma.
fn quoted(text: &str) -> Option<(Cow<'_, str>, Option<&str>)> {
    let inner = text.strip_prefix('"')?;
    let mut from = 0;
    loop {
        let end = from + inner.get(from..)?.find('"')?;
        let after = inner.get(end + 1..)?;
        if after.starts_with('"') {
            from = end + 2;
            continue;
        }
        let after = after.trim_start_matches(['\t', ' ']);
        let rest = if after.is_empty() { None } else { Some(after.strip_prefix(',')?) };
        let cell = inner.get(..end)?;
        return Some((if from == 0 { Cow::Borrowed(cell) } else { Cow::Owned(cell.replace("\"\"", "\"")) }, rest));
    }
}

/// `：6笔，商家实收共0.06元，…` with the label `商家实收共`.
fn total_line(stated: &str, label: &str) -> Option<(u64, i128)> {
    let (count, rest) = stated.strip_prefix('：')?.split_once('笔')?;
    let (_, amount) = rest.split_once(label)?;
    let (amount, _) = amount.split_once('元')?;
    if !count.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((count.parse().ok()?, amount.parse::<SignedFen>().ok()?.get().into()))
}

/// A table as the gateway writes it, in GBK. `rows` are finished lines.
pub(super) fn table(
    layout: &Layout,
    head: &BillHead,
    columns: &str,
    rows: &[String],
    totals: &[String],
    exported_unix_s: i64,
) -> Vec<u8> {
    let BillHead { account, begin_unix_s, end_unix_s } = head;
    let (begin, end) = (written_time(*begin_unix_s), written_time(*end_unix_s));
    let (title, list) = (layout.title, layout.list);
    let (left, right) = ("-".repeat(41), "-".repeat(40));
    let mut text = format!(
        "{title}\n#账号：[{account}]\n#起始日期：[{begin}]   终止日期：[{end}]\n#{left}{list}{right}\n{columns}\n"
    );
    let closing = format!("#{left}{list}结束{}", "-".repeat(36));
    for line in rows.iter().chain([&closing]).chain(totals) {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&format!("#导出时间：[{}]\n", written_time(exported_unix_s)));
    gbk(&text)
}

/// The names that the gateway gives the two files of a bill: `20886219000000010156_20260228_业务明细.csv`, and the same
/// with `(汇总)`.
pub(super) fn file_names(head: &BillHead, kind: &str) -> (Vec<u8>, Vec<u8>) {
    let stem = format!("{}_{}_{kind}", head.account, format_date(head.begin_unix_s).replace('-', ""));
    (gbk(&format!("{stem}.csv")), gbk(&format!("{stem}(汇总).csv")))
}

fn written_time(unix_s: i64) -> String {
    let time = format_time(unix_s);
    let (date, time) = time.split_once(' ').unwrap_or((&time, ""));
    let mut parts = date.rsplitn(3, '-');
    let (day, month) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{}年{month}月{day}日 {time}", parts.next().unwrap_or_default())
}

/// A text as a cell: what a line cannot hold becomes a space, and quotation marks are put around what would be read as
/// something else without.
pub(super) fn cell(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.contains(',') || text.starts_with(['"', '#']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// GBK; characters it does not have become `?`, as the gateway writes them.
fn gbk(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        let mut buffer = [0; 4];
        let (encoded, _, unmappable) = GBK.encode(character.encode_utf8(&mut buffer));
        bytes.extend_from_slice(if unmappable { b"?" } else { &encoded });
    }
    bytes
}
