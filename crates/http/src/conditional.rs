//! Conditional requests (RFC 9110, 13).

use crate::fields::{Elements, date, single};
use http::header::{
    CACHE_CONTROL, CONTENT_LOCATION, DATE, ETAG, EXPIRES, HeaderName, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, VARY,
};
use http::{HeaderMap, HeaderValue};

/// By what an origin can tell whether a response is still what it would send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validators {
    etag: Option<HeaderValue>,
    last_modified: Option<HeaderValue>,
}

impl Validators {
    /// Of a response; `None`: it has none.
    #[must_use]
    pub fn of(response: &HeaderMap) -> Option<Self> {
        let last_modified = response.get(LAST_MODIFIED);
        let is_date = |value: &&HeaderValue| value.to_str().ok().and_then(date).is_some();
        let validators = Self {
            etag: response.get(ETAG).cloned(),
            last_modified: last_modified.filter(is_date).cloned(),
        };
        (validators.etag.is_some() || validators.last_modified.is_some()).then_some(validators)
    }

    /// Makes a request conditional: what its client asked of that is replaced.
    pub fn ask(&self, request: &mut HeaderMap) {
        for name in [IF_NONE_MATCH, IF_MODIFIED_SINCE] {
            request.remove(name);
        }
        if let Some(etag) = &self.etag {
            request.insert(IF_NONE_MATCH, etag.clone());
        }
        if let Some(date) = &self.last_modified {
            request.insert(IF_MODIFIED_SINCE, date.clone());
        }
    }

    /// Does an answer of "not modified" speak of the response that these are of? What it says of itself
    /// has to be the same (RFC 9111, 4.3.4).
    #[must_use]
    pub fn are_of(&self, answer: &HeaderMap) -> bool {
        match (answer.get(ETAG), &self.etag) {
            (Some(new), Some(known)) => weakly(new.as_bytes()) == weakly(known.as_bytes()),
            (Some(_), None) => false,
            (None, _) => {
                let new = answer.get(LAST_MODIFIED);
                new.is_none_or(|new| self.last_modified.as_ref().is_none_or(|known| new == known))
            }
        }
    }
}

/// An entity tag without the mark of a weak one: that is how they are compared here (RFC 9110, 8.8.3.2).
fn weakly(tag: &[u8]) -> &[u8] {
    let tag = tag.trim_ascii();
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// Has the client of a `GET` or `HEAD` what this response would tell it already?
#[must_use]
pub fn is_not_modified(request: &HeaderMap, response: &HeaderMap) -> bool {
    if request.contains_key(IF_NONE_MATCH) {
        let Some(etag) = response.get(ETAG) else {
            return false;
        };
        let etag = weakly(etag.as_bytes());
        let lines = request.get_all(IF_NONE_MATCH).iter();
        let mut tags = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|text| Elements { rest: Some(text) });
        return tags.any(|tag| tag == "*" || weakly(tag.as_bytes()) == etag);
    }
    let asked = single(request, &IF_MODIFIED_SINCE).and_then(date);
    let changed = single(response, &LAST_MODIFIED)
        .or_else(|| single(response, &DATE))
        .and_then(date);
    matches!((asked, changed), (Some(asked), Some(changed)) if changed <= asked)
}

/// The fields of an answer of "not modified" (RFC 9110, 15.4.5).
#[must_use]
pub fn not_modified(response: &HeaderMap) -> HeaderMap {
    const KEPT: [HeaderName; 8] = [
        CACHE_CONTROL,
        CONTENT_LOCATION,
        DATE,
        ETAG,
        EXPIRES,
        LAST_MODIFIED,
        VARY,
        HeaderName::from_static("cache-status"),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in response {
        if KEPT.contains(name) || *name == http::header::AGE {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::fields as with;

    #[test]
    fn a_tag_decides_before_a_date() {
        let response = with(&[
            (ETAG, "W/\"a,b\""),
            (LAST_MODIFIED, "Sun, 06 Nov 1994 08:49:37 GMT"),
        ]);
        let is = |fields: &[_]| is_not_modified(&with(fields), &response);
        assert!(is(&[(IF_NONE_MATCH, "\"x\", \"a,b\"")]));
        assert!(is(&[(IF_NONE_MATCH, "*")]));
        let later = (IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:38 GMT");
        assert!(!is(&[(IF_NONE_MATCH, "\"x\""), later.clone()]));
        assert!(is(&[later]));
        assert!(!is(&[(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT")]));
        assert!(!is(&[(IF_MODIFIED_SINCE, "yesterday")]));
        assert!(!is(&[]));
    }

    #[test]
    fn what_is_asked_is_whether_the_copy_still_holds() {
        let response = with(&[(ETAG, "\"a\""), (LAST_MODIFIED, "never")]);
        let validators = Validators::of(&response);
        let mut request = with(&[(IF_NONE_MATCH, "\"client\"")]);
        if let Some(validators) = &validators {
            validators.ask(&mut request);
        }
        assert_eq!(request, with(&[(IF_NONE_MATCH, "\"a\"")]));
        let are_of = |answer: &HeaderMap| validators.as_ref().is_some_and(|it| it.are_of(answer));
        assert!(are_of(&with(&[(ETAG, "\"a\"")])) && are_of(&HeaderMap::new()));
        assert!(!are_of(&with(&[(ETAG, "\"b\"")])));
        assert_eq!(Validators::of(&HeaderMap::new()), None);
    }
}
