//! What is not to be read in a trace: keys and users stand there as hashes. Equal values stay equal.

use crate::record::words::Words;
use crate::write::{Row, Value};
use cachepolicy_core::Policy;
use cachepolicy_core::ids::LevelId;
use cachepolicy_core::key::QueryFilter;
use cachepolicy_core::level::Level;
use cachepolicy_core::policy::{Carrier, Domain};
use cachepolicy_core::route::{Pattern, Segment};
use cachepolicy_core::router::Router;
use cachepolicy_core::url::{decode, query_params, split_target};
use cachepolicy_trace::event;
use siphasher::sip::SipHasher24;
use std::borrow::Cow;
use std::fmt::Write as _;

/// Hides values, or says them plainly. What the policy itself names is always said plainly: it is no
/// secret, and conditions ask for it.
pub(crate) struct Hiding {
    /// `None`: everything is said plainly.
    hasher: Option<SipHasher24>,
    words: Words,
    filter: QueryFilter,
    router: Router,
    /// By level.
    patterns: Vec<Option<Pattern>>,
    /// Of the workloads' rules that make writes of requests: method and path.
    rules: Vec<(String, Pattern)>,
    /// Query parameters whose values the policy lists.
    listed: Vec<String>,
}

impl Hiding {
    /// With this secret; without one everything is said plainly.
    pub(crate) fn new(policy: &Policy, secret: Option<[u8; 16]>) -> Self {
        let rules = policy.workloads.iter();
        let rules = rules.flat_map(|workload| &workload.write_rules);
        let pattern = |level: &Level| level.route.as_ref().map(|route| route.pattern.clone());
        let listed = policy.dimensions.iter().filter_map(|dimension| {
            match (&dimension.carrier, &dimension.domain) {
                (Carrier::Query(_), Domain::Any) => None,
                (Carrier::Query(name), _) => Some(name.clone()),
                _ => None,
            }
        });
        Self {
            hasher: secret.map(|secret| SipHasher24::new_with_key(&secret)),
            words: Words::of(policy),
            filter: QueryFilter::new(policy),
            router: Router::new(policy),
            patterns: policy.levels.iter().map(pattern).collect(),
            rules: rules
                .map(|rule| (rule.method.clone(), rule.pattern.clone()))
                .collect(),
            listed: listed.collect(),
        }
    }

    /// A value: what the policy names as it is, numbers as numbers, anything else as hexadecimal digits.
    pub(crate) fn value<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(hasher) = self.hasher.filter(|_| !text.is_empty()) else {
            return Cow::Borrowed(text);
        };
        if self.words.has(text) {
            return Cow::Borrowed(text);
        }
        let hash = hasher.hash(text.as_bytes());
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            // Sixteen digits, the first of them no 0: a route may ask for a number.
            const LEAST: u64 = 1_000_000_000_000_000;
            return Cow::Owned((LEAST + hash % (9 * LEAST)).to_string());
        }
        // Never a number.
        Cow::Owned(format!("x{hash:016x}"))
    }

    /// A path with its query.
    pub(crate) fn target(&self, method: &str, target: &str) -> String {
        if self.hasher.is_none() {
            return target.to_owned();
        }
        let (path, query) = split_target(target);
        let mut out = String::with_capacity(target.len());
        self.path(method, path, &mut out);
        if let Some(query) = query {
            let mut between = '?';
            for param in query_params(query) {
                out.push(between);
                between = '&';
                self.param(param, &mut out);
            }
        }
        out
    }

    fn path(&self, method: &str, path: &str, out: &mut String) {
        let patterns = self.patterns_of(method, path);
        let mut rest = path.strip_prefix('/').unwrap_or(path);
        let mut index = 0;
        loop {
            out.push('/');
            let at = |pattern: &&Pattern| pattern.segments.get(index).cloned();
            let holes = || patterns.iter().filter_map(at);
            let is_rest = |hole: &Segment| matches!(hole, Segment::Rest { param: Some(_) });
            if holes().any(|hole| is_rest(&hole)) {
                self.segment(rest, "", "", out);
                return;
            }
            let (segment, behind) = rest.split_once('/').unwrap_or((rest, ""));
            let has_more = rest.len() > segment.len();
            let affixes = holes().find_map(|hole| match hole {
                Segment::Hole { before, behind, .. } => Some((before, behind)),
                Segment::Text(_) | Segment::Rest { .. } => None,
            });
            let (before, after) = affixes.unwrap_or_default();
            self.segment(segment, &before, &after, out);
            if !has_more {
                return;
            }
            rest = behind;
            index += 1;
        }
    }

    /// The innermost level that answers a request, stored or not.
    pub(crate) fn innermost(&self, method: &str, path: &str) -> Option<LevelId> {
        let routed = self.router.route(method, path);
        routed.view.or(routed.sites().last().copied())
    }

    /// The routes that answer a request, and the rules that take it for a write.
    fn patterns_of(&self, method: &str, path: &str) -> Vec<&Pattern> {
        let routed = self.router.route(method, path);
        let levels = routed.view.into_iter();
        let levels = levels.chain(routed.sites().iter().copied());
        let of_level = |level: LevelId| self.patterns.get(level.index())?.as_ref();
        let mut patterns: Vec<&Pattern> = levels.filter_map(of_level).collect();
        let rules = self.rules.iter();
        let rules = rules.filter(|(known, pattern)| known == method && pattern.is_match(path));
        patterns.extend(rules.map(|(_, pattern)| pattern));
        patterns
    }

    /// A segment, of which what stands around the hole is part of the route.
    fn segment(&self, raw: &str, before: &str, behind: &str, out: &mut String) {
        let text = decode(raw);
        let inner = text.strip_prefix(before);
        let inner = inner.and_then(|inner| inner.strip_suffix(behind));
        if self.words.has(&text) || text.is_empty() {
            out.push_str(raw);
        } else if let Some(inner) = inner {
            push_escaped(before, out);
            push_escaped(&self.value(inner), out);
            push_escaped(behind, out);
        } else {
            push_escaped(&self.value(&text), out);
        }
    }

    fn param(&self, param: &str, out: &mut String) {
        let (name, value) = match param.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (param, None),
        };
        let decoded = decode(name);
        if self.filter.keeps(&decoded) {
            push_escaped(&self.value(&decoded), out);
        } else {
            // Or it would not be left out of keys any more.
            out.push_str(name);
        }
        let Some(value) = value else { return };
        out.push('=');
        if self.listed.iter().any(|listed| *listed == decoded) {
            out.push_str(value);
        } else {
            // In queries a plus is a space.
            let value = value.replace('+', "%20");
            push_escaped(&self.value(&decode(&value)), out);
        }
    }

    pub(crate) fn row(&self, row: &Row) -> event::Row {
        let fields = row.fields.iter();
        fields
            .map(|(name, value)| (name.clone(), self.field(value)))
            .collect()
    }

    fn field(&self, value: &Value) -> event::Value {
        match value {
            Value::Null => event::Value::Null,
            Value::Text(text) => event::Value::Text(self.value(text).into_owned()),
            Value::Row(row) => event::Value::Row(self.row(row)),
            Value::Many(rows) => {
                let rows = rows.iter().map(|row| event::Value::Row(self.row(row)));
                event::Value::List(rows.collect())
            }
        }
    }
}

/// Text as it stands in a URL, with everything escaped that could mean something there.
fn push_escaped(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$'()*,:@".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hiding(policy: &str, secret: Option<[u8; 16]>) -> Hiding {
        let text = format!("policy test {{ edition 1 }}\nbackend near memory\n{policy}");
        let compiled = cachepolicy_compiler::compile_text("test.cachepolicy", &text);
        let messages = compiled.diagnostics;
        let policy = compiled.policy.unwrap_or_else(|| panic!("{messages:#?}"));
        Hiding::new(&policy, secret)
    }

    const POLICY: &str = r#"
request { cookie currency in [EUR, USD] else EUR; query page in 1..99 else 1; query sort; ignore query [utm_*] }
view article(slug) { route GET "/articles/{slug}"; store near; ttl 1m }
view file(n) { route GET "/files/page-{n:int}.html"; store near; ttl 1m }
view tree(path) { route GET "/tree/{path:**}"; store near; ttl 1m }
site all { route GET "/**"; store near; ttl 1m; uses currency; vary currency; skip when path("/admin/**") }
"#;

    #[test]
    fn what_the_policy_names_stays_and_the_rest_is_hidden() {
        let hiding = hiding(POLICY, Some([7; 16]));
        let of = |target: &str| hiding.target("GET", target);
        let slug = hiding.value("a secret").into_owned();
        assert!(slug.len() == 17 && slug.starts_with('x'), "{slug}");
        assert_eq!(of("/articles/a%20secret"), format!("/articles/{slug}"));
        assert_eq!(of("/admin/a%20secret/"), format!("/admin/{slug}/"));
        let seven = hiding.value("7").into_owned();
        assert!(seven.len() == 16 && seven.parse::<u64>().is_ok());
        assert_eq!(
            of("/files/page-7.html"),
            format!("/files/page-{seven}.html")
        );
        let path = hiding.value("a/b").into_owned();
        assert_eq!(of("/tree/a/b"), format!("/tree/{path}"));
        assert_eq!(of("/"), "/");
        assert_eq!(hiding.value("USD"), "USD");
        let query = of("/articles/x?page=3&sort=a+secret&flag&utm_from=x");
        let flag = hiding.value("flag").into_owned();
        let article = hiding.value("x").into_owned();
        assert_eq!(
            query,
            format!("/articles/{article}?page=3&sort={slug}&{flag}&utm_from={article}")
        );
    }

    #[test]
    fn another_secret_gives_other_hashes_and_none_says_everything() {
        let of = |secret| hiding(POLICY, secret).value("a secret").into_owned();
        assert_ne!(of(Some([7; 16])), of(Some([8; 16])));
        assert_eq!(of(Some([7; 16])), of(Some([7; 16])));
        assert_eq!(of(None), "a secret");
        let plain = hiding(POLICY, None);
        assert_eq!(
            plain.target("GET", "/articles/a%20b?c=d"),
            "/articles/a%20b?c=d"
        );
    }

    #[test]
    fn hidden_paths_are_answered_by_the_same_routes() {
        let hiding = hiding(POLICY, Some([1; 16]));
        for path in [
            "/articles/x",
            "/files/page-12.html",
            "/tree/a/b/c",
            "/tree/",
            "/admin",
            "/admin/x/",
            "/articles/x/more",
            "/files/page-x.html",
            "//a",
            "/a%2Fb/%FF",
        ] {
            let hidden = hiding.target("GET", path);
            let (before, after) = (
                hiding.router.route("GET", path),
                hiding.router.route("GET", &hidden),
            );
            assert_eq!(
                (before.view, before.sites()),
                (after.view, after.sites()),
                "{path} {hidden}"
            );
        }
    }
}
