//! Figures with units: `1h30m`, `64KiB`, `10%`, `200/s`, `10x`, `2_000`.

use cachepolicy_core::Duration;

/// A figure, by its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Without a unit.
    Number(f64),
    /// `5m`
    Duration(Duration),
    /// `64KiB`
    Bytes(u64),
    /// `10%`, as 0.1
    Share(f64),
    /// `200/s`, in events a second.
    Rate(f64),
    /// `10x`
    Factor(f64),
}

impl Quantity {
    /// What it is, with its article, for messages.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Duration(_) => "a duration",
            Self::Bytes(_) => "a size",
            Self::Share(_) => "a percentage",
            Self::Rate(_) => "a rate",
            Self::Factor(_) => "a factor",
        }
    }
}

/// Why a figure cannot be read.
#[derive(Debug, Clone, PartialEq)]
pub enum Unreadable {
    /// Nobody knows this unit; perhaps this one was meant.
    Unit {
        /// As written.
        unit: String,
        /// The whole figure with the unit that was probably meant.
        instead: Option<String>,
    },
    /// A compound of other units than those of time, or of falling ones out of order.
    Compound,
    /// Beyond what can be counted.
    TooLarge,
}

/// Units of time in nanoseconds, long to short.
const TIME: [(&str, f64); 6] = [
    ("d", 86_400e9),
    ("h", 3_600e9),
    ("m", 60e9),
    ("s", 1e9),
    ("ms", 1e6),
    ("us", 1e3),
];

const SIZE: [(&str, f64); 9] = [
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1_024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// Spellings of other languages.
const ELSEWHERE: [(&str, &str); 31] = [
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("S", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("H", "h"),
    ("day", "d"),
    ("days", "d"),
    ("D", "d"),
    ("msec", "ms"),
    ("millis", "ms"),
    ("usec", "us"),
    ("micros", "us"),
    ("b", "B"),
    ("kb", "kB"),
    ("KB", "kB"),
    ("mb", "MB"),
    ("gb", "GB"),
    ("tb", "TB"),
    ("kib", "KiB"),
    ("mib", "MiB"),
    ("gib", "GiB"),
    ("X", "x"),
];

/// Whole numbers above this are not exact in an `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a figure as the grammar hands it over.
pub fn quantity(text: &str) -> Result<Quantity, Unreadable> {
    let (body, per) = match text.split_once('/') {
        Some((body, per)) => (body, Some(per)),
        None => (text, None),
    };
    if let Some(unit) = per {
        return rate(body, unit);
    }
    if let Some(body) = body.strip_suffix('%') {
        let (value, rest) = number(body);
        return if rest.is_empty() {
            Ok(Quantity::Share(value / 100.0))
        } else {
            Err(unknown(body, &format!("{rest}%")))
        };
    }
    let (value, rest) = number(body);
    let unit = rest.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
    match rest {
        "" if value <= MAX_EXACT => Ok(Quantity::Number(value)),
        "" => Err(Unreadable::TooLarge),
        "x" => Ok(Quantity::Factor(value)),
        _ if rest.bytes().any(|byte| byte.is_ascii_digit()) => compound(body),
        _ => {
            if let Some((_, nanos)) = TIME.iter().find(|(name, _)| *name == unit) {
                return duration(value * nanos);
            }
            match SIZE.iter().find(|(name, _)| *name == unit) {
                Some((_, bytes)) if value * bytes <= MAX_EXACT => {
                    Ok(Quantity::Bytes(libm::round(value * bytes) as u64))
                }
                Some(_) => Err(Unreadable::TooLarge),
                None => Err(unknown(body, rest)),
            }
        }
    }
}

fn duration(nanos: f64) -> Result<Quantity, Unreadable> {
    // `forever` is the greatest one; a figure must stay below it.
    if nanos >= 9.2e18 {
        return Err(Unreadable::TooLarge);
    }
    Ok(Quantity::Duration(Duration::from_nanos(
        libm::round(nanos) as i64
    )))
}

fn rate(body: &str, unit: &str) -> Result<Quantity, Unreadable> {
    let (value, rest) = number(body);
    if !rest.is_empty() {
        return Err(unknown(body, &format!("{rest}/{unit}")));
    }
    match TIME.iter().find(|(name, _)| *name == unit) {
        Some((_, nanos)) if value <= MAX_EXACT => Ok(Quantity::Rate(value * 1e9 / nanos)),
        Some(_) => Err(Unreadable::TooLarge),
        None => Err(Unreadable::Unit {
            unit: format!("/{unit}"),
            instead: elsewhere(unit).map(|unit| format!("{body}/{unit}")),
        }),
    }
}

/// `1h30m`: each unit shorter than the one before it.
fn compound(text: &str) -> Result<Quantity, Unreadable> {
    let mut rest = text;
    let mut nanos = 0.0;
    let mut longest = f64::INFINITY;
    while !rest.is_empty() {
        let (value, tail) = number(rest);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at_checked(letters).unwrap_or((tail, ""));
        let Some((_, length)) = TIME.iter().find(|(name, _)| *name == unit) else {
            return Err(Unreadable::Compound);
        };
        if *length >= longest || tail.len() == rest.len() {
            return Err(Unreadable::Compound);
        }
        longest = *length;
        nanos += value * length;
        rest = tail;
    }
    duration(nanos)
}

fn unknown(body: &str, unit: &str) -> Unreadable {
    let figure = body.strip_suffix(unit).unwrap_or(body);
    Unreadable::Unit {
        unit: unit.to_owned(),
        instead: elsewhere(unit).map(|unit| format!("{figure}{unit}")),
    }
}

fn elsewhere(unit: &str) -> Option<&'static str> {
    ELSEWHERE
        .iter()
        .find(|(other, _)| *other == unit)
        .map(|(_, ours)| *ours)
}

/// The number that a text begins with, and the rest.
fn number(text: &str) -> (f64, &str) {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
        .count();
    let (digits, rest) = text.split_at_checked(length).unwrap_or((text, ""));
    let value = digits.replace('_', "").parse().unwrap_or(f64::INFINITY);
    (value, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> f64 {
        match quantity(text).unwrap() {
            Quantity::Duration(duration) => duration.as_secs_f64(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn durations() {
        assert_eq!(seconds("250us"), 0.000_25);
        assert_eq!(seconds("1.5s"), 1.5);
        assert_eq!(seconds("1h30m"), 5_400.0);
        assert_eq!(seconds("1d"), 86_400.0);
        assert_eq!(quantity("30m1h"), Err(Unreadable::Compound));
        assert_eq!(quantity("1h30"), Err(Unreadable::Compound));
        assert_eq!(quantity("400000000d"), Err(Unreadable::TooLarge));
    }

    #[test]
    fn others() {
        assert_eq!(quantity("2_000"), Ok(Quantity::Number(2_000.0)));
        assert_eq!(quantity("2GiB"), Ok(Quantity::Bytes(2_147_483_648)));
        assert_eq!(quantity("10%"), Ok(Quantity::Share(0.1)));
        assert_eq!(quantity("3/m"), Ok(Quantity::Rate(0.05)));
        assert_eq!(quantity("10x"), Ok(Quantity::Factor(10.0)));
    }

    #[test]
    fn other_spellings_are_told_ours() {
        let instead = |text: &str| match quantity(text) {
            Err(Unreadable::Unit { instead, .. }) => instead,
            other => panic!("{other:?}"),
        };
        assert_eq!(instead("5min").as_deref(), Some("5m"));
        assert_eq!(instead("2gb").as_deref(), Some("2GB"));
        assert_eq!(instead("2/sec").as_deref(), Some("2/s"));
        assert_eq!(instead("5parsecs"), None);
    }
}
