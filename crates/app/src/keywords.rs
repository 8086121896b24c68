//! Answers to short messages from a line's own number: what is left, a link to renew, help.
//!
//! Nobody proved who wrote, so an answer goes to the line's own number and changes nothing. The same message that comes again
//! within a minute or so is the same message; a number is answered a few times an hour; what is no word of ours is answered
//! with the words once a day; and a number that is nobody's line is never answered. What was written is kept nowhere.

use crate::ports::ReceivedMessage;
use crate::secrets::Secrets;
use crate::{App, Problem};
use everline_core::customer::CustomerKind;
use everline_core::effects::{Job, MessageKind};
use everline_core::ids::{JobId, LineId, RawId};
use everline_core::keyword::Keyword;
use everline_core::line::LineState;
use everline_core::message::Beside;
use everline_core::time::{MINUTE_US, SystemTime};
use everline_core::velocity::Window;
use everline_store::tables::{customer, directory, job, line, velocity};
use everline_store::{Stop, Tx, Work};
use std::sync::Arc;

/// Within which a message from the same number with the same words is the same: centres send again what was not acknowledged,
/// under another number.
const SAME_US: i64 = MINUTE_US;
/// Answers to one number.
const PER_HOUR_MAX: i64 = 6;
const PER_DAY_MAX: i64 = 20;

/// Answers a message that somebody sent, if a line of ours did; whether an answer is on its way.
///
/// # Errors
/// As the store says when it does not answer: the message then comes again.
pub async fn received(app: &App, message: &ReceivedMessage) -> Result<bool, Problem> {
    let work = Answer {
        from: message.from.as_str().to_owned(),
        to: message.to.clone(),
        keyword: Keyword::read(&message.text),
        id: app.clock.id(),
        secrets: app.secrets.clone(),
        now: app.clock.now().system,
    };
    let answered = app.store.transact(work).await?;
    if answered {
        app.wake.notify_one();
    }
    Ok(answered)
}

struct Answer {
    from: String,
    to: String,
    keyword: Option<Keyword>,
    id: RawId,
    secrets: Arc<Secrets>,
    now: SystemTime,
}

impl Answer {
    fn name(&self, what: &str, end: SystemTime) -> [u8; 16] {
        self.secrets.name("velocity", &["short message", what, &self.from, &end.us().to_string()])
    }
    /// What this message is counted under, and how often at most; `None` if it was one too many.
    async fn counted(&self, tx: &mut Tx) -> Result<Option<Vec<([u8; 16], SystemTime)>>, everline_store::Error> {
        let word = self.keyword.map_or("other", Keyword::word);
        let slot = self.now.us().div_euclid(SAME_US);
        let same = |slot: i64| {
            let end = SystemTime::from_us((slot + 1).saturating_mul(SAME_US));
            (self.name(&format!("{word} to {}", self.to), end), end)
        };
        let (before, this) = (same(slot - 1), same(slot));
        let mut most = vec![(before, 1), (this, 1)];
        for (window, limit) in [(Window::Hour, PER_HOUR_MAX), (Window::Day, PER_DAY_MAX)] {
            let end = window.end(self.now);
            most.push(((self.name(if limit == PER_HOUR_MAX { "hour" } else { "day" }, end), end), limit));
        }
        if self.keyword.is_none() {
            let end = Window::Day.end(self.now);
            most.push(((self.name("no word of ours", end), end), 1));
        }
        for ((name, _), limit) in &most {
            if velocity::count(tx, name).await? >= *limit {
                return Ok(None);
            }
        }
        let mut names: Vec<_> = most.into_iter().map(|(name, _)| name).filter(|name| *name != before).collect();
        names.sort();
        Ok(Some(names))
    }
}

impl Work for Answer {
    const NAME: &'static str = "answer_short_message";
    type Out = bool;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<bool, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Msisdn, &self.from).await?;
        let Some((customer, id)) = found else { return Ok(false) };
        // Locked, so that two of the same at once are one.
        let line = line::lock(tx, customer, LineId(id)).await?;
        let owner = customer::get(tx, customer).await?;
        if line.state.over() || line.state == LineState::Stock || owner.kind == CustomerKind::House {
            return Ok(false);
        }
        let Some(names) = self.counted(tx).await? else { return Ok(false) };
        names.iter().for_each(|(name, end)| velocity::add(tx, name, *end));
        let kind = match self.keyword {
            Some(Keyword::Balance) => MessageKind::KeywordBalance,
            Some(Keyword::Renew) => MessageKind::KeywordRenew,
            Some(Keyword::Help) | None => MessageKind::KeywordHelp,
        };
        let (to, cause) = (Beside::Number, JobId(self.id));
        job::add(tx, customer, &Job::TellBeside { customer, line: line.id, to, kind, cause }, self.now, self.now)?;
        Ok(true)
    }
}
