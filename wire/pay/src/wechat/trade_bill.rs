//! The trade bill: every payment and every refund of one day, as CSV in yuan.
//!
//! The layout (`bill_type=ALL`): a line of column names; a line per payment and per accepted refund, every cell behind a
//! backtick; a line of names of totals; a line of totals. Lines end with CR LF or LF, and a byte order mark may come
//! first. Columns are found by name, so others may come and go.

use super::BILL_BYTES_MAX;
use crate::{
    Fen, SignedFen,
    time::{format_time, parse_time},
};

/// The columns, in the order in which the gateway writes them.
const COLUMNS: [&str; 27] = [
    TIME,
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    STATE,
    "付款银行",
    CURRENCY,
    SETTLEMENT,
    COUPON,
    "微信退款单号",
    "商户退款单号",
    REFUND,
    COUPON_REFUND,
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    FEE,
    "费率",
    TOTAL,
    APPLIED,
    "费率备注",
];
const TIME: &str = "交易时间";
const STATE: &str = "交易状态";
const CURRENCY: &str = "货币种类";
const SETTLEMENT: &str = "应结订单金额";
const COUPON: &str = "代金券金额";
const REFUND: &str = "退款金额";
const COUPON_REFUND: &str = "充值券退款金额";
const FEE: &str = "手续费";
const TOTAL: &str = "订单金额";
const APPLIED: &str = "申请退款金额";

/// The totals, in the order in which the gateway writes them.
const TOTALS: [&str; 7] =
    ["总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额"];

pub(super) const MARK: char = '\u{feff}';

/// Why a bill was not accepted. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BillError {
    /// Longer than [`BILL_BYTES_MAX`]; nothing was read.
    #[error("{actual_bytes} bytes, limit {BILL_BYTES_MAX}")]
    TooLarge {
        /// The length found.
        actual_bytes: usize,
    },
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A column, or one of the totals, is not there. A bill of another type or of the layout before 2018 lacks some.
    #[error("line {line}: no column {name}")]
    MissingColumn {
        /// The line of names.
        line: usize,
        /// The column.
        name: &'static str,
    },
    /// A column occurs twice.
    #[error("line {line}: {name} occurs twice")]
    DuplicateColumn {
        /// The line of names.
        line: usize,
        /// The column.
        name: &'static str,
    },
    /// A line has more or fewer cells than there are names.
    #[error("line {line}: {actual} cells, not {expected}")]
    Cells {
        /// The line.
        line: usize,
        /// How many names there are.
        expected: usize,
        /// How many cells there are; 0 if the line does not begin with a backtick.
        actual: usize,
    },
    /// A cell does not have its form.
    #[error("line {line}: {column} is malformed")]
    BadCell {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// An amount that is not a whole number of fen.
    #[error("line {line}: {column} has a fraction of a fen")]
    FractionOfFen {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
    },
    /// The bill ends before its totals: it was cut off.
    #[error("the bill ends without totals")]
    NoTotals,
    /// Something follows the totals.
    #[error("line {line} follows the totals")]
    Trailing {
        /// The line.
        line: usize,
    },
    /// A total is not the sum of its column.
    #[error("{name} is stated as {stated}, the rows give {counted}")]
    TotalMismatch {
        /// The total.
        name: &'static str,
        /// What the bill says, in fen, or rows for 总交易单数.
        stated: i64,
        /// What the rows give.
        counted: i64,
    },
}

/// A trade bill whose totals agree with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeBill {
    rows: Vec<BillRow>,
    totals: BillTotals,
}

/// One payment or one refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRow {
    /// When it was paid, or when the refund was accepted; unix seconds.
    pub time_unix_s: i64,
    /// The application the trade was made with.
    pub appid: String,
    /// The merchant.
    pub mchid: String,
    /// The gateway's number of the trade.
    pub transaction_id: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// The payer.
    pub openid: String,
    /// `NATIVE`, `JSAPI`, `MWEB` (H5), ...
    pub trade_type: String,
    /// What was sold.
    pub description: String,
    /// What the merchant attached to the order.
    pub attach: String,
    /// The amount of the order; nothing in a refund's row.
    pub total: Fen,
    /// What the gateway owes the merchant of it, fee not deducted: `total` without the coupons that cost the gateway
    /// nothing. Nothing in a refund's row.
    pub settlement: Fen,
    /// Coupons among it.
    pub coupon: Fen,
    /// The gateway's fee; negative where a refund gives it back.
    pub fee: SignedFen,
    /// The rate of the fee, such as `0.60%`.
    pub fee_rate: String,
    /// The refund that this row is about; `None` for a payment.
    pub refund: Option<BillRefund>,
}

/// What a refund's row says of the refund. It is as of when the bill was made: a query tells what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRefund {
    /// Whether the trade was revoked rather than refunded (payment codes only).
    pub revoked: bool,
    /// The gateway's number of the refund.
    pub refund_id: String,
    /// The merchant's number of the refund.
    pub out_refund_no: String,
    /// What was asked to be given back.
    pub applied: Fen,
    /// What the merchant pays of it.
    pub refund: Fen,
    /// Coupons among it.
    pub coupon_refund: Fen,
    /// `ORIGINAL`, `BALANCE`: where the money goes.
    pub channel: String,
    /// `SUCCESS`, `PROCESSING`, ...
    pub status: String,
}

/// The totals of a bill, amounts in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BillTotals {
    /// How many rows.
    pub rows: i64,
    /// Sum of [`BillRow::settlement`].
    pub settlement_fen: i64,
    /// Sum of [`BillRefund::refund`].
    pub refund_fen: i64,
    /// Sum of [`BillRefund::coupon_refund`].
    pub coupon_refund_fen: i64,
    /// Sum of [`BillRow::fee`].
    pub fee_fen: i64,
    /// Sum of [`BillRow::total`].
    pub total_fen: i64,
    /// Sum of [`BillRefund::applied`].
    pub applied_fen: i64,
}

impl BillTotals {
    fn of(rows: &[BillRow]) -> Self {
        // 64 MiB of rows of at most 10^10 fen stay far below the range of i64.
        rows.iter().fold(Self::default(), |sum, row| {
            let refund = |part: fn(&BillRefund) -> Fen| row.refund.as_ref().map_or(0, |refund| part(refund).get());
            Self {
                rows: sum.rows + 1,
                settlement_fen: sum.settlement_fen + row.settlement.get(),
                refund_fen: sum.refund_fen + refund(|r| r.refund),
                coupon_refund_fen: sum.coupon_refund_fen + refund(|r| r.coupon_refund),
                fee_fen: sum.fee_fen.saturating_add(row.fee.get()),
                total_fen: sum.total_fen + row.total.get(),
                applied_fen: sum.applied_fen + refund(|r| r.applied),
            }
        })
    }

    /// In the order of [`TOTALS`].
    fn values(&self) -> [i64; 7] {
        [
            self.rows,
            self.settlement_fen,
            self.refund_fen,
            self.coupon_refund_fen,
            self.fee_fen,
            self.total_fen,
            self.applied_fen,
        ]
    }
}

impl TradeBill {
    /// A bill of these rows, as a stand-in of the gateway makes it.
    #[must_use]
    pub fn of(rows: Vec<BillRow>) -> Self {
        Self { totals: BillTotals::of(&rows), rows }
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[BillRow] {
        &self.rows
    }

    /// The totals.
    #[must_use]
    pub fn totals(&self) -> &BillTotals {
        &self.totals
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
        let columns = Columns::<27>::find(line, names, &COLUMNS)?;
        let mut rows = Vec::new();
        let (line, names) = loop {
            match lines.next() {
                None => return Err(BillError::NoTotals),
                Some((line, text)) if text.starts_with('`') => rows.push(columns.cells(line, text)?.row()?),
                Some(totals) => break totals,
            }
        };
        let totals = Columns::<7>::find(line, names, &TOTALS)?;
        let (line, text) = lines.next().ok_or(BillError::NoTotals)?;
        let stated = totals.cells(line, text)?.totals()?;
        if let Some((line, _)) = lines.next() {
            return Err(BillError::Trailing { line });
        }
        let bill = Self::of(rows);
        for ((name, stated), counted) in TOTALS.into_iter().zip(stated).zip(bill.totals.values()) {
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
        let [rows, settlement, refund, coupon_refund, fee, total, applied] = self.totals.values();
        let yuan = |fen| signed_yuan(fen, "");
        let totals = [
            rows.to_string(),
            yuan(settlement),
            yuan(refund),
            yuan(coupon_refund),
            signed_yuan(fee, "000"),
            yuan(total),
            yuan(applied),
        ];
        line(&totals, "`");
        out
    }
}

impl BillRow {
    /// In the order of [`COLUMNS`].
    fn cells(&self) -> [String; 27] {
        let text = |text: &str| text.replace(|c: char| c == '`' || c.is_control(), " ");
        let state = match &self.refund {
            None => "SUCCESS",
            Some(refund) if refund.revoked => "REVOKED",
            Some(_) => "REFUND",
        };
        let refund = self.refund.as_ref();
        let number = |part: fn(&BillRefund) -> &str| refund.map_or("0".to_owned(), |refund| text(part(refund)));
        let amount = |part: fn(&BillRefund) -> Fen| refund.map_or(Fen::ZERO, part).to_string();
        let word = |part: fn(&BillRefund) -> &str| refund.map(|refund| text(part(refund))).unwrap_or_default();
        [
            format_time(self.time_unix_s),
            text(&self.appid),
            text(&self.mchid),
            "0".to_owned(),
            String::new(),
            text(&self.transaction_id),
            text(&self.out_trade_no),
            text(&self.openid),
            text(&self.trade_type),
            state.to_owned(),
            "OTHERS".to_owned(),
            "CNY".to_owned(),
            self.settlement.to_string(),
            self.coupon.to_string(),
            number(|r| &r.refund_id),
            number(|r| &r.out_refund_no),
            amount(|r| r.refund),
            amount(|r| r.coupon_refund),
            word(|r| &r.channel),
            word(|r| &r.status),
            text(&self.description),
            text(&self.attach),
            format!("{}000", self.fee),
            text(&self.fee_rate),
            self.total.to_string(),
            amount(|r| r.applied),
            String::new(),
        ]
    }
}

/// Yuan with two decimals and `more` behind them: fees are written with five, the last three of them zeros.
pub(super) fn signed_yuan(fen: i64, more: &str) -> String {
    let (sign, fen) = (if fen < 0 { "-" } else { "" }, fen.unsigned_abs());
    format!("{sign}{}.{:02}{more}", fen / 100, fen % 100)
}

/// Where the `N` columns that are read stand among those of a line of names.
pub(super) struct Columns<const N: usize> {
    names: &'static [&'static str; N],
    places: [usize; N],
    width: usize,
}

impl<const N: usize> Columns<N> {
    pub(super) fn find(line: usize, text: &str, names: &'static [&'static str; N]) -> Result<Self, BillError> {
        let found: Vec<_> = text.split(',').collect();
        let mut places = [0; N];
        for (name, place) in names.iter().zip(&mut places) {
            let mut at = found.iter().enumerate().filter(|(_, found)| *found == name).map(|(at, _)| at);
            *place = at.next().ok_or(BillError::MissingColumn { line, name })?;
            if at.next().is_some() {
                return Err(BillError::DuplicateColumn { line, name });
            }
        }
        Ok(Self { names, places, width: found.len() })
    }

    pub(super) fn cells<'a>(&'a self, line: usize, text: &'a str) -> Result<Cells<'a>, BillError> {
        // A comma inside of a cell has no backtick behind it.
        let cells: Vec<_> = text.strip_prefix('`').map(|rest| rest.split(",`").collect()).unwrap_or_default();
        if cells.len() != self.width {
            return Err(BillError::Cells { line, expected: self.width, actual: cells.len() });
        }
        let values = self.names.iter().zip(&self.places);
        let values = values.map(|(name, place)| (*name, cells.get(*place).copied().unwrap_or_default())).collect();
        Ok(Cells { line, values })
    }
}

/// The cells of one line, by column.
pub(super) struct Cells<'a> {
    line: usize,
    values: Vec<(&'static str, &'a str)>,
}

impl Cells<'_> {
    pub(super) fn text(&self, column: &'static str) -> &str {
        self.values.iter().find(|(name, _)| *name == column).map(|(_, value)| *value).unwrap_or_default()
    }

    pub(super) fn owned(&self, column: &'static str) -> String {
        self.text(column).to_owned()
    }

    pub(super) fn bad(&self, column: &'static str) -> BillError {
        BillError::BadCell { line: self.line, column }
    }

    /// An amount in yuan with up to five decimals, exact in fen, possibly negative.
    pub(super) fn signed_fen(&self, column: &'static str) -> Result<i64, BillError> {
        let text = self.text(column);
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let (yuan, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(yuan) || !digits(decimals) || decimals.len() > 5 {
            return Err(self.bad(column));
        }
        let thousandths: i64 = format!("{yuan}{decimals:0<5}").parse().map_err(|_| self.bad(column))?;
        if thousandths % 1000 != 0 {
            return Err(BillError::FractionOfFen { line: self.line, column });
        }
        Ok(sign * (thousandths / 1000))
    }

    fn fen(&self, column: &'static str) -> Result<Fen, BillError> {
        Fen::new(self.signed_fen(column)?).ok_or_else(|| self.bad(column))
    }

    fn row(&self) -> Result<BillRow, BillError> {
        if self.text(CURRENCY) != "CNY" {
            return Err(self.bad(CURRENCY));
        }
        Ok(BillRow {
            time_unix_s: parse_time(self.text(TIME)).map_err(|_| self.bad(TIME))?,
            appid: self.owned("公众账号ID"),
            mchid: self.owned("商户号"),
            transaction_id: self.owned("微信订单号"),
            out_trade_no: self.owned("商户订单号"),
            openid: self.owned("用户标识"),
            trade_type: self.owned("交易类型"),
            description: self.owned("商品名称"),
            attach: self.owned("商户数据包"),
            total: self.fen(TOTAL)?,
            settlement: self.fen(SETTLEMENT)?,
            coupon: self.fen(COUPON)?,
            fee: SignedFen::new(self.signed_fen(FEE)?).ok_or_else(|| self.bad(FEE))?,
            fee_rate: self.owned("费率"),
            refund: match self.text(STATE) {
                "SUCCESS" => None,
                "REFUND" => Some(self.refund(false)?),
                "REVOKED" => Some(self.refund(true)?),
                _ => return Err(self.bad(STATE)),
            },
        })
    }

    fn refund(&self, revoked: bool) -> Result<BillRefund, BillError> {
        Ok(BillRefund {
            revoked,
            refund_id: self.owned("微信退款单号"),
            out_refund_no: self.owned("商户退款单号"),
            applied: self.fen(APPLIED)?,
            refund: self.fen(REFUND)?,
            coupon_refund: self.fen(COUPON_REFUND)?,
            channel: self.owned("退款类型"),
            status: self.owned("退款状态"),
        })
    }

    /// In the order of [`TOTALS`].
    fn totals(&self) -> Result<[i64; 7], BillError> {
        let mut totals = [0; 7];
        for (at, (name, total)) in TOTALS.into_iter().zip(&mut totals).enumerate() {
            *total = match at {
                0 => self.count(name)?,
                _ => self.signed_fen(name)?,
            };
        }
        Ok(totals)
    }

    /// A number of rows; some bills write it as `3.0`.
    pub(super) fn count(&self, column: &'static str) -> Result<i64, BillError> {
        let text = self.text(column);
        let digits = text.strip_suffix(".0").unwrap_or(text);
        let count = if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None };
        count.ok_or_else(|| self.bad(column))
    }
}
