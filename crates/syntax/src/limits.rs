//! What is too much, found before the recursive parser runs: a deep recursion would end a
//! WebAssembly instance, and nobody writes such a policy by hand.

use crate::diagnostic::Diagnostic;
use crate::span::{FileId, Span};

/// Largest text that is read, in bytes: a hundred times a large policy. A text of this size that is
/// made of nothing but statements takes about a second and some hundred megabytes.
pub const MAX_FILE_BYTES: usize = 512 << 10;

/// Deepest nesting of `{`, `(` and `[` together.
pub const MAX_NESTING: usize = 64;

/// Most diagnostics that one text gets; one more says that there are others.
pub const MAX_DIAGNOSTICS: usize = 200;

/// Reports a text that is over a limit, at the place where it goes over.
pub(crate) fn exceeded(file: FileId, text: &str) -> Option<Diagnostic> {
    if text.len() > MAX_FILE_BYTES {
        let place = Span {
            file,
            start: 0,
            end: 0,
        };
        let message = format!(
            "this file has {} bytes, and a policy may have {MAX_FILE_BYTES}",
            text.len()
        );
        let diagnostic = Diagnostic::error("file-too-large", place, message);
        return Some(diagnostic.help("split it into files that one file imports"));
    }
    let start = first_deeper_than(MAX_NESTING, text)? as u32;
    let place = Span {
        file,
        start,
        end: start + 1,
    };
    let message = format!("more than {MAX_NESTING} brackets are open here");
    let diagnostic = Diagnostic::error("nesting-too-deep", place, message);
    Some(diagnostic.help("close the brackets above, or nest less deeply"))
}

/// The first bracket inside of `limit` others.
///
/// The count is never below the parser's own depth: a closing bracket counts only where the grammar
/// lets it close one too, and strings and comments end where the grammar ends them.
fn first_deeper_than(limit: usize, text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open: Vec<u8> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at += line_length(bytes, at),
            b'"' => at += string_length(bytes, at),
            b'{' | b'(' | b'[' => {
                // A block ends the parentheses that its header left open; `.{` belongs to a path.
                if byte == b'{' && (at == 0 || bytes.get(at - 1) != Some(&b'.')) {
                    open.truncate(
                        open.iter()
                            .rposition(|&bracket| bracket == b'{')
                            .map_or(0, |last| last + 1),
                    );
                }
                open.push(byte);
                if open.len() > limit {
                    return Some(at);
                }
                at += 1;
            }
            b'}' => {
                open.truncate(
                    open.iter()
                        .rposition(|&bracket| bracket == b'{')
                        .unwrap_or(0),
                );
                at += 1;
            }
            b')' | b']' => {
                let opener = if byte == b')' { b'(' } else { b'[' };
                let of_statement = open
                    .iter()
                    .rposition(|&bracket| bracket == b'{')
                    .map_or(0, |last| last + 1);
                let inner = open.get(of_statement..).unwrap_or_default();
                if let Some(matching) = inner.iter().rposition(|&bracket| bracket == opener) {
                    open.truncate(of_statement + matching);
                }
                at += 1;
            }
            _ => at += foreign_string_length(bytes, at).unwrap_or(1),
        }
    }
    None
}

/// Bytes of the grammar's `foreign_string`, if one begins at `at`.
fn foreign_string_length(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    let mut length = quote_length(rest)?;
    loop {
        let rest = rest.get(length..)?;
        match (rest.first()?, quote_length(rest)) {
            (b'\n' | b'\r', _) => return None,
            (_, Some(quote)) => return Some(length + quote),
            (_, None) => length += 1,
        }
    }
}

/// Bytes of the grammar's `quote`, if these begin with one.
fn quote_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'\'' | b'`', ..] => Some(1),
        [0xC2, 0xAB | 0xBB, ..] => Some(2),
        [0xE2, 0x80, 0x98..=0x9A | 0x9C..=0x9E, ..] => Some(3),
        _ => None,
    }
}

/// Bytes from `at` to the end of the line.
fn line_length(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter()
        .position(|&byte| byte == b'\n' || byte == b'\r')
        .unwrap_or(rest.len())
}

/// Bytes of the string that begins at `at`: the grammar's `string`, else its `bad_string`. Looks no
/// further than the string goes, for a line may have many.
fn string_length(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut length = 1;
    while let Some(&byte) = rest.get(length) {
        match byte {
            b'"' => return length + 1,
            b'\n' | b'\r' => break,
            b'\\' if !matches!(rest.get(length + 1), Some(b'\n' | b'\r')) => length += 2,
            _ => length += 1,
        }
    }
    unclosed_length(rest.get(..line_length(bytes, at)).unwrap_or_default())
}

/// Bytes of an unclosed string that begins the line: all of it but the braces that close blocks.
fn unclosed_length(line: &[u8]) -> usize {
    let mut in_hole = false;
    let mut trailing = None;
    for (index, &byte) in line.iter().enumerate() {
        match byte {
            b'{' => (in_hole, trailing) = (true, None),
            b'}' if in_hole => (in_hole, trailing) = (false, None),
            b'}' => trailing = trailing.or(Some(index)),
            b' ' | b'\t' | b';' => {}
            b'#' if trailing.is_some() => break,
            _ => trailing = None,
        }
    }
    trailing.unwrap_or(line.len())
}

#[cfg(test)]
mod tests {
    use pest::Parser as _;
    use pest::iterators::Pairs;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::grammar::{Grammar, Rule};

    /// How deep the parser goes into brackets.
    fn nesting(pairs: Pairs<'_, Rule>) -> usize {
        let deepest = pairs.map(|pair| {
            let is_bracket = matches!(
                pair.as_rule(),
                Rule::block | Rule::list | Rule::group | Rule::call
            );
            usize::from(is_bracket) + nesting(pair.into_inner())
        });
        deepest.max().unwrap_or_default()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn the_parser_goes_no_deeper_than_the_count(pieces in vec(select(vec![
            "{", "}", "(", ")", "[", "]", "{", "(", "[", "f(", ".{", "a.{", "\"", "\\", "#", "\n", "\r", ",", ";", " ", "a", "a: ",
            "view a {", "'", "“", "»", "and",
        ]), 0..50)) {
            let text = pieces.concat();
            let depth = nesting(Grammar::parse(Rule::file, &text).unwrap());
            if let Some(less) = depth.checked_sub(1) {
                prop_assert!(first_deeper_than(less, &text).is_some(), "{text:?} nests to {depth}");
            }
        }
    }

    #[test]
    fn what_is_closed_is_not_counted() {
        let lines = "a [b(c), {d}\n e \"((((\" # ((((\n".repeat(MAX_NESTING);
        assert_eq!(first_deeper_than(MAX_NESTING, &lines), None);
        assert_eq!(first_deeper_than(2, "a((b)(c(d)))"), Some(7));
    }
}
