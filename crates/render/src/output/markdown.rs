//! Markdown as GitHub reads it.

use super::table::{Column, Field, says};
use super::text;

/// A table. Columns that have nothing to say in any row are left out; nothing is shortened. The
/// first column holds names, which are set as code.
pub fn table(columns: &[Column<'_>], rows: &[Vec<Field>]) -> String {
    let kept: Vec<usize> = (0..columns.len())
        .filter(|&column| says(column, columns, rows))
        .collect();
    let mut text = String::new();
    line(&mut text, kept.iter().map(|&it| inline(columns[it].title)));
    let rule = |&it: &usize| if columns[it].right { "--:" } else { ":--" };
    line(&mut text, kept.iter().map(|it| rule(it).to_owned()));
    for row in rows {
        let cells = kept.iter().map(|&column| {
            let cell = row.get(column).map_or("", |(cell, _)| cell.as_str());
            if column == 0 {
                code(cell)
            } else {
                inline(cell)
            }
        });
        line(&mut text, cells);
    }
    text
}

fn line(text: &mut String, cells: impl Iterator<Item = String>) {
    text.push('|');
    for cell in cells {
        text.push_str(&format!(" {cell} |"));
    }
    text.push('\n');
}

/// A name as code, also where it stands in a table.
pub fn code(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    let name = text::tame(name).replace('|', "\\|");
    // A name with a backtick in it needs more of them around it.
    let fence = if name.contains('`') { "``" } else { "`" };
    let gap = if name.contains('`') { " " } else { "" };
    format!("{fence}{gap}{name}{gap}{fence}")
}

/// Running text: what it has between backticks stays code, and nothing else is taken for markup.
pub fn inline(sentence: &str) -> String {
    let mut written = String::with_capacity(sentence.len());
    let closed = sentence.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    for character in text::tame(sentence).chars() {
        match character {
            '`' if closed => {
                in_code = !in_code;
                written.push('`');
            }
            '|' => written.push_str("\\|"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '~' if !in_code => {
                written.push('\\');
                written.push(character);
            }
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::table::plain;

    #[test]
    fn a_table() {
        let columns = [
            Column::name("level"),
            Column::figure("hits", 0),
            Column::figure("stale", 1),
            Column::words("key", 2),
        ];
        let row = vec![
            plain("top_authors"),
            plain("<0.1%"),
            plain(""),
            plain("a|*b*"),
        ];
        insta::assert_snapshot!(table(&columns, &[row]), @r"
        | level | hits | key |
        | :-- | --: | :-- |
        | `top_authors` | \<0.1% | a\|\*b\* |
        ");
    }

    #[test]
    fn what_came_from_outside_is_no_markup() {
        assert_eq!(inline("`a*b` left *it*"), r"`a*b` left \*it\*");
        assert_eq!(inline("one ` alone"), r"one \` alone");
        assert_eq!(code("a`b|c"), r"`` a`b\|c ``");
        assert_eq!(inline("a\u{1b}[31m"), r"a\\u{1b}\[31m");
    }
}
