//! One range of a stored response's bytes (RFC 9110, 14).

use crate::fields::{date, single};
use http::HeaderMap;
use http::header::{DATE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};

/// What a request asks for of a response's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    /// All of it: there is no range, or none that is answered with a part.
    Whole,
    /// From this byte to that one, both included.
    Part(u64, u64),
    /// Nothing that there is.
    Unsatisfiable,
}

/// What a request asks for of a response with so many bytes. Several ranges are answered with all of it.
#[must_use]
pub fn range(request: &HeaderMap, response: &HeaderMap, length: u64) -> Range {
    let mut lines = request.get_all(RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        return Range::Whole;
    };
    let Some(spec) = line
        .to_str()
        .ok()
        .and_then(|text| text.trim().strip_prefix("bytes="))
    else {
        return Range::Whole;
    };
    if !holds(request, response) {
        return Range::Whole;
    }
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Range::Whole;
    };
    match (number(first), number(last)) {
        (Number::None, Number::Some(0)) => Range::Unsatisfiable,
        (Number::None, Number::Some(_)) if length == 0 => Range::Unsatisfiable,
        (Number::None, Number::Some(count)) => {
            Range::Part(length.saturating_sub(count), length - 1)
        }
        (Number::Some(first), _) if first >= length => Range::Unsatisfiable,
        (Number::Some(first), Number::None) => Range::Part(first, length - 1),
        (Number::Some(first), Number::Some(last)) if first <= last => {
            Range::Part(first, last.min(length - 1))
        }
        _ => Range::Whole,
    }
}

enum Number {
    None,
    Some(u64),
    Wrong,
}

fn number(text: &str) -> Number {
    let text = text.trim();
    if text.is_empty() {
        return Number::None;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::Wrong;
    }
    Number::Some(text.parse().unwrap_or(u64::MAX))
}

/// Is the response the one that `If-Range` speaks of? A strong tag, or a date to the second.
fn holds(request: &HeaderMap, response: &HeaderMap) -> bool {
    let Some(asked) = single(request, &IF_RANGE) else {
        return !request.contains_key(IF_RANGE);
    };
    if asked.starts_with('"') {
        return single(response, &ETAG) == Some(asked);
    }
    let changed = single(response, &LAST_MODIFIED).and_then(date);
    let made = single(response, &DATE).and_then(date);
    // A date tells two responses apart only where it lies a little back (RFC 9110, 8.8.2.2).
    let is_strong = matches!((changed, made), (Some(changed), Some(made)) if changed < made);
    is_strong && date(asked) == changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::fields as with;
    use proptest::prelude::*;

    fn of(text: &str, length: u64) -> Range {
        range(&with(&[(RANGE, text)]), &HeaderMap::new(), length)
    }

    #[test]
    fn a_range_is_from_to_or_the_last_bytes() {
        assert_eq!(of("bytes=0-1", 11), Range::Part(0, 1));
        assert_eq!(of("bytes=1-", 11), Range::Part(1, 10));
        assert_eq!(of("bytes=-1", 11), Range::Part(10, 10));
        assert_eq!(of("bytes=-20", 11), Range::Part(0, 10));
        assert_eq!(of("bytes=5-99", 11), Range::Part(5, 10));
        assert_eq!(of("bytes=11-", 11), Range::Unsatisfiable);
        assert_eq!(of("bytes=-0", 11), Range::Unsatisfiable);
        assert_eq!(of("bytes=-1", 0), Range::Unsatisfiable);
        for text in [
            "bytes=2-1",
            "bytes=a-b",
            "bytes=-",
            "bytes=1",
            "lines=0-1",
            "bytes=0-1,3-4",
        ] {
            assert_eq!(of(text, 11), Range::Whole, "{text}");
        }
    }

    #[test]
    fn a_part_is_of_the_response_that_was_meant() {
        let response = with(&[(ETAG, "\"a\"")]);
        let of = |tag| {
            range(
                &with(&[(RANGE, "bytes=0-1"), (IF_RANGE, tag)]),
                &response,
                11,
            )
        };
        assert_eq!(of("\"a\""), Range::Part(0, 1));
        assert_eq!(of("\"b\""), Range::Whole);
        assert_eq!(of("W/\"a\""), Range::Whole);
    }

    proptest! {
        #[test]
        fn a_part_lies_in_the_whole(text in "bytes=[0-9 -]{0,25}", length in 0..50u64) {
            if let Range::Part(first, last) = of(&text, length) {
                prop_assert!(first <= last && last < length);
            }
        }
    }
}
