//! `Cache-Status` (RFC 9211): what a cache did with a request, and why.

use http::HeaderValue;
use std::fmt::Write as _;

/// Why a request was forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarded {
    /// The policy leaves it out, or its method is not answered from copies.
    Bypass,
    /// Its method goes through.
    Method,
    /// There was no copy of this target.
    UriMiss,
    /// There was none for a request like it.
    VaryMiss,
    /// There was one, which was too old.
    Stale,
    /// The request wished for something newer.
    Request,
}

impl Forwarded {
    const fn token(self) -> &'static str {
        match self {
            Self::Bypass => "bypass",
            Self::Method => "method",
            Self::UriMiss => "uri-miss",
            Self::VaryMiss => "vary-miss",
            Self::Stale => "stale",
            Self::Request => "request",
        }
    }
}

/// What is said of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheStatus<'s> {
    /// It was answered from a copy.
    pub hit: bool,
    /// It was forwarded, and why.
    pub forwarded: Option<Forwarded>,
    /// The status with which that was answered, if it is not the one of the answer.
    pub forwarded_status: Option<u16>,
    /// For how many seconds the answer is still fresh; less than 0: for how long it is not any more.
    pub ttl: Option<i64>,
    /// What came was stored.
    pub stored: bool,
    /// It waited for what another request was forwarded for.
    pub collapsed: bool,
    /// More, for people: which level, and the reason in its words.
    pub detail: Option<&'s str>,
}

impl CacheStatus<'_> {
    /// The field's value; `cache`: what this cache calls itself.
    #[must_use]
    pub fn value(&self, cache: &str) -> Option<HeaderValue> {
        let mut text = quoted(cache);
        if self.hit {
            text.push_str("; hit");
        }
        // Writing to a string cannot fail.
        if let Some(forwarded) = self.forwarded {
            let _ = write!(text, "; fwd={}", forwarded.token());
        }
        if let Some(status) = self.forwarded_status {
            let _ = write!(text, "; fwd-status={status}");
        }
        if let Some(ttl) = self.ttl {
            let _ = write!(text, "; ttl={ttl}");
        }
        if self.stored {
            text.push_str("; stored");
        }
        if self.collapsed {
            text.push_str("; collapsed");
        }
        if let Some(detail) = self.detail {
            let _ = write!(text, "; detail={}", quoted(detail));
        }
        HeaderValue::from_str(&text).ok()
    }
}

/// A string of a structured field (RFC 8941, 3.3.3): printable ASCII.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            ' '..='~' => out.push(character),
            _ => out.push('?'),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_and_a_miss_read_as_in_the_standard() {
        let hit = CacheStatus {
            hit: true,
            ttl: Some(376),
            ..CacheStatus::default()
        };
        let value = hit.value("shop");
        assert_eq!(
            value,
            Some(HeaderValue::from_static("\"shop\"; hit; ttl=376"))
        );
        let miss = CacheStatus {
            forwarded: Some(Forwarded::UriMiss),
            stored: true,
            collapsed: true,
            detail: Some("page \"é\""),
            ..CacheStatus::default()
        };
        let expected = "\"shop\"; fwd=uri-miss; stored; collapsed; detail=\"page \\\"?\\\"\"";
        assert_eq!(miss.value("shop"), HeaderValue::from_str(expected).ok());
    }
}
