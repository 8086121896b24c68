//! Which plan fits a line's usage: what it really used on its last complete days, scaled to how long each plan lasts, with a
//! margin; what the plan includes of it, and which packs the rest would have needed. The cheapest by thirty days is the
//! answer, and everything that led there is part of it, so that it can be shown.
//!
//! A plan that is bought twice runs twice as long and holds no more at a time, so what a plan lacks is filled with packs. A
//! pack is bought when what there was is used up, and lasts for its own days only: at most what is used in them counts.

use crate::calendar::Day;
use crate::choose::{MONTH_DAYS, days, round_up};
use crate::money::Money;
use crate::offering::{Offering, OfferingKind, OfferingRef, Unit};

/// Most days that are looked at.
pub const DAYS_MAX: i64 = 30;
/// Fewest complete days from which anything is said.
pub const DAYS_MIN: i64 = 3;
/// What is added to what was used, in hundredths of it: no two months are the same.
pub const MARGIN_PERCENT: i64 = 10;
/// Most packs of one kind within one run of a plan; what would need more does not fit.
const PACKS_MAX: i64 = 20;

/// The complete days that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    /// The first day.
    pub from: Day,
    /// The last day, which is yesterday.
    pub to: Day,
    /// How many days that is.
    pub days: i64,
}

/// Why nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooLittle {
    /// The line was used on fewer complete days than [`DAYS_MIN`].
    #[error("{days} complete days")]
    Days {
        /// How many there are.
        days: i64,
    },
    /// The line used nothing in those days.
    #[error("nothing was used")]
    Nothing,
}

/// The calendar days that are looked at: the last thirty complete ones, or those since the day on which the line was first
/// used. That day counts as a whole one, so that usage is never thought to be more than it was.
///
/// # Errors
/// [`TooLittle::Days`]
pub fn observed(first_used: Option<Day>, today: Day) -> Result<Observed, TooLittle> {
    let from = first_used.unwrap_or(today).max(today.plus(-DAYS_MAX));
    let days = today.number().saturating_sub(from.number()).max(0);
    if days < DAYS_MIN { Err(TooLittle::Days { days }) } else { Ok(Observed { from, to: today.plus(-1), days }) }
}

/// What a line used of one unit, and what of it a plan includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// What is counted.
    pub unit: Unit,
    /// What the line would use while the plan runs, with the margin.
    pub needs: i64,
    /// What the plan includes.
    pub included: i64,
}

/// One plan against a line's usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit {
    /// The plan.
    pub plan: OfferingRef,
    /// How long it runs, in days.
    pub days: i64,
    /// Every unit that the line used.
    pub needs: Vec<Need>,
    /// The packs that fill what it lacks, and how many of each.
    pub packs: Vec<(OfferingRef, i64)>,
    /// Whether plan and packs cover what the line would use.
    pub covers: bool,
    /// Plan and packs, for as long as the plan runs.
    pub cost: Money,
    /// The same by thirty days, rounded up to the smallest coin.
    pub cost_30_days: Money,
}

/// Every plan against what a line used, those that cover it first, the cheapest by thirty days before the others. The first
/// is the answer if it covers.
///
/// # Errors
/// [`TooLittle::Nothing`]
pub fn fits(observed: &Observed, used: &[(Unit, i64)], offerings: &[&Offering]) -> Result<Vec<Fit>, TooLittle> {
    let used: Vec<(Unit, i64)> = used.iter().copied().filter(|(_, amount)| *amount > 0).collect();
    if used.is_empty() || observed.days < 1 {
        return Err(TooLittle::Nothing);
    }
    let of_kind = |kind| offerings.iter().copied().filter(move |offering| offering.kind == kind);
    let packs: Vec<&Offering> = of_kind(OfferingKind::Pack).collect();
    let mut all: Vec<Fit> = of_kind(OfferingKind::Plan).filter_map(|plan| fit(observed, &used, plan, &packs)).collect();
    all.sort_by_cached_key(|fit| (!fit.covers, fit.cost_30_days.micros(), fit.packs.len(), fit.plan.clone()));
    Ok(all)
}

/// What would be used in `days` days, with the margin, rounded up.
fn scaled(amount: i64, observed: &Observed, days: i64) -> i64 {
    let with_margin = i128::from(amount) * i128::from(100 + MARGIN_PERCENT) * i128::from(days);
    let over = i128::from(observed.days) * 100;
    i64::try_from((with_margin + over - 1) / over).unwrap_or(i64::MAX)
}

fn amount_of(offering: &Offering, unit: Unit) -> i64 {
    let of_unit = offering.included.iter().filter(|included| included.unit == unit);
    of_unit.fold(0, |sum, included| sum.saturating_add(included.amount))
}

fn fit(observed: &Observed, used: &[(Unit, i64)], plan: &Offering, packs: &[&Offering]) -> Option<Fit> {
    let runs = days(plan.validity?);
    let need = |(unit, amount): &(Unit, i64)| Need {
        unit: *unit,
        needs: scaled(*amount, observed, runs),
        included: amount_of(plan, *unit),
    };
    let needs: Vec<Need> = used.iter().map(need).collect();
    let mut lacks: Vec<(Unit, i64)> = needs.iter().map(|need| (need.unit, need.needs - need.included)).collect();
    // What cannot be counted is not covered.
    let (mut bought, mut covers) = (Vec::new(), needs.iter().all(|need| need.needs < i64::MAX));
    let mut cost = i128::from(plan.price.micros());
    for place in 0..lacks.len() {
        let Some((unit, lack)) = lacks.get(place).copied().filter(|(_, lack)| *lack > 0) else { continue };
        let Some((pack, count)) = filling(observed, used, (unit, lack), packs) else {
            covers = false;
            continue;
        };
        cost += i128::from(pack.price.micros()) * i128::from(count);
        bought.push((pack.reference.clone(), count));
        for (unit, lack) in &mut lacks {
            *lack = lack.saturating_sub(counts(observed, used, *unit, pack).saturating_mul(count));
        }
    }
    let cost_30_days = round_up(cost * i128::from(MONTH_DAYS), i128::from(runs), plan.price)?;
    let cost = Money::from_micros(i64::try_from(cost).ok()?, plan.price.currency());
    Some(Fit { plan: plan.reference.clone(), days: runs, needs, packs: bought, covers, cost, cost_30_days })
}

/// What one pack brings of a unit: what it includes, but no more than is used while it lasts.
fn counts(observed: &Observed, used: &[(Unit, i64)], unit: Unit, pack: &Offering) -> i64 {
    let while_it_lasts = pack.validity.map_or(i64::MAX, |validity| {
        let of_unit = used.iter().find(|(used, _)| *used == unit);
        of_unit.map_or(0, |(_, amount)| scaled(*amount, observed, days(validity)))
    });
    amount_of(pack, unit).min(while_it_lasts)
}

/// The cheapest number of one pack that fills what is lacking of one unit.
fn filling<'a>(
    observed: &Observed,
    used: &[(Unit, i64)],
    (unit, lack): (Unit, i64),
    packs: &[&'a Offering],
) -> Option<(&'a Offering, i64)> {
    let filled = packs.iter().filter_map(|pack| {
        let brings = counts(observed, used, unit, pack);
        let count = (brings > 0).then(|| lack / brings + i64::from(lack % brings > 0))?;
        (count <= PACKS_MAX).then_some((*pack, count))
    });
    filled.min_by_key(|(pack, count)| {
        (i128::from(pack.price.micros()) * i128::from(*count), *count, pack.reference.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choose::GIGABYTE as GB;
    use crate::choose::tests::offering;
    use crate::time::Validity;

    fn over(days: i64) -> Observed {
        Observed { from: Day::from_number(0), to: Day::from_number(days - 1), days }
    }
    fn pack(code: &str, price: &str, unit: Unit, amount: i64, days: u16) -> Offering {
        Offering { kind: OfferingKind::Pack, ..offering(code, price, &[(unit, amount)], Some(Validity::Days(days))) }
    }

    #[test]
    fn complete_days_are_looked_at_and_today_is_not() {
        let today = Day::from_number(20_522);
        let seen = |days_ago: i64| observed(Some(today.plus(-days_ago)), today);
        assert_eq!(observed(None, today), Err(TooLittle::Days { days: 0 }));
        assert_eq!(seen(0), Err(TooLittle::Days { days: 0 }));
        assert_eq!(seen(-1), Err(TooLittle::Days { days: 0 }), "a clock that was set back");
        assert_eq!(seen(2), Err(TooLittle::Days { days: 2 }));
        assert_eq!(seen(3), Ok(Observed { from: today.plus(-3), to: today.plus(-1), days: 3 }));
        let all = Observed { from: today.plus(-30), to: today.plus(-1), days: 30 };
        assert_eq!((seen(30), seen(400)), (Ok(all), Ok(all)));
    }

    #[test]
    fn the_cheapest_that_covers_is_the_answer_and_its_computation_is_shown() {
        let month = Some(Validity::Months(1));
        let small = offering("small", "19", &[(Unit::Octets, 10 * GB)], month);
        let big = offering("big", "39", &[(Unit::Octets, 40 * GB)], month);
        let extra = pack("extra", "5", Unit::Octets, GB, 7);
        let all = [&big, &extra, &small];
        // 9 GB in 30 days: 9.9 GB with the margin.
        let fits9 = fits(&over(30), &[(Unit::Octets, 9 * GB)], &all).unwrap();
        let [first, second] = fits9.as_slice() else { panic!("{fits9:?}") };
        assert_eq!((first.plan.code.as_str(), second.plan.code.as_str()), ("small", "big"));
        assert_eq!(first.needs, [Need { unit: Unit::Octets, needs: 9_900_000_000, included: 10 * GB }]);
        assert!(first.covers && first.packs.is_empty());
        assert_eq!((first.cost.micros(), first.cost_30_days.micros()), (19_000_000, 19_000_000));
        // 12 GB: 13.2 GB, four packs beside the small one, which costs exactly as much as the big one: fewer packs win.
        let fits12 = fits(&over(30), &[(Unit::Octets, 12 * GB)], &all).unwrap();
        assert_eq!(fits12[0].plan.code, "big");
        assert_eq!(fits12[1].packs, [(extra.reference.clone(), 4)]);
        assert_eq!(fits12[1].cost.micros(), 39_000_000);
        // Over 10 days of observation the same amount is three times as much by the month.
        let fast = fits(&over(10), &[(Unit::Octets, 12 * GB)], &all).unwrap();
        assert_eq!((fast[0].plan.code.as_str(), fast[0].needs[0].needs), ("big", 39_600_000_000));
    }

    #[test]
    fn plans_of_other_lengths_are_compared_by_thirty_days() {
        let week = offering("week", "9", &[(Unit::Octets, 5 * GB)], Some(Validity::Days(7)));
        let year = offering("year", "365", &[(Unit::Octets, 400 * GB)], Some(Validity::Months(12)));
        let fits = fits(&over(30), &[(Unit::Octets, 15 * GB)], &[&week, &year]).unwrap();
        assert_eq!((fits[0].plan.code.as_str(), fits[0].days), ("year", 360));
        assert_eq!(fits[0].cost_30_days.micros(), 30_420_000, "365 × 30 / 360, rounded up");
        assert_eq!(fits[1].cost_30_days.micros(), 38_580_000, "9 × 30 / 7, rounded up");
        assert_eq!(fits[1].needs[0].needs, 3_850_000_000);
    }

    #[test]
    fn a_pack_counts_for_what_is_used_while_it_lasts() {
        let plan = offering("plan", "10", &[(Unit::Octets, GB)], Some(Validity::Days(30)));
        // 100 GB in one day is never used up by somebody who uses 3.3 GB a month.
        let day = pack("day", "1", Unit::Octets, 100 * GB, 1);
        let fits = fits(&over(30), &[(Unit::Octets, 3 * GB)], &[&plan, &day]).unwrap();
        assert!(!fits[0].covers && fits[0].packs.is_empty(), "21 packs are more than a person would buy");
    }

    #[test]
    fn what_no_plan_includes_is_filled_by_packs_or_said() {
        let plan = offering("plan", "10", &[(Unit::Octets, 10 * GB)], Some(Validity::Days(30)));
        let used = [(Unit::Octets, GB), (Unit::Seconds, 600), (Unit::Messages, 0)];
        let without = fits(&over(30), &used, &[&plan]).unwrap();
        assert!(!without[0].covers);
        assert_eq!(without[0].needs[1], Need { unit: Unit::Seconds, needs: 660, included: 0 });
        let talk = pack("talk", "3", Unit::Seconds, 600, 30);
        let with = fits(&over(30), &used, &[&plan, &talk]).unwrap();
        assert_eq!((with[0].covers, with[0].packs.as_slice()), (true, &[(talk.reference.clone(), 2)][..]));
        assert_eq!(fits(&over(30), &[(Unit::Octets, 0)], &[&plan]), Err(TooLittle::Nothing));
        assert_eq!(fits(&over(30), &used, &[&talk]), Ok(Vec::new()), "packs alone serve nobody");
    }

    proptest::proptest! {
        /// What covers really covers, and nothing overflows.
        #[test]
        fn what_covers_covers(
            days in 1_i64..=30, octets in 0_i64..=i64::MAX / 4, included in 1_i64..=i64::MAX / 4, of_pack in 1_i64..=i64::MAX / 4,
            lasts in 1_u16..=400,
        ) {
            let plan = offering("plan", "10", &[(Unit::Octets, included)], Some(Validity::Days(lasts)));
            let extra = pack("extra", "1", Unit::Octets, of_pack, 400);
            if let Ok(fits) = fits(&over(days), &[(Unit::Octets, octets)], &[&plan, &extra]) {
                for fit in fits.iter().filter(|fit| fit.covers) {
                    let packs = fit.packs.iter().map(|(_, count)| i128::from(*count) * i128::from(of_pack)).sum::<i128>();
                    let needs = i128::from(octets) * i128::from(lasts) / i128::from(days);
                    proptest::prop_assert!(i128::from(included) + packs >= needs.min(i128::from(i64::MAX)));
                    proptest::prop_assert!(fit.cost.micros() >= plan.price.micros());
                }
            }
        }
    }
}
