//! Vouchers: every batch is whole, every voucher that was redeemed brought what its batch says, once, to whoever redeemed
//! it, and nothing else was brought by a voucher.

use super::{Collected, Context, ledger, sql};
use everline_core::ids::{CustomerId, OrderId, RawId, TransferId, VoucherId};
use everline_core::ledger::{Cause, Posting};
use everline_core::time::BusinessTime;
use everline_core::voucher::{BatchState, VoucherKind};
use everline_store::{FromRow, Result, Row, Tx, args};
use std::collections::BTreeMap;

struct BatchRow {
    name: String,
    kind: String,
    currency: String,
    amount: i64,
    vouchers: i64,
    state: String,
    expires_at: BusinessTime,
    made_at: BusinessTime,
    stopped: (Option<BusinessTime>, Option<String>),
}
impl FromRow for BatchRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            kind: row.get(1)?,
            currency: row.get(2)?,
            amount: row.get(3)?,
            vouchers: row.get(4)?,
            state: row.get(5)?,
            expires_at: row.get(6)?,
            made_at: row.get(7)?,
            stopped: (row.get(8)?, row.get(9)?),
        })
    }
}

/// What a voucher needs to know of its batch, and how many of it were seen.
struct Known {
    kind: VoucherKind,
    amount: i64,
    expires_at: BusinessTime,
    making: bool,
    seen: i64,
}
type Batches = BTreeMap<String, Known>;

pub(super) async fn check(tx: &mut Tx, context: &Context<'_>, out: &mut Collected) -> Result<()> {
    let rows: Vec<BatchRow> = tx.all(&sql::VOUCHER_BATCHES, args![]).await?;
    if !rows.is_empty() {
        out.checked("batches of vouchers", rows.len());
    }
    let mut batches: Batches = rows.iter().filter_map(|row| batch(row, context, out)).collect();
    vouchers(tx, context, &mut batches, out).await?;
    for row in &rows {
        let Some(known) = batches.get(&row.name) else { continue };
        let whole = row.state == BatchState::Active.word();
        if known.seen > row.vouchers || (whole && known.seen != row.vouchers) {
            let detail = format!("{} with {} of {} vouchers", row.state, known.seen, row.vouchers);
            out.found("voucher_batch", batch_row(&row.name), detail);
        }
    }
    transfers(tx, context, &batches, out).await
}

fn batch_row(name: &str) -> String {
    format!("voucher_batch({name})")
}

fn batch(row: &BatchRow, context: &Context<'_>, out: &mut Collected) -> Option<(String, Known)> {
    let name = || batch_row(&row.name);
    let words = VoucherKind::from_word(&row.kind).zip(BatchState::from_word(&row.state));
    let Some((kind, state)) = words else {
        out.found("stored_word", name(), format!("kind {:?}, state {:?}", row.kind, row.state));
        return None;
    };
    if row.currency != context.brand.currency.code() {
        out.found("currency", name(), format!("in {}", row.currency));
    }
    let stopped = state == BatchState::Stopped;
    if row.expires_at <= row.made_at || [row.stopped.0.is_some(), row.stopped.1.is_some()] != [stopped; 2] {
        out.found(
            "voucher_batch",
            name(),
            format!("{}, stopped {:?}, or its times are not in order", row.state, row.stopped),
        );
    }
    let making = state == BatchState::Making;
    let known = Known { kind, amount: row.amount, expires_at: row.expires_at, making, seen: 0 };
    Some((row.name.clone(), known))
}

/// A voucher's row: id, batch, customer, order, and when it was redeemed.
type VoucherRow = (VoucherId, String, Option<CustomerId>, Option<OrderId>, Option<BusinessTime>);

async fn vouchers(tx: &mut Tx, context: &Context<'_>, batches: &mut Batches, out: &mut Collected) -> Result<()> {
    // Ids are hashes: any sixteen bytes can be one, and nothing at all is before them.
    let mut after = Vec::new();
    loop {
        let page: Vec<VoucherRow> = tx.all(&sql::VOUCHERS, args![after, context.limits.page_rows]).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.0.bytes().to_vec();
        out.checked("vouchers", page.len());
        for row in page {
            let name = format!("voucher({})", row.0);
            let Some(batch) = batches.get_mut(&row.1) else {
                out.found("voucher_batch", name, format!("no batch {:?}", row.1));
                continue;
            };
            batch.seen += 1;
            voucher(tx, &row, batch, name, out).await?;
        }
    }
}

async fn voucher(
    tx: &mut Tx,
    (id, _, customer, order, at): &VoucherRow,
    batch: &Known,
    name: String,
    out: &mut Collected,
) -> Result<()> {
    let (Some(customer), Some(at)) = (customer, at) else {
        if customer.is_some() || at.is_some() || order.is_some() {
            out.found("voucher_redeemed", name, "redeemed by nobody, or at no time");
        }
        return Ok(());
    };
    if batch.making || *at >= batch.expires_at {
        out.found("voucher_redeemed", name.clone(), "redeemed before its batch was there, or after its end");
    }
    if let Some(order) = order {
        let (there,): (i64,) = tx.one("order count", &sql::VOUCHER_ORDER, args![*customer, *order]).await?;
        if there != 1 {
            out.found("voucher_redeemed", name.clone(), format!("given for no order {order} of {customer}"));
        }
    }
    let posting = Posting::new(batch.kind.brings(), Cause::Voucher(*id), None, batch.amount, *at);
    for transfer in posting.transfers() {
        let found: Option<(i64,)> = tx.maybe(&sql::TRANSFER_IS_THERE, args![transfer.id, *customer]).await?;
        if found != Some((batch.amount,)) {
            let detail = format!("{} to {customer} expected, {found:?} posted", batch.amount);
            out.found("voucher_posted", name.clone(), detail);
        }
    }
    Ok(())
}

/// A transfer that a voucher caused, and that voucher.
struct CausedRow {
    id: TransferId,
    customer: CustomerId,
    template: String,
    amount: i64,
    posted_at: BusinessTime,
    cause: RawId,
    batch: Option<String>,
    redeemed: (Option<CustomerId>, Option<BusinessTime>),
}
impl FromRow for CausedRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            customer: row.get(1)?,
            template: row.get(2)?,
            amount: row.get(3)?,
            posted_at: row.get(4)?,
            cause: row.get(5)?,
            batch: row.get(6)?,
            redeemed: (row.get(7)?, row.get(8)?),
        })
    }
}

async fn transfers(tx: &mut Tx, context: &Context<'_>, batches: &Batches, out: &mut Collected) -> Result<()> {
    let mut after = (Vec::new(), Vec::new());
    loop {
        let args = args![after.0, after.1, context.limits.page_rows];
        let page: Vec<CausedRow> = tx.all(&sql::VOUCHER_TRANSFERS, args).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = (last.id.bytes().to_vec(), last.customer.bytes().to_vec());
        for row in page {
            let batch = row.batch.as_ref().and_then(|name| batches.get(name));
            let fits =
                batch.is_some_and(|batch| batch.kind.brings().word() == row.template && batch.amount == row.amount);
            if !fits || row.redeemed != (Some(row.customer), Some(row.posted_at)) {
                let detail = format!("{} of {} by {}, which says otherwise", row.template, row.amount, row.cause);
                out.found("voucher_posted", ledger::transfer_name(row.id, row.customer), detail);
            }
        }
    }
}
