//! `Cache-Control` and its like.

use crate::fields::{comma_separated, seconds, unquoted};
use http::HeaderMap;
use http::header::HeaderName;

/// The directives of a `Cache-Control` field, or of one that is written alike.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directives {
    /// Names in lower case, and arguments without their quotes.
    list: Vec<(String, Option<String>)>,
}

impl Directives {
    /// Of all lines of a field.
    #[must_use]
    pub fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        let list = comma_separated(headers, name).map(|element| match element.split_once('=') {
            None => (element.to_ascii_lowercase(), None),
            // A space beside the `=` is part of the name or of the argument, which then say nothing.
            Some((name, argument)) => (name.to_ascii_lowercase(), Some(unquoted(argument))),
        });
        Self {
            list: list.collect(),
        }
    }

    /// Of a field that is a dictionary of structured fields (RFC 8941, 3.2), as RFC 9213 asks for; of one
    /// that is none, nothing: the whole field is ignored. A number in quotes is no number.
    #[must_use]
    pub fn of_dictionary(headers: &HeaderMap, name: &HeaderName) -> Self {
        let is_text = |line: &http::HeaderValue| line.to_str().is_ok();
        let all = comma_separated(headers, name);
        if !all.into_iter().all(is_member) || !headers.get_all(name).iter().all(is_text) {
            return Self::default();
        }
        let list = comma_separated(headers, name).map(|member| {
            // Parameters of a member say nothing that is known here.
            let member = member.split_once(';').map_or(member, |(member, _)| member);
            match member.split_once('=') {
                None => (member.to_owned(), None),
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            }
        });
        Self {
            list: list.collect(),
        }
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Is it there, with or without an argument?
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.list.iter().any(|(known, _)| known == name)
    }

    /// Is it there without an argument?
    #[must_use]
    pub fn has_plain(&self, name: &str) -> bool {
        let mut named = self.list.iter().filter(|(known, _)| known == name);
        named.any(|(_, argument)| argument.is_none())
    }

    /// A number of seconds. Of several the least, and one that is not to be read is 0: what was meant
    /// cannot be known, and to be stale is the safe side (RFC 9111, 4.2.1).
    #[must_use]
    pub fn seconds(&self, name: &str) -> Option<u64> {
        let named = self.list.iter().filter(|(known, _)| known == name);
        let values = named.map(|(_, argument)| argument.as_deref().and_then(seconds).unwrap_or(0));
        values.min()
    }

    /// The field names in arguments of `no-cache` or `private`, in lower case.
    pub fn fields<'d>(&'d self, name: &'d str) -> impl Iterator<Item = String> + 'd {
        let named = self.list.iter().filter(move |(known, _)| known == name);
        let arguments = named.filter_map(|(_, argument)| argument.as_deref());
        let names = arguments.flat_map(|argument| argument.split(','));
        names.map(|name| name.trim().to_ascii_lowercase())
    }
}

/// Is it a key, alone or with a value that begins as one?
fn is_member(member: &str) -> bool {
    let (key, value) = match member.split_once('=') {
        None => (member.split(';').next().unwrap_or_default(), None),
        Some((key, value)) => (key, Some(value)),
    };
    let is_first = |byte: u8| byte.is_ascii_lowercase() || byte == b'*';
    let is_next = |byte: u8| is_first(byte) || byte.is_ascii_digit() || b"_-.".contains(&byte);
    let is_key = key.bytes().next().is_some_and(is_first) && key.bytes().all(is_next);
    let begins = |value: &str| {
        let first = value.bytes().next();
        first.is_some_and(|it| it.is_ascii_alphanumeric() || b"-\"*?:(".contains(&it))
    };
    is_key && value.is_none_or(begins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{CACHE_CONTROL, HeaderValue};

    fn of(text: &'static str) -> Directives {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(text));
        Directives::of(&headers, &CACHE_CONTROL)
    }

    #[test]
    fn names_are_read_in_any_case_and_not_in_strings() {
        let directives = of("extension=\"max-age=3600, no-store\", Max-Age=1, No-Cache=\"a, B\"");
        assert_eq!(directives.seconds("max-age"), Some(1));
        assert!(!directives.has("no-store"));
        assert!(directives.has("no-cache") && !directives.has_plain("no-cache"));
        let fields: Vec<String> = directives.fields("no-cache").collect();
        assert_eq!(fields, ["a", "b"]);
    }

    #[test]
    fn a_field_that_is_no_dictionary_says_nothing() {
        let of = |text| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(text));
            Directives::of_dictionary(&headers, &CACHE_CONTROL)
        };
        assert_eq!(of("foo, max-age=10;a=1").seconds("max-age"), Some(10));
        assert_eq!(of("max-age=\"10\"").seconds("max-age"), Some(0));
        for text in [
            "max-age=10, &&&&&",
            "MAX-AGE=10",
            "max-age =10",
            "max-age= 10",
            "=1",
        ] {
            assert!(of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_number_is_stale() {
        assert_eq!(of("max-age=\"3600\"").seconds("max-age"), Some(3600));
        assert_eq!(of("max-age=3600, max-age=1").seconds("max-age"), Some(1));
        for text in [
            "max-age='3600'",
            "max-age=-1",
            "max-age=1.5",
            "max-age= 3600",
            "max-age",
        ] {
            assert_eq!(of(text).seconds("max-age"), Some(0), "{text}");
        }
        assert_eq!(of("max-age =3600").seconds("max-age"), None);
        assert_eq!(of("public").seconds("max-age"), None);
    }
}
