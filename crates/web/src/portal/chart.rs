//! A column for each day, as SVG made here: no script, no style of its own. What it shows stands in words and in a table
//! beside it too.

/// A drawn chart.
pub(crate) struct Chart {
    /// The width of the drawing; its height is [`HEIGHT`].
    pub(crate) width: i64,
    pub(crate) bars: Vec<Bar>,
    /// What the highest column stands for.
    pub(crate) most: String,
    /// The first and the last day.
    pub(crate) ends: (String, String),
}

/// One column.
pub(crate) struct Bar {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) height: i64,
    /// What it says under a pointer.
    pub(crate) title: String,
}

/// The height of the drawing without its labels.
pub(crate) const HEIGHT: i64 = 120;
/// The width of a column.
pub(crate) const BAR: i64 = 14;
const STEP: i64 = 20;

/// Draws values by day: each with its name and in words.
pub(crate) fn chart(values: Vec<(String, i64, String)>, most: String) -> Chart {
    let highest = values.iter().map(|(_, value, _)| *value).max().unwrap_or(0).max(1);
    let first = values.first().map(|(day, ..)| day.clone()).unwrap_or_default();
    let last = values.last().map(|(day, ..)| day.clone()).unwrap_or_default();
    let mut x = (STEP - BAR) / 2;
    let bars = values.into_iter().map(|(day, value, words)| {
        let scaled = i128::from(value.max(0)) * i128::from(HEIGHT) / i128::from(highest);
        // Something is never nothing.
        let height = i64::try_from(scaled).unwrap_or(HEIGHT).clamp(i64::from(value > 0) * 2, HEIGHT);
        let bar = Bar { x, y: HEIGHT - height, height, title: format!("{day}: {words}") };
        x += STEP;
        bar
    });
    let bars: Vec<Bar> = bars.collect();
    Chart { width: x - (STEP - BAR) / 2, bars, most, ends: (first, last) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_in_proportion_and_something_is_never_nothing() {
        let day = |value: i64| ("day".to_owned(), value, value.to_string());
        let drawn = chart(vec![day(0), day(1), day(i64::MAX / 2), day(i64::MAX)], "most".to_owned());
        let heights: Vec<i64> = drawn.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [0, 2, 59, 120]);
        assert!(drawn.bars.iter().all(|bar| bar.y + bar.height == HEIGHT && bar.x + BAR <= drawn.width));
        assert_eq!(chart(vec![day(0)], String::new()).bars[0].height, 0);
        assert!(chart(Vec::new(), String::new()).bars.is_empty());
    }
}
