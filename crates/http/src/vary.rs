//! `Vary`: for which requests a response was chosen.

use crate::fields::comma_separated;
use http::HeaderMap;
use http::header::{HeaderName, VARY};

/// What the request had in the fields that its response names in `Vary` (RFC 9111, 4.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// The fields in lower case, and their values in the request; `None`: it was not there.
    fields: Vec<(String, Option<Vec<String>>)>,
}

impl Selected {
    /// From what [`Self::fields`] gave.
    #[must_use]
    pub fn from_fields(mut fields: Vec<(String, Option<Vec<String>>)>) -> Self {
        fields.sort();
        Self { fields }
    }

    /// The fields in lower case, and their values in the request; `None`: it was not there.
    #[must_use]
    pub fn fields(&self) -> &[(String, Option<Vec<String>>)] {
        &self.fields
    }

    /// `None`: no other request may have the response, since it says `Vary: *`.
    #[must_use]
    pub fn of(response: &HeaderMap, request: &HeaderMap) -> Option<Self> {
        let mut fields: Vec<(String, Option<Vec<String>>)> = Vec::new();
        for name in comma_separated(response, &VARY) {
            if name == "*" {
                return None;
            }
            let name = name.to_ascii_lowercase();
            if !fields.iter().any(|(known, _)| *known == name) {
                let value = values(request, &name);
                fields.push((name, value));
            }
        }
        fields.sort();
        Some(Self { fields })
    }

    /// May this request have the response?
    #[must_use]
    pub fn matches(&self, request: &HeaderMap) -> bool {
        let mut fields = self.fields.iter();
        fields.all(|(name, value)| values(request, name) == *value)
    }

    /// The fields, in lower case and in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }
}

/// A field's elements: lines can be joined and spaces be added without another meaning; `None`: it is not
/// there. Languages have no case (RFC 9110, 8.5.1).
#[must_use]
pub fn values(request: &HeaderMap, name: &str) -> Option<Vec<String>> {
    // A name that is none is in no request.
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    if !request.contains_key(&name) {
        return None;
    }
    let is_text = |value: &http::HeaderValue| value.to_str().is_ok();
    if !request.get_all(&name).iter().all(is_text) {
        let raw = request.get_all(&name).iter();
        return Some(raw.map(|value| format!("{value:?}")).collect());
    }
    let is_language = name == http::header::ACCEPT_LANGUAGE;
    let normal = |element: &str| match is_language {
        true => element.to_ascii_lowercase(),
        false => element.to_owned(),
    };
    Some(comma_separated(request, &name).map(normal).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::fields as with;

    #[test]
    fn each_named_field_has_to_be_the_same() {
        let response = with(&[("vary", "Foo, BAR"), ("vary", "foo")]);
        let first = with(&[("foo", "1, 2"), ("other", "x")]);
        let selected = Selected::of(&response, &first);
        let is_for = |fields: &[_]| {
            selected
                .as_ref()
                .is_some_and(|it| it.matches(&with(fields)))
        };
        assert!(is_for(&[("foo", "1,2")]));
        assert!(is_for(&[("foo", "1"), ("foo", "2"), ("other", "y")]));
        assert!(!is_for(&[("foo", "1")]));
        assert!(!is_for(&[]));
        assert!(!is_for(&[("foo", "1, 2"), ("bar", "")]));
        let names: Vec<&str> = selected.iter().flat_map(Selected::names).collect();
        assert_eq!(names, ["bar", "foo"]);
    }

    #[test]
    fn a_star_is_for_nobody() {
        assert_eq!(
            Selected::of(&with(&[("vary", "foo, *")]), &HeaderMap::new()),
            None
        );
        let all = Selected::of(&HeaderMap::new(), &HeaderMap::new());
        assert!(all.is_some_and(|it| it.matches(&with(&[("foo", "1")]))));
    }
}
