//! How far a figure is from the first policy's, in words.

use crate::output::colour::Meaning;
use crate::output::table::Field;
use crate::output::units;
use cachepolicy_core::expectation::Unit;
use cachepolicy_sim::compare::{Better, Change, Difference};

/// Counts below this are told apart by themselves, not by percentages.
const COUNT_FEW: f64 = 100.0;

/// From this percentage on a multiple reads better.
const PERCENT_MANY: f64 = 1000.0;

/// `+13.1 pp`, `−71% ±3`, `×12`, `+3`: of a difference, for the policy of that number after the
/// first. In its colour where it is better or worse; with `~` where it may be chance.
pub(super) fn shown(difference: &Difference, index: usize) -> Field {
    let Some(change) = difference.changes.get(index) else {
        return (String::new(), Meaning::Plain);
    };
    let Some(delta) = change.delta.filter(|delta| *delta != 0.0) else {
        return (String::new(), Meaning::Plain);
    };
    let base = difference.values.first().copied().flatten().unwrap_or(0.0);
    let half = change
        .high
        .map(|high| high - delta)
        .filter(|half| *half > 0.0);
    let text = in_words(delta, half, base, difference.known.unit);
    if change.beyond_chance == Some(false) {
        return (format!("~{text}"), Meaning::Faint);
    }
    (text, meaning(change, difference.known.better))
}

fn meaning(change: &Change, better: Better) -> Meaning {
    let rises = change.delta.is_some_and(|delta| delta > 0.0);
    match (better, rises) {
        (Better::Neither, _) => Meaning::Plain,
        (Better::Higher, true) | (Better::Lower, false) => Meaning::Good,
        (Better::Higher, false) | (Better::Lower, true) => Meaning::Bad,
    }
}

fn in_words(delta: f64, half: Option<f64>, base: f64, unit: Unit) -> String {
    let sign = if delta < 0.0 { '−' } else { '+' };
    let size = delta.abs();
    let after = |half: Option<String>| half.map_or_else(String::new, |half| format!(" ±{half}"));
    if unit == Unit::Ratio {
        return format!("{sign}{} pp{}", points(size), after(half.map(points)));
    }
    let few = unit == Unit::Count && base.abs().max((base + delta).abs()) < COUNT_FEW;
    if base == 0.0 || few {
        let half = half.map(|half| units::figure(half, unit));
        return format!("{sign}{}{}", units::figure(size, unit), after(half));
    }
    let percent = size / base.abs() * 100.0;
    let half = half.map(|half| half / base.abs() * 100.0);
    if delta > 0.0 && percent >= PERCENT_MANY {
        let half = half.map(|half| units::number(half / 100.0));
        return format!("×{}{}", units::number((base + delta) / base), after(half));
    }
    format!("{sign}{}%{}", digits(percent), after(half.map(digits)))
}

/// Two digits: `0.023`, `2.3`, `23`, `230`.
fn digits(value: f64) -> String {
    if value >= 9.95 {
        format!("{value:.0}")
    } else {
        small(value)
    }
}

/// Percentage points: `0.023`, `2.3`, `13.1`.
fn points(share: f64) -> String {
    small(share * 100.0)
}

fn small(value: f64) -> String {
    match value {
        value if value >= 0.095 => format!("{value:.1}"),
        value if value >= 0.009_5 => format!("{value:.2}"),
        value if value >= 0.000_5 => format!("{value:.3}"),
        0.0 => "0".to_owned(),
        _ => "<0.001".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_in_words() {
        let of = |delta, base, unit| in_words(delta, None, base, unit);
        assert_eq!(of(0.131, 0.742, Unit::Ratio), "+13.1 pp");
        assert_eq!(of(-0.0131, 0.742, Unit::Ratio), "−1.3 pp");
        assert_eq!(of(0.000_23, 0.0, Unit::Ratio), "+0.02 pp");
        assert_eq!(of(0.000_003, 0.0, Unit::Ratio), "+<0.001 pp");
        assert_eq!(of(-290.0, 410.0, Unit::PerSecond), "−71%");
        assert_eq!(of(0.001, 0.05, Unit::Seconds), "+2.0%");
        assert_eq!(of(11.0, 1.0, Unit::Seconds), "×12");
        assert_eq!(of(1.2, 0.0, Unit::Seconds), "+1.2 s");
        assert_eq!(of(3.0, 14.0, Unit::Count), "+3");
        assert_eq!(of(300.0, 1_400.0, Unit::Count), "+21%");
        assert_eq!(of(1024.0, 0.0, Unit::Bytes), "+1 KiB");
        let spread = in_words(0.02, Some(0.004), 0.5, Unit::Ratio);
        assert_eq!(spread, "+2.0 pp ±0.4");
        let spread = in_words(-100.0, Some(7.0), 410.0, Unit::PerSecond);
        assert_eq!(spread, "−24% ±1.7");
    }
}
