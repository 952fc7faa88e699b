//! The request by which a copy is made: for everybody who asks for its key, so it says nothing that only one
//! of them said and that is not in the key.

use crate::cache::Cache;
use crate::http::body::{self, Body};
use crate::http::service::Exchange;
use bytes::Bytes;
use cachepolicy_core::key::{Url, push_url};
use cachepolicy_core::level::{KeyPart, Level};
use cachepolicy_core::policy::Carrier;
use cachepolicy_core::url::split_target;
use http::header::{
    FORWARDED, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Uri};

/// What a client wants of its answer alone.
const OF_ONE: [HeaderName; 6] = [
    RANGE,
    IF_RANGE,
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
];

/// By these a request can say that it is another one than its target and its host tell, and services believe
/// it.
const PRETENDING: [&str; 12] = [
    "x-host",
    "x-original-host",
    "x-original-url",
    "x-original-uri",
    "x-original-path",
    "x-rewrite-url",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-http-destinationurl",
    "x-real-ip",
];

/// For all who ask for the same key of a level.
pub(crate) fn request(cache: &Cache, exchange: &Exchange, level: Option<&Level>) -> Request<Body> {
    let mut parts = exchange.parts.clone();
    if parts.method != Method::HEAD {
        for name in OF_ONE {
            parts.headers.remove(name);
        }
    }
    leave_out_pretence(&mut parts.headers, cache);
    if level.is_some_and(|level| level.key.parts.contains(&KeyPart::Url))
        && let Some(uri) = as_in_keys(cache, &parts.uri)
    {
        parts.uri = uri;
    }
    Request::from_parts(parts, body::whole(Bytes::new()))
}

/// Takes out the fields by which a request pretends, but for those that the policy knows: they are in the
/// key, or the policy says that they change nothing.
fn leave_out_pretence(headers: &mut HeaderMap, cache: &Cache) {
    let is_declared = |name: &HeaderName| {
        let mut dimensions = cache.inner.policy.dimensions.iter();
        dimensions.any(|it| matches!(&it.carrier, Carrier::Header(known) if known == name.as_str()))
    };
    let names = headers.keys().filter(|name| is_pretence(name));
    let names: Vec<HeaderName> = names.filter(|it| !is_declared(it)).cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// Gateways give services `_` for `-`, so both are the same.
fn is_pretence(name: &HeaderName) -> bool {
    let name = name.as_str();
    if *name == *FORWARDED.as_str() {
        return true;
    }
    if !name.starts_with(['x', 'X']) {
        return false;
    }
    let name = name.replace('_', "-");
    name.starts_with("x-forwarded") || PRETENDING.contains(&name.as_str())
}

/// The target as it stands in keys: targets with one key are one request to the service, which could tell
/// them apart.
fn as_in_keys(cache: &Cache, uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let (path, query) = split_target(target);
    let url = Url {
        host: "",
        path,
        query,
    };
    let mut text = String::with_capacity(target.len());
    push_url(url, &cache.inner.filter, &mut text);
    if text == target {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gateways_say_is_known_in_any_spelling() {
        let is =
            |name: &str| HeaderName::from_bytes(name.as_bytes()).is_ok_and(|it| is_pretence(&it));
        for name in [
            "X-Forwarded-Host",
            "x_forwarded_proto",
            "Forwarded",
            "X-Original_URL",
        ] {
            assert!(is(name), "{name}");
        }
        for name in ["accept", "x-request-id", "cookie"] {
            assert!(!is(name), "{name}");
        }
    }
}
