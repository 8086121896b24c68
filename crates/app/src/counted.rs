//! What counts together over an hour or a day, exactly, for all nodes: whoever counts under the same name waits for who counts
//! before them. Kept as keyed hashes, as other counts are ([`crate::velocity`]).

use crate::App;
use everline_core::time::{BusinessTime, DAY_US, SECOND_US, SystemTime};
use everline_core::velocity::Window;
use everline_store::tables::velocity;
use everline_store::{Error, Tx};

/// Something that is counted, until its time is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    name: [u8; 16],
    ends_at: SystemTime,
    now: SystemTime,
}

impl Counted {
    /// In a day of the brand's zone, by the machine's time.
    pub(crate) fn in_day(app: &App, what: &str, whose: &str) -> Self {
        let now = app.clock.now().system;
        let day = app.zone.date(BusinessTime::from_us(now.us()));
        let ends_at = app.zone.bounds_us(day).map_or(now.plus_us(DAY_US), |(_, end)| SystemTime::from_us(end));
        Self::until(app, what, whose, (ends_at, now))
    }
    /// In an hour.
    pub(crate) fn in_hour(app: &App, what: &str, whose: &str) -> Self {
        let now = app.clock.now().system;
        Self::until(app, what, whose, (Window::Hour.end(now), now))
    }
    fn until(app: &App, what: &str, whose: &str, (ends_at, now): (SystemTime, SystemTime)) -> Self {
        Self { name: app.secrets.name("counted", &[what, whose, &ends_at.us().to_string()]), ends_at, now }
    }
    /// Counts `more` if there are at most `most` then; how much is left if not.
    pub(crate) async fn add(&self, tx: &mut Tx, more: i64, most: i64) -> Result<Result<(), i64>, Error> {
        if velocity::add_within(tx, &self.name, more, self.ends_at, most).await? {
            return Ok(Ok(()));
        }
        Ok(Err(self.left(tx, most).await?))
    }
    /// How much is left of `most`.
    pub(crate) async fn left(&self, tx: &mut Tx, most: i64) -> Result<i64, Error> {
        Ok(most.saturating_sub(velocity::count(tx, &self.name).await?).max(0))
    }
    /// Seconds until it begins anew.
    pub(crate) fn retry_after_s(&self) -> i64 {
        (self.ends_at.since_us(self.now) / SECOND_US).saturating_add(1)
    }
}
