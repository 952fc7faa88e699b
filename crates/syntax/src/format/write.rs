//! Writes lines, and wraps those that are too long.

use super::MAX_WIDTH;
use super::build::{BlockLayout, Content, Entry, Layout};
use super::columns::{self, Stops, width};
use super::comments::Note;
use super::doc::{Doc, Item, Word};
use super::lines::{Line, finish};

/// Blanks for each level of nesting.
const INDENT: usize = 2;

/// Wrapped lines begin below the value, unless that is further to the right than this.
const MAX_HANG: usize = 60;

pub(super) fn file(entries: &[Entry]) -> String {
    let mut writer = Writer::default();
    writer.entries(entries, 0);
    finish(writer.lines)
}

impl Layout {
    /// The block as it follows the header on the same line: if it was written so and fits.
    pub(super) fn one_line_block(&self, indent: usize) -> Option<String> {
        let flat = self.block.as_ref()?.flat()?;
        let header = self.flat_header()?;
        (indent + width(&header) + 1 + width(&flat) <= MAX_WIDTH).then_some(flat)
    }

    fn flat_header(&self) -> Option<String> {
        let mut parts = self
            .first
            .iter()
            .map(|unit| unit.doc.flat())
            .collect::<Option<Vec<_>>>()?
            .join(" ");
        for item in &self.others {
            parts.push_str(", ");
            parts.push_str(&item.doc.flat()?);
        }
        let without_notes =
            self.first_notes.is_empty() && self.others.iter().all(|item| item.notes.is_empty());
        without_notes.then_some(parts)
    }

    fn flat(&self) -> Option<String> {
        let header = self.flat_header().filter(|_| self.comment.is_none())?;
        match &self.block {
            None => Some(header),
            Some(block) => Some(format!("{header} {}", block.flat()?)),
        }
    }
}

impl BlockLayout {
    fn flat(&self) -> Option<String> {
        if self.entries.is_empty() && self.comment.is_none() {
            return Some("{}".to_owned());
        }
        if !self.one_line || self.comment.is_some() {
            return None;
        }
        let statements = self.entries.iter().map(|entry| match &entry.content {
            Content::Comment(_) => None,
            Content::Statement(layout) => layout.flat(),
        });
        Some(format!(
            "{{ {} }}",
            statements.collect::<Option<Vec<_>>>()?.join("; ")
        ))
    }
}

#[derive(Default)]
struct Writer {
    lines: Vec<Line>,
    /// Where the line at hand ends, in characters.
    column: usize,
    /// Where the next line of the same statement begins.
    hang: usize,
}

impl Writer {
    /// Statements in sections that share their columns: a blank line or a block on lines of its own
    /// ends one.
    fn entries(&mut self, entries: &[Entry], indent: usize) {
        let mut section: Vec<&Entry> = Vec::new();
        for entry in entries {
            if entry.blank_before {
                self.section(&section, indent);
                section.clear();
            }
            let is_tall = match &entry.content {
                Content::Statement(layout) => {
                    layout.block.is_some() && layout.one_line_block(indent).is_none()
                }
                Content::Comment(_) => false,
            };
            if is_tall && indent == 0 {
                self.section(&section, indent);
                section.clear();
            }
            section.push(entry);
            if is_tall {
                self.section(&section, indent);
                section.clear();
            }
        }
        self.section(&section, indent);
    }

    fn section(&mut self, section: &[&Entry], indent: usize) {
        let layouts: Vec<&Layout> = section
            .iter()
            .filter_map(|entry| match &entry.content {
                Content::Statement(layout) => Some(layout.as_ref()),
                Content::Comment(_) => None,
            })
            .collect();
        let stops = if indent == 0 {
            columns::of_items(&layouts)
        } else {
            columns::of_statements(&layouts, indent)
        };
        let mut rows = layouts.into_iter().zip(stops);
        for entry in section {
            self.begin(indent, entry.blank_before);
            match &entry.content {
                Content::Comment(text) => self.comment(text),
                Content::Statement(_) => {
                    if let Some((layout, stops)) = rows.next() {
                        self.statement(layout, &stops, indent);
                    }
                }
            }
        }
    }

    fn statement(&mut self, layout: &Layout, stops: &Stops, indent: usize) {
        self.hang = indent + 2 * INDENT;
        for (index, unit) in layout.first.iter().enumerate() {
            if index > 0 {
                self.advance(indent + stops.unit(index));
            }
            if index == layout.shape.subject && self.column <= MAX_HANG {
                self.hang = self.column;
            }
            let goes_on = !layout.others.is_empty() || layout.block.is_some();
            self.put(&unit.doc, usize::from(goes_on));
        }
        self.elements(&layout.others, Some(&layout.first_notes), 0);
        if let Some(block) = &layout.block {
            self.block(layout, block, stops, indent);
        }
        if let Some(comment) = &layout.comment {
            self.comment(comment);
        }
    }

    fn block(&mut self, layout: &Layout, block: &BlockLayout, stops: &Stops, indent: usize) {
        if let Some(flat) = layout.one_line_block(indent) {
            self.advance(indent + stops.brace);
            return self.push(&flat);
        }
        self.push(" {");
        if let Some(comment) = &block.comment {
            self.comment(comment);
        }
        self.entries(&block.entries, indent + INDENT);
        self.begin(indent, false);
        self.push("}");
    }

    /// Elements with commas between them; `first_notes` are the comments behind an element before
    /// the first. `tail` characters follow the last one.
    fn elements(&mut self, items: &[Item], first_notes: Option<&[Note]>, tail: usize) {
        let mut notes = first_notes;
        let hang = self.hang;
        for (index, item) in items.iter().enumerate() {
            let tail = if index + 1 == items.len() { tail } else { 1 };
            if let Some(notes) = notes {
                self.push(",");
                if !self.notes(notes) {
                    let fits = item
                        .doc
                        .flat()
                        .is_some_and(|flat| self.column + 1 + width(&flat) + tail <= MAX_WIDTH);
                    if fits {
                        self.push(" ")
                    } else {
                        self.begin(hang, false)
                    }
                }
            }
            self.put(&item.doc, tail);
            self.hang = hang;
            notes = Some(&item.notes);
        }
        if let Some(notes) = notes.filter(|_| !items.is_empty()) {
            self.notes(notes);
        }
    }

    /// Writes a piece after which `tail` characters must fit on the line.
    fn put(&mut self, doc: &Doc, tail: usize) {
        match doc.flat() {
            Some(flat) if self.column + width(&flat) + tail <= MAX_WIDTH => {
                return self.push(&flat);
            }
            _ => {}
        }
        match doc {
            Doc::Text(text) => self.push(text),
            Doc::Joined(docs) => {
                for (index, doc) in docs.iter().enumerate() {
                    self.put(doc, if index + 1 == docs.len() { tail } else { 0 });
                }
            }
            Doc::Words(words) => self.words(words, tail),
            Doc::Brackets {
                open,
                close,
                first_notes,
                items,
            } => {
                let outer = self.hang;
                self.push(open.encode_utf8(&mut [0; 4]));
                self.hang = self.column;
                let one = items.len() < 2;
                if self.column > MAX_HANG && !one {
                    self.hang = outer + INDENT;
                    if first_notes.is_empty() {
                        self.begin(self.hang, false);
                    }
                }
                self.notes(first_notes);
                self.elements(items, None, tail + 1);
                self.push(close.encode_utf8(&mut [0; 4]));
                self.hang = outer;
            }
        }
    }

    fn words(&mut self, words: &[Word], tail: usize) {
        let hang = self.hang;
        for (index, word) in words.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| words.get(before));
            if let Some(before) = before
                && !self.notes(&before.notes)
            {
                if word.may_break && !self.has_room(words.get(index..).unwrap_or_default(), tail) {
                    self.begin(hang, false);
                } else {
                    self.push(" ");
                }
            }
            self.put(&word.doc, if index + 1 == words.len() { tail } else { 0 });
            self.hang = hang;
        }
    }

    /// Whether the words up to the next place for a break fit behind a blank.
    fn has_room(&self, words: &[Word], tail: usize) -> bool {
        let rest = words.iter().skip(1).position(|word| word.may_break);
        let chunk = words.iter().take(rest.map_or(words.len(), |next| next + 1));
        let widths = chunk.map(|word| word.doc.flat().map(|flat| 1 + width(&flat)));
        let tail = if rest.is_some() { 0 } else { tail };
        widths
            .sum::<Option<usize>>()
            .is_some_and(|chunk| self.column + chunk + tail <= MAX_WIDTH)
    }

    /// Writes comments; each ends its line. Whether there were any.
    fn notes(&mut self, notes: &[Note]) -> bool {
        for note in notes {
            if note.own_line
                && self
                    .lines
                    .last()
                    .is_some_and(|line| !line.text.trim().is_empty())
            {
                self.begin(self.hang, false);
            }
            self.comment(&note.text);
            self.begin(self.hang, false);
        }
        !notes.is_empty()
    }

    fn begin(&mut self, indent: usize, blank_before: bool) {
        self.lines.push(Line {
            blank_before,
            text: " ".repeat(indent),
            comment: None,
        });
        self.column = indent;
    }

    fn push(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
            self.column += width(text);
        }
    }

    /// Goes on at a column, at least one blank further.
    fn advance(&mut self, column: usize) {
        let blanks = column.saturating_sub(self.column).max(1);
        self.push(&" ".repeat(blanks));
    }

    fn comment(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.comment = Some(text.to_owned());
        }
    }
}
