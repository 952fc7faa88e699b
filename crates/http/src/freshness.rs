//! May a response be stored, for how long is it fresh, and how old is it when it comes?

use crate::directives::Directives;
use crate::fields::{comma_separated, date, seconds, single};
use http::header::{
    AGE, AUTHORIZATION, CACHE_CONTROL, DATE, EXPIRES, LAST_MODIFIED, SET_COOKIE, VARY,
};
use http::{HeaderMap, HeaderName, Method, StatusCode};

/// Why a shared cache does not keep a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotKept {
    /// Responses to this method are not kept.
    Method,
    /// It is a part of something, or its status is not a final one.
    Status,
    /// The request says `no-store`.
    RequestNoStore,
    /// The response says `no-store`.
    NoStore,
    /// It says `private`.
    Private,
    /// The request had `Authorization`, and the response does not say that others may have it.
    Authorization,
    /// It sets a cookie, and does not say that others may have it.
    SetCookie,
    /// It says `Vary: *`.
    VaryStar,
    /// It says `must-understand`, and its status is not known here.
    NotUnderstood,
}

/// What a response says of how it may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Why it must not be kept; `None`: it may be.
    pub not_kept: Option<NotKept>,
    /// For how long it is fresh from the instant at which it was made, by an explicit field; `None`:
    /// it does not say. With `no-cache` it is 0.
    pub lifetime: Option<u64>,
    /// The same by the rule of thumb for responses that do not say (RFC 9111, 4.2.2): a tenth of the
    /// time since it was last changed. `None`: there is nothing to go by, or it must not be applied.
    pub heuristic: Option<u64>,
    /// How old it is when it has come (RFC 9111, 4.2.3).
    pub age: u64,
    /// When it is stale it must not be served, not even where there is an error, before it was
    /// validated.
    pub must_revalidate: bool,
    /// How long it may be served stale while it is being made anew (RFC 5861, 3).
    pub stale_while_revalidate: Option<u64>,
    /// How long it may be served stale in place of an error (RFC 5861, 4).
    pub stale_if_error: Option<u64>,
}

/// `CDN-Cache-Control` (RFC 9213), for caches that act for the origin.
const CDN_CACHE_CONTROL: HeaderName = HeaderName::from_static("cdn-cache-control");

/// The rule of thumb gives at most a day.
const HEURISTIC_MAX: u64 = 24 * 60 * 60;

impl Said {
    /// Of a response that came at `now` (seconds since 1970) to a request that was sent `delay` seconds
    /// before.
    #[must_use]
    pub fn of(
        (method, request): (&Method, &HeaderMap),
        (status, response): (StatusCode, &HeaderMap),
        (now, delay): (u64, u64),
    ) -> Self {
        let aimed = Directives::of_dictionary(response, &CDN_CACHE_CONTROL);
        // One field decides: where the aimed one is valid, all others say nothing (RFC 9213, 2.1).
        let is_aimed = !aimed.is_empty();
        let directives = if is_aimed {
            aimed
        } else {
            Directives::of(response, &CACHE_CONTROL)
        };
        let made = single(response, &DATE).and_then(date);
        let no_cache =
            directives.has_plain("no-cache") || is_pragma(response, &directives, is_aimed);
        let lifetime = if no_cache {
            Some(0)
        } else {
            let expires = || {
                (!is_aimed)
                    .then(|| expires(response, made.unwrap_or(now)))
                    .flatten()
            };
            directives
                .seconds("s-maxage")
                .or_else(|| directives.seconds("max-age"))
                .or_else(expires)
        };
        let said = single(response, &AGE).map_or(0, age);
        let apparent = made.map_or(0, |made| now.saturating_sub(made));
        Self {
            not_kept: not_kept((method, request), (status, response), &directives),
            lifetime,
            heuristic: heuristic(status, response, &directives, made.unwrap_or(now)),
            age: apparent.max(said.saturating_add(delay)),
            must_revalidate: no_cache
                || ["must-revalidate", "proxy-revalidate", "s-maxage"]
                    .iter()
                    .any(|name| directives.has(name)),
            stale_while_revalidate: directives.seconds("stale-while-revalidate"),
            stale_if_error: directives.seconds("stale-if-error"),
        }
    }

    /// For how long it is still fresh from when it came; `None`: it does not say.
    #[must_use]
    pub fn fresh_for(&self) -> Option<u64> {
        let lifetime = self.lifetime.or(self.heuristic)?;
        Some(lifetime.saturating_sub(self.age))
    }
}

/// `Pragma: no-cache` of an origin that knows nothing newer.
fn is_pragma(response: &HeaderMap, directives: &Directives, is_aimed: bool) -> bool {
    let mut pragma = comma_separated(response, &http::header::PRAGMA);
    !is_aimed && directives.is_empty() && pragma.any(|it| it.eq_ignore_ascii_case("no-cache"))
}

/// How long after it was made `Expires` comes. What is not to be read has passed (RFC 9111, 5.3).
fn expires(response: &HeaderMap, made: u64) -> Option<u64> {
    let mut lines = response.get_all(EXPIRES).iter();
    let first = lines.next()?;
    let is_one = lines.next().is_none();
    let at = first.to_str().ok().filter(|_| is_one).and_then(date);
    Some(at.map_or(0, |at| at.saturating_sub(made)))
}

/// The first value of `Age`, if it is one (RFC 9111, 5.1).
fn age(text: &str) -> u64 {
    let first = text.split(',').next().unwrap_or_default().trim();
    seconds(first).unwrap_or(0)
}

/// Statuses that may be kept although nothing says so (RFC 9110, 15.1).
fn is_heuristic(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

fn heuristic(
    status: StatusCode,
    response: &HeaderMap,
    directives: &Directives,
    made: u64,
) -> Option<u64> {
    if !is_heuristic(status) && !directives.has("public") {
        return None;
    }
    let changed = single(response, &LAST_MODIFIED).and_then(date)?;
    Some((made.saturating_sub(changed) / 10).min(HEURISTIC_MAX))
}

fn not_kept(
    (method, request): (&Method, &HeaderMap),
    (status, response): (StatusCode, &HeaderMap),
    directives: &Directives,
) -> Option<NotKept> {
    if *method != Method::GET && *method != Method::HEAD {
        return Some(NotKept::Method);
    }
    if status.is_informational() || matches!(status.as_u16(), 206 | 304) {
        return Some(NotKept::Status);
    }
    if Directives::of(request, &CACHE_CONTROL).has("no-store") {
        return Some(NotKept::RequestNoStore);
    }
    if directives.has("must-understand") {
        // Then `no-store` is meant for those who do not know the status (RFC 9111, 5.2.2.3).
        if !is_understood(status) {
            return Some(NotKept::NotUnderstood);
        }
    } else if directives.has("no-store") {
        return Some(NotKept::NoStore);
    }
    if directives.has_plain("private") {
        return Some(NotKept::Private);
    }
    let is_for_others = ["public", "s-maxage", "must-revalidate"]
        .iter()
        .any(|name| directives.has(name));
    if request.contains_key(AUTHORIZATION) && !is_for_others {
        return Some(NotKept::Authorization);
    }
    if comma_separated(response, &VARY).any(|name| name == "*") {
        return Some(NotKept::VaryStar);
    }
    let cookies_are_named = || directives.fields("no-cache").any(|it| it == "set-cookie");
    if response.contains_key(SET_COOKIE)
        && !directives.has("public")
        && !directives.has("s-maxage")
        && !cookies_are_named()
    {
        return Some(NotKept::SetCookie);
    }
    None
}

/// Statuses whose caching is known here.
fn is_understood(status: StatusCode) -> bool {
    matches!(
        status.as_u16(),
        200 | 203 | 204 | 300 | 301 | 302 | 303 | 307 | 308 | 404 | 405 | 410 | 414 | 501
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::fields as with;
    use proptest::prelude::*;

    const NOW: u64 = 784_111_777;
    const DATE: (&str, &str) = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");

    fn said(response: &[(&str, &str)]) -> Said {
        Said::of(
            (&Method::GET, &HeaderMap::new()),
            (StatusCode::OK, &with(response)),
            (NOW, 0),
        )
    }

    #[test]
    fn the_nearest_field_decides_how_long() {
        let expires = ("expires", "Sun, 06 Nov 1994 08:51:17 GMT");
        assert_eq!(said(&[DATE, expires]).lifetime, Some(100));
        assert_eq!(said(&[("expires", "0")]).lifetime, Some(0));
        let control = ("cache-control", "max-age=10, s-maxage=20");
        assert_eq!(said(&[DATE, expires, control]).lifetime, Some(20));
        let aimed = ("cdn-cache-control", "max-age=30");
        assert_eq!(said(&[DATE, expires, control, aimed]).lifetime, Some(30));
        // What the aimed field does not say nobody says.
        assert_eq!(
            said(&[DATE, expires, control, ("cdn-cache-control", "public")]).lifetime,
            None
        );
        assert_eq!(
            said(&[("cache-control", "max-age=10, no-cache")]).lifetime,
            Some(0)
        );
        assert_eq!(said(&[("pragma", "no-cache")]).lifetime, Some(0));
    }

    #[test]
    fn age_is_what_it_says_or_what_its_date_shows() {
        let control = ("cache-control", "max-age=100");
        assert_eq!(said(&[control, ("age", "30")]).fresh_for(), Some(70));
        let earlier = ("date", "Sun, 06 Nov 1994 08:48:47 GMT");
        assert_eq!(
            said(&[control, ("age", "30"), earlier]).fresh_for(),
            Some(50)
        );
        assert_eq!(said(&[control, ("age", "30, 90")]).age, 30);
        for text in ["abc", "-7200", "7200.0"] {
            assert_eq!(said(&[control, ("age", text)]).age, 0, "{text}");
        }
        assert_eq!(said(&[control, ("age", "2147483649")]).fresh_for(), Some(0));
    }

    #[test]
    fn what_does_not_say_is_fresh_for_a_tenth_of_the_time_since_it_changed() {
        let changed = ("last-modified", "Sun, 06 Nov 1994 08:32:57 GMT");
        assert_eq!(said(&[DATE, changed]).fresh_for(), Some(100));
        assert_eq!(said(&[DATE]).fresh_for(), None);
        let other = Said::of(
            (&Method::GET, &HeaderMap::new()),
            (StatusCode::CREATED, &with(&[DATE, changed])),
            (NOW, 0),
        );
        assert_eq!(other.fresh_for(), None);
    }

    #[test]
    fn what_is_not_for_everybody_is_not_kept() {
        let of = |request: &[(&str, &str)], response: &[(&str, &str)]| {
            let request = with(request);
            Said::of(
                (&Method::GET, &request),
                (StatusCode::OK, &with(response)),
                (NOW, 0),
            )
            .not_kept
        };
        let control = |text| ("cache-control", text);
        assert_eq!(of(&[], &[control("max-age=1")]), None);
        assert_eq!(of(&[], &[control("No-StOrE")]), Some(NotKept::NoStore));
        assert_eq!(of(&[], &[control("no-store, must-understand")]), None);
        assert_eq!(
            of(&[], &[control("private, max-age=1")]),
            Some(NotKept::Private)
        );
        assert_eq!(of(&[], &[control("private=\"a\", max-age=1")]), None);
        let user = ("authorization", "Basic Zm9vOmJhcg==");
        assert_eq!(
            of(&[user], &[control("max-age=1")]),
            Some(NotKept::Authorization)
        );
        for text in ["public", "s-maxage=1", "must-revalidate"] {
            assert_eq!(of(&[user], &[control(text)]), None, "{text}");
        }
        let cookie = ("set-cookie", "session=1");
        assert_eq!(
            of(&[], &[cookie, control("max-age=1")]),
            Some(NotKept::SetCookie)
        );
        assert_eq!(of(&[], &[cookie, control("public, max-age=1")]), None);
        assert_eq!(of(&[], &[("vary", "a, *")]), Some(NotKept::VaryStar));
        assert_eq!(
            of(&[control("no-store")], &[]),
            Some(NotKept::RequestNoStore)
        );
    }

    proptest! {
        #[test]
        fn any_response_is_taken(
            fields in proptest::collection::vec((0..8usize, "[ -~]{0,30}"), 0..8),
            now in any::<u64>(),
            delay in any::<u64>(),
            status in 100..1000u16,
        ) {
            let names = ["date", "age", "expires", "cache-control", "cdn-cache-control", "vary",
                "last-modified", "pragma"];
            let fields: Vec<_> = fields.iter().map(|(nth, value)| (names[*nth], value.as_str())).collect();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let said = Said::of((&Method::GET, &HeaderMap::new()), (status, &with(&fields)), (now, delay));
            prop_assert!(said.fresh_for().is_none_or(|fresh| fresh <= 1 << 31 || said.lifetime.is_some()));
        }
    }
}
