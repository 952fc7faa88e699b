//! A request that changes something invalidates what is kept of its target (RFC 9111, 4.4).

use crate::cache::Cache;
use crate::meant::{Meant, MeantTarget};
use cachepolicy_core::edge::Verb;
use cachepolicy_core::key::{Url, push_url};
use cachepolicy_core::url::split_target;
use http::header::{CONTENT_LOCATION, HOST, LOCATION};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use std::sync::Arc;

/// The host that a request is for, in lower case.
pub(crate) fn host(uri: &Uri, headers: &HeaderMap) -> String {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = uri.authority().map(|it| it.as_str());
    named
        .or(authority)
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// Sees to it that the service behind takes the request to be for the same host: that of the target counts,
/// where it is there, and takes the place of the field (RFC 9112, 3.2.2). `false`: there are several.
pub(crate) fn name_one_host(parts: &mut Parts) -> bool {
    if let Some(authority) = parts.uri.authority() {
        let named = authority.as_str();
        // Who is asked is no part of the host's name.
        let named = named.rsplit_once('@').map_or(named, |(_, host)| host);
        let Ok(value) = HeaderValue::from_str(named) else {
            return false;
        };
        parts.headers.insert(HOST, value);
        return true;
    }
    parts.headers.get_all(HOST).iter().count() <= 1
}

/// The path and the query.
pub(crate) fn target(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |it| it.as_str())
}

/// The tag that all copies of a URL bear. The policy's own tags have no control characters.
pub(crate) fn url_tag(cache: &Cache, host: &str, target: &str) -> String {
    let (path, query) = split_target(target);
    let mut tag = String::from("\u{1}");
    push_url(Url { host, path, query }, &cache.inner.filter, &mut tag);
    tag
}

/// Does a method change something?
pub(crate) fn is_unsafe(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

/// What an answer to a request that changes something invalidates.
pub(crate) async fn invalidate(
    cache: &Cache,
    (host, uri): (&str, &Uri),
    (status, response): (StatusCode, &HeaderMap),
) {
    if !status.is_success() && !status.is_redirection() {
        return;
    }
    let mut tags = vec![url_tag(cache, host, target(uri))];
    for name in [LOCATION, CONTENT_LOCATION] {
        let named = response.get(name).and_then(|it| it.to_str().ok());
        if let Some(tag) = named.and_then(|named| tag_of(cache, host, target(uri), named)) {
            tags.push(tag);
        }
    }
    purge(cache, tags).await;
}

impl Cache {
    /// Removes the copies of a URL: `target` is its path with its query, `host` as requests name it. How
    /// many copies were there?
    pub async fn purge_url(&self, host: &str, target: &str) -> u64 {
        let tag = url_tag(self, &host.to_ascii_lowercase(), target);
        purge(self, vec![tag]).await
    }

    /// Removes the copies that bear a tag, and those that embed one. How many were there?
    pub async fn purge_tag(&self, tag: &str) -> u64 {
        purge(self, vec![tag.to_owned()]).await
    }
}

/// Removes everything that bears one of these tags.
pub(crate) async fn purge(cache: &Cache, tags: Vec<String>) -> u64 {
    let delivery: Vec<Arc<Meant>> = tags
        .into_iter()
        .map(|tag| {
            Arc::new(Meant {
                verb: Verb::Purge,
                target: MeantTarget::Tag(tag.into()),
                cascade: true,
            })
        })
        .collect();
    purge_all(cache, &delivery).await
}

/// In this cache, and in the one that has taken its place meanwhile.
async fn purge_all(cache: &Cache, delivery: &[Arc<Meant>]) -> u64 {
    cache.inner.apply_far(delivery).await;
    let removed = cache.inner.apply_near(delivery);
    match cache.inner.successor.get() {
        None => removed,
        // Boxed, since it is the same again.
        Some(successor) => Box::pin(purge_all(successor, delivery)).await,
    }
}

/// Of a URL that a response names: only one of the same host may be invalidated by it.
fn tag_of(cache: &Cache, host: &str, base: &str, named: &str) -> Option<String> {
    let uri: Uri = named.parse().ok()?;
    if let Some(authority) = uri.authority() {
        let is_same = authority.as_str().eq_ignore_ascii_case(host);
        return is_same.then(|| url_tag(cache, host, target(&uri)));
    }
    if named.starts_with('/') {
        return Some(url_tag(cache, host, named));
    }
    let (path, _) = split_target(base);
    let (folder, _) = path.rsplit_once('/')?;
    Some(url_tag(cache, host, &format!("{folder}/{named}")))
}
