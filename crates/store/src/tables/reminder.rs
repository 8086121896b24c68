//! Reminders of lines: settings with the counts that forecasts are computed from, what was told, and contact persons.

use super::columns::{Columns, undecodable};
use crate::{FromRow, Query, Result, Row, Tx, args};
use everline_core::ids::{CustomerId, LineId, RawId};
use everline_core::message::{Address, Channel, EmailAddress};
use everline_core::reminder::{Quiet, Reminder, Reminders, Usage};
use everline_core::time::SystemTime;

crate::queries! { ALL;
    GET = "SELECT own, days, percents, forecast, quiet_from, quiet_until, tell_owner, usage_basis, usage_counts \
        FROM line_reminders WHERE customer_id = $1 AND id = $2";
    USAGE_OF = "SELECT line_id, usage_basis, usage_counts FROM line_reminders WHERE customer_id = $1";
    SAVE = "INSERT INTO line_reminders (customer_id, id, line_id, own, days, percents, forecast, quiet_from, quiet_until, tell_owner, usage_basis, usage_counts) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (customer_id, id) DO UPDATE SET own = excluded.own, days = excluded.days, \
        percents = excluded.percents, forecast = excluded.forecast, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, \
        tell_owner = excluded.tell_owner, usage_basis = excluded.usage_basis, usage_counts = excluded.usage_counts";
    ADD = "INSERT INTO reminder (id, customer_id, line_id, cause, cycle_at, step, runs_out_at, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    ONE = "SELECT id, customer_id, line_id, cause, cycle_at, step, runs_out_at, at FROM reminder WHERE id = $1 AND customer_id = $2";
    OF_LINE = "SELECT id, customer_id, line_id, cause, cycle_at, step, runs_out_at, at FROM reminder WHERE customer_id = $1 AND line_id = $2 \
        ORDER BY at DESC LIMIT $3";
    CONTACTS = "SELECT id, channel, address, language, added_at FROM line_contact WHERE customer_id = $1 AND line_id = $2 ORDER BY id";
    CONTACT_ADD = "INSERT INTO line_contact (customer_id, id, line_id, channel, address, language, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
        ON CONFLICT (customer_id, line_id, channel, address) DO NOTHING";
    CONTACTS_REMOVE = "DELETE FROM line_contact WHERE customer_id = $1 AND line_id = $2";
    CONTACT_REMOVE = "DELETE FROM line_contact WHERE customer_id = $1 AND id = $2";
}

/// What is kept about the reminders of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineReminders {
    /// The owner's own choice; `None` for the brand's.
    pub own: Option<Reminders>,
    /// Whether the owner is told beside contact persons.
    pub tell_owner: bool,
    /// Counts of used data.
    pub usage: Usage,
}
impl Default for LineReminders {
    fn default() -> Self {
        Self { own: None, tell_owner: true, usage: Usage::default() }
    }
}
impl FromRow for LineReminders {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let own = c.next::<i64>()? != 0;
        let numbers = |text: String, column| {
            Reminders::split(&text).ok_or_else(|| undecodable::<Vec<u8>>(column, "words that are no small numbers"))
        };
        let (days, percents) = (numbers(c.next()?, "days")?, numbers(c.next()?, "percents")?);
        let forecast = c.next::<i64>()? != 0;
        let (from, until): (Option<i64>, Option<i64>) = (c.next()?, c.next()?);
        let minute = |minute: i64| u16::try_from(minute).map_err(|_| undecodable::<u16>("quiet_from", "no minute"));
        let quiet = match from.zip(until) {
            Some((from, until)) => Some(Quiet { from: minute(from)?, until: minute(until)? }),
            None => None,
        };
        let tell_owner = c.next::<i64>()? != 0;
        let (basis, counts): (i64, String) = (c.next()?, c.next()?);
        let usage = Usage::split(basis, &counts).ok_or_else(|| undecodable::<Usage>("usage_counts", "no counts"))?;
        let own = own.then_some(Reminders { days, percents, forecast, quiet });
        Ok(LineReminders { own, tell_owner, usage })
    }
}

struct UsageRow(LineId, Usage);
impl FromRow for UsageRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let (line, basis, counts): (LineId, i64, String) = FromRow::from_row(row)?;
        let usage = Usage::split(basis, &counts).ok_or_else(|| undecodable::<Usage>("usage_counts", "no counts"))?;
        Ok(UsageRow(line, usage))
    }
}

/// The counts of used data of a customer's lines.
#[must_use]
pub fn usage_of(customer: CustomerId) -> Query<(LineId, Usage)> {
    Query::<UsageRow>::new(&USAGE_OF, args![customer]).map(|row| (row.0, row.1))
}
/// Reads what is kept about a line's reminders; as if nothing was chosen if there is nothing.
pub async fn get(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<LineReminders> {
    let found = tx.maybe(&GET, args![customer, Reminder::id_of(line)]).await?;
    Ok(found.unwrap_or_default())
}
/// Writes it; the line is locked.
pub fn save(tx: &mut Tx, customer: CustomerId, line: LineId, is: &LineReminders) {
    let own = is.own.clone().unwrap_or(Reminders::NONE);
    let quiet = |minute: fn(Quiet) -> u16| own.quiet.map(|quiet| i64::from(minute(quiet)));
    tx.put(
        &SAVE,
        args![
            customer,
            Reminder::id_of(line),
            line,
            i64::from(is.own.is_some()),
            Reminders::join(&own.days),
            Reminders::join(&own.percents),
            i64::from(own.forecast),
            quiet(|quiet| quiet.from),
            quiet(|quiet| quiet.until),
            i64::from(is.tell_owner),
            is.usage.basis,
            is.usage.join()
        ],
    );
}

struct ReminderRow(Reminder);
impl FromRow for ReminderRow {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, customer, line, cause, cycle) = (c.next()?, c.next()?, c.next()?, c.next()?, c.next()?);
        let step = u8::try_from(c.next::<i64>()?).map_err(|_| undecodable::<u8>("step", "another number"))?;
        let (runs_out_at, at) = (c.next()?, c.next()?);
        Ok(ReminderRow(Reminder { id, customer, line, cause, cycle, step, runs_out_at, at }))
    }
}

/// Writes down a reminder that is told.
pub fn add(tx: &mut Tx, reminder: &Reminder) {
    let Reminder { id, customer, line, cause, cycle, step, runs_out_at, at } = *reminder;
    tx.put(&ADD, args![id, customer, line, cause, cycle, i64::from(step), runs_out_at, at]);
}
/// One reminder.
pub async fn one(tx: &mut Tx, customer: CustomerId, id: RawId) -> Result<Option<Reminder>> {
    Ok(tx.maybe::<ReminderRow>(&ONE, args![id, customer]).await?.map(|row| row.0))
}
/// The newest reminders of a line, newest first.
pub async fn of_line(tx: &mut Tx, customer: CustomerId, line: LineId, limit: i64) -> Result<Vec<Reminder>> {
    let rows = tx.all::<ReminderRow>(&OF_LINE, args![customer, line, limit]).await?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

/// Who is told about a line beside its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineContact {
    /// Its id.
    pub id: RawId,
    /// A number or a mailbox.
    pub address: Address,
    /// BCP 47.
    pub language: String,
    /// Since when.
    pub added_at: SystemTime,
}
impl FromRow for LineContact {
    fn from_row(row: &Row<'_>) -> Result<Self> {
        let mut c = Columns::new(row);
        let (id, channel, address): (RawId, Channel, String) = (c.next()?, c.next()?, c.next()?);
        let address = Address::parse(channel, &address);
        let address = address.map_err(|_| undecodable::<EmailAddress>("address", "text that is no address"))?;
        Ok(LineContact { id, address, language: c.next()?, added_at: c.next()? })
    }
}
/// The contact persons of a line, oldest first.
pub async fn contacts(tx: &mut Tx, customer: CustomerId, line: LineId) -> Result<Vec<LineContact>> {
    tx.all(&CONTACTS, args![customer, line]).await
}
/// Adds a contact person; one that is there already stays.
pub fn add_contact(tx: &mut Tx, customer: CustomerId, line: LineId, contact: &LineContact) {
    let (channel, address) = (contact.address.channel(), contact.address.to_string());
    let language = contact.language.as_str();
    tx.put(&CONTACT_ADD, args![customer, contact.id, line, channel, address, language, contact.added_at]);
}
/// Removes all contact persons of a line.
pub fn remove_contacts(tx: &mut Tx, customer: CustomerId, line: LineId) {
    tx.put(&CONTACTS_REMOVE, args![customer, line]);
}
/// Removes a contact person.
pub fn remove_contact(tx: &mut Tx, customer: CustomerId, id: RawId) {
    tx.put(&CONTACT_REMOVE, args![customer, id]);
}
