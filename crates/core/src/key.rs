//! Keys: the text under which a copy is stored.
//!
//! # Encoding
//! A key is the texts of its template with encoded values between them:
//!
//! - A value's unreserved characters (`A–Z a–z 0–9 - . _ ~`) stand for themselves; every other byte
//!   of its UTF-8 is `%XX`, in upper case. An absent value is a lone `%`, an empty one is nothing:
//!   they differ.
//! - A value ends where the text behind it begins. That text must hold a character which no encoded
//!   value has; where it has none of its own (`{lang}-{slug}`), its first character that can be
//!   escaped is also escaped in the value before it. So `("ab", "c")` and `("a", "bc")`,
//!   `("a-b", "c")` and `("a", "b-c")` have different keys. [`ambiguity`] reports the templates
//!   where no such character exists.
//! - A URL is `host/path?name=value&…`, normalised: the host in lower case, escapes as RFC 3986,
//!   6.2.2, says (`%7e` is `~`, `%c3` is `%C3`), parameters without those that the policy ignores,
//!   sorted by name; parameters of one name keep their order, empty ones are left out. It never
//!   contains `#`, `|`, a space, a quote, an angle bracket or a brace.
//!
//! [`full_key`] puts the backend's prefix and the versions in front.

use crate::ids::DimensionId;
use crate::level::{Key, KeyPart, Level, LevelKind, ValueSource};
use crate::policy::{Backend, Carrier, Policy};
use crate::url::{is_unreserved, push_escape};
use core::fmt::Write;

mod url;

pub use url::{QueryFilter, Url, push_url};

/// The values of one request, or of one look-up, from which keys are built.
pub trait Values {
    /// A parameter of the level; `None`: absent.
    fn param(&self, index: u16) -> Option<&str>;
    /// A request dimension, normalised (see [`crate::vary`]); `None`: absent.
    fn dimension(&self, dimension: DimensionId) -> Option<&str>;
    /// The request's URL. Only keys of sites and views have it.
    fn url(&self) -> Url<'_>;
}

/// Appends the key of `parts` to `out`.
pub fn key(parts: &[KeyPart], values: &impl Values, filter: &QueryFilter, out: &mut String) {
    for (index, part) in parts.iter().enumerate() {
        match part {
            KeyPart::Text(text) => out.push_str(text),
            KeyPart::Url => push_url(values.url(), filter, out),
            KeyPart::Value(source) => {
                let also = match separator_behind(parts, index) {
                    Some(Separator::Escaped(byte)) => Some(byte),
                    _ => None,
                };
                push_value(value(source, values), also, out);
            }
        }
    }
}

fn value<'v>(source: &'v ValueSource, values: &'v impl Values) -> Option<&'v str> {
    match source {
        ValueSource::Param(index) => values.param(*index),
        ValueSource::Dimension(dimension) => values.dimension(*dimension),
        ValueSource::Literal(text) => Some(text),
        // Found while filling: no look-up knows it. The compiler refuses it in a key.
        ValueSource::Data(_) => None,
    }
}

/// Appends the key as the backend sees it: `prefix:version.family:key`. `family` is the number that
/// a `bump` of the level raises. The numbers come first and have no `:`, so keys of different
/// versions never meet.
pub fn full_key(backend: &Backend, family: u64, key: &str, out: &mut String) {
    if let Some(prefix) = &backend.prefix {
        out.push_str(prefix);
        out.push(':');
    }
    // Writing to a string cannot fail.
    let _ = write!(out, "{}.{family}:{key}", backend.version);
}

/// Appends an encoded value; `also` is one more character to escape.
pub fn push_value(value: Option<&str>, also: Option<u8>, out: &mut String) {
    let Some(value) = value else {
        out.push('%');
        return;
    };
    let is_plain = |byte: u8| is_unreserved(byte) && Some(byte) != also;
    if value.bytes().all(is_plain) {
        out.push_str(value);
        return;
    }
    for byte in value.bytes() {
        if is_plain(byte) {
            out.push(byte as char);
        } else {
            push_escape(byte, out);
        }
    }
}

/// How the end of a value is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    /// The text behind it has a character that no value has.
    Natural,
    /// This character of the text behind it is escaped in the value.
    Escaped(u8),
}

/// What ends the value or URL at `index`; `None` if nothing does. Must not be asked for the last.
fn separator_behind(parts: &[KeyPart], index: usize) -> Option<Separator> {
    let texts = || {
        parts
            .get(index + 1..)
            .unwrap_or_default()
            .iter()
            .map_while(|part| match part {
                KeyPart::Text(text) => Some(text.bytes()),
                KeyPart::Value(_) | KeyPart::Url => None,
            })
            .flatten()
    };
    if matches!(parts.get(index), Some(KeyPart::Url)) {
        let ends_url = |byte: u8| !(byte == b'%' || byte == b'?' || url::is_url_byte(byte));
        return texts().any(ends_url).then_some(Separator::Natural);
    }
    if texts().any(|byte| byte != b'%' && !is_unreserved(byte)) {
        return Some(Separator::Natural);
    }
    // Escapes themselves consist of these.
    texts()
        .find(|byte| !matches!(byte, b'%' | b'0'..=b'9' | b'A'..=b'F'))
        .map(Separator::Escaped)
}

/// Where a key template cannot be read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ambiguity {
    /// The value whose end cannot be found, by index into the parts.
    pub value: usize,
    /// The next value.
    pub next: usize,
}

/// The first place where different values make one key: two values with no text between them, or
/// only with text that an encoded value may contain (`{a}7{b}`). `None`: the key is injective in the
/// values that it holds.
#[must_use]
pub fn ambiguity(parts: &[KeyPart]) -> Option<Ambiguity> {
    let is_value = |part: &KeyPart| !matches!(part, KeyPart::Text(_));
    let mut values = (0..parts.len()).filter(|&index| parts.get(index).is_some_and(is_value));
    let mut value = values.next()?;
    for next in values {
        if separator_behind(parts, value).is_none() {
            return Some(Ambiguity { value, next });
        }
        value = next;
    }
    None
}

/// The parameters and variants of a level that its key leaves out: copies of different ones would
/// share a key. A URL holds the parameters of its route, the host and every query parameter that is
/// not ignored; a dimension that follows `by` another one is covered by that one.
#[must_use]
pub fn uncovered(policy: &Policy, level: &Level) -> Vec<ValueSource> {
    let filter = QueryFilter::new(policy);
    let has_url = level.key.parts.contains(&KeyPart::Url);
    let holds = |source: ValueSource| level.key.parts.contains(&KeyPart::Value(source));
    let covers = |dimension| holds_dimension(policy, &filter, &level.key, dimension);
    let is_routed = has_url && level.route.is_some();
    let params = (0..level.params.len())
        .map(|index| index as u16)
        .filter(|&index| !is_routed && !holds(ValueSource::Param(index)))
        .map(ValueSource::Param);
    let dimensions = level
        .vary
        .iter()
        .filter(|&&dimension| !crate::graph::determiners(policy, dimension).any(covers))
        .map(|&dimension| ValueSource::Dimension(dimension));
    params.chain(dimensions).collect()
}

/// Do different values of the dimension make different keys: is it part of the key, or of the URL in
/// it?
#[must_use]
pub fn holds_dimension(
    policy: &Policy,
    filter: &QueryFilter,
    key: &Key,
    dimension: DimensionId,
) -> bool {
    let in_url = |carrier: &Carrier| match carrier {
        Carrier::Query(name) => filter.keeps(name),
        Carrier::Header(name) => name == "host",
        Carrier::User(_) | Carrier::Cookie(_) | Carrier::Attr(_) => false,
    };
    let source = KeyPart::Value(ValueSource::Dimension(dimension));
    key.parts.contains(&source)
        || (key.parts.contains(&KeyPart::Url)
            && policy
                .dimensions
                .get(dimension.index())
                .is_some_and(|dimension| in_url(&dimension.carrier)))
}

/// The key of a level whose author wrote none: `kind:name:value:…` of its parameters and variants;
/// with a route `kind:name:URL#variant#…`. Never ambiguous.
#[must_use]
pub fn default_key(
    kind: LevelKind,
    name: &str,
    has_route: bool,
    params: usize,
    vary: &[DimensionId],
) -> Key {
    let mut parts = vec![KeyPart::Text(format!("{}:{name}", kind.name()))];
    let separator = if has_route { "#" } else { ":" };
    if has_route {
        parts.extend([KeyPart::Text(":".to_owned()), KeyPart::Url]);
    } else {
        for index in 0..params {
            parts.push(KeyPart::Text(separator.to_owned()));
            parts.push(KeyPart::Value(ValueSource::Param(index as u16)));
        }
    }
    for &dimension in vary {
        parts.push(KeyPart::Text(separator.to_owned()));
        parts.push(KeyPart::Value(ValueSource::Dimension(dimension)));
    }
    Key {
        explicit: false,
        parts,
    }
}

#[cfg(test)]
mod tests;
