//! Responses of a level that vary on more than the policy says: which fields of requests tell them apart, by
//! key.

use cachepolicy_http::values;
use http::HeaderMap;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// So many keys at most; then all are forgotten, and learned again.
const KEYS_MAX: usize = 1 << 16;

/// By key, the fields that any of its responses named in `Vary`. All of them together tell requests apart:
/// one response that names fewer takes nothing from the others.
#[derive(Debug, Default)]
pub(crate) struct Variants {
    known: RwLock<FxHashMap<String, Arc<[String]>>>,
}

impl Variants {
    /// What a request's key has in addition.
    pub(crate) fn of(&self, key: &str, request: &HeaderMap) -> String {
        let known = self.known.read().get(key).cloned();
        known.map_or_else(String::new, |names| text(&names, request))
    }

    /// A response has come for a key that names these fields: what the key of its request has in addition
    /// from now on, and all fields that are known for the key.
    pub(crate) fn learn<'n>(
        &self,
        key: &str,
        fields: impl Iterator<Item = &'n str>,
        request: &HeaderMap,
    ) -> (String, Arc<[String]>) {
        let mut names: Vec<String> = fields.map(str::to_owned).collect();
        let known = self.known.read().get(key).cloned();
        let is_new = |name: &String| !known.iter().any(|known| known.contains(name));
        let names: Arc<[String]> = if names.iter().any(is_new) {
            let mut all = self.known.write();
            names.extend(all.get(key).iter().flat_map(|known| known.iter().cloned()));
            names.sort_unstable();
            names.dedup();
            if all.len() >= KEYS_MAX && !all.contains_key(key) {
                all.clear();
            }
            let names: Arc<[String]> = names.into();
            all.insert(key.to_owned(), Arc::clone(&names));
            names
        } else {
            known.unwrap_or_default()
        };
        if names.is_empty() {
            return (String::new(), names);
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
        match values(request, name).as_deref() {
            None => {}
            Some([]) => out.push('='),
            Some(values) => {
                for value in values {
                    let _ = write!(out, "={}", escaped(value));
                }
            }
        }
    }
    out
}

fn escaped(value: &str) -> String {
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
    use http::{HeaderName, HeaderValue};

    #[test]
    fn a_response_that_names_fewer_fields_takes_nothing_from_the_others() {
        let variants = Variants::default();
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
            variants.learn("k", selected.names(), request).0
        };
        let english = with("lang", "en|\"");
        assert_eq!(variants.of("k", &english), "");
        assert_eq!(learn("lang", &english), "|vary|lang=en%7C%22");
        assert_eq!(variants.of("k", &with("lang", "fr")), "|vary|lang=fr");
        assert_eq!(learn("currency", &english), "|vary|currency|lang=en%7C%22");
        assert_eq!(variants.of("other", &english), "");
    }
}
