//! What holds for every text and every tree.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed case must say where"
)]

mod support;

use cachepolicy_syntax::tree::{File, Segment, Statement, TermKind};
use cachepolicy_syntax::{FileId, Span, decode, format, parse, print};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use support::{scatter::scatter, trees};

/// Pieces of the language, whole and broken.
fn soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "view",
        " ",
        "\n",
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ",",
        ";",
        "\"",
        "\"a{b}\"",
        "{b",
        "# c",
        "ttl",
        "5m",
        "1..",
        "..",
        ".",
        ":",
        "->",
        "|",
        "||",
        "&&",
        "%",
        "10%",
        "@",
        "*",
        "utm_*",
        "a.b",
        "f(",
        "f(x: ",
        ".{a, b}",
        "and",
        "not(",
        "\r\n",
        "\r",
        "\\",
        "é",
        "\u{a0}",
        "5x_",
        "on ",
        "edition 1\n",
        "\u{feff}",
        "=",
        "-",
        "'",
        "}}",
        "{{",
        "\t",
    ];
    vec(select(pieces), 0..60).prop_map(|pieces| pieces.concat())
}

/// Everything that must hold after reading any text.
fn check_reading(text: &str) {
    let parsed = parse(FileId(3), text);
    for diagnostic in &parsed.diagnostics {
        assert_ne!(diagnostic.code, "unreadable", "the grammar has a gap");
        let labels = diagnostic.related.iter().map(|label| label.span);
        let edits = diagnostic
            .fix
            .iter()
            .flat_map(|fix| fix.edits.iter().map(|edit| edit.span));
        for span in labels.chain(edits).chain([diagnostic.primary.span]) {
            check_span(text, span);
        }
        assert!(!diagnostic.message.ends_with('.'), "{}", diagnostic.message);
    }
    for comment in &parsed.comments {
        check_span(text, comment.span);
        assert!(comment.text.starts_with('#'));
    }
    for statement in &parsed.file.items {
        check_statement(text, statement);
    }
    if parsed.diagnostics.is_empty() {
        let formatted = format(FileId(3), text).unwrap();
        assert_eq!(
            format(FileId(3), &formatted).unwrap(),
            formatted,
            "formatting is not idempotent"
        );
    } else {
        format(FileId(3), text).unwrap_err();
    }
}

fn check_span(text: &str, span: Span) -> &str {
    assert_eq!(span.file, FileId(3));
    let written = text.get(span.start as usize..span.end as usize);
    written.unwrap_or_else(|| panic!("{span:?} is no place in {text:?}"))
}

fn check_statement(text: &str, statement: &Statement) {
    check_span(text, statement.span);
    assert!(
        statement
            .phrases
            .iter()
            .all(|phrase| !phrase.terms.is_empty())
    );
    for phrase in &statement.phrases {
        check_span(text, phrase.span);
        for term in &phrase.terms {
            check_span(text, term.span);
            if let TermKind::Path(path) = &term.value {
                let written = check_span(text, path.head.span);
                assert!(written == path.head.value || ["&&", "||"].contains(&written));
                for segment in &path.tail {
                    if let Segment::Member(name) = segment {
                        check_span(text, name.span);
                    }
                }
            }
        }
    }
    for inner in statement.block.iter().flat_map(|block| &block.statements) {
        check_statement(text, inner);
    }
}

fn reread(text: &str) -> File {
    let parsed = parse(FileId(0), text);
    assert_eq!(parsed.diagnostics, [], "{text}");
    parsed.file
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
        match decode(&bytes) {
            Ok(text) => check_reading(text),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn no_characters_panic(text in "\\PC{0,80}") {
        check_reading(&text);
    }

    #[test]
    fn no_pieces_of_the_language_panic(text in soup()) {
        check_reading(&text);
    }

    #[test]
    fn what_is_printed_is_read_back(trees::Tree(file) in trees::file()) {
        let text = print(&file);
        prop_assert!(reread(&text) == file, "{}", text);
    }

    #[test]
    fn formatting_keeps_the_tree_and_the_comments(trees::Tree(file) in trees::file(), choices in vec(any::<u8>(), 1..60)) {
        let scattered = scatter(&file, &choices);
        let parsed = parse(FileId(0), &scattered.text);
        prop_assert_eq!(&parsed.diagnostics, &[], "{}", &scattered.text);
        prop_assert!(parsed.file == file, "{}\n{}", scattered.text, print(&parsed.file));
        let texts: Vec<String> = parsed.comments.into_iter().map(|comment| comment.text).collect();
        prop_assert_eq!(&texts, &scattered.comments);

        let formatted = format(FileId(0), &scattered.text).map_err(|error| TestCaseError::fail(format!("{error}\n{}", scattered.text)))?;
        let again = parse(FileId(0), &formatted);
        prop_assert!(again.file == file, "{}", formatted);
        let texts: Vec<String> = again.comments.into_iter().map(|comment| comment.text).collect();
        prop_assert_eq!(texts, scattered.comments);
        prop_assert_eq!(format(FileId(0), &formatted).unwrap(), formatted);
    }
}
