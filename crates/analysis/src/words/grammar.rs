//! Small pieces of sentences.

use cachepolicy_core::units::Duration;

/// `a` or `an`, by how the word begins when it is spoken: a `User`, a `Unit`, an `Article`, an `Update`.
pub(crate) fn article(noun: &str) -> &'static str {
    const SPOKEN_WITH_YOU: [&str; 6] = ["Us", "Uni", "Uti", "Url", "URL", "Eu"];
    let like_you = SPOKEN_WITH_YOU.iter().any(|start| noun.starts_with(start));
    if noun.starts_with(['A', 'E', 'I', 'O', 'U']) && !like_you {
        "an"
    } else {
        "a"
    }
}

/// `a`, `a and b`, `a, b and c`
pub(crate) fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `a`, `a or b`, `a, b or c`
pub(crate) fn alternatives(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A whole number, in groups of three digits: `100,000`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `for up to 5m`, `for good`
pub(crate) fn for_up_to(duration: Duration) -> String {
    if duration.is_forever() {
        "for good".to_owned()
    } else {
        format!("for up to {}", brief(duration))
    }
}

/// A length of time in its two largest units, rounded up: `10m 2s`, `3s 20ms`.
#[must_use]
pub fn brief(duration: Duration) -> String {
    const UNITS: [(&str, i64); 7] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("m", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
        ("ns", 1),
    ];
    if duration.is_forever() {
        return "without limit".to_owned();
    }
    let nanos = duration.nanos();
    let Some(first) = UNITS.iter().position(|(_, length)| nanos >= *length) else {
        return "0s".to_owned();
    };
    let last = UNITS.len() - 1;
    let smaller = UNITS[(first + 1).min(last)].1;
    let rounded = nanos.saturating_add(smaller - 1) / smaller * smaller;
    let first = UNITS
        .iter()
        .position(|(_, length)| rounded >= *length)
        .unwrap_or(first);
    let (name, length) = UNITS[first];
    let rest = rounded % length / smaller;
    let mut text = format!("{}{name}", rounded / length);
    if rest > 0 {
        text.push_str(&format!(" {rest}{}", UNITS[(first + 1).min(last)].0));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_follow_the_sound() {
        let shown = ["Article", "User", "Unit", "Update", "Event", "Url", "Post"].map(article);
        assert_eq!(shown, ["an", "a", "a", "an", "an", "a", "a"]);
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        let shown = [0, 999, 1_000, 12_345, 1_000_000].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "12,345", "1,000,000"]);
    }

    #[test]
    fn lengths_of_time_are_rounded_up() {
        let shown = [
            0,
            7,
            1_500,
            20_000_000,
            3_020_000_001,
            59_999_999_999,
            602_020_000_000,
            3_600_000_000_000,
        ]
        .map(|nanos| brief(Duration::from_nanos(nanos)));
        let expected = [
            "0s",
            "7ns",
            "1us 500ns",
            "20ms",
            "3s 21ms",
            "1m",
            "10m 3s",
            "1h",
        ];
        assert_eq!(shown, expected);
    }
}
