//! What the page of figures draws: columns by day, of which a part is darker, and rows with a bar. A day that was not counted is
//! a gap that is drawn as one, never a zero. No script, no style of its own; the same stands in tables.

use crate::portal::chart::{Bar, HEIGHT};

/// Columns by day. Stretched to the width of the page, so that ninety days fit on a phone.
pub(crate) struct Columns {
    /// The width of the drawing; its height is [`HEIGHT`].
    pub(crate) width: i64,
    /// The whole of each day.
    pub(crate) wholes: Vec<Bar>,
    /// The part of it.
    pub(crate) parts: Vec<Bar>,
    /// Days that were not counted.
    pub(crate) gaps: Vec<Bar>,
    /// The width of a column.
    pub(crate) bar: i64,
}

/// A day: its whole, a part of it, and both in words.
pub(crate) struct Column {
    /// `None` if it was not counted.
    pub(crate) counts: Option<(i64, i64)>,
    pub(crate) title: String,
}

const STEP: i64 = 20;
const BAR: i64 = 14;

fn height(value: i64, highest: i64) -> i64 {
    let scaled = i128::from(value.max(0)) * i128::from(HEIGHT) / i128::from(highest.max(1));
    // Something is never nothing.
    i64::try_from(scaled).unwrap_or(HEIGHT).clamp(i64::from(value > 0) * 2, HEIGHT)
}

/// Draws days in their order.
pub(crate) fn columns(days: Vec<Column>) -> Columns {
    let highest = days.iter().filter_map(|day| day.counts).map(|(whole, part)| whole.max(part)).max().unwrap_or(0);
    let (mut wholes, mut parts, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    let mut x = (STEP - BAR) / 2;
    for day in days {
        let bar = |value, title| {
            let height = height(value, highest);
            Bar { x, y: HEIGHT - height, height, title }
        };
        match day.counts {
            Some((whole, part)) => {
                wholes.push(bar(whole, day.title.clone()));
                parts.push(bar(part, day.title));
            }
            None => gaps.push(Bar { x, y: 0, height: HEIGHT, title: day.title }),
        }
        x += STEP;
    }
    Columns { width: x - (STEP - BAR) / 2, wholes, parts, gaps, bar: BAR }
}

/// A row of a table with a bar.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) count: String,
    /// What part of the whole it is, in words; empty of nothing.
    pub(crate) share: String,
    /// The length of the bar, of a hundred.
    pub(crate) length: i64,
    /// More about it.
    pub(crate) more: Option<String>,
}

/// The length of a bar of a hundred.
pub(crate) fn length(value: i64, highest: i64) -> i64 {
    let scaled = i128::from(value.max(0)) * 100 / i128::from(highest.max(1));
    i64::try_from(scaled).unwrap_or(100).clamp(i64::from(value > 0), 100)
}

/// Thousandths as a percentage with one decimal, like `98.7%`.
pub(crate) fn percent(per_mille: Option<i64>) -> String {
    per_mille.map_or_else(|| "–".to_owned(), |share| format!("{}.{}%", share / 10, share % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_no_zeros_and_a_part_is_no_longer_than_its_whole() {
        let day = |counts| Column { counts, title: String::new() };
        let drawn = columns(vec![day(Some((0, 0))), day(None), day(Some((10, 1))), day(Some((1_000, 1_000)))]);
        assert_eq!((drawn.wholes.len(), drawn.parts.len(), drawn.gaps.len()), (3, 3, 1));
        let heights = |bars: &[Bar]| bars.iter().map(|bar| bar.height).collect::<Vec<_>>();
        assert_eq!(heights(&drawn.wholes), [0, 2, 120]);
        assert_eq!(heights(&drawn.parts), [0, 2, 120]);
        assert_eq!(drawn.gaps[0].x, STEP + (STEP - BAR) / 2);
        assert!(drawn.wholes.iter().all(|bar| bar.x + drawn.bar <= drawn.width));
        assert!(columns(Vec::new()).wholes.is_empty());
        assert_eq!(columns(vec![day(Some((0, 0)))]).wholes[0].height, 0);
    }

    #[test]
    fn shares_and_lengths() {
        assert_eq!(percent(Some(987)), "98.7%");
        assert_eq!(percent(Some(1_000)), "100.0%");
        assert_eq!(percent(Some(5)), "0.5%");
        assert_eq!(percent(None), "–");
        assert_eq!([length(0, 0), length(1, 1_000), length(5, 10), length(7, 7)], [0, 1, 50, 100]);
    }
}
