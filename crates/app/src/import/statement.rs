//! Bank statements as files: one line of the statement a row, in English or Chinese columns. Pure: bytes in, lines or faults
//! out.

use super::header::{Cells, Column, Header, header};
use super::text::{Encoding, Lines, cells, detect};
use super::{Fault, FileFault, ImportError, RowFault};
use crate::bank_statement::StatementLine;
use everline_core::money::{Currency, Money};
use everline_core::time::Zone;
use std::io::{BufReader, Read, Seek};

/// The columns of a statement.
pub const COLUMNS: &[Column] = &[
    Column { name: "date", also: &["日期", "交易日期", "记账日期", "入账日期"], required: true },
    Column { name: "amount", also: &["金额", "交易金额", "发生额"], required: true },
    Column { name: "payer", also: &["付款人", "付款方", "对方户名", "对方名称"], required: true },
    Column { name: "remark", also: &["附言", "摘要", "备注", "用途"], required: true },
    Column { name: "bank_id", also: &["流水号", "交易流水号", "银行流水号"], required: true },
];
const ID_CHARS_MAX: usize = 64;
const TEXT_CHARS_MAX: usize = 200;
/// Most rows of a file.
pub const ROWS_MAX: usize = 100_000;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Statement {
    /// Lines that can be taken.
    pub lines: Vec<StatementLine>,
    /// Rows that cannot.
    pub refused: Vec<RowFault>,
}

/// Reads a statement whole.
///
/// # Errors
/// [`ImportError`] for a file that is none; a row that cannot be read is among the refused.
pub fn read(file: &mut (impl Read + Seek), currency: Currency, zone: &Zone) -> Result<Statement, ImportError> {
    let encoding: Encoding = detect(file)??;
    file.rewind()?;
    let mut lines = Lines::new(BufReader::new(file), encoding);
    let head = match lines.next_line()? {
        None => return Err(FileFault::Empty.into()),
        Some(Err(fault)) => return Err(FileFault::Unreadable(fault.reason.into_owned()).into()),
        Some(Ok(line)) => header(&line, COLUMNS)?,
    };
    let mut statement = Statement::default();
    loop {
        let read = match lines.next_line()? {
            None => return Ok(statement),
            Some(line) => line.and_then(|line| line_of(&line, &head, currency, zone)),
        };
        let number = lines.number();
        match read {
            Ok(line) => statement.lines.push(line),
            Err(fault) => statement.refused.push(RowFault { line: number, batch: None, fault }),
        }
        if statement.lines.len() + statement.refused.len() > ROWS_MAX {
            return Err(FileFault::TooManyRows { rows_max: u64::try_from(ROWS_MAX).unwrap_or(u64::MAX) }.into());
        }
    }
}

fn line_of(line: &str, head: &Header, currency: Currency, zone: &Zone) -> Result<StatementLine, Fault> {
    let mut found = Vec::new();
    cells(line, head.separator, &mut found)?;
    if found.len() > head.width {
        let remedy = "put quotes around a value that holds the separator";
        return Err(Fault::new("line", "more cells than the header has columns", remedy));
    }
    let row = Cells::new(head, &found);
    let text = |place: usize, field: &'static str, max: usize| {
        let value = row.get(place).unwrap_or_default();
        if value.chars().count() > max || value.chars().any(char::is_control) {
            return Err(Fault::new(field, "too long, or no text", format!("at most {max} characters on one line")));
        }
        Ok(value.to_owned())
    };
    let date = row.get(0).unwrap_or_default().replace('/', "-");
    if zone.end_of_day(&date).is_none() {
        return Err(Fault::new("date", "no day", "write it as 2026-11-22"));
    }
    let bank_id = text(4, "bank_id", ID_CHARS_MAX)?;
    if bank_id.is_empty() {
        return Err(Fault::new("bank_id", "missing", "the bank's own number of this line, by which it is taken once"));
    }
    Ok(StatementLine {
        bank_id,
        booked_on: date,
        amount: amount(row.get(1).unwrap_or_default(), currency)?,
        payer: text(2, "payer", TEXT_CHARS_MAX)?,
        remark: text(3, "remark", TEXT_CHARS_MAX)?,
    })
}

/// `1,234.50`; what went has a minus before it.
fn amount(text: &str, currency: Currency) -> Result<Money, Fault> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let digits = digits.trim_start_matches(['¥', '￥', '+']).trim().replace(',', "");
    let amount = Money::parse(&digits, currency).ok().filter(|amount| amount.to_minor().is_ok());
    let Some(amount) = amount else {
        return Err(Fault::new("amount", "no amount", "digits with a point: 1234.50; a minus before what went out"));
    };
    Ok(if negative { Money::from_micros(-amount.micros(), currency) } else { amount })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn read_bytes(bytes: &[u8]) -> Result<Statement, ImportError> {
        read(&mut Cursor::new(bytes.to_vec()), Currency::CNY, &Zone::named("Asia/Shanghai").unwrap())
    }

    #[test]
    fn a_statement_is_read_in_both_encodings_and_languages() {
        let chinese = "交易日期,金额,对方户名,附言,流水号\n2026/11/22,\"1,234.50\",顺达冷链,套餐费 1234 5678 9012,A1\n2026-11-23,-5,税务局,,A2\n";
        let english = "bank_id;date;amount;payer;remark\nA1;2026-11-22;1234.50;顺达冷链;套餐费 1234 5678 9012\nA2;2026-11-23;-5.00;税务局;\n";
        let (gbk, ..) = encoding_rs::GBK.encode(chinese);
        let expected = read_bytes(english.as_bytes()).unwrap();
        assert_eq!(expected.lines.len(), 2);
        assert_eq!((expected.lines[0].amount.micros(), expected.lines[1].amount.micros()), (1_234_500_000, -5_000_000));
        for bytes in [chinese.as_bytes(), &gbk] {
            assert_eq!(read_bytes(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_named_and_the_others_stay() {
        let text = "date,amount,payer,remark,bank_id\n22.11.2026,1,a,b,1\n2026-11-22,1.234,a,b,2\n2026-11-22,1,a,b,\n2026-11-22,x,a,b,4\n2026-11-22,1,a,b,5\n";
        let statement = read_bytes(text.as_bytes()).unwrap();
        let faults: Vec<_> = statement.refused.iter().map(|refused| (refused.line, refused.fault.field)).collect();
        assert_eq!(faults, [(2, "date"), (3, "amount"), (4, "bank_id"), (5, "amount")]);
        assert_eq!(statement.lines.len(), 1);
        assert!(read_bytes(b"").is_err() && read_bytes(b"date,amount\n").is_err());
    }
}
