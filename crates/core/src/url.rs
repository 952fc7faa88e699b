//! Pieces of a request's target: path, query, percent-encoding (RFC 3986).

use std::borrow::Cow;

/// Path and query of a request target. Takes the absolute form (`http://host/path?query`) too;
/// a fragment is dropped, since no client sends one.
#[must_use]
pub fn split_target(target: &str) -> (&str, Option<&str>) {
    let origin_form = if target.starts_with('/') {
        target
    } else {
        let target = until(target, '#');
        match target.split_once("://") {
            Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                rest.find(['/', '?']).map_or("", |slash| &rest[slash..])
            }
            _ => target,
        }
    };
    let path = origin_form
        .bytes()
        .position(|byte| matches!(byte, b'?' | b'#'));
    let (path, behind) = origin_form.split_at(path.unwrap_or(origin_form.len()));
    let query = behind.strip_prefix('?');
    (path, query.map(|query| until(query, '#')))
}

/// What stands before this character, else all of it.
fn until(text: &str, end: char) -> &str {
    text.split_once(end).map_or(text, |(before, _)| before)
}

/// The parameters of a query, in order, as `name=value` or `name`; empty ones left out.
pub fn query_params(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|param| !param.is_empty())
}

/// The value of a query parameter, decoded: `+` is a space, `%XX` a byte. Where it stands
/// several times the last one counts, as in most frameworks; without `=` it is empty.
#[must_use]
pub fn query_value<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    query_params(query)
        .map(|param| param.split_once('=').unwrap_or((param, "")))
        .filter(|(found, _)| *found == name || form_decode(found) == name)
        .last()
        .map(|(_, value)| form_decode(value))
}

/// The value of a cookie in a `Cookie` header, without surrounding quotes; the first of that name
/// counts (RFC 6265, 5.4: the most specific path comes first).
#[must_use]
pub fn cookie_value<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    header
        .split(';')
        .filter_map(|pair| pair.split_once('='))
        .find(|(found, _)| found.trim() == name)
        .map(|(_, value)| {
            let value = value.trim();
            value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'))
                .unwrap_or(value)
        })
}

fn form_decode(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        Cow::Owned(decode(&text.replace('+', " ")).into_owned())
    } else {
        decode(text)
    }
}

/// Replaces each `%XX` by its byte. A `%` without two hexadecimal digits stays as it is; so does
/// the whole text when its bytes would not be UTF-8.
#[must_use]
pub fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    String::from_utf8(decoded_bytes(text).collect()).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The bytes of a text with each `%XX` as one byte, from either end. Reading from the end finds
/// the same escapes: their first byte is no hexadecimal digit, so they never overlap.
pub fn decoded_bytes(text: &str) -> impl DoubleEndedIterator<Item = u8> + '_ {
    DecodedBytes {
        rest: text.as_bytes(),
    }
}

/// See [`decoded_bytes`]; keeps what is left, so that a caller can cut a text at an escape.
pub(crate) struct DecodedBytes<'a> {
    pub(crate) rest: &'a [u8],
}

impl Iterator for DecodedBytes<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        if let [b'%', high, low, rest @ ..] = self.rest
            && let Some(byte) = hex_pair(*high, *low)
        {
            self.rest = rest;
            return Some(byte);
        }
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }
}

impl DoubleEndedIterator for DecodedBytes<'_> {
    fn next_back(&mut self) -> Option<u8> {
        if let [rest @ .., b'%', high, low] = self.rest
            && let Some(byte) = hex_pair(*high, *low)
        {
            self.rest = rest;
            return Some(byte);
        }
        let (last, rest) = self.rest.split_last()?;
        self.rest = rest;
        Some(*last)
    }
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    Some((digit(high)? * 16 + digit(low)?) as u8)
}

/// A set of ASCII characters. Each byte of each URL that goes into a key is asked for.
#[derive(Debug)]
pub(crate) struct Ascii([bool; 256]);

impl Ascii {
    /// Letters, digits and these.
    pub(crate) const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut byte = 0_u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        Self(table).and(others)
    }

    /// The same and these.
    pub(crate) const fn and(mut self, others: &[u8]) -> Self {
        let mut index = 0;
        while index < others.len() {
            self.0[others[index] as usize] = true;
            index += 1;
        }
        self
    }

    #[inline]
    pub(crate) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }
}

/// Appends `text`, normalised as RFC 3986, 6.2.2, says: escapes of unreserved characters become
/// the characters, other escapes stay with upper-case digits, and bytes that are not `plain` become
/// escapes. A `%` that begins no escape becomes `%25`; it is never `plain`.
pub(crate) fn push_normalised(text: &str, plain: &Ascii, out: &mut String) {
    let bytes = text.as_bytes();
    let mut done = 0;
    loop {
        let rest = bytes.get(done..).unwrap_or_default();
        let run = rest.iter().take_while(|&&byte| plain.has(byte)).count();
        out.push_str(text.get(done..done + run).unwrap_or_default());
        let rest = rest.get(run..).unwrap_or_default();
        let escape = match rest {
            [b'%', high, low, ..] => hex_pair(*high, *low),
            _ => None,
        };
        done += run + if escape.is_some() { 3 } else { 1 };
        match (escape, rest.first()) {
            (Some(byte), _) if is_unreserved(byte) => out.push(byte as char),
            (Some(byte), _) | (None, Some(&byte)) => push_escape(byte, out),
            (None, None) => return,
        }
    }
}

/// Appends `%XX`.
pub(crate) fn push_escape(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(HEX[usize::from(byte >> 4)] as char);
    out.push(HEX[usize::from(byte & 15)] as char);
}

/// RFC 3986, 2.3.
pub(crate) const UNRESERVED: Ascii = Ascii::alphanumeric_and(b"-._~");

/// RFC 3986, 2.3.
#[inline]
pub(crate) const fn is_unreserved(byte: u8) -> bool {
    static TABLE: Ascii = UNRESERVED;
    TABLE.has(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn targets() {
        for (target, path, query) in [
            ("/", "/", None),
            ("/a?b=1&c", "/a", Some("b=1&c")),
            ("/a?", "/a", Some("")),
            ("/a?b?c#d", "/a", Some("b?c")),
            ("http://example.org/a?b", "/a", Some("b")),
            ("http://example.org", "", None),
            ("http://example.org?b", "", Some("b")),
            ("*", "*", None),
            ("", "", None),
            ("/go?to=http://x/", "/go", Some("to=http://x/")),
        ] {
            assert_eq!(split_target(target), (path, query), "{target}");
        }
    }

    #[test]
    fn query_and_cookie_values() {
        let query = "a=1&b&&a=x%20y+z&%63=3";
        assert_eq!(query_value(query, "a").as_deref(), Some("x y z"));
        assert_eq!(query_value(query, "b").as_deref(), Some(""));
        assert_eq!(query_value(query, "c").as_deref(), Some("3"));
        assert_eq!(query_value(query, "d"), None);
        let header = "a=1; __Host-session=\"x=y\";b";
        assert_eq!(cookie_value(header, "a"), Some("1"));
        assert_eq!(cookie_value(header, "__Host-session"), Some("x=y"));
        assert_eq!(cookie_value(header, "b"), None);
    }

    #[test]
    fn decoding() {
        for (text, decoded) in [
            ("caf%C3%a9", "café"),
            ("a%2Fb", "a/b"),
            ("%252F", "%2F"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%%41", "%A"),
            ("%ff", "%ff"),
        ] {
            assert_eq!(decode(text), decoded, "{text}");
        }
    }

    #[test]
    fn normalising() {
        let normalised = |text: &str| {
            let mut out = String::new();
            push_normalised(text, &UNRESERVED, &mut out);
            out
        };
        assert_eq!(normalised("%7euser%2fx"), "~user%2Fx");
        assert_eq!(normalised("é %zz"), "%C3%A9%20%25zz");
    }

    proptest! {
        #[test]
        fn both_ends_read_the_same_bytes(text in "[%0-9a-f/x]{0,12}|\\PC{0,8}") {
            let forward: Vec<u8> = decoded_bytes(&text).collect();
            let mut backward: Vec<u8> = decoded_bytes(&text).rev().collect();
            backward.reverse();
            prop_assert_eq!(forward, backward);
        }

        #[test]
        fn normalising_keeps_the_meaning_and_is_idempotent(text in "[%0-9a-f/x]{0,12}|\\PC{0,8}") {
            let mut once = String::new();
            push_normalised(&text, &UNRESERVED, &mut once);
            let mut twice = String::new();
            push_normalised(&once, &UNRESERVED, &mut twice);
            prop_assert_eq!(&once, &twice);
            prop_assert!(decoded_bytes(&text).eq(decoded_bytes(&once)));
        }
    }
}
