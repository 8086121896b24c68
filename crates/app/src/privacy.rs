//! One customer's data: all of it handed out, and its erasure, which becomes restriction where the books must be kept.

use crate::Problem;
use crate::sign_in::CodeFor;
use everline_core::charging::Allowance;
use everline_core::customer::CustomerKind;
use everline_core::effects::Job;
use everline_core::ids::CustomerId;
use everline_core::ledger::LedgerAccount;
use everline_core::order::OrderState;
use everline_core::saved_method::SavedState;
use everline_core::time::{BusinessTime, SystemTime, Zone};
use everline_store::tables::privacy::{self, SECTIONS, Section};
use everline_store::tables::{
    audit, credential, customer, directory, invoice, job, line, login, message, order, payment_method,
};
use everline_store::{Stop, Store, Tx, Value, Work};
use serde_json::{Map, Value as Json, json};

/// Everything that is kept about a customer, table by table. Times are written out in the brand's zone, money stays in
/// millionths of its currency, ids in hexadecimal.
pub async fn export(store: &Store, customer: CustomerId, zone: &Zone) -> Result<Json, Problem> {
    let mut all = Map::new();
    for section in SECTIONS {
        let rows = store.read(Rows { customer, section }).await.map_err(Problem::from)?;
        let rows = rows.into_iter().map(|row| record(section, row, zone)).collect();
        all.insert(section.table.to_owned(), Json::Array(rows));
    }
    Ok(json!({
        "format": 1,
        "customer": customer.to_string(),
        "units": "money in millionths of the currency unit; data in octets, voice in seconds; times with their offset",
        "records": all,
    }))
}

fn record(section: &Section, row: Vec<Value>, zone: &Zone) -> Json {
    let cells = section.columns.iter().zip(row);
    Json::Object(cells.map(|(column, cell)| ((*column).to_owned(), shown(column, cell, zone))).collect())
}

fn shown(column: &str, cell: Value, zone: &Zone) -> Json {
    match cell {
        Value::Int(us)
            if column == "at"
                || column.ends_with("_at")
                || column.ends_with("_until")
                || column.ends_with("_since") =>
        {
            Json::from(zone.rfc3339(BusinessTime::from_us(us)))
        }
        Value::Int(number) => Json::from(number),
        Value::Text(text) => Json::from(text),
        Value::Blob(body) if column == "body" => {
            Allowance::from_body(&body).ok().and_then(|body| serde_json::to_value(body).ok()).unwrap_or(Json::Null)
        }
        Value::Blob(bytes) => Json::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        _ => Json::Null,
    }
}

struct Rows {
    customer: CustomerId,
    section: &'static Section,
}
impl Work for Rows {
    const NAME: &'static str = "export_customer";
    type Out = Vec<Vec<Value>>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        Ok(privacy::rows(tx, self.section, self.customer).await?)
    }
}

/// Why a customer's data cannot be erased now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotErasable {
    /// There is no such customer.
    #[error("no such customer")]
    Unknown,
    /// The brand itself, or the owner of an unclaimed line: nobody's data.
    #[error("this customer is nobody's data")]
    Nobody,
    /// Lines that are not over: hand them over or terminate them first.
    #[error("{0} lines are not over: hand them over or terminate them first")]
    Lines(usize),
    /// Orders that wait for money or for the network: close, fulfil or refund them first.
    #[error("{0} orders are under way: close, fulfil or refund them first")]
    Orders(usize),
    /// Invoices that were asked for and not made: issue or refuse them first.
    #[error("{0} invoices are asked for: issue or refuse them first")]
    Invoices(i64),
    /// Money that belongs to the customer, in millionths: pay it out first.
    #[error("{0} millionths of the currency unit belong to the customer: pay them out first")]
    Money(i64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] everline_store::Error),
}

/// Removes what names a customer, for good: name, number to sign in with, key, what the lines were called, sign-ins and
/// codes. What the books need (orders, payments, receipts, transfers, the numbers of the lines) is kept under the
/// customer's id alone and used for nothing else: that is the restriction. Safe to run again.
pub async fn erase(store: &Store, customer: CustomerId, now: BusinessTime) -> Result<(), NotErasable> {
    store.transact(Erase { customer, now }).await.map_err(|stop| match stop {
        Stop::Refused(refusal) => refusal,
        Stop::Store(everline_store::Error::NotFound { .. }) => NotErasable::Unknown,
        Stop::Store(error) => NotErasable::Store(error),
    })
}

struct Erase {
    customer: CustomerId,
    now: BusinessTime,
}
impl Work for Erase {
    const NAME: &'static str = "erase_customer";
    type Out = ();
    type Refusal = NotErasable;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<NotErasable>> {
        let refused = |refusal| Err(Stop::Refused(refusal));
        let balances = customer::lock_account(tx, self.customer).await?;
        let (restricted_at, owner_key) = privacy::restricted_at(tx, self.customer).await?;
        if restricted_at.is_some() {
            return Ok(());
        }
        let found = customer::get(tx, self.customer).await?;
        if !matches!(found.kind, CustomerKind::Person | CustomerKind::Organisation) {
            return refused(NotErasable::Nobody);
        }
        let lines = line::of_customer(tx, self.customer, i64::MAX).await?;
        let alive = lines.iter().filter(|line| !line.state.over()).count();
        if alive > 0 {
            return refused(NotErasable::Lines(alive));
        }
        let orders = order::of_customer(tx, self.customer, i64::MAX).await?;
        // What was delivered to a line that is over needs nothing more.
        let moves = |state| matches!(state, OrderState::AwaitingPayment | OrderState::Paid | OrderState::Refunding);
        let open = orders.iter().filter(|order| moves(order.state)).count();
        if open > 0 {
            return refused(NotErasable::Orders(open));
        }
        let invoices = invoice::waiting_of(tx, self.customer).await?;
        if invoices > 0 {
            return refused(NotErasable::Invoices(invoices));
        }
        let theirs = [
            LedgerAccount::PaidCredit,
            LedgerAccount::OrderFunds,
            LedgerAccount::Suspense,
            LedgerAccount::RefundInFlight,
        ];
        let owed = theirs.iter().fold(0_i64, |sum, account| sum.saturating_add(balances.get(*account)));
        if owed > 0 {
            return refused(NotErasable::Money(owed));
        }
        if let Some(contact) = &found.contact {
            directory::remove_of(tx, directory::Name::Login, contact.as_str(), self.customer, self.customer.0);
            privacy::forget_codes(tx, contact.as_str());
            privacy::forget_codes(tx, &CodeFor::Caller.name(contact.as_str()));
        }
        for contact in message::contacts(tx, self.customer).await? {
            privacy::forget_codes(tx, &CodeFor::Mailbox.name(&contact.address.to_string()));
        }
        if let Some(key) = &owner_key {
            directory::remove_of(tx, directory::Name::Owner, key, self.customer, self.customer.0);
        }
        for mut method in payment_method::active(tx, self.customer).await? {
            (method.state, method.removed_at) = (SavedState::Removed, Some(self.now));
            payment_method::save(tx, &method);
            let forget = Job::ForgetMethod { customer: self.customer, method: method.id };
            let now = SystemTime::from_us(self.now.us());
            job::add(tx, self.customer, &forget, now, now)?;
        }
        payment_method::forget_holders(tx, self.customer);
        login::remove_sessions(tx, "customer", self.customer.0);
        credential::remove(tx, self.customer);
        invoice::forget(tx, self.customer);
        audit::forget_reasons(tx, self.customer);
        privacy::restrict(tx, self.customer, self.now);
        Ok(())
    }
}
