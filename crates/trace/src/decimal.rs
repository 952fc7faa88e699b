//! Seconds as decimal text, exact to the nanosecond.

/// How many decimals a nanosecond has.
const DECIMALS: i32 = 9;

/// Nanoseconds of seconds written as a decimal number (`-12.25`, `1.5e3`); finer digits are
/// rounded to the nearest, halves away from zero. `None`: no number, or out of range.
#[must_use]
pub(crate) fn parse_nanos(text: &str) -> Option<i64> {
    parse_scaled(text, DECIMALS)
}

/// A decimal number times 10^`decimals`, rounded in the same way.
#[must_use]
pub(crate) fn parse_scaled(text: &str, decimals: i32) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (number, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at)?, exponent(text.get(at + 1..)?)?),
        None => (text, 0),
    };
    let (whole, behind) = number.split_once('.').unwrap_or((number, "0"));
    if whole.is_empty() || behind.is_empty() {
        return None;
    }
    let mut digits: i128 = 0;
    let mut scale = exponent + decimals;
    let whole = whole.bytes().map(|digit| (digit, 0));
    let behind = behind.bytes().map(|digit| (digit, 1));
    for (digit, decimal) in whole.chain(behind) {
        if !digit.is_ascii_digit() {
            return None;
        }
        // What does not fit is out of range before the point and below a nanosecond behind it.
        if digits < i128::MAX / 100 {
            digits = digits * 10 + i128::from(digit - b'0');
            scale -= decimal;
        } else {
            scale += 1 - decimal;
        }
    }
    let nanos = scaled(digits, scale)?;
    i64::try_from(if negative { -nanos } else { nanos }).ok()
}

fn exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let value = digits.bytes().fold(0i32, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i32::from(digit - b'0'))
            .min(10_000)
    });
    Some(if text.starts_with('-') { -value } else { value })
}

/// digits × 10^scale, rounded.
fn scaled(digits: i128, scale: i32) -> Option<i128> {
    if digits == 0 {
        return Some(0);
    }
    let power = 10i128.checked_pow(scale.unsigned_abs());
    if scale >= 0 {
        return digits.checked_mul(power?);
    }
    // A power too large to be written down leaves nothing.
    let Some(power) = power else {
        return Some(0);
    };
    let rest = digits % power;
    Some(digits / power + i128::from(rest >= power - rest))
}

/// Seconds as decimal text, without zeros at the end.
#[must_use]
pub(crate) fn format_nanos(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let whole = nanos / 1_000_000_000;
    let text = format!("{sign}{whole}.{:09}", nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_numbers() {
        for (text, nanos) in [
            ("0", 0),
            ("-0", 0),
            ("12.25", 12_250_000_000),
            ("-0.000000001", -1),
            ("1.5e3", 1_500_000_000_000),
            ("1E-9", 1),
            ("5e-10", 1),
            ("4.9e-10", 0),
            ("1e-5000", 0),
            ("0e5000", 0),
            ("1431857103.1234567891", 1_431_857_103_123_456_789),
            ("9223372036.854775807", i64::MAX),
            ("-9223372036.854775808", i64::MIN),
        ] {
            assert_eq!(parse_nanos(text), Some(nanos), "{text}");
        }
        let long = format!("1.{}", "9".repeat(500));
        assert_eq!(parse_nanos(&long), Some(2_000_000_000));
        for text in [
            "",
            ".5",
            "5.",
            "1e",
            "1e+",
            "--1",
            "1 ",
            "+1",
            "0x1",
            "NaN",
            "9223372036.854775808",
            "1e300",
        ] {
            assert_eq!(parse_nanos(text), None, "{text}");
        }
        assert_eq!(parse_nanos(&"9".repeat(500)), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(nanos in any::<i64>()) {
            prop_assert_eq!(parse_nanos(&format_nanos(nanos)), Some(nanos));
        }

        #[test]
        fn any_text_is_a_number_or_not(text in "[-+0-9.eE]{0,60}") {
            let _ = parse_nanos(&text);
        }
    }
}
