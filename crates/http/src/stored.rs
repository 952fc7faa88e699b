//! The fields of a stored response.

use crate::directives::Directives;
use crate::fields::comma_separated;
use http::HeaderMap;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, AGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION,
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, COOKIE, ETAG, EXPIRES, HOST,
    HeaderName, LAST_MODIFIED, LOCATION, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, RANGE,
    SET_COOKIE, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VARY,
};

/// Is this a field of one connection, which a proxy does not pass on (RFC 9110, 7.6.1)?
fn is_hop_by_hop(name: &HeaderName) -> bool {
    const OTHERS: [&str; 4] = [
        "keep-alive",
        "proxy-connection",
        "proxy-authentication-info",
        "http2-settings",
    ];
    [
        CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ]
    .contains(name)
        || OTHERS.contains(&name.as_str())
}

/// A message must not lose these, whoever names them in `Connection`: what is asked for, by whom, and what an
/// answer says of itself hang on them (RFC 9110, 7.6.1).
fn is_end_to_end(name: &HeaderName) -> bool {
    [
        ACCEPT,
        ACCEPT_ENCODING,
        ACCEPT_LANGUAGE,
        AUTHORIZATION,
        CACHE_CONTROL,
        CONTENT_ENCODING,
        CONTENT_LENGTH,
        CONTENT_RANGE,
        CONTENT_TYPE,
        COOKIE,
        ETAG,
        EXPIRES,
        HOST,
        LAST_MODIFIED,
        LOCATION,
        RANGE,
        SET_COOKIE,
        VARY,
    ]
    .contains(name)
}

/// Takes out what is for one connection only, and what its `Connection` names.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = comma_separated(headers, &CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name.as_bytes()).ok())
        .filter(|name| !is_end_to_end(name))
        .collect();
    let own: Vec<HeaderName> = headers
        .keys()
        .filter(|it| is_hop_by_hop(it))
        .cloned()
        .collect();
    for name in named.iter().chain(&own) {
        headers.remove(name);
    }
}

/// The fields of a response that a shared cache keeps (RFC 9111, 3.1). Its `Age` is not among them: it
/// is counted from here on.
#[must_use]
pub fn kept_fields(response: &HeaderMap) -> HeaderMap {
    let mut kept = response.clone();
    let directives = Directives::of(response, &CACHE_CONTROL);
    for name in ["no-cache", "private"] {
        for field in directives.fields(name) {
            kept.remove(field);
        }
    }
    strip_hop_by_hop(&mut kept);
    kept.remove(AGE);
    kept
}

/// The fields of a stored response after it was found to hold still (RFC 9111, 3.2): what the answer
/// says anew takes the place of what was there, but for what speaks of the content that it has not.
#[must_use]
pub fn refreshed(stored: &HeaderMap, answer: &HeaderMap) -> HeaderMap {
    let mut new = kept_fields(answer);
    for name in [
        CONTENT_ENCODING,
        CONTENT_LENGTH,
        CONTENT_RANGE,
        CONTENT_TYPE,
        ETAG,
    ] {
        new.remove(name);
    }
    let mut fields = stored.clone();
    for name in new.keys() {
        fields.remove(name);
    }
    for (name, value) in &new {
        fields.append(name.clone(), value.clone());
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::fields as with;

    #[test]
    fn what_is_for_one_connection_is_not_kept() {
        let response = with(&[
            ("connection", "a, keep-alive, Cache-Control, Host"),
            ("host", "x"),
            ("keep-alive", "5"),
            ("a", "1"),
            ("b", "2"),
            ("c", "3"),
            ("cache-control", "max-age=5, no-cache=\"B\""),
            ("age", "7"),
        ]);
        let kept = with(&[
            ("host", "x"),
            ("c", "3"),
            ("cache-control", "max-age=5, no-cache=\"B\""),
        ]);
        assert_eq!(kept_fields(&response), kept);
    }

    #[test]
    fn an_answer_without_content_changes_all_but_what_speaks_of_content() {
        let stored = with(&[
            ("x", "1"),
            ("x", "2"),
            ("y", "1"),
            ("content-type", "text/html"),
        ]);
        let answer = with(&[
            ("x", "3"),
            ("content-type", "text/plain"),
            ("content-length", "0"),
        ]);
        let fields = with(&[("y", "1"), ("content-type", "text/html"), ("x", "3")]);
        assert_eq!(refreshed(&stored, &answer), fields);
    }
}
