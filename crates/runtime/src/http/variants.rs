//! Responses that vary on more than the policy says: which fields of requests tell them apart, by key.

use cachepolicy_core::ids::LevelId;
use http::{HeaderMap, HeaderName, HeaderValue};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// So many keys at most; then all are forgotten, and learned again.
const KEYS_MAX: usize = 1 << 16;

/// Names of fields, by level and key.
type Known = FxHashMap<(LevelId, String), Arc<[String]>>;

/// By level and key, the fields that any of its responses named in `Vary`. All of them together tell
/// requests apart: one response that names fewer takes nothing from the others.
#[derive(Debug, Default)]
pub(crate) struct Variants {
    known: Mutex<Known>,
}

impl Variants {
    /// What a request's key has in addition.
    pub(crate) fn of(&self, level: LevelId, key: &str, request: &HeaderMap) -> String {
        let known = self.known.lock().get(&(level, key.to_owned())).cloned();
        known.map_or_else(String::new, |names| text(&names, request))
    }

    /// A response has come for a key that names these fields: what the key of its request has in addition
    /// from now on, and all fields that are known for the key.
    pub(crate) fn learn<'n>(
        &self,
        level: LevelId,
        key: &str,
        fields: impl Iterator<Item = &'n str>,
        request: &HeaderMap,
    ) -> (String, Arc<[String]>) {
        let mut known = self.known.lock();
        let place = (level, key.to_owned());
        let before = known.get(&place).cloned();
        let mut names: Vec<String> = before.iter().flat_map(|it| it.iter().cloned()).collect();
        names.extend(fields.map(str::to_owned));
        if names.is_empty() {
            return (String::new(), names.into());
        }
        names.sort_unstable();
        names.dedup();
        let names: Arc<[String]> = names.into();
        if before.as_ref() != Some(&names) {
            if known.len() >= KEYS_MAX && before.is_none() {
                known.clear();
            }
            known.insert(place, Arc::clone(&names));
        }
        (text(&names, request), names)
    }
}

/// No key has a `|` of its own.
fn text(names: &[String], request: &HeaderMap) -> String {
    let mut out = String::from("|vary");
    for name in names {
        // Writing to a string cannot fail.
        let _ = write!(out, "|{name}");
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
            continue;
        };
        for value in request.get_all(name) {
            let _ = write!(out, "={}", escaped(value));
        }
    }
    out
}

fn escaped(value: &HeaderValue) -> String {
    let mut out = String::with_capacity(value.len());
    for &byte in value.as_bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' => out.push(byte.into()),
            other => {
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use cachepolicy_http::Selected;

    #[test]
    fn a_response_that_names_fewer_fields_takes_nothing_from_the_others() {
        let variants = Variants::default();
        let level = LevelId(0);
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
            headers
        };
        let learn = |vary: &'static str, request: &HeaderMap| {
            let selected = Selected::of(&with("vary", vary), request).unwrap_or_default();
            variants.learn(level, "k", selected.names(), request).0
        };
        let english = with("lang", "en|\"");
        assert_eq!(variants.of(level, "k", &english), "");
        assert_eq!(learn("lang", &english), "|vary|lang=en%7C%22");
        assert_eq!(
            variants.of(level, "k", &with("lang", "fr")),
            "|vary|lang=fr"
        );
        assert_eq!(learn("currency", &english), "|vary|currency|lang=en%7C%22");
        assert_eq!(variants.of(level, "other", &english), "");
    }
}
