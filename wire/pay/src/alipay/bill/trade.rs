//! `业务明细`: what was paid and given back through the gateway, one row each.

use super::{
    BillError, BillHead,
    table::{Layout, Row, Tables, Total, amount, cell, check, file_names, table, time},
};
use crate::{SignedFen, ZipError, time::format_time, zip};

const LAYOUT: Layout = Layout { title: "#支付宝业务明细查询", list: "业务明细列表" };
const SUMMARY: Layout = Layout { title: "#支付宝业务汇总查询", list: "业务汇总列表" };
const TRADES: &str = "交易合计";
const REFUNDS: &str = "退款合计";

/// The columns that are read, of those in [`HEADER`].
const COLUMNS: [&str; 10] = [
    "支付宝交易号",
    "商户订单号",
    "业务类型",
    "商品名称",
    "创建时间",
    "完成时间",
    "订单金额（元）",
    "商家实收（元）",
    "退款批次号/请求号",
    "服务费（元）",
];
const HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,\
                      订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,\
                      券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,\
                      分润（元）,备注";
const SUMMARY_HEADER: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,\
                              商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";

/// A bill of trades whose totals are what its rows sum up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeBill {
    /// Whose, and of when.
    pub head: BillHead,
    /// Its rows, in the order of the bill.
    pub rows: Vec<TradeBillRow>,
}

/// One payment or refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TradeBillRow {
    /// The gateway's number of the trade; a refund has that of its payment.
    pub trade_no: String,
    /// The merchant's number of the trade.
    pub out_trade_no: String,
    /// Payment or refund.
    pub kind: TradeBillKind,
    /// The subject of the trade.
    pub subject: String,
    /// When the trade began, unix seconds; a refund has the time of its payment.
    pub created_unix_s: i64,
    /// When the money moved, unix seconds.
    pub completed_unix_s: i64,
    /// `订单金额`: negative for a refund.
    pub order_amount: SignedFen,
    /// `商家实收`: what the merchant gets of it, before the fee; negative for a refund.
    pub received: SignedFen,
    /// The merchant's number of the refund, or what the gateway made up for one that was made in its console.
    pub out_request_no: Option<String>,
    /// `服务费`: negative if the gateway took it, positive if a refund brought it back.
    pub fee: SignedFen,
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeBillKind {
    /// `交易`: a payment.
    Trade,
    /// `退款`: a refund.
    Refund,
    /// A kind this crate does not know; it is in neither total.
    Other(String),
}

impl TradeBillKind {
    fn parse(text: &str) -> Self {
        match text {
            "交易" => Self::Trade,
            "退款" => Self::Refund,
            other => Self::Other(other.to_owned()),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Trade => "交易",
            Self::Refund => "退款",
            Self::Other(other) => other,
        }
    }
}

impl TradeBill {
    /// Reads the archive that the download address of a `trade` bill gives.
    ///
    /// # Errors
    /// [`BillError`].
    pub fn read_zip(archive: &[u8]) -> Result<Self, BillError> {
        let tables = Tables::unzip(archive, &LAYOUT)?;
        let rows = tables.rows(&LAYOUT, &COLUMNS, TradeBillRow::read)?;
        check(TRADES, tables.total(TRADES, "商家实收共")?, total(&rows, &TradeBillKind::Trade))?;
        check(REFUNDS, tables.total(REFUNDS, "商家实收退款共")?, total(&rows, &TradeBillKind::Refund))?;
        Ok(Self { head: tables.head, rows })
    }

    /// The archive of this bill: details and summary. The same bill makes the same bytes. For stand-ins of the gateway;
    /// columns this crate does not read are empty or zero.
    ///
    /// # Errors
    /// [`ZipError`] if it is larger than an archive can hold.
    pub fn to_zip(&self, exported_unix_s: i64) -> Result<Vec<u8>, ZipError> {
        let of = |kind| total(&self.rows, &kind);
        let (trades, refunds) = (of(TradeBillKind::Trade), of(TradeBillKind::Refund));
        let totals = [
            format!("#{TRADES}：{}笔，商家实收共{}元，商家优惠共0.00元", trades.count, yuan(trades.sum_fen)),
            format!("#{REFUNDS}：{}笔，商家实收退款共{}元，商家优惠退款共0.00元", refunds.count, yuan(refunds.sum_fen)),
        ];
        let rows: Vec<String> = self.rows.iter().map(TradeBillRow::write).collect();
        let details = table(&LAYOUT, &self.head, HEADER, &rows, &totals, exported_unix_s);
        let sum = |part: fn(&TradeBillRow) -> SignedFen| self.rows.iter().map(|row| i128::from(part(row).get())).sum();
        let (ordered, received, fees): (i128, i128, i128) =
            (sum(|row| row.order_amount), sum(|row| row.received), sum(|row| row.fee));
        let summary = [format!(
            "合计\t,\t,{},{},{},{},0.00,0.00,0.00,{},0.00,{}",
            trades.count,
            refunds.count,
            yuan(ordered),
            yuan(received),
            yuan(fees),
            yuan(received + fees)
        )];
        let summary = table(&SUMMARY, &self.head, SUMMARY_HEADER, &summary, &[], exported_unix_s);
        let (details_name, summary_name) = file_names(&self.head, "业务明细");
        zip::write(&[(&details_name, &details), (&summary_name, &summary)])
    }
}

impl TradeBillRow {
    fn read(row: Row<'_, 10>) -> Result<Self, BillError> {
        let Row { line, cells } = row;
        let [trade_no, out_trade_no, kind, subject, created, completed, ordered, received, request_no, fee] = cells;
        for (column, number) in [("支付宝交易号", &trade_no), ("商户订单号", &out_trade_no)] {
            if number.is_empty() {
                return Err(BillError::Cell { line, column, found: String::new() });
            }
        }
        let kind = TradeBillKind::parse(&kind);
        let signed = |column, cell: &str| -> Result<SignedFen, BillError> {
            let amount = amount(line, column, cell)?;
            let wrong = match kind {
                TradeBillKind::Trade => amount < SignedFen::ZERO,
                TradeBillKind::Refund => amount > SignedFen::ZERO,
                TradeBillKind::Other(_) => false,
            };
            if wrong { Err(BillError::Sign { line, column, amount }) } else { Ok(amount) }
        };
        Ok(Self {
            order_amount: signed("订单金额（元）", &ordered)?,
            received: signed("商家实收（元）", &received)?,
            created_unix_s: time(line, "创建时间", &created)?,
            completed_unix_s: time(line, "完成时间", &completed)?,
            fee: amount(line, "服务费（元）", &fee)?,
            trade_no: trade_no.into_owned(),
            out_trade_no: out_trade_no.into_owned(),
            subject: subject.into_owned(),
            out_request_no: Some(request_no.into_owned()).filter(|number| !number.is_empty()),
            kind,
        })
    }

    fn write(&self) -> String {
        format!(
            "{}\t,{}\t,{}\t,{},{},{},\t,\t,\t,\t,\t,{},{},0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,{}\t,{},0.00,",
            cell(&self.trade_no),
            cell(&self.out_trade_no),
            cell(self.kind.as_str()),
            cell(&self.subject),
            format_time(self.created_unix_s),
            format_time(self.completed_unix_s),
            self.order_amount,
            self.received,
            cell(self.out_request_no.as_deref().unwrap_or_default()),
            self.fee,
        )
    }
}

fn total(rows: &[TradeBillRow], kind: &TradeBillKind) -> Total {
    rows.iter().filter(|row| row.kind == *kind).fold(Total { count: 0, sum_fen: 0 }, |total, row| Total {
        count: total.count + 1,
        sum_fen: total.sum_fen + i128::from(row.received.get()),
    })
}

/// A sum in yuan. Sums of rows may be larger than any single amount.
pub(super) fn yuan(fen: i128) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}
