//! A line of bars, one character a span of time.

use super::View;
use cachepolicy_sim::report::Report;

/// Bars where there is room, and where there is little.
const COLUMNS: (usize, usize) = (20, 10);

/// From this width on there is room.
const ROOMY: usize = 90;

/// A ratio over time, by its name in the report; empty where the report has none.
pub(super) fn ratio(view: &View<'_>, series: &str) -> String {
    of(view.report, series, view.terminal.width)
}

/// The same, of a report in so many columns.
pub(crate) fn of(report: &Report, series: &str, width: usize) -> String {
    let columns = if width < ROOMY { COLUMNS.1 } else { COLUMNS.0 };
    let series = report.timeline.series.get(series);
    series.map_or_else(String::new, |values| render(values, 1.0, columns))
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Bars for values between 0 and `top`, at most `columns` of them: each is the mean of its span; a
/// span without values is a space.
fn render(values: &[Option<f64>], top: f64, columns: usize) -> String {
    let columns = columns.min(values.len());
    let mut line = String::with_capacity(columns * 3);
    for column in 0..columns {
        let (start, end) = (
            column * values.len() / columns,
            (column + 1) * values.len() / columns,
        );
        let span = values.get(start..end).unwrap_or_default().iter().flatten();
        let (sum, count) = span.fold((0.0, 0u32), |(sum, count), value| (sum + value, count + 1));
        line.push(match count {
            0 => ' ',
            count => bar(sum / f64::from(count), top),
        });
    }
    line
}

fn bar(value: f64, top: f64) -> char {
    let share = if top > 0.0 {
        (value / top).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let last = BARS.len() - 1;
    let step = (share * BARS.len() as f64) as usize;
    BARS[step.min(last)]
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn bars() {
        let rising: Vec<_> = (0..=8u32).map(|step| Some(f64::from(step) / 8.0)).collect();
        assert_eq!(render(&rising, 1.0, 20), "▁▂▃▄▅▆▇██");
        assert_eq!(render(&rising, 1.0, 3), "▂▅█");
        assert_eq!(render(&[Some(1.0), None, Some(0.0)], 1.0, 3), "█ ▁");
        assert_eq!(render(&[], 1.0, 3), "");
        assert_eq!(render(&[Some(0.0)], 0.0, 3), "▁");
    }
}
