//! What becomes of a line if nobody pays: printed, written nowhere.

use crate::inspect::{Place, open};
use everline_app::clock::Clock;
use everline_app::what_if::{WhatIf, what_if_in};
use everline_app::{Problem, timers};
use everline_core::ids::{CustomerId, LineId, OrderId};
use everline_core::money::{Currency, Money};
use everline_core::time::{BusinessTime, Zone};
use everline_store::tables::directory;
use everline_store::{Stop, Tx, Work};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

/// Prints a table of what happens to a line by itself up to the end of a day.
pub(crate) async fn what_if(place: Place, msisdn: String, until: String) -> Result<ExitCode, Box<dyn Error>> {
    let (store, brand) = open(place).await?;
    let (brand, zone) = (Arc::new(brand.clone()), brand.zone()?);
    let until = zone.end_of_day(&until).ok_or("--until is no day: write it as 2027-03-01")?;
    let clock = Clock::machine();
    clock.set_business_offset_us(timers::stored_offset_us(&store).await?);
    let found = store.read(Find { msisdn }).await.map_err(Problem::from)?;
    let (customer, line) = found.ok_or("no line has this number")?;
    let currency = brand.currency;
    let ahead = what_if_in(&store, (customer, line), (brand, zone.clone()), clock.now().business, until).await;
    store.close().await;
    print!("{}", table(&ahead?, currency, &zone, until));
    Ok(ExitCode::SUCCESS)
}

struct Find {
    msisdn: String,
}
impl Work for Find {
    const NAME: &'static str = "find_line";
    type Out = Option<(CustomerId, LineId)>;
    type Refusal = Problem;
    async fn run(&self, tx: &mut Tx) -> Result<Self::Out, Stop<Problem>> {
        let found = directory::find(tx, directory::Name::Msisdn, &self.msisdn).await?;
        Ok(found.map(|(customer, id)| (customer, LineId(id))))
    }
}

/// One row per instant.
fn table(ahead: &WhatIf, currency: Currency, zone: &Zone, until: BusinessTime) -> String {
    let at = |time: BusinessTime| zone.local(time).strftime("%Y-%m-%d %H:%M").to_string();
    let mut rows = vec![format!("now               {:<12}", ahead.line.state.word())];
    for step in &ahead.steps {
        let names = |word: &str, orders: &[OrderId]| -> Vec<String> {
            let known = orders.iter().filter_map(|order| ahead.offerings.get(order));
            known.map(|offering| format!("{offering} {word}")).collect()
        };
        let mut notes = [names("ends", &step.ends), names("begins", &step.begins)].concat();
        if step.earned > 0 {
            notes.push(format!("{} earned", Money::from_micros(step.earned, currency).decimal()));
        }
        notes.extend(step.told.iter().map(|kind| format!("told: {}", kind.word())));
        let state = if step.changes { step.state.word() } else { "" };
        rows.push(format!("{}  {state:<12}  {}", at(step.at), notes.join(", ")));
    }
    rows.push(format!("{}  nothing more until then", at(until)));
    rows.into_iter().map(|row| row.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use everline_core::effects::MessageKind;
    use everline_core::identifiers::Msisdn;
    use everline_core::ids::RawId;
    use everline_core::lifecycle::Step;
    use everline_core::line::{DeviceKind, Line, LineState, NetworkKind};
    use everline_core::offering::{Family, OfferingRef};

    #[test]
    fn a_row_for_each_instant() {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let day = |text: &str| zone.end_of_day(text).unwrap();
        let (id, order) = (RawId::new_v7(1, [1; 10]), OrderId(RawId::new_v7(2, [2; 10])));
        let line = Line {
            id: LineId(id),
            customer: CustomerId(id),
            version: 0,
            msisdn: Msisdn::parse("13800138000").unwrap(),
            name: String::new(),
            device: DeviceKind::Phone,
            family: Family::Phone,
            network: NetworkKind::BuiltIn,
            state: LineState::Active,
            state_since: day("2026-11-01"),
            service_until: Some(day("2026-12-09")),
            guest_renewal: true,
            main_balance_consent: false,
        };
        let until = day("2026-12-12");
        let (state, told) = (LineState::Grace { until }, vec![MessageKind::GraceBegan]);
        let earns = Step {
            at: day("2026-11-30"),
            state: LineState::Active,
            changes: false,
            begins: vec![],
            ends: vec![],
            earned: 5_500_000,
            told: vec![],
        };
        let ends = Step {
            at: day("2026-12-09"),
            state,
            changes: true,
            begins: vec![],
            ends: vec![order],
            earned: 13_500_000,
            told,
        };
        let offerings = [(order, OfferingRef { code: "phone-19".to_owned(), version: 1 })].into();
        let shown =
            table(&WhatIf { line, steps: vec![earns, ends], offerings }, Currency::CNY, &zone, day("2026-12-10"));
        let expected = [
            "now               active",
            "2026-12-01 00:00                5.50 earned",
            "2026-12-10 00:00  grace         phone-19@1 ends, 13.50 earned, told: grace_began",
            "2026-12-11 00:00  nothing more until then",
        ];
        assert_eq!(shown.lines().collect::<Vec<_>>(), expected);
    }
}
