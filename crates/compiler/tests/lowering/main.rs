//! What statements come to in the compiled policy.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod claims;
mod levels;

use cachepolicy_compiler::compile_text;
use cachepolicy_core::{DimensionId, Level, Policy};
use cachepolicy_syntax::Severity;

pub(crate) const BASE: &str = r#"policy p { edition 1; processes 4 }
model Page { id; url_path; slug; title; parent -> Page; ancestors -> many Page; site -> Site }
model Site { id; hostname }
request {
  user.id                personal
  user.customer_group    in [retail, vip] else retail by user.id
  header Accept-Language negotiated [en, de] else en
  cookie "__Host-session" as session personal
  query page             in 1..200 else 1
  ignore query           [utm_*, fbclid]
}
origin  db            { slots 16; replica-lag 100ms max 300ms }
backend shared redis  { capacity 1GiB }
backend hot    memory { capacity 2_000 entries }
bus     queue         { delivery at-most-once loss 0.5%; delay 5ms }
"#;

pub(crate) fn policy(text: &str) -> Policy {
    let compiled = compile_text("p.cachepolicy", &format!("{BASE}{text}\n"));
    let errors: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    compiled.policy.unwrap()
}

pub(crate) fn level<'p>(policy: &'p Policy, name: &str) -> &'p Level {
    policy
        .levels
        .iter()
        .find(|level| level.name == name)
        .unwrap()
}

pub(crate) fn dimension(policy: &Policy, name: &str) -> DimensionId {
    let index = policy
        .dimensions
        .iter()
        .position(|dimension| dimension.name == name);
    DimensionId(index.unwrap() as u16)
}
