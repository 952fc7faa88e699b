//! From what a request carries to the value of a dimension.
//!
//! The result borrows from the request or from the policy; nothing is allocated, and no header,
//! however broken, does more than be ignored.

use crate::policy::{Carrier, Dimension, Domain};

mod accept;
mod encoding;
mod language;
mod quality;

/// A dimension's value in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Normalised<'a> {
    /// The request does not have it, and the dimension has no `else`.
    Absent,
    /// This value.
    Value(&'a str),
    /// A value that the dimension's domain does not have: the request bypasses every level that
    /// depends on the dimension.
    Outside,
}

impl<'a> Normalised<'a> {
    /// For a key: `None` is absent. An outside value never reaches one.
    #[must_use]
    pub const fn value(self) -> Option<&'a str> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Outside => None,
        }
    }
}

/// The value of `dimension` in a request that carries `raw` for it; `None`: nothing.
///
/// - Absent is `else` where there is one, or a value of its own.
/// - A header's value counts without the spaces around it. Values compare exactly, but hosts,
///   languages, media types, codings and character sets without regard to case, and the result is
///   spelled as in the domain.
/// - A range takes whole numbers in their one usual form: `7`, not `07`, `+7`, `7.0` or ` 7`.
/// - A negotiated dimension is the best of its values for the header: q-values first. Where the
///   header accepts none of them, it is `else`; without `else` it is outside.
/// - A value outside the domain is [`Normalised::Outside`], or `else` with `coerce`.
#[must_use]
pub fn normalise<'a>(dimension: &'a Dimension, raw: Option<&'a str>) -> Normalised<'a> {
    let absent = match &dimension.otherwise {
        Some(otherwise) => Normalised::Value(otherwise),
        None => Normalised::Absent,
    };
    let header = match &dimension.carrier {
        Carrier::Header(name) => Some(name.as_str()),
        Carrier::User(_) | Carrier::Cookie(_) | Carrier::Query(_) | Carrier::Attr(_) => None,
    };
    let Some(raw) = raw else { return absent };
    let raw = if header.is_some() {
        raw.trim_matches([' ', '\t'])
    } else {
        raw
    };
    let inside = match &dimension.domain {
        Domain::Any => Some(raw),
        Domain::Values(values) => {
            let ignores_case = header == Some("host");
            find(values, |value| {
                value == raw || (ignores_case && value.eq_ignore_ascii_case(raw))
            })
        }
        Domain::Range { low, high } => usual_number(raw)
            .is_some_and(|number| (*low..=*high).contains(&number))
            .then_some(raw),
        Domain::Negotiated(values) => {
            let otherwise = dimension.otherwise.as_deref();
            let best = negotiate(header.unwrap_or_default(), raw, values, otherwise);
            best.or(otherwise)
        }
    };
    match inside {
        Some(value) => Normalised::Value(value),
        None if dimension.coerce => absent,
        None => Normalised::Outside,
    }
}

fn find(values: &[String], mut is_it: impl FnMut(&str) -> bool) -> Option<&str> {
    values.iter().map(String::as_str).find(|value| is_it(value))
}

/// A whole number, if it is written in its one usual form.
fn usual_number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_usual = match digits.as_bytes() {
        [b'0'] => digits.len() == text.len(),
        [first, rest @ ..] => (b'1'..=b'9').contains(first) && rest.iter().all(u8::is_ascii_digit),
        [] => false,
    };
    if is_usual { text.parse().ok() } else { None }
}

/// The best of `offers` for a header; `None`: it accepts none of them.
fn negotiate<'a>(
    header: &str,
    raw: &str,
    offers: &'a [String],
    otherwise: Option<&str>,
) -> Option<&'a str> {
    match header {
        "accept" => accept::best(raw, offers, otherwise),
        "accept-language" => language::best(raw, offers, otherwise),
        "accept-encoding" => encoding::best(raw, offers, otherwise, encoding::Kind::Coding),
        _ => encoding::best(raw, offers, otherwise, encoding::Kind::Other),
    }
}

#[cfg(test)]
mod tests;
