//! From lines to text: comments behind code stand below each other.

use super::columns::width;

/// A line with the comment behind it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) blank_before: bool,
    pub(super) text: String,
    pub(super) comment: Option<String>,
}

/// Comments behind code with more lines than this between them have columns of their own.
const MAX_GAP: usize = 3;

/// Code longer than this does not move the comments of its neighbours.
const MAX_CODE: usize = 72;

/// Blanks between code and its comment, at least.
const GAP: usize = 2;

pub(super) fn finish(lines: Vec<Line>) -> String {
    let columns = comment_columns(&lines);
    let mut out = String::new();
    for (line, column) in lines.iter().zip(columns) {
        if line.blank_before {
            out.push('\n');
        }
        out.push_str(&line.text);
        if let Some(comment) = &line.comment {
            if !is_own(line) {
                out.push_str(&" ".repeat(column.saturating_sub(width(&line.text)).max(GAP)));
            }
            out.push_str(comment);
        }
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    out
}

/// Whether there is nothing but a comment.
fn is_own(line: &Line) -> bool {
    line.text.bytes().all(|byte| byte == b' ')
}

/// Where the comment of each line begins.
fn comment_columns(lines: &[Line]) -> Vec<usize> {
    let mut columns = vec![0; lines.len()];
    let mut group: Vec<usize> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let far = group.last().is_some_and(|&last| index - last > MAX_GAP + 1);
        if line.blank_before || far || (line.comment.is_some() && is_own(line)) {
            align(lines, &group, &mut columns);
            group.clear();
        }
        if line.comment.is_some() && !is_own(line) {
            group.push(index);
        }
    }
    align(lines, &group, &mut columns);
    columns
}

fn align(lines: &[Line], group: &[usize], columns: &mut [usize]) {
    let widths = group
        .iter()
        .filter_map(|&index| lines.get(index))
        .map(|line| width(&line.text));
    let column = widths
        .filter(|&width| width <= MAX_CODE)
        .max()
        .map_or(0, |width| width + GAP);
    for &index in group {
        if let Some(slot) = columns.get_mut(index) {
            *slot = column;
        }
    }
}
