//! Tables that fit: columns leave by priority, and no cell ever wraps.

use super::colour::{Meaning, Paint};
use super::text;

/// Spaces before a table.
pub const INDENT: usize = 2;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Above it.
    pub title: &'a str,
    /// Figures stand at the right.
    pub right: bool,
    /// The higher, the earlier it leaves; 0 stays.
    pub leaves: u8,
}

impl<'a> Column<'a> {
    /// A name: at the left, and it stays.
    pub const fn name(title: &'a str) -> Self {
        Self {
            title,
            right: false,
            leaves: 0,
        }
    }

    /// A figure: at the right.
    pub const fn figure(title: &'a str, leaves: u8) -> Self {
        Self {
            title,
            right: true,
            leaves,
        }
    }

    /// Words: at the left.
    pub const fn words(title: &'a str, leaves: u8) -> Self {
        Self {
            title,
            right: false,
            leaves,
        }
    }
}

/// A cell: its text and what it means.
pub type Field = (String, Meaning);

/// A cell in ordinary text.
pub fn plain(text: impl Into<String>) -> Field {
    (text.into(), Meaning::Plain)
}

/// Lays a table out in `width` columns. Columns that have nothing to say in any row are left out;
/// then those of the highest priority leave until it fits; then the first column is shortened.
pub fn render(columns: &[Column<'_>], rows: &[Vec<Field>], width: usize, paint: Paint) -> String {
    let mut kept: Vec<usize> = (0..columns.len())
        .filter(|&column| says(column, columns, rows))
        .collect();
    let mut widths = widths(columns, rows);
    let total = |kept: &[usize], widths: &[usize]| {
        INDENT
            + kept.iter().map(|&column| widths[column]).sum::<usize>()
            + 2 * kept.len().saturating_sub(1)
    };
    while total(&kept, &widths) > width {
        let leaving = kept
            .iter()
            .copied()
            .filter(|&column| columns[column].leaves > 0);
        let Some(leaving) = leaving.max_by_key(|&column| (columns[column].leaves, column)) else {
            break;
        };
        kept.retain(|&column| column != leaving);
    }
    let excess = total(&kept, &widths).saturating_sub(width);
    if let Some(first) = kept.first() {
        let least = text::width(columns[*first].title).max(8);
        widths[*first] = widths[*first]
            .saturating_sub(excess)
            .max(least.min(widths[*first]));
    }
    draw(columns, rows, &kept, &widths, paint)
}

/// Has a column anything to say?
pub fn says(column: usize, columns: &[Column<'_>], rows: &[Vec<Field>]) -> bool {
    columns[column].leaves == 0
        || rows
            .iter()
            .filter_map(|row| row.get(column))
            .any(|(text, _)| !text.is_empty())
}

fn widths(columns: &[Column<'_>], rows: &[Vec<Field>]) -> Vec<usize> {
    let widest = |index: usize| {
        rows.iter()
            .filter_map(move |row| row.get(index))
            .map(|(cell, _)| text::width(cell))
    };
    columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            widest(index)
                .max()
                .unwrap_or(0)
                .max(text::width(column.title))
        })
        .collect()
}

fn draw(
    columns: &[Column<'_>],
    rows: &[Vec<Field>],
    kept: &[usize],
    widths: &[usize],
    paint: Paint,
) -> String {
    let mut lines = String::new();
    let mut line = |cell: &dyn Fn(usize) -> (String, Meaning)| {
        let start = lines.len();
        for (place, &column) in kept.iter().enumerate() {
            let (shown, meaning) = cell(column);
            let room = widths[column].saturating_sub(text::width(&shown));
            let gap = if place == 0 { INDENT } else { 2 };
            let right = columns[column].right;
            lines.push_str(&" ".repeat(gap + if right { room } else { 0 }));
            lines.push_str(&paint.text(meaning, &shown));
            if !right && place + 1 < kept.len() {
                lines.push_str(&" ".repeat(room));
            }
        }
        lines.truncate(start + lines[start..].trim_end().len());
        lines.push('\n');
    };
    if kept.iter().any(|&column| !columns[column].title.is_empty()) {
        line(&|column| (columns[column].title.to_owned(), Meaning::Faint));
    }
    for row in rows {
        line(&|column| {
            let (shown, meaning) = row
                .get(column)
                .map_or(("", Meaning::Plain), |(text, meaning)| (text, *meaning));
            (text::shorten_middle(shown, widths[column]), meaning)
        });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::name("level"),
        Column::figure("look-ups", 1),
        Column::figure("stale", 3),
        Column::words("key", 2),
    ];

    fn rows() -> Vec<Vec<Field>> {
        vec![
            vec![
                plain("homepage"),
                plain("1,234"),
                plain("7"),
                plain("view:homepage:de"),
            ],
            vec![
                plain("article_page"),
                plain("12.3k"),
                plain(""),
                plain("view:article"),
            ],
        ]
    }

    #[test]
    fn wide_enough_for_all() {
        let text = render(&COLUMNS, &rows(), 100, Paint::OFF);
        insta::assert_snapshot!(text, @r"
        level         look-ups  stale  key
        homepage         1,234      7  view:homepage:de
        article_page     12.3k         view:article
        ");
    }

    #[test]
    fn columns_leave_by_priority_and_names_are_shortened() {
        let text = render(&COLUMNS, &rows(), 30, Paint::OFF);
        insta::assert_snapshot!(text, @r"
        level         look-ups
        homepage         1,234
        article_page     12.3k
        ");
        let text = render(&COLUMNS, &rows(), 12, Paint::OFF);
        assert!(text.lines().all(|line| text::width(line) <= 12), "{text}");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let text = render(
            &COLUMNS,
            &[vec![("x".to_owned(), Meaning::Bad), plain("1")]],
            100,
            Paint::new(true),
        );
        assert!(text.contains('\u{1b}'));
    }
}
