//! Files, blocks and statements.

use pest::iterators::Pair;

use super::{Builder, children};
use crate::diagnostic::Diagnostic;
use crate::grammar::Rule;
use crate::span::Span;
use crate::tree::{Block, Phrase, Statement, TermKind};

/// The statements of one block or file so far, and what a message about the next one may need.
#[derive(Default)]
pub(super) struct Siblings {
    pub(super) statements: Vec<Statement>,
    /// Where the last one stands, also if it was left out.
    pub(super) last: Option<Span>,
    /// Whether the last one had a block.
    pub(super) last_had_block: bool,
    /// Whether the tree lacks the last one.
    pub(super) last_was_left_out: bool,
    /// How many statements stood here at the last brace too many.
    pub(super) before_stray: usize,
}

/// A statement whose children are being read.
#[derive(Default)]
struct Reading {
    phrases: Vec<Phrase>,
    /// The comma before the next phrase.
    comma: Option<Span>,
    block: Option<Block>,
    /// The end of what was read, commas included.
    end: u32,
}

impl Builder<'_> {
    pub(super) fn file(&mut self, pair: Pair<'_, Rule>) -> Vec<Statement> {
        let mut siblings = Siblings::default();
        for child in children(pair) {
            match child.as_rule() {
                Rule::statement => self.sibling(child, "", &mut siblings),
                Rule::bare_block => self.bare_block(child, &mut siblings),
                Rule::stray_brace => self.stray_brace(&child, &mut siblings),
                _ => {}
            }
        }
        siblings.statements
    }

    /// A block below a header, which is empty where there is none.
    fn block(&mut self, pair: Pair<'_, Rule>, header: &[Phrase]) -> Block {
        let head = header.first().and_then(first_word).unwrap_or_default();
        let mut span = self.span(&pair);
        let open = Span {
            end: span.start + 1,
            ..span
        };
        let mut siblings = Siblings::default();
        let mut missing = None;
        for child in children(pair) {
            match child.as_rule() {
                Rule::statement => self.sibling(child, head, &mut siblings),
                Rule::bare_block => self.bare_block(child, &mut siblings),
                Rule::missing => missing = Some(self.span(&child)),
                _ => {}
            }
        }
        if let Some(noticed) = missing {
            span.end = siblings.last.map_or(open.end, |last| last.end);
            self.unclosed_block(open, noticed, header, &siblings.statements);
        }
        Block {
            statements: siblings.statements,
            span,
        }
    }

    /// One statement of a block or a file; several when a comma joined them by mistake.
    fn sibling(&mut self, pair: Pair<'_, Rule>, owner: &str, siblings: &mut Siblings) {
        let outer = std::mem::replace(&mut self.damaged, false);
        let start = pair.as_span().start() as u32;
        if let Some(last) = siblings.last.filter(|_| siblings.last_had_block) {
            self.expect_separator(last, start);
        }
        let mut reading = Reading {
            end: start,
            ..Reading::default()
        };
        for child in children(pair) {
            let span = self.span(&child);
            match child.as_rule() {
                Rule::line_phrase => self.line_phrase(child, owner, &mut reading, siblings),
                Rule::block => {
                    let header_damaged = std::mem::replace(&mut self.damaged, false);
                    let block = self.block(child, &reading.phrases);
                    self.damaged = header_damaged;
                    reading.end = block.span.end;
                    reading.block = Some(block);
                }
                Rule::comma => {
                    reading.end = span.end;
                    reading.comma = Some(span);
                }
                Rule::dangling => {
                    reading.end = span.end;
                    self.misplaced_comma(span, !reading.phrases.is_empty());
                }
                _ => {}
            }
        }
        siblings.last = Some(self.at(start as usize, reading.end as usize));
        self.finish(reading.phrases, reading.block, siblings);
        self.damaged = outer;
    }

    fn line_phrase(
        &mut self,
        pair: Pair<'_, Rule>,
        owner: &str,
        reading: &mut Reading,
        siblings: &mut Siblings,
    ) {
        let damaged_before = std::mem::replace(&mut self.damaged, false);
        // Behind a comma at the end of a line another statement may have been meant.
        let start = pair.as_span().start() as u32;
        let leads = reading
            .comma
            .is_none_or(|comma| self.between(comma.end, start).contains(['\n', '\r']));
        let phrase = self.phrase(pair, leads);
        let phrase_damaged = self.damaged;
        reading.end = phrase.span.end;
        if let Some(comma) = reading.comma.take()
            && self.continues_into_property(comma, &phrase, owner)
        {
            self.damaged = damaged_before;
            self.finish(std::mem::take(&mut reading.phrases), None, siblings);
            self.damaged = phrase_damaged;
        } else {
            self.damaged = damaged_before || phrase_damaged;
        }
        if !phrase.terms.is_empty() {
            reading.phrases.push(phrase);
        }
    }

    /// Adds a statement, unless a mistake obscures it. One with a block is kept for its block.
    fn finish(&mut self, phrases: Vec<Phrase>, block: Option<Block>, siblings: &mut Siblings) {
        siblings.last_had_block = block.is_some();
        siblings.last_was_left_out = phrases.is_empty() || (self.damaged && block.is_none());
        let (Some(first), Some(last)) = (phrases.first(), phrases.last()) else {
            return;
        };
        if siblings.last_was_left_out {
            return;
        }
        let header = first.span.to(last.span);
        let span = block.as_ref().map_or(header, |block| header.to(block.span));
        siblings.statements.push(Statement {
            phrases,
            block,
            span,
        });
    }

    /// A block where a statement should begin: its header may stand on the line above.
    fn bare_block(&mut self, pair: Pair<'_, Rule>, siblings: &mut Siblings) {
        let Some(inner) = children(pair).next() else {
            return;
        };
        let start = inner.as_span().start() as u32;
        let brace = self.at(start as usize, start as usize + 1);
        let header = siblings.last.filter(|last| {
            !siblings.last_had_block && only_line_breaks(self.between(last.end, start))
        });
        let mut statement = match header {
            Some(_) if !siblings.last_was_left_out => siblings.statements.pop(),
            _ => None,
        };
        let phrases = statement
            .as_ref()
            .map(|statement| statement.phrases.as_slice())
            .unwrap_or_default();
        match header {
            Some(header) => self.brace_below(header, brace),
            None => self.mended(
                Diagnostic::error("block-without-header", brace, "this block has no header")
                    .help("write what it belongs to before the `{`, or remove the block"),
            ),
        }
        let outer = std::mem::replace(&mut self.damaged, false);
        let block = self.block(inner, phrases);
        self.damaged = outer;
        siblings.last = Some(block.span);
        siblings.last_had_block = true;
        siblings.last_was_left_out = statement.is_none();
        if let Some(statement) = &mut statement {
            statement.span = statement.span.to(block.span);
            statement.block = Some(block);
        }
        siblings.statements.extend(statement);
    }
}

/// Whether nothing but line breaks, blanks and comments stands there.
fn only_line_breaks(between: &str) -> bool {
    between.split(['\n', '\r']).all(|line| {
        let code = line.split('#').next().unwrap_or_default();
        code.trim().is_empty()
    })
}

/// The word that a phrase begins with.
pub(crate) fn first_word(phrase: &Phrase) -> Option<&str> {
    match &phrase.terms.first()?.value {
        TermKind::Path(path) => Some(&path.head.value),
        _ => None,
    }
}
