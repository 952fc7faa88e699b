//! The committed reference is what the table says, and the table's examples compile.

#![allow(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files, and fail by panicking"
)]

use cachepolicy_compiler::codes::PRELUDE;
use cachepolicy_compiler::table::ITEMS;
use cachepolicy_compiler::{compile_text, is_property_word, reference};
use cachepolicy_syntax::{FileId, Severity, parse};

#[test]
fn the_committed_pages_are_the_generated_ones() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference");
    for (name, page) in reference::pages() {
        let committed = std::fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
        assert!(
            committed == page,
            "docs/reference/{name} is not what the table says: run `cargo xtask docs`"
        );
    }
}

#[test]
fn the_examples_of_items_compile() {
    for item in ITEMS.iter().filter(|item| item.word != "import") {
        let declared = |word: &str| match word {
            "policy" => "",
            // What other items of the table declare, too.
            _ => "policy example { edition 1 }\n",
        };
        let mut text = format!("{}{}\n", declared(item.word), item.example);
        for other in [
            "model", "request", "origin", "backend", "bus", "object", "fragment",
        ] {
            if other != item.word {
                text.push_str(
                    ITEMS
                        .iter()
                        .find(|item| item.word == other)
                        .unwrap()
                        .example,
                );
                text.push('\n');
            }
        }
        text.push_str("model Author { id; name }\nmodel Tag { id }\n");
        if item.word != "view" {
            text.push_str(
                ITEMS
                    .iter()
                    .find(|item| item.word == "view")
                    .unwrap()
                    .example,
            );
            text.push('\n');
        }
        text.push_str(
            "view homepage { route GET \"/\"; store shared; ttl 1m; tags \"author:1\" }\n",
        );
        let compiled = compile_text(item.word, &text);
        let errors: Vec<_> = compiled
            .diagnostics
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .collect();
        assert!(errors.is_empty(), "{}: {errors:#?}\n{text}", item.word);
    }
}

/// A row's example begins with its word and is one statement without mistakes.
#[test]
fn the_examples_of_properties_are_statements() {
    for item in &ITEMS {
        for row in (item.rows)() {
            assert!(row.example.starts_with(row.word), "{}", row.example);
            assert!(
                !row.doc.ends_with('.') && !row.doc.is_empty(),
                "{}",
                row.word
            );
            let parsed = parse(FileId(0), row.example);
            assert!(
                parsed.diagnostics.is_empty(),
                "{}: {:?}",
                row.example,
                parsed.diagnostics
            );
            assert_eq!(parsed.file.items.len(), 1, "{}", row.example);
            assert!(is_property_word(item.word, row.head()));
        }
    }
}

/// Each property's example is accepted by its own function.
#[test]
fn the_examples_of_properties_lower() {
    for item in &ITEMS {
        for row in (item.rows)() {
            let body = match item.word {
                "policy" | "request" => continue,
                "origin" => format!("origin other {{ {} }}", row.example),
                "backend" => format!("backend other cdn {{ {} }}", row.example),
                "bus" => format!("bus other {{ delivery at-most-once; {} }}", row.example),
                "on" => format!("on Article update {{ {} }}", row.example),
                "workload" => format!(
                    "workload w {{ requests 1/s {{ GET \"/articles/{{slug}}\" slug 5 }}\n {} }}",
                    row.example
                ),
                "expect" => format!("expect {{ {} }}", row.example),
                word => format!(
                    "{word} other(slug) {{ data author, headlines max 10\n {} }}",
                    row.example
                ),
            };
            let text = format!(
                "{PRELUDE}\nview homepage {{ route GET \"/home\"; tags \"author:1\"; data headlines max 10; cost 5ms }}\n\
                 object top_authors {{ store shared; ttl 5m }}\nfragment sidebar(user) {{ store shared; ttl 5m }}\n\
                 site public {{ route GET \"/public/**\"; store shared; ttl 5m }}\nbackend hot memory {{ }}\n\
                 request {{ attr plan in [free, pro] else free; query page in 1..10 else 1 }}\n{body}\n"
            );
            let compiled = compile_text(row.word, &text);
            let unfit = [
                "missing-property",
                "duplicate-property",
                "duplicate-name",
                "key-not-injective",
                "route-parameter",
            ];
            let errors: Vec<_> = compiled
                .diagnostics
                .iter()
                .filter(|found| found.severity == Severity::Error && !unfit.contains(&found.code))
                .collect();
            assert!(
                errors.is_empty(),
                "{} of {}: {errors:#?}",
                row.word,
                item.word
            );
        }
    }
}

/// The pages state the limits that the parser has.
#[test]
fn the_limits_are_the_stated_ones() {
    use cachepolicy_syntax::limits::{MAX_DIAGNOSTICS, MAX_FILE_BYTES, MAX_NESTING};
    let what = |code: &str| cachepolicy_compiler::codes::find(code).unwrap().what;
    let size = format!("{} KiB", MAX_FILE_BYTES >> 10);
    assert!(what("file-too-large").contains(&size));
    assert!(reference::reference_markdown().contains(&format!("at most {size}")));
    assert!(what("nesting-too-deep").contains(&MAX_NESTING.to_string()));
    assert!(what("too-many-mistakes").contains(&MAX_DIAGNOSTICS.to_string()));
}
