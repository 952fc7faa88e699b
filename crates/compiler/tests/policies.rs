//! Whole policies: those of the repository compile; no text makes the compiler panic; large ones
//! take no more than their size.

#![allow(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files, and fail by panicking"
)]

use cachepolicy_compiler::codes;
use cachepolicy_compiler::table::ITEMS;
use cachepolicy_compiler::{Compiled, compile_text};
use cachepolicy_core::artefact;
use cachepolicy_syntax::{Severity, Span};
use proptest::prelude::*;
use std::fmt::Write;

fn policies() -> Vec<(String, String)> {
    let mut policies = Vec::new();
    for folder in ["../../policies", "../../tests/data/policies"] {
        let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "cachepolicy")
            {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                policies.push((name, std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    policies.sort();
    policies
}

#[test]
fn the_policies_of_the_repository_have_no_errors() {
    let policies = policies();
    assert!(policies.len() >= 4);
    let mut warnings = String::new();
    for (name, text) in policies {
        let compiled = compile_text(&name, &text);
        let errors: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error && found.code != "leak")
            .collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        let policy = check(&text).policy.unwrap();
        assert_eq!(
            policy.levels.len()
                + policy.models.len()
                + policy.backends.len()
                + policy.origins.len()
                + policy.buses.len(),
            compiled.graph.graph.node_count()
        );
        for found in &compiled.diagnostics {
            let (line, _) = compiled
                .sources
                .get(found.primary.span.file)
                .unwrap()
                .line_column(found.primary.span.start);
            let _ = writeln!(warnings, "{name}:{line} {}: {}", found.code, found.message);
        }
    }
    insta::assert_snapshot!(warnings);
}

/// What holds of every compilation.
fn check(text: &str) -> Compiled {
    let compiled = compile_text("any.cachepolicy", text);
    // What the analysis finds is no mistake of the text.
    let is_found = |code: &str| {
        let mut lints = cachepolicy_analysis::lints::LINTS.iter();
        lints.any(|lint| lint.code == code)
    };
    let mut errors = compiled
        .diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    assert_eq!(
        compiled.policy.is_none(),
        errors.any(|found| !is_found(found.code))
    );
    for found in &compiled.diagnostics {
        assert!(
            codes::find(found.code).is_some(),
            "{} has no page",
            found.code
        );
        let edits = found
            .fix
            .iter()
            .flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
        let related = found.related.iter().map(|label| label.span);
        for span in std::iter::once(found.primary.span)
            .chain(related)
            .chain(edits)
        {
            assert!(is_inside(&compiled, span), "{found:?}");
        }
    }
    if let Some(policy) = &compiled.policy {
        let bytes = artefact::encode(policy).unwrap();
        assert_eq!(&artefact::decode(bytes.as_bytes()).unwrap(), policy);
    }
    let again = compile_text("any.cachepolicy", text);
    assert_eq!(again.diagnostics, compiled.diagnostics);
    assert_eq!(again.policy, compiled.policy);
    compiled
}

fn is_inside(compiled: &Compiled, span: Span) -> bool {
    compiled.sources.get(span.file).is_some_and(|source| {
        source
            .text
            .get(span.start as usize..span.end as usize)
            .is_some()
    })
}

/// Words and values that mean something somewhere.
fn vocabulary() -> Vec<String> {
    let mut words: Vec<String> = [
        "a",
        "b",
        "Article",
        "Author",
        "shared",
        "db",
        "outbox",
        "slug",
        "user.id",
        "user",
        "each",
        "old.slug",
        "new",
        "a(slug)",
        "a(*)",
        "b(each slug)",
        "Article(slug)",
        "Article.title",
        "Article.{title, slug}",
        "tag",
        "when",
        "changed(title)",
        "not",
        "and",
        "or",
        "in",
        "==",
        "!=",
        "<=",
        ">=",
        "=",
        "->",
        "|",
        "*",
        ",",
        "5m",
        "5",
        "10%",
        "200/s",
        "10x",
        "2GiB",
        "1..5",
        "5..",
        "forever",
        "\"a:{slug}\"",
        "\"/a/{slug}\"",
        "\"/**\"",
        "\"x\"",
        "\"{each slug}\"",
        "[a, b]",
        "[200, 404]",
        "[]",
        "(a or b)",
        "GET",
        "HEAD",
        "POST",
        "from",
        "trace",
        "response",
        "else",
        "max",
        "min",
        "jitter",
        "sliding",
        "lease",
        "lock",
        "coalesce",
        "wait",
        "none",
        "on",
        "off",
        "via",
        "after",
        "before",
        "commit",
        "by",
        "create",
        "update",
        "delete",
        "personal",
        "negotiated",
        "coerce",
        "as",
        "redis",
        "memory",
        "cdn",
        "entries",
        "zipf(1.0, 50)",
        "uniform(5)",
        "uniform(1s..2s)",
        "choice(a 50%, b 50%)",
        "exp(mean 5ms)",
        "lognormal(p50 5ms, p99 9ms)",
        "of",
        "weight",
        "poisson",
        "surge",
        "flush",
        "outage",
        "restart",
        "process",
        "deploy",
        "for",
        "over",
        "changes",
        "staleness(a, Article)",
        "hit_ratio(a)",
        "latency(GET \"/a/{slug}\").p99",
        "origin(db).rate.peak_1s",
        "no-leak",
        "many",
        "list",
        "xfetch",
        "beta",
        "utm_*",
        "csrf",
        "cascade",
        "max 3",
        "burst",
        "path(\"/x\")",
        "method",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    for item in &ITEMS {
        words.push(item.word.to_owned());
        words.extend((item.rows)().iter().map(|row| row.word.to_owned()));
        words.extend((item.rows)().iter().map(|row| row.example.to_owned()));
    }
    words
}

fn statement() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vocabulary()), 1..6)
        .prop_map(|words| words.join(" "))
}

fn item() -> impl Strategy<Value = String> {
    let items: Vec<String> = [
        "policy p",
        "model Article",
        "model Author",
        "request",
        "origin db",
        "backend shared redis",
        "backend b cdn",
        "bus outbox",
        "site s",
        "view v(slug)",
        "view a(slug)",
        "fragment f(user)",
        "object a(slug)",
        "object b",
        "object c(x, y)",
        "on Article create|update",
        "on Article delete via outbox",
        "workload w",
        "expect",
        "expect for w",
    ]
    .iter()
    .map(ToString::to_string)
    .collect();
    let header = prop_oneof![4 => prop::sample::select(items), 1 => statement()];
    (header, prop::collection::vec(statement(), 0..8)).prop_map(|(header, statements)| {
        format!("{header} {{\n  {}\n}}\n", statements.join("\n  "))
    })
}

/// A change of a text: removes, repeats or moves a piece of it.
fn mutated(text: &str, changes: &[(u8, u32, u32, u32)]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for &(kind, at, length, to) in changes {
        if text.is_empty() {
            break;
        }
        let at = at as usize % text.len();
        let end = (at + length as usize % 40).min(text.len());
        let to = to as usize % (text.len() + 1);
        match kind % 4 {
            0 => drop(text.drain(at..end)),
            1 => {
                let piece: Vec<char> = text[at..end].to_vec();
                text.splice(to..to, piece);
            }
            2 => text[at] = ['{', '}', '(', ')', '"', ',', '\n', ';', '*', '.', '%', '0'][to % 12],
            _ => {
                // Exchanges two words.
                let word = |from: usize| {
                    let is_word = |c: &char| c.is_alphanumeric() || *c == '_' || *c == '-';
                    let start = (from..text.len()).find(|&i| is_word(&text[i]))?;
                    let end = (start..text.len())
                        .find(|&i| !is_word(&text[i]))
                        .unwrap_or(text.len());
                    Some((start, end))
                };
                if let (Some((a, b)), Some((c, d))) = (word(at), word(to.min(text.len() - 1)))
                    && b <= c
                {
                    let (first, second) = (text[a..b].to_vec(), text[c..d].to_vec());
                    text.splice(c..d, first);
                    text.splice(a..b, second);
                }
            }
        }
    }
    text.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_sequence_of_items_panics(items in prop::collection::vec(item(), 0..14)) {
        check(&items.concat());
    }

    #[test]
    fn no_mutation_of_a_policy_panics(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<u8>(), any::<u32>(), any::<u32>(), any::<u32>()), 1..6),
    ) {
        let policies = policies();
        let (_, text) = which.get(&policies);
        check(&mutated(text, &changes));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        check(&text);
    }
}

/// A policy of so many levels in chains, with as many routes, edges and claims.
fn large(levels: usize) -> String {
    let mut text = String::from(
        "policy large { edition 1 }\nmodel Row { id; slug }\nbackend shared redis { capacity 1GiB }\nrequest { cookie currency in [EUR, USD] else EUR }\n",
    );
    for index in 0..levels {
        let inner = match index % 10 {
            0 => String::new(),
            _ => format!("; contains part{}(id)", index - 1),
        };
        let _ = writeln!(
            text,
            "fragment part{index}(id) {{ store shared; reads Row(id); ttl 5m; tags \"t{index}:{{id}}\"{inner} }}"
        );
        let _ = writeln!(
            text,
            "view page{index}(id) {{ route GET \"/p{index}/{{id}}\"; store shared; ttl 5m; contains part{index}(id); vary currency }}"
        );
        let _ = writeln!(
            text,
            "on Row create|update|delete {{ purge part{index}(id); purge tag \"t{index}:{{id}}\" cascade }}"
        );
    }
    text
}

#[test]
fn a_large_policy_compiles() {
    let compiled = compile_text("large.cachepolicy", &large(1_000));
    assert!(
        compiled.diagnostics.is_empty(),
        "{:#?}",
        compiled.diagnostics.first()
    );
    let policy = compiled.policy.unwrap();
    assert_eq!(policy.levels.len(), 2_000);
    for (index, level) in policy.levels.iter().enumerate() {
        assert!(
            level
                .contains
                .iter()
                .all(|contain| contain.level.index() < index)
        );
    }
}

#[test]
fn a_long_chain_of_levels_compiles_and_a_long_circle_is_reported() {
    let mut text =
        String::from("policy chain { edition 1 }\nbackend shared redis { capacity 1GiB }\n");
    for index in 0..5_000 {
        let _ = writeln!(
            text,
            "object o{index} {{ store shared; ttl 5m; contains o{} }}",
            index + 1
        );
    }
    let chain = format!("{text}object o5000 {{ store shared; ttl 5m }}\n");
    assert!(compile_text("chain", &chain).policy.is_some());
    let circle = format!("{text}object o5000 {{ store shared; ttl 5m; contains o0 }}\n");
    let compiled = compile_text("circle", &circle);
    assert_eq!(compiled.diagnostics.len(), 1);
    assert_eq!(compiled.diagnostics.first().unwrap().code, "contains-cycle");
}
