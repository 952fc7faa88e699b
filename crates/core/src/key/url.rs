//! URLs in keys.

use crate::policy::{Carrier, IgnoreQuery, Policy};
use crate::url::{Ascii, UNRESERVED, push_escape, push_normalised, query_params};

/// The parts of a request's URL that a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Url<'r> {
    /// The `Host` header, or empty.
    pub host: &'r str,
    /// Without the query; empty counts as `/`.
    pub path: &'r str,
    /// Behind the `?`.
    pub query: Option<&'r str>,
}

/// Which query parameters a key takes: [`IgnoreQuery`], prepared.
#[derive(Debug, Clone, Default)]
pub struct QueryFilter {
    /// Are the names below the ones to keep, or those to drop?
    keeps_listed: bool,
    names: Vec<String>,
    /// Names that begin like this.
    prefixes: Vec<String>,
}

impl QueryFilter {
    /// Of a policy.
    #[must_use]
    pub fn new(policy: &Policy) -> Self {
        match &policy.ignore_query {
            IgnoreQuery::Nothing => Self::default(),
            IgnoreQuery::Matching(patterns) => Self::dropping(patterns),
            IgnoreQuery::Everything => Self {
                keeps_listed: true,
                names: policy
                    .dimensions
                    .iter()
                    .filter_map(|dimension| match &dimension.carrier {
                        Carrier::Query(name) => Some(normalised(name)),
                        _ => None,
                    })
                    .collect(),
                prefixes: Vec::new(),
            },
        }
    }

    /// Drops the parameters that match one of these; `*` at a pattern's end stands for any rest.
    #[must_use]
    pub fn dropping(patterns: &[String]) -> Self {
        let mut filter = Self::default();
        for pattern in patterns {
            match pattern.strip_suffix('*') {
                Some(prefix) => filter.prefixes.push(normalised(prefix)),
                None => filter.names.push(normalised(pattern)),
            }
        }
        filter
    }

    /// Is this parameter part of a key? The name's escapes may be of any form.
    #[must_use]
    pub fn keeps(&self, name: &str) -> bool {
        self.keeps_normalised(&normalised(name))
    }

    fn keeps_normalised(&self, name: &str) -> bool {
        let is_listed = self.names.iter().any(|listed| listed == name)
            || self
                .prefixes
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()));
        is_listed == self.keeps_listed
    }
}

fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    push_normalised(name, &NAME, &mut out);
    out
}

/// `query` of RFC 3986 in the name of a parameter.
static NAME: Ascii = UNRESERVED.and(b"!$'()*+,;:@/?");

/// The same in one parameter.
static PARAMETER: Ascii = UNRESERVED.and(b"!$'()*+,;:@/?=");

/// `pchar` of RFC 3986, and the slash.
static PATH: Ascii = UNRESERVED.and(b"!$'()*+,;:@/=&");

static HOST: Ascii = Ascii::alphanumeric_and(b"-._:[]");

/// Can it stand in a normalised URL, apart from `%` and `?`?
pub(super) fn is_url_byte(byte: u8) -> bool {
    PATH.has(byte) || HOST.has(byte)
}

/// Appends `host/path?query`, normalised as [`crate::key`] says. Allocates only where the
/// parameters are out of order.
pub fn push_url(url: Url<'_>, filter: &QueryFilter, out: &mut String) {
    for byte in url.host.bytes() {
        if HOST.has(byte) {
            out.push(byte.to_ascii_lowercase() as char);
        } else {
            push_escape(byte, out);
        }
    }
    if url.path.is_empty() {
        out.push('/');
    } else {
        push_normalised(url.path, &PATH, out);
    }
    if let Some(query) = url.query {
        push_query(query, filter, out);
    }
}

fn push_query(query: &str, filter: &QueryFilter, out: &mut String) {
    let begin = out.len();
    let mut is_sorted = true;
    let mut last = None;
    for param in query_params(query) {
        let mark = out.len();
        out.push(if mark == begin { '?' } else { '&' });
        let start = out.len();
        push_normalised(param, &PARAMETER, out);
        let name = name_of(out.get(start..).unwrap_or_default());
        if !filter.keeps_normalised(name) {
            out.truncate(mark);
            continue;
        }
        let range = start..start + name.len();
        if let Some(last) = last.replace(range.clone()) {
            is_sorted &= out.get(last) <= out.get(range);
        }
    }
    if !is_sorted {
        let unsorted = out.split_off(begin + 1);
        let mut params: Vec<&str> = unsorted.split('&').collect();
        params.sort_by(|a, b| name_of(a).cmp(name_of(b)));
        for (index, param) in params.into_iter().enumerate() {
            if index > 0 {
                out.push('&');
            }
            out.push_str(param);
        }
    }
}

fn name_of(param: &str) -> &str {
    param.split_once('=').map_or(param, |(name, _)| name)
}
