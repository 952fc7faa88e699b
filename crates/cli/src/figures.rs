//! Figures on the command line, written as in the language: `10m`, `10%`, `200`.

use crate::curve::Listed;
use cachepolicy_compiler::quantity::{Quantity, quantity};
use cachepolicy_core::Duration;
use cachepolicy_sim::curve::{At, POINTS_MAX};

/// `90s`, `10m`, `1h30m`
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match figure(text) {
        Some(Quantity::Duration(duration)) => Ok(duration),
        _ => Err("expected a duration with its unit: `90s`, `10m`, `1h30m`".to_owned()),
    }
}

/// A duration, or a share of the whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Extent {
    /// So long.
    Time(Duration),
    /// This part, 0..1.
    Share(f64),
}

/// `10m` or `10%`
pub(crate) fn extent(text: &str) -> Result<Extent, String> {
    match figure(text) {
        Some(Quantity::Duration(duration)) => Ok(Extent::Time(duration)),
        Some(Quantity::Share(share)) if share <= 1.0 => Ok(Extent::Share(share)),
        _ => Err("expected a duration or a share of the trace: `10m`, `10%`".to_owned()),
    }
}

/// `2%` or `0.02`
pub(crate) fn tolerance(text: &str) -> Result<f64, String> {
    match figure(text) {
        Some(Quantity::Share(share)) => Ok(share),
        Some(Quantity::Number(number)) if number < 1.0 => Ok(number),
        _ => Err("expected a share: `2%`, `0.02`".to_owned()),
    }
}

/// `1%` or `0.01`
pub(crate) fn rate(text: &str) -> Result<cachepolicy_sim::sample::Rate, String> {
    let share = match figure(text) {
        Some(Quantity::Share(share)) => Some(share),
        Some(Quantity::Number(number)) => Some(number),
        _ => None,
    };
    let rate = share.and_then(cachepolicy_sim::sample::Rate::new);
    rate.ok_or_else(|| "expected a share above 0 and up to 1: `1%`, `0.01`".to_owned())
}

/// `100,1_000`, `64MiB..1GiB`, `1%..100%`
pub(crate) fn capacities(text: &str) -> Result<Listed, String> {
    let wrong = || {
        "expected capacities in copies, bytes or shares, as a list or a range: `100,1_000`, \
         `64MiB..1GiB`, `1%..100%`"
            .to_owned()
    };
    let mut by_bytes = None;
    let mut one = |text: &str| {
        let (at, unit) = match figure(text.trim()).ok_or_else(wrong)? {
            Quantity::Bytes(bytes) => (At::Absolute(bytes), Some(true)),
            Quantity::Number(count) if count.fract() == 0.0 => {
                (At::Absolute(count as u64), Some(false))
            }
            Quantity::Share(share) if share <= 10.0 => (At::Footprint(share), None),
            _ => return Err(wrong()),
        };
        if at == At::Absolute(0) || at == At::Footprint(0.0) {
            return Err("a capacity is at least 1".to_owned());
        }
        if by_bytes.is_some() && unit.is_some() && by_bytes != unit {
            return Err("either all capacities are in bytes or none".to_owned());
        }
        by_bytes = by_bytes.or(unit);
        Ok(at)
    };
    let (list, range) = match text.split_once("..") {
        Some((from, to)) => (Vec::new(), Some(ascending(text, (one(from)?, one(to)?))?)),
        None => (text.split(',').map(one).collect::<Result<_, _>>()?, None),
    };
    if list.len() > POINTS_MAX {
        return Err(format!(
            "at most {POINTS_MAX} capacities can be tried at once"
        ));
    }
    Ok(Listed {
        list,
        range,
        by_bytes,
    })
}

/// A range that begins with its least. What is a share and what is not cannot be compared before the
/// trace is read.
fn ascending(text: &str, (from, to): (At, At)) -> Result<(At, At), String> {
    let descends = match (from, to) {
        (At::Absolute(from), At::Absolute(to)) => from > to,
        (At::Footprint(from), At::Footprint(to)) => from > to,
        (At::Absolute(_), At::Footprint(_)) | (At::Footprint(_), At::Absolute(_)) => false,
    };
    match text.split_once("..").filter(|_| descends) {
        Some((from, to)) => Err(format!(
            "the range ends before it begins; write the smaller capacity first: `{}..{}`",
            to.trim(),
            from.trim()
        )),
        None => Ok((from, to)),
    }
}

/// `100` or `1%`
pub(crate) fn max_errors(text: &str) -> Result<cachepolicy_trace::MaxErrors, String> {
    match figure(text) {
        Some(Quantity::Number(count)) if count.fract() == 0.0 => {
            Ok(cachepolicy_trace::MaxErrors::Count(count as u64))
        }
        Some(Quantity::Share(share)) if share <= 1.0 => {
            Ok(cachepolicy_trace::MaxErrors::Share(share))
        }
        _ => Err("expected a number of lines or a share of them: `100`, `1%`".to_owned()),
    }
}

/// What the language's grammar would take for a figure.
fn figure(text: &str) -> Option<Quantity> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%'));
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_digit());
    if plain && begins {
        quantity(text).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_the_command_line() {
        assert_eq!(duration("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(extent("10%"), Ok(Extent::Share(0.1)));
        assert_eq!(extent("90s"), Ok(Extent::Time(Duration::from_secs(90))));
        assert_eq!(
            max_errors("1_000"),
            Ok(cachepolicy_trace::MaxErrors::Count(1000))
        );
        for wrong in ["", "m", "10", "-5s", "5 m", "1e3s", "10q", "é", "5m5"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert!(extent("110%").is_err());
        assert!(max_errors("1.5").is_err());
    }

    #[test]
    fn a_range_of_capacities_begins_with_the_least() {
        for (descending, ascending) in [("5..2", "2..5"), ("1GiB..64MiB", "64MiB..1GiB")] {
            let refusal = capacities(descending).err().unwrap();
            assert!(refusal.contains(&format!("`{ascending}`")), "{refusal}");
            assert!(capacities(ascending).is_ok());
        }
        assert!(capacities("100%..1%").is_err());
        assert!(capacities("5..5").is_ok() && capacities("5..2%").is_ok());
    }
}
