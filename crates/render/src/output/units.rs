//! Figures as people read them: three significant digits and a unit.

use cachepolicy_core::Duration;
use cachepolicy_core::expectation::Unit;

/// The figure that is not there: a ratio of nothing, a quantile of nothing.
pub const NOTHING: &str = "–";

/// `734`, `9,876`, `12.3k`, `1.20M`
pub fn count(value: u64) -> String {
    if value < 10_000 {
        grouped(value)
    } else {
        scaled(value as f64, &METRIC, 1000.0)
    }
}

/// `734`, `12,345,678`: where the exact number matters.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `734 B`, `1.20 MiB`
pub fn bytes(value: f64) -> String {
    if value < 1024.0 {
        format!("{value:.0} B")
    } else {
        format!("{}B", scaled(value, &BINARY, 1024.0))
    }
}

/// `0`, `850 ns`, `45.2 ms`, `3.21 s`, `5m`, `3m 20s`, `2h 05m`, `3d 04h`
pub fn seconds(value: f64) -> String {
    if value.is_infinite() {
        return "forever".to_owned();
    }
    let value = value.max(0.0);
    if value == 0.0 {
        "0".to_owned()
    } else if value < 0.999_5e-6 {
        format!("{} ns", significant(value * 1e9))
    } else if value < 0.999_5e-3 {
        format!("{} µs", significant(value * 1e6))
    } else if value < 0.999_5 {
        format!("{} ms", significant(value * 1e3))
    } else if value < 59.95 {
        format!("{} s", significant(value))
    } else {
        let shown = long_unit(value);
        long((value / shown).round() as u64 * shown as u64)
    }
}

/// The same of what nothing exceeds: rounded up.
pub fn at_most(value: f64) -> String {
    if !value.is_finite() || value <= 0.0 {
        return seconds(value);
    }
    let mut shown = long_unit(value);
    if value < 60.0 {
        // Three significant digits.
        shown = 1.0;
        while value / shown < 99.95 {
            shown /= 10.0;
        }
        while value / shown >= 999.5 {
            shown *= 10.0;
        }
    }
    // What is short of a digit by no more than the error of its division has it.
    seconds((value / shown - 1e-6).ceil() * shown)
}

/// In seconds, the smaller of the two units by which a longer time is shown.
fn long_unit(seconds: f64) -> f64 {
    match seconds {
        seconds if seconds < 3600.0 => 1.0,
        seconds if seconds < 86_400.0 => 60.0,
        _ => 3600.0,
    }
}

/// Of whole units: see [`long_unit`].
fn long(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes, seconds) {
        (0, 0, minutes, 0) => format!("{minutes}m"),
        (0, 0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (0, hours, 0, _) => format!("{hours}h"),
        (0, hours, minutes, _) => format!("{hours}h {minutes:02}m"),
        (days, 0, _, _) => format!("{days}d"),
        (days, hours, _, _) => format!("{days}d {hours:02}h"),
    }
}

/// A duration as the language writes it: `5m`, `1h30m`, `250ms`, `forever`.
pub fn literal(duration: Duration) -> String {
    if duration.is_forever() {
        return "forever".to_owned();
    }
    let mut rest = duration.nanos();
    let mut text = String::new();
    for (nanos, unit) in LITERAL_UNITS {
        if rest >= nanos {
            text.push_str(&format!("{}{unit}", rest / nanos));
            rest %= nanos;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

/// Nanoseconds are below what the language can write.
const LITERAL_UNITS: [(i64, &str); 6] = [
    (86_400_000_000_000, "d"),
    (3_600_000_000_000, "h"),
    (60_000_000_000, "m"),
    (1_000_000_000, "s"),
    (1_000_000, "ms"),
    (1_000, "us"),
];

/// `87.3%`; never rounds to all or nothing what is not.
pub fn ratio(value: f64) -> String {
    let percent = value * 100.0;
    if percent <= 0.0 {
        "0%".to_owned()
    } else if percent < 0.05 {
        "<0.1%".to_owned()
    } else if percent == 100.0 {
        "100%".to_owned()
    } else if (99.95..100.0).contains(&percent) {
        ">99.9%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

/// `0.21/s`, `34.5/s`, `1.20k/s`
pub fn rate(per_second: f64) -> String {
    if per_second >= 1000.0 {
        format!("{}/s", scaled(per_second, &METRIC, 1000.0))
    } else {
        format!("{}/s", significant(per_second))
    }
}

/// An average or another number that need not be whole.
pub fn number(value: f64) -> String {
    if value >= 10_000.0 {
        scaled(value, &METRIC, 1000.0)
    } else {
        significant(value)
    }
}

/// A figure in its unit.
pub fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Ratio => ratio(value),
        Unit::Seconds => seconds(value),
        Unit::PerSecond => rate(value),
        Unit::Bytes => bytes(value),
        // A mean of counts need not be whole, but only of few it matters.
        Unit::Count
            if (0.0..1e15).contains(&value) && (value.fract() == 0.0 || value >= 1000.0) =>
        {
            count(value.round() as u64)
        }
        Unit::Count => number(value),
    }
}

/// A figure that may be missing.
pub fn or_nothing(value: Option<f64>, shown: fn(f64) -> String) -> String {
    value.map_or_else(|| NOTHING.to_owned(), shown)
}

/// `1 request`, `2 requests`
pub fn plural(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

const METRIC: [&str; 5] = ["", "k", "M", "G", "T"];
const BINARY: [&str; 6] = ["", " Ki", " Mi", " Gi", " Ti", " Pi"];

fn scaled(value: f64, units: &[&str], step: f64) -> String {
    let mut value = value;
    let mut units = units.iter();
    let mut unit = units.next();
    // 999.6 would be shown as 1000 of the smaller unit.
    while value >= step - 0.5 {
        let Some(larger) = units.next() else { break };
        value /= step;
        unit = Some(larger);
    }
    format!("{}{}", significant(value), unit.unwrap_or(&""))
}

/// Three significant digits, without trailing zeros behind the point.
fn significant(value: f64) -> String {
    let decimals = match value {
        value if value >= 99.95 || value <= 0.0 => 0,
        value if value >= 9.995 => 1,
        value if value >= 0.095 => 2,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let shown = [
            0,
            999,
            9_999,
            10_000,
            12_345,
            999_960,
            1_204_000,
            5_000_000_000,
        ]
        .map(count);
        assert_eq!(
            shown,
            ["0", "999", "9,999", "10k", "12.3k", "1M", "1.2M", "5G"]
        );
        assert_eq!(grouped(12_345_678), "12,345,678");
    }

    #[test]
    fn sizes() {
        let shown = [0.0, 1023.0, 1024.0, 1_258_291.2, 2e15].map(bytes);
        assert_eq!(shown, ["0 B", "1023 B", "1 KiB", "1.2 MiB", "1.78 PiB"]);
    }

    #[test]
    fn lengths_of_time() {
        let shown = [
            0.0, 5e-10, 4.5e-5, 0.0452, 0.9999, 3.214, 59.99, 200.4, 7_500.0, 273_600.0,
        ];
        let expected = [
            "0", "0.5 ns", "45 µs", "45.2 ms", "1 s", "3.21 s", "1m", "3m 20s", "2h 05m", "3d 04h",
        ];
        assert_eq!(shown.map(seconds), expected);
        assert_eq!(seconds(f64::INFINITY), "forever");
        let shown = [3_599.6, 7_190.0, 86_399.0, 90_000.0 + 1_900.0];
        let expected = ["1h", "2h", "1d", "1d 02h"];
        assert_eq!(shown.map(seconds), expected);
    }

    #[test]
    fn what_nothing_exceeds_is_rounded_up() {
        let shown = [
            0.0, 0.3, 1.1, 5.0, 3.214, 0.045_21, 59.97, 60.0, 60.2, 4_023.0, 86_412.0,
        ];
        let expected = [
            "0", "300 ms", "1.1 s", "5 s", "3.22 s", "45.3 ms", "1m", "1m", "1m 01s", "1h 08m",
            "1d 01h",
        ];
        assert_eq!(shown.map(at_most), expected);
        assert_eq!(at_most(f64::INFINITY), "forever");
    }

    #[test]
    fn literals_of_the_language() {
        let shown = [0, 250_000, 1_500_000_000, 60_000_000_000, 5_400_000_000_000]
            .map(|nanos| literal(Duration::from_nanos(nanos)));
        assert_eq!(shown, ["0s", "250us", "1s500ms", "1m", "1h30m"]);
        assert_eq!(literal(Duration::FOREVER), "forever");
    }

    #[test]
    fn ratios_never_claim_too_much() {
        let shown = [0.0, 0.000_01, 0.123_45, 0.5, 0.999_99, 1.0].map(ratio);
        assert_eq!(shown, ["0%", "<0.1%", "12.3%", "50.0%", ">99.9%", "100%"]);
    }

    #[test]
    fn rates() {
        let shown = [0.0, 0.0123, 0.21, 34.5, 999.0, 12_000.0].map(rate);
        assert_eq!(
            shown,
            ["0/s", "0.0123/s", "0.21/s", "34.5/s", "999/s", "12k/s"]
        );
    }
}
