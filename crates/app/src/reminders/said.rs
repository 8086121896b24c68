//! What a reminder, or the answer to a short message, says, beside what every message about a line says; and whether what would
//! be told of a line's data is still true.

use crate::reminders::kind_of;
use everline_core::effects::MessageKind;
use everline_core::ids::JobId;
use everline_core::line::{Line, LineState};
use everline_core::offering::{Unit, octets_text};
use everline_core::reminder::{DataNow, still_true};
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::{allowance, reminder};
use everline_store::{Result, Tx};

/// The parameters that a kind gets beside the usual ones; `None` for a kind of others.
pub(crate) const fn parameters(kind: MessageKind) -> Option<&'static [&'static str]> {
    Some(match kind {
        MessageKind::ReminderExpiry => &[],
        MessageKind::ReminderThreshold => &["percent", "left"],
        MessageKind::ReminderForecast => &["left", "runs_out_on"],
        MessageKind::KeywordBalance => &["data", "minutes", "messages"],
        MessageKind::KeywordRenew | MessageKind::KeywordHelp => &[],
        _ => return None,
    })
}

type Said = Vec<(&'static str, String)>;

/// What a message of a kind says; `None` if it is not true any more.
pub(crate) async fn said(
    tx: &mut Tx,
    line: &Line,
    (kind, cause): (MessageKind, JobId),
    zone: &Zone,
    now: BusinessTime,
) -> Result<Option<Said>> {
    let mut said = Said::new();
    match kind {
        MessageKind::ReminderExpiry | MessageKind::ReminderThreshold | MessageKind::ReminderForecast => {
            let Some(told) = reminder::one(tx, line.customer, cause.0).await? else { return Ok(None) };
            let allowance = allowance::get(tx, line.customer, line.id).await?;
            if kind_of(told.cause) != kind || !still_true(&told, line, &allowance, now) {
                return Ok(None);
            }
            if kind != MessageKind::ReminderExpiry {
                let data = DataNow::of(&allowance, now);
                said.push(("left", octets_text(data.map_or(0, |data| data.left))));
                said.push(("percent", data.map_or(told.step, |data| data.percent_used()).to_string()));
                let runs_out = told.runs_out_at.map(|at| zone.date(at).to_string());
                said.push(("runs_out_on", runs_out.unwrap_or_default()));
            }
        }
        MessageKind::DataUsedUp => {
            let allowance = allowance::get(tx, line.customer, line.id).await?;
            if line.state != LineState::Active || allowance.left(Unit::Octets, now) > 0 {
                return Ok(None);
            }
        }
        MessageKind::KeywordBalance => {
            let allowance = allowance::get(tx, line.customer, line.id).await?;
            for (name, unit) in [("data", Unit::Octets), ("minutes", Unit::Seconds), ("messages", Unit::Messages)] {
                let usable = allowance.periods.iter().filter(|period| period.usable(now));
                let included = usable.flat_map(|period| &period.buckets).any(|bucket| bucket.unit == unit);
                let left = allowance.left(unit, now);
                let text = match unit {
                    Unit::Octets => octets_text(left),
                    Unit::Seconds => (left / 60).to_string(),
                    Unit::Messages => left.to_string(),
                };
                said.push((name, if included { text } else { "none".to_owned() }));
            }
        }
        _ => {}
    }
    let wanted = parameters(kind).unwrap_or_default();
    said.retain(|(name, _)| wanted.contains(name));
    Ok(Some(said))
}
