//! `账务明细`: every movement of the merchant's balance, one row each: payments, refunds, fees, payouts.

use super::{
    BillError, BillHead,
    table::{Layout, Row, Tables, Total, amount, cell, check_sum, file_names, table, time},
    trade::yuan,
};
use crate::{SignedFen, ZipError, time::format_time, zip};

const LAYOUT: Layout = Layout { title: "#支付宝账务明细查询", list: "账务明细列表" };
const SUMMARY: Layout = Layout { title: "#支付宝账务汇总查询", list: "账务汇总列表" };
const OUT: &str = "支出合计";
const IN: &str = "收入合计";
const INCOME: &str = "收入金额（+元）";
const EXPENSE: &str = "支出金额（-元）";

/// The columns that are read, of those in [`HEADER`].
const COLUMNS: [&str; 9] =
    ["账务流水号", "业务流水号", "商户订单号", "发生时间", INCOME, EXPENSE, "账户余额（元）", "业务类型", "备注"];
const HEADER: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,\
                      账户余额（元）,交易渠道,业务类型,备注";
const SUMMARY_HEADER: &str = "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）";

/// A bill of the balance whose totals are what its rows sum up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBill {
    /// Whose, and of when.
    pub head: BillHead,
    /// Its rows, in the order of the bill.
    pub rows: Vec<AccountBillRow>,
}

/// One movement of the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBillRow {
    /// `账务流水号`: the number of the movement.
    pub log_no: String,
    /// `业务流水号`: the number of what caused it; for a payment that of the trade.
    pub business_no: String,
    /// The merchant's number of the trade, if one caused it.
    pub out_trade_no: Option<String>,
    /// When, unix seconds.
    pub occurred_unix_s: i64,
    /// Positive came in, negative went out.
    pub amount: SignedFen,
    /// The balance after it.
    pub balance: SignedFen,
    /// `业务类型`, such as `在线支付`, `交易退款`, `收费`, `提现`.
    pub business_type: String,
    /// `备注`.
    pub remark: String,
}

/// What the rows sum up to.
struct Sums {
    income: Total,
    expense: Total,
    nothing: u64,
}

impl AccountBill {
    /// Reads the archive that the download address of a `signcustomer` bill gives.
    ///
    /// # Errors
    /// [`BillError`].
    pub fn read_zip(archive: &[u8]) -> Result<Self, BillError> {
        let tables = Tables::unzip(archive, &LAYOUT)?;
        let rows = tables.rows(&LAYOUT, &COLUMNS, AccountBillRow::read)?;
        let counted = sums(&rows);
        let (income, expense) = (tables.total(IN, "共")?, tables.total(OUT, "共")?);
        // Which of the two counts a movement of nothing belongs to is not known; together they must hold it.
        for (what, stated, counted) in [(IN, income, &counted.income), (OUT, expense, &counted.expense)] {
            if stated.count < counted.count {
                return Err(BillError::CountDiffers { what, stated: stated.count, counted: counted.count });
            }
        }
        let stated = income.count.saturating_add(expense.count);
        let all = counted.income.count + counted.expense.count + counted.nothing;
        if stated != all {
            return Err(BillError::CountDiffers { what: "收入合计、支出合计", stated, counted: all });
        }
        check_sum(IN, income.sum_fen, counted.income.sum_fen)?;
        // Expenses are written with a minus sign today; bills of some years have them without.
        check_sum(OUT, -expense.sum_fen.abs(), counted.expense.sum_fen)?;
        Ok(Self { head: tables.head, rows })
    }

    /// The archive of this bill: details and summary. The same bill makes the same bytes. For stand-ins of the gateway;
    /// columns this crate does not read are empty.
    ///
    /// # Errors
    /// [`ZipError`] if it is larger than an archive can hold.
    pub fn to_zip(&self, exported_unix_s: i64) -> Result<Vec<u8>, ZipError> {
        let Sums { income, expense, nothing } = sums(&self.rows);
        let incomes = income.count + nothing;
        let totals = [
            format!("#{OUT}：{}笔，共{}元", expense.count, yuan(expense.sum_fen)),
            format!("#{IN}：{incomes}笔，共{}元", yuan(income.sum_fen)),
        ];
        let rows: Vec<String> = self.rows.iter().map(AccountBillRow::write).collect();
        let details = table(&LAYOUT, &self.head, HEADER, &rows, &totals, exported_unix_s);
        let summary = [format!(
            "合计,{incomes},{},{},{},{}",
            yuan(income.sum_fen),
            expense.count,
            yuan(expense.sum_fen),
            yuan(income.sum_fen + expense.sum_fen)
        )];
        let summary = table(&SUMMARY, &self.head, SUMMARY_HEADER, &summary, &[], exported_unix_s);
        let (details_name, summary_name) = file_names(&self.head, "账务明细");
        zip::write(&[(&details_name, &details), (&summary_name, &summary)])
    }
}

impl AccountBillRow {
    fn read(row: Row<'_, 9>) -> Result<Self, BillError> {
        let Row { line, cells } = row;
        let [log_no, business_no, out_trade_no, occurred, income, expense, balance, business_type, remark] = cells;
        if log_no.is_empty() {
            return Err(BillError::Cell { line, column: "账务流水号", found: String::new() });
        }
        // Of income and expense, some bills leave the one that is nothing empty.
        let or_nothing = |column, cell: &str| {
            if cell.is_empty() { Ok(SignedFen::ZERO) } else { amount(line, column, cell) }
        };
        let income = or_nothing(INCOME, &income)?;
        if income < SignedFen::ZERO {
            return Err(BillError::Sign { line, column: INCOME, amount: income });
        }
        let expense = or_nothing(EXPENSE, &expense)?;
        let amount_moved = match (income == SignedFen::ZERO, expense == SignedFen::ZERO) {
            (_, true) => income,
            (true, false) if expense > SignedFen::ZERO => -expense,
            (true, false) => expense,
            (false, false) => return Err(BillError::BothWays { line }),
        };
        Ok(Self {
            occurred_unix_s: time(line, "发生时间", &occurred)?,
            amount: amount_moved,
            balance: amount(line, "账户余额（元）", &balance)?,
            log_no: log_no.into_owned(),
            business_no: business_no.into_owned(),
            out_trade_no: Some(out_trade_no.into_owned()).filter(|number| !number.is_empty()),
            business_type: business_type.into_owned(),
            remark: remark.into_owned(),
        })
    }

    fn write(&self) -> String {
        let (income, expense) =
            if self.amount < SignedFen::ZERO { (SignedFen::ZERO, self.amount) } else { (self.amount, SignedFen::ZERO) };
        format!(
            "{}\t,{}\t,{}\t,\t,{},\t,{income},{expense},{},支付宝,{},{}",
            cell(&self.log_no),
            cell(&self.business_no),
            cell(self.out_trade_no.as_deref().unwrap_or_default()),
            format_time(self.occurred_unix_s),
            self.balance,
            cell(&self.business_type),
            cell(&self.remark),
        )
    }
}

fn sums(rows: &[AccountBillRow]) -> Sums {
    let of = |wanted: std::cmp::Ordering| {
        let moved = rows.iter().map(|row| row.amount).filter(|amount| amount.cmp(&SignedFen::ZERO) == wanted);
        moved.fold(Total { count: 0, sum_fen: 0 }, |total, amount| Total {
            count: total.count + 1,
            sum_fen: total.sum_fen + i128::from(amount.get()),
        })
    };
    use std::cmp::Ordering::{Equal, Greater, Less};
    Sums { income: of(Greater), expense: of(Less), nothing: of(Equal).count }
}
