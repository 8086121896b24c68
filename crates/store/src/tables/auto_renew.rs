//! Renewal by itself: settings, and the consents that were given and taken back.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::auto_renew::{AutoRenew, Consent, Early, GaveUp, PayWith, State};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::money::Money;
use everline_core::offering::OfferingRef;
use everline_core::time::BusinessTime;

macro_rules! columns {
    () => {
        "customer_id, line_id, offering_code, offering_version, currency, price, methods, month_cap, lead_days, terms_version, consented_at, \
         state, cycle_at, debit_at, step, asked, why, left_percent, by_forecast, early_at"
    };
}

crate::queries! { ALL;
    GET = concat!("SELECT ", columns!(), " FROM auto_renew WHERE customer_id = $1 AND id = $2");
    OF_CUSTOMER = concat!("SELECT ", columns!(), " FROM auto_renew WHERE customer_id = $1 AND state <> 'off'");
    LOCK = concat!("SELECT ", columns!(), " FROM auto_renew WHERE customer_id = $1 AND id = $2 FOR UPDATE");
    SAVE = concat!("INSERT INTO auto_renew (", columns!(), ", id) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) \
        ON CONFLICT (customer_id, id) DO UPDATE SET offering_code = excluded.offering_code, offering_version = excluded.offering_version, \
        currency = excluded.currency, price = excluded.price, methods = excluded.methods, month_cap = excluded.month_cap, \
        lead_days = excluded.lead_days, terms_version = excluded.terms_version, consented_at = excluded.consented_at, state = excluded.state, \
        cycle_at = excluded.cycle_at, debit_at = excluded.debit_at, step = excluded.step, asked = excluded.asked, why = excluded.why, \
        left_percent = excluded.left_percent, by_forecast = excluded.by_forecast, early_at = excluded.early_at");
    SPENT = "SELECT CAST(COALESCE(SUM(funds), 0) AS BIGINT) FROM orders WHERE customer_id = $1 AND line_id = $2 AND placed_by = 'auto_renew' \
        AND paid_at >= $3 AND state NOT IN ('refunding', 'refunded')";
    CONSENT_ADD = "INSERT INTO renewal_consent (id, customer_id, line_id, given, offering_code, offering_version, currency, price, methods, month_cap, \
        lead_days, terms_version, at, left_percent, by_forecast) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
}

struct SettingRow(AutoRenew);
impl FromRow for SettingRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (customer, line) = (c.next()?, c.next()?);
        let offering = OfferingRef { code: c.next()?, version: c.next()? };
        let currency = c.next()?;
        let price = Money::from_micros(c.next()?, currency);
        let methods: String = c.next()?;
        let methods =
            PayWith::split(&methods).ok_or_else(|| undecodable::<PayWith>("methods", "words that are no methods"))?;
        let month_cap = Money::from_micros(c.next()?, currency);
        let lead_days = c.next::<i64>()?;
        let lead_days = u8::try_from(lead_days).map_err(|_| undecodable::<u8>("lead_days", "another number"))?;
        let (terms_version, given_at) = (c.next()?, c.next()?);
        let word: String = c.next()?;
        let (cycle, debit_at): (Option<BusinessTime>, Option<BusinessTime>) = (c.next()?, c.next()?);
        let (step, asked, why): (Option<i64>, Option<bool>, Option<String>) = (c.next()?, c.next()?, c.next()?);
        let step = step.and_then(|step| u8::try_from(step).ok());
        let why = why.as_deref().and_then(GaveUp::from_word);
        let state = match (word.as_str(), cycle, debit_at, step, asked, why) {
            ("off", None, None, None, None, None) => State::Off,
            ("waiting", None, None, None, None, None) => State::Waiting,
            ("announced", Some(cycle), Some(debit_at), None, None, None) => State::Announced { cycle, debit_at },
            ("asks_consent", Some(cycle), Some(debit_at), None, None, None) => State::AsksConsent { cycle, debit_at },
            ("trying", Some(cycle), None, Some(step), Some(asked), None) => State::Trying { cycle, step, asked },
            ("needs_customer", Some(cycle), None, None, None, None) => State::NeedsCustomer { cycle },
            ("gave_up", Some(cycle), None, None, None, Some(why)) => State::GaveUp { cycle, why },
            _ => return Err(undecodable::<State>("state", "another word, or columns of another state")),
        };
        let left_percent = match c.next::<Option<i64>>()? {
            Some(left) => Some(u8::try_from(left).map_err(|_| undecodable::<u8>("left_percent", "another number"))?),
            None => None,
        };
        let early = Early { left_percent, forecast: c.next::<i64>()? != 0 };
        let early_for = c.next()?;
        let consent = Consent { offering, price, methods, month_cap, lead_days, early, terms_version, given_at };
        Ok(SettingRow(AutoRenew { customer, line, consent, state, early_for }))
    }
}

/// The settings of a customer's lines that are on.
#[must_use]
pub fn of_customer(customer: CustomerId) -> Query<AutoRenew> {
    Query::<SettingRow>::new(&OF_CUSTOMER, args![customer]).map(|row| row.0)
}
/// Reads the setting of a line.
pub async fn get(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Option<AutoRenew>> {
    let id = AutoRenew::id_of(line);
    Ok(tx.maybe::<SettingRow>(&GET, args![customer, id]).await?.map(|row| row.0))
}
/// Locks and reads the setting of a line.
pub async fn lock(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Option<AutoRenew>> {
    let id = AutoRenew::id_of(line);
    Ok(tx.maybe::<SettingRow>(&LOCK, args![customer, id]).await?.map(|row| row.0))
}
/// Writes a setting; it, or its line, is locked.
pub fn save(tx: &mut Tx, is: &AutoRenew) {
    let consent = &is.consent;
    let (debit_at, step, asked, why) = match is.state {
        State::Announced { debit_at, .. } | State::AsksConsent { debit_at, .. } => (Some(debit_at), None, None, None),
        State::Trying { step, asked, .. } => (None, Some(i64::from(step)), Some(i64::from(asked)), None),
        State::GaveUp { why, .. } => (None, None, None, Some(why.word())),
        State::Off | State::Waiting | State::NeedsCustomer { .. } => (None, None, None, None),
    };
    tx.put(
        &SAVE,
        args![
            is.customer,
            is.line,
            consent.offering.code.as_str(),
            i64::from(consent.offering.version),
            consent.price.currency(),
            consent.price.micros(),
            PayWith::join(&consent.methods),
            consent.month_cap.micros(),
            i64::from(consent.lead_days),
            consent.terms_version.as_str(),
            consent.given_at,
            is.state.word(),
            is.state.cycle(),
            debit_at,
            step,
            asked,
            why,
            consent.early.left_percent.map(i64::from),
            i64::from(consent.early.forecast),
            is.early_for,
            AutoRenew::id_of(is.line)
        ],
    );
}
/// What automatic renewals of a line took since an instant, in millionths.
pub async fn spent_since(tx: &mut Tx, customer: CustomerId, line: LineId, since: BusinessTime) -> Result<i64> {
    Ok(tx.one::<(i64,)>("sum of renewals", &SPENT, args![customer, line, since]).await?.0)
}
/// Keeps a consent that was given, or taken back.
pub fn keep_consent(tx: &mut Tx, id: RawId, is: &AutoRenew, given: bool, at: BusinessTime) {
    let consent = &is.consent;
    tx.put(
        &CONSENT_ADD,
        args![
            id,
            is.customer,
            is.line,
            i64::from(given),
            consent.offering.code.as_str(),
            i64::from(consent.offering.version),
            consent.price.currency(),
            consent.price.micros(),
            PayWith::join(&consent.methods),
            consent.month_cap.micros(),
            i64::from(consent.lead_days),
            consent.terms_version.as_str(),
            at,
            consent.early.left_percent.map(i64::from),
            i64::from(consent.early.forecast)
        ],
    );
}
