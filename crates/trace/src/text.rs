//! Text for people.

use cachepolicy_core::units::Duration;

/// A length of time in its two largest units: `1h 2m`, `1m`, `20ms`.
#[must_use]
pub(crate) fn human(duration: Duration) -> String {
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
        return "forever".to_owned();
    }
    let nanos = duration.nanos();
    let mut units = UNITS.iter().skip_while(|(_, length)| nanos < *length);
    let Some((name, length)) = units.next() else {
        return "0s".to_owned();
    };
    let mut text = format!("{}{name}", nanos / length);
    if let Some((name, smaller)) = units.next() {
        let rest = nanos % length / smaller;
        if rest > 0 {
            text.push_str(&format!(" {rest}{name}"));
        }
    }
    text
}

/// Bytes of the user's as a piece of a message: printable, not too long.
pub(crate) fn quote(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    let mut text: String = String::from_utf8_lossy(shown)
        .chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            let plain = (!c.is_control()).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect();
    if bytes.len() > SHOWN {
        text.push('…');
    }
    format!("`{text}`")
}

/// The known name that is closest to a misspelt one.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let close = known
        .into_iter()
        .map(|name| (strsim::osa_distance(word, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
        .min_by_key(|(distance, _)| *distance);
    close.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let text = |nanos| human(Duration::from_nanos(nanos));
        assert_eq!(text(0), "0s");
        assert_eq!(text(60_000_000_000), "1m");
        assert_eq!(text(3_720_000_000_001), "1h 2m");
        assert_eq!(text(20_500_000), "20ms 500us");
        assert_eq!(text(90_061_000_000_000), "1d 1h");
        assert_eq!(human(Duration::FOREVER), "forever");
    }

    #[test]
    fn quotes_and_suggestions() {
        assert_eq!(quote(b"a\x16\xffb"), "`a\\u{16}\u{fffd}b`");
        assert_eq!(quote(&[b'x'; 70]).chars().count(), 63);
        assert_eq!(
            did_you_mean("mehtod", ["path", "method"]),
            "; did you mean `method`?"
        );
        assert_eq!(did_you_mean("colour", ["path", "method"]), "");
    }
}
