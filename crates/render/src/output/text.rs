//! Laying out text in columns of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// At most `columns` wide: what does not fit at the end becomes `…`.
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut short = head(text, columns.saturating_sub(1)).to_owned();
    short.push('…');
    short
}

/// At most `columns` wide: what does not fit in the middle becomes `…`. For keys and paths, whose
/// ends tell them apart.
pub fn shorten_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let before = head(text, columns.saturating_sub(1).div_ceil(2));
    let room = columns.saturating_sub(1).saturating_sub(width(before));
    let mut start = text.len();
    let mut taken = 0;
    for (index, character) in text.char_indices().rev() {
        taken += character.width().unwrap_or(0);
        if taken > room {
            break;
        }
        start = index;
    }
    format!("{before}…{}", text.get(start..).unwrap_or(""))
}

fn head(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (index, character) in text.char_indices() {
        taken += character.width().unwrap_or(0);
        if taken > columns {
            return text.get(..index).unwrap_or("");
        }
    }
    text
}

/// Breaks a text between words into lines of at most `columns`, but not between a figure and its
/// unit; what is longer gets a line of its own.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let mut piece = word.to_owned();
        while let Some(unit) = words.next_if(|next| is_unit(next) && ends_as_figure(&piece)) {
            piece.push(' ');
            piece.push_str(unit);
        }
        if !line.is_empty() && width(&line) + 1 + width(&piece) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&piece);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// `ms`, `KiB`, or the second part of `3m 20s`; punctuation may follow.
fn is_unit(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ',', ';', ':', ')']);
    let time = word.trim_start_matches(|character: char| character.is_ascii_digit());
    matches!(
        word,
        "ns" | "µs" | "ms" | "s" | "B" | "KiB" | "MiB" | "GiB" | "TiB" | "PiB"
    ) || (word.len() == 3 && time.len() == 1 && matches!(time, "s" | "m" | "h"))
}

fn ends_as_figure(word: &str) -> bool {
    let figure = word.trim_end_matches(['d', 'h', 'm']);
    figure.ends_with(|character: char| character.is_ascii_digit())
}

/// A text that came from outside (a key, a path, a log line), without what would move the cursor or
/// change colours.
pub fn tame(text: &str) -> String {
    let mut tame = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            tame.extend(character.escape_unicode());
        } else {
            tame.push(character);
        }
    }
    tame
}

/// Changes of direction and joiners, which make a text look like another one.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortening_keeps_the_width() {
        assert_eq!(shorten("article", 7), "article");
        assert_eq!(shorten("articles", 7), "articl…");
        assert_eq!(
            shorten_middle("view:article_page:launch", 13),
            "view:a…launch"
        );
        for columns in 1..12 {
            assert!(width(&shorten_middle("日本語のとても長い鍵", columns)) <= columns);
            assert!(width(&shorten("日本語のとても長い鍵", columns)) <= columns);
        }
    }

    #[test]
    fn wrapping_breaks_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(
            wrap("a incomprehensible b", 5),
            ["a", "incomprehensible", "b"]
        );
        assert!(wrap("  ", 5).is_empty());
        assert_eq!(wrap("took 3m 20s in all", 8), ["took", "3m 20s", "in all"]);
        assert_eq!(wrap("of 1.2 MiB, all", 6), ["of", "1.2 MiB,", "all"]);
    }

    #[test]
    fn escapes_are_shown_and_not_obeyed() {
        assert_eq!(tame("a\u{1b}[31mb"), "a\\u{1b}[31mb");
    }
}
