//! Files for spreadsheets: UTF-8 with a byte order mark, which spreadsheets need to read Chinese, and cells that none of
//! them computes (see [`inert`]). Made row by row, so that a long file is never whole in memory.

use crate::import::text::inert;
use everline_core::money::Money;

/// Rows that are being written.
#[derive(Debug)]
pub struct Csv {
    text: String,
    first: bool,
}

impl Csv {
    /// A file with its first row: what the columns are called.
    #[must_use]
    pub fn new(columns: &[&str]) -> Self {
        let mut csv = Self::rows();
        csv.text.push('\u{feff}');
        columns.iter().for_each(|column| csv.cell(column));
        csv.end();
        csv
    }
    /// More rows of a file that was begun.
    #[must_use]
    pub const fn rows() -> Self {
        Self { text: String::new(), first: true }
    }
    fn separate(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.text.push(',');
        }
    }
    /// A text.
    pub fn cell(&mut self, value: &str) {
        self.separate();
        inert(value, ',', &mut self.text);
    }
    /// A whole number of ours: it may be negative, and stays a number.
    pub fn number(&mut self, value: i64) {
        self.separate();
        self.text.push_str(&value.to_string());
    }
    /// An amount of ours: it may be negative, and stays a number.
    pub fn amount(&mut self, amount: Money) {
        self.separate();
        self.text.push_str(&amount.decimal());
    }
    /// Ends the row.
    pub fn end(&mut self) {
        self.text.push_str("\r\n");
        self.first = true;
    }
    /// What was written.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::money::Currency;

    #[test]
    fn cells_are_inert_and_amounts_are_numbers() {
        let mut csv = Csv::new(&["名称", "a,b"]);
        for text in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠x", "'=1"] {
            csv.cell(text);
            csv.end();
        }
        csv.cell("say \"hi\"\r\nthere");
        csv.number(-5);
        csv.amount(Money::from_micros(-9_900_000, Currency::CNY));
        csv.end();
        let text = csv.into_text();
        let mut lines = text.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n");
        assert_eq!(lines.next(), Some("名称,\"a,b\""));
        for _ in 0..12 {
            let line = lines.next().unwrap();
            assert!(line.trim_start_matches('"').starts_with('\''), "{line}");
        }
        assert_eq!(lines.next(), Some("\"say \"\"hi\"\"  there\",-5,-9.90"));
        assert_eq!(lines.next(), None);
    }
}
