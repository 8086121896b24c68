//! Whoever is outside: what came of this node's calls to them lately, a question that does no harm when somebody asks for it,
//! and the keys in use with their ends.

use crate::audit::Act;
use crate::ports::{Health, KeyFor, KnownKey, Outside, Probed};
use crate::staff::{permitted, see};
use crate::{App, Problem};
use everline_core::audit::AuditAction;
use everline_core::ids::RawId;
use everline_core::message::Reason;
use everline_core::staff::Permission;
use everline_core::time::{DAY_US, SECOND_US, SystemTime};
use std::time::Duration;

/// So many days before its end a key is warned about.
pub const KEY_WARNING_DAYS: i64 = 30;
/// How long somebody outside may take to answer when they are tested.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one is not tested again by the same node.
const BETWEEN_US: i64 = 5 * SECOND_US;

/// A key as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// The key.
    pub key: KnownKey,
    /// Whole days until its end; negative once it is over.
    pub days_left: Option<i64>,
}

impl ShownKey {
    /// A key, seen at an instant.
    #[must_use]
    pub fn at(key: KnownKey, now: SystemTime) -> Self {
        let days_left = key.valid_until.map(|until| until.since_us(now).div_euclid(DAY_US));
        Self { key, days_left }
    }
    /// Whether somebody is to see to it: it ends within [`KEY_WARNING_DAYS`], or did.
    #[must_use]
    pub fn ends_soon(&self) -> bool {
        self.days_left.is_some_and(|days| days < KEY_WARNING_DAYS)
    }
}

/// What the page of operations shows of whoever is outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideView {
    /// Each that is watched, with what came of this node's calls.
    pub health: Vec<(Outside, Health)>,
    /// The keys in use, those that end first at the top.
    pub keys: Vec<ShownKey>,
}

/// Whoever is outside, as this node sees them.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn outside(app: &App, by: RawId) -> Result<OutsideView, Problem> {
    permitted(app, by, Permission::SeeOperations).await?;
    Ok(OutsideView { health: app.ports.watch.health(app.clock.now().system), keys: keys(app) })
}

/// How many keys end soon, or ended.
///
/// # Errors
/// [`Problem::NotAllowed`]
pub async fn ending_keys(app: &App, by: RawId) -> Result<usize, Problem> {
    permitted(app, by, Permission::SeeOperations).await?;
    Ok(keys(app).iter().filter(|key| key.ends_soon()).count())
}

/// All keys: those of the configuration, those that a provider handed out itself, and our own.
fn keys(app: &App) -> Vec<ShownKey> {
    let mut all = app.ports.watch.keys();
    all.extend(
        app.ports.payments.providers().filter_map(|who| app.ports.payments.of(who)).flat_map(|port| port.keys()),
    );
    if let Some(key) = app.secrets.receipt_key() {
        all.push(KnownKey { key_for: KeyFor::Receipts, name: key.id().to_string(), valid_until: None });
    }
    let now = app.clock.now().system;
    let mut all: Vec<ShownKey> = all.into_iter().map(|key| ShownKey::at(key, now)).collect();
    all.sort_by_key(|shown| (shown.days_left.unwrap_or(i64::MAX), shown.key.key_for));
    all
}

/// Asks somebody outside whether they are there: whom, what came of it, and how many microseconds it took. Nothing is changed
/// there.
///
/// # Errors
/// [`Problem::NotAllowed`]; [`Problem::NotFound`] if there is nobody of that kind; [`Problem::TooMany`] if this node asked a
/// moment ago.
pub async fn test_outside(app: &App, by: RawId, whom: Option<Outside>) -> Result<(Outside, Probed, i64), Problem> {
    permitted(app, by, Permission::Operate).await?;
    let whom = whom.ok_or(Problem::NotFound("provider"))?;
    let ports = &app.ports;
    let began = app.clock.now().system;
    if let Some(wait_us) = ports.watch.turn_to_test(whom, began, BETWEEN_US) {
        return Err(Problem::TooMany { retry_after_s: wait_us / SECOND_US + 1 });
    }
    let nobody = || Problem::NotFound("provider");
    let asked = async {
        Ok::<Probed, Problem>(match whom {
            Outside::Payment(provider) => ports.payments.of(provider).ok_or_else(nobody)?.probe().await,
            Outside::Message(channel) => ports.messengers.of(channel).ok_or_else(nobody)?.probe().await,
            Outside::BuiltIn => ports.built_in.probe().await,
            Outside::Upstream => ports.upstream.probe().await,
        })
    };
    let probed = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(probed) => probed?,
        Err(_) => Probed::Failed(Reason::of("timeout")),
    };
    let took_us = app.clock.now().system.since_us(began).max(0);
    let result = match &probed {
        Probed::Fine => "fine",
        Probed::Failed(why) => why.as_str(),
        Probed::NotOffered => "not_offered",
    };
    let act = Act::by(by, AuditAction::ProviderTested, ("outside", whom.word()));
    see(app, by, Permission::Operate, act.with("result", result).with("took_ms", took_us / 1_000)).await?;
    Ok((whom, probed, took_us))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_warned_about_for_thirty_days_and_once_it_is_over() {
        let now = SystemTime::from_us(1_000 * DAY_US);
        let of = |left_us: i64| {
            let valid_until = Some(now.plus_us(left_us));
            ShownKey::at(KnownKey { key_for: KeyFor::Tls, name: String::new(), valid_until }, now)
        };
        for (left_us, days, warned) in [
            (31 * DAY_US, 31, false),
            (30 * DAY_US, 30, false),
            (30 * DAY_US - 1, 29, true),
            (DAY_US, 1, true),
            (1, 0, true),
            (-1, -1, true),
            (-DAY_US, -1, true),
        ] {
            let shown = of(left_us);
            assert_eq!((shown.days_left, shown.ends_soon()), (Some(days), warned), "{left_us}");
        }
        let endless = KnownKey { key_for: KeyFor::Push, name: String::new(), valid_until: None };
        assert!(!ShownKey::at(endless, now).ends_soon());
    }
}
