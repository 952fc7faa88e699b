//! What a person reads about a policy with mistakes: a corpus of small files, one for each kind of
//! mistake, and what is said about each, side by side in `tests/data/diagnostics`.

#![allow(missing_docs)]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read files, and fail by panicking"
)]

use cachepolicy_compiler::codes;
use cachepolicy_compiler::{Compiled, Options, Override, compile};
use cachepolicy_syntax::{Severity, Span};
use std::fmt::Write;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/diagnostics");

fn check(name: &str, text: &str, options: &Options) -> Compiled {
    let mut loader = |path: &str, _: &str| match path {
        "models.cachepolicy" => {
            Ok("model Comment { id }\nimport \"imports.cachepolicy\"\n".to_owned())
        }
        _ => Err("there is no such file".to_owned()),
    };
    compile(name, text, &mut loader, options)
}

/// Without colours and frames: code, place, message, what belongs to it, what to do.
fn render(compiled: &Compiled) -> String {
    let place = |span: Span| {
        let source = compiled.sources.get(span.file).unwrap();
        let (line, column) = source.line_column(span.start);
        let text = source.slice(span).replace('\n', "⏎");
        format!("{}:{line}:{column} `{text}`", source.name)
    };
    let mut out = String::new();
    for found in &compiled.diagnostics {
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        let _ = writeln!(out, "{severity}[{}]: {}", found.code, found.message);
        let _ = writeln!(
            out,
            "  at {} {}",
            place(found.primary.span),
            found.primary.text
        );
        for label in &found.related {
            let _ = writeln!(out, "  and {}: {}", place(label.span), label.text);
        }
        if let Some(help) = &found.help {
            let _ = writeln!(out, "  help: {help}");
        }
        if let Some(fix) = &found.fix {
            let _ = writeln!(out, "  fix: {}", fix.title);
            for edit in &fix.edits {
                let _ = writeln!(out, "    {} → `{}`", place(edit.span), edit.text);
            }
        }
        out.push('\n');
    }
    out.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn corpus() {
    let mut files: Vec<_> = std::fs::read_dir(CORPUS)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cachepolicy")
        })
        .collect();
    files.sort();
    assert!(files.len() > 80, "{}", files.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(CORPUS);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in files {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let compiled = check(&format!("{name}.cachepolicy"), &text, &Options::default());
        assert!(!compiled.diagnostics.is_empty(), "{name} has no mistake");
        for found in &compiled.diagnostics {
            assert!(
                codes::find(found.code).is_some(),
                "`{}` has no page",
                found.code
            );
            let first = found.message.chars().next().unwrap();
            assert!(
                !first.is_uppercase() && !found.message.ends_with('.'),
                "{}",
                found.message
            );
            assert!(
                found.help.is_some() || found.fix.is_some(),
                "no help: {}",
                found.message
            );
        }
        settings.bind(|| insta::assert_snapshot!(name, render(&compiled)));
    }
}

/// Every fix mends what it belongs to, and makes no new mistake.
#[test]
fn fixes_mend() {
    let mut tried = 0;
    for entry in std::fs::read_dir(CORPUS).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_none_or(|extension| extension != "cachepolicy")
        {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let before = check(&name, &text, &Options::default());
        for found in &before.diagnostics {
            let Some(fix) = &found.fix else { continue };
            let mut mended = text.clone();
            let mut edits = fix.edits.clone();
            edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
            for edit in edits {
                mended.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
            }
            let after = check(&name, &mended, &Options::default());
            let errors = |compiled: &Compiled| {
                let all = compiled.diagnostics.iter();
                all.filter(|other| other.severity == Severity::Error)
                    .count()
            };
            let same = |compiled: &Compiled| {
                let all = compiled.diagnostics.iter();
                all.filter(|other| other.code == found.code).count()
            };
            // Behind a mistake of the text others can come to light that were not looked for.
            assert!(
                errors(&after) < errors(&before)
                    || (errors(&after) == errors(&before) && same(&after) < same(&before)),
                "{}\n{mended}\n{}",
                found.message,
                render(&after)
            );
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

#[test]
fn overrides() {
    let policy = "policy shop { edition 1 }\nbackend shared redis { capacity 1GiB }\nobject article(slug) { store shared; ttl 5m }\n";
    let mut out = String::new();
    for set in [
        "article.ttl=5min",
        "article.tll=5m",
        "artcle.ttl=5m",
        "article=5m",
        "article.ttl",
        "article.ttl=5m; fence",
        "article.ttl=\"",
        "policy.processes=0",
        "shared.capacity=lots",
    ] {
        let options = Options {
            overrides: vec![Override::new(set)],
        };
        let _ = writeln!(
            out,
            "{}",
            render(&check("shop.cachepolicy", policy, &options))
        );
    }
    insta::assert_snapshot!(out);
}
