//! Figures on the command line, written as in the language: `10m`, `10%`, `200`.

use cachepolicy_compiler::quantity::{Quantity, quantity};
use cachepolicy_core::Duration;

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
}
