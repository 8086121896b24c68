//! The fund flow bill: every movement of one account of the merchant in a day, as CSV in yuan: payments, refunds, fees, and
//! what was withdrawn to the bank.
//!
//! The layout is the trade bill's: a line of column names; a line per movement, every cell behind a backtick; a line of names
//! of totals; a line of totals. Columns are found by name. The bracket around `元` is written in both widths.

use super::{
    BILL_BYTES_MAX, BillError,
    trade_bill::{Cells, Columns, MARK, signed_yuan},
};
use crate::{
    SignedFen,
    time::{format_time, parse_time},
};

/// The columns, in the order in which the gateway writes them.
const COLUMNS: [&str; 11] = [
    TIME,
    "微信支付业务单号",
    NUMBER,
    "业务名称",
    "业务类型",
    DIRECTION,
    AMOUNT,
    BALANCE,
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
];
const TIME: &str = "记账时间";
const NUMBER: &str = "资金流水单号";
const DIRECTION: &str = "收支类型";
const AMOUNT: &str = "收支金额（元）";
const BALANCE: &str = "账户结余（元）";
const IN: &str = "收入";
const OUT: &str = "支出";

/// The totals, in the order in which the gateway writes them.
const TOTALS: [&str; 5] = ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"];

/// A fund flow bill whose totals agree with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundBill {
    rows: Vec<FundRow>,
}

/// One movement of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FundRow {
    /// When, unix seconds.
    pub time_unix_s: i64,
    /// `微信支付业务单号`: the gateway's number of what caused it.
    pub business_no: String,
    /// `资金流水单号`: the number of the movement.
    pub flow_no: String,
    /// `业务名称`, a finer word than the type.
    pub name: String,
    /// `业务类型`, such as `交易`, `退款`, `扣除交易手续费`, `提现`.
    pub business_type: String,
    /// Positive came in, negative went out.
    pub amount: SignedFen,
    /// The balance after it.
    pub balance: SignedFen,
    /// `业务凭证号`.
    pub voucher_no: String,
}

impl FundBill {
    /// A bill of these rows, as a stand-in of the gateway makes it.
    #[must_use]
    pub const fn of(rows: Vec<FundRow>) -> Self {
        Self { rows }
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[FundRow] {
        &self.rows
    }

    /// Rows, incomes and what they sum up to, expenses and what they sum up to: in the order of [`TOTALS`].
    fn totals(&self) -> [i64; 5] {
        self.rows.iter().map(|row| row.amount.get()).fold([0; 5], |[rows, ins, income, outs, expense], fen| {
            if fen < 0 {
                [rows + 1, ins, income, outs + 1, expense.saturating_sub(fen)]
            } else {
                [rows + 1, ins + 1, income.saturating_add(fen), outs, expense]
            }
        })
    }

    /// Reads a bill that was unpacked and whose hash was checked.
    ///
    /// # Errors
    /// Every [`BillError`].
    pub fn parse(bill: &[u8]) -> Result<Self, BillError> {
        if bill.len() > BILL_BYTES_MAX {
            return Err(BillError::TooLarge { actual_bytes: bill.len() });
        }
        let text = std::str::from_utf8(bill).map_err(|_| BillError::NotUtf8)?;
        let text = text.strip_prefix(MARK).unwrap_or(text);
        // One line end may close the last line.
        let text = text.strip_suffix('\n').unwrap_or(text);
        let mut lines = (1..).zip(text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)));
        let (line, names) = lines.next().ok_or(BillError::NoTotals)?;
        let columns = Columns::<11>::find(line, &names.replace("(元)", "（元）"), &COLUMNS)?;
        let mut rows = Vec::new();
        let (line, names) = loop {
            match lines.next() {
                None => return Err(BillError::NoTotals),
                Some((line, text)) if text.starts_with('`') => rows.push(row(&columns.cells(line, text)?)?),
                Some(totals) => break totals,
            }
        };
        let totals = Columns::<5>::find(line, names, &TOTALS)?;
        let (line, text) = lines.next().ok_or(BillError::NoTotals)?;
        let cells = totals.cells(line, text)?;
        if let Some((line, _)) = lines.next() {
            return Err(BillError::Trailing { line });
        }
        let bill = Self::of(rows);
        for (at, (name, counted)) in TOTALS.into_iter().zip(bill.totals()).enumerate() {
            let stated = if matches!(at, 2 | 4) { cells.signed_fen(name)? } else { cells.count(name)? };
            if stated != counted {
                return Err(BillError::TotalMismatch { name, stated, counted });
            }
        }
        Ok(bill)
    }

    /// The bill as the gateway writes it. What would break the layout (backticks, control characters) becomes a space.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut out = String::from(MARK);
        let mut line = |cells: &[String], before: &str| {
            let cells: Vec<_> = cells.iter().map(|cell| format!("{before}{cell}")).collect();
            out.push_str(&cells.join(","));
            out.push_str("\r\n");
        };
        line(&COLUMNS.map(str::to_owned), "");
        for row in &self.rows {
            line(&row.cells(), "`");
        }
        line(&TOTALS.map(str::to_owned), "");
        let [rows, ins, income, outs, expense] = self.totals();
        let totals =
            [rows.to_string(), ins.to_string(), signed_yuan(income, ""), outs.to_string(), signed_yuan(expense, "")];
        line(&totals, "`");
        out
    }
}

fn row(cells: &Cells<'_>) -> Result<FundRow, BillError> {
    let fen = |column| SignedFen::new(cells.signed_fen(column)?).ok_or_else(|| cells.bad(column));
    let amount = fen(AMOUNT)?;
    let amount = match cells.text(DIRECTION) {
        IN if amount >= SignedFen::ZERO => amount,
        OUT if amount >= SignedFen::ZERO => -amount,
        _ => return Err(cells.bad(DIRECTION)),
    };
    let flow_no = cells.owned(NUMBER);
    if flow_no.is_empty() {
        return Err(cells.bad(NUMBER));
    }
    Ok(FundRow {
        time_unix_s: parse_time(cells.text(TIME)).map_err(|_| cells.bad(TIME))?,
        business_no: cells.owned("微信支付业务单号"),
        flow_no,
        name: cells.owned("业务名称"),
        business_type: cells.owned("业务类型"),
        amount,
        balance: fen(BALANCE)?,
        voucher_no: cells.owned("业务凭证号"),
    })
}

impl FundRow {
    /// In the order of [`COLUMNS`].
    fn cells(&self) -> [String; 11] {
        let text = |text: &str| text.replace(|c: char| c == '`' || c.is_control(), " ");
        let (direction, fen) = if self.amount < SignedFen::ZERO { (OUT, -self.amount) } else { (IN, self.amount) };
        [
            format_time(self.time_unix_s),
            text(&self.business_no),
            text(&self.flow_no),
            text(&self.name),
            text(&self.business_type),
            direction.to_owned(),
            fen.to_string(),
            self.balance.to_string(),
            "system".to_owned(),
            String::new(),
            text(&self.voucher_no),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the gateway's documents show one.
    const BILL: &str = "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n\
        `2018-02-01 04:21:23,`50000305742018020103387128253,`1900009231201802015884652186,`退款,`退款,`支出,`0.02,`0.17,`system,`缺货,`REF4200000068201801293084726067\r\n\
        `2018-02-01 09:00:00,`1,`2,`交易,`交易,`收入,`10.00,`10.17,`system,`,`3\r\n\
        `2018-02-01 09:30:00,`4,`5,`提现,`提现,`支出,`10.00,`0.17,`system,`,`6\r\n\
        资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n\
        `3.0,`1.0,`10.00,`2.0,`10.02\r\n";

    #[test]
    fn a_bill_is_read_and_written() {
        let bill = FundBill::parse(BILL.as_bytes()).unwrap();
        let read: Vec<_> = bill.rows().iter().map(|row| (row.business_type.as_str(), row.amount.get())).collect();
        assert_eq!(read, [("退款", -2), ("交易", 1_000), ("提现", -1_000)]);
        assert_eq!(FundBill::parse(bill.to_csv().as_bytes()), Ok(bill));
    }

    #[test]
    fn what_is_damaged_is_refused_by_name() {
        let check = |from: &str, to: &str| FundBill::parse(BILL.replacen(from, to, 1).as_bytes()).unwrap_err();
        assert_eq!(
            check("支出,`0.02", "支出,`0.03"),
            BillError::TotalMismatch { name: "支出金额", stated: 1_002, counted: 1_003 }
        );
        assert_eq!(check("`3.0", "`4"), BillError::TotalMismatch { name: "资金流水总笔数", stated: 4, counted: 3 });
        assert_eq!(check("`收入", "`转入"), BillError::BadCell { line: 3, column: DIRECTION });
        assert_eq!(check("`收入,`10.00", "`收入,`-10.00"), BillError::BadCell { line: 3, column: DIRECTION });
        assert_eq!(check("`2,`交易", "`,`交易"), BillError::BadCell { line: 3, column: NUMBER });
        assert_eq!(check("资金流水单号,", ""), BillError::MissingColumn { line: 1, name: NUMBER });
        assert_eq!(check("`system,`,`3", "`system,`3"), BillError::Cells { line: 3, expected: 11, actual: 10 });
        assert!(matches!(check("2018-02-01 09", "2018-02-30 09"), BillError::BadCell { line: 3, .. }));
        let cut = BILL.rsplit_once("资金流水总笔数").unwrap().0;
        assert_eq!(FundBill::parse(cut.as_bytes()), Err(BillError::NoTotals));
        assert_eq!(FundBill::parse(format!("{BILL}`1").as_bytes()), Err(BillError::Trailing { line: 7 }));
        assert_eq!(FundBill::parse(&[0xff]), Err(BillError::NotUtf8));
    }
}
