//! HTML: classes only, so that a page's own style and a strict content security policy suffice.

use super::colour::Meaning;
use super::table::{Column, Field, says};
use super::text;

/// Text in which nothing is taken for markup.
pub fn escaped(written: &str) -> String {
    let mut escaped = String::with_capacity(written.len());
    for character in text::tame(written).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Running text: what it has between backticks is code.
pub fn inline(sentence: &str) -> String {
    let pieces: Vec<&str> = sentence.split('`').collect();
    if pieces.len().is_multiple_of(2) {
        return escaped(sentence);
    }
    let mut written = String::with_capacity(sentence.len());
    for (index, piece) in pieces.into_iter().enumerate() {
        if index % 2 == 1 {
            written.push_str(&format!("<code>{}</code>", escaped(piece)));
        } else {
            written.push_str(&escaped(piece));
        }
    }
    written
}

/// The class that says what a text means.
pub const fn class(meaning: Meaning) -> &'static str {
    match meaning {
        Meaning::Plain => "",
        Meaning::Heading => "heading",
        Meaning::Strong => "strong",
        Meaning::Faint => "faint",
        Meaning::Curve => "curve",
        Meaning::Good => "good",
        Meaning::Warning => "look",
        Meaning::Bad => "bad",
    }
}

/// An element of running text.
pub fn element(tag: &str, meaning: Meaning, sentence: &str) -> String {
    match class(meaning) {
        "" => format!("<{tag}>{}</{tag}>\n", inline(sentence)),
        class => format!("<{tag} class=\"{class}\">{}</{tag}>\n", inline(sentence)),
    }
}

/// A table. Columns that have nothing to say in any row are left out; nothing is shortened.
pub fn table(columns: &[Column<'_>], rows: &[Vec<Field>]) -> String {
    let kept: Vec<usize> = (0..columns.len())
        .filter(|&column| says(column, columns, rows))
        .collect();
    // Whoever has no mouse scrolls it with the keyboard.
    let mut written = "<div class=\"table\" tabindex=\"0\"><table>\n".to_owned();
    if kept.iter().any(|&column| !columns[column].title.is_empty()) {
        written.push_str("<thead><tr>");
        for &column in &kept {
            let right = if columns[column].right {
                " class=\"right\""
            } else {
                ""
            };
            let title = escaped(columns[column].title);
            match title.as_str() {
                "" => written.push_str(&format!("<td{right}></td>")),
                title => written.push_str(&format!("<th scope=\"col\"{right}>{title}</th>")),
            }
        }
        written.push_str("</tr></thead>\n");
    }
    written.push_str("<tbody>\n");
    for row in rows {
        written.push_str("<tr>");
        for (place, &column) in kept.iter().enumerate() {
            let (shown, meaning) = row
                .get(column)
                .map_or(("", Meaning::Plain), |(text, meaning)| (text, *meaning));
            let right = if columns[column].right { "right " } else { "" };
            let classes = format!("{right}{}", class(meaning));
            let class = match classes.trim_end() {
                "" => String::new(),
                classes => format!(" class=\"{classes}\""),
            };
            let (tag, scope) = if place == 0 {
                ("th", " scope=\"row\"")
            } else {
                ("td", "")
            };
            written.push_str(&format!("<{tag}{scope}{class}>{}</{tag}>", inline(shown)));
        }
        written.push_str("</tr>\n");
    }
    written.push_str("</tbody></table></div>\n");
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::table::plain;

    #[test]
    fn what_came_from_outside_is_no_markup() {
        assert_eq!(
            inline("`a<b>` & <i>"),
            "<code>a&lt;b&gt;</code> &amp; &lt;i&gt;"
        );
        assert_eq!(inline("one ` alone"), "one ` alone");
        let columns = [Column::name("level"), Column::figure("hits", 0)];
        let rows = [vec![plain("<script>"), ("9".to_owned(), Meaning::Bad)]];
        insta::assert_snapshot!(table(&columns, &rows), @r#"
        <div class="table" tabindex="0"><table>
        <thead><tr><th scope="col">level</th><th scope="col" class="right">hits</th></tr></thead>
        <tbody>
        <tr><th scope="row">&lt;script&gt;</th><td class="right bad">9</td></tr>
        </tbody></table></div>
        "#);
    }
}
