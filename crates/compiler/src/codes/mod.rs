//! Every diagnostic of the language: what it says, why, an example that has it, and the nearest one
//! that has not. `explain CODE`, the reference page and the tests read this.

mod edges;
mod files;
mod keys;
mod levels;
mod names;
mod routes;
mod syntax;
mod values;
mod workloads;

use cachepolicy_syntax::Severity;

/// A diagnostic, for people.
#[derive(Debug, Clone, Copy)]
pub struct CodeDoc {
    /// Its stable code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it says, in one sentence.
    pub what: &'static str,
    /// Why that is bad, and what to do.
    pub why: &'static str,
    /// When to allow it; empty where there is nothing to say.
    pub allow: &'static str,
    /// An example that has it. Without a `policy` in it, [`PRELUDE`] stands before it; `--set …` is
    /// given with [`PRELUDE`] alone. Empty where no short text has it.
    pub failing: &'static str,
    /// The same without it.
    pub mended: &'static str,
}

/// What the examples without a `policy` of their own rest on.
pub const PRELUDE: &str = r#"policy example { edition 1; processes 4 }

model Article { id; slug; title; status; author -> Author; tags -> many Tag }
model Author  { id; name }
model Tag     { id; name }

request {
  user.id                personal
  header accept-language negotiated [en, fr] else en
  cookie currency        in [EUR, USD] else EUR
}

origin  db           { slots 20 }
backend shared redis { capacity 1GiB }
bus     outbox       { delivery at-least-once; delay 50ms }

object article(slug) {
  store shared
  reads Article(slug)
  ttl   10m
  cost  20ms on db
}

on Article create|update|delete after commit via outbox { purge article(slug) }
"#;

/// All of them, by subject.
pub fn codes() -> impl Iterator<Item = &'static CodeDoc> {
    let tables: [&'static [CodeDoc]; 9] = [
        syntax::CODES,
        files::CODES,
        names::CODES,
        values::CODES,
        routes::CODES,
        levels::CODES,
        keys::CODES,
        edges::CODES,
        workloads::CODES,
    ];
    tables
        .into_iter()
        .flatten()
        .chain(crate::findings::DOCS.iter())
}

/// The one of that code.
#[must_use]
pub fn find(code: &str) -> Option<&'static CodeDoc> {
    codes().find(|known| known.code == code)
}

impl CodeDoc {
    /// A whole policy of an example.
    #[must_use]
    pub fn policy_of(example: &str) -> String {
        if example.starts_with("--set") {
            PRELUDE.to_owned()
        } else if example.contains("policy ") || example.trim().is_empty() {
            example.to_owned()
        } else {
            format!("{PRELUDE}\n{example}\n")
        }
    }
}

/// An error.
const fn error(
    code: &'static str,
    what: &'static str,
    why: &'static str,
    failing: &'static str,
    mended: &'static str,
) -> CodeDoc {
    // Without pages the code alone is left, of which comments must be able to speak.
    let [what, why, failing, mended] = if cfg!(feature = "pages") {
        [what, why, failing, mended]
    } else {
        [""; 4]
    };
    CodeDoc {
        code,
        severity: Severity::Error,
        what,
        why,
        allow: "",
        failing,
        mended,
    }
}

/// A warning.
const fn warning(
    code: &'static str,
    what: &'static str,
    why: &'static str,
    failing: &'static str,
    mended: &'static str,
) -> CodeDoc {
    CodeDoc {
        severity: Severity::Warning,
        ..error(code, what, why, failing, mended)
    }
}
