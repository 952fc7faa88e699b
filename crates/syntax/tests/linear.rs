//! Reading takes time in proportion to the text, also where the text is made to be hard to read.
//! Counted in calls of the generated parser, so that the answer is the same on every machine; the
//! whole crate's work is counted where it runs in WebAssembly, in the tests of the workspace.

use std::num::NonZeroUsize;

use cachepolicy_syntax::{FileId, parse};

#[path = "support/hostile.rs"]
mod hostile;

/// Calls for each byte of a text, at most.
const MOST_A_BYTE: usize = 150;

/// Calls that the generated parser makes for a text: the least limit under which it succeeds.
fn calls(text: &str) -> usize {
    let (mut too_few, mut enough) = (0, MOST_A_BYTE * text.len());
    while too_few + 1 < enough {
        let limit = usize::midpoint(too_few, enough);
        pest::set_call_limit(NonZeroUsize::new(limit));
        let failed = parse(FileId(0), text)
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == "unreadable");
        *(if failed { &mut too_few } else { &mut enough }) = limit;
    }
    pest::set_call_limit(None);
    enough
}

// The limit is global, so this file has one test.
#[test]
fn four_times_the_text_takes_four_times_the_calls() {
    let small = hostile::texts(600);
    let large = hostile::texts(2_400);
    for ((name, small), (_, large)) in small.iter().zip(&large) {
        let refused = parse(FileId(0), large)
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.code == "nesting-too-deep");
        assert!(!refused, "{name} is not read at all");
        let (few, many) = (calls(small), calls(large));
        let ratio = many as f64 / few as f64;
        let length = large.len() as f64 / small.len() as f64;
        assert!(
            ratio <= 1.1 * length,
            "{name}: {few} calls, then {many} for {length} times the text"
        );
        assert!(
            many < MOST_A_BYTE * large.len() - 1,
            "{name}: {many} calls for {} bytes",
            large.len()
        );
    }
}
