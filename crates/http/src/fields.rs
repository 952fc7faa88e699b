//! Values of fields.

use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use std::borrow::Cow;
use std::time::UNIX_EPOCH;

/// As far as a number of seconds is told apart (RFC 9111, 1.2.2): a little over 68 years.
const SECONDS_MAX: u64 = 1 << 31;

/// A number of seconds: digits and nothing else; whatever is larger than can be told apart is 2^31.
/// `None`: that is no number of seconds.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than a number has are a large number.
    Some(text.parse().unwrap_or(SECONDS_MAX).min(SECONDS_MAX))
}

/// A date of RFC 9110, 5.6.7, in any of its three forms, as seconds since 1970; `None`: it is none, or
/// an earlier one.
pub(crate) fn date(text: &str) -> Option<u64> {
    let text = text.trim();
    let time = httpdate::parse_http_date(text)
        .ok()
        .or_else(|| date_of_others(text))?;
    time.duration_since(UNIX_EPOCH).ok().map(|it| it.as_secs())
}

/// A date whose words are in another case, or whose weekday is another one than that of the day: the day
/// says what is meant.
fn date_of_others(text: &str) -> Option<std::time::SystemTime> {
    const DAYS: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let mut normal = String::with_capacity(text.len());
    let mut is_begun = false;
    for character in text.chars() {
        normal.push(if is_begun {
            character.to_ascii_lowercase()
        } else {
            character.to_ascii_uppercase()
        });
        is_begun = character.is_ascii_alphabetic();
    }
    let normal = match normal.strip_suffix("Gmt") {
        Some(before) => format!("{before}GMT"),
        None => normal,
    };
    let end = normal.find([',', ' '])?;
    let (day, rest) = normal.split_at(end);
    let is_day = |name: &&str| name.get(..3) == Some(day) || **name == *day;
    let is_short = day.len() == 3;
    DAYS.iter().any(is_day).then_some(())?;
    DAYS.iter().find_map(|name| {
        let name = if is_short { name.get(..3)? } else { name };
        httpdate::parse_http_date(&format!("{name}{rest}")).ok()
    })
}

/// A line of a field as text, so that no two lines are the same text: each byte that is no UTF-8 stands
/// there as the character of that number, behind U+0001, which no line can have (RFC 9110, 5.5).
#[must_use]
pub fn text(line: &HeaderValue) -> Cow<'_, str> {
    if let Ok(text) = str::from_utf8(line.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(2 * line.len());
    for chunk in line.as_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for &byte in chunk.invalid() {
            text.extend(['\u{1}', char::from(byte)]);
        }
    }
    Cow::Owned(text)
}

/// The one value of a field; `None`: it is not there, or not readable.
pub(crate) fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// The elements of all lines of a field, as of a list (RFC 9110, 5.6.1), without the spaces around them.
/// Commas in quoted strings separate nothing. Lines that are not text are left out.
pub(crate) fn comma_separated<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).iter();
    let texts = lines.filter_map(|line| line.to_str().ok());
    texts.flat_map(|text| Elements { rest: Some(text) })
}

/// The elements of one line.
pub(crate) struct Elements<'t> {
    pub(crate) rest: Option<&'t str>,
}

impl<'t> Iterator for Elements<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        loop {
            let text = self.rest?;
            let end = end_of_element(text);
            let (element, rest) = text.split_at(end);
            self.rest = rest.get(1..);
            let element = element.trim_matches([' ', '\t']);
            if !element.is_empty() {
                return Some(element);
            }
        }
    }
}

/// Where the first comma is that is in no quoted string.
fn end_of_element(text: &str) -> usize {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => return at,
            _ => {}
        }
    }
    text.len()
}

/// What a quoted string says; any other text as it is.
pub(crate) fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    let Some(inner) = inner else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => out.extend(characters.next()),
            other => out.push(other),
        }
    }
    out
}

/// A message's fields, for tests.
#[cfg(test)]
pub(crate) fn fields(list: &[(impl AsRef<str>, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes());
        if let (Ok(name), Ok(value)) = (name, http::HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{CACHE_CONTROL, HeaderValue};
    use proptest::prelude::*;

    fn lines(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn elements_end_at_commas_outside_of_quotes() {
        let headers = lines(&["a, b=\"1, \\\"2\"\t,,c", " , d"]);
        let elements: Vec<&str> = comma_separated(&headers, &CACHE_CONTROL).collect();
        assert_eq!(elements, ["a", "b=\"1, \\\"2\"", "c", "d"]);
        assert_eq!(unquoted("\"1, \\\"2\""), "1, \"2");
    }

    #[test]
    fn seconds_are_digits() {
        assert_eq!(seconds("003600"), Some(3600));
        assert_eq!(seconds("99999999999999999999999"), Some(1 << 31));
        for text in ["", "-1", "+1", "1.0", "1 ", "abc", "'1'"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn dates_have_three_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(date(text), Some(784_111_777), "{text}");
        }
        // Other weekdays and other cases; not other words.
        for text in [
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "SUN, 06 NOV 1994 08:49:37 gMT",
            "Tuesday, 06-Nov-94 08:49:37 GMT",
            "Thu Nov  6 08:49:37 1994",
        ] {
            assert_eq!(date(text), Some(784_111_777), "{text}");
        }
        for text in [
            "0",
            "",
            "Day, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 8:49:37 GMT",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC*") {
            let elements = Elements { rest: Some(&text) };
            for element in elements {
                let _ = unquoted(element);
            }
            let _ = (seconds(&text), date(&text));
        }
    }
}
