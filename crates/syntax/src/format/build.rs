//! Joins the tree with the comments and with the author's choices that are kept.

use super::comments::{Comments, Note};
use super::doc::{self, Item, Word};
use crate::parse::first_word;
use crate::tree::{Block, File, Op, Path, Phrase, Statement, Term, TermKind};

/// What stands on lines of its own.
#[derive(Debug)]
pub(super) struct Entry {
    /// Whether there is a blank line before it.
    pub(super) blank_before: bool,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Comment(String),
    Statement(Box<Layout>),
}

/// A statement to be laid out.
#[derive(Debug)]
pub(super) struct Layout {
    /// The terms of the first phrase.
    pub(super) first: Vec<Word>,
    /// Comments between the first and the second phrase.
    pub(super) first_notes: Vec<Note>,
    /// The other phrases.
    pub(super) others: Vec<Item>,
    pub(super) shape: Shape,
    pub(super) block: Option<BlockLayout>,
    /// The comment behind it.
    pub(super) comment: Option<String>,
}

/// A block to be laid out.
#[derive(Debug)]
pub(super) struct BlockLayout {
    /// Whether it was written on one line.
    pub(super) one_line: bool,
    /// The comment behind its `{`.
    pub(super) comment: Option<String>,
    pub(super) entries: Vec<Entry>,
}

/// Which parts of a statement stand below those of its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    /// Statements of another family have columns of their own.
    pub(super) family: u8,
    /// How many units of the first phrase say what the rest is about.
    pub(super) subject: usize,
    /// How many of these have a column each; the others belong to the last of them.
    pub(super) cells: usize,
    /// A unit that begins a column inside the value: `<=`, `when`.
    pub(super) anchor: Option<usize>,
    /// Values stand to the right of subjects as wide as this, even where all subjects are narrower:
    /// so that the blocks of one kind look alike.
    pub(super) narrowest: usize,
    /// A subject wider than this does not move the column of its neighbours' values.
    pub(super) widest: usize,
}

pub(super) fn file(file: &File, mut comments: Comments<'_>) -> Vec<Entry> {
    entries(&file.items, "", 0, u32::MAX, &mut comments)
}

/// The statements and comments between two places.
fn entries(
    statements: &[Statement],
    owner: &str,
    start: u32,
    end: u32,
    comments: &mut Comments<'_>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut at = start;
    for statement in statements {
        own_lines(&mut at, statement.span.start, comments, &mut entries);
        let blank_before =
            !entries.is_empty() && is_blank(at, statement.span.start, owner, comments);
        let layout = layout(statement, owner, comments);
        at = statement.span.end;
        entries.push(Entry {
            blank_before,
            content: Content::Statement(Box::new(layout)),
        });
    }
    own_lines(&mut at, end, comments, &mut entries);
    entries
}

/// The comments before a place, each on a line of its own.
fn own_lines(at: &mut u32, end: u32, comments: &mut Comments<'_>, entries: &mut Vec<Entry>) {
    while let Some(comment) = comments.next_before(end) {
        let blank_before = !entries.is_empty() && is_blank(*at, comment.span.start, "", comments);
        *at = comment.span.end;
        entries.push(Entry {
            blank_before,
            content: Content::Comment(comment.text.clone()),
        });
    }
}

/// Whether the author left a line blank there. Items that were not written by anybody get one.
fn is_blank(start: u32, end: u32, owner: &str, comments: &Comments<'_>) -> bool {
    if !comments.has_text() {
        return owner.is_empty();
    }
    // A comment behind the last statement may stand in between: it takes no line.
    comments
        .between(start, end)
        .replace("\r\n", "\n")
        .bytes()
        .filter(|byte| matches!(byte, b'\n' | b'\r'))
        .count()
        > 1
}

fn layout(statement: &Statement, owner: &str, comments: &mut Comments<'_>) -> Layout {
    let header_end = statement
        .block
        .as_ref()
        .map_or(statement.span.end, |block| block.span.start);
    let (first, others) = match statement.phrases.split_first() {
        Some((first, others)) => (Some(first), others),
        None => (None, [].as_slice()),
    };
    let shape = first.map_or(Shape::PLAIN, |first| Shape::of(owner, first));
    let words = first
        .map(|first| doc::units(first, false, comments))
        .unwrap_or_default();
    let first_notes = match (first, others.first()) {
        (Some(first), Some(second)) => comments.notes(first.span.end, second.span.start),
        _ => Vec::new(),
    };
    let others = doc::phrases(others, header_end, comments);
    let head = first.and_then(first_word).unwrap_or_default();
    let block = statement
        .block
        .as_ref()
        .map(|block| block_layout(block, head, comments));
    let comment = comments.behind(statement.span.end);
    Layout {
        first: words,
        first_notes,
        others,
        shape,
        block,
        comment,
    }
}

fn block_layout(block: &Block, head: &str, comments: &mut Comments<'_>) -> BlockLayout {
    let text = comments.between(block.span.start, block.span.end);
    let one_line = !text.is_empty() && !text.contains(['\n', '\r']);
    let inside = block.span.start.saturating_add(1);
    let comment = comments.behind(inside);
    let end = block.span.end.saturating_sub(1);
    BlockLayout {
        one_line,
        comment,
        entries: entries(&block.statements, head, inside, end, comments),
    }
}

impl Shape {
    /// A word and what it says; long words stand out.
    const PLAIN: Self = Self {
        family: 0,
        subject: 1,
        cells: 1,
        anchor: None,
        narrowest: 0,
        widest: 12,
    };

    /// The shape of a statement in a block of `owner`. A word that is not known here is laid out as
    /// any property is; nothing depends on that but columns.
    fn of(owner: &str, phrase: &Phrase) -> Self {
        let first = word(phrase, 0).unwrap_or_default();
        let wide = Self {
            widest: 30,
            ..Self::PLAIN
        };
        match (owner, first) {
            ("site" | "view" | "fragment" | "object", _) => Self {
                narrowest: 8,
                ..Self::PLAIN
            },
            ("request", _) if word(phrase, 2) == Some("as") => Self {
                subject: 4,
                cells: 2,
                ..wide
            },
            (
                "request" | "workload",
                "header" | "cookie" | "query" | "attr" | "data" | "ignore",
            ) => Self {
                subject: 2,
                cells: 2,
                ..wide
            },
            ("workload", "write") => Self {
                subject: 3,
                cells: 3,
                ..wide
            },
            ("workload", "at") => Self {
                family: 1,
                subject: 2,
                ..wide
            },
            ("workload", "duration" | "requests") => Self { family: 2, ..wide },
            ("request" | "workload", _) => wide,
            ("requests", _) => Self {
                subject: 2,
                cells: 2,
                widest: 60,
                ..Self::PLAIN
            },
            ("expect", "prove" | "accept") => Self {
                anchor: unit(phrase, is_comparison),
                ..Self::PLAIN
            },
            ("expect", _) => {
                let subject = unit(phrase, is_comparison).unwrap_or(1);
                Self {
                    family: 1,
                    subject,
                    widest: 60,
                    ..Self::PLAIN
                }
            }
            ("on", _) => Self {
                anchor: unit(phrase, is_when),
                ..Self::PLAIN
            },
            ("model", _) => Self {
                widest: 24,
                ..Self::PLAIN
            },
            _ => Self::PLAIN,
        }
    }
}

/// The word that a term of a phrase is.
fn word(phrase: &Phrase, index: usize) -> Option<&str> {
    match &phrase.terms.get(index)?.value {
        TermKind::Path(Path { head, tail }) if tail.is_empty() => Some(&head.value),
        _ => None,
    }
}

/// The first unit behind the second one that is as asked. Units are terms that `|` does not join.
fn unit(phrase: &Phrase, is: impl Fn(&Term) -> bool) -> Option<usize> {
    let index = phrase
        .terms
        .iter()
        .position(is)
        .filter(|&index| index > 0)?;
    let joints = phrase
        .terms
        .iter()
        .take(index)
        .filter(|term| matches!(term.value, TermKind::Op(Op::Or)))
        .count();
    index.checked_sub(2 * joints)
}

fn is_comparison(term: &Term) -> bool {
    use Op::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
    matches!(
        term.value,
        TermKind::Op(AtLeast | AtMost | Equal | Greater | Less | NotEqual)
    )
}

fn is_when(term: &Term) -> bool {
    matches!(&term.value, TermKind::Path(path) if path.tail.is_empty() && path.head.value == "when")
}
