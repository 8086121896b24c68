//! Reminders of a line: when one is due, of what its owner wants to be reminded, and what was told.
//!
//! What is due is decided by [`everline_core::reminder`]; here it is written down with the job that tells it. Whom it reaches,
//! by which way, is [`crate::send_message`]'s. Contact persons are in [`contacts`], the link that renews in [`link`].

pub mod contacts;
pub mod link;
pub(crate) mod said;

use crate::{App, Problem};
use everline_core::auto_renew::{AutoRenew, State};
use everline_core::brand::Brand;
use everline_core::effects::{Job, MessageKind};
use everline_core::ids::{CustomerId, JobId, LineId, MessageId, RawId};
use everline_core::line::Line;
use everline_core::message::{Beside, Channel, Fate};
use everline_core::reminder::{
    BadReminders, Cause, DataNow, Facts, Reminder, Reminders, next_look, on_due, will_not_last,
};
use everline_core::time::{BusinessTime, Now, Zone};
use everline_store::tables::reminder::{self, LineContact, LineReminders};
use everline_store::tables::timer::{self, TimerKind};
use everline_store::tables::{allowance, auto_renew, job, line, message};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Reminders that are read to judge whether one was told: more than a cycle and a day can hold.
const TOLD: i64 = 24;
/// Reminders that are shown.
const SHOWN: i64 = 8;

/// The template of a cause.
pub(crate) const fn kind_of(cause: Cause) -> MessageKind {
    match cause {
        Cause::Expiry => MessageKind::ReminderExpiry,
        Cause::Threshold => MessageKind::ReminderThreshold,
        Cause::Forecast => MessageKind::ReminderForecast,
    }
}

/// A line changed: its reminders are looked at the next time it is its turn.
pub(crate) fn look_later(tx: &mut Tx, customer: CustomerId, line: LineId, zone: &Zone, now: BusinessTime) {
    let due = Some(next_look(line, now, zone));
    timer::set_unless_due(tx, Reminder::id_of(line), customer, TimerKind::Reminder, due, now);
}

/// Usage crossed a step: the reminders of the line are looked at now, and its renewal by itself, if that waits for it.
pub(crate) fn look_now(tx: &mut Tx, customer: CustomerId, line: LineId, now: BusinessTime) {
    timer::set_unless_due(tx, Reminder::id_of(line), customer, TimerKind::Reminder, Some(now), now);
    timer::wake(tx, AutoRenew::id_of(line), customer, now);
}

/// Lets what is due of a line's reminders happen; nothing if it is not due any more.
pub(crate) async fn due(app: &App, subject: RawId, customer: CustomerId, due_at: BusinessTime) -> Result<(), Problem> {
    let line = Reminder::line_of(subject);
    let (brand, zone, now) = (app.brand.clone(), app.zone.clone(), app.clock.now());
    Ok(app.store.transact(Due { customer, line, due_at, brand, zone, now }).await?)
}

struct Due {
    customer: CustomerId,
    line: LineId,
    due_at: BusinessTime,
    brand: Arc<Brand>,
    zone: Zone,
    now: Now,
}
impl Work for Due {
    const NAME: &'static str = "reminders_due";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let line = line::lock(tx, self.customer, self.line).await?;
        let subject = Reminder::id_of(self.line);
        if timer::get(tx, subject).await? != Some(self.due_at) {
            return Ok(()); // it ran, or the line changed since
        }
        timer::remove(tx, subject, self.customer);
        let allowance = allowance::get(tx, self.customer, self.line).await?;
        let kept = reminder::get(tx, self.customer, self.line).await?;
        let told = reminder::of_line(tx, self.customer, self.line, TOLD).await?;
        let renews = auto_renew::get(tx, self.customer, self.line).await?;
        let renews = renews.filter(|setting| setting.state != State::Off);
        let forecast_wanted = renews.as_ref().is_some_and(|setting| setting.consent.early.forecast);
        // Told late, it is judged by what holds now: what was true when it was due helps nobody any more.
        let now = self.now.business;
        let facts = Facts {
            line: &line,
            allowance: &allowance,
            settings: kept.own.as_ref().unwrap_or(&self.brand.reminders),
            usage: &kept.usage,
            told: &told,
            renews_itself: renews.as_ref().is_some_and(|setting| setting.state.renews_itself()),
            forecast_wanted,
        };
        let next = on_due(&facts, now, &self.zone);
        let usage = next.usage.as_ref().unwrap_or(&kept.usage);
        let runs_out = DataNow::of(&allowance, now).and_then(|data| will_not_last(&data, usage, now)).is_some();
        if runs_out && forecast_wanted {
            timer::wake(tx, AutoRenew::id_of(self.line), self.customer, now);
        }
        for told in &next.tell {
            reminder::add(tx, told);
            let tell = first_job(told);
            job::add(tx, self.customer, &tell, self.now.system, self.now.system)?;
        }
        if let Some(usage) = next.usage {
            reminder::save(tx, self.customer, self.line, &LineReminders { usage, ..kept });
        }
        if let Some(due) = next.due {
            timer::set(tx, subject, self.customer, TimerKind::Reminder, due);
        }
        Ok(())
    }
}

/// The job that tells a reminder by the first way.
fn first_job(told: &Reminder) -> Job {
    Job::SendMessage {
        customer: told.customer,
        line: told.line,
        order: None,
        kind: kind_of(told.cause),
        cause: JobId(told.id),
        after: None,
    }
}

/// A reminder that was told, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldReminder {
    /// The reminder.
    pub reminder: Reminder,
    /// By each way, and whether beside the owner: how far it is. Empty until it goes out, or if it lost its sense before.
    pub fates: Vec<(Channel, Fate, bool)>,
}

/// The reminders of a line, for its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemindersView {
    /// The line.
    pub line: Line,
    /// Of what is reminded.
    pub settings: Reminders,
    /// Whether the owner chose that, and not the brand.
    pub own: bool,
    /// Whether the owner is told beside contact persons.
    pub tell_owner: bool,
    /// Who is told beside the owner.
    pub contacts: Vec<LineContact>,
    /// What was told last, newest first.
    pub told: Vec<ToldReminder>,
}

/// The reminders of a line: settings, contact persons, and what was told.
///
/// # Errors
/// [`Problem::NotFound`] for a line that is not this customer's.
pub async fn view(app: &App, customer: CustomerId, line: LineId) -> Result<RemindersView, Problem> {
    Ok(app.store.read(View { customer, line, brand: app.brand.clone() }).await?)
}

struct View {
    customer: CustomerId,
    line: LineId,
    brand: Arc<Brand>,
}
impl Work for View {
    const NAME: &'static str = "view_reminders";
    type Out = RemindersView;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<RemindersView, Stop<Problem>> {
        let line = line::get(tx, self.customer, self.line).await?.ok_or(Stop::Refused(Problem::NotFound("line")))?;
        let kept = reminder::get(tx, self.customer, self.line).await?;
        let contacts = reminder::contacts(tx, self.customer, self.line).await?;
        let mut told = Vec::new();
        for reminder in reminder::of_line(tx, self.customer, self.line, SHOWN).await? {
            let ids: Vec<MessageId> = jobs_of(&reminder, &contacts).map(|job| MessageId(job.id().0)).collect();
            let fates = message::fates(tx, self.customer, &ids).await?;
            told.push(ToldReminder { reminder, fates });
        }
        let (own, tell_owner) = (kept.own.is_some(), kept.tell_owner);
        let settings = kept.own.unwrap_or_else(|| self.brand.reminders.clone());
        Ok(RemindersView { line, settings, own, tell_owner, contacts, told })
    }
}

/// Every job that can have told a reminder; a message has the id of its job.
fn jobs_of(told: &Reminder, contacts: &[LineContact]) -> impl Iterator<Item = Job> {
    let (customer, line, kind, cause) = (told.customer, told.line, kind_of(told.cause), JobId(told.id));
    let after = Channel::ALL.into_iter().rev().skip(1).map(Some);
    let ways = [None].into_iter().chain(after).map(move |after| Job::SendMessage {
        customer,
        line,
        order: None,
        kind,
        cause,
        after,
    });
    let beside: Vec<Job> = contacts
        .iter()
        .map(|contact| Job::TellBeside { customer, line, to: Beside::Contact(contact.id), kind, cause })
        .collect();
    ways.chain(beside)
}

/// What an owner chooses for a line; `None` goes back to the brand's choice.
///
/// # Errors
/// [`Problem::Invalid`] names the field; [`Problem::NotFound`] for a line that is not this customer's.
pub async fn set(
    app: &App,
    customer: CustomerId,
    line: LineId,
    own: Option<Reminders>,
    tell_owner: bool,
) -> Result<(), Problem> {
    let own = own.map(Reminders::checked).transpose().map_err(|why| match why {
        BadReminders::Days => Problem::Invalid { field: "days", rule: "at most four of 0 to 30 days" },
        BadReminders::Percents => Problem::Invalid { field: "percents", rule: "at most four of 50, 55 … 100" },
        BadReminders::Quiet => Problem::Invalid { field: "quiet", rule: "from one time of the day to another" },
    })?;
    let (zone, now) = (app.zone.clone(), app.clock.now());
    Ok(app.store.transact(Set { customer, line, own, tell_owner, zone, now }).await?)
}

struct Set {
    customer: CustomerId,
    line: LineId,
    own: Option<Reminders>,
    tell_owner: bool,
    zone: Zone,
    now: Now,
}
impl Work for Set {
    const NAME: &'static str = "set_reminders";
    type Out = ();
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<(), Stop<Problem>> {
        let found = line::get(tx, self.customer, self.line).await?;
        let found = found.filter(|line| !line.state.over()).ok_or(Stop::Refused(Problem::NotFound("line")))?;
        line::lock(tx, self.customer, found.id).await?;
        let kept = reminder::get(tx, self.customer, self.line).await?;
        let (own, tell_owner) = (self.own.clone(), self.tell_owner);
        reminder::save(tx, self.customer, self.line, &LineReminders { own, tell_owner, ..kept });
        look_later(tx, self.customer, self.line, &self.zone, self.now.business);
        Ok(())
    }
}
