//! Rows as `verify` reads them: ids and numbers typed, words as they stand.

use super::sql;
use everline_core::ids::{AttemptId, CustomerId, LineId, OrderId, RawId, ReceiptId, RefundId};
use everline_core::ledger::LedgerAccount;
use everline_core::offering::{Offering, OfferingRef};
use everline_core::time::{BusinessTime, SystemTime};
use everline_store::tables::sim::SECRETS;
use everline_store::tables::stock::BatchState;
use everline_store::{FromRow, Result, Row, Tx, args};
use std::collections::BTreeMap;

/// Reads columns one after the other.
struct Columns<'a, 'r>(&'a Row<'r>, usize);
impl<'a, 'r> Columns<'a, 'r> {
    fn new(row: &'a Row<'r>) -> Self {
        Self(row, 0)
    }
    fn next<T: everline_store::Column>(&mut self) -> Result<T> {
        self.1 += 1;
        self.0.get(self.1 - 1)
    }
    /// Two columns that are both NULL where a join found nothing.
    fn owner(&mut self) -> Result<Option<(CustomerId, RawId)>> {
        let (customer, subject): (Option<CustomerId>, Option<RawId>) = (self.next()?, self.next()?);
        Ok(customer.zip(subject))
    }
    /// A batch's name, and its state where the join found it. A state that is no word is the batch's own finding.
    fn batch(&mut self) -> Result<OfBatch> {
        let (name, state): (Option<String>, Option<String>) = (self.next()?, self.next()?);
        Ok(name.map(|name| (name, state.map(|word| BatchState::from_word(&word)))))
    }
}

/// All offerings. One whose body cannot be read is left out: its orders are found.
pub(super) async fn offerings(tx: &mut Tx) -> Result<BTreeMap<OfferingRef, Offering>> {
    let rows: Vec<(String, u32, String)> = tx.all(&sql::OFFERINGS, args![]).await?;
    let read = rows.into_iter().filter_map(|(code, version, body)| {
        let offering: Offering = serde_json::from_str(&body).ok()?;
        Some((OfferingRef { code, version }, offering))
    });
    Ok(read.collect())
}

pub(super) struct CustomerRow {
    pub(super) customer: CustomerId,
    /// Currency and balances, if there is an account.
    pub(super) account: Option<(String, [i64; LedgerAccount::ALL.len()])>,
}
impl FromRow for CustomerRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, currency): (_, Option<String>) = (c.next()?, c.next()?);
        let Some(currency) = currency else { return Ok(Self { customer, account: None }) };
        let mut balances = [0; LedgerAccount::ALL.len()];
        for balance in &mut balances {
            *balance = c.next()?;
        }
        Ok(Self { customer, account: Some((currency, balances)) })
    }
}

pub(super) struct OrderRow {
    pub(super) customer: CustomerId,
    pub(super) id: OrderId,
    pub(super) line: LineId,
    pub(super) offering: OfferingRef,
    pub(super) currency: String,
    pub(super) price: i64,
    pub(super) funds: i64,
    pub(super) state: String,
    pub(super) placed_by: String,
    pub(super) placed_at: BusinessTime,
    pub(super) expires_at: BusinessTime,
    pub(super) paid_at: Option<BusinessTime>,
    pub(super) delivered_at: Option<BusinessTime>,
    pub(super) in_effect_at: Option<BusinessTime>,
    pub(super) closed_at: Option<BusinessTime>,
    pub(super) starts_at: Option<BusinessTime>,
    pub(super) ends_at: Option<BusinessTime>,
    /// Where the directory says its number leads.
    pub(super) named: Option<(CustomerId, RawId)>,
    pub(super) line_exists: bool,
    /// Its own timer: due at, and kind.
    pub(super) timer: Option<(BusinessTime, String)>,
    pub(super) line_timer: Option<BusinessTime>,
}
impl FromRow for OrderRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, line) = (c.next()?, c.next()?, c.next()?);
        Ok(Self {
            customer,
            id,
            line,
            offering: OfferingRef { code: c.next()?, version: c.next()? },
            currency: c.next()?,
            price: c.next()?,
            funds: c.next()?,
            state: c.next()?,
            placed_by: c.next()?,
            placed_at: c.next()?,
            expires_at: c.next()?,
            paid_at: c.next()?,
            delivered_at: c.next()?,
            in_effect_at: c.next()?,
            closed_at: c.next()?,
            starts_at: c.next()?,
            ends_at: c.next()?,
            named: c.owner()?,
            line_exists: c.next::<Option<RawId>>()?.is_some(),
            timer: {
                let (due, kind): (Option<BusinessTime>, Option<String>) = (c.next()?, c.next()?);
                due.zip(kind)
            },
            line_timer: c.next()?,
        })
    }
}

pub(super) struct AttemptRow {
    pub(super) customer: CustomerId,
    pub(super) id: AttemptId,
    pub(super) order: OrderId,
    pub(super) method: String,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) state: String,
    pub(super) trade_no: Option<String>,
    pub(super) received: i64,
    pub(super) settlement: Option<String>,
    pub(super) paid_at: Option<SystemTime>,
    /// Where the directory says our number leads.
    pub(super) named: Option<(CustomerId, RawId)>,
    /// Where the directory says the provider's number leads.
    pub(super) trade_named: Option<(CustomerId, RawId)>,
}
impl FromRow for AttemptRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, order, method) = (c.next()?, c.next()?, c.next()?, c.next()?);
        Ok(Self {
            customer,
            id,
            order,
            method,
            currency: c.next()?,
            amount: c.next()?,
            state: c.next()?,
            trade_no: c.next()?,
            received: c.next()?,
            settlement: c.next()?,
            paid_at: c.next()?,
            named: c.owner()?,
            trade_named: c.owner()?,
        })
    }
}

pub(super) struct RefundRow {
    pub(super) customer: CustomerId,
    pub(super) id: RefundId,
    pub(super) attempt: AttemptId,
    pub(super) order: OrderId,
    pub(super) out_request_no: String,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) reason: String,
    pub(super) state: String,
    pub(super) settled_at: Option<SystemTime>,
}
impl FromRow for RefundRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            customer: c.next()?,
            id: c.next()?,
            attempt: c.next()?,
            order: c.next()?,
            out_request_no: c.next()?,
            currency: c.next()?,
            amount: c.next()?,
            reason: c.next()?,
            state: c.next()?,
            settled_at: c.next()?,
        })
    }
}

pub(super) struct RequestRow {
    pub(super) customer: CustomerId,
    pub(super) id: RawId,
    pub(super) order: OrderId,
    pub(super) asked_by: RawId,
    pub(super) asked_at: BusinessTime,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) state: String,
    pub(super) decided_by: Option<RawId>,
    pub(super) decided_at: Option<BusinessTime>,
}
impl FromRow for RequestRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            customer: c.next()?,
            id: c.next()?,
            order: c.next()?,
            asked_by: c.next()?,
            asked_at: c.next()?,
            currency: c.next()?,
            amount: c.next()?,
            state: c.next()?,
            decided_by: c.next()?,
            decided_at: c.next()?,
        })
    }
}

pub(super) struct ReceiptRow {
    pub(super) id: ReceiptId,
    pub(super) customer: CustomerId,
    pub(super) order: OrderId,
    pub(super) issued_at: BusinessTime,
    pub(super) number: Option<i64>,
    pub(super) waits: bool,
}
impl FromRow for ReceiptRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            id: c.next()?,
            customer: c.next()?,
            order: c.next()?,
            issued_at: c.next()?,
            number: c.next()?,
            waits: c.next::<Option<CustomerId>>()?.is_some(),
        })
    }
}

pub(super) struct CaseRow {
    pub(super) customer: CustomerId,
    pub(super) id: RawId,
    pub(super) order: OrderId,
    pub(super) reason: String,
    pub(super) state: String,
}
impl FromRow for CaseRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self { customer: c.next()?, id: c.next()?, order: c.next()?, reason: c.next()?, state: c.next()? })
    }
}

pub(super) struct InvoiceRow {
    pub(super) customer: CustomerId,
    pub(super) order: OrderId,
    pub(super) buyer: String,
    pub(super) tax_number: Option<String>,
    pub(super) email: Option<String>,
    pub(super) state: String,
    pub(super) asked_at: BusinessTime,
    pub(super) settled_at: Option<BusinessTime>,
    pub(super) settled_by: Option<RawId>,
    pub(super) number: Option<String>,
    pub(super) link: Option<String>,
    pub(super) reason: Option<String>,
}
impl FromRow for InvoiceRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            customer: c.next()?,
            order: c.next()?,
            buyer: c.next()?,
            tax_number: c.next()?,
            email: c.next()?,
            state: c.next()?,
            asked_at: c.next()?,
            settled_at: c.next()?,
            settled_by: c.next()?,
            number: c.next()?,
            link: c.next()?,
            reason: c.next()?,
        })
    }
}

pub(super) struct LineRow {
    pub(super) customer: CustomerId,
    pub(super) id: LineId,
    pub(super) state: String,
    pub(super) state_until: Option<BusinessTime>,
    pub(super) service_until: Option<BusinessTime>,
    pub(super) body: Option<Vec<u8>>,
    /// Its timer: due at, and kind.
    pub(super) timer: Option<(BusinessTime, String)>,
    /// Where the directory says its number leads.
    pub(super) named: Option<(CustomerId, RawId)>,
    pub(super) customer_exists: bool,
    pub(super) state_since: BusinessTime,
    /// State and time of its newest event.
    pub(super) event: Option<(String, BusinessTime)>,
    /// Whether its number is somebody's login.
    pub(super) is_login: bool,
    pub(super) has_sim: bool,
}
impl FromRow for LineRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, id, state) = (c.next()?, c.next()?, c.next()?);
        Ok(Self {
            customer,
            id,
            state,
            state_until: c.next()?,
            service_until: c.next()?,
            body: c.next()?,
            timer: {
                let (due, kind): (Option<BusinessTime>, Option<String>) = (c.next()?, c.next()?);
                due.zip(kind)
            },
            named: c.owner()?,
            customer_exists: c.next::<Option<CustomerId>>()?.is_some(),
            state_since: c.next()?,
            event: {
                let (state, at): (Option<String>, Option<BusinessTime>) = (c.next()?, c.next()?);
                state.zip(at)
            },
            is_login: c.next::<Option<CustomerId>>()?.is_some(),
            has_sim: c.next::<Option<String>>()?.is_some(),
        })
    }
}

pub(super) struct NameRow {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) customer: CustomerId,
    pub(super) subject: RawId,
    pub(super) order_number: Option<String>,
    pub(super) out_trade_no: Option<String>,
    pub(super) trade_no: Option<String>,
    pub(super) msisdn: Option<String>,
    pub(super) line_state: Option<String>,
    pub(super) customer_exists: bool,
    /// The line of the Sim of that name.
    pub(super) sim_line: Option<RawId>,
    /// The bank's id of a refund that people made.
    pub(super) bank_id: Option<String>,
}
impl FromRow for NameRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            kind: c.next()?,
            name: c.next()?,
            customer: c.next()?,
            subject: c.next()?,
            order_number: c.next()?,
            out_trade_no: c.next()?,
            trade_no: c.next()?,
            msisdn: c.next()?,
            line_state: c.next()?,
            customer_exists: c.next::<Option<CustomerId>>()?.is_some(),
            sim_line: c.next()?,
            bank_id: c.next()?,
        })
    }
}

/// A batch that a row names, and its state, if it is there; that may be a word that nobody knows.
pub(super) type OfBatch = Option<(String, Option<Option<BatchState>>)>;

pub(super) struct SimRow {
    pub(super) iccid: String,
    pub(super) imsi: String,
    pub(super) msisdn: Option<String>,
    pub(super) kind: String,
    pub(super) state: String,
    pub(super) role: Option<String>,
    pub(super) line: Option<(CustomerId, RawId)>,
    pub(super) batch: OfBatch,
    pub(super) line_batch: OfBatch,
    pub(super) source_hash: Option<Vec<u8>>,
    pub(super) line_hash: Option<Vec<u8>>,
    pub(super) sealed: [Option<Vec<u8>>; SECRETS.len()],
    pub(super) puk_hash: Option<Vec<u8>>,
    pub(super) registration_hash: Option<Vec<u8>>,
    /// State and number of its line, if that is there.
    pub(super) served: Option<(String, String)>,
    /// Where the directory says its ICCID, IMSI and number lead.
    pub(super) named: [Option<(CustomerId, RawId)>; 3],
    /// How many primary Sims its line has.
    pub(super) primaries: i64,
    /// What sets it aside, and whether that is there.
    pub(super) hold: Option<(RawId, bool)>,
}
impl FromRow for SimRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            iccid: c.next()?,
            imsi: c.next()?,
            msisdn: c.next()?,
            kind: c.next()?,
            state: c.next()?,
            role: c.next()?,
            line: c.owner()?,
            batch: c.batch()?,
            line_batch: c.batch()?,
            source_hash: c.next()?,
            line_hash: c.next()?,
            sealed: [c.next()?, c.next()?, c.next()?, c.next()?, c.next()?],
            puk_hash: c.next()?,
            registration_hash: c.next()?,
            served: {
                let (state, number): (Option<String>, Option<String>) = (c.next()?, c.next()?);
                state.zip(number)
            },
            named: [c.owner()?, c.owner()?, c.owner()?],
            primaries: c.next()?,
            hold: {
                let (hold, found): (Option<RawId>, Option<RawId>) = (c.next()?, c.next()?);
                hold.map(|hold| (hold, found.is_some()))
            },
        })
    }
}

pub(super) struct CodeRow {
    pub(super) iccid: String,
    pub(super) batch: String,
    pub(super) batch_state: Option<String>,
    pub(super) sealed: Vec<u8>,
    pub(super) code_hash: Vec<u8>,
    pub(super) source_hash: Vec<u8>,
}
impl FromRow for CodeRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            iccid: c.next()?,
            batch: c.next()?,
            batch_state: c.next()?,
            sealed: c.next()?,
            code_hash: c.next()?,
            source_hash: c.next()?,
        })
    }
}

pub(super) struct BatchRow {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) named: i64,
    pub(super) state: String,
    pub(super) loaded: i64,
    pub(super) began_at: BusinessTime,
    pub(super) completed_at: Option<BusinessTime>,
}
impl FromRow for BatchRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        Ok(Self {
            kind: c.next()?,
            name: c.next()?,
            named: c.next()?,
            state: c.next()?,
            loaded: c.next()?,
            began_at: c.next()?,
            completed_at: c.next()?,
        })
    }
}
